/*
 * ais_ckpt.h: the Checkpoint Service, generation A.01.01, as openais of 2004
 * published it: named checkpoints of sections of bytes, held in the memory of the
 * cluster's nodes, so that another process can go on where one has ended.
 *
 * Owns: the twenty-two functions of the service; its types are in ais_types.h.
 * Link with -lais. Works alone in C89 to C23 and in C++.
 *
 * Common to every function:
 * - Threads: any function may be called by any thread at any time, several on
 *   one handle at once, and from inside a callback. Not from a signal handler.
 * - Signals: a call that waits runs the application's handlers meanwhile and
 *   goes on waiting.
 * - fork: in the child every inherited handle is SA_ERR_BAD_HANDLE; the child
 *   may call saCkptInitialize and saCkptCheckpointOpen for handles of its own.
 * - A handle passed as NULL is SA_ERR_BAD_HANDLE.
 * - The handle of an iterator ends with that of its checkpoint. Both end when the
 *   checkpoint itself is lost: its last complete replica died, or another one of
 *   the same name won when partitions merged.
 * - SA_ERR_LIBRARY: the executive ended or the connection to it broke. The
 *   handle is good for closing only.
 * - SA_ERR_TRY_AGAIN: the executive is synchronizing with the other nodes or has
 *   no room just now; nothing was done, repeat the call a little later. Calls with
 *   a timeout wait for room first, for a second at most.
 */
#ifndef AIS_A01_AIS_CKPT_H
#define AIS_A01_AIS_CKPT_H

#include "ais_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * saCkptInitialize opens the service for this process.
 *
 * ckptHandle  receives the handle. Give it back with saCkptFinalize.
 * callbacks   copied; NULL means that no callback is given.
 * version     {'A', 1, 1} (or 'a'); never written.
 *
 * SA_OK; SA_ERR_VERSION any other version, or version is NULL;
 * SA_ERR_INVALID_PARAM ckptHandle is NULL; SA_ERR_TRY_AGAIN no executive is
 * running; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES the process has no room for the
 * library's runtime, or its file cannot be loaded; SA_ERR_SECURITY this user may
 * not use the executive, or what answers is not one that may be trusted;
 * SA_ERR_ACCESS the path of the socket is closed to this user; SA_ERR_LIBRARY
 * what answers does not speak this library's protocol.
 */
extern SaErrorT saCkptInitialize(
	SaCkptHandleT *ckptHandle,
	const SaCkptCallbacksT *callbacks,
	const SaVersionT *version) AIS_A01_BIND(saCkptInitialize);

/*
 * saCkptSelectionObjectGet gives the descriptor that is readable exactly while a
 * callback is pending, or when the executive is gone. It is the library's: poll
 * it, never read or close it. It ends with saCkptFinalize.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM selectionObject is NULL;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptSelectionObjectGet(
	const SaCkptHandleT *ckptHandle,
	SaSelectionObjectT *selectionObject) AIS_A01_BIND(saCkptSelectionObjectGet);

/*
 * saCkptDispatch runs pending callbacks on the calling thread. (No library of 2004
 * had it, so that its callbacks never came.)
 *
 * dispatchFlags  SA_DISPATCH_ONE: one callback, or none when none is pending
 *                (programs that load the library by its soname of 2004 keep the
 *                waiting of that time); SA_DISPATCH_ALL: all that are pending;
 *                SA_DISPATCH_BLOCKING: until the handle is finalized, then SA_OK.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM no such flag; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptDispatch(
	const SaCkptHandleT *ckptHandle,
	SaDispatchFlagsT dispatchFlags) AIS_A01_BIND(saCkptDispatch);

/*
 * saCkptFinalize closes the handle and what was opened with
 * saCkptCheckpointOpenAsync on it; pending callbacks are dropped. Checkpoints that
 * were opened with saCkptCheckpointOpen stay open. A blocked saCkptDispatch of
 * another thread returns SA_OK, any other waiting call SA_ERR_BAD_HANDLE.
 *
 * SA_OK, also when the executive is gone; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saCkptFinalize(
	const SaCkptHandleT *ckptHandle) AIS_A01_BIND(saCkptFinalize);

/*
 * saCkptCheckpointOpen opens a checkpoint, creates it if attributes are given and it
 * does not exist, and waits for that. It has no handle of the service: each
 * checkpoint uses a connection of its own.
 *
 * checkpointName                1 to SA_MAX_NAME_LENGTH bytes.
 * checkpointCreationAttributes  NULL: it must exist. When it exists they must be
 *                               what it was created with, retentionDuration
 *                               excepted.
 * checkpointOpenFlags           READ, WRITE or both; COLOCATED with attributes.
 * timeout                       nanoseconds to wait at most; 0 or less leaves it
 *                               to the executive (10 seconds).
 * checkpointHandle              receives the handle. Give it back with
 *                               saCkptCheckpointClose.
 *
 * SA_OK; SA_ERR_INVALID_PARAM a pointer is NULL, the name is empty or too long, the
 * creation flags are not exactly one way of writing, maxSections 0, a negative
 * size, checkpointSize larger than all sections together, a negative retention, or
 * there is no such checkpoint and no attributes are given; SA_ERR_BAD_FLAGS;
 * SA_ERR_EXIST it was created with other attributes; SA_ERR_TIMEOUT;
 * SA_ERR_TRY_AGAIN; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES too many checkpoints, or
 * no room for the library's runtime; and what saCkptInitialize returns when there
 * is no executive.
 */
