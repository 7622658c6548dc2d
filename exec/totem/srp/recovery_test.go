package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// recovering returns a machine whose old ring has the members self and 2, and
// what a commit token says of a member 2.
func recovering(t *testing.T) (m *Machine, self, other wire.CommitEntry) {
	t.Helper()
	m = newCluster(1, Config{}).start(1).m
	ring := wire.RingID{Rep: 1, Seq: 8}
	self = wire.CommitEntry{Member: m.cfg.Self, Filled: true, Old: ring}
	other = wire.CommitEntry{Member: wire.Member{ID: 2, Start: 1, Nonce: wire.Nonce{1}}, Filled: true, Old: ring}
	m.old = newWindow(len(m.cur.slots))
	m.old.reset(ring, []wire.Member{self.Member, other.Member}, 0)
	m.cur.reset(wire.RingID{Rep: 1, Seq: 12}, m.old.members, 0)
	return m, self, other
}

func (m *Machine) plan(entries ...wire.CommitEntry) {
	m.commit.entries = entries
	m.planRecovery()
}

// A processor that lost its state directory counts ring ids anew, too, and may
// come from a ring with the id of ours. It was not in ours.
func TestWhoComesFromARingOfTheSameIDWithAnotherStartDoesNotMoveTogether(t *testing.T) {
	m, self, other := recovering(t)
	m.plan(self, other)
	if len(m.rec.trans) != 2 {
		t.Fatalf("%d move together, want both", len(m.rec.trans))
	}
	other.Member.Nonce[0]++
	other.Aru, other.High, other.Safe = 5, 9, 4
	m.plan(self, other)
	if len(m.rec.trans) != 1 || m.rec.high != 0 || m.old.safe != 0 {
		t.Errorf("%d move together; of another ring: high %d, safe %d", len(m.rec.trans), m.rec.high, m.old.safe)
	}
}

// Work is bounded by what is here, not by numbers of a commit token.
func TestAnAruBelowWhatIsForgottenIsNotSearchedFor(t *testing.T) {
	m, self, other := recovering(t)
	const forgotten = 1 << 40
	old := m.old
	old.aru, old.high, old.delivered, old.safe, old.freed = forgotten, forgotten, forgotten, forgotten, forgotten
	d := wire.Data{Source: 0, Seq: forgotten + 1}
	d.PutHeader(old.place(d.Seq, wire.EncapsulationHeader, m.cfg.MaxPacket).buf)
	old.advance(d.Seq)
	self.Aru, self.High = old.aru, old.high
	m.plan(self, other) // which says that it has nothing
	if m.rec.left != 1 {
		t.Fatalf("%d to recover, want 1", m.rec.left)
	}
	tok := wire.Token{Seq: 1}
	m.sendOld(&tok, 5) // would search for years
	if tok.High != 1 || m.rec.left != 0 {
		t.Errorf("%d sent, %d left", tok.High, m.rec.left)
	}
}

// What the old ring itself recovered fills packets: encapsulated once more they
// would be too large. Nobody who installed that ring misses any of it.
func TestWhatTheOldRingRecoveredIsNotRecoveredAgain(t *testing.T) {
	m, self, other := recovering(t)
	old := m.old
	d := wire.Data{Source: 1, Seq: 1, Encapsulated: true, Old: wire.OldData{Ring: wire.RingID{Rep: 1, Seq: 4}, Seq: 1}}
	s := old.place(1, m.cfg.MaxPacket, m.cfg.MaxPacket)
	d.PutHeader(s.buf)
	s.encap = true
	old.advance(1)
	self.Aru, self.High = old.aru, old.high
	m.plan(self, other)
	tok := wire.Token{Seq: 1}
	m.sendOld(&tok, 5)
	if m.rec.left != 0 || tok.High != 0 {
		t.Errorf("%d sent, %d left", tok.High, m.rec.left)
	}
}

// A network that loses every large packet on one way, or members of different
// netmtu: what one of them needs never comes, and the token goes round.
func TestARecoveryThatCannotEndIsGivenUp(t *testing.T) {
	for _, accelerated := range []int{0, 5} {
		c := formed(t, 1, 3, Config{FailToReceive: 50, Accelerated: accelerated})
		c.drop = func(_, to wire.NodeID, pkt []byte) bool {
			kind, _ := wire.Kind(pkt)
			return to == 2 && kind == wire.TypeData
		}
		c.send(1, wire.Agreed, "what 2 does not get")
		c.run(time.Millisecond, nil)
		c.crash(3)
		c.nodes[1].m.Suspect(c.now, 3)
		c.nodes[1].handle()
		end := c.now + 3*time.Second
		for c.now < end {
			c.run(10*time.Millisecond, nil)
		}
		for _, id := range []wire.NodeID{1, 2} {
			n := c.nodes[id]
			if last := n.configs[len(n.configs)-1]; len(last.Members) == 3 {
				t.Errorf("accelerated %d: %d is in %v, and its last configuration is still %s", accelerated, id, n.m.state, names(last.Members))
			}
		}
		c.drop = nil
		if !c.run(3*time.Second, c.whole) {
			t.Errorf("accelerated %d: no ring after the network was mended: %s", accelerated, c.states())
		}
	}
}
