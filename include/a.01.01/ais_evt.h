/*
 * ais_evt.h: the Event Service, generation A.01.01, as openais of 2004 published
 * it: events that are published on named channels and reach every subscriber
 * whose filters match.
 *
 * Owns: the seventeen functions of the service; its types are in ais_types.h.
 * Link with -lais. Works alone in C89 to C23 and in C++. Handles are passed by
 * value here, unlike in the other services of this generation.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting.
 * - fork: in the child every inherited handle is SA_ERR_BAD_HANDLE; the child
 *   may call saEvtInitialize for handles of its own.
 * - Channel and event handles end with what they came from: saEvtFinalize ends
 *   the channels, saEvtChannelClose the events of the channel, received ones
 *   included. From then on they are SA_ERR_BAD_HANDLE.
 * - SA_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saEvtFinalize only; events that were received can still
 *   be read until then.
 * - SA_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes or has
 *   no room just now; repeat the call a little later. saEvtChannelOpen waits for
 *   room first, for a second at most.
 * - A handle is looked at before the other arguments.
 */
#ifndef AIS_A01_AIS_EVT_H
#define AIS_A01_AIS_EVT_H

#include "ais_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * saEvtInitialize opens the service for this process.
 *
 * evtHandle  receives the handle. Give it back with saEvtFinalize.
 * callbacks  copied; NULL means that no callback is given.
 * version    {'A', 1, 1} (or 'a'); never written.
 *
 * SA_OK; SA_ERR_VERSION any other version, or version is NULL;
 * SA_ERR_INVALID_PARAM evtHandle is NULL; SA_ERR_TRY_AGAIN no executive is
 * running; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES the process has no room for
 * the library's runtime, or its file cannot be loaded; SA_ERR_SECURITY this
 * user may not use the executive, or what answers is not one that may be
 * trusted; SA_ERR_ACCESS the path of the socket is closed to this user;
 * SA_ERR_LIBRARY what answers does not speak this library's protocol.
 */
extern SaErrorT saEvtInitialize(
	SaEvtHandleT *evtHandle,
	const SaEvtCallbacksT *callbacks,
	SaVersionT *version) AIS_A01_BIND(saEvtInitialize);

