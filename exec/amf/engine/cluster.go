// Configurations: nodes that come and go, and the majority rule.
//
// A node that left has nothing any more: its components are gone, and what was
// assigned to them goes elsewhere at once, in the same input.
//
// With the majority rule (off by default) only a partition with more than half of the
// configured nodes has active assignments. It is not enough that the others give theirs
// up when they learn of their configuration: they may learn late. So a node holds a
// lease (lease.go), which ends a bounded real time after its last proved contact with
// a majority, and ends its active components by itself at that moment, whatever the
// ring does. And what a lost node may still have is barred here from becoming active
// until that time is over for certain:
//
//	nodes lost, the rest has been a majority     the instances they had active are
//	  all the time                               barred for the lease time
//	a majority comes together that was none      all instances not active here are
//	  (or this node's side was in no majority)   barred for the lease time, if any
//	                                             configured node is absent
//	a node comes back                            its state says what it has
//
// The lease time of a lost node runs from the configuration that lost it. Its own
// lease was last renewed by a message that every member of a majority acknowledged
// before that configuration, so it ends before the bar does (lease.go says by whose
// clock, and how clocks may differ).

package engine

import (
	"slices"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Membership takes a configuration in which nobody is new: nodes have left, or none.
// ring is the configuration's ring sequence number.
func (e *Engine) Membership(ring uint64, members []Member) {
	e.begin()
	e.membership(ring, members, -1)
	e.settle()
}

// membership makes members the nodes of the cluster. stay is how many of them were
// with this state all the time; negative: all that it knows.
func (e *Engine) membership(ring uint64, members []Member, stay int) {
	wasQuorate, staying := e.quorate, 0
	for i := 0; i < len(e.nodes); i++ {
		n := e.nodes[i]
		if !n.present() {
			continue
		}
		if slices.ContainsFunc(members, func(m Member) bool { return m.Member == n.member }) {
			staying++
			continue
		}
		e.cause, e.why = CauseNodeLeft, n.name
		held := e.heldBy(n)
		e.nodeGone(n)
		if len(held) > 0 && e.majority {
			e.leases = append(e.leases, lease{node: int32(i), sis: held})
		}
	}
	e.nodes = slices.DeleteFunc(e.nodes, func(n *node) bool { return n.m == nil && !n.present() })
	for _, m := range members {
		e.nodeHere(m)
	}
	if e.startup == 0 && !e.started && e.present() > 0 {
		e.startup = e.startTimer(timerStartup, 0, 0, e.c.StartupTimeout)
	}
	e.formed = e.formed || e.started
	if !e.majority {
		return
	}
	e.quorate = e.isMajority(e.present())
	if !e.quorate {
		if wasQuorate {
			e.cause = CauseNoMajority
		}
		return
	}
	e.lastRing = ring
	if stay >= 0 {
		staying = stay
	}
	continuous := wasQuorate && e.isMajority(staying)
	if continuous {
		for i := range e.leases {
			if l := &e.leases[i]; l.timer == 0 {
				l.timer = e.startTimer(timerLease, l.node, 0, e.leaseFor)
			}
		}
		return
	}
	e.dropLeases()
	if e.present() < len(e.c.Nodes) {
		e.leases = append(e.leases, lease{node: -1, timer: e.startTimer(timerLease, -1, 0, e.leaseFor)})
	}
}

func (e *Engine) dropLeases() {
	for i := range e.leases {
		e.stopTimer(&e.leases[i].timer)
	}
	e.leases = nil
}

func (e *Engine) isMajority(n int) bool { return 2*n > len(e.c.Nodes) }

// present counts the nodes that are here.
func (e *Engine) present() int {
	n := 0
	for _, o := range e.nodes {
		if o.present() {
			n++
		}
	}
	return n
}

// barred tells whether an absent node may still have an instance active.
func (e *Engine) barred(si int32) bool {
	if planted(bugNoBar) {
		return false
	}
	for i := range e.leases {
		if l := &e.leases[i]; l.sis == nil || slices.Contains(l.sis, si) {
			return true
		}
	}
	return slices.ContainsFunc(e.evictions, func(x eviction) bool { return slices.Contains(x.sis, si) })
}

// evicted takes note that a life that does not count any more has ended.
func (e *Engine) evicted(in *Input) bool {
	n := len(e.evictions)
	e.evictions = slices.DeleteFunc(e.evictions, func(x eviction) bool {
		return x.node == in.Node && x.gen == in.Incarnation && e.comps[x.comp].m.DN == in.Comp
	})
	if len(e.evictions) == n {
		return false
	}
	e.touch()
	return true
}

// heldBy lists the instances that a node may have active.
func (e *Engine) heldBy(n *node) []int32 {
	var list []int32
	for _, u := range e.units {
		for _, a := range u.assigns {
			for i := range a.csis {
				if cs := &a.csis[i]; cs.hot && e.comps[cs.comp].host == n.member.ID && !slices.Contains(list, a.si) {
					list = append(list, a.si)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

// nodeHere makes a member an AMF node, if it is one and is not yet.
func (e *Engine) nodeHere(m Member) {
	for _, n := range e.nodes {
		if n.member == m.Member && n.present() {
			return
		}
	}
	e.cause, e.why = CauseNodeJoined, m.Name
	if e.c.Generation == model.GenA {
		e.nodes = append(e.nodes, &node{name: m.Name, member: m.Member, admin: admin{state: Unlocked}, oper: Enabled})
		slices.SortFunc(e.nodes, func(a, b *node) int { return int(int64(a.member.ID) - int64(b.member.ID)) })
		return
	}
	for i, n := range e.nodes {
		if (n.m.ClmNode == m.Name || n.m.Name == m.Name) && !n.present() {
			n.member = m.Member
			n.oper, n.repairing, n.failfast = Enabled, false, false
			n.nextInv = 0
			e.forgetLease(int32(i))
			e.touch()
			return
		}
	}
}

// forgetLease drops what barred instances for a node that is here again.
func (e *Engine) forgetLease(node int32) {
	for i := range e.leases {
		if e.leases[i].node == node {
			e.stopTimer(&e.leases[i].timer)
		}
	}
	e.leases = slices.DeleteFunc(e.leases, func(l lease) bool { return l.node == node })
}

// nodeGone takes everything that was on a node.
func (e *Engine) nodeGone(n *node) {
	id := n.member.ID
	for _, c := range e.comps {
		if c.host == id && id != 0 {
			e.lost(c)
		}
	}
	for _, u := range e.units {
		if u.m.Node != nil && e.nodeOf(u) == n {
			e.resetUnit(u)
		}
	}
	e.evictions = slices.DeleteFunc(e.evictions, func(x eviction) bool { return x.node == id })
	e.resetNode(n)
	n.member = wire.Member{}
	n.oper, n.repairing, n.failfast = Enabled, false, false
	e.touch()
}

// lost is the end of a component with its node: there is nobody to clean up, and
// nothing to be cleaned up.
func (e *Engine) lost(c *comp) {
	if c.m.SU.External && c.m.IsProxied() {
		// It does not live there; only its proxy did.
		if c.registered {
			e.unproxied(c)
		}
		c.host = 0
		return
	}
	c.restart = false
	e.unregistered(c)
	c.presence = Terminating
	e.gone(c)
	c.host, c.attempts, c.erring, c.oper, c.proxy = 0, 0, false, Enabled, -1
	u := e.unitOf(c)
	for i := 0; i < len(u.assigns); i++ {
		a := u.assigns[i]
		if u.m.Node != nil {
			e.stopAssign(a)
			u.drop(a)
			i--
		}
	}
}

// stopAssign stops the timers of an assignment that is dropped.
func (e *Engine) stopAssign(a *assign) {
	for i := range a.csis {
		e.stopTimer(&a.csis[i].timer)
		e.stopTimer(&a.csis[i].quiesce)
	}
}

// resetUnit makes a unit what it is on a node that starts.
func (e *Engine) resetUnit(u *unit) {
	e.resetUnitCounters(u)
	u.oper, u.failing, u.drain, u.restarting = Enabled, false, false, false
	u.pending = pendingOp{}
	for _, a := range u.assigns {
		e.stopAssign(a)
	}
	u.assigns = nil
}

// leaseLost handles that a node has ended components because its lease was over.
func (e *Engine) leaseLost(in *Input) ipcwire.Error {
	e.sayf(CauseNoMajority, "the lease of the node ended")
	for i, dn := range in.Comps {
		c := e.find(dn)
		if c == nil || c.host != in.Node || !c.alive || i < len(in.Gens) && in.Gens[i] != c.gen {
			continue
		}
		if c.op != opCleanup {
			e.cleanup(c, c.presence == Instantiated && c.m.PreInstantiable())
		}
	}
	return ipcwire.OK
}
