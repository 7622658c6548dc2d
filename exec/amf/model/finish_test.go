package model

import (
	"strings"
	"testing"
	"time"
)

// good is a model with nothing wrong: two nodes, a 2N group, an instance of two CSIs,
// and a second one that depends on it.
func good() *Cluster {
	at := func(line int, name string) Object {
		return Object{Pos: Pos{"amf.conf", line}, Name: name, Lines: map[string]int{}}
	}
	comp := func(line int, name string) *Comp {
		return &Comp{Object: at(line, name), Category: SaAware | LocalComp, Capability: XActiveAndYStandby, CSTypes: []string{"t"},
			Instantiate: Command{Path: "start", Argv: "a b"}, Cleanup: Command{Path: "/bin/stop"}, ClcCliPath: "/opt/",
			DefaultClcCliTimeout: time.Second, DefaultCallbackTimeout: 2 * time.Second, RecoveryOnError: ComponentRestart,
			Healthchecks: []*Healthcheck{{Object: at(line+1, "key"), Period: time.Second, MaxDuration: time.Second}}}
	}
	unit := func(line int, name, node string) *SU {
		return &SU{Object: at(line, name), HostedByNode: node, Failover: true, NumComponents: 1, Comps: []*Comp{comp(line+1, "c")}}
	}
	si := func(line int, name string) *SI {
		return &SI{Object: at(line, name), NumCSIs: 2, CSIs: []*CSI{{Object: at(line+1, "k"), Type: "t"}, {Object: at(line+2, "l"), Type: "t", DependsOn: []string{"k"}}}}
	}
	app := &App{Object: at(10, "a"), SGs: []*SG{{Object: at(11, "g"), Redundancy: TwoN, SUs: []*SU{unit(20, "u1", "n1"), unit(30, "u2", "n2")}}},
		SIs: []*SI{si(40, "s"), si(50, "r")}, CSTypes: []*CSType{{Object: at(60, "t"), Attributes: []string{"x"}}}}
	app.SIs[1].Dependencies = []Dependency{{Pos: Pos{"amf.conf", 55}, Name: "s"}}
	app.SIs[0].RankedSUs = []RankedSU{{Pos: Pos{"amf.conf", 45}, Name: "u1", Rank: 1}}
	return &Cluster{Object: at(1, "cl"), StartupTimeout: time.Second, Apps: []*App{app},
		Nodes: []*Node{{Object: at(2, "n1")}, {Object: at(3, "n2"), ClmNode: "host2"}}}
}

func TestFinishMakesAModelWhole(t *testing.T) {
	c := good()
	if bad := c.Finish(); len(bad) > 0 {
		t.Fatal(bad)
	}
	comp := c.Comps[1]
	if comp.DN != "safComp=c,safSu=u2,safSg=g,safApp=a" || comp.SU.Node != c.Nodes[1] || comp.Index != 1 {
		t.Errorf("%+v", comp)
	}
	if comp.Instantiate.Resolved != "/opt/start" || comp.Cleanup.Resolved != "/bin/stop" || comp.Instantiate.Timeout != time.Second ||
		comp.CSISetTimeout != 2*time.Second || comp.MaxInstantiateWithoutDelay != 1 {
		t.Errorf("%+v", comp)
	}
	si := c.SIs[0]
	if si.SG != c.SGs[0] || len(c.SGs[0].SIs) != 2 || si.RankedSUs[0].SU != c.SUs[0] || si.PrefActive != 1 || c.SIs[1].Dependencies[0].SI != si {
		t.Errorf("%+v", si)
	}
	if k := c.CSIs[1]; k.DN != "safCsi=l,safSi=s,safApp=a" || len(k.Requires) != 1 || k.Requires[0] != c.CSIs[0] {
		t.Errorf("%+v", k)
	}
	if c.Nodes[0].ClmNode != "n1" || c.Nodes[1].ClmNode != "host2" || c.Nodes[0].DN != "safAmfNode=n1,safAmfCluster=cl" {
		t.Errorf("%+v", c.Nodes[0])
	}
}

