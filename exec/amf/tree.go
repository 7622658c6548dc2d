// The tree that operators see, made of the replica's state.

package amf

import (
	"fmt"
	"path/filepath"

	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/report"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

func (s *Service) requestTree(q request) ipcwire.Error { return s.respondJSON(q, s.Tree()) }

var redundancyNames = map[model.Redundancy]string{
	model.TwoN: "2N", model.NPlusM: "N+M", model.NWay: "N-way", model.NWayActive: "N-way active",
	model.NoRedundancy: "no redundancy",
}

// Tree is the framework as this node sees it.
func (s *Service) Tree() report.Tree {
	t := report.Tree{Self: uint32(s.env.Self().ID), Nodes: []report.Node{}, Groups: []report.Group{}, Instances: []report.Instance{}}
	if !s.on() {
		t.Off = s.opt.Off
		return t
	}
	e, c := s.replica.Engine(), s.opt.Cluster
	t.File, t.Cluster, t.Generation = c.File, c.Name, "B"
	if c.Generation == model.GenA {
		t.Generation = "A"
		t.Cluster = filepath.Base(c.File)
	}
	if !e.Started() {
		t.Notes = append(t.Notes, "assignments are not made yet: units are being instantiated")
	}
	if !e.Quorate() {
		t.Notes = append(t.Notes, "this partition has no majority: it takes no active role")
	}
	nodes := map[wire.NodeID]string{}
	for _, n := range e.Nodes() {
		node := report.Node{DN: "safAmfNode=" + n.Name, Name: n.Name, ID: uint32(n.Member.ID), Admin: n.Admin.String(), Oper: n.Oper.String()}
		if n.Model != nil {
			node.DN = n.Model.DN
		}
		if n.Repairing {
			node.Note = "being repaired"
		}
		t.Nodes = append(t.Nodes, node)
		nodes[n.Member.ID] = n.Name
	}
	for _, m := range s.members {
		if _, part := nodes[m.ID]; !part {
			t.Notes = append(t.Notes, fmt.Sprintf("node %d takes no part: it has another configuration, none, or a name that is no node of it", m.ID))
		}
	}
	for _, g := range c.SGs {
		group := report.Group{DN: g.DN, Name: g.Name, Redundancy: redundancyNames[g.Redundancy], Admin: adminText(e, g.DN), Units: []report.Unit{}}
		for _, u := range g.SUs {
			group.Units = append(group.Units, s.unit(e, u, nodes))
		}
		t.Groups = append(t.Groups, group)
	}
	for _, si := range c.SIs {
		t.Instances = append(t.Instances, instance(e, si))
	}
	return t
}

func adminText(e *engine.Engine, dn string) string {
	a, ok := e.AdminOf(dn)
	if !ok {
		return ""
	}
	return a.String()
}

func (s *Service) unit(e *engine.Engine, u *model.SU, nodes map[wire.NodeID]string) report.Unit {
	st := e.Unit(u)
	unit := report.Unit{DN: u.DN, Name: u.Name, Admin: st.Admin.String(), Oper: st.Oper.String(),
		Presence: st.Presence.String(), Readiness: st.Readiness.String(), Components: []report.Component{}}
	if u.Node != nil {
		unit.Node = u.Node.Name
	}
	for _, m := range u.Comps {
		c := e.CompOf(m)
		comp := report.Component{DN: m.DN, Name: m.Name, Oper: c.Oper.String(), Presence: c.Presence.String(),
			Readiness: c.Readiness.String(), Restarts: int(c.Restarts)}
		if l := s.lives[m]; l != nil {
			comp.PID = l.c.conn.Cred().PID
		}
		if unit.Node == "" && c.Node != 0 {
			unit.Node = nodes[c.Node]
			if unit.Node == "" {
				unit.Node = fmt.Sprint(c.Node)
			}
		}
		for _, a := range e.CSIsOf(m) {
			ha := a.HA.String()
			if a.HA != a.Asked {
				ha = "(" + a.Asked.String() + ")" // asked, and not answered yet
			}
			comp.CSIs = append(comp.CSIs, report.Assigned{CSI: a.CSI.DN, HA: ha})
		}
		unit.Components = append(unit.Components, comp)
	}
	return unit
}

func instance(e *engine.Engine, si *model.SI) report.Instance {
	st := e.SI(si)
	i := report.Instance{DN: si.DN, Name: si.Name, Group: si.SG.Name, Admin: st.Admin.String(), State: st.Assignment.String(),
		Active: []string{}, Standby: []string{}}
	if st.Barred {
		i.State += ", barred: a lost node may have it"
	}
	for _, a := range st.Assigned {
		name := a.SU.Name
		if !a.Done {
			name = "(" + name + ")"
		}
		switch a.HA {
		case engine.HAActive, engine.HAQuiescing:
			i.Active = append(i.Active, name)
		case engine.HAStandby:
			i.Standby = append(i.Standby, name)
		}
	}
	return i
}
