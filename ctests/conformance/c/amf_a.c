/*
 * Every documented result of every AMF function, generation A.01.01. The rows and
 * what they must give are in ../errors.tsv; the components are those of
 * ../groups.conf.
 */
#include "conf.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include <ais_types.h>
#include <ais_amf.h>

#define ID(x) "amf.a." x
#define OK SA_OK
#define E(x) SA_ERR_##x
#define ARBITRARY 0x12345678

/* What the callbacks saw, and what they do. */
static struct {
	int sets, removes, checks, terminates, groups, readies, restarts, controls, confirms, expired;
	SaAmfHAStateT state;
	SaAmfReadinessStateT readiness;
	SaAmfHealthcheckT level;
	SaAmfCSIFlagsT flags;
	SaAmfCSITransitionDescriptorT transition;
	SaAmfPendingOperationFlagsT operations;
	SaAmfExternalComponentActionT action;
	SaInvocationT invocation, stopping, confirm;
	char csi[257], component[257], active[257];
	unsigned long members, items;
	int error;
	const void *array;
} saw;
static int silent;
static SaErrorT say = SA_OK, say_restarted = SA_OK;
static const SaAmfHandleT *finalize_in_callback;

static void copy(char *to, const SaNameT *n)
{
	memcpy(to, n->value, n->length <= 256 ? n->length : 0);
	to[n->length <= 256 ? n->length : 0] = 0;
}

static void answer(SaInvocationT invocation)
{
	saw.invocation = invocation;
	if (finalize_in_callback) {
		const SaAmfHandleT *h = finalize_in_callback;

		finalize_in_callback = NULL;
		check(saAmfFinalize(h) == OK);
		return;
	}
	if (!silent && saAmfResponse(invocation, say) != OK)
		wrong("no answer was taken");
}

static void on_check(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckT level)
{
	saw.checks++;
	saw.level = level;
	copy(saw.component, comp);
	answer(invocation);
}

static void on_ready(SaInvocationT invocation, const SaNameT *comp, SaAmfReadinessStateT state)
{
	saw.readies++;
	saw.readiness = state;
	copy(saw.component, comp);
	if (state == SA_AMF_STOPPING) {
		saw.stopping = invocation;
		return; /* the row answers */
	}
	answer(invocation);
}

static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.terminates++;
	copy(saw.component, comp);
	answer(invocation);
}

static void on_set(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags,
		   SaAmfHAStateT *state, SaNameT *active, SaAmfCSITransitionDescriptorT transition)
{
	saw.sets++;
	saw.state = *state;
	saw.flags = flags;
	saw.transition = transition;
	copy(saw.component, comp);
	copy(saw.csi, csi);
	copy(saw.active, active);
	answer(invocation);
}

static void on_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, const SaAmfCSIFlagsT *flags)
{
	saw.removes++;
	saw.flags = *flags;
	copy(saw.component, comp);
	copy(saw.csi, csi);
	answer(invocation);
}

static void on_group(const SaNameT *csi, SaAmfProtectionGroupNotificationT *array, SaUint32T items, SaUint32T members, SaErrorT error)
{
	saw.groups++;
	copy(saw.csi, csi);
	saw.array = array;
	saw.items = items;
	saw.members = members;
	saw.error = (int)error;
}

static void on_restart(SaInvocationT invocation, const SaNameT *comp)
{
	saw.restarts++;
	copy(saw.component, comp);
	check(saAmfResponse(invocation, say_restarted) == OK);
}

static void on_control(const SaInvocationT invocation, const SaNameT *comp, SaAmfExternalComponentActionT action)
{
	saw.controls++;
	saw.action = action;
	copy(saw.component, comp);
	answer(invocation);
}

/* The row answers. */
static void on_confirm(const SaInvocationT invocation, const SaNameT *comp, SaAmfPendingOperationFlagsT operations)
{
	saw.confirms++;
	saw.confirm = invocation;
	saw.operations = operations;
	copy(saw.component, comp);
}

static void on_expired(const SaNameT *comp, SaAmfPendingOperationFlagsT operations)
{
	saw.expired++;
	saw.operations = operations;
	copy(saw.component, comp);
}

static const SaAmfCallbacksT callbacks = {on_check, on_ready, on_terminate, on_set, on_remove, on_group, on_restart, on_control,
	on_confirm, on_expired};

static SaVersionT version_of(int release, int major, int minor)
{
	SaVersionT v;

	v.releaseCode = (char)release;
	v.major = (unsigned char)major;
	v.minor = (unsigned char)minor;
	return v;
}

static int init_with(const SaAmfCallbacksT *c, int release, int major, int minor)
{
	SaAmfHandleT h;
	SaVersionT v = version_of(release, major, minor);

	return (int)saAmfInitialize(&h, c, &v);
}

static int open_with(SaAmfHandleT *h, const SaAmfCallbacksT *c)
{
	SaVersionT v = version_of('A', 1, 1);

	return (int)saAmfInitialize(h, c, &v);
}

static int opened(SaAmfHandleT *h) { return open_with(h, &callbacks); }

static int finalized(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(saAmfFinalize(h), OK);
	return 0;
}

#define again(result, call)                                                                  \
	do {                                                                                 \
		double until_ = seconds() + 15;                                              \
		while (((result) = (int)(call)) == (int)E(TRY_AGAIN) && seconds() < until_)  \
			usleep(5000);                                                        \
	} while (0)

static const SaNameT *named(const char *text)
{
	static __thread SaNameT names[8];
	static __thread int next;
	SaNameT *n = &names[next++ % 8];

	memset(n, 0, sizeof *n);
	n->length = (SaUint16T)strlen(text);
	memcpy(n->value, text, n->length);
	return n;
}

static const SaNameT *no_name(int length)
{
	static SaNameT n;

	memset(&n, 'x', sizeof n);
	n.length = (SaUint16T)length;
	return &n;
}

