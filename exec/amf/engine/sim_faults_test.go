package engine

import (
	"errors"
	"fmt"

	"ais/exec/amf/model"
)

// faults has components crash and report errors, and operators meddle, while faults
// may happen; afterwards an operator puts things right.
func (n *amfNode) faults() {
	if !n.env.Faulty() {
		n.repair()
		return
	}
	if n.env.Random(6) == 0 {
		i := n.env.Random(len(n.comps))
		if c := &n.comps[i]; c.alive {
			n.tracef("%s crashes", n.w.m.c.Comps[i].Name)
			n.w.counts.Crashes++
			if !n.w.m.a || c.registered {
				n.outbox = append(n.outbox, Input{Kind: InDied, Comp: n.w.m.c.Comps[i].DN, Incarnation: c.gen})
			}
			n.kill(i)
		}
	}
	if n.env.Random(8) == 0 {
		c := n.w.m.c.Comps[n.env.Random(len(n.comps))]
		if n.comps[c.Index].alive {
			n.w.counts.Reports++
			n.outbox = append(n.outbox, Input{Kind: InErrorReport, Comp: c.DN, Recovery: simRecoveries[n.env.Random(len(simRecoveries))]})
		}
	}
	if n.w.m.a {
		n.errorsA()
	}
	if n.env.Random(24) == 0 {
		i := n.env.Random(len(n.comps))
		if c := n.w.m.c.Comps[i]; n.comps[i].alive {
			in := Input{Kind: InHAReadiness, Comp: c.DN, Value: uint32(1 + n.env.Random(4))}
			if csi := n.w.m.c.CSIs[n.env.Random(len(n.w.m.c.CSIs))]; n.env.Random(2) == 0 {
				in.CSI = csi.DN
			}
			n.w.counts.HAReadiness++
			n.outbox = append(n.outbox, in)
		}
	}
	if n.env.Random(12) == 0 {
		n.w.counts.Admin++
		n.outbox = append(n.outbox, n.meddle())
	}
}

func (n *amfNode) meddle() Input {
	c := n.w.m.c
	in := Input{Kind: InAdmin, Admin: []AdminOp{AdminLock, AdminUnlock, AdminUnlock, AdminShutdown, AdminSISwap, AdminRestart, AdminLockInstantiation, AdminUnlockInstantiation, AdminRepaired, AdminSGAdjust}[n.env.Random(10)]}
	switch n.env.Random(6) {
	case 4:
		in.Target = c.SGs[n.env.Random(len(c.SGs))].DN
	case 5:
		in.Target = c.Apps[0].DN
	case 0:
		in.Target = c.SUs[n.env.Random(len(c.SUs))].DN
	case 1:
		if o := n.e.nodes; len(o) > 0 {
			in.Target = nodeDN(o[n.env.Random(len(o))])
		}
	case 2:
		in.Target = c.Comps[n.env.Random(len(c.Comps))].DN
	default:
		in.Target = c.SIs[n.env.Random(len(c.SIs))].DN
	}
	return in
}

// repair is what an operator does when the faults have stopped: everything is
// unlocked and repaired.
func (n *amfNode) repair() {
	if len(n.outbox) > 0 || !n.manager.Synchronized() || !n.lowest() || n.now() < n.lastOp+2*n.env.TokenTimeout() {
		return
	}
	n.lastOp = n.now()
	ask := func(op AdminOp, dn string) { n.outbox = append(n.outbox, Input{Kind: InAdmin, Admin: op, Target: dn}) }
	free := func(a admin, dn string) {
		switch a.state {
		case LockedInst:
			ask(AdminUnlockInstantiation, dn)
		case Locked, ShuttingDown:
			ask(AdminUnlock, dn)
		}
	}
	for _, o := range n.e.nodes {
		free(o.admin, nodeDN(o))
	}
	for _, g := range n.e.groups {
		free(g.admin, g.m.DN)
	}
	for _, a := range n.e.apps {
		free(a.admin, a.m.DN)
	}
	for _, u := range n.e.units {
		free(u.admin, u.m.DN)
		if u.oper != Enabled && !u.failing && !u.drain && (n.e.failedUnit(u) || !u.m.SG.AutoRepair) {
			ask(AdminRepaired, u.m.DN)
		}
	}
	for _, si := range n.e.sis {
		free(si.admin, si.m.DN)
	}
	for _, c := range n.e.comps {
		if c.erring {
			n.outbox = append(n.outbox, Input{Kind: InErrorClear, Comp: c.m.DN})
		}
		if c.haReadyAll > ReadyForAssignment || len(c.haReady) > 0 {
			n.outbox = append(n.outbox, Input{Kind: InHAReadiness, Comp: c.m.DN, Value: uint32(ReadyForAssignment)})
		}
	}
}

// settled tells whether this node sees everything assigned that can be.
func (n *amfNode) settled() bool {
	n.runTimers()
	// No timer either: nothing more is going to happen by itself.
	return len(n.e.timers) == 0 && len(n.todo) == 0 && len(n.outbox)+n.inFlight+len(n.unsaid) == 0 && n.manager.Synchronized() && n.missing() == ""
}

