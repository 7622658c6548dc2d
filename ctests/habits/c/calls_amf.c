/*
 * calls_amf.c: every function of the availability management framework, in a
 * cluster without components: nothing can be registered, so most are refused.
 * (What they do with components is tested where those are.)
 */
#ifdef GEN_A01
#include <ais_amf.h>
#else
#include <saAmf.h>
#endif
#ifdef GEN_OSAF
#include <saAmf_B_04_02.h>
#endif

#include LIST
#include "calls.h"

static SaNameT name, csi;

static void set_names(void)
{
	memset(&name, 0, sizeof(name));
	memset(&csi, 0, sizeof(csi));
	name.length = (SaUint16T)sprintf((char *)name.value, "safComp=nobody");
	csi.length = (SaUint16T)sprintf((char *)csi.value, "safCsi=none");
}

#ifdef GEN_A01
static const char *const only_refuse[] = {"saAmfComponentRegister", "saAmfComponentUnregister", "saAmfCompNameGet",
	"saAmfReadinessStateGet", "saAmfStoppingComplete", "saAmfHAStateGet", "saAmfProtectionGroupTrackStart",
	"saAmfProtectionGroupTrackStop", "saAmfErrorReport", "saAmfErrorCancelAll", "saAmfComponentCapabilityModelGet",
	"saAmfPendingOperationGet", "saAmfResponse", NULL};

static void scenario(void)
{
	SaVersionT v = {'A', 1, 1};
	SaAmfCallbacksT k;
	SaAmfHandleT h;
	SaSelectionObjectT fd;
	SaAmfReadinessStateT readiness;
	SaAmfHAStateT state;
	SaAmfComponentCapabilityModelT capability;
	SaAmfPendingOperationFlagsT pending;
	SaAmfProtectionGroupNotificationT members[2];
	SaAmfErrorDescriptorT error;
	SaNameT got;

	set_names();
	memset(&k, 0, sizeof(k));
	memset(&error, 0, sizeof(error));
	error.errorReportType = SA_AMF_PROCESSING_ERROR_ALARM_TYPE;
	error.probableCause = SA_AMF_SOFTWARE_ERROR;
	error.recommendedRecovery = SA_AMF_NO_RECOMMENDATION;
	CALL(SUCCESS, saAmfInitialize, &h, &k, &v);
	CALL(SUCCESS, saAmfSelectionObjectGet, &h, &fd);
	CHECK_IS(is_readable(fd), 0);
	CALL(SUCCESS, saAmfDispatch, &h, SA_DISPATCH_ALL);
	CALL(ANY, saAmfComponentRegister, &h, &name, NULL);
	CALL(ANY, saAmfCompNameGet, &h, &got);
	CALL(ANY, saAmfReadinessStateGet, &name, &readiness);
	CALL(ANY, saAmfStoppingComplete, 1, 1);
	CALL(ANY, saAmfHAStateGet, &name, &csi, &state);
	CALL(ANY, saAmfProtectionGroupTrackStart, &h, &csi, SA_TRACK_CURRENT, members, 2);
	CALL(ANY, saAmfProtectionGroupTrackStop, &h, &csi);
	CALL(ANY, saAmfErrorReport, &name, &name, 1, &error, NULL);
	CALL(ANY, saAmfErrorCancelAll, &name);
	CALL(ANY, saAmfComponentCapabilityModelGet, &name, &capability);
	CALL(ANY, saAmfPendingOperationGet, &name, &pending);
	CALL(ANY, saAmfResponse, 1, 1);
	CALL(ANY, saAmfComponentUnregister, &h, &name, NULL);
	CALL(SUCCESS, saAmfFinalize, &h);
	CALL(BAD_HANDLE, saAmfFinalize, &h);
}

#else /* B */

static const char *const only_refuse[] = {"saAmfComponentRegister", "saAmfComponentUnregister", "saAmfComponentNameGet",
	"saAmfPmStart", "saAmfPmStart_3", "saAmfPmStop", "saAmfHealthcheckStart", "saAmfHealthcheckConfirm", "saAmfHealthcheckStop",
	"saAmfHAStateGet", "saAmfHAReadinessStateSet", "saAmfCSIQuiescingComplete", "saAmfProtectionGroupTrack",
	"saAmfProtectionGroupTrack_4", "saAmfProtectionGroupTrackStop", "saAmfProtectionGroupNotificationFree_4",
	"saAmfComponentErrorReport", "saAmfComponentErrorReport_4", "saAmfComponentErrorClear", "saAmfComponentErrorClear_4",
	"saAmfCorrelationIdsGet", "saAmfResponse", "saAmfResponse_4", "osafAmfInstallSCStatusChangeCallback", NULL};

