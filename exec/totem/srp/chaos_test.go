package srp

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ais/exec/totem/wire"
)

var (
	chaosSeeds = flag.Int("chaos", 150, "seeds of the chaos test")
	chaosFirst = flag.Int("chaosfirst", 1, "first seed of the chaos test")
)

// history is what one start of one processor delivered, for the checks below.
type history struct {
	who  wire.Member
	seen []Delivery
	sent map[string]bool
}

// TestChaosKeepsExtendedVirtualSynchrony throws loss, duplication, partitions,
// pauses, crashes and restarts at a few processors, then heals the network, and
// checks order, atomicity, self-delivery, safe delivery and that one ring comes.
// The simulator has the full oracle; this one is for a first look.
func TestChaosKeepsExtendedVirtualSynchrony(t *testing.T) {
	for seed := *chaosFirst; seed < *chaosFirst+*chaosSeeds; seed++ {
		if msg := chaos(uint64(seed)); msg != "" {
			t.Fatalf("seed %d: %s\nreplay: go test -run Chaos -chaos 1 -chaosfirst %d ./exec/totem/srp", seed, msg, seed)
		}
	}
}

func chaos(seed uint64) (msg string) {
	defer func() {
		if r := recover(); r != nil {
			msg = fmt.Sprintf("panic: %v\n%s", r, stack())
		}
	}()
	r := rand.New(rand.NewPCG(seed, 2))
	n := 2 + r.IntN(6)
	cfg := Config{Accelerated: r.IntN(2) * 8, Window: 10 + r.IntN(60), TokenTimeout: 200 * time.Millisecond}
	c := newCluster(seed, cfg)
	var all []*history
	hist := make(map[wire.NodeID]*history)
	c.onDeliver = func(n *node, d *Delivery) {
		h := hist[n.self.ID]
		x := *d
		x.Payload = slices.Clone(d.Payload)
		h.seen = append(h.seen, x)
	}
	start := func(id wire.NodeID) {
		h := &history{sent: make(map[string]bool)}
		hist[id] = h
		all = append(all, h)
		h.who = c.start(id).self
	}
	for i := 1; i <= n; i++ {
		start(wire.NodeID(i))
	}
	c.run(time.Duration(r.IntN(300))*time.Millisecond, nil)
	count := 0
	for range 30 + r.IntN(60) {
		id := wire.NodeID(1 + r.IntN(n))
		x := c.nodes[id]
		switch k := r.IntN(20); {
		case k < 8:
			for range r.IntN(40) {
				if x.up && !x.paused {
					count++
					p := fmt.Sprintf("%d'%d/%d", id, x.self.Start, count)
					hist[id].sent[p] = true
					c.send(id, wire.Guarantee(r.IntN(2)), p)
				}
			}
		case k < 10:
			c.loss = r.Float64() * r.Float64() * 0.5
			c.dup = r.Float64() * 0.2
			c.jitter = time.Duration(r.IntN(2000)) * time.Microsecond
		case k < 12:
			for i := 1; i <= n; i++ {
				c.group[wire.NodeID(i)] = r.IntN(2)
			}
		case k < 13:
			clear(c.group)
		case k < 14 && x.up:
			c.crash(id)
			x.paused = false
		case k < 15 && !x.up:
			start(id)
		case k < 16 && x.up:
			c.crash(id)
			start(id)
		case k < 17 && x.up:
			x.paused = true
		case k < 18 && x.up && x.paused:
			c.resume(id)
		case k < 19:
			x.m.Suspect(c.now, wire.NodeID(1+r.IntN(n)))
			if x.up && !x.paused {
				x.handle()
			}
		}
		c.run(time.Duration(r.IntN(60)*r.IntN(10))*time.Millisecond/2, nil)
	}
	clear(c.group)
	c.loss, c.dup, c.jitter = 0, 0, 20*time.Microsecond
	for _, id := range c.ids() {
		if x := c.nodes[id]; !x.up {
			start(id)
		} else if x.paused {
			c.resume(id)
		}
	}
	if !c.run(10*cfg.TokenTimeout, c.whole) {
		return "no single ring after the faults stopped" + c.states()
	}
	c.run(time.Second, nil)
	if !c.whole() {
		return "the ring did not last" + c.states()
	}
	return checkHistories(all, c)
}

type ringSeq struct {
	ring wire.RingID
	seq  uint64
}

