package habits

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/cprog"
)

// A protection is what a habit relies on, how it is taken away, and the test that
// fails then.
type protection struct {
	name, built string
	edits       []edit
	test        string
}

// An edit replaces the one place in a file where find stands.
type edit struct{ file, find, replace string }

var escapes = strings.NewReplacer(`\n`, "\n", `\t`, "\t")

// protections reads the table. Rows of one protection follow each other; the last
// has the test.
func protections(t *testing.T) []protection {
	var list []protection
	open := false
	for _, r := range cprog.Rows(t, "ctests/habits/protections.tsv") {
		if !open {
			list = append(list, protection{name: r["protection"], built: r["built"]})
		}
		p := &list[len(list)-1]
		if p.name != r["protection"] {
			t.Fatalf("protections.tsv: %q has no test", p.name)
		}
		p.edits = append(p.edits, edit{r["file"], escapes.Replace(r["find"]), escapes.Replace(r["replace"])})
		p.test = r["test"]
		open = p.test == ""
	}
	return list
}

// apply makes the edit in the tree at root and returns how to undo it.
func (e edit) apply(root string) (undo func() error, err error) {
	path := filepath.Join(root, e.file)
	old, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(old, []byte(e.find)); n != 1 {
		return nil, fmt.Errorf("%s: %q stands there %d times, not once", e.file, e.find, n)
	}
	text := bytes.Replace(old, []byte(e.find), []byte(e.replace), 1)
	return func() error { return os.WriteFile(path, old, 0o644) }, os.WriteFile(path, text, 0o644)
}

// The list is about the code as it is.
func TestEveryProtectionIsWhereTheListSays(t *testing.T) {
	list := protections(t)
	if len(list) < 50 {
		t.Fatalf("only %d protections", len(list))
	}
	for _, p := range list {
		for _, e := range p.edits {
			data, err := os.ReadFile(filepath.Join(cprog.Root, e.file))
			if err != nil {
				t.Error(err)
			} else if n := bytes.Count(data, []byte(e.find)); n != 1 {
				t.Errorf("%s: %s: %q stands there %d times, not once", p.name, e.file, e.find, n)
			}
		}
		if name, _, _ := strings.Cut(p.test, "/"); !strings.HasPrefix(name, "Test") {
			t.Errorf("%s: test %q", p.name, p.test)
		}
	}
}

// copyTree copies what the libraries and this package are built from, times
// included.
func copyTree(t *testing.T, to string) {
	t.Helper()
	for _, top := range []string{"go.mod", "go.sum", "Makefile", "capi", "include", "libais", "ctests"} {
		err := filepath.WalkDir(filepath.Join(cprog.Root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(cprog.Root, path)
			if err != nil {
				return err
			}
			target := filepath.Join(to, rel)
			if d.IsDir() {
				return os.MkdirAll(target, 0o755)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(target, data, 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// A mutant is a copy of the tree that can be changed, built and tested.
type mutant struct {
	root  string
	stale []string // what has to be built again
}

func newMutant(t *testing.T) *mutant {
	m := &mutant{root: t.TempDir(), stale: []string{"runtime"}}
	copyTree(t, m.root)
	if err := os.MkdirAll(filepath.Join(m.root, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	// The executive is the one that is tested elsewhere.
	if err := os.Symlink(filepath.Join(cprog.BuildDir(t), "bin"), filepath.Join(m.root, "build/bin")); err != nil {
		t.Fatal(err)
	}
	return m
}

// build makes what is stale. The front alone is made without asking Go.
func (m *mutant) build(t *testing.T) {
	t.Helper()
	if len(m.stale) == 0 {
		return
	}
	targets := []string{"lib"}
	if !slices.Contains(m.stale, "runtime") {
		targets = nil
		for _, r := range cprog.RowsOf(t, m.root, "capi/libs.tsv") {
			targets = append(targets, "build/lib/"+r["file"])
		}
	}
	cmd := exec.Command("make", append([]string{"-s", "-C", m.root}, targets...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make: %v\n%s", err, out)
	}
	m.stale = nil
}

func (m *mutant) changed(what string) {
	if what != "test" {
		m.stale = append(m.stale, what)
	}
}

// test runs one test of this package in the mutant's tree, by this very program.
func (m *mutant) test(name string) (passed bool, out string, err error) {
	self, err := os.Executable()
	if err != nil {
		return false, "", err
	}
	var pattern []string
	for _, part := range strings.Split(name, "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "-test.run="+strings.Join(pattern, "/"), "-test.v", "-test.count=1")
	cmd.Dir = filepath.Join(m.root, "ctests/habits")
	cmd.Env = append(os.Environ(), "AIS_BITE=", "AIS_BUILD="+filepath.Join(m.root, "build"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch out = string(text); {
	case err == nil && strings.Contains(out, "--- PASS: "+name+" "):
		return true, out, nil
	case errors.As(err, &exit) && strings.Contains(out, "--- FAIL: "+name+" "):
		return false, out, nil
	}
	return false, out, fmt.Errorf("the test neither passed nor failed: %v", err)
}

// Every protection is taken away in a copy of the tree, and its test must fail.
// AIS_BITE selects: a pattern of names of protections; it takes minutes.
func TestEveryProtectionBites(t *testing.T) {
	which := os.Getenv("AIS_BITE")
	if which == "" {
		t.Skip("make habits-bite")
	}
	selected := regexp.MustCompile(which)
	m := newMutant(t)
	sound := map[string]bool{}
	for _, p := range protections(t) {
		if !selected.MatchString(p.name) {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			if !sound[p.test] {
				m.build(t)
				if passed, out, err := m.test(p.test); !passed || err != nil {
					t.Fatalf("%s fails with the protection, too: %v\n%s", p.test, err, out)
				}
				sound[p.test] = true
			}
			for _, e := range p.edits {
				undo, err := e.apply(m.root)
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := undo(); err != nil {
						t.Fatal(err)
					}
					m.changed(p.built)
				}()
				m.changed(p.built)
			}
			m.build(t)
			passed, out, err := m.test(p.test)
			if err != nil {
				t.Fatalf("%s: %v\n%s", p.test, err, out)
			}
			if passed {
				t.Errorf("%s passes without it", p.test)
				return
			}
			t.Logf("%s fails without it: %s", p.test, why(out))
		})
	}
}

// why is what a failed test said first.
func why(out string) string {
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return ""
}
