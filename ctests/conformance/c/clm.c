/*
 * Every documented result of every CLM function, generation A.01.01 (built with
 * GENERATION_A) and B.01.01. The rows and what they must give are in
 * ../errors.tsv.
 */
#include "conf.h"

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_clm.h>
#define ID(x) "clm.a." x
#define OK SA_OK
#define E(x) SA_ERR_##x
#define ENAME(x) "SA_ERR_" #x
#define OKNAME "SA_OK"
#define H(h) (&(h))
#define NODEGET(h, id, t, n) ((void)(h), saClmClusterNodeGet(id, t, n))
#define ASYNC(h, inv, id) saClmClusterNodeGetAsync(&(h), inv, id, &async_node)
#define TRACK(h, flags) saClmClusterTrackStart(&(h), flags, items, ITEMS)
#define HANDLE(x) (x)
typedef SaErrorT error_t_;
#else
#include <saAis.h>
#include <saClm.h>
#define ID(x) "clm.b." x
#define OK SA_AIS_OK
#define E(x) SA_AIS_ERR_##x
#define ENAME(x) "SA_AIS_ERR_" #x
#define OKNAME "SA_AIS_OK"
#define H(h) (h)
#define NODEGET(h, id, t, n) saClmClusterNodeGet(h, id, t, n)
#define ASYNC(h, inv, id) saClmClusterNodeGetAsync(h, inv, id)
#define TRACK(h, flags) saClmClusterTrack(h, flags, NULL)
#define HANDLE(x) (x)
typedef SaAisErrorT error_t_;
#endif

#define ITEMS 64
#define SECOND 1000000000LL

static SaClmClusterNotificationT items[ITEMS];
#ifdef GENERATION_A
static SaClmClusterNodeT async_node;
#endif

/* What the callbacks saw. */
static int tracks, nodes, node_error, track_error;
static unsigned long track_items, track_members;
static long long node_invocation;
static SaClmClusterNodeT node_seen;
static SaClmHandleT *finalize_in_callback;

static void seen_track(unsigned long count, unsigned long members, int error)
{
	tracks++;
	track_items = count;
	track_members = members;
	track_error = error;
	if (finalize_in_callback) {
		SaClmHandleT h = *finalize_in_callback;

		finalize_in_callback = NULL;
		if (saClmFinalize(H(h)) != OK)
			wrong("finalize inside a callback");
	}
}

#ifdef GENERATION_A
static void on_node(SaInvocationT invocation, SaClmClusterNodeT *node, SaErrorT error)
{
	nodes++;
	node_invocation = invocation;
	node_error = (int)error;
	if (error == OK)
		node_seen = *node;
	if (node != &async_node)
		wrong("the answer is not where it was asked for");
}

static void on_track(SaClmClusterNotificationT *buffer, SaUint32T count, SaUint32T members,
		     SaUint64T view, SaErrorT error)
{
	(void)view;
	if (buffer != items)
		wrong("the view is not in the array it was asked for");
	seen_track(count, members, (int)error);
}

static SaVersionT version_of(char release, int major, int minor)
{
	SaVersionT v;

	v.releaseCode = release;
	v.major = (SaUint8T)major;
	v.minor = (SaUint8T)minor;
	return v;
}
#define VERSION version_of('A', 1, 1)
#else
static void on_node(SaInvocationT invocation, const SaClmClusterNodeT *node, SaAisErrorT error)
{
	nodes++;
	node_invocation = (long long)invocation;
	node_error = (int)error;
	if (error == OK)
		node_seen = *node;
}

static void on_track(const SaClmClusterNotificationBufferT *buffer, SaUint32T members, SaAisErrorT error)
{
	seen_track(buffer->numberOfItems, members, (int)error);
}

static SaVersionT version_of(char release, int major, int minor)
{
	SaVersionT v;

	v.releaseCode = (SaUint8T)release;
	v.majorVersion = (SaUint8T)major;
	v.minorVersion = (SaUint8T)minor;
	return v;
}
#define VERSION version_of('B', 1, 1)
#endif

static const SaClmCallbacksT callbacks = {on_node, on_track};
static const SaClmCallbacksT no_callbacks = {NULL, NULL};

static int init_with(const SaClmCallbacksT *c, char release, int major, int minor)
{
	SaClmHandleT h;
	SaVersionT v = version_of(release, major, minor);

	return (int)saClmInitialize(&h, c, &v);
}

static int open_with(SaClmHandleT *h, const SaClmCallbacksT *c)
{
	SaVersionT v = VERSION;

	return (int)saClmInitialize(h, c, &v);
}

static int stale(SaClmHandleT *h)
{
	must(open_with(h, &callbacks), OK);
	must(saClmFinalize(H(*h)), OK);
	return 0;
}

