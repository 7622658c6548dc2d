/*
 * handle.c: the table of handles, and opening and closing them.
 *
 * A handle is a slot and a generation, and for 64 bit handles a random check
 * part as well. The generation counts on through forks, so that a handle a child
 * inherited names nothing there. A handle in use is kept by a count: Finalize
 * wakes whoever waits on it, and the last one out releases it.
 *
 * A child has no connection; it uses its parent, which lives on until the last
 * child is released, and leaves the table with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "capi/front/ask.h"
#include "capi/front/memory.h"
#include "capi/front/object.h"
#include "capi/front/ring.h"

enum { MAX_SLOTS = 0xffff, MAX_GENERATION = 0x7fff };

/* Never set back, not by a fork either. */
static unsigned last_generation;

uint32_t aisf_random_part(void)
{
	uint32_t r;
	struct timespec t;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != (ssize_t)sizeof(r)) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		r = (uint32_t)t.tv_nsec * 2654435761u ^ (uint32_t)t.tv_sec;
	}
	/* The upper half of a handle is never 0, so that a small number that got
	 * into a handle by mistake is no handle. */
	return r | 0x80000000u;
}

/* Nor this one. */
static unsigned last_epoch;

static unsigned this_epoch(void)
{
	struct aisf_state *s = aisf_state();
	unsigned epoch;

	pthread_mutex_lock(&s->table_lock);
	epoch = s->epoch;
	if (epoch == 0) {
		do
			epoch = __atomic_add_fetch(&last_epoch, 1, __ATOMIC_RELAXED);
		while (epoch == 0);
		__atomic_store_n(&s->epoch, epoch, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&s->table_lock);
	return epoch;
}

/*
 * The slots lie in memory of the heap that a static variable leads to, or leak
 * checkers would not see that they are in use; after a fork it leads to those of
 * the parent too.
 */
struct slot_block {
	struct slot_block *parents;
	struct aisf_handle *slots[];
};

static struct slot_block *all_slots;

static int grow(struct aisf_state *s)
{
	unsigned n = s->slot_count == 0 ? 64 : s->slot_count * 2;
	int mine = s->slot_count != 0; /* and not the parent's */
	struct slot_block *b;

	if (n > MAX_SLOTS + 1u)
		n = MAX_SLOTS + 1u;
	if (n == s->slot_count)
		return 0;
	b = realloc(mine ? all_slots : NULL, sizeof(*b) + n * sizeof(struct aisf_handle *));
	if (b == NULL)
		return 0;
	if (!mine)
		b->parents = all_slots;
	all_slots = b;
	memset(b->slots + s->slot_count, 0, (n - s->slot_count) * sizeof(struct aisf_handle *));
	s->slots = b->slots;
	s->slot_count = n;
	return 1;
}

/*
 * The slot after the one given last, so that a stale handle meets its slot in
 * use again as late as possible. 0 is never used.
 */
static int take_slot(struct aisf_state *s, struct aisf_handle *h)
{
	unsigned i;

	if (s->slots_used + 1 >= s->slot_count && !grow(s))
		return 0;
	for (i = 0; i < s->slot_count; i++) {
		unsigned at = (s->slot_next + i) % s->slot_count;

		if (at != 0 && s->slots[at] == NULL) {
			s->slots[at] = h;
			s->slots_used++;
			s->slot_next = at + 1;
			h->slot = at;
			return 1;
		}
	}
	return 0;
}

/* *id is the handle's from then on; h itself may be gone with the lock. */
static int enter_table(struct aisf_handle *h, uint64_t *id)
{
	struct aisf_state *s = aisf_state();
	uint32_t check = aisf_random_part();
	unsigned generation;
	int ok;

	pthread_mutex_lock(&s->table_lock);
	/* Nothing is added below what is being finalized. */
	ok = (h->parent == NULL || !h->parent->closing) && take_slot(s, h);
	if (ok) {
		do
			generation = __atomic_add_fetch(&last_generation, 1, __ATOMIC_RELAXED) & MAX_GENERATION;
		while (generation == 0);
		h->id = (uint64_t)check << 32 | generation << 16 | h->slot;
		*id = h->id;
		h->users = 1;
		if (h->parent != NULL) {
			h->parent->users++;
			h->sibling = h->parent->children;
			h->parent->children = h;
		}
	}
	pthread_mutex_unlock(&s->table_lock);
	return ok;
}

uint32_t aisf_short_id(const struct aisf_handle *h)
{
	return (uint32_t)h->id;
}

static struct aisf_handle *find(uint64_t id, uint64_t significant, enum aisf_type type)
{
	struct aisf_state *s = aisf_state();
	unsigned slot = id & MAX_SLOTS;
	struct aisf_handle **slots, *h = NULL;

	if (s == NULL)
		return NULL;
	pthread_mutex_lock(&s->table_lock);
	/* A handler that forks here leaves the child with no table from then on. */
	slots = __atomic_load_n(&s->slots, __ATOMIC_RELAXED);
	if (slot < __atomic_load_n(&s->slot_count, __ATOMIC_ACQUIRE) && slots != NULL)
		h = slots[slot];
	if (h != NULL && ((h->id ^ id) & significant) == 0 && h->type == type)
		h->users++;
	else
		h = NULL;
	pthread_mutex_unlock(&s->table_lock);
	return h;
}

struct aisf_handle *aisf_get(uint64_t id, enum aisf_type type)
{
	return find(id, ~(uint64_t)0, type);
}

struct aisf_handle *aisf_get_short(uint32_t id, enum aisf_type type)
{
	return find(id, 0xffffffffu, type);
}

/* Nobody uses it and nobody can find it. */
static void destroy(struct aisf_handle *h)
{
	struct aisf_signals signals;
	struct aisrt_call c;

	aisf_forget_fd(h->fd_note[0]);
	aisf_forget_fd(h->fd_note[1]);
	memset(&c, 0, sizeof(c));
	c.op = AISRT_CLOSE;
	c.conn = h->conn;
	if (h->conn != NULL) {
		aisf_block(&signals);
		aisf_enter(&c);
		aisf_unblock(&signals);
	}
	aisf_object_drop_all(h);
	aisf_ring_close(h->ring);
	aisf_ask_close(h);
	aisf_memory_close(h->ask.memory);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->turn);
	pthread_mutex_destroy(&h->take_lock);
	if (h->own_free != NULL)
		h->own_free(h->own);
	free(h->rq.out);
	free(h);
}

