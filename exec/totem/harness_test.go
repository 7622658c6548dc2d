package totem

import (
	"bytes"
	"encoding/binary"
	"fmt"
	stdnet "net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"ais/exec/loop"
	tnet "ais/exec/totem/net"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// proc is one executive's ring in a test: a driver on a loop of its own, with a
// source that makes numbered messages and a log of what was delivered.
type proc struct {
	t    testing.TB
	id   wire.NodeID
	loop *loop.Loop
	d    *Driver
	over chan struct{} // closed when the loop has ended

	// Of the loop's goroutine.
	size int    // of messages
	next uint64 // number of the next
	stop uint64 // number at which the source ends

	mu      sync.Mutex
	log     []string // messages and configurations
	ring    []wire.NodeID
	changed time.Time // of the last regular configuration
	configs int
	failed  error
}

// world is what the nodes of a test share.
type world struct {
	t       testing.TB
	n       int
	port    uint16
	group   string
	key     []byte
	plain   bool
	dirs    []string
	ring    srp.Config
	drop    func(to wire.NodeID) func([]byte, netip.AddrPort) bool
	procs   []*proc
	offload bool
}

// Below the range from which the kernel takes ports by itself, so that nothing gets
// one while its node is down.
const (
	firstPort = 20000
	endOfPort = 32700
)

var lastPort = uint16(firstPort + os.Getpid()%2500*5)

// tokenTimeout of the tests' rings.
const tokenTimeout = 8 * time.Second

func addr(i int) netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, byte(i)}) }

func freePort(t testing.TB, n int) uint16 {
next:
	for try := 0; try < 100; try++ {
		lastPort += 3
		if lastPort >= endOfPort {
			lastPort = firstPort
		}
		for i := 1; i <= n; i++ {
			ap := netip.AddrPortFrom(addr(i), lastPort)
			u, err := stdnet.ListenUDP("udp", stdnet.UDPAddrFromAddrPort(ap))
			if err != nil {
				continue next
			}
			u.Close()
			c, err := stdnet.ListenTCP("tcp", stdnet.TCPAddrFromAddrPort(ap))
			if err != nil {
				continue next
			}
			c.Close()
		}
		return lastPort
	}
	t.Fatal("no free port")
	return 0
}

func newWorld(t testing.TB, n int) *world {
	w := &world{t: t, n: n, port: freePort(t, n), key: bytes.Repeat([]byte{7, 9}, 64), offload: true}
	// A ring must not be formed anew because the machine stood still, where a test
	// says that nothing else makes it so; and what is noticed by other means than a
	// token that does not come is told apart from that.
	w.ring = srp.Config{Window: 256, MaxMessages: 64, Accelerated: 24, TokenTimeout: tokenTimeout,
		Consensus: tokenTimeout / 32, TokenRetransmit: tokenTimeout / 400}
	for i := 0; i < n; i++ {
		w.dirs = append(w.dirs, t.TempDir())
	}
	w.procs = make([]*proc, n)
	return w
}

// options of node i (1 and up).
func (w *world) options(l *loop.Loop, i int) Options {
	link := tnet.LinkConfig{Addr: addr(i), Port: w.port}
	if w.group != "" {
		link.Group = netip.MustParseAddr(w.group)
	} else {
		for m := 1; m <= w.n; m++ {
			link.Members = append(link.Members, tnet.Member{ID: wire.NodeID(m), Addr: addr(m)})
		}
	}
	o := Options{
		Loop: l, Node: wire.NodeID(i), StateDir: w.dirs[i-1], Links: []tnet.LinkConfig{link}, MTU: 1500,
		Cluster: "test", Keys: [][]byte{w.key}, Ring: w.ring, NoOffload: !w.offload,
	}
	if w.plain {
		o.Unsealed, o.Keys = true, nil
	}
	if w.drop != nil {
		o.Drop = w.drop(o.Node)
	}
	return o
}

