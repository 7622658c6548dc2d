/*
 * One member of a group, for measurements: the same program for two systems, so
 * that both do the same work. With -DPEER_CPG it is a client of corosync's closed
 * process groups (libcpg), else of extended virtual synchrony (libais).
 *
 *   stream   sends as fast as it can, or only receives, and counts what is
 *            delivered to it within a window of time
 *   latency  one message outstanding: the times until it is delivered to its sender
 *   observe  the times until the messages of a latency program on another node of
 *            this machine are delivered here
 *
 * A stream sends from the main thread and receives on another one that is inside
 * a blocking dispatch, as corosync's own benchmark does. Results are one line.
 */
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MAX_SIZE (1 << 20)
#define MAX_SAMPLES 1000000

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct head {
	uint64_t sender;
	uint64_t counter;
	uint64_t sent_ns; /* of a latency program: when it began to send */
};

static void on_message(const void *msg, size_t len);

#ifdef PEER_CPG
#include <corosync/cpg.h>

typedef cpg_handle_t handle_t;
#define OK CS_OK
#define AGAIN CS_ERR_TRY_AGAIN

static void deliver(cpg_handle_t h, const struct cpg_name *g, uint32_t node, uint32_t pid, void *msg, size_t len)
{
	(void)h; (void)g; (void)node; (void)pid;
	on_message(msg, len);
}

static void confchg(cpg_handle_t h, const struct cpg_name *g, const struct cpg_address *m, size_t nm,
	const struct cpg_address *l, size_t nl, const struct cpg_address *j, size_t nj)
{
	(void)h; (void)g; (void)m; (void)nm; (void)l; (void)nl; (void)j; (void)nj;
}

static int initialize(handle_t *h)
{
	static cpg_callbacks_t callbacks;

	callbacks.cpg_deliver_fn = deliver;
	callbacks.cpg_confchg_fn = confchg;
	return (int)cpg_initialize(h, &callbacks);
}

static int join(handle_t h, const char *name)
{
	struct cpg_name g;

	memset(&g, 0, sizeof g);
	g.length = (uint32_t)strlen(name);
	memcpy(g.value, name, g.length);
	return (int)cpg_join(h, &g);
}

static int mcast(handle_t h, struct iovec *iov) { return (int)cpg_mcast_joined(h, CPG_TYPE_AGREED, iov, 1); }
static int dispatch_all(handle_t h) { return (int)cpg_dispatch(h, CS_DISPATCH_ALL); }
static int dispatch_blocking(handle_t h) { return (int)cpg_dispatch(h, CS_DISPATCH_BLOCKING); }
static int selection(handle_t h, int *fd) { return (int)cpg_fd_get(h, fd); }

#else
#include <evs.h>

typedef evs_handle_t handle_t;
#define OK EVS_OK
#define AGAIN EVS_ERR_TRY_AGAIN

static evs_guarantee_t guarantee = EVS_TYPE_AGREED;

static void deliver(unsigned int node, void *msg, int len)
{
	(void)node;
	on_message(msg, (size_t)len);
}

static void confchg(unsigned int *m, int nm, unsigned int *l, int nl, unsigned int *j, int nj)
{
	(void)m; (void)nm; (void)l; (void)nl; (void)j; (void)nj;
}

static int initialize(handle_t *h)
{
	static evs_callbacks_t callbacks;

	callbacks.evs_deliver_fn = deliver;
	callbacks.evs_confchg_fn = confchg;
	return (int)evs_initialize(h, &callbacks);
}

static int join(handle_t h, const char *name)
{
	struct evs_group g;

	memset(&g, 0, sizeof g);
	strncpy(g.key, name, sizeof g.key - 1);
	return (int)evs_join(h, &g, 1);
}

