/*
 * wire.c: the codec of the front (capi/front/wire.c) as a filter. In: records of a
 * 32-bit length and an order; out: one record for each. Every input lies in memory
 * of exactly its size, so that a sanitizer sees a read beyond it. wire_test.go
 * compares with libais/ipcwire.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capi/front/wire.h"

static unsigned char *in;
static size_t left;

static const void *bytes(size_t n)
{
	/* A copy of its own, which the program leaves to its end. */
	void *p = malloc(n == 0 ? 1 : n);

	if (n > left || p == NULL)
		abort();
	memcpy(p, in, n);
	in += n;
	left -= n;
	return p;
}

static uint64_t number(size_t n)
{
	uint64_t v = 0;
	size_t i;

	if (n > left)
		abort();
	for (i = n; i-- > 0;)
		v = v << 8 | in[i];
	in += n;
	left -= n;
	return v;
}

static unsigned char out[4 << 20];
static size_t used;

static void say(const void *p, size_t n)
{
	if (n > sizeof(out) - used)
		abort();
	if (n > 0)
		memcpy(out + used, p, n);
	used += n;
}

static void say_number(uint64_t v, size_t n)
{
	unsigned char b[8];
	size_t i;

	for (i = 0; i < n; i++)
		b[i] = (unsigned char)(v >> 8 * i);
	say(b, n);
}

static void say_frame(struct aisf_request *r, uint32_t seq)
{
	size_t before = used;
	int i;

	aisf_wire_header(r, seq);
	for (i = 0; i < r->n; i++)
		say(r->parts[i].iov_base, r->parts[i].iov_len);
	if (used - before != r->size || r->n > (int)(sizeof(r->parts) / sizeof(r->parts[0])) || r->used > sizeof(r->fixed))
		abort();
}

static struct aisf_id get_id(void)
{
	struct aisf_id id;

	id.size = (uint32_t)number(4);
	id.bytes = bytes(id.size);
	return id;
}

static void vectors(int order, uint32_t seq)
{
	struct aisrt_ckpt_vector v[AISF_WIRE_VECTORS];
	struct aisf_request r;
	uint32_t handle = (uint32_t)number(4), n = (uint32_t)number(4), i;

	memset(v, 0, sizeof(v));
	for (i = 0; i < n; i++) {
		struct aisf_id id = get_id();

		v[i].section = id.bytes;
		v[i].section_size = id.size;
		v[i].offset = number(8);
		v[i].size = number(8);
		if (order == 'w')
			v[i].data = (void *)(uintptr_t)bytes((size_t)v[i].size);
	}
	if (order == 'w')
		aisf_wire_write(&r, handle, v, n);
	else
		aisf_wire_read(&r, handle, v, n);
	say_frame(&r, seq);
}

static void build(int order)
{
	struct aisf_request r;
	struct aisf_id id;
	uint32_t seq = (uint32_t)number(4), a;
	uint64_t b, c;

	switch (order) {
	case 'n':
		a = (uint32_t)number(4);
		b = number(8);
		c = number(8);
		aisf_wire_clm_node_get(&r, a, b, (int64_t)c);
		break;
	case 'c':
		a = (uint32_t)number(4);
		b = number(8);
		id = get_id();
		c = number(4);
		aisf_wire_section_create(&r, a, (int64_t)b, &id, bytes((size_t)c), c);
		break;
	case 'o':
		a = (uint32_t)number(4);
		id = get_id();
		c = number(4);
		aisf_wire_overwrite(&r, a, &id, bytes((size_t)c), c);
		break;
	case 's':
		c = number(4);
		a = (uint32_t)number(4);
		b = number(8);
		id = get_id();
		aisf_wire_section(&r, (uint32_t)c, a, (int64_t)b, &id);
		break;
	case 'p':
		id = get_id();
		c = number(4);
		aisf_wire_publish(&r, id.bytes, id.size, bytes((size_t)c), c);
		break;
	default:
		vectors(order, seq);
		return;
	}
	say_frame(&r, seq);
}

static void say_parts(const unsigned char *body, size_t size, uint32_t n)
{
	struct aisf_wire_part parts[AISF_WIRE_VECTORS];
	uint32_t i;

	if (!aisf_wire_parts(body, size, parts, n))
		return;
	say("!", 1);
	for (i = 0; i < n; i++) {
		say_number(parts[i].total, 8);
		say_number(parts[i].size, 8);
		say(parts[i].data, (size_t)parts[i].size);
	}
}

static void say_node(const unsigned char *body, size_t size)
{
	struct aisrt_node n;

	if (!aisf_wire_node(body, size, &n))
		return;
	say("!", 1);
	say_number(n.id, 4);
	say_number(n.family, 4);
	say_number(n.member, 4);
	say_number(n.address_length, 2);
	say(n.address, n.address_length);
	say_number(n.name_length, 2);
	say(n.name, n.name_length);
	say_number(n.cluster_length, 2);
	say(n.cluster, n.cluster_length);
	say_number((uint64_t)n.boot, 8);
	say_number(n.initial_view, 8);
}

/* Says "!" and what it has read, or nothing. */
static void read_answer(int order)
{
	uint32_t n = order == 'P' ? (uint32_t)number(4) : 0;
	size_t size = left;
	const unsigned char *body = bytes(size);
	struct aisf_wire_head h;
	struct aisf_id id;
	uint64_t number64;
	int64_t time;

	switch (order) {
	case 'N':
		say_node(body, size);
		break;
	case 'I':
		if (!aisf_wire_section_id(body, size, &id))
			return;
		say("!", 1);
		say(id.bytes, id.size);
		break;
	case 'V':
		if (!aisf_wire_vector(body, size, &n))
			return;
		say("!", 1);
		say_number(n, 4);
		break;
	case 'E':
		if (!aisf_wire_published(body, size, &number64, &time))
			return;
		say("!", 1);
		say_number(number64, 8);
		say_number((uint64_t)time, 8);
		break;
	case 'P':
		say_parts(body, size, n);
		break;
	case 'H':
		if (!aisf_wire_head(body, &h))
			return;
		say("!", 1);
		say_number(h.size, 4);
		say_number(h.op, 4);
		say_number(h.seq, 4);
		say_number(h.error, 4);
		break;
	default:
		abort();
	}
}

int main(void)
{
	unsigned char length[4];

	while (fread(length, 1, 4, stdin) == 4) {
		size_t n = (size_t)length[0] | (size_t)length[1] << 8 | (size_t)length[2] << 16 | (size_t)length[3] << 24;
		unsigned char *record = malloc(n);
		int order;

		if (n == 0 || record == NULL || fread(record, 1, n, stdin) != n)
			abort();
		order = record[0];
		in = record + 1;
		left = n - 1;
		used = 0;
		say_number(0, 4);
		if (order >= 'a')
			build(order);
		else
			read_answer(order);
		n = used - 4;
		used = 0;
		say_number(n, 4);
		used += n;
		if (fwrite(out, 1, used, stdout) != used)
			abort();
		free(record);
	}
	return fflush(stdout) != 0;
}
