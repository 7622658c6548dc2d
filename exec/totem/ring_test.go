package totem

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	stdnet "net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"time"

	"ais/exec/totem/seal"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// all starts every node and waits for one ring.
func (w *world) all() []*proc {
	w.t.Helper()
	for i := 1; i <= w.n; i++ {
		w.start(i)
	}
	together(w.t, w.procs...)
	return w.procs
}

// exchange has everybody send, and compares the logs of their configuration.
func exchange(t testing.TB, ps []*proc, each int, within time.Duration) {
	t.Helper()
	before := make([]int, len(ps))
	for i, p := range ps {
		before[i] = p.messages()
	}
	for _, p := range ps {
		p.send(each)
	}
	defer func() {
		if t.Failed() {
			for i, p := range ps {
				t.Logf("node %d: %d of %d messages, %s after %d configurations: %+v", p.id, p.messages()-before[i],
					each*len(ps), p.members(), p.configurations(), p.stats())
			}
		}
	}()
	eventually(t, "all messages everywhere", within, func() bool {
		for i, p := range ps {
			if p.messages() < before[i]+each*len(ps) {
				return false
			}
		}
		return true
	})
	want := ps[0].tail()
	for _, p := range ps[1:] {
		if got := p.tail(); !slices.Equal(got, want) {
			for i := range want {
				if i >= len(got) || got[i] != want[i] {
					t.Fatalf("node %d has another order than node %d from entry %d on", p.id, ps[0].id, i)
				}
			}
			t.Fatalf("node %d has more than node %d", p.id, ps[0].id)
		}
	}
	next := map[string]int{}
	for _, s := range want[1:] {
		var id, n int
		fmt.Sscanf(s, "%d:%d", &id, &n)
		k := fmt.Sprint(id)
		if last, ok := next[k]; ok && n != last+1 {
			t.Fatalf("node %d: message %d after %d", id, n, last)
		}
		next[k] = n
	}
}

func TestRingsOfThreeAndEightDeliverInOneOrder(t *testing.T) {
	for _, c := range []struct {
		n, each     int
		group       string
		plain, noGS bool
	}{
		{n: 3, each: 3000},
		{n: 3, each: 3000, group: "239.192.8.1"},
		{n: 3, each: 1000, noGS: true},
		{n: 3, each: 1000, plain: true},
		{n: 8, each: 500},
		{n: 8, each: 500, group: "239.192.8.2"},
	} {
		t.Run(fmt.Sprintf("n=%d,group=%q,plain=%v,nooffload=%v", c.n, c.group, c.plain, c.noGS), func(t *testing.T) {
			w := newWorld(t, c.n)
			w.group, w.plain, w.offload = c.group, c.plain, !c.noGS
			ps := w.all()
			exchange(t, ps, c.each, 30*time.Second)
			s := ps[0].stats()
			if s.Ring.State != srp.Operational || s.Multicast != (c.group != "") || (s.Suite == seal.Plain) != c.plain {
				t.Fatalf("%+v", s)
			}
			if s.NotSealed != 0 || s.Net.SendErrors != 0 || s.Seal.Opened[seal.AuthFailed] != 0 {
				t.Fatalf("%v", s.Drops())
			}
		})
	}
}

func TestOrderHoldsWhenOneInTenPacketsIsLost(t *testing.T) {
	w := newWorld(t, 3)
	w.drop = func(to wire.NodeID) func([]byte, netip.AddrPort) bool {
		r := rand.New(rand.NewSource(int64(to)))
		return func([]byte, netip.AddrPort) bool { return r.Intn(10) == 0 }
	}
	ps := w.all()
	exchange(t, ps, 1500, 60*time.Second)
	if s := ps[0].stats(); s.Ring.Counters.Resent == 0 {
		t.Fatal("nothing was lost")
	}
}

func TestAKilledNodeIsNoticedInMillisecondsAndComesBackAsAnother(t *testing.T) {
	w := newWorld(t, 3)
	ps := w.all()
	var took []time.Duration
	for round := 0; round < 3; round++ {
		victim := ps[round%3]
		rest := slices.DeleteFunc(slices.Clone(ps), func(p *proc) bool { return p == victim })
		before := victim.stats()
		begin := time.Now()
		victim.kill()
		together(t, rest...)
		for _, p := range rest {
			p.mu.Lock()
			took = append(took, p.changed.Sub(begin))
			p.mu.Unlock()
			if c := p.stats().Ring.LastCause; c != srp.CauseProcessDied && c != srp.CauseJoin {
				t.Errorf("node %d: cause %v", p.id, c)
			}
		}
		exchange(t, rest, 50, 10*time.Second)
		w.start(int(victim.id))
		together(t, w.procs...)
		ps = w.procs
		after := ps[victim.id-1].stats()
		if after.Self.Start != before.Self.Start+1 || after.Self.Nonce == before.Self.Nonce {
			t.Fatalf("start %d after %d", after.Self.Start, before.Self.Start)
		}
		if after.Ring.Ring.Seq <= before.Ring.Ring.Seq {
			t.Fatalf("ring %d after %d", after.Ring.Ring.Seq, before.Ring.Ring.Seq)
		}
	}
	slices.Sort(took)
	t.Logf("noticed after %v", took)
	// In milliseconds where nothing else runs, which others measure; never by a token
	// that does not come.
	if m := took[len(took)/2]; m > tokenTimeout/2 {
		t.Errorf("the median survivor had the new configuration after %v", m)
	}
}

