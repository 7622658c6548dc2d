/*
 * ring.c: see ring.h. This is the path of a stream of messages: no system call, no
 * lock that is not the handle's own, no entry into the runtime.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "capi/front/ring.h"
#include "capi/front/service.h"
#include "capi/front/shared.h"

/* The layout, as libais/ipcwire/ring.go has it. */
enum {
	MAGIC = 0x52534941,
	VERSION = 1,
	CONTROL = 4096,
	UP = 2 << 20,
	DOWN = 2 << 20,
	UP_TAIL = 64,
	UP_HEAD = 128,
	SLEEP = 192,
	WAITING = 256,
	SPACE = 320,
	DOWN_TAIL = 384,
	DOWN_HEAD = 448,
	BELL = 512,
	STARVED = 576,
	CLOSED = 640
};

/* Of the library protocol (libais/ipcwire). */
enum {
	HEADER = 16,
	MCAST_JOINED = 0x003,
	MCAST_GROUPS = 0x004,
	DELIVER = 0x081,
	GROUP = 32,
	MCAST_HEAD = 6,
	MAX_FRAME = (1 << 20) + (1 << 16)
};

enum {
	/* The longest wait for room inside a call. */
	PATIENCE_NS = 10000000,
	/* Every so many messages without a system call, ask whether the executive lives. */
	CHECK_EVERY = 64,
	/* Every so many bytes taken, tell the executive. */
	TELL_EVERY = 32 << 10
};

struct aisf_ring {
	unsigned char *base, *up, *down; /* up and down are mapped twice in a row */
	uint64_t max_payload;

	pthread_mutex_t up_lock;
	uint32_t up_tail, up_head;
	unsigned unchecked;

	/* Under take_lock of the handle. */
	uint32_t down_head, down_told, down_tail;

	int joined;  /* how often groups were joined; atomic */
	int unknown; /* that is not known any more; atomic */
};

static uint32_t *word(const struct aisf_ring *r, unsigned at)
{
	return (uint32_t *)(void *)(r->base + at);
}

/* As ordered as the executive's accesses: a flag is written before the counter it
 * belongs to is looked at. */
static uint32_t load(const struct aisf_ring *r, unsigned at)
{
	return __atomic_load_n(word(r, at), __ATOMIC_SEQ_CST);
}

static void store(struct aisf_ring *r, unsigned at, uint32_t v)
{
	__atomic_store_n(word(r, at), v, __ATOMIC_SEQ_CST);
}

static uint32_t swap(struct aisf_ring *r, unsigned at, uint32_t v)
{
	return __atomic_exchange_n(word(r, at), v, __ATOMIC_SEQ_CST);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
}

static size_t mapped(void)
{
	return CONTROL + 2 * (size_t)UP + 2 * (size_t)DOWN;
}

/* One piece of the file at its place; 0 when the kernel refuses. */
static int piece(unsigned char *at, int fd, size_t size, off_t from)
{
	return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, from) != MAP_FAILED;
}

