// The life of components and units: instantiation by level, termination, cleanup,
// restart; registration; and the readiness states that generation A is told.

package engine

import (
	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

// wantUp tells whether a unit's components are to be instantiated.
func (e *Engine) wantUp(u *unit) bool {
	if u.failing || u.oper != Enabled && !u.drain || e.adminOf(u) == LockedInst || e.appOf(e.groupOf(u)).restarting {
		return false
	}
	if n := e.nodeOf(u); n != nil {
		if !n.present() || n.oper != Enabled || n.repairing || n.failfast {
			return false
		}
	}
	for _, m := range u.m.Comps {
		if p := e.comps[m.Index].presence; p == InstantiationFailed || p == TerminationFailed {
			return false
		}
	}
	return true
}

// frozen tells whether a unit's node was told to leave, hard: nothing more is asked
// of it.
func (e *Engine) frozen(u *unit) bool {
	n := e.nodeOf(u)
	return n != nil && n.failfast
}

// unitLife moves every component of a unit towards up or down.
func (e *Engine) unitLife(u *unit) {
	if e.frozen(u) {
		return
	}
	up := e.wantUp(u)
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if u.m.Node != nil {
			c.host = e.nodeOf(u).member.ID
		}
		e.retryCleanup(c)
		if up && (m.PreInstantiable() || e.hasWork(c)) {
			e.raise(u, c)
		} else {
			e.lower(u, c)
		}
	}
	if u.restarting && !up {
		u.restarting = false
		e.touch()
	}
	if !u.restarting {
		for _, m := range u.m.Comps {
			e.comps[m.Index].due = false
		}
	}
	if u.restarting {
		e.restartDue(u)
		for _, m := range u.m.Comps {
			if c := e.comps[m.Index]; m.PreInstantiable() && !m.SelfStarted && (c.presence != Instantiated || c.restart || c.due) {
				return
			}
		}
		u.restarting = false
		e.touch()
	}
	e.repairUnit(u)
}

// hasWork tells whether a component that is instantiated for its work has some.
func (e *Engine) hasWork(c *comp) bool {
	for _, a := range e.unitOf(c).assigns {
		for i := range a.csis {
			if cs := &a.csis[i]; e.comps[cs.comp] == c && cs.ha == HAActive && a.ha == HAActive && !a.removing {
				return true
			}
		}
	}
	return false
}

// raise instantiates a component when those of lower levels are.
func (e *Engine) raise(u *unit, c *comp) {
	if c.op != opNone || c.alive || c.m.SelfStarted && !c.registered || c.oper != Enabled || c.presence != Uninstantiated && c.presence != Restarting && c.presence != Instantiating {
		return
	}
	for _, m := range u.m.Comps {
		other := e.comps[m.Index]
		if m.InstantiationLevel < c.m.InstantiationLevel && m.PreInstantiable() && other.presence != Instantiated {
			return
		}
	}
	if e.anyDue(u) {
		return
	}
	e.instantiate(c)
}

// instantiate makes an attempt.
func (e *Engine) instantiate(c *comp) {
	proxied := e.isProxied(c)
	node, inv := e.invocation(c)
	if inv == 0 {
		return // no node, or no proxy yet
	}
	if c.presence != Restarting {
		c.presence = Instantiating
	}
	c.gen++
	c.alive, c.op, c.inv, c.asked = true, opInstantiate, inv, e.proxyIndex(c)
	limit := c.m.Instantiate.Timeout
	if proxied {
		limit = c.m.DefaultCallbackTimeout
	}
	limit = limitOf(limit)
	c.timer = e.startTimer(timerOp, int32(c.m.Index), 0, limit)
	e.emit(Output{Kind: OutInstantiate, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv,
		Incarnation: c.gen, Limit: limit, Callback: proxied, Cause: e.cause})
	e.touch()
}