extern SaErrorT saCkptCheckpointOpen(
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags,
	SaTimeT timeout,
	SaCkptCheckpointHandleT *checkpointHandle) AIS_A01_BIND(saCkptCheckpointOpen);

/*
 * saCkptCheckpointOpenAsync opens a checkpoint as saCkptCheckpointOpen does, with
 * the same arguments, without waiting; the result comes by
 * saCkptCheckpointOpenCallback. What only the executive finds wrong is told by the
 * callback: that it does not exist, SA_ERR_EXIST, SA_ERR_NO_RESOURCES. The
 * checkpoint ends with saCkptFinalize of ckptHandle.
 *
 * invocation  any value; the callback carries it.
 *
 * SA_OK it was accepted; SA_ERR_BAD_HANDLE; SA_ERR_INIT that callback was not
 * given; SA_ERR_INVALID_PARAM as for saCkptCheckpointOpen; SA_ERR_BAD_FLAGS;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointOpenAsync(
	const SaCkptHandleT *ckptHandle,
	SaInvocationT invocation,
	const SaNameT *checkpointName,
	const SaCkptCheckpointCreationAttributesT *checkpointCreationAttributes,
	SaCkptCheckpointOpenFlagsT checkpointOpenFlags) AIS_A01_BIND(saCkptCheckpointOpenAsync);

/*
 * saCkptCheckpointClose gives a handle back; iterators over it end. The last close
 * of a checkpoint in the cluster starts its retention, or removes it when it was
 * unlinked.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_TRY_AGAIN the handle stays open;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointClose(
	const SaCkptCheckpointHandleT *checkpointHandle) AIS_A01_BIND(saCkptCheckpointClose);

/*
 * saCkptCheckpointUnlink takes a checkpoint's name away: it cannot be opened any
 * more, the name can be created anew, and what has it open goes on with it until
 * the last close. It has no handle and uses a connection of its own.
 *
 * SA_OK; SA_ERR_INVALID_PARAM the name is NULL, empty or too long;
 * SA_ERR_NOT_EXIST; SA_ERR_TRY_AGAIN; and what saCkptInitialize returns when there
 * is no executive.
 */
extern SaErrorT saCkptCheckpointUnlink(
	const SaNameT *checkpointName) AIS_A01_BIND(saCkptCheckpointUnlink);