static void *map_file(const void *file)
{
	unsigned char *base, *up, *down;
	int fd = *(const int *)file;

	base = mmap(NULL, mapped(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	up = base + CONTROL;
	down = up + 2 * (size_t)UP;
	if (piece(base, fd, CONTROL, 0) && piece(up, fd, UP, CONTROL) && piece(up + UP, fd, UP, CONTROL) &&
		piece(down, fd, DOWN, CONTROL + UP) && piece(down + DOWN, fd, DOWN, CONTROL + UP))
		return base;
	munmap(base, mapped());
	return NULL;
}

static unsigned char *map(int fd)
{
	unsigned char *base;
	struct stat st;

	if (fstat(fd, &st) != 0 || st.st_size != CONTROL + UP + DOWN)
		return NULL;
	base = aisf_shared_map(map_file, &fd, mapped());
	if (base == NULL)
		return NULL;
	if (get32(base) == MAGIC && get32(base + 4) == VERSION && get32(base + 8) == UP && get32(base + 12) == DOWN)
		return base;
	aisf_shared_unmap(base, mapped());
	return NULL;
}

static unsigned ask(struct aisf_handle *h, uint32_t op, int64_t deadline, struct aisrt_call *c)
{
	memset(c, 0, sizeof(*c));
	c->op = op;
	c->conn = h->conn;
	return aisf_run(h, c, deadline);
}

unsigned aisf_ring_open(struct aisf_handle *h, int64_t deadline, struct aisf_ring **out)
{
	struct aisrt_call c;
	struct aisf_ring *r;
	unsigned error = ask(h, AISRT_RING, deadline, &c);

	*out = NULL;
	if (error == AISF_TIMEOUT || error == AISF_LIBRARY)
		return AISF_TRY_AGAIN; /* as an Initialize that found nobody */
	if (error != AISF_OK || c.ring_fd < 0)
		return AISF_OK;
	r = calloc(1, sizeof(*r));
	if (r != NULL) {
		r->base = map(c.ring_fd);
		r->max_payload = c.data_size;
	}
	close(c.ring_fd);
	if (r == NULL || r->base == NULL) {
		free(r);
		return AISF_OK;
	}
	r->up = r->base + CONTROL;
	r->down = r->up + 2 * (size_t)UP;
	pthread_mutex_init(&r->up_lock, NULL);
	error = ask(h, AISRT_RING_USE, deadline, &c);
	if (error == AISF_OK) {
		*out = r;
		return AISF_OK;
	}
	aisf_ring_close(r);
	return error == AISF_TIMEOUT || error == AISF_LIBRARY ? AISF_TRY_AGAIN : AISF_OK;
}

void aisf_ring_close(struct aisf_ring *r)
{
	if (r == NULL)
		return;
	aisf_shared_unmap(r->base, mapped());
	pthread_mutex_destroy(&r->up_lock);
	free(r);
}

void aisf_ring_wake(struct aisf_ring *r)
{
	if (r == NULL)
		return;
	__atomic_add_fetch(word(r, SPACE), 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word(r, SPACE), FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

void aisf_ring_joined(struct aisf_ring *r, uint32_t op, int count, unsigned error)
{
	if (r == NULL)
		return;
	if (error == AISF_OK)
		__atomic_add_fetch(&r->joined, op == AISRT_EVS_JOIN ? count : -count, __ATOMIC_RELAXED);
	else if (op == AISRT_EVS_LEAVE)
		__atomic_store_n(&r->unknown, 1, __ATOMIC_RELAXED); /* some of them may have been left */
}

/* Tells the executive to look. 0: it is gone. */
static int kick(struct aisf_handle *h)
{
	return send(h->callback_fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 || errno == EAGAIN || errno == EINTR;
}

static int lives(const struct aisf_handle *h)
{
	char b;
	ssize_t n = recv(h->request_fd, &b, 1, MSG_PEEK | MSG_DONTWAIT);

	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Is there room for size bytes? -1: what the executive wrote makes no sense. */
static int has_room(struct aisf_ring *r, uint32_t size)
{
	uint32_t head;

	if (UP - (r->up_tail - r->up_head) >= size)
		return 1;
	head = load(r, UP_HEAD);
	if (r->up_tail - head > UP)
		return -1;
	r->up_head = head;
	return UP - (r->up_tail - head) >= size;
}

/* Callbacks wait, and no other thread is there to take them: then this one must not
 * wait, it may be what they wait for. */
static int needed_elsewhere(struct aisf_handle *h)
{
	return __atomic_load_n(&h->dispatchers, __ATOMIC_RELAXED) == 0 &&
		load(h->ring, DOWN_TAIL) != __atomic_load_n(&h->ring->down_head, __ATOMIC_RELAXED);
}

/* Waits for room, with up_lock held: others that want room wait behind. */
static unsigned wait_room(struct aisf_handle *h, uint32_t size)
{
	struct aisf_ring *r = h->ring;
	int64_t deadline = aisf_deadline(PATIENCE_NS);

	for (;;) {
		uint32_t space = load(r, SPACE);
		struct timespec t;
		int64_t left;
		int room;

		store(r, WAITING, 1);
		room = has_room(r, size);
		if (room != 0)
			return room > 0 ? AISF_OK : AISF_LIBRARY;
		if (aisf_closing(h))
			return AISF_BAD_HANDLE;
		if (load(r, CLOSED) || !lives(h))
			return AISF_LIBRARY;
		left = aisf_remaining(deadline);
		if (left == 0 || needed_elsewhere(h))
			return AISF_TRY_AGAIN;
		t.tv_sec = 0;
		t.tv_nsec = (long)left;
		syscall(SYS_futex, word(r, SPACE), FUTEX_WAIT, space, &t, NULL, 0);
	}
}

/* Writes the frame; there is room. */
static void put_frame(struct aisf_ring *r, const struct aisf_evs_message *m, int to_groups, uint32_t size)
{
	const struct iovec *parts = m->parts;
	unsigned char *p = r->up + (r->up_tail & (UP - 1));
	uint32_t groups = to_groups ? (uint32_t)m->group_count : 0;
	int i;

	put32(p, size);
	put32(p + 4, to_groups ? MCAST_GROUPS : MCAST_JOINED);
	put32(p + 8, 0);
	put32(p + 12, 0);
	p += HEADER;
	p[0] = (unsigned char)m->guarantee;
	p[1] = (unsigned char)m->priority;
	put32(p + 2, groups);
	p += MCAST_HEAD;
	if (groups > 0) {
		memcpy(p, m->groups, groups * (size_t)GROUP);
		p += groups * (size_t)GROUP;
	}
	for (i = 0; i < m->part_count; i++)
		if (parts[i].iov_len > 0) {
			memcpy(p, parts[i].iov_base, parts[i].iov_len);
			p += parts[i].iov_len;
		}
}

/* The size of the frame, 0 when it is not for the ring. */
static uint32_t frame_size(const struct aisf_ring *r, const struct aisf_evs_message *m, int to_groups)
{
	const struct iovec *parts = m->parts;
	uint64_t payload = 0;
	int i;

	for (i = 0; i < m->part_count; i++) {
		if (parts[i].iov_len > r->max_payload - payload)
			return 0;
		payload += parts[i].iov_len;
	}
	payload += HEADER + MCAST_HEAD + (to_groups ? (uint64_t)m->group_count * GROUP : 0);
	return payload > MAX_FRAME ? 0 : (uint32_t)payload;
}

static unsigned send_locked(struct aisf_handle *h, const struct aisf_evs_message *m, int to_groups, uint32_t size)
{
	struct aisf_ring *r = h->ring;
	int room = has_room(r, size);
	unsigned error;

	if (room < 0 || load(r, CLOSED))
		return AISF_LIBRARY;
	if (room == 0) {
		error = wait_room(h, size);
		if (error != AISF_OK)
			return error;
	}
	put_frame(r, m, to_groups, size);
	r->up_tail += size;
	store(r, UP_TAIL, r->up_tail);
	if (load(r, SLEEP) != 0 && swap(r, SLEEP, 0) != 0) {
		r->unchecked = 0;
		return kick(h) ? AISF_OK : AISF_LIBRARY;
	}
	if (++r->unchecked < CHECK_EVERY)
		return AISF_OK;
	r->unchecked = 0;
	return lives(h) ? AISF_OK : AISF_LIBRARY;
}

unsigned aisf_ring_send(struct aisf_handle *h, const struct aisf_evs_message *m, int to_groups)
{
	struct aisf_ring *r = h->ring;
	int kept = errno;
	unsigned error;
	uint32_t size;

	if (r == NULL)
		return AISF_RING_NOT;
	if (!to_groups && (__atomic_load_n(&r->unknown, __ATOMIC_RELAXED) || __atomic_load_n(&r->joined, __ATOMIC_RELAXED) <= 0))
		return AISF_RING_NOT;
	size = frame_size(r, m, to_groups);
	if (size == 0)
		return AISF_RING_NOT;
	pthread_mutex_lock(&r->up_lock);
	error = aisf_closing(h) ? AISF_BAD_HANDLE : send_locked(h, m, to_groups, size);
	pthread_mutex_unlock(&r->up_lock);
	errno = kept;
	return aisf_inherited(h) || (aisf_closing(h) && error != AISF_OK) ? AISF_BAD_HANDLE : error;
}

/* Tells the executive how far callbacks were taken. */
static void tell(struct aisf_handle *h)
{
	struct aisf_ring *r = h->ring;

	if (r->down_told == r->down_head)
		return;
	r->down_told = r->down_head;
	store(r, DOWN_HEAD, r->down_head);
	if (load(r, STARVED) != 0 && load(r, DOWN_TAIL) - r->down_head <= DOWN / 2 && swap(r, STARVED, 0) != 0)
		kick(h);
}

/* How many bytes are there; above DOWN when that makes no sense. */
static uint32_t available(struct aisf_ring *r)
{
	if (r->down_tail == r->down_head)
		r->down_tail = load(r, DOWN_TAIL);
	return r->down_tail - r->down_head;
}

/*
 * The ring is empty: takes the byte off the selection object and tells the
 * executive to ring again. 1: something came meanwhile. 0: nothing is there.
 * -1: the executive is gone.
 */
static int found_empty(struct aisf_handle *h)
{
	struct aisf_ring *r = h->ring;
	char b[16];
	ssize_t n;

	tell(h);
	n = recv(h->callback_fd, b, sizeof(b), MSG_DONTWAIT);
	if (n > 0) {
		store(r, BELL, 1);
		if (available(r) != 0) {
			/* The executive may have seen the bell before we set it. */
			kick(h);
			return 1;
		}
		/* Is it the end? A byte that is there by now stays: it belongs to
		 * callbacks that are about to be seen. */
		n = recv(h->callback_fd, b, sizeof(b), MSG_PEEK | MSG_DONTWAIT);
	}
	if (available(r) != 0)
		return 1;
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)) ? 0 : -1;
}

/* Makes the memory of the event hold size bytes. */
static int hold(struct aisrt_call *c, size_t size)
{
	void *p;

	if (c->out_room >= size && c->out != NULL)
		return 1;
	p = malloc(size < 4096 ? 4096 : size);
	if (p == NULL)
		return 0;
	free(c->out);
	c->out = p;
	c->out_room = size < 4096 ? 4096 : size;
	return 1;
}

/* A message. -1: it does not decode. 0: no memory. */
static int deliver(struct aisrt_call *c, const unsigned char *body, uint32_t size)
{
	uint32_t address;

	if (size < 5)
		return -1;
	address = body[4];
	if ((address != 0 && address != 4 && address != 16) || size < 5 + address)
		return -1;
	c->sender.id = get32(body);
	c->sender.address_length = address;
	memcpy(c->sender.address, body + 5, address);
	size -= 5 + address;
	if (!hold(c, size))
		return 0;
	memcpy(c->out, body + 5 + address, size);
	c->kind = AISRT_EVS_DELIVERED;
	c->items = size;
	return 1;
}

/* Any other callback: the runtime knows them. */
static unsigned decode(struct aisf_handle *h, struct aisrt_call *c, uint32_t op, const unsigned char *body, uint32_t size)
{
	void *memory = c->out;
	uint64_t room = c->out_room;

	memset(c, 0, sizeof(*c));
	c->out = memory;
	c->out_room = room;
	c->op = AISRT_FRAME;
	c->conn = h->conn;
	c->handle = op;
	c->data = body;
	c->data_size = size;
	return aisf_run(h, c, AISF_NEVER);
}

static unsigned take_frame(struct aisf_handle *h, struct aisrt_call *c, uint32_t waits)
{
	struct aisf_ring *r = h->ring;
	const unsigned char *p = r->down + (r->down_head & (DOWN - 1));
	unsigned error = AISF_OK;
	uint32_t size, op;
	int ok;

	if (waits > DOWN || waits < HEADER)
		return AISF_LIBRARY;
	size = get32(p);
	op = (uint32_t)p[4] | (uint32_t)p[5] << 8;
	if (size < HEADER || size > waits)
		return AISF_LIBRARY;
	if (op == DELIVER) {
		ok = deliver(c, p + HEADER, size - HEADER);
		if (ok <= 0)
			return ok < 0 ? AISF_LIBRARY : AISF_NO_MEMORY;
	} else {
		error = decode(h, c, op, p + HEADER, size - HEADER);
		if (error != AISF_OK)
			return error;
	}
	__atomic_store_n(&r->down_head, r->down_head + size, __ATOMIC_RELAXED);
	if (r->down_head - r->down_told >= TELL_EVERY)
		tell(h);
	return AISF_OK;
}

unsigned aisf_ring_take(struct aisf_handle *h, struct aisf_event *e)
{
	struct aisrt_call *c = &e->call;
	uint32_t waits = available(h->ring);
	int kept = errno, more;

	c->kind = AISRT_NONE;
	while (waits == 0) {
		more = found_empty(h);
		errno = kept;
		if (aisf_closing(h))
			return AISF_BAD_HANDLE;
		if (more < 0)
			return AISF_LIBRARY;
		if (more == 0) {
			c->wait_fd = h->callback_fd;
			c->wait_events = 1; /* POLLIN */
			return AISF_OK;
		}
		waits = available(h->ring);
	}
	return take_frame(h, c, waits);
}

void aisf_ring_settle(struct aisf_handle *h)
{
	int kept = errno;

	if (available(h->ring) == 0)
		found_empty(h); /* the end of the executive is for the next one to tell */
	errno = kept;
}