static int dead(SaClmHandleT *h)
{
	must(open_with(h, &callbacks), OK);
	ask("KILL");
	return 0;
}

/* --- saClmInitialize --- */

#ifdef GENERATION_A
#define RELEASE 'A'
#else
#define RELEASE 'B'
#endif

static int init_ok(void) { return init_with(&callbacks, RELEASE, 1, 1); }
static int init_release_higher(void) { return init_with(&callbacks, RELEASE + 1, 1, 1); }
static int init_release_lower(void) { return init_with(&callbacks, RELEASE - 1, 1, 1); }
static int init_major_higher(void) { return init_with(&callbacks, RELEASE, 2, 1); }
static int init_major_zero(void) { return init_with(&callbacks, RELEASE, 0, 1); }
static int init_minor_other(void) { return init_with(&callbacks, RELEASE, 1, 7); }
static int init_callbacks_null(void) { return init_with(NULL, RELEASE, 1, 1); }
static int init_callbacks_empty(void) { return init_with(&no_callbacks, RELEASE, 1, 1); }

static int init_handle_null(void)
{
	SaVersionT v = VERSION;

	return (int)saClmInitialize(NULL, &callbacks, &v);
}

static int init_version_null(void)
{
	SaClmHandleT h;

	return (int)saClmInitialize(&h, &callbacks, NULL);
}

static int init_handle_and_version_null(void) { return (int)saClmInitialize(NULL, &callbacks, NULL); }

static int init_callbacks_and_version_null(void)
{
	SaClmHandleT h;

	return (int)saClmInitialize(&h, NULL, NULL);
}

static int init_one_callback_null(void)
{
	SaClmCallbacksT c = callbacks;
	int e;

	c.saClmClusterNodeGetCallback = NULL;
	if ((e = init_with(&c, RELEASE, 1, 1)) != OK)
		return e;
	c = callbacks;
	c.saClmClusterTrackCallback = NULL;
	return init_with(&c, RELEASE, 1, 1);
}

static int init_repeated(void)
{
	SaClmHandleT h[20];
	SaSelectionObjectT fd;
	int i, j, e;

	for (i = 0; i < 20; i++)
		if ((e = open_with(&h[i], &callbacks)) != OK)
			return e;
	for (i = 0; i < 20; i++) {
		for (j = 0; j < i; j++)
			check(h[i] != h[j]);
		if ((e = (int)saClmSelectionObjectGet(H(h[i]), &fd)) != OK)
			return e;
	}
	for (i = 0; i < 20; i++)
		if ((e = (int)saClmFinalize(H(h[i]))) != OK)
			return e;
	return OK;
}

static int version_written(char release, int major, int minor)
{
	SaVersionT v = version_of(release, major, minor);
	SaClmHandleT h;
	int e = (int)saClmInitialize(&h, &callbacks, &v);

#ifdef GENERATION_A
	check(v.releaseCode == release && v.major == major && v.minor == minor); /* never written */
#else
	check(v.releaseCode == 'B' && v.majorVersion == 1 && v.minorVersion == 1);
#endif
	return e;
}

static int init_version_rejected(void) { return version_written(RELEASE + 1, 3, 4); }
static int init_version_accepted(void)
{
#ifdef GENERATION_A
	return version_written('A', 1, 1);
#else
	return version_written('B', 1, 9);
#endif
}

static int init_no_executive(void) { return init_ok(); }
static int init_refused(void) { return init_ok(); }

static int init_rude_server(void)
{
	must(start_rude_server(0), 0);
	return init_ok();
}

static int init_garbage(void)
{
	must(start_rude_server(1), 0);
	return init_ok();
}

static int init_no_room(void)
{
	small_address_space();
	return init_ok();
}

#ifdef GENERATION_A
static int init_release_small(void) { return init_with(&callbacks, 'a', 1, 1); }
#endif

/* --- saClmSelectionObjectGet --- */

static int object_of(SaClmHandleT h)
{
	SaSelectionObjectT fd;

	return (int)saClmSelectionObjectGet(H(h), &fd);
}

static int object_ok(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int e;

	must(open_with(&h, &callbacks), OK);
	if ((e = (int)saClmSelectionObjectGet(H(h), &fd)) != OK)
		return e;
	check(!readable((int)fd, 50));
	must(ASYNC(h, 1, SA_CLM_LOCAL_NODE_ID), OK);
	check(readable((int)fd, 2000));
	must(saClmDispatch(H(h), SA_DISPATCH_ALL), OK);
	check(nodes == 1);
	check(!readable((int)fd, 50));
	return e;
}

static int object_zero(void) { return object_of(HANDLE(0x7f)); }
static int object_arbitrary(void) { return object_of((SaClmHandleT)0x12345678); }

static int object_stale(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return object_of(h);
}

