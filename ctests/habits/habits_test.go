// Package habits tests what programs of twenty years ago do with their process,
// and what the C libraries may not do with it: C programs, linked as applications
// are, on a real executive (a ring of one node). protections.tsv lists what
// protects each habit, how that is taken away, and the test that then fails;
// `make habits-bite` does it.
package habits

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

var ring *harness.Cluster

const groups = `group {
	name = habits
	model = nway
	unit {
		name = unit
		component {
			name = component
			model = x_active_and_y_standby
		}
	}
	protection {
		name = csi
		member = component
	}
}
`

// executive is the node of a ring of one, running. One ring serves all tests of
// the process; a test that ended its executive leaves the next one to start it.
func executive(t *testing.T) *harness.Node {
	t.Helper()
	if ring == nil {
		c, err := harness.New(harness.Options{Nodes: 1})
		if err != nil {
			t.Fatal(err)
		}
		ring = c // closed by harness.RunExits
		// AMF is there when it has a configuration.
		if err := os.WriteFile(filepath.Join(c.Nodes[0].ConfDir, "groups.conf"), []byte(groups), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := ring.Nodes[0]
	if !n.Up() {
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := n.Cont(); err != nil { // if a test that failed left it stopped
		t.Fatal(err)
	}
	if err := ring.WaitWhole(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("its executive wrote:\n%s", n.Output())
		}
	})
	return n
}

// limit is how long one program may run. Programs notice what hangs themselves,
// after seconds.
const limit = 90 * time.Second

// run runs a program on the executive and returns what it wrote; it fails the
// test when the program does. Nothing that the program started survives it.
func run(t *testing.T, env []string, path string, args ...string) string {
	t.Helper()
	n := executive(t)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	dir := t.TempDir()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), n.Env()...)
	cmd.Env = append(cmd.Env, fmt.Sprintf("AIS_TEST_EXECUTIVE=%d", n.Exec.PID), "TMPDIR="+dir)
	cmd.Env = append(cmd.Env, env...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // children of one that failed
	}
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out.String())
	}
	return out.String()
}
