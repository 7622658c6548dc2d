/*
 * ckpt.c: requests of the Checkpoint Service: opening, closing, and everything
 * that is about a checkpoint as a whole. Sections are in ckpt_section.c.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/ckpt.h"

/* The executive watches over a timeout and answers. Only when it does not, this
 * much later, the request is given up. */
#define GRACE_NS ((int64_t)500000000)

static int64_t give_up(int64_t deadline)
{
	return deadline > AISF_NEVER - GRACE_NS ? AISF_NEVER : deadline + GRACE_NS;
}

static int64_t limit(int64_t timeout_ns)
{
	return timeout_ns <= 0 ? AISF_NEVER : aisf_deadline(timeout_ns);
}

static int64_t left(int64_t deadline)
{
	int64_t ns = aisf_remaining(deadline);

	/* 0 would be the executive's own limit. */
	return deadline == AISF_NEVER ? 0 : ns == 0 ? 1 : ns;
}

static void set_open(struct aisrt_call *c, const struct aisf_ckpt_open *o)
{
	c->name = o->name.bytes;
	c->name_size = o->name.size;
	c->flags = o->flags;
	c->has_attributes = o->attributes != NULL;
	if (o->attributes != NULL)
		c->attributes = *o->attributes;
}

/* Closes what the executive has open and no handle names. */
static void close_nameless(struct aisf_handle *conn, uint32_t handle)
{
	struct aisrt_call *c;

	if (aisf_begin(conn, AISRT_CKPT_CLOSE, AISF_NEVER, &c) != AISF_OK)
		return;
	c->handle = handle;
	aisf_run(conn, c, AISF_NEVER);
	aisf_end(conn);
}

/* Makes the handle of what was opened. */
static unsigned name_it(struct aisf_handle *conn, enum aisf_type type, const struct aisf_ckpt *k, uint64_t *id)
{
	struct aisf_ckpt *own = malloc(sizeof(*own));
	unsigned error = AISF_NO_MEMORY;

	if (own != NULL) {
		*own = *k;
		error = aisf_open_child(type, conn, own, free, id);
	}
	if (error != AISF_OK)
		close_nameless(conn, k->handle);
	return error;
}

unsigned aisf_ckpt_open(struct aisf_handle *conn, enum aisf_type type, const struct aisf_ckpt_open *o,
	int64_t timeout_ns, int temporary, uint64_t *id)
{
	int64_t deadline = limit(timeout_ns);
	struct aisf_ckpt k;
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(conn, AISRT_CKPT_OPEN, deadline, &c);

	memset(&k, 0, sizeof(k));
	if (error == AISF_OK) {
		set_open(c, o);
		c->timeout_ns = left(deadline);
		error = aisf_run(conn, c, give_up(deadline));
		k.handle = c->handle;
		k.max_section_size = c->attributes.max_section_size;
		aisf_end(conn);
	}
	if (error == AISF_OK) {
		k.flags = o->flags & ~(uint32_t)AISF_CKPT_CREATE;
		k.alone = conn->type == AISF_CKPT_A01_ALONE;
		k.temporary = temporary;
		k.name_size = (uint16_t)o->name.size;
		memcpy(k.name, o->name.bytes, o->name.size);
		error = name_it(conn, type, &k, id);
	}
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_ckpt_open_async(struct aisf_handle *conn, const struct aisf_ckpt_open *o, uint64_t invocation)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(conn, AISRT_CKPT_OPEN_ASYNC, AISF_NEVER, &c);

	if (error == AISF_OK) {
		set_open(c, o);
		c->invocation = invocation;
		error = aisf_run(conn, c, AISF_NEVER);
		aisf_end(conn);
	}
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_ckpt_opened(struct aisf_handle *conn, enum aisf_type type, const struct aisrt_call *c, uint64_t *id)
{
	struct aisf_ckpt k;
	unsigned error = c->result;
	int cancel;

	*id = 0;
	if (error != AISF_OK)
		return error;
	memset(&k, 0, sizeof(k));
	k.handle = c->handle;
	k.max_section_size = c->attributes.max_section_size;
	cancel = aisf_cancel_off();
	error = name_it(conn, type, &k, id);
	aisf_cancel_restore(cancel);
	return error;
}

static int has_handle(const struct aisf_handle *child, const void *arg)
{
	return ((const struct aisf_ckpt *)child->own)->handle == *(const uint32_t *)arg;
}

struct aisf_handle *aisf_ckpt_synchronized(struct aisf_handle *conn, const struct aisrt_call *c)
{
	return aisf_get_child(conn, has_handle, &c->handle);
}

unsigned aisf_ckpt_unlink(struct aisf_handle *conn, const struct aisf_ckpt_name *name)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(conn, AISRT_CKPT_UNLINK, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->name = name->bytes;
		c->name_size = name->size;
		error = aisf_run(conn, c, AISF_NEVER);
		aisf_end(conn);
	}
	aisf_cancel_restore(cancel);
	return error;
}

