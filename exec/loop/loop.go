// The reactor itself: descriptors, posting, hooks and the wait. Owns the epoll
// and eventfd descriptors; never owns or closes a descriptor given to Add.

package loop

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Events for Add and Mod. Readiness is level triggered unless EdgeTriggered is
// given. Error and HangUp are reported whether asked for or not.
const (
	Readable      uint32 = unix.EPOLLIN
	Writable      uint32 = unix.EPOLLOUT
	PeerClosed    uint32 = unix.EPOLLRDHUP
	Error         uint32 = unix.EPOLLERR
	HangUp        uint32 = unix.EPOLLHUP
	EdgeTriggered uint32 = unix.EPOLLET
)

// maxEvents is how many ready descriptors one wake-up takes; the rest is ready
// at the next.
const maxEvents = 256

// Handler is called with the ready events of a descriptor.
type Handler interface {
	HandleEvent(events uint32)
}

// HandlerFunc makes a function a Handler.
type HandlerFunc func(events uint32)

// HandleEvent calls f.
func (f HandlerFunc) HandleEvent(events uint32) { f(events) }

// slot is what is registered for a descriptor number. gen is stored in the
// kernel beside the descriptor and compared on delivery, so that an event of an
// earlier owner of the same number is recognized.
type slot struct {
	h     Handler
	gen   uint32
	first bool
}

// Stats are counters since New.
type Stats struct {
	Wakeups      uint64        // returns from the wait
	Events       uint64        // handler calls
	Stale        uint64        // events dropped because their descriptor was removed meanwhile
	Timers       uint64        // timer calls
	Posts        uint64        // posted functions called
	LongestBatch time.Duration // longest time from a wake-up to the next wait
}

// Loop is one reactor.
type Loop struct {
	epfd, wakefd int
	start        time.Time
	now          time.Duration
	slots        []slot
	events       [maxEvents]unix.EpollEvent
	timers       timerHeap
	turn         *Timer // of Turn
	hooks        []*hook
	sleepHooks   []*sleepHook
	spin         time.Duration
	kicked       bool
	noPwait2     bool
	traffic      bool // the last wait ended with a ready descriptor, and the scheduler may be kept out
	procs        int  // processors that goroutines of this program may use
	ts           kernelTimespec
	stats        Stats

	stopped atomic.Bool
	woken   atomic.Bool // the eventfd is readable; changed under mu

	mu     sync.Mutex
	posted []func()
	spare  []func()
}

type hook struct{ f func() }

// loops is how many there are in this process.
var loops atomic.Int32

// New returns a loop that is ready for Add, At and Post. Close it after Run.
func New() (*Loop, error) {
	epfd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	wakefd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		unix.Close(epfd)
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	l := &Loop{epfd: epfd, wakefd: wakefd, start: time.Now(), procs: runtime.GOMAXPROCS(0)}
	loops.Add(1)
	if err := l.AddFirst(wakefd, Readable, HandlerFunc(func(uint32) {})); err != nil {
		l.Close()
		return nil, err
	}
	l.Refresh()
	return l, nil
}

// Close releases the loop's own descriptors. Call it after Run has returned, or
// when Run will never be called. Descriptors given to Add stay open.
func (l *Loop) Close() error {
	if l.epfd < 0 {
		return os.ErrClosed
	}
	loops.Add(-1)
	l.mu.Lock() // a late Post must not write to a closed (perhaps reused) number
	defer l.mu.Unlock()
	err := errors.Join(unix.Close(l.epfd), unix.Close(l.wakefd))
	l.epfd, l.wakefd = -1, -1
	return err
}

// Now is the monotonic time since New, read once per wake-up.
func (l *Loop) Now() time.Duration { return l.now }

// Refresh reads the clock again, for a handler that has worked for long.
func (l *Loop) Refresh() time.Duration {
	l.now = time.Since(l.start)
	return l.now
}

// Stats returns the counters.
func (l *Loop) Stats() Stats { return l.stats }

