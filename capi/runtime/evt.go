package main

// This file is the event service: its requests, what it answers without the
// executive, and its callbacks. The state is libais/evt's; here are only the ways
// from and to the call block.

// #include "aisrt.h"
import "C"

import (
	"sync"
	"unsafe"

	"ais/libais/evt"
	"ais/libais/ipcwire"
)

// evtConn is what a connection of EVT has besides.
type evtConn struct {
	evt.Objects

	// request half
	scratch evt.Scratch
	filters []ipcwire.EvtFilter
	batch   ipcwire.EvtBatch
	head    []byte
	opening uint64 // the asynchronous opening that is being asked for

	mu       sync.Mutex
	lastOpen uint64
	opens    map[uint64]opening // asynchronous ones by the number they were sent with
}

// opening is an asynchronous opening that was asked for.
type opening struct {
	invocation uint64
	flags      uint8
}

// expect takes note of an asynchronous opening before it is sent, because another
// thread may take its callback before the answer is read.
func (e *evtConn) expect(o opening) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.opens == nil {
		e.opens = map[uint64]opening{}
	}
	e.lastOpen++
	e.opens[e.lastOpen] = o
	return e.lastOpen
}

func (e *evtConn) expected(n uint64) (o opening, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, ok = e.opens[n]
	delete(e.opens, n)
	return o, ok
}

// failed takes back what a request noted before it was sent.
func (e *evtConn) failed(c *C.struct_aisrt_call) {
	switch c.op {
	case C.AISRT_EVT_OPEN_ASYNC:
		e.expected(e.opening)
	case C.AISRT_EVT_SUBSCRIBE:
		e.Unsubscribed(uint64(c.evt.channel), uint64(c.evt.subscription))
	}
}

// evtStart starts a request.
func (cn *conn) evtStart(c *C.struct_aisrt_call) ipcwire.Error {
	e, a := cn.evt, &c.evt
	ref, name := uint32(0), evtName(a)
	switch c.op {
	case C.AISRT_EVT_CLOSE, C.AISRT_EVT_SUBSCRIBE, C.AISRT_EVT_UNSUBSCRIBE, C.AISRT_EVT_RETENTION_CLEAR:
		var err ipcwire.Error
		if ref, _, err = e.Channel(uint64(a.channel)); err != ipcwire.OK {
			return err
		}
	}
	switch c.op {
	case C.AISRT_EVT_OPEN:
		return evt.StartOpen(cn.c, &e.scratch, name, uint8(c.flags), false, int64(c.timeout_ns))
	case C.AISRT_EVT_OPEN_ASYNC:
		e.opening = e.expect(opening{invocation: uint64(c.invocation), flags: uint8(c.flags)})
		err := evt.StartOpenAsync(cn.c, &e.scratch, name, uint8(c.flags), false, e.opening)
		if err != ipcwire.OK {
			e.failed(c)
		}
		return err
	case C.AISRT_EVT_CLOSE:
		return evt.StartClose(cn.c, &e.scratch, ref)
	case C.AISRT_EVT_UNLINK:
		return evt.StartUnlink(cn.c, &e.scratch, name, false)
	case C.AISRT_EVT_PUBLISH:
		return e.StartPublish(cn.c, &e.scratch, uint64(a.event), cn.payload(c)...)
	case C.AISRT_EVT_SUBSCRIBE:
		return cn.evtSubscribe(a, ref)
	case C.AISRT_EVT_UNSUBSCRIBE:
		return evt.StartUnsubscribe(cn.c, &e.scratch, ref, uint64(a.subscription))
	case C.AISRT_EVT_RETENTION_CLEAR:
		return evt.StartRetentionClear(cn.c, &e.scratch, ref, uint64(a.id))
	case C.AISRT_EVT_FETCH:
		events := 1
		if c.flags != 0 {
			events = evt.BatchEvents
		}
		return evt.StartNext(cn.c, &e.scratch, events)
	}
	return ipcwire.ErrNotSupported
}

