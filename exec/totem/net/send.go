// Sending: packets are queued in buffers with their destinations, and leave in
// as few system calls and messages as possible. Owns the send buffers; knows
// nothing of what is in them.

package net

import (
	"math/bits"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/exec/totem/wire"
)

const (
	maxMessages = 64    // per system call
	maxSegments = 64    // per message, the kernel's limit
	maxRun      = 65000 // bytes per message
	maxIovecs   = 1024  // per system call, the kernel's limit
	poolBytes   = 4 << 20
	maxRetries  = 4
)

// entry is a queued packet.
type entry struct {
	buf, n int
	to     slots
}

// batch is what one Flush covers.
type batch struct {
	entries []entry
	to      slots // all destinations
	first   slots // destinations of packets that go to them alone
	many    bool  // some packet has several destinations
}

func (b *batch) reset() {
	b.entries = b.entries[:0]
	b.to, b.first, b.many = slots{}, slots{}, false
}

// cursor is how far a batch has been handed to the kernel. A batch whose packets
// all have one destination is walked in order. Else it is walked destination by
// destination: order matters only within one.
type cursor struct {
	order []int // destinations still to serve, when the batch is walked by destination
	entry int
}

type sender struct {
	t       *Transport
	mem     []byte // the buffers
	stride  int
	free    []int
	current int // buffer given out by Room; -1: none
	next    batch
	cur     batch
	at      cursor
	order   [maxSlots]int
	offload bool
	blocked bool // waiting for the socket to become writable
	retries int

	msgs  [maxMessages]mmsghdr
	after [maxMessages]cursor // where the cursor is once the message is sent
	count [maxMessages]sent
	iovs  [maxIovecs]unix.Iovec
	ctrl  [maxMessages]control
}

type sent struct {
	packets, bytes uint64
	group          bool
}

func (s *sender) init(t *Transport) {
	s.t = t
	s.stride = (t.size + 63) &^ 63
	n := min(max(poolBytes/s.stride, 64), 1024)
	s.mem = make([]byte, n*s.stride)
	s.free = make([]int, n)
	for i := range s.free {
		s.free[i] = n - 1 - i
	}
	s.next.entries = make([]entry, 0, n)
	s.cur.entries = make([]entry, 0, n)
	s.current = -1
}

func (s *sender) pending() bool { return len(s.cur.entries) > 0 || len(s.next.entries) > 0 }

func (s *sender) buffer(i int) []byte { return s.mem[i*s.stride:][:s.t.size:s.t.size] }

// Room returns a buffer of Size bytes to write the next packet into; ToNode,
// ToNodes or ToAll then queue it. Without one of these the next Room returns the
// same buffer. nil: everything is full, the packet has to be dropped (counted
// here).
func (t *Transport) Room() []byte {
	s := &t.out
	if s.current < 0 {
		if len(s.free) == 0 {
			t.Flush()
		}
		if len(s.free) == 0 {
			t.stats.SendQueueFull++
			return nil
		}
		s.current = s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
	}
	return s.buffer(s.current)
}

// ToAll queues the first n bytes of the buffer for everybody.
func (t *Transport) ToAll(n int) { t.out.queue(n, t.all) }

// ToNode queues the first n bytes of the buffer for one node. False: its address
// is not known, and the packet is dropped.
func (t *Transport) ToNode(n int, id wire.NodeID) bool {
	var to slots
	if id == t.cfg.Self || !t.book.route(id, &to) {
		t.stats.NoAddress++
		return false
	}
	t.out.queue(n, to)
	return true
}

// ToNodes queues the first n bytes of the buffer for these nodes (the own id
// among them is skipped): through the group where there is one.
func (t *Transport) ToNodes(n int, ids []wire.NodeID) {
	if t.mcast >= 0 {
		t.ToAll(n)
		return
	}
	var to slots
	for _, id := range ids {
		if id != t.cfg.Self && !t.book.route(id, &to) {
			t.stats.NoAddress++
		}
	}
	t.out.queue(n, to)
}

func (s *sender) queue(n int, to slots) {
	if s.current < 0 || n <= 0 || n > s.t.size {
		panic("net: a packet is queued that was not written into the buffer")
	}
	if to.empty() {
		return // the buffer stays current
	}
	b := &s.next
	b.entries = append(b.entries, entry{s.current, n, to})
	s.current = -1
	b.to.merge(&to)
	count := 0
	for _, w := range to {
		count += bits.OnesCount64(w)
	}
	if count > 1 {
		b.many = true
	} else {
		b.first.merge(&to)
	}
}

// Flush hands what is queued to the kernel. What it does not take now is kept
// and sent, in order, when it can.
func (t *Transport) Flush() {
	s := &t.out
	if s.blocked {
		return
	}
	for {
		if len(s.cur.entries) == 0 {
			if len(s.next.entries) == 0 {
				return
			}
			s.cur, s.next = s.next, s.cur
			s.begin()
		}
		if !s.push() {
			s.block()
			return
		}
		for i := range s.cur.entries {
			s.free = append(s.free, s.cur.entries[i].buf)
		}
		s.cur.reset()
	}
}

