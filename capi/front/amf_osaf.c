/*
 * amf_osaf.c: the Availability Management Framework as OpenSAF had it: B.01.01,
 * B.04.01 and B.04.02 behind one kind of handle, which remembers its version. What
 * needs no structure of a header is in amf_b.c.
 *
 * There are no containers, no notification service and no system controllers here:
 * their callbacks never come, their identifiers are 0.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/amf_b.h"
#include "capi/front/gen/adapters_osaf.h"

typedef char key_is_laid_out_alike[
	sizeof(SaAmfHealthcheckKeyT) == sizeof(struct aisf_amf_key) && sizeof(SaNameT) == sizeof(struct aisrt_name) &&
	sizeof(SaAmfCSIAttributeT) == 2 * sizeof(char *) ? 1 : -1];

enum version { V1 = 1, V4 = 4 };

/* The callbacks of every version, as B.04.01 has them but for the group's. */
struct own {
	struct aisf_amf amf;
	enum version version;
	SaAmfCallbacksT_4 callbacks;
	SaAmfProtectionGroupTrackCallbackT track_1;
};

static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)aisf_error_osaf(neutral);
}

static struct aisf_amf_b as(SaAmfHandleT handle)
{
	struct aisf_amf_b b;

	b.id = handle;
	b.type = AISF_AMF_OSAF;
	return b;
}

static void own_free(void *arg)
{
	struct own *o = arg;

	aisf_amf_forget(o->amf.id);
	free(o);
}

/* AISF_OK, or why a function of one version cannot have this handle. */
static unsigned check_version(SaAmfHandleT handle, enum version v)
{
	struct aisf_handle *h = aisf_get(handle, AISF_AMF_OSAF);
	unsigned error = AISF_BAD_HANDLE;

	if (h != NULL) {
		error = ((const struct own *)h->own)->version == v ? AISF_OK : AISF_VERSION;
		aisf_put(h);
	}
	return error;
}

static uint32_t offered(const struct own *o)
{
	const SaAmfCallbacksT_4 *k = &o->callbacks;
	uint32_t has = 0;

	has |= k->saAmfHealthcheckCallback ? AISRT_AMF_HAS_HEALTHCHECK : 0;
	has |= k->saAmfComponentTerminateCallback ? AISRT_AMF_HAS_TERMINATE : 0;
	has |= k->saAmfCSISetCallback ? AISRT_AMF_HAS_CSI_SET : 0;
	has |= k->saAmfCSIRemoveCallback ? AISRT_AMF_HAS_CSI_REMOVE : 0;
	has |= k->saAmfProtectionGroupTrackCallback || o->track_1 ? AISRT_AMF_HAS_TRACK : 0;
	has |= k->saAmfProtectionGroupTrackCallback ? AISRT_AMF_HAS_HA_READINESS : 0;
	has |= k->saAmfProxiedComponentInstantiateCallback ? AISRT_AMF_HAS_INSTANTIATE : 0;
	has |= k->saAmfProxiedComponentCleanupCallback ? AISRT_AMF_HAS_CLEANUP : 0;
	has |= k->saAmfContainedComponentInstantiateCallback && k->saAmfContainedComponentCleanupCallback ? AISRT_AMF_HAS_CONTAINED : 0;
	return has;
}

/* SaNameT as it is in memory, whichever of its declarations is seen. */
static void to_name(SaNameT *to, const struct aisrt_name *from)
{
	memcpy(to, from, sizeof(*to));
}

/* Notifications of either version. */
static size_t notification_size(enum version v)
{
	return v == V1 ? sizeof(SaAmfProtectionGroupNotificationT) : sizeof(SaAmfProtectionGroupNotificationT_4);
}

static void to_notifications(enum version v, void *array, const struct aisrt_amf_member *from, uint32_t n)
{
	SaAmfProtectionGroupNotificationT *n1 = array;
	SaAmfProtectionGroupNotificationT_4 *n4 = array;
	uint32_t i;

	memset(array, 0, n * notification_size(v));
	for (i = 0; i < n; i++) {
		if (v == V1) {
			to_name(&n1[i].member.compName, &from[i].component);
			n1[i].member.haState = (SaAmfHAStateT)from[i].ha_state;
			n1[i].member.rank = from[i].rank;
			n1[i].change = (SaAmfProtectionGroupChangesT)from[i].change;
		} else {
			to_name(&n4[i].member.compName, &from[i].component);
			n4[i].member.haState = (SaAmfHAStateT)from[i].ha_state;
			n4[i].member.haReadinessState = (SaAmfHAReadinessStateT)from[i].ha_readiness;
			n4[i].member.rank = from[i].rank;
			n4[i].change = (SaAmfProtectionGroupChangesT)from[i].change;
		}
	}
}

