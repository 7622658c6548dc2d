/*
 * habits_threads.c: threads with small stacks, threads that end, threads that take
 * handles away from each other, calls from inside callbacks, and selection objects
 * in every way of waiting.
 */
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "habit.h"
#include "state.h"

static SaClmHandleT shared;

static void *small_stack(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 50; i++)
		use(shared);
	order_callbacks(shared, 1);
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_ALL), SA_AIS_OK);
	return NULL;
}

static void *small_stack_first(void *arg)
{
	(void)arg;
	shared = start();
	return small_stack(NULL);
}

static void small_stacks(void)
{
	enum { N = 64 };
	pthread_t t[N];
	pthread_attr_t attr;
	int i, round;

	CHECK_IS(pthread_attr_init(&attr), 0);
	CHECK_IS(pthread_attr_setstacksize(&attr, 16384), 0);
	CHECK_IS(pthread_create(&t[0], &attr, small_stack_first, NULL), 0);
	CHECK_IS(pthread_join(t[0], NULL), 0);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < N; i++)
			CHECK_IS(pthread_create(&t[i], &attr, small_stack, NULL), 0);
		for (i = 0; i < N; i++)
			CHECK_IS(pthread_join(t[i], NULL), 0);
	}
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
}

/*
 * How much stack the first call takes: the pages of a fresh stack that were
 * written below where the thread stood. A thread of 16 KB has to have some left
 * for the program.
 */
enum { LARGE_STACK = 256 << 10, PAINT = 0xA5 };

static unsigned char *painted;
static size_t taken;

static void *first_call_on_paint(void *arg)
{
	unsigned char here, *p;

	memset(painted, PAINT, (size_t)(&here - painted) - 512);
	shared = start();
	use(shared);
	for (p = painted; *p == PAINT; p++)
		;
	taken = (size_t)(&here - p);
	return arg;
}

