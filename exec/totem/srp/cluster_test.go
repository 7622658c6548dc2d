package srp

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sort"
	"strings"
	"time"

	"ais/exec/totem/wire"
)

// cluster is a few machines on a simulated network with simulated time: what the
// scenarios run on. The seal is imitated: a packet of a ring is opened only by
// who has that ring's key, and it proves its sender's start.
type cluster struct {
	now       Time
	nodes     map[wire.NodeID]*node
	queue     events
	order     uint64
	rng       *rand.Rand
	delay     time.Duration
	jitter    time.Duration
	loss      float64
	dup       float64
	group     map[wire.NodeID]int // partition; none: all together
	drop      func(from, to wire.NodeID, pkt []byte) bool
	extra     func(from wire.NodeID) time.Duration // delay of a packet that leaves
	cfg       Config
	room      map[wire.NodeID]int // ReceiveRoom
	buffer    map[wire.NodeID]int // data packets that a paused node keeps; the rest is lost
	overflow  int
	fullest   int                    // most data packets that a paused node kept
	disk      map[wire.NodeID]uint64 // reserved ring sequence numbers
	starts    map[wire.NodeID]uint64
	onDeliver func(n *node, d *Delivery)
	sniff     func(from wire.Member, o *Outgoing)
	sent      uint64
}

type node struct {
	c        *cluster
	m        *Machine
	self     wire.Member
	up       bool
	paused   bool
	backlog  []queued
	keys     map[wire.RingID]bool
	log      []string
	messages []string // payloads with configuration changes, in order
	configs  []Configuration
	safeSeq  uint64
	safeRing wire.RingID
	inbox    []event // while paused
	tickAt   Time
	nr       int // messages of scenarios
	awaits   bool
}

type queued struct {
	payload string
	g       wire.Guarantee
}

func (n *node) Next(dst []byte) (int, wire.Guarantee, bool) {
	if len(n.backlog) == 0 {
		return 0, 0, false
	}
	q := n.backlog[0]
	n.backlog = n.backlog[1:]
	return copy(dst, q.payload), q.g, true
}

func (n *node) Backlog() int { return len(n.backlog) }

func (n *node) Awaits() bool { return n.awaits }

type event struct {
	at    Time
	order uint64
	to    wire.NodeID
	start uint64 // of the receiver, for ticks
	org   Origin
	pkt   []byte // nil: a tick
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	o := *e
	x := o[len(o)-1]
	*e = o[:len(o)-1]
	return x
}

func newCluster(seed uint64, cfg Config) *cluster {
	return &cluster{
		nodes: make(map[wire.NodeID]*node), rng: rand.New(rand.NewPCG(seed, 1)),
		delay: 50 * time.Microsecond, jitter: 20 * time.Microsecond,
		group: make(map[wire.NodeID]int), cfg: cfg,
		room: make(map[wire.NodeID]int), buffer: make(map[wire.NodeID]int),
		disk: make(map[wire.NodeID]uint64), starts: make(map[wire.NodeID]uint64),
	}
}

