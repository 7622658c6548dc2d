package events

import (
	"fmt"
	"slices"
	"time"
)

// checkOptions are what the checker must know of the trial.
type checkOptions struct {
	// early is how long before a node tells of a configuration without another the
	// two may have been apart already: token timeout, consensus, and how late a
	// program hears of it; or since the last of disturbances before it, if that was
	// earlier (on a busy machine everybody hears of everything late). late is
	// likewise for the end.
	early, late  time.Duration
	disturbances []time.Duration // when links were cut and executives killed, in order
	// merge is what a merge, and a program's hearing of it, may take; margin what lies
	// between two programs' looking at their clocks.
	merge, margin time.Duration
}

// Account says where events went that were accepted from a publisher, counted once
// for each subscription that stays and that lived then.
type Account struct {
	Streams, Published, Retained, Cleared int
	Delivered                             int
	// Missing, by reason; the first one that holds counts.
	Announced      int // a notice told of it
	OtherPartition int // the publisher's node was apart from the subscriber's
	DiedUnordered  int // the publisher's node was killed before anybody got it
	SubscriberDied int // the subscriber's node was killed before it got it
	Unexplained    int

	Separations  int // of pairs of nodes
	LateRetained int // retained events that came with the end of a separation
	Resubscribed int // retained events that a new subscription got
}

func (a *Account) String() string {
	return fmt.Sprintf("%d streams, %d published (%d retained, %d cleared), %d delivered; not delivered: %d announced, %d in another partition, "+
		"%d of publishers killed before they were ordered, %d of subscribers killed, %d unexplained; %d separations, %d retained events "+
		"came late, %d to new subscriptions", a.Streams, a.Published, a.Retained, a.Cleared, a.Delivered, a.Announced, a.OtherPartition,
		a.DiedUnordered, a.SubscriberDied, a.Unexplained, a.Separations, a.LateRetained, a.Resubscribed)
}

// checker is the work of one account.
type checker struct {
	o       checkOptions
	streams []*stream
	witness map[lane]map[uint64][]*stream // whose subscription 1 got an event
	highest map[lane]uint64               // number that anybody got
	apart   map[[2]*stream][2][]span
	a       Account
	wrong   []string
}

type span struct{ from, to time.Duration }

func (s span) overlaps(t span) bool { return s.from <= t.to && t.from <= s.to }

// always is the end of what did not end.
const always = time.Duration(1<<63 - 1)

// check accounts for every event of the streams, and says what must not be.
func check(streams []*stream, o checkOptions) (*Account, []string) {
	c := &checker{o: o, streams: streams, witness: map[lane]map[uint64][]*stream{}, highest: map[lane]uint64{}, apart: map[[2]*stream][2][]span{}}
	c.a.Streams = len(streams)
	for _, s := range streams {
		for _, b := range s.subs {
			c.wrong = append(c.wrong, b.violations...)
		}
		for _, r := range s.subs[1].got {
			m := c.witness[r.lane]
			if m == nil {
				m = map[uint64][]*stream{}
				c.witness[r.lane] = m
			}
			m[r.number] = append(m[r.number], s)
			c.highest[r.lane] = max(c.highest[r.lane], r.number)
			c.a.Delivered++
		}
	}
	for i, s := range streams {
		for _, p := range streams[i+1:] {
			if lives, both := c.separations(s, p), (span{s.began, s.end}); s.node != p.node && both.overlaps(span{p.began, p.end}) {
				c.a.Separations += max(len(lives[0]), len(lives[1]))
			}
		}
	}
	for _, p := range streams {
		for l, list := range p.published {
			c.a.Published += len(list)
			for _, e := range list {
				if e.retention > 0 {
					c.a.Retained++
				}
				if e.cleared > 0 {
					c.a.Cleared++
				}
			}
			for _, s := range streams {
				c.lane(s, p, l, list)
			}
		}
	}
	for _, s := range streams {
		for _, b := range s.subs {
			if b.id > 1 {
				c.newcomer(s, b)
			}
		}
	}
	slices.Sort(c.wrong)
	return &c.a, c.wrong
}

