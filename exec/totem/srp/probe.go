package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// suspect is a processor somebody hinted had died. A hint proves nothing: only
// that the processor does not answer does.
type suspect struct {
	member     wire.Member
	active     bool
	again      bool // hinted again while quiet
	since      Time
	next       Time   // next probe
	quietUntil Time   // no new probes before: it just answered
	number     uint64 // of its first probe
	sends      int
	visits     int // token visits since the hint
}

// probesAtLeast is how many probes go unanswered before a suspect is dead. They
// leave at separate ticks, so that a node that was not scheduled for a while
// reads its sockets in between.
const probesAtLeast = 4

// Suspect takes a hint that processor id died. It starts probes; only a suspect
// that answers none of them is put into the failed list. Hints cost at most one
// round of probes per ProbeTimeout, however many come.
func (m *Machine) Suspect(now Time, id wire.NodeID) {
	m.begin(now)
	if !m.begun || m.state == Left || id == m.cfg.Self.ID {
		return
	}
	x, ok := m.peer(id)
	if !ok {
		return
	}
	s := m.suspect(id)
	if s == nil {
		m.suspects = append(m.suspects, suspect{})
		s = &m.suspects[len(m.suspects)-1]
	} else if s.member.Nonce == x.Nonce {
		if s.active {
			return
		}
		if m.now < s.quietUntil {
			s.again = true
			return
		}
	}
	*s = suspect{member: x}
	m.startProbes(s)
}

// peer returns the processor of that id this node counts on.
func (m *Machine) peer(id wire.NodeID) (wire.Member, bool) {
	if m.state == Gather {
		if p := m.proc(id); p != nil && !p.failed {
			return p.Member, true
		}
		return wire.Member{}, false
	}
	if i := m.cur.index(id); i >= 0 {
		return m.cur.members[i], true
	}
	return wire.Member{}, false
}

func (m *Machine) suspect(id wire.NodeID) *suspect {
	for i := range m.suspects {
		if m.suspects[i].member.ID == id {
			return &m.suspects[i]
		}
	}
	return nil
}

func (m *Machine) startProbes(s *suspect) {
	s.active, s.again = true, false
	s.since, s.sends, s.visits = m.now, 0, 0
	s.number = m.probeNumber + 1
	m.n.Suspects++
	m.trace(Event{Kind: EventSuspect, Peer: s.member.ID})
	m.sendProbe(s)
}

func (m *Machine) sendProbe(s *suspect) {
	m.probeNumber++
	s.sends++
	s.next = m.now + m.probeTimeout()/probesAtLeast
	p := wire.Probe{Target: s.member.Nonce, Number: m.probeNumber}
	m.sendTo(s.member.ID, p.AppendTo(m.buf()))
}

// probeTimeout is longer than configured when the ring itself is slow.
func (m *Machine) probeTimeout() time.Duration {
	return max(m.cfg.ProbeTimeout, min(2*m.rotation, 4*m.cfg.ProbeTimeout))
}

func (m *Machine) tickProbes() {
	for i := 0; i < len(m.suspects); i++ {
		s := &m.suspects[i]
		switch {
		case s.again && m.now >= s.quietUntil:
			if _, ok := m.peer(s.member.ID); ok {
				m.startProbes(s)
			} else {
				s.again = false
			}
		case !s.active || m.now < s.next:
		case s.sends >= probesAtLeast && m.now >= s.since+m.probeTimeout():
			m.suspectDied(s)
			return
		default:
			m.sendProbe(s)
		}
	}
}

func (m *Machine) suspectDied(s *suspect) {
	x := s.member
	s.active = false
	m.n.SuspectsDead++
	m.trace(Event{Kind: EventSuspectDead, Peer: x.ID, A: uint64(s.sends)})
	if y, ok := m.peer(x.ID); !ok || y.Nonce != x.Nonce {
		return
	}
	if m.state != Gather {
		m.becomeGather(CauseProcessDied)
	}
	m.failID(x.ID)
}

func (m *Machine) clearSuspect(s *suspect) {
	s.active = false
	s.quietUntil = m.now + m.cfg.ProbeTimeout
	m.n.SuspectsCleared++
	m.trace(Event{Kind: EventSuspectCleared, Peer: s.member.ID})
}

// clearProvedSuspects drops hints that the token disproves: it left this node
// after the hint and is back, so every member passed it on. A message of the
// suspect proves less: it may have waited in a buffer since before its sender died.
func (m *Machine) clearProvedSuspects() {
	for i := range m.suspects {
		s := &m.suspects[i]
		if !s.active || m.cur.index(s.member.ID) < 0 {
			continue
		}
		s.visits++
		if s.visits >= 2 {
			m.clearSuspect(s)
		}
	}
}

// keepSuspects forgets suspects that are not in the ring.
func (m *Machine) keepSuspects() {
	kept := m.suspects[:0]
	for _, s := range m.suspects {
		if i := m.cur.index(s.member.ID); i >= 0 && m.cur.members[i].Nonce == s.member.Nonce {
			s.visits = 0
			kept = append(kept, s)
		}
	}
	m.suspects = kept
}

func (m *Machine) probeDeadline() Time {
	d := Never
	for i := range m.suspects {
		s := &m.suspects[i]
		if s.active {
			d = min(d, s.next)
		} else if s.again {
			d = min(d, s.quietUntil)
		}
	}
	return d
}

func (m *Machine) stepProbe(org Origin, pkt []byte) Reject {
	var p wire.Probe
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if p.Target != m.cfg.Self.Nonce {
		return RejectNoEcho
	}
	r := wire.ProbeReply{Echo: org.Member.Nonce, Number: p.Number}
	m.sendTo(org.Member.ID, r.AppendTo(m.buf()))
	return Accepted
}

func (m *Machine) stepProbeReply(org Origin, pkt []byte) Reject {
	var p wire.ProbeReply
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if p.Echo == m.cfg.Self.Nonce && m.strangerAnswered(org.Member, p.Number) {
		return Accepted
	}
	s := m.suspect(org.Member.ID)
	if s == nil || !s.active || p.Echo != m.cfg.Self.Nonce || s.member.Nonce != org.Member.Nonce ||
		p.Number < s.number || p.Number > m.probeNumber {
		return RejectProbe
	}
	m.clearSuspect(s)
	return Accepted
}
