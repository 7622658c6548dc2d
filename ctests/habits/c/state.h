/*
 * state.h: everything of a process that a call of a library might change, taken
 * before and after one.
 */
#ifndef HABITS_STATE_H
#define HABITS_STATE_H

#include <pthread.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "test.h"

extern char **environ;

struct state {
	unsigned char dispositions[64][32];
	uint64_t mask, pending; /* of the calling thread */
	stack_t alternate;
	struct rlimit limits[RLIM_NLIMITS];
	mode_t umask;
	int cancel_state, cancel_type;
	char directory[1024];
	size_t environment_size;
	char environment[1 << 15];
};

__attribute__((unused)) static void take_state(struct state *s)
{
	char **e;
	int i;

	memset(s, 0, offsetof(struct state, environment));
	for (i = 1; i <= 64; i++)
		syscall(SYS_rt_sigaction, i, NULL, s->dispositions[i - 1], 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &s->mask, 8);
	syscall(SYS_rt_sigpending, &s->pending, 8);
	sigaltstack(NULL, &s->alternate);
	for (i = 0; i < (int)RLIM_NLIMITS; i++)
		getrlimit((__rlimit_resource_t)i, &s->limits[i]);
	s->umask = umask(0);
	umask(s->umask);
	CHECK(getcwd(s->directory, sizeof(s->directory)) != NULL);
	for (e = environ; *e != NULL; e++) {
		size_t n = strlen(*e) + 1;

		CHECK(s->environment_size + n < sizeof(s->environment));
		memcpy(s->environment + s->environment_size, *e, n);
		s->environment_size += n;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &s->cancel_state);
	pthread_setcancelstate(s->cancel_state, NULL);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &s->cancel_type);
	pthread_setcanceltype(s->cancel_type, NULL);
}

__attribute__((unused)) static void changed(const char *call, const char *what, int number)
{
	fprintf(stderr, "%s changed the process: %s %d\n", call, what, number);
	_exit(1);
}

/* Ends the program when something differs. */
__attribute__((unused)) static void compare_states(const char *call, const struct state *a, const struct state *b)
{
	int i;

	for (i = 0; i < 64; i++)
		if (memcmp(a->dispositions[i], b->dispositions[i], 32) != 0)
			changed(call, "disposition of signal", i + 1);
	for (i = 0; i < (int)RLIM_NLIMITS; i++)
		if (memcmp(&a->limits[i], &b->limits[i], sizeof(a->limits[i])) != 0)
			changed(call, "limit", i);
	for (i = 0; i < 64; i++) {
		if (((a->mask ^ b->mask) >> i & 1) != 0)
			changed(call, "mask of signal", i + 1);
		if (((a->pending ^ b->pending) >> i & 1) != 0)
			changed(call, "pending signal", i + 1);
	}
	/* One that is switched off has no place. */
	if ((a->alternate.ss_flags & b->alternate.ss_flags & SS_DISABLE) == 0 &&
		(a->alternate.ss_sp != b->alternate.ss_sp || a->alternate.ss_size != b->alternate.ss_size ||
		a->alternate.ss_flags != b->alternate.ss_flags))
		changed(call, "alternate stack, now of size", (int)b->alternate.ss_size);
	if (a->umask != b->umask)
		changed(call, "umask", (int)b->umask);
	if (a->cancel_state != b->cancel_state || a->cancel_type != b->cancel_type)
		changed(call, "cancellation", b->cancel_state);
	if (strcmp(a->directory, b->directory) != 0)
		changed(call, "working directory", 0);
	if (a->environment_size != b->environment_size || memcmp(a->environment, b->environment, a->environment_size) != 0)
		changed(call, "environment", 0);
}

#endif
