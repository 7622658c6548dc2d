// TCP connections whose only use is that they end when a process does. Owns the
// listening socket and the connections. Nothing is believed because of them.

package net

import (
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/exec/totem/wire"
)

const (
	maxInbound     = 256
	maxInboundAddr = 4 // of one address
	backoffFirst   = 50 * time.Millisecond
	backoffMax     = 5 * time.Second
	farewell       = 'q' // sent before a deliberate close
	maxChecks      = 16
	checkTime      = 5 * time.Millisecond
	acceptPause    = 100 * time.Millisecond // when descriptors or memory are short
)

// peer is one connection.
type peer struct {
	h     *hints
	fd    int
	id    wire.NodeID // outbound: whom we connect to
	addr  netip.Addr
	up    bool // established
	check bool // made to see whether the port of id is still served
	bye   bool // the other side said that it will close
	alien bool // sent something that no executive sends

	number uint64        // of inbound ones: order of arrival
	giveUp time.Duration // of checks: when no answer is one
}

type hints struct {
	t       *Transport
	lfd     int
	in      []*peer
	checks  []*peer     // at most one for each id
	want    wire.NodeID // successor on the ring; 0: none
	out     *peer
	backoff time.Duration
	timer   *loop.Timer
	late    *loop.Timer // for checks without an answer
	again   *loop.Timer // accepts again after acceptPause
}

func (h *hints) init(t *Transport) {
	h.t, h.lfd = t, -1
	h.timer = t.loop.NewTimer(h.connect)
	h.late = t.loop.NewTimer(h.checkLate)
	h.again = t.loop.NewTimer(h.resumeAccept)
}

// listen opens the listening socket. Without it (somebody has the port) there
// are fewer hints and nothing worse; Stats tells.
func (h *hints) listen() {
	fail := func(fd int, what string, err error) {
		if fd >= 0 {
			unix.Close(fd)
		}
		h.t.stats.HintsError = what + ": " + err.Error()
	}
	self := h.t.book.self
	fd, err := h.socket()
	if err != nil {
		fail(fd, "TCP socket", err)
		return
	}
	// So that a restart need not wait for connections of the start before.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		fail(fd, "SO_REUSEADDR", err)
		return
	}
	if err := unix.Bind(fd, unixAddr(self, h.t.book.scope)); err != nil {
		fail(fd, "bind TCP "+self.String(), err)
		return
	}
	if err := unix.Listen(fd, 64); err != nil {
		fail(fd, "listen on TCP "+self.String(), err)
		return
	}
	if err := h.t.loop.Add(fd, loop.Readable, loop.HandlerFunc(h.accept)); err != nil {
		fail(fd, "epoll", err)
		return
	}
	h.lfd = fd
	h.t.stats.HintsOn = true
}

