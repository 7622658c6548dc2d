/*
 * Every documented result of every CKPT function, generation A.01.01 (built with
 * GENERATION_A), B.01.01, and B.02.02 of OpenSAF (GENERATION_O). The rows and what they must give are in
 * ../errors.tsv. Each row works with checkpoints of its own.
 */
#include "conf.h"

#ifdef GENERATION_A
#include <ais_types.h>
#include <ais_ckpt.h>
#define ID(x) "ckpt.a." x
#define MAJOR 1
#define OK SA_OK
#define E(x) SA_ERR_##x
#define ENAME(x) "SA_ERR_" #x
#define OKNAME "SA_OK"
#define H(h) (&(h))
#define RELEASE 'A'
#define CREATE 0x100 /* attributes given mean create */
#define FOREVER 0x7fffffffffffffffLL
#define ACTIVE saCkptActiveCheckpointSet
#define ITERATE saCkptSectionIteratorInitialize
#define NEXT saCkptSectionIteratorNext
#define ENDED saCkptSectionIteratorFinalize
#define NO_MORE SA_ERR_NOT_EXIST
#define MISSING SA_ERR_INVALID_PARAM
#define STATUS SaCkptCheckpointStatusT
typedef SaCkptSectionIteratorT iterator_t_;
typedef SaErrorT error_t_;
#else
#include <saAis.h>
#include <saCkpt.h>
#ifdef GENERATION_O
#define ID(x) "ckpt.o." x
#define MAJOR 2
#define MINOR 2
#else
#define ID(x) "ckpt.b." x
#define MAJOR 1
#define MINOR 1
#endif
#define OK SA_AIS_OK
#define E(x) SA_AIS_ERR_##x
#define ENAME(x) "SA_AIS_ERR_" #x
#define OKNAME "SA_AIS_OK"
#define H(h) (h)
#define RELEASE 'B'
#define CREATE SA_CKPT_CHECKPOINT_CREATE
#define FOREVER SA_TIME_END
#define ACTIVE saCkptActiveReplicaSet
#define ITERATE saCkptSectionIterationInitialize
#define NEXT saCkptSectionIterationNext
#define ENDED saCkptSectionIterationFinalize
#define NO_MORE SA_AIS_ERR_NO_SECTIONS
#define MISSING SA_AIS_ERR_NOT_EXIST
#define STATUS SaCkptCheckpointDescriptorT
typedef SaCkptSectionIterationHandleT iterator_t_;
typedef SaAisErrorT error_t_;
#endif

#define SECOND 1000000000LL
#define RD SA_CKPT_CHECKPOINT_READ
#define WR SA_CKPT_CHECKPOINT_WRITE
#define SECTIONS 4
#define SECTION 100
typedef SaCkptCheckpointHandleT ck_t;
typedef SaCkptCheckpointCreationAttributesT attrs_t;

static SaCkptHandleT lib;
static int opens, syncs, open_error, sync_error;
static long long open_invocation, sync_invocation;
static ck_t opened;

#ifdef GENERATION_A
static void on_open(SaInvocationT invocation, const ck_t *h, SaErrorT error)
{
	opened = *h;
#else
static void on_open(SaInvocationT invocation, const ck_t h, SaAisErrorT error)
{
	opened = h;
#endif
	opens++;
	open_error = (int)error;
	open_invocation = (long long)invocation;
}

static void on_sync(SaInvocationT invocation, error_t_ error)
{
	syncs++;
	sync_error = (int)error;
	sync_invocation = (long long)invocation;
}

static const SaCkptCallbacksT callbacks = {on_open, on_sync};
static const SaCkptCallbacksT no_callbacks = {NULL, NULL};

static int init_version(SaCkptHandleT *h, const SaCkptCallbacksT *c, int release, int major, int minor)
{
	SaVersionT v;

	memset(&v, 0, sizeof v);
	v.releaseCode = (char)release;
#ifdef GENERATION_A
	v.major = (SaUint8T)major;
	v.minor = (SaUint8T)minor;
#else
	v.majorVersion = (SaUint8T)major;
	v.minorVersion = (SaUint8T)minor;
#endif
	return (int)saCkptInitialize(h, c, &v);
}

static int init_with(const SaCkptCallbacksT *c, int release, int major, int minor)
{
	SaCkptHandleT h;

	return init_version(&h, c, release, major, minor);
}

/* Names that no other row has. */
static SaNameT *name_of(int n)
{
	static SaNameT names[4];
	SaNameT *name = &names[n];

	name->length = (SaUint16T)snprintf((char *)name->value, sizeof name->value, "conformance-%d-%d", (int)getpid(), n);
	return name;
}

static attrs_t usual(void)
{
	attrs_t a;

	memset(&a, 0, sizeof a);
	a.creationFlags = SA_CKPT_WR_ALL_REPLICAS;
	a.checkpointSize = SECTIONS * SECTION;
	a.maxSections = SECTIONS;
	a.maxSectionSize = SECTION;
	a.maxSectionIdSize = 8;
	return a;
}

static int start(void)
{
	must(init_version(&lib, &callbacks, RELEASE, 1, 1), OK);
	return 0;
}

static int open_as(const SaNameT *name, const attrs_t *a, unsigned flags, ck_t *h)
{
#ifdef GENERATION_A
	return (int)saCkptCheckpointOpen(name, a, flags & ~(unsigned)CREATE, 10 * SECOND, h);
#else
	return (int)saCkptCheckpointOpen(lib, name, a, flags, 10 * SECOND, h);
#endif
}

static int open_n(int n, const attrs_t *a, unsigned flags, ck_t *h) { return open_as(name_of(n), a, flags, h); }

static int open_async(SaCkptHandleT l, long inv, const SaNameT *name, const attrs_t *a, unsigned flags)
{
#ifdef GENERATION_A
	return (int)saCkptCheckpointOpenAsync(&l, (SaInvocationT)inv, name, a, flags & ~(unsigned)CREATE);
#else
	return (int)saCkptCheckpointOpenAsync(l, (SaInvocationT)inv, name, a, flags);
#endif
}

static int unlink_n(const SaNameT *name)
{
#ifdef GENERATION_A
	return (int)saCkptCheckpointUnlink(name);
#else
	return (int)saCkptCheckpointUnlink(lib, name);
#endif
}

/* A checkpoint for reading and writing. */
static int fresh(ck_t *h)
{
	attrs_t a = usual();

	must(start(), 0);
	must(open_n(0, &a, RD | WR | CREATE, h), OK);
	return 0;
}

static int with_flags(ck_t *h, unsigned creation, unsigned flags)
{
	attrs_t a = usual();

	must(start(), 0);
#ifdef GENERATION_A
	if (creation & 8)
		flags |= SA_CKPT_CHECKPOINT_COLOCATED;
	creation &= 7;
#endif
	a.creationFlags = creation;
	must(open_n(0, &a, flags | CREATE, h), OK);
	return 0;
}

/* A second handle of the same checkpoint, for reading or for writing only. */
static int second(ck_t *h, unsigned flags)
{
	ck_t first;

	must(fresh(&first), 0);
	must(open_n(0, NULL, flags, h), OK);
	return 0;
}

static SaCkptSectionIdT id_of(const char *text)
{
	SaCkptSectionIdT id;

	memset(&id, 0, sizeof id);
	id.id = (SaUint8T *)(uintptr_t)text;
	id.idLen = text ? (SaUint16T)strlen(text) : 0;
	return id;
}

static int create_until(ck_t h, const char *id, const void *data, unsigned size, SaTimeT until)
{
	SaCkptSectionIdT s = id_of(id);
	SaCkptSectionCreationAttributesT a;

	a.sectionId = &s;
	a.expirationTime = until;
	return (int)saCkptSectionCreate(H(h), &a, data, size);
}

static int create(ck_t h, const char *id, const void *data, unsigned size)
{
	return create_until(h, id, data, size, (SaTimeT)FOREVER);
}

static SaCkptIOVectorElementT vector(const char *id, void *data, unsigned size, unsigned offset)
{
	SaCkptIOVectorElementT v;

	memset(&v, 0, sizeof v);
	v.sectionId = id_of(id);
	v.dataBuffer = data;
	v.dataSize = (SaSizeT)size;
	v.dataOffset = offset;
	return v;
}

static int write1(ck_t h, const char *id, void *data, unsigned size, unsigned offset)
{
	SaCkptIOVectorElementT v = vector(id, data, size, offset);

	return (int)saCkptCheckpointWrite(H(h), &v, 1, NULL);
}

/* What is in a section, at most size bytes of it; its length, or -1. */
static int content(ck_t h, const char *id, char *to, unsigned size)
{
	SaCkptIOVectorElementT v = vector(id, to, size, 0);

	return saCkptCheckpointRead(H(h), &v, 1, NULL) == OK ? (int)v.readSize : -1;
}

static int is(ck_t h, const char *id, const char *want, unsigned size)
{
	char b[SECTION * 2];

	return content(h, id, b, sizeof b) == (int)size && !memcmp(b, want, size);
}

static int with_section(ck_t *h)
{
	must(fresh(h), 0);
	must(create(*h, "one", "hello", 5), OK);
	return 0;
}

static SaTimeT now_plus(long long ns)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (SaTimeT)t.tv_sec * SECOND + t.tv_nsec + ns;
}