// SetSpin makes the loop poll for up to d before it sleeps. It buys the wake-up
// latency of a sleeping thread for a busy core; the default, 0, never spins.
func (l *Loop) SetSpin(d time.Duration) { l.spin = max(d, 0) }

// Add registers fd for events; h is called when they are ready. A number that is
// registered already is refused: Remove comes before the close of a descriptor.
func (l *Loop) Add(fd int, events uint32, h Handler) error {
	return l.add(fd, events, h, false)
}

// AddFirst is Add for descriptors that are served before all others of a
// wake-up: the ring's sockets, which must not wait behind busy clients.
func (l *Loop) AddFirst(fd int, events uint32, h Handler) error {
	return l.add(fd, events, h, true)
}

func (l *Loop) add(fd int, events uint32, h Handler, first bool) error {
	if fd < 0 || h == nil {
		return fmt.Errorf("loop: add descriptor %d: %w", fd, unix.EBADF)
	}
	if fd >= len(l.slots) {
		l.slots = append(l.slots, make([]slot, fd+1-len(l.slots))...)
	}
	s := &l.slots[fd]
	if s.h != nil {
		return fmt.Errorf("loop: add descriptor %d: %w", fd, unix.EEXIST)
	}
	s.gen++
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(s.gen)}
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("loop: add descriptor %d: %w", fd, err)
	}
	s.h, s.first = h, first
	return nil
}

// Mod changes the events that fd is registered for.
func (l *Loop) Mod(fd int, events uint32) error {
	if !l.Registered(fd) {
		return fmt.Errorf("loop: modify descriptor %d: %w", fd, unix.ENOENT)
	}
	ev := unix.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(l.slots[fd].gen)}
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_MOD, fd, &ev); err != nil {
		return fmt.Errorf("loop: modify descriptor %d: %w", fd, err)
	}
	return nil
}

// Registered reports whether fd is registered.
func (l *Loop) Registered(fd int) bool {
	return fd >= 0 && fd < len(l.slots) && l.slots[fd].h != nil
}

// Remove forgets fd. It is safe inside any handler, for any descriptor: an event
// that is already waiting for fd in the same batch is dropped, even if the
// number is closed, reused and added again before its turn comes.
func (l *Loop) Remove(fd int) error {
	if !l.Registered(fd) {
		return fmt.Errorf("loop: remove descriptor %d: %w", fd, unix.ENOENT)
	}
	s := &l.slots[fd]
	s.h, s.first = nil, false
	s.gen++
	if err := unix.EpollCtl(l.epfd, unix.EPOLL_CTL_DEL, fd, nil); err != nil {
		return fmt.Errorf("loop: remove descriptor %d: %w", fd, err)
	}
	return nil
}

// Post has f called on the loop's goroutine. Any goroutine may call it. A
// function posted after the loop has stopped is never called.
func (l *Loop) Post(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.posted = append(l.posted, f)
	l.wake()
}

// Stop makes Run return after the batch that is being handled. Any goroutine may
// call it, before Run too.
func (l *Loop) Stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopped.Store(true)
	l.wake()
}

// wake makes the wait return. The caller holds mu, which keeps Close away.
func (l *Loop) wake() {
	if l.wakefd < 0 || l.woken.Swap(true) {
		return
	}
	one := uint64(1)
	for {
		_, err := unix.Write(l.wakefd, (*[8]byte)(unsafe.Pointer(&one))[:])
		if err != unix.EINTR {
			return // EAGAIN: the counter is full, so the descriptor is readable
		}
	}
}

// runPosted calls what was posted up to now. What these functions post is
// called at the next wake-up, which is at once. The eventfd is emptied here, not
// where its event is dispatched, and under mu: a Post in between must leave it
// readable.
func (l *Loop) runPosted() {
	if !l.woken.Load() {
		return
	}
	l.mu.Lock()
	var buf [8]byte
	for {
		if _, err := unix.Read(l.wakefd, buf[:]); err != unix.EINTR {
			break
		}
	}
	l.woken.Store(false)
	fs := l.posted
	l.posted = l.spare[:0]
	l.mu.Unlock()
	for i, f := range fs {
		fs[i] = nil
		l.stats.Posts++
		f()
	}
	l.spare = fs[:0]
}

