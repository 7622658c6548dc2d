/*
 * Every documented result of every EVT function, generation A.01.01 (built with
 * GENERATION_A), B.01.01, and B.03.01 of OpenSAF (GENERATION_O). The rows and what they must give are in
 * ../errors.tsv.
 */
#include "conf.h"

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_evt.h>
#define ID(x) "evt.a." x
#define OK SA_OK
#define E(x) SA_ERR_##x
#define ENAME(x) "SA_ERR_" #x
#define OKNAME "SA_OK"
#define RELEASE 'A'
#else
#include <saAis.h>
#include <saEvt.h>
#ifdef GENERATION_O
#define ID(x) "evt.o." x
#define SA_EVT_DATA_MAX_LEN 65536 /* what saEvtLimitGet says, see limit_ok */
#define MAJOR 3
#else
#define ID(x) "evt.b." x
#define MAJOR 1
#endif
#define OK SA_AIS_OK
#define E(x) SA_AIS_ERR_##x
#define ENAME(x) "SA_AIS_ERR_" #x
#define OKNAME "SA_AIS_OK"
#define RELEASE 'B'
#endif

#define SECOND 1000000000LL
#define BOTH (SA_EVT_CHANNEL_PUBLISHER | SA_EVT_CHANNEL_SUBSCRIBER)
#define ALL_FLAGS (BOTH | SA_EVT_CHANNEL_CREATE)
#define ARBITRARY 0x12345678

/* What the callbacks saw. */
enum { SEEN = 64 };
static int opens, open_error, events;
static long long open_invocation;
static SaEvtChannelHandleT opened;
static SaEvtEventHandleT seen[SEEN];
static unsigned long seen_sub[SEEN], seen_size[SEEN];
static SaEvtHandleT finalize_in_callback;
static int read_in_callback;

static void read_it(SaEvtEventHandleT e, unsigned long size)
{
	char data[128];
	SaSizeT n = sizeof data;
	SaEvtEventIdT id = 0;
	SaEvtEventPriorityT priority = 99;

	check(saEvtEventDataGet(e, data, &n) == OK);
	check((unsigned long)n == size);
	check(saEvtEventAttributesGet(e, NULL, &priority, NULL, NULL, NULL, &id) == OK);
	check(id > 1000 && priority <= SA_EVT_LOWEST_PRIORITY);
	check(saEvtEventFree(e) == OK);
	check(saEvtEventFree(e) == E(BAD_HANDLE));
}

static void on_event(SaEvtSubscriptionIdT sub, const SaEvtEventHandleT e, const SaSizeT size)
{
	if (events < SEEN) {
		seen[events] = e;
		seen_sub[events] = sub;
		seen_size[events] = (unsigned long)size;
	}
	events++;
	if (read_in_callback)
		read_it(e, (unsigned long)size);
	if (finalize_in_callback) {
		SaEvtHandleT h = finalize_in_callback;

		finalize_in_callback = 0;
		if (saEvtFinalize(h) != OK)
			wrong("finalize inside a callback");
	}
}

#ifdef GENERATION_A
static void on_open(SaInvocationT invocation, SaEvtChannelHandleT channel, SaErrorT error)
#else
static void on_open(SaInvocationT invocation, SaEvtChannelHandleT channel, SaAisErrorT error)
#endif
{
	opens++;
	open_invocation = (long long)invocation;
	opened = channel;
	open_error = (int)error;
}

static SaVersionT version_of(char release, int major, int minor)
{
	SaVersionT v;

	memset(&v, 0, sizeof v);
	v.releaseCode = release;
#ifdef GENERATION_A
	v.major = (SaUint8T)major;
	v.minor = (SaUint8T)minor;
#else
	v.majorVersion = (SaUint8T)major;
	v.minorVersion = (SaUint8T)minor;
#endif
	return v;
}

static const SaEvtCallbacksT callbacks = {on_open, on_event};
static const SaEvtCallbacksT no_callbacks = {NULL, NULL};
static const SaEvtCallbacksT only_open = {on_open, NULL};
static const SaEvtCallbacksT only_event = {NULL, on_event};

static int init_with(const SaEvtCallbacksT *c, char release, int major, int minor)
{
	SaEvtHandleT h;
	SaVersionT v = version_of(release, major, minor);

	return (int)saEvtInitialize(&h, c, &v);
}

static int open_with(SaEvtHandleT *h, const SaEvtCallbacksT *c)
{
	SaVersionT v = version_of(RELEASE, 1, 1);

	return (int)saEvtInitialize(h, c, &v);
}

/* Repeats what the executive puts off. */
#define again(result, call)                                              \
	do {                                                             \
		double until_ = seconds() + 15;                          \
		while (((result) = (int)(call)) == (int)E(TRY_AGAIN) &&  \
		       seconds() < until_)                               \
			usleep(20000);                                   \
	} while (0)

/* A channel's name that no other row has. */
static SaNameT name_of(const char *what)
{
	SaNameT n;

	memset(&n, 0, sizeof n);
	n.length = (SaUint16T)snprintf((char *)n.value, sizeof n.value, "%s-%d-%lld", what, (int)getpid(), (long long)time(NULL));
	return n;
}

static int channel_flags(SaEvtHandleT h, const SaNameT *n, SaEvtChannelOpenFlagsT flags, SaEvtChannelHandleT *c)
{
	int e;

	again(e, saEvtChannelOpen(h, n, flags, 10 * SECOND, c));
	return e;
}

struct all {
	SaEvtHandleT h;
	SaNameT name;
	SaEvtChannelHandleT c;
	SaEvtEventHandleT e;
};

/* A service handle with a channel and an allocated event. */
static int make(struct all *a)
{
	a->name = name_of("row");
	must(open_with(&a->h, &callbacks), OK);
	must(channel_flags(a->h, &a->name, ALL_FLAGS, &a->c), OK);
	must(saEvtEventAllocate(a->c, &a->e), OK);
	return 0;
}

static SaUint8T red[] = "red", green[] = "green";

static void set_pattern(SaEvtEventPatternT *p, SaUint8T *bytes, int size)
{
	memset(p, 0, sizeof *p);
	p->pattern = bytes;
	p->patternSize = (SaSizeT)size;
}

static int publish(SaEvtEventHandleT e, const void *data, int size, SaEvtEventIdT *id)
{
	int r;

	again(r, saEvtEventPublish(e, data, (SaSizeT)size, id));
	return r;
}

static int subscribe(SaEvtChannelHandleT c, SaEvtEventFilterTypeT type, const char *text, unsigned sub)
{
	SaEvtEventFilterT f;
	SaEvtEventFilterArrayT a;
	int r;

	memset(&f, 0, sizeof f);
	memset(&a, 0, sizeof a);
	f.filterType = type;
	f.filter.pattern = (SaUint8T *)(uintptr_t)text;
	f.filter.patternSize = (SaSizeT)strlen(text);
	a.filters = &f;
	a.filtersNumber = 1;
	again(r, saEvtEventSubscribe(c, &a, sub));
	return r;
}

static int pass_all(SaEvtChannelHandleT c, unsigned sub) { return subscribe(c, SA_EVT_PASS_ALL_FILTER, "", sub); }

/* Dispatches until so many events were seen. */
static int wait_events(SaEvtHandleT h, int n)
{
	double until = seconds() + 10;
	SaSelectionObjectT fd;

	must(saEvtSelectionObjectGet(h, &fd), OK);
	while (events < n && seconds() < until) {
		readable((int)fd, 100);
		must(saEvtDispatch(h, SA_DISPATCH_ALL), OK);
	}
	if (events < n)
		wrong("%d of %d events came", events, n);
	return events >= n ? 0 : -1;
}

