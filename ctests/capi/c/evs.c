/*
 * evs.c: tests of evs.h against the executive of the tests, compiled once for
 * each generation (EVS_OF_2004 with the headers of A.01.01).
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>

#include <evs.h>

#include "test.h"

#ifdef EVS_OF_2004
#define H(h) (&(h))
#define PRIO EVS_PRIO_HIGH,
typedef struct in_addr address;
#define IS_NODE(a, n) ((a).s_addr == htonl(0x7f000000 + (n)))
#define IS_IPV6_NODE(a, n) ((a).s_addr == (n))
#else
#define H(h) (h)
#define PRIO
typedef unsigned int address;
#define IS_NODE(a, n) ((a) == (n))
#define IS_IPV6_NODE(a, n) ((a) == (n))
#endif

static int delivered, configurations;
static int expect_length = -1;

static void on_deliver(address from, void *msg, int length)
{
	unsigned char *p = msg;
	int i;

	CHECK(IS_NODE(from, 1));
	if (expect_length >= 0)
		CHECK_IS(length, expect_length);
	for (i = 0; i < length; i++)
		CHECK(p[i] == (unsigned char)(i % 251));
	memset(msg, 0, (size_t)length); /* it is ours until we return */
	delivered++;
}

static void on_confchg(address *member, int members, address *left, int lefts, address *joined, int joineds)
{
	CHECK_IS(members, 3);
	CHECK(IS_NODE(member[0], 1) && IS_NODE(member[1], 2) && IS_IPV6_NODE(member[2], 3));
	CHECK_IS(lefts, 1);
	CHECK(IS_NODE(left[0], 9));
	CHECK_IS(joineds, 2);
	CHECK(IS_NODE(joined[0], 2) && IS_IPV6_NODE(joined[1], 3));
	configurations++;
}

static evs_handle_t start(void)
{
	evs_callbacks_t k = {on_deliver, on_confchg};
	evs_handle_t h;

	CHECK_IS(evs_initialize(&h, &k), EVS_OK);
	CHECK(h != 0);
	return h;
}

static struct evs_group group(const char *name)
{
	struct evs_group g;

	memset(&g, 0, sizeof(g));
	strncpy(g.key, name, sizeof(g.key) - 1);
	return g;
}

static int readable(evs_handle_t h, int ms)
{
	struct pollfd p;

	CHECK_IS(evs_fd_get(H(h), &p.fd), EVS_OK);
	p.events = POLLIN;
	return poll(&p, 1, ms) > 0;
}

static unsigned char data[2 << 20];

static void fill(void)
{
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i % 251);
}

static void multicast(void)
{
	static const int sizes[] = {0, 1, 100, 4096, 65536, 1 << 20};
	evs_handle_t h = start();
	struct evs_group g = group("mine"), other = group("other");
	struct iovec v[2];
	unsigned i;

	fill();
	CHECK_IS(evs_join(H(h), &g, 1), EVS_OK);
	CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK); /* waits */
	CHECK_IS(configurations, 1);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		expect_length = sizes[i];
		v[0].iov_base = data;
		v[0].iov_len = (size_t)sizes[i] / 3;
		v[1].iov_base = data + sizes[i] / 3;
		v[1].iov_len = (size_t)sizes[i] - v[0].iov_len;
		delivered = 0;
		CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO v, 2), EVS_OK);
		CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_SAFE, PRIO &other, 1, v, 2), EVS_OK);
		CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_FIFO, PRIO &g, 1, v, 2), EVS_OK);
		CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
		CHECK_IS(delivered, 1);
		CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
		CHECK_IS(delivered, 2);
		CHECK(!readable(h, 0));
		CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
	}
	CHECK_IS(evs_leave(H(h), &g, 1), EVS_OK);
	CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_AGREED, PRIO &g, 1, v, 2), EVS_OK);
	CHECK(!readable(h, 20));
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
}

static void many_parts(void)
{
	enum { N = 1000 };
	static struct iovec v[1025];
	evs_handle_t h = start();
	struct evs_group g = group("mine");
	int i;

	fill();
	for (i = 0; i < N; i++) {
		v[i].iov_base = data + i * 7;
		v[i].iov_len = 7;
	}
	CHECK_IS(evs_join(H(h), &g, 1), EVS_OK);
	CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
	expect_length = N * 7;
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO v, N), EVS_OK);
	CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
	CHECK_IS(delivered, 1);
	expect_length = 0;
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO NULL, 0), EVS_OK);
	CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ONE), EVS_OK);
	CHECK_IS(delivered, 2);
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
}

