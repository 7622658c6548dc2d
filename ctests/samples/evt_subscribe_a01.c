/*
 * evt_subscribe_a01: prints the alarms of the channel "alarms" (see
 * evt_publish_a01) through the event service, A.01.01 interface, until it is stopped:
 *
 *   evt_subscribe_a01 [SEVERITY]
 *
 * With a severity only those whose second pattern is equal. A program that reads too
 * slowly is told that something was lost. Build:
 *
 *   cc -std=c99 $(pkg-config --cflags ais-a) evt_subscribe_a01.c $(pkg-config --libs ais-a)
 */
#define _POSIX_C_SOURCE 200809L

#include <ais_types.h>
#include <ais_evt.h>

#include "sample.h"

#define SECOND 1000000000LL
#define LOST 1 /* the event id of the notice that events were lost */

static void deliver(SaEvtSubscriptionIdT subscription, const SaEvtEventHandleT event, const int size)
{
	SaEvtEventPriorityT priority;
	SaEvtEventIdT id;
	SaNameT publisher;
	char text[256];
	SaSizeT length = sizeof text - 1;

	(void)subscription;
	(void)size;
	if (saEvtEventAttributesGet(event, NULL, &priority, NULL, &publisher, NULL, &id) == SA_OK) {
		if (id == LOST)
			say("lost");
		else if (saEvtEventDataGet(event, text, &length) == SA_OK)
			say("alarm priority=%d publisher=%.*s data=%.*s", (int)priority, (int)publisher.length,
			    (const char *)publisher.value, (int)length, text);
	}
	saEvtEventFree(event); /* a received event is the application's */
}

static SaErrorT subscribe(SaEvtChannelHandleT opening, const char *severity)
{
	SaEvtEventFilterT list[2];
	SaEvtEventFilterArrayT filters;

	memset(list, 0, sizeof list);
	list[0].filterType = SA_EVT_EXACT_FILTER;
	list[0].filter.pattern = (SaUint8T *)"alarm";
	list[0].filter.patternSize = 5;
	list[1].filterType = severity ? SA_EVT_EXACT_FILTER : SA_EVT_PASS_ALL_FILTER;
	if (severity) {
		list[1].filter.pattern = (SaUint8T *)severity;
		list[1].filter.patternSize = strlen(severity);
	}
	filters.filters = list;
	filters.filtersNumber = 2;
	return saEvtEventSubscribe(opening, &filters, 1);
}

int main(int argc, char **argv)
{
	const SaEvtCallbacksT callbacks = { NULL, deliver };

	sample_begin();
	while (!sample_stop) {
		SaVersionT version = { 'A', 1, 1 };
		SaNameT channel = { 6, "alarms" };
		SaEvtChannelHandleT opening;
		SaSelectionObjectT object;
		SaEvtHandleT handle;
		struct pollfd ready;
		SaErrorT err = saEvtInitialize(&handle, &callbacks, &version);

		if (err == SA_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err != SA_OK) {
			say("saEvtInitialize error=%d", (int)err);
			return 1;
		}
		while ((err = saEvtChannelOpen(handle, &channel, SA_EVT_CHANNEL_CREATE | SA_EVT_CHANNEL_SUBSCRIBER, 10 * SECOND,
					       &opening)) == SA_ERR_TRY_AGAIN && !sample_stop)
			sample_pause(5);
		if (err == SA_OK)
			err = subscribe(opening, argc > 1 ? argv[1] : NULL);
		if (err == SA_OK)
			err = saEvtSelectionObjectGet(handle, &object);
		if (err == SA_OK)
			say("open");
		ready.fd = (int)object;
		ready.events = POLLIN;
		while (err == SA_OK && !sample_stop)
			if (poll(&ready, 1, -1) > 0) {
				err = saEvtDispatch(handle, SA_DISPATCH_ALL);
				if (err == SA_ERR_TRY_AGAIN)
					err = SA_OK;
			}
		saEvtFinalize(handle);
		if (sample_stop)
			break;
		if (err != SA_ERR_LIBRARY) {
			say("error=%d", (int)err);
			return 1;
		}
		say("executive gone");
	}
	say("end");
	return 0;
}
