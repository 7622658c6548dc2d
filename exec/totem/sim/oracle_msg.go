// The oracle on packets and messages.

package sim

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// sent is called when a packet is taken from the messaging layer into the ring:
// send_p(m,c), c being the configuration p is in.
func (o *oracle) sent(pi int32, payload []byte, g wire.Guarantee) {
	p := &o.procs[pi]
	if p.stay == none {
		o.fail(pi, BasicDelivery, "sends before its first configuration")
		return
	}
	if p.inTrans {
		o.fail(pi, BasicDelivery, "sends in a transitional configuration")
		return
	}
	s := &o.stays[p.stay]
	p.pulled = append(p.pulled, pull{
		hash: maphash.Bytes(o.seed, payload), cfg: s.cfg, through: s.last, safe: g == wire.Safe,
	})
}

// packet checks the delivery of one packet of the ring, before the messaging
// layer gets it.
func (o *oracle) packet(pi int32, d *srp.Delivery) {
	p := &o.procs[pi]
	// EVS 2.2: every event lies in a configuration.
	if p.stay == none {
		o.fail(pi, ConfigDelivery, "a message before the first configuration")
		return
	}
	s := &o.stays[p.stay]
	c := &o.configs[s.cfg]
	// EVS 1.3: a message delivered in c was sent in reg(c).
	if d.Ring != c.ring {
		o.fail(pi, BasicDelivery, "a message of ring %s in ring %s", ringName(d.Ring), ringName(c.ring))
		return
	}
	from := o.procOf(d.From)
	fi := -1
	if from != none {
		fi = o.memberIndex(s.cfg, from)
	}
	if fi < 0 {
		o.fail(pi, NoCreation, "ring %s, position %d: from %+v, which is no member", ringName(c.ring), d.Seq, d.From)
		return
	}
	// EVS 6: p delivers along ord; 1.4: nothing twice.
	if d.Seq <= s.last {
		o.fail(pi, AgreedDelivery, "ring %s: position %d after position %d", ringName(c.ring), d.Seq, s.last)
		return
	}
	k := s.counts[fi]
	if !o.sentPacket(pi, d, from, k) {
		return
	}
	sl := c.makeSlot(d.Seq)
	o.cur.first = !sl.filled
	if !sl.filled {
		*sl = slot{hash: o.procs[from].pulled[o.pullIndex(s.cfg, fi, k)].hash, sender: from, k: k, first: pi, filled: true,
			msg0: int32(len(o.slotMsgs))}
		if !o.passedOver(pi, s.cfg, d.Seq, from, fi) {
			return
		}
	} else if sl.sender != from || sl.k != k {
		o.fail(pi, AgreedDelivery, "ring %s, position %d: packet %d of %s here, packet %d of %s at %s",
			ringName(c.ring), d.Seq, k, o.name(from), sl.k, o.name(sl.sender), o.name(sl.first))
		return
	}
	if !o.gapsAllowed(pi, s, c, d.Seq, from, fi, k) {
		return
	}
	s.counts[fi] = k + 1
	s.last = d.Seq
	if !p.inTrans {
		c.maxReg = max(c.maxReg, d.Seq)
	}
	if from == pi {
		p.selfAt++
	}
	// EVS 7: a safe message delivered is a reliance on every member of the
	// configuration it is delivered in.
	if d.Guarantee == wire.Safe {
		if p.inTrans {
			o.relyTransitional(pi, s, d.Seq, "")
		} else {
			o.relyRegular(pi, s.cfg, d.Seq, "")
		}
	}
	o.cur.proc, o.cur.cfg, o.cur.seq, o.cur.slot, o.cur.n, o.cur.open = pi, s.cfg, d.Seq, sl, 0, true
}

// pullIndex is the index in its sender's sent packets of packet k in
// configuration ci.
func (o *oracle) pullIndex(ci int32, fi int, k uint32) int {
	return o.stays[o.configs[ci].stayOf[fi]].pull0 + int(k)
}

