/*
 * saEvt.h: the Event Service, generation B.01.01, as openais 0.80 published it:
 * events that are published on named channels and reach every subscriber whose
 * filters match.
 *
 * Owns: the types and the seventeen functions of the service. Link with -lais or
 * -lSaEvt. Works alone in C89 to C23 and in C++.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting; no call returns early because of one.
 * - fork: in the child every inherited handle is SA_AIS_ERR_BAD_HANDLE; the
 *   child may call saEvtInitialize for handles of its own.
 * - Channel and event handles end with what they came from: saEvtFinalize ends
 *   the channels, saEvtChannelClose the events of the channel, received ones
 *   included. From then on they are SA_AIS_ERR_BAD_HANDLE.
 * - SA_AIS_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saEvtFinalize only; events that were received can still
 *   be read until then.
 * - SA_AIS_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes
 *   or has no room just now; repeat the call a little later. saEvtChannelOpen
 *   waits for room first, for a second at most.
 * - What is wrong with an argument is found before the handle is looked at.
 */
#ifndef AIS_B_SAEVT_H
#define AIS_B_SAEVT_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One use of the service by a process; only the library knows what is in it. */
typedef SaUint64T SaEvtHandleT;

/* An event: one that was allocated to be published, or one that was received. */
typedef SaUint64T SaEvtEventHandleT;

/* One opening of a channel. */
typedef SaUint64T SaEvtChannelHandleT;

/* Chosen by the subscriber, unique on a channel handle. */
typedef SaUint32T SaEvtSubscriptionIdT;

/*
 * Called by saEvtDispatch with an event that matched a subscription.
 * eventHandle is the application's: it reads the event with
 * saEvtEventAttributesGet and saEvtEventDataGet and gives it back with
 * saEvtEventFree, inside the callback or later. eventDataSize: bytes of data.
 */
typedef void (*SaEvtEventDeliverCallbackT)(
	SaEvtSubscriptionIdT subscriptionId,
	const SaEvtEventHandleT eventHandle,
	const SaSizeT eventDataSize);

/*
 * Called by saEvtDispatch with the result of saEvtChannelOpenAsync.
 * invocation is the value that call was given; channelHandle means something
 * only if error is SA_AIS_OK. Other errors: as saEvtChannelOpen returns.
 */
typedef void (*SaEvtChannelOpenCallbackT)(
	SaInvocationT invocation,
	SaEvtChannelHandleT channelHandle,
	SaAisErrorT error);

/* Either may be NULL; calls that need it then return SA_AIS_ERR_INIT. */
typedef struct {
	SaEvtChannelOpenCallbackT saEvtChannelOpenCallback;
	SaEvtEventDeliverCallbackT saEvtEventDeliverCallback;
} SaEvtCallbacksT;

/* What a channel is opened for; any combination. */
#define SA_EVT_CHANNEL_PUBLISHER 0x1
#define SA_EVT_CHANNEL_SUBSCRIBER 0x2
#define SA_EVT_CHANNEL_CREATE 0x4
typedef SaUint8T SaEvtChannelOpenFlagsT;

/* patternSize bytes at pattern; allocatedSize is the room there, when the
 * library is to fill it. */
typedef struct {
	SaSizeT allocatedSize;
	SaSizeT patternSize;
	SaUint8T *pattern;
} SaEvtEventPatternT;

/* patternsNumber entries at patterns; allocatedNumber likewise. */
typedef struct {
	SaSizeT allocatedNumber;
	SaSizeT patternsNumber;
	SaEvtEventPatternT *patterns;
} SaEvtEventPatternArrayT;

/* Events of a higher priority (a smaller number) are delivered first. */
#define SA_EVT_HIGHEST_PRIORITY 0
#define SA_EVT_LOWEST_PRIORITY 3
typedef SaUint8T SaEvtEventPriorityT;

/*
 * Names an event in the whole cluster. Those that were published have numbers
 * above 1000; an event that was not published has SA_EVT_EVENTID_NONE.
 */
typedef SaUint64T SaEvtEventIdT;
#define SA_EVT_EVENTID_NONE 0
#define SA_EVT_EVENTID_LOST 1

