/*
 * ckpt_a01.c: the Checkpoint Service of A.01.01: handles of 32 bits passed by
 * address, opens and unlinks without a handle of the service, which get a
 * connection of their own, sizes that have a sign.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "capi/front/ckpt.h"
#include "capi/front/gen/adapters_a01.h"

static SaErrorT result(unsigned neutral)
{
	return (SaErrorT)aisf_error_a01(neutral);
}

static struct aisf_handle *get(const int *handle, enum aisf_type type)
{
	return handle == NULL ? NULL : aisf_get_short((uint32_t)*handle, type);
}

static struct aisf_handle *get_open(const SaCkptCheckpointHandleT *handle)
{
	return get(handle, AISF_CKPT_A01_OPEN);
}

static int run_synchronized(struct aisf_handle *h, const SaCkptCallbacksT *k, const struct aisrt_call *c)
{
	struct aisf_handle *checkpoint = aisf_ckpt_synchronized(h, c);

	if (checkpoint == NULL)
		return 0; /* closed meanwhile */
	if (((const struct aisf_ckpt *)checkpoint->own)->temporary)
		aisf_ckpt_close(checkpoint);
	else
		aisf_put(checkpoint);
	k->saCkptCheckpointSynchronizeCallback((SaInvocationT)c->invocation, result(c->result));
	return 1;
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const SaCkptCallbacksT *k = h->own;
	const struct aisrt_call *c = &e->call;
	SaCkptCheckpointHandleT handle;
	uint64_t id;
	unsigned error;

	if (c->kind == AISRT_CKPT_OPENED && k->saCkptCheckpointOpenCallback != NULL) {
		error = aisf_ckpt_opened(h, AISF_CKPT_A01_OPEN, c, &id);
		handle = (SaCkptCheckpointHandleT)(uint32_t)id;
		k->saCkptCheckpointOpenCallback((SaInvocationT)c->invocation, &handle, result(error));
		return 1;
	}
	if (c->kind != AISRT_CKPT_SYNCHRONIZED || k->saCkptCheckpointSynchronizeCallback == NULL)
		return 0;
	return run_synchronized(h, k, c);
}

/* A.01.01 exactly, in either case of the letter, as 2004 had it. */
static int version_fits(const SaVersionT *v)
{
	return v != NULL && (v->releaseCode == 'A' || v->releaseCode == 'a') && v->major == 1 && v->minor == 1;
}

