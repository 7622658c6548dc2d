/*
 * habits_load.c: loading the libraries and taking them away again, one runtime
 * for all of them, and a process that cannot see the files any more.
 */
#include <dlfcn.h>
#include <fcntl.h>

#include "habit.h"

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
	CHECK_IS(get(h, NODE, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
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


/*
 * Libraries of two installations in one process have one runtime. AIS_TEST_ELSEWHERE
 * is the directory of the other one.
 */
static const char *elsewhere;

static void one_runtime_for_two_installations(void)
{
	char path[4096];

	CHECK(elsewhere != NULL);
	use(start());
	snprintf(path, sizeof(path), "%s/libSaClm.so.2", elsewhere);
	use_library(path);
	snprintf(path, sizeof(path), "%s/libais.so.2", elsewhere);
	use_library(path);
	CHECK_IS(runtimes(), 1);
	use(start());
}

struct loaded {
	void *library;
	SaAisErrorT (*initialize)(SaClmHandleT *, const SaClmCallbacksT *, SaVersionT *);
	SaAisErrorT (*dispatch)(SaClmHandleT, SaDispatchFlagsT);
	SaAisErrorT (*get)(SaClmHandleT, SaClmNodeIdT, SaTimeT, SaClmClusterNodeT *);
	SaAisErrorT (*finalize)(SaClmHandleT);
	SaClmHandleT handle;
};

static void *dispatch_there(void *arg)
{
	struct loaded *l = arg;

	CHECK_IS(l->dispatch(l->handle, SA_DISPATCH_BLOCKING), SA_AIS_OK);
	return NULL;
}

/* dlclose while a thread is inside the library, and calls afterwards by addresses
 * that were kept: a plugin that is thrown out too early. */
static void unload_with_a_call_under_way(void)
{
	SaVersionT v = {'B', 1, 1};
	SaClmClusterNodeT n;
	struct loaded l;
	pthread_t t;

	l.library = dlopen("libais.so.2", RTLD_NOW | RTLD_LOCAL);
	CHECK(l.library != NULL);
	*(void **)&l.initialize = dlsym(l.library, "saClmInitialize");
	*(void **)&l.dispatch = dlsym(l.library, "saClmDispatch");
	*(void **)&l.get = dlsym(l.library, "saClmClusterNodeGet");
	*(void **)&l.finalize = dlsym(l.library, "saClmFinalize");
	CHECK_IS(l.initialize(&l.handle, NULL, &v), SA_AIS_OK);
	CHECK_IS(pthread_create(&t, NULL, dispatch_there, &l), 0);
	usleep(50000);
	CHECK_IS(dlclose(l.library), 0);
	CHECK_IS(l.get(l.handle, NODE, SA_TIME_ONE_SECOND, &n), SA_AIS_OK);
	CHECK_IS(l.finalize(l.handle), SA_AIS_OK);
	CHECK_IS(pthread_join(t, NULL), 0);
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
	char directory[] = "root-XXXXXX"; /* where the test cleans up */
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

int main(int argc, char **argv)
{
	static const struct test tests[] = {
		{"load_and_unload", load_and_unload, 0}, {"unload_with_a_call_under_way", unload_with_a_call_under_way, 0},
		{"one_runtime_for_all_libraries", one_runtime_for_all_libraries, 0},
		{"one_runtime_for_two_installations", one_runtime_for_two_installations, 0},
		{"another_root", another_root, 0}, {NULL, NULL, 0}};

	elsewhere = getenv("AIS_TEST_ELSEWHERE");
	return run_tests(argc, argv, tests);
}
