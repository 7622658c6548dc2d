/*
 * A member of one EVS group that writes down everything it is told, in order,
 * and sends at a given rate. Two members that moved through the same
 * configurations together write the same lines.
 *
 * The log file has one line per event:
 *   M sender incarnation counter length crc
 *   C m=a,b,c l=d j=e
 * Standard output has, at once, one line per thing the harness waits for:
 *   ready / C ns number m= l= j= / quiet ... / dead ns error / end ...
 *
 * -w: SIGUSR2 starts the sending. SIGUSR1: stop sending, and say "quiet" when everything accepted has come back
 * and nothing more arrives. SIGTERM: write the log out and end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "evs_any.h"
#include "payload.h"

#define MAX_SIZE (1 << 20)

static volatile sig_atomic_t start_sending = 1, stop_sending, finish;

static uint32_t self;
static uint64_t incarnation, accepted, returned, refused, deliveries, configurations;
static uint64_t last_delivery;
static FILE *logfile;
static int violations;

static void on_signal(int sig)
{
	if (sig == SIGUSR1)
		stop_sending = 1;
	else if (sig == SIGUSR2)
		start_sending = 1;
	else
		finish = 1;
}

/* say writes one line at once, in one write. */
static void say(const char *format, ...)
{
	static char line[8192];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof line - 1, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	if (write(1, line, (size_t)n) != n)
		finish = 1;
}

static void violation(const char *what, uint32_t node, const struct payload *p)
{
	violations++;
	say("VIOLATION %s: from node %08x: sender %08x incarnation %llx counter %llu, own counter %llu",
	    what, node, p->sender, (unsigned long long)p->incarnation,
	    (unsigned long long)p->counter, (unsigned long long)returned);
}

static void on_message(uint32_t node, const unsigned char *msg, int len)
{
	struct payload p;

	deliveries++;
	last_delivery = now_ns();
	memset(&p, 0, sizeof p);
	if (!payload_read(msg, len, &p)) {
		violation("damaged message", node, &p);
		return;
	}
	if (p.sender != node)
		violation("sender is not the node it came from", node, &p);
	if (p.sender == self && p.incarnation == incarnation && p.counter != ++returned)
		violation("own messages out of order", node, &p);
	fprintf(logfile, "M %08x %llx %llu %u %08x\n", p.sender, (unsigned long long)p.incarnation,
		(unsigned long long)p.counter, p.len, p.crc);
}

static char *list(char *to, const char *name, const uint32_t *n, int count)
{
	int i;

	to += sprintf(to, "%s=", name);
	for (i = 0; i < count && i < MAX_NODES; i++)
		to += sprintf(to, "%s%u.%u.%u.%u", i ? "," : "", n[i] >> 24, (n[i] >> 16) & 255,
			      (n[i] >> 8) & 255, n[i] & 255);
	return to;
}

static void on_configuration(const uint32_t *m, int nm, const uint32_t *l, int nl,
			     const uint32_t *j, int nj)
{
	static char text[3 * MAX_NODES * 16 + 64];
	uint64_t at = now_ns();
	char *p = text;

	p = list(p, "m", m, nm);
	*p++ = ' ';
	p = list(p, "l", l, nl);
	*p++ = ' ';
	p = list(p, "j", j, nj);
	*p = 0;
	fprintf(logfile, "C %s\n", text);
	say("C %llu %llu %s", (unsigned long long)at, (unsigned long long)++configurations, text);
	last_delivery = at;
}

static evs_guarantee_t guarantee_of(const char *name, uint64_t counter)
{
	static const evs_guarantee_t mixed[] = {EVS_TYPE_AGREED, EVS_TYPE_SAFE, EVS_TYPE_FIFO};

	if (!strcmp(name, "safe"))
		return EVS_TYPE_SAFE;
	if (!strcmp(name, "fifo"))
		return EVS_TYPE_FIFO;
	if (!strcmp(name, "mixed"))
		return mixed[counter % 3];
	return EVS_TYPE_AGREED;
}

static void die(const char *what, evs_error_t e)
{
	say("dead %llu %s %d", (unsigned long long)now_ns(), what, (int)e);
	fclose(logfile);
	exit(e == EVS_ERR_LIBRARY ? 3 : 4);
}

