package capi

import (
	"os"
	"path/filepath"
	"testing"

	"ais/ctests/cprog"
)

// Objects that were compiled against the originals, linked or loaded by their
// sonames: the bytes that cross the boundary are right.
func TestObjectsBuiltAgainstTheOriginalsRunByEverySoname(t *testing.T) {
	write := func(dir, name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a01, b01 := t.TempDir(), t.TempDir()
	write(a01, "ais_clm.h", cprog.OriginalHeader(t, "openais-2004", "ais_types.h", "ais_clm.h"))
	write(a01, "evs.h", cprog.OriginalHeader(t, "openais-2004", "evs.h"))
	write(b01, "saClm.h", cprog.OriginalHeader(t, "openais-whitetank", "saAis.h", "saClm.h"))
	write(b01, "evs.h", cprog.OriginalHeader(t, "openais-whitetank", "evs.h"))
	osaf := t.TempDir()
	write(osaf, "saClm.h", cprog.OriginalHeader(t, "opensaf-5.18.06", "saAis.h", "saAis_B_5_14.h", "saNtf.h", "saClm.h"))
	old := []string{"-DONE_WAITS"}
	programs := []program{
		{Name: "libais1", Sources: []string{"clm_a01.c"}, Headers: a01, Flags: old, Libs: []string{"-l:libais.so.1"}},
		{Name: "libevs1", Sources: []string{"evs.c"}, Headers: a01, Flags: []string{"-DEVS_OF_2004"}, Libs: []string{"-l:libevs.so.1"}},
		{Name: "libais2", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-l:libais.so.2"}},
		{Name: "libevs2", Sources: []string{"evs.c"}, Headers: b01, Libs: []string{"-l:libevs.so.2"}},
		{Name: "libSaClm2", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-l:libSaClm.so.2"}},
		{Name: "libSaClm0", Sources: []string{"clm_b01.c"}, Headers: osaf, Flags: []string{"-DSA_CLM_B01", "-DOF_OPENSAF"}, Libs: []string{"-l:libSaClm.so.0"}},
		{Name: "libSaClm0_4", Sources: []string{"clm_osaf.c"}, Headers: osaf, Libs: []string{"-l:libSaClm.so.0"}},
	}
	onEachArch(t, func(t *testing.T, a arch) {
		for _, p := range programs {
			t.Run(p.Name, func(t *testing.T) { p.runAll(t, a) })
		}
	})
}
