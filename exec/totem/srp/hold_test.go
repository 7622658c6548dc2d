package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// The others have formed a ring without it, and nothing they said reached it:
// what it sends now must not be ordered in the ring that is over.
func TestAProcessorStoppedWhileItHeldTheTokenNoticesBeforeItSends(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	n := c.nodes[1]
	if !c.run(2*time.Second, func() bool { return n.m.holding }) {
		t.Fatal("no token is held")
	}
	n.paused = true
	c.run(5*time.Second, nil)
	n.inbox = nil
	c.resume(1)
	old := n.configs[len(n.configs)-1].Ring
	c.onDeliver = func(to *node, d *Delivery) {
		if d.Kind == DeliverMessage && d.Ring == old {
			t.Errorf("%q is delivered at %d in the old ring", d.Payload, to.self.ID)
		}
	}
	n.backlog = append(n.backlog, queued{"news", wire.Agreed})
	n.m.Wake(c.now)
	n.handle()
	n.m.Tick(c.now)
	n.handle()
	if n.m.state == Operational {
		t.Errorf("5 s later it still believes in its ring")
	}
	if !c.run(2*time.Second, c.whole) {
		t.Errorf("not whole: %s", c.states())
	}
}

func TestAHeldTokenIsNotTakenForLost(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	c.run(10*time.Second, nil)
	for _, n := range c.nodes {
		if n.m.n.TokenLosses > 0 {
			t.Errorf("%d: %d tokens lost", n.self.ID, n.m.n.TokenLosses)
		}
	}
	if c.nodes[1].m.n.Holds < 50 {
		t.Errorf("the token was held %d times", c.nodes[1].m.n.Holds)
	}
}

func TestAnIdleRingHasMemoryForItsNextMessages(t *testing.T) {
	w := newWindow(16)
	w.reset(wire.RingID{Rep: 1, Seq: 4}, nil, 0)
	w.prepare(1400)
	for seq := uint64(1); seq <= prepared; seq++ {
		if c := cap(w.at(seq).buf); c < 1400 {
			t.Errorf("message %d would find a buffer of %d bytes", seq, c)
		}
	}
	if c := cap(w.at(prepared + 1).buf); c != 0 {
		t.Errorf("a buffer of %d bytes for a message that is far away", c)
	}
	// What is there is not touched.
	for seq := uint64(1); seq <= prepared; seq++ {
		w.place(seq, 10, 1400).buf[0] = 7
		w.advance(seq)
	}
	w.high = 0
	w.prepare(2000)
	if b := w.at(1).buf; len(b) != 10 || b[0] != 7 {
		t.Errorf("a message that is kept was replaced: %v", b)
	}
}
