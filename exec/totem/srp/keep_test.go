package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// quick is a client that has its next message sooner than the token is back.
const quick = 30 * time.Microsecond

func TestTheOnlySendersNextMessagesDoNotWaitForTheTokenToGoRound(t *testing.T) {
	measure := func(keep time.Duration) time.Duration {
		c := formed(t, 1, 3, Config{Keep: keep})
		c.jitter = 0
		return oneByOne(t, c, c.nodes[2], 200, quick)
	}
	without, with := measure(time.Nanosecond), measure(0)
	if with > without/2 {
		t.Errorf("a message takes %v, %v if the token is not kept", with, without)
	}
}

// A client with one outstanding does not stop: the others' turn comes all the same.
func TestAKeptTokenGoesOnAfterItsTime(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	c.jitter = 0
	n := c.nodes[2]
	oneByOne(t, c, n, 20, quick)
	rotation := 3*c.delay + c.jitter
	var at Time // when n's token last left
	c.sniff = func(from wire.Member, o *Outgoing) {
		if o.Token && from == n.self {
			if at != 0 && c.now-at > DefaultKeep+rotation+50*time.Microsecond {
				t.Errorf("the token comes by after %v", c.now-at)
			}
			at = c.now
		}
	}
	keeps, visits := n.m.n.Keeps, n.m.n.TokenVisits
	oneByOne(t, c, n, 200, quick)
	keeps, visits = n.m.n.Keeps-keeps, n.m.n.TokenVisits-visits
	if keeps < 100 || visits < 10 {
		t.Errorf("%d messages of 200 while the token was kept, %d visits", keeps, visits)
	}
	// And another one's message is delivered within that.
	other := c.nodes[3]
	before, began := len(other.messages), c.now
	c.send(3, wire.Agreed, "other")
	for i := 0; c.now < began+5*time.Millisecond; i++ {
		c.send(2, wire.Agreed, "one")
		c.run(quick, nil)
		for _, m := range other.messages[before:] {
			if m == "other" {
				if c.now-began > DefaultKeep+2*rotation {
					t.Errorf("another one's message took %v", c.now-began)
				}
				return
			}
		}
		before = len(other.messages)
	}
	t.Error("another one's message is never sent")
}

func TestATokenIsNotKeptFromThoseWhoNeedIt(t *testing.T) {
	keeps := func(c *cluster, send func(i int)) uint64 {
		n := c.nodes[2]
		before := n.m.n.Keeps
		for i := range 50 {
			send(i)
			c.run(2*quick, nil)
		}
		return n.m.n.Keeps - before
	}
	agreed := func(c *cluster) func(int) {
		return func(int) { c.send(2, wire.Agreed, "one") }
	}

	c := formed(t, 1, 3, Config{})
	if keeps(c, agreed(c)) == 0 {
		t.Fatal("it is not kept at all")
	}
	c = formed(t, 1, 3, Config{})
	if n := keeps(c, func(int) { c.send(2, wire.Safe, "one") }); n > 0 {
		t.Errorf("kept %d times behind safe messages, which it makes safe", n)
	}
	c = formed(t, 1, 3, Config{})
	c.nodes[2].awaits = true
	if n := keeps(c, agreed(c)); n > 0 {
		t.Errorf("kept %d times while it was awaited what is everywhere", n)
	}
	// Nobody is ahead of what the others have.
	c = formed(t, 1, 3, Config{})
	c.drop = func(from, to wire.NodeID, pkt []byte) bool {
		kind, _ := wire.Kind(pkt)
		return kind == wire.TypeData && from == 2 && to == 3
	}
	agreed(c)(0)
	c.run(100*time.Microsecond, nil)
	if n := keeps(c, agreed(c)); n > 0 {
		t.Errorf("kept %d times while a member missed messages", n)
	}
	// All send: it goes round as ever.
	c = formed(t, 1, 3, Config{})
	if n := keeps(c, func(int) {
		for id := range c.nodes {
			c.send(id, wire.Agreed, "each")
		}
	}); n > 10 {
		t.Errorf("kept %d times of 50 while all send", n)
	}
}

func TestAKeptTokenDoesNotLetAVisitSendMoreThanItMay(t *testing.T) {
	c := formed(t, 1, 3, Config{MaxMessages: 5, Window: 5})
	n := c.nodes[2]
	oneByOne(t, c, n, 10, quick)
	sent, most := 0, 0
	c.sniff = func(from wire.Member, o *Outgoing) {
		kind, _ := wire.Kind(o.Data)
		switch {
		case from != n.self:
		case kind == wire.TypeData:
			sent++
			most = max(most, sent)
		case kind == wire.TypeToken:
			sent = 0
		}
	}
	for range 200 {
		c.send(2, wire.Agreed, "one")
		c.run(5*time.Microsecond, nil)
	}
	if most > 5 || most < 2 {
		t.Errorf("%d messages at one visit, 5 are allowed", most)
	}
}

// How long the token was kept says nothing about how long it takes.
func TestAKeptTokenDoesNotLengthenTheMeasuredRotation(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	c.jitter = 0
	c.run(5*time.Millisecond, nil)
	before := c.nodes[3].m.rotation
	oneByOne(t, c, c.nodes[2], 300, quick)
	for id, n := range c.nodes {
		if n.m.rotation > before*3/2 {
			t.Errorf("node %d believes that it takes %v, it was %v", id, n.m.rotation, before)
		}
		if n.m.n.TokenRetransmits > 2 {
			t.Errorf("node %d sent %d tokens again", id, n.m.n.TokenRetransmits)
		}
	}
}

func TestATokenThatIsKeptInVainIsKeptRarely(t *testing.T) {
	c := formed(t, 1, 3, Config{})
	c.jitter = 0
	n := c.nodes[2]
	oneByOne(t, c, n, 200, DefaultLinger+50*time.Microsecond)
	if n.m.n.Keeps > 20 {
		t.Errorf("kept behind %d of 200 messages of a client that takes longer", n.m.n.Keeps)
	}
	// One that got quicker is noticed.
	keeps := n.m.n.Keeps
	oneByOne(t, c, n, 200, quick)
	if n.m.n.Keeps < keeps+50 {
		t.Errorf("kept behind %d of 200 messages of a quick client", n.m.n.Keeps-keeps)
	}
}