func (cn *conn) evtSubscribe(a *C.struct_aisrt_evt, ref uint32) ipcwire.Error {
	e, ch, sub := cn.evt, uint64(a.channel), uint64(a.subscription)
	e.filters = e.filters[:0]
	for _, p := range evtPatterns(a) {
		e.filters = append(e.filters, ipcwire.EvtFilter{Type: uint8(p._type), Filter: evtBytes(&p)})
	}
	err := e.CheckSubscribe(ch, sub, e.filters)
	if err == ipcwire.OK {
		err = evt.StartSubscribe(cn.c, &e.scratch, ref, sub, e.filters)
	}
	clear(e.filters) // they are the caller's memory
	if err == ipcwire.OK {
		e.Subscribed(ch, sub)
	}
	return err
}

func evtName(a *C.struct_aisrt_evt) []byte {
	if a.name == nil {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(a.name)), int(a.name_length))
}

func evtPatterns(a *C.struct_aisrt_evt) []C.struct_aisrt_pattern {
	return unsafe.Slice(a.patterns, int(a.pattern_count))
}

// evtBytes is never nil: an empty pattern is one.
func evtBytes(p *C.struct_aisrt_pattern) []byte {
	if p.size == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(p.base), int(p.size))
}

// evtAnswer reads the answer to a request.
func (cn *conn) evtAnswer(c *C.struct_aisrt_call) C.int {
	e, a := cn.evt, &c.evt
	var err ipcwire.Error
	switch c.op {
	case C.AISRT_EVT_OPEN:
		var ref uint32
		if ref, err = evt.OpenAnswer(cn.c); err == ipcwire.OK {
			a.channel = C.uint64_t(e.AddChannel(ref, uint8(c.flags)))
		}
	case C.AISRT_EVT_PUBLISH:
		var p ipcwire.EvtPublished
		if p, err = evt.PublishAnswer(cn.c); err == ipcwire.OK {
			e.Published(uint64(a.event), p)
			a.id, a.time = C.uint64_t(p.ID), C.int64_t(p.Time)
		}
	case C.AISRT_EVT_FETCH:
		if err = evt.NextAnswer(cn.c, &e.batch); err == ipcwire.OK {
			e.Fetched(&e.batch)
		}
	default:
		err = evt.Answer(cn.c)
	}
	switch {
	case err != ipcwire.OK:
		// EXIST: the subscription is there, only this request did not make it.
		if c.op != C.AISRT_EVT_SUBSCRIBE || err != ipcwire.ErrExist {
			e.failed(c)
		}
	case c.op == C.AISRT_EVT_CLOSE:
		e.DropChannel(uint64(a.channel))
	case c.op == C.AISRT_EVT_UNSUBSCRIBE:
		e.Unsubscribed(uint64(a.channel), uint64(a.subscription))
	}
	return done(c, err)
}

// local does what needs no executive.
func (cn *conn) local(c *C.struct_aisrt_call) C.int {
	e, a := cn.evt, &c.evt
	if e == nil {
		return done(c, ipcwire.ErrNotSupported)
	}
	switch c.op {
	case C.AISRT_EVT_ALLOCATE:
		n, err := e.Allocate(uint64(a.channel))
		a.event = C.uint64_t(n)
		return done(c, err)
	case C.AISRT_EVT_FREE:
		return done(c, e.Free(uint64(a.event)))
	case C.AISRT_EVT_ATTRIBUTES_SET:
		return done(c, e.set(a))
	case C.AISRT_EVT_ATTRIBUTES_GET:
		return e.get(c)
	case C.AISRT_EVT_HEAD:
		return e.publishHead(c)
	case C.AISRT_EVT_PUBLISHED:
		e.Published(uint64(a.event), ipcwire.EvtPublished{ID: uint64(a.id), Time: int64(a.time)})
		return done(c, ipcwire.OK)
	case C.AISRT_EVT_DATA_GET:
		var to []byte
		if a.data_room > 0 {
			to = unsafe.Slice((*byte)(a.data), int(min(a.data_room, ipcwire.EvtMaxData)))
		}
		n, err := e.Data(uint64(a.event), to)
		c.out_size = C.uint64_t(n)
		return done(c, err)
	}
	return done(c, ipcwire.ErrNotSupported)
}

