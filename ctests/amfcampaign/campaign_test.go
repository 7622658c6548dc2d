package amfcampaign

import (
	"errors"
	"os"
	"strconv"
	"testing"

	"ais/ctests/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

// long skips a trial that only its make target runs.
func long(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("AIS_CAMPAIGN") != name {
		t.Skipf("a long trial: make campaign-%s", name)
	}
}

func number(t *testing.T, name string, def int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q", name, s)
	}
	return n
}

func takeovers(reps int, logf func(string, ...any)) []*Takeover {
	return []*Takeover{
		{Fault: KillComponent, SameNode: true, Reps: reps, Seed: 1, Logf: logf},
		{Fault: KillComponent, Reps: reps, Seed: 2, Logf: logf},
		{Fault: KillExecutive, Reps: reps, Seed: 3, Logf: logf},
	}
}

func TestCampaignAmfTakeover(t *testing.T) {
	long(t, "amf-takeover")
	var failed []error
	for _, r := range takeovers(number(t, "REPS", 20), nil) {
		err := r.Run()
		t.Log(r)
		t.Log(r.Times)
		if err == nil {
			err = r.Check()
		}
		failed = append(failed, err)
	}
	if err := errors.Join(failed...); err != nil {
		t.Error(err)
	}
}

// The short form: that a standby takes over at all, however busy the machine is.
func TestAStandbyTakesOverFromAKilledComponentAndFromAKilledExecutive(t *testing.T) {
	for _, r := range takeovers(2, nil) {
		if err := r.Run(); err != nil {
			t.Errorf("%s: %v", r, err)
		}
		t.Log(r)
	}
}

func TestCampaignAmf(t *testing.T) {
	long(t, "amf")
	chaos(t, &Chaos{Cycles: number(t, "CYCLES", 100), Seed: uint64(number(t, "SEED", 1)), Logf: t.Logf})
}

func TestCampaignAmfMajority(t *testing.T) {
	long(t, "amf-majority")
	chaos(t, &Chaos{Cycles: number(t, "CYCLES", 100), Seed: uint64(number(t, "SEED", 1)), Majority: true, Logf: t.Logf})
}

func TestThroughAFewFaultsExactlyOneIsActiveAndNoProcessIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	chaos(t, &Chaos{Cycles: 4, Seed: 5})
}

func chaos(t *testing.T, r *Chaos) {
	t.Helper()
	if err := harness.CanNamespaces(); err != nil {
		t.Skip(err)
	}
	err := r.Run()
	t.Log(r)
	if err != nil {
		t.Error(err)
	}
}