static int object_null(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saClmSelectionObjectGet(H(h), NULL);
}

static int object_bad_and_null(void)
{
	SaClmHandleT h = (SaClmHandleT)0x12345678;

	return (int)saClmSelectionObjectGet(H(h), NULL);
}

static int object_dead(void)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return object_of(h);
}

static int object_readable_when_dead(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;

	must(open_with(&h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(h), &fd), OK);
	check(!readable((int)fd, 20));
	ask("KILL");
	check(readable((int)fd, 2000));
	return (int)saClmDispatch(H(h), SA_DISPATCH_ALL);
}

/* --- saClmDispatch --- */

static int dispatch_of(SaClmHandleT h) { return (int)saClmDispatch(H(h), SA_DISPATCH_ALL); }

/* Three answers pending. */
static int pending(SaClmHandleT *h, SaSelectionObjectT *fd)
{
	int i;
	double end = seconds() + 2;

	must(open_with(h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(*h), fd), OK);
	for (i = 0; i < 3; i++)
		must(ASYNC(*h, i, SA_CLM_LOCAL_NODE_ID), OK);
	while (!readable((int)*fd, 10) && seconds() < end)
		;
	usleep(100000);
	return 0;
}

static int dispatch_one(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int i, e = OK;

	must(pending(&h, &fd), 0);
	for (i = 0; i < 3 && e == OK; i++) {
		check(readable((int)fd, 0));
		e = (int)saClmDispatch(H(h), SA_DISPATCH_ONE);
		check(nodes == i + 1 && node_invocation == i);
	}
	check(!readable((int)fd, 0));
	return e;
}

static int dispatch_all(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int e;

	must(pending(&h, &fd), 0);
	e = (int)saClmDispatch(H(h), SA_DISPATCH_ALL);
	check(nodes == 3);
	return e;
}

static int dispatch_nothing(SaDispatchFlagsT flag)
{
	SaClmHandleT h;
	double began;
	int e;

	must(open_with(&h, &callbacks), OK);
	began = seconds();
	e = (int)saClmDispatch(H(h), flag);
	check(seconds() - began < 5);
	check(nodes == 0 && tracks == 0);
	return e;
}

static int dispatch_one_nothing(void) { return dispatch_nothing(SA_DISPATCH_ONE); }
static int dispatch_all_nothing(void) { return dispatch_nothing(SA_DISPATCH_ALL); }

static int dispatch_flag(int flag)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saClmDispatch(H(h), (SaDispatchFlagsT)flag);
}

static int dispatch_flag_zero(void) { return dispatch_flag(0); }
static int dispatch_flag_large(void) { return dispatch_flag(0x7fffffff); }
static int dispatch_arbitrary(void) { return dispatch_of((SaClmHandleT)0x12345678); }

static int dispatch_stale(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return dispatch_of(h);
}

static int dispatch_dead_with(SaDispatchFlagsT flag)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return (int)saClmDispatch(H(h), flag);
}

static int dispatch_dead_one(void) { return dispatch_dead_with(SA_DISPATCH_ONE); }
static int dispatch_dead_all(void) { return dispatch_dead_with(SA_DISPATCH_ALL); }
static int dispatch_dead_blocking(void) { return dispatch_dead_with(SA_DISPATCH_BLOCKING); }

struct blocked {
	SaClmHandleT h;
	int result;
};

static void *block(void *arg)
{
	struct blocked *b = arg;

	b->result = (int)saClmDispatch(H(b->h), SA_DISPATCH_BLOCKING);
	return NULL;
}

static int dispatch_blocked_finalize(void)
{
	struct blocked b;
	pthread_t t;

	must(open_with(&b.h, &callbacks), OK);
	must(pthread_create(&t, NULL, block, &b), 0);
	must(ASYNC(b.h, 5, SA_CLM_LOCAL_NODE_ID), OK);
	usleep(200000);
	check(nodes == 1 && node_invocation == 5);
	must(saClmFinalize(H(b.h)), OK);
	must(pthread_join(t, NULL), 0);
	return b.result;
}

static int dispatch_blocked_dead(void)
{
	struct blocked b;
	pthread_t t;

	must(open_with(&b.h, &callbacks), OK);
	must(pthread_create(&t, NULL, block, &b), 0);
	usleep(100000);
	ask("KILL");
	must(pthread_join(t, NULL), 0);
	return b.result;
}

/* --- saClmFinalize --- */

static int finalize_ok(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saClmFinalize(H(h));
}

static int finalize_arbitrary(void)
{
	SaClmHandleT h = (SaClmHandleT)0x12345678;

	return (int)saClmFinalize(H(h));
}

static int finalize_twice(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return (int)saClmFinalize(H(h));
}

