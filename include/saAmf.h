/*
 * saAmf.h: the Availability Management Framework, generation B.01.01, as openais
 * 0.80 published it: the executive starts components, decides which of them serve
 * and which stand by, tells them, watches them, and acts when one fails.
 *
 * Owns: the types and the nineteen functions of the service. Link with -lais or
 * -lSaAmf. Works alone in C89 to C23 and in C++.
 *
 * A component is configured in amf.conf. The executive starts it with its
 * configured command; it finds its name in the environment variable
 * SA_AMF_COMPONENT_NAME (saAmfComponentNameGet), initializes, registers, and then
 * gets component service instances by callback. Each callback with an invocation
 * is answered with saAmfResponse within the configured time; a component that does
 * not answer, answers with an error, fails a health check or ends has failed, and
 * is recovered as its configuration says.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting; no call returns early because of one.
 * - fork: in the child every inherited handle is SA_AIS_ERR_BAD_HANDLE; the
 *   child may call saAmfInitialize for a handle of its own. A registered component
 *   is the process that registered, not the child.
 * - Memory: names and structures that an application passes are copied; what a
 *   callback is given is the library's and valid until the callback returns.
 * - Names have 1 to 256 bytes; any other length is SA_AIS_ERR_INVALID_PARAM.
 * - SA_AIS_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saAmfFinalize only.
 * - SA_AIS_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes
 *   or has no room just now; repeat the call a little later.
 * - SA_AIS_ERR_NO_MEMORY and SA_AIS_ERR_NO_RESOURCES may come from every function.
 * - What is wrong with an argument is found before the handle is looked at.
 */
#ifndef AIS_B_SAAMF_H
#define AIS_B_SAAMF_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One use of the framework by a process; only the library knows what is in it. */
typedef SaUint64T SaAmfHandleT;

/* How a monitored process may end that is an error; any combination. */
#define SA_AMF_PM_ZERO_EXIT 0x1
#define SA_AMF_PM_NON_ZERO_EXIT 0x2
#define SA_AMF_PM_ABNORMAL_END 0x4
typedef SaUint32T SaAmfPmErrorsT;

/* What saAmfPmStop ends: one process, it and its descendants, all of the component. */
typedef enum {
	SA_AMF_PM_PROC = 1,
	SA_AMF_PM_PROC_AND_DESCENDENTS = 2,
	SA_AMF_PM_ALL_PROCESSES = 3
} SaAmfPmStopQualifierT;

/* Who begins each round of a health check. */
typedef enum {
	SA_AMF_HEALTHCHECK_AMF_INVOKED = 1,
	SA_AMF_HEALTHCHECK_COMPONENT_INVOKED = 2
} SaAmfHealthcheckInvocationT;

/* The configured name of a health check: keyLen bytes, 1 to 32. */
#define SA_AMF_HEALTHCHECK_KEY_MAX 32
typedef struct {
	SaUint8T key[SA_AMF_HEALTHCHECK_KEY_MAX];
	SaUint16T keyLen;
} SaAmfHealthcheckKeyT;

/* A component's part in the service of one component service instance. QUIESCING:
 * it finishes what it has, takes nothing new, and then calls
 * saAmfCSIQuiescingComplete. */
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
	SA_AMF_PROXY_STATUS = 7
} SaAmfStateT;

/* What a CSISet or CSIRemove is about: an instance that the component did not
 * have, one that it has, all that it has. */
#define SA_AMF_CSI_ADD_ONE 0x1
#define SA_AMF_CSI_TARGET_ONE 0x2
#define SA_AMF_CSI_TARGET_ALL 0x4
typedef SaUint32T SaAmfCSIFlagsT;

/* What became of the component that was active before this one: there was none,
 * it was quiesced, it could not be, it still is active. */
typedef enum {
	SA_AMF_CSI_NEW_ASSIGN = 1,
	SA_AMF_CSI_QUIESCED = 2,
	SA_AMF_CSI_NOT_QUIESCED = 3,
	SA_AMF_CSI_STILL_ACTIVE = 4
} SaAmfCSITransitionDescriptorT;

