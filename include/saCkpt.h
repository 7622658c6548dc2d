/*
 * saCkpt.h: the Checkpoint Service, generation B.01.01, as openais 0.80 published
 * it: named checkpoints of sections of bytes, held in the memory of the cluster's
 * nodes, so that another process can go on where one has ended.
 *
 * Owns: the types and the twenty-two functions of the service. Link with -lais or
 * -lSaCkpt. Works alone in C89 to C23 and in C++.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 *   The requests of one saCkptInitialize, those of its checkpoints included, are
 *   done one after the other; threads that shall not wait for each other each
 *   initialize for themselves.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting; no call returns early because of one.
 * - fork: in the child every inherited handle is SA_AIS_ERR_BAD_HANDLE; the
 *   child may call saCkptInitialize for handles of its own.
 * - Handles of checkpoints end with saCkptFinalize of the handle they were opened
 *   with, handles of iterations with saCkptCheckpointClose of their checkpoint.
 *   They also end when the checkpoint itself is lost: its last complete replica
 *   died, or another one of the same name won when partitions merged.
 * - SA_AIS_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for saCkptFinalize only.
 * - SA_AIS_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes
 *   or has no room just now; nothing was done, repeat the call a little later.
 *   Calls with a timeout wait for room first, for a second at most.
 * - Arguments are checked before handles.
 */
#ifndef AIS_B_SACKPT_H
#define AIS_B_SACKPT_H

#include "saAis.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One use of the service by a process, an open checkpoint, an iteration over its
 * sections; only the library knows what is in them. */
typedef SaUint64T SaCkptHandleT;
typedef SaUint64T SaCkptCheckpointHandleT;
typedef SaUint64T SaCkptSectionIterationHandleT;

/*
 * When a write returns; exactly one of the first three. ALL_REPLICAS: every node
 * has it. ACTIVE_REPLICA: the active replica has it, the others follow.
 * ACTIVE_REPLICA_WEAK: as ACTIVE_REPLICA; a write that fails may leave a part.
 * COLLOCATED, with one of the latter two: the active replica is on the node where
 * saCkptActiveReplicaSet was called last; before that there is none.
 */
#define SA_CKPT_WR_ALL_REPLICAS 0x1
#define SA_CKPT_WR_ACTIVE_REPLICA 0x2
#define SA_CKPT_WR_ACTIVE_REPLICA_WEAK 0x4
#define SA_CKPT_CHECKPOINT_COLLOCATED 0x8
typedef SaUint32T SaCkptCheckpointCreationFlagsT;

/*
 * What a checkpoint may hold: checkpointSize bytes of data in all sections
 * together (at most maxSections times maxSectionSize), maxSections sections (1:
 * only the default section, which always exists), maxSectionSize bytes in one,
 * maxSectionIdSize bytes in a section's identifier. retentionDuration: how many
 * nanoseconds it outlives its last close.
 */
typedef struct {
	SaCkptCheckpointCreationFlagsT creationFlags;
	SaSizeT checkpointSize;
	SaTimeT retentionDuration;
	SaUint32T maxSections;
	SaSizeT maxSectionSize;
	SaSizeT maxSectionIdSize;
} SaCkptCheckpointCreationAttributesT;

/* What an open checkpoint may be used for, and whether opening may create it. */
#define SA_CKPT_CHECKPOINT_READ 0x1
#define SA_CKPT_CHECKPOINT_WRITE 0x2
#define SA_CKPT_CHECKPOINT_CREATE 0x4
typedef SaUint32T SaCkptCheckpointOpenFlagsT;

/* Initializers of a SaCkptSectionIdT: the section of a checkpoint with one section
 * only; the wish for an identifier that the service chooses. */
#define SA_CKPT_DEFAULT_SECTION_ID {0, 0}
#define SA_CKPT_GENERATED_SECTION_ID {0, 0}

/* A section's identifier: idLen bytes at id, unique within the checkpoint. */
typedef struct {
	SaUint16T idLen;
	SaUint8T *id;
} SaCkptSectionIdT;

