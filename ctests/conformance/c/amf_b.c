/*
 * Every documented result of every AMF function, generation B.01.01, and with
 * GENERATION_O as OpenSAF had it (B.01.01 and B.04.01). The rows and what they must
 * give are in ../errors.tsv; the components are those of ../amf.conf.
 *
 * A component that fails is ended hard by the executive, so where a row lets one
 * fail, the component is a child of the row.
 */
#include "conf.h"

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

#include <saAis.h>
#include <saAmf.h>

#ifdef GENERATION_O
#define ID(x) "amf.o." x
#define INSTANTIATE saAmfProxiedComponentInstantiateCallback
#define CLEANUP saAmfProxiedComponentCleanupCallback
#else
#define ID(x) "amf.b." x
#define INSTANTIATE saAmfExternalComponentInstantiateCallback
#define CLEANUP saAmfExternalComponentCleanupCallback
#endif

#define OK SA_AIS_OK
#define E(x) SA_AIS_ERR_##x

#define ARBITRARY 0x1234567812345678ULL
#define UNIT ",safSu=SU1,safSg=ONE,safApp=CONF"
#define C1 "safComp=C1" UNIT
#define NORESTART "safComp=NR,safSu=SU1,safSg=NORESTART,safApp=CONF"
#define PROXY "safComp=P,safSu=PROXY,safSg=PROXIES,safApp=CONF"
#define PROXIED "safComp=E,safSu=PROXIED,safSg=PROXIED,safApp=CONF"
#define PAIR_A "safComp=A,safSu=SU1,safSg=PAIR,safApp=CONF"
#define PAIR_B "safComp=B,safSu=SU2,safSg=PAIR,safApp=CONF"
#define CSI1 "safCsi=C1,safSi=ONE,safApp=CONF"
#define CSI2 "safCsi=C2,safSi=ONE,safApp=CONF"
#define CSI_PAIR "safCsi=PAIR,safSi=PAIR,safApp=CONF"
#define CSI_PROXY "safCsi=PROXY,safSi=PROXY,safApp=CONF"

/* What the callbacks saw, and what they do. */
enum { SEEN = 32 };
static struct {
	int sets, removes, checks, terminates, groups, instantiates;
	SaAmfHAStateT state;        /* of the last CSISet */
	SaInvocationT invocation;   /* of the last callback that has one */
	SaInvocationT quiescing;
	char attribute[64], csi[257], component[257], key[33], active[257];
	SaUint32T attributes, members, items;
	SaAmfProtectionGroupChangesT changes[SEEN];
	int error;
} saw;
static int silent;             /* answer nothing */
static SaAisErrorT say = OK;   /* what is answered */
static SaAmfHandleT current;   /* through which */
static SaAmfHandleT finalize_in_callback;
static void (*inside)(SaInvocationT invocation); /* done instead of an answer */

static void copy(char *to, const SaNameT *n)
{
	memcpy(to, n->value, n->length <= 256 ? n->length : 0);
	to[n->length <= 256 ? n->length : 0] = 0;
}

static void answer(SaInvocationT invocation)
{
	saw.invocation = invocation;
	if (finalize_in_callback) {
		SaAmfHandleT h = finalize_in_callback;

		finalize_in_callback = 0;
		check(saAmfFinalize(h) == OK);
		return;
	}
	if (inside) {
		inside(invocation);
		return;
	}
	if (!silent && saAmfResponse(current, invocation, say) != OK)
		wrong("no answer was taken");
}

static void on_check(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
	saw.checks++;
	copy(saw.component, comp);
	memcpy(saw.key, key->key, key->keyLen <= 32 ? key->keyLen : 0);
	saw.key[key->keyLen <= 32 ? key->keyLen : 0] = 0;
	answer(invocation);
}

static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.terminates++;
	copy(saw.component, comp);
	answer(invocation);
}

static void saw_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, const SaAmfCSIDescriptorT *d)
{
	saw.sets++;
	saw.state = state;
	copy(saw.component, comp);
	copy(saw.csi, &d->csiName);
	saw.attributes = d->csiAttr.number;
	if (d->csiAttr.number > 0)
		snprintf(saw.attribute, sizeof saw.attribute, "%s=%s", (char *)d->csiAttr.attr[0].attrName, (char *)d->csiAttr.attr[0].attrValue);
	copy(saw.active, &d->csiStateDescriptor.activeDescriptor.activeCompName);
	check(state != SA_AMF_HA_ACTIVE || d->csiStateDescriptor.activeDescriptor.transitionDescriptor >= SA_AMF_CSI_NEW_ASSIGN);
	if (state == SA_AMF_HA_QUIESCING)
		saw.quiescing = invocation;
	answer(invocation);
}

#ifdef GENERATION_O
static void on_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT d)
{
	saw_set(invocation, comp, state, &d);
}
#else
static void on_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT *d)
{
	saw_set(invocation, comp, state, d);
}
#endif

static void on_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
	saw.removes++;
	copy(saw.component, comp);
	copy(saw.csi, csi);
	check(flags != 0);
	answer(invocation);
}

static void on_group(const SaNameT *csi, SaAmfProtectionGroupNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	SaUint32T i;

	saw.groups++;
	copy(saw.csi, csi);
	saw.members = members;
	saw.items = b->numberOfItems;
	saw.error = (int)error;
	for (i = 0; i < b->numberOfItems && i < SEEN; i++)
		saw.changes[i] = b->notification[i].change;
}

static void on_instantiate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.instantiates++;
	copy(saw.component, comp);
	answer(invocation);
}

static void on_cleanup(SaInvocationT invocation, const SaNameT *comp)
{
	copy(saw.component, comp);
	answer(invocation);
}

static const SaAmfCallbacksT callbacks = {on_check, on_terminate, on_set, on_remove, on_group, on_instantiate, on_cleanup};

static SaVersionT version_of(int release, int major, int minor)
{
	SaVersionT v;

	memset(&v, 0, sizeof v);
	v.releaseCode = (char)release;
	v.majorVersion = (SaUint8T)major;
	v.minorVersion = (SaUint8T)minor;
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
	SaVersionT v = version_of('B', 1, 1);
	int e = (int)saAmfInitialize(h, c, &v);

	current = *h;
	return e;
}

static int opened(SaAmfHandleT *h) { return open_with(h, &callbacks); }

static int finalized(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(saAmfFinalize(*h), OK);
	return 0;
}

/* Repeats what the executive puts off: the last row's component may not be gone. */
#define again(result, call)                                                                  \
	do {                                                                                 \
		double until_ = seconds() + 15;                                              \
		while (((result) = (int)(call)) == (int)E(TRY_AGAIN) && seconds() < until_)  \
			usleep(5000);                                                        \
	} while (0)

static SaNameT name_of(const char *text)
{
	SaNameT n;

	memset(&n, 0, sizeof n);
	n.length = (SaUint16T)strlen(text);
	memcpy(n.value, text, n.length);
	return n;
}

static const SaNameT *named(const char *text)
{
	static __thread SaNameT names[8];
	static __thread int next;
	SaNameT *n = &names[next++ % 8];

	*n = name_of(text);
	return n;
}

