package ipc

import (
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/exec/service"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
	"ais/libais/wait"
)

// streams is a manager whose service takes requests from rings.
type streams struct {
	*fake
	mu    sync.Mutex
	got   []uint32 // what the bodies begin with
	full  bool     // there is no room
	never bool     // the service takes nothing without an answer
	quiet bool     // count only
	count int
}

func (s *streams) Streams(service.Conn) bool { return !s.never }

func (s *streams) Stream(_ service.Conn, _ ipcwire.Op, body []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	s.count++
	if !s.quiet {
		s.got = append(s.got, binary.LittleEndian.Uint32(body))
	}
	return true
}

func (s *streams) setFull(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}

func (s *streams) taken() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]uint32(nil), s.got...)
}

func newStreamRig(t testing.TB, tweak func(*Config)) (*rig, *streams) {
	t.Helper()
	var s *streams
	r := newRig(t, func(c *Config, f *fake) {
		s = &streams{fake: f}
		c.Manager = s
		if tweak != nil {
			tweak(c)
		}
	})
	return r, s
}

// member is a library that uses the ring.
type member struct {
	t        testing.TB
	c        *libais.Conn
	m        *shm
	upTail   uint32
	downHead uint32
}

func askRing(t testing.TB, c *libais.Conn) ipcwire.Error {
	t.Helper()
	if err := c.StartRing(); err != ipcwire.OK {
		t.Fatal(err)
	}
	err, _ := wait.Finish(c, patience)
	return err
}

func (r *rig) member() *member {
	r.t.Helper()
	c := r.dial()
	if err := askRing(r.t, c); err != ipcwire.OK {
		r.t.Fatalf("no ring: %v", err)
	}
	fd := c.TakeRing()
	if fd < 0 {
		r.t.Fatal("no descriptor came with the answer")
	}
	defer unix.Close(fd)
	m, err := mapShm(fd)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(m.close)
	if err := c.StartRingUse(); err != ipcwire.OK {
		r.t.Fatal(err)
	}
	if err, _ := wait.Finish(c, patience); err != ipcwire.OK {
		r.t.Fatal(err)
	}
	return &member{t: r.t, c: c, m: m}
}

// put writes a frame without showing it.
func (p *member) put(body []byte) {
	at := p.m.up[p.upTail&(ipcwire.RingUp-1):]
	ipcwire.PutHeader(at[:ipcwire.HeaderSize], opEcho, 0, 0, len(body))
	copy(at[ipcwire.HeaderSize:], body)
	p.upTail += uint32(ipcwire.HeaderSize + len(body))
}

// show lets the executive see it, and wakes it if it says that it sleeps.
func (p *member) show() {
	p.m.store(ipcwire.RingUpTail, p.upTail)
	if p.m.swap(ipcwire.RingSleep, 0) != 0 {
		p.kick()
	}
}

func (p *member) kick() {
	_, cb := p.c.FDs()
	usock.Send(int(cb), []byte{0})
}

func (p *member) send(n uint32, size int) {
	body := make([]byte, max(size, 4))
	binary.LittleEndian.PutUint32(body, n)
	p.put(body)
	p.show()
}