/* Dispatches until the counter moves. */
static int told(SaCkptHandleT h, const int *counter)
{
	double end = seconds() + 5;
	SaSelectionObjectT fd;
	int before = *counter;

	must(saCkptSelectionObjectGet(H(h), &fd), OK);
	while (*counter == before && seconds() < end)
		if (readable((int)fd, 100))
			must(saCkptDispatch(H(h), SA_DISPATCH_ALL), OK);
	check(*counter == before + 1);
	return 0;
}

/* --- saCkptInitialize --- */

static int init_ok(void) { return init_with(&callbacks, RELEASE, 1, 1); }
static int init_release_higher(void) { return init_with(&callbacks, RELEASE + 1, 1, 1); }
static int init_release_lower(void) { return init_with(&callbacks, RELEASE - 1, 1, 1); }
static int init_major_higher(void) { return init_with(&callbacks, RELEASE, MAJOR + 1, 1); }
static int init_callbacks_null(void) { return init_with(NULL, RELEASE, 1, 1); }
static int init_handle_null(void) { return init_version(NULL, &callbacks, RELEASE, 1, 1); }
static int init_version_null(void) { return (int)saCkptInitialize(&lib, &callbacks, NULL); }
static int init_callbacks_and_version_null(void) { return (int)saCkptInitialize(&lib, NULL, NULL); }
static int init_handle_and_version_null(void) { return (int)saCkptInitialize(NULL, &callbacks, NULL); }
static int init_minor_other(void) { return init_with(&callbacks, RELEASE, 1, 7); }

static int init_one_callback_null(void)
{
	SaCkptCallbacksT c = callbacks;

	c.saCkptCheckpointOpenCallback = NULL;
	must(init_with(&c, RELEASE, 1, 1), OK);
	c = callbacks;
	c.saCkptCheckpointSynchronizeCallback = NULL;
	return init_with(&c, RELEASE, 1, 1);
}

static int init_repeated(void)
{
	SaCkptHandleT h[8];
	SaSelectionObjectT fd;
	int i, j;

	for (i = 0; i < 8; i++)
		must(init_version(&h[i], &callbacks, RELEASE, 1, 1), OK);
	for (i = 0; i < 8; i++) {
		for (j = 0; j < i; j++)
			check(h[i] != h[j]);
		must(saCkptSelectionObjectGet(H(h[i]), &fd), OK);
	}
	return OK;
}

#ifndef GENERATION_A
static int version_written(int release, int major)
{
	SaVersionT v;
	int e;

	v.releaseCode = (char)release;
	v.majorVersion = (unsigned char)major;
	v.minorVersion = 9;
	e = (int)saCkptInitialize(&lib, &callbacks, &v);
	check(v.releaseCode == 'B' && v.majorVersion == MAJOR && v.minorVersion == MINOR);
	return e;
}
static int init_version_rejected(void) { return version_written('C', 3); }
static int init_version_accepted(void) { return version_written('B', 1); }
#ifdef GENERATION_O
static int init_major_two(void) { return version_written('B', 2); }
#endif
#endif

/* --- handles of the service --- */

static SaCkptHandleT arbitrary(void) { return (SaCkptHandleT)0x12345678; }

static int stale(SaCkptHandleT *h)
{
	must(init_version(h, &callbacks, RELEASE, 1, 1), OK);
	must(saCkptFinalize(H(*h)), OK);
	return 0;
}

static int object_of(SaCkptHandleT h)
{
	SaSelectionObjectT fd;

	return (int)saCkptSelectionObjectGet(H(h), &fd);
}

static int object_ok(void)
{
	SaSelectionObjectT fd;
	attrs_t a = usual();

	must(start(), 0);
	must(saCkptSelectionObjectGet(H(lib), &fd), OK);
	check(!readable((int)fd, 50));
	must(open_async(lib, 3, name_of(0), &a, RD | CREATE), OK);
	check(readable((int)fd, 5000));
	must(saCkptDispatch(H(lib), SA_DISPATCH_ALL), OK);
	check(opens == 1 && !readable((int)fd, 50));
	return OK;
}

static int object_never(void) { return object_of((SaCkptHandleT)0x7f); }
static int object_arbitrary(void) { return object_of(arbitrary()); }

static int object_stale(void)
{
	SaCkptHandleT h;

	must(stale(&h), 0);
	return object_of(h);
}

static int object_null(void)
{
	must(start(), 0);
	return (int)saCkptSelectionObjectGet(H(lib), NULL);
}

static int object_bad_and_null(void)
{
	SaCkptHandleT h = arbitrary();

	return (int)saCkptSelectionObjectGet(H(h), NULL);
}

static int pending(SaSelectionObjectT *fd)
{
	attrs_t a = usual();
	int i;

	must(start(), 0);
	must(saCkptSelectionObjectGet(H(lib), fd), OK);
	for (i = 0; i < 3; i++)
		must(open_async(lib, i, name_of(i), &a, RD | CREATE), OK);
	check(readable((int)*fd, 5000));
	usleep(300000);
	return 0;
}

static int dispatch_one(void)
{
	SaSelectionObjectT fd;
	int i;

	must(pending(&fd), 0);
	for (i = 0; i < 3; i++) {
		check(readable((int)fd, 2000));
		must(saCkptDispatch(H(lib), SA_DISPATCH_ONE), OK);
		check(opens == i + 1 && open_error == OK);
	}
	check(!readable((int)fd, 0));
	return OK;
}

static int dispatch_all(void)
{
	SaSelectionObjectT fd;

	must(pending(&fd), 0);
	must(saCkptDispatch(H(lib), SA_DISPATCH_ALL), OK);
	check(opens == 3);
	return OK;
}

static int dispatch_nothing(void)
{
	must(start(), 0);
	must(saCkptDispatch(H(lib), SA_DISPATCH_ONE), OK);
	return (int)saCkptDispatch(H(lib), SA_DISPATCH_ALL);
}

static int dispatch_flag_zero(void)
{
	must(start(), 0);
	return (int)saCkptDispatch(H(lib), (SaDispatchFlagsT)0);
}

static int dispatch_flag_large(void)
{
	must(start(), 0);
	return (int)saCkptDispatch(H(lib), (SaDispatchFlagsT)0x7fffffff);
}

