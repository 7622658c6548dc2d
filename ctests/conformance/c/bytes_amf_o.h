/*
 * What only OpenSAF's headers have, B.04.01 and B.04.02; a part of bytes_amf_b.c.
 */

/* The identifiers are written whole, and nothing beside them. */
static void answer_4(SaInvocationT invocation)
{
	GUARDED(SaNtfCorrelationIdsT, ids);

	check(CALL(saAmfCorrelationIdsGet, current, invocation, &ids.v) == OK);
	check(INTACT(ids) && ids.v.rootCorrelationId == 0 && ids.v.parentCorrelationId == 0 && ids.v.notificationId == 0);
	check(CALL(saAmfResponse_4, current, invocation, &ids.v, SA_AIS_OK) == OK);
	check(INTACT(ids));
}

static void is_pair_4(const SaAmfProtectionGroupNotificationT_4 *array)
{
	int i, active = 0;

	for (i = 0; i < 2; i++) {
		check(array[i].change == SA_AMF_PROTECTION_GROUP_NO_CHANGE);
		check(array[i].member.haReadinessState == SA_AMF_HARS_READY_FOR_ASSIGNMENT);
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

static void on_group_4(const SaNameT *csi, SaAmfProtectionGroupNotificationBufferT_4 *b, SaUint32T members, SaAisErrorT error)
{
	saw.groups++;
	check(is_name(csi, CSI_PAIR) && b->numberOfItems == 2 && members == 2 && error == SA_AIS_OK);
	is_pair_4(b->notification);
}

/* No row has containers. */
static void on_contained(SaInvocationT invocation, const SaNameT *comp)
{
	(void)comp;
	wrong("a contained component, invocation %llx", (unsigned long long)invocation);
}

static void on_attributes(SaInvocationT invocation, const SaNameT *csi, SaAmfCSIAttributeListT list)
{
	(void)csi;
	wrong("attributes change, invocation %llx, %u of them", (unsigned long long)invocation, (unsigned)list.number);
}

static int initialize_4(SaAmfHandleT *h, SaVersionT *v)
{
	GUARDED(SaAmfCallbacksT_4, k);
	SaAmfCallbacksT_4 all = {on_check, on_terminate, on_set, on_remove, on_group_4, on_instantiate, on_cleanup, on_contained, on_contained};
	int e;

	k.v = all;
	e = CALL(saAmfInitialize_4, h, &k.v, v);
	check(INTACT(k));
	memset(&k.v, FILL, sizeof k.v);
	return e;
}

static int initialize_o4(SaAmfHandleT *h, SaVersionT *v)
{
	GUARDED(SaAmfCallbacksT_o4, k);
	SaAmfCallbacksT_o4 all = {on_check, on_terminate, on_set, on_remove, on_group_4, on_instantiate, on_cleanup, on_contained, on_contained,
		on_attributes};
	int e;

	k.v = all;
	e = CALL(saAmfInitialize_o4, h, &k.v, v);
	check(INTACT(k));
	memset(&k.v, FILL, sizeof k.v);
	return e;
}

static void newer(int (*with)(SaAmfHandleT *, SaVersionT *), int of)
{
	initialize = with;
	answer = answer_4;
	major = 4;
	minor = (SaUint8T)of;
}

static int states_4(void)
{
	newer(initialize_4, 1);
	return states();
}

static int states_o4(void)
{
	newer(initialize_o4, 2);
	return states();
}

static int checks_4(void)
{
	newer(initialize_4, 1);
	return checks();
}

static int monitoring_4(void)
{
	SaInt64T me = getpid();
	SaAmfHandleT h;

	newer(initialize_4, 1);
	must(assigned(&h), 0);
	must(saAmfPmStart_3(h, named(C1), me << 32, 0, CHECK_ALL, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart_3(h, named(C1), me, -2, CHECK_ALL, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart_3(h, named(C1), me, -1, 8, SA_AMF_NO_RECOMMENDATION), SA_AIS_ERR_INVALID_PARAM);
	must(saAmfPmStart_3(h, named(C1), me, -1, CHECK_ALL, (SaAmfRecommendedRecoveryT)0), SA_AIS_ERR_INVALID_PARAM);
	must(CALL(saAmfPmStart_3, h, named(C1), me, -1, CHECK_ALL, SA_AMF_COMPONENT_FAILOVER), OK);
	must(CALL(saAmfPmStop, h, named(C1), SA_AMF_PM_ALL_PROCESSES, 0, CHECK_ALL), OK);
	return CALL(saAmfFinalize, h);
}

static int group_4(void)
{
	static SaAmfProtectionGroupNotificationT_4 room[3];
	GUARDED(SaAmfProtectionGroupNotificationBufferT_4, b);
	GUARDED(SaAmfProtectionGroupNotificationT_4, last);
	SaAmfHandleT h;

	newer(initialize_4, 1);
	must(pair(&h), 0);
	memset(room, FILL, sizeof room);
	b.v.numberOfItems = 3;
	b.v.notification = room;
	must(CALL(saAmfProtectionGroupTrack_4, h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), OK);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification == room && filled(&room[2], sizeof room[2]));
	is_pair_4(room);
	b.v.numberOfItems = 77;
	b.v.notification = NULL;
	must(saAmfProtectionGroupTrack_4(h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), OK);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification != NULL);
	is_pair_4(b.v.notification);
	must(CALL(saAmfProtectionGroupNotificationFree_4, h, b.v.notification), OK);
	b.v.numberOfItems = 1;
	b.v.notification = &last.v;
	must(saAmfProtectionGroupTrack_4(h, named(CSI_PAIR), SA_TRACK_CURRENT, &b.v), SA_AIS_ERR_NO_SPACE);
	check(INTACT(b) && b.v.numberOfItems == 2 && b.v.notification == &last.v && INTACT(last));
	must(saAmfProtectionGroupTrack_4(h, named(CSI_PAIR), SA_TRACK_CURRENT | SA_TRACK_CHANGES, NULL), OK);
	until(h, saw.groups >= 1);
	must(CALL(saAmfProtectionGroupTrackStop, h, named(CSI_PAIR)), OK);
	return CALL(saAmfFinalize, h);
}

static int quiescing_4(void)
{
	newer(initialize_4, 1);
	return quiescing();
}

static int readiness_4(void)
{
	GUARDED(SaNtfCorrelationIdsT, ids);
	SaAmfHandleT h;
	int e;

	newer(initialize_4, 1);
	must(assigned(&h), 0);
	must(saAmfHAReadinessStateSet(h, named(C1), named(long_csi), (SaAmfHAReadinessStateT)5, NULL), SA_AIS_ERR_INVALID_PARAM);
	memset(&ids.v, 0, sizeof ids.v);
	again(e, CALL(saAmfHAReadinessStateSet, h, named(C1), named(long_csi), SA_AMF_HARS_READY_FOR_ASSIGNMENT, &ids.v));
	must(e, OK);
	check(INTACT(ids));
	return CALL(saAmfFinalize, h);
}

static int report_4(void)
{
	GUARDED(SaNtfCorrelationIdsT, ids);
	SaAmfHandleT h;
	pid_t victim;
	int e;

	newer(initialize_4, 1);
	victim = component();
	check(victim > 0);
	must(opened(&h), 0);
	ids.v.rootCorrelationId = 0x1111222233334444ULL;
	ids.v.parentCorrelationId = 0x5555666677778888ULL;
	must(saAmfComponentErrorReport_4(h, named(C1), 0x123456789abcdefLL, (SaAmfRecommendedRecoveryT)0, &ids.v), SA_AIS_ERR_INVALID_PARAM);
	again(e, CALL(saAmfComponentErrorReport_4, h, named(C1), 0x123456789abcdefLL, SA_AMF_COMPONENT_RESTART, &ids.v));
	must(e, OK);
	check(INTACT(ids) && ids.v.rootCorrelationId == 0x1111222233334444ULL && ids.v.parentCorrelationId == 0x5555666677778888ULL);
	check(ids.v.notificationId == 0);
	check(ended(victim));
	must(reg(h, C1, NULL), OK);
	again(e, CALL(saAmfComponentErrorClear_4, h, named(C1), &ids.v));
	must(e, OK);
	check(INTACT(ids));
	return CALL(saAmfFinalize, h);
}

static void on_status(OsafAmfSCStatusT status) { wrong("system controllers: %d", (int)status); }

static int controllers(void)
{
	SaAmfHandleT h;

	must(opened(&h), 0);
	must(CALL(osafAmfInstallSCStatusChangeCallback, h, on_status), OK);
	return CALL(saAmfFinalize, h);
}

#define OSAF_ROWS                                                                                                        \
	{ID("states_4"), states_4}, {ID("states_o4"), states_o4}, {ID("checks_4"), checks_4}, {ID("monitoring_4"), monitoring_4}, \
	{ID("group_4"), group_4}, {ID("quiescing_4"), quiescing_4}, {ID("readiness_4"), readiness_4}, {ID("report_4"), report_4}, \
	{ID("controllers"), controllers},
