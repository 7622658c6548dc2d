/*
 * evt.h: what the adapters of both generations of the event service share. The
 * functions take a service handle that the caller got and do not give it back.
 */
#ifndef AISF_EVT_H
#define AISF_EVT_H

#include "capi/front/object.h"
#include "capi/front/service.h"

enum { AISF_NAME_MAX = 256, AISF_PATTERNS_MAX = 64, AISF_PATTERN_MAX = 1024, AISF_DATA_MAX = 65536, AISF_RESERVED_IDS = 1000,
	AISF_CHANNELS_MAX = 4096 };

/* A channel to open. id receives the handle. */
struct aisf_opening {
	const uint8_t *name;
	unsigned length, flags;
};
unsigned aisf_evt_open(struct aisf_handle *h, const struct aisf_opening *o, int64_t timeout_ns, uint64_t *id);
unsigned aisf_evt_open_async(struct aisf_handle *h, const struct aisf_opening *o, uint64_t invocation);
unsigned aisf_evt_close(struct aisf_handle *h, const struct aisf_ref *channel);
unsigned aisf_evt_unlink(struct aisf_handle *h, const uint8_t *name, unsigned length);

unsigned aisf_evt_allocate(struct aisf_handle *h, const struct aisf_ref *channel, uint64_t *id);
unsigned aisf_evt_free(struct aisf_handle *h, const struct aisf_ref *event);
unsigned aisf_evt_set(struct aisf_handle *h, struct aisrt_evt *attributes);
/* c->evt and c->out hold the attributes; free c->out afterwards. */
unsigned aisf_evt_get(struct aisf_handle *h, uint64_t event, struct aisrt_call *c);
/* size: in the room, out the size; as it was when the event is not there. */
unsigned aisf_evt_data(struct aisf_handle *h, uint64_t event, void *data, uint64_t *size);
unsigned aisf_evt_publish(struct aisf_handle *h, uint64_t event, const void *data, uint64_t size, uint64_t *id);

unsigned aisf_evt_subscribe(struct aisf_handle *h, uint64_t channel, const struct aisrt_pattern *filters,
	unsigned count, uint64_t subscription);
unsigned aisf_evt_unsubscribe(struct aisf_handle *h, uint64_t channel, uint64_t subscription);
unsigned aisf_evt_retention_clear(struct aisf_handle *h, uint64_t channel, uint64_t event_id);

/* SA_DISPATCH flags; ONE waits where EVT's did. Gives h back. */
unsigned aisf_evt_dispatch(struct aisf_handle *h, unsigned flags);

/*
 * Callbacks. opened is the error to tell, with the handle of the channel if there
 * is none; delivered is 0 when there is no memory for the event's handle: then it
 * is dropped.
 */
unsigned aisf_evt_opened(struct aisf_handle *h, const struct aisrt_call *c, uint64_t *id);
int aisf_evt_delivered(struct aisf_handle *h, const struct aisrt_call *c, uint64_t *id);

#endif /* AISF_EVT_H */
