/* calls_evt.c: every function of the event service, on a ring of one node. */
#ifdef GEN_A01
#include <ais_evt.h>
#else
#include <saEvt.h>
#endif

#include LIST
#include "calls.h"

#define SECOND 1000000000LL

static const char *const only_refuse[] = {NULL};

#ifdef GEN_A01
#define RELEASE 'A'
typedef SaErrorT error_type;
#define ALLOCATED(p, n) (p)->patternSize = (n)
#define LIST_ALLOCATED(l, n) (l)->patternsNumber = (n)
#else
#define RELEASE 'B'
typedef SaAisErrorT error_type;
#define ALLOCATED(p, n) (p)->allocatedSize = (n)
#define LIST_ALLOCATED(l, n) (l)->allocatedNumber = (n)
#endif

static int opens, events;
static SaEvtChannelHandleT opened;
static SaEvtEventHandleT delivered;

static void on_open(SaInvocationT invocation, SaEvtChannelHandleT channel, error_type error)
{
	CHECK_IS(invocation, -9);
	CHECK_IS(error, SUCCESS);
	opened = channel;
	opens++;
}

static void on_event(SaEvtSubscriptionIdT subscription, SaEvtEventHandleT e, SaSizeT size)
{
	CHECK_IS(subscription, 0xfedcba98);
	CHECK_IS(size, 11);
	delivered = e;
	events++;
}

static void attributes_are(SaEvtEventHandleT e, SaEvtEventIdT id)
{
	SaUint8T room[2][16];
	SaEvtEventPatternT p[2];
	SaEvtEventPatternArrayT list;
	SaEvtEventPriorityT priority = 99;
	SaTimeT retention = 0, when = 0;
	SaNameT publisher;
	SaEvtEventIdT got = 99;
	int i;

	memset(&list, 0, sizeof(list));
	memset(p, 0, sizeof(p));
	memset(room, 0, sizeof(room));
	memset(&publisher, 0xff, sizeof(publisher));
	list.patterns = p;
	LIST_ALLOCATED(&list, 2);
	for (i = 0; i < 2; i++) {
		p[i].pattern = room[i];
		ALLOCATED(&p[i], sizeof(room[i]));
	}
	CALL(SUCCESS, saEvtEventAttributesGet, e, &list, &priority, &retention, &publisher, &when, &got);
	CHECK_IS(list.patternsNumber, 2);
	CHECK_IS(p[0].patternSize, 3);
	CHECK_IS(p[1].patternSize, 5);
	CHECK(memcmp(room[0], "red", 3) == 0 && memcmp(room[1], "green", 5) == 0);
	CHECK_IS(priority, 2);
	CHECK_IS(retention, 60 * SECOND);
	CHECK_IS(publisher.length, 2);
	CHECK(memcmp(publisher.value, "me", 2) == 0);
	CHECK_IS(got, id);
}

static void subscribe(SaEvtChannelHandleT c)
{
	SaEvtEventFilterT f[2];
	SaEvtEventFilterArrayT list;

	memset(f, 0, sizeof(f));
	memset(&list, 0, sizeof(list));
	f[0].filterType = SA_EVT_PREFIX_FILTER;
	f[0].filter.pattern = (SaUint8T *)(uintptr_t)"re";
	f[0].filter.patternSize = 2;
	f[1].filterType = SA_EVT_EXACT_FILTER;
	f[1].filter.pattern = (SaUint8T *)(uintptr_t)"green";
	f[1].filter.patternSize = 5;
	list.filters = f;
	list.filtersNumber = 2;
	CALL(SUCCESS, saEvtEventSubscribe, c, &list, 0xfedcba98);
}

static void set_attributes(SaEvtEventHandleT e)
{
	SaEvtEventPatternT p[2];
	SaEvtEventPatternArrayT list;
	SaNameT me;

	memset(&me, 0, sizeof(me));
	me.length = 2;
	memcpy(me.value, "me", 2);
	memset(&list, 0, sizeof(list));
	memset(p, 0, sizeof(p));
	p[0].pattern = (SaUint8T *)(uintptr_t)"red";
	p[0].patternSize = 3;
	p[1].pattern = (SaUint8T *)(uintptr_t)"green";
	p[1].patternSize = 5;
	list.patterns = p;
	list.patternsNumber = 2;
	CALL(SUCCESS, saEvtEventAttributesSet, e, &list, 2, 60 * SECOND, &me);
}

