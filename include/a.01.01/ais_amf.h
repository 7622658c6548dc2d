/*
 * ais_amf.h: the Availability Management Framework, generation A.01.01, as
 * openais of 2004 published it: the executive decides which components of a
 * group serve and which stand by, and tells them.
 *
 * Owns: the callbacks and the seventeen functions of the service; its other types
 * are in ais_types.h. Link with -lais. Works alone in C89 to C23 and in C++.
 *
 * A component is a process, or something a process speaks for. It is configured in
 * groups.conf, starts by itself, registers under its configured name, is told its
 * readiness and its HA states by callbacks, and answers each of them with
 * saAmfResponse within the time that the executive allows for it: whoever does not
 * answer, or does not answer a health check, is taken to have failed.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting.
 * - fork: in the child every inherited handle is SA_ERR_BAD_HANDLE and every
 *   invocation is unknown; the child may call saAmfInitialize for a handle of its
 *   own. The component is the process that registered, not the child.
 * - Memory: names and structures that an application passes are copied; what a
 *   callback is given is the library's and valid until the callback returns.
 * - Names have 1 to 256 bytes; any other length is SA_ERR_INVALID_PARAM.
 * - SA_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saAmfFinalize only.
 * - SA_ERR_TRY_AGAIN: no executive is running (functions without a handle), or it
 *   is synchronizing with the other nodes or has no room just now; repeat the call
 *   a little later.
 * - SA_ERR_NO_MEMORY and SA_ERR_NO_RESOURCES may come from every function.
 * - A handle is looked at before the other arguments.
 * - Functions without a handle open a connection of their own for one call, and
 *   so may also return what saAmfInitialize returns.
 */
#ifndef AIS_A01_AIS_AMF_H
#define AIS_A01_AIS_AMF_H

#include "ais_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Are you well? Answer with saAmfResponse: SA_OK, or an error to be treated as one
 * reported without a recommendation. */
typedef void (*SaAmfHealthcheckCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfHealthcheckT checkType);

/* The component's readiness has changed. Answer with saAmfResponse; after
 * SA_AMF_STOPPING call saAmfStoppingComplete with the same invocation when the
 * work that was there is done (saAmfResponse may come before, or be left out). */
typedef void (*SaAmfReadinessStateSetCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfReadinessStateT readinessState);

/* End: clean up, answer with saAmfResponse and exit. */
typedef void (*SaAmfComponentTerminateCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName);

/*
 * Take over a state for an instance, or for all the component has: then csiName is
 * empty and csiFlags has SA_AMF_CSI_ALL_INSTANCES. activeCompName is the component
 * that was active before (empty with SA_AMF_CSI_NEW_ASSIGN), or with
 * SA_AMF_STANDBY the one that is; transitionDescriptor means something for
 * SA_AMF_ACTIVE only. Answer with saAmfResponse when the state is taken.
 */
typedef void (*SaAmfCSISetCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfCSIFlagsT csiFlags,
	SaAmfHAStateT *haState,
	SaNameT *activeCompName,
	SaAmfCSITransitionDescriptorT transitionDescriptor);

/* Give an instance back, or all (csiName is empty then). Answer with saAmfResponse. */
typedef void (*SaAmfCSIRemoveCallbackT)(
	SaInvocationT invocation,
	const SaNameT *compName,
	const SaNameT *csiName,
	const SaAmfCSIFlagsT *csiFlags);

/*
 * A protection group has changed. notificationBuffer is the array that was given
 * to saAmfProtectionGroupTrackStart, numberOfItems how many entries of it are
 * filled, numberOfMembers how many members the group has. error is
 * SA_ERR_NO_SPACE when the array is too small for all.
 */
typedef void (*SaAmfProtectionGroupTrackCallbackT)(
	const SaNameT *csiName,
	SaAmfProtectionGroupNotificationT *notificationBuffer,
	SaUint32T numberOfItems,
	SaUint32T numberOfMembers,
	SaErrorT error);

