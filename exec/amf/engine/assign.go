// Assignments on their way: what the plan wants is brought about step by step, each
// step when what must come before it was answered. The rules, for an instance that has
// one active at most:
//
//	nobody becomes active while anybody else may be (hot): a successor waits until the
//	one before has answered QUIESCED, or until nothing of it is left
//	one that was quiesced stays so until its successor is active, then becomes standby
//	or is removed
//	standby is given when there is somebody active
//
// Components that cannot be active and standby at once change all their CSIs together.

package engine

import (
	"ais/exec/amf/model"
)

// advanceGroup takes every assignment of a group as far as it can go now.
func (e *Engine) advanceGroup(g *group) {
	for _, m := range g.m.SUs {
		u := e.units[m.Index]
		if e.frozen(u) {
			continue
		}
		for i := 0; i < len(u.assigns); i++ {
			a := u.assigns[i]
			e.advance(u, a)
			if i >= len(u.assigns) || u.assigns[i] != a {
				i-- // it is gone
			}
		}
	}
	e.settlePrefer(g)
	for _, m := range g.m.SUs {
		for _, cm := range m.Comps {
			if c := e.comps[cm.Index]; c.registered {
				e.tell(c)
			}
		}
	}
}

func (e *Engine) advance(u *unit, a *assign) {
	if a.removing {
		e.driveRemoval(u, a)
		return
	}
	switch {
	case a.want == a.ha && a.ha != HANone:
	case a.ha == HANone:
		switch {
		case a.want == HANone || a.want == HAQuiescing:
			u.drop(a)
			e.touch()
			return
		case a.want == HAActive && e.mayActivate(u, a), a.want == HAStandby && e.mayStandby(u, a):
			e.setTogether(u, a, a.want)
		}
	case a.want == HAActive:
		if e.mayActivate(u, a) {
			e.setTogether(u, a, HAActive)
		}
	case a.want == HAQuiescing:
		if a.ha == HAActive && e.canQuiesce(u, a) {
			e.setHA(u, a, HAQuiescing)
		} else if a.ha == HAActive {
			e.setHA(u, a, HAQuiesced)
		} else if a.ha == HAStandby {
			e.remove(a)
			e.driveRemoval(u, a)
			return
		}
	case a.ha == HAActive || a.ha == HAQuiescing:
		e.setHA(u, a, HAQuiesced)
	case a.want == HAStandby:
		if a.done() && e.mayStandby(u, a) {
			e.setTogether(u, a, HAStandby)
		}
	case a.ha == HAQuiesced && (!a.done() || e.awaitsSuccessor(u, a)):
	default:
		e.remove(a)
		e.driveRemoval(u, a)
		return
	}
	e.drive(u, a)
}

// canQuiesce tells whether quiescing is known to all components: generation A knows it
// only as the readiness state STOPPING of a whole unit.
func (e *Engine) canQuiesce(u *unit, a *assign) bool {
	for i := range a.csis {
		if e.comps[a.csis[i].comp].caps&GenerationA != 0 && e.placeOf(u) != placeStopping {
			return false
		}
	}
	return true
}

// setHA sets out for another HA state.
func (e *Engine) setHA(u *unit, a *assign, ha HAState) {
	if ha == HAStandby {
		a.rank = e.standbyRank(u, a)
	}
	if ha == HAActive || ha == HAStandby {
		e.completeCSIs(u, a, ha)
	}
	a.ha = ha
	e.touch()
}

// setTogether sets out with every assignment of the unit that cannot go alone.
func (e *Engine) setTogether(u *unit, a *assign, ha HAState) {
	e.setHA(u, a, ha)
	for _, b := range u.assigns {
		if e.goesAlong(a, b, ha) {
			e.setHA(u, b, ha)
		}
	}
}

// exclusive tells whether a component is either active or standby, never both.
func exclusive(m *model.Comp) bool {
	return m.Capability == model.XActiveOrYStandby || m.Capability == model.OneActiveOrY || m.Capability == model.OneActiveOrOne
}

