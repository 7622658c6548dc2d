package events

import (
	"os"
	"strconv"
	"testing"
	"time"

	"ais/ctests/harness"
)

// The long forms, each run by its own make target: AIS_CAMPAIGN names the one that
// is wanted.

func campaign(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("AIS_CAMPAIGN") != name {
		t.Skipf("a long trial: make campaign-%s", name)
	}
}

// setting is a number from the environment.
func setting(t *testing.T, name string, def float64) float64 {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return def
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f <= 0 {
		t.Fatalf("%s=%q", name, v)
	}
	return f
}

func TestCampaignEvt(t *testing.T) {
	campaign(t, "evt")
	if err := harness.CanNamespaces(); err != nil {
		t.Skip(err)
	}
	cycles := int(max(4, setting(t, "AIS_SCALE", 1)*setting(t, "CYCLES", 200)))
	r, err := Run(Options{Cycles: cycles, Namespaces: true, Seed: uint64(setting(t, "SEED", 1)), Rate: 150, StopEvery: 10, Logf: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if cycles >= 100 && min(r.Announced, r.OtherPartition, r.SubscriberDied, r.LateRetained, r.Resubscribed, r.Separations/cycles) == 0 {
		t.Error("not every kind of loss was seen")
	}
}

func TestCampaignEvtBarrier(t *testing.T) {
	campaign(t, "evt-barrier")
	for _, x := range []struct{ bytes, size int }{{0, 1000}, {1800 << 10, 64}, {4 << 20, 1000}, {8 << 20, 1000}, {10 << 20, 1000}, {18 << 20, 16000}, {20 << 20, 60000}} {
		r, err := EvtBarrier(x.bytes, x.size)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("events of %d bytes: %v", x.size, r)
	}
}

func TestCampaignEvtStop(t *testing.T) {
	campaign(t, "evt-stop")
	scale := setting(t, "AIS_SCALE", 1)
	r, err := Stop(time.Duration(scale*float64(time.Minute)), 20, 1024, 0.2)
	if r != nil {
		t.Log(r)
	}
	if err != nil {
		t.Error(err)
	}
}
