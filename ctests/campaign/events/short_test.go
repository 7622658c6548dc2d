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
	if r.Published < 200 || r.Delivered < 400 || r.Separations < 4 || r.Resubscribed == 0 {
		t.Errorf("too little was seen")
	}
}

func TestAStoppedSubscriberIsBoundedAndGoesOnWithTheNotice(t *testing.T) {
	// Times are judged by the long form only: other tests may run beside this one. The
	// events are large, so that few are more than may wait for a subscriber.
	r, err := Stop(time.Second, 1, 16000, 0)
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
	// openais of 2004 published 4,349 events of 1,024 bytes a second here, and 6 of
	// 60,000: a twelfth of the bytes. How busy the machine is does not matter so.
	for try := 1; ; try++ {
		var bytes [2]float64
		for i, size := range []int{1024, 60000} {
			l := Load{Size: size, For: time.Second, Publishers: c.Nodes[:1], Subscribers: c.Nodes}
			f, err := l.Run()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes: %+v", size, *f)
			bytes[i] = f.Published * float64(size)
		}
		if bytes[1] >= bytes[0] {
			return
		}
		// Something else may have come in between; not each time.
		if try == 4 {
			t.Fatalf("%.0f bytes a second in small events, %.0f in large ones", bytes[0], bytes[1])
		}
	}
}
