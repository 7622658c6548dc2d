package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// oneByOne has a node send messages of one client with one outstanding: the next
// comes think after the one before was delivered there. It returns how long the
// last ones took, on average.
func oneByOne(t *testing.T, c *cluster, n *node, count int, think time.Duration) time.Duration {
	t.Helper()
	var took time.Duration
	for i := range count {
		c.run(think, nil)
		before := len(n.messages)
		began := c.now
		c.send(n.self.ID, wire.Agreed, "one")
		if !c.run(time.Second, func() bool { return len(n.messages) > before }) {
			t.Fatalf("message %d is not delivered", i)
		}
		if i >= count/2 {
			took += c.now - began
		}
	}
	return took / time.Duration(count-count/2)
}

func TestTheOnlySenderIsNotMadeToWaitARotationForEachMessage(t *testing.T) {
	// The client is a little slower than the token.
	measure := func(linger time.Duration) time.Duration {
		c := formed(t, 1, 3, Config{Linger: linger})
		c.jitter = 0
		took := oneByOne(t, c, c.nodes[2], 100, 3*c.delay+30*time.Microsecond)
		if linger == 0 && c.nodes[2].m.n.Lingers == 0 {
			t.Error("it never waited for its next message")
		}
		return took
	}
	without, with := measure(time.Nanosecond), measure(0)
	if with > without/2 {
		t.Errorf("a message takes %v, %v if it is not waited for", with, without)
	}
}

func TestATokenIsPassedOnWhenTheNextMessageDoesNotCome(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	n := c.nodes[2]
	oneByOne(t, c, n, 10, 50*time.Microsecond)
	goesRoundInSilence(t, c, n, &n.m.n.Lingers)
}

// goesRoundInSilence lets time pass in which nobody sends: the token has to go round,
// and n to wait once at most, as waits counts.
func goesRoundInSilence(t *testing.T, c *cluster, n *node, waits *uint64) {
	t.Helper()
	visits, before := n.m.n.TokenVisits, *waits
	c.run(20*time.Millisecond, nil)
	if n.m.n.TokenVisits < visits+5 {
		t.Errorf("%d visits in 20 ms of silence", n.m.n.TokenVisits-visits)
	}
	if *waits > before+1 {
		t.Errorf("it waited %d times for a message that did not come", *waits-before)
	}
}

func TestATokenIsNotKeptWhileAnyoneHasMessages(t *testing.T) {
	c := formed(t, 1, 3, Config{Window: 3, MaxMessages: 1})
	lingers := func() (sum uint64) {
		for _, n := range c.nodes {
			sum += n.m.n.Lingers
		}
		return sum
	}
	before := lingers()
	for _, n := range c.nodes {
		for range 200 {
			n.backlog = append(n.backlog, queued{"each", wire.Agreed})
		}
		n.m.Wake(c.now)
		n.handle()
	}
	waiting := func() bool {
		for _, n := range c.nodes {
			if len(n.backlog) == 0 {
				return true
			}
		}
		return false
	}
	if !c.run(5*time.Second, waiting) {
		t.Fatal("they are never sent")
	}
	if after := lingers(); after != before {
		t.Errorf("it was kept %d times", after-before)
	}
}
