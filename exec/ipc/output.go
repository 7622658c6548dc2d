package ipc

// This file is what a service does with a connection: answers and callbacks,
// their bounds, and sending them.

import (
	"golang.org/x/sys/unix"

	"ais/exec/service"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

var (
	_ service.Conn            = (*conn)(nil)
	_ service.PayloadNotifier = (*conn)(nil)
	_ service.NotifyLimiter   = (*conn)(nil)
)

func (c *conn) ID() uint64         { return c.id }
func (c *conn) Cred() service.Cred { return c.cred }
func (c *conn) SetState(v any)     { c.state = v }
func (c *conn) State() any         { return c.state }

// Pending is the bytes of callbacks in the executive's memory, headers included;
// what the kernel (about 200 KiB) or shared memory holds for the peer does not count.
func (c *conn) Pending() int { return c.cb.bytes }

// SetNotifyLimit sets the bound of the callback queue in bytes; it never goes
// below one frame of the largest size.
func (c *conn) SetNotifyLimit(bytes int) { c.cbLimit = max(bytes, ipcwire.MaxFrame) }

// Disconnect ends the connection; Exit follows in this batch.
func (c *conn) Disconnect(reason string) {
	if c.phase == ended {
		return
	}
	c.s.logf("disconnected process %d of user %d: %s", c.cred.PID, c.cred.UID, reason)
	c.end(EndService)
}

// Respond queues the answer to a request. An answer to none, or to a connection
// that has ended, is dropped. A client that does not read its answers is
// disconnected when their queue is full.
func (c *conn) Respond(seq uint32, err ipcwire.Error, body []byte) {
	if c.over() {
		return
	}
	i := c.find(seq)
	if i < 0 {
		c.s.stats.Stray++
		return
	}
	op := c.requests[i].op
	c.nreq--
	c.requests[i] = c.requests[c.nreq]
	c.expect()
	size := ipcwire.HeaderSize + len(body)
	if size > ipcwire.MaxFrame {
		// The service asked for what the protocol cannot carry; its client must
		// not wait for ever.
		c.s.logf("answer of %d bytes to operation %#x is too large", len(body), uint16(op))
		size, err, body = ipcwire.HeaderSize, ipcwire.ErrNoResources, nil
	}
	if c.ask != nil && c.answerAsk(op, seq, err, body) {
		c.s.stats.Responses++
		return
	}
	if c.resp.bytes+size > c.s.cfg.ResponseQueue {
		c.end(EndResponses)
		return
	}
	if !c.s.mem.fits(&c.resp, size, respPause) {
		c.end(EndMemory)
		return
	}
	var header [ipcwire.HeaderSize]byte
	ipcwire.PutHeader(header[:], op, seq, err, len(body))
	c.resp.add(&c.s.mem, header[:])
	c.resp.add(&c.s.mem, body)
	c.s.stats.Responses++
	c.touch()
	c.unblock()
}

// Notify queues a callback. false: the queue is full and it was not queued. For a
// connection that has ended it is true: nobody misses anything.
func (c *conn) Notify(op ipcwire.Op, body []byte) bool { return c.NotifyPayload(op, body, nil) }

// NotifyPayload is Notify of a body in two parts.
func (c *conn) NotifyPayload(op ipcwire.Op, head, payload []byte) bool {
	if c.over() {
		return true
	}
	c.notified = true
	size := ipcwire.HeaderSize + len(head) + len(payload)
	var header [ipcwire.HeaderSize]byte
	ipcwire.PutHeader(header[:], op, 0, 0, len(head)+len(payload))
	if c.ring != nil && c.cb.bytes == 0 && size <= ipcwire.MaxFrame && c.putDown(&header, head, payload) {
		c.s.stats.Callbacks++
		c.touch()
		return true
	}
	if size > ipcwire.MaxFrame || c.cb.bytes+size > c.cbLimit || !c.s.mem.fits(&c.cb, size, cbGranted) {
		c.s.stats.QueueFull++
		return false
	}
	c.cb.add(&c.s.mem, header[:])
	c.cb.add(&c.s.mem, head)
	c.cb.add(&c.s.mem, payload)
	c.s.stats.Callbacks++
	c.touch()
	return true
}

// touch has the output sent at the end of the batch.
func (c *conn) touch() {
	if !c.dirty {
		c.dirty = true
		c.s.later(&c.s.dirty, c)
	}
}

// flush sends what the sockets take.
func (c *conn) flush() {
	if c.over() {
		return
	}
	// A socket that was full is left alone until the loop says it is not. Callbacks go
	// first: an answer may say that one is there to be read.
	switch {
	case c.ring != nil:
		c.flushDown()
	case c.phase == open && !c.cbStuck:
		c.cbStuck = c.drain(&c.cb, c.cbfd)
	}
	if !c.over() && !c.stuck {
		c.stuck = c.drain(&c.resp, c.fd)
	}
	if c.over() {
		return
	}
	c.unblock()
	c.update()
}

// drain sends from a queue until it is empty or the socket is full: it returns
// whether something is left.
func (c *conn) drain(q *queue, fd int) bool {
	s := c.s
	for q.bytes > 0 {
		n := q.parts(s.out[:])
		sent, errno := usock.Send(fd, s.out[:n]...)
		clear(s.out[:n])
		if errno == unix.EAGAIN || errno == unix.ENOBUFS || errno == unix.ENOMEM {
			return true
		}
		if errno != 0 {
			c.end(EndPeer)
			return false
		}
		s.stats.BytesOut += uint64(sent)
		q.sent(&s.mem, sent)
	}
	return false
}
