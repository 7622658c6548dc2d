/*
 * habit.h: what the tests of legacy habits share: a CLM handle, one call on it,
 * what a child answers.
 */
#ifndef CAPI_HABIT_H
#define CAPI_HABIT_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include <saClm.h>

#include "test.h"

enum {
	ORDER_DELAY = 0xFD000000,
	ORDER_NEVER = 0xFD100000,
	ORDER_CALLBACKS = 0xFD200000
};

__attribute__((unused)) static int callbacks_run;

__attribute__((unused)) static void on_track(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	CHECK(b->numberOfItems == 3 && members == 3 && error == SA_AIS_OK);
	__atomic_add_fetch(&callbacks_run, 1, __ATOMIC_RELAXED);
}

__attribute__((unused)) static SaAisErrorT try_start(SaClmHandleT *h)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {NULL, on_track};

	return saClmInitialize(h, &k, &v);
}

__attribute__((unused)) static SaClmHandleT start(void)
{
	SaClmHandleT h;

	CHECK_IS(try_start(&h), SA_AIS_OK);
	return h;
}

__attribute__((unused)) static void use(SaClmHandleT h)
{
	SaClmClusterNodeT n;

	CHECK_IS(saClmClusterNodeGet(h, 2, 10 * SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(n.nodeId, 2);
}

/* The child must end by itself, with status 0, within ten seconds. */
__attribute__((unused)) static void child_ends_well(pid_t pid)
{
	double limit = seconds() + 10;
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
