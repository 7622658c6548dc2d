/*
 * ckpt_section.c: requests about the sections of a checkpoint, and iterations.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/ask.h"
#include "capi/front/ckpt.h"

/* One request about a section; take has the id of what was made before the turn is
 * given back. */
struct request {
	uint32_t op; /* of the runtime */
	const struct aisf_ckpt_name *id;
	int64_t time;
	const void *data;
	uint64_t size;
	unsigned (*take)(const void *id, uint32_t size, void *arg);
	void *arg;
};

/* By way of the runtime: what one frame does not hold, and whenever the front may
 * not use the connection. */
static unsigned by_runtime(struct aisf_handle *conn, uint32_t handle, const struct request *r)
{
	struct aisrt_call *c = aisf_block_for(conn, r->op);
	unsigned error;

	c->handle = handle;
	c->name = r->id->bytes;
	c->name_size = r->id->size;
	c->time = r->time;
	c->data = r->data;
	c->data_size = r->size;
	error = aisf_run(conn, c, AISF_NEVER);
	return error == AISF_OK && r->take != NULL ? r->take(c->out, c->items, r->arg) : error;
}

static void frame(struct aisf_request *f, uint32_t handle, const struct request *r)
{
	struct aisf_id id;

	id.bytes = r->id->bytes;
	id.size = r->id->size;
	switch (r->op) {
	case AISRT_CKPT_SECTION_CREATE:
		aisf_wire_section_create(f, handle, r->time, &id, r->data, r->size);
		break;
	case AISRT_CKPT_OVERWRITE:
		aisf_wire_overwrite(f, handle, &id, r->data, r->size);
		break;
	case AISRT_CKPT_SECTION_DELETE:
		aisf_wire_section(f, AISF_OP_CKPT_SECTION_DELETE, handle, r->time, &id);
		break;
	default:
		aisf_wire_section(f, AISF_OP_CKPT_EXPIRATION, handle, r->time, &id);
	}
}

static unsigned by_front(struct aisf_handle *conn, uint32_t handle, const struct request *r)
{
	struct aisf_request f;
	struct aisf_answer a;
	struct aisf_id made;
	unsigned error;

	frame(&f, handle, r);
	if (!aisf_may_ask(conn, &f))
		return by_runtime(conn, handle, r);
	error = aisf_ask(conn, &f, AISF_NEVER, &a);
	if (error != AISF_OK || r->take == NULL)
		return error;
	if (!aisf_wire_section_id(a.body, a.size, &made))
		return aisf_ask_broken(conn);
	return r->take(made.bytes, made.size, r->arg);
}