// lower ends a component when its unit has no work left and higher levels are down.
func (e *Engine) lower(u *unit, c *comp) {
	if c.op == opDelay {
		e.endOp(c)
		e.touch()
	}
	if !c.alive {
		if c.presence == Restarting || c.presence == Instantiating || c.presence == Terminating {
			c.presence = Uninstantiated
			c.restart, c.attempts = false, 0
			e.touch()
		}
		return
	}
	if c.m.SelfStarted && !u.failing && e.adminOf(u) != LockedInst {
		return // it may stay, out of service
	}
	switch {
	case c.op == opTerminate || c.op == opCleanup || c.presence == TerminationFailed:
		return
	case u.failing || e.failedUnit(u):
		e.cleanup(c, false)
		return
	case c.op == opInstantiate:
		e.cleanup(c, false)
		return
	}
	if !c.m.PreInstantiable() && !e.hasWork(c) {
		e.terminate(c, false) // its work is over
		return
	}
	if len(u.assigns) > 0 {
		return
	}
	for _, m := range u.m.Comps {
		if other := e.comps[m.Index]; m.InstantiationLevel > c.m.InstantiationLevel && other.alive {
			return
		}
	}
	e.terminate(c, false)
}

// failedUnit tells whether a component of the unit cannot be instantiated or ended.
func (e *Engine) failedUnit(u *unit) bool {
	for _, m := range u.m.Comps {
		if p := e.comps[m.Index].presence; p == InstantiationFailed || p == TerminationFailed {
			return true
		}
	}
	return false
}

// terminate asks a component to end.
func (e *Engine) terminate(c *comp, restart bool) {
	e.endOp(c)
	byCallback := (c.m.Registers() || e.isProxied(c)) && e.reachable(c)
	if !byCallback && (c.m.Registers() || e.isProxied(c) || c.m.Terminate.Path == "") {
		e.cleanup(c, restart)
		return
	}
	node, inv := e.invocation(c)
	if inv == 0 {
		e.cleanup(c, restart)
		return
	}
	e.leave(c, restart)
	c.op, c.inv, c.asked = opTerminate, inv, e.proxyIndex(c)
	limit := c.m.Terminate.Timeout
	if byCallback {
		limit = c.m.TerminateTimeout
	}
	limit = limitOf(limit)
	c.timer = e.startTimer(timerOp, int32(c.m.Index), 0, limit)
	e.emit(Output{Kind: OutTerminate, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv,
		Incarnation: c.gen, Limit: limit, Callback: byCallback, Cause: e.cause})
	e.touch()
}

// leave notes that a component is being ended.
func (e *Engine) leave(c *comp, restart bool) {
	c.restart, c.due = restart, false
	if restart {
		c.presence = Restarting
	} else {
		c.presence = Terminating
	}
}

// cleanup ends a component hard. restart: it is to come back.
func (e *Engine) cleanup(c *comp, restart bool) {
	if c.op == opCleanup {
		if !restart && c.restart {
			e.leave(c, false)
		}
		return
	}
	e.endOp(c)
	e.dropCalls(c)
	e.leave(c, restart)
	e.touch()
	node, inv := e.invocation(c)
	c.op, c.inv, c.asked = opCleanup, inv, e.proxyIndex(c)
	if inv == 0 {
		if e.isProxied(c) && e.nodeByID(c.host) != nil || c.m.SU.External {
			return // waits for a proxy: retryCleanup
		}
		e.gone(c)
		return
	}
	byProxy := e.isProxied(c)
	limit := c.m.Cleanup.Timeout
	if byProxy {
		limit = c.m.DefaultCallbackTimeout
	}
	limit = limitOf(limit)
	c.timer = e.startTimer(timerOp, int32(c.m.Index), 0, limit)
	e.emit(Output{Kind: OutCleanup, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv,
		Incarnation: c.gen, Limit: limit, Callback: byProxy, Return: restart, Cause: e.cause})
}

// retryCleanup asks a new proxy for what no proxy could be asked.
func (e *Engine) retryCleanup(c *comp) {
	if c.op == opCleanup && c.inv == 0 && e.proxyOf(c) != nil {
		c.op = opNone
		e.cleanup(c, c.restart)
	}
}

