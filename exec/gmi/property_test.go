package gmi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ais/exec/totem/plant"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	_ "ais/internal/drawn"

	"pgregory.net/rapid"
)

// world is a set of nodes on a fake ring, driven by rapid.
type world struct {
	r      fakeRing
	nodes  []*node
	serial uint64
	buf    []byte
}

func (w *world) multicast(t *rapid.T) {
	n := rapid.SampledFrom(w.nodes).Draw(t, "sender")
	size := rapid.OneOf(rapid.IntRange(0, 60), rapid.IntRange(0, 900), rapid.IntRange(0, 4000), rapid.IntRange(slabLargest-20, slabLargest+20)).Draw(t, "size")
	p := Priority(rapid.IntRange(0, int(Priorities)-1).Draw(t, "prio"))
	guar := wire.Guarantee(rapid.IntRange(0, 1).Draw(t, "guarantee"))
	w.serial++
	c := Class(rapid.IntRange(0, int(classes)-1).Draw(t, "class"))
	b := append([]byte{byte(laneOf(c, p))}, text(n.self.ID, w.serial, size)...)
	cut := rapid.IntRange(0, len(b)).Draw(t, "cut")
	ok := n.g.SendOKAs(c, p, len(b))
	id, err := n.g.MulticastAs(c, testGroup, p, guar, b[:cut], b[cut:])
	if ok != (err == nil) {
		t.Fatalf("SendOK said %v and Multicast %v", ok, err)
	}
	if err == nil {
		n.sent[id] = string(b)
	}
}

func (w *world) pull(t *rapid.T) {
	rapid.SampledFrom(w.nodes).Draw(t, "holder").pull(w.buf)
}

func (w *world) gate(t *rapid.T) {
	rapid.SampledFrom(w.nodes).Draw(t, "gated").g.Gate(rapid.Bool().Draw(t, "closed"))
}

func (w *world) take(t *rapid.T) {
	rapid.SampledFrom(w.nodes).Draw(t, "receiver").take()
}

// reconfigure ends every configuration and deals the nodes anew.
func (w *world) reconfigure(t *rapid.T) {
	w.deal(t, func(*node) int { return rapid.IntRange(0, 2).Draw(t, "component") })
}

func (w *world) deal(t *rapid.T, to func(*node) int) {
	next := map[int][]*node{}
	for _, c := range w.r.comps {
		sets := map[int][]*node{}
		for _, n := range c.members {
			k := to(n)
			sets[k] = append(sets[k], n)
		}
		c.members = nil
		for k := range 3 {
			if len(sets[k]) > 0 {
				c.leave(sets[k], rapid.IntRange(0, len(c.log)).Draw(t, "lost"))
				next[k] = append(next[k], sets[k]...)
			}
		}
	}
	w.r.comps = nil
	for k := range 3 {
		if len(next[k]) > 0 {
			w.r.install(next[k])
		}
	}
}

// settle sends and delivers everything in one configuration.
func (w *world) settle(t *rapid.T) {
	w.deal(t, func(*node) int { return 0 })
	for _, n := range w.nodes {
		n.g.Gate(false)
	}
	for again := true; again; {
		again = false
		for _, n := range w.nodes {
			again = n.pull(w.buf) || again
			again = n.take() || again
		}
	}
}

func (w *world) check(t *rapid.T) {
	for _, n := range w.nodes {
		if len(n.bad) > 0 {
			t.Fatalf("node %d: %s", n.self.ID, n.bad[0])
		}
	}
}