// checkHistories checks the deliveries of all starts against each other.
func checkHistories(all []*history, c *cluster) string {
	payload := make(map[ringSeq]string)
	members := make(map[wire.RingID]string)
	type span struct {
		ring  wire.RingID // the regular configuration
		trans string      // the transitional one behind it, "" if none
		next  wire.RingID
		reg   []ringSeq
		tra   []ringSeq
	}
	spans := make(map[string]span)
	who := make(map[string]wire.Member)
	for _, h := range all {
		var cur span
		inTrans := false
		where := make(map[string]ringSeq)
		var last ringSeq
		for _, d := range h.seen {
			switch d.Kind {
			case DeliverMessage:
				k := ringSeq{d.Ring, d.Seq}
				p := fmt.Sprint(string(d.Payload), d.From.ID, d.Guarantee)
				if q, ok := payload[k]; ok && q != p {
					return fmt.Sprintf("%v is %q and %q", k, p, q)
				}
				payload[k] = p
				if d.Ring != cur.ring {
					return fmt.Sprintf("%v: message of %v in configuration %v", h.who, d.Ring, cur.ring)
				}
				if last.ring == d.Ring && d.Seq <= last.seq {
					return fmt.Sprintf("%v: %v after %v", h.who, k, last)
				}
				last = k
				if _, ok := where[string(d.Payload)]; ok {
					return fmt.Sprintf("%v: %s delivered twice", h.who, d.Payload)
				}
				where[string(d.Payload)] = k
				if inTrans {
					cur.tra = append(cur.tra, k)
				} else {
					cur.reg = append(cur.reg, k)
				}
			case DeliverTransitional:
				inTrans = true
				cur.trans = fmt.Sprint(d.Config.Ring, names(d.Config.Members))
			case DeliverRegular:
				s := names(d.Config.Members)
				if q, ok := members[d.Config.Ring]; ok && q != s {
					return fmt.Sprintf("ring %v is %s and %s", d.Config.Ring, q, s)
				}
				members[d.Config.Ring] = s
				if !cur.ring.IsZero() {
					if cur.trans == "" {
						return fmt.Sprintf("%v: no transitional configuration after %v", h.who, cur.ring)
					}
					cur.next = d.Config.Ring
					key := fmt.Sprint(cur.ring, cur.trans, cur.next)
					if o, ok := spans[key]; ok {
						if !slices.Equal(o.reg, cur.reg) || !slices.Equal(o.tra, cur.tra) {
							return fmt.Sprintf("%v and %v moved together from %v to %v (%s) and delivered differently: regular %d and %d, transitional %d and %d: %v %v",
								who[key], h.who, cur.ring, cur.next, cur.trans, len(o.reg), len(cur.reg), len(o.tra), len(cur.tra), o.tra, cur.tra)
						}
					}
					spans[key], who[key] = cur, h.who
				}
				cur = span{ring: d.Config.Ring}
				inTrans = false
			}
		}
		if x := c.nodes[h.who.ID]; x.self == h.who {
			for p := range h.sent {
				if _, ok := where[p]; !ok && !waiting(x, p) {
					return fmt.Sprintf("%v: own message %s never delivered", h.who, p)
				}
			}
		}
	}
	return checkSafe(all, c)
}

func waiting(x *node, p string) bool {
	return slices.ContainsFunc(x.backlog, func(q queued) bool { return q.payload == p })
}

// checkSafe: who delivers a safe message in a configuration knows that every
// member of it delivers it too, unless it crashes.
func checkSafe(all []*history, c *cluster) string {
	has := make(map[wire.Member]map[ringSeq]bool)
	for _, h := range all {
		has[h.who] = make(map[ringSeq]bool)
		for _, d := range h.seen {
			if d.Kind == DeliverMessage {
				has[h.who][ringSeq{d.Ring, d.Seq}] = true
			}
		}
	}
	for _, h := range all {
		var now []wire.Member
		for _, d := range h.seen {
			if d.Kind != DeliverMessage {
				now = d.Config.Members
				continue
			}
			if d.Guarantee != wire.Safe {
				continue
			}
			for _, x := range now {
				if c.nodes[x.ID].self == x && !has[x][ringSeq{d.Ring, d.Seq}] {
					return fmt.Sprintf("%v delivered safe %v/%d %q in a configuration with %v, which never did", h.who, d.Ring, d.Seq, d.Payload, x)
				}
			}
		}
	}
	return ""
}

func stack() string {
	b := make([]byte, 1<<16)
	b = b[:runtimeStack(b)]
	lines := strings.Split(string(b), "\n")
	return strings.Join(lines[:min(len(lines), 40)], "\n")
}