static void first_initialize_needs_little_stack(void)
{
	pthread_attr_t attr;
	pthread_t t;

	painted = aligned_alloc(4096, LARGE_STACK);
	CHECK(painted != NULL);
	CHECK_IS(pthread_attr_init(&attr), 0);
	CHECK_IS(pthread_attr_setstack(&attr, painted, LARGE_STACK), 0);
	CHECK_IS(pthread_create(&t, &attr, first_call_on_paint, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
	printf("stack of the first Initialize and a call: %zu bytes\n", taken);
	CHECK(taken > 1000 && taken < 9 << 10);
}

/* A thread ends after calls; destructors of the application that run after the
 * runtime's find the thread as it was. */
static struct state at_end, afterwards;
static pthread_key_t first_key, last_key;
static int rounds, compared;

static void at_thread_end(void *value)
{
	take_state(&afterwards);
	compare_states("the end of a thread", &at_end, &afterwards);
	compared++;
	if (++rounds < 4) /* the runtime's destructor may come between */
		pthread_setspecific(first_key, value);
}

static void *call_and_end(void *arg)
{
	SaClmHandleT h = start();

	use(h);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	rounds = 0;
	CHECK_IS(pthread_setspecific(first_key, &rounds), 0);
	CHECK_IS(pthread_setspecific(last_key, &rounds), 0);
	take_state(&at_end);
	return arg;
}

static void end_of_thread(void *(*f)(void *))
{
	pthread_t t;

	compared = 0;
	CHECK_IS(pthread_create(&t, NULL, f, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
	CHECK(compared >= 4);
}

static void a_thread_ends_as_it_was(void)
{
	pid_t pid;

	CHECK_IS(pthread_key_create(&first_key, at_thread_end), 0);
	use(start()); /* the runtime's key comes between ours */
	CHECK_IS(pthread_key_create(&last_key, at_thread_end), 0);
	end_of_thread(call_and_end);
	end_of_thread(call_and_end);
	pid = fork();
	if (pid == 0) {
		end_of_thread(call_and_end);
		_exit(0);
	}
	child_ends_well(pid);
}

/* One thread is in Dispatch, one in a request, one waits for its turn; another
 * finalizes. */
static void *dispatching(void *arg)
{
	(void)arg;
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_BLOCKING), SA_AIS_OK);
	return NULL;
}

static void *asking(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	CHECK_IS(saClmClusterNodeGet(shared, NODE, SA_TIME_MAX, &n), SA_AIS_ERR_BAD_HANDLE);
	return NULL;
}

static SaClmHandleT quiet; /* nobody is in Dispatch on it */

static void *asking_quietly(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	CHECK_IS(saClmClusterNodeGet(quiet, NODE, SA_TIME_MAX, &n), SA_AIS_ERR_BAD_HANDLE);
	return NULL;
}

static SaEvtHandleT shared_evt;
static evs_handle_t shared_evs;
static SaCkptHandleT shared_ckpt;

static void *dispatching_evt(void *arg)
{
	(void)arg;
	CHECK_IS(saEvtDispatch(shared_evt, SA_DISPATCH_BLOCKING), SA_AIS_OK);
	return NULL;
}

static void *dispatching_evs(void *arg)
{
	(void)arg;
	CHECK_IS(evs_dispatch(shared_evs, EVS_DISPATCH_BLOCKING), EVS_OK);
	return NULL;
}

static void *dispatching_ckpt(void *arg)
{
	(void)arg;
	CHECK_IS(saCkptDispatch(shared_ckpt, SA_DISPATCH_BLOCKING), SA_AIS_OK);
	return NULL;
}

static void finalize_wakes_who_waits(void)
{
	void *(*const waits[])(void *) = {dispatching, dispatching, asking, asking, asking,
		asking_quietly, asking_quietly, dispatching_evt, dispatching_evs, dispatching_ckpt};
	enum { N = sizeof(waits) / sizeof(waits[0]) };
	struct services s;
	pthread_t t[N];
	double began;
	int i;

	start_all(&s);
	shared = s.clm;
	shared_evt = s.evt;
	shared_evs = s.evs;
	shared_ckpt = s.ckpt;
	quiet = start();
	executive_stops();
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_create(&t[i], NULL, waits[i], NULL), 0);
	usleep(100000);
	began = seconds();
	alarm(15); /* or it hangs here */
	finalize_all(&s);
	CHECK_IS(saClmFinalize(quiet), SA_AIS_OK);
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
	CHECK(seconds() - began < 10);
}

static void *cancelled_dispatch(void *arg)
{
	(void)arg;
	saClmDispatch(shared, SA_DISPATCH_BLOCKING);
	return NULL;
}

static void cancelled_thread(void)
{
	pthread_t t;
	SaSelectionObjectT fd;
	struct pollfd p;
	void *r;

	shared = start();
	CHECK_IS(pthread_create(&t, NULL, cancelled_dispatch, NULL), 0);
	usleep(50000);
	CHECK_IS(pthread_cancel(t), 0);
	CHECK_IS(pthread_join(t, &r), 0);
	CHECK(r == PTHREAD_CANCELED);
	use(shared);
	order_callbacks(shared, 1);
	CHECK_IS(saClmSelectionObjectGet(shared, &fd), SA_AIS_OK);
	p.fd = (int)fd;
	p.events = POLLIN;
	CHECK_IS(poll(&p, 1, 5000), 1);
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(callbacks_run, 1);
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
}

/* From inside a callback: requests, other handles, Dispatch, Finalize. */
static int inside, depth;

static void calls_inside(SaInvocationT invocation, const SaClmClusterNodeT *n, SaAisErrorT error)
{
	SaClmHandleT other;

	(void)n;
	CHECK_IS(error, SA_AIS_OK);
	CHECK_IS(invocation, inside);
	inside++;
	use(shared);
	other = start();
	use(other);
	CHECK_IS(saClmFinalize(other), SA_AIS_OK);
	if (++depth < 3) {
		CHECK_IS(saClmDispatch(shared, SA_DISPATCH_ONE), SA_AIS_OK);
	}
	depth--;
	if (inside == 6 && depth == 0) {
		CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
		CHECK_IS(saClmFinalize(shared), SA_AIS_ERR_BAD_HANDLE);
	}
}

static void calls_inside_a_callback(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {calls_inside, NULL};
	double limit = seconds() + 10;
	int i;

	CHECK_IS(saClmInitialize(&shared, &k, &v), SA_AIS_OK);
	order_callbacks(shared, 6);
	alarm(15); /* or it hangs here */
	for (i = 0; inside < 6; i++) {
		SaAisErrorT r = saClmDispatch(shared, SA_DISPATCH_ALL);

		CHECK(r == SA_AIS_OK || (inside == 6 && r == SA_AIS_ERR_BAD_HANDLE));
		CHECK(seconds() < limit);
	}
	CHECK_IS(inside, 6);
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_ALL), SA_AIS_ERR_BAD_HANDLE);
}

