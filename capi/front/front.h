/*
 * front.h: the inside of the C front: handles, entering the runtime, waiting,
 * dispatch, and error numbers. The adapters (clm_*.c, evs_*.c) are written with
 * it; nothing of it is exported.
 *
 * The front starts no thread and costs a few system calls until the first
 * Initialize, which loads the runtime. It is everything that must be in C: it
 * works before the runtime is loaded and in a forked child, waits with the
 * application's signals open, and calls the application's callbacks.
 */
#ifndef AISF_FRONT_H
#define AISF_FRONT_H

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "capi/runtime/aisrt.h"

/* Neutral error numbers: those of B.01.01. */
enum {
	AISF_OK = 1,
	AISF_LIBRARY = 2,
	AISF_VERSION = 3,
	AISF_INIT = 4,
	AISF_TIMEOUT = 5,
	AISF_TRY_AGAIN = 6,
	AISF_INVALID_PARAM = 7,
	AISF_NO_MEMORY = 8,
	AISF_BAD_HANDLE = 9,
	AISF_ACCESS = 11,
	AISF_NOT_EXIST = 12,
	AISF_NO_SPACE = 15,
	AISF_NAME_NOT_FOUND = 17,
	AISF_NO_RESOURCES = 18,
	AISF_BAD_OPERATION = 20,
	AISF_BAD_FLAGS = 25,
	AISF_TOO_BIG = 26,
	AISF_NO_SECTIONS = 27,
	AISF_TOO_MANY_GROUPS = 1030
};

/* What a handle is for; part of the check when it is used. */
enum aisf_type {
	AISF_CLM_A01 = 1,
	AISF_CLM_A01_GET, /* the connection of one saClmClusterNodeGet */
	AISF_CLM_B01,
	AISF_CLM_OSAF,
	AISF_EVS_A01,
	AISF_EVS_B01,
	AISF_EVT_A01,
	AISF_EVT_B01,
	AISF_CKPT_A01,
	AISF_CKPT_A01_OPEN,
	AISF_CKPT_A01_ITERATOR,
	AISF_CKPT_A01_UNLINK, /* the connection of one saCkptCheckpointUnlink */
	AISF_CKPT_A01_ALONE,  /* the connection of one saCkptCheckpointOpen */
	AISF_CKPT_B01,
	AISF_CKPT_B01_OPEN,
	AISF_CKPT_B01_ITERATOR,
	AISF_AMF_A01,
	AISF_AMF_A01_ALONE, /* the connection of one call without a handle */
	AISF_AMF_B01,
	AISF_AMF_OSAF,
	AISF_EVT_OSAF,
	AISF_CKPT_OSAF,
	AISF_CKPT_OSAF_OPEN,
	AISF_CKPT_OSAF_ITERATOR
};

/* Service numbers of the protocol. */
enum { AISF_SERVICE_EVS = 0, AISF_SERVICE_CLM = 1, AISF_SERVICE_AMF = 2, AISF_SERVICE_CKPT = 3, AISF_SERVICE_EVT = 6 };

/* Set per library: does SA_DISPATCH_ONE wait for a callback, as openais' did? */
extern const int aisf_one_blocks;
extern const int aisf_one_blocks_evt;

struct aisf_handle;
struct aisf_state;
struct aisf_event;

/*
 * Runs the application's callback for one event. It is called with no lock held
 * and may call any function of the API, Finalize included. 0: there was nothing
 * to call, the event is dropped.
 */
typedef int aisf_run_fn(struct aisf_handle *h, struct aisf_event *e);

/* What a dispatch took: the call block of AISRT_NEXT with its memory in out. */
struct aisf_event {
	struct aisrt_call call;
};

/* The request half of a connection as the front uses it; see ask.h. Whoever has the
 * turn of the handle. */
struct aisf_asking {
	uint32_t seq; /* of the last request, whoever sent it */
	int clean;    /* nothing of an earlier one is still to come */
	uint32_t max_message;
	unsigned char *in; /* the answer */
	size_t in_room;
	int shares;       /* memory may be asked for */
	unsigned asked;   /* requests before it is */
	struct aisf_memory *memory; /* or NULL; see memory.h */
};

