/*
 * evt_a01.c: the Event Service of A.01.01: handles as wide as long, sizes that
 * are int. A handle is looked at before the other arguments.
 */
#include "capi/front/evt.h"
#include "capi/front/gen/adapters_a01.h"

/* In this generation the sizes say both, what is there and how much room. */
#define SIZE SaSizeT
#define ROOM(p) ((p)->patternSize)
#define ARRAY_ROOM(a) ((a)->patternsNumber)
#include "capi/front/evt_patterns.h"

/* How much of a handle there is on this word size. */
#define SIGNIFICANT (sizeof(SaUint32T) == 8 ? AISF_ALL_BITS : AISF_LOW_BITS)

static SaErrorT result(unsigned neutral)
{
	return (SaErrorT)aisf_error_a01(neutral);
}

static struct aisf_handle *get(SaEvtHandleT id)
{
	return sizeof(id) == 8 ? aisf_get(id, AISF_EVT_A01) : aisf_get_short((uint32_t)id, AISF_EVT_A01);
}

static struct aisf_handle *get_channel(SaEvtChannelHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, SIGNIFICANT, AISF_EVT_A01, AISF_CHANNEL, ref);
}

static struct aisf_handle *get_event(SaEvtEventHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, SIGNIFICANT, AISF_EVT_A01, AISF_EVENT, ref);
}

/* The end of a call on h. */
static SaErrorT leave(struct aisf_handle *h, unsigned error)
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
		k->saEvtChannelOpenCallback((SaInvocationT)c->invocation, (SaEvtChannelHandleT)id, result(error));
		return 1;
	}
	if (c->kind != AISRT_EVT_DELIVERED || k->saEvtEventDeliverCallback == NULL || !aisf_evt_delivered(h, c, &id))
		return 0;
	k->saEvtEventDeliverCallback((SaEvtSubscriptionIdT)c->evt.subscription, (SaEvtEventHandleT)id,
		(SaSizeT)c->out_size);
	return 1;
}

/* A.01.01 exactly, in either case of the letter, as 2004 had it. */
static int version_fits(const SaVersionT *v)
{
	return v != NULL && (v->releaseCode == 'A' || v->releaseCode == 'a') && v->major == 1 && v->minor == 1;
}

SaErrorT aisf_a01_saEvtInitialize(SaEvtHandleT *evtHandle, const SaEvtCallbacksT *callbacks, SaVersionT *version)
{
	struct aisf_handle *h;
	unsigned error;

	if (!version_fits(version))
		return SA_ERR_VERSION;
	if (evtHandle == NULL)
		return SA_ERR_INVALID_PARAM;
	error = aisf_initialize(AISF_EVT_A01, AISF_SERVICE_EVT, 'A', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*evtHandle = (SaEvtHandleT)h->id;
	return result(error);
}

SaErrorT aisf_a01_saEvtSelectionObjectGet(SaEvtHandleT evtHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h = get(evtHandle);
	unsigned error;
	int fd;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (selectionObject == NULL)
		return leave(h, AISF_INVALID_PARAM);
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = fd;
	return result(error);
}

SaErrorT aisf_a01_saEvtDispatch(SaEvtHandleT evtHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h = get(evtHandle);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!aisf_is_sa_dispatch(dispatchFlags))
		return leave(h, AISF_INVALID_PARAM);
	return result(aisf_evt_dispatch(h, dispatchFlags));
}

SaErrorT aisf_a01_saEvtFinalize(SaEvtHandleT evtHandle)
{
	struct aisf_handle *h = get(evtHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

SaErrorT aisf_a01_saEvtChannelOpen(SaEvtHandleT evtHandle, const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags, SaTimeT timeout, SaEvtChannelHandleT *channelHandle)
{
	struct aisf_handle *h = get(evtHandle);
	struct aisf_opening o;
	uint64_t id;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (channelHandle == NULL || !is_name(channelName))
		return leave(h, AISF_INVALID_PARAM);
	if (!is_flags(channelOpenFlags))
		return leave(h, AISF_BAD_FLAGS);
	o = opening(channelName, channelOpenFlags);
	error = aisf_evt_open(h, &o, timeout, &id);
	if (error == AISF_OK)
		*channelHandle = (SaEvtChannelHandleT)id;
	return leave(h, error);
}

SaErrorT aisf_a01_saEvtChannelOpenAsync(SaEvtHandleT evtHandle, SaInvocationT invocation,
	const SaNameT *channelName, SaEvtChannelOpenFlagsT channelOpenFlags)
{
	struct aisf_handle *h = get(evtHandle);
	struct aisf_opening o;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!is_name(channelName))
		return leave(h, AISF_INVALID_PARAM);
	if (!is_flags(channelOpenFlags))
		return leave(h, AISF_BAD_FLAGS);
	if (((const SaEvtCallbacksT *)h->own)->saEvtChannelOpenCallback == NULL)
		return leave(h, AISF_INIT);
	o = opening(channelName, channelOpenFlags);
	return leave(h, aisf_evt_open_async(h, &o, (uint64_t)(int64_t)invocation));
}

SaErrorT aisf_a01_saEvtChannelClose(SaEvtChannelHandleT channelHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_ERR_BAD_HANDLE : leave(h, aisf_evt_close(h, &ref));
}

SaErrorT aisf_a01_saEvtChannelUnlink(SaEvtHandleT evtHandle, const SaNameT *channelName)
{
	struct aisf_handle *h = get(evtHandle);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!is_name(channelName))
		return leave(h, AISF_INVALID_PARAM);
	return leave(h, aisf_evt_unlink(h, channelName->value, channelName->length));
}

