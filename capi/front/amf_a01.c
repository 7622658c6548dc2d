/*
 * amf_a01.c: the Availability Management Framework of A.01.01: handles of 32 bits
 * passed by address, functions without a handle, which get a connection of their
 * own, answers that name their callback by a number of the whole process, and
 * protection groups that are stored in the application's own array.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/amf.h"
#include "capi/front/gen/adapters_a01.h"

/* A group that is followed, and the array its callbacks fill. */
struct tracked {
	struct tracked *next;
	SaNameT csi;
	SaAmfProtectionGroupNotificationT *array;
	SaUint32T items;
};

struct own {
	struct aisf_amf amf;
	SaAmfCallbacksT callbacks;
	pthread_mutex_t lock;
	struct tracked *tracked; /* under lock */
};

static void own_free(void *arg)
{
	struct own *o = arg;

	aisf_amf_forget(o->amf.id);
	while (o->tracked != NULL) {
		struct tracked *t = o->tracked;

		o->tracked = t->next;
		free(t);
	}
	pthread_mutex_destroy(&o->lock);
	free(o);
}

static SaErrorT result(unsigned neutral)
{
	return (SaErrorT)aisf_error_a01(neutral);
}

/* The neutral number of what an application says; 0: it is none. */
static unsigned neutral(SaErrorT error)
{
	unsigned n;

	if (error == SA_ERR_SYSTEM || error == SA_ERR_NO_MESSAGE || error == SA_ERR_BAD_CHECKPOINT)
		return 21; /* FAILED_OPERATION: B has no number for these */
	for (n = 1; n <= 29; n++)
		if (n != 28 && aisf_error_a01(n) == (unsigned)error)
			return n;
	return 0;
}

static struct aisf_handle *get(const SaAmfHandleT *handle)
{
	return handle == NULL ? NULL : aisf_get_short((uint32_t)*handle, AISF_AMF_A01);
}

static uint32_t offered(const SaAmfCallbacksT *k)
{
	uint32_t has = 0;

	has |= k->saAmfHealthcheckCallback ? AISRT_AMF_HAS_HEALTHCHECK : 0;
	has |= k->saAmfReadinessStateSetCallback ? AISRT_AMF_HAS_READINESS : 0;
	has |= k->saAmfComponentTerminateCallback ? AISRT_AMF_HAS_TERMINATE : 0;
	has |= k->saAmfCSISetCallback ? AISRT_AMF_HAS_CSI_SET : 0;
	has |= k->saAmfCSIRemoveCallback ? AISRT_AMF_HAS_CSI_REMOVE : 0;
	has |= k->saAmfProtectionGroupTrackCallback ? AISRT_AMF_HAS_TRACK : 0;
	has |= k->saAmfExternalComponentRestartCallback ? AISRT_AMF_HAS_EXTERNAL_RESTART : 0;
	has |= k->saAmfExternalComponentControlCallback ? AISRT_AMF_HAS_EXTERNAL_CONTROL : 0;
	has |= k->saAmfPendingOperationConfirmCallback ? AISRT_AMF_HAS_OPERATION_CONFIRM : 0;
	has |= k->saAmfPendingOperationExpiredCallback ? AISRT_AMF_HAS_OPERATION_EXPIRED : 0;
	return has;
}

static void to_name(SaNameT *to, const struct aisrt_name *from)
{
	to->length = from->size;
	memcpy(to->value, from->bytes, sizeof(to->value));
}

static void to_notifications(SaAmfProtectionGroupNotificationT *to, const struct aisrt_amf_member *from, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		memset(&to[i], 0, sizeof(to[i]));
		to_name(&to[i].member.compName, &from[i].component);
		to[i].member.readinessState = (SaAmfReadinessStateT)from[i].readiness;
		to[i].member.haState = (SaAmfHAStateT)from[i].ha_state;
		to[i].change = (SaAmfProtectionGroupChangesT)from[i].change;
	}
}

/* Under the lock. */
static struct tracked **find(struct own *o, const SaNameT *csi)
{
	struct tracked **at;

	for (at = &o->tracked; *at != NULL; at = &(*at)->next)
		if ((*at)->csi.length == csi->length && memcmp((*at)->csi.value, csi->value, csi->length) == 0)
			break;
	return at;
}

