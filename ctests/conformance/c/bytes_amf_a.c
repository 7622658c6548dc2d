/*
 * Every function and every callback of AMF that the executive makes, A.01.01: each
 * value that crosses the boundary, in both directions. The components are those of
 * ../groups.conf, the name of CSI2 replaced by a long one.
 */
#include <ais_types.h>
#include <ais_amf.h>

#define OK SA_OK

#include "bytes.h"

#define ID(x) "bytes." x

/* 200 bytes. */
static char long_name[201];

/* What the callbacks saw. Each has answers of its own. */
static struct {
	int sets, removes, checks, groups, readies, confirms, terminates;
	int first, longest; /* assignments of CSI1, of the one with the long name */
	int active, standby;
	SaAmfReadinessStateT readiness;
	SaInvocationT confirm, stopping;
	SaAmfPendingOperationFlagsT operations;
} saw;

static void answer(SaInvocationT invocation)
{
	check(invocation != 0);
	check(CALL(saAmfResponse, invocation, SA_OK) == OK);
}

static int is_component(const SaNameT *n)
{
	return is_name(n, "C1") || is_name(n, "A") || is_name(n, "B") || is_name(n, "P") || is_name(n, "E");
}

static void on_check(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckT level)
{
	saw.checks++;
	check(is_component(comp));
	check(level == SA_AMF_HEARTBEAT);
	answer(invocation);
}

static void on_ready(SaInvocationT invocation, const SaNameT *comp, SaAmfReadinessStateT state)
{
	saw.readies++;
	check(is_component(comp));
	check(state == SA_AMF_OUT_OF_SERVICE || state == SA_AMF_IN_SERVICE || state == SA_AMF_STOPPING);
	saw.readiness = state;
	if (state == SA_AMF_STOPPING)
		saw.stopping = invocation; /* the row answers */
	else
		answer(invocation);
}

static void on_terminate(SaInvocationT invocation, const SaNameT *comp)
{
	saw.terminates++;
	check(is_name(comp, "C1"));
	answer(invocation);
}

/* Who was active before: nobody, or who failed without a word. */
static int of_before(SaAmfCSITransitionDescriptorT transition, const SaNameT *active, const char *one, const char *other)
{
	if (transition == SA_AMF_CSI_NEW_ASSIGN)
		return active->length == 0;
	return transition == SA_AMF_CSI_NOT_QUIESCED && (is_name(active, one) || is_name(active, other));
}

static void on_set(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags,
		   SaAmfHAStateT *state, SaNameT *active, SaAmfCSITransitionDescriptorT transition)
{
	saw.sets++;
	if (is_name(comp, "C1") && *state == SA_AMF_QUIESCED) {
		check(flags == SA_AMF_CSI_ALL_INSTANCES && csi->length == 0);
	} else if (is_name(comp, "C1")) {
		check(flags == SA_AMF_CSI_ADD_NEW_ISTANCE && *state == SA_AMF_ACTIVE && of_before(transition, active, "C1", "C1"));
		saw.first += is_name(csi, "CSI1");
		saw.longest += is_name(csi, long_name);
		check(is_name(csi, "CSI1") || is_name(csi, long_name));
	} else if (is_name(comp, "A")) {
		saw.active++;
		check(is_name(csi, "PAIR") && flags == SA_AMF_CSI_ADD_NEW_ISTANCE && *state == SA_AMF_ACTIVE);
		check(of_before(transition, active, "A", "B"));
	} else if (is_name(comp, "P") || is_name(comp, "E")) {
		check(is_name(csi, is_name(comp, "P") ? "PROXY" : "EXTERNAL") && *state == SA_AMF_ACTIVE);
	} else {
		saw.standby++;
		check(is_name(comp, "B") && is_name(csi, "PAIR") && flags == SA_AMF_CSI_ADD_NEW_ISTANCE);
		check(*state == SA_AMF_STANDBY && is_name(active, "A"));
	}
	answer(invocation);
}

