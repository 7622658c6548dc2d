/*
 * copy.c: the part of the runtime that works without Go, also in a forked child
 * where Go does not: how fronts find this copy, and whether it is alive.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aisrt.h"

extern int aisrtEnter(struct aisrt_call *);

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

__attribute__((visibility("default")))
struct aisrt_copy aisrt_copy = {AISRT_ABI, NULL, aisrtEnter};

__attribute__((constructor)) static void aisrt_copy_born(void)
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
