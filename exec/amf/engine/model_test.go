package engine

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/exec/amf/model"
)

// A model in a few words: one line per object, each below the one it belongs to.
//
//	opts gen=a startup=3s majority lease=3s
//	node NAME failmax=1 failprob=10s norepair rebootterm rebootinst
//	sg NAME 2n|nplusm|nway|nwayactive|nored active=2 standby=1 maxact=1 maxstb=1
//	   compmax=1 compprob=10s sumax=1 suprob=10s adjust=5s norepair
//	su NAME NODE nofailover external
//	comp NAME cap=1 cat=sa|proxy|proxied|npi|plain types=t,u max=2,2 level=1 rec=restart tries=2 delays=1
//	   delay=1s norestart proxycsi=k quiesce=5s
//	si NAME sg=g rank=1 active=2 standby=2 dep=s:5s ranked=u1:1,u2:2
//	csi NAME TYPE req=k members=c,d

var redundancies = map[string]model.Redundancy{"2n": model.TwoN, "nplusm": model.NPlusM, "nway": model.NWay,
	"nwayactive": model.NWayActive, "nored": model.NoRedundancy}

var categories = map[string]model.Category{"sa": model.SaAware | model.LocalComp, "proxy": model.SaAware | model.Proxy | model.LocalComp,
	"proxied": model.Proxied, "npi": model.ProxiedNPI, "plain": model.LocalComp}

var recoveries = map[string]model.Recovery{"none": model.NoRecommendation, "restart": model.ComponentRestart,
	"failover": model.ComponentFailover, "switchover": model.NodeSwitchover, "nodefailover": model.NodeFailover,
	"failfast": model.NodeFailfast, "reset": model.ClusterReset, "app": model.ApplicationRestart, "internal": model.InternallyRecovered}

// words is one line: its plain words, and its key=value.
type words struct {
	plain []string
	kv    map[string]string
}

func split(line string) words {
	w := words{kv: map[string]string{}}
	for _, f := range strings.Fields(line) {
		if k, v, ok := strings.Cut(f, "="); ok {
			w.kv[k] = v
		} else {
			w.plain = append(w.plain, f)
		}
	}
	return w
}

func (w words) has(s string) bool {
	for _, p := range w.plain {
		if p == s {
			return true
		}
	}
	return false
}

func (w words) num(k string, def int) int {
	if v, ok := w.kv[k]; ok {
		n, err := strconv.Atoi(v)
		if err != nil {
			panic(err)
		}
		return n
	}
	return def
}

func (w words) dur(k string, def time.Duration) time.Duration {
	if v, ok := w.kv[k]; ok {
		d, err := time.ParseDuration(v)
		if err != nil {
			panic(err)
		}
		return d
	}
	return def
}

