package srp

import (
	"time"

	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// retransmit repeats the last token or commit token until something shows that
// its receiver has it.
type retransmit struct {
	at    Time
	step  time.Duration
	count int
}

func (m *Machine) stopTimers() {
	m.lossAt, m.holdAt, m.cancelAt = Never, Never, Never
	m.retransmit.at = Never
	m.joinAt, m.agreeAt, m.formAt = Never, Never, Never
	m.aloneAt = Never
	m.holding, m.lingering, m.awaiting, m.awaited = false, false, false, false
	m.acks.waiting, m.owed = false, owed{}
}

// armRetransmit starts the repetition: after one and a half of what a rotation
// takes at first, doubling up to TokenRetransmit.
func (m *Machine) armRetransmit(rotation time.Duration) {
	least := minRetransmit
	if m.state == Operational {
		least = minTokenAgain
	}
	step := min(max(rotation*3/2, least), m.cfg.TokenRetransmit)
	m.retransmit = retransmit{at: m.now + step, step: step}
}

// nextRotation is what the rotation that begins may take: as long as undisturbed ones
// did, and longer as far as more is sent in it. Where packets take long a token would
// else be repeated behind every large batch. It does not follow disturbed
// rotations, or loss would lengthen the repair of loss.
func (m *Machine) nextRotation(fcc uint32) time.Duration {
	packets := int64(min(fcc, uint32(m.cfg.Window))) + 1
	return max(m.rotation, m.rotation*time.Duration(packets*loadUnit)/time.Duration(m.load+loadUnit))
}

func (m *Machine) nextRetransmit() {
	r := &m.retransmit
	r.count++
	r.step = min(2*r.step, m.cfg.TokenRetransmit)
	r.at = m.now + r.step
	m.n.TokenRetransmits++
	m.trace(Event{Kind: EventTokenRetransmit, A: m.sentSeq, B: uint64(r.count)})
}

func (m *Machine) successor() wire.NodeID {
	w := m.cur
	return w.members[(w.self+1)%len(w.members)].ID
}

func (m *Machine) predecessor() wire.NodeID {
	w := m.cur
	return w.members[(w.self+len(w.members)-1)%len(w.members)].ID
}

// stepToken takes the token (Totem 1995, section 4.2).
func (m *Machine) stepToken(org Origin, pkt []byte) Reject {
	if m.state != Operational && m.state != Recovery {
		return RejectState
	}
	if org.Ring != m.cur.ring {
		return RejectForeign
	}
	if org.Member.ID != m.predecessor() {
		return RejectOrigin
	}
	t := &m.in
	if err := t.Unmarshal(pkt); err != nil {
		return RejectMalformed
	}
	if t.Seq <= m.tokenSeq && !plant.On(plant.OldTokenAccepted) {
		// The sender does not know yet that it arrived: say so, or it goes on.
		ack := wire.TokenAck{Seq: m.tokenSeq}
		m.send(Outgoing{To: org.Member.ID, Ring: m.cur.ring, Data: ack.AppendTo(m.buf())})
		return RejectOldToken
	}
	if m.holding {
		return RejectOldToken
	}
	if t.High > m.cur.freed+uint64(len(m.cur.slots)) {
		return RejectBeyond
	}
	if t.High < m.cur.high && !plant.On(plant.OldTokenAccepted) ||
		t.AruSetter != 0 && m.cur.index(t.AruSetter) < 0 {
		return RejectMalformed
	}
	m.tok, m.in = m.in, m.tok
	m.visit()
	return Accepted
}

// visit is what a processor does with the token, up to where it may hold it.
func (m *Machine) visit() {
	t, w := &m.tok, m.cur
	m.n.TokenVisits++
	m.kept, m.keepUntil = 0, m.now+m.cfg.Keep
	m.owed = owed{} // the token tells it
	m.onlySender = m.state == Operational && m.sentOwn > 0 && t.High == m.sentHigh && t.Aru == t.High && len(t.Ranges) == 0
	m.tokenSeq = t.Seq
	m.prevHigh, m.tokenHigh = m.tokenHigh, t.High
	m.noteVisit(t)
	m.clearProvedSuspects()
	// What was acknowledged here the others do not know to be everywhere, so that they
	// keep it: only what the token told is freed there by now.
	w.freedPrev = min(w.freed, w.known)
	m.acks.begin(m.now+m.cfg.Acks, w.freedPrev)
	safe := w.safe
	m.resent = m.serveRequests(t)
	m.stabilize(t.Aru)
	if m.failedToReceive(t) {
		// In Recovery too: the token would go round for ever.
		m.becomeGatherAlone(CauseFailToReceive)
		return
	}
	if m.state == Operational && t.High > wire.MaxSeq-lastNumbers {
		m.becomeGather(CauseSequenceEnd)
		return
	}
	if m.state == Recovery {
		m.recoveryToken(t)
	}
	if m.holdNow(t) {
		m.hold()
		return
	}
	if w.safe > safe && m.awaitNow(t) {
		m.holding, m.lingering, m.awaiting = true, true, true
		m.holdAt = m.now + m.cfg.Await
		m.n.Awaits++
		return
	}
	if m.lingerNow(t) {
		m.linger()
		m.n.Lingers++
		return
	}
	m.visitOut()
}

// lingerNow decides whether to wait a moment for the next message: of the only
// sender, who sent at the visit before and has nothing now. A client with one
// message outstanding is answered by the visit that sends it, and its next message
// comes just after the token has gone: it would wait a whole rotation. Nobody is
// kept waiting but those who have not begun to send.
func (m *Machine) lingerNow(t *wire.Token) bool {
	w := m.cur
	return m.nobodyElse(t) && w.safe == t.High && w.delivered == t.High && m.cfg.Source.Backlog() == 0
}

// awaitNow decides whether to wait for what those send who learn now that their
// messages are safe: at the only sender. A client that waits for its message to be safe
// sends its next one as soon as it knows. Sent at this visit it is safe a rotation
// later; behind a token that has gone, two, and half as many messages share the costs
// of a rotation.
func (m *Machine) awaitNow(t *wire.Token) bool {
	return m.cfg.Await > 0 && m.nobodyElse(t) && m.rotation < m.cfg.AwaitRotation
}

// nobodyElse tells that nobody but the only sender has anything to send: only then may
// the token stay here, in whatever way.
func (m *Machine) nobodyElse(t *wire.Token) bool {
	return m.onlySender && t.Backlog <= m.backlogOwn && !m.holdCancel
}

// awaitsHere tells that somebody here waits to learn that messages are everywhere.
func (m *Machine) awaitsHere() bool { return m.awaits != nil && m.awaits.Awaits() }

// linger waits for the next message with the token here.
func (m *Machine) linger() {
	m.holding, m.lingering = true, true
	m.holdAt = m.now + m.cfg.Linger
}

// keepNow decides whether the token stays when sent messages have been sent, the
// last of them: the only sender had few and nothing more. Whoever has one
// outstanding has the answer long before the token went round, and sends
// the next one. It is the same visit, only longer, and bounded by Keep: for so long
// another node's first message may wait. Not when somebody waits to learn
// that what was sent is everywhere, for that is what the token tells.
func (m *Machine) keepNow(t *wire.Token, sent int) bool {
	w := m.cur
	if !m.nobodyElse(t) || sent == 0 || sent > fewMessages || m.kept+sent+m.resent >= m.visitMost ||
		m.now+m.cfg.Linger > m.keepUntil || w.aru != t.High || m.cfg.Source.Backlog() > 0 || m.awaitsHere() {
		return false
	}
	for i := range sent {
		if w.at(t.High - uint64(i)).safe {
			return false
		}
	}
	return m.keepTries.now()
}

// keptFor learns whether keeping pays: a client that takes longer than the token is
// kept had better find it back from its way round. Each time in vain doubles how often
// it is not tried.
func (m *Machine) keptFor(something bool) {
	if m.lingering && m.kept > 0 {
		m.keepTries.paid(something)
	}
}

// noteVisit restarts the timers and measures the rotation.
func (m *Machine) noteVisit(t *wire.Token) {
	gap := m.now - m.visitAt
	held := int(m.tokenIdle) >= m.cfg.SeqnoUnchanged
	if m.state == Operational && !held {
		m.longestGap = max(m.longestGap, gap)
	}
	if m.sampled && !held && !t.Delayed {
		m.rotation += (gap - m.rotation) / 8
		m.load += (int64(min(t.FCC, uint32(m.cfg.Window)))*loadUnit - m.load) / 8
	}
	m.sampled = !t.Delayed
	m.visitAt = m.now
	m.lossAt = m.now + m.cfg.TokenTimeout
	m.retransmit.at, m.cancelAt = Never, Never
	m.commit.pending = false
	m.tokenFirst = false
}

// serveRequests sends again what the token asks for and is here, and returns how
// many. What is served leaves the list, so that the next member does not serve
// it too; what was served at the visit before and is asked for again is left to
// another, for the way from here may be what loses it.
func (m *Machine) serveRequests(t *wire.Token) int {
	if len(t.Ranges) == 0 {
		m.followLoss(0)
		return 0
	}
	w := m.cur
	resent, run := 0, 0
	most := min(max(m.limits.window-m.othersSent(t), m.limits.againLeast), m.limits.againMost)
	kept := m.ranges[:0]
	for _, r := range t.Ranges {
		end := r.From + uint64(r.Count) // checked by the decoder: at most High+1
		own := 0
		for seq := max(r.From, w.freed+1); seq < end; seq++ {
			s := w.at(seq)
			if own++; !w.has(seq) || s.source != w.self || s.served != 0 {
				own = 0
			}
			run = max(run, own)
			if w.has(seq) && resent < most && (s.served == 0 || s.served+1 != m.n.TokenVisits) {
				s.served = m.n.TokenVisits
				m.sendRing(w.ring, s.buf)
				resent++
				continue
			}
			kept = appendRange(kept, seq)
		}
	}
	t.Ranges = append(t.Ranges[:0], kept[:min(len(kept), m.maxRanges())]...)
	m.followLoss(run)
	if resent > 0 {
		m.n.Resent += uint64(resent)
		m.trace(Event{Kind: EventResend, A: uint64(resent)})
	}
	return resent
}

// followLoss sets how much a visit may send: less when a run of own messages that
// are asked for the first time tells that bursts are lost, more when none does.
func (m *Machine) followLoss(run int) {
	most := m.limits.visit
	if run >= max(lossRun, m.visitMost/4) {
		m.visitMost = max(m.visitMost/2, min(minVisit, most))
		m.n.WindowCuts++
		return
	}
	m.visitMost = min(m.visitMost+max(most/16, 1), most)
}

func (m *Machine) maxRanges() int {
	return min(wire.MaxRanges, (m.cfg.MaxPacket-wire.TokenHeader)/wire.RangeSize)
}

// appendRange adds seq to a sorted list of ranges, as long as there is room.
func appendRange(l []wire.Range, seq uint64) []wire.Range {
	if n := len(l); n > 0 && l[n-1].From+uint64(l[n-1].Count) == seq {
		l[n-1].Count++
		return l
	}
	if len(l) == cap(l) {
		return l
	}
	return append(l, wire.Range{From: seq, Count: 1})
}

// requestMissing adds what is missing here to the list. With the accelerated
// ring the token runs ahead of messages, so only what the token already told at
// the visit before is missing (Accelerated Ring, section III.B).
func (m *Machine) requestMissing(t *wire.Token) {
	w := m.cur
	limit := m.tokenHigh
	if m.cfg.Accelerated > 0 {
		limit = min(m.prevHigh, limit)
	}
	if w.aru >= limit {
		return
	}
	var own [wire.MaxRanges]wire.Range
	missing := own[:0]
	asked := uint64(0)
	for seq := w.aru + 1; seq <= limit; seq++ {
		if !w.has(seq) {
			missing = appendRange(missing, seq)
			asked++
		}
	}
	if asked == 0 {
		return
	}
	m.n.Requested += asked
	m.trace(Event{Kind: EventRequest, A: missing[0].From, B: asked})
	t.Ranges = append(t.Ranges[:0], mergeRanges(m.ranges[:0], t.Ranges, missing, m.maxRanges())...)
}

// mergeRanges writes the union of two sorted lists into dst, lowest first, at
// most limit ranges.
func mergeRanges(dst, a, b []wire.Range, limit int) []wire.Range {
	for len(a) > 0 || len(b) > 0 {
		var r wire.Range
		if len(b) == 0 || len(a) > 0 && a[0].From <= b[0].From {
			r, a = a[0], a[1:]
		} else {
			r, b = b[0], b[1:]
		}
		if n := len(dst); n > 0 {
			last := &dst[n-1]
			end := last.From + uint64(last.Count)
			if r.From >= last.From && r.From <= end {
				if rEnd := r.From + uint64(r.Count); rEnd > end {
					last.Count = uint32(rEnd - last.From)
				}
				continue
			}
		}
		if len(dst) == limit {
			break
		}
		dst = append(dst, r)
	}
	return dst
}

// stabilize learns what every member has: between this node's sending of the
// token and its return everybody had the chance to lower the aru, and only who
// lowered it raises it; so the lower of the two figures is safe, and one alone
// is not (Totem 1995, section 4.3).
func (m *Machine) stabilize(aru uint64) {
	w := m.cur
	safe := min(m.sentAru, aru)
	if plant.On(plant.AruOfOneVisit) {
		safe = aru
	}
	w.known = max(w.known, safe)
	w.safe = max(w.safe, safe)
	m.deliverWhatIsDue(w)
}

// failedToReceive tells that this node's aru did not move while everybody waits
// for it.
func (m *Machine) failedToReceive(t *wire.Token) bool {
	if t.AruSetter != m.cfg.Self.ID || m.cur.aru != m.stuckAru {
		m.stuckAru, m.stuck = m.cur.aru, 0
		return false
	}
	m.stuck++
	return m.stuck > m.cfg.FailToReceive
}

// holdNow decides, at the representative, whether to keep the token for a while
// because nothing happens.
func (m *Machine) holdNow(t *wire.Token) bool {
	w := m.cur
	if w.self != 0 || m.state != Operational {
		return false
	}
	if m.holdCancel || t.High != m.prevHigh || t.Aru != t.High || w.safe != t.High || len(t.Ranges) > 0 ||
		t.Backlog > 0 || m.cfg.Source.Backlog() > 0 {
		m.idle, m.holdCancel = 0, false
		return false
	}
	m.idle = min(m.idle+1, 255)
	return m.idle > m.cfg.SeqnoUnchanged
}

func (m *Machine) hold() {
	m.holding = true
	// The loss timer of the visit goes on: a processor that was stopped while it
	// held the token must not go on with a ring that the others have left.
	m.holdAt = m.now + m.cfg.Hold
	m.n.Holds++
	m.trace(Event{Kind: EventHold})
	// All have forwarded it and none sees anything come of it: tell them.
	ack := wire.TokenAck{Seq: m.tokenSeq}
	m.sendRing(m.cur.ring, ack.AppendTo(m.buf()))
}

// releaseHeld lets the held token go; the Source is asked again.
func (m *Machine) releaseHeld() {
	m.holding, m.lingering, m.awaiting, m.acks.waiting = false, false, false, false
	m.holdAt = Never
	m.visitAt = m.now
	m.lossAt = m.now + m.cfg.TokenTimeout
	m.visitOut()
}

// mayBeHeld tells that the representative holds the token, or will.
func (m *Machine) mayBeHeld() bool {
	return len(m.cur.members) > 1 && m.cur.self != 0 && int(m.tokenIdle) >= m.cfg.SeqnoUnchanged
}

func (m *Machine) sendHoldCancel() {
	m.n.HoldCancels++
	p := wire.HoldCancel{Seq: m.tokenSeq}
	m.send(Outgoing{To: m.cur.members[0].ID, Ring: m.cur.ring, Data: p.AppendTo(m.buf())})
	m.cancelAt = m.now + min(max(2*m.rotation, minRetransmit), m.cfg.TokenRetransmit)
}

func (m *Machine) stepHoldCancel(org Origin, pkt []byte) Reject {
	if m.state != Operational {
		return RejectState
	}
	if org.Ring != m.cur.ring {
		return RejectForeign
	}
	var p wire.HoldCancel
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if m.cur.self != 0 || m.cur.index(org.Member.ID) < 0 {
		return RejectOrigin
	}
	m.idle = 0
	switch {
	case m.acks.waiting: // soon
		m.tok.Idle, m.acks.let = 0, true
	case m.holding:
		m.tok.Idle, m.acks.let = 0, true
		m.releaseHeld()
	default:
		m.holdCancel = true
	}
	return Accepted
}

func (m *Machine) stepTokenAck(org Origin, pkt []byte) Reject {
	if m.state != Operational && m.state != Recovery {
		return RejectState
	}
	if org.Ring != m.cur.ring {
		return RejectForeign
	}
	var p wire.TokenAck
	if p.Unmarshal(pkt) != nil {
		return RejectMalformed
	}
	if m.cur.index(org.Member.ID) < 0 {
		return RejectOrigin
	}
	if p.Seq >= m.sentSeq {
		m.retransmit.at = Never
	}
	return Accepted
}

// sawRound notes what a message tells about the token: that its source had it.
// Of the round it has the low bits: which half of all numbers it lies in, as
// seen from the token sent last, tells whether it is a later one. A message that its
// source sends again after half of all those hops may be taken for news; then a lost
// token is missed at its timeout and not sooner.
func (m *Machine) sawRound(from wire.NodeID, d *wire.Data) {
	if int16(d.Round-uint16(m.sentSeq)) < 0 || m.sentSeq == 0 {
		return
	}
	m.retransmit.at = Never
	if d.AfterToken && from == m.predecessor() {
		m.tokenFirst = true
	}
}

// visitOut is the second half of a visit: send, set the aru, ask for what is
// missing, pass the token on.
func (m *Machine) visitOut() {
	t, w := &m.tok, m.cur
	allowed := m.allowance(t)
	first := t.High + 1
	if m.state == Recovery {
		m.sendOld(t, allowed)
	} else {
		m.sendNew(t, allowed)
	}
	sent := int(t.High + 1 - first)
	if m.acksNow(t, sent) {
		m.awaitAcks(first, sent)
		return
	}
	if m.keepNow(t, sent) {
		m.sendRun(first, sent)
		m.kept += sent
		m.n.Keeps++
		m.linger()
		m.deliverWhatIsDue(w)
		return
	}
	behind := m.behindToken(t, sent)
	m.awaited = false
	m.sendRun(first, sent-behind)
	if w.aru < t.Aru || t.AruSetter == m.cfg.Self.ID || t.AruSetter == 0 {
		t.Aru, t.AruSetter = min(w.aru, t.High), m.cfg.Self.ID
		if t.Aru == t.High {
			t.AruSetter = 0
		}
	}
	m.sentAru, m.sentOwn = t.Aru, m.acks.sent+m.kept+sent
	m.requestMissing(t)
	m.account(t, m.kept+sent)
	if m.state == Recovery {
		m.markPending(t)
	}
	if w.self == 0 {
		t.Delayed = false
		t.Idle = uint8(m.idle)
	}
	// The time for which it was here is not what a rotation takes.
	t.Delayed = t.Delayed || m.kept > 0 || m.acks.sent > 0
	m.forward(t)
	for i := sent - behind; i < sent; i++ {
		pkt := w.at(first + uint64(i)).buf
		wire.MarkAfterToken(pkt)
		m.sendRing(w.ring, pkt)
	}
	m.deliverWhatIsDue(w)
	if m.state == Recovery && m.recoveryDone() {
		m.becomeOperational()
	}
}

// sendRun sends n messages of this visit, from number first on.
func (m *Machine) sendRun(first uint64, n int) {
	for i := range n {
		m.sendRing(m.cur.ring, m.cur.at(first+uint64(i)).buf)
	}
}

// behindToken is how many of the messages of this visit follow the token. Few do
// not delay it. And where a packet takes long, the token that overtook the messages of
// the only sender would be back before they are anywhere: everybody would answer
// for few of them, and those a rotation later; a narrow link carries a token more for
// the same messages.
func (m *Machine) behindToken(t *wire.Token, sent int) int {
	if sent <= fewMessages || m.awaited && sent <= awaitedMessages {
		return 0
	}
	onlySender := t.FCC <= m.fccOwn
	if onlySender && m.rotation > time.Duration(max(sent, int(m.fccOwn)))*slowPacket {
		return 0
	}
	return min(sent, m.limits.behind)
}

// othersSent is how many packets the others sent in the last rotation.
func (m *Machine) othersSent(t *wire.Token) int {
	return int(min(t.FCC-min(t.FCC, m.fccOwn), 1<<20))
}

// allowance is how many messages may be sent at this visit: MaxMessages, or less
// when bursts are lost or a receiver has little room, what the rest of the last rotation left of the window, and the fair share of the
// window by backlog. Resent messages count. Who waits may always send one, so
// that a small backlog is not starved by large ones. And nobody may be further
// ahead of what is freed everywhere than all have room for; freedPrev is freed
// at every member, since each had a visit after it.
func (m *Machine) allowance(t *wire.Token) int {
	w := m.cur
	backlog := m.backlog()
	if backlog == 0 {
		return 0
	}
	window := m.limits.window
	n := min(m.visitMost, window-m.othersSent(t))
	if total := int64(t.Backlog) + int64(backlog) - int64(m.backlogOwn); total > 0 {
		if share := int64(window) * int64(backlog) / total; share > 0 {
			n = min(n, int(min(share, int64(window))))
		}
	}
	n = max(n-m.resent-m.kept, 1)
	room := w.freedPrev + uint64(len(w.slots))
	if t.High >= room {
		return 0
	}
	return min(n, int(room-t.High))
}

func (m *Machine) backlog() int {
	if m.state == Recovery {
		return m.rec.left
	}
	return min(m.cfg.Source.Backlog(), 1<<20)
}

// account keeps flow control count and backlog of the token.
func (m *Machine) account(t *wire.Token, sent int) {
	own := uint32(sent + m.resent)
	t.FCC = t.FCC - min(t.FCC, m.fccOwn) + own
	m.fccOwn = own
	b := uint32(m.backlog())
	t.Backlog = t.Backlog - min(t.Backlog, m.backlogOwn) + b
	m.backlogOwn = b
	m.resent = 0
}

// sendNew gives sequence numbers to messages of the Source.
func (m *Machine) sendNew(t *wire.Token, allowed int) {
	for range allowed {
		if !m.pull(t.High+1, t.Seq) {
			return
		}
		t.High++
	}
}

// pull takes one message from the Source as message seq.
func (m *Machine) pull(seq, round uint64) bool {
	w := m.cur
	s := w.place(seq, m.cfg.MaxPacket, m.cfg.MaxPacket)
	s.seq = 0
	room := s.buf[wire.DataHeader : wire.DataHeader+MaxPayload(m.cfg.MaxPacket)]
	n, g, ok := m.cfg.Source.Next(room)
	if !ok {
		return false
	}
	assert(n >= 0 && n <= len(room), "Source.Next returned a length out of range")
	d := wire.Data{Source: uint8(w.self), Seq: seq, Round: uint16(round), Guarantee: g}
	d.PutHeader(s.buf)
	s.buf = s.buf[:wire.DataHeader+n]
	s.seq, s.source, s.safe, s.encap, s.served = seq, w.self, g == wire.Safe, false, 0
	w.advance(seq)
	m.n.Sent++
	return true
}

// forward passes the token on and keeps a copy to send again.
func (m *Machine) forward(t *wire.Token) {
	t.Seq++
	if t.Idle > 0 && m.state == Operational {
		m.cur.prepare(m.cfg.MaxPacket)
	}
	m.sentToken = t.AppendTo(m.sentToken[:0])
	m.sentSeq = t.Seq
	m.sentHigh = t.High
	m.tokenIdle = t.Idle
	m.send(Outgoing{To: m.successor(), Ring: m.cur.ring, Token: true, Data: m.sentToken})
	m.armRetransmit(m.nextRotation(t.FCC))
}

func (m *Machine) tickToken() {
	if m.state == Operational && m.now >= m.aloneAt {
		m.runAlone()
	}
	if m.holding && m.now >= m.holdAt {
		if m.acks.waiting {
			m.acksMissing() // and says nothing of what a client would have sent
		} else {
			m.keptFor(false)
		}
		m.awaited = m.awaiting
		m.releaseHeld()
	}
	if m.now >= m.retransmit.at && m.commit.pending {
		m.transmitCommit()
		m.nextRetransmit()
	}
	if m.now >= m.retransmit.at {
		wire.MarkDelayed(m.sentToken)
		m.send(Outgoing{To: m.successor(), Ring: m.cur.ring, Token: true, Data: m.sentToken})
		m.nextRetransmit()
	}
	if m.now >= m.cancelAt {
		m.cancelAt = Never
		if m.mayBeHeld() && m.cfg.Source.Backlog() > 0 {
			m.sendHoldCancel()
		}
	}
}

// tokenLost handles the token, or the commit token, that did not come.
func (m *Machine) tokenLost() {
	m.n.TokenLosses++
	m.trace(Event{Kind: EventTokenLoss, A: uint64(m.now - m.visitAt)})
	switch m.state {
	case Operational:
		m.longestGap = max(m.longestGap, m.now-m.visitAt)
		m.becomeGather(CauseTokenLoss)
	case Commit:
		m.becomeGather(CauseCommitLoss)
	case Recovery:
		m.becomeGather(CauseRecoveryLoss)
	default:
		m.lossAt = Never
	}
}
