package campaign

import (
	"errors"
	"fmt"
	"slices"
)

// The comparison of logs. Definitions:
//
// A segment of one log and a segment of another are the SAME CONFIGURATION when
// they share a message: extended virtual synchrony delivers a message in one
// regular configuration (or its transitional one) only. So a segment may have
// at most one partner in another log, and partners keep their order.
//
// Two logs MOVED TOGETHER out of a configuration when each one's transitional
// configuration has the other's node as a member. Then everything must be the
// same to the byte: the messages of the regular configuration, the transitional
// configuration, the messages in it, and the next regular configuration; and the
// segments after it are the same configuration, even when nothing was sent.
//
// Two logs that were in one configuration but did not move together (parted by
// the network, or one of them ended) have prefixes of one sequence as far as
// the regular configuration goes, and one order for what both delivered.
//
// Only the first segment of a log may begin later than the other's: the client
// joined when the configuration existed. Two logs that ended in peace in the
// same configuration have the same messages there.

// OrderReport tells how much a comparison compared.
type OrderReport struct {
	Logs     int
	Messages int // in all logs together
	Distinct int // different log files, to the byte
	Pairs    int // pairs of logs that shared a configuration
	Shared   int // pairs of segments that are the same configuration
	Together int // of these, how often both moved on together
	Parted   int // of these, how often they did not
	OneSided int // of the parted: one's transitional configuration had the other
	Compared int // messages compared in pairs
}

func (r *OrderReport) String() string {
	return fmt.Sprintf("%d logs with %d messages (%d different files); %d pairs shared %d configurations, moved on together %d times, parted %d times (%d one-sided); %d messages compared",
		r.Logs, r.Messages, r.Distinct, r.Pairs, r.Shared, r.Together, r.Parted, r.OneSided, r.Compared)
}

// CheckOrder compares every pair of logs.
func CheckOrder(logs []*Log) (*OrderReport, error) {
	r := &OrderReport{Logs: len(logs)}
	sums := map[[32]byte]bool{}
	for _, l := range logs {
		r.Messages += l.Messages
		sums[l.Sum] = true
	}
	r.Distinct = len(sums)
	idx := make([]map[Msg]int32, len(logs))
	for i, l := range logs {
		idx[i] = l.index()
	}
	for i, p := range logs {
		for j := i + 1; j < len(logs); j++ {
			if q := logs[j]; p.Address != q.Address {
				c := comparison{p: p, q: q, pi: idx[i], report: r}
				if err := c.run(); err != nil {
					return r, fmt.Errorf("%s and %s: %w", p.Name, q.Name, err)
				}
			}
		}
	}
	return r, nil
}

// index tells for each message in which segment it was delivered.
func (l *Log) index() map[Msg]int32 {
	m := make(map[Msg]int32, l.Messages)
	for i := range l.Segments {
		for _, x := range l.Segments[i].Msgs {
			m[x] = int32(i)
		}
		for _, x := range l.Segments[i].Tail {
			m[x] = int32(i)
		}
	}
	return m
}

type comparison struct {
	p, q   *Log
	pi     map[Msg]int32
	report *OrderReport
}

func (c *comparison) run() error {
	partner, err := c.partners()
	if err != nil {
		return err
	}
	shared := false
	for i := range c.p.Segments {
		j, ok := partner[i]
		if !ok {
			continue
		}
		shared = true
		c.report.Shared++
		together, err := c.segment(i, j)
		if err != nil {
			return fmt.Errorf("configuration %d of the one and %d of the other: %w", i, j, err)
		}
		if !together || i+1 >= len(c.p.Segments) || j+1 >= len(c.q.Segments) {
			continue
		}
		if k, ok := partner[i+1]; ok && k != j+1 {
			return fmt.Errorf("moved on together from configurations %d and %d, but to %d and %d", i, j, i+1, k)
		}
		for a, b := range partner {
			if b == j+1 && a != i+1 {
				return fmt.Errorf("moved on together from configurations %d and %d, but to %d and %d", i, j, a, b)
			}
		}
		partner[i+1] = j + 1
	}
	if shared {
		c.report.Pairs++
	}
	return nil
}

// partners finds the segments of q that are the same configuration as one of p.
func (c *comparison) partners() (map[int]int, error) {
	partner := map[int]int{}
	last := -1
	for j := range c.q.Segments {
		s := &c.q.Segments[j]
		mine := -1
		for _, list := range [2][]Msg{s.Msgs, s.Tail} {
			for _, m := range list {
				i32, ok := c.pi[m]
				if !ok {
					continue
				}
				i := int(i32)
				switch {
				case mine < 0:
					mine = i
				case mine != i:
					return nil, fmt.Errorf("message %v was delivered in configuration %d of the one; others of configuration %d of the other in %d", m, i, j, mine)
				}
			}
		}
		if mine < 0 {
			continue
		}
		if old, ok := partner[mine]; ok {
			return nil, fmt.Errorf("configuration %d of the one shares messages with both %d and %d of the other", mine, old, j)
		}
		if mine < last {
			return nil, fmt.Errorf("configurations %d and %d are shared in the opposite order", mine, last)
		}
		last = mine
		partner[mine] = j
	}
	return partner, nil
}