struct aisf_handle {
	uint64_t id; /* as the application has it */
	enum aisf_type type;
	unsigned slot;
	unsigned epoch; /* of the process that opened it */

	/* Under the lock of the table. */
	unsigned users; /* calls under way, one for being open, one per child */
	struct aisf_handle *parent; /* whose connection this one uses; set at its making */
	struct aisf_handle *children, *sibling;

	int closing; /* Finalize has begun; read and written atomically */
	void *conn;
	int request_fd, callback_fd;
	unsigned fd_note[2]; /* where a forked child finds them */

	/* One request at a time; who waits for its turn waits on turn. */
	pthread_mutex_t lock;
	pthread_cond_t turn;
	int busy;
	struct aisrt_call rq; /* the request under way, with room kept in out */
	struct aisf_asking ask;

	/* Taking callbacks. */
	pthread_mutex_t take_lock;
	unsigned dispatchers; /* threads in Dispatch; atomic */

	/* The service's own part, set by the adapter at Initialize. */
	void *own;
	void (*own_free)(void *own);
	aisf_run_fn *run;

	struct aisf_ring *ring; /* shared memory, or NULL; see ring.h */

	struct aisf_object *objects; /* under the lock of the table; see object.h */
};

/*
 * The table of handles and the connection below them.
 */

/*
 * Opens a connection and a handle on it. own belongs to the handle from then
 * on; on failure it is released with own_free. deadline as aisf_deadline makes.
 */
unsigned aisf_open(enum aisf_type type, uint32_t service, uint32_t generation,
	int64_t deadline, aisf_run_fn *run, void *own, void (*own_free)(void *),
	struct aisf_handle **h);

/* Sets the arguments of a call. */
typedef void aisf_fill_fn(struct aisrt_call *c, const void *arg);
/* aisf_open with arguments of the service's own. */
unsigned aisf_open_filled(enum aisf_type type, uint32_t service, uint32_t generation,
	int64_t deadline, aisf_run_fn *run, void *own, void (*own_free)(void *),
	aisf_fill_fn *fill, const void *arg, struct aisf_handle **h);

/*
 * Opens a handle below parent, whose connection its requests use: it ends with
 * parent at the latest, and parent's memory outlives it. The caller uses parent
 * and goes on doing so. own as in aisf_open.
 */
unsigned aisf_open_child(enum aisf_type type, struct aisf_handle *parent, void *own,
	void (*own_free)(void *), uint64_t *id);

/* The child of parent that matches, or NULL; give it back with aisf_put. match is
 * called with the table locked. */
struct aisf_handle *aisf_get_child(struct aisf_handle *parent,
	int (*match)(const struct aisf_handle *child, const void *arg), const void *arg);

/* The handle that id names, or NULL; give it back with aisf_put. */
struct aisf_handle *aisf_get(uint64_t id, enum aisf_type type);
void aisf_put(struct aisf_handle *h);
/* One use more of a handle that is in use. */
void aisf_use(struct aisf_handle *h);

/* Gives back and finalizes. AISF_BAD_HANDLE if another thread was first. */
unsigned aisf_finalize(struct aisf_handle *h);
/* Has its Finalize begun? Asked with the lock of the table held. */
int aisf_is_open(const struct aisf_state *s, const struct aisf_handle *h);

/* 32 bits for a handle that nobody guesses, the highest of them set. */
uint32_t aisf_random_part(void);

/*
 * The handle's value for a generation whose handles are 31 bits and for one
 * whose handles are 64 bits. Neither is ever 0.
 */
uint32_t aisf_short_id(const struct aisf_handle *h);
struct aisf_handle *aisf_get_short(uint32_t id, enum aisf_type type);

/*
 * Requests: begin takes the handle's turn and returns the call block to fill
 * (with op set, all else 0); run does it; end gives the turn back. What run left
 * in out stays valid until end.
 */
