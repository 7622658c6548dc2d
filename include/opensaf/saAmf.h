/*
 * saAmf.h: the Availability Management Framework as OpenSAF 5 published it:
 * B.01.01 and B.04.01 side by side. With SA_AMF_B03 defined before the include it
 * shows the types of B.03.01 too, whose Initialize no library has.
 *
 * Owns: the types and functions of the service. Link with -lais; programs that
 * were linked with OpenSAF load libSaAmf.so.0. Works alone in C89 to C23 and in
 * C++.
 *
 * What saAmf.h of openais says of each function, of threads, signals, fork, memory
 * and common errors holds here too; the comments here say what differs. A handle
 * belongs to the version it was opened with: a function that is not of that
 * version returns SA_AIS_ERR_VERSION.
 *
 * Not here: containers (their callbacks never come, their recovery is refused) and
 * the notification service (all correlation identifiers are 0, those of callers
 * are only noted).
 */
#ifndef AIS_OSAF_SAAMF_H
#define AIS_OSAF_SAAMF_H

#include "saAis.h"
#include "saNtf.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SA_AMF_B01
#define SA_AMF_B01
#endif

typedef SaUint64T SaAmfHandleT;

#define SA_AMF_PM_ZERO_EXIT 0x1
#define SA_AMF_PM_NON_ZERO_EXIT 0x2
#define SA_AMF_PM_ABNORMAL_END 0x4
typedef SaUint32T SaAmfPmErrorsT;

typedef enum {
	SA_AMF_PM_PROC = 1,
	SA_AMF_PM_PROC_AND_DESCENDENTS = 2,
	SA_AMF_PM_ALL_PROCESSES = 3
} SaAmfPmStopQualifierT;

typedef enum {
	SA_AMF_HEALTHCHECK_AMF_INVOKED = 1,
	SA_AMF_HEALTHCHECK_COMPONENT_INVOKED = 2
} SaAmfHealthcheckInvocationT;

#define SA_AMF_HEALTHCHECK_KEY_MAX 32
typedef struct {
	SaUint8T key[SA_AMF_HEALTHCHECK_KEY_MAX];
	SaUint16T keyLen;
} SaAmfHealthcheckKeyT;

typedef enum {
	SA_AMF_HA_ACTIVE = 1,
	SA_AMF_HA_STANDBY = 2,
	SA_AMF_HA_QUIESCED = 3,
	SA_AMF_HA_QUIESCING = 4
} SaAmfHAStateT;

typedef enum {
	SA_AMF_READINESS_OUT_OF_SERVICE = 1,
	SA_AMF_READINESS_IN_SERVICE = 2,
	SA_AMF_READINESS_STOPPING = 3
} SaAmfReadinessStateT;

typedef enum {
	SA_AMF_PRESENCE_UNINSTANTIATED = 1,
	SA_AMF_PRESENCE_INSTANTIATING = 2,
	SA_AMF_PRESENCE_INSTANTIATED = 3,
	SA_AMF_PRESENCE_TERMINATING = 4,
	SA_AMF_PRESENCE_RESTARTING = 5,
	SA_AMF_PRESENCE_INSTANTIATION_FAILED = 6,
	SA_AMF_PRESENCE_TERMINATION_FAILED = 7
} SaAmfPresenceStateT;

typedef enum {
	SA_AMF_OPERATIONAL_ENABLED = 1,
	SA_AMF_OPERATIONAL_DISABLED = 2
} SaAmfOperationalStateT;

typedef enum {
	SA_AMF_ADMIN_UNLOCKED = 1,
	SA_AMF_ADMIN_LOCKED = 2,
	SA_AMF_ADMIN_LOCKED_INSTANTIATION = 3,
	SA_AMF_ADMIN_SHUTTING_DOWN = 4
} SaAmfAdminStateT;

typedef enum {
	SA_AMF_ASSIGNMENT_UNASSIGNED = 1,
	SA_AMF_ASSIGNMENT_FULLY_ASSIGNED = 2,
	SA_AMF_ASSIGNMENT_PARTIALLY_ASSIGNED = 3
} SaAmfAssignmentStateT;

