/*
 * ais_clm.h: the Cluster Membership Service, generation A.01.01, as openais of
 * 2004 published it: which nodes are members of the cluster, and what changes.
 *
 * Owns: the callbacks and the eight functions of the service; its data types are
 * in ais_types.h. Link with -lais. Works alone in C89 to C23 and in C++.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting.
 * - fork: in the child every inherited handle is SA_ERR_BAD_HANDLE; the child
 *   may call saClmInitialize for handles of its own.
 * - clmHandle NULL is SA_ERR_BAD_HANDLE wherever a handle is used.
 * - SA_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saClmFinalize only.
 * - SA_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes or has
 *   no room just now; repeat the call a little later.
 */
#ifndef AIS_A01_AIS_CLM_H
#define AIS_A01_AIS_CLM_H

#include "ais_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Called by saClmDispatch with the answer to saClmClusterNodeGetAsync.
 * clusterNode is the address that call was given; the node was stored there
 * before the callback if error is SA_OK. SA_ERR_NOT_EXIST: there is no member
 * with that identifier and the memory is untouched.
 */
typedef void (*SaClmClusterNodeGetCallbackT)(
	SaInvocationT invocation,
	SaClmClusterNodeT *clusterNode,
	SaErrorT error);

/*
 * Called by saClmDispatch with a view of the cluster. notificationBuffer is the
 * array given to saClmClusterTrackStart, of which the first numberOfItems
 * entries were filled; numberOfMembers is the number of members of the view
 * viewNumber. error SA_ERR_NO_SPACE: the view has more entries than the array;
 * numberOfItems are those that fitted.
 */
typedef void (*SaClmClusterTrackCallbackT)(
	SaClmClusterNotificationT *notificationBuffer,
	SaUint32T numberOfItems,
	SaUint32T numberOfMembers,
	SaUint64T viewNumber,
	SaErrorT error);

/* Either may be NULL; calls that need it then return SA_ERR_INIT. */
typedef struct {
	SaClmClusterNodeGetCallbackT saClmClusterNodeGetCallback;
	SaClmClusterTrackCallbackT saClmClusterTrackCallback;
} SaClmCallbacksT;

/*
 * saClmInitialize opens the service for this process.
 *
 * clmHandle     receives the handle. Give it back with saClmFinalize.
 * clmCallbacks  copied; NULL means that no callback is given.
 * version       {'A', 1, 1} (or 'a'); never written.
 *
 * SA_OK; SA_ERR_VERSION any other version, or version is NULL;
 * SA_ERR_INVALID_PARAM clmHandle is NULL; SA_ERR_TRY_AGAIN no executive is
 * running; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES the process has no room for
 * the library's runtime, or its file cannot be loaded; SA_ERR_SECURITY this
 * user may not use the executive, or what answers is not one that may be
 * trusted; SA_ERR_ACCESS the path of the socket is closed to this user;
 * SA_ERR_LIBRARY what answers does not speak this library's protocol.
 */
extern SaErrorT saClmInitialize(
	SaClmHandleT *clmHandle,
	const SaClmCallbacksT *clmCallbacks,
	const SaVersionT *version) AIS_A01_BIND(saClmInitialize);

/*
 * saClmSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's: poll
 * it, never read or close it. It ends with saClmFinalize.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saClmSelectionObjectGet(
	const SaClmHandleT *clmHandle,
	SaSelectionObjectT *selectionObject) AIS_A01_BIND(saClmSelectionObjectGet);

/*
 * saClmDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending
 *                (programs that load the library by its soname of 2004 keep the
 *                waiting of that time); SA_DISPATCH_ALL: all that are pending;
 *                SA_DISPATCH_BLOCKING: until the handle is finalized, then
 *                SA_OK.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM no such flag; SA_ERR_LIBRARY.
 */
extern SaErrorT saClmDispatch(
	const SaClmHandleT *clmHandle,
	SaDispatchFlagsT dispatchFlags) AIS_A01_BIND(saClmDispatch);

/*
 * saClmFinalize closes the handle: tracking ends, pending callbacks are dropped.
 * A blocked saClmDispatch of another thread returns SA_OK, any other waiting
 * call SA_ERR_BAD_HANDLE. May be called from inside a callback.
 *
 * SA_OK, also when the executive is gone; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saClmFinalize(
	SaClmHandleT *clmHandle) AIS_A01_BIND(saClmFinalize);

/*
 * saClmClusterTrackStart asks for the current view, for changes from now on, or
 * both.
 *
 * trackFlags          SA_TRACK_CURRENT: the members now, stored in the array
 *                     before the call returns and told by one callback as well
 *                     when a track callback was given; combined with
 *                     SA_TRACK_CHANGES (each change with all members) or
 *                     SA_TRACK_CHANGES_ONLY (each change alone).
 * notificationBuffer  room for numberOfItems entries. Every callback fills it;
 *                     it must live until saClmClusterTrackStop or saClmFinalize
 *                     has returned and is best read inside the callback only.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM notificationBuffer is NULL or
 * numberOfItems 0; SA_ERR_BAD_FLAGS no flag, an unknown one, or both kinds of
 * changes; SA_ERR_INIT changes are asked for and no track callback was given;
 * SA_ERR_NO_SPACE the array is too small for the current view (nothing was
 * started); SA_ERR_NO_MEMORY; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saClmClusterTrackStart(
	const SaClmHandleT *clmHandle,
	SaUint8T trackFlags,
	SaClmClusterNotificationT *notificationBuffer,
	SaUint32T numberOfItems) AIS_A01_BIND(saClmClusterTrackStart);

/*
 * saClmClusterTrackStop ends tracking. A callback that is already pending is
 * dropped, because its array may be gone.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_NOT_EXIST changes are not being tracked;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saClmClusterTrackStop(
	const SaClmHandleT *clmHandle) AIS_A01_BIND(saClmClusterTrackStop);

/*
 * saClmClusterNodeGet asks for one node and waits for the answer. It has no
 * handle: each call uses a connection of its own, so it works before
 * saClmInitialize too.
 *
 * nodeId       SA_CLM_LOCAL_NODE_ID or a member's identifier.
 * timeout      nanoseconds to wait at most. 0 or less is SA_ERR_TIMEOUT.
 * clusterNode  filled when the result is SA_OK.
 *
 * SA_OK; SA_ERR_INVALID_PARAM clusterNode is NULL; SA_ERR_NOT_EXIST there is no
 * such member; SA_ERR_TIMEOUT; and what saClmInitialize returns when there is no
 * executive.
 */
extern SaErrorT saClmClusterNodeGet(
	SaClmNodeIdT nodeId,
	SaTimeT timeout,
	SaClmClusterNodeT *clusterNode) AIS_A01_BIND(saClmClusterNodeGet);

/*
 * saClmClusterNodeGetAsync asks for one node; the answer comes by
 * saClmClusterNodeGetCallback.
 *
 * invocation   any value; the callback carries it.
 * nodeId       as in saClmClusterNodeGet; an unknown one is told by the callback
 *              (SA_ERR_NOT_EXIST).
 * clusterNode  where the answer is stored before the callback. It must live
 *              until then.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM clusterNode is NULL;
 * SA_ERR_INIT that callback was not given; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saClmClusterNodeGetAsync(
	const SaClmHandleT *clmHandle,
	SaInvocationT invocation,
	SaClmNodeIdT nodeId,
	SaClmClusterNodeT *clusterNode) AIS_A01_BIND(saClmClusterNodeGetAsync);

#ifdef __cplusplus
}
#endif

#endif /* AIS_A01_AIS_CLM_H */