static unsigned ask(struct aisf_handle *h, const struct request *r)
{
	const struct aisf_ckpt *k = h->own;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_turn(h->parent, AISF_NEVER);

	if (error == AISF_OK) {
		error = r->id->size > AISF_CKPT_ID_MAX ? by_runtime(h->parent, k->handle, r) : by_front(h->parent, k->handle, r);
		error = aisf_result(h->parent, error);
		aisf_end(h->parent);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

/* Whether offset and size can be in a section of k. The executive checks it too;
 * here it keeps what is too large from being read out of the caller's memory. */
static int fits(const struct aisf_ckpt *k, uint64_t offset, uint64_t size)
{
	return size <= k->max_section_size && offset <= k->max_section_size - size && size <= SIZE_MAX / 2;
}

struct made {
	void **id;
	uint32_t *size;
};

static unsigned take_id(const void *id, uint32_t size, void *arg)
{
	const struct made *m = arg;

	*m->id = malloc(size == 0 ? 1 : size);
	if (*m->id == NULL)
		return AISF_NO_MEMORY;
	if (size > 0)
		memcpy(*m->id, id, size);
	*m->size = size;
	return AISF_OK;
}

unsigned aisf_ckpt_section_create(struct aisf_handle *h, const struct aisf_ckpt_name *id, int64_t expiration,
	const void *data, uint64_t size, void **made, uint32_t *made_size)
{
	struct request r;
	struct made m;

	if (!fits(h->own, 0, size)) {
		aisf_put(h);
		return AISF_INVALID_PARAM;
	}
	m.id = made;
	m.size = made_size;
	memset(&r, 0, sizeof(r));
	r.op = AISRT_CKPT_SECTION_CREATE;
	r.id = id;
	r.time = expiration;
	r.data = data;
	r.size = size;
	r.take = id->size == 0 ? take_id : NULL;
	r.arg = &m;
	return ask(h, &r);
}

unsigned aisf_ckpt_section_delete(struct aisf_handle *h, const struct aisf_ckpt_name *id)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.op = AISRT_CKPT_SECTION_DELETE;
	r.id = id;
	return ask(h, &r);
}

unsigned aisf_ckpt_expiration(struct aisf_handle *h, const struct aisf_ckpt_name *id, int64_t time)
{
	struct request r;

	memset(&r, 0, sizeof(r));
	r.op = AISRT_CKPT_EXPIRATION;
	r.id = id;
	r.time = time;
	return ask(h, &r);
}

unsigned aisf_ckpt_overwrite(struct aisf_handle *h, const struct aisf_ckpt_name *id, const void *data, uint64_t size)
{
	struct request r;

	if (!fits(h->own, 0, size)) {
		aisf_put(h);
		return AISF_INVALID_PARAM;
	}
	memset(&r, 0, sizeof(r));
	r.op = AISRT_CKPT_OVERWRITE;
	r.id = id;
	r.data = data;
	r.size = size;
	return ask(h, &r);
}

unsigned aisf_ckpt_vectors(struct aisf_ckpt_vectors *v, const void *array, uint64_t n)
{
	v->list = NULL;
	if (array == NULL || n == 0)
		return AISF_INVALID_PARAM;
	if (n > AISF_CKPT_VECTORS_MAX)
		return AISF_NO_RESOURCES;
	v->n = (uint32_t)n;
	v->list = v->few;
	if (n > AISF_CKPT_FEW) {
		v->list = malloc((size_t)n * sizeof(*v->list));
		if (v->list == NULL)
			return AISF_NO_MEMORY;
	}
	memset(v->list, 0, (size_t)n * sizeof(*v->list));
	return AISF_OK;
}

void aisf_ckpt_vectors_free(struct aisf_ckpt_vectors *v)
{
	if (v->list != v->few)
		free(v->list);
}

static unsigned transfer_by_runtime(struct aisf_handle *conn, uint32_t handle, uint32_t op, struct aisf_ckpt_vectors *v,
	int64_t *wrong)
{
	struct aisrt_call *c = aisf_block_for(conn, op);
	unsigned error;

	c->handle = handle;
	c->vectors = v->list;
	c->vector_count = v->n;
	error = aisf_run(conn, c, AISF_NEVER);
	if (error != AISF_OK && c->vector_known)
		*wrong = c->vector_index;
	return error;
}

/* Puts what was read where it belongs. */
static unsigned place(struct aisf_ckpt_vectors *v, const struct aisf_wire_part *parts)
{
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		struct aisrt_ckpt_vector *to = &v->list[i];
		uint64_t n = parts[i].size < to->size ? parts[i].size : to->size;

		if (n > 0 && to->data == NULL) {
			to->data = malloc((size_t)n);
			if (to->data == NULL)
				return AISF_NO_MEMORY;
			to->allocated = 1;
		}
		if (n > 0)
			memcpy(to->data, parts[i].data, (size_t)n);
		to->got = parts[i].total;
	}
	return AISF_OK;
}

/* Few vectors and one frame; what turns out not to fit one is asked for again. */
static unsigned transfer_by_front(struct aisf_handle *conn, uint32_t handle, uint32_t op, struct aisf_ckpt_vectors *v,
	int64_t *wrong)
{
	struct aisf_wire_part parts[AISF_WIRE_VECTORS];
	struct aisf_request f;
	struct aisf_answer a;
	uint32_t i, index;
	unsigned error;

	if (op == AISRT_CKPT_READ)
		aisf_wire_read(&f, handle, v->list, v->n);
	else
		aisf_wire_write(&f, handle, v->list, v->n);
	if (!aisf_may_ask(conn, &f))
		return transfer_by_runtime(conn, handle, op, v, wrong);
	error = aisf_ask(conn, &f, AISF_NEVER, &a);
	if (error != AISF_OK) {
		if (a.size > 0 && aisf_wire_vector(a.body, a.size, &index))
			*wrong = index;
		return error;
	}
	if (op != AISRT_CKPT_READ)
		return AISF_OK;
	if (!aisf_wire_parts(a.body, a.size, parts, v->n))
		return aisf_ask_broken(conn);
	for (i = 0; i < v->n; i++)
		if (parts[i].size < parts[i].total)
			return transfer_by_runtime(conn, handle, op, v, wrong);
	return place(v, parts);
}

static int for_front(const struct aisf_ckpt_vectors *v)
{
	uint32_t i;

	if (v->n > AISF_WIRE_VECTORS)
		return 0;
	for (i = 0; i < v->n; i++)
		if (v->list[i].section_size > AISF_CKPT_ID_MAX)
			return 0;
	return 1;
}