/* Selection objects: what poll, select and epoll say, which must be the same. */
static int readable(int fd, int milliseconds)
{
	struct pollfd p;
	struct timeval none = {0, 0};
	struct epoll_event e;
	fd_set set;
	int epoll = epoll_create1(EPOLL_CLOEXEC), ready;

	p.fd = fd;
	p.events = POLLIN;
	ready = poll(&p, 1, milliseconds);
	CHECK(fd < FD_SETSIZE && epoll >= 0);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	CHECK_IS(select(fd + 1, &set, NULL, NULL, &none), ready);
	memset(&e, 0, sizeof(e));
	e.events = EPOLLIN;
	CHECK_IS(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), 0);
	CHECK_IS(epoll_wait(epoll, &e, 1, 0), ready);
	close(epoll);
	return ready;
}

static void readable_exactly_while_a_callback_is_pending(void)
{
	struct services s;
	SaSelectionObjectT clm, evt;
	struct iovec v = {(void *)"abc", 3};
	SaEvtEventIdT id;
	int fd, i, r;

	start_all(&s);
	CHECK_IS(saClmSelectionObjectGet(s.clm, &clm), SA_AIS_OK);
	CHECK_IS(saEvtSelectionObjectGet(s.evt, &evt), SA_AIS_OK);
	CHECK_IS(evs_fd_get(s.evs, &fd), EVS_OK);
	CHECK_IS(evs_dispatch(s.evs, EVS_DISPATCH_ALL), EVS_OK); /* the configuration it joined */
	CHECK_IS(readable((int)clm, 0), 0);
	CHECK_IS(readable((int)evt, 0), 0);
	CHECK_IS(readable(fd, 0), 0);
	order_callbacks(s.clm, 5);
	for (i = 0; i < 5; i++) {
		AGAIN(r, saEvtEventPublish(s.event, "abc", 3, &id));
		CHECK_IS(r, SA_AIS_OK);
		AGAIN(r, evs_mcast_joined(s.evs, EVS_TYPE_AGREED, &v, 1));
		CHECK_IS(r, EVS_OK);
	}
	usleep(200000); /* all have come */
	for (i = 0; i < 5; i++) {
		CHECK_IS(readable((int)clm, 5000), 1);
		CHECK_IS(readable((int)evt, 5000), 1);
		CHECK_IS(readable(fd, 5000), 1);
		CHECK_IS(saClmDispatch(s.clm, SA_DISPATCH_ONE), SA_AIS_OK);
		CHECK_IS(saEvtDispatch(s.evt, SA_DISPATCH_ONE), SA_AIS_OK);
		CHECK_IS(evs_dispatch(s.evs, EVS_DISPATCH_ONE), EVS_OK);
		CHECK(callbacks_run == i + 1 && events == i + 1 && messages == i + 1);
	}
	CHECK_IS(readable((int)clm, 0), 0);
	CHECK_IS(readable((int)evt, 0), 0);
	CHECK_IS(readable(fd, 0), 0);
	finalize_all(&s);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"small_stacks", small_stacks, 0}, {"first_initialize_needs_little_stack", first_initialize_needs_little_stack, 0},
		{"a_thread_ends_as_it_was", a_thread_ends_as_it_was, 0}, {"finalize_wakes_who_waits", finalize_wakes_who_waits, 0},
		{"cancelled_thread", cancelled_thread, 0}, {"calls_inside_a_callback", calls_inside_a_callback, 0},
		{"readable_exactly_while_a_callback_is_pending", readable_exactly_while_a_callback_is_pending, 0},
		{NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
