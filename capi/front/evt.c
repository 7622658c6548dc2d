/*
 * evt.c: the event service without a generation's types: requests, what is done
 * with events in this process, and the handles of channels and events.
 */
#include <stdlib.h>
#include <string.h>

#include "capi/front/ask.h"
#include "capi/front/evt.h"

/* The executive ends an opening at its time and says so. This is how much longer
 * a silent one is waited for: an opening that was given up lasts until Finalize. */
#define GRACE_NS ((int64_t)500 * 1000000)

/*
 * One request: what is in the arguments of ask goes out, what came back is there
 * afterwards. turn and end are deadlines: for the turn of the handle, for all.
 */
static unsigned request(struct aisf_handle *h, struct aisrt_call *ask, int64_t turn, int64_t end)
{
	struct aisrt_call *c;
	int cancel = aisf_cancel_off();
	unsigned error = aisf_begin(h, ask->op, turn, &c);

	if (error == AISF_OK) {
		c->flags = ask->flags;
		c->invocation = ask->invocation;
		c->timeout_ns = turn == AISF_NEVER ? ask->timeout_ns : aisf_remaining(turn);
		c->parts = ask->parts;
		c->part_count = ask->part_count;
		c->evt = ask->evt;
		error = aisf_run(h, c, end);
		ask->evt = c->evt;
		aisf_end(h);
	}
	aisf_cancel_restore(cancel);
	return error;
}

/* What needs no executive. The caller frees out. */
static unsigned local(struct aisf_handle *h, struct aisrt_call *c)
{
	int cancel = aisf_cancel_off();
	unsigned error;

	c->conn = h->conn;
	error = aisf_run(h, c, AISF_NEVER);
	aisf_cancel_restore(cancel);
	return error;
}

static void ask_for(struct aisrt_call *c, uint32_t op)
{
	memset(c, 0, sizeof(*c));
	c->op = op;
}

static void ask_to_open(struct aisrt_call *c, uint32_t op, const struct aisf_opening *o)
{
	ask_for(c, op);
	c->flags = o->flags;
	c->evt.name = o->name;
	c->evt.name_length = o->length;
}

static unsigned close_channel(struct aisf_handle *h, uint64_t channel)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_CLOSE);
	c.evt.channel = channel;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

/* The handle of a channel that was opened; without one it is closed again. */
static unsigned channel_handle(struct aisf_handle *h, uint64_t channel, uint64_t *id)
{
	unsigned error = aisf_object_add(h, AISF_CHANNEL, channel, 0, id);

	if (error != AISF_OK)
		close_channel(h, channel);
	return error;
}

unsigned aisf_evt_open(struct aisf_handle *h, const struct aisf_opening *o, int64_t timeout_ns, uint64_t *id)
{
	int64_t turn = aisf_deadline(timeout_ns > 0 ? timeout_ns : 0);
	struct aisrt_call c;
	unsigned error;

	ask_to_open(&c, AISRT_EVT_OPEN, o);
	if (timeout_ns <= 0)
		return AISF_TIMEOUT;
	c.timeout_ns = timeout_ns;
	error = request(h, &c, turn, turn > AISF_NEVER - GRACE_NS ? AISF_NEVER : turn + GRACE_NS);
	return error == AISF_OK ? channel_handle(h, c.evt.channel, id) : error;
}

unsigned aisf_evt_open_async(struct aisf_handle *h, const struct aisf_opening *o, uint64_t invocation)
{
	struct aisrt_call c;

	ask_to_open(&c, AISRT_EVT_OPEN_ASYNC, o);
	c.invocation = invocation;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

unsigned aisf_evt_close(struct aisf_handle *h, const struct aisf_ref *channel)
{
	unsigned error = close_channel(h, channel->number);

	if (error == AISF_OK) {
		aisf_object_drop_events(h, channel->number);
		aisf_object_drop(channel->id);
	}
	return error;
}

unsigned aisf_evt_unlink(struct aisf_handle *h, const uint8_t *name, unsigned length)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_UNLINK);
	c.evt.name = name;
	c.evt.name_length = length;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

unsigned aisf_evt_allocate(struct aisf_handle *h, const struct aisf_ref *channel, uint64_t *id)
{
	struct aisrt_call c;
	unsigned error;

	ask_for(&c, AISRT_EVT_ALLOCATE);
	c.evt.channel = channel->number;
	error = local(h, &c);
	if (error != AISF_OK)
		return error;
	error = aisf_object_add(h, AISF_EVENT, c.evt.event, channel->number, id);
	if (error != AISF_OK) {
		c.op = AISRT_EVT_FREE;
		local(h, &c);
	}
	return error;
}

unsigned aisf_evt_free(struct aisf_handle *h, const struct aisf_ref *event)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_FREE);
	c.evt.event = event->number;
	/* Whatever comes of it: BAD_HANDLE means that it is gone there. */
	aisf_object_drop(event->id);
	return local(h, &c);
}

unsigned aisf_evt_set(struct aisf_handle *h, struct aisrt_evt *attributes)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_ATTRIBUTES_SET);
	c.evt = *attributes;
	return local(h, &c);
}

