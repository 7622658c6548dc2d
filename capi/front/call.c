/*
 * call.c: one request on a handle: its turn, entering the runtime, waiting.
 *
 * Waiting is ppoll() here, with the application's signal mask: its handlers run,
 * and the wait goes on with the time that is left. (ppoll takes the mask off and
 * on again for nothing; a system call for each costs a quarter of a microsecond.)
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capi/front/ask.h"

/* No single wait is longer: time_t may have 32 bits. */
#define DAY_NS ((int64_t)86400 * 1000000000)

/* Who waits for its turn looks up so often: in a child nobody gives it. */
#define LOOK_UP_NS 1000000000

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t aisf_deadline(int64_t timeout_ns)
{
	int64_t t = now();

	return timeout_ns > INT64_MAX - 1 - t ? AISF_NEVER : t + timeout_ns;
}

int64_t aisf_remaining(int64_t deadline)
{
	int64_t left;

	if (deadline == AISF_NEVER)
		return AISF_NEVER;
	left = deadline - now();
	return left < 0 ? 0 : left;
}

int aisf_cancel_off(void)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	return old;
}

void aisf_cancel_restore(int old)
{
	pthread_setcancelstate(old, NULL);
}

int aisf_closing(const struct aisf_handle *h)
{
	return __atomic_load_n(&h->closing, __ATOMIC_SEQ_CST) || aisf_inherited(h);
}

int aisf_inherited(const struct aisf_handle *h)
{
	return aisf_epoch() != h->epoch;
}

unsigned aisf_result(const struct aisf_handle *h, unsigned error)
{
	return aisf_inherited(h) ? AISF_BAD_HANDLE : error;
}

int aisf_wait(int fd, short events, int64_t deadline, const sigset_t *open)
{
	unsigned epoch = aisf_epoch();
	struct pollfd p;

	p.fd = fd;
	p.events = events;
	for (;;) {
		struct timespec left;
		int64_t ns = deadline == AISF_NEVER ? DAY_NS : deadline - now();
		int n;

		ns = ns < 0 ? 0 : ns > DAY_NS ? DAY_NS : ns;
		left.tv_sec = (time_t)(ns / 1000000000);
		left.tv_nsec = (long)(ns % 1000000000);
		n = ppoll(&p, 1, deadline == AISF_NEVER ? NULL : &left, open);
		/* A child that its parent's handler made has another thing as fd. */
		if (n > 0 || (n < 0 && errno != EINTR) || aisf_epoch() != epoch)
			return 1;
		if (n == 0 && ns < DAY_NS)
			return 0;
	}
}

/* Waits a little, or less. */
static void pause_for(const struct aisrt_call *c)
{
	struct timespec t;
	struct pollfd p;

	p.fd = c->wait_fd;
	p.events = 0;
	t.tv_sec = (time_t)(c->pause_ns / 1000000000);
	t.tv_nsec = (long)(c->pause_ns % 1000000000);
	ppoll(&p, 1, &t, NULL);
}

/* Makes the memory of results large enough. */
static int make_room(struct aisrt_call *c)
{
	void *p;

	if (c->out_size > (uint64_t)SIZE_MAX / 2)
		return 0;
	/* The contents need not be kept. */
	p = malloc((size_t)c->out_size);
	if (p == NULL)
		return 0;
	free(c->out);
	c->out = p;
	c->out_room = c->out_size;
	return 1;
}

/* Enters until the operation is done. */
static unsigned enter_until_done(struct aisrt_call *c, int64_t deadline, struct aisf_signals *signals)
{
	sigset_t open;

	memcpy(&open, &signals->mask, sizeof(signals->mask)); /* the kernel's part of it */
	for (;;) {
		switch (aisf_enter(c)) {
		case AISRT_DONE:
			return c->error;
		case AISRT_WAIT:
			c->phase = aisf_wait(c->wait_fd, (short)c->wait_events, deadline, &open) ? AISRT_RESUME : AISRT_EXPIRED;
			break;
		case AISRT_PAUSE:
			aisf_unblock(signals);
			pause_for(c);
			c->phase = AISRT_RESUME;
			aisf_block(signals);
			break;
		case AISRT_ROOM:
			c->phase = AISRT_RESUME;
			if (!make_room(c))
				return AISF_NO_MEMORY;
			break;
		}
	}
}

unsigned aisf_run(struct aisf_handle *h, struct aisrt_call *c, int64_t deadline)
{
	struct aisf_signals signals;
	int kept = errno;
	unsigned error;

	c->seq = h->ask.seq;
	aisf_block(&signals);
	error = enter_until_done(c, deadline, &signals);
	signals.error = kept; /* whatever waiting has left there */
	aisf_unblock(&signals);
	if (c->op < AISRT_NEXT) {
		h->ask.seq = c->seq;
		h->ask.clean = c->clean != 0;
	}
	return aisf_closing(h) ? AISF_BAD_HANDLE : error;
}

unsigned aisf_turn(struct aisf_handle *h, int64_t deadline)
{
	int timed_out = 0;

	pthread_mutex_lock(&h->lock);
	while (h->busy && !aisf_closing(h) && !timed_out) {
		int64_t t = now(), end = deadline - t > LOOK_UP_NS ? t + LOOK_UP_NS : deadline;
		struct timespec until;

		until.tv_sec = (time_t)(end / 1000000000);
		until.tv_nsec = (long)(end % 1000000000);
		timed_out = pthread_cond_timedwait(&h->turn, &h->lock, &until) == ETIMEDOUT && end == deadline;
	}
	if (h->busy || aisf_closing(h)) {
		pthread_mutex_unlock(&h->lock);
		return aisf_closing(h) ? AISF_BAD_HANDLE : AISF_TIMEOUT;
	}
	h->busy = 1;
	pthread_mutex_unlock(&h->lock);
	return AISF_OK;
}

struct aisrt_call *aisf_block_for(struct aisf_handle *h, uint32_t op)
{
	struct aisrt_call *c = &h->rq;
	void *memory = c->out;
	uint64_t room = c->out_room;

	memset(c, 0, sizeof(*c));
	c->out = memory;
	c->out_room = room;
	c->conn = h->conn;
	c->op = op;
	return c;
}

unsigned aisf_begin(struct aisf_handle *h, uint32_t op, int64_t deadline, struct aisrt_call **out)
{
	unsigned error = aisf_turn(h, deadline);

	if (error == AISF_OK)
		*out = aisf_block_for(h, op);
	return error;
}

void aisf_end(struct aisf_handle *h)
{
	enum { KEEP = 64 << 10 };

	if (h->rq.out_room > KEEP) {
		free(h->rq.out);
		h->rq.out = NULL;
		h->rq.out_room = 0;
	}
	aisf_ask_end(h);
	pthread_mutex_lock(&h->lock);
	h->busy = 0;
	pthread_cond_signal(&h->turn);
	pthread_mutex_unlock(&h->lock);
}
