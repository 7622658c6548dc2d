// What happens when something breaks: errors, and their escalation from a component's
// restart to the restart of its node.
//
//	component restart   counted for the unit within saAmfSGCompRestartProb; the one
//	                    after saAmfSGCompRestartMax is a restart of the unit
//	unit restart        counted within saAmfSGSuRestartProb, in which every component
//	                    restart is one; the one after saAmfSGSuRestartMax is a failover
//	unit failover       counted for the node within saAmfNodeSuFailOverProb; the one
//	                    after saAmfNodeSuFailoverMax is a failover of the node
//	node failover       everything on the node is ended hard
//	node failfast       the executive of the node ends everything and leaves
//
// A probation time of 0 counts nothing. A probation time runs from the first error it
// counts, and forgets all of them at its end.

package engine

import (
	"time"

	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

// count counts an error; true: that was one too many.
func (e *Engine) count(c *counter, kind timerKind, of int32, prob time.Duration, most int) bool {
	if prob <= 0 {
		return false
	}
	if c.timer == 0 {
		c.n = 0
		c.timer = e.startTimer(kind, of, 0, prob)
	}
	c.n++
	if planted(bugMiscount) {
		most++
	}
	return int(c.n) > most
}

// fault recovers from an error of a component. rec is what is recommended.
func (e *Engine) fault(c *comp, rec model.Recovery) {
	u := e.unitOf(c)
	if !c.alive || c.op == opCleanup || u.failing || c.presence == TerminationFailed || c.presence == InstantiationFailed {
		return // it is being recovered from already
	}
	if n := e.nodeOf(u); n != nil && n.failfast {
		return
	}
	if c.m.SelfStarted && !e.isProxied(c) {
		e.evict(c)
		return
	}
	switch {
	case c.op == opInstantiate:
		e.attemptFailed(c)
		return
	case c.op == opTerminate:
		e.cleanup(c, c.restart)
		return
	case c.presence != Instantiated && c.presence != Restarting:
		return
	}
	if rec == model.NoRecommendation {
		rec = c.m.RecoveryOnError
	}
	n := e.nodeOf(u)
	if n == nil && (rec == model.NodeSwitchover || rec == model.NodeFailover || rec == model.NodeFailfast) {
		rec = model.ComponentFailover
	}
	switch rec {
	case model.ComponentRestart, model.ContainerRestart:
		e.restartComp(c)
	case model.ComponentFailover:
		e.failover(c)
	case model.NodeSwitchover:
		e.switchover(n, c)
	case model.NodeFailover:
		e.failoverNode(n)
	case model.NodeFailfast:
		e.failfast(n)
	case model.ClusterReset:
		for _, n := range e.nodes {
			if n.present() {
				e.failfast(n)
			}
		}
	case model.ApplicationRestart:
		e.restartApp(e.appOf(e.groupOf(u)))
	case model.InternallyRecovered:
	default:
		e.failover(c)
	}
}

// restartComp restarts a component, or escalates.
func (e *Engine) restartComp(c *comp) {
	u := e.unitOf(c)
	if c.m.DisableRestart {
		e.failover(c)
		return
	}
	if u.drain {
		e.recovery(c.m.DN, "restart in a unit that fails over")
		e.cleanup(c, true)
		return
	}
	g := u.m.SG
	if u.suRestarts.timer != 0 {
		e.restartUnit(u)
		return
	}
	if e.count(&u.compRestarts, timerCompRestart, int32(u.m.Index), g.CompRestartProb, g.CompRestartMax) {
		e.escalate("component restarts")
		e.restartUnit(u)
		return
	}
	e.recovery(c.m.DN, "component restart")
	e.cleanup(c, true)
}

// restartUnit restarts every component of a unit, or escalates.
func (e *Engine) restartUnit(u *unit) {
	g := u.m.SG
	if e.count(&u.suRestarts, timerSuRestart, int32(u.m.Index), g.SuRestartProb, g.SuRestartMax) {
		e.escalate("restarts of the service unit")
		e.failoverUnit(u)
		return
	}
	for _, m := range u.m.Comps {
		if m.DisableRestart {
			e.failoverUnit(u)
			return
		}
	}
	e.stopTimer(&u.compRestarts.timer)
	u.compRestarts = counter{}
	e.recovery(u.m.DN, "service unit restart")
	e.restartAll(u, true)
}

// restartAll ends every component of a unit to bring it back: hard at once, else those of
// the highest level first (unitLife).
func (e *Engine) restartAll(u *unit, hard bool) {
	u.restarting = true
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		switch {
		case !c.alive || !m.PreInstantiable() && !hard:
		case hard:
			e.cleanup(c, true)
		default:
			c.due = true
		}
	}
	e.touch()
}

