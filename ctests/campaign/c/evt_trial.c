/*
 * A publisher and subscriber of one event channel that writes down everything it
 * publishes, everything it is delivered, and the configurations that its node goes
 * through, so that a checker can tell of every event where it went and why not.
 *
 * The log file has one line per thing, times are CLOCK_MONOTONIC in nanoseconds:
 *   P priority counter retention before after   an event was accepted
 *   X priority counter at                       its retention was cleared
 *   D subscription sender incarnation priority counter at
 *   L subscription at                           the notice that events were lost
 *   S subscription at / U subscription at       subscribed / before unsubscribing
 *   C at m=a,b l=c j=d                          a configuration
 * Each publisher counts its events of each priority from 1. Subscription 1 stays;
 * 2, 3, ... come and go, to get what is retained.
 *
 * Standard output: "ready INCARNATION", "quiet ...", "dead ns what error", "end ...".
 * SIGUSR1: publish no more and say "quiet" when nothing arrives any more. SIGUSR2:
 * publish a burst of large events. SIGTERM: write the log out and end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "evs_any.h"
#include "evt_any.h"
#include "payload.h"

#define BURST 1500
#define BURST_SIZE 8000

static volatile sig_atomic_t stop_publishing, burst, finish;
static uint64_t incarnation, published, cleared, delivered, lost, last_delivery;
static int violations;
static FILE *logfile;
static unsigned char data[65536];

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		stop_publishing = 1;
	else if (sig == SIGUSR2)
		burst = BURST;
	else
		finish = 1;
}

static void say(const char *format, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof line - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	if (write(1, line, (size_t)n) != n)
		finish = 1;
}

static void die(const char *what, int error, int gone)
{
	say("dead %llu %s %d", (unsigned long long)now_ns(), what, error);
	fclose(logfile);
	exit(gone ? 3 : 4);
}

/* check ends the program when a call failed: 3 when the executive is gone. */
static void check(const char *what, evt_error e)
{
#ifdef GENERATION_A
	int gone = e == SA_ERR_LIBRARY || e == SA_ERR_BAD_HANDLE;
#else
	int gone = e == SA_AIS_ERR_LIBRARY || e == SA_AIS_ERR_BAD_HANDLE;
#endif
	if (e != EVT_OK)
		die(what, (int)e, gone);
}

static void on_message(uint32_t node, const unsigned char *msg, int len)
{
	(void)node;
	(void)msg;
	(void)len;
}

static void write_list(const char *name, const uint32_t *n, int count)
{
	int i;

	fprintf(logfile, " %s=", name);
	for (i = 0; i < count; i++)
		fprintf(logfile, "%s%u", i ? "," : "", n[i]);
}

static void on_configuration(const uint32_t *m, int nm, const uint32_t *l, int nl, const uint32_t *j, int nj)
{
	fprintf(logfile, "C %llu", (unsigned long long)now_ns());
	write_list("m", m, nm);
	write_list("l", l, nl);
	write_list("j", j, nj);
	fputc('\n', logfile);
}

static void on_event(uint32_t subscription, SaEvtEventHandleT event, size_t size)
{
	SaSizeT room = sizeof data;
	struct payload p;
	evt_error e;

	last_delivery = now_ns();
	if (size == 0 && evt_is_lost(event)) {
		lost++;
		fprintf(logfile, "L %u %llu\n", subscription, (unsigned long long)last_delivery);
		return;
	}
	e = saEvtEventDataGet(event, data, &room);
	if (e != EVT_OK || (size_t)room != size || !payload_read(data, (int)size, &p)) {
		violations++;
		say("VIOLATION damaged event of %lu bytes, error %d", (unsigned long)size, (int)e);
		return;
	}
	delivered++;
	fprintf(logfile, "D %u %u %llx %u %llu %llu\n", subscription, p.sender, (unsigned long long)p.incarnation, p.tag,
		(unsigned long long)p.counter, (unsigned long long)last_delivery);
}

/* What is to be published: priorities in turn, some retained. */
struct publisher {
	struct evt *t;
	uint32_t self;
	uint64_t counter[4];
	uint64_t rnd;
	unsigned retained_every;
	int64_t retention;
	/* the last retained event, which may be cleared */
	SaEvtEventIdT id;
	unsigned priority;
	uint64_t number;
};

static uint64_t draw(struct publisher *p)
{
	p->rnd = p->rnd * 6364136223846793005u + 1442695040888963407u;
	return p->rnd >> 33;
}

/* publish publishes one event; 0: there was no room. */
static int publish(struct publisher *p, size_t size)
{
	static unsigned char buf[65536];
	unsigned priority = (unsigned)(draw(p) % 4);
	int retained = size < BURST_SIZE && p->retained_every > 0 && draw(p) % p->retained_every == 0;
	int64_t retention = retained ? p->retention : 0;
	uint64_t before = now_ns();
	SaEvtEventIdT id = 0;
	evt_error e;

	payload_make(buf, size, p->self, incarnation, p->counter[priority] + 1, priority);
	check("attributes", evt_attributes(p->t, "trial.event", priority, retention));
	e = saEvtEventPublish(p->t->event, buf, size, &id);
	if (e == EVT_AGAIN)
		return 0;
	check("publish", e);
	p->counter[priority]++;
	published++;
	fprintf(logfile, "P %u %llu %lld %llu %llu\n", priority, (unsigned long long)p->counter[priority], (long long)retention,
		(unsigned long long)before, (unsigned long long)now_ns());
	if (retained) {
		p->id = id;
		p->priority = priority;
		p->number = p->counter[priority];
	}
	return 1;
}

