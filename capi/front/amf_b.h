/*
 * amf_b.h: the functions of generation B of the Availability Management Framework
 * that openais and OpenSAF have alike, as far as bytes go: names, health check keys
 * and numbers. Arguments are checked before the handle.
 */
#ifndef AISF_AMF_B_H
#define AISF_AMF_B_H

#include "capi/front/amf.h"

/* A handle as an adapter has it. */
struct aisf_amf_b {
	uint64_t id;
	enum aisf_type type;
};

/* Opens a handle for the process's component; version 0: it fits. */
unsigned aisf_amf_b_open(enum aisf_type type, aisf_run_fn *run, void *own, void (*own_free)(void *), uint64_t *id);
unsigned aisf_amf_b_object(struct aisf_amf_b h, int *fd);
unsigned aisf_amf_b_dispatch(struct aisf_amf_b h, unsigned flags);
unsigned aisf_amf_b_finalize(struct aisf_amf_b h);

unsigned aisf_amf_b_register(struct aisf_amf_b h, const void *component, const void *proxy);
unsigned aisf_amf_b_unregister(struct aisf_amf_b h, const void *component, const void *proxy);
unsigned aisf_amf_b_name(struct aisf_amf_b h, struct aisrt_name *name);

unsigned aisf_amf_b_pm_start(struct aisf_amf_b h, const void *component, int64_t pid, int32_t depth, uint32_t errors, unsigned recovery);
unsigned aisf_amf_b_pm_stop(struct aisf_amf_b h, const void *component, unsigned which, int64_t pid, uint32_t errors);

/* key: a SaAmfHealthcheckKeyT. */
struct aisf_amf_key {
	uint8_t bytes[32];
	uint16_t size;
};
unsigned aisf_amf_b_check_start(struct aisf_amf_b h, const void *component, const void *key, unsigned invoker, unsigned recovery);
unsigned aisf_amf_b_check_confirm(struct aisf_amf_b h, const void *component, const void *key, unsigned answer);
unsigned aisf_amf_b_check_stop(struct aisf_amf_b h, const void *component, const void *key);

unsigned aisf_amf_b_ha_state(struct aisf_amf_b h, const void *component, const void *csi, uint32_t *state);
unsigned aisf_amf_b_ha_readiness(struct aisf_amf_b h, const void *component, const void *csi, unsigned state);
unsigned aisf_amf_b_track_stop(struct aisf_amf_b h, const void *csi);
/* t is filled but for items; nothing: no array may be given. */
unsigned aisf_amf_b_track(struct aisf_amf_b h, struct aisf_amf_track *t);
unsigned aisf_amf_b_report(struct aisf_amf_b h, const void *component, int64_t time, unsigned recovery, uint64_t ntf_id);
unsigned aisf_amf_b_clear(struct aisf_amf_b h, const void *component, uint64_t ntf_id);
/* op: AISRT_AMF_RESPONSE or AISRT_AMF_QUIESCING_COMPLETE. */
unsigned aisf_amf_b_answer(struct aisf_amf_b h, uint32_t op, uint64_t invocation, unsigned error);

/* The attributes behind an event, name and value by turns; from malloc, NULL when
 * there are none or no memory. */
void *aisf_amf_b_attributes(const struct aisrt_amf_event *e);

#endif /* AISF_AMF_B_H */
