/*
 * cost.c: calls of the C library between marks (cost.h), so that trace.c can count
 * what they cost in system calls; allocations are counted here, because this
 * program's malloc is that of all libraries in it.
 *
 * Nothing that is counted depends on how fast anything is: where an answer is not
 * part of the call, the executive stands still, or everything has come before. What
 * enters Go is counted several times over, because Go may have something of its own
 * to do now and then.
 *
 * With -DPLANTED each call, and each callback, makes one system call and one
 * allocation more than the library does: what the limits have to notice.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <sys/syscall.h>

#include "cost.h"
#include "habit.h"

/* Each system call that is counted stops for the one who counts it. */
#ifdef PLANTED
enum { BURST = 200, ROUNDS = 1 };
#else
enum { BURST = 20000, ROUNDS = 3 };
#endif
enum { SIZE = 64, AWAKE = 70, REQUESTS = 10 };

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static __thread unsigned long mallocs; /* of this thread */

void *malloc(size_t size)
{
	mallocs++;
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	mallocs++;
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	mallocs++;
	return __libc_realloc(p, size);
}

#ifdef PLANTED
/* The library turns cancellation off when it is entered, and after a callback. */
typedef int setcancelstate_fn(int, int *);

int pthread_setcancelstate(int state, int *old)
{
	static setcancelstate_fn *real;
	void *volatile waste;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "pthread_setcancelstate");
	if (state == PTHREAD_CANCEL_DISABLE) {
		syscall(SYS_getuid);
		waste = malloc(1);
		free(waste);
	}
	return real(state, old);
}
#endif

static unsigned long mallocs_before;

static void begin(enum section s)
{
	mallocs_before = mallocs;
	raise(SIGTRAP);
	syscall(SYS_getppid, MARK, s, BEGIN, 0, 0, 0);
}

/* So many calls or callbacks; so many of them came to something. */
static void end(enum section s, int n, int ok)
{
	syscall(SYS_getppid, MARK, s, END, n, ok, mallocs - mallocs_before);
}

/* n requests, each with an answer; the executive may put them off. */
#define MEASURE(s, n, call) \
	do { \
		int i_, ok_ = 0; \
		begin(s); \
		for (i_ = 0; i_ < (n); i_++) { \
			int r_ = (int)(call); \
			ok_ += r_ == SA_AIS_OK; \
			if (r_ != SA_AIS_OK && r_ != SA_AIS_ERR_TRY_AGAIN) \
				CHECK_IS(r_, SA_AIS_OK); \
		} \
		end(s, n, ok_); \
	} while (0)

static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = -2; /* . and .. */

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/*
 * EVS: two handles in one group, so that it can be known what waits on the first.
 */

static int got_first, got_second;

static void on_first(unsigned int from, void *message, int size)
{
	(void)from;
	(void)message;
	CHECK_IS(size, SIZE);
	got_first++;
}

static void on_second(unsigned int from, void *message, int size)
{
	(void)from;
	(void)message;
	CHECK_IS(size, SIZE);
	got_second++;
}

static evs_handle_t member(evs_deliver_fn_t deliver)
{
	evs_callbacks_t k = {deliver, NULL};
	struct evs_group g;
	evs_handle_t h;
	int r;

	AGAIN(r, evs_initialize(&h, &k));
	CHECK_IS(r, EVS_OK);
	memset(&g, 0, sizeof(g));
	sprintf(g.key, "cost-%d", (int)getpid());
	AGAIN(r, evs_join(h, &g, 1));
	CHECK_IS(r, EVS_OK);
	return h;
}

static int mcast(evs_handle_t h)
{
	static char text[SIZE];
	struct iovec v;

	v.iov_base = text;
	v.iov_len = SIZE;
	return (int)evs_mcast_joined(h, EVS_TYPE_AGREED, &v, 1);
}

/* Until all messages have come to h. */
static void collect(evs_handle_t h, const int *got, int all)
{
	double limit = seconds() + 30;

	while (*got < all) {
		struct pollfd p;

		CHECK_IS(evs_fd_get(h, &p.fd), EVS_OK);
		p.events = POLLIN;
		poll(&p, 1, 1000);
		CHECK_IS(evs_dispatch(h, EVS_DISPATCH_ALL), EVS_OK);
		CHECK(seconds() < limit);
	}
}

/* What came to the second handle has come to the first by now: an answer to it was
 * written later. */