/* activeCompName: the component that was active, empty with NEW_ASSIGN. */
typedef struct {
	SaAmfCSITransitionDescriptorT transitionDescriptor;
	SaNameT activeCompName;
} SaAmfCSIActiveDescriptorT;

/* activeCompName: the component that is active, empty when there is none.
 * standbyRank: 1 is the first to take over. */
typedef struct {
	SaNameT activeCompName;
	SaUint32T standbyRank;
} SaAmfCSIStandbyDescriptorT;

typedef union {
	SaAmfCSIActiveDescriptorT activeDescriptor;
	SaAmfCSIStandbyDescriptorT standbyDescriptor;
} SaAmfCSIStateDescriptorT;

/* A configured attribute of the instance: two strings with a zero byte at the end. */
typedef struct {
	SaUint8T *attrName;
	SaUint8T *attrValue;
} SaAmfCSIAttributeT;

typedef struct {
	SaAmfCSIAttributeT *attr;
	SaUint32T number;
} SaAmfCSIAttributeListT;

/*
 * What a CSISet is about. csiName is empty with SA_AMF_CSI_TARGET_ALL.
 * csiStateDescriptor holds the active descriptor for SA_AMF_HA_ACTIVE, the standby
 * descriptor for SA_AMF_HA_STANDBY, and nothing for the others. csiAttr is filled
 * with SA_AMF_CSI_ADD_ONE, else its number is 0.
 */
typedef struct {
	SaAmfCSIFlagsT csiFlags;
	SaNameT csiName;
	SaAmfCSIStateDescriptorT csiStateDescriptor;
	SaAmfCSIAttributeListT csiAttr;
} SaAmfCSIDescriptorT;

typedef struct {
	SaNameT compName;
	SaAmfHAStateT haState;
	SaUint32T rank;
} SaAmfProtectionGroupMemberT;

typedef enum {
	SA_AMF_PROTECTION_GROUP_NO_CHANGE = 1,
	SA_AMF_PROTECTION_GROUP_ADDED = 2,
	SA_AMF_PROTECTION_GROUP_REMOVED = 3,
	SA_AMF_PROTECTION_GROUP_STATE_CHANGE = 4
} SaAmfProtectionGroupChangesT;

typedef struct {
	SaAmfProtectionGroupMemberT member;
	SaAmfProtectionGroupChangesT change;
} SaAmfProtectionGroupNotificationT;

typedef struct {
	SaUint32T numberOfItems;
	SaAmfProtectionGroupNotificationT *notification;
} SaAmfProtectionGroupNotificationBufferT;

/* What to do about a component that failed. NO_RECOMMENDATION: what is configured. */
typedef enum {
	SA_AMF_NO_RECOMMENDATION = 1,
	SA_AMF_COMPONENT_RESTART = 2,
	SA_AMF_COMPONENT_FAILOVER = 3,
	SA_AMF_NODE_SWITCHOVER = 4,
	SA_AMF_NODE_FAILOVER = 5,
	SA_AMF_NODE_FAILFAST = 6,
	SA_AMF_CLUSTER_RESET = 7,
	SA_AMF_APPLICATION_RESTART = 8
} SaAmfRecommendedRecoveryT;

#define SA_AMF_COMP_SA_AWARE 0x0001
#define SA_AMF_COMP_PROXY 0x0002
#define SA_AMF_COMP_PROXIED 0x0004
#define SA_AMF_COMP_LOCAL 0x0008
typedef SaUint32T saAmfCompCategoryT;

/* As openais 0.80 spelled them. */
typedef enum {
	SA_AMF_2N_REDUNDANCY_MODEL = 1,
	SA_AMF_NPM_REDUNDANCY_MODEL = 2,
	SA_AMF_N_WAY_REDUNDANCY_MODEL = 3,
	SA_AMF_N_WAY_ACTIVE_REDUNDACY_MODEL = 4,
	SA_AMF_NO_REDUNDANCY_MODEL = 5
} saAmfRedundancyModelT;

typedef enum {
	SA_AMF_COMP_X_ACTIVE_AND_Y_STANDBY = 1,
	SA_AMF_COMP_X_ACTIVE_OR_Y_STANDBY = 2,
	SA_AMF_COMP_ONE_ACTIVE_OR_Y_STANDBY = 3,
	SA_AMF_COMP_ONE_ACTIVE_OR_ONE_STANDBY = 4,
	SA_AMF_COMP_X_ACTIVE = 5,
	SA_AMF_COMP_1_ACTIVE = 6,
	SA_AMF_COMP_NON_PRE_INSTANTIABLE = 7
} saAmfCompCapabilityModelT;

