// Receiving: batches of messages, split into packets, in the order that data
// comes before the token that follows it. Owns the receive buffers.

package net

import (
	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

const (
	receiveMessages = 32
	receiveSize     = 65536 // of one message; with UDP_GRO it holds many packets
	// receiveRounds bounds how often one wake-up goes back to a socket that is
	// still full, so that timers get their turn under a flood.
	receiveRounds = 8
)

// inbox is the buffers of one socket.
type inbox struct {
	mem   []byte
	msgs  [receiveMessages]mmsghdr
	iovs  [receiveMessages]unix.Iovec
	names [receiveMessages]sockaddr
	ctrl  [receiveMessages]control
	drops uint32 // the kernel's counter as last seen
	// The kernel counts as dropped what our filter dropped, too: one's own multicasts.
	dropped, own, lost uint64
}

type receiver struct {
	t      *Transport
	ucast  inbox
	mcast  *inbox
	errBuf inboxErr
	// emptied is the wake-up in which the group's socket was read until it was
	// empty: its own event in the same one has nothing to tell.
	emptied uint64
}

type inboxErr struct {
	msg  unix.Msghdr
	name sockaddr
	ctrl control
	iov  unix.Iovec
	data [64]byte
}

func (r *receiver) init(t *Transport) {
	r.t = t
	r.ucast.init()
	if t.cfg.Links[0].Group.IsValid() {
		r.mcast = new(inbox)
		r.mcast.init()
	}
}

// init only reserves address space: a page costs memory once a packet was
// written there.
func (b *inbox) init() {
	b.mem = make([]byte, receiveMessages*receiveSize)
	for i := range b.msgs {
		v := &b.iovs[i]
		v.Base = &b.mem[i*receiveSize]
		v.SetLen(receiveSize)
		h := &b.msgs[i].hdr
		h.Iov = v
		h.SetIovlen(1)
		h.Name = &b.names[i].raw[0]
		h.Control = (*byte)(b.ctrl[i].pointer())
	}
}

// looped notes a message to the group of so many packets, which comes back and is
// dropped by the filter: as one if the socket takes it as one.
func (r *receiver) looped(packets uint64) {
	switch s := &r.t.stats; {
	case !s.OwnFiltered:
	case s.ReceiveOffload:
		r.mcast.own++
	default:
		r.mcast.own += packets
	}
}

// noteDrops takes the kernel's counter and returns how many messages more than before
// were lost because the buffer was full. The counter is that of the moment in which the
// message it came with was queued: own ones sent since are in ours already, so the
// result may come late, but is never too large.
func (b *inbox) noteDrops(drops uint32) uint64 {
	b.dropped += uint64(drops - b.drops) // wraps as the kernel's does
	b.drops = drops
	before := b.lost
	b.lost = max(b.lost, b.dropped-min(b.dropped, b.own))
	return b.lost - before
}

// fill receives one batch and returns how many messages came.
func (r *receiver) fill(fd int, b *inbox) int {
	for try := 0; try < 8; try++ {
		for i := range b.msgs {
			h := &b.msgs[i].hdr
			h.Namelen = uint32(len(b.names[i].raw))
			h.SetControllen(controlSize)
			h.Flags = 0
		}
		r.t.stats.ReceiveCalls++
		n, errno := recvmmsg(fd, b.msgs[:])
		switch errno {
		case 0:
			r.t.stats.ReceiveMessages += uint64(n)
			return n
		case unix.EAGAIN:
			return 0
		case unix.EINTR:
		default:
			r.errors(fd) // an ICMP error came; taking it off clears the state
		}
	}
	return 0
}

// deliver hands the packets of the first n messages up.
func (r *receiver) deliver(b *inbox, n int) {
	t := r.t
	for i := 0; i < n; i++ {
		h := &b.msgs[i].hdr
		m := b.ctrl[i].parse(int(h.Controllen))
		if m.hasDrop && m.drops != b.drops {
			t.stats.KernelDrops += b.noteDrops(m.drops)
		}
		from := b.names[i].addrPort()
		data := b.mem[i*receiveSize:][:min(int(b.msgs[i].n), receiveSize)]
		switch {
		case from == t.book.self:
			t.stats.Own++
			continue
		case from.Port() == 0:
			t.stats.BadSource++
			continue
		case h.Flags&unix.MSG_TRUNC != 0:
			t.stats.Truncated++
			continue
		}
		size := m.segment
		if size <= 0 || size > len(data) {
			size = len(data)
		}
		for len(data) > 0 {
			pkt := data[:min(size, len(data)):min(size, len(data))]
			data = data[len(pkt):]
			t.stats.ReceivedPackets++
			t.stats.ReceivedBytes += uint64(len(pkt))
			if t.cfg.Drop != nil && t.cfg.Drop(pkt, from) {
				continue
			}
			t.cfg.Receive(pkt, from)
			if t.ucast < 0 { // closed by what the packet led to
				return
			}
		}
	}
}

func (r *receiver) mcastReady(events uint32) {
	if events&loop.Error != 0 {
		r.errors(r.t.mcast)
	}
	if r.emptied != r.t.loop.Stats().Wakeups {
		r.drainMulticast()
	}
}

// drainMulticast reads the group's socket until it is empty, within bounds.
func (r *receiver) drainMulticast() {
	for i := 0; i < receiveRounds && r.t.mcast >= 0; i++ {
		n := r.fill(r.t.mcast, r.mcast)
		r.deliver(r.mcast, n)
		if n < receiveMessages {
			r.emptied = r.t.loop.Stats().Wakeups
			return
		}
	}
}

// ucastReady reads unicast first but hands it up last: what was multicast before
// a token was sent lies in the other socket by the time the token is here.
func (r *receiver) ucastReady(events uint32) {
	if events&loop.Error != 0 {
		r.errors(r.t.ucast)
	}
	if events&loop.Writable != 0 && r.t.out.blocked {
		r.t.out.writable()
	}
	if events&loop.Readable == 0 {
		return
	}
	for i := 0; i < receiveRounds && r.t.ucast >= 0; i++ {
		n := r.fill(r.t.ucast, &r.ucast)
		if n > 0 && r.t.mcast >= 0 && !(r.t.cfg.UnicastFirst != nil && r.t.cfg.UnicastFirst()) {
			r.drainMulticast()
		}
		r.deliver(&r.ucast, n)
		if n < receiveMessages {
			return
		}
	}
}

// errors takes the ICMP errors off a socket's queue. The kernel stores the
// destination of the packet that caused it as the message's name.
func (r *receiver) errors(fd int) {
	e := &r.errBuf
	for i := 0; i < 256 && fd >= 0; i++ {
		e.iov.Base = &e.data[0]
		e.iov.SetLen(len(e.data))
		e.msg = unix.Msghdr{Name: &e.name.raw[0], Namelen: uint32(len(e.name.raw)), Iov: &e.iov, Control: (*byte)(e.ctrl.pointer())}
		e.msg.SetIovlen(1)
		e.msg.SetControllen(controlSize)
		_, errno := recvmsg(fd, &e.msg, unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			// Nothing queued. An error may still be pending on the socket itself.
			unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
			return
		}
		m := e.ctrl.parse(int(e.msg.Controllen))
		if m.err == nil || m.err.origin != unix.SO_EE_ORIGIN_ICMP && m.err.origin != unix.SO_EE_ORIGIN_ICMP6 {
			continue
		}
		r.t.stats.IcmpErrors++
		if unix.Errno(m.err.errno) == unix.ECONNREFUSED {
			// Port unreachable: the machine is there, the process is not.
			if a := e.name.addrPort(); a.Port() == r.t.book.port {
				r.t.tcp.doubt(r.t.book.who(a.Addr()))
			}
		}
	}
}
