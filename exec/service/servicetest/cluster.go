// Package servicetest runs service managers and their services on a ring that
// is simulated without any protocol: payloads are ordered as they are pulled,
// configurations change as the test says, and deliveries follow extended virtual
// synchrony. Time stands still unless the test advances it. It is for tests of
// services; it checks nothing by itself.
package servicetest

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Cluster is a set of nodes and their configurations.
type Cluster struct {
	Nodes []*Node
	Log   []string // what the nodes logged
	// Lone makes nodes alone in their ring take payloads as such a ring does: large
	// messages in one piece. Otherwise they take packets, like any ring.
	Lone bool

	now    int64
	seq    uint64
	timers []*timer
	buf    []byte
	alone  []byte // room for payloads of a ring of one
	nextID uint64
}

type timer struct {
	at   int64
	f    func()
	node *Node
}

// Node is one start of an executive.
type Node struct {
	Self     wire.Member
	GMI      *gmi.GMI
	Manager  *service.Manager
	Services []service.Service
	Conns    []*Conn
	Overload string // the reason, once the manager asked to leave

	c    *Cluster
	ring *ring
	pos  int
	dead bool
}

// ring is a regular configuration and what was ordered in it.
type ring struct {
	id      wire.RingID
	members []*Node
	log     []srp.Delivery
}

// New returns a cluster without nodes.
func New() *Cluster { return &Cluster{buf: make([]byte, 1400), alone: make([]byte, srp.AloneRoom)} }

// Tune may change the options of a node before it is made.
type Tune func(*gmi.Options, *service.Options)

// Add starts a node. It has no configuration before Form names it. The node's
// boot time is its start in seconds, its name nodeN, its address 10.0.0.N.
func (c *Cluster) Add(id wire.NodeID, start uint64, services []service.Service, tune ...Tune) *Node {
	self := wire.Member{ID: id, Start: start, Nonce: wire.Nonce{byte(id), byte(id >> 8), byte(start), byte(start >> 8), 1}}
	n := &Node{Self: self, Services: services, c: c}
	gopt := gmi.Options{Self: n.Self, MaxPayload: len(c.buf)}
	sopt := service.Options{
		Self: n.Self, NodeName: fmt.Sprintf("node%d", id), Address: []byte{10, 0, 0, byte(id)},
		BootTime: int64(start) * 1e9, ClusterName: "test",
		After: n.after,
		Now:   func() time.Duration { return time.Duration(c.now) },
		Logf:  func(format string, args ...any) { c.Log = append(c.Log, fmt.Sprintf(format, args...)) },
		Overload: func(reason string) {
			n.Overload = reason
		},
	}
	for _, f := range tune {
		f(&gopt, &sopt)
	}
	n.Self = gopt.Self // a test may have chosen another nonce
	var err error
	if n.GMI, err = gmi.New(gopt); err != nil {
		panic(err)
	}
	sopt.GMI = n.GMI
	if n.Manager, err = service.New(sopt); err != nil {
		panic(err)
	}
	for _, s := range services {
		if err := n.Manager.Register(s); err != nil {
			panic(err)
		}
	}
	if err := n.Manager.Start(); err != nil {
		panic(err)
	}
	c.Nodes = append(c.Nodes, n)
	return n
}

// Node returns the running node with an id, or nil.
func (c *Cluster) Node(id wire.NodeID) *Node {
	for _, n := range c.Nodes {
		if n.Self.ID == id && !n.dead {
			return n
		}
	}
	return nil
}

// Kill stops a node at once. The others notice when Form says so.
func (c *Cluster) Kill(n *Node) { n.dead = true }

// Form ends every configuration and makes one of each group of nodes. Running
// nodes that are in no group stay as they are. What is already ordered is
// delivered first, in the transitional configuration as far as a member had not
// taken it; of what dead or parting members sent, too: see FormLosing.
func (c *Cluster) Form(groups ...[]*Node) { c.form(false, groups) }

// FormLosing is Form, but what parting and dead members sent and not every
// member of the transitional configuration has taken is lost.
func (c *Cluster) FormLosing(groups ...[]*Node) { c.form(true, groups) }

func (c *Cluster) form(lose bool, groups [][]*Node) {
	for _, g := range groups {
		var old []*ring
		for _, n := range g {
			if n.ring != nil && !slices.Contains(old, n.ring) {
				old = append(old, n.ring)
			}
		}
		for _, r := range old {
			var set []*Node
			for _, n := range g {
				if n.ring == r {
					set = append(set, n)
				}
			}
			r.end(set, lose)
		}
	}
	for _, g := range groups {
		c.install(g)
	}
}