/*
 * The only pattern (without the zero byte) of the event that is delivered when
 * others had to be dropped, because the subscriber did not dispatch for too
 * long. Its identifier is SA_EVT_EVENTID_LOST, its priority the highest.
 */
#define SA_EVT_LOST_EVENT "SA_EVT_LOST_EVENT_PATTERN"

/* How a filter compares with the pattern at its place. */
typedef enum {
	SA_EVT_PREFIX_FILTER = 1,  /* the pattern begins with it */
	SA_EVT_SUFFIX_FILTER = 2,  /* the pattern ends with it */
	SA_EVT_EXACT_FILTER = 3,   /* they are equal */
	SA_EVT_PASS_ALL_FILTER = 4 /* always; its bytes are not looked at */
} SaEvtEventFilterTypeT;

typedef struct {
	SaEvtEventFilterTypeT filterType;
	SaEvtEventPatternT filter;
} SaEvtEventFilterT;

typedef struct {
	SaSizeT filtersNumber;
	SaEvtEventFilterT *filters;
} SaEvtEventFilterArrayT;

/* Bytes of data of an event at most. At most 64 patterns or filters, each of at
 * most 1024 bytes. */
#define SA_EVT_DATA_MAX_LEN 65536

/*
 * saEvtInitialize opens the service for this process.
 *
 * evtHandle  receives the handle. Give it back with saEvtFinalize.
 * callbacks  copied; NULL means that no callback is given.
 * version    in: the version the caller was written for; out: the version that
 *            is supported (B.01.01), on success and on failure.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM evtHandle or version is NULL;
 * SA_AIS_ERR_VERSION another release code or major version;
 * SA_AIS_ERR_TRY_AGAIN no executive is running (or it accepts nobody yet);
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES the process has no room for the
 * library's runtime or its file cannot be loaded; SA_AIS_ERR_SECURITY this user
 * may not use the executive, or what answers is not one that may be trusted;
 * SA_AIS_ERR_ACCESS the path of the socket is closed to this user;
 * SA_AIS_ERR_LIBRARY what answers does not speak this library's protocol.
 */
extern SaAisErrorT saEvtInitialize(
	SaEvtHandleT *evtHandle,
	const SaEvtCallbacksT *callbacks,
	SaVersionT *version);

/*
 * saEvtSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone.
 *
 * selectionObject  receives it. It is the library's: poll it, never read or
 *                  close it. It ends with saEvtFinalize.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM selectionObject is
 * NULL; SA_AIS_ERR_LIBRARY the executive is gone.
 */
extern SaAisErrorT saEvtSelectionObjectGet(
	SaEvtHandleT evtHandle,
	SaSelectionObjectT *selectionObject);

/*
 * saEvtDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending;
 *                SA_DISPATCH_ALL: all that are pending; SA_DISPATCH_BLOCKING:
 *                until the handle is finalized, then SA_AIS_OK.
 *
 * Events come by priority, and within one in the order in which each publisher
 * published them. ALL and BLOCKING fetch several at once: one of a higher
 * priority that arrives later is delivered after those. Programs that were
 * linked with openais 1.1 and load this library by its soname keep its
 * SA_DISPATCH_ONE, which waits for one callback; that of 0.80 does not wait.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM no such flag;
 * SA_AIS_ERR_LIBRARY the executive is gone.
 */
extern SaAisErrorT saEvtDispatch(
	SaEvtHandleT evtHandle,
	SaDispatchFlagsT dispatchFlags);

