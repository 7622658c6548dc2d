package main

import (
	"strings"
	"testing"

	"ais/exec/amf/report"
)

func tree() *report.Tree {
	comp := func(name, ha string) report.Component {
		c := report.Component{Name: name, DN: "safComp=" + name, Oper: "enabled", Presence: "instantiated", Readiness: "in-service"}
		if ha != "" {
			c.CSIs = []report.Assigned{{CSI: "safCsi=CSI,safSi=SI,safApp=APP", HA: ha}}
		}
		return c
	}
	unit := func(name, node string, c report.Component) report.Unit {
		return report.Unit{Name: name, Node: node, Admin: "unlocked", Oper: "enabled", Presence: "instantiated", Readiness: "in-service",
			Components: []report.Component{c}}
	}
	t := &report.Tree{File: "/etc/ais/amf.conf", Generation: "B", Cluster: "C", Self: 2,
		Notes: []string{"node 9 takes no part"},
		Nodes: []report.Node{{Name: "one", Admin: "unlocked", Oper: "enabled"}, {Name: "two", ID: 2, Admin: "locked", Oper: "disabled"}},
		Groups: []report.Group{{Name: "SG", Redundancy: "2N", Admin: "unlocked",
			Units: []report.Unit{unit("SU1", "one", comp("a", "active")), unit("SU2", "two", comp("b", "standby")), unit("SU3", "two", comp("c", ""))}}},
		Instances: []report.Instance{{Name: "SI", State: "fully-assigned", Admin: "unlocked", Active: []string{"SU1"}, Standby: []string{"SU2"}}}}
	t.Groups[0].Units[2].Presence, t.Groups[0].Units[2].Readiness = "uninstantiated", "out-of-service"
	t.Groups[0].Units[2].Components[0].Presence = "instantiation-failed"
	return t
}

func TestTheTreeNamesRolesAndOnlyWhatIsNotAsItShouldBe(t *testing.T) {
	want := `cluster C, /etc/ais/amf.conf (interface B)
NOTE    node 9 takes no part
node    one          NOT THERE
node    two          node 2 (this one), locked, disabled

group   SG           2N
  unit  SU1          on one
    ACT   a            active APP/SI/CSI
  unit  SU2          on two
    sby   b            standby APP/SI/CSI
  unit  SU3          on two, uninstantiated, out-of-service
    -     c            instantiation-failed

instance SI          fully-assigned; active SU1; standby SU2
`
	if got := treeText(tree()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := treeText(&report.Tree{Off: "a:1: wrong\na:2: wrong"}); got != "availability management is OFF: a:1: wrong\na:2: wrong\n" {
		t.Errorf("%q", got)
	}
}

func TestTheHistoryTellsChangesWithTheirCauses(t *testing.T) {
	h := &report.History{Records: []report.Transition{
		{Time: "2026-01-02T03:04:05.123456789Z", Object: "safComp=a,safSu=u,safSg=g,safApp=x", What: "ha safCsi=c,safSi=s,safApp=x", From: "standby", To: "active", Cause: "node left", Why: "node7"},
		{Time: "2026-01-02T03:04:06Z", Object: "c1a", What: "presence", From: "instantiated", To: "terminating", Cause: "none"},
	}}
	lines := strings.Split(historyText(h), "\n")
	for i, words := range [][]string{
		{"03:04:05.123456", "x/g/u/a", "ha x/s/c", "standby > active", "node left: node7"},
		{"03:04:06.000000", "c1a", "presence", "instantiated > terminating"},
	} {
		at := 0
		for _, w := range words {
			j := strings.Index(lines[i][at:], w)
			if j < 0 {
				t.Fatalf("no %q in its place in %q", w, lines[i])
			}
			at += j + len(w)
		}
	}
	if strings.Contains(lines[1], "none") {
		t.Errorf("%q", lines[1])
	}
}

func TestRolesAreToldAtAGlance(t *testing.T) {
	for want, has := range map[string][]string{"ACT": {"active"}, "sby": {"standby"}, "A+S": {"standby", "active"}, "qsd": {"quiesced"},
		"qsg": {"quiescing"}, "-": nil} {
		var list []report.Assigned
		for _, h := range has {
			list = append(list, report.Assigned{HA: h})
		}
		if got := role(list); got != want {
			t.Errorf("%v: %q, want %q", has, got, want)
		}
	}
}
