/*
 * amf_component_b01: a component of the Availability Management Framework, written to
 * the B.01.01 interface. The executive starts it (amf.conf names it as the instantiate
 * command); it prints every state it is given, is asked for its health if a health
 * check with the key "sample" is configured, and ends when it is told to. Build:
 *
 *   cc -std=c99 amf_component_b01.c -lais
 *
 * Its output goes to the file that SAMPLE_LOG names, if that is set: what the executive
 * starts has no terminal.
 */
#define _POSIX_C_SOURCE 200809L

#include <saAis.h>
#include <saAmf.h>

#include <stdlib.h>
#include <unistd.h>

#include "sample.h"

static SaAmfHandleT handle;
static int terminated;

static void answer(SaInvocationT invocation, SaAisErrorT result)
{
	SaAisErrorT err;

	/* An answer that is put off is given again: without one this component has failed. */
	while ((err = saAmfResponse(handle, invocation, result)) == SA_AIS_ERR_TRY_AGAIN)
		sample_pause(5);
	if (err != SA_AIS_OK)
		say("saAmfResponse error=%d", (int)err);
}

static const char *state_name(SaAmfHAStateT state)
{
	static const char *const names[] = { "?", "active", "standby", "quiesced", "quiescing" };

	return names[state <= SA_AMF_HA_QUIESCING ? state : 0];
}

static void healthcheck(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
	(void)comp;
	(void)key;
	answer(invocation, SA_AIS_OK);
}

static void terminate(SaInvocationT invocation, const SaNameT *comp)
{
	say("terminate %.*s", (int)comp->length, (const char *)comp->value);
	answer(invocation, SA_AIS_OK);
	terminated = 1;
}

static void csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT state, SaAmfCSIDescriptorT *csi)
{
	SaUint32T i;

	(void)comp;
	say("%s %.*s", state_name(state), (int)csi->csiName.length, (const char *)csi->csiName.value);
	for (i = 0; i < csi->csiAttr.number; i++)
		say("attribute %s=%s", (const char *)csi->csiAttr.attr[i].attrName, (const char *)csi->csiAttr.attr[i].attrValue);
	answer(invocation, SA_AIS_OK);
	if (state == SA_AMF_HA_QUIESCING)
		/* Nothing is under way here: the work is done at once. */
		saAmfCSIQuiescingComplete(handle, invocation, SA_AIS_OK);
}

static void csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
	(void)comp;
	(void)flags;
	say("removed %.*s", (int)csi->length, (const char *)csi->value);
	answer(invocation, SA_AIS_OK);
}

/* Registers; a life of this component that has just ended may still be cleaned up. */
static SaAisErrorT start(SaNameT *name)
{
	SaAmfHealthcheckKeyT key = { "sample", 6 };
	SaAisErrorT err = saAmfComponentNameGet(handle, name);

	if (err != SA_AIS_OK)
		return err;
	while ((err = saAmfComponentRegister(handle, name, NULL)) == SA_AIS_ERR_TRY_AGAIN && !sample_stop)
		sample_pause(20);
	if (err != SA_AIS_OK)
		return err;
	say("registered %.*s", (int)name->length, (const char *)name->value);
	err = saAmfHealthcheckStart(handle, name, &key, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION);
	return err == SA_AIS_ERR_NOT_EXIST ? SA_AIS_OK : err;
}

int main(void)
{
	SaAmfCallbacksT callbacks = { healthcheck, terminate, csi_set, csi_remove, NULL, NULL, NULL };
	SaVersionT version = { 'B', 1, 1 };
	const char *log = getenv("SAMPLE_LOG");
	SaSelectionObjectT fd;
	SaNameT name;
	SaAisErrorT err;

	if (log != NULL && freopen(log, "a", stdout) == NULL)
		return 1;
	sample_begin();
	say("start %ld", (long)getpid());
	err = saAmfInitialize(&handle, &callbacks, &version);
	if (err == SA_AIS_OK)
		err = saAmfSelectionObjectGet(handle, &fd);
	if (err == SA_AIS_OK)
		err = start(&name);
	while (err == SA_AIS_OK && !sample_stop && !terminated) {
		struct pollfd p = { (int)fd, POLLIN, 0 };

		if (poll(&p, 1, 1000) == 1)
			err = saAmfDispatch(handle, SA_DISPATCH_ALL);
	}
	if (err != SA_AIS_OK) {
		say("error=%d", (int)err);
		return 1;
	}
	saAmfFinalize(handle);
	say("end");
	return 0;
}