func (h *hints) socket() (int, error) {
	return unix.Socket(familyOf(h.t.book.self.Addr()).domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

// SetNeighbour names the successor on the ring, whose end is to be noticed (0:
// none). Its predecessor's connection comes in by itself.
func (t *Transport) SetNeighbour(id wire.NodeID) {
	h := &t.tcp
	if h.t == nil || t.cfg.NoHints || id == h.want {
		return
	}
	h.want = id
	if h.out != nil {
		h.leave(h.out)
	}
	h.timer.Stop()
	h.backoff = 0
	if id != 0 {
		h.connect()
	}
}

// connect starts a connection to the wanted neighbour.
func (h *hints) connect() {
	if h.want == 0 || h.out != nil {
		return
	}
	to, ok := h.t.book.address(h.want)
	if !ok {
		h.retry()
		return
	}
	p, err := h.dial(h.want, to)
	if err != nil {
		if err == unix.ECONNREFUSED {
			h.t.rate.add(h.want)
		}
		h.retry()
		return
	}
	h.out = p
}

// dial begins a connection to a node and watches it.
func (h *hints) dial(id wire.NodeID, to netip.AddrPort) (*peer, error) {
	fd, err := h.socket()
	if err != nil {
		return nil, err
	}
	keepAlive(fd)
	// From the address the neighbour knows us by.
	unix.SetsockoptInt(fd, unix.IPPROTO_IP, bindNoPort, 1)
	err = unix.Bind(fd, unixAddr(netip.AddrPortFrom(h.t.book.self.Addr(), 0), h.t.book.scope))
	if err == nil {
		if err = unix.Connect(fd, unixAddr(to, h.t.book.scope)); err == unix.EINPROGRESS || err == unix.EINTR {
			err = nil
		}
	}
	p := &peer{h: h, fd: fd, id: id, addr: to.Addr()}
	if err == nil {
		err = h.t.loop.Add(fd, loop.Writable|loop.PeerClosed, p)
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return p, nil
}

// doubt takes a sign, which anybody can forge, that a node's process is gone.
func (h *hints) doubt(id wire.NodeID) {
	if h.t.cfg.NoHints {
		h.t.rate.add(id)
		return
	}
	h.check(id)
}

// check asks the kernel of a node whether its port is still served, when its
// connection ended or an ICMP error says that the port is not. A reset that
// somebody forged ends the connection and not the listening socket, so it ends
// here, even on a host so busy that the node could not answer a probe in time. Of a dead process the port is closed: the refusal
// comes within a round trip. Of a process that is dying the answer may still be
// yes, and then that connection ends in turn.
func (h *hints) check(id wire.NodeID) {
	to, ok := h.t.book.address(id)
	if id == 0 || !ok {
		return
	}
	for _, p := range h.checks {
		if p.id == id {
			return
		}
	}
	if len(h.checks) == maxChecks {
		h.t.rate.add(id)
		return
	}
	p, err := h.dial(id, to)
	if err != nil {
		h.t.rate.add(id)
		return
	}
	p.check, p.giveUp = true, h.t.loop.Refresh()+checkTime
	h.checks = append(h.checks, p)
	if _, set := h.late.Set(); !set {
		h.late.Reset(p.giveUp)
	}
}

// checkLate gives up on checks that nobody answers: a machine that is gone, or a
// link. They are hints. Timers run before sockets, so an answer may be here that
// this process was too busy to see: the socket is asked before it is given up.
func (h *hints) checkLate() {
	now, next := h.t.loop.Now(), time.Duration(0)
	for i := len(h.checks) - 1; i >= 0; i-- {
		p := h.checks[i]
		switch {
		case p.up || answered(p.fd):
		case now < p.giveUp:
			if next == 0 || p.giveUp < next {
				next = p.giveUp
			}
		default:
			h.drop(p)
			h.t.rate.add(p.id)
		}
	}
	if next > 0 {
		h.late.Reset(next)
	}
}

// answered tells whether a connection attempt has a result.
func answered(fd int) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds[:], 0)
	return err != nil || n > 0
}

// retry sets the time of the next attempt.
func (h *hints) retry() {
	h.backoff = min(max(2*h.backoff, backoffFirst), backoffMax)
	h.timer.Reset(h.t.loop.Now() + h.backoff)
}

// accept takes connections of known nodes; a stranger's is closed with a word.
func (h *hints) accept(uint32) {
	for i := 0; i < 32; i++ {
		fd, sa, err := unix.Accept4(h.lfd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
		case unix.EINTR, unix.ECONNABORTED:
			continue
		case unix.EAGAIN:
			return
		default:
			// No descriptors or memory: the connection stays in the queue and the
			// listener readable, so without a pause this would spin.
			h.t.stats.TCPAcceptErrors++
			if h.t.loop.Mod(h.lfd, 0) == nil {
				h.again.Reset(h.t.loop.Now() + acceptPause)
			}
			return
		}
		p := &peer{h: h, fd: fd, addr: sockAddr(sa), up: true}
		if !h.welcome(p) {
			h.t.stats.TCPRefusedPeer++
			unix.Write(fd, []byte{farewell})
			unix.Close(fd)
			continue
		}
		if err := h.t.loop.Add(fd, loop.Readable|loop.PeerClosed, p); err != nil {
			unix.Close(fd)
			continue
		}
		keepAlive(fd)
		h.t.stats.TCPAccepted++
		p.number = h.t.stats.TCPAccepted
		h.in = append(h.in, p)
	}
}

func (h *hints) resumeAccept() {
	if h.lfd >= 0 {
		h.t.loop.Mod(h.lfd, loop.Readable)
	}
}

// welcome decides about an inbound connection. Of one address the oldest gives
// way: it may be what a cut link or a lost machine has left behind.
func (h *hints) welcome(p *peer) bool {
	if h.t.book.who(p.addr) == 0 {
		return false
	}
	var oldest *peer
	same := 0
	for _, o := range h.in {
		if o.addr == p.addr {
			same++
			if oldest == nil || o.number < oldest.number {
				oldest = o
			}
		}
	}
	if same >= maxInboundAddr {
		h.leave(oldest)
		h.t.stats.TCPRefusedPeer++
	}
	return len(h.in) < maxInbound
}

// keepAlive makes the kernel find out, in the long run, that the machine at the
// other end is gone. For the ring that comes far too late; it frees the socket.
func keepAlive(fd int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 20)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 5)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 4)
}

