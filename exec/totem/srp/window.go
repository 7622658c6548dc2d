package srp

import "ais/exec/totem/wire"

// maxSlots bounds the messages of a ring that are kept at a time.
const maxSlots = 1 << 15

// slot keeps one message as the packet it came in.
type slot struct {
	seq    uint64 // 0: never used
	source int    // place of the sender in the ring
	safe   bool
	encap  bool
	served uint64 // token visit at which it was sent again
	buf    []byte // the packet; its capacity is reused
}

// window is what a processor knows of one ring: its members, its messages that
// are not yet known to be everywhere, and how far it got. The slots are a ring
// buffer of reused packet buffers: message s lies in slot s mod len.
type window struct {
	ring    wire.RingID
	members []wire.Member
	self    int
	slots   []slot

	high      uint64 // highest message that was ever here
	aru       uint64 // everything up to here is here
	delivered uint64 // everything up to here was delivered (or needs no delivery)
	safe      uint64 // everything up to here is at every member
	known     uint64 // of safe, what the token told: everybody else learns it from the token, too, a rotation later at most
	freed     uint64 // everything up to here is forgotten
	freedPrev uint64 // freed as it was at the token visit before

	// frozen is set once a commit token told others what is here: from then on
	// only Recovery adds messages, so that all members count on the same set.
	frozen     bool
	obligation wire.Obligation
}

// newWindow makes a window that can keep n messages (a power of two).
func newWindow(n int) *window {
	return &window{slots: make([]slot, n)}
}

// reset prepares w for another ring; buffers stay.
func (w *window) reset(ring wire.RingID, members []wire.Member, self int) {
	for i := range w.slots {
		w.slots[i].seq = 0
	}
	*w = window{ring: ring, members: members, self: self, slots: w.slots}
}

func (w *window) at(seq uint64) *slot { return &w.slots[seq&uint64(len(w.slots)-1)] }

// has tells whether message seq is here and not forgotten.
func (w *window) has(seq uint64) bool { return seq > w.freed && w.at(seq).seq == seq }

// fits tells whether message seq can be kept.
func (w *window) fits(seq uint64) bool {
	return seq > w.freed && seq-w.freed <= uint64(len(w.slots))
}

// place returns the slot for message seq with a buffer of n bytes.
func (w *window) place(seq uint64, n, maxPacket int) *slot {
	s := w.at(seq)
	if cap(s.buf) < n {
		s.buf = make([]byte, maxPacket)
	}
	s.buf = s.buf[:n]
	s.seq = seq
	return s
}

// prepared is how many messages of an idle ring find memory that is there.
const prepared = 4

// prepare gives the next slots buffers whose pages are in memory, as long as there
// is nothing else to do: the first message after silence would have to wait for
// that.
func (w *window) prepare(maxPacket int) {
	for i := range uint64(min(prepared, len(w.slots))) {
		s := w.at(w.high + 1 + i)
		if cap(s.buf) >= maxPacket || w.has(s.seq) {
			continue
		}
		b := make([]byte, maxPacket)
		for at := 0; at < maxPacket; at += 1024 {
			b[at] = 1
		}
		s.buf = b[:0]
	}
}

// advance moves high and aru after message seq was placed.
func (w *window) advance(seq uint64) {
	w.high = max(w.high, seq)
	for w.has(w.aru + 1) {
		w.aru++
	}
}

// free forgets what is delivered and everywhere.
func (w *window) free() {
	w.freed = max(w.freed, min(w.safe, w.delivered))
}

// index returns the place of id in the ring, or -1. Members are sorted.
func (w *window) index(id wire.NodeID) int { return indexOf(w.members, id) }

func indexOf(members []wire.Member, id wire.NodeID) int {
	lo, hi := 0, len(members)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if members[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(members) && members[lo].ID == id {
		return lo
	}
	return -1
}

func (s *slot) guarantee() wire.Guarantee {
	if s.safe {
		return wire.Safe
	}
	return wire.Agreed
}

// payload returns what the sender gave for the message in s.
func (s *slot) payload() []byte { return s.buf[wire.DataHeader:] }