// AfterBatch has f called at the end of every batch. The returned function
// unregisters it (not while hooks run).
func (l *Loop) AfterBatch(f func()) (cancel func()) {
	h := &hook{f}
	l.hooks = append(l.hooks, h)
	return func() {
		for i, o := range l.hooks {
			if o == h {
				l.hooks = append(l.hooks[:i:i], l.hooks[i+1:]...)
				return
			}
		}
	}
}

type sleepHook struct{ f func() bool }

// BeforeSleep has f called whenever the loop is about to sleep. false: there is
// work, the loop goes through another batch instead. It is for work that no
// descriptor tells of. The returned function unregisters it.
func (l *Loop) BeforeSleep(f func() bool) (cancel func()) {
	h := &sleepHook{f}
	l.sleepHooks = append(l.sleepHooks, h)
	return func() {
		for i, o := range l.sleepHooks {
			if o == h {
				l.sleepHooks = append(l.sleepHooks[:i:i], l.sleepHooks[i+1:]...)
				return
			}
		}
	}
}

// maySleep asks everybody.
func (l *Loop) maySleep() bool {
	for _, h := range l.sleepHooks {
		if !h.f() {
			return false
		}
	}
	return true
}

// Coarse tells whether short timers are late by up to a millisecond, because the
// kernel or a container has no finer wait.
func (l *Loop) Coarse() bool { return l.noPwait2 }

// SetCoarse has the loop wait as on such a kernel. It is for tests.
func (l *Loop) SetCoarse() { l.noPwait2 = true }

// Kick makes the next wait return at once: for a hook, or a timer, that made
// work which a hook before it would have to see.
func (l *Loop) Kick() { l.kicked = true }

// Run serves the loop until Stop. It locks the calling goroutine to its thread.
func (l *Loop) Run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Timers of microseconds are meant: the kernel's habit is to let 50 pass. A
	// refusal only makes them late.
	_, _, _ = unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 1, 0)
	for !l.stopped.Load() {
		n, err := l.wait()
		if err != nil {
			return fmt.Errorf("loop: epoll_wait: %w", err)
		}
		l.batch(n)
	}
	return nil
}

// Turn waits at most for (negative: without limit) and handles one batch. It is
// what Run does again and again, for a caller that has its own condition to end.
func (l *Loop) Turn(wait time.Duration) error {
	if wait >= 0 {
		if l.turn == nil {
			l.turn = l.NewTimer(func() {})
		}
		l.turn.Reset(l.Refresh() + wait)
		defer l.turn.Stop()
	}
	n, err := l.wait()
	if err != nil {
		return fmt.Errorf("loop: epoll_wait: %w", err)
	}
	l.batch(n)
	return nil
}

// batch is one wake-up with n ready descriptors, in the order of the package
// comment.
func (l *Loop) batch(n int) {
	l.stats.Wakeups++
	began := l.Refresh()
	l.runTimers()
	l.runPosted()
	for _, first := range [2]bool{true, false} {
		for i := range l.events[:n] {
			l.dispatch(&l.events[i], first)
		}
	}
	for _, h := range l.hooks {
		h.f()
	}
	if d := time.Since(l.start) - began; d > l.stats.LongestBatch {
		l.stats.LongestBatch = d
	}
}

// dispatch calls the handler of ev if it belongs to the pass. A delivered event
// is cleared so that the second pass does not see it again.
func (l *Loop) dispatch(ev *unix.EpollEvent, first bool) {
	if ev.Events == 0 {
		return
	}
	s := &l.slots[ev.Fd]
	if s.h == nil || s.gen != uint32(ev.Pad) {
		ev.Events = 0
		l.stats.Stale++
		return
	}
	if s.first != first {
		return
	}
	events := ev.Events
	ev.Events = 0
	l.stats.Events++
	s.h.HandleEvent(events)
}

