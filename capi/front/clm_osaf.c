/*
 * clm_osaf.c: the Cluster Membership Service as OpenSAF had it: B.04.01 and
 * B.01.01 behind one kind of handle, which remembers its version.
 *
 * Nodes are not administered here, so nothing asks for a response and every
 * change is told when it is complete.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/gen/adapters_osaf.h"
#include "capi/front/service.h"

enum version { V1 = 1, V4 = 4 };

struct own {
	enum version version;
	SaClmCallbacksT v1;
	SaClmCallbacksT_4 v4;
	/* SA_TRACK_LOCAL: the node that tracking is limited to, 0 when it is not.
	 * Read and written atomically. */
	uint32_t only;
};

static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)aisf_error_osaf(neutral);
}

static void to_address(SaClmNodeAddressT *to, const struct aisrt_node *from)
{
	to->family = from->family == 2 ? SA_CLM_AF_INET6 : SA_CLM_AF_INET;
	to->length = from->address_length;
	memcpy(to->value, from->address, sizeof(from->address));
}

static void to_name(SaNameT *to, const struct aisrt_node *from)
{
	to->length = from->name_length;
	memcpy(to->value, from->name, sizeof(from->name));
}

static void to_node_1(SaClmClusterNodeT *to, const struct aisrt_node *from)
{
	memset(to, 0, sizeof(*to));
	to->nodeId = from->id;
	to_address(&to->nodeAddress, from);
	to_name(&to->nodeName, from);
	to->member = from->member ? SA_TRUE : SA_FALSE;
	to->bootTimestamp = from->boot;
	to->initialViewNumber = from->initial_view;
}

static void to_node_4(SaClmClusterNodeT_4 *to, const struct aisrt_node *from)
{
	memset(to, 0, sizeof(*to));
	to->nodeId = from->id;
	to_address(&to->nodeAddress, from);
	to_name(&to->nodeName, from);
	to->member = from->member ? SA_TRUE : SA_FALSE;
	to->bootTimestamp = from->boot;
	to->initialViewNumber = from->initial_view;
}

/* A notification of either version. */
static size_t notification_size(enum version v)
{
	return v == V1 ? sizeof(SaClmClusterNotificationT) : sizeof(SaClmClusterNotificationT_4);
}

static void to_notification(enum version v, void *array, uint32_t i, const struct aisrt_node *from)
{
	SaClmClusterNotificationT *n1 = array;
	SaClmClusterNotificationT_4 *n4 = array;

	if (v == V1) {
		memset(&n1[i], 0, sizeof(n1[i]));
		to_node_1(&n1[i].clusterNode, from);
		n1[i].clusterChange = (SaClmClusterChangesT)from->change;
	} else {
		memset(&n4[i], 0, sizeof(n4[i]));
		to_node_4(&n4[i].clusterNode, from);
		n4[i].clusterChange = (SaClmClusterChangesT)from->change;
	}
}

/* Leaves of a view the one node that is asked for. */
static void limit(struct aisrt_call *c, uint32_t only)
{
	struct aisrt_node *nodes = c->out;
	uint32_t i, n = 0;

	if (only == 0)
		return;
	for (i = 0; i < c->items; i++)
		if (nodes[i].id == only) {
			if (i != n)
				nodes[n] = nodes[i];
			n++;
		}
	c->items = n;
}

static int changed(const struct aisrt_call *c)
{
	const struct aisrt_node *nodes = c->out;
	uint32_t i;

	for (i = 0; i < c->items; i++)
		if (nodes[i].change != SA_CLM_NODE_NO_CHANGE)
			return 1;
	return 0;
}

/* With SA_TRACK_LOCAL the view becomes that of the one node. False: something
 * happened, but not to it, which is not told. */
static int concerns(struct aisrt_call *c, uint32_t only)
{
	int any = changed(c);

	limit(c, only);
	return only == 0 || !any || changed(c);
}

