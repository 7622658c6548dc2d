package srp

import (
	"math"
	"time"

	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// Never is the Deadline of a machine that waits for nothing.
const Never Time = math.MaxInt64

// reserveBlock is how many ring sequence numbers are reserved at a time;
// reserveAhead is how early, so that no write to disk lies in a failover.
const (
	reserveBlock = 1024
	reserveAhead = 512
	// seqStep is the distance of ring sequence numbers. The numbers between
	// name transitional configurations, so that no two configurations share one.
	seqStep = 4
)

// Machine is one processor of the protocol. It is not safe for concurrent use.
type Machine struct {
	cfg   Config
	state State
	cause Cause // of the last entry into Gather
	now   Time
	begun bool
	rand  uint64

	// Rings. cur is the ring of Commit (named only), Recovery or Operational. old
	// is, outside Operational, the ring of the last regular configuration, whose
	// messages are not all delivered; nil when there was none. spare is reused.
	cur, old, spare *window

	maxSeq   uint64 // highest ring sequence number seen or used
	reserved uint64 // highest on disk, or asked for

	// Token (token.go).
	tok        wire.Token // the last that was accepted, or the one held
	in         wire.Token // scratch for one that arrives
	ranges     [2 * wire.MaxRanges]wire.Range
	resent     int    // at this visit
	limits     limits // of the present configuration
	visitMost  int    // messages of a visit, as loss allows: at most limits.visit
	tokenSeq   uint64 // of the last token that was accepted
	tokenHigh  uint64 // its High when it came
	prevHigh   uint64 // High of the visit before
	sentAru    uint64 // Aru it left with
	sentHigh   uint64 // High it left with
	sentOwn    int    // new messages of its visit
	sentToken  []byte // its encoding, to send again
	sentSeq    uint64 // its sequence number when it left
	retransmit retransmit
	lossAt     Time
	visitAt    Time
	sampled    bool // the last visit was undisturbed: the next one is a rotation sample
	rotation   time.Duration
	load       int64 // packets of such a rotation, in parts of loadUnit
	longestGap time.Duration
	fccOwn     uint32
	backlogOwn uint32
	stuckAru   uint64
	stuck      int
	holding    bool
	lingering  bool // holding, but only for the time of Linger or Await
	awaiting   bool // lingering until Go
	awaited    bool // the visit that sends now waited so
	holdAt     Time
	holdCancel bool // do not hold at the next visit
	idle       int
	acks       acks  // of packets that were sent and the token kept (acks.go)
	owed       owed  // to another that keeps the token so
	onlySender bool  // by this visit: nobody else has sent since the one before, and all have all
	kept       int   // messages of this visit that were sent and the token stayed
	keepUntil  Time  // so long it may
	keepTries  tries // whether it pays
	tokenIdle  uint8 // Idle of the last token, as it left
	cancelAt   Time  // when to ask again for a held token
	tokenFirst bool
	aloneAt    Time   // single-node ring: when to look at the Source
	alone      []byte // its payloads of an input; made when first needed

	// Membership (gather.go, commit.go, recovery.go).
	procs       []processor
	generation  uint32
	joinAt      Time
	joinStep    time.Duration
	joinedAt    Time
	agreeAt     Time // when those who answer but do not agree are failed
	formAt      Time // not before: the representative waits for more processors
	grace       Time // a processor alone at its start waits for others until then
	joins       map[wire.NodeID]*joinAssembly
	joinPage    wire.JoinPage
	commit      commitState
	commitPage  wire.CommitPage
	rec         recovery
	mergeAt     Time
	strangers   map[wire.NodeID]stranger
	newest      map[wire.NodeID]wire.Member
	suspects    []suspect
	probeNumber uint64

	data   wire.Data
	awaits Awaiter // Config.Source, if it is one
	loner  Loner   // Config.Source, if it is one

	out outputs
	n   Counters
}

// New returns a machine in Gather that has not started. Self must have an id and
// a nonce, Source must not be nil: anything else is a bug of the caller.
func New(cfg Config) *Machine {
	cfg = cfg.withDefaults()
	if cfg.Self.ID == 0 {
		panic("srp: Config.Self.ID is 0")
	}
	if cfg.Source == nil {
		panic("srp: Config.Source is nil")
	}
	slots := 1024
	for slots < 16*cfg.Window {
		slots *= 2
	}
	m := &Machine{
		cfg:       cfg,
		rand:      cfg.Seed ^ uint64(cfg.Self.ID)<<32 ^ 0x9e3779b97f4a7c15,
		maxSeq:    cfg.ReservedSeq,
		reserved:  cfg.ReservedSeq,
		cur:       newWindow(slots),
		spare:     newWindow(slots),
		rotation:  time.Millisecond,
		visitMost: cfg.MaxMessages,
		joins:     make(map[wire.NodeID]*joinAssembly),
		strangers: make(map[wire.NodeID]stranger),
		newest:    make(map[wire.NodeID]wire.Member),
	}
	if plant.On(plant.RingIDReused) {
		m.maxSeq = 0
	}
	m.awaits, _ = cfg.Source.(Awaiter)
	m.loner, _ = cfg.Source.(Loner)
	m.tok.Ranges = make([]wire.Range, 0, wire.MaxRanges)
	m.in.Ranges = make([]wire.Range, 0, wire.MaxRanges)
	m.joinPage.Entries = make([]wire.JoinEntry, 0, wire.MaxMembers)
	m.setLimits(0, 1)
	m.stopTimers()
	m.mergeAt, m.grace = Never, Never
	return m
}

// Start enters Gather for the first time. Every other input before it is refused.
func (m *Machine) Start(now Time) {
	m.begin(now)
	if m.begun {
		return
	}
	m.begun = true
	m.reserve()
	m.procs = append(m.procs[:0], processor{Member: m.cfg.Self})
	m.grace = m.now + 2*m.cfg.JoinInterval
	m.becomeGather(CauseStart)
	m.finish()
}

// begin is the head of every input.
func (m *Machine) begin(now Time) {
	m.now = max(m.now, now) // a clock that went back stands still
	m.out.begin()
}

// Step takes a packet. It returns Accepted, or why the packet was dropped; the
// drop is counted. It keeps nothing of pkt. A timer that is overdue is handled
// first: a processor that was stopped beyond the token timeout must notice that
// before it takes the packets that waited for it.
func (m *Machine) Step(now Time, org Origin, pkt []byte) Reject {
	m.begin(now)
	if !m.begun || m.state == Left {
		return m.reject(RejectLeft)
	}
	if m.now >= m.lossAt {
		m.tick()
	}
	r := m.step(org, pkt)
	m.finish()
	return m.reject(r)
}

func (m *Machine) reject(r Reject) Reject {
	m.n.Rejected[r]++
	return r
}

func (m *Machine) step(org Origin, pkt []byte) Reject {
	kind, err := wire.Kind(pkt)
	if err != nil {
		return RejectMalformed
	}
	if len(pkt) > m.cfg.MaxPacket {
		return RejectMalformed
	}
	if org.Member.ID == m.cfg.Self.ID {
		if org.Member.Nonce != m.cfg.Self.Nonce {
			m.n.DuplicateID++
		}
		return RejectOwn
	}
	if org.Member.ID == 0 {
		return RejectOrigin
	}
	ring := kind <= wire.TypeLeave
	if ring == org.Ring.IsZero() {
		return RejectOrigin
	}
	switch kind {
	case wire.TypeData:
		return m.stepData(org, pkt)
	case wire.TypeToken:
		return m.stepToken(org, pkt)
	case wire.TypeTokenAck:
		return m.stepTokenAck(org, pkt)
	case wire.TypeHoldCancel:
		return m.stepHoldCancel(org, pkt)
	case wire.TypeDataAck:
		return m.stepDataAck(org, pkt)
	case wire.TypeLeave:
		return m.stepLeave(org, pkt)
	case wire.TypeJoin:
		return m.stepJoin(org, pkt)
	case wire.TypeCommit:
		return m.stepCommit(org, pkt)
	case wire.TypeMergeDetect:
		return m.stepMergeDetect(org, pkt)
	case wire.TypeChallenge:
		return m.stepChallenge(org, pkt)
	case wire.TypeProbe:
		return m.stepProbe(org, pkt)
	case wire.TypeProbeReply:
		return m.stepProbeReply(org, pkt)
	}
	return RejectMalformed
}

// Tick handles every timer that is due.
func (m *Machine) Tick(now Time) {
	m.begin(now)
	if !m.begun || m.state == Left {
		return
	}
	m.tick()
	m.finish()
}

// tick asks the token loss first: what it starts makes the other timers void.
func (m *Machine) tick() {
	if m.now >= m.lossAt {
		m.tokenLost()
	}
	m.tickProbes()
	switch m.state {
	case Operational, Recovery:
		m.tickToken()
	case Gather:
		m.tickGather()
	case Commit:
		m.tickCommit()
	}
	if m.state == Operational && m.now >= m.mergeAt {
		m.sendMergeDetect()
	}
}

// Deadline returns the instant at which Tick is due next; Never if none is.
func (m *Machine) Deadline() Time {
	if !m.begun || m.state == Left {
		return Never
	}
	d := min(m.lossAt, m.retransmit.at, m.probeDeadline())
	switch m.state {
	case Operational:
		d = min(d, m.mergeAt, m.holdAt, m.cancelAt, m.aloneAt)
	case Recovery:
	case Gather:
		d = min(d, m.gatherDeadline())
	}
	return d
}

// Wake tells that the Source has something: an idle token is asked for.
func (m *Machine) Wake(now Time) {
	m.begin(now)
	if m.state != Operational || m.now >= m.lossAt {
		return // there is nobody to ask; an overdue Tick says so first
	}
	switch {
	case len(m.cur.members) == 1:
		m.runAlone()
	case m.awaiting: // Go says when all are here
	case m.acks.waiting: // it goes with the next packets
	case m.holding:
		if m.cur.self == 0 {
			m.idle = 0
			m.tok.Idle = 0
		}
		m.keptFor(true)
		m.releaseHeld()
	case m.mayBeHeld() && m.cancelAt == Never:
		m.sendHoldCancel()
	}
}

// Awaiting tells that the token waits for Go; see Config.Await. Who was told by the
// Ready of this input that messages are safe may have more to send at once.
func (m *Machine) Awaiting() bool { return m.awaiting }

// Go tells that no more messages are to be waited for.
func (m *Machine) Go(now Time) {
	m.begin(now)
	if !m.awaiting || m.now >= m.lossAt {
		return
	}
	m.awaiting = false
	if m.lingerNow(&m.tok) {
		m.linger()
		return
	}
	m.awaited = true
	m.releaseHeld()
}

// Leave stops this processor on purpose: the others are told, so that they form
// a ring without it at once. The machine answers nothing any more.
func (m *Machine) Leave(now Time) {
	m.begin(now)
	if !m.begun || m.state == Left {
		return
	}
	m.sayLeave()
	m.becomeLeft()
}

func (m *Machine) becomeLeft() {
	m.state = Left
	m.stopTimers()
	m.trace(Event{Kind: EventState})
}

// Ready returns what is to be done since the last Ready was taken.
func (m *Machine) Ready() *Ready { return m.out.take(m) }

// TokenFirst tells the driver, when packets of both kinds wait, whether to hand
// in the token before data. It should after the predecessor's first message of
// the next round was seen: then what the predecessor sent behind its token is in
// (Accelerated Ring, section III.C). Otherwise data first. Only speed depends
// on it.
func (m *Machine) TokenFirst() bool { return m.tokenFirst }

// configuration returns the window of the last regular configuration, or nil.
func (m *Machine) configuration() *window {
	if m.state == Operational {
		return m.cur
	}
	return m.old
}

// ringNow returns the ring of the present state, or the zero ring.
func (m *Machine) ringNow() wire.RingID {
	switch m.state {
	case Commit, Recovery, Operational:
		return m.cur.ring
	}
	if m.old != nil {
		return m.old.ring
	}
	return wire.RingID{}
}

// learnSeq notes a ring sequence number that exists, and reserves ahead of it.
func (m *Machine) learnSeq(seq uint64) {
	if seq > m.maxSeq && seq < 1<<62 {
		m.maxSeq = seq
		m.reserve()
	}
}

// reserve asks for more ring sequence numbers when few are left.
func (m *Machine) reserve() {
	if m.maxSeq+reserveAhead < m.reserved {
		return
	}
	m.reserved = max(m.maxSeq, m.reserved) + reserveBlock
	m.out.ready.ReserveSeq = m.reserved
	m.trace(Event{Kind: EventReserve, A: m.reserved})
}

// random returns the next number of a small generator; it only spreads timers.
func (m *Machine) random() uint64 {
	m.rand += 0x9e3779b97f4a7c15
	z := m.rand
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// sameStart tells whether a and b are one start of one processor.
func sameStart(a, b wire.Member) bool {
	if plant.On(plant.RestartTakenContinuous) {
		return a.ID == b.ID
	}
	return a.ID == b.ID && a.Nonce == b.Nonce
}

func assert(ok bool, what string) {
	if !ok {
		panic("srp: " + what)
	}
}
