/* habits_signal.c: signal handlers of all kinds, during and between calls. */
#include <sys/time.h>

#include "habit.h"

static volatile sig_atomic_t handled, elsewhere;

/* Where handlers have to run. */
static char *stack_from, *stack_to;

static void on_thread_stack(void)
{
	pthread_attr_t attr;
	void *base;
	size_t size;

	CHECK_IS(pthread_getattr_np(pthread_self(), &attr), 0);
	CHECK_IS(pthread_attr_getstack(&attr, &base, &size), 0);
	pthread_attr_destroy(&attr);
	stack_from = base;
	stack_to = stack_from + size;
}

/* What a handler of 2004 may be: it formats into a large buffer. */
__attribute__((noinline)) static void large_frame(int number)
{
	volatile char frame[60 << 10];
	size_t i;

	(void)number;
	if ((char *)&frame[0] < stack_from || (char *)&frame[0] >= stack_to) {
		elsewhere++; /* and whoever is there would be overwritten */
		return;
	}
	for (i = 0; i < sizeof(frame); i += 512)
		frame[i] = (char)i;
	handled++;
}

static void timer(int microseconds)
{
	struct itimerval t;

	memset(&t, 0, sizeof(t));
	t.it_interval.tv_usec = t.it_value.tv_usec = microseconds;
	CHECK_IS(setitimer(ITIMER_REAL, &t, NULL), 0);
}

/* A process that stops the executive for some milliseconds again and again, so
 * that calls wait. It ends with this one. */
static pid_t stutter(void)
{
	pid_t above = getpid(), pid = fork();

	if (pid == 0) {
		while (getppid() == above) {
			executive(SIGSTOP);
			usleep(7000);
			executive(SIGCONT);
			usleep(20000);
		}
		_exit(0);
	}
	return pid;
}

static void calls_under_fire(int flags, int own_stack)
{
	struct services all;
	struct sigaction a;
	stack_t s;
	double end;
	SaClmClusterNodeT n;
	SaSelectionObjectT fd;
	int i, timeouts = 0;
	pid_t pid;

	on_thread_stack();
	memset(&s, 0, sizeof(s));
	if (own_stack) {
		s.ss_size = 256 << 10;
		s.ss_sp = malloc(s.ss_size);
		CHECK_IS(sigaltstack(&s, NULL), 0);
		if (flags & SA_ONSTACK) {
			stack_from = s.ss_sp;
			stack_to = stack_from + s.ss_size;
		}
	}
	pid = stutter();
	memset(&a, 0, sizeof(a));
	a.sa_handler = large_frame;
	a.sa_flags = flags;
	CHECK_IS(sigaction(SIGALRM, &a, NULL), 0);
	timer(200);
	start_all(&all);
	/* Calls that are nearly all work: a signal meets the library inside. */
	end = seconds() + 20;
	while (handled < 500 && elsewhere == 0 && seconds() < end)
		for (i = 0; i < 500; i++) {
			CHECK_IS(saClmDispatch(all.clm, SA_DISPATCH_ALL), SA_AIS_OK);
			CHECK_IS(saClmSelectionObjectGet(all.clm, &fd), SA_AIS_OK);
			CHECK_IS(saEvtDispatch(all.evt, SA_DISPATCH_ALL), SA_AIS_OK);
		}
	/* And that wait. */
	end = seconds() + 0.7;
	while (elsewhere == 0 && (seconds() < end || timeouts == 0)) {
		SaAisErrorT r;

		CHECK(seconds() < end + 10);
		use_all(&all);
		order_callbacks(all.clm, 20);
		CHECK_IS(saClmDispatch(all.clm, SA_DISPATCH_ALL), SA_AIS_OK);
		r = saClmClusterNodeGet(all.clm, NODE, SA_TIME_ONE_MILLISECOND, &n);
		CHECK(r == SA_AIS_OK || r == SA_AIS_ERR_TIMEOUT || r == SA_AIS_ERR_TRY_AGAIN);
		timeouts += r == SA_AIS_ERR_TIMEOUT;
	}
	while (callbacks_run % 20 != 0) {
		CHECK(seconds() < end + 10);
		CHECK_IS(saClmDispatch(all.clm, SA_DISPATCH_ALL), SA_AIS_OK);
	}
	finalize_all(&all);
	timer(0);
	kill(pid, SIGKILL);
	executive_goes_on();
	CHECK_IS(elsewhere, 0);
	CHECK(handled > 200);
}

static void plain_handler(void) { calls_under_fire(0, 0); }
static void restarting_handler(void) { calls_under_fire(SA_RESTART, 0); }
static void handler_on_own_stack(void) { calls_under_fire(SA_ONSTACK | SA_RESTART, 1); }
static void handler_beside_own_stack(void) { calls_under_fire(0, 1); }
/* SA_ONSTACK and no alternate stack: the thread's own is used, unless somebody
 * else leaves a small one behind. */