unsigned aisf_begin(struct aisf_handle *h, uint32_t op, int64_t deadline, struct aisrt_call **c);
/* The two halves of begin: the turn, and the call block for whoever has it. */
unsigned aisf_turn(struct aisf_handle *h, int64_t deadline);
struct aisrt_call *aisf_block_for(struct aisf_handle *h, uint32_t op);
unsigned aisf_run(struct aisf_handle *h, struct aisrt_call *c, int64_t deadline);
void aisf_end(struct aisf_handle *h);

/* Deadlines: CLOCK_MONOTONIC nanoseconds; AISF_NEVER is none. */
#define AISF_NEVER INT64_MAX
int64_t aisf_deadline(int64_t timeout_ns);
int64_t aisf_remaining(int64_t deadline);

/*
 * Waits until fd is ready for events of poll, with the mask open (NULL: as it is);
 * handlers run, and the wait goes on. 0: the deadline passed. An error counts as
 * ready: whoever uses fd then finds out what is wrong.
 */
int aisf_wait(int fd, short events, int64_t deadline, const sigset_t *open);

/* Is h being finalized, or inherited? Either way it is a BAD_HANDLE. */
int aisf_closing(const struct aisf_handle *h);
/* Is this a child of the process that opened h? It was forked by a signal handler or
 * a callback inside a call, and returned into that call. */
int aisf_inherited(const struct aisf_handle *h);
/* What a call has come to once it has read the answer, which is not there in such a
 * child. */
unsigned aisf_result(const struct aisf_handle *h, unsigned error);

/* The uid of the account "ais" the executive may run as, 0 when there is none. */
uint32_t aisf_service_uid(void);

/* Dispatch of every service. */
enum aisf_dispatch { AISF_ONE, AISF_ONE_WAIT, AISF_ALL, AISF_BLOCKING };
/* Gives h back. */
unsigned aisf_dispatch(struct aisf_handle *h, enum aisf_dispatch how);

/*
 * The runtime.
 */

/* Loads it if needed. AISF_OK or why it cannot be used. */
unsigned aisf_load(void);
/* Runs in a forked child. */
void aisf_after_fork(void);
/*
 * Enters it. Every signal must be blocked: aisf_block before, aisf_unblock after,
 * which gives errno back as well.
 */
struct aisf_signals {
	uint64_t mask; /* the application's */
	int error;
};
void aisf_block(struct aisf_signals *s);
void aisf_unblock(const struct aisf_signals *s);
int aisf_enter(struct aisrt_call *c);
/* Remembers a descriptor that a forked child has to close, and forgets it. */
unsigned aisf_note_fd(int fd);
void aisf_forget_fd(unsigned note);

/*
 * State of this process, all zero at the start and again in a forked child,
 * whose handles are none and whose runtime is not loaded.
 */
struct aisf_state {
	int pid;       /* where the kernel cannot wipe it */
	unsigned epoch; /* another number in every process that has handles; atomic */
	pthread_mutex_t load_lock;
	const struct aisrt_copy *runtime; /* atomic */
	pthread_mutex_t table_lock;
	struct aisf_handle **slots;
	unsigned slot_count, slots_used, slot_next;
	struct aisf_object_slot *objects;
	unsigned object_count, objects_used, object_next;
	/* Callbacks of AMF that wait for an answer; see amf.c. */
	pthread_mutex_t waiting_lock;
	struct aisf_waiting *waiting;
	unsigned waiting_count;
	uint32_t waiting_number;
};

/* NULL when the process has not even a page of memory. */
struct aisf_state *aisf_state(void);
/* The epoch of this process, 0 before it has a handle. */
unsigned aisf_epoch(void);

/*
 * Numbers of the generations from neutral ones.
 */
unsigned aisf_error_a01(unsigned neutral);
unsigned aisf_error_b01(unsigned neutral);
unsigned aisf_error_evs(unsigned neutral);
unsigned aisf_error_osaf(unsigned neutral);

/* Cancellation is off while a call holds something; see dispatch.c. */
int aisf_cancel_off(void);
void aisf_cancel_restore(int old);

#endif /* AISF_FRONT_H */