/* A child holds its parent. */
static void destroy_chain(struct aisf_handle *h)
{
	struct aisf_handle *parent = h->parent;

	destroy(h);
	if (parent != NULL)
		aisf_put(parent);
}

void aisf_use(struct aisf_handle *h)
{
	struct aisf_state *s = aisf_state();

	pthread_mutex_lock(&s->table_lock);
	h->users++;
	pthread_mutex_unlock(&s->table_lock);
}

void aisf_put(struct aisf_handle *h)
{
	struct aisf_state *s = aisf_state();
	unsigned left;

	pthread_mutex_lock(&s->table_lock);
	left = --h->users;
	pthread_mutex_unlock(&s->table_lock);
	if (left == 0)
		destroy_chain(h);
}

/* Under the lock: takes h and all below it out of the table. They are put on the
 * list at *gone with the use that being open was. */
static void take_out(struct aisf_state *s, struct aisf_handle *h, struct aisf_handle **gone)
{
	while (h->children != NULL) {
		struct aisf_handle *child = h->children;

		h->children = child->sibling;
		take_out(s, child, gone);
	}
	s->slots[h->slot] = NULL;
	s->slots_used--;
	__atomic_store_n(&h->closing, 1, __ATOMIC_SEQ_CST);
	h->sibling = *gone;
	*gone = h;
}

static void leave_parent(struct aisf_handle *h)
{
	struct aisf_handle **at;

	if (h->parent == NULL)
		return;
	for (at = &h->parent->children; *at != h; at = &(*at)->sibling)
		;
	*at = h->sibling;
}

/* Who waits on a descriptor or for its turn wakes up and sees it. */
static void wake(struct aisf_handle *h)
{
	if (h->parent == NULL) {
		shutdown(h->request_fd, SHUT_RDWR);
		shutdown(h->callback_fd, SHUT_RDWR);
		aisf_ring_wake(h->ring);
	}
	pthread_mutex_lock(&h->lock);
	pthread_cond_broadcast(&h->turn);
	pthread_mutex_unlock(&h->lock);
}

/* In a child made by a fork inside a callback the slot is not there. */
int aisf_is_open(const struct aisf_state *s, const struct aisf_handle *h)
{
	struct aisf_handle **slots = __atomic_load_n(&s->slots, __ATOMIC_RELAXED);

	return h->slot < __atomic_load_n(&s->slot_count, __ATOMIC_ACQUIRE) && slots != NULL && slots[h->slot] == h;
}

