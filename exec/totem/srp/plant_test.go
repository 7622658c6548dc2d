//go:build plantbugs

package srp

import (
	"testing"

	"ais/exec/totem/plant"
)

// TestChaosFindsPlantedBugs shows that the chaos test can fail. The simulator
// shows it for every bug; here only those that its small oracle can see.
func TestChaosFindsPlantedBugs(t *testing.T) {
	defer plant.Set(plant.None)
	for _, b := range plant.All() {
		plant.Set(b)
		found := 0
		for seed := 1; seed <= 400 && found == 0; seed++ {
			if msg := chaos(uint64(seed)); msg != "" {
				found = seed
				if len(msg) > 200 {
					msg = msg[:200]
				}
				t.Logf("%v: seed %d: %s", b, seed, msg)
			}
		}
		if found == 0 {
			t.Logf("%v: not found", b)
		}
	}
}
