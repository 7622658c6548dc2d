package gmi

import (
	"testing"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// calm is a handler for which nobody waits for Safe.
type calm struct{ sink }

func (*calm) Indifferent() bool { return true }

func TestTheRingIsToldWhetherAnybodyWaitsUntilAMessageIsEverywhere(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 1000})
	ring := wire.RingID{Rep: 1, Seq: 4}
	g.Deliver(&srp.Delivery{Kind: srp.DeliverRegular, Config: srp.Configuration{Ring: ring, Members: []wire.Member{self}}})
	for name, h := range map[string]Handler{"calm": new(calm), "waits": new(sink)} {
		if err := g.Join(name, h); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 1000)
	seq := uint64(0)
	send := func(group string) {
		t.Helper()
		if _, err := g.Multicast(group, Medium, wire.Agreed, []byte("message")); err != nil {
			t.Fatal(err)
		}
		n, _, ok := g.Next(buf)
		if !ok {
			t.Fatal("nothing to send")
		}
		seq++
		if got := g.Awaits(); got != (group == "waits") {
			t.Errorf("%s: %v when it is sent", group, got)
		}
		g.Deliver(&srp.Delivery{Kind: srp.DeliverMessage, Ring: ring, Seq: seq, From: self, Payload: buf[:n]})
		g.Flush()
		if got := g.Awaits(); got != (group == "waits") {
			t.Errorf("%s: %v when it is delivered", group, got)
		}
		g.SafeUpTo(ring, seq)
		g.Flush()
		if g.Awaits() {
			t.Errorf("%s: still awaited when all have it", group)
		}
	}
	send("calm")
	send("waits")
	send("nobody here")
	send("calm")
	// Who is not calm any more is noticed.
	if err := g.Leave("calm"); err != nil {
		t.Fatal(err)
	}
	if err := g.Join("calm", new(sink)); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Multicast("calm", Medium, wire.Agreed, []byte("message")); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := g.Next(buf); !ok || !g.Awaits() {
		t.Error("a group that was left and joined anew is taken for calm")
	}
}
