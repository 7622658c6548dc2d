// Command runtime is the Go side of the C library: a shared library
// (-buildmode=c-shared) that capi/front loads at the first Initialize. It owns
// the connections; the front owns handles, waiting and the application's
// callbacks.
//
// Nothing here waits, calls back into C, or starts a goroutine. Everything runs
// on the application's thread with its signals blocked, so a call must be short.
// No fmt, log, net or os: every byte of it is loaded into other people's
// programs.
package main

// #cgo CFLAGS: -std=c99 -Wall -Wextra -Werror -D_GNU_SOURCE -fvisibility=hidden
// #cgo LDFLAGS: -Wl,--wrap=pthread_key_create
// #include "aisrt.h"
import "C"

import (
	"unsafe"

	"ais/libais"
	"ais/libais/ipcwire"

	pointer "github.com/mattn/go-pointer"
)

func main() {}

// A conn is one connection of the front with what its calls need between two
// entries. The front serializes the request half and the callback half; the
// fields are apart accordingly.
type conn struct {
	c *libais.Conn

	// request half
	body   []byte
	parts  [][]byte
	groups []ipcwire.EvsGroup
	view   ipcwire.ClmView
	node   ipcwire.ClmNodeInfo
	evs    ipcwire.EvsMembership
	ckpt   ckptRequest

	// callback half
	taken   libais.Callback // waits for room in the front's memory
	isTaken bool
	cbView  ipcwire.ClmView
	cbNode  ipcwire.ClmNodeGetResult
	config  ipcwire.EvsConfiguration
	deliver ipcwire.EvsDelivery
	opened  ipcwire.CkptOpenResult
	synced  ipcwire.CkptSynchronizeResult

	evt *evtConn // of EVT only
	amf *amfConn // of AMF only
}

// aisrtEnter is the only way in; see aisrt.h.
//
//export aisrtEnter
func aisrtEnter(c *C.struct_aisrt_call) (r C.int) {
	defer func() {
		if recover() != nil {
			// The connection's state is unknown: nothing more may be sent on it.
			if cn, ok := pointer.Restore(c.conn).(*conn); ok {
				cn.c.Shutdown()
			}
			r = done(c, ipcwire.ErrLibrary)
		}
	}()
	switch c.op {
	case C.AISRT_HELLO:
		return done(c, ipcwire.OK)
	case C.AISRT_OPEN:
		return open(c)
	}
	cn, ok := pointer.Restore(c.conn).(*conn)
	if !ok {
		return done(c, ipcwire.ErrBadHandle)
	}
	switch c.op {
	case C.AISRT_CLOSE:
		cn.c.Close()
		pointer.Unref(c.conn)
		c.conn = nil
		return done(c, ipcwire.OK)
	case C.AISRT_NEXT:
		return cn.next(c)
	}
	if c.op == C.AISRT_FRAME {
		return cn.frame(c)
	}
	if c.op > C.AISRT_CLOSE {
		return cn.local(c)
	}
	if c.phase == C.AISRT_START {
		cn.c.Continue(uint32(c.seq))
	}
	c.clean = 0
	r = cn.request(c)
	cn.left(c)
	return r
}

// left tells the front how the request half was left.
func (cn *conn) left(c *C.struct_aisrt_call) {
	c.seq = C.uint32_t(cn.c.Seq())
	if cn.c.Clean() {
		c.clean = 1
	}
}

func done(c *C.struct_aisrt_call, err ipcwire.Error) C.int {
	c.error = C.uint32_t(err)
	return C.AISRT_DONE
}

func wait(c *C.struct_aisrt_call, w libais.Wait) C.int {
	c.wait_fd, c.wait_events = C.int32_t(w.FD), C.int32_t(w.Events)
	return C.AISRT_WAIT
}

// room makes sure that n elements of size bytes fit into the front's memory.
func room(c *C.struct_aisrt_call, n int, size uintptr) bool {
	c.out_size = C.uint64_t(uint64(n) * uint64(size))
	return c.out_size <= c.out_room
}

