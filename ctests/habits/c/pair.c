/*
 * pair.c: one half of a conversation between generations, over checkpoints, events
 * and EVS, with CLM beside it: compiled with the headers of A.01.01 (GEN_A) and
 * with those of B.01.01. The halves are two programs (ALONE), or two translation
 * units of one (BOTH: main is in the half of A).
 *
 * Each half says what it is, again and again, until it has heard the other say it
 * in all three ways.
 */
#include <netinet/in.h>
#include <stdint.h>
#include <sys/uio.h>

#include <evs.h>
#ifdef GEN_A
#include <ais_ckpt.h>
#include <ais_clm.h>
#include <ais_evt.h>
#define MINE "from a"
#define THEIRS "from b"
#define MY_SECTION "a"
#define THEIR_SECTION "b"
#define RELEASE 'A'
#define P(handle) &(handle)
#define PRIORITY EVS_PRIO_MED,
#define STEP pair_a_step
#define CREATE 0
#define FOREVER 0x7fffffffffffffffLL
#else
#include <saCkpt.h>
#include <saClm.h>
#include <saEvt.h>
#define MINE "from b"
#define THEIRS "from a"
#define MY_SECTION "b"
#define THEIR_SECTION "a"
#define RELEASE 'B'
#define P(handle) (handle)
#define PRIORITY
#define STEP pair_b_step
#define CREATE SA_CKPT_CHECKPOINT_CREATE
#define FOREVER SA_TIME_END
#endif

#include "test.h"

int pair_a_step(const char *key);
int pair_b_step(const char *key);

enum { OK = 1, AGAIN = 6, NOT_EXIST = 12, EXIST = 14, LENGTH = sizeof(MINE) - 1, SECONDS = 30 };

#define UNTIL(call, good) \
	do { \
		double until_ = seconds() + SECONDS; \
		int r_; \
		while ((r_ = (int)(call)) == AGAIN && seconds() < until_) \
			usleep(5000); \
		if (!(r_ == OK || (good))) \
			CHECK_IS(r_, OK); \
	} while (0)

static SaClmHandleT clm;
static SaCkptHandleT ckpt;
static SaCkptCheckpointHandleT checkpoint;
static SaEvtHandleT evt;
static SaEvtChannelHandleT channel;
static SaEvtEventHandleT event;
static evs_handle_t evs;
static int begun, heard_event, heard_message, heard_section, steps_after;

static void on_event(SaEvtSubscriptionIdT subscription, SaEvtEventHandleT e, SaSizeT size)
{
	char data[LENGTH];
	SaSizeT n = sizeof(data);

	CHECK_IS(subscription, 7);
	CHECK_IS(size, LENGTH);
	CHECK_IS(saEvtEventDataGet(e, data, &n), OK);
	heard_event |= memcmp(data, THEIRS, LENGTH) == 0;
	CHECK_IS(saEvtEventFree(e), OK);
}

#ifdef GEN_A
static void on_message(struct in_addr from, void *message, int size)
#else
static void on_message(unsigned int from, void *message, int size)
#endif
{
	(void)from;
	CHECK_IS(size, LENGTH);
	heard_message |= memcmp(message, THEIRS, LENGTH) == 0;
}

static void begin(const char *key)
{
	SaVersionT v = {RELEASE, 1, 1};
	SaEvtCallbacksT evt_callbacks = {NULL, on_event};
	SaCkptCallbacksT no_ckpt = {NULL, NULL};
	SaClmCallbacksT no_clm = {NULL, NULL};
	evs_callbacks_t evs_callbacks = {on_message, NULL};
	SaCkptCheckpointCreationAttributesT a;
	SaEvtEventFilterT f;
	SaEvtEventFilterArrayT all;
	struct evs_group group;
	SaNameT name;

	memset(&name, 0, sizeof(name));
	name.length = (SaUint16T)snprintf((char *)name.value, sizeof(name.value), "%s", key);
	memset(&a, 0, sizeof(a));
	a.creationFlags = SA_CKPT_WR_ALL_REPLICAS;
	a.checkpointSize = 4000;
	a.maxSections = 4;
	a.maxSectionSize = 1000;
	a.maxSectionIdSize = 8;
	memset(&f, 0, sizeof(f));
	memset(&all, 0, sizeof(all));
	f.filterType = SA_EVT_PASS_ALL_FILTER;
	all.filtersNumber = 1;
	all.filters = &f;
	memset(&group, 0, sizeof(group));
	snprintf(group.key, sizeof(group.key), "%s", key);
	UNTIL(saClmInitialize(&clm, &no_clm, &v), 0);
	UNTIL(saCkptInitialize(&ckpt, &no_ckpt, &v), 0);
#ifdef GEN_A
	UNTIL(saCkptCheckpointOpen(&name, &a, SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE, SECONDS * 1000000000LL, &checkpoint), 0);
#else
	UNTIL(saCkptCheckpointOpen(ckpt, &name, &a, SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | CREATE,
		SECONDS * SA_TIME_ONE_SECOND, &checkpoint), 0);
#endif
	UNTIL(saEvtInitialize(&evt, &evt_callbacks, &v), 0);
	UNTIL(saEvtChannelOpen(evt, &name, SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER | SA_EVT_CHANNEL_CREATE,
		SECONDS * 1000000000LL, &channel), 0);
	UNTIL(saEvtEventSubscribe(channel, &all, 7), 0);
	UNTIL(saEvtEventAllocate(channel, &event), 0);
	UNTIL(evs_initialize(&evs, &evs_callbacks), 0);
	UNTIL(evs_join(P(evs), &group, 1), 0);
	begun = 1;
}

