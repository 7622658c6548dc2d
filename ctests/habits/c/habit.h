/*
 * habit.h: what the tests of legacy habits share: handles of every service, one
 * call on each, the executive that can be stopped and ended, children.
 *
 * The executive is a ring of one node at 127.0.0.1; AIS_TEST_EXECUTIVE is its
 * process. Who stops it lets it go on.
 */
#ifndef HABITS_HABIT_H
#define HABITS_HABIT_H

#include <poll.h>
#include <pthread.h>
#include <sys/uio.h>

#include <evs.h>
#include <saCkpt.h>
#include <saClm.h>
#include <saEvt.h>

#include "test.h"

#define UNUSED __attribute__((unused))

enum { NODE = 0x7f000001 };

UNUSED static int callbacks_run;

UNUSED static void on_node(SaInvocationT invocation, const SaClmClusterNodeT *n, SaAisErrorT error)
{
	(void)invocation;
	CHECK(n->nodeId == NODE && error == SA_AIS_OK);
	__atomic_add_fetch(&callbacks_run, 1, __ATOMIC_RELAXED);
}

UNUSED static void on_track(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	CHECK(b->numberOfItems == 1 && members == 1 && error == SA_AIS_OK);
	__atomic_add_fetch(&callbacks_run, 1, __ATOMIC_RELAXED);
}

UNUSED static SaAisErrorT try_start(SaClmHandleT *h)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {on_node, on_track};

	return saClmInitialize(h, &k, &v);
}

UNUSED static SaClmHandleT start(void)
{
	SaClmHandleT h;

	CHECK_IS(try_start(&h), SA_AIS_OK);
	return h;
}

/* Repeats what the executive puts off. */
#define AGAIN(result, call) \
	do { \
		double until_ = seconds() + 10; \
		while (((result) = (int)(call)) == SA_AIS_ERR_TRY_AGAIN && seconds() < until_) \
			usleep(5000); \
	} while (0)

UNUSED static void use(SaClmHandleT h)
{
	SaClmClusterNodeT n;
	int r;

	AGAIN(r, saClmClusterNodeGet(h, SA_CLM_LOCAL_NODE_ID, 10 * SA_TIME_ONE_SECOND, &n));
	CHECK_IS(r, SA_AIS_OK);
	CHECK_IS(n.nodeId, NODE);
}

/* So many callbacks wait on h afterwards. */
UNUSED static void order_callbacks(SaClmHandleT h, int count)
{
	int i, r;

	for (i = 0; i < count; i++) {
		AGAIN(r, saClmClusterNodeGetAsync(h, (SaInvocationT)i, SA_CLM_LOCAL_NODE_ID));
		CHECK_IS(r, SA_AIS_OK);
	}
}

/* A handle of each service, and what can be opened below it. */
struct services {
	SaClmHandleT clm;
	SaCkptHandleT ckpt;
	SaCkptCheckpointHandleT checkpoint;
	SaEvtHandleT evt;
	SaEvtChannelHandleT channel;
	SaEvtEventHandleT event;
	evs_handle_t evs;
};

UNUSED static int events, messages;

UNUSED static void on_event(SaEvtSubscriptionIdT subscription, SaEvtEventHandleT e, SaSizeT size)
{
	(void)subscription;
	CHECK_IS(size, 3);
	CHECK_IS(saEvtEventFree(e), SA_AIS_OK);
	events++;
}

UNUSED static void on_message(unsigned int from, void *message, int size)
{
	(void)message;
	CHECK_IS(from, NODE);
	CHECK_IS(size, 3);
	messages++;
}

/* So many writes before a test begins: a handle that asks often shares memory with
 * the executive. */
UNUSED static int warm_up = 40;

UNUSED static void start_all(struct services *s)
{
	SaVersionT v = {'B', 1, 1};
	SaCkptCallbacksT no_ckpt = {NULL, NULL};
	SaEvtCallbacksT evt = {NULL, on_event};
	evs_callbacks_t evs = {on_message, NULL};
	SaCkptCheckpointCreationAttributesT a = {SA_CKPT_WR_ALL_REPLICAS, 4000, 0, 1, 4000, 8};
	SaEvtEventFilterT f = {SA_EVT_PASS_ALL_FILTER, {0, 0, NULL}};
	SaEvtEventFilterArrayT all = {1, &f};
	SaCkptIOVectorElementT io;
	struct evs_group g;
	SaNameT name;
	int r, i;

	memset(&name, 0, sizeof(name));
	name.length = (SaUint16T)sprintf((char *)name.value, "habit-%d-%p", (int)getpid(), (void *)s);
	s->clm = start();
	CHECK_IS(saCkptInitialize(&s->ckpt, &no_ckpt, &v), SA_AIS_OK);
	AGAIN(r, saCkptCheckpointOpen(s->ckpt, &name, &a,
		SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | SA_CKPT_CHECKPOINT_CREATE, 10 * SA_TIME_ONE_SECOND, &s->checkpoint));
	CHECK_IS(r, SA_AIS_OK);
	CHECK_IS(saEvtInitialize(&s->evt, &evt, &v), SA_AIS_OK);
	AGAIN(r, saEvtChannelOpen(s->evt, &name, SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER | SA_EVT_CHANNEL_CREATE,
		10 * SA_TIME_ONE_SECOND, &s->channel));
	CHECK_IS(r, SA_AIS_OK);
	AGAIN(r, saEvtEventSubscribe(s->channel, &all, 1));
	CHECK_IS(r, SA_AIS_OK);
	CHECK_IS(saEvtEventAllocate(s->channel, &s->event), SA_AIS_OK);
	CHECK_IS(evs_initialize(&s->evs, &evs), EVS_OK);
	memset(&g, 0, sizeof(g));
	sprintf(g.key, "habit-%d", (int)getpid());
	AGAIN(r, evs_join(s->evs, &g, 1));
	CHECK_IS(r, EVS_OK);
	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	for (i = 0; i < warm_up; i++) {
		AGAIN(r, saCkptCheckpointWrite(s->checkpoint, &io, 1, NULL));
		CHECK_IS(r, SA_AIS_OK);
	}
}

