package main

// This file is the requests of the checkpoint service: those of one frame, and
// the transfers of section data, which may take several.

// #include <stdlib.h>
// #include "aisrt.h"
//
// /* C.malloc of cgo would end the process where this one returns NULL. */
// static void *aisrt_allocate(size_t n) { return malloc(n); }
import "C"

import (
	"math"
	"unsafe"

	"ais/libais/ckpt"
	"ais/libais/ipcwire"
)

// A ckptRequest is what a connection keeps for its checkpoint requests.
type ckptRequest struct {
	scratch  ckpt.Scratch
	transfer ckpt.Transfer
	vectors  []ckpt.Vector
	reads    []ckpt.ReadVector
	opened   ipcwire.CkptOpened
	status   ipcwire.CkptStatus
	sections ipcwire.CkptSections
	finished bool // the transfer is over, its result waits for room
}

func isTransfer(op C.uint32_t) bool {
	return op == C.AISRT_CKPT_SECTION_CREATE || op == C.AISRT_CKPT_WRITE || op == C.AISRT_CKPT_OVERWRITE || op == C.AISRT_CKPT_READ
}

// requestCkpt carries one request on.
func (cn *conn) requestCkpt(c *C.struct_aisrt_call) C.int {
	q := &cn.ckpt
	switch c.phase {
	case C.AISRT_EXPIRED:
		cn.c.Abandon()
		return done(c, ipcwire.ErrTimeout)
	case C.AISRT_START:
		q.finished = false
		var err ipcwire.Error
		if isTransfer(c.op) {
			err = cn.startTransfer(c)
		} else {
			err = cn.startCkpt(c)
		}
		if err != ipcwire.OK {
			cn.wrongVector(c)
			return done(c, err)
		}
	}
	if isTransfer(c.op) {
		return cn.carryTransfer(c)
	}
	ready, w := cn.step(c)
	if !ready {
		return wait(c, w)
	}
	return cn.answerCkpt(c)
}

// startCkpt encodes a request that carries no section data.
func (cn *conn) startCkpt(c *C.struct_aisrt_call) ipcwire.Error {
	s, handle, name := &cn.ckpt.scratch, uint32(c.handle), memory(c.name, uint64(c.name_size))
	switch c.op {
	case C.AISRT_CKPT_OPEN:
		return ckpt.StartOpen(cn.c, s, name, uint32(c.flags), attributes(c), int64(c.timeout_ns))
	case C.AISRT_CKPT_OPEN_ASYNC:
		return ckpt.StartOpenAsync(cn.c, s, name, uint32(c.flags), attributes(c), uint64(c.invocation))
	case C.AISRT_CKPT_CLOSE:
		return ckpt.StartClose(cn.c, s, handle)
	case C.AISRT_CKPT_UNLINK:
		return ckpt.StartUnlink(cn.c, s, name)
	case C.AISRT_CKPT_RETENTION:
		return ckpt.StartRetentionSet(cn.c, s, handle, int64(c.time))
	case C.AISRT_CKPT_ACTIVE:
		return ckpt.StartActiveReplicaSet(cn.c, s, handle)
	case C.AISRT_CKPT_STATUS:
		return ckpt.StartStatusGet(cn.c, s, handle)
	case C.AISRT_CKPT_SECTION_DELETE:
		return ckpt.StartSectionDelete(cn.c, s, handle, name)
	case C.AISRT_CKPT_EXPIRATION:
		return ckpt.StartExpirationSet(cn.c, s, handle, name, int64(c.time))
	case C.AISRT_CKPT_ITERATE:
		return ckpt.StartIterate(cn.c, s, handle, uint8(c.chosen), int64(c.time), uint64(c.cursor), uint32(c.limit))
	case C.AISRT_CKPT_SYNCHRONIZE:
		return ckpt.StartSynchronize(cn.c, s, handle, int64(c.timeout_ns))
	case C.AISRT_CKPT_SYNCHRONIZE_ASYNC:
		return ckpt.StartSynchronizeAsync(cn.c, s, handle, uint64(c.invocation))
	}
	return ipcwire.ErrNotSupported
}

