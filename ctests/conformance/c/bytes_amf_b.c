/*
 * Every function and every callback of AMF that the executive makes, B.01.01, and
 * with GENERATION_O as OpenSAF had them: each value that crosses the boundary, in
 * both directions. The components are those of ../amf.conf, with a longer name, key
 * and list of attributes (../bytes_test.go).
 */
#include <signal.h>
#include <sys/wait.h>

#include <saAis.h>
#include <saAmf.h>
#ifdef GENERATION_O
#include <saAmf_B_04_02.h>
#endif

#define OK SA_AIS_OK

#include "bytes.h"

#define ID(x) "bytes." x

#define UNIT "safSu=SU1,safSg=ONE,safApp=CONF"
#define C1 "safComp=C1," UNIT
#define PROXY "safComp=P,safSu=PROXY,safSg=PROXIES,safApp=CONF"
#define PROXIED "safComp=E,safSu=PROXIED,safSg=PROXIED,safApp=CONF"
#define PAIR_A "safComp=A,safSu=SU1,safSg=PAIR,safApp=CONF"
#define PAIR_B "safComp=B,safSu=SU2,safSg=PAIR,safApp=CONF"
#define CSI1 "safCsi=C1,safSi=ONE,safApp=CONF"
#define CSI_PAIR "safCsi=PAIR,safSi=PAIR,safApp=CONF"
#define CSI_PROXY "safCsi=PROXY,safSi=PROXY,safApp=CONF"
#define KEY "key-of-thirty-two-bytes-exactly-"
#define CHECK_ALL ((SaAmfPmErrorsT)(SA_AMF_PM_NON_ZERO_EXIT | SA_AMF_PM_ZERO_EXIT | SA_AMF_PM_ABNORMAL_END))

static char long_csi[256];  /* the other instance of C1, 255 bytes */
static char long_value[241];
static const char *checked_key = KEY;

/* What the callbacks saw. */
static struct {
	int sets, removes, checks, groups, terminates, instantiates, cleanups;
	int first, longest, active, standby, quiesced;
	SaInvocationT quiescing;
} saw;
static SaAmfHandleT current;
static void (*answer)(SaInvocationT invocation);

static void answer_1(SaInvocationT invocation)
{
	check(CALL(saAmfResponse, current, invocation, SA_AIS_OK) == OK);
}

static void on_check(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
	saw.checks++;
	check(is_name(comp, C1));
	check(key->keyLen == strlen(checked_key) && !memcmp(key->key, checked_key, key->keyLen));
	answer(invocation);
}

static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.terminates++;
	check(is_name(comp, C1) || is_name(comp, PROXIED));
	answer(invocation);
}

static int is_attribute(const SaAmfCSIAttributeT *a, const char *name, const char *value)
{
	return strcmp((const char *)a->attrName, name) == 0 && strcmp((const char *)a->attrValue, value) == 0;
}

/* Who was active before: nobody, or who failed without a word, or who was told. */
static int of_before(const SaAmfCSIActiveDescriptorT *d, const char *one, const char *other)
{
	if (d->transitionDescriptor == SA_AMF_CSI_NEW_ASSIGN)
		return d->activeCompName.length == 0;
	return (d->transitionDescriptor == SA_AMF_CSI_NOT_QUIESCED || d->transitionDescriptor == SA_AMF_CSI_QUIESCED) &&
	       (is_name(&d->activeCompName, one) || is_name(&d->activeCompName, other));
}

static void set_first(SaAmfHAStateT state, const SaAmfCSIDescriptorT *d)
{
	check(d->csiFlags == SA_AMF_CSI_ADD_ONE && state == SA_AMF_HA_ACTIVE);
	check(of_before(&d->csiStateDescriptor.activeDescriptor, C1, C1));
	if (is_name(&d->csiName, CSI1)) {
		saw.first++;
		check(d->csiAttr.number == 3);
		check(is_attribute(&d->csiAttr.attr[0], "port", "80"));
		check(is_attribute(&d->csiAttr.attr[1], "port", "8080"));
		check(is_attribute(&d->csiAttr.attr[2], "host", long_value));
	} else {
		saw.longest++;
		check(is_name(&d->csiName, long_csi) && d->csiAttr.number == 0);
	}
}

