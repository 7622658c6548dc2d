package engine

import (
	"math/rand"
	"reflect"
	"testing"
	"time"

	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

func TestInputsAreDecodedAsTheyWereEncodedAndNothingElseIs(t *testing.T) {
	in := Input{Kind: InLeaseLost, Comp: "c", Proxy: "p", CSI: "k", Reporter: "r", Target: "t", Invocation: 1 << 60, Incarnation: 7,
		Result: ipcwire.ErrFailedOp, Recovery: model.NodeFailfast, Cause: CauseLease, Admin: AdminSISwap, Timer: 99, Value: 3,
		Comps: []string{"a", "b"}, Gens: []uint32{1, 2}, Callbacks: CanConfirm}
	b := AppendInput(nil, &in)
	var got Input
	if !DecodeInput(b, &got) || !reflect.DeepEqual(in, got) {
		t.Errorf("decoded %+v", got)
	}
	for n := range b {
		if DecodeInput(b[:n], &got) {
			t.Errorf("%d bytes of %d decode", n, len(b))
		}
	}
	if DecodeInput(append(b, 0), &got) {
		t.Error("one byte too many decodes")
	}
	b[0] = byte(InLeaseLost) + 1
	if DecodeInput(b, &got) {
		t.Error("an input of no kind decodes")
	}
}

// busy is a bench in the middle of things: callbacks open, timers running.
func busy(t testing.TB) *bench {
	b := newBench(mustModel(t, baseModel("2nx2", "all sg adjust=5s compmax=2")))
	b.do(split("start n1 n2"))
	b.do(split("on c1/set=hold d2/cleanup=hold"))
	b.do(split("died d2"))
	b.do(split("admin lock u1"))
	return b
}

func TestASnapshotIsTheWholeState(t *testing.T) {
	b := busy(t)
	p := b.parts[0]
	left := func(id TimerID) time.Duration { return p.timers[id] - b.now }
	snap := p.e.Snapshot(left)
	e, ok := restore(b.m.c, b.m.majority, b.m.lease, snap)
	if !ok {
		t.Fatal("does not decode")
	}
	if d := differing(describeEngine(e), describeEngine(p.e)); d != "" {
		t.Error(d)
	}
	if len(p.e.timers) < 3 {
		t.Errorf("only %d timers run", len(p.e.timers))
	}
	for n := range snap {
		if _, ok := restore(b.m.c, b.m.majority, b.m.lease, snap[:n]); ok {
			t.Fatalf("%d bytes of %d decode", n, len(snap))
		}
	}
	if _, ok := restore(mustModel(t, bases["nwa"]).c, false, 0, snap); ok {
		t.Error("the snapshot of another model decodes")
	}
}

// What another member sends may be anything: it decodes to a state that can be gone
// on with, or not at all.
func TestADamagedSnapshotNeverPanics(t *testing.T) {
	b := busy(t)
	snap := b.parts[0].e.Snapshot(func(TimerID) time.Duration { return time.Second })
	r := rand.New(rand.NewSource(1))
	taken := 0
	for range 20000 {
		bad := append([]byte(nil), snap...)
		for range 1 + r.Intn(3) {
			bad[r.Intn(len(bad))] = byte(r.Intn(256))
		}
		e, ok := restore(b.m.c, b.m.majority, b.m.lease, bad)
		if !ok {
			continue
		}
		taken++
		members := b.members(b.parts[0].nodes)
		e.Membership(1000, members)
		for _, c := range b.m.c.Comps {
			e.Apply(&Input{Kind: InDied, Comp: c.DN, Incarnation: e.CompOf(c).Incarnation, Node: members[0].ID})
		}
		if len(e.timers) > 0 {
			e.Apply(&Input{Kind: InTimer, Timer: e.timers[0].id})
		}
	}
	if taken < 100 {
		t.Errorf("only %d damaged snapshots were taken: the test shows little", taken)
	}
}

func FuzzSnapshot(f *testing.F) {
	b := busy(f)
	f.Add(b.parts[0].e.Snapshot(func(TimerID) time.Duration { return time.Second }))
	members := b.members(b.parts[0].nodes)
	f.Fuzz(func(t *testing.T, snap []byte) {
		if e, ok := restore(b.m.c, b.m.majority, b.m.lease, snap); ok {
			e.Membership(1000, members)
		}
	})
}

func FuzzInput(f *testing.F) {
	b := busy(f)
	for _, c := range b.m.c.Comps {
		f.Add(AppendInput(nil, &Input{Kind: InErrorReport, Comp: c.DN, Recovery: model.ComponentFailover}))
		f.Add(AppendInput(nil, &Input{Kind: InDied, Comp: c.DN, Incarnation: 1}))
	}
	f.Add(AppendInput(nil, &Input{Kind: InAdmin, Admin: AdminLock, Target: b.dn("u2")}))
	snap := b.parts[0].e.Snapshot(func(TimerID) time.Duration { return time.Second })
	f.Fuzz(func(t *testing.T, msg []byte) {
		var in Input
		if !DecodeInput(msg, &in) {
			return
		}
		e, _ := restore(b.m.c, b.m.majority, b.m.lease, snap)
		for node := range b.names {
			in.Node = b.id(b.names[node])
			e.Apply(&in)
			if e.Unrest() > 0 {
				t.Fatal("the state does not come to rest")
			}
		}
	})
}

func BenchmarkDeathOfAComponentAmongHundreds(b *testing.B) {
	text := "node n1\nnode n2\n"
	for g := range 100 {
		text += split100(g)
	}
	m, err := parseModel(text)
	if err != nil {
		b.Fatal(err)
	}
	w := newBench(m)
	w.do(split("start n1 n2"))
	e := w.parts[0].e
	c := m.c.Comps[100]
	b.ReportAllocs()
	for b.Loop() {
		st := e.CompOf(c)
		w.apply(w.parts[0], Input{Kind: InDied, Comp: c.DN, Incarnation: st.Incarnation, Node: st.Node})
		w.run()
		w.log.Reset()
	}
}

func split100(g int) string {
	n := string(rune('a'+g/26)) + string(rune('a'+g%26))
	return "sg g" + n + " 2n compmax=100000000\nsu u" + n + "1 n1\ncomp c" + n + "1\nsu u" + n + "2 n2\ncomp c" + n + "2\nsi s" + n + " sg=g" + n + "\ncsi k" + n + " t\n"
}