static void call_group(const struct own *o, const struct aisrt_call *c, void *array)
{
	SaAisErrorT error = array == NULL ? SA_AIS_ERR_NO_MEMORY : result(c->result);
	uint32_t items = array == NULL ? 0 : c->items;
	SaNameT csi;

	to_name(&csi, aisf_amf_csi(c));
	if (array != NULL)
		to_notifications(o->version, array, aisf_amf_members(c), items);
	if (o->version == V1) {
		SaAmfProtectionGroupNotificationBufferT b;

		b.numberOfItems = items;
		b.notification = array;
		o->track_1(&csi, &b, array == NULL ? 0 : c->members, error);
	} else {
		SaAmfProtectionGroupNotificationBufferT_4 b;

		b.numberOfItems = items;
		b.notification = array;
		o->callbacks.saAmfProtectionGroupTrackCallback(&csi, &b, array == NULL ? 0 : c->members, error);
	}
}

static int run_group(const struct own *o, const struct aisrt_call *c)
{
	void *array;

	if (o->version == V1 ? o->track_1 == NULL : o->callbacks.saAmfProtectionGroupTrackCallback == NULL)
		return 0;
	array = calloc(c->items == 0 ? 1 : c->items, notification_size(o->version));
	pthread_cleanup_push(free, array);
	call_group(o, c, array);
	pthread_cleanup_pop(1);
	return 1;
}

static int run_set(const SaAmfCallbacksT_4 *k, uint64_t invocation, const struct aisrt_amf_event *e, const SaNameT *component)
{
	SaAmfCSIDescriptorT d;

	memset(&d, 0, sizeof(d));
	d.csiFlags = e->flags;
	to_name(&d.csiName, &e->csi);
	if (e->ha_state == SA_AMF_HA_ACTIVE) {
		d.csiStateDescriptor.activeDescriptor.transitionDescriptor = (SaAmfCSITransitionDescriptorT)e->transition;
		to_name(&d.csiStateDescriptor.activeDescriptor.activeCompName, &e->active);
	} else if (e->ha_state == SA_AMF_HA_STANDBY) {
		to_name(&d.csiStateDescriptor.standbyDescriptor.activeCompName, &e->active);
		d.csiStateDescriptor.standbyDescriptor.standbyRank = e->rank;
	}
	d.csiAttr.attr = aisf_amf_b_attributes(e);
	if (d.csiAttr.attr == NULL && e->attributes != 0)
		return 0; /* no memory: it counts as not answered */
	d.csiAttr.number = e->attributes;
	pthread_cleanup_push(free, d.csiAttr.attr);
	k->saAmfCSISetCallback(invocation, component, (SaAmfHAStateT)e->ha_state, d);
	pthread_cleanup_pop(1);
	return 1;
}

static void run_check(const SaAmfCallbacksT_4 *k, uint64_t invocation, const struct aisrt_amf_event *e, const SaNameT *component)
{
	SaAmfHealthcheckKeyT key;

	memset(&key, 0, sizeof(key));
	memcpy(key.key, e->key, sizeof(key.key));
	key.keyLen = (SaUint16T)e->key_size;
	k->saAmfHealthcheckCallback(invocation, component, &key);
}

static int can(const SaAmfCallbacksT_4 *k, uint32_t call)
{
	switch (call) {
	case AISRT_AMF_HEALTHCHECK: return k->saAmfHealthcheckCallback != NULL;
	case AISRT_AMF_TERMINATE: return k->saAmfComponentTerminateCallback != NULL;
	case AISRT_AMF_CSI_SET: return k->saAmfCSISetCallback != NULL;
	case AISRT_AMF_CSI_REMOVE: return k->saAmfCSIRemoveCallback != NULL;
	case AISRT_AMF_INSTANTIATE: return k->saAmfProxiedComponentInstantiateCallback != NULL;
	case AISRT_AMF_CLEANUP: return k->saAmfProxiedComponentCleanupCallback != NULL;
	}
	return 0;
}