func TestANodeThatLeavesIsGoneAtOnceAndNobodyIsSuspected(t *testing.T) {
	w := newWorld(t, 3)
	ps := w.all()
	done := make(chan time.Time, 1)
	begin := time.Now()
	ps[1].do(func() { ps[1].d.Leave(func() { done <- time.Now() }) })
	together(t, ps[0], ps[2])
	for _, p := range []*proc{ps[0], ps[2]} {
		p.mu.Lock()
		took := p.changed.Sub(begin)
		p.mu.Unlock()
		s := p.stats()
		t.Logf("node %d after %v", p.id, took)
		if took > tokenTimeout/2 || s.Ring.LastCause == srp.CauseTokenLoss || s.Ring.Counters.SuspectsDead != 0 {
			t.Errorf("node %d after %v because of %v", p.id, took, s.Ring.LastCause)
		}
	}
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("Leave did not end")
	}
	w.start(2) // the address and the state directory are free again
	together(t, w.procs...)
}

func TestAnotherKeyNeverJoinsAndChangesNothing(t *testing.T) {
	w := newWorld(t, 3)
	a, b := w.start(1), w.start(2)
	together(t, a, b)
	configs := a.configurations()
	w.key = bytes.Repeat([]byte{1, 2}, 64)
	c := w.start(3)
	eventually(t, "the stranger's packets are refused", 20*time.Second, func() bool {
		return a.stats().Seal.Opened[seal.UnknownKey] > 5
	})
	exchange(t, []*proc{a, b}, 300, 10*time.Second)
	if a.members() != "[1 2]" || a.configurations() != configs {
		t.Fatalf("a has %s after %d configurations", a.members(), a.configurations())
	}
	if m := c.members(); m != "[3]" && m != "[]" {
		t.Fatalf("the stranger has %s", m)
	}
	if d := a.stats(); d.Drops()["seal_unknown_key"] == 0 {
		t.Fatal("not counted")
	}
}

func TestAFloodOfGarbageIsCountedAndChangesNothing(t *testing.T) {
	w := newWorld(t, 3)
	ps := w.all()
	configs := ps[0].configurations()
	var out []*stdnet.UDPConn
	for _, from := range []string{"127.0.0.2:0", "127.0.0.99:0"} {
		c, err := stdnet.ListenUDP("udp", stdnet.UDPAddrFromAddrPort(netip.MustParseAddrPort(from)))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out = append(out, c)
	}
	// Forged sessions and rings that look right but for the key, and noise.
	forger, err := seal.New(seal.Config{Self: wire.Member{ID: 2}, Cluster: "test", Keys: [][]byte{w.key}})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewSource(1))
	to := stdnet.UDPAddrFromAddrPort(netip.AddrPortFrom(addr(1), w.port))
	const floods = 20000
	buf := make([]byte, 2000)
	for i := 0; i < floods; i++ {
		n := r.Intn(1500)
		r.Read(buf[:n])
		switch i % 3 {
		case 0:
			n, err = forger.Seal(buf, wire.RingID{}, buf[1000:1000+r.Intn(500)])
			if err != nil {
				t.Fatal(err)
			}
			r.Read(buf[24:40]) // another nonce
		case 1:
			if n > 4 {
				copy(buf, "aE\x01")
			}
		}
		if _, err := out[i%2].WriteToUDP(buf[:n], to); err != nil {
			t.Fatal(err)
		}
		if i%200 == 0 {
			time.Sleep(time.Millisecond) // so that some of it gets in
		}
	}
	exchange(t, ps, 300, 10*time.Second)
	if ps[0].configurations() != configs {
		t.Fatalf("%d configurations after %d", ps[0].configurations(), configs)
	}
	s := ps[0].stats()
	refused := uint64(0)
	for why := seal.Accepted + 1; why < seal.Reasons; why++ {
		refused += s.Seal.Opened[why]
	}
	if got := refused + s.Net.KernelDrops + s.Net.BadSource; got < floods*9/10 {
		t.Errorf("%d of %d accounted for: %v", got, floods, s.Drops())
	}
	if s.Seal.Opened[seal.AuthFailed] == 0 || s.Seal.Opened[seal.BadMagic] == 0 || s.Seal.Opened[seal.TooShort] == 0 {
		t.Errorf("%v", s.Drops())
	}
}

