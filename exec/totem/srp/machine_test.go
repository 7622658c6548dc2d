package srp

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// endless is a Source that always has a message.
type endless struct {
	g    wire.Guarantee
	left int
}

func (e *endless) Next(dst []byte) (int, wire.Guarantee, bool) {
	if e.left == 0 {
		return 0, 0, false
	}
	e.left--
	return len(dst), e.g, true
}
func (e *endless) Backlog() int { return e.left }

// direct couples machines without a network: what one sends the others take at
// once, in order.
type direct struct {
	ms    []*Machine
	now   Time
	queue []directed
	free  [][]byte
	got   int
}

type directed struct {
	to  *Machine
	org Origin
	pkt []byte
}

func (d *direct) handle(m *Machine) {
	r := m.Ready()
	d.got += len(r.Deliveries)
	for i := range r.Packets {
		o := &r.Packets[i]
		for _, x := range d.ms {
			if x == m || o.To != 0 && o.To != x.cfg.Self.ID {
				continue
			}
			var b []byte
			if n := len(d.free); n > 0 {
				b, d.free = d.free[n-1], d.free[:n-1]
			} else {
				b = make([]byte, 0, 2048)
			}
			d.queue = append(d.queue, directed{x, Origin{Member: m.cfg.Self, Ring: o.Ring}, append(b[:0], o.Data...)})
		}
	}
}

func (d *direct) step() {
	n := len(d.queue)
	for i := range n {
		e := d.queue[i]
		d.now += time.Microsecond
		e.to.Step(d.now, e.org, e.pkt)
		d.free = append(d.free, e.pkt)
		d.handle(e.to)
	}
	d.queue = append(d.queue[:0], d.queue[n:]...)
	if n == 0 {
		next := Never
		for _, m := range d.ms {
			next = min(next, m.Deadline())
		}
		d.now = max(d.now, next)
	}
	for _, m := range d.ms {
		if m.Deadline() <= d.now {
			m.Tick(d.now)
			d.handle(m)
		}
	}
}

func newDirect(n int, cfg Config, src func(i int) Source) *direct {
	d := &direct{}
	for i := range n {
		c := cfg
		c.Self = wire.Member{ID: wire.NodeID(i + 1), Start: 1, Nonce: wire.Nonce{byte(i + 1)}}
		c.Source = src(i)
		d.ms = append(d.ms, New(c))
	}
	for _, m := range d.ms {
		m.Start(0)
		d.handle(m)
	}
	return d
}

func TestSteadyTrafficAllocatesNothing(t *testing.T) {
	for _, acc := range []int{0, 10} {
		for _, n := range []int{1, 3} {
			var src []*endless
			d := newDirect(n, Config{Accelerated: acc}, func(i int) Source {
				e := &endless{g: wire.Guarantee(i & 1)}
				src = append(src, e)
				return e
			})
			for range 5000 {
				d.step()
			}
			for _, m := range d.ms {
				if m.state != Operational || len(m.cur.members) != n {
					t.Fatalf("no ring: %v", m.Status())
				}
			}
			round := func() {
				for i := range src {
					src[i].left = 50
					d.ms[i].Wake(d.now)
					d.handle(d.ms[i])
				}
				for range 100 {
					d.step()
				}
			}
			for range 100 { // every slot gets its buffer
				round()
			}
			before := d.got
			allocs := testing.AllocsPerRun(20, round)
			if d.got-before < 1000 {
				t.Fatalf("only %d messages were delivered", d.got-before)
			}
			if allocs != 0 {
				t.Errorf("accelerated %d, %d processors: %v allocations per %d deliveries", acc, n, allocs, (d.got-before)/21)
			}
		}
	}
}