static void handler_on_no_stack(void) { calls_under_fire(SA_ONSTACK, 0); }

static volatile double handled_at;

static void note_time(int number)
{
	(void)number;
	handled_at = seconds();
}

static SaClmHandleT shared;

static void *dispatch(void *arg)
{
	(void)arg;
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_BLOCKING), SA_AIS_OK);
	return NULL;
}

static void *call(void *arg)
{
	SaClmClusterNodeT n;

	(void)arg;
	CHECK_IS(saClmClusterNodeGet(shared, NODE, SA_TIME_MAX, &n), SA_AIS_ERR_BAD_HANDLE);
	return NULL;
}

static void *wait_for_turn(void *arg)
{
	return call(arg);
}

/* A call of the runtime's; the one above is framed in C. */
static SaClmHandleT second;

static void *call_of_runtime(void *arg)
{
	SaClmClusterNotificationBufferT b;

	(void)arg;
	memset(&b, 0, sizeof(b));
	CHECK_IS(saClmClusterTrack(second, SA_TRACK_CURRENT, &b), SA_AIS_ERR_BAD_HANDLE);
	return NULL;
}

static void handled_while_waiting(void)
{
	void *(*const ways[])(void *) = {dispatch, call, wait_for_turn, call_of_runtime};
	enum { N = sizeof(ways) / sizeof(ways[0]) };
	pthread_t t[N];
	int i;

	signal(SIGUSR1, note_time);
	shared = start();
	second = start();
	executive_stops();
	for (i = 0; i < N; i++) {
		CHECK_IS(pthread_create(&t[i], NULL, ways[i], NULL), 0);
		usleep(50000);
	}
	/* One of five: the machine may be busy with something else. */
	for (i = 0; i < N; i++) {
		double took = 2;
		int try;

		for (try = 0; try < 5 && took >= 0.05; try++) {
			double sent = seconds();

			handled_at = 0;
			CHECK_IS(pthread_kill(t[i], SIGUSR1), 0);
			while (handled_at == 0 && seconds() < sent + 2)
				usleep(1000);
			CHECK(handled_at != 0);
			took = handled_at - sent;
		}
		CHECK(took < 0.05);
	}
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
	CHECK_IS(saClmFinalize(second), SA_AIS_OK);
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
}

static void is_ended(int by_runtime)
{
	pid_t pid;
	int status;
	double limit;

	executive_goes_on();
	pid = fork();
	if (pid == 0) {
		SaClmClusterNotificationBufferT b;
		SaClmClusterNodeT n;
		SaClmHandleT h = start();

		memset(&b, 0, sizeof(b));
		stop_executive();
		if (by_runtime)
			saClmClusterTrack(h, SA_TRACK_CURRENT, &b);
		saClmClusterNodeGet(h, NODE, SA_TIME_MAX, &n);
		_exit(1);
	}
	usleep(300000);
	CHECK_IS(kill(pid, SIGTERM), 0);
	limit = seconds() + 5;
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds() > limit) {
			kill(pid, SIGKILL);
			CHECK(!"the process does not end");
		}
		usleep(1000);
	}
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

/* The default of SIGTERM ends a program whose only thread is in a call. */
static void default_action_ends_a_call(void)
{
	atexit(executive_goes_on);
	is_ended(0);
	is_ended(1);
}

/* A signal to the process runs its handler on a thread of the application. */
static pthread_t application;

static void where(int number)
{
	(void)number;
	handled++;
	if (!pthread_equal(pthread_self(), application))
		elsewhere++;
}

static void handlers_run_on_our_threads(void)
{
	static const int numbers[] = {SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCHLD, SIGURG, SIGIO, SIGWINCH, SIGPIPE};
	SaClmHandleT h;
	sigset_t all, old;
	unsigned i, j;

	application = pthread_self();
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		signal(numbers[i], where);
	h = start();
	use(h);
	sigfillset(&all);
	for (j = 0; j < 20; j++) {
		/* Blocked here: whoever has it open would take it. */
		CHECK_IS(pthread_sigmask(SIG_SETMASK, &all, &old), 0);
		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
			kill(getpid(), numbers[i]);
		usleep(2000);
		use(h);
		CHECK_IS(handled, (int)(j * i));
		CHECK_IS(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
		CHECK_IS(handled, (int)((j + 1) * i));
	}
	CHECK_IS(elsewhere, 0);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"plain_handler", plain_handler, 0}, {"restarting_handler", restarting_handler, 0},
		{"handler_on_own_stack", handler_on_own_stack, 0}, {"handler_beside_own_stack", handler_beside_own_stack, 0},
		{"handler_on_no_stack", handler_on_no_stack, 0}, {"handled_while_waiting", handled_while_waiting, 0},
		{"default_action_ends_a_call", default_action_ends_a_call, 0},
		{"handlers_run_on_our_threads", handlers_run_on_our_threads, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
