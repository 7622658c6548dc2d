// Package ckpt is the Checkpoint Service for a library: each request is a
// function that starts it on a connection and one that reads its answer. Nothing
// here waits.
//
// After a StartX that returned OK, drive the connection's Step; when it is done,
// the answer's function has the result. Decoded bytes alias the connection's
// memory: they are valid until its next Start (answers) or NextCallback
// (callbacks). Requests that carry section data may take several frames: they are
// a Transfer, see transfer.go.
//
// Numbers and errors are B.01.01's. What A.01.01 has differently and its front
// translates: COLOCATED (4) is an open flag and becomes ipcwire.CkptCollocated of
// the attributes; attributes given mean create; NO_SECTIONS at the end of an
// iteration is NOT_EXIST. (That opening what does not exist is INVALID_PARAM there
// is the executive's doing, from the connection's generation.)
//
// What the specification leaves open, or what old programs rely on:
//
//   - A timeout of 0 or less for open and synchronize is the executive's default
//     (10 s), not an immediate end: programs of 2004 pass 0.
//   - ALL_REPLICAS together with COLLOCATED is accepted; the flag then means nothing.
//   - A collocated checkpoint with asynchronous update has no active replica until
//     ActiveReplicaSet: until then, and after its node died, reading and changing
//     sections is ErrNotExist.
//   - An iteration fetches descriptors ahead, as many as the caller of StartIterate
//     says: what is deleted meanwhile may still be returned.
package ckpt

import (
	"ais/libais"
	"ais/libais/ipcwire"
)

// Scratch is the memory a request's fixed part is built in: one per connection,
// so that a steady caller allocates nothing.
type Scratch struct{ buf []byte }

// StartOpen starts opening a checkpoint. attrs is nil without creation
// attributes. timeout is in nanoseconds and what is left of the caller's; the
// executive watches over it and answers ErrTimeout, so wait for the answer. The
// answer is OpenAnswer:
//
//	ErrInvalidParam, ErrBadFlags  see ipcwire.CheckCkptOpen; not sent
//	ErrNotExist      no such checkpoint and no create (generation A: ErrInvalidParam)
//	ErrExist         it exists with other attributes (retention does not count)
//	ErrTimeout       not open in time; it will not be open later
//	ErrTryAgain      the executive cannot now
//	ErrNoResources   too many checkpoints, or open handles of this connection
//	ErrNoMemory      the executives' memory for checkpoints is used up
func StartOpen(c *libais.Conn, s *Scratch, name []byte, flags uint32, attrs *ipcwire.CkptAttributes, timeout int64) ipcwire.Error {
	return startOpen(c, s, ipcwire.CkptOpen, &ipcwire.CkptOpenReq{Name: name, Flags: flags, Timeout: timeout}, attrs)
}

// StartOpenAsync starts an open whose result comes as CkptOpenCallback with the
// same invocation (OpenResult reads it). Its answer (Answer) tells whether it was
// accepted.
func StartOpenAsync(c *libais.Conn, s *Scratch, name []byte, flags uint32, attrs *ipcwire.CkptAttributes, invocation uint64) ipcwire.Error {
	return startOpen(c, s, ipcwire.CkptOpenAsync, &ipcwire.CkptOpenReq{Name: name, Flags: flags, Invocation: invocation}, attrs)
}

func startOpen(c *libais.Conn, s *Scratch, op ipcwire.Op, q *ipcwire.CkptOpenReq, attrs *ipcwire.CkptAttributes) ipcwire.Error {
	if err := ipcwire.CheckCkptOpen(q.Name, q.Flags, attrs); err != ipcwire.OK {
		return err
	}
	if attrs != nil {
		q.HasAttributes, q.Attributes = true, *attrs
	}
	s.buf = ipcwire.AppendCkptOpenReq(s.buf[:0], q)
	return c.Start(op, s.buf)
}

// OpenAnswer reads the answer to an open.
func OpenAnswer(c *libais.Conn, o *ipcwire.CkptOpened) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeCkptOpened(body, o) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// Answer reads the answer to every request that has no result but the error:
// open async, close, unlink, retention, active replica, section delete and
// expiration time, synchronize and its asynchronous form.
func Answer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

// StartClose starts closing a handle. ErrBadHandle: it is not open. Callbacks of
// the handle that are not yet queued at the executive never come.
func StartClose(c *libais.Conn, s *Scratch, handle uint32) ipcwire.Error {
	return startHandle(c, s, ipcwire.CkptClose, handle)
}

