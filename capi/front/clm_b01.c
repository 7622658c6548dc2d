/*
 * clm_b01.c: the Cluster Membership Service of B.01.01: argument checks and the
 * structures of saClm.h. Arguments are checked before the handle, as openais
 * 0.80 did.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/gen/adapters_b01.h"
#include "capi/front/service.h"

static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)aisf_error_b01(neutral);
}

static void to_node(SaClmClusterNodeT *to, const struct aisrt_node *from)
{
	memset(to, 0, sizeof(*to));
	to->nodeId = from->id;
	to->nodeAddress.family = from->family == 2 ? SA_CLM_AF_INET6 : SA_CLM_AF_INET;
	to->nodeAddress.length = from->address_length;
	memcpy(to->nodeAddress.value, from->address, sizeof(from->address));
	to->nodeName.length = from->name_length;
	memcpy(to->nodeName.value, from->name, sizeof(from->name));
	to->member = from->member ? SA_TRUE : SA_FALSE;
	to->bootTimestamp = from->boot;
	to->initialViewNumber = from->initial_view;
}

static void to_notifications(SaClmClusterNotificationT *to, const struct aisrt_node *from, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		to_node(&to[i].clusterNode, &from[i]);
		to[i].clusterChange = (SaClmClusterChangesT)from[i].change;
	}
}

static int run_tracked(const SaClmCallbacksT *k, const struct aisrt_call *c)
{
	SaClmClusterNotificationBufferT b;

	if (k->saClmClusterTrackCallback == NULL)
		return 0;
	b.viewNumber = c->view;
	b.numberOfItems = c->items;
	b.notification = calloc(c->items == 0 ? 1 : c->items, sizeof(*b.notification));
	if (b.notification == NULL) {
		b.numberOfItems = 0;
		k->saClmClusterTrackCallback(&b, 0, SA_AIS_ERR_NO_MEMORY);
		return 1;
	}
	to_notifications(b.notification, c->out, c->items);
	pthread_cleanup_push(free, b.notification);
	k->saClmClusterTrackCallback(&b, c->members, result(c->result));
	pthread_cleanup_pop(1);
	return 1;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const SaClmCallbacksT *k = h->own;
	SaClmClusterNodeT node;

	if (e->call.kind == AISRT_CLM_TRACKED)
		return run_tracked(k, &e->call);
	if (e->call.kind != AISRT_CLM_NODE || k->saClmClusterNodeGetCallback == NULL)
		return 0;
	to_node(&node, e->call.out);
	k->saClmClusterNodeGetCallback(e->call.invocation, &node, result(e->call.result));
	return 1;
}

/* Version negotiation of openais 0.80: same release, at most this major; what is
 * supported is told in every case. */
static int negotiate(SaVersionT *v)
{
	int fits = v->releaseCode == 'B' && v->majorVersion <= 1;

	v->releaseCode = 'B';
	v->majorVersion = 1;
	v->minorVersion = 1;
	return fits;
}

SaAisErrorT aisf_b01_saClmInitialize(SaClmHandleT *clmHandle,
	const SaClmCallbacksT *clmCallbacks, SaVersionT *version)
{
	struct aisf_handle *h;
	unsigned error;

	if (clmHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version))
		return SA_AIS_ERR_VERSION;
	error = aisf_initialize(AISF_CLM_B01, AISF_SERVICE_CLM, 'B', run, clmCallbacks, sizeof(*clmCallbacks), &h);
	if (error == AISF_OK)
		*clmHandle = h->id;
	return result(error);
}

