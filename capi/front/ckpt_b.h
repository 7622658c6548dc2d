/*
 * ckpt_b.h: the Checkpoint Service of the B generations: argument checks and the
 * structures of saCkpt.h, written once for B.01.01 of openais and B.02.02 of
 * OpenSAF. Arguments are checked before the handle, as openais 0.80 did. Included
 * after the adapters of the generation, with
 *   ENTRY(name)          the adapter of a function
 *   KIND, KIND_OPEN, KIND_ITERATOR   of its handles, checkpoints, iterations
 *   ERROR(neutral)       its number of an error
 *   MEMORY(bytes)        bytes as its descriptor has them
 *   negotiate(v)         whether a version is supported; tells which is
 */
static SaAisErrorT result(unsigned neutral)
{
	return (SaAisErrorT)ERROR(neutral);
}

static int run(struct aisf_handle *h, struct aisf_event *e)
{
	const SaCkptCallbacksT *k = h->own;
	const struct aisrt_call *c = &e->call;
	struct aisf_handle *checkpoint;
	uint64_t id;
	unsigned error;

	if (c->kind == AISRT_CKPT_OPENED && k->saCkptCheckpointOpenCallback != NULL) {
		error = aisf_ckpt_opened(h, KIND_OPEN, c, &id);
		k->saCkptCheckpointOpenCallback(c->invocation, id, result(error));
		return 1;
	}
	if (c->kind != AISRT_CKPT_SYNCHRONIZED || k->saCkptCheckpointSynchronizeCallback == NULL)
		return 0;
	checkpoint = aisf_ckpt_synchronized(h, c);
	if (checkpoint == NULL)
		return 0; /* closed meanwhile */
	aisf_put(checkpoint);
	k->saCkptCheckpointSynchronizeCallback(c->invocation, result(c->result));
	return 1;
}

