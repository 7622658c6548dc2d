/*
 * test.h: what the test programs of the C boundary share: a check that says
 * where it failed, a list of tests by name, time.
 */
#ifndef CAPI_TEST_H
#define CAPI_TEST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
};

__attribute__((unused)) static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Runs the test named by the first argument; without one lists them. */
__attribute__((unused)) static int run_tests(int argc, char **argv, const struct test *tests)
{
	for (; tests->name != NULL; tests++) {
		if (argc < 2)
			puts(tests->name);
		else if (strcmp(argv[1], tests->name) == 0) {
			tests->run();
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}

#endif
