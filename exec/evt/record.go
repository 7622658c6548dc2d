// Events in memory: records that all who hold an event share, and the deadlines of
// retained ones.

package evt

import (
	"container/heap"
	"math"
	"math/bits"
)

const (
	// entryCost is what an event costs a queue besides its bytes.
	entryCost = 64
	// Records have room for a power of two of bytes, from minClass on.
	minClass = 7
	classes  = 32
	// poolBytes is how many bytes of free records of one class are kept.
	poolBytes = 1 << 20
)

// record is an event as AppendEvtShared has it. Whoever holds it has a reference.
type record struct {
	buf   []byte
	refs  int
	pool  *pool
	class int
}

// pool keeps records for reuse.
type pool struct {
	free [classes][]*record
	live int // records that someone holds, for tests
}

// copy returns a record of b with one reference.
func (p *pool) copy(b []byte) *record {
	class := max(minClass, bits.Len(uint(max(len(b), 1)-1)))
	p.live++
	if list := p.free[class]; len(list) > 0 {
		r := list[len(list)-1]
		p.free[class] = list[:len(list)-1]
		r.buf, r.refs = append(r.buf[:0], b...), 1
		return r
	}
	return &record{buf: append(make([]byte, 0, 1<<class), b...), refs: 1, pool: p, class: class}
}

func (r *record) hold() *record {
	r.refs++
	return r
}

func (r *record) release() {
	r.refs--
	switch p := r.pool; {
	case r.refs < 0:
		panic("evt: an event was released too often")
	case r.refs > 0:
	default:
		p.live--
		if (len(p.free[r.class])+1)<<r.class <= poolBytes {
			p.free[r.class] = append(p.free[r.class], r)
		}
	}
}

// cost is the memory of a record, and of what refers to it.
func (r *record) cost() int { return cap(r.buf) + entryCost }

// due is the deadline of a retained event on this node.
type due struct {
	at    int64 // by this node's clock; forever: none
	index int   // in the heap, plus one; 0: it is not in one
	heap  *deadlines
}

const forever = math.MaxInt64

func (d *due) cancel() {
	if d.index > 0 {
		heap.Remove(d.heap, d.index-1)
	}
}

// deadlines are retained events, the next one to expire first.
type deadlines []*event

// add enters an event that expires at a time.
func (h *deadlines) add(e *event, at int64) {
	e.due.cancel()
	e.due = due{at: at, heap: h}
	if at != forever {
		heap.Push(h, e)
	}
}

// later is a time after now, or for ever.
func later(now, d int64) int64 {
	if d >= forever-max(now, 0) {
		return forever
	}
	return now + d
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (h deadlines) Len() int { return len(h) }

func (h deadlines) Less(i, j int) bool {
	if h[i].due.at != h[j].due.at {
		return h[i].due.at < h[j].due.at
	}
	return h[i].dot.compare(h[j].dot) < 0
}

func (h deadlines) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].due.index, h[j].due.index = i+1, j+1
}

func (h *deadlines) Push(v any) {
	e := v.(*event)
	*h = append(*h, e)
	e.due.index = len(*h)
}

func (h *deadlines) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	e.due.index = 0
	return e
}