SaAisErrorT ENTRY(saCkptInitialize)(SaCkptHandleT *ckptHandle, const SaCkptCallbacksT *callbacks, SaVersionT *version)
{
	struct aisf_handle *h;
	unsigned error;

	if (ckptHandle == NULL || version == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	if (!negotiate(version))
		return SA_AIS_ERR_VERSION;
	error = aisf_initialize(KIND, AISF_SERVICE_CKPT, 'B', run, callbacks, sizeof(*callbacks), &h);
	if (error == AISF_OK)
		*ckptHandle = h->id;
	return result(error);
}

SaAisErrorT ENTRY(saCkptSelectionObjectGet)(SaCkptHandleT ckptHandle, SaSelectionObjectT *selectionObject)
{
	struct aisf_handle *h;
	unsigned error;
	int fd;

	if (selectionObject == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(ckptHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_selection_object(h, &fd);
	if (error == AISF_OK)
		*selectionObject = (SaSelectionObjectT)fd;
	return result(error);
}

SaAisErrorT ENTRY(saCkptDispatch)(SaCkptHandleT ckptHandle, SaDispatchFlagsT dispatchFlags)
{
	struct aisf_handle *h;

	if (!aisf_is_sa_dispatch(dispatchFlags))
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(ckptHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	return result(aisf_sa_dispatch(h, dispatchFlags));
}

SaAisErrorT ENTRY(saCkptFinalize)(SaCkptHandleT ckptHandle)
{
	struct aisf_handle *h = aisf_get(ckptHandle, KIND);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* The arguments of both opens. */
static void to_open(struct aisf_ckpt_open *o, struct aisrt_ckpt_attributes *a, const SaNameT *name,
	const SaCkptCheckpointCreationAttributesT *from, SaCkptCheckpointOpenFlagsT flags)
{
	memset(a, 0, sizeof(*a));
	o->name.bytes = name->value;
	o->name.size = name->length;
	o->flags = flags;
	o->attributes = from == NULL ? NULL : a;
	if (from == NULL)
		return;
	a->flags = from->creationFlags;
	a->size = from->checkpointSize;
	a->retention = from->retentionDuration;
	a->max_sections = from->maxSections;
	a->max_section_size = from->maxSectionSize;
	a->max_section_id_size = from->maxSectionIdSize;
}

SaAisErrorT ENTRY(saCkptCheckpointOpen)(SaCkptHandleT ckptHandle, const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags, SaTimeT timeout, SaCkptCheckpointHandleT *checkpointHandle)
{
	struct aisf_handle *h;
	struct aisf_ckpt_open o;
	struct aisrt_ckpt_attributes a;
	uint64_t id;
	unsigned error;

	if (checkpointName == NULL || checkpointHandle == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(ckptHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	to_open(&o, &a, checkpointName, checkpointCreationAttributes, checkpointOpenFlags);
	error = aisf_ckpt_open(h, KIND_OPEN, &o, timeout, 0, &id);
	if (error == AISF_OK)
		*checkpointHandle = id;
	aisf_put(h);
	return result(error);
}

SaAisErrorT ENTRY(saCkptCheckpointOpenAsync)(SaCkptHandleT ckptHandle, SaInvocationT invocation,
	const SaNameT *checkpointName, const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags)
{
	struct aisf_handle *h;
	struct aisf_ckpt_open o;
	struct aisrt_ckpt_attributes a;
	unsigned error = AISF_INIT;

	if (checkpointName == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(ckptHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaCkptCallbacksT *)h->own)->saCkptCheckpointOpenCallback != NULL) {
		to_open(&o, &a, checkpointName, checkpointCreationAttributes, checkpointOpenFlags);
		error = aisf_ckpt_open_async(h, &o, invocation);
	}
	aisf_put(h);
	return result(error);
}

static struct aisf_handle *get(SaCkptCheckpointHandleT handle)
{
	return aisf_get(handle, KIND_OPEN);
}

SaAisErrorT ENTRY(saCkptCheckpointClose)(SaCkptCheckpointHandleT checkpointHandle)
{
	struct aisf_handle *h = get(checkpointHandle);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_close(h));
}

SaAisErrorT ENTRY(saCkptCheckpointUnlink)(SaCkptHandleT ckptHandle, const SaNameT *checkpointName)
{
	struct aisf_handle *h;
	struct aisf_ckpt_name name;
	unsigned error;

	if (checkpointName == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(ckptHandle, KIND);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	name.bytes = checkpointName->value;
	name.size = checkpointName->length;
	error = aisf_ckpt_unlink(h, &name);
	aisf_put(h);
	return result(error);
}

SaAisErrorT ENTRY(saCkptCheckpointRetentionDurationSet)(SaCkptCheckpointHandleT checkpointHandle, SaTimeT retentionDuration)
{
	struct aisf_handle *h = get(checkpointHandle);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_retention(h, retentionDuration));
}

SaAisErrorT ENTRY(saCkptActiveReplicaSet)(const SaCkptCheckpointHandleT checkpointHandle)
{
	struct aisf_handle *h = get(checkpointHandle);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_active(h));
}

SaAisErrorT ENTRY(saCkptCheckpointStatusGet)(SaCkptCheckpointHandleT checkpointHandle, SaCkptCheckpointDescriptorT *checkpointStatus)
{
	struct aisf_handle *h;
	struct aisrt_ckpt_attributes a;
	SaCkptCheckpointCreationAttributesT *to;
	uint32_t sections;
	uint64_t memory;
	unsigned error;

	if (checkpointStatus == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_ckpt_status(h, &a, &sections, &memory);
	if (error != AISF_OK)
		return result(error);
	to = &checkpointStatus->checkpointCreationAttributes;
	memset(checkpointStatus, 0, sizeof(*checkpointStatus));
	to->creationFlags = a.flags;
	to->checkpointSize = a.size;
	to->retentionDuration = a.retention;
	to->maxSections = a.max_sections;
	to->maxSectionSize = a.max_section_size;
	to->maxSectionIdSize = a.max_section_id_size;
	checkpointStatus->numberOfSections = sections;
	checkpointStatus->memoryUsed = MEMORY(memory);
	return SA_AIS_OK;
}

/* False when the bytes are missing. */
static int to_name(struct aisf_ckpt_name *to, const SaCkptSectionIdT *from)
{
	to->bytes = from->id;
	to->size = from->idLen;
	return from->id != NULL || from->idLen == 0;
}

SaAisErrorT ENTRY(saCkptSectionCreate)(SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes, const void *initialData, SaSizeT initialDataSize)
{
	SaCkptSectionIdT *id = sectionCreationAttributes == NULL ? NULL : sectionCreationAttributes->sectionId;
	struct aisf_ckpt_name name;
	struct aisf_handle *h;
	void *made = NULL;
	uint32_t size = 0;
	unsigned error;

	if (id == NULL || !to_name(&name, id) || (initialData == NULL && initialDataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_ckpt_section_create(h, &name, sectionCreationAttributes->expirationTime, initialData,
		initialDataSize, &made, &size);
	if (error == AISF_OK && made != NULL) {
		id->id = made;
		id->idLen = (SaUint16T)size;
	}
	return result(error);
}

SaAisErrorT ENTRY(saCkptSectionDelete)(SaCkptCheckpointHandleT checkpointHandle, const SaCkptSectionIdT *sectionId)
{
	struct aisf_ckpt_name name;
	struct aisf_handle *h;

	if (sectionId == NULL || !to_name(&name, sectionId))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_section_delete(h, &name));
}

SaAisErrorT ENTRY(saCkptSectionExpirationTimeSet)(SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId, SaTimeT expirationTime)
{
	struct aisf_ckpt_name name;
	struct aisf_handle *h;

	if (sectionId == NULL || !to_name(&name, sectionId))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_expiration(h, &name, expirationTime));
}

SaAisErrorT ENTRY(saCkptSectionIterationInitialize)(const SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionsChosenT sectionsChosen, SaTimeT expirationTime, SaCkptSectionIterationHandleT *sectionIterationHandle)
{
	struct aisf_handle *h;
	uint64_t id;
	unsigned error;

	if (sectionIterationHandle == NULL || sectionsChosen < SA_CKPT_SECTIONS_FOREVER || sectionsChosen > SA_CKPT_SECTIONS_ANY)
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_ckpt_iterate(h, KIND_ITERATOR, sectionsChosen, expirationTime, &id);
	if (error == AISF_OK)
		*sectionIterationHandle = id;
	return result(error);
}

SaAisErrorT ENTRY(saCkptSectionIterationNext)(SaCkptSectionIterationHandleT sectionIterationHandle,
	SaCkptSectionDescriptorT *sectionDescriptor)
{
	struct aisf_handle *h;
	struct aisrt_ckpt_section s;
	const uint8_t *id;
	unsigned error;

	if (sectionDescriptor == NULL)
		return SA_AIS_ERR_INVALID_PARAM;
	h = aisf_get(sectionIterationHandle, KIND_ITERATOR);
	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	error = aisf_ckpt_next(h, &s, &id);
	if (error != AISF_OK)
		return result(error);
	memset(sectionDescriptor, 0, sizeof(*sectionDescriptor));
	sectionDescriptor->sectionId.idLen = (SaUint16T)s.id_size;
	sectionDescriptor->sectionId.id = (SaUint8T *)(uintptr_t)id;
	sectionDescriptor->expirationTime = s.expiration;
	sectionDescriptor->sectionSize = s.size;
	sectionDescriptor->sectionState = (SaCkptSectionStateT)s.state;
	sectionDescriptor->lastUpdate = s.last_update;
	return SA_AIS_OK;
}

SaAisErrorT ENTRY(saCkptSectionIterationFinalize)(SaCkptSectionIterationHandleT sectionIterationHandle)
{
	struct aisf_handle *h = aisf_get(sectionIterationHandle, KIND_ITERATOR);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_finalize(h));
}

/* Fills the vectors. reading: a size of 0 without a buffer means all there is. */
static unsigned to_vectors(struct aisf_ckpt_vectors *v, const SaCkptIOVectorElementT *from, int reading, int64_t *wrong)
{
	struct aisf_ckpt_name name;
	uint32_t i;

	for (i = 0; i < v->n; i++) {
		struct aisrt_ckpt_vector *to = &v->list[i];

		if (!to_name(&name, &from[i].sectionId) || (!reading && from[i].dataBuffer == NULL && from[i].dataSize > 0)) {
			*wrong = i;
			return AISF_INVALID_PARAM;
		}
		to->section = name.bytes;
		to->section_size = name.size;
		to->data = from[i].dataBuffer;
		to->offset = from[i].dataOffset;
		to->size = from[i].dataSize;
		if (reading && to->data == NULL && to->size == 0)
			to->size = UINT64_MAX;
	}
	return AISF_OK;
}

static SaAisErrorT transferred(struct aisf_ckpt_vectors *v, unsigned error, int64_t wrong, SaUint32T *index)
{
	aisf_ckpt_vectors_free(v);
	if (error != AISF_OK && wrong >= 0 && index != NULL)
		*index = (SaUint32T)wrong;
	return result(error);
}

SaAisErrorT ENTRY(saCkptCheckpointWrite)(SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptIOVectorElementT *ioVector, SaUint32T numberOfElements, SaUint32T *erroneousVectorIndex)
{
	struct aisf_ckpt_vectors v;
	struct aisf_handle *h;
	int64_t wrong = -1;
	unsigned error = aisf_ckpt_vectors(&v, ioVector, numberOfElements);

	if (error != AISF_OK)
		return result(error);
	error = to_vectors(&v, ioVector, 0, &wrong);
	if (error == AISF_OK) {
		h = get(checkpointHandle);
		error = h == NULL ? AISF_BAD_HANDLE : aisf_ckpt_write(h, &v, &wrong);
	}
	return transferred(&v, error, wrong, erroneousVectorIndex);
}

SaAisErrorT ENTRY(saCkptSectionOverwrite)(SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId, const void *dataBuffer, SaSizeT dataSize)
{
	struct aisf_ckpt_name name;
	struct aisf_handle *h;

	if (sectionId == NULL || !to_name(&name, sectionId) || (dataBuffer == NULL && dataSize > 0))
		return SA_AIS_ERR_INVALID_PARAM;
	h = get(checkpointHandle);
	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_overwrite(h, &name, dataBuffer, dataSize));
}

SaAisErrorT ENTRY(saCkptCheckpointRead)(SaCkptCheckpointHandleT checkpointHandle,
	SaCkptIOVectorElementT *ioVector, SaUint32T numberOfElements, SaUint32T *erroneousVectorIndex)
{
	struct aisf_ckpt_vectors v;
	struct aisf_handle *h;
	int64_t wrong = -1;
	uint32_t i;
	unsigned error = aisf_ckpt_vectors(&v, ioVector, numberOfElements);

	if (error != AISF_OK)
		return result(error);
	error = to_vectors(&v, ioVector, 1, &wrong);
	if (error == AISF_OK) {
		h = get(checkpointHandle);
		error = h == NULL ? AISF_BAD_HANDLE : aisf_ckpt_read(h, &v, &wrong);
	}
	for (i = 0; error == AISF_OK && i < v.n; i++) {
		ioVector[i].readSize = v.list[i].got;
		ioVector[i].dataBuffer = v.list[i].data;
	}
	return transferred(&v, error, wrong, erroneousVectorIndex);
}

SaAisErrorT ENTRY(saCkptCheckpointSynchronize)(SaCkptCheckpointHandleT checkpointHandle, SaTimeT timeout)
{
	struct aisf_handle *h = get(checkpointHandle);

	return h == NULL ? SA_AIS_ERR_BAD_HANDLE : result(aisf_ckpt_synchronize(h, timeout));
}

SaAisErrorT ENTRY(saCkptCheckpointSynchronizeAsync)(SaCkptCheckpointHandleT checkpointHandle, SaInvocationT invocation)
{
	struct aisf_handle *h = get(checkpointHandle);

	if (h == NULL)
		return SA_AIS_ERR_BAD_HANDLE;
	if (((const SaCkptCallbacksT *)h->parent->own)->saCkptCheckpointSynchronizeCallback == NULL) {
		aisf_put(h);
		return SA_AIS_ERR_INIT;
	}
	return result(aisf_ckpt_synchronize_async(h, invocation));
}
