package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// processor is what Gather knows of a processor. The list m.procs is the paper's
// my_proc_set and my_fail_set in one, sorted by id, one start per id: the newest.
type processor struct {
	wire.Member
	failed  bool
	agreed  bool // its last Join named the same sets as ours
	heardAt Time // when it was added or its last Join came
}

// settle is how long the representative waits for more processors when the
// sets grew, so that a cluster that starts or merges forms one ring, not many.
const settle = 3 * time.Millisecond

// joinSpacing is the shortest time between two of our Joins. Everybody's Joins
// reach everybody, and each names everybody: what they cost together grows with
// the cube of the number of processors. Without this, 64 executives on a busy
// machine never got through the Joins of one round before the next.
func (m *Machine) joinSpacing() Time {
	n := Time(len(m.procs))
	return max(time.Millisecond, n*n*8*time.Microsecond)
}

// patience is how long a processor may be silent in Gather: Consensus, and more
// with very many, whose Joins take their time.
func (m *Machine) patience() Time {
	return m.cfg.Consensus + Time(max(0, len(m.procs)-16))*15*time.Millisecond
}

func (m *Machine) proc(id wire.NodeID) *processor {
	if i := m.procIndex(id); i >= 0 {
		return &m.procs[i]
	}
	return nil
}

// becomeGather begins the search for the members of the next ring. From
// Operational the ring's window becomes the old one; from Commit or Recovery the
// old one stays as it is, with what Recovery already brought (Totem 1995,
// section 5.4; EVS 1994, section 4). The first Join leaves at the end of the
// input, so that what the caller puts into the failed list is in it.
func (m *Machine) becomeGather(cause Cause) {
	switch m.state {
	case Operational:
		m.setProcs(m.cur.members)
		m.old, m.cur, m.spare = m.cur, m.spare, nil
	case Commit, Recovery:
		m.setProcs(m.cur.members)
	}
	m.state = Gather
	m.cause = cause
	m.n.Gathers[cause]++
	m.stopTimers()
	m.tokenFirst = false
	m.setsChanged()
	m.formAt = m.now
	m.joinAt = m.now
	m.trace(Event{Kind: EventState, Cause: cause})
}

// becomeGatherAlone begins a ring without all others: this node is the problem.
func (m *Machine) becomeGatherAlone(cause Cause) {
	m.becomeGather(cause)
	for i := range m.procs {
		if m.procs[i].ID != m.cfg.Self.ID {
			m.procs[i].failed = true
		}
	}
	m.setsChanged()
}

func (m *Machine) setProcs(members []wire.Member) {
	m.procs = m.procs[:0]
	for _, x := range members {
		m.procs = append(m.procs, processor{Member: x, heardAt: m.now})
	}
}

// setsChanged restarts what depends on the sets: agreement and Joins.
func (m *Machine) setsChanged() {
	for i := range m.procs {
		m.procs[i].agreed = false
	}
	m.generation++
	m.joinStep = max(minRetransmit, m.joinSpacing())
	m.joinAt = min(m.joinAt, max(m.now, m.joinedAt+m.joinSpacing()))
	m.agreeAt = m.now + 2*m.patience()
}

// fail puts a processor into the failed list.
func (m *Machine) fail(p *processor) {
	if p.failed || p.ID == m.cfg.Self.ID {
		return
	}
	p.failed = true
	m.trace(Event{Kind: EventFailed, Peer: p.ID})
	m.setsChanged()
}

func (m *Machine) failID(id wire.NodeID) {
	if p := m.proc(id); p != nil {
		m.fail(p)
	}
}

// add puts x into the list, or in the place of an older start of it.
func (m *Machine) add(x wire.Member, failed bool) (changed bool, r Reject) {
	i := 0
	for i < len(m.procs) && m.procs[i].ID < x.ID {
		i++
	}
	p := processor{Member: x, failed: failed, heardAt: m.now}
	if i < len(m.procs) && m.procs[i].ID == x.ID {
		if !newer(x, m.procs[i].Member) {
			return false, Accepted
		}
		m.procs[i] = p
		m.formAt = m.now + settle
		return true, Accepted
	}
	if len(m.procs) >= m.cfg.MaxMembers {
		return false, RejectTooMany
	}
	m.procs = append(m.procs, processor{})
	copy(m.procs[i+1:], m.procs[i:])
	m.procs[i] = p
	m.formAt = m.now + settle
	return true, Accepted
}

// full tells that the ring has no place for processor id, so that it is no reason
// to break it.
func (m *Machine) full(id wire.NodeID) bool {
	return len(m.cur.members) >= m.cfg.MaxMembers && m.cur.index(id) < 0
}