SaErrorT aisf_a01_saCkptInitialize(SaCkptHandleT *ckptHandle, const SaCkptCallbacksT *callbacks, const SaVersionT *version)
{
	struct aisf_handle *h;
	unsigned error;

	if (!version_fits(version))
		return SA_ERR_VERSION;
	if (ckptHandle == NULL)
		return SA_ERR_INVALID_PARAM;
	error = aisf_initialize(AISF_CKPT_A01, AISF_SERVICE_CKPT, 'A', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*ckptHandle = (SaCkptHandleT)aisf_short_id(h);
	return result(error);
}

SaErrorT aisf_a01_saCkptSelectionObjectGet(const SaCkptHandleT *ckptHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h = get(ckptHandle, AISF_CKPT_A01);
	unsigned error;
	int fd;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (selectionObject == NULL) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = fd;
	return result(error);
}

SaErrorT aisf_a01_saCkptDispatch(const SaCkptHandleT *ckptHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h = get(ckptHandle, AISF_CKPT_A01);

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (!aisf_is_sa_dispatch(dispatchFlags)) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaErrorT aisf_a01_saCkptFinalize(const SaCkptHandleT *ckptHandle)
{
	struct aisf_handle *h = get(ckptHandle, AISF_CKPT_A01);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/*
 * The arguments of both opens. COLOCATED is a flag of opening here and an
 * attribute elsewhere; attributes mean create.
 */
static unsigned to_open(struct aisf_ckpt_open *o, struct aisrt_ckpt_attributes *a, const SaNameT *name,
	const SaCkptCheckpointCreationAttributesT *from, SaCkptCheckpointOpenFlagsT flags)
{
	const SaUint32T use = SA_CKPT_CHECKPOINT_READ | SA_CKPT_CHECKPOINT_WRITE;
	const SaUint32T ways = SA_CKPT_WR_ALL_REPLICAS | SA_CKPT_WR_ACTIVE_REPLICA | SA_CKPT_WR_ACTIVE_REPLICA_WEAK;

	if (name == NULL || name->length == 0 || name->length > SA_MAX_NAME_LENGTH)
		return AISF_INVALID_PARAM;
	if ((flags & use) == 0 || (flags & ~(use | SA_CKPT_CHECKPOINT_COLOCATED)) != 0)
		return AISF_BAD_FLAGS;
	memset(a, 0, sizeof(*a));
	o->name.bytes = name->value;
	o->name.size = name->length;
	o->flags = (uint32_t)(flags & use);
	o->attributes = NULL;
	if (from == NULL)
		return AISF_OK;
	if ((from->creationFlags & ~ways) != 0 || from->checkpointSize < 0 || from->maxSectionSize < 0 ||
		(SaUint32T)(uint32_t)from->maxSections != from->maxSections)
		return AISF_INVALID_PARAM;
	o->flags |= AISF_CKPT_CREATE;
	o->attributes = a;
	a->flags = (uint32_t)from->creationFlags;
	if (flags & SA_CKPT_CHECKPOINT_COLOCATED)
		a->flags |= AISF_CKPT_COLLOCATED;
	a->size = (uint64_t)from->checkpointSize;
	a->retention = from->retentionDuration;
	a->max_sections = (uint32_t)from->maxSections;
	a->max_section_size = (uint64_t)from->maxSectionSize;
	a->max_section_id_size = from->maxSectionIdSize;
	return AISF_OK;
}

static int run_nothing(struct aisf_handle *h, struct aisf_event *e)
{
	(void)h;
	(void)e;
	return 0;
}

/* A connection for what has no handle of the service; with a use of its own. */
static unsigned connect_alone(enum aisf_type type, int64_t timeout_ns, struct aisf_handle **conn)
{
	struct aisf_handle *h;
	int64_t deadline = aisf_deadline(timeout_ns <= 0 || timeout_ns > AISF_HANDSHAKE_NS ? AISF_HANDSHAKE_NS : timeout_ns);
	unsigned error = aisf_open(type, AISF_SERVICE_CKPT, 'A', deadline, run_nothing, NULL, NULL, &h);

	if (error == AISF_TRY_AGAIN && timeout_ns > 0 && aisf_remaining(deadline) == 0)
		return AISF_TIMEOUT;
	if (error == AISF_OK) {
		*conn = aisf_get_short(aisf_short_id(h), type);
		if (*conn == NULL)
			error = AISF_BAD_HANDLE;
	}
	return error;
}

SaErrorT aisf_a01_saCkptCheckpointOpen(const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags, SaTimeT timeout, SaCkptCheckpointHandleT *checkpointHandle)
{
	struct aisf_ckpt_open o;
	struct aisrt_ckpt_attributes a;
	struct aisf_handle *conn;
	int64_t deadline = timeout <= 0 ? AISF_NEVER : aisf_deadline(timeout);
	uint64_t id;
	unsigned error;
	int cancel;

	if (checkpointHandle == NULL)
		return SA_ERR_INVALID_PARAM;
	error = to_open(&o, &a, checkpointName, checkpointCreationAttributes, checkpointOpenFlags);
	if (error != AISF_OK)
		return result(error);
	cancel = aisf_cancel_off();
	error = connect_alone(AISF_CKPT_A01_ALONE, timeout, &conn);
	if (error == AISF_OK) {
		int64_t left = deadline == AISF_NEVER ? 0 : aisf_remaining(deadline);

		error = aisf_ckpt_open(conn, AISF_CKPT_A01_OPEN, &o, timeout > 0 && left == 0 ? 1 : left, 0, &id);
		if (error == AISF_OK) {
			*checkpointHandle = (SaCkptCheckpointHandleT)(uint32_t)id;
			aisf_put(conn);
		} else {
			aisf_finalize(conn);
		}
	}
	aisf_cancel_restore(cancel);
	return result(error);
}

SaErrorT aisf_a01_saCkptCheckpointOpenAsync(const SaCkptHandleT *ckptHandle, SaInvocationT invocation,
	const SaNameT *checkpointName, const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags)
{
	struct aisf_handle *h = get(ckptHandle, AISF_CKPT_A01);
	struct aisf_ckpt_open o;
	struct aisrt_ckpt_attributes a;
	unsigned error = AISF_INIT;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (((const SaCkptCallbacksT *)h->own)->saCkptCheckpointOpenCallback != NULL)
		error = to_open(&o, &a, checkpointName, checkpointCreationAttributes, checkpointOpenFlags);
	if (error == AISF_OK)
		error = aisf_ckpt_open_async(h, &o, (uint64_t)(int64_t)invocation);
	aisf_put(h);
	return result(error);
}

SaErrorT aisf_a01_saCkptCheckpointClose(const SaCkptCheckpointHandleT *checkpointHandle)
{
	struct aisf_handle *h = get_open(checkpointHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_ckpt_close(h));
}

SaErrorT aisf_a01_saCkptCheckpointUnlink(const SaNameT *checkpointName)
{
	struct aisf_handle *conn;
	struct aisf_ckpt_name name;
	unsigned error;
	int cancel;

	if (checkpointName == NULL || checkpointName->length == 0 || checkpointName->length > SA_MAX_NAME_LENGTH)
		return SA_ERR_INVALID_PARAM;
	name.bytes = checkpointName->value;
	name.size = checkpointName->length;
	cancel = aisf_cancel_off();
	error = connect_alone(AISF_CKPT_A01_UNLINK, 0, &conn);
	if (error == AISF_OK) {
		error = aisf_ckpt_unlink(conn, &name);
		aisf_finalize(conn);
	}
	aisf_cancel_restore(cancel);
	return result(error);
}

SaErrorT aisf_a01_saCkptCheckpointRetentionDurationSet(const SaCkptCheckpointHandleT *checkpointHandle, SaTimeT retentionDuration)
{
	struct aisf_handle *h = get_open(checkpointHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_ckpt_retention(h, retentionDuration));
}

SaErrorT aisf_a01_saCkptActiveCheckpointSet(const SaCkptCheckpointHandleT *checkpointHandle)
{
	struct aisf_handle *h = get_open(checkpointHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_ckpt_active(h));
}

static SaSizeT to_size(uint64_t n)
{
	return n > INT_MAX ? INT_MAX : (SaSizeT)n;
}

static SaUint32T to_u32(uint64_t n)
{
	return (SaUint32T)n != n ? ULONG_MAX : (SaUint32T)n;
}

SaErrorT aisf_a01_saCkptCheckpointStatusGet(const SaCkptCheckpointHandleT *checkpointHandle, SaCkptCheckpointStatusT *checkpointStatus)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisrt_ckpt_attributes a;
	SaCkptCheckpointCreationAttributesT *to;
	uint32_t sections;
	uint64_t memory;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (checkpointStatus == NULL) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_ckpt_status(h, &a, &sections, &memory);
	if (error != AISF_OK)
		return result(error);
	to = &checkpointStatus->checkpointCreationAttributes;
	memset(checkpointStatus, 0, sizeof(*checkpointStatus));
	to->creationFlags = a.flags & ~(uint32_t)AISF_CKPT_COLLOCATED;
	to->checkpointSize = to_size(a.size);
	to->retentionDuration = a.retention;
	to->maxSections = a.max_sections;
	to->maxSectionSize = to_size(a.max_section_size);
	to->maxSectionIdSize = to_u32(a.max_section_id_size);
	checkpointStatus->numberOfSections = sections;
	checkpointStatus->memoryUsed = to_u32(memory);
	return SA_OK;
}

/* AISF_OK, or what an id is that cannot be. too_long: for one that no section has. */
static unsigned to_name(struct aisf_ckpt_name *to, const SaCkptSectionIdT *from, unsigned too_long)
{
	if (from == NULL || (from->id == NULL && from->idLen > 0))
		return AISF_INVALID_PARAM;
	if (from->idLen > AISF_CKPT_ID_MAX)
		return too_long;
	to->bytes = from->id;
	to->size = (uint32_t)from->idLen;
	return AISF_OK;
}

SaErrorT aisf_a01_saCkptSectionCreate(const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes, const void *initialData, SaUint32T initialDataSize)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	SaCkptSectionIdT *id = sectionCreationAttributes == NULL ? NULL : sectionCreationAttributes->sectionId;
	struct aisf_ckpt_name name;
	void *made = NULL;
	uint32_t size = 0;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = to_name(&name, id, AISF_INVALID_PARAM);
	if (error == AISF_OK && initialData == NULL && initialDataSize > 0)
		error = AISF_INVALID_PARAM;
	if (error != AISF_OK) {
		aisf_put(h);
		return result(error);
	}
	error = aisf_ckpt_section_create(h, &name, sectionCreationAttributes->expirationTime, initialData,
		initialDataSize, &made, &size);
	if (error == AISF_OK && made != NULL) {
		id->id = made;
		id->idLen = size;
	}
	return result(error);
}

SaErrorT aisf_a01_saCkptSectionDelete(const SaCkptCheckpointHandleT *checkpointHandle, const SaCkptSectionIdT *sectionId)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisf_ckpt_name name;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = to_name(&name, sectionId, AISF_NOT_EXIST);
	if (error == AISF_OK)
		return result(aisf_ckpt_section_delete(h, &name));
	aisf_put(h);
	return result(error);
}