/* What all generations of B have, with a handle of theirs. */
static void common(SaAmfHandleT h)
{
	SaAmfHealthcheckKeyT key;
	SaSelectionObjectT fd;
	SaAmfHAStateT state;
	SaNameT got;

	memset(&key, 0, sizeof(key));
	key.keyLen = 3;
	memcpy(key.key, "key", 3);
	CALL(SUCCESS, saAmfSelectionObjectGet, h, &fd);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, saAmfDispatch, h, SA_DISPATCH_ALL);
	CALL(ANY, saAmfComponentRegister, h, &name, NULL);
	CALL(ANY, saAmfComponentNameGet, h, &got);
	CALL(ANY, saAmfPmStop, h, &name, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_ZERO_EXIT);
	CALL(ANY, saAmfHealthcheckStart, h, &name, &key, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION);
	CALL(ANY, saAmfHealthcheckConfirm, h, &name, &key, 1);
	CALL(ANY, saAmfHealthcheckStop, h, &name, &key);
	CALL(ANY, saAmfHAStateGet, h, &name, &csi, &state);
	CALL(ANY, saAmfCSIQuiescingComplete, h, 1, 1);
	CALL(ANY, saAmfProtectionGroupTrackStop, h, &csi);
	CALL(ANY, saAmfComponentUnregister, h, &name, NULL);
}

static void oldest(void)
{
	SaVersionT v = {'B', 1, 1};
	SaAmfProtectionGroupNotificationT members[2];
	SaAmfProtectionGroupNotificationBufferT buffer = {2, members};
	SaAmfCallbacksT k;
	SaAmfHandleT h;

	memset(&k, 0, sizeof(k));
	CALL(SUCCESS, saAmfInitialize, &h, &k, &v);
	common(h);
	CALL(ANY, saAmfPmStart, h, &name, (SaUint64T)getpid(), 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION);
	CALL(ANY, saAmfProtectionGroupTrack, h, &csi, SA_TRACK_CURRENT, &buffer);
	CALL(ANY, saAmfComponentErrorReport, h, &name, 1, SA_AMF_NO_RECOMMENDATION, 0);
	CALL(ANY, saAmfComponentErrorClear, h, &name, 0);
	CALL(ANY, saAmfResponse, h, 1, 1);
	CALL(SUCCESS, saAmfFinalize, h);
	CALL(BAD_HANDLE, saAmfFinalize, h);
}

#ifdef GEN_OSAF
static void on_status(OsafAmfSCStatusT status)
{
	(void)status;
}

static void newest(void)
{
	SaVersionT v = {'B', 4, 1};
	SaNtfCorrelationIdsT ids;
	SaAmfProtectionGroupNotificationBufferT_4 buffer = {0, NULL};
	SaAmfCallbacksT_4 k;
	SaAmfCallbacksT_o4 o;
	SaAmfHandleT h;

	memset(&k, 0, sizeof(k));
	memset(&o, 0, sizeof(o));
	memset(&ids, 0, sizeof(ids));
	CALL(SUCCESS, saAmfInitialize_4, &h, &k, &v);
	common(h);
	CALL(ANY, saAmfPmStart_3, h, &name, getpid(), 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION);
	CALL(ANY, saAmfHAReadinessStateSet, h, &name, &csi, SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids);
	CALL(ANY, saAmfProtectionGroupTrack_4, h, &csi, SA_TRACK_CURRENT, &buffer);
	CALL(ANY, saAmfProtectionGroupNotificationFree_4, h, buffer.notification);
	CALL(ANY, saAmfComponentErrorReport_4, h, &name, 1, SA_AMF_NO_RECOMMENDATION, &ids);
	CALL(ANY, saAmfCorrelationIdsGet, h, 1, &ids);
	CALL(ANY, saAmfComponentErrorClear_4, h, &name, &ids);
	CALL(ANY, saAmfResponse_4, h, 1, &ids, 1);
	CALL(ANY, osafAmfInstallSCStatusChangeCallback, h, on_status);
	CALL(SUCCESS, saAmfFinalize, h);
	v.minorVersion = 2;
	CALL(SUCCESS, saAmfInitialize_o4, &h, &o, &v);
	CALL(SUCCESS, saAmfFinalize, h);
}
#endif

static void scenario(void)
{
	set_names();
	oldest();
#ifdef GEN_OSAF
	newest();
#endif
}
#endif
