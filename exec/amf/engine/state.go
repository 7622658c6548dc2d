// The replicated state: one struct per entity, by the index of the model. Entities
// refer to each other by index, so that what belongs to one node can be moved from
// one partition's state to another's (merge.go).

package engine

import (
	"time"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
)

// node is an AMF node. In generation A there is one for each member.
type node struct {
	m      *model.Node // nil in generation A
	name   string
	member wire.Member // ID 0: not in the configuration

	admin    admin
	oper     OperState
	nextInv  uint64
	failover counter // of units that failed over
	// repairing: everything here is being ended; then the node is enabled again.
	repairing bool
	// failfast was ordered: the node will leave.
	failfast bool
}

func (n *node) present() bool { return n.member.ID != 0 }

// admin is an administrative state and how often it was set: at a merge the higher
// count wins.
type admin struct {
	state AdminState
	seq   uint64
}

// counter counts errors within a probation time, which runs from the first.
type counter struct {
	n     uint32
	timer TimerID
}

type app struct {
	m     *model.App
	admin admin
	// restarting: every unit is being ended, nothing is assigned.
	restarting bool
}

type group struct {
	m         *model.SG
	admin     admin
	prefer    int32 // a unit that shall be active (2N, SI swap); -1: none
	adjusting bool  // assignments go back to the preferred units
	adjust    TimerID
}

// unit is a service unit.
type unit struct {
	m     *model.SU
	admin admin
	oper  OperState

	// failing: every component is being ended hard; drain: the unit must lose its
	// assignments, gracefully, before its failed component is repaired.
	failing bool
	drain   bool
	// restarting: every component is being restarted, assignments stay.
	restarting bool

	compRestarts counter
	suRestarts   counter // while its timer runs, restarts are restarts of the unit

	pending pendingOp
	assigns []*assign // by index of the instance
}

// pendingOp is an administrative operation that components of generation A are asked
// about before it takes work from them.
type pendingOp struct {
	flags uint32
	state uint8 // pendingNone, pendingAsked, pendingGo
}

const (
	pendingNone = iota
	pendingAsked
	pendingGo
)

// csiReady is how ready a component is for a CSI.
type csiReady struct {
	csi   int32
	state HAReadiness
}

// Operations of a component's life.
type op uint8

const (
	opNone op = iota
	opInstantiate
	opTerminate
	opCleanup
	opDelay // until the next attempt to instantiate
)

// comp is a component.
type comp struct {
	m        *model.Comp
	presence Presence
	oper     OperState

	host       wire.NodeID // where it lives; 0: nowhere
	gen        uint32      // its life
	alive      bool        // a process of it may exist
	registered bool
	proxy      int32 // who registered it; -1: itself
	asked      int32 // the proxy that op was asked of; -1: none
	caps       Callbacks

	op       op
	inv      uint64 // of op; 0: answered
	timer    TimerID
	attempts uint32
	restart  bool // what is being ended is to come back
	due      bool // its unit restarts; it is ended when those of higher levels are
	erring   bool // generation A: an error was reported and not cancelled

	// B.04: the HA readiness that the component has said, of CSIs in the order of their
	// index, and of all others; 0: it has said nothing and is ready.
	haReady    []csiReady
	haReadyAll HAReadiness

	// Generation A: the readiness state that was told last.
	told       Readiness
	toldInv    uint64 // 0: answered
	toldTimer  TimerID
	stopInv    uint64 // of the STOPPING that is not complete
	confirmInv uint64
	confirmTmr TimerID
}

// instance is a service instance.
type instance struct {
	m      *model.SI
	admin  admin
	prefer int32 // a unit that shall be active (N+M, N-way, SI swap); -1: none
	deps   []dependency
}

// dependency is the state of one of an instance's dependencies.
type dependency struct {
	lost  bool // what it depends on is not active, and tolerance is over
	timer TimerID
}

// csiState is what is known of a component service instance.
type csiState struct {
	last int32 // the component that was active last; -1: none
}

// assign is an instance assigned to a unit, or to be.
type assign struct {
	si, su   int32
	want     HAState // of the plan, not replicated
	ha       HAState // what is being brought about; HANone: nothing yet
	removing bool
	rank     uint32 // of a standby
	csis     []csiAssign
}

// csiAssign is a CSI assigned to a component.
type csiAssign struct {
	csi, comp int32
	ha        HAState // commanded
	acked     HAState // and answered
	hot       bool    // may be active, for all we know
	exposed   bool    // this life of the component has been told of the CSI
	removing  bool    // its removal was commanded
	inv       uint64  // 0: nothing is to be answered
	timer     TimerID
	quiesce   TimerID // until quiescing must be complete
	quiesInv  uint64  // the invocation that quiescing was asked with
}

// timerKind tells what a timer is for.
type timerKind uint8

