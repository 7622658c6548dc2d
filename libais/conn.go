package libais

// This file is a connection's life and its request half: dial, handshake,
// request and answer. It owns both descriptors and never waits on them.

import (
	"sync/atomic"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// Wait is what a step needs before it can go on: Events (POLLIN, POLLOUT) on FD.
type Wait struct {
	FD     int32
	Events int16
}

// What poll calls readable and writable, the same on every Linux.
const (
	PollIn  int16 = unix.POLLIN
	PollOut int16 = unix.POLLOUT
)

// keepRoom is how much memory an idle half keeps between two frames.
const keepRoom = 64 << 10

// Conn is one connection to the executive.
type Conn struct {
	fd     int         // requests and answers
	cbfd   int         // the selection object, -1 before the welcome
	ringfd int         // what the answer to OpRing or OpAsk brought, -1: none
	gone   atomic.Bool // the executive closed, or broke the protocol

	handshake bool // the outstanding request is the hello
	busy      bool // a request is outstanding
	hungUp    bool // sending failed: what is still there is read, then gone
	late      int  // answers to requests that were given up and have not come
	closed    bool // the executive closed the connection
	seq       uint32
	op        ipcwire.Op

	head    []byte   // header and body of the outstanding request
	parts   [][]byte // its payload, the caller's memory
	sent    int      // bytes of head and parts that went
	total   int
	backlog []byte // rest of an abandoned request that had gone in part
	in      inbox
	result  ipcwire.Error
	answer  []byte
	welcome ipcwire.Welcome

	callbacks callbackHalf
}

// Dial starts a connection. It returns at once; Step carries the handshake on and
// Answer tells its result. The error is that of a connection that could not even
// be started, and the Conn is nil then:
//
//	ErrTryAgain      no executive listens there, or its queue is full
//	ErrSecurity      whoever listens there is not to be believed
//	ErrAccess        the path of the socket is closed to this user
//	ErrInvalidParam  the socket's name or the hello is too long
//	ErrNoResources   no descriptor left
func Dial(o Options) (*Conn, ipcwire.Error) {
	name, abstract, ok := ipcwire.SocketName(socketOf(&o, setID()))
	if !ok || len(o.Hello) > ipcwire.MaxHello {
		return nil, ipcwire.ErrInvalidParam
	}
	fd, errno := usock.Socket()
	if errno != 0 {
		return nil, ipcwire.ErrNoResources
	}
	if fd = usock.High(fd); fd < 0 {
		return nil, ipcwire.ErrNoResources
	}
	err := ipcwire.ErrTryAgain
	switch usock.Connect(fd, name, abstract) {
	case 0:
		err = checkServer(fd, o.AisUID)
	case unix.EACCES, unix.EPERM:
		err = ipcwire.ErrAccess
	}
	if err != ipcwire.OK {
		usock.Close(fd)
		return nil, err
	}
	c := &Conn{fd: fd, cbfd: -1, ringfd: -1, handshake: true}
	hello := ipcwire.AppendHello(nil, &ipcwire.Hello{Protocol: ipcwire.Protocol, Service: o.Service, Generation: o.Generation, Body: o.Hello})
	c.begin(ipcwire.OpHello, hello)
	return c, ipcwire.OK
}

// Start begins a request: its body, then payload parts that are not copied and
// must stay as they are until Step says done or Abandon is called. Follow with
// Step. It sends nothing yet. ErrTooBig: the frame would exceed
// ipcwire.MaxFrame; ErrLibrary: the executive is gone; ErrBusy: a request is
// outstanding.
func (c *Conn) Start(op ipcwire.Op, body []byte, payload ...[]byte) ipcwire.Error {
	if c.busy {
		return ipcwire.ErrBusy
	}
	if c.gone.Load() || c.cbfd < 0 {
		return ipcwire.ErrLibrary
	}
	size := ipcwire.HeaderSize + len(body)
	for _, p := range payload {
		// Compared part by part: a sum of absurd lengths would wrap.
		if len(p) > ipcwire.MaxFrame-size {
			return ipcwire.ErrTooBig
		}
		size += len(p)
	}
	if size > ipcwire.MaxFrame {
		return ipcwire.ErrTooBig
	}
	c.begin(op, body, payload...)
	return ipcwire.OK
}

func (c *Conn) begin(op ipcwire.Op, body []byte, payload ...[]byte) {
	c.seq++
	if c.seq == 0 {
		c.seq = 1
	}
	c.op, c.busy, c.sent = op, true, 0
	c.result, c.answer = 0, nil
	if cap(c.head) > keepRoom {
		c.head = nil
	}
	c.parts = append(c.parts[:0], payload...)
	size := len(body)
	for _, p := range payload {
		size += len(p)
	}
	c.head = ipcwire.AppendHeader(c.head[:0], op, c.seq, 0, size)
	c.head = append(c.head, body...)
	c.total = ipcwire.HeaderSize + size
	c.in.release()
}

// Step carries the outstanding request on as far as it goes. done: Answer has the
// result. Not done: wait for w, then call again.
func (c *Conn) Step() (done bool, w Wait) {
	if !c.busy {
		return true, Wait{}
	}
	for !c.gone.Load() {
		if c.send() {
			w = Wait{int32(c.fd), PollIn}
		} else {
			// The executive may not read on before we have read what it sent:
			// the late answer of an abandoned request. So both are waited for.
			w = Wait{int32(c.fd), PollIn | PollOut}
		}
		switch c.receive() {
		case gotAnswer:
			c.finish()
			return true, Wait{}
		case gotNothing:
			return false, w
		}
	}
	c.result, c.answer = ipcwire.ErrLibrary, nil
	if c.handshake && c.closed {
		// It ended between our connect and its welcome: no executive is running.
		c.result = ipcwire.ErrTryAgain
	}
	c.finish()
	return true, Wait{}
}

// Push is the first Step after Start or Dial: it does not look for an answer that
// cannot be there yet.
func (c *Conn) Push() (done bool, w Wait) {
	if c.busy && !c.gone.Load() && c.send() && !c.hungUp {
		return false, Wait{int32(c.fd), PollIn}
	}
	return c.Step()
}

// Answer is the result of the request that was done last. body is valid until
// the next Start or Close. A request the executive did not answer because it is
// gone has ErrLibrary.
func (c *Conn) Answer() (err ipcwire.Error, body []byte) { return c.result, c.answer }

// Abandon gives the outstanding request up: its answer will be discarded, its
// payload is not looked at any more. Whether the executive still acts on it is
// open. An abandoned handshake leaves the connection good for Close only.
func (c *Conn) Abandon() {
	if !c.busy {
		return
	}
	if c.handshake {
		c.gone.Store(true)
	} else if c.sent > 0 {
		c.late++
	}
	if !c.handshake && c.sent > 0 && c.sent < c.total {
		// The frame must be completed or the stream is lost. What is left of it
		// goes out before the next request. There is no older backlog: nothing
		// of this request went before that was gone.
		c.backlog = c.appendUnsent(c.backlog[:0])
	}
	c.finish()
}

func (c *Conn) appendUnsent(dst []byte) []byte {
	skip := c.sent
	for i := -1; i < len(c.parts); i++ {
		p := c.head
		if i >= 0 {
			p = c.parts[i]
		}
		n := min(skip, len(p))
		skip -= n
		dst = append(dst, p[n:]...)
	}
	return dst
}

func (c *Conn) finish() {
	c.busy, c.handshake = false, false
	clear(c.parts) // the caller's memory must not be reachable any longer
	c.parts = c.parts[:0]
}

// Seq is the number of the last request.
func (c *Conn) Seq() uint32 { return c.seq }

// Continue takes over from a caller that has sent requests on the descriptor by
// itself, the last of them with number seq. It may do so while Clean.
func (c *Conn) Continue(seq uint32) {
	if !c.busy {
		c.seq = seq
	}
}

// Clean tells whether nothing is under way on the request half: no byte of an
// earlier request or answer is to come, neither here nor in the kernel.
func (c *Conn) Clean() bool {
	return !c.busy && !c.hungUp && !c.gone.Load() && c.late == 0 &&
		len(c.backlog) == 0 && c.in.skip == 0 && len(c.in.have()) == 0
}

// Late says that a request of the caller's own, the one told with Continue, was
// given up. part is what has arrived of its answer; the rest will be discarded
// when it comes.
func (c *Conn) Late(part []byte) {
	c.late++
	c.in.buf, c.in.r, c.in.w = append([]byte(nil), part...), 0, len(part)
}

// Welcome is what the executive said of itself in the handshake.
func (c *Conn) Welcome() ipcwire.Welcome { return c.welcome }

// StartRing begins asking for memory shared with the executive (see
// ipcwire.OpRing). When it is done with OK, TakeRing has the descriptor; the
// memory is used once StartRingUse is done with OK, and then the callbacks come
// there: NextCallback has none any more.
func (c *Conn) StartRing() ipcwire.Error { return c.Start(ipcwire.OpRing, nil) }

// StartRingUse begins telling the executive that the memory is mapped.
func (c *Conn) StartRingUse() ipcwire.Error { return c.Start(ipcwire.OpRingUse, nil) }

// StartAsk begins asking for memory through which requests and answers may go (see
// ipcwire.OpAsk). When it is done with OK, TakeRing has the descriptor. This package
// goes on using the sockets.
func (c *Conn) StartAsk() ipcwire.Error { return c.Start(ipcwire.OpAsk, nil) }

// TakeRing returns the descriptor that the answer to StartRing brought, once; the
// caller closes it. -1: the kernel dropped it.
func (c *Conn) TakeRing() int {
	fd := c.ringfd
	c.ringfd = -1
	return fd
}

// Gone tells whether the executive has gone, as far as a call has noticed.
func (c *Conn) Gone() bool { return c.gone.Load() }

// FDs are the connection's descriptors, requests first, -1 where there is none.
// They are for a forked child, which closes its copies.
func (c *Conn) FDs() (requests, callbacks int32) { return int32(c.fd), int32(c.cbfd) }

// Shutdown ends the connection for both sides without releasing its descriptors:
// whoever waits on them wakes up, and every call from now on has ErrLibrary
// (NextCallback once it has taken what had arrived). Any thread may call it at any time before Close, even when forked children hold
// copies of the descriptors.
func (c *Conn) Shutdown() {
	c.gone.Store(true)
	usock.Shutdown(c.fd)
	if c.cbfd >= 0 {
		usock.Shutdown(c.cbfd)
	}
}

// Close shuts down and releases everything. Nobody may use the connection while
// it runs or afterwards.
func (c *Conn) Close() {
	if c.fd < 0 {
		return
	}
	c.Shutdown()
	usock.Close(c.fd)
	if c.cbfd >= 0 {
		usock.Close(c.cbfd)
	}
	if c.ringfd >= 0 {
		usock.Close(c.ringfd)
	}
	c.fd, c.cbfd, c.ringfd = -1, -1, -1
	c.finish()
	c.head, c.backlog, c.answer, c.in, c.callbacks = nil, nil, nil, inbox{}, callbackHalf{}
}