static void set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, const SaAmfCSIDescriptorT *d)
{
	saw.sets++;
	if (state == SA_AMF_HA_QUIESCING || state == SA_AMF_HA_QUIESCED) {
		check(is_name(comp, C1));
		check(d->csiFlags == SA_AMF_CSI_TARGET_ONE || d->csiFlags == SA_AMF_CSI_TARGET_ALL);
		check(d->csiFlags == SA_AMF_CSI_TARGET_ALL || is_name(&d->csiName, CSI1) || is_name(&d->csiName, long_csi));
		if (state == SA_AMF_HA_QUIESCING)
			saw.quiescing = invocation;
		else
			saw.quiesced++;
	} else if (is_name(comp, C1)) {
		set_first(state, d);
	} else if (is_name(comp, PROXY)) {
		check(is_name(&d->csiName, CSI_PROXY) && d->csiFlags == SA_AMF_CSI_ADD_ONE && state == SA_AMF_HA_ACTIVE);
	} else if (is_name(comp, PAIR_A)) {
		saw.active++;
		check(is_name(&d->csiName, CSI_PAIR) && d->csiFlags == SA_AMF_CSI_ADD_ONE && state == SA_AMF_HA_ACTIVE);
		check(of_before(&d->csiStateDescriptor.activeDescriptor, PAIR_A, PAIR_B));
	} else {
		saw.standby++;
		check(is_name(comp, PAIR_B) && is_name(&d->csiName, CSI_PAIR) && d->csiFlags == SA_AMF_CSI_ADD_ONE);
		check(state == SA_AMF_HA_STANDBY && d->csiStateDescriptor.standbyDescriptor.standbyRank == 1);
		check(is_name(&d->csiStateDescriptor.standbyDescriptor.activeCompName, PAIR_A));
	}
	answer(invocation);
}

#ifdef GENERATION_O
static void on_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT d)
{
	set(invocation, comp, state, &d);
}
#else
static void on_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT *d)
{
	set(invocation, comp, state, d);
}
#endif

static void on_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
	saw.removes++;
	check(is_name(comp, C1));
	check(flags == SA_AMF_CSI_TARGET_ONE || flags == SA_AMF_CSI_TARGET_ALL);
	check(flags == SA_AMF_CSI_TARGET_ALL || is_name(csi, CSI1) || is_name(csi, long_csi));
	answer(invocation);
}

/* The pair, from an array of the library or the application. */
static void is_pair(const SaAmfProtectionGroupNotificationT *array)
{
	int i, active = 0;

	for (i = 0; i < 2; i++) {
		check(array[i].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE);
		if (is_name(&array[i].member.compName, PAIR_A)) {
			active++;
			check(array[i].member.haState == SA_AMF_HA_ACTIVE && array[i].member.rank == 0);
		} else {
			check(is_name(&array[i].member.compName, PAIR_B));
			check(array[i].member.haState == SA_AMF_HA_STANDBY && array[i].member.rank == 1);
		}
	}
	check(active == 1);
}

static void on_group(const SaNameT *csi, SaAmfProtectionGroupNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	saw.groups++;
	check(is_name(csi, CSI_PAIR) && b->numberOfItems == 2 && members == 2 && error == SA_AIS_OK);
	is_pair(b->notification);
}

static void on_instantiate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.instantiates++;
	check(is_name(comp, PROXIED));
	answer(invocation);
}

static void on_cleanup(SaInvocationT invocation, const SaNameT *comp)
{
	saw.cleanups++;
	check(is_name(comp, PROXIED));
	answer(invocation);
}

static const SaAmfCallbacksT callbacks = {on_check, on_terminate, on_set, on_remove, on_group, on_instantiate, on_cleanup};

/* What opened() opens; another for the newer interface. */
static int (*initialize)(SaAmfHandleT *h, SaVersionT *v);
static SaUint8T major, minor;