/* One event published and received. */
static int received(struct all *a)
{
	SaEvtEventIdT id;

	must(make(a), 0);
	must(pass_all(a->c, 1), OK);
	must(publish(a->e, "hello", 5, &id), OK);
	must(wait_events(a->h, 1), 0);
	return 0;
}

static int set_simple(SaEvtEventHandleT e, int priority, SaTimeT retention)
{
	return (int)saEvtEventAttributesSet(e, NULL, (SaEvtEventPriorityT)priority, retention, NULL);
}

/* --- saEvtInitialize --- */

static int init_ok(void) { return init_with(&callbacks, RELEASE, 1, 1); }
static int init_release_higher(void) { return init_with(&callbacks, RELEASE + 1, 1, 1); }
static int init_release_lower(void) { return init_with(&callbacks, RELEASE - 1, 1, 1); }
static int init_major_higher(void) { return init_with(&callbacks, RELEASE, 2, 1); }
static int init_major_zero(void) { return init_with(&callbacks, RELEASE, 0, 1); }
static int init_minor_other(void) { return init_with(&callbacks, RELEASE, 1, 7); }
static int init_callbacks_null(void) { return init_with(NULL, RELEASE, 1, 1); }

static int init_handle_null(void)
{
	SaVersionT v = version_of(RELEASE, 1, 1);

	return (int)saEvtInitialize(NULL, &callbacks, &v);
}

static int init_version_null(void)
{
	SaEvtHandleT h;

	return (int)saEvtInitialize(&h, &callbacks, NULL);
}

static int init_callbacks_and_version_null(void)
{
	SaEvtHandleT h;

	return (int)saEvtInitialize(&h, NULL, NULL);
}

static int init_handle_and_version_null(void) { return (int)saEvtInitialize(NULL, &callbacks, NULL); }

static int init_one_callback_null(void)
{
	int e = init_with(&only_event, RELEASE, 1, 1);

	if (e != OK)
		return e;
	e = init_with(&only_open, RELEASE, 1, 1);
	return e == OK ? init_with(&no_callbacks, RELEASE, 1, 1) : e;
}

static int init_repeated(void)
{
	SaEvtHandleT h[20];
	SaSelectionObjectT fd;
	int i, j, e;

	for (i = 0; i < 20; i++)
		if ((e = open_with(&h[i], &callbacks)) != OK)
			return e;
	for (i = 0; i < 20; i++) {
		for (j = 0; j < i; j++)
			check(h[i] != h[j]);
		if ((e = (int)saEvtSelectionObjectGet(h[i], &fd)) != OK)
			return e;
	}
	for (i = 0; i < 20; i++)
		if ((e = (int)saEvtFinalize(h[i])) != OK)
			return e;
	return OK;
}

static int version_written(char release, int major, int minor)
{
	SaVersionT v = version_of(release, major, minor);
	SaEvtHandleT h;
	int e = (int)saEvtInitialize(&h, &callbacks, &v);

#ifdef GENERATION_A
	check(v.releaseCode == release && v.major == major && v.minor == minor); /* never written */
#else
	check(v.releaseCode == 'B' && v.majorVersion == MAJOR && v.minorVersion == 1);
#endif
	return e;
}

static int init_version_rejected(void) { return version_written(RELEASE + 1, 3, 4); }
#ifdef GENERATION_A
static int init_version_accepted(void) { return version_written('A', 1, 1); }
#else
static int init_version_accepted(void) { return version_written('B', 1, 9); }
#endif

/* --- saEvtSelectionObjectGet, saEvtDispatch, saEvtFinalize --- */

static int object_of(SaEvtHandleT h)
{
	SaSelectionObjectT fd;

	return (int)saEvtSelectionObjectGet(h, &fd);
}

static int finalized(SaEvtHandleT *h)
{
	must(open_with(h, &callbacks), OK);
	must(saEvtFinalize(*h), OK);
	return 0;
}

static int object_ok(void)
{
	struct all a;
	SaSelectionObjectT fd;
	SaEvtEventIdT id;
	int e;

	must(make(&a), 0);
	if ((e = (int)saEvtSelectionObjectGet(a.h, &fd)) != OK)
		return e;
	must(pass_all(a.c, 1), OK);
	check(!readable((int)fd, 50));
	must(publish(a.e, NULL, 0, &id), OK);
	check(readable((int)fd, 5000));
	must(saEvtDispatch(a.h, SA_DISPATCH_ALL), OK);
	check(events == 1);
	check(!readable((int)fd, 50));
	return e;
}

static int object_never(void) { return object_of(0x7f); }
static int object_arbitrary(void) { return object_of(ARBITRARY); }

static int object_stale(void)
{
	SaEvtHandleT h;

	must(finalized(&h), 0);
	return object_of(h);
}

static int object_null(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saEvtSelectionObjectGet(h, NULL);
}

static int object_bad_and_null(void) { return (int)saEvtSelectionObjectGet(ARBITRARY, NULL); }

static int object_dead(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	ask("KILL");
	return object_of(h);
}

/* Three events that wait. */
static int three(struct all *a)
{
	SaSelectionObjectT fd;
	SaEvtEventIdT id;
	SaEvtEventHandleT last;
	struct all b;
	int i;

	must(make(a), 0);
	must(pass_all(a->c, 7), OK);
	for (i = 0; i < 3; i++)
		must(publish(a->e, "xyz", i, &id), OK);
	/* What was published here is on its way; another subscriber tells when it
	 * has arrived. */
	must(open_with(&b.h, &callbacks), OK);
	must(channel_flags(b.h, &a->name, BOTH, &b.c), OK);
	must(pass_all(b.c, 1), OK);
	must(saEvtEventAllocate(b.c, &last), OK);
	must(set_simple(last, 3, 0), OK);
	must(publish(last, NULL, 0, &id), OK);
	must(wait_events(b.h, 1), 0);
	must(saEvtSelectionObjectGet(a->h, &fd), OK);
	must(readable((int)fd, 5000), 1);
	must(saEvtFinalize(b.h), OK);
	events = 0;
	return 0;
}

static int dispatch_one(void)
{
	struct all a;
	int e;

	must(three(&a), 0);
	e = (int)saEvtDispatch(a.h, SA_DISPATCH_ONE);
	check(events == 1);
	check(seen_sub[0] == 7);
	must(saEvtDispatch(a.h, SA_DISPATCH_ONE), OK);
	check(events == 2);
	return e;
}

static int dispatch_all(void)
{
	struct all a;
	int e, i;

	must(three(&a), 0);
	e = (int)saEvtDispatch(a.h, SA_DISPATCH_ALL);
	check(events >= 3);
	for (i = 0; i < 3; i++)
		check(seen_size[i] == (unsigned long)i);
	return e;
}

static int dispatch_nothing(void)
{
	SaEvtHandleT h;
	double start = seconds();

	must(open_with(&h, &callbacks), OK);
	must(saEvtDispatch(h, SA_DISPATCH_ONE), OK);
	must(saEvtDispatch(h, SA_DISPATCH_ALL), OK);
	check(seconds() - start < 5 && events == 0);
	return (int)saEvtDispatch(h, SA_DISPATCH_ALL);
}

static int dispatch_flag(unsigned flag)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saEvtDispatch(h, (SaDispatchFlagsT)flag);
}

static int dispatch_flag_zero(void) { return dispatch_flag(0); }
static int dispatch_flag_large(void) { return dispatch_flag(0x7fffffff); }
static int dispatch_never(void) { return (int)saEvtDispatch(ARBITRARY, SA_DISPATCH_ALL); }

