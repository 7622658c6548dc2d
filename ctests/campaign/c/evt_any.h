/*
 * EVT of both generations behind one set of functions, so that each program of
 * this directory tests both. GENERATION_A: A.01.01. GENERATION_B: B.01.01. Calls
 * that may be told to try again do so until they are not.
 *
 * A program that includes this defines on_event.
 */
#ifndef EVT_ANY_H
#define EVT_ANY_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_evt.h>
#define EVT_OK SA_OK
#define EVT_AGAIN SA_ERR_TRY_AGAIN
#define EVT_RELEASE 'A'
#define SA_EVT_EVENTID_LOST 1
typedef SaErrorT evt_error;
typedef int evt_size;
#else
#include <saAis.h>
#include <saEvt.h>
#define EVT_OK SA_AIS_OK
#define EVT_AGAIN SA_AIS_ERR_TRY_AGAIN
#define EVT_RELEASE 'B'
typedef SaAisErrorT evt_error;
typedef SaSizeT evt_size;
#endif

/* on_event is called in evt_run's dispatch. It need not free the event. */
static void on_event(uint32_t subscription, SaEvtEventHandleT event, size_t size);

struct evt {
	SaEvtHandleT handle;
	SaEvtChannelHandleT channel;
	SaEvtEventHandleT event; /* that everything is published with */
	int fd;
};

static void evt_deliver(SaEvtSubscriptionIdT subscription, const SaEvtEventHandleT event, const evt_size size)
{
	on_event((uint32_t)subscription, event, (size_t)size);
	(void)saEvtEventFree(event);
}

#define EVT_RETRY(call) \
	do { \
		while ((e = (call)) == EVT_AGAIN) \
			usleep(1000); \
		if (e != EVT_OK) \
			return e; \
	} while (0)

/* evt_open connects and opens a channel for everything. */
static inline evt_error evt_open(struct evt *t, const char *channel)
{
	SaVersionT version = {EVT_RELEASE, 1, 1};
	SaEvtCallbacksT callbacks = {NULL, evt_deliver};
	SaSelectionObjectT fd;
	SaNameT name;
	evt_error e;

	memset(&name, 0, sizeof name);
	name.length = (unsigned short)strlen(channel);
	memcpy(name.value, channel, name.length);
	EVT_RETRY(saEvtInitialize(&t->handle, &callbacks, &version));
	EVT_RETRY(saEvtChannelOpen(t->handle, &name, SA_EVT_CHANNEL_CREATE | SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER,
				   (SaTimeT)10000000000LL, &t->channel));
	EVT_RETRY(saEvtEventAllocate(t->channel, &t->event));
	EVT_RETRY(saEvtSelectionObjectGet(t->handle, &fd));
	t->fd = (int)fd;
	return EVT_OK;
}

static inline void evt_pattern(SaEvtEventPatternT *p, const char *text)
{
	memset(p, 0, sizeof *p);
	p->pattern = (void *)(uintptr_t)text; /* only read */
	p->patternSize = strlen(text);
#ifndef GENERATION_A
	p->allocatedSize = p->patternSize;
#endif
}

/* evt_attributes says how the next events are published. */
static inline evt_error evt_attributes(struct evt *t, const char *pattern, unsigned priority, int64_t retention_ns)
{
	SaEvtEventPatternT p;
	SaEvtEventPatternArrayT list;

	evt_pattern(&p, pattern);
	memset(&list, 0, sizeof list);
	list.patterns = &p;
	list.patternsNumber = 1;
#ifndef GENERATION_A
	list.allocatedNumber = 1;
#endif
	return saEvtEventAttributesSet(t->event, &list, (SaEvtEventPriorityT)priority, (SaTimeT)retention_ns, NULL);
}

/* evt_subscribe: the pattern begins with prefix. */
static inline evt_error evt_subscribe(struct evt *t, const char *prefix, uint32_t id)
{
	SaEvtEventFilterT f;
	SaEvtEventFilterArrayT list;
	evt_error e;

	memset(&f, 0, sizeof f);
	f.filterType = SA_EVT_PREFIX_FILTER;
	evt_pattern(&f.filter, prefix);
	list.filters = &f;
	list.filtersNumber = 1;
	EVT_RETRY(saEvtEventSubscribe(t->channel, &list, id));
	return EVT_OK;
}

/* evt_is_lost tells whether an event is the notice that events were lost. */
static inline int evt_is_lost(SaEvtEventHandleT event)
{
	SaEvtEventIdT id = 0;

	return saEvtEventAttributesGet(event, NULL, NULL, NULL, NULL, NULL, &id) == EVT_OK && id == SA_EVT_EVENTID_LOST;
}

#endif
