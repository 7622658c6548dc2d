/*
 * saCkpt.h: the Checkpoint Service as OpenSAF 5 published it, B.02.02.
 *
 * Owns: the types and functions of the service. Link with -lais; programs that
 * were linked with OpenSAF load libSaCkpt.so.1. Works alone in C89 to C23 and in
 * C++.
 *
 * What saCkpt.h of openais says of each function, of threads, signals, fork, memory
 * and common errors holds here too; the comments here say what differs. Tracking of
 * checkpoints (B.02.03) is not there.
 */
#ifndef AIS_OSAF_SACKPT_H
#define AIS_OSAF_SACKPT_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef SaUint64T SaCkptHandleT;
typedef SaUint64T SaCkptCheckpointHandleT;
typedef SaUint64T SaCkptSectionIterationHandleT;

#define SA_CKPT_WR_ALL_REPLICAS 0x1
#define SA_CKPT_WR_ACTIVE_REPLICA 0x2
#define SA_CKPT_WR_ACTIVE_REPLICA_WEAK 0x4
#define SA_CKPT_CHECKPOINT_COLLOCATED 0x8
typedef SaUint32T SaCkptCheckpointCreationFlagsT;

typedef struct {
	SaCkptCheckpointCreationFlagsT creationFlags;
	SaSizeT checkpointSize;
	SaTimeT retentionDuration;
	SaUint32T maxSections;
	SaSizeT maxSectionSize;
	SaSizeT maxSectionIdSize;
} SaCkptCheckpointCreationAttributesT;

#define SA_CKPT_CHECKPOINT_READ 0x1
#define SA_CKPT_CHECKPOINT_WRITE 0x2
#define SA_CKPT_CHECKPOINT_CREATE 0x4
typedef SaUint32T SaCkptCheckpointOpenFlagsT;

#define SA_CKPT_DEFAULT_SECTION_ID {0, NULL}
#define SA_CKPT_GENERATED_SECTION_ID {0, NULL}

typedef struct {
	SaUint16T idLen;
	SaUint8T *id;
} SaCkptSectionIdT;

typedef struct {
	SaCkptSectionIdT *sectionId;
	SaTimeT expirationTime;
} SaCkptSectionCreationAttributesT;

typedef enum {
	SA_CKPT_SECTION_VALID = 1,
	SA_CKPT_SECTION_CORRUPTED = 2
} SaCkptSectionStateT;

typedef struct {
	SaCkptSectionIdT sectionId;
	SaTimeT expirationTime;
	SaSizeT sectionSize;
	SaCkptSectionStateT sectionState;
	SaTimeT lastUpdate;
} SaCkptSectionDescriptorT;

typedef enum {
	SA_CKPT_SECTIONS_FOREVER = 1,
	SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME = 2,
	SA_CKPT_SECTIONS_GEQ_EXPIRATION_TIME = 3,
	SA_CKPT_SECTIONS_CORRUPTED = 4,
	SA_CKPT_SECTIONS_ANY = 5
} SaCkptSectionsChosenT;

typedef struct {
	SaCkptSectionIdT sectionId;
	void *dataBuffer;
	SaSizeT dataSize;
	SaOffsetT dataOffset;
	SaSizeT readSize;
} SaCkptIOVectorElementT;

/* memoryUsed: bytes of data in all sections, in 64 bits; openais had 32. */
typedef struct {
	SaCkptCheckpointCreationAttributesT checkpointCreationAttributes;
	SaUint32T numberOfSections;
	SaSizeT memoryUsed;
} SaCkptCheckpointDescriptorT;

/* Of OpenSAF's alarms, which this service does not raise. */
typedef enum {
	SA_CKPT_SECTION_RESOURCES_EXHAUSTED = 1,
	SA_CKPT_SECTION_RESOURCES_AVAILABLE = 2
} SaCkptCheckpointStatusT;

typedef enum {
	SA_CKPT_CHECKPOINT_STATUS = 1
} SaCkptStateT;

typedef void (*SaCkptCheckpointOpenCallbackT)(
	SaInvocationT invocation,
	SaCkptCheckpointHandleT checkpointHandle,
	SaAisErrorT error);

typedef void (*SaCkptCheckpointSynchronizeCallbackT)(
	SaInvocationT invocation,
	SaAisErrorT error);

typedef struct {
	SaCkptCheckpointOpenCallbackT saCkptCheckpointOpenCallback;
	SaCkptCheckpointSynchronizeCallbackT saCkptCheckpointSynchronizeCallback;
} SaCkptCallbacksT;

/*
 * saCkptInitialize takes release B with major version 1 or 2, and tells 2.2.
 */
extern SaAisErrorT saCkptInitialize(
	SaCkptHandleT *ckptHandle,
	const SaCkptCallbacksT *callbacks,
	SaVersionT *version) AIS_OSAF_BIND(saCkptInitialize);

extern SaAisErrorT saCkptSelectionObjectGet(
	SaCkptHandleT ckptHandle,
	SaSelectionObjectT *selectionObject) AIS_OSAF_BIND(saCkptSelectionObjectGet);