SaErrorT aisf_a01_saCkptSectionExpirationTimeSet(const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptSectionIdT *sectionId, SaTimeT expirationTime)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisf_ckpt_name name;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = to_name(&name, sectionId, AISF_NOT_EXIST);
	if (error == AISF_OK)
		return result(aisf_ckpt_expiration(h, &name, expirationTime));
	aisf_put(h);
	return result(error);
}

SaErrorT aisf_a01_saCkptSectionIteratorInitialize(const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptSectionsChosenT sectionsChosen, SaTimeT expirationTime, SaCkptSectionIteratorT *sectionIterator)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	uint64_t id;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (sectionIterator == NULL || sectionsChosen < SA_CKPT_SECTIONS_FOREVER || sectionsChosen > SA_CKPT_SECTIONS_ANY) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_ckpt_iterate(h, AISF_CKPT_A01_ITERATOR, sectionsChosen, expirationTime, &id);
	if (error == AISF_OK)
		*sectionIterator = (SaCkptSectionIteratorT)(uint32_t)id;
	return result(error);
}

SaErrorT aisf_a01_saCkptSectionIteratorNext(SaCkptSectionIteratorT *sectionIterator, SaCkptSectionDescriptorT *sectionDescriptor)
{
	struct aisf_handle *h = get(sectionIterator, AISF_CKPT_A01_ITERATOR);
	struct aisrt_ckpt_section s;
	const uint8_t *id;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	if (sectionDescriptor == NULL) {
		aisf_put(h);
		return SA_ERR_INVALID_PARAM;
	}
	error = aisf_ckpt_next(h, &s, &id);
	if (error != AISF_OK)
		return result(error);
	memset(sectionDescriptor, 0, sizeof(*sectionDescriptor));
	sectionDescriptor->sectionId.id = (SaUint8T *)(uintptr_t)id;
	sectionDescriptor->sectionId.idLen = s.id_size;
	sectionDescriptor->expirationTime = s.expiration;
	sectionDescriptor->sectionSize = to_size(s.size);
	sectionDescriptor->sectionState = (SaCkptSectionStateT)s.state;
	sectionDescriptor->lastUpdate = s.last_update;
	return SA_OK;
}

