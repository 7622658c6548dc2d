package net

import (
	"net/netip"
	"testing"
	"time"
)

func TestSendingAndReceivingDoNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, o := range modes[:5] {
		l, ns := cluster(t, o)
		got := 0
		for _, n := range ns {
			n.cfg.Receive = func([]byte, netip.AddrPort) { got++ }
		}
		if a := testing.AllocsPerRun(200, func() {
			want := got + 33
			for i := 0; i < 16; i++ {
				ns[0].Room()
				ns[0].ToAll(ns[0].Size())
			}
			ns[0].Room()
			ns[0].ToNode(70, 2)
			ns[0].Flush()
			for end := time.Now().Add(20 * time.Second); got < want && time.Now().Before(end); {
				if err := l.Turn(10 * time.Millisecond); err != nil {
					t.Fatal(err)
				}
			}
			if got < want {
				t.Fatalf("%d of %d packets", got, want)
			}
		}); a != 0 {
			t.Errorf("%v: %v allocations", o, a)
		}
	}
}

// One core sends bursts of full packets to another transport on the same loop and
// receives them.
func BenchmarkBurst(b *testing.B) {
	for _, o := range []options{
		{n: 2, noHints: true},
		{n: 2, noHints: true, noOffload: true},
		{n: 2, noHints: true, group: "239.192.7.20"},
		{n: 2, noHints: true, group: "239.192.7.20", noOffload: true},
	} {
		b.Run(o.String(), func(b *testing.B) {
			l, ns := cluster(b, o)
			got := 0
			ns[1].cfg.Receive = func([]byte, netip.AddrPort) { got++ }
			const burst = 64
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for i := 0; i < burst; i++ {
					ns[0].Room()
					ns[0].ToAll(ns[0].Size())
				}
				ns[0].Flush()
				n += burst
				for got < n {
					if err := l.Turn(time.Second); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(ns[0].stats.SendCalls+ns[1].stats.ReceiveCalls)/float64(n), "calls/packet")
		})
	}
}
