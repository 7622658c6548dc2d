package events

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// stream is what one evt_trial wrote: the events it published and received, and the
// configurations of its node. See ctests/campaign/c/evt_trial.c.
type stream struct {
	name        string
	node        uint32
	incarnation uint64
	killed      bool // its executive was
	began, end  time.Duration

	published map[lane][]publication // in order, number i at i-1
	subs      map[uint32]*sub
	confs     []conf
}

// lane is the events of one priority of one publisher: they are counted from 1.
type lane struct {
	incarnation uint64
	priority    uint8
}

// publication is an event that was accepted between two moments.
type publication struct {
	before, after time.Duration
	retention     time.Duration
	cleared       time.Duration // 0: it was not
}

// sub is a subscription and what it got.
type sub struct {
	id         uint32
	from, to   time.Duration // to is the end of the stream when it was not ended
	got        []receipt
	lost       []time.Duration // notices
	byLane     map[lane]map[uint64]time.Duration
	violations []string
}

type receipt struct {
	lane   lane
	number uint64
	at     time.Duration
}

// conf is a configuration, transitional ones included.
type conf struct {
	at      time.Duration
	members map[uint32]bool
	joined  map[uint32]bool
}

func readStream(path string, s *stream) (*stream, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s.published, s.subs = map[lane][]publication{}, map[uint32]*sub{}
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<16)
	for n := 1; in.Scan(); n++ {
		if err := s.line(in.Text()); err != nil {
			return nil, fmt.Errorf("%s:%d: %q: %w", path, n, in.Text(), err)
		}
	}
	for _, b := range s.subs {
		if b.to == 0 {
			b.to = s.end
		}
	}
	return s, in.Err()
}

// fields reads numbers; ok is false when one is none.
func fields(f []string) (out []uint64, ok bool) {
	for _, w := range f {
		n, err := strconv.ParseUint(w, 10, 64)
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func (s *stream) seen(ns uint64) time.Duration {
	at := time.Duration(ns)
	if s.began == 0 {
		s.began = at
	}
	s.end = max(s.end, at)
	return at
}

func (s *stream) line(text string) error {
	f := strings.Fields(text)
	bad := fmt.Errorf("not a line of a log")
	if len(f) < 3 {
		return bad
	}
	if f[0] == "C" {
		return s.confLine(f[1:])
	}
	if f[0] == "D" {
		if len(f) != 7 {
			return bad
		}
		inc, err := strconv.ParseUint(f[3], 16, 64)
		n, ok := fields([]string{f[1], f[4], f[5], f[6]})
		if err != nil || !ok || n[1] > 3 {
			return bad
		}
		return s.receive(uint32(n[0]), receipt{lane{inc, uint8(n[1])}, n[2], s.seen(n[3])})
	}
	n, ok := fields(f[1:])
	if !ok {
		return bad
	}
	switch {
	case f[0] == "P" && len(n) == 5 && n[0] <= 3:
		l := lane{s.incarnation, uint8(n[0])}
		if uint64(len(s.published[l]))+1 != n[1] {
			return fmt.Errorf("after number %d", len(s.published[l]))
		}
		s.published[l] = append(s.published[l], publication{before: s.seen(n[3]), after: s.seen(n[4]), retention: time.Duration(n[2])})
	case f[0] == "X" && len(n) == 3 && n[0] <= 3:
		list := s.published[lane{s.incarnation, uint8(n[0])}]
		if n[1] < 1 || n[1] > uint64(len(list)) {
			return bad
		}
		list[n[1]-1].cleared = s.seen(n[2])
	case f[0] == "L" && len(n) == 2 && s.subs[uint32(n[0])] != nil:
		b := s.subs[uint32(n[0])]
		b.lost = append(b.lost, s.seen(n[1]))
	case f[0] == "S" && len(n) == 2 && s.subs[uint32(n[0])] == nil:
		s.subs[uint32(n[0])] = &sub{id: uint32(n[0]), from: s.seen(n[1]), byLane: map[lane]map[uint64]time.Duration{}}
	case f[0] == "U" && len(n) == 2 && s.subs[uint32(n[0])] != nil:
		s.subs[uint32(n[0])].to = s.seen(n[1])
	default:
		return bad
	}
	return nil
}

// receive takes a delivery in, and notices what no subscription may get: an event
// twice, or a publisher's events of one priority in another order.
func (s *stream) receive(id uint32, r receipt) error {
	b := s.subs[id]
	if b == nil || b.to != 0 {
		return fmt.Errorf("an event for a subscription that is not there")
	}
	m := b.byLane[r.lane]
	if m == nil {
		m = map[uint64]time.Duration{}
		b.byLane[r.lane] = m
	}
	if _, twice := m[r.number]; twice {
		b.violations = append(b.violations, fmt.Sprintf("%s: subscription %d got %x.%d number %d twice", s.name, id, r.lane.incarnation, r.lane.priority, r.number))
	} else if n := len(b.got); n > 0 {
		if last := b.last(r.lane); r.number < last {
			b.violations = append(b.violations, fmt.Sprintf("%s: subscription %d got %x.%d number %d after %d", s.name, id, r.lane.incarnation, r.lane.priority, r.number, last))
		}
	}
	m[r.number] = r.at
	b.got = append(b.got, r)
	return nil
}

// last is the number of the last event of a lane.
func (b *sub) last(l lane) uint64 {
	for i := len(b.got) - 1; i >= 0; i-- {
		if b.got[i].lane == l {
			return b.got[i].number
		}
	}
	return 0
}

func (s *stream) confLine(f []string) error {
	at, err := strconv.ParseUint(f[0], 10, 64)
	if err != nil || len(f) != 4 {
		return fmt.Errorf("not a configuration")
	}
	c := conf{at: s.seen(at)}
	if c.members, err = nodeSet(f[1], "m="); err != nil {
		return err
	}
	if c.joined, err = nodeSet(f[3], "j="); err != nil {
		return err
	}
	s.confs = append(s.confs, c)
	return nil
}

func nodeSet(word, prefix string) (map[uint32]bool, error) {
	list, ok := strings.CutPrefix(word, prefix)
	if !ok {
		return nil, fmt.Errorf("no %s", prefix)
	}
	set := map[uint32]bool{}
	for w := range strings.SplitSeq(list, ",") {
		if w == "" {
			continue
		}
		n, err := strconv.ParseUint(w, 10, 32)
		if err != nil {
			return nil, err
		}
		set[uint32(n)] = true
	}
	return set, nil
}
