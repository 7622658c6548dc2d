/*
 * The rows that only OpenSAF's headers have; a part of amf_b.c.
 */

static int groups_4, ready_4, change_4; /* callbacks, and what the first member of the last is */

static void on_group_4(const SaNameT *csi, SaAmfProtectionGroupNotificationBufferT_4 *b, SaUint32T members, SaAisErrorT error)
{
	groups_4++;
	copy(saw.csi, csi);
	saw.members = members;
	saw.items = b->numberOfItems;
	saw.error = (int)error;
	ready_4 = b->numberOfItems == 0 ? 0 : (int)b->notification[0].member.haReadinessState;
	change_4 = b->numberOfItems == 0 ? 0 : (int)b->notification[0].change;
}

static const SaAmfCallbacksT_4 callbacks_4 = {on_check, on_terminate, on_set, on_remove, on_group_4, on_instantiate, on_cleanup, NULL, NULL};

static int init_4(SaAmfHandleT *h, int release, int major, int minor)
{
	SaVersionT v = version_of(release, major, minor);
	int e = (int)saAmfInitialize_4(h, &callbacks_4, &v);

	check(v.releaseCode == 'B' && v.majorVersion == 4 && v.minorVersion == 1);
	current = *h;
	return e;
}

static int opened_4(SaAmfHandleT *h) { return init_4(h, 'B', 4, 1); }

static int registered_4(SaAmfHandleT *h)
{
	must(opened_4(h), OK);
	must(reg(*h, C1, NULL), OK);
	return 0;
}

/* As HANDLES, and a handle of the other version. */
#define HANDLES_4(f, call)                                                                                       \
	static int f##_arbitrary(void) { SaAmfHandleT h = ARBITRARY; return (int)(call); }                       \
	static int f##_stale(void) { SaAmfHandleT h; must(finalized(&h), 0); return (int)(call); }               \
	static int f##_dead(void) { SaAmfHandleT h; must(opened_4(&h), OK); ask("KILL"); return (int)(call); }   \
	static int f##_version(void) { SaAmfHandleT h; must(opened(&h), OK); return (int)(call); }
#define NAMES_4(f, call)                                                                                         \
	static int f##_name(const SaNameT *n) { SaAmfHandleT h; must(opened_4(&h), OK); return (int)(call); }    \
	static int f##_null(void) { return f##_name(NULL); }                                                     \
	static int f##_empty(void) { return f##_name(no_name(0)); }                                              \
	static int f##_long(void) { return f##_name(no_name(257)); }                                             \
	static int f##_huge(void) { return f##_name(no_name(65535)); }                                           \
	static int f##_unknown(void) { return f##_name(named("safComp=none")); }
#define HANDLE_ROWS_4(f, id) HANDLE_ROWS(f, id), {ID(id ".version"), f##_version}
#define ONE_4(f, call) static int f(void) { SaAmfHandleT h; must(opened_4(&h), OK); return (int)(call); }
#define REG_4(f, call) static int f(void) { SaAmfHandleT h; must(registered_4(&h), 0); return (int)(call); }

static int init4_with(int release, int major, int minor)
{
	SaAmfHandleT h;

	return init_4(&h, release, major, minor);
}
static int init4_ok(void) { return init4_with('B', 4, 1); }
static int init4_lower(void) { return init4_with('B', 3, 1); }
static int init4_higher(void) { return init4_with('B', 5, 1); }
static int init4_release(void) { return init4_with('A', 4, 1); }

static int init4_null(void)
{
	SaVersionT v = version_of('B', 4, 1);

	return (int)saAmfInitialize_4(NULL, &callbacks_4, &v);
}

static int init4_version_null(void)
{
	SaAmfHandleT h;

	return (int)saAmfInitialize_4(&h, &callbacks_4, NULL);
}

static int init_o4(int major, int minor)
{
	SaVersionT v = version_of('B', major, minor);
	SaAmfHandleT h;
	int e = (int)saAmfInitialize_o4(&h, NULL, &v);

	check(v.releaseCode == 'B' && v.majorVersion == 4 && v.minorVersion == 2);
	return e;
}
static int inito4_ok(void) { return init_o4(4, 2); }
static int inito4_minor(void) { return init_o4(4, 1); }

static int inito4_null(void)
{
	SaVersionT v = version_of('B', 4, 2);

	return (int)saAmfInitialize_o4(NULL, NULL, &v);
}