/* Names that are none: too short, too long, far too long. */
static const SaNameT *no_name(int length)
{
	static SaNameT n;

	memset(&n, 'x', sizeof n);
	n.length = (SaUint16T)length;
	return &n;
}

static SaAmfHealthcheckKeyT key_of(const char *text)
{
	SaAmfHealthcheckKeyT k;

	memset(&k, 0, sizeof k);
	k.keyLen = (SaUint16T)strlen(text);
	memcpy(k.key, text, k.keyLen <= 32 ? k.keyLen : 32);
	return k;
}

static const SaAmfHealthcheckKeyT *keyed(const char *text, int length)
{
	static SaAmfHealthcheckKeyT k;

	k = key_of(text);
	if (length >= 0)
		k.keyLen = (SaUint16T)length;
	return &k;
}

/* Dispatches until a condition of what was seen holds. */
#define until(h, condition)                                                     \
	do {                                                                    \
		double until_ = seconds() + 15;                                 \
		SaSelectionObjectT fd_;                                         \
		must(saAmfSelectionObjectGet(h, &fd_), OK);                     \
		while (!(condition) && seconds() < until_) {                    \
			readable((int)fd_, 50);                                 \
			must(saAmfDispatch(h, SA_DISPATCH_ALL), OK);            \
		}                                                               \
		if (!(condition)) {                                             \
			wrong("line %d: never came: %s", __LINE__, #condition); \
			return -1;                                              \
		}                                                               \
	} while (0)

static int reg(SaAmfHandleT h, const char *comp, const char *proxy)
{
	int e;

	again(e, saAmfComponentRegister(h, named(comp), proxy ? named(proxy) : NULL));
	return e;
}

/* A handle with C1 registered. */
static int registered(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(reg(*h, C1, NULL), OK);
	return 0;
}

/* Has the component the instance, as the executive sees it? */
static int has(SaAmfHandleT h, const char *comp, const char *csi)
{
	SaAmfHAStateT s;

	return saAmfHAStateGet(h, named(comp), named(csi), &s) == OK;
}

/* And with its two instances active. */
static int assigned(SaAmfHandleT *h)
{
	must(registered(h), 0);
	until(*h, saw.sets >= 2 && has(*h, C1, CSI1) && has(*h, C1, CSI2));
	return 0;
}

/* A component as a child of its own; -1 when it did not come up. */
static pid_t component(const char *name)
{
	int ready[2];
	char c;
	pid_t pid;

	fflush(stdout);
	if (pipe(ready) < 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		SaAmfHandleT h;

		close(ready[0]);
		alarm(25);
		if (opened(&h) != OK || reg(h, name, NULL) != OK || write(ready[1], "r", 1) != 1)
			_exit(70);
		saAmfDispatch(h, SA_DISPATCH_BLOCKING);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

/* Waits for the end of a child that must not end by itself. */
static int ended(pid_t pid)
{
	double until_ = seconds() + 15;
	int status;

	while (seconds() < until_) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 1;
		usleep(2000);
	}
	return 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/*
 * Rows that every function has: call is an expression with h, a handle, and where it
 * takes a name, with n.
 */
#define HANDLES(f, call)                                                                                         \
	static int f##_arbitrary(void) { SaAmfHandleT h = ARBITRARY; return (int)(call); }                       \
	static int f##_stale(void) { SaAmfHandleT h; must(finalized(&h), 0); return (int)(call); }               \
	static int f##_dead(void) { SaAmfHandleT h; must(opened(&h), OK); ask("KILL"); return (int)(call); }
#define NAMES(f, call)                                                                                           \
	static int f##_name(const SaNameT *n) { SaAmfHandleT h; must(opened(&h), OK); return (int)(call); }      \
	static int f##_null(void) { return f##_name(NULL); }                                                     \
	static int f##_empty(void) { return f##_name(no_name(0)); }                                              \
	static int f##_long(void) { return f##_name(no_name(257)); }                                             \
	static int f##_huge(void) { return f##_name(no_name(65535)); }                                           \
	static int f##_unknown(void) { return f##_name(named("safComp=none")); }
#define HANDLE_ROWS(f, id) {ID(id ".arbitrary"), f##_arbitrary}, {ID(id ".stale"), f##_stale}, {ID(id ".dead"), f##_dead}
#define NAME_ROWS(f, id)                                                                                         \
	{ID(id ".name-null"), f##_null}, {ID(id ".name-empty"), f##_empty}, {ID(id ".name-long"), f##_long},     \
		{ID(id ".name-huge"), f##_huge}, {ID(id ".unknown"), f##_unknown}
/* One call on an open handle. */
#define ONE(f, call) static int f(void) { SaAmfHandleT h; must(opened(&h), OK); return (int)(call); }
/* One call with C1 registered. */
#define REG(f, call) static int f(void) { SaAmfHandleT h; must(registered(&h), 0); return (int)(call); }

/* --- saAmfInitialize --- */

static int init_ok(void) { return init_with(&callbacks, 'B', 1, 1); }
static int init_higher(void) { return init_with(&callbacks, 'C', 1, 1); }
static int init_lower(void) { return init_with(&callbacks, 'A', 1, 1); }
static int init_major(void) { return init_with(&callbacks, 'B', 2, 1); }
static int init_zero(void) { return init_with(&callbacks, 'B', 0, 1); }
static int init_minor(void) { return init_with(&callbacks, 'B', 1, 7); }
static int init_no_callbacks(void) { return init_with(NULL, 'B', 1, 1); }

static int init_empty(void)
{
	static const SaAmfCallbacksT none;

	return init_with(&none, 'B', 1, 1);
}

static int init_handle_null(void)
{
	SaVersionT v = version_of('B', 1, 1);

	return (int)saAmfInitialize(NULL, &callbacks, &v);
}

static int init_version_null(void)
{
	SaAmfHandleT h;

	return (int)saAmfInitialize(&h, &callbacks, NULL);
}

static int init_both_null(void) { return (int)saAmfInitialize(NULL, NULL, NULL); }

static int written(int release, int major, int minor)
{
	SaVersionT v = version_of(release, major, minor);
	SaAmfHandleT h;
	int e = (int)saAmfInitialize(&h, &callbacks, &v);

	check(v.releaseCode == 'B' && v.majorVersion == 1 && v.minorVersion == 1);
	return e;
}

static int init_rejected(void) { return written('C', 3, 4); }
static int init_accepted(void) { return written('B', 1, 9); }

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
		must(saAmfSelectionObjectGet(h[i], &fd), OK);
	}
	for (i = 0; i < 20; i++)
		must(saAmfFinalize(h[i]), OK);
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

static int object_of(SaAmfHandleT h)
{
	SaSelectionObjectT fd;

	return (int)saAmfSelectionObjectGet(h, &fd);
}
HANDLES(object, object_of(h))
ONE(object_null, saAmfSelectionObjectGet(h, NULL))
static int object_bad_and_null(void) { return (int)saAmfSelectionObjectGet(ARBITRARY, NULL); }

static int object_ok(void)
{
	SaAmfHandleT h;
	SaSelectionObjectT fd;

	must(opened(&h), OK);
	must(saAmfSelectionObjectGet(h, &fd), OK);
	check(!readable((int)fd, 50));
	must(reg(h, C1, NULL), OK);
	check(readable((int)fd, 10000)); /* it gets its instances */
	until(h, saw.sets >= 2);
	check(!readable((int)fd, 200));
	return OK;
}

HANDLES(dispatch, saAmfDispatch(h, SA_DISPATCH_ONE))
ONE(dispatch_zero, saAmfDispatch(h, (SaDispatchFlagsT)0))
ONE(dispatch_large, saAmfDispatch(h, (SaDispatchFlagsT)0x7fffffff))

static int dispatch_nothing(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	must(saAmfDispatch(h, SA_DISPATCH_ONE), OK);
	return (int)saAmfDispatch(h, SA_DISPATCH_ALL);
}

/* Three groups that wait. */
static int three(SaAmfHandleT *h)
{
	SaSelectionObjectT fd;
	int i;

	must(opened(h), OK);
	for (i = 0; i < 3; i++)
		must(saAmfProtectionGroupTrack(*h, named(CSI_PAIR), SA_TRACK_CURRENT, NULL), OK);
	must(saAmfSelectionObjectGet(*h, &fd), OK);
	check(readable((int)fd, 5000));
	usleep(100000);
	return 0;
}

static int dispatch_one(void)
{
	SaAmfHandleT h;
	int e;

	must(three(&h), 0);
	e = (int)saAmfDispatch(h, SA_DISPATCH_ONE);
	check(saw.groups == 1);
	return e;
}

static int dispatch_all(void)
{
	SaAmfHandleT h;
	int e;

	must(three(&h), 0);
	e = (int)saAmfDispatch(h, SA_DISPATCH_ALL);
	check(saw.groups == 3);
	return e;
}

static void *finalize_later(void *arg)
{
	usleep(200000);
	check(saAmfFinalize(*(SaAmfHandleT *)arg) == OK);
	return NULL;
}

static int dispatch_finalized(void)
{
	SaAmfHandleT h;
	pthread_t t;
	int e;

	must(three(&h), 0);
	must(pthread_create(&t, NULL, finalize_later, &h), 0);
	e = (int)saAmfDispatch(h, SA_DISPATCH_BLOCKING);
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
	e = (int)saAmfDispatch(h, SA_DISPATCH_BLOCKING);
	pthread_join(t, NULL);
	return e;
}

static int finalize_ok(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	return (int)saAmfFinalize(h);
}
static int finalize_arbitrary(void) { return (int)saAmfFinalize(ARBITRARY); }

static int finalize_twice(void)
{
	SaAmfHandleT h;

	must(finalized(&h), 0);
	return (int)saAmfFinalize(h);
}

static int finalize_dead(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	ask("KILL");
	return (int)saAmfFinalize(h);
}

static int finalize_inside(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	finalize_in_callback = h;
	while (finalize_in_callback)
		must(saAmfDispatch(h, SA_DISPATCH_BLOCKING), OK);
	return (int)saAmfFinalize(h);
}

static int finalize_descriptor(void)
{
	SaAmfHandleT h;
	SaSelectionObjectT fd;

	must(opened(&h), OK);
	must(saAmfSelectionObjectGet(h, &fd), OK);
	must(saAmfFinalize(h), OK);
	check(write((int)fd, "", 0) < 0 && errno == EBADF);
	return OK;
}

/* What was registered through it is registered no more. */
static int finalize_registered(void)
{
	SaAmfHandleT h, other;
	SaAmfHAStateT s;
	double limit = seconds() + 10;
	int e;

	must(assigned(&h), 0);
	must(opened(&other), OK);
	must(saAmfFinalize(h), OK);
	/* The executive ends what is left of a failed component, this process too,
	 * unless it is gone from its list before. */
	do
		e = (int)saAmfHAStateGet(other, named(C1), named(CSI1), &s);
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
	SaAmfProtectionGroupNotificationBufferT b;
	SaAmfHAStateT state;
	SaNameT n;

	(void)arg;
	while (!__atomic_load_n(&storm_over, __ATOMIC_SEQ_CST)) {
		b.numberOfItems = 4;
		b.notification = array;
		sane(__LINE__, (int)saAmfHAStateGet(stormy, named(C1), named(CSI1), &state));
		sane(__LINE__, (int)saAmfDispatch(stormy, SA_DISPATCH_ALL));
		sane(__LINE__, (int)saAmfResponse(stormy, 1, OK));
		sane(__LINE__, (int)saAmfProtectionGroupTrack(stormy, named(CSI1), SA_TRACK_CURRENT, &b));
		sane(__LINE__, (int)saAmfComponentNameGet(stormy, &n));
	}
	return NULL;
}

static int finalize_storm(void)
{
	pthread_t t[4];
	int i, e = OK;

	must(opened(&stormy), OK);
	for (i = 0; i < 4; i++)
		must(pthread_create(&t[i], NULL, storm, NULL), 0);
	usleep(100000);
	e = (int)saAmfFinalize(stormy);
	usleep(20000);
	__atomic_store_n(&storm_over, 1, __ATOMIC_SEQ_CST);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return e;
}

/* Functions that are called inside a callback. */
static int nested;

static void on_set_nested(SaInvocationT invocation)
{
	SaAmfHAStateT state;
	SaNameT n;

	nested++;
	check(saAmfHAStateGet(current, named(C1), named("safCsi=none"), &state) == E(NOT_EXIST));
	check(saAmfComponentNameGet(current, &n) == OK);
	check(saAmfProtectionGroupTrack(current, named(CSI1), SA_TRACK_CHANGES, NULL) == OK);
	check(saAmfProtectionGroupTrackStop(current, named(CSI1)) == OK);
	check(saAmfDispatch(current, SA_DISPATCH_ALL) == OK);
	check(saAmfResponse(current, invocation, OK) == OK);
}

static int dispatch_nested(void)
{
	SaAmfHandleT h;

	inside = on_set_nested;
	must(registered(&h), 0);
	until(h, nested >= 2);
	return OK;
}

/* --- registration --- */

HANDLES(reg, saAmfComponentRegister(h, named(C1), NULL))
NAMES(reg, saAmfComponentRegister(h, n, NULL))
ONE(reg_ok, reg(h, C1, NULL))
ONE(reg_proxy_empty, saAmfComponentRegister(h, named(C1), no_name(0)))
ONE(reg_proxy_long, saAmfComponentRegister(h, named(C1), no_name(257)))
ONE(reg_proxy_unknown, saAmfComponentRegister(h, named(PROXIED), named("safComp=none")))
ONE(reg_proxy_absent, saAmfComponentRegister(h, named(PROXIED), named(PROXY)))
ONE(reg_needs_proxy, reg(h, PROXIED, NULL))
REG(reg_again, saAmfComponentRegister(h, named(C1), NULL))
REG(reg_needs_none, saAmfComponentRegister(h, named(PAIR_A), named(C1)))

static int reg_without(size_t offset)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h;

	memset((char *)&some + offset, 0, sizeof some.saAmfCSISetCallback);
	must(open_with(&h, &some), OK);
	return (int)saAmfComponentRegister(h, named(C1), NULL);
}
static int reg_no_set(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfCSISetCallback)); }
static int reg_no_remove(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfCSIRemoveCallback)); }
static int reg_no_terminate(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfComponentTerminateCallback)); }
static int reg_no_check(void) { return reg_without(offsetof(SaAmfCallbacksT, saAmfHealthcheckCallback)); }

