/* calls_clm.c: every function of the cluster membership service, on a ring of one
 * node, node1, at 127.0.0.1. */
#ifdef GEN_A01
#include <ais_clm.h>
#else
#include <saClm.h>
#endif

#include LIST
#include "calls.h"

#define SECOND 1000000000LL

static const char *const only_refuse[] = {"saClmResponse_4", NULL};

static int tracked, got;

#define CHECK_NODE(n) \
	do { \
		CHECK_IS((n)->nodeId, 0x7f000001); \
		CHECK_IS((n)->nodeAddress.length, 4); \
		CHECK(memcmp((n)->nodeAddress.value, "\177\0\0\1", 4) == 0); \
		CHECK_IS((n)->nodeName.length, 5); \
		CHECK(memcmp((n)->nodeName.value, "node1", 5) == 0); \
		CHECK_IS((n)->member, SA_TRUE); \
		CHECK((n)->bootTimestamp > 1000000000 * SECOND); \
	} while (0)

#ifdef GEN_A01
static void on_track(SaClmClusterNotificationT *b, SaUint32T items, SaUint32T members, SaUint64T view, SaErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(items, 1);
	CHECK_IS(members, 1);
	CHECK(view > 0);
	CHECK_NODE(&b[0].clusterNode);
	CHECK_IS(b[0].clusterNode.clusterName.length, 4);
	CHECK(memcmp(b[0].clusterNode.clusterName.value, "test", 4) == 0);
	CHECK_IS(b[0].clusterChanges, SA_CLM_NODE_NO_CHANGE);
	tracked++;
}

static void on_node(SaInvocationT invocation, SaClmClusterNodeT *node, SaErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(invocation, -77);
	CHECK_NODE(node);
	got++;
}

static void scenario(void)
{
	SaVersionT v = {'A', 1, 1};
	SaClmCallbacksT k = {on_node, on_track};
	SaClmClusterNotificationT buffer[4];
	SaClmClusterNodeT node;
	SaClmHandleT h;
	SaSelectionObjectT fd;

	tracked = got = 0;
	CALL(SUCCESS, saClmInitialize, &h, &k, &v);
	CALL(SUCCESS, saClmSelectionObjectGet, &h, &fd);
	CHECK_IS(is_readable(fd), 0);
	memset(buffer, 0xff, sizeof(buffer));
	CALL(SUCCESS, saClmClusterTrackStart, &h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, buffer, 4);
	while (tracked == 0) {
		await(fd);
		CALL(SUCCESS, saClmDispatch, &h, SA_DISPATCH_ALL);
	}
	CHECK_NODE(&buffer[0].clusterNode);
	CALL(SUCCESS, saClmClusterTrackStop, &h);
	memset(&node, 0xff, sizeof(node));
	CALL(SUCCESS, saClmClusterNodeGet, SA_CLM_LOCAL_NODE_ID, 10 * SECOND, &node);
	CHECK_NODE(&node);
	CALL(SUCCESS, saClmClusterNodeGetAsync, &h, -77, 0x7f000001, &node);
	await(fd);
	CALL(SUCCESS, saClmDispatch, &h, SA_DISPATCH_ONE);
	CHECK_IS(got, 1);
	CHECK_IS(is_readable(fd), 0);
	CALL(SUCCESS, saClmDispatch, &h, SA_DISPATCH_ALL);
	CALL(SUCCESS, saClmFinalize, &h);
	CALL(BAD_HANDLE, saClmFinalize, &h);
	CALL(BAD_HANDLE, saClmDispatch, &h, SA_DISPATCH_ALL);
}

#else /* B */

static void on_track(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(members, 1);
	CHECK(b->viewNumber > 0);
	CHECK_IS(b->numberOfItems, 1);
	CHECK_NODE(&b->notification[0].clusterNode);
	CHECK_IS(b->notification[0].clusterChange, SA_CLM_NODE_NO_CHANGE);
	tracked++;
}

static void on_node(SaInvocationT invocation, const SaClmClusterNodeT *node, SaAisErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(invocation, 0x123456789abcdefLL);
	CHECK_NODE(node);
	CHECK(node->initialViewNumber > 0);
	got++;
}