/*
 * saEvtFinalize closes the handle, with all channels and events that
 * came from it; pending callbacks are dropped. A call of another thread that is
 * waiting returns: a blocked saEvtDispatch with SA_AIS_OK, any other call with
 * SA_AIS_ERR_BAD_HANDLE. May be called from inside a callback. Retained events
 * that were published stay.
 *
 * SA_AIS_OK, also when the executive is gone; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saEvtFinalize(
	SaEvtHandleT evtHandle);

/*
 * saEvtChannelOpen opens a channel. The same channel may be opened any
 * number of times.
 *
 * channelName       1 to 256 bytes.
 * channelOpenFlags  SA_EVT_CHANNEL_CREATE: make the channel if there is none;
 *                   SA_EVT_CHANNEL_PUBLISHER and _SUBSCRIBER: what the handle
 *                   may do.
 * timeout           nanoseconds to wait at most; 0 or less is
 *                   SA_AIS_ERR_TIMEOUT. Whether the channel was made is open
 *                   after SA_AIS_ERR_TIMEOUT.
 * channelHandle     receives the handle. Give it back with saEvtChannelClose.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM channelName or
 * channelHandle is NULL, or no name; SA_AIS_ERR_BAD_FLAGS no flag or an unknown
 * one; SA_AIS_ERR_NOT_EXIST no such channel and not SA_EVT_CHANNEL_CREATE;
 * SA_AIS_ERR_TIMEOUT; SA_AIS_ERR_NO_RESOURCES too many channels;
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtChannelOpen(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags,
	SaTimeT timeout,
	SaEvtChannelHandleT *channelHandle);

/*
 * saEvtChannelOpenAsync opens a channel; the result comes by
 * saEvtChannelOpenCallback.
 *
 * invocation  any value, 0 included; the callback carries it.
 * The other arguments are those of saEvtChannelOpen. That a channel does not
 * exist is told by the callback (SA_AIS_ERR_NOT_EXIST).
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM;
 * SA_AIS_ERR_BAD_FLAGS; SA_AIS_ERR_INIT that callback was not given;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtChannelOpenAsync(
	SaEvtHandleT evtHandle,
	SaInvocationT invocation,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags);

/*
 * saEvtChannelClose ends an opening: its subscriptions, its events, and
 * what is pending for them.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtChannelClose(
	SaEvtChannelHandleT channelHandle);

/*
 * saEvtChannelUnlink takes a channel's name away. Who has it open keeps
 * it; it ends when the last of them closes it. The name may be used for a new
 * channel at once.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM channelName is NULL
 * or no name; SA_AIS_ERR_NOT_EXIST no such channel; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtChannelUnlink(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName);

/*
 * saEvtEventAllocate makes an event to be published on a channel: no
 * patterns, the lowest priority, retention time 0, no publisher name. Nothing is
 * sent.
 *
 * eventHandle  receives the handle. Give it back with saEvtEventFree.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM eventHandle is
 * NULL; SA_AIS_ERR_NO_MEMORY.
 */
extern SaAisErrorT saEvtEventAllocate(
	SaEvtChannelHandleT channelHandle,
	SaEvtEventHandleT *eventHandle);

/*
 * saEvtEventFree ends an event, allocated or received. What was
 * published is not affected.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saEvtEventFree(
	SaEvtEventHandleT eventHandle);

/*
 * saEvtEventAttributesSet sets what an allocated event is published with.
 * Everything is copied.
 *
 * patternArray   at most 64 patterns of at most 1024 bytes; NULL: as it is.
 *                allocatedNumber and allocatedSize are not looked at.
 * priority       SA_EVT_HIGHEST_PRIORITY to SA_EVT_LOWEST_PRIORITY.
 * retentionTime  nanoseconds for which the cluster keeps the event, once
 *                published, for those who subscribe later; 0: not at all;
 *                SA_TIME_MAX: until it is cleared.
 * publisherName  at most 256 bytes; NULL: as it is.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM a priority, a
 * negative retentionTime, a name that is too long, a pattern that is NULL;
 * SA_AIS_ERR_TOO_BIG too many patterns or one that is too long;
 * SA_AIS_ERR_ACCESS a received event, or the channel was not opened as
 * publisher; SA_AIS_ERR_NO_MEMORY.
 */
extern SaAisErrorT saEvtEventAttributesSet(
	SaEvtEventHandleT eventHandle,
	const SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT priority,
	SaTimeT retentionTime,
	const SaNameT *publisherName);

