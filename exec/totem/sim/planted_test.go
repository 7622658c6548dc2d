//go:build plantbugs

package sim

import (
	"testing"

	"ais/exec/totem/plant"
)

func TestPlantedBugsAreCaughtWithin2000Seeds(t *testing.T) {
	for _, bug := range plant.All() {
		row := CatchPlanted([]plant.Bug{bug}, 1, 2000, 2)[0]
		if row.Failure == nil {
			t.Errorf("%v: not caught in %d seeds", bug, row.Seeds)
			continue
		}
		t.Logf("%-26v seed %-5d %5.1f s  %s", bug, row.Failure.Seed, row.Elapsed.Seconds(), row.Failure.Violation.Property)
	}
}