/* The flags are behind an address here: all of their bytes count. */
static void on_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, const SaAmfCSIFlagsT *flags)
{
	saw.removes++;
	check(is_name(comp, "C1"));
	check(*flags == 0 || *flags == SA_AMF_CSI_ALL_INSTANCES);
	check(*flags == SA_AMF_CSI_ALL_INSTANCES || is_name(csi, "CSI1") || is_name(csi, long_name));
	answer(invocation);
}

static SaAmfProtectionGroupNotificationT *expected_array;
static SaUint32T expected_items, expected_members;

static void on_group(const SaNameT *csi, SaAmfProtectionGroupNotificationT *array, SaUint32T items, SaUint32T members, SaErrorT error)
{
	saw.groups++;
	check(is_name(csi, "PAIR"));
	check(array == expected_array && items == expected_items && members == expected_members && error == SA_OK);
}

/* To the proxy of E; no row makes E fail. */
static void on_restart(SaInvocationT invocation, const SaNameT *comp)
{
	check(is_name(comp, "E"));
	answer(invocation);
}

/* No component is controlled so. */
static void on_control(const SaInvocationT invocation, const SaNameT *comp, SaAmfExternalComponentActionT action)
{
	(void)comp;
	wrong("control of an external component, invocation %d, action %d", (int)invocation, (int)action);
}

static void on_confirm(const SaInvocationT invocation, const SaNameT *comp, SaAmfPendingOperationFlagsT operations)
{
	saw.confirms++;
	check(is_name(comp, "C1") && invocation != 0);
	saw.confirm = invocation;
	saw.operations = operations;
}

static void on_expired(const SaNameT *comp, SaAmfPendingOperationFlagsT operations)
{
	(void)comp;
	wrong("operation %lu expired", (unsigned long)operations);
}

static const SaAmfCallbacksT callbacks = {on_check, on_ready, on_terminate, on_set, on_remove, on_group, on_restart, on_control,
	on_confirm, on_expired};

