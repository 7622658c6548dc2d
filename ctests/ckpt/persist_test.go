package ckpt

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/ctests/harness"
	"ais/libais/ipcwire"
)

// persistent is a cluster whose executives keep checkpoints, each in a directory.
func persistent(t *testing.T, nodes int) *harness.Cluster {
	t.Helper()
	c, err := harness.New(harness.Options{Nodes: nodes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for _, n := range c.Nodes {
		if err := n.Configure(c.Key(), "checkpoint_dir: "+dirOf(n), "checkpoint_delay: 100"); err != nil {
			t.Fatal(err)
		}
	}
	startAll(t, c)
	return c
}

func dirOf(n *harness.Node) string { return filepath.Join(n.ConfDir, "checkpoints") }

func startAll(t *testing.T, c *harness.Cluster) {
	t.Helper()
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitWhole(patience); err != nil {
		t.Fatal(err)
	}
}

// fill writes sections and tells what they hold.
func fill(t *testing.T, c *harness.Cluster) map[string][]byte {
	t.Helper()
	one := dial(t, c.Nodes[0])
	h := open(t, one, "kept", attributes(100, 1<<20))
	want := map[string][]byte{}
	for i := range 30 {
		id := fmt.Sprintf("s%d", i)
		want[id] = noise(7_000*(i%9), uint64(i))
		retry(t, "create", func() ipcwire.Error {
			_, err := one.Create(h, []byte(id), ipcwire.CkptTimeEnd, want[id])
			return err
		})
	}
	return want
}

func has(t *testing.T, n *harness.Node, want map[string][]byte) {
	t.Helper()
	who := dial(t, n)
	var h uint32
	retry(t, "open", func() ipcwire.Error {
		o, err := who.Open("kept", ipcwire.CkptOpenRead, nil)
		h = o.Handle
		return err
	})
	sections := 0
	retry(t, "sections", func() ipcwire.Error {
		sections = 0
		return who.Sections(h, func(*ipcwire.CkptSection) { sections++ })
	})
	if sections != len(want) {
		t.Errorf("node %d has %d sections, not %d", n.Index, sections, len(want))
	}
	for id, data := range want {
		retry(t, "read", func() ipcwire.Error {
			got, err := who.Read(h, []byte(id), 0)
			if err == ipcwire.OK && !bytes.Equal(got, data) {
				t.Fatalf("node %d section %s: %d bytes, not %d", n.Index, id, len(got), len(data))
			}
			return err
		})
	}
}

// saved waits until an executive has written everything.
func saved(t *testing.T, n *harness.Node) {
	t.Helper()
	last := int64(-1)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(250 * time.Millisecond) {
		st, err := n.Status()
		if err != nil {
			t.Fatal(err)
		}
		// Nothing new for more than the delay.
		if now := st.Int("counters.ckpt.saves"); now > 0 && now == last {
			return
		} else {
			last = now
		}
	}
	t.Fatalf("node %d does not stop saving", n.Index)
}

func TestCheckpointsOutliveAFullStop(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		for _, how := range []string{"SIGTERM", "SIGKILL"} {
			t.Run(fmt.Sprint(nodes, how), func(t *testing.T) {
				c := persistent(t, nodes)
				want := fill(t, c)
				for _, n := range c.Nodes {
					if how == "SIGKILL" {
						saved(t, n)
					}
				}
				for _, n := range c.Nodes {
					end := n.Term
					if how == "SIGKILL" {
						end = n.Kill
					}
					if _, err := end(); err != nil {
						t.Fatal(err)
					}
					if err := n.Exec.Wait(patience); err != nil && how == "SIGTERM" {
						t.Fatal(err, n.Output())
					}
				}
				startAll(t, c)
				for _, n := range c.Nodes {
					has(t, n, want)
					st, err := n.Status()
					if err != nil {
						t.Fatal(err)
					}
					if st.Int("counters.ckpt.restored") != 1 || st.Int("drops.ckpt.lost") != 0 || st.Int("drops.ckpt.damaged_files") != 0 {
						t.Errorf("node %d: %v %v", n.Index, st.Int("counters.ckpt.restored"), st.Drops())
					}
				}
			})
		}
	}
}

func TestADamagedFileIsToldAndTheOthersReplicaIsTaken(t *testing.T) {
	c := persistent(t, 2)
	want := fill(t, c)
	for _, n := range c.Nodes {
		saved(t, n)
	}
	for _, n := range c.Nodes {
		if _, err := n.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = n.Exec.Wait(patience)
	}
	bad := c.Nodes[0]
	files, err := filepath.Glob(filepath.Join(dirOf(bad), "checkpoints-*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(files[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(files[0]); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	startAll(t, c)
	for _, n := range c.Nodes {
		has(t, n, want)
	}
	st, err := bad.Status()
	if err != nil {
		t.Fatal(err)
	}
	if st.Int("drops.ckpt.damaged_files") != 1 || !strings.Contains(bad.Output(), "a file of checkpoints is not whole") {
		t.Errorf("%v\n%s", st.Drops(), bad.Output())
	}
}

func TestOneDirectoryIsForOneExecutive(t *testing.T) {
	c := persistent(t, 1)
	other, err := harness.New(harness.Options{Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	if err := other.Nodes[0].Configure(other.Key(), "checkpoint_dir: "+dirOf(c.Nodes[0])); err != nil {
		t.Fatal(err)
	}
	if err := other.Nodes[0].StartNoWait(); err != nil {
		t.Fatal(err)
	}
	if err := other.Nodes[0].Exec.Wait(patience); err == nil || !strings.Contains(other.Nodes[0].Output(), "another executive uses it") {
		t.Errorf("%v\n%s", err, other.Nodes[0].Output())
	}
}

// Two nodes that never met have made a checkpoint of one name, with other
// attributes: when they meet one gives way, and the operator is told on both.
func TestWhatAMergeDiscardsIsShownToTheOperator(t *testing.T) {
	c, err := harness.New(harness.Options{Nodes: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for i, n := range c.Nodes {
		if err := n.Configure(c.Key(), "checkpoint_dir: "+dirOf(n)); err != nil {
			t.Fatal(err)
		}
		if err := n.Start(); err != nil {
			t.Fatal(err)
		}
		k := dial(t, n)
		h := open(t, k, "theirs", attributes(uint32(10+i), 100))
		retry(t, "create", func() ipcwire.Error {
			_, err := k.Create(h, []byte("s"), ipcwire.CkptTimeEnd, fmt.Append(nil, "of node ", n.Index))
			return err
		})
		k.Close()
		if _, err := n.Term(); err != nil {
			t.Fatal(err)
		}
		if err := n.Exec.Wait(patience); err != nil {
			t.Fatal(err)
		}
	}
	startAll(t, c)
	for _, n := range c.Nodes {
		out := ""
		for deadline := time.Now().Add(patience); time.Now().Before(deadline) && strings.Count(out, "\n") < 2; time.Sleep(20 * time.Millisecond) {
			if out, err = aisctl(t, n, "lost"); err != nil {
				t.Fatal(err, out)
			}
		}
		if !strings.Contains(out, "checkpoint: checkpoint theirs") || !strings.Contains(out, "write: checkpoint theirs, section s, written ") ||
			!strings.Contains(out, fmt.Sprintf("by node %d, in the partition of %d", c.Nodes[1].ID, c.Nodes[1].ID)) {
			t.Errorf("node %d: %s", n.Index, out)
		}
		st, err := n.Status()
		if err != nil {
			t.Fatal(err)
		}
		if st.Int("drops.ckpt.lost") != 2 {
			t.Errorf("node %d counts %d", n.Index, st.Int("drops.ckpt.lost"))
		}
		k := dial(t, n)
		var h uint32
		retry(t, "open", func() ipcwire.Error {
			o, err := k.Open("theirs", ipcwire.CkptOpenRead, nil)
			h = o.Handle
			return err
		})
		retry(t, "read", func() ipcwire.Error {
			got, err := k.Read(h, []byte("s"), 0)
			if err == ipcwire.OK && string(got) != "of node 1" {
				t.Errorf("node %d has %q", n.Index, got)
			}
			return err
		})
	}
}
