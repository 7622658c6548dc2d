package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// The token is repeated later when more than usual was sent in front of it, never
// sooner than without it, and never later than it may be.
func TestTheTokenIsRepeatedLaterBehindALargeBatch(t *testing.T) {
	c := formed(t, 1, 3, Config{Window: 200, MaxMessages: 100, TokenTimeout: time.Second})
	m := c.nodes[2].m
	for _, x := range []struct {
		rotation time.Duration
		load     int64
		fcc      uint32
		want     time.Duration // a rotation of it; 3/2 of that is the interval
	}{
		{2 * time.Millisecond, 9 * loadUnit, 9, 2 * time.Millisecond},
		{2 * time.Millisecond, 9 * loadUnit, 0, 2 * time.Millisecond},
		{2 * time.Millisecond, 9 * loadUnit, 39, 8 * time.Millisecond},
		{2 * time.Millisecond, 0, 1, 4 * time.Millisecond},
		{0, 0, 1 << 31, 0},
		{time.Hour, 0, 1<<32 - 1, 201 * time.Hour}, // a number from outside: the window bounds it
	} {
		m.rotation, m.load = x.rotation, x.load
		if got := m.nextRotation(x.fcc); got != x.want {
			t.Errorf("%d packets after %d parts in %v: %v, want %v", x.fcc, x.load, x.rotation, got, x.want)
		}
		m.armRetransmit(m.nextRotation(x.fcc))
		if want := min(max(x.want*3/2, minTokenAgain), m.cfg.TokenRetransmit); m.retransmit.at != m.now+want {
			t.Errorf("repeated after %v, want %v", m.retransmit.at-m.now, want)
		}
	}
}

// A link that needs 100 us for a packet: large batches and small ones in turn.
func TestLargeBatchesOverANarrowLinkDoNotHaveTheTokenRepeated(t *testing.T) {
	c := formed(t, 1, 3, Config{Window: 100, MaxMessages: 50})
	n := c.nodes[2]
	busy := c.now
	c.jitter = 0
	c.extra = func(from wire.NodeID) time.Duration {
		if from != 2 {
			return 0
		}
		busy = max(busy, c.now) + 100*time.Microsecond
		return busy - c.now
	}
	total := uint64(0)
	for round := range 40 {
		if round == 10 {
			n.m.n.TokenRetransmits = 0 // what a packet takes was measured
		}
		for range 4 + 30*(round%2) {
			n.backlog = append(n.backlog, queued{"message", wire.Agreed})
			total++
		}
		n.m.Wake(c.now)
		n.handle()
		if !c.run(time.Second, func() bool { return n.m.cur.safe >= total }) {
			t.Fatalf("not delivered: %s", c.states())
		}
	}
	if n.m.n.TokenRetransmits > 3 {
		t.Errorf("the token was repeated %d times in 30 batches, and none was lost", n.m.n.TokenRetransmits)
	}
}
