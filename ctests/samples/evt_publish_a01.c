/*
 * evt_publish_a01: publishes alarms on the channel "alarms" through the event
 * service, A.01.01 interface, until it is stopped:
 *
 *   evt_publish_a01 NAME [MILLISECONDS between alarms, default 100]
 *
 * Each alarm has two patterns, "alarm" and a severity ("minor", or "critical" for
 * every fifth), and NAME and a number as its data. Critical ones have the highest
 * priority and are retained for ten seconds, so that who subscribes later gets them.
 * Build:
 *
 *   cc -std=c99 $(pkg-config --cflags ais-a) evt_publish_a01.c $(pkg-config --libs ais-a)
 */
#define _POSIX_C_SOURCE 200809L

#include <ais_types.h>
#include <ais_evt.h>
#include <stdlib.h>

#include "sample.h"

#define SECOND 1000000000LL

static SaEvtEventPatternT pattern(const char *text)
{
	SaEvtEventPatternT p;

	p.pattern = (SaUint8T *)text;
	p.patternSize = strlen(text);
	return p;
}

static SaErrorT publish(SaEvtEventHandleT event, const char *name, long number)
{
	int critical = number % 5 == 0;
	SaEvtEventPatternT list[2];
	SaEvtEventPatternArrayT patterns;
	SaNameT publisher;
	SaEvtEventIdT id;
	char text[96];
	SaErrorT err;

	list[0] = pattern("alarm");
	list[1] = pattern(critical ? "critical" : "minor");
	patterns.patterns = list;
	patterns.patternsNumber = 2;
	publisher.length = (SaUint16T)snprintf((char *)publisher.value, sizeof publisher.value, "%.60s", name);
	err = saEvtEventAttributesSet(event, &patterns, critical ? SA_EVT_HIGHEST_PRIORITY : SA_EVT_LOWEST_PRIORITY,
				      critical ? 10 * SECOND : 0, &publisher);
	if (err != SA_OK)
		return err;
	snprintf(text, sizeof text, "%.60s %ld", name, number);
	return saEvtEventPublish(event, text, (SaSizeT)strlen(text), &id);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "publisher";
	int every = argc > 2 ? atoi(argv[2]) : 100;
	long number = 0;

	sample_begin();
	while (!sample_stop) {
		SaVersionT version = { 'A', 1, 1 };
		SaNameT channel = { 6, "alarms" };
		SaEvtChannelHandleT opening;
		SaEvtEventHandleT event;
		SaEvtHandleT handle;
		SaErrorT err = saEvtInitialize(&handle, NULL, &version);

		if (err == SA_ERR_TRY_AGAIN) { /* no executive yet */
			sample_pause(20);
			continue;
		}
		if (err != SA_OK) {
			say("saEvtInitialize error=%d", (int)err);
			return 1;
		}
		while ((err = saEvtChannelOpen(handle, &channel, SA_EVT_CHANNEL_CREATE | SA_EVT_CHANNEL_PUBLISHER, 10 * SECOND,
					       &opening)) == SA_ERR_TRY_AGAIN && !sample_stop)
			sample_pause(5);
		if (err == SA_OK)
			err = saEvtEventAllocate(opening, &event);
		if (err == SA_OK)
			say("open");
		while (err == SA_OK && !sample_stop) {
			err = publish(event, name, number + 1);
			if (err == SA_OK) {
				say("published %ld", ++number);
				sample_pause(every);
			} else if (err == SA_ERR_TRY_AGAIN) { /* no room, or the nodes are being synchronized */
				err = SA_OK;
				sample_pause(1);
			}
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
	say("end %ld", number);
	return 0;
}
