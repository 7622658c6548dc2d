/* clm_osaf.c: tests of OpenSAF's saClm.h against the executive of the tests. */
#include <poll.h>

#include <saClm.h>

#include "test.h"

enum { ORDER_CALLBACKS = 0xFD200000 };

static int tracked, got, items_wanted = 3;

static void on_track(const SaClmClusterNotificationBufferT_4 *b, SaUint32T members, SaInvocationT invocation,
	const SaNameT *cause, const SaNtfCorrelationIdsT *ids, SaClmChangeStepT step, SaTimeT supervision, SaAisErrorT error)
{
	CHECK_IS(error, SA_AIS_OK);
	CHECK_IS(members, 3);
	CHECK_IS(b->viewNumber, 42);
	CHECK_IS(b->numberOfItems, items_wanted);
	CHECK_IS(b->notification[items_wanted - 1].clusterNode.nodeId, items_wanted);
	CHECK_IS(b->notification[0].clusterNode.initialViewNumber, 11);
	CHECK_IS(b->notification[0].clusterNode.executionEnvironment.length, 0);
	CHECK_IS(invocation, 0);
	CHECK_IS(cause->length, 0);
	CHECK_IS(ids->notificationId, 0);
	CHECK_IS(step, SA_CLM_CHANGE_COMPLETED);
	CHECK((SaUint64T)supervision == SA_TIME_UNKNOWN);
	tracked++;
}

static void on_node(SaInvocationT invocation, const SaClmClusterNodeT_4 *node, SaAisErrorT error)
{
	CHECK_IS(error, SA_AIS_OK);
	CHECK_IS(invocation, 77);
	CHECK_IS(node->nodeId, 2);
	CHECK(memcmp(node->nodeName.value, "node-2", 7) == 0);
	got++;
}

static SaClmHandleT start(void)
{
	SaVersionT v = {'B', 4, 1};
	SaClmCallbacksT_4 k = {on_node, on_track};
	SaClmHandleT h;

	CHECK_IS(saClmInitialize_4(&h, &k, &v), SA_AIS_OK);
	return h;
}

static void dispatch(SaClmHandleT h, int *counter, int wanted)
{
	SaSelectionObjectT fd;
	struct pollfd p;

	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
	p.fd = (int)fd;
	p.events = POLLIN;
	while (*counter < wanted) {
		CHECK_IS(poll(&p, 1, 5000), 1);
		CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
	}
	CHECK_IS(*counter, wanted);
}

static void versions_4(void)
{
	static const struct {
		SaVersionT in;
		SaAisErrorT out;
	} rows[] = {
		{{'B', 4, 1}, SA_AIS_OK}, {{'B', 2, 1}, SA_AIS_OK}, {{'B', 3, 9}, SA_AIS_OK},
		{{'B', 1, 1}, SA_AIS_ERR_VERSION}, {{'B', 0, 1}, SA_AIS_ERR_VERSION},
		{{'B', 5, 1}, SA_AIS_ERR_VERSION}, {{'C', 4, 1}, SA_AIS_ERR_VERSION}, {{'A', 4, 1}, SA_AIS_ERR_VERSION},
	};
	SaClmHandleT h;
	unsigned i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		SaVersionT v = rows[i].in;

		CHECK_IS(saClmInitialize_4(&h, NULL, &v), rows[i].out);
		CHECK(v.releaseCode == 'B' && v.majorVersion == 4 && v.minorVersion == 1);
		if (rows[i].out == SA_AIS_OK)
			CHECK_IS(saClmFinalize(h), SA_AIS_OK);
		CHECK_IS(saClmInitialize_4(NULL, NULL, &v), SA_AIS_ERR_INVALID_PARAM);
		CHECK_IS(saClmInitialize_4(&h, NULL, NULL), SA_AIS_ERR_INVALID_PARAM);
	}
}

