// The oracle: what extended virtual synchrony promises, checked on everything a
// world delivers. It sees what an application could see (configurations,
// messages) and, of the ring, the position (ring, sequence number) that each
// delivery claims. It never looks into a machine.
//
// Specifications are numbered as in Moser, Amir, Melliar-Smith, Agarwal,
// "Extended Virtual Synchrony" (1994), section 3. One start of one node is a
// processor p of the paper: a restart is another processor, and a crash or a
// leave is fail_p(c), c being the configuration p was in.
//
// The total order ord of specification 6 is not searched for: the claimed
// positions are the witness. Ordered by (ring sequence, representative, packet
// sequence, message within the packet), they are a total order of all
// deliveries; the oracle checks that every processor delivers along it, that a
// position holds the same message everywhere and a message has one position.

package sim

import (
	"fmt"
	"hash/maphash"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Property is a check of the oracle, named after the paper.
type Property string

const (
	BasicDelivery     Property = "basic delivery (EVS 1)"
	ConfigDelivery    Property = "delivery of configuration changes (EVS 2)"
	SelfDelivery      Property = "self-delivery (EVS 3)"
	FailureAtomicity  Property = "failure atomicity (EVS 4)"
	CausalDelivery    Property = "causal delivery (EVS 5)"
	AgreedDelivery    Property = "agreed delivery (EVS 6)"
	SafeDelivery      Property = "safe delivery (EVS 7)"
	FIFO              Property = "FIFO per sender and priority"
	NoDuplicates      Property = "no duplicates (EVS 1.4)"
	NoCreation        Property = "no creation (EVS 1.3)"
	WholeMessage      Property = "a message lies wholly in one configuration"
	RingIdentity      Property = "one ring id, one membership"
	RingUnique        Property = "ring ids are never reused"
	TransitionalRule  Property = "membership of the transitional configuration"
	SafeNotice        Property = "notice of safety"
	Convergence       Property = "liveness: one ring within 10 token timeouts"
	Progress          Property = "liveness: what is sent is delivered"
	Stability         Property = "liveness: the ring stays, whatever is replayed"
	SendPromise       Property = "SendOK is kept"
	OutputContract    Property = "the machine's contract with its driver"
	Assertion         Property = "an assertion of the code itself"
	ApplicationFailed Property = "invariant of the application"
)

// Violation is what a failing seed reports.
type Violation struct {
	Property Property
	Detail   string
	At       int64 // simulated time, nanoseconds
	Node     int   // -1 when none
}

func (v *Violation) String() string {
	return fmt.Sprintf("%s, at %.3f ms, node %d: %s", v.Property, float64(v.At)/1e6, v.Node, v.Detail)
}

const none = int32(-1)

// mask is a set of members of one configuration, by their place in it.
type mask [maxNodes / 64]uint64

func (m *mask) set(i int)      { m[i>>6] |= 1 << (i & 63) }
func (m *mask) has(i int) bool { return m[i>>6]>>(i&63)&1 == 1 }

type procState uint8

const (
	running procState = iota
	failed            // crashed, or left on purpose
)

// proc is one start of one node.
type proc struct {
	node    int
	member  wire.Member
	state   procState
	bootAt  int64
	stay    int32 // the current stay in a configuration, none before the first
	inTrans bool
	hash    uint64 // of what was delivered since the last regular configuration
	counter [4]uint32
	selfed  [4]uint32 // counters of own messages delivered, per priority
	own     []int32   // own messages, in order of submission
	unsafe  [groups][]int32
	claimed uint64 // highest position of the current configuration called safe
	relied  uint64 // of those, the highest delivered here
	pulled  []pull
	selfAt  int // packets of own delivered to itself
	log     []entry
}

// pull is one packet taken from the messaging layer into the ring: send_p(m,c)
// of the paper.
type pull struct {
	hash    uint64
	cfg     int32
	through uint64 // delivered by the sender in cfg before
	safe    bool
}

// entry is a line of a processor's log.
type entry struct {
	cfg  int32
	msg  int32 // -1: transitional, -2: regular configuration
	seq  uint64
	at   int64
	safe bool
}

// slot is one position of a configuration's order: a packet.
type slot struct {
	hash   uint64
	sender int32 // proc
	k      uint32
	msg0   int32
	nmsg   int32
	first  int32 // the proc that delivered it first
	filled bool
	safe   bool // somebody relies on every member of the configuration having it
}

// treq is a reliance of a transitional configuration: its members have seq.
type treq struct {
	seq uint64
	m   mask
	by  int32
}

// config is a regular configuration (and the transitional ones that follow it).
type config struct {
	ring      wire.RingID
	members   []wire.Member
	procs     []int32
	memberOf  []int16 // by node
	base      uint64
	slots     []slot
	maxReg    uint64 // highest position delivered in the regular configuration
	maxSafe   uint64
	stays     []int32 // of processors that installed it
	stayOf    []int32 // by member
	treqs     []treq
	installed bool // some processor delivered it; else a ring that was only formed
}

// gap is a range of positions a stay has passed over.
type gap struct{ lo, hi uint64 }

// stay is the time of one processor in one regular configuration, transitional
// configuration included: com_p(c) of the paper.
type stay struct {
	proc, cfg int32
	prev      int32 // the stay before
	member    int   // index in the configuration
	last      uint64
	gaps      []gap
	trans     mask // members of the transitional configuration, when delivered
	hasTrans  bool
	closed    bool // the next regular configuration was delivered
	failed    bool
	pull0     int
	log0      int // in the processor's log: the configuration's own entry
	hash      uint64
	counts    []uint32 // packets delivered, by member
	fifo      []uint32 // last counter, by member and priority
}

// message is one message handed to the messaging layer.
type message struct {
	proc    int32
	cfg     int32 // where it was delivered first, none before
	seq     uint64
	index   int32 // within the packet
	counter uint32
	size    int32
	sentAt  int64
	id      uint64
	prio    uint8
	group   uint8
	safe    bool
	final   bool // sent after the faults stopped: everybody alive must deliver it
	times   int32
}

// ringKey is what a configuration is found by: the ring id alone, but in worlds
// where disks get lost, and with them the promise that ring ids are unique.
type ringKey struct {
	ring    wire.RingID
	members uint64
}

func (o *oracle) keyOf(ring wire.RingID, members []wire.Member) ringKey {
	k := ringKey{ring: ring}
	if o.w.p.diskLoss {
		for i := range members {
			k.members = k.members*31 + maphash.Comparable(o.seed, members[i])
		}
	}
	return k
}

type oracle struct {
	w        *World
	procs    []proc
	configs  []config
	byRing   map[ringKey]int32
	stays    []stay
	msgs     []message
	slotMsgs []int32

	// The ring delivery in progress: what the messaging layer hands up belongs
	// to it.
	cur struct {
		proc, cfg int32
		seq       uint64
		slot      *slot
		first     bool
		n         int32
		open      bool
	}
	// The configuration change in progress.
	handed struct {
		n    int
		kind srp.DeliveryKind
		cfg  *srp.Configuration
	}
	seed maphash.Seed
}

func newOracle(w *World) *oracle {
	return &oracle{w: w, byRing: make(map[ringKey]int32), seed: maphash.MakeSeed()}
}

// grow returns s one longer, the new element as an earlier world left it, so
// that what it owns is used again.
func grow[T any](s []T) []T {
	if len(s) < cap(s) {
		return s[:len(s)+1]
	}
	var zero T
	return append(s, zero)
}

// sized returns s with n zero elements.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func (o *oracle) reset() {
	o.procs, o.configs, o.stays = o.procs[:0], o.configs[:0], o.stays[:0]
	o.msgs, o.slotMsgs = o.msgs[:0], o.slotMsgs[:0]
	clear(o.byRing)
	o.cur.open = false
}