/* Handle, descriptor and version: nothing around them changes. */
static int opened(SaAmfHandleT *handle)
{
	GUARDED(SaAmfHandleT, h);
	GUARDED(SaSelectionObjectT, fd);
	GUARDED(SaVersionT, version);
	GUARDED(SaAmfCallbacksT, k);

	memset(long_name, 'n', 200);
	k.v = callbacks;
	version.v.releaseCode = 'A';
	version.v.major = 1;
	version.v.minor = 1;
	must(CALL(saAmfInitialize, &h.v, &k.v, &version.v), OK);
	check(INTACT(h) && INTACT(version) && INTACT(k));
	check(version.v.releaseCode == 'A' && version.v.major == 1 && version.v.minor == 1);
	memset(&k.v, FILL, sizeof k.v); /* the application's own again */
	must(CALL(saAmfSelectionObjectGet, &h.v, &fd.v), OK);
	check(INTACT(fd));
	check(!readable((int)fd.v, 0));
	must(CALL(saAmfDispatch, &h.v, SA_DISPATCH_ALL), OK);
	check(INTACT(h));
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
static int reg_by(const SaAmfHandleT *h, const char *comp, const char *proxy)
{
	double limit = seconds() + 15;
	int e;

	while ((e = CALL(saAmfComponentRegister, h, named(comp), proxy ? named(proxy) : NULL)) == SA_ERR_TRY_AGAIN && seconds() < limit)
		usleep(5000);
	return e;
}

static int reg(const SaAmfHandleT *h, const char *comp) { return reg_by(h, comp, NULL); }

static int has(const char *comp, const char *csi)
{
	SaAmfHAStateT s;

	return saAmfHAStateGet(named(comp), named(csi), &s) == OK;
}

static int assigned(SaAmfHandleT *h)
{
	must(opened(h), 0);
	must(reg(h, "C1"), OK);
	until(h, saw.readiness == SA_AMF_IN_SERVICE && saw.first >= 1 && saw.longest >= 1 && has("C1", "CSI1") && has("C1", long_name));
	return 0;
}

static int states(void)
{
	GUARDED(SaNameT, name);
	GUARDED(SaAmfReadinessStateT, readiness);
	GUARDED(SaAmfHAStateT, ha);
	GUARDED(SaAmfComponentCapabilityModelT, model);
	GUARDED(SaAmfPendingOperationFlagsT, pending);
	SaAmfHandleT h;

	must(assigned(&h), 0);
	must(CALL(saAmfCompNameGet, &h, &name.v), OK);
	check(INTACT(name) && is_name(&name.v, "C1"));
	must(CALL(saAmfReadinessStateGet, named("C1"), &readiness.v), OK);
	check(INTACT(readiness) && readiness.v == SA_AMF_IN_SERVICE);
	must(CALL(saAmfHAStateGet, named("C1"), named(long_name), &ha.v), OK);
	check(INTACT(ha) && ha.v == SA_AMF_ACTIVE);
	must(CALL(saAmfComponentCapabilityModelGet, named("C1"), &model.v), OK);
	check(INTACT(model) && model.v == SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE);
	must(CALL(saAmfComponentCapabilityModelGet, named("B"), &model.v), OK);
	check(INTACT(model) && model.v == SA_AMF_COMPONENT_CAPABILITY_X_ACTIVE_AND_Y_STANDBY);
	must(CALL(saAmfPendingOperationGet, named("C1"), &pending.v), OK);
	check(INTACT(pending) && pending.v == 0);
	until(&h, saw.checks >= 2);
	must(CALL(saAmfComponentUnregister, &h, named("C1"), NULL), OK);
	return CALL(saAmfFinalize, &h);
}

/* Two members, their array with room for one more and guards. */
static int group(void)
{
	GUARDED(SaAmfProtectionGroupNotificationT, last);
	static SaAmfProtectionGroupNotificationT room[3];
	SaAmfHandleT h;
	int i, active = -1;

	memset(room, FILL, sizeof room);
	must(opened(&h), 0);
	must(reg(&h, "A"), OK);
	until(&h, saw.active >= 1 && has("A", "PAIR"));
	must(reg(&h, "B"), OK);
	until(&h, saw.standby >= 1 && has("B", "PAIR"));
	expected_array = room;
	expected_items = expected_members = 2;
	must(CALL(saAmfProtectionGroupTrackStart, &h, named("PAIR"), SA_TRACK_CURRENT | SA_TRACK_CHANGES, room, 2), OK);
	check(filled(&room[2], sizeof room[2]));
	for (i = 0; i < 2; i++) {
		check(room[i].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE && room[i].member.readinessState == SA_AMF_IN_SERVICE);
		if (is_name(&room[i].member.compName, "A")) {
			active = i;
			check(room[i].member.haState == SA_AMF_ACTIVE);
		} else {
			check(is_name(&room[i].member.compName, "B") && room[i].member.haState == SA_AMF_STANDBY);
		}
	}
	check(active >= 0);
	until(&h, saw.groups >= 1);
	must(CALL(saAmfProtectionGroupTrackStop, &h, named("PAIR")), OK);
	check(saAmfProtectionGroupTrackStop(&h, named("PAIR")) == SA_ERR_NOT_EXIST);
	/* Too little room: nothing is written behind it. */
	must(saAmfProtectionGroupTrackStart(&h, named("PAIR"), SA_TRACK_CURRENT, &last.v, 1), SA_ERR_NO_SPACE);
	check(INTACT(last));
	return CALL(saAmfFinalize, &h);
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

static int stopping(void)
{
	GUARDED(SaAmfPendingOperationFlagsT, pending);
	SaAmfHandleT h;

	must(assigned(&h), 0);
	must(operator(&h, "AMF shutdown safSu=U1,safSg=ONE"), 0);
	until(&h, saw.confirms >= 1);
	must(CALL(saAmfPendingOperationGet, named("C1"), &pending.v), OK);
	check(INTACT(pending));
	check(saw.operations == SA_AMF_SHUTDOWN_OPERATION && pending.v == SA_AMF_SHUTDOWN_OPERATION);
	check(CALL(saAmfResponse, saw.confirm, SA_OK) == OK);
	until(&h, saw.stopping != 0);
	check(CALL(saAmfStoppingComplete, saw.stopping, SA_OK) == OK);
	until(&h, saw.removes >= 1);
	must(operator(&h, "AMF unlock safSu=U1,safSg=ONE"), 0);
	return CALL(saAmfFinalize, &h);
}

/* A proxied component: its callbacks come to its proxy. */
static int proxied(void)
{
	GUARDED(SaAmfHAStateT, ha);
	SaAmfHandleT h;
	int e;
	double limit = seconds() + 15;

	must(opened(&h), 0);
	must(reg(&h, "P"), OK);
	until(&h, has("P", "PROXY"));
	must(reg_by(&h, "E", "P"), OK);
	until(&h, has("E", "EXTERNAL"));
	must(CALL(saAmfHAStateGet, named("E"), named("EXTERNAL"), &ha.v), OK);
	check(INTACT(ha) && ha.v == SA_AMF_ACTIVE);
	while ((e = CALL(saAmfComponentUnregister, &h, named("E"), named("P"))) == SA_ERR_TRY_AGAIN && seconds() < limit)
		usleep(5000);
	must(e, OK);
	return CALL(saAmfFinalize, &h);
}

/* Each field of a report at its place: another value in one of them is refused. */
static int report(void)
{
	static const SaAmfErrorDescriptorT good = {SA_AMF_EQUIPMENT_ALARM_TYPE, SA_AMF_OUT_OF_MEMORY, SA_AMF_CRITICAL, SA_AMF_COMPONENT_RESTART};
	static const SaTimeT then = 0x123456789abcdefLL;
	GUARDED(SaAmfErrorDescriptorT, d);
	GUARDED(SaAmfAdditionalDataT, more);
	SaAmfErrorBufferT b[3];
	char text[3][16];
	SaAmfHandleT h;
	int i, e;
	double limit = seconds() + 15;

	must(assigned(&h), 0);
	for (i = 0; i < 3; i++) {
		memset(text[i], 'a' + i, sizeof text[i]);
		b[i].buffer = text[i];
		b[i].size = sizeof text[i];
	}
	more.v.specificProblem = &b[0];
	more.v.additionalText = &b[1];
	more.v.additionalInformation = &b[2];
	for (i = 0; i < 4; i++) {
		int nothing = 0;

		d.v = good;
		memcpy((char *)&d.v + 4 * i, &nothing, 4);
		check(saAmfErrorReport(named("C1"), named("C1"), then, &d.v, &more.v) == SA_ERR_INVALID_PARAM);
	}
	d.v = good;
	for (i = 0; i < 3; i++) {
		b[i].size = -1;
		check(saAmfErrorReport(named("C1"), named("C1"), then, &d.v, &more.v) == SA_ERR_INVALID_PARAM);
		b[i].size = sizeof text[i];
	}
	check(saAmfErrorReport(named("C1"), named("none"), then, &d.v, &more.v) == SA_ERR_NOT_EXIST);
	while ((e = CALL(saAmfErrorReport, named("C1"), named("C1"), then, &d.v, &more.v)) == SA_ERR_TRY_AGAIN && seconds() < limit)
		usleep(5000);
	must(e, OK);
	check(INTACT(d) && INTACT(more) && memcmp(&d.v, &good, sizeof good) == 0);
	until(&h, saw.readiness == SA_AMF_OUT_OF_SERVICE);
	while ((e = CALL(saAmfErrorCancelAll, named("C1"))) == SA_ERR_TRY_AGAIN && seconds() < limit)
		usleep(5000);
	must(e, OK);
	until(&h, saw.readiness == SA_AMF_IN_SERVICE);
	return CALL(saAmfFinalize, &h);
}

static const struct row rows[] = {
	{ID("states"), states}, {ID("group"), group}, {ID("stopping"), stopping}, {ID("proxied"), proxied}, {ID("report"), report},
};

static const struct error_name errors[] = {{"SA_OK", SA_OK}};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof rows[0]), errors, (int)(sizeof errors / sizeof errors[0]));
}