// readable tells whether the selection object is.
func (p *member) readable(d time.Duration) bool {
	fds := []unix.PollFd{{Fd: p.c.FD(), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, int(d/time.Millisecond))
	return n > 0
}

// next takes a callback as the C library does; nil: none is there.
func (p *member) next() []byte {
	p.t.Helper()
	for range 3 {
		if tail := p.m.load(ipcwire.RingDownTail); tail != p.downHead {
			at := p.m.down[p.downHead&(ipcwire.RingDown-1):]
			h, ok := ipcwire.DecodeHeader(at[:ipcwire.HeaderSize])
			if !ok || h.Size > tail-p.downHead {
				p.t.Fatalf("frame of %d bytes, %d are there", h.Size, tail-p.downHead)
			}
			body := append([]byte{}, at[ipcwire.HeaderSize:h.Size]...)
			p.downHead += h.Size
			p.m.store(ipcwire.RingDownHead, p.downHead)
			if p.m.load(ipcwire.RingStarved) != 0 && p.m.load(ipcwire.RingDownTail)-p.downHead <= ipcwire.RingDown/2 &&
				p.m.swap(ipcwire.RingStarved, 0) != 0 {
				p.kick()
			}
			return body
		}
		var b [8]byte
		if n, _ := usock.Recv(int(p.c.FD()), b[:]); n <= 0 {
			return nil
		}
		p.m.store(ipcwire.RingBell, 1)
		if p.m.load(ipcwire.RingDownTail) != p.downHead {
			p.kick()
		}
	}
	return nil
}

func numbers(t *testing.T, got []uint32, n int) {
	t.Helper()
	if len(got) != n {
		t.Fatalf("%d requests were taken, not %d", len(got), n)
	}
	for i, v := range got {
		if v != uint32(i) {
			t.Fatalf("request %d in place %d", v, i)
		}
	}
}

func TestRequestsOfARingAreTakenInOrderRoundItsEnd(t *testing.T) {
	r, s := newStreamRig(t, nil)
	p := r.member()
	const n = 3000 // of 2 KB each: three times round
	for i := range uint32(n) {
		for ipcwire.RingUp-(p.upTail-p.m.load(ipcwire.RingUpHead)) < 4096 {
			time.Sleep(100 * time.Microsecond)
		}
		p.send(i, 2000+int(i%7))
	}
	eventually(t, "all are taken", func() bool { return len(s.taken()) == n })
	numbers(t, s.taken(), n)
}

func TestARequestOnTheSocketWaitsForThoseWrittenIntoTheRingBefore(t *testing.T) {
	r, s := newStreamRig(t, nil)
	p := r.member()
	s.setFull(true)
	for i := range uint32(100) {
		p.send(i, 4)
	}
	if err := p.c.Start(opEcho, []byte("behind")); err != ipcwire.OK {
		t.Fatal(err)
	}
	if done, _ := p.c.Step(); done {
		t.Fatal("it was answered before")
	}
	eventually(t, "the ring waits", func() bool { return r.stats().Stalls > 0 })
	time.Sleep(20 * time.Millisecond)
	if done, _ := p.c.Step(); done || s.requests.Load() != 0 {
		t.Fatal("it was handled before")
	}
	s.setFull(false)
	r.on(func() {}) // an event, as room is one
	if err, body := wait.Finish(p.c, patience); err != ipcwire.OK || string(body) != "behind" {
		t.Fatal(err, body)
	}
	numbers(t, s.taken(), 100)
}

func TestWaitingRequestsOfSeveralRingsGetRoomInTurn(t *testing.T) {
	r, s := newStreamRig(t, nil)
	a, b := r.member(), r.member()
	s.setFull(true)
	// The first has much more than it gets in a turn, the second one request.
	const size = 10000
	for i := range uint32(100) {
		a.send(i, size)
	}
	eventually(t, "the first waits", func() bool { return r.stats().Stalls > 0 })
	b.send(1<<31, 4)
	eventually(t, "both wait", func() bool {
		waiting := 0
		r.on(func() {
			for _, c := range r.s.hot {
				if c.ring != nil && c.ring.stalled {
					waiting++
				}
			}
		})
		return waiting == 2
	})
	r.on(func() { s.setFull(false) }) // the event is what makes room known
	eventually(t, "all are taken", func() bool { return len(s.taken()) == 101 })
	// Two turns of the first at most; the request that fills a turn is whole.
	const most = 2 * (ringQuantum/size + 1)
	for i, v := range s.taken() {
		if v == 1<<31 && i > most {
			t.Fatalf("the request of the second ring came in place %d", i)
		}
	}
}

func TestWhatALibraryWroteBeforeItEndedIsStillTaken(t *testing.T) {
	r, s := newStreamRig(t, nil)
	p := r.member()
	s.setFull(true)
	for i := range uint32(500) {
		p.send(i, 100)
	}
	p.c.Close()
	eventually(t, "the executive noticed", func() bool {
		lingers := false
		r.on(func() {
			for _, c := range r.s.conns {
				if c.phase == lingering {
					lingers = true
					s.setFull(false) // at once: it does not wait for ever
				}
			}
		})
		return lingers
	})
	r.on(func() {})
	eventually(t, "the connection is gone", func() bool { return r.stats().Connections == 0 })
	numbers(t, s.taken(), 500)
	if st := r.stats(); st.Rings != 0 || st.ByReason[EndPeer] != 1 {
		t.Errorf("%d rings left, %d ended by the peer", st.Rings, st.ByReason[EndPeer])
	}
}

func TestALibraryThatEndedIsNotWaitedForForEver(t *testing.T) {
	r, s := newStreamRig(t, nil)
	p := r.member()
	s.setFull(true)
	p.send(0, 4)
	p.c.Close()
	eventually(t, "the connection is gone", func() bool { return r.stats().Connections == 0 })
}

// notify has the service queue callbacks and returns how many were taken.
func (p *member) notify(count, size uint32) int {
	p.t.Helper()
	return int(binary.LittleEndian.Uint32(call(p.t, p.c, opNotify, u32s(count, size))))
}

func TestCallbacksComeThroughTheRingAndTheSelectionObjectSaysSo(t *testing.T) {
	r, _ := newStreamRig(t, nil)
	p := r.member()
	for round := range 50 {
		if p.readable(0) {
			t.Fatalf("round %d: readable before there is a callback", round)
		}
		if n := p.notify(3, 1000); n != 3 {
			t.Fatal(n)
		}
		for i := range 3 {
			if !p.readable(patience) {
				t.Fatalf("round %d: not readable with %d callbacks pending", round, 3-i)
			}
			if b := p.next(); len(b) != 1000 || binary.LittleEndian.Uint32(b) != uint32(i) {
				t.Fatalf("round %d: callback %d: %d bytes", round, i, len(b))
			}
		}
		if b := p.next(); b != nil {
			t.Fatalf("round %d: a callback too many", round)
		}
	}
	if st := r.stats(); st.Callbacks != 150 {
		t.Errorf("%d callbacks counted", st.Callbacks)
	}
}

func TestCallbacksBeyondTheRingWaitAndComeInOrder(t *testing.T) {
	r, _ := newStreamRig(t, func(c *Config) { c.CallbackQueue = 4 << 20 })
	p := r.member()
	taken := p.notify(10000, 1000) // 10 MB: ring and queue are full
	if taken < (ipcwire.RingDown+3<<20)/1016 || taken == 10000 {
		t.Fatalf("%d were taken", taken)
	}
	for i := range taken {
		var b []byte
		eventually(t, "the next callback", func() bool { b = p.next(); return b != nil })
		if binary.LittleEndian.Uint32(b) != uint32(i) {
			t.Fatalf("callback %d in place %d", binary.LittleEndian.Uint32(b), i)
		}
	}
	if b := p.next(); b != nil {
		t.Fatal("a callback too many")
	}
	if n := binary.LittleEndian.Uint32(call(t, p.c, opPending, nil)); n != 0 {
		t.Errorf("%d bytes still wait", n)
	}
}

func TestALibraryThatBreaksTheRulesOfTheRingLosesItsConnectionOnly(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(p *member)
	}{
		{"more than the ring holds", func(p *member) { p.upTail += ipcwire.RingUp + 1; p.show() }},
		{"a counter that goes back", func(p *member) { p.upTail -= 16; p.show() }},
		{"a frame shorter than its header", func(p *member) {
			binary.LittleEndian.PutUint32(p.m.up, 3)
			p.upTail += 100
			p.show()
		}},
		{"a frame longer than what is there", func(p *member) {
			p.put(make([]byte, 4))
			binary.LittleEndian.PutUint32(p.m.up, 1000)
			p.show()
		}},
		{"half a header", func(p *member) { p.upTail += 8; p.show() }},
		{"a sequence number", func(p *member) {
			p.put(make([]byte, 4))
			binary.LittleEndian.PutUint32(p.m.up[8:], 9)
			p.show()
		}},
		{"callbacks taken that were not there", func(p *member) {
			p.m.store(ipcwire.RingDownHead, 1<<30)
			_ = p.c.Start(opNotify, u32s(10000, 1000))
			_, _ = p.c.Step()
		}},
		{"all control words at once", func(p *member) {
			for at := uintptr(0); at < ipcwire.RingControl; at += 4 {
				p.m.store(at, 0xfedcba98)
			}
			p.kick()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := newStreamRig(t, nil)
			good, p := r.member(), r.member()
			c.break_(p)
			eventually(t, "it is ended", func() bool { return r.stats().ByReason[EndHeader] == 1 })
			if n := good.notify(1, 10); n != 1 || len(good.next()) != 10 {
				t.Error("the other connection does not work any more")
			}
		})
	}
}

