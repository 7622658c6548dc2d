/*
 * amf.h: the Availability Management Framework without a generation's types: what
 * its three adapters are written with.
 *
 * Owns: requests on a handle, the arguments that every generation checks alike, and
 * which callbacks wait for an answer.
 */
#ifndef AISF_AMF_H
#define AISF_AMF_H

#include "capi/front/service.h"

/* Recommended recoveries, of B.01.01. */
enum { AISF_AMF_NO_RECOMMENDATION = 1, AISF_AMF_APPLICATION_RESTART = 8, AISF_AMF_CONTAINER_RESTART = 9 };

/* What every adapter keeps for a handle, first in its own part. */
struct aisf_amf {
	uint32_t callbacks; /* enum aisrt_amf_callbacks */
	uint64_t id;        /* the handle's, set when it is open */
};

/* Opens a handle; own begins with a struct aisf_amf. component: what the process was
 * started as, or NULL. */
unsigned aisf_amf_open(enum aisf_type type, uint32_t generation, aisf_run_fn *run, void *own,
	void (*own_free)(void *), const char *component, struct aisf_handle **h);

/*
 * Names as SaNameT has them. They are never looked at before their length is known
 * to be right.
 */
int aisf_amf_is_name(const void *name);
/* Also right: NULL. */
int aisf_amf_is_name_or_none(const void *name);
/* The arguments of a request that are names; NULL leaves them out. */
void aisf_amf_component(struct aisrt_amf *a, const void *name);
void aisf_amf_other(struct aisrt_amf *a, const void *name);

/* Recovery and answers that an application may give, as B.01.01 numbers them. */
int aisf_amf_is_recovery(unsigned recovery);
int aisf_amf_is_answer(unsigned error);

/* One request on a handle, which is given back: a has the arguments, and with OK the
 * value. invocation: of the requests that answer a callback. */
unsigned aisf_amf_request(struct aisf_handle *h, uint32_t op, uint64_t invocation, struct aisrt_amf *a);

/* The component that is registered through h, which is given back. */
unsigned aisf_amf_name(struct aisf_handle *h, struct aisrt_name *name);

/*
 * Following a protection group. array: where the current one goes, room entries of
 * it; NULL with a store that makes it. Neither array nor store: by callback.
 */
struct aisf_amf_track {
	const void *csi; /* a right name */
	unsigned flags;
	void *array;
	uint32_t room;
	int wants; /* the current one in the answer */
	/* Puts n members into array, or where it makes room; 0: no memory. */
	int (*store)(struct aisf_amf_track *t, const struct aisrt_amf_member *members, uint32_t n);
	void *arg;
	uint32_t items; /* out: how many there are, with AISF_NO_SPACE too */
};
/* SA_TRACK flags that make sense. */
int aisf_amf_is_track(unsigned flags);
/* h stays the caller's. */
unsigned aisf_amf_track(struct aisf_handle *h, struct aisf_amf_track *t);

/* What an event of AISRT_AMF_GROUP carries. */
const struct aisrt_amf_member *aisf_amf_members(const struct aisrt_call *c);
const struct aisrt_name *aisf_amf_csi(const struct aisrt_call *c);

/*
 * Callbacks that were handed to the application and wait for an answer. Each gets a
 * number of 31 bits, unique in the process while it waits; a forked child knows
 * none. complete: the answer is followed by another one (saAmfStoppingComplete,
 * saAmfCSIQuiescingComplete).
 */
unsigned aisf_amf_expect(const struct aisf_handle *h, uint64_t invocation, int complete, uint32_t *number);
/* 0: there is none. */
int aisf_amf_expected(uint32_t number, uint64_t *handle, uint64_t *invocation);
int aisf_amf_waits(uint64_t handle, uint64_t invocation);
/* The answer was taken: last, or another follows if the callback is such a one. */
void aisf_amf_answered(uint64_t handle, uint64_t invocation, int last);
/* A handle is gone. */
void aisf_amf_forget(uint64_t handle);

#endif /* AISF_AMF_H */
