package engine

import (
	"fmt"
	"time"

	"ais/exec/amf/model"
)

// simModel is the configuration of a simulated cluster, the same on every node: a 2N
// group always, and another group of a model that the seed draws.
type simModel struct {
	c        *model.Cluster
	majority bool
	lease    time.Duration
	a        bool // of generation A
}

// dice is a small generator, so that every node of a world draws the same.
type dice struct {
	s     uint64
	scale int // of times: large worlds are slow
	// slack is what a node of the world may take to do anything at all.
	slack time.Duration
}

func (d *dice) n(n int) int {
	d.s = d.s*6364136223846793005 + 1442695040888963407
	return int((d.s >> 33) % uint64(n))
}

func (d *dice) ms(from, to int) time.Duration {
	return time.Duration(from+d.n(to-from+1)) * time.Duration(d.scale) * time.Millisecond
}

const simUnits = 4 // nodes that have units; others are nodes without work

func newSimModel(seed uint64, nodes int, token time.Duration) simModel {
	d := dice{s: seed*0x9e3779b97f4a7c15 + 12345, scale: 1, slack: token * time.Duration(max(nodes, 5)) / 5}
	if nodes > 16 {
		d.scale = 20
	}
	d.n(2)
	c := &model.Cluster{StartupTimeout: d.ms(20, 300)}
	for i := range nodes {
		c.Nodes = append(c.Nodes, &model.Node{Object: model.Object{Name: fmt.Sprintf("n%d", i)}, SuFailoverProb: d.ms(100, 800),
			SuFailoverMax: d.n(3), AutoRepair: true, RebootOnTerminationFailure: true, RebootOnInstantiateFailure: d.n(2) == 0})
	}
	app := &model.App{Object: model.Object{Name: "app"}}
	c.Apps = []*model.App{app}
	kinds := []model.Redundancy{model.TwoN, []model.Redundancy{model.NPlusM, model.NWay, model.NWayActive, model.NoRedundancy, model.TwoN}[d.n(5)]}
	for k, red := range kinds {
		if k == 1 && d.n(3) == 0 {
			break
		}
		app.SGs = append(app.SGs, simGroup(&d, c, app, fmt.Sprintf("g%d", k), red, nodes))
	}
	m := simModel{c: c, majority: d.n(3) == 0, lease: token * time.Duration(11+d.n(30)) / 10}
	if nodes > 16 {
		m.lease *= 3 // a token's rotation takes half a token timeout there, a beat three of them
	}
	if len(app.SIs) > 1 && d.n(3) == 0 {
		// The instance of one group, or the second of it, depends on the first.
		si := app.SIs[1+d.n(len(app.SIs)-1)]
		si.Dependencies = []model.Dependency{{Name: app.SIs[0].Name, Tolerance: d.ms(0, 100) * time.Duration(d.n(2))}}
	}
	if bad := c.Finish(); len(bad) > 0 {
		panic(bad.Error())
	}
	return m
}

func simGroup(d *dice, c *model.Cluster, app *model.App, name string, red model.Redundancy, nodes int) *model.SG {
	g := &model.SG{Object: model.Object{Name: name}, Redundancy: red, PrefActiveSUs: 1 + d.n(2), PrefStandbySUs: 1,
		CompRestartProb: d.ms(50, 400), CompRestartMax: d.n(3), SuRestartProb: d.ms(50, 400), SuRestartMax: d.n(3),
		AutoRepair: d.n(4) > 0, AutoAdjust: d.n(3) == 0, AutoAdjustProb: d.ms(20, 200)}
	if red == model.NWay || red == model.NPlusM {
		g.MaxActiveSIs = []int{0, 0, 2}[d.n(3)]
	}
	comps := 1 + d.n(2)
	sis := 1 + d.n(2)
	caps := []model.Capability{model.XActiveAndYStandby, model.XActiveOrYStandby}
	if sis == 1 {
		caps = append(caps, model.OneActiveOrOne, model.OneActiveOrY)
	}
	if red == model.NWay {
		caps = caps[:1]
	}
	if red == model.NWayActive || red == model.NoRedundancy {
		caps = []model.Capability{model.XActiveAndYStandby, model.XActive, model.NonPreInstantiable}
		if sis > 1 && red == model.NWayActive {
			caps = caps[:2]
		}
	}
	capability, failover := caps[d.n(len(caps))], d.n(3) > 0
	recovery := []model.Recovery{model.ComponentRestart, model.ComponentRestart, model.ComponentFailover, model.NodeSwitchover, model.NodeFailover}[d.n(5)]
	for i := range min(nodes, simUnits) {
		u := &model.SU{Object: model.Object{Name: fmt.Sprintf("%s-u%d", name, i)}, Rank: i + 1, HostedByNode: fmt.Sprintf("n%d", i), Failover: failover}
		for k := range comps {
			m := &model.Comp{Object: model.Object{Name: fmt.Sprintf("%s-c%d.%d", name, i, k)}, Category: model.SaAware | model.LocalComp,
				Capability: capability, CSTypes: []string{fmt.Sprintf("t%d", k)}, DefaultClcCliTimeout: d.slack + d.ms(80, 200),
				DefaultCallbackTimeout: d.slack + d.ms(60, 150), RecoveryOnError: recovery, MaxInstantiateWithoutDelay: 2, MaxInstantiateDelay: 2,
				DelayBetweenInstantiate: d.ms(5, 30), QuiescingTimeout: d.ms(100, 400) * time.Duration(d.n(2)), InstantiationLevel: d.n(2) * k, DisableRestart: d.n(6) == 0,
				Instantiate: model.Command{Path: "/i"}, Terminate: model.Command{Path: "/t"}, Cleanup: model.Command{Path: "/c"}}
			if capability == model.NonPreInstantiable {
				m.Category = model.LocalComp
			}
			u.Comps = append(u.Comps, m)
		}
		g.SUs = append(g.SUs, u)
	}
	for i := range sis {
		si := &model.SI{Object: model.Object{Name: fmt.Sprintf("%s-s%d", name, i)}, ProtectedBy: name, PrefActive: 1 + d.n(2), PrefStandby: 1 + d.n(2), Rank: d.n(3)}
		for k := range comps {
			csi := &model.CSI{Object: model.Object{Name: fmt.Sprintf("k%d", k)}, Type: fmt.Sprintf("t%d", k)}
			if k > 0 && d.n(2) == 0 {
				csi.DependsOn = []string{"k0"}
			}
			si.CSIs = append(si.CSIs, csi)
		}
		app.SIs = append(app.SIs, si)
	}
	return g
}
