/*
 * habits_return.c: a handler of a signal that interrupts a call forks, and the
 * child returns into the call. It must not be hurt: the call says BAD_HANDLE there,
 * as every other call with that handle, or what it had come to before the fork.
 *
 * The processor's single step brings the signal between any two instructions of the
 * library, so each place of a call is tried, not one of many.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "habit.h"

enum { OFTEN = 300 };

static struct services s, others;
static volatile sig_atomic_t is_child;

#if defined(__x86_64__) || defined(__i386__)

enum {
	TRAP_FLAG = 0x100,
	ROUNDS = 12,
	/* So many children are made however long it takes. */
	ENOUGH = 100,
	/* How a child ends whose call said SA_AIS_OK. */
	LATE = 3
};

#ifdef __x86_64__
#define PC REG_RIP
#else
#define PC REG_EIP
#endif

/* The library's code, and at which places of it a child was made. */
static uintptr_t text, text_end;
static unsigned char *tried;

static volatile sig_atomic_t stepping;
static double no_more_after;
static int early, late;

/* Each round tries some of the places that are left, all along the call; the last
 * one the rest. */
static int round_of, met;

/* What became of the child that was made at pc. */
static void judge(pid_t pid, uintptr_t pc)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status == 0) {
		early++;
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == LATE) {
		late++;
	} else {
		fprintf(stderr, "a child that returned to %#lx of the library ended with status %#x\n", (unsigned long)(pc - text), (unsigned)status);
		_exit(1);
	}
}

static void step(int number, siginfo_t *info, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)registers[PC];
	int kept = errno;
	pid_t pid;

	(void)number;
	(void)info;
	if (!stepping) {
		registers[REG_EFL] &= ~TRAP_FLAG;
		return;
	}
	/* Not in the C library: who forks inside malloc() waits for ever. And no call
	 * that enters the runtime: it is entered with signals blocked, which the step
	 * does not stand. */
	if (pc < text || pc >= text_end || tried[pc - text] || met++ % (ROUNDS - round_of) != 0 ||
		(early + late >= ENOUGH && seconds() > no_more_after))
		return;
	tried[pc - text] = 1;
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		is_child = 1;
		stepping = 0;
		alarm(30);
		registers[REG_EFL] &= ~TRAP_FLAG;
	} else {
		judge(pid, pc);
	}
	errno = kept;
}

/* The program goes on step by step. */
static void begin(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void find_text(void)
{
	uintptr_t inside = (uintptr_t)dlsym(RTLD_DEFAULT, "saCkptCheckpointWrite");
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	char line[512];

	CHECK(f != NULL && inside != 0);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%lx-%lx", &from, &to) == 2 && from <= inside && inside < to) {
			text = from;
			text_end = to;
		}
	fclose(f);
	CHECK(text != 0);
	tried = calloc(1, text_end - text);
	CHECK(tried != NULL);
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_sigaction = handler;
	a.sa_flags = SA_SIGINFO | SA_RESTART;
	CHECK_IS(sigaction(number, &a, NULL), 0);
}

/* Makes the call with a child at each instruction. A busy machine does not try all
 * of them. */
static void in_steps(int (*call)(void), void (*before)(void))
{
	int r;

	find_text();
	handle(SIGTRAP, step);
	handle(SIGUSR1, begin);
	no_more_after = seconds() + 4;
	for (round_of = 0; round_of < ROUNDS; round_of++) {
		if (before != NULL)
			before();
		met = 0;
		stepping = 1;
		raise(SIGUSR1);
		r = call();
		stepping = 0;
		if (is_child)
			_exit(r == SA_AIS_ERR_BAD_HANDLE ? 0 : r == SA_AIS_OK ? LATE : 100 + r);
		CHECK(r == SA_AIS_OK || r == SA_AIS_ERR_TRY_AGAIN);
	}
	CHECK(early >= ENOUGH / 2);
	CHECK(late < early);
	printf("%d children whose call failed, %d whose call was over\n", early, late);
}