func sockAddr(sa unix.Sockaddr) netip.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(sa.Addr)
	case *unix.SockaddrInet6:
		return netip.AddrFrom16(sa.Addr).Unmap()
	}
	return netip.Addr{}
}

// HandleEvent sees a connection come up, say good-bye, or end.
func (p *peer) HandleEvent(events uint32) {
	h := p.h
	if !p.up {
		errno, err := unix.GetsockoptInt(p.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil || errno != 0 {
			h.ended(p, unix.Errno(errno))
			return
		}
		if events&loop.Writable == 0 {
			return
		}
		p.up = true
		if p.check {
			// Served. Watched until the other side closes it or this one needs it no more:
			// should the process be dying, its end is noticed.
			h.t.stats.TCPFalseEnds++
			h.letGoOfOldChecks()
		} else {
			h.backoff = 0
			h.t.stats.TCPConnects++
		}
		if err := h.t.loop.Mod(p.fd, loop.Readable|loop.PeerClosed); err != nil {
			h.ended(p, 0)
			return
		}
		if events&(loop.Readable|loop.PeerClosed|loop.Error|loop.HangUp) == 0 {
			return
		}
	}
	var buf [16]byte
	n, err := unix.Read(p.fd, buf[:])
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
	case err != nil:
		h.ended(p, err.(unix.Errno))
	case n == 0:
		h.ended(p, 0)
	case n == 1 && buf[0] == farewell && !p.bye:
		p.bye = true
	default:
		p.alien = true
		h.ended(p, 0)
	}
}

// ended is the point of it all: a connection that was not said good-bye to has
// ended, or the neighbour's port refuses us.
func (h *hints) ended(p *peer, errno unix.Errno) {
	h.drop(p)
	id := p.id
	if id == 0 {
		id = h.t.book.who(p.addr)
	}
	switch {
	case p.bye || p.alien:
	case p.up || errno == unix.ECONNRESET: // what is reset was established
		h.check(id)
	case p.check || errno == unix.ECONNREFUSED:
		h.t.rate.add(id)
	}
	if h.out == nil && h.want != 0 {
		if _, set := h.timer.Set(); !set {
			h.retry()
		}
	}
}

// leave closes a connection deliberately.
func (h *hints) leave(p *peer) {
	if p.up {
		unix.Write(p.fd, []byte{farewell})
	}
	h.drop(p)
}

func (h *hints) drop(p *peer) {
	h.t.loop.Remove(p.fd)
	unix.Close(p.fd)
	if h.out == p {
		h.out = nil
		return
	}
	h.in = without(h.in, p)
	h.checks = without(h.checks, p)
}

// without removes p; order does not matter.
func without(l []*peer, p *peer) []*peer {
	for i, o := range l {
		if o == p {
			last := len(l) - 1
			l[i], l[last] = l[last], nil
			return l[:last]
		}
	}
	return l
}

// letGoOfOldChecks keeps the newest answered check only.
func (h *hints) letGoOfOldChecks() {
	var newest *peer
	for i := len(h.checks) - 1; i >= 0; i-- {
		switch p := h.checks[i]; {
		case !p.up:
		case newest == nil:
			newest = p
		default:
			h.leave(p)
		}
	}
}

// dropChecks closes them all.
func (h *hints) dropChecks() {
	h.late.Stop()
	for len(h.checks) > 0 {
		h.leave(h.checks[len(h.checks)-1])
	}
}

// Goodbye closes the hint connections so that nobody takes it for a death. The
// driver calls it when it has left the ring.
func (t *Transport) Goodbye() {
	h := &t.tcp
	if h.t == nil {
		return
	}
	h.want = 0
	h.timer.Stop()
	h.dropChecks()
	for len(h.in) > 0 {
		h.leave(h.in[len(h.in)-1])
	}
	if h.out != nil {
		h.leave(h.out)
	}
	h.again.Stop()
	t.shut(&h.lfd)
}

// close closes everything without a word, as the death of the process would.
func (h *hints) close() {
	if h.t == nil {
		return
	}
	h.want = 0
	h.timer.Stop()
	h.dropChecks()
	for len(h.in) > 0 {
		h.drop(h.in[len(h.in)-1])
	}
	if h.out != nil {
		h.drop(h.out)
	}
	h.again.Stop()
	h.t.shut(&h.lfd)
}

func (h *hints) count(s *Stats) {
	s.TCPInbound = len(h.in)
	s.TCPOutbound = h.out != nil && h.out.up
}
