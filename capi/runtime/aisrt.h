/*
 * aisrt.h: what the C front and the Go runtime say to each other.
 *
 * Owns: one call block, its operations, and the neutral structures that the
 * adapters of the front translate into those of an API generation. Error numbers
 * are those of B.01.01 (1030 is EVS's TOO_MANY_GROUPS). Nothing here is seen by
 * an application.
 *
 * The rules: the runtime never waits and never calls back. It answers
 * AISRT_WAIT, the front polls with the application's signals open and enters
 * again. Every pointer in a call block is C memory of the front, valid until the
 * operation is done.
 */
#ifndef AISRT_H
#define AISRT_H

#include <pthread.h>
#include <stdint.h>

#include "aisrt_amf.h"
#include "aisrt_evt.h"

/* Changes with any change of this file; front and runtime must agree. */
#define AISRT_ABI 10

/* The name under which a loaded copy is found, by whatever path it came. */
#define AISRT_SONAME "libais-runtime.so.1"

/* Operations. Those below AISRT_NEXT use the request half of a connection. */
enum aisrt_op {
	AISRT_HELLO = 1, /* does nothing, after the runtime has started */
	AISRT_OPEN,
	AISRT_CLM_TRACK,
	AISRT_CLM_TRACK_STOP,
	AISRT_CLM_NODE_GET,
	AISRT_CLM_NODE_GET_ASYNC,
	AISRT_EVS_JOIN,
	AISRT_EVS_LEAVE,
	AISRT_EVS_MCAST,
	AISRT_EVS_MEMBERSHIP,
	AISRT_EVT_OPEN,
	AISRT_EVT_OPEN_ASYNC,
	AISRT_EVT_CLOSE,
	AISRT_EVT_UNLINK,
	AISRT_EVT_PUBLISH,
	AISRT_EVT_SUBSCRIBE,
	AISRT_EVT_UNSUBSCRIBE,
	AISRT_EVT_RETENTION_CLEAR,
	AISRT_EVT_FETCH, /* after AISRT_EVT_PENDING; flags as those of NEXT */
	AISRT_CKPT_OPEN,
	AISRT_CKPT_OPEN_ASYNC,
	AISRT_CKPT_CLOSE,
	AISRT_CKPT_UNLINK,
	AISRT_CKPT_RETENTION,
	AISRT_CKPT_ACTIVE,
	AISRT_CKPT_STATUS,
	AISRT_CKPT_SECTION_CREATE,
	AISRT_CKPT_SECTION_DELETE,
	AISRT_CKPT_EXPIRATION,
	AISRT_CKPT_ITERATE,
	AISRT_CKPT_WRITE,
	AISRT_CKPT_OVERWRITE,
	AISRT_CKPT_READ,
	AISRT_CKPT_SYNCHRONIZE,
	AISRT_CKPT_SYNCHRONIZE_ASYNC,
	AISRT_RING,     /* asks for shared memory: its descriptor comes in ring_fd, the
	                   largest payload in data_size; see ring.h of the front */
	AISRT_RING_USE, /* the memory is used from now on */
	AISRT_MEMORY,   /* asks for memory for requests and answers: its descriptor comes
	                   in ring_fd; see memory.h of the front */
	AISRT_AMF_REGISTER,
	AISRT_AMF_UNREGISTER,
	AISRT_AMF_COMPONENT_NAME, /* out is a struct aisrt_name */
	AISRT_AMF_HA_STATE,
	AISRT_AMF_READINESS_STATE,
	AISRT_AMF_CAPABILITY,
	AISRT_AMF_PENDING,
	AISRT_AMF_RESPONSE,
	AISRT_AMF_QUIESCING_COMPLETE,
	AISRT_AMF_STOPPING_COMPLETE,
	AISRT_AMF_ERROR_REPORT,
	AISRT_AMF_ERROR_CLEAR,
	AISRT_AMF_CHECK_START,
	AISRT_AMF_CHECK_CONFIRM,
	AISRT_AMF_CHECK_STOP,
	AISRT_AMF_PM_START,
	AISRT_AMF_PM_STOP,
	AISRT_AMF_TRACK,
	AISRT_AMF_TRACK_STOP,
	AISRT_AMF_HA_READINESS,
	AISRT_LATE, /* the front has given up the request seq, of whose answer data has arrived */
	AISRT_NEXT, /* take the next callback; uses the callback half */
	AISRT_CLOSE, /* nobody else may use the connection */