/* Dispatches until a condition of what was seen holds. */
#define until(h, condition) until_within(15, h, condition)
#define until_within(patience, h, condition)                                    \
	do {                                                                    \
		double until_ = seconds() + (patience);                         \
		SaSelectionObjectT fd_;                                         \
		must(saAmfSelectionObjectGet(&(h), &fd_), OK);                  \
		while (!(condition) && seconds() < until_) {                    \
			readable((int)fd_, 50);                                 \
			must(saAmfDispatch(&(h), SA_DISPATCH_ALL), OK);         \
		}                                                               \
		if (!(condition)) {                                             \
			wrong("line %d: never came: %s", __LINE__, #condition); \
			return -1;                                              \
		}                                                               \
	} while (0)

static int reg(const SaAmfHandleT *h, const char *comp, const char *proxy)
{
	int e;

	again(e, saAmfComponentRegister(h, named(comp), proxy ? named(proxy) : NULL));
	return e;
}

/* An error that an earlier row reported is over. */
static int registered(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(reg(h, "C1", NULL), OK);
	return 0;
}

/* Has the component the instance, as the executive sees it? */
static int has(const char *comp, const char *csi)
{
	SaAmfHAStateT s;

	return saAmfHAStateGet(named(comp), named(csi), &s) == OK;
}

static int assigned(SaAmfHandleT *h)
{
	must(registered(h), 0);
	until(*h, saw.readiness == SA_AMF_IN_SERVICE && saw.sets >= 1 && has("C1", "CSI1") && has("C1", "CSI2"));
	return 0;
}

/* An operator's wish, while this component goes on answering. */
static struct {
	const char *what;
	int done;
} wish;

static void *wishing(void *arg)
{
	(void)arg;
	ask(wish.what);
	__atomic_store_n(&wish.done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static int operator(SaAmfHandleT *h, const char *what)
{
	pthread_t t;

	wish.what = what;
	wish.done = 0;
	must(pthread_create(&t, NULL, wishing, NULL), 0);
	while (!__atomic_load_n(&wish.done, __ATOMIC_SEQ_CST)) {
		saAmfDispatch(h, SA_DISPATCH_ALL);
		usleep(2000);
	}
	pthread_join(t, NULL);
	return 0;
}

#define HANDLES(f, call)                                                                                               \
	static int f##_arbitrary(void) { SaAmfHandleT h_ = ARBITRARY, *h = &h_; return (int)(call); }                  \
	static int f##_stale(void) { SaAmfHandleT h_, *h = &h_; must(finalized(h), 0); return (int)(call); }           \
	static int f##_dead(void) { SaAmfHandleT h_, *h = &h_; must(opened(h), OK); ask("KILL"); return (int)(call); } \
	static int f##_handle_null(void) { const SaAmfHandleT *h = NULL; return (int)(call); }
#define NAMES(f, call)                                                                                                       \
	static int f##_name(const SaNameT *n) { SaAmfHandleT h_, *h = &h_; must(opened(h), OK); return (int)(call); }        \
	static int f##_null(void) { return f##_name(NULL); }                                                                 \
	static int f##_empty(void) { return f##_name(no_name(0)); }                                                          \
	static int f##_long(void) { return f##_name(no_name(257)); }                                                         \
	static int f##_huge(void) { return f##_name(no_name(65535)); }                                                       \
	static int f##_unknown(void) { return f##_name(named("none")); }
/* Of a function without a handle. */
#define ALONE(f, call)                                                                                                       \
	static int f##_name(const SaNameT *n) { return (int)(call); }                                                        \
	static int f##_null(void) { return f##_name(NULL); }                                                                 \
	static int f##_empty(void) { return f##_name(no_name(0)); }                                                          \
	static int f##_long(void) { return f##_name(no_name(257)); }                                                         \
	static int f##_huge(void) { return f##_name(no_name(65535)); }                                                       \
	static int f##_unknown(void) { return f##_name(named("none")); }                                                     \
	static int f##_alone(void) { return f##_name(named("C1")); }                                                         \
	static int f##_dead(void) { SaAmfHandleT h; must(opened(&h), OK); ask("KILL"); return f##_name(named("C1")); }
#define HANDLE_ROWS(f, id) \
	{ID(id ".arbitrary"), f##_arbitrary}, {ID(id ".stale"), f##_stale}, {ID(id ".dead"), f##_dead}, {ID(id ".handle-null"), f##_handle_null}
#define NAME_ROWS(f, id)                                                                                                     \
	{ID(id ".name-null"), f##_null}, {ID(id ".name-empty"), f##_empty}, {ID(id ".name-long"), f##_long},                 \
		{ID(id ".name-huge"), f##_huge}, {ID(id ".unknown"), f##_unknown}
#define ALONE_ROWS(f, id) \
	NAME_ROWS(f, id), {ID(id ".dead"), f##_dead}, {ID(id ".no-executive"), f##_alone}, {ID(id ".refused"), f##_alone}
#define ONE(f, call) static int f(void) { SaAmfHandleT h_, *h = &h_; must(opened(h), OK); return (int)(call); }
#define REG(f, call) static int f(void) { SaAmfHandleT h_, *h = &h_; must(registered(h), 0); return (int)(call); }

/* --- saAmfInitialize --- */

static int init_ok(void) { return init_with(&callbacks, 'A', 1, 1); }
static int init_small(void) { return init_with(&callbacks, 'a', 1, 1); }
static int init_higher(void) { return init_with(&callbacks, 'B', 1, 1); }
static int init_lower(void) { return init_with(&callbacks, '@', 1, 1); }
static int init_major(void) { return init_with(&callbacks, 'A', 2, 1); }
static int init_zero(void) { return init_with(&callbacks, 'A', 0, 1); }
static int init_minor(void) { return init_with(&callbacks, 'A', 1, 7); }
static int init_no_callbacks(void) { return init_with(NULL, 'A', 1, 1); }

static int init_empty(void)
{
	static const SaAmfCallbacksT none;

	return init_with(&none, 'A', 1, 1);
}

static int init_handle_null(void)
{
	SaVersionT v = version_of('A', 1, 1);

	return (int)saAmfInitialize(NULL, &callbacks, &v);
}

static int init_version_null(void)
{
	SaAmfHandleT h;

	return (int)saAmfInitialize(&h, &callbacks, NULL);
}

static int init_all_null(void) { return (int)saAmfInitialize(NULL, NULL, NULL); }

static int written(int release, int major, int minor)
{
	SaVersionT v = version_of(release, major, minor);
	SaAmfHandleT h;
	int e = (int)saAmfInitialize(&h, &callbacks, &v);

	check(v.releaseCode == release && v.major == major && v.minor == minor);
	return e;
}
static int init_rejected(void) { return written('B', 3, 4); }
static int init_accepted(void) { return written('A', 1, 1); }

static int init_repeated(void)
{
	SaAmfHandleT h[20];
	SaSelectionObjectT fd;
	int i, j;

	for (i = 0; i < 20; i++)
		must(opened(&h[i]), OK);
	for (i = 0; i < 20; i++) {
		for (j = 0; j < i; j++)
			check(h[i] != h[j]);
		must(saAmfSelectionObjectGet(&h[i], &fd), OK);
	}
	for (i = 0; i < 20; i++)
		must(saAmfFinalize(&h[i]), OK);
	return OK;
}

static int init_rude(void)
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

/* --- saAmfSelectionObjectGet, saAmfDispatch, saAmfFinalize --- */

static int object_of(const SaAmfHandleT *h)
{
	SaSelectionObjectT fd;

	return (int)saAmfSelectionObjectGet(h, &fd);
}
HANDLES(object, object_of(h))
ONE(object_null, saAmfSelectionObjectGet(h, NULL))

static int object_bad_and_null(void)
{
	SaAmfHandleT h = ARBITRARY;

	return (int)saAmfSelectionObjectGet(&h, NULL);
}

static int object_ok(void)
{
	SaAmfHandleT h;
	SaSelectionObjectT fd;

	must(opened(&h), OK);
	must(saAmfSelectionObjectGet(&h, &fd), OK);
	check(!readable(fd, 50));
	must(reg(&h, "C1", NULL), OK);
	check(readable(fd, 10000));
	return OK;
}

HANDLES(dispatch, saAmfDispatch(h, SA_DISPATCH_ONE))
ONE(dispatch_zero, saAmfDispatch(h, (SaDispatchFlagsT)0))
ONE(dispatch_large, saAmfDispatch(h, (SaDispatchFlagsT)0x7fffffff))

static int dispatch_nothing(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	must(saAmfDispatch(&h, SA_DISPATCH_ONE), OK);
	return (int)saAmfDispatch(&h, SA_DISPATCH_ALL);
}

static SaAmfProtectionGroupNotificationT room[16];

/* Three groups that wait. */
static int three(SaAmfHandleT *h)
{
	SaSelectionObjectT fd;
	int i;

	must(opened(h), OK);
	for (i = 0; i < 3; i++)
		must(saAmfProtectionGroupTrackStart(h, named("PAIR"), SA_TRACK_CURRENT, room, 16), OK);
	must(saAmfSelectionObjectGet(h, &fd), OK);
	check(readable(fd, 5000));
	usleep(100000);
	return 0;
}

static int dispatch_one(void)
{
	SaAmfHandleT h;
	int e;

	must(three(&h), 0);
	e = (int)saAmfDispatch(&h, SA_DISPATCH_ONE);
	check(saw.groups == 1);
	return e;
}

static int dispatch_all(void)
{
	SaAmfHandleT h;
	int e;

	must(three(&h), 0);
	e = (int)saAmfDispatch(&h, SA_DISPATCH_ALL);
	check(saw.groups == 3);
	return e;
}

static void *finalize_later(void *arg)
{
	usleep(200000);
	check(saAmfFinalize(arg) == OK);
	return NULL;
}

static int dispatch_finalized(void)
{
	SaAmfHandleT h;
	pthread_t t;
	int e;

	must(three(&h), 0);
	must(pthread_create(&t, NULL, finalize_later, &h), 0);
	e = (int)saAmfDispatch(&h, SA_DISPATCH_BLOCKING);
	pthread_join(t, NULL);
	check(saw.groups == 3);
	return e;
}

static void *kill_later(void *arg)
{
	(void)arg;
	usleep(200000);
	ask("KILL");
	return NULL;
}

static int dispatch_blocked_dead(void)
{
	SaAmfHandleT h;
	pthread_t t;
	int e;

	must(opened(&h), OK);
	must(pthread_create(&t, NULL, kill_later, NULL), 0);
	e = (int)saAmfDispatch(&h, SA_DISPATCH_BLOCKING);
	pthread_join(t, NULL);
	return e;
}

static int finalize_with(SaAmfHandleT h) { return (int)saAmfFinalize(&h); }
static int finalize_arbitrary(void) { return finalize_with(ARBITRARY); }
static int finalize_null(void) { return (int)saAmfFinalize(NULL); }

static int finalize_ok(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	return finalize_with(h);
}

static int finalize_twice(void)
{
	SaAmfHandleT h;

	must(finalized(&h), 0);
	return finalize_with(h);
}

static int finalize_dead(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	ask("KILL");
	return finalize_with(h);
}

static int finalize_inside(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	finalize_in_callback = &h;
	must(saAmfDispatch(&h, SA_DISPATCH_BLOCKING), OK);
	return finalize_with(h);
}

static int finalize_descriptor(void)
{
	SaAmfHandleT h;
	SaSelectionObjectT fd;

	must(opened(&h), OK);
	must(saAmfSelectionObjectGet(&h, &fd), OK);
	must(saAmfFinalize(&h), OK);
	check(write(fd, "", 0) < 0 && errno == EBADF);
	return OK;
}

/* What was registered through it is registered no more. */
static int finalize_registered(void)
{
	SaAmfHandleT h;
	SaAmfHAStateT s;
	double limit = seconds() + 10;
	int e;

	must(assigned(&h), 0);
	must(saAmfHAStateGet(named("C1"), named("CSI1"), &s), OK);
	must(saAmfFinalize(&h), OK);
	do
		e = (int)saAmfHAStateGet(named("C1"), named("CSI1"), &s);
	while (e == OK && seconds() < limit);
	return e;
}

/* Threads that use a handle while another finalizes it. */
static SaAmfHandleT stormy;
static int storm_over;

static void sane(int line, int e)
{
	if (e != OK && e != E(BAD_HANDLE) && e != E(NOT_EXIST) && e != E(INVALID_PARAM) && e != E(TRY_AGAIN))
		wrong("line %d: %d while the handle is finalized", line, e);
}

static void *storm(void *arg)
{
	SaAmfProtectionGroupNotificationT array[4];
	SaNameT n;

	(void)arg;
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		sane(__LINE__, (int)saAmfDispatch(&stormy, SA_DISPATCH_ALL));
		sane(__LINE__, (int)saAmfResponse(1, OK));
		sane(__LINE__, (int)saAmfStoppingComplete(1, OK));
		sane(__LINE__, (int)saAmfProtectionGroupTrackStart(&stormy, named("CSI1"), SA_TRACK_CURRENT, array, 4));
		sane(__LINE__, (int)saAmfProtectionGroupTrackStop(&stormy, named("CSI1")));
		sane(__LINE__, (int)saAmfCompNameGet(&stormy, &n));
	}
	return NULL;
}

static int finalize_storm(void)
{
	pthread_t t[4];
	int i, e;

	must(opened(&stormy), OK);
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, storm, NULL), 0);
	usleep(100000);
	e = (int)saAmfFinalize(&stormy);
	usleep(20000);
	__atomic_store_n(&storm_over, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return e;
}

/* --- registration --- */

HANDLES(reg, saAmfComponentRegister(h, named("C1"), NULL))
NAMES(reg, saAmfComponentRegister(h, n, NULL))
ONE(reg_ok, reg(h, "C1", NULL))
ONE(reg_proxy_empty, saAmfComponentRegister(h, named("E"), no_name(0)))
ONE(reg_proxy_long, saAmfComponentRegister(h, named("E"), no_name(257)))
ONE(reg_proxy_unknown, saAmfComponentRegister(h, named("E"), named("none")))
ONE(reg_proxy_absent, saAmfComponentRegister(h, named("E"), named("P")))
REG(reg_again, saAmfComponentRegister(h, named("C1"), NULL))

static int reg_elsewhere(void)
{
	SaAmfHandleT h, other;

	must(registered(&h), 0);
	must(opened(&other), OK);
	return (int)saAmfComponentRegister(&other, named("C1"), NULL);
}

static int reg_without(size_t offset, const char *proxy)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h;

	memset((char *)&some + offset, 0, sizeof some.saAmfCSISetCallback);
	must(open_with(&h, &some), OK);
	return (int)saAmfComponentRegister(&h, named("C1"), proxy ? named(proxy) : NULL);
}
static int reg_no_check(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfHealthcheckCallback), NULL); }
static int reg_no_ready(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfReadinessStateSetCallback), NULL); }
static int reg_no_terminate(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfComponentTerminateCallback), NULL); }
static int reg_no_set(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfCSISetCallback), NULL); }
static int reg_no_remove(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfCSIRemoveCallback), NULL); }
static int reg_no_restart(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfExternalComponentRestartCallback), "P"); }
static int reg_no_control(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfExternalComponentControlCallback), "P"); }