// missing says what is not as it must be when nothing is wrong any more.
func (n *amfNode) missing() string {
	e := n.e
	here := 0
	for _, o := range e.nodes {
		if o.present() {
			here++
			if o.oper != Enabled || o.admin.state != Unlocked || o.failfast {
				return fmt.Sprintf("node %s: %s, %s, failfast %v, repairing %v", o.name, o.oper, o.admin.state, o.failfast, o.repairing)
			}
		}
	}
	for _, c := range e.comps {
		if c.haReadyAll > ReadyForAssignment || len(c.haReady) > 0 {
			return fmt.Sprintf("%s is not ready: %d %v", c.m.DN, c.haReadyAll, c.haReady)
		}
	}
	if n.w.m.a {
		if s := n.missingA(); s != "" {
			return s
		}
	}
	for _, u := range e.units {
		if !n.w.m.a && e.nodeOf(u).present() && e.placeOf(u) != placeIn {
			return fmt.Sprintf("unit %s: place %d, presence %s, oper %s, failing %v drain %v restarting %v assigns %d, up %v", u.m.DN, e.placeOf(u), e.presenceOf(u), u.oper, u.failing, u.drain, u.restarting, len(u.assigns), e.wantUp(u))
		}
	}
	if n.w.m.majority && !e.isMajority(here) {
		for _, si := range e.sis {
			if e.isActive(int32(si.m.Index)) {
				return si.m.DN + " is active without a majority"
			}
		}
		return ""
	}
	if !e.started {
		return "not started"
	}
	for _, g := range e.groups {
		if s := n.groupMissing(g); s != "" {
			return s
		}
	}
	return ""
}

// groupMissing counts what a group's instances have against what its units can take.
func (n *amfNode) groupMissing(g *group) string {
	e := n.e
	units, singles := 0, 0
	for _, m := range g.m.SUs {
		if e.placeOf(e.units[m.Index]) == placeIn {
			units++
		}
	}
	for _, m := range g.m.SIs {
		si := e.sis[m.Index]
		act, stb := 0, 0
		for _, su := range g.m.SUs {
			a := e.units[su.Index].find(int32(m.Index))
			switch {
			case a == nil:
			case !a.done() || a.ha != a.want:
				return fmt.Sprintf("%s on %s is %s, wanted %s, not done", m.DN, su.DN, a.ha, a.want)
			case a.ha == HAActive:
				act++
			case a.ha == HAStandby:
				stb++
			}
		}
		wantA, wantS := min(units, e.actives(si)), 0
		if e.alike(g.m) || n.w.m.a && g.m.Redundancy == model.TwoN {
			wantS = min(e.standbys(si), units-wantA)
		}
		switch red := g.m.Redundancy; {
		case e.alike(g.m) || n.w.m.a && red == model.TwoN:
		case red == model.TwoN:
			wantS = min(1, units-wantA)
		case red == model.NWay:
			wantS = min(e.standbys(si), units-wantA)
		case red == model.NPlusM:
			if units > g.m.PrefActiveSUs {
				wantS = 1
			}
		case red == model.NoRedundancy:
			singles += act
			continue
		}
		if act != wantA || stb < max(wantS, 0) {
			return fmt.Sprintf("%s has %d active of %d, %d standby of %d, on %d units", m.DN, act, wantA, stb, wantS, units)
		}
	}
	if g.m.Redundancy == model.NoRedundancy && !e.alike(g.m) && singles != min(units, len(g.m.SIs)) {
		return fmt.Sprintf("%s has %d instances active on %d units", g.m.DN, singles, units)
	}
	return ""
}

// final compares with the other nodes, and the state with what components do.
func (n *amfNode) final(first *amfNode) error {
	if s := n.missing(); s != "" {
		return errors.New(s)
	}
	if a, b := describeEngine(n.e), describeEngine(first.e); a != b {
		return fmt.Errorf("the state differs from that of node %d", first.env.Node())
	}
	for i := range n.comps {
		m := n.w.m.c.Comps[i]
		st := n.e.CompOf(m)
		if n.w.m.a {
			if st.Node != n.self.ID {
				if n.comps[i].registered {
					return fmt.Errorf("%s is registered and not known", m.DN)
				}
				continue
			}
		} else if m.SU.Node.Name != n.opt.NodeName {
			continue
		}
		if n.comps[i].alive != (st.Presence == Instantiated) {
			return fmt.Errorf("%s lives: %v, presence %s", m.DN, n.comps[i].alive, st.Presence)
		}
		want := n.e.CSIsOf(m)
		if len(want) != len(n.comps[i].does) {
			return fmt.Errorf("%s has %v, the state says %v", m.DN, n.comps[i].does, want)
		}
		for _, a := range want {
			if n.comps[i].does[a.CSI.Index] != a.HA {
				return fmt.Errorf("%s is %s for %s, the state says %s", m.DN, n.comps[i].does[a.CSI.Index], a.CSI.DN, a.HA)
			}
		}
	}
	return nil
}