/* Requests of every service, and the callbacks that follow. */
UNUSED static void use_all(struct services *s)
{
	SaCkptIOVectorElementT io;
	SaEvtEventIdT id;
	struct iovec v;
	char room[8];
	double limit = seconds() + 10;
	int r, events_before = events, messages_before = messages;

	use(s->clm);
	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	AGAIN(r, saCkptCheckpointWrite(s->checkpoint, &io, 1, NULL));
	CHECK_IS(r, SA_AIS_OK);
	io.dataBuffer = room;
	io.dataSize = sizeof(room);
	AGAIN(r, saCkptCheckpointRead(s->checkpoint, &io, 1, NULL));
	CHECK_IS(r, SA_AIS_OK);
	CHECK(io.readSize == 3 && memcmp(room, "abc", 3) == 0);
	AGAIN(r, saEvtEventPublish(s->event, "abc", 3, &id));
	CHECK_IS(r, SA_AIS_OK);
	v.iov_base = (void *)"abc";
	v.iov_len = 3;
	AGAIN(r, evs_mcast_joined(s->evs, EVS_TYPE_AGREED, &v, 1));
	CHECK_IS(r, EVS_OK);
	while ((events == events_before || messages == messages_before) && seconds() < limit) {
		CHECK_IS(saEvtDispatch(s->evt, SA_DISPATCH_ALL), SA_AIS_OK);
		CHECK_IS(evs_dispatch(s->evs, EVS_DISPATCH_ALL), EVS_OK);
		usleep(100);
	}
	CHECK_IS(events, events_before + 1);
	CHECK_IS(messages, messages_before + 1);
}

/* Nothing that s names is known here. */
UNUSED static void all_are_unknown(const struct services *s)
{
	SaCkptIOVectorElementT io;
	SaEvtEventHandleT e;
	SaEvtEventIdT id;
	SaSelectionObjectT fd;
	struct iovec v = {(void *)"abc", 3};
	SaClmClusterNodeT n;
	int i;

	memset(&io, 0, sizeof(io));
	CHECK_IS(saClmClusterNodeGet(s->clm, SA_CLM_LOCAL_NODE_ID, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmDispatch(s->clm, SA_DISPATCH_BLOCKING), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmSelectionObjectGet(s->clm, &fd), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmFinalize(s->clm), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saCkptCheckpointRead(s->checkpoint, &io, 1, NULL), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saCkptCheckpointClose(s->checkpoint), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saCkptDispatch(s->ckpt, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saCkptFinalize(s->ckpt), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtEventPublish(s->event, "abc", 3, &id), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtEventAllocate(s->channel, &e), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtEventFree(s->event), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtChannelClose(s->channel), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtDispatch(s->evt, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saEvtFinalize(s->evt), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(evs_mcast_joined(s->evs, EVS_TYPE_AGREED, &v, 1), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_fd_get(s->evs, &i), EVS_ERR_BAD_HANDLE);
	CHECK_IS(evs_finalize(s->evs), EVS_ERR_BAD_HANDLE);
}

UNUSED static void finalize_all(struct services *s)
{
	CHECK_IS(saClmFinalize(s->clm), SA_AIS_OK);
	CHECK_IS(saCkptFinalize(s->ckpt), SA_AIS_OK);
	CHECK_IS(saEvtFinalize(s->evt), SA_AIS_OK);
	CHECK_IS(evs_finalize(s->evs), EVS_OK);
	all_are_unknown(s);
}

/* The executive. */
UNUSED static void executive(int number)
{
	const char *text = getenv("AIS_TEST_EXECUTIVE");

	CHECK(text != NULL && atoi(text) > 1);
	CHECK_IS(kill((pid_t)atoi(text), number), 0);
}

/* Lets it go on whatever becomes of this process. */
UNUSED static void executive_goes_on(void)
{
	executive(SIGCONT);
}

/* Stops it, and comes back when it stands still. */
UNUSED static void stop_executive(void)
{
	double limit = seconds() + 10;
	char path[64], text[512];

	executive(SIGSTOP);
	snprintf(path, sizeof(path), "/proc/%s/stat", getenv("AIS_TEST_EXECUTIVE"));
	for (;;) {
		FILE *f = fopen(path, "r");
		size_t n = f == NULL ? 0 : fread(text, 1, sizeof(text) - 1, f);

		CHECK(f != NULL);
		fclose(f);
		text[n] = '\0';
		if (strstr(text, ") T ") != NULL)
			return;
		CHECK(seconds() < limit);
		usleep(1000);
	}
}

/* Until this process ends. */
UNUSED static void executive_stops(void)
{
	atexit(executive_goes_on);
	stop_executive();
}

/* The child must end by itself, with status 0, in time. Valgrind looks for leaks in
 * what was mapped in the parent word by word, with a signal for each that is not in
 * the child: a million for the memory of EVS. */
UNUSED static void child_ends_well(pid_t pid)
{
	double limit = seconds() + (getenv("AIS_TEST_SLOW") != NULL ? 70 : 20);
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds() > limit) {
			kill(pid, SIGKILL);
			fprintf(stderr, "the child hangs\n");
			_exit(1);
		}
		usleep(1000);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "the child ended with status %#x\n", (unsigned)status);
		_exit(1);
	}
}

#endif
