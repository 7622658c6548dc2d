// The queue of events of a world: a 4-ary heap by time, then by the order in
// which the events were scheduled. No pointers in it, nothing for the collector
// to follow.

package sim

type eventKind uint8

const (
	evArrive  eventKind = iota // a packet (a) at a node
	evTimer                    // a node's machine wants Tick; a is the timer's generation
	evInbox                    // a node takes the next packet of its socket queue
	evThaw                     // a paused node goes on; a is the start
	evBoot                     // a node starts
	evKill                     // a node dies; a is the start
	evDie                      // an application ends its own start (a)
	evCut                      // a node is cut off for a while
	evSuspect                  // a hint to a node about node a
	evWork                     // a node's program sends; a is the start
	evBurst                    // a node's program sends, out of turn
	evTalk                     // a node's program sends a small message, one of several in a row; a is the start
	evFault                    // the next fault
	evReplay                   // the attacker's next packet
	evPhase                    // the run goes into its next phase, or looks whether it can
	evApp                      // a node's application steps; a is the start
	evAlarm                    // a node's application asked to be looked at; a is the start
)

type event struct {
	at   int64
	seq  uint32
	node int16
	kind eventKind
	a    int32
}

func (e *event) before(o *event) bool {
	return e.at < o.at || e.at == o.at && e.seq < o.seq
}

type eventQueue struct {
	heap []event
	seq  uint32
}

func (q *eventQueue) reset() { q.heap, q.seq = q.heap[:0], 0 }

func (q *eventQueue) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	h := q.heap
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(&h[up]) {
			break
		}
		h[i] = h[up]
		i = up
	}
	h[i] = e
}

// pop removes the earliest event. The queue must not be empty.
func (q *eventQueue) pop() event {
	h := q.heap
	top := h[0]
	last := len(h) - 1
	e := h[last]
	h = h[:last]
	q.heap = h
	i := 0
	for {
		first := 4*i + 1
		if first >= last {
			break
		}
		least := first
		for c := first + 1; c < min(first+4, last); c++ {
			if h[c].before(&h[least]) {
				least = c
			}
		}
		if !h[least].before(&e) {
			break
		}
		h[i] = h[least]
		i = least
	}
	if last > 0 {
		h[i] = e
	}
	return top
}
