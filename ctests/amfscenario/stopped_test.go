package amfscenario

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/proc"
	"ais/exec/amf/report"
)

// pair is a 2N group with a component on each of two nodes.
func pair(t *testing.T, options harness.Options) (*harness.Cluster, *amfkit.Lives) {
	t.Helper()
	c := harness.ForTest(t, options)
	program, err := c.Build.CompileC("ctests/amfkit/c/component_b01.c", harness.GenB)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(c.Dir, "components.log")
	conf := amfkit.Config{Nodes: options.Nodes, Program: program, Log: log, Instances: []string{"SI"}, Units: []amfkit.Unit{
		{Name: "SU1", Node: "node1", Components: []string{"web"}}, {Name: "SU2", Node: "node2", Components: []string{"web"}}}}
	if err := amfkit.Install(c, "amf.conf", conf.Text()); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	if _, err := amfkit.WaitTree(c.Nodes[0], patience, amfkit.FullyAssigned); err != nil {
		t.Fatal(err)
	}
	l := amfkit.Watch(log)
	t.Cleanup(l.Close)
	return c, l
}

func TestAnExecutiveThatIsStoppedHasNoComponentThatIsActiveBesideItsSuccessor(t *testing.T) {
	c, lives := pair(t, harness.Options{Nodes: 2})
	victim, other := c.Nodes[0], c.Nodes[1]
	tree, err := amfkit.Tree(other)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Instances[0].Active[0] == "SU2" {
		victim, other = other, victim
	}
	at, err := victim.Stop()
	if err != nil {
		t.Fatal(err)
	}
	// The other unit is active, alone.
	if _, err := amfkit.WaitTree(other, patience, func(t *report.Tree) string {
		if len(t.Nodes) == 2 && t.Nodes[victim.Index-1].ID != 0 {
			return "the stopped node still counts"
		}
		if a := t.Instances[0].Active; len(a) != 1 || strings.HasPrefix(a[0], "(") || a[0][2] != byte('0'+other.Index) {
			return "active: " + strings.Join(a, " ")
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
	now := harness.Monotonic()
	spans := lives.Actives()
	open := 0
	for i := range spans {
		if spans[i].To == 0 {
			open++
		}
		for j := i + 1; j < len(spans); j++ {
			if from, to, both := spans[i].Overlap(&spans[j], now); both {
				t.Logf("both were active for %v, from %v after the stop on", to-from, from-at)
				if to-from > 500e6 {
					t.Errorf("that is too long")
				}
			}
		}
	}
	if open != 1 {
		t.Errorf("%d processes are active", open)
	}
	if _, err := victim.Cont(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if _, err := amfkit.WaitTree(n, patience, func(t *report.Tree) string {
			if why := amfkit.FullyAssigned(t); why != "" {
				return why
			}
			if t.Nodes[0].ID == 0 || t.Nodes[1].ID == 0 {
				return "not both nodes are there"
			}
			return ""
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnExecutiveThatIsAskedToStopEndsItsComponentsBeforeOthersTakeOver(t *testing.T) {
	c, lives := pair(t, harness.Options{Nodes: 2})
	active := c.Nodes[0]
	if tree, err := amfkit.Tree(active); err != nil {
		t.Fatal(err)
	} else if tree.Instances[0].Active[0] == "SU2" {
		active = c.Nodes[1]
	}
	if _, err := active.Term(); err != nil {
		t.Fatal(err)
	}
	if err := active.Exec.Wait(patience); err != nil {
		t.Fatal(err)
	}
	other := c.Nodes[2-active.Index]
	if _, err := amfkit.WaitTree(other, patience, func(t *report.Tree) string {
		if a := t.Instances[0].Active; len(a) != 1 || a[0][2] != byte('0'+other.Index) {
			return "active: " + strings.Join(a, " ")
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
	spans := lives.Actives()
	for i := range spans {
		for j := i + 1; j < len(spans); j++ {
			if from, to, both := spans[i].Overlap(&spans[j], harness.Monotonic()); both {
				t.Errorf("two were active for %v", to-from)
			}
		}
	}
}

func TestAKilledKeeperEndsItsExecutiveAndEverythingOfIt(t *testing.T) {
	c, lives := pair(t, harness.Options{Nodes: 2})
	victim := c.Nodes[0]
	keeper := 0
	for _, pid := range proc.Descendants(victim.Exec.PID, 1) {
		keeper = pid
	}
	if keeper == 0 {
		t.Fatal("the executive has no keeper")
	}
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-victim.Exec.Done():
	case <-time.After(patience):
		t.Fatal("the executive goes on without a keeper")
	}
	if victim.Exec.ExitCode() == 0 || !strings.Contains(victim.Output(), "the keeper has ended") {
		t.Errorf("exit code %d\n%s", victim.Exec.ExitCode(), victim.Output())
	}
	if _, err := amfkit.WaitTree(c.Nodes[1], patience, func(t *report.Tree) string {
		if a := t.Instances[0].Active; len(a) != 1 || a[0] != "SU2" {
			return "active: " + strings.Join(a, " ")
		}
		return ""
	}); err != nil {
		t.Fatal(err)
	}
	for _, e := range lives.Events() {
		if e.Unit() == "SU1" && lives.Died(e.PID) == 0 {
			t.Errorf("process %d of the ended executive still runs", e.PID)
		}
	}
}
