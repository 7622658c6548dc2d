package engine

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

// Clusters of generation A: components start by themselves, some of them on two nodes,
// register, are told readiness states, and are never killed by the executive, which can
// but end their connections.

var simASeeds = flag.Uint64("amf.a.seeds", 60, "simulated clusters of generation A")

// newSimModelA is a groups.conf in effect: a 2n group, and another of a model that the
// seed draws.
func newSimModelA(seed uint64, nodes int, token time.Duration) simModel {
	d := dice{s: seed*0x9e3779b97f4a7c15 + 54321, scale: 1, slack: token * time.Duration(max(nodes, 5)) / 5}
	if nodes > 16 {
		d.scale = 20
	}
	d.n(2)
	c := &model.Cluster{Generation: model.GenA}
	app := &model.App{Object: model.Object{Name: "app"}}
	c.Apps = []*model.App{app}
	kinds := []model.Redundancy{model.TwoN, []model.Redundancy{model.NPlusM, model.NWay, model.NWayActive, model.NoRedundancy, model.TwoN}[d.n(5)]}
	for k, red := range kinds {
		if k == 1 && d.n(3) == 0 {
			break
		}
		app.SGs = append(app.SGs, simGroupA(&d, app, fmt.Sprintf("g%d", k), red, nodes))
	}
	if bad := c.Finish(); len(bad) > 0 {
		panic(bad.Error())
	}
	return simModel{c: c, a: true}
}

func simGroupA(d *dice, app *model.App, name string, red model.Redundancy, nodes int) *model.SG {
	g := &model.SG{Object: model.Object{Name: name}, Redundancy: red, PrefActiveSUs: 1 + d.n(2), PrefStandbySUs: 1 + d.n(2), AutoRepair: true}
	comps, sis := 1+d.n(2), 1
	if red != model.TwoN {
		sis += d.n(2)
	}
	if red == model.TwoN {
		g.PrefActiveSUs = 1
	}
	caps := []model.Capability{model.XActiveAndYStandby, model.XActiveOrYStandby}
	switch {
	case red == model.NWay:
		caps = caps[:1]
	case red == model.NWayActive || red == model.NoRedundancy:
		caps = []model.Capability{model.XActiveAndYStandby, model.XActive}
	case sis == 1:
		caps = append(caps, model.OneActiveOrOne, model.OneActiveOrY)
	}
	capability := caps[d.n(len(caps))]
	for i := range min(nodes, simUnits) {
		u := &model.SU{Object: model.Object{Name: fmt.Sprintf("%s-u%d", name, i)}, Rank: i + 1, Failover: true}
		for k := range comps {
			u.Comps = append(u.Comps, &model.Comp{Object: model.Object{Name: fmt.Sprintf("%s-c%d.%d", name, i, k)}, Capability: capability,
				SelfStarted: true, DefaultCallbackTimeout: d.slack + d.ms(60, 150)})
		}
		g.SUs = append(g.SUs, u)
	}
	for i := range sis {
		si := &model.SI{Object: model.Object{Name: fmt.Sprintf("%s-s%d", name, i)}, ProtectedBy: name, PrefActive: g.PrefActiveSUs, PrefStandby: g.PrefStandbySUs}
		for k := range comps {
			csi := &model.CSI{Object: model.Object{Name: fmt.Sprintf("k%d", k)}}
			for n := range min(nodes, simUnits) {
				csi.Members = append(csi.Members, fmt.Sprintf("%s-c%d.%d", name, n, k))
			}
			si.CSIs = append(si.CSIs, csi)
		}
		app.SIs = append(app.SIs, si)
	}
	return g
}

// homeOf is the node on which a component is started.
func (n *amfNode) homeOf(m *model.Comp) int { return m.SU.Rank - 1 }

// programs starts components, and has them register.
func (n *amfNode) programs() {
	for i, m := range n.w.m.c.Comps {
		c := &n.comps[i]
		home := n.homeOf(m) == n.env.Node()
		switch {
		case !c.alive && (home && (!n.env.Faulty() || n.env.Random(4) == 0) || n.env.Faulty() && n.env.Random(400) == 0):
			n.started++
			*c = simComp{alive: true, pid: n.started, asked: c.asked, does: map[int]HAState{}}
			n.tracef("%s starts as %d", m.Name, c.pid)
		case c.alive && !home && !n.env.Faulty() && !c.registered && c.asked == 0:
			n.kill(i) // somebody notices that it runs on another node already
		case c.alive && !c.registered && c.asked == 0:
			in := Input{Kind: InRegister, Comp: m.DN, Callbacks: GenerationA}
			if n.env.Random(3) == 0 {
				in.Callbacks |= CanConfirm
			}
			pid := c.pid
			if n.Submit(&in, func(r ipcwire.Error) {
				n.inFlight--
				if r != ipcwire.OK {
					n.tracef("%s, process %d: registration: %v", m.Name, pid, r)
					c.asked = 0
				}
			}) {
				n.inFlight++
				c.asked = pid
			}
		}
	}
}