func list(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

type testModel struct {
	c        *model.Cluster
	majority bool
	lease    time.Duration
}

// parseModel makes a model of its text.
func parseModel(text string) (testModel, error) {
	m := testModel{c: &model.Cluster{StartupTimeout: time.Second}, lease: 3 * time.Second}
	app := &model.App{Object: model.Object{Name: "app"}}
	m.c.Apps = []*model.App{app}
	var sg *model.SG
	var su *model.SU
	var si *model.SI
	for n, line := range strings.Split(text, "\n") {
		w := split(line)
		if len(w.plain) == 0 && len(w.kv) == 0 {
			continue
		}
		o := model.Object{Pos: model.Pos{File: "test", Line: n + 1}}
		if len(w.plain) > 1 {
			o.Name = w.plain[1]
		}
		switch w.plain[0] {
		case "opts":
			if w.kv["gen"] == "a" {
				m.c.Generation, m.c.StartupTimeout = model.GenA, 0
			}
			m.c.StartupTimeout = w.dur("startup", m.c.StartupTimeout)
			m.majority = w.has("majority")
			m.lease = w.dur("lease", m.lease)
		case "node":
			m.c.Nodes = append(m.c.Nodes, &model.Node{Object: o, SuFailoverMax: w.num("failmax", 100), SuFailoverProb: w.dur("failprob", 10*time.Second),
				AutoRepair: !w.has("norepair"), RebootOnTerminationFailure: w.has("rebootterm"), RebootOnInstantiateFailure: w.has("rebootinst")})
		case "sg":
			sg = &model.SG{Object: o, Redundancy: redundancies[w.plain[2]], PrefActiveSUs: w.num("active", 0), PrefStandbySUs: w.num("standby", 0),
				MaxActiveSIs: w.num("maxact", 0), MaxStandbySIs: w.num("maxstb", 0), CompRestartMax: w.num("compmax", 100),
				CompRestartProb: w.dur("compprob", 10*time.Second), SuRestartMax: w.num("sumax", 100), SuRestartProb: w.dur("suprob", 10*time.Second),
				AutoAdjust: w.kv["adjust"] != "", AutoAdjustProb: w.dur("adjust", 0), AutoRepair: !w.has("norepair")}
			app.SGs = append(app.SGs, sg)
		case "su":
			su = &model.SU{Object: o, Rank: w.num("rank", len(sg.SUs)+1), Failover: !w.has("nofailover"), External: w.has("external")}
			if len(w.plain) > 2 && !su.External {
				su.HostedByNode = w.plain[2]
			}
			sg.SUs = append(sg.SUs, su)
		case "comp":
			su.Comps = append(su.Comps, parseComp(m.c.Generation, o, w))
		case "si":
			si = &model.SI{Object: o, ProtectedBy: w.kv["sg"], Rank: w.num("rank", 0), PrefActive: w.num("active", 0), PrefStandby: w.num("standby", 0)}
			for _, d := range list(w.kv["dep"]) {
				name, t, _ := strings.Cut(d, ":")
				dur, _ := time.ParseDuration(t)
				si.Dependencies = append(si.Dependencies, model.Dependency{Name: name, Tolerance: dur})
			}
			for _, d := range list(w.kv["ranked"]) {
				name, r, _ := strings.Cut(d, ":")
				rank, _ := strconv.Atoi(r)
				si.RankedSUs = append(si.RankedSUs, model.RankedSU{Name: name, Rank: rank})
			}
			app.SIs = append(app.SIs, si)
		case "csi":
			csi := &model.CSI{Object: o, DependsOn: list(w.kv["req"]), Members: list(w.kv["members"])}
			if len(w.plain) > 2 {
				csi.Type = w.plain[2]
			}
			si.CSIs = append(si.CSIs, csi)
		default:
			return m, fmt.Errorf("line %d: %q", n+1, line)
		}
	}
	if bad := m.c.Finish(); len(bad) > 0 {
		return m, bad
	}
	return m, nil
}

func parseComp(gen model.Generation, o model.Object, w words) *model.Comp {
	c := &model.Comp{Object: o, Category: categories["sa"], Capability: model.Capability(w.num("cap", 1)), CSTypes: list(w.kv["types"]),
		DefaultClcCliTimeout: 5 * time.Second, DefaultCallbackTimeout: 2 * time.Second, CSISetTimeout: time.Second, CSIRmvTimeout: time.Second,
		QuiescingTimeout: w.dur("quiesce", 0), InstantiationLevel: w.num("level", 0), MaxInstantiateWithoutDelay: w.num("tries", 1),
		MaxInstantiateDelay: w.num("delays", 0), DelayBetweenInstantiate: w.dur("delay", time.Second), RecoveryOnError: model.ComponentRestart,
		DisableRestart: w.has("norestart"), ProxyCSI: w.kv["proxycsi"],
		Instantiate: model.Command{Path: "/i"}, Terminate: model.Command{Path: "/t"}, Cleanup: model.Command{Path: "/c"}}
	if v := w.kv["cat"]; v != "" {
		c.Category = categories[v]
	}
	if v := w.kv["rec"]; v != "" {
		c.RecoveryOnError = recoveries[v]
	}
	if v := list(w.kv["max"]); len(v) == 2 {
		c.MaxActiveCSIs, _ = strconv.Atoi(v[0])
		c.MaxStandbyCSIs, _ = strconv.Atoi(v[1])
	}
	if gen == model.GenA {
		c.SelfStarted = true
	}
	if len(c.CSTypes) == 0 && gen == model.GenB {
		c.CSTypes = []string{"t"}
	}
	return c
}

func mustModel(t testing.TB, text string) testModel {
	m, err := parseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
