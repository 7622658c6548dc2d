/* calls_ckpt.c: every function of the checkpoint service, on a ring of one node. */
#ifdef GEN_A01
#include <ais_ckpt.h>
#else
#include <saCkpt.h>
#endif

#include LIST
#include "calls.h"

#define SECOND 1000000000LL

#ifdef GEN_A01
#define H(handle) &(handle)
#define RELEASE 'A'
#define COLLOCATED_AT_OPEN SA_CKPT_CHECKPOINT_COLOCATED
#define COLLOCATED_AT_CREATION 0
#define CREATE 0
#define FOREVER 0x7fffffffffffffffLL
#define ACTIVE_SET saCkptActiveCheckpointSet
#define ITERATE saCkptSectionIteratorInitialize
#define NEXT saCkptSectionIteratorNext
#define ENDED saCkptSectionIteratorFinalize
#define NO_MORE SA_ERR_NOT_EXIST
#define STATUS SaCkptCheckpointStatusT
typedef SaCkptSectionIteratorT iterator_type;
typedef SaErrorT error_type;
#else
#define H(handle) (handle)
#define RELEASE 'B'
#define COLLOCATED_AT_OPEN 0
#define COLLOCATED_AT_CREATION SA_CKPT_CHECKPOINT_COLLOCATED
#define CREATE SA_CKPT_CHECKPOINT_CREATE
#define FOREVER SA_TIME_END
#define ACTIVE_SET saCkptActiveReplicaSet
#define ITERATE saCkptSectionIterationInitialize
#define NEXT saCkptSectionIterationNext
#define ENDED saCkptSectionIterationFinalize
#define NO_MORE SA_AIS_ERR_NO_SECTIONS
#define STATUS SaCkptCheckpointDescriptorT
typedef SaCkptSectionIterationHandleT iterator_type;
typedef SaAisErrorT error_type;
#endif

static const char *const only_refuse[] = {NULL};

static int opens, synchronized;
static SaCkptCheckpointHandleT opened;

#ifdef GEN_A01
static void on_open(SaInvocationT invocation, const SaCkptCheckpointHandleT *h, SaErrorT error)
{
	opened = *h;
#else
static void on_open(SaInvocationT invocation, SaCkptCheckpointHandleT h, SaAisErrorT error)
{
	opened = h;
#endif
	CHECK_IS(invocation, -5);
	CHECK_IS(error, SUCCESS);
	opens++;
}

static void on_synchronized(SaInvocationT invocation, error_type error)
{
	CHECK_IS(invocation, 6);
	CHECK_IS(error, SUCCESS);
	synchronized++;
}

static SaCkptSectionIdT section(const char *text)
{
	SaCkptSectionIdT id;

	memset(&id, 0, sizeof(id));
	id.id = (SaUint8T *)(uintptr_t)text;
	id.idLen = 3;
	return id;
}

static SaTimeT soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (SaTimeT)(t.tv_sec + 3600) * SECOND;
}

