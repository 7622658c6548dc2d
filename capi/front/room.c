/*
 * room.c: tests whether the runtime would fit into the process. Go ends the
 * process, uncatchably, when it cannot reserve address space or start a thread
 * while it is being loaded, so the front tries the same things first and gives
 * them back. Trying counts what every limit counts: RLIMIT_AS, RLIMIT_DATA,
 * RLIMIT_NPROC, locked memory, a control group's number of tasks.
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capi/front/room.h"

/*
 * Address space that is reserved and memory that is writable. Measured with Go
 * 1.26: 1.66 GB and 83 MB, on i386 578 MB and 48 MB, with the stacks of five
 * threads; the C library reserves more for a thread that allocates. The test that
 * lowers the limits step by step fails when these are too small.
 */
#ifdef __LP64__
#define RESERVE ((size_t)1700 << 20)
#define WRITABLE ((size_t)112 << 20)
#else
#define RESERVE ((size_t)640 << 20)
#define WRITABLE ((size_t)48 << 20)
#endif
enum { THREADS = 9 };

static int can_map(size_t size, int protection)
{
	void *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	munmap(p, size);
	return 1;
}

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	int open;
};

static void *wait_at_gate(void *arg)
{
	struct gate *g = arg;

	pthread_mutex_lock(&g->lock);
	while (!g->open)
		pthread_cond_wait(&g->opened, &g->lock);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* All of them at once, with stacks as the runtime's threads have. */
static int can_start_threads(void)
{
	struct gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};
	pthread_t threads[THREADS];
	int n = 0, i;

	while (n < THREADS && pthread_create(&threads[n], NULL, wait_at_gate, &g) == 0)
		n++;
	pthread_mutex_lock(&g.lock);
	g.open = 1;
	pthread_cond_broadcast(&g.opened);
	pthread_mutex_unlock(&g.lock);
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return n == THREADS;
}

int aisf_room(void)
{
	size_t stack = (size_t)8 << 20;
	pthread_attr_t attr;

	if (pthread_attr_init(&attr) == 0) {
		pthread_attr_getstacksize(&attr, &stack);
		pthread_attr_destroy(&attr);
	}
	if (stack > (size_t)-1 / 2 / THREADS)
		return 0;
	return can_map(RESERVE + THREADS * stack, PROT_NONE) &&
		can_map(WRITABLE + THREADS * stack, PROT_READ | PROT_WRITE) &&
		can_start_threads();
}
