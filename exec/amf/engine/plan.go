// The plan: which instance should be active and standby on which unit, for each
// redundancy model, from the units that are in service and what they have now. It is
// computed anew with every input, and changes nothing itself but the wants of
// assignments; assign.go brings them about. Where units are equal, what is assigned
// stays; else the better rank wins, then the order of the file.

package engine

import (
	"cmp"
	"slices"

	"ais/exec/amf/model"
)

// planner is the work of one plan.
type planner struct {
	e *Engine
	g *group
	// fresh: as if nothing were assigned (auto-adjust).
	fresh bool
	units []*unit // that may get something, best first
	sis   []*instance
}

// plan sets the wants of every assignment of a group.
func (e *Engine) plan(g *group) {
	p := e.planner(g, g.adjusting)
	p.run()
}

func (e *Engine) planner(g *group, fresh bool) *planner {
	p := &planner{e: e, g: g, fresh: fresh}
	for _, m := range g.m.SUs {
		u := e.units[m.Index]
		for _, c := range m.Comps {
			e.loadA[c.Index], e.loadS[c.Index] = 0, 0
		}
		for _, a := range u.assigns {
			a.want = HANone
		}
		p.units = append(p.units, u)
	}
	slices.SortStableFunc(p.units, func(a, b *unit) int { return cmp.Compare(rankOf(a.m.Rank), rankOf(b.m.Rank)) })
	for _, m := range g.m.SIs {
		p.sis = append(p.sis, e.sis[m.Index])
	}
	slices.SortStableFunc(p.sis, func(a, b *instance) int { return cmp.Compare(rankOf(a.m.Rank), rankOf(b.m.Rank)) })
	return p
}

// rankOf puts those without a rank last.
func rankOf(r int) int {
	if r == 0 {
		return 1 << 30
	}
	return r
}

func (p *planner) run() {
	e := p.e
	if e.appOf(p.g).restarting {
		return
	}
	if !e.quorate {
		p.keepStandbys()
		return
	}
	p.stopping()
	switch {
	case p.e.alike(p.g.m) || e.c.Generation == model.GenA && p.g.m.Redundancy == model.TwoN:
		p.counted()
	case p.g.m.Redundancy == model.TwoN:
		p.twoN()
	case p.g.m.Redundancy == model.NPlusM:
		p.nPlusM()
	case p.g.m.Redundancy == model.NoRedundancy:
		p.noRedundancy()
	default:
		p.counted()
	}
}

// keepStandbys is the plan of a partition without a majority: nobody is active.
func (p *planner) keepStandbys() {
	for _, u := range p.units {
		for _, a := range u.assigns {
			if a.ha == HAStandby && p.e.placeOf(u) >= placeKeep && p.assignable(p.e.sis[a.si]) {
				p.try(u, p.e.sis[a.si], HAStandby)
			}
		}
	}
}

// stopping has actives quiesce where the unit or the instance is shutting down, and
// leaves quiesced what is.
func (p *planner) stopping() {
	for _, u := range p.units {
		at := p.e.placeOf(u)
		for _, a := range u.assigns {
			down := at == placeStopping || p.e.sis[a.si].admin.state == ShuttingDown && at != placeOut
			if down && (a.ha == HAActive || a.ha == HAQuiescing) {
				a.want = HAQuiescing
				p.take(u, a, HAActive)
			}
		}
	}
}

// assignable tells whether an instance may have assignments at all.
func (p *planner) assignable(si *instance) bool {
	return si.admin.state == Unlocked && !p.lostSponsor(si)
}

// mayGet tells whether a unit may get, or keep, the state for the instance.
func (p *planner) mayGet(u *unit, si *instance) bool {
	switch p.e.placeOf(u) {
	case placeIn:
		return true
	case placeKeep:
		a := u.find(int32(si.m.Index))
		return a != nil && a.ha != HANone && !a.removing
	}
	return false
}

// try plans an instance for a unit, if its components can take it.
func (p *planner) try(u *unit, si *instance, ha HAState) bool {
	i := int32(si.m.Index)
	a := u.find(i)
	if a != nil && (a.removing || a.want != HANone) {
		return a.removing // it is on its way out: the place is taken until it is
	}
	if !p.mayGet(u, si) && !(ha == HAStandby && !p.e.quorate) {
		return false
	}
	if !p.room(u, ha) {
		return false
	}
	if a == nil {
		a = u.add(i)
		if !p.choose(u, a, ha) {
			u.drop(a)
			return false
		}
		p.e.touch()
	} else if !p.choose(u, a, ha) {
		return false
	}
	a.want = ha
	return true
}

