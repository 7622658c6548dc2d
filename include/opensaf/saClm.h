/*
 * saClm.h: the Cluster Membership Service as OpenSAF 5 published it: B.04.01,
 * and B.01.01 for programs that define SA_CLM_B01 (or B02, B03) before they
 * include it.
 *
 * Owns: the types and functions of the service. Link with -lais; programs that
 * were linked with OpenSAF load libSaClm.so.0. Works alone in C89 to C23 and in
 * C++.
 *
 * What saClm.h of openais says of threads, signals, fork, SA_AIS_ERR_LIBRARY and
 * SA_AIS_ERR_TRY_AGAIN holds here too. A handle belongs to the version it was
 * opened with: a function of the other one returns SA_AIS_ERR_VERSION.
 *
 * There is no administration of nodes here: every member stays unlocked, changes
 * are told when they are complete (SA_CLM_CHANGE_COMPLETED), never before, and no
 * callback asks for a response. SA_TRACK_START_STEP and SA_TRACK_VALIDATE_STEP
 * are accepted beside SA_TRACK_CHANGES or SA_TRACK_CHANGES_ONLY and change
 * nothing.
 */
#ifndef AIS_OSAF_SACLM_H
#define AIS_OSAF_SACLM_H

#include "saAis.h"
#include "saNtf.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaClmHandleT;
typedef SaUint32T SaClmNodeIdT;

/* The node on which the calling process runs. */
#define SA_CLM_LOCAL_NODE_ID 0xffffffffU

#define SA_CLM_MAX_ADDRESS_LENGTH 64

typedef enum {
	SA_CLM_AF_INET = 1,
	SA_CLM_AF_INET6 = 2
} SaClmNodeAddressFamilyT;

typedef struct {
	SaClmNodeAddressFamilyT family;
	SaUint16T length;
	SaUint8T value[SA_CLM_MAX_ADDRESS_LENGTH];
} SaClmNodeAddressT;

typedef enum {
	SA_CLM_NODE_NO_CHANGE = 1,
	SA_CLM_NODE_JOINED = 2,
	SA_CLM_NODE_LEFT = 3,
	SA_CLM_NODE_RECONFIGURED = 4,
	SA_CLM_NODE_UNLOCK = 5,
	SA_CLM_NODE_SHUTDOWN = 6
} SaClmClusterChangesT;

typedef enum {
	SA_CLM_CLUSTER_CHANGE_STATUS = 1,
	SA_CLM_ADMIN_STATE = 2
} SaClmStateT;

typedef enum {
	SA_CLM_ADMIN_UNLOCK = 1,
	SA_CLM_ADMIN_LOCK = 2,
	SA_CLM_ADMIN_SHUTDOWN = 3,
	SA_CLM_ADMIN_RESET = 4,
	SA_CLM_ADMIN_ACTION = 5
} SaClmAdminOperationIdT;

typedef enum {
	SA_CLM_ADMIN_UNLOCKED = 1,
	SA_CLM_ADMIN_LOCKED = 2,
	SA_CLM_ADMIN_SHUTTING_DOWN = 3
} SaClmAdminStateT;

typedef enum {
	SA_CLM_ROOT_CAUSE_ENTITY = 1
} SaClmAdditionalInfoIdT_4;

typedef enum {
	SA_CLM_CHANGE_VALIDATE = 1,
	SA_CLM_CHANGE_START = 2,
	SA_CLM_CHANGE_ABORTED = 3,
	SA_CLM_CHANGE_COMPLETED = 4
} SaClmChangeStepT;

typedef enum {
	SA_CLM_CALLBACK_RESPONSE_OK = 1,
	SA_CLM_CALLBACK_RESPONSE_REJECTED = 2,
	SA_CLM_CALLBACK_RESPONSE_ERROR = 3
} SaClmResponseT;

typedef enum {
	SA_CLM_NTFID_NODE_JOIN = 101,
	SA_CLM_NTFID_NODE_LEAVE = 102,
	SA_CLM_NTFID_NODE_RECONFIG = 103,
	SA_CLM_NTFID_NODE_ADMIN_STATE = 104
} SaClmNotificationMinorIdT;

/* As in saClm.h of openais; executionEnvironment is an empty name here. */
typedef struct {
	SaClmNodeIdT nodeId;
	SaClmNodeAddressT nodeAddress;
	SaNameT nodeName;
	SaNameT executionEnvironment;
	SaBoolT member;
	SaTimeT bootTimestamp;
	SaUint64T initialViewNumber;
} SaClmClusterNodeT_4;

typedef struct {
	SaClmClusterNodeT_4 clusterNode;
	SaClmClusterChangesT clusterChange;
} SaClmClusterNotificationT_4;

