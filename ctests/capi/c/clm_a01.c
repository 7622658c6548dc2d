/* clm_a01.c: tests of the CLM of A.01.01 against the executive of the tests. */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include <ais_clm.h>

#include "test.h"

enum {
	ORDER_DELAY = 0xFD000000,
	ORDER_CALLBACKS = 0xFD200000,
	ORDER_DIE = 0xFD300000
};

static const SaTimeT second = 1000000000;
static const SaTimeT for_ever = 0x7fffffffffffffffLL;
static int tracked, got;
static SaErrorT track_error = SA_OK;
static SaUint32T track_items;
static SaClmClusterNotificationT *expected;

static void on_track(SaClmClusterNotificationT *b, SaUint32T items, SaUint32T members, SaUint64T view, SaErrorT error)
{
	CHECK(b == expected);
	CHECK_IS(members, 3);
	CHECK_IS(view, 42);
	CHECK_IS(error, track_error);
	CHECK_IS(items, track_items);
	CHECK_IS(b[items - 1].clusterNode.nodeId, items);
	CHECK_IS(b[items - 1].clusterChanges, SA_CLM_NODE_NO_CHANGE);
	tracked++;
}

static SaInvocationT last_invocation;
static SaErrorT last_error;
static SaClmClusterNodeT *last_node;

static void on_node(SaInvocationT invocation, SaClmClusterNodeT *node, SaErrorT error)
{
	last_invocation = invocation;
	last_error = error;
	last_node = node;
	got++;
}

static SaClmHandleT start(void)
{
	SaVersionT v = {'A', 1, 1};
	SaClmCallbacksT k = {on_node, on_track};
	SaClmHandleT h;

	CHECK_IS(saClmInitialize(&h, &k, &v), SA_OK);
	CHECK(h > 0);
	return h;
}

static int readable(SaClmHandleT h, int ms)
{
	SaSelectionObjectT fd;
	struct pollfd p;

	CHECK_IS(saClmSelectionObjectGet(&h, &fd), SA_OK);
	p.fd = fd;
	p.events = POLLIN;
	return poll(&p, 1, ms) > 0;
}

static void versions(void)
{
	static const struct {
		SaVersionT in;
		SaErrorT out;
	} rows[] = {
		{{'A', 1, 1}, SA_OK}, {{'a', 1, 1}, SA_OK}, {{'A', 1, 0}, SA_ERR_VERSION},
		{{'A', 1, 2}, SA_ERR_VERSION}, {{'A', 0, 1}, SA_ERR_VERSION}, {{'B', 1, 1}, SA_ERR_VERSION},
	};
	SaClmHandleT h;
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SaVersionT v = rows[i].in;

		CHECK_IS(saClmInitialize(&h, NULL, &v), rows[i].out);
		CHECK(memcmp(&v, &rows[i].in, sizeof(v)) == 0);
		if (rows[i].out == SA_OK)
			CHECK_IS(saClmFinalize(&h), SA_OK);
	}
	CHECK_IS(saClmInitialize(&h, NULL, NULL), SA_ERR_VERSION);
	CHECK_IS(saClmInitialize(NULL, NULL, &rows[0].in), SA_ERR_INVALID_PARAM);
}

static void node_get(void)
{
	SaClmClusterNodeT n;
	double t = 1;
	int try, r = 0;

	/* Without any handle, before any Initialize. */
	memset(&n, 0xff, sizeof(n));
	CHECK_IS(saClmClusterNodeGet(SA_CLM_LOCAL_NODE_ID, second, &n), SA_OK);
	CHECK_IS(n.nodeId, 1);
	CHECK_IS(n.nodeAddress.length, 4);
	CHECK(memcmp(n.nodeAddress.value, "\177\0\0\1", 5) == 0);
	CHECK_IS(n.nodeName.length, 6);
	CHECK(memcmp(n.nodeName.value, "node-1", 7) == 0);
	CHECK_IS(n.clusterName.length, 4);
	CHECK(memcmp(n.clusterName.value, "fake", 5) == 0);
	CHECK_IS(n.member, SA_TRUE);
	CHECK_IS(n.bootTimestamp, 1000000000);
	CHECK_IS(saClmClusterNodeGet(3, for_ever, &n), SA_OK);
	CHECK_IS(n.nodeId, 3);
	CHECK_IS(saClmClusterNodeGet(77, second, &n), SA_ERR_NOT_EXIST);
	if (sizeof(SaClmNodeIdT) > 4)
		CHECK_IS(saClmClusterNodeGet((SaClmNodeIdT)((SaUint64T)1 << 32 | 1), second, &n), SA_ERR_NOT_EXIST);
	CHECK_IS(saClmClusterNodeGet(1, 0, &n), SA_ERR_TIMEOUT);
	CHECK_IS(saClmClusterNodeGet(1, second, NULL), SA_ERR_INVALID_PARAM);
	/* One of ten: the machine may be busy with something else. */
	for (try = 0; try < 10 && (r != SA_ERR_TIMEOUT || t >= 0.25); try++) {
		t = seconds();
		r = (int)saClmClusterNodeGet(ORDER_DELAY + 300, second / 10, &n);
		t = seconds() - t;
		CHECK(r != SA_ERR_TIMEOUT || t >= 0.1);
	}
	CHECK_IS(r, SA_ERR_TIMEOUT);
	CHECK(t < 0.25);
}

