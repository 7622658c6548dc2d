/*
 * amf_component_a01: a component of the Availability Management Framework, written to
 * the A.01.01 interface of 2004: it is started by hand, with the name that groups.conf
 * has for it, and prints every readiness and HA state it is given. Build:
 *
 *   cc -std=c99 -Ia.01.01 amf_component_a01.c -lais
 *
 * Usage: amf_component_a01 NAME. SIGHUP reports an error of it, a second one cancels
 * all of them; it ends by SIGTERM.
 */
#define _POSIX_C_SOURCE 200809L

#include <ais_types.h>
#include <ais_amf.h>

#include <unistd.h>

#include "sample.h"

static SaNameT name;
static int terminated;
static volatile sig_atomic_t hangups;

static void on_hangup(int sig)
{
	(void)sig;
	hangups++;
}

static void answer(SaInvocationT invocation)
{
	SaErrorT err;

	/* An answer that is put off is given again: without one this component has failed. */
	while ((err = saAmfResponse(invocation, SA_OK)) == SA_ERR_TRY_AGAIN)
		sample_pause(5);
	if (err != SA_OK)
		say("saAmfResponse error=%d", (int)err);
}

static void healthcheck(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckT level)
{
	(void)comp;
	(void)level;
	answer(invocation);
}

static void readiness(SaInvocationT invocation, const SaNameT *comp, SaAmfReadinessStateT state)
{
	static const char *const names[] = { "?", "out of service", "in service", "stopping" };

	(void)comp;
	say("%s", names[state <= SA_AMF_STOPPING ? state : 0]);
	answer(invocation);
	if (state == SA_AMF_STOPPING)
		/* Nothing is under way here: the work is done at once. */
		saAmfStoppingComplete(invocation, SA_OK);
}

static void terminate(SaInvocationT invocation, const SaNameT *comp)
{
	(void)comp;
	say("terminate");
	answer(invocation);
	terminated = 1;
}

static void csi_set(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags,
		    SaAmfHAStateT *state, SaNameT *active, SaAmfCSITransitionDescriptorT transition)
{
	static const char *const names[] = { "?", "active", "standby", "quiesced" };

	(void)comp;
	(void)active;
	(void)transition;
	say("%s %.*s", names[*state <= SA_AMF_QUIESCED ? *state : 0], (flags & SA_AMF_CSI_ALL_INSTANCES) ? 3 : (int)csi->length,
	    (flags & SA_AMF_CSI_ALL_INSTANCES) ? "all" : (const char *)csi->value);
	answer(invocation);
}

static void csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, const SaAmfCSIFlagsT *flags)
{
	(void)comp;
	(void)flags;
	say("removed %.*s", (int)csi->length, (const char *)csi->value);
	answer(invocation);
}

static void confirm(const SaInvocationT invocation, const SaNameT *comp, SaAmfPendingOperationFlagsT operations)
{
	(void)comp;
	say("operation %lu may be carried out", (unsigned long)operations);
	answer(invocation);
}

/* Each SIGHUP reports an error or cancels all. */
static void report_or_cancel(int report)
{
	SaAmfErrorDescriptorT d = { SA_AMF_PROCESSING_ERROR_ALARM_TYPE, SA_AMF_SOFTWARE_ERROR, SA_AMF_MAJOR, SA_AMF_NO_RECOMMENDATION };
	SaErrorT err;

	do
		err = report ? saAmfErrorReport(&name, &name, 0, &d, NULL) : saAmfErrorCancelAll(&name);
	while (err == SA_ERR_TRY_AGAIN && !sample_stop && (sample_pause(20), 1));
	say("%s error=%d", report ? "report" : "cancel", (int)err);
}

static SaErrorT serve(const SaAmfHandleT *handle)
{
	SaSelectionObjectT fd;
	SaErrorT err = saAmfSelectionObjectGet(handle, &fd);
	int seen = 0;

	if (err != SA_OK)
		return err;
	while ((err = saAmfComponentRegister(handle, &name, NULL)) == SA_ERR_TRY_AGAIN && !sample_stop)
		sample_pause(20);
	if (err == SA_OK)
		say("registered %.*s", (int)name.length, (const char *)name.value);
	while (err == SA_OK && !sample_stop && !terminated) {
		struct pollfd p = { (int)fd, POLLIN, 0 };

		if (poll(&p, 1, 1000) == 1)
			err = saAmfDispatch(handle, SA_DISPATCH_ALL);
		if (hangups != seen) {
			seen = hangups;
			report_or_cancel(seen % 2);
		}
	}
	return err;
}

int main(int argc, char **argv)
{
	SaAmfCallbacksT callbacks = { healthcheck, readiness, terminate, csi_set, csi_remove, NULL, NULL, NULL, confirm, NULL };
	SaVersionT version = { 'A', 1, 1 };
	SaAmfHandleT handle;
	struct sigaction sa;
	SaErrorT err;

	if (argc != 2 || strlen(argv[1]) == 0 || strlen(argv[1]) > SA_MAX_NAME_LENGTH) {
		fprintf(stderr, "usage: %s NAME\n", argv[0]);
		return 64;
	}
	name.length = (SaUint16T)strlen(argv[1]);
	memcpy(name.value, argv[1], name.length);
	sample_begin();
	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_hangup;
	sigaction(SIGHUP, &sa, NULL);
	while ((err = saAmfInitialize(&handle, &callbacks, &version)) == SA_ERR_TRY_AGAIN && !sample_stop)
		sample_pause(20); /* no executive yet */
	if (err == SA_OK)
		err = serve(&handle);
	if (err != SA_OK) {
		say("error=%d", (int)err);
		return 1;
	}
	saAmfFinalize(&handle);
	say("end");
	return 0;
}