// open dials and shakes hands.
func open(c *C.struct_aisrt_call) C.int {
	cn, resumed := pointer.Restore(c.conn).(*conn)
	if !resumed {
		lc, err := libais.Dial(libais.Options{
			Socket:     socketName(c.socket),
			Secure:     c.secure != 0,
			Service:    ipcwire.Service(c.service),
			Generation: ipcwire.Generation(c.generation),
			AisUID:     uint32(c.ais_uid),
			Hello:      hello(c),
		})
		if err != ipcwire.OK {
			return done(c, err)
		}
		cn = &conn{c: lc}
		if c.service == C.uint32_t(ipcwire.EVT) {
			cn.evt = &evtConn{}
		}
		if c.service == C.uint32_t(ipcwire.AMF) {
			cn.amf = &amfConn{}
		}
		c.conn = pointer.Save(cn)
	}
	err := ipcwire.ErrTryAgain
	if c.phase == C.AISRT_EXPIRED {
		cn.c.Abandon()
	} else {
		ready, w := cn.step(c)
		if !ready {
			return wait(c, w)
		}
		err, _ = cn.c.Answer()
	}
	if err != ipcwire.OK {
		cn.c.Close()
		pointer.Unref(c.conn)
		c.conn = nil
		return done(c, err)
	}
	rq, cb := cn.c.FDs()
	c.request_fd, c.callback_fd = C.int32_t(rq), C.int32_t(cb)
	c.max_message = C.uint32_t(cn.c.Welcome().MaxMessage)
	cn.left(c)
	return done(c, ipcwire.OK)
}

// socketName copies a C string; one that is too long for any socket stays too
// long and is refused by Dial.
func socketName(s *C.char) string {
	if s == nil {
		return ""
	}
	n := 0
	for n <= ipcwire.MaxSocketName+1 && *(*byte)(unsafe.Add(unsafe.Pointer(s), n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(unsafe.Pointer(s)), n))
}

// step carries the connection on.
func (cn *conn) step(c *C.struct_aisrt_call) (bool, libais.Wait) {
	if c.phase == C.AISRT_START {
		return cn.c.Push()
	}
	return cn.c.Step()
}

// request carries one request on.
func (cn *conn) request(c *C.struct_aisrt_call) C.int {
	if c.op == C.AISRT_LATE {
		cn.c.Late(memory(c.data, uint64(c.data_size)))
		return done(c, ipcwire.OK)
	}
	if c.op >= C.AISRT_CKPT_OPEN && c.op <= C.AISRT_CKPT_SYNCHRONIZE_ASYNC {
		return cn.requestCkpt(c)
	}
	if cn.amf != nil {
		return cn.requestAmf(c)
	}
	evt := cn.evt != nil && c.op != C.AISRT_MEMORY
	switch c.phase {
	case C.AISRT_EXPIRED:
		cn.c.Abandon()
		if evt {
			cn.evt.failed(c)
		}
		return done(c, ipcwire.ErrTimeout)
	case C.AISRT_START:
		if err := cn.start(c); err != ipcwire.OK {
			return done(c, err)
		}
	}
	ready, w := cn.step(c)
	if !ready {
		return wait(c, w)
	}
	if evt {
		return cn.evtAnswer(c)
	}
	err, body := cn.c.Answer()
	if err != ipcwire.OK {
		return done(c, err)
	}
	return cn.answer(c, body)
}