static int dispatch_arbitrary(void)
{
	SaCkptHandleT h = arbitrary();

	return (int)saCkptDispatch(H(h), SA_DISPATCH_ALL);
}

static int dispatch_stale(void)
{
	SaCkptHandleT h;

	must(stale(&h), 0);
	return (int)saCkptDispatch(H(h), SA_DISPATCH_ALL);
}

static int finalize_ok(void)
{
	must(start(), 0);
	return (int)saCkptFinalize(H(lib));
}

static int finalize_arbitrary(void)
{
	SaCkptHandleT h = arbitrary();

	return (int)saCkptFinalize(H(h));
}

static int finalize_twice(void)
{
	SaCkptHandleT h;

	must(stale(&h), 0);
	return (int)saCkptFinalize(H(h));
}

/* Children end with it: in A those that were opened on the handle. */
static int finalize_children(void)
{
	attrs_t a = usual();
	iterator_t_ it;
	SaCkptSectionDescriptorT d;

	must(start(), 0);
	must(open_async(lib, 1, name_of(0), &a, RD | WR | CREATE), OK);
	must(told(lib, &opens), 0);
	must(open_error, OK);
	must(create(opened, "one", "x", 1), OK);
	must(ITERATE(H(opened), SA_CKPT_SECTIONS_ANY, 0, &it), OK);
	must(saCkptFinalize(H(lib)), OK);
	must(object_of(lib), E(BAD_HANDLE));
	must(NEXT(H(it), &d), E(BAD_HANDLE));
	must(ENDED(H(it)), E(BAD_HANDLE));
	must(saCkptCheckpointClose(H(opened)), E(BAD_HANDLE));
	return write1(opened, "one", "y", 1, 0);
}

static int finalize_descriptor(void)
{
	SaSelectionObjectT fd;
	struct pollfd p;

	must(start(), 0);
	must(saCkptSelectionObjectGet(H(lib), &fd), OK);
	must(saCkptFinalize(H(lib)), OK);
	p.fd = (int)fd;
	p.events = POLLIN;
	p.revents = 0;
	check(poll(&p, 1, 0) == 1 && p.revents == POLLNVAL);
	return OK;
}

/* --- saCkptCheckpointOpen --- */

static int open_new(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return OK;
}

static int open_existing(void)
{
	attrs_t a = usual();
	ck_t h, g;

	must(fresh(&h), 0);
	must(open_n(0, &a, RD | WR | CREATE, &g), OK);
	check(g != h);
	must(create(h, "one", "abc", 3), OK);
	check(is(g, "one", "abc", 3));
	return OK;
}

static int open_name_null(void)
{
	attrs_t a = usual();
	ck_t h;

	must(start(), 0);
	return open_as(NULL, &a, RD | CREATE, &h);
}

static int open_handle_null(void)
{
	attrs_t a = usual();

	must(start(), 0);
	return open_n(0, &a, RD | CREATE, NULL);
}

static int open_missing(void)
{
	ck_t h;

	must(start(), 0);
	return open_n(0, NULL, RD, &h);
}

static int open_flags(unsigned flags)
{
	attrs_t a = usual();
	ck_t h;

	must(start(), 0);
	return open_n(0, &a, flags, &h);
}
static int open_flag_undefined(void) { return open_flags(RD | CREATE | 0x40); }
static int open_only_read(void) { return open_flags(RD | CREATE); }
static int open_only_write(void) { return open_flags(WR | CREATE); }

static int open_attrs(attrs_t a)
{
	ck_t h;

	must(start(), 0);
	return open_n(0, &a, RD | WR | CREATE, &h);
}

static attrs_t too_large(void)
{
	attrs_t a = usual();

	a.checkpointSize = SECTIONS * SECTION + 1;
	return a;
}
static int open_inconsistent(void) { return open_attrs(too_large()); }

static int open_name_empty(void)
{
	SaNameT n;
	attrs_t a = usual();
	ck_t h;

	memset(&n, 0, sizeof n);
	must(start(), 0);
	must(open_as(&n, &a, RD | CREATE, &h), E(INVALID_PARAM));
	n.length = SA_MAX_NAME_LENGTH + 1;
	return open_as(&n, &a, RD | CREATE, &h);
}

static int creation(unsigned flags)
{
	attrs_t a = usual();

	a.creationFlags = flags;
	return open_attrs(a);
}
static int open_ways_12(void) { return creation(3); }
static int open_ways_14(void) { return creation(5); }
static int open_ways_24(void) { return creation(6); }
static int open_ways_undefined(void) { return creation(SA_CKPT_WR_ALL_REPLICAS | 0x100); }

static int differs(int what)
{
	attrs_t a = usual();
	ck_t h, g;

	must(fresh(&h), 0);
	switch (what) {
	case 0: a.creationFlags = SA_CKPT_WR_ACTIVE_REPLICA; break;
	case 1: a.checkpointSize--; break;
	case 2: a.maxSections++; break;
	case 3: a.maxSectionSize++; break;
	case 4: a.maxSectionIdSize++; break;
	default: a.retentionDuration = 5; break;
	}
	return open_n(0, &a, RD | CREATE, &g);
}
static int open_differs(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		must(differs(i), E(EXIST));
		must(saCkptFinalize(H(lib)), OK);
	}
	return differs(4);
}
static int open_retention_differs(void) { return differs(5); }

static int open_collocated(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA | 8, RD | WR), 0);
	must(saCkptCheckpointClose(H(h)), OK);
	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA_WEAK | 8, RD | WR), 0);
	return OK;
}

#ifndef GENERATION_A
static int open_collocated_all(void) { return creation(SA_CKPT_WR_ALL_REPLICAS | 8); }
static int open_create_null(void)
{
	ck_t h;

	must(start(), 0);
	return open_n(0, NULL, RD | CREATE, &h);
}
static int open_attributes_alone(void) { return open_flags(RD); }
static int open_flags_none(void) { return open_flags(0); }
static int open_bad_library(void)
{
	SaCkptHandleT h;
	attrs_t a = usual();
	ck_t c;

	must(stale(&h), 0);
	lib = h;
	must(open_n(0, &a, RD | CREATE, &c), E(BAD_HANDLE));
	lib = arbitrary();
	return open_n(0, &a, RD | CREATE, &c);
}
#endif

/* --- saCkptCheckpointOpenAsync --- */

static int async_create(void)
{
	attrs_t a = usual();

	must(start(), 0);
	must(open_async(lib, 77, name_of(0), &a, RD | WR | CREATE), OK);
	must(told(lib, &opens), 0);
	check(open_error == OK && open_invocation == 77);
	must(create(opened, "one", "x", 1), OK);
	return (int)saCkptCheckpointClose(H(opened));
}

static int async_existing(void)
{
	ck_t h;

	must(fresh(&h), 0);
	must(open_async(lib, 0, name_of(0), NULL, RD), OK);
	must(told(lib, &opens), 0);
	check(open_invocation == 0);
	return open_error;
}

static int async_no_callback(void)
{
	attrs_t a = usual();
	SaCkptHandleT h;

	must(init_version(&h, NULL, RELEASE, 1, 1), OK);
	must(open_async(h, 1, name_of(0), &a, RD | CREATE), E(INIT));
	must(init_version(&h, &no_callbacks, RELEASE, 1, 1), OK);
	return open_async(h, 1, name_of(0), &a, RD | CREATE);
}

static int async_bad(void)
{
	attrs_t a = usual();
	SaCkptHandleT h;

	must(stale(&h), 0);
	must(open_async(h, 1, name_of(0), &a, RD | CREATE), E(BAD_HANDLE));
	return open_async(arbitrary(), 1, name_of(0), &a, RD | CREATE);
}

