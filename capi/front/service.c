/*
 * service.c: requests that do not depend on a generation's types.
 */
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "capi/front/ask.h"
#include "capi/front/ring.h"
#include "capi/front/service.h"

/* The runtime reads the application's vector as it is. */
typedef char part_is_an_iovec[
	sizeof(struct aisrt_part) == sizeof(struct iovec) &&
	offsetof(struct aisrt_part, base) == offsetof(struct iovec, iov_base) &&
	offsetof(struct aisrt_part, size) == offsetof(struct iovec, iov_len) ? 1 : -1];

unsigned aisf_initialize(enum aisf_type type, uint32_t service, uint32_t generation, aisf_run_fn *run,
	const void *callbacks, size_t size, struct aisf_handle **h)
{
	void *own = calloc(1, size);
	unsigned error;
	int cancel;

	if (own == NULL)
		return AISF_NO_MEMORY;
	if (callbacks != NULL)
		memcpy(own, callbacks, size);
	cancel = aisf_cancel_off();
	error = aisf_open(type, service, generation, aisf_deadline(AISF_HANDSHAKE_NS), run, own, free, h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_simple(struct aisf_handle *h, uint32_t op, aisf_fill_fn *fill, const void *arg)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h, op, AISF_NEVER, &c);

	if (error == AISF_OK) {
		if (fill != NULL)
			fill(c, arg);
		error = aisf_run(h, c, AISF_NEVER);
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_selection_object(struct aisf_handle *h, int *fd)
{
	unsigned error = AISF_OK;
	struct pollfd p;

	p.fd = h->callback_fd;
	p.events = 0;
	p.revents = 0;
	if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		/* Finalize of another thread ends it as the executive's death does. */
		error = aisf_closing(h) ? AISF_BAD_HANDLE : AISF_LIBRARY;
	else
		*fd = h->callback_fd;
	aisf_put(h);
	return error;
}

enum { SA_ONE = 1, SA_ALL = 2, SA_BLOCKING = 3 };

int aisf_is_sa_dispatch(unsigned flags)
{
	return flags >= SA_ONE && flags <= SA_BLOCKING;
}

unsigned aisf_sa_dispatch(struct aisf_handle *h, unsigned flags)
{
	if (flags == SA_ALL)
		return aisf_dispatch(h, AISF_ALL);
	if (flags == SA_BLOCKING)
		return aisf_dispatch(h, AISF_BLOCKING);
	return aisf_dispatch(h, aisf_one_blocks ? AISF_ONE_WAIT : AISF_ONE);
}

/* The same request by way of the runtime. */
static unsigned node_by_runtime(struct aisf_handle *h, uint32_t id, int64_t deadline, struct aisrt_node *node)
{
	struct aisrt_call *c = aisf_block_for(h, AISRT_CLM_NODE_GET);
	unsigned error;

	c->node_id = id;
	c->timeout_ns = aisf_remaining(deadline);
	error = aisf_run(h, c, deadline);
	if (error == AISF_OK)
		memcpy(node, c->out, sizeof(*node));
	return error;
}

static unsigned node_get(struct aisf_handle *h, uint32_t id, int64_t deadline, struct aisrt_node *node)
{
	struct aisf_request r;
	struct aisf_answer a;
	unsigned error;

	aisf_wire_clm_node_get(&r, id, 0, aisf_remaining(deadline));
	if (!aisf_may_ask(h, &r))
		return node_by_runtime(h, id, deadline, node);
	error = aisf_ask(h, &r, deadline, &a);
	return error == AISF_OK && !aisf_wire_node(a.body, a.size, node) ? aisf_ask_broken(h) : error;
}

unsigned aisf_clm_node_get(struct aisf_handle *h, uint32_t id, int64_t deadline, struct aisrt_node *node)
{
	int cancel = aisf_cancel_off();
	unsigned error = aisf_turn(h, deadline);

	if (error == AISF_OK) {
		error = node_get(h, id, deadline, node);
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return error;
}

struct groups {
	const void *groups;
	int count;
};

static void fill_groups(struct aisrt_call *c, const void *arg)
{
	const struct groups *g = arg;

	c->groups = g->groups;
	c->group_count = (uint32_t)g->count;
}

unsigned aisf_evs_groups(struct aisf_handle *h, uint32_t op, const void *groups, int count)
{
	struct groups g;
	unsigned error;

	g.groups = groups;
	g.count = count;
	if (groups == NULL || count <= 0 || count > AISF_EVS_GROUPS_MAX) {
		aisf_put(h);
		return groups != NULL && count > 0 ? AISF_TOO_MANY_GROUPS : AISF_INVALID_PARAM;
	}
	/* h itself is given back in between. */
	aisf_use(h);
	error = aisf_simple(h, op, fill_groups, &g);
	aisf_ring_joined(h->ring, op, count, error);
	aisf_put(h);
	return error;
}

static void fill_message(struct aisrt_call *c, const void *arg)
{
	const struct aisf_evs_message *m = arg;

	c->guarantee = m->guarantee;
	c->priority = m->priority;
	c->groups = m->groups;
	c->group_count = (uint32_t)m->group_count;
	c->parts = m->parts;
	c->part_count = (uint32_t)m->part_count;
}

static unsigned check_message(const struct aisf_evs_message *m, int to_groups)
{
	const struct aisrt_part *parts = m->parts;
	int i;

	if (m->guarantee > 3 || m->priority > 3)
		return AISF_INVALID_PARAM;
	if (m->part_count < 0 || m->part_count > AISF_EVS_PARTS_MAX || (m->parts == NULL && m->part_count > 0))
		return AISF_INVALID_PARAM;
	for (i = 0; i < m->part_count; i++)
		if (parts[i].base == NULL && parts[i].size > 0)
			return AISF_INVALID_PARAM;
	if (to_groups && (m->groups == NULL || m->group_count <= 0))
		return AISF_INVALID_PARAM;
	if (to_groups && m->group_count > AISF_EVS_GROUPS_MAX)
		return AISF_TOO_MANY_GROUPS;
	return AISF_OK;
}

unsigned aisf_evs_mcast(struct aisf_handle *h, const struct aisf_evs_message *m, int to_groups)
{
	unsigned error = check_message(m, to_groups);

	int cancel;

	if (error == AISF_OK) {
		cancel = aisf_cancel_off();
		error = aisf_ring_send(h, m, to_groups);
		if (error == AISF_RING_NOT) {
			aisf_cancel_restore(cancel);
			return aisf_simple(h, AISRT_EVS_MCAST, fill_message, m);
		}
		aisf_put(h);
		aisf_cancel_restore(cancel);
		return error;
	}
	aisf_put(h);
	return error;
}

unsigned aisf_evs_dispatch(struct aisf_handle *h, unsigned flags)
{
	static const enum aisf_dispatch how[] = {AISF_ONE_WAIT, AISF_ALL, AISF_BLOCKING};

	return aisf_dispatch(h, how[flags]);
}
