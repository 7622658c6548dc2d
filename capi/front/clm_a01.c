/*
 * clm_a01.c: the Cluster Membership Service of A.01.01: handles of 32 bits passed
 * by address, answers stored in the application's own memory, a node get without
 * a handle.
 *
 * Where 2004 sent the application's addresses to the daemon and believed what
 * came back, they stay here: the tracking array in the handle, a waiting node in
 * a list under a number.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/gen/adapters_a01.h"
#include "capi/front/service.h"

/* A node that an answer to saClmClusterNodeGetAsync is stored in. */
struct waiting {
	struct waiting *next;
	uint64_t number;
	SaInvocationT invocation;
	SaClmClusterNodeT *node;
};

struct own {
	SaClmCallbacksT callbacks;
	pthread_mutex_t lock;
	/* Under lock. */
	SaClmClusterNotificationT *array; /* NULL: changes are not tracked */
	SaUint32T array_items;
	struct waiting *waiting;
	uint64_t last_number;
};

static void own_free(void *arg)
{
	struct own *o = arg;

	while (o->waiting != NULL) {
		struct waiting *w = o->waiting;

		o->waiting = w->next;
		free(w);
	}
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static SaErrorT result(unsigned neutral)
{
	return (SaErrorT)aisf_error_a01(neutral);
}

static struct aisf_handle *get(const SaClmHandleT *handle)
{
	return handle == NULL ? NULL : aisf_get_short((uint32_t)*handle, AISF_CLM_A01);
}

/* 0 is the local node in A; beyond 32 bits there is no node. */
static int to_node_id(SaClmNodeIdT id, uint32_t *neutral)
{
	*neutral = id == SA_CLM_LOCAL_NODE_ID ? 0xffffffffu : (uint32_t)id;
	return *neutral == id || id == SA_CLM_LOCAL_NODE_ID;
}

static void to_name(SaNameT *to, const uint8_t *from, uint16_t length)
{
	to->length = length;
	memcpy(to->value, from, sizeof(to->value));
}

static void to_node(SaClmClusterNodeT *to, const struct aisrt_node *from)
{
	memset(to, 0, sizeof(*to));
	to->nodeId = from->id;
	to->nodeAddress.length = (SaUint8T)from->address_length;
	memcpy(to->nodeAddress.value, from->address, sizeof(from->address));
	to_name(&to->nodeName, from->name, from->name_length);
	to_name(&to->clusterName, from->cluster, from->cluster_length);
	to->member = from->member ? SA_TRUE : SA_FALSE;
	to->bootTimestamp = from->boot;
}

static void to_notifications(SaClmClusterNotificationT *to, const struct aisrt_node *from, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		to_node(&to[i].clusterNode, &from[i]);
		to[i].clusterChanges = (SaClmClusterChangesT)from[i].change;
	}
}

static int run_tracked(struct own *o, const struct aisrt_call *c)
{
	SaClmClusterNotificationT *array;
	uint32_t n = c->items;
	SaErrorT error = result(c->result);

	if (o->callbacks.saClmClusterTrackCallback == NULL)
		return 0;
	pthread_mutex_lock(&o->lock);
	array = o->array;
	if (array != NULL && n > o->array_items) {
		n = (uint32_t)o->array_items;
		error = SA_ERR_NO_SPACE;
	}
	if (array != NULL)
		to_notifications(array, c->out, n);
	pthread_mutex_unlock(&o->lock);
	if (array == NULL)
		return 0; /* tracking was stopped: the array may be gone */
	o->callbacks.saClmClusterTrackCallback(array, n, c->members, c->view, error);
	return 1;
}

static struct waiting *take_waiting(struct own *o, uint64_t number)
{
	struct waiting **at, *w = NULL;

	pthread_mutex_lock(&o->lock);
	for (at = &o->waiting; *at != NULL && (*at)->number != number; at = &(*at)->next)
		;
	if (*at != NULL) {
		w = *at;
		*at = w->next;
	}
	pthread_mutex_unlock(&o->lock);
	return w;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	struct own *o = h->own;
	struct waiting *w, found;

	if (e->call.kind == AISRT_CLM_TRACKED)
		return run_tracked(o, &e->call);
	if (e->call.kind != AISRT_CLM_NODE || o->callbacks.saClmClusterNodeGetCallback == NULL)
		return 0;
	w = take_waiting(o, e->call.invocation);
	if (w == NULL)
		return 0; /* nobody asked */
	found = *w;
	free(w);
	if (e->call.result == AISF_OK)
		to_node(found.node, e->call.out);
	o->callbacks.saClmClusterNodeGetCallback(found.invocation, found.node, result(e->call.result));
	return 1;
}