static void b01(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {on_node, on_track};
	SaClmClusterNotificationT items[4];
	SaClmClusterNotificationBufferT b = {0, 4, items};
	SaClmClusterNodeT node;
	SaClmHandleT h;
	SaSelectionObjectT fd;

	tracked = got = 0;
	CALL(SUCCESS, saClmInitialize, &h, &k, &v);
	CALL(SUCCESS, saClmSelectionObjectGet, h, &fd);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, saClmClusterTrack, h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL);
	while (tracked == 0) {
		await((int)fd);
		CALL(SUCCESS, saClmDispatch, h, SA_DISPATCH_ALL);
	}
	memset(items, 0xff, sizeof(items));
	CALL(SUCCESS, saClmClusterTrack, h, SA_TRACK_CURRENT, &b);
	CHECK_IS(b.numberOfItems, 1);
	CHECK_NODE(&items[0].clusterNode);
	CALL(SUCCESS, saClmClusterTrackStop, h);
	memset(&node, 0xff, sizeof(node));
	CALL(SUCCESS, saClmClusterNodeGet, h, SA_CLM_LOCAL_NODE_ID, 10 * SECOND, &node);
	CHECK_NODE(&node);
	CALL(SUCCESS, saClmClusterNodeGetAsync, h, 0x123456789abcdefLL, 0x7f000001);
	await((int)fd);
	CALL(SUCCESS, saClmDispatch, h, SA_DISPATCH_ONE);
	CHECK_IS(got, 1);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, saClmDispatch, h, SA_DISPATCH_ALL);
	CALL(SUCCESS, saClmFinalize, h);
	CALL(BAD_HANDLE, saClmFinalize, h);
	CALL(BAD_HANDLE, saClmDispatch, h, SA_DISPATCH_ALL);
}

#ifdef GEN_OSAF
static void on_track_4(const SaClmClusterNotificationBufferT_4 *b, SaUint32T members, SaInvocationT invocation,
	const SaNameT *cause, const SaNtfCorrelationIdsT *ids, SaClmChangeStepT step, SaTimeT supervision, SaAisErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(members, 1);
	CHECK_IS(b->numberOfItems, 1);
	CHECK_NODE(&b->notification[0].clusterNode);
	CHECK_IS(b->notification[0].clusterNode.executionEnvironment.length, 0);
	CHECK_IS(invocation, 0);
	CHECK_IS(cause->length, 0);
	CHECK_IS(ids->notificationId, 0);
	CHECK_IS(step, SA_CLM_CHANGE_COMPLETED);
	CHECK((SaUint64T)supervision == SA_TIME_UNKNOWN);
	tracked++;
}

static void on_node_4(SaInvocationT invocation, const SaClmClusterNodeT_4 *node, SaAisErrorT error)
{
	CHECK_IS(error, 1);
	CHECK_IS(invocation, 77);
	CHECK_NODE(node);
	got++;
}

static void b04(void)
{
	SaVersionT v = {'B', 4, 1};
	SaClmCallbacksT_4 k = {on_node_4, on_track_4};
	SaClmClusterNotificationBufferT_4 b = {0, 0, NULL};
	SaClmClusterNodeT_4 node;
	SaClmHandleT h;
	SaSelectionObjectT fd;

	tracked = got = 0;
	CALL(SUCCESS, saClmInitialize_4, &h, &k, &v);
	CALL(SUCCESS, saClmSelectionObjectGet, h, &fd);
	CALL(SUCCESS, saClmClusterTrack_4, h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL);
	while (tracked == 0) {
		await((int)fd);
		CALL(SUCCESS, saClmDispatch, h, SA_DISPATCH_ALL);
	}
	CALL(SUCCESS, saClmClusterTrack_4, h, SA_TRACK_CURRENT, &b);
	CHECK_IS(b.numberOfItems, 1);
	CHECK_NODE(&b.notification[0].clusterNode);
	CALL(SUCCESS, saClmClusterNotificationFree_4, h, b.notification);
	CALL(SUCCESS, saClmClusterTrackStop, h);
	memset(&node, 0xff, sizeof(node));
	CALL(SUCCESS, saClmClusterNodeGet_4, h, SA_CLM_LOCAL_NODE_ID, 10 * SECOND, &node);
	CHECK_NODE(&node);
	CALL(SUCCESS, saClmClusterNodeGetAsync, h, 77, 0x7f000001);
	await((int)fd);
	CALL(SUCCESS, saClmDispatch, h, SA_DISPATCH_ONE);
	CHECK_IS(got, 1);
	CALL(INVALID_PARAM, saClmResponse_4, h, 1, SA_CLM_CALLBACK_RESPONSE_OK);
	CALL(SUCCESS, saClmFinalize, h);
	CALL(BAD_HANDLE, saClmFinalize, h);
}
#endif

static void scenario(void)
{
	b01();
#ifdef GEN_OSAF
	b04();
#endif
}
#endif
