package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// acking is a ring of three in which node 2 has begun to send rounds that are awaited.
func acking(t *testing.T, cfg Config) (*cluster, *node) {
	t.Helper()
	cfg.Await = 100 * time.Microsecond
	c := formed(t, 1, 3, cfg)
	c.jitter = 0
	n := c.nodes[2]
	answered(t, c, n, 20, 4, 10*time.Microsecond, false)
	if n.m.n.Acknowledged < 5 {
		t.Fatalf("only %d of 20 rounds were acknowledged", n.m.n.Acknowledged)
	}
	return c, n
}

// waits sends a round from node 2 that the token stays for.
func waits(t *testing.T, c *cluster, n *node) {
	t.Helper()
	for range 50 {
		c.send(2, wire.Agreed, "round")
		n.m.Go(c.now)
		n.handle()
		if c.run(2*time.Millisecond, func() bool { return n.m.acks.waiting }) {
			return
		}
	}
	t.Fatal("the token never stays for acknowledgements")
}

func TestARoundThatIsAwaitedTakesOneWayThereAndBack(t *testing.T) {
	for nodes := 2; nodes <= 6; nodes += 2 {
		c := formed(t, 1, nodes, Config{Await: 100 * time.Microsecond})
		c.jitter, c.delay = 0, 20*time.Microsecond
		n := c.nodes[2]
		answered(t, c, n, 40, 4, 0, true)
		n.awaits = true
		var took time.Duration
		const rounds = 50
		for range rounds {
			began := c.now
			c.send(2, wire.Agreed, "write")
			n.m.Go(c.now)
			n.handle()
			last := n.m.cur.high + uint64(len(n.backlog))
			if !c.run(time.Second, func() bool { return n.m.cur.safe >= last }) {
				t.Fatal("a round is not safe")
			}
			took += c.now - began
		}
		// A token's way round is as many hops as there are nodes.
		if took/rounds > 2*c.delay+c.delay*time.Duration(nodes)/4+10*time.Microsecond {
			t.Errorf("%d nodes: a round takes %v, a hop %v", nodes, took/rounds, c.delay)
		}
	}
}

// What is called safe is here at every member, whatever is lost.
func TestWhatWasAcknowledgedIsEverywhere(t *testing.T) {
	c := formed(t, 7, 4, Config{Await: 100 * time.Microsecond})
	n := c.nodes[2]
	n.awaits = true
	rounds := 0
	for i := range 4000 {
		if i == 2000 {
			c.loss, c.dup = 0.05, 0.05
		}
		if len(n.backlog) == 0 {
			c.send(2, wire.Agreed, "write")
			c.send(2, wire.Agreed, "write")
		}
		n.m.Go(c.now)
		n.handle()
		c.run(20*time.Microsecond, func() bool {
			for id, x := range c.nodes {
				if x.m.state == Operational && x.m.cur.ring == n.safeRing && x.m.cur.aru < n.safeSeq {
					t.Fatalf("safe up to %d at node 2, node %d has all up to %d", n.safeSeq, id, x.m.cur.aru)
				}
			}
			return false
		})
		rounds = int(n.m.n.Acknowledged)
	}
	if rounds < 200 || n.m.n.AcksMissing < 10 {
		t.Errorf("%d rounds acknowledged, %d not in time", rounds, n.m.n.AcksMissing)
	}
}

func TestATokenDoesNotWaitLongForAcknowledgementsThatDoNotCome(t *testing.T) {
	c, n := acking(t, Config{})
	c.drop = func(_, _ wire.NodeID, pkt []byte) bool {
		kind, _ := wire.Kind(pkt)
		return kind == wire.TypeDataAck
	}
	before, visits := n.m.n.AcksMissing, c.nodes[3].m.n.TokenVisits
	waits(t, c, n)
	began, high := c.now, n.m.cur.high
	if !c.run(time.Second, func() bool { return n.m.cur.safe >= high }) {
		t.Fatal("the token does not tell it either")
	}
	if took := c.now - began; took > n.m.ackWait()+6*c.delay+100*time.Microsecond {
		t.Errorf("it took %v without acknowledgements", took)
	}
	if n.m.n.AcksMissing == before || c.nodes[3].m.n.TokenVisits == visits {
		t.Error("the token never went on without")
	}
	// It is tried rarely then.
	before = n.m.n.AcksMissing
	answered(t, c, n, 200, 2, 0, true)
	if tried := n.m.n.AcksMissing - before; tried > 20 {
		t.Errorf("tried in vain %d times in 200 rounds", tried)
	}
	// And again when they come.
	c.drop = nil
	got := n.m.n.Acknowledged
	answered(t, c, n, 200, 2, 0, true)
	if n.m.n.Acknowledged < got+50 {
		t.Errorf("%d of 200 rounds acknowledged afterwards", n.m.n.Acknowledged-got)
	}
}