// replay sends recorded packets to a node from some address of this machine, and
// waits until they were read.
func (w *world) replay(from string, to *proc, recorded [][]byte) {
	w.t.Helper()
	c, err := stdnet.ListenUDP("udp", stdnet.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(from), w.port)))
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	// Where the node does not come to read, the kernel drops some.
	read := func() uint64 { s := to.stats().Net; return s.ReceivedPackets + s.KernelDrops }
	before := read()
	for i, p := range recorded {
		if _, err := c.WriteToUDP(p, stdnet.UDPAddrFromAddrPort(netip.AddrPortFrom(to.d.opt.Links[0].Addr, w.port))); err != nil {
			w.t.Fatal(err)
		}
		if i%100 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	eventually(w.t, "the recording was read", 20*time.Second, func() bool { return read() >= before+uint64(len(recorded)) })
}

func TestARecordingChangesNothingAfterAnybodyRestarted(t *testing.T) {
	for _, group := range []string{"", "239.192.8.3"} {
		t.Run("group="+group, func(t *testing.T) {
			w := newWorld(t, 3)
			w.group = group
			var recorded [][]byte // by node 1's loop
			w.drop = func(to wire.NodeID) func([]byte, netip.AddrPort) bool {
				if to != 1 {
					return nil
				}
				return func(p []byte, _ netip.AddrPort) bool {
					if len(recorded) < 5000 {
						recorded = append(recorded, bytes.Clone(p))
					}
					return false
				}
			}
			ps := w.all()
			exchange(t, ps, 200, 10*time.Second)
			var tape [][]byte
			ps[0].do(func() { tape = recorded })
			calm := func(what string, p *proc, from string) {
				t.Helper()
				configs, members := p.configurations(), p.members()
				for round := 0; round < 3; round++ {
					w.replay(from, p, tape)
				}
				if p.configurations() != configs || p.members() != members {
					t.Fatalf("%s: %s after %d new configurations", what, p.members(), p.configurations()-configs)
				}
			}
			calm("nobody restarted", ps[0], "127.0.0.77")
			exchange(t, ps, 50, 10*time.Second)

			ps[1].kill()
			together(t, ps[0], ps[2])
			calm("the sender is gone, its address taken over", ps[0], "127.0.0.2")
			w.start(2)
			together(t, ps...)
			calm("the sender restarted", ps[0], "127.0.0.77")
			exchange(t, ps, 50, 10*time.Second)

			w.drop = nil
			ps[0].kill()
			together(t, ps[1], ps[2])
			w.start(1)
			together(t, ps...)
			calm("the receiver restarted", ps[0], "127.0.0.77")
			exchange(t, ps, 50, 10*time.Second)

			for _, p := range ps {
				p.kill()
			}
			alone := w.start(1)
			together(t, alone)
			calm("all restarted, and this one is alone", alone, "127.0.0.2")
			w.start(2)
			w.start(3)
			together(t, ps...)
			exchange(t, ps, 100, 10*time.Second)
		})
	}
}

func TestKeysRotateUnderTraffic(t *testing.T) {
	w := newWorld(t, 3)
	ps := w.all()
	next := bytes.Repeat([]byte{3, 4}, 64)
	configs := ps[0].configurations()
	for _, ring := range [][][]byte{{w.key, next}, {next, w.key}, {next}} {
		for _, p := range ps {
			p.do(func() {
				if err := p.d.SetKeys(ring); err != nil {
					t.Error(err)
				}
			})
			exchange(t, ps, 50, 10*time.Second)
		}
	}
	if ps[0].configurations() != configs {
		t.Fatalf("the rotation cost %d configurations", ps[0].configurations()-configs)
	}
}

func TestANodeThatCannotKeepItsNumbersStops(t *testing.T) {
	w := newWorld(t, 2)
	w.start(2)
	p := w.start(1)
	together(t, w.procs...)
	p.do(func() {
		if err := os.RemoveAll(w.dirs[0]); err != nil {
			t.Error(err)
		}
		p.d.m.Leave(p.loop.Now()) // any input will do; what counts is the wish below
		r := p.d.m.Ready()
		*r = srp.Ready{ReserveSeq: 1 << 20}
		p.d.handle()
	})
	p.mu.Lock()
	failed := p.failed
	p.mu.Unlock()
	if failed == nil || p.d.phase != closed {
		t.Fatalf("it goes on: %v", failed)
	}
	together(t, w.procs[1])
}

// Whoever sealed as many packets as a counter can number must not seal another: it
// ends, the others go on, and its next start has a counter and a key of its own.
func TestAStartThatHasUsedUpItsCounterEnds(t *testing.T) {
	w := newWorld(t, 3)
	ps := w.all()
	p := ps[1]
	p.do(func() { p.d.seal.Advance(seal.MaxCounter - 100) })
	eventually(t, "it ends", 60*time.Second, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.failed != nil
	})
	p.mu.Lock()
	failed := p.failed
	p.mu.Unlock()
	if !errors.Is(failed, seal.ErrUsedUp) {
		t.Fatalf("it ended with %v", failed)
	}
	together(t, ps[0], ps[2])
	p.kill()
	w.start(2)
	together(t, w.procs...)
	exchange(t, w.procs, 100, 10*time.Second)
}