typedef struct {
	SaUint64T viewNumber;
	SaUint32T numberOfItems;
	SaClmClusterNotificationT_4 *notification;
} SaClmClusterNotificationBufferT_4;

/* The answer to saClmClusterNodeGetAsync; clusterNode is valid until it returns. */
typedef void (*SaClmClusterNodeGetCallbackT_4)(
	SaInvocationT invocation,
	const SaClmClusterNodeT_4 *clusterNode,
	SaAisErrorT error);

/*
 * A view of the cluster. invocation is 0, rootCauseEntity an empty name, the
 * correlation identifiers are 0 and timeSupervision is SA_TIME_UNKNOWN; step is
 * SA_CLM_CHANGE_COMPLETED. All pointers are the library's and valid until the
 * callback returns.
 */
typedef void (*SaClmClusterTrackCallbackT_4)(
	const SaClmClusterNotificationBufferT_4 *notificationBuffer,
	SaUint32T numberOfMembers,
	SaInvocationT invocation,
	const SaNameT *rootCauseEntity,
	const SaNtfCorrelationIdsT *correlationIds,
	SaClmChangeStepT step,
	SaTimeT timeSupervision,
	SaAisErrorT error);

/* Either may be NULL; calls that need it then return SA_AIS_ERR_INIT. */
typedef struct {
	SaClmClusterNodeGetCallbackT_4 saClmClusterNodeGetCallback;
	SaClmClusterTrackCallbackT_4 saClmClusterTrackCallback;
} SaClmCallbacksT_4;

/*
 * saClmInitialize_4 opens the service for a program of B.04.01.
 *
 * version  in: 'B' and a major version of 2 to 4; out, always: B.04.01.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM clmHandle or version is NULL;
 * SA_AIS_ERR_VERSION; and as saClmInitialize of openais.
 */
extern SaAisErrorT saClmInitialize_4(
	SaClmHandleT *clmHandle,
	const SaClmCallbacksT_4 *clmCallbacks,
	SaVersionT *version) AIS_OSAF_BIND(saClmInitialize_4);

/* As in saClm.h of openais; for handles of both versions. */
extern SaAisErrorT saClmSelectionObjectGet(
	SaClmHandleT clmHandle,
	SaSelectionObjectT *selectionObject) AIS_OSAF_BIND(saClmSelectionObjectGet);

/* As in saClm.h of openais; for handles of both versions. SA_DISPATCH_ONE with
 * nothing pending returns at once. */
extern SaAisErrorT saClmDispatch(
	SaClmHandleT clmHandle,
	SaDispatchFlagsT dispatchFlags) AIS_OSAF_BIND(saClmDispatch);

/* As in saClm.h of openais; for handles of both versions. */
extern SaAisErrorT saClmFinalize(
	SaClmHandleT clmHandle) AIS_OSAF_BIND(saClmFinalize);

/*
 * saClmClusterTrack_4 is saClmClusterTrack of openais with two differences: an
 * array that the library allocated is released with
 * saClmClusterNotificationFree_4, and SA_TRACK_LOCAL limits everything to the
 * node of the calling process.
 *
 * SA_AIS_ERR_BAD_FLAGS neither SA_TRACK_CURRENT nor one kind of changes, an
 * unknown flag, both kinds of changes, or a step without changes;
 * SA_AIS_ERR_VERSION the handle is one of B.01.01.
 */
extern SaAisErrorT saClmClusterTrack_4(
	SaClmHandleT clmHandle,
	SaUint8T trackFlags,
	SaClmClusterNotificationBufferT_4 *notificationBuffer) AIS_OSAF_BIND(saClmClusterTrack_4);

/* As in saClm.h of openais; for handles of both versions. */
extern SaAisErrorT saClmClusterTrackStop(
	SaClmHandleT clmHandle) AIS_OSAF_BIND(saClmClusterTrackStop);

/*
 * saClmClusterNotificationFree_4 releases an array that saClmClusterTrack_4
 * allocated.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM notification is NULL;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_VERSION.
 */
extern SaAisErrorT saClmClusterNotificationFree_4(
	SaClmHandleT clmHandle,
	SaClmClusterNotificationT_4 *notification) AIS_OSAF_BIND(saClmClusterNotificationFree_4);

/* As saClmClusterNodeGet of openais; SA_AIS_ERR_VERSION the handle is one of
 * B.01.01. */
extern SaAisErrorT saClmClusterNodeGet_4(
	SaClmHandleT clmHandle,
	SaClmNodeIdT nodeId,
	SaTimeT timeout,
	SaClmClusterNodeT_4 *clusterNode) AIS_OSAF_BIND(saClmClusterNodeGet_4);

