/*
 * evs_b01.c: extended virtual synchrony with the interface of openais 0.80:
 * handles of 64 bits, members named by node identifier.
 */
#include <string.h>

#include "capi/front/gen/adapters_b01.h"
#include "capi/front/service.h"

static evs_error_t result(unsigned neutral)
{
	return (evs_error_t)aisf_error_evs(neutral);
}

/*
 * The identifiers of a configuration's members, left and joined, packed into the
 * memory of the records themselves: an identifier is not larger than a record
 * and lies before all that are still to be read.
 */
static unsigned int *pack(struct aisrt_call *c)
{
	unsigned char *to = c->out;
	const unsigned char *from = c->out;
	uint32_t i;

	for (i = 0; i < c->items; i++) {
		struct aisrt_member m;
		unsigned int id;

		memcpy(&m, from + i * sizeof(m), sizeof(m));
		id = m.id;
		memcpy(to + i * sizeof(id), &id, sizeof(id));
	}
	return c->out;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const evs_callbacks_t *k = h->own;
	struct aisrt_call *c = &e->call;
	unsigned int *ids;

	if (c->kind == AISRT_EVS_DELIVERED && k->evs_deliver_fn != NULL) {
		k->evs_deliver_fn(c->sender.id, c->out, (int)c->items);
		return 1;
	}
	if (c->kind != AISRT_EVS_CONFCHG || k->evs_confchg_fn == NULL)
		return 0;
	ids = pack(c);
	k->evs_confchg_fn(ids, (int)c->members, ids + c->members, (int)c->left,
		ids + c->members + c->left, (int)c->joined);
	return 1;
}

evs_error_t aisf_b01_evs_initialize(evs_handle_t *handle, evs_callbacks_t *callbacks)
{
	struct aisf_handle *h;
	unsigned error;

	if (handle == NULL)
		return EVS_ERR_INVALID_PARAM;
	error = aisf_initialize(AISF_EVS_B01, AISF_SERVICE_EVS, 'B', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*handle = h->id;
	return result(error);
}

evs_error_t aisf_b01_evs_finalize(evs_handle_t handle)
{
	struct aisf_handle *h = aisf_get(handle, AISF_EVS_B01);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

evs_error_t aisf_b01_evs_fd_get(evs_handle_t handle, int *fd)
{
	struct aisf_handle *h;

	if (fd == NULL)
		return EVS_ERR_INVALID_PARAM;
	h = aisf_get(handle, AISF_EVS_B01);
	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	return result(aisf_selection_object(h, fd));
}

evs_error_t aisf_b01_evs_dispatch(evs_handle_t handle, evs_dispatch_t dispatch_types)
{
	struct aisf_handle *h;

	if ((unsigned)dispatch_types > EVS_DISPATCH_BLOCKING)
		return EVS_ERR_INVALID_PARAM;
	h = aisf_get(handle, AISF_EVS_B01);
	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	return result(aisf_evs_dispatch(h, dispatch_types));
}

evs_error_t aisf_b01_evs_join(evs_handle_t handle, struct evs_group *groups, int group_cnt)
{
	struct aisf_handle *h = aisf_get(handle, AISF_EVS_B01);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_evs_groups(h, AISRT_EVS_JOIN, groups, group_cnt));
}

evs_error_t aisf_b01_evs_leave(evs_handle_t handle, struct evs_group *groups, int group_cnt)
{
	struct aisf_handle *h = aisf_get(handle, AISF_EVS_B01);

	return h == NULL ? EVS_ERR_BAD_HANDLE : result(aisf_evs_groups(h, AISRT_EVS_LEAVE, groups, group_cnt));
}

evs_error_t aisf_b01_evs_mcast_joined(evs_handle_t handle, evs_guarantee_t guarantee,
	struct iovec *iovec, int iov_len)
{
	struct aisf_handle *h = aisf_get(handle, AISF_EVS_B01);
	struct aisf_evs_message m;

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	memset(&m, 0, sizeof(m));
	m.guarantee = guarantee;
	m.priority = AISF_EVS_PRIO_MED;
	m.parts = iovec;
	m.part_count = iov_len;
	return result(aisf_evs_mcast(h, &m, 0));
}

evs_error_t aisf_b01_evs_mcast_groups(evs_handle_t handle, evs_guarantee_t guarantee,
	struct evs_group *groups, int group_cnt, struct iovec *iovec, int iov_len)
{
	struct aisf_handle *h = aisf_get(handle, AISF_EVS_B01);
	struct aisf_evs_message m;

	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	m.guarantee = guarantee;
	m.priority = AISF_EVS_PRIO_MED;
	m.groups = groups;
	m.group_count = group_cnt;
	m.parts = iovec;
	m.part_count = iov_len;
	return result(aisf_evs_mcast(h, &m, 1));
}

static void tell_members(const struct aisrt_call *c, unsigned int *local_nodeid,
	unsigned int *list, unsigned int *entries)
{
	const struct aisrt_member *m = c->out;
	unsigned int i;

	if (local_nodeid != NULL)
		*local_nodeid = c->node_id;
	if (entries == NULL)
		return;
	for (i = 0; list != NULL && i < *entries && i < c->items; i++)
		list[i] = m[i].id;
	*entries = c->items;
}

evs_error_t aisf_b01_evs_membership_get(evs_handle_t handle, unsigned int *local_nodeid,
	unsigned int *member_list, unsigned int *member_list_entries)
{
	struct aisf_handle *h;
	struct aisrt_call *c;
	unsigned error;
	int cancel;

	if (member_list != NULL && member_list_entries == NULL)
		return EVS_ERR_INVALID_PARAM;
	h = aisf_get(handle, AISF_EVS_B01);
	if (h == NULL)
		return EVS_ERR_BAD_HANDLE;
	cancel = aisf_cancel_off();
	error = aisf_begin(h, AISRT_EVS_MEMBERSHIP, AISF_NEVER, &c);
	if (error == AISF_OK) {
		error = aisf_run(h, c, AISF_NEVER);
		if (error == AISF_OK)
			tell_members(c, local_nodeid, member_list, member_list_entries);
		aisf_end(h);
	}
	aisf_put(h);
	aisf_cancel_restore(cancel);
	return result(error);
}