// end delivers the rest of a ring to a transitional set of its members.
func (r *ring) end(set []*Node, lose bool) {
	cfg := srp.Configuration{Ring: r.id}
	reached := 0
	for _, n := range set {
		cfg.Members = append(cfg.Members, n.Self)
		reached = max(reached, n.pos)
	}
	sort.Slice(cfg.Members, func(i, j int) bool { return cfg.Members[i].ID < cfg.Members[j].ID })
	for _, n := range r.members {
		if !slices.Contains(cfg.Members, n.Self) {
			cfg.Left = append(cfg.Left, n.Self)
		}
	}
	for _, n := range set {
		for n.pos < reached {
			n.deliver(&r.log[n.pos])
			n.pos++
		}
		n.deliver(&srp.Delivery{Kind: srp.DeliverTransitional, Config: cfg})
		for ; n.pos < len(r.log); n.pos++ {
			if d := &r.log[n.pos]; !lose || slices.Contains(cfg.Members, d.From) {
				n.deliver(d)
			}
		}
	}
}

func (c *Cluster) install(group []*Node) {
	group = slices.Clone(group)
	sort.Slice(group, func(i, j int) bool { return group[i].Self.ID < group[j].Self.ID })
	c.seq += 4
	r := &ring{id: wire.RingID{Rep: group[0].Self.ID, Seq: c.seq}, members: group}
	cfg := srp.Configuration{Ring: r.id}
	for _, n := range group {
		cfg.Members = append(cfg.Members, n.Self)
	}
	for _, n := range group {
		own := cfg
		own.Joined = nil
		for _, m := range group {
			if m.ring == nil || m.ring != n.ring {
				own.Joined = append(own.Joined, m.Self)
			}
		}
		n.deliver(&srp.Delivery{Kind: srp.DeliverRegular, Config: own})
	}
	for _, n := range group {
		n.ring, n.pos = r, 0
	}
}

func (n *Node) deliver(d *srp.Delivery) {
	n.Manager.Deliver(d)
	n.reap()
}

// Pull lets a node put one payload into the order, as a token visit would.
func (n *Node) Pull() bool {
	if n.dead || n.ring == nil {
		return false
	}
	r := n.ring
	payload, g, ok := n.next(n.c.Lone && len(r.members) == 1)
	if !ok {
		return false
	}
	r.log = append(r.log, srp.Delivery{
		Ring: r.id, Seq: uint64(len(r.log) + 1), From: n.Self, Guarantee: g, Payload: bytes.Clone(payload),
	})
	return true
}

// next takes a payload as a ring does, or a ring of one.
func (n *Node) next(alone bool) (payload []byte, g wire.Guarantee, ok bool) {
	if alone {
		payload, _, g, ok = n.GMI.NextAlone(n.c.alone)
		return payload, g, ok
	}
	k, g, ok := n.GMI.Next(n.c.buf)
	return n.c.buf[:k], g, ok
}

// Take delivers the next ordered payload to a node.
func (n *Node) Take() bool {
	if n.dead || n.ring == nil || n.pos == len(n.ring.log) {
		return false
	}
	n.deliver(&n.ring.log[n.pos])
	n.pos++
	stable := len(n.ring.log)
	for _, m := range n.ring.members {
		if m.ring == n.ring {
			stable = min(stable, m.pos)
		}
	}
	for _, m := range n.ring.members {
		if m.ring == n.ring && !m.dead {
			m.Manager.SafeUpTo(n.ring.id, uint64(stable))
			m.settle()
		}
	}
	return true
}

func (n *Node) settle() {
	n.Manager.Flush()
	n.reap()
}

// Round lets every node, lowest first, send all it has, as one rotation of the
// token would, and then delivers everything. It reports whether anything moved.
func (c *Cluster) Round() bool {
	moved := false
	for _, n := range c.Nodes {
		if n.dead {
			continue
		}
		n.settle()
		for n.Pull() {
			moved = true
		}
	}
	for _, n := range c.Nodes {
		for n.Take() {
			moved = true
		}
	}
	return moved
}

// Run goes round until nothing moves and returns the number of rounds.
func (c *Cluster) Run() int {
	for rounds := 0; ; rounds++ {
		if !c.Round() {
			return rounds
		}
		if rounds == 100000 {
			panic("servicetest: the cluster never comes to rest")
		}
	}
}

// Now is the time since the cluster was made, nanoseconds.
func (c *Cluster) Now() int64 { return c.now }

func (n *Node) after(d int64, f func()) (cancel func()) {
	t := &timer{at: n.c.now + d, f: f, node: n}
	n.c.timers = append(n.c.timers, t)
	return func() { t.f = nil }
}

// Advance lets time pass: timers that become due run in their order.
func (c *Cluster) Advance(d int64) {
	end := c.now + d
	for {
		best := -1
		for i, t := range c.timers {
			if t.at <= end && (best < 0 || t.at < c.timers[best].at) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		t := c.timers[best]
		c.timers = slices.Delete(c.timers, best, best+1)
		c.now = max(c.now, t.at)
		if t.f != nil && !t.node.dead {
			t.f()
			t.node.reap()
		}
	}
	c.now = end
}
