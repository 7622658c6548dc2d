package ipc

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"ais/exec/service"
	_ "ais/internal/drawn"
	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

func readable(fd int32) bool {
	fds := []unix.PollFd{{Fd: fd, Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, 0)
	return n == 1
}

func TestAWelcomedLibraryKnowsTheNodeAndItsRequestsAreAnswered(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	if w := c.Welcome(); w.NodeID != 7 || w.MaxMessage != 1<<20 || w.MaxQueue != 8<<20 {
		t.Fatalf("%+v", w)
	}
	for i := range 100 {
		want := fmt.Sprint("request ", i)
		if got := call(t, c, opEcho, []byte(want[:4]), []byte(want[4:])); string(got) != want {
			t.Fatalf("%q", got)
		}
	}
	if err, _ := wait.Call(c, patience, 999, nil); err != ipcwire.ErrNotSupported {
		t.Fatal(err)
	}
}

func TestAMebibyteInManyPartsArrivesWhole(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	var parts [][]byte
	var all []byte
	for i := range 300 {
		p := bytes.Repeat([]byte{byte(i)}, (1<<20)/300)
		parts, all = append(parts, p, nil), append(all, p...)
	}
	got := call(t, c, opSum, nil, parts...)
	if !bytes.Equal(got, u32s(uint32(len(all)), crc32.ChecksumIEEE(all))) {
		t.Fatalf("%x", got)
	}
	largest := make([]byte, ipcwire.MaxFrame-ipcwire.HeaderSize)
	if got := call(t, c, opEcho, nil, largest); len(got) != len(largest) {
		t.Fatal(len(got))
	}
	if err := c.Start(opEcho, []byte{1}, largest); err != ipcwire.ErrTooBig {
		t.Fatal(err)
	}
	if got := call(t, c, opEcho, []byte("still good")); string(got) != "still good" {
		t.Fatal(got)
	}
}

func TestTheSelectionObjectIsReadableExactlyWhileACallbackIsPending(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	if readable(c.FD()) {
		t.Fatal("readable at the start")
	}
	call(t, c, opNotify, u32s(3, 100))
	eventually(t, "readable", func() bool { return readable(c.FD()) })
	for i := range 3 {
		if !readable(c.FD()) {
			t.Fatalf("not readable before callback %d", i)
		}
		cb, ok, err := c.NextCallback(libais.One)
		if !ok || err != ipcwire.OK || cb.Op != opCallback || len(cb.Body) != 100 || binary.LittleEndian.Uint32(cb.Body) != uint32(i) {
			t.Fatalf("%d: %v %v %v", i, ok, err, cb)
		}
	}
	if readable(c.FD()) {
		t.Fatal("readable after the last")
	}
	if _, ok, err := c.NextCallback(libais.One); ok || err != ipcwire.OK {
		t.Fatal(ok, err)
	}
	call(t, c, opNotify, u32s(1000, 700))
	n := 0
	eventually(t, "all of them", func() bool {
		cb, ok, err := c.NextCallback(libais.All)
		for ; ok; cb, ok, err = c.NextCallback(libais.All) {
			if binary.LittleEndian.Uint32(cb.Body) != uint32(n) {
				t.Fatalf("callback %d says %d", n, binary.LittleEndian.Uint32(cb.Body))
			}
			n++
		}
		return err == ipcwire.OK && n == 1000
	})
	if c.Buffered() || readable(c.FD()) {
		t.Fatal("something is left")
	}
}

func TestModesMayBeMixedAndCallbacksOfAnySizeComeInOrder(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	other := r.dial()
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 15, 100, 5000, 9000, 70000, 1 << 20}), 1, 12).Draw(t, "sizes")
		var sums []uint32
		for i, n := range sizes {
			b := bytes.Repeat([]byte{byte(i + 1)}, n)
			sums = append(sums, crc32.ChecksumIEEE(b))
			err, _ := wait.Call(other, patience, opNotifyAll, nil, b)
			if err != ipcwire.OK {
				t.Fatal(err)
			}
			drain(other)
		}
		for i := range sums {
			mode := libais.Mode(rapid.IntRange(0, 1).Draw(t, "mode"))
			for end := time.Now().Add(patience); ; {
				cb, ok, err := c.NextCallback(mode)
				if err != ipcwire.OK || time.Now().After(end) {
					t.Fatalf("callback %d: %v", i, err)
				}
				if ok {
					if crc32.ChecksumIEEE(cb.Body) != sums[i] {
						t.Fatalf("callback %d of %d bytes is not what was sent", i, len(cb.Body))
					}
					break
				}
				time.Sleep(50 * time.Microsecond)
			}
		}
		if c.Buffered() {
			t.Fatal("a callback too many")
		}
	})
}

func drain(c *libais.Conn) {
	for ok := true; ok; {
		_, ok, _ = c.NextCallback(libais.All)
	}
}

