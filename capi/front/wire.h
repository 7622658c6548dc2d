/*
 * wire.h: the bodies of the requests that the front frames by itself, and of their
 * answers: those of libais/ipcwire, whose rules hold here too. Nothing here sends,
 * waits or keeps anything.
 *
 * What is written: fields as they come, the application's memory by reference.
 * What is read is believed only as far as it makes sense: it may come from another
 * version of the executive.
 */
#ifndef AISF_WIRE_H
#define AISF_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "capi/runtime/aisrt.h"

enum { AISF_HEADER = 16, AISF_MAX_FRAME = (1 << 20) + (1 << 16) };

/* Operations, as libais/ipcwire has them. */
enum {
	AISF_OP_CLM_NODE_GET = 0x103,
	AISF_OP_CKPT_SECTION_CREATE = 0x308,
	AISF_OP_CKPT_SECTION_DELETE = 0x309,
	AISF_OP_CKPT_EXPIRATION = 0x30A,
	AISF_OP_CKPT_WRITE = 0x30C,
	AISF_OP_CKPT_OVERWRITE = 0x30D,
	AISF_OP_CKPT_READ = 0x30E,
	AISF_OP_EVT_PUBLISH = 0x605
};

/* A read or a write of more vectors is for the runtime. */
enum { AISF_WIRE_VECTORS = 8 };

/* A request: parts that follow one another, the header the first bytes of the
 * first of them. */
struct aisf_request {
	uint32_t op;
	int n;
	uint64_t size; /* of the frame */
	size_t used;   /* of fixed */
	struct iovec parts[3 * AISF_WIRE_VECTORS + 2];
	unsigned char fixed[512];
};

void aisf_wire_clm_node_get(struct aisf_request *r, uint32_t node, uint64_t invocation, int64_t timeout);

/* A section's id: at most 65535 bytes. */
struct aisf_id {
	const void *bytes;
	uint32_t size;
};

void aisf_wire_section_create(struct aisf_request *r, uint32_t handle, int64_t expiration, const struct aisf_id *id,
	const void *data, uint64_t size);
void aisf_wire_overwrite(struct aisf_request *r, uint32_t handle, const struct aisf_id *id, const void *data, uint64_t size);
/* op: AISF_OP_CKPT_SECTION_DELETE (time 0) or AISF_OP_CKPT_EXPIRATION. */
void aisf_wire_section(struct aisf_request *r, uint32_t op, uint32_t handle, int64_t time, const struct aisf_id *id);
/* At most AISF_WIRE_VECTORS of them. */
void aisf_wire_write(struct aisf_request *r, uint32_t handle, const struct aisrt_ckpt_vector *v, uint32_t n);
void aisf_wire_read(struct aisf_request *r, uint32_t handle, const struct aisrt_ckpt_vector *v, uint32_t n);

/* head is the runtime's, see AISRT_EVT_HEAD. */
void aisf_wire_publish(struct aisf_request *r, const void *head, uint32_t head_size, const void *data, uint64_t size);

/* The header; done last. */
void aisf_wire_header(struct aisf_request *r, uint32_t seq);

/* The header of an answer. 0: it breaks a rule. */
struct aisf_wire_head {
	uint32_t size, op, seq, error;
};
int aisf_wire_head(const unsigned char *p, struct aisf_wire_head *h);

/* Answers. 0: this is not one. What they give lies in the body. */
int aisf_wire_node(const unsigned char *body, size_t size, struct aisrt_node *node);
int aisf_wire_section_id(const unsigned char *body, size_t size, struct aisf_id *id);
int aisf_wire_published(const unsigned char *body, size_t size, uint64_t *id, int64_t *time);
int aisf_wire_vector(const unsigned char *body, size_t size, uint32_t *index);

/* A read: n parts, and their data behind them. */
struct aisf_wire_part {
	uint64_t total, size;
	const unsigned char *data;
};
int aisf_wire_parts(const unsigned char *body, size_t size, struct aisf_wire_part *parts, uint32_t n);

#endif /* AISF_WIRE_H */
