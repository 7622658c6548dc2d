/*
 * wire.c: see wire.h.
 */
#include <string.h>

#include "capi/front/wire.h"

/*
 * Writing. A part of the caller's that is small is copied: a part more costs the
 * kernel more than that.
 */

enum { SMALL = 24 };

static unsigned char *room(struct aisf_request *r, size_t n)
{
	unsigned char *p = r->fixed + r->used;
	struct iovec *last = r->n > 0 ? &r->parts[r->n - 1] : NULL;

	if (last != NULL && (unsigned char *)last->iov_base + last->iov_len == p) {
		last->iov_len += n;
	} else {
		r->parts[r->n].iov_base = p;
		r->parts[r->n].iov_len = n;
		r->n++;
	}
	r->used += n;
	r->size += n;
	return p;
}

static void put(unsigned char *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		*p++ = (unsigned char)v;
		v >>= 8;
	}
}

static void put16(struct aisf_request *r, uint32_t v)
{
	put(room(r, 2), v, 2);
}

static void put32(struct aisf_request *r, uint32_t v)
{
	put(room(r, 4), v, 4);
}

static void put64(struct aisf_request *r, uint64_t v)
{
	put(room(r, 8), v, 8);
}

/* NULL is no bytes, whatever their number. */
static void put_bytes(struct aisf_request *r, const void *p, size_t n)
{
	if (n == 0 || p == NULL)
		return;
	if (n <= SMALL) {
		memcpy(room(r, n), p, n);
		return;
	}
	r->parts[r->n].iov_base = (void *)(uintptr_t)p;
	r->parts[r->n].iov_len = n;
	r->n++;
	r->size += n;
}

static void put_id(struct aisf_request *r, const void *bytes, uint32_t size)
{
	put16(r, bytes == NULL ? 0 : size);
	put_bytes(r, bytes, size);
}

static void begin(struct aisf_request *r, uint32_t op)
{
	r->op = op;
	r->n = 0;
	r->size = 0;
	r->used = 0;
	room(r, AISF_HEADER);
}

void aisf_wire_header(struct aisf_request *r, uint32_t seq)
{
	unsigned char *p = r->fixed;

	put(p, r->size, 4);
	put(p + 4, r->op, 2);
	put(p + 6, 0, 2);
	put(p + 8, seq, 4);
	put(p + 12, 0, 4);
}

void aisf_wire_clm_node_get(struct aisf_request *r, uint32_t node, uint64_t invocation, int64_t timeout)
{
	begin(r, AISF_OP_CLM_NODE_GET);
	put32(r, node);
	put64(r, invocation);
	put64(r, (uint64_t)timeout);
}

void aisf_wire_section_create(struct aisf_request *r, uint32_t handle, int64_t expiration, const struct aisf_id *id,
	const void *data, uint64_t size)
{
	begin(r, AISF_OP_CKPT_SECTION_CREATE);
	put32(r, handle);
	put64(r, (uint64_t)expiration);
	put_id(r, id->bytes, id->size);
	put_bytes(r, data, (size_t)size);
}

void aisf_wire_overwrite(struct aisf_request *r, uint32_t handle, const struct aisf_id *id, const void *data, uint64_t size)
{
	begin(r, AISF_OP_CKPT_OVERWRITE);
	put32(r, handle);
	put_id(r, id->bytes, id->size);
	put_bytes(r, data, (size_t)size);
}

void aisf_wire_section(struct aisf_request *r, uint32_t op, uint32_t handle, int64_t time, const struct aisf_id *id)
{
	begin(r, op);
	put32(r, handle);
	put64(r, (uint64_t)time);
	put_id(r, id->bytes, id->size);
}

static void put_vectors(struct aisf_request *r, uint32_t handle, const struct aisrt_ckpt_vector *v, uint32_t n, int write)
{
	uint32_t i;

	put32(r, handle);
	put32(r, n);
	for (i = 0; i < n; i++) {
		put_id(r, v[i].section, v[i].section_size);
		put64(r, v[i].offset);
		put64(r, write && v[i].data == NULL ? 0 : v[i].size);
	}
}

void aisf_wire_write(struct aisf_request *r, uint32_t handle, const struct aisrt_ckpt_vector *v, uint32_t n)
{
	uint32_t i;

	begin(r, AISF_OP_CKPT_WRITE);
	put_vectors(r, handle, v, n, 1);
	for (i = 0; i < n; i++)
		put_bytes(r, v[i].data, (size_t)v[i].size);
}

