/*
 * dispatch.c: taking callbacks and running the application's functions.
 *
 * A callback runs with nothing held: any function of the API may be called from
 * inside it, Finalize too, by any thread. While Dispatch waits or a callback
 * runs, the thread may be cancelled, or leave by a C++ exception, when the
 * application allows it; what Dispatch holds is then given back.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "capi/front/ring.h"

struct visit {
	struct aisf_handle *h;
	struct aisf_event e;
	int cancel_state; /* the application's */
};

static void leave(void *arg)
{
	struct visit *v = arg;

	aisf_cancel_off();
	free(v->e.call.out);
	__atomic_sub_fetch(&v->h->dispatchers, 1, __ATOMIC_RELAXED);
	aisf_put(v->h);
}

/* Asks the executive for the events that wait there. */
static unsigned fetch(struct aisf_handle *h, uint32_t several)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_EVT_FETCH, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->flags = several;
		error = aisf_run(h, c, AISF_NEVER);
		aisf_end(h);
	}
	return error;
}

static unsigned next(struct visit *v, int several)
{
	struct aisf_handle *h = v->h;
	struct aisrt_call *c = &v->e.call;
	void *memory = c->out;
	uint64_t room = c->out_room;

	memset(c, 0, sizeof(*c));
	c->out = memory;
	c->out_room = room;
	c->op = AISRT_NEXT;
	c->conn = h->conn;
	c->flags = several && __atomic_load_n(&h->dispatchers, __ATOMIC_RELAXED) == 1;
	return aisf_run(h, c, AISF_NEVER);
}

/* Takes one callback if one is there: kind tells. several: more than one may be
 * taken out of the descriptor, because this thread goes on until none is left. */
static unsigned take(struct visit *v, int several)
{
	struct aisf_handle *h = v->h;
	unsigned error;

	pthread_mutex_lock(&h->take_lock);
	for (;;) {
		error = h->ring != NULL ? aisf_ring_take(h, &v->e) : next(v, several);
		if (error != AISF_OK || v->e.call.kind != AISRT_EVT_PENDING)
			break;
		error = fetch(h, v->e.call.flags);
		if (error != AISF_OK)
			break;
	}
	if (h->ring != NULL && !several && error == AISF_OK && v->e.call.kind != AISRT_NONE)
		aisf_ring_settle(h);
	pthread_mutex_unlock(&h->take_lock);
	return error;
}

/* Waits for the selection object, open to signals and cancellation. */
static void wait_readable(struct visit *v)
{
	struct pollfd p;

	p.fd = v->e.call.wait_fd;
	p.events = POLLIN;
	aisf_cancel_restore(v->cancel_state);
	while (poll(&p, 1, -1) < 0 && errno == EINTR && !aisf_closing(v->h))
		;
	aisf_cancel_off();
}

static unsigned serve(struct visit *v, enum aisf_dispatch how)
{
	for (;;) {
		unsigned error = take(v, how == AISF_ALL || how == AISF_BLOCKING);
		int ran;

		/* Finalize ends a dispatch, it does not make it fail. */
		if (aisf_closing(v->h))
			return aisf_inherited(v->h) ? AISF_BAD_HANDLE : AISF_OK;
		if (error != AISF_OK)
			return error;
		if (v->e.call.kind == AISRT_NONE) {
			if (how == AISF_ONE || how == AISF_ALL)
				return AISF_OK;
			wait_readable(v);
			continue;
		}
		aisf_cancel_restore(v->cancel_state);
		ran = v->h->run(v->h, &v->e);
		aisf_cancel_off();
		if (aisf_closing(v->h) && !aisf_inherited(v->h))
			return AISF_OK;
		if (ran && (how == AISF_ONE || how == AISF_ONE_WAIT))
			return AISF_OK;
	}
}

/* Takes over the caller's use of h. */
unsigned aisf_dispatch(struct aisf_handle *h, enum aisf_dispatch how)
{
	struct visit v;
	unsigned error;
	int kept = errno;

	memset(&v, 0, sizeof(v));
	v.h = h;
	v.cancel_state = aisf_cancel_off();
	__atomic_add_fetch(&h->dispatchers, 1, __ATOMIC_RELAXED);
	pthread_cleanup_push(leave, &v);
	error = serve(&v, how);
	pthread_cleanup_pop(1);
	aisf_cancel_restore(v.cancel_state);
	errno = kept;
	return error;
}