static int finalize_dead(void)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return (int)saClmFinalize(H(h));
}

static int finalize_descriptor(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	struct pollfd p;
	int e;

	must(open_with(&h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(h), &fd), OK);
	e = (int)saClmFinalize(H(h));
	p.fd = (int)fd;
	p.events = POLLIN;
	p.revents = 0;
	check(poll(&p, 1, 0) == 1 && (p.revents & POLLNVAL));
	return e;
}

static int finalize_in_a_callback(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;

	must(open_with(&h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(h), &fd), OK);
	must(TRACK(h, SA_TRACK_CURRENT | SA_TRACK_CHANGES), OK);
	check(readable((int)fd, 2000));
	finalize_in_callback = &h;
	must(saClmDispatch(H(h), SA_DISPATCH_ALL), OK);
	check(tracks == 1);
	/* The handle went in the callback. */
	return (int)saClmFinalize(H(h));
}

/* Calls of four threads on one handle while a fifth finalizes it. */
struct storm {
	SaClmHandleT h;
	int bad;
};

static void *storm_calls(void *arg)
{
	struct storm *s = arg;
	SaSelectionObjectT fd;
	int i, k, e[4];

	for (i = 0; i < 200000; i++) {
		e[0] = (int)saClmSelectionObjectGet(H(s->h), &fd);
		e[1] = (int)saClmDispatch(H(s->h), SA_DISPATCH_ALL);
		e[2] = (int)saClmClusterTrackStop(H(s->h));
		e[3] = (int)ASYNC(s->h, 1, SA_CLM_LOCAL_NODE_ID);
		for (k = 0; k < 4; k++)
			if (e[k] != OK && e[k] != E(BAD_HANDLE) && !(k == 2 && e[k] == E(NOT_EXIST)) &&
			    !(k == 3 && e[k] == E(TRY_AGAIN))) {
				wrong("call %d gave %d", k, e[k]);
				s->bad = 1;
				return NULL;
			}
		if (e[0] == E(BAD_HANDLE))
			return NULL;
	}
	s->bad = 1;
	wrong("the handle never became bad");
	return NULL;
}

static int finalize_storm(void)
{
	struct storm s;
	pthread_t t[4];
	int round, i, e = OK;

	for (round = 0; round < 20 && e == OK; round++) {
		s.bad = 0;
		must(open_with(&s.h, &callbacks), OK);
		for (i = 0; i < 4; i++)
			must(pthread_create(&t[i], NULL, storm_calls, &s), 0);
		usleep((useconds_t)(round * 500));
		e = (int)saClmFinalize(H(s.h));
		for (i = 0; i < 4; i++)
			must(pthread_join(t[i], NULL), 0);
		check(!s.bad);
	}
	return e;
}

/* --- saClmClusterTrackStop --- */

static int stop_after(int flags)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	must(TRACK(h, (SaUint8T)flags), OK);
	return (int)saClmClusterTrackStop(H(h));
}

static int stop_changes(void) { return stop_after(SA_TRACK_CHANGES); }
static int stop_changes_only(void) { return stop_after(SA_TRACK_CHANGES_ONLY); }
static int stop_current(void) { return stop_after(SA_TRACK_CURRENT); }

static int stop_second(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	must(TRACK(h, SA_TRACK_CHANGES), OK);
	must(saClmClusterTrackStop(H(h)), OK);
	return (int)saClmClusterTrackStop(H(h));
}

static int stop_none(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saClmClusterTrackStop(H(h));
}

static int stop_arbitrary(void)
{
	SaClmHandleT h = (SaClmHandleT)0x12345678;

	return (int)saClmClusterTrackStop(H(h));
}

static int stop_stale(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return (int)saClmClusterTrackStop(H(h));
}

static int stop_dead(void)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return (int)saClmClusterTrackStop(H(h));
}

/* --- saClmClusterNodeGet --- */

static int get(SaClmNodeIdT id, SaTimeT timeout)
{
	SaClmHandleT h;
	SaClmClusterNodeT n;
	int e;

	memset(&n, 0, sizeof n);
	must(open_with(&h, &callbacks), OK);
	e = (int)NODEGET(h, id, timeout, &n);
	if (e == OK) {
		check(n.member == SA_TRUE);
		check(n.nodeName.length > 0);
		check(n.nodeId != 0);
		check(n.nodeAddress.length == 4);
		check(n.bootTimestamp > 1000000000LL * SECOND);
	}
	return e;
}

static int get_local(void) { return get(SA_CLM_LOCAL_NODE_ID, SECOND); }
static int get_timeout_zero(void) { return get(SA_CLM_LOCAL_NODE_ID, 0); }
static int get_timeout_negative(void) { return get(SA_CLM_LOCAL_NODE_ID, -1); }
static int get_timeout_longest(void) { return get(SA_CLM_LOCAL_NODE_ID, 0x7fffffffffffffffLL); }
static int get_unknown(void) { return get(0x7fffff01, SECOND); }

