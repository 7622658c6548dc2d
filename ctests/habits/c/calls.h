/*
 * calls.h: calls every function that a library exports of one service and one
 * generation, with the state of the process compared around each call. The
 * functions come from the generated list (gen/, made from capi/api.tsv); what is
 * in the list and not called, or never succeeds, fails.
 *
 * The program is compiled with EXPORTS, the list of one library, and linked with
 * that library. It includes the headers of its time before this file, and has
 * scenario(), which calls everything once.
 */
#ifndef HABITS_CALLS_H
#define HABITS_CALLS_H

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "state.h"

#define MEMBER(name, type, parameters) type (*name) parameters;
#define INDEX(name, type, parameters) I_##name,
#define NAME(name, type, parameters) #name,
#define DECLARE(member, identifier) extern __typeof__(*((struct functions *)0)->member) identifier;
#define LINK(member, identifier) fn.member = identifier;
#define EXPECT(member, identifier) exported[I_##member] = 1;

struct functions {
	FUNCTIONS(MEMBER)
};
enum { FUNCTIONS(INDEX) FUNCTION_COUNT };
static const char *const names[] = {FUNCTIONS(NAME)};
EXPORTS(DECLARE)

static struct functions fn;
static int exported[FUNCTION_COUNT], calls[FUNCTION_COUNT], successes[FUNCTION_COUNT];

static __thread struct state before, after;

enum { SUCCESS = 1, TRY_AGAIN = 6, INVALID_PARAM = 7, BAD_HANDLE = 9 };

/* For a function that may be refused, with whatever reason. */
enum { ANY = -1 };

static void check_call(int index, const char *file, int line, int got, int want)
{
	calls[index]++;
	if (got == SUCCESS)
		successes[index]++;
	if (got != want && want != ANY) {
		fprintf(stderr, "%s:%d: %s returned %d, not %d\n", file, line, names[index], got, want);
		_exit(1);
	}
}

/* Calls a function of the library, which may be named by a macro. TRY_AGAIN is
 * followed. */
#define CALL(want, ...) CALL_NAMED(want, __VA_ARGS__)
#define CALL_NAMED(want, name, ...) \
	do { \
		double limit_ = seconds() + 10; \
		int r_; \
		for (;;) { \
			take_state(&before); \
			errno = 4711; \
			r_ = (int)fn.name(__VA_ARGS__); \
			if (errno != 4711) \
				changed(#name, "errno", errno); \
			take_state(&after); \
			compare_states(#name, &before, &after); \
			if (r_ != TRY_AGAIN || (int)(want) == TRY_AGAIN || seconds() > limit_) \
				break; \
			usleep(10000); \
		} \
		check_call(I_##name, __FILE__, __LINE__, r_, (int)(want)); \
	} while (0)

/* Has the library the function? */
#define HAS(name) (fn.name != NULL)

/* Waits until a selection object is readable. */
__attribute__((unused)) static void await(int fd)
{
	struct pollfd p;

	p.fd = fd;
	p.events = POLLIN;
	CHECK_IS(poll(&p, 1, 10000), 1);
}

__attribute__((unused)) static int is_readable(int fd)
{
	struct pollfd p;

	p.fd = fd;
	p.events = POLLIN;
	return poll(&p, 1, 0);
}

/* Functions that can only refuse, in a ring of one that nobody administers. */
static const char *const only_refuse[];

static void scenario(void);

static void ignore_signal(int number)
{
	(void)number;
}

static void *nothing(void *arg)
{
	return arg;
}

static void *scenario_there(void *arg)
{
	scenario();
	return arg;
}

static void in_a_thread(void *(*f)(void *))
{
	pthread_t t;

	CHECK_IS(pthread_create(&t, NULL, f, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
}

/* Handlers, a mask, a pending signal, an alternate stack, limits and an
 * environment that are not the usual. */
static void make_unusual(void)
{
	static const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGPIPE, SIGURG, SIGTERM, SIGHUP, SIGPROF, 34, 64};
	struct rlimit l;
	struct sigaction a;
	sigset_t set;
	stack_t s;
	unsigned i;

	for (i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		memset(&a, 0, sizeof(a));
		a.sa_handler = i % 3 == 2 ? SIG_IGN : ignore_signal;
		a.sa_flags = i % 2 ? SA_RESTART : SA_NODEFER;
		sigaddset(&a.sa_mask, SIGUSR1);
		CHECK_IS(sigaction(handled[i], &a, NULL), 0);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_IS(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	raise(SIGUSR2); /* stays pending */
	memset(&s, 0, sizeof(s));
	s.ss_size = 64 << 10;
	s.ss_sp = malloc(s.ss_size);
	CHECK_IS(sigaltstack(&s, NULL), 0);
	CHECK_IS(getrlimit(RLIMIT_NOFILE, &l), 0);
	l.rlim_cur = 200;
	CHECK_IS(setrlimit(RLIMIT_NOFILE, &l), 0);
	CHECK_IS(getrlimit(RLIMIT_CORE, &l), 0);
	l.rlim_cur = 0;
	CHECK_IS(setrlimit(RLIMIT_CORE, &l), 0);
	umask(0123);
	CHECK_IS(setenv("GODEBUG", "asyncpreemptoff=0", 1), 0);
	CHECK_IS(chdir("/"), 0);
}

int main(int argc, char **argv)
{
	int i, j, failed = 0;

	EXPORTS(LINK)
	EXPORTS(EXPECT)
	/* The C library itself sets signal 33 up when the first thread starts. */
	in_a_thread(nothing);
	if (argc > 1 && strcmp(argv[1], "unusual") == 0)
		make_unusual();
	scenario();
	if (argc < 2 || strcmp(argv[1], "once") != 0) {
		in_a_thread(scenario_there);
		scenario();
	}
	for (i = 0; i < FUNCTION_COUNT; i++) {
		int refuses = 0;

		for (j = 0; only_refuse[j] != NULL; j++)
			refuses |= strcmp(only_refuse[j], names[i]) == 0;
		if (exported[i] && (calls[i] == 0 || (successes[i] == 0 && !refuses))) {
			fprintf(stderr, "%s was called %d times and succeeded %d times: it has no case in this program\n",
				names[i], calls[i], successes[i]);
			failed = 1;
		}
	}
	return failed;
}

#endif