/* To a proxy: restart the external component. Answer with saAmfResponse when it is
 * there again and has no role any more: it is given its work anew. */
typedef void (*SaAmfExternalComponentRestartCallbackT)(
	SaInvocationT invocation,
	const SaNameT *externalCompName);

/* To a proxy: do this with the external component. Answer with saAmfResponse. The
 * executive asks for SA_AMF_POWER_OFF: when the component's work goes elsewhere after
 * an error, or it could not be restarted. It works again once it is registered again. */
typedef void (*SaAmfExternalComponentControlCallbackT)(
	const SaInvocationT invocation,
	const SaNameT *externalCompName,
	SaAmfExternalComponentActionT controlAction);

/* May the pending operations be carried out now? Answer with saAmfResponse: SA_OK
 * yes, any error not yet. */
typedef void (*SaAmfPendingOperationConfirmCallbackT)(
	const SaInvocationT invocation,
	const SaNameT *compName,
	SaAmfPendingOperationFlagsT pendingOperationFlags);

/* Pending operations were given up. Nothing to answer. */
typedef void (*SaAmfPendingOperationExpiredCallbackT)(
	const SaNameT *compName,
	SaAmfPendingOperationFlagsT pendingOperationFlags);

/* Any may be NULL; calls that need it then return SA_ERR_INIT. */
typedef struct {
	SaAmfHealthcheckCallbackT saAmfHealthcheckCallback;
	SaAmfReadinessStateSetCallbackT saAmfReadinessStateSetCallback;
	SaAmfComponentTerminateCallbackT saAmfComponentTerminateCallback;
	SaAmfCSISetCallbackT saAmfCSISetCallback;
	SaAmfCSIRemoveCallbackT saAmfCSIRemoveCallback;
	SaAmfProtectionGroupTrackCallbackT saAmfProtectionGroupTrackCallback;
	SaAmfExternalComponentRestartCallbackT saAmfExternalComponentRestartCallback;
	SaAmfExternalComponentControlCallbackT saAmfExternalComponentControlCallback;
	SaAmfPendingOperationConfirmCallbackT saAmfPendingOperationConfirmCallback;
	SaAmfPendingOperationExpiredCallbackT saAmfPendingOperationExpiredCallback;
} SaAmfCallbacksT;

/*
 * saAmfInitialize opens the service for this process.
 *
 * amfHandle     receives the handle. Give it back with saAmfFinalize.
 * amfCallbacks  copied; NULL means that no callback is given.
 * version       {'A', 1, 1} (or 'a'); never written.
 *
 * SA_OK; SA_ERR_VERSION any other version, or version is NULL;
 * SA_ERR_INVALID_PARAM amfHandle is NULL; SA_ERR_TRY_AGAIN no executive is
 * running; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES the process has no room for the
 * library's runtime, or its file cannot be loaded; SA_ERR_SECURITY this user may
 * not use the executive, or what answers is not one that may be trusted;
 * SA_ERR_ACCESS the path of the socket is closed to this user; SA_ERR_LIBRARY what
 * answers does not speak this library's protocol, or the executive has no AMF.
 */
extern SaErrorT saAmfInitialize(
	SaAmfHandleT *amfHandle,
	const SaAmfCallbacksT *amfCallbacks,
	const SaVersionT *version) AIS_A01_BIND(saAmfInitialize);

