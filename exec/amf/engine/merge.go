// Merging: partitions come together, or nodes start. Every member makes the same
// state from one snapshot of each partition; it is a pure function of the snapshots
// and of the configuration.
//
// One partition wins. With the majority rule it is the one that was in a configuration
// with a majority last (by ring sequence number); else, and among equals, one whose
// startup is over, then the one with more members, then the one with the lowest member.
//
//	what                                   is taken from
//	a node, its components, its units,     the partition the node was in: it knows.
//	  their assignments, counters,         Of a node that is in no partition, nothing
//	  callbacks and timers
//	an administrative state                the side that changed it more often; equal:
//	                                       the winner
//	everything else of groups, instances   the winner
//	  and applications
//	an instance active on both sides       it stays where the winner has it. The other
//	                                       side's components are quiesced, and have
//	                                       answered, or are ended, before anything else
//	                                       happens to it there. No other unit becomes
//	                                       active meanwhile
//	an instance active on the other side   it stays there
//	  only
//	a component of generation A that       the winner's registration counts; the other
//	  registered on both sides             is ended (Evict)
//	a unit of generation A whose           its components were out of service in both:
//	  components are on both sides         it begins anew; one that still had work is
//	                                       ended (Evict)
//	what an evicted component had active   nobody becomes active for it before the
//	                                       component's node says that it is ended, or
//	                                       leaves
//	the majority rule: instances of the    quiesced, unless no other node can have them
//	  losing side
//	a timer                                whatever it belongs to, with the time left
//	two nodes with one name                the second (by id) is no AMF node; it is logged
//	another model                          the node is no AMF node; it is logged
//
// Between the moment the rings became one and the answer of the component that is to
// quiesce, two components may still act as active, as they did while the partitions
// were apart: nobody can reach into the past. The state never says that two are, and
// the second is on its way out from the very message that ends the merge.

package engine

import (
	"cmp"
	"slices"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
)

// Part is one partition.
type Part struct {
	Members []wire.Member
	State   *Engine
}

// Restore makes a part of a snapshot; false: it does not decode with this model.
func (e *Engine) Restore(members []wire.Member, snapshot []byte) (Part, bool) {
	s, ok := restore(e.c, e.majority, e.leaseFor, snapshot)
	return Part{members, s}, ok
}

// Merge makes this engine's state that of the merged partitions.
func (e *Engine) Merge(ring uint64, members []Member, parts []Part) {
	old := e.timers
	m := &merger{parts: parts, members: members}
	w := m.merge()
	seen, out, records, unrest := e.seen, e.out, e.records, e.unrest
	*e = *w
	e.unrest = unrest
	e.seen, e.out, e.records = seen, out, records
	e.begin()
	for _, t := range old {
		e.emit(Output{Kind: OutTimerStop, Timer: t.id})
	}
	for _, t := range e.timers {
		e.emit(Output{Kind: OutTimerStart, Timer: t.id, Limit: t.limit})
	}
	for _, o := range m.evict {
		e.emit(o)
	}
	e.cause = CauseMerge
	e.membership(ring, members, m.staying(w))
	e.cause, e.why = CauseMerge, ""
	e.resolve(m)
	e.settle()
}

// merger is the work of one merge.
type merger struct {
	parts   []Part
	members []Member
	win     int
	moved   map[wire.NodeID]bool // nodes that came from another side than the winner's
	evict   []Output
	held    []bool // instances the winner has active somewhere, or a node that stays absent may have
}

func (m *merger) merge() *Engine {
	slices.SortFunc(m.parts, func(a, b Part) int { return slices.CompareFunc(a.Members, b.Members, compareMembers) })
	m.win = 0
	for i := range m.parts {
		if m.better(&m.parts[i], &m.parts[m.win]) {
			m.win = i
		}
	}
	w := m.parts[m.win].State
	m.held = make([]bool, len(w.sis))
	for i := range w.sis {
		m.held[i] = w.isHot(int32(i)) || slices.ContainsFunc(w.leases, func(l lease) bool {
			return l.node >= 0 && slices.Contains(l.sis, int32(i)) && !m.returns(w.nodes[l.node])
		})
	}
	// Timer ids go on above all that were ever used in any partition.
	last := TimerID(0)
	for i := range m.parts {
		last = max(last, m.parts[i].State.lastTimer)
	}
	for i := range m.parts {
		last = m.parts[i].State.renumber(last)
	}
	w.lastTimer = last
	m.moved = map[wire.NodeID]bool{}
	for i := range m.parts {
		p := &m.parts[i]
		if i != m.win {
			m.adminStates(w, p.State)
			w.lastRing = max(w.lastRing, p.State.lastRing)
		}
	}
	// What the winner has of nodes that were in another partition is of the past.
	for _, n := range slices.Clone(w.nodes) {
		if n.present() && !slices.Contains(m.parts[m.win].Members, n.member) && m.returns(n) {
			w.nodeGone(n)
		}
	}
	w.nodes = slices.DeleteFunc(w.nodes, func(n *node) bool { return n.m == nil && !n.present() })
	for i := range m.parts {
		if i == m.win {
			continue
		}
		o := m.parts[i].State
		for _, x := range o.evictions {
			if slices.ContainsFunc(m.members, func(k Member) bool { return k.ID == x.node && slices.Contains(m.parts[i].Members, k.Member) }) {
				w.evictions = append(w.evictions, x)
			}
		}
		for _, n := range slices.Clone(o.nodes) {
			switch {
			case !n.present():
			case !slices.ContainsFunc(m.members, func(x Member) bool { return x.Member == n.member }):
				o.nodeGone(n) // in the same moment
			case slices.Contains(m.parts[i].Members, n.member):
				m.take(w, o, n)
			}
		}
		for k := range o.units {
			if o.units[k].m.Node == nil {
				m.takeFloating(w, o, k)
			}
		}
	}
	slices.SortFunc(w.timers, func(a, b timer) int { return cmp.Compare(a.id, b.id) })
	// nodeGone used outputs of an engine that nobody drives.
	w.begin()
	return w
}

