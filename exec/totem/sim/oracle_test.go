package sim

import (
	"testing"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// history drives the oracle by hand, without any machine: three processors, one
// message per packet.
type history struct {
	t *testing.T
	w *World
	o *oracle
	p []int32
	m []wire.Member
}

func newHistory(t *testing.T) *history {
	w := NewWorld()
	w.p.nodes = 3
	w.healedAt = 1 << 62
	w.regularDelivered = nil
	w.nodes = make([]node, 3)
	h := &history{t: t, w: w, o: w.oracle}
	for i := range 3 {
		h.start(i, 1)
	}
	return h
}

func (h *history) start(node int, start uint64) int {
	m := wire.Member{ID: nodeID(node), Start: start, Nonce: wire.Nonce{byte(node), byte(start)}}
	h.m = append(h.m, m)
	h.p = append(h.p, h.o.procStarts(node, m))
	return len(h.p) - 1
}

func (h *history) members(who ...int) []wire.Member {
	ms := []wire.Member{}
	for _, i := range who {
		ms = append(ms, h.m[i])
	}
	return ms
}

func ring(seq uint64) wire.RingID { return wire.RingID{Rep: nodeID(0), Seq: seq} }

// install delivers the transitional configuration (if not the first) and the
// regular one at p.
func (h *history) install(p int, seq uint64, trans []int, who ...int) {
	h.transit(p, trans...)
	h.regular(p, seq, trans, who...)
}

func (h *history) transit(p int, trans ...int) {
	if si := h.o.procs[h.p[p]].stay; si != none {
		old := h.o.configs[h.o.stays[si].cfg].members
		t := h.members(trans...)
		h.o.transitional(h.p[p], &srp.Configuration{Members: t, Left: without(old, t)})
	}
}

func (h *history) regular(p int, seq uint64, trans []int, who ...int) {
	h.tell(p)
	ms := h.members(who...)
	r := wire.RingID{Seq: seq}
	if len(ms) > 0 {
		r.Rep = ms[0].ID
	}
	h.o.regular(h.p[p], &srp.Configuration{Ring: r, Members: ms, Joined: without(ms, h.members(trans...))})
}

// tell is the notice that own messages are safe, as the messaging layer gives it.
func (h *history) tell(p int) {
	if h.o.procs[h.p[p]].state == running && h.o.procs[h.p[p]].stay != none {
		h.o.safeUpTo(h.p[p], 0, 1<<62)
	}
}

func (h *history) end() {
	for p := range h.p {
		h.tell(p)
	}
	h.o.atEnd()
}

func without(a, b []wire.Member) []wire.Member {
	r := []wire.Member{}
next:
	for _, x := range a {
		for _, y := range b {
			if x == y {
				continue next
			}
		}
		r = append(r, x)
	}
	return r
}

// msg is a message, alone in its packet.
type msg struct {
	mi      int32
	from    int
	safe    bool
	payload []byte
}

func (h *history) submit(p int, safe bool) msg {
	mi := h.o.submit(h.p[p], gmi.Medium, 0, headerSize+20, safe, false)
	h.o.msgs[mi].id = uint64(mi) + 1
	return msg{mi, p, safe, h.o.body(nil, mi)}
}

func (h *history) send(p int, safe bool) msg {
	m := h.submit(p, safe)
	h.sent(m)
	return m
}

func guaranteeOf(safe bool) wire.Guarantee {
	if safe {
		return wire.Safe
	}
	return wire.Agreed
}

func (h *history) sent(m msg) { h.o.sent(h.p[m.from], m.payload, guaranteeOf(m.safe)) }

func (h *history) deliver(p int, seq uint64, m msg) { h.deliverAs(p, seq, m, m.payload) }

func (h *history) deliverAs(p int, seq uint64, m msg, handed []byte) {
	pr := &h.o.procs[h.p[p]]
	c := &h.o.configs[h.o.stays[pr.stay].cfg]
	h.o.packet(h.p[p], &srp.Delivery{
		Kind: srp.DeliverMessage, Ring: c.ring, Seq: seq, From: h.m[m.from], Guarantee: guaranteeOf(m.safe), Payload: m.payload,
	})
	if h.w.violation != nil {
		return
	}
	id := gmi.MessageID(0)
	if m.from == p {
		id = gmi.MessageID(m.mi + 1)
	}
	if handed != nil {
		h.o.deliver(h.p[p], 0, h.m[m.from], handed, id, h.o.procs[h.p[p]].inTrans)
	}
	if h.w.violation == nil {
		h.o.packetDone()
	}
}

func (h *history) crash(p int) { h.o.procFails(h.p[p]) }

// all installs the first configuration of everybody.
func (h *history) all() {
	for p := range 3 {
		h.install(p, 4, []int{p}, 0, 1, 2)
	}
}

func TestTheOracleAcceptsWhatExtendedVirtualSynchronyAllows(t *testing.T) {
	for name, run := range map[string]func(h *history){
		"agreed and safe messages, delivered by all": func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(1, true)
			for p := range 3 {
				h.deliver(p, 5, a)
				h.deliver(p, 6, b)
			}
			h.end()
		},
		"a safe message missing at a processor that fails": func(h *history) {
			h.all()
			a := h.send(0, true)
			h.deliver(0, 5, a)
			h.deliver(1, 5, a)
			h.crash(2)
			for p := range 2 {
				h.install(p, 8, []int{0, 1}, 0, 1)
			}
			h.end()
		},
		"a message behind a gap, of a sender that moves on too": func(h *history) {
			h.all()
			h.send(2, false) // lost with its sender
			b := h.send(1, false)
			h.crash(2)
			for p := range 2 {
				h.transit(p, 0, 1)
				h.deliver(p, 6, b)
				h.regular(p, 8, []int{0, 1}, 0, 1)
			}
			h.end()
		},
		"a partition, where each side delivers its own last messages": func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(2, false)
			h.transit(2, 2)
			h.deliver(2, 6, b)
			h.regular(2, 8, []int{2}, 2)
			for p := range 2 {
				h.deliver(p, 5, a)
				h.install(p, 12, []int{0, 1}, 0, 1)
			}
			h.crash(2)
			h.end()
		},
		"a merge": func(h *history) {
			for p := range 3 {
				h.install(p, uint64(4+4*p), []int{p}, p)
			}
			for p := range 3 {
				h.install(p, 20, []int{p}, 0, 1, 2)
			}
			h.end()
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHistory(t)
			run(h)
			if h.w.violation != nil {
				t.Errorf("refused: %v", h.w.violation)
			}
		})
	}
}

