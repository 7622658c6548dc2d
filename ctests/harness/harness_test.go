package harness

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	code := m.Run()
	RunExits()
	os.Exit(code)
}

func TestLinesAreWaitedForWhereverTheyAreCut(t *testing.T) {
	l := newLines(nil)
	go func() {
		for _, s := range []string{"one\ntw", "o\n", "", "three"} {
			fmt.Fprint(l, s)
		}
		l.close()
	}()
	pos := 0
	for _, want := range []string{"one", "two", "three"} {
		got, next, err := l.Wait(pos, 10*time.Second, func(s string) bool { return s == want })
		if err != nil {
			t.Fatalf("waiting for %q: %q %v", want, got, err)
		}
		pos = next
	}
	if _, _, err := l.Wait(pos, 10*time.Second, func(string) bool { return true }); err != ErrEnded {
		t.Fatalf("after the end: %v", err)
	}
}

func TestAProcessIsEndedAndItsExitIsKnown(t *testing.T) {
	p, err := Start(Spec{Name: "sh", Path: "/bin/sh", Args: []string{"-c", "echo here; trap '' TERM; while :; do sleep 0.05; done"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Stdout.Wait(0, 20*time.Second, func(s string) bool { return s == "here" }); err != nil {
		t.Fatal(err)
	}
	u, err := p.Usage()
	if err != nil || u.RSS < 100<<10 || u.Threads != 1 {
		t.Fatalf("usage %+v, %v", u, err)
	}
	p.End(100 * time.Millisecond)
	if !p.Ended() || p.ExitCode() != -1 {
		t.Fatalf("ended %v, exit code %d: a process that ignores SIGTERM is killed", p.Ended(), p.ExitCode())
	}
}

func TestStatusBecomesDottedPaths(t *testing.T) {
	m, err := Flat([]byte(`{"ring":{"rep":1,"seq":8},"members":[{"id":1},{"id":2}],"drops":{"seal":{"auth_failed":3,"replayed":0},"ipc":{"closed":4}},"state":"operational"}`))
	if err != nil {
		t.Fatal(err)
	}
	s := Status(m)
	if s.Members() != 2 || s.Int("members.1.id") != 2 || s.Int("ring.seq") != 8 || s.Text("state") != "operational" {
		t.Fatalf("flattened to %v", m)
	}
	if d := s.Drops(); len(d) != 1 || d["seal.auth_failed"] != 3 {
		t.Fatalf("drops %v", d)
	}
}

// sendings are the calls of countArrivals: what one was late with is not the next one's.
var sendings int

// countArrivals opens a socket in node 2, sends n datagrams to it from node 1
// and returns how many arrive.
func countArrivals(t *testing.T, w *Network, n int) int {
	t.Helper()
	var rx, tx net.PacketConn
	if err := w.In(2, func() (err error) { rx, err = net.ListenPacket("udp4", "10.77.0.2:7000"); return }); err != nil {
		t.Fatal(err)
	}
	defer rx.Close()
	if err := w.In(1, func() (err error) { tx, err = net.ListenPacket("udp4", "10.77.0.1:0"); return }); err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	to := &net.UDPAddr{IP: net.IPv4(10, 77, 0, 2), Port: 7000}
	sendings++
	word := fmt.Sprint("sending ", sendings)
	got, buf := 0, make([]byte, 64)
	read := func(d time.Duration) bool {
		rx.SetReadDeadline(time.Now().Add(d))
		n, _, err := rx.ReadFrom(buf)
		if err == nil && string(buf[:n]) == word {
			got++
		}
		return err == nil
	}
	for range n {
		if _, err := tx.WriteTo([]byte(word), to); err != nil {
			// A link without routes refuses: nothing arrives either.
			continue
		}
		for d := time.Millisecond; read(d); d = 50 * time.Microsecond {
		}
	}
	// Nothing may be left unread: a deadline can pass before the read begins.
	for silent := 0; silent < 3; silent++ {
		for read(20 * time.Millisecond) {
			silent = 0
		}
	}
	return got
}

func TestANetworkLosesWhatItIsToldToAndLeavesNothingBehind(t *testing.T) {
	if err := CanNamespaces(); err != nil {
		t.Skip(err)
	}
	w, err := NewNetwork(2)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	countArrivals(t, w, 3) // the addresses of the links become known
	if got := countArrivals(t, w, 200); got != 200 {
		t.Fatalf("%d of 200 arrived over a healthy link", got)
	}
	if err := w.Loss(30); err != nil {
		t.Fatal(err)
	}
	got := countArrivals(t, w, 500)
	dropped, err := w.Dropped(2)
	if err != nil || got < 280 || got > 420 || int(dropped) != 500-got {
		t.Fatalf("%d of 500 arrived at 30 percent loss, the rule dropped %d, %v", got, dropped, err)
	}
	if err := w.Loss(0); err != nil {
		t.Fatal(err)
	}
	for _, inside := range []bool{false, true} {
		if err := w.Cut(2, true, inside); err != nil {
			t.Fatal(err)
		}
		if got := countArrivals(t, w, 20); got != 0 {
			t.Fatalf("%d datagrams crossed a link that was cut (inside %v)", got, inside)
		}
		if err := w.Cut(2, false, inside); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(20 * time.Second)
		for countArrivals(t, w, 1) == 0 {
			if time.Now().After(deadline) {
				t.Fatal("the link did not come back")
			}
		}
	}
	for _, on := range []bool{true, false} {
		if err := w.Segmentation(on); err != nil {
			t.Fatal(err)
		}
	}
	names := []string{w.ns(0), w.ns(1), w.ns(2)}
	w.Close()
	left, err := os.ReadDir("/run/netns")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		for _, n := range names {
			if e.Name() == n {
				t.Errorf("namespace %s was left behind", n)
			}
		}
	}
}

func TestAPortOfALossRuleIsOnlyInItsNamespace(t *testing.T) {
	if err := CanNamespaces(); err != nil {
		t.Skip(err)
	}
	w, err := NewNetwork(1)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Loss(50); err != nil {
		t.Fatal(err)
	}
	var links []net.Interface
	if err := w.In(1, func() (err error) { links, err = net.Interfaces(); return }); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range links {
		names = append(names, l.Name)
	}
	if s := strings.Join(names, " "); s != "lo eth0" {
		t.Fatalf("the namespace of a node has the interfaces %q", s)
	}
}

func TestWhatCrossesTheSwitchIsRecordedAndCanBeForged(t *testing.T) {
	if err := CanNamespaces(); err != nil {
		t.Skip(err)
	}
	w, err := NewNetwork(3)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	rec, err := w.Record(nil)
	if err != nil {
		t.Fatal(err)
	}
	var rx net.PacketConn
	if err := w.In(2, func() (err error) { rx, err = net.ListenPacket("udp4", "10.77.0.2:7000"); return }); err != nil {
		t.Fatal(err)
	}
	defer rx.Close()
	j, err := w.Inject(3)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	src, dst := netip.MustParseAddrPort("10.77.0.1:4711"), netip.MustParseAddrPort("10.77.0.2:7000")
	if err := j.UDP(src, dst, []byte("forged")); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	rx.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, from, err := rx.ReadFrom(buf)
	if err != nil || string(buf[:n]) != "forged" || from.String() != "10.77.0.1:4711" {
		t.Fatalf("%q from %v, %v", buf[:n], from, err)
	}
	// A connected socket believes an ICMP message about its own flow.
	var tx *net.UDPConn
	err = w.In(1, func() (err error) {
		tx, err = net.DialUDP("udp4", net.UDPAddrFromAddrPort(src), net.UDPAddrFromAddrPort(dst))
		return
	})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Close()
	if err := j.Unreachable(src, dst); err != nil {
		t.Fatal(err)
	}
	tx.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := tx.Read(buf); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("after a forged ICMP message: %v", err)
	}
	packets, err := rec.Stop()
	if err != nil || len(packets) != 1 || string(packets[0].Payload) != "forged" || packets[0].Src != src || packets[0].Dst != dst {
		t.Fatalf("recorded %v, %v", packets, err)
	}
}

func TestAForgedResetEndsAConnection(t *testing.T) {
	if err := CanNamespaces(); err != nil {
		t.Skip(err)
	}
	w, err := NewNetwork(3)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	rec, err := w.Record(nil)
	if err != nil {
		t.Fatal(err)
	}
	var l net.Listener
	if err := w.In(2, func() (err error) { l, err = net.Listen("tcp4", "10.77.0.2:7000"); return }); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var c net.Conn
	if err := w.In(1, func() (err error) { c, err = net.DialTimeout("tcp4", "10.77.0.2:7000", 10*time.Second); return }); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if a, err := l.Accept(); err != nil { // it has come to the end of the handshake
		t.Fatal(err)
	} else {
		defer a.Close()
	}
	packets, err := rec.Stop()
	if err != nil {
		t.Fatal(err)
	}
	j, err := w.Inject(3)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	sent := false
	for _, p := range packets {
		if p.Proto != 6 || p.Src.String() != c.LocalAddr().String() || p.Payload[13]&0x10 == 0 {
			continue
		}
		// What the client acknowledges is what it expects next.
		if err := j.Reset(p.Dst, p.Src, binary.BigEndian.Uint32(p.Payload[8:])); err != nil {
			t.Fatal(err)
		}
		sent = true
	}
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !sent || !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("after a forged reset (sent %v): %v", sent, err)
	}
}
