/*
 * aisrt_amf.h: the part of a call block that belongs to the availability management
 * framework, and what its callbacks look like. Included by aisrt.h only; its rules
 * are those of that file. Numbers are those of B.01.01 and of libais/ipcwire/amf.go.
 */
#ifndef AISRT_AMF_H
#define AISRT_AMF_H

#include <stdint.h>

/* A name, laid out as SaNameT is in every generation. */
struct aisrt_name {
	uint16_t size;
	uint8_t bytes[256];
};

/* What OPEN says of the process's callbacks. */
enum aisrt_amf_callbacks {
	AISRT_AMF_HAS_HEALTHCHECK = 1 << 0,
	AISRT_AMF_HAS_TERMINATE = 1 << 1,
	AISRT_AMF_HAS_CSI_SET = 1 << 2,
	AISRT_AMF_HAS_CSI_REMOVE = 1 << 3,
	AISRT_AMF_HAS_TRACK = 1 << 4,
	AISRT_AMF_HAS_INSTANTIATE = 1 << 5,
	AISRT_AMF_HAS_CLEANUP = 1 << 6,
	AISRT_AMF_HAS_READINESS = 1 << 7,
	AISRT_AMF_HAS_EXTERNAL_RESTART = 1 << 8,
	AISRT_AMF_HAS_EXTERNAL_CONTROL = 1 << 9,
	AISRT_AMF_HAS_OPERATION_CONFIRM = 1 << 10,
	AISRT_AMF_HAS_OPERATION_EXPIRED = 1 << 11,
	AISRT_AMF_HAS_CONTAINED = 1 << 12,
	AISRT_AMF_HAS_HA_READINESS = 1 << 13 /* its group callback is B.04's */
};

enum { AISRT_AMF_INTERNALLY_RECOVERED = 100 };

/* Arguments and results of requests. */
struct aisrt_amf {
	const void *component; /* of most; OPEN: what the process was started as */
	const void *other;     /* proxy, instance, or who reports */
	const void *key;
	const void *texts[3]; /* of a report: problem, text, information */
	uint32_t component_size;
	uint32_t other_size;
	uint32_t key_size;
	uint32_t text_sizes[3];
	uint64_t ntf_id;
	int64_t pid;
	int64_t time;
	int32_t depth;
	uint32_t errors;   /* of monitoring */
	uint32_t what;     /* who invokes a check; which processes */
	uint32_t recovery;
	uint32_t answer;   /* what a component says of its work */
	uint32_t value;    /* a state, in or out */
	uint32_t kind, cause, severity; /* of a report */
	uint32_t callbacks;             /* OPEN */
};

/* Which callback an AISRT_AMF_CALLED is. */
enum aisrt_amf_call {
	AISRT_AMF_HEALTHCHECK = 1,
	AISRT_AMF_TERMINATE,
	AISRT_AMF_READINESS,
	AISRT_AMF_CSI_SET,
	AISRT_AMF_CSI_REMOVE,
	AISRT_AMF_INSTANTIATE,
	AISRT_AMF_CLEANUP,
	AISRT_AMF_EXTERNAL_RESTART,
	AISRT_AMF_EXTERNAL_CONTROL,
	AISRT_AMF_OPERATION_CONFIRM,
	AISRT_AMF_OPERATION_EXPIRED
};

/*
 * out of AISRT_AMF_CALLED. value: the readiness state, the level of a check, the
 * action, the operations, the flags of a CSIRemove; the rest from ha_state on is of
 * a CSISet. Behind it lie its attributes: name and value of each, with their zero
 * bytes. The invocation is in the call block.
 */
struct aisrt_amf_event {
	uint32_t call;
	uint32_t value;
	struct aisrt_name component;
	struct aisrt_name csi;
	uint32_t key_size;
	uint8_t key[32];
	uint32_t ha_state;
	uint32_t flags;
	uint32_t transition;
	uint32_t rank;
	struct aisrt_name active;
	uint32_t attributes;
};

/* out of AISRT_AMF_GROUP and of TRACK with want_view: this, then items members. */
struct aisrt_amf_group {
	uint32_t unused;
	struct aisrt_name csi;
};

struct aisrt_amf_member {
	uint32_t ha_state;
	uint32_t readiness;
	uint32_t ha_readiness;
	uint32_t rank;
	uint32_t change;
	struct aisrt_name component;
};

#endif /* AISRT_AMF_H */
