package srp

import (
	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// joinAssembly puts the pages of one sender's Join together. There is at most
// one per sender, and it holds at most MaxMembers entries.
type joinAssembly struct {
	nonce      wire.Nonce
	generation uint32
	pages      uint8
	total      uint16
	got        [4]uint64 // pages that are here
	have       int       // entries that are here
	at         Time
	entries    [wire.MaxMembers]wire.JoinEntry
}

// joinPages is how many packets a list of n entries of size needs.
func pagesFor(n, perPage int) int { return max(1, (n+perPage-1)/perPage) }

// sendJoin multicasts the sets, in as many pages as they need. leaving marks this
// node itself as failed: it stops.
func (m *Machine) sendJoin(leaving bool) {
	per := (m.cfg.MaxSession - wire.JoinHeader) / wire.JoinEntrySize
	pages := pagesFor(len(m.procs), per)
	per = (len(m.procs) + pages - 1) / pages
	j := &m.joinPage
	j.Cause, j.Start, j.Generation = uint8(m.cause), m.cfg.Self.Start, m.generation
	j.RingSeq, j.Stamp = m.maxSeq, uint64(m.now)
	j.Ring = wire.RingID{}
	if m.old != nil {
		j.Ring = m.old.ring
	}
	for i := range pages {
		first, end := i*per, min((i+1)*per, len(m.procs))
		j.Page = wire.Page{Index: uint8(i), Pages: uint8(pages), First: uint16(first), Total: uint16(len(m.procs))}
		j.Entries = j.Entries[:0]
		for _, p := range m.procs[first:end] {
			failed := p.failed || leaving && p.ID == m.cfg.Self.ID
			j.Entries = append(j.Entries, wire.JoinEntry{Member: p.Member, Failed: failed})
		}
		m.sendTo(0, j.AppendTo(m.buf()))
	}
	m.n.JoinsSent++
	m.joinedAt = m.now
	m.joinAt = m.now + m.joinStep
	m.joinStep = min(2*m.joinStep, m.joinLimit())
}

// joinLimit is the longest interval between Joins now: JoinFast while an answer
// may come in time, longer with many members, whose Joins add up, and
// JoinInterval afterwards.
func (m *Machine) joinLimit() Time {
	if m.now > m.agreeAt-m.patience() {
		return m.cfg.JoinInterval
	}
	return min(max(JoinFast, 2*m.joinSpacing()), max(m.cfg.JoinInterval, m.joinSpacing()))
}

// stepJoin takes a page of a Join (Totem 1995, section 5.2).
func (m *Machine) stepJoin(org Origin, pkt []byte) Reject {
	j := &m.joinPage
	if j.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if j.Page.Total == 0 || org.Member.Start != 0 && org.Member.Start != j.Start {
		return RejectMalformed
	}
	from := wire.Member{ID: org.Member.ID, Start: j.Start, Nonce: org.Member.Nonce}
	entries, r := m.assembleJoin(from, j)
	if entries == nil {
		return r
	}
	echoed, sender := false, -1
	for i := range entries {
		switch x := &entries[i].Member; {
		case x.ID == m.cfg.Self.ID:
			echoed = x.Nonce == m.cfg.Self.Nonce
		case x.ID == from.ID:
			sender = i
		}
	}
	if sender < 0 || entries[sender].Member != from {
		return RejectMalformed
	}
	if !echoed && !plant.On(plant.JoinReplayed) {
		if m.checkStart(from, false) != Accepted {
			return RejectStaleStart
		}
		if m.state == Operational && m.full(from.ID) {
			return RejectTooMany
		}
		if m.state == Operational || m.state == Gather {
			m.challenge(from, j.Stamp)
		}
		return RejectNoEcho
	}
	if r := m.checkStart(from, true); r != Accepted {
		return r
	}
	return m.joinArrived(from, j, entries, sender)
}

// assembleJoin returns the whole list, or nil and why not yet.
func (m *Machine) assembleJoin(from wire.Member, j *wire.JoinPage) ([]wire.JoinEntry, Reject) {
	if j.Page.Pages == 1 {
		return j.Entries, Accepted
	}
	a := m.joins[from.ID]
	if a == nil {
		if len(m.joins) >= 2*wire.MaxMembers {
			clear(m.joins)
		}
		a = &joinAssembly{}
		m.joins[from.ID] = a
	}
	if a.nonce != from.Nonce && a.nonce == m.newest[from.ID].Nonce && m.now < a.at+m.cfg.TokenTimeout {
		return nil, RejectStaleStart // a recording must not displace the living
	}
	if a.nonce != from.Nonce || a.generation != j.Generation || a.pages != j.Page.Pages || a.total != j.Page.Total {
		if a.nonce == from.Nonce && int32(j.Generation-a.generation) < 0 {
			return nil, RejectDuplicate
		}
		*a = joinAssembly{nonce: from.Nonce, generation: j.Generation, pages: j.Page.Pages, total: j.Page.Total}
	}
	a.at = m.now
	word, bit := j.Page.Index>>6, uint64(1)<<(j.Page.Index&63)
	if a.got[word]&bit != 0 {
		return nil, RejectDuplicate
	}
	a.got[word] |= bit
	copy(a.entries[j.Page.First:], j.Entries)
	a.have += len(j.Entries)
	if a.have < int(a.total) {
		return nil, Accepted
	}
	a.got, a.have = [4]uint64{}, 0 // the next repetition counts anew
	list := a.entries[:a.total]
	for i := 1; i < len(list); i++ {
		if list[i].Member.ID <= list[i-1].Member.ID {
			return nil, RejectMalformed
		}
	}
	return list, Accepted
}

// joinArrived acts on a whole, fresh Join.
func (m *Machine) joinArrived(from wire.Member, j *wire.JoinPage, entries []wire.JoinEntry, sender int) Reject {
	if m.state != Gather {
		cause, r := m.joinCause(from, j, entries)
		if r != Accepted {
			return r
		}
		if m.tooMany(m.cur.index, len(m.cur.members), entries) {
			return RejectTooMany
		}
		if m.isStranger(from) && !m.strangerLives(from) && !plant.On(plant.JoinReplayed) {
			m.askStranger(from)
			return RejectUnproved
		}
		m.becomeGather(cause)
	}
	m.learnSeq(j.RingSeq)
	return m.mergeJoin(from, entries, sender)
}

// joinCause tells whether a Join that came outside Gather leads there, and why.
func (m *Machine) joinCause(from wire.Member, j *wire.JoinPage, entries []wire.JoinEntry) (Cause, Reject) {
	i := m.cur.index(from.ID)
	switch {
	case i >= 0 && !sameStart(m.cur.members[i], from):
		if !newer(from, m.cur.members[i]) {
			return 0, RejectStaleStart
		}
		return CauseRestartedMember, Accepted
	case i >= 0 && j.RingSeq < m.cur.ring.Seq:
		return 0, RejectStaleJoin // it was sent before this ring was agreed on
	case i >= 0:
		if m.state == Operational && j.Ring != m.cur.ring && m.listedFailed(entries) {
			return CauseExpelled, Accepted
		}
		if c := Cause(j.Cause); c > CauseStart && int(c) < causes {
			return c, Accepted // the sender knows more
		}
		return CauseJoin, Accepted
	case m.state != Operational:
		return 0, RejectState // it will come again
	case m.listedFailed(entries):
		return 0, RejectFailed // it forms a ring without us; later
	case m.memberFailed(entries):
		// It forms a ring without some of ours. To follow would be to give those up,
		// and they us: with two such senders, whom others of ours follow, rings could
		// break each other for ever. Alone it soon gives up waiting for us, and its
		// next Join holds nobody for failed.
		return 0, RejectFailed
	case !j.Ring.IsZero():
		return CauseForeignRing, Accepted
	}
	return CauseJoin, Accepted
}

func (m *Machine) listedFailed(entries []wire.JoinEntry) bool {
	for i := range entries {
		if e := &entries[i]; e.Member.Nonce == m.cfg.Self.Nonce && e.Member.ID == m.cfg.Self.ID {
			return e.Failed
		}
	}
	return false
}

// memberFailed tells whether a Join holds a member of this ring for failed.
func (m *Machine) memberFailed(entries []wire.JoinEntry) bool {
	for i := range entries {
		e := &entries[i]
		if !e.Failed {
			continue
		}
		if at := m.cur.index(e.Member.ID); at >= 0 && m.cur.members[at].Nonce == e.Member.Nonce {
			return true
		}
	}
	return false
}

// mergeJoin takes over what the sender knows. Sets only grow, so this ends. A
// sender that holds us for failed is failed for us, and only that.
func (m *Machine) mergeJoin(from wire.Member, entries []wire.JoinEntry, sender int) Reject {
	if p := m.proc(from.ID); p != nil && p.Nonce == from.Nonce {
		if p.failed {
			return RejectFailed
		}
		p.heardAt = m.now
	}
	if entries[sender].Failed || m.listedFailed(entries) {
		changed, r := m.add(from, true)
		if changed {
			m.setsChanged()
		}
		m.failID(from.ID)
		return r
	}
	if m.tooMany(m.procIndex, len(m.procs), entries) {
		return RejectTooMany
	}
	changed := false
	result := Accepted
	for i := range entries {
		e := &entries[i]
		if e.Member.ID == m.cfg.Self.ID {
			if newer(e.Member, m.cfg.Self) {
				m.n.DuplicateID++
			}
			continue
		}
		if p := m.proc(e.Member.ID); p != nil && p.Nonce == e.Member.Nonce {
			if e.Failed && !p.failed {
				p.failed, changed = true, true
				m.trace(Event{Kind: EventFailed, Peer: p.ID})
			}
			continue
		}
		c, r := m.add(e.Member, e.Failed)
		if r != Accepted {
			result = r
		}
		changed = changed || c
	}
	if changed {
		m.setsChanged()
	}
	if p := m.proc(from.ID); p != nil && p.Nonce == from.Nonce && m.sameSets(entries) {
		p.agreed = true
	}
	return result
}

// tooMany tells whether a Join and what is here are more processors than a ring
// may have. Then nothing of it is taken: half of a ring is no use.
func (m *Machine) tooMany(index func(wire.NodeID) int, n int, entries []wire.JoinEntry) bool {
	for i := range entries {
		if index(entries[i].Member.ID) < 0 {
			n++
		}
	}
	return n > m.cfg.MaxMembers
}

func (m *Machine) procIndex(id wire.NodeID) int {
	lo, hi := 0, len(m.procs)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if m.procs[mid].ID < id {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(m.procs) && m.procs[lo].ID == id {
		return lo
	}
	return -1
}

func (m *Machine) sameSets(entries []wire.JoinEntry) bool {
	if len(entries) != len(m.procs) {
		return false
	}
	for i := range entries {
		if entries[i].Member != m.procs[i].Member || entries[i].Failed != m.procs[i].failed {
			return false
		}
	}
	return true
}