static int proxied(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(reg(h, "P", NULL), OK);
	return reg(h, "E", "P");
}

static int reg_proxied(void)
{
	SaAmfHandleT h;

	return proxied(&h);
}

HANDLES(unreg, saAmfComponentUnregister(h, named("C1"), NULL))
NAMES(unreg, saAmfComponentUnregister(h, n, NULL))
ONE(unreg_proxy_empty, saAmfComponentUnregister(h, named("C1"), no_name(0)))
ONE(unreg_proxy_long, saAmfComponentUnregister(h, named("C1"), no_name(257)))
ONE(unreg_not, saAmfComponentUnregister(h, named("B"), NULL))

static int unreg_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(registered(&h), 0);
	again(e, saAmfComponentUnregister(&h, named("C1"), NULL));
	check(reg(&h, "C1", NULL) == OK);
	return e;
}

static int unreg_proxy_differs(void)
{
	SaAmfHandleT h;
	int e;

	must(registered(&h), 0);
	again(e, saAmfComponentUnregister(&h, named("C1"), named("P")));
	return e;
}

static int unreg_elsewhere(void)
{
	SaAmfHandleT h, other;

	must(registered(&h), 0);
	must(opened(&other), OK);
	return (int)saAmfComponentUnregister(&other, named("C1"), NULL);
}