/* As in saClm.h of openais; for handles of both versions. */
extern SaAisErrorT saClmClusterNodeGetAsync(
	SaClmHandleT clmHandle,
	SaInvocationT invocation,
	SaClmNodeIdT nodeId) AIS_OSAF_BIND(saClmClusterNodeGetAsync);

/*
 * saClmResponse_4 answers a callback that asked for a response. None does here.
 *
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_VERSION; SA_AIS_ERR_INVALID_PARAM no
 * callback with that invocation waits for a response, or an unknown response.
 */
extern SaAisErrorT saClmResponse_4(
	SaClmHandleT clmHandle,
	SaInvocationT invocation,
	SaClmResponseT response) AIS_OSAF_BIND(saClmResponse_4);

#if defined(SA_CLM_B01) || defined(SA_CLM_B02) || defined(SA_CLM_B03)
typedef struct {
	SaClmNodeIdT nodeId;
	SaClmNodeAddressT nodeAddress;
	SaNameT nodeName;
	SaBoolT member;
	SaTimeT bootTimestamp;
	SaUint64T initialViewNumber;
} SaClmClusterNodeT;

typedef struct {
	SaClmClusterNodeT clusterNode;
	SaClmClusterChangesT clusterChange;
} SaClmClusterNotificationT;

typedef struct {
	SaUint64T viewNumber;
	SaUint32T numberOfItems;
	SaClmClusterNotificationT *notification;
} SaClmClusterNotificationBufferT;

typedef void (*SaClmClusterTrackCallbackT)(
	const SaClmClusterNotificationBufferT *notificationBuffer,
	SaUint32T numberOfMembers,
	SaAisErrorT error);

typedef void (*SaClmClusterNodeGetCallbackT)(
	SaInvocationT invocation,
	const SaClmClusterNodeT *clusterNode,
	SaAisErrorT error);

/* As in saClm.h of openais; SA_AIS_ERR_VERSION the handle is one of B.04.01. */
extern SaAisErrorT saClmClusterTrack(
	SaClmHandleT clmHandle,
	SaUint8T trackFlags,
	SaClmClusterNotificationBufferT *notificationBuffer) AIS_OSAF_BIND(saClmClusterTrack);

/* As in saClm.h of openais; SA_AIS_ERR_VERSION the handle is one of B.04.01. */
extern SaAisErrorT saClmClusterNodeGet(
	SaClmHandleT clmHandle,
	SaClmNodeIdT nodeId,
	SaTimeT timeout,
	SaClmClusterNodeT *clusterNode) AIS_OSAF_BIND(saClmClusterNodeGet);
#endif

#if defined(SA_CLM_B01) || defined(SA_CLM_B02)
typedef struct {
	SaClmClusterNodeGetCallbackT saClmClusterNodeGetCallback;
	SaClmClusterTrackCallbackT saClmClusterTrackCallback;
} SaClmCallbacksT;

/*
 * saClmInitialize opens the service for a program of B.01.01.
 *
 * version  in: 'B' and a major version of 1; out, always: B.01.01.
 */
extern SaAisErrorT saClmInitialize(
	SaClmHandleT *clmHandle,
	const SaClmCallbacksT *clmCallbacks,
	SaVersionT *version) AIS_OSAF_BIND(saClmInitialize);
#endif

/*
 * The functions below were declared by OpenSAF and defined nowhere; no library
 * has them.
 */
#if defined(SA_CLM_B02) || defined(SA_CLM_B03)
extern SaAisErrorT saClmClusterNotificationFree(
	SaClmHandleT clmHandle,
	SaClmClusterNotificationT *notification);
#endif

#ifdef SA_CLM_B03
typedef enum {
	SA_CLM_NODE_NAME = 1
} SaClmAdditionalInfoIdT;

typedef void (*SaClmClusterNodeEvictionCallbackT)(
	SaClmHandleT clmHandle,
	SaInvocationT invocation,
	SaClmAdminOperationIdT operationId);

typedef struct {
	SaClmClusterNodeGetCallbackT saClmClusterNodeGetCallback;
	SaClmClusterTrackCallbackT saClmClusterTrackCallback;
	SaClmClusterNodeEvictionCallbackT saClmClusterNodeEvictionCallback;
} SaClmCallbacksT_3;

extern SaAisErrorT saClmInitialize_3(
	SaClmHandleT *clmHandle,
	const SaClmCallbacksT_3 *clmCallbacks,
	SaVersionT *version);

extern SaAisErrorT saClmResponse(
	SaClmHandleT clmHandle,
	SaInvocationT invocation,
	SaAisErrorT error);
#endif

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SACLM_H */