static void call_tracked(const struct own *o, const struct aisrt_call *c, void *array)
{
	SaAisErrorT error = array == NULL ? SA_AIS_ERR_NO_MEMORY : result(c->result);
	uint32_t items = array == NULL ? 0 : c->items, i;

	for (i = 0; i < items; i++)
		to_notification(o->version, array, i, (const struct aisrt_node *)c->out + i);
	if (o->version == V1) {
		SaClmClusterNotificationBufferT b;

		b.viewNumber = c->view;
		b.numberOfItems = items;
		b.notification = array;
		o->v1.saClmClusterTrackCallback(&b, c->members, error);
	} else {
		SaClmClusterNotificationBufferT_4 b;
		SaNtfCorrelationIdsT none = {0, 0, 0};
		SaNameT nobody;

		memset(&nobody, 0, sizeof(nobody));
		b.viewNumber = c->view;
		b.numberOfItems = items;
		b.notification = array;
		o->v4.saClmClusterTrackCallback(&b, c->members, 0, &nobody, &none, SA_CLM_CHANGE_COMPLETED,
			(SaTimeT)SA_TIME_UNKNOWN, error);
	}
}

static int has_track(const struct own *o)
{
	return o->version == V1 ? o->v1.saClmClusterTrackCallback != NULL : o->v4.saClmClusterTrackCallback != NULL;
}

static int run_tracked(struct own *o, struct aisrt_call *c)
{
	uint32_t only = __atomic_load_n(&o->only, __ATOMIC_RELAXED);
	void *array;

	if (!has_track(o))
		return 0;
	if (!concerns(c, only))
		return 0;
	array = calloc(c->items == 0 ? 1 : c->items, notification_size(o->version));
	pthread_cleanup_push(free, array);
	call_tracked(o, c, array);
	pthread_cleanup_pop(1);
	return 1;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	struct own *o = h->own;
	struct aisrt_call *c = &e->call;

	if (c->kind == AISRT_CLM_TRACKED)
		return run_tracked(o, c);
	if (c->kind != AISRT_CLM_NODE)
		return 0;
	if (o->version == V1 && o->v1.saClmClusterNodeGetCallback != NULL) {
		SaClmClusterNodeT node;

		to_node_1(&node, c->out);
		o->v1.saClmClusterNodeGetCallback(c->invocation, &node, result(c->result));
		return 1;
	}
	if (o->version == V4 && o->v4.saClmClusterNodeGetCallback != NULL) {
		SaClmClusterNodeT_4 node;

		to_node_4(&node, c->out);
		o->v4.saClmClusterNodeGetCallback(c->invocation, &node, result(c->result));
		return 1;
	}
	return 0;
}

/* What is supported is told in every case. */
static int negotiate(SaVersionT *v, unsigned lowest, unsigned highest)
{
	int fits = v->releaseCode == 'B' && v->majorVersion >= lowest && v->majorVersion <= highest;

	v->releaseCode = 'B';
	v->majorVersion = (SaUint8T)highest;
	v->minorVersion = 1;
	return fits;
}

/* own is given over. */
static SaAisErrorT initialize(SaClmHandleT *clmHandle, struct own *own)
{
	struct aisf_handle *h;
	unsigned error;
	int cancel = aisf_cancel_off();

	error = aisf_open(AISF_CLM_OSAF, AISF_SERVICE_CLM, 'B', aisf_deadline(AISF_HANDSHAKE_NS), run, own, free, &h);
	if (error == AISF_OK)
		*clmHandle = h->id;
	aisf_cancel_restore(cancel);
	return result(error);
}

SaAisErrorT aisf_osaf_saClmInitialize(SaClmHandleT *clmHandle, const SaClmCallbacksT *clmCallbacks,
	SaVersionT *version)
{
	struct own *own;

	if (clmHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version, 1, 1))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_AIS_ERR_NO_MEMORY;
	own->version = V1;
	if (clmCallbacks != NULL)
		own->v1 = *clmCallbacks;
	return initialize(clmHandle, own);
}

