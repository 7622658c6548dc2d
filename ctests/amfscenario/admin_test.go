package amfscenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
	"ais/libais"
	amf "ais/libais/amf/client"
	"ais/libais/ipcwire"
)

// state is what a test waits for: a unit's states, and who has the instance.
func state(t *report.Tree, unit string) string {
	for _, g := range t.Groups {
		for _, u := range g.Units {
			if u.Name == unit {
				i := t.Instances[0]
				return fmt.Sprintf("%s %s %s; active %s; standby %s", u.Admin, u.Presence, u.Readiness,
					strings.Join(i.Active, " "), strings.Join(i.Standby, " "))
			}
		}
	}
	return "no such unit"
}

func await(t *testing.T, n *harness.Node, unit, want string) {
	t.Helper()
	if _, err := amfkit.WaitTree(n, patience, func(tree *report.Tree) string {
		if got := state(tree, unit); got != want {
			return got + "; want " + want
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAdministrativeOperationsDoWhatTheySay(t *testing.T) {
	c, lives := pair(t, harness.Options{Nodes: 2})
	n := c.Nodes[1]
	do := func(args ...string) {
		t.Helper()
		if out, err := amfkit.Aisctl(n, append([]string{"amf"}, args...)...); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	const unit = "SU1"
	await(t, n, unit, "unlocked instantiated in-service; active SU1; standby SU2")
	for _, x := range []struct{ op, target, want string }{
		{"lock", "SU1", "locked instantiated out-of-service; active SU2; standby "},
		{"lock-in", "SU1", "locked-instantiation uninstantiated out-of-service; active SU2; standby "},
		{"unlock-in", "SU1", "locked instantiated out-of-service; active SU2; standby "},
		{"unlock", "SU1", "unlocked instantiated in-service; active SU2; standby SU1"},
		{"si-swap", "SI", "unlocked instantiated in-service; active SU1; standby SU2"},
		{"shutdown", "SU1", "locked instantiated out-of-service; active SU2; standby "},
		{"unlock", "SU1", "unlocked instantiated in-service; active SU2; standby SU1"},
		{"lock", "safAmfNode=node2", "unlocked instantiated in-service; active SU1; standby "},
		{"unlock", "safAmfNode=node2", "unlocked instantiated in-service; active SU1; standby SU2"},
		{"lock", "safSi=SI", "unlocked instantiated in-service; active ; standby "},
		{"unlock", "safSi=SI", "unlocked instantiated in-service; active SU1; standby SU2"},
		{"lock", "safSg=SG", "unlocked instantiated out-of-service; active ; standby "},
		{"unlock", "safSg=SG", "unlocked instantiated in-service; active SU1; standby SU2"},
	} {
		do(x.op, x.target)
		await(t, n, unit, x.want)
	}
	before := len(lives.Events())
	do("restart", "safComp=web,safSu=SU2")
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		started := false
		for _, e := range lives.Events()[before:] {
			started = started || e.Unit() == "SU2" && e.Words == "start"
		}
		if started {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the component was not started again")
		}
	}
	await(t, n, unit, "unlocked instantiated in-service; active SU1; standby SU2")
	out, err := amfkit.Aisctl(n, "amf", "history", "safSu=SU1,")
	if err != nil || !strings.Contains(out, "admin") || !strings.Contains(out, "unlocked > locked") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, args := range [][]string{{"lock", "web"}, {"lock", "nobody"}, {"unlock", "SU1"}, {"si-swap", "SU1"}} {
		if out, err := amfkit.Aisctl(n, append([]string{"amf"}, args...)...); err == nil {
			t.Errorf("%v was accepted: %s", args, out)
		}
	}
}

func TestNodeFailfastEndsTheNodeAndItComesBack(t *testing.T) {
	c, lives := pair(t, harness.Options{Nodes: 2})
	k, e := amf.Dial(libais.Options{Socket: c.Nodes[1].Socket, Generation: ipcwire.GenB}, "", patience)
	if e != ipcwire.OK {
		t.Fatal(e)
	}
	defer k.Close()
	if e := k.Report(&ipcwire.AmfErrorReq{Erroneous: []byte("safComp=web,safSu=SU1,safSg=SG,safApp=APP"), Recovery: ipcwire.AmfNodeFailfast}); e != ipcwire.OK {
		t.Fatal(e)
	}
	if _, err := amfkit.WaitTree(c.Nodes[1], patience, func(t *report.Tree) string {
		if a := t.Instances[0].Active; len(a) != 1 || a[0] != "SU2" {
			return "active " + strings.Join(a, " ")
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
	await(t, c.Nodes[1], "SU1", "unlocked instantiated in-service; active SU2; standby SU1")
	spans := lives.Actives()
	for i := range spans {
		for j := i + 1; j < len(spans); j++ {
			if from, to, both := spans[i].Overlap(&spans[j], harness.Monotonic()); both {
				t.Errorf("two were active for %v", to-from)
			}
		}
	}
	if !c.Nodes[0].Up() {
		t.Error("the executive's process ended")
	}
	if out := c.Nodes[0].Output(); !strings.Contains(out, "node failfast") || !strings.Contains(out, "joining the ring again") {
		t.Errorf("the node does not say what it did:\n%s", out)
	}
}