// returns tells whether a node the winner knew is a member again, maybe another start
// of it. One that is not is handled as a node that leaves.
func (m *merger) returns(n *node) bool {
	return slices.ContainsFunc(m.members, func(x Member) bool {
		return x.ID == n.member.ID || n.m != nil && (x.Name == n.m.Name || x.Name == n.m.ClmNode)
	})
}

// staying counts the nodes that were with the winner.
func (m *merger) staying(w *Engine) int {
	k := 0
	for _, n := range w.nodes {
		if n.present() && slices.Contains(m.parts[m.win].Members, n.member) &&
			slices.ContainsFunc(m.members, func(x Member) bool { return x.Member == n.member }) {
			k++
		}
	}
	return k
}

func compareMembers(a, b wire.Member) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Start, b.Start))
}

// better tells whether a partition wins over another.
func (m *merger) better(a, b *Part) bool {
	x, y := a.State, b.State
	if x.majority && x.lastRing != y.lastRing {
		return x.lastRing > y.lastRing
	}
	if x.formed != y.formed {
		return x.formed
	}
	if len(a.Members) != len(b.Members) {
		return len(a.Members) > len(b.Members)
	}
	return false // in order of the lowest member
}

// renumber gives every timer of a state a new id above last.
func (e *Engine) renumber(last TimerID) TimerID {
	if planted(bugStaleTimer) {
		return last
	}
	to := make(map[TimerID]TimerID, len(e.timers))
	for i := range e.timers {
		last++
		to[e.timers[i].id] = last
		e.timers[i].id = last
	}
	e.eachTimer(func(id *TimerID) { *id = to[*id] })
	return last
}

// eachTimer calls f for everything that holds a timer.
func (e *Engine) eachTimer(f func(*TimerID)) {
	f(&e.startup)
	for _, n := range e.nodes {
		f(&n.failover.timer)
	}
	for _, g := range e.groups {
		f(&g.adjust)
	}
	for _, si := range e.sis {
		for i := range si.deps {
			f(&si.deps[i].timer)
		}
	}
	for _, c := range e.comps {
		c.eachTimer(f)
	}
	for _, u := range e.units {
		u.eachTimer(f)
	}
	for i := range e.leases {
		f(&e.leases[i].timer)
	}
}

func (c *comp) eachTimer(f func(*TimerID)) {
	f(&c.timer)
	f(&c.toldTimer)
	f(&c.confirmTmr)
}

func (u *unit) eachTimer(f func(*TimerID)) {
	f(&u.compRestarts.timer)
	f(&u.suRestarts.timer)
	for _, a := range u.assigns {
		for i := range a.csis {
			f(&a.csis[i].timer)
			f(&a.csis[i].quiesce)
		}
	}
}

// adminStates takes the administrative states that the other side changed more often.
func (m *merger) adminStates(w, o *Engine) {
	later := func(a *admin, b admin) {
		if b.seq > a.seq {
			*a = b
		}
	}
	if w.c.Generation == model.GenB {
		for i := range w.nodes {
			later(&w.nodes[i].admin, o.nodes[i].admin)
		}
	}
	for i := range w.apps {
		later(&w.apps[i].admin, o.apps[i].admin)
	}
	for i := range w.groups {
		later(&w.groups[i].admin, o.groups[i].admin)
	}
	for i := range w.units {
		later(&w.units[i].admin, o.units[i].admin)
	}
	for i := range w.sis {
		later(&w.sis[i].admin, o.sis[i].admin)
	}
}