// restartDue ends components of a unit that restarts, when those of higher levels have
// ended.
func (e *Engine) restartDue(u *unit) {
	highest := -1
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; c.due || c.alive && c.op != opNone {
			highest = max(highest, m.InstantiationLevel)
		}
	}
	for _, m := range u.m.Comps {
		if c := e.comps[m.Index]; c.due && m.InstantiationLevel == highest {
			e.terminate(c, true)
		}
	}
}

// anyDue tells whether a component of a unit that restarts has not been ended yet.
func (e *Engine) anyDue(u *unit) bool {
	for _, m := range u.m.Comps {
		if e.comps[m.Index].due {
			return true
		}
	}
	return false
}

func (e *Engine) escalate(what string) {
	e.sayf(CauseEscalation, "too many %s", what)
}

// failover takes a component's work away: with its whole unit, or, if the unit does
// not fail over, by switching over the rest of it.
func (e *Engine) failover(c *comp) {
	u := e.unitOf(c)
	if u.m.Failover {
		e.failoverUnit(u)
		return
	}
	e.recovery(c.m.DN, "component failover")
	c.oper, u.oper, u.drain, u.restarting = Disabled, Disabled, true, false
	e.cleanup(c, false)
}

// failoverUnit ends a unit hard, or escalates to its node.
func (e *Engine) failoverUnit(u *unit) {
	n := e.nodeOf(u)
	if n != nil && !n.repairing && e.count(&n.failover, timerNode, e.nodeIndex(n), n.m.SuFailoverProb, n.m.SuFailoverMax) {
		e.escalate("failovers of service units")
		e.failoverNode(n)
		return
	}
	e.failUnit(u, "service unit failover")
}

// failUnit ends a unit hard.
func (e *Engine) failUnit(u *unit, what string) {
	e.recovery(u.m.DN, what)
	e.resetUnitCounters(u)
	u.oper, u.failing, u.drain, u.restarting = Disabled, true, false, false
	for _, m := range u.m.Comps {
		c := e.comps[m.Index]
		if c.alive && c.presence != TerminationFailed {
			e.cleanup(c, false)
		}
	}
	e.touch()
}

func (e *Engine) resetUnitCounters(u *unit) {
	e.stopTimer(&u.compRestarts.timer)
	e.stopTimer(&u.suRestarts.timer)
	u.compRestarts, u.suRestarts = counter{}, counter{}
}

func (e *Engine) nodeIndex(n *node) int32 {
	for i := range e.nodes {
		if e.nodes[i] == n {
			return int32(i)
		}
	}
	return -1
}

// resetNode stops what is counted for a node.
func (e *Engine) resetNode(n *node) {
	e.stopTimer(&n.failover.timer)
	n.failover = counter{}
}

// switchover takes all work from a node: the component's unit fails over, the others
// give up theirs gracefully.
func (e *Engine) switchover(n *node, c *comp) {
	e.recovery(n.m.DN, "node switchover")
	e.resetNode(n)
	n.oper, n.repairing = Disabled, true
	if c != nil {
		e.failUnit(e.unitOf(c), "service unit failover")
	}
	e.touch()
}

// failoverNode ends everything on a node hard.
func (e *Engine) failoverNode(n *node) {
	e.recovery(n.m.DN, "node failover")
	e.resetNode(n)
	n.oper, n.repairing = Disabled, true
	for _, u := range e.units {
		if e.nodeOf(u) == n {
			e.failUnit(u, "service unit failover")
		}
	}
	e.touch()
}