static int initialize_1(SaAmfHandleT *h, SaVersionT *v)
{
	GUARDED(SaAmfCallbacksT, k);
	int e;

	k.v = callbacks;
	e = CALL(saAmfInitialize, h, &k.v, v);
	check(INTACT(k));
	memset(&k.v, FILL, sizeof k.v); /* the application's own again */
	return e;
}

/* Handle, descriptor and version: nothing around them changes. */
static int opened(SaAmfHandleT *handle)
{
	GUARDED(SaAmfHandleT, h);
	GUARDED(SaSelectionObjectT, fd);
	GUARDED(SaVersionT, version);

	memset(long_csi, 'n', 255);
	memcpy(long_csi, "safCsi=", 7);
	memcpy(long_csi + 255 - 22, ",safSi=ONE,safApp=CONF", 22);
	memset(long_value, 'h', 240);
	if (initialize == NULL) {
		initialize = initialize_1;
		answer = answer_1;
		major = minor = 1;
	}
	version.v.releaseCode = 'B';
	version.v.majorVersion = major;
	version.v.minorVersion = minor;
	must(initialize(&h.v, &version.v), OK);
	check(INTACT(h) && INTACT(version));
	check(version.v.releaseCode == 'B' && version.v.majorVersion == major && version.v.minorVersion == minor);
	current = h.v;
	must(CALL(saAmfSelectionObjectGet, h.v, &fd.v), OK);
	check(INTACT(fd) && fd.v < 1024);
	check(!readable((int)fd.v, 0));
	must(CALL(saAmfDispatch, h.v, SA_DISPATCH_ALL), OK);
	*handle = h.v;
	return 0;
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

/* Repeats what the executive puts off: the last row's component may not be gone. */
#define again(result, call)                                                                            \
	do {                                                                                           \
		double until_ = seconds() + 15;                                                        \
		while (((result) = (int)(call)) == (int)SA_AIS_ERR_TRY_AGAIN && seconds() < until_)    \
			usleep(5000);                                                                  \
	} while (0)

static int reg(SaAmfHandleT h, const char *comp, const char *proxy)
{
	int e;

	again(e, CALL(saAmfComponentRegister, h, named(comp), proxy ? named(proxy) : NULL));
	return e;
}

static int has(SaAmfHandleT h, const char *comp, const char *csi)
{
	SaAmfHAStateT s;

	return saAmfHAStateGet(h, named(comp), named(csi), &s) == OK;
}

static int registered(SaAmfHandleT *h)
{
	must(opened(h), 0);
	must(reg(*h, C1, NULL), OK);
	return 0;
}

static int assigned(SaAmfHandleT *h)
{
	must(registered(h), 0);
	until(*h, saw.first >= 1 && saw.longest >= 1 && has(*h, C1, CSI1) && has(*h, C1, long_csi));
	return 0;
}

static int states(void)
{
	GUARDED(SaNameT, name);
	GUARDED(SaAmfHAStateT, ha);
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(CALL(saAmfComponentNameGet, h, &name.v), OK);
	check(INTACT(name) && is_name(&name.v, C1));
	must(CALL(saAmfHAStateGet, h, named(C1), named(long_csi), &ha.v), OK);
	check(INTACT(ha) && ha.v == SA_AMF_HA_ACTIVE);
	again(e, CALL(saAmfComponentUnregister, h, named(C1), NULL));
	must(e, OK);
	return CALL(saAmfFinalize, h);
}

/* A key: what is behind its length does not count. */
static const SaAmfHealthcheckKeyT *keyed(const char *text)
{
	static SaAmfHealthcheckKeyT k;

	memset(&k, 'z', sizeof k);
	k.keyLen = (SaUint16T)strlen(text);
	memcpy(k.key, text, k.keyLen);
	return &k;
}

static int checks(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(CALL(saAmfHealthcheckStart, h, named(C1), keyed(KEY), SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION), OK);
	until(h, saw.checks >= 2);
	must(saAmfHealthcheckStart(h, named(C1), keyed("slo"), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_NO_RECOMMENDATION),
	     SA_AIS_ERR_NOT_EXIST);
	must(CALL(saAmfHealthcheckStart, h, named(C1), keyed("slow"), SA_AMF_HEALTHCHECK_COMPONENT_INVOKED, SA_AMF_COMPONENT_RESTART), OK);
	must(saAmfHealthcheckConfirm(h, named(C1), keyed("slow"), (SaAisErrorT)0), SA_AIS_ERR_INVALID_PARAM);
	must(CALL(saAmfHealthcheckConfirm, h, named(C1), keyed("slow"), SA_AIS_OK), OK);
	again(e, CALL(saAmfHealthcheckStop, h, named(C1), keyed("slow")));
	must(e, OK);
	must(saAmfHealthcheckStop(h, named(C1), keyed("slow")), SA_AIS_ERR_NOT_EXIST);
	must(CALL(saAmfHealthcheckStop, h, named(C1), keyed(KEY)), OK);
	return CALL(saAmfFinalize, h);
}

/* Arguments of 64 and of 32 bits by turns: each at its place, or it is refused. */
static int monitoring(void)
{
	SaUint64T me = (SaUint64T)getpid();
	SaAmfHandleT h;

	must(assigned(&h), 0);
	must(saAmfPmStart(h, named(C1), me << 32, 0, CHECK_ALL, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart(h, named(C1), me, -2, CHECK_ALL, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart(h, named(C1), me, -1, 8, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart(h, named(C1), me, -1, CHECK_ALL, (SaAmfRecommendedRecoveryT)0), SA_AIS_ERR_INVALID_PARAM);
	must(CALL(saAmfPmStart, h, named(C1), me, -1, CHECK_ALL, SA_AMF_COMPONENT_FAILOVER), OK);
	must(saAmfPmStop(h, named(C1), (SaAmfPmStopQualifierT)4, (SaInt64T)me, CHECK_ALL), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStop(h, named(C1), SA_AMF_PM_PROC, (SaInt64T)me, 8), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStop(h, named(C1), SA_AMF_PM_PROC, getppid(), CHECK_ALL), SA_AIS_ERR_NOT_EXIST);
	must(CALL(saAmfPmStop, h, named(C1), SA_AMF_PM_PROC_AND_DESCENDENTS, (SaInt64T)me, CHECK_ALL), OK);
	must(saAmfPmStop(h, named(C1), SA_AMF_PM_ALL_PROCESSES, 0, CHECK_ALL), SA_AIS_ERR_NOT_EXIST);
	return CALL(saAmfFinalize, h);
}

static int pair(SaAmfHandleT *h)
{
	must(opened(h), 0);
	must(reg(*h, PAIR_A, NULL), OK);
	until(*h, saw.active >= 1 && has(*h, PAIR_A, CSI_PAIR));
	must(reg(*h, PAIR_B, NULL), OK);
	until(*h, saw.standby >= 1 && has(*h, PAIR_B, CSI_PAIR));
	return 0;
}

static int group(void)
{
	static SaAmfProtectionGroupNotificationT room[3];
	GUARDED(SaAmfProtectionGroupNotificationBufferT, b);
	GUARDED(SaAmfProtectionGroupNotificationT, last);
	SaAmfHandleT h;

	must(pair(&h), 0);
	memset(room, FILL, sizeof room);
	b.v.numberOfItems = 3;
	b.v.notification = room;
	must(CALL(saAmfProtectionGroupTrack, h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), OK);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification == room && filled(&room[2], sizeof room[2]));
	is_pair(room);
	b.v.numberOfItems = 77;
	b.v.notification = NULL;
	must(saAmfProtectionGroupTrack(h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), OK);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification != NULL);
	is_pair(b.v.notification);
	free(b.v.notification);
	b.v.numberOfItems = 1;
	b.v.notification = &last.v;
	must(saAmfProtectionGroupTrack(h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), SA_AIS_ERR_NO_SPACE);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification == &last.v && INTACT(last));
	must(saAmfProtectionGroupTrack(h, named(CSI_PAIR), SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL), OK);
	until(h, saw.groups >= 1);
	must(CALL(saAmfProtectionGroupTrackStop, h, named(CSI_PAIR)), OK);
	must(saAmfProtectionGroupTrackStop(h, named(CSI_PAIR)), SA_AIS_ERR_NOT_EXIST);
	return CALL(saAmfFinalize, h);
}

static int quiescing(void)
{
	SaAmfHandleT h;

	must(assigned(&h), 0);
	ask("AMF shutdown safSi=ONE,safApp=CONF");
	until(h, saw.quiescing != 0);
	must(saAmfCSIQuiescingComplete(h, saw.quiescing << 32, SA_AIS_OK), SA_AIS_ERR_INVALID_PARAM);
	must(CALL(saAmfCSIQuiescingComplete, h, saw.quiescing, SA_AIS_OK), OK);
	until(h, saw.removes >= 1);
	ask("AMF unlock safSi=ONE,safApp=CONF");
	return CALL(saAmfFinalize, h);
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

static int operator(SaAmfHandleT h, const char *what)
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

static int terminated(void)
{
	SaAmfHandleT h;
	int e;

	must(assigned(&h), 0);
	must(operator(h, "AMF lock " UNIT), 0);
	must(operator(h, "AMF lock-in " UNIT), 0);
	until(h, saw.terminates >= 1);
	e = CALL(saAmfFinalize, h);
	ask("AMF unlock-in " UNIT);
	ask("AMF unlock " UNIT);
	return e;
}

/* A proxied component that fails is cleaned up and instantiated by its proxy. */
static int proxied(void)
{
	SaAmfHandleT h;
	int e;

	must(opened(&h), 0);
	must(reg(h, PROXY, NULL), OK);
	until(h, saw.instantiates >= 1 || saw.sets >= 1);
	must(reg(h, PROXIED, PROXY), OK);
	saw.instantiates = 0;
	again(e, saAmfComponentErrorReport(h, named(PROXIED), SA_TIME_UNKNOWN, SA_AMF_COMPONENT_RESTART, 0));
	must(e, OK);
	/* One that was still being started when its last proxy went is terminated. */
	until(h, saw.cleanups + saw.terminates >= 1 && saw.instantiates >= 1);
	must(reg(h, PROXIED, PROXY), OK);
	return CALL(saAmfFinalize, h);
}

/* C1 as a child of its own, which the executive ends when C1 fails. */
static pid_t component(void)
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
		if (registered(&h) != 0 || write(ready[1], "r", 1) != 1)
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

static int ended(pid_t pid)
{
	double limit = seconds() + 15;
	int status;

	while (seconds() < limit) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return 1;
		usleep(2000);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int report(void)
{
	static const SaTimeT then = 0x123456789abcdefLL;
	static const SaUint64T id = 0xfedcba9876543210ULL;
	pid_t victim = component();
	SaAmfHandleT h;
	int e;

	check(victim > 0);
	must(opened(&h), 0);
	must(saAmfComponentErrorReport(h, named(C1), then, (SaAmfRecommendedRecoveryT)0, id), SA_AIS_ERR_INVALID_PARAM);
	again(e, CALL(saAmfComponentErrorReport, h, named(C1), then, SA_AMF_COMPONENT_RESTART, id));
	must(e, OK);
	check(ended(victim));
	must(reg(h, C1, NULL), OK);
	again(e, CALL(saAmfComponentErrorClear, h, named(C1), id));
	must(e, OK);
	return CALL(saAmfFinalize, h);
}

#ifdef GENERATION_O
#include "bytes_amf_o.h"
#else
#define OSAF_ROWS
#endif

static const struct row rows[] = {
	{ID("states"), states}, {ID("checks"), checks}, {ID("monitoring"), monitoring}, {ID("group"), group}, {ID("quiescing"), quiescing},
	{ID("proxied"), proxied}, {ID("report"), report}, {ID("terminated"), terminated},
	OSAF_ROWS
};

static const struct error_name errors[] = {{"SA_AIS_OK", SA_AIS_OK}};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof rows[0]), errors, (int)(sizeof errors / sizeof errors[0]));
}
