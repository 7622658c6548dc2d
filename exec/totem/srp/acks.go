package srp

import (
	"time"

	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// Acknowledgements: what the only sender sent is known to be everywhere when every
// other member has said so to it, all at once and at once, instead of when the token
// has been at one after the other. The token stays meanwhile; it is one visit, only longer.
//
// An acknowledgement is the same knowledge as the aru of the token (Totem 1995,
// section 4.3), and needs no second rotation: there the aru is one number that
// anybody after may lower, here each member tells its own. A member's own aru of a ring
// never goes back, and what it has it forgets only when that is delivered here and
// known to be everywhere. So whatever becomes of the ring, its commit entry
// (becomeCommit) tells an aru as high as any that it acknowledged: recovery begins
// above it, the messages below are delivered by every member of the ring that does
// not die, and no obligation is needed for them. Safe in the commit entry may be higher
// than what any token told; planRecovery takes the highest, whoever found it out.
//
// What depends on the token going round:
//   - The others' timers of token loss run since their last visit, and a visit is longer
//     by no more than Config.Acks and Config.Await, together a quarter of the token
//     timeout at most, and one Linger. The own one runs since the packets were sent: a
//     processor that was stopped looks at it before it takes an acknowledgement (Step).
//   - The predecessor sends the token again until it sees a message of this visit, which
//     is what is sent here first; if it misses that it sees none of what follows, and
//     the answer to a repeated token says the same.
//   - A member that is dead, stopped or cut off does not acknowledge: after ackWait the
//     token goes on and is lost with it, as ever. Who missed a packet gets it by that
//     rotation. In Gather and after it no acknowledgement counts.
//   - The others know that messages are safe by the token only, and forget them then.
//     Until then nobody may be sent more than it has room for: window.known, not
//     window.safe, is what freedPrev, the brake of allowance, follows.
//   - Who waits for the token says so in its acknowledgement, and has it after this
//     round. Safe messages are not kept back: there must be none that others wait with.
//   - Holding an idle token, and merge detection while it is held, begin after rounds
//     without messages, in which nothing of this happens.

// acks is what the only sender knows at this visit.
type acks struct {
	waiting bool   // the token is held for them
	until   Time   // after that nothing more is sent that is waited for
	looked  uint64 // up to here there is no safe message that others may not deliver yet
	from    [(wire.MaxMembers + 63) / 64]uint64
	missing int  // of how many members
	let     bool // the token has to go now
	sent    int  // messages of this visit that everybody has acknowledged
	tries   tries
}

// owed is an acknowledgement that is due when something that is missing has come.
type owed struct {
	to  wire.NodeID // 0: none
	seq uint64
}

// tries is how often something that may be in vain is tried: each time in vain doubles
// how often it is not, up to 1<<missesMost - 1 times.
type tries struct{ misses, skip int }

// missesMost bounds how rarely it is tried: once in 64 times.
const missesMost = 6

func (t *tries) now() bool {
	if t.skip > 0 {
		t.skip--
		return false
	}
	return true
}

func (t *tries) paid(yes bool) {
	if yes {
		t.misses = 0
		return
	}
	t.misses = min(t.misses+1, missesMost)
	t.skip = 1<<t.misses - 1
}

// leastAckWait is how long acknowledgements are waited for at least: receivers have
// to be scheduled, and deliver before they go on.
const leastAckWait = 300 * time.Microsecond

// ackWait is the time after which the token goes on without them: two rotations would
// have told as much.
func (m *Machine) ackWait() time.Duration { return max(2*m.rotation, leastAckWait) }

// begin begins a visit. What was forgotten here by the visit before, as the token had
// told, the others have delivered.
func (a *acks) begin(until Time, forgotten uint64) {
	a.waiting, a.let, a.sent, a.until, a.looked = false, false, 0, until, forgotten
}

// acksNow decides whether the token stays until everybody has acknowledged what has
// just been sent: of the only sender, who has nothing more, while somebody waits to
// learn that it is everywhere. As keepNow it must keep nobody from sending.
func (m *Machine) acksNow(t *wire.Token, sent int) bool {
	w, a := m.cur, &m.acks
	if !m.awaitNow(t) || sent == 0 || m.kept+sent > awaitedMessages || m.kept+sent+m.resent > m.visitMost ||
		a.let || m.now+m.ackWait() > a.until || w.aru != t.High || m.cfg.Source.Backlog() > 0 || !m.awaitsHere() {
		return false
	}
	for seq := a.looked + 1; seq <= t.High; seq++ {
		if s := w.at(seq); s.seq == seq && s.safe {
			return false // the others learn from the token that they may deliver it
		}
		a.looked = seq
	}
	return a.tries.now()
}

// awaitAcks sends the packets of this visit and keeps the token.
func (m *Machine) awaitAcks(first uint64, sent int) {
	w, a := m.cur, &m.acks
	wire.MarkAcknowledge(w.at(first + uint64(sent) - 1).buf)
	m.sendRun(first, sent)
	m.kept += sent
	a.waiting, a.missing = true, len(w.members)-1
	clear(a.from[:])
	m.holding, m.lingering = true, true
	m.holdAt = m.now + m.ackWait()
	m.deliverWhatIsDue(w)
}

// stepDataAck takes an acknowledgement. One that is late tells nothing that is not
// known by the token, and one of another ring or state nothing at all.
func (m *Machine) stepDataAck(org Origin, pkt []byte) Reject {
	a, w := &m.acks, m.cur
	if m.state != Operational {
		return RejectState
	}
	if org.Ring != w.ring {
		return RejectForeign
	}
	var p wire.DataAck
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	place := w.index(org.Member.ID)
	if place < 0 {
		return RejectOrigin
	}
	if !a.waiting {
		return RejectState
	}
	// The token is here, and with it the highest number there is.
	if p.Aru > m.tok.High {
		return RejectBeyond
	}
	word, bit := place/64, uint64(1)<<(place%64)
	if p.Aru < m.tok.High || a.from[word]&bit != 0 {
		return RejectDuplicate // of a round before, or twice
	}
	a.from[word] |= bit
	a.missing--
	a.let = a.let || p.Waiting
	if plant.On(plant.SafeAtFirstAck) {
		a.missing = 0
	}
	if a.missing == 0 {
		m.acknowledged()
	}
	return Accepted
}

// acknowledged is when all have everything. What is everywhere is not on its way:
// the visit may send as much again. Who waits for the token has it now; else those who
// learn now that their messages are safe have a moment for the next ones.
func (m *Machine) acknowledged() {
	a, w := &m.acks, m.cur
	a.waiting = false
	a.sent += m.kept
	m.kept = 0
	a.tries.paid(true)
	m.n.Acknowledged++
	w.safe = max(w.safe, m.tok.High)
	m.deliverWhatIsDue(w)
	if a.let || m.holdCancel {
		m.releaseHeld()
		return
	}
	m.awaiting = true
	m.holdAt = m.now + m.cfg.Await
}

// acksMissing is when they did not come in time; the token goes on.
func (m *Machine) acksMissing() {
	m.acks.let = true
	m.acks.tries.paid(false)
	m.n.AcksMissing++
}

// oweAck acknowledges what message d, which came from the member at place from, asks
// for; once, and not before everything up to it is here. Of what is missing the last
// one asked for is remembered, up to the next visit of the token, which tells it.
func (m *Machine) oweAck(w *window, d *wire.Data, from int) {
	if m.state != Operational {
		return
	}
	if d.Acknowledge && int(d.Source) == from && d.Seq > m.tokenHigh {
		m.owed = owed{w.members[from].ID, d.Seq}
	}
	if m.owed.to == 0 || w.aru < m.owed.seq && !plant.On(plant.AckBehindGap) {
		return
	}
	ack := wire.DataAck{Aru: w.aru, Waiting: m.waitsForToken()}
	if plant.On(plant.AckBehindGap) {
		ack.Aru = m.owed.seq
	}
	m.send(Outgoing{To: m.owed.to, Ring: w.ring, Data: ack.AppendTo(m.buf())})
	m.owed = owed{}
	m.n.AcksSent++
}

// waitsForToken tells that this node has something to send, or that somebody here waits
// to learn that what it sent is everywhere.
func (m *Machine) waitsForToken() bool {
	return m.holdCancel || m.cfg.Source.Backlog() > 0 || m.awaitsHere()
}