static int get_by_id(void)
{
	SaClmHandleT h;
	SaClmClusterNodeT n, m;
	int e;

	must(open_with(&h, &callbacks), OK);
	must(NODEGET(h, SA_CLM_LOCAL_NODE_ID, SECOND, &n), OK);
	e = (int)NODEGET(h, n.nodeId, SECOND, &m);
	check(e != OK || (m.nodeId == n.nodeId && m.nodeName.length == n.nodeName.length &&
			  !memcmp(m.nodeName.value, n.nodeName.value, n.nodeName.length)));
	return e;
}

static int get_null(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)NODEGET(h, SA_CLM_LOCAL_NODE_ID, SECOND, NULL);
}

static int get_stopped(void)
{
	SaClmHandleT h;
	SaClmClusterNodeT n;
	double began;
	int e;

	must(open_with(&h, &callbacks), OK);
	ask("STOP");
	began = seconds();
	e = (int)NODEGET(h, SA_CLM_LOCAL_NODE_ID, SECOND / 5, &n);
	check(seconds() - began > 0.19 && seconds() - began < 10);
	ask("CONT");
	/* The late answer to the call that was given up confuses nobody. */
	must(NODEGET(h, SA_CLM_LOCAL_NODE_ID, 5 * SECOND, &n), OK);
	return e;
}

#ifdef GENERATION_A
static int get_no_executive(void)
{
	SaClmClusterNodeT n;

	return (int)saClmClusterNodeGet(SA_CLM_LOCAL_NODE_ID, SECOND, &n);
}

static int get_without_handle(void)
{
	SaClmClusterNodeT n;

	return (int)saClmClusterNodeGet(SA_CLM_LOCAL_NODE_ID, SECOND, &n);
}
#else
static int get_arbitrary(void)
{
	SaClmClusterNodeT n;

	return (int)saClmClusterNodeGet(0x12345678, SA_CLM_LOCAL_NODE_ID, SECOND, &n);
}

static int get_stale(void)
{
	SaClmHandleT h;
	SaClmClusterNodeT n;

	must(stale(&h), 0);
	return (int)saClmClusterNodeGet(h, SA_CLM_LOCAL_NODE_ID, SECOND, &n);
}

static int get_dead(void)
{
	SaClmHandleT h;
	SaClmClusterNodeT n;

	must(dead(&h), 0);
	return (int)saClmClusterNodeGet(h, SA_CLM_LOCAL_NODE_ID, SECOND, &n);
}

static void *get_slowly(void *arg)
{
	struct blocked *b = arg;
	SaClmClusterNodeT n;

	b->result = (int)saClmClusterNodeGet(b->h, SA_CLM_LOCAL_NODE_ID, 20 * SECOND, &n);
	return NULL;
}

static int get_finalized_meanwhile(void)
{
	struct blocked b;
	pthread_t t;
	double began;

	must(open_with(&b.h, &callbacks), OK);
	ask("STOP");
	must(pthread_create(&t, NULL, get_slowly, &b), 0);
	usleep(200000);
	began = seconds();
	must(saClmFinalize(b.h), OK);
	must(pthread_join(t, NULL), 0);
	check(seconds() - began < 10);
	ask("CONT");
	return b.result;
}
#endif

/* --- saClmClusterNodeGetAsync --- */

static int async_with(SaClmNodeIdT id, long long invocation, int *told)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int e;

	must(open_with(&h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(h), &fd), OK);
	e = (int)ASYNC(h, (SaInvocationT)invocation, id);
	if (e != OK)
		return e;
	check(readable((int)fd, 2000));
	must(saClmDispatch(H(h), SA_DISPATCH_ALL), OK);
	check(nodes == 1 && node_invocation == invocation);
	*told = node_error;
	return e;
}

static int async_ok(void)
{
	int told = 0, e = async_with(SA_CLM_LOCAL_NODE_ID, 77, &told);

	check(told == OK && node_seen.member == SA_TRUE && node_seen.nodeName.length > 0);
	return e;
}

static int async_told(void)
{
	int told = 0;

	must(async_with(SA_CLM_LOCAL_NODE_ID, 77, &told), OK);
	return told;
}

static int async_invocation_zero(void)
{
	int told = 0;

	return async_with(SA_CLM_LOCAL_NODE_ID, 0, &told);
}

static int async_unknown(void)
{
	int told = 0;

	return async_with(0x7fffff01, 5, &told);
}

static int async_unknown_told(void)
{
	int told = 0;

	must(async_with(0x7fffff01, 5, &told), OK);
	return told;
}