// TestGarbageNeverPanicsOrChangesAnything hands in random bytes, and real packets
// with flipped bytes, from real and wrong origins.
func TestGarbageNeverPanicsOrChangesAnything(t *testing.T) {
	c := formed(t, 3, 3, Config{})
	var pool [][]byte
	c.sniff = func(_ wire.Member, o *Outgoing) {
		if len(pool) < 400 {
			pool = append(pool, append([]byte(nil), o.Data...))
		}
	}
	c.start(4)
	c.run(2*time.Second, c.whole)
	for i := range 50 {
		c.send(wire.NodeID(i%4+1), wire.Safe, strings.Repeat("y", i))
		c.run(time.Millisecond, nil)
	}
	c.sniff = nil
	r := rand.New(rand.NewPCG(1, 1))
	victim := c.nodes[2]
	before := victim.m.Status().Counters.Configurations
	for i := range 200000 {
		pkt := append([]byte(nil), pool[r.IntN(len(pool))]...)
		for range 1 + r.IntN(4) {
			if len(pkt) > 0 {
				pkt[r.IntN(len(pkt))] = byte(r.Uint32())
			}
		}
		if r.IntN(8) == 0 {
			pkt = pkt[:r.IntN(len(pkt)+1)]
		}
		org := Origin{Member: wire.Member{ID: wire.NodeID(10 + r.IntN(3)), Nonce: wire.Nonce{byte(r.Uint32())}}}
		if r.IntN(2) == 0 {
			org.Ring = wire.RingID{Rep: 9, Seq: uint64(r.IntN(50))}
		}
		victim.m.Step(c.now, org, pkt)
		victim.handle()
		if i%1000 == 0 {
			c.run(time.Millisecond, nil)
		}
	}
	if s := victim.m.Status(); s.State != Operational || s.Counters.Configurations != before {
		t.Errorf("garbage of strangers changed something: %v, %d configurations, %d before", s.State, s.Counters.Configurations, before)
	}
	// From members of the ring anything may happen to the ring, but no panic.
	for range 200000 {
		pkt := append([]byte(nil), pool[r.IntN(len(pool))]...)
		pkt[r.IntN(len(pkt))] ^= byte(1 << r.IntN(8))
		org := Origin{Member: c.nodes[wire.NodeID(1+r.IntN(4))].self}
		if r.IntN(2) == 0 {
			org.Ring = victim.m.ringNow()
		}
		victim.m.Step(c.now, org, pkt)
		victim.m.Ready()
		c.now += 10 * time.Microsecond
		if victim.m.Deadline() <= c.now {
			victim.m.Tick(c.now)
			victim.m.Ready()
		}
	}
}