// answerCkpt decodes the answer into the call block.
func (cn *conn) answerCkpt(c *C.struct_aisrt_call) C.int {
	q := &cn.ckpt
	switch c.op {
	case C.AISRT_CKPT_OPEN:
		if err := ckpt.OpenAnswer(cn.c, &q.opened); err != ipcwire.OK {
			return done(c, err)
		}
		c.handle = C.uint32_t(q.opened.Handle)
		putAttributes(c, &q.opened.Attributes)
	case C.AISRT_CKPT_STATUS:
		if err := ckpt.StatusGetAnswer(cn.c, &q.status); err != ipcwire.OK {
			return done(c, err)
		}
		putAttributes(c, &q.status.Attributes)
		c.items, c.memory_used = C.uint32_t(q.status.Sections), C.uint64_t(q.status.MemoryUsed)
	case C.AISRT_CKPT_ITERATE:
		return cn.putSections(c)
	default:
		return done(c, ckpt.Answer(cn.c))
	}
	return done(c, ipcwire.OK)
}

func putAttributes(c *C.struct_aisrt_call, a *ipcwire.CkptAttributes) {
	c.attributes = C.struct_aisrt_ckpt_attributes{
		size: C.uint64_t(a.Size), retention: C.int64_t(a.Retention),
		max_section_size: C.uint64_t(a.MaxSectionSize), max_section_id_size: C.uint64_t(a.MaxSectionIDSize),
		max_sections: C.uint32_t(a.MaxSections), flags: C.uint32_t(a.Flags),
	}
}

// putSections writes descriptors, and behind them their ids.
func (cn *conn) putSections(c *C.struct_aisrt_call) C.int {
	list := &cn.ckpt.sections
	if err := ckpt.IterateAnswer(cn.c, list); err != ipcwire.OK {
		return done(c, err)
	}
	n := len(list.Sections)
	at := uintptr(n) * unsafe.Sizeof(C.struct_aisrt_ckpt_section{})
	size := at
	for i := range list.Sections {
		size += uintptr(len(list.Sections[i].Section))
	}
	if !room(c, 1, size) {
		return C.AISRT_ROOM
	}
	to := unsafe.Slice((*C.struct_aisrt_ckpt_section)(c.out), n)
	all := unsafe.Slice((*byte)(c.out), int(size))
	for i := range list.Sections {
		s := &list.Sections[i]
		to[i] = C.struct_aisrt_ckpt_section{
			expiration: C.int64_t(s.Expiration), last_update: C.int64_t(s.LastUpdate), size: C.uint64_t(s.Size),
			id_at: C.uint64_t(at), id_size: C.uint32_t(len(s.Section)), state: C.uint32_t(s.State),
		}
		at += uintptr(copy(all[at:], s.Section))
	}
	c.items, c.cursor, c.at_end = C.uint32_t(n), C.uint64_t(list.Cursor), 0
	if list.End {
		c.at_end = 1
	}
	return done(c, ipcwire.OK)
}

func attributes(c *C.struct_aisrt_call) *ipcwire.CkptAttributes {
	if c.has_attributes == 0 {
		return nil
	}
	a := &c.attributes
	return &ipcwire.CkptAttributes{
		Flags: uint32(a.flags), Size: uint64(a.size), Retention: int64(a.retention), MaxSections: uint32(a.max_sections),
		MaxSectionSize: uint64(a.max_section_size), MaxSectionIDSize: uint64(a.max_section_id_size),
	}
}

// memory is the caller's. What cannot lie in memory is the front's to refuse.
func memory(p unsafe.Pointer, size uint64) []byte {
	if p == nil || size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), int(min(size, math.MaxInt)))
}

