package ipc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"ais/exec/loop"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

func TestABrokenFrameEndsItsConnectionOnlyAndIsCountedByReason(t *testing.T) {
	r := newRig(t, nil)
	bystander := r.dial()
	after := map[string]struct {
		bytes  []byte
		reason Reason
	}{
		"size below the header":  {ipcwire.AppendHeader(nil, opEcho, 5, 0, -1), EndHeader},
		"size above the maximum": {ipcwire.AppendHeader(nil, opEcho, 5, 0, ipcwire.MaxFrame), EndHeader},
		"flags":                  {append(append([]byte{16, 0, 0, 0, 1, 0}, 1, 0), make([]byte, 8)...), EndHeader},
		"no sequence number":     {frame(opEcho, 0, nil), EndSequence},
		"an error in a request":  {ipcwire.AppendHeader(nil, opEcho, 5, ipcwire.OK, 0), EndSequence},
		"a number still pending": {append(frame(opHold, 5, nil), frame(opEcho, 5, nil)...), EndSequence},
	}
	for name, tc := range after {
		before := r.stats().ByReason[tc.reason]
		w := r.raw()
		w.handshake()
		w.write(tc.bytes)
		if _, _, ok := w.read(); ok {
			t.Errorf("%s: answered", name)
		}
		if n := r.stats().ByReason[tc.reason]; n != before+1 {
			t.Errorf("%s: %d times %s", name, n-before, tc.reason)
		}
		call(t, bystander, opEcho, []byte("unharmed"))
	}
	first := map[string]struct {
		bytes  []byte
		reason Reason
		err    ipcwire.Error
	}{
		"not a hello":      {frame(opEcho, 1, nil), EndNotHello, 0},
		"a huge hello":     {ipcwire.AppendHeader(nil, ipcwire.OpHello, 1, 0, 1<<20), EndNotHello, 0},
		"a short hello":    {frame(ipcwire.OpHello, 1, []byte{1}), EndHello, 0},
		"another protocol": {helloFrame(ipcwire.Protocol+1, ""), RefusedProtocol, ipcwire.ErrVersion},
	}
	for name, tc := range first {
		w := r.raw()
		w.write(tc.bytes)
		h, _, ok := w.read()
		if ok != (tc.err != 0) || h.Error != tc.err {
			t.Errorf("%s: %v %+v", name, ok, h)
		}
		eventually(t, name, func() bool { return r.stats().ByReason[tc.reason] >= 1 })
	}
	call(t, bystander, opEcho, []byte("unharmed"))
}

func TestRequestsCutAnywhereAreHandledInOrder(t *testing.T) {
	r := newRig(t, nil)
	rapid.Check(t, func(rt *rapid.T) {
		w := r.raw()
		defer w.close()
		w.handshake()
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 16, 500, 16 << 10, 20 << 10, 70 << 10, 300 << 10}), 1, 20).Draw(rt, "sizes")
		var stream []byte
		for i, n := range sizes {
			stream = append(stream, frame(opSum, uint32(i+1), bytes.Repeat([]byte{byte(i)}, n))...)
		}
		cuts := rapid.SliceOf(rapid.IntRange(1, 40000)).Draw(rt, "cuts")
		written := make(chan struct{})
		go func() {
			defer close(written)
			for len(stream) > 0 {
				n := len(stream)
				if len(cuts) > 0 {
					n, cuts = min(cuts[0], n), cuts[1:]
				}
				w.write(stream[:n])
				stream = stream[n:]
			}
		}()
		for i, n := range sizes {
			h, body, ok := w.read()
			if !ok || h.Seq != uint32(i+1) || binary.LittleEndian.Uint32(body) != uint32(n) {
				rt.Fatalf("answer %d: %v %+v", i, ok, h)
			}
		}
		<-written
	})
}

func TestAPeerThatDiesInTheMiddleOfAFrameIsGoneOnceWithItsMemory(t *testing.T) {
	r := newRig(t, nil)
	for _, n := range []int{1, 15, 16, 17, 20 << 10, 400 << 10} {
		w := r.raw()
		w.handshake()
		w.write(frame(opEcho, 1, make([]byte, 1<<20))[:n])
		w.close()
	}
	eventually(t, "six exits", func() bool { return r.f.exits.Load() == 6 })
	st := r.stats()
	if st.Connections != 0 || st.InputMemory != 0 || st.Requests != 0 || st.ByReason[EndPeer] != 6 {
		t.Fatalf("%+v", st)
	}
}

