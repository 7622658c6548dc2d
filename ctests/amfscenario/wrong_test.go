package amfscenario

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
	"ais/libais"
	amf "ais/libais/amf/client"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// otherServicesRun asks other services: they must not care about AMF's configuration.
func otherServicesRun(t *testing.T, n *harness.Node) {
	t.Helper()
	c, err := wait.Dial(libais.Options{Socket: n.Socket, Service: ipcwire.CLM, Generation: ipcwire.GenB}, patience)
	if err != ipcwire.OK {
		t.Fatalf("CLM: %s", err)
	}
	c.Close()
	if _, err := n.Status(); err != nil {
		t.Errorf("control: %v", err)
	}
}

func TestABadConfigurationTurnsOnlyTheFrameworkOffAndIsTold(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	bad := strings.Replace(groupsConf(), "model = 2n", "model = 3n", 1)
	bad = strings.Replace(bad, "member = c3b", "member = nobody", 1)
	if err := os.WriteFile(filepath.Join(c.Nodes[0].ConfDir, "groups.conf"), []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Nodes[1].ConfDir, "groups.conf"), []byte(groupsConf()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	otherServicesRun(t, c.Nodes[0])
	file := filepath.Join(c.Nodes[0].ConfDir, "groups.conf")
	lines := strings.Split(bad, "\n")
	for want, text := range map[string]string{"model = 3n": `model: "3n": must be `, "member = nobody": `member: "nobody": is no component of this group`} {
		at := 0
		for i, l := range lines {
			if strings.TrimSpace(l) == want {
				at = i + 1
			}
		}
		problem := file + ":" + strconv.Itoa(at) + ": " + text
		out, err := amfkit.Aisctl(c.Nodes[0], "amf")
		if err != nil || !strings.Contains(out, "OFF") || !strings.Contains(out, problem) {
			t.Errorf("aisctl amf: %v, %q, want %q", err, out, problem)
		}
		if log := strings.ReplaceAll(c.Nodes[0].Output(), `\"`, `"`); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, problem) {
			t.Errorf("the log does not have %q:\n%s", problem, log)
		}
	}
	if _, err := amf.Dial(libais.Options{Socket: c.Nodes[0].Socket, Generation: ipcwire.GenA}, "", patience); err != ipcwire.ErrLibrary {
		t.Errorf("a program that initializes gets %s, want LIBRARY", err)
	}
	// The other node is served, and a node without the same configuration is none of it.
	tree, err := amfkit.WaitTree(c.Nodes[1], patience, func(t *report.Tree) string {
		if len(t.Nodes) == 0 {
			return "no node"
		}
		return ""
	})
	if err != nil || len(tree.Nodes) != 1 || tree.Nodes[0].Name != "node2" {
		t.Errorf("%v, %+v", err, tree)
	}
	if log := c.Nodes[1].Output(); !strings.Contains(log, "has another configuration") {
		t.Errorf("the good node does not say that the other is another:\n%s", log)
	}
	if p, err := c.Nodes[0].Run(harness.Spec{Name: "check", Path: c.Build.Bin("aisexec"), Args: []string{"--check-config", "--confdir", c.Nodes[0].ConfDir}}); err != nil {
		t.Error(err)
	} else if p.Wait(patience); p.ExitCode() != 1 || !strings.Contains(p.Stderr.String(), `must be 2n, nplusm`) {
		t.Errorf("--check-config: exit code %d, %s", p.ExitCode(), p.Stderr)
	}
}

func TestWithoutAConfigurationTheFrameworkIsOffAndSaysSo(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	otherServicesRun(t, c.Nodes[0])
	out, err := amfkit.Aisctl(c.Nodes[0], "amf")
	if err != nil || !strings.Contains(out, "OFF: there is neither amf.conf nor groups.conf") {
		t.Errorf("%v, %q", err, out)
	}
	if _, err := amf.Dial(libais.Options{Socket: c.Nodes[0].Socket, Generation: ipcwire.GenB}, "", patience); err != ipcwire.ErrLibrary {
		t.Errorf("a program that initializes gets %s, want LIBRARY", err)
	}
	if _, err := amfkit.Aisctl(c.Nodes[0], "amf", "lock", "x"); err == nil || !strings.Contains(err.Error(), "the framework is off") {
		t.Errorf("lock: %v", err)
	}
	if strings.Contains(c.Nodes[0].Output(), "level=ERROR") {
		t.Errorf("no configuration is no error:\n%s", c.Nodes[0].Output())
	}
}

func TestANodeWithAnotherConfigurationIsToldAndTakesPartWhenItIsTheSame(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	if err := amfkit.Install(c, "groups.conf", groupsConf()); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(c.Nodes[1].ConfDir, "groups.conf")
	if err := os.WriteFile(other, []byte(strings.Replace(groupsConf(), "backup-units = 2", "backup-units = 1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	alone := func(n *harness.Node) {
		t.Helper()
		if _, err := amfkit.WaitTree(n, patience, nodes(1)); err != nil {
			t.Error(err)
		}
		if !strings.Contains(n.Output(), "has another configuration") {
			t.Errorf("node %d does not say so:\n%s", n.Index, n.Output())
		}
		if out, err := amfkit.Aisctl(n, "amf"); err != nil || !strings.Contains(out, "takes no part: it has another configuration") {
			t.Errorf("aisctl amf of node %d: %v\n%s", n.Index, err, out)
		}
	}
	alone(c.Nodes[0])
	alone(c.Nodes[1])
	if _, err := c.Nodes[1].Term(); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[1].Exec.Wait(patience); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte(groupsConf()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[1].Start(); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		if _, err := amfkit.WaitTree(n, patience, nodes(2)); err != nil {
			t.Error(err)
		}
	}
}

// nodes is for amfkit.WaitTree: so many nodes take part.
func nodes(n int) func(*report.Tree) string {
	return func(t *report.Tree) string {
		if len(t.Nodes) != n {
			return "nodes: " + strconv.Itoa(len(t.Nodes))
		}
		return ""
	}
}