static int run_group(struct own *o, const struct aisrt_call *c)
{
	SaAmfProtectionGroupNotificationT *array = NULL;
	SaErrorT error = result(c->result);
	uint32_t n = c->items;
	const struct tracked *t;
	SaNameT csi;

	if (o->callbacks.saAmfProtectionGroupTrackCallback == NULL)
		return 0;
	to_name(&csi, aisf_amf_csi(c));
	pthread_mutex_lock(&o->lock);
	t = *find(o, &csi);
	if (t != NULL) {
		array = t->array;
		if (n > t->items) {
			n = (uint32_t)t->items;
			error = SA_ERR_NO_SPACE;
		}
		to_notifications(array, aisf_amf_members(c), n);
	}
	pthread_mutex_unlock(&o->lock);
	if (array == NULL)
		return 0; /* it is followed no more: the array may be gone */
	o->callbacks.saAmfProtectionGroupTrackCallback(&csi, array, n, c->members, error);
	return 1;
}

static SaAmfCSIFlagsT to_flags(uint32_t flags)
{
	enum { ADD_ONE = 1, TARGET_ALL = 4 };

	return ((flags & ADD_ONE) ? SA_AMF_CSI_ADD_NEW_ISTANCE : 0) | ((flags & TARGET_ALL) ? SA_AMF_CSI_ALL_INSTANCES : 0);
}

/* What a callback is called with. */
struct called {
	const SaAmfCallbacksT *k;
	const struct aisrt_amf_event *e;
	SaInvocationT invocation;
	SaNameT component;
};

static void call_set(const struct called *x)
{
	SaAmfHAStateT state = (SaAmfHAStateT)x->e->ha_state;
	SaNameT csi, active;

	to_name(&csi, &x->e->csi);
	to_name(&active, &x->e->active);
	x->k->saAmfCSISetCallback(x->invocation, &x->component, &csi, to_flags(x->e->flags), &state, &active,
		(SaAmfCSITransitionDescriptorT)x->e->transition);
}

static void call_remove(const struct called *x)
{
	SaAmfCSIFlagsT flags = to_flags(x->e->value);
	SaNameT csi;

	to_name(&csi, &x->e->csi);
	x->k->saAmfCSIRemoveCallback(x->invocation, &x->component, &csi, &flags);
}

/* Is there a function for it? */
static int can(const SaAmfCallbacksT *k, uint32_t call)
{
	switch (call) {
	case AISRT_AMF_HEALTHCHECK: return k->saAmfHealthcheckCallback != NULL;
	case AISRT_AMF_TERMINATE: return k->saAmfComponentTerminateCallback != NULL;
	case AISRT_AMF_READINESS: return k->saAmfReadinessStateSetCallback != NULL;
	case AISRT_AMF_CSI_SET: return k->saAmfCSISetCallback != NULL;
	case AISRT_AMF_CSI_REMOVE: return k->saAmfCSIRemoveCallback != NULL;
	case AISRT_AMF_EXTERNAL_RESTART: return k->saAmfExternalComponentRestartCallback != NULL;
	case AISRT_AMF_EXTERNAL_CONTROL: return k->saAmfExternalComponentControlCallback != NULL;
	case AISRT_AMF_OPERATION_CONFIRM: return k->saAmfPendingOperationConfirmCallback != NULL;
	case AISRT_AMF_OPERATION_EXPIRED: return k->saAmfPendingOperationExpiredCallback != NULL;
	}
	return 0;
}

static void call(const struct called *x)
{
	const SaAmfCallbacksT *k = x->k;
	const uint32_t value = x->e->value;

	switch (x->e->call) {
	case AISRT_AMF_HEALTHCHECK:
		k->saAmfHealthcheckCallback(x->invocation, &x->component, value == 0 ? SA_AMF_HEARTBEAT : (SaAmfHealthcheckT)value);
		break;
	case AISRT_AMF_TERMINATE:
		k->saAmfComponentTerminateCallback(x->invocation, &x->component);
		break;
	case AISRT_AMF_READINESS:
		k->saAmfReadinessStateSetCallback(x->invocation, &x->component, (SaAmfReadinessStateT)value);
		break;
	case AISRT_AMF_CSI_SET:
		call_set(x);
		break;
	case AISRT_AMF_CSI_REMOVE:
		call_remove(x);
		break;
	case AISRT_AMF_EXTERNAL_RESTART:
		k->saAmfExternalComponentRestartCallback(x->invocation, &x->component);
		break;
	case AISRT_AMF_EXTERNAL_CONTROL:
		k->saAmfExternalComponentControlCallback(x->invocation, &x->component, (SaAmfExternalComponentActionT)value);
		break;
	case AISRT_AMF_OPERATION_CONFIRM:
		k->saAmfPendingOperationConfirmCallback(x->invocation, &x->component, value);
		break;
	case AISRT_AMF_OPERATION_EXPIRED:
		k->saAmfPendingOperationExpiredCallback(&x->component, value);
		break;
	}
}

