package ckpt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/harness"
	"ais/libais/ipcwire"
)

// aisctl runs aisctl ckpt on a node.
func aisctl(t *testing.T, n *harness.Node, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(n.Build().Bin("aisctl"), append([]string{"ckpt"}, args...)...)
	cmd.Env = append(os.Environ(), n.Env()...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

func TestAisctlListsShowsDumpsAndRestoresCheckpoints(t *testing.T) {
	c := cluster(t, 2)
	one := dial(t, c.Nodes[0])
	h := open(t, one, "calls", attributes(600, 1<<20))
	want := map[string][]byte{}
	for i := range 510 { // more than a page
		id := "s" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		want[id] = noise(i*7%3000, uint64(i))
		retry(t, "create", func() ipcwire.Error {
			_, err := one.Create(h, []byte(id), ipcwire.CkptTimeEnd, want[id])
			return err
		})
	}
	do := func(n int, args ...string) string {
		t.Helper()
		out, err := aisctl(t, c.Nodes[n], args...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return out
	}
	for n := range 2 {
		if out := do(n, "list"); !strings.Contains(out, "calls: 510 sections") || !strings.Contains(out, "in memory only") {
			t.Errorf("list:\n%s", out)
		}
		out := do(n, "show", "calls")
		if strings.Count(out, "never expires") != 510 || !strings.Contains(out, "open 1 times on node 2130706433") {
			t.Errorf("show:\n%s", out)
		}
	}
	if a, b := do(0, "show", "calls"), do(1, "show", "calls"); a != b {
		t.Errorf("the nodes show\n%s\n%s", a, b)
	}
	if out := do(0, "lost"); !strings.Contains(out, "nothing was discarded") {
		t.Errorf("lost: %s", out)
	}
	file := filepath.Join(t.TempDir(), "dump")
	do(1, "dump", "calls", file)
	if out, err := aisctl(t, c.Nodes[0], "restore", file); err == nil || !strings.Contains(out, "--overwrite overwrites it") {
		t.Errorf("restore over what is there: %v %s", err, out)
	}
	retry(t, "unlink", func() ipcwire.Error { return one.Unlink("calls") })
	if out := do(0, "list"); !strings.Contains(out, "calls (unlinked)") {
		t.Errorf("list:\n%s", out)
	}
	if out := do(0, "restore", file); !strings.Contains(out, "510 sections created, 0 overwritten, 0 had expired") {
		t.Errorf("restore: %s", out)
	}
	two := dial(t, c.Nodes[1])
	h = open(t, two, "calls", attributes(600, 1<<20))
	for id, data := range want {
		retry(t, "read", func() ipcwire.Error {
			got, err := two.Read(h, []byte(id), 0)
			if err == ipcwire.OK && !bytes.Equal(got, data) {
				t.Fatalf("section %s: %d bytes, not %d", id, len(got), len(data))
			}
			return err
		})
	}
	if out := do(0, "restore", "--overwrite", file); !strings.Contains(out, "0 sections created, 510 overwritten") {
		t.Errorf("restore: %s", out)
	}
	if out, err := aisctl(t, c.Nodes[0], "show", "no such"); err == nil || !strings.Contains(out, "there is no checkpoint") {
		t.Errorf("%v %s", err, out)
	}
}