// sentPacket checks that what p delivers as packet k of a sender in this ring is
// just what the sender sent as that (EVS 1.3, no creation; FIFO at the level of
// packets), with the guarantee it was sent with.
func (o *oracle) sentPacket(pi int32, d *srp.Delivery, from int32, k uint32) bool {
	p := &o.procs[pi]
	ci := o.stays[p.stay].cfg
	fi := o.memberIndex(ci, from)
	c := &o.configs[ci]
	if c.stayOf[fi] == none {
		o.fail(pi, NoCreation, "ring %s, position %d: from %s, which never installed the ring", ringName(c.ring), d.Seq, o.name(from))
		return false
	}
	x := &o.procs[from]
	i := o.pullIndex(ci, fi, k)
	if i >= len(x.pulled) || x.pulled[i].cfg != ci {
		o.fail(pi, NoCreation, "ring %s, position %d: packet %d of %s, which sent fewer in this ring", ringName(c.ring), d.Seq, k, o.name(from))
		return false
	}
	sent := &x.pulled[i]
	if h := maphash.Bytes(o.seed, d.Payload); h != sent.hash {
		for j := o.pullIndex(ci, fi, 0); j < len(x.pulled) && x.pulled[j].cfg == ci; j++ {
			if x.pulled[j].hash == h {
				o.fail(pi, FIFO, "ring %s, position %d: packet %d of %s where its packet %d was due", ringName(c.ring), d.Seq, j-o.pullIndex(ci, fi, 0), o.name(from), k)
				return false
			}
		}
		o.fail(pi, NoCreation, "ring %s, position %d: bytes that %s never sent in this ring", ringName(c.ring), d.Seq, o.name(from))
		return false
	}
	if sent.safe != (d.Guarantee == wire.Safe) {
		o.fail(pi, SafeDelivery, "ring %s, position %d: sent safe %v, delivered safe %v", ringName(c.ring), d.Seq, sent.safe, d.Guarantee == wire.Safe)
		return false
	}
	// EVS 1.1, 6.1: ord contains the precedes relation: what the sender had
	// delivered when it sent comes before.
	if d.Seq <= sent.through {
		o.fail(pi, CausalDelivery, "ring %s, position %d: sent by %s after it delivered position %d", ringName(c.ring), d.Seq, o.name(from), sent.through)
		return false
	}
	return true
}

// passedOver is called for the first delivery of a position: whoever is past it
// already must have been allowed to pass.
//
// EVS 6.3: nobody passes over anything in a regular configuration, and in a
// transitional one only what members outside it sent.
func (o *oracle) passedOver(pi, ci int32, seq uint64, from int32, fi int) bool {
	c := &o.configs[ci]
	for _, si := range c.stays {
		s := &o.stays[si]
		if s.last <= seq {
			continue
		}
		if seq < c.maxReg && !s.hasTrans {
			o.fail(pi, AgreedDelivery, "ring %s: delivers position %d, which %s passed over in the regular configuration", ringName(c.ring), seq, o.name(s.proc))
			return false
		}
		if s.hasTrans && s.trans.has(fi) {
			o.fail(pi, AgreedDelivery, "ring %s: delivers position %d, which %s passed over though its sender %s moved on with it", ringName(c.ring), seq, o.name(s.proc), o.name(from))
			return false
		}
	}
	if seq < c.maxReg {
		o.fail(pi, AgreedDelivery, "ring %s: delivers position %d, but %d was delivered in the regular configuration without it", ringName(c.ring), seq, c.maxReg)
		return false
	}
	return true
}

// gapsAllowed checks what p passes over between its last delivery and seq, and
// what it passed over before against what it delivers now.
func (o *oracle) gapsAllowed(pi int32, s *stay, c *config, seq uint64, from int32, fi int, k uint32) bool {
	p := &o.procs[pi]
	if seq > s.last+1 {
		for q := max(s.last+1, c.base); q < seq; q++ {
			sl := c.slot(q)
			if sl == nil {
				continue
			}
			if !p.inTrans {
				o.fail(pi, AgreedDelivery, "ring %s: position %d after %d in the regular configuration, though %s delivered %d", ringName(c.ring), seq, s.last, o.name(sl.first), q)
				return false
			}
			if xi := o.memberIndex(s.cfg, sl.sender); s.trans.has(xi) {
				o.fail(pi, AgreedDelivery, "ring %s: passes over position %d in the transitional configuration, though its sender %s is in it", ringName(c.ring), q, o.name(sl.sender))
				return false
			}
		}
		s.gaps = append(s.gaps, gap{s.last + 1, seq - 1})
	}
	// EVS 5: what the sender had delivered in this configuration when it sent,
	// p delivers too, before.
	if p.inTrans {
		through := o.procs[from].pulled[o.pullIndex(s.cfg, fi, k)].through
		for _, g := range s.gaps {
			for q := max(g.lo, c.base); q <= min(g.hi, through); q++ {
				if sl := c.slot(q); sl != nil {
					o.fail(pi, CausalDelivery, "ring %s: delivers position %d of %s, who had delivered %d when it sent it, without %d", ringName(c.ring), seq, o.name(from), through, q)
					return false
				}
			}
		}
	}
	return true
}