static int dispatch_stale(void)
{
	SaEvtHandleT h;

	must(finalized(&h), 0);
	return (int)saEvtDispatch(h, SA_DISPATCH_ALL);
}

static int dispatch_dead(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	ask("KILL");
	return (int)saEvtDispatch(h, SA_DISPATCH_ALL);
}

static void *finalize_soon(void *arg)
{
	usleep(100000);
	if (saEvtFinalize(*(SaEvtHandleT *)arg) != OK)
		wrong("finalize of a handle that dispatches");
	return NULL;
}

static int dispatch_blocked_finalize(void)
{
	SaEvtHandleT h;
	pthread_t t;
	int e;

	must(open_with(&h, &callbacks), OK);
	must(pthread_create(&t, NULL, finalize_soon, &h), 0);
	e = (int)saEvtDispatch(h, SA_DISPATCH_BLOCKING);
	pthread_join(t, NULL);
	return e;
}

static int dispatch_in_callback(void)
{
	struct all a;
	SaEvtEventIdT id;

	read_in_callback = 1;
	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	must(publish(a.e, "hello", 5, &id), OK);
	must(wait_events(a.h, 1), 0);
	return OK;
}

static int finalize_ok(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saEvtFinalize(h);
}

static int finalize_arbitrary(void) { return (int)saEvtFinalize(ARBITRARY); }

static int finalize_twice(void)
{
	SaEvtHandleT h;

	must(finalized(&h), 0);
	return (int)saEvtFinalize(h);
}

static int finalize_children(void)
{
	struct all a;
	SaSizeT n = 0;
	SaEvtEventIdT id;
	SaEvtEventHandleT e;
	SaEvtChannelHandleT c;

	must(received(&a), 0);
	must(saEvtFinalize(a.h), OK);
	must(saEvtChannelOpen(a.h, &a.name, ALL_FLAGS, SECOND, &c), E(BAD_HANDLE));
	must(saEvtChannelUnlink(a.h, &a.name), E(BAD_HANDLE));
	must(saEvtEventAllocate(a.c, &e), E(BAD_HANDLE));
	must(saEvtEventUnsubscribe(a.c, 1), E(BAD_HANDLE));
	must(saEvtEventFree(a.e), E(BAD_HANDLE));
	must(saEvtEventPublish(a.e, NULL, 0, &id), E(BAD_HANDLE));
	must(saEvtEventDataGet(seen[0], NULL, &n), E(BAD_HANDLE));
	return (int)saEvtChannelClose(a.c);
}

static int finalize_descriptor(void)
{
	SaEvtHandleT h;
	SaSelectionObjectT fd;

	must(open_with(&h, &callbacks), OK);
	must(saEvtSelectionObjectGet(h, &fd), OK);
	must(saEvtFinalize(h), OK);
	errno = 0;
	check(write((int)fd, "", 0) < 0 && errno == EBADF);
	return OK;
}

static int finalize_in_a_callback(void)
{
	struct all a;

	must(three(&a), 0);
	finalize_in_callback = a.h;
	must(saEvtDispatch(a.h, SA_DISPATCH_ALL), OK);
	check(events == 1);
	return (int)saEvtFinalize(a.h);
}

/* --- saEvtChannelOpen, OpenAsync, Close, Unlink --- */

static int open_new(void)
{
	SaEvtHandleT h;
	SaEvtChannelHandleT c;
	SaNameT n = name_of("new");

	must(open_with(&h, &callbacks), OK);
	return channel_flags(h, &n, ALL_FLAGS, &c);
}

static int open_again(void)
{
	struct all a;
	SaEvtChannelHandleT c;
	SaEvtEventHandleT e;
	int r;

	must(make(&a), 0);
	r = channel_flags(a.h, &a.name, BOTH, &c);
	check(c != a.c);
	must(saEvtChannelClose(a.c), OK);
	must(saEvtEventAllocate(c, &e), OK); /* independent of the other */
	return r;
}

static int open_args(const SaNameT *n, unsigned flags, SaTimeT timeout, int with_handle)
{
	SaEvtHandleT h;
	SaEvtChannelHandleT c;
	int e;

	must(open_with(&h, &callbacks), OK);
	again(e, saEvtChannelOpen(h, n, (SaEvtChannelOpenFlagsT)flags, timeout, with_handle ? &c : NULL));
	return e;
}

static int open_named(unsigned flags, SaTimeT timeout, int with_handle)
{
	SaNameT n = name_of("args");

	return open_args(&n, flags, timeout, with_handle);
}

static int open_handle_null(void) { return open_named(ALL_FLAGS, SECOND, 0); }
static int open_name_null(void) { return open_args(NULL, ALL_FLAGS, SECOND, 1); }
static int open_undefined(void) { return open_named(8, SECOND, 1); }
static int open_zero(void) { return open_named(0, SECOND, 1); }
static int open_unknown(void) { return open_named(BOTH, 10 * SECOND, 1); }
static int open_timeout_zero(void) { return open_named(ALL_FLAGS, 0, 1); }
static int open_timeout_negative(void) { return open_named(ALL_FLAGS, -1, 1); }

static int open_name_length(int length)
{
	SaNameT n = name_of("length");

	n.length = (SaUint16T)length;
	return open_args(&n, ALL_FLAGS, SECOND, 1);
}

static int open_name_empty(void) { return open_name_length(0); }
static int open_name_long(void) { return open_name_length(SA_MAX_NAME_LENGTH + 1); }

static int open_bad(SaEvtHandleT h)
{
	SaEvtChannelHandleT c;
	SaNameT n = name_of("bad");

	return (int)saEvtChannelOpen(h, &n, ALL_FLAGS, SECOND, &c);
}

static int open_arbitrary(void) { return open_bad(ARBITRARY); }

static int open_stale(void)
{
	SaEvtHandleT h;

	must(finalized(&h), 0);
	return open_bad(h);
}

static int open_stopped(void)
{
	SaEvtHandleT h;
	SaEvtChannelHandleT c;
	SaNameT n = name_of("stopped");
	double start;
	int e;

	must(open_with(&h, &callbacks), OK);
	ask("STOP");
	start = seconds();
	e = (int)saEvtChannelOpen(h, &n, ALL_FLAGS, SECOND / 5, &c);
	check(seconds() - start < 5);
	ask("CONT");
	return e;
}

static int open_dead(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	ask("KILL");
	return open_bad(h);
}

static int async(SaEvtHandleT h, const SaNameT *n, unsigned flags, int invocation)
{
	int e;

	again(e, saEvtChannelOpenAsync(h, (SaInvocationT)invocation, n, (SaEvtChannelOpenFlagsT)flags));
	return e;
}

static int wait_open(SaEvtHandleT h)
{
	SaSelectionObjectT fd;

	must(saEvtSelectionObjectGet(h, &fd), OK);
	must(readable((int)fd, 10000), 1);
	must(saEvtDispatch(h, SA_DISPATCH_ALL), OK);
	must(opens, 1);
	return 0;
}

static int async_ok(void)
{
	SaEvtHandleT h;
	SaEvtEventHandleT e;
	SaNameT n = name_of("async");
	int r;

	must(open_with(&h, &callbacks), OK);
	r = async(h, &n, ALL_FLAGS, 4711);
	must(wait_open(h), 0);
	check(open_invocation == 4711 && open_error == OK);
	must(saEvtEventAllocate(opened, &e), OK);
	must(pass_all(opened, 1), OK);
	return r;
}