static int unreg_proxied(void)
{
	SaAmfHandleT h;
	int e;

	must(proxied(&h), OK);
	again(e, saAmfComponentUnregister(&h, named("E"), named("P")));
	return e;
}

static int unreg_proxied_alone(void)
{
	SaAmfHandleT h;
	int e;

	must(proxied(&h), OK);
	again(e, saAmfComponentUnregister(&h, named("E"), NULL));
	return e;
}

static int name_get(const SaAmfHandleT *h)
{
	SaNameT n;

	return (int)saAmfCompNameGet(h, &n);
}
HANDLES(name, name_get(h))
ONE(name_null, saAmfCompNameGet(h, NULL))
ONE(name_none, name_get(h))

static int name_ok(void)
{
	SaAmfHandleT h;
	SaNameT n;
	int e;

	/* The environment is B's. */
	setenv("SA_AMF_COMPONENT_NAME", "other", 1);
	must(registered(&h), 0);
	e = (int)saAmfCompNameGet(&h, &n);
	check(n.length == 2 && !memcmp(n.value, "C1", 2));
	return e;
}

/* --- states --- */

static int readiness(const SaNameT *n)
{
	SaAmfReadinessStateT s;

	return (int)saAmfReadinessStateGet(n, &s);
}
ALONE(ready, readiness(n))
static int ready_state_null(void) { return (int)saAmfReadinessStateGet(named("C1"), NULL); }

static int ready_ok(void)
{
	SaAmfHandleT h;
	SaAmfReadinessStateT s = (SaAmfReadinessStateT)0;
	int e;

	must(assigned(&h), 0);
	e = (int)saAmfReadinessStateGet(named("C1"), &s);
	check(s == SA_AMF_IN_SERVICE && saw.readiness == SA_AMF_IN_SERVICE && !strcmp(saw.component, "C1"));
	return e;
}

/* Configured, and not there. */
static int ready_not(void)
{
	SaAmfReadinessStateT s = (SaAmfReadinessStateT)0;
	int e = (int)saAmfReadinessStateGet(named("B"), &s);

	check(s == SA_AMF_OUT_OF_SERVICE);
	return e;
}

