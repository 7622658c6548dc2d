package engine

import (
	"slices"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

func TestALeaseIsRenewedOnlyByABeatThatBecameSafeInAMajority(t *testing.T) {
	l := leaseHolder{limit: 100}
	l.configured(true)
	l.beats = append(l.beats, beat{id: 1, sent: 10}, beat{id: 2, sent: 20})
	if l.safe(2, true) {
		t.Error("a beat renewed that was not delivered")
	}
	l.delivered(1)
	if !l.safe(1, true) || l.until != 110 {
		t.Errorf("until %d", l.until)
	}
	l.delivered(2)
	l.interrupted()
	if l.safe(2, true) || l.until != 110 {
		t.Error("a beat renewed whose configuration is over")
	}
	l.configured(false)
	l.beats = append(l.beats, beat{id: 3, sent: 50, delivered: true})
	if l.safe(3, false) || l.until != 110 {
		t.Error("a beat renewed without a majority")
	}
	l.configured(true)
	l.beats = append(l.beats, beat{id: 4, sent: 60, delivered: true}, beat{id: 5, sent: 55, delivered: true})
	if !l.safe(5, true) || l.until != 160 {
		t.Errorf("until %d: the lease is from the latest beat that is safe", l.until)
	}
	if !l.valid(159) || l.valid(160) {
		t.Error("the lease does not end when it ends")
	}
}

// loneEnv is a ring as one member sees it that hears nobody else: what it sends is
// delivered to it when the test says so.
type loneEnv struct {
	now    int64
	sent   [][]byte
	timers []*loneTimer
}

type loneTimer struct {
	at int64
	f  func()
}

func (*loneEnv) Self() wire.Member               { return wire.Member{ID: 1, Start: 1} }
func (*loneEnv) NodeName() string                { return "n1" }
func (*loneEnv) Address() []byte                 { return []byte{127, 0, 0, 1} }
func (*loneEnv) BootTime() int64                 { return 1 }
func (*loneEnv) ClusterName() string             { return "test" }
func (*loneEnv) SendOK(gmi.Priority, int) bool   { return true }
func (*loneEnv) Queued(gmi.Priority) int         { return 0 }
func (*loneEnv) MaxMessage() int                 { return 1 << 16 }
func (*loneEnv) Logf(format string, args ...any) {}

func (v *loneEnv) Multicast(_ gmi.Priority, _ wire.Guarantee, parts ...[]byte) (gmi.MessageID, error) {
	v.sent = append(v.sent, slices.Concat(parts...))
	return gmi.MessageID(len(v.sent)), nil
}

func (v *loneEnv) After(d int64, f func()) func() {
	t := &loneTimer{v.now + d, f}
	v.timers = append(v.timers, t)
	return func() { v.timers = slices.DeleteFunc(v.timers, func(o *loneTimer) bool { return o == t }) }
}

// advance lets time go on; what is sent meanwhile is not delivered.
func (v *loneEnv) advance(d int64) {
	v.now += d
	for i := 0; i < len(v.timers); i++ {
		if t := v.timers[i]; t.at <= v.now {
			v.timers = slices.Delete(v.timers, i, i+1)
			t.f()
			i = -1
		}
	}
}

// What is sent has gone.
func (v *loneEnv) Payloads(gmi.Priority) int              { return 0 }
func (v *loneEnv) Waits(gmi.Priority, gmi.MessageID) bool { return false }

// beats is how many of the messages sent are beats.
func (v *loneEnv) beats() (n int) {
	for _, m := range v.sent {
		if m[0] == msgBeat {
			n++
		}
	}
	return n
}

type loneDriver struct{ got []Output }

func (d *loneDriver) Execute(o *Output) { d.got = append(d.got, *o) }
func (d *loneDriver) Record(*Record)    {}
func (d *loneDriver) GiveUp([]Doomed)   {}

func (d *loneDriver) sets() (n int) {
	for i := range d.got {
		if d.got[i].Kind == OutCSISet {
			n++
		}
	}
	return n
}

// A cluster of 128 nodes of which few have service units must not fill its ring with
// 128 nodes' beats (amf seed 308231).
func TestANodeWithoutAssignmentsSendsNoBeatsAndOneAtOnceWhenItIsToBeActive(t *testing.T) {
	const second = int64(time.Second)
	v, d := &loneEnv{now: second}, &loneDriver{}
	m := mustModel(t, baseModel("maj", ""))
	r, err := NewReplica(Options{Env: v, Cluster: m.c, Driver: d, Now: func() int64 { return v.now }, NodeName: "n1", Majority: true, Lease: time.Duration(second)})
	if err != nil {
		t.Fatal(err)
	}
	self, other := v.Self(), wire.Member{ID: 2, Start: 1}
	cfg := &srp.Configuration{Ring: wire.RingID{Rep: 1, Seq: 4}, Members: []wire.Member{self, other}}
	// The other one is n3, so that n1 has the first unit.
	r.SyncStart(cfg, []wire.Member{self})
	for !r.SyncSend() {
	}
	for _, b := range v.sent {
		r.Deliver(self, b, 0, false)
	}
	r.Deliver(other, slices.Concat([]byte{msgHello}, r.digest[:], []byte("n3")), 0, false)
	r.SyncApply()
	if !r.e.quorate {
		t.Fatal("two of three are no majority")
	}
	for range 20 {
		v.advance(second / 8)
	}
	if v.beats() != 0 {
		t.Fatalf("%d beats without anything assigned", v.beats())
	}
	// Its component comes up, what the absent node may have is over, and it is to be
	// active: that waits for a lease.
	c := m.c.Comps[0]
	for _, in := range []Input{{Kind: InRegister, Comp: c.DN}, {Kind: InAnswer, Comp: c.DN, Invocation: 1, Result: ipcwire.OK}, {Kind: InTimer, Timer: r.e.startup}, {Kind: InTimer, Timer: r.e.leases[0].timer}} {
		r.Deliver(self, AppendInput([]byte{msgInput}, &in), 0, false)
	}
	if len(r.lease.held) == 0 || d.sets() != 0 {
		t.Fatalf("held %d, told %d: without a lease it must wait", len(r.lease.held), d.sets())
	}
	v.advance(0)
	if v.beats() != 1 {
		t.Fatalf("%d beats at once", v.beats())
	}
	v.advance(second / 2)
	v.advance(second / 2)
	for range 20 {
		v.advance(second / 8)
	}
	if n := v.beats(); n != maxBeats {
		t.Fatalf("%d beats under way, %d at most", n, maxBeats)
	}
	for i, b := range v.sent {
		if b[0] == msgBeat {
			r.Deliver(self, b, gmi.MessageID(i+1), false)
		}
	}
	r.Safe(gmi.MessageID(len(v.sent)))
	if d.sets() != 1 {
		t.Fatalf("told %d times with a lease", d.sets())
	}
	// The next lease is not waited for.
	before := v.beats()
	v.advance(second / 4)
	if v.beats() == before {
		t.Error("no beats while it is active")
	}
}