static void all_is_there(evs_handle_t first)
{
	unsigned int here;
	int r;

	AGAIN(r, evs_membership_get(first, &here, NULL, NULL));
	CHECK_IS(r, EVS_OK);
}

static void evs(void)
{
	evs_handle_t first = member(on_first), second = member(on_second);
	int i, ok = 0, r;

	/* Everything has been used once, and memory was made. */
	AGAIN(r, mcast(first));
	CHECK_IS(r, EVS_OK);
	collect(second, &got_second, 1);
	collect(first, &got_first, 1);
	all_is_there(first);
	CHECK_IS(evs_dispatch(first, EVS_DISPATCH_ALL), EVS_OK);

	/* All of it fits into the memory shared with the executive, which takes
	 * nothing out of it meanwhile. */
	stop_executive();
	begin(OF_evs_mcast);
	for (i = 0; i < BURST; i++)
		ok += mcast(first) == EVS_OK;
	end(OF_evs_mcast, BURST, ok);
	executive_goes_on();
	CHECK_IS(ok, BURST);

	collect(second, &got_second, 1 + BURST);
	all_is_there(first);
	begin(OF_evs_dispatch);
	r = (int)evs_dispatch(first, EVS_DISPATCH_ALL);
	end(OF_evs_dispatch, BURST, got_first - 1);
	CHECK_IS(r, EVS_OK);
	CHECK_IS(got_first, 1 + BURST);

	begin(OF_evs_dispatch_none);
	for (i = 0; i < REQUESTS; i++)
		CHECK_IS(evs_dispatch(first, EVS_DISPATCH_ALL), EVS_OK);
	end(OF_evs_dispatch_none, REQUESTS, got_first == 1 + BURST ? REQUESTS : 0);

	ok = 0;
	begin(OF_evs_mcast_awake);
	for (i = 0; i < AWAKE; i++)
		ok += mcast(first) == EVS_OK;
	end(OF_evs_mcast_awake, AWAKE, ok);
	CHECK_IS(evs_finalize(first), EVS_OK);
	CHECK_IS(evs_finalize(second), EVS_OK);
}

static void requests(struct services *s)
{
	static char text[SIZE];
	SaCkptSectionIdT whole = SA_CKPT_DEFAULT_SECTION_ID;
	SaCkptIOVectorElementT io;
	SaClmClusterNodeT n;
	int i;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = text;
	io.dataSize = SIZE;
	use_all(s);
	for (i = 0; i < ROUNDS; i++) {
		MEASURE(OF_ckpt_overwrite, REQUESTS, saCkptSectionOverwrite(s->checkpoint, &whole, text, SIZE));
		MEASURE(OF_ckpt_read, REQUESTS, saCkptCheckpointRead(s->checkpoint, &io, 1, NULL));
		MEASURE(OF_clm_node_get, REQUESTS, saClmClusterNodeGet(s->clm, SA_CLM_LOCAL_NODE_ID, 10 * SA_TIME_ONE_SECOND, &n));
	}
}

/* Another subscriber of the channel of s: what it got has come to s, too. */
static int events_elsewhere;

static void on_event_elsewhere(SaEvtSubscriptionIdT subscription, SaEvtEventHandleT e, SaSizeT size)
{
	(void)subscription;
	(void)size;
	CHECK_IS(saEvtEventFree(e), SA_AIS_OK);
	events_elsewhere++;
}

static SaEvtHandleT subscriber(const struct services *s)
{
	SaVersionT v = {'B', 1, 1};
	SaEvtCallbacksT k = {NULL, on_event_elsewhere};
	SaEvtEventFilterT f = {SA_EVT_PASS_ALL_FILTER, {0, 0, NULL}};
	SaEvtEventFilterArrayT all = {1, &f};
	SaEvtChannelHandleT channel;
	SaEvtHandleT h;
	SaNameT name;
	int r;

	memset(&name, 0, sizeof(name)); /* as start_all names it */
	name.length = (SaUint16T)sprintf((char *)name.value, "habit-%d-%p", (int)getpid(), (const void *)s);
	CHECK_IS(saEvtInitialize(&h, &k, &v), SA_AIS_OK);
	AGAIN(r, saEvtChannelOpen(h, &name, SA_EVT_CHANNEL_SUBSCRIBER, 10 * SA_TIME_ONE_SECOND, &channel));
	CHECK_IS(r, SA_AIS_OK);
	AGAIN(r, saEvtEventSubscribe(channel, &all, 1));
	CHECK_IS(r, SA_AIS_OK);
	return h;
}

