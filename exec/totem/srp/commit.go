package srp

import "ais/exec/totem/wire"

// commitState is the commit token as this node has it, and the pages of one that
// is arriving.
type commitState struct {
	entries []wire.CommitEntry // of the last one accepted or made here
	hop     uint32             // as it was sent
	room    int                // least ReceiveRoom of those it visited
	pending bool               // retransmit repeats the commit token, not the token

	in        [wire.MaxMembers]wire.CommitEntry
	inRing    wire.RingID
	inHop     uint32
	inFrom    wire.Member
	inPages   uint8
	inTotal   uint16
	got       [4]uint64
	have      int
	joinedSeq uint64 // of the last ring this node committed to
}

// createCommit makes the commit token of a new ring: all agree and this node is
// the representative (Totem 1995, section 5.3).
func (m *Machine) createCommit() {
	c := &m.commit
	c.entries = c.entries[:0]
	for _, p := range m.procs {
		if !p.failed {
			c.entries = append(c.entries, wire.CommitEntry{Member: p.Member})
		}
	}
	c.room = m.cfg.ReceiveRoom
	m.becomeCommit(m.nextRing(), 0)
	m.sendCommit(1)
}

// nextRing returns an id no ring ever had: this node alone makes rings that carry
// its id, and the number is above all it ever reserved or saw.
func (m *Machine) nextRing() wire.RingID {
	seq := (m.maxSeq/seqStep + 1) * seqStep
	m.learnSeq(seq)
	assert(m.maxSeq <= m.reserved, "a ring sequence number is not reserved")
	return wire.RingID{Rep: m.cfg.Self.ID, Seq: seq}
}

// becomeCommit agrees to the ring of m.commit.entries, in which this node has
// the place self, and fills its entry. From here on the old ring's window takes
// messages in Recovery only.
func (m *Machine) becomeCommit(ring wire.RingID, self int) {
	c := &m.commit
	members := make([]wire.Member, len(c.entries))
	for i := range c.entries {
		members[i] = c.entries[i].Member
	}
	e := &c.entries[self]
	*e = wire.CommitEntry{Member: e.Member, Filled: true}
	if w := m.old; w != nil {
		w.frozen = true
		e.Old, e.Aru, e.High = w.ring, w.aru, max(w.high, w.aru)
		e.Safe, e.Obligation = min(w.safe, w.aru), w.obligation
	}
	c.joinedSeq = ring.Seq
	m.learnSeq(ring.Seq)
	m.state = Commit
	m.stopTimers()
	m.cur.reset(ring, members, self)
	for _, x := range members {
		m.noteStart(x)
	}
	m.lossAt, m.visitAt = m.now+m.cfg.TokenTimeout, m.now
	m.out.ready.Install = &Ring{ID: ring, Members: members}
	m.trace(Event{Kind: EventState, Cause: m.cause, A: uint64(len(members))})
}

// sendCommit passes the commit token on as hop, in as many pages as it needs.
func (m *Machine) sendCommit(hop uint32) {
	m.commit.hop = hop
	m.commit.pending = true
	m.transmitCommit()
	m.armRetransmit(m.rotation)
}

func (m *Machine) transmitCommit() {
	c := &m.commit
	n := len(c.entries)
	per := (m.cfg.MaxSession - wire.CommitHeader) / wire.CommitEntrySize
	pages := pagesFor(n, per)
	per = (n + pages - 1) / pages
	to := c.entries[int(c.hop)%n].Member.ID
	for i := range pages {
		first, end := i*per, min((i+1)*per, n)
		p := wire.CommitPage{
			Page: wire.Page{Index: uint8(i), Pages: uint8(pages), First: uint16(first), Total: uint16(n)},
			Ring: m.cur.ring, Hop: c.hop, Room: uint16(c.room), Entries: c.entries[first:end],
		}
		m.sendTo(to, p.AppendTo(m.buf()))
	}
}

func (m *Machine) tickCommit() {
	if m.now >= m.retransmit.at {
		m.transmitCommit()
		m.nextRetransmit()
	}
}

// stepCommit takes a page of a commit token.
func (m *Machine) stepCommit(org Origin, pkt []byte) Reject {
	if m.state != Gather && m.state != Commit && m.state != Recovery {
		return RejectState
	}
	p := &m.commitPage
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if p.Page.Total < 2 {
		return RejectMalformed
	}
	entries, r := m.assembleCommit(org.Member, p)
	if entries == nil {
		return r
	}
	n := uint32(len(entries))
	self := m.checkCommit(org, p, entries)
	if self < 0 {
		return RejectNotMember
	}
	switch first := p.Hop < n; {
	case first && m.state != Recovery && (m.state == Gather || p.Ring.Seq > m.cur.ring.Seq):
		return m.commitFirst(p, entries, self)
	case m.state == Gather || p.Ring != m.cur.ring:
		return RejectForeign
	case !first && m.state == Commit && p.Hop < 2*n:
		return m.commitSecond(p, entries, self)
	case m.state == Recovery && p.Hop == 2*n && m.tokenSeq == 0:
		m.startToken()
		return Accepted
	}
	return RejectOldToken
}