func TestASilentPeerIsEndedByTheHandshakeDeadline(t *testing.T) {
	r := newRig(t, func(c *Config, _ *fake) { c.HandshakeTimeout = 50 * time.Millisecond })
	w := r.raw()
	w.write(helloFrame(ipcwire.Protocol, "")[:10])
	if _, _, ok := w.read(); ok {
		t.Fatal("answered")
	}
	if n := r.stats().ByReason[EndHandshake]; n != 1 {
		t.Fatal(n)
	}
	var c *libais.Conn
	eventually(t, "a handshake in time", func() (ok bool) {
		var err ipcwire.Error
		c, err = wait.Dial(r.options(""), patience)
		return err == ipcwire.OK
	})
	t.Cleanup(c.Close)
	time.Sleep(100 * time.Millisecond) // the deadline of a connection that stands has no effect
	call(t, c, opEcho, nil)
}

func TestAFloodOfUnreadRequestsIsBoundedAndOthersAreServed(t *testing.T) {
	r := newRig(t, nil)
	w, other := r.raw(), r.dial()
	w.handshake()
	const n = 200000
	var stream []byte
	for i := range n {
		stream = append(stream, frame(opEcho, uint32(i+1), []byte("12345678"))...)
	}
	sent := 0
	for range 200 {
		sent += w.try(stream[sent:])
		call(t, other, opEcho, []byte("served"))
	}
	if sent == len(stream) {
		t.Fatal("the whole flood was taken although no answer was read")
	}
	if st := r.stats(); st.OutputMemory > 2*respPause+largeChunk || st.InputMemory > baseInput {
		t.Fatalf("%+v", st)
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.write(stream[sent:])
	}()
	for i := range n {
		h, _, ok := w.read()
		if !ok || h.Seq != uint32(i+1) {
			t.Fatalf("answer %d: %v %+v", i, ok, h)
		}
	}
	<-written
}

// The ring is served between batches, so what a batch takes is what it waits.
func TestManyConnectionsWithCostlyRequestsLeaveTheLoopItsTurns(t *testing.T) {
	const clients, each, cost = 60, 20, 300 // microseconds
	r := newRig(t, nil)
	var most, before int64
	r.on(func() {
		cancel := r.l.AfterBatch(func() {
			now := r.f.requests.Load()
			most, before = max(most, now-before), now
		})
		t.Cleanup(func() { r.on(cancel) })
	})
	var burst []byte
	for i := range each {
		burst = append(burst, frame(opSlow, uint32(2+i), u32s(cost))...)
	}
	var all []*raw
	for range clients {
		w := r.raw()
		w.handshake()
		all = append(all, w)
	}
	// All of it is there when the loop looks.
	r.on(func() {
		for _, w := range all {
			if w.try(burst) != len(burst) {
				t.Error("the burst did not fit")
			}
		}
	})
	for i, w := range all {
		for j := range each {
			if h, _, ok := w.read(); !ok || h.Seq != uint32(2+j) || h.Error != ipcwire.OK {
				t.Fatalf("client %d, request %d: %+v %v", i, j, h, ok)
			}
		}
	}
	// A fresh request finds every connection watched again.
	for i, w := range all {
		if !w.write(frame(opEcho, 99, nil)) {
			t.Fatalf("client %d was ended", i)
		}
		if h, _, ok := w.read(); !ok || h.Seq != 99 {
			t.Fatalf("client %d: %+v %v", i, h, ok)
		}
	}
	r.on(func() {
		if limit := int64(batchBudget/(cost*time.Microsecond)) + 2; most > limit {
			t.Errorf("%d requests of %d us in one batch, want at most %d", most, cost, limit)
		}
		if r.s.unread != 0 || len(r.s.runnable) != 0 {
			t.Errorf("%d connections are still put off, %d to be read", len(r.s.runnable), r.s.unread)
		}
	})
}