static int async_name_null(void)
{
	attrs_t a = usual();

	must(start(), 0);
	return open_async(lib, 1, NULL, &a, RD | CREATE);
}

static int async_inconsistent(void)
{
	attrs_t a = too_large();

	must(start(), 0);
	must(open_async(lib, 1, name_of(0), &a, RD | CREATE), E(INVALID_PARAM));
	a = usual();
	a.creationFlags = 3;
	return open_async(lib, 1, name_of(0), &a, RD | CREATE);
}

static int async_flags(void)
{
	attrs_t a = usual();

	must(start(), 0);
	return open_async(lib, 1, name_of(0), &a, RD | CREATE | 0x40);
}

static int async_missing(void)
{
	must(start(), 0);
	must(open_async(lib, 1, name_of(0), NULL, RD), OK);
	must(told(lib, &opens), 0);
	return open_error;
}

static int async_differs(void)
{
	attrs_t a = usual();
	ck_t h;

	must(fresh(&h), 0);
	a.maxSections++;
	must(open_async(lib, 1, name_of(0), &a, RD | CREATE), OK);
	must(told(lib, &opens), 0);
	return open_error;
}

#ifndef GENERATION_A
static int async_create_null(void)
{
	attrs_t a = usual();

	must(start(), 0);
	must(open_async(lib, 1, name_of(0), &a, RD), E(INVALID_PARAM));
	return open_async(lib, 1, name_of(0), NULL, RD | CREATE);
}
#endif

/* --- saCkptCheckpointClose and Unlink --- */

static int closed(ck_t *h)
{
	must(fresh(h), 0);
	must(saCkptCheckpointClose(H(*h)), OK);
	return 0;
}

static int close_ok(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptCheckpointClose(H(h));
}

static int close_twice(void)
{
	ck_t h;

	must(closed(&h), 0);
	must(saCkptCheckpointClose(H(h)), E(BAD_HANDLE));
	h = (ck_t)0x12345678;
	return (int)saCkptCheckpointClose(H(h));
}

static int close_unlinked(void)
{
	ck_t h;

	must(fresh(&h), 0);
	must(unlink_n(name_of(0)), OK);
	return (int)saCkptCheckpointClose(H(h));
}

static int unlink_ok(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return unlink_n(name_of(0));
}

static int unlink_unknown(void)
{
	must(start(), 0);
	return unlink_n(name_of(0));
}

static int unlink_null(void)
{
	must(start(), 0);
	return unlink_n(NULL);
}

static int unlink_twice(void)
{
	must(unlink_ok(), OK);
	return unlink_n(name_of(0));
}

static int unlink_reachable(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(unlink_n(name_of(0)), OK);
	must(write1(h, "one", "J", 1, 0), OK);
	check(is(h, "one", "Jello", 5));
	return OK;
}

static int unlink_open(void)
{
	ck_t g;

	must(unlink_ok(), OK);
	return open_n(0, NULL, RD, &g);
}

static int unlink_anew(void)
{
	attrs_t a = usual();
	ck_t h, g;

	must(with_section(&h), 0);
	must(unlink_n(name_of(0)), OK);
	must(open_n(0, &a, RD | WR | CREATE, &g), OK);
	must(create(g, "one", "new", 3), OK);
	check(is(h, "one", "hello", 5) && is(g, "one", "new", 3));
	return OK;
}

static int retained(long long ns)
{
	ck_t h;

	must(fresh(&h), 0);
	must(saCkptCheckpointRetentionDurationSet(H(h), ns), OK);
	must(saCkptCheckpointClose(H(h)), OK);
	return 0;
}

static int unlink_expired(void)
{
	must(retained(SECOND / 5), 0);
	sleep(3);
	return unlink_n(name_of(0));
}

#ifndef GENERATION_A
static int unlink_bad(void)
{
	SaCkptHandleT h;

	must(stale(&h), 0);
	lib = h;
	must(unlink_n(name_of(0)), E(BAD_HANDLE));
	lib = arbitrary();
	return unlink_n(name_of(0));
}
#endif

/* --- retention, active replica, status --- */

static int retention_ok(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptCheckpointRetentionDurationSet(H(h), SECOND);
}

static int retention_negative(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptCheckpointRetentionDurationSet(H(h), -1);
}

static int retention_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return (int)saCkptCheckpointRetentionDurationSet(H(h), SECOND);
}

static int retention_zero(void)
{
	ck_t g;

	must(retained(0), 0);
	must(open_n(0, NULL, RD, &g), MISSING);
	return OK;
}

static int retention_unlinked(void)
{
	ck_t h;

	must(fresh(&h), 0);
	must(unlink_n(name_of(0)), OK);
	return (int)saCkptCheckpointRetentionDurationSet(H(h), SECOND);
}

static int retention_within(void)
{
	ck_t g;

	must(retained(60 * SECOND), 0);
	must(open_n(0, NULL, RD | WR, &g), OK);
	must(unlink_n(name_of(0)), OK);
	return OK;
}

static int retention_after(void)
{
	ck_t g;

	must(retained(SECOND / 5), 0);
	sleep(3);
	return open_n(0, NULL, RD, &g);
}

static int active_ok(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA | 8, RD | WR), 0);
	must(create(h, "one", "x", 1), E(NOT_EXIST)); /* there is none yet */
	must(ACTIVE(H(h)), OK);
	return create(h, "one", "x", 1);
}

static int active_not_collocated(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA, RD | WR), 0);
	return (int)ACTIVE(H(h));
}

static int active_all(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)ACTIVE(H(h));
}

static int active_read_only(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA | 8, RD), 0);
	return (int)ACTIVE(H(h));
}

static int active_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return (int)ACTIVE(H(h));
}

static int status_ok(void)
{
	attrs_t a = usual(), *g;
	STATUS s;
	ck_t h;

	must(with_section(&h), 0);
	must(saCkptCheckpointStatusGet(H(h), &s), OK);
	g = &s.checkpointCreationAttributes;
	check(g->creationFlags == a.creationFlags && g->checkpointSize == a.checkpointSize);
	check(g->retentionDuration == a.retentionDuration && g->maxSections == a.maxSections);
	check(g->maxSectionSize == a.maxSectionSize && g->maxSectionIdSize == a.maxSectionIdSize);
	check(s.numberOfSections == 1 && s.memoryUsed == 5);
	return OK;
}

static int status_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptCheckpointStatusGet(H(h), NULL);
}

static int status_bad(void)
{
	STATUS s;
	ck_t h;

	must(closed(&h), 0);
	return (int)saCkptCheckpointStatusGet(H(h), &s);
}

/* --- sections --- */

static int section_ok(void)
{
	ck_t h;

	must(with_section(&h), 0);
	check(is(h, "one", "hello", 5));
	return OK;
}

static int section_generated(void)
{
	SaCkptSectionIdT s[2];
	SaCkptSectionCreationAttributesT a;
	SaCkptIOVectorElementT v;
	char b[9];
	ck_t h;
	int i;

	must(fresh(&h), 0);
	for (i = 0; i < 2; i++) {
		s[i] = id_of(NULL);
		a.sectionId = &s[i];
		a.expirationTime = (SaTimeT)FOREVER;
		must(saCkptSectionCreate(H(h), &a, i ? "second" : "first!", 6), OK);
		check(s[i].id != NULL && s[i].idLen > 0);
	}
	check(s[0].idLen != s[1].idLen || memcmp(s[0].id, s[1].id, s[0].idLen));
	v = vector(NULL, b, sizeof b, 0);
	v.sectionId = s[1];
	must(saCkptCheckpointRead(H(h), &v, 1, NULL), OK);
	check(v.readSize == 6 && !memcmp(b, "second", 6));
#ifdef GENERATION_O
	must(saCkptSectionIdFree(h, s[0].id), OK);
	must(saCkptSectionIdFree(h, s[1].id), OK);
#else
	free(s[0].id);
	free(s[1].id);
#endif
	return OK;
}