static unsigned transfer(struct aisf_handle *h, uint32_t op, struct aisf_ckpt_vectors *v, int64_t *wrong)
{
	const struct aisf_ckpt *k = h->own;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_turn(h->parent, AISF_NEVER);

	if (error == AISF_OK) {
		error = (for_front(v) ? transfer_by_front : transfer_by_runtime)(h->parent, k->handle, op, v, wrong);
		error = aisf_result(h->parent, error);
		aisf_end(h->parent);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_ckpt_write(struct aisf_handle *h, struct aisf_ckpt_vectors *v, int64_t *wrong)
{
	uint32_t i;

	for (i = 0; i < v->n; i++)
		if (!fits(h->own, v->list[i].offset, v->list[i].size)) {
			*wrong = i;
			aisf_put(h);
			return AISF_INVALID_PARAM;
		}
	return transfer(h, AISRT_CKPT_WRITE, v, wrong);
}

unsigned aisf_ckpt_read(struct aisf_handle *h, struct aisf_ckpt_vectors *v, int64_t *wrong)
{
	unsigned error = transfer(h, AISRT_CKPT_READ, v, wrong);
	uint32_t i;

	for (i = 0; error != AISF_OK && i < v->n; i++)
		if (v->list[i].allocated) {
			free(v->list[i].data);
			v->list[i].data = NULL;
			v->list[i].allocated = 0;
		}
	return error;
}

/*
 * Iterations. What was fetched is kept until the end: the ids that Next has given
 * out lie in it.
 */

enum { AHEAD = 256 }; /* sections fetched at once */

struct batch {
	struct batch *before;
	uint32_t items, next;
	uint64_t unused; /* what follows is aligned for 64 bits */
};

struct iteration {
	pthread_mutex_t lock;
	unsigned chosen;
	int64_t expiration;
	/* Under lock. */
	uint64_t cursor;
	int at_end;
	struct batch *last;
};

static void iteration_free(void *arg)
{
	struct iteration *it = arg;

	while (it->last != NULL) {
		struct batch *b = it->last;

		it->last = b->before;
		free(b);
	}
	pthread_mutex_destroy(&it->lock);
	free(it);
}

static unsigned keep(struct iteration *it, const struct aisrt_call *c)
{
	struct batch *b = malloc(sizeof(*b) + (size_t)c->out_size);

	if (b == NULL)
		return AISF_NO_MEMORY;
	b->before = it->last;
	b->items = c->items;
	b->next = 0;
	memcpy(b + 1, c->out, (size_t)c->out_size);
	it->last = b;
	it->cursor = c->cursor;
	it->at_end = c->at_end != 0;
	return AISF_OK;
}

/* Fetches the next sections of checkpoint h. */
static unsigned fetch(struct aisf_handle *h, struct iteration *it)
{
	const struct aisf_ckpt *k = h->own;
	struct aisrt_call *c;
	unsigned error = aisf_begin(h->parent, AISRT_CKPT_ITERATE, AISF_NEVER, &c);

	if (error != AISF_OK)
		return error;
	c->handle = k->handle;
	c->chosen = it->chosen;
	c->time = it->expiration;
	c->cursor = it->cursor;
	c->limit = AHEAD;
	error = aisf_run(h->parent, c, AISF_NEVER);
	if (error == AISF_OK)
		error = keep(it, c);
	aisf_end(h->parent);
	if (error == AISF_NO_SECTIONS)
		it->at_end = 1;
	return error;
}

unsigned aisf_ckpt_iterate(struct aisf_handle *h, enum aisf_type type, unsigned chosen, int64_t expiration, uint64_t *id)
{
	struct iteration *it = calloc(1, sizeof(*it));
	int cancel = aisf_cancel_off();
	unsigned error = AISF_NO_MEMORY;

	if (it != NULL) {
		pthread_mutex_init(&it->lock, NULL);
		it->chosen = chosen;
		it->expiration = expiration;
		error = fetch(h, it);
		if (error == AISF_OK || error == AISF_NO_SECTIONS)
			error = aisf_open_child(type, h, it, iteration_free, id);
		else
			iteration_free(it);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

static unsigned next(struct aisf_handle *h, struct iteration *it, struct aisrt_ckpt_section *s, const uint8_t **id)
{
	struct batch *b;
	unsigned error;

	while (it->last == NULL || it->last->next == it->last->items) {
		if (it->at_end)
			return AISF_NO_SECTIONS;
		error = fetch(h->parent, it);
		if (error != AISF_OK)
			return error;
	}
	b = it->last;
	memcpy(s, (const struct aisrt_ckpt_section *)(b + 1) + b->next, sizeof(*s));
	*id = (const uint8_t *)(b + 1) + s->id_at;
	b->next++;
	return AISF_OK;
}

unsigned aisf_ckpt_next(struct aisf_handle *h, struct aisrt_ckpt_section *s, const uint8_t **id)
{
	struct iteration *it = h->own;
	int cancel = aisf_cancel_off();
	unsigned error;

	pthread_mutex_lock(&it->lock);
	error = next(h, it, s, id);
	pthread_mutex_unlock(&it->lock);
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}