static int run(struct aisf_handle *h, struct aisf_event *event)
{
	struct own *o = h->own;
	const struct aisrt_call *c = &event->call;
	struct called x;
	uint32_t number = 0;

	if (c->kind == AISRT_AMF_GROUP)
		return run_group(o, c);
	if (c->kind != AISRT_AMF_CALLED)
		return 0;
	x.k = &o->callbacks;
	x.e = c->out;
	if (!can(x.k, x.e->call))
		return 0;
	/* Without memory for it the callback cannot be answered: it counts as late. */
	if (c->invocation != 0 && aisf_amf_expect(h, c->invocation,
		x.e->call == AISRT_AMF_READINESS && x.e->value == SA_AMF_STOPPING, &number) != AISF_OK)
		return 0;
	x.invocation = (SaInvocationT)number;
	to_name(&x.component, &x.e->component);
	call(&x);
	return 1;
}

/* A.01.01 exactly, in either case of the letter, as 2004 had it. */
static int version_fits(const SaVersionT *v)
{
	return v != NULL && (v->releaseCode == 'A' || v->releaseCode == 'a') && v->major == 1 && v->minor == 1;
}

SaErrorT aisf_a01_saAmfInitialize(SaAmfHandleT *amfHandle, const SaAmfCallbacksT *amfCallbacks, const SaVersionT *version)
{
	struct aisf_handle *h;
	struct own *own;
	unsigned error;

	if (!version_fits(version))
		return SA_ERR_VERSION;
	if (amfHandle == NULL)
		return SA_ERR_INVALID_PARAM;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_ERR_NO_MEMORY;
	pthread_mutex_init(&own->lock, NULL);
	if (amfCallbacks != NULL)
		own->callbacks = *amfCallbacks;
	own->amf.callbacks = offered(&own->callbacks);
	error = aisf_amf_open(AISF_AMF_A01, 'A', run, own, own_free, NULL, &h);
	if (error == AISF_OK)
		*amfHandle = (SaAmfHandleT)aisf_short_id(h);
	return result(error);
}

