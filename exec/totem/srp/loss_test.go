package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// flood gives every node of c more than it can send and lets d pass.
func flood(c *cluster, nodes []wire.NodeID, d time.Duration) (delivered int) {
	first := c.nodes[c.ids()[0]]
	before := len(first.messages)
	for step := time.Duration(0); step < d; step += time.Millisecond {
		for _, id := range nodes {
			n := c.nodes[id]
			for len(n.backlog) < 500 {
				n.backlog = append(n.backlog, queued{"flood", wire.Agreed})
			}
			n.m.Wake(c.now)
			n.handle()
		}
		c.run(time.Millisecond, nil)
	}
	return len(first.messages) - before
}

// smallBuffer has node id take only room packets between two tokens.
func smallBuffer(c *cluster, id wire.NodeID, room int) {
	var since time.Duration
	got := 0
	c.drop = func(_, to wire.NodeID, pkt []byte) bool {
		if kind, _ := wire.Kind(pkt); to != id || kind != wire.TypeData {
			return false
		}
		// It takes what is there every 300 us.
		if c.now-since > 300*time.Microsecond {
			since, got = c.now, 0
		}
		got++
		return got > room
	}
}

func TestANodeSendsSmallerBurstsWhenABufferDoesNotHoldThem(t *testing.T) {
	for _, nodes := range []int{2, 3} {
		c := formed(t, 1, nodes, Config{Window: 256, MaxMessages: 64, Accelerated: 24})
		smallBuffer(c, 2, 20)
		flood(c, []wire.NodeID{1}, 300*time.Millisecond)
		m := c.nodes[1].m
		if m.n.WindowCuts == 0 {
			t.Errorf("%d nodes: the window was never cut", nodes)
		}
		most, visits := 0, 0
		for range 200 {
			flood(c, []wire.NodeID{1}, time.Millisecond)
			most += m.visitMost
			visits++
		}
		if mean := most / visits; mean > 40 {
			t.Errorf("%d nodes: a visit may send %d packets on average where 20 fit", nodes, mean)
		}
		c.drop = nil
		flood(c, []wire.NodeID{1}, 50*time.Millisecond)
		if m.visitMost != 64 {
			t.Errorf("%d nodes: a visit may send %d packets after the loss is over, want 64", nodes, m.visitMost)
		}
	}
}

func TestScatteredLossDoesNotMakeTheWindowSmaller(t *testing.T) {
	c := formed(t, 1, 3, Config{Window: 256, MaxMessages: 64, Accelerated: 24})
	c.loss = 0.1
	flood(c, []wire.NodeID{1, 2, 3}, 500*time.Millisecond)
	visits := c.nodes[1].m.n.TokenVisits
	for id, n := range c.nodes {
		if cuts := n.m.n.WindowCuts; cuts > visits/100 {
			t.Errorf("node %d: %d cuts in %d visits", id, cuts, visits)
		}
	}
}

// With the token lost nothing is sent: it is sent again after a few rotations.
func TestALostTokenCostsAFewRotations(t *testing.T) {
	c := formed(t, 1, 3, Config{Window: 256, MaxMessages: 64, Accelerated: 24})
	flood(c, []wire.NodeID{1}, 50*time.Millisecond)
	lost := false
	c.drop = func(_, to wire.NodeID, pkt []byte) bool {
		if kind, _ := wire.Kind(pkt); !lost && to == 2 && kind == wire.TypeToken {
			lost = true
			return true
		}
		return false
	}
	at := c.now
	visits := c.nodes[2].m.n.TokenVisits
	rotation := c.nodes[2].m.rotation
	if !c.run(time.Second, func() bool { return lost && c.nodes[2].m.n.TokenVisits > visits+1 }) {
		t.Fatal("it never came again")
	}
	if took := c.now - at; took > max(minTokenAgain, 2*rotation)+4*rotation {
		t.Errorf("%v, a rotation takes %v", took, rotation)
	}
}