// coupled tells whether two assignments of a unit share an exclusive component.
func (e *Engine) coupled(a, b *assign) bool {
	for i := range a.csis {
		for j := range b.csis {
			if a.csis[i].comp == b.csis[j].comp && exclusive(e.comps[a.csis[i].comp].m) {
				return true
			}
		}
	}
	return false
}

// awaitsSuccessor tells whether a quiesced assignment waits for another to be active.
func (e *Engine) awaitsSuccessor(u *unit, a *assign) bool {
	for _, b := range u.assigns {
		if b != a && b.want == HAActive && (b.ha != HAActive) {
			return false // its unit has to make room
		}
	}
	if !a.exposed() {
		return false // nothing of it is there
	}
	waits := false
	e.others(u, a, func(v *unit, b *assign) {
		waits = waits || b.want == HAActive && !(b.ha == HAActive && b.done()) && e.placeOf(v) == placeIn && !e.barred(a.si)
	})
	return waits
}

// others calls f for the assignments of the same instance to other units.
func (e *Engine) others(u *unit, a *assign, f func(*unit, *assign)) {
	for _, m := range u.m.SG.SUs {
		if v := e.units[m.Index]; v != u {
			if b := v.find(a.si); b != nil {
				f(v, b)
			}
		}
	}
}

// alike tells whether all units of a group that are active do the same: 2004's N+M and
// groups without redundancy, as long as all protections are one instance.
func (e *Engine) alike(g *model.SG) bool {
	return e.c.Generation == model.GenA && len(g.SIs) == 1 && (g.Redundancy == model.NPlusM || g.Redundancy == model.NoRedundancy)
}

// actives is how many units an instance is active on when all is well.
func (e *Engine) actives(si *instance) int {
	g := si.m.SG
	switch {
	case e.alike(g):
		if g.Redundancy == model.NoRedundancy {
			return len(g.SUs)
		}
		return g.PrefActiveSUs
	case e.c.Generation == model.GenA && g.Redundancy == model.NWayActive:
		return g.PrefActiveSUs
	case g.Redundancy == model.NWayActive:
		return si.m.PrefActive
	}
	return 1
}

// standbys is how many units it is standby on.
func (e *Engine) standbys(si *instance) int {
	g := si.m.SG
	switch {
	case g.Redundancy == model.NoRedundancy || g.Redundancy == model.NWayActive:
		return 0
	case e.alike(g) || e.c.Generation == model.GenA && g.Redundancy != model.NPlusM:
		return g.PrefStandbySUs
	case g.Redundancy == model.NWay:
		return si.m.PrefStandby
	}
	return 1
}

// mayActivate tells whether an instance may become active on a unit now, and with it
// those that cannot but go along.
func (e *Engine) mayActivate(u *unit, a *assign) bool {
	if e.placeOf(u) != placeIn || !e.started || !e.quorate || !e.mayBeActive(u, a) || !e.fitsNow(u, a, HAActive) {
		return false
	}
	for _, b := range u.assigns {
		if e.goesAlong(a, b, HAActive) && !e.mayBeActive(u, b) {
			return false
		}
	}
	return true
}

// mayBeActive looks at the instance alone: nobody else may have it active, and what it
// depends on must be.
func (e *Engine) mayBeActive(u *unit, a *assign) bool {
	hot := 0
	e.others(u, a, func(_ *unit, b *assign) {
		if b.hot() || b.ha == HAActive || b.ha == HAQuiescing {
			hot++
		}
	})
	if planted(bugHaste) {
		hot = 0
	}
	return hot < e.actives(e.sis[a.si]) && !e.barred(a.si) && e.sponsored(u, a)
}

// goesAlong tells whether b changes together with a, because a component that they
// share cannot be active and standby at once.
func (e *Engine) goesAlong(a, b *assign, ha HAState) bool {
	return b != a && !b.removing && b.want == ha && b.ha != ha && b.ha != HANone && e.coupled(a, b)
}