func TestTheOracleNamesTheSpecificationThatAHistoryBreaks(t *testing.T) {
	for _, c := range []struct {
		name string
		prop Property
		run  func(h *history)
	}{
		{"a message in another ring than it was sent in", NoCreation, func(h *history) {
			h.all()
			a := h.send(0, false)
			h.crash(2)
			h.install(1, 8, []int{0, 1}, 0, 1)
			h.deliver(1, 9, a)
		}},
		{"bytes that nobody sent", NoCreation, func(h *history) {
			h.all()
			a := h.send(0, false)
			a.payload[headerSize+3]++
			h.deliver(1, 5, a)
		}},
		{"a message put together wrongly", WholeMessage, func(h *history) {
			h.all()
			a := h.send(0, false)
			bad := append([]byte(nil), a.payload...)
			bad[headerSize+3]++
			h.deliverAs(1, 5, a, bad)
		}},
		{"a message that the messaging layer swallows", WholeMessage, func(h *history) {
			h.all()
			a := h.send(0, false)
			h.deliver(0, 5, a)
			h.deliverAs(1, 5, a, nil)
		}},
		{"a message before the first configuration", ConfigDelivery, func(h *history) {
			h.o.packet(h.p[0], &srp.Delivery{Ring: ring(4), Seq: 5, From: h.m[0]})
		}},
		{"a message twice", AgreedDelivery, func(h *history) {
			h.all()
			a := h.send(0, false)
			h.deliver(1, 5, a)
			h.deliver(1, 5, a)
		}},
		{"two orders", AgreedDelivery, func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(1, false)
			h.deliver(0, 5, a)
			h.deliver(0, 6, b)
			h.deliver(1, 5, b)
		}},
		{"a sender's messages out of order", FIFO, func(h *history) {
			h.all()
			h.send(0, false)
			b := h.send(0, false)
			h.deliver(1, 5, b)
		}},
		{"the messaging layer swaps a sender's messages", FIFO, func(h *history) {
			h.all()
			a, b := h.submit(0, false), h.submit(0, false)
			h.sent(b)
			h.sent(a)
			h.deliver(1, 5, b)
			h.deliver(1, 6, a)
		}},
		{"a position passed over in the regular configuration", AgreedDelivery, func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(1, false)
			h.deliver(0, 5, a)
			h.deliver(1, 6, b)
		}},
		{"a position delivered that others had passed over", AgreedDelivery, func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(1, false)
			h.deliver(1, 6, b)
			h.deliver(0, 5, a)
		}},
		{"a position passed over whose sender moves on", AgreedDelivery, func(h *history) {
			h.all()
			a, b := h.send(0, false), h.send(1, false)
			h.deliver(0, 5, a)
			h.transit(1, 0, 1)
			h.deliver(1, 6, b)
		}},
		{"a cause passed over", CausalDelivery, func(h *history) {
			h.all()
			a := h.send(2, false)
			h.deliver(1, 5, a)
			b := h.send(1, false)
			h.transit(0, 0, 1)
			h.deliver(0, 6, b)
		}},
		{"an effect ordered before its cause", CausalDelivery, func(h *history) {
			h.all()
			a := h.send(2, false)
			h.deliver(1, 5, a)
			b := h.send(1, false)
			h.deliver(0, 5, b)
		}},
		{"a safe message that a processor moves on without", SafeDelivery, func(h *history) {
			h.all()
			a := h.send(0, true)
			h.deliver(0, 5, a)
			h.install(1, 8, []int{1, 2}, 1, 2)
		}},
		{"a message safe only after somebody moved on", SafeDelivery, func(h *history) {
			h.all()
			a := h.send(0, true)
			h.install(1, 8, []int{1, 2}, 1, 2)
			h.deliver(0, 5, a)
		}},
		{"a message safe in a transitional configuration that a member of it moves on without", SafeDelivery, func(h *history) {
			h.all()
			a := h.send(0, true)
			h.transit(0, 0, 1)
			h.deliver(0, 5, a)
			h.install(1, 8, []int{1, 2}, 1, 2)
		}},
		{"a safe message in a configuration that a member never installed", SafeDelivery, func(h *history) {
			for p := range 2 {
				h.install(p, 4, []int{p}, 0, 1, 2)
			}
			a := h.send(0, true)
			h.deliver(0, 5, a)
			h.deliver(1, 5, a)
			for p := range 3 {
				h.crash(p)
			}
			h.o.atEnd()
		}},
		{"an own message never delivered", SelfDelivery, func(h *history) {
			h.all()
			h.send(0, false)
			h.install(0, 8, []int{0}, 0)
		}},
		{"processors that move on together deliver different messages", FailureAtomicity, func(h *history) {
			h.all()
			a := h.send(2, false)
			h.deliver(0, 5, a)
			for p := range 2 {
				h.install(p, 8, []int{0, 1}, 0, 1)
			}
		}},
		{"the cut of the transitional configuration differs", FailureAtomicity, func(h *history) {
			h.all()
			a := h.send(2, false)
			h.deliver(0, 5, a)
			h.install(0, 8, []int{0, 1}, 0, 1)
			h.transit(1, 0, 1)
			h.deliver(1, 5, a)
			h.regular(1, 8, []int{0, 1}, 0, 1)
		}},
		{"no transitional configuration", ConfigDelivery, func(h *history) {
			h.all()
			h.regular(0, 8, []int{0}, 0)
		}},
		{"two transitional configurations", ConfigDelivery, func(h *history) {
			h.all()
			h.transit(0, 0)
			h.transit(0, 0)
		}},
		{"a transitional configuration without the processor", TransitionalRule, func(h *history) {
			h.all()
			h.transit(0, 1)
		}},
		{"different transitional configurations", TransitionalRule, func(h *history) {
			h.all()
			h.install(0, 8, []int{0, 1}, 0, 1, 2)
			h.install(1, 8, []int{0, 1, 2}, 0, 1, 2)
		}},
		{"a restarted processor taken for the one that was there", TransitionalRule, func(h *history) {
			h.all()
			h.crash(2)
			again := h.start(2, 2)
			h.transit(0, 0, 1, again)
		}},
		{"a newcomer in the transitional configuration", TransitionalRule, func(h *history) {
			h.install(0, 4, []int{0}, 0, 1)
			h.install(0, 8, []int{0, 1}, 0, 1)
			h.install(1, 8, []int{1}, 0, 1)
		}},
		{"one ring id, two memberships", RingUnique, func(h *history) {
			h.install(0, 4, []int{0}, 0)
			h.install(1, 8, []int{1}, 0, 1)
			h.crash(2)
			h.install(0, 8, []int{0}, 0)
		}},
		{"a configuration after a newer one", AgreedDelivery, func(h *history) {
			h.install(0, 8, []int{0}, 0)
			h.install(0, 4, []int{0}, 0, 1)
		}},
		{"a ring of others", RingIdentity, func(h *history) {
			h.install(0, 4, []int{0}, 1, 2)
		}},
		{"a member left behind at the end", ConfigDelivery, func(h *history) {
			h.all()
			h.install(0, 8, []int{0}, 0)
			h.o.atEnd()
		}},
		{"a notice of safety while somebody moved on without the message", SafeNotice, func(h *history) {
			h.all()
			a := h.send(0, false)
			h.deliver(0, 5, a)
			h.o.safeUpTo(h.p[0], 0, 100)
			if h.w.violation != nil {
				t.Fatalf("too early: %v", h.w.violation)
			}
			b := h.send(0, false)
			h.deliver(0, 6, b)
			h.deliver(1, 5, a)
			h.install(1, 8, []int{1}, 1)
			h.o.safeUpTo(h.p[0], 0, 100)
		}},
		{"a message never delivered by its living sender", Progress, func(h *history) {
			h.all()
			h.submit(0, false)
			h.o.atEnd()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHistory(t)
			c.run(h)
			if h.w.violation == nil {
				t.Fatalf("not noticed")
			}
			if h.w.violation.Property != c.prop {
				t.Errorf("called %q, want %q: %v", h.w.violation.Property, c.prop, h.w.violation)
			}
		})
	}
}