static int call(const SaAmfCallbacksT_4 *k, uint64_t invocation, const struct aisrt_amf_event *e)
{
	SaNameT component, csi;

	to_name(&component, &e->component);
	switch (e->call) {
	case AISRT_AMF_HEALTHCHECK:
		run_check(k, invocation, e, &component);
		break;
	case AISRT_AMF_TERMINATE:
		k->saAmfComponentTerminateCallback(invocation, &component);
		break;
	case AISRT_AMF_INSTANTIATE:
		k->saAmfProxiedComponentInstantiateCallback(invocation, &component);
		break;
	case AISRT_AMF_CLEANUP:
		k->saAmfProxiedComponentCleanupCallback(invocation, &component);
		break;
	case AISRT_AMF_CSI_SET:
		return run_set(k, invocation, e, &component);
	case AISRT_AMF_CSI_REMOVE:
		to_name(&csi, &e->csi);
		k->saAmfCSIRemoveCallback(invocation, &component, &csi, e->value);
		break;
	}
	return 1;
}

static int run(struct aisf_handle *h, struct aisf_event *event)
{
	const struct own *o = h->own;
	const struct aisrt_call *c = &event->call;
	const struct aisrt_amf_event *e = c->out;
	uint32_t number;

	if (c->kind == AISRT_AMF_GROUP)
		return run_group(o, c);
	if (c->kind != AISRT_AMF_CALLED || !can(&o->callbacks, e->call))
		return 0;
	/* For saAmfCorrelationIdsGet. */
	if (o->version == V4 && c->invocation != 0 && aisf_amf_expect(h, c->invocation,
		e->call == AISRT_AMF_CSI_SET && e->ha_state == SA_AMF_HA_QUIESCING, &number) != AISF_OK)
		return 0;
	return call(&o->callbacks, c->invocation, e);
}

/* What is supported is told in every case. */
static int negotiate(SaVersionT *v, unsigned low, unsigned high, unsigned minor)
{
	int fits = v->releaseCode == 'B' && v->majorVersion >= low && v->majorVersion <= high &&
		(minor < 2 || v->minorVersion == minor);

	v->releaseCode = 'B';
	v->majorVersion = (SaUint8T)high;
	v->minorVersion = (SaUint8T)minor;
	return fits;
}

/* Takes own over; NULL: no memory. */
static SaAisErrorT open_as(SaAmfHandleT *amfHandle, struct own *own, enum version v)
{
	uint64_t id;
	unsigned error;

	if (own == NULL)
		return SA_AIS_ERR_NO_MEMORY;
	own->version = v;
	own->amf.callbacks = offered(own);
	error = aisf_amf_b_open(AISF_AMF_OSAF, run, own, own_free, &id);
	if (error == AISF_OK)
		*amfHandle = id;
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfInitialize(SaAmfHandleT *amfHandle, const SaAmfCallbacksT *amfCallbacks, SaVersionT *version)
{
	struct own *own;

	if (amfHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version, 0, 1, 1))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own != NULL && amfCallbacks != NULL) {
		own->callbacks.saAmfHealthcheckCallback = amfCallbacks->saAmfHealthcheckCallback;
		own->callbacks.saAmfComponentTerminateCallback = amfCallbacks->saAmfComponentTerminateCallback;
		own->callbacks.saAmfCSISetCallback = amfCallbacks->saAmfCSISetCallback;
		own->callbacks.saAmfCSIRemoveCallback = amfCallbacks->saAmfCSIRemoveCallback;
		own->track_1 = amfCallbacks->saAmfProtectionGroupTrackCallback;
		own->callbacks.saAmfProxiedComponentInstantiateCallback = amfCallbacks->saAmfProxiedComponentInstantiateCallback;
		own->callbacks.saAmfProxiedComponentCleanupCallback = amfCallbacks->saAmfProxiedComponentCleanupCallback;
	}
	return open_as(amfHandle, own, V1);
}