// take moves a node with everything on it from another partition's state.
func (m *merger) take(w, o *Engine, n *node) {
	if !slices.ContainsFunc(m.members, func(x Member) bool { return x.Member == n.member }) {
		return
	}
	var to *node
	if w.c.Generation == model.GenA {
		to = &node{name: n.name}
		w.nodes = append(w.nodes, to)
		slices.SortFunc(w.nodes, func(a, b *node) int { return cmp.Compare(memberID(a, n), memberID(b, n)) })
	} else {
		to = w.nodes[n.m.Index]
		if to.present() {
			return // another node has the name
		}
		w.forgetLease(int32(n.m.Index))
	}
	m.moved[n.member.ID] = true
	adm := to.admin
	if to.m == nil {
		adm = n.admin
	}
	m1, name := to.m, to.name
	*to = *n
	to.m, to.name, to.admin = m1, name, adm
	m.timer(w, o, to.failover.timer)
	for i, c := range o.comps {
		if c.host != n.member.ID || c.m.SU.External && w.comps[i].registered {
			continue
		}
		if w.comps[i].host != 0 && w.comps[i].host != n.member.ID && c.m.SU.Node == nil {
			if c.alive {
				m.evictOf(w, o, to, c)
			}
			continue
		}
		c.m = w.comps[i].m
		w.comps[i] = c
		c.eachTimer(func(id *TimerID) { m.timer(w, o, *id) })
	}
	for i, u := range o.units {
		if u.m.Node != nil && u.m.Node == to.m {
			u.admin = w.units[i].admin
			w.units[i] = u
			u.eachTimer(func(id *TimerID) { m.timer(w, o, *id) })
		}
	}
}

func memberID(x, moved *node) wire.NodeID {
	if x.member.ID == 0 {
		return moved.member.ID
	}
	return x.member.ID
}

// timer copies one timer of another state.
func (m *merger) timer(w, o *Engine, id TimerID) {
	if i, ok := o.findTimer(id); ok && id != 0 {
		if _, twice := slices.BinarySearchFunc(w.timers, id, func(t timer, id TimerID) int { return cmp.Compare(t.id, id) }); !twice {
			w.timers = append(w.timers, o.timers[i])
			slices.SortFunc(w.timers, func(a, b timer) int { return cmp.Compare(a.id, b.id) })
		}
	}
}

// takeFloating takes the assignments of a unit that is on no fixed node, if every component
// that it has in that partition was taken, and the winner has none for the unit; else those
// that have work there are ended: nobody knows any more of their work.
func (m *merger) takeFloating(w, o *Engine, i int) {
	u, here, whole := o.units[i], false, true
	for _, c := range u.m.Comps {
		if oc := o.comps[c.Index]; oc.host != 0 {
			taken := w.comps[c.Index] == oc
			here, whole = here || taken, whole && taken
		}
	}
	if !here {
		return
	}
	if whole && len(w.units[i].assigns) == 0 {
		u.admin = w.units[i].admin
		w.units[i] = u
		u.eachTimer(func(id *TimerID) { m.timer(w, o, *id) })
		return
	}
	for _, a := range u.assigns {
		for j := range a.csis {
			c := o.comps[a.csis[j].comp]
			if n := w.nodeByID(c.host); n != nil && a.csis[j].exposed && w.comps[c.m.Index] == c {
				m.evictOf(w, o, n, c)
				c.eachTimer(func(id *TimerID) { w.stopTimer(id) })
				w.comps[c.m.Index] = &comp{m: c.m, presence: Uninstantiated, oper: Enabled, proxy: -1, asked: -1, gen: c.gen}
			}
		}
	}
}

// evictOf has a life of a component end that the merged state has no room for. Until its
// node has said that it has, what it may have active is barred.
func (m *merger) evictOf(w, o *Engine, n *node, c *comp) {
	m.evict = append(m.evict, Output{Kind: OutEvict, Node: n.member.ID, Comp: c.m, Incarnation: c.gen, Cause: CauseMerge})
	x := eviction{comp: int32(c.m.Index), node: n.member.ID, gen: c.gen}
	o.eachCSI(c, func(a *assign, cs *csiAssign) {
		if cs.hot && !slices.Contains(x.sis, a.si) {
			x.sis = append(x.sis, a.si)
		}
	})
	w.evictions = append(w.evictions, x)
}

// resolve quiesces what is active twice: on the winner's side it stays.
func (e *Engine) resolve(m *merger) {
	if planted(bugBothKeep) {
		return
	}
	for i, si := range e.sis {
		var list []*assign
		for _, su := range si.m.SG.SUs {
			if a := e.units[su.Index].find(int32(i)); a != nil && (a.ha == HAActive || a.ha == HAQuiescing || a.hot()) {
				list = append(list, a)
			}
		}
		// The winner's first.
		slices.SortStableFunc(list, func(a, b *assign) int { return cmp.Compare(e.side(m, a), e.side(m, b)) })
		keep := e.actives(si)
		for j, a := range list {
			over := j >= keep
			if e.majority && e.side(m, a) > 0 && (m.held[i] || e.barred(int32(i))) {
				over = true
			}
			if over && (a.ha == HAActive || a.ha == HAQuiescing) && !a.removing {
				e.sayf(CauseMerge, "%s is active on the other side, too", si.m.DN)
				e.setHA(e.units[a.su], a, HAQuiesced)
			}
		}
	}
}

// side is 0 for what the winner has, 1 for what came from elsewhere.
func (e *Engine) side(m *merger, a *assign) int {
	for i := range a.csis {
		if m.moved[e.comps[a.csis[i].comp].host] {
			return 1
		}
	}
	return 0
}