SaErrorT aisf_a01_saEvtEventAllocate(SaEvtChannelHandleT channelHandle, SaEvtEventHandleT *eventHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);
	uint64_t id;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (eventHandle == NULL)
		return leave(h, AISF_INVALID_PARAM);
	error = aisf_evt_allocate(h, &ref, &id);
	if (error == AISF_OK)
		*eventHandle = (SaEvtEventHandleT)id;
	return leave(h, error);
}

SaErrorT aisf_a01_saEvtEventFree(SaEvtEventHandleT eventHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);

	return h == NULL ? SA_ERR_BAD_HANDLE : leave(h, aisf_evt_free(h, &ref));
}

SaErrorT aisf_a01_saEvtEventAttributesSet(SaEvtEventHandleT eventHandle, const SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT priority, SaTimeT retentionTime, const SaNameT *publisherName)
{
	struct aisrt_pattern list[AISF_PATTERNS_MAX];
	struct aisrt_evt attributes;
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = check_attributes(&attributes, list, patternArray, priority, retentionTime, publisherName);
	attributes.event = ref.number;
	return leave(h, error == AISF_OK ? aisf_evt_set(h, &attributes) : error);
}

SaErrorT aisf_a01_saEvtEventAttributesGet(SaEvtEventHandleT eventHandle, SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT *priority, SaTimeT *retentionTime, SaNameT *publisherName,
	SaTimeT *publishTime, SaEvtEventIdT *eventId)
{
	struct wanted w;
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
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

SaErrorT aisf_a01_saEvtEventDataGet(SaEvtEventHandleT eventHandle, void *eventData, SaSizeT *eventDataSize)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);
	uint64_t size;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (eventDataSize == NULL || *eventDataSize < 0 || (eventData == NULL && *eventDataSize > 0))
		return leave(h, AISF_INVALID_PARAM);
	size = (uint64_t)*eventDataSize;
	error = aisf_evt_data(h, ref.number, eventData, &size);
	*eventDataSize = (SaSizeT)size;
	return leave(h, error);
}

SaErrorT aisf_a01_saEvtEventPublish(SaEvtEventHandleT eventHandle, const void *eventData, SaSizeT eventDataSize,
	SaEvtEventIdT *eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);
	uint64_t id = 0;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (eventId == NULL || eventDataSize < 0 || (eventData == NULL && eventDataSize > 0))
		return leave(h, AISF_INVALID_PARAM);
	error = aisf_evt_publish(h, ref.number, eventData, (uint64_t)eventDataSize, &id);
	if (error == AISF_OK)
		*eventId = id;
	return leave(h, error);
}

SaErrorT aisf_a01_saEvtEventSubscribe(SaEvtChannelHandleT channelHandle, const SaEvtEventFilterArrayT *filters,
	SaEvtSubscriptionIdT subscriptionId)
{
	struct aisrt_pattern list[AISF_PATTERNS_MAX];
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);
	unsigned count, error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (filters == NULL)
		return leave(h, AISF_INVALID_PARAM);
	error = take_filters(list, filters, &count);
	if (error == AISF_OK && ((const SaEvtCallbacksT *)h->own)->saEvtEventDeliverCallback == NULL)
		error = AISF_INIT;
	return leave(h, error == AISF_OK ? aisf_evt_subscribe(h, ref.number, list, count, subscriptionId) : error);
}

SaErrorT aisf_a01_saEvtEventUnsubscribe(SaEvtChannelHandleT channelHandle, SaEvtSubscriptionIdT subscriptionId)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = aisf_evt_unsubscribe(h, ref.number, subscriptionId);
	return leave(h, error == AISF_NOT_EXIST ? AISF_NAME_NOT_FOUND : error);
}

SaErrorT aisf_a01_saEvtEventRetentionTimeClear(SaEvtChannelHandleT channelHandle, SaEvtEventIdT eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_ERR_BAD_HANDLE : leave(h, aisf_evt_retention_clear(h, ref.number, eventId));
}