func TestACallbackFromInitComesAfterTheWelcome(t *testing.T) {
	r := newRig(t, nil)
	c, err := wait.Dial(r.options("first"), patience)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	defer c.Close()
	if cb, err := wait.Callback(c, patience); err != ipcwire.OK || string(cb.Body) != "first" {
		t.Fatal(err, cb)
	}
}

func TestTheAnswerToAnAbandonedRequestIsDiscarded(t *testing.T) {
	r := newRig(t, nil)
	c, other := r.dial(), r.dial()
	for range 3 {
		if err, _ := wait.Call(c, 20*time.Millisecond, opHold, nil); err != ipcwire.ErrTimeout {
			t.Fatal(err)
		}
	}
	call(t, other, opRelease, nil)
	if got := call(t, c, opEcho, []byte("mine")); string(got) != "mine" {
		t.Fatalf("%q", got)
	}
}

func TestARequestAbandonedHalfWrittenIsFinishedBeforeTheNext(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	resume := make(chan struct{})
	r.l.Post(func() { <-resume })
	payload := bytes.Repeat([]byte("x"), 1<<20)
	if err := c.Start(opSum, []byte("body"), payload[:1000], payload[1000:]); err != ipcwire.OK {
		t.Fatal(err)
	}
	if done, w := c.Step(); done || w.Events != libais.PollIn|libais.PollOut {
		t.Fatalf("a mebibyte went into a socket nobody reads: %v %+v", done, w)
	}
	c.Abandon()
	clear(payload) // it is the caller's again
	if err := c.Start(opSum, []byte("never sent")); err != ipcwire.OK {
		t.Fatal(err)
	}
	if done, _ := c.Step(); done {
		t.Fatal("done")
	}
	c.Abandon() // nothing of it went, so it never happened
	close(resume)
	if got := call(t, c, opEcho, []byte("next")); string(got) != "next" {
		t.Fatalf("%q", got)
	}
	if n := r.f.requests.Load(); n != 2 {
		t.Fatalf("%d requests", n)
	}
}

func TestADisconnectedLibraryGetsLibraryErrorsAndAReadableSelectionObject(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	call(t, c, opNotify, u32s(2, 50))
	eventually(t, "the callbacks", func() bool { return readable(c.FD()) })
	if err, _ := wait.Call(c, patience, opDisconnect, nil); err != ipcwire.ErrLibrary {
		t.Fatal(err)
	}
	for range 3 {
		if err, _ := wait.Call(c, patience, opEcho, nil); err != ipcwire.ErrLibrary {
			t.Fatal(err)
		}
	}
	for i := range 2 {
		if cb, err := wait.Callback(c, patience); err != ipcwire.OK || binary.LittleEndian.Uint32(cb.Body) != uint32(i) {
			t.Fatal(i, err)
		}
	}
	if _, ok, err := c.NextCallback(libais.One); ok || err != ipcwire.ErrLibrary || !readable(c.FD()) || !c.Gone() {
		t.Fatal(ok, err)
	}
	if n := r.stats().ByReason[EndService]; n != 1 {
		t.Fatal(n)
	}
}

func TestAServiceMayDisconnectInItsInit(t *testing.T) {
	r := newRig(t, nil)
	if c, err := wait.Dial(r.options("disconnect"), patience); err != ipcwire.ErrTryAgain {
		t.Fatal(c, err)
	}
	eventually(t, "its exit", func() bool { return r.f.exits.Load() == 1 })
}

func TestAnotherThreadsShutdownEndsAWaitingCall(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	got := make(chan ipcwire.Error)
	go func() {
		err, _ := wait.Call(c, patience, opHold, nil)
		got <- err
	}()
	go func() {
		_, err := wait.Callback(c, patience)
		got <- err
	}()
	eventually(t, "the request", func() bool { return r.f.requests.Load() == 1 })
	c.Shutdown()
	for range 2 {
		if err := <-got; err != ipcwire.ErrLibrary {
			t.Fatal(err)
		}
	}
	eventually(t, "the exit", func() bool { return r.f.exits.Load() == 1 })
}