static int section_duplicate(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return create(h, "one", "again", 5);
}

static int section_no_data(void)
{
	ck_t h;

	must(fresh(&h), 0);
	must(create(h, "one", NULL, 0), OK);
	check(is(h, "one", "", 0));
	return OK;
}

static int section_data_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return create(h, "one", NULL, 5);
}

static int section_id_long(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return create(h, "123456789", "x", 1);
}

static char much[SECTION * 8];

static int section_large(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return create(h, "one", much, SECTION + 1);
}

static int section_attributes_null(void)
{
	SaCkptSectionCreationAttributesT a;
	ck_t h;

	must(fresh(&h), 0);
	must(saCkptSectionCreate(H(h), NULL, "x", 1), E(INVALID_PARAM));
	a.sectionId = NULL;
	a.expirationTime = (SaTimeT)FOREVER;
	return (int)saCkptSectionCreate(H(h), &a, "x", 1);
}

static int section_read_only(void)
{
	ck_t h;

	must(second(&h, RD), 0);
	return create(h, "one", "x", 1);
}

static int section_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return create(h, "one", "x", 1);
}

static int section_past(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return create_until(h, "one", "x", 1, now_plus(-SECOND));
}

static int section_too_many(void)
{
	static const char *const ids[] = {"a", "b", "c", "d"};
	ck_t h;
	int i;

	must(fresh(&h), 0);
	for (i = 0; i < SECTIONS; i++)
		must(create(h, ids[i], "x", 1), OK);
	return create(h, "e", "x", 1);
}

/* With its default section only. */
static int single(ck_t *h)
{
	attrs_t a = usual();

	must(start(), 0);
	a.maxSections = 1;
	a.checkpointSize = SECTION;
	must(open_n(0, &a, RD | WR | CREATE, h), OK);
	return 0;
}

static int section_single(void)
{
	ck_t h;

	must(single(&h), 0);
	return create(h, "one", "x", 1);
}

static int section_expires(void)
{
	char b[4];
	SaCkptIOVectorElementT v = vector("one", b, 1, 0);
	ck_t h;

	must(fresh(&h), 0);
	must(create_until(h, "one", "x", 1, now_plus(SECOND)), OK);
	check(is(h, "one", "x", 1));
	sleep(4);
	return (int)saCkptCheckpointRead(H(h), &v, 1, NULL);
}

static int remove_id(ck_t h, const char *id)
{
	SaCkptSectionIdT s = id_of(id);

	return (int)saCkptSectionDelete(H(h), &s);
}

static int delete_ok(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return remove_id(h, "one");
}

static int delete_unknown(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return remove_id(h, "one");
}

static int delete_twice(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(remove_id(h, "one"), OK);
	return remove_id(h, "one");
}

static int delete_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptSectionDelete(H(h), NULL);
}

static int delete_read_only(void)
{
	ck_t h;

	must(second(&h, RD), 0);
	return remove_id(h, "one");
}

static int delete_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return remove_id(h, "one");
}

static int delete_default(void)
{
	ck_t h;

	must(single(&h), 0);
	return remove_id(h, NULL);
}

static int expire_id(ck_t h, const char *id, SaTimeT t)
{
	SaCkptSectionIdT s = id_of(id);

	return (int)saCkptSectionExpirationTimeSet(H(h), &s, t);
}

static int expire_ok(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return expire_id(h, "one", now_plus(60 * SECOND));
}

static int expire_unknown(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(expire_id(h, "two", now_plus(SECOND)), E(NOT_EXIST));
	must(remove_id(h, "one"), OK);
	return expire_id(h, "one", now_plus(SECOND));
}

static int expire_default(void)
{
	ck_t h;

	must(single(&h), 0);
	return expire_id(h, NULL, now_plus(SECOND));
}

static int expire_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptSectionExpirationTimeSet(H(h), NULL, now_plus(SECOND));
}

static int expire_read_only(void)
{
	ck_t h;

	must(second(&h, RD), 0);
	return expire_id(h, "one", now_plus(SECOND));
}

static int expire_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return expire_id(h, "one", now_plus(SECOND));
}

/* --- iterations --- */

/* How many sections a selection has, each once. */
static int selected(ck_t h, SaCkptSectionsChosenT chosen, SaTimeT t)
{
	SaCkptSectionDescriptorT d;
	iterator_t_ it;
	int seen[256] = {0}, n = 0, e;

	must(ITERATE(H(h), chosen, t, &it), OK);
	while ((e = (int)NEXT(H(it), &d)) == OK) {
		check(d.sectionId.idLen == 1 && seen[d.sectionId.id[0]]++ == 0);
		check(d.sectionSize == 1 && d.sectionState == SA_CKPT_SECTION_VALID);
		n++;
	}
	must(e, NO_MORE);
	must(ENDED(H(it)), OK);
	return n;
}

static SaTimeT base;

static int with_three(ck_t *h)
{
	must(fresh(h), 0);
	base = now_plus(0);
	must(create(*h, "f", "x", 1), OK);
	must(create_until(*h, "n", "x", 1, base + 100 * SECOND), OK);
	must(create_until(*h, "l", "x", 1, base + 200 * SECOND), OK);
	return 0;
}

static int iterate_all(void)
{
	ck_t h;

	must(with_three(&h), 0);
	check(selected(h, SA_CKPT_SECTIONS_ANY, 0) == 3);
	check(selected(h, SA_CKPT_SECTIONS_CORRUPTED, 0) == 0);
	return OK;
}

static int iterate_forever(void)
{
	ck_t h;

	must(with_three(&h), 0);
	check(selected(h, SA_CKPT_SECTIONS_FOREVER, 0) == 1);
	return OK;
}

static int iterate_time(void)
{
	ck_t h;

	must(with_three(&h), 0);
	check(selected(h, SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME, base + 100 * SECOND) == 1);
	check(selected(h, SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME, base + 250 * SECOND) == 2);
	check(selected(h, SA_CKPT_SECTIONS_GEQ_EXPIRATION_TIME, base + 200 * SECOND) == 2);
	check(selected(h, SA_CKPT_SECTIONS_GEQ_EXPIRATION_TIME, base) == 3);
	return OK;
}

static int iterate_undefined(void)
{
	iterator_t_ it;
	ck_t h;

	must(fresh(&h), 0);
	must(ITERATE(H(h), (SaCkptSectionsChosenT)0, 0, &it), E(INVALID_PARAM));
	return (int)ITERATE(H(h), (SaCkptSectionsChosenT)6, 0, &it);
}

static int iterate_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)ITERATE(H(h), SA_CKPT_SECTIONS_ANY, 0, NULL);
}

static int iterate_bad(void)
{
	iterator_t_ it;
	ck_t h;

	must(closed(&h), 0);
	return (int)ITERATE(H(h), SA_CKPT_SECTIONS_ANY, 0, &it);
}

static int iterating(ck_t *h, iterator_t_ *it)
{
	must(with_section(h), 0);
	must(ITERATE(H(*h), SA_CKPT_SECTIONS_ANY, 0, it), OK);
	return 0;
}

static int next_end(void)
{
	SaCkptSectionDescriptorT d;
	iterator_t_ it;
	ck_t h;

	must(iterating(&h, &it), 0);
	must(NEXT(H(it), &d), OK);
	check(d.sectionSize == 5 && d.expirationTime == (SaTimeT)FOREVER && d.lastUpdate > now_plus(-100 * SECOND));
	return (int)NEXT(H(it), &d);
}

static int next_null(void)
{
	iterator_t_ it;
	ck_t h;

	must(iterating(&h, &it), 0);
	return (int)NEXT(H(it), NULL);
}

