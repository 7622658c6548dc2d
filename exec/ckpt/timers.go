// Deadlines. Every node watches all of them by its own monotonic clock, but only
// the lowest member proposes; the others would be the next lowest one day.

package ckpt

import (
	"container/heap"

	"ais/libais/ipcwire"
)

const (
	proposeAgain = 200e6 // until a proposal that changed nothing is made again
	proposeRoom  = 2e6   // until one that the ring had no room for is
	longestTimer = 1 << 60
)

// alarm is a deadline in the heap. It counts only if it is still the deadline of
// what it is for.
type alarm struct {
	at  int64
	ck  *checkpoint
	sec *section // nil: retention
}

type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at < a[j].at }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	old[len(old)-1] = alarm{}
	*a = old[:len(old)-1]
	return x
}

// timers is the deadlines of this node.
type timers struct {
	heap   alarms
	at     int64  // when the timer runs
	cancel func() // nil: it does not
	swept  int    // the heap's size after the last sweep
}

// valid reports whether an alarm still counts.
func (s *Service) valid(a *alarm) bool {
	if a.sec != nil {
		return !a.sec.gone && a.sec.deadline == a.at && a.sec.expiration != ipcwire.CkptTimeEnd
	}
	return a.ck.refs == 0 && a.ck.deadline == a.at && s.state.all[a.ck.id] == a.ck
}

// watch takes the deadlines that the last operation set.
func (s *Service) watch() {
	if s.opt.Used != nil {
		s.tellUsed()
	}
	s.saveSoon()
	if len(s.state.dues) == 0 {
		return
	}
	now := s.opt.Now()
	for _, d := range s.state.dues {
		at := now + min(max(d.left, 0), longestTimer)
		s.push(at, d.ck, d.sec)
	}
	clear(s.state.dues)
	s.state.dues = s.state.dues[:0]
	s.sweep()
	s.schedule(now)
}

// tellUsed tells of a change of 32 MiB and an eighth.
func (s *Service) tellUsed() {
	used := s.state.used
	if change := max(used-s.told, s.told-used); change > 32<<20 && change > s.told/8 {
		s.told = used
		s.opt.Used(used)
	}
}

func (s *Service) push(at int64, ck *checkpoint, sec *section) {
	at = max(at, 1) // 0 is no deadline
	if sec != nil {
		sec.deadline = at
	} else {
		ck.deadline = at
	}
	heap.Push(&s.timers.heap, alarm{at, ck, sec})
}

// sweep throws out alarms that do not count when they have become many.
func (s *Service) sweep() {
	t := &s.timers
	if len(t.heap) < 2*t.swept+64 {
		return
	}
	keep := t.heap[:0]
	for i := range t.heap {
		if s.valid(&t.heap[i]) {
			keep = append(keep, t.heap[i])
		}
	}
	clear(t.heap[len(keep):])
	t.heap = keep
	heap.Init(&t.heap)
	t.swept = len(keep)
}

// rebuild makes the heap anew from the state, after a merge.
func (s *Service) rebuild() {
	t := &s.timers
	clear(t.heap)
	t.heap, t.swept = t.heap[:0], 0
	for _, ck := range s.state.all {
		if ck.refs == 0 && ck.deadline != 0 {
			t.heap = append(t.heap, alarm{ck.deadline, ck, nil})
		}
		for _, sec := range ck.sections {
			if sec.deadline != 0 && sec.expiration != ipcwire.CkptTimeEnd {
				t.heap = append(t.heap, alarm{sec.deadline, ck, sec})
			}
		}
	}
	heap.Init(&t.heap)
	s.schedule(s.opt.Now())
}

// schedule has the timer run at the first deadline.
func (s *Service) schedule(now int64) {
	t := &s.timers
	if len(t.heap) == 0 {
		return
	}
	at := t.heap[0].at
	if t.cancel != nil {
		if t.at <= at {
			return
		}
		t.cancel()
	}
	t.at = at
	t.cancel = s.env.After(max(at-now, 0), s.ring)
}

// ring proposes what is due.
func (s *Service) ring() {
	t := &s.timers
	t.cancel = nil
	now := s.opt.Now()
	lowest := len(s.sync.members) > 0 && keyOf(s.sync.members[0]) == s.self
	for len(t.heap) > 0 && t.heap[0].at <= now {
		a := heap.Pop(&t.heap).(alarm)
		if !s.valid(&a) {
			continue
		}
		again := now + proposeAgain
		if lowest && !s.propose(&a) {
			again = now + proposeRoom
		}
		s.push(again, a.ck, a.sec)
	}
	s.schedule(now)
}

// propose multicasts that something expires. false: there is no room.
func (s *Service) propose(a *alarm) bool {
	if a.sec != nil {
		s.head = appendExpire(s.head[:0], a.ck.id, a.sec)
	} else {
		s.head = appendRetire(s.head[:0], a.ck)
	}
	if len(s.owed) > 0 || !s.env.SendOK(prioRequest, len(s.head)) {
		return false
	}
	s.send(prioRequest, append([]byte(nil), s.head...))
	return true
}