// newer orders starts of one processor. The nonce decides only when the state
// directory was lost and a start number came again.
func newer(a, b wire.Member) bool {
	if a.Start != b.Start {
		return a.Start > b.Start
	}
	return string(a.Nonce[:]) > string(b.Nonce[:])
}

// finish is the tail of every input: a Join that is due goes out, and a ring is
// formed when all agree.
func (m *Machine) finish() {
	if m.state != Gather {
		return
	}
	if m.now >= m.joinAt {
		m.sendJoin(false)
	}
	m.tryForm()
}

// tryForm forms a ring when all that did not fail agree and this node is the
// lowest of them.
func (m *Machine) tryForm() {
	live := 0
	for i := range m.procs {
		p := &m.procs[i]
		if p.failed {
			continue
		}
		if p.ID != m.cfg.Self.ID && (!p.agreed || live == 0) {
			return // no agreement, or a lower one is the representative
		}
		live++
	}
	switch {
	case m.now < m.formAt:
	case live > 1:
		m.createCommit()
	case len(m.procs) == 1 && m.now < m.grace:
	default:
		m.becomeOperationalAlone()
	}
}

// tickGather fails those that do not answer. Who agreed may be silent longer: it
// may be in Commit already.
func (m *Machine) tickGather() {
	failed := false
	for i := range m.procs {
		p := &m.procs[i]
		if p.ID != m.cfg.Self.ID && !p.failed && m.now >= m.silentAt(p) {
			m.fail(p)
			failed = true
		}
	}
	if m.now >= m.agreeAt {
		for i := range m.procs {
			p := &m.procs[i]
			if p.ID != m.cfg.Self.ID && !p.failed && !p.agreed {
				m.fail(p)
				failed = true
			}
		}
		m.setsChanged()
	}
	if failed {
		m.n.Gathers[CauseConsensusTimeout]++
		m.trace(Event{Kind: EventState, Cause: CauseConsensusTimeout})
	}
}

func (m *Machine) silentAt(p *processor) Time {
	if p.agreed {
		return p.heardAt + 2*m.patience()
	}
	return p.heardAt + m.patience()
}

func (m *Machine) gatherDeadline() Time {
	d := min(m.joinAt, m.agreeAt)
	for i := range m.procs {
		if p := &m.procs[i]; p.ID != m.cfg.Self.ID && !p.failed {
			d = min(d, m.silentAt(p))
		}
	}
	if m.formAt > m.now {
		d = min(d, m.formAt)
	}
	if m.grace > m.now {
		d = min(d, m.grace)
	}
	return d
}

// stepMergeDetect answers another ring's sign of life with a challenge; who is
// challenged and answers to its name joins. Nothing changes here.
func (m *Machine) stepMergeDetect(org Origin, pkt []byte) Reject {
	var p wire.MergeDetect
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	from := wire.Member{ID: org.Member.ID, Start: p.Start, Nonce: org.Member.Nonce}
	switch m.state {
	case Operational:
		if i := m.cur.index(from.ID); i >= 0 && sameStart(m.cur.members[i], from) && !m.cur.ring.Less(p.Ring) {
			return Accepted
		}
		if len(m.cur.members)+int(p.Members) > m.cfg.MaxMembers {
			return RejectTooMany // the two can never be one ring: do not break either
		}
	case Gather:
		if q := m.proc(from.ID); q != nil && q.Nonce == from.Nonce {
			return RejectState
		}
	default:
		return RejectState
	}
	if r := m.checkStart(from, false); r != Accepted {
		return r
	}
	m.challenge(from, p.Stamp)
	return Accepted
}

// stepChallenge learns a processor that heard us: both directions work now.
func (m *Machine) stepChallenge(org Origin, pkt []byte) Reject {
	var c wire.Challenge
	if c.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if c.Echo != m.cfg.Self.Nonce || c.Stamp > uint64(m.now) || uint64(m.now)-c.Stamp > uint64(m.cfg.TokenTimeout) {
		return RejectNoEcho
	}
	from := wire.Member{ID: org.Member.ID, Start: c.Start, Nonce: org.Member.Nonce}
	if m.otherStartOfMember(from) && !m.strangerLives(from) {
		// A challenge of a second ago may be a recording of a start that has ended, and
		// where a state directory was lost its number says nothing: it has to answer.
		m.askStranger(from)
		return RejectUnproved
	}
	if r := m.checkStart(from, true); r != Accepted {
		return r
	}
	switch m.state {
	case Operational, Commit, Recovery:
		i := m.cur.index(from.ID)
		switch {
		case i >= 0 && sameStart(m.cur.members[i], from):
			return RejectState
		case i >= 0 && !newer(from, m.cur.members[i]):
			return RejectStaleStart
		case i >= 0:
			m.becomeGather(CauseRestartedMember)
		case m.state == Operational && m.full(from.ID):
			return RejectTooMany
		case m.state == Operational:
			m.becomeGather(CauseForeignRing)
		default:
			return RejectState
		}
	}
	m.proveStranger(from.ID, from.Nonce)
	m.learnSeq(c.RingSeq)
	if p := m.proc(from.ID); p != nil && p.Nonce == from.Nonce {
		if p.failed {
			return RejectFailed
		}
		if !p.agreed {
			p.heardAt = m.now
		}
		return Accepted
	}
	changed, r := m.add(from, false)
	if changed {
		m.setsChanged()
	}
	return r
}

