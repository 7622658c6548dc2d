/*
 * component_a01.c: a component of generation A, started by hand: its argument is its
 * name in groups.conf. It takes every state it is given at once, and writes one line
 * for everything that happens to standard output. Lines on standard input:
 *
 *   report R    report an error of itself with recommended recovery R
 *   cancel      cancel all errors of itself
 *   states CSI  write readiness and HA state as the executive has them
 *   end         unregister and end
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <ais_types.h>
#include <ais_amf.h>

static SaAmfHandleT handle;
static SaNameT self;
static int over;

static void say(const char *format, ...)
{
	struct timespec t;
	va_list ap;

	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("%lld%09ld ", (long long)t.tv_sec, t.tv_nsec);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static const char *text(const SaNameT *n)
{
	static char buffers[4][SA_MAX_NAME_LENGTH + 1];
	static int next;
	char *b = buffers[next++ % 4];

	memcpy(b, n->value, n->length);
	b[n->length] = '\0';
	return n->length ? b : "-";
}

static void name(SaNameT *n, const char *s)
{
	n->length = (SaUint16T)strlen(s);
	memcpy(n->value, s, n->length);
}

static const char *const readiness_names[] = { "none", "out-of-service", "in-service", "stopping" };
static const char *const ha_names[] = { "none", "active", "standby", "quiesced" };

static const char *of(const char *const *names, unsigned n, unsigned i)
{
	return i < n ? names[i] : "unknown";
}

static void answer(SaInvocationT invocation)
{
	SaErrorT e = saAmfResponse(invocation, SA_OK);

	if (e != SA_OK)
		say("response error=%d", (int)e);
}

static void health(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckT type)
{
	static int first = 1;

	(void)comp;
	if (first)
		say("health type=%d", (int)type);
	first = 0;
	answer(invocation);
}

static void readiness(SaInvocationT invocation, const SaNameT *comp, SaAmfReadinessStateT state)
{
	(void)comp;
	say("readiness %s", of(readiness_names, 4, (unsigned)state));
	answer(invocation);
	if (state == SA_AMF_STOPPING)
		(void)saAmfStoppingComplete(invocation, SA_OK);
}

static void terminate(SaInvocationT invocation, const SaNameT *comp)
{
	(void)comp;
	say("terminate");
	answer(invocation);
	over = 1;
}

static void csi_set(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags,
		    SaAmfHAStateT *ha, SaNameT *active, SaAmfCSITransitionDescriptorT transition)
{
	(void)comp;
	(void)active;
	(void)transition;
	say("ha %s csi=%s flags=%u", of(ha_names, 4, (unsigned)*ha), text(csi), (unsigned)flags);
	answer(invocation);
}

static void csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, const SaAmfCSIFlagsT *flags)
{
	(void)comp;
	say("remove csi=%s flags=%u", text(csi), (unsigned)*flags);
	answer(invocation);
}

static void report(int recovery)
{
	SaAmfErrorDescriptorT d;
	struct timespec t;
	SaErrorT e;

	memset(&d, 0, sizeof d);
	d.errorReportType = SA_AMF_PROCESSING_ERROR_ALARM_TYPE;
	d.probableCause = SA_AMF_SOFTWARE_ERROR;
	d.errorImpactAndSeverity = SA_AMF_MAJOR;
	d.recommendedRecovery = (SaAmfRecommendedRecoveryT)recovery;
	clock_gettime(CLOCK_REALTIME, &t);
	e = saAmfErrorReport(&self, &self, (SaTimeT)t.tv_sec * 1000000000 + t.tv_nsec, &d, NULL);
	say("reported error=%d", (int)e);
}

static void states(const char *csi)
{
	SaAmfReadinessStateT r = 0;
	SaAmfHAStateT h = 0;
	SaNameT n;
	SaErrorT e1, e2;

	name(&n, csi);
	e1 = saAmfReadinessStateGet(&self, &r);
	e2 = saAmfHAStateGet(&self, &n, &h);
	say("states %s/%d %s/%d", of(readiness_names, 4, (unsigned)r), (int)e1, of(ha_names, 4, (unsigned)h), (int)e2);
}

static void obey(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "report ", 7) == 0)
		report(atoi(line + 7));
	else if (strcmp(line, "cancel") == 0)
		say("cancelled error=%d", (int)saAmfErrorCancelAll(&self));
	else if (strncmp(line, "states ", 7) == 0)
		states(line + 7);
	else if (strcmp(line, "end") == 0) {
		say("unregistered error=%d", (int)saAmfComponentUnregister(&handle, &self, NULL));
		over = 1;
	}
}

/* Lines of standard input, as far as they are complete. */
static void listen_to_input(void)
{
	static char buffer[256];
	static size_t have;
	char *end;
	ssize_t n = read(0, buffer + have, sizeof buffer - 1 - have);

	if (n <= 0) {
		over = 1;
		return;
	}
	have += (size_t)n;
	buffer[have] = '\0';
	while ((end = strchr(buffer, '\n')) != NULL) {
		obey(buffer);
		have -= (size_t)(end + 1 - buffer);
		memmove(buffer, end + 1, have + 1);
	}
}

int main(int argc, char **argv)
{
	static const SaAmfCallbacksT callbacks = {
		health, readiness, terminate, csi_set, csi_remove, NULL, NULL, NULL, NULL, NULL
	};
	static const SaVersionT version = { 'A', 1, 1 };
	SaSelectionObjectT object;
	struct pollfd p[2];
	SaErrorT e;
	int i;

	if (argc != 2)
		return 1;
	name(&self, argv[1]);
	for (i = 0; i < 500; i++) {
		e = saAmfInitialize(&handle, &callbacks, &version);
		if (e == SA_OK && (e = saAmfComponentRegister(&handle, &self, NULL)) != SA_OK)
			(void)saAmfFinalize(&handle);
		if (e != SA_ERR_TRY_AGAIN)
			break;
		(void)poll(NULL, 0, 10);
	}
	say("registered error=%d", (int)e);
	if (e != SA_OK || saAmfSelectionObjectGet(&handle, &object) != SA_OK)
		return 1;
	p[0].fd = (int)object;
	p[1].fd = 0;
	p[0].events = p[1].events = POLLIN;
	while (!over) {
		if (poll(p, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return 1;
		}
		if (p[1].revents)
			listen_to_input();
		if (p[0].revents && (e = saAmfDispatch(&handle, SA_DISPATCH_ALL)) != SA_OK && e != SA_ERR_TRY_AGAIN) {
			say("lost error=%d", (int)e);
			return 1;
		}
	}
	(void)saAmfFinalize(&handle);
	say("end");
	return 0;
}