SaErrorT aisf_a01_saAmfSelectionObjectGet(const SaAmfHandleT *amfHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h = get(amfHandle);
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

SaErrorT aisf_a01_saAmfDispatch(const SaAmfHandleT *amfHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h = get(amfHandle);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!aisf_is_sa_dispatch(dispatchFlags)) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaErrorT aisf_a01_saAmfFinalize(const SaAmfHandleT *amfHandle)
{
	struct aisf_handle *h = get(amfHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* Gives h back unrequested when there is an error already. */
static SaErrorT request(struct aisf_handle *h, unsigned error, uint32_t op, struct aisrt_amf *a)
{
	if (error == AISF_OK)
		return result(aisf_amf_request(h, op, 0, a));
	aisf_put(h);
	return result(error);
}

SaErrorT aisf_a01_saAmfComponentRegister(const SaAmfHandleT *amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	const uint32_t alone = AISRT_AMF_HAS_HEALTHCHECK | AISRT_AMF_HAS_READINESS | AISRT_AMF_HAS_TERMINATE |
		AISRT_AMF_HAS_CSI_SET | AISRT_AMF_HAS_CSI_REMOVE;
	const uint32_t by_proxy = AISRT_AMF_HAS_EXTERNAL_RESTART | AISRT_AMF_HAS_EXTERNAL_CONTROL;
	struct aisf_handle *h = get(amfHandle);
	uint32_t needed = proxyCompName == NULL ? alone : by_proxy;
	struct aisrt_amf a;
	unsigned error = AISF_OK;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(compName) || !aisf_amf_is_name_or_none(proxyCompName)) {
		error = AISF_INVALID_PARAM;
	} else if ((((const struct aisf_amf *)h->own)->callbacks & needed) != needed) {
		error = AISF_INIT;
	} else {
		aisf_amf_component(&a, compName);
		aisf_amf_other(&a, proxyCompName);
	}
	return request(h, error, AISRT_AMF_REGISTER, &a);
}

SaErrorT aisf_a01_saAmfComponentUnregister(const SaAmfHandleT *amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	struct aisf_handle *h = get(amfHandle);
	struct aisrt_amf a;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(compName) || !aisf_amf_is_name_or_none(proxyCompName))
		return request(h, AISF_INVALID_PARAM, 0, &a);
	aisf_amf_component(&a, compName);
	aisf_amf_other(&a, proxyCompName);
	return request(h, AISF_OK, AISRT_AMF_UNREGISTER, &a);
}

SaErrorT aisf_a01_saAmfCompNameGet(const SaAmfHandleT *amfHandle, SaNameT *compName)
{
	struct aisf_handle *h = get(amfHandle);
	struct aisrt_name name;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (compName == NULL) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_amf_name(h, &name);
	if (error == AISF_OK)
		to_name(compName, &name);
	return result(error);
}

static int run_nothing(struct aisf_handle *h, struct aisf_event *e)
{
	(void)h;
	(void)e;
	return 0;
}

/* A request of a function without a handle, on a connection for it alone. */
static SaErrorT request_alone(uint32_t op, struct aisrt_amf *a)
{
	struct aisf_handle *h;
	unsigned error;
	int cancel = aisf_cancel_off();

	error = aisf_amf_open(AISF_AMF_A01_ALONE, 'A', run_nothing, NULL, NULL, NULL, &h);
	if (error == AISF_OK) {
		uint64_t id = h->id;

		/* Open handles are not in use; this use is given back by the request. */
		h = aisf_get(id, AISF_AMF_A01_ALONE);
		error = h == NULL ? AISF_BAD_HANDLE : aisf_amf_request(h, op, 0, a);
		h = aisf_get(id, AISF_AMF_A01_ALONE);
		if (h != NULL)
			aisf_finalize(h);
	}
	aisf_cancel_restore(cancel);
	return result(error);
}

/* A state of a component. */
static SaErrorT state_of(uint32_t op, const SaNameT *compName, const SaNameT *csiName, struct aisrt_amf *a)
{
	memset(a, 0, sizeof(*a));
	if (!aisf_amf_is_name(compName) || !aisf_amf_is_name_or_none(csiName))
		return SA_ERR_INVALID_PARAM;
	aisf_amf_component(a, compName);
	aisf_amf_other(a, csiName);
	return request_alone(op, a);
}

SaErrorT aisf_a01_saAmfReadinessStateGet(const SaNameT *compName, SaAmfReadinessStateT *readinessState)
{
	struct aisrt_amf a;
	SaErrorT error = readinessState == NULL ? SA_ERR_INVALID_PARAM : state_of(AISRT_AMF_READINESS_STATE, compName, NULL, &a);

	if (error == SA_OK)
		*readinessState = (SaAmfReadinessStateT)a.value;
	return error;
}

SaErrorT aisf_a01_saAmfHAStateGet(const SaNameT *compName, const SaNameT *csiName, SaAmfHAStateT *haState)
{
	struct aisrt_amf a;
	SaErrorT error = haState == NULL || csiName == NULL ? SA_ERR_INVALID_PARAM :
		state_of(AISRT_AMF_HA_STATE, compName, csiName, &a);

	if (error == SA_OK)
		*haState = (SaAmfHAStateT)a.value;
	return error;
}

SaErrorT aisf_a01_saAmfComponentCapabilityModelGet(const SaNameT *compName,
	SaAmfComponentCapabilityModelT *componentCapabilityModel)
{
	struct aisrt_amf a;
	SaErrorT error = componentCapabilityModel == NULL ? SA_ERR_INVALID_PARAM : state_of(AISRT_AMF_CAPABILITY, compName, NULL, &a);

	if (error == SA_OK)
		*componentCapabilityModel = (SaAmfComponentCapabilityModelT)a.value;
	return error;
}

SaErrorT aisf_a01_saAmfPendingOperationGet(const SaNameT *compName, SaAmfPendingOperationFlagsT *pendingOperationFlags)
{
	struct aisrt_amf a;
	SaErrorT error = pendingOperationFlags == NULL ? SA_ERR_INVALID_PARAM : state_of(AISRT_AMF_PENDING, compName, NULL, &a);

	if (error == SA_OK)
		*pendingOperationFlags = a.value;
	return error;
}

static int store(struct aisf_amf_track *t, const struct aisrt_amf_member *members, uint32_t n)
{
	to_notifications(t->array, members, n);
	return 1;
}

/* The array that callbacks about csi fill from now on; NULL: there are none any more. */
static int set_array(struct own *o, const SaNameT *csi, SaAmfProtectionGroupNotificationT *array, SaUint32T items)
{
	struct tracked **at, *t = NULL;
	int ok = 1;

	pthread_mutex_lock(&o->lock);
	at = find(o, csi);
	if (array == NULL && *at != NULL) {
		t = *at;
		*at = t->next;
		free(t);
	} else if (array != NULL) {
		if (*at == NULL) {
			t = calloc(1, sizeof(*t));
			if (t != NULL) {
				t->csi = *csi;
				*at = t;
			}
		}
		ok = *at != NULL;
		if (ok) {
			(*at)->array = array;
			(*at)->items = items;
		}
	}
	pthread_mutex_unlock(&o->lock);
	return ok;
}

/* What was there before, to be put back if the request fails. */
static void get_array(struct own *o, const SaNameT *csi, SaAmfProtectionGroupNotificationT **array, SaUint32T *items)
{
	const struct tracked *t;

	pthread_mutex_lock(&o->lock);
	t = *find(o, csi);
	*array = t == NULL ? NULL : t->array;
	*items = t == NULL ? 0 : t->items;
	pthread_mutex_unlock(&o->lock);
}

/*
 * The current group is stored at once; where there is a callback it comes that way
 * too, in one piece with the changes that are asked for, so that none is missed in
 * between.
 */
static unsigned track(struct aisf_handle *h, const SaNameT *csi, SaUint8T flags,
	SaAmfProtectionGroupNotificationT *array, SaUint32T items)
{
	struct own *o = h->own;
	struct aisf_amf_track t;
	SaAmfProtectionGroupNotificationT *old;
	SaUint32T old_items;
	unsigned error = AISF_OK;

	memset(&t, 0, sizeof(t));
	t.csi = csi;
	t.array = array;
	t.room = items > UINT32_MAX ? UINT32_MAX : (uint32_t)items;
	t.wants = 1;
	t.store = store;
	t.flags = SA_TRACK_CURRENT;
	if (flags & SA_TRACK_CURRENT)
		error = aisf_amf_track(h, &t);
	if (error != AISF_OK || o->callbacks.saAmfProtectionGroupTrackCallback == NULL)
		return error;
	get_array(o, csi, &old, &old_items);
	if (!set_array(o, csi, array, items))
		return AISF_NO_MEMORY;
	t.flags = flags;
	t.wants = 0;
	error = aisf_amf_track(h, &t);
	if (error != AISF_OK)
		set_array(o, csi, old, old_items);
	return error;
}

SaErrorT aisf_a01_saAmfProtectionGroupTrackStart(const SaAmfHandleT *amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
	const SaAmfProtectionGroupNotificationT *notificationBuffer, SaUint32T numberOfItems)
{
	struct aisf_handle *h = get(amfHandle);
	unsigned error = AISF_OK;
	SaNameT csi;
	int cancel;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!aisf_amf_is_name(csiName) || notificationBuffer == NULL || numberOfItems == 0)
		error = AISF_INVALID_PARAM;
	else if (!aisf_amf_is_track(trackFlags))
		error = AISF_BAD_FLAGS;
	else if ((trackFlags & ~SA_TRACK_CURRENT) != 0 &&
		((const struct own *)h->own)->callbacks.saAmfProtectionGroupTrackCallback == NULL)
		error = AISF_INIT;
	cancel = aisf_cancel_off();
	if (error == AISF_OK) {
		csi = *csiName;
		error = track(h, &csi, trackFlags, (SaAmfProtectionGroupNotificationT *)(uintptr_t)notificationBuffer, numberOfItems);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}

SaErrorT aisf_a01_saAmfProtectionGroupTrackStop(const SaAmfHandleT *amfHandle, const SaNameT *csiName)
{
	struct aisf_handle *h = get(amfHandle);
	struct aisrt_amf a;
	SaErrorT error;
	SaNameT csi;
	uint64_t id;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(csiName))
		return request(h, AISF_INVALID_PARAM, 0, &a);
	csi = *csiName;
	aisf_amf_other(&a, &csi);
	id = h->id;
	error = request(h, AISF_OK, AISRT_AMF_TRACK_STOP, &a);
	if (error == SA_OK) {
		h = aisf_get(id, AISF_AMF_A01);
		if (h != NULL) {
			/* From here on no callback touches the array. */
			set_array(h->own, &csi, NULL, 0);
			aisf_put(h);
		}
	}
	return error;
}