static void on_status(OsafAmfSCStatusT status) { (void)status; }
static int sc_ok(void)
{
	SaAmfHandleT h;

	must(opened(&h), OK);
	return (int)osafAmfInstallSCStatusChangeCallback(h, on_status);
}
static int sc_without(void) { return (int)osafAmfInstallSCStatusChangeCallback(0, on_status); }
static int sc_null(void) { return (int)osafAmfInstallSCStatusChangeCallback(0, NULL); }
static int sc_arbitrary(void) { return (int)osafAmfInstallSCStatusChangeCallback(ARBITRARY, on_status); }

REG(pm3_ok, saAmfPmStart_3(h, named(C1), getpid(), 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION))
REG(pm3_negative, saAmfPmStart_3(h, named(C1), -5, 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION))
static int pm3_arbitrary(void) { return (int)saAmfPmStart_3(ARBITRARY, named(C1), 1, 0, SA_AMF_PM_ZERO_EXIT, SA_AMF_NO_RECOMMENDATION); }

#define HARS(n, csi, state) saAmfHAReadinessStateSet(h, n, csi, (SaAmfHAReadinessStateT)(state), NULL)
HANDLES_4(hars, HARS(named(C1), NULL, 1))
NAMES_4(hars, HARS(n, NULL, 1))
ONE_4(hars_csi_empty, HARS(named(C1), no_name(0), 1))
ONE_4(hars_zero, HARS(named(C1), NULL, 0))
ONE_4(hars_five, HARS(named(C1), NULL, 5))

static int hars_ok(void)
{
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	again(e, HARS(named(C1), named(CSI1), SA_AMF_HARS_READY_FOR_ASSIGNMENT));
	return e;
}

static int hars_not(void)
{
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	again(e, HARS(named(C1), named(CSI_PAIR), SA_AMF_HARS_READY_FOR_ASSIGNMENT));
	return e;
}

static SaAmfProtectionGroupNotificationT_4 room_4[16];

static SaAmfProtectionGroupNotificationBufferT_4 *buffer_4(SaUint32T n, SaAmfProtectionGroupNotificationT_4 *array)
{
	static SaAmfProtectionGroupNotificationBufferT_4 b;

	b.numberOfItems = n;
	b.notification = array;
	return &b;
}

#define TRACK_4(n, flags, buffer) saAmfProtectionGroupTrack_4(h, n, flags, buffer)
HANDLES_4(track4, TRACK_4(named(CSI1), SA_TRACK_CHANGES, NULL))
NAMES_4(track4, TRACK_4(n, SA_TRACK_CHANGES, NULL))
ONE_4(track4_zero, TRACK_4(named(CSI1), 0, NULL))
ONE_4(track4_empty_array, TRACK_4(named(CSI1), SA_TRACK_CURRENT, buffer_4(0, room_4)))
ONE_4(track1_version, TRACK(named(CSI1), SA_TRACK_CHANGES, NULL))

static int track4_current(void)
{
	SaAmfProtectionGroupNotificationBufferT_4 *b = buffer_4(16, room_4);
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	e = (int)TRACK_4(named(CSI1), SA_TRACK_CURRENT, b);
	check(b->numberOfItems == 1 && room_4[0].member.haState == SA_AMF_HA_ACTIVE && room_4[0].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE);
	check(room_4[0].member.haReadinessState == SA_AMF_HARS_READY_FOR_ASSIGNMENT);
	return e;
}

static int track4_told(void)
{
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	e = (int)TRACK_4(named(CSI1), SA_TRACK_CURRENT, NULL);
	until(h, groups_4 >= 1);
	check(saw.items == 1 && saw.members == 1 && saw.error == OK && ready_4 == SA_AMF_HARS_READY_FOR_ASSIGNMENT);
	return e;
}

/* What a component says of its readiness is told to who tracks, and shown to who asks. */
static int hars_shown(void)
{
	SaAmfProtectionGroupNotificationBufferT_4 *b = buffer_4(16, room_4);
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	must(TRACK_4(named(CSI1), SA_TRACK_CHANGES, NULL), OK);
	again(e, HARS(named(C1), named(CSI1), SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED));
	until(h, groups_4 >= 1 && ready_4 == SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED);
	check(saw.items == 1 && saw.members == 1 && change_4 == SA_AMF_PROTECTION_GROUP_STATE_CHANGE);
	must(TRACK_4(named(CSI1), SA_TRACK_CURRENT, b), OK);
	check(b->numberOfItems == 1 && room_4[0].member.haReadinessState == SA_AMF_HARS_READY_FOR_ACTIVE_DEGRADED);
	must(TRACK_4(named(CSI2), SA_TRACK_CURRENT, b), OK);
	check(b->numberOfItems == 1 && room_4[0].member.haReadinessState == SA_AMF_HARS_READY_FOR_ASSIGNMENT);
	return e;
}