// failfast has the node's executive end everything and leave. The node's work goes
// elsewhere when it has left.
func (e *Engine) failfast(n *node) {
	if n.failfast {
		return
	}
	name := n.name
	if n.m != nil {
		name = n.m.DN
	}
	e.recovery(name, "node failfast")
	n.failfast = true
	e.emit(Output{Kind: OutFailfast, Node: n.member.ID, Cause: e.cause})
	e.touch()
}

// restartApp ends an application and starts it again.
func (e *Engine) restartApp(a *app) {
	if a.restarting {
		return
	}
	e.recovery(a.m.DN, "application restart")
	a.restarting = true
	for _, u := range e.units {
		if e.appOf(e.groupOf(u)) != a {
			continue
		}
		for _, m := range u.m.Comps {
			if c := e.comps[m.Index]; c.alive && c.presence != TerminationFailed {
				e.cleanup(c, false)
			}
		}
	}
	e.touch()
}

// evict ends the registration of a component that started by itself: nobody else can
// end its process for certain, but nothing it does through its handle counts any
// more, and its program learns so.
func (e *Engine) evict(c *comp) {
	if c.op == opCleanup || !c.alive {
		return
	}
	e.recovery(c.m.DN, "component failover")
	e.cleanup(c, false)
}

// died handles the end of a component's process or connection.
func (e *Engine) died(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c != nil && e.evicted(in) {
		e.cause = CauseMerge
		return ipcwire.OK
	}
	if c == nil || in.Incarnation != c.gen || !c.alive || e.site(c) != in.Node && c.host != in.Node {
		return ipcwire.ErrNotExist
	}
	e.sayf(causeOr(in.Cause, CauseDied), "its process or connection ended")
	if e.isProxied(c) {
		e.fault(c, c.m.RecoveryOnError)
		return ipcwire.OK
	}
	proxied := c.registered
	e.fault(c, c.m.RecoveryOnError)
	if proxied && c.registered {
		e.unregistered(c)
	}
	return ipcwire.OK
}

func causeOr(c, other Cause) Cause {
	if c == CauseNone || c >= causes {
		return other
	}
	return c
}

// errorReport handles a report, of a program or of the driver's own monitoring.
func (e *Engine) errorReport(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil {
		return ipcwire.ErrNotExist
	}
	rec := in.Recovery
	if rec < model.NoRecommendation || rec > model.ContainerRestart && rec != model.InternallyRecovered {
		return ipcwire.ErrInvalidParam
	}
	if in.Incarnation != 0 && in.Incarnation != c.gen {
		return ipcwire.OK // of an earlier life
	}
	by := in.Reporter
	if by == "" {
		by = "the executive"
	}
	e.sayf(causeOr(in.Cause, CauseErrorReport), "reported by %s", by)
	if c.m.SelfStarted && !e.isProxied(c) && (in.Cause == CauseNone || in.Cause == CauseErrorReport) {
		return e.reportA(c, rec)
	}
	e.fault(c, rec)
	return ipcwire.OK
}

// reportA handles an error report about a component that started by itself: it is out
// of service, and its unit with it, until the error is cancelled.
func (e *Engine) reportA(c *comp, rec model.Recovery) ipcwire.Error {
	if rec == model.InternallyRecovered {
		return ipcwire.OK
	}
	if !c.alive {
		return ipcwire.OK
	}
	c.erring = true
	e.recovery(c.m.DN, "out of service")
	e.touch()
	return ipcwire.OK
}

// errorClear cancels the errors of a component.
func (e *Engine) errorClear(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil {
		return ipcwire.ErrNotExist
	}
	e.cause = CauseErrorClear
	if c.erring {
		c.erring = false
		e.touch()
	}
	// In a group that is not repaired by itself its unit is usable again, if what is left
	// of it is known.
	if u := e.unitOf(c); u.oper != Enabled && !u.failing && !u.drain && !e.failedUnit(u) {
		e.enableUnit(u)
		e.touch()
	}
	return ipcwire.OK
}

// recovery records what is done about an error.
func (e *Engine) recovery(dn, what string) {
	e.records = append(e.records, Record{Object: dn, What: "recovery", To: what, Cause: e.cause, Why: e.why})
}
