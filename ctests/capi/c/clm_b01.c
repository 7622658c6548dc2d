/* clm_b01.c: tests of saClm.h against the executive of the tests. */
#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include <saClm.h>

#include "test.h"

enum {
	ORDER_DELAY = 0xFD000000,
	ORDER_NEVER = 0xFD100000,
	ORDER_CALLBACKS = 0xFD200000,
	ORDER_DIE = 0xFD300000,
	ORDER_CUT = 0xFD400000
};

static int tracked, got;
static SaClmHandleT in_callback;
static void (*act)(void);

static void on_track(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	CHECK_IS(error, SA_AIS_OK);
	CHECK_IS(members, 3);
	CHECK_IS(b->viewNumber, 42);
	CHECK_IS(b->numberOfItems, 3);
	CHECK_IS(b->notification[2].clusterNode.nodeId, 3);
	CHECK_IS(b->notification[2].clusterChange, SA_CLM_NODE_NO_CHANGE);
	tracked++;
	if (act != NULL)
		act();
}

static SaInvocationT last_invocation;
static SaAisErrorT last_error;

static void on_node(SaInvocationT invocation, const SaClmClusterNodeT *node, SaAisErrorT error)
{
	last_invocation = invocation;
	last_error = error;
	if (error == SA_AIS_OK)
		CHECK(node->nodeId >= 1 && node->nodeId <= 3);
	got++;
}

static SaClmHandleT start(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {on_node, on_track};
	SaClmHandleT h;

	CHECK_IS(saClmInitialize(&h, &k, &v), SA_AIS_OK);
	return h;
}

static int readable(SaClmHandleT h, int ms)
{
	SaSelectionObjectT fd;
	struct pollfd p;

	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
	p.fd = (int)fd;
	p.events = POLLIN;
	return poll(&p, 1, ms) > 0;
}

