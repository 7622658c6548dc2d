// What is to be seen from outside: every change of every state becomes a record, and
// the changes of protection groups are told. Both are found by comparing with what was
// shown before, so that nothing can be forgotten on the way. What was shown is this
// replica's own, not replicated.

package engine

import (
	"slices"
	"strconv"

	"ais/exec/amf/model"
)

// shown is what was told last.
type shown struct {
	nodes  map[string]nodeShown
	apps   []AdminState
	groups []AdminState
	units  []unitShown
	comps  []compShown
	sis    []siShown
	ha     map[haKey]HAState
	pgs    [][]PGMember // by CSI
}

type nodeShown struct {
	present bool
	admin   AdminState
	oper    OperState
}

type unitShown struct {
	admin     AdminState
	oper      OperState
	presence  Presence
	readiness Readiness
}

type compShown struct {
	presence  Presence
	readiness Readiness
	oper      OperState
}

type siShown struct {
	admin      AdminState
	assignment Assignment
}

type haKey struct{ comp, csi int32 }

// Assignment is SaAmfAssignmentStateT.
type Assignment uint8

const (
	Unassigned        Assignment = 1
	FullyAssigned     Assignment = 2
	PartiallyAssigned Assignment = 3
)

func (e *Engine) record(object, what string, from, to string) {
	e.records = append(e.records, Record{Object: object, What: what, From: from, To: to, Cause: e.cause, Why: e.why})
}

// show makes records of everything that changed, then tells the protection groups.
func (e *Engine) show() {
	s := &e.seen
	if s.units == nil {
		*s = shown{
			nodes: map[string]nodeShown{}, apps: make([]AdminState, len(e.apps)), groups: make([]AdminState, len(e.groups)),
			units: make([]unitShown, len(e.units)), comps: make([]compShown, len(e.comps)), sis: make([]siShown, len(e.sis)),
			ha: map[haKey]HAState{}, pgs: make([][]PGMember, len(e.csis)),
		}
		for i := range s.units {
			s.units[i] = unitShown{Unlocked, Enabled, Uninstantiated, OutOfService}
		}
		for i := range s.comps {
			s.comps[i] = compShown{Uninstantiated, OutOfService, Enabled}
		}
		for i := range s.sis {
			s.sis[i] = siShown{Unlocked, Unassigned}
		}
		for i := range s.apps {
			s.apps[i] = Unlocked
		}
		for i := range s.groups {
			s.groups[i] = Unlocked
		}
	}
	e.showNodes()
	e.showUnits()
	e.showHA()
	for i, si := range e.sis {
		now := siShown{si.admin.state, e.assignment(si)}
		was := s.sis[i]
		change(e, si.m.DN, "admin", was.admin, now.admin)
		change(e, si.m.DN, "assignment", was.assignment, now.assignment)
		s.sis[i] = now
	}
	e.showGroups()
	for i := range e.records {
		e.emit(Output{Kind: OutRecord, Record: &e.records[i], Cause: e.records[i].Cause})
	}
}

type state interface {
	comparable
	String() string
}

func change[T state](e *Engine, object, what string, was, now T) {
	if was != now {
		e.record(object, what, was.String(), now.String())
	}
}