/* expirationTime: nanoseconds since 1970; SA_TIME_END for never. */
typedef struct {
	SaCkptSectionIdT *sectionId;
	SaTimeT expirationTime;
} SaCkptSectionCreationAttributesT;

typedef enum {
	SA_CKPT_SECTION_VALID = 1,
	SA_CKPT_SECTION_CORRUPTED = 2
} SaCkptSectionStateT;

/* lastUpdate: when the section was written last, nanoseconds since 1970. */
typedef struct {
	SaCkptSectionIdT sectionId;
	SaTimeT expirationTime;
	SaSizeT sectionSize;
	SaCkptSectionStateT sectionState;
	SaTimeT lastUpdate;
} SaCkptSectionDescriptorT;

/* Which sections an iteration returns: those that never expire, that expire at
 * the given time or before, at it or after, that are corrupted, all. */
typedef enum {
	SA_CKPT_SECTIONS_FOREVER = 1,
	SA_CKPT_SECTIONS_LEQ_EXPIRATION_TIME = 2,
	SA_CKPT_SECTIONS_GEQ_EXPIRATION_TIME = 3,
	SA_CKPT_SECTIONS_CORRUPTED = 4,
	SA_CKPT_SECTIONS_ANY = 5
} SaCkptSectionsChosenT;

typedef SaUint64T SaOffsetT;

/* A piece of a write or a read: dataSize bytes at dataBuffer, dataOffset bytes
 * into the section. readSize is set by a read. */
typedef struct {
	SaCkptSectionIdT sectionId;
	void *dataBuffer;
	SaSizeT dataSize;
	SaOffsetT dataOffset;
	SaSizeT readSize;
} SaCkptIOVectorElementT;

/* memoryUsed: bytes of data in all sections; the largest number that fits when
 * there are more. checkpointCreationAttributes.retentionDuration is what
 * saCkptCheckpointRetentionDurationSet has made of it. */
typedef struct {
	SaCkptCheckpointCreationAttributesT checkpointCreationAttributes;
	SaUint32T numberOfSections;
	SaUint32T memoryUsed;
} SaCkptCheckpointDescriptorT;

/*
 * Called by saCkptDispatch with the result of saCkptCheckpointOpenAsync.
 * error is SA_AIS_OK and checkpointHandle is open, or one of the errors of
 * saCkptCheckpointOpen and checkpointHandle means nothing.
 */
typedef void (*SaCkptCheckpointOpenCallbackT)(
	SaInvocationT invocation,
	const SaCkptCheckpointHandleT checkpointHandle,
	SaAisErrorT error);

/* Called by saCkptDispatch with the result of saCkptCheckpointSynchronizeAsync; not
 * any more once the checkpoint's handle is closed. */
typedef void (*SaCkptCheckpointSynchronizeCallbackT)(
	SaInvocationT invocation,
	SaAisErrorT error);

/* Either may be NULL; calls that need it then return SA_AIS_ERR_INIT. */
typedef struct {
	SaCkptCheckpointOpenCallbackT saCkptCheckpointOpenCallback;
	SaCkptCheckpointSynchronizeCallbackT saCkptCheckpointSynchronizeCallback;
} SaCkptCallbacksT;

/*
 * saCkptInitialize opens the service for this process.
 *
 * ckptHandle  receives the handle. Give it back with saCkptFinalize.
 * callbacks   copied; NULL means that no callback is given.
 * version     in: the version the caller was written for; out: the version
 *             that is supported (B.01.01), on success and on failure.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM ckptHandle or version is NULL;
 * SA_AIS_ERR_VERSION another release code, or a higher major version;
 * SA_AIS_ERR_TRY_AGAIN no executive is running (or it accepts nobody yet);
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES the process has no room for the
 * library's runtime or its file cannot be loaded; SA_AIS_ERR_SECURITY this user
 * may not use the executive, or what answers is not one that may be trusted;
 * SA_AIS_ERR_ACCESS the path of the socket is closed to this user;
 * SA_AIS_ERR_LIBRARY what answers does not speak this library's protocol.
 */
