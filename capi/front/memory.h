/*
 * memory.h: memory shared with the executive for requests and answers, one at a
 * time. The protocol is written down in libais/ipcwire/ask.go. All of it is used by
 * whoever has the turn of the handle.
 */
#ifndef AISF_MEMORY_H
#define AISF_MEMORY_H

#include "capi/front/ask.h"

/* What is larger than an area goes over the socket. */
enum { AISF_MEMORY_AREA = 128 << 10 };

/* Asks for it. NULL where there is none: everything goes over the socket then. */
struct aisf_memory *aisf_memory_open(struct aisf_handle *h);
/* All functions take NULL for no memory. */
void aisf_memory_close(struct aisf_memory *m);

/* Before the request seq goes: will its answer be looked for in memory? */
int aisf_memory_watch(struct aisf_memory *m, uint32_t seq);
/* Puts the request there; 0: it has to go over the socket. */
int aisf_memory_post(struct aisf_handle *h, const struct aisf_request *r);
/* Waits for the answer for a little while. 0: it comes over the socket. */
int aisf_memory_await(struct aisf_memory *m, uint32_t seq, int64_t deadline);
/* Looks no longer. 0: the answer is there. */
int aisf_memory_look_away(struct aisf_memory *m, uint32_t seq);
/* The frame. */
const unsigned char *aisf_memory_answer(const struct aisf_memory *m);

#endif /* AISF_MEMORY_H */
