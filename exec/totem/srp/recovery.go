package srp

import (
	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// recovery is the exchange of the old ring's messages among those that move
// together from it (the transitional configuration), as messages of the new ring
// (Totem 1995, section 5.4).
type recovery struct {
	trans      []wire.Member // who moves together with this node
	obligation wire.Obligation
	low, high  uint64 // all of trans have up to low; none has above high
	next       uint64 // next candidate to send
	left       int    // still to send from here
	seen       []bool // by slot: sent by somebody already

	zeros      int  // visits in a row at which nobody had anything to send
	installing bool // install is known
	install    uint64
	arus       int  // visits in a row at which all had up to install
	acked      bool // this node has all, and told so by its aru
}

// becomeRecovery begins the exchange; the commit token told who has what.
func (m *Machine) becomeRecovery() {
	m.state = Recovery
	m.stopTimers()
	m.lossAt, m.visitAt = m.now+m.cfg.TokenTimeout, m.now
	m.tokenSeq, m.sentSeq, m.sentAru = 0, 0, 0
	m.tokenHigh, m.prevHigh = 0, 0
	m.fccOwn, m.backlogOwn, m.resent = 0, 0, 0
	m.stuck, m.idle, m.tokenIdle = 0, 0, 0
	m.sampled, m.holdCancel = false, false
	m.planRecovery()
	m.trace(Event{Kind: EventState, Cause: m.cause, A: uint64(len(m.rec.trans)), B: uint64(m.rec.left)})
}

func (m *Machine) planRecovery() {
	r, old := &m.rec, m.old
	*r = recovery{seen: r.seen}
	if old == nil {
		return
	}
	first := true
	for i := range m.commit.entries {
		e := &m.commit.entries[i]
		place := old.index(e.Member.ID)
		// The start too: who lost its state directory may make a ring id again.
		together := e.Old == old.ring && place >= 0 && old.members[place].Nonce == e.Member.Nonce
		if plant.On(plant.RestartTakenContinuous) {
			together = place >= 0
		}
		if !together {
			continue
		}
		r.trans = append(r.trans, e.Member)
		r.obligation.Add(place)
		r.obligation.Union(&e.Obligation)
		old.safe = max(old.safe, e.Safe)
		if first {
			r.low, first = e.Aru, false
		}
		r.low, r.high = min(r.low, e.Aru), max(r.high, e.High)
	}
	assert(len(r.trans) > 0, "this node does not move together with itself")
	// Nobody can be further ahead than this: the brake of allowance.
	r.high = min(r.high, old.freed+uint64(len(old.slots)))
	if len(r.seen) != len(old.slots) {
		r.seen = make([]bool, len(old.slots))
	}
	clear(r.seen)
	// What is forgotten here is at everybody: who says less is not to be believed,
	// and must not make this node look for it.
	r.next = max(r.low, old.freed) + 1
	if len(r.trans) == 1 {
		r.next = r.high + 1
	}
	for seq := r.next; seq <= r.high; seq++ {
		if m.toRecover(seq) {
			r.left++
		}
	}
}

// toRecover tells whether message seq of the old ring is here and of use to
// others. What that ring itself recovered is not: all its members have it, or it
// would never have been installed.
func (m *Machine) toRecover(seq uint64) bool {
	return m.old.has(seq) && !m.old.at(seq).encap
}

// startToken makes the first token of the ring: its commit token is back at the
// representative for the second time.
func (m *Machine) startToken() {
	m.tok = wire.Token{Seq: 1, Ranges: m.tok.Ranges[:0]}
	m.visit()
}

func (m *Machine) seen(seq uint64) *bool { return &m.rec.seen[seq&uint64(len(m.rec.seen)-1)] }

// sendOld sends messages of the old ring, encapsulated, that nobody sent yet.
func (m *Machine) sendOld(t *wire.Token, allowed int) {
	r, old, w := &m.rec, m.old, m.cur
	for ; allowed > 0 && r.left > 0; r.next++ {
		assert(r.next <= r.high, "more to recover than there is")
		if !m.toRecover(r.next) || *m.seen(r.next) {
			continue
		}
		*m.seen(r.next) = true
		r.left--
		allowed--
		t.High++
		o := old.at(r.next)
		s := w.place(t.High, wire.EncapsulationHeader+len(o.payload()), m.cfg.MaxPacket)
		d := wire.Data{
			Source: uint8(w.self), Seq: t.High, Round: uint16(t.Seq), Encapsulated: true,
			Old: wire.OldData{Ring: old.ring, Source: uint8(o.source), Seq: o.seq, Guarantee: o.guarantee()},
		}
		d.PutHeader(s.buf)
		copy(s.buf[wire.EncapsulationHeader:], o.payload())
		s.source, s.safe, s.encap, s.served = w.self, false, true, 0
		w.advance(t.High)
	}
}

// takeOld takes the message of an old ring out of an encapsulated one. One of
// another ring than ours concerns others.
func (m *Machine) takeOld(d *wire.Data) Reject {
	r, old, in := &m.rec, m.old, &d.Old
	if m.state != Recovery || old == nil || in.Ring != old.ring {
		return Accepted
	}
	if int(in.Source) >= len(old.members) || in.Seq > r.high || len(d.Payload) > MaxPayload(m.cfg.MaxPacket) {
		return RejectMalformed
	}
	if in.Seq <= old.freed || in.Seq <= r.low {
		return Accepted
	}
	if old.has(in.Seq) {
		if !*m.seen(in.Seq) && in.Seq >= r.next && m.toRecover(in.Seq) {
			r.left--
		}
		*m.seen(in.Seq) = true
		return Accepted
	}
	*m.seen(in.Seq) = true
	s := old.place(in.Seq, wire.DataHeader+len(d.Payload), m.cfg.MaxPacket)
	again := wire.Data{Source: in.Source, Seq: in.Seq, Guarantee: in.Guarantee}
	again.PutHeader(s.buf)
	copy(s.buf[wire.DataHeader:], d.Payload)
	s.source, s.safe, s.encap, s.served = int(in.Source), in.Guarantee == wire.Safe, false, 0
	old.advance(in.Seq)
	m.n.Recovered++
	return Accepted
}

// markPending says on the token whether anybody still has something to send. Who
// set the mark clears it; who has something and finds it clear sets it.
func (m *Machine) markPending(t *wire.Token) {
	switch {
	case m.rec.left > 0 && t.Pending == 0:
		t.Pending = m.cfg.Self.ID
	case m.rec.left == 0 && t.Pending == m.cfg.Self.ID:
		t.Pending = 0
	}
}

// recoveryToken follows the exchange at a token visit. Two visits in a row with
// nobody pending mean that everything was sent: install is the last of it. A
// node that has everything up to install takes the senders of the transitional
// configuration, and those any of them is obligated to, into its obligation set
// before the token tells so: another may install the ring on the strength of it
// and deliver their messages; this node has to deliver them too, even if the
// ring breaks now (EVS 1994, section 4, step 5).
func (m *Machine) recoveryToken(t *wire.Token) {
	r := &m.rec
	if t.Pending != 0 {
		r.zeros = 0
	} else {
		r.zeros++
	}
	if r.zeros >= 2 && !r.installing {
		r.installing, r.install = true, t.High
	}
	if !r.installing {
		return
	}
	if m.cur.aru >= r.install && !r.acked {
		r.acked = true
		if m.old != nil {
			m.old.obligation.Union(&r.obligation)
		}
	}
	if t.Aru >= r.install {
		r.arus++
	} else {
		r.arus = 0
	}
}

// recoveryDone tells that every member has everything: at two visits in a row
// the aru was at install.
func (m *Machine) recoveryDone() bool { return m.rec.acked && m.rec.arus >= 2 }

// becomeOperational delivers the change of configuration and begins regular
// operation. The token has left already; the Source is asked at the next visit,
// after its owner has seen the change.
func (m *Machine) becomeOperational() {
	assert(m.state == Recovery && m.rec.acked, "a ring is installed before its recovery")
	m.installed()
	m.deliverWhatIsDue(m.cur)
}

// becomeOperationalAlone forms the ring of this node only.
func (m *Machine) becomeOperationalAlone() {
	ring := m.nextRing()
	members := []wire.Member{m.cfg.Self}
	m.commit.joinedSeq = ring.Seq
	m.stopTimers()
	m.cur.reset(ring, members, 0)
	m.rec = recovery{seen: m.rec.seen}
	if m.old != nil {
		m.rec.trans = members
		m.old.obligation.Add(m.old.self)
	}
	m.out.ready.Install = &Ring{ID: ring, Members: members}
	m.fccOwn, m.backlogOwn, m.resent, m.tokenIdle = 0, 0, 0, 0
	m.setLimits(0, 1) // there is no receiver
	m.installed()
	if m.cfg.Source.Backlog() > 0 {
		m.aloneAt = m.now
	}
}

func (m *Machine) installed() {
	m.deliverChange(m.rec.trans)
	if m.old != nil {
		m.spare, m.old = m.old, nil
	}
	m.state = Operational
	m.joinAt, m.agreeAt, m.formAt, m.grace = Never, Never, Never, Never
	m.longestGap, m.stuck, m.idle = 0, 0, 0
	m.visitAt = m.now
	m.sampled = false
	m.procs = m.procs[:0]
	clear(m.joins)
	m.forgetOtherStarts()
	m.keepSuspects()
	m.armMergeDetect()
	m.trace(Event{Kind: EventState, Cause: m.cause, A: uint64(len(m.cur.members))})
}
