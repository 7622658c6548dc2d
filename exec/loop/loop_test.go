package loop

import (
	"math/rand"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func newLoop(t testing.TB) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func pair(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fds[0], fds[1]
}

func write1(t testing.TB, fd int) {
	t.Helper()
	if _, err := unix.Write(fd, []byte{1}); err != nil {
		t.Fatal(err)
	}
}

func read1(fd int) {
	var b [16]byte
	unix.Read(fd, b[:])
}

// once runs one batch without sleeping.
func once(t testing.TB, l *Loop) {
	t.Helper()
	n, err := l.poll()
	if err != nil {
		t.Fatal(err)
	}
	l.batch(n)
}

// guard stops a loop that hangs.
func guard(t *testing.T, l *Loop) {
	t.Helper()
	w := time.AfterFunc(10*time.Second, func() { t.Error("the loop did not stop by itself"); l.Stop() })
	t.Cleanup(func() { w.Stop() })
}

func TestReadyDescriptorCallsItsHandlerUntilRemoved(t *testing.T) {
	l := newLoop(t)
	a, b := pair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	calls := 0
	if err := l.Add(a, Readable, HandlerFunc(func(ev uint32) {
		if ev&Readable == 0 {
			t.Errorf("events %#x", ev)
		}
		calls++
		read1(a)
	})); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(a, Readable, HandlerFunc(func(uint32) {})); err == nil {
		t.Fatal("a descriptor was registered twice")
	}
	once(t, l)
	write1(t, b)
	once(t, l)
	once(t, l)
	if calls != 1 {
		t.Fatalf("%d calls, want 1", calls)
	}
	if err := l.Mod(a, Readable|Writable); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(a); err != nil {
		t.Fatal(err)
	}
	if l.Remove(a) == nil || l.Mod(a, Readable) == nil {
		t.Fatal("an unregistered descriptor was removed or modified")
	}
	write1(t, b)
	once(t, l)
	if calls != 1 {
		t.Fatal("called after Remove")
	}
}

func TestEventOfARemovedDescriptorIsNotDeliveredToTheNextOwnerOfItsNumber(t *testing.T) {
	l := newLoop(t)
	a, b := pair(t)
	c, d := pair(t)
	defer unix.Close(b)
	defer unix.Close(d)
	var reused []int
	fresh := 0
	h := func(own, other int) Handler {
		return HandlerFunc(func(uint32) {
			// Whichever comes first removes the other, closes it, and gives its
			// number to a new socket that has nothing to read.
			if err := l.Remove(other); err != nil {
				t.Fatal(err)
			}
			unix.Close(other)
			x, y := pair(t)
			if x != other {
				if err := unix.Dup3(x, other, unix.O_CLOEXEC); err != nil {
					t.Fatal(err)
				}
				unix.Close(x)
			}
			reused = append(reused, other, y)
			if err := l.Add(other, Readable, HandlerFunc(func(uint32) { fresh++ })); err != nil {
				t.Fatal(err)
			}
			read1(own)
		})
	}
	if err := l.Add(a, Readable, h(a, c)); err != nil {
		t.Fatal(err)
	}
	if err := l.Add(c, Readable, h(c, a)); err != nil {
		t.Fatal(err)
	}
	write1(t, b)
	write1(t, d)
	once(t, l)
	if fresh != 0 || len(reused) != 2 {
		t.Fatalf("new owner got %d events of the old one", fresh)
	}
	if l.Stats().Stale != 1 {
		t.Fatalf("stale %d, want 1", l.Stats().Stale)
	}
	write1(t, reused[1])
	once(t, l)
	if fresh != 1 {
		t.Fatal("the new owner's own event did not arrive")
	}
}

func TestDueTimersRunBeforePostsPostsBeforeSocketsFirstSocketsBeforeOthersHooksLast(t *testing.T) {
	l := newLoop(t)
	var order []string
	note := func(s string) func() { return func() { order = append(order, s) } }
	a, b := pair(t)
	c, d := pair(t)
	for _, fd := range []int{a, b, c, d} {
		defer unix.Close(fd)
	}
	l.Add(a, Readable, HandlerFunc(func(uint32) { read1(a); note("socket")() }))
	l.AddFirst(c, Readable, HandlerFunc(func(uint32) { read1(c); note("first socket")() }))
	l.AfterBatch(note("hook 1"))
	cancel := l.AfterBatch(note("cancelled"))
	l.AfterBatch(note("hook 2"))
	cancel()
	write1(t, b)
	write1(t, d)
	l.At(l.Now()+time.Hour, note("not due"))
	l.At(l.Now(), note("timer"))
	l.Post(note("post"))
	once(t, l)
	want := []string{"timer", "post", "first socket", "socket", "hook 1", "hook 2"}
	if !slices.Equal(order, want) {
		t.Fatalf("got  %v\nwant %v", order, want)
	}
}

func TestTimersRunInOrderOfTimeThenOfSetting(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for round := 0; round < 50; round++ {
		l := newLoop(t)
		type want struct {
			at time.Duration
			n  int
		}
		var got, exp []want
		var tms []*Timer
		n := 0
		for i := 0; i < 200; i++ {
			w := want{at: l.Now() + time.Duration(rnd.Intn(20)), n: i}
			tms = append(tms, nil)
			idx := i
			at := w.at
			tms[i] = l.NewTimer(func() { got = append(got, want{at, idx}) })
			tms[i].Reset(w.at)
		}
		stopped := map[int]bool{}
		for i := 0; i < 60; i++ {
			k := rnd.Intn(200)
			if tms[k].Stop() == stopped[k] {
				t.Fatal("Stop tells wrong")
			}
			stopped[k] = true
		}
		for i, tm := range tms {
			if at, ok := tm.Set(); ok != !stopped[i] {
				t.Fatal("Set tells wrong")
			} else if ok {
				exp = append(exp, want{at, i})
				n++
			}
		}
		slices.SortStableFunc(exp, func(a, b want) int { return int(a.at - b.at) })
		for l.Refresh() < exp[len(exp)-1].at {
		}
		l.runTimers()
		if !slices.Equal(got, exp) {
			t.Fatalf("round %d: wrong order", round)
		}
	}
}

func TestATimerResetInItsOwnCallGivesSocketsATurnAndHidesNoOtherTimer(t *testing.T) {
	l := newLoop(t)
	runs, other := 0, false
	var self *Timer
	self = l.NewTimer(func() { runs++; l.Refresh(); self.Reset(0) })
	self.Reset(0)
	l.At(l.Now(), func() { other = true })
	once(t, l)
	if runs != 1 || !other {
		t.Fatalf("self ran %d times, other ran: %v", runs, other)
	}
	once(t, l)
	if runs != 2 {
		t.Fatalf("%d runs after two batches", runs)
	}
}

func TestRunSleepsUntilATimerIsDueAndNotMuchLonger(t *testing.T) {
	for _, old := range []bool{false, true} {
		l := newLoop(t)
		l.noPwait2 = old
		guard(t, l)
		begin := time.Now()
		const d = 3500 * time.Microsecond
		l.At(l.Refresh()+d, l.Stop)
		if err := l.Run(); err != nil {
			t.Fatal(err)
		}
		if e := time.Since(begin); e < d {
			t.Fatalf("returned after %v", e)
		}
		// Go interrupts the wait where the machine is busy; a loop that does not sleep
		// wakes up some thousand times.
		if w := l.Stats().Wakeups; w > 20 {
			t.Fatalf("%d wake-ups for one timer", w)
		}
	}
}

func TestSpinningStillKeepsTimersAndPosts(t *testing.T) {
	l := newLoop(t)
	l.SetSpin(300 * time.Microsecond)
	guard(t, l)
	n := 0
	var tick *Timer
	tick = l.NewTimer(func() {
		if n++; n == 20 {
			go l.Post(l.Stop)
			return
		}
		tick.Reset(l.Now() + time.Millisecond)
	})
	tick.Reset(0)
	if err := l.Run(); err != nil || n != 20 {
		t.Fatal(n, err)
	}
}

func TestEveryPostFromManyGoroutinesIsRunOnceAndInOrderPerPoster(t *testing.T) {
	l := newLoop(t)
	guard(t, l)
	const posters, each = 8, 2000
	var next [posters]int
	total := 0
	var wg sync.WaitGroup
	for p := 0; p < posters; p++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 0; i < each; i++ {
				l.Post(func() {
					if next[p] != i {
						t.Errorf("poster %d: %d before %d", p, i, next[p])
					}
					next[p]++
					if total++; total == posters*each {
						l.Stop()
					}
				})
			}
		}()
	}
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if total != posters*each {
		t.Fatalf("%d of %d", total, posters*each)
	}
}