static void sections(SaCkptCheckpointHandleT c)
{
	SaCkptSectionIdT one = section("one"), two = section("two"), new_one;
	SaCkptSectionCreationAttributesT a;
	SaCkptIOVectorElementT v[2];
	SaCkptSectionDescriptorT d;
	iterator_type i;
	SaTimeT end = soon();
	SaUint32T wrong = 99;
	char room[2][64];
	int n;

	a.sectionId = &one;
	a.expirationTime = end;
#ifdef GEN_B01
	if (HAS(saCkptSectionCreate_u32))
		CALL(SUCCESS, saCkptSectionCreate_u32, c, &a, "hello", 5);
	else
#endif
		CALL(SUCCESS, saCkptSectionCreate, H(c), &a, "hello", 5);
	new_one = two;
	a.sectionId = &new_one;
	a.expirationTime = (SaTimeT)FOREVER;
#ifdef GEN_B01
	if (HAS(saCkptSectionCreate_u32))
		CALL(SUCCESS, saCkptSectionCreate_u32, c, &a, NULL, 0);
	else
#endif
		CALL(SUCCESS, saCkptSectionCreate, H(c), &a, NULL, 0);

	memset(v, 0, sizeof(v));
	v[0].sectionId = one;
	v[0].dataBuffer = (char *)"HE";
	v[0].dataSize = 2;
	v[1].sectionId = two;
	v[1].dataBuffer = (char *)"world";
	v[1].dataSize = 5;
	v[1].dataOffset = 3;
	CALL(SUCCESS, saCkptCheckpointWrite, H(c), v, 2, &wrong);
	CALL(SUCCESS, saCkptSectionOverwrite, H(c), &two, (void *)"0123456789", 10);
	memset(room, 0, sizeof(room));
	v[0].dataBuffer = room[0];
	v[1].dataBuffer = room[1];
	v[0].dataSize = v[1].dataSize = sizeof(room[0]);
	CALL(SUCCESS, saCkptCheckpointRead, H(c), v, 2, &wrong);
	CHECK_IS(v[0].readSize, 5);
	CHECK_IS(v[1].readSize, 7);
	CHECK(memcmp(room[0], "HEllo", 6) == 0 && memcmp(room[1], "3456789", 8) == 0);

#ifdef GEN_OSAF
	{
		SaCkptSectionIdT made = {0, NULL}; /* the wish for a generated one */

		v[0].dataBuffer = NULL;
		v[0].dataSize = 0;
		CALL(SUCCESS, saCkptCheckpointRead, c, v, 1, &wrong);
		CHECK_IS(v[0].readSize, 5);
		CHECK(v[0].dataBuffer != NULL && memcmp(v[0].dataBuffer, "HEllo", 5) == 0);
		CALL(SUCCESS, saCkptIOVectorElementDataFree, c, v[0].dataBuffer);
		a.sectionId = &made;
		CALL(SUCCESS, saCkptSectionCreate, c, &a, "generated", 9);
		CHECK(made.idLen > 0 && made.id != NULL);
		CALL(SUCCESS, saCkptSectionDelete, c, &made);
		CALL(SUCCESS, saCkptSectionIdFree, c, made.id);
	}
#endif
	CALL(SUCCESS, ITERATE, H(c), SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME, end, &i);
	memset(&d, 0xff, sizeof(d));
	CALL(SUCCESS, NEXT, H(i), &d);
	CHECK_IS(d.sectionId.idLen, 3);
	CHECK(memcmp(d.sectionId.id, "one", 3) == 0);
	CHECK_IS(d.expirationTime, end);
	CHECK_IS(d.sectionSize, 5);
	CHECK_IS(d.sectionState, SA_CKPT_SECTION_VALID);
	CHECK(d.lastUpdate > end - 3700 * SECOND && d.lastUpdate < end);
	CALL(NO_MORE, NEXT, H(i), &d);
	CALL(SUCCESS, ENDED, H(i));
	CALL(BAD_HANDLE, ENDED, H(i));

	CALL(SUCCESS, saCkptSectionExpirationTimeSet, H(c), &one, (SaTimeT)FOREVER);
	CALL(SUCCESS, ITERATE, H(c), SA_CKPT_SECTIONS_FOREVER, 0, &i);
	for (n = 0; n < 2; n++)
		CALL(SUCCESS, NEXT, H(i), &d);
	CALL(NO_MORE, NEXT, H(i), &d);
	CALL(SUCCESS, saCkptSectionDelete, H(c), &one);
}

