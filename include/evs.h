/*
 * evs.h: extended virtual synchrony for applications, as openais 0.80 published
 * it: multicast to groups in one total order, with the configuration changes of
 * the ring in that same order.
 *
 * Owns: the types and the nine functions of the service. Link with -lais or
 * -levs. Works alone in C89 to C23 and in C++. The interface of 2004 is
 * a.01.01/evs.h; the two do not go into one translation unit.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting.
 * - fork: in the child every inherited handle is EVS_ERR_BAD_HANDLE; the child
 *   may call evs_initialize for handles of its own.
 * - EVS_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for evs_finalize only.
 * - EVS_ERR_TRY_AGAIN: nothing was sent or changed; the ring has no room just
 *   now. Repeat the call a little later. A multicast has waited for room then, up
 *   to 10 ms, but not while deliveries wait that no other thread is there to take.
 */
#ifndef AIS_B_EVS_H
#define AIS_B_EVS_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <netinet/in.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One use of the service by a process; only the library knows what is in it. */
typedef uint64_t evs_handle_t;

/*
 * How much evs_dispatch does: ONE waits for one callback and runs it; ALL runs
 * the pending ones without waiting; BLOCKING runs callbacks until the handle is
 * finalized.
 */
typedef enum {
	EVS_DISPATCH_ONE = 0,
	EVS_DISPATCH_ALL = 1,
	EVS_DISPATCH_BLOCKING = 2
} evs_dispatch_t;

/*
 * What a sender asks for. UNORDERED and FIFO are kept at least (both may come
 * in agreed order); AGREED: all members deliver in one total order; SAFE: that
 * order, and only once every member of the configuration has the message.
 */
typedef enum {
	EVS_TYPE_UNORDERED = 0,
	EVS_TYPE_FIFO = 1,
	EVS_TYPE_AGREED = 2,
	EVS_TYPE_SAFE = 3
} evs_guarantee_t;

#define TOTEMIP_ADDRLEN (sizeof(struct in6_addr))

/* A node and its address; family is AF_INET or AF_INET6. */
struct evs_address {
	unsigned int nodeid;
	unsigned short family;
	unsigned char addr[TOTEMIP_ADDRLEN];
};

/* What every function returns. The numbers are EVS's own. */
typedef enum {
	/* It was done. */
	EVS_OK = 1,
	/* The executive is gone. */
	EVS_ERR_LIBRARY = 2,
	/* It was not done within the time that the caller gave. */
	EVS_ERR_TIMEOUT = 5,
	/* Not possible now; may be repeated. */
	EVS_ERR_TRY_AGAIN = 6,
	/* An argument is not what the function takes. */
	EVS_ERR_INVALID_PARAM = 7,
	/* There is no memory for it, in the process or in the executive. */
	EVS_ERR_NO_MEMORY = 8,
	/* There is no such handle: it never was one, was closed, or was inherited over fork. */
	EVS_ERR_BAD_HANDLE = 9,
	/* The handle was not opened for this. */
	EVS_ERR_ACCESS = 11,
	/* What is named does not exist. */
	EVS_ERR_NOT_EXIST = 12,
	/* It exists already. */
	EVS_ERR_EXIST = 14,
	EVS_ERR_NOT_SUPPORTED = 20,
	/* This user may not use the executive, or what answers is not one that may be trusted. */
	EVS_ERR_SECURITY = 29,
	/* More than 50 groups in one call. */
	EVS_ERR_TOO_MANY_GROUPS = 30
} evs_error_t;

/* A group is named by 32 bytes, all of which count. */
struct evs_group {
	char key[32];
};

/*
 * A message, called by evs_dispatch in delivery order. nodeid is its sender's;
 * msg has msg_len bytes, is the library's and valid until the callback returns.
 */
typedef void (*evs_deliver_fn_t)(
	unsigned int nodeid,
	void *msg,
	int msg_len);

/*
 * A configuration change, called by evs_dispatch in its place between the
 * messages. First the transitional configuration (left_list filled, joined_list
 * empty: the members that go on together), then the regular one (joined_list).
 * The first configuration after the first join has only member and joined. The
 * lists hold node identifiers, are the library's and valid until the callback
 * returns.
 */
typedef void (*evs_confchg_fn_t)(
	unsigned int *member_list, int member_list_entries,
	unsigned int *left_list, int left_list_entries,
	unsigned int *joined_list, int joined_list_entries);

/* Either may be NULL; what it would have been told is then dropped. */
typedef struct {
	evs_deliver_fn_t evs_deliver_fn;
	evs_confchg_fn_t evs_confchg_fn;
} evs_callbacks_t;

/*
 * evs_initialize opens the service for this process.
 *
 * handle     receives the handle. Give it back with evs_finalize.
 * callbacks  copied; NULL means that no callback is given.
 *
 * EVS_OK; EVS_ERR_INVALID_PARAM handle is NULL; EVS_ERR_TRY_AGAIN no executive
 * is running; EVS_ERR_NO_MEMORY also when the process has no room for the
 * library's runtime; EVS_ERR_SECURITY this user may not use the executive, or what
 * answers is not one that may be trusted; EVS_ERR_ACCESS the path of the socket
 * is closed to this user; EVS_ERR_LIBRARY what answers does not speak this
 * library's protocol.
 */
