//go:build plantbugs

package evt

import (
	"strings"
	"testing"

	"ais/exec/totem/sim"
)

func TestPlantedBugsAreCaughtWithin200Seeds(t *testing.T) {
	defer plant(noBug)
	for b := noBug + 1; b < bugs; b++ {
		plant(b)
		sw := sim.NewWorld()
		for seed := uint64(1); ; seed++ {
			if seed > 200 {
				t.Errorf("%v: not caught", b)
				break
			}
			if said := caught(sw, seed); said != "" {
				t.Logf("%-13v seed %-3d %s", b, seed, said)
				break
			}
		}
	}
}

// caught is what the simulation says of a seed; a panic of an assertion counts.
func caught(sw *sim.World, seed uint64) (said string) {
	defer func() {
		if p := recover(); p != nil {
			said = "assertion"
		}
	}()
	if _, err := runSeed(sw, seed); err != nil {
		said, _, _ = strings.Cut(err.Error(), "\n")
	}
	return said
}