// Every rule is broken once; the problem names the file, the line, the key and the rule.
func TestEachBrokenRuleIsAProblemWithItsLine(t *testing.T) {
	type row struct {
		key   string
		line  int
		rule  string
		spoil func(*Cluster)
	}
	c0 := func(c *Cluster) *Comp { return c.Apps[0].SGs[0].SUs[0].Comps[0] }
	u0 := func(c *Cluster) *SU { return c.Apps[0].SGs[0].SUs[0] }
	g0 := func(c *Cluster) *SG { return c.Apps[0].SGs[0] }
	s0 := func(c *Cluster) *SI { return c.Apps[0].SIs[0] }
	rows := []row{
		{"saAmfClusterStartupTimeout", 1, "at least 1ms", func(c *Cluster) { c.StartupTimeout = 0 }},
		{"safAmfNode", 1, "at least one node", func(c *Cluster) { c.Nodes = nil; u0(c).HostedByNode, g0(c).SUs[1].HostedByNode = "", "" }},
		{"safApp", 1, "at least one application", func(c *Cluster) { c.Apps = nil }},
		{"safAmfNode", 3, "name is taken since line 2", func(c *Cluster) { c.Nodes[1].Name = "n1" }},
		{"saAmfNodeClmNode", 3, "stands for that cluster node", func(c *Cluster) { c.Nodes[1].ClmNode = "n1" }},
		{"saAmfNodeSuFailOverProb", 2, "a time", func(c *Cluster) { c.Nodes[0].SuFailoverProb = -1 }},
		{"saAmfNodeSuFailoverMax", 2, "a number", func(c *Cluster) { c.Nodes[0].SuFailoverMax = -1 }},
		{"safApp", 10, "a name is required", func(c *Cluster) { c.Apps[0].Name = "" }},
		{"safApp", 10, "neither commas", func(c *Cluster) { c.Apps[0].Name = "a,b" }},
		{"safApp", 10, "bytes", func(c *Cluster) { c.Apps[0].Name = strings.Repeat("x", 250) }},
		{"saAmfSGRedundancyModel", 11, "redundancy model", func(c *Cluster) { g0(c).Redundancy = 0 }},
		{"saAmfSGNumPrefActiveSUs", 11, "a number", func(c *Cluster) { g0(c).PrefActiveSUs = -1 }},
		{"saAmfSGNumPrefStandbySUs", 11, "a number", func(c *Cluster) { g0(c).PrefStandbySUs = -1 }},
		{"saAmfSGMaxActiveSIsperSUs", 11, "a number", func(c *Cluster) { g0(c).MaxActiveSIs = -1 }},
		{"saAmfSGMaxStandbySIsperSUs", 11, "a number", func(c *Cluster) { g0(c).MaxStandbySIs = -1 }},
		{"saAmfSGCompRestartMax", 11, "a number", func(c *Cluster) { g0(c).CompRestartMax = -1 }},
		{"saAmfSGSuRestartMax", 11, "a number", func(c *Cluster) { g0(c).SuRestartMax = -1 }},
		{"saAmfSGCompRestartProb", 11, "a time", func(c *Cluster) { g0(c).CompRestartProb = -1 }},
		{"saAmfSGSuRestartProb", 11, "a time", func(c *Cluster) { g0(c).SuRestartProb = -1 }},
		{"saAmfSGAutoAdjustProb", 11, "a time", func(c *Cluster) { g0(c).AutoAdjustProb = -1 }},
		{"saAmfSUNumComponents", 20, "has 1 components", func(c *Cluster) { u0(c).NumComponents = 2 }},
		{"safComp", 20, "has no component", func(c *Cluster) { u0(c).Comps, u0(c).NumComponents = nil, 0 }},
		{"saAmfSUHostedByNode", 20, "no such node", func(c *Cluster) { u0(c).HostedByNode = "n9" }},
		{"saAmfSUHostedByNode", 20, "is required", func(c *Cluster) { u0(c).HostedByNode = "" }},
		{"saAmfCompCategory", 21, "a category is required", func(c *Cluster) { c0(c).Category = 0 }},
		{"saAmfCompCategory", 21, "contained", func(c *Cluster) { c0(c).Category |= Contained }},
		{"saAmfCompCategory", 21, "neither SA-aware", func(c *Cluster) { c0(c).Category |= Proxied; c0(c).ProxyCSI = "k" }},
		{"saAmfCompCategory", 21, "external unit is proxied", func(c *Cluster) { u0(c).External = true }},
		{"saAmfCompCapability", 21, "capability model is required", func(c *Cluster) { c0(c).Capability = 8 }},
		{"saAmfCompCapability", 21, "non_pre_instantiable", func(c *Cluster) { c0(c).Category = LocalComp; c0(c).Terminate.Path = "/t" }},
		{"saAmfCompCapability", 21, "N-way", func(c *Cluster) { g0(c).Redundancy = NWay; c0(c).Capability = OneActive }},
		{"saAmfCompCapability", 21, "x_active_and_y_standby", func(c *Cluster) { g0(c).Redundancy = NWay; c0(c).Capability = OneActiveOrY }},
		{"saAmfCompNumMaxActiveCsi", 21, "a number", func(c *Cluster) { c0(c).MaxActiveCSIs = -1 }},
		{"saAmfCompNumMaxStandbyCsi", 21, "a number", func(c *Cluster) { c0(c).MaxStandbyCSIs = -1 }},
		{"saAmfCompInstantiateCmd", 21, "requires it", func(c *Cluster) { c0(c).Instantiate.Path = "" }},
		{"saAmfCompInstantiateCmd", 21, "absolute path", func(c *Cluster) { c0(c).ClcCliPath = "" }},
		{"saAmfCompCleanupCmd", 21, "requires it", func(c *Cluster) { c0(c).Cleanup.Path = "" }},
		{"saAmfCompTerminateCmd", 21, "requires it", func(c *Cluster) { c0(c).Category, c0(c).Capability = LocalComp, NonPreInstantiable }},
		{"saAmfCompInstantiateTimeout", 21, "a time", func(c *Cluster) { c0(c).Instantiate.Timeout = -1 }},
		{"saAmfCompDefaultClcCliTimeout", 21, "a time", func(c *Cluster) { c0(c).DefaultClcCliTimeout = 0 }},
		{"saAmfCompDefaultCallbackTimeOut", 21, "a time", func(c *Cluster) { c0(c).DefaultCallbackTimeout = 0 }},
		{"saAmfCompCSISetCallbackTimeout", 21, "a time", func(c *Cluster) { c0(c).CSISetTimeout = -1 }},
		{"saAmfCompQuiescingCompleteTimeout", 21, "a time", func(c *Cluster) { c0(c).QuiescingTimeout = -1 }},
		{"saAmfCompDelayBetweenInstantiateAttempts", 21, "a time", func(c *Cluster) { c0(c).DelayBetweenInstantiate = -1 }},
		{"saAmfCompInstantiationLevel", 21, "a number", func(c *Cluster) { c0(c).InstantiationLevel = -1 }},
		{"saAmfCompNumMaxInstantiateWithoutDelay", 21, "a number", func(c *Cluster) { c0(c).MaxInstantiateWithoutDelay = -1 }},
		{"saAmfCompNumMaxInstantiateWithDelay", 21, "a number", func(c *Cluster) { c0(c).MaxInstantiateDelay = 2000 }},
		{"saAmfCompRecoveryOnError", 21, "a recovery", func(c *Cluster) { c0(c).RecoveryOnError = ContainerRestart }},
		{"saAmfCompCmdEnv", 21, "VAR=value", func(c *Cluster) { c0(c).CmdEnv = []string{"=x"} }},
		{"saAmfCompProxyCsi", 21, "no such component service instance", func(c *Cluster) { c0(c).ProxyCSI = "nobody" }},
		{"saAmfCompProxyCsi", 21, "requires it", func(c *Cluster) { c0(c).Category = Proxied }},
		{"safHealthcheckKey", 22, "a key of 1 to 32", func(c *Cluster) { c0(c).Healthchecks[0].Name = strings.Repeat("k", 33) }},
		{"saAmfHealthcheckPeriod", 22, "a time", func(c *Cluster) { c0(c).Healthchecks[0].Period = 0 }},
		{"saAmfHealthcheckMaxDuration", 22, "a time", func(c *Cluster) { c0(c).Healthchecks[0].MaxDuration = 0 }},
		{"safSu", 11, "has no service unit", func(c *Cluster) { g0(c).SUs = nil; s0(c).RankedSUs = nil; s0(c).CSIs = s0(c).CSIs[:1] }},
		{"saAmfSINumCSIs", 40, "has 2 component service instances", func(c *Cluster) { s0(c).NumCSIs = 3 }},
		{"safCsi", 40, "has no component service instance", func(c *Cluster) { s0(c).CSIs, s0(c).NumCSIs = nil, 0 }},
		{"saAmfSIRank", 40, "a number", func(c *Cluster) { s0(c).Rank = -1 }},
		{"saAmfSIPrefActiveAssignments", 40, "a number", func(c *Cluster) { s0(c).PrefActive = -1 }},
		{"saAmfSIPrefStandbyAssignments", 40, "a number", func(c *Cluster) { s0(c).PrefStandby = -1 }},
		{"saAmfSIProtectedbySG", 40, "no such group", func(c *Cluster) { s0(c).ProtectedBy = "h"; s0(c).RankedSUs = nil }},
		{"saAmfSIProtectedbySG", 40, "2 groups", func(c *Cluster) {
			second := good().Apps[0].SGs[0]
			second.Name = "h"
			c.Apps[0].SGs = append(c.Apps[0].SGs, second)
			c.Apps[0].SIs = c.Apps[0].SIs[:1]
			s0(c).RankedSUs = nil
		}},
		{"safRankedSu", 45, "no such unit", func(c *Cluster) { s0(c).RankedSUs[0].Name = "u9" }},
		{"safDepend", 55, "no such other instance", func(c *Cluster) { c.Apps[0].SIs[1].Dependencies[0].Name = "r" }},
		{"saAmfToleranceTime", 55, "a time", func(c *Cluster) { c.Apps[0].SIs[1].Dependencies[0].Tolerance = -1 }},
		{"safDepend", 40, "depends on itself", func(c *Cluster) { s0(c).Dependencies = []Dependency{{Name: "r"}} }},
		{"saAmfCSIDependency", 42, "no such other", func(c *Cluster) { s0(c).CSIs[1].DependsOn = []string{"l"} }},
		{"saAmfCSIDependency", 41, "depends on itself", func(c *Cluster) { s0(c).CSIs[0].DependsOn = []string{"l"} }},
		{"saAmfCSTypeName", 41, "type of a component service instance is required", func(c *Cluster) { s0(c).CSIs[0].Type = "" }},
		{"saAmfCSTypeName", 41, "no such safCSType", func(c *Cluster) { s0(c).CSIs[0].Type = "w" }},
		{"saAmfCSTypeName", 41, "no component of group", func(c *Cluster) {
			for _, u := range g0(c).SUs {
				u.Comps[0].CSTypes = []string{"other"}
			}
		}},
		{"safCSIAttr", 43, "no such attribute", func(c *Cluster) {
			s0(c).CSIs[0].Attributes = []Attr{{Pos: Pos{"amf.conf", 43}, Name: "y"}}
		}},
	}
	for _, r := range rows {
		c := good()
		r.spoil(c)
		found := false
		bad := c.Finish()
		for _, p := range bad {
			found = found || p.Key == r.key && p.Line == r.line && strings.Contains(p.Rule, r.rule) && p.File == "amf.conf"
		}
		if !found {
			t.Errorf("%s, line %d, %q: got %v", r.key, r.line, r.rule, bad)
		}
	}
}