static int async_unknown(void)
{
	SaEvtHandleT h;
	SaNameT n = name_of("async-unknown");

	must(open_with(&h, &callbacks), OK);
	must(async(h, &n, BOTH, 1), OK);
	must(wait_open(h), 0);
	return open_error;
}

static int async_with(const SaEvtCallbacksT *k, const SaNameT *n, unsigned flags)
{
	SaEvtHandleT h;

	must(open_with(&h, k), OK);
	return async(h, n, flags, 1);
}

static int async_no_callback(void)
{
	SaNameT n = name_of("a");

	return async_with(&only_event, &n, ALL_FLAGS);
}

static int async_name_null(void) { return async_with(&callbacks, NULL, ALL_FLAGS); }

static int async_name_empty(void)
{
	SaNameT n = name_of("a");

	n.length = 0;
	return async_with(&callbacks, &n, ALL_FLAGS);
}

static int async_zero(void)
{
	SaNameT n = name_of("a");

	return async_with(&callbacks, &n, 0);
}

static int async_undefined(void)
{
	SaNameT n = name_of("a");

	return async_with(&callbacks, &n, 0x10);
}

static int async_bad(void)
{
	SaNameT n = name_of("a");

	return async(ARBITRARY, &n, ALL_FLAGS, 1);
}

static int close_channel(SaEvtChannelHandleT c)
{
	int e;

	again(e, saEvtChannelClose(c));
	return e;
}

static int close_ok(void)
{
	struct all a;

	must(make(&a), 0);
	return close_channel(a.c);
}

static int close_twice(void)
{
	struct all a;

	must(make(&a), 0);
	must(close_channel(a.c), OK);
	return close_channel(a.c);
}

static int close_arbitrary(void) { return close_channel(ARBITRARY); }

static int close_stale(void)
{
	struct all a;

	must(make(&a), 0);
	must(saEvtFinalize(a.h), OK);
	return close_channel(a.c);
}

static int unlink_channel(SaEvtHandleT h, const SaNameT *n)
{
	int e;

	again(e, saEvtChannelUnlink(h, n));
	return e;
}

static int unlink_ok(void)
{
	struct all a;

	must(make(&a), 0);
	return unlink_channel(a.h, &a.name);
}

static int unlink_null(void)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	return unlink_channel(h, NULL);
}

static int unlink_empty(void)
{
	SaEvtHandleT h;
	SaNameT n = name_of("u");

	n.length = 0;
	must(open_with(&h, &callbacks), OK);
	return unlink_channel(h, &n);
}

static int unlink_unknown(void)
{
	SaEvtHandleT h;
	SaNameT n = name_of("unknown");

	must(open_with(&h, &callbacks), OK);
	return unlink_channel(h, &n);
}

static int unlink_twice(void)
{
	struct all a;

	must(make(&a), 0);
	must(unlink_channel(a.h, &a.name), OK);
	return unlink_channel(a.h, &a.name);
}

static int unlink_bad(void)
{
	SaNameT n = name_of("u");

	return unlink_channel(ARBITRARY, &n);
}

static int unlink_while_open(void)
{
	struct all a;
	SaEvtChannelHandleT c;
	SaEvtEventIdT id;

	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	must(unlink_channel(a.h, &a.name), OK);
	must(publish(a.e, "x", 1, &id), OK);
	must(wait_events(a.h, 1), 0);
	return channel_flags(a.h, &a.name, BOTH, &c);
}

/* --- events --- */

static int allocate_ok(void)
{
	struct all a;
	SaEvtEventHandleT e;
	int r;

	must(make(&a), 0);
	r = (int)saEvtEventAllocate(a.c, &e);
	check(e != a.e);
	return r;
}

static int allocate_null(void)
{
	struct all a;

	must(make(&a), 0);
	return (int)saEvtEventAllocate(a.c, NULL);
}

static int allocate_arbitrary(void)
{
	SaEvtEventHandleT e;

	return (int)saEvtEventAllocate(ARBITRARY, &e);
}

static int closed(struct all *a)
{
	must(make(a), 0);
	must(close_channel(a->c), OK);
	return 0;
}

static int allocate_closed(void)
{
	struct all a;
	SaEvtEventHandleT e;

	must(closed(&a), 0);
	return (int)saEvtEventAllocate(a.c, &e);
}

static int free_unpublished(void)
{
	struct all a;

	must(make(&a), 0);
	return (int)saEvtEventFree(a.e);
}

static int free_published(void)
{
	struct all a;

	must(received(&a), 0);
	return (int)saEvtEventFree(a.e);
}

static int free_received(void)
{
	struct all a;

	must(received(&a), 0);
	return (int)saEvtEventFree(seen[0]);
}

static int free_twice(void)
{
	struct all a;

	must(make(&a), 0);
	must(saEvtEventFree(a.e), OK);
	return (int)saEvtEventFree(a.e);
}

static int free_arbitrary(void) { return (int)saEvtEventFree(ARBITRARY); }

static int free_closed(void)
{
	struct all a;

	must(closed(&a), 0);
	return (int)saEvtEventFree(a.e);
}

/* A channel handle is no event handle. */
static int free_channel(void)
{
	struct all a;

	must(make(&a), 0);
	return (int)saEvtEventFree(a.c);
}

static int set_all(SaEvtEventHandleT e, int priority)
{
	SaEvtEventPatternT p[2];
	SaEvtEventPatternArrayT list;
	SaNameT publisher;

	memset(&list, 0, sizeof list);
	memset(&publisher, 0, sizeof publisher);
	set_pattern(&p[0], red, 3);
	set_pattern(&p[1], green, 5);
	list.patterns = p;
	list.patternsNumber = 2;
	publisher.length = 2;
	memcpy(publisher.value, "me", 2);
	return (int)saEvtEventAttributesSet(e, &list, (SaEvtEventPriorityT)priority, 3 * SECOND, &publisher);
}

static int set_ok(void)
{
	struct all a;
	int i;

	must(make(&a), 0);
	for (i = 0; i < 3; i++)
		must(set_all(a.e, i), OK);
	return set_all(a.e, 3);
}

static int set_bad(void) { return set_all(ARBITRARY, 0); }

static int set_freed(void)
{
	struct all a;

	must(make(&a), 0);
	must(saEvtEventFree(a.e), OK);
	return set_all(a.e, 0);
}

static int set_closed(void)
{
	struct all a;

	must(closed(&a), 0);
	return set_all(a.e, 0);
}

static int set_priority(void)
{
	struct all a;

	must(make(&a), 0);
	return set_simple(a.e, 4, 0);
}

static int set_retention(void)
{
	struct all a;

	must(make(&a), 0);
	return set_simple(a.e, 0, -1);
}

static int set_long_pattern(void)
{
	static SaUint8T bytes[70000];
	SaEvtEventPatternT p;
	SaEvtEventPatternArrayT list;
	struct all a;

	must(make(&a), 0);
	memset(&list, 0, sizeof list);
	set_pattern(&p, bytes, (int)sizeof bytes);
	list.patterns = &p;
	list.patternsNumber = 1;
	return (int)saEvtEventAttributesSet(a.e, &list, 0, 0, NULL);
}

static int set_long_publisher(void)
{
	SaNameT n;
	struct all a;

	must(make(&a), 0);
	memset(&n, 0, sizeof n);
	n.length = SA_MAX_NAME_LENGTH + 1;
	return (int)saEvtEventAttributesSet(a.e, NULL, 0, 0, &n);
}

/* An event of a channel that is not open for publishing. */
static int not_publisher(struct all *a)
{
	must(make(a), 0);
	must(channel_flags(a->h, &a->name, SA_EVT_CHANNEL_SUBSCRIBER, &a->c), OK);
	must(saEvtEventAllocate(a->c, &a->e), OK);
	return 0;
}

