// Timers: a binary heap ordered by time, then by the order of setting. Owns
// nothing but memory; the loop decides when to run it.

package loop

import "time"

// Timer calls a function once at a time of the loop's clock. It belongs to the
// loop's goroutine. Reset does not allocate, so a timer that is set often is
// made once.
type Timer struct {
	l    *Loop
	f    func()
	at   time.Duration
	seq  uint64 // order of setting, for equal times
	slot int    // place in the heap, -1 when it is not set
}

// At makes a timer that calls f when Now reaches t. A time that has passed means
// the next wake-up, which is at once.
func (l *Loop) At(t time.Duration, f func()) *Timer {
	tm := l.NewTimer(f)
	tm.Reset(t)
	return tm
}

// NewTimer makes a timer that is not set yet.
func (l *Loop) NewTimer(f func()) *Timer { return &Timer{l: l, f: f, slot: -1} }

// Reset sets the timer to t, whether it is set already or not.
func (t *Timer) Reset(at time.Duration) {
	h := &t.l.timers
	at = max(at, t.l.now)
	h.seq++
	t.seq = h.seq
	if t.slot < 0 {
		t.at = at
		t.slot = len(h.q)
		h.q = append(h.q, t)
		h.up(t.slot)
		return
	}
	t.at = at
	h.fix(t.slot)
}

// Stop unsets the timer and tells whether it was set.
func (t *Timer) Stop() bool {
	if t.slot < 0 {
		return false
	}
	t.l.timers.remove(t.slot)
	return true
}

// Set reports whether the timer is set, and for when.
func (t *Timer) Set() (at time.Duration, ok bool) { return t.at, t.slot >= 0 }

// runTimers calls the timers that are due. One that is set by these calls waits
// for the next wake-up even when its time has come, so that sockets get their
// turn. Reset never sets a time before Now, so such a one sorts behind all that
// were set earlier.
func (l *Loop) runTimers() {
	h := &l.timers
	last, now := h.seq, l.now
	for len(h.q) > 0 {
		t := h.q[0]
		if t.at > now || t.seq > last {
			return
		}
		h.remove(0)
		l.stats.Timers++
		t.f()
	}
}

type timerHeap struct {
	q   []*Timer
	seq uint64
}

func (h *timerHeap) len() int           { return len(h.q) }
func (h *timerHeap) min() time.Duration { return h.q[0].at }

func (h *timerHeap) less(i, j int) bool {
	a, b := h.q[i], h.q[j]
	if a.at != b.at {
		return a.at < b.at
	}
	return a.seq < b.seq
}

func (h *timerHeap) swap(i, j int) {
	h.q[i], h.q[j] = h.q[j], h.q[i]
	h.q[i].slot, h.q[j].slot = i, j
}

func (h *timerHeap) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

// down moves i towards the leaves and tells whether it moved.
func (h *timerHeap) down(i int) bool {
	from := i
	for {
		child := 2*i + 1
		if child >= len(h.q) {
			break
		}
		if right := child + 1; right < len(h.q) && h.less(right, child) {
			child = right
		}
		if !h.less(child, i) {
			break
		}
		h.swap(i, child)
		i = child
	}
	return i > from
}

func (h *timerHeap) fix(i int) {
	if !h.down(i) {
		h.up(i)
	}
}

func (h *timerHeap) remove(i int) {
	last := len(h.q) - 1
	t := h.q[i]
	if i != last {
		h.swap(i, last)
	}
	h.q[last] = nil
	h.q = h.q[:last]
	if i != last {
		h.fix(i)
	}
	t.slot = -1
}