const (
	timerStartup timerKind = iota + 1
	timerOp
	timerTold
	timerCSI
	timerQuiesce
	timerConfirm
	timerCompRestart
	timerSuRestart
	timerNode
	timerAdjust
	timerDependency
	timerLease
)

// timer is a running timer. a and b say whose it is.
type timer struct {
	id    TimerID
	kind  timerKind
	a, b  int32
	limit time.Duration
}

// lease bars instances from becoming active: an absent node may still have them.
type lease struct {
	timer TimerID
	node  int32   // -1: any absent node
	sis   []int32 // nil: all
}

// eviction is a life of a component that does not count any more since a merge, and whose
// end on its node is not known yet. It bars what it may have active.
type eviction struct {
	comp int32
	node wire.NodeID
	gen  uint32
	sis  []int32
}

// Engine is the machine. See the package comment.
type Engine struct {
	c        *model.Cluster
	index    map[string]int // of components, by DN
	majority bool
	leaseFor time.Duration

	nodes  []*node
	apps   []*app
	groups []*group
	units  []*unit
	comps  []*comp
	sis    []*instance
	csis   []csiState

	timers    []timer // by id
	lastTimer TimerID
	started   bool // assignments are made
	startup   TimerID
	quorate   bool
	lastRing  uint64 // sequence number of the last quorate ring
	leases    []lease
	evictions []eviction
	formed    bool // started once, or merged with one that did

	// Not replicated.
	out     []Output
	records []Record
	cause   Cause
	why     string
	changed bool
	calls   []call
	unrest  uint64  // inputs after which the state did not come to rest
	loadA   []int32 // of components, while planning
	loadS   []int32
	seen    shown
}

// New makes the machine of a model that Finish found good.
func New(c *model.Cluster, majority bool, lease time.Duration) *Engine {
	e := &Engine{c: c, majority: majority, leaseFor: lease, loadA: make([]int32, len(c.Comps)), loadS: make([]int32, len(c.Comps))}
	for _, m := range c.Nodes {
		e.nodes = append(e.nodes, &node{m: m, name: m.Name, admin: admin{state: Unlocked}, oper: Enabled})
	}
	for _, m := range c.Apps {
		e.apps = append(e.apps, &app{m: m, admin: admin{state: Unlocked}})
	}
	for _, m := range c.SGs {
		e.groups = append(e.groups, &group{m: m, admin: admin{state: Unlocked}, prefer: -1})
	}
	for _, m := range c.SUs {
		e.units = append(e.units, &unit{m: m, admin: admin{state: Unlocked}, oper: Enabled})
	}
	e.index = make(map[string]int, len(c.Comps))
	for _, m := range c.Comps {
		e.index[m.DN] = m.Index
		e.comps = append(e.comps, &comp{m: m, presence: Uninstantiated, oper: Enabled, proxy: -1, asked: -1})
	}
	for _, m := range c.SIs {
		e.sis = append(e.sis, &instance{m: m, admin: admin{state: Unlocked}, prefer: -1, deps: make([]dependency, len(m.Dependencies))})
	}
	for range c.CSIs {
		e.csis = append(e.csis, csiState{last: -1})
	}
	e.started = c.StartupTimeout == 0
	e.quorate = !majority
	return e
}

// nodeByID is a present node, or nil.
func (e *Engine) nodeByID(id wire.NodeID) *node {
	if id == 0 {
		return nil
	}
	for _, n := range e.nodes {
		if n.member.ID == id {
			return n
		}
	}
	return nil
}

// nodeOf is the AMF node of a unit, or nil.
func (e *Engine) nodeOf(u *unit) *node {
	if u.m.Node == nil {
		return nil
	}
	return e.nodes[u.m.Node.Index]
}

func (e *Engine) unitOf(c *comp) *unit { return e.units[c.m.SU.Index] }
func (e *Engine) groupOf(u *unit) *group {
	return e.groups[u.m.SG.Index]
}
func (e *Engine) appOf(g *group) *app { return e.apps[g.m.App.Index] }

// find is the assignment of an instance to a unit, or nil.
func (u *unit) find(si int32) *assign {
	for _, a := range u.assigns {
		if a.si == si {
			return a
		}
	}
	return nil
}

// add puts a new assignment in its place.
func (u *unit) add(si int32) *assign {
	a := &assign{si: si, su: int32(u.m.Index)}
	i := 0
	for i < len(u.assigns) && u.assigns[i].si < si {
		i++
	}
	u.assigns = append(u.assigns, nil)
	copy(u.assigns[i+1:], u.assigns[i:])
	u.assigns[i] = a
	return a
}

func (u *unit) drop(a *assign) {
	for i := range u.assigns {
		if u.assigns[i] == a {
			u.assigns = append(u.assigns[:i], u.assigns[i+1:]...)
			return
		}
	}
}

// done tells whether everything commanded was answered.
func (a *assign) done() bool {
	if a.removing {
		return false
	}
	for i := range a.csis {
		if a.csis[i].acked != a.ha {
			return false
		}
	}
	return a.ha != HANone
}

