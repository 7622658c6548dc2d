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

// queue is all that waits for a client.
type queue struct {
	rings [priorities]ring
	count int
	bytes int
	lost  []*subscription // that are owed a notice; head is the first
	head  int
}

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
	q.count++
	q.bytes += w.cost
}

func (q *queue) taken(w waiting) {
	w.sub.waiting--
	q.count--
	q.bytes -= w.cost
}

// front is the most important event that waits longest; ok is false when there is
// none.
func (q *queue) front() (w waiting, prio int, ok bool) {
	for p := range q.rings {
		if q.rings[p].size > 0 {
			return *q.rings[p].at(0), p, true
		}
	}
	return waiting{}, 0, false
}

// pop takes what front returned. The caller has its reference.
func (q *queue) pop(prio int) {
	q.taken(q.rings[prio].popFront())
}

// evict drops the newest event of the lowest priority, if that is lower than prio.
func (q *queue) evict(prio uint8) (s *subscription, ok bool) {
	for p := priorities - 1; p > int(prio); p-- {
		if q.rings[p].size > 0 {
			w := q.rings[p].popBack()
			q.taken(w)
			w.rec.release()
			return w.sub, true
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

// purge drops what waits for subscriptions that ended (sub.ended is set).
func (q *queue) purge() {
	for p := range q.rings {
		r := &q.rings[p]
		for range r.size {
			w := r.popFront()
			if w.sub.ended {
				q.taken(w)
				w.rec.release()
			} else {
				r.push(w)
			}
		}
	}
	for _, s := range q.lost[q.head:] {
		if s.ended {
			s.lost = false
		}
	}
	q.owed()
}

// drop drops everything.
func (q *queue) drop() {
	for p := range q.rings {
		for q.rings[p].size > 0 {
			w := q.rings[p].popFront()
			q.taken(w)
			w.rec.release()
		}
	}
	for _, s := range q.lost[q.head:] {
		s.lost = false
	}
	*q = queue{}
}

// lostEvent is the notice itself.
var lostEvent = ipcwire.AppendEvtShared(nil, &ipcwire.EvtEvent{
	ID: ipcwire.EvtIDLost, Patterns: [][]byte{[]byte(ipcwire.EvtLostPattern)},
})