// sponsored tells whether everything an instance depends on is active; those that
// become active together with it count.
func (e *Engine) sponsored(u *unit, a *assign) bool {
	for i := range e.sis[a.si].m.Dependencies {
		on := int32(e.sis[a.si].m.Dependencies[i].SI.Index)
		if e.isActive(on) {
			continue
		}
		b := u.find(on)
		if b == nil || b.want != HAActive || !e.coupled(a, b) {
			return false
		}
	}
	return true
}

// isActive tells whether an instance has an active assignment that was answered.
func (e *Engine) isActive(si int32) bool {
	for _, m := range e.sis[si].m.SG.SUs {
		if a := e.units[m.Index].find(si); a != nil && a.ha == HAActive && a.done() {
			return true
		}
	}
	return false
}

// staysActive tells whether an instance has an active assignment that was answered and
// is to stay: while it is on its way from one unit to another nobody becomes standby,
// who would be asked to take over before it knows anything.
func (e *Engine) staysActive(si int32) bool {
	for _, m := range e.sis[si].m.SG.SUs {
		if a := e.units[m.Index].find(si); a != nil && a.ha == HAActive && a.want == HAActive && a.done() {
			return true
		}
	}
	return false
}

func (e *Engine) mayStandby(u *unit, a *assign) bool {
	if e.placeOf(u) != placeIn || !e.started || !e.staysActive(a.si) || !e.fitsNow(u, a, HAStandby) {
		return false
	}
	for _, b := range u.assigns {
		if e.goesAlong(a, b, HAStandby) && (b.ha != HAQuiesced || !b.done() || !e.staysActive(b.si)) {
			return false
		}
	}
	return true
}

// fitsNow tells whether the components can take the state beside what they have at
// this moment; what moves together with it does not count.
func (e *Engine) fitsNow(u *unit, a *assign, ha HAState) bool {
	for i := range a.csis {
		c := e.comps[a.csis[i].comp]
		m := c.m
		act, stb := 0, 0
		for _, b := range u.assigns {
			for j := range b.csis {
				if b.csis[j].comp != a.csis[i].comp {
					continue
				}
				state := b.csis[j].ha
				if b == a || b.ha != HANone && b.want == ha && !b.removing {
					state = ha
				} else if b.csis[j].ha == HANone && b.ha != HANone {
					state = b.ha
				}
				switch state {
				case HAActive, HAQuiescing, HAQuiesced:
					act++
				case HAStandby:
					stb++
				}
			}
		}
		if !fits(e.c.Generation, m, act, stb) {
			return false
		}
	}
	return true
}

// fits tells whether a component may have so many active and standby CSIs.
func fits(gen model.Generation, m *model.Comp, act, stb int) bool {
	most := func(n, limit int) bool { return limit == 0 || n <= limit }
	switch m.Capability {
	case model.XActiveAndYStandby:
		return most(act, m.MaxActiveCSIs) && most(stb, m.MaxStandbyCSIs)
	case model.XActiveOrYStandby:
		return (act == 0 || stb == 0) && most(act, m.MaxActiveCSIs) && most(stb, m.MaxStandbyCSIs)
	case model.OneActiveOrY:
		return (act == 0 || stb == 0) && act <= 1 && most(stb, m.MaxStandbyCSIs)
	case model.OneActiveOrOne:
		return act+stb <= 1
	case model.XActive:
		return stb == 0 && most(act, m.MaxActiveCSIs)
	case model.OneActive:
		return stb == 0 && act <= 1
	case model.NonPreInstantiable:
		if gen == model.GenA {
			return act == 0 && most(stb, m.MaxStandbyCSIs)
		}
		return stb == 0 && act <= 1
	}
	return false
}

// standbyRank is the place of a standby among those of the instance.
func (e *Engine) standbyRank(u *unit, a *assign) uint32 {
	taken := map[uint32]bool{}
	e.others(u, a, func(_ *unit, b *assign) {
		if b.ha == HAStandby && b.want == HAStandby {
			taken[b.rank] = true
		}
	})
	rank := uint32(1)
	for taken[rank] {
		rank++
	}
	return rank
}