// hot tells whether anything of it may be active.
func (a *assign) hot() bool {
	for i := range a.csis {
		if a.csis[i].hot {
			return true
		}
	}
	return false
}

// exposed tells whether any component still has anything of it.
func (a *assign) exposed() bool {
	for i := range a.csis {
		if a.csis[i].exposed {
			return true
		}
	}
	return false
}

// adminOf is the strictest administrative state above and of a unit.
func (e *Engine) adminOf(u *unit) AdminState {
	g := e.groupOf(u)
	worst := Unlocked
	look := func(s AdminState) {
		if strictness(s) > strictness(worst) {
			worst = s
		}
	}
	look(u.admin.state)
	look(g.admin.state)
	look(e.appOf(g).admin.state)
	if n := e.nodeOf(u); n != nil {
		look(n.admin.state)
	}
	return worst
}

func strictness(s AdminState) int {
	switch s {
	case ShuttingDown:
		return 1
	case Locked:
		return 2
	case LockedInst:
		return 3
	default:
		return 0
	}
}

// Presence of a unit follows from its components'.
func (e *Engine) presenceOf(u *unit) Presence {
	var seen [TerminationFailed + 1]int
	pre := 0
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if !m.PreInstantiable() && c.presence != TerminationFailed && c.presence != InstantiationFailed {
			continue
		}
		pre++
		seen[c.presence]++
	}
	switch {
	case seen[TerminationFailed] > 0:
		return TerminationFailed
	case seen[InstantiationFailed] > 0:
		return InstantiationFailed
	case pre == 0:
		return e.presenceOfWorking(u)
	case seen[Terminating] > 0:
		return Terminating
	case seen[Instantiated] == pre:
		return Instantiated
	case seen[Restarting] == pre:
		return Restarting
	case seen[Instantiated]+seen[Restarting] == pre:
		return Instantiated
	case seen[Uninstantiated] == pre:
		return Uninstantiated
	case u.restarting:
		return Restarting
	case seen[Instantiating] > 0 || seen[Restarting] > 0:
		return Instantiating
	}
	// Some are up and some are not: on the way up, or down.
	if e.wantUp(u) {
		return Instantiating
	}
	return Terminating
}

// presenceOfWorking is the presence of a unit none of whose components is
// instantiated before it has work.
func (e *Engine) presenceOfWorking(u *unit) Presence {
	p := Uninstantiated
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; c.presence != Uninstantiated {
			p = c.presence
		}
	}
	return p
}

// preInstantiable tells whether any component is instantiated before it has work.
func preInstantiable(m *model.SU) bool {
	for _, c := range m.Comps {
		if c.PreInstantiable() {
			return true
		}
	}
	return false
}

// place is how a unit may be used by the plan.
type place uint8

const (
	placeOut      place = iota // assignments must go
	placeStopping              // actives finish, nothing new
	placeKeep                  // what it has stays, nothing new: something is restarting
	placeIn                    // in service
)

// placeOf is what the readiness state of a unit follows from.
func (e *Engine) placeOf(u *unit) place {
	if u.oper != Enabled || u.failing || u.drain || e.appOf(e.groupOf(u)).restarting {
		return placeOut
	}
	if u.m.Node != nil {
		n := e.nodeOf(u)
		if n.failfast {
			return placeKeep // until it has left
		}
		if !n.present() || n.oper != Enabled || n.repairing {
			return placeOut
		}
	}
	working := !preInstantiable(u.m)
	p := e.presenceOf(u)
	switch {
	case p == TerminationFailed || p == InstantiationFailed:
		return placeOut
	case working:
	case p == Restarting || u.restarting:
	case p != Instantiated:
		return placeOut
	}
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; c.oper != Enabled || c.erring {
			return placeOut
		}
	}
	switch e.adminOf(u) {
	case Unlocked:
	case ShuttingDown:
		if u.pending.state == pendingAsked {
			return placeKeep
		}
		return placeStopping
	default:
		if u.pending.state == pendingAsked {
			return placeKeep
		}
		return placeOut
	}
	if u.restarting || p == Restarting {
		return placeKeep
	}
	for _, m := range u.m.Comps {
		if e.comps[m.Index].presence == Restarting {
			return placeKeep
		}
	}
	return placeIn
}

// readinessOf is a unit's readiness state.
func (e *Engine) readinessOf(u *unit) Readiness {
	switch e.placeOf(u) {
	case placeIn, placeKeep:
		return InService
	case placeStopping:
		return Stopping
	}
	return OutOfService
}

// readiness of a component: its unit's, while it is there.
func (e *Engine) readiness(c *comp) Readiness {
	if c.oper != Enabled || c.presence != Instantiated {
		return OutOfService
	}
	return e.readinessOf(e.unitOf(c))
}
