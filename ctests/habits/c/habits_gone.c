/*
 * habits_gone.c: the executive dies, with calls of every service under way, and
 * comes back; the program goes on. The test's driver starts it again.
 */
#include "habit.h"

enum { LIBRARY = SA_AIS_ERR_LIBRARY };

static struct services all;
static SaClmHandleT quiet; /* nobody is in Dispatch on it */
static SaClmHandleT idle;  /* nothing is under way on it */

static void *ask(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	CHECK_IS(saClmClusterNodeGet(all.clm, NODE, SA_TIME_MAX, &n), LIBRARY);
	return NULL;
}

static void *wait_for_turn(void *arg)
{
	usleep(50000);
	return ask(arg);
}

static void *ask_quietly(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	CHECK_IS(saClmClusterNodeGet(quiet, NODE, SA_TIME_MAX, &n), LIBRARY);
	return NULL;
}

static void *dispatch_clm(void *arg)
{
	(void)arg;
	CHECK_IS(saClmDispatch(all.clm, SA_DISPATCH_BLOCKING), LIBRARY);
	return NULL;
}

static void *dispatch_evt(void *arg)
{
	(void)arg;
	CHECK_IS(saEvtDispatch(all.evt, SA_DISPATCH_BLOCKING), LIBRARY);
	return NULL;
}

static void *dispatch_ckpt(void *arg)
{
	(void)arg;
	CHECK_IS(saCkptDispatch(all.ckpt, SA_DISPATCH_BLOCKING), LIBRARY);
	return NULL;
}

static void *dispatch_evs(void *arg)
{
	(void)arg;
	CHECK_IS(evs_dispatch(all.evs, EVS_DISPATCH_BLOCKING), EVS_ERR_LIBRARY);
	return NULL;
}

static void *write_checkpoint(void *arg)
{
	SaCkptIOVectorElementT io;

	(void)arg;
	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	CHECK_IS(saCkptCheckpointWrite(all.checkpoint, &io, 1, NULL), LIBRARY);
	return NULL;
}

/* From then on requests and answers go through memory. */
static void write_often(void)
{
	SaCkptIOVectorElementT io;
	int i, r;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	for (i = 0; i < 100; i++) {
		AGAIN(r, saCkptCheckpointWrite(all.checkpoint, &io, 1, NULL));
		CHECK_IS(r, SA_AIS_OK);
	}
}

static void *publish(void *arg)
{
	SaEvtEventIdT id;

	(void)arg;
	CHECK_IS(saEvtEventPublish(all.event, "abc", 3, &id), LIBRARY);
	return NULL;
}

/* What each function says afterwards. */
static void everything_says_library(int fd)
{
	SaClmClusterNodeT n;
	SaSelectionObjectT s;
	struct pollfd p;

	p.fd = fd;
	p.events = POLLIN;
	CHECK_IS(poll(&p, 1, 5000), 1); /* readable: somebody has to look */
	CHECK_IS(saClmClusterNodeGet(all.clm, NODE, SA_TIME_MAX, &n), LIBRARY);
	CHECK_IS(saClmSelectionObjectGet(all.clm, &s), LIBRARY);
	CHECK_IS(saClmClusterTrackStop(all.clm), LIBRARY);
	write_checkpoint(NULL);
	publish(NULL);
	dispatch_clm(NULL);
	dispatch_evt(NULL);
	dispatch_ckpt(NULL);
	dispatch_evs(NULL);
}

static void gone_and_back(void)
{
	void *(*const waits[])(void *) = {ask, wait_for_turn, ask_quietly, dispatch_clm, dispatch_evt, dispatch_ckpt, dispatch_evs,
		write_checkpoint, publish};
	enum { N = sizeof(waits) / sizeof(waits[0]) };
	struct services old;
	SaSelectionObjectT fd;
	SaClmHandleT h;
	pthread_t t[N];
	double limit;
	SaAisErrorT r;
	int i;

	start_all(&all);
	use_all(&all);
	write_often();
	quiet = start();
	idle = start();
	CHECK_IS(saClmSelectionObjectGet(all.clm, &fd), SA_AIS_OK);
	stop_executive();
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_create(&t[i], NULL, waits[i], NULL), 0);
	usleep(200000);
	limit = seconds() + 30;
	alarm(40); /* or it hangs */
	executive(SIGKILL);
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
	CHECK_IS(saClmClusterTrackStop(idle), LIBRARY);
	everything_says_library((int)fd);
	do {
		r = try_start(&h);
		CHECK(r == SA_AIS_OK || r == SA_AIS_ERR_TRY_AGAIN || r == SA_AIS_ERR_LIBRARY);
		CHECK(seconds() < limit);
		usleep(1000);
	} while (r != SA_AIS_OK);
	use(h);
	everything_says_library((int)fd); /* what was, does not come back */
	old = all;
	start_all(&all);
	use_all(&all);
	finalize_all(&old);
	CHECK_IS(saClmFinalize(quiet), SA_AIS_OK);
	CHECK_IS(saClmFinalize(idle), SA_AIS_OK);
	use_all(&all);
	finalize_all(&all);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {{"gone_and_back", gone_and_back, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