// endOp forgets the operation in progress.
func (e *Engine) endOp(c *comp) {
	e.stopTimer(&c.timer)
	c.op, c.inv, c.asked = opNone, 0, -1
}

// dropCalls forgets every callback of a component that was not answered. What was
// exposed stays exposed: only its end is certain to end a role.
func (e *Engine) dropCalls(c *comp) {
	e.stopTimer(&c.toldTimer)
	e.stopTimer(&c.confirmTmr)
	c.toldInv, c.stopInv, c.confirmInv = 0, 0, 0
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		e.stopTimer(&cs.timer)
		e.stopTimer(&cs.quiesce)
		cs.inv, cs.quiesInv = 0, 0
	})
}

// eachCSI calls f for each CSI of a component.
func (e *Engine) eachCSI(c *comp, f func(*assign, *csiAssign)) {
	for _, a := range e.unitOf(c).assigns {
		for i := range a.csis {
			if int(a.csis[i].comp) == c.m.Index {
				f(a, &a.csis[i])
			}
		}
	}
}

// gone is called when nothing of a component is left: neither process nor role.
func (e *Engine) gone(c *comp) {
	e.endOp(c)
	e.dropCalls(c)
	if !(c.restart && c.proxy >= 0 && c.m.SelfStarted) { // an external component restarts under its proxy
		e.unregistered(c)
	}
	c.alive = false
	c.told = 0
	c.haReady, c.haReadyAll, c.due = nil, 0, false
	if e.unitOf(c).m.Node == nil && !c.restart {
		c.host = 0
	}
	e.eachCSI(c, func(a *assign, cs *csiAssign) {
		cs.ha, cs.acked, cs.hot, cs.exposed = HANone, HANone, false, false
		if a.removing {
			cs.removing = true
		}
	})
	if c.restart {
		c.restart = false
		c.presence = Restarting
		if c.m.SelfStarted && !c.registered {
			c.presence = Uninstantiated
			c.host = 0
		}
	} else if c.presence != InstantiationFailed {
		c.presence = Uninstantiated
	}
	e.touch()
}

// unregistered takes a component's registration, and those of whom it was the proxy.
func (e *Engine) unregistered(c *comp) {
	if !c.registered {
		return
	}
	c.registered = false
	e.emit(Output{Kind: OutUnregistered, Node: c.host, Comp: c.m, Incarnation: c.gen})
	c.proxy = -1
	for _, p := range e.comps {
		switch i := int32(c.m.Index); {
		case p.proxy == i && p.registered:
			e.unproxied(p)
		case p.asked == i && p.inv != 0:
			e.unasked(p)
		}
	}
	c.caps = 0
	e.touch()
}

// unproxied takes a proxied component's registration: it goes on by itself, and what
// it was asked and did not answer is asked again through the next proxy.
func (e *Engine) unproxied(p *comp) {
	e.emit(Output{Kind: OutUnregistered, Node: e.comps[p.proxy].host, Comp: p.m, Incarnation: p.gen})
	p.registered, p.proxy = false, -1
	e.eachCSI(p, func(_ *assign, cs *csiAssign) {
		e.stopTimer(&cs.timer)
		if cs.inv != 0 {
			cs.inv, cs.ha = 0, HANone
			cs.removing = false
		}
	})
	e.unasked(p)
}

// unasked begins anew what a proxy was asked that is no proxy any more.
func (e *Engine) unasked(p *comp) {
	switch p.op {
	case opTerminate, opCleanup:
		restart := p.restart
		e.endOp(p)
		p.op, p.restart = opCleanup, restart
	case opInstantiate:
		e.endOp(p)
		p.alive = false
		p.presence = Uninstantiated
	}
	e.touch()
}