func (e *Engine) showNodes() {
	s := &e.seen
	here := map[string]bool{}
	for _, n := range e.nodes {
		name := n.name
		if n.m != nil {
			name = n.m.DN
		}
		here[name] = true
		was, ok := s.nodes[name]
		if !ok {
			was = nodeShown{false, Unlocked, Enabled}
		}
		now := nodeShown{n.present(), n.admin.state, n.oper}
		if was.present != now.present {
			e.record(name, "member", yes(was.present), yes(now.present))
		}
		change(e, name, "admin", was.admin, now.admin)
		change(e, name, "oper", was.oper, now.oper)
		s.nodes[name] = now
	}
	var gone []string
	for name := range s.nodes {
		if !here[name] {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		e.record(name, "member", yes(true), yes(false))
		delete(s.nodes, name)
	}
	for i, a := range e.apps {
		change(e, a.m.DN, "admin", s.apps[i], a.admin.state)
		s.apps[i] = a.admin.state
	}
	for i, g := range e.groups {
		change(e, g.m.DN, "admin", s.groups[i], g.admin.state)
		s.groups[i] = g.admin.state
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (e *Engine) showUnits() {
	s := &e.seen
	for i, c := range e.comps {
		now, was := compShown{c.presence, e.readiness(c), c.oper}, s.comps[i]
		change(e, c.m.DN, "presence", was.presence, now.presence)
		change(e, c.m.DN, "oper", was.oper, now.oper)
		change(e, c.m.DN, "readiness", was.readiness, now.readiness)
		s.comps[i] = now
	}
	for i, u := range e.units {
		now, was := unitShown{u.admin.state, u.oper, e.presenceOf(u), e.readinessOf(u)}, s.units[i]
		change(e, u.m.DN, "admin", was.admin, now.admin)
		change(e, u.m.DN, "oper", was.oper, now.oper)
		change(e, u.m.DN, "presence", was.presence, now.presence)
		change(e, u.m.DN, "readiness", was.readiness, now.readiness)
		s.units[i] = now
	}
}

// showHA makes records of HA states, which are those that components have answered.
func (e *Engine) showHA() {
	s := &e.seen
	now := make(map[haKey]HAState, len(s.ha))
	for _, u := range e.units {
		for _, a := range u.assigns {
			for i := range a.csis {
				cs := &a.csis[i]
				k := haKey{cs.comp, cs.csi}
				if cs.acked == HANone {
					if was := s.ha[k]; was != HANone && cs.exposed {
						now[k] = was // an answer is awaited
					}
					continue
				}
				now[k] = cs.acked
				if was := s.ha[k]; was != cs.acked {
					e.record(e.c.Comps[k.comp].DN, "ha "+e.c.CSIs[k.csi].DN, was.String(), cs.acked.String())
				}
			}
		}
	}
	var gone []haKey
	for k := range s.ha {
		if now[k] == HANone {
			gone = append(gone, k)
		}
	}
	slices.SortFunc(gone, func(a, b haKey) int {
		if a.comp != b.comp {
			return int(a.comp - b.comp)
		}
		return int(a.csi - b.csi)
	})
	for _, k := range gone {
		e.record(e.c.Comps[k.comp].DN, "ha "+e.c.CSIs[k.csi].DN, s.ha[k].String(), HANone.String())
	}
	s.ha = now
}

// assignment is the assignment state of an instance.
func (e *Engine) assignment(si *instance) Assignment {
	act, stb := 0, 0
	for _, m := range si.m.SG.SUs {
		a := e.units[m.Index].find(int32(si.m.Index))
		switch {
		case a == nil || !a.done():
		case a.ha == HAActive:
			act++
		case a.ha == HAStandby:
			stb++
		}
	}
	switch {
	case act == 0:
		return Unassigned
	case act >= e.actives(si) && stb >= e.standbys(si):
		return FullyAssigned
	}
	return PartiallyAssigned
}

// ProtectionGroup lists who is assigned a CSI.
func (e *Engine) ProtectionGroup(csi *model.CSI) []PGMember {
	var list []PGMember
	si := csi.SI
	for _, m := range si.SG.SUs {
		a := e.units[m.Index].find(int32(si.Index))
		if a == nil {
			continue
		}
		cs := a.csi(int32(csi.Index))
		if cs == nil || !cs.exposed {
			continue
		}
		ha := e.seen.ha[haKey{cs.comp, cs.csi}]
		if ha == HANone {
			continue
		}
		if ha == HAQuiescing && cs.acked == HANone {
			ha = HAQuiesced
		}
		pg := PGMember{Comp: e.c.Comps[cs.comp], HA: ha, Readiness: e.readiness(e.comps[cs.comp]),
			HAReadiness: e.comps[cs.comp].readyFor(cs.csi), Change: PGNoChange}
		if ha == HAStandby {
			pg.Rank = a.rank
		}
		list = append(list, pg)
	}
	return list
}

// showGroups tells the protection groups that changed.
func (e *Engine) showGroups() {
	for i, csi := range e.c.CSIs {
		was, now := e.seen.pgs[i], e.ProtectionGroup(csi)
		if slices.Equal(was, now) {
			continue
		}
		told := slices.Clone(now)
		for j := range told {
			told[j].Change = PGAdded
			for _, o := range was {
				if o.Comp != told[j].Comp {
					continue
				}
				told[j].Change = PGStateChange
				if o == now[j] {
					told[j].Change = PGNoChange
				}
			}
		}
		for _, o := range was {
			if !slices.ContainsFunc(now, func(m PGMember) bool { return m.Comp == o.Comp }) {
				o.Change = PGRemoved
				told = append(told, o)
			}
		}
		e.seen.pgs[i] = now
		e.emit(Output{Kind: OutProtectionGroup, CSI: csi, Group: told, Cause: e.cause})
	}
}

func nameIn(list []string, i int) string {
	if i < len(list) && list[i] != "" {
		return list[i]
	}
	return strconv.Itoa(i)
}

func (s HAState) String() string {
	return nameIn([]string{"none", "active", "standby", "quiesced", "quiescing"}, int(s))
}

func (s Readiness) String() string {
	return nameIn([]string{"", "out-of-service", "in-service", "stopping"}, int(s))
}

func (s Presence) String() string {
	return nameIn([]string{"", "uninstantiated", "instantiating", "instantiated", "terminating", "restarting",
		"instantiation-failed", "termination-failed"}, int(s))
}

func (s AdminState) String() string {
	return nameIn([]string{"", "unlocked", "locked", "locked-instantiation", "shutting-down"}, int(s))
}

func (s OperState) String() string { return nameIn([]string{"", "enabled", "disabled"}, int(s)) }

func (s Assignment) String() string {
	return nameIn([]string{"", "unassigned", "fully-assigned", "partially-assigned"}, int(s))
}

func (c Cause) String() string {
	return nameIn([]string{"none", "startup", "registered", "unregistered", "error report", "error clear", "healthcheck",
		"process monitor", "died", "answer failed", "no answer in time", "command failed", "command late", "admin",
		"node left", "node joined", "merge", "escalation", "assignment", "repair", "dependency", "auto-adjust",
		"no majority", "lease", "proxy lost", "ha readiness"}, int(c))
}
