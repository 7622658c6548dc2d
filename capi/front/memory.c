/*
 * memory.c: see memory.h.
 *
 * Looking for the answer is worth it when the executive runs on another processor
 * and answers at once. Whether it does is learnt: each time in vain halves how long
 * is looked, and once that is nothing it is tried anew now and then.
 *
 * Then the thread sleeps until the word changes: one system call, and half of what
 * the socket costs. Nobody tells it there that the executive was killed, or that
 * another thread is in Finalize, so after a while, and after a signal, it waits at the
 * socket, where both are seen at once.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capi/front/memory.h"
#include "capi/front/shared.h"

/* The layout, as libais/ipcwire/ask.go has it. */
enum { MAGIC = 0x41534941, VERSION = 2, CONTROL = 4096, POSTED = 64, AWAKE = 128, ASIDE = 132, WATCH = 192, SLEEPS = 196 };

enum {
	MOST_NS = 50000,
	LEAST_NS = 4000,
	/* So many requests without looking, then one with; twice as many when that was
	 * in vain. */
	RETRY_FIRST = 256,
	RETRY_MOST = 8192,
	/* The clock is read after so many looks; when they take so long, the processor
	 * was taken away. */
	LOOKS = 32,
	TORN_NS = 100000,
	/* So long is slept here, and that long it may take until it is seen that the
	 * executive is gone. */
	SLEEP_NS = 20000000
};

struct aisf_memory {
	unsigned char *base, *request, *answer;
	int64_t span; /* how long is looked */
	unsigned skipped, retry;
	int trial; /* this look is one after many requests without */
};

static size_t mapped(void)
{
	return CONTROL + 2 * (size_t)AISF_MEMORY_AREA;
}

static uint32_t *word(const struct aisf_memory *m, unsigned at)
{
	return (uint32_t *)(void *)(m->base + at);
}

/* As ordered as the executive's accesses. */
static uint32_t load(const struct aisf_memory *m, unsigned at)
{
	return __atomic_load_n(word(m, at), __ATOMIC_SEQ_CST);
}

static void store(struct aisf_memory *m, unsigned at, uint32_t v)
{
	__atomic_store_n(word(m, at), v, __ATOMIC_SEQ_CST);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void *map_file(const void *fd)
{
	void *base = mmap(NULL, mapped(), PROT_READ | PROT_WRITE, MAP_SHARED, *(const int *)fd, 0);

	return base == MAP_FAILED ? NULL : base;
}

static unsigned char *map(int fd)
{
	unsigned char *base;
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size != (off_t)mapped())
		return NULL;
	base = aisf_shared_map(map_file, &fd, mapped());
	if (base == NULL)
		return NULL;
	if (get32(base) == MAGIC && get32(base + 4) == VERSION && get32(base + 8) == AISF_MEMORY_AREA)
		return base;
	aisf_shared_unmap(base, mapped());
	return NULL;
}

struct aisf_memory *aisf_memory_open(struct aisf_handle *h)
{
	struct aisf_memory *m;
	struct aisrt_call c;

	memset(&c, 0, sizeof(c));
	c.op = AISRT_MEMORY;
	c.conn = h->conn;
	c.ring_fd = -1;
	/* It may have come although Finalize of another thread says otherwise. */
	if (aisf_run(h, &c, AISF_NEVER) != AISF_OK || c.ring_fd < 0) {
		if (c.ring_fd >= 0)
			close(c.ring_fd);
		return NULL;
	}
	m = calloc(1, sizeof(*m));
	if (m != NULL) {
		m->base = map(c.ring_fd);
		m->span = MOST_NS;
		m->retry = RETRY_FIRST;
	}
	close(c.ring_fd);
	if (m == NULL || m->base == NULL) {
		free(m);
		return NULL;
	}
	m->request = m->base + CONTROL;
	m->answer = m->request + AISF_MEMORY_AREA;
	return m;
}

void aisf_memory_close(struct aisf_memory *m)
{
	if (m == NULL)
		return;
	aisf_shared_unmap(m->base, mapped());
	free(m);
}

int aisf_memory_watch(struct aisf_memory *m, uint32_t seq)
{
	if (m == NULL)
		return 0;
	if (m->span == 0 && ++m->skipped >= m->retry) {
		m->skipped = 0;
		m->span = MOST_NS;
		m->trial = 1;
	}
	store(m, WATCH, seq);
	return 1;
}

int aisf_memory_post(struct aisf_handle *h, const struct aisf_request *r)
{
	struct aisf_memory *m = h->ask.memory;
	unsigned char *p;
	int i;

	if (m == NULL || r->size > AISF_MEMORY_AREA || load(m, AWAKE) == 0)
		return 0;
	p = m->request;
	for (i = 0; i < r->n; i++) {
		memcpy(p, r->parts[i].iov_base, r->parts[i].iov_len);
		p += r->parts[i].iov_len;
	}
	store(m, POSTED, h->ask.seq);
	/* It may have gone to sleep meanwhile. When it is gone the wait tells. */
	if (load(m, AWAKE) == 0)
		while (send(h->callback_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EINTR)
			;
	return 1;
}

int aisf_memory_look_away(struct aisf_memory *m, uint32_t seq)
{
	return __atomic_compare_exchange_n(word(m, WATCH), &seq, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

/* Looks until the answer is there, for span at most. */
static int look(const struct aisf_memory *m, uint32_t seq)
{
	int64_t began = now(), last = began, t;
	int i;

	for (;;) {
		for (i = 0; i < LOOKS; i++) {
			if (__atomic_load_n(word(m, WATCH), __ATOMIC_ACQUIRE) != seq)
				return 1;
			relax();
		}
		t = now();
		if (t - began > m->span || t - last > TORN_NS)
			return 0;
		last = t;
	}
}

static void missed(struct aisf_memory *m)
{
	m->span /= 2;
	if (m->trial || m->span < LEAST_NS)
		m->span = 0;
	if (m->trial && m->retry < RETRY_MOST)
		m->retry *= 2;
	m->trial = 0;
}

/* Sleeps until the answer is there, or for a while, or until a signal. */
static int sleep_for(struct aisf_memory *m, uint32_t seq, int64_t deadline)
{
	int64_t left = aisf_remaining(deadline);
	struct {
		long sec, nsec; /* as this call has it, whatever time_t is */
	} t;

	t.sec = 0;
	t.nsec = left < SLEEP_NS ? (long)left : SLEEP_NS;
	store(m, SLEEPS, 1);
	syscall(SYS_futex, word(m, WATCH), FUTEX_WAIT, seq, &t, NULL, 0);
	store(m, SLEEPS, 0);
	return load(m, WATCH) != seq;
}

int aisf_memory_await(struct aisf_memory *m, uint32_t seq, int64_t deadline)
{
	int there = 0;

	if (m->span > 0) {
		there = look(m, seq);
		if (there) {
			m->span = m->span * 2 < MOST_NS ? m->span * 2 : MOST_NS;
			m->trial = 0;
			m->retry = RETRY_FIRST;
		} else {
			missed(m);
		}
	}
	if (!there && !sleep_for(m, seq, deadline) && aisf_memory_look_away(m, seq))
		return 0;
	return load(m, ASIDE) != seq;
}

const unsigned char *aisf_memory_answer(const struct aisf_memory *m)
{
	return m->answer;
}
