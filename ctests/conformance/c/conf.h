/*
 * What the conformance programs share. A program implements rows of
 * ../errors.tsv by id:
 *
 *   program rows        the ids it implements
 *   program errors      the names and numbers of the header's error codes
 *   program run ID      one row; prints "RESULT number", and before that
 *                       "WRONG text" for everything else that was not right
 *
 * A row that needs the executive killed, stopped or continued prints KILL, STOP
 * or CONT and waits for a line on standard input.
 */
#ifndef CONF_H
#define CONF_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct row {
	const char *id;
	int (*run)(void);
};

struct error_name {
	const char *name;
	int number;
};

static void wrong(const char *format, ...)
{
	va_list ap;

	printf("WRONG ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
}

/* must stops the row: a step before the one under test did not work. */
#define must(call, want)                                                                 \
	do {                                                                             \
		int got_ = (int)(call);                                                  \
		if (got_ != (int)(want)) {                                               \
			wrong("%s line %d: %s gave %d", __FILE__, __LINE__, #call, got_); \
			return -1;                                                       \
		}                                                                        \
	} while (0)

#define check(condition)                                                                  \
	do {                                                                              \
		if (!(condition))                                                         \
			wrong("%s line %d: not true: %s", __FILE__, __LINE__, #condition); \
	} while (0)

static inline void ask(const char *what)
{
	char line[16];

	printf("%s\n", what);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin)) {
		wrong("nobody answered to %s", what);
		exit(70);
	}
}

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline int readable(int fd, int wait_ms)
{
	struct pollfd p;

	p.fd = fd;
	p.events = POLLIN;
	p.revents = 0;
	return poll(&p, 1, wait_ms) == 1;
}

/* A server that accepts one connection, perhaps writes something that is no
 * protocol, and closes it. */
static int garbage;

static inline void *rude_server(void *arg)
{
	static const char nonsense[64] = "HTTP/1.1 400 Bad Request";
	int fd = accept(*(int *)arg, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (garbage && write(fd, nonsense, sizeof nonsense) < 0)
		wrong("the server cannot write: %s", strerror(errno));
	if (garbage)
		sleep(1);
	close(fd);
	return NULL;
}

static inline int start_rude_server(int with_garbage)
{
	static int fd;
	struct sockaddr_un a;
	char name[64];
	pthread_t t;
	int n;

	garbage = with_garbage;
	n = snprintf(name, sizeof name, "@ais-rude-%d", (int)getpid());
	memset(&a, 0, sizeof a);
	a.sun_family = AF_UNIX;
	memcpy(a.sun_path + 1, name + 1, (size_t)n - 1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, (socklen_t)(sizeof a.sun_family + (size_t)n)) < 0 ||
	    listen(fd, 1) < 0 || setenv("AIS_SOCKET", name, 1) < 0)
		return -1;
	return pthread_create(&t, NULL, rude_server, &fd);
}

/* Less address space than the library's runtime needs. */
static inline void small_address_space(void)
{
	struct rlimit r;

	r.rlim_cur = r.rlim_max = 300u << 20;
	if (setrlimit(RLIMIT_AS, &r) < 0)
		wrong("setrlimit: %s", strerror(errno));
}

static inline int conf_main(int argc, char **argv, const struct row *rows, int nrows,
			    const struct error_name *errors, int nerrors)
{
	int i;

	if (argc == 2 && !strcmp(argv[1], "rows")) {
		for (i = 0; i < nrows; i++)
			printf("%s\n", rows[i].id);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "errors")) {
		for (i = 0; i < nerrors; i++)
			printf("%s %d\n", errors[i].name, errors[i].number);
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "run")) {
		for (i = 0; i < nrows; i++) {
			if (strcmp(rows[i].id, argv[2]))
				continue;
			printf("RESULT %d\n", rows[i].run());
			return 0;
		}
	}
	fprintf(stderr, "usage: %s rows | errors | run ID\n", argv[0]);
	return 64;
}

#endif
