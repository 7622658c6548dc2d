// Package executive tests aisexec, aisctl and ais-keygen from the outside, as an
// administrator meets them: configuration, keys, signals, notification, exit
// codes, what they print.
package executive

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/harness"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

// ctl runs aisctl for a node and returns its exit code and both outputs.
func ctl(t *testing.T, n *harness.Node, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	p, err := n.Run(harness.Spec{Name: "aisctl", Path: b.Bin("aisctl"), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(2 * patience); err != nil && !p.Ended() {
		t.Fatal(err)
	}
	return p.ExitCode(), strings.Join(p.Stdout.From(0), "\n"), strings.Join(p.Stderr.From(0), "\n")
}

func wait(t *testing.T, n *harness.Node, members int) {
	t.Helper()
	if code, _, text := ctl(t, n, "wait", "--members", fmt.Sprint(members), "--timeout", "10s"); code != 0 {
		t.Fatalf("aisctl wait --members %d on node %d: exit code %d: %s", members, n.Index, code, text)
	}
}

// ends expects the node's executive to end with this exit code.
func ends(t *testing.T, n *harness.Node, code int) string {
	t.Helper()
	if err := n.Exec.Wait(patience); err != nil && !n.Exec.Ended() {
		t.Fatal(err)
	}
	if got := n.Exec.ExitCode(); got != code {
		t.Errorf("node %d: exit code %d, want %d:\n%s", n.Index, got, code, n.Output())
	}
	return n.Output()
}

func start(t *testing.T, n *harness.Node) {
	t.Helper()
	if err := n.StartNoWait(); err != nil {
		t.Fatal(err)
	}
}

// logged waits for a line of the executive's log.
func logged(t *testing.T, n *harness.Node, text string) {
	t.Helper()
	if _, _, err := n.Exec.Stderr.Wait(0, patience, func(s string) bool { return strings.Contains(s, text) }); err != nil {
		t.Fatalf("node %d did not log %q: %v\n%s", n.Index, text, err, n.Output())
	}
}

func TestAWrongConfigurationStartsNothingAndSaysEverything(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	n := c.Nodes[0]
	if err := n.Configure(nil, "tokenn: 5", "merge: often"); err != nil {
		t.Fatal(err)
	}
	start(t, n)
	out := ends(t, n, 1)
	for _, want := range []string{"tokenn: \"5\": is no key; the nearest is token", "merge: \"often\": must be a whole number", "authkey: does not exist"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	if _, err := os.Stat(filepath.Join(n.ConfDir, "state")); err == nil {
		t.Error("a state directory was made")
	}
}

func TestAnExecutiveWithAnotherKeyStaysAloneAndDisturbsNobody(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 3})
	other := make([]byte, 128)
	if _, err := rand.Read(other); err != nil {
		t.Fatal(err)
	}
	if err := c.Nodes[2].Configure(other); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		start(t, n)
	}
	wait(t, c.Nodes[0], 2)
	wait(t, c.Nodes[1], 2)
	wait(t, c.Nodes[2], 1)
	before, err := c.Nodes[0].Status()
	if err != nil {
		t.Fatal(err)
	}
	// The stranger goes on knocking; its packets are counted where they arrive.
	deadline := time.Now().Add(patience)
	for {
		st, err := c.Nodes[0].Status()
		if err != nil {
			t.Fatal(err)
		}
		if st.Int("drops.seal.unknown_key") > before.Int("drops.seal.unknown_key")+2 {
			if st.Changes() != before.Changes() || st.Members() != 2 {
				t.Errorf("the stranger changed the configuration: %d changes, %d members", st.Changes()-before.Changes(), st.Members())
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("no packet of another key was counted: %v", st.Drops())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAnExecutiveWithAnotherPacketOrMessageSizeIsAnotherCluster(t *testing.T) {
	for _, line := range []string{"netmtu: 1400", "max_message_size: 65536"} {
		t.Run(line, func(t *testing.T) {
			c := harness.ForTest(t, harness.Options{Nodes: 2})
			if err := c.Nodes[1].Configure(c.Key(), line); err != nil {
				t.Fatal(err)
			}
			for _, n := range c.Nodes {
				start(t, n)
				wait(t, n, 1)
			}
			deadline := time.Now().Add(patience)
			for _, n := range c.Nodes {
				for {
					st, err := n.Status()
					if err != nil {
						t.Fatal(err)
					}
					if st.Members() != 1 {
						t.Fatalf("node %d has %d members", n.Index, st.Members())
					}
					if st.Int("drops.seal.wrong_cluster") > 2 {
						break
					}
					if time.Now().After(deadline) {
						t.Fatalf("node %d does not count the other's packets: %v", n.Index, st.Drops())
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
}

func TestSIGTERMTellsTheRingAndEndsWithZero(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 3})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Nodes[1].Term(); err != nil {
		t.Fatal(err)
	}
	ends(t, c.Nodes[1], 0)
	for _, n := range []*harness.Node{c.Nodes[0], c.Nodes[2]} {
		wait(t, n, 2)
		st, err := n.Status()
		if err != nil {
			t.Fatal(err)
		}
		if cause := st.Text("last_cause"); cause != "leave" {
			t.Errorf("node %d: cause %q, want leave", n.Index, cause)
		}
	}
}

func TestTheKeyIsChangedWithoutAConfigurationChange(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 3})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	changes := make([]int64, 3)
	for i, n := range c.Nodes {
		st, err := n.Status()
		if err != nil {
			t.Fatal(err)
		}
		changes[i] = st.Changes()
	}
	next := make([]byte, 128)
	if _, err := rand.Read(next); err != nil {
		t.Fatal(err)
	}
	reload := func(keys int, change func(dir string) error) {
		t.Helper()
		for _, n := range c.Nodes {
			from := n.Exec.Stderr.Len()
			if err := change(n.ConfDir); err != nil {
				t.Fatal(err)
			}
			if err := n.Exec.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("keys=%d", keys)
			if _, _, err := n.Exec.Stderr.Wait(from, patience, func(s string) bool { return strings.Contains(s, want) }); err != nil {
				t.Fatalf("node %d did not take the keys: %v\n%s", n.Index, err, n.Output())
			}
		}
	}
	reload(2, func(dir string) error { return os.WriteFile(filepath.Join(dir, "authkey.next"), next, 0o400) })
	reload(2, func(dir string) error {
		return errors.Join(os.Rename(filepath.Join(dir, "authkey"), filepath.Join(dir, "authkey.old")),
			os.Rename(filepath.Join(dir, "authkey.next"), filepath.Join(dir, "authkey")))
	})
	reload(1, func(dir string) error { return os.Remove(filepath.Join(dir, "authkey.old")) })
	for i, n := range c.Nodes {
		st, err := n.Status()
		if err != nil {
			t.Fatal(err)
		}
		if st.Members() != 3 || st.Changes() != changes[i] {
			t.Errorf("node %d: %d members, %d changes; had %d", n.Index, st.Members(), st.Changes(), changes[i])
		}
	}
	// With the new key only: a fresh start joins.
	if _, err := c.Nodes[2].Kill(); err != nil {
		t.Fatal(err)
	}
	wait(t, c.Nodes[0], 2)
	start(t, c.Nodes[2])
	wait(t, c.Nodes[0], 3)
}

func TestAKeyThatCannotBeReadLeavesTheOldOneInForce(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	n := c.Nodes[0]
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(n.ConfDir, "authkey.next"), []byte("short"), 0o400); err != nil {
		t.Fatal(err)
	}
	if err := n.Exec.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	logged(t, n, "authkey.next: has 5 bytes")
	wait(t, n, 1)
}

func TestSIGUSR1WritesTheFlightRecorder(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	n := c.Nodes[0]
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, n, 1)
	if err := n.Exec.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	logged(t, n, "ring: gather: start")
	if code, out, _ := ctl(t, n, "trace"); code != 0 || !strings.Contains(out, "ring: configuration members=1") {
		t.Errorf("aisctl trace: exit code %d:\n%s", code, out)
	}
}

func TestTwoExecutivesDoNotShareStateOrSocket(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	if err := c.Nodes[0].Start(); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(c.Nodes[0].ConfDir, "state")
	for _, s := range []struct {
		what string
		spec harness.Spec
		want string
	}{
		{"state directory", harness.Spec{Args: []string{"--confdir", c.Nodes[1].ConfDir, "--statedir", state}, Env: c.Nodes[1].Env()}, "in use"},
		{"socket", harness.Spec{Args: []string{"--confdir", c.Nodes[1].ConfDir}, Env: c.Nodes[0].Env()}, "another executive is listening there"},
		{"address", harness.Spec{Args: []string{"--confdir", c.Nodes[0].ConfDir, "--statedir", filepath.Join(c.Nodes[1].ConfDir, "other")}, Env: c.Nodes[1].Env()}, "address already in use"},
	} {
		s.spec.Name, s.spec.Path = "second", c.Build.Bin("aisexec")
		p, err := harness.Start(s.spec)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Wait(patience)
		if p.ExitCode() != 1 || !strings.Contains(p.Stderr.String(), s.want) {
			t.Errorf("same %s: exit code %d, want 1 and %q:\n%s", s.what, p.ExitCode(), s.want, p.Stderr)
		}
		p.Kill()
	}
	wait(t, c.Nodes[0], 1)
}

func TestWithoutSecurityEverythingSaysSo(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2, Conf: []string{"secauth: off"}})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	for _, line := range c.Nodes[0].Exec.Stderr.From(0) {
		if !strings.Contains(line, "security=OFF") {
			t.Errorf("a log line without it: %s", line)
		}
	}
	if _, out, _ := ctl(t, c.Nodes[0], "status"); !strings.Contains(out, "security   OFF") {
		t.Errorf("aisctl status:\n%s", out)
	}
}

func TestStatusHasWhatProgramsRelyOn(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	code, out, text := ctl(t, c.Nodes[0], "status", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, text)
	}
	var st map[string]any
	if err := json.Unmarshal([]byte(out), &st); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, k := range []string{"node", "ring", "members", "state", "configuration_changes", "last_cause", "drops", "ipc_connections", "longest_token_gap_us", "offloads", "security"} {
		if _, ok := st[k]; !ok {
			t.Errorf("%s is missing", k)
		}
	}
	drops, _ := st["drops"].(map[string]any)
	for _, room := range []string{"net", "seal", "ring", "gmi", "service", "ipc", "clm", "evs"} {
		if reasons, _ := drops[room].(map[string]any); len(reasons) == 0 {
			t.Errorf("no drop counters of %s", room)
		}
	}
	if members, _ := st["members"].([]any); len(members) != 2 || st["state"] != "operational" {
		t.Errorf("members %v, state %v", st["members"], st["state"])
	}
}

func TestWaitOutlastsAnExecutiveThatIsNotThereYet(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	n := c.Nodes[0]
	if code, _, _ := ctl(t, n, "status"); code != 2 {
		t.Errorf("status without an executive: exit code %d, want 2", code)
	}
	if code, _, _ := ctl(t, n, "wait", "--members", "1", "--timeout", "30ms"); code != 3 {
		t.Errorf("wait without an executive: exit code %d, want 3", code)
	}
	p, err := n.Run(harness.Spec{Name: "aisctl", Path: c.Build.Bin("aisctl"), Args: []string{"wait", "--members", "2", "--timeout", "20s"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, n, 1)
	if p.Ended() {
		t.Fatalf("wait for two ended at one: %s", p.Stderr)
	}
	code, _, text := ctl(t, n, "wait", "--members", "3", "--timeout", "50ms")
	if code != 3 || !strings.Contains(text, "there are 1, state operational") {
		t.Errorf("wait for three: exit code %d, %s", code, text)
	}
	start(t, c.Nodes[1])
	if err := p.Wait(patience); err != nil {
		t.Error(err)
	}
}

func TestReadinessIsToldWhenClientsCanConnect(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	n := c.Nodes[0]
	path := filepath.Join(c.Dir, "notify")
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(c.Build.Bin("aisexec"), "--confdir", n.ConfDir, "--ready-fd", "3")
	cmd.Env = append(append(os.Environ(), n.Env()...), "NOTIFY_SOCKET="+path)
	cmd.ExtraFiles = []*os.File{w}
	var log bytes.Buffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	w.Close()
	if err := r.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(r).ReadString('\n')
	if line != "READY=1\n" {
		t.Fatalf("--ready-fd got %q (%v)", line, err)
	}
	if code, _, text := ctl(t, n, "status"); code != 0 {
		t.Errorf("after it was ready: exit code %d: %s", code, text)
	}
	if got := datagram(t, manager); got != "READY=1" {
		t.Errorf("service manager was told %q, want READY=1", got)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := datagram(t, manager); got != "STOPPING=1" {
		t.Errorf("service manager was told %q, want STOPPING=1", got)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("end: %v", err)
	}
}

func datagram(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 256)
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestAClosedOrFullStandardErrorDoesNotDisturbTheExecutive(t *testing.T) {
	for name, prepare := range map[string]func(r *os.File){
		"reader has gone": func(r *os.File) { r.Close() },
		"reader sleeps":   func(*os.File) {},
	} {
		t.Run(name, func(t *testing.T) {
			c := harness.ForTest(t, harness.Options{Nodes: 1, Conf: []string{"debug: on"}})
			n := c.Nodes[0]
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			cmd := exec.Command(c.Build.Bin("aisexec"), "--confdir", n.ConfDir)
			cmd.Env = append(os.Environ(), n.Env()...)
			cmd.Stderr = w
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Process.Kill() }()
			w.Close()
			wait(t, n, 1)
			prepare(r)
			// Far more than a pipe holds.
			for range 200 {
				if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
			wait(t, n, 1)
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("end: %v", err)
				}
			case <-time.After(patience):
				t.Error("it does not end")
			}
		})
	}
}

func TestAnIdleExecutiveIsSmall(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 3})
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	for _, n := range c.Nodes {
		u, err := n.Exec.Usage()
		if err != nil {
			t.Fatal(err)
		}
		if u.RSS > 40<<20 {
			t.Errorf("node %d: %d KiB resident, want at most 40 MiB", n.Index, u.RSS>>10)
		}
		t.Logf("node %d: %d KiB resident", n.Index, u.RSS>>10)
	}
}

// keygen is run as an administrator runs it.
func TestKeygenRefusesToReplaceAKey(t *testing.T) {
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	dir := filepath.Join(c.Dir, "fresh")
	for i, want := range []int{0, 1} {
		p, err := harness.Start(harness.Spec{Name: "ais-keygen", Path: c.Build.Bin("ais-keygen"), Args: []string{"--confdir", dir}})
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Wait(patience)
		if p.ExitCode() != want {
			t.Errorf("run %d: exit code %d, want %d: %s", i+1, p.ExitCode(), want, p.Stderr)
		}
	}
	if st, err := os.Stat(filepath.Join(dir, "authkey")); err != nil || st.Mode().Perm() != 0o400 || st.Size() != 128 {
		t.Errorf("key: %v, %v", st, err)
	}
}
