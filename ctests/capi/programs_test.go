package capi

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestProgramsOfBothGenerationsGetWhatTheHeadersSay(t *testing.T) {
	programs := []program{
		{name: "clm_b01", sources: []string{"clm_b01.c"}, libs: []string{"-lais"}},
		{name: "clm_a01", sources: []string{"clm_a01.c"}, headers: "a.01.01", libs: []string{"-lais"}},
		{name: "clm_osaf", sources: []string{"clm_osaf.c"}, headers: "opensaf", flags: []string{"-DSA_CLM_B01"}, libs: []string{"-lais"}},
		{name: "clm_osaf_b01", sources: []string{"clm_b01.c"}, headers: "opensaf", flags: []string{"-DSA_CLM_B01", "-DOF_OPENSAF"}, libs: []string{"-lais"}},
		{name: "evs_b01", sources: []string{"evs.c"}, libs: []string{"-lais"}},
		{name: "evs_b01_levs", sources: []string{"evs.c"}, libs: []string{"-levs"}},
		{name: "evs_a01", sources: []string{"evs.c"}, headers: "a.01.01", flags: []string{"-DEVS_OF_2004"}, libs: []string{"-lais"}},
		{name: "evs_a01_levs", sources: []string{"evs.c"}, headers: "a.01.01", flags: []string{"-DEVS_OF_2004"}, libs: []string{"-levs"}},
	}
	onEachArch(t, func(t *testing.T, a arch) {
		for _, p := range programs {
			t.Run(p.name, func(t *testing.T) { p.runAll(t, a) })
		}
	})
}

// An archive in the program itself finds the runtime beside the program, or
// where it is told.
func TestProgramsWithTheFrontInsideThemFindTheRuntime(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		env := []string{"AIS_RUNTIME=" + filepath.Join(a.libs(t), "libais-runtime.so.1")}
		for _, p := range []program{
			{name: "evs_archive", sources: []string{"evs.c"}, libs: []string{"-l:libevs.a", "-ldl"}, env: env},
			{name: "clm_archive", sources: []string{"clm_a01.c"}, headers: "a.01.01", libs: []string{"-l:libais.a", "-ldl"}, env: env},
			{name: "both_archives", sources: []string{"clm_b01.c"}, libs: []string{"-l:libevs.a", "-l:libais.a", "-ldl"}, env: env},
		} {
			t.Run(p.name, func(t *testing.T) { p.runAll(t, a) })
		}
		t.Run("beside", func(t *testing.T) {
			p := program{name: "beside", sources: []string{"clm_b01.c"}, libs: []string{"-l:libais.a", "-ldl"}}
			path := p.build(t, a)
			dir := t.TempDir()
			for _, f := range []string{path, filepath.Join(a.libs(t), "libais-runtime.so.1")} {
				if out, err := exec.Command("cp", f, dir).CombinedOutput(); err != nil {
					t.Fatalf("%v %s", err, out)
				}
			}
			startFake(t).run(t, nil, filepath.Join(dir, filepath.Base(path)), "node_get")
		})
	})
}

// The parts of a program that use A and those that use B each reach their own
// functions, also when the compiler sees the whole program.
func TestBothGenerationsWorkInOneProcessWithAndWithoutLTO(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		for _, flags := range [][]string{nil, {"-flto"}} {
			t.Run(strings.Join(append([]string{"flags"}, flags...), " "), func(t *testing.T) {
				obj := filepath.Join(t.TempDir(), "both_b.o")
				args := append([]string{"-std=c99", "-D_GNU_SOURCE", a.flag, "-Wall", "-Wextra", "-Werror", "-O2", "-fexceptions",
					"-I" + filepath.Join(root, "include"), "-c", "-o", obj, "c/both_b.c"}, flags...)
				if text, err := exec.Command(compiler(), args...).CombinedOutput(); err != nil {
					t.Skipf("%v\n%s", err, text)
				}
				program{name: "both" + strings.Join(flags, ""), sources: []string{"both_a.c", obj},
					headers: "a.01.01", flags: append(flags, "-O2"), libs: []string{"-lais"}}.runAll(t, a)
			})
		}
	})
}