static int ha(const SaNameT *comp, const SaNameT *csi)
{
	SaAmfHAStateT s;

	return (int)saAmfHAStateGet(comp, csi, &s);
}
ALONE(ha, ha(n, named("CSI1")))
ALONE(hacsi, ha(named("C1"), n))
static int ha_state_null(void) { return (int)saAmfHAStateGet(named("C1"), named("CSI1"), NULL); }
static int ha_not(void) { return ha(named("A"), named("CSI1")); }

static int ha_ok(void)
{
	SaAmfHandleT h;
	SaAmfHAStateT s = (SaAmfHAStateT)0;
	int e;

	must(assigned(&h), 0);
	e = (int)saAmfHAStateGet(named("C1"), named("CSI1"), &s);
	check(s == SA_AMF_ACTIVE && saw.state == SA_AMF_ACTIVE);
	return e;
}

static int capability(const SaNameT *n)
{
	SaAmfComponentCapabilityModelT m = (SaAmfComponentCapabilityModelT)0;
	int e = (int)saAmfComponentCapabilityModelGet(n, &m);

	check(e != OK || m == SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE);
	return e;
}
ALONE(model, capability(n))
static int model_state_null(void) { return (int)saAmfComponentCapabilityModelGet(named("C1"), NULL); }
REG(model_ok, ((void)h, capability(named("C1"))))

static int pending(const SaNameT *n)
{
	SaAmfPendingOperationFlagsT f = 77;
	int e = (int)saAmfPendingOperationGet(n, &f);

	check(e != OK || f == 0);
	return e;
}
ALONE(pending, pending(n))
static int pending_state_null(void) { return (int)saAmfPendingOperationGet(named("C1"), NULL); }
REG(pending_ok, ((void)h, pending(named("C1"))))
static int pending_not(void) { return pending(named("B")); }

/* An operator's wish, asked for, then carried out. */
static int pending_asked(void)
{
	SaAmfPendingOperationFlagsT f = 0;
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(operator(&h, "AMF lock safSu=U1,safSg=ONE"), 0);
	until(h, saw.confirms >= 1);
	e = (int)saAmfPendingOperationGet(named("C1"), &f);
	check(f != 0 && f == saw.operations);
	check(saAmfResponse(saw.confirm, OK) == OK);
	must(operator(&h, "AMF unlock safSu=U1,safSg=ONE"), 0);
	return e;
}

/* It says nothing to that: it is told that it was not waited for any longer. */
static int pending_expired(void)
{
	SaAmfPendingOperationFlagsT f;
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(operator(&h, "AMF lock safSu=U1,safSg=ONE"), 0);
	until(h, saw.confirms >= 1);
	f = saw.operations;
	saw.operations = 0;
	until_within(60, h, saw.expired >= 1);
	check(saw.confirms == 1 && saw.expired == 1 && f != 0 && saw.operations == f && strcmp(saw.component, "C1") == 0);
	check(saAmfResponse(saw.confirm, OK) == OK); /* which nobody needs any more */
	until(h, saw.readiness == SA_AMF_OUT_OF_SERVICE);
	again(e, pending(named("C1")));
	must(operator(&h, "AMF unlock safSu=U1,safSg=ONE"), 0);
	return e;
}

/* --- answers --- */

static int resp_unknown(void) { return (int)saAmfResponse(0x7777777, OK); }
static int resp_none(void) { return (int)saAmfResponse(0, OK); }
static int resp_negative(void) { return (int)saAmfResponse(-1, OK); }

static int waiting(SaAmfHandleT *h)
{
	must(opened(h), OK);
	silent = 1;
	must(reg(h, "C1", NULL), OK);
	until(*h, saw.invocation != 0);
	return 0;
}

static int resp_with(int error, int times)
{
	SaAmfHandleT h;
	int e = 0;

	must(waiting(&h), 0);
	while (times-- > 0)
		e = (int)saAmfResponse(saw.invocation, (SaErrorT)error);
	return e;
}
static int resp_ok(void) { return resp_with(OK, 1); }
static int resp_twice(void) { return resp_with(OK, 2); }
static int resp_zero(void) { return resp_with(0, 1); }
static int resp_large(void) { return resp_with(0x7fffffff, 1); }
static int resp_thirty(void) { return resp_with(30, 1); }

static int resp_dead(void)
{
	SaAmfHandleT h;

	must(waiting(&h), 0);
	ask("KILL");
	return (int)saAmfResponse(saw.invocation, OK);
}

static int resp_finalized(void)
{
	SaAmfHandleT h;

	must(waiting(&h), 0);
	must(saAmfFinalize(&h), OK);
	return (int)saAmfResponse(saw.invocation, OK);
}

/* A forked child knows none of its parent's callbacks. */
static int resp_child(void)
{
	SaAmfHandleT h;
	int status;
	pid_t pid;

	must(waiting(&h), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit((int)saAmfResponse(saw.invocation, OK));
	waitpid(pid, &status, 0);
	check(saAmfResponse(saw.invocation, OK) == OK);
	return WEXITSTATUS(status);
}

static int stopping_unknown(void) { return (int)saAmfStoppingComplete(0x7777777, OK); }
static int stopping_none(void) { return (int)saAmfStoppingComplete(0, OK); }

static int stopping_with(int error)
{
	SaAmfHandleT h;

	must(waiting(&h), 0);
	return (int)saAmfStoppingComplete(saw.invocation, (SaErrorT)error);
}
static int stopping_other(void) { return stopping_with(OK); }
static int stopping_zero(void) { return stopping_with(0); }
static int stopping_large(void) { return stopping_with(0x7fffffff); }

static int stopping_dead(void)
{
	SaAmfHandleT h;

	must(waiting(&h), 0);
	ask("KILL");
	return (int)saAmfStoppingComplete(saw.invocation, OK);
}

/* Shut down by an operator, with and without a saAmfResponse before. */
static int stopping(int respond)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(operator(&h, "AMF shutdown safSu=U1,safSg=ONE"), 0);
	until(h, saw.confirms >= 1 || saw.stopping != 0);
	if (saw.confirms > 0)
		check(saAmfResponse(saw.confirm, OK) == OK);
	until(h, saw.stopping != 0);
	if (respond)
		check(saAmfResponse(saw.stopping, OK) == OK);
	e = (int)saAmfStoppingComplete(saw.stopping, OK);
	check(saAmfStoppingComplete(saw.stopping, OK) == E(INVALID_PARAM));
	must(operator(&h, "AMF unlock safSu=U1,safSg=ONE"), 0);
	return e;
}
static int stopping_ok(void) { return stopping(0); }
static int stopping_answered(void) { return stopping(1); }

