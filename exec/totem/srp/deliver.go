package srp

import (
	"ais/exec/totem/plant"
	"ais/exec/totem/wire"
)

// stepData takes a message. In Operational and Recovery it belongs to the ring
// of that state. In Gather late messages of the old ring still count, until a
// commit token told others what is here.
func (m *Machine) stepData(org Origin, pkt []byte) Reject {
	w := m.cur
	switch m.state {
	case Operational, Recovery:
	case Gather:
		if m.old == nil || m.old.frozen {
			return RejectState
		}
		w = m.old
	default:
		return RejectState
	}
	if org.Ring != w.ring {
		return RejectForeign
	}
	d := &m.data
	if d.Unmarshal(pkt) != nil || !d.Encapsulated && len(d.Payload) > MaxPayload(m.cfg.MaxPacket) {
		return RejectMalformed // a larger one could not be recovered in one packet here
	}
	source, from := int(d.Source), w.index(org.Member.ID)
	if source >= len(w.members) || from < 0 {
		return RejectOrigin
	}
	if m.state != Gather && source == from {
		m.sawRound(org.Member.ID, d)
	}
	if !w.fits(d.Seq) {
		if d.Seq <= w.freed {
			return RejectDuplicate
		}
		return RejectBeyond
	}
	if w.has(d.Seq) {
		return RejectDuplicate
	}
	if source == w.self {
		return RejectOrigin // this node's own messages are all here
	}
	if d.Encapsulated {
		if r := m.takeOld(d); r != Accepted {
			return r
		}
	}
	s := w.place(d.Seq, len(pkt), m.cfg.MaxPacket)
	copy(s.buf, pkt)
	s.source, s.safe, s.encap, s.served = source, d.Guarantee == wire.Safe, d.Encapsulated, 0
	w.advance(d.Seq)
	m.n.Received++
	m.deliverWhatIsDue(w)
	m.oweAck(w, d, from)
	return Accepted
}

// deliverWhatIsDue delivers, in order, what has nothing missing before it: agreed
// messages at once, safe ones when every member is known to have them. In
// Recovery only encapsulated messages pass: they were taken when they came.
func (m *Machine) deliverWhatIsDue(w *window) {
	safe := w.safe
	if plant.On(plant.SafeAtOwnAru) {
		safe = w.aru
	}
	for w.delivered < w.aru {
		seq := w.delivered + 1
		s := w.at(seq)
		assert(s.seq == seq, "a message before aru is missing")
		if !s.encap {
			if m.state == Recovery && w == m.cur || s.safe && seq > safe {
				break
			}
			m.deliverSlot(w, s)
		}
		w.delivered = seq
	}
	w.free()
}

func (m *Machine) deliverSlot(w *window, s *slot) {
	m.n.Delivered++
	m.deliver(Delivery{
		Kind: DeliverMessage, Ring: w.ring, Seq: s.seq, From: w.members[s.source],
		Guarantee: s.guarantee(), Payload: s.payload(),
	})
}

// deliverChange ends the old ring and begins the new one, as extended virtual
// synchrony has it (EVS 1994, section 4, step 6). Every member of the
// transitional configuration has the same messages and computes the same cut.
//
//   - In the old regular configuration: up to the first message nobody has, or
//     the first safe message not known to be everywhere in the old ring.
//   - The transitional configuration, then the rest. Behind a message nobody has
//     only those of obligated senders: theirs cannot depend on what is missing.
//   - The new regular configuration.
func (m *Machine) deliverChange(trans []wire.Member) {
	old, cur := m.old, m.cur
	cfg := Configuration{Ring: cur.ring, Members: cur.members, Cause: m.cause}
	if old != nil {
		m.deliverWhatIsDue(old)
		if !plant.On(plant.SkipTransitional) {
			m.deliver(Delivery{Kind: DeliverTransitional, Config: Configuration{
				Ring:    wire.RingID{Rep: trans[0].ID, Seq: cur.ring.Seq - seqStep/2},
				Members: trans, Left: without(old.members, trans), Cause: m.cause,
			}})
		}
		m.deliverRest(old)
	}
	cfg.Joined = without(cur.members, trans)
	m.n.Configurations++
	m.trace(Event{Kind: EventConfiguration, Cause: m.cause, A: uint64(len(cur.members)), B: uint64(len(trans))})
	m.deliver(Delivery{Kind: DeliverRegular, Config: cfg})
}

// obligated tells whether messages of that sender are delivered behind a gap. A
// sender of the transitional configuration is in the obligation set; so are those
// to whom this node, or one that moves with it, was obligated by a recovery that
// did not end. (The planted bug knows only the former.)
func (m *Machine) obligated(old *window, source int) bool {
	if plant.On(plant.NoObligationSet) {
		return indexOf(m.rec.trans, old.members[source].ID) >= 0
	}
	return old.obligation.Has(source)
}

func (m *Machine) deliverRest(old *window) {
	gap, discarded := false, uint64(0)
	for seq := old.delivered + 1; seq <= old.high; seq++ {
		if !old.has(seq) {
			gap = true
			continue
		}
		s := old.at(seq)
		if s.encap {
			continue
		}
		if gap && !plant.On(plant.DeliverBehindGap) && !m.obligated(old, s.source) {
			discarded++
			continue
		}
		m.deliverSlot(old, s)
	}
	old.delivered = old.high
	if discarded > 0 {
		m.n.Discarded += discarded
		m.trace(Event{Kind: EventDiscard, A: discarded})
	}
}

// without returns the members of a that are not in b, as starts. Both are sorted.
func without(a, b []wire.Member) []wire.Member {
	var r []wire.Member
	for _, x := range a {
		if i := indexOf(b, x.ID); i < 0 || b[i].Nonce != x.Nonce {
			r = append(r, x)
		}
	}
	return r
}