// StartUnlink starts unlinking a name: the checkpoint goes with its last close.
// ErrInvalidParam: name empty or too long; ErrNotExist: no such checkpoint.
func StartUnlink(c *libais.Conn, s *Scratch, name []byte) ipcwire.Error {
	if len(name) == 0 || len(name) > ipcwire.MaxName {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendCkptUnlinkReq(s.buf[:0], &ipcwire.CkptUnlinkReq{Name: name})
	return c.Start(ipcwire.CkptUnlink, s.buf)
}

// StartRetentionSet starts setting the retention duration, nanoseconds.
// ErrInvalidParam: negative; ErrBadOperation: the checkpoint is unlinked.
func StartRetentionSet(c *libais.Conn, s *Scratch, handle uint32, duration int64) ipcwire.Error {
	if duration < 0 {
		return ipcwire.ErrInvalidParam
	}
	return startTime(c, s, ipcwire.CkptRetentionSet, handle, uint64(duration))
}

// StartActiveReplicaSet starts making this node's replica the active one.
// ErrAccess: not open for writing; ErrBadOperation: not collocated, or written to
// all replicas; ErrTryAgain: this node's replica is not complete yet.
func StartActiveReplicaSet(c *libais.Conn, s *Scratch, handle uint32) ipcwire.Error {
	return startHandle(c, s, ipcwire.CkptActiveReplicaSet, handle)
}

// StartStatusGet starts asking for a checkpoint's descriptor.
func StartStatusGet(c *libais.Conn, s *Scratch, handle uint32) ipcwire.Error {
	return startHandle(c, s, ipcwire.CkptStatusGet, handle)
}

// StatusGetAnswer reads a checkpoint's descriptor.
func StatusGetAnswer(c *libais.Conn, st *ipcwire.CkptStatus) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeCkptStatus(body, st) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// StartSectionDelete starts deleting a section. ErrInvalidParam: the id is empty
// (the default section cannot be deleted) or too long; ErrNotExist: no such
// section; ErrAccess: not open for writing.
func StartSectionDelete(c *libais.Conn, s *Scratch, handle uint32, section []byte) ipcwire.Error {
	return startSection(c, s, ipcwire.CkptSectionDelete, handle, section, 0)
}

// StartExpirationSet starts setting a section's absolute expiration time,
// nanoseconds since 1970 or ipcwire.CkptTimeEnd. What is past lets it expire at
// once. Errors as StartSectionDelete.
func StartExpirationSet(c *libais.Conn, s *Scratch, handle uint32, section []byte, expiration int64) ipcwire.Error {
	return startSection(c, s, ipcwire.CkptSectionExpirationSet, handle, section, expiration)
}

func startSection(c *libais.Conn, s *Scratch, op ipcwire.Op, handle uint32, section []byte, time int64) ipcwire.Error {
	if len(section) == 0 || len(section) > ipcwire.MaxSectionID {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendCkptSectionReq(s.buf[:0], &ipcwire.CkptSectionReq{Handle: handle, Time: time, Section: section})
	return c.Start(op, s.buf)
}

// StartSynchronize starts waiting until all earlier writes are on every replica.
// timeout as for StartOpen. ErrAccess: not open for writing; ErrBadOperation: the
// checkpoint is written to all replicas; ErrTimeout.
func StartSynchronize(c *libais.Conn, s *Scratch, handle uint32, timeout int64) ipcwire.Error {
	return startTime(c, s, ipcwire.CkptSynchronize, handle, uint64(max(timeout, 0)))
}

// StartSynchronizeAsync starts the same; the result comes as
// CkptSynchronizeCallback with the same invocation (SynchronizeResult reads it).
func StartSynchronizeAsync(c *libais.Conn, s *Scratch, handle uint32, invocation uint64) ipcwire.Error {
	return startTime(c, s, ipcwire.CkptSynchronizeAsync, handle, invocation)
}

// CheckIterate says whether chosen is a selection. ErrInvalidParam if not.
func CheckIterate(chosen uint8) ipcwire.Error {
	if chosen < ipcwire.CkptForever || chosen > ipcwire.CkptAny {
		return ipcwire.ErrInvalidParam
	}
	return ipcwire.OK
}

// StartIterate starts fetching the next sections of an iteration: cursor is 0 at
// first, then that of the last answer; limit, at least 1, is how many are wanted
// at most. The iteration needs no memory in the executive and no end. The
// selection with an expiration time ignores it unless chosen is LEQ or GEQ.
func StartIterate(c *libais.Conn, s *Scratch, handle uint32, chosen uint8, expiration int64, cursor uint64, limit uint32) ipcwire.Error {
	if err := CheckIterate(chosen); err != ipcwire.OK {
		return err
	}
	if limit == 0 {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendCkptIterateReq(s.buf[:0], &ipcwire.CkptIterateReq{
		Handle: handle, Chosen: chosen, Expiration: expiration, Cursor: cursor, Max: limit,
	})
	return c.Start(ipcwire.CkptSectionIterate, s.buf)
}

// IterateAnswer reads the next sections. ErrNoSections: there are no more.
func IterateAnswer(c *libais.Conn, list *ipcwire.CkptSections) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeCkptSections(body, list) {
		return ipcwire.ErrLibrary
	}
	if len(list.Sections) == 0 {
		return ipcwire.ErrNoSections
	}
	return ipcwire.OK
}

// OpenResult reads a CkptOpenCallback. false: the executive does not speak our
// protocol, the connection is of no more use.
func OpenResult(cb libais.Callback, r *ipcwire.CkptOpenResult) bool {
	return cb.Op == ipcwire.CkptOpenCallback && ipcwire.DecodeCkptOpenResult(cb.Body, r)
}

// SynchronizeResult reads a CkptSynchronizeCallback.
func SynchronizeResult(cb libais.Callback, r *ipcwire.CkptSynchronizeResult) bool {
	return cb.Op == ipcwire.CkptSynchronizeCallback && ipcwire.DecodeCkptSynchronizeResult(cb.Body, r)
}

func startHandle(c *libais.Conn, s *Scratch, op ipcwire.Op, handle uint32) ipcwire.Error {
	s.buf = ipcwire.AppendCkptHandleReq(s.buf[:0], &ipcwire.CkptHandleReq{Handle: handle})
	return c.Start(op, s.buf)
}

func startTime(c *libais.Conn, s *Scratch, op ipcwire.Op, handle uint32, time uint64) ipcwire.Error {
	s.buf = ipcwire.AppendCkptTimeReq(s.buf[:0], &ipcwire.CkptTimeReq{Handle: handle, Time: time})
	return c.Start(op, s.buf)
}