static int check_ok(void)
{
	SaAmfHandleT h;

	must(assigned(&h), 0);
	until(h, saw.checks >= 5);
	check(saw.level == SA_AMF_HEARTBEAT);
	return saw.checks >= 5 ? OK : -1;
}

/* --- protection groups --- */

#define TRACK(n, flags, array, items) saAmfProtectionGroupTrackStart(h, n, flags, array, items)
#define TRACK_OK(n) TRACK(n, SA_TRACK_CHANGES, room, 16)
HANDLES(track, TRACK_OK(named("CSI1")))
NAMES(track, TRACK_OK(n))
ONE(track_ok, TRACK_OK(named("CSI1")))
ONE(track_zero, TRACK(named("CSI1"), 0, room, 16))
ONE(track_flag, TRACK(named("CSI1"), SA_TRACK_CURRENT | 0x40, room, 16))
ONE(track_both, TRACK(named("CSI1"), SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, room, 16))
ONE(track_array_null, TRACK(named("CSI1"), SA_TRACK_CURRENT, NULL, 16))
ONE(track_items_zero, TRACK(named("CSI1"), SA_TRACK_CURRENT, room, 0))

static int track_without(SaUint8T flags)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h_, *h = &h_;

	some.saAmfProtectionGroupTrackCallback = NULL;
	must(open_with(h, &some), OK);
	return (int)TRACK(named("CSI1"), flags, room, 16);
}
static int track_init(void) { return track_without(SA_TRACK_CHANGES); }
static int track_no_callback(void) { return track_without(SA_TRACK_CURRENT); }

static int track_current(void)
{
	SaAmfHandleT h_, *h = &h_;
	int e;

	must(assigned(h), 0);
	e = (int)TRACK(named("CSI1"), SA_TRACK_CURRENT | SA_TRACK_CHANGES_ONLY, room, 16);
	check(room[0].member.haState == SA_AMF_ACTIVE && room[0].member.readinessState == SA_AMF_IN_SERVICE);
	check(room[0].member.compName.length == 2 && !memcmp(room[0].member.compName.value, "C1", 2));
	until(h_, saw.groups >= 1);
	check(saw.array == room && saw.items == 1 && saw.members == 1 && saw.error == OK);
	return e;
}

static int track_no_space(void)
{
	SaAmfHandleT h_, *h = &h_;

	must(opened(h), OK);
	must(reg(h, "A", NULL), OK);
	must(reg(h, "B", NULL), OK);
	until(h_, saw.sets >= 2 && has("A", "PAIR") && has("B", "PAIR"));
	return (int)TRACK(named("PAIR"), SA_TRACK_CURRENT, room, 1);
}

HANDLES(stop, saAmfProtectionGroupTrackStop(h, named("CSI1")))
NAMES(stop, saAmfProtectionGroupTrackStop(h, n))
ONE(stop_not, saAmfProtectionGroupTrackStop(h, named("CSI1")))

static int stop_ok(void)
{
	SaAmfHandleT h_, *h = &h_;
	int e;

	must(opened(h), OK);
	must(TRACK_OK(named("CSI1")), OK);
	e = (int)saAmfProtectionGroupTrackStop(h, named("CSI1"));
	check(saAmfProtectionGroupTrackStop(h, named("CSI1")) == E(NOT_EXIST));
	return e;
}

/* --- errors --- */

static SaAmfErrorDescriptorT descriptor = {SA_AMF_PROCESSING_ERROR_ALARM_TYPE, SA_AMF_SOFTWARE_ERROR, SA_AMF_MAJOR, SA_AMF_NO_RECOMMENDATION};

static int report(const SaNameT *who, const SaNameT *what) { return (int)saAmfErrorReport(who, what, 0, &descriptor, NULL); }
ALONE(report, report(named("C1"), n))
ALONE(reporter, report(n, named("C1")))
static int report_descriptor_null(void) { return (int)saAmfErrorReport(named("C1"), named("C1"), 0, NULL, NULL); }

static int report_with(int kind, int cause, int severity, int recovery)
{
	SaAmfErrorDescriptorT d;

	d.errorReportType = (SaAmfErrorReportTypeT)kind;
	d.probableCause = (SaAmfProbableCauseT)cause;
	d.errorImpactAndSeverity = (SaAmfErrorImpactAndSeverityT)severity;
	d.recommendedRecovery = (SaAmfRecommendedRecoveryT)recovery;
	return (int)saAmfErrorReport(named("C1"), named("C1"), 0, &d, NULL);
}
static int report_kind_zero(void) { return report_with(0, 1, 1, 1); }
static int report_kind_large(void) { return report_with(6, 1, 1, 1); }
static int report_cause_zero(void) { return report_with(1, 0, 1, 1); }
static int report_cause_large(void) { return report_with(1, 31, 1, 1); }
static int report_severity_zero(void) { return report_with(1, 1, 0, 1); }
static int report_severity_large(void) { return report_with(1, 1, 11, 1); }
static int report_recovery_zero(void) { return report_with(1, 1, 1, 0); }
static int report_recovery_large(void) { return report_with(1, 1, 1, 9); }

static int report_texts(char *text, int size)
{
	SaAmfErrorBufferT b;
	SaAmfAdditionalDataT more;

	b.buffer = text;
	b.size = size;
	more.specificProblem = NULL;
	more.additionalText = &b;
	more.additionalInformation = NULL;
	return (int)saAmfErrorReport(named("C1"), named("C1"), 0, &descriptor, &more);
}
static char text[SA_AMF_OPAQUE_BUFFER_SIZE_MAX + 1];
static int report_text_long(void) { return report_texts(text, sizeof text); }
static int report_text_huge(void) { return report_texts(text, 0x7fffffff); }
static int report_text_negative(void) { return report_texts(text, -1); }
static int report_text_null(void) { return report_texts(NULL, 5); }

