package ipc

// This file is one connection: reading and framing, the handshake, what services
// see of it (service.Conn), its end. It owns both descriptors.

import (
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/exec/service"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

const (
	// framesPerTurn bounds the requests of one connection in one turn, and
	// turnSlice the time they take. The first is handled however long it takes.
	framesPerTurn = 32
	turnSlice     = 250 * time.Microsecond
	// readPerTurn bounds the bytes of a large frame read in one turn.
	readPerTurn = 256 << 10
	// maxOutstanding bounds the unanswered requests of one connection. A library
	// has one, and those whose callers gave up.
	maxOutstanding = 64
	// respPause is how many bytes of answers may wait before the connection is
	// read no further.
	respPause = 64 << 10
	// cbGranted is how many bytes of callbacks a connection may always queue,
	// whatever others hold.
	cbGranted = 16 << 10
)

type phase uint8

const (
	handshaking phase = iota
	open
	lingering // the library is gone, what it wrote into its ring is still taken
	ended
)

// pending is a request that was not answered yet.
type pending struct {
	seq uint32
	op  ipcwire.Op
}

type conn struct {
	s    *Server
	id   uint64
	cred service.Cred
	fd   int
	cbfd int // our end of the callback socket pair

	phase   phase
	inited  bool // Manager.Init said OK, so Manager.Exit is owed
	dirty   bool // on Server.dirty
	queued  bool // on Server.runnable
	unread  bool // it is there to be read, not only to go on
	memWait bool // on Server.waiting
	stuck   bool // the last flush of resp left something
	cbStuck bool // the last flush of cb left something

	events, cbEvents uint32 // what the loop watches

	in      []byte // nil, or a pooled buffer of class inClass; in[r:w] is unused
	inClass int
	r, w    int

	reserved   int // input memory set aside for the frame that is arriving
	reservedAt time.Duration

	requests [maxOutstanding]pending
	nreq     int

	resp, cb queue
	cbLimit  int
	deadline *loop.Timer
	state    any

	ring     *ring // nil: everything goes over the sockets
	offered  *shm  // the memory of ring, or what the library has not said it uses
	notified bool  // a callback was queued once

	ask  *asking // memory for requests and answers, or nil
	back returning
}

// over tells that nothing is read from or written to the sockets any more.
func (c *conn) over() bool { return c.phase >= lingering }

// requestEnd and callbackEnd are the connection as the loop's handler of either
// descriptor.
type (
	requestEnd  conn
	callbackEnd conn
)

func (e *requestEnd) HandleEvent(events uint32) {
	c := (*conn)(e)
	if c.over() {
		return
	}
	if events&loop.Writable != 0 {
		c.stuck = false
		c.flush()
	}
	switch {
	case c.over():
	case c.events&loop.Readable != 0 && events&(loop.Readable|loop.HangUp|loop.Error) != 0:
		if c.s.unread > 0 || c.s.spent() {
			c.readLater()
			return
		}
		c.s.begin()
		c.read()
		c.s.lap()
	case events&(loop.HangUp|loop.Error) != 0:
		c.end(EndPeer) // it is not being read, so what it sent last is of no use to it
	}
}

func (e *callbackEnd) HandleEvent(events uint32) {
	c := (*conn)(e)
	if c.over() {
		return
	}
	if (c.ring != nil || c.ask != nil) && events&loop.Readable != 0 {
		c.rung()
		if c.over() {
			return
		}
	}
	if events&(loop.HangUp|loop.Error) != 0 {
		// Nobody can receive callbacks any more. The request side usually says the
		// same in this batch; if it has requests left, nobody waits for them.
		c.end(EndPeer)
		return
	}
	if events&loop.Writable != 0 {
		c.cbStuck = false
		c.flush()
	}
}

// read takes in one turn's worth and handles the requests in it.
func (c *conn) read() {
	if c.in == nil {
		n, errno := usock.Recv(c.fd, c.s.scratch[:])
		if c.received(n, errno) {
			used, more := c.frames(c.s.scratch[:n])
			c.keep(c.s.scratch[used:n])
			c.settle(more)
		}
		return
	}
	if c.w == len(c.in) && !c.grow() {
		c.update()
		return
	}
	limit := min(len(c.in), c.w+readPerTurn)
	if h, ok := ipcwire.DecodeHeader(c.in[c.r:c.w]); ok {
		limit = min(limit, c.r+int(h.Size))
	}
	n, errno := usock.Recv(c.fd, c.in[c.w:limit])
	if c.received(n, errno) {
		c.w += n
		c.work()
	}
}

// received judges the result of a read.
func (c *conn) received(n int, errno unix.Errno) bool {
	switch {
	case errno == unix.EAGAIN:
		return false
	case errno == unix.ECONNRESET || (errno == 0 && n == 0):
		c.end(EndPeer)
		return false
	case errno != 0:
		c.end(EndSystem)
		return false
	}
	c.s.stats.BytesIn += uint64(n)
	return true
}

// work handles the requests that are in the connection's own buffer.
func (c *conn) work() {
	if c.over() {
		return
	}
	more := false
	if c.in != nil {
		var used int
		used, more = c.frames(c.in[c.r:c.w])
		if c.over() {
			return
		}
		if c.r += used; c.r == c.w {
			c.releaseInput()
		} else if c.r > 0 {
			// A rest: the start of a frame, or requests that were put off.
			c.w = copy(c.in, c.in[c.r:c.w])
			c.r = 0
		}
	}
	c.settle(more)
}

// settle arranges for what comes next: another turn for requests that are there,
// or more input.
func (c *conn) settle(more bool) {
	if c.over() {
		return
	}
	if more && !c.blocked() {
		c.enqueue()
	}
	c.update()
}

func (c *conn) enqueue() {
	if c.queued {
		return
	}
	c.queued = true
	c.s.runnable = append(c.s.runnable, c)
	c.s.runSoon()
}

// readLater puts the connection's turn off to a later batch, behind those that
// were put off before it.
func (c *conn) readLater() {
	c.unread = true
	c.s.unread++
	c.enqueue()
	c.update()
}

// turn is the turn of a connection that was queued.
func (c *conn) turn() {
	c.queued = false
	unread := c.unread
	if unread {
		c.unread = false
		c.s.unread--
	}
	if unread && !c.over() && !c.blocked() && !c.memWait {
		c.read()
		c.update() // the loop is to watch it again, also when nothing had come
		return
	}
	c.work()
}

// blocked tells that no request may be handled before answers went out.
func (c *conn) blocked() bool {
	return c.nreq == maxOutstanding || c.resp.bytes > respPause || c.ring != nil && c.ring.held
}

// whole tells whether the buffer starts with a whole request.
func (c *conn) whole() bool {
	if c.in == nil {
		return false
	}
	h, ok := ipcwire.DecodeHeader(c.in[c.r:c.w])
	return ok && int(h.Size) <= c.w-c.r
}

// unblock goes on after answers went out, if that was what was waited for.
func (c *conn) unblock() {
	if c.ask != nil && c.asks() {
		c.watch()
	}
	if c.phase == open && c.events&loop.Readable == 0 && !c.blocked() && !c.queued {
		if c.whole() {
			c.enqueue()
		}
		c.update()
	}
}

// update tells the loop what to watch.
func (c *conn) update() {
	if c.over() {
		return
	}
	var want, cbWant uint32
	if !c.queued && !c.memWait && !c.blocked() {
		want = loop.Readable
	}
	if c.stuck {
		want |= loop.Writable
	}
	if c.cbStuck {
		cbWant = loop.Writable
	}
	if c.ring != nil || c.ask != nil {
		cbWant |= loop.Readable
	}
	if want != c.events {
		if c.s.loop.Mod(c.fd, want) != nil {
			c.end(EndSystem)
			return
		}
		c.events = want
	}
	if cbWant != c.cbEvents {
		if c.s.loop.Mod(c.cbfd, cbWant) != nil {
			c.end(EndSystem)
			return
		}
		c.cbEvents = cbWant
	}
}

// keep stores the rest of the shared buffer. It always fits: the smallest class
// is as large as the shared buffer, and is granted always.
func (c *conn) keep(rest []byte) {
	if len(rest) == 0 || c.over() {
		return
	}
	c.inClass = 0
	c.in = c.s.mem.input(0)
	c.r, c.w = 0, copy(c.in, rest)
}

// grow moves a full buffer to the next class. It is never in the largest, which
// holds the largest frame. false: there is no memory now and the connection is on
// the waiting list.
func (c *conn) grow() bool {
	if c.reserved == 0 && !c.reserve() {
		c.s.waitForMemory(c)
		return false
	}
	bigger := c.s.mem.input(c.inClass + 1)
	n := copy(bigger, c.in[c.r:c.w])
	c.s.mem.releaseInput(c.inClass, c.in)
	c.in, c.r, c.w = bigger, 0, n
	c.inClass++
	return true
}

// reserve sets memory aside for the frame that is arriving.
func (c *conn) reserve() bool {
	h, _ := ipcwire.DecodeHeader(c.in[c.r:c.w])
	c.reserved = c.s.mem.reserve(int(h.Size))
	c.reservedAt = c.s.loop.Now()
	return c.reserved > 0
}

func (c *conn) releaseInput() {
	if c.in != nil {
		c.s.mem.releaseInput(c.inClass, c.in)
		c.s.mem.in -= c.reserved
		c.in, c.inClass, c.reserved, c.r, c.w = nil, 0, 0, 0, 0
	}
}

// frames handles whole frames at the start of data, at most a turn's number. more:
// another whole one is there.
func (c *conn) frames(data []byte) (used int, more bool) {
	began := c.s.worked
	for n := 0; ; n++ {
		rest := data[used:]
		if len(rest) < ipcwire.HeaderSize {
			return used, false
		}
		h, ok := ipcwire.DecodeHeader(rest)
		if !ok {
			c.bad(EndHeader)
			return used, false
		}
		if c.phase == handshaking && (h.Op != ipcwire.OpHello || h.Size > ipcwire.HeaderSize+4+ipcwire.MaxHello) {
			c.bad(EndNotHello)
			return used, false
		}
		if int(h.Size) > len(rest) {
			return used, false
		}
		if n == framesPerTurn || c.blocked() || n > 0 && (c.s.spent() || c.s.worked-began > turnSlice) {
			return used, true
		}
		if c.ring != nil && c.behindRing() {
			return used, !c.over()
		}
		if c.ask != nil && c.ask.posted() {
			// What was posted before it comes first.
			if c.takeAsk(); c.over() {
				return used, false
			}
			continue
		}
		used += int(h.Size)
		body := rest[ipcwire.HeaderSize:h.Size:h.Size]
		if c.phase == handshaking {
			c.hello(h, body)
		} else {
			c.request(h, body)
		}
		c.s.lap()
		if c.over() {
			return used, false
		}
	}
}

// bad ends a connection that broke the protocol.
func (c *conn) bad(r Reason) {
	c.s.logf("process %d of user %d broke the library protocol: %s", c.cred.PID, c.cred.UID, r)
	c.end(r)
}

func (c *conn) request(h ipcwire.Header, body []byte) {
	if h.Seq == 0 || h.Error != 0 || c.find(h.Seq) >= 0 {
		c.bad(EndSequence)
		return
	}
	c.requests[c.nreq] = pending{h.Seq, h.Op}
	c.nreq++
	c.s.stats.Requests++
	switch h.Op {
	case ipcwire.OpRing:
		c.openRing(h.Seq)
		return
	case ipcwire.OpRingUse:
		c.useRing(h.Seq)
		return
	case ipcwire.OpAsk:
		c.openAsk(h.Seq)
		return
	}
	c.returned()
	c.back.now = true
	c.s.cfg.Manager.Request(c, h.Seq, h.Op, body)
	c.back.now = false
}

// find is the index of an unanswered request.
func (c *conn) find(seq uint32) int {
	for i := range c.requests[:c.nreq] {
		if c.requests[i].seq == seq {
			return i
		}
	}
	return -1
}

// hello is the handshake: the service decides, then the welcome goes out with
// the other end of the callback socket pair.
func (c *conn) hello(h ipcwire.Header, body []byte) {
	c.deadline.Stop()
	var hello ipcwire.Hello
	if !ipcwire.DecodeHello(body, &hello) {
		c.bad(EndHello)
		return
	}
	if hello.Protocol != ipcwire.Protocol {
		c.reject(h.Seq, RefusedProtocol, ipcwire.ErrVersion)
		return
	}
	theirs, errno := c.makePair()
	if errno != 0 {
		c.reject(h.Seq, RefusedDescriptors, ipcwire.ErrNoResources)
		return
	}
	defer usock.Close(theirs)
	c.phase = open
	if err := c.s.cfg.Manager.Init(c, hello.Service, hello.Generation, hello.Body); err != ipcwire.OK {
		c.reject(h.Seq, RefusedService, err)
		return
	}
	c.inited = true
	if c.phase == ended {
		return
	}
	var buf [64]byte
	welcome := c.s.appendWelcome(buf[:0], h.Seq, ipcwire.OK)
	if n, errno := usock.SendFD(c.fd, welcome, theirs); errno != 0 || n != len(welcome) {
		c.end(EndPeer) // the socket was empty, so it can only be closed
		return
	}
	c.s.stats.BytesOut += uint64(len(welcome))
}

func (c *conn) makePair() (theirs int, errno unix.Errno) {
	ours, theirs, errno := usock.Pair()
	if errno != 0 {
		return -1, errno
	}
	if c.s.loop.Add(ours, 0, (*callbackEnd)(c)) != nil {
		usock.Close(ours)
		usock.Close(theirs)
		return -1, unix.ENOMEM
	}
	c.cbfd = ours
	return theirs, 0
}

// reject answers the hello with an error and ends the connection.
func (c *conn) reject(seq uint32, r Reason, err ipcwire.Error) {
	var buf [64]byte
	usock.Send(c.fd, c.s.appendWelcome(buf[:0], seq, err))
	c.end(r)
}

// end stops using the connection; its exit comes at the end of the batch.
func (c *conn) end(r Reason) {
	if c.phase == ended || r == EndPeer && c.linger() {
		return
	}
	c.phase = ended
	c.s.stats.ByReason[r]++
	c.s.later(&c.s.ended, c)
}

// exit is the end of a connection. It runs once.
func (c *conn) exit() {
	s := c.s
	c.deadline.Stop()
	_ = s.loop.Remove(c.fd)
	usock.Close(c.fd)
	if c.cbfd >= 0 {
		_ = s.loop.Remove(c.cbfd)
		usock.Close(c.cbfd)
	}
	c.fd, c.cbfd = -1, -1
	c.closeRing()
	c.forget()
	c.closeAsk()
	c.releaseInput()
	c.resp.drop(&s.mem)
	c.cb.drop(&s.mem)
	delete(s.conns, c.id)
	if s.perUID[c.cred.UID]--; s.perUID[c.cred.UID] == 0 {
		delete(s.perUID, c.cred.UID)
	}
	if c.inited {
		c.inited = false
		s.cfg.Manager.Exit(c)
	}
	c.state = nil
}
