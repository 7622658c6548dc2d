/*
 * evs_a01.c: extended virtual synchrony with the interface of openais of 2004:
 * handles of 32 bits passed by address, members named by IPv4 address.
 */
#include <string.h>

#include "capi/front/gen/adapters_a01.h"
#include "capi/front/service.h"

static evs_error_t result(unsigned neutral)
{
	return (evs_error_t)aisf_error_evs(neutral);
}

static struct aisf_handle *get(const evs_handle_t *handle)
{
	return handle == NULL ? NULL : aisf_get_short(*handle, AISF_EVS_A01);
}

/*
 * A node's address; of a node that has no IPv4 address its identifier in that
 * place, so that two nodes never look the same.
 */
static struct in_addr to_address(const struct aisrt_member *m)
{
	struct in_addr a;

	if (m->address_length == sizeof(a))
		memcpy(&a, m->address, sizeof(a));
	else
		a.s_addr = m->id;
	return a;
}

/* As in evs_b01.c: the addresses take the place of the records. */
static struct in_addr *pack(struct aisrt_call *c)
{
	unsigned char *to = c->out;
	const unsigned char *from = c->out;
	uint32_t i;

	for (i = 0; i < c->items; i++) {
		struct aisrt_member m;
		struct in_addr a;

		memcpy(&m, from + i * sizeof(m), sizeof(m));
		a = to_address(&m);
		memcpy(to + i * sizeof(a), &a, sizeof(a));
	}
	return c->out;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const evs_callbacks_t *k = h->own;
	struct aisrt_call *c = &e->call;
	struct in_addr *list;

	if (c->kind == AISRT_EVS_DELIVERED && k->evs_deliver_fn != NULL) {
		k->evs_deliver_fn(to_address(&c->sender), c->out, (int)c->items);
		return 1;
	}
	if (c->kind != AISRT_EVS_CONFCHG || k->evs_confchg_fn == NULL)
		return 0;
	list = pack(c);
	k->evs_confchg_fn(list, (int)c->members, list + c->members, (int)c->left,
		list + c->members + c->left, (int)c->joined);
	return 1;
}

evs_error_t aisf_a01_evs_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks)
{
	struct aisf_handle *h;
	unsigned error;

	if (handle == NULL)
		return EVS_ERR_INVALID_PARAM;
	error = aisf_initialize(AISF_EVS_A01, AISF_SERVICE_EVS, 'A', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*handle = aisf_short_id(h);
	return result(error);
}

evs_error_t aisf_a01_evs_finalize(evs_handle_t *handle)
{
	struct aisf_handle *h = get(handle);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

evs_error_t aisf_a01_evs_fd_get(evs_handle_t *handle, int *fd)
{
	struct aisf_handle *h = get(handle);

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	if (fd == NULL) {
		aisf_put(h);
		return EVS_ERR_INVALID_PARAM;
	}
	return result(aisf_selection_object(h, fd));
}

evs_error_t aisf_a01_evs_dispatch(evs_handle_t *handle, evs_dispatch_t dispatch_types)
{
	struct aisf_handle *h = get(handle);

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	if ((unsigned)dispatch_types > EVS_DISPATCH_BLOCKING) {
		aisf_put(h);
		return EVS_ERR_INVALID_PARAM;
	}
	return result(aisf_evs_dispatch(h, dispatch_types));
}

evs_error_t aisf_a01_evs_join(evs_handle_t *handle, struct evs_group *groups, int group_cnt)
{
	struct aisf_handle *h = get(handle);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_evs_groups(h, AISRT_EVS_JOIN, groups, group_cnt));
}

evs_error_t aisf_a01_evs_leave(evs_handle_t *handle, struct evs_group *groups, int group_cnt)
{
	struct aisf_handle *h = get(handle);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_evs_groups(h, AISRT_EVS_LEAVE, groups, group_cnt));
}

evs_error_t aisf_a01_evs_mcast_joined(evs_handle_t *handle, evs_guarantee_t guarantee,
	evs_priority_t priority, struct iovec *iovec, int iov_len)
{
	struct aisf_handle *h = get(handle);
	struct aisf_evs_message m;

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	memset(&m, 0, sizeof(m));
	m.guarantee = guarantee;
	m.priority = priority;
	m.parts = iovec;
	m.part_count = iov_len;
	return result(aisf_evs_mcast(h, &m, 0));
}

evs_error_t aisf_a01_evs_mcast_groups(evs_handle_t *handle, evs_guarantee_t guarantee,
	evs_priority_t priority, struct evs_group *groups, int group_cnt, struct iovec *iovec, int iov_len)
{
	struct aisf_handle *h = get(handle);
	struct aisf_evs_message m;

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	m.guarantee = guarantee;
	m.priority = priority;
	m.groups = groups;
	m.group_count = group_cnt;
	m.parts = iovec;
	m.part_count = iov_len;
	return result(aisf_evs_mcast(h, &m, 1));
}