SaAisErrorT aisf_osaf_saClmInitialize_4(SaClmHandleT *clmHandle, const SaClmCallbacksT_4 *clmCallbacks,
	SaVersionT *version)
{
	struct own *own;

	if (clmHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version, 2, 4))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_AIS_ERR_NO_MEMORY;
	own->version = V4;
	if (clmCallbacks != NULL)
		own->v4 = *clmCallbacks;
	return initialize(clmHandle, own);
}

/* The handle, if it is of that version (0: either). */
static SaAisErrorT get(SaClmHandleT clmHandle, int version, struct aisf_handle **h)
{
	*h = aisf_get(clmHandle, AISF_CLM_OSAF);
	if (*h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (version != 0 && (int)((const struct own *)(*h)->own)->version != version) {
		aisf_put(*h);
		return SA_AIS_ERR_VERSION;
	}
	return SA_AIS_OK;
}

SaAisErrorT aisf_osaf_saClmSelectionObjectGet(SaClmHandleT clmHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h;
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (get(clmHandle, 0, &h) != SA_AIS_OK)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT aisf_osaf_saClmDispatch(SaClmHandleT clmHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(dispatchFlags))
		return SA_AIS_ERR_INVALID_PARAM;
	if (get(clmHandle, 0, &h) != SA_AIS_OK)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaAisErrorT aisf_osaf_saClmFinalize(SaClmHandleT clmHandle)
{
	struct aisf_handle *h;

	if (get(clmHandle, 0, &h) != SA_AIS_OK)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_finalize(h));
}

/* A buffer of either version: their members lie in the same places. */
struct buffer {
	SaUint64T *view;
	SaUint32T *items;
	void *array; /* the caller's, or NULL */
	void *made;  /* the one that was allocated instead */
	SaUint32T room;
};

static unsigned deliver_view(enum version v, struct aisrt_call *c, struct buffer *b, uint32_t only)
{
	void *array = b->array;
	uint32_t i;

	limit(c, only);
	if (array == NULL) {
		array = b->made = calloc(c->items == 0 ? 1 : c->items, notification_size(v));
		if (array == NULL)
			return AISF_NO_MEMORY;
	} else if (b->room < c->items) {
		*b->items = c->items;
		return AISF_NO_SPACE;
	}
	for (i = 0; i < c->items; i++)
		to_notification(v, array, i, (const struct aisrt_node *)c->out + i);
	*b->items = c->items;
	*b->view = c->view;
	return AISF_OK;
}

static unsigned track_once(struct aisf_handle *h, unsigned flags, struct buffer *b, uint32_t only)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_CLM_TRACK, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	c->flags = flags;
	c->want_view = b != NULL;
	error = aisf_run(h, c, AISF_NEVER);
	if (error == AISF_OK && b != NULL)
		error = deliver_view(((const struct own *)h->own)->version, c, b, only);
	aisf_end(h);
	return error;
}

static void stop(struct aisf_handle *h)
{
	struct aisrt_call *c;

	if (aisf_begin(h, AISRT_CLM_TRACK_STOP, AISF_NEVER, &c) == AISF_OK) {
		aisf_run(h, c, AISF_NEVER);
		aisf_end(h);
	}
}

/* The local node's identifier. */
static unsigned local_node(struct aisf_handle *h, uint32_t *id)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_CLM_NODE_GET, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	c->node_id = SA_CLM_LOCAL_NODE_ID;
	c->timeout_ns = SA_TIME_ONE_MINUTE;
	error = aisf_run(h, c, AISF_NEVER);
	if (error == AISF_OK)
		*id = ((const struct aisrt_node *)c->out)->id;
	aisf_end(h);
	return error;
}

/* As in clm_b01.c: view and tracking in one request, and a failed call has
 * started nothing. */
