/*
 * habits_memory.c: a handle that asks often shares memory with the executive. What
 * a program does to its process must not hurt that, and it must not show.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "habit.h"

enum { OFTEN = 100 };

static struct services s;

static void write_once(void)
{
	SaCkptIOVectorElementT io;
	char room[8];
	int r;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	AGAIN(r, saCkptCheckpointWrite(s.checkpoint, &io, 1, NULL));
	CHECK_IS(r, SA_AIS_OK);
	io.dataBuffer = room;
	io.dataSize = sizeof(room);
	AGAIN(r, saCkptCheckpointRead(s.checkpoint, &io, 1, NULL));
	CHECK_IS(r, SA_AIS_OK);
	CHECK(io.readSize == 3 && memcmp(room, "abc", 3) == 0);
}

static void write_often(void)
{
	int i;

	for (i = 0; i < OFTEN; i++)
		write_once();
}

/* Is the memory among the mappings of this process? */
static int shares(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	int found = 0;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		found += strstr(line, "ais-ask") != NULL;
	fclose(f);
	return found;
}

static void often_shares_memory(void)
{
	start_all(&s);
	write_once();
	CHECK_IS(shares(), 0);
	write_often();
	CHECK_IS(shares(), 1);
	finalize_all(&s);
	CHECK_IS(shares(), 0);
}

static void a_child_does_not_have_it(void)
{
	pid_t pid;

	start_all(&s);
	write_often();
	pid = fork();
	if (pid == 0) {
		CHECK_IS(shares(), 0);
		all_are_unknown(&s);
		_exit(0);
	}
	child_ends_well(pid);
	write_often();
	CHECK_IS(shares(), 1);
	finalize_all(&s);
}

static void no_room_for_it(void)
{
	struct rlimit l;
	FILE *f;
	unsigned long pages;

	start_all(&s);
	write_once();
	f = fopen("/proc/self/statm", "r");
	CHECK(f != NULL && fscanf(f, "%lu", &pages) == 1);
	fclose(f);
	CHECK_IS(getrlimit(RLIMIT_AS, &l), 0);
	l.rlim_cur = (rlim_t)pages * 4096 + (128 << 10);
	CHECK_IS(setrlimit(RLIMIT_AS, &l), 0);
	write_often();
	l.rlim_cur = l.rlim_max;
	CHECK_IS(setrlimit(RLIMIT_AS, &l), 0);
	CHECK_IS(shares(), 0);
	write_often();
	finalize_all(&s);
}

static void locked_memory(void)
{
	struct rlimit l = {64 << 10, 64 << 10};

	start_all(&s);
	if (mlockall(MCL_FUTURE) != 0)
		return; /* not allowed here */
	write_often();
	finalize_all(&s);
	start_all(&s);
	/* And where no more may be locked. */
	CHECK_IS(setrlimit(RLIMIT_MEMLOCK, &l), 0);
	write_often();
	finalize_all(&s);
}

/* What cannot be sent is not waited for. */
static void data_that_is_not_there(void)
{
	SaCkptIOVectorElementT io;

	start_all(&s);
	memset(&io, 0, sizeof(io));
	io.dataBuffer = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(io.dataBuffer != MAP_FAILED);
	io.dataSize = 64;
	alarm(15);
	CHECK_IS(saCkptCheckpointWrite(s.checkpoint, &io, 1, NULL), SA_AIS_ERR_LIBRARY);
	CHECK_IS(saCkptFinalize(s.ckpt), SA_AIS_OK);
}

static void mask_and_errno_stay(void)
{
	sigset_t mine, now;
	int i;

	start_all(&s);
	sigemptyset(&mine);
	sigaddset(&mine, SIGUSR2);
	sigaddset(&mine, SIGRTMIN + 3);
	CHECK_IS(pthread_sigmask(SIG_SETMASK, &mine, NULL), 0);
	for (i = 0; i < OFTEN; i++) {
		errno = 4711;
		write_once();
		CHECK_IS(errno, 4711);
		CHECK_IS(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
		CHECK(sigismember(&now, SIGUSR2) == 1 && sigismember(&now, SIGRTMIN + 3) == 1 && sigismember(&now, SIGUSR1) == 0);
	}
	CHECK_IS(shares(), 1);
	finalize_all(&s);
}

static volatile double handled_at;

static void note_time(int number)
{
	(void)number;
	handled_at = seconds();
}

static void *write_for_ever(void *arg)
{
	SaCkptIOVectorElementT io;
	SaAisErrorT r;

	(void)arg;
	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	do
		r = saCkptCheckpointWrite(s.checkpoint, &io, 1, NULL);
	while (r == SA_AIS_OK || r == SA_AIS_ERR_TRY_AGAIN);
	CHECK_IS(r, SA_AIS_ERR_BAD_HANDLE);
	return NULL;
}

/* Threads that write without end when the executive stops. */
static void signals_and_finalize_while_it_waits(void)
{
	enum { N = 3 };
	pthread_t t[N];
	double took = 2, began;
	int i, try;

	signal(SIGUSR1, note_time);
	start_all(&s);
	write_often();
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_create(&t[i], NULL, write_for_ever, NULL), 0);
	usleep(50000);
	executive_stops();
	usleep(50000);
	/* One of five: the machine may be busy with something else. */
	for (try = 0; try < 5 && took >= 0.05; try++) {
		double sent = seconds();

		handled_at = 0;
		CHECK_IS(pthread_kill(t[try % N], SIGUSR1), 0);
		while (handled_at == 0 && seconds() < sent + 2)
			usleep(1000);
		CHECK(handled_at != 0);
		took = handled_at - sent;
	}
	CHECK(took < 0.05);
	alarm(15);
	began = seconds();
	finalize_all(&s);
	for (i = 0; i < N; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
	CHECK(seconds() < began + 10);
}

int main(int argc, char **argv)
{
	static const struct test tests[] = {{"often_shares_memory", often_shares_memory, 0},
		{"a_child_does_not_have_it", a_child_does_not_have_it, 0}, {"no_room_for_it", no_room_for_it, 0},
		{"locked_memory", locked_memory, 0}, {"data_that_is_not_there", data_that_is_not_there, 0},
		{"mask_and_errno_stay", mask_and_errno_stay, 0},
		{"signals_and_finalize_while_it_waits", signals_and_finalize_while_it_waits, 0}, {NULL, NULL, 0}};

	warm_up = 0;
	return run_tests(argc, argv, tests);
}