// relyRegular notes that somebody relies on position seq being delivered by every
// member of regular configuration ci (EVS 7.1: or failing in it), and checks
// those that moved on already.
func (o *oracle) relyRegular(pi, ci int32, seq uint64, what string) {
	c := &o.configs[ci]
	sl := c.slot(seq)
	if sl == nil || sl.safe {
		return
	}
	sl.safe = true
	c.maxSafe = max(c.maxSafe, seq)
	for i := range c.procs {
		o.reliesOn(pi, ci, i, seq, what)
	}
}

// relyTransitional is the same for the members of p's transitional configuration.
func (o *oracle) relyTransitional(pi int32, s *stay, seq uint64, what string) {
	c := &o.configs[s.cfg]
	c.treqs = append(c.treqs, treq{seq: seq, m: s.trans, by: pi})
	for i := range c.procs {
		if s.trans.has(i) {
			o.reliesOn(pi, s.cfg, i, seq, what)
		}
	}
}

func (o *oracle) reliesOn(pi, ci int32, member int, seq uint64, what string) {
	c := &o.configs[ci]
	si := c.stayOf[member]
	if si == none {
		return // looked at again at the end
	}
	if s := &o.stays[si]; s.closed && !s.has(seq) {
		prop := SafeDelivery
		if what != "" {
			prop = SafeNotice
		}
		o.fail(pi, prop, "ring %s, position %d: safe here%s, but %s moved on without it", ringName(c.ring), seq, what, o.name(s.proc))
	}
}

// packetDone is called when the messaging layer has handled the packet: it must
// have made the same messages of it as everywhere else.
func (o *oracle) packetDone() {
	o.cur.open = false
	sl := o.cur.slot
	if o.cur.first {
		sl.nmsg = o.cur.n
		return
	}
	if sl.nmsg != o.cur.n {
		o.fail(o.cur.proc, WholeMessage, "ring %s, position %d: %d messages end here, %d did at %s",
			ringName(o.configs[o.cur.cfg].ring), o.cur.seq, o.cur.n, sl.nmsg, o.name(sl.first))
	}
}

// submit makes the record of a new message; its body is written by body.
func (o *oracle) submit(pi int32, prio gmi.Priority, group, size int, safe, final bool) int32 {
	p := &o.procs[pi]
	p.counter[prio]++
	mi := int32(len(o.msgs))
	o.msgs = append(o.msgs, message{
		proc: pi, cfg: none, counter: p.counter[prio], size: int32(size), sentAt: o.w.now,
		prio: uint8(prio), group: uint8(group), safe: safe, final: final,
	})
	p.own = append(p.own, mi)
	return mi
}

const headerSize = 12

// body appends the bytes of message mi: its number, its size, its counter, then
// a pattern that belongs to the number.
func (o *oracle) body(dst []byte, mi int32) []byte {
	m := &o.msgs[mi]
	dst = binary.LittleEndian.AppendUint32(dst, uint32(mi))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(m.size))
	dst = binary.LittleEndian.AppendUint32(dst, m.counter)
	return append(dst, pattern(mi, int(m.size)-headerSize)...)
}

// deliver checks one message that the messaging layer hands up.
func (o *oracle) deliver(pi int32, group int, from wire.Member, msg []byte, id gmi.MessageID, trans bool) {
	p := &o.procs[pi]
	if !o.cur.open || o.cur.proc != pi {
		o.fail(pi, BasicDelivery, "a message of %d bytes outside of any delivery of the ring", len(msg))
		return
	}
	if trans != p.inTrans {
		o.fail(pi, ConfigDelivery, "delivered as transitional %v in a configuration that is transitional %v", trans, p.inTrans)
	}
	mi := o.identify(pi, group, from, msg, id)
	if mi < 0 {
		return
	}
	m := &o.msgs[mi]
	c := &o.configs[o.cur.cfg]
	n := o.cur.n
	o.cur.n++
	// EVS 1.4 and 6: one message, one configuration, one position.
	if m.cfg == none {
		m.cfg, m.seq, m.index = o.cur.cfg, o.cur.seq, n
		if !o.cur.first {
			o.fail(pi, AgreedDelivery, "%s at ring %s, position %d, where %s delivered none such", o.msgName(mi), ringName(c.ring), o.cur.seq, o.name(o.cur.slot.first))
			return
		}
	} else if m.cfg != o.cur.cfg || m.seq != o.cur.seq || m.index != n {
		prop := AgreedDelivery
		if m.cfg != o.cur.cfg {
			prop = WholeMessage
		}
		o.fail(pi, prop, "%s at ring %s, position %d/%d, and elsewhere at ring %s, position %d/%d", o.msgName(mi),
			ringName(c.ring), o.cur.seq, n, ringName(o.configs[m.cfg].ring), m.seq, m.index)
		return
	}
	if o.cur.first {
		o.slotMsgs = append(o.slotMsgs, mi)
	}
	m.times++
	s := &o.stays[p.stay]
	// FIFO per sender and priority: without omission within a configuration ...
	f := &s.fifo[4*o.memberIndex(s.cfg, m.proc)+int(m.prio)]
	if *f != 0 && m.counter != *f+1 {
		o.fail(pi, FIFO, "%s after #%d", o.msgName(mi), *f)
		return
	}
	*f = m.counter
	if m.proc == pi {
		// ... and, at the sender, from its first message to its last (EVS 3).
		if m.counter != p.selfed[m.prio]+1 {
			o.fail(pi, SelfDelivery, "own %s after #%d", o.msgName(mi), p.selfed[m.prio])
			return
		}
		p.selfed[m.prio]++
		p.unsafe[group] = append(p.unsafe[group], mi)
	}
	p.log = append(p.log, entry{cfg: s.cfg, msg: mi, seq: o.cur.seq, at: o.w.now, safe: m.safe})
	o.mix(p, uint64(mi), o.cur.seq)
}

