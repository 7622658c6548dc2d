// Administrative operations, on nodes, applications, groups, units, instances and
// components. The result is that of the request; what it leads to shows in the states.
//
//	unlock                 LOCKED, SHUTTING_DOWN > UNLOCKED
//	lock                   > LOCKED: work is taken away (quiesced, removed)
//	shutdown               UNLOCKED > SHUTTING_DOWN: work is finished (quiescing), then LOCKED
//	lock instantiation     LOCKED > LOCKED_INSTANTIATION: components are terminated
//	unlock instantiation   and back to LOCKED
//	restart                of a component, a unit, the units of a node, an application
//	SI swap                active and standby change places
//	SG adjust              assignments go back to the preferred units
//	repaired               a disabled component, unit or node is usable again
//
// Components of generation A that have the callback are asked before a lock or a
// shutdown takes work from them: OK lets it go on, TRY_AGAIN has them asked again
// after the time for callbacks, without an answer it goes on and they are told so
// (pendingOperationExpired).

package engine

import (
	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

// target is what an operation is about; one field is set.
type target struct {
	node  *node
	app   *app
	group *group
	unit  *unit
	si    *instance
	comp  *comp
}

func (e *Engine) target(dn string) (t target, ok bool) {
	for _, n := range e.nodes {
		if n.m != nil && n.m.DN == dn || n.m == nil && n.name == dn {
			t.node = n
			return t, true
		}
	}
	for _, a := range e.apps {
		if a.m.DN == dn {
			t.app = a
			return t, true
		}
	}
	for _, g := range e.groups {
		if g.m.DN == dn {
			t.group = g
			return t, true
		}
	}
	for _, u := range e.units {
		if u.m.DN == dn {
			t.unit = u
			return t, true
		}
	}
	for _, si := range e.sis {
		if si.m.DN == dn {
			t.si = si
			return t, true
		}
	}
	if c := e.find(dn); c != nil {
		t.comp = c
		return t, true
	}
	return t, false
}

func (t target) admin() *admin {
	switch {
	case t.node != nil:
		return &t.node.admin
	case t.app != nil:
		return &t.app.admin
	case t.group != nil:
		return &t.group.admin
	case t.unit != nil:
		return &t.unit.admin
	case t.si != nil:
		return &t.si.admin
	}
	return nil
}

// holds tells whether a unit is part of what an operation is about.
func (e *Engine) holds(t target, u *unit) bool {
	g := e.groupOf(u)
	switch {
	case t.node != nil:
		return e.nodeOf(u) == t.node
	case t.app != nil:
		return e.appOf(g) == t.app
	case t.group != nil:
		return g == t.group
	case t.unit != nil:
		return u == t.unit
	case t.comp != nil:
		return e.unitOf(t.comp) == u
	}
	return false
}

func (e *Engine) administer(in *Input) ipcwire.Error {
	t, ok := e.target(in.Target)
	if !ok {
		return ipcwire.ErrNotExist
	}
	e.sayf(CauseAdmin, "operation %d", in.Admin)
	switch in.Admin {
	case AdminUnlock, AdminLock, AdminLockInstantiation, AdminUnlockInstantiation, AdminShutdown:
		return e.setAdmin(t, in.Admin)
	case AdminRestart:
		return e.adminRestart(t)
	case AdminSISwap:
		return e.swap(t)
	case AdminSGAdjust:
		if t.group == nil {
			return ipcwire.ErrNotSupported
		}
		t.group.adjusting = true
		e.touch()
		return ipcwire.OK
	case AdminRepaired:
		return e.repaired(t)
	}
	return ipcwire.ErrInvalidParam
}

func (e *Engine) setAdmin(t target, op AdminOp) ipcwire.Error {
	a := t.admin()
	if a == nil || t.si != nil && (op == AdminLockInstantiation || op == AdminUnlockInstantiation) {
		return ipcwire.ErrNotSupported
	}
	to, from := Unlocked, a.state
	legal := false
	switch op {
	case AdminUnlock:
		to, legal = Unlocked, from == Locked || from == ShuttingDown
	case AdminLock:
		to, legal = Locked, from == Unlocked || from == ShuttingDown
	case AdminShutdown:
		to, legal = ShuttingDown, from == Unlocked
	case AdminLockInstantiation:
		to, legal = LockedInst, from == Locked
	case AdminUnlockInstantiation:
		to, legal = Locked, from == LockedInst
	}
	if from == to {
		return ipcwire.ErrExist // nothing to do: NO_OP in later versions
	}
	if !legal {
		return ipcwire.ErrBadOperation
	}
	a.state = to
	a.seq++
	e.touch()
	if op == AdminLock || op == AdminShutdown {
		flag := uint32(PendingSwitchover)
		if op == AdminShutdown {
			flag = PendingShutdown
		}
		for _, u := range e.units {
			if e.holds(t, u) {
				e.askPending(u, flag)
			}
		}
	}
	if op == AdminUnlock {
		for _, u := range e.units {
			if e.holds(t, u) {
				e.endPending(u)
			}
		}
	}
	return ipcwire.OK
}

// finishShutdown makes SHUTTING_DOWN locked when nothing is left to finish.
func (e *Engine) finishShutdown(a *admin, left func() bool) {
	if a.state == ShuttingDown && !left() {
		a.state = Locked
		e.touch()
	}
}

// shutdowns looks which shutdowns have come to their end.
func (e *Engine) shutdowns() {
	busy := func(t target) func() bool {
		return func() bool {
			for _, u := range e.units {
				if e.holds(t, u) && len(u.assigns) > 0 {
					return true
				}
			}
			return false
		}
	}
	for _, n := range e.nodes {
		e.finishShutdown(&n.admin, busy(target{node: n}))
	}
	for _, a := range e.apps {
		e.finishShutdown(&a.admin, busy(target{app: a}))
	}
	for _, g := range e.groups {
		e.finishShutdown(&g.admin, busy(target{group: g}))
	}
	for _, u := range e.units {
		e.finishShutdown(&u.admin, busy(target{unit: u}))
	}
	for _, si := range e.sis {
		e.finishShutdown(&si.admin, func() bool {
			for _, m := range si.m.SG.SUs {
				if e.units[m.Index].find(int32(si.m.Index)) != nil {
					return true
				}
			}
			return false
		})
	}
}

func (e *Engine) adminRestart(t target) ipcwire.Error {
	switch {
	case t.comp != nil:
		c := t.comp
		if c.presence != Instantiated || c.op != opNone || c.m.SelfStarted {
			return ipcwire.ErrBadOperation
		}
		e.recovery(c.m.DN, "component restart")
		e.terminate(c, true)
	case t.unit != nil:
		if e.presenceOf(t.unit) != Instantiated || t.unit.restarting || t.unit.drain || t.unit.m.Comps[0].SelfStarted {
			return ipcwire.ErrBadOperation
		}
		e.recovery(t.unit.m.DN, "service unit restart")
		e.restartAll(t.unit, false)
	case t.node != nil:
		return e.restartNode(t.node)
	case t.app != nil:
		if t.app.restarting {
			return ipcwire.ErrBadOperation
		}
		// In order: work is taken away, then components are terminated.
		e.recovery(t.app.m.DN, "application restart")
		t.app.restarting = true
		e.touch()
	default:
		return ipcwire.ErrNotSupported
	}
	return ipcwire.OK
}

// restartNode restarts the units of a node that are up, or none if one of them is on its
// way somewhere.
func (e *Engine) restartNode(n *node) ipcwire.Error {
	var list []*unit
	for _, u := range e.units {
		if e.nodeOf(u) != n || e.presenceOf(u) == Uninstantiated {
			continue
		}
		if e.presenceOf(u) != Instantiated || u.restarting || u.drain {
			return ipcwire.ErrBadOperation
		}
		list = append(list, u)
	}
	if len(list) == 0 || n.repairing || n.failfast {
		return ipcwire.ErrBadOperation
	}
	for _, u := range list {
		e.recovery(u.m.DN, "service unit restart")
		e.restartAll(u, false)
	}
	return ipcwire.OK
}

// swap makes a standby active and the active standby.
func (e *Engine) swap(t target) ipcwire.Error {
	if t.si == nil {
		return ipcwire.ErrNotSupported
	}
	g := e.groups[t.si.m.SG.Index]
	if g.m.Redundancy == model.NoRedundancy || g.m.Redundancy == model.NWayActive {
		return ipcwire.ErrNotSupported
	}
	var active, standby *unit
	p := e.planner(g, false)
	for _, u := range p.units {
		a := u.find(int32(t.si.m.Index))
		switch {
		case a == nil || !a.done():
		case a.ha == HAActive:
			active = u
		case a.ha == HAStandby && e.placeOf(u) == placeIn && p.readiness(u, t.si).allows(HAActive) && (standby == nil || a.rank < standby.find(a.si).rank):
			standby = u
		}
	}
	if g.prefer >= 0 || t.si.prefer >= 0 {
		return ipcwire.ErrTryAgain
	}
	if active == nil || standby == nil || e.placeOf(active) != placeIn {
		return ipcwire.ErrBadOperation
	}
	if g.m.Redundancy == model.TwoN && e.c.Generation == model.GenB {
		g.prefer = int32(standby.m.Index)
	} else {
		t.si.prefer = int32(standby.m.Index)
	}
	e.touch()
	return ipcwire.OK
}

// repaired enables what an operator has repaired: of what could not be ended, he says
// that it has ended.
func (e *Engine) repaired(t target) ipcwire.Error {
	if t.node == nil && t.unit == nil && t.comp == nil {
		return ipcwire.ErrNotSupported
	}
	some := false
	if n := t.node; n != nil {
		if n.oper == Enabled && !n.repairing {
			some = false
		} else {
			n.oper, n.repairing, some = Enabled, false, true
		}
	}
	for _, u := range e.units {
		if !e.holds(t, u) {
			continue
		}
		for _, m := range u.m.Comps {
			c := e.comps[m.Index]
			if c.presence == TerminationFailed || c.presence == InstantiationFailed {
				some = true
				c.restart = false
				c.presence = Terminating
				e.gone(c)
				c.oper = Enabled
			}
		}
		if u.oper != Enabled && !u.failing && !u.drain {
			some = true
			e.enableUnit(u)
		}
	}
	if !some {
		return ipcwire.ErrExist
	}
	e.touch()
	return ipcwire.OK
}

// askPending asks the components of a unit that want to be asked.
func (e *Engine) askPending(u *unit, flag uint32) {
	if len(u.assigns) == 0 {
		return
	}
	u.pending.flags |= flag
	asked := false
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if c.registered && c.caps&CanConfirm != 0 && c.confirmInv == 0 {
			asked = e.askConfirm(u, c) || asked
		}
	}
	if asked {
		u.pending.state = pendingAsked
	}
}