extern SaAisErrorT saCkptInitialize(
	SaCkptHandleT *ckptHandle,
	const SaCkptCallbacksT *callbacks,
	SaVersionT *version);

/*
 * saCkptSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's:
 * poll it, never read or close it. It ends with saCkptFinalize.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptSelectionObjectGet(
	SaCkptHandleT ckptHandle,
	SaSelectionObjectT *selectionObject);

/*
 * saCkptDispatch runs pending callbacks on the calling thread.
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending;
 *                SA_DISPATCH_ALL: all that are pending; SA_DISPATCH_BLOCKING:
 *                until the handle is finalized, then SA_AIS_OK.
 *
 * Programs that were linked with openais and load this library by its soname
 * keep openais' SA_DISPATCH_ONE, which waits for one callback.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM no such flag; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptDispatch(
	SaCkptHandleT ckptHandle,
	SaDispatchFlagsT dispatchFlags);

/*
 * saCkptFinalize closes the handle and every checkpoint that was opened with it;
 * pending callbacks are dropped. A call of another thread that is
 * waiting returns: a blocked saCkptDispatch with SA_AIS_OK, any other call with
 * SA_AIS_ERR_BAD_HANDLE. May be called from inside a callback.
 *
 * SA_AIS_OK, also when the executive is gone; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saCkptFinalize(
	SaCkptHandleT ckptHandle);

/*
 * saCkptCheckpointOpen opens a checkpoint, creates it if asked to, and waits for
 * that.
 *
 * checkpointName                1 to SA_MAX_NAME_LENGTH bytes.
 * checkpointCreationAttributes  given exactly with SA_CKPT_CHECKPOINT_CREATE. When
 *                               the checkpoint exists they must be what it was
 *                               created with, retentionDuration excepted.
 * checkpointOpenFlags           at least one of them.
 * timeout                       nanoseconds to wait at most; 0 or less leaves it
 *                               to the executive (10 seconds).
 * checkpointHandle              receives the handle. Give it back with
 *                               saCkptCheckpointClose.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM a pointer is NULL, the name is empty or
 * too long, attributes without CREATE or the other way round, creation flags that
 * are not exactly one way of writing (COLLOCATED may be added), maxSections 0,
 * checkpointSize larger than all sections together, a negative retention;
 * SA_AIS_ERR_BAD_FLAGS; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST there is none
 * and CREATE was not given; SA_AIS_ERR_EXIST it was created with other attributes;
 * SA_AIS_ERR_TIMEOUT (it does not become open later); SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES too many checkpoints, or open
 * handles; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointOpen(
	SaCkptHandleT ckptHandle,
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags,
	SaTimeT timeout,
	SaCkptCheckpointHandleT *checkpointHandle);

/*
 * saCkptCheckpointOpenAsync opens a checkpoint as saCkptCheckpointOpen does, with
 * the same arguments, without waiting; the result comes by
 * saCkptCheckpointOpenCallback. What only the executive finds wrong is told by the
 * callback: SA_AIS_ERR_NOT_EXIST, SA_AIS_ERR_EXIST, SA_AIS_ERR_NO_RESOURCES.
 *
 * invocation  any value, 0 included; the callback carries it.
 *
 * SA_AIS_OK it was accepted; SA_AIS_ERR_INIT that callback was not given;
 * SA_AIS_ERR_INVALID_PARAM as for saCkptCheckpointOpen; SA_AIS_ERR_BAD_FLAGS;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointOpenAsync(
	SaCkptHandleT ckptHandle,
	SaInvocationT invocation,
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags);

/*
 * saCkptCheckpointClose gives a handle back. Iterations of it end, its
 * callbacks do not come any more. The last close of a checkpoint in the cluster
 * starts its retention, or removes it when it was unlinked.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_TRY_AGAIN the handle stays open;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointClose(
	SaCkptCheckpointHandleT checkpointHandle);

/*
 * saCkptCheckpointUnlink takes a checkpoint's name away: it cannot be
 * opened any more, the name can be created anew, and what has it open goes on
 * with it until the last close.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM the name is NULL, empty or too long;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NOT_EXIST; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointUnlink(
	SaCkptHandleT ckptHandle,
	const SaNameT *checkpointName);

/*
 * saCkptCheckpointRetentionDurationSet sets how many nanoseconds a checkpoint
 * outlives its last close. 0 removes it with its last close.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM negative; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_BAD_OPERATION the checkpoint was unlinked; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointRetentionDurationSet(
	SaCkptCheckpointHandleT checkpointHandle,
	SaTimeT retentionDuration);

/*
 * saCkptActiveReplicaSet makes this node's replica the active one.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not open for writing;
 * SA_AIS_ERR_BAD_OPERATION the checkpoint is not collocated, or is written to all
 * replicas; SA_AIS_ERR_TRY_AGAIN also while this node's replica is not complete;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptActiveReplicaSet(
	const SaCkptCheckpointHandleT checkpointHandle);

/*
 * saCkptCheckpointStatusGet tells what a checkpoint was created with and what is
 * in it.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM checkpointStatus is NULL;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointStatusGet(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptCheckpointDescriptorT *checkpointStatus);

/*
 * saCkptSectionCreate creates a section.
 *
 * sectionCreationAttributes  sectionId with idLen 0 asks for a generated
 *                            identifier: idLen and id are then set, and id is
 *                            memory that the caller releases with free().
 * initialData                initialDataSize bytes; NULL with size 0.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM a pointer is NULL, the identifier or the
 * data is longer than the checkpoint allows, the expiration time is past;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not open for writing;
 * SA_AIS_ERR_EXIST there is such a section, or the checkpoint has its default
 * section only; SA_AIS_ERR_NO_SPACE as many sections or bytes as allowed;
 * SA_AIS_ERR_NOT_EXIST collocated and no active replica; SA_AIS_ERR_NO_MEMORY;
 * SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptSectionCreate(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes,
	const void *initialData,
	SaSizeT initialDataSize);

/*
 * saCkptSectionDelete deletes a section.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM sectionId is NULL or names the default
 * section; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not open for writing;
 * SA_AIS_ERR_NOT_EXIST; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptSectionDelete(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId);

/*
 * saCkptSectionExpirationTimeSet sets when a section is deleted by itself:
 * nanoseconds since 1970, SA_TIME_END for never. What is past deletes it at once.
 *
 * SA_AIS_OK; and the errors of saCkptSectionDelete.
 */