static unsigned track(struct aisf_handle *h, unsigned flags, struct buffer *b)
{
	const unsigned changes = flags & (SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY);
	struct own *o = h->own;
	uint32_t only = 0;
	unsigned error;

	if (flags & SA_TRACK_LOCAL) {
		error = local_node(h, &only);
		if (error != AISF_OK)
			return error;
	}
	if ((flags & SA_TRACK_CURRENT) == 0)
		b = NULL;
	if (b != NULL && b->array != NULL && changes != 0) {
		error = track_once(h, SA_TRACK_CURRENT, b, only);
		if (error != AISF_OK)
			return error;
	}
	__atomic_store_n(&o->only, only, __ATOMIC_RELAXED);
	error = track_once(h, changes | (flags & SA_TRACK_CURRENT), b, only);
	if ((error == AISF_NO_SPACE || error == AISF_NO_MEMORY) && changes != 0)
		stop(h);
	return error;
}

static unsigned check_track(const struct own *o, unsigned flags, int with_buffer)
{
	const unsigned changes = SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY;

	if (!has_track(o) && ((flags & changes) != 0 || !with_buffer))
		return AISF_INIT;
	return AISF_OK;
}

static int flags_fit(unsigned flags, unsigned more)
{
	const unsigned changes = SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY;

	if ((flags & ~(SA_TRACK_CURRENT | changes | more)) != 0 || (flags & changes) == changes)
		return 0;
	if ((flags & (SA_TRACK_START_STEP | SA_TRACK_VALIDATE_STEP)) != 0 && (flags & changes) == 0)
		return 0;
	return (flags & (SA_TRACK_CURRENT | changes)) != 0;
}

/* What both track functions do after their checks. */
static SaAisErrorT track_and_put(struct aisf_handle *h, unsigned flags, struct buffer *b)
{
	int cancel = aisf_cancel_off();
	unsigned error = check_track(h->own, flags, b != NULL);

	if (error == AISF_OK)
		error = track(h, flags, b);
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

SaAisErrorT aisf_osaf_saClmClusterTrack(SaClmHandleT clmHandle, SaUint8T trackFlags,
	SaClmClusterNotificationBufferT *notificationBuffer)
{
	struct aisf_handle *h;
	struct buffer b;
	SaAisErrorT error;

	if (!flags_fit(trackFlags, 0))
		return SA_AIS_ERR_BAD_FLAGS;
	memset(&b, 0, sizeof(b));
	if (notificationBuffer != NULL) {
		b.view = &notificationBuffer->viewNumber;
		b.items = &notificationBuffer->numberOfItems;
		b.array = notificationBuffer->notification;
		b.room = notificationBuffer->numberOfItems;
		if ((trackFlags & SA_TRACK_CURRENT) && b.array != NULL && b.room == 0)
			return SA_AIS_ERR_INVALID_PARAM;
	}
	error = get(clmHandle, V1, &h);
	if (error != SA_AIS_OK)
		return error;
	error = track_and_put(h, trackFlags, notificationBuffer == NULL ? NULL : &b);
	if (b.made != NULL)
		notificationBuffer->notification = b.made;
	return error;
}

SaAisErrorT aisf_osaf_saClmClusterTrack_4(SaClmHandleT clmHandle, SaUint8T trackFlags,
	SaClmClusterNotificationBufferT_4 *notificationBuffer)
{
	struct aisf_handle *h;
	struct buffer b;
	SaAisErrorT error;

	if (!flags_fit(trackFlags, SA_TRACK_LOCAL | SA_TRACK_START_STEP | SA_TRACK_VALIDATE_STEP))
		return SA_AIS_ERR_BAD_FLAGS;
	memset(&b, 0, sizeof(b));
	if (notificationBuffer != NULL) {
		b.view = &notificationBuffer->viewNumber;
		b.items = &notificationBuffer->numberOfItems;
		b.array = notificationBuffer->notification;
		b.room = notificationBuffer->numberOfItems;
		if ((trackFlags & SA_TRACK_CURRENT) && b.array != NULL && b.room == 0)
			return SA_AIS_ERR_INVALID_PARAM;
	}
	error = get(clmHandle, V4, &h);
	if (error != SA_AIS_OK)
		return error;
	error = track_and_put(h, trackFlags, notificationBuffer == NULL ? NULL : &b);
	if (b.made != NULL)
		notificationBuffer->notification = b.made;
	return error;
}

SaAisErrorT aisf_osaf_saClmClusterTrackStop(SaClmHandleT clmHandle)
{
	struct aisf_handle *h;

	if (get(clmHandle, 0, &h) != SA_AIS_OK)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_simple(h, AISRT_CLM_TRACK_STOP, NULL, NULL));
}