/*
 * What the executive says decides whether the handle ends. A checkpoint that was
 * lost, or whose executive is gone, cannot be closed there; its handle still ends.
 */
unsigned aisf_ckpt_close(struct aisf_handle *h)
{
	const struct aisf_ckpt *k = h->own;
	struct aisf_handle *conn = h->parent;
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(conn, AISRT_CKPT_CLOSE, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->handle = k->handle;
		error = aisf_run(conn, c, AISF_NEVER);
		aisf_end(conn);
	}
	if (error == AISF_TRY_AGAIN) {
		aisf_put(h);
	} else if (k->alone) {
		struct aisf_handle *whole = aisf_get(conn->id, conn->type);
		unsigned ended = whole == NULL ? AISF_BAD_HANDLE : aisf_finalize(whole);

		error = ended == AISF_OK ? error : ended;
		aisf_put(h);
	} else {
		unsigned ended = aisf_finalize(h);

		error = ended == AISF_OK ? error : ended;
	}
	aisf_cancel_restore(cancel);
	return error;
}

/* A request about h with one time or invocation in it. */
static unsigned simple(struct aisf_handle *h, uint32_t op, int64_t time, uint64_t invocation)
{
	const struct aisf_ckpt *k = h->own;
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h->parent, op, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->handle = k->handle;
		c->time = time;
		c->invocation = invocation;
		error = aisf_run(h->parent, c, AISF_NEVER);
		aisf_end(h->parent);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_ckpt_retention(struct aisf_handle *h, int64_t duration)
{
	return simple(h, AISRT_CKPT_RETENTION, duration, 0);
}

unsigned aisf_ckpt_active(struct aisf_handle *h)
{
	return simple(h, AISRT_CKPT_ACTIVE, 0, 0);
}

unsigned aisf_ckpt_synchronize_async(struct aisf_handle *h, uint64_t invocation)
{
	return simple(h, AISRT_CKPT_SYNCHRONIZE_ASYNC, 0, invocation);
}

unsigned aisf_ckpt_synchronize(struct aisf_handle *h, int64_t timeout_ns)
{
	const struct aisf_ckpt *k = h->own;
	int64_t deadline = limit(timeout_ns);
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h->parent, AISRT_CKPT_SYNCHRONIZE, deadline, &c);

	if (error == AISF_OK) {
		c->handle = k->handle;
		c->timeout_ns = left(deadline);
		error = aisf_run(h->parent, c, give_up(deadline));
		aisf_end(h->parent);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_ckpt_status(struct aisf_handle *h, struct aisrt_ckpt_attributes *a, uint32_t *sections, uint64_t *memory)
{
	const struct aisf_ckpt *k = h->own;
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h->parent, AISRT_CKPT_STATUS, AISF_NEVER, &c);

	if (error == AISF_OK) {
		c->handle = k->handle;
		error = aisf_run(h->parent, c, AISF_NEVER);
		*a = c->attributes;
		*sections = c->items;
		*memory = c->memory_used;
		aisf_end(h->parent);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}