static int set_not_publisher(void)
{
	struct all a;

	must(not_publisher(&a), 0);
	return set_simple(a.e, 0, 0);
}

static int set_received(void)
{
	struct all a;

	must(received(&a), 0);
	return set_simple(seen[0], 0, 0);
}

static int is_me(const SaNameT *n) { return n->length == 2 && !memcmp(n->value, "me", 2); }

static int get_same(void)
{
	struct all a;
	SaUint8T room[2][16];
	SaEvtEventPatternT p[2];
	SaEvtEventPatternArrayT list;
	SaEvtEventPriorityT priority = 9;
	SaTimeT retention = 0, when;
	SaNameT publisher;
	SaEvtEventIdT id;
	int e;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	memset(&list, 0, sizeof list);
	memset(p, 0, sizeof p);
	list.patterns = p;
	p[0].pattern = room[0];
	p[1].pattern = room[1];
#ifdef GENERATION_A
	p[0].patternSize = p[1].patternSize = 16;
	list.patternsNumber = 2;
#else
	p[0].allocatedSize = p[1].allocatedSize = 16;
	list.allocatedNumber = 2;
#endif
	e = (int)saEvtEventAttributesGet(a.e, &list, &priority, &retention, &publisher, &when, &id);
	check(list.patternsNumber == 2 && p[0].patternSize == 3 && p[1].patternSize == 5);
	check(!memcmp(room[0], red, 3) && !memcmp(room[1], green, 5));
	check(priority == 2 && retention == 3 * SECOND && is_me(&publisher) && id == 0);
	return e;
}

static int get_of(SaEvtEventHandleT e)
{
	SaEvtEventPriorityT priority;

	return (int)saEvtEventAttributesGet(e, NULL, &priority, NULL, NULL, NULL, NULL);
}

static int get_bad(void) { return get_of(ARBITRARY); }

static int get_freed(void)
{
	struct all a;

	must(make(&a), 0);
	must(saEvtEventFree(a.e), OK);
	return get_of(a.e);
}

static int get_received(void)
{
	struct all a;
	SaTimeT when = 0;
	SaEvtEventIdT id = 0;
	int e;

	must(received(&a), 0);
	e = (int)saEvtEventAttributesGet(seen[0], NULL, NULL, NULL, NULL, &when, &id);
	check(id > 1000);
	check(when / SECOND > time(NULL) - 60 && when / SECOND < time(NULL) + 60);
	return e;
}

static int get_too_few(void)
{
	struct all a;
	SaUint8T room[16];
	SaEvtEventPatternT p;
	SaEvtEventPatternArrayT list;
	int e;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	memset(&list, 0, sizeof list);
	set_pattern(&p, room, 16);
	list.patterns = &p;
#ifdef GENERATION_A
	list.patternsNumber = 1;
#else
	p.allocatedSize = 16;
	list.allocatedNumber = 1;
#endif
	e = (int)saEvtEventAttributesGet(a.e, &list, NULL, NULL, NULL, NULL, NULL);
	check(list.patternsNumber == 2 && p.patternSize == 3);
	return e;
}

static int get_too_small(void)
{
	struct all a;
	SaUint8T room[2][16];
	SaEvtEventPatternT p[2];
	SaEvtEventPatternArrayT list;
	int e;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	memset(&list, 0, sizeof list);
	set_pattern(&p[0], room[0], 16);
	set_pattern(&p[1], room[1], 4);
	list.patterns = p;
#ifdef GENERATION_A
	list.patternsNumber = 2;
#else
	p[0].allocatedSize = 16;
	p[1].allocatedSize = 4;
	list.allocatedNumber = 2;
#endif
	e = (int)saEvtEventAttributesGet(a.e, &list, NULL, NULL, NULL, NULL, NULL);
	check(list.patternsNumber == 2 && p[0].patternSize == 3 && p[1].patternSize == 5);
	return e;
}

static int get_allocates(void)
{
	struct all a;
	SaEvtEventPatternArrayT list;
	int e;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	memset(&list, 0, sizeof list);
	e = (int)saEvtEventAttributesGet(a.e, &list, NULL, NULL, NULL, NULL, NULL);
	check(list.patternsNumber == 2 && list.patterns && list.patterns[1].patternSize == 5);
	check(list.patterns && !memcmp(list.patterns[1].pattern, green, 5));
#ifdef GENERATION_O
	check(saEvtEventPatternFree(a.e, list.patterns) == OK);
#else
	if (list.patterns) {
		free(list.patterns[0].pattern);
		free(list.patterns[1].pattern);
		free(list.patterns);
	}
#endif
	return e;
}

#ifdef GENERATION_O
/* --- what B.03.01 has more --- */

static int init_major_three(void) { return version_written('B', 3, 1); }

static int patterns_free(void)
{
	struct all a;
	SaEvtEventPatternArrayT list;

	must(received(&a), 0);
	memset(&list, 0, sizeof list);
	must(saEvtEventAttributesGet(seen[0], &list, NULL, NULL, NULL, NULL, NULL), OK);
	return (int)saEvtEventPatternFree(seen[0], list.patterns);
}

static int patterns_none(void)
{
	struct all a;
	SaEvtEventPatternArrayT list;

	must(make(&a), 0);
	memset(&list, 0, sizeof list);
	must(saEvtEventAttributesGet(a.e, &list, NULL, NULL, NULL, NULL, NULL), OK);
	check(list.patternsNumber == 0 && list.patterns != NULL);
	return (int)saEvtEventPatternFree(a.e, list.patterns);
}

static int patterns_null(void)
{
	struct all a;

	must(make(&a), 0);
	return (int)saEvtEventPatternFree(a.e, NULL);
}

static int patterns_freed(void)
{
	struct all a;
	SaEvtEventPatternArrayT list;
	int e;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	memset(&list, 0, sizeof list);
	must(saEvtEventAttributesGet(a.e, &list, NULL, NULL, NULL, NULL, NULL), OK);
	must(saEvtEventFree(a.e), OK);
	e = (int)saEvtEventPatternFree(a.e, list.patterns);
	check(list.patterns[1].patternSize == 5 && !memcmp(list.patterns[1].pattern, green, 5)); /* still the caller's */
	return e;
}

static int limit_of(SaEvtLimitIdT id, SaLimitValueT *value)
{
	SaEvtHandleT h;

	must(open_with(&h, &callbacks), OK);
	return (int)saEvtLimitGet(h, id, value);
}

static int limit_ok(void)
{
	SaLimitValueT v;

	memset(&v, 0xff, sizeof v);
	must(limit_of(SA_EVT_MAX_NUM_CHANNELS_ID, &v), OK);
	check(v.uint64Value == 4096);
	must(limit_of(SA_EVT_MAX_EVT_SIZE_ID, &v), OK);
	check(v.uint64Value == SA_EVT_DATA_MAX_LEN);
	must(limit_of(SA_EVT_MAX_PATTERN_SIZE_ID, &v), OK);
	check(v.uint64Value == 1024);
	must(limit_of(SA_EVT_MAX_NUM_PATTERNS_ID, &v), OK);
	check(v.uint64Value == 64);
	memset(&v, 0, sizeof v);
	check(limit_of(SA_EVT_MAX_RETENTION_DURATION_ID, &v) == OK && v.timeValue == SA_TIME_END);
	return OK;
}

static int limit_null(void) { return limit_of(SA_EVT_MAX_EVT_SIZE_ID, NULL); }

