// The oracle on configuration changes.

package sim

import (
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

const (
	logTransitional = int32(-1)
	logRegular      = int32(-2)
)

// ringFormed checks a ring that a machine is about to use, before it is
// delivered: ring ids are unique from the moment traffic keys depend on them.
func (o *oracle) ringFormed(pi int32, r *srp.Ring) int32 {
	ci := o.config(pi, r.ID, r.Members)
	if ci != none && o.memberIndex(ci, pi) < 0 {
		o.fail(pi, RingIdentity, "installs ring %s of which it is no member: %s", ringName(r.ID), o.names(r.Members))
		return none
	}
	return ci
}

// transitional checks the delivery of a transitional configuration.
//
// EVS 2.2: it follows a regular configuration directly (never another
// transitional one). Its members are those of the old regular configuration
// that move on together: a subset of it that includes p. That they indeed move
// to the same new one is checked when they get there.
func (o *oracle) transitional(pi int32, cfg *srp.Configuration) {
	p := &o.procs[pi]
	if p.stay == none {
		// A first transitional configuration, of the start alone, precedes the
		// first regular one; it follows nothing.
		if len(cfg.Members) != 1 || cfg.Members[0] != p.member || len(cfg.Left) != 0 || len(cfg.Joined) != 0 {
			o.fail(pi, TransitionalRule, "the first transitional configuration is %s, left %s", o.names(cfg.Members), o.names(cfg.Left))
		}
		return
	}
	if p.inTrans {
		o.fail(pi, ConfigDelivery, "two transitional configurations in a row")
		return
	}
	s := &o.stays[p.stay]
	c := &o.configs[s.cfg]
	p.inTrans, s.hasTrans = true, true
	s.trans = mask{}
	for _, m := range cfg.Members {
		i := -1
		if mp := o.procOf(m); mp != none {
			i = o.memberIndex(s.cfg, mp)
		}
		if i < 0 {
			o.fail(pi, TransitionalRule, "%s after ring %s %s has a member that was not in it", o.names(cfg.Members), ringName(c.ring), o.names(c.members))
			return
		}
		s.trans.set(i)
	}
	if !s.trans.has(s.member) {
		o.fail(pi, TransitionalRule, "%s does not include the processor itself", o.names(cfg.Members))
		return
	}
	if len(cfg.Joined) != 0 || !o.difference(c.members, cfg.Members, cfg.Left) {
		o.fail(pi, TransitionalRule, "transitional %s after %s: left %s, joined %s", o.names(cfg.Members), o.names(c.members), o.names(cfg.Left), o.names(cfg.Joined))
		return
	}
	p.log = append(p.log, entry{cfg: s.cfg, msg: logTransitional, at: o.w.now})
	o.mix(p, uint64(s.trans[0]), uint64(s.trans[1])^0x7472616e73)
}

// difference tells whether d is a without b, in order.
func (o *oracle) difference(a, b, d []wire.Member) bool {
	k := 0
next:
	for _, m := range a {
		for _, x := range b {
			if x == m {
				continue next
			}
		}
		if k >= len(d) || d[k] != m {
			return false
		}
		k++
	}
	return k == len(d)
}

func (o *oracle) mix(p *proc, a, b uint64) {
	h := p.hash ^ a*0x9e3779b97f4a7c15
	h = (h ^ h>>29) * 0xbf58476d1ce4e5b9
	h ^= b * 0x94d049bb133111eb
	p.hash = (h ^ h>>32) * 0xd6e8feb86659fd93
}

// regular checks the delivery of a regular configuration, and closes the stay in
// the one before.
func (o *oracle) regular(pi int32, cfg *srp.Configuration) {
	ci := o.config(pi, cfg.Ring, cfg.Members)
	if ci == none {
		return
	}
	p := &o.procs[pi]
	mi := o.memberIndex(ci, pi)
	if mi < 0 {
		o.fail(pi, RingIdentity, "delivers ring %s of which it is no member: %s", ringName(cfg.Ring), o.names(cfg.Members))
		return
	}
	c := &o.configs[ci]
	if c.stayOf[mi] != none {
		o.fail(pi, RingUnique, "installs ring %s a second time", ringName(cfg.Ring))
		return
	}
	prev := p.stay
	moved := []wire.Member(nil)
	if prev != none {
		old := &o.configs[o.stays[prev].cfg]
		// Along ord: the ring's sequence number grows at every processor.
		if cfg.Ring.Seq <= old.ring.Seq {
			o.fail(pi, AgreedDelivery, "ring %s after ring %s: the order of configurations goes back", ringName(cfg.Ring), ringName(old.ring))
			return
		}
		// EVS 2: between two regular configurations lies a transitional one.
		if !p.inTrans {
			o.fail(pi, ConfigDelivery, "ring %s follows ring %s without a transitional configuration", ringName(cfg.Ring), ringName(old.ring))
			return
		}
		s := &o.stays[prev]
		for i, m := range old.members {
			if s.trans.has(i) {
				moved = append(moved, m)
				if o.memberIndex(ci, old.procs[i]) < 0 {
					o.fail(pi, TransitionalRule, "%s is in the transitional configuration before ring %s %s but not in that", o.name(old.procs[i]), ringName(cfg.Ring), o.names(cfg.Members))
					return
				}
			}
		}
	} else {
		moved = []wire.Member{p.member}
	}
	if len(cfg.Left) != 0 || !o.difference(cfg.Members, moved, cfg.Joined) && (prev != none || !o.difference(cfg.Members, nil, cfg.Joined)) {
		o.fail(pi, TransitionalRule, "regular %s after transitional %s: joined %s, left %s", o.names(cfg.Members), o.names(moved), o.names(cfg.Joined), o.names(cfg.Left))
		return
	}
	if prev != none {
		o.closeStay(pi, prev)
	}
	o.openStay(pi, ci, mi, prev)
	o.movedTogether(pi, ci)
	if o.w.regularDelivered != nil {
		o.w.regularDelivered(pi, ci)
	}
}

func (o *oracle) openStay(pi, ci int32, mi int, prev int32) {
	p, c := &o.procs[pi], &o.configs[ci]
	o.stays = grow(o.stays)
	si := int32(len(o.stays) - 1)
	s := &o.stays[si]
	*s = stay{
		proc: pi, cfg: ci, prev: prev, member: mi, gaps: s.gaps[:0],
		pull0: len(p.pulled), log0: len(p.log),
		counts: sized(s.counts, len(c.members)), fifo: sized(s.fifo, 4*len(c.members)),
	}
	p.stay, p.inTrans, p.hash = si, false, 0
	p.claimed, p.relied = 0, 0
	p.log = append(p.log, entry{cfg: ci, msg: logRegular, at: o.w.now})
	c.stays = append(c.stays, si)
	c.stayOf[mi] = si
	c.installed = true
}

// closeStay checks what a processor owes to the configuration it moved on from.
func (o *oracle) closeStay(pi, si int32) {
	p, s := &o.procs[pi], &o.stays[si]
	c := &o.configs[s.cfg]
	s.closed, s.hash = true, p.hash
	// EVS 3: p moved on without failing, so it has delivered, in c or in the
	// transitional configuration after it, every message it sent in c.
	if p.selfAt != len(p.pulled) {
		o.fail(pi, SelfDelivery, "moves on from ring %s without delivering %d of the %d packets it sent in it", ringName(c.ring), len(p.pulled)-p.selfAt, len(p.pulled)-s.pull0)
		return
	}
	// EVS 7.1, the reliance of others on p: safe messages delivered by somebody
	// in the regular configuration c ...
	for seq := c.maxSafe; seq >= c.base && seq > 0 && len(c.slots) > 0; seq-- {
		if sl := c.slot(seq); sl != nil && sl.safe && !s.has(seq) {
			o.fail(pi, SafeDelivery, "moves on from ring %s without position %d, which was safe for %s in it", ringName(c.ring), seq, o.name(sl.first))
			return
		}
		if seq <= s.last && len(s.gaps) == 0 {
			break
		}
	}
	// ... or in a transitional configuration of which p is a member.
	for i := range c.treqs {
		if r := &c.treqs[i]; r.m.has(s.member) && !s.has(r.seq) {
			o.fail(pi, SafeDelivery, "moves on from ring %s without position %d, which was safe for %s in a transitional configuration with it", ringName(c.ring), r.seq, o.name(r.by))
			return
		}
	}
}

// movedTogether compares p with all that installed the same configuration
// before it.
//
// EVS 4, failure atomicity, in its strong form: processors that proceed together
// from one regular configuration to the next deliver the same sequence in
// between, the transitional configuration included.
//
// Transitional membership: those who came from the same old configuration are in
// each other's transitional one, those who did not are not.
func (o *oracle) movedTogether(pi, ci int32) {
	c := &o.configs[ci]
	mine := &o.stays[o.procs[pi].stay]
	for _, si := range c.stays {
		other := &o.stays[si]
		if other.proc == pi {
			continue
		}
		if mine.prev == none || other.prev == none {
			o.newcomer(pi, mine, other)
			continue
		}
		a, b := &o.stays[mine.prev], &o.stays[other.prev]
		if a.cfg != b.cfg {
			if o.claims(a, other.proc) || o.claims(b, pi) {
				o.fail(pi, TransitionalRule, "%s and %s meet in ring %s from different rings, yet one is in the other's transitional configuration", o.name(pi), o.name(other.proc), ringName(c.ring))
			}
			continue
		}
		if a.trans != b.trans {
			o.fail(pi, TransitionalRule, "%s and %s moved from ring %s to ring %s with different transitional configurations", o.name(pi), o.name(other.proc), ringName(o.configs[a.cfg].ring), ringName(c.ring))
			continue
		}
		if a.hash != b.hash {
			o.fail(pi, FailureAtomicity, "%s", o.describeSplit(mine.prev, other.prev))
		}
	}
}

func (o *oracle) newcomer(pi int32, mine, other *stay) {
	for _, pair := range [2][2]*stay{{mine, other}, {other, mine}} {
		if pair[0].prev != none && o.claims(&o.stays[pair[0].prev], pair[1].proc) {
			o.fail(pi, TransitionalRule, "%s has %s, which had no configuration before, in its transitional one", o.name(pair[0].proc), o.name(pair[1].proc))
		}
	}
}

// claims tells whether stay s has processor pi in its transitional configuration.
func (o *oracle) claims(s *stay, pi int32) bool {
	i := o.memberIndex(s.cfg, pi)
	return i >= 0 && s.trans.has(i)
}

// groupConfigs and groupConfigsDone check that the messaging layer hands a
// configuration change to each group, once and unchanged; groupConfig is what a
// group got.
func (o *oracle) groupConfigs(pi int32, kind srp.DeliveryKind, cfg *srp.Configuration) {
	o.handed.n, o.handed.kind, o.handed.cfg = 0, kind, cfg
}

func (o *oracle) groupConfig(pi int32, kind srp.DeliveryKind, cfg *srp.Configuration) {
	o.handed.n++
	if kind != o.handed.kind || o.handed.cfg == nil || cfg.Ring != o.handed.cfg.Ring || len(cfg.Members) != len(o.handed.cfg.Members) {
		o.fail(pi, ConfigDelivery, "a group is told of configuration %s %s, which is not what the ring delivered", ringName(cfg.Ring), o.names(cfg.Members))
	}
}

func (o *oracle) groupConfigsDone(pi int32) {
	if o.handed.n != groups {
		o.fail(pi, ConfigDelivery, "%d of %d groups were told of a configuration", o.handed.n, groups)
	}
	o.handed.cfg = nil
}