static int next_bad(void)
{
	SaCkptSectionDescriptorT d;
	iterator_t_ it = (iterator_t_)0x12345678;
	ck_t h;

	must(NEXT(H(it), &d), E(BAD_HANDLE));
	must(iterating(&h, &it), 0);
	must(ENDED(H(it)), OK);
	return (int)NEXT(H(it), &d);
}

static int next_closed(void)
{
	SaCkptSectionDescriptorT d;
	iterator_t_ it;
	ck_t h;

	must(iterating(&h, &it), 0);
	must(saCkptCheckpointClose(H(h)), OK);
	return (int)NEXT(H(it), &d);
}

static int end_ok(void)
{
	iterator_t_ it;
	ck_t h;

	must(iterating(&h, &it), 0);
	return (int)ENDED(H(it));
}

static int end_bad(void)
{
	iterator_t_ it = (iterator_t_)0x12345678;
	ck_t h;

	must(ENDED(H(it)), E(BAD_HANDLE));
	must(iterating(&h, &it), 0);
	must(ENDED(H(it)), OK);
	return (int)ENDED(H(it));
}

static int end_closed(void)
{
	iterator_t_ it;
	ck_t h;

	must(iterating(&h, &it), 0);
	must(saCkptCheckpointClose(H(h)), OK);
	unlink_n(name_of(0));
	return (int)ENDED(H(it));
}

/* --- write --- */

static int write_several(void)
{
	SaCkptIOVectorElementT v[3];
	SaUint32T bad = 99;
	ck_t h;

	must(with_section(&h), 0);
	must(create(h, "two", "", 0), OK);
	v[0] = vector("one", "J", 1, 0);
	v[1] = vector("two", "there", 5, 0);
	v[2] = vector("one", "!", 1, 5);
	must(saCkptCheckpointWrite(H(h), v, 3, &bad), OK);
	check(bad == 99 && is(h, "one", "Jello!", 6) && is(h, "two", "there", 5));
	return OK;
}

static int write_unknown(void)
{
	SaCkptIOVectorElementT v[2];
	SaUint32T bad = 99;
	ck_t h;
	int e;

	must(with_section(&h), 0);
	v[0] = vector("one", "J", 1, 0);
	v[1] = vector("gone", "x", 1, 0);
	e = (int)saCkptCheckpointWrite(H(h), v, 2, &bad);
	check(bad == 1 && is(h, "one", "hello", 5)); /* all or none */
	return e;
}

static int write_index_null(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(write1(h, "gone", "J", 1, 0), E(NOT_EXIST));
	return write1(h, "one", "J", 1, 0);
}

static int write_null(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return (int)saCkptCheckpointWrite(H(h), NULL, 1, NULL);
}

static int write_size(unsigned size, unsigned offset, void *data)
{
	ck_t h;

	must(with_section(&h), 0);
	return write1(h, "one", data, size, offset);
}
static int write_large(void) { return write_size(SECTION + 1, 0, much); }
static int write_beyond(void) { return write_size(SECTION, 1, much); }
static int write_data_null(void) { return write_size(5, 0, NULL); }

static int write_read_only(void)
{
	ck_t h;

	must(second(&h, RD), 0);
	return write1(h, "one", "x", 1, 0);
}

static int write_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return write1(h, "one", "x", 1, 0);
}

static int write_grows(void)
{
	char b[SECTION];
	ck_t h;

	must(with_section(&h), 0);
	must(write1(h, "one", "end", 3, SECTION - 3), OK);
	check(content(h, "one", b, sizeof b) == SECTION && !memcmp(b + SECTION - 3, "end", 3) && !memcmp(b, "hello", 5));
	return OK;
}

static int write_offset(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(write1(h, "one", "p", 1, 3), OK);
	check(is(h, "one", "helpo", 5));
	return OK;
}

static int write_default(void)
{
	ck_t h;

	must(single(&h), 0);
	must(write1(h, NULL, "abc", 3, 0), OK);
	check(is(h, NULL, "abc", 3));
	return OK;
}

static int write_no_default(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return write1(h, NULL, "abc", 3, 0);
}

/* --- read --- */

static int read1(ck_t h, SaCkptIOVectorElementT *v) { return (int)saCkptCheckpointRead(H(h), v, 1, NULL); }

static int read_ok(void)
{
	char b[5] = "";
	SaCkptIOVectorElementT v = vector("one", b, 3, 1);
	ck_t h;

	must(with_section(&h), 0);
	must(read1(h, &v), OK);
	check(v.readSize == 3 && !strcmp(b, "ell"));
	return OK;
}

static int read_allocated(void)
{
	SaCkptIOVectorElementT v = vector("one", NULL, SECTION, 0);
	ck_t h;

	must(with_section(&h), 0);
	must(read1(h, &v), OK);
	check(v.readSize == 5 && v.dataBuffer != NULL && !memcmp(v.dataBuffer, "hello", 5));
#ifdef GENERATION_O
	must(saCkptIOVectorElementDataFree(h, v.dataBuffer), OK);
#else
	free(v.dataBuffer);
#endif
	return OK;
}

#ifdef GENERATION_O
/* --- what B.02.02 has more --- */

static int idfree_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptSectionIdFree(h, NULL);
}

/* Nothing is freed: the id is still ours. */
static int idfree_bad(void)
{
	SaUint8T *id = malloc(4);
	int e;

	check(id != NULL);
	must(start(), 0);
	e = (int)saCkptSectionIdFree((ck_t)0x12345678, id);
	id[0] = 1;
	free(id);
	return e;
}

static int idfree_ok(void) { return section_generated(); }

static int datafree_ok(void) { return read_allocated(); }

static int datafree_null(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return (int)saCkptIOVectorElementDataFree(h, NULL);
}

static int datafree_bad(void)
{
	char *data = malloc(4);
	int e;

	check(data != NULL);
	must(start(), 0);
	e = (int)saCkptIOVectorElementDataFree((ck_t)0x12345678, data);
	data[0] = 1;
	free(data);
	return e;
}
#endif

static int read_unknown(void)
{
	SaCkptIOVectorElementT v[2];
	SaUint32T bad = 99;
	char b[8];
	ck_t h;
	int e;

	must(with_section(&h), 0);
	v[0] = vector("one", NULL, 5, 0);
	v[1] = vector("gone", b, 5, 0);
	e = (int)saCkptCheckpointRead(H(h), v, 2, &bad);
	check(bad == 1 && v[0].dataBuffer == NULL);
	return e;
}

static int read_null(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return (int)saCkptCheckpointRead(H(h), NULL, 1, NULL);
}

static int read_beyond(void)
{
	char b[8];
	SaCkptIOVectorElementT v = vector("one", b, 1, 6);
	ck_t h;

	must(with_section(&h), 0);
	return read1(h, &v);
}

static int read_more(unsigned size)
{
	SaCkptIOVectorElementT v = vector("one", much, size, 0);
	ck_t h;

	must(with_section(&h), 0);
	must(read1(h, &v), OK);
	check(v.readSize == 5 && !memcmp(much, "hello", 5));
	return OK;
}
static int read_larger(void) { return read_more(50); }
static int read_very_large(void) { return read_more(sizeof much); }

static int read_empty(void)
{
	SaCkptIOVectorElementT v = vector("e", much, 10, 0);
	ck_t h;

	must(fresh(&h), 0);
	must(create(h, "e", NULL, 0), OK);
	v.readSize = 7;
	must(read1(h, &v), OK);
	check(v.readSize == 0);
	return OK;
}

static int read_write_only(void)
{
	SaCkptIOVectorElementT v = vector("one", much, 10, 0);
	ck_t h;

	must(second(&h, WR), 0);
	must(create(h, "one", "x", 1), OK);
	return read1(h, &v);
}

