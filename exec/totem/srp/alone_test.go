package srp

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"ais/exec/totem/wire"
)

// lender is a Source that gives a ring of one payloads of a size: small ones into the
// memory of the ring, others where they lie.
type lender struct {
	endless
	t     *testing.T
	size  int
	given [][]byte // what NextAlone returned since the last input, and what was in it
	was   [][]byte
	nr    byte
}

func (l *lender) NextAlone(dst []byte) ([]byte, int, wire.Guarantee, bool) {
	if len(l.given) == 0 && len(dst) < AloneRoom {
		l.t.Errorf("room for %d bytes at the first call of an input", len(dst))
	}
	if l.left == 0 || l.size <= AloneRoom && l.size > len(dst) {
		return nil, 0, 0, false
	}
	l.left--
	l.nr++
	b, n := dst[:min(l.size, len(dst))], l.size
	if l.size > AloneRoom {
		b, n = make([]byte, l.size), 0
	}
	for i := range b {
		b[i] = l.nr + byte(i)
	}
	l.given, l.was = append(l.given, b), append(l.was, bytes.Clone(b))
	return b, n, l.g, true
}

// alone is a machine that has formed a ring of one.
func alone(t *testing.T, cfg Config, src Source) *direct {
	t.Helper()
	d := newDirect(1, cfg, func(int) Source { return src })
	for range 5000 {
		d.step()
	}
	if m := d.ms[0]; m.state != Operational || len(m.cur.members) != 1 {
		t.Fatalf("no ring: %v", m.Status())
	}
	return d
}

func TestARingOfOneDeliversWhatItPullsWithoutAWindow(t *testing.T) {
	for _, size := range []int{1, 1000, AloneRoom/2 + 1, AloneRoom, AloneRoom + 1, 5 * AloneRoom} {
		for _, g := range []wire.Guarantee{wire.Agreed, wire.Safe} {
			src := &lender{t: t, size: size}
			src.g = g
			d := alone(t, Config{}, src)
			m := d.ms[0]
			const n = 200
			src.left = n
			m.Wake(d.now)
			var seq uint64
			for inputs := 0; ; inputs++ {
				r := m.Ready()
				if len(r.Deliveries) == 0 || len(r.Deliveries) != len(src.given) || len(r.Packets) != 0 || inputs > n {
					t.Fatalf("%d bytes: %d deliveries of %d payloads, %d packets", size, len(r.Deliveries), len(src.given), len(r.Packets))
				}
				total := 0
				for i := range r.Deliveries {
					x := &r.Deliveries[i]
					if x.Seq != m.cur.high-uint64(len(r.Deliveries)-1-i) || x.From != m.cfg.Self || x.Guarantee != g || x.Ring != m.cur.ring {
						t.Fatalf("delivered %+v", x)
					}
					if !bytes.Equal(x.Payload, src.was[i]) {
						t.Fatalf("%d bytes: payload %d is not what was pulled", size, x.Seq)
					}
					total += len(x.Payload)
				}
				if total-len(src.was[0]) > aloneBytes || len(r.Deliveries) > aloneBatch {
					t.Fatalf("%d payloads of %d bytes in one input", len(r.Deliveries), size)
				}
				w := m.cur
				if seq = w.high; w.aru != seq || w.delivered != seq || w.safe != seq || w.freed != seq ||
					r.SafeRing != w.ring || r.SafeSeq != seq || w.has(seq) {
					t.Fatalf("high %d, aru %d, delivered %d, safe %d, freed %d; told safe %d", seq, w.aru, w.delivered, w.safe, w.freed, r.SafeSeq)
				}
				src.given, src.was = src.given[:0], src.was[:0]
				if src.left == 0 {
					break
				}
				if m.Deadline() > d.now {
					t.Fatalf("%d messages wait, and the machine until %v", src.left, m.Deadline())
				}
				m.Tick(d.now)
			}
			if c := m.Status().Counters; seq != n || c.Sent != n || c.Delivered != n {
				t.Errorf("%d bytes: message %d is the last, sent %d, delivered %d", size, seq, c.Sent, c.Delivered)
			}
		}
	}
}

func TestLargePayloadsOfARingOfOneAllocateNothing(t *testing.T) {
	src := &lent{buf: make([]byte, 100000)}
	d := alone(t, Config{}, src)
	round := func() {
		src.left = 10
		d.ms[0].Wake(d.now)
		d.handle(d.ms[0])
		for src.left > 0 {
			d.step()
		}
	}
	for range 10 {
		round()
	}
	before := d.got
	if n := testing.AllocsPerRun(20, round); n != 0 || d.got-before != 210 {
		t.Errorf("%v allocations, %d deliveries", n, d.got-before)
	}
}

// lent is a Source that gives the same memory each time.
type lent struct {
	endless
	buf []byte
}

func (l *lent) NextAlone([]byte) ([]byte, int, wire.Guarantee, bool) {
	if l.left == 0 {
		return nil, 0, 0, false
	}
	l.left--
	return l.buf, 0, wire.Agreed, true
}

// A ring of one has sequenced and forgotten messages of which its window has nothing.
// Whoever joins must not look for them, nor this node for what it never had.
func TestWhoJoinsARingOfOneAsksForNothingOfItsPast(t *testing.T) {
	for _, loss := range []float64{0, 0.1} {
		c := newCluster(11, Config{})
		c.loss = loss
		c.start(1)
		if !c.run(5*time.Second, c.whole) {
			t.Fatal(c.states())
		}
		var want []string
		send := func(id wire.NodeID, k int) {
			s := fmt.Sprintf("%d/%d", id, k)
			if id == 1 {
				want = append(want, s)
			}
			c.send(id, wire.Guarantee(k&1), s)
		}
		for k := range 300 {
			send(1, k)
		}
		high := c.nodes[1].m.cur.high
		if high != 300 {
			t.Fatalf("message %d is the last", high)
		}
		// Messages come in while the ring of two is formed, and the second dies, and
		// comes back: rings of one and of two follow one another.
		k := 300
		for round := range 3 {
			c.start(2)
			for range 40 {
				send(1, k)
				k++
				c.run(300*time.Microsecond, nil)
			}
			if !c.run(10*time.Second, c.whole) {
				t.Fatal(c.states())
			}
			send(2, round)
			c.run(50*time.Millisecond, nil)
			c.crash(2)
			if !c.run(10*time.Second, c.whole) {
				t.Fatal(c.states())
			}
		}
		if !c.run(5*time.Second, func() bool { return len(c.nodes[1].backlog) == 0 }) {
			t.Fatal(c.states())
		}
		c.run(10*time.Millisecond, nil)
		got := slices.DeleteFunc(slices.Clone(c.nodes[1].messages), func(s string) bool { return s[0] != '1' })
		if !slices.Equal(got, want) {
			t.Errorf("loss %v: delivered %d of %d messages, or others", loss, len(got), len(want))
		}
		if n := c.nodes[1].m.Status().Counters.Recovered; n != 0 {
			t.Errorf("loss %v: recovered %d messages", loss, n)
		}
	}
}
