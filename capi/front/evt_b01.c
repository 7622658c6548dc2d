/*
 * evt_b01.c: the Event Service of B.01.01: argument checks and the structures of
 * saEvt.h. Arguments are checked before the handle, as openais 0.80 did.
 */
#include "capi/front/evt.h"
#include "capi/front/gen/adapters_b01.h"

#define SIZE SaSizeT
#define ROOM(p) ((p)->allocatedSize)
#define ARRAY_ROOM(a) ((a)->allocatedNumber)
#include "capi/front/evt_patterns.h"

static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)aisf_error_b01(neutral);
}

static struct aisf_handle *get_channel(SaEvtChannelHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, AISF_ALL_BITS, AISF_EVT_B01, AISF_CHANNEL, ref);
}

static struct aisf_handle *get_event(SaEvtEventHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, AISF_ALL_BITS, AISF_EVT_B01, AISF_EVENT, ref);
}

/* The end of a call on h. */
static SaAisErrorT leave(struct aisf_handle *h, unsigned error)
{
	aisf_put(h);
	return result(error);
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const SaEvtCallbacksT *k = h->own;
	const struct aisrt_call *c = &e->call;
	uint64_t id;
	unsigned error;

	if (c->kind == AISRT_EVT_OPENED && k->saEvtChannelOpenCallback != NULL) {
		error = aisf_evt_opened(h, c, &id);
		k->saEvtChannelOpenCallback(c->invocation, id, result(error));
		return 1;
	}
	if (c->kind != AISRT_EVT_DELIVERED || k->saEvtEventDeliverCallback == NULL || !aisf_evt_delivered(h, c, &id))
		return 0;
	k->saEvtEventDeliverCallback((SaEvtSubscriptionIdT)c->evt.subscription, id, c->out_size);
	return 1;
}

/* Same release and major; what is supported is told in every case, as openais
 * 0.80 did. A major of 0 is a structure that nobody filled. */
static int negotiate(SaVersionT *v)
{
	int fits_us = v->releaseCode == 'B' && v->majorVersion == 1;

	v->releaseCode = 'B';
	v->majorVersion = 1;
	v->minorVersion = 1;
	return fits_us;
}

SaAisErrorT aisf_b01_saEvtInitialize(SaEvtHandleT *evtHandle, const SaEvtCallbacksT *callbacks, SaVersionT *version)
{
	struct aisf_handle *h;
	SaEvtCallbacksT *own;
	unsigned error;
	int cancel;

	if (evtHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version))
		return SA_AIS_ERR_VERSION;
	own = calloc(1, sizeof(*own));
	if (own == NULL)
		return SA_AIS_ERR_NO_MEMORY;
	if (callbacks != NULL)
		*own = *callbacks;
	cancel = aisf_cancel_off();
	error = aisf_open(AISF_EVT_B01, AISF_SERVICE_EVT, 'B', aisf_deadline(AISF_HANDSHAKE_NS), run, own, free, &h);
	if (error == AISF_OK)
		*evtHandle = h->id;
	aisf_cancel_restore(cancel);
	return result(error);
}

SaAisErrorT aisf_b01_saEvtSelectionObjectGet(SaEvtHandleT evtHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h;
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, AISF_EVT_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT aisf_b01_saEvtDispatch(SaEvtHandleT evtHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(dispatchFlags))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, AISF_EVT_B01);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_evt_dispatch(h, dispatchFlags));
}

SaAisErrorT aisf_b01_saEvtFinalize(SaEvtHandleT evtHandle)
{
	struct aisf_handle *h = aisf_get(evtHandle, AISF_EVT_B01);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

SaAisErrorT aisf_b01_saEvtChannelOpen(SaEvtHandleT evtHandle, const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags, SaTimeT timeout, SaEvtChannelHandleT *channelHandle)
{
	struct aisf_opening o;
	struct aisf_handle *h;
	uint64_t id;
	unsigned error;

	if (channelHandle == NULL || !is_name(channelName))
		return SA_AIS_ERR_INVALID_PARAM;
	if (!is_flags(channelOpenFlags))
		return SA_AIS_ERR_BAD_FLAGS;
	h = aisf_get(evtHandle, AISF_EVT_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	o = opening(channelName, channelOpenFlags);
	error = aisf_evt_open(h, &o, timeout, &id);
	if (error == AISF_OK)
		*channelHandle = id;
	return leave(h, error);
}

SaAisErrorT aisf_b01_saEvtChannelOpenAsync(SaEvtHandleT evtHandle, SaInvocationT invocation,
	const SaNameT *channelName, SaEvtChannelOpenFlagsT channelOpenFlags)
{
	struct aisf_opening o;
	struct aisf_handle *h;

	if (!is_name(channelName))
		return SA_AIS_ERR_INVALID_PARAM;
	if (!is_flags(channelOpenFlags))
		return SA_AIS_ERR_BAD_FLAGS;
	h = aisf_get(evtHandle, AISF_EVT_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaEvtCallbacksT *)h->own)->saEvtChannelOpenCallback == NULL)
		return leave(h, AISF_INIT);
	o = opening(channelName, channelOpenFlags);
	return leave(h, aisf_evt_open_async(h, &o, invocation));
}

