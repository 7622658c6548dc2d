package harness

import "errors"

// TB is what ForTest needs of a testing.TB, so that programs which use this
// package do not carry the test framework.
type TB interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ForTest makes a cluster for a test and closes it at the test's end. Without
// the means (root, nft) a cluster in namespaces skips the test and says why. A
// failed test shows what the executives wrote.
func ForTest(t TB, opt Options) *Cluster {
	t.Helper()
	if opt.Namespaces {
		if err := CanNamespaces(); err != nil {
			t.Skipf("%v", err)
		}
	}
	c, err := New(opt)
	if errors.Is(err, ErrNoNamespaces) {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatalf("cluster: %v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range c.Nodes {
				t.Logf("executive of node %d wrote:\n%s", n.Index, n.Output())
			}
		}
		c.Close()
	})
	return c
}