/* clear_one ends the retention of the last retained event. */
static void clear_one(struct publisher *p)
{
	evt_error e = saEvtEventRetentionTimeClear(p->t->channel, p->id);

	if (e == EVT_OK) {
		cleared++;
		fprintf(logfile, "X %u %llu %llu\n", p->priority, (unsigned long long)p->number, (unsigned long long)now_ns());
		p->id = 0;
	} else if (e != EVT_AGAIN) {
#ifdef GENERATION_A
		check("clear", e == SA_ERR_NOT_EXIST ? EVT_OK : e);
#else
		check("clear", e == SA_AIS_ERR_NOT_EXIST ? EVT_OK : e);
#endif
		p->id = 0;
	}
}

/* turn_over ends the subscription that comes and goes, and makes the next. */
static uint32_t turn_over(struct evt *t, uint32_t id)
{
	evt_error e;

	if (id > 1) {
		fprintf(logfile, "U %u %llu\n", id, (unsigned long long)now_ns());
		while ((e = saEvtEventUnsubscribe(t->channel, id)) == EVT_AGAIN)
			usleep(1000);
		check("unsubscribe", e);
	}
	id++;
	check("subscribe", evt_subscribe(t, "trial", id));
	fprintf(logfile, "S %u %llu\n", id, (unsigned long long)now_ns());
	return id;
}

int main(int argc, char **argv)
{
	struct publisher p;
	struct pollfd pfd[2];
	struct sigaction sa;
	struct evs_group g;
	struct evt t;
	evs_handle_t evs;
	evs_error_t ve;
	const char *path = NULL, *channel = "trial";
	double rate = 100;
	uint64_t next, next_turn, quiet_said = 0;
	uint32_t late = 1;
	int opt;

	memset(&p, 0, sizeof p);
	while ((opt = getopt(argc, argv, "c:i:o:r:R:T:")) != -1)
		switch (opt) {
		case 'c': channel = optarg; break;
		case 'i': p.self = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'o': path = optarg; break;
		case 'r': rate = atof(optarg); break;
		case 'R': p.retained_every = (unsigned)atoi(optarg); break;
		case 'T': p.retention = atoll(optarg) * 1000000; break;
		default: return 64;
		}
	if (!path || !p.self || rate <= 0 || !(logfile = fopen(path, "w")))
		return 64;
	setvbuf(logfile, NULL, _IOFBF, 1 << 18);
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	payload_setup();
	p.t = &t;
	p.rnd = incarnation = payload_incarnation();

	while ((ve = any_initialize(&evs)) == EVS_ERR_TRY_AGAIN && !finish)
		usleep(2000);
	any_group(&g, "trial");
	while (ve == EVS_OK && (ve = any_join(evs, &g, 1)) == EVS_ERR_TRY_AGAIN && !finish)
		usleep(2000);
	if (ve != EVS_OK || any_fd(evs, &pfd[1].fd) != EVS_OK)
		die("evs", (int)ve, ve == EVS_ERR_LIBRARY);
	check("open", evt_open(&t, channel));
	check("subscribe", evt_subscribe(&t, "trial", 1));
	fprintf(logfile, "S 1 %llu\n", (unsigned long long)now_ns());
	pfd[0].fd = t.fd;
	pfd[0].events = pfd[1].events = POLLIN;
	say("ready %llx", (unsigned long long)incarnation);
	next = next_turn = now_ns();
	while (!finish) {
		uint64_t now = now_ns();
		int wait = 50;

		while (!stop_publishing && now >= next) {
			if (!publish(&p, PAYLOAD_MIN + draw(&p) % 900))
				break;
			next += (uint64_t)(1e9 / rate);
			if (next + 200000000u < now)
				next = now; /* far behind: do not flood to catch up */
			if (p.id && draw(&p) % (4 * p.retained_every) == 0)
				clear_one(&p);
		}
		while (burst > 0 && publish(&p, BURST_SIZE) && --burst % 50 != 0)
			;
		if (!stop_publishing)
			wait = next > now ? (int)((next - now) / 1000000) : 1;
		if (burst > 0)
			wait = 0;
		pfd[0].revents = pfd[1].revents = 0;
		if (poll(pfd, 2, wait) < 0 && errno != EINTR)
			return 66;
		if (pfd[1].revents) {
			ve = any_dispatch(evs, EVS_DISPATCH_ALL);
			if (ve != EVS_OK && ve != EVS_ERR_TRY_AGAIN)
				die("evs dispatch", (int)ve, 1);
		}
		/* Nothing waits: what a subscription was to get it has got. */
		if (!pfd[0].revents && now >= next_turn && !stop_publishing) {
			late = turn_over(&t, late);
			next_turn = now + 1500000000u;
		}
		if (pfd[0].revents) {
			evt_error e = saEvtDispatch(t.handle, SA_DISPATCH_ALL);

			if (e != EVT_AGAIN)
				check("dispatch", e);
		}
		if (stop_publishing && quiet_said != delivered + 1 && now_ns() - last_delivery > 700000000u) {
			fflush(logfile);
			say("quiet delivered=%llu", (unsigned long long)delivered);
			quiet_said = delivered + 1;
		}
	}
	fclose(logfile);
	saEvtFinalize(t.handle);
	any_finalize(evs);
	say("end published=%llu cleared=%llu delivered=%llu lost=%llu", (unsigned long long)published, (unsigned long long)cleared,
	    (unsigned long long)delivered, (unsigned long long)lost);
	return violations ? 2 : 0;
}