extern SaAisErrorT saCkptDispatch(
	SaCkptHandleT ckptHandle,
	SaDispatchFlagsT dispatchFlags) AIS_OSAF_BIND(saCkptDispatch);

extern SaAisErrorT saCkptFinalize(
	SaCkptHandleT ckptHandle) AIS_OSAF_BIND(saCkptFinalize);

extern SaAisErrorT saCkptCheckpointOpen(
	SaCkptHandleT ckptHandle,
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags,
	SaTimeT timeout,
	SaCkptCheckpointHandleT *checkpointHandle) AIS_OSAF_BIND(saCkptCheckpointOpen);

extern SaAisErrorT saCkptCheckpointOpenAsync(
	SaCkptHandleT ckptHandle,
	SaInvocationT invocation,
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags) AIS_OSAF_BIND(saCkptCheckpointOpenAsync);

extern SaAisErrorT saCkptCheckpointClose(
	SaCkptCheckpointHandleT checkpointHandle) AIS_OSAF_BIND(saCkptCheckpointClose);

extern SaAisErrorT saCkptCheckpointUnlink(
	SaCkptHandleT ckptHandle,
	const SaNameT *checkpointName) AIS_OSAF_BIND(saCkptCheckpointUnlink);

extern SaAisErrorT saCkptCheckpointRetentionDurationSet(
	SaCkptCheckpointHandleT checkpointHandle,
	SaTimeT retentionDuration) AIS_OSAF_BIND(saCkptCheckpointRetentionDurationSet);

extern SaAisErrorT saCkptActiveReplicaSet(
	SaCkptCheckpointHandleT checkpointHandle) AIS_OSAF_BIND(saCkptActiveReplicaSet);

extern SaAisErrorT saCkptCheckpointStatusGet(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptCheckpointDescriptorT *checkpointStatus) AIS_OSAF_BIND(saCkptCheckpointStatusGet);

extern SaAisErrorT saCkptSectionCreate(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes,
	const void *initialData,
	SaSizeT initialDataSize) AIS_OSAF_BIND(saCkptSectionCreate);

extern SaAisErrorT saCkptSectionDelete(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId) AIS_OSAF_BIND(saCkptSectionDelete);

/*
 * saCkptSectionIdFree frees an identifier that saCkptSectionCreate generated.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM id is NULL; SA_AIS_ERR_BAD_HANDLE: nothing is
 * freed.
 */
extern SaAisErrorT saCkptSectionIdFree(
	SaCkptCheckpointHandleT checkpointHandle,
	SaUint8T *id) AIS_OSAF_BIND(saCkptSectionIdFree);

extern SaAisErrorT saCkptSectionExpirationTimeSet(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId,
	SaTimeT expirationTime) AIS_OSAF_BIND(saCkptSectionExpirationTimeSet);

extern SaAisErrorT saCkptSectionIterationInitialize(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionsChosenT sectionsChosen,
	SaTimeT expirationTime,
	SaCkptSectionIterationHandleT *sectionIterationHandle) AIS_OSAF_BIND(saCkptSectionIterationInitialize);

extern SaAisErrorT saCkptSectionIterationNext(
	SaCkptSectionIterationHandleT sectionIterationHandle,
	SaCkptSectionDescriptorT *sectionDescriptor) AIS_OSAF_BIND(saCkptSectionIterationNext);

extern SaAisErrorT saCkptSectionIterationFinalize(
	SaCkptSectionIterationHandleT sectionIterationHandle) AIS_OSAF_BIND(saCkptSectionIterationFinalize);

extern SaAisErrorT saCkptCheckpointWrite(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex) AIS_OSAF_BIND(saCkptCheckpointWrite);

extern SaAisErrorT saCkptSectionOverwrite(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId,
	const void *dataBuffer,
	SaSizeT dataSize) AIS_OSAF_BIND(saCkptSectionOverwrite);

extern SaAisErrorT saCkptCheckpointRead(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex) AIS_OSAF_BIND(saCkptCheckpointRead);

/*
 * saCkptIOVectorElementDataFree frees a buffer that saCkptCheckpointRead allocated
 * because the vector had none.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM data is NULL; SA_AIS_ERR_BAD_HANDLE: nothing is
 * freed.
 */
extern SaAisErrorT saCkptIOVectorElementDataFree(
	SaCkptCheckpointHandleT checkpointHandle,
	void *data) AIS_OSAF_BIND(saCkptIOVectorElementDataFree);

extern SaAisErrorT saCkptCheckpointSynchronize(
	SaCkptCheckpointHandleT checkpointHandle,
	SaTimeT timeout) AIS_OSAF_BIND(saCkptCheckpointSynchronize);

extern SaAisErrorT saCkptCheckpointSynchronizeAsync(
	SaCkptCheckpointHandleT checkpointHandle,
	SaInvocationT invocation) AIS_OSAF_BIND(saCkptCheckpointSynchronizeAsync);

#ifdef __cplusplus
}
#endif

#endif /* AIS_OSAF_SACKPT_H */