/*
 * saCkptCheckpointRetentionDurationSet sets how many nanoseconds a
 * checkpoint outlives its last close. 0 removes it with its last close.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM negative; SA_ERR_BAD_OPERATION the
 * checkpoint was unlinked; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointRetentionDurationSet(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaTimeT retentionDuration) AIS_A01_BIND(saCkptCheckpointRetentionDurationSet);

/*
 * saCkptActiveCheckpointSet makes this node's replica the active one.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_ACCESS not open for writing;
 * SA_ERR_BAD_OPERATION the checkpoint is not colocated, or is written to all
 * replicas; SA_ERR_TRY_AGAIN also while this node's replica is not complete;
 * SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptActiveCheckpointSet(
	const SaCkptCheckpointHandleT *checkpointHandle) AIS_A01_BIND(saCkptActiveCheckpointSet);

/*
 * saCkptCheckpointStatusGet tells what a checkpoint was created with and what is
 * in it. A size that SaSizeT cannot hold is its largest value.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM checkpointStatus is NULL;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointStatusGet(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptCheckpointStatusT *checkpointStatus) AIS_A01_BIND(saCkptCheckpointStatusGet);

/*
 * saCkptSectionCreate creates a section.
 *
 * sectionCreationAttributes  sectionId with idLen 0 asks for a generated
 *                            identifier: idLen and id are then set, and id is
 *                            memory that the caller releases with free().
 * initialData                initialDataSize bytes; NULL with size 0.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM a pointer is NULL, the identifier
 * or the data is longer than the checkpoint allows, the expiration time is past;
 * SA_ERR_ACCESS not open for writing; SA_ERR_EXIST there is such a section, or the
 * checkpoint has its default section only; SA_ERR_NO_SPACE as many sections or
 * bytes as allowed; SA_ERR_NOT_EXIST colocated and no active replica;
 * SA_ERR_NO_MEMORY; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptSectionCreate(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptSectionCreationAttributesT *sectionCreationAttributes,
	const void *initialData,
	SaUint32T initialDataSize) AIS_A01_BIND(saCkptSectionCreate);

/*
 * saCkptSectionDelete deletes a section.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM sectionId is NULL or names the
 * default section; SA_ERR_ACCESS not open for writing; SA_ERR_NOT_EXIST;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptSectionDelete(
	const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptSectionIdT *sectionId) AIS_A01_BIND(saCkptSectionDelete);

/*
 * saCkptSectionExpirationTimeSet sets when a section is deleted by itself:
 * nanoseconds since 1970. What is past deletes it at once.
 *
 * SA_OK; and the errors of saCkptSectionDelete.
 */
extern SaErrorT saCkptSectionExpirationTimeSet(
	const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptSectionIdT *sectionId,
	SaTimeT expirationTime) AIS_A01_BIND(saCkptSectionExpirationTimeSet);

/*
 * saCkptSectionIteratorInitialize starts going through the sections.
 *
 * sectionsChosen   which ones; expirationTime is used with LEQ and GEQ.
 * sectionIterator  receives the iterator. Give it back with
 *                  saCkptSectionIteratorFinalize.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM no such selection, or
 * sectionIterator is NULL; SA_ERR_ACCESS not open for reading; SA_ERR_NO_MEMORY;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptSectionIteratorInitialize(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptSectionsChosenT sectionsChosen,
	SaTimeT expirationTime,
	SaCkptSectionIteratorT *sectionIterator) AIS_A01_BIND(saCkptSectionIteratorInitialize);

/*
 * saCkptSectionIteratorNext gives the next section. Every section that exists from
 * the beginning to the end comes exactly once; one that is created or deleted
 * meanwhile may come or not. The bytes of the descriptor's identifier are the
 * library's and valid until the iterator ends.
 *
 * SA_OK; SA_ERR_BAD_HANDLE sectionIterator is NULL or none; SA_ERR_INVALID_PARAM
 * sectionDescriptor is NULL; SA_ERR_NOT_EXIST there are no more; SA_ERR_NO_MEMORY;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptSectionIteratorNext(
	SaCkptSectionIteratorT *sectionIterator,
	SaCkptSectionDescriptorT *sectionDescriptor) AIS_A01_BIND(saCkptSectionIteratorNext);

/*
 * saCkptSectionIteratorFinalize ends an iterator.
 *
 * SA_OK; SA_ERR_BAD_HANDLE.
 */
