package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// A stranger is a processor that is not in this node's ring. Its nonce and the
// echo of ours show that what it says is not older than both starts, but it may
// still be a recording of what was said since, by somebody who is gone. So an
// Operational node leaves its ring for a stranger only after it answered a probe.
type stranger struct {
	wire.Member
	asked  Time   // when it was challenged and probed last
	number uint64 // of that probe
	first  uint64 // of the first probe of this start
	proved Time   // when it answered
	alive  bool   // it answered once
}

// challengeSpacing is the shortest time between two challenges to one id.
const challengeSpacing = 5 * time.Millisecond

// askStranger makes room for a stranger and tells whether it may be asked now.
func (m *Machine) askStranger(x wire.Member) bool {
	s, ok := m.strangers[x.ID]
	if ok && m.now < s.asked+challengeSpacing {
		return false
	}
	if ok && s.alive && m.now <= s.proved+m.cfg.TokenTimeout && newer(s.Member, x) {
		return false // a newer start of it was alive just now: this is a recording
	}
	if !ok && len(m.strangers) >= 4*wire.MaxMembers {
		clear(m.strangers)
	}
	m.probeNumber++
	if s.Nonce != x.Nonce {
		s = stranger{Member: x, first: m.probeNumber}
	}
	s.asked, s.number = m.now, m.probeNumber
	m.strangers[x.ID] = s
	p := wire.Probe{Target: x.Nonce, Number: s.number}
	m.sendTo(x.ID, p.AppendTo(m.buf()))
	return true
}

// challenge asks a processor to echo this node's nonce, and probes it at the same
// time, so that its answer is here before its next Join.
func (m *Machine) challenge(x wire.Member, stamp uint64) {
	if !m.askStranger(x) {
		return
	}
	m.n.Challenges++
	m.trace(Event{Kind: EventChallenge, Peer: x.ID})
	c := wire.Challenge{Start: m.cfg.Self.Start, RingSeq: m.maxSeq, Echo: x.Nonce, Stamp: stamp}
	m.sendTo(x.ID, c.AppendTo(m.buf()))
}

// isStranger tells whether x is not in the ring of the present state.
func (m *Machine) isStranger(x wire.Member) bool {
	i := m.cur.index(x.ID)
	return i < 0 || !sameStart(m.cur.members[i], x)
}

func (m *Machine) strangerAnswered(from wire.Member, number uint64) bool {
	s, ok := m.strangers[from.ID]
	if !ok || s.Nonce != from.Nonce || number < s.first || number > s.number {
		return false
	}
	s.proved, s.alive = m.now, true
	m.strangers[from.ID] = s
	return true
}

// forgetOtherStarts forgets what other starts of the members of a new ring have
// answered: that was before this one took their place.
func (m *Machine) forgetOtherStarts() {
	for _, x := range m.cur.members {
		if s, ok := m.strangers[x.ID]; ok && s.Nonce != x.Nonce {
			delete(m.strangers, x.ID)
		}
	}
}

// proveStranger notes that a processor is alive.
func (m *Machine) proveStranger(id wire.NodeID, nonce wire.Nonce) {
	if s, ok := m.strangers[id]; ok && s.Nonce == nonce {
		s.proved, s.alive = m.now, true
		m.strangers[id] = s
	}
}

// strangerLives tells whether a processor answered within the last TokenTimeout.
func (m *Machine) strangerLives(x wire.Member) bool {
	s, ok := m.strangers[x.ID]
	return ok && s.alive && s.Nonce == x.Nonce && m.now <= s.proved+m.cfg.TokenTimeout
}