/* How ready a component is for the states of an instance. */
typedef enum {
	SA_AMF_HARS_READY_FOR_ASSIGNMENT = 1,
	SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED = 2,
	SA_AMF_HARS_NOT_READY_FOR_ACTIVE = 3,
	SA_AMF_HARS_NOT_READY_FOR_ASSIGNMENT = 4
} SaAmfHAReadinessStateT;

typedef enum {
	SA_AMF_PROXY_STATUS_UNPROXIED = 1,
	SA_AMF_PROXY_STATUS_PROXIED = 2
} SaAmfProxyStatusT;

typedef enum {
	SA_AMF_READINESS_STATE = 1,
	SA_AMF_HA_STATE = 2,
	SA_AMF_PRESENCE_STATE = 3,
	SA_AMF_OP_STATE = 4,
	SA_AMF_ADMIN_STATE = 5,
	SA_AMF_ASSIGNMENT_STATE = 6,
	SA_AMF_PROXY_STATUS = 7,
	SA_AMF_HA_READINESS_STATE = 8
} SaAmfStateT;

#define SA_AMF_CSI_ADD_ONE 0x1
#define SA_AMF_CSI_TARGET_ONE 0x2
#define SA_AMF_CSI_TARGET_ALL 0x4
typedef SaUint32T SaAmfCSIFlagsT;

typedef enum {
	SA_AMF_CSI_NEW_ASSIGN = 1,
	SA_AMF_CSI_QUIESCED = 2,
	SA_AMF_CSI_NOT_QUIESCED = 3,
	SA_AMF_CSI_STILL_ACTIVE = 4
} SaAmfCSITransitionDescriptorT;

typedef struct {
	SaAmfCSITransitionDescriptorT transitionDescriptor;
	SaNameT activeCompName;
} SaAmfCSIActiveDescriptorT;

typedef struct {
	SaNameT activeCompName;
	SaUint32T standbyRank;
} SaAmfCSIStandbyDescriptorT;

typedef union {
	SaAmfCSIActiveDescriptorT activeDescriptor;
	SaAmfCSIStandbyDescriptorT standbyDescriptor;
} SaAmfCSIStateDescriptorT;

typedef struct {
	SaUint8T *attrName;
	SaUint8T *attrValue;
} SaAmfCSIAttributeT;

typedef struct {
	SaAmfCSIAttributeT *attr;
	SaUint32T number;
} SaAmfCSIAttributeListT;

typedef struct {
	SaAmfCSIFlagsT csiFlags;
	SaNameT csiName;
	SaAmfCSIStateDescriptorT csiStateDescriptor;
	SaAmfCSIAttributeListT csiAttr;
} SaAmfCSIDescriptorT;

typedef enum {
	SA_AMF_PROTECTION_GROUP_NO_CHANGE = 1,
	SA_AMF_PROTECTION_GROUP_ADDED = 2,
	SA_AMF_PROTECTION_GROUP_REMOVED = 3,
	SA_AMF_PROTECTION_GROUP_STATE_CHANGE = 4
} SaAmfProtectionGroupChangesT;

typedef struct {
	SaNameT compName;
	SaAmfHAStateT haState;
	SaUint32T rank;
} SaAmfProtectionGroupMemberT;

