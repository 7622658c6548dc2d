package ipc

// This file is a connection's rings in shared memory (the protocol is that of
// libais/ipcwire/ring.go): requests that go without an answer, callbacks, and who
// wakes whom. What the library writes there is looked at once and believed only
// as far as it makes sense; a library that breaks the rules loses its connection.

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/service"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// StreamManager is a Manager some of whose services take requests without an
// answer.
type StreamManager interface {
	// Streams tells whether the connection's service does.
	Streams(c service.Conn) bool
	// Stream is called for each such request, in their order. false: there is no
	// room for it now; it is offered again. body is valid until return and lies in
	// memory that the library may change meanwhile: every byte of it is to be read
	// once at most before it is judged.
	Stream(c service.Conn, op ipcwire.Op, body []byte) bool
}

const (
	// ringQuantum is how many bytes of one connection are taken before the next
	// one has its turn.
	ringQuantum = 128 << 10
	// publishEvery is after how many bytes of callbacks the library may see them,
	// so that it works while we do.
	publishEvery = 64 << 10
	// lingerTime is how long requests of a library that is gone wait for room.
	lingerTime = 2 * time.Second
)

// ring is the shared memory of a connection. Counters are ours; the memory only
// shows them.
type ring struct {
	m         *shm
	upHead    uint32
	downHead  uint32 // the library's, as last seen
	downTail  uint32
	published uint32
	hot       bool   // on Server.hot
	stalled   bool   // the front request found no room
	held      bool   // a request on the socket waits until
	holdUntil uint32 // upHead has got there
}

// tryRing finds out whether this kernel, or container, lets us have such memory.
func (s *Server) tryRing() {
	rings, asks := s.cfg.Rings >= 0 && s.streams != nil, s.cfg.Asks >= 0
	if !rings && !asks || os.Getenv("AIS_NO_SHARED_MEMORY") == "1" {
		return
	}
	m, fd, err := newShm(s.cfg.allot)
	if err != nil {
		s.cfg.Logf("library connections will not share memory with us: %v", err)
		return
	}
	unix.Close(fd)
	m.close()
	s.stats.RingsOffered, s.stats.AsksOffered = rings, asks
}

// openRing answers OpRing.
func (c *conn) openRing(seq uint32) {
	s := c.s
	sm, ok := s.cfg.Manager.(StreamManager)
	switch {
	case !ok || !sm.Streams(c):
		c.answerRing(seq, ipcwire.ErrNotSupported, -1)
		return
	case c.ring != nil || c.offered != nil || c.resp.bytes > 0:
		c.answerRing(seq, ipcwire.ErrBusy, -1)
		return
	case !s.stats.RingsOffered || s.stats.Rings >= s.cfg.Rings:
		s.stats.RingsRefused++
		c.answerRing(seq, ipcwire.ErrNoResources, -1)
		return
	}
	m, fd, err := newShm(s.cfg.allot)
	if err != nil {
		s.stats.RingsRefused++
		s.logf("no shared memory for a library connection: %v", err)
		c.answerRing(seq, ipcwire.ErrNoResources, -1)
		return
	}
	m.store(ipcwire.RingBell, 1)
	m.store(ipcwire.RingSleep, 1)
	c.offered = m
	s.stats.Rings++
	c.answerRing(seq, ipcwire.OK, fd)
	unix.Close(fd)
}

// useRing answers OpRingUse.
func (c *conn) useRing(seq uint32) {
	if c.offered == nil || c.ring != nil || c.notified {
		c.answerRing(seq, ipcwire.ErrBusy, -1)
		return
	}
	c.ring = &ring{m: c.offered}
	c.answerRing(seq, ipcwire.OK, -1)
	c.update()
}

// answerRing answers at once: the descriptor goes with the answer's first byte, and
// nothing waits before it.
func (c *conn) answerRing(seq uint32, err ipcwire.Error, fd int) {
	if fd < 0 {
		c.Respond(seq, err, nil)
		return
	}
	c.nreq-- // it was the last
	var header [ipcwire.HeaderSize]byte
	ipcwire.PutHeader(header[:], ipcwire.OpRing, seq, err, 0)
	if n, errno := usock.SendFD(c.fd, header[:], fd); errno != 0 || n != len(header) {
		c.end(EndPeer)
		return
	}
	c.s.stats.BytesOut += uint64(len(header))
}

// closeRing gives the memory back.
func (c *conn) closeRing() {
	if c.offered == nil {
		return
	}
	m := c.offered
	m.store(ipcwire.RingClosed, 1)
	m.store(ipcwire.RingSpace, m.load(ipcwire.RingSpace)+1)
	m.wakeAll(ipcwire.RingSpace)
	m.close()
	c.ring, c.offered = nil, nil
	c.s.stats.Rings--
}

