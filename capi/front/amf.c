/*
 * amf.c: requests of the Availability Management Framework, for every generation;
 * see amf.h.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/amf.h"

enum { NAME_MAX_SIZE = 256 };

static unsigned name_size(const void *name)
{
	uint16_t n;

	memcpy(&n, name, sizeof(n));
	return n;
}

int aisf_amf_is_name(const void *name)
{
	return name != NULL && name_size(name) >= 1 && name_size(name) <= NAME_MAX_SIZE;
}

int aisf_amf_is_name_or_none(const void *name)
{
	return name == NULL || aisf_amf_is_name(name);
}

static const void *name_bytes(const void *name)
{
	return (const uint8_t *)name + offsetof(struct aisrt_name, bytes);
}

void aisf_amf_component(struct aisrt_amf *a, const void *name)
{
	a->component = name == NULL ? NULL : name_bytes(name);
	a->component_size = name == NULL ? 0 : name_size(name);
}

void aisf_amf_other(struct aisrt_amf *a, const void *name)
{
	a->other = name == NULL ? NULL : name_bytes(name);
	a->other_size = name == NULL ? 0 : name_size(name);
}

int aisf_amf_is_recovery(unsigned recovery)
{
	return recovery >= AISF_AMF_NO_RECOMMENDATION && recovery <= AISF_AMF_APPLICATION_RESTART;
}

int aisf_amf_is_answer(unsigned error)
{
	enum { LAST = 29 };

	return error >= AISF_OK && error <= LAST;
}

struct opening {
	uint32_t callbacks;
	const char *component;
};

static void fill_opening(struct aisrt_call *c, const void *arg)
{
	const struct opening *o = arg;
	size_t n = o->component == NULL ? 0 : strlen(o->component);

	c->amf.callbacks = o->callbacks;
	/* One that is too long is none: no component has such a name. */
	if (n <= NAME_MAX_SIZE) {
		c->amf.component = o->component;
		c->amf.component_size = (uint32_t)n;
	}
}

