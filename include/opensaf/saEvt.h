/*
 * saEvt.h: the Event Service as OpenSAF 5 published it, B.03.01.
 *
 * Owns: the types and functions of the service. Link with -lais; programs that
 * were linked with OpenSAF load libSaEvt.so.1. Works alone in C89 to C23 and in
 * C++.
 *
 * What saEvt.h of openais says of each function, of threads, signals, fork, memory
 * and common errors holds here too; the comments here say what differs. A channel is
 * there for the whole cluster, there are at most 4096, and what is retained may be
 * retained for ever.
 */
#ifndef AIS_OSAF_SAEVT_H
#define AIS_OSAF_SAEVT_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaEvtHandleT;
typedef SaUint64T SaEvtEventHandleT;
typedef SaUint64T SaEvtChannelHandleT;
typedef SaUint32T SaEvtSubscriptionIdT;

typedef void (*SaEvtChannelOpenCallbackT)(
	SaInvocationT invocation,
	SaEvtChannelHandleT channelHandle,
	SaAisErrorT error);

typedef void (*SaEvtEventDeliverCallbackT)(
	SaEvtSubscriptionIdT subscriptionId,
	SaEvtEventHandleT eventHandle,
	SaSizeT eventDataSize);

typedef struct {
	SaEvtChannelOpenCallbackT saEvtChannelOpenCallback;
	SaEvtEventDeliverCallbackT saEvtEventDeliverCallback;
} SaEvtCallbacksT;

#define SA_EVT_CHANNEL_PUBLISHER 0x1
#define SA_EVT_CHANNEL_SUBSCRIBER 0x2
#define SA_EVT_CHANNEL_CREATE 0x4
typedef SaUint8T SaEvtChannelOpenFlagsT;

/* patternSize bytes at pattern; allocatedSize is the room there, when the library
 * writes. */
typedef struct {
	SaSizeT allocatedSize;
	SaSizeT patternSize;
	SaUint8T *pattern;
} SaEvtEventPatternT;

typedef struct {
	SaSizeT allocatedNumber;
	SaSizeT patternsNumber;
	SaEvtEventPatternT *patterns;
} SaEvtEventPatternArrayT;

#define SA_EVT_HIGHEST_PRIORITY 0
#define SA_EVT_LOWEST_PRIORITY 3
typedef SaUint8T SaEvtEventPriorityT;

typedef SaUint64T SaEvtEventIdT;
#define SA_EVT_EVENTID_NONE 0LL
#define SA_EVT_EVENTID_LOST 1LL
#define SA_EVT_LOST_EVENT "SA_EVT_LOST_EVENT_PATTERN"

typedef enum {
	SA_EVT_PREFIX_FILTER = 1,
	SA_EVT_SUFFIX_FILTER = 2,
	SA_EVT_EXACT_FILTER = 3,
	SA_EVT_PASS_ALL_FILTER = 4
} SaEvtEventFilterTypeT;

typedef struct {
	SaEvtEventFilterTypeT filterType;
	SaEvtEventPatternT filter;
} SaEvtEventFilterT;

typedef struct {
	SaSizeT filtersNumber;
	SaEvtEventFilterT *filters;
} SaEvtEventFilterArrayT;

typedef enum {
	SA_EVT_MAX_NUM_CHANNELS_ID = 1,      /* uint64Value: channels in the cluster */
	SA_EVT_MAX_EVT_SIZE_ID = 2,          /* uint64Value: bytes of data */
	SA_EVT_MAX_PATTERN_SIZE_ID = 3,      /* uint64Value: bytes of a pattern */
	SA_EVT_MAX_NUM_PATTERNS_ID = 4,      /* uint64Value: patterns of an event */
	SA_EVT_MAX_RETENTION_DURATION_ID = 5 /* timeValue */
} SaEvtLimitIdT;

/*
 * saEvtInitialize takes release B with major version 1 or 3, and tells 3.1.
 */
extern SaAisErrorT saEvtInitialize(
	SaEvtHandleT *evtHandle,
	const SaEvtCallbacksT *callbacks,
	SaVersionT *version) AIS_OSAF_BIND(saEvtInitialize);

extern SaAisErrorT saEvtSelectionObjectGet(
	SaEvtHandleT evtHandle,
	SaSelectionObjectT *selectionObject) AIS_OSAF_BIND(saEvtSelectionObjectGet);

extern SaAisErrorT saEvtDispatch(
	SaEvtHandleT evtHandle,
	SaDispatchFlagsT dispatchFlags) AIS_OSAF_BIND(saEvtDispatch);