static int write_one(void)
{
	SaCkptIOVectorElementT io;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	return (int)saCkptCheckpointWrite(s.checkpoint, &io, 1, NULL);
}

static int read_one(void)
{
	SaCkptIOVectorElementT io;
	char room[8] = "";
	int r;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = room;
	io.dataSize = sizeof(room);
	r = (int)saCkptCheckpointRead(s.checkpoint, &io, 1, NULL);
	return r != SA_AIS_OK || (io.readSize == 3 && memcmp(room, "abc", 3) == 0) ? r : 99;
}

static int multicast(void)
{
	struct iovec v = {(void *)"abc", 3};

	return (int)evs_mcast_joined(s.evs, EVS_TYPE_AGREED, &v, 1);
}

/* Other requests keep the executive looking at its memory. */
static void *busy(void *arg)
{
	SaCkptIOVectorElementT io;

	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	while (!__atomic_load_n((int *)arg, __ATOMIC_RELAXED)) {
		SaAisErrorT r = saCkptCheckpointWrite(others.checkpoint, &io, 1, NULL);

		CHECK(r == SA_AIS_OK || r == SA_AIS_ERR_TRY_AGAIN);
	}
	return NULL;
}

static int (*request)(void);

/* A handle that has waited in vain for an answer in memory does so again after some
 * hundred requests. */
static void as_usual(void)
{
	int i, r;

	for (i = 0; i < OFTEN; i++) {
		AGAIN(r, request());
		CHECK_IS(r, SA_AIS_OK);
	}
}

static void in_requests(int (*call)(void), int beside_others)
{
	pthread_t t;
	int enough = 0;

	start_all(&s);
	start_all(&others);
	request = call;
	if (beside_others)
		CHECK_IS(pthread_create(&t, NULL, busy, &enough), 0);
	in_steps(call, as_usual);
	__atomic_store_n(&enough, 1, __ATOMIC_RELAXED);
	if (beside_others)
		CHECK_IS(pthread_join(t, NULL), 0);
	use_all(&others);
	finalize_all(&s);
	finalize_all(&others);
}

static void in_a_write(void) { in_requests(write_one, 1); } /* the request is in memory */
static void in_a_read(void) { in_requests(read_one, 0); }   /* the answer is */

static void in_a_multicast(void)
{
	start_all(&s);
	in_steps(multicast, NULL);
	finalize_all(&s);
}

static int taken;

static void take(unsigned int from, void *message, int size)
{
	if (from != NODE || size != 3 || memcmp(message, "abc", 3) != 0) {
		static const char text[] = "a message that nobody sent\n";

		_exit(write(2, text, sizeof(text) - 1) > 0 ? 98 : 97);
	}
	taken++;
}

static evs_handle_t receiver;

static int take_all(void)
{
	return (int)evs_dispatch(receiver, EVS_DISPATCH_ALL);
}

/* A message waits. */
static void wait_for_one(void)
{
	struct pollfd p;
	int r;

	AGAIN(r, multicast());
	CHECK_IS(r, EVS_OK);
	CHECK_IS(evs_fd_get(receiver, &p.fd), EVS_OK);
	p.events = POLLIN;
	CHECK_IS(poll(&p, 1, 10000), 1);
}

static void in_a_dispatch(void)
{
	evs_callbacks_t k = {take, NULL};
	struct evs_group g;
	double limit = seconds() + 10;
	int r;

	start_all(&s);
	CHECK_IS(evs_initialize(&receiver, &k), EVS_OK);
	memset(&g, 0, sizeof(g));
	sprintf(g.key, "habit-%d", (int)getpid());
	AGAIN(r, evs_join(receiver, &g, 1));
	CHECK_IS(r, EVS_OK);
	/* What came with joining is over when a message is there. */
	wait_for_one();
	while (taken == 0 && seconds() < limit) {
		CHECK_IS(take_all(), EVS_OK);
		usleep(1000);
	}
	CHECK_IS(taken, 1);
	in_steps(take_all, wait_for_one);
	CHECK_IS(take_all(), EVS_OK);
	CHECK_IS(taken, 1 + ROUNDS);
	CHECK_IS(evs_finalize(receiver), EVS_OK);
	finalize_all(&s);
}