// drive commands what may be commanded now.
func (e *Engine) drive(u *unit, a *assign) {
	if a.ha == HANone {
		return
	}
	for i := range a.csis {
		cs := &a.csis[i]
		if cs.removing || cs.ha == a.ha {
			if cs.ha == a.ha && cs.acked != a.ha && cs.inv == 0 && !cs.removing {
				e.driveWork(a, cs)
			}
			continue
		}
		if e.csiTurn(a, cs) {
			e.command(u, a, cs)
		}
	}
	if a.ha == HAQuiescing && a.done() {
		e.finishQuiescing(a)
	}
}

// csiTurn tells whether the CSIs that must come before were answered: those a CSI
// requires when it becomes active, those that require it when it stops being so.
func (e *Engine) csiTurn(a *assign, cs *csiAssign) bool {
	rising := a.ha == HAActive || a.ha == HAStandby
	for i := range a.csis {
		o := &a.csis[i]
		if o == cs || o.acked == a.ha {
			continue
		}
		first, then := o, cs
		if !rising {
			first, then = cs, o
		}
		// first must precede then: then requires first.
		for _, r := range e.c.CSIs[then.csi].Requires {
			if r.Index == int(first.csi) {
				return false
			}
		}
	}
	return true
}

// command gives a component the HA state of the assignment, or, if nothing of the
// component is there, takes note that it has it not.
func (e *Engine) command(u *unit, a *assign, cs *csiAssign) {
	e.unsay(a, cs)
	c := e.comps[cs.comp]
	falling := a.ha == HAQuiesced || a.ha == HAQuiescing
	switch {
	case falling && !cs.exposed && c.presence != TerminationFailed:
		// Nothing of the CSI was ever told to this life of the component.
		e.acked(a, cs, HAQuiesced)
		cs.ha = a.ha
		cs.acked = a.ha
		return
	case falling && !cs.hot && c.presence == Instantiated:
		// It is standby, or quiesced already: there is nothing to give up, and from
		// standby there is no way to these states.
		cs.ha, cs.acked = a.ha, a.ha
		e.touch()
		return
	case a.ha == HAActive && !cs.hot && !e.mayStillActivate(u, a):
		return // a component that was restarted, or one whose turn came after a merge
	case !c.m.PreInstantiable():
		cs.ha = a.ha
		if a.ha == HAActive {
			cs.hot, cs.exposed = true, true
			e.csis[cs.csi].last = cs.comp
		}
		e.driveWork(a, cs)
		e.touch()
		return
	case c.presence != Instantiated || !e.reachable(c) || c.op != opNone:
		return
	}
	if a.ha == HAQuiescing && c.caps&GenerationA != 0 {
		// Its readiness state STOPPING asks for the same, and StoppingComplete ends it.
		cs.ha = HAQuiescing
		cs.acked = HAQuiescing
		e.tell(c)
		e.touch()
		return
	}
	if !falling && !e.tell(c) {
		return
	}
	e.call(a, cs, false)
}

// mayStillActivate is asked again when a component of an active assignment comes
// back: the majority, or the instance, may have gone since.
func (e *Engine) mayStillActivate(u *unit, a *assign) bool {
	if !e.quorate || e.barred(a.si) {
		return false
	}
	hot := 0
	e.others(u, a, func(_ *unit, b *assign) {
		if b.hot() {
			hot++
		}
	})
	return hot < e.actives(e.sis[a.si])
}

// driveWork looks whether a component that lives while it works does so.
func (e *Engine) driveWork(a *assign, cs *csiAssign) {
	c := e.comps[cs.comp]
	if c.m.PreInstantiable() {
		return
	}
	if a.ha == HAActive {
		if c.presence == Instantiated {
			e.acked(a, cs, HAActive)
		}
		return
	}
	if !c.alive && c.presence != TerminationFailed {
		e.acked(a, cs, HAQuiesced)
		cs.acked = a.ha
	}
}

// acked takes an HA state as reached.
func (e *Engine) acked(a *assign, cs *csiAssign, ha HAState) {
	e.stopShared(cs)
	cs.inv = 0
	if ha == HAQuiesced || ha == HAStandby {
		cs.hot = false
	}
	cs.acked = ha
	e.touch()
}