static int limit_unknown(void)
{
	SaLimitValueT v;

	check(limit_of((SaEvtLimitIdT)6, &v) == (int)E(INVALID_PARAM));
	return limit_of((SaEvtLimitIdT)0, &v);
}

static int limit_arbitrary(void)
{
	SaLimitValueT v;

	return (int)saEvtLimitGet(ARBITRARY, SA_EVT_MAX_EVT_SIZE_ID, &v);
}

static int limit_stale(void)
{
	SaEvtHandleT h;
	SaLimitValueT v;

	must(finalized(&h), 0);
	return (int)saEvtLimitGet(h, SA_EVT_MAX_EVT_SIZE_ID, &v);
}
#endif

static int get_nothing(void)
{
	struct all a;

	must(make(&a), 0);
	must(set_all(a.e, 2), OK);
	return (int)saEvtEventAttributesGet(a.e, NULL, NULL, NULL, NULL, NULL, NULL);
}

static int data_ok(void)
{
	struct all a;
	char data[16] = "";
	SaSizeT n = sizeof data;
	int e;

	must(received(&a), 0);
	check(seen_size[0] == 5 && seen_sub[0] == 1);
	e = (int)saEvtEventDataGet(seen[0], data, &n);
	check(n == 5 && !memcmp(data, "hello", 6));
	return e;
}

static int data_small(void)
{
	struct all a;
	char data[4] = "abc";
	SaSizeT n = sizeof data;
	int e;

	must(received(&a), 0);
	e = (int)saEvtEventDataGet(seen[0], data, &n);
	check(n == 5 && !strcmp(data, "abc"));
	return e;
}

static int data_of(SaEvtEventHandleT e)
{
	char data[16];
	SaSizeT n = sizeof data;

	return (int)saEvtEventDataGet(e, data, &n);
}

static int data_bad(void) { return data_of(ARBITRARY); }

static int data_freed(void)
{
	struct all a;

	must(received(&a), 0);
	must(saEvtEventFree(seen[0]), OK);
	return data_of(seen[0]);
}

static int data_allocated(void)
{
	struct all a;

	must(make(&a), 0);
	return data_of(a.e);
}

static int data_size_null(void)
{
	struct all a;
	char data[16];

	must(received(&a), 0);
	return (int)saEvtEventDataGet(seen[0], data, NULL);
}

static int publish_empty(void)
{
	struct all a;
	SaEvtEventIdT id;
	int e;

	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	e = publish(a.e, NULL, 0, &id);
	must(wait_events(a.h, 1), 0);
	check(seen_size[0] == 0);
	return e;
}

static int publish_ok(void)
{
	struct all a;
	SaEvtEventIdT id = 0, other = 0;
	int e;

	must(make(&a), 0);
	e = publish(a.e, "x", 1, &id);
	must(publish(a.e, "x", 1, &other), OK);
	check(id > 1000 && other > 1000 && id != other);
	return e;
}

static int publish_largest(void)
{
	static char data[SA_EVT_DATA_MAX_LEN], back[SA_EVT_DATA_MAX_LEN];
	struct all a;
	SaEvtEventIdT id;
	SaSizeT n = sizeof back;
	unsigned i;
	int e;

	for (i = 0; i < sizeof data; i++)
		data[i] = (char)(i * 7);
	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	e = publish(a.e, data, (int)sizeof data, &id);
	must(wait_events(a.h, 1), 0);
	must(saEvtEventDataGet(seen[0], back, &n), OK);
	check(n == sizeof data && !memcmp(data, back, sizeof data));
	return e;
}

static int publish_too_large(void)
{
	static char data[SA_EVT_DATA_MAX_LEN + 1];
	struct all a;
	SaEvtEventIdT id;

	must(make(&a), 0);
	return publish(a.e, data, (int)sizeof data, &id);
}

static int publish_bad(void)
{
	SaEvtEventIdT id;

	return publish(ARBITRARY, NULL, 0, &id);
}

static int publish_freed(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(make(&a), 0);
	must(saEvtEventFree(a.e), OK);
	return publish(a.e, NULL, 0, &id);
}

static int publish_closed(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(closed(&a), 0);
	return publish(a.e, NULL, 0, &id);
}

static int publish_id_null(void)
{
	struct all a;

	must(make(&a), 0);
	return publish(a.e, NULL, 0, NULL);
}

static int publish_data_null(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(make(&a), 0);
	return publish(a.e, NULL, 3, &id);
}

static int publish_not_publisher(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(not_publisher(&a), 0);
	return publish(a.e, NULL, 0, &id);
}

static int publish_received(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(received(&a), 0);
	return publish(seen[0], NULL, 0, &id);
}

static int publish_dead(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(make(&a), 0);
	ask("KILL");
	return publish(a.e, NULL, 0, &id);
}

/* --- subscriptions --- */

static int subscribe_filters(void)
{
	static const struct {
		SaEvtEventFilterTypeT type;
		const char *text;
		int matches;
	} filters[] = {
		{SA_EVT_PREFIX_FILTER, "re", 1}, {SA_EVT_PREFIX_FILTER, "ed", 0},
		{SA_EVT_SUFFIX_FILTER, "ed", 1}, {SA_EVT_SUFFIX_FILTER, "re", 0},
		{SA_EVT_EXACT_FILTER, "red", 1}, {SA_EVT_EXACT_FILTER, "re", 0},
		{SA_EVT_PASS_ALL_FILTER, "", 1}, {SA_EVT_PASS_ALL_FILTER, "zzz", 1},
	};
	enum { N = sizeof filters / sizeof *filters };
	struct all a;
	SaEvtEventIdT id;
	int i, j, e = OK, count[N];

	must(make(&a), 0);
	for (i = 0; i < N; i++) {
		e = subscribe(a.c, filters[i].type, filters[i].text, (unsigned)i);
		must(e, OK);
		count[i] = 0;
	}
	must(set_all(a.e, 1), OK);
	must(publish(a.e, NULL, 0, &id), OK);
	must(wait_events(a.h, 5), 0);
	check(events == 5);
	for (j = 0; j < events && j < SEEN; j++)
		if (seen_sub[j] < N)
			count[seen_sub[j]]++;
	for (i = 0; i < N; i++)
		if (count[i] != filters[i].matches)
			wrong("filter %d matched %d times", i, count[i]);
	return e;
}

/* An event with two patterns, red and green, and lists of more and of fewer filters. */
static int subscribe_counts(void)
{
	static const struct {
		unsigned n;
		SaEvtEventFilterTypeT type[3];
		const char *text[3];
		int matches;
	} lists[] = {
		{0, {0, 0, 0}, {0, 0, 0}, 1}, /* no filter: everything */
		{1, {SA_EVT_EXACT_FILTER, 0, 0}, {"red", 0, 0}, 1},   /* further patterns are not looked at */
		{1, {SA_EVT_EXACT_FILTER, 0, 0}, {"green", 0, 0}, 0}, /* and places count */
		{2, {SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER, 0}, {"red", "green", 0}, 1},
		{2, {SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER, 0}, {"red", "red", 0}, 0},
		{2, {SA_EVT_PASS_ALL_FILTER, SA_EVT_SUFFIX_FILTER, 0}, {"", "en", 0}, 1},
		{3, {SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER, SA_EVT_PASS_ALL_FILTER}, {"red", "green", ""}, 1},
		{3, {SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER}, {"red", "green", ""}, 1}, /* sees an empty one */
		{3, {SA_EVT_EXACT_FILTER, SA_EVT_EXACT_FILTER, SA_EVT_PREFIX_FILTER}, {"red", "green", "x"}, 0},
	};
	enum { N = sizeof lists / sizeof *lists };
	struct all a;
	SaEvtEventIdT id;
	unsigned i, k, count[N];
	int e = OK, j;

	must(make(&a), 0);
	for (i = 0; i < N; i++) {
		SaEvtEventFilterT f[3];
		SaEvtEventFilterArrayT list;

		memset(f, 0, sizeof f);
		memset(&list, 0, sizeof list);
		for (k = 0; k < lists[i].n; k++) {
			f[k].filterType = lists[i].type[k];
			f[k].filter.pattern = (SaUint8T *)(uintptr_t)lists[i].text[k];
			f[k].filter.patternSize = (SaSizeT)strlen(lists[i].text[k]);
		}
		list.filters = f;
		list.filtersNumber = lists[i].n;
		again(e, saEvtEventSubscribe(a.c, &list, i));
		must(e, OK);
		count[i] = 0;
	}
	must(set_all(a.e, 1), OK);
	must(publish(a.e, NULL, 0, &id), OK);
	must(wait_events(a.h, 6), 0);
	check(events == 6);
	for (j = 0; j < events && j < SEEN; j++)
		if (seen_sub[j] < N)
			count[seen_sub[j]]++;
	for (i = 0; i < N; i++)
		if (count[i] != (unsigned)lists[i].matches)
			wrong("list %u matched %u times", i, count[i]);
	return e;
}