int main(int argc, char **argv)
{
	const char *group = "order", *path = NULL, *guarantee = "mixed";
	double rate = 0;
	unsigned size_min = 64, size_max = 512;
	unsigned char *buf = malloc(MAX_SIZE);
	struct sigaction sa;
	struct evs_group g;
	struct pollfd pfd;
	struct iovec iov;
	evs_handle_t h;
	evs_error_t e;
	uint64_t next = 0, period = 0, rnd, quiet_said = 0, quiet_ns = 500000000u;
	size_t len = 0;
	int opt;

	while ((opt = getopt(argc, argv, "g:i:o:q:Q:r:wz:")) != -1) {
		switch (opt) {
		case 'g': group = optarg; break;
		case 'i': self = (uint32_t)strtoul(optarg, NULL, 0); break;
		case 'o': path = optarg; break;
		case 'q': guarantee = optarg; break;
		case 'Q': quiet_ns = strtoull(optarg, NULL, 0) * 1000000u; break;
		case 'w': start_sending = 0; break;
		case 'r': rate = atof(optarg); break;
		case 'z':
			if (sscanf(optarg, "%u:%u", &size_min, &size_max) != 2)
				return 64;
			break;
		default: return 64;
		}
	}
	if (!path || !self || !buf || size_min < PAYLOAD_MIN || size_max < size_min || size_max > MAX_SIZE) {
		fprintf(stderr, "usage: evs_log -i node -o log [-g group] [-q guarantee] [-r rate] [-z min:max] [-Q quiet ms] [-w]\n");
		return 64;
	}
	logfile = fopen(path, "w");
	if (!logfile) {
		perror(path);
		return 65;
	}
	setvbuf(logfile, NULL, _IOFBF, 1 << 20);
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGUSR1, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	payload_setup();
	incarnation = payload_incarnation();
	rnd = incarnation;
	if (rate > 0)
		period = (uint64_t)(1e9 / rate);

	while ((e = any_initialize(&h)) == EVS_ERR_TRY_AGAIN && !finish)
		usleep(2000);
	if (e != EVS_OK)
		die("initialize", e);
	any_group(&g, group);
	while ((e = any_join(h, &g, 1)) == EVS_ERR_TRY_AGAIN && !finish)
		usleep(2000);
	if (e != EVS_OK)
		die("join", e);
	if ((e = any_fd(h, &pfd.fd)) != EVS_OK)
		die("fd_get", e);
	pfd.events = POLLIN;
	say("ready %llx", (unsigned long long)incarnation);
	next = now_ns();
	while (!finish) {
		uint64_t now = now_ns();
		int wait = 200, busy = 0;

		/* No sending before the first configuration: it opens the log. */
		if (rate != 0 && start_sending && !stop_sending && configurations > 0) {
			int burst = 0;

			while (burst < 64 && (rate < 0 || now >= next)) {
				if (!len) {
					rnd = rnd * 6364136223846793005u + 1442695040888963407u;
					len = size_min + (size_t)(rnd >> 33) % (size_max - size_min + 1);
					payload_make(buf, len, self, incarnation, accepted + 1, 0);
				}
				iov.iov_base = buf;
				iov.iov_len = len;
				e = any_mcast(h, guarantee_of(guarantee, accepted + 1), PRIO_MEDIUM, &iov, 1);
				if (e == EVS_ERR_TRY_AGAIN) {
					refused++;
					busy = 1;
					break;
				}
				if (e != EVS_OK)
					die("mcast", e);
				accepted++;
				len = 0;
				burst++;
				next += period;
				if (rate > 0 && next + 1000000000u < now)
					next = now; /* far behind: do not flood to catch up */
			}
			wait = busy ? 1 : 0;
			if (!busy && rate > 0) {
				now = now_ns();
				wait = next > now ? (int)((next - now + 999999) / 1000000) : 0;
			}
		}
		pfd.revents = 0;
		if (poll(&pfd, 1, wait) < 0 && errno != EINTR) {
			perror("poll");
			return 66;
		}
		if (pfd.revents) {
			e = any_dispatch(h, EVS_DISPATCH_ALL);
			if (e != EVS_OK && e != EVS_ERR_TRY_AGAIN)
				die("dispatch", e);
		}
		if (stop_sending && returned == accepted && quiet_said != deliveries + 1 &&
		    now_ns() - last_delivery > quiet_ns) {
			fflush(logfile);
			say("quiet sent=%llu delivered=%llu", (unsigned long long)accepted,
			    (unsigned long long)deliveries);
			quiet_said = deliveries + 1;
		}
	}
	fclose(logfile);
	any_finalize(h);
	say("end sent=%llu returned=%llu refused=%llu delivered=%llu configurations=%llu",
	    (unsigned long long)accepted, (unsigned long long)returned, (unsigned long long)refused,
	    (unsigned long long)deliveries, (unsigned long long)configurations);
	free(buf);
	return violations ? 2 : 0;
}