func (cn *conn) startTransfer(c *C.struct_aisrt_call) ipcwire.Error {
	q := &cn.ckpt
	t, handle := &q.transfer, uint32(c.handle)
	switch c.op {
	case C.AISRT_CKPT_SECTION_CREATE:
		return t.StartSectionCreate(cn.c, handle, memory(c.name, uint64(c.name_size)), int64(c.time), memory(c.data, uint64(c.data_size)))
	case C.AISRT_CKPT_OVERWRITE:
		return t.StartOverwrite(cn.c, handle, memory(c.name, uint64(c.name_size)), memory(c.data, uint64(c.data_size)))
	}
	list := unsafe.Slice(c.vectors, int(c.vector_count))
	if c.op == C.AISRT_CKPT_WRITE {
		q.vectors = q.vectors[:0]
		for i := range list {
			v := &list[i]
			q.vectors = append(q.vectors, ckpt.Vector{
				Section: memory(v.section, uint64(v.section_size)), Offset: uint64(v.offset),
				Data: memory(v.data, uint64(v.size)),
			})
		}
		err := t.StartWrite(cn.c, handle, q.vectors)
		clear(q.vectors)
		return err
	}
	q.reads = q.reads[:0]
	for i := range list {
		v := &list[i]
		q.reads = append(q.reads, ckpt.ReadVector{
			Section: memory(v.section, uint64(v.section_size)), Offset: uint64(v.offset), Size: uint64(v.size),
		})
	}
	err := t.StartRead(cn.c, handle, q.reads, func(i int, total uint64) []byte { return place(&list[i], total) })
	clear(q.reads)
	return err
}

// place is where a read puts total bytes: the application's buffer, or memory for
// it. That of an earlier attempt is given back.
func place(v *C.struct_aisrt_ckpt_vector, total uint64) []byte {
	if v.allocated != 0 {
		C.free(v.data)
		v.data, v.allocated = nil, 0
	}
	total = min(total, uint64(v.size))
	if total == 0 {
		return nil
	}
	if v.data == nil {
		if total > math.MaxInt {
			return nil
		}
		if v.data = C.aisrt_allocate(C.size_t(total)); v.data == nil {
			return nil
		}
		v.allocated = 1
	}
	return memory(v.data, total)
}

// carryTransfer goes on with a transfer until it is over or has to wait.
func (cn *conn) carryTransfer(c *C.struct_aisrt_call) C.int {
	q := &cn.ckpt
	for !q.finished {
		if q.transfer.PauseFor() == 0 {
			ready, w := cn.step(c)
			if !ready {
				return wait(c, w)
			}
		}
		switch q.transfer.Next(cn.c) {
		case ckpt.Done:
			q.finished = true
		case ckpt.Pause:
			fd, _ := cn.c.FDs()
			c.wait_fd, c.wait_events, c.pause_ns = C.int32_t(fd), 0, C.uint64_t(q.transfer.PauseFor())
			return C.AISRT_PAUSE
		}
	}
	return cn.transferred(c)
}

// transferred puts a transfer's result into the call block.
func (cn *conn) transferred(c *C.struct_aisrt_call) C.int {
	t := &cn.ckpt.transfer
	err, _, _ := t.Result()
	if err != ipcwire.OK {
		cn.wrongVector(c)
		return done(c, err)
	}
	switch c.op {
	case C.AISRT_CKPT_SECTION_CREATE:
		id := t.Section()
		if !room(c, len(id), 1) {
			return C.AISRT_ROOM
		}
		if len(id) > 0 {
			copy(unsafe.Slice((*byte)(c.out), len(id)), id)
		}
		c.items = C.uint32_t(len(id))
	case C.AISRT_CKPT_READ:
		list := unsafe.Slice(c.vectors, int(c.vector_count))
		for i := range list {
			list[i].got = C.uint64_t(t.ReadSize(i))
		}
	}
	return done(c, ipcwire.OK)
}

func (cn *conn) wrongVector(c *C.struct_aisrt_call) {
	if c.op != C.AISRT_CKPT_WRITE && c.op != C.AISRT_CKPT_READ {
		return
	}
	if _, index, indexed := cn.ckpt.transfer.Result(); indexed {
		c.vector_index, c.vector_known = C.uint32_t(index), 1
	}
}