static int read_bad(void)
{
	SaCkptIOVectorElementT v = vector("one", much, 10, 0);
	ck_t h;

	must(closed(&h), 0);
	return read1(h, &v);
}

/* --- overwrite --- */

static int over(ck_t h, const char *id, void *data, unsigned size)
{
	SaCkptSectionIdT s = id_of(id);

	return (int)saCkptSectionOverwrite(H(h), &s, data, (SaSizeT)size);
}

static int over_ok(void)
{
	ck_t h;

	must(with_section(&h), 0);
	must(over(h, "one", "by", 2), OK);
	check(is(h, "one", "by", 2));
	return OK;
}

static int over_with(const char *id, void *data, unsigned size)
{
	ck_t h;

	must(with_section(&h), 0);
	return over(h, id, data, size);
}
static int over_large(void) { return over_with("one", much, SECTION + 1); }
static int over_data_null(void) { return over_with("one", NULL, 3); }
static int over_unknown(void) { return over_with("gone", "x", 1); }

static int over_null(void)
{
	ck_t h;

	must(with_section(&h), 0);
	return (int)saCkptSectionOverwrite(H(h), NULL, (void *)much, 3);
}

static int over_read_only(void)
{
	ck_t h;

	must(second(&h, RD), 0);
	return over(h, "one", "x", 1);
}

static int over_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return over(h, "one", "x", 1);
}

static int over_default(void)
{
	ck_t h;

	must(single(&h), 0);
	must(over(h, NULL, "abc", 3), OK);
	check(is(h, NULL, "abc", 3));
	return OK;
}

/* --- synchronize --- */

static int sync_with(unsigned way, unsigned flags, SaTimeT timeout, int section)
{
	ck_t h;

	must(with_flags(&h, way, flags), 0);
	if (section)
		must(create(h, "one", "x", 1), OK);
	return (int)saCkptCheckpointSynchronize(H(h), timeout);
}
static int sync_ok(void) { return sync_with(SA_CKPT_WR_ACTIVE_REPLICA, RD | WR, 5 * SECOND, 1); }
static int sync_read_only(void) { return sync_with(SA_CKPT_WR_ACTIVE_REPLICA, RD, 5 * SECOND, 0); }
static int sync_all(void) { return sync_with(SA_CKPT_WR_ALL_REPLICAS, RD | WR, 5 * SECOND, 1); }
static int sync_no_sections(void) { return sync_with(SA_CKPT_WR_ACTIVE_REPLICA, RD | WR, 5 * SECOND, 0); }
static int sync_timeout_zero(void) { return sync_with(SA_CKPT_WR_ACTIVE_REPLICA, RD | WR, 0, 1); }

static int sync_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return (int)saCkptCheckpointSynchronize(H(h), SECOND);
}

static int sync_async(SaCkptHandleT l, long inv, ck_t h)
{
#ifdef GENERATION_A
	return (int)saCkptCheckpointSynchronizeAsync(&l, (SaInvocationT)inv, &h);
#else
	(void)l;
	return (int)saCkptCheckpointSynchronizeAsync(h, (SaInvocationT)inv);
#endif
}

static int syncasync_ok(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA, RD | WR), 0);
	must(sync_async(lib, 42, h), OK);
	must(told(lib, &syncs), 0);
	check(sync_invocation == 42);
	return sync_error;
}

static int syncasync_read_only(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA, RD), 0);
	return sync_async(lib, 1, h);
}

static int syncasync_bad(void)
{
	ck_t h;

	must(closed(&h), 0);
	return sync_async(lib, 1, h);
}

static int syncasync_all(void)
{
	ck_t h;

	must(fresh(&h), 0);
	return sync_async(lib, 1, h);
}

static int syncasync_no_callback(void)
{
	attrs_t a = usual();
	ck_t h;

	must(init_version(&lib, &no_callbacks, RELEASE, 1, 1), OK);
	a.creationFlags = SA_CKPT_WR_ACTIVE_REPLICA;
	must(open_n(0, &a, RD | WR | CREATE, &h), OK);
	return sync_async(lib, 1, h);
}

#ifndef GENERATION_A
static int close_cancels(void)
{
	ck_t h, g;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA, RD | WR), 0);
	must(open_n(0, NULL, RD | WR, &g), OK);
	must(sync_async(lib, 1, h), OK);
	must(sync_async(lib, 2, g), OK);
	must(saCkptCheckpointClose(h), OK);
	must(told(lib, &syncs), 0);
	check(sync_invocation == 2);
	usleep(200000);
	must(saCkptDispatch(lib, SA_DISPATCH_ALL), OK);
	check(syncs == 1);
	return OK;
}
#else
/* The checkpoint has no name any more by which it could be opened once more. */
static int syncasync_unlinked(void)
{
	ck_t h;

	must(with_flags(&h, SA_CKPT_WR_ACTIVE_REPLICA, RD | WR), 0);
	must(unlink_n(name_of(0)), OK);
	return sync_async(lib, 1, h);
}
#endif