typedef struct {
	SaAmfProtectionGroupMemberT member;
	SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT;

typedef struct {
	SaUint32T numberOfItems;
	SaAmfProtectionGroupNotificationT *notification;
} SaAmfProtectionGroupNotificationBufferT;

typedef struct {
	SaNameT compName;
	SaAmfHAStateT haState;
	SaAmfHAReadinessStateT haReadinessState;
	SaUint32T rank;
} SaAmfProtectionGroupMemberT_4;

typedef struct {
	SaAmfProtectionGroupMemberT_4 member;
	SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT_4;

typedef struct {
	SaUint32T numberOfItems;
	SaAmfProtectionGroupNotificationT_4 *notification;
} SaAmfProtectionGroupNotificationBufferT_4;

typedef enum {
	SA_AMF_NO_RECOMMENDATION = 1,
	SA_AMF_COMPONENT_RESTART = 2,
	SA_AMF_COMPONENT_FAILOVER = 3,
	SA_AMF_NODE_SWITCHOVER = 4,
	SA_AMF_NODE_FAILOVER = 5,
	SA_AMF_NODE_FAILFAST = 6,
	SA_AMF_CLUSTER_RESET = 7,
	SA_AMF_APPLICATION_RESTART = 8,
	SA_AMF_CONTAINER_RESTART = 9
} SaAmfRecommendedRecoveryT;

#define SA_AMF_COMP_SA_AWARE 0x0001
#define SA_AMF_COMP_PROXY 0x0002
#define SA_AMF_COMP_PROXIED 0x0004
#define SA_AMF_COMP_LOCAL 0x0008
#define SA_AMF_COMP_CONTAINER 0x0010
#define SA_AMF_COMP_CONTAINED 0x0020
#define SA_AMF_COMP_PROXIED_NPI 0x0040
typedef SaUint32T SaAmfCompCategoryT;

typedef enum {
	SA_AMF_2N_REDUNDANCY_MODEL = 1,
	SA_AMF_NPM_REDUNDANCY_MODEL = 2,
	SA_AMF_N_WAY_REDUNDANCY_MODEL = 3,
	SA_AMF_N_WAY_ACTIVE_REDUNDANCY_MODEL = 4,
	SA_AMF_NO_REDUNDANCY_MODEL = 5
} SaAmfRedundancyModelT;

typedef enum {
	SA_AMF_COMP_X_ACTIVE_AND_Y_STANDBY = 1,
	SA_AMF_COMP_X_ACTIVE_OR_Y_STANDBY = 2,
	SA_AMF_COMP_ONE_ACTIVE_OR_Y_STANDBY = 3,
	SA_AMF_COMP_ONE_ACTIVE_OR_ONE_STANDBY = 4,
	SA_AMF_COMP_X_ACTIVE = 5,
	SA_AMF_COMP_1_ACTIVE = 6,
	SA_AMF_COMP_NON_PRE_INSTANTIABLE = 7
} SaAmfCompCapabilityModelT;

typedef enum {
	SA_AMF_NODE_NAME = 1,
	SA_AMF_SI_NAME = 2,
	SA_AMF_MAINTENANCE_CAMPAIGN_DN = 3,
	SA_AMF_AI_RECOMMENDED_RECOVERY = 4,
	SA_AMF_AI_APPLIED_RECOVERY = 5
} SaAmfAdditionalInfoIdT;

typedef enum {
	SA_AMF_NTFID_COMP_INSTANTIATION_FAILED = 0x02,
	SA_AMF_NTFID_COMP_CLEANUP_FAILED = 0x03,
	SA_AMF_NTFID_CLUSTER_RESET = 0x04,
	SA_AMF_NTFID_SI_UNASSIGNED = 0x05,
	SA_AMF_NTFID_COMP_UNPROXIED = 0x06,
	SA_AMF_NTFID_NODE_ADMIN_STATE = 0x065,
	SA_AMF_NTFID_SU_ADMIN_STATE = 0x066,
	SA_AMF_NTFID_SG_ADMIN_STATE = 0x067,
	SA_AMF_NTFID_SI_ADMIN_STATE = 0x068,
	SA_AMF_NTFID_APP_ADMIN_STATE = 0x069,
	SA_AMF_NTFID_CLUSTER_ADMIN_STATE = 0x06A,
	SA_AMF_NTFID_NODE_OP_STATE = 0x06B,
	SA_AMF_NTFID_SU_OP_STATE = 0x06C,
	SA_AMF_NTFID_SU_PRESENCE_STATE = 0x06D,
	SA_AMF_NTFID_SU_SI_HA_STATE = 0x06E,
	SA_AMF_NTFID_SI_ASSIGNMENT_STATE = 0x06F,
	SA_AMF_NTFID_COMP_PROXY_STATUS = 0x070,
	SA_AMF_NTFID_SU_SI_HA_READINESS_STATE = 0x071,
	SA_AMF_NTFID_ERROR_REPORT = 0x0191,
	SA_AMF_NTFID_ERROR_CLEAR = 0x0192
} SaAmfNotificationMinorIdT;

typedef enum {
	SA_AMF_ADMIN_UNLOCK = 1,
	SA_AMF_ADMIN_LOCK = 2,
	SA_AMF_ADMIN_LOCK_INSTANTIATION = 3,
	SA_AMF_ADMIN_UNLOCK_INSTANTIATION = 4,
	SA_AMF_ADMIN_SHUTDOWN = 5,
	SA_AMF_ADMIN_RESTART = 6,
	SA_AMF_ADMIN_SI_SWAP = 7,
	SA_AMF_ADMIN_SG_ADJUST = 8,
	SA_AMF_ADMIN_REPAIRED = 9,
	SA_AMF_ADMIN_EAM_START = 10,
	SA_AMF_ADMIN_EAM_STOP = 11
} SaAmfAdminOperationIdT;

typedef void (*SaAmfHealthcheckCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfHealthcheckKeyT *healthcheckKey);

typedef void (*SaAmfComponentTerminateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName);

/* The descriptor comes by value here; what its pointers point to is the library's
 * and valid until the callback returns. */
typedef void (*SaAmfCSISetCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfHAStateT haState,
	SaAmfCSIDescriptorT csiDescriptor);

typedef void (*SaAmfCSIRemoveCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfCSIFlagsT csiFlags);

typedef void (*SaAmfProtectionGroupTrackCallbackT)(
	const SaNameT *csiName,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer,
	SaUint32T numberOfMembers,
	SaAisErrorT error);

/* As SaAmfProtectionGroupTrackCallbackT, with the readiness of each member. */
typedef void (*SaAmfProtectionGroupTrackCallbackT_4)(
	const SaNameT *csiName,
	SaAmfProtectionGroupNotificationBufferT_4 *notificationBuffer,
	SaUint32T numberOfMembers,
	SaAisErrorT error);

/* To a proxy: start the proxied component, then register it. Answer with
 * saAmfResponse. */
typedef void (*SaAmfProxiedComponentInstantiateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *proxiedCompName);

/* To a proxy: end the proxied component by whatever means. Answer with saAmfResponse. */
typedef void (*SaAmfProxiedComponentCleanupCallbackT)(
	SaInvocationT invocation,
	const SaNameT *proxiedCompName);

/* Never called: there are no containers. */
typedef void (*SaAmfContainedComponentInstantiateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *containedCompName);

/* Never called: there are no containers. */
typedef void (*SaAmfContainedComponentCleanupCallbackT)(
	SaInvocationT invocation,
	const SaNameT *containedCompName);

typedef struct {
	SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
	SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
	SaAmfCSISetCallbackT saAmfCSISetCallback;
	SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
	SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
	SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
	SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
} SaAmfCallbacksT;

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
} SaAmfCallbacksT_4;

/*
 * saAmfInitialize opens the service for a program of B.01.01.
 *
 * version  in: 'B' and a major version of at most 1; out, always: B.01.01.
 */
extern SaAisErrorT saAmfInitialize(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT *amfCallbacks,
	SaVersionT *version) AIS_OSAF_BIND(saAmfInitialize);

/*
 * saAmfInitialize_4 opens the service for a program of B.04.01.
 *
 * version  in: 'B' and the major version 4; out, always: B.04.01.
 */
extern SaAisErrorT saAmfInitialize_4(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT_4 *amfCallbacks,
	SaVersionT *version) AIS_OSAF_BIND(saAmfInitialize_4);

/* The functions without a number are for handles of both versions, but where a form
 * with a number takes a structure of its own: those two, and those that say so,
 * belong to one version. */
extern SaAisErrorT saAmfSelectionObjectGet(
	SaAmfHandleT amfHandle,
	SaSelectionObjectT *selectionObject) AIS_OSAF_BIND(saAmfSelectionObjectGet);

/* SA_DISPATCH_ONE with nothing pending returns at once. */
extern SaAisErrorT saAmfDispatch(
	SaAmfHandleT amfHandle,
	SaDispatchFlagsT dispatchFlags) AIS_OSAF_BIND(saAmfDispatch);

extern SaAisErrorT saAmfFinalize(
	SaAmfHandleT amfHandle) AIS_OSAF_BIND(saAmfFinalize);

extern SaAisErrorT saAmfComponentRegister(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName) AIS_OSAF_BIND(saAmfComponentRegister);

extern SaAisErrorT saAmfComponentUnregister(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName) AIS_OSAF_BIND(saAmfComponentUnregister);

extern SaAisErrorT saAmfComponentNameGet(
	SaAmfHandleT amfHandle,
	SaNameT *compName) AIS_OSAF_BIND(saAmfComponentNameGet);

extern SaAisErrorT saAmfPmStart(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaUint64T processId,
	SaInt32T descendentsTreeDepth,
	SaAmfPmErrorsT pmErrors,
	SaAmfRecommendedRecoveryT recommendedRecovery) AIS_OSAF_BIND(saAmfPmStart);

/* As saAmfPmStart, with a process identifier that has a sign. */
extern SaAisErrorT saAmfPmStart_3(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaInt64T processId,
	SaInt32T descendentsTreeDepth,
	SaAmfPmErrorsT pmErrors,
	SaAmfRecommendedRecoveryT recommendedRecovery) AIS_OSAF_BIND(saAmfPmStart_3);

extern SaAisErrorT saAmfPmStop(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaAmfPmStopQualifierT stopQualifier,
	SaInt64T processId,
	SaAmfPmErrorsT pmErrors) AIS_OSAF_BIND(saAmfPmStop);

extern SaAisErrorT saAmfHealthcheckStart(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey,
	SaAmfHealthcheckInvocationT invocationType,
	SaAmfRecommendedRecoveryT recommendedRecovery) AIS_OSAF_BIND(saAmfHealthcheckStart);

extern SaAisErrorT saAmfHealthcheckConfirm(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey,
	SaAisErrorT healthcheckResult) AIS_OSAF_BIND(saAmfHealthcheckConfirm);

extern SaAisErrorT saAmfHealthcheckStop(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey) AIS_OSAF_BIND(saAmfHealthcheckStop);

extern SaAisErrorT saAmfCSIQuiescingComplete(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaAisErrorT error) AIS_OSAF_BIND(saAmfCSIQuiescingComplete);

/*
 * saAmfHAReadinessStateSet says how ready a registered component is for an instance,
 * or for all of its instances. It holds until it is said otherwise, or the component ends;
 * protection groups show it.
 *
 * csiName         NULL for all.
 * correlationIds  NULL, or identifiers that are only noted.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL, a name is none, or no such
 * state; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_VERSION the handle is one of B.01.01;
 * SA_AIS_ERR_NOT_EXIST no such component is registered, or it can never have the
 * instance; SA_AIS_ERR_BAD_OPERATION the state does not allow what the component has
 * now, or another handle registered it; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfHAReadinessStateSet(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfHAReadinessStateT haReadinessState,
	SaNtfCorrelationIdsT *correlationIds) AIS_OSAF_BIND(saAmfHAReadinessStateSet);

extern SaAisErrorT saAmfHAStateGet(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfHAStateT *haState) AIS_OSAF_BIND(saAmfHAStateGet);

/* As in saAmf.h of openais; an array that the library allocated is freed with
 * free(); SA_AIS_ERR_VERSION the handle is one of B.04.01. */
extern SaAisErrorT saAmfProtectionGroupTrack(
	SaAmfHandleT amfHandle,
	const SaNameT *csiName,
	SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer) AIS_OSAF_BIND(saAmfProtectionGroupTrack);

/* As saAmfProtectionGroupTrack, with the readiness of each member; an array that the
 * library allocated is given back with saAmfProtectionGroupNotificationFree_4;
 * SA_AIS_ERR_VERSION the handle is one of B.01.01. */
extern SaAisErrorT saAmfProtectionGroupTrack_4(
	SaAmfHandleT amfHandle,
	const SaNameT *csiName,
	SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT_4 *notificationBuffer) AIS_OSAF_BIND(saAmfProtectionGroupTrack_4);

extern SaAisErrorT saAmfProtectionGroupTrackStop(
	SaAmfHandleT amfHandle,
	const SaNameT *csiName) AIS_OSAF_BIND(saAmfProtectionGroupTrackStop);

/*
 * saAmfProtectionGroupNotificationFree_4 gives an array back that
 * saAmfProtectionGroupTrack_4 allocated.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM notification is NULL; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_VERSION the handle is one of B.01.01.
 */
extern SaAisErrorT saAmfProtectionGroupNotificationFree_4(
	SaAmfHandleT amfHandle,
	SaAmfProtectionGroupNotificationT_4 *notification) AIS_OSAF_BIND(saAmfProtectionGroupNotificationFree_4);

/* Declared by OpenSAF and defined nowhere; no library has it. */
extern SaAisErrorT saAmfProtectionGroupNotificationFree(
	SaAmfHandleT amfHandle,
	SaAmfProtectionGroupNotificationT *notification);

extern SaAisErrorT saAmfComponentErrorReport(
	SaAmfHandleT amfHandle,
	const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime,
	SaAmfRecommendedRecoveryT recommendedRecovery,
	SaNtfIdentifierT ntfIdentifier) AIS_OSAF_BIND(saAmfComponentErrorReport);

/* As saAmfComponentErrorReport; correlationIds may be NULL, its notificationId
 * receives 0; SA_AIS_ERR_VERSION the handle is one of B.01.01. */
extern SaAisErrorT saAmfComponentErrorReport_4(
	SaAmfHandleT amfHandle,
	const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime,
	SaAmfRecommendedRecoveryT recommendedRecovery,
	SaNtfCorrelationIdsT *correlationIds) AIS_OSAF_BIND(saAmfComponentErrorReport_4);

/*
 * saAmfCorrelationIdsGet gives the correlation identifiers of a callback that is not
 * answered yet: there is no notification service, so all are 0.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM correlationIds is NULL; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_VERSION the handle is one of B.01.01; SA_AIS_ERR_NOT_EXIST no callback
 * with that invocation waits for an answer.
 */
extern SaAisErrorT saAmfCorrelationIdsGet(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaNtfCorrelationIdsT *correlationIds) AIS_OSAF_BIND(saAmfCorrelationIdsGet);

extern SaAisErrorT saAmfComponentErrorClear(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaNtfIdentifierT ntfIdentifier) AIS_OSAF_BIND(saAmfComponentErrorClear);

/* As saAmfComponentErrorClear; correlationIds may be NULL, its notificationId
 * receives 0; SA_AIS_ERR_VERSION the handle is one of B.01.01. */
extern SaAisErrorT saAmfComponentErrorClear_4(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaNtfCorrelationIdsT *correlationIds) AIS_OSAF_BIND(saAmfComponentErrorClear_4);

extern SaAisErrorT saAmfResponse(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaAisErrorT error) AIS_OSAF_BIND(saAmfResponse);

/* As saAmfResponse; correlationIds may be NULL; SA_AIS_ERR_VERSION the handle is one
 * of B.01.01. */
extern SaAisErrorT saAmfResponse_4(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaNtfCorrelationIdsT *correlationIds,
	SaAisErrorT error) AIS_OSAF_BIND(saAmfResponse_4);

#ifdef SA_AMF_B03
typedef struct {
	SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
	SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
	SaAmfCSISetCallbackT saAmfCSISetCallback;
	SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
	SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
	SaAmfProxiedComponentInstantiateCallbackT saAmfProxiedComponentInstantiateCallback;
	SaAmfProxiedComponentCleanupCallbackT saAmfProxiedComponentCleanupCallback;
	SaAmfContainedComponentInstantiateCallbackT saAmfContainedComponentInstantiateCallback;
	SaAmfContainedComponentCleanupCallbackT saAmfContainedComponentCleanupCallback;
} SaAmfCallbacksT_3;

/* Declared by OpenSAF and defined nowhere; no library has it. */
extern SaAisErrorT saAmfInitialize_3(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT_3 *amfCallbacks,
	SaVersionT *version);
#endif

#ifdef __cplusplus
}
#endif

#include "saAmf_B_04_02.h"

#endif /* AIS_OSAF_SAAMF_H */
