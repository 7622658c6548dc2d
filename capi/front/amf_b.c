/*
 * amf_b.c: generation B of the Availability Management Framework; see amf_b.h.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/amf_b.h"

unsigned aisf_amf_b_open(enum aisf_type type, aisf_run_fn *run, void *own, void (*own_free)(void *), uint64_t *id)
{
	struct aisf_handle *h;
	unsigned error = aisf_amf_open(type, 'B', run, own, own_free, getenv("SA_AMF_COMPONENT_NAME"), &h);

	if (error == AISF_OK)
		*id = h->id;
	return error;
}

unsigned aisf_amf_b_object(struct aisf_amf_b b, int *fd)
{
	struct aisf_handle *h = aisf_get(b.id, b.type);

	return h == NULL ? AISF_BAD_HANDLE : aisf_selection_object(h, fd);
}

unsigned aisf_amf_b_dispatch(struct aisf_amf_b b, unsigned flags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(flags))
		return AISF_INVALID_PARAM;
	h = aisf_get(b.id, b.type);
	return h == NULL ? AISF_BAD_HANDLE : aisf_sa_dispatch(h, flags);
}

unsigned aisf_amf_b_finalize(struct aisf_amf_b b)
{
	struct aisf_handle *h = aisf_get(b.id, b.type);

	return h == NULL ? AISF_BAD_HANDLE : aisf_finalize(h);
}

/* One request. */
static unsigned request(struct aisf_amf_b b, uint32_t op, uint64_t invocation, struct aisrt_amf *a)
{
	struct aisf_handle *h = aisf_get(b.id, b.type);

	return h == NULL ? AISF_BAD_HANDLE : aisf_amf_request(h, op, invocation, a);
}

unsigned aisf_amf_b_register(struct aisf_amf_b b, const void *component, const void *proxy)
{
	const uint32_t alone = AISRT_AMF_HAS_TERMINATE | AISRT_AMF_HAS_CSI_SET | AISRT_AMF_HAS_CSI_REMOVE;
	const uint32_t by_proxy = alone | AISRT_AMF_HAS_INSTANTIATE | AISRT_AMF_HAS_CLEANUP;
	const uint32_t needed = proxy == NULL ? alone : by_proxy;
	struct aisf_handle *h;
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || !aisf_amf_is_name_or_none(proxy))
		return AISF_INVALID_PARAM;
	h = aisf_get(b.id, b.type);
	if (h == NULL)
		return AISF_BAD_HANDLE;
	if ((((const struct aisf_amf *)h->own)->callbacks & needed) != needed) {
		aisf_put(h);
		return AISF_INIT;
	}
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	aisf_amf_other(&a, proxy);
	return aisf_amf_request(h, AISRT_AMF_REGISTER, 0, &a);
}

unsigned aisf_amf_b_unregister(struct aisf_amf_b b, const void *component, const void *proxy)
{
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || !aisf_amf_is_name_or_none(proxy))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	aisf_amf_other(&a, proxy);
	return request(b, AISRT_AMF_UNREGISTER, 0, &a);
}

/* The environment tells what the executive started this process as; a process that
 * somebody else started is what it registered as. */
unsigned aisf_amf_b_name(struct aisf_amf_b b, struct aisrt_name *name)
{
	const char *started_as = getenv("SA_AMF_COMPONENT_NAME");
	size_t n = started_as == NULL ? 0 : strlen(started_as);
	struct aisf_handle *h = aisf_get(b.id, b.type);

	if (h == NULL)
		return AISF_BAD_HANDLE;
	if (n == 0 || n > sizeof(name->bytes))
		return aisf_amf_name(h, name);
	aisf_put(h);
	memset(name, 0, sizeof(*name));
	name->size = (uint16_t)n;
	memcpy(name->bytes, started_as, n);
	return AISF_OK;
}

static int are_errors(uint32_t errors)
{
	enum { ALL = 7 };

	return errors != 0 && (errors & ~(uint32_t)ALL) == 0;
}

/* Restarting a container is a recovery of OpenSAF's header only, and refused: there
 * are no containers. */
