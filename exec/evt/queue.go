// What waits for one client: events by priority, and notices of loss. The client
// fetches (see libais/ipcwire/evt.go), so everything that waits is here and the
// least important of it can be dropped.

package evt

import "ais/libais/ipcwire"

// priorities is how many there are; 0 is the highest.
const priorities = 4

// waiting is an event that waits for a subscription.
type waiting struct {
	sub  *subscription
	rec  *record
	cost int // counted in the queue's bytes
}

// ring is a double-ended queue.
type ring struct {
	list       []waiting // length is a power of two, or 0
	head, size int
}

func (r *ring) at(i int) *waiting { return &r.list[(r.head+i)&(len(r.list)-1)] }

func (r *ring) push(w waiting) {
	if r.size == len(r.list) {
		grown := make([]waiting, max(16, 2*len(r.list)))
		for i := range r.size {
			grown[i] = *r.at(i)
		}
		r.list, r.head = grown, 0
	}
	r.size++
	*r.at(r.size - 1) = w
}

func (r *ring) popFront() waiting {
	w := *r.at(0)
	*r.at(0) = waiting{}
	r.head = (r.head + 1) & (len(r.list) - 1)
	r.size--
	r.shrink()
	return w
}

func (r *ring) popBack() waiting {
	w := *r.at(r.size - 1)
	*r.at(r.size - 1) = waiting{}
	r.size--
	r.shrink()
	return w
}

// shrink gives the memory of a long queue back when it is empty.
func (r *ring) shrink() {
	if r.size == 0 && len(r.list) > 1024 {
		*r = ring{}
	}
}

// queue is all that waits for a client. What waits for a subscription that ended is
// a ghost: it counts no more, and is passed over until so many have gathered that
// sweeping them out pays.
type queue struct {
	rings      [priorities]ring
	count      int
	bytes      int
	ghosts     int
	ghostBytes int
	lost       []*subscription // that are owed a notice; head is the first
	head       int
}

// Ghosts are swept out when they are more than what waits, and some, or hold too
// much memory.
const (
	someGhosts    = 64
	maxGhostBytes = 1 << 20
)

// cost is what an event adds to the queue's bytes: it is counted once for those of a
// client's subscriptions that match it.
func (q *queue) cost(prio uint8, rec *record) int {
	if r := &q.rings[prio]; r.size > 0 && r.at(r.size-1).rec == rec {
		return entryCost / 2
	}
	return rec.cost()
}

func (q *queue) push(prio uint8, sub *subscription, rec *record) {
	w := waiting{sub, rec.hold(), q.cost(prio, rec)}
	q.rings[prio].push(w)
	sub.waiting++
	sub.bytes += w.cost
	q.count++
	q.bytes += w.cost
}

// taken takes note of what left a ring; ok is false for a ghost.
func (q *queue) taken(w waiting) (ok bool) {
	if w.sub.ended {
		q.ghosts--
		q.ghostBytes -= w.cost
		w.rec.release()
		return false
	}
	w.sub.waiting--
	w.sub.bytes -= w.cost
	q.count--
	q.bytes -= w.cost
	return true
}

// front is the most important event that waits longest; ok is false when there is
// none.
func (q *queue) front() (w waiting, prio int, ok bool) {
	for p := range q.rings {
		for r := &q.rings[p]; r.size > 0; q.taken(r.popFront()) {
			if w := *r.at(0); !w.sub.ended {
				return w, p, true
			}
		}
	}
	return waiting{}, 0, false
}

// pop takes what front returned. The caller has its reference.
func (q *queue) pop(prio int) { q.taken(q.rings[prio].popFront()) }

// evict drops the newest event of the lowest priority, if that is lower than prio.
func (q *queue) evict(prio uint8) (s *subscription, ok bool) {
	for p := priorities - 1; p > int(prio); p-- {
		for r := &q.rings[p]; r.size > 0; {
			if w := r.popBack(); q.taken(w) {
				w.rec.release()
				return w.sub, true
			}
		}
	}
	return nil, false
}

// owe enters a notice that events of a subscription were lost; one that is there
// already says it.
func (q *queue) owe(s *subscription) {
	if !s.lost {
		s.lost = true
		q.lost = append(q.lost, s)
	}
}

// notice takes the first notice.
func (q *queue) notice() (s *subscription, ok bool) {
	for q.head < len(q.lost) {
		s = q.lost[q.head]
		q.lost[q.head] = nil
		q.head++
		if q.head == len(q.lost) {
			q.lost, q.head = q.lost[:0], 0
		}
		if s.lost { // else it was purged
			s.lost = false
			return s, true
		}
	}
	return nil, false
}

// owed tells whether a notice waits, and forgets those that were purged.
func (q *queue) owed() bool {
	for q.head < len(q.lost) {
		if q.lost[q.head].lost {
			return true
		}
		q.lost[q.head] = nil
		q.head++
	}
	q.lost, q.head = q.lost[:0], 0
	return false
}

// forget drops what waits for a subscription that has just ended.
func (q *queue) forget(s *subscription) {
	s.lost = false
	q.count -= s.waiting
	q.bytes -= s.bytes
	q.ghosts += s.waiting
	q.ghostBytes += s.bytes
	s.waiting, s.bytes = 0, 0
	q.tidy()
}

// tidy sweeps the ghosts out when that pays, or when nothing else is there.
func (q *queue) tidy() {
	if q.ghosts > q.count+someGhosts || q.ghostBytes > maxGhostBytes || q.ghosts > 0 && q.count == 0 {
		q.sweep()
	}
}

// sweep takes the ghosts out.
func (q *queue) sweep() {
	for p := range q.rings {
		r := &q.rings[p]
		for range r.size {
			if w := r.popFront(); w.sub.ended {
				q.taken(w)
			} else {
				r.push(w)
			}
		}
	}
}

// drop drops everything.
func (q *queue) drop() {
	for p := range q.rings {
		for q.rings[p].size > 0 {
			q.rings[p].popFront().rec.release()
		}
	}
	*q = queue{}
}

// lostEvent is the notice itself.
var lostEvent = ipcwire.AppendEvtShared(nil, &ipcwire.EvtEvent{
	ID: ipcwire.EvtIDLost, Patterns: [][]byte{[]byte(ipcwire.EvtLostPattern)},
})
