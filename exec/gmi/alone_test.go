package gmi

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// loner is a GMI in a ring of one, and what it delivers.
type loner struct {
	*GMI
	t    testing.TB
	room []byte
	seq  uint64
	got  [][]byte
}

func newLoner(t testing.TB, opt Options) *loner {
	l := &loner{t: t, GMI: newGMI(t, opt), room: make([]byte, srp.AloneRoom)}
	h := &sink{onMsg: func(b []byte) { l.got = append(l.got, bytes.Clone(b)) }}
	if err := l.Join("g", h); err != nil {
		t.Fatal(err)
	}
	return l
}

// take pulls and delivers one payload into room, and returns how much of that it took.
func (l *loner) take(room []byte) (n int, ok bool) {
	payload, n, g, ok := l.NextAlone(room)
	if !ok {
		return 0, false
	}
	l.seq++
	l.Deliver(&srp.Delivery{Seq: l.seq, From: self, Guarantee: g, Payload: payload})
	l.SafeUpTo(wire.RingID{}, l.seq)
	return n, true
}

// whole fails unless nothing was put together or dropped.
func (l *loner) whole(payloads uint64) {
	l.t.Helper()
	s := l.Stats()
	if s.Malformed+s.Orphans+s.Duplicates+s.Partial != 0 || s.Payloads != payloads {
		l.t.Errorf("%d payloads were expected: %+v", payloads, s)
	}
}

func TestARingOfOneTakesALargeMessageAsOnePayloadWhereItLies(t *testing.T) {
	l := newLoner(t, Options{MaxPayload: 1400, MaxMessage: 1 << 20})
	sizes := []int{slabLargest + 1, 32 << 10, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 20}
	for i, size := range sizes {
		msg := text(1, uint64(i), size)
		mustSend(t, l.GMI, Low, wire.Agreed, msg)
		n, ok := l.take(nil)
		if !ok || n != 0 || l.Backlog() != 0 || l.Queued(Free, Low) != 0 {
			t.Errorf("%d bytes: taken %v, %d bytes of the ring's memory, %d payloads wait", size, ok, n, l.Backlog())
		}
		if len(l.got) != i+1 || !bytes.Equal(l.got[i], msg) {
			t.Fatalf("%d bytes: delivered something else", size)
		}
		l.Flush()
	}
	l.whole(uint64(len(sizes)))
}

func TestARingOfOnePacksSmallMessagesAndCutsNone(t *testing.T) {
	l := newLoner(t, Options{MaxPayload: 1400})
	var sent [][]byte
	for i := range uint64(40) {
		msg := text(1, i, int(i*400)) // up to 15,600 bytes: 312,000 in all
		sent = append(sent, msg)
		mustSend(t, l.GMI, Low, wire.Agreed, msg)
	}
	payloads := uint64(0)
	for l.Backlog() > 0 {
		n, ok := l.take(l.room)
		if !ok || n > maxPayload {
			t.Fatalf("taken %v, %d bytes", ok, n)
		}
		payloads++
		l.Flush()
	}
	if !slices.EqualFunc(l.got, sent, bytes.Equal) {
		t.Errorf("%d messages of %d, or others", len(l.got), len(sent))
	}
	if payloads < 5 || payloads > 7 {
		t.Errorf("%d payloads", payloads)
	}
	l.whole(payloads)
}

func TestWhatARingOfOneHasNoRoomForWaitsForTheNextInput(t *testing.T) {
	l := newLoner(t, Options{MaxPayload: 1400})
	mustSend(t, l.GMI, Low, wire.Agreed, text(1, 1, 5000))
	for _, room := range []int{0, 1, 100, 5000} {
		if _, ok := l.take(l.room[:room]); ok || l.Backlog() == 0 {
			t.Fatalf("taken into %d bytes", room)
		}
	}
	if n, ok := l.take(l.room[:5000+headerSize("g", true, true)]); !ok || n != 5000+headerSize("g", true, true) {
		t.Fatalf("%d bytes, %v", n, ok)
	}
	l.whole(1)
}

func TestARingOfOneKeepsOrderPriorityAndGuarantee(t *testing.T) {
	l := newLoner(t, Options{MaxPayload: 1400})
	large := slabLargest + 1
	for _, m := range []struct {
		p    Priority
		g    wire.Guarantee
		size int
		name byte
	}{
		{Low, wire.Agreed, 20, 'e'}, {Low, wire.Agreed, large, 'f'}, {Low, wire.Agreed, 20, 'g'},
		{Medium, wire.Agreed, large, 'b'}, {Medium, wire.Safe, 20, 'c'}, {Medium, wire.Agreed, 20, 'd'},
		{High, wire.Safe, large, 'a'},
	} {
		mustSend(t, l.GMI, m.p, m.g, bytes.Repeat([]byte{m.name}, m.size))
	}
	var got, guarantees []string
	for {
		payload, _, g, ok := l.NextAlone(l.room)
		if !ok {
			break
		}
		s := ""
		for _, r := range decode(t, payload) {
			if !r.first || !r.last || r.total != len(r.data) {
				t.Errorf("a piece of a message: %+v", r)
			}
			s += string(r.data[:1])
		}
		got, guarantees = append(got, s), append(guarantees, fmt.Sprint(g))
	}
	safe, agreed := fmt.Sprint(wire.Safe), fmt.Sprint(wire.Agreed)
	if !slices.Equal(got, []string{"a", "b", "c", "de", "f", "g"}) ||
		!slices.Equal(guarantees, []string{safe, agreed, safe, agreed, agreed, agreed}) {
		t.Errorf("payloads %v, %v", got, guarantees)
	}
}

