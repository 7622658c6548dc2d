/*
 * How long small requests take while others do what they like: a membership
 * query (where the generation has one), the call of a small multicast, the time
 * until it was accepted (with the repetitions that TRY_AGAIN asks for), and
 * until it came back. One line each: req name= n= p50= p99= max= (microseconds)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "evs_any.h"
#include "payload.h"

#define MAX_SAMPLES 200000

struct series {
	const char *name;
	uint32_t *us;
	int n;
};

static struct series query = {"query", NULL, 0}, call = {"call", NULL, 0},
		     accept_ = {"accept", NULL, 0}, back = {"back", NULL, 0};
static uint32_t self;
static uint64_t incarnation, returned, refused;
static volatile sig_atomic_t finish;

static void on_signal(int sig)
{
	(void)sig;
	finish = 1;
}

static void sample(struct series *s, uint64_t ns)
{
	if (!s->us && !(s->us = malloc(MAX_SAMPLES * sizeof *s->us)))
		exit(65);
	if (s->n < MAX_SAMPLES)
		s->us[s->n++] = (uint32_t)(ns / 1000);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(struct series *s)
{
	if (!s->n)
		return;
	qsort(s->us, (size_t)s->n, sizeof *s->us, compare);
	printf("req name=%s n=%d p50=%u p99=%u max=%u\n", s->name, s->n, s->us[s->n / 2],
	       s->us[(int)((double)s->n * 0.99)], s->us[s->n - 1]);
}

static void on_message(uint32_t node, const unsigned char *msg, int len)
{
	struct payload p;

	(void)node;
	if (payload_read(msg, len, &p) && p.incarnation == incarnation) {
		sample(&back, now_ns() - p.sent_ns);
		returned = p.counter;
	}
}

static void on_configuration(const uint32_t *m, int nm, const uint32_t *l, int nl,
			     const uint32_t *j, int nj)
{
	(void)m; (void)nm; (void)l; (void)nl; (void)j; (void)nj;
}

static int fail(const char *what, evs_error_t e)
{
	printf("dead %s %d\n", what, (int)e);
	return 3;
}

int main(int argc, char **argv)
{
	double seconds = 5;
	unsigned interval_ms = 10;
	unsigned char buf[64];
	uint64_t began, until, counter = 0, t;
	struct evs_group g;
	struct pollfd pfd;
	struct iovec iov;
	struct sigaction sa;
	evs_handle_t h;
	evs_error_t e;
	int opt;

	while ((opt = getopt(argc, argv, "d:i:n:")) != -1) {
		switch (opt) {
		case 'd': seconds = atof(optarg); break;
		case 'i': self = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'n': interval_ms = (unsigned)atoi(optarg); break;
		default: return 64;
		}
	}
	if (!self)
		return 64;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGTERM, &sa, NULL);
	payload_setup();
	incarnation = payload_incarnation();
	while ((e = any_initialize(&h)) == EVS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != EVS_OK)
		return fail("initialize", e);
	any_group(&g, "request");
	while ((e = any_join(h, &g, 1)) == EVS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != EVS_OK)
		return fail("join", e);
	if ((e = any_fd(h, &pfd.fd)) != EVS_OK)
		return fail("fd_get", e);
	pfd.events = POLLIN;
	began = now_ns();
	until = began + (uint64_t)(seconds * 1e9);
	while ((t = now_ns()) < until && !finish) {
		uint64_t begin;
#ifndef GENERATION_A
		unsigned int local, members[MAX_NODES], count = MAX_NODES;

		e = evs_membership_get(h, &local, members, &count);
		if (e != EVS_OK && e != EVS_ERR_TRY_AGAIN)
			return fail("membership_get", e);
		sample(&query, now_ns() - t);
#endif
		payload_make(buf, sizeof buf, self, incarnation, ++counter, 0);
		begin = now_ns();
		do {
			iov.iov_base = buf;
			iov.iov_len = sizeof buf;
			t = now_ns();
			e = any_mcast(h, EVS_TYPE_AGREED, PRIO_MEDIUM, &iov, 1);
			sample(&call, now_ns() - t);
			if (e == EVS_ERR_TRY_AGAIN) {
				refused++;
				usleep(200);
			}
		} while (e == EVS_ERR_TRY_AGAIN && now_ns() < until);
		if (e == EVS_ERR_TRY_AGAIN)
			break;
		if (e != EVS_OK)
			return fail("mcast", e);
		sample(&accept_, now_ns() - begin);
		while (returned < counter) {
			pfd.revents = 0;
			if (poll(&pfd, 1, 10000) == 0)
				return fail("wait", EVS_ERR_TIMEOUT);
			if (pfd.revents && (e = any_dispatch(h, EVS_DISPATCH_ALL)) != EVS_OK &&
			    e != EVS_ERR_TRY_AGAIN)
				return fail("dispatch", e);
		}
		usleep(interval_ms * 1000);
	}
	any_finalize(h);
	report(&query);
	report(&call);
	report(&accept_);
	report(&back);
	printf("req refused=%llu\n", (unsigned long long)refused);
	return 0;
}