func (c *checker) complain(format string, args ...any) {
	c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
}

// separations are the times when two streams' nodes were not in one configuration,
// by what each of them wrote, with what is allowed for before and after.
func (c *checker) separations(s, p *stream) [2][]span {
	key := [2]*stream{s, p}
	if both, ok := c.apart[key]; ok {
		return both
	}
	life := span{max(s.began, p.began) - c.o.early, min(s.end, p.end) + c.o.early}
	both := [2][]span{c.away(s, p.node, life), c.away(p, s.node, life)}
	c.apart[key] = both
	return both
}

// away are the times in a span when a node was in no configuration of a stream's.
func (c *checker) away(s *stream, node uint32, life span) (list []span) {
	add := func(w span) {
		if w.overlaps(life) {
			list = append(list, w)
		}
	}
	out := time.Duration(-1)
	for _, f := range s.confs {
		in := f.members[node]
		if !in && out < 0 {
			out = c.since(f.at)
		} else if in && out >= 0 {
			add(span{out, f.at + c.o.late})
			out = -1
		}
	}
	if out >= 0 {
		add(span{out, always})
	}
	return list
}

// since is when a separation may have begun that a node told of.
func (c *checker) since(told time.Duration) time.Duration {
	i, _ := slices.BinarySearch(c.o.disturbances, told)
	if i == 0 {
		return told - c.o.early
	}
	return min(told-c.o.early, c.o.disturbances[i-1])
}

// overlapping is the first separation that overlaps a time, behind the given ones in
// each node's list, and where it stands there; -1: none.
func (c *checker) overlapping(s, p *stream, t span, used [2]int) (at [2]int) {
	for k, list := range c.separations(s, p) {
		at[k] = -1
		for i := used[k] + 1; i < len(list); i++ {
			if list[i].overlaps(t) {
				at[k] = i
				break
			}
		}
	}
	return at
}

// were tells whether two streams' nodes were apart at some time in t.
func (c *checker) were(s, p *stream, t span) bool {
	return c.overlapping(s, p, t, [2]int{-1, -1}) != [2]int{-1, -1}
}

// lane accounts for what one publisher's events of a priority are to one subscriber.
func (c *checker) lane(s, p *stream, l lane, list []publication) {
	b := s.subs[1]
	got := b.byLane[l]
	last := uint64(0)
	for n := range got {
		last = max(last, n)
	}
	used, open := [2]int{-1, -1}, false // the separation that the open gap belongs to
	for i := range list {
		e, n := &list[i], uint64(i+1)
		if at, ok := got[n]; ok {
			if e.retention == 0 {
				open = false
			} else if s.node != p.node && c.were(s, p, span{e.before, e.after}) && at > e.after+c.o.late {
				c.a.LateRetained++
			}
			continue
		}
		switch {
		case e.before < b.from || e.before > s.end:
		case s.killed && n > last:
			c.a.SubscriberDied++
		case announced(b, l, n, e.before):
			c.a.Announced++
		case p.killed && n > c.highest[l]:
			c.a.DiedUnordered++
		case e.retention > 0:
			c.retained(s, p, l, n, e)
		case !c.excused(s, l, n, e):
			c.a.Unexplained++
			c.complain("%s did not get %s's %d.%d, accepted at %v, and nothing explains it", s.name, p.name, l.priority, n, e.after)
		case open:
			c.a.OtherPartition++
		default:
			at := c.overlapping(s, p, span{e.before, c.ordered(l, n, e)}, used)
			if at == [2]int{-1, -1} {
				c.a.Unexplained++
				c.complain("%s did not get %s's %d.%d, accepted at %v: a second gap in one separation", s.name, p.name, l.priority, n, e.after)
				continue
			}
			used, open = [2]int{max(used[0], at[0]), max(used[1], at[1])}, true
			c.a.OtherPartition++
		}
	}
}

// announced tells whether a notice came between the publication and the next event
// of the lane.
func announced(b *sub, l lane, n uint64, before time.Duration) bool {
	next := always
	for m, at := range b.byLane[l] {
		if m > n {
			next = min(next, at)
		}
	}
	return slices.ContainsFunc(b.lost, func(at time.Duration) bool { return before <= at && at <= next })
}

