package habits

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

// watched are the programs and tests that memory checkers look at: every function
// of every service in the development library's generations, and what goes wrong
// in a program's life.
func watched(t *testing.T) []struct {
	program cprog.Program
	test    string
} {
	var out []struct {
		program cprog.Program
		test    string
	}
	add := func(p cprog.Program, test string) {
		out = append(out, struct {
			program cprog.Program
			test    string
		}{p, test})
	}
	for _, l := range lists(t) {
		if l.library == "libais.so.10" {
			add(callsProgram(t, l), "once")
		}
	}
	add(habit("habits_threads"), "calls_inside_a_callback")
	add(habit("habits_threads"), "finalize_wakes_who_waits")
	add(habit("habits_fork"), "every_service_in_a_child")
	return out
}

func TestValgrindHasNothingToReport(t *testing.T) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		t.Skip("no valgrind")
	}
	a := cprog.Archs[0]
	for i, w := range watched(t) {
		// It is slow: some services of each generation, and all that goes wrong.
		if strings.HasPrefix(w.program.Name, "calls") && i%3 != 0 {
			continue
		}
		t.Run(w.program.Name+"_"+w.test, func(t *testing.T) {
			run(t, []string{"AIS_TEST_SLOW=1"}, "valgrind", "-q", "--error-exitcode=9", "--leak-check=full", "--trace-children=no",
				"--show-leak-kinds=definite", "--errors-for-leak-kinds=definite", w.program.Build(t, a), w.test)
		})
	}
}

// The front itself is compiled with the checker, too.
func TestAddressSanitizerHasNothingToReport(t *testing.T) {
	a := cprog.Archs[0]
	flags := []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"}
	probe := exec.Command(cprog.Compiler(), append(flags, "-x", "c", "-", "-o", filepath.Join(t.TempDir(), "probe"))...)
	probe.Stdin = strings.NewReader("int main(void) { return 0; }\n")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("no AddressSanitizer: %s", cprog.FirstLine(out))
	}
	front := sanitizedFront(t, flags)
	env := []string{"AIS_RUNTIME=" + filepath.Join(a.Libs(t), "libais-runtime.so.1")}
	build := func(p cprog.Program) string {
		p.Name += "-asan"
		p.Flags = slices.Concat(p.Flags, flags)
		p.Libs = []string{front, "-ldl"}
		return p.Build(t, a)
	}
	for _, w := range watched(t) {
		t.Run(w.program.Name+"_"+w.test, func(t *testing.T) { run(t, env, build(w.program), w.test) })
	}
	t.Run("habits_gone", func(t *testing.T) { goneAndBack(t, env, build(habit("habits_gone"))) })
}

// sanitizedFront is the archive libais.a, compiled with flags.
func sanitizedFront(t *testing.T, flags []string) string {
	t.Helper()
	dir := t.TempDir()
	var objects []string
	for _, pattern := range []string{"capi/front/*.c", "capi/front/gen/libais.so.10_*.c"} {
		files, err := filepath.Glob(filepath.Join(cprog.Root, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			object := filepath.Join(dir, strings.TrimSuffix(filepath.Base(f), ".c")+".o")
			args := append([]string{"-std=c99", "-D_GNU_SOURCE", "-DAISF_ARCHIVE", "-O1", "-g", "-fexceptions",
				"-I" + cprog.Root, "-I" + filepath.Join(cprog.Root, "include"), "-c", "-o", object, f}, flags...)
			if out, err := exec.Command(cprog.Compiler(), args...).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", f, err, out)
			}
			objects = append(objects, object)
		}
	}
	archive := filepath.Join(dir, "libais-sanitized.a")
	if out, err := exec.Command("ar", append([]string{"rcs", archive}, objects...)...).CombinedOutput(); err != nil {
		t.Fatalf("ar: %v\n%s", err, out)
	}
	return archive
}