func TestWhatIsLentStaysUntilFlushAndIsUsedAgainThen(t *testing.T) {
	l := newLoner(t, Options{MaxPayload: 1400})
	const size = 40000
	mustSend(t, l.GMI, Low, wire.Agreed, bytes.Repeat([]byte{1}, size))
	payload, _, _, _ := l.NextAlone(nil)
	before := bytes.Clone(payload)
	mustSend(t, l.GMI, Low, wire.Agreed, bytes.Repeat([]byte{2}, size))
	second, _, _, _ := l.NextAlone(nil)
	if !bytes.Equal(payload, before) || &payload[0] == &second[0] {
		t.Fatal("memory that is lent was written to")
	}
	l.Flush()
	mustSend(t, l.GMI, Low, wire.Agreed, bytes.Repeat([]byte{3}, size))
	if third, _, _, _ := l.NextAlone(nil); &third[0] != &second[0] && &third[0] != &payload[0] {
		t.Error("what was lent is not used again")
	}
}

func TestAMessageThatARingOfTwoBeganIsDeliveredOnceByTheRingOfOne(t *testing.T) {
	for _, size := range []int{3000, slabLargest, 50000} {
		a, b := newNode(1, 1, Options{MaxPayload: 1400}), newNode(2, 1, Options{MaxPayload: 1400})
		nodes := []*node{a, b}
		var r fakeRing
		r.install(slices.Clone(nodes))
		buf := make([]byte, srp.AloneRoom)
		send := func(serial uint64) {
			t.Helper()
			msg := text(1, serial, size)
			id, err := a.g.Multicast(testGroup, Low, wire.Agreed, msg)
			if err != nil {
				t.Fatal(err)
			}
			a.sent[id] = string(msg)
		}
		part := func(members ...*node) {
			old := a.comp
			old.members = nil
			for _, n := range members {
				old.leave([]*node{n}, len(old.log))
			}
		}
		send(1)
		send(2)
		a.pull(buf)
		a.pull(buf)
		part(a, b)
		r.install([]*node{a})
		r.install([]*node{b})
		a.pull(buf) // the first, or with small ones both
		for a.take() {
		}
		send(3)
		// A third joins while messages wait; what follows goes in packets again.
		a.comp.members = nil
		a.comp.leave([]*node{a}, 0)
		b.comp.members = nil
		b.comp.leave([]*node{b}, 0)
		r.install(nodes)
		for a.pull(buf) {
		}
		for a.take() {
		}
		if len(a.bad) > 0 || len(a.got) != 3 || a.g.Stats().Restarted != 1 {
			t.Errorf("%d bytes: %v, delivered %d, %+v", size, a.bad, len(a.got), a.g.Stats())
		}
		for i := range a.comp.log {
			if n := len(a.comp.log[i].Payload); n > 1400 {
				t.Errorf("a payload of %d bytes in a ring of two", n)
			}
		}
	}
}

func TestOpenRecordsThatAreNoWholeMessagesAreRefused(t *testing.T) {
	whole := make([]byte, 300)
	start := putOpen(whole[:headRoom], laneOf(Free, Low), 7, "g")
	whole = whole[start:]
	change := func(flag byte) []byte {
		b := bytes.Clone(whole)
		b[0] ^= flag
		return b
	}
	for i, b := range [][]byte{change(flagFirst), change(flagLast), change(flagFirst | flagLast), whole[:openSize("g")], whole[:5]} {
		if wellFormed(b) {
			t.Errorf("payload %d is taken", i)
		}
	}
	if r := decode(t, whole); len(r) != 1 || r[0].id != 7 || string(r[0].group) != "g" || r[0].total != 300-headRoom {
		t.Errorf("decoded %+v", r)
	}
}

func TestARingOfOneCostsNoAllocationInSteadyState(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 1400})
	if err := g.Join("g", &sink{}); err != nil {
		t.Fatal(err)
	}
	room := make([]byte, srp.AloneRoom)
	d := srp.Delivery{From: self}
	for _, size := range []int{64, 8192, 32 << 10, 100 << 10, 1 << 20} {
		msg := make([]byte, size)
		round := func() {
			for range 3 {
				mustSend(t, g, Medium, wire.Agreed, msg)
			}
			for g.Backlog() > 0 {
				payload, _, _, ok := g.NextAlone(room)
				if !ok {
					t.Fatal("nothing is taken")
				}
				d.Seq++
				d.Payload = payload
				g.Deliver(&d)
				g.SafeUpTo(wire.RingID{}, d.Seq)
				g.Flush()
			}
		}
		for range 20 {
			round()
		}
		if n := testing.AllocsPerRun(50, round); n != 0 {
			t.Errorf("messages of %d bytes: %v allocations per round", size, n)
		}
	}
}
