package gmi

import (
	"testing"

	"ais/exec/totem/wire"
)

func TestPayloadsAreAboutWhatIsPulled(t *testing.T) {
	buf := make([]byte, 1400)
	for _, size := range []int{1, 64, 300, 1024, 2048, 8192, 65536} {
		g := newGMI(t, Options{MaxPayload: len(buf)})
		for range 1 + 200000/(size+128) {
			if _, err := g.Multicast("group", Low, wire.Agreed, make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		for want := g.Payloads(Free, Low); ; want = g.Payloads(Free, Low) {
			pulled := 0
			for pulled < 32 {
				if _, _, ok := g.Next(buf); !ok {
					break
				}
				pulled++
			}
			left := g.Payloads(Free, Low)
			if pulled == 0 {
				if want != 0 {
					t.Errorf("%d bytes: %d payloads in an empty queue", size, want)
				}
				break
			}
			if got := want - left; got < pulled*3/4-1 || got > pulled+1 {
				t.Errorf("%d bytes: %d payloads pulled, %d told", size, pulled, got)
			}
		}
		if g.Payloads(Free, High) != 0 || g.Payloads(classes, Low) != 0 || g.Payloads(Free, Priorities) != 0 {
			t.Error("payloads where nothing waits")
		}
	}
}

func TestAMessageWaitsUntilAllOfItWasPulled(t *testing.T) {
	buf := make([]byte, 1400)
	g := newGMI(t, Options{MaxPayload: len(buf)})
	first, _ := g.Multicast("group", Low, wire.Agreed, make([]byte, 3000))
	second, _ := g.Multicast("group", Low, wire.Agreed, make([]byte, 1000))
	for i, want := range [][2]bool{{true, true}, {true, true}, {true, true}, {false, false}} {
		if got := [2]bool{g.Waits(Free, Low, first), g.Waits(Free, Low, second)}; got != want {
			t.Errorf("after %d payloads: %v, not %v", i, got, want)
		}
		g.Next(buf)
	}
	if g.Waits(Free, Low, second) || g.Waits(Free, High, first) || g.Waits(classes, Low, first) || g.Waits(Free, Priorities, first) || g.Waits(Free, Low, 0) {
		t.Error("what was sent, or never queued, waits")
	}
}