// Whether a token that is kept without acknowledgements pays is another question.
func TestAcknowledgementsThatDoNotComeDoNotDiscourageKeeping(t *testing.T) {
	c, n := acking(t, Config{})
	c.drop = func(_, _ wire.NodeID, pkt []byte) bool {
		kind, _ := wire.Kind(pkt)
		return kind == wire.TypeDataAck
	}
	waits(t, c, n)
	before, missing := n.m.keepTries, n.m.n.AcksMissing
	if !c.run(time.Second, func() bool { return n.m.n.AcksMissing > missing }) {
		t.Fatal("they are waited for without end")
	}
	if n.m.keepTries != before {
		t.Errorf("keeping was %+v, and is %+v", before, n.m.keepTries)
	}
}

func TestWhoWaitsForTheTokenHasItAfterTheRound(t *testing.T) {
	c, n := acking(t, Config{})
	for i := range 20 {
		waits(t, c, n)
		other := c.nodes[3]
		began, before := c.now, len(other.messages)
		c.send(3, wire.Agreed, "other")
		for sent := false; !sent; {
			c.send(2, wire.Agreed, "round") // it does not stop
			n.m.Go(c.now)
			n.handle()
			c.run(10*time.Microsecond, nil)
			for _, x := range other.messages[before:] {
				sent = sent || x == "other"
			}
			if c.now > began+DefaultAcks {
				t.Fatalf("time %d: another one's message is not sent in %v", i, c.now-began)
			}
		}
		if took := c.now - began; took > 8*c.delay+200*time.Microsecond {
			t.Errorf("another one's message took %v", took)
		}
		answered(t, c, n, 10, 2, 0, true)
	}
}

func TestAVisitWithAcknowledgementsEnds(t *testing.T) {
	c, n := acking(t, Config{})
	var at Time
	longest := time.Duration(0)
	c.sniff = func(from wire.Member, o *Outgoing) {
		if o.Token && from == n.self {
			if at != 0 {
				longest = max(longest, c.now-at)
			}
			at = c.now
		}
	}
	answered(t, c, n, 300, 4, 0, true)
	if most := DefaultAcks + n.m.cfg.Await + n.m.ackWait() + 4*c.delay; longest > most {
		t.Errorf("the token comes by after %v, %v at most are meant", longest, most)
	}
	if n.m.n.TokenLosses+n.m.n.Gathers[CauseTokenLoss] > 0 {
		t.Error("the token was taken for lost")
	}
}

// The others forget only what the token told them to be everywhere; nobody is sent more
// than it keeps.
func TestAcknowledgedMessagesStillNeedRoomAtTheOthers(t *testing.T) {
	c, n := acking(t, Config{Window: 8, MaxMessages: 8})
	for range 400 {
		answered(t, c, n, 1, 8, 0, true)
		for id, x := range c.nodes {
			w := x.m.cur
			if n.m.cur.high > w.freed+uint64(len(w.slots)) {
				t.Fatalf("node %d has room up to %d, sent is up to %d", id, w.freed+uint64(len(w.slots)), n.m.cur.high)
			}
			if x.m.n.Rejected[RejectBeyond] > 0 {
				t.Fatalf("node %d had no room", id)
			}
		}
		if n.m.cur.freedPrev > c.nodes[1].m.cur.freed || n.m.cur.freedPrev > c.nodes[3].m.cur.freed {
			t.Fatalf("counts on %d being forgotten, the others are at %d and %d",
				n.m.cur.freedPrev, c.nodes[1].m.cur.freed, c.nodes[3].m.cur.freed)
		}
	}
}

func TestAnAcknowledgementThatCannotBeIsRefusedWithAReason(t *testing.T) {
	c, n := acking(t, Config{})
	say := func(from wire.Member, ring wire.RingID, aru uint64) Reject {
		p := wire.DataAck{Aru: aru}
		r := n.m.Step(c.now, Origin{Member: from, Ring: ring}, p.AppendTo(nil))
		n.handle()
		return r
	}
	waits(t, c, n)
	ring, high, safe := n.m.cur.ring, n.m.tok.High, n.m.cur.safe
	one := c.nodes[1].self
	stranger := wire.Member{ID: 9, Nonce: wire.Nonce{9}}
	for _, x := range []struct {
		what string
		got  Reject
		want Reject
	}{
		{"of a stranger", say(stranger, ring, high), RejectOrigin},
		{"of another ring", say(one, wire.RingID{Rep: 1, Seq: 1}, high), RejectForeign},
		{"of the session", say(one, wire.RingID{}, high), RejectOrigin},
		{"of more than there is", say(one, ring, high+1), RejectBeyond},
		{"of a round before", say(one, ring, high-1), RejectDuplicate},
		{"itself", say(one, ring, high), Accepted},
		{"twice", say(one, ring, high), RejectDuplicate},
	} {
		if x.got != x.want {
			t.Errorf("an acknowledgement %s: %v, want %v", x.what, x.got, x.want)
		}
	}
	if n.m.cur.safe != safe {
		t.Fatal("safe although one has not acknowledged")
	}
	if r := say(c.nodes[3].self, ring, high); r != Accepted || n.m.cur.safe != high {
		t.Errorf("the last one: %v, safe up to %d of %d", r, n.m.cur.safe, high)
	}
	if r := say(c.nodes[3].self, ring, high); r != RejectState {
		t.Errorf("after it: %v", r)
	}
	// In Gather it is worth nothing.
	answered(t, c, n, 10, 2, 0, true)
	waits(t, c, n)
	high, safe = n.m.tok.High, n.m.cur.safe
	n.m.becomeGather(CauseLeave)
	for _, id := range []wire.NodeID{1, 3} {
		if r := say(c.nodes[id].self, ring, high); r != RejectState {
			t.Errorf("in Gather: %v", r)
		}
	}
	if n.m.old.safe != safe || n.m.acks.waiting {
		t.Error("it counted in Gather")
	}
}