func TestRequestsNobodyAnswersStopTheReadingOfTheirConnection(t *testing.T) {
	r := newRig(t, nil)
	w, other := r.raw(), r.dial()
	w.handshake()
	var stream []byte
	for i := range 10 * maxOutstanding {
		stream = append(stream, frame(opHold, uint32(i+1), nil)...)
	}
	w.write(stream) // at once: many small writes would fill the socket
	eventually(t, "the bound", func() bool { return r.stats().Requests == maxOutstanding })
	for i := range 9 {
		call(t, other, opRelease, nil)
		want := uint64((i+2)*maxOutstanding + i + 1)
		eventually(t, "the next lot", func() bool { return r.stats().Requests == want })
	}
	call(t, other, opRelease, nil)
	for i := range 10 * maxOutstanding {
		if h, _, ok := w.read(); !ok || h.Error != ipcwire.ErrNotExist {
			t.Fatal(i, h)
		}
	}
}

func TestAClientThatNeverReadsLargeAnswersIsEndedAtTheBound(t *testing.T) {
	r := newRig(t, nil)
	w, other := r.raw(), r.dial()
	w.handshake()
	for i := range 8 {
		w.write(frame(opHold, uint32(i+1), nil))
	}
	eventually(t, "all held", func() bool { return r.stats().Requests == 8 })
	r.on(func() {
		for _, h := range r.f.held {
			h.c.Respond(h.seq, ipcwire.OK, make([]byte, 1<<20))
		}
		r.f.held = nil
	})
	eventually(t, "the end", func() bool { return r.stats().ByReason[EndResponses] == 1 })
	call(t, other, opEcho, nil)
	if st := r.stats(); st.OutputMemory != 0 {
		t.Fatalf("%+v", st)
	}
}

func TestHalfFramesOfManyClientsStayWithinTheMemoryAndDoNotBlockAWholeOne(t *testing.T) {
	const limit = 3 * ipcwire.MaxFrame
	r := newRig(t, func(c *Config, _ *fake) { c.InputMemory = limit })
	r.on(func() { r.s.stallAfter = 200 * time.Millisecond })
	half := frame(opEcho, 1, make([]byte, 1<<20))[:700<<10]
	for range 40 {
		w := r.raw()
		w.handshake()
		w.try(half)
	}
	eventually(t, "someone waiting", func() bool { return r.stats().Waits > 0 })
	if st := r.stats(); st.InputMemory > limit+40*baseInput {
		t.Fatalf("%+v", st)
	}
	// Whoever does not get to write for so long is ended, too: on a busy machine that
	// may be this one.
	eventually(t, "a whole one", func() bool {
		c := r.dial()
		defer c.Close()
		err, got := wait.Call(c, patience, opEcho, nil, make([]byte, 1<<20))
		if err != ipcwire.OK && err != ipcwire.ErrLibrary || err == ipcwire.OK && len(got) != 1<<20 {
			t.Fatal(err, len(got))
		}
		return err == ipcwire.OK
	})
	st := r.stats()
	if st.ByReason[EndStalled] == 0 || st.MemoryPeak > limit+41*baseInput+4<<20 {
		t.Fatalf("%+v", st)
	}
}

func TestManySlowReadersShareTheOutputMemoryAndTheOthersKeepTheirShare(t *testing.T) {
	const limit = 4 << 20
	r := newRig(t, func(c *Config, _ *fake) { c.OutputMemory = limit })
	for range 8 {
		call(t, r.dial(), opNotify, u32s(1<<20, 1000))
	}
	st := r.stats()
	if st.OutputMemory > limit+8*(cbGranted+smallChunk) || st.OutputMemory < limit/2 {
		t.Fatalf("%+v", st)
	}
	c := r.dial()
	if n := binary.LittleEndian.Uint32(call(t, c, opNotify, u32s(10, 1000))); n != 10 {
		t.Fatalf("a newcomer's callbacks: %d of 10 taken", n)
	}
	if got := call(t, c, opBig, u32s(40000)); len(got) != 40000 {
		t.Fatal(len(got))
	}
}