static int reg_proxy_init(void)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h;

	some.INSTANTIATE = NULL;
	must(open_with(&h, &some), OK);
	return (int)saAmfComponentRegister(h, named(PROXIED), named(PROXY));
}

static int reg_elsewhere(void)
{
	SaAmfHandleT h, other;

	must(registered(&h), 0);
	must(opened(&other), OK);
	return (int)saAmfComponentRegister(other, named(C1), NULL);
}

/*
 * A proxy with its instance. What it speaks for is instantiated by it, or still is
 * from an earlier row's proxy.
 */
static int proxy(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(reg(*h, PROXY, NULL), OK);
	until(*h, saw.instantiates >= 1 || saw.sets >= 1);
	return 0;
}

static int reg_proxied(void)
{
	SaAmfHandleT h;

	must(proxy(&h), 0);
	return reg(h, PROXIED, PROXY);
}

static int reg_proxy_idle(void)
{
	SaAmfHandleT h;
	int e;

	ask("AMF lock safSi=PROXY,safApp=CONF");
	must(opened(&h), OK);
	must(reg(h, PROXY, NULL), OK);
	again(e, saAmfComponentRegister(h, named(PROXIED), named(PROXY)));
	ask("AMF unlock safSi=PROXY,safApp=CONF");
	return e;
}

