package events

import (
	"os"
	"testing"
	"time"

	"ais/ctests/harness"
)

// The short forms of the trials, which run with the tests.

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

func TestEveryEventIsAccountedForThroughKillsSplitsAndHeals(t *testing.T) {
	o := Options{Cycles: 6, Namespaces: harness.CanNamespaces() == nil, Seed: 1, Rate: 100, StopEvery: 4, Logf: t.Logf}
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

func TestAStoppedSubscriberIsBoundedAndGoesOnWithTheNotice(t *testing.T) {
	// Times are judged by the long form only: other tests may run beside this one.
	r, err := Stop(time.Second, 1, 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
}

func TestPublishersDoNotCollapseWithLargeEvents(t *testing.T) {
	c, err := harness.New(harness.Options{Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	// openais of 2004 published 6 events of 60,000 bytes a second here, and 110 of 4,096.
	for size, least := range map[int]float64{4096: 1000, 60000: 100} {
		l := Load{Size: size, For: time.Second, Publishers: c.Nodes[:1], Subscribers: c.Nodes}
		f, err := l.Run()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes: %+v", size, *f)
		if f.Published < least {
			t.Errorf("%d bytes: %.0f events a second", size, f.Published)
		}
	}
}