func TestARingIsRefusedWhereItCannotBe(t *testing.T) {
	t.Run("too many", func(t *testing.T) {
		r, _ := newStreamRig(t, func(c *Config) { c.Rings = 1 })
		first := r.member()
		c := r.dial()
		if err := askRing(t, c); err != ipcwire.ErrNoResources || c.TakeRing() >= 0 {
			t.Fatal(err)
		}
		call(t, c, opEcho, []byte("the sockets still work"))
		first.c.Close()
		eventually(t, "the first is gone", func() bool { return r.stats().Rings == 0 })
		if err := askRing(t, c); err != ipcwire.OK {
			t.Fatal(err)
		}
	})
	t.Run("none at all", func(t *testing.T) {
		r, _ := newStreamRig(t, func(c *Config) { c.Rings = -1 })
		if err := askRing(t, r.dial()); err != ipcwire.ErrNoResources {
			t.Fatal(err)
		}
	})
	t.Run("a service that answers everything", func(t *testing.T) {
		r, s := newStreamRig(t, nil)
		r.on(func() { s.never = true })
		if err := askRing(t, r.dial()); err != ipcwire.ErrNotSupported {
			t.Fatal(err)
		}
	})
	t.Run("callbacks have come before", func(t *testing.T) {
		r, _ := newStreamRig(t, nil)
		c := r.dial()
		call(t, c, opNotify, u32s(1, 4))
		if err := askRing(t, c); err != ipcwire.OK {
			t.Fatal(err)
		}
		_ = c.StartRingUse()
		if err, _ := wait.Finish(c, patience); err != ipcwire.ErrBusy {
			t.Fatal(err)
		}
		if err := askRing(t, c); err != ipcwire.ErrBusy {
			t.Fatal("a second one: ", err)
		}
	})
}

