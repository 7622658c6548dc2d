/*
 * A publisher (-p) or a subscriber of one event channel, for measuring.
 *
 * Publisher: waits for SIGUSR2, publishes for -d seconds at -r events a second (0: as
 * fast as it is taken) of -z bytes at priority -q, to -n keys in turn; then it says
 *   stat published=N again=N seconds=S
 * and ends. TRY_AGAIN is answered with a pause of -a microseconds.
 *
 * Subscriber: -n subscriptions, each to one key; -x: every event must have so many
 * bytes. At SIGUSR1 it says
 *   stat received=N lost=N notices=N seconds=S p50=US p90=US p99=US max=US
 * of what came since the last time, and begins anew; lost are numbers that were left
 * out. seconds is from the first to the last event, times from before the
 * publication's call until the callback.
 *
 * Both say "ready" before and "end" after SIGTERM. Exit codes: 3 the executive is
 * gone, 4 another error, 5 wrong data.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "evt_any.h"

#define MAX_PUBLISHERS 512
#define SUB_BITS 6
#define BUCKETS (64 << SUB_BITS)

static volatile sig_atomic_t go, report, finish;
static uint64_t received, lost, notices, first, last, longest;
static uint64_t seen[MAX_PUBLISHERS];
static uint32_t buckets[BUCKETS];
static unsigned char data[1 << 17];
static size_t expect;

struct head {
	uint64_t sent;
	uint64_t number;
	uint64_t publisher;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		report = 1;
	else if (sig == SIGUSR2)
		go = 1;
	else
		finish = 1;
}

static void check(const char *what, evt_error e)
{
#ifdef GENERATION_A
	int gone = e == SA_ERR_LIBRARY || e == SA_ERR_BAD_HANDLE;
#else
	int gone = e == SA_AIS_ERR_LIBRARY || e == SA_AIS_ERR_BAD_HANDLE;
#endif
	if (e == EVT_OK)
		return;
	printf("dead %s %d\n", what, (int)e);
	fflush(stdout);
	exit(gone ? 3 : 4);
}

/* Times are counted in buckets of 1/64 of a power of two. */
static unsigned bucket(uint64_t ns)
{
	unsigned shift = 0;

	while ((ns >> shift) >= (2u << SUB_BITS))
		shift++;
	return (shift << SUB_BITS) + (unsigned)(ns >> shift);
}

static double bucket_us(unsigned b)
{
	unsigned shift = b >> SUB_BITS;

	if (shift > 0)
		shift--;
	return (double)((uint64_t)(b - (shift << SUB_BITS)) << shift) / 1000;
}

static double quantile(double q)
{
	uint64_t want = (uint64_t)((double)received * q), n = 0;
	unsigned b;

	for (b = 0; b < BUCKETS; b++) {
		n += buckets[b];
		if (n > want)
			return bucket_us(b);
	}
	return (double)longest / 1000;
}

static void on_event(uint32_t subscription, SaEvtEventHandleT event, size_t size)
{
	SaSizeT room = sizeof data;
	struct head h;
	uint64_t now, took;
	unsigned b;

	(void)subscription;
	if (size == 0 && evt_is_lost(event)) {
		notices++;
		return;
	}
	if (saEvtEventDataGet(event, data, &room) != EVT_OK || (size_t)room != size || size < sizeof h) {
		printf("dead data\n");
		exit(5);
	}
	now = now_ns();
	memcpy(&h, data, sizeof h);
	if (h.publisher >= MAX_PUBLISHERS || h.number <= seen[h.publisher] || (expect != 0 && size != expect)) {
		printf("dead event %llu of publisher %llu after %llu\n", (unsigned long long)h.number, (unsigned long long)h.publisher,
		       (unsigned long long)seen[h.publisher % MAX_PUBLISHERS]);
		exit(5);
	}
	lost += h.number - seen[h.publisher] - 1;
	seen[h.publisher] = h.number;
	if (received++ == 0)
		first = now;
	last = now;
	took = now - h.sent;
	if (took > longest)
		longest = took;
	b = bucket(took);
	buckets[b < BUCKETS ? b : BUCKETS - 1]++;
}

static void tell(void)
{
	printf("stat received=%llu lost=%llu notices=%llu seconds=%.6f p50=%.1f p90=%.1f p99=%.1f max=%.1f\n", (unsigned long long)received,
	       (unsigned long long)lost, (unsigned long long)notices, (double)(last - first) / 1e9, quantile(0.5), quantile(0.9),
	       quantile(0.99), (double)longest / 1000);
	fflush(stdout);
	received = lost = notices = first = last = longest = 0;
	memset(buckets, 0, sizeof buckets);
}