func (o *oracle) fail(p int32, prop Property, format string, args ...any) {
	node := -1
	if p >= 0 {
		node = o.procs[p].node
	}
	o.w.violate(prop, node, fmt.Sprintf(format, args...))
}

// procStarts begins a processor.
func (o *oracle) procStarts(node int, m wire.Member) int32 {
	o.procs = grow(o.procs)
	p := &o.procs[len(o.procs)-1]
	*p = proc{
		node: node, member: m, bootAt: o.w.now, stay: none,
		own: p.own[:0], pulled: p.pulled[:0], log: p.log[:0], unsafe: p.unsafe,
	}
	for g := range p.unsafe {
		p.unsafe[g] = p.unsafe[g][:0]
	}
	return int32(len(o.procs) - 1)
}

// procFails ends a processor: fail_p(c).
func (o *oracle) procFails(pi int32) {
	p := &o.procs[pi]
	if p.state != running {
		return
	}
	p.state = failed
	if p.stay != none {
		o.stays[p.stay].failed = true
	}
}

// procOf finds a member's processor; none when no such start ever was.
func (o *oracle) procOf(m wire.Member) int32 {
	// Nearly always it is the start that is alive.
	if n := o.w.nodeOf(m.ID); n >= 0 {
		if pi := o.w.nodes[n].proc; pi != none && o.procs[pi].member == m {
			return pi
		}
	}
	for i := len(o.procs) - 1; i >= 0; i-- {
		if o.procs[i].member == m {
			return int32(i)
		}
	}
	return none
}