static int async_no_callback(void)
{
	SaClmHandleT h;

	must(open_with(&h, &no_callbacks), OK);
	return (int)ASYNC(h, 1, SA_CLM_LOCAL_NODE_ID);
}

static int async_arbitrary(void)
{
	SaClmHandleT h = (SaClmHandleT)0x12345678;

	return (int)ASYNC(h, 1, SA_CLM_LOCAL_NODE_ID);
}

static int async_stale(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return (int)ASYNC(h, 1, SA_CLM_LOCAL_NODE_ID);
}

static int async_dead(void)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return (int)ASYNC(h, 1, SA_CLM_LOCAL_NODE_ID);
}

/* --- saClmClusterTrack, saClmClusterTrackStart --- */

static int track_flags(int flags)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)TRACK(h, (SaUint8T)flags);
}

static int track_both(void) { return track_flags(SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY); }
static int track_zero(void) { return track_flags(0); }
static int track_undefined(void) { return track_flags(0x80); }
static int track_undefined_too(void) { return track_flags(SA_TRACK_CURRENT | 0x80); }

static int track_no_callback(int flags)
{
	SaClmHandleT h;

	must(open_with(&h, &no_callbacks), OK);
	return (int)TRACK(h, (SaUint8T)flags);
}

static int track_changes_no_callback(void) { return track_no_callback(SA_TRACK_CHANGES); }
static int track_only_no_callback(void) { return track_no_callback(SA_TRACK_CHANGES_ONLY); }

static int track_arbitrary(void)
{
	SaClmHandleT h = (SaClmHandleT)0x12345678;

	return (int)TRACK(h, SA_TRACK_CURRENT);
}

static int track_stale(void)
{
	SaClmHandleT h;

	must(stale(&h), 0);
	return (int)TRACK(h, SA_TRACK_CURRENT);
}

static int track_dead(void)
{
	SaClmHandleT h;

	must(dead(&h), 0);
	return (int)TRACK(h, SA_TRACK_CURRENT);
}

static int track_view(int flags)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int e;

	must(open_with(&h, &callbacks), OK);
	must(saClmSelectionObjectGet(H(h), &fd), OK);
	e = (int)TRACK(h, (SaUint8T)flags);
	if (e != OK)
		return e;
	check(readable((int)fd, 2000));
	must(saClmDispatch(H(h), SA_DISPATCH_ALL), OK);
	check(tracks == 1 && track_error == OK && track_members >= 1 && track_items == track_members);
	return e;
}

static int track_current_told(void) { return track_view(SA_TRACK_CURRENT); }
static int track_current_changes_told(void) { return track_view(SA_TRACK_CURRENT | SA_TRACK_CHANGES); }

static int track_repeated(void)
{
	SaClmHandleT h;
	int i, e = OK;

	must(open_with(&h, &callbacks), OK);
	for (i = 0; i < 5 && e == OK; i++)
		e = (int)TRACK(h, SA_TRACK_CURRENT);
	return e;
}

#ifdef GENERATION_A
static int start_with(const SaClmCallbacksT *c, int flags, SaClmClusterNotificationT *buffer, unsigned long n)
{
	SaClmHandleT h;

	must(open_with(&h, c), OK);
	return (int)saClmClusterTrackStart(&h, (SaUint8T)flags, buffer, n);
}

static int track_array(void)
{
	int e;

	memset(items, 0, sizeof items);
	e = start_with(&no_callbacks, SA_TRACK_CURRENT, items, ITEMS);
	check(items[0].clusterNode.member == SA_TRUE && items[0].clusterNode.nodeName.length > 0);
	return e;
}

static int track_null(void) { return start_with(&callbacks, SA_TRACK_CURRENT, NULL, ITEMS); }
static int track_no_items(void) { return start_with(&callbacks, SA_TRACK_CURRENT, items, 0); }
static int track_handle_null(void) { return (int)saClmClusterTrackStart(NULL, SA_TRACK_CURRENT, items, ITEMS); }
static int stop_handle_null(void) { return (int)saClmClusterTrackStop(NULL); }
static int finalize_handle_null(void) { return (int)saClmFinalize(NULL); }
static int dispatch_handle_null(void) { return (int)saClmDispatch(NULL, SA_DISPATCH_ALL); }

static int object_handle_null(void)
{
	SaSelectionObjectT fd;

	return (int)saClmSelectionObjectGet(NULL, &fd);
}

static int async_handle_null(void)
{
	return (int)saClmClusterNodeGetAsync(NULL, 1, SA_CLM_LOCAL_NODE_ID, &async_node);
}

static int async_null(void)
{
	SaClmHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saClmClusterNodeGetAsync(&h, 1, SA_CLM_LOCAL_NODE_ID, NULL);
}
#else
static int fail_malloc;