SaAisErrorT aisf_osaf_saAmfInitialize_4(SaAmfHandleT *amfHandle, const SaAmfCallbacksT_4 *amfCallbacks, SaVersionT *version)
{
	struct own *own;

	if (amfHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version, V4, V4, 1))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own != NULL && amfCallbacks != NULL)
		own->callbacks = *amfCallbacks;
	return open_as(amfHandle, own, V4);
}

/* Its additional callback never comes. */
SaAisErrorT aisf_osaf_saAmfInitialize_o4(SaAmfHandleT *amfHandle, const SaAmfCallbacksT_o4 *amfCallbacks, SaVersionT *version)
{
	struct own *own;

	if (amfHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version, V4, V4, 2))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own != NULL && amfCallbacks != NULL)
		memcpy(&own->callbacks, amfCallbacks, sizeof(own->callbacks));
	return open_as(amfHandle, own, V4);
}

SaAisErrorT aisf_osaf_osafAmfInstallSCStatusChangeCallback(SaAmfHandleT amfHandle, OsafAmfSCStatusChangeCallbackT callback)
{
	struct aisf_handle *h;

	if (callback == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (amfHandle == 0)
		return SA_AIS_OK;
	h = aisf_get(amfHandle, AISF_AMF_OSAF);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	aisf_put(h);
	return SA_AIS_OK;
}

SaAisErrorT aisf_osaf_saAmfSelectionObjectGet(SaAmfHandleT amfHandle, SaSelectionObjectT *selectionObject)
{
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = aisf_amf_b_object(as(amfHandle), &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfDispatch(SaAmfHandleT amfHandle, SaDispatchFlagsT dispatchFlags)
{
	return result(aisf_amf_b_dispatch(as(amfHandle), dispatchFlags));
}

SaAisErrorT aisf_osaf_saAmfFinalize(SaAmfHandleT amfHandle)
{
	return result(aisf_amf_b_finalize(as(amfHandle)));
}

SaAisErrorT aisf_osaf_saAmfComponentRegister(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	return result(aisf_amf_b_register(as(amfHandle), compName, proxyCompName));
}

SaAisErrorT aisf_osaf_saAmfComponentUnregister(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	return result(aisf_amf_b_unregister(as(amfHandle), compName, proxyCompName));
}

SaAisErrorT aisf_osaf_saAmfComponentNameGet(SaAmfHandleT amfHandle, SaNameT *compName)
{
	struct aisrt_name name;
	unsigned error;

	if (compName == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = aisf_amf_b_name(as(amfHandle), &name);
	if (error == AISF_OK)
		to_name(compName, &name);
	return result(error);
}

/* A process identifier beyond what has a sign is none. */
SaAisErrorT aisf_osaf_saAmfPmStart(SaAmfHandleT amfHandle, const SaNameT *compName, SaUint64T processId,
	SaInt32T descendentsTreeDepth, SaAmfPmErrorsT pmErrors, SaAmfRecommendedRecoveryT recommendedRecovery)
{
	int64_t pid = processId > INT64_MAX ? 0 : (int64_t)processId;

	return result(aisf_amf_b_pm_start(as(amfHandle), compName, pid, descendentsTreeDepth, pmErrors, recommendedRecovery));
}

SaAisErrorT aisf_osaf_saAmfPmStart_3(SaAmfHandleT amfHandle, const SaNameT *compName, SaInt64T processId,
	SaInt32T descendentsTreeDepth, SaAmfPmErrorsT pmErrors, SaAmfRecommendedRecoveryT recommendedRecovery)
{
	return result(aisf_amf_b_pm_start(as(amfHandle), compName, processId, descendentsTreeDepth, pmErrors, recommendedRecovery));
}

SaAisErrorT aisf_osaf_saAmfPmStop(SaAmfHandleT amfHandle, const SaNameT *compName, SaAmfPmStopQualifierT stopQualifier,
	SaInt64T processId, SaAmfPmErrorsT pmErrors)
{
	return result(aisf_amf_b_pm_stop(as(amfHandle), compName, stopQualifier, processId, pmErrors));
}

SaAisErrorT aisf_osaf_saAmfHealthcheckStart(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey, SaAmfHealthcheckInvocationT invocationType,
	SaAmfRecommendedRecoveryT recommendedRecovery)
{
	return result(aisf_amf_b_check_start(as(amfHandle), compName, healthcheckKey, invocationType, recommendedRecovery));
}

SaAisErrorT aisf_osaf_saAmfHealthcheckConfirm(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey, SaAisErrorT healthcheckResult)
{
	return result(aisf_amf_b_check_confirm(as(amfHandle), compName, healthcheckKey, healthcheckResult));
}

SaAisErrorT aisf_osaf_saAmfHealthcheckStop(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey)
{
	return result(aisf_amf_b_check_stop(as(amfHandle), compName, healthcheckKey));
}

SaAisErrorT aisf_osaf_saAmfCSIQuiescingComplete(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error)
{
	return result(aisf_amf_b_answer(as(amfHandle), AISRT_AMF_QUIESCING_COMPLETE, invocation, error));
}

SaAisErrorT aisf_osaf_saAmfHAReadinessStateSet(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *csiName,
	SaAmfHAReadinessStateT haReadinessState, SaNtfCorrelationIdsT *correlationIds)
{
	unsigned error;

	(void)correlationIds;
	if (!aisf_amf_is_name(compName) || !aisf_amf_is_name_or_none(csiName))
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(amfHandle, V4);
	return result(error != AISF_OK ? error : aisf_amf_b_ha_readiness(as(amfHandle), compName, csiName, haReadinessState));
}

SaAisErrorT aisf_osaf_saAmfHAStateGet(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *csiName,
	SaAmfHAStateT *haState)
{
	uint32_t state;
	unsigned error;

	if (haState == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = aisf_amf_b_ha_state(as(amfHandle), compName, csiName, &state);
	if (error == AISF_OK)
		*haState = (SaAmfHAStateT)state;
	return result(error);
}

/* A buffer of either version: where its array is. */
struct buffer {
	enum version version;
	SaUint32T *items;
	SaAmfProtectionGroupNotificationT **array_1;
	SaAmfProtectionGroupNotificationT_4 **array_4;
};

static int store(struct aisf_amf_track *t, const struct aisrt_amf_member *members, uint32_t n)
{
	struct buffer *b = t->arg;

	if (t->array == NULL) {
		t->array = calloc(n == 0 ? 1 : n, notification_size(b->version));
		if (b->version == V1)
			*b->array_1 = t->array;
		else
			*b->array_4 = t->array;
	}
	if (t->array == NULL)
		return 0;
	to_notifications(b->version, t->array, members, n);
	return 1;
}

static SaAisErrorT track(SaAmfHandleT handle, const SaNameT *csi, SaUint8T flags, struct buffer *b, void *array)
{
	struct aisf_amf_track t;
	unsigned error;

	memset(&t, 0, sizeof(t));
	t.csi = csi;
	t.flags = flags;
	t.store = store;
	t.arg = b;
	t.wants = b->items != NULL;
	if (t.wants && (flags & SA_TRACK_CURRENT) != 0) {
		t.array = array;
		t.room = *b->items;
	}
	if (!aisf_amf_is_track(flags))
		return SA_AIS_ERR_BAD_FLAGS;
	if (!aisf_amf_is_name(csi))
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(handle, b->version);
	if (error == AISF_OK)
		error = aisf_amf_b_track(as(handle), &t);
	if (t.wants && (flags & SA_TRACK_CURRENT) != 0 && (error == AISF_OK || error == AISF_NO_SPACE))
		*b->items = t.items;
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfProtectionGroupTrack(SaAmfHandleT amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer)
{
	struct buffer b;

	memset(&b, 0, sizeof(b));
	b.version = V1;
	if (notificationBuffer != NULL) {
		b.items = &notificationBuffer->numberOfItems;
		b.array_1 = &notificationBuffer->notification;
	}
	return track(amfHandle, csiName, trackFlags, &b, notificationBuffer == NULL ? NULL : notificationBuffer->notification);
}

SaAisErrorT aisf_osaf_saAmfProtectionGroupTrack_4(SaAmfHandleT amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT_4 *notificationBuffer)
{
	struct buffer b;

	memset(&b, 0, sizeof(b));
	b.version = V4;
	if (notificationBuffer != NULL) {
		b.items = &notificationBuffer->numberOfItems;
		b.array_4 = &notificationBuffer->notification;
	}
	return track(amfHandle, csiName, trackFlags, &b, notificationBuffer == NULL ? NULL : notificationBuffer->notification);
}

SaAisErrorT aisf_osaf_saAmfProtectionGroupTrackStop(SaAmfHandleT amfHandle, const SaNameT *csiName)
{
	return result(aisf_amf_b_track_stop(as(amfHandle), csiName));
}

SaAisErrorT aisf_osaf_saAmfProtectionGroupNotificationFree_4(SaAmfHandleT amfHandle,
	SaAmfProtectionGroupNotificationT_4 *notification)
{
	unsigned error;

	if (notification == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(amfHandle, V4);
	if (error == AISF_OK)
		free(notification);
	return result(error);
}

/* There is no notification service: what would name a notification is 0. */
static void no_notification(SaNtfCorrelationIdsT *ids, unsigned error)
{
	if (ids != NULL && error == AISF_OK)
		ids->notificationId = 0;
}

SaAisErrorT aisf_osaf_saAmfComponentErrorReport(SaAmfHandleT amfHandle, const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime, SaAmfRecommendedRecoveryT recommendedRecovery, SaNtfIdentifierT ntfIdentifier)
{
	return result(aisf_amf_b_report(as(amfHandle), erroneousComponent, errorDetectionTime, recommendedRecovery, ntfIdentifier));
}

SaAisErrorT aisf_osaf_saAmfComponentErrorReport_4(SaAmfHandleT amfHandle, const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime, SaAmfRecommendedRecoveryT recommendedRecovery, SaNtfCorrelationIdsT *correlationIds)
{
	uint64_t cause = correlationIds == NULL ? 0 : correlationIds->rootCorrelationId;
	unsigned error;

	if (!aisf_amf_is_name(erroneousComponent))
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(amfHandle, V4);
	if (error == AISF_OK)
		error = aisf_amf_b_report(as(amfHandle), erroneousComponent, errorDetectionTime, recommendedRecovery, cause);
	no_notification(correlationIds, error);
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfCorrelationIdsGet(SaAmfHandleT amfHandle, SaInvocationT invocation, SaNtfCorrelationIdsT *correlationIds)
{
	unsigned error;

	if (correlationIds == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(amfHandle, V4);
	if (error == AISF_OK && !aisf_amf_waits(amfHandle, invocation))
		error = AISF_NOT_EXIST;
	if (error == AISF_OK)
		memset(correlationIds, 0, sizeof(*correlationIds));
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfComponentErrorClear(SaAmfHandleT amfHandle, const SaNameT *compName, SaNtfIdentifierT ntfIdentifier)
{
	return result(aisf_amf_b_clear(as(amfHandle), compName, ntfIdentifier));
}

SaAisErrorT aisf_osaf_saAmfComponentErrorClear_4(SaAmfHandleT amfHandle, const SaNameT *compName, SaNtfCorrelationIdsT *correlationIds)
{
	uint64_t cause = correlationIds == NULL ? 0 : correlationIds->rootCorrelationId;
	unsigned error;

	if (!aisf_amf_is_name(compName))
		return SA_AIS_ERR_INVALID_PARAM;
	error = check_version(amfHandle, V4);
	if (error == AISF_OK)
		error = aisf_amf_b_clear(as(amfHandle), compName, cause);
	no_notification(correlationIds, error);
	return result(error);
}

SaAisErrorT aisf_osaf_saAmfResponse(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error)
{
	return result(aisf_amf_b_answer(as(amfHandle), AISRT_AMF_RESPONSE, invocation, error));
}

SaAisErrorT aisf_osaf_saAmfResponse_4(SaAmfHandleT amfHandle, SaInvocationT invocation, SaNtfCorrelationIdsT *correlationIds,
	SaAisErrorT error)
{
	unsigned e;

	(void)correlationIds;
	if (!aisf_amf_is_answer(error))
		return SA_AIS_ERR_INVALID_PARAM;
	e = check_version(amfHandle, V4);
	return result(e != AISF_OK ? e : aisf_amf_b_answer(as(amfHandle), AISRT_AMF_RESPONSE, invocation, error));
}