func (p *planner) lostSponsor(si *instance) bool {
	for i := range si.deps {
		if si.deps[i].lost {
			return true
		}
	}
	return false
}

// room tells whether the unit may have one more instance in that state.
func (p *planner) room(u *unit, ha HAState) bool {
	most := p.g.m.MaxActiveSIs
	if ha == HAStandby {
		most = p.g.m.MaxStandbySIs
	}
	if most == 0 || p.g.m.Redundancy == model.TwoN {
		return true
	}
	return p.planned(u, ha) < most
}

// planned counts what the plan gives a unit so far.
func (p *planner) planned(u *unit, ha HAState) int {
	n := 0
	for _, a := range u.assigns {
		if a.want == ha || ha == HAActive && a.want == HAQuiescing {
			n++
		}
	}
	return n
}

// choose finds a component for each CSI, and counts its load. Where only some CSIs
// have a component that can be standby, the others are not assigned; nor are those of a
// groups.conf of which no component of the unit is a member.
func (p *planner) choose(u *unit, a *assign, ha HAState) bool {
	e := p.e
	type pick struct{ csi, comp int32 }
	var picks []pick
	undo := func() {
		for _, k := range picks {
			p.load(k.comp, ha, -1)
		}
	}
	for _, m := range e.sis[a.si].m.CSIs {
		comp := int32(-1)
		if cs := a.csi(int32(m.Index)); cs != nil {
			if p.able(cs.comp, ha) && e.comps[cs.comp].readyFor(cs.csi).allows(ha) {
				comp = cs.comp
			}
		} else {
			comp = p.pick(u, m, ha)
		}
		if comp < 0 {
			if a.csi(int32(m.Index)) == nil && (ha == HAStandby || e.c.Generation == model.GenA && !serves(u.m, m)) {
				continue
			}
			undo()
			return false
		}
		p.load(comp, ha, 1)
		picks = append(picks, pick{int32(m.Index), comp})
	}
	if len(picks) == 0 {
		return false
	}
	if a.ha == HANone {
		a.csis = a.csis[:0]
		for _, k := range picks {
			a.csis = append(a.csis, csiAssign{csi: k.csi, comp: k.comp})
		}
	}
	return true
}

// pick finds the least loaded component that can take a CSI.
func (p *planner) pick(u *unit, csi *model.CSI, ha HAState) int32 {
	best := int32(-1)
	for _, m := range u.m.Comps {
		i := int32(m.Index)
		if !m.Serves(csi) || !p.able(i, ha) || !p.e.comps[i].readyFor(int32(csi.Index)).allows(ha) {
			continue
		}
		if best < 0 || p.e.loadA[i]+p.e.loadS[i] < p.e.loadA[best]+p.e.loadS[best] {
			best = i
		}
	}
	return best
}

// readiness is how ready a unit's components say they are for an instance: of each CSI the
// readiest component counts, of those the least ready.
func (p *planner) readiness(u *unit, si *instance) HAReadiness {
	least := ReadyForAssignment
	for _, csi := range si.m.CSIs {
		most := NotReadyForAssignment
		for _, m := range u.m.Comps {
			if m.Serves(csi) {
				most = min(most, p.e.comps[m.Index].readyFor(int32(csi.Index)))
			}
		}
		if serves(u.m, csi) {
			least = max(least, most)
		}
	}
	return least
}

// allReadiness is a unit's readiness for everything that the group has to assign.
func (p *planner) allReadiness(u *unit) HAReadiness {
	least := ReadyForAssignment
	for _, si := range p.sis {
		if p.assignable(si) {
			least = max(least, p.readiness(u, si))
		}
	}
	return least
}

// serves tells whether a unit has any component for a CSI.
func serves(u *model.SU, csi *model.CSI) bool {
	for _, m := range u.Comps {
		if m.Serves(csi) {
			return true
		}
	}
	return false
}

