/*
 * enter.c: one call into the runtime, and the state of the process that belongs
 * to this front.
 *
 * What Go does to the thread that calls it stays inside: all signals are blocked
 * (a handler with a large frame would run on a small Go stack), and the alternate
 * signal stack that Go installs on a thread's first call is taken off again.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capi/front/front.h"
#include "capi/front/shared.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* The page with the state; the pointer survives a fork, its content does not. */
static struct aisf_state *state_page;
static int cannot_wipe;

static struct aisf_state *make_page(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct aisf_state *expected = NULL;
	struct aisf_state *page =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, size, MADV_WIPEONFORK) != 0)
		__atomic_store_n(&cannot_wipe, 1, __ATOMIC_RELAXED);
	page->pid = getpid();
	if (__atomic_compare_exchange_n(&state_page, &expected, page, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return page;
	munmap(page, size);
	return expected;
}

struct aisf_state *aisf_state(void)
{
	struct aisf_state *s = __atomic_load_n(&state_page, __ATOMIC_ACQUIRE);

	if (s == NULL)
		s = make_page();
	if (s != NULL && __atomic_load_n(&cannot_wipe, __ATOMIC_RELAXED) && s->pid != getpid()) {
		/* Kernels before 4.14: the child, which has one thread, notices here. */
		memset(s, 0, sizeof(*s));
		s->pid = getpid();
	}
	return s;
}

unsigned aisf_epoch(void)
{
	const struct aisf_state *s = aisf_state();

	return s == NULL ? 0 : __atomic_load_n(&s->epoch, __ATOMIC_RELAXED);
}

/* The copy of the runtime that this thread has called before. */
static __thread const struct aisrt_copy *thread_knows;

/*
 * The kernel's set of 64 signals. The C library's functions leave out the two it
 * uses itself, and those have handlers too.
 */
static void set_mask(const uint64_t *set, uint64_t *old)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, set, old, sizeof(*set));
}

void aisf_block(struct aisf_signals *s)
{
	const uint64_t all = ~(uint64_t)0;

	s->error = errno;
	set_mask(&all, &s->mask);
}

void aisf_unblock(const struct aisf_signals *s)
{
	set_mask(&s->mask, NULL);
	errno = s->error;
}

int aisf_enter(struct aisrt_call *c)
{
	const struct aisf_state *s = aisf_state();
	const struct aisrt_copy *copy = s == NULL ? NULL : __atomic_load_n(&s->runtime, __ATOMIC_ACQUIRE);
	stack_t alternate;
	int r;

	if (copy == NULL) {
		c->error = AISF_BAD_HANDLE;
		return AISRT_DONE;
	}
	if (thread_knows == copy)
		return copy->enter(c);
	sigaltstack(NULL, &alternate);
	r = copy->enter(c);
	sigaltstack(&alternate, NULL);
	thread_knows = copy;
	return r;
}

/*
 * Descriptors that a child made by fork() inherits and has no use for: it would
 * keep its parent's connections open. They are kept apart from the state, which
 * the child does not see. An entry is written after the descriptor is opened and
 * erased before it is closed, so the child never closes a number that means
 * something else.
 */
struct note_block {
	struct note_block *next;
	int fds[1000]; /* descriptor + 1; 0 is free */
};

enum { NOTES = 1000, NO_NOTE = 0 };

static struct note_block first_block;

unsigned aisf_note_fd(int fd)
{
	struct note_block *b = &first_block;
	unsigned base = 1;

	for (;;) {
		struct note_block *next, *none = NULL;
		unsigned i;

		for (i = 0; i < NOTES; i++) {
			int expected = 0;

			if (__atomic_load_n(&b->fds[i], __ATOMIC_RELAXED) == 0 &&
				__atomic_compare_exchange_n(&b->fds[i], &expected, fd + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
				return base + i;
		}
		base += NOTES;
		next = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE);
		if (next == NULL) {
			next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			if (next == MAP_FAILED)
				return NO_NOTE; /* a child keeps a copy: no harm but the descriptor */
			if (!__atomic_compare_exchange_n(&b->next, &none, next, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
				munmap(next, sizeof(*next));
				next = none;
			}
		}
		b = next;
	}
}

void aisf_forget_fd(unsigned note)
{
	struct note_block *b = &first_block;

	if (note == NO_NOTE)
		return;
	for (note--; note >= NOTES; note -= NOTES)
		b = __atomic_load_n(&b->next, __ATOMIC_ACQUIRE);
	__atomic_store_n(&b->fds[note], 0, __ATOMIC_RELEASE);
}

/* In the child, before anything else runs there. */
void aisf_after_fork(void)
{
	struct note_block *b;
	int error = errno;
	unsigned i;

	for (b = &first_block; b != NULL; b = b->next)
		for (i = 0; i < NOTES; i++)
			if (b->fds[i] != 0) {
				close(b->fds[i] - 1);
				b->fds[i] = 0;
			}
	aisf_shared_after_fork();
	errno = error;
}
