/*
 * habits_process.c: the process is the application's: what the library may not
 * change, and what it has to put up with.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "habit.h"

extern char **environ;

/* Everything of a process that a call might change. */
struct state {
	unsigned char dispositions[64][32];
	uint64_t mask, pending;
	stack_t alternate;
	struct rlimit limits[RLIM_NLIMITS];
	mode_t umask;
	char directory[4096];
	char environment[1 << 16];
	int cancel_state;
};

static void take_state(struct state *s)
{
	size_t used = 0;
	char **e;
	int i;

	memset(s, 0, sizeof(*s));
	for (i = 1; i <= 64; i++)
		syscall(SYS_rt_sigaction, i, NULL, s->dispositions[i - 1], 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &s->mask, 8);
	syscall(SYS_rt_sigpending, &s->pending, 8);
	sigaltstack(NULL, &s->alternate);
	for (i = 0; i < (int)RLIM_NLIMITS; i++)
		getrlimit((__rlimit_resource_t)i, &s->limits[i]);
	s->umask = umask(0);
	umask(s->umask);
	CHECK(getcwd(s->directory, sizeof(s->directory)) != NULL);
	for (e = environ; *e != NULL; e++) {
		size_t n = strlen(*e) + 1;

		CHECK(used + n < sizeof(s->environment));
		memcpy(s->environment + used, *e, n);
		used += n;
	}
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &s->cancel_state);
}

static void compare(const char *call, const struct state *a, const struct state *b)
{
	int i;

	for (i = 0; i < 64; i++)
		if (memcmp(a->dispositions[i], b->dispositions[i], 32) != 0) {
			fprintf(stderr, "%s changed the disposition of signal %d\n", call, i + 1);
			_exit(1);
		}
	for (i = 0; i < (int)RLIM_NLIMITS; i++)
		if (memcmp(&a->limits[i], &b->limits[i], sizeof(a->limits[i])) != 0) {
			fprintf(stderr, "%s changed limit %d\n", call, i);
			_exit(1);
		}
	if (a->mask != b->mask || a->pending != b->pending || memcmp(&a->alternate, &b->alternate, sizeof(a->alternate)) != 0 ||
		a->umask != b->umask || strcmp(a->directory, b->directory) != 0 || a->cancel_state != b->cancel_state ||
		memcmp(a->environment, b->environment, sizeof(a->environment)) != 0) {
		fprintf(stderr, "%s changed the process: mask %llx %llx, pending %llx %llx, alternate stack %p/%zu/%d %p/%zu/%d\n",
			call, (unsigned long long)a->mask, (unsigned long long)b->mask, (unsigned long long)a->pending,
			(unsigned long long)b->pending, a->alternate.ss_sp, a->alternate.ss_size, a->alternate.ss_flags,
			b->alternate.ss_sp, b->alternate.ss_size, b->alternate.ss_flags);
		_exit(1);
	}
}

static struct state before, after;

