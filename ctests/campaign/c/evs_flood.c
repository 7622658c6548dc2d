/*
 * Sends through EVS as fast as it can for a given time: on TRY_AGAIN it takes
 * what was delivered and tries again, as programs of that time do. Everything
 * that was accepted must come back, once and in order; so must the messages of
 * every other sender of the group.
 *
 * Ends with one line: flood sent= again= bytes= returned= others= lost=
 * disorder= damaged= seconds=; exit code 1 when anything accepted was lost,
 * reordered or damaged.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "evs_any.h"
#include "payload.h"

#define MAX_SIZE (1 << 20)
#define MAX_SENDERS 256

static struct sender {
	uint32_t node;
	uint64_t incarnation, counter;
} senders[MAX_SENDERS];

static int sender_count;
static uint32_t self;
static uint64_t incarnation, accepted, returned, others, disorder, damaged, configurations;
static volatile sig_atomic_t finish;

static void on_signal(int sig)
{
	(void)sig;
	finish = 1;
}

static void on_message(uint32_t node, const unsigned char *msg, int len)
{
	struct payload p;
	int i;

	if (!payload_read(msg, len, &p) || p.sender != node) {
		damaged++;
		return;
	}
	if (p.incarnation == incarnation) {
		if (p.counter != ++returned)
			disorder++;
		return;
	}
	others++;
	for (i = 0; i < sender_count; i++)
		if (senders[i].incarnation == p.incarnation)
			break;
	if (i == sender_count) {
		if (i == MAX_SENDERS)
			return;
		/* Its earlier messages were delivered before this program joined. */
		senders[i].node = node;
		senders[i].incarnation = p.incarnation;
		senders[i].counter = p.counter - 1;
		sender_count++;
	}
	if (p.counter != ++senders[i].counter) {
		disorder++;
		senders[i].counter = p.counter;
	}
}

static void on_configuration(const uint32_t *m, int nm, const uint32_t *l, int nl,
			     const uint32_t *j, int nj)
{
	(void)m; (void)nm; (void)l; (void)nl; (void)j; (void)nj;
	configurations++;
}

static int fail(const char *what, evs_error_t e)
{
	printf("dead %s %d\n", what, (int)e);
	return 3;
}

int main(int argc, char **argv)
{
	const char *group = "flood";
	double seconds = 5;
	unsigned size_min = 64, size_max = 1024;
	unsigned char *buf = malloc(MAX_SIZE);
	uint64_t again = 0, bytes = 0, began, until, rnd;
	struct evs_group g;
	struct pollfd pfd;
	struct iovec iov;
	struct sigaction sa;
	evs_handle_t h;
	evs_error_t e;
	int opt, i;

	while ((opt = getopt(argc, argv, "d:g:i:z:")) != -1) {
		switch (opt) {
		case 'd': seconds = atof(optarg); break;
		case 'g': group = optarg; break;
		case 'i': self = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'z':
			if (sscanf(optarg, "%u:%u", &size_min, &size_max) != 2)
				return 64;
			break;
		default: return 64;
		}
	}
	if (!self || !buf || size_min < PAYLOAD_MIN || size_max < size_min || size_max > MAX_SIZE)
		return 64;
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGTERM, &sa, NULL);
	payload_setup();
	incarnation = payload_incarnation();
	rnd = incarnation;
	while ((e = any_initialize(&h)) == EVS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != EVS_OK)
		return fail("initialize", e);
	any_group(&g, group);
	while ((e = any_join(h, &g, 1)) == EVS_ERR_TRY_AGAIN)
		usleep(1000);
	if (e != EVS_OK)
		return fail("join", e);
	if ((e = any_fd(h, &pfd.fd)) != EVS_OK)
		return fail("fd_get", e);
	pfd.events = POLLIN;
	began = now_ns();
	until = began + (uint64_t)(seconds * 1e9);
	while (now_ns() < until && !finish) {
		size_t len;

		rnd = rnd * 6364136223846793005u + 1442695040888963407u;
		len = size_min + (size_t)(rnd >> 33) % (size_max - size_min + 1);
		payload_make(buf, len, self, incarnation, accepted + 1, 0);
		for (i = 0; i < 64; i++) {
			iov.iov_base = buf;
			iov.iov_len = len;
			e = any_mcast(h, EVS_TYPE_AGREED, PRIO_MEDIUM, &iov, 1);
			if (e != EVS_ERR_TRY_AGAIN)
				break;
			again++;
			if ((e = any_dispatch(h, EVS_DISPATCH_ALL)) != EVS_OK && e != EVS_ERR_TRY_AGAIN)
				return fail("dispatch", e);
			e = EVS_ERR_TRY_AGAIN;
			if (now_ns() >= until)
				break;
		}
		if (e == EVS_OK) {
			accepted++;
			bytes += len;
		} else if (e != EVS_ERR_TRY_AGAIN) {
			return fail("mcast", e);
		}
		if (accepted % 16 == 0 && (e = any_dispatch(h, EVS_DISPATCH_ALL)) != EVS_OK && e != EVS_ERR_TRY_AGAIN)
			return fail("dispatch", e);
	}
	/* What was accepted comes back; 30 s without any progress is loss. */
	for (i = 0; returned < accepted && i < 30;) {
		uint64_t before = returned + others;

		pfd.revents = 0;
		if (poll(&pfd, 1, 1000) < 0 && errno != EINTR)
			return 66;
		if (pfd.revents && (e = any_dispatch(h, EVS_DISPATCH_ALL)) != EVS_OK && e != EVS_ERR_TRY_AGAIN)
			return fail("dispatch", e);
		i = returned + others == before ? i + 1 : 0;
	}
	any_finalize(h);
	printf("flood sent=%llu again=%llu bytes=%llu returned=%llu others=%llu lost=%llu disorder=%llu "
	       "damaged=%llu configurations=%llu seconds=%.3f\n",
	       (unsigned long long)accepted, (unsigned long long)again, (unsigned long long)bytes,
	       (unsigned long long)returned, (unsigned long long)others,
	       (unsigned long long)(accepted - returned), (unsigned long long)disorder,
	       (unsigned long long)damaged, (unsigned long long)configurations,
	       (double)(now_ns() - began) / 1e9);
	free(buf);
	return accepted != returned || disorder || damaged;
}