HANDLES(unreg, saAmfComponentUnregister(h, named(C1), NULL))
NAMES(unreg, saAmfComponentUnregister(h, n, NULL))
ONE(unreg_proxy_empty, saAmfComponentUnregister(h, named(C1), no_name(0)))
ONE(unreg_proxy_long, saAmfComponentUnregister(h, named(C1), no_name(257)))
ONE(unreg_not, saAmfComponentUnregister(h, named(PAIR_B), NULL))

static int unreg_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	again(e, saAmfComponentUnregister(h, named(C1), NULL));
	return e;
}

static int unreg_proxy_differs(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	again(e, saAmfComponentUnregister(h, named(C1), named(PROXY)));
	return e;
}

static int unreg_elsewhere(void)
{
	SaAmfHandleT h, other;

	must(assigned(&h), 0);
	must(opened(&other), OK);
	return (int)saAmfComponentUnregister(other, named(C1), NULL);
}

static int unreg_proxied(void)
{
	SaAmfHandleT h;
	int e;

	must(proxy(&h), 0);
	must(reg(h, PROXIED, PROXY), OK);
	again(e, saAmfComponentUnregister(h, named(PROXIED), named(PROXY)));
	return e;
}

static int unreg_proxied_alone(void)
{
	SaAmfHandleT h;
	int e;

	must(proxy(&h), 0);
	must(reg(h, PROXIED, PROXY), OK);
	again(e, saAmfComponentUnregister(h, named(PROXIED), NULL));
	return e;
}

static int name_get(SaAmfHandleT h)
{
	SaNameT n;

	return (int)saAmfComponentNameGet(h, &n);
}
HANDLES(name, name_get(h))
ONE(name_null, saAmfComponentNameGet(h, NULL))
ONE(name_none, name_get(h))
static int name_bad_and_null(void) { return (int)saAmfComponentNameGet(ARBITRARY, NULL); }

static int name_is(SaAmfHandleT h, const char *want)
{
	SaNameT n;
	char text[257];
	int e = (int)saAmfComponentNameGet(h, &n);

	if (e == OK) {
		copy(text, &n);
		check(!strcmp(text, want));
	}
	return e;
}

static int name_environment(void)
{
	SaAmfHandleT h;

	setenv("SA_AMF_COMPONENT_NAME", PAIR_A, 1);
	must(opened(&h), OK);
	return name_is(h, PAIR_A);
}

static int name_registered(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	return name_is(h, C1);
}

static int name_too_long(void)
{
	char text[400];
	SaAmfHandleT h;

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = 0;
	setenv("SA_AMF_COMPONENT_NAME", text, 1);
	must(opened(&h), OK);
	return name_get(h);
}

/* --- passive monitoring --- */

#define PM(n, pid, depth, errors, recovery) saAmfPmStart(h, n, pid, depth, errors, (SaAmfRecommendedRecoveryT)(recovery))
#define PM_OK(n) PM(n, (SaUint64T)getpid(), 0, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION)
HANDLES(pm, PM_OK(named(C1)))
NAMES(pm, PM_OK(n))
ONE(pm_not, PM_OK(named(PAIR_B)))
REG(pm_ok, PM_OK(named(C1)))
REG(pm_tree, PM(named(C1), (SaUint64T)getpid(), -1, SA_AMF_PM_NON_ZERO_EXIT | SA_AMF_PM_ABNORMAL_END | SA_AMF_PM_ZERO_EXIT, SA_AMF_COMPONENT_FAILOVER))
REG(pm_zero, PM(named(C1), 0, 0, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION))
REG(pm_largest, PM(named(C1), 0xffffffffffffffffULL, 0, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION))
REG(pm_depth, PM(named(C1), (SaUint64T)getpid(), -2, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION))
REG(pm_no_errors, PM(named(C1), (SaUint64T)getpid(), 0, 0, SA_AMF_NO_RECOMMENDATION))
REG(pm_errors, PM(named(C1), (SaUint64T)getpid(), 0, 8, SA_AMF_NO_RECOMMENDATION))
REG(pm_recovery_zero, PM(named(C1), (SaUint64T)getpid(), 0, SA_AMF_PM_NON_ZERO_EXIT, 0))
REG(pm_recovery_large, PM(named(C1), (SaUint64T)getpid(), 0, SA_AMF_PM_NON_ZERO_EXIT, 0x7fffffff))
REG(pm_recovery_container, PM(named(C1), (SaUint64T)getpid(), 0, SA_AMF_PM_NON_ZERO_EXIT, 9))