/* A.01.01 exactly, in either case of the letter, as 2004 had it. */
static int version_fits(const SaVersionT *v)
{
	return v != NULL && (v->releaseCode == 'A' || v->releaseCode == 'a') && v->major == 1 && v->minor == 1;
}

SaErrorT aisf_a01_saClmInitialize(SaClmHandleT *clmHandle,
	const SaClmCallbacksT *clmCallbacks, const SaVersionT *version)
{
	struct aisf_handle *h;
	struct own *own;
	unsigned error;
	int cancel;

	if (!version_fits(version))
		return SA_ERR_VERSION;
	if (clmHandle == NULL)
		return SA_ERR_INVALID_PARAM;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_ERR_NO_MEMORY;
	pthread_mutex_init(&own->lock, NULL);
	if (clmCallbacks != NULL)
		own->callbacks = *clmCallbacks;
	cancel = aisf_cancel_off();
	error = aisf_open(AISF_CLM_A01, AISF_SERVICE_CLM, 'A', aisf_deadline(AISF_HANDSHAKE_NS), run, own, own_free, &h);
	if (error == AISF_OK)
		*clmHandle = (SaClmHandleT)aisf_short_id(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

SaErrorT aisf_a01_saClmSelectionObjectGet(const SaClmHandleT *clmHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h = get(clmHandle);
	unsigned error;
	int fd;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (selectionObject == NULL) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = fd;
	return result(error);
}

SaErrorT aisf_a01_saClmDispatch(const SaClmHandleT *clmHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h = get(clmHandle);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!aisf_is_sa_dispatch(dispatchFlags)) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaErrorT aisf_a01_saClmFinalize(SaClmHandleT *clmHandle)
{
	struct aisf_handle *h = get(clmHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* One request for tracking; with an array the view comes in the answer. */
static unsigned track_once(struct aisf_handle *h, SaUint8T flags, SaClmClusterNotificationT *array, SaUint32T items)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_CLM_TRACK, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	c->flags = flags;
	c->want_view = array != NULL;
	error = aisf_run(h, c, AISF_NEVER);
	if (error == AISF_OK && array != NULL) {
		if (c->items > items)
			error = AISF_NO_SPACE;
		else
			to_notifications(array, c->out, c->items);
	}
	aisf_end(h);
	return error;
}

/*
 * The current view is stored at once; where there is a track callback it comes
 * that way too, in one piece with the changes that are asked for, so that none
 * is missed in between.
 */
static unsigned track(struct aisf_handle *h, SaUint8T flags, SaClmClusterNotificationT *array, SaUint32T items)
{
	struct own *o = h->own;
	SaClmClusterNotificationT *old;
	SaUint32T old_items;
	unsigned error = AISF_OK;

	if (flags & SA_TRACK_CURRENT)
		error = track_once(h, SA_TRACK_CURRENT, array, items);
	if (error != AISF_OK || o->callbacks.saClmClusterTrackCallback == NULL)
		return error;
	pthread_mutex_lock(&o->lock);
	old = o->array;
	old_items = o->array_items;
	o->array = array;
	o->array_items = items;
	pthread_mutex_unlock(&o->lock);
	error = track_once(h, flags, NULL, 0);
	if (error != AISF_OK) {
		pthread_mutex_lock(&o->lock);
		o->array = old;
		o->array_items = old_items;
		pthread_mutex_unlock(&o->lock);
	}
	return error;
}

SaErrorT aisf_a01_saClmClusterTrackStart(const SaClmHandleT *clmHandle, SaUint8T trackFlags,
	SaClmClusterNotificationT *notificationBuffer, SaUint32T numberOfItems)
{
	const unsigned changes = SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY;
	struct aisf_handle *h = get(clmHandle);
	unsigned error = AISF_OK;
	int cancel;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (notificationBuffer == NULL || numberOfItems == 0)
		error = AISF_INVALID_PARAM;
	else if (trackFlags == 0 || (trackFlags & ~(SA_TRACK_CURRENT | changes)) != 0 || (trackFlags & changes) == changes)
		error = AISF_BAD_FLAGS;
	else if ((trackFlags & changes) != 0 &&
		((const struct own *)h->own)->callbacks.saClmClusterTrackCallback == NULL)
		error = AISF_INIT;
	cancel = aisf_cancel_off();
	if (error == AISF_OK)
		error = track(h, trackFlags, notificationBuffer, numberOfItems);
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

SaErrorT aisf_a01_saClmClusterTrackStop(const SaClmHandleT *clmHandle)
{
	struct aisf_handle *h = get(clmHandle);
	struct own *o;
	struct aisrt_call *c;
	unsigned error;
	int cancel;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	cancel = aisf_cancel_off();
	error = aisf_begin(h, AISRT_CLM_TRACK_STOP, AISF_NEVER, &c);
	if (error == AISF_OK) {
		error = aisf_run(h, c, AISF_NEVER);
		if (error == AISF_OK) {
			/* From here on no callback touches the array. */
			o = h->own;
			pthread_mutex_lock(&o->lock);
			o->array = NULL;
			pthread_mutex_unlock(&o->lock);
		}
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

static int run_nothing(struct aisf_handle *h, struct aisf_event *e)
{
	(void)h;
	(void)e;
	return 0;
}

SaErrorT aisf_a01_saClmClusterNodeGet(SaClmNodeIdT nodeId, SaTimeT timeout, SaClmClusterNodeT *clusterNode)
{
	struct aisf_handle *h;
	struct aisrt_node node;
	uint32_t id;
	int64_t deadline;
	unsigned error;
	int cancel;

	if (clusterNode == NULL)
		return SA_ERR_INVALID_PARAM;
	if (timeout <= 0)
		return SA_ERR_TIMEOUT;
	if (!to_node_id(nodeId, &id))
		return SA_ERR_NOT_EXIST;
	deadline = aisf_deadline(timeout);
	cancel = aisf_cancel_off();
	error = aisf_open(AISF_CLM_A01_GET, AISF_SERVICE_CLM, 'A', deadline, run_nothing, NULL, NULL, &h);
	if (error == AISF_OK) {
		uint32_t handle = aisf_short_id(h);

		/* Open handles are not in use; this use is given back by the request. */
		h = aisf_get_short(handle, AISF_CLM_A01_GET);
		error = h == NULL ? AISF_BAD_HANDLE : aisf_clm_node_get(h, id, deadline, &node);
		h = aisf_get_short(handle, AISF_CLM_A01_GET);
		if (h != NULL)
			aisf_finalize(h);
	} else if (error == AISF_TRY_AGAIN && aisf_remaining(deadline) == 0) {
		error = AISF_TIMEOUT;
	}
	if (error == AISF_OK)
		to_node(clusterNode, &node);
	aisf_cancel_restore(cancel);
	return result(error);
}

/* The request, after the waiting node is in the list: the answer may be
 * dispatched by another thread before this one returns. */
static unsigned get_async(struct aisf_handle *h, struct waiting *w, uint32_t id)
{
	struct own *o = h->own;
	struct aisrt_call *c;
	uint64_t number;
	unsigned error;

	pthread_mutex_lock(&o->lock);
	w->number = ++o->last_number;
	w->next = o->waiting;
	o->waiting = w;
	pthread_mutex_unlock(&o->lock);
	number = w->number;
	error = aisf_begin(h, AISRT_CLM_NODE_GET_ASYNC, AISF_NEVER, &c);
	if (error == AISF_OK) {
		c->invocation = number;
		c->node_id = id;
		error = aisf_run(h, c, AISF_NEVER);
		aisf_end(h);
	}
	if (error != AISF_OK)
		free(take_waiting(o, number));
	return error;
}

SaErrorT aisf_a01_saClmClusterNodeGetAsync(const SaClmHandleT *clmHandle, SaInvocationT invocation,
	SaClmNodeIdT nodeId, SaClmClusterNodeT *clusterNode)
{
	struct aisf_handle *h = get(clmHandle);
	struct waiting *w = NULL;
	uint32_t id;
	unsigned error = AISF_OK;
	int cancel;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (clusterNode == NULL)
		error = AISF_INVALID_PARAM;
	else if (((const struct own *)h->own)->callbacks.saClmClusterNodeGetCallback == NULL)
		error = AISF_INIT;
	else if (!to_node_id(nodeId, &id))
		id = 0; /* no node has it; the callback tells */
	if (error == AISF_OK) {
		w = malloc(sizeof(*w));
		if (w == NULL)
			error = AISF_NO_MEMORY;
	}
	cancel = aisf_cancel_off();
	if (error == AISF_OK) {
		w->invocation = invocation;
		w->node = clusterNode;
		error = get_async(h, w, id);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}
