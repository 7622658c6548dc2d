/*
 * ring.h: memory shared with the executive: multicasts that need no answer go up
 * there, callbacks come down, without a system call as long as both sides are
 * awake. The protocol is written down in libais/ipcwire/ring.go.
 *
 * Everything the executive wrote there is checked as if it came from a socket; it
 * may be another version of it.
 */
#ifndef AISF_RING_H
#define AISF_RING_H

#include "capi/front/front.h"

struct aisf_ring;
struct aisf_evs_message;

/*
 * Asks for the memory, on a handle nobody else knows yet. *out is NULL, with
 * AISF_OK, where there is none: everything goes over the sockets then.
 */
unsigned aisf_ring_open(struct aisf_handle *h, int64_t deadline, struct aisf_ring **out);
void aisf_ring_close(struct aisf_ring *r);
/* Whoever waits on it finds out that h is closing. */
void aisf_ring_wake(struct aisf_ring *r);

/*
 * Multicasts. AISF_RING_NOT: this one has to go over the socket. When there is no
 * room, it waits for some milliseconds, but not if callbacks wait that nobody is
 * taking: then, and when the time is over, it is AISF_TRY_AGAIN.
 */
enum { AISF_RING_NOT = 0 };
unsigned aisf_ring_send(struct aisf_handle *h, const struct aisf_evs_message *m, int to_groups);

/* What joining and leaving came to: a multicast to no group is for the executive
 * to refuse. */
void aisf_ring_joined(struct aisf_ring *r, uint32_t op, int count, unsigned error);

/* Takes a callback as aisf_dispatch does; take_lock is held. */
unsigned aisf_ring_take(struct aisf_handle *h, struct aisf_event *e);
/* After the last one, when nobody goes on taking: the selection object is no
 * longer readable. take_lock is held. */
void aisf_ring_settle(struct aisf_handle *h);

#endif /* AISF_RING_H */
