// Where assignments shall go beside what the plan would do by itself: an SI swap, and the
// adjustment of a group to its preferred units.

package engine

import "slices"

// settlePrefer forgets an SI swap that is done or cannot be.
func (e *Engine) settlePrefer(g *group) {
	if g.prefer >= 0 {
		u := e.units[g.prefer]
		done := true
		for _, m := range g.m.SIs {
			if a := u.find(int32(m.Index)); a != nil && (a.ha != HAActive || !a.done()) {
				done = false
			}
		}
		if done || e.placeOf(u) < placeKeep {
			g.prefer = -1
			e.touch()
		}
	}
	for _, m := range g.m.SIs {
		si := e.sis[m.Index]
		if si.prefer < 0 {
			continue
		}
		u := e.units[si.prefer]
		a := u.find(int32(m.Index))
		if e.placeOf(u) < placeKeep || a == nil || a.ha == HAActive && a.done() {
			si.prefer = -1
			e.touch()
		}
	}
}

// watchAdjust begins the auto-adjust time of groups that rest in another state than
// the preferred one, and ends an adjustment that has come to rest.
func (e *Engine) watchAdjust() {
	for _, g := range e.groups {
		resting := e.resting(g)
		if g.adjusting && resting {
			g.adjusting = false
		}
		due := g.m.AutoAdjust && e.started && e.quorate && resting && !e.preferred(g)
		switch {
		case due && g.adjust == 0:
			if g.adjust = e.startTimer(timerAdjust, int32(g.m.Index), 0, g.m.AutoAdjustProb); g.adjust == 0 {
				g.adjusting = true // no probation: at once, with the next input
			}
		case !due:
			e.stopTimer(&g.adjust)
		}
	}
}

// resting tells whether every assignment of a group is what the plan wants.
func (e *Engine) resting(g *group) bool {
	for _, m := range g.m.SUs {
		for _, a := range e.units[m.Index].assigns {
			if a.ha != a.want || !a.done() {
				return false
			}
		}
	}
	return true
}

// preferred tells whether the assignments are those that a plan from nothing makes.
func (e *Engine) preferred(g *group) bool {
	type key struct {
		su, si int32
		ha     HAState
	}
	now := map[key]bool{}
	for _, m := range g.m.SUs {
		for _, a := range e.units[m.Index].assigns {
			now[key{a.su, a.si, a.ha}] = true
		}
	}
	e.planner(g, true).run()
	same, n := true, 0
	for _, m := range g.m.SUs {
		u := e.units[m.Index]
		for _, a := range slices.Clone(u.assigns) {
			if a.want != HANone {
				n++
				same = same && now[key{a.su, a.si, a.want}]
			}
			if a.ha == HANone {
				u.drop(a) // planned only to be compared
			}
		}
	}
	e.plan(g)
	e.changed = false
	return same && n == len(now)
}
