/*
 * trace.c: runs a program and counts the system calls between the marks that it
 * sets (cost.h): those of the thread that set them and those of all other threads.
 * One line for each pair of marks:
 *
 *   cost SECTION n=N ok=N mallocs=N own CALL=N ... others CALL=N ...
 *
 * Ends as the program does; with 77 when this process may not trace. The program
 * ends with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cost.h"

enum { CANNOT = 77, CALLS = 512, SYSCALL_STOP = SIGTRAP | 0x80 };

static const char *const section_names[] = {
#define X(name) #name,
	SECTIONS(X)
#undef X
};

/* Those that are likely; the others are written as numbers. */
static const struct {
	long number;
	const char *name;
} names[] = {
#define N(name) {SYS_##name, #name}
	N(read), N(write), N(close), N(fstat), N(lseek), N(mmap), N(mprotect), N(munmap), N(mremap), N(madvise), N(brk),
	N(rt_sigaction), N(rt_sigprocmask), N(sigaltstack), N(sched_yield), N(nanosleep), N(clock_nanosleep),
	N(clock_gettime), N(gettimeofday), N(getpid), N(gettid), N(getuid), N(geteuid), N(getgid), N(getegid), N(getrandom),
	N(socket), N(socketpair), N(connect), N(shutdown), N(getsockopt), N(setsockopt), N(getsockname), N(getpeername),
	N(sendto), N(sendmsg), N(recvfrom), N(recvmsg), N(ppoll), N(epoll_pwait), N(epoll_ctl), N(fcntl), N(futex),
	N(clone), N(tgkill), N(exit), N(exit_group), N(openat), N(dup), N(rseq), N(set_robust_list),
#ifdef SYS_newfstatat
	N(newfstatat),
#endif
#ifdef SYS_poll
	N(poll),
#endif
#ifdef SYS_clone3
	N(clone3),
#endif
#ifdef SYS_epoll_wait
	N(epoll_wait),
#endif
#undef N
};

static long counts[2][CALLS];
static pid_t program;
static int section = -1;
static pid_t marker; /* the thread that sets the marks */

static void write_counts(const char *whose, const long *c)
{
	unsigned i, j;

	printf(" %s", whose);
	for (i = 0; i < CALLS; i++) {
		if (c[i] == 0)
			continue;
		for (j = 0; j < sizeof(names) / sizeof(names[0]) && names[j].number != (long)i; j++)
			;
		if (j < sizeof(names) / sizeof(names[0]))
			printf(" %s=%ld", names[j].name, c[i]);
		else
			printf(" %u=%ld", i, c[i]);
	}
}

static void mark(const uint64_t *args)
{
	if (args[1] >= SECTION_COUNT || (args[2] == BEGIN) != (section < 0)) {
		fprintf(stderr, "mark %llu of section %llu is out of place\n", (unsigned long long)args[2], (unsigned long long)args[1]);
		exit(1);
	}
	if (args[2] == BEGIN) {
		memset(counts, 0, sizeof(counts));
		section = (int)args[1];
		return;
	}
	printf("cost %s n=%llu ok=%llu mallocs=%llu", section_names[section], (unsigned long long)args[3],
		(unsigned long long)args[4], (unsigned long long)args[5]);
	write_counts("own", counts[0]);
	write_counts("others", counts[1]);
	printf("\n");
	fflush(stdout);
	section = -1;
	marker = 0;
}

/* A thread has entered the kernel or is about to leave it. */
static void at_call(pid_t thread)
{
	struct __ptrace_syscall_info i;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(i), &i) < 0) {
		if (errno == ESRCH)
			return;
		perror("PTRACE_GET_SYSCALL_INFO (Linux 5.3)");
		exit(CANNOT);
	}
	if (i.op != PTRACE_SYSCALL_INFO_ENTRY)
		return;
	if (i.entry.nr == SYS_getppid && i.entry.args[0] == MARK)
		mark(i.entry.args);
	else if (section >= 0)
		counts[thread != marker][i.entry.nr < CALLS ? i.entry.nr : CALLS - 1]++;
}

static int stops(int signal_number)
{
	return signal_number == SIGSTOP || signal_number == SIGTSTP || signal_number == SIGTTIN || signal_number == SIGTTOU;
}

/* A thread stands still: lets it go on. */
static void go_on(pid_t thread, int status)
{
	int number = WSTOPSIG(status), event = status >> 16;

	if (number == SYSCALL_STOP) {
		at_call(thread);
		number = 0;
	} else if (event == PTRACE_EVENT_STOP && stops(number)) {
		ptrace(PTRACE_LISTEN, thread, NULL, NULL);
		return;
	} else if (event != 0) {
		number = 0;
	} else if (number == SIGTRAP) {
		marker = thread;
		number = 0;
	}
	/* The first thread is fast where nothing is counted. Any may have ended
	 * meanwhile. */
	ptrace(thread == program && thread != marker ? PTRACE_CONT : PTRACE_SYSCALL, thread, NULL, (void *)(intptr_t)number);
}

static int trace(void)
{
	int status, result = 1;
	pid_t thread;

	while ((thread = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (thread < 0)
			continue;
		if (WIFSTOPPED(status))
			go_on(thread, status);
		else if (thread == program)
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	return result;
}

static void run_program(int gate, char **argv)
{
	char b;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(gate, &b, 1) != 1)
		_exit(1);
	close(gate);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(1);
}

int main(int argc, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int gate[2];

	if (argc < 2 || pipe(gate) != 0)
		return 2;
	program = fork();
	if (program < 0)
		return 2;
	if (program == 0) {
		close(gate[1]);
		run_program(gate[0], argv + 1);
	}
	close(gate[0]);
	if (ptrace(PTRACE_SEIZE, program, NULL, (void *)options) != 0) {
		perror("PTRACE_SEIZE");
		kill(program, SIGKILL);
		waitpid(program, NULL, 0);
		return CANNOT;
	}
	/* It stops when it has become the program. */
	if (write(gate[1], "", 1) != 1)
		return 2;
	close(gate[1]);
	return trace();
}
