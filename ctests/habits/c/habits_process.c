/*
 * habits_process.c: the process is the application's: what the library leaves to
 * it, and how the process ends. (What calls may not change is in calls.h.)
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "habit.h"

static SaClmHandleT shared;

/* Whatever the runtime does to its own threads, none of it stays with ours. */
static void no_signal_left_pending(void)
{
	struct services s;
	uint64_t pending;
	double end;
	int i = 0;

	start_all(&s);
	end = seconds() + 1;
	while (seconds() < end) {
		if (i++ % 8 == 0)
			use_all(&s);
		CHECK_IS(saClmDispatch(s.clm, SA_DISPATCH_ALL), SA_AIS_OK);
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
	CHECK_IS(saClmClusterNodeGet(1234, NODE, 1, &n), SA_AIS_ERR_BAD_HANDLE);
	CHECK_IS(threads(), 1);
	for (i = 0; i < 3; i++) {
		h = start();
		use(h);
		CHECK_IS(saClmFinalize(h), SA_AIS_OK);
	}
	CHECK_IS(descriptors(), open_files);
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

static int waits; /* the executive is stopped: every request waits */

static void *stuck(void *arg)
{
	SaClmClusterNodeT n;

	if (arg != NULL || !waits)
		saClmDispatch(shared, SA_DISPATCH_BLOCKING);
	else
		saClmClusterNodeGet(shared, NODE, SA_TIME_MAX, &n);
	return NULL;
}

static void *busy(void *arg)
{
	SaClmClusterNodeT n;
	SaClmHandleT h = start();

	(void)arg;
	for (;;)
		saClmClusterNodeGet(h, NODE, SA_TIME_MAX, &n);
	return NULL;
}

static void ends_with_calls_under_way(void)
{
	int how;

	for (how = 0; how < 8; how++) {
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
			waits = how >= 4;
			if (waits) {
				stop_executive();
				CHECK_IS(pthread_create(&t, NULL, stuck, NULL), 0);
				usleep(30000);
			}
			switch (how % 4) {
			case 0:
				exit(7);
			case 1:
				_exit(7);
			case 2:
				abort();
			default:
				kill(getpid(), SIGKILL);
				pause();
			}
		}
		limit = seconds() + 10;
		while (waitpid(pid, &status, WNOHANG) == 0) {
			if (seconds() > limit) {
				kill(pid, SIGKILL);
				executive_goes_on();
				CHECK(!"the process does not end");
			}
			usleep(1000);
		}
		executive_goes_on();
		if (how % 4 < 2)
			CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
		else
			CHECK(WIFSIGNALED(status) && WTERMSIG(status) == (how % 4 == 2 ? SIGABRT : SIGKILL));
	}
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
		{"no_signal_left_pending", no_signal_left_pending, 0}, {"blocked_urgent", blocked_urgent, 0},
		{"costs_nothing_before_use", costs_nothing_before_use, 0}, {"closed_descriptors", closed_descriptors, 0},
		{"ends_with_calls_under_way", ends_with_calls_under_way, 0}, {"locked_memory", locked_memory, 0},
		{NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