// upWaits is how many bytes of requests are in the ring; false when the library's
// counter makes no sense, and the connection is ended.
func (c *conn) upWaits() (uint32, bool) {
	n := c.ring.m.load(ipcwire.RingUpTail) - c.ring.upHead
	if n > ipcwire.RingUp {
		c.bad(EndHeader)
		return 0, false
	}
	return n, true
}

// takeUp handles requests of the ring, about limit bytes of them. more: it could
// go on at once.
func (c *conn) takeUp(limit int) (took int, more bool) {
	r := c.ring
	waits, ok := c.upWaits()
	if !ok {
		return 0, false
	}
	r.stalled = false
	for waits > 0 && took < limit {
		size := c.takeFrame(waits)
		if size == 0 {
			break
		}
		took += size
		waits -= uint32(size)
	}
	if c.phase == ended || took == 0 {
		return took, false
	}
	r.m.store(ipcwire.RingUpHead, r.upHead)
	// A quarter may be left: then the largest frame fits, and there is work until
	// whoever waits is awake.
	if waits <= ipcwire.RingUp/4 && r.m.load(ipcwire.RingWaiting) != 0 && r.m.swap(ipcwire.RingWaiting, 0) != 0 {
		r.m.store(ipcwire.RingSpace, r.m.load(ipcwire.RingSpace)+1)
		r.m.wakeAll(ipcwire.RingSpace)
	}
	if r.held && int32(r.upHead-r.holdUntil) >= 0 {
		r.held = false
		c.unblock()
	}
	return took, waits > 0 && !r.stalled
}

// takeFrame handles the request at the front and returns its size; 0: there is no
// room for it, or the connection was ended.
func (c *conn) takeFrame(waits uint32) int {
	r := c.ring
	at := r.upHead & (ipcwire.RingUp - 1)
	var header [ipcwire.HeaderSize]byte
	copy(header[:], r.m.up[at:])
	h, ok := ipcwire.DecodeHeader(header[:])
	if !ok || h.Size > waits || h.Seq != 0 || h.Error != 0 {
		c.bad(EndHeader)
		return 0
	}
	if !c.s.streams.Stream(c, h.Op, r.m.up[at+ipcwire.HeaderSize:at+h.Size:at+h.Size]) {
		r.stalled = true
		c.s.stats.Stalls++
		return 0
	}
	if c.phase == ended {
		return 0
	}
	r.upHead += h.Size
	c.s.stats.Streamed++
	return int(h.Size)
}

// behindRing tells whether a request on the socket has to wait for what was
// written into the ring before it.
func (c *conn) behindRing() bool {
	r := c.ring
	if r == nil || r.held {
		return r != nil
	}
	waits, ok := c.upWaits()
	if !ok || waits == 0 {
		return !ok
	}
	r.holdUntil, r.held = r.upHead+waits, true
	c.heat()
	c.takeUp(int(waits))
	return c.ring != nil && r.held
}

// heat has the ring looked at at the end of every batch, until it is found empty
// before a sleep.
func (c *conn) heat() {
	if !c.ring.hot {
		c.ring.hot = true
		c.s.hot = append(c.s.hot, c)
	}
}

// pump gives every hot ring its turn: those first that had none because there was
// no room, in the order in which they came.
func (s *Server) pump() {
	if len(s.hot) == 0 {
		return
	}
	s.begin()
	more := false
	list := s.hot
	s.hot = s.hotNext[:0] // of those that get hot meanwhile
	waiting, served := s.hotWaiting[:0], s.hotServed[:0]
	for _, c := range list {
		if c.ring == nil || c.phase == ended {
			continue
		}
		if s.spent() {
			waiting, more = append(waiting, c), true
			continue
		}
		took, again := c.takeUp(ringQuantum)
		s.lap()
		c.endLinger()
		if c.phase == ended {
			continue
		}
		more = more || again
		if took == 0 && c.ring.stalled {
			waiting = append(waiting, c)
		} else {
			served = append(served, c)
		}
	}
	clear(list)
	s.hotNext = list[:0]
	s.hot = append(append(s.hot, waiting...), served...)
	clear(waiting)
	clear(served)
	s.hotWaiting, s.hotServed = waiting[:0], served[:0]
	if more {
		s.loop.Kick()
	}
}

// beforeSleep is asked before the loop sleeps: rings are looked at once more, and
// their libraries told to wake us. false: there is work.
func (s *Server) beforeSleep() bool {
	if !s.ringsMaySleep() {
		return false
	}
	return s.mayAsksSleep()
}