// able tells whether a component can take one more CSI in that state.
func (p *planner) able(comp int32, ha HAState) bool {
	act, stb := int(p.e.loadA[comp]), int(p.e.loadS[comp])
	if ha == HAStandby {
		stb++
	} else {
		act++
	}
	return fits(p.e.c.Generation, p.e.comps[comp].m, act, stb)
}

func (p *planner) load(comp int32, ha HAState, n int32) {
	if ha == HAStandby {
		p.e.loadS[comp] += n
	} else {
		p.e.loadA[comp] += n
	}
}

// take counts the load of an assignment that stays what it is.
func (p *planner) take(u *unit, a *assign, ha HAState) {
	for i := range a.csis {
		p.load(a.csis[i].comp, ha, 1)
	}
}

// score tells how much speaks for a unit to be active, by what it has now.
func (p *planner) score(u *unit) int {
	if p.fresh {
		return 0
	}
	s := 0
	for _, a := range u.assigns {
		if a.removing {
			continue
		}
		switch a.ha {
		case HAActive:
			s = min(s+1<<20, 1<<25) // what is preferred is above all
		case HAQuiesced, HAQuiescing:
			s += 1 << 12
		case HAStandby:
			s += 1 << 4
			if a.done() {
				s++
			}
		}
	}
	return s
}

// twoN: one unit has everything active, one everything standby.
func (p *planner) twoN() {
	active := p.best(nil, func(u *unit) int {
		r := p.allReadiness(u)
		switch {
		case int32(u.m.Index) == p.g.prefer:
			return 1 << 30
		case !r.allows(HAActive): // only if there is no other
			return p.score(u)
		case r == ReadyForActiveDegraded:
			return 1<<26 + p.score(u)/2
		}
		return 1<<26 + p.score(u)
	})
	if active == nil {
		return
	}
	for _, si := range p.sis {
		if p.assignable(si) {
			p.try(active, si, HAActive)
		}
	}
	standby := p.best(active, func(u *unit) int {
		s := 0
		switch r := p.allReadiness(u); {
		case r.allows(HAActive):
			s = 1 << 11
		case r.allows(HAStandby):
			s = 1 << 10
		}
		for _, a := range u.assigns {
			if !p.fresh && a.ha == HAStandby && !a.removing {
				s += 2
			} else if !p.fresh && a.ha != HANone && !a.removing {
				s++
			}
		}
		return s
	})
	if standby == nil {
		return
	}
	for _, si := range p.sis {
		if p.assignable(si) {
			p.try(standby, si, HAStandby)
		}
	}
}

// best is the unit with the highest score; of equal ones that with the best rank.
func (p *planner) best(but *unit, score func(*unit) int) *unit {
	var best *unit
	most := -1
	for _, u := range p.units {
		if u == but || p.e.placeOf(u) < placeKeep || p.e.placeOf(u) == placeKeep && len(u.assigns) == 0 {
			continue
		}
		if s := score(u); s > most {
			best, most = u, s
		}
	}
	return best
}

// has is the state in which a unit has an instance now.
func has(u *unit, si *instance) HAState {
	if a := u.find(int32(si.m.Index)); a != nil && !a.removing {
		return a.ha
	}
	return HANone
}

// nPlusM: some units are active for their share of the instances, others standby.
func (p *planner) nPlusM() {
	active := map[*unit]bool{}
	give := func(u *unit, si *instance) bool {
		if !active[u] && len(active) >= p.g.m.PrefActiveSUs || !p.try(u, si, HAActive) {
			return false
		}
		active[u] = true
		return true
	}
	for _, class := range p.classes() {
		var rest []*instance
		for _, si := range class {
			if !p.holder(si, give) {
				rest = append(rest, si)
			}
		}
		for _, si := range rest {
			p.newActive(si, active, give)
		}
	}
	p.standbyUnits(active)
}

// classes is the instances that may be assigned, those of one rank together: within a
// class what is assigned stays, between classes the better rank wins.
func (p *planner) classes() [][]*instance {
	var list [][]*instance
	last := -1
	for _, si := range p.sis {
		if !p.assignable(si) {
			continue
		}
		if r := rankOf(si.m.Rank); r != last {
			list, last = append(list, nil), r
		}
		list[len(list)-1] = append(list[len(list)-1], si)
	}
	return list
}