static void subscribe_all(struct evt *t, unsigned n)
{
	char key[16];
	unsigned i;
	evt_error e;

	for (i = 0; i < n; i++) {
		SaEvtEventFilterT f;
		SaEvtEventFilterArrayT list;

		snprintf(key, sizeof key, "key%u", i);
		memset(&f, 0, sizeof f);
		f.filterType = SA_EVT_EXACT_FILTER;
		evt_pattern(&f.filter, key);
		list.filters = &f;
		list.filtersNumber = 1;
		while ((e = saEvtEventSubscribe(t->channel, &list, i)) == EVT_AGAIN)
			usleep(500);
		check("subscribe", e);
	}
}

static void subscriber(struct evt *t)
{
	struct pollfd pfd;

	pfd.fd = t->fd;
	pfd.events = POLLIN;
	while (!finish) {
		if (report) {
			report = 0;
			tell();
		}
		pfd.revents = 0;
		if (poll(&pfd, 1, 200) < 0 && errno != EINTR)
			exit(4);
		if (pfd.revents) {
			evt_error e = saEvtDispatch(t->handle, SA_DISPATCH_ALL);

			if (e != EVT_AGAIN)
				check("dispatch", e);
		}
	}
}

static void publisher(struct evt *t, unsigned id, size_t size, unsigned keys, unsigned priority, double rate, double seconds, unsigned pause)
{
	uint64_t began, end, next, published = 0, again = 0;
	struct head h = {0, 1, id};
	SaEvtEventIdT event;
	evt_error e;

	while (!go && !finish)
		usleep(1000);
	began = next = now_ns();
	end = began + (uint64_t)(seconds * 1e9);
	for (;;) {
		uint64_t now = now_ns();

		if (now >= end || finish)
			break;
		if (rate > 0 && now < next) {
			struct timespec w = {0, 0};

			w.tv_nsec = (long)(next - now < 900000000u ? next - now : 900000000u);
			nanosleep(&w, NULL);
			continue;
		}
		if (keys > 1 || published == 0) {
			char key[16];

			snprintf(key, sizeof key, "key%u", (unsigned)(published % keys));
			check("attributes", evt_attributes(t, key, priority, 0));
		}
		h.sent = now;
		memcpy(data, &h, sizeof h);
		e = saEvtEventPublish(t->event, data, size, &event);
		if (e == EVT_AGAIN) {
			again++;
			usleep(pause);
			continue;
		}
		check("publish", e);
		published++;
		h.number++;
		if (rate > 0)
			next += (uint64_t)(1e9 / rate);
	}
	printf("stat published=%llu again=%llu seconds=%.6f\n", (unsigned long long)published, (unsigned long long)again,
	       (double)(now_ns() - began) / 1e9);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned keys = 1, id = 0, priority = 2, pause = 100;
	const char *channel = "load";
	double rate = 0, seconds = 1;
	struct sigaction sa;
	struct evt t;
	size_t size = 64;
	int publishes = 0, opt;

	while ((opt = getopt(argc, argv, "a:c:d:i:n:pq:r:x:z:")) != -1)
		switch (opt) {
		case 'a': pause = (unsigned)atoi(optarg); break;
		case 'c': channel = optarg; break;
		case 'd': seconds = atof(optarg); break;
		case 'i': id = (unsigned)atoi(optarg); break;
		case 'n': keys = (unsigned)atoi(optarg); break;
		case 'p': publishes = 1; break;
		case 'q': priority = (unsigned)atoi(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 'x': expect = (size_t)atoi(optarg); break;
		case 'z': size = (size_t)atoi(optarg); break;
		default: return 64;
		}
	if (id >= MAX_PUBLISHERS || keys < 1 || size < sizeof(struct head) || size > 65536 || priority > 3) {
		fprintf(stderr, "usage: evt_load [-p] [-c channel] [-d seconds] [-i publisher] [-n keys] [-q priority] [-r rate] [-z bytes] [-x bytes]\n");
		return 64;
	}
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	check("open", evt_open(&t, channel));
	if (!publishes)
		subscribe_all(&t, keys);
	printf("ready\n");
	fflush(stdout);
	if (publishes)
		publisher(&t, id, size, keys, priority, rate, seconds, pause);
	else
		subscriber(&t);
	check("finalize", saEvtFinalize(t.handle));
	printf("end\n");
	return 0;
}