func TestSafeMessagesAndFullRingsAreNotKeptForAcknowledgements(t *testing.T) {
	c, n := acking(t, Config{})
	before := n.m.n.Acknowledged + n.m.n.AcksMissing
	for range 50 {
		c.send(2, wire.Safe, "safe")
		c.run(500*time.Microsecond, nil)
	}
	if after := n.m.n.Acknowledged + n.m.n.AcksMissing; after > before {
		t.Errorf("kept %d times for safe messages, which the others wait to deliver", after-before)
	}
	c, _ = acking(t, Config{})
	tried := func() (sum uint64) {
		for _, x := range c.nodes {
			sum += x.m.n.Acknowledged + x.m.n.AcksMissing
		}
		return sum
	}
	before = tried()
	for range 300 {
		for _, x := range c.nodes {
			x.awaits = true
			for len(x.backlog) < 3 {
				c.send(x.self.ID, wire.Agreed, "each")
			}
		}
		c.run(100*time.Microsecond, nil)
	}
	if after := tried(); after > before+5 {
		t.Errorf("kept %d times although all send", after-before)
	}
}

// The sender knows a rotation before the others that its safe messages are such.
func TestNobodyWaitsToDeliverASafeMessageWhileTheTokenIsKeptForAcknowledgements(t *testing.T) {
	c, n := acking(t, Config{})
	before, kept := n.m.n.Acknowledged, 0
	for i := range 2000 {
		c.send(2, wire.Guarantee(i%50/49), "one")
		n.m.Go(c.now)
		n.handle()
		for range 6 {
			c.run(5*time.Microsecond, nil)
			if !n.m.acks.waiting {
				continue
			}
			kept++
			for id, x := range c.nodes {
				if w := x.m.cur; w.delivered < w.aru {
					t.Fatalf("node %d waits with message %d of %d", id, w.delivered+1, w.aru)
				}
			}
		}
	}
	if kept == 0 || n.m.n.Acknowledged < before+10 {
		t.Fatalf("seen kept %d times, %d rounds acknowledged", kept, n.m.n.Acknowledged-before)
	}
}

// The keeper stops or dies with the token in its hand; a member does.
func TestAMemberThatIsGoneWhileItIsWaitedForIsNoticedAsEver(t *testing.T) {
	for gone := wire.NodeID(1); gone <= 3; gone++ {
		c, n := acking(t, Config{TokenTimeout: 100 * time.Millisecond})
		waits(t, c, n)
		c.crash(gone)
		if !c.run(time.Second, c.whole) {
			t.Fatalf("node %d is gone: no ring of the others: %s", gone, c.states())
		}
		c.send(gone%3+1, wire.Safe, "after")
		for id, x := range c.nodes {
			if id != gone && !c.run(time.Second, func() bool { return x.messages[len(x.messages)-1] == "after" }) {
				t.Errorf("node %d is gone: node %d does not deliver", gone, id)
			}
		}
	}
}

func TestAKeeperThatWasStoppedLooksAtItsClockBeforeItBelievesAnybody(t *testing.T) {
	c, n := acking(t, Config{TokenTimeout: 100 * time.Millisecond})
	waits(t, c, n)
	ring, high, safe := n.m.cur.ring, n.m.tok.High, n.m.cur.safe
	for _, id := range []wire.NodeID{1, 3} {
		p := wire.DataAck{Aru: high}
		r := n.m.Step(c.now+time.Second, Origin{Member: c.nodes[id].self, Ring: ring}, p.AppendTo(nil))
		n.m.Ready()
		if r != RejectState {
			t.Errorf("an acknowledgement after a second: %v", r)
		}
	}
	if n.m.state != Gather || n.m.old.safe != safe {
		t.Errorf("%v, safe up to %d, before %d", n.m.state, n.m.old.safe, safe)
	}
}
