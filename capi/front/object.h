/*
 * object.h: handles below the handle of a service: channels and events. Each has
 * a number in the runtime; here is which service handle it belongs to, so that a
 * function that is given nothing else finds its way.
 */
#ifndef AISF_OBJECT_H
#define AISF_OBJECT_H

#include "capi/front/front.h"

enum aisf_kind { AISF_CHANNEL = 1, AISF_EVENT };

/* Which bits of a handle a generation keeps. */
#define AISF_ALL_BITS (~(uint64_t)0)
#define AISF_LOW_BITS ((uint64_t)0xffffffff)

/*
 * Makes a handle. channel is the number of the channel of an event. The lower 32
 * bits are never 0 and tell it from all that are in use. AISF_NO_MEMORY, or
 * AISF_NO_RESOURCES when there are four million of them.
 */
unsigned aisf_object_add(struct aisf_handle *h, enum aisf_kind kind, uint64_t number, uint64_t channel, uint64_t *id);

/* What a handle names; id is the whole of it. */
struct aisf_ref {
	uint64_t id, number;
};

/*
 * The service handle that id belongs to, to be given back with aisf_put. NULL:
 * there is no such thing, or its service handle was finalized.
 */
struct aisf_handle *aisf_object_get(uint64_t id, uint64_t significant, enum aisf_type type, enum aisf_kind kind,
	struct aisf_ref *ref);

/* Ends a handle; the events of a channel; all that a service handle has. */
void aisf_object_drop(uint64_t id);
void aisf_object_drop_events(struct aisf_handle *h, uint64_t channel);
void aisf_object_drop_all(struct aisf_handle *h);

#endif /* AISF_OBJECT_H */