// start encodes the request.
func (cn *conn) start(c *C.struct_aisrt_call) ipcwire.Error {
	if cn.evt != nil && c.op != C.AISRT_MEMORY {
		return cn.evtStart(c)
	}
	b := cn.body[:0]
	defer func() { cn.body = b[:0] }()
	switch c.op {
	case C.AISRT_CLM_TRACK:
		b = ipcwire.AppendClmTrackReq(b, &ipcwire.ClmTrackReq{Flags: uint8(c.flags), Buffer: c.want_view != 0})
		return cn.c.Start(ipcwire.ClmTrack, b)
	case C.AISRT_CLM_TRACK_STOP:
		return cn.c.Start(ipcwire.ClmTrackStop, b)
	case C.AISRT_CLM_NODE_GET, C.AISRT_CLM_NODE_GET_ASYNC:
		b = ipcwire.AppendClmNodeGetReq(b, &ipcwire.ClmNodeGetReq{
			NodeID: uint32(c.node_id), Invocation: uint64(c.invocation), Timeout: int64(c.timeout_ns)})
		op := ipcwire.ClmNodeGet
		if c.op == C.AISRT_CLM_NODE_GET_ASYNC {
			op = ipcwire.ClmNodeGetAsync
		}
		return cn.c.Start(op, b)
	case C.AISRT_EVS_JOIN, C.AISRT_EVS_LEAVE:
		b = ipcwire.AppendEvsGroups(b, &ipcwire.EvsGroups{Groups: cn.copyGroups(c)})
		op := ipcwire.EvsJoin
		if c.op == C.AISRT_EVS_LEAVE {
			op = ipcwire.EvsLeave
		}
		return cn.c.Start(op, b)
	case C.AISRT_EVS_MCAST:
		m := ipcwire.EvsMcast{Guarantee: uint8(c.guarantee), Priority: uint8(c.priority), Groups: cn.copyGroups(c)}
		b = ipcwire.AppendEvsMcastHead(b, &m)
		op := ipcwire.EvsMcastGroups
		if c.group_count == 0 {
			op = ipcwire.EvsMcastJoined
		}
		return cn.c.Start(op, b, cn.payload(c)...)
	case C.AISRT_EVS_MEMBERSHIP:
		return cn.c.Start(ipcwire.EvsMembershipGet, b)
	case C.AISRT_RING:
		return cn.c.StartRing()
	case C.AISRT_RING_USE:
		return cn.c.StartRingUse()
	case C.AISRT_MEMORY:
		return cn.c.StartAsk()
	}
	return ipcwire.ErrNotSupported
}

func (cn *conn) copyGroups(c *C.struct_aisrt_call) []ipcwire.EvsGroup {
	cn.groups = append(cn.groups[:0], unsafe.Slice((*ipcwire.EvsGroup)(c.groups), int(c.group_count))...)
	return cn.groups
}

// payload is the caller's own memory, part by part.
func (cn *conn) payload(c *C.struct_aisrt_call) [][]byte {
	cn.parts = cn.parts[:0]
	for _, p := range unsafe.Slice(c.parts, int(c.part_count)) {
		if p.size > ipcwire.MaxFrame {
			// More than a frame in one part, perhaps more than memory holds:
			// keep it too large without looking at it.
			p.size = ipcwire.MaxFrame + 1
		}
		if p.size > 0 {
			cn.parts = append(cn.parts, unsafe.Slice((*byte)(p.base), int(p.size)))
		}
	}
	return cn.parts
}

// answer decodes the answer into the call block.
func (cn *conn) answer(c *C.struct_aisrt_call, body []byte) C.int {
	switch c.op {
	case C.AISRT_CLM_TRACK:
		if c.want_view == 0 {
			break
		}
		if !ipcwire.DecodeClmView(body, &cn.view) {
			return cn.broken(c)
		}
		return putView(c, &cn.view)
	case C.AISRT_CLM_NODE_GET:
		if !ipcwire.DecodeClmNodeInfo(body, &cn.node) {
			return cn.broken(c)
		}
		if !room(c, 1, unsafe.Sizeof(C.struct_aisrt_node{})) {
			return C.AISRT_ROOM
		}
		putNode((*C.struct_aisrt_node)(c.out), &cn.node, 0)
		c.items = 1
	case C.AISRT_MEMORY:
		c.ring_fd = C.int32_t(cn.c.TakeRing())
	case C.AISRT_RING:
		c.ring_fd, c.data_size = C.int32_t(cn.c.TakeRing()), C.uint64_t(cn.c.Welcome().MaxMessage)
	case C.AISRT_EVS_MEMBERSHIP:
		if !ipcwire.DecodeEvsMembership(body, &cn.evs) {
			return cn.broken(c)
		}
		if !room(c, len(cn.evs.Members), unsafe.Sizeof(C.struct_aisrt_member{})) {
			return C.AISRT_ROOM
		}
		putMembers(c, 0, cn.evs.Members)
		c.items, c.node_id = C.uint32_t(len(cn.evs.Members)), C.uint32_t(cn.evs.Local)
	}
	return done(c, ipcwire.OK)
}

// broken ends a connection on which the executive said something that is not in
// the protocol.
func (cn *conn) broken(c *C.struct_aisrt_call) C.int {
	cn.c.Shutdown()
	return done(c, ipcwire.ErrLibrary)
}