// start starts node i.
func (w *world) start(i int) *proc {
	w.t.Helper()
	l, err := loop.New()
	if err != nil {
		w.t.Fatal(err)
	}
	p := &proc{t: w.t, id: wire.NodeID(i), loop: l, over: make(chan struct{}), size: 200}
	o := w.options(l, i)
	o.Failed = func(err error) { p.mu.Lock(); p.failed = err; p.mu.Unlock() }
	if p.d, err = New(o); err != nil {
		w.t.Fatal(err)
	}
	w.procs[i-1] = p
	go func() {
		defer close(p.over)
		if err := l.Run(); err != nil {
			w.t.Errorf("node %d: %v", i, err)
		}
		l.Close()
	}()
	p.do(func() {
		if err := p.d.Start(p, p); err != nil {
			w.t.Errorf("node %d: %v", i, err)
		}
	})
	w.t.Cleanup(p.kill)
	return p
}

// do runs f on the loop of p and waits for it.
func (p *proc) do(f func()) {
	done := make(chan struct{})
	p.loop.Post(func() { f(); close(done) })
	select {
	case <-done:
	case <-p.over:
	}
}

// kill ends p as SIGKILL would: sockets close, nothing is said.
func (p *proc) kill() {
	select {
	case <-p.over:
		return
	default:
	}
	p.do(p.d.Close)
	p.loop.Stop()
	<-p.over
}

// send lets the source make n more messages.
func (p *proc) send(n int) {
	p.do(func() {
		p.stop += uint64(n)
		p.d.Wake()
	})
}

// Next and Backlog make p a srp.Source.
func (p *proc) Next(dst []byte) (int, wire.Guarantee, bool) {
	if p.next >= p.stop {
		return 0, 0, false
	}
	binary.LittleEndian.PutUint32(dst, uint32(p.id))
	binary.LittleEndian.PutUint64(dst[4:], p.next)
	p.next++
	g := wire.Agreed
	if p.next%5 == 0 {
		g = wire.Safe
	}
	return min(p.size, len(dst)), g, true
}

func (p *proc) Backlog() int { return int(p.stop - p.next) }

func (p *proc) Deliver(d *srp.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch d.Kind {
	case srp.DeliverMessage:
		p.log = append(p.log, fmt.Sprintf("%d:%d", binary.LittleEndian.Uint32(d.Payload), binary.LittleEndian.Uint64(d.Payload[4:])))
	case srp.DeliverTransitional:
		p.log = append(p.log, "transitional "+fmt.Sprint(ids(d.Config.Members)))
	case srp.DeliverRegular:
		p.ring = ids(d.Config.Members)
		p.changed = time.Now()
		p.configs++
		p.log = append(p.log, fmt.Sprintf("regular %v %d", p.ring, d.Config.Ring.Seq))
	}
}

func (p *proc) SafeUpTo(wire.RingID, uint64) {}
func (p *proc) Flush()                       {}

func ids(ms []wire.Member) (out []wire.NodeID) {
	for _, m := range ms {
		out = append(out, m.ID)
	}
	return out
}

func (p *proc) members() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprint(p.ring)
}

func (p *proc) configurations() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.configs
}

// messages is how many were delivered.
func (p *proc) messages() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.log {
		if s[0] != 'r' && s[0] != 't' {
			n++
		}
	}
	return n
}

// tail is the log from the last regular configuration on.
func (p *proc) tail() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.log) - 1; i >= 0; i-- {
		if p.log[i][0] == 'r' {
			return append([]string(nil), p.log[i:]...)
		}
	}
	return nil
}

func (p *proc) stats() (s Stats) {
	p.do(func() { s = p.d.Stats() })
	return s
}

// eventually polls until cond holds.
func eventually(t testing.TB, what string, within time.Duration, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// together waits until all of ps have exactly each other as members.
func together(t testing.TB, ps ...*proc) {
	t.Helper()
	var all []wire.NodeID
	for _, p := range ps {
		all = append(all, p.id)
	}
	want := fmt.Sprint(all)
	defer func() {
		if t.Failed() {
			for _, p := range ps {
				t.Logf("node %d has %s: %+v", p.id, p.members(), p.stats())
			}
		}
	}()
	eventually(t, "one ring of "+want, 4*tokenTimeout, func() bool {
		for _, p := range ps {
			if p.members() != want {
				return false
			}
		}
		return true
	})
}
