// The oracle at the end of a run: what must have happened by then, and what
// could not be decided before.

package sim

import (
	"fmt"
	"strings"
)

// atEnd checks what only the end of a run decides. By then the live processors
// are in one configuration and everything sent has had its time.
func (o *oracle) atEnd() {
	// EVS 2.1: if p's last configuration is c and p has not failed, then every
	// member of c has c as its last configuration and has not failed.
	for pi := range o.procs {
		p := &o.procs[pi]
		if p.state != running {
			continue
		}
		if p.stay == none || p.inTrans {
			o.fail(int32(pi), ConfigDelivery, "ends without a regular configuration")
			return
		}
		c := &o.configs[o.stays[p.stay].cfg]
		for i, q := range c.procs {
			if o.procs[q].state != running || o.procs[q].stay != c.stayOf[i] {
				o.fail(int32(pi), ConfigDelivery, "ends in ring %s with %s, which does not", ringName(c.ring), o.name(q))
				return
			}
		}
	}
	for ci := range o.configs {
		if !o.safeEverywhere(int32(ci)) {
			return
		}
	}
	o.delivered()
}

// safeEverywhere settles EVS 7 for configuration ci.
//
// 7.1: a safe message that some processor delivered in the regular configuration
// is delivered by each of its members, unless that failed in it. 7.2: and each
// of its members has installed the configuration.
func (o *oracle) safeEverywhere(ci int32) bool {
	c := &o.configs[ci]
	for i, q := range c.procs {
		si := c.stayOf[i]
		if si == none {
			if c.maxSafe > 0 {
				o.fail(q, SafeDelivery, "never installed ring %s, in which position %d was safe for %s (7.2)", ringName(c.ring), c.maxSafe, o.name(c.slot(c.maxSafe).first))
				return false
			}
			continue
		}
		s := &o.stays[si]
		if s.failed {
			continue
		}
		for j := range c.slots {
			sl := &c.slots[j]
			if seq := c.base + uint64(j); sl.filled && sl.safe && !s.has(seq) {
				o.fail(q, SafeDelivery, "never delivered position %d of ring %s, which was safe for %s", seq, ringName(c.ring), o.name(sl.first))
				return false
			}
		}
		for j := range c.treqs {
			if r := &c.treqs[j]; r.m.has(i) && !s.has(r.seq) {
				o.fail(q, SafeDelivery, "never delivered position %d of ring %s, which was safe for %s in a transitional configuration", r.seq, ringName(c.ring), o.name(r.by))
				return false
			}
		}
	}
	return true
}

// pendingMessage returns a message that should have been delivered by now and by
// whom it was not, or nothing. It is also how a run notices that it is done.
//
// EVS 3: a processor that does not fail delivers all that it sends. Liveness:
// what is sent after the faults stopped is delivered by everybody alive, and its
// sender learns that it is safe.
func (o *oracle) pendingMessage() (mi int32, why string) {
	live := int32(0)
	for pi := range o.procs {
		p := &o.procs[pi]
		if p.state != running {
			continue
		}
		live++
		for prio := range p.counter {
			if p.selfed[prio] != p.counter[prio] {
				for _, mi := range p.own {
					if m := &o.msgs[mi]; int(m.prio) == prio && m.counter == p.selfed[prio]+1 {
						return mi, "its sender, which is alive, did not deliver it"
					}
				}
			}
		}
		for g := range p.unsafe {
			if len(p.unsafe[g]) > 0 {
				return p.unsafe[g][0], "its sender was not told that it is safe"
			}
		}
	}
	for i := len(o.msgs) - 1; i >= 0 && o.msgs[i].sentAt >= o.w.healedAt; i-- {
		m := &o.msgs[i]
		if m.final && o.procs[m.proc].state == running && m.times != live {
			return int32(i), fmt.Sprintf("it was delivered by %d of %d", m.times, live)
		}
	}
	return -1, ""
}

func (o *oracle) delivered() {
	if mi, why := o.pendingMessage(); mi >= 0 {
		o.fail(o.msgs[mi].proc, Progress, "%s: %s", o.msgName(mi), why)
	}
}

// describeSplit shows where two stays of processors that moved on together
// differ.
func (o *oracle) describeSplit(a, b int32) string {
	la, lb := o.logOf(a), o.logOf(b)
	i := 0
	for i < len(la) && i < len(lb) && la[i].msg == lb[i].msg && la[i].seq == lb[i].seq {
		i++
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s and %s moved on together from ring %s, but differ at delivery %d of it:",
		o.name(o.stays[a].proc), o.name(o.stays[b].proc), ringName(o.configs[o.stays[a].cfg].ring), i)
	for _, side := range []struct {
		si  int32
		log []entry
	}{{a, la}, {b, lb}} {
		fmt.Fprintf(&s, "\n  %s:", o.name(o.stays[side.si].proc))
		for j := max(0, i-2); j < min(len(side.log), i+4); j++ {
			fmt.Fprintf(&s, " [%s]", o.entryName(&side.log[j]))
		}
		fmt.Fprintf(&s, " (%d in all)", len(side.log))
	}
	return s.String()
}

// logOf is the part of the log that belongs to a stay, its own configuration's
// entry not included.
func (o *oracle) logOf(si int32) []entry {
	s := &o.stays[si]
	log := o.procs[s.proc].log
	for end := s.log0 + 1; end < len(log); end++ {
		if log[end].msg == logRegular {
			return log[s.log0+1 : end]
		}
	}
	return log[s.log0+1:]
}

func (o *oracle) entryName(e *entry) string {
	switch e.msg {
	case logTransitional:
		return "transitional"
	case logRegular:
		return "regular " + ringName(o.configs[e.cfg].ring)
	}
	m := &o.msgs[e.msg]
	kind := "agreed"
	if m.safe {
		kind = "safe"
	}
	return fmt.Sprintf("%d: m%d %s of %s", e.seq, e.msg, kind, o.name(m.proc))
}
