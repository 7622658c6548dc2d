// The queues of messages that wait for the token, one per lane, and the memory
// behind them. Nothing here knows the ring or the wire format.

package gmi

import "ais/exec/totem/wire"

// lane is where a message queues: first that of synchronization, then those of
// the free messages by priority, then those of the gated ones. A sender finishes
// a message before it begins the next of the same lane.
type lane uint8

const (
	laneSync  lane = 0
	laneFree  lane = 1
	laneGated lane = laneFree + lane(Priorities)
	lanes     lane = laneGated + lane(Priorities)
)

// laneOf is the lane of a class and a priority.
func laneOf(c Class, p Priority) lane {
	switch c {
	case Sync:
		return laneSync
	case Gated:
		return laneGated + lane(p)
	default:
		return laneFree + lane(p)
	}
}

const (
	slabSize = 64 << 10
	// slabLargest is the largest message that is put into a slab; larger ones
	// have a buffer of their own.
	slabLargest = slabSize / 4
	// poolBytes bounds what is kept for reuse of slabs, and of large buffers.
	poolBytes = 4 << 20

	// entryCost is what a waiting message is accounted with besides its bytes:
	// the entry itself and the largest header.
	entryCost = 128
)

// slab holds the bytes of several small messages of one queue.
type slab struct {
	buf  []byte
	live int // messages in it that still wait
}

// pending is a message of this node that waits, wholly or from off on.
type pending struct {
	id    MessageID
	guar  wire.Guarantee
	group string
	data  []byte // with head bytes before the message
	off   int    // what was sent of the message
	slab  *slab  // nil when data is a buffer of its own

	head      uint8 // room for a header where a message may be a payload as it lies here
	fragments uint8 // records of it that were sent; only the low bits count
}

// message is the whole message.
func (p *pending) message() []byte { return p.data[p.head:] }

func (p *pending) size() int { return len(p.data) - int(p.head) }

// queue is a FIFO of pending messages in a ring buffer.
type queue struct {
	entries    []pending // length is a power of two
	head, size int
	used       int // bytes accounted
	limit      int
	fill       *slab // the slab new messages go to
	refused    bool  // SendOK said no since room was last announced
}

func cost(size int) int { return size + entryCost }

func (q *queue) at(i int) *pending { return &q.entries[(q.head+i)&(len(q.entries)-1)] }

func (q *queue) front() *pending { return q.at(0) }

// unsent is the bytes accounted less what was sent of the message in progress.
func (q *queue) unsent() int {
	if q.size == 0 {
		return 0
	}
	return q.used - q.front().off
}

func (q *queue) push(p pending) {
	if q.size == len(q.entries) {
		grown := make([]pending, max(16, 2*len(q.entries)))
		for i := range q.size {
			grown[i] = *q.at(i)
		}
		q.entries, q.head = grown, 0
	}
	q.size++
	*q.at(q.size - 1) = p
	q.used += cost(p.size())
}

// pop forgets the front message and gives its memory back.
func (q *queue) pop(m *memory) {
	p := q.front()
	switch s := p.slab; {
	case s == nil:
		m.putLarge(p.data)
	default:
		s.live--
		if s.live == 0 {
			s.buf = s.buf[:0]
			if s != q.fill {
				m.putSlab(s)
			}
		}
	}
	q.drop()
}

// drop forgets the front message, whose memory somebody else has.
func (q *queue) drop() {
	p := q.front()
	q.used -= cost(p.size())
	*p = pending{}
	q.head = (q.head + 1) & (len(q.entries) - 1)
	q.size--
}

// store copies parts, size bytes in all, into memory for a waiting message. A large
// one has room before it.
func (q *queue) store(m *memory, size int, parts [][]byte) (data []byte, head uint8, s *slab) {
	if size > slabLargest {
		b := m.getLarge(headRoom + size)[:headRoom]
		for _, part := range parts {
			b = append(b, part...)
		}
		return b, headRoom, nil
	}
	if q.fill == nil || len(q.fill.buf)+size > slabSize {
		// The slab left behind has messages in it; it goes back with the last.
		q.fill = m.getSlab()
	}
	s = q.fill
	start := len(s.buf)
	for _, part := range parts {
		s.buf = append(s.buf, part...)
	}
	s.live++
	return s.buf[start:len(s.buf):len(s.buf)], 0, s
}

// memory keeps slabs and large buffers for reuse, within poolBytes each.
type memory struct {
	slabs      []*slab
	large      [][]byte
	largeBytes int
}

func (m *memory) getSlab() *slab {
	if n := len(m.slabs); n > 0 {
		s := m.slabs[n-1]
		m.slabs = m.slabs[:n-1]
		return s
	}
	return &slab{buf: make([]byte, 0, slabSize)}
}

func (m *memory) putSlab(s *slab) {
	s.buf = s.buf[:0]
	if len(m.slabs) < poolBytes/slabSize {
		m.slabs = append(m.slabs, s)
	}
}

// getLarge returns an empty buffer with room for at least size bytes. size is a
// number of our own, never one from a peer.
func (m *memory) getLarge(size int) []byte {
	for i := len(m.large) - 1; i >= 0; i-- {
		if b := m.large[i]; cap(b) >= size {
			last := len(m.large) - 1
			m.large[i] = m.large[last]
			m.large[last] = nil
			m.large = m.large[:last]
			m.largeBytes -= cap(b)
			return b[:0]
		}
	}
	return make([]byte, 0, size)
}

func (m *memory) putLarge(b []byte) {
	if cap(b) > slabLargest && m.largeBytes+cap(b) <= poolBytes {
		m.large = append(m.large, b[:0])
		m.largeBytes += cap(b)
	}
}