// holder keeps an instance where it is active, or, after an SI swap, brings it where
// it shall be.
func (p *planner) holder(si *instance, give func(*unit, *instance) bool) bool {
	if si.prefer >= 0 && give(p.e.units[si.prefer], si) {
		return true
	}
	if p.fresh {
		return false
	}
	for _, u := range p.units {
		if has(u, si) == HAActive && give(u, si) {
			return true
		}
	}
	return false
}

// newActive finds a unit for an instance that is active nowhere: who is quiesced for
// it, who is standby for it, or who has least.
func (p *planner) newActive(si *instance, active map[*unit]bool, give func(*unit, *instance) bool) {
	if !p.fresh {
		for _, want := range []HAState{HAQuiesced, HAStandby} {
			for _, u := range p.byStandbyRank(si) {
				if has(u, si) == want && give(u, si) {
					return
				}
			}
		}
	}
	order := slices.Clone(p.units)
	slices.SortStableFunc(order, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(p.planned(a, HAActive), p.planned(b, HAActive)), cmp.Compare(p.spare(a), p.spare(b)))
	})
	for _, u := range order {
		if give(u, si) {
			return
		}
	}
}

// spare puts units that are standby for something behind those that are not.
func (p *planner) spare(u *unit) int {
	if p.fresh {
		return 0
	}
	n := 0
	for _, a := range u.assigns {
		if a.ha == HAStandby {
			n++
		}
	}
	return min(n, 1)
}

// byStandbyRank is the units, the best standby of an instance first.
func (p *planner) byStandbyRank(si *instance) []*unit {
	list := slices.Clone(p.units)
	rank := func(u *unit) uint32 {
		if a := u.find(int32(si.m.Index)); a != nil && a.ha == HAStandby {
			return a.rank
		}
		return 1 << 30
	}
	slices.SortStableFunc(list, func(a, b *unit) int { return cmp.Compare(rank(a), rank(b)) })
	return list
}

// standbyUnits gives every active instance a standby on one of the other units.
func (p *planner) standbyUnits(active map[*unit]bool) {
	standby := map[*unit]bool{}
	give := func(u *unit, si *instance) bool {
		if active[u] || !standby[u] && len(standby) >= p.g.m.PrefStandbySUs || !p.try(u, si, HAStandby) {
			return false
		}
		standby[u] = true
		return true
	}
	for _, si := range p.sis {
		if !p.assignable(si) || !p.wanted(si) {
			continue
		}
		p.oneStandby(si, give)
	}
}

// wanted tells whether the plan has an active assignment for an instance.
func (p *planner) wanted(si *instance) bool {
	for _, u := range p.units {
		if a := u.find(int32(si.m.Index)); a != nil && (a.want == HAActive || a.want == HAQuiescing || a.ha == HAActive) {
			return true
		}
	}
	return false
}

func (p *planner) oneStandby(si *instance, give func(*unit, *instance) bool) {
	if !p.fresh {
		for _, want := range []HAState{HAStandby, HAQuiesced, HAActive} {
			for _, u := range p.byStandbyRank(si) {
				if has(u, si) == want && give(u, si) {
					return
				}
			}
		}
	}
	order := slices.Clone(p.units)
	slices.SortStableFunc(order, func(a, b *unit) int {
		return cmp.Compare(p.planned(a, HAStandby), p.planned(b, HAStandby))
	})
	for _, u := range order {
		if give(u, si) {
			return
		}
	}
}

// noRedundancy: each instance on one unit, each unit one instance.
func (p *planner) noRedundancy() {
	give := func(u *unit, si *instance) bool {
		return p.planned(u, HAActive) == 0 && p.try(u, si, HAActive)
	}
	for _, class := range p.classes() {
		var rest []*instance
		for _, si := range class {
			if !p.holder(si, give) {
				rest = append(rest, si)
			}
		}
		for _, si := range rest {
			p.newSingle(si, give)
		}
	}
}

func (p *planner) newSingle(si *instance, give func(*unit, *instance) bool) {
	for _, u := range p.units {
		if !p.fresh && has(u, si) == HAQuiesced && give(u, si) {
			return
		}
	}
	for _, u := range p.units {
		if give(u, si) {
			return
		}
	}
}