func TestAPostBetweenTheWakeUpAndItsEventStillWakes(t *testing.T) {
	l := newLoop(t)
	ran := 0
	l.Post(func() { ran++ })
	// The hook stands for another goroutine: it posts after the posts of this
	// batch were taken; the eventfd's event of this batch is dispatched by then.
	a, b := pair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	write1(t, b)
	l.AddFirst(a, Readable, HandlerFunc(func(uint32) { read1(a); l.Post(func() { ran++ }) }))
	once(t, l)
	n, err := l.poll()
	if err != nil || n != 1 {
		t.Fatalf("%d ready, want the eventfd: %v", n, err)
	}
	l.batch(n)
	if ran != 2 {
		t.Fatalf("%d posts ran", ran)
	}
	if n, _ := l.poll(); n != 0 {
		t.Fatal("the eventfd stays readable with nothing posted")
	}
}

func TestSignalsInterruptingTheWaitDoNotEndTheLoop(t *testing.T) {
	l := newLoop(t)
	guard(t, l)
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGUSR1)
	defer signal.Stop(sig)
	var tid atomic.Int64
	l.Post(func() { tid.Store(int64(unix.Gettid())) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tid.Load() == 0 {
			time.Sleep(100 * time.Microsecond)
		}
		for i := 0; i < 200; i++ {
			unix.Tgkill(os.Getpid(), int(tid.Load()), unix.SIGUSR1)
			time.Sleep(50 * time.Microsecond)
		}
		l.Stop()
	}()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestStopBeforeRunReturnsAtOnce(t *testing.T) {
	l := newLoop(t)
	l.Stop()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	if l.Close() != nil || l.Close() == nil {
		t.Fatal("the second Close must say so")
	}
	l.Post(func() {}) // after Close: nothing to wake, nothing breaks
}

func TestKickMakesTheNextWaitReturnAtOnce(t *testing.T) {
	l := newLoop(t)
	guard(t, l)
	n := 0
	l.AfterBatch(func() {
		if n++; n == 5 {
			l.Stop()
			return
		}
		l.Kick()
	})
	l.Kick()
	if err := l.Run(); err != nil || n != 5 {
		t.Fatal(n, err)
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	l := newLoop(t)
	a, b := pair(t)
	defer unix.Close(a)
	defer unix.Close(b)
	l.Add(a, Readable, HandlerFunc(func(uint32) { read1(a) }))
	l.AfterBatch(func() {})
	fired := 0
	tm := l.NewTimer(func() { fired++ })
	far := l.At(l.Now()+time.Hour, func() {})
	post := func() {}
	one := []byte{1}
	if n := testing.AllocsPerRun(500, func() {
		unix.Write(b, one)
		tm.Reset(l.Now())
		far.Reset(l.Now() + time.Hour)
		l.Post(post)
		n, err := l.wait()
		if err != nil {
			t.Fatal(err)
		}
		l.batch(n)
		tm.Reset(l.Refresh() + 50*time.Microsecond)
		n, _ = l.wait() // this one sleeps
		l.batch(n)
	}); n != 0 {
		t.Fatalf("%v allocations per turn", n)
	}
	if fired < 900 {
		t.Fatalf("timer fired %d times", fired)
	}
}

// A turn of the loop: one byte written to a socket pair, waited for, read.
func BenchmarkTurn(b *testing.B) {
	l := newLoop(b)
	x, y := pair(b)
	defer unix.Close(x)
	defer unix.Close(y)
	l.Add(x, Readable, HandlerFunc(func(uint32) { read1(x) }))
	one := []byte{1}
	b.ReportAllocs()
	for b.Loop() {
		unix.Write(y, one)
		n, _ := l.wait()
		l.batch(n)
	}
}