SaErrorT aisf_a01_saCkptSectionIteratorFinalize(SaCkptSectionIteratorT *sectionIterator)
{
	struct aisf_handle *h = get(sectionIterator, AISF_CKPT_A01_ITERATOR);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* Fills the vectors. reading: a size of 0 without a buffer means all there is. */
static unsigned to_vectors(struct aisf_ckpt_vectors *v, const SaCkptIOVectorElementT *from, int reading, int64_t *wrong)
{
	struct aisf_ckpt_name name;
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		struct aisrt_ckpt_vector *to = &v->list[i];
		unsigned error = to_name(&name, &from[i].sectionId, AISF_NOT_EXIST);

		if (error == AISF_OK && (from[i].dataSize < 0 || (!reading && from[i].dataBuffer == NULL && from[i].dataSize > 0)))
			error = AISF_INVALID_PARAM;
		if (error != AISF_OK) {
			*wrong = i;
			return error;
		}
		to->section = name.bytes;
		to->section_size = name.size;
		to->data = from[i].dataBuffer;
		to->offset = from[i].dataOffset;
		to->size = (uint64_t)from[i].dataSize;
		if (reading && to->data == NULL && to->size == 0)
			to->size = INT_MAX;
	}
	return AISF_OK;
}

static SaErrorT transferred(struct aisf_ckpt_vectors *v, unsigned error, int64_t wrong, SaUint32T *index)
{
	aisf_ckpt_vectors_free(v);
	if (error != AISF_OK && wrong >= 0 && index != NULL)
		*index = (SaUint32T)wrong;
	return result(error);
}

SaErrorT aisf_a01_saCkptCheckpointWrite(const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptIOVectorElementT *ioVector, SaUint32T numberOfElements, SaUint32T *erroneousVectorIndex)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisf_ckpt_vectors v;
	int64_t wrong = -1;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = aisf_ckpt_vectors(&v, ioVector, numberOfElements);
	if (error != AISF_OK) {
		aisf_put(h);
		return result(error);
	}
	error = to_vectors(&v, ioVector, 0, &wrong);
	if (error == AISF_OK)
		error = aisf_ckpt_write(h, &v, &wrong);
	else
		aisf_put(h);
	return transferred(&v, error, wrong, erroneousVectorIndex);
}

