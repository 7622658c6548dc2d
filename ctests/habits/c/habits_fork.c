/* habits_fork.c: programs that fork, in all the ways that programs do. */
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>

#include "habit.h"

extern char **environ;
static const char *self;

/* fork, parent exits, setsid, fork: then the first call. */
static void daemonize_first(void)
{
	int report[2];
	char ok = 0;

	CHECK_IS(pipe(report), 0);
	alarm(20); /* or it hangs here */
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
		use(start());
		CHECK_IS(write(report[1], "y", 1), 1);
		_exit(0);
	}
	close(report[1]);
	CHECK_IS(read(report[0], &ok, 1), 1);
	wait(NULL);
}

/* In a child: the parent's handle is nobody's, a new one works. */
static void in_child(SaClmHandleT inherited, int fd)
{
	SaClmHandleT h;
	SaClmClusterNodeT n;
	SaSelectionObjectT s;

	CHECK_IS(saClmClusterNodeGet(inherited, NODE, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmDispatch(inherited, SA_DISPATCH_BLOCKING), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmSelectionObjectGet(inherited, &s), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmFinalize(inherited), SA_AIS_ERR_BAD_HANDLE);
	if (fd >= 0)
		CHECK(fcntl(fd, F_GETFD) < 0); /* nor is its connection kept open */
	h = start();
	CHECK(h != inherited);
	use(h);
	CHECK_IS(saClmClusterNodeGet(inherited, NODE, SA_TIME_ONE_SECOND, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

/* The same with handles of every service, and what was opened below them. */
static void every_service_in_a_child(void)
{
	struct services s;
	pid_t pid;

	start_all(&s);
	use_all(&s);
	pid = fork();
	if (pid == 0) {
		struct services own;

		all_are_unknown(&s);
		start_all(&own);
		use_all(&own);
		all_are_unknown(&s);
		finalize_all(&own);
		_exit(0);
	}
	child_ends_well(pid);
	use_all(&s);
	finalize_all(&s);
}

static void child_starts_afresh(void)
{
	SaClmHandleT h = start();
	SaSelectionObjectT fd;
	pid_t pid;
	int i;

	use(h);
	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
	for (i = 0; i < 3; i++) {
		pid = fork();
		if (pid == 0) {
			in_child(h, (int)fd);
			_exit(0);
		}
		use(h);
		child_ends_well(pid);
		use(h);
	}
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static void many_generations(void)
{
	SaClmHandleT h = start();
	/* Each copy of the runtime keeps some hundred megabytes of addresses. */
	int depth, generations = sizeof(void *) == 8 ? 20 : 3;

	for (depth = 0; depth < generations; depth++) {
		pid_t pid = fork();

		if (pid != 0) {
			int status;

			CHECK(waitpid(pid, &status, 0) == pid && status == 0);
			use(h);
			_exit(0);
		}
		in_child(h, -1);
		h = start();
	}
	use(h);
	_exit(0);
}

static void fork_without_handlers(void)
{
	SaClmHandleT h = start();
	pid_t pid;

	use(h);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
	pid = _Fork();
	if (pid == 0) {
		in_child(h, -1);
		_exit(0);
	}
	child_ends_well(pid);
#endif
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		in_child(h, -1);
		_exit(0);
	}
	child_ends_well(pid);
	use(h);
}

static int descriptors(void)
{
	int i, n = 0;

	for (i = 0; i < 1024; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

/* What a program started by this one finds open; the test may have been started
 * with more than 0 to 2 itself. */
static char expected[16];

static void count_descriptors(const char *want)
{
	CHECK_IS(descriptors(), atoi(want));
}

static void children_that_exec(void)
{
	SaClmHandleT h;
	char *args[] = {(char *)self, "count_descriptors", expected, NULL};
	char command[4096];
	pid_t pid;

	snprintf(expected, sizeof(expected), "%d", descriptors());
	h = start();
	use(h);
	pid = fork();
	if (pid == 0) {
		execv(self, args);
		_exit(127);
	}
	child_ends_well(pid);
	pid = vfork();
	if (pid == 0) {
		execv(self, args);
		_exit(127);
	}
	child_ends_well(pid);
	CHECK_IS(posix_spawn(&pid, self, NULL, NULL, args, environ), 0);
	child_ends_well(pid);
	snprintf(command, sizeof(command), "%s count_descriptors %s", self, expected);
	CHECK_IS(system(command), 0);
	use(h);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
}

static int stop;

static void *busy(void *arg)
{
	SaClmHandleT h = *(SaClmHandleT *)arg, mine = start();
	int i;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		use(h);
		/* The request above is framed in C; these are inside the runtime. */
		CHECK_IS(saClmClusterTrackStop(mine), SA_AIS_ERR_NOT_EXIST);
		for (i = 0; i < 2000; i++)
			CHECK_IS(saClmDispatch(mine, SA_DISPATCH_ALL), SA_AIS_OK);
	}
	CHECK_IS(saClmFinalize(mine), SA_AIS_OK);
	return NULL;
}

static void fork_with_calls_under_way(void)
{
	SaClmHandleT h = start();
	pthread_t t[4];
	int i;

	for (i = 0; i < 4; i++)
		CHECK_IS(pthread_create(&t[i], NULL, busy, &h), 0);
	for (i = 0; i < 15; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			in_child(h, -1);
			_exit(0);
		}
		child_ends_well(pid);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
	use(h);
}

static SaClmHandleT outer;
static pid_t forked;

static void fork_inside(const SaClmClusterNotificationBufferT *b, SaUint32T members, SaAisErrorT error)
{
	(void)b;
	(void)members;
	(void)error;
	if (forked != 0)
		return;
	forked = fork();
	if (forked == 0)
		in_child(outer, -1);
}

/* The child goes back into the parent's Dispatch. */
static void fork_in_callback(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {NULL, fork_inside};

	CHECK_IS(saClmInitialize(&outer, &k, &v), SA_AIS_OK);
	CHECK_IS(saClmClusterTrack(outer, SA_TRACK_CURRENT, NULL), SA_AIS_OK);
	while (forked == 0) {
		SaAisErrorT r = saClmDispatch(outer, SA_DISPATCH_ALL);

		if (forked == 0 && r == SA_AIS_ERR_BAD_HANDLE)
			_exit(0); /* the child */
		CHECK_IS(r, SA_AIS_OK);
	}
	child_ends_well(forked);
	use(outer);
}

static void *end_after(void *thread)
{
	CHECK_IS(pthread_join(*(pthread_t *)thread, NULL), 0);
	_exit(0);
}

static pthread_t ending;

static void *fork_here(void *arg)
{
	SaClmHandleT h = start();
	pid_t pid;

	(void)arg;
	use(h);
	pid = fork();
	if (pid == 0) {
		pthread_t t;

		in_child(h, -1);
		ending = pthread_self();
		CHECK_IS(pthread_create(&t, NULL, end_after, &ending), 0);
		return NULL; /* the thread ends, which the runtime of the parent must not notice */
	}
	child_ends_well(pid);
	return NULL;
}

static void fork_in_a_thread_that_ends(void)
{
	pthread_t t;

	CHECK_IS(pthread_create(&t, NULL, fork_here, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
	use(start());
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"daemonize_first", daemonize_first, 0}, {"child_starts_afresh", child_starts_afresh, 0},
		{"every_service_in_a_child", every_service_in_a_child, 0},
		{"many_generations", many_generations, 0}, {"fork_without_handlers", fork_without_handlers, 0},
		{"children_that_exec", children_that_exec, 0}, {"fork_with_calls_under_way", fork_with_calls_under_way, 0},
		{"fork_in_callback", fork_in_callback, 0}, {"fork_in_a_thread_that_ends", fork_in_a_thread_that_ends, 0},
		{NULL, NULL, 0}};

	self = argv[0];
	if (argc > 2 && strcmp(argv[1], "count_descriptors") == 0) {
		count_descriptors(argv[2]);
		return 0;
	}
	return run_tests(argc, argv, tests);
}