func (o *oracle) name(pi int32) string {
	if pi == none {
		return "nobody"
	}
	p := &o.procs[pi]
	return fmt.Sprintf("n%d/%d", p.node, p.member.Start)
}

func ringName(r wire.RingID) string { return fmt.Sprintf("%d.%d", r.Seq, r.Rep) }

func (o *oracle) names(ms []wire.Member) string {
	s := "{"
	for i, m := range ms {
		if i > 0 {
			s += " "
		}
		if n := o.w.nodeOf(m.ID); n >= 0 {
			s += fmt.Sprintf("n%d/%d", n, m.Start)
		} else {
			s += fmt.Sprintf("id%d/%d", m.ID, m.Start)
		}
	}
	return s + "}"
}

func (o *oracle) msgName(mi int32) string {
	m := &o.msgs[mi]
	return fmt.Sprintf("message %d (%s prio %d #%d, %d bytes)", mi, o.name(m.proc), m.prio, m.counter, m.size)
}

// config finds or makes the record of a ring. Ring ids name one membership for
// ever: a ring that is formed a second time, with other members or with another
// start of the same ones, is found here, whether it gets installed or not.
func (o *oracle) config(pi int32, ring wire.RingID, members []wire.Member) int32 {
	key := o.keyOf(ring, members)
	if ci, ok := o.byRing[key]; ok {
		c := &o.configs[ci]
		same := len(c.members) == len(members)
		for i := 0; same && i < len(members); i++ {
			same = c.members[i] == members[i]
		}
		if !same {
			o.fail(pi, RingUnique, "ring %s is %s here, and was %s", ringName(ring), o.names(members), o.names(c.members))
			return none
		}
		return ci
	}
	o.configs = grow(o.configs)
	ci := int32(len(o.configs) - 1)
	c := &o.configs[ci]
	*c = config{
		ring: ring, members: append(c.members[:0], members...), procs: c.procs[:0],
		memberOf: sized(c.memberOf, o.w.p.nodes), slots: c.slots[:0], stays: c.stays[:0],
		stayOf: sized(c.stayOf, len(members)), treqs: c.treqs[:0],
	}
	for i := range c.memberOf {
		c.memberOf[i] = -1
	}
	for i, m := range c.members {
		c.stayOf[i] = none
		mp := o.procOf(m)
		c.procs = append(c.procs, mp)
		if mp == none {
			o.fail(pi, RingIdentity, "ring %s has a member that never was: %+v", ringName(ring), m)
			return none
		}
		if i > 0 && c.members[i-1].ID >= m.ID {
			o.fail(pi, RingIdentity, "ring %s: members are not sorted by id: %s", ringName(ring), o.names(members))
			return none
		}
		c.memberOf[o.procs[mp].node] = int16(i)
	}
	if len(members) == 0 || ring.Rep != members[0].ID {
		o.fail(pi, RingIdentity, "ring %s: its representative is not the lowest of %s", ringName(ring), o.names(members))
		return none
	}
	o.byRing[key] = ci
	return ci
}

// memberIndex is the member index of processor pi in configuration ci, or -1.
func (o *oracle) memberIndex(ci, pi int32) int {
	c := &o.configs[ci]
	i := int(c.memberOf[o.procs[pi].node])
	if i >= 0 && c.procs[i] != pi {
		return -1
	}
	return i
}

// has tells whether stay s delivered position seq.
func (s *stay) has(seq uint64) bool {
	if seq > s.last {
		return false
	}
	for _, g := range s.gaps {
		if seq >= g.lo && seq <= g.hi {
			return false
		}
	}
	return true
}

func (c *config) slot(seq uint64) *slot {
	if len(c.slots) == 0 || seq < c.base || seq-c.base >= uint64(len(c.slots)) {
		return nil
	}
	if s := &c.slots[seq-c.base]; s.filled {
		return s
	}
	return nil
}

// makeSlot returns the slot of seq, unfilled when new.
func (c *config) makeSlot(seq uint64) *slot {
	if len(c.slots) == 0 {
		c.base = seq
	}
	if seq < c.base {
		// Rare: the first position was not delivered first.
		shift := int(c.base - seq)
		old := len(c.slots)
		for range shift {
			c.slots = append(c.slots, slot{})
		}
		copy(c.slots[shift:], c.slots[:old])
		clear(c.slots[:shift])
		c.base = seq
	}
	for seq-c.base >= uint64(len(c.slots)) {
		c.slots = append(c.slots, slot{})
	}
	return &c.slots[seq-c.base]
}