static int pm_no_process(void)
{
	SaAmfHandleT h;
	pid_t pid;

	must(registered(&h), 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	return (int)PM(named(C1), (SaUint64T)pid, 0, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION);
}

static int pm_no_restart(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	must(reg(h, NORESTART, NULL), OK);
	return (int)PM(named(NORESTART), (SaUint64T)getpid(), 0, SA_AMF_PM_NON_ZERO_EXIT, SA_AMF_COMPONENT_RESTART);
}

/* The end of a watched process is an error of the component, which is ended. */
static int pm_fires(void)
{
	pid_t victim, watched = fork();
	SaAmfHandleT h;
	int e;

	if (watched == 0) {
		pause();
		_exit(0);
	}
	victim = component(C1);
	check(victim > 0);
	must(opened(&h), OK);
	e = (int)PM(named(C1), (SaUint64T)watched, 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_COMPONENT_RESTART);
	end(watched);
	if (e == OK)
		check(ended(victim));
	else
		end(victim);
	return e;
}

#define PMSTOP(n, which, pid, errors) saAmfPmStop(h, n, (SaAmfPmStopQualifierT)(which), pid, errors)
#define PMSTOP_OK(n) PMSTOP(n, SA_AMF_PM_PROC, getpid(), SA_AMF_PM_NON_ZERO_EXIT)
HANDLES(pmstop, PMSTOP_OK(named(C1)))
NAMES(pmstop, PMSTOP_OK(n))
REG(pmstop_not, PMSTOP_OK(named(C1)))
REG(pmstop_which_zero, PMSTOP(named(C1), 0, getpid(), SA_AMF_PM_NON_ZERO_EXIT))
REG(pmstop_which_four, PMSTOP(named(C1), 4, getpid(), SA_AMF_PM_NON_ZERO_EXIT))
REG(pmstop_zero, PMSTOP(named(C1), SA_AMF_PM_PROC, 0, SA_AMF_PM_NON_ZERO_EXIT))
REG(pmstop_negative, PMSTOP(named(C1), SA_AMF_PM_PROC, -1, SA_AMF_PM_NON_ZERO_EXIT))
REG(pmstop_no_errors, PMSTOP(named(C1), SA_AMF_PM_PROC, getpid(), 0))
REG(pmstop_errors, PMSTOP(named(C1), SA_AMF_PM_PROC, getpid(), 8))

static int pmstop_with(int which, int pid)
{
	SaAmfHandleT h;
	int e;

	must(registered(&h), 0);
	must(PM_OK(named(C1)), OK);
	e = (int)PMSTOP(named(C1), which, pid, SA_AMF_PM_NON_ZERO_EXIT);
	check(PMSTOP_OK(named(C1)) == E(NOT_EXIST));
	return e;
}
static int pmstop_ok(void) { return pmstop_with(SA_AMF_PM_PROC, getpid()); }
static int pmstop_tree(void) { return pmstop_with(SA_AMF_PM_PROC_AND_DESCENDENTS, getpid()); }
static int pmstop_all(void) { return pmstop_with(SA_AMF_PM_ALL_PROCESSES, 0); }

/* --- health checks --- */

#define HC(n, key, by, recovery) saAmfHealthcheckStart(h, n, key, (SaAmfHealthcheckInvocationT)(by), (SaAmfRecommendedRecoveryT)(recovery))
#define HC_OK(n) HC(n, keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION)
HANDLES(hc, HC_OK(named(C1)))
NAMES(hc, HC_OK(n))
ONE(hc_not, HC_OK(named(PAIR_B)))
REG(hc_ok, HC_OK(named(C1)))
REG(hc_key_null, HC(named(C1), NULL, SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION))
REG(hc_key_empty, HC(named(C1), keyed("slow", 0), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION))
REG(hc_key_long, HC(named(C1), keyed("slow", 33), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION))
REG(hc_key_huge, HC(named(C1), keyed("slow", 65535), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION))
REG(hc_key_unknown, HC(named(C1), keyed("none", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION))
REG(hc_by_zero, HC(named(C1), keyed("slow", -1), 0, SA_AMF_NO_RECOMMENDATION))
REG(hc_by_three, HC(named(C1), keyed("slow", -1), 3, SA_AMF_NO_RECOMMENDATION))
REG(hc_recovery_zero, HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, 0))
REG(hc_recovery_large, HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, 0x7fffffff))
REG(hc_recovery_container, HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, 9))

static int hc_exist(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	must(HC_OK(named(C1)), OK);
	return (int)HC_OK(named(C1));
}

static int hc_init(void)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h;

	some.saAmfHealthcheckCallback = NULL;
	must(open_with(&h, &some), OK);
	must(reg(h, C1, NULL), OK);
	return (int)HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION);
}

static int hc_no_restart(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	must(reg(h, NORESTART, NULL), OK);
	return (int)HC(named(NORESTART), keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_COMPONENT_RESTART);
}

static int hc_asked(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	e = (int)HC(named(C1), keyed("fast", -1), SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION);
	if (e == OK) {
		until(h, saw.checks >= 3);
		check(!strcmp(saw.key, "fast") && !strcmp(saw.component, C1));
	}
	return e;
}

#define CONFIRM(n, key, result) saAmfHealthcheckConfirm(h, n, key, (SaAisErrorT)(result))
#define CONFIRM_OK(n) CONFIRM(n, keyed("slow", -1), OK)
HANDLES(confirm, CONFIRM_OK(named(C1)))
NAMES(confirm, CONFIRM_OK(n))
REG(confirm_not, CONFIRM_OK(named(C1)))
REG(confirm_key_null, CONFIRM(named(C1), NULL, OK))
REG(confirm_key_empty, CONFIRM(named(C1), keyed("slow", 0), OK))
REG(confirm_key_long, CONFIRM(named(C1), keyed("slow", 33), OK))
REG(confirm_result, CONFIRM(named(C1), keyed("slow", -1), E(TIMEOUT)))
REG(confirm_zero, CONFIRM(named(C1), keyed("slow", -1), 0))

static int confirm_ok(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	must(HC_OK(named(C1)), OK);
	return (int)CONFIRM_OK(named(C1));
}

static int confirm_asked(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	must(HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION), OK);
	return (int)CONFIRM_OK(named(C1));
}

static int confirm_elsewhere(void)
{
	SaAmfHandleT h, first;

	must(registered(&h), 0);
	must(HC_OK(named(C1)), OK);
	first = h;
	must(opened(&h), OK);
	(void)first;
	return (int)CONFIRM_OK(named(C1));
}

/* A component that says that it is not well is ended. */
static int confirm_failed(void)
{
	SaAmfHandleT h;
	pid_t victim = component(C1);
	int e;

	check(victim > 0);
	must(opened(&h), OK);
	must(HC(named(C1), keyed("slow", -1), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_COMPONENT_RESTART), OK);
	e = (int)CONFIRM(named(C1), keyed("slow", -1), E(FAILED_OPERATION));
	if (e == OK)
		check(ended(victim));
	else
		end(victim);
	return e;
}

#define HCSTOP(n, key) saAmfHealthcheckStop(h, n, key)
#define HCSTOP_OK(n) HCSTOP(n, keyed("slow", -1))
HANDLES(hcstop, HCSTOP_OK(named(C1)))
NAMES(hcstop, HCSTOP_OK(n))
REG(hcstop_not, HCSTOP_OK(named(C1)))
REG(hcstop_key_null, HCSTOP(named(C1), NULL))
REG(hcstop_key_empty, HCSTOP(named(C1), keyed("slow", 0)))
REG(hcstop_key_long, HCSTOP(named(C1), keyed("slow", 33)))

static int hcstop_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(registered(&h), 0);
	must(HC_OK(named(C1)), OK);
	e = (int)HCSTOP_OK(named(C1));
	check(HCSTOP_OK(named(C1)) == E(NOT_EXIST));
	return e;
}

static int hcstop_elsewhere(void)
{
	SaAmfHandleT h;

	must(registered(&h), 0);
	must(HC_OK(named(C1)), OK);
	must(opened(&h), OK);
	return (int)HCSTOP_OK(named(C1));
}

/* --- states --- */