void aisf_wire_read(struct aisf_request *r, uint32_t handle, const struct aisrt_ckpt_vector *v, uint32_t n)
{
	begin(r, AISF_OP_CKPT_READ);
	put_vectors(r, handle, v, n, 0);
}

void aisf_wire_publish(struct aisf_request *r, const void *head, uint32_t head_size, const void *data, uint64_t size)
{
	begin(r, AISF_OP_EVT_PUBLISH);
	put_bytes(r, head, head_size);
	put_bytes(r, data, (size_t)size);
}

/*
 * Reading. After the first read beyond the end bad is set and everything is 0.
 */

struct reader {
	const unsigned char *p;
	size_t left;
	int bad;
};

static const unsigned char *take(struct reader *r, size_t n)
{
	const unsigned char *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = 1;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static uint64_t get(struct reader *r, size_t n)
{
	const unsigned char *p = take(r, n);
	uint64_t v = 0;

	if (p == NULL)
		return 0;
	while (n-- > 0)
		v = v << 8 | p[n];
	return v;
}

/* The bytes of a field whose length comes first in so many bytes; they go to a
 * field of the caller's that has so much room. */
static uint16_t get_field(struct reader *r, size_t length_size, uint8_t *to, size_t limit)
{
	size_t n = (size_t)get(r, length_size);
	const unsigned char *p;

	if (n > limit)
		r->bad = 1;
	p = take(r, n);
	if (p == NULL)
		return 0;
	memcpy(to, p, n);
	return (uint16_t)n;
}

static int ended(const struct reader *r)
{
	return !r->bad && r->left == 0;
}

int aisf_wire_head(const unsigned char *p, struct aisf_wire_head *h)
{
	struct reader r = {p, AISF_HEADER, 0};
	uint32_t flags;

	h->size = (uint32_t)get(&r, 4);
	h->op = (uint32_t)get(&r, 2);
	flags = (uint32_t)get(&r, 2);
	h->seq = (uint32_t)get(&r, 4);
	h->error = (uint32_t)get(&r, 4);
	return flags == 0 && h->size >= AISF_HEADER && h->size <= AISF_MAX_FRAME;
}

int aisf_wire_node(const unsigned char *body, size_t size, struct aisrt_node *n)
{
	struct reader r = {body, size, 0};

	memset(n, 0, sizeof(*n));
	n->id = (uint32_t)get(&r, 4);
	n->family = (uint32_t)get(&r, 1);
	n->member = (uint32_t)get(&r, 1);
	n->address_length = get_field(&r, 1, n->address, sizeof(n->address));
	n->name_length = get_field(&r, 2, n->name, sizeof(n->name));
	n->cluster_length = get_field(&r, 2, n->cluster, sizeof(n->cluster));
	n->boot = (int64_t)get(&r, 8);
	n->initial_view = get(&r, 8);
	return ended(&r) && n->member <= 1 && (n->address_length == 0 || n->address_length == 4 || n->address_length == 16);
}

int aisf_wire_section_id(const unsigned char *body, size_t size, struct aisf_id *id)
{
	struct reader r = {body, size, 0};

	id->size = (uint32_t)get(&r, 2);
	id->bytes = take(&r, id->size);
	return ended(&r);
}

int aisf_wire_published(const unsigned char *body, size_t size, uint64_t *id, int64_t *time)
{
	struct reader r = {body, size, 0};

	*id = get(&r, 8);
	*time = (int64_t)get(&r, 8);
	return ended(&r);
}

int aisf_wire_vector(const unsigned char *body, size_t size, uint32_t *index)
{
	struct reader r = {body, size, 0};

	*index = (uint32_t)get(&r, 4);
	return ended(&r);
}

int aisf_wire_parts(const unsigned char *body, size_t size, struct aisf_wire_part *parts, uint32_t n)
{
	struct reader r = {body, size, 0};
	uint32_t i;

	if (get(&r, 4) != n)
		return 0;
	for (i = 0; i < n; i++) {
		parts[i].total = get(&r, 8);
		parts[i].size = get(&r, 8);
		take(&r, 8); /* the version: all parts of one answer are of one moment */
		if (r.bad || parts[i].size > parts[i].total || parts[i].size > size)
			return 0;
	}
	for (i = 0; i < n; i++) {
		parts[i].data = take(&r, (size_t)parts[i].size);
		if (r.bad)
			return 0;
	}
	return ended(&r);
}