extern SaAisErrorT saCkptSectionExpirationTimeSet(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *sectionId,
	SaTimeT expirationTime);

/*
 * saCkptSectionIterationInitialize starts going through the sections.
 *
 * sectionsChosen          which ones; expirationTime is used with LEQ and GEQ.
 * sectionIterationHandle  receives the handle. Give it back with
 *                         saCkptSectionIterationFinalize.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM no such selection, or
 * sectionIterationHandle is NULL; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not
 * open for reading; SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_TRY_AGAIN;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptSectionIterationInitialize(
	const SaCkptCheckpointHandleT checkpointHandle,
	SaCkptSectionsChosenT sectionsChosen,
	SaTimeT expirationTime,
	SaCkptSectionIterationHandleT *sectionIterationHandle);

/*
 * saCkptSectionIterationNext gives the next section. Every section that
 * exists from the iteration's beginning to its end comes exactly once; one that
 * is created or deleted meanwhile may come or not.
 *
 * sectionDescriptor  filled; the bytes of its identifier are the library's and
 *                    valid until the iteration's handle ends.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM sectionDescriptor is NULL;
 * SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_NO_SECTIONS there are no more;
 * SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptSectionIterationNext(
	SaCkptSectionIterationHandleT sectionIterationHandle,
	SaCkptSectionDescriptorT *sectionDescriptor);

/*
 * saCkptSectionIterationFinalize ends an iteration.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE.
 */