unsigned aisf_evt_get(struct aisf_handle *h, uint64_t event, struct aisrt_call *c)
{
	ask_for(c, AISRT_EVT_ATTRIBUTES_GET);
	c->evt.event = event;
	return local(h, c);
}

unsigned aisf_evt_data(struct aisf_handle *h, uint64_t event, void *data, uint64_t *size)
{
	struct aisrt_call c;
	unsigned error;

	ask_for(&c, AISRT_EVT_DATA_GET);
	c.evt.event = event;
	c.evt.data = data;
	c.evt.data_room = *size > AISF_DATA_MAX ? AISF_DATA_MAX : (uint32_t)*size;
	error = local(h, &c);
	if (error == AISF_OK || error == AISF_NO_SPACE)
		*size = c.out_size;
	return error;
}

/*
 * Publishes with the turn of h: what goes before the data is the runtime's, the rest
 * is done here. *done is 0 when the runtime has to do all of it.
 */
static unsigned publish(struct aisf_handle *h, uint64_t event, const void *data, uint64_t size, uint64_t *id, int *done)
{
	struct aisrt_call *c = aisf_block_for(h, AISRT_EVT_HEAD);
	struct aisf_request r;
	struct aisf_answer a;
	uint64_t made;
	int64_t time;
	unsigned error;

	*done = 1;
	c->evt.event = event;
	error = aisf_run(h, c, AISF_NEVER);
	if (error != AISF_OK)
		return error;
	aisf_wire_publish(&r, c->out, c->items, data, size);
	*done = aisf_may_ask(h, &r);
	if (!*done)
		return AISF_OK;
	error = aisf_ask(h, &r, AISF_NEVER, &a);
	if (error != AISF_OK)
		return error;
	if (!aisf_wire_published(a.body, a.size, &made, &time))
		return aisf_ask_broken(h);
	c = aisf_block_for(h, AISRT_EVT_PUBLISHED);
	c->evt.event = event;
	c->evt.id = *id = made;
	c->evt.time = time;
	return aisf_run(h, c, AISF_NEVER);
}

static unsigned publish_here(struct aisf_handle *h, uint64_t event, const void *data, uint64_t size, uint64_t *id, int *done)
{
	int cancel = aisf_cancel_off();
	unsigned error = aisf_turn(h, AISF_NEVER);

	*done = 1;
	if (error == AISF_OK) {
		*done = 0;
		if (h->ask.clean)
			error = publish(h, event, data, size, id, done);
		aisf_end(h);
	}
	aisf_cancel_restore(cancel);
	return error;
}

unsigned aisf_evt_publish(struct aisf_handle *h, uint64_t event, const void *data, uint64_t size, uint64_t *id)
{
	struct aisrt_part part;
	struct aisrt_call c;
	unsigned error;
	int done;

	if (size > AISF_DATA_MAX)
		return AISF_TOO_BIG;
	error = publish_here(h, event, data, size, id, &done);
	if (done)
		return error;
	ask_for(&c, AISRT_EVT_PUBLISH);
	c.evt.event = event;
	part.base = data;
	part.size = (size_t)size;
	c.parts = &part;
	c.part_count = 1;
	error = request(h, &c, AISF_NEVER, AISF_NEVER);
	if (error == AISF_OK)
		*id = c.evt.id;
	return error;
}

unsigned aisf_evt_subscribe(struct aisf_handle *h, uint64_t channel, const struct aisrt_pattern *filters,
	unsigned count, uint64_t subscription)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_SUBSCRIBE);
	c.evt.channel = channel;
	c.evt.patterns = filters;
	c.evt.pattern_count = count;
	c.evt.subscription = subscription;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

unsigned aisf_evt_unsubscribe(struct aisf_handle *h, uint64_t channel, uint64_t subscription)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_UNSUBSCRIBE);
	c.evt.channel = channel;
	c.evt.subscription = subscription;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

unsigned aisf_evt_retention_clear(struct aisf_handle *h, uint64_t channel, uint64_t event_id)
{
	struct aisrt_call c;

	ask_for(&c, AISRT_EVT_RETENTION_CLEAR);
	c.evt.channel = channel;
	c.evt.id = event_id;
	return request(h, &c, AISF_NEVER, AISF_NEVER);
}

unsigned aisf_evt_dispatch(struct aisf_handle *h, unsigned flags)
{
	enum { ONE = 1 };

	if (flags == ONE)
		return aisf_dispatch(h, aisf_one_blocks_evt ? AISF_ONE_WAIT : AISF_ONE);
	return aisf_sa_dispatch(h, flags);
}

unsigned aisf_evt_opened(struct aisf_handle *h, const struct aisrt_call *c, uint64_t *id)
{
	*id = 0;
	return c->result == AISF_OK ? channel_handle(h, c->evt.channel, id) : c->result;
}

int aisf_evt_delivered(struct aisf_handle *h, const struct aisrt_call *c, uint64_t *id)
{
	struct aisrt_call drop;

	if (aisf_object_add(h, AISF_EVENT, c->evt.event, c->evt.channel, id) == AISF_OK)
		return 1;
	ask_for(&drop, AISRT_EVT_FREE);
	drop.evt.event = c->evt.event;
	local(h, &drop);
	return 0;
}