// ordered is when an event had an order at the latest.
func (c *checker) ordered(l lane, n uint64, e *publication) time.Duration {
	at := always
	for _, w := range c.witness[l][n] {
		at = min(at, w.subs[1].byLane[l][n])
	}
	if at == always {
		return e.after
	}
	return at
}

// excused tells whether a subscriber was apart from everybody who got an event; and
// somebody did get it.
func (c *checker) excused(s *stream, l lane, n uint64, e *publication) bool {
	list := c.witness[l][n]
	for _, w := range list {
		if w.node == s.node && w != s {
			continue // an earlier or later start of the same node
		}
		if !c.were(s, w, span{e.before, w.subs[1].byLane[l][n]}) {
			return false
		}
	}
	return len(list) > 0
}

// retained accounts for a retained event that a subscriber never got: who had it
// must not have met the subscriber while it was retained.
func (c *checker) retained(s, p *stream, l lane, n uint64, e *publication) {
	enough := c.o.merge
	if !c.excused(s, l, n, e) {
		c.a.Unexplained++
		c.complain("%s did not get %s's retained %d.%d, accepted at %v, and nothing explains it", s.name, p.name, l.priority, n, e.after)
		return
	}
	if e.cleared == 0 {
		for _, w := range c.witness[l][n] {
			had := w.subs[1].byLane[l][n]
			for _, f := range s.confs {
				if f.at > had && f.joined[w.node] && w.began < had && w.end > f.at+enough && s.end > f.at+enough &&
					e.before+e.retention > f.at+enough {
					c.a.Unexplained++
					c.complain("%s met %s at %v and did not get %s's retained %d.%d, accepted at %v", s.name, w.name, f.at, p.name, l.priority, n, e.after)
					return
				}
			}
		}
	}
	c.a.OtherPartition++
}

// newcomer checks a subscription that was made later: it gets what is retained, and
// what is published meanwhile, as the one that stays does.
func (c *checker) newcomer(s *stream, b *sub) {
	margin, main := c.o.margin, s.subs[1]
	for _, r := range b.got {
		e := c.publication(r.lane, r.number)
		if e == nil {
			c.complain("%s: subscription %d got %x.%d.%d, which nobody published", s.name, b.id, r.lane.incarnation, r.lane.priority, r.number)
			continue
		}
		if e.after < b.from-margin && e.retention > 0 {
			c.a.Resubscribed++
		}
		switch {
		case e.cleared > 0 && e.cleared < b.from && r.lane.incarnation == s.incarnation:
			c.complain("%s: subscription %d got %d.%d, whose retention had been cleared", s.name, b.id, r.lane.priority, r.number)
		case e.retention == 0 && e.after < b.from-margin && main.byLane[r.lane][r.number] < b.from-margin:
			c.complain("%s: subscription %d got %x.%d.%d, which was over when it began", s.name, b.id, r.lane.incarnation, r.lane.priority, r.number)
		}
	}
	if len(b.lost) > 0 || b.to-b.from < margin || b.to == s.end {
		return
	}
	for _, r := range main.got {
		e := c.publication(r.lane, r.number)
		if e == nil {
			continue
		}
		_, has := b.byLane[r.lane][r.number]
		old := r.at < b.from-margin && e.retention > 0 && e.cleared == 0 && e.before+e.retention > b.from+margin
		fresh := e.before > b.from && r.at < b.to
		if !has && (old || fresh) {
			c.a.Unexplained++
			c.complain("%s: subscription %d (%v to %v) did not get %x.%d.%d (retained %v), which subscription 1 got at %v", s.name, b.id, b.from, b.to,
				r.lane.incarnation, r.lane.priority, r.number, e.retention, r.at)
		}
	}
}

func (c *checker) publication(l lane, n uint64) *publication {
	for _, p := range c.streams {
		if list := p.published[l]; n >= 1 && n <= uint64(len(list)) {
			return &list[n-1]
		}
	}
	return nil
}