extern evs_error_t evs_initialize(
	evs_handle_t *handle,
	evs_callbacks_t *callbacks);

/*
 * evs_finalize closes the handle: its groups are left, pending callbacks are
 * dropped. A blocked evs_dispatch of another thread returns EVS_OK, any other
 * waiting call EVS_ERR_BAD_HANDLE. May be called from inside a callback.
 *
 * EVS_OK, also when the executive is gone; EVS_ERR_BAD_HANDLE.
 */
extern evs_error_t evs_finalize(
	evs_handle_t handle);

/*
 * evs_fd_get gives the descriptor that is readable exactly while a callback is
 * pending, or when the executive is gone.
 *
 * fd  receives it. It is the library's: poll it, never read or close it.
 *
 * EVS_OK; EVS_ERR_BAD_HANDLE; EVS_ERR_INVALID_PARAM fd is NULL;
 * EVS_ERR_LIBRARY the executive is gone.
 */
extern evs_error_t evs_fd_get(
	evs_handle_t handle,
	int *fd);

/*
 * evs_dispatch runs callbacks on the calling thread.
 *
 * EVS_OK; EVS_ERR_BAD_HANDLE; EVS_ERR_INVALID_PARAM no such dispatch_types;
 * EVS_ERR_LIBRARY the executive is gone.
 */
extern evs_error_t evs_dispatch(
	evs_handle_t handle,
	evs_dispatch_t dispatch_types);

/*
 * evs_join joins groups. Messages to them that are ordered after the join are
 * delivered to this handle.
 *
 * groups, group_cnt  the groups; at most 50 in one call.
 *
 * EVS_OK, also for groups that were joined before (they have to be left as often
 * as they were joined); EVS_ERR_BAD_HANDLE;
 * EVS_ERR_INVALID_PARAM groups is NULL or group_cnt is not positive;
 * EVS_ERR_TOO_MANY_GROUPS; EVS_ERR_TRY_AGAIN; EVS_ERR_NO_MEMORY also for
 * more groups on one handle than the executive keeps;
 * EVS_ERR_LIBRARY.
 */
extern evs_error_t evs_join(
	evs_handle_t handle,
	struct evs_group *groups,
	int group_cnt);

/*
 * evs_leave leaves groups. No message to them is delivered after it returned,
 * except those already pending.
 *
 * EVS_OK; EVS_ERR_NOT_EXIST a group is not joined (those before it were left);
 * EVS_ERR_INVALID_PARAM; and the errors of evs_join.
 */
extern evs_error_t evs_leave(
	evs_handle_t handle,
	struct evs_group *groups,
	int group_cnt);

/*
 * evs_mcast_joined multicasts one message to all groups that this handle has
 * joined. The sender, too, receives what it sends to a group it is in.
 *
 * guarantee       how the message is ordered and delivered.
 * iovec, iov_len  the parts of the message; copied before the call returns.
 *
 * EVS_OK the message will be delivered, unless this node fails or the
 * configuration changes so that it is dropped everywhere; EVS_ERR_BAD_HANDLE;
 * EVS_ERR_INVALID_PARAM no such guarantee, iovec NULL with iov_len above 0,
 * iov_len below 0 or above 1024, or a message above the configured maximum (1 MiB
 * by default); EVS_ERR_NOT_EXIST no group is joined; EVS_ERR_TRY_AGAIN;
 * EVS_ERR_NO_MEMORY; EVS_ERR_LIBRARY.
 */
extern evs_error_t evs_mcast_joined(
	evs_handle_t handle,
	evs_guarantee_t guarantee,
	struct iovec *iovec,
	int iov_len);

/*
 * evs_mcast_groups multicasts one message to the given groups, joined or not.
 *
 * groups, group_cnt  at least one, at most 50.
 *
 * EVS_OK the message will be delivered; EVS_ERR_INVALID_PARAM groups is NULL,
 * group_cnt is not positive, or what it is for evs_mcast_joined;
 * EVS_ERR_TOO_MANY_GROUPS; and the errors of evs_mcast_joined.
 */
extern evs_error_t evs_mcast_groups(
	evs_handle_t handle,
	evs_guarantee_t guarantee,
	struct evs_group *groups,
	int group_cnt,
	struct iovec *iovec,
	int iov_len);

/*
 * evs_membership_get tells the members of the configuration of this moment.
 *
 * local_nodeid         receives this node's identifier; may be NULL.
 * member_list          receives the identifiers; may be NULL.
 * member_list_entries  in: room in member_list; out: the number of members,
 *                      which may be more than fitted; may be NULL when
 *                      member_list is NULL.
 *
 * EVS_OK; EVS_ERR_BAD_HANDLE; EVS_ERR_INVALID_PARAM member_list without
 * member_list_entries; EVS_ERR_TRY_AGAIN; EVS_ERR_LIBRARY.
 */
extern evs_error_t evs_membership_get(
	evs_handle_t handle,
	unsigned int *local_nodeid,
	unsigned int *member_list,
	unsigned int *member_list_entries);

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_EVS_H */