// begin puts the cursor at the start of the batch.
func (s *sender) begin() {
	s.at = cursor{}
	s.retries = 0
	if !s.cur.many {
		return
	}
	order := s.order[:0]
	for pass := 0; pass < 2; pass++ {
		for w, word := range s.cur.to {
			for ; word != 0; word &= word - 1 {
				i := w*64 + bits.TrailingZeros64(word)
				if s.cur.first.has(i) == (pass == 0) {
					order = append(order, i)
				}
			}
		}
	}
	s.at.order = order
}

// push sends from the cursor to the end of the batch. False: the kernel has no
// room now.
func (s *sender) push() bool {
	for {
		n := s.build()
		if n == 0 {
			return true
		}
		s.t.stats.SendCalls++
		done, errno := sendmmsg(s.t.ucast, s.msgs[:n])
		if errno != 0 {
			done = 0
			switch s.failed(errno) {
			case sendLater:
				return false
			case sendSkip:
				s.at = s.after[0]
			}
			continue
		}
		s.retries = 0
		for i := 0; i < done; i++ {
			s.t.stats.SentPackets += s.count[i].packets
			s.t.stats.SentBytes += s.count[i].bytes
			if s.count[i].group {
				s.t.in.looped(s.count[i].packets)
			}
		}
		s.t.stats.SendMessages += uint64(done)
		s.at = s.after[done-1]
	}
}

type verdict int

const (
	sendAgain verdict = iota
	sendLater
	sendSkip
)

// failed decides what becomes of the first message that was refused.
func (s *sender) failed(errno unix.Errno) verdict {
	switch errno {
	case unix.EINTR:
		return sendAgain
	case unix.EAGAIN:
		s.t.stats.SendBlocked++
		return sendLater
	case unix.EINVAL, unix.EIO, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
		if s.offload && s.msgs[0].hdr.Controllen != 0 {
			// The device or the kernel cannot segment: never ask again.
			s.offload, s.t.stats.SegmentOffload = false, false
			return sendAgain
		}
	case unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EHOSTDOWN, unix.ECONNRESET, unix.EPROTO:
		// An ICMP error of an earlier packet is reported to this one, which was
		// not sent. Taking it off the queue clears it.
		s.t.in.errors(s.t.ucast)
		if s.retries++; s.retries <= maxRetries {
			return sendAgain
		}
	}
	s.retries = 0
	s.t.stats.SendErrors++
	s.t.stats.LastSendError = unix.ErrnoName(errno)
	return sendSkip
}

// block waits for the socket to become writable.
func (s *sender) block() {
	s.blocked = true
	s.t.loop.Mod(s.t.ucast, loop.Readable|loop.Writable)
}

// writable resumes.
func (s *sender) writable() {
	s.blocked = false
	s.t.loop.Mod(s.t.ucast, loop.Readable)
	s.t.Flush()
}

// build prepares messages from the cursor on and returns how many.
func (s *sender) build() int {
	at := s.at
	n, iov := 0, 0
	for n < maxMessages && iov < maxIovecs {
		d, ok := s.seek(&at)
		if !ok {
			break
		}
		used := s.message(n, iov, d, &at)
		s.after[n] = at
		iov += used
		n++
	}
	return n
}

// seek moves to the next packet to send and returns its destination.
func (s *sender) seek(at *cursor) (dest int, ok bool) {
	if !s.cur.many {
		if at.entry == len(s.cur.entries) {
			return 0, false
		}
		return s.only(at.entry), true
	}
	for ; len(at.order) > 0; at.order, at.entry = at.order[1:], 0 {
		d := at.order[0]
		for ; at.entry < len(s.cur.entries); at.entry++ {
			if s.cur.entries[at.entry].to.has(d) {
				return d, true
			}
		}
	}
	return 0, false
}

// only is the one destination of an entry.
func (s *sender) only(i int) int {
	for w, word := range s.cur.entries[i].to {
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	return 0
}

// message makes msgs[n] of the packet at the cursor and the ones behind it that
// can travel with it: same destination, same size, but the last may be shorter.
// It moves the cursor behind them and returns the number of iovecs used.
func (s *sender) message(n, iov, d int, at *cursor) (used int) {
	size := s.cur.entries[at.entry].n
	total := 0
	for at.entry < len(s.cur.entries) && iov+used < maxIovecs && used < maxSegments {
		e := &s.cur.entries[at.entry]
		if !e.to.has(d) {
			if s.cur.many {
				at.entry++ // for others; their turn comes
				continue
			}
			break
		}
		if used > 0 && (!s.offload || e.n > size || total+e.n > maxRun) {
			break
		}
		v := &s.iovs[iov+used]
		v.Base = &s.mem[e.buf*s.stride]
		v.SetLen(e.n)
		used++
		total += e.n
		at.entry++
		if e.n < size {
			break
		}
	}
	h := &s.msgs[n].hdr
	to := &s.t.book.dests[d].sa
	h.Name, h.Namelen = &to.raw[0], to.len
	h.Iov = &s.iovs[iov]
	h.SetIovlen(used)
	h.Control = nil
	h.SetControllen(0)
	if used > 1 {
		h.Control = (*byte)(s.ctrl[n].pointer())
		h.SetControllen(s.ctrl[n].setSegment(size))
	}
	s.count[n] = sent{uint64(used), uint64(total), d == 0 && s.t.mcast >= 0}
	return used
}