func TestTheMemoryOfARingCannotBeResized(t *testing.T) {
	m, fd, err := newShm(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	defer m.close()
	for _, size := range []int64{0, 4096, 16 << 20} {
		if err := unix.Ftruncate(fd, size); err == nil {
			t.Errorf("it was resized to %d", size)
		}
	}
}

// What a stream of messages costs the executive: guards in counts, not in time.
func TestAStreamCostsNoWakeUpAndNoAllocationPerRequest(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s := &streams{fake: &fake{}, quiet: true}
	srv, err := New(Config{Loop: l, Manager: s, Socket: sockName(t), MaxMessage: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Stop()
	c := &conn{s: srv, id: 1, fd: -1, cbfd: -1, cbLimit: 1 << 20, phase: open}
	a, b, errno := usock.Pair()
	if errno != 0 {
		t.Fatal(errno)
	}
	defer usock.Close(b)
	c.cbfd = a
	defer usock.Close(a)
	m, fd, err := newShm(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	unix.Close(fd)
	c.ring, c.offered = &ring{m: m}, m
	defer func() { c.ring.hot = false; c.phase = ended }()
	c.heat()
	p := &member{t: t, m: m}
	const batch = 100
	body := make([]byte, 64)
	payload := make([]byte, 64)
	turn := func() {
		for range batch {
			p.put(body)
		}
		m.store(ipcwire.RingUpTail, p.upTail)
		srv.worked = 0 // a batch of its own, however slow the machine is
		srv.pump()
		for range batch {
			if !c.NotifyPayload(opCallback, body[:8], payload) {
				t.Fatal("no room")
			}
		}
		c.flushDown()
		p.downHead = m.load(ipcwire.RingDownTail)
		m.store(ipcwire.RingDownHead, p.downHead)
		for i := range srv.dirty {
			srv.dirty[i].dirty = false
		}
		srv.dirty = srv.dirty[:0]
	}
	turn()
	if n := testing.AllocsPerRun(50, turn); n > 0 {
		t.Errorf("%v allocations for %d requests and callbacks", n, batch)
	}
	for range 100 { // the last turns may have met a slow moment
		srv.worked = 0
		srv.pump()
	}
	if s.count < 50*batch {
		t.Fatalf("%d requests were taken", s.count)
	}
	// One byte rang the bell; nobody took it, so nothing rang again.
	var bytes [1024]byte
	if n, _ := usock.Recv(b, bytes[:]); n > 1 {
		t.Errorf("%d bytes on the selection object", n)
	}
}

func TestAThousandRequestsWrittenAtOnceCostOneByteAndAFewWakeUps(t *testing.T) {
	r, s := newStreamRig(t, nil)
	p := r.member()
	r.on(func() {})
	var before loop.Stats
	r.on(func() { before = r.l.Stats() })
	eventually(t, "the executive sleeps", func() bool { return p.m.load(ipcwire.RingSleep) == 1 })
	for i := range uint32(1000) {
		body := make([]byte, 64)
		binary.LittleEndian.PutUint32(body, i)
		p.put(body)
	}
	p.show()
	eventually(t, "all are taken", func() bool { return len(s.taken()) == 1000 })
	var after loop.Stats
	r.on(func() { after = r.l.Stats() })
	// The byte is one event; posts of this test and the turns of a batch's budget
	// make the others.
	if n := after.Events - before.Events; n > 10 {
		t.Errorf("%d events", n)
	}
	if n := after.Wakeups - before.Wakeups; n > 50 {
		t.Errorf("%d wake-ups", n)
	}
	numbers(t, s.taken(), 1000)
}
