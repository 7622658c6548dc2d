/*
 * test.h: what the test programs of the C boundary share: a check that says
 * where it failed, a list of tests by name, time.
 */
#ifndef CAPI_TEST_H
#define CAPI_TEST_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(cond) \
	do { \
		if (!(cond)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			_exit(1); \
		} \
	} while (0)

#define CHECK_IS(got, want) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		if (got_ != want_) { \
			fprintf(stderr, "%s:%d: %s is %lld, not %s (%lld)\n", __FILE__, __LINE__, #got, got_, #want, want_); \
			_exit(1); \
		} \
	} while (0)

struct test {
	const char *name;
	void (*run)(void);
	int alone; /* it does to its executive what others cannot live with */
};

__attribute__((unused)) static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One test in a child of its own, which has a minute. */
__attribute__((unused)) static int run_forked(const struct test *t)
{
	double limit = seconds() + 60;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		t->run();
		exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds() > limit) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		usleep(500);
	}
	if (status == 0)
		return 0;
	fprintf(stderr, "%s ended with status %#x\n", t->name, (unsigned)status);
	return 1;
}

/*
 * Without an argument: lists the tests that need an executive of their own; with
 * "list": all. With "all": runs those that need none of their own, each in a
 * child. With a name: runs that test.
 */
__attribute__((unused)) static int run_tests(int argc, char **argv, const struct test *tests)
{
	int failed = 0, found = 0;

	for (; tests->name != NULL; tests++) {
		if (argc < 2) {
			if (tests->alone)
				puts(tests->name);
		} else if (strcmp(argv[1], "list") == 0) {
			found = 1;
			puts(tests->name);
		} else if (strcmp(argv[1], "all") == 0) {
			found = 1;
			if (!tests->alone)
				failed += run_forked(tests);
		} else if (strcmp(argv[1], tests->name) == 0) {
			tests->run();
			return 0;
		}
	}
	return argc < 2 ? 0 : found ? failed != 0 : 2;
}

#endif
