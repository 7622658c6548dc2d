/*
 * component_b01.c: a component of generation B for trials and for the demo. It puts
 * itself into the background, registers, takes every state it is given at once, and
 * writes one line for everything that happens to the file that AMF_LOG names:
 *
 *   NANOSECONDS PID COMPONENT WORDS...
 *
 * with the machine's monotonic clock. AMF_SLOW=MS: so long before each answer.
 * AMF_HEALTH=KEY: it asks to be health-checked. AMF_CHILD=1: it has a child that
 * sleeps and does not know what became of its parent.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <saAis.h>
#include <saAmf.h>

static SaAmfHandleT handle;
static int log_fd = 1;
static int over;
static int slow_ms;
static const char *self = "?";

static void say(const char *format, ...)
{
	struct timespec t;
	char line[1024];
	int n;
	va_list ap;

	clock_gettime(CLOCK_MONOTONIC, &t);
	n = snprintf(line, sizeof line, "%lld%09ld %ld %s ", (long long)t.tv_sec, t.tv_nsec, (long)getpid(), self);
	va_start(ap, format);
	n += vsnprintf(line + n, sizeof line - (size_t)n - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	/* One call: lines of several processes do not mix. */
	while (write(log_fd, line, (size_t)n) < 0 && errno == EINTR)
		;
}

static const char *state(SaAmfHAStateT s)
{
	static const char *const names[] = { "none", "active", "standby", "quiesced", "quiescing" };

	return (unsigned)s < sizeof names / sizeof names[0] ? names[s] : "unknown";
}

/* A name without its end of string; short names are all there are here. */
static const char *text(const SaNameT *n)
{
	static char buffers[4][SA_MAX_NAME_LENGTH + 1];
	static int next;
	char *b = buffers[next++ % 4];

	memcpy(b, n->value, n->length);
	b[n->length] = '\0';
	return n->length ? b : "-";
}

static void answer(SaInvocationT invocation)
{
	SaAisErrorT e;

	if (slow_ms > 0)
		(void)poll(NULL, 0, slow_ms);
	e = saAmfResponse(handle, invocation, SA_AIS_OK);
	if (e != SA_AIS_OK)
		say("response error=%d", (int)e);
}

static void health(SaInvocationT invocation, const SaNameT *comp, SaAmfHealthcheckKeyT *key)
{
	(void)comp;
	(void)key;
	answer(invocation);
}

static void terminate(SaInvocationT invocation, const SaNameT *comp)
{
	(void)comp;
	say("terminate");
	answer(invocation);
	over = 1;
}

static void csi_set(SaInvocationT invocation, const SaNameT *comp, SaAmfHAStateT ha, SaAmfCSIDescriptorT *csi)
{
	int transition = 0;

	(void)comp;
	if (ha == SA_AMF_HA_ACTIVE)
		transition = (int)csi->csiStateDescriptor.activeDescriptor.transitionDescriptor;
	say("csiset %s csi=%s flags=%u transition=%d attributes=%u", state(ha), text(&csi->csiName),
	    (unsigned)csi->csiFlags, transition, (unsigned)csi->csiAttr.number);
	answer(invocation);
	if (ha == SA_AMF_HA_QUIESCING)
		(void)saAmfCSIQuiescingComplete(handle, invocation, SA_AIS_OK);
}

static void csi_remove(SaInvocationT invocation, const SaNameT *comp, const SaNameT *csi, SaAmfCSIFlagsT flags)
{
	(void)comp;
	say("csirm csi=%s flags=%u", text(csi), (unsigned)flags);
	answer(invocation);
}

static void group(const SaNameT *csi, SaAmfProtectionGroupNotificationBufferT *buffer, SaUint32T members, SaAisErrorT error)
{
	SaUint32T i;

	for (i = 0; i < buffer->numberOfItems; i++)
		say("group csi=%s member=%s ha=%s change=%d members=%u error=%d", text(csi),
		    text(&buffer->notification[i].member.compName), state(buffer->notification[i].member.haState),
		    (int)buffer->notification[i].change, (unsigned)members, (int)error);
}

/* The executive may be busy: try again for a while. */
static SaAisErrorT again(SaAisErrorT (*f)(void))
{
	int i;
	SaAisErrorT e = SA_AIS_ERR_TRY_AGAIN;

	for (i = 0; i < 500 && e == SA_AIS_ERR_TRY_AGAIN; i++) {
		if (i > 0)
			(void)poll(NULL, 0, 10);
		e = f();
	}
	return e;
}

static SaAisErrorT initialize(void)
{
	static const SaAmfCallbacksT callbacks = { health, terminate, csi_set, csi_remove, group, NULL, NULL };
	SaVersionT version = { 'B', 1, 1 };

	return saAmfInitialize(&handle, &callbacks, &version);
}

static SaNameT name;

static SaAisErrorT enter(void)
{
	return saAmfComponentRegister(handle, &name, NULL);
}

static void daemonize(void)
{
	pid_t pid = fork();

	if (pid < 0)
		exit(1);
	if (pid > 0)
		_exit(0); /* the instantiation command is done */
	(void)setsid();
}

static void child(void)
{
	if (getenv("AMF_CHILD") && fork() == 0) {
		if (log_fd > 2)
			(void)close(log_fd);
		for (;;)
			(void)poll(NULL, 0, 1000);
	}
}

int main(void)
{
	const char *path = getenv("AMF_LOG");
	const char *key = getenv("AMF_HEALTH");
	SaSelectionObjectT object;
	struct pollfd p;
	SaAisErrorT e;

	if (path && (log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return 1;
	if (getenv("AMF_SLOW"))
		slow_ms = atoi(getenv("AMF_SLOW"));
	if (!getenv("AMF_FOREGROUND"))
		daemonize();
	child();
	if (getenv("SA_AMF_COMPONENT_NAME"))
		self = getenv("SA_AMF_COMPONENT_NAME");
	say("start");
	if ((e = again(initialize)) != SA_AIS_OK || (e = saAmfComponentNameGet(handle, &name)) != SA_AIS_OK ||
	    (e = saAmfSelectionObjectGet(handle, &object)) != SA_AIS_OK || (e = again(enter)) != SA_AIS_OK) {
		say("failed error=%d", (int)e);
		return 1;
	}
	say("registered");
	if (key) {
		SaAmfHealthcheckKeyT k;

		k.keyLen = (SaUint16T)strlen(key);
		memcpy(k.key, key, k.keyLen);
		e = saAmfHealthcheckStart(handle, &name, &k, SA_AMF_HEALTHCHECK_AMF_INVOKED, SA_AMF_NO_RECOMMENDATION);
		say("health error=%d", (int)e);
	}
	(void)saAmfPmStart(handle, &name, (SaUint64T)getpid(), 0, SA_AMF_PM_ABNORMAL_END, SA_AMF_NO_RECOMMENDATION);
	p.fd = (int)object;
	p.events = POLLIN;
	while (!over) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return 1;
		e = saAmfDispatch(handle, SA_DISPATCH_ALL);
		if (e != SA_AIS_OK && e != SA_AIS_ERR_TRY_AGAIN) {
			say("lost error=%d", (int)e);
			return 1;
		}
	}
	(void)saAmfFinalize(handle);
	say("end");
	return 0;
}