static int subscribe_twice(void)
{
	struct all a;

	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	return pass_all(a.c, 1);
}

static int subscribe_null(void)
{
	struct all a;

	must(make(&a), 0);
	return (int)saEvtEventSubscribe(a.c, NULL, 1);
}

static int subscribe_bad(void) { return pass_all(ARBITRARY, 1); }

static int subscribe_closed(void)
{
	struct all a;

	must(closed(&a), 0);
	return pass_all(a.c, 1);
}

static int subscribe_type(void)
{
	struct all a;

	must(make(&a), 0);
	return subscribe(a.c, (SaEvtEventFilterTypeT)5, "x", 1);
}

static int subscribe_not_subscriber(void)
{
	struct all a;

	must(make(&a), 0);
	must(channel_flags(a.h, &a.name, SA_EVT_CHANNEL_PUBLISHER, &a.c), OK);
	return pass_all(a.c, 1);
}

static int subscribe_no_callback(void)
{
	SaEvtHandleT h;
	SaEvtChannelHandleT c;
	SaNameT n = name_of("nocb");

	must(open_with(&h, &only_open), OK);
	must(channel_flags(h, &n, ALL_FLAGS, &c), OK);
	return pass_all(c, 1);
}

static int retained(struct all *a, SaEvtEventIdT *id)
{
	must(make(a), 0);
	must(set_simple(a->e, 0, 60 * SECOND), OK);
	must(publish(a->e, "kept", 4, id), OK);
	return 0;
}

static int subscribe_retained(void)
{
	struct all a;
	SaEvtEventIdT id, got = 0;
	int e;

	must(retained(&a, &id), 0);
	e = pass_all(a.c, 1);
	must(wait_events(a.h, 1), 0);
	must(saEvtEventAttributesGet(seen[0], NULL, NULL, NULL, NULL, NULL, &got), OK);
	check(got == id && events == 1);
	return e;
}

static int unsubscribe(SaEvtChannelHandleT c, unsigned sub)
{
	int e;

	again(e, saEvtEventUnsubscribe(c, sub));
	return e;
}

static int unsubscribe_ok(void)
{
	struct all a;

	must(three(&a), 0);
	must(unsubscribe(a.c, 7), OK);
	must(saEvtDispatch(a.h, SA_DISPATCH_ALL), OK);
	check(events == 0); /* what waited is dropped */
	return pass_all(a.c, 7);
}

static int unsubscribe_bad(void) { return unsubscribe(ARBITRARY, 1); }

static int unsubscribe_closed(void)
{
	struct all a;

	must(closed(&a), 0);
	return unsubscribe(a.c, 1);
}

static int unsubscribe_unknown(void)
{
	struct all a;
	SaEvtChannelHandleT c;

	must(make(&a), 0);
	must(channel_flags(a.h, &a.name, BOTH, &c), OK);
	must(pass_all(c, 1), OK); /* of another channel handle */
	return unsubscribe(a.c, 1);
}

static int clear_id(SaEvtChannelHandleT c, SaEvtEventIdT id)
{
	int e;

	again(e, saEvtEventRetentionTimeClear(c, id));
	return e;
}

static int clear_ok(void)
{
	struct all a;
	SaEvtEventIdT id;
	int e;

	must(retained(&a, &id), 0);
	e = clear_id(a.c, id);
	must(pass_all(a.c, 1), OK);
	must(set_simple(a.e, 3, 0), OK);
	must(publish(a.e, "after", 5, &id), OK);
	must(wait_events(a.h, 1), 0);
	check(events == 1 && seen_size[0] == 5);
	return e;
}

static int clear_twice(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(retained(&a, &id), 0);
	must(clear_id(a.c, id), OK);
	return clear_id(a.c, id);
}

static int clear_bad(void) { return clear_id(ARBITRARY, 123456789); }

static int clear_closed(void)
{
	struct all a;

	must(closed(&a), 0);
	return clear_id(a.c, 123456789);
}

static int clear_not_retained(void)
{
	struct all a;
	SaEvtEventIdT id;

	must(make(&a), 0);
	must(publish(a.e, NULL, 0, &id), OK);
	return clear_id(a.c, id);
}

static int clear_reserved(void)
{
	struct all a;

	must(make(&a), 0);
	must(clear_id(a.c, 0), E(INVALID_PARAM));
	return clear_id(a.c, 1000);
}

/* --- delivery order --- */

