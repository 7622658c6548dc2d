package engine

import (
	"reflect"
	"strings"
)

// escalation counts recoveries beside the engine, from the inputs and the records of
// one replica, and compares after each.
type escalation struct {
	off   bool
	units []unitCount
	nodes []int
}

type unitCount struct {
	comps, sus int
	level      bool
}

// reset takes the engine's word, after a configuration.
func (x *escalation) reset(n *amfNode) {
	x.off = false
	x.units = x.units[:0]
	for _, u := range n.e.units {
		x.units = append(x.units, unitCount{int(u.compRestarts.n), int(u.suRestarts.n), u.suRestarts.timer != 0})
	}
	x.nodes = x.nodes[:0]
	for _, o := range n.e.nodes {
		x.nodes = append(x.nodes, int(o.failover.n))
	}
}

// before takes note of probation times that end.
func (x *escalation) before(n *amfNode, in *Input) {
	if in.Kind != InTimer || len(x.units) == 0 {
		return
	}
	i, ok := n.e.findTimer(in.Timer)
	if !ok {
		return
	}
	switch t := n.e.timers[i]; t.kind {
	case timerCompRestart:
		x.units[t.a].comps = 0
	case timerSuRestart:
		x.units[t.a] = unitCount{}
	case timerNode:
		x.nodes[t.a] = 0
	}
}

// recovery takes a record.
func (x *escalation) recovery(n *amfNode, r *Record) {
	c := &n.w.counts
	admin := r.Cause == CauseAdmin
	e := n.e
	switch r.To {
	case "component restart":
		c.Restarts++
		if k := e.find(r.Object); k != nil && !admin && !x.off {
			u := &x.units[k.m.SU.Index]
			u.comps++
			if u.level {
				n.w.complain("%s restarts alone while its unit is at the next level", r.Object)
			}
			if most := k.m.SU.SG.CompRestartMax; u.comps > most {
				n.w.complain("%s: component restart %d of %d", r.Object, u.comps, most)
			}
		}
	case "service unit restart":
		c.SuRestarts++
		if t, ok := e.target(r.Object); ok && !admin && !x.off {
			u := &x.units[t.unit.m.Index]
			if !u.level && u.comps != t.unit.m.SG.CompRestartMax {
				n.w.complain("%s is restarted after %d component restarts of %d", r.Object, u.comps, t.unit.m.SG.CompRestartMax)
			}
			u.sus++
			u.comps, u.level = 0, true
			if u.sus > t.unit.m.SG.SuRestartMax {
				n.w.complain("%s: unit restart %d of %d", r.Object, u.sus, t.unit.m.SG.SuRestartMax)
			}
		}
	case "service unit failover":
		c.SuFailovers++
		if t, ok := e.target(r.Object); ok && !x.off {
			x.units[t.unit.m.Index] = unitCount{}
			// Those of a node failover, or of a switchover, are not counted: its
			// record comes first.
			if i := t.unit.m.Node.Index; !e.nodes[i].repairing {
				x.nodes[i]++
				if most := e.nodes[i].m.SuFailoverMax; x.nodes[i] > most {
					n.w.complain("%s: failover %d of %d", r.Object, x.nodes[i], most)
				}
			}
		}
	case "node failover", "node switchover":
		if r.To == "node failover" {
			c.NodeFailovers++
		} else {
			c.Switchovers++
		}
		if t, ok := e.target(r.Object); ok && !x.off {
			if strings.Contains(r.Why, "too many") && x.nodes[t.node.m.Index] != t.node.m.SuFailoverMax {
				n.w.complain("%s fails over after %d failovers of units of %d", r.Object, x.nodes[t.node.m.Index], t.node.m.SuFailoverMax)
			}
			x.nodes[t.node.m.Index] = 0
		}
	}
}

// after compares.
func (x *escalation) after(n *amfNode) {
	var now escalation
	now.reset(n)
	for i := range now.units {
		a, b := &now.units[i], &x.units[i]
		if a.comps != b.comps || a.sus != b.sus {
			n.w.complain("node %d: %s counts %d and %d restarts, there were %d and %d", n.env.Node(), n.e.units[i].m.DN, a.comps, a.sus, b.comps, b.sus)
		}
	}
	for i := range now.nodes {
		if now.nodes[i] != x.nodes[i] {
			n.w.complain("node %d: %s counts %d failovers, there were %d", n.env.Node(), n.e.nodes[i].name, now.nodes[i], x.nodes[i])
		}
	}
	*x = now
}

func (c *amfCounts) add(o *amfCounts) {
	a, b := reflect.ValueOf(c).Elem(), reflect.ValueOf(o).Elem()
	for i := range a.NumField() {
		a.Field(i).SetUint(a.Field(i).Uint() + b.Field(i).Uint())
	}
}