static int ha(SaAmfHandleT h, const SaNameT *comp, const SaNameT *csi)
{
	SaAmfHAStateT s = (SaAmfHAStateT)0;
	int e = (int)saAmfHAStateGet(h, comp, csi, &s);

	check(e != OK || s == SA_AMF_HA_ACTIVE);
	return e;
}
HANDLES(ha, ha(h, named(C1), named(CSI1)))
NAMES(ha, ha(h, n, named(CSI1)))
NAMES(hacsi, ha(h, named(C1), n))
ONE(ha_null_state, saAmfHAStateGet(h, named(C1), named(CSI1), NULL))
ONE(ha_not, ha(h, named(PAIR_A), named(CSI1)))

static int ha_ok(void)
{
	SaAmfHandleT h;

	must(assigned(&h), 0);
	check(saw.state == SA_AMF_HA_ACTIVE);
	return ha(h, named(C1), named(CSI1));
}

/* --- answers --- */

HANDLES(resp, saAmfResponse(h, 1, OK))
REG(resp_unknown, saAmfResponse(h, 0x7777777, OK))
REG(resp_none, saAmfResponse(h, 0, OK))

static int resp_with(int error, int twice)
{
	SaAmfHandleT h;
	int e;

	must(opened(&h), OK);
	silent = 1;
	must(reg(h, C1, NULL), OK);
	until(h, saw.sets >= 1);
	e = (int)saAmfResponse(h, saw.invocation, (SaAisErrorT)error);
	if (twice)
		e = (int)saAmfResponse(h, saw.invocation, (SaAisErrorT)error);
	return e;
}
static int resp_ok(void) { return resp_with(OK, 0); }
static int resp_twice(void) { return resp_with(OK, 1); }
static int resp_zero(void) { return resp_with(0, 0); }
static int resp_large(void) { return resp_with(0x7fffffff, 0); }

static int resp_elsewhere(void)
{
	SaAmfHandleT h, other;

	must(opened(&h), OK);
	silent = 1;
	must(reg(h, C1, NULL), OK);
	until(h, saw.sets >= 1);
	must(opened(&other), OK);
	return (int)saAmfResponse(other, saw.invocation, OK);
}

static int resp_dead_callback(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	silent = 1;
	must(reg(h, C1, NULL), OK);
	until(h, saw.sets >= 1);
	ask("KILL");
	return (int)saAmfResponse(h, saw.invocation, OK);
}

/* A component that cannot do what it is told has failed. */
static int resp_failed(void)
{
	SaAmfHandleT h;
	pid_t victim;

	say = E(FAILED_OPERATION);
	victim = component(C1);
	say = OK;
	check(victim > 0);
	must(opened(&h), OK);
	check(ended(victim));
	return OK;
}

HANDLES(quiesced, saAmfCSIQuiescingComplete(h, 1, OK))
REG(quiesced_unknown, saAmfCSIQuiescingComplete(h, 0x7777777, OK))
REG(quiesced_zero, saAmfCSIQuiescingComplete(h, 1, (SaAisErrorT)0))
REG(quiesced_large, saAmfCSIQuiescingComplete(h, 1, (SaAisErrorT)0x7fffffff))

/* The invocation of a CSISet that is no QUIESCING. */
static int quiesced_other(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	silent = 1;
	must(reg(h, C1, NULL), OK);
	until(h, saw.sets >= 1);
	return (int)saAmfCSIQuiescingComplete(h, saw.invocation, OK);
}

static int quiesced_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	ask("AMF shutdown safSi=ONE,safApp=CONF");
	until(h, saw.quiescing != 0);
	e = (int)saAmfCSIQuiescingComplete(h, saw.quiescing, OK);
	ask("AMF unlock safSi=ONE,safApp=CONF");
	return e;
}

/* --- protection groups --- */

static SaAmfProtectionGroupNotificationT room[16];

static SaAmfProtectionGroupNotificationBufferT *buffer(SaUint32T n, SaAmfProtectionGroupNotificationT *array)
{
	static SaAmfProtectionGroupNotificationBufferT b;

	b.numberOfItems = n;
	b.notification = array;
	return &b;
}

#define TRACK(n, flags, buffer) saAmfProtectionGroupTrack(h, n, flags, buffer)
#define TRACK_OK(n) TRACK(n, SA_TRACK_CHANGES, NULL)
HANDLES(track, TRACK_OK(named(CSI1)))
NAMES(track, TRACK_OK(n))
ONE(track_ok, TRACK_OK(named(CSI1)))
ONE(track_zero, TRACK(named(CSI1), 0, NULL))
ONE(track_eight, TRACK(named(CSI1), SA_TRACK_CURRENT | 0x40, NULL))
ONE(track_both, TRACK(named(CSI1), SA_TRACK_CHANGES | SA_TRACK_CHANGES_ONLY, NULL))
ONE(track_empty_array, TRACK(named(CSI1), SA_TRACK_CURRENT, buffer(0, room)))

static int track_without(SaUint8T flags, SaAmfProtectionGroupNotificationBufferT *b)
{
	SaAmfCallbacksT some = callbacks;
	SaAmfHandleT h;

	some.saAmfProtectionGroupTrackCallback = NULL;
	must(open_with(&h, &some), OK);
	return (int)TRACK(named(CSI1), flags, b);
}
static int track_init_changes(void) { return track_without(SA_TRACK_CHANGES, NULL); }
static int track_init_current(void) { return track_without(SA_TRACK_CURRENT, NULL); }
static int track_without_ok(void) { return track_without(SA_TRACK_CURRENT, buffer(16, room)); }

static int track_current(void)
{
	SaAmfProtectionGroupNotificationBufferT *b = buffer(16, room);
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	e = (int)TRACK(named(CSI1), SA_TRACK_CURRENT, b);
	check(b->numberOfItems == 1 && b->notification == room);
	check(room[0].member.haState == SA_AMF_HA_ACTIVE && room[0].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE);
	check(room[0].member.compName.length == strlen(C1) && !memcmp(room[0].member.compName.value, C1, strlen(C1)));
	return e;
}

static int track_allocated(void)
{
	SaAmfProtectionGroupNotificationBufferT *b = buffer(0, NULL);
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	e = (int)TRACK(named(CSI1), SA_TRACK_CURRENT, b);
	check(b->numberOfItems == 1 && b->notification != NULL);
	free(b->notification);
	return e;
}

static int track_told(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	e = (int)TRACK(named(CSI1), SA_TRACK_CURRENT, NULL);
	until(h, saw.groups >= 1);
	check(saw.items == 1 && saw.members == 1 && saw.error == OK && !strcmp(saw.csi, CSI1));
	return e;
}

/* The pair: one active, one standby. */
static int pair(SaAmfHandleT *h)
{
	must(opened(h), OK);
	must(reg(*h, PAIR_A, NULL), OK);
	must(reg(*h, PAIR_B, NULL), OK);
	until(*h, saw.sets >= 2 && has(*h, PAIR_A, CSI_PAIR) && has(*h, PAIR_B, CSI_PAIR));
	return 0;
}