/*
 * saEvtSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's: poll
 * it, never read or close it. It ends with saEvtFinalize.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtSelectionObjectGet(
	SaEvtHandleT evtHandle,
	SaSelectionObjectT *selectionObject) AIS_A01_BIND(saEvtSelectionObjectGet);

/*
 * saEvtDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending
 *                (programs that load the library by its soname of 2004 keep the
 *                waiting of that time); SA_DISPATCH_ALL: all that are pending;
 *                SA_DISPATCH_BLOCKING: until the handle is finalized, then
 *                SA_OK.
 *
 * Events come by priority, and within one in the order in which each publisher
 * published them. ALL and BLOCKING fetch several at once: one of a higher
 * priority that arrives later is delivered after those.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM no such flag; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtDispatch(
	SaEvtHandleT evtHandle,
	SaDispatchFlagsT dispatchFlags) AIS_A01_BIND(saEvtDispatch);

/*
 * saEvtFinalize closes the handle, with all channels and events that came from
 * it; pending callbacks are dropped. A blocked saEvtDispatch of another thread
 * returns SA_OK, any other waiting call SA_ERR_BAD_HANDLE. May be called from
 * inside a callback. Retained events that were published stay.
 *
 * SA_OK, also when the executive is gone; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saEvtFinalize(
	SaEvtHandleT evtHandle) AIS_A01_BIND(saEvtFinalize);

/*
 * saEvtChannelOpen opens a channel. The same channel may be opened any number of
 * times.
 *
 * channelName       1 to 256 bytes.
 * channelOpenFlags  SA_EVT_CHANNEL_CREATE: make the channel if there is none;
 *                   SA_EVT_CHANNEL_PUBLISHER and _SUBSCRIBER: what the handle
 *                   may do.
 * timeout           nanoseconds to wait at most; 0 or less is SA_ERR_TIMEOUT.
 *                   Whether the channel was made is open after SA_ERR_TIMEOUT.
 * channelHandle     receives the handle. Give it back with saEvtChannelClose.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM channelName or channelHandle is
 * NULL, or no name; SA_ERR_BAD_FLAGS no flag or an unknown one; SA_ERR_NOT_EXIST
 * no such channel and not SA_EVT_CHANNEL_CREATE; SA_ERR_TIMEOUT;
 * SA_ERR_NO_RESOURCES too many channels; SA_ERR_NO_MEMORY; SA_ERR_TRY_AGAIN;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtChannelOpen(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags,
	SaTimeT timeout,
	SaEvtChannelHandleT *channelHandle) AIS_A01_BIND(saEvtChannelOpen);

/*
 * saEvtChannelOpenAsync opens a channel; the result comes by
 * saEvtChannelOpenCallback.
 *
 * invocation  any value; the callback carries it.
 * The other arguments are those of saEvtChannelOpen. That a channel does not
 * exist is told by the callback (SA_ERR_NOT_EXIST).
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM; SA_ERR_BAD_FLAGS; SA_ERR_INIT
 * that callback was not given; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtChannelOpenAsync(
	SaEvtHandleT evtHandle,
	SaInvocationT invocation,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags) AIS_A01_BIND(saEvtChannelOpenAsync);

/*
 * saEvtChannelClose ends an opening: its subscriptions, its events, and what is
 * pending for them.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtChannelClose(
	SaEvtChannelHandleT channelHandle) AIS_A01_BIND(saEvtChannelClose);

/*
 * saEvtChannelUnlink takes a channel's name away. Who has it open keeps it; it
 * ends when the last of them closes it. The library of 2004 had this function
 * under the name SaEvtChannelUnlink only; by its soname both work.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM channelName is NULL or no name;
 * SA_ERR_NOT_EXIST no such channel; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtChannelUnlink(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName) AIS_A01_BIND(saEvtChannelUnlink);

/*
 * saEvtEventAllocate makes an event to be published on a channel: no patterns,
 * the lowest priority, retention time 0, no publisher name. Nothing is sent.
 *
 * eventHandle  receives the handle. Give it back with saEvtEventFree.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM eventHandle is NULL;
 * SA_ERR_NO_MEMORY.
 */
extern SaErrorT saEvtEventAllocate(
	SaEvtChannelHandleT channelHandle,
	SaEvtEventHandleT *eventHandle) AIS_A01_BIND(saEvtEventAllocate);

/*
 * saEvtEventFree ends an event, allocated or received. What was published is not
 * affected.
 *
 * SA_OK; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saEvtEventFree(
	SaEvtEventHandleT eventHandle) AIS_A01_BIND(saEvtEventFree);

/*
 * saEvtEventAttributesSet sets what an allocated event is published with.
 * Everything is copied.
 *
 * patternArray   at most 64 patterns of at most 1024 bytes; NULL: as it is.
 * priority       SA_EVT_HIGHEST_PRIORITY to SA_EVT_LOWEST_PRIORITY.
 * retentionTime  nanoseconds for which the cluster keeps the event, once
 *                published, for those who subscribe later; 0: not at all; the
 *                largest value: until it is cleared.
 * publisherName  at most 256 bytes; NULL: as it is.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM a priority, a negative
 * retentionTime or size, too many or too long patterns, a name that is too long,
 * a pattern that is NULL; SA_ERR_ACCESS a received event, or the channel was not
 * opened as publisher; SA_ERR_NO_MEMORY.
 */
extern SaErrorT saEvtEventAttributesSet(
	SaEvtEventHandleT eventHandle,
	const SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT priority,
	SaTimeT retentionTime,
	const SaNameT *publisherName) AIS_A01_BIND(saEvtEventAttributesSet);

/*
 * saEvtEventAttributesGet reads the attributes of an event. Each of the pointers
 * may be NULL: that attribute is left out.
 *
 * patternArray   with patterns NULL the library allocates the array and the
 *                bytes of each pattern, all of which the caller releases with
 *                free(): each pattern, then the array. Otherwise there is room
 *                for patternsNumber entries; an entry with pattern NULL has its
 *                bytes allocated, any other has room for patternSize. The
 *                numbers are set to what there is.
 * publishTime    the most negative value for an event that was not published.
 * eventId        0 for one that was not published.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM a negative number;
 * SA_ERR_NO_SPACE the array or the room of a pattern is too small: patternsNumber
 * and the patternSize of each entry there is tell what is needed, nothing was
 * allocated, the other attributes were stored; SA_ERR_NO_MEMORY.
 */