extern SaAisErrorT saEvtFinalize(
	SaEvtHandleT evtHandle) AIS_OSAF_BIND(saEvtFinalize);

extern SaAisErrorT saEvtChannelOpen(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags,
	SaTimeT timeout,
	SaEvtChannelHandleT *channelHandle) AIS_OSAF_BIND(saEvtChannelOpen);

extern SaAisErrorT saEvtChannelOpenAsync(
	SaEvtHandleT evtHandle,
	SaInvocationT invocation,
	const SaNameT *channelName,
	SaEvtChannelOpenFlagsT channelOpenFlags) AIS_OSAF_BIND(saEvtChannelOpenAsync);

extern SaAisErrorT saEvtChannelClose(
	SaEvtChannelHandleT channelHandle) AIS_OSAF_BIND(saEvtChannelClose);

extern SaAisErrorT saEvtChannelUnlink(
	SaEvtHandleT evtHandle,
	const SaNameT *channelName) AIS_OSAF_BIND(saEvtChannelUnlink);

extern SaAisErrorT saEvtEventAllocate(
	SaEvtChannelHandleT channelHandle,
	SaEvtEventHandleT *eventHandle) AIS_OSAF_BIND(saEvtEventAllocate);

extern SaAisErrorT saEvtEventFree(
	SaEvtEventHandleT eventHandle) AIS_OSAF_BIND(saEvtEventFree);

extern SaAisErrorT saEvtEventAttributesSet(
	SaEvtEventHandleT eventHandle,
	const SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT priority,
	SaTimeT retentionTime,
	const SaNameT *publisherName) AIS_OSAF_BIND(saEvtEventAttributesSet);

/*
 * saEvtEventAttributesGet: with patterns NULL the library allocates the array and
 * its patterns, which the caller gives back with saEvtEventPatternFree. Bytes that
 * it allocates for an entry of the caller's array, whose pattern is NULL, are given
 * back with free().
 */
extern SaAisErrorT saEvtEventAttributesGet(
	SaEvtEventHandleT eventHandle,
	SaEvtEventPatternArrayT *patternArray,
	SaEvtEventPriorityT *priority,
	SaTimeT *retentionTime,
	SaNameT *publisherName,
	SaTimeT *publishTime,
	SaEvtEventIdT *eventId) AIS_OSAF_BIND(saEvtEventAttributesGet);

/*
 * saEvtEventPatternFree gives the patterns back that saEvtEventAttributesGet
 * allocated for an event; before the event itself.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM patterns is NULL; SA_AIS_ERR_BAD_HANDLE the
 * event is gone: the patterns are still the caller's.
 */
extern SaAisErrorT saEvtEventPatternFree(
	SaEvtEventHandleT eventHandle,
	SaEvtEventPatternT *patterns) AIS_OSAF_BIND(saEvtEventPatternFree);

extern SaAisErrorT saEvtEventDataGet(
	SaEvtEventHandleT eventHandle,
	void *eventData,
	SaSizeT *eventDataSize) AIS_OSAF_BIND(saEvtEventDataGet);

extern SaAisErrorT saEvtEventPublish(
	SaEvtEventHandleT eventHandle,
	const void *eventData,
	SaSizeT eventDataSize,
	SaEvtEventIdT *eventId) AIS_OSAF_BIND(saEvtEventPublish);

extern SaAisErrorT saEvtEventSubscribe(
	SaEvtChannelHandleT channelHandle,
	const SaEvtEventFilterArrayT *filters,
	SaEvtSubscriptionIdT subscriptionId) AIS_OSAF_BIND(saEvtEventSubscribe);

extern SaAisErrorT saEvtEventUnsubscribe(
	SaEvtChannelHandleT channelHandle,
	SaEvtSubscriptionIdT subscriptionId) AIS_OSAF_BIND(saEvtEventUnsubscribe);

extern SaAisErrorT saEvtEventRetentionTimeClear(
	SaEvtChannelHandleT channelHandle,
	const SaEvtEventIdT eventId) AIS_OSAF_BIND(saEvtEventRetentionTimeClear);

/*
 * saEvtLimitGet tells a limit of the implementation, in the member that limitId
 * says.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM limitValue is NULL, or limitId is none;
 * SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saEvtLimitGet(
	SaEvtHandleT evtHandle,
	SaEvtLimitIdT limitId,
	SaLimitValueT *limitValue) AIS_OSAF_BIND(saEvtLimitGet);

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SAEVT_H */