// counted: each instance active on so many units and standby on so many others
// (N-way, N-way active, and every group of generation A).
func (p *planner) counted() {
	for _, class := range p.classes() {
		for _, ha := range []HAState{HAActive, HAStandby} {
			// First those that stay where they are.
			if !p.fresh {
				for _, si := range class {
					p.keep(si, ha, p.number(si, ha))
				}
			}
			for _, si := range class {
				p.fill(si, ha, p.number(si, ha))
			}
		}
	}
}

// number is on how many units an instance is to have a state.
func (p *planner) number(si *instance, ha HAState) int {
	if ha == HAActive {
		return p.e.actives(si)
	}
	if !p.wanted(si) {
		return 0
	}
	return p.e.standbys(si)
}

// keep leaves an instance where it has the state, on n units at most.
func (p *planner) keep(si *instance, ha HAState, n int) {
	for _, u := range p.byStandbyRank(si) {
		if n > 0 && has(u, si) == ha && (si.prefer < 0 || ha != HAActive) && p.try(u, si, ha) {
			n--
		}
	}
}

// fill gives an instance the state on up to n units: where it has it, where it has
// the next best, then by rank and load.
func (p *planner) fill(si *instance, ha HAState, n int) {
	for _, u := range p.units {
		if a := u.find(int32(si.m.Index)); a != nil && (a.want == ha || a.want == HAQuiescing && ha == HAActive) {
			n--
		}
	}
	order := slices.Clone(p.units)
	value := func(u *unit) int {
		if int32(u.m.Index) == si.prefer && ha == HAActive {
			return -10
		}
		if p.fresh {
			return 0
		}
		switch now := has(u, si); {
		case now == ha:
			return -5
		case now == HAQuiesced:
			return -4
		case now == HAStandby && u.find(int32(si.m.Index)).done() && p.readiness(u, si) == ReadyForAssignment:
			return -3
		case now == HAStandby: // which has not answered yet, or is not quite ready
			return -2
		case now == HAActive:
			return -1
		}
		return 0
	}
	rank := func(u *unit) uint32 {
		if a := u.find(int32(si.m.Index)); a != nil && a.ha == HAStandby && !p.fresh {
			return a.rank
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b *unit) int {
		return cmp.Or(cmp.Compare(value(a), value(b)), cmp.Compare(rank(a), rank(b)),
			cmp.Compare(p.rankFor(si, a), p.rankFor(si, b)), cmp.Compare(p.planned(a, ha), p.planned(b, ha)))
	})
	for _, u := range order {
		if n <= 0 {
			return
		}
		if p.try(u, si, ha) {
			n--
		}
	}
}

// rankFor is the rank of a unit for an instance: the instance's own ranking comes
// before all that have none there.
func (p *planner) rankFor(si *instance, u *unit) int {
	for i := range si.m.RankedSUs {
		if si.m.RankedSUs[i].SU == u.m {
			return rankOf(si.m.RankedSUs[i].Rank)
		}
	}
	return 1 << 30
}

// completeCSIs gives an assignment the CSIs that its state before could not have.
func (e *Engine) completeCSIs(u *unit, a *assign, ha HAState) {
	si := e.sis[a.si]
	if ha != HAActive || len(a.csis) == len(si.m.CSIs) {
		return
	}
	have := a.csis
	a.csis = nil
	for _, m := range si.m.CSIs {
		i := int32(m.Index)
		at := slices.IndexFunc(have, func(cs csiAssign) bool { return cs.csi == i })
		if at >= 0 {
			a.csis = append(a.csis, have[at])
			continue
		}
		for _, c := range u.m.Comps {
			if c.Serves(m) && e.roomNow(u, a, int32(c.Index)) && e.comps[c.Index].readyFor(i).allows(ha) {
				a.csis = append(a.csis, csiAssign{csi: i, comp: int32(c.Index)})
				break
			}
		}
	}
}

// roomNow tells whether a component can take one more active CSI beside what it has.
func (e *Engine) roomNow(u *unit, _ *assign, comp int32) bool {
	act, stb := 1, 0
	for _, b := range u.assigns {
		for i := range b.csis {
			if b.csis[i].comp != comp {
				continue
			}
			if b.ha == HAStandby {
				stb++
			} else {
				act++
			}
		}
	}
	return fits(e.c.Generation, e.comps[comp].m, act, stb)
}
