/*
 * Tracks the cluster membership and writes each view, with the time it was told,
 * at once to standard output:  V ns view=N members=N m=address,...
 * Both generations.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_clm.h>
#define OK SA_OK
#define AGAIN SA_ERR_TRY_AGAIN
#else
#include <saAis.h>
#include <saClm.h>
#define OK SA_AIS_OK
#define AGAIN SA_AIS_ERR_TRY_AGAIN
#endif

#define MAX_ITEMS 256

static volatile sig_atomic_t finish;

static void on_signal(int sig)
{
	(void)sig;
	finish = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void show(uint64_t at, unsigned long long view, unsigned long members,
		 const SaClmClusterNotificationT *items, unsigned long count)
{
	static char line[MAX_ITEMS * 64 + 128];
	char *p = line;
	unsigned long i;
	int first = 1;

	p += sprintf(p, "V %llu view=%llu members=%lu m=", (unsigned long long)at, view, members);
	for (i = 0; i < count && i < MAX_ITEMS; i++) {
		const SaClmClusterNodeT *n = &items[i].clusterNode;

#ifdef GENERATION_A
		if (items[i].clusterChanges == SA_CLM_NODE_LEFT)
			continue;
#else
		if (items[i].clusterChange == SA_CLM_NODE_LEFT)
			continue;
#endif
		p += sprintf(p, "%s%.*s", first ? "" : ",", n->nodeName.length > 40 ? 40 : (int)n->nodeName.length,
			     (const char *)n->nodeName.value);
		first = 0;
	}
	*p++ = '\n';
	if (write(1, line, (size_t)(p - line)) != p - line)
		finish = 1;
}

#ifdef GENERATION_A
static SaClmClusterNotificationT buffer[MAX_ITEMS];

static void on_track(SaClmClusterNotificationT *items, SaUint32T count, SaUint32T members,
		     SaUint64T view, SaErrorT error)
{
	if (error == OK)
		show(now_ns(), view, members, items, count);
}
#else
static void on_track(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	if (error == OK)
		show(now_ns(), b->viewNumber, members, b->notification, b->numberOfItems);
}
#endif

int main(void)
{
	SaClmCallbacksT callbacks;
	SaVersionT version;
	SaClmHandleT h;
	SaSelectionObjectT fd;
	struct sigaction sa;
	struct pollfd pfd;
	int e;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigaction(SIGTERM, &sa, NULL);
	memset(&callbacks, 0, sizeof callbacks);
	callbacks.saClmClusterTrackCallback = on_track;
	for (;;) {
		memset(&version, 0, sizeof version);
#ifdef GENERATION_A
		version.releaseCode = 'A';
		version.major = 1;
		version.minor = 1;
#else
		version.releaseCode = 'B';
		version.majorVersion = 1;
		version.minorVersion = 1;
#endif
		e = (int)saClmInitialize(&h, &callbacks, &version);
		if (e != (int)AGAIN || finish)
			break;
		usleep(2000);
	}
	if (e != (int)OK) {
		printf("dead initialize %d\n", e);
		return 3;
	}
	do {
#ifdef GENERATION_A
		e = (int)saClmClusterTrackStart(&h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, buffer, MAX_ITEMS);
#else
		e = (int)saClmClusterTrack(h, SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL);
#endif
		if (e == (int)AGAIN)
			usleep(2000);
	} while (e == (int)AGAIN && !finish);
	if (e != (int)OK) {
		printf("dead track %d\n", e);
		return 3;
	}
#ifdef GENERATION_A
	e = (int)saClmSelectionObjectGet(&h, &fd);
#else
	e = (int)saClmSelectionObjectGet(h, &fd);
#endif
	if (e != (int)OK) {
		printf("dead selection object %d\n", e);
		return 3;
	}
	pfd.fd = (int)fd;
	pfd.events = POLLIN;
	while (!finish) {
		pfd.revents = 0;
		if (poll(&pfd, 1, 200) < 0 && errno != EINTR)
			return 66;
		if (!pfd.revents)
			continue;
#ifdef GENERATION_A
		e = (int)saClmDispatch(&h, SA_DISPATCH_ALL);
#else
		e = (int)saClmDispatch(h, SA_DISPATCH_ALL);
#endif
		if (e != (int)OK && e != (int)AGAIN) {
			printf("dead dispatch %d\n", e);
			return 3;
		}
	}
#ifdef GENERATION_A
	saClmFinalize(&h);
#else
	saClmFinalize(h);
#endif
	return 0;
}