// finishQuiescing makes quiescing quiesced when every component has completed.
func (e *Engine) finishQuiescing(a *assign) {
	for i := range a.csis {
		if cs := &a.csis[i]; cs.hot {
			return
		}
	}
	a.ha = HAQuiesced
	for i := range a.csis {
		cs := &a.csis[i]
		e.stopTimer(&cs.quiesce)
		cs.quiesInv = 0
		cs.ha, cs.acked = HAQuiesced, HAQuiesced
	}
	e.touch()
}

// remove sets out to take an assignment away.
func (e *Engine) remove(a *assign) {
	a.removing = true
	e.touch()
}

// driveRemoval removes what may be removed now.
func (e *Engine) driveRemoval(u *unit, a *assign) {
	for i := 0; i < len(a.csis); i++ {
		cs := &a.csis[i]
		if !cs.removing {
			e.unsay(a, cs)
		}
		c := e.comps[cs.comp]
		dead := !cs.exposed && c.presence != TerminationFailed
		if !c.m.PreInstantiable() {
			dead = !c.alive && c.presence != TerminationFailed
		}
		if dead {
			e.stopTimer(&cs.timer)
			e.stopTimer(&cs.quiesce)
			a.csis = append(a.csis[:i], a.csis[i+1:]...)
			i--
			e.touch()
			continue
		}
		if cs.removing || !c.m.PreInstantiable() || c.presence != Instantiated || !e.reachable(c) || c.op != opNone {
			continue
		}
		e.call(a, cs, true)
	}
	if len(a.csis) == 0 {
		u.drop(a)
		e.touch()
	}
}

// call is a callback that this input causes; those of one component that can be one
// are made one by emitCalls.
type call struct {
	a      *assign
	csi    int32
	remove bool
	fresh  bool
	hot    bool // before
}

// call notes that a component is to be called back.
func (e *Engine) call(a *assign, cs *csiAssign, remove bool) {
	e.stopShared(cs)
	e.stopTimer(&cs.quiesce)
	cs.inv, cs.quiesInv = 0, 0
	e.calls = append(e.calls, call{a: a, csi: cs.csi, remove: remove, fresh: !cs.exposed, hot: cs.hot})
	cs.exposed = true
	if remove {
		cs.removing = true
	} else {
		cs.ha = a.ha
		cs.acked = HANone
		if a.ha == HAActive {
			cs.hot = true
		}
	}
	e.touch()
}

// unsay takes back a callback that was noted with this very input and not made yet.
func (e *Engine) unsay(a *assign, cs *csiAssign) {
	for i := range e.calls {
		k := &e.calls[i]
		if k.a != a || k.csi != cs.csi {
			continue
		}
		k.a = nil
		k.undo(cs)
	}
}

// undo is for a callback that is not made after all. What the component was told before
// is not known any more, so it is told again whatever it shall have.
func (k *call) undo(cs *csiAssign) {
	cs.ha, cs.acked, cs.hot, cs.removing = HANone, HANone, k.hot, false
	if k.fresh {
		cs.exposed = false
	}
}

// stopShared stops a callback's timer unless other CSIs wait for the same answer.
func (e *Engine) stopShared(cs *csiAssign) {
	if cs.timer == 0 {
		return
	}
	id := cs.timer
	cs.timer = 0
	shared := false
	e.eachCSI(e.comps[cs.comp], func(_ *assign, x *csiAssign) { shared = shared || x.timer == id })
	if !shared {
		e.stopTimer(&id)
	}
}

func (a *assign) csi(i int32) *csiAssign {
	for j := range a.csis {
		if a.csis[j].csi == i {
			return &a.csis[j]
		}
	}
	return nil
}

// emitCalls makes callbacks of what was noted.
func (e *Engine) emitCalls() {
	for i := range e.calls {
		k := &e.calls[i]
		if k.a == nil {
			continue
		}
		cs := k.a.csi(k.csi)
		switch {
		case cs == nil || cs.inv != 0:
			continue
		case k.remove != cs.removing || !k.remove && (cs.ha != k.a.ha || cs.acked != HANone):
			k.undo(cs) // the same input made it void, and its turn has not come again
			continue
		}
		e.emitCall(i, k, cs)
	}
	clear(e.calls)
	e.calls = e.calls[:0]
}