extern SaErrorT saEvtEventAttributesGet(
	SaEvtEventHandleT eventHandle,
	SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT *priority,
	SaTimeT *retentionTime,
	SaNameT *publisherName,
	SaTimeT *publishTime,
	SaEvtEventIdT *eventId) AIS_A01_BIND(saEvtEventAttributesGet);

/*
 * saEvtEventDataGet copies the data of a received event.
 *
 * eventData      room for the data; may be NULL if *eventDataSize is 0.
 * eventDataSize  in: bytes of room; out: bytes of data.
 *
 * SA_OK; SA_ERR_BAD_HANDLE, also for an event that was allocated;
 * SA_ERR_INVALID_PARAM eventDataSize is NULL or negative, or eventData is NULL
 * with room; SA_ERR_NO_SPACE the room is too small: nothing was copied.
 */
extern SaErrorT saEvtEventDataGet(
	SaEvtEventHandleT eventHandle,
	void *eventData,
	SaSizeT *eventDataSize) AIS_A01_BIND(saEvtEventDataGet);

/*
 * saEvtEventPublish publishes an event with the attributes it has. The same
 * event may be published again; each time is an event of its own.
 *
 * eventData      may be NULL if eventDataSize is 0.
 * eventDataSize  at most SA_EVT_DATA_MAX_LEN.
 * eventId        receives the identifier.
 *
 * SA_OK: the event is on its way, in order, to every subscriber there is when it
 * arrives; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM eventId is NULL, eventData is
 * NULL with a size, or the size is negative or too large; SA_ERR_ACCESS a
 * received event, or the channel was not opened as publisher;
 * SA_ERR_NO_RESOURCES the cluster retains too much already; SA_ERR_TRY_AGAIN;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtEventPublish(
	SaEvtEventHandleT eventHandle,
	const void *eventData,
	SaSizeT eventDataSize,
	SaEvtEventIdT *eventId) AIS_A01_BIND(saEvtEventPublish);

/*
 * saEvtEventSubscribe asks for the events of a channel that match: an event
 * matches when each filter matches the pattern at its place. Patterns beyond the
 * last filter are not looked at; a filter beyond the last pattern sees an empty
 * one. Retained events that match are delivered too.
 *
 * filters         copied; filtersNumber 0: every event.
 * subscriptionId  any value that is not in use on this channel handle.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM filters is NULL, an unknown
 * filterType, a filter that is NULL, too many or too long filters;
 * SA_ERR_ACCESS the channel was not opened as subscriber; SA_ERR_EXIST that
 * subscriptionId is in use; SA_ERR_INIT saEvtEventDeliverCallback was not given;
 * SA_ERR_NO_RESOURCES too many subscriptions; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtEventSubscribe(
	SaEvtChannelHandleT channelHandle,
	const SaEvtEventFilterArrayT *filters,
	SaEvtSubscriptionIdT subscriptionId) AIS_A01_BIND(saEvtEventSubscribe);

/*
 * saEvtEventUnsubscribe ends a subscription: none of its events whose callback is
 * still pending is delivered. Those that were delivered stay.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_NAME_NOT_FOUND no such subscription on this
 * channel handle; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtEventUnsubscribe(
	SaEvtChannelHandleT channelHandle,
	SaEvtSubscriptionIdT subscriptionId) AIS_A01_BIND(saEvtEventUnsubscribe);

/*
 * saEvtEventRetentionTimeClear ends the retention of an event.
 *
 * eventId  as saEvtEventPublish or saEvtEventAttributesGet told it.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM an identifier up to 1000, which
 * no event has; SA_ERR_NOT_EXIST not retained on this channel, or no longer;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saEvtEventRetentionTimeClear(
	SaEvtChannelHandleT channelHandle,
	SaEvtEventIdT eventId) AIS_A01_BIND(saEvtEventRetentionTimeClear);

#ifdef __cplusplus
}
#endif

#endif /* AIS_A01_AIS_EVT_H */