static int order(void)
{
	static const int priorities[] = {3, 0, 2, 0, 1, 3, 2, 1};
	enum { N = sizeof priorities / sizeof *priorities };
	struct all a, b;
	SaEvtEventIdT id;
	SaEvtEventHandleT last;
	unsigned char data;
	int i, from = -1, index = -1;

	must(make(&a), 0);
	must(pass_all(a.c, 1), OK);
	for (i = 0; i < N; i++) {
		must(set_simple(a.e, priorities[i], 0), OK);
		data = (unsigned char)i;
		must(publish(a.e, &data, 1, &id), OK);
	}
	must(open_with(&b.h, &callbacks), OK);
	must(channel_flags(b.h, &a.name, BOTH, &b.c), OK);
	must(pass_all(b.c, 1), OK);
	must(saEvtEventAllocate(b.c, &last), OK);
	must(set_simple(last, 3, 0), OK);
	must(publish(last, NULL, 0, &id), OK);
	must(wait_events(b.h, 1), 0);
	events = 0;
	must(wait_events(a.h, N + 1), 0);
	for (i = 0; i < N; i++) {
		SaSizeT n = 1;

		must(saEvtEventDataGet(seen[i], &data, &n), OK);
		check(priorities[data] > from || (priorities[data] == from && data > index));
		from = priorities[data];
		index = data;
	}
	return OK;
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
	{ID("init.one-callback-null"), init_one_callback_null},
	{ID("init.version-null"), init_version_null},
	{ID("init.callbacks-and-version-null"), init_callbacks_and_version_null},
	{ID("init.handle-and-version-null"), init_handle_and_version_null},
	{ID("init.version-rejected"), init_version_rejected},
	{ID("init.version-accepted"), init_version_accepted},
	{ID("init.no-executive"), init_ok},
	{ID("init.refused"), init_ok},
	{ID("object.ok"), object_ok},
	{ID("object.never-initialized"), object_never},
	{ID("object.arbitrary"), object_arbitrary},
	{ID("object.stale"), object_stale},
	{ID("object.null"), object_null},
	{ID("object.bad-and-null"), object_bad_and_null},
	{ID("object.dead"), object_dead},
	{ID("dispatch.one"), dispatch_one},
	{ID("dispatch.all"), dispatch_all},
	{ID("dispatch.nothing"), dispatch_nothing},
	{ID("dispatch.flag-zero"), dispatch_flag_zero},
	{ID("dispatch.flag-large"), dispatch_flag_large},
	{ID("dispatch.never-initialized"), dispatch_never},
	{ID("dispatch.stale"), dispatch_stale},
	{ID("dispatch.dead"), dispatch_dead},
	{ID("dispatch.blocked-finalize"), dispatch_blocked_finalize},
	{ID("dispatch.calls-in-a-callback"), dispatch_in_callback},
	{ID("finalize.ok"), finalize_ok},
	{ID("finalize.arbitrary"), finalize_arbitrary},
	{ID("finalize.twice"), finalize_twice},
	{ID("finalize.children"), finalize_children},
	{ID("finalize.descriptor"), finalize_descriptor},
	{ID("finalize.in-a-callback"), finalize_in_a_callback},
	{ID("open.new"), open_new},
	{ID("open.again"), open_again},
	{ID("open.handle-null"), open_handle_null},
	{ID("open.name-null"), open_name_null},
	{ID("open.undefined"), open_undefined},
	{ID("open.zero"), open_zero},
	{ID("open.unknown"), open_unknown},
	{ID("open.name-empty"), open_name_empty},
	{ID("open.name-long"), open_name_long},
	{ID("open.timeout-zero"), open_timeout_zero},
	{ID("open.timeout-negative"), open_timeout_negative},
	{ID("open.arbitrary"), open_arbitrary},
	{ID("open.stale"), open_stale},
	{ID("open.stopped"), open_stopped},
	{ID("open.dead"), open_dead},
	{ID("async.ok"), async_ok},
	{ID("async.unknown"), async_unknown},
	{ID("async.no-callback"), async_no_callback},
	{ID("async.name-null"), async_name_null},
	{ID("async.name-empty"), async_name_empty},
	{ID("async.zero"), async_zero},
	{ID("async.undefined"), async_undefined},
	{ID("async.arbitrary"), async_bad},
	{ID("close.ok"), close_ok},
	{ID("close.twice"), close_twice},
	{ID("close.arbitrary"), close_arbitrary},
	{ID("close.stale"), close_stale},
	{ID("unlink.ok"), unlink_ok},
	{ID("unlink.null"), unlink_null},
	{ID("unlink.empty"), unlink_empty},
	{ID("unlink.unknown"), unlink_unknown},
	{ID("unlink.twice"), unlink_twice},
	{ID("unlink.arbitrary"), unlink_bad},
	{ID("unlink.while-open"), unlink_while_open},
	{ID("allocate.ok"), allocate_ok},
	{ID("allocate.null"), allocate_null},
	{ID("allocate.arbitrary"), allocate_arbitrary},
	{ID("allocate.closed"), allocate_closed},
	{ID("free.unpublished"), free_unpublished},
	{ID("free.published"), free_published},
	{ID("free.received"), free_received},
	{ID("free.twice"), free_twice},
	{ID("free.arbitrary"), free_arbitrary},
	{ID("free.closed"), free_closed},
	{ID("free.channel"), free_channel},
	{ID("set.ok"), set_ok},
	{ID("set.arbitrary"), set_bad},
	{ID("set.freed"), set_freed},
	{ID("set.closed"), set_closed},
	{ID("set.priority"), set_priority},
	{ID("set.retention"), set_retention},
	{ID("set.long-pattern"), set_long_pattern},
	{ID("set.long-publisher"), set_long_publisher},
	{ID("set.not-publisher"), set_not_publisher},
	{ID("set.received"), set_received},
	{ID("get.same"), get_same},
	{ID("get.arbitrary"), get_bad},
	{ID("get.freed"), get_freed},
	{ID("get.received"), get_received},
	{ID("get.too-few"), get_too_few},
	{ID("get.too-small"), get_too_small},
	{ID("get.allocates"), get_allocates},
	{ID("get.nothing"), get_nothing},
#ifdef GENERATION_O
	{ID("init.major-three"), init_major_three},
	{ID("patternfree.ok"), patterns_free},
	{ID("patternfree.none"), patterns_none},
	{ID("patternfree.null"), patterns_null},
	{ID("patternfree.event-freed"), patterns_freed},
	{ID("limit.ok"), limit_ok},
	{ID("limit.null"), limit_null},
	{ID("limit.unknown"), limit_unknown},
	{ID("limit.arbitrary"), limit_arbitrary},
	{ID("limit.stale"), limit_stale},
#endif
	{ID("data.ok"), data_ok},
	{ID("data.small"), data_small},
	{ID("data.arbitrary"), data_bad},
	{ID("data.freed"), data_freed},
	{ID("data.allocated"), data_allocated},
	{ID("data.size-null"), data_size_null},
	{ID("publish.empty"), publish_empty},
	{ID("publish.ok"), publish_ok},
	{ID("publish.largest"), publish_largest},
	{ID("publish.too-large"), publish_too_large},
	{ID("publish.arbitrary"), publish_bad},
	{ID("publish.freed"), publish_freed},
	{ID("publish.closed"), publish_closed},
	{ID("publish.id-null"), publish_id_null},
	{ID("publish.data-null"), publish_data_null},
	{ID("publish.not-publisher"), publish_not_publisher},
	{ID("publish.received"), publish_received},
	{ID("publish.dead"), publish_dead},
	{ID("subscribe.filters"), subscribe_filters},
	{ID("subscribe.counts"), subscribe_counts},
	{ID("subscribe.twice"), subscribe_twice},
	{ID("subscribe.null"), subscribe_null},
	{ID("subscribe.arbitrary"), subscribe_bad},
	{ID("subscribe.closed"), subscribe_closed},
	{ID("subscribe.type"), subscribe_type},
	{ID("subscribe.not-subscriber"), subscribe_not_subscriber},
	{ID("subscribe.no-callback"), subscribe_no_callback},
	{ID("subscribe.retained"), subscribe_retained},
	{ID("unsubscribe.ok"), unsubscribe_ok},
	{ID("unsubscribe.arbitrary"), unsubscribe_bad},
	{ID("unsubscribe.closed"), unsubscribe_closed},
	{ID("unsubscribe.unknown"), unsubscribe_unknown},
	{ID("clear.ok"), clear_ok},
	{ID("clear.twice"), clear_twice},
	{ID("clear.arbitrary"), clear_bad},
	{ID("clear.closed"), clear_closed},
	{ID("clear.not-retained"), clear_not_retained},
	{ID("clear.reserved"), clear_reserved},
	{ID("order"), order},
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
	{ENAME(EXIST), E(EXIST)},
	{ENAME(NO_SPACE), E(NO_SPACE)},
	{ENAME(NAME_NOT_FOUND), E(NAME_NOT_FOUND)},
	{ENAME(NO_RESOURCES), E(NO_RESOURCES)},
	{ENAME(BAD_FLAGS), E(BAD_FLAGS)},
#ifdef GENERATION_O
	{ENAME(ACCESS_DENIED), E(ACCESS_DENIED)},
#else
	{ENAME(SECURITY), E(SECURITY)},
#endif
#ifndef GENERATION_A
	{ENAME(TOO_BIG), E(TOO_BIG)},
#endif
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof *rows), errors,
			 (int)(sizeof errors / sizeof *errors));
}
