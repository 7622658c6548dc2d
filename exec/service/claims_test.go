package service_test

import (
	"strings"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

var long = strings.Repeat("w", 900)

// crowded is a node whose queue has no room for another word of 900 bytes; freeOne
// makes room for one, and not for two.
func crowded(t *testing.T) (f *fixture, freeOne func()) {
	f = newFixture(1, func(g *gmi.Options, _ *service.Options) {
		g.MaxMessage, g.QueueLimits = 1000, [gmi.Priorities]int{4000, 4000, 4000, 4000}
	})
	f.Form(f.nodes(1))
	f.Run()
	for range 3 {
		f.write(t, 1, 3, long, ipcwire.OK)
	}
	return f, func() { f.Node(1).Pull() }
}

func (f *fixture) client(t *testing.T, svc ipcwire.Service) *servicetest.Conn {
	t.Helper()
	c, err := f.Node(1).Connect(svc, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	return c
}

func ask(c *servicetest.Conn, word string) ipcwire.Error {
	c.Request(opAppend, []byte(word))
	r, _ := c.Answer()
	return r.Err
}

func TestRoomThatBecomesFreeGoesToWhoWasRefusedFirstHoweverOftenOthersAsk(t *testing.T) {
	f, freeOne := crowded(t)
	patient, greedy, other := f.client(t, 3), f.client(t, 3), f.client(t, 6)
	if err := ask(patient, long); err != ipcwire.ErrTryAgain {
		t.Fatal(err)
	}
	for range 100 {
		if err := ask(greedy, long); err != ipcwire.ErrTryAgain {
			t.Fatal(err)
		}
	}
	freeOne()
	if err := ask(greedy, long); err != ipcwire.ErrTryAgain {
		t.Errorf("the one that asks most often: %v", err)
	}
	if err := ask(other, long); err != ipcwire.ErrTryAgain {
		t.Errorf("one of another service that comes now: %v", err)
	}
	if err := ask(patient, long); err != ipcwire.OK {
		t.Errorf("the first that was refused: %v", err)
	}
	f.Run()
	for _, c := range []*servicetest.Conn{greedy, other, patient} {
		if err := ask(c, long); err != ipcwire.OK {
			t.Errorf("with room for all: %v", err)
		}
	}
	f.check(t)
}

func TestWhatFitsBesideTheClaimsBeforeItIsTaken(t *testing.T) {
	f, freeOne := crowded(t)
	first, small := f.client(t, 3), f.client(t, 3)
	if err := ask(first, long); err != ipcwire.ErrTryAgain {
		t.Fatal(err)
	}
	freeOne()
	if err := ask(small, "small"); err != ipcwire.OK {
		t.Error(err)
	}
	if err := ask(first, long); err != ipcwire.OK {
		t.Error(err)
	}
}

func TestAClaimEndsWithItsConnectionOrWhenNobodyComesBackForIt(t *testing.T) {
	for _, gone := range []bool{true, false} {
		f, freeOne := crowded(t)
		first, next := f.client(t, 3), f.client(t, 3)
		if err := ask(first, long); err != ipcwire.ErrTryAgain {
			t.Fatal(err)
		}
		freeOne()
		if err := ask(next, long); err != ipcwire.ErrTryAgain {
			t.Fatal(err)
		}
		if gone {
			first.Close()
		} else {
			f.Advance(int64(200 * time.Millisecond))
			if err := ask(next, long); err != ipcwire.ErrTryAgain {
				t.Fatalf("after 200 ms: %v", err)
			}
			f.Advance(int64(400 * time.Millisecond))
		}
		if err := ask(next, long); err != ipcwire.OK {
			t.Errorf("gone %v: %v", gone, err)
		}
	}
}

func TestClaimsTakeHalfOfAQueueAtMost(t *testing.T) {
	f, freeOne := crowded(t)
	for range 50 { // of which the first has a claim, and no second one fits into the half
		if err := ask(f.client(t, 3), long); err != ipcwire.ErrTryAgain {
			t.Fatal(err)
		}
	}
	freeOne()
	freeOne()
	if err := ask(f.client(t, 3), long); err != ipcwire.OK {
		t.Error(err)
	}
}