extern SaAisErrorT saCkptSectionIterationFinalize(
	SaCkptSectionIterationHandleT sectionIterationHandle);

/*
 * saCkptCheckpointWrite writes to sections: all vectors or none. What
 * reaches beyond a section's end makes it longer.
 *
 * ioVector              numberOfElements vectors. dataBuffer is read only.
 * erroneousVectorIndex  NULL, or receives the index of the vector that an error
 *                       is about; untouched when it is about none.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM ioVector is NULL, no vector, a dataBuffer
 * NULL with a size, beyond the largest size of a section; SA_AIS_ERR_BAD_HANDLE;
 * SA_AIS_ERR_ACCESS not open for writing; SA_AIS_ERR_NOT_EXIST no such section, or
 * collocated and no active replica; SA_AIS_ERR_NO_SPACE the checkpoint's size is
 * reached; SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES more vectors than a
 * request can have; SA_AIS_ERR_TRY_AGAIN nothing was written;
 * SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointWrite(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex);

/*
 * saCkptSectionOverwrite replaces a section's content, and its size, by dataSize
 * bytes.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM sectionId is NULL, or what it is for
 * saCkptCheckpointWrite; and the errors of saCkptCheckpointWrite.
 */
extern SaAisErrorT saCkptSectionOverwrite(
	SaCkptCheckpointHandleT checkpointHandle,
	const SaCkptSectionIdT *secitonId,
	const void *dataBuffer,
	SaSizeT dataSize);

/*
 * saCkptCheckpointRead reads from sections.
 *
 * ioVector              numberOfElements vectors. readSize is set to what there
 *                       was, at most dataSize, 0 at the section's end. With
 *                       dataBuffer NULL the library allocates it, for dataSize
 *                       bytes at most or, with dataSize 0, for all that there is;
 *                       the caller releases it with free(). Nothing is read, it
 *                       stays NULL; so it does when the call fails.
 * erroneousVectorIndex  as for saCkptCheckpointWrite.
 *
 * SA_AIS_OK; SA_AIS_ERR_INVALID_PARAM ioVector is NULL, no vector, dataOffset
 * beyond the section's end; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not open for
 * reading; SA_AIS_ERR_NOT_EXIST no such section, or collocated and no active
 * replica; SA_AIS_ERR_NO_MEMORY; SA_AIS_ERR_NO_RESOURCES more vectors than a
 * request can have; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 *
 * After an error the content of the caller's buffers is open.
 */
extern SaAisErrorT saCkptCheckpointRead(
	SaCkptCheckpointHandleT checkpointHandle,
	SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex);

/*
 * saCkptCheckpointSynchronize waits until all earlier writes are on every replica.
 *
 * timeout  as in saCkptCheckpointOpen.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_ACCESS not open for writing;
 * SA_AIS_ERR_BAD_OPERATION the checkpoint is written to all replicas;
 * SA_AIS_ERR_TIMEOUT; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointSynchronize(
	SaCkptCheckpointHandleT checkpointHandle,
	SaTimeT timeout);

/*
 * saCkptCheckpointSynchronizeAsync asks for what saCkptCheckpointSynchronize waits
 * for; that it is done is told by saCkptCheckpointSynchronizeCallback, which
 * saCkptDispatch of the handle runs that the checkpoint was opened with.
 *
 * invocation  any value, 0 included; the callback carries it.
 *
 * SA_AIS_OK; SA_AIS_ERR_BAD_HANDLE; SA_AIS_ERR_INIT that callback was not given;
 * SA_AIS_ERR_ACCESS not open for writing; SA_AIS_ERR_BAD_OPERATION the checkpoint
 * is written to all replicas; SA_AIS_ERR_TRY_AGAIN; SA_AIS_ERR_LIBRARY.
 */
extern SaAisErrorT saCkptCheckpointSynchronizeAsync(
	SaCkptCheckpointHandleT checkpointHandle,
	SaInvocationT invocation);

#ifdef __cplusplus
}
#endif

#endif /* AIS_B_SACKPT_H */
