/*
 * load.c: finds and loads the runtime: once per process, however many fronts it
 * holds, and once again in a forked child that wants one.
 *
 * When the front is loaded, it only opens the runtime's file and maps it, so that
 * neither another root directory nor closed descriptors nor an update of the
 * installation hide it later. At the first Initialize it tests whether there is
 * room (the runtime ends the process when there is not), loads the file with all
 * signals blocked, and puts back what that changed in the process: signal
 * dispositions and resource limits.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capi/front/front.h"
#include "capi/front/room.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x1U
#endif

/* Where make install puts it; used when it is not beside the library. */
#ifndef AISF_RUNTIME_DIR
#define AISF_RUNTIME_DIR "/usr/local/lib"
#endif

/* The runtime's file as it was when the front was loaded. */
static struct {
	char path[PATH_MAX]; /* empty: not found */
	const void *map;
	size_t size;
	dev_t device;
	ino_t inode;
} file;

#ifdef AISF_ARCHIVE
/*
 * A program linked with -static has no loader that could load the runtime. The
 * link fails here, and the linker names this function.
 */
__attribute__((noinline, used)) static const void *
libais_cannot_be_linked_with_static_because_it_loads_its_runtime_when_it_runs(void)
{
	return _DYNAMIC;
}

/* The same for -static-pie, which links. */
static int is_static(void)
{
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long n = getauxval(AT_PHNUM);

	for (; p != NULL && n > 0; n--, p++)
		if (p->p_type == PT_INTERP)
			return 0;
	return libais_cannot_be_linked_with_static_because_it_loads_its_runtime_when_it_runs() != NULL;
}
#else
static int is_static(void)
{
	return 0;
}
#endif

static int secure_process(void)
{
	return getauxval(AT_SECURE) != 0;
}

/* Opens path, which is remembered by its full name, and maps it. */
static int take_file(const char *path)
{
	struct stat st;
	void *map = MAP_FAILED;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return 0;
	if (realpath(path, file.path) == NULL) {
		munmap(map, (size_t)st.st_size);
		file.path[0] = '\0';
		return 0;
	}
	file.map = map;
	file.size = (size_t)st.st_size;
	file.device = st.st_dev;
	file.inode = st.st_ino;
	return 1;
}

/* Takes the runtime in the directory of the file name. */
static int take_beside(const char *name)
{
	char path[PATH_MAX];
	const char *slash = strrchr(name, '/');
	size_t dir = slash == NULL ? 0 : (size_t)(slash - name) + 1;

	if (dir + sizeof(AISRT_SONAME) > sizeof(path))
		return 0;
	memcpy(path, name, dir);
	memcpy(path + dir, AISRT_SONAME, sizeof(AISRT_SONAME));
	return take_file(path);
}

/*
 * The order: AIS_RUNTIME, beside the file this code is in, the installation. A
 * set-id program takes only what its user cannot choose: no AIS_RUNTIME, and not
 * the directory of the program (its name is what the user called it by), only
 * that of a library, which the loader has found by its own safe rules.
 */
__attribute__((constructor)) static void find_runtime(void)
{
	int error = errno;
	const char *chosen = secure_getenv("AIS_RUNTIME");
	Dl_info info;

	if (chosen != NULL && chosen[0] == '/' && take_file(chosen)) {
		errno = error;
		return;
	}
	if (dladdr((void *)&file, &info) != 0 && info.dli_fname != NULL) {
#ifdef AISF_ARCHIVE
		char exe[PATH_MAX];
		ssize_t n = secure_process() ? -1 : readlink("/proc/self/exe", exe, sizeof(exe) - 1);

		if (n > 0) {
			exe[n] = '\0';
			if (take_beside(exe)) {
				errno = error;
				return;
			}
		}
#else
		if ((info.dli_fname[0] == '/' || !secure_process()) && take_beside(info.dli_fname)) {
			errno = error;
			return;
		}
#endif
	}
	take_file(AISF_RUNTIME_DIR "/" AISRT_SONAME);
	errno = error;
}