static void scenario(void)
{
	SaVersionT v = {RELEASE, 1, 1};
	SaCkptCallbacksT k = {on_open, on_synchronized};
	SaCkptCheckpointCreationAttributesT a;
	SaCkptCheckpointHandleT c;
	SaCkptHandleT h;
	SaSelectionObjectT fd;
	STATUS status;
	SaNameT name;

#ifdef GEN_OSAF
	v.majorVersion = 2;
#endif
	opens = synchronized = 0;
	memset(&a, 0, sizeof(a));
	a.creationFlags = SA_CKPT_WR_ACTIVE_REPLICA | COLLOCATED_AT_CREATION;
	a.checkpointSize = 4000;
	a.retentionDuration = 3 * SECOND;
	a.maxSections = 4;
	a.maxSectionSize = 1000;
	a.maxSectionIdSize = 8;
	memset(&name, 0, sizeof(name));
	name.length = (SaUint16T)sprintf((char *)name.value, "calls-%d", (int)getpid());
	CALL(SUCCESS, saCkptInitialize, &h, &k, &v);
	CALL(SUCCESS, saCkptSelectionObjectGet, H(h), &fd);
	CHECK_IS(is_readable((int)fd), 0);
#ifdef GEN_A01
	CALL(SUCCESS, saCkptCheckpointOpen, &name, &a, SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | COLLOCATED_AT_OPEN, 10 * SECOND, &c);
	CALL(SUCCESS, saCkptCheckpointOpenAsync, &h, -5, &name, NULL, SA_CKPT_CHECKPOINT_READ);
#else
	CALL(SUCCESS, saCkptCheckpointOpen, h, &name, &a, SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE | CREATE, 10 * SECOND, &c);
	CALL(SUCCESS, saCkptCheckpointOpenAsync, h, (SaInvocationT)-5, &name, NULL, SA_CKPT_CHECKPOINT_READ);
#endif
	await((int)fd);
	CALL(SUCCESS, saCkptDispatch, H(h), SA_DISPATCH_ALL);
	CHECK_IS(opens, 1);
	CHECK_IS(is_readable((int)fd), 0);
	CALL(SUCCESS, ACTIVE_SET, H(c));
	sections(c);
	memset(&status, 0xff, sizeof(status));
	CALL(SUCCESS, saCkptCheckpointStatusGet, H(opened), &status);
	CHECK_IS(status.checkpointCreationAttributes.checkpointSize, 4000);
	CHECK_IS(status.checkpointCreationAttributes.retentionDuration, 3 * SECOND);
	CHECK_IS(status.checkpointCreationAttributes.maxSections, 4);
	CHECK_IS(status.checkpointCreationAttributes.maxSectionSize, 1000);
	CHECK_IS(status.checkpointCreationAttributes.maxSectionIdSize, 8);
	CHECK_IS(status.numberOfSections, 1);
	CHECK_IS(status.memoryUsed, 10);
	CALL(SUCCESS, saCkptCheckpointSynchronize, H(c), 10 * SECOND);
#ifdef GEN_A01
	CALL(SUCCESS, saCkptCheckpointSynchronizeAsync, &h, 6, &c);
#else
	CALL(SUCCESS, saCkptCheckpointSynchronizeAsync, c, 6);
#endif
	await((int)fd);
	CALL(SUCCESS, saCkptDispatch, H(h), SA_DISPATCH_ONE);
	CHECK_IS(synchronized, 1);
	CALL(SUCCESS, saCkptCheckpointRetentionDurationSet, H(c), 0);
	CALL(SUCCESS, saCkptCheckpointClose, H(opened));
	CALL(BAD_HANDLE, saCkptCheckpointClose, H(opened));
#ifdef GEN_A01
	CALL(SUCCESS, saCkptCheckpointUnlink, &name);
#else
	CALL(SUCCESS, saCkptCheckpointUnlink, h, &name);
#endif
	CALL(SUCCESS, saCkptFinalize, H(h));
	CALL(BAD_HANDLE, saCkptFinalize, H(h));
#ifndef GEN_A01 /* there a checkpoint opened without a service handle belongs to none */
	CALL(BAD_HANDLE, saCkptCheckpointClose, H(c));
#else
	CALL(SUCCESS, saCkptCheckpointClose, H(c));
#endif
}