// otherStartOfMember tells whether x is another start of a member of the ring.
func (m *Machine) otherStartOfMember(x wire.Member) bool {
	if m.state == Gather {
		return false
	}
	i := m.cur.index(x.ID)
	return i >= 0 && !sameStart(m.cur.members[i], x)
}

// checkStart refuses starts older than the newest one known of that id, and
// notes x as the newest when it is proved to be alive.
func (m *Machine) checkStart(x wire.Member, proved bool) Reject {
	known, ok := m.newest[x.ID]
	if ok && known.Nonce != x.Nonce && !newer(x, known) {
		return m.checkOlderStart(x, proved)
	}
	if proved {
		m.noteStart(x)
	}
	return Accepted
}

// checkOlderStart decides about a start number that is not above one known before.
// It is a recording, unless the processor's state directory was lost and it counts
// from the beginning: then it lives, and answers a probe. It has to wait until this
// node does not count on the start it knew any more.
func (m *Machine) checkOlderStart(x wire.Member, proved bool) Reject {
	if y, counted := m.peer(x.ID); counted && y.Nonce != x.Nonce {
		return RejectStaleStart
	}
	if !m.strangerLives(x) {
		m.askStranger(x)
		return RejectStaleStart
	}
	if proved {
		m.noteStart(x)
	}
	return Accepted
}

// noteStart keeps x as the newest start of its id. The members of every ring
// committed to are kept too: a recording of an older start must not pass for news
// at a node that never heard the newer one itself.
func (m *Machine) noteStart(x wire.Member) {
	known, ok := m.newest[x.ID]
	if ok && known == x {
		return
	}
	if !ok && len(m.newest) >= 4*wire.MaxMembers {
		clear(m.newest)
		for _, y := range m.cur.members {
			m.newest[y.ID] = y
		}
	}
	m.newest[x.ID] = x
}

// sendMergeDetect tells other rings that this one is here.
func (m *Machine) sendMergeDetect() {
	m.mergeAt = Never
	if m.cur.self != 0 {
		return
	}
	p := wire.MergeDetect{Start: m.cfg.Self.Start, Ring: m.cur.ring, Members: uint16(len(m.cur.members)), Stamp: uint64(m.now)}
	m.sendTo(0, p.AppendTo(m.buf()))
	m.armMergeDetect()
}

func (m *Machine) armMergeDetect() {
	m.mergeAt = Never
	if m.cur.self == 0 {
		i := m.cfg.MergeInterval
		m.mergeAt = m.now + i - i/8 + Time(m.random()%uint64(i/4+1))
	}
}

// stepLeave takes the word of a member that it stops.
func (m *Machine) stepLeave(org Origin, pkt []byte) Reject {
	var p wire.Leave
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	w := m.cur
	switch m.state {
	case Gather:
		w = m.old
	case Commit:
		return RejectState
	}
	if w == nil || org.Ring != w.ring {
		return RejectForeign
	}
	i := w.index(org.Member.ID)
	if i < 0 {
		return RejectOrigin
	}
	m.trace(Event{Kind: EventLeave, Peer: org.Member.ID})
	if m.state != Gather {
		m.becomeGather(CauseLeave)
	}
	if q := m.proc(org.Member.ID); q != nil && q.Nonce == w.members[i].Nonce {
		m.fail(q)
	}
	return Accepted
}

// sayLeave tells the others: in a ring with a packet of the ring, else with a
// Join in which the sender itself has failed. Twice, because nobody asks again.
func (m *Machine) sayLeave() {
	switch m.state {
	case Operational, Recovery:
		if len(m.cur.members) == 1 {
			return
		}
		var p wire.Leave
		pkt := p.AppendTo(m.buf())
		m.sendRing(m.cur.ring, pkt)
		m.sendRing(m.cur.ring, pkt)
	case Commit, Gather:
		m.sendJoin(true)
		m.sendJoin(true)
	}
}
