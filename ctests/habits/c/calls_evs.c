/* calls_evs.c: every function of extended virtual synchrony, on a ring of one
 * node at 127.0.0.1. */
#include <netinet/in.h>
#include <sys/uio.h>

#include <evs.h>

#include LIST
#include "calls.h"

static const char *const only_refuse[] = {NULL};

static int delivered, configured;

#ifdef GEN_A01
#define H(handle) &(handle)
#define PRIORITY EVS_PRIO_MED,
#define NODE(n) ntohl((n).s_addr)
static void on_message(struct in_addr from, void *message, int size)
#else
#define H(handle) (handle)
#define PRIORITY
#define NODE(n) (n)
static void on_message(unsigned int from, void *message, int size)
#endif
{
	CHECK_IS(NODE(from), 0x7f000001);
	CHECK_IS(size, 11);
	CHECK(memcmp(message, "hello world", 11) == 0);
	delivered++;
}

#ifdef GEN_A01
static void on_configuration(struct in_addr *members, int member_count, struct in_addr *left, int left_count,
	struct in_addr *joined, int joined_count)
#else
static void on_configuration(unsigned int *members, int member_count, unsigned int *left, int left_count,
	unsigned int *joined, int joined_count)
#endif
{
	(void)left;
	CHECK_IS(member_count, 1);
	CHECK_IS(NODE(members[0]), 0x7f000001);
	CHECK_IS(left_count, 0);
	CHECK(joined_count <= 1);
	if (joined_count == 1)
		CHECK_IS(NODE(joined[0]), 0x7f000001);
	configured++;
}

static void until(evs_handle_t h, int fd, const int *counter)
{
	int at = *counter;

	while (*counter == at) {
		await(fd);
		CALL(SUCCESS, evs_dispatch, H(h), EVS_DISPATCH_ALL);
	}
}

static void scenario(void)
{
	evs_callbacks_t k = {on_message, on_configuration};
	struct evs_group groups[2];
	struct iovec parts[2];
	evs_handle_t h;
	int fd;

	delivered = configured = 0;
	memset(groups, 0, sizeof(groups));
	strcpy(groups[0].key, "calls one");
	strcpy(groups[1].key, "calls two");
	parts[0].iov_base = (char *)"hello ";
	parts[0].iov_len = 6;
	parts[1].iov_base = (char *)"world";
	parts[1].iov_len = 5;
	CALL(SUCCESS, evs_initialize, &h, &k);
	CALL(SUCCESS, evs_fd_get, H(h), &fd);
	CHECK_IS(is_readable(fd), 0);
	CALL(SUCCESS, evs_join, H(h), groups, 2);
	if (configured == 0)
		until(h, fd, &configured);
	CALL(SUCCESS, evs_mcast_joined, H(h), EVS_TYPE_AGREED, PRIORITY parts, 2);
	until(h, fd, &delivered);
	CALL(SUCCESS, evs_mcast_groups, H(h), EVS_TYPE_SAFE, PRIORITY &groups[1], 1, parts, 2);
	await(fd);
	CALL(SUCCESS, evs_dispatch, H(h), EVS_DISPATCH_ONE);
	CHECK_IS(delivered, 2);
	CHECK_IS(is_readable(fd), 0);
	CALL(SUCCESS, evs_dispatch, H(h), EVS_DISPATCH_ALL);
#ifdef GEN_B01
	{
		unsigned int local = 0, members[8], count = 8;

		CALL(SUCCESS, evs_membership_get, h, &local, members, &count);
		CHECK_IS(local, 0x7f000001);
		CHECK_IS(count, 1);
		CHECK_IS(members[0], 0x7f000001);
	}
#endif
	CALL(SUCCESS, evs_leave, H(h), groups, 2);
	CALL(SUCCESS, evs_finalize, H(h));
	CALL(BAD_HANDLE, evs_finalize, H(h));
}