static int mcast(handle_t h, struct iovec *iov) { return (int)evs_mcast_joined(h, guarantee, iov, 1); }
static int dispatch_all(handle_t h) { return (int)evs_dispatch(h, EVS_DISPATCH_ALL); }
static int dispatch_blocking(handle_t h) { return (int)evs_dispatch(h, EVS_DISPATCH_BLOCKING); }
static int selection(handle_t h, int *fd) { return (int)evs_fd_get(h, fd); }
#endif

static handle_t handle;
static size_t size = 64;
static uint64_t self, window_begin, window_end;
static uint64_t counted, own_counted, last[256], sent, refused;
static volatile uint64_t returned; /* the last own message that came back */
static int streaming;
static uint32_t *samples; /* tenths of a microsecond */
static unsigned sample_count, sample_room;
static int observing;

static void fail(const char *what, int error)
{
	printf("failed %s %d\n", what, error);
	fflush(stdout);
	_exit(1);
}

static void on_message(const void *msg, size_t len)
{
	struct head h;

	if (len != size || len < sizeof h)
		fail("length", (int)len);
	memcpy(&h, msg, sizeof h);
	if (h.sender >= 256)
		fail("sender", (int)h.sender);
	/* Each sender's messages are numbered: none may be missing or come twice. */
	if (last[h.sender] != 0 && h.counter != last[h.sender] + 1)
		fail("order", (int)h.sender);
	last[h.sender] = h.counter;
	if (h.sender == self)
		returned = h.counter;
	if (observing && sample_count < sample_room)
		samples[sample_count++] = (uint32_t)((now_ns() - h.sent_ns) / 100);
	if (streaming) {
		uint64_t t = now_ns();

		if (t >= window_begin && t < window_end) {
			counted++;
			if (h.sender == self)
				own_counted++;
		}
	}
}

static void *receive(void *arg)
{
	int e;

	(void)arg;
	for (;;) {
		e = dispatch_blocking(handle);
		if (e != OK && e != AGAIN)
			fail("dispatch", e);
	}
	return NULL;
}