func (e *Engine) askConfirm(u *unit, c *comp) bool {
	node, inv := e.invocation(c)
	if inv == 0 {
		return false
	}
	limit := limitOf(c.m.DefaultCallbackTimeout)
	c.confirmInv = inv
	c.confirmTmr = e.startTimer(timerConfirm, int32(c.m.Index), 0, limit)
	e.emit(Output{Kind: OutPendingConfirm, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv,
		Incarnation: c.gen, Pending: u.pending.flags, Limit: limit, Cause: e.cause})
	return true
}

// confirmed handles the answer of a component that was asked.
func (e *Engine) confirmed(c *comp, r ipcwire.Error) {
	if r == ipcwire.ErrTryAgain || r == ipcwire.ErrBusy {
		c.confirmInv = 0 // its timer goes on, and asks again
		return
	}
	e.stopTimer(&c.confirmTmr)
	c.confirmInv = 0
	e.pendingDone(e.unitOf(c))
}

func (e *Engine) confirmLate(c *comp) {
	c.confirmTmr = 0
	u := e.unitOf(c)
	if c.confirmInv == 0 && u.pending.state == pendingAsked {
		e.askConfirm(u, c)
		return
	}
	c.confirmInv = 0
	if c.registered {
		e.emit(Output{Kind: OutPendingExpired, Node: e.site(c), Comp: c.m, Proxy: e.proxyModel(c),
			Incarnation: c.gen, Pending: u.pending.flags, Cause: e.cause})
	}
	e.pendingDone(u)
}