extern SaErrorT saCkptSectionIteratorFinalize(
	SaCkptSectionIteratorT *sectionIterator) AIS_A01_BIND(saCkptSectionIteratorFinalize);

/*
 * saCkptCheckpointWrite writes to sections: all vectors or none. What reaches beyond
 * a section's end makes it longer.
 *
 * ioVector              numberOfElements vectors. dataBuffer is read only.
 * erroneousVectorIndex  NULL, or receives the index of the vector that an error
 *                       is about; untouched when it is about none.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM ioVector is NULL, no vector, a
 * dataBuffer NULL with a size, a negative size, beyond the largest size of a
 * section; SA_ERR_ACCESS not open for writing; SA_ERR_NOT_EXIST no such section, or
 * colocated and no active replica; SA_ERR_NO_SPACE the checkpoint's size is
 * reached; SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES more vectors than a request can
 * have; SA_ERR_TRY_AGAIN nothing was written; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointWrite(
	const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex) AIS_A01_BIND(saCkptCheckpointWrite);

/*
 * saCkptSectionOverwrite replaces a section's content, and its size, by dataSize
 * bytes.
 *
 * SA_OK; SA_ERR_INVALID_PARAM sectionId is NULL, or what it is for
 * saCkptCheckpointWrite; and the errors of saCkptCheckpointWrite.
 */
extern SaErrorT saCkptSectionOverwrite(
	const SaCkptCheckpointHandleT *checkpointHandle,
	const SaCkptSectionIdT *secitonId,
	SaUint8T *dataBuffer,
	SaSizeT dataSize) AIS_A01_BIND(saCkptSectionOverwrite);

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
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INVALID_PARAM ioVector is NULL, no vector, a
 * negative size, dataOffset beyond the section's end; SA_ERR_ACCESS not open for
 * reading; SA_ERR_NOT_EXIST no such section, or colocated and no active replica;
 * SA_ERR_NO_MEMORY; SA_ERR_NO_RESOURCES more vectors than a request can have;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 *
 * After an error the content of the caller's buffers is open.
 */
extern SaErrorT saCkptCheckpointRead(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaCkptIOVectorElementT *ioVector,
	SaUint32T numberOfElements,
	SaUint32T *erroneousVectorIndex) AIS_A01_BIND(saCkptCheckpointRead);

/*
 * saCkptCheckpointSynchronize waits until all earlier writes are on every
 * replica.
 *
 * timeout  as in saCkptCheckpointOpen.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_ACCESS not open for writing;
 * SA_ERR_BAD_OPERATION the checkpoint is written to all replicas; SA_ERR_TIMEOUT;
 * SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointSynchronize(
	const SaCkptCheckpointHandleT *checkpointHandle,
	SaTimeT timeout) AIS_A01_BIND(saCkptCheckpointSynchronize);

/*
 * saCkptCheckpointSynchronizeAsync asks for what saCkptCheckpointSynchronize waits
 * for; that it is done is told by saCkptCheckpointSynchronizeCallback, which
 * saCkptDispatch of ckptHandle runs. A
 * checkpoint that was opened with saCkptCheckpointOpen is opened once more on
 * ckptHandle for that, by its name: when it was unlinked meanwhile, that is
 * SA_ERR_BAD_OPERATION.
 *
 * invocation  any value; the callback carries it.
 *
 * SA_OK; SA_ERR_BAD_HANDLE; SA_ERR_INIT that callback was not given; SA_ERR_ACCESS
 * not open for writing; SA_ERR_BAD_OPERATION the checkpoint is written to all
 * replicas, or was unlinked; SA_ERR_NO_MEMORY; SA_ERR_TRY_AGAIN; SA_ERR_LIBRARY.
 */
extern SaErrorT saCkptCheckpointSynchronizeAsync(
	const SaCkptHandleT *ckptHandle,
	SaInvocationT invocation,
	const SaCkptCheckpointHandleT *checkpointHandle) AIS_A01_BIND(saCkptCheckpointSynchronizeAsync);

#ifdef __cplusplus
}
#endif

#endif /* AIS_A01_AIS_CKPT_H */