#define SAME_AFTER(call, want) \
	do { \
		int errno_before = errno = 4711, r_; \
		take_state(&before); \
		errno = errno_before; \
		r_ = (int)(call); \
		CHECK_IS(errno, errno_before); \
		take_state(&after); \
		compare(#call, &before, &after); \
		CHECK_IS(r_, want); \
	} while (0)

static void ignore(int number)
{
	(void)number;
}

static SaClmHandleT shared;

/* The C library itself sets up signal 33 when a process starts its first thread. */
static void *nothing(void *arg)
{
	return arg;
}

static void start_a_thread(void)
{
	pthread_t t;

	CHECK_IS(pthread_create(&t, NULL, nothing, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
}

static void every_function(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmCallbacksT k = {NULL, on_track};
	SaClmHandleT h;
	SaSelectionObjectT fd;
	SaClmClusterNodeT n;
	int i;

	for (i = 0; i < 200; i++) {
		SAME_AFTER(saClmInitialize(&h, &k, &v), SA_AIS_OK);
		SAME_AFTER(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
		SAME_AFTER(saClmClusterNodeGet(h, 1, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
		SAME_AFTER(saClmClusterNodeGet(h, ORDER_CALLBACKS + 2, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
		SAME_AFTER(saClmDispatch(h, SA_DISPATCH_ONE), SA_AIS_OK);
		SAME_AFTER(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
		SAME_AFTER(saClmClusterTrack(h, SA_TRACK_CHANGES, NULL), SA_AIS_OK);
		SAME_AFTER(saClmClusterTrackStop(h), SA_AIS_OK);
		SAME_AFTER(saClmClusterNodeGetAsync(h, 1, 1), SA_AIS_ERR_INIT);
		SAME_AFTER(saClmClusterNodeGet(h, ORDER_NEVER, SA_TIME_ONE_MILLISECOND, &n), SA_AIS_ERR_TIMEOUT);
		SAME_AFTER(saClmFinalize(h), SA_AIS_OK);
		SAME_AFTER(saClmFinalize(h), SA_AIS_ERR_BAD_HANDLE);
	}
}

static void *every_function_there(void *arg)
{
	(void)arg;
	every_function();
	return NULL;
}

static void nothing_changes(void)
{
	start_a_thread();
	every_function();
}

/* With handlers, a mask, an alternate stack and limits that are not the usual. */
static void nothing_of_ours_changes(void)
{
	static const int handled[] = {SIGSEGV, SIGBUS, SIGFPE, SIGPIPE, SIGURG, SIGTERM, SIGHUP, SIGPROF};
	struct rlimit files;
	struct sigaction a;
	sigset_t set;
	stack_t s;
	pthread_t t;
	unsigned i;

	start_a_thread();
	for (i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
		memset(&a, 0, sizeof(a));
		a.sa_handler = i % 3 == 2 ? SIG_IGN : ignore;
		a.sa_flags = i % 2 ? SA_RESTART : SA_NODEFER;
		sigaddset(&a.sa_mask, SIGUSR1);
		CHECK_IS(sigaction(handled[i], &a, NULL), 0);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	CHECK_IS(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	raise(SIGUSR2); /* stays pending */
	memset(&s, 0, sizeof(s));
	s.ss_size = 64 << 10;
	s.ss_sp = malloc(s.ss_size);
	CHECK_IS(sigaltstack(&s, NULL), 0);
	CHECK_IS(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = 200;
	CHECK_IS(setrlimit(RLIMIT_NOFILE, &files), 0);
	umask(0123);
	every_function();
	CHECK_IS(pthread_create(&t, NULL, every_function_there, NULL), 0);
	CHECK_IS(pthread_join(t, NULL), 0);
}

/* Whatever the runtime does to its own threads, none of it stays with ours. */
static void no_signal_left_pending(void)
{
	SaClmHandleT h = start();
	SaClmClusterNodeT n;
	uint64_t pending;
	double end = seconds() + 3;
	int i = 0;

	while (seconds() < end) {
		if (i++ % 8 == 0)
			CHECK_IS(saClmClusterNodeGet(h, 1, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
		CHECK_IS(saClmDispatch(h, SA_DISPATCH_ALL), SA_AIS_OK);
		syscall(SYS_rt_sigpending, &pending, 8);
		CHECK_IS(pending, 0);
	}
}

static void blocked_urgent(void)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGURG);
	CHECK_IS(pthread_sigmask(SIG_BLOCK, &s, NULL), 0);
	no_signal_left_pending();
}

static int threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = -2;

	CHECK(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static int descriptors(void)
{
	int i, n = 0;

	for (i = 0; i < 1024; i++)
		n += fcntl(i, F_GETFD) >= 0;
	return n;
}

static void costs_nothing_before_use(void)
{
	SaVersionT v = {'C', 1, 1};
	SaClmHandleT h;
	SaClmClusterNodeT n;
	int open_files = descriptors(), i;

	CHECK_IS(threads(), 1);
	CHECK_IS(saClmInitialize(&h, NULL, &v), SA_AIS_ERR_VERSION);
	CHECK_IS(saClmClusterNodeGet(1234, 1, 1, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(threads(), 1);
	for (i = 0; i < 3; i++) {
		h = start();
		use(h);
		CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	}
	CHECK_IS(descriptors(), open_files);
}

static void *small_stack(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 50; i++)
		use(shared);
	CHECK_IS(saClmClusterTrack(shared, SA_TRACK_CURRENT, NULL), SA_AIS_OK);
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
	for (round = 0; round < 5; round++) {
		for (i = 0; i < N; i++)
			CHECK_IS(pthread_create(&t[i], &attr, small_stack, NULL), 0);
		for (i = 0; i < N; i++)
			CHECK_IS(pthread_join(t[i], NULL), 0);
	}
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
}

static void closed_descriptors(void)
{
	SaClmHandleT h;
	SaSelectionObjectT fd;
	int i;

	for (i = 3; i < 1024; i++)
		close(i);
	h = start();
	use(h);
	CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	close(0);
	close(1);
	h = start();
	use(h);
	CHECK_IS(saClmSelectionObjectGet(h, &fd), SA_AIS_OK);
	CHECK(fd > 2);
	CHECK_IS(open("/dev/null", O_RDWR), 0);
	CHECK_IS(open("/dev/null", O_RDWR), 1);
	use(h);
}

/* Nothing is there: no /proc, no library, no runtime. */
static void in_another_root(const char *directory)
{
	pid_t pid;

	CHECK_IS(chroot(directory), 0);
	CHECK_IS(chdir("/"), 0);
	CHECK(access("/proc", F_OK) != 0);
	use(start());
	pid = fork();
	if (pid == 0) {
		use(start());
		_exit(0);
	}
	child_ends_well(pid);
}

static void another_root(void)
{
	char directory[] = "/tmp/ais-root-XXXXXX";
	pid_t pid;

	if (geteuid() != 0) {
		printf("skipped: not root\n");
		return;
	}
	CHECK(mkdtemp(directory) != NULL);
	pid = fork();
	if (pid == 0) {
		in_another_root(directory);
		_exit(0);
	}
	child_ends_well(pid);
	CHECK_IS(rmdir(directory), 0); /* and nothing was left there */
}

static void load_and_unload(void)
{
	int i;

	for (i = 0; i < 10; i++) {
		void *lib = dlopen("libais.so.2", RTLD_NOW | RTLD_LOCAL);
		SaAisErrorT (*initialize)(SaClmHandleT *, const SaClmCallbacksT *, SaVersionT *);
		SaAisErrorT (*finalize)(SaClmHandleT);
		SaVersionT v = {'B', 1, 1};
		SaClmHandleT h;

		CHECK(lib != NULL);
		*(void **)&initialize = dlsym(lib, "saClmInitialize");
		*(void **)&finalize = dlsym(lib, "saClmFinalize");
		CHECK(initialize != NULL && finalize != NULL);
		CHECK_IS(initialize(&h, NULL, &v), SA_AIS_OK);
		CHECK_IS(finalize(h), SA_AIS_OK);
		CHECK_IS(dlclose(lib), 0);
	}
	use(start());
}

/* How many copies of the runtime are mapped. */
static int runtimes(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[4096];
	int n = 0;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "r-xp") != NULL && strstr(line, "ais-runtime") != NULL;
	fclose(f);
	return n;
}

static void use_library(const char *name)
{
	void *lib = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	SaAisErrorT (*initialize)(SaClmHandleT *, const SaClmCallbacksT *, SaVersionT *);
	SaAisErrorT (*get)(SaClmHandleT, SaClmNodeIdT, SaTimeT, SaClmClusterNodeT *);
	SaVersionT v = {'B', 1, 1};
	SaClmHandleT h;
	SaClmClusterNodeT n;

	CHECK(lib != NULL);
	*(void **)&initialize = dlsym(lib, "saClmInitialize");
	*(void **)&get = dlsym(lib, "saClmClusterNodeGet");
	CHECK_IS(initialize(&h, NULL, &v), SA_AIS_OK);
	CHECK_IS(get(h, 2, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
}

static void one_runtime_for_all_libraries(void)
{
	pid_t pid;

	use(start());
	CHECK_IS(runtimes(), 1);
	use_library("libais.so.2");
	use_library("libSaClm.so.2");
	CHECK_IS(runtimes(), 1);
	pid = fork();
	if (pid == 0) {
		use_library("libSaClm.so.3"); /* that the parent never had */
		CHECK_IS(runtimes(), 2);
		use(start());
		use_library("libSaClm.so.2");
		use_library("libais.so.2");
		CHECK_IS(runtimes(), 2);
		_exit(0);
	}
	child_ends_well(pid);
}

static void *stuck(void *arg)
{
	SaClmClusterNodeT n;

	if (arg != NULL)
		saClmDispatch(shared, SA_DISPATCH_BLOCKING);
	else
		saClmClusterNodeGet(shared, ORDER_NEVER, SA_TIME_MAX, &n);
	return NULL;
}

static void *busy(void *arg)
{
	SaClmClusterNodeT n;
	SaClmHandleT h = start();

	(void)arg;
	for (;;)
		saClmClusterNodeGet(h, 1, SA_TIME_MAX, &n);
	return NULL;
}

static void ends_with_calls_under_way(void)
{
	int how;

	for (how = 0; how < 4; how++) {
		pid_t pid = fork();
		pthread_t t;
		int i, status = 0;
		double limit;

		if (pid == 0) {
			struct rlimit none = {0, 0};

			setrlimit(RLIMIT_CORE, &none);
			shared = start();
			for (i = 0; i < 4; i++)
				CHECK_IS(pthread_create(&t, NULL, i < 2 ? busy : stuck, i == 2 ? &t : NULL), 0);
			usleep(30000);
			switch (how) {
			case 0:
				exit(7);
			case 1:
				_exit(7);
			case 2:
				abort();
			default:
				kill(getpid(), SIGTERM);
				pause();
			}
		}
		limit = seconds() + 5;
		while (waitpid(pid, &status, WNOHANG) == 0) {
			if (seconds() > limit) {
				kill(pid, SIGKILL);
				CHECK(!"the process does not end");
			}
			usleep(1000);
		}
		if (how < 2)
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		else
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == (how == 2 ? SIGABRT : SIGTERM));
	}
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
	CHECK_IS(saClmClusterTrack(shared, SA_TRACK_CURRENT, NULL), SA_AIS_OK);
	CHECK_IS(saClmSelectionObjectGet(shared, &fd), SA_AIS_OK);
	p.fd = (int)fd;
	p.events = POLLIN;
	CHECK_IS(poll(&p, 1, 5000), 1);
	CHECK_IS(saClmDispatch(shared, SA_DISPATCH_ALL), SA_AIS_OK);
	CHECK_IS(callbacks_run, 1);
	CHECK_IS(saClmFinalize(shared), SA_AIS_OK);
}

static void locked_memory(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
		printf("skipped: mlockall: %s\n", strerror(errno));
		return;
	}
	use(start());
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"nothing_changes", nothing_changes, 0}, {"nothing_of_ours_changes", nothing_of_ours_changes, 0}, {"blocked_urgent", blocked_urgent, 0},
		{"costs_nothing_before_use", costs_nothing_before_use, 0}, {"small_stacks", small_stacks, 0},
		{"closed_descriptors", closed_descriptors, 0}, {"another_root", another_root, 0},
		{"load_and_unload", load_and_unload, 0}, {"one_runtime_for_all_libraries", one_runtime_for_all_libraries, 0},
		{"ends_with_calls_under_way", ends_with_calls_under_way, 0}, {"cancelled_thread", cancelled_thread, 0},
		{"locked_memory", locked_memory, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