// assembleCommit returns all entries of a commit token, or nil and why not yet.
func (m *Machine) assembleCommit(from wire.Member, p *wire.CommitPage) ([]wire.CommitEntry, Reject) {
	c := &m.commit
	if p.Page.Pages == 1 {
		return p.Entries, Accepted
	}
	same := c.inRing == p.Ring && c.inHop == p.Hop && c.inFrom.ID == from.ID && c.inFrom.Nonce == from.Nonce &&
		c.inPages == p.Page.Pages && c.inTotal == p.Page.Total
	if !same {
		if q := m.proc(from.ID); q == nil || q.Nonce != from.Nonce || q.failed {
			return nil, RejectOrigin // only who may be a member displaces a token
		}
		c.inRing, c.inHop, c.inFrom, c.inPages, c.inTotal = p.Ring, p.Hop, from, p.Page.Pages, p.Page.Total
		c.got, c.have = [4]uint64{}, 0
	}
	word, bit := p.Page.Index>>6, uint64(1)<<(p.Page.Index&63)
	if c.got[word]&bit != 0 {
		return nil, RejectDuplicate
	}
	c.got[word] |= bit
	copy(c.in[p.Page.First:], p.Entries)
	c.have += len(p.Entries)
	if c.have < int(c.inTotal) {
		return nil, Accepted
	}
	c.got, c.have = [4]uint64{}, 0
	return c.in[:c.inTotal], Accepted
}

// checkCommit returns this node's place in a commit token, or -1 when the token
// is not one for this start of this node from the member before it.
func (m *Machine) checkCommit(org Origin, p *wire.CommitPage, entries []wire.CommitEntry) int {
	n := uint32(len(entries))
	self := int(p.Hop % n)
	before := entries[(p.Hop+n-1)%n].Member
	if p.Hop == 0 || p.Hop > 2*n || entries[0].Member.ID != p.Ring.Rep || entries[self].Member != m.cfg.Self ||
		before.ID != org.Member.ID || before.Nonce != org.Member.Nonce {
		return -1
	}
	for i := range entries {
		if i > 0 && entries[i].Member.ID <= entries[i-1].Member.ID {
			return -1
		}
		if filled := uint32(i) < p.Hop; entries[i].Filled != filled {
			return -1
		}
	}
	return self
}

// commitFirst is the first visit of a commit token: the ring must be the one this
// node agreed to, and a new one.
func (m *Machine) commitFirst(p *wire.CommitPage, entries []wire.CommitEntry, self int) Reject {
	if p.Ring.Seq <= m.commit.joinedSeq {
		return RejectOldToken
	}
	i := 0
	for _, q := range m.procs {
		if q.failed {
			continue
		}
		if i == len(entries) || entries[i].Member != q.Member {
			i = -1
			break
		}
		i++
	}
	if i != len(entries) {
		// The sets went on here. The ring cannot be formed; a Join that knows of its
		// number says so to those that are in Commit already.
		m.learnSeq(p.Ring.Seq)
		if m.state == Gather {
			m.joinAt = min(m.joinAt, max(m.now, m.joinedAt+m.joinSpacing()))
		}
		return RejectMismatch
	}
	m.commit.entries = append(m.commit.entries[:0], entries...)
	m.commit.room = leastRoom(int(p.Room), m.cfg.ReceiveRoom)
	m.becomeCommit(p.Ring, self)
	m.sendCommit(p.Hop + 1)
	return Accepted
}

// commitSecond is the second visit: now everything is known.
func (m *Machine) commitSecond(p *wire.CommitPage, entries []wire.CommitEntry, self int) Reject {
	c := &m.commit
	if len(entries) != len(c.entries) {
		return RejectMismatch
	}
	for i := range entries {
		if entries[i].Member != c.entries[i].Member {
			return RejectMismatch
		}
	}
	if entries[self] != c.entries[self] {
		return RejectMismatch
	}
	copy(c.entries, entries)
	c.room = leastRoom(int(p.Room), c.room)
	m.setLimits(c.room, len(c.entries))
	m.becomeRecovery()
	m.sendCommit(p.Hop + 1)
	return Accepted
}