static int accepted;

static int publish(struct services *s)
{
	SaEvtEventIdT id;
	int r = (int)saEvtEventPublish(s->event, "abc", 3, &id);

	accepted += r == SA_AIS_OK;
	return r;
}

/* All that was accepted waits for s. */
static void events_are_there(struct services *s, SaEvtHandleT other)
{
	double limit = seconds() + 30;

	while (events_elsewhere < accepted) {
		CHECK_IS(saEvtDispatch(other, SA_DISPATCH_ALL), SA_AIS_OK);
		CHECK(seconds() < limit);
		usleep(200);
	}
	use(s->clm); /* an answer that was written later */
}

static void published(struct services *s)
{
	SaEvtHandleT other = subscriber(s);
	int i, r, before;

	for (i = 0; i < 40; i++) { /* as warm_up, for this service */
		AGAIN(r, publish(s));
		CHECK_IS(r, SA_AIS_OK);
	}
	events_are_there(s, other);
	CHECK_IS(saEvtDispatch(s->evt, SA_DISPATCH_ALL), SA_AIS_OK);
	for (i = 0; i < ROUNDS; i++) {
		MEASURE(OF_evt_publish, REQUESTS, publish(s));
		events_are_there(s, other);
		before = events;
		begin(OF_evt_dispatch);
		r = (int)saEvtDispatch(s->evt, SA_DISPATCH_ALL);
		end(OF_evt_dispatch, events - before, events - before);
		CHECK_IS(r, SA_AIS_OK);
	}
	CHECK_IS(saEvtFinalize(other), SA_AIS_OK);
}

static void nothing_there(struct services *s)
{
	SaSelectionObjectT fd;
	int i;

	CHECK_IS(saClmDispatch(s->clm, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(saCkptDispatch(s->ckpt, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(saEvtDispatch(s->evt, SA_DISPATCH_ALL), SA_AIS_OK);
	for (i = 0; i < ROUNDS; i++) {
		MEASURE(OF_clm_dispatch_none, REQUESTS, saClmDispatch(s->clm, SA_DISPATCH_ALL));
		MEASURE(OF_ckpt_dispatch_none, REQUESTS, saCkptDispatch(s->ckpt, SA_DISPATCH_ALL));
		MEASURE(OF_evt_dispatch_none, REQUESTS, saEvtDispatch(s->evt, SA_DISPATCH_ALL));
		MEASURE(OF_clm_selection_object, REQUESTS, saClmSelectionObjectGet(s->clm, &fd));
	}
}

/* Each pair is between marks of its own. */
static void again_and_again(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT clm;
	SaCkptHandleT ckpt;
	SaEvtHandleT evt;
	evs_handle_t evs;
	SaEvtCallbacksT none = {NULL, NULL};
	evs_callbacks_t k = {on_first, NULL};
	int i;

#define PAIR(s, initialize, finalize) \
	do { \
		SaAisErrorT r_; \
		begin(s); \
		r_ = (SaAisErrorT)(initialize); \
		if (r_ == SA_AIS_OK) \
			CHECK_IS(finalize, SA_AIS_OK); \
		end(s, 1, r_ == SA_AIS_OK); \
	} while (0)
	for (i = 0; i < ROUNDS; i++) {
		PAIR(OF_clm_second, saClmInitialize(&clm, NULL, &v), saClmFinalize(clm));
		PAIR(OF_ckpt_second, saCkptInitialize(&ckpt, NULL, &v), saCkptFinalize(ckpt));
		PAIR(OF_evt_second, saEvtInitialize(&evt, &none, &v), saEvtFinalize(evt));
		PAIR(OF_evs_second, evs_initialize(&evs, &k), evs_finalize(evs));
	}
}

/* With an argument: only what is a request and its answer. */
int main(int argc, char **argv)
{
	struct services s;
	unsigned long none = mallocs;

	(void)argv;
	atexit(executive_goes_on);
	start_all(&s);
	CHECK(mallocs > none); /* those of the library are counted */
	requests(&s);
	published(&s);
	if (argc > 1)
		return 0;
	nothing_there(&s);
	again_and_again();
	evs();
	printf("threads %d\n", threads());
	fflush(stdout);
	finalize_all(&s);
	return 0;
}