static void arguments(void)
{
	static struct iovec many[1025];
	static struct evs_group groups[51];
	evs_handle_t h = start(), none = 0, old = start();
	struct iovec v = {data, 10}, bad = {NULL, 10}, huge = {data, (size_t)-1 / 2};
	struct evs_group g = group("g");
	int fd;

	CHECK_IS(evs_initialize(NULL, NULL), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_fd_get(H(h), NULL), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_dispatch(H(h), 3), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_dispatch(H(h), (evs_dispatch_t)-1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_join(H(h), NULL, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_join(H(h), &g, 0), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_join(H(h), &g, -1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_join(H(h), groups, 51), EVS_ERR_TOO_MANY_GROUPS);
	CHECK_IS(evs_join(H(h), groups, 50), EVS_OK);
	CHECK_IS(evs_leave(H(h), groups, 51), EVS_ERR_TOO_MANY_GROUPS);
	CHECK_IS(evs_mcast_joined(H(h), 4, PRIO &v, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO NULL, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO &v, -1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO &bad, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO &huge, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO many, 1025), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_AGREED, PRIO NULL, 1, &v, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_AGREED, PRIO &g, 0, &v, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_mcast_groups(H(h), EVS_TYPE_AGREED, PRIO groups, 51, &v, 1), EVS_ERR_TOO_MANY_GROUPS);
#ifdef EVS_OF_2004
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, 4, &v, 1), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_fd_get(NULL, &fd), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_finalize(NULL), EVS_ERR_BAD_HANDLE);
#endif
	CHECK_IS(evs_finalize(H(old)), EVS_OK);
	CHECK_IS(evs_finalize(H(old)), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_fd_get(H(none), &fd), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_dispatch(H(old), EVS_DISPATCH_ONE), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_join(H(old), &g, 1), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_leave(H(old), &g, 1), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_mcast_joined(H(old), EVS_TYPE_AGREED, PRIO &v, 1), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_mcast_groups(H(old), EVS_TYPE_AGREED, PRIO &g, 1, &v, 1), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
}

/* The numbers of the executive, as EVS numbers them. */
static void errors(void)
{
	static const struct {
		const char *group;
		evs_error_t want;
	} rows[] = {
		{"E2", EVS_ERR_LIBRARY}, {"E6", EVS_ERR_TRY_AGAIN}, {"E8", EVS_ERR_NO_MEMORY}, {"E11", EVS_ERR_ACCESS},
		{"E12", EVS_ERR_NOT_EXIST}, {"E14", EVS_ERR_EXIST}, {"E18", EVS_ERR_NO_MEMORY},
		{"E19", EVS_ERR_NOT_SUPPORTED}, {"E25", EVS_ERR_INVALID_PARAM}, {"E26", EVS_ERR_INVALID_PARAM},
		{"E29", EVS_ERR_SECURITY}, {"E1030", EVS_ERR_TOO_MANY_GROUPS}, {"E28", EVS_ERR_LIBRARY},
		{"E4000000000", EVS_ERR_LIBRARY},
	};
	evs_handle_t h = start();
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct evs_group g = group(rows[i].group);

		CHECK_IS(evs_join(H(h), &g, 1), rows[i].want);
	}
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
}

static evs_handle_t shared;

static void *one(void *arg)
{
	(void)arg;
	return (void *)(size_t)evs_dispatch(H(shared), EVS_DISPATCH_ONE);
}

/* ONE waits for one callback; finalize ends the wait. */
static void one_blocks(void)
{
	struct evs_group g = group("mine");
	pthread_t t;
	void *r;

	shared = start();
	CHECK_IS(pthread_create(&t, NULL, one, NULL), 0);
	CHECK_IS(evs_join(H(shared), &g, 1), EVS_OK);
	CHECK_IS(pthread_join(t, &r), 0);
	CHECK_IS((size_t)r, EVS_OK);
	CHECK_IS(configurations, 1);
	CHECK_IS(pthread_create(&t, NULL, one, NULL), 0);
	CHECK(usleep(100000) == 0);
	CHECK_IS(evs_finalize(H(shared)), EVS_OK);
	CHECK_IS(pthread_join(t, &r), 0);
	CHECK((size_t)r == EVS_OK || (size_t)r == EVS_ERR_BAD_HANDLE);
}

static void membership(void)
{
#ifndef EVS_OF_2004
	evs_handle_t h = start();
	unsigned int local = 0, list[3] = {0, 0, 0}, n = 2;

	CHECK_IS(evs_membership_get(h, &local, list, &n), EVS_OK);
	CHECK(local == 1 && n == 3 && list[0] == 1 && list[1] == 2 && list[2] == 0);
	CHECK_IS(evs_membership_get(h, &local, list, &n), EVS_OK);
	CHECK(n == 3 && list[2] == 3);
	CHECK_IS(evs_membership_get(h, NULL, NULL, &n), EVS_OK);
	CHECK_IS(evs_membership_get(h, NULL, NULL, NULL), EVS_OK);
	CHECK_IS(evs_membership_get(h, NULL, list, NULL), EVS_ERR_INVALID_PARAM);
	CHECK_IS(evs_finalize(h), EVS_OK);
	CHECK_IS(evs_membership_get(h, &local, list, &n), EVS_ERR_BAD_HANDLE);
#endif
}

static void no_callbacks(void)
{
	evs_callbacks_t none = {NULL, NULL};
	struct evs_group g = group("mine");
	struct iovec v = {data, 10};
	evs_handle_t h;
	double end = seconds() + 5;

	CHECK_IS(evs_initialize(&h, &none), EVS_OK);
	CHECK_IS(evs_join(H(h), &g, 1), EVS_OK);
	CHECK_IS(evs_mcast_joined(H(h), EVS_TYPE_AGREED, PRIO &v, 1), EVS_OK);
	CHECK(readable(h, 1000));
	while (readable(h, 50)) {
		CHECK_IS(evs_dispatch(H(h), EVS_DISPATCH_ALL), EVS_OK);
		CHECK(seconds() < end);
	}
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
	CHECK_IS(evs_initialize(&h, NULL), EVS_OK);
	CHECK_IS(evs_finalize(H(h)), EVS_OK);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"multicast", multicast, 0}, {"many_parts", many_parts, 0}, {"arguments", arguments, 0}, {"errors", errors, 0},
		{"one_blocks", one_blocks, 0}, {"membership", membership, 0}, {"no_callbacks", no_callbacks, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