unsigned aisf_finalize(struct aisf_handle *h)
{
	struct aisf_state *s = aisf_state();
	struct aisf_handle *gone = NULL;
	int first = 0;

	pthread_mutex_lock(&s->table_lock);
	if (aisf_is_open(s, h)) {
		leave_parent(h);
		take_out(s, h, &gone);
		first = 1;
	}
	pthread_mutex_unlock(&s->table_lock);
	while (gone != NULL) {
		struct aisf_handle *next = gone->sibling;

		wake(gone);
		aisf_put(gone);
		gone = next;
	}
	aisf_put(h);
	return first ? AISF_OK : AISF_BAD_HANDLE;
}

/* Everything that a handle has but its connection. */
static struct aisf_handle *make(enum aisf_type type)
{
	struct aisf_handle *h = calloc(1, sizeof(*h));
	pthread_condattr_t attr;

	if (h == NULL)
		return NULL;
	h->type = type;
	h->epoch = this_epoch();
	h->request_fd = h->callback_fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	pthread_mutex_init(&h->take_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&h->turn, &attr);
	pthread_condattr_destroy(&attr);
	return h;
}

unsigned aisf_open(enum aisf_type type, uint32_t service, uint32_t generation,
	int64_t deadline, aisf_run_fn *run, void *own, void (*own_free)(void *),
	struct aisf_handle **out)
{
	return aisf_open_filled(type, service, generation, deadline, run, own, own_free, NULL, NULL, out);
}

unsigned aisf_open_filled(enum aisf_type type, uint32_t service, uint32_t generation,
	int64_t deadline, aisf_run_fn *run, void *own, void (*own_free)(void *),
	aisf_fill_fn *fill, const void *arg, struct aisf_handle **out)
{
	struct aisf_handle *h;
	struct aisrt_call c;
	uint64_t id;
	unsigned error = aisf_load();

	h = error == AISF_OK ? make(type) : NULL;
	if (h == NULL) {
		if (own_free != NULL)
			own_free(own);
		return error == AISF_OK ? AISF_NO_MEMORY : error;
	}
	h->own = own;
	h->own_free = own_free;
	h->run = run;
	memset(&c, 0, sizeof(c));
	c.op = AISRT_OPEN;
	c.service = service;
	c.generation = generation;
	c.socket = secure_getenv("AIS_SOCKET");
	c.secure = c.socket == NULL && getenv("AIS_SOCKET") != NULL;
	c.ais_uid = aisf_service_uid();
	if (fill != NULL)
		fill(&c, arg);
	error = aisf_run(h, &c, deadline);
	h->conn = c.conn;
	if (error == AISF_OK) {
		h->request_fd = c.request_fd;
		h->callback_fd = c.callback_fd;
		h->ask.max_message = c.max_message;
		h->ask.shares = service == AISF_SERVICE_CKPT || service == AISF_SERVICE_EVT;
		h->fd_note[0] = aisf_note_fd(c.request_fd);
		h->fd_note[1] = aisf_note_fd(c.callback_fd);
		if (service == AISF_SERVICE_EVS)
			error = aisf_ring_open(h, deadline, &h->ring);
		if (error == AISF_OK && !enter_table(h, &id))
			error = AISF_NO_RESOURCES;
	}
	if (error != AISF_OK) {
		destroy(h);
		return error;
	}
	*out = h;
	return AISF_OK;
}

unsigned aisf_open_child(enum aisf_type type, struct aisf_handle *parent, void *own,
	void (*own_free)(void *), uint64_t *id)
{
	struct aisf_handle *h = make(type);

	if (h == NULL) {
		own_free(own);
		return AISF_NO_MEMORY;
	}
	h->own = own;
	h->own_free = own_free;
	h->parent = parent;
	if (!enter_table(h, id)) {
		h->parent = NULL;
		destroy(h);
		return __atomic_load_n(&parent->closing, __ATOMIC_SEQ_CST) ? AISF_BAD_HANDLE : AISF_NO_RESOURCES;
	}
	return AISF_OK;
}

struct aisf_handle *aisf_get_child(struct aisf_handle *parent,
	int (*match)(const struct aisf_handle *child, const void *arg), const void *arg)
{
	struct aisf_state *s = aisf_state();
	struct aisf_handle *h;

	pthread_mutex_lock(&s->table_lock);
	for (h = parent->children; h != NULL && !match(h, arg); h = h->sibling)
		;
	if (h != NULL)
		h->users++;
	pthread_mutex_unlock(&s->table_lock);
	return h;
}