static const struct row rows[] = {
	{ID("init.ok"), init_ok},
	{ID("init.release-higher"), init_release_higher},
	{ID("init.release-lower"), init_release_lower},
	{ID("init.major-higher"), init_major_higher},
	{ID("init.callbacks-null"), init_callbacks_null},
	{ID("init.handle-null"), init_handle_null},
	{ID("init.version-null"), init_version_null},
	{ID("init.callbacks-and-version-null"), init_callbacks_and_version_null},
	{ID("init.handle-and-version-null"), init_handle_and_version_null},
	{ID("init.minor-other"), init_minor_other},
	{ID("init.one-callback-null"), init_one_callback_null},
	{ID("init.repeated"), init_repeated},
	{ID("object.ok"), object_ok},
	{ID("object.never"), object_never},
	{ID("object.arbitrary"), object_arbitrary},
	{ID("object.stale"), object_stale},
	{ID("object.null"), object_null},
	{ID("object.bad-and-null"), object_bad_and_null},
	{ID("dispatch.one"), dispatch_one},
	{ID("dispatch.all"), dispatch_all},
	{ID("dispatch.nothing"), dispatch_nothing},
	{ID("dispatch.flag-zero"), dispatch_flag_zero},
	{ID("dispatch.flag-large"), dispatch_flag_large},
	{ID("dispatch.arbitrary"), dispatch_arbitrary},
	{ID("dispatch.stale"), dispatch_stale},
	{ID("finalize.ok"), finalize_ok},
	{ID("finalize.arbitrary"), finalize_arbitrary},
	{ID("finalize.twice"), finalize_twice},
	{ID("finalize.children"), finalize_children},
	{ID("finalize.descriptor"), finalize_descriptor},
	{ID("open.new"), open_new},
	{ID("open.existing"), open_existing},
	{ID("open.name-null"), open_name_null},
	{ID("open.handle-null"), open_handle_null},
	{ID("open.missing"), open_missing},
	{ID("open.flag-undefined"), open_flag_undefined},
	{ID("open.only-read"), open_only_read},
	{ID("open.only-write"), open_only_write},
	{ID("open.inconsistent"), open_inconsistent},
	{ID("open.name-empty"), open_name_empty},
	{ID("open.ways-12"), open_ways_12},
	{ID("open.ways-14"), open_ways_14},
	{ID("open.ways-24"), open_ways_24},
	{ID("open.ways-undefined"), open_ways_undefined},
	{ID("open.differs"), open_differs},
	{ID("open.retention-differs"), open_retention_differs},
	{ID("open.collocated"), open_collocated},
	{ID("async.create"), async_create},
	{ID("async.existing"), async_existing},
	{ID("async.no-callback"), async_no_callback},
	{ID("async.bad"), async_bad},
	{ID("async.name-null"), async_name_null},
	{ID("async.inconsistent"), async_inconsistent},
	{ID("async.flags"), async_flags},
	{ID("async.missing"), async_missing},
	{ID("async.differs"), async_differs},
	{ID("close.ok"), close_ok},
	{ID("close.twice"), close_twice},
	{ID("close.unlinked"), close_unlinked},
	{ID("unlink.ok"), unlink_ok},
	{ID("unlink.unknown"), unlink_unknown},
	{ID("unlink.null"), unlink_null},
	{ID("unlink.twice"), unlink_twice},
	{ID("unlink.reachable"), unlink_reachable},
	{ID("unlink.open"), unlink_open},
	{ID("unlink.anew"), unlink_anew},
	{ID("unlink.expired"), unlink_expired},
	{ID("retention.ok"), retention_ok},
	{ID("retention.negative"), retention_negative},
	{ID("retention.bad"), retention_bad},
	{ID("retention.zero"), retention_zero},
	{ID("retention.unlinked"), retention_unlinked},
	{ID("retention.within"), retention_within},
	{ID("retention.after"), retention_after},
	{ID("active.ok"), active_ok},
	{ID("active.not-collocated"), active_not_collocated},
	{ID("active.all"), active_all},
	{ID("active.read-only"), active_read_only},
	{ID("active.bad"), active_bad},
	{ID("status.ok"), status_ok},
	{ID("status.null"), status_null},
	{ID("status.bad"), status_bad},
	{ID("section.ok"), section_ok},
	{ID("section.generated"), section_generated},
	{ID("section.duplicate"), section_duplicate},
	{ID("section.no-data"), section_no_data},
	{ID("section.data-null"), section_data_null},
	{ID("section.id-long"), section_id_long},
	{ID("section.large"), section_large},
	{ID("section.attributes-null"), section_attributes_null},
	{ID("section.read-only"), section_read_only},
	{ID("section.bad"), section_bad},
	{ID("section.past"), section_past},
	{ID("section.too-many"), section_too_many},
	{ID("section.single"), section_single},
	{ID("section.expires"), section_expires},
	{ID("delete.ok"), delete_ok},
	{ID("delete.unknown"), delete_unknown},
	{ID("delete.twice"), delete_twice},
	{ID("delete.null"), delete_null},
	{ID("delete.read-only"), delete_read_only},
	{ID("delete.bad"), delete_bad},
	{ID("delete.default"), delete_default},
	{ID("expire.ok"), expire_ok},
	{ID("expire.unknown"), expire_unknown},
	{ID("expire.default"), expire_default},
	{ID("expire.null"), expire_null},
	{ID("expire.read-only"), expire_read_only},
	{ID("expire.bad"), expire_bad},
	{ID("iterate.all"), iterate_all},
	{ID("iterate.forever"), iterate_forever},
	{ID("iterate.time"), iterate_time},
	{ID("iterate.undefined"), iterate_undefined},
	{ID("iterate.null"), iterate_null},
	{ID("iterate.bad"), iterate_bad},
	{ID("next.end"), next_end},
	{ID("next.null"), next_null},
	{ID("next.bad"), next_bad},
	{ID("next.closed"), next_closed},
	{ID("end.ok"), end_ok},
	{ID("end.bad"), end_bad},
	{ID("end.closed"), end_closed},
	{ID("write.several"), write_several},
	{ID("write.unknown"), write_unknown},
	{ID("write.index-null"), write_index_null},
	{ID("write.null"), write_null},
	{ID("write.large"), write_large},
	{ID("write.beyond"), write_beyond},
	{ID("write.data-null"), write_data_null},
	{ID("write.read-only"), write_read_only},
	{ID("write.bad"), write_bad},
	{ID("write.grows"), write_grows},
	{ID("write.offset"), write_offset},
	{ID("write.default"), write_default},
	{ID("write.no-default"), write_no_default},
	{ID("read.ok"), read_ok},
	{ID("read.allocated"), read_allocated},
	{ID("read.unknown"), read_unknown},
	{ID("read.null"), read_null},
	{ID("read.beyond"), read_beyond},
	{ID("read.larger"), read_larger},
	{ID("read.very-large"), read_very_large},
	{ID("read.empty"), read_empty},
	{ID("read.write-only"), read_write_only},
	{ID("read.bad"), read_bad},
	{ID("over.ok"), over_ok},
	{ID("over.large"), over_large},
	{ID("over.data-null"), over_data_null},
	{ID("over.null"), over_null},
	{ID("over.unknown"), over_unknown},
	{ID("over.read-only"), over_read_only},
	{ID("over.bad"), over_bad},
	{ID("over.default"), over_default},
	{ID("sync.ok"), sync_ok},
	{ID("sync.read-only"), sync_read_only},
	{ID("sync.bad"), sync_bad},
	{ID("sync.all"), sync_all},
	{ID("sync.no-sections"), sync_no_sections},
	{ID("sync.timeout-zero"), sync_timeout_zero},
	{ID("syncasync.ok"), syncasync_ok},
	{ID("syncasync.read-only"), syncasync_read_only},
	{ID("syncasync.bad"), syncasync_bad},
	{ID("syncasync.all"), syncasync_all},
	{ID("syncasync.no-callback"), syncasync_no_callback},
#ifdef GENERATION_A
	{ID("syncasync.unlinked"), syncasync_unlinked},
#else
	{ID("init.version-rejected"), init_version_rejected},
	{ID("init.version-accepted"), init_version_accepted},
	{ID("open.collocated-all"), open_collocated_all},
	{ID("open.create-null"), open_create_null},
	{ID("open.attributes-alone"), open_attributes_alone},
	{ID("open.flags-none"), open_flags_none},
	{ID("open.bad-library"), open_bad_library},
	{ID("async.create-null"), async_create_null},
	{ID("close.cancels"), close_cancels},
	{ID("unlink.bad"), unlink_bad},
#endif
#ifdef GENERATION_O
	{ID("init.major-two"), init_major_two},
	{ID("idfree.ok"), idfree_ok},
	{ID("idfree.null"), idfree_null},
	{ID("idfree.bad"), idfree_bad},
	{ID("datafree.ok"), datafree_ok},
	{ID("datafree.null"), datafree_null},
	{ID("datafree.bad"), datafree_bad},
#endif
};

static const struct error_name errors[] = {
	{OKNAME, OK},
	{ENAME(LIBRARY), E(LIBRARY)},
	{ENAME(VERSION), E(VERSION)},
	{ENAME(INIT), E(INIT)},
	{ENAME(TIMEOUT), E(TIMEOUT)},
	{ENAME(TRY_AGAIN), E(TRY_AGAIN)},
	{ENAME(INVALID_PARAM), E(INVALID_PARAM)},
	{ENAME(NO_MEMORY), E(NO_MEMORY)},
	{ENAME(BAD_HANDLE), E(BAD_HANDLE)},
	{ENAME(ACCESS), E(ACCESS)},
	{ENAME(NOT_EXIST), E(NOT_EXIST)},
	{ENAME(EXIST), E(EXIST)},
	{ENAME(NO_SPACE), E(NO_SPACE)},
	{ENAME(NO_RESOURCES), E(NO_RESOURCES)},
	{ENAME(BAD_OPERATION), E(BAD_OPERATION)},
	{ENAME(BAD_FLAGS), E(BAD_FLAGS)},
#ifdef GENERATION_O
	{ENAME(ACCESS_DENIED), E(ACCESS_DENIED)},
#else
	{ENAME(SECURITY), E(SECURITY)},
#endif
#ifndef GENERATION_A
	{ENAME(NO_SECTIONS), E(NO_SECTIONS)},
#endif
};

int main(int argc, char **argv)
{
	return conf_main(argc, argv, rows, (int)(sizeof rows / sizeof *rows), errors,
			 (int)(sizeof errors / sizeof *errors));
}