SaErrorT aisf_a01_saCkptSectionOverwrite(const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptSectionIdT *secitonId, SaUint8T *dataBuffer, SaSizeT dataSize)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisf_ckpt_name name;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = to_name(&name, secitonId, AISF_NOT_EXIST);
	if (error == AISF_OK && (dataSize < 0 || (dataBuffer == NULL && dataSize > 0)))
		error = AISF_INVALID_PARAM;
	if (error == AISF_OK)
		return result(aisf_ckpt_overwrite(h, &name, dataBuffer, (uint64_t)dataSize));
	aisf_put(h);
	return result(error);
}

SaErrorT aisf_a01_saCkptCheckpointRead(const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptIOVectorElementT *ioVector, SaUint32T numberOfElements, SaUint32T *erroneousVectorIndex)
{
	struct aisf_handle *h = get_open(checkpointHandle);
	struct aisf_ckpt_vectors v;
	int64_t wrong = -1;
	uint32_t i;
	unsigned error;

	if (h == NULL)
		return SA_ERR_BAD_HANDLE;
	error = aisf_ckpt_vectors(&v, ioVector, numberOfElements);
	if (error != AISF_OK) {
		aisf_put(h);
		return result(error);
	}
	error = to_vectors(&v, ioVector, 1, &wrong);
	if (error == AISF_OK)
		error = aisf_ckpt_read(h, &v, &wrong);
	else
		aisf_put(h);
	for (i = 0; error == AISF_OK && i < v.n; i++) {
		ioVector[i].readSize = to_size(v.list[i].got);
		ioVector[i].dataBuffer = v.list[i].data;
	}
	return transferred(&v, error, wrong, erroneousVectorIndex);
}

SaErrorT aisf_a01_saCkptCheckpointSynchronize(const SaCkptCheckpointHandleT *checkpointHandle, SaTimeT timeout)
{
	struct aisf_handle *h = get_open(checkpointHandle);

	return h == NULL ? SA_ERR_BAD_HANDLE : result(aisf_ckpt_synchronize(h, timeout));
}

/* The checkpoint of h once more, on conn, whose callbacks are wanted. */
static unsigned open_again(struct aisf_handle *conn, const struct aisf_handle *h, struct aisf_handle **again)
{
	const struct aisf_ckpt *k = h->own;
	struct aisf_ckpt_open o;
	uint64_t id;
	unsigned error;

	if (k->name_size == 0)
		return AISF_INVALID_PARAM; /* opened with another handle of the service */
	o.name.bytes = k->name;
	o.name.size = k->name_size;
	o.flags = k->flags;
	o.attributes = NULL;
	error = aisf_ckpt_open(conn, AISF_CKPT_A01_OPEN, &o, 0, 1, &id);
	if (error == AISF_INVALID_PARAM || error == AISF_NOT_EXIST)
		return AISF_BAD_OPERATION; /* it has no name any more */
	if (error != AISF_OK)
		return error;
	*again = aisf_get_short((uint32_t)id, AISF_CKPT_A01_OPEN);
	return *again == NULL ? AISF_BAD_HANDLE : AISF_OK;
}

static unsigned synchronize_elsewhere(struct aisf_handle *conn, struct aisf_handle *h, uint64_t invocation)
{
	struct aisf_handle *again, *mine;
	unsigned error = open_again(conn, h, &again);

	aisf_put(h);
	if (error != AISF_OK)
		return error;
	mine = aisf_get(again->id, AISF_CKPT_A01_OPEN);
	error = mine == NULL ? AISF_BAD_HANDLE : aisf_ckpt_synchronize_async(mine, invocation);
	if (error != AISF_OK)
		aisf_ckpt_close(again);
	else
		aisf_put(again);
	return error;
}

SaErrorT aisf_a01_saCkptCheckpointSynchronizeAsync(const SaCkptHandleT *ckptHandle, SaInvocationT invocation,
	const SaCkptCheckpointHandleT *checkpointHandle)
{
	struct aisf_handle *conn = get(ckptHandle, AISF_CKPT_A01);
	struct aisf_handle *h;
	uint64_t number = (uint64_t)(int64_t)invocation;
	unsigned error = AISF_BAD_HANDLE;
	int cancel;

	if (conn == NULL)
		return SA_ERR_BAD_HANDLE;
	h = get_open(checkpointHandle);
	cancel = aisf_cancel_off();
	if (h != NULL && ((const SaCkptCallbacksT *)conn->own)->saCkptCheckpointSynchronizeCallback == NULL) {
		error = AISF_INIT;
		aisf_put(h);
	} else if (h != NULL && h->parent == conn) {
		error = aisf_ckpt_synchronize_async(h, number);
	} else if (h != NULL) {
		error = synchronize_elsewhere(conn, h, number);
	}
	aisf_put(conn);
	aisf_cancel_restore(cancel);
	return result(error);
}