typedef enum {
	SA_AMF_NODE_NAME = 1,
	SA_AMF_SI_NAME = 2
} SaAmfAdditionalInfoIdT;

/* Are you well? Answer with saAmfResponse: SA_AIS_OK, or SA_AIS_ERR_FAILED_OPERATION. */
typedef void (*SaAmfHealthcheckCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfHealthcheckKeyT *healthcheckKey);

/* End: clean up, answer with saAmfResponse and exit. */
typedef void (*SaAmfComponentTerminateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName);

/* Take over an HA state. Answer with saAmfResponse when it is taken; after
 * SA_AMF_HA_QUIESCING also saAmfCSIQuiescingComplete with the same invocation. */
typedef void (*SaAmfCSISetCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfHAStateT haState,
	SaAmfCSIDescriptorT *csiDescriptor);

/* Give an instance back, or all (csiName is empty with SA_AMF_CSI_TARGET_ALL).
 * Answer with saAmfResponse. */
typedef void (*SaAmfCSIRemoveCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfCSIFlagsT csiFlags);

/* A protection group: all of it or what has changed, as tracking was asked for.
 * numberOfMembers is how many members the group has. */
typedef void (*SaAmfProtectionGroupTrackCallbackT)(
	const SaNameT *csiName,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer,
	SaUint32T numberOfMembers,
	SaAisErrorT error);

/* To a proxy: start the proxied component, then register it. Answer with
 * saAmfResponse. */
typedef void (*SaAmfExternalComponentInstantiateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *proxiedCompName);

/* To a proxy: end the proxied component by whatever means. Answer with saAmfResponse. */
typedef void (*SaAmfExternalComponentCleanupCallbackT)(
	SaInvocationT invocation,
	const SaNameT *proxiedCompName);

/* Any may be NULL; calls that need it then return SA_AIS_ERR_INIT. */
typedef struct {
	SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
	SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
	SaAmfCSISetCallbackT saAmfCSISetCallback;
	SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
	SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
	SaAmfExternalComponentInstantiateCallbackT saAmfExternalComponentInstantiateCallback;
	SaAmfExternalComponentCleanupCallbackT saAmfExternalComponentCleanupCallback;
} SaAmfCallbacksT;

/*
 * saAmfInitialize opens the service for this process.
 *
 * amfHandle     receives the handle. Give it back with saAmfFinalize.
 * amfCallbacks  copied; NULL means that no callback is given.
 * version       in: 'B' and a major version of at most 1; out, always: B.01.01.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM amfHandle or version is NULL;
 * SA_AIS_ERR_VERSION; SA_AIS_ERR_TRY_AGAIN no executive is running;
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES the process has no room for the
 * library's runtime, or its file cannot be loaded; SA_AIS_ERR_SECURITY this user
 * may not use the executive, or what answers is not one that may be trusted;
 * SA_AIS_ERR_ACCESS the path of the socket is closed to this user;
 * SA_AIS_ERR_LIBRARY what answers does not speak this library's protocol, or the
 * executive has no AMF.
 */
extern SaAisErrorT saAmfInitialize(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT *amfCallbacks,
	SaVersionT *version);