static void scenario(void)
{
	SaVersionT v = {RELEASE, 1, 1};
	SaEvtCallbacksT k = {on_open, on_event};
	SaEvtChannelOpenFlagsT flags = SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER | SA_EVT_CHANNEL_CREATE;
	SaEvtHandleT h;
	SaEvtChannelHandleT c;
	SaEvtEventHandleT e;
	SaEvtEventIdT id = 0;
	SaSelectionObjectT fd;
	SaSizeT size;
	SaNameT name;
	char data[64];

#ifdef GEN_OSAF
	v.majorVersion = 3;
#endif
	opens = events = 0;
	memset(&name, 0, sizeof(name));
	name.length = (SaUint16T)sprintf((char *)name.value, "calls-%d", (int)getpid());
	CALL(SUCCESS, saEvtInitialize, &h, &k, &v);
	CALL(SUCCESS, saEvtSelectionObjectGet, h, &fd);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, saEvtChannelOpen, h, &name, flags, 10 * SECOND, &c);
	CALL(SUCCESS, saEvtChannelOpenAsync, h, (SaInvocationT)-9, &name, SA_EVT_CHANNEL_PUBLISHER);
	await((int)fd);
	CALL(SUCCESS, saEvtDispatch, h, SA_DISPATCH_ALL);
	CHECK_IS(opens, 1);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, saEvtChannelClose, opened);
	CALL(BAD_HANDLE, saEvtChannelClose, opened);
	subscribe(c);
	CALL(SUCCESS, saEvtEventAllocate, c, &e);
	set_attributes(e);
	attributes_are(e, 0);
	CALL(SUCCESS, saEvtEventPublish, e, "hello world", 11, &id);
	CHECK(id != 0);
	await((int)fd);
	CALL(SUCCESS, saEvtDispatch, h, SA_DISPATCH_ONE);
	CHECK_IS(events, 1);
	CHECK_IS(is_readable((int)fd), 0);
	attributes_are(delivered, id);
	memset(data, 0, sizeof(data));
	size = sizeof(data);
	CALL(SUCCESS, saEvtEventDataGet, delivered, data, &size);
	CHECK_IS(size, 11);
	CHECK(memcmp(data, "hello world", 12) == 0);
#ifdef GEN_OSAF
	{
		SaEvtEventPatternArrayT list;
		SaLimitValueT limit;

		memset(&list, 0, sizeof(list));
		CALL(SUCCESS, saEvtEventAttributesGet, delivered, &list, NULL, NULL, NULL, NULL, NULL);
		CHECK_IS(list.patternsNumber, 2);
		CALL(SUCCESS, saEvtEventPatternFree, delivered, list.patterns);
		CALL(SUCCESS, saEvtLimitGet, h, SA_EVT_MAX_EVT_SIZE_ID, &limit);
		CHECK_IS(limit.uint64Value, 65536);
	}
#endif
	CALL(SUCCESS, saEvtEventRetentionTimeClear, c, id);
	CALL(SUCCESS, saEvtEventFree, delivered);
	CALL(BAD_HANDLE, saEvtEventFree, delivered);
	CALL(SUCCESS, saEvtEventFree, e);
	CALL(SUCCESS, saEvtEventUnsubscribe, c, 0xfedcba98);
#ifdef GEN_A01
	if (HAS(SaEvtChannelUnlink)) {
		SaEvtChannelHandleT other;

		CALL(SUCCESS, SaEvtChannelUnlink, h, &name);
		CALL(SUCCESS, saEvtChannelOpen, h, &name, flags, 10 * SECOND, &other);
	}
#endif
	CALL(SUCCESS, saEvtChannelUnlink, h, &name);
	CALL(SUCCESS, saEvtChannelClose, c);
	CALL(SUCCESS, saEvtFinalize, h);
	CALL(BAD_HANDLE, saEvtFinalize, h);
	CALL(BAD_HANDLE, saEvtChannelClose, c);
}
