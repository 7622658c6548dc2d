// A fake ring for the tests: it orders payloads, splits and merges, and hands
// out deliveries as extended virtual synchrony allows, without any protocol.

package gmi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// event is what a handler saw.
type event struct {
	kind  srp.DeliveryKind
	from  wire.NodeID
	msg   string
	trans bool
	ring  wire.RingID
	set   string // of a transitional configuration: its members
}

// node is one start of a processor with its GMI and what its handler saw.
type node struct {
	self   wire.Member
	g      *GMI
	comp   *component
	pos    int // deliveries of comp.log taken
	events []event
	sent   map[MessageID]string // own messages accepted
	got    map[MessageID]bool   // own messages delivered
	unsafe map[MessageID]int    // own messages delivered, not safe: index in comp.log, or -1 in transitional
	bad    []string
}

type component struct {
	ring    wire.RingID
	members []*node
	log     []srp.Delivery
}

type fakeRing struct {
	seq   uint64
	comps []*component
}

const testGroup = "test group"

func (n *node) Deliver(from wire.Member, msg []byte, id MessageID, trans bool) {
	n.events = append(n.events, event{kind: srp.DeliverMessage, from: from.ID, msg: string(msg), trans: trans})
	if (from == n.self) != (id != 0) {
		n.bad = append(n.bad, fmt.Sprintf("message of %d has own id %d", from.ID, id))
	}
	if id == 0 {
		return
	}
	if want, ok := n.sent[id]; !ok || want != string(msg) || n.got[id] {
		n.bad = append(n.bad, fmt.Sprintf("own message %d delivered wrongly: known %v, again %v", id, ok, n.got[id]))
	}
	n.got[id] = true
	n.unsafe[id] = n.pos
	if trans {
		n.unsafe[id] = -1
	}
}

func (n *node) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if kind == srp.DeliverRegular && len(n.unsafe) > 0 {
		n.bad = append(n.bad, fmt.Sprintf("%d messages were not safe before the regular configuration", len(n.unsafe)))
	}
	n.events = append(n.events, event{kind: kind, ring: cfg.Ring, set: fmt.Sprint(cfg.Members)})
}

func (n *node) Safe(id MessageID) {
	stable := n.comp.stable()
	for m, at := range n.unsafe {
		if m > id {
			continue
		}
		if at >= stable && !n.comp.ending() {
			n.bad = append(n.bad, fmt.Sprintf("message %d called safe at %d of %d", m, at, stable))
		}
		delete(n.unsafe, m)
	}
}

// ending tells that the component's regular configuration is over.
func (c *component) ending() bool { return c.members == nil }

// stable is how many entries of the log every member has taken.
func (c *component) stable() int {
	least := len(c.log)
	for _, n := range c.members {
		least = min(least, n.pos)
	}
	return least
}

func newNode(id wire.NodeID, start uint64, opt Options) *node {
	n := &node{
		self:   wire.Member{ID: id, Start: start},
		sent:   map[MessageID]string{},
		got:    map[MessageID]bool{},
		unsafe: map[MessageID]int{},
	}
	opt.Self = n.self
	var err error
	if n.g, err = New(opt); err != nil {
		panic(err)
	}
	if err := n.g.Join(testGroup, n); err != nil {
		panic(err)
	}
	return n
}

// install makes one component of nodes; each brings the transitional set with
// which it comes.
func (r *fakeRing) install(nodes []*node) {
	slices.SortFunc(nodes, func(a, b *node) int { return int(a.self.ID) - int(b.self.ID) })
	r.seq++
	c := &component{ring: wire.RingID{Rep: nodes[0].self.ID, Seq: r.seq}, members: nodes}
	cfg := srp.Configuration{Ring: c.ring}
	for _, n := range nodes {
		cfg.Members = append(cfg.Members, n.self)
	}
	for _, n := range nodes {
		n.g.Deliver(&srp.Delivery{Kind: srp.DeliverRegular, Config: cfg})
		n.comp, n.pos = c, 0
	}
	r.comps = append(r.comps, c)
}

// pull lets a node send one payload, as a ring of one if dst has room for that.
func (n *node) pull(dst []byte) bool {
	c := n.comp
	payload, guar, ok := dst, wire.Agreed, false
	if len(c.members) == 1 && len(dst) >= srp.AloneRoom {
		payload, _, guar, ok = n.g.NextAlone(dst)
	} else {
		var k int
		k, guar, ok = n.g.Next(dst)
		payload = dst[:k]
	}
	if !ok {
		return false
	}
	c.log = append(c.log, srp.Delivery{
		Kind: srp.DeliverMessage, Ring: c.ring, Seq: uint64(len(c.log) + 1), From: n.self,
		Guarantee: guar, Payload: bytes.Clone(payload),
	})
	n.g.Flush()
	return true
}

// take delivers the next entry of the log to a node and reports stability.
func (n *node) take() bool {
	if n.pos == len(n.comp.log) {
		return false
	}
	n.g.Deliver(&n.comp.log[n.pos])
	n.pos++
	for _, m := range n.comp.members {
		m.g.SafeUpTo(n.comp.ring, uint64(n.comp.stable()))
	}
	return true
}

// leave ends the component's configuration for a transitional set of its
// members: all of them deliver the same, the messages of the set's members in
// any case, the others' only before entry lost.
func (c *component) leave(set []*node, lost int) {
	in := map[wire.NodeID]bool{}
	cfg := srp.Configuration{Ring: c.ring}
	reached := 0
	for _, n := range set {
		in[n.self.ID] = true
		cfg.Members = append(cfg.Members, n.self)
		reached = max(reached, n.pos)
	}
	lost = max(lost, reached)
	for _, n := range set {
		for n.pos < reached {
			n.g.Deliver(&c.log[n.pos])
			n.pos++
		}
		n.g.Deliver(&srp.Delivery{Kind: srp.DeliverTransitional, Config: cfg})
		for ; n.pos < len(c.log); n.pos++ {
			if n.pos < lost || in[c.log[n.pos].From.ID] {
				n.g.Deliver(&c.log[n.pos])
			}
		}
	}
}

// text is a recognizable message of a size.
func text(from wire.NodeID, serial uint64, size int) []byte {
	b := make([]byte, max(size, 12))
	binary.LittleEndian.PutUint32(b, uint32(from))
	binary.LittleEndian.PutUint64(b[4:], serial)
	for i := 12; i < len(b); i++ {
		b[i] = byte(uint64(i)*7 + serial*31 + uint64(from))
	}
	return b
}