static SaCkptSectionIdT section(const char *id)
{
	SaCkptSectionIdT s;

	memset(&s, 0, sizeof(s));
	s.id = (SaUint8T *)(uintptr_t)id;
	s.idLen = 1;
	return s;
}

static void say(void)
{
	SaCkptSectionIdT mine = section(MY_SECTION);
	SaCkptSectionCreationAttributesT a;
	SaEvtEventIdT id;
	struct iovec v;

	a.sectionId = &mine;
	a.expirationTime = (SaTimeT)FOREVER;
	UNTIL(saCkptSectionCreate(P(checkpoint), &a, MINE, LENGTH), r_ == EXIST);
	UNTIL(saEvtEventPublish(event, MINE, LENGTH, &id), 0);
	v.iov_base = (void *)MINE;
	v.iov_len = LENGTH;
	UNTIL(evs_mcast_joined(P(evs), EVS_TYPE_AGREED, PRIORITY &v, 1), 0);
}

static void hear(void)
{
	SaCkptIOVectorElementT io;
	SaClmClusterNodeT node;
	SaUint32T wrong;
	char data[LENGTH];
	int r;

	memset(&io, 0, sizeof(io));
	io.sectionId = section(THEIR_SECTION);
	io.dataBuffer = data;
	io.dataSize = sizeof(data);
	r = (int)saCkptCheckpointRead(P(checkpoint), &io, 1, &wrong);
	heard_section |= r == OK && io.readSize == LENGTH && memcmp(data, THEIRS, LENGTH) == 0;
	CHECK_IS(saEvtDispatch(evt, SA_DISPATCH_ALL), OK);
	CHECK_IS(evs_dispatch(P(evs), EVS_DISPATCH_ALL), OK);
#ifdef GEN_A
	UNTIL(saClmClusterNodeGet(SA_CLM_LOCAL_NODE_ID, SECONDS * 1000000000LL, &node), 0);
	CHECK(memcmp(node.clusterName.value, "test", 4) == 0);
#else
	UNTIL(saClmClusterNodeGet(clm, SA_CLM_LOCAL_NODE_ID, SECONDS * SA_TIME_ONE_SECOND, &node), 0);
	CHECK(node.initialViewNumber > 0);
#endif
	CHECK(memcmp(node.nodeName.value, "node1", 5) == 0);
}

static void end(void)
{
	UNTIL(saCkptCheckpointClose(P(checkpoint)), 0);
	UNTIL(saCkptFinalize(P(ckpt)), 0);
	UNTIL(saEvtFinalize(evt), 0);
	UNTIL(saClmFinalize(P(clm)), 0);
	UNTIL(evs_finalize(P(evs)), 0);
	begun = -1;
}

/* True when everything was heard and said; some steps more, for the other half. */
int STEP(const char *key)
{
	if (begun < 0)
		return 1;
	if (!begun)
		begin(key);
	hear();
	say();
	if (!heard_event || !heard_message || !heard_section || ++steps_after < 50)
		return 0;
	end();
	return 1;
}

#if defined(ALONE) || defined(BOTH)
int main(int argc, char **argv)
{
	double limit = seconds() + SECONDS;

	CHECK_IS(argc, 2);
	for (;;) {
		int done = STEP(argv[1]);

#ifdef BOTH
		done &= pair_b_step(argv[1]);
#endif
		if (done)
			return 0;
		CHECK(seconds() < limit);
		usleep(5000);
	}
}
#endif