// identify checks a message's bytes against what was sent, and returns it.
func (o *oracle) identify(pi int32, group int, from wire.Member, msg []byte, id gmi.MessageID) int32 {
	if len(msg) < headerSize {
		o.fail(pi, NoCreation, "a message of %d bytes; none so short was ever sent", len(msg))
		return -1
	}
	mi := int32(binary.LittleEndian.Uint32(msg))
	if mi < 0 || int(mi) >= len(o.msgs) || int(binary.LittleEndian.Uint32(msg[4:])) != len(msg) {
		o.fail(pi, NoCreation, "a message of %d bytes that nobody sent", len(msg))
		return -1
	}
	m := &o.msgs[mi]
	if int(m.size) != len(msg) || binary.LittleEndian.Uint32(msg[8:]) != m.counter ||
		!bytes.Equal(msg[headerSize:], pattern(mi, len(msg)-headerSize)) {
		o.fail(pi, WholeMessage, "%s is delivered as %d bytes, not those that were sent", o.msgName(mi), len(msg))
		return -1
	}
	if o.procs[m.proc].member != from || int(m.group) != group {
		o.fail(pi, NoCreation, "%s is delivered as from %+v, group %d", o.msgName(mi), from, group)
		return -1
	}
	if m.proc == pi && uint64(id) != m.id || m.proc != pi && id != 0 {
		o.fail(pi, SafeNotice, "%s has id %d, is delivered with id %d", o.msgName(mi), m.id, id)
		return -1
	}
	return mi
}

// safeUpTo checks the notice that own messages are held everywhere: by every
// member of the regular configuration, or, once the transitional configuration
// was delivered, by every member of that.
func (o *oracle) safeUpTo(pi int32, group int, id gmi.MessageID) {
	p := &o.procs[pi]
	wait := p.unsafe[group]
	rest := wait[:0]
	for _, mi := range wait {
		m := &o.msgs[mi]
		if m.id > uint64(id) {
			rest = append(rest, mi)
			continue
		}
		switch s := &o.stays[p.stay]; {
		case s.cfg != m.cfg:
			o.fail(pi, SafeNotice, "%s is called safe only in the configuration after its own", o.msgName(mi))
		case p.inTrans:
			o.relyTransitional(pi, s, m.seq, " by notice")
		default:
			o.relyRegular(pi, m.cfg, m.seq, " by notice")
		}
	}
	p.unsafe[group] = rest
}

// safeClaim checks the ring's own notice: every delivered message up to seq is
// held by every member, so those that do not fail deliver it. It never goes
// back.
func (o *oracle) safeClaim(pi int32, seq uint64) {
	p := &o.procs[pi]
	if seq < p.claimed {
		o.fail(pi, SafeNotice, "safe up to %d after %d", seq, p.claimed)
		return
	}
	s := &o.stays[p.stay]
	c := &o.configs[s.cfg]
	if p.inTrans || len(c.slots) == 0 {
		return
	}
	p.claimed = seq
	for q := max(p.relied+1, c.base); q <= min(seq, s.last); q++ {
		o.relyRegular(pi, s.cfg, q, " by notice")
		p.relied = q
	}
}

// pattern returns n bytes that belong to message mi.
func pattern(mi int32, n int) []byte {
	off := int(uint32(mi)*2654435761>>16) % (len(noise) - maxMessage)
	return noise[off : off+n]
}

// noise is what messages are made of.
var noise = func() []byte {
	b := make([]byte, 2*maxMessage)
	r := rng{s: 0x6e6f697365}
	for i := 0; i+8 <= len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], r.next())
	}
	return b
}()