unsigned aisf_amf_open(enum aisf_type type, uint32_t generation, aisf_run_fn *run, void *own,
	void (*own_free)(void *), const char *component, struct aisf_handle **h)
{
	struct opening o;
	unsigned error;
	int cancel = aisf_cancel_off();

	o.callbacks = own == NULL ? 0 : ((const struct aisf_amf *)own)->callbacks;
	o.component = component;
	error = aisf_open_filled(type, AISF_SERVICE_AMF, generation, aisf_deadline(AISF_HANDSHAKE_NS), run, own, own_free,
		fill_opening, &o, h);
	if (error == AISF_OK && own != NULL)
		((struct aisf_amf *)own)->id = (*h)->id;
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_amf_request(struct aisf_handle *h, uint32_t op, uint64_t invocation, struct aisrt_amf *a)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h, op, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->amf = *a;
		c->invocation = invocation;
		error = aisf_run(h, c, AISF_NEVER);
		a->value = c->amf.value;
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_amf_name(struct aisf_handle *h, struct aisrt_name *name)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h, AISRT_AMF_COMPONENT_NAME, AISF_NEVER, &c);

	if (error == AISF_OK) {
		error = aisf_run(h, c, AISF_NEVER);
		if (error == AISF_OK)
			memcpy(name, c->out, sizeof(*name));
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

enum { CURRENT = 1, CHANGES = 2 | 4 };

int aisf_amf_is_track(unsigned flags)
{
	return flags != 0 && (flags & ~(unsigned)(CURRENT | CHANGES)) == 0 && (flags & CHANGES) != CHANGES;
}

const struct aisrt_amf_member *aisf_amf_members(const struct aisrt_call *c)
{
	return (const void *)((const uint8_t *)c->out + sizeof(struct aisrt_amf_group));
}

const struct aisrt_name *aisf_amf_csi(const struct aisrt_call *c)
{
	return &((const struct aisrt_amf_group *)c->out)->csi;
}

/* One request; with wants the group comes in the answer. */
static unsigned track_once(struct aisf_handle *h, struct aisf_amf_track *t, unsigned flags, int wants)
{
	struct aisrt_call *c;
	unsigned error = aisf_begin(h, AISRT_AMF_TRACK, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	aisf_amf_other(&c->amf, t->csi);
	c->flags = flags;
	c->want_view = wants;
	error = aisf_run(h, c, AISF_NEVER);
	if (error == AISF_OK && wants) {
		t->items = c->items;
		if (t->array != NULL && c->items > t->room)
			error = AISF_NO_SPACE;
		else if (!t->store(t, aisf_amf_members(c), c->items))
			error = AISF_NO_MEMORY;
	}
	aisf_end(h);
	return error;
}

static void track_stop(struct aisf_handle *h, const struct aisf_amf_track *t)
{
	struct aisrt_call *c;

	if (aisf_begin(h, AISRT_AMF_TRACK_STOP, AISF_NEVER, &c) != AISF_OK)
		return;
	aisf_amf_other(&c->amf, t->csi);
	aisf_run(h, c, AISF_NEVER);
	aisf_end(h);
}

/*
 * The group and the following of its changes are one request, or a change between
 * them would be missed. With an array of the application's, its size is tried first,
 * so that a call that fails has started nothing; when members come in between,
 * following is stopped again.
 */
unsigned aisf_amf_track(struct aisf_handle *h, struct aisf_amf_track *t)
{
	const unsigned changes = t->flags & CHANGES;
	const int wants = t->wants && (t->flags & CURRENT) != 0;
	unsigned error;

	if (wants && t->array != NULL && changes != 0) {
		error = track_once(h, t, CURRENT, 1);
		if (error != AISF_OK)
			return error;
	}
	error = track_once(h, t, t->flags, wants);
	if ((error == AISF_NO_SPACE || error == AISF_NO_MEMORY) && wants && changes != 0)
		track_stop(h, t);
	return error;
}

/*
 * Callbacks that wait. They are few: a component has hardly more than one at a time;
 * what is never answered goes when there are too many.
 */
enum { WAITING_MAX = 4096 };

struct aisf_waiting {
	struct aisf_waiting *next;
	uint64_t handle, invocation;
	uint32_t number;
	int complete;
};

/* Where leak checkers find them: they do not look into the page of the state. */
static struct aisf_waiting *volatile reachable;

static void release(struct aisf_state *s, struct aisf_waiting **at)
{
	struct aisf_waiting *w = *at;

	*at = w->next;
	reachable = s->waiting;
	s->waiting_count--;
	free(w);
}

static int number_is_used(const struct aisf_state *s, uint32_t number)
{
	const struct aisf_waiting *w;

	for (w = s->waiting; w != NULL && w->number != number; w = w->next)
		;
	return w != NULL;
}

unsigned aisf_amf_expect(const struct aisf_handle *h, uint64_t invocation, int complete, uint32_t *number)
{
	struct aisf_state *s = aisf_state();
	struct aisf_waiting *w = malloc(sizeof(*w)), **last;

	if (w == NULL)
		return AISF_NO_MEMORY;
	w->handle = h->id;
	w->invocation = invocation;
	w->complete = complete;
	pthread_mutex_lock(&s->waiting_lock);
	if (s->waiting_count == WAITING_MAX) {
		for (last = &s->waiting; (*last)->next != NULL; last = &(*last)->next)
			;
		release(s, last);
	}
	do
		s->waiting_number = (s->waiting_number + 1) & 0x7fffffff;
	while (s->waiting_number == 0 || number_is_used(s, s->waiting_number));
	w->number = s->waiting_number;
	w->next = s->waiting;
	s->waiting = w;
	reachable = w;
	s->waiting_count++;
	*number = w->number;
	pthread_mutex_unlock(&s->waiting_lock);
	return AISF_OK;
}

int aisf_amf_expected(uint32_t number, uint64_t *handle, uint64_t *invocation)
{
	struct aisf_state *s = aisf_state();
	const struct aisf_waiting *w;

	if (s == NULL)
		return 0;
	pthread_mutex_lock(&s->waiting_lock);
	for (w = s->waiting; w != NULL && w->number != number; w = w->next)
		;
	if (w != NULL) {
		*handle = w->handle;
		*invocation = w->invocation;
	}
	pthread_mutex_unlock(&s->waiting_lock);
	return w != NULL;
}

int aisf_amf_waits(uint64_t handle, uint64_t invocation)
{
	struct aisf_state *s = aisf_state();
	const struct aisf_waiting *w;

	pthread_mutex_lock(&s->waiting_lock);
	for (w = s->waiting; w != NULL && (w->handle != handle || w->invocation != invocation); w = w->next)
		;
	pthread_mutex_unlock(&s->waiting_lock);
	return w != NULL;
}

void aisf_amf_answered(uint64_t handle, uint64_t invocation, int last)
{
	struct aisf_state *s = aisf_state();
	struct aisf_waiting **at;

	pthread_mutex_lock(&s->waiting_lock);
	for (at = &s->waiting; *at != NULL && ((*at)->handle != handle || (*at)->invocation != invocation); at = &(*at)->next)
		;
	if (*at != NULL && (last || !(*at)->complete))
		release(s, at);
	pthread_mutex_unlock(&s->waiting_lock);
}

void aisf_amf_forget(uint64_t handle)
{
	struct aisf_state *s = aisf_state();
	struct aisf_waiting **at;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->waiting_lock);
	for (at = &s->waiting; *at != NULL;) {
		if ((*at)->handle == handle)
			release(s, at);
		else
			at = &(*at)->next;
	}
	pthread_mutex_unlock(&s->waiting_lock);
}