/* B's number of a recovery, 0 for none. */
static uint32_t to_recovery(SaAmfRecommendedRecoveryT recovery)
{
	if (recovery == SA_AMF_NO_RECOMMENDATION)
		return AISF_AMF_NO_RECOMMENDATION;
	if (recovery == SA_AMF_INTERNALLY_RECOVERED)
		return AISRT_AMF_INTERNALLY_RECOVERED;
	return recovery >= SA_AMF_COMPONENT_RESTART && recovery <= SA_AMF_CLUSTER_RESET ? (uint32_t)recovery - 1 : 0;
}

static int add_text(struct aisrt_amf *a, unsigned i, const SaAmfErrorBufferT *b)
{
	if (b == NULL || b->size == 0)
		return 1;
	if (b->size < 0 || b->size > SA_AMF_OPAQUE_BUFFER_SIZE_MAX || b->buffer == NULL)
		return 0;
	a->texts[i] = b->buffer;
	a->text_sizes[i] = (uint32_t)b->size;
	return 1;
}

static int add_descriptor(struct aisrt_amf *a, const SaAmfErrorDescriptorT *d)
{
	a->kind = d->errorReportType;
	a->cause = d->probableCause;
	a->severity = d->errorImpactAndSeverity;
	a->recovery = to_recovery(d->recommendedRecovery);
	return a->kind >= SA_AMF_COMMUNICATION_ALARM_TYPE && a->kind <= SA_AMF_ENVIRONMENTAL_ALARM_TYPE &&
		a->cause >= SA_AMF_APPLICATION_SUBSYSTEM_FAILURE && a->cause <= SA_AMF_NOT_RESPONDING &&
		a->severity >= SA_AMF_CLEARED && a->severity <= SA_AMF_WARNING && a->recovery != 0;
}