/* The library's allocations for its caller come from here. */
void *malloc(size_t n)
{
	extern void *__libc_malloc(size_t);

	return fail_malloc ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	extern void *__libc_calloc(size_t, size_t);

	return fail_malloc ? NULL : __libc_calloc(n, size);
}

static int track_buffer(SaClmClusterNotificationT *array, SaUint32T room, SaClmClusterNotificationBufferT *b)
{
	SaClmHandleT h;

	memset(b, 0, sizeof *b);
	b->notification = array;
	b->numberOfItems = room;
	must(open_with(&h, &no_callbacks), OK);
	return (int)saClmClusterTrack(h, SA_TRACK_CURRENT, b);
}

static int track_allocated(void)
{
	SaClmClusterNotificationBufferT b;
	int e = track_buffer(NULL, 0, &b);

	if (e == OK) {
		check(b.notification && b.numberOfItems >= 1);
		check(b.notification[0].clusterNode.member == SA_TRUE);
		free(b.notification);
	}
	return e;
}

static int track_array(void)
{
	SaClmClusterNotificationBufferT b;
	int e = track_buffer(items, ITEMS, &b);

	check(b.notification == items && b.numberOfItems >= 1 && b.numberOfItems < ITEMS);
	check(items[0].clusterNode.member == SA_TRUE);
	return e;
}

static int track_no_items(void)
{
	SaClmClusterNotificationBufferT b;

	return track_buffer(items, 0, &b);
}

static int track_no_memory(void)
{
	SaClmClusterNotificationBufferT b;
	SaClmHandleT h;
	int e;

	memset(&b, 0, sizeof b);
	must(open_with(&h, &no_callbacks), OK);
	fail_malloc = 1;
	e = (int)saClmClusterTrack(h, SA_TRACK_CURRENT, &b);
	fail_malloc = 0;
	return e;
}

static int track_current_no_callback(void) { return track_no_callback(SA_TRACK_CURRENT); }
#endif

/* Room for fewer nodes than there are: the driver runs it on two nodes. */
static int track_no_space(void)
{
#ifdef GENERATION_A
	memset(items, 0, sizeof items);
	return start_with(&callbacks, SA_TRACK_CURRENT, items, 1);
#else
	SaClmClusterNotificationBufferT b;
	int e;

	memset(items, 0, sizeof items);
	e = track_buffer(items, 1, &b);
	check(b.numberOfItems == 2);
	check(items[0].clusterNode.nodeId == 0);
	return e;
#endif
}