func TestSixtyFourThreadsOnTheirOwnHandlesGetTheirOwnAnswers(t *testing.T) {
	r := newRig(t, nil)
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			c, err := wait.Dial(r.options(""), patience)
			if err != ipcwire.OK {
				t.Errorf("thread %d: %v", g, err)
				return
			}
			defer c.Close()
			body := bytes.Repeat([]byte{byte(g)}, 10*g+1)
			for i := range 200 {
				if err, got := wait.Call(c, patience, opEcho, u32s(uint32(i)), body); err != ipcwire.OK || !bytes.Equal(got[4:], body) || binary.LittleEndian.Uint32(got) != uint32(i) {
					t.Errorf("thread %d: %v", g, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if st := r.stats(); st.Requests != 64*200 {
		t.Fatalf("%d requests", st.Requests)
	}
	eventually(t, "64 exits", func() bool { return r.f.exits.Load() == 64 })
}

func TestASlowReaderIsBoundedToldApartAndLosesNothingThatWasTaken(t *testing.T) {
	r := newRig(t, func(c *Config, _ *fake) { c.CallbackQueue = 2 << 20 })
	slow, other := r.dial(), r.dial()
	const size = 1000
	taken := binary.LittleEndian.Uint32(call(t, slow, opNotify, u32s(1<<20, size)))
	if want := (2 << 20) / uint32(size+ipcwire.HeaderSize); taken != want {
		t.Fatalf("%d callbacks taken, the bound allows %d", taken, want)
	}
	pending := binary.LittleEndian.Uint32(call(t, slow, opPending, nil))
	if pending == 0 || pending >= taken*(size+ipcwire.HeaderSize) {
		t.Fatalf("%d bytes pending: the kernel took nothing, or all", pending)
	}
	// A slow reader is no work: the loop wakes up for what the other one asks, and
	// sleeps. That is counted, because time depends on the machine.
	var before, after uint64
	r.on(func() { before = r.l.Stats().Wakeups })
	for range 100 {
		call(t, other, opEcho, []byte("not slowed"))
	}
	r.on(func() { after = r.l.Stats().Wakeups })
	if n := after - before; n > 1000 {
		t.Fatalf("%d wake-ups for 100 requests of another client", n)
	}
	st := r.stats()
	if st.QueueFull == 0 || st.OutputMemory > 2<<20+2*largeChunk {
		t.Fatalf("%+v", st)
	}
	for i := range taken {
		cb, err := wait.Callback(slow, patience)
		if err != ipcwire.OK || len(cb.Body) != size || binary.LittleEndian.Uint32(cb.Body) != i {
			t.Fatalf("callback %d: %v %d", i, err, len(cb.Body))
		}
	}
	if got := binary.LittleEndian.Uint32(call(t, slow, opPending, nil)); got != 0 {
		t.Fatalf("%d bytes pending in the end", got)
	}
}

func TestAServiceMayChooseTheBoundOfAConnection(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	r.on(func() {
		for _, o := range r.f.live {
			o.(interface{ SetNotifyLimit(int) }).SetNotifyLimit(1) // raised to one frame
		}
	})
	if n := binary.LittleEndian.Uint32(call(t, c, opNotify, u32s(100, 1<<20))); n != 1 {
		t.Fatalf("%d callbacks taken", n)
	}
}

func TestResponsesToNothingAndSecondResponsesAreDropped(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	call(t, c, opTwice, nil)
	call(t, c, opTwice, nil)
	if st := r.stats(); st.Stray != 2 || st.Responses != 2 {
		t.Fatalf("%+v", st)
	}
}

func TestAnAnswerTheProtocolCannotCarryIsAnError(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	if err, _ := wait.Call(c, patience, opBig, u32s(ipcwire.MaxFrame)); err != ipcwire.ErrNoResources {
		t.Fatal(err)
	}
	if got := call(t, c, opBig, u32s(ipcwire.MaxFrame-ipcwire.HeaderSize)); len(got) != ipcwire.MaxFrame-ipcwire.HeaderSize {
		t.Fatal(len(got))
	}
}

func TestARefusedInitSaysWhyAndHasNoExit(t *testing.T) {
	r := newRig(t, func(_ *Config, f *fake) { f.initErr = ipcwire.ErrVersion })
	if _, err := wait.Dial(r.options(""), patience); err != ipcwire.ErrVersion {
		t.Fatal(err)
	}
	eventually(t, "the end", func() bool { return r.stats().Connections == 0 })
	if r.f.exits.Load() != 0 || r.stats().ByReason[RefusedService] != 1 {
		t.Fatal("exit without init")
	}
}

func TestTheExitOfOneConnectionMayEndAnother(t *testing.T) {
	r := newRig(t, nil)
	a, b := r.dial(), r.dial()
	r.on(func() {
		r.f.onExit = func(service.Conn) {
			for _, o := range r.f.live {
				o.Disconnect("its partner left")
			}
		}
	})
	a.Shutdown()
	if _, err := wait.Callback(b, patience); err != ipcwire.ErrLibrary {
		t.Fatal(err)
	}
	eventually(t, "both exits", func() bool { return r.f.exits.Load() == 2 })
}

func TestNothingIsAllocatedPerRequestAndPerCallback(t *testing.T) {
	r := newRig(t, nil)
	c := r.dial()
	body := []byte("0123456789abcdef")
	payload := make([]byte, 3000)
	round := func() {
		if err := c.Start(opSum, body, payload); err != ipcwire.OK {
			t.Fatal(err)
		}
		if err, _ := wait.Finish(c, patience); err != ipcwire.OK {
			t.Fatal(err)
		}
		if err, _ := wait.Call(c, patience, opNotifyAll, body, payload); err != ipcwire.OK {
			t.Fatal(err)
		}
		if cb, err := wait.Callback(c, patience); err != ipcwire.OK || len(cb.Body) != len(body)+len(payload) {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Fatalf("%v allocations for two requests and a callback", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, size := range []int{16, 1000, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := newRig(b, nil)
			c := r.dial()
			payload := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				call(b, c, opSum, nil, payload)
			}
		})
	}
}