/*
 * saAmfSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's: poll
 * it, never read or close it. It ends with saAmfFinalize.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfSelectionObjectGet(
	const SaAmfHandleT *amfHandle,
	SaSelectionObjectT *selectionObject) AIS_A01_BIND(saAmfSelectionObjectGet);

/*
 * saAmfDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending
 *                (programs that load the library by its soname of 2004 keep the
 *                waiting of that time); SA_DISPATCH_ALL: all that are pending;
 *                SA_DISPATCH_BLOCKING: until the handle is finalized, then
 *                SA_OK.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM no such flag; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfDispatch(
	const SaAmfHandleT *amfHandle,
	SaDispatchFlagsT dispatchFlags) AIS_A01_BIND(saAmfDispatch);

/*
 * saAmfFinalize closes the handle. Pending callbacks are dropped, tracking ends,
 * and a component that is still registered through it is taken to have failed. A
 * blocked saAmfDispatch of another thread returns SA_OK, any other waiting call
 * SA_ERR_BAD_HANDLE. May be called from inside a callback.
 *
 * SA_OK, also when the executive is gone; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saAmfFinalize(
	const SaAmfHandleT *amfHandle) AIS_A01_BIND(saAmfFinalize);

/*
 * saAmfComponentRegister says that a configured component runs.
 *
 * compName       the component's configured name.
 * proxyCompName  NULL: the component is this process. Else the component that
 *                speaks for it, which this process has registered before.
 *
 * A component needs the health check, readiness, terminate, CSISet and CSIRemove
 * callbacks, one with a proxy the two external callbacks.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM compName is NULL, or a name that
 * is none; SA_ERR_INIT a needed callback is missing; SA_ERR_NOT_EXIST no such
 * component is configured for this node, or the proxy is not registered;
 * SA_ERR_EXIST it is registered already; SA_ERR_BAD_OPERATION it must (or must
 * not) have a proxy; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfComponentRegister(
	const SaAmfHandleT *amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName) AIS_A01_BIND(saAmfComponentRegister);

/*
 * saAmfComponentUnregister ends what saAmfComponentRegister began, through the same
 * handle and with the same proxy. The component is out of service afterwards.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM; SA_ERR_NOT_EXIST it is not
 * registered; SA_ERR_BAD_OPERATION it was registered with another proxy, through
 * another handle, or still speaks for other components; SA_ERR_TRY_AGAIN;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfComponentUnregister(
	const SaAmfHandleT *amfHandle,
	const SaNameT *compName,
	const SaNameT *proxyCompName) AIS_A01_BIND(saAmfComponentUnregister);

/*
 * saAmfCompNameGet gives the name of the component that this process registered
 * through the handle.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM compName is NULL;
 * SA_ERR_NOT_EXIST nothing is registered through the handle; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfCompNameGet(
	const SaAmfHandleT *amfHandle,
	SaNameT *compName) AIS_A01_BIND(saAmfCompNameGet);

/*
 * saAmfReadinessStateGet gives the readiness of a configured component; one that is
 * not registered is out of service.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer is NULL, or the name is none;
 * SA_ERR_NOT_EXIST no such component.
 */
extern SaErrorT saAmfReadinessStateGet(
	const SaNameT *compName,
	SaAmfReadinessStateT *readinessState) AIS_A01_BIND(saAmfReadinessStateGet);

/*
 * saAmfStoppingComplete says that a component is through, after
 * SA_AMF_STOPPING.
 *
 * invocation  that of the readiness callback.
 * error       SA_OK, or why it could not finish: then it is treated as failed.
 *
 * SA_OK; SA_ERR_INVALID_PARAM no such callback waits, or error is no error;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfStoppingComplete(
	SaInvocationT invocation,
	SaErrorT error) AIS_A01_BIND(saAmfStoppingComplete);

/*
 * saAmfHAStateGet gives the HA state of a component for one instance.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer is NULL, or a name is none;
 * SA_ERR_NOT_EXIST no such component or instance, or the component does not have
 * it.
 */
extern SaErrorT saAmfHAStateGet(
	const SaNameT *compName,
	const SaNameT *csiName,
	SaAmfHAStateT *haState) AIS_A01_BIND(saAmfHAStateGet);

