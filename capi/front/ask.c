/*
 * ask.c: see ask.h. Three system calls for a request: send, ppoll, recv; or memory
 * in place of the first, or of the others, where to sleep is one. The application's
 * handlers run during all of it, so nothing is left by a signal.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "capi/front/ask.h"
#include "capi/front/memory.h"

enum {
	FIRST_ROOM = 4096,
	/* What memory for answers is kept between two of them. */
	KEEP = 64 << 10,
	/* The largest request with a deadline: it goes to the socket whole or not at
	 * all, so that it can be given up. */
	WHOLE = 4096,
	/* So many requests on a handle are often. */
	OFTEN = 16
};

enum outcome { DONE, AGAIN, GONE, EXPIRED, FULL };

int aisf_may_ask(const struct aisf_handle *h, const struct aisf_request *r)
{
	return h->ask.clean && r->size <= AISF_MAX_FRAME && r->size - AISF_HEADER <= h->ask.max_message;
}

/* One send of what is left. */
static ssize_t send_rest(const struct aisf_handle *h, struct aisf_request *r, int first)
{
	struct msghdr m;
	ssize_t n;

	do {
		if (r->n - first == 1) {
			n = send(h->request_fd, r->parts[first].iov_base, r->parts[first].iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);
		} else {
			memset(&m, 0, sizeof(m));
			m.msg_iov = r->parts + first;
			m.msg_iovlen = (size_t)(r->n - first);
			n = sendmsg(h->request_fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		}
	} while (n < 0 && errno == EINTR);
	return n;
}

/* Takes n bytes off the parts from *first on. */
static void sent(struct aisf_request *r, int *first, size_t n)
{
	while (*first < r->n && n >= r->parts[*first].iov_len) {
		n -= r->parts[*first].iov_len;
		++*first;
	}
	if (n > 0) {
		r->parts[*first].iov_base = (char *)r->parts[*first].iov_base + n;
		r->parts[*first].iov_len -= n;
	}
}

/* Sends all of it. DONE also when the other end is closed: its last answer may
 * still be there. FULL: the kernel has no memory, and nothing of it went. GONE: it
 * cannot be sent, the caller's memory is not there; nobody would answer. */
static enum outcome send_all(const struct aisf_handle *h, struct aisf_request *r, int64_t deadline)
{
	int first = 0, some = 0;

	while (!aisf_inherited(h)) {
		ssize_t n = send_rest(h, r, first);

		if (n >= 0) {
			some = 1;
			sent(r, &first, (size_t)n);
			if (first == r->n)
				return DONE;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return DONE;
		} else if (errno != EAGAIN) {
			return !some && (errno == ENOBUFS || errno == ENOMEM) ? FULL : GONE;
		} else if (!aisf_wait(h->request_fd, POLLOUT, deadline, NULL)) {
			return EXPIRED; /* nothing of it went: see WHOLE */
		}
	}
	return GONE;
}

/* Memory for size bytes, with the first have of them as they are. */
static int hold(struct aisf_asking *a, size_t have, size_t size)
{
	unsigned char *p;

	if (a->in_room >= size)
		return 1;
	p = malloc(size);
	if (p == NULL)
		return 0;
	if (have > 0)
		memcpy(p, a->in, have);
	free(a->in);
	a->in = p;
	a->in_room = size;
	return 1;
}

/* Is the answer there, of which have bytes were read? */
static enum outcome look(struct aisf_handle *h, uint32_t op, size_t have, struct aisf_wire_head *head)
{
	struct aisf_asking *a = &h->ask;

	if (have < AISF_HEADER)
		return AGAIN;
	if (!aisf_wire_head(a->in, head) || head->seq != a->seq || head->op != op || head->error == 0 || have > head->size)
		return GONE;
	if (have == head->size)
		return DONE;
	/* Memory follows what has come, not what was announced. */
	if (a->in_room < head->size && have == a->in_room)
		return hold(a, have, head->size < 2 * have ? head->size : 2 * have) ? AGAIN : FULL;
	return AGAIN;
}

/* Reads the answer. *have is how many bytes of it there are, whatever comes of it. */
static enum outcome receive(struct aisf_handle *h, uint32_t op, int64_t deadline, struct aisf_wire_head *head, size_t *have)
{
	struct aisf_asking *a = &h->ask;
	enum outcome o;

	*have = 0;
	do {
		ssize_t n;

		if (!aisf_wait(h->request_fd, POLLIN, deadline, NULL))
			return EXPIRED;
		if (aisf_inherited(h))
			return GONE;
		n = recv(h->request_fd, a->in + *have, a->in_room - *have, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			o = AGAIN;
			continue;
		}
		if (n <= 0)
			return GONE;
		*have += (size_t)n;
		o = look(h, op, *have, head);
	} while (o == AGAIN);
	return o;
}

/* Lets the runtime know that an answer is to be discarded when it comes. */
static void give_up(struct aisf_handle *h, size_t have)
{
	struct aisrt_call c;

	memset(&c, 0, sizeof(c));
	c.op = AISRT_LATE;
	c.conn = h->conn;
	c.data = h->ask.in;
	c.data_size = have;
	aisf_run(h, &c, AISF_NEVER);
}

unsigned aisf_ask_broken(struct aisf_handle *h)
{
	if (aisf_inherited(h))
		return AISF_BAD_HANDLE;
	h->ask.clean = 0;
	/* Also for the selection object, which shows it to whoever waits there. */
	shutdown(h->request_fd, SHUT_RDWR);
	shutdown(h->callback_fd, SHUT_RDWR);
	return aisf_closing(h) ? AISF_BAD_HANDLE : AISF_LIBRARY;
}

/* The answer lies in memory: is it one? */
static unsigned from_memory(struct aisf_handle *h, uint32_t op, struct aisf_answer *answer)
{
	const unsigned char *p = aisf_memory_answer(h->ask.memory);
	struct aisf_wire_head head;

	if (!aisf_wire_head(p, &head) || head.seq != h->ask.seq || head.op != op || head.error == 0 || head.size > AISF_MEMORY_AREA)
		return aisf_ask_broken(h);
	answer->body = p + AISF_HEADER;
	answer->size = head.size - AISF_HEADER;
	return head.error;
}

static unsigned ask(struct aisf_handle *h, struct aisf_request *r, int64_t deadline, struct aisf_answer *answer)
{
	struct aisf_asking *a = &h->ask;
	struct aisf_wire_head head;
	enum outcome o;
	size_t have = 0;
	int watches;

	if (!hold(a, 0, FIRST_ROOM))
		return AISF_NO_MEMORY;
	if (++a->seq == 0)
		a->seq = 1;
	aisf_wire_header(r, a->seq);
	watches = aisf_memory_watch(a->memory, a->seq);
	o = aisf_memory_post(h, r) ? DONE : send_all(h, r, deadline);
	if (o != DONE) {
		if (watches)
			aisf_memory_look_away(a->memory, a->seq);
		return o == EXPIRED ? AISF_TIMEOUT : o == FULL ? AISF_NO_MEMORY : aisf_ask_broken(h);
	}
	if (watches && aisf_memory_await(a->memory, a->seq, deadline))
		return from_memory(h, r->op, answer);
	switch (receive(h, r->op, deadline, &head, &have)) {
	case DONE:
		answer->body = a->in + AISF_HEADER;
		answer->size = head.size - AISF_HEADER;
		return head.error;
	case EXPIRED:
		give_up(h, have);
		return AISF_TIMEOUT;
	case FULL:
		give_up(h, have);
		return AISF_NO_MEMORY;
	default:
		return aisf_ask_broken(h);
	}
}

unsigned aisf_ask(struct aisf_handle *h, struct aisf_request *r, int64_t deadline, struct aisf_answer *answer)
{
	int kept = errno;
	unsigned error;

	answer->body = NULL;
	answer->size = 0;
	/* A handle that asks often is worth the memory. */
	if (h->ask.shares && ++h->ask.asked > OFTEN && deadline == AISF_NEVER) {
		h->ask.shares = 0;
		h->ask.memory = aisf_memory_open(h);
	}
	/* What does not fit into the socket at once is waited for, however long. */
	error = ask(h, r, r->size <= WHOLE ? deadline : AISF_NEVER, answer);
	errno = kept;
	return aisf_closing(h) ? AISF_BAD_HANDLE : error;
}

void aisf_ask_end(struct aisf_handle *h)
{
	if (h->ask.in_room > KEEP)
		aisf_ask_close(h);
}

void aisf_ask_close(struct aisf_handle *h)
{
	free(h->ask.in);
	h->ask.in = NULL;
	h->ask.in_room = 0;
}
