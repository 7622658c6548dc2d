package srp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ais/exec/totem/wire"
)

func formed(t *testing.T, seed uint64, n int, cfg Config) *cluster {
	t.Helper()
	c := newCluster(seed, cfg)
	for i := 1; i <= n; i++ {
		c.start(wire.NodeID(i))
	}
	if !c.run(5*time.Second, c.whole) {
		t.Fatalf("no ring of %d after 5 s: %s", n, c.states())
	}
	return c
}

func (c *cluster) states() string {
	var b strings.Builder
	for _, id := range c.ids() {
		s := c.nodes[id].m.Status()
		fmt.Fprintf(&b, "\n %d: %v %v %s cause %v rejects %v", id, s.State, s.Ring, names(s.Members), s.LastCause, nonzero(s.Counters.RejectedByReason()))
		if s.State == Gather {
			for _, p := range c.nodes[id].m.procs {
				fmt.Fprintf(&b, " [%d failed=%v agreed=%v]", p.ID, p.failed, p.agreed)
			}
		}
	}
	return b.String()
}

func nonzero(m map[string]uint64) map[string]uint64 {
	for k, v := range m {
		if v == 0 {
			delete(m, k)
		}
	}
	return m
}

func TestAnyNumberOfProcessorsFormOneRing(t *testing.T) {
	for _, n := range []int{1, 2, 3, 5, 16, 64, 128} {
		c := formed(t, uint64(n), n, Config{})
		t.Logf("%d processors: %v, %d packets, %d configurations at 1", n, c.now, c.sent, len(c.nodes[1].configs))
	}
}

func TestEveryoneDeliversTheSameInTheSameOrder(t *testing.T) {
	for _, acc := range []int{0, 10} {
		for _, loss := range []float64{0, 0.01, 0.1, 0.3} {
			for _, n := range []int{1, 3, 16} {
				name := fmt.Sprintf("accelerated %d, loss %v, %d processors", acc, loss, n)
				t.Run(name, func(t *testing.T) {
					c := formed(t, 7, n, Config{Accelerated: acc})
					for _, x := range c.nodes {
						x.messages = nil
					}
					c.loss, c.dup = loss, loss/10
					per := 60
					for k := range per {
						for _, id := range c.ids() {
							g := wire.Guarantee(k & 1)
							c.send(id, g, fmt.Sprintf("%d/%d", id, k))
						}
						c.run(time.Millisecond, nil)
					}
					all := func() bool {
						for _, x := range c.nodes {
							if len(x.messages) < per*n {
								return false
							}
						}
						return true
					}
					if !c.run(60*time.Second, all) {
						t.Fatalf("not everything delivered: %s", c.states())
					}
					for _, id := range c.ids() {
						if !slices.Equal(c.nodes[id].messages, c.nodes[1].messages) {
							t.Errorf("processor %d delivered another order than 1", id)
						}
					}
					t.Logf("done at %v, rotation %v", c.now, c.nodes[1].m.rotation)
				})
			}
		}
	}
}

func TestARingOfSixteenStaysWholeAtThirtyPercentLoss(t *testing.T) {
	for _, acc := range []int{0, 10} {
		c := formed(t, 9, 16, Config{Accelerated: acc})
		c.loss = 0.3
		before := len(c.nodes[1].configs)
		for i := range 600 {
			c.send(wire.NodeID(i%16+1), wire.Safe, strings.Repeat("x", 1000))
			c.run(100*time.Millisecond, nil)
		}
		if got := len(c.nodes[1].configs); got != before {
			t.Fatalf("%d configuration changes in a minute of loss%s", got-before, c.states())
		}
		s := c.nodes[1].m.Status()
		t.Logf("rotation %v longest gap %v visits %d token retransmits %d", s.Rotation, s.LongestTokenGap, s.Counters.TokenVisits, s.Counters.TokenRetransmits)
	}
}
