// What can be asked of the local replica, by programs and operators. Nothing here
// changes anything.

package engine

import (
	"ais/exec/amf/model"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Model is the configuration.
func (e *Engine) Model() *model.Cluster { return e.c }

// Quorate tells whether active assignments may be made and kept (always, without the
// majority rule).
func (e *Engine) Quorate() bool { return e.quorate }

// Unrest counts inputs after which the state did not come to rest: 0, or there is a
// mistake in this package.
func (e *Engine) Unrest() uint64 { return e.unrest }

// Started tells whether assignments are made.
func (e *Engine) Started() bool { return e.started }

// CompStatus is a component as it is.
type CompStatus struct {
	Presence    Presence
	Oper        OperState
	Readiness   Readiness
	Node        wire.NodeID // where it lives; 0: nowhere
	Incarnation uint32
	Registered  bool
	Proxy       *model.Comp
	Restarts    uint32 // of its unit, within the probation time
	InError     bool   // generation A: an error was reported and not cancelled
}

// Comp is the state of the component with a DN.
func (e *Engine) Comp(dn string) (CompStatus, bool) {
	c := e.find(dn)
	if c == nil {
		return CompStatus{}, false
	}
	return e.CompOf(c.m), true
}

// CompOf is the state of a component of the model.
func (e *Engine) CompOf(m *model.Comp) CompStatus {
	c := e.comps[m.Index]
	return CompStatus{Presence: c.presence, Oper: c.oper, Readiness: e.readiness(c), Node: c.host, Incarnation: c.gen,
		Registered: c.registered, Proxy: e.proxyModel(c), Restarts: e.unitOf(c).compRestarts.n, InError: c.erring}
}

// UnitStatus is a service unit as it is.
type UnitStatus struct {
	Admin        AdminState
	Oper         OperState
	Presence     Presence
	Readiness    Readiness
	CompRestarts uint32 // within the probation time
	SuRestarts   uint32
}

// Unit is the state of a service unit.
func (e *Engine) Unit(m *model.SU) UnitStatus {
	u := e.units[m.Index]
	return UnitStatus{u.admin.state, u.oper, e.presenceOf(u), e.readinessOf(u), u.compRestarts.n, u.suRestarts.n}
}

// NodeStatus is an AMF node as it is.
type NodeStatus struct {
	Name        string
	Model       *model.Node // nil in generation A
	Member      wire.Member // ID 0: not in the configuration
	Admin       AdminState
	Oper        OperState
	SuFailovers uint32 // within the probation time
	Repairing   bool
}

// Nodes lists the AMF nodes.
func (e *Engine) Nodes() []NodeStatus {
	list := make([]NodeStatus, 0, len(e.nodes))
	for _, n := range e.nodes {
		list = append(list, NodeStatus{n.name, n.m, n.member, n.admin.state, n.oper, n.failover.n, n.repairing})
	}
	return list
}

// AdminOf is the administrative state of an application, group or instance.
func (e *Engine) AdminOf(dn string) (AdminState, bool) {
	t, ok := e.target(dn)
	if !ok || t.admin() == nil {
		return 0, false
	}
	return t.admin().state, true
}

// SIStatus is a service instance as it is.
type SIStatus struct {
	Admin      AdminState
	Assignment Assignment
	Assigned   []Assigned
	// Barred: an absent node may still have it active (majority rule).
	Barred bool
}

// Assigned is an assignment of an instance to a unit.
type Assigned struct {
	SU   *model.SU
	HA   HAState // what is being brought about
	Done bool    // every component has answered
	Rank uint32
}

// SI is the state of a service instance.
func (e *Engine) SI(m *model.SI) SIStatus {
	si := e.sis[m.Index]
	s := SIStatus{Admin: si.admin.state, Assignment: e.assignment(si), Barred: e.barred(int32(m.Index))}
	for _, su := range m.SG.SUs {
		if a := e.units[su.Index].find(int32(m.Index)); a != nil && a.ha != HANone {
			s.Assigned = append(s.Assigned, Assigned{su, a.ha, a.done(), a.rank})
		}
	}
	return s
}

// CSIAssigned is a CSI that a component has.
type CSIAssigned struct {
	CSI   *model.CSI
	HA    HAState // answered
	Asked HAState // commanded; the same when it was answered
}

// CSIsOf lists what a component has.
func (e *Engine) CSIsOf(m *model.Comp) []CSIAssigned {
	var list []CSIAssigned
	c := e.comps[m.Index]
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		if cs.exposed || cs.acked != HANone {
			list = append(list, CSIAssigned{e.c.CSIs[cs.csi], cs.acked, cs.ha})
		}
	})
	return list
}

// HAState answers saAmfHAStateGet: NOT_EXIST when there is no such component or CSI,
// or the component has not got it.
func (e *Engine) HAState(comp, csi string) (HAState, ipcwire.Error) {
	c := e.find(comp)
	if c == nil {
		return HANone, ipcwire.ErrNotExist
	}
	for _, a := range e.CSIsOf(c.m) {
		if a.CSI.DN != csi {
			continue
		}
		if a.HA != HANone {
			return a.HA, ipcwire.OK
		}
		if ha := e.seen.ha[haKey{int32(c.m.Index), int32(a.CSI.Index)}]; ha != HANone {
			return ha, ipcwire.OK
		}
	}
	return HANone, ipcwire.ErrNotExist
}

// PendingOperations answers saAmfPendingOperationGet.
func (e *Engine) PendingOperations(comp string) (uint32, ipcwire.Error) {
	c := e.find(comp)
	if c == nil || !c.registered {
		return 0, ipcwire.ErrNotExist
	}
	return e.unitOf(c).pending.flags, ipcwire.OK
}

// Awaits tells whether an answer to an invocation of a component is waited for.
func (e *Engine) Awaits(m *model.Comp, inv uint64) bool {
	c := e.comps[m.Index]
	if inv == 0 {
		return false
	}
	if inv == c.inv || inv == c.toldInv || inv == c.confirmInv || inv == c.stopInv {
		return true
	}
	found := false
	e.eachCSI(c, func(_ *assign, cs *csiAssign) {
		found = found || cs.inv == inv || cs.quiesInv == inv
	})
	return found
}
