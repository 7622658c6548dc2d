/*
 * aisrt_evt.h: the part of a call block that belongs to the event service.
 * Included by aisrt.h only; its rules are those of that file.
 */
#ifndef AISRT_EVT_H
#define AISRT_EVT_H

#include <stddef.h>
#include <stdint.h>

/* A pattern to set, or a filter; type is the filter's. */
struct aisrt_pattern {
	const void *base;
	size_t size;
	uint32_t type;
};

/*
 * Channels and events are named by the runtime's numbers, which are never used
 * twice on a connection.
 */
struct aisrt_evt {
	uint64_t channel;      /* also out of OPEN, of an event and of an open callback */
	uint64_t event;        /* also out of ALLOCATE and of an event */
	uint64_t subscription; /* also out of an event */
	uint64_t id;           /* of RETENTION_CLEAR; out of PUBLISH and ATTRIBUTES_GET */
	int64_t time;          /* out of PUBLISH and ATTRIBUTES_GET */
	int64_t retention;     /* also out of ATTRIBUTES_GET */

	const uint8_t *name; /* of a channel, or the publisher's; NULL: leave the publisher's */
	uint32_t name_length;
	uint32_t priority; /* also out of ATTRIBUTES_GET */

	const struct aisrt_pattern *patterns; /* NULL: leave them */
	uint32_t pattern_count;

	/* DATA_GET: the application's memory, and how much there is; the size of the
	 * data comes in out_size. */
	uint32_t data_room;
	void *data;

	/* ATTRIBUTES_GET: the publisher's name. The patterns are in out: items sizes
	 * of 32 bits, then all bytes. */
	uint32_t publisher_length;
	uint8_t publisher[256];
};

#endif /* AISRT_EVT_H */
