/*
 * service.h: what the adapters of both generations of a service share.
 */
#ifndef AISF_SERVICE_H
#define AISF_SERVICE_H

#include "capi/front/front.h"

/* How long an Initialize waits for an executive that accepts a connection and
 * says nothing: then it is TRY_AGAIN. */
#define AISF_HANDSHAKE_NS ((int64_t)10 * 1000000000)

/* An Initialize with nothing but callbacks: a handle that keeps a copy of them (size
 * bytes; NULL: none are wanted) as its own. */
unsigned aisf_initialize(enum aisf_type type, uint32_t service, uint32_t generation, aisf_run_fn *run,
	const void *callbacks, size_t size, struct aisf_handle **h);

/* The result of a request without results, on a handle the caller got: its use
 * is given back. fill sets the arguments. */
unsigned aisf_simple(struct aisf_handle *h, uint32_t op, aisf_fill_fn *fill, const void *arg);

/* The selection object, unless the executive is dead: then every call says so.
 * Gives h back. */
unsigned aisf_selection_object(struct aisf_handle *h, int *fd);

/* SA_DISPATCH flags, equal in both generations. Gives h back. */
int aisf_is_sa_dispatch(unsigned flags);
unsigned aisf_sa_dispatch(struct aisf_handle *h, unsigned flags);

/* Requests of CLM. node is filled on AISF_OK. Gives h back. */
unsigned aisf_clm_node_get(struct aisf_handle *h, uint32_t id, int64_t deadline, struct aisrt_node *node);

/* Requests of EVS, arguments as the application gave them. Give h back. */
enum { AISF_EVS_GROUPS_MAX = 50, AISF_EVS_PARTS_MAX = 1024, AISF_EVS_PRIO_MED = 2 };
struct aisf_evs_message {
	unsigned guarantee, priority;
	const void *groups; /* NULL: the joined ones */
	int group_count;
	const void *parts; /* struct iovec */
	int part_count;
};
unsigned aisf_evs_groups(struct aisf_handle *h, uint32_t op, const void *groups, int count);
unsigned aisf_evs_mcast(struct aisf_handle *h, const struct aisf_evs_message *m, int to_groups);
unsigned aisf_evs_dispatch(struct aisf_handle *h, unsigned flags);


#endif /* AISF_SERVICE_H */
