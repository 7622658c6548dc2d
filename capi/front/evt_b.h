/*
 * evt_b.h: the Event Service of the B generations: argument checks and structures,
 * written once for B.01.01 of openais and B.03.01 of OpenSAF. Arguments are checked
 * before the handle, as openais 0.80 did. Included after the adapters of the
 * generation and evt_patterns.h, with
 *   ENTRY(name)     the adapter of a function
 *   KIND            of its handles
 *   ERROR(neutral)  its number of an error
 *   negotiate(v)    whether a version is supported; tells which is
 */
static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)ERROR(neutral);
}

static struct aisf_handle *get_channel(SaEvtChannelHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, AISF_ALL_BITS, KIND, AISF_CHANNEL, ref);
}

static struct aisf_handle *get_event(SaEvtEventHandleT id, struct aisf_ref *ref)
{
	return aisf_object_get(id, AISF_ALL_BITS, KIND, AISF_EVENT, ref);
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

SaAisErrorT ENTRY(saEvtInitialize)(SaEvtHandleT *evtHandle, const SaEvtCallbacksT *callbacks, SaVersionT *version)
{
	struct aisf_handle *h;
	unsigned error;

	if (evtHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version))
		return SA_AIS_ERR_VERSION;
	error = aisf_initialize(KIND, AISF_SERVICE_EVT, 'B', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*evtHandle = h->id;
	return result(error);
}

SaAisErrorT ENTRY(saEvtSelectionObjectGet)(SaEvtHandleT evtHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h;
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT ENTRY(saEvtDispatch)(SaEvtHandleT evtHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(dispatchFlags))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, KIND);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_evt_dispatch(h, dispatchFlags));
}

SaAisErrorT ENTRY(saEvtFinalize)(SaEvtHandleT evtHandle)
{
	struct aisf_handle *h = aisf_get(evtHandle, KIND);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

SaAisErrorT ENTRY(saEvtChannelOpen)(SaEvtHandleT evtHandle, const SaNameT *channelName,
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
	h = aisf_get(evtHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	o = opening(channelName, channelOpenFlags);
	error = aisf_evt_open(h, &o, timeout, &id);
	if (error == AISF_OK)
		*channelHandle = id;
	return leave(h, error);
}

SaAisErrorT ENTRY(saEvtChannelOpenAsync)(SaEvtHandleT evtHandle, SaInvocationT invocation,
	const SaNameT *channelName, SaEvtChannelOpenFlagsT channelOpenFlags)
{
	struct aisf_opening o;
	struct aisf_handle *h;

	if (!is_name(channelName))
		return SA_AIS_ERR_INVALID_PARAM;
	if (!is_flags(channelOpenFlags))
		return SA_AIS_ERR_BAD_FLAGS;
	h = aisf_get(evtHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaEvtCallbacksT *)h->own)->saEvtChannelOpenCallback == NULL)
		return leave(h, AISF_INIT);
	o = opening(channelName, channelOpenFlags);
	return leave(h, aisf_evt_open_async(h, &o, invocation));
}

SaAisErrorT ENTRY(saEvtChannelClose)(SaEvtChannelHandleT channelHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_close(h, &ref));
}

SaAisErrorT ENTRY(saEvtChannelUnlink)(SaEvtHandleT evtHandle, const SaNameT *channelName)
{
	struct aisf_handle *h;

	if (!is_name(channelName))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(evtHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return leave(h, aisf_evt_unlink(h, channelName->value, channelName->length));
}

SaAisErrorT ENTRY(saEvtEventAllocate)(SaEvtChannelHandleT channelHandle, SaEvtEventHandleT *eventHandle)
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

SaAisErrorT ENTRY(saEvtEventFree)(SaEvtEventHandleT eventHandle)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_event(eventHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_free(h, &ref));
}

SaAisErrorT ENTRY(saEvtEventAttributesSet)(SaEvtEventHandleT eventHandle, const SaEvtEventPatternArrayT *patternArray,
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

SaAisErrorT ENTRY(saEvtEventAttributesGet)(SaEvtEventHandleT eventHandle, SaEvtEventPatternArrayT *patternArray,
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

SaAisErrorT ENTRY(saEvtEventDataGet)(SaEvtEventHandleT eventHandle, void *eventData, SaSizeT *eventDataSize)
{
	struct aisf_ref ref;
	struct aisf_handle *h;
	uint64_t size;
	unsigned error;

	if (eventDataSize == NULL || (eventData == NULL && *eventDataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_event(eventHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	size = *eventDataSize;
	error = aisf_evt_data(h, ref.number, eventData, &size);
	*eventDataSize = size;
	return leave(h, error);
}

SaAisErrorT ENTRY(saEvtEventPublish)(SaEvtEventHandleT eventHandle, const void *eventData, SaSizeT eventDataSize,
	SaEvtEventIdT *eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h;
	uint64_t id;
	unsigned error;

	if (eventId == NULL || (eventData == NULL && eventDataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	if (eventDataSize > AISF_DATA_MAX)
		return SA_AIS_ERR_TOO_BIG;
	h = get_event(eventHandle, &ref);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	id = *eventId;
	error = aisf_evt_publish(h, ref.number, eventData, eventDataSize, &id);
	*eventId = id;
	return leave(h, error);
}

SaAisErrorT ENTRY(saEvtEventSubscribe)(SaEvtChannelHandleT channelHandle, const SaEvtEventFilterArrayT *filters,
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

SaAisErrorT ENTRY(saEvtEventUnsubscribe)(SaEvtChannelHandleT channelHandle, SaEvtSubscriptionIdT subscriptionId)
{
	struct aisf_ref ref;
	struct aisf_handle *h = get_channel(channelHandle, &ref);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_unsubscribe(h, ref.number, subscriptionId));
}

SaAisErrorT ENTRY(saEvtEventRetentionTimeClear)(SaEvtChannelHandleT channelHandle, SaEvtEventIdT eventId)
{
	struct aisf_ref ref;
	struct aisf_handle *h;

	if (eventId <= AISF_RESERVED_IDS)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get_channel(channelHandle, &ref);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : leave(h, aisf_evt_retention_clear(h, ref.number, eventId));
}