static void node_get(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n;

	memset(&n, 0xff, sizeof(n));
	CHECK_IS(saClmClusterNodeGet(h, SA_CLM_LOCAL_NODE_ID, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.nodeId, 1);
	CHECK_IS(n.nodeAddress.family, SA_CLM_AF_INET);
	CHECK_IS(n.nodeAddress.length, 4);
	CHECK(memcmp(n.nodeAddress.value, "\177\0\0\1", 5) == 0);
	CHECK_IS(n.nodeName.length, 6);
	CHECK(memcmp(n.nodeName.value, "node-1", 7) == 0);
	CHECK_IS(n.member, SA_TRUE);
	CHECK_IS(n.bootTimestamp, 1000000000);
	CHECK_IS(n.initialViewNumber, 11);
	CHECK_IS(saClmClusterNodeGet(h, 3, SA_TIME_MAX, &n), SA_AIS_OK);
	CHECK_IS(n.nodeId, 3);
	CHECK_IS(saClmClusterNodeGet(h, 77, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_NOT_EXIST);
	CHECK_IS(saClmClusterNodeGet(h, 3, 0, &n), SA_AIS_ERR_TIMEOUT);
	CHECK_IS(saClmClusterNodeGet(h, 3, -1, &n), SA_AIS_ERR_TIMEOUT);
	CHECK_IS(saClmClusterNodeGet(h, 3, SA_TIME_ONE_SECOND, NULL), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(saClmClusterNodeGet(h, 3, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmFinalize(h), SA_AIS_ERR_BAD_HANDLE);
}

static void timeouts(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n;
	double t = 1;
	int try, r = 0;

	/* One of ten: the machine may be busy with something else. */
	for (try = 0; try < 10 && (r != SA_AIS_ERR_TIMEOUT || t >= 0.25); try++) {
		t = seconds();
		r = (int)saClmClusterNodeGet(h, ORDER_DELAY + 300, 100 * SA_TIME_ONE_MILLISECOND, &n);
		t = seconds() - t;
		CHECK(r != SA_AIS_ERR_TIMEOUT || t >= 0.1);
	}
	CHECK_IS(r, SA_AIS_ERR_TIMEOUT);
	CHECK(t < 0.25);
	/* The late answer belongs to nobody. */
	CHECK_IS(saClmClusterNodeGet(h, 2, 20 * SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.nodeId, 2);
	t = seconds();
	CHECK_IS(saClmClusterNodeGet(h, ORDER_DELAY + 200, 20 * SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK(seconds() - t >= 0.19);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void track(void)
{
	SaClmHandleT h = start();
	SaClmClusterNotificationT room[3];
	SaClmClusterNotificationBufferT b = {0, 0, NULL};

	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT, &b), SA_AIS_OK);
	CHECK_IS(b.numberOfItems, 3);
	CHECK_IS(b.viewNumber, 42);
	CHECK_IS(b.notification[1].clusterNode.nodeId, 2);
	free(b.notification);
	b.notification = room;
	b.numberOfItems = 2;
	memset(room, 0x55, sizeof(room));
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, &b), SA_AIS_ERR_NO_SPACE);
	CHECK_IS(b.numberOfItems, 3);
	CHECK_IS(((unsigned char *)room)[0], 0x55);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_ERR_NOT_EXIST);
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, &b), SA_AIS_OK);
	CHECK_IS(room[2].clusterNode.nodeId, 3);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_OK);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_ERR_NOT_EXIST);
	b.numberOfItems = 0;
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT, &b), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterTrack(h, 0, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack(h, 8, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK(!readable(h, 0));
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT, NULL), SA_AIS_OK);
	CHECK(readable(h, 1000));
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(tracked, 1);
	CHECK(!readable(h, 0));
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void no_callbacks(void)
{
	SaVersionT v = {'B', 1, 9};
	SaClmCallbacksT none = {NULL, NULL};
	SaClmClusterNotificationBufferT b = {0, 0, NULL};
	SaClmHandleT h[2];
	int i;

	CHECK_IS(saClmInitialize(&h[0], NULL, &v), SA_AIS_OK);
	CHECK_IS(v.minorVersion, 1);
	CHECK_IS(saClmInitialize(&h[1], &none, &v), SA_AIS_OK);
	CHECK(h[0] != h[1]);
	for (i = 0; i < 2; i++) {
		CHECK_IS(saClmClusterTrack(h[i], SA_TRACK_CURRENT, NULL), SA_AIS_ERR_INIT);
		CHECK_IS(saClmClusterTrack(h[i], SA_TRACK_CHANGES, NULL), SA_AIS_ERR_INIT);
		CHECK_IS(saClmClusterTrack(h[i], SA_TRACK_CURRENT | SA_TRACK_CHANGES_ONLY, &b), SA_AIS_ERR_INIT);
		CHECK_IS(saClmClusterTrack(h[i], SA_TRACK_CURRENT, &b), SA_AIS_OK);
		free(b.notification);
		b.notification = NULL;
		CHECK_IS(saClmClusterNodeGetAsync(h[i], 1, 1), SA_AIS_ERR_INIT);
		CHECK_IS(saClmFinalize(h[i]), SA_AIS_OK);
	}
}