/* A loaded copy, if the file is one of ours. */
static const struct aisrt_copy *copy_of(void *handle)
{
	const struct aisrt_copy *c = handle == NULL ? NULL : dlsym(handle, "aisrt_copy");

	if (c == NULL || c->abi != AISRT_ABI || c->page == NULL)
		return NULL;
	return c;
}

/*
 * Loads from a descriptor under a name that was never used before: the loader
 * takes a name it knows for the object it knows.
 */
static void *load_descriptor(int fd)
{
	static unsigned counter; /* goes on counting in children */
	unsigned n = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
	char path[128] = "/proc/self/fd/";
	char digits[16];
	char *p = path + strlen(path);
	int i;

	for (i = 0; i < 24; i++) {
		*p++ = n >> i & 1 ? '/' : '.';
		*p++ = '/';
	}
	snprintf(digits, sizeof(digits), "%d", fd);
	strcpy(p, digits);
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int write_all(int fd)
{
	size_t done = 0;

	while (done < file.size) {
		ssize_t n = write(fd, (const char *)file.map + done, file.size - done);

		if (n < 0 && errno != EINTR)
			return 0;
		if (n > 0)
			done += (size_t)n;
	}
	return 1;
}

/* Loads a copy of the mapped file by way of memory. */
static void *load_memory(void)
{
	int fd = (int)syscall(SYS_memfd_create, AISRT_SONAME, MFD_CLOEXEC | MFD_EXEC);
	void *handle = NULL;

	if (fd < 0 && errno == EINVAL)
		fd = (int)syscall(SYS_memfd_create, AISRT_SONAME, MFD_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (write_all(fd))
		handle = load_descriptor(fd);
	close(fd);
	return handle;
}

/*
 * Loads a copy by way of a file that exists for a moment: where there is no
 * /proc. Not for set-id programs: the directories are everybody's.
 */
static void *load_temporary(void)
{
	static const char *const places[] = {"/dev/shm", "/run", "/var/tmp", "/tmp", "."};
	char path[64];
	void *handle = NULL;
	unsigned i;

	if (secure_process())
		return NULL;
	for (i = 0; i < sizeof(places) / sizeof(places[0]) && handle == NULL; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/ais-runtime-XXXXXX", places[i]);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd < 0)
			continue;
		if (write_all(fd) && fchmod(fd, 0500) == 0)
			handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		unlink(path);
		close(fd);
	}
	return handle;
}

static void *load_copy(void)
{
	void *handle = load_memory();

	return handle != NULL ? handle : load_temporary();
}

/* Loads the file itself if it is still the one that was mapped. */
static void *load_file(void)
{
	struct stat st;
	void *handle = NULL;

	if (stat(file.path, &st) == 0 && st.st_dev == file.device && st.st_ino == file.inode)
		handle = dlopen(file.path, RTLD_NOW | RTLD_LOCAL);
	return handle != NULL ? handle : load_copy();
}

/* Starts the runtime in a fresh copy and waits until it has. */
static unsigned start(const struct aisrt_copy *c)
{
	struct aisrt_call hello;

	memset(&hello, 0, sizeof(hello));
	hello.op = AISRT_HELLO;
	if (c->enter(&hello) != AISRT_DONE)
		return AISF_LIBRARY;
	return hello.error;
}

/*
 * Finds the live copy or loads one. All fronts of the process meet at the page
 * of the copy that was loaded first, which the loader finds by its soname.
 */
static unsigned load_runtime(const struct aisrt_copy **out)
{
	void *handle = dlopen(AISRT_SONAME, RTLD_NOLOAD | RTLD_NOW | RTLD_LOCAL);
	const struct aisrt_copy *first, *c;
	unsigned error = AISF_OK;

	if (handle == NULL) {
		if (file.map == NULL || !aisf_room())
			return AISF_NO_RESOURCES;
		handle = load_file();
	}
	first = copy_of(handle);
	if (first == NULL)
		return AISF_NO_RESOURCES;
	pthread_mutex_lock(&first->page->lock);
	c = first->page->live;
	if (c == NULL) {
		c = first;
		if (!first->page->alive) {
			/* It came with a fork: its threads did not. */
			c = file.map != NULL && aisf_room() ? copy_of(load_copy()) : NULL;
		}
		error = c == NULL ? AISF_NO_RESOURCES : start(c);
		if (error == AISF_OK)
			first->page->live = c;
	}
	pthread_mutex_unlock(&first->page->lock);
	*out = c;
	return error;
}

/* The kernel's idea of a disposition, of all signals it has. */
struct disposition {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

enum { SIGNALS = 64 };

static void get_dispositions(struct disposition *d)
{
	int s;

	memset(d, 0, SIGNALS * sizeof(*d));
	for (s = 1; s <= SIGNALS; s++)
		syscall(SYS_rt_sigaction, s, NULL, &d[s - 1], sizeof(uint64_t));
}

/*
 * Puts back what the load changed: handlers that are the runtime's, and flags it
 * added to the application's own. What another thread has set meanwhile stays.
 */
static void restore_dispositions(const struct disposition *before, const struct aisrt_copy *c)
{
	struct disposition now;
	Dl_info ours, its;
	int s;

	if (dladdr((const void *)c, &ours) == 0)
		return;
	for (s = 1; s <= SIGNALS; s++) {
		const struct disposition *old = &before[s - 1];
		int is_its;

		memset(&now, 0, sizeof(now));
		if (syscall(SYS_rt_sigaction, s, NULL, &now, sizeof(uint64_t)) != 0 ||
			memcmp(&now, old, sizeof(now)) == 0)
			continue;
		is_its = dladdr(*(void **)&now.handler, &its) != 0 && its.dli_fbase == ours.dli_fbase;
		if (is_its || now.handler == old->handler)
			syscall(SYS_rt_sigaction, s, old, NULL, sizeof(uint64_t));
	}
}

/*
 * Loading takes more stack than the calling thread may have (16 KB is allowed),
 * so it runs on a thread of its own.
 */
struct load_job {
	const struct aisrt_copy *copy;
	unsigned error;
};

static void *load_thread(void *arg)
{
	struct load_job *job = arg;

	job->error = load_runtime(&job->copy);
	return NULL;
}

static void load_aside(struct load_job *job)
{
	enum { STACK = 512 << 10 };
	pthread_attr_t attr;
	pthread_t thread;
	int created = 0;

	job->copy = NULL;
	job->error = AISF_NO_RESOURCES;
	if (pthread_attr_init(&attr) != 0)
		return;
	if (pthread_attr_setstacksize(&attr, STACK) == 0)
		created = pthread_create(&thread, &attr, load_thread, job) == 0;
	pthread_attr_destroy(&attr);
	if (created)
		pthread_join(thread, NULL);
}

unsigned aisf_load(void)
{
	static int fork_handler;
	struct aisf_state *s = aisf_state();
	struct load_job job;
	struct disposition before[SIGNALS];
	struct rlimit files;
	uint64_t mask;
	const uint64_t all = ~(uint64_t)0;
	unsigned error = AISF_OK;

	if (s == NULL)
		return AISF_NO_MEMORY;
	if (__atomic_load_n(&s->runtime, __ATOMIC_ACQUIRE) != NULL)
		return AISF_OK;
	if (is_static()) {
		static const char text[] = "libais: a program linked with -static-pie cannot load the runtime\n";

		if (write(2, text, sizeof(text) - 1) < 0)
			return AISF_LIBRARY;
		return AISF_NO_RESOURCES;
	}
	pthread_mutex_lock(&s->load_lock);
	if (s->runtime == NULL) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, sizeof(mask));
		if (!fork_handler)
			fork_handler = pthread_atfork(NULL, NULL, aisf_after_fork) == 0;
		get_dispositions(before);
		getrlimit(RLIMIT_NOFILE, &files);
		load_aside(&job);
		error = job.error;
		setrlimit(RLIMIT_NOFILE, &files);
		if (job.copy != NULL)
			restore_dispositions(before, job.copy);
		if (error == AISF_OK)
			__atomic_store_n(&s->runtime, job.copy, __ATOMIC_RELEASE);
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	}
	pthread_mutex_unlock(&s->load_lock);
	return error;
}