// wait sleeps until a descriptor is ready or the next timer is due and returns
// how many descriptors are ready.
func (l *Loop) wait() (int, error) {
	timeout := l.sleepFor()
	if timeout != 0 && l.spin > 0 {
		end := time.Since(l.start) + l.spin
		if timeout > 0 {
			end = min(end, l.now+timeout)
		}
		for {
			n, err := l.poll()
			if n != 0 || err != nil {
				return n, err
			}
			if time.Since(l.start) >= end {
				break
			}
		}
		timeout = l.sleepFor()
	}
	if timeout == 0 || !l.maySleep() {
		return l.poll()
	}
	return l.sleep(timeout)
}

// sleepFor is how long the wait may last: 0 not at all, negative for ever.
func (l *Loop) sleepFor() time.Duration {
	if l.kicked {
		l.kicked = false
		return 0
	}
	if l.timers.len() == 0 {
		return -1
	}
	return max(l.timers.min()-l.Refresh(), 0)
}

// poll asks for ready descriptors without sleeping. The raw call skips the Go
// scheduler's bookkeeping, which only a call that may sleep needs.
func (l *Loop) poll() (int, error) {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epfd),
			uintptr(unsafe.Pointer(&l.events[0])), maxEvents, 0, 0, 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// kernelTimespec is __kernel_timespec: 64 bits each on every architecture.
type kernelTimespec struct{ sec, nsec int64 }

// brisk is how long the wait keeps the Go scheduler out once there was traffic. A
// wait that it knows of has its monitor look every 20 us whether the processor
// can be given to others, and take it away, and give it back: on a small machine
// that costs more than the traffic, and an idle ring whose token moves now and
// then is slow to wake. A longer wait is for the scheduler to know, and any wait
// when loops could hold every processor and other goroutines had none.
const brisk = 150 * time.Millisecond

// sleep waits for timeout (negative: for ever). epoll_pwait2 has nanoseconds;
// before Linux 5.11 the timeout is rounded up to milliseconds. After EINTR it
// returns with no descriptor: the caller computes the timeout anew.
func (l *Loop) sleep(timeout time.Duration) (int, error) {
	if l.noPwait2 {
		return l.sleepCoarse(timeout)
	}
	if l.traffic {
		short := brisk
		if timeout >= 0 {
			short = min(timeout, brisk)
		}
		n, errno := l.pwait2(short, true)
		if n > 0 || errno != 0 || short == timeout {
			return l.slept(n, errno, timeout)
		}
		l.traffic = false
		if timeout >= 0 {
			timeout -= short
		}
	}
	n, errno := l.pwait2(timeout, false)
	l.traffic = n > 0 && int(loops.Load()) < l.procs
	return l.slept(n, errno, timeout)
}

func (l *Loop) slept(n int, errno unix.Errno, timeout time.Duration) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case unix.EINTR:
		return 0, nil
	case unix.ENOSYS, unix.EPERM: // an old kernel, or a container's call filter
		l.noPwait2 = true
		return l.sleepCoarse(timeout)
	}
	return 0, errno
}

// pwait2 waits; raw: without a word to the scheduler, which can still stop the
// goroutine: its signal ends the wait.
func (l *Loop) pwait2(timeout time.Duration, raw bool) (int, unix.Errno) {
	var p unsafe.Pointer
	if timeout >= 0 {
		l.ts = kernelTimespec{int64(timeout / time.Second), int64(timeout % time.Second)}
		p = unsafe.Pointer(&l.ts)
	}
	var n uintptr
	var errno unix.Errno
	if raw {
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epfd),
			uintptr(unsafe.Pointer(&l.events[0])), maxEvents, uintptr(p), 0, 0)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epfd),
			uintptr(unsafe.Pointer(&l.events[0])), maxEvents, uintptr(p), 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (l *Loop) sleepCoarse(timeout time.Duration) (int, error) {
	ms := -1
	if timeout >= 0 {
		ms = int(min((timeout+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
	}
	n, err := unix.EpollWait(l.epfd, l.events[:], ms)
	if err == unix.EINTR {
		return 0, nil
	}
	return n, err
}