// final checks what must hold once everything was delivered.
func (w *world) final(t *rapid.T) {
	w.check(t)
	type part struct {
		ring wire.RingID
		set  string // the transitional set for its part, else empty
	}
	// What members delivered in a regular configuration: they leave it with
	// different sets, so one sequence may be a prefix of another. What they
	// delivered in a transitional configuration is the same.
	longest := map[part][]event{}
	for _, n := range w.nodes {
		if len(n.got) != len(n.sent) {
			t.Fatalf("node %d delivered %d of its %d messages", n.self.ID, len(n.got), len(n.sent))
		}
		if len(n.unsafe) != 0 {
			t.Fatalf("node %d: %d messages never became safe", n.self.ID, len(n.unsafe))
		}
		if s := n.g.Stats(); s.Malformed+s.Orphans+s.Duplicates != 0 {
			t.Fatalf("node %d: %+v", n.self.ID, s)
		}
		seen := map[string]bool{}
		last := map[[2]byte]string{}
		var in part
		parts := map[part][]event{}
		for _, e := range n.events {
			switch e.kind {
			case srp.DeliverRegular:
				in = part{ring: e.ring}
			case srp.DeliverTransitional:
				in.set = e.set
				parts[in] = append(parts[in], event{}) // so that an empty part counts
			case srp.DeliverMessage:
				if seen[e.msg] {
					t.Fatalf("node %d delivered a message of %d twice", n.self.ID, e.from)
				}
				seen[e.msg] = true
				key := [2]byte{byte(e.from), e.msg[0]}
				serial := reversed(e.msg[5:13])
				if serial <= last[key] {
					t.Fatalf("node %d: messages of %d in lane %d out of order", n.self.ID, e.from, e.msg[0])
				}
				last[key] = serial
				parts[in] = append(parts[in], e)
			}
		}
		for k, events := range parts {
			if other, ok := longest[k]; ok && k.set != "" && len(other) != len(events) {
				t.Fatalf("node %d delivered %d messages in transitional %v, another member %d", n.self.ID, len(events), k, len(other))
			}
			short, long := events, longest[k]
			if len(short) > len(long) {
				short, long = long, short
			}
			if !slices.Equal(short, long[:len(short)]) {
				t.Fatalf("node %d delivered otherwise than another member of ring %v", n.self.ID, k.ring)
			}
			longest[k] = long
		}
	}
}

// reversed makes a little-endian number comparable as a string.
func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func newWorld(t *rapid.T) *world {
	w := &world{buf: make([]byte, srp.AloneRoom)}
	for i := range rapid.IntRange(1, 4).Draw(t, "nodes") {
		w.nodes = append(w.nodes, newNode(wire.NodeID(i+1), 7, Options{
			MaxPayload: rapid.IntRange(MinPayload, 600).Draw(t, "payload"),
			MaxMessage: slabLargest + 100, QueueLimits: [Priorities]int{18000, 18000, 27000, 60000},
		}))
	}
	w.r.install(slices.Clone(w.nodes))
	return w
}

func TestWhateverTheConfigurationsAllMembersDeliverTheSameWholeMessagesInOrderAndOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"multicast":   w.multicast,
			"multicast2":  w.multicast,
			"pull":        w.pull,
			"pull2":       w.pull,
			"take":        w.take,
			"take2":       w.take,
			"gate":        w.gate,
			"reconfigure": w.reconfigure,
			"":            w.check,
		})
		w.settle(t)
		w.final(t)
	})
}

func TestAHalfMessageCarriedIntoTheNextConfigurationIsNoticed(t *testing.T) {
	if !plant.Possible {
		t.Skip("only in a build with the tag plantbugs")
	}
	plant.Set(plant.HalfMessageCarried)
	defer plant.Set(plant.None)
	// One receiver moves along with the sender, one joins: with the bug the
	// joiner never gets the message.
	a := newNode(1, 1, Options{MaxPayload: 200})
	b := newNode(2, 1, Options{MaxPayload: 200})
	c := newNode(3, 1, Options{MaxPayload: 200})
	var r fakeRing
	r.install([]*node{a, b})
	r.install([]*node{c})
	msg := text(1, 1, 500)
	id, err := a.g.Multicast(testGroup, Low, wire.Agreed, msg)
	if err != nil {
		t.Fatal(err)
	}
	a.sent[id] = string(msg)
	buf := make([]byte, 200)
	a.pull(buf)
	old := a.comp
	old.members = nil
	old.leave([]*node{a, b}, 0)
	c.comp.members = nil
	c.comp.leave([]*node{c}, 0)
	r.install([]*node{a, b, c})
	for a.pull(buf) {
	}
	for _, n := range []*node{a, b, c} {
		for n.take() {
		}
	}
	count := func(n *node) string {
		var s strings.Builder
		for _, e := range n.events {
			if e.kind == srp.DeliverMessage {
				fmt.Fprintf(&s, "%d,", len(e.msg))
			}
		}
		return s.String()
	}
	if count(b) == count(c) {
		t.Fatalf("the planted bug makes no difference: %q, %q", count(b), count(c))
	}
}