SaAisErrorT aisf_osaf_saClmClusterNotificationFree_4(SaClmHandleT clmHandle, SaClmClusterNotificationT_4 *notification)
{
	struct aisf_handle *h;
	SaAisErrorT error;

	if (notification == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = get(clmHandle, V4, &h);
	if (error != SA_AIS_OK)
		return error;
	aisf_put(h);
	free(notification);
	return SA_AIS_OK;
}

/* Both node get functions. */
static SaAisErrorT node_get(SaClmHandleT clmHandle, enum version v, SaClmNodeIdT nodeId, SaTimeT timeout,
	struct aisrt_node *node)
{
	struct aisf_handle *h;
	SaAisErrorT error = get(clmHandle, v, &h);

	if (error != SA_AIS_OK)
		return error;
	if (timeout <= 0) {
		aisf_put(h);
		return SA_AIS_ERR_TIMEOUT;
	}
	return result(aisf_clm_node_get(h, nodeId, aisf_deadline(timeout), node));
}

SaAisErrorT aisf_osaf_saClmClusterNodeGet(SaClmHandleT clmHandle, SaClmNodeIdT nodeId, SaTimeT timeout,
	SaClmClusterNodeT *clusterNode)
{
	struct aisrt_node node;
	SaAisErrorT error;

	if (clusterNode == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = node_get(clmHandle, V1, nodeId, timeout, &node);
	if (error == SA_AIS_OK)
		to_node_1(clusterNode, &node);
	return error;
}

SaAisErrorT aisf_osaf_saClmClusterNodeGet_4(SaClmHandleT clmHandle, SaClmNodeIdT nodeId, SaTimeT timeout,
	SaClmClusterNodeT_4 *clusterNode)
{
	struct aisrt_node node;
	SaAisErrorT error;

	if (clusterNode == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = node_get(clmHandle, V4, nodeId, timeout, &node);
	if (error == SA_AIS_OK)
		to_node_4(clusterNode, &node);
	return error;
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

SaAisErrorT aisf_osaf_saClmClusterNodeGetAsync(SaClmHandleT clmHandle, SaInvocationT invocation, SaClmNodeIdT nodeId)
{
	struct aisf_handle *h;
	struct async a;
	const struct own *o;

	if (get(clmHandle, 0, &h) != SA_AIS_OK)
		return SA_AIS_ERR_BAD_HANDLE;
	o = h->own;
	if (o->version == V1 ? o->v1.saClmClusterNodeGetCallback == NULL : o->v4.saClmClusterNodeGetCallback == NULL) {
		aisf_put(h);
		return SA_AIS_ERR_INIT;
	}
	a.invocation = invocation;
	a.node = nodeId;
	return result(aisf_simple(h, AISRT_CLM_NODE_GET_ASYNC, fill_async, &a));
}

SaAisErrorT aisf_osaf_saClmResponse_4(SaClmHandleT clmHandle, SaInvocationT invocation, SaClmResponseT response)
{
	struct aisf_handle *h;
	SaAisErrorT error = get(clmHandle, V4, &h);

	(void)invocation;
	(void)response;
	if (error != SA_AIS_OK)
		return error;
	aisf_put(h);
	return SA_AIS_ERR_INVALID_PARAM; /* nobody waits for one */
}