func TestEveryDropIsCountedByItsReason(t *testing.T) {
	c := formed(t, 3, 2, Config{})
	m := c.nodes[1].m
	for want, f := range map[Reject]func() Reject{
		RejectMalformed: func() Reject { return m.Step(c.now, Origin{Member: c.nodes[2].self}, []byte{1}) },
		RejectOwn: func() Reject {
			return m.Step(c.now, Origin{Member: c.nodes[1].self}, []byte{byte(wire.TypeJoin), wire.Version})
		},
		RejectOrigin: func() Reject {
			return m.Step(c.now, Origin{Member: c.nodes[2].self}, (&wire.Leave{}).AppendTo(nil))
		},
		RejectForeign: func() Reject {
			return m.Step(c.now, Origin{Member: c.nodes[2].self, Ring: wire.RingID{Rep: 1, Seq: 999}}, (&wire.Leave{}).AppendTo(nil))
		},
		RejectProbe: func() Reject {
			return m.Step(c.now, Origin{Member: c.nodes[2].self}, (&wire.ProbeReply{}).AppendTo(nil))
		},
	} {
		before := m.n.Rejected[want]
		if got := f(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
		if m.n.Rejected[want] != before+1 {
			t.Errorf("%v was not counted", want)
		}
		m.Ready()
	}
}

func TestIdleCostsNothing(t *testing.T) {
	for _, n := range []int{1, 3} {
		c := formed(t, 5, n, Config{})
		c.run(time.Second, nil)
		before := c.sent
		c.run(10*time.Second, nil)
		perSecond := float64(c.sent-before) / 10
		t.Logf("%d processors: %v packets per second", n, perSecond)
		if perSecond > 60 {
			t.Errorf("%d idle processors send %v packets per second", n, perSecond)
		}
	}
}

func TestForgedHintsChangeNothing(t *testing.T) {
	c := formed(t, 5, 3, Config{})
	before := c.sent
	for range 2000 {
		for _, id := range []wire.NodeID{1, 2} {
			c.nodes[id].m.Suspect(c.now, 3)
			c.nodes[id].handle()
		}
		c.run(time.Millisecond, nil)
	}
	s := c.nodes[1].m.Status()
	if s.Counters.Configurations != 1 || s.Counters.SuspectsDead != 0 {
		t.Errorf("%d configurations, %d dead", s.Counters.Configurations, s.Counters.SuspectsDead)
	}
	t.Logf("2000 hints in 2 s at two members: %d packets, %d rounds of probes at 1", c.sent-before, s.Counters.Suspects)
	if s.Counters.Suspects > 210 {
		t.Errorf("%d rounds of probes in 2 s", s.Counters.Suspects)
	}
}

func TestARecordingOfAnEarlierLifeChangesNothing(t *testing.T) {
	type rec struct {
		org Origin
		pkt []byte
	}
	var tape []rec
	c := newCluster(11, Config{})
	c.sniff = func(from wire.Member, o *Outgoing) {
		tape = append(tape, rec{Origin{Member: from, Ring: o.Ring}, append([]byte(nil), o.Data...)})
	}
	for i := 1; i <= 3; i++ {
		c.start(wire.NodeID(i))
	}
	c.run(time.Second, nil)
	c.send(1, wire.Safe, "before")
	c.run(time.Second, nil)
	c.sniff = nil
	old := tape
	for i := 1; i <= 3; i++ {
		c.crash(wire.NodeID(i))
		c.start(wire.NodeID(i))
	}
	if !c.run(5*time.Second, c.whole) {
		t.Fatal("no ring after the restart")
	}
	before := c.nodes[2].m.Status().Counters.Configurations
	for _, x := range old {
		if x.org.Member.ID == 2 || !x.org.Ring.IsZero() {
			continue // the ring's key is gone: it cannot be opened
		}
		c.nodes[2].m.Step(c.now, x.org, x.pkt)
		c.nodes[2].handle()
		c.run(100*time.Microsecond, nil)
	}
	c.run(time.Second, nil)
	s := c.nodes[2].m.Status()
	if s.State != Operational || s.Counters.Configurations != before {
		t.Errorf("%v, %d configurations, %d before", s.State, s.Counters.Configurations, before)
	}
	// And a node alone.
	c.crash(1)
	c.crash(3)
	c.crash(2)
	alone := c.start(2)
	c.run(time.Second, nil)
	for _, x := range old {
		if x.org.Member.ID != 2 && x.org.Ring.IsZero() {
			alone.m.Step(c.now, x.org, x.pkt)
			alone.handle()
			c.run(100*time.Microsecond, nil)
		}
	}
	c.run(time.Second, nil)
	if s := alone.m.Status(); s.State != Operational || s.Counters.Configurations != 1 {
		t.Errorf("alone: %v, %d configurations", s.State, s.Counters.Configurations)
	}
}

func TestNoRingIsAboveWhatIsReserved(t *testing.T) {
	c := newCluster(4, Config{TokenTimeout: 50 * time.Millisecond})
	c.start(1)
	c.onDeliver = func(n *node, d *Delivery) {
		if d.Kind == DeliverRegular && d.Config.Ring.Seq > c.disk[n.self.ID] {
			t.Errorf("ring %v is above what %d reserved, %d", d.Config.Ring, n.self.ID, c.disk[n.self.ID])
		}
	}
	c.run(time.Second, nil)
	asked, last := 0, c.disk[1]
	for range 300 {
		c.start(2)
		c.run(200*time.Millisecond, c.whole)
		c.nodes[2].m.Leave(c.now)
		c.nodes[2].handle()
		c.crash(2)
		c.run(200*time.Millisecond, c.whole)
		if c.disk[1] != last {
			asked, last = asked+1, c.disk[1]
		}
	}
	// A start begins above its reservation, so it costs the others one; the rings
	// themselves cost next to nothing.
	if asked > 300+3 {
		t.Errorf("%d reservations for 300 restarts", asked)
	}
	if n := len(c.nodes[1].configs); n < 600 {
		t.Errorf("only %d configurations", n)
	}
}

// TestTheLastWordsOfADeadProcessorChangeNothing replays what a processor said and
// this node never heard: no replay window knows it, and it echoes this node.
func TestTheLastWordsOfADeadProcessorChangeNothing(t *testing.T) {
	c := formed(t, 12, 3, Config{})
	var tape []event
	c.sniff = func(from wire.Member, o *Outgoing) {
		if o.Ring.IsZero() && from.ID == 3 {
			tape = append(tape, event{org: Origin{Member: from}, pkt: append([]byte(nil), o.Data...)})
		}
	}
	c.group[3] = 1
	c.run(3*time.Second, nil)
	c.sniff = nil
	c.crash(3)
	before := c.nodes[1].m.Status().Counters.Configurations
	joins := 0
	for _, x := range tape {
		if x.pkt[0] == byte(wire.TypeJoin) {
			joins++
		}
		c.nodes[1].m.Step(c.now, x.org, x.pkt)
		c.nodes[1].handle()
		c.run(time.Millisecond, nil)
	}
	c.run(time.Second, nil)
	if joins < 5 {
		t.Fatalf("only %d Joins were recorded", joins)
	}
	if s := c.nodes[1].m.Status(); s.Counters.Configurations != before || s.State != Operational {
		t.Errorf("%v, %d configurations, %d before", s.State, s.Counters.Configurations, before)
	}
}

func TestAProcessorThatLostItsStateComesBack(t *testing.T) {
	c := newCluster(1, Config{})
	for id := wire.NodeID(1); id <= 3; id++ {
		c.starts[id] = 5
		c.start(id)
	}
	if !c.run(2*time.Second, c.whole) {
		t.Fatal("no ring")
	}
	for _, pause := range []time.Duration{0, 3 * time.Second} {
		c.crash(2)
		c.run(pause, nil)
		c.starts[2] = 0 // it counts from the beginning
		delete(c.disk, 2)
		at := c.now
		c.start(2)
		if !c.run(5*time.Second, c.whole) {
			t.Fatalf("down for %v: not whole after 5 s: %s", pause, c.states())
		}
		t.Logf("down for %v: whole after %v", pause, c.now-at)
	}
}

func TestAFullRingIsNotDisturbedByWhoFindsNoRoom(t *testing.T) {
	for _, extra := range []int{1, 2} {
		c := formed(t, 1, 3, Config{MaxMembers: 3})
		c.group[4], c.group[5] = 1, 1
		for i := range extra {
			c.start(wire.NodeID(4 + i))
		}
		c.run(time.Second, nil)
		clear(c.group)
		c.start(6)
		before := c.nodes[1].m.Status().Counters.Configurations
		c.run(10*time.Second, nil)
		for _, id := range []wire.NodeID{1, 2, 3} {
			s := c.nodes[id].m.Status()
			if s.State != Operational || s.Counters.Configurations != before || len(s.Members) != 3 {
				t.Errorf("%d more: %d is %v, %d configurations, %d before", extra, id, s.State, s.Counters.Configurations, before)
			}
		}
		s := c.nodes[4].m.Status()
		t.Logf("%d more: 4 is %v in %s, %d configurations", extra, s.State, names(s.Members), s.Counters.Configurations)
		if s.Counters.Configurations > 4 {
			t.Errorf("%d more: %d configurations outside", extra, s.Counters.Configurations)
		}
	}
}
