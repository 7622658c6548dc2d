package events

import (
	"os"
	"testing"

	"ais/ctests/harness"
)

// The short forms of the trials, which run with the tests.

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

func TestEveryEventIsAccountedForThroughKillsSplitsAndHeals(t *testing.T) {
	o := Options{Cycles: 8, Namespaces: harness.CanNamespaces() == nil, Seed: 1, Rate: 100, StopEvery: 5, Logf: t.Logf}
	if !o.Namespaces {
		t.Log("no namespaces here: executives are only killed")
	}
	r, err := Run(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if r.Published < 500 || r.Delivered < 1000 || r.Separations < 4 || r.Announced == 0 || r.Resubscribed == 0 {
		t.Errorf("too little was seen")
	}
}
