package habits

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

func habit(name string) cprog.Program {
	return cprog.Program{Name: name, Sources: []string{name + ".c"}, Libs: []string{"-lais", "-ldl"}}
}

// tests lists the tests of a program.
func tests(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command(path, "list").Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return strings.Fields(string(out))
}

// elsewhere is a second installation of the libraries.
func elsewhere(t *testing.T, a cprog.Arch) string {
	t.Helper()
	dir := filepath.Join(cprog.WorkDir(t), "elsewhere"+a.Name)
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	from := a.Libs(t)
	for _, f := range []string{"libSaClm.so.2", "libais.so.2", "libais-runtime.so.1"} {
		data, err := os.ReadFile(filepath.Join(from, f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Programs of twenty years ago do these things, and nothing tells them not to.
// Each test of each program is a process of its own.
func TestLegacyHabits(t *testing.T) {
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for _, name := range []string{"habits_fork", "habits_signal", "habits_threads", "habits_process", "habits_load", "habits_limits", "habits_memory", "habits_return"} {
			t.Run(name, func(t *testing.T) {
				path := habit(name).Build(t, a)
				// The default directories of the loader do not have the libraries.
				env := []string{"LD_LIBRARY_PATH=" + a.Libs(t), "AIS_TEST_ELSEWHERE=" + elsewhere(t, a)}
				for _, test := range tests(t, path) {
					t.Run(test, func(t *testing.T) {
						if out := run(t, env, path, test); out != "" {
							t.Log(strings.TrimRight(out, "\n"))
						}
					})
				}
			})
		}
	})
}

// Calls answer what the specification says when the executive dies, and a new
// Initialize works when it is back.
func TestAProgramGoesOnWhenItsExecutiveIsBack(t *testing.T) {
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		path := habit("habits_gone").Build(t, a)
		goneAndBack(t, nil, path)
	})
}

// goneAndBack runs a program that ends the executive, which is started again.
func goneAndBack(t *testing.T, env []string, path string) {
	t.Helper()
	n := executive(t)
	again := make(chan error, 1)
	go func() {
		<-n.Exec.Done()
		again <- n.Start()
	}()
	run(t, env, path, "gone_and_back")
	if err := <-again; err != nil {
		t.Fatal(err)
	}
}