static int hars_while(int csi, int state)
{
	SaAmfHandleT h;
	int e;

	must(registered_4(&h), 0);
	until(h, saw.sets >= 2 && has(h, C1, CSI1) && has(h, C1, CSI2));
	again(e, HARS(named(C1), csi ? named(CSI1) : NULL, state));
	return e;
}
static int hars_active(void) { return hars_while(1, SA_AMF_HARS_NOT_READY_FOR_ACTIVE); }
static int hars_all_active(void) { return hars_while(0, SA_AMF_HARS_NOT_READY_FOR_ASSIGNMENT); }

static int hars_foreign(void)
{
	SaAmfHandleT mine, h;
	int e;

	must(registered_4(&mine), 0);
	must(opened_4(&h), OK);
	again(e, HARS(named(C1), NULL, SA_AMF_HARS_READY_FOR_ASSIGNMENT));
	return e;
}

static int free4_ok(void)
{
	SaAmfProtectionGroupNotificationBufferT_4 *b = buffer_4(0, NULL);
	SaAmfHandleT h;

	must(opened_4(&h), OK);
	must(TRACK_4(named(CSI1), SA_TRACK_CURRENT, b), OK);
	return (int)saAmfProtectionGroupNotificationFree_4(h, b->notification);
}
static int free4_arbitrary(void) { return (int)saAmfProtectionGroupNotificationFree_4(ARBITRARY, room_4); }
static int free4_stale(void)
{
	SaAmfHandleT h;

	must(finalized(&h), 0);
	return (int)saAmfProtectionGroupNotificationFree_4(h, room_4);
}
ONE_4(free4_null, saAmfProtectionGroupNotificationFree_4(h, NULL))
ONE(free4_version, saAmfProtectionGroupNotificationFree_4(h, room_4))

#define REPORT_4(n, recovery) saAmfComponentErrorReport_4(h, n, 0, (SaAmfRecommendedRecoveryT)(recovery), NULL)
HANDLES_4(report4, REPORT_4(named(C1), SA_AMF_NO_RECOMMENDATION))
NAMES_4(report4, REPORT_4(n, SA_AMF_NO_RECOMMENDATION))
ONE_4(report4_zero, REPORT_4(named(C1), 0))
ONE_4(report4_container, REPORT_4(named(C1), 9))

static int report4_ok(void)
{
	SaNtfCorrelationIdsT ids = {1, 2, 3};
	pid_t victim = component(C1);
	SaAmfHandleT h;
	int e;

	check(victim > 0);
	must(opened_4(&h), OK);
	again(e, saAmfComponentErrorReport_4(h, named(C1), 0, SA_AMF_COMPONENT_RESTART, &ids));
	check(ids.notificationId == 0 && ids.rootCorrelationId == 1);
	if (e == OK)
		check(ended(victim));
	else
		end(victim);
	return e;
}

#define CLEAR_4(n) saAmfComponentErrorClear_4(h, n, NULL)
HANDLES_4(clear4, CLEAR_4(named(C1)))
NAMES_4(clear4, CLEAR_4(n))
REG_4(clear4_ok, CLEAR_4(named(C1)))

static int ids_get(SaAmfHandleT h, SaInvocationT invocation)
{
	SaNtfCorrelationIdsT ids = {1, 2, 3};
	int e = (int)saAmfCorrelationIdsGet(h, invocation, &ids);

	check(e != OK || (ids.rootCorrelationId == 0 && ids.parentCorrelationId == 0 && ids.notificationId == 0));
	return e;
}
static int ids_arbitrary(void) { return ids_get(ARBITRARY, 1); }
static int ids_stale(void)
{
	SaAmfHandleT h;

	must(finalized(&h), 0);
	return ids_get(h, 1);
}
ONE(ids_version, ids_get(h, 1))
ONE_4(ids_null, saAmfCorrelationIdsGet(h, 1, NULL))
ONE_4(ids_unknown, ids_get(h, 1))