static unsigned check_recovery(struct aisf_amf_b b, unsigned recovery)
{
	if (recovery == AISF_AMF_CONTAINER_RESTART && b.type == AISF_AMF_OSAF)
		return AISF_ACCESS;
	return aisf_amf_is_recovery(recovery) ? AISF_OK : AISF_INVALID_PARAM;
}

/* After everything else was found right: the handle is looked at before a recovery
 * is refused. */
static unsigned refused(struct aisf_amf_b b)
{
	struct aisf_handle *h = aisf_get(b.id, b.type);

	if (h == NULL)
		return AISF_BAD_HANDLE;
	aisf_put(h);
	return AISF_ACCESS;
}

unsigned aisf_amf_b_pm_start(struct aisf_amf_b b, const void *component, int64_t pid, int32_t depth, uint32_t errors, unsigned recovery)
{
	unsigned allowed = check_recovery(b, recovery);
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || pid <= 0 || depth < -1 || !are_errors(errors) || allowed == AISF_INVALID_PARAM)
		return AISF_INVALID_PARAM;
	if (allowed != AISF_OK)
		return refused(b);
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	a.pid = pid;
	a.depth = depth;
	a.errors = errors;
	a.recovery = recovery;
	return request(b, AISRT_AMF_PM_START, 0, &a);
}

unsigned aisf_amf_b_pm_stop(struct aisf_amf_b b, const void *component, unsigned which, int64_t pid, uint32_t errors)
{
	enum { PROCESS = 1, ALL = 3 };
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || which < PROCESS || which > ALL || (which != ALL && pid <= 0) || !are_errors(errors))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	a.what = which;
	a.pid = pid;
	a.errors = errors;
	return request(b, AISRT_AMF_PM_STOP, 0, &a);
}

/* False: not a key. */
static int set_key(struct aisrt_amf *a, const void *key)
{
	const struct aisf_amf_key *k = key;
	uint16_t size;

	if (key == NULL)
		return 0;
	memcpy(&size, &k->size, sizeof(size));
	a->key = k->bytes;
	a->key_size = size;
	return size >= 1 && size <= sizeof(k->bytes);
}

unsigned aisf_amf_b_check_start(struct aisf_amf_b b, const void *component, const void *key, unsigned invoker, unsigned recovery)
{
	enum { BY_FRAMEWORK = 1, BY_COMPONENT = 2 };
	unsigned allowed = check_recovery(b, recovery);
	struct aisf_handle *h;
	struct aisrt_amf a;

	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(component) || !set_key(&a, key) || invoker < BY_FRAMEWORK || invoker > BY_COMPONENT ||
		allowed == AISF_INVALID_PARAM)
		return AISF_INVALID_PARAM;
	if (allowed != AISF_OK)
		return refused(b);
	h = aisf_get(b.id, b.type);
	if (h == NULL)
		return AISF_BAD_HANDLE;
	if (invoker == BY_FRAMEWORK && (((const struct aisf_amf *)h->own)->callbacks & AISRT_AMF_HAS_HEALTHCHECK) == 0) {
		aisf_put(h);
		return AISF_INIT;
	}
	aisf_amf_component(&a, component);
	a.what = invoker;
	a.recovery = recovery;
	return aisf_amf_request(h, AISRT_AMF_CHECK_START, 0, &a);
}

unsigned aisf_amf_b_check_confirm(struct aisf_amf_b b, const void *component, const void *key, unsigned answer)
{
	enum { FAILED_OPERATION = 21 };
	struct aisrt_amf a;

	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(component) || !set_key(&a, key) || (answer != AISF_OK && answer != FAILED_OPERATION))
		return AISF_INVALID_PARAM;
	aisf_amf_component(&a, component);
	a.answer = answer;
	return request(b, AISRT_AMF_CHECK_CONFIRM, 0, &a);
}

unsigned aisf_amf_b_check_stop(struct aisf_amf_b b, const void *component, const void *key)
{
	struct aisrt_amf a;

	memset(&a, 0, sizeof(a));
	if (!aisf_amf_is_name(component) || !set_key(&a, key))
		return AISF_INVALID_PARAM;
	aisf_amf_component(&a, component);
	return request(b, AISRT_AMF_CHECK_STOP, 0, &a);
}

