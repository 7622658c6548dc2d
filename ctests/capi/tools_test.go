package capi

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

func TestAStaticLinkIsRefusedWithAClearText(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		for _, l := range []string{"-lais", "-levs"} {
			source := "clm_b01.c"
			if l == "-levs" {
				source = "evs.c"
			}
			out, err := exec.Command(cprog.Compiler(), a.Flag, "-static", "-std=c99", "-D_GNU_SOURCE", "-I"+filepath.Join(root, "include"),
				"-I"+filepath.Join(root, "ctests/cprog/c"),
				"-o", filepath.Join(t.TempDir(), "static"), filepath.Join("c", source), "-L"+a.Libs(t), l, "-lpthread").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "cannot_be_linked_with_static") {
				t.Errorf("%s -static: %v\n%s", l, err, out)
			}
		}
	})
}

// The tests that a memory checker watches: what a program does in its life, and
// what goes wrong in it.
var watched = []string{"node_get", "track", "async", "dispatch_many", "finalize_in_callback", "finalize_wakes", "executive_dies"}

func TestValgrindHasNothingToReport(t *testing.T) {
	if _, err := exec.LookPath("valgrind"); err != nil {
		t.Skip("no valgrind")
	}
	a := archs[0]
	path := program{Name: "clm_b01", Sources: []string{"clm_b01.c"}, Libs: []string{"-lais"}}.build(t, a)
	for _, name := range watched {
		t.Run(name, func(t *testing.T) {
			startFake(t).run(t, nil, "valgrind", "-q", "--error-exitcode=9", "--leak-check=full",
				"--show-leak-kinds=definite", "--errors-for-leak-kinds=definite", path, name)
		})
	}
}

func TestAddressSanitizerHasNothingToReport(t *testing.T) {
	a := archs[0]
	dir := a.Libs(t)
	probe := exec.Command(cprog.Compiler(), "-fsanitize=address,undefined", "-x", "c", "-", "-o", filepath.Join(t.TempDir(), "probe"))
	probe.Stdin = strings.NewReader("int main(void) { return 0; }\n")
	if out, err := probe.CombinedOutput(); err != nil {
		t.Skipf("no AddressSanitizer: %s", cprog.FirstLine(out))
	}
	// The front itself is compiled with it, too.
	front, err := filepath.Glob(filepath.Join(root, "capi/front/*.c"))
	if err != nil {
		t.Fatal(err)
	}
	entries, err := filepath.Glob(filepath.Join(root, "capi/front/gen/libais.so.10_*.c"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, f := range append(front, entries...) {
		abs, err := filepath.Abs(f)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, abs)
	}
	p := program{Name: "clm_b01_asan", Sources: append(sources, "clm_b01.c"), Libs: []string{"-ldl"},
		Flags: []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-I" + root, "-DAISF_ARCHIVE"},
		Env:   []string{"AIS_RUNTIME=" + filepath.Join(dir, "libais-runtime.so.1")}}
	path := p.build(t, a)
	for _, name := range watched {
		t.Run(name, func(t *testing.T) { startFake(t).run(t, p.Env, path, name) })
	}
}