/*
 * saAmfSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's: poll
 * it, never read or close it. It ends with saAmfFinalize.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfSelectionObjectGet(
	SaAmfHandleT amfHandle,
	SaSelectionObjectT *selectionObject);

/*
 * saAmfDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending
 *                (programs that load the library by a soname of openais keep the
 *                waiting of that library); SA_DISPATCH_ALL: all that are pending;
 *                SA_DISPATCH_BLOCKING: until the handle is finalized, then
 *                SA_AIS_OK.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM no such flag; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfDispatch(
	SaAmfHandleT amfHandle,
	SaDispatchFlagsT dispatchFlags);

/*
 * saAmfFinalize closes the handle. Pending callbacks are dropped, tracking, health
 * checks and monitoring that were started through it end, and a component that is
 * still registered through it has failed. A blocked saAmfDispatch of another
 * thread returns SA_AIS_OK, any other waiting call SA_AIS_ERR_BAD_HANDLE. May be
 * called from inside a callback.
 *
 * SA_AIS_OK, also when the executive is gone; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saAmfFinalize(
	SaAmfHandleT amfHandle);

/*
 * saAmfComponentRegister says that a configured component runs.
 *
 * compName       the component's configured name.
 * proxyCompName  NULL: the component is this process. Else the registered component
 *                of this handle that is its proxy.
 *
 * A component needs the terminate, CSISet and CSIRemove callbacks, one with a proxy
 * also the two of external components.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL, or a name that is none;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT a needed callback is missing;
 * SA_AIS_ERR_NOT_EXIST no such component is configured for this node, or the proxy
 * is not registered; SA_AIS_ERR_EXIST it is registered already;
 * SA_AIS_ERR_BAD_OPERATION it must (or must not) have a proxy, or the proxy is not
 * active for it; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfComponentRegister(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName);

/*
 * saAmfComponentUnregister ends what saAmfComponentRegister began, through the same
 * handle and with the same proxy.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_NOT_EXIST it is not registered; SA_AIS_ERR_BAD_OPERATION it was
 * registered with another proxy or through another handle, or it still is the
 * proxy of others; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfComponentUnregister(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName);

/*
 * saAmfComponentNameGet gives the name of the component this process belongs to:
 * what SA_AMF_COMPONENT_NAME holds, or else the component that is registered
 * through the handle.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_NOT_EXIST there is neither; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfComponentNameGet(
	SaAmfHandleT amfHandle,
	SaNameT *compName);

/*
 * saAmfPmStart lets the executive watch processes of a component: the end of one in
 * a way that pmErrors names is an error of the component.
 *
 * processId              a process on this node, as this process knows it.
 * descendentsTreeDepth   0: it alone; N: its descendants of N generations, those
 *                        that come later too; -1: all descendants.
 * pmErrors               any combination of SA_AMF_PM_*.
 * recommendedRecovery    what is recommended for such an error.
 *
 * How a process ended is known to its parent only. The executive is the parent of
 * the components it started; of any other process it sees only that it ended,
 * which counts as SA_AMF_PM_ABNORMAL_END with SA_AMF_PM_NON_ZERO_EXIT and
 * SA_AMF_PM_ZERO_EXIT: any of them that was asked for is reported.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL, or a value that has no
 * meaning; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such component is
 * registered on this node, or there is no such process; SA_AIS_ERR_ACCESS the
 * recovery is refused by the configuration, or the process is another user's;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfPmStart(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaUint64T processId,
	SaInt32T descendentsTreeDepth,
	SaAmfPmErrorsT pmErrors,
	SaAmfRecommendedRecoveryT recommendedRecovery);

/*
 * saAmfPmStop ends the watch for the errors that pmErrors names.
 *
 * stopQualifier  of which processes; with SA_AMF_PM_ALL_PROCESSES processId is not
 *                looked at.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL, or a value that has no
 * meaning; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such component is
 * registered on this node, or the process is not watched; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfPmStop(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaAmfPmStopQualifierT stopQualifier,
	SaInt64T processId,
	SaAmfPmErrorsT pmErrors);

/*
 * saAmfHealthcheckStart begins a configured health check.
 *
 * healthcheckKey       which; its period and the time for an answer are configured.
 * invocationType       SA_AMF_HEALTHCHECK_AMF_INVOKED: the callback asks;
 *                      SA_AMF_HEALTHCHECK_COMPONENT_INVOKED: the process calls
 *                      saAmfHealthcheckConfirm at least once per period.
 * recommendedRecovery  what is recommended when it fails.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM a pointer is NULL, or a value that has no
 * meaning; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT AMF_INVOKED and there is no
 * health check callback; SA_AIS_ERR_NOT_EXIST the component is not registered on
 * this node, or has no such key; SA_AIS_ERR_EXIST it is running already;
 * SA_AIS_ERR_ACCESS the recovery is refused by the configuration;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfHealthcheckStart(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey,
	SaAmfHealthcheckInvocationT invocationType,
	SaAmfRecommendedRecoveryT recommendedRecovery);

/*
 * saAmfHealthcheckConfirm tells the result of a component invoked health check.
 *
 * healthcheckResult  SA_AIS_OK or SA_AIS_ERR_FAILED_OPERATION.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_NOT_EXIST no such health check of that kind was started through this
 * handle; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfHealthcheckConfirm(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey,
	SaAisErrorT healthcheckResult);

/*
 * saAmfHealthcheckStop ends a health check. A callback that is pending already still
 * comes.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_NOT_EXIST it was not started through this handle;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfHealthcheckStop(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey);

/*
 * saAmfHAStateGet gives the HA state of a component for one instance.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM a pointer is NULL, or a name is none;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such component or instance, or the
 * component does not have it; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfHAStateGet(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfHAStateT *haState);

/*
 * saAmfCSIQuiescingComplete says that a component is through, after
 * SA_AMF_HA_QUIESCING.
 *
 * invocation  that of the CSISet callback.
 * error       SA_AIS_OK, or SA_AIS_ERR_FAILED_OPERATION: it could not finish.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM no such callback waits, or error is no error;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfCSIQuiescingComplete(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaAisErrorT error);

/*
 * saAmfProtectionGroupTrack follows the components that have an instance assigned.
 *
 * trackFlags          SA_TRACK_CURRENT: the group as it is, in the buffer if there
 *                     is one, by callback if not; SA_TRACK_CHANGES: each change
 *                     brings the whole group, SA_TRACK_CHANGES_ONLY: what changed.
 *                     Not both of them.
 * notificationBuffer  NULL, or where SA_TRACK_CURRENT stores. Its notification is
 *                     an array of numberOfItems entries, or NULL: then the library
 *                     allocates one, which the application frees with free().
 *                     numberOfItems receives how many there are, also with
 *                     SA_AIS_ERR_NO_SPACE.
 *
 * A second call for the same instance replaces the first.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_FLAGS none, an unknown one, or both kinds of changes;
 * SA_AIS_ERR_INVALID_PARAM csiName is NULL or no name, or an array of 0 entries;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT it would come by callback and there is
 * none; SA_AIS_ERR_NO_SPACE (nothing is tracked then); SA_AIS_ERR_NOT_EXIST no such
 * instance; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfProtectionGroupTrack(
	SaAmfHandleT amfHandle,
	const SaNameT *csiName,
	SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer);

/*
 * saAmfProtectionGroupTrackStop ends it. Callbacks that are pending already still
 * come.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_NOT_EXIST the instance is not tracked through this handle;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfProtectionGroupTrackStop(
	SaAmfHandleT amfHandle,
	const SaNameT *csiName);

/*
 * saAmfComponentErrorReport says that a component, of any node, has failed.
 *
 * errorDetectionTime   nanoseconds since 1970; 0 or SA_TIME_UNKNOWN: now.
 * recommendedRecovery  what to do about it.
 * ntfIdentifier        only noted.
 *
 * SA_AIS_OK it is on its way; SA_AIS_ERR_INVALID_PARAM erroneousComponent is NULL or
 * no name, or no such recovery; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such
 * component; SA_AIS_ERR_ACCESS the recovery is refused by the configuration;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfComponentErrorReport(
	SaAmfHandleT amfHandle,
	const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime,
	SaAmfRecommendedRecoveryT recommendedRecovery,
	SaNtfIdentifierT ntfIdentifier);

/*
 * saAmfComponentErrorClear says that a component that failed is well again: it is
 * enabled, and can be given instances.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM compName is NULL or no name;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such component;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfComponentErrorClear(
	SaAmfHandleT amfHandle,
	const SaNameT *compName,
	SaNtfIdentifierT ntfIdentifier);

/*
 * saAmfResponse answers a callback.
 *
 * invocation  that of the callback; it came through this handle.
 * error       SA_AIS_OK, or why it could not be done (SA_AIS_ERR_FAILED_OPERATION).
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM no such callback waits for an answer (its
 * time may be over), or error is no error; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saAmfResponse(
	SaAmfHandleT amfHandle,
	SaInvocationT invocation,
	SaAisErrorT error);

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_SAAMF_H */