SaErrorT aisf_a01_saAmfErrorReport(const SaNameT *reportingComponent, const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime, const SaAmfErrorDescriptorT *errorDescriptor, const SaAmfAdditionalDataT *additionalData)
{
	const SaAmfAdditionalDataT *more = additionalData;
	struct aisrt_amf a;

	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(reportingComponent) || !aisf_amf_is_name(erroneousComponent) || errorDescriptor == NULL ||
		!add_descriptor(&a, errorDescriptor))
		return SA_ERR_INVALID_PARAM;
	if (more != NULL && (!add_text(&a, 0, more->specificProblem) || !add_text(&a, 1, more->additionalText) ||
		!add_text(&a, 2, more->additionalInformation)))
		return SA_ERR_INVALID_PARAM;
	aisf_amf_component(&a, erroneousComponent);
	aisf_amf_other(&a, reportingComponent);
	a.time = errorDetectionTime;
	return request_alone(AISRT_AMF_ERROR_REPORT, &a);
}

SaErrorT aisf_a01_saAmfErrorCancelAll(const SaNameT *compName)
{
	struct aisrt_amf a;

	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(compName))
		return SA_ERR_INVALID_PARAM;
	aisf_amf_component(&a, compName);
	return request_alone(AISRT_AMF_ERROR_CLEAR, &a);
}

/* The answer to a callback, through the handle it came by. */
static SaErrorT answer(uint32_t op, SaInvocationT invocation, SaErrorT error, int last)
{
	struct aisrt_amf a;
	struct aisf_handle *h;
	uint64_t id, number;
	unsigned e;

	memset(&a, 0, sizeof(a));
	a.answer = neutral(error);
	if (a.answer == 0 || invocation <= 0 || !aisf_amf_expected((uint32_t)invocation, &id, &number))
		return SA_ERR_INVALID_PARAM;
	h = aisf_get(id, AISF_AMF_A01);
	if (h == NULL)
		return SA_ERR_INVALID_PARAM;
	e = aisf_amf_request(h, op, number, &a);
	if (e == AISF_OK || e == AISF_INVALID_PARAM)
		aisf_amf_answered(id, number, last);
	return result(e);
}

SaErrorT aisf_a01_saAmfStoppingComplete(SaInvocationT invocation, SaErrorT error)
{
	return answer(AISRT_AMF_STOPPING_COMPLETE, invocation, error, 1);
}

SaErrorT aisf_a01_saAmfResponse(SaInvocationT invocation, SaErrorT error)
{
	return answer(AISRT_AMF_RESPONSE, invocation, error, 0);
}