/* Reported, out of service, cancelled, in service. */
static int reported(int recovery, int cancel)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	descriptor.recommendedRecovery = (SaAmfRecommendedRecoveryT)recovery;
	again(e, report_texts(text, SA_AMF_OPAQUE_BUFFER_SIZE_MAX));
	if (e == OK && recovery != SA_AMF_INTERNALLY_RECOVERED)
		until(h, saw.readiness == SA_AMF_OUT_OF_SERVICE);
	if (cancel) {
		again(e, saAmfErrorCancelAll(named("C1")));
		until(h, saw.readiness == SA_AMF_IN_SERVICE);
	} else {
		saAmfErrorCancelAll(named("C1"));
	}
	return e;
}
/* A proxy reports an error of its external component. */
static int external(SaAmfHandleT *h, SaAmfRecommendedRecoveryT recovery, SaErrorT restarted)
{
	SaAmfErrorDescriptorT d = descriptor;
	double limit = seconds() + 15;
	int e;

	must(proxied(h), OK);
	/* The program of the row before ended with E in its care. If that was noticed of E
	 * before it was of P, E is switched off first and is to be registered again. */
	while (!(has("P", "PROXY") && has("E", "EXTERNAL")) && seconds() < limit) {
		SaSelectionObjectT fd;

		must(saAmfSelectionObjectGet(h, &fd), OK);
		readable((int)fd, 50);
		must(saAmfDispatch(h, SA_DISPATCH_ALL), OK);
		saAmfComponentRegister(h, named("E"), named("P"));
	}
	until(*h, has("P", "PROXY") && has("E", "EXTERNAL"));
	/* What came of the program of the row before is over. */
	saw.sets = saw.readies = saw.restarts = saw.controls = 0;
	say_restarted = restarted;
	d.recommendedRecovery = recovery;
	again(e, saAmfErrorReport(named("P"), named("E"), 0, &d, NULL));
	return e;
}

/* E is given its work by callbacks to its proxy. */
static int served(SaAmfHandleT *h)
{
	until(*h, saw.readies >= 1 && saw.sets >= 1 && has("E", "EXTERNAL"));
	check(strcmp(saw.component, "E") == 0 && saw.readiness == SA_AMF_IN_SERVICE && saw.state == SA_AMF_ACTIVE);
	return 0;
}

static int report_external_restart(void)
{
	SaAmfHandleT h;

	must(external(&h, SA_AMF_COMPONENT_RESTART, OK), OK);
	until(h, saw.restarts >= 1);
	check(strcmp(saw.component, "E") == 0);
	must(served(&h), 0);
	check(saw.restarts == 1 && saw.controls == 0);
	return OK;
}

/* It is switched off, and works again when its proxy has registered it again. */
static int off(SaAmfHandleT *h)
{
	until(*h, saw.controls >= 1);
	check(saw.controls == 1 && saw.action == SA_AMF_POWER_OFF && strcmp(saw.component, "E") == 0 && saw.sets == 0);
	until(*h, !has("E", "EXTERNAL"));
	must(reg(h, "E", "P"), OK);
	return served(h);
}

static int report_external_failover(void)
{
	SaAmfHandleT h;

	must(external(&h, SA_AMF_COMPONENT_FAILOVER, OK), OK);
	must(off(&h), 0);
	check(saw.restarts == 0);
	return OK;
}

static int report_external_stays(void)
{
	SaAmfHandleT h;

	must(external(&h, SA_AMF_COMPONENT_RESTART, E(FAILED_OPERATION)), OK);
	must(off(&h), 0);
	check(saw.restarts == 1);
	return OK;
}

static int report_ok(void) { return reported(SA_AMF_COMPONENT_RESTART, 0); }
static int report_internally(void) { return reported(SA_AMF_INTERNALLY_RECOVERED, 0); }
static int cancel_ok(void) { return reported(SA_AMF_NO_RECOMMENDATION, 1); }

ALONE(cancel, saAmfErrorCancelAll(n))