// bound takes note that a component is registered here, in this very delivery.
func (n *amfNode) bound(o *Output) {
	c := &n.comps[o.Comp.Index]
	asked := c.asked
	c.asked = 0
	if !c.alive || c.pid != asked || asked == 0 {
		n.outbox = append(n.outbox, Input{Kind: InDied, Comp: o.Comp.DN, Incarnation: o.Incarnation})
		return
	}
	c.gen, c.registered = o.Incarnation, true
	n.tracef("%s, process %d is registered, gen %d", o.Comp.Name, c.pid, c.gen)
}

// doA carries out what only generation A has; false: it is nothing of that.
func (n *amfNode) doA(o *Output, luck string) bool {
	c := &n.comps[o.Comp.Index]
	mine := c.alive && c.registered && c.gen == o.Incarnation
	answer := func(r ipcwire.Error) {
		n.outbox = append(n.outbox, Input{Kind: InAnswer, Comp: o.Comp.DN, Invocation: o.Invocation, Incarnation: o.Incarnation, Result: r})
	}
	switch o.Kind {
	case OutCleanup: // its connection is ended, and it with it
		if mine {
			n.kill(o.Comp.Index)
		}
		answer(ipcwire.OK)
	case OutEvict:
		if mine {
			n.kill(o.Comp.Index)
		}
		n.outbox = append(n.outbox, Input{Kind: InDied, Comp: o.Comp.DN, Incarnation: o.Incarnation})
	case OutTerminate:
		if mine && luck == "ok" && !c.hung {
			n.kill(o.Comp.Index)
			answer(ipcwire.OK)
		}
	case OutPendingExpired:
	case OutPendingConfirm:
		if mine && luck != "lost" && !c.hung {
			if n.env.Faulty() && n.env.Random(3) == 0 {
				answer(ipcwire.ErrTryAgain)
			} else {
				answer(ipcwire.OK)
			}
		}
	case OutReadinessSet:
		switch {
		case !mine || c.hung:
		case luck == "lost":
			c.hung = true
		case luck == "fail":
			answer(ipcwire.ErrFailedOp)
		default:
			answer(ipcwire.OK)
			if o.Readiness == Stopping {
				n.stopWork(o, c)
			}
		}
	default:
		return false
	}
	return true
}

// stopWork finishes what a component does, as the readiness state STOPPING asks.
func (n *amfNode) stopWork(o *Output, c *simComp) {
	gen, inv := c.gen, o.Invocation
	for k, ha := range c.does {
		if ha == HAActive {
			c.does[k] = HAQuiescing
		}
	}
	if n.env.Faulty() && n.env.Random(20) == 0 {
		return // never completes
	}
	n.after(0, func() {
		if !c.alive || c.gen != gen || c.hung {
			return
		}
		for k, ha := range c.does {
			if ha == HAQuiescing {
				c.does[k] = HAQuiesced
			}
		}
		n.outbox = append(n.outbox, Input{Kind: InQuiescingComplete, Comp: o.Comp.DN, Invocation: inv, Result: ipcwire.OK})
	})
}

// errorsA has components report and cancel errors, and unregister.
func (n *amfNode) errorsA() {
	i := n.env.Random(len(n.comps))
	m, c := n.w.m.c.Comps[i], &n.comps[i]
	switch n.env.Random(24) {
	case 0, 1:
		n.outbox = append(n.outbox, Input{Kind: InErrorClear, Comp: m.DN})
	case 2:
		if c.alive && c.registered {
			n.tracef("%s unregisters", m.Name)
			n.outbox = append(n.outbox, Input{Kind: InUnregister, Comp: m.DN, Incarnation: c.gen})
			n.kill(i)
		}
	}
}

// missingA says which component is not what it must be when nothing is wrong any more.
func (n *amfNode) missingA() string {
	e := n.e
	for _, c := range e.comps {
		here := false
		for _, o := range e.nodes {
			here = here || o.name == fmt.Sprintf("n%d", n.homeOf(c.m))
		}
		switch {
		case here && !c.registered:
			return fmt.Sprintf("%s is not registered: presence %s, host %d, op %d", c.m.DN, c.presence, c.host, c.op)
		case c.erring:
			return c.m.DN + " is in error"
		}
	}
	return ""
}

func TestInSimulatedClustersOfGenerationANobodyIsActiveTwiceAndEverythingIsAssignedInTheEnd(t *testing.T) {
	seeds := *simASeeds
	if testing.Short() {
		seeds = min(seeds, 15)
	}
	simulate(t, seeds, newSimModelA)
}
