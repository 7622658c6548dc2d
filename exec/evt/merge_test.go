package evt

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// start is one start of a node, of a simulated nonce.
func start(node wire.NodeID, n uint64) actor {
	return actor{node, n, wire.Nonce{byte(node), byte(n)}}
}

// part is a partition with its state, and what a model with a tombstone for
// everything that ever went would know.
type part struct {
	nodes   []actor
	st      *state
	known   map[dot]bool
	removed map[dot]bool
}

func (p *part) members() map[actor]bool {
	m := map[actor]bool{}
	for _, a := range p.nodes {
		m[a] = true
	}
	return m
}

// learn takes note of what came and went since the last time.
func (p *part) learn() {
	for d := range p.st.events {
		p.known[d] = true
	}
	for d := range p.known {
		if p.st.events[d] == nil {
			p.removed[d] = true
		}
	}
}

// snapshot is the partition's state as another would receive it: through the wire.
func (p *part) snapshot(t *rapid.T, s *Service, keep map[actor]bool) *snapshot {
	out := &snapshot{clock: clock{}}
	var b []byte
	take := func(start int) {
		c := cursor{b: b[start:]}
		if !s.takeRecord(out, c.u8(), c.take(int(c.u32()))) {
			t.Fatalf("a record does not decode: %x", b[start:])
		}
	}
	for _, a := range p.nodes {
		if keep[a] {
			out.members = append(out.members, a)
		}
	}
	for _, a := range sortedActors(p.st.clock) {
		start := len(b)
		b = endRecord(appendDot(beginRecord(b, recordClock), dot{a, p.st.clock[a]}), start)
		take(start)
	}
	for _, ch := range p.st.sorted() {
		start := len(b)
		b = appendChannelRecord(b, ch)
		take(start)
		for e := ch.first; e != nil; e = e.next {
			start := len(b)
			b = appendEventRecord(b, e, forever)
			take(start)
		}
	}
	return out
}

// join merges partitions, as far as their nodes are in keep.
func join(t *rapid.T, s *Service, parts []*part, keep map[actor]bool) *part {
	out := &part{known: map[dot]bool{}, removed: map[dot]bool{}}
	var snaps []*snapshot
	for _, p := range parts {
		snap := p.snapshot(t, s, keep)
		snaps = append(snaps, snap)
		out.nodes = append(out.nodes, snap.members...)
		maps.Copy(out.known, p.known)
		maps.Copy(out.removed, p.removed)
	}
	out.st = merge(snaps, keep, idOf).st
	slices.SortFunc(out.nodes, actor.compare)
	return out
}

// check compares a merged state with the model, and with itself.
func (p *part) check(t *rapid.T) {
	for d := range p.st.events {
		if p.removed[d] || !p.known[d] {
			t.Fatalf("event %v is retained, which was removed", d)
		}
	}
	for d := range p.known {
		if !p.removed[d] && p.st.events[d] == nil && !p.channelGone(d) {
			t.Fatalf("event %v is gone, which nobody removed", d)
		}
		if !p.st.clock.covers(d) {
			t.Fatalf("the clock does not cover %v", d)
		}
	}
	names := map[string]int{}
	bytes := 0
	for id, ch := range p.st.channels {
		if ch.id != id || p.st.find(id) != ch {
			t.Fatalf("channel %v is %v", id, ch.id)
		}
		for _, a := range ch.aliases {
			if p.st.find(a) != ch || p.st.channels[a] != nil {
				t.Fatalf("alias %v of %v", a, id)
			}
		}
		if ch.linked {
			names[ch.name]++
			if p.st.names[ch.name] != ch {
				t.Fatalf("name %s", ch.name)
			}
		} else if len(ch.opens) == 0 {
			t.Fatalf("channel %v is still there", id)
		}
		for a := range ch.opens {
			if !p.members()[a] {
				t.Fatalf("%v has %s open", a, ch.name)
			}
		}
		n := 0
		for e := ch.first; e != nil; e = e.next {
			n++
			bytes += e.rec.cost()
			if e.ch != ch || p.st.events[e.dot] != e {
				t.Fatalf("event %v", e.dot)
			}
		}
		if n != ch.count {
			t.Fatalf("%d events, %d counted", n, ch.count)
		}
	}
	for name, n := range names {
		if n != 1 {
			t.Fatalf("%d channels are called %s", n, name)
		}
	}
	if len(p.st.names) != len(names) || bytes != p.st.bytes {
		t.Fatalf("%d names of %d, %d bytes of %d", len(p.st.names), len(names), p.st.bytes, bytes)
	}
}

// channelGone tells whether an event may have gone with its channel: the data of an
// event name it.
func (p *part) channelGone(d dot) bool {
	return p.st.find(channelOf[d]) == nil
}

// channelOf is the channel on which an event was published; dots are unique in a
// run only, so each run begins with an empty one.
var channelOf map[dot]dot

