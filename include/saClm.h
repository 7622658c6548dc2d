/*
 * saClm.h: the Cluster Membership Service, generation B.01.01, as openais 0.80
 * published it: which nodes are members of the cluster, and what changes.
 *
 * Owns: the types and the eight functions of the service. Link with -lais or
 * -lSaClm. Works alone in C89 to C23 and in C++.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting; no call returns early because of one.
 * - fork: in the child every inherited handle is SA_AIS_ERR_BAD_HANDLE; the
 *   child may call saClmInitialize for handles of its own.
 * - SA_AIS_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saClmFinalize only; a new saClmInitialize works as soon
 *   as an executive runs again.
 * - SA_AIS_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes
 *   or has no room just now; repeat the call a little later.
 * Clause numbers are those of SAI-AIS-CLM-B.01.01.
 */
#ifndef AIS_B_SACLM_H
#define AIS_B_SACLM_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One use of the service by a process; only the library knows what is in it. */
typedef SaUint64T SaClmHandleT;

typedef SaUint32T SaClmNodeIdT;

/* The node on which the calling process runs. */
#define SA_CLM_LOCAL_NODE_ID 0xffffffffU

#define SA_CLM_MAX_ADDRESS_LENGTH 64

typedef enum {
	SA_CLM_AF_INET = 1,
	SA_CLM_AF_INET6 = 2
} SaClmNodeAddressFamilyT;

/* length bytes of value: the binary address, 4 or 16 bytes, network order. */
typedef struct {
	SaClmNodeAddressFamilyT family;
	SaUint16T length;
	SaUint8T value[SA_CLM_MAX_ADDRESS_LENGTH];
} SaClmNodeAddressT;

/*
 * A node. member: SA_TRUE while it belongs to the cluster. bootTimestamp: when
 * its executive started, in nanoseconds since 1970. initialViewNumber: the view
 * in which it joined.
 */
typedef struct {
	SaClmNodeIdT nodeId;
	SaClmNodeAddressT nodeAddress;
	SaNameT nodeName;
	SaBoolT member;
	SaTimeT bootTimestamp;
	SaUint64T initialViewNumber;
} SaClmClusterNodeT;

typedef enum {
	SA_CLM_NODE_NO_CHANGE = 1,
	SA_CLM_NODE_JOINED = 2,
	SA_CLM_NODE_LEFT = 3,
	SA_CLM_NODE_RECONFIGURED = 4
} SaClmClusterChangesT;

typedef struct {
	SaClmClusterNodeT clusterNode;
	SaClmClusterChangesT clusterChange;
} SaClmClusterNotificationT;

/* numberOfItems entries at notification, describing view viewNumber. */
typedef struct {
	SaUint64T viewNumber;
	SaUint32T numberOfItems;
	SaClmClusterNotificationT *notification;
} SaClmClusterNotificationBufferT;

/*
 * Called by saClmDispatch with the answer to saClmClusterNodeGetAsync (3.5.6).
 * invocation is the value that call was given. error SA_AIS_OK: clusterNode is
 * the node; SA_AIS_ERR_NOT_EXIST: there is no member with that identifier,
 * clusterNode is meaningless. clusterNode is the library's and valid until the
 * callback returns.
 */
typedef void (*SaClmClusterNodeGetCallbackT)(
	SaInvocationT invocation,
	const SaClmClusterNodeT *clusterNode,
	SaAisErrorT error);

/*
 * Called by saClmDispatch with a view of the cluster (3.5.2). error SA_AIS_OK:
 * notificationBuffer holds the view and what changed, as the track flags asked;
 * numberOfMembers is the number of members of that view. With another error the
 * view could not be had and the buffer holds no item. The buffer and its array
 * are the library's and valid until the callback returns.
 */
typedef void (*SaClmClusterTrackCallbackT)(
	const SaClmClusterNotificationBufferT *notificationBuffer,
	SaUint32T numberOfMembers,
	SaAisErrorT error);

/* Either may be NULL; calls that need it then return SA_AIS_ERR_INIT. */
typedef struct {
	SaClmClusterNodeGetCallbackT saClmClusterNodeGetCallback;
	SaClmClusterTrackCallbackT saClmClusterTrackCallback;
} SaClmCallbacksT;

/*
 * saClmInitialize opens the service for this process (3.4.1).
 *
 * clmHandle     receives the handle. Give it back with saClmFinalize.
 * clmCallbacks  copied; NULL means that no callback is given.
 * version       in: the version the caller was written for; out: the version
 *               that is supported (B.01.01), on success and on failure.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM clmHandle or version is NULL;
 * SA_AIS_ERR_VERSION another release code, or a higher major version;
 * SA_AIS_ERR_TRY_AGAIN no executive is running (or it accepts nobody yet);
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES the process has no room for the
 * library's runtime (address space, processes, descriptors) or its file cannot
 * be loaded; SA_AIS_ERR_SECURITY this user may not use the executive, or
 * what answers is not one that may be trusted; SA_AIS_ERR_ACCESS the path of the
 * socket is closed to this user; SA_AIS_ERR_LIBRARY what answers does not speak
 * this library's protocol.
 *
 * The first successful load of the runtime takes some milliseconds; nothing of
 * it runs in the process before that.
 */
