//go:build plantbugs

package engine

import (
	"testing"

	"ais/exec/totem/sim"
)

func TestPlantedBugsAreNoticed(t *testing.T) {
	names := map[bug]string{bugHaste: "haste", bugBothKeep: "both sides keep", bugNoBar: "no bar",
		bugMiscount: "miscount", bugForgottenTimer: "forgotten timer", bugLostUnit: "lost unit", bugStaleTimer: "stale timer"}
	defer plantedBug.Store(0)
	sw := sim.NewWorld()
	for b := bugNone + 1; b < bugs; b++ {
		plantedBug.Store(uint32(b))
		seed := uint64(1)
		var err error
		for ; seed <= 2000 && err == nil; seed++ {
			_, err = runAmfSeed(sw, seed, newSimModel, false)
		}
		if err == nil {
			t.Errorf("%s: not noticed in 2000 seeds", names[b])
			continue
		}
		t.Logf("%-18s seed %4d: %.200s", names[b], seed-1, err)
	}
}