static int track_no_space(void)
{
	SaAmfProtectionGroupNotificationBufferT *b = buffer(1, room);
	SaAmfHandleT h;
	int e;

	must(pair(&h), 0);
	e = (int)TRACK(named(CSI_PAIR), SA_TRACK_CURRENT | SA_TRACK_CHANGES, b);
	check(b->numberOfItems == 2);
	check(saAmfProtectionGroupTrackStop(h, named(CSI_PAIR)) == E(NOT_EXIST));
	return e;
}

static int track_changes(SaUint8T flags, unsigned items)
{
	SaAmfHandleT h, component;
	int e;

	must(opened(&h), OK);
	e = (int)TRACK(named(CSI1), flags, NULL);
	must(registered(&component), 0);
	until(component, saw.sets >= 2);
	until(h, saw.groups >= 1 && saw.members == 1);
	check(saw.items == items && saw.members == 1);
	return e;
}
static int track_all_changes(void) { return track_changes(SA_TRACK_CHANGES, 1); }
static int track_only_changes(void) { return track_changes(SA_TRACK_CHANGES_ONLY, 1); }

HANDLES(stop, saAmfProtectionGroupTrackStop(h, named(CSI1)))
NAMES(stop, saAmfProtectionGroupTrackStop(h, n))
ONE(stop_not, saAmfProtectionGroupTrackStop(h, named(CSI1)))

static int stop_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(opened(&h), OK);
	must(TRACK_OK(named(CSI1)), OK);
	e = (int)saAmfProtectionGroupTrackStop(h, named(CSI1));
	check(saAmfProtectionGroupTrackStop(h, named(CSI1)) == E(NOT_EXIST));
	return e;
}

/* --- errors --- */

#define REPORT(n, recovery) saAmfComponentErrorReport(h, n, 0, (SaAmfRecommendedRecoveryT)(recovery), 0)
#define REPORT_OK(n) REPORT(n, SA_AMF_NO_RECOMMENDATION)
HANDLES(report, REPORT_OK(named(C1)))
NAMES(report, REPORT_OK(n))
ONE(report_zero, REPORT(named(C1), 0))
ONE(report_large, REPORT(named(C1), 0x7fffffff))
ONE(report_container, REPORT(named(C1), 9))

static int report_with(SaTimeT when, int recovery)
{
	pid_t victim = component(C1);
	SaAmfHandleT h;
	int e;

	check(victim > 0);
	must(opened(&h), OK);
	again(e, saAmfComponentErrorReport(h, named(C1), when, (SaAmfRecommendedRecoveryT)recovery, 0x1122334455667788ULL));
	if (e == OK)
		check(ended(victim));
	else
		end(victim);
	return e;
}
static int report_ok(void) { return report_with(1234567890123456789LL, SA_AMF_COMPONENT_RESTART); }
static int report_unknown_time(void) { return report_with((SaTimeT)SA_TIME_UNKNOWN, SA_AMF_NO_RECOMMENDATION); }

static int report_no_restart(void)
{
	SaAmfHandleT h;
	int e;

	must(opened(&h), OK);
	again(e, saAmfComponentErrorReport(h, named(NORESTART), 0, SA_AMF_COMPONENT_RESTART, 0));
	return e;
}

#define CLEAR(n) saAmfComponentErrorClear(h, n, 0)
HANDLES(clear, CLEAR(named(C1)))
NAMES(clear, CLEAR(n))

static int clear_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(registered(&h), 0);
	again(e, CLEAR(named(C1)));
	return e;
}

#ifdef GENERATION_O
#include "amf_osaf.h"
#endif