extern SaAisErrorT saClmInitialize(
	SaClmHandleT *clmHandle,
	const SaClmCallbacksT *clmCallbacks,
	SaVersionT *version);

/*
 * saClmSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone (3.4.2).
 *
 * selectionObject  receives it. It is the library's: poll it, never read or
 *                  close it. It ends with saClmFinalize.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM selectionObject is
 * NULL; SA_AIS_ERR_LIBRARY the executive is gone.
 */
extern SaAisErrorT saClmSelectionObjectGet(
	SaClmHandleT clmHandle,
	SaSelectionObjectT *selectionObject);

/*
 * saClmDispatch runs pending callbacks on the calling thread (3.4.3).
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending;
 *                SA_DISPATCH_ALL: all that are pending; SA_DISPATCH_BLOCKING:
 *                until the handle is finalized, then SA_AIS_OK.
 *
 * Programs that were linked with openais and load this library by its soname
 * keep openais' SA_DISPATCH_ONE, which waits for one callback.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM no such flag;
 * SA_AIS_ERR_LIBRARY the executive is gone.
 */
extern SaAisErrorT saClmDispatch(
	SaClmHandleT clmHandle,
	SaDispatchFlagsT dispatchFlags);

/*
 * saClmFinalize closes the handle (3.4.4): tracking ends, pending callbacks are
 * dropped, the selection object is closed. A call of another thread on the
 * handle that is waiting returns: a blocked saClmDispatch with SA_AIS_OK, any
 * other call with SA_AIS_ERR_BAD_HANDLE. May be called from inside a callback.
 *
 * SA_AIS_OK, also when the executive is gone; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saClmFinalize(
	SaClmHandleT clmHandle);

/*
 * saClmClusterTrack asks for the current view, for changes from now on, or both
 * (3.5.1).
 *
 * trackFlags          SA_TRACK_CURRENT: the members now, once; combined with
 *                     SA_TRACK_CHANGES (each change with all members) or with
 *                     SA_TRACK_CHANGES_ONLY (each change alone), of which only
 *                     one may be given. A later call with either replaces the
 *                     tracking that was in force.
 * notificationBuffer  used with SA_TRACK_CURRENT only. NULL: the view comes by
 *                     saClmClusterTrackCallback. Else it is filled before the
 *                     call returns: with notification NULL the library
 *                     allocates the array, which the caller releases with
 *                     free(); otherwise notification has room for
 *                     numberOfItems entries. viewNumber and numberOfItems are
 *                     set.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_BAD_FLAGS no flag, an unknown
 * one, or both kinds of changes; SA_AIS_ERR_INVALID_PARAM a notification array
 * with numberOfItems 0; SA_AIS_ERR_INIT a callback is needed and none was given;
 * SA_AIS_ERR_NO_SPACE the array is too small: numberOfItems then tells how many
 * are needed, the array is untouched, and tracking was not started;
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saClmClusterTrack(
	SaClmHandleT clmHandle,
	SaUint8T trackFlags,
	SaClmClusterNotificationBufferT *notificationBuffer);

/*
 * saClmClusterTrackStop ends tracking (3.5.3). Notifications that are already
 * pending are still delivered.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST changes are not being
 * tracked; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saClmClusterTrackStop(
	SaClmHandleT clmHandle);

/*
 * saClmClusterNodeGet asks for one node and waits for the answer (3.5.4).
 *
 * nodeId       SA_CLM_LOCAL_NODE_ID or a member's identifier.
 * timeout      nanoseconds to wait at most. 0 or less is SA_AIS_ERR_TIMEOUT.
 * clusterNode  filled when the result is SA_AIS_OK.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM clusterNode is
 * NULL; SA_AIS_ERR_NOT_EXIST there is no such member; SA_AIS_ERR_TIMEOUT;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saClmClusterNodeGet(
	SaClmHandleT clmHandle,
	SaClmNodeIdT nodeId,
	SaTimeT timeout,
	SaClmClusterNodeT *clusterNode);

/*
 * saClmClusterNodeGetAsync asks for one node; the answer comes by
 * saClmClusterNodeGetCallback (3.5.5).
 *
 * invocation  any value, 0 included; the callback carries it.
 * nodeId      as in saClmClusterNodeGet; an unknown one is told by the callback
 *             (SA_AIS_ERR_NOT_EXIST).
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT that callback was not given;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saClmClusterNodeGetAsync(
	SaClmHandleT clmHandle,
	SaInvocationT invocation,
	SaClmNodeIdT nodeId);

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_SACLM_H */
