// Apply: an input comes in, the states change, and everything that follows is done
// in settle, which looks at the whole state until nothing more is to be done. So what
// follows depends on the state alone, not on how it came about: after a merge, or an
// answer that was lost, the machine goes on from what it finds.

package engine

import (
	"fmt"
	"slices"
	"time"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// maxRounds bounds settle. A state that does not come to rest is a mistake of ours; it
// is counted, and the machine goes on with the next input.
const maxRounds = 1000

// debugRest, which only tests set, is shown the last rounds of a state that does not
// come to rest.
var debugRest func(*Engine)

// Apply takes one input and returns what its caller is told. What is to be done is
// in Outputs afterwards.
func (e *Engine) Apply(in *Input) ipcwire.Error {
	e.begin()
	r := e.handle(in)
	e.settle()
	return r
}

// Outputs are those of the last input, valid until the next.
func (e *Engine) Outputs() []Output { return e.out }

func (e *Engine) begin() {
	clear(e.out)
	e.out = e.out[:0]
	clear(e.records)
	e.records = e.records[:0]
	e.cause, e.why = CauseNone, ""
}

func (e *Engine) handle(in *Input) ipcwire.Error {
	switch in.Kind {
	case InRegister:
		return e.register(in)
	case InUnregister:
		return e.unregister(in)
	case InAnswer:
		return e.answer(in)
	case InQuiescingComplete:
		return e.quiescingComplete(in)
	case InDied:
		return e.died(in)
	case InErrorReport:
		return e.errorReport(in)
	case InErrorClear:
		return e.errorClear(in)
	case InHAReadiness:
		return e.haReadiness(in)
	case InAdmin:
		return e.administer(in)
	case InTimer:
		e.expire(in.Timer)
		return ipcwire.OK
	case InLeaseLost:
		return e.leaseLost(in)
	}
	return ipcwire.ErrInvalidParam
}

// settle does everything that follows from the state.
func (e *Engine) settle() {
	for round := 0; ; round++ {
		if round >= maxRounds {
			e.unrest++
			break
		}
		if round > maxRounds-6 && debugRest != nil {
			debugRest(e)
		}
		e.changed = false
		for _, u := range e.units {
			e.unitLife(u)
		}
		e.nodeLife()
		e.dependencies()
		for _, g := range e.groups {
			e.plan(g)
			e.advanceGroup(g)
		}
		if !e.changed {
			break
		}
	}
	e.emitCalls()
	e.watchAdjust()
	e.show()
}

// touch notes that another round is needed.
func (e *Engine) touch() { e.changed = true }

func (e *Engine) emit(o Output) { e.out = append(e.out, o) }

// fallback is the limit of what must end at some time and has none configured.
const fallback = 10 * time.Second

func limitOf(d time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}

// startTimer begins a timer; limit 0 or less has none begin.
func (e *Engine) startTimer(kind timerKind, a, b int32, limit time.Duration) TimerID {
	if limit <= 0 || planted(bugForgottenTimer) && kind == timerCSI {
		return 0
	}
	e.lastTimer++
	id := e.lastTimer
	e.timers = append(e.timers, timer{id, kind, a, b, limit})
	e.emit(Output{Kind: OutTimerStart, Timer: id, Limit: limit})
	return id
}

func (e *Engine) stopTimer(id *TimerID) {
	if *id == 0 {
		return
	}
	if i, ok := e.findTimer(*id); ok {
		e.timers = slices.Delete(e.timers, i, i+1)
		e.emit(Output{Kind: OutTimerStop, Timer: *id})
	}
	*id = 0
}

func (e *Engine) findTimer(id TimerID) (int, bool) {
	return slices.BinarySearchFunc(e.timers, id, func(t timer, id TimerID) int {
		switch {
		case t.id < id:
			return -1
		case t.id > id:
			return 1
		}
		return 0
	})
}

// expire handles the end of a timer. One that was stopped is not known any more.
func (e *Engine) expire(id TimerID) {
	i, ok := e.findTimer(id)
	if !ok {
		return
	}
	t := e.timers[i]
	e.timers = slices.Delete(e.timers, i, i+1)
	// Every replica drops its deadline for it.
	e.emit(Output{Kind: OutTimerStop, Timer: id})
	switch t.kind {
	case timerStartup:
		e.startup = 0
		e.cause, e.why = CauseStartup, "the startup time is over"
		e.start()
	case timerOp:
		e.opLate(e.comps[t.a])
	case timerTold:
		e.toldLate(e.comps[t.a])
	case timerCSI:
		e.csiLate(t.a, t.b, id)
	case timerQuiesce:
		e.quiesceLate(t.a, t.b, id)
	case timerConfirm:
		e.confirmLate(e.comps[t.a])
	case timerCompRestart:
		e.units[t.a].compRestarts = counter{}
	case timerSuRestart:
		e.units[t.a].suRestarts, e.units[t.a].compRestarts.n = counter{}, 0
		e.stopTimer(&e.units[t.a].compRestarts.timer)
	case timerNode:
		e.nodes[t.a].failover = counter{}
	case timerAdjust:
		g := e.groups[t.a]
		g.adjust, g.adjusting = 0, true
		e.cause = CauseAdjust
	case timerDependency:
		d := &e.sis[t.a].deps[t.b]
		d.timer, d.lost = 0, true
		e.cause, e.why = CauseDependency, "the tolerance time is over"
	case timerLease:
		e.cause = CauseLease
		e.leases = slices.DeleteFunc(e.leases, func(l lease) bool { return l.timer == id })
	}
}

// start lets assignments begin.
func (e *Engine) start() {
	if e.started {
		return
	}
	e.started, e.formed = true, true
	e.stopTimer(&e.startup)
	e.touch()
}

// invocation is the next invocation of the node where a component, or its proxy, is.
func (e *Engine) invocation(c *comp) (node wire.NodeID, inv uint64) {
	node = e.site(c)
	n := e.nodeByID(node)
	if n == nil {
		return 0, 0
	}
	n.nextInv++
	return node, n.nextInv
}

// site is the node that carries out what concerns a component; 0: none can.
func (e *Engine) site(c *comp) wire.NodeID {
	if !e.isProxied(c) {
		return c.host
	}
	if p := e.proxyOf(c); p != nil {
		return p.host
	}
	return 0
}

// isProxied tells whether a proxy stands, or has to stand, for a component.
func (e *Engine) isProxied(c *comp) bool { return c.proxy >= 0 || c.m.IsProxied() }

// proxyOf is the component through which a proxied one is reached, or nil.
func (e *Engine) proxyOf(c *comp) *comp {
	if !e.isProxied(c) {
		return nil
	}
	if c.proxy >= 0 {
		p := e.comps[c.proxy]
		if p.registered {
			return p
		}
		return nil
	}
	if c.m.ProxyCSIRef == nil {
		return nil
	}
	for _, u := range e.units {
		for _, a := range u.assigns {
			for i := range a.csis {
				cs := &a.csis[i]
				if cs.csi == int32(c.m.ProxyCSIRef.Index) && cs.acked == HAActive && !cs.removing && e.comps[cs.comp].registered {
					return e.comps[cs.comp]
				}
			}
		}
	}
	return nil
}

// reachable tells whether callbacks of a component can be made now.
func (e *Engine) reachable(c *comp) bool {
	if e.isProxied(c) {
		return c.registered && e.proxyOf(c) != nil
	}
	return c.host != 0 && e.nodeByID(c.host) != nil && (c.registered || !c.m.Registers())
}

// find is the component with a DN, or nil.
func (e *Engine) find(dn string) *comp {
	if i, ok := e.index[dn]; ok {
		return e.comps[i]
	}
	return nil
}

func (e *Engine) sayf(cause Cause, format string, args ...any) {
	e.cause, e.why = cause, fmt.Sprintf(format, args...)
}

// proxyIndex is the proxy that a component is reached through, or -1.
func (e *Engine) proxyIndex(c *comp) int32 {
	if p := e.proxyOf(c); p != nil {
		return int32(p.m.Index)
	}
	return -1
}

func (e *Engine) proxyModel(c *comp) *model.Comp {
	if p := e.proxyOf(c); p != nil {
		return p.m
	}
	return nil
}