static void stream(int sends, unsigned char *buf)
{
	pthread_t thread;
	struct rusage use;
	struct iovec iov;
	struct head h;
	int late;

	streaming = 1;
	h.sent_ns = 0;
	if (pthread_create(&thread, NULL, receive, NULL) != 0)
		fail("thread", 0);
	iov.iov_base = buf;
	iov.iov_len = size;
	late = now_ns() > window_begin;
	while (sends && (sent % 64 != 0 || now_ns() < window_end)) {
		int e;

		h.sender = self;
		h.counter = sent + 1;
		memcpy(buf, &h, sizeof h);
		e = mcast(handle, &iov);
		if (e == OK) {
			sent++;
		} else if (e == AGAIN) {
			if (++refused % 64 == 0 && now_ns() >= window_end)
				break;
		} else {
			fail("mcast", e);
		}
	}
	while (now_ns() < window_end)
		usleep(1000);
	usleep(20000);
	getrusage(RUSAGE_SELF, &use);
	printf("stream counted=%llu own=%llu sent=%llu refused=%llu seconds=%.6f late=%d cpu=%.6f\n",
		(unsigned long long)counted, (unsigned long long)own_counted, (unsigned long long)sent,
		(unsigned long long)refused, (double)(window_end - window_begin) / 1e9, late,
		(double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
			(double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void room_for(unsigned n)
{
	samples = malloc(n * sizeof *samples);
	if (samples == NULL)
		fail("memory", 0);
	sample_room = n;
}

/* The samples behind the first skip: quantiles, and every twentieth for a plot. */
static void report(unsigned skip)
{
	unsigned n, i;
	uint32_t *s;

	if (sample_count <= skip)
		fail("samples", 0);
	n = sample_count - skip;
	s = samples + skip;
	qsort(s, n, sizeof *s, compare);
	printf("latency n=%u p50=%.1f p90=%.1f p99=%.1f p999=%.1f max=%.1f refused=%llu", n, s[n / 2] / 10.0,
		s[(size_t)n * 90 / 100] / 10.0, s[(size_t)n * 99 / 100] / 10.0,
		s[(size_t)n * 999 / 1000] / 10.0, s[n - 1] / 10.0, (unsigned long long)refused);
	for (i = 0; i < 20; i++)
		printf(" c%u=%.1f", 5 * i, s[(size_t)n * i / 20] / 10.0);
	printf("\n");
}

static void latency(unsigned count, unsigned pause_us, unsigned char *buf)
{
	struct pollfd p;
	struct iovec iov;
	struct head h;
	unsigned i, skip = count / 20;
	int e;

	room_for(count + skip);
	if ((e = selection(handle, &p.fd)) != OK)
		fail("selection", e);
	p.events = POLLIN;
	iov.iov_base = buf;
	iov.iov_len = size;
	for (i = 0; i < count + skip; i++) {
		if (pause_us > 0)
			usleep(pause_us);
		h.sender = self;
		h.counter = sent + 1;
		h.sent_ns = now_ns();
		memcpy(buf, &h, sizeof h);
		while ((e = mcast(handle, &iov)) == AGAIN)
			refused++;
		if (e != OK)
			fail("mcast", e);
		sent++;
		while (returned < sent) {
			if (poll(&p, 1, 20000) == 0)
				fail("wait", 0);
			e = dispatch_all(handle);
			if (e != OK && e != AGAIN)
				fail("dispatch", e);
		}
		samples[sample_count++] = (uint32_t)((now_ns() - h.sent_ns) / 100);
		if (window_end != 0 && now_ns() >= window_end)
			break;
	}
	report(skip);
}

/* Until nothing comes any more. */
static void observe(unsigned count)
{
	struct pollfd p;
	int e;

	room_for(count + count / 20);
	if ((e = selection(handle, &p.fd)) != OK)
		fail("selection", e);
	p.events = POLLIN;
	observing = 1;
	printf("ready\n");
	fflush(stdout);
	while (sample_count < sample_room && (poll(&p, 1, sample_count > 0 ? 1000 : 20000) > 0)) {
		e = dispatch_all(handle);
		if (e != OK && e != AGAIN)
			fail("dispatch", e);
	}
	report(count / 20);
}

int main(int argc, char **argv)
{
	const char *group = "bench";
	unsigned count = 1000, pause_us = 0;
	int mode = 's', sends = 1, opt, e;
	unsigned char *buf;

	while ((opt = getopt(argc, argv, "m:s:i:b:e:g:n:p:rS")) != -1) {
		switch (opt) {
		case 'm': mode = optarg[0]; break;
		case 's': size = strtoul(optarg, NULL, 0); break;
		case 'i': self = strtoul(optarg, NULL, 0); break;
		case 'b': window_begin = strtoull(optarg, NULL, 0); break;
		case 'e': window_end = strtoull(optarg, NULL, 0); break;
		case 'g': group = optarg; break;
		case 'n': count = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'p': pause_us = (unsigned)strtoul(optarg, NULL, 0); break;
		case 'r': sends = 0; break;
#ifndef PEER_CPG
		case 'S': guarantee = EVS_TYPE_SAFE; break;
#endif
		default: return 64;
		}
	}
	if (size < sizeof(struct head) || size > MAX_SIZE || self > 255 || count < 1 || count > MAX_SAMPLES)
		return 64;
	buf = malloc(size);
	if (buf == NULL)
		return 65;
	memset(buf, 'x', size);
	while ((e = initialize(&handle)) == AGAIN)
		usleep(1000);
	if (e != OK)
		fail("initialize", e);
	while ((e = join(handle, group)) == AGAIN)
		usleep(1000);
	if (e != OK)
		fail("join", e);
	if (mode == 'l')
		latency(count, pause_us, buf);
	else if (mode == 'o')
		observe(count);
	else
		stream(sends, buf);
	fflush(stdout);
	_exit(0);
}