	/* Those that ask no executive: at any time, by any thread, never WAIT. */
	AISRT_EVT_ALLOCATE,
	AISRT_EVT_FREE,
	AISRT_EVT_ATTRIBUTES_SET,
	AISRT_EVT_ATTRIBUTES_GET,
	AISRT_EVT_DATA_GET,
	AISRT_EVT_HEAD,      /* with the turn: out is items bytes of a publication, before its data */
	AISRT_EVT_PUBLISHED, /* the front has published: id and time */
	AISRT_FRAME /* a callback of the front's own: number in handle, body in data; as NEXT */
};

/* How an operation is entered. */
enum aisrt_phase {
	AISRT_START,
	AISRT_RESUME, /* after AISRT_WAIT or AISRT_ROOM */
	AISRT_EXPIRED /* give it up: its time is over */
};

/* What entering it returns. */
enum aisrt_result {
	AISRT_DONE, /* error tells how it went */
	AISRT_WAIT, /* poll wait_fd for wait_events, then AISRT_RESUME */
	AISRT_ROOM, /* out needs out_size bytes, then AISRT_RESUME */
	AISRT_PAUSE /* wait pause_ns or until wait_fd has an error, then AISRT_RESUME */
};

/* Callbacks that AISRT_NEXT finds. */
enum aisrt_kind {
	AISRT_NONE, /* none is pending; wait_fd and wait_events are set */
	AISRT_CLM_TRACKED,
	AISRT_CLM_NODE,
	AISRT_EVS_DELIVERED,
	AISRT_EVS_CONFCHG,
	AISRT_EVT_OPENED,
	AISRT_EVT_DELIVERED, /* out_size is the size of the event's data */
	AISRT_EVT_PENDING,   /* events wait: FETCH, then NEXT again */
	AISRT_CKPT_OPENED,
	AISRT_CKPT_SYNCHRONIZED,
	AISRT_AMF_CALLED,
	AISRT_AMF_GROUP
};

/* A cluster node. change: 1 none, 2 joined, 3 left. */
struct aisrt_node {
	int64_t boot;
	uint64_t initial_view;
	uint32_t id;
	uint32_t change;
	uint32_t member;
	uint32_t family; /* 1 IPv4, 2 IPv6 */
	uint16_t address_length;
	uint16_t name_length;
	uint16_t cluster_length;
	uint16_t unused;
	uint8_t address[16];
	uint8_t name[256];
	uint8_t cluster[256];
};

/* A member of an EVS configuration. address_length is 4, 16 or 0. */
struct aisrt_member {
	uint32_t id;
	uint32_t address_length;
	uint8_t address[16];
};

/* A part of a message; same layout as struct iovec. */
struct aisrt_part {
	const void *base;
	size_t size;
};

/* Creation attributes of a checkpoint, with the flags of B.01.01. */
struct aisrt_ckpt_attributes {
	uint64_t size;
	int64_t retention;
	uint64_t max_section_size;
	uint64_t max_section_id_size;
	uint32_t max_sections;
	uint32_t flags;
};

/* A section's descriptor. Its id is id_size bytes at out + id_at. */
struct aisrt_ckpt_section {
	int64_t expiration;
	int64_t last_update;
	uint64_t size;
	uint64_t id_at;
	uint32_t id_size;
	uint32_t state;
};