static const struct row rows[] = {
	{ID("init.ok"), init_ok}, {ID("init.release-small"), init_small}, {ID("init.handle-null"), init_handle_null},
	{ID("init.repeated"), init_repeated}, {ID("init.release-higher"), init_higher}, {ID("init.release-lower"), init_lower},
	{ID("init.major-higher"), init_major}, {ID("init.major-zero"), init_zero}, {ID("init.minor-other"), init_minor},
	{ID("init.callbacks-null"), init_no_callbacks}, {ID("init.callbacks-empty"), init_empty}, {ID("init.version-null"), init_version_null},
	{ID("init.all-null"), init_all_null}, {ID("init.version-rejected"), init_rejected}, {ID("init.version-accepted"), init_accepted},
	{ID("init.no-executive"), init_ok}, {ID("init.refused"), init_ok}, {ID("init.rude-server"), init_rude}, {ID("init.garbage"), init_garbage},
	{ID("init.no-room"), init_no_room},
	{ID("object.ok"), object_ok}, {ID("object.null"), object_null}, {ID("object.bad-and-null"), object_bad_and_null}, HANDLE_ROWS(object, "object"),
	{ID("dispatch.one"), dispatch_one}, {ID("dispatch.all"), dispatch_all}, {ID("dispatch.nothing"), dispatch_nothing},
	{ID("dispatch.flag-zero"), dispatch_zero}, {ID("dispatch.flag-large"), dispatch_large}, HANDLE_ROWS(dispatch, "dispatch"),
	{ID("dispatch.blocked-finalize"), dispatch_finalized}, {ID("dispatch.blocked-dead"), dispatch_blocked_dead},
	{ID("finalize.ok"), finalize_ok}, {ID("finalize.arbitrary"), finalize_arbitrary}, {ID("finalize.handle-null"), finalize_null},
	{ID("finalize.twice"), finalize_twice}, {ID("finalize.dead"), finalize_dead}, {ID("finalize.in-a-callback"), finalize_inside},
	{ID("finalize.descriptor"), finalize_descriptor}, {ID("finalize.registered"), finalize_registered},
	{ID("finalize.storm"), finalize_storm},
	{ID("register.ok"), reg_ok}, NAME_ROWS(reg, "register"), HANDLE_ROWS(reg, "register"), {ID("register.proxy-empty"), reg_proxy_empty},
	{ID("register.proxy-long"), reg_proxy_long}, {ID("register.proxy-unknown"), reg_proxy_unknown}, {ID("register.proxy-absent"), reg_proxy_absent},
	{ID("register.again"), reg_again}, {ID("register.elsewhere"), reg_elsewhere}, {ID("register.no-check"), reg_no_check},
	{ID("register.no-readiness"), reg_no_ready}, {ID("register.no-terminate"), reg_no_terminate}, {ID("register.no-set"), reg_no_set},
	{ID("register.no-remove"), reg_no_remove}, {ID("register.no-restart"), reg_no_restart}, {ID("register.no-control"), reg_no_control},
	{ID("register.proxied"), reg_proxied},
	{ID("unregister.ok"), unreg_ok}, NAME_ROWS(unreg, "unregister"), HANDLE_ROWS(unreg, "unregister"), {ID("unregister.proxy-empty"), unreg_proxy_empty},
	{ID("unregister.proxy-long"), unreg_proxy_long}, {ID("unregister.not"), unreg_not}, {ID("unregister.proxy-differs"), unreg_proxy_differs},
	{ID("unregister.elsewhere"), unreg_elsewhere}, {ID("unregister.proxied"), unreg_proxied}, {ID("unregister.proxied-alone"), unreg_proxied_alone},
	{ID("name.ok"), name_ok}, {ID("name.none"), name_none}, {ID("name.null"), name_null}, HANDLE_ROWS(name, "name"),
	{ID("readiness.ok"), ready_ok}, {ID("readiness.not"), ready_not}, {ID("readiness.state-null"), ready_state_null}, ALONE_ROWS(ready, "readiness"),
	{ID("ha.ok"), ha_ok}, {ID("ha.not"), ha_not}, {ID("ha.state-null"), ha_state_null}, ALONE_ROWS(ha, "ha"), ALONE_ROWS(hacsi, "ha.csi"),
	{ID("model.ok"), model_ok}, {ID("model.state-null"), model_state_null}, ALONE_ROWS(model, "model"),
	{ID("pending.ok"), pending_ok}, {ID("pending.not"), pending_not}, {ID("pending.asked"), pending_asked},
	{ID("pending.expired"), pending_expired},
	{ID("pending.state-null"), pending_state_null}, ALONE_ROWS(pending, "pending"),
	{ID("response.ok"), resp_ok}, {ID("response.twice"), resp_twice}, {ID("response.unknown"), resp_unknown}, {ID("response.none"), resp_none},
	{ID("response.negative"), resp_negative}, {ID("response.zero"), resp_zero}, {ID("response.large"), resp_large}, {ID("response.thirty"), resp_thirty},
	{ID("response.dead"), resp_dead}, {ID("response.finalized"), resp_finalized}, {ID("response.child"), resp_child},
	{ID("stopping.ok"), stopping_ok}, {ID("stopping.answered"), stopping_answered}, {ID("stopping.unknown"), stopping_unknown},
	{ID("stopping.none"), stopping_none}, {ID("stopping.other"), stopping_other}, {ID("stopping.zero"), stopping_zero},
	{ID("stopping.large"), stopping_large}, {ID("stopping.dead"), stopping_dead},
	{ID("healthcheck.asked"), check_ok},
	{ID("track.ok"), track_ok}, NAME_ROWS(track, "track"), HANDLE_ROWS(track, "track"), {ID("track.zero"), track_zero}, {ID("track.unknown-flag"), track_flag},
	{ID("track.both"), track_both}, {ID("track.array-null"), track_array_null}, {ID("track.items-zero"), track_items_zero}, {ID("track.init"), track_init},
	{ID("track.no-callback"), track_no_callback}, {ID("track.current"), track_current}, {ID("track.no-space"), track_no_space},
	{ID("trackstop.ok"), stop_ok}, NAME_ROWS(stop, "trackstop"), HANDLE_ROWS(stop, "trackstop"), {ID("trackstop.not"), stop_not},
	{ID("report.ok"), report_ok}, {ID("report.internally"), report_internally}, ALONE_ROWS(report, "report"), ALONE_ROWS(reporter, "report.by"),
	{ID("report.descriptor-null"), report_descriptor_null}, {ID("report.kind-zero"), report_kind_zero}, {ID("report.kind-large"), report_kind_large},
	{ID("report.cause-zero"), report_cause_zero}, {ID("report.cause-large"), report_cause_large}, {ID("report.severity-zero"), report_severity_zero},
	{ID("report.severity-large"), report_severity_large}, {ID("report.recovery-zero"), report_recovery_zero},
	{ID("report.recovery-large"), report_recovery_large}, {ID("report.text-long"), report_text_long}, {ID("report.text-huge"), report_text_huge},
	{ID("report.text-negative"), report_text_negative}, {ID("report.text-null"), report_text_null},
	{ID("report.external-restart"), report_external_restart}, {ID("report.external-failover"), report_external_failover},
	{ID("report.external-stays"), report_external_stays},
	{ID("cancel.ok"), cancel_ok}, ALONE_ROWS(cancel, "cancel"),
};

#define EN(x) {"SA_ERR_" #x, SA_ERR_##x}
static const struct error_name errors[] = {
	{"SA_OK", SA_OK}, EN(LIBRARY), EN(VERSION), EN(INIT), EN(TIMEOUT), EN(TRY_AGAIN), EN(INVALID_PARAM), EN(NO_MEMORY), EN(BAD_HANDLE),
	EN(BUSY), EN(ACCESS), EN(NOT_EXIST), EN(EXIST), EN(NO_SPACE), EN(NO_RESOURCES), EN(NOT_SUPPORTED), EN(BAD_OPERATION),
	EN(FAILED_OPERATION), EN(BAD_FLAGS), EN(SECURITY),
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof rows[0]), errors, (int)(sizeof errors / sizeof errors[0]));
}
