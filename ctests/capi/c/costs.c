/*
 * costs.c: what the library costs: loading it, the first Initialize, and a call
 * beside the same request spoken by hand on a socket of its own. Prints one line
 * "name value unit" for each.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <saClm.h>

#include "test.h"

enum { ROUNDS = 500, BATCHES = 11 };

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, BATCHES, sizeof(*v), compare);
	return v[BATCHES / 2];
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

static void transact(int fd, const unsigned char *request, size_t size)
{
	struct pollfd p;

	CHECK(send(fd, request, size, MSG_NOSIGNAL) == (ssize_t)size);
	p.fd = fd;
	p.events = POLLIN;
	if (recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0)
		return;
	CHECK_IS(poll(&p, 1, 5000), 1);
	CHECK(recv(fd, answer, sizeof(answer), 0) > 16);
}

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
	CHECK_IS(connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))), 0);
	frame(hello, sizeof(hello), 0xFF01, 1);
	hello[16] = 1; /* protocol */
	hello[17] = 0;
	hello[18] = 1; /* CLM */
	hello[19] = 'B';
	CHECK_IS(send(fd, hello, sizeof(hello), 0), (ssize_t)sizeof(hello));
	memset(&m, 0, sizeof(m));
	v.iov_base = answer;
	v.iov_len = sizeof(answer);
	m.msg_iov = &v;
	m.msg_iovlen = 1;
	m.msg_control = control; /* the selection object, which has to stay open */
	m.msg_controllen = sizeof(control);
	CHECK(recvmsg(fd, &m, 0) > 16);
	CHECK_IS(answer[12], 1);
	return fd;
}

static double cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double hand_round(int fd, uint32_t *seq)
{
	unsigned char request[36];
	double t = seconds();
	int i;

	for (i = 0; i < ROUNDS; i++) {
		frame(request, sizeof(request), 0x103, ++*seq);
		put32(request + 16, 1);
		memset(request + 20, 0, 8);
		memset(request + 28, 0x10, 8);
		transact(fd, request, sizeof(request));
		CHECK_IS(answer[12], 1);
	}
	return (seconds() - t) / ROUNDS;
}

static double library_round(SaClmHandleT h)
{
	SaClmClusterNodeT n;
	double t = seconds();
	int i;

	for (i = 0; i < ROUNDS; i++)
		CHECK_IS(saClmClusterNodeGet(h, 1, SA_TIME_ONE_HOUR, &n), SA_AIS_OK);
	return (seconds() - t) / ROUNDS;
}

static void costs(void)
{
	double library[BATCHES], hand[BATCHES], difference[BATCHES], nothing[BATCHES], work[BATCHES];
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT h;
	uint32_t seq = 1;
	double t;
	int fd, i, j;

	t = seconds();
	CHECK(dlopen("libais.so.2", RTLD_NOW | RTLD_LOCAL) != NULL);
	printf("load_ms %.3f\n", (seconds() - t) * 1e3);
	t = seconds();
	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_AIS_OK);
	printf("first_initialize_ms %.3f\n", (seconds() - t) * 1e3);
	t = seconds();
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_AIS_OK);
	printf("next_initialize_ms %.3f\n", (seconds() - t) * 1e3);
	fd = by_hand();
	library_round(h);
	hand_round(fd, &seq);
	for (i = 0; i < BATCHES; i++) {
		double c0 = cpu(), c1, c2;

		library[i] = library_round(h) * 1e6;
		c1 = cpu();
		hand[i] = hand_round(fd, &seq) * 1e6;
		c2 = cpu();
		work[i] = ((c1 - c0) - (c2 - c1)) / ROUNDS * 1e6;
		difference[i] = library[i] - hand[i];
		t = seconds();
		for (j = 0; j < ROUNDS; j++)
			CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
		nothing[i] = (seconds() - t) / ROUNDS * 1e6;
	}
	printf("call_us %.3f\n", median(library));
	printf("call_by_hand_us %.3f\n", median(hand));
	printf("overhead_us %.3f\n", median(difference));
	printf("overhead_cpu_us %.3f\n", median(work));
	printf("empty_dispatch_us %.3f\n", median(nothing));
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {{"costs", costs, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