var errMembers = errors.New("the same configuration with different members")

func (c *comparison) segment(i, j int) (together bool, err error) {
	a, b := &c.p.Segments[i], &c.q.Segments[j]
	if !slices.Equal(a.Regular.Members, b.Regular.Members) {
		return false, fmt.Errorf("%w: %s | %s", errMembers, a.Regular.Line, b.Regular.Line)
	}
	am, bm := a.Msgs, b.Msgs
	if i == 0 || j == 0 {
		if am, bm, err = c.align(a, b, i == 0, j == 0); err != nil {
			return false, err
		}
	}
	inA := a.Trans != nil && slices.Contains(a.Trans.Members, c.q.Address)
	inB := b.Trans != nil && slices.Contains(b.Trans.Members, c.p.Address)
	if inA && inB {
		c.report.Together++
		return true, c.equal(a, b, am, bm, i, j)
	}
	if a.Trans == nil && b.Trans == nil && c.p.Final && c.q.Final {
		// Nothing ended this configuration and nothing was under way.
		c.report.Together++
		return true, c.sequence("the last configuration", am, bm, true)
	}
	c.report.Parted++
	if inA != inB && a.Trans != nil && b.Trans != nil {
		c.report.OneSided++
	}
	if err := c.sequence("the regular configuration, parted later", am, bm, false); err != nil {
		return false, err
	}
	return false, c.order(slices.Concat(am, a.Tail), slices.Concat(bm, b.Tail))
}

// equal checks two segments whose members moved on together.
func (c *comparison) equal(a, b *Segment, am, bm []Msg, i, j int) error {
	if a.Trans.Line != b.Trans.Line {
		return fmt.Errorf("different transitional configurations: %s | %s", a.Trans.Line, b.Trans.Line)
	}
	if err := c.sequence("the regular configuration", am, bm, true); err != nil {
		return err
	}
	aNext, bNext := i+1 < len(c.p.Segments), j+1 < len(c.q.Segments)
	// A log that ends within the transitional configuration has its beginning.
	if err := c.sequence("the transitional configuration", a.Tail, b.Tail, aNext && bNext); err != nil {
		return err
	}
	if aNext && bNext {
		x, y := c.p.Segments[i+1].Regular.Line, c.q.Segments[j+1].Regular.Line
		if x != y {
			return fmt.Errorf("moved on together into different configurations: %s | %s", x, y)
		}
	}
	return nil
}

// align drops the beginning that only one of them saw because the other's
// client joined later. Nothing dropped may appear later in the other.
func (c *comparison) align(x, y *Segment, aFirst, bFirst bool) ([]Msg, []Msg, error) {
	a, b := x.Msgs, y.Msgs
	if aFirst && len(a) > 0 {
		if k := slices.Index(b, a[0]); k > 0 {
			return a, b[k:], absent(b[:k], x)
		}
	}
	if bFirst && len(b) > 0 {
		if k := slices.Index(a, b[0]); k > 0 {
			return a[k:], b, absent(a[:k], y)
		}
	}
	return a, b, nil
}

func absent(before []Msg, s *Segment) error {
	for _, m := range before {
		if slices.Contains(s.Msgs, m) || slices.Contains(s.Tail, m) {
			return fmt.Errorf("message %v is before %v in the one and after it in the other", m, s.Msgs[0])
		}
	}
	return nil
}

// sequence checks that a and b are the same messages, or, when whole is false,
// that one is the beginning of the other.
func (c *comparison) sequence(where string, a, b []Msg, whole bool) error {
	n := min(len(a), len(b))
	c.report.Compared += n
	for k := range n {
		if a[k] != b[k] {
			return fmt.Errorf("%s, message %d: %v | %v", where, k, a[k], b[k])
		}
	}
	if whole && len(a) != len(b) {
		more := a
		if len(b) > n {
			more = b
		}
		return fmt.Errorf("%s: %d messages | %d, the first more is %v", where, len(a), len(b), more[n])
	}
	return nil
}

// order checks that what both delivered, both delivered in the same order.
func (c *comparison) order(a, b []Msg) error {
	at := make(map[Msg]int, len(a))
	for k, m := range a {
		at[m] = k
	}
	last := -1
	for _, m := range b {
		k, ok := at[m]
		if !ok {
			continue
		}
		if k < last {
			return fmt.Errorf("both delivered %v, but not in the same order", m)
		}
		last = k
	}
	return nil
}