SaAisErrorT aisf_b01_saEvtChannelClose(SaEvtChannelHandleT channelHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_close(h, &ref));
}

SaAisErrorT aisf_b01_saEvtChannelUnlink(SaEvtHandleT evtHandle, const SaNameT *channelName)
{
	struct aisf_handle *h;

	if (!is_name(channelName))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, AISF_EVT_B01);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return leave(h, aisf_evt_unlink(h, channelName->value, channelName->length));
}

SaAisErrorT aisf_b01_saEvtEventAllocate(SaEvtChannelHandleT channelHandle, SaEvtEventHandleT *eventHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h;
	uint64_t id;
	unsigned error;

	if (eventHandle == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_channel(channelHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_evt_allocate(h, &ref, &id);
	if (error == AISF_OK)
		*eventHandle = id;
	return leave(h, error);
}

SaAisErrorT aisf_b01_saEvtEventFree(SaEvtEventHandleT eventHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_free(h, &ref));
}

SaAisErrorT aisf_b01_saEvtEventAttributesSet(SaEvtEventHandleT eventHandle, const SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT priority, SaTimeT retentionTime, const SaNameT *publisherName)
{
	struct aisrt_pattern list[AISF_PATTERNS_MAX];
	struct aisrt_evt attributes;
	struct aisf_ref ref;
	struct aisf_handle *h;
	unsigned error = check_attributes(&attributes, list, patternArray, priority, retentionTime, publisherName);

	if (error != AISF_OK)
		return result(error);
	h = get_event(eventHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	attributes.event = ref.number;
	return leave(h, aisf_evt_set(h, &attributes));
}

SaAisErrorT aisf_b01_saEvtEventAttributesGet(SaEvtEventHandleT eventHandle, SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT *priority, SaTimeT *retentionTime, SaNameT *publisherName,
	SaTimeT *publishTime, SaEvtEventIdT *eventId)
{
	struct wanted w;
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);

	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (patternArray != NULL && is_bad_room(patternArray))
		return leave(h, AISF_INVALID_PARAM);
	w.patterns = patternArray;
	w.priority = priority;
	w.retention = retentionTime;
	w.publisher = publisherName;
	w.time = publishTime;
	w.id = eventId;
	return leave(h, give_attributes(h, ref.number, &w));
}

SaAisErrorT aisf_b01_saEvtEventDataGet(SaEvtEventHandleT eventHandle, void *eventData, SaSizeT *eventDataSize)
{
	struct aisf_ref ref;
	struct aisf_handle *h;

	if (eventDataSize == NULL || (eventData == NULL && *eventDataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_event(eventHandle, &ref);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_data(h, ref.number, eventData, eventDataSize));
}

SaAisErrorT aisf_b01_saEvtEventPublish(SaEvtEventHandleT eventHandle, const void *eventData, SaSizeT eventDataSize,
	SaEvtEventIdT *eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h;

	if (eventId == NULL || (eventData == NULL && eventDataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	if (eventDataSize > SA_EVT_DATA_MAX_LEN)
		return SA_AIS_ERR_TOO_BIG;
	h = get_event(eventHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return leave(h, aisf_evt_publish(h, ref.number, eventData, eventDataSize, eventId));
}

SaAisErrorT aisf_b01_saEvtEventSubscribe(SaEvtChannelHandleT channelHandle, const SaEvtEventFilterArrayT *filters,
	SaEvtSubscriptionIdT subscriptionId)
{
	struct aisrt_pattern list[AISF_PATTERNS_MAX];
	struct aisf_ref ref;
	struct aisf_handle *h;
	unsigned count, error;

	if (filters == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	error = take_filters(list, filters, &count);
	if (error != AISF_OK)
		return result(error);
	h = get_channel(channelHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaEvtCallbacksT *)h->own)->saEvtEventDeliverCallback == NULL)
		return leave(h, AISF_INIT);
	return leave(h, aisf_evt_subscribe(h, ref.number, list, count, subscriptionId));
}

SaAisErrorT aisf_b01_saEvtEventUnsubscribe(SaEvtChannelHandleT channelHandle, SaEvtSubscriptionIdT subscriptionId)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_unsubscribe(h, ref.number, subscriptionId));
}

SaAisErrorT aisf_b01_saEvtEventRetentionTimeClear(SaEvtChannelHandleT channelHandle, SaEvtEventIdT eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h;

	if (eventId <= AISF_RESERVED_IDS)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_channel(channelHandle, &ref);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_retention_clear(h, ref.number, eventId));
}