static const struct row rows[] = {
	{ID("init.ok"), init_ok}, {ID("init.handle-null"), init_handle_null}, {ID("init.repeated"), init_repeated},
	{ID("init.release-higher"), init_higher}, {ID("init.release-lower"), init_lower}, {ID("init.major-higher"), init_major},
	{ID("init.major-zero"), init_zero}, {ID("init.minor-other"), init_minor}, {ID("init.callbacks-null"), init_no_callbacks},
	{ID("init.callbacks-empty"), init_empty}, {ID("init.version-null"), init_version_null}, {ID("init.all-null"), init_both_null},
	{ID("init.version-rejected"), init_rejected}, {ID("init.version-accepted"), init_accepted}, {ID("init.no-executive"), init_ok},
	{ID("init.refused"), init_ok}, {ID("init.rude-server"), init_rude}, {ID("init.garbage"), init_garbage},
	{ID("init.no-room"), init_no_room},
	{ID("object.ok"), object_ok}, {ID("object.null"), object_null}, {ID("object.bad-and-null"), object_bad_and_null}, HANDLE_ROWS(object, "object"),
	{ID("dispatch.one"), dispatch_one}, {ID("dispatch.all"), dispatch_all}, {ID("dispatch.nothing"), dispatch_nothing},
	{ID("dispatch.flag-zero"), dispatch_zero}, {ID("dispatch.flag-large"), dispatch_large}, HANDLE_ROWS(dispatch, "dispatch"),
	{ID("dispatch.blocked-finalize"), dispatch_finalized}, {ID("dispatch.blocked-dead"), dispatch_blocked_dead},
	{ID("finalize.ok"), finalize_ok}, {ID("finalize.arbitrary"), finalize_arbitrary}, {ID("finalize.twice"), finalize_twice},
	{ID("finalize.dead"), finalize_dead}, {ID("finalize.in-a-callback"), finalize_inside}, {ID("finalize.descriptor"), finalize_descriptor},
	{ID("finalize.registered"), finalize_registered}, {ID("finalize.storm"), finalize_storm}, {ID("dispatch.nested"), dispatch_nested},
	{ID("register.ok"), reg_ok}, NAME_ROWS(reg, "register"), HANDLE_ROWS(reg, "register"), {ID("register.proxy-empty"), reg_proxy_empty},
	{ID("register.proxy-long"), reg_proxy_long}, {ID("register.proxy-unknown"), reg_proxy_unknown}, {ID("register.proxy-absent"), reg_proxy_absent},
	{ID("register.needs-proxy"), reg_needs_proxy}, {ID("register.needs-none"), reg_needs_none}, {ID("register.again"), reg_again},
	{ID("register.elsewhere"), reg_elsewhere}, {ID("register.no-set"), reg_no_set}, {ID("register.no-remove"), reg_no_remove},
	{ID("register.no-terminate"), reg_no_terminate}, {ID("register.no-check"), reg_no_check}, {ID("register.proxy-init"), reg_proxy_init},
	{ID("register.proxied"), reg_proxied}, {ID("register.proxy-idle"), reg_proxy_idle},
	{ID("unregister.ok"), unreg_ok}, NAME_ROWS(unreg, "unregister"), HANDLE_ROWS(unreg, "unregister"), {ID("unregister.proxy-empty"), unreg_proxy_empty},
	{ID("unregister.proxy-long"), unreg_proxy_long}, {ID("unregister.not"), unreg_not}, {ID("unregister.proxy-differs"), unreg_proxy_differs},
	{ID("unregister.elsewhere"), unreg_elsewhere}, {ID("unregister.proxied"), unreg_proxied}, {ID("unregister.proxied-alone"), unreg_proxied_alone},
	{ID("name.environment"), name_environment}, {ID("name.registered"), name_registered}, {ID("name.none"), name_none}, {ID("name.null"), name_null},
	{ID("name.bad-and-null"), name_bad_and_null}, {ID("name.too-long"), name_too_long}, HANDLE_ROWS(name, "name"),
	{ID("pmstart.ok"), pm_ok}, {ID("pmstart.tree"), pm_tree}, NAME_ROWS(pm, "pmstart"), HANDLE_ROWS(pm, "pmstart"), {ID("pmstart.not"), pm_not},
	{ID("pmstart.pid-zero"), pm_zero}, {ID("pmstart.pid-huge"), pm_largest}, {ID("pmstart.depth"), pm_depth}, {ID("pmstart.no-errors"), pm_no_errors},
	{ID("pmstart.errors"), pm_errors}, {ID("pmstart.recovery-zero"), pm_recovery_zero}, {ID("pmstart.recovery-large"), pm_recovery_large},
	{ID("pmstart.recovery-container"), pm_recovery_container}, {ID("pmstart.no-process"), pm_no_process}, {ID("pmstart.no-restart"), pm_no_restart},
	{ID("pmstart.fires"), pm_fires},
	{ID("pmstop.ok"), pmstop_ok}, {ID("pmstop.tree"), pmstop_tree}, {ID("pmstop.all"), pmstop_all}, NAME_ROWS(pmstop, "pmstop"), HANDLE_ROWS(pmstop, "pmstop"),
	{ID("pmstop.not"), pmstop_not}, {ID("pmstop.which-zero"), pmstop_which_zero}, {ID("pmstop.which-four"), pmstop_which_four},
	{ID("pmstop.pid-zero"), pmstop_zero}, {ID("pmstop.pid-negative"), pmstop_negative}, {ID("pmstop.no-errors"), pmstop_no_errors},
	{ID("pmstop.errors"), pmstop_errors},
	{ID("check.ok"), hc_ok}, {ID("check.asked"), hc_asked}, NAME_ROWS(hc, "check"), HANDLE_ROWS(hc, "check"), {ID("check.not"), hc_not},
	{ID("check.key-null"), hc_key_null}, {ID("check.key-empty"), hc_key_empty}, {ID("check.key-long"), hc_key_long}, {ID("check.key-huge"), hc_key_huge},
	{ID("check.key-unknown"), hc_key_unknown}, {ID("check.by-zero"), hc_by_zero}, {ID("check.by-three"), hc_by_three},
	{ID("check.recovery-zero"), hc_recovery_zero}, {ID("check.recovery-large"), hc_recovery_large},
	{ID("check.recovery-container"), hc_recovery_container}, {ID("check.exist"), hc_exist}, {ID("check.init"), hc_init}, {ID("check.no-restart"), hc_no_restart},
	{ID("confirm.ok"), confirm_ok}, NAME_ROWS(confirm, "confirm"), HANDLE_ROWS(confirm, "confirm"), {ID("confirm.not"), confirm_not},
	{ID("confirm.key-null"), confirm_key_null}, {ID("confirm.key-empty"), confirm_key_empty}, {ID("confirm.key-long"), confirm_key_long},
	{ID("confirm.result"), confirm_result}, {ID("confirm.zero"), confirm_zero}, {ID("confirm.asked"), confirm_asked},
	{ID("confirm.elsewhere"), confirm_elsewhere}, {ID("confirm.failed"), confirm_failed},
	{ID("checkstop.ok"), hcstop_ok}, NAME_ROWS(hcstop, "checkstop"), HANDLE_ROWS(hcstop, "checkstop"), {ID("checkstop.not"), hcstop_not},
	{ID("checkstop.key-null"), hcstop_key_null}, {ID("checkstop.key-empty"), hcstop_key_empty}, {ID("checkstop.key-long"), hcstop_key_long},
	{ID("checkstop.elsewhere"), hcstop_elsewhere},
	{ID("ha.ok"), ha_ok}, NAME_ROWS(ha, "ha"), NAME_ROWS(hacsi, "ha.csi"), HANDLE_ROWS(ha, "ha"), {ID("ha.state-null"), ha_null_state}, {ID("ha.not"), ha_not},
	{ID("response.ok"), resp_ok}, {ID("response.twice"), resp_twice}, {ID("response.zero"), resp_zero}, {ID("response.large"), resp_large},
	{ID("response.unknown"), resp_unknown}, {ID("response.none"), resp_none}, {ID("response.elsewhere"), resp_elsewhere},
	{ID("response.dead-callback"), resp_dead_callback}, {ID("response.failed"), resp_failed}, HANDLE_ROWS(resp, "response"),
	{ID("quiesced.ok"), quiesced_ok}, {ID("quiesced.unknown"), quiesced_unknown}, {ID("quiesced.zero"), quiesced_zero},
	{ID("quiesced.large"), quiesced_large}, {ID("quiesced.other"), quiesced_other}, HANDLE_ROWS(quiesced, "quiesced"),
	{ID("track.ok"), track_ok}, NAME_ROWS(track, "track"), HANDLE_ROWS(track, "track"), {ID("track.zero"), track_zero}, {ID("track.unknown-flag"), track_eight},
	{ID("track.both"), track_both}, {ID("track.empty-array"), track_empty_array}, {ID("track.init-changes"), track_init_changes},
	{ID("track.init-current"), track_init_current}, {ID("track.no-callback"), track_without_ok}, {ID("track.current"), track_current},
	{ID("track.allocated"), track_allocated}, {ID("track.told"), track_told}, {ID("track.no-space"), track_no_space},
	{ID("track.changes"), track_all_changes}, {ID("track.changes-only"), track_only_changes},
	{ID("trackstop.ok"), stop_ok}, NAME_ROWS(stop, "trackstop"), HANDLE_ROWS(stop, "trackstop"), {ID("trackstop.not"), stop_not},
	{ID("report.ok"), report_ok}, {ID("report.time-unknown"), report_unknown_time}, NAME_ROWS(report, "report"), HANDLE_ROWS(report, "report"),
	{ID("report.zero"), report_zero}, {ID("report.large"), report_large}, {ID("report.container"), report_container},
	{ID("report.no-restart"), report_no_restart},
	{ID("clear.ok"), clear_ok}, NAME_ROWS(clear, "clear"), HANDLE_ROWS(clear, "clear"),
#ifdef GENERATION_O
	OSAF_ROWS
#endif
};

#define EN(x) {"SA_AIS_ERR_" #x, SA_AIS_ERR_##x}
static const struct error_name errors[] = {
	{"SA_AIS_OK", SA_AIS_OK}, EN(LIBRARY), EN(VERSION), EN(INIT), EN(TIMEOUT), EN(TRY_AGAIN), EN(INVALID_PARAM), EN(NO_MEMORY),
	EN(BAD_HANDLE), EN(BUSY), EN(ACCESS), EN(NOT_EXIST), EN(EXIST), EN(NO_SPACE), EN(NO_RESOURCES), EN(NOT_SUPPORTED),
	EN(BAD_OPERATION), EN(FAILED_OPERATION), EN(BAD_FLAGS),
#ifdef GENERATION_O
	EN(ACCESS_DENIED),
#else
	EN(SECURITY),
#endif
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof rows[0]), errors, (int)(sizeof errors / sizeof errors[0]));
}
