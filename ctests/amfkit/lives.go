package amfkit

import (
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is the machine's monotonic clock, as components use it.
func monotonic() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

// Lives follows a log and learns when each process that wrote to it ended.
type Lives struct {
	mu   sync.Mutex
	log  *Log
	died map[int]time.Duration // by pid
	seen int
	stop chan struct{}
	done sync.WaitGroup
}

// Watch begins to follow a log; Close ends it.
func Watch(path string) *Lives {
	l := &Lives{log: &Log{Path: path}, died: map[int]time.Duration{}, stop: make(chan struct{})}
	l.done.Add(1)
	go l.run()
	return l
}

func (l *Lives) run() {
	defer l.done.Done()
	for {
		select {
		case <-l.stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		l.mu.Lock()
		_ = l.log.Follow()
		for ; l.seen < len(l.log.Events); l.seen++ {
			if e := &l.log.Events[l.seen]; e.Words == "start" {
				l.await(e.PID, e.At)
			}
		}
		l.mu.Unlock()
	}
}

// await notes the end of a process. One that is gone already ended after its last
// word, as far as anybody knows.
func (l *Lives) await(pid int, started time.Duration) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		l.died[pid] = started
		return
	}
	l.done.Add(1)
	go func() {
		defer l.done.Done()
		defer unix.Close(fd)
		for {
			select {
			case <-l.stop:
				return
			default:
			}
			p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, _ := unix.Poll(p, 200); n == 1 {
				at := monotonic()
				l.mu.Lock()
				l.died[pid] = at
				l.mu.Unlock()
				return
			}
		}
	}()
}

// Close ends the following.
func (l *Lives) Close() {
	close(l.stop)
	l.done.Wait()
}

// Events is a copy of what was written so far.
func (l *Lives) Events() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Event(nil), l.log.Events...)
}

// Died is when a process ended, as it was seen; 0: it runs.
func (l *Lives) Died(pid int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died[pid]
}

// Span is a time in which a process was active for an instance.
type Span struct {
	CSI, Component string
	PID            int
	From, To       time.Duration // To 0: it still is
	Died           bool          // To is when the end of the process was seen
}

// noise is how much later than it happens the end of a process may be seen: it is this
// program that must be scheduled.
const noise = 10 * time.Millisecond

// Overlap is the time in which both were active; ok false: there is none.
func (s *Span) Overlap(o *Span, now time.Duration) (from, to time.Duration, ok bool) {
	end := func(x *Span) time.Duration {
		if x.To == 0 {
			return now
		}
		return x.To
	}
	from, to = max(s.From, o.From), min(end(s), end(o))
	if s.Died && to == s.To || o.Died && to == o.To {
		return from, to, from+noise < to
	}
	return from, to, from < to
}

// Actives is every time in which a process was active, by its own word, for each
// instance that it had; a process is active until it is told otherwise or ends.
func (l *Lives) Actives() []Span {
	events := l.Events()
	type key struct {
		pid int
		csi string
	}
	open := map[key]*Span{}
	has := map[int]map[string]bool{} // what a process was given, in whatever state
	var out []*Span
	for i := range events {
		e := &events[i]
		f := strings.Fields(e.Words)
		if f[0] != "csiset" && f[0] != "csirm" {
			continue
		}
		var about []string
		for _, w := range f {
			if csi, ok := strings.CutPrefix(w, "csi="); ok && csi != "-" {
				about = append(about, csi)
			}
		}
		if has[e.PID] == nil {
			has[e.PID] = map[string]bool{}
		}
		if about == nil { // all that it has
			for csi := range has[e.PID] {
				about = append(about, csi)
			}
		}
		for _, csi := range about {
			k := key{e.PID, csi}
			has[e.PID][csi] = f[0] == "csiset"
			if f[0] == "csirm" {
				delete(has[e.PID], csi)
			}
			switch s := open[k]; {
			case f[0] == "csiset" && f[1] == "active":
				if s == nil {
					s = &Span{CSI: csi, Component: e.Component, PID: e.PID, From: e.At}
					open[k], out = s, append(out, s)
				}
			case f[0] == "csiset" && f[1] == "quiescing": // it still is
			case s != nil:
				s.To = e.At
				delete(open, k)
			}
		}
	}
	spans := make([]Span, 0, len(out))
	for _, s := range out {
		if died := l.Died(s.PID); died != 0 && (s.To == 0 || died < s.To) {
			s.To, s.Died = max(died, s.From), true
		}
		spans = append(spans, *s)
	}
	return spans
}
