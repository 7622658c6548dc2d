// Answers of components, and those that do not come; the completion of quiescing; what
// components say of their own readiness.

package engine

import (
	"cmp"
	"slices"

	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

// answer handles an answer. What is not waited for is no error here.
func (e *Engine) answer(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil || in.Invocation == 0 || e.site(c) != in.Node && c.host != in.Node {
		return ipcwire.ErrInvalidParam
	}
	switch in.Invocation {
	case c.inv:
		e.opDone(c, in.Result)
		return ipcwire.OK
	case c.toldInv:
		e.stopTimer(&c.toldTimer)
		c.toldInv = 0
		if in.Result != ipcwire.OK {
			e.sayf(CauseAnswerFailed, "the readiness state was answered with error %d", in.Result)
			e.fault(c, c.m.RecoveryOnError)
		}
		e.touch()
		return ipcwire.OK
	case c.confirmInv:
		e.confirmed(c, in.Result)
		return ipcwire.OK
	}
	failed := false
	e.eachCSI(c, func(a *assign, cs *csiAssign) {
		if cs.inv != in.Invocation {
			return
		}
		e.stopShared(cs)
		cs.inv = 0
		if in.Result != ipcwire.OK {
			failed = true
			return
		}
		if cs.removing {
			cs.exposed, cs.hot, cs.acked = false, false, HANone
			if e.csis[cs.csi].last == cs.comp {
				e.csis[cs.csi].last = e.activeFor(cs.csi) // it gave the role up in order
			}
			e.touch()
			return
		}
		e.acked(a, cs, cs.ha)
	})
	// A callback that a later one made void may have failed, too: what the component
	// has is then not what it was told.
	failed = failed || in.Result != ipcwire.OK && in.Incarnation == c.gen && c.alive && c.op == opNone
	if failed {
		e.sayf(CauseAnswerFailed, "a callback was answered with error %d", in.Result)
		e.faultCSI(c)
	}
	return ipcwire.OK
}

// activeFor is a component that is active for a CSI, or -1.
func (e *Engine) activeFor(csi int32) int32 {
	si := e.c.CSIs[csi].SI
	for _, m := range si.SG.SUs {
		if a := e.units[m.Index].find(int32(si.Index)); a != nil {
			if cs := a.csi(csi); cs != nil && cs.acked == HAActive {
				return cs.comp
			}
		}
	}
	return -1
}

// csiLate handles an answer that did not come.
func (e *Engine) csiLate(comp, _ int32, id TimerID) {
	c, late := e.comps[comp], false
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		if cs.timer == id {
			cs.timer, late = 0, true
		}
	})
	if late {
		e.sayf(CauseAnswerLate, "a callback was not answered")
		e.faultCSI(c)
	}
}

// faultCSI is the fault of a component that failed a callback. One that was to give
// up its role is not restarted with it.
func (e *Engine) faultCSI(c *comp) {
	rec := c.m.RecoveryOnError
	e.eachCSI(c, func(a *assign, cs *csiAssign) {
		if (a.removing || a.ha == HAQuiesced || a.ha == HAQuiescing) && rec == model.ComponentRestart {
			rec = model.ComponentFailover
		}
	})
	e.fault(c, rec)
}

func (e *Engine) quiesceLate(comp, csi int32, id TimerID) {
	c, late := e.comps[comp], false
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		if cs.quiesce == id {
			cs.quiesce, late = 0, true
		}
	})
	if late {
		e.sayf(CauseAnswerLate, "quiescing of %s was not completed", e.c.CSIs[csi].DN)
		e.faultCSI(c)
	}
}

// quiescingComplete handles saAmfCSIQuiescingComplete and saAmfStoppingComplete.
func (e *Engine) quiescingComplete(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil || in.Invocation == 0 || e.site(c) != in.Node {
		return ipcwire.ErrInvalidParam
	}
	found := false
	e.eachCSI(c, func(a *assign, cs *csiAssign) {
		if cs.ha != HAQuiescing || cs.quiesInv != in.Invocation && c.stopInv != in.Invocation {
			return
		}
		found = true
		if in.Result == ipcwire.OK {
			e.stopTimer(&cs.timer)
			e.stopTimer(&cs.quiesce)
			cs.inv, cs.quiesInv = 0, 0
			cs.acked, cs.hot = HAQuiescing, false
		}
	})
	if c.stopInv == in.Invocation {
		c.stopInv, found = 0, true
		if c.toldInv == in.Invocation {
			c.toldInv = 0
			e.stopTimer(&c.toldTimer)
		}
	}
	if !found {
		return ipcwire.ErrInvalidParam
	}
	if in.Result != ipcwire.OK {
		e.sayf(CauseAnswerFailed, "quiescing ended with error %d", in.Result)
		e.faultCSI(c)
	}
	e.touch()
	return ipcwire.OK
}

// haReadiness handles saAmfHAReadinessStateSet.
func (e *Engine) haReadiness(in *Input) ipcwire.Error {
	c := e.find(in.Comp)
	if c == nil || !c.registered {
		return ipcwire.ErrNotExist
	}
	if in.Value < 1 || in.Value > 4 {
		return ipcwire.ErrInvalidParam
	}
	csi := int32(-1)
	if in.CSI != "" {
		i := slices.IndexFunc(e.c.CSIs, func(m *model.CSI) bool { return m.DN == in.CSI })
		if i < 0 || e.c.CSIs[i].SI.SG != c.m.SU.SG || !c.m.Serves(e.c.CSIs[i]) {
			return ipcwire.ErrNotExist
		}
		csi = int32(i)
	}
	state, legal := HAReadiness(in.Value), true
	e.eachCSI(c, func(a *assign, cs *csiAssign) {
		if csi < 0 || cs.csi == csi {
			legal = legal && (state.allows(a.ha) || !cs.exposed)
		}
	})
	if !legal {
		return ipcwire.ErrBadOperation
	}
	c.setReady(csi, state)
	e.cause, e.why = CauseHAReadiness, "the component says so"
	e.touch()
	return ipcwire.OK
}

// setReady notes how ready a component is for a CSI, or for all (-1).
func (c *comp) setReady(csi int32, state HAReadiness) {
	if csi < 0 {
		c.haReady, c.haReadyAll = nil, state
		return
	}
	i, found := slices.BinarySearchFunc(c.haReady, csi, func(k csiReady, csi int32) int { return cmp.Compare(k.csi, csi) })
	if !found {
		c.haReady = slices.Insert(c.haReady, i, csiReady{csi: csi})
	}
	c.haReady[i].state = state
}

// readyFor is how ready a component is for a CSI.
func (c *comp) readyFor(csi int32) HAReadiness {
	for _, k := range c.haReady {
		if k.csi == csi {
			return k.state
		}
	}
	return max(c.haReadyAll, ReadyForAssignment)
}