/*
 * A vector of a write or a read. A read stores the size of what there is in got;
 * with data NULL it stores memory from malloc there, which is the front's whether
 * the request succeeds or not. size UINT64_MAX: all there is.
 */
struct aisrt_ckpt_vector {
	const void *section;
	void *data;
	uint64_t offset;
	uint64_t size;
	uint64_t got;
	uint32_t section_size;
	uint32_t allocated;
};

struct aisrt_call {
	void *conn; /* names the connection; made by OPEN, gone after CLOSE */
	uint32_t op;
	uint32_t phase;
	uint32_t error; /* out: 1 is success */

	int32_t wait_fd;
	int32_t wait_events;

	/* Of the request half, which the front uses by itself as well, one at a time
	 * with the runtime: the number of the last request, in and out; out: clean,
	 * nothing of an earlier request or answer is still to come. */
	uint32_t seq;
	uint32_t clean;

	/* OPEN: in */
	const char *socket; /* value of AIS_SOCKET, or NULL */
	uint32_t secure;
	uint32_t ais_uid;
	uint32_t service;
	uint32_t generation;
	/* OPEN: out */
	int32_t request_fd;
	int32_t callback_fd;
	uint32_t max_message; /* the largest body of a request */

	/* Arguments */
	int32_t ring_fd; /* out of RING and MEMORY */
	int64_t timeout_ns;
	uint64_t invocation; /* also out of a callback */
	uint32_t flags;      /* of tracking; 1 for NEXT: several may be read at once */
	uint32_t want_view;  /* CLM_TRACK: the current view comes in out */
	uint32_t node_id;
	uint32_t guarantee;
	uint32_t priority;
	uint32_t group_count;
	const void *groups; /* group_count times 32 bytes */
	const struct aisrt_part *parts;
	uint32_t part_count;

	/* CKPT. handle: of the executive; out of OPEN and callbacks. name: of a
	 * checkpoint or a section. OPEN: attributes are in if has_attributes; out of
	 * OPEN, STATUS and callbacks. time: a duration or an expiration. cursor, at_end: of ITERATE. */
	struct aisrt_ckpt_attributes attributes;
	uint32_t has_attributes;
	uint32_t handle;
	const void *name;
	uint32_t name_size;
	uint32_t chosen;
	int64_t time;
	uint64_t cursor;
	uint32_t at_end;
	uint32_t limit;
	const void *data;
	uint64_t data_size;
	struct aisrt_ckpt_vector *vectors;
	uint32_t vector_count;
	uint32_t vector_known; /* out: an error is about vector_index */
	uint32_t vector_index;
	uint64_t memory_used;
	uint64_t pause_ns;

	/* Results. out: an array of aisrt_node, of aisrt_member (members, left,
	 * joined), of aisrt_ckpt_section followed by
	 * their ids, a message, or a section's id; items is how many of it there are. */
	uint32_t kind;
	void *out;
	uint64_t out_room;
	uint64_t out_size;
	uint32_t items;
	uint32_t members;
	uint32_t left;
	uint32_t joined;
	uint64_t view;
	uint32_t result; /* the error that a callback carries */
	struct aisrt_member sender;

	struct aisrt_evt evt; /* arguments and results of EVT */
	struct aisrt_amf amf; /* likewise of AMF */
};

/*
 * One page per loaded copy of the runtime, which a fork makes empty in the
 * child. That of the copy loaded first is where all fronts of the process meet.
 */
struct aisrt_copy;
struct aisrt_page {
	unsigned alive; /* this copy was loaded in this process, not before a fork */
	pthread_mutex_t lock;
	const struct aisrt_copy *live; /* the copy in use; set under lock */
};

/* Exported as aisrt_copy by each copy of the runtime. */
struct aisrt_copy {
	uint32_t abi;
	struct aisrt_page *page;
	int (*enter)(struct aisrt_call *);
};

#endif /* AISRT_H */