static void track(void)
{
	SaClmHandleT h = start();
	SaClmClusterNotificationT room[3];
	SaClmClusterNodeT n;

	expected = room;
	track_items = 3;
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT, NULL, 3), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT, room, 0), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterTrackStart(&h, 0, room, 3), SA_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, room, 3), SA_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT, room, 2), SA_ERR_NO_SPACE);
	CHECK_IS(saClmClusterTrackStop(&h), SA_ERR_NOT_EXIST);
	memset(room, 0, sizeof(room));
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, room, 3), SA_OK);
	CHECK_IS(room[1].clusterNode.nodeId, 2);
	CHECK(readable(h, 1000));
	memset(room, 0, sizeof(room));
	CHECK_IS(saClmDispatch(&h, SA_DISPATCH_ALL), SA_OK);
	CHECK_IS(tracked, 1);
	CHECK_IS(room[2].clusterNode.nodeId, 3);

	/* A smaller array: what fits, and an error that says so. */
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CHANGES_ONLY, room, 2), SA_OK);
	track_error = SA_ERR_NO_SPACE;
	track_items = 2;
	CHECK_IS(saClmClusterNodeGetAsync(&h, 1, ORDER_CALLBACKS + 2, &n), SA_OK);
	while (got == 0) {
		CHECK(readable(h, 1000));
		CHECK_IS(saClmDispatch(&h, SA_DISPATCH_ALL), SA_OK);
	}
	CHECK_IS(tracked, 3);

	/* After the stop no pending callback touches the array. */
	CHECK_IS(saClmClusterNodeGetAsync(&h, 2, ORDER_CALLBACKS + 5, &n), SA_OK);
	CHECK_IS(saClmClusterTrackStop(&h), SA_OK);
	while (got == 1) {
		CHECK(readable(h, 1000));
		CHECK_IS(saClmDispatch(&h, SA_DISPATCH_ONE), SA_OK);
	}
	CHECK_IS(tracked, 3);
	CHECK_IS(last_invocation, 2);
	CHECK_IS(saClmFinalize(&h), SA_OK);
}

static void async(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n[3];

	memset(n, 0x55, sizeof(n));
	CHECK_IS(saClmClusterNodeGetAsync(&h, -5, 2, NULL), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterNodeGetAsync(&h, -5, 2, &n[0]), SA_OK);
	CHECK_IS(saClmClusterNodeGetAsync(&h, -5, SA_CLM_LOCAL_NODE_ID, &n[1]), SA_OK);
	CHECK_IS(saClmClusterNodeGetAsync(&h, 7, 99, &n[2]), SA_OK);
	CHECK(readable(h, 1000));
	CHECK_IS(saClmDispatch(&h, SA_DISPATCH_ONE), SA_OK);
	CHECK(got == 1 && last_node == &n[0] && last_invocation == -5 && last_error == SA_OK);
	CHECK_IS(n[0].nodeId, 2);
	while (got < 3) {
		CHECK(readable(h, 1000));
		CHECK_IS(saClmDispatch(&h, SA_DISPATCH_ALL), SA_OK);
	}
	CHECK_IS(n[1].nodeId, 1);
	CHECK(last_node == &n[2] && last_invocation == 7 && last_error == SA_ERR_NOT_EXIST);
	CHECK_IS(*(unsigned char *)&n[2], 0x55);
	CHECK_IS(saClmFinalize(&h), SA_OK);
}

