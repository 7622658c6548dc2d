package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// Of a visit's messages the last may follow the token. Few do not, and not those of
// an only sender whose link is narrow: the token would be back before they are
// anywhere, and one rotation more would be needed until they are known to be.
func TestWhichMessagesFollowTheToken(t *testing.T) {
	for name, x := range map[string]struct {
		sent, others int
		packet       time.Duration // that a packet of a rotation takes
		behind       int
	}{
		"one":                                   {1, 0, slowPacket / 10, 0},
		"few":                                   {fewMessages, 0, slowPacket / 10, 0},
		"more":                                  {fewMessages + 1, 0, slowPacket / 10, fewMessages + 1},
		"many":                                  {40, 0, slowPacket / 10, 6},
		"many, just not narrow":                 {40, 0, slowPacket, 6},
		"many over a narrow link":               {40, 0, slowPacket + 1, 0},
		"narrow, and others send":               {40, 30, 5 * slowPacket, 6},
		"few over a narrow link, others send":   {fewMessages, 30, 5 * slowPacket, 0},
		"more over a narrow link, with another": {fewMessages + 1, 1, 5 * slowPacket, fewMessages + 1},
	} {
		c := formed(t, 1, 3, Config{Accelerated: 6, Window: 100, MaxMessages: 50})
		m := c.nodes[2].m
		m.fccOwn, m.rotation = uint32(x.sent), time.Duration(x.sent)*x.packet
		if got := m.behindToken(&wire.Token{FCC: uint32(x.sent + x.others)}, x.sent); got != x.behind {
			t.Errorf("%s: %d of %d behind the token, want %d", name, got, x.sent, x.behind)
		}
	}
}

// What the decision is made from, over a link that takes long for each packet and
// over one that does not.
func TestOverANarrowLinkAnOnlySendersMessagesAreSafeAfterOneRotation(t *testing.T) {
	for _, narrow := range []bool{false, true} {
		c := formed(t, 1, 3, Config{Accelerated: 24, Window: 100, MaxMessages: 50})
		n := c.nodes[2]
		if narrow {
			c.delay, c.jitter = 2*time.Millisecond, 0 // the rotation is as long as many packets take
		}
		followed, sent := 0, 0
		c.sniff = func(_ wire.Member, o *Outgoing) {
			var d wire.Data
			if d.Unmarshal(o.Data) == nil {
				sent++
				if d.AfterToken {
					followed++
				}
			}
		}
		for round := range 40 {
			if round == 30 {
				followed, sent = 0, 0 // the rotation was measured
			}
			for range 12 {
				n.backlog = append(n.backlog, queued{"message", wire.Safe})
			}
			n.m.Wake(c.now)
			n.handle()
			if !c.run(time.Second, func() bool { return n.m.cur.delivered >= uint64(12*(round+1)) }) {
				t.Fatalf("narrow %v: not delivered: %s", narrow, c.states())
			}
		}
		if sent != 120 || (followed == 0) != narrow {
			t.Errorf("narrow %v: %d of %d messages followed the token", narrow, followed, sent)
		}
	}
}