func (s *Server) ringsMaySleep() bool {
	kept := s.hot[:0]
	idle := true
	for i, c := range s.hot {
		if c.ring == nil || c.phase == ended {
			continue
		}
		r := c.ring
		if r.stalled {
			// Room comes with an event; a hook after ours may have been one.
			if took, _ := c.takeUp(ringQuantum); took > 0 || c.phase == ended {
				kept = append(kept, s.hot[i:]...)
				idle = false
				break
			}
			kept = append(kept, c)
			continue
		}
		if r.m.load(ipcwire.RingUpTail) == r.upHead {
			r.m.store(ipcwire.RingSleep, 1)
		}
		if r.m.load(ipcwire.RingUpTail) != r.upHead {
			kept = append(kept, s.hot[i:]...)
			idle = false
			break
		}
		r.hot = false
	}
	clear(s.hot[len(kept):])
	s.hot = kept
	return idle
}

// putDown writes a callback into the ring. false: there is no room.
func (c *conn) putDown(header *[ipcwire.HeaderSize]byte, head, payload []byte) bool {
	r := c.ring
	size := uint32(len(header) + len(head) + len(payload))
	if !c.downRoom(size) {
		return false
	}
	to := r.m.down[r.downTail&(ipcwire.RingDown-1):]
	n := copy(to, header[:])
	n += copy(to[n:], head)
	copy(to[n:], payload)
	r.downTail += size
	if r.downTail-r.published >= publishEvery {
		c.publish()
	}
	return true
}

// downRoom tells whether a frame of size bytes fits.
func (c *conn) downRoom(size uint32) bool {
	r := c.ring
	if ipcwire.RingDown-(r.downTail-r.downHead) >= size {
		return true
	}
	head := r.m.load(ipcwire.RingDownHead)
	if r.published-head > r.published-r.downHead {
		c.bad(EndHeader) // it went back, or beyond what was there
		return false
	}
	r.downHead = head
	return ipcwire.RingDown-(r.downTail-r.downHead) >= size
}

// publish shows the library what was written. The bell is rung before, so that it
// has been rung when the callbacks are seen, and looked at again after.
func (c *conn) publish() {
	r := c.ring
	if r.published == r.downTail {
		return
	}
	c.ringBell()
	r.m.store(ipcwire.RingDownTail, r.downTail)
	r.published = r.downTail
	if r.m.load(ipcwire.RingBell) == 1 && r.m.load(ipcwire.RingDownHead) != r.downTail {
		c.ringBell()
	}
}

// ringBell makes the selection object readable if it is not.
func (c *conn) ringBell() {
	if c.ring.m.load(ipcwire.RingBell) == 0 {
		return
	}
	c.ring.m.store(ipcwire.RingBell, 0)
	var one [1]byte
	usock.Send(c.cbfd, one[:]) // full only when its reader breaks the rules
}

// flushDown moves what waits for room into the ring and shows it.
func (c *conn) flushDown() {
	r := c.ring
	for c.cb.bytes > 0 {
		var header [ipcwire.HeaderSize]byte
		c.cb.peek(header[:])
		h, _ := ipcwire.DecodeHeader(header[:]) // ours
		if !c.downRoom(h.Size) {
			if c.phase == ended || r.m.load(ipcwire.RingStarved) == 1 {
				break
			}
			// From here on the library tells; then look again.
			r.m.store(ipcwire.RingStarved, 1)
			continue
		}
		c.cb.move(&c.s.mem, r.m.down[r.downTail&(ipcwire.RingDown-1):][:h.Size])
		r.downTail += h.Size
	}
	if c.phase != ended {
		c.publish()
	}
}

// rung is what the library does on the selection object's socket: a byte says
// look at the memory.
func (c *conn) rung() {
	var b [64]byte
	n, errno := usock.Recv(c.cbfd, b[:])
	switch {
	case errno == unix.EAGAIN:
		return
	case errno != 0 || n == 0:
		c.end(EndPeer)
		return
	}
	if c.ask != nil {
		c.watch()
	}
	if c.ring == nil {
		return
	}
	c.heat()
	if r := c.ring; r.m.load(ipcwire.RingBell) == 1 && r.m.load(ipcwire.RingDownHead) != r.published {
		c.ringBell() // it has seen the ring empty while we were writing
	}
	c.touch()
}

// linger keeps a connection whose library is gone until what it was told is
// accepted has been taken from the ring. false: there is nothing.
func (c *conn) linger() bool {
	if c.ring == nil || c.phase != open {
		return false
	}
	if n, ok := c.upWaits(); !ok || n == 0 {
		return false
	}
	c.phase = lingering
	_ = c.s.loop.Remove(c.fd)
	_ = c.s.loop.Remove(c.cbfd)
	c.heat()
	c.s.loop.Kick()
	c.deadline = c.s.loop.At(c.s.loop.Now()+lingerTime, func() { c.end(EndPeer) })
	return true
}

// endLinger ends it.
func (c *conn) endLinger() {
	if c.phase != lingering {
		return
	}
	if n, ok := c.upWaits(); ok && n == 0 {
		c.end(EndPeer)
	}
}