/* A callback that waits. */
static int waiting_4(SaAmfHandleT *h)
{
	must(opened_4(h), OK);
	silent = 1;
	must(reg(*h, C1, NULL), OK);
	until(*h, saw.sets >= 1);
	return 0;
}

static int ids_ok(void)
{
	SaAmfHandleT h;

	must(waiting_4(&h), 0);
	return ids_get(h, saw.invocation);
}

static int ids_answered(void)
{
	SaAmfHandleT h;

	must(waiting_4(&h), 0);
	must(saAmfResponse_4(h, saw.invocation, NULL, OK), OK);
	return ids_get(h, saw.invocation);
}

HANDLES_4(resp4, saAmfResponse_4(h, 1, NULL, OK))
ONE_4(resp4_unknown, saAmfResponse_4(h, 1, NULL, OK))
ONE_4(resp4_zero, saAmfResponse_4(h, 1, NULL, (SaAisErrorT)0))

static int resp4_ok(void)
{
	SaNtfCorrelationIdsT ids = {0, 0, 0};
	SaAmfHandleT h;

	must(waiting_4(&h), 0);
	return (int)saAmfResponse_4(h, saw.invocation, &ids, OK);
}

#define OSAF_ROWS                                                                                                                  \
	{ID("init4.ok"), init4_ok}, {ID("init4.major-lower"), init4_lower}, {ID("init4.major-higher"), init4_higher},              \
	{ID("init4.release"), init4_release}, {ID("init4.handle-null"), init4_null}, {ID("init4.version-null"), init4_version_null}, \
	{ID("inito4.ok"), inito4_ok}, {ID("inito4.minor"), inito4_minor}, {ID("inito4.handle-null"), inito4_null},                 \
	{ID("sc.ok"), sc_ok}, {ID("sc.without-handle"), sc_without}, {ID("sc.null"), sc_null}, {ID("sc.arbitrary"), sc_arbitrary}, \
	{ID("pmstart3.ok"), pm3_ok}, {ID("pmstart3.negative"), pm3_negative}, {ID("pmstart3.arbitrary"), pm3_arbitrary},           \
	{ID("hars.ok"), hars_ok}, NAME_ROWS(hars, "hars"), HANDLE_ROWS_4(hars, "hars"), {ID("hars.csi-empty"), hars_csi_empty},    \
	{ID("hars.zero"), hars_zero}, {ID("hars.five"), hars_five}, {ID("hars.not"), hars_not},                                    \
	{ID("hars.shown"), hars_shown}, {ID("hars.active"), hars_active}, {ID("hars.all-active"), hars_all_active},                 \
	{ID("hars.foreign"), hars_foreign},                                                                                        \
	NAME_ROWS(track4, "track4"), HANDLE_ROWS_4(track4, "track4"), {ID("track4.zero"), track4_zero},                            \
	{ID("track4.empty-array"), track4_empty_array}, {ID("track4.current"), track4_current}, {ID("track4.told"), track4_told},  \
	{ID("track.version"), track1_version},                                                                                    \
	{ID("free4.ok"), free4_ok}, {ID("free4.arbitrary"), free4_arbitrary}, {ID("free4.stale"), free4_stale},                    \
	{ID("free4.null"), free4_null}, {ID("free4.version"), free4_version},                                                      \
	{ID("report4.ok"), report4_ok}, NAME_ROWS(report4, "report4"), HANDLE_ROWS_4(report4, "report4"),                          \
	{ID("report4.zero"), report4_zero}, {ID("report4.container"), report4_container},                                          \
	{ID("clear4.ok"), clear4_ok}, NAME_ROWS(clear4, "clear4"), HANDLE_ROWS_4(clear4, "clear4"),                                \
	{ID("ids.ok"), ids_ok}, {ID("ids.answered"), ids_answered}, {ID("ids.null"), ids_null}, {ID("ids.unknown"), ids_unknown},  \
	{ID("ids.arbitrary"), ids_arbitrary}, {ID("ids.stale"), ids_stale}, {ID("ids.version"), ids_version},                      \
	{ID("response4.ok"), resp4_ok}, {ID("response4.unknown"), resp4_unknown}, {ID("response4.zero"), resp4_zero},              \
	HANDLE_ROWS_4(resp4, "response4"),