func (c *cluster) ids() []wire.NodeID {
	var ids []wire.NodeID
	for id := range c.nodes {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids
}

func (c *cluster) start(id wire.NodeID) *node {
	c.starts[id]++
	n := &node{c: c, up: true, keys: make(map[wire.RingID]bool), tickAt: Never}
	n.self = wire.Member{ID: id, Start: c.starts[id]}
	for i := range n.self.Nonce {
		n.self.Nonce[i] = byte(c.rng.Uint32())
	}
	cfg := c.cfg
	cfg.ReceiveRoom = c.room[id]
	cfg.Self, cfg.Source, cfg.ReservedSeq, cfg.Seed = n.self, n, c.disk[id], c.rng.Uint64()
	n.m = New(cfg)
	if old := c.nodes[id]; old != nil {
		n.log = old.log
	}
	c.nodes[id] = n
	n.m.Start(c.now)
	n.handle()
	return n
}

// handle does all that Ready asks, as a driver must.
func (n *node) handle() {
	c, r := n.c, n.m.Ready()
	if r.ReserveSeq != 0 {
		if r.ReserveSeq < c.disk[n.self.ID] {
			panic("reservation goes back")
		}
		c.disk[n.self.ID] = r.ReserveSeq
	}
	if r.Install != nil {
		n.keys[r.Install.ID] = true
	}
	for i := range r.Packets {
		n.transmit(&r.Packets[i])
	}
	for i := range r.Deliveries {
		n.delivered(&r.Deliveries[i])
	}
	if r.SafeRing == n.safeRing && r.SafeSeq < n.safeSeq {
		panic("safe goes back")
	}
	n.safeRing, n.safeSeq = r.SafeRing, r.SafeSeq
	if d := n.m.Deadline(); d != n.tickAt && n.up {
		n.tickAt = d
		if d != Never {
			c.push(event{at: max(d, c.now), to: n.self.ID, start: n.self.Start})
		}
	}
}

func (c *cluster) push(e event) {
	c.order++
	e.order = c.order
	heap.Push(&c.queue, e)
}

func (n *node) transmit(o *Outgoing) {
	c := n.c
	c.sent++
	if !o.Ring.IsZero() && !n.keys[o.Ring] {
		panic("packet of a ring whose key was never installed")
	}
	if c.sniff != nil {
		c.sniff(n.self, o)
	}
	late := time.Duration(0)
	if c.extra != nil {
		late = c.extra(n.self.ID)
	}
	for _, id := range c.ids() {
		if id == n.self.ID || o.To != 0 && o.To != id {
			continue
		}
		if c.group[id] != c.group[n.self.ID] {
			continue
		}
		if c.drop != nil && c.drop(n.self.ID, id, o.Data) {
			continue
		}
		copies := 1
		if c.rng.Float64() < c.dup {
			copies = 2
		}
		for range copies {
			if c.rng.Float64() < c.loss {
				continue
			}
			d := c.delay + late + time.Duration(c.rng.Int64N(int64(c.jitter)+1))
			c.push(event{at: c.now + d, to: id, org: Origin{Member: n.self, Ring: o.Ring}, pkt: append([]byte(nil), o.Data...)})
		}
	}
}

func names(ms []wire.Member) string {
	var s []string
	for _, m := range ms {
		if m.Start > 1 {
			s = append(s, fmt.Sprintf("%d'%d", m.ID, m.Start))
		} else {
			s = append(s, fmt.Sprint(m.ID))
		}
	}
	return "{" + strings.Join(s, " ") + "}"
}

func (n *node) delivered(d *Delivery) {
	if n.c.onDeliver != nil {
		n.c.onDeliver(n, d)
	}
	switch d.Kind {
	case DeliverMessage:
		g := ""
		if d.Guarantee == wire.Safe {
			g = " safe"
		}
		p := string(d.Payload)
		n.messages = append(n.messages, p)
		if len(p) > 24 {
			p = p[:24] + "..."
		}
		n.log = append(n.log, fmt.Sprintf("  %q from %d%s", p, d.From.ID, g))
	case DeliverTransitional:
		n.messages = append(n.messages, "T"+fmt.Sprint(d.Config.Ring, names(d.Config.Members)))
		n.log = append(n.log, fmt.Sprintf("  transitional %s left %s", names(d.Config.Members), names(d.Config.Left)))
	case DeliverRegular:
		n.messages = append(n.messages, "R"+fmt.Sprint(d.Config.Ring, names(d.Config.Members)))
		n.configs = append(n.configs, d.Config)
		n.log = append(n.log, fmt.Sprintf("  regular %s joined %s cause %v", names(d.Config.Members), names(d.Config.Joined), d.Config.Cause))
	}
}

// run lets d of simulated time pass, or less when done says so.
func (c *cluster) run(d time.Duration, done func() bool) bool {
	end := c.now + d
	for len(c.queue) > 0 && c.queue[0].at <= end {
		e := heap.Pop(&c.queue).(event)
		c.now = e.at
		n := c.nodes[e.to]
		if n == nil || !n.up {
			continue
		}
		if n.paused {
			if c.overflows(n, e.pkt) {
				continue
			}
			n.inbox = append(n.inbox, e)
			continue
		}
		n.take(e)
		if done != nil && done() {
			return true
		}
	}
	if done != nil {
		c.now = end
		return done()
	}
	c.now = end
	return true
}

// overflows tells whether a data packet does not fit the buffer of a paused node.
func (c *cluster) overflows(n *node, pkt []byte) bool {
	kind, _ := wire.Kind(pkt)
	if room := c.buffer[n.self.ID]; room == 0 || kind != wire.TypeData {
		return false
	}
	held := 1
	for _, e := range n.inbox {
		if k, _ := wire.Kind(e.pkt); k == wire.TypeData {
			held++
		}
	}
	if held > c.buffer[n.self.ID] {
		c.overflow++
		return true
	}
	c.fullest = max(c.fullest, held)
	return false
}

func (n *node) take(e event) {
	if e.pkt == nil {
		if e.start != n.self.Start || n.tickAt == Never {
			return
		}
		if n.c.now < n.tickAt {
			return
		}
		n.tickAt = Never
		n.m.Tick(n.c.now)
	} else {
		if !e.org.Ring.IsZero() && !n.keys[e.org.Ring] {
			return
		}
		n.m.Step(n.c.now, e.org, e.pkt)
	}
	n.handle()
}

func (c *cluster) crash(id wire.NodeID) { c.nodes[id].up = false }

func (c *cluster) resume(id wire.NodeID) {
	n := c.nodes[id]
	n.paused = false
	in := n.inbox
	n.inbox = nil
	for _, e := range in {
		e.at = c.now
		c.push(e)
	}
}

func (c *cluster) send(id wire.NodeID, g wire.Guarantee, payload string) {
	n := c.nodes[id]
	n.backlog = append(n.backlog, queued{payload, g})
	n.m.Wake(c.now)
	n.handle()
}

// whole tells whether all that are up are in one ring of exactly them.
func (c *cluster) whole() bool {
	var ring wire.RingID
	up := 0
	for _, n := range c.nodes {
		if n.up {
			up++
		}
	}
	for _, n := range c.nodes {
		if !n.up {
			continue
		}
		s := n.m
		if s.state != Operational || len(s.cur.members) != up {
			return false
		}
		if ring.IsZero() {
			ring = s.cur.ring
		}
		if s.cur.ring != ring {
			return false
		}
	}
	return true
}

func runtimeStack(b []byte) int { return runtime.Stack(b, false) }
