/*
 * saAmf_B_04_02.h: what OpenSAF 5 added to the Availability Management Framework of
 * B.04.01; saAmf.h includes it.
 */
#ifndef AIS_OSAF_SAAMF_B_04_02_H
#define AIS_OSAF_SAAMF_B_04_02_H

#include "saAmf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Attributes of an instance have changed. Never called: they do not change while
 * the executive runs. */
typedef void (*OsafCsiAttributeChangeCallbackT)(
	SaInvocationT invocation,
	const SaNameT *csiName,
	SaAmfCSIAttributeListT csiAttr);

typedef struct {
	SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
	SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
	SaAmfCSISetCallbackT saAmfCSISetCallback;
	SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
	SaAmfProtectionGroupTrackCallbackT_4 saAmfProtectionGroupTrackCallback;
	SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
	SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
	SaAmfContainedComponentInstantiateCallbackT saAmfContainedComponentInstantiateCallback;
	SaAmfContainedComponentCleanupCallbackT saAmfContainedComponentCleanupCallback;
	OsafCsiAttributeChangeCallbackT osafCsiAttributeChangeCallback;
} SaAmfCallbacksT_o4;

typedef enum {
	OSAF_AMF_SC_PRESENT = 1,
	OSAF_AMF_SC_ABSENT = 2
} OsafAmfSCStatusT;

/* Never called: there are no system controllers, every node manages itself. */
typedef void (*OsafAmfSCStatusChangeCallbackT)(
	OsafAmfSCStatusT status);

/*
 * saAmfInitialize_o4 is saAmfInitialize_4 with one callback more.
 *
 * version  in: B.04.02; out, always: B.04.02.
 */
extern SaAisErrorT saAmfInitialize_o4(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT_o4 *amfCallbacks,
	SaVersionT *version) AIS_OSAF_BIND(saAmfInitialize_o4);

/*
 * osafAmfInstallSCStatusChangeCallback takes note of a callback that never comes.
 *
 * amfHandle  a handle, or 0.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM callback is NULL; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT osafAmfInstallSCStatusChangeCallback(
	SaAmfHandleT amfHandle,
	OsafAmfSCStatusChangeCallbackT callback) AIS_OSAF_BIND(osafAmfInstallSCStatusChangeCallback);

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SAAMF_B_04_02_H */
