/*
 * object.c: the table of channels and events of the process.
 *
 * A handle is a slot, how often that slot was used, and a random check part,
 * which generations with handles of 32 bits leave out. The table is found from
 * the state of the process, so a forked child has an empty one.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/object.h"

enum { SLOT_BITS = 22, MAX_OBJECTS = 1 << SLOT_BITS, GENERATIONS = 1 << (32 - SLOT_BITS) };

struct aisf_object {
	uint64_t id;
	struct aisf_handle *h;
	enum aisf_kind kind;
	uint64_t number, channel;
	struct aisf_object *next, **at; /* in the list of h */
};

struct aisf_object_slot {
	struct aisf_object *o;
	unsigned generation;
};

/*
 * The table lies in memory that a static variable leads to, or leak checkers
 * would not see that it is in use; after a fork it leads to that of the parent
 * too.
 */
struct block {
	struct block *parents;
	struct aisf_object_slot slots[];
};

static struct block *all_blocks;

/* A child's slots begin with other generations than its parent's. */
static unsigned first_generation;

/* The check parts; under the lock of the table. One draw of real randomness is
 * enough for numbers that only have to be unlike each other. */
static uint64_t check_state;

static uint32_t next_check(void)
{
	uint64_t z = check_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32) | 0x80000000u;
}

static int grow(struct aisf_state *s)
{
	unsigned n = s->object_count == 0 ? 64 : s->object_count * 2, i;
	int mine = s->object_count != 0; /* and not the parent's */
	struct block *b;

	if (n > MAX_OBJECTS)
		return 0;
	b = realloc(mine ? all_blocks : NULL, sizeof(*b) + n * sizeof(b->slots[0]));
	if (b == NULL)
		return 0;
	if (!mine) {
		b->parents = all_blocks;
		first_generation += GENERATIONS / 3;
		check_state ^= (uint64_t)aisf_random_part() << 32 | aisf_random_part();
	}
	all_blocks = b;
	for (i = s->object_count; i < n; i++) {
		b->slots[i].o = NULL;
		b->slots[i].generation = first_generation;
	}
	s->objects = b->slots;
	s->object_count = n;
	return 1;
}

/* The free slot after the one given last; half of them are free, so it is near.
 * 0 is never used. */
static unsigned take_slot(struct aisf_state *s)
{
	unsigned i;

	if ((s->objects_used + 1) * 2 > s->object_count && !grow(s) && s->objects_used + 1 >= s->object_count)
		return 0;
	for (i = 0; i < s->object_count; i++) {
		unsigned at = (s->object_next + i) % s->object_count;

		if (at != 0 && s->objects[at].o == NULL) {
			s->object_next = at + 1;
			return at;
		}
	}
	return 0;
}

static void enter(struct aisf_state *s, unsigned slot, struct aisf_object *o)
{
	struct aisf_object_slot *t = &s->objects[slot];

	t->generation = (t->generation + 1) % GENERATIONS;
	t->o = o;
	s->objects_used++;
	o->id = (uint64_t)next_check() << 32 | (uint64_t)t->generation << SLOT_BITS | slot;
	o->next = o->h->objects;
	o->at = &o->h->objects;
	if (o->next != NULL)
		o->next->at = &o->next;
	o->h->objects = o;
}

unsigned aisf_object_add(struct aisf_handle *h, enum aisf_kind kind, uint64_t number, uint64_t channel, uint64_t *id)
{
	struct aisf_state *s = aisf_state();
	struct aisf_object *o = calloc(1, sizeof(*o));
	unsigned slot;

	if (o == NULL || s == NULL) {
		free(o);
		return AISF_NO_MEMORY;
	}
	o->h = h;
	o->kind = kind;
	o->number = number;
	o->channel = channel;
	pthread_mutex_lock(&s->table_lock);
	slot = take_slot(s);
	if (slot != 0) {
		enter(s, slot, o);
		*id = o->id;
	}
	pthread_mutex_unlock(&s->table_lock);
	if (slot == 0)
		free(o);
	return slot == 0 ? AISF_NO_RESOURCES : AISF_OK;
}

struct aisf_handle *aisf_object_get(uint64_t id, uint64_t significant, enum aisf_type type, enum aisf_kind kind,
	struct aisf_ref *ref)
{
	struct aisf_state *s = aisf_state();
	unsigned slot = (unsigned)(id % MAX_OBJECTS);
	struct aisf_object_slot *objects;
	struct aisf_object *o = NULL;
	struct aisf_handle *h = NULL;

	if (s == NULL)
		return NULL;
	pthread_mutex_lock(&s->table_lock);
	/* See find of handle.c. */
	objects = __atomic_load_n(&s->objects, __ATOMIC_RELAXED);
	if (slot < __atomic_load_n(&s->object_count, __ATOMIC_ACQUIRE) && objects != NULL)
		o = objects[slot].o;
	if (o != NULL && ((o->id ^ id) & significant) == 0 && o->kind == kind && o->h->type == type &&
		aisf_is_open(s, o->h)) {
		h = o->h;
		h->users++;
		ref->id = o->id;
		ref->number = o->number;
	}
	pthread_mutex_unlock(&s->table_lock);
	return h;
}

/* In a child made by a fork inside a callback the slot is not there. */
static void remove_one(struct aisf_state *s, struct aisf_object *o)
{
	unsigned slot = (unsigned)(o->id % MAX_OBJECTS);

	if (slot < s->object_count && s->objects[slot].o == o) {
		s->objects[slot].o = NULL;
		s->objects_used--;
	}
	*o->at = o->next;
	if (o->next != NULL)
		o->next->at = o->at;
	free(o);
}

void aisf_object_drop(uint64_t id)
{
	struct aisf_state *s = aisf_state();
	unsigned slot = (unsigned)(id % MAX_OBJECTS);

	pthread_mutex_lock(&s->table_lock);
	if (slot < s->object_count && s->objects[slot].o != NULL && s->objects[slot].o->id == id)
		remove_one(s, s->objects[slot].o);
	pthread_mutex_unlock(&s->table_lock);
}

void aisf_object_drop_events(struct aisf_handle *h, uint64_t channel)
{
	struct aisf_state *s = aisf_state();
	struct aisf_object *o, *next;

	pthread_mutex_lock(&s->table_lock);
	for (o = h->objects; o != NULL; o = next) {
		next = o->next;
		if (o->kind == AISF_EVENT && o->channel == channel)
			remove_one(s, o);
	}
	pthread_mutex_unlock(&s->table_lock);
}

void aisf_object_drop_all(struct aisf_handle *h)
{
	struct aisf_state *s = aisf_state();

	pthread_mutex_lock(&s->table_lock);
	while (h->objects != NULL)
		remove_one(s, h->objects);
	pthread_mutex_unlock(&s->table_lock);
}
