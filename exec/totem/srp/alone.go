package srp

import "ais/exec/totem/wire"

// The ring of one processor. It sends no packet, and keeps nothing for anybody: what
// is pulled is delivered, safe and forgotten at once. So its messages pass the window
// by, of which only the figures move on, and a payload may be of any size. Slots would
// be megabytes of cold memory, gone through packet by packet.

// Loner is a Source that makes other payloads for a ring of one processor.
type Loner interface {
	// NextAlone returns the next payload: the first n bytes of dst or, with n being 0,
	// memory of the Source's that it leaves as it is until the Ready of this
	// input was handled. ok is false when nothing waits, or nothing that dst has room
	// for. At the first call of an input dst has AloneRoom bytes or more.
	NextAlone(dst []byte) (payload []byte, n int, g wire.Guarantee, ok bool)
}

const (
	// AloneRoom is how many bytes a ring of one has for the payloads of an input.
	AloneRoom = 64 << 10
	// aloneBytes bounds the bytes of an input, of the Source's memory too: they
	// should be in the cache still when they are delivered.
	aloneBytes = 256 << 10
	// aloneBatch bounds the payloads of an input.
	aloneBatch = 64
)

// runAlone pulls what waits, as much as an input may, and delivers it.
func (m *Machine) runAlone() {
	m.aloneAt = Never
	w := m.cur
	if w.high > wire.MaxSeq-lastNumbers {
		m.becomeGather(CauseSequenceEnd)
		m.grace = m.now // nobody is waited for
		return
	}
	if m.alone == nil {
		m.alone = make([]byte, max(AloneRoom, MaxPayload(m.cfg.MaxPacket)))
	}
	room, bytes := m.alone, 0
	for i := 0; i < aloneBatch && bytes < aloneBytes; i++ {
		payload, n, g, ok := m.nextAlone(room)
		if !ok {
			break
		}
		room = room[n:]
		bytes += len(payload)
		m.deliverAlone(payload, g)
	}
	if m.cfg.Source.Backlog() > 0 {
		m.aloneAt = m.now
	}
}

// nextAlone takes one payload from the Source.
func (m *Machine) nextAlone(room []byte) (payload []byte, n int, g wire.Guarantee, ok bool) {
	if m.loner != nil {
		payload, n, g, ok = m.loner.NextAlone(room)
		assert(n >= 0 && n <= len(room), "Source.NextAlone returned a length out of range")
		return payload, n, g, ok
	}
	most := MaxPayload(m.cfg.MaxPacket)
	if len(room) < most {
		return nil, 0, 0, false
	}
	n, g, ok = m.cfg.Source.Next(room[:most])
	assert(n >= 0 && n <= most, "Source.Next returned a length out of range")
	return room[:n], n, g, ok
}

// deliverAlone delivers a payload as the next message of this ring. The window is as
// if the message had been in it and was freed.
func (m *Machine) deliverAlone(payload []byte, g wire.Guarantee) {
	w := m.cur
	seq := w.high + 1
	w.high, w.aru, w.delivered, w.safe, w.freed = seq, seq, seq, seq, seq
	m.n.Sent++
	m.n.Delivered++
	m.deliver(Delivery{
		Kind: DeliverMessage, Ring: w.ring, Seq: seq, From: w.members[w.self], Guarantee: g, Payload: payload,
	})
}
