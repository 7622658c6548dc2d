/*
 * costs.c: what the library costs a program: loading it, the first Initialize, and
 * a call beside the same request spoken by hand on a socket of its own, which is
 * the IPC itself: send, poll, recv. Prints one line "name value" for each.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <saClm.h>

enum { CALLS = 20000, WARM_UP = 1000, BATCHES = 20, NODE = 0x7f000001 };

static void check(int ok, int line, const char *what)
{
	if (!ok) {
		fprintf(stderr, "costs.c:%d: %s (%s)\n", line, what, strerror(errno));
		exit(1);
	}
}

#define CHECK(cond) check((cond) != 0, __LINE__, #cond)

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

static void put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
}

static void frame(unsigned char *p, uint32_t size, unsigned op, uint32_t seq)
{
	memset(p, 0, 16);
	put32(p, size);
	p[4] = (unsigned char)op;
	p[5] = (unsigned char)(op >> 8);
	put32(p + 8, seq);
}

static unsigned char answer[4096];

/* A connection by hand: hello, welcome. */
static int by_hand(void)
{
	const char *name = getenv("AIS_SOCKET");
	struct sockaddr_un a;
	unsigned char hello[20], control[64];
	struct msghdr m;
	struct iovec v;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	CHECK(name != NULL && name[0] == '@' && strlen(name) < sizeof(a.sun_path));
	strcpy(a.sun_path + 1, name + 1);
	CHECK(connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) == 0);
	frame(hello, sizeof(hello), 0xFF01, 1);
	hello[16] = 1; /* protocol */
	hello[17] = 0;
	hello[18] = 1; /* CLM */
	hello[19] = 'B';
	CHECK(send(fd, hello, sizeof(hello), 0) == (ssize_t)sizeof(hello));
	memset(&m, 0, sizeof(m));
	v.iov_base = answer;
	v.iov_len = sizeof(answer);
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	m.msg_control = control; /* the selection object, which has to stay open */
	m.msg_controllen = sizeof(control);
	CHECK(recvmsg(fd, &m, 0) > 16);
	CHECK(answer[12] == 1);
	return fd;
}

static void call_by_hand(int fd)
{
	static uint32_t sequence = 1;
	unsigned char request[36];
	struct pollfd p;

	frame(request, sizeof(request), 0x103, ++sequence);
	put32(request + 16, NODE);
	memset(request + 20, 0, 8);
	memset(request + 28, 0x10, 8);
	CHECK(send(fd, request, sizeof(request), MSG_NOSIGNAL) == (ssize_t)sizeof(request));
	p.fd = fd;
	p.events = POLLIN;
	CHECK(poll(&p, 1, 5000) == 1);
	CHECK(recv(fd, answer, sizeof(answer), 0) > 16);
	CHECK(answer[12] == 1);
}

static void call(SaClmHandleT h)
{
	SaClmClusterNodeT n;

	CHECK(saClmClusterNodeGet(h, NODE, SA_TIME_ONE_HOUR, &n) == SA_AIS_OK);
}

static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = -2;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* Call after call in turn, so that both meet the same machine. */
static void measure_calls(SaClmHandleT h, int fd)
{
	static double library[CALLS], hand[CALLS];
	double work[BATCHES], nothing[BATCHES];
	int i, j;

	for (i = 0; i < WARM_UP; i++) {
		call(h);
		call_by_hand(fd);
	}
	for (i = 0; i < CALLS; i++) {
		double a = seconds(), b;

		call(h);
		b = seconds();
		library[i] = b - a;
		call_by_hand(fd);
		hand[i] = seconds() - b;
	}
	for (i = 0; i < BATCHES; i++) {
		enum { N = CALLS / BATCHES };
		double a = cpu(), b, c;

		for (j = 0; j < N; j++)
			call(h);
		b = cpu();
		for (j = 0; j < N; j++)
			call_by_hand(fd);
		c = cpu();
		work[i] = ((b - a) - (c - b)) / N;
		a = seconds();
		for (j = 0; j < N; j++)
			CHECK(saClmDispatch(h, SA_DISPATCH_ALL) == SA_AIS_OK);
		nothing[i] = (seconds() - a) / N;
	}
	printf("call_us %.3f\n", median(library, CALLS) * 1e6);
	printf("call_by_hand_us %.3f\n", median(hand, CALLS) * 1e6);
	printf("overhead_us %.3f\n", (library[CALLS / 2] - hand[CALLS / 2]) * 1e6);
	printf("overhead_cpu_us %.3f\n", median(work, BATCHES) * 1e6);
	printf("empty_dispatch_us %.3f\n", median(nothing, BATCHES) * 1e6);
}

int main(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT h;
	double t;

	t = seconds();
	CHECK(dlopen("libais.so.2", RTLD_NOW | RTLD_LOCAL) != NULL);
	printf("load_ms %.3f\n", (seconds() - t) * 1e3);
	printf("threads_before_initialize %d\n", threads() - 1);
	t = seconds();
	CHECK(saClmInitialize(&h, NULL, &v) == SA_AIS_OK);
	printf("first_initialize_ms %.3f\n", (seconds() - t) * 1e3);
	t = seconds();
	CHECK(saClmFinalize(h) == SA_AIS_OK);
	CHECK(saClmInitialize(&h, NULL, &v) == SA_AIS_OK);
	printf("next_initialize_ms %.3f\n", (seconds() - t) * 1e3);
	measure_calls(h, by_hand());
	return 0;
}