// opDone handles the answer to the operation in progress.
func (e *Engine) opDone(c *comp, r ipcwire.Error) {
	switch c.op {
	case opInstantiate:
		if r != ipcwire.OK {
			e.sayf(CauseCommandFailed, "instantiation ended with error %d", r)
			e.attemptFailed(c)
			return
		}
		c.inv = 0
		e.instantiated(c)
	case opTerminate:
		if r != ipcwire.OK {
			e.sayf(CauseCommandFailed, "termination ended with error %d", r)
			e.cleanup(c, c.restart)
			return
		}
		e.gone(c)
	case opCleanup:
		if r != ipcwire.OK {
			e.sayf(CauseCommandFailed, "cleanup ended with error %d", r)
			e.cleanupFailed(c)
			return
		}
		e.cleaned(c)
	}
}

// opLate handles an operation that took too long.
func (e *Engine) opLate(c *comp) {
	c.timer = 0
	e.cause = CauseCommandLate
	switch c.op {
	case opInstantiate:
		e.why = "instantiation took too long"
		e.attemptFailed(c)
	case opTerminate:
		e.why = "termination took too long"
		e.cleanup(c, c.restart)
	case opCleanup:
		e.why = "cleanup took too long"
		e.cleanupFailed(c)
	case opDelay:
		e.endOp(c)
		e.touch()
	}
}

// instantiated is called when the command has ended well or the component has
// registered; both are needed where both are expected.
func (e *Engine) instantiated(c *comp) {
	if c.op != opInstantiate || c.inv != 0 {
		return
	}
	if (c.m.Registers() || e.isProxied(c)) && !c.registered {
		return
	}
	e.endOp(c)
	c.presence, c.attempts, c.oper, c.restart = Instantiated, 0, Enabled, false
	e.touch()
}

// attemptFailed cleans up after an attempt to instantiate.
func (e *Engine) attemptFailed(c *comp) {
	c.attempts++
	keep := c.presence == Restarting
	e.cleanup(c, keep)
	if c.presence == Terminating {
		c.presence = Instantiating
	}
}

// cleaned is called when a cleanup succeeded.
func (e *Engine) cleaned(c *comp) {
	attempt := c.attempts > 0
	restarting := c.restart
	inst := c.presence == Instantiating
	e.gone(c)
	if !attempt || !inst && !restarting {
		return
	}
	// The next attempt, at once or later, or none.
	switch {
	case int(c.attempts) < c.m.MaxInstantiateWithoutDelay:
	case int(c.attempts) < c.m.MaxInstantiateWithoutDelay+c.m.MaxInstantiateDelay:
		c.op = opDelay
		c.timer = e.startTimer(timerOp, int32(c.m.Index), 0, c.m.DelayBetweenInstantiate)
		if c.timer == 0 {
			c.op = opNone
		}
	default:
		e.instantiationFailed(c)
		return
	}
	if inst {
		c.presence = Instantiating
	}
}

// instantiationFailed gives a component up.
func (e *Engine) instantiationFailed(c *comp) {
	u := e.unitOf(c)
	c.presence, c.attempts, c.restart = InstantiationFailed, 0, false
	u.oper, u.restarting = Disabled, false
	e.touch()
	if n := e.nodeOf(u); n != nil && n.m.RebootOnInstantiateFailure {
		e.sayf(CauseEscalation, "%s cannot be instantiated", c.m.DN)
		e.failfast(n)
	}
}

// cleanupFailed: nobody knows what the component still does. An external component of
// generation A that did not come back is switched off first.
func (e *Engine) cleanupFailed(c *comp) {
	u := e.unitOf(c)
	external := c.m.SelfStarted && e.isProxied(c)
	e.endOp(c)
	if external && c.restart {
		e.recovery(c.m.DN, "component failover")
		e.cleanup(c, false)
		return
	}
	c.presence, c.restart = TerminationFailed, false
	u.oper, u.restarting = Disabled, false
	e.touch()
	if n := e.nodeOf(u); n != nil && n.m.RebootOnTerminationFailure {
		e.sayf(CauseEscalation, "%s cannot be ended", c.m.DN)
		e.failfast(n)
	}
}