/*
 * saEvtEventAttributesGet reads the attributes of an event. Each of the
 * pointers may be NULL: that attribute is left out.
 *
 * patternArray   with patterns NULL the library allocates the array and the
 *                bytes of each pattern, all of which the caller releases with
 *                free(): each pattern, then the array. Otherwise there is room
 *                for allocatedNumber entries; an entry with pattern NULL has
 *                its bytes allocated, any other has room for allocatedSize.
 *                patternsNumber and each patternSize are set; allocatedNumber
 *                and allocatedSize only where the library allocated.
 * publishTime    SA_TIME_UNKNOWN for an event that was not published.
 * eventId        SA_EVT_EVENTID_NONE for one that was not published.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NO_SPACE the array or the room of
 * a pattern is too small: patternsNumber and the patternSize of each entry there
 * is tell what is needed, nothing was allocated, the other attributes were
 * stored; SA_AIS_ERR_NO_MEMORY.
 */
extern SaAisErrorT saEvtEventAttributesGet(
	SaEvtEventHandleT eventHandle,
	SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT *priority,
	SaTimeT *retentionTime,
	SaNameT *publisherName,
	SaTimeT *publishTime,
	SaEvtEventIdT *eventId);

/*
 * saEvtEventDataGet copies the data of a received event.
 *
 * eventData      room for the data; may be NULL if *eventDataSize is 0.
 * eventDataSize  in: bytes of room; out: bytes of data.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE, also for an event that was allocated;
 * SA_AIS_ERR_INVALID_PARAM eventDataSize is NULL, or eventData with room;
 * SA_AIS_ERR_NO_SPACE the room is too small: nothing was copied.
 */
extern SaAisErrorT saEvtEventDataGet(
	SaEvtEventHandleT eventHandle,
	void *eventData,
	SaSizeT *eventDataSize);

/*
 * saEvtEventPublish publishes an event with the attributes it has. The
 * same event may be published again; each time is an event of its own.
 *
 * eventData      may be NULL if eventDataSize is 0.
 * eventDataSize  at most SA_EVT_DATA_MAX_LEN.
 * eventId        receives the identifier.
 *
 * SA_AIS_OK: the event is on its way, in order, to every subscriber there is
 * when it arrives; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM eventId is
 * NULL, or eventData with a size; SA_AIS_ERR_TOO_BIG; SA_AIS_ERR_ACCESS a
 * received event, or the channel was not opened as publisher;
 * SA_AIS_ERR_NO_RESOURCES the cluster retains too much already;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtEventPublish(
	SaEvtEventHandleT eventHandle,
	const void *eventData,
	SaSizeT eventDataSize,
	SaEvtEventIdT *eventId);

/*
 * saEvtEventSubscribe asks for the events of a channel that match: an
 * event matches when each filter matches the pattern at its place. Patterns
 * beyond the last filter are not looked at; a filter beyond the last pattern
 * sees an empty one. Retained events that match are delivered too.
 *
 * filters         copied; filtersNumber 0: every event.
 * subscriptionId  any value that is not in use on this channel handle.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM filters is NULL, an
 * unknown filterType, a filter that is NULL; SA_AIS_ERR_TOO_BIG too many filters
 * or one that is too long; SA_AIS_ERR_ACCESS the channel was not opened as
 * subscriber; SA_AIS_ERR_EXIST that subscriptionId is in use;
 * SA_AIS_ERR_INIT saEvtEventDeliverCallback was not given;
 * SA_AIS_ERR_NO_RESOURCES too many subscriptions; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtEventSubscribe(
	SaEvtChannelHandleT channelHandle,
	const SaEvtEventFilterArrayT *filters,
	SaEvtSubscriptionIdT subscriptionId);

/*
 * saEvtEventUnsubscribe ends a subscription: none of its events whose
 * callback is still pending is delivered. Those that were delivered stay.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST no such subscription on
 * this channel handle; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtEventUnsubscribe(
	SaEvtChannelHandleT channelHandle,
	SaEvtSubscriptionIdT subscriptionId);

/*
 * saEvtEventRetentionTimeClear ends the retention of an event.
 *
 * eventId  as saEvtEventPublish or saEvtEventAttributesGet told it.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INVALID_PARAM an identifier up to
 * 1000, which no event has; SA_AIS_ERR_NOT_EXIST not retained on this channel,
 * or no longer; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saEvtEventRetentionTimeClear(
	SaEvtChannelHandleT channelHandle,
	SaEvtEventIdT eventId);

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_SAEVT_H */