// pendingDone lets the operation go on when nobody is asked any more.
func (e *Engine) pendingDone(u *unit) {
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; c.confirmInv != 0 || c.confirmTmr != 0 {
			return
		}
	}
	if u.pending.state == pendingAsked {
		u.pending.state = pendingGo
		e.touch()
	}
}

// endPending forgets a pending operation.
func (e *Engine) endPending(u *unit) {
	if u.pending == (pendingOp{}) {
		return
	}
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		e.stopTimer(&c.confirmTmr)
		c.confirmInv = 0
	}
	u.pending = pendingOp{}
	e.touch()
}

// pendings forgets operations that are done, and those whose components are gone.
func (e *Engine) pendings() {
	for _, u := range e.units {
		if u.pending == (pendingOp{}) {
			continue
		}
		if len(u.assigns) == 0 || e.adminOf(u) == Unlocked {
			e.endPending(u)
			continue
		}
		e.pendingDone(u)
	}
}

// dependencies starts and stops the tolerance times of instances whose sponsors are
// not active.
func (e *Engine) dependencies() {
	e.shutdowns()
	e.pendings()
	for i, si := range e.sis {
		for d := range si.deps {
			dep, m := &si.deps[d], &si.m.Dependencies[d]
			if e.isActive(int32(m.SI.Index)) {
				if dep.lost {
					dep.lost = false
					e.touch()
				}
				e.stopTimer(&dep.timer)
				continue
			}
			if dep.lost || dep.timer != 0 || !e.isHot(int32(i)) {
				continue
			}
			if m.Tolerance <= 0 {
				dep.lost = true
				e.touch()
				continue
			}
			dep.timer = e.startTimer(timerDependency, int32(i), int32(d), m.Tolerance)
		}
	}
}

// isHot tells whether anything of an instance may be active.
func (e *Engine) isHot(si int32) bool {
	for _, m := range e.sis[si].m.SG.SUs {
		if a := e.units[m.Index].find(si); a != nil && a.hot() {
			return true
		}
	}
	return false
}