// repairUnit enables a unit that failed, when everything of it is ended and it may.
func (e *Engine) repairUnit(u *unit) {
	if !u.failing && !u.drain {
		return
	}
	if len(u.assigns) > 0 {
		return
	}
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if u.failing && c.alive && !c.m.SelfStarted || c.op != opNone || c.presence == TerminationFailed || c.presence == InstantiationFailed {
			return
		}
	}
	u.failing, u.drain = false, false
	if u.m.SG.AutoRepair && !planted(bugLostUnit) {
		e.cause = CauseRepair
		e.enableUnit(u)
	}
	e.touch()
}

// enableUnit makes a unit usable again.
func (e *Engine) enableUnit(u *unit) {
	u.oper = Enabled
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if !c.erring {
			c.oper = Enabled
		}
	}
}

// nodeLife repairs nodes and ends what was to be ended on them, and restarts of
// applications.
func (e *Engine) nodeLife() {
	for _, n := range e.nodes {
		if !n.repairing {
			continue
		}
		if e.quiet(func(u *unit) bool { return e.nodeOf(u) == n }) {
			n.repairing = false
			if n.m == nil || n.m.AutoRepair {
				e.cause = CauseRepair
				n.oper = Enabled
			}
			e.touch()
		}
	}
	for _, a := range e.apps {
		if a.restarting && e.quiet(func(u *unit) bool { return e.appOf(e.groupOf(u)) == a }) {
			a.restarting = false
			e.touch()
		}
	}
	if !e.started && e.startup != 0 && e.allSettled() {
		e.cause, e.why = CauseStartup, "every unit is instantiated"
		e.start()
	}
}

// quiet tells whether nothing is left of the units that match.
func (e *Engine) quiet(match func(*unit) bool) bool {
	for _, u := range e.units {
		if !match(u) {
			continue
		}
		if len(u.assigns) > 0 {
			return false
		}
		for _, m := range u.m.Comps {
			if c := e.comps[m.Index]; c.alive && c.presence != TerminationFailed && !m.SelfStarted {
				return false
			}
		}
	}
	return true
}