#endif

static volatile pid_t forked;

static void fork_now(int number)
{
	int kept = errno;

	(void)number;
	if (forked != 0)
		return;
	forked = fork();
	if (forked == 0) {
		SaClmHandleT own;
		int i, r;

		is_child = 1;
		alarm(30);
		/* The descriptors that the parent's handles had are these then. */
		for (i = 0; i < 6; i++) {
			AGAIN(r, try_start(&own));
			CHECK_IS(r, SA_AIS_OK);
		}
	}
	errno = kept;
}

static void *write_in_a_thread(void *arg)
{
	SaCkptIOVectorElementT io;
	SaAisErrorT r;

	__atomic_store_n((pid_t *)arg, (pid_t)syscall(SYS_gettid), __ATOMIC_RELAXED);
	memset(&io, 0, sizeof(io));
	io.dataBuffer = (void *)"abc";
	io.dataSize = 3;
	r = saCkptCheckpointWrite(s.checkpoint, &io, 1, NULL);
	if (is_child)
		_exit(r == SA_AIS_ERR_BAD_HANDLE ? 0 : 100 + (int)r);
	CHECK_IS(r, SA_AIS_OK);
	return NULL;
}

/* Comes back when the thread sleeps: it waits in its call. */
static void wait_until_asleep(const pid_t *thread)
{
	double limit = seconds() + 20;
	char path[64], state = 0;

	while (state != 'S' && seconds() < limit) {
		pid_t id = __atomic_load_n(thread, __ATOMIC_RELAXED);
		FILE *f;

		usleep(20000);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)id);
		f = id == 0 ? NULL : fopen(path, "r");
		if (f == NULL)
			continue;
		CHECK(fscanf(f, "%*d (%*[^)]) %c", &state) == 1);
		fclose(f);
	}
	CHECK_IS(state, 'S');
}

static void fork_in_one_of(int threads)
{
	pthread_t t[2];
	pid_t ids[2] = {0, 0};
	double limit = seconds() + 20;
	int i;

	signal(SIGUSR2, fork_now);
	start_all(&s);
	executive_stops();
	for (i = 0; i < threads; i++) {
		CHECK_IS(pthread_create(&t[i], NULL, write_in_a_thread, &ids[i]), 0);
		wait_until_asleep(&ids[i]);
	}
	CHECK_IS(pthread_kill(t[threads - 1], SIGUSR2), 0);
	while (forked == 0 && seconds() < limit)
		usleep(1000);
	executive_goes_on();
	for (i = 0; i < threads; i++)
		CHECK_IS(pthread_join(t[i], NULL), 0);
	CHECK(forked > 0);
	child_ends_well(forked);
	finalize_all(&s);
}

/* The call waits for the executive. */
static void while_it_waits(void) { fork_in_one_of(1); }
/* The call waits for another thread's to be over, who is not in the child. */
static void while_it_waits_for_its_turn(void) { fork_in_one_of(2); }

int main(int argc, char **argv)
{
	static const struct test tests[] = {
#if defined(__x86_64__) || defined(__i386__)
		{"in_a_write", in_a_write, 0}, {"in_a_read", in_a_read, 0},
		{"in_a_multicast", in_a_multicast, 0}, {"in_a_dispatch", in_a_dispatch, 0},
#endif
		{"while_it_waits", while_it_waits, 0}, {"while_it_waits_for_its_turn", while_it_waits_for_its_turn, 0}, {NULL, NULL, 0}};

	return run_tests(argc, argv, tests);
}