static void node_4(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT_4 n;

	memset(&n, 0xff, sizeof(n));
	CHECK_IS(saClmClusterNodeGet_4(h, SA_CLM_LOCAL_NODE_ID, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.nodeId, 1);
	CHECK_IS(n.nodeAddress.length, 4);
	CHECK(memcmp(n.nodeAddress.value, "\177\0\0\1", 5) == 0);
	CHECK(memcmp(n.nodeName.value, "node-1", 7) == 0);
	CHECK_IS(n.executionEnvironment.length, 0);
	CHECK_IS(n.member, SA_TRUE);
	CHECK_IS(n.bootTimestamp, 1000000000);
	CHECK_IS(n.initialViewNumber, 11);
	CHECK_IS(saClmClusterNodeGet_4(h, 1, SA_TIME_ONE_SECOND, NULL), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterNodeGet_4(h, 1, 0, &n), SA_AIS_ERR_TIMEOUT);
	CHECK_IS(saClmClusterNodeGetAsync(h, 77, 2), SA_AIS_OK);
	dispatch(h, &got, 1);
	CHECK_IS(saClmResponse_4(h, 1, SA_CLM_CALLBACK_RESPONSE_OK), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	CHECK_IS(saClmResponse_4(h, 1, SA_CLM_CALLBACK_RESPONSE_OK), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmClusterNodeGet_4(h, 1, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_BAD_HANDLE);
}

static void track_4(void)
{
	SaClmHandleT h = start();
	SaClmClusterNotificationT_4 room[3];
	SaClmClusterNotificationBufferT_4 b = {0, 0, NULL};

	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT, &b), SA_AIS_OK);
	CHECK_IS(b.numberOfItems, 3);
	CHECK_IS(b.notification[2].clusterNode.nodeId, 3);
	CHECK_IS(saClmClusterNotificationFree_4(h, NULL), SA_AIS_ERR_INVALID_PARAM);
	CHECK_IS(saClmClusterNotificationFree_4(h + 1, b.notification), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmClusterNotificationFree_4(h, b.notification), SA_AIS_OK);
	b.notification = room;
	b.numberOfItems = 2;
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT, &b), SA_AIS_ERR_NO_SPACE);
	CHECK_IS(b.numberOfItems, 3);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT, &b), SA_AIS_OK);
	CHECK_IS(room[1].clusterNode.nodeId, 2);
	b.notification = NULL;
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT | SA_TRACK_LOCAL, &b), SA_AIS_OK);
	CHECK_IS(b.numberOfItems, 1);
	CHECK_IS(b.notification[0].clusterNode.nodeId, 1);
	CHECK_IS(saClmClusterNotificationFree_4(h, b.notification), SA_AIS_OK);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_START_STEP, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_VALIDATE_STEP, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_LOCAL, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack_4(h, 0x40 | SA_TRACK_CURRENT, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, NULL), SA_AIS_ERR_BAD_FLAGS);
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT, NULL), SA_AIS_OK);
	dispatch(h, &tracked, 1);
	items_wanted = 1;
	CHECK_IS(saClmClusterTrack_4(h, SA_TRACK_CURRENT | SA_TRACK_LOCAL | SA_TRACK_CHANGES | SA_TRACK_START_STEP, NULL), SA_AIS_OK);
	dispatch(h, &tracked, 2);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_OK);
	CHECK_IS(saClmClusterTrackStop(h), SA_AIS_ERR_NOT_EXIST);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

/* A handle belongs to the version it was opened with. */
static void versions_do_not_mix(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT h4 = start(), h1;
	SaClmClusterNotificationBufferT b = {0, 0, NULL};
	SaClmClusterNotificationBufferT_4 b4 = {0, 0, NULL};
	SaClmClusterNotificationT_4 *array = malloc(sizeof(*array));
	SaClmClusterNodeT n;
	SaClmClusterNodeT_4 n4;
	SaSelectionObjectT fd;

	CHECK_IS(saClmInitialize(&h1, NULL, &v), SA_AIS_OK);
	CHECK_IS(saClmClusterTrack(h4, SA_TRACK_CURRENT, &b), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterNodeGet(h4, 1, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterTrack_4(h1, SA_TRACK_CURRENT, &b4), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterNodeGet_4(h1, 1, SA_TIME_ONE_SECOND, &n4), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterNotificationFree_4(h1, array), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmResponse_4(h1, 1, SA_CLM_CALLBACK_RESPONSE_OK), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterNodeGet(h1, 1, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.initialViewNumber, 11);
	CHECK_IS(saClmSelectionObjectGet(h1, &fd), SA_AIS_OK);
	CHECK_IS(saClmDispatch(h1, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(saClmClusterNodeGetAsync(h1, 1, 1), SA_AIS_ERR_INIT);
	CHECK_IS(saClmFinalize(h1), SA_AIS_OK);
	CHECK_IS(saClmFinalize(h4), SA_AIS_OK);
	free(array);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"versions_4", versions_4, 0}, {"node_4", node_4, 0}, {"track_4", track_4, 0},
		{"versions_do_not_mix", versions_do_not_mix, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