/*
 * saAmfProtectionGroupTrackStart follows the components that have an instance
 * assigned.
 *
 * trackFlags          SA_TRACK_CURRENT: the group is stored in the array at once,
 *                     and told by callback if there is one; SA_TRACK_CHANGES: each
 *                     change brings the whole group, SA_TRACK_CHANGES_ONLY: what
 *                     changed. Not both of them.
 * notificationBuffer  the application's array, which the callback fills: it must
 *                     stay until saAmfProtectionGroupTrackStop or saAmfFinalize.
 * numberOfItems       its size in entries.
 *
 * A second call for the same instance replaces the first.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM a pointer is NULL, no name, or
 * numberOfItems is 0; SA_ERR_BAD_FLAGS; SA_ERR_INIT changes are asked for and
 * there is no callback; SA_ERR_NO_SPACE the array is too small (nothing is tracked
 * then); SA_ERR_NOT_EXIST no such instance; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfProtectionGroupTrackStart(
	const SaAmfHandleT *amfHandle,
	const SaNameT *csiName,
	SaUint8T trackFlags,
	const SaAmfProtectionGroupNotificationT *notificationBuffer,
	SaUint32T numberOfItems) AIS_A01_BIND(saAmfProtectionGroupTrackStart);

/*
 * saAmfProtectionGroupTrackStop: from its return on no callback touches the array.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM; SA_ERR_NOT_EXIST the instance is
 * not tracked through this handle; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfProtectionGroupTrackStop(
	const SaAmfHandleT *amfHandle,
	const SaNameT *csiName) AIS_A01_BIND(saAmfProtectionGroupTrackStop);

/*
 * saAmfErrorReport says that a component has failed.
 *
 * reportingComponent  who says so.
 * erroneousComponent  who has failed; may be the same.
 * errorDetectionTime  nanoseconds since 1970.
 * errorDescriptor     with what to do about it: SA_AMF_NO_RECOMMENDATION leaves it
 *                     to the configuration, SA_AMF_INTERNALLY_RECOVERED is only
 *                     noted.
 * additionalData      NULL, or texts for the operator.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer but the last is NULL, no name, an
 * enumeration that has no such value, a text that is too long or NULL with a size;
 * SA_ERR_NOT_EXIST no such erroneous component, or it is not registered;
 * SA_ERR_ACCESS the recovery is refused by the configuration.
 */
extern SaErrorT saAmfErrorReport(
	const SaNameT *reportingComponent,
	const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime,
	const SaAmfErrorDescriptorT *errorDescriptor,
	const SaAmfAdditionalDataT *additionalData) AIS_A01_BIND(saAmfErrorReport);

/*
 * saAmfErrorCancelAll takes all error reports about a component back: it can be in
 * service again.
 *
 * SA_OK; SA_ERR_INVALID_PARAM compName is NULL, or no name; SA_ERR_NOT_EXIST no
 * such component, or it is not registered.
 */
extern SaErrorT saAmfErrorCancelAll(
	const SaNameT *compName) AIS_A01_BIND(saAmfErrorCancelAll);

/*
 * saAmfComponentCapabilityModelGet gives a component's configured model.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer is NULL, or the name is none;
 * SA_ERR_NOT_EXIST no such component.
 */
extern SaErrorT saAmfComponentCapabilityModelGet(
	const SaNameT *compName,
	SaAmfComponentCapabilityModelT *componentCapabilityModel) AIS_A01_BIND(saAmfComponentCapabilityModelGet);

/*
 * saAmfPendingOperationGet gives the operations that wait for a component's
 * confirmation, 0 when there is none.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer is NULL, or the name is none;
 * SA_ERR_NOT_EXIST no such component, or it is not registered.
 */
extern SaErrorT saAmfPendingOperationGet(
	const SaNameT *compName,
	SaAmfPendingOperationFlagsT *pendingOperationFlags) AIS_A01_BIND(saAmfPendingOperationGet);

/*
 * saAmfResponse answers a callback.
 *
 * invocation  that of the callback; it is known until it is answered.
 * error       SA_OK, or why it could not be done.
 *
 * SA_OK; SA_ERR_INVALID_PARAM no such callback waits for an answer (its time may
 * be over), or error is no error; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saAmfResponse(
	SaInvocationT invocation,
	SaErrorT error) AIS_A01_BIND(saAmfResponse);

#ifdef __cplusplus
}
#endif

#endif /* AIS_A01_AIS_AMF_H */