// allSettled tells whether every unit is as far as it can come at startup.
func (e *Engine) allSettled() bool {
	for _, n := range e.nodes {
		if !n.present() {
			return false
		}
	}
	for _, u := range e.units {
		if !preInstantiable(u.m) || e.adminOf(u) == LockedInst || e.waitsForProxy(u) {
			continue
		}
		external := u.m.Node == nil
		switch e.presenceOf(u) {
		case Instantiated, InstantiationFailed, TerminationFailed:
		case Uninstantiated:
			if !external {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// waitsForProxy tells whether a unit cannot be instantiated before assignments are
// made: its components' proxy must be active first.
func (e *Engine) waitsForProxy(u *unit) bool {
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; m.IsProxied() && !c.alive && e.proxyOf(c) == nil {
			return true
		}
	}
	return false
}

// register handles a registration. See InRegister for the results.
func (e *Engine) register(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil {
		return ipcwire.ErrNotExist
	}
	n := e.nodeByID(in.Node)
	if n == nil {
		return ipcwire.ErrTryAgain
	}
	e.cause = CauseRegistered
	if in.Proxy != "" {
		return e.registerProxied(c, in)
	}
	switch {
	case c.m.IsProxied():
		return ipcwire.ErrBadOperation
	case c.registered:
		return ipcwire.ErrExist
	case c.m.SelfStarted:
		if c.op != opNone || c.alive || e.adminOf(e.unitOf(c)) == LockedInst {
			return ipcwire.ErrTryAgain
		}
		c.host, c.alive, c.presence, c.oper = n.member.ID, true, Instantiated, Enabled
		c.gen++
	case c.host != n.member.ID || c.op == opCleanup || c.op == opTerminate:
		return ipcwire.ErrTryAgain
	case c.op != opInstantiate && c.presence != Instantiated:
		return ipcwire.ErrBadOperation
	case in.Incarnation != 0 && in.Incarnation != c.gen:
		return ipcwire.ErrTryAgain
	}
	c.registered, c.caps, c.proxy = true, in.Callbacks, -1
	c.told = OutOfService // which it takes for granted
	e.emit(Output{Kind: OutRegistered, Node: n.member.ID, Comp: c.m, Incarnation: c.gen, Cause: e.cause})
	e.instantiated(c)
	e.touch()
	return ipcwire.OK
}

// registerProxied handles a registration through a proxy.
func (e *Engine) registerProxied(c *comp, in *Input) ipcwire.Error {
	p := e.find(in.Proxy)
	switch {
	case p == nil:
		return ipcwire.ErrNotExist
	case p == c || !p.registered || p.host != in.Node:
		return ipcwire.ErrBadOperation
	case !c.m.IsProxied() && !c.m.SelfStarted:
		return ipcwire.ErrBadOperation
	case c.m.ProxyCSIRef != nil && !e.hasActive(p, c.m.ProxyCSIRef):
		return ipcwire.ErrBadOperation
	case c.registered:
		return ipcwire.ErrExist
	}
	fresh := !c.alive
	c.proxy, c.registered, c.caps = int32(p.m.Index), true, in.Callbacks
	if c.m.SU.Node == nil {
		c.host = p.host
	}
	if fresh && c.op == opNone {
		c.alive, c.presence, c.oper = true, Instantiated, Enabled
		c.gen++
	}
	e.emit(Output{Kind: OutRegistered, Node: p.host, Comp: c.m, Proxy: p.m, Incarnation: c.gen, Cause: e.cause})
	e.retryCleanup(c)
	e.instantiated(c)
	e.touch()
	return ipcwire.OK
}

// hasActive tells whether a component is active for a CSI.
func (e *Engine) hasActive(c *comp, csi *model.CSI) bool {
	found := false
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		found = found || int(cs.csi) == csi.Index && cs.hot
	})
	return found
}

// unregister handles the end of a registration that a program asked for.
func (e *Engine) unregister(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil || !c.registered {
		return ipcwire.ErrNotExist
	}
	proxy := ""
	if c.proxy >= 0 {
		proxy = e.comps[c.proxy].m.DN
	}
	if proxy != in.Proxy || e.site(c) != in.Node {
		return ipcwire.ErrBadOperation
	}
	e.cause = CauseUnregistered
	switch {
	case c.proxy >= 0 && c.m.IsProxied():
		e.unproxied(c)
	case c.op == opTerminate || c.op == opCleanup:
		e.unregistered(c)
	case c.m.SelfStarted:
		// It says itself that it does not work any more.
		c.restart = false
		e.gone(c)
	default:
		e.unregistered(c)
		e.fault(c, c.m.RecoveryOnError)
	}
	e.touch()
	return ipcwire.OK
}

// tell tells a component of generation A its readiness state. It returns whether the
// component knows, so that it can be given work.
func (e *Engine) tell(c *comp) bool {
	if c.caps&GenerationA == 0 {
		return true
	}
	if c.op != opNone {
		return false // it is being ended
	}
	r := e.readiness(c)
	if c.erring {
		r = OutOfService
	}
	if r == OutOfService && len(e.unitOf(c).assigns) > 0 && c.told != OutOfService {
		return c.toldInv == 0 // it keeps its readiness state until its work is taken
	}
	if r == c.told {
		return c.toldInv == 0
	}
	if c.toldInv != 0 && c.told == r || !e.reachable(c) {
		return false
	}
	e.stopTimer(&c.toldTimer)
	node, inv := e.invocation(c)
	if inv == 0 {
		return false
	}
	c.told, c.toldInv = r, inv
	if r == Stopping {
		c.stopInv = inv
	} else {
		c.stopInv = 0
	}
	c.toldTimer = e.startTimer(timerTold, int32(c.m.Index), 0, limitOf(c.m.DefaultCallbackTimeout))
	e.emit(Output{Kind: OutReadinessSet, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv,
		Incarnation: c.gen, Readiness: r, Limit: limitOf(c.m.DefaultCallbackTimeout), Cause: e.cause})
	return false
}

func (e *Engine) toldLate(c *comp) {
	c.toldTimer = 0
	e.sayf(CauseAnswerLate, "the readiness state was not answered")
	e.fault(c, c.m.RecoveryOnError)
}
