/*
 * habits_limits.c: too little of everything. Whatever the limit, Initialize
 * either works, and then everything does, or says SA_AIS_ERR_NO_RESOURCES; the
 * process goes on.
 */
#include <errno.h>
#include <grp.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "habit.h"

enum { WORKS = 10, REFUSED = 11 };

/* In a child with that limit: what Initialize does. */
static int with_limit(__rlimit_resource_t which, rlim_t value, int drop_root)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct rlimit l, core = {0, 0};
		SaClmHandleT h;
		SaAisErrorT r;

		setrlimit(RLIMIT_CORE, &core);
		if (getrlimit(which, &l) != 0)
			_exit(1);
		l.rlim_cur = value;
		if (setrlimit(which, &l) != 0)
			_exit(1);
		if (drop_root && (setgroups(0, NULL) != 0 || setgid(64999) != 0 || setuid(64999) != 0))
			_exit(1);
		r = try_start(&h);
		if (r == SA_AIS_OK) {
			int i;

			for (i = 0; i < 50; i++)
				use(h);
			_exit(saClmFinalize(h) == SA_AIS_OK ? WORKS : 1);
		}
		/* Another user's executive: refused after the runtime was loaded. */
		if (drop_root && (r == SA_AIS_ERR_SECURITY || r == SA_AIS_ERR_ACCESS))
			_exit(WORKS);
		_exit(r == SA_AIS_ERR_NO_RESOURCES || r == SA_AIS_ERR_NO_MEMORY ? REFUSED : (int)r + 100);
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != WORKS && WEXITSTATUS(status) != REFUSED)) {
		fprintf(stderr, "limit %d of %llu: status %#x\n", (int)which, (unsigned long long)value, (unsigned)status);
		_exit(1);
	}
	return WEXITSTATUS(status);
}

/* Both ends of the range behave as they must, and what lies between is tried in
 * steps: the edge where it begins to work is the dangerous one. */
static void steps(__rlimit_resource_t which, rlim_t from, rlim_t to, rlim_t step)
{
	rlim_t v, edge = 0;

	CHECK_IS(with_limit(which, from, 0), REFUSED);
	CHECK_IS(with_limit(which, to, 0), WORKS);
	for (v = from; v <= to; v += step)
		if (with_limit(which, v, 0) == WORKS) {
			edge = v;
			break;
		}
	CHECK(edge != 0);
	printf("limit %d: works from %llu KiB\n", (int)which, (unsigned long long)edge >> 10);
	/* Around the edge in small steps, several times: threads start in any order. */
	for (v = edge - step; v < edge + step; v += step / 16)
		with_limit(which, v, 0);
}

static void address_space(void) { steps(RLIMIT_AS, (rlim_t)64 << 20, (rlim_t)3 << 30, (rlim_t)64 << 20); }
static void data(void) { steps(RLIMIT_DATA, (rlim_t)4 << 20, (rlim_t)1 << 30, (rlim_t)16 << 20); }

static void processes(void)
{
	rlim_t n;
	int refused = 0;

	if (geteuid() != 0) {
		printf("skipped: not root\n");
		return;
	}
	for (n = 1; n <= 24; n++) {
		int r = with_limit(RLIMIT_NPROC, n, 1);

		refused += r == REFUSED;
		if (n == 24)
			CHECK_IS(r, WORKS);
	}
	CHECK(refused >= 5);
}

static void descriptors(void)
{
	rlim_t n;

	CHECK_IS(with_limit(RLIMIT_NOFILE, 16, 0), WORKS);
	for (n = 0; n < 16; n++)
		with_limit(RLIMIT_NOFILE, n, 0);
	CHECK_IS(with_limit(RLIMIT_NOFILE, 3, 0), REFUSED);
}

static void large_stacks(void)
{
	with_limit(RLIMIT_STACK, (rlim_t)1 << 30, 0);
	CHECK_IS(with_limit(RLIMIT_STACK, (rlim_t)256 << 10, 0), WORKS);
}

/* Locked memory counts against its own limit, for everything the runtime maps. */
static void locked_memory_limit(void)
{
	pid_t pid;

	if (geteuid() != 0) {
		printf("skipped: not root\n");
		return;
	}
	pid = fork();
	if (pid == 0) {
		struct rlimit l;
		SaClmHandleT h;

		CHECK_IS(getrlimit(RLIMIT_MEMLOCK, &l), 0);
		if (l.rlim_max > 16 << 20)
			l.rlim_max = 16 << 20;
		l.rlim_cur = l.rlim_max;
		CHECK_IS(setrlimit(RLIMIT_MEMLOCK, &l), 0);
		CHECK(setgroups(0, NULL) == 0 && setgid(64999) == 0 && setuid(64999) == 0);
		CHECK_IS(mlockall(MCL_FUTURE), 0);
		CHECK_IS(try_start(&h), SA_AIS_ERR_NO_RESOURCES);
		CHECK_IS(try_start(&h), SA_AIS_ERR_NO_RESOURCES);
		_exit(0);
	}
	child_ends_well(pid);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"address_space", address_space, 0}, {"data", data, 0}, {"processes", processes, 0},
		{"descriptors", descriptors, 0}, {"large_stacks", large_stacks, 0},
		{"locked_memory_limit", locked_memory_limit, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
