/*
 * copy.c: the part of the runtime that works without Go, also in a forked child
 * where Go does not: how fronts find this copy, whether it is alive, and what
 * happens when a thread that called it ends.
 */
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "aisrt.h"

extern int aisrtEnter(struct aisrt_call *);

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

__attribute__((visibility("default")))
struct aisrt_copy aisrt_copy = {AISRT_ABI, NULL, aisrtEnter};

__attribute__((constructor(101))) static void aisrt_copy_born(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	/* Without the page, or on a kernel that cannot wipe it, this copy is not
	 * used: the front sees page NULL and reports NO_RESOURCES. */
	if (p == MAP_FAILED)
		return;
	if (madvise(p, size, MADV_WIPEONFORK) != 0) {
		munmap(p, size);
		return;
	}
	aisrt_copy.page = p;
	aisrt_copy.page->alive = 1;
}

/*
 * Go has one thread-specific key, whose destructor runs Go code when a thread
 * ends that has called it. In a child of fork() it is left out: the runtime it
 * belongs to is not alive there. Elsewhere it runs as every entry does, with all
 * signals blocked and the alternate stack as it was. The link
 * (--wrap) sends the key's creation here.
 */
typedef void destructor_fn(void *);
static destructor_fn *thread_ends;

extern int __real_pthread_key_create(pthread_key_t *, destructor_fn *);
int __wrap_pthread_key_create(pthread_key_t *, destructor_fn *);

static void guarded(void *value)
{
	const uint64_t all = ~(uint64_t)0;
	uint64_t mask;
	stack_t alternate;

	if (aisrt_copy.page == NULL || !aisrt_copy.page->alive)
		return;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask));
	sigaltstack(NULL, &alternate);
	thread_ends(value);
	sigaltstack(&alternate, NULL);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

int __wrap_pthread_key_create(pthread_key_t *key, destructor_fn *destructor)
{
	thread_ends = destructor;
	return __real_pthread_key_create(key, guarded);
}