static void versions(void)
{
	static const struct {
		SaVersionT in;
		SaAisErrorT out;
	} rows[] = {
		{{'B', 1, 1}, SA_AIS_OK}, {{'B', 1, 0}, SA_AIS_OK},
#ifdef OF_OPENSAF /* where a major version of 0 never was */
		{{'B', 0, 1}, SA_AIS_ERR_VERSION},
#else
		{{'B', 0, 0}, SA_AIS_OK},
#endif
		{{'B', 2, 0}, SA_AIS_ERR_VERSION}, {{'A', 1, 1}, SA_AIS_ERR_VERSION},
		{{'C', 1, 1}, SA_AIS_ERR_VERSION}, {{'b', 1, 1}, SA_AIS_ERR_VERSION},
	};
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SaVersionT v = rows[i].in;
		SaClmHandleT h;

		CHECK_IS(saClmInitialize(&h, NULL, &v), rows[i].out);
		CHECK(v.releaseCode == 'B' && v.majorVersion == 1 && v.minorVersion == 1);
		if (rows[i].out == SA_AIS_OK)
			CHECK_IS(saClmFinalize(h), SA_AIS_OK);
		CHECK_IS(saClmInitialize(NULL, NULL, &v), SA_AIS_ERR_INVALID_PARAM);
		CHECK_IS(saClmInitialize(&h, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	}
}

/*
 * SA_DISPATCH_ONE with nothing pending returns; in libraries with the sonames of
 * openais it waits, until a callback comes or the handle is finalized.
 */
static SaClmHandleT shared;

static void pause_ms(int ms)
{
	CHECK(usleep((useconds_t)ms * 1000) == 0);
}

static int one_returned;

static void *dispatch_one(void *finalized)
{
	SaAisErrorT r = saClmDispatch(shared, SA_DISPATCH_ONE);

	CHECK(r == SA_AIS_OK || (finalized != NULL && r == SA_AIS_ERR_BAD_HANDLE));
	__atomic_store_n(&one_returned, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void dispatch_one_of_none(void)
{
	int waits = 0;
	pthread_t t;

#ifdef ONE_WAITS
	waits = 1;
#endif
	shared = start();
	CHECK_IS(pthread_create(&t, NULL, dispatch_one, NULL), 0);
	if (waits) {
		pause_ms(200);
		CHECK_IS(__atomic_load_n(&one_returned, __ATOMIC_SEQ_CST), 0);
		CHECK_IS(saClmClusterNodeGetAsync(shared, 0, 2), SA_AIS_OK);
	}
	CHECK_IS(pthread_join(t, NULL), 0);
	CHECK_IS(got, waits);
	one_returned = 0;
	if (waits) {
		CHECK_IS(pthread_create(&t, NULL, dispatch_one, &shared), 0);
		pause_ms(200);
	}
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
	if (waits)
		CHECK_IS(pthread_join(t, NULL), 0);
}

static void async(void)
{
	SaClmHandleT h = start();

	CHECK_IS(saClmClusterNodeGetAsync(h, 0, 2), SA_AIS_OK);
	CHECK_IS(saClmClusterNodeGetAsync(h, (SaInvocationT)-1, 99), SA_AIS_OK);
	CHECK(readable(h, 1000));
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_ONE), SA_AIS_OK);
	CHECK(got == 1 && last_invocation == 0 && last_error == SA_AIS_OK);
	CHECK(readable(h, 1000));
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_ONE), SA_AIS_OK);
	CHECK(got == 2 && last_invocation == (SaInvocationT)-1 && last_error == SA_AIS_ERR_NOT_EXIST);
	CHECK(!readable(h, 0));
	CHECK_IS(saClmDispatch(h, 0), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmDispatch(h, 4), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void dispatch_many(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n;
	int i;

	CHECK_IS(saClmClusterNodeGet(h, ORDER_CALLBACKS + 500, SA_TIME_MAX, &n), SA_AIS_OK);
	for (i = 0; i < 5; i++) {
		CHECK(readable(h, 2000));
		CHECK_IS(saClmDispatch(h, SA_DISPATCH_ONE), SA_AIS_OK);
	}
	CHECK_IS(tracked, 5);
	CHECK(readable(h, 0));
	/* The executive may still be sending: ALL returns when none is pending. */
	while (tracked < 500) {
		CHECK(readable(h, 2000));
		CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
	}
	CHECK(!readable(h, 0));
	CHECK_IS(tracked, 500);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void finalize_inside(void)
{
	CHECK_IS(saClmFinalize(in_callback), SA_AIS_OK);
}

static void finalize_in_callback(void)
{
	SaDispatchFlagsT flags[] = {SA_DISPATCH_ONE, SA_DISPATCH_ALL, SA_DISPATCH_BLOCKING};
	unsigned i;

	act = finalize_inside;
	for (i = 0; i < 3; i++) {
		SaClmHandleT h = start();
		SaClmClusterNodeT n;

		tracked = 0;
		in_callback = h;
		CHECK_IS(saClmClusterNodeGet(h, ORDER_CALLBACKS + 3, SA_TIME_MAX, &n), SA_AIS_OK);
		CHECK(readable(h, 1000));
		CHECK_IS(saClmDispatch(h, flags[i]), SA_AIS_OK);
		CHECK_IS(tracked, 1);
		CHECK_IS(saClmDispatch(h, flags[i]), SA_AIS_ERR_BAD_HANDLE);
	}
}

static void call_inside(void)
{
	SaClmClusterNodeT n;

	CHECK_IS(saClmClusterNodeGet(in_callback, 2, SA_TIME_MAX, &n), SA_AIS_OK);
	if (tracked == 1)
		CHECK_IS(saClmDispatch(in_callback, SA_DISPATCH_ONE), SA_AIS_OK);
}

static void api_in_callback(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n;

	act = call_inside;
	in_callback = h;
	CHECK_IS(saClmClusterNodeGet(h, ORDER_CALLBACKS + 3, SA_TIME_MAX, &n), SA_AIS_OK);
	while (tracked < 3) {
		CHECK(readable(h, 1000));
		CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
	}
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void *blocked_dispatch(void *arg)
{
	(void)arg;
	return (void *)(size_t)saClmDispatch(shared, SA_DISPATCH_BLOCKING);
}

static void *blocked_call(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	return (void *)(size_t)saClmClusterNodeGet(shared, ORDER_NEVER, SA_TIME_MAX, &n);
}

static void finalize_wakes(void)
{
	pthread_t d[2], c[3];
	void *r;
	int i;

	shared = start();
	for (i = 0; i < 2; i++)
		CHECK_IS(pthread_create(&d[i], NULL, blocked_dispatch, NULL), 0);
	for (i = 0; i < 3; i++)
		CHECK_IS(pthread_create(&c[i], NULL, blocked_call, NULL), 0);
	pause_ms(100); /* they are most likely waiting; nothing depends on it */
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
	for (i = 0; i < 2; i++) {
		CHECK_IS(pthread_join(d[i], &r), 0);
		CHECK((size_t)r == SA_AIS_OK || (size_t)r == SA_AIS_ERR_BAD_HANDLE);
	}
	for (i = 0; i < 3; i++) {
		CHECK_IS(pthread_join(c[i], &r), 0);
		CHECK_IS((size_t)r, SA_AIS_ERR_BAD_HANDLE);
	}
}

static void turn_has_deadline(void)
{
	pthread_t t;
	SaClmClusterNodeT n;
	double start_time;

	shared = start();
	CHECK_IS(pthread_create(&t, NULL, blocked_call, NULL), 0);
	pause_ms(100);
	start_time = seconds();
	CHECK_IS(saClmClusterNodeGet(shared, 1, 100 * SA_TIME_ONE_MILLISECOND, &n), SA_AIS_ERR_TIMEOUT);
	CHECK(seconds() - start_time < 5); /* or it waits for ever */
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
	CHECK_IS(pthread_join(t, NULL), 0);
}

static void executive_dies(void)
{
	SaSelectionObjectT fd;
	struct pollfd p[2];
	SaClmHandleT h = start(), other = start();
	SaVersionT v = {'B', 1, 1};
	SaClmClusterNodeT n;
	pthread_t t;
	void *r;

	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
	p[0].fd = (int)fd;
	CHECK_IS(saClmSelectionObjectGet(other, &fd), SA_AIS_OK);
	p[1].fd = (int)fd;
	p[0].events = p[1].events = POLLIN;
	shared = other;
	CHECK_IS(pthread_create(&t, NULL, blocked_dispatch, NULL), 0);
	pause_ms(50);
	CHECK_IS(saClmClusterNodeGet(h, ORDER_DIE, SA_TIME_MAX, &n), SA_AIS_ERR_LIBRARY);
	CHECK_IS(pthread_join(t, &r), 0);
	CHECK_IS((size_t)r, SA_AIS_ERR_LIBRARY);
	CHECK(poll(p, 2, 1000) > 0 && p[0].revents != 0 && p[1].revents != 0);
	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmClusterNodeGet(h, 1, SA_TIME_MAX, &n), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmClusterNodeGetAsync(h, 1, 1), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmClusterTrack(h, SA_TRACK_CURRENT, NULL), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_ONE), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmDispatch(h, SA_DISPATCH_BLOCKING), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(saClmFinalize(other), SA_AIS_OK);
	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_AIS_ERR_TRY_AGAIN);
}

static void connection_cut(void)
{
	SaClmHandleT h = start(), other = start();
	SaClmClusterNodeT n;

	CHECK_IS(saClmClusterNodeGet(h, ORDER_CUT, SA_TIME_MAX, &n), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saClmClusterNodeGet(other, 1, SA_TIME_MAX, &n), SA_AIS_OK);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(saClmFinalize(other), SA_AIS_OK);
}

static void bad_handles(void)
{
	SaClmHandleT h = start(), later, bad[8];
	SaSelectionObjectT fd;
	SaClmClusterNodeT n;
	unsigned i;

	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	later = start();
	CHECK(h != later);
	bad[0] = h;
	bad[1] = 0;
	bad[2] = (SaClmHandleT)-1;
	bad[3] = later & 0xffffffff;
	bad[4] = later ^ ((SaClmHandleT)1 << 40);
	bad[5] = later + 1;
	bad[6] = later ^ 0x10000;
	bad[7] = 12345;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_IS(saClmSelectionObjectGet(bad[i], &fd), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmDispatch(bad[i], SA_DISPATCH_ONE), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmDispatch(bad[i], SA_DISPATCH_BLOCKING), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmFinalize(bad[i]), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterTrack(bad[i], SA_TRACK_CURRENT, NULL), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterTrackStop(bad[i]), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterNodeGet(bad[i], 1, SA_TIME_MAX, &n), SA_AIS_ERR_BAD_HANDLE);
		CHECK_IS(saClmClusterNodeGetAsync(bad[i], 1, 1), SA_AIS_ERR_BAD_HANDLE);
	}
	CHECK_IS(saClmSelectionObjectGet(later, NULL), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmFinalize(later), SA_AIS_OK);
}

static void many_handles(void)
{
	enum { N = 200 };
	SaClmHandleT h[N];
	int i, j;

	for (j = 0; j < 3; j++) {
		for (i = 0; i < N; i++)
			h[i] = start();
		for (i = 0; i < N; i++) {
			SaClmClusterNodeT n;

			CHECK_IS(saClmClusterNodeGet(h[i], 1, SA_TIME_MAX, &n), SA_AIS_OK);
			CHECK_IS(saClmFinalize(h[i]), SA_AIS_OK);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"node_get", node_get, 0}, {"timeouts", timeouts, 0}, {"track", track, 0}, {"no_callbacks", no_callbacks, 0},
		{"versions", versions, 0}, {"async", async, 0}, {"dispatch_one_of_none", dispatch_one_of_none, 0}, {"dispatch_many", dispatch_many, 0},
		{"finalize_in_callback", finalize_in_callback, 0}, {"api_in_callback", api_in_callback, 0},
		{"finalize_wakes", finalize_wakes, 0}, {"turn_has_deadline", turn_has_deadline, 0},
		{"executive_dies", executive_dies, 1}, {"connection_cut", connection_cut, 0},
		{"bad_handles", bad_handles, 0}, {"many_handles", many_handles, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