static void bad_handles(void)
{
	SaClmHandleT h = start(), later, bad[6];
	SaSelectionObjectT fd;
	SaClmClusterNodeT n;
	SaClmClusterNotificationT room[3];
	unsigned i;

	CHECK_IS(saClmFinalize(&h), SA_OK);
	later = start();
	CHECK(h != later);
	bad[0] = h;
	bad[1] = 0;
	bad[2] = -1;
	bad[3] = later + 1;
	bad[4] = later ^ 0x10000;
	bad[5] = 1;
	for (i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		SaClmHandleT *b = i < sizeof(bad) / sizeof(bad[0]) ? &bad[i] : NULL;

		CHECK_IS(saClmSelectionObjectGet(b, &fd), SA_ERR_BAD_HANDLE);
		CHECK_IS(saClmDispatch(b, SA_DISPATCH_BLOCKING), SA_ERR_BAD_HANDLE);
		CHECK_IS(saClmFinalize(b), SA_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterTrackStart(b, SA_TRACK_CURRENT, room, 3), SA_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterTrackStop(b), SA_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterNodeGetAsync(b, 1, 1, &n), SA_ERR_BAD_HANDLE);
	}
	CHECK_IS(saClmSelectionObjectGet(&later, NULL), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmDispatch(&later, 0), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmDispatch(&later, 4), SA_ERR_INVALID_PARAM);
	CHECK_IS(saClmFinalize(&later), SA_OK);
}

static void no_callbacks(void)
{
	SaVersionT v = {'A', 1, 1};
	SaClmHandleT h;
	SaClmClusterNotificationT room[3];
	SaClmClusterNodeT n;

	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_OK);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CHANGES, room, 3), SA_ERR_INIT);
	CHECK_IS(saClmClusterNodeGetAsync(&h, 1, 1, &n), SA_ERR_INIT);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT, room, 3), SA_OK);
	CHECK_IS(room[0].clusterNode.nodeId, 1);
	CHECK(!readable(h, 0));
	CHECK_IS(saClmFinalize(&h), SA_OK);
}

static void executive_dies(void)
{
	SaClmHandleT h = start();
	struct pollfd p;
	SaVersionT v = {'A', 1, 1};
	SaClmClusterNodeT n;
	SaClmClusterNotificationT room[3];

	CHECK_IS(saClmSelectionObjectGet(&h, &p.fd), SA_OK);
	p.events = POLLIN;
	CHECK_IS(saClmClusterNodeGet(ORDER_DIE, second, &n), SA_ERR_LIBRARY);
	CHECK_IS(poll(&p, 1, 1000), 1);
	CHECK_IS(saClmSelectionObjectGet(&h, &p.fd), SA_ERR_LIBRARY);
	CHECK_IS(saClmClusterTrackStart(&h, SA_TRACK_CURRENT, room, 3), SA_ERR_LIBRARY);
	CHECK_IS(saClmClusterTrackStop(&h), SA_ERR_LIBRARY);
	CHECK_IS(saClmClusterNodeGetAsync(&h, 1, 1, &n), SA_ERR_LIBRARY);
	CHECK_IS(saClmDispatch(&h, SA_DISPATCH_BLOCKING), SA_ERR_LIBRARY);
	CHECK_IS(saClmFinalize(&h), SA_OK);
	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_ERR_TRY_AGAIN);
	CHECK_IS(saClmClusterNodeGet(1, second, &n), SA_ERR_TRY_AGAIN);
}

/* In a child the numbers of its parent name nothing, however many it has itself. */
static void inherited_handle(void)
{
	SaClmHandleT h = start(), own;
	SaSelectionObjectT fd;
	int i, status;
	pid_t pid = fork();

	if (pid == 0) {
		for (i = 0; i < 200; i++) {
			CHECK_IS(saClmSelectionObjectGet(&h, &fd), SA_ERR_BAD_HANDLE);
			CHECK_IS(saClmFinalize(&h), SA_ERR_BAD_HANDLE);
			own = start();
			CHECK(own != h);
			if (i % 3 == 0)
				CHECK_IS(saClmFinalize(&own), SA_OK);
		}
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK_IS(saClmFinalize(&h), SA_OK);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"versions", versions, 0}, {"inherited_handle", inherited_handle, 0}, {"node_get", node_get, 0}, {"track", track, 0}, {"async", async, 0},
		{"bad_handles", bad_handles, 0}, {"no_callbacks", no_callbacks, 0}, {"executive_dies", executive_dies, 1}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
