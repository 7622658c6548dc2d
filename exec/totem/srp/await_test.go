package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// answered lets n send rounds of count messages, each round when the one before is
// safe, think later; soon tells whether it says that no more is to come then. It
// returns how many visits of the token the last half of the rounds took.
func answered(t *testing.T, c *cluster, n *node, rounds, count int, think time.Duration, soon bool) uint64 {
	t.Helper()
	var visits uint64
	n.awaits = true
	for i := range rounds {
		if i == rounds/2 {
			visits = n.m.n.TokenVisits
		}
		for range count {
			c.send(n.self.ID, wire.Agreed, "write")
		}
		if soon {
			n.m.Go(c.now)
			n.handle()
		}
		last := n.m.cur.high + uint64(len(n.backlog))
		if !c.run(time.Second, func() bool { return n.m.cur.safe >= last }) {
			t.Fatalf("round %d is not safe", i)
		}
		c.run(think, nil)
	}
	return n.m.n.TokenVisits - visits
}

func TestATokenWaitsForWhatFollowsOnSafeMessages(t *testing.T) {
	const rounds, count = 40, 8
	for at := wire.NodeID(1); at <= 3; at++ {
		c := formed(t, 1, 3, Config{Await: 100 * time.Microsecond, Accelerated: 10, Window: 100, MaxMessages: 30})
		c.jitter = 0
		visits := answered(t, c, c.nodes[at], rounds, count, 20*time.Microsecond, true)
		if visits > rounds/2+2 {
			t.Errorf("node %d: %d visits for %d rounds: more than one each", at, visits, rounds/2)
		}
		without := formed(t, 1, 3, Config{Accelerated: 10, Window: 100, MaxMessages: 30})
		without.jitter = 0
		if v := answered(t, without, without.nodes[at], rounds, count, 20*time.Microsecond, false); v < 2*visits {
			t.Errorf("node %d: %d visits where it does not wait, %d where it does", at, v, visits)
		}
	}
}

func TestATokenThatWaitsGoesOnWhenNothingFollows(t *testing.T) {
	c := formed(t, 1, 3, Config{Await: 100 * time.Microsecond})
	n := c.nodes[1]
	answered(t, c, n, 10, 3, 0, true)
	if n.m.n.Awaits == 0 {
		t.Fatal("it never waited")
	}
	goesRoundInSilence(t, c, n, &n.m.n.Awaits)
}

func TestATokenDoesNotWaitWhileOthersSendOrWhereItTakesLong(t *testing.T) {
	c := formed(t, 1, 3, Config{Await: 100 * time.Microsecond})
	before := c.nodes[1].m.n.Awaits
	for range 300 {
		for _, n := range c.nodes {
			for len(n.backlog) < 3 {
				c.send(n.self.ID, wire.Agreed, "each")
			}
		}
		c.run(100*time.Microsecond, nil)
	}
	if after := c.nodes[1].m.n.Awaits; after > before+5 {
		t.Errorf("it waited %d times although others send", after-before)
	}
	slow := formed(t, 1, 3, Config{Await: 100 * time.Microsecond})
	slow.delay = time.Millisecond
	n := slow.nodes[1]
	answered(t, slow, n, 40, 2, 0, false)
	before = n.m.n.Awaits
	answered(t, slow, n, 40, 2, 0, false)
	if n.m.n.Awaits != before {
		t.Errorf("it waited %d times where a rotation takes milliseconds", n.m.n.Awaits-before)
	}
}
