package capi

import (
	"os/exec"
	"path/filepath"
	"testing"
)

func TestProgramsOfBothGenerationsGetWhatTheHeadersSay(t *testing.T) {
	programs := []program{
		{Name: "clm_b01", Sources: []string{"clm_b01.c"}, Libs: []string{"-lais"}},
		{Name: "clm_a01", Sources: []string{"clm_a01.c"}, Headers: "a.01.01", Libs: []string{"-lais"}},
		{Name: "clm_osaf", Sources: []string{"clm_osaf.c"}, Headers: "opensaf", Flags: []string{"-DSA_CLM_B01"}, Libs: []string{"-lais"}},
		{Name: "clm_osaf_b01", Sources: []string{"clm_b01.c"}, Headers: "opensaf", Flags: []string{"-DSA_CLM_B01", "-DOF_OPENSAF"}, Libs: []string{"-lais"}},
		{Name: "evs_b01", Sources: []string{"evs.c"}, Libs: []string{"-lais"}},
		{Name: "evs_b01_levs", Sources: []string{"evs.c"}, Libs: []string{"-levs"}},
		{Name: "evs_a01", Sources: []string{"evs.c"}, Headers: "a.01.01", Flags: []string{"-DEVS_OF_2004"}, Libs: []string{"-lais"}},
		{Name: "evs_a01_levs", Sources: []string{"evs.c"}, Headers: "a.01.01", Flags: []string{"-DEVS_OF_2004"}, Libs: []string{"-levs"}},
	}
	onEachArch(t, func(t *testing.T, a arch) {
		for _, p := range programs {
			t.Run(p.Name, func(t *testing.T) { p.runAll(t, a) })
		}
	})
}

// An archive in the program itself finds the runtime beside the program, or
// where it is told.
func TestProgramsWithTheFrontInsideThemFindTheRuntime(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		env := []string{"AIS_RUNTIME=" + filepath.Join(a.Libs(t), "libais-runtime.so.1")}
		for _, p := range []program{
			{Name: "evs_archive", Sources: []string{"evs.c"}, Libs: []string{"-l:libevs.a", "-ldl"}, Env: env},
			{Name: "clm_archive", Sources: []string{"clm_a01.c"}, Headers: "a.01.01", Libs: []string{"-l:libais.a", "-ldl"}, Env: env},
			{Name: "both_archives", Sources: []string{"clm_b01.c"}, Libs: []string{"-l:libevs.a", "-l:libais.a", "-ldl"}, Env: env},
		} {
			t.Run(p.Name, func(t *testing.T) { p.runAll(t, a) })
		}
		t.Run("beside", func(t *testing.T) {
			p := program{Name: "beside", Sources: []string{"clm_b01.c"}, Libs: []string{"-l:libais.a", "-ldl"}}
			path := p.build(t, a)
			dir := t.TempDir()
			for _, f := range []string{path, filepath.Join(a.Libs(t), "libais-runtime.so.1")} {
				if out, err := exec.Command("cp", f, dir).CombinedOutput(); err != nil {
					t.Fatalf("%v %s", err, out)
				}
			}
			startFake(t).run(t, nil, filepath.Join(dir, filepath.Base(path)), "node_get")
		})
	})
}
