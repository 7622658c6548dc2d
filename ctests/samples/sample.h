/*
 * sample.h: what the sample programs share: a time stamp for every line they
 * print, a clean end on SIGTERM and SIGINT, and a short wait between attempts.
 * The line format is   NANOSECONDS WORDS...   with the machine's monotonic
 * clock, so that lines of several programs can be compared.
 *
 * Define _POSIX_C_SOURCE 200809L before the first include.
 */
#ifndef SAMPLE_H
#define SAMPLE_H

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t sample_stop;

static void sample_on_signal(int sig)
{
	(void)sig;
	sample_stop = 1;
}

/* No SA_RESTART: poll returns with EINTR and the loop sees sample_stop. */
static void sample_begin(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = sample_on_signal;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static void say(const char *format, ...)
{
	struct timespec t;
	va_list ap;

	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("%lld%09ld ", (long long)t.tv_sec, t.tv_nsec);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

/* Waits so many milliseconds; a signal ends it early. */
static void sample_pause(int ms)
{
	(void)poll(NULL, 0, ms);
}

#endif