SaAisErrorT aisf_b01_saClmSelectionObjectGet(SaClmHandleT clmHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h;
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(clmHandle, AISF_CLM_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT aisf_b01_saClmDispatch(SaClmHandleT clmHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(dispatchFlags))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(clmHandle, AISF_CLM_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaAisErrorT aisf_b01_saClmFinalize(SaClmHandleT clmHandle)
{
	struct aisf_handle *h = aisf_get(clmHandle, AISF_CLM_B01);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* Puts the current view where the application wants it. */
static unsigned deliver_view(const struct aisrt_call *c, SaClmClusterNotificationBufferT *b, SaUint32T room)
{
	if (b->notification == NULL) {
		b->notification = calloc(c->items == 0 ? 1 : c->items, sizeof(*b->notification));
		if (b->notification == NULL)
			return AISF_NO_MEMORY;
	} else if (room < c->items) {
		b->numberOfItems = c->items;
		return AISF_NO_SPACE;
	}
	to_notifications(b->notification, c->out, c->items);
	b->numberOfItems = c->items;
	b->viewNumber = c->view;
	return AISF_OK;
}

static unsigned track_once(struct aisf_handle *h, SaUint8T flags, SaClmClusterNotificationBufferT *b, SaUint32T room)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_CLM_TRACK, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	c->flags = flags;
	c->want_view = b != NULL;
	error = aisf_run(h, c, AISF_NEVER);
	if (error == AISF_OK && b != NULL)
		error = deliver_view(c, b, room);
	aisf_end(h);
	return error;
}

/*
 * View and tracking start in one request, or a change between them would be
 * missed. With an array of the caller's, its size is tried first, so that a call
 * that fails has started nothing; when members join in between, tracking is
 * stopped again.
 */
static unsigned track(struct aisf_handle *h, SaUint8T flags, SaClmClusterNotificationBufferT *b)
{
	const unsigned changes = flags & ~SA_TRACK_CURRENT;
	const SaUint32T room = b == NULL ? 0 : b->numberOfItems;
	struct aisrt_call *c;
	unsigned error;

	if ((flags & SA_TRACK_CURRENT) == 0)
		b = NULL;
	if (b != NULL && b->notification != NULL && changes != 0) {
		error = track_once(h, SA_TRACK_CURRENT, b, room);
		if (error != AISF_OK)
			return error;
	}
	error = track_once(h, flags, b, room);
	if ((error == AISF_NO_SPACE || error == AISF_NO_MEMORY) && changes != 0 &&
		aisf_begin(h, AISRT_CLM_TRACK_STOP, AISF_NEVER, &c) == AISF_OK) {
		aisf_run(h, c, AISF_NEVER);
		aisf_end(h);
	}
	return error;
}

SaAisErrorT aisf_b01_saClmClusterTrack(SaClmHandleT clmHandle, SaUint8T trackFlags,
	SaClmClusterNotificationBufferT *notificationBuffer)
{
	const unsigned changes = SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY;
	struct aisf_handle *h;
	unsigned error;
	int cancel;

	if (trackFlags == 0 || (trackFlags & ~(SA_TRACK_CURRENT | changes)) != 0 || (trackFlags & changes) == changes)
		return SA_AIS_ERR_BAD_FLAGS;
	if ((trackFlags & SA_TRACK_CURRENT) && notificationBuffer != NULL &&
		notificationBuffer->notification != NULL && notificationBuffer->numberOfItems == 0)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(clmHandle, AISF_CLM_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaClmCallbacksT *)h->own)->saClmClusterTrackCallback == NULL &&
		((trackFlags & changes) != 0 || notificationBuffer == NULL)) {
		aisf_put(h);
		return SA_AIS_ERR_INIT;
	}
	cancel = aisf_cancel_off();
	error = track(h, trackFlags, notificationBuffer);
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

SaAisErrorT aisf_b01_saClmClusterTrackStop(SaClmHandleT clmHandle)
{
	struct aisf_handle *h = aisf_get(clmHandle, AISF_CLM_B01);

	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_simple(h, AISRT_CLM_TRACK_STOP, NULL, NULL));
}

SaAisErrorT aisf_b01_saClmClusterNodeGet(SaClmHandleT clmHandle, SaClmNodeIdT nodeId,
	SaTimeT timeout, SaClmClusterNodeT *clusterNode)
{
	struct aisf_handle *h;
	struct aisrt_node node;
	unsigned error;

	if (clusterNode == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(clmHandle, AISF_CLM_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (timeout <= 0) {
		aisf_put(h);
		return SA_AIS_ERR_TIMEOUT;
	}
	error = aisf_clm_node_get(h, nodeId, aisf_deadline(timeout), &node);
	if (error == AISF_OK)
		to_node(clusterNode, &node);
	return result(error);
}

struct async {
	SaInvocationT invocation;
	SaClmNodeIdT node;
};

static void fill_async(struct aisrt_call *c, const void *arg)
{
	const struct async *a = arg;

	c->invocation = a->invocation;
	c->node_id = a->node;
}

SaAisErrorT aisf_b01_saClmClusterNodeGetAsync(SaClmHandleT clmHandle, SaInvocationT invocation, SaClmNodeIdT nodeId)
{
	struct aisf_handle *h = aisf_get(clmHandle, AISF_CLM_B01);
	struct async a;

	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaClmCallbacksT *)h->own)->saClmClusterNodeGetCallback == NULL) {
		aisf_put(h);
		return SA_AIS_ERR_INIT;
	}
	a.invocation = invocation;
	a.node = nodeId;
	return result(aisf_simple(h, AISRT_CLM_NODE_GET_ASYNC, fill_async, &a));
}
