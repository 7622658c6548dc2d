/*
 * shared.c: see shared.h.
 *
 * The kernel leaves the memory out of every child, however that was made; fork()
 * then runs aisf_shared_after_fork there, before it returns to the handler. A child
 * made without fork handlers (_Fork, a raw clone) that returns into a call keeps
 * the hole: it may only use what is safe in a signal handler, and no call is.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "capi/front/front.h"
#include "capi/front/shared.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/*
 * The memories of this process, and in a child those of its parents as well. A fork
 * of another thread may come at any time, so every state of the list is whole.
 */
struct shared {
	struct shared *next; /* atomic */
	void *base;
	size_t size;
};

static struct shared *all;

static void add(struct shared *s, void *base, size_t size)
{
	struct aisf_state *state = aisf_state();

	s->base = base;
	s->size = size;
	pthread_mutex_lock(&state->table_lock);
	s->next = all;
	__atomic_store_n(&all, s, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&state->table_lock);
}

/* With signals blocked: no handler of this thread forks while the memory is mapped
 * and not yet kept from children. */
static void *map(struct shared *s, void *(*make)(const void *arg), const void *arg, size_t size)
{
	void *base = make(arg);

	if (base == NULL)
		return NULL;
	if (madvise(base, size, MADV_DONTFORK) != 0) {
		munmap(base, size);
		return NULL;
	}
	add(s, base, size);
	return base;
}

void *aisf_shared_map(void *(*make)(const void *arg), const void *arg, size_t size)
{
	struct shared *s = malloc(sizeof(*s));
	struct aisf_signals signals;
	void *base;

	if (s == NULL)
		return NULL;
	aisf_block(&signals);
	base = map(s, make, arg, size);
	aisf_unblock(&signals);
	if (base == NULL)
		free(s);
	return base;
}

void aisf_shared_unmap(void *base, size_t size)
{
	struct aisf_state *state = aisf_state();
	struct aisf_signals signals;
	struct shared **at, *s;

	aisf_block(&signals);
	pthread_mutex_lock(&state->table_lock);
	for (at = &all; (s = *at) != NULL && s->base != base; at = &s->next)
		;
	if (s != NULL)
		__atomic_store_n(at, s->next, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&state->table_lock);
	munmap(base, size);
	aisf_unblock(&signals);
	free(s);
}

void aisf_shared_after_fork(void)
{
	const struct shared *s;
	void *p;

	for (s = __atomic_load_n(&all, __ATOMIC_ACQUIRE); s != NULL; s = s->next) {
		/* Where something is already it was put there by another fork handler,
		 * or this is the child of such a child. */
		p = mmap(s->base, s->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
		if (p != MAP_FAILED && p != s->base)
			munmap(p, s->size); /* Linux before 4.17 */
	}
}