func TestMergedStatesAreWhatAModelWithTombstonesSaysWhateverTheHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		channelOf = map[dot]dot{}
		s := New(Options{})
		parts := []*part{}
		for n := range wire.NodeID(4) {
			parts = append(parts, &part{nodes: []actor{start(n+1, 1)}, st: newState(), known: map[dot]bool{}, removed: map[dot]bool{}})
		}
		now, id := int64(0), uint64(2000)
		pick := func() (*part, actor) {
			p := parts[rapid.IntRange(0, len(parts)-1).Draw(t, "part")]
			return p, p.nodes[rapid.IntRange(0, len(p.nodes)-1).Draw(t, "node")]
		}
		channel := func(p *part) *channel {
			list := p.st.sorted()
			if len(list) == 0 {
				t.Skip()
			}
			return list[rapid.IntRange(0, len(list)-1).Draw(t, "channel")]
		}
		t.Repeat(map[string]func(*rapid.T){
			"open": func(t *rapid.T) {
				p, a := pick()
				now += int64(rapid.IntRange(0, 1).Draw(t, "time"))
				p.st.open(a, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"), true, now)
			},
			"close": func(t *rapid.T) {
				p, a := pick()
				p.st.close(a, channel(p).id, 1)
				p.learn()
			},
			"unlink": func(t *rapid.T) {
				p, _ := pick()
				p.st.unlink(rapid.SampledFrom([]string{"x", "y"}).Draw(t, "name"))
				p.learn()
			},
			"publish": func(t *rapid.T) {
				p, a := pick()
				ch := channel(p)
				id++
				e := p.st.retain(a, ch, id, s.pool.copy(ipcwire.AppendEvtShared(nil, &ipcwire.EvtEvent{ID: id, Retention: 1})))
				channelOf[e.dot] = ch.id
				p.learn()
			},
			"clear": func(t *rapid.T) {
				p, _ := pick()
				ch := channel(p)
				if ch.last != nil {
					p.st.clear(ch.id, ch.last.id)
					p.learn()
				}
			},
			"split": func(t *rapid.T) {
				p, _ := pick()
				if len(p.nodes) == 1 {
					t.Skip()
				}
				cut := rapid.IntRange(1, len(p.nodes)-1).Draw(t, "cut")
				parts = slices.DeleteFunc(parts, func(o *part) bool { return o == p })
				for _, side := range [][]actor{p.nodes[:cut], p.nodes[cut:]} {
					keep := (&part{nodes: side}).members()
					half := join(t, s, []*part{p}, keep)
					half.learn() // channels may have gone with their openers
					half.check(t)
					parts = append(parts, half)
				}
			},
			"merge": func(t *rapid.T) {
				n := rapid.IntRange(2, 3).Draw(t, "parts")
				if len(parts) < n {
					t.Skip()
				}
				parts = rapid.Permutation(parts).Draw(t, "order")
				keep := map[actor]bool{}
				for _, p := range parts[:n] {
					maps.Copy(keep, p.members())
				}
				whole := join(t, s, parts[:n], keep)
				whole.check(t)
				turned := slices.Clone(parts[:n])
				slices.Reverse(turned)
				if a, b := describe(whole.st), describe(join(t, s, turned, keep).st); a != b {
					t.Fatalf("the order of snapshots matters:\n%s%s", a, b)
				}
				for d := range whole.known { // what went with its channel is gone
					if whole.st.events[d] == nil {
						whole.removed[d] = true
					}
				}
				parts = append(parts[n:], whole)
			},
			"": func(t *rapid.T) {
				seen := map[actor]bool{}
				for _, p := range parts {
					for _, a := range p.nodes {
						if seen[a] {
							t.Fatal(fmt.Sprint(a, " is in two partitions"))
						}
						seen[a] = true
					}
				}
			},
		})
	})
}

func TestAStartNumberThatCameAgainIsAnotherStart(t *testing.T) {
	// Node 2 lost its state directory: its second start is number 1 again. The
	// other partition has seen five things of the first.
	before, after := start(2, 1), start(2, 1)
	after.nonce[5] = 1
	there, here := newState(), newState()
	there.open(start(1, 1), "channel", true, 1)
	there.clock[before] = 5
	ch, _ := here.open(after, "channel", true, 2)
	p := &pool{}
	shared := ipcwire.AppendEvtShared(nil, &ipcwire.EvtEvent{ID: 5000, Retention: forever})
	e := here.retain(after, ch, 5000, p.copy(shared))
	m := merge([]*snapshot{
		{members: []actor{start(1, 1)}, clock: there.clock, channels: there.sorted()},
		{members: []actor{after}, clock: here.clock, channels: here.sorted(),
			events: []*remote{{dot: e.dot, channel: ch.id, rec: e.rec, left: forever}}},
	}, map[actor]bool{start(1, 1): true, after: true}, idOf)
	if len(m.events) != 1 || m.st.events[e.dot] == nil {
		t.Errorf("%d events are retained: what node 2 retains was taken for what the start before it had removed", len(m.events))
	}
}
