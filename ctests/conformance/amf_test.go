package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/harness"
)

// runAMF runs rows of AMF on executives that have a configuration for it.
func runAMF(t *testing.T, nodes int, file string, least int, programs ...string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := harness.ForTest(t, harness.Options{Nodes: nodes})
	for _, n := range c.Nodes {
		if err := os.WriteFile(filepath.Join(n.ConfDir, filepath.Base(file)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runRows(t, c, least, func(id string) bool {
		for _, p := range programs {
			if strings.HasPrefix(id, p) {
				return true
			}
		}
		return false
	})
}

func TestEveryDocumentedResultOfAMFOnOneNode(t *testing.T) {
	t.Run("A", func(t *testing.T) { runAMF(t, 1, "groups.conf", 230, "amf.a.") })
	t.Run("B", func(t *testing.T) { runAMF(t, 1, "amf.conf", 270, "amf.b.") })
	t.Run("OpenSAF", func(t *testing.T) { runAMF(t, 1, "amf.conf", 350, "amf.o.") })
}

func TestEveryDocumentedResultOfAMFOnThreeNodes(t *testing.T) {
	t.Run("A", func(t *testing.T) { runAMF(t, 3, "groups.conf", 230, "amf.a.") })
	t.Run("B", func(t *testing.T) { runAMF(t, 3, "amf.conf", 270, "amf.b.") })
	t.Run("OpenSAF", func(t *testing.T) { runAMF(t, 3, "amf.conf", 350, "amf.o.") })
}

// operate is an operation of an administrator, as aisctl amf has it.
func (x *runner) operate(args []string) error {
	cmd := exec.Command(x.c.Build.Bin("aisctl"), append([]string{"amf"}, args...)...)
	cmd.Env = append(os.Environ(), x.c.Nodes[0].Env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("aisctl amf %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