func TestConnectionsAreLimitedInAllAndByUser(t *testing.T) {
	r := newRig(t, func(c *Config, _ *fake) { c.MaxConns, c.MaxConnsPerUID = 5, 3 })
	for range 3 {
		r.dial()
	}
	if _, err := wait.Dial(r.options(""), patience); err != ipcwire.ErrNoResources {
		t.Fatal(err)
	}
	if n := r.stats().ByReason[RefusedUID]; n != 1 {
		t.Fatal(n)
	}
	r2 := newRig(t, func(c *Config, _ *fake) { c.MaxConns, c.MaxConnsPerUID = 2, 9 })
	a := r2.dial()
	r2.dial()
	if _, err := wait.Dial(r2.options(""), patience); err != ipcwire.ErrNoResources {
		t.Fatal(err)
	}
	if n := r2.stats().ByReason[RefusedConnections]; n != 1 {
		t.Fatal(n)
	}
	a.Close()
	eventually(t, "room again", func() bool { return r2.stats().Connections == 1 })
	r2.dial()
}

func listenOn(t *testing.T, socket string) (*Server, *loop.Loop, error) {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s, err := New(Config{Loop: l, Manager: &fake{}, Socket: socket})
	return s, l, err
}

func TestAStalePathIsTakenOverALiveOneIsNot(t *testing.T) {
	path := tempPath(t)
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	r := newRig(t, func(c *Config, _ *fake) { c.Socket = path })
	c := r.dial()
	if _, _, err := listenOn(t, path); !errors.Is(err, ErrInUse) {
		t.Fatal(err)
	}
	call(t, c, opEcho, nil)
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o666 {
		t.Fatal(st, err)
	}
	r.stop()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Fatalf("the path is left: %v", err)
	}
	if _, _, err := listenOn(t, r.socket); err != nil {
		t.Fatal(err)
	}
}

func TestAnAbstractNameInUseIsRefused(t *testing.T) {
	r := newRig(t, nil)
	if _, _, err := listenOn(t, r.socket); !errors.Is(err, ErrInUse) {
		t.Fatal(err)
	}
}

func TestAFileThatIsNoSocketStaysAndBadNamesAreRefused(t *testing.T) {
	path := tempPath(t)
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{path, "@", "/nowhere/at/all", string(bytes.Repeat([]byte("x"), 200))} {
		if _, _, err := listenOn(t, s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "precious" {
		t.Fatal(b, err)
	}
}

func TestTheStopLeavesAPathThatIsSomebodyElsesByNow(t *testing.T) {
	path := tempPath(t)
	r := newRig(t, func(c *Config, _ *fake) { c.Socket = path })
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	r.stop()
	if _, err := os.Lstat(path); err != nil {
		t.Fatal(err)
	}
}

func TestADirectoryLockedByAnotherIsAnErrorAndNotAHang(t *testing.T) {
	path := tempPath(t)
	fd, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Flock(fd, unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, _, err := listenOn(t, path); err == nil {
		t.Fatal("listening")
	}
}

func TestLimitsThatCannotHoldAFrameAreRefused(t *testing.T) {
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []Config{{}, {Loop: l}, {Loop: l, Manager: &fake{}, CallbackQueue: 1000},
		{Loop: l, Manager: &fake{}, InputMemory: 1}, {Loop: l, Manager: &fake{}, MaxConns: -1}} {
		if _, err := New(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

// FuzzStream: whatever a peer sends, the server lives on.
func FuzzStream(f *testing.F) {
	f.Add(append(helloFrame(ipcwire.Protocol, ""), frame(opEcho, 2, []byte("x"))...))
	f.Add(append(helloFrame(ipcwire.Protocol, ""), frame(opHold, 2, nil)...))
	r := newRig(f, nil)
	c := r.dial()
	f.Fuzz(func(t *testing.T, data []byte) {
		w := rawTo(t, r.socket)
		w.write(data)
		unix.Shutdown(w.fd, unix.SHUT_WR) // it must read all of it before it sees the end
		for ok := true; ok; {
			_, _, ok = w.read()
		}
		if got := call(t, c, opEcho, []byte("alive")); string(got) != "alive" {
			t.Fatal(got)
		}
	})
}