// publishHead is for who has the turn of the request half.
func (e *evtConn) publishHead(c *C.struct_aisrt_call) C.int {
	head, err := e.PublishHead(e.head[:0], uint64(c.evt.event))
	e.head = head[:0]
	if err != ipcwire.OK {
		return done(c, err)
	}
	if !room(c, len(head), 1) {
		return C.AISRT_ROOM
	}
	copy(unsafe.Slice((*byte)(c.out), len(head)), head)
	c.items = C.uint32_t(len(head))
	return done(c, ipcwire.OK)
}

func (e *evtConn) set(a *C.struct_aisrt_evt) ipcwire.Error {
	attr := evt.Attributes{Priority: uint8(a.priority), Retention: int64(a.retention), Publisher: evtName(a)}
	if a.patterns != nil {
		attr.Patterns = make([][]byte, 0, a.pattern_count)
		for _, p := range evtPatterns(a) {
			attr.Patterns = append(attr.Patterns, evtBytes(&p))
		}
	}
	return e.Set(uint64(a.event), &attr)
}

func (e *evtConn) get(c *C.struct_aisrt_call) C.int {
	result := C.int(C.AISRT_DONE)
	err := e.Get(uint64(c.evt.event), func(attr *evt.Attributes) {
		a := &c.evt
		a.priority, a.retention = C.uint32_t(attr.Priority), C.int64_t(attr.Retention)
		a.id, a.time = C.uint64_t(attr.ID), C.int64_t(attr.Time)
		a.publisher_length = C.uint32_t(copyBytes(&a.publisher[0], len(a.publisher), attr.Publisher))
		n := len(attr.Patterns)
		size := 4 * n
		for _, p := range attr.Patterns {
			size += len(p)
		}
		if !room(c, size, 1) {
			result = C.AISRT_ROOM
			return
		}
		c.items = C.uint32_t(n)
		if n == 0 {
			return
		}
		sizes := unsafe.Slice((*C.uint32_t)(c.out), n)
		rest := unsafe.Slice((*byte)(c.out), size)[4*n:]
		for i, p := range attr.Patterns {
			sizes[i] = C.uint32_t(len(p))
			rest = rest[copy(rest, p):]
		}
	})
	if result == C.AISRT_ROOM {
		return result
	}
	return done(c, err)
}

// evtDue puts an event that was fetched already.
func (cn *conn) evtDue(c *C.struct_aisrt_call) bool {
	r, ok := cn.evt.Next()
	if ok {
		c.kind, c.result = C.AISRT_EVT_DELIVERED, C.uint32_t(ipcwire.OK)
		c.evt.event, c.evt.channel = C.uint64_t(r.Event), C.uint64_t(r.Channel)
		c.evt.subscription, c.out_size = C.uint64_t(r.Subscription), C.uint64_t(r.Size)
	}
	return ok
}

// evtPut puts a callback that came from the executive.
func (cn *conn) evtPut(c *C.struct_aisrt_call) C.int {
	if evt.Pending(cn.taken) {
		c.kind = C.AISRT_EVT_PENDING
		return done(c, ipcwire.OK)
	}
	var r ipcwire.EvtOpenResult
	if !evt.Opened(cn.taken, &r) {
		return cn.broken(c)
	}
	o, ok := cn.evt.expected(r.Invocation)
	if !ok {
		return cn.broken(c)
	}
	c.kind, c.result, c.invocation = C.AISRT_EVT_OPENED, C.uint32_t(r.Error), C.uint64_t(o.invocation)
	if r.Error == ipcwire.OK {
		c.evt.channel = C.uint64_t(cn.evt.AddChannel(r.Channel, o.flags))
	}
	return done(c, ipcwire.OK)
}