static const struct row rows[] = {
	{ID("init.ok"), init_ok},
	{ID("init.handle-null"), init_handle_null},
	{ID("init.repeated"), init_repeated},
	{ID("init.release-higher"), init_release_higher},
	{ID("init.release-lower"), init_release_lower},
	{ID("init.major-higher"), init_major_higher},
	{ID("init.major-zero"), init_major_zero},
	{ID("init.minor-other"), init_minor_other},
	{ID("init.callbacks-null"), init_callbacks_null},
	{ID("init.callbacks-empty"), init_callbacks_empty},
	{ID("init.one-callback-null"), init_one_callback_null},
	{ID("init.version-null"), init_version_null},
	{ID("init.callbacks-and-version-null"), init_callbacks_and_version_null},
	{ID("init.handle-and-version-null"), init_handle_and_version_null},
	{ID("init.version-rejected"), init_version_rejected},
	{ID("init.version-accepted"), init_version_accepted},
	{ID("init.no-executive"), init_no_executive},
	{ID("init.refused"), init_refused},
	{ID("init.rude-server"), init_rude_server},
	{ID("init.garbage"), init_garbage},
	{ID("init.no-room"), init_no_room},
	{ID("object.ok"), object_ok},
	{ID("object.never-initialized"), object_zero},
	{ID("object.arbitrary"), object_arbitrary},
	{ID("object.stale"), object_stale},
	{ID("object.null"), object_null},
	{ID("object.bad-and-null"), object_bad_and_null},
	{ID("object.dead"), object_dead},
	{ID("object.readable-when-dead"), object_readable_when_dead},
	{ID("dispatch.one"), dispatch_one},
	{ID("dispatch.all"), dispatch_all},
	{ID("dispatch.one-nothing"), dispatch_one_nothing},
	{ID("dispatch.all-nothing"), dispatch_all_nothing},
	{ID("dispatch.flag-zero"), dispatch_flag_zero},
	{ID("dispatch.flag-large"), dispatch_flag_large},
	{ID("dispatch.arbitrary"), dispatch_arbitrary},
	{ID("dispatch.stale"), dispatch_stale},
	{ID("dispatch.dead-one"), dispatch_dead_one},
	{ID("dispatch.dead-all"), dispatch_dead_all},
	{ID("dispatch.dead-blocking"), dispatch_dead_blocking},
	{ID("dispatch.blocked-finalize"), dispatch_blocked_finalize},
	{ID("dispatch.blocked-dead"), dispatch_blocked_dead},
	{ID("finalize.ok"), finalize_ok},
	{ID("finalize.arbitrary"), finalize_arbitrary},
	{ID("finalize.twice"), finalize_twice},
	{ID("finalize.dead"), finalize_dead},
	{ID("finalize.descriptor"), finalize_descriptor},
	{ID("finalize.in-a-callback"), finalize_in_a_callback},
	{ID("finalize.storm"), finalize_storm},
	{ID("stop.changes"), stop_changes},
	{ID("stop.changes-only"), stop_changes_only},
	{ID("stop.current"), stop_current},
	{ID("stop.second"), stop_second},
	{ID("stop.none"), stop_none},
	{ID("stop.arbitrary"), stop_arbitrary},
	{ID("stop.stale"), stop_stale},
	{ID("stop.dead"), stop_dead},
	{ID("get.local"), get_local},
	{ID("get.by-id"), get_by_id},
	{ID("get.null"), get_null},
	{ID("get.timeout-zero"), get_timeout_zero},
	{ID("get.timeout-negative"), get_timeout_negative},
	{ID("get.timeout-longest"), get_timeout_longest},
	{ID("get.unknown"), get_unknown},
	{ID("get.stopped"), get_stopped},
	{ID("async.ok"), async_ok},
	{ID("async.told"), async_told},
	{ID("async.invocation-zero"), async_invocation_zero},
	{ID("async.unknown"), async_unknown},
	{ID("async.unknown-told"), async_unknown_told},
	{ID("async.no-callback"), async_no_callback},
	{ID("async.arbitrary"), async_arbitrary},
	{ID("async.stale"), async_stale},
	{ID("async.dead"), async_dead},
	{ID("track.current-told"), track_current_told},
	{ID("track.current-changes-told"), track_current_changes_told},
	{ID("track.array"), track_array},
	{ID("track.no-items"), track_no_items},
	{ID("track.no-space"), track_no_space},
	{ID("track.repeated"), track_repeated},
	{ID("track.both"), track_both},
	{ID("track.zero"), track_zero},
	{ID("track.undefined"), track_undefined},
	{ID("track.undefined-too"), track_undefined_too},
	{ID("track.changes-no-callback"), track_changes_no_callback},
	{ID("track.only-no-callback"), track_only_no_callback},
	{ID("track.arbitrary"), track_arbitrary},
	{ID("track.stale"), track_stale},
	{ID("track.dead"), track_dead},
#ifdef GENERATION_A
	{ID("init.release-small"), init_release_small},
	{ID("object.handle-null"), object_handle_null},
	{ID("dispatch.handle-null"), dispatch_handle_null},
	{ID("finalize.handle-null"), finalize_handle_null},
	{ID("stop.handle-null"), stop_handle_null},
	{ID("get.no-executive"), get_no_executive},
	{ID("get.without-handle"), get_without_handle},
	{ID("async.handle-null"), async_handle_null},
	{ID("async.null"), async_null},
	{ID("track.null"), track_null},
	{ID("track.handle-null"), track_handle_null},
#else
	{ID("get.arbitrary"), get_arbitrary},
	{ID("get.stale"), get_stale},
	{ID("get.dead"), get_dead},
	{ID("get.finalized-meanwhile"), get_finalized_meanwhile},
	{ID("track.allocated"), track_allocated},
	{ID("track.no-memory"), track_no_memory},
	{ID("track.current-no-callback"), track_current_no_callback},
#endif
};

static const struct error_name errors[] = {
	{OKNAME, OK},
	{ENAME(LIBRARY), E(LIBRARY)},
	{ENAME(VERSION), E(VERSION)},
	{ENAME(INIT), E(INIT)},
	{ENAME(TIMEOUT), E(TIMEOUT)},
	{ENAME(TRY_AGAIN), E(TRY_AGAIN)},
	{ENAME(INVALID_PARAM), E(INVALID_PARAM)},
	{ENAME(NO_MEMORY), E(NO_MEMORY)},
	{ENAME(BAD_HANDLE), E(BAD_HANDLE)},
	{ENAME(ACCESS), E(ACCESS)},
	{ENAME(NOT_EXIST), E(NOT_EXIST)},
	{ENAME(NO_SPACE), E(NO_SPACE)},
	{ENAME(NO_RESOURCES), E(NO_RESOURCES)},
	{ENAME(BAD_FLAGS), E(BAD_FLAGS)},
	{ENAME(SECURITY), E(SECURITY)},
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof *rows), errors,
			 (int)(sizeof errors / sizeof *errors));
}