func (e *Engine) emitCall(i int, k *call, cs *csiAssign) {
	c := e.comps[cs.comp]
	node, inv := e.invocation(c)
	if inv == 0 {
		// Its proxy was lost with this input: it is commanded again when there is one.
		cs.ha, cs.removing = HANone, false
		return
	}
	o := Output{Kind: OutCSISet, Node: node, Comp: c.m, Proxy: e.proxyModel(c), Invocation: inv, Incarnation: c.gen,
		CSI: e.c.CSIs[cs.csi], HA: k.a.ha, Flags: FlagTargetOne, Limit: c.m.CSISetTimeout, Cause: e.cause}
	if k.fresh {
		o.Flags = FlagAddOne
	}
	if k.remove {
		o.Kind, o.HA, o.Limit = OutCSIRemove, HANone, c.m.CSIRmvTimeout
	} else {
		e.describe(&o, k.a, cs)
	}
	set := e.wholeComponent(i, c, k)
	if set {
		o.CSI, o.Flags = nil, FlagTargetAll
	}
	o.Limit = limitOf(o.Limit)
	id := e.startTimer(timerCSI, cs.comp, 0, o.Limit)
	mark := func(x *csiAssign) {
		x.inv, x.timer = inv, id
		if x.ha == HAQuiescing && !x.removing {
			x.quiesInv = inv
			x.quiesce = e.startTimer(timerQuiesce, x.comp, x.csi, c.m.QuiescingTimeout)
		}
	}
	mark(cs)
	if set {
		e.eachCSI(c, func(_ *assign, x *csiAssign) {
			if x.inv == 0 {
				mark(x)
			}
		})
		for j := i + 1; j < len(e.calls); j++ {
			if x := &e.calls[j]; x.a != nil {
				if y := x.a.csi(x.csi); y != nil && y.comp == cs.comp {
					x.a = nil
				}
			}
		}
	}
	e.emit(o)
}

// wholeComponent tells whether this and the calls after it are about everything that
// a component has, to the same end.
func (e *Engine) wholeComponent(i int, c *comp, k *call) bool {
	n, all := 0, 0
	e.eachCSI(c, func(_ *assign, x *csiAssign) {
		if x.exposed {
			all++
		}
	})
	for j := i; j < len(e.calls); j++ {
		o := &e.calls[j]
		if o.a == nil {
			continue
		}
		cs := o.a.csi(o.csi)
		if cs == nil || int(cs.comp) != c.m.Index {
			continue
		}
		if o.remove != k.remove || o.fresh || !k.remove && o.a.ha != k.a.ha || cs.inv != 0 {
			return false
		}
		n++
	}
	return n > 1 && n == all
}

// describe fills in who was active, or is.
func (e *Engine) describe(o *Output, a *assign, cs *csiAssign) {
	last := e.csis[cs.csi].last
	switch a.ha {
	case HAActive:
		o.Transition = TransitionNewAssign
		if last >= 0 {
			o.Transition, o.ActiveComp = TransitionNotQuiesced, e.comps[last].m
		}
		e.others(e.units[a.su], a, func(_ *unit, b *assign) {
			x := b.csi(cs.csi)
			switch {
			case x == nil:
			case b.ha == HAActive && x.acked == HAActive:
				o.Transition, o.ActiveComp = TransitionStillActive, e.comps[x.comp].m
			case x.acked == HAQuiesced && x.exposed && o.Transition != TransitionStillActive:
				o.Transition, o.ActiveComp = TransitionQuiesced, e.comps[x.comp].m
			}
		})
		e.csis[cs.csi].last = cs.comp
	case HAStandby:
		o.StandbyRank = a.rank
		e.others(e.units[a.su], a, func(_ *unit, b *assign) {
			if x := b.csi(cs.csi); x != nil && b.ha == HAActive {
				o.ActiveComp = e.comps[x.comp].m
			}
		})
	}
}
