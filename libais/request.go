package libais

// This file moves the bytes of the request half.

import (
	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// inbox is the memory for one incoming frame and what followed it in the same
// read. buf[r:w] is not yet used.
type inbox struct {
	buf  []byte
	r, w int
	skip int // bytes of a frame that is being discarded and has not all arrived
	idle int // uses since the last frame that needed more than keepRoom
}

// have is what is there.
func (b *inbox) have() []byte { return b.buf[b.r:b.w] }

// room makes space for more of a frame of size bytes and returns it. It never
// makes more than twice what is already there (and at least minRoom), so memory
// follows what arrived, not what was announced.
func (b *inbox) room(size int) []byte {
	const minRoom = 2048
	have := b.w - b.r
	if b.r > 0 && (have == 0 || b.r+size > len(b.buf)) {
		copy(b.buf, b.buf[b.r:b.w])
		b.r, b.w = 0, have
	}
	if want := min(size, max(minRoom, 2*have)); b.r+want > len(b.buf) {
		grown := make([]byte, max(want, minRoom))
		copy(grown, b.buf[b.r:b.w])
		b.buf, b.r, b.w = grown, 0, have
	}
	return b.buf[b.w:]
}

// release lets a large buffer go after some uses that did not need it. A stream
// of large frames keeps it.
func (b *inbox) release() {
	const patience = 64
	if len(b.buf) <= keepRoom {
		return
	}
	if b.idle++; b.idle > patience && b.r == b.w {
		b.buf, b.r, b.w = nil, 0, 0
	}
}

// used notes a frame that was taken from the buffer.
func (b *inbox) used(size int) {
	b.r += size
	if size > keepRoom {
		b.idle = 0
	}
}

// send writes what it can. It is true when nothing is left to write.
func (c *Conn) send() bool {
	for len(c.backlog) > 0 && !c.hungUp {
		n, errno := usock.Send(c.fd, c.backlog)
		if errno != 0 {
			return c.sendFailed(errno)
		}
		if c.backlog = c.backlog[n:]; len(c.backlog) == 0 {
			c.backlog = nil
		}
	}
	for c.sent < c.total && !c.hungUp {
		n, errno := c.sendParts()
		if errno != 0 {
			return c.sendFailed(errno)
		}
		c.sent += n
	}
	return true
}

// sendFailed is true when there is no use in trying again: the other end is
// closed. Its last answer may still be there, so only the reader decides that the
// executive is gone.
func (c *Conn) sendFailed(errno unix.Errno) bool {
	if errno == unix.EAGAIN {
		return false
	}
	c.hungUp = true
	return true
}

func (c *Conn) sendParts() (int, unix.Errno) {
	if len(c.parts) == 0 {
		return usock.Send(c.fd, c.head[c.sent:])
	}
	var list [usock.MaxParts][]byte
	n, skip := 0, c.sent
	for i := -1; i < len(c.parts) && n < len(list); i++ {
		p := c.head
		if i >= 0 {
			p = c.parts[i]
		}
		if skip >= len(p) {
			skip -= len(p)
			continue
		}
		list[n] = p[skip:]
		n, skip = n+1, 0
	}
	return usock.Send(c.fd, list[:n]...)
}

type received uint8

const (
	gotNothing received = iota // not yet
	gotAnswer
	gotGone
)

// receive reads until the answer is complete or nothing more is there.
func (c *Conn) receive() received {
	for {
		if r := c.parse(); r != gotNothing {
			return r
		}
		n, errno := c.read()
		if errno == unix.EAGAIN {
			return gotNothing
		}
		if errno != 0 || n == 0 {
			c.closed = true
			return c.lost()
		}
	}
}

// lost is the end: also for the selection object, which shows it to whoever
// waits there, even when the executive has only closed this half so far.
func (c *Conn) lost() received {
	c.Shutdown()
	return gotGone
}

// read takes in what the parser lacks. The welcome and the answers to OpRing and
// OpAsk are read by themselves, because the descriptor they carry must not be
// missed.
func (c *Conn) read() (int, unix.Errno) {
	want := ipcwire.HeaderSize
	if h, ok := ipcwire.DecodeHeader(c.in.have()); ok {
		want = int(h.Size)
	}
	p := c.in.room(want)
	if !c.handshake && c.op != ipcwire.OpRing && c.op != ipcwire.OpAsk {
		n, errno := usock.Recv(c.fd, p)
		c.in.w += n
		return n, errno
	}
	p = p[:min(len(p), want-(c.in.w-c.in.r))]
	n, passed, errno := usock.RecvFD(c.fd, p)
	if passed >= 0 {
		to := &c.cbfd
		if !c.handshake {
			to = &c.ringfd
		}
		if *to >= 0 {
			usock.Close(*to)
		}
		*to = usock.High(passed)
	}
	c.in.w += n
	return n, errno
}

// parse looks for the answer to the outstanding request in what was read and
// discards answers to abandoned ones.
func (c *Conn) parse() received {
	for {
		b := &c.in
		if n := min(b.skip, b.w-b.r); n > 0 {
			b.r += n
			b.skip -= n
		}
		have := b.have()
		if b.skip > 0 || len(have) < ipcwire.HeaderSize {
			return gotNothing
		}
		h, ok := ipcwire.DecodeHeader(have)
		if !ok {
			return c.lost()
		}
		if h.Seq != c.seq && !c.handshake {
			// Numbers grow, so another one belongs to an earlier request, or the
			// executive is talking nonsense.
			if int32(h.Seq-c.seq) > 0 {
				return c.lost()
			}
			b.skip = int(h.Size)
			c.late = max(c.late-1, 0)
			continue
		}
		if len(have) < int(h.Size) {
			return gotNothing
		}
		b.used(int(h.Size))
		return c.take(h, have[ipcwire.HeaderSize:h.Size])
	}
}

// take accepts the answer.
func (c *Conn) take(h ipcwire.Header, body []byte) received {
	if h.Error == 0 {
		return c.lost()
	}
	if !c.handshake {
		if h.Op != c.op {
			return c.lost()
		}
		c.result, c.answer = h.Error, body
		return gotAnswer
	}
	if h.Op != ipcwire.OpWelcome || !ipcwire.DecodeWelcome(body, &c.welcome) {
		return c.lost()
	}
	if h.Error == ipcwire.OK && c.welcome.Protocol != ipcwire.Protocol {
		h.Error = ipcwire.ErrVersion
	}
	if h.Error == ipcwire.OK && c.cbfd < 0 {
		// The kernel dropped the passed descriptor: this process has none left.
		h.Error = ipcwire.ErrNoResources
	}
	c.result = h.Error
	return gotAnswer
}
