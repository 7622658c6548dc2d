package campaign

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"ais/ctests/harness"
)

// The short forms of the trials, which run with the tests. They have no part in
// the figures: a busy machine may make them slow, so times are checked with
// room; order, loss and configuration changes without.

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

// mayStandStill has rings that must not change wait longer for their token.
func mayStandStill(t *testing.T) {
	t.Helper()
	steadyConf = []string{"token:6000", "consensus:300"}
	t.Cleanup(func() { steadyConf = nil })
}

func needNamespaces(t *testing.T) {
	t.Helper()
	if err := harness.CanNamespaces(); err != nil {
		t.Skip(err)
	}
}

func order(t *testing.T, o OrderOptions) {
	t.Helper()
	mayStandStill(t)
	o.Logf = t.Logf
	r, err := Order(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
}

func TestThreeExecutivesDeliverOneOrder(t *testing.T) {
	order(t, OrderOptions{Nodes: 3, Duration: 3 * time.Second, Rate: 1000, Sizes: "64:4000", Stable: true})
}

func TestThreeExecutivesDeliverOneOrderToProgramsOf2004(t *testing.T) {
	order(t, OrderOptions{Nodes: 3, Generation: harness.GenA, Duration: 2 * time.Second, Rate: 500, Sizes: "64:4000", Stable: true})
}

func TestEightExecutivesDeliverOneOrder(t *testing.T) {
	order(t, OrderOptions{Nodes: 8, Duration: 3 * time.Second, Rate: 100, Stable: true})
}

func TestKilledExecutivesDoNotDisturbTheOrderOfTheOthers(t *testing.T) {
	order(t, OrderOptions{Nodes: 4, Duration: 6 * time.Second, Rate: 500, Sizes: "64:4000", KillEvery: 2 * time.Second, Seed: 1})
}

func TestLostPacketsDoNotDisturbTheOrder(t *testing.T) {
	needNamespaces(t)
	order(t, OrderOptions{Nodes: 3, Namespaces: true, Duration: 4 * time.Second, Rate: 300, Loss: 10, Segmentation: "off", Stable: true})
}

func TestAnIPv6RingDeliversOneOrder(t *testing.T) {
	needNamespaces(t)
	for _, unicast := range []bool{false, true} {
		order(t, OrderOptions{Nodes: 3, Namespaces: true, IPv6: true, Unicast: unicast, Duration: time.Second, Rate: 500, Sizes: "64:4000", Stable: true})
	}
}

func TestCutLinksDoNotDisturbTheOrder(t *testing.T) {
	needNamespaces(t)
	order(t, OrderOptions{Nodes: 3, Namespaces: true, Duration: 9 * time.Second, Rate: 300,
		CutEvery: 4 * time.Second, CutFor: 2500 * time.Millisecond, Seed: 1})
}

func TestSurvivorsLearnSoonOfAnExecutiveThatIsGone(t *testing.T) {
	for _, x := range []struct {
		blow  Blow
		reps  int
		limit time.Duration // of the best, on a machine that does other things
	}{{BlowKill, 4, 500 * time.Millisecond}, {BlowTerm, 4, 300 * time.Millisecond}, {BlowStop, 2, 2 * time.Second}} {
		t.Run(string(x.blow), func(t *testing.T) {
			r, err := Failover(FailoverOptions{Nodes: 3, Loaded: true, Blow: x.blow, Reps: x.reps, Logf: t.Logf})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r)
			if best := max(slices.Min(r.EVS), slices.Min(r.CLM)); best > x.limit {
				t.Errorf("at best %v, more than %v", best, x.limit)
			}
		})
	}
}

func account(t *testing.T, said string, err error) {
	t.Helper()
	if errors.Is(err, harness.ErrNoNamespaces) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Log(said)
}

func TestExecutivesWithoutTheKeyAreNotHeard(t *testing.T) {
	mayStandStill(t)
	said, err := Intruders(false, 3*time.Second)
	account(t, said, err)
}

func TestDamagedPacketsAreRefusedAndCounted(t *testing.T) {
	mayStandStill(t)
	said, err := Damage(1)
	account(t, said, err)
}

func TestARecordedSessionPlayedBackChangesNothing(t *testing.T) {
	mayStandStill(t)
	said, err := Replay(time.Second, 6000, 6000, t.Logf)
	account(t, said, err)
}

func TestForgedErrorsAndResetsChangeNothing(t *testing.T) {
	mayStandStill(t)
	said, err := Forge(3*time.Second, 1000)
	account(t, said, err)
}

func TestARingWithoutEncryptionSaysSo(t *testing.T) {
	if err := PlainTextSaysSo(); err != nil {
		t.Fatal(err)
	}
}

func TestFloodingClientsLoseNothing(t *testing.T) {
	mayStandStill(t)
	r, err := Overload(OverloadOptions{Nodes: 3, Clients: 8, Duration: 6 * time.Second, Sizes: "64:32768", Logf: t.Logf})
	if r != nil {
		t.Log(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestABusyMachineDoesNotChangeTheConfiguration(t *testing.T) {
	mayStandStill(t)
	r, err := Stability(StabilityOptions{Nodes: 3, Duration: 6 * time.Second, Rate: 300, Spinners: 2 * runtime.NumCPU(), Logf: t.Logf})
	if r != nil {
		t.Log(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestIdleExecutivesCostNextToNothing(t *testing.T) {
	// What it is to the hundredth is measured by the long form: here a processor may be
	// slow, and four seconds are no more than a few ticks of its clock.
	r, err := Idle(3, time.Second, 4*time.Second, 0.05)
	if r != nil {
		t.Log(r)
	}
	if err != nil {
		t.Fatal(err)
	}
}
