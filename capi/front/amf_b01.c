/*
 * amf_b01.c: the Availability Management Framework of B.01.01: the structures of
 * saAmf.h. What needs none of them is in amf_b.c.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/amf_b.h"
#include "capi/front/gen/adapters_b01.h"

typedef char key_is_laid_out_alike[
	sizeof(SaAmfHealthcheckKeyT) == sizeof(struct aisf_amf_key) && sizeof(SaNameT) == sizeof(struct aisrt_name) &&
	sizeof(SaAmfCSIAttributeT) == 2 * sizeof(char *) ? 1 : -1];

struct own {
	struct aisf_amf amf;
	SaAmfCallbacksT callbacks;
};

static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)aisf_error_b01(neutral);
}

static struct aisf_amf_b as(SaAmfHandleT handle)
{
	struct aisf_amf_b b;

	b.id = handle;
	b.type = AISF_AMF_B01;
	return b;
}

static uint32_t offered(const SaAmfCallbacksT *k)
{
	uint32_t has = 0;

	has |= k->saAmfHealthcheckCallback ? AISRT_AMF_HAS_HEALTHCHECK : 0;
	has |= k->saAmfComponentTerminateCallback ? AISRT_AMF_HAS_TERMINATE : 0;
	has |= k->saAmfCSISetCallback ? AISRT_AMF_HAS_CSI_SET : 0;
	has |= k->saAmfCSIRemoveCallback ? AISRT_AMF_HAS_CSI_REMOVE : 0;
	has |= k->saAmfProtectionGroupTrackCallback ? AISRT_AMF_HAS_TRACK : 0;
	has |= k->saAmfExternalComponentInstantiateCallback ? AISRT_AMF_HAS_INSTANTIATE : 0;
	has |= k->saAmfExternalComponentCleanupCallback ? AISRT_AMF_HAS_CLEANUP : 0;
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
		to[i].member.haState = (SaAmfHAStateT)from[i].ha_state;
		to[i].member.rank = from[i].rank;
		to[i].change = (SaAmfProtectionGroupChangesT)from[i].change;
	}
}

static int run_group(const SaAmfCallbacksT *k, const struct aisrt_call *c)
{
	SaAmfProtectionGroupNotificationBufferT b;
	SaNameT csi;

	if (k->saAmfProtectionGroupTrackCallback == NULL)
		return 0;
	to_name(&csi, aisf_amf_csi(c));
	b.numberOfItems = c->items;
	b.notification = calloc(c->items == 0 ? 1 : c->items, sizeof(*b.notification));
	if (b.notification == NULL) {
		b.numberOfItems = 0;
		k->saAmfProtectionGroupTrackCallback(&csi, &b, c->members, SA_AIS_ERR_NO_MEMORY);
		return 1;
	}
	to_notifications(b.notification, aisf_amf_members(c), c->items);
	pthread_cleanup_push(free, b.notification);
	k->saAmfProtectionGroupTrackCallback(&csi, &b, c->members, result(c->result));
	pthread_cleanup_pop(1);
	return 1;
}

static int run_set(const SaAmfCallbacksT *k, uint64_t invocation, const struct aisrt_amf_event *e, const SaNameT *component)
{
	SaAmfCSIDescriptorT d;

	if (k->saAmfCSISetCallback == NULL)
		return 0;
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
	k->saAmfCSISetCallback(invocation, component, (SaAmfHAStateT)e->ha_state, &d);
	pthread_cleanup_pop(1);
	return 1;
}

static int run_check(const SaAmfCallbacksT *k, uint64_t invocation, const struct aisrt_amf_event *e, const SaNameT *component)
{
	SaAmfHealthcheckKeyT key;

	if (k->saAmfHealthcheckCallback == NULL)
		return 0;
	memset(&key, 0, sizeof(key));
	memcpy(key.key, e->key, sizeof(key.key));
	key.keyLen = (SaUint16T)e->key_size;
	k->saAmfHealthcheckCallback(invocation, component, &key);
	return 1;
}

/* Of the callbacks that have nothing but a name. */
static int run_named(void (*f)(SaInvocationT, const SaNameT *), uint64_t invocation, const SaNameT *component)
{
	if (f == NULL)
		return 0;
	f(invocation, component);
	return 1;
}

