/*
 * ckpt.h: the Checkpoint Service without a generation's types: what both adapters
 * are written with. A checkpoint is a child of the handle with its connection, an
 * iteration is a child of its checkpoint.
 */
#ifndef AISF_CKPT_H
#define AISF_CKPT_H

#include "capi/front/service.h"

/* Of B.01.01, which is also what the runtime takes. */
enum { AISF_CKPT_READ = 1, AISF_CKPT_WRITE = 2, AISF_CKPT_CREATE = 4, AISF_CKPT_COLLOCATED = 8 };

enum { AISF_CKPT_NAME_MAX = 256, AISF_CKPT_ID_MAX = 0xffff };

/* An open checkpoint: own of its handle. */
struct aisf_ckpt {
	uint32_t handle; /* the executive's */
	uint32_t flags;
	uint64_t max_section_size;
	int alone;     /* its connection is its own */
	int temporary; /* opened for one asynchronous synchronize */
	uint16_t name_size; /* 0: not known */
	uint8_t name[AISF_CKPT_NAME_MAX];
};

struct aisf_ckpt_name {
	const void *bytes;
	uint32_t size;
};

struct aisf_ckpt_open {
	struct aisf_ckpt_name name;
	uint32_t flags;
	const struct aisrt_ckpt_attributes *attributes; /* NULL: none */
};

/*
 * Opening. conn stays the caller's to put. timeout_ns of 0 or less: the
 * executive's own. id names the new handle.
 */
unsigned aisf_ckpt_open(struct aisf_handle *conn, enum aisf_type type, const struct aisf_ckpt_open *o,
	int64_t timeout_ns, int temporary, uint64_t *id);
unsigned aisf_ckpt_open_async(struct aisf_handle *conn, const struct aisf_ckpt_open *o, uint64_t invocation);
/* The checkpoint that an AISRT_CKPT_OPENED is about, when its result is OK. */
unsigned aisf_ckpt_opened(struct aisf_handle *conn, enum aisf_type type, const struct aisrt_call *c, uint64_t *id);
/* The checkpoint that an AISRT_CKPT_SYNCHRONIZED is about, NULL when it is closed. */
struct aisf_handle *aisf_ckpt_synchronized(struct aisf_handle *conn, const struct aisrt_call *c);

unsigned aisf_ckpt_unlink(struct aisf_handle *conn, const struct aisf_ckpt_name *name);

/* All below give h, a checkpoint or an iteration, back. */
unsigned aisf_ckpt_close(struct aisf_handle *h);
unsigned aisf_ckpt_retention(struct aisf_handle *h, int64_t duration);
unsigned aisf_ckpt_active(struct aisf_handle *h);
unsigned aisf_ckpt_status(struct aisf_handle *h, struct aisrt_ckpt_attributes *a, uint32_t *sections, uint64_t *memory);
unsigned aisf_ckpt_synchronize(struct aisf_handle *h, int64_t timeout_ns);
unsigned aisf_ckpt_synchronize_async(struct aisf_handle *h, uint64_t invocation);

/* With an empty id *made is the generated one, from malloc. */
unsigned aisf_ckpt_section_create(struct aisf_handle *h, const struct aisf_ckpt_name *id, int64_t expiration,
	const void *data, uint64_t size, void **made, uint32_t *made_size);
unsigned aisf_ckpt_section_delete(struct aisf_handle *h, const struct aisf_ckpt_name *id);
unsigned aisf_ckpt_expiration(struct aisf_handle *h, const struct aisf_ckpt_name *id, int64_t time);
unsigned aisf_ckpt_overwrite(struct aisf_handle *h, const struct aisf_ckpt_name *id, const void *data, uint64_t size);

/*
 * Reading and writing. The caller gets room for n vectors, fills section,
 * section_size, data, offset and size of each and gives the room back. wrong: the
 * vector an error is about, or left as it is. After a read that failed no vector
 * has memory of the runtime any more.
 */
enum { AISF_CKPT_FEW = 8, AISF_CKPT_VECTORS_MAX = 1 << 20 };
struct aisf_ckpt_vectors {
	struct aisrt_ckpt_vector few[AISF_CKPT_FEW], *list;
	uint32_t n;
};
unsigned aisf_ckpt_vectors(struct aisf_ckpt_vectors *v, const void *array, uint64_t n);
void aisf_ckpt_vectors_free(struct aisf_ckpt_vectors *v);
unsigned aisf_ckpt_write(struct aisf_handle *h, struct aisf_ckpt_vectors *v, int64_t *wrong);
unsigned aisf_ckpt_read(struct aisf_handle *h, struct aisf_ckpt_vectors *v, int64_t *wrong);

/* Iterations. The id of a descriptor lives as long as the iteration. */
unsigned aisf_ckpt_iterate(struct aisf_handle *h, enum aisf_type type, unsigned chosen, int64_t expiration, uint64_t *id);
unsigned aisf_ckpt_next(struct aisf_handle *h, struct aisrt_ckpt_section *s, const uint8_t **id);

#endif /* AISF_CKPT_H */