unsigned aisf_amf_b_ha_state(struct aisf_amf_b b, const void *component, const void *csi, uint32_t *state)
{
	struct aisrt_amf a;
	unsigned error;

	if (!aisf_amf_is_name(component) || !aisf_amf_is_name(csi))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	aisf_amf_other(&a, csi);
	error = request(b, AISRT_AMF_HA_STATE, 0, &a);
	*state = a.value;
	return error;
}

unsigned aisf_amf_b_ha_readiness(struct aisf_amf_b b, const void *component, const void *csi, unsigned state)
{
	enum { READY = 1, NOT_READY = 4 };
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || !aisf_amf_is_name_or_none(csi) || state < READY || state > NOT_READY)
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	aisf_amf_other(&a, csi);
	a.value = state;
	return request(b, AISRT_AMF_HA_READINESS, 0, &a);
}

unsigned aisf_amf_b_track(struct aisf_amf_b b, struct aisf_amf_track *t)
{
	enum { CURRENT = 1 };
	struct aisf_handle *h;
	unsigned error;
	int cancel;

	if (!aisf_amf_is_track(t->flags))
		return AISF_BAD_FLAGS;
	if (!aisf_amf_is_name(t->csi) || ((t->flags & CURRENT) != 0 && t->array != NULL && t->room == 0))
		return AISF_INVALID_PARAM;
	h = aisf_get(b.id, b.type);
	if (h == NULL)
		return AISF_BAD_HANDLE;
	if ((((const struct aisf_amf *)h->own)->callbacks & AISRT_AMF_HAS_TRACK) == 0 && (t->flags != CURRENT || !t->wants)) {
		aisf_put(h);
		return AISF_INIT;
	}
	cancel = aisf_cancel_off();
	error = aisf_amf_track(h, t);
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_amf_b_track_stop(struct aisf_amf_b b, const void *csi)
{
	struct aisrt_amf a;

	if (!aisf_amf_is_name(csi))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_other(&a, csi);
	return request(b, AISRT_AMF_TRACK_STOP, 0, &a);
}

unsigned aisf_amf_b_report(struct aisf_amf_b b, const void *component, int64_t time, unsigned recovery, uint64_t ntf_id)
{
	unsigned allowed = check_recovery(b, recovery);
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component) || allowed == AISF_INVALID_PARAM)
		return AISF_INVALID_PARAM;
	if (allowed != AISF_OK)
		return refused(b);
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	a.time = time == INT64_MIN ? 0 : time; /* SA_TIME_UNKNOWN */
	a.recovery = recovery;
	a.ntf_id = ntf_id;
	return request(b, AISRT_AMF_ERROR_REPORT, 0, &a);
}

unsigned aisf_amf_b_clear(struct aisf_amf_b b, const void *component, uint64_t ntf_id)
{
	struct aisrt_amf a;

	if (!aisf_amf_is_name(component))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	aisf_amf_component(&a, component);
	a.ntf_id = ntf_id;
	return request(b, AISRT_AMF_ERROR_CLEAR, 0, &a);
}

unsigned aisf_amf_b_answer(struct aisf_amf_b b, uint32_t op, uint64_t invocation, unsigned error)
{
	struct aisrt_amf a;
	unsigned e;

	if (!aisf_amf_is_answer(error))
		return AISF_INVALID_PARAM;
	memset(&a, 0, sizeof(a));
	a.answer = error;
	e = request(b, op, invocation, &a);
	if (e == AISF_OK || e == AISF_INVALID_PARAM)
		aisf_amf_answered(b.id, invocation, op == AISRT_AMF_QUIESCING_COMPLETE);
	return e;
}

void *aisf_amf_b_attributes(const struct aisrt_amf_event *e)
{
	const char **list = e->attributes == 0 ? NULL : calloc(e->attributes, 2 * sizeof(*list));
	const char *at = (const char *)(e + 1);
	uint32_t i;

	for (i = 0; list != NULL && i < 2 * e->attributes; i++) {
		list[i] = at;
		at += strlen(at) + 1;
	}
	return list;
}
