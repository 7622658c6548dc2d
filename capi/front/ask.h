/*
 * ask.h: a request and its answer without the runtime: framed, sent, waited for
 * and read here, with the application's signals open all the while. The runtime
 * keeps the connection; it is used by one of both at a time, and by the front only
 * while nothing of an earlier request is still to come (clean). Whoever is not sure
 * asks the runtime.
 */
#ifndef AISF_ASK_H
#define AISF_ASK_H

#include "capi/front/front.h"
#include "capi/front/wire.h"

struct aisf_answer {
	const unsigned char *body; /* until aisf_end */
	size_t size;
};

/*
 * May the request go this way? Asked by whoever has the turn of h.
 */
int aisf_may_ask(const struct aisf_handle *h, const struct aisf_request *r);

/*
 * Sends it and waits for the answer, with the turn of h. The error is that of the
 * answer, whose body may say more about it; AISF_LIBRARY: the executive is gone;
 * AISF_TIMEOUT: the request was given up; AISF_BAD_HANDLE: Finalize.
 */
unsigned aisf_ask(struct aisf_handle *h, struct aisf_request *r, int64_t deadline, struct aisf_answer *a);

/* Ends a connection on which the executive said what is not in the protocol. */
unsigned aisf_ask_broken(struct aisf_handle *h);

/* After a turn; with the handle. */
void aisf_ask_end(struct aisf_handle *h);
void aisf_ask_close(struct aisf_handle *h);

#endif /* AISF_ASK_H */
