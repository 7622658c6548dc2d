package srp

import (
	"strings"
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// at puts a ring that is at rest, its token held, to a sequence number.
func (c *cluster) at(seq uint64) {
	for _, n := range c.nodes {
		m, w := n.m, n.m.cur
		w.high, w.aru, w.delivered, w.safe, w.freed, w.freedPrev = seq, seq, seq, seq, seq, seq
		m.tokenHigh, m.prevHigh, m.sentAru, m.sentHigh = seq, seq, seq, seq
		m.tok.High, m.tok.Aru, m.tok.AruSetter = seq, seq, 0
	}
}

func TestARingWhoseSequenceNumbersComeToAnEndIsFormedAnew(t *testing.T) {
	for _, size := range []int{1, 3} {
		c := formed(t, 1, size, Config{Accelerated: 5, SeqnoUnchanged: 5})
		if size > 1 && !c.run(2*time.Second, func() bool { return c.nodes[1].m.holding }) {
			t.Fatal("no token is held")
		}
		configs := len(c.nodes[1].configs)
		c.at(wire.MaxSeq - lastNumbers - 20)
		for i := range 60 {
			c.send(wire.NodeID(i%size+1), wire.Safe, strings.Repeat("z", i+1))
		}
		if !c.run(2*time.Second, func() bool {
			for _, n := range c.nodes {
				if len(n.configs) < configs+1 || strings.Count(strings.Join(n.messages, " "), "z") == 0 || n.Backlog() > 0 ||
					n.m.cur.delivered != n.m.cur.high {
					return false
				}
			}
			return c.whole()
		}) {
			t.Fatalf("%d processors: %s", size, c.states())
		}
		for _, n := range c.nodes {
			last := n.configs[len(n.configs)-1]
			if len(n.configs) != configs+1 || len(last.Members) != size {
				t.Errorf("%d processors: %d configurations more, the last of %d", size, len(n.configs)-configs, len(last.Members))
			}
			if n.m.cur.high > 100 {
				t.Errorf("%d processors: the new ring is at %d", size, n.m.cur.high)
			}
			if n.m.n.Gathers[CauseSequenceEnd] == 0 {
				t.Errorf("%d processors: at %d the cause is %v", size, n.self.ID, n.m.cause)
			}
			count := 0
			for _, s := range n.messages {
				if strings.Contains(s, "z") {
					count++
				}
			}
			if count != 60 {
				t.Errorf("%d processors: %d of 60 messages at %d", size, count, n.self.ID)
			}
		}
	}
}

// The numbers of a ring have six bytes in a message: where four would come round
// nothing happens.
func TestARingRunsOverTheBordersOfShorterNumbers(t *testing.T) {
	for _, border := range []uint64{1 << 16, 1 << 24, 1 << 32, 1 << 40} {
		c := formed(t, 1, 3, Config{Accelerated: 5, SeqnoUnchanged: 5})
		c.loss = 0.05
		if !c.run(2*time.Second, func() bool { return c.nodes[1].m.holding }) {
			t.Fatal("no token is held")
		}
		configs := len(c.nodes[1].configs)
		c.at(border - 20)
		for i := range 60 {
			c.send(wire.NodeID(i%3+1), wire.Agreed, strings.Repeat("z", i+1))
		}
		if !c.run(2*time.Second, func() bool {
			for _, n := range c.nodes {
				if n.m.cur.delivered < border+40 {
					return false
				}
			}
			return true
		}) {
			t.Fatalf("border %#x: %s", border, c.states())
		}
		for _, n := range c.nodes {
			if len(n.configs) != configs {
				t.Errorf("border %#x: %d configurations more", border, len(n.configs)-configs)
			}
		}
	}
}

// A message has the low bits of the token's number: the next rounds are told from
// former ones also where the bits come round.
func TestARoundIsTakenForALaterOneOnlyIfItIs(t *testing.T) {
	for _, sent := range []uint64{1, 100, 1<<15 - 1, 1<<16 - 2, 1 << 16, 5<<16 + 3, 1<<32 - 1} {
		for _, ahead := range []int64{-1 << 15, -1000, -128, -1, 0, 1, 128, 1000, 1<<15 - 1} {
			if int64(sent)+ahead < 0 {
				continue
			}
			c := formed(t, 1, 3, Config{})
			m := c.nodes[2].m
			m.sentSeq, m.retransmit.at, m.tokenFirst = sent, 5, false
			m.sawRound(m.predecessor(), &wire.Data{Round: uint16(int64(sent) + ahead), AfterToken: true})
			if later := m.retransmit.at == Never; later != (ahead >= 0) || later != m.tokenFirst {
				t.Errorf("token %d sent, message of round %d: later %v, token first %v", sent, int64(sent)+ahead, later, m.tokenFirst)
			}
		}
	}
	c := formed(t, 1, 3, Config{})
	m := c.nodes[2].m
	m.sentSeq, m.retransmit.at = 0, 5
	if m.sawRound(m.predecessor(), &wire.Data{Round: 9}); m.retransmit.at != 5 {
		t.Error("no token was sent, and yet it is known to have arrived")
	}
}

// Members are named by their places in the ring: one that is behind the last is
// nobody, in a message and in an old one.
func TestPlacesBehindTheLastMemberAreRefused(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	m := c.nodes[1].m
	org := Origin{Member: c.nodes[2].self, Ring: m.cur.ring}
	step := func(d wire.Data) Reject {
		b := make([]byte, wire.EncapsulationHeader)
		r := m.Step(c.now, org, b[:d.PutHeader(b)])
		m.Ready()
		return r
	}
	next := m.cur.high + 1
	for _, source := range []uint8{3, 4, wire.MaxMembers - 1} {
		if r := step(wire.Data{Source: source, Seq: next}); r != RejectOrigin {
			t.Errorf("place %d: %v", source, r)
		}
	}
	if r := step(wire.Data{Source: 0, Seq: next}); r != RejectOrigin {
		t.Errorf("a message of this node from another: %v", r)
	}
	if r := step(wire.Data{Source: 2, Seq: next + uint64(len(m.cur.slots))}); r != RejectBeyond {
		t.Errorf("a number beyond all that can be kept: %v", r)
	}
	if r := step(wire.Data{Source: 2, Seq: wire.MaxSeq}); r != RejectBeyond {
		t.Errorf("the last number there is: %v", r)
	}
	if r := step(wire.Data{Source: 2, Seq: next}); r != Accepted {
		t.Errorf("a good one: %v", r)
	}

	m, self, other := recovering(t)
	m.state, self.High, other.High = Recovery, 9, 9
	m.plan(self, other)
	for source, want := range map[uint8]Reject{2: RejectMalformed, wire.MaxMembers - 1: RejectMalformed, 1: Accepted} {
		d := wire.Data{Encapsulated: true, Old: wire.OldData{Ring: m.old.ring, Source: source, Seq: 4}}
		if r := m.takeOld(&d); r != want {
			t.Errorf("old place %d: %v", source, r)
		}
	}
	for seq, want := range map[uint64]Reject{10: RejectMalformed, wire.MaxSeq: RejectMalformed, 9: Accepted} {
		d := wire.Data{Encapsulated: true, Old: wire.OldData{Ring: m.old.ring, Source: 1, Seq: seq}}
		if r := m.takeOld(&d); r != want {
			t.Errorf("old number %d: %v", seq, r)
		}
	}
	large := wire.Data{Encapsulated: true, Old: wire.OldData{Ring: m.old.ring, Source: 1, Seq: 5},
		Payload: make([]byte, MaxPayload(m.cfg.MaxPacket)+1)}
	if r := m.takeOld(&large); r != RejectMalformed {
		t.Errorf("an old message that is too large: %v", r)
	}
}

// The largest message there is fits one packet when it is recovered, with all that
// says whose it is, and comes out as it went in.
func TestTheLargestMessageIsRecoveredInOnePacket(t *testing.T) {
	m, self, other := recovering(t)
	old := m.old
	payload := []byte(strings.Repeat("largest", m.cfg.MaxPacket))[:MaxPayload(m.cfg.MaxPacket)]
	was := wire.Data{Source: 1, Seq: 1, Guarantee: wire.Safe}
	s := old.place(1, wire.DataHeader+len(payload), m.cfg.MaxPacket)
	was.PutHeader(s.buf)
	copy(s.buf[wire.DataHeader:], payload)
	s.source, s.safe = 1, true
	old.advance(1)
	self.Aru, self.High = 1, 1
	m.plan(self, other)
	tok := wire.Token{Seq: 1}
	m.sendOld(&tok, 5)
	pkt := m.cur.at(1).buf
	if tok.High != 1 || len(pkt) != m.cfg.MaxPacket {
		t.Fatalf("%d sent, %d bytes of %d", tok.High, len(pkt), m.cfg.MaxPacket)
	}
	var d wire.Data
	if err := d.Unmarshal(pkt); err != nil {
		t.Fatal(err)
	}
	x, self, other := recovering(t)
	x.state, other.Aru, other.High = Recovery, 1, 1
	x.plan(self, other)
	if r := x.takeOld(&d); r != Accepted {
		t.Fatal(r)
	}
	got := x.old.at(1)
	if got.seq != 1 || got.source != 1 || !got.safe || string(got.payload()) != string(payload) || x.old.aru != 1 {
		t.Errorf("it became number %d of place %d, safe %v, %d bytes", got.seq, got.source, got.safe, len(got.payload()))
	}
	var again wire.Data
	if err := again.Unmarshal(got.buf); err != nil || again.Source != 1 || again.Seq != 1 || again.Guarantee != wire.Safe || again.Encapsulated {
		t.Errorf("kept as %+v (%v)", again, err)
	}
}

// Packets of membership have the larger header, so they have to be smaller.
func TestPacketsOfMembershipKeepToTheirOwnSize(t *testing.T) {
	c := newCluster(1, Config{MaxPacket: 1000, MaxSession: 400})
	largest, pages := 0, 0
	c.sniff = func(_ wire.Member, o *Outgoing) {
		if o.Ring.IsZero() {
			largest = max(largest, len(o.Data))
			var j wire.JoinPage
			if j.Unmarshal(o.Data) == nil {
				pages = max(pages, int(j.Page.Pages))
			}
		}
	}
	for id := range wire.NodeID(30) {
		c.start(id + 1)
	}
	if !c.run(5*time.Second, c.whole) {
		t.Fatal(c.states())
	}
	if largest > 400 || pages < 2 {
		t.Errorf("a packet of %d bytes, Joins of %d pages", largest, pages)
	}
}