static int run(struct aisf_handle *h, struct aisf_event *event)
{
	const SaAmfCallbacksT *k = &((const struct own *)h->own)->callbacks;
	const struct aisrt_call *c = &event->call;
	const struct aisrt_amf_event *e = c->out;
	SaNameT component, csi;

	if (c->kind == AISRT_AMF_GROUP)
		return run_group(k, c);
	if (c->kind != AISRT_AMF_CALLED)
		return 0;
	to_name(&component, &e->component);
	switch (e->call) {
	case AISRT_AMF_HEALTHCHECK:
		return run_check(k, c->invocation, e, &component);
	case AISRT_AMF_TERMINATE:
		return run_named(k->saAmfComponentTerminateCallback, c->invocation, &component);
	case AISRT_AMF_INSTANTIATE:
		return run_named(k->saAmfExternalComponentInstantiateCallback, c->invocation, &component);
	case AISRT_AMF_CLEANUP:
		return run_named(k->saAmfExternalComponentCleanupCallback, c->invocation, &component);
	case AISRT_AMF_CSI_SET:
		return run_set(k, c->invocation, e, &component);
	case AISRT_AMF_CSI_REMOVE:
		if (k->saAmfCSIRemoveCallback == NULL)
			return 0;
		to_name(&csi, &e->csi);
		k->saAmfCSIRemoveCallback(c->invocation, &component, &csi, e->value);
		return 1;
	}
	return 0;
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

SaAisErrorT aisf_b01_saAmfInitialize(SaAmfHandleT *amfHandle, const SaAmfCallbacksT *amfCallbacks, SaVersionT *version)
{
	struct own *own;

	if (amfHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_AIS_ERR_NO_MEMORY;
	if (amfCallbacks != NULL)
		own->callbacks = *amfCallbacks;
	own->amf.callbacks = offered(&own->callbacks);
	return result(aisf_amf_b_open(AISF_AMF_B01, run, own, free, amfHandle));
}

SaAisErrorT aisf_b01_saAmfSelectionObjectGet(SaAmfHandleT amfHandle, SaSelectionObjectT *selectionObject)
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

SaAisErrorT aisf_b01_saAmfDispatch(SaAmfHandleT amfHandle, SaDispatchFlagsT dispatchFlags)
{
	return result(aisf_amf_b_dispatch(as(amfHandle), dispatchFlags));
}

SaAisErrorT aisf_b01_saAmfFinalize(SaAmfHandleT amfHandle)
{
	return result(aisf_amf_b_finalize(as(amfHandle)));
}

SaAisErrorT aisf_b01_saAmfComponentRegister(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	return result(aisf_amf_b_register(as(amfHandle), compName, proxyCompName));
}

SaAisErrorT aisf_b01_saAmfComponentUnregister(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *proxyCompName)
{
	return result(aisf_amf_b_unregister(as(amfHandle), compName, proxyCompName));
}

SaAisErrorT aisf_b01_saAmfComponentNameGet(SaAmfHandleT amfHandle, SaNameT *compName)
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
SaAisErrorT aisf_b01_saAmfPmStart(SaAmfHandleT amfHandle, const SaNameT *compName, SaUint64T processId,
	SaInt32T descendentsTreeDepth, SaAmfPmErrorsT pmErrors, SaAmfRecommendedRecoveryT recommendedRecovery)
{
	int64_t pid = processId > INT64_MAX ? 0 : (int64_t)processId;

	return result(aisf_amf_b_pm_start(as(amfHandle), compName, pid, descendentsTreeDepth, pmErrors, recommendedRecovery));
}

SaAisErrorT aisf_b01_saAmfPmStop(SaAmfHandleT amfHandle, const SaNameT *compName, SaAmfPmStopQualifierT stopQualifier,
	SaInt64T processId, SaAmfPmErrorsT pmErrors)
{
	return result(aisf_amf_b_pm_stop(as(amfHandle), compName, stopQualifier, processId, pmErrors));
}

SaAisErrorT aisf_b01_saAmfHealthcheckStart(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey, SaAmfHealthcheckInvocationT invocationType,
	SaAmfRecommendedRecoveryT recommendedRecovery)
{
	return result(aisf_amf_b_check_start(as(amfHandle), compName, healthcheckKey, invocationType, recommendedRecovery));
}

SaAisErrorT aisf_b01_saAmfHealthcheckConfirm(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey, SaAisErrorT healthcheckResult)
{
	return result(aisf_amf_b_check_confirm(as(amfHandle), compName, healthcheckKey, healthcheckResult));
}

SaAisErrorT aisf_b01_saAmfHealthcheckStop(SaAmfHandleT amfHandle, const SaNameT *compName,
	const SaAmfHealthcheckKeyT *healthcheckKey)
{
	return result(aisf_amf_b_check_stop(as(amfHandle), compName, healthcheckKey));
}

SaAisErrorT aisf_b01_saAmfHAStateGet(SaAmfHandleT amfHandle, const SaNameT *compName, const SaNameT *csiName,
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

SaAisErrorT aisf_b01_saAmfCSIQuiescingComplete(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error)
{
	return result(aisf_amf_b_answer(as(amfHandle), AISRT_AMF_QUIESCING_COMPLETE, invocation, error));
}

/* Into the application's array, or into one that it frees. */
static int store(struct aisf_amf_track *t, const struct aisrt_amf_member *members, uint32_t n)
{
	SaAmfProtectionGroupNotificationBufferT *b = t->arg;

	if (t->array == NULL)
		t->array = b->notification = calloc(n == 0 ? 1 : n, sizeof(*b->notification));
	if (t->array == NULL)
		return 0;
	to_notifications(t->array, members, n);
	return 1;
}

SaAisErrorT aisf_b01_saAmfProtectionGroupTrack(SaAmfHandleT amfHandle, const SaNameT *csiName, SaUint8T trackFlags,
	SaAmfProtectionGroupNotificationBufferT *notificationBuffer)
{
	struct aisf_amf_track t;
	unsigned error;

	memset(&t, 0, sizeof(t));
	t.csi = csiName;
	t.flags = trackFlags;
	t.store = store;
	t.arg = notificationBuffer;
	t.wants = notificationBuffer != NULL;
	if (notificationBuffer != NULL && (trackFlags & SA_TRACK_CURRENT) != 0) {
		t.array = notificationBuffer->notification;
		t.room = notificationBuffer->numberOfItems;
	}
	error = aisf_amf_b_track(as(amfHandle), &t);
	if (t.wants && (trackFlags & SA_TRACK_CURRENT) != 0 && (error == AISF_OK || error == AISF_NO_SPACE))
		notificationBuffer->numberOfItems = t.items;
	return result(error);
}

SaAisErrorT aisf_b01_saAmfProtectionGroupTrackStop(SaAmfHandleT amfHandle, const SaNameT *csiName)
{
	return result(aisf_amf_b_track_stop(as(amfHandle), csiName));
}

SaAisErrorT aisf_b01_saAmfComponentErrorReport(SaAmfHandleT amfHandle, const SaNameT *erroneousComponent,
	SaTimeT errorDetectionTime, SaAmfRecommendedRecoveryT recommendedRecovery, SaNtfIdentifierT ntfIdentifier)
{
	return result(aisf_amf_b_report(as(amfHandle), erroneousComponent, errorDetectionTime, recommendedRecovery, ntfIdentifier));
}

SaAisErrorT aisf_b01_saAmfComponentErrorClear(SaAmfHandleT amfHandle, const SaNameT *compName, SaNtfIdentifierT ntfIdentifier)
{
	return result(aisf_amf_b_clear(as(amfHandle), compName, ntfIdentifier));
}

SaAisErrorT aisf_b01_saAmfResponse(SaAmfHandleT amfHandle, SaInvocationT invocation, SaAisErrorT error)
{
	return result(aisf_amf_b_answer(as(amfHandle), AISRT_AMF_RESPONSE, invocation, error));
}
