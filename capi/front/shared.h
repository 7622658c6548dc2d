/*
 * shared.h: memory shared with the executive, and forks. A child must not have it:
 * what it wrote there would be its parent's. But fork() may come from a handler of
 * a signal that interrupts a call which uses the memory, and the child returns into
 * that call; so it finds a private page of zeros where its parent's memory is.
 */
#ifndef AISF_SHARED_H
#define AISF_SHARED_H

#include <stddef.h>

/* Makes what make(arg) mapped, size bytes at its result, memory of this process
 * alone. NULL when it cannot be, or make gave NULL. */
void *aisf_shared_map(void *(*make)(const void *arg), const void *arg, size_t size);
void aisf_shared_unmap(void *base, size_t size);

/* Runs in a forked child. */
void aisf_shared_after_fork(void);

#endif /* AISF_SHARED_H */
