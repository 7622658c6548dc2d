package ipc

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
)

// sleep waits for the answer as a library does that looks no longer, and not for ever.
func (a *asker) sleep(seq uint32) unix.Errno {
	const futexWait = 0
	a.m.store(ipcwire.AskSleeps, 1)
	defer a.m.store(ipcwire.AskSleeps, 0)
	end := time.Now().Add(patience)
	for {
		if a.m.load(ipcwire.AskWatch) != seq {
			return 0
		}
		left := unix.NsecToTimespec(int64(max(time.Until(end), 1)))
		_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(a.m.word(ipcwire.AskWatch))), futexWait,
			uintptr(seq), uintptr(unsafe.Pointer(&left)), 0, 0)
		if errno != 0 && errno != unix.EINTR && errno != unix.EAGAIN {
			return errno
		}
	}
}

// sleeper starts a thread that sleeps until the answer to the next request, and
// returns once it does.
func (a *asker) sleeper() (woken <-chan unix.Errno) {
	a.t.Helper()
	seq := a.seq + 1
	a.m.store(ipcwire.AskWatch, seq)
	tid, ch := make(chan int, 1), make(chan unix.Errno, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		tid <- unix.Gettid()
		ch <- a.sleep(seq)
	}()
	stat := fmt.Sprintf("/proc/self/task/%d/stat", <-tid)
	eventually(a.t, "a thread asleep", func() bool {
		text, err := os.ReadFile(stat)
		if err != nil {
			a.t.Fatal(err)
		}
		return bytes.Contains(text, []byte(") S ")) && a.m.load(ipcwire.AskSleeps) == 1
	})
	return ch
}

// wakes fails unless the thread was woken.
func wakes(t testing.TB, woken <-chan unix.Errno) {
	t.Helper()
	if errno := <-woken; errno != 0 {
		t.Fatalf("nobody woke who slept until the answer: %v", errno)
	}
}

func TestALibraryThatSleepsIsWokenByItsAnswer(t *testing.T) {
	r := newRig(t, nil)
	a, other := r.asker(), r.dial()
	for range 20 {
		woken := a.sleeper()
		a.put(opHold, nil)
		a.post()
		eventually(t, "the request to be held", func() (held bool) {
			r.on(func() { held = len(r.f.held) == 1 })
			return held
		})
		call(t, other, opRelease, nil)
		wakes(t, woken)
		if h, body := a.taken(); h.Error != ipcwire.ErrNotExist || string(body) != "late" {
			t.Fatalf("%+v %q", h, body)
		}
	}
	if st := r.stats(); st.Answered != 20 {
		t.Errorf("%d answers in memory", st.Answered)
	}
}

func TestALibraryThatSleepsIsWokenForAnAnswerThatIsTooLarge(t *testing.T) {
	r := newRig(t, nil)
	a := r.asker()
	woken := a.sleeper()
	a.put(opBig, u32s(ipcwire.AskArea))
	a.post()
	wakes(t, woken)
	if aside := a.m.load(ipcwire.AskAside); aside != a.seq {
		t.Errorf("not in memory is %d, not %d", aside, a.seq)
	}
	if h, body := a.onSocket(); h.Seq != a.seq || len(body) != ipcwire.AskArea {
		t.Fatalf("%+v", h)
	}
}

func TestALibraryThatSleepsIsWokenByTheEndOfItsConnection(t *testing.T) {
	for what, end := range map[string]func(*rig, *asker){
		"by its service": func(_ *rig, a *asker) {
			a.put(opDisconnect, nil)
			a.post()
		},
		"by its mistake": func(_ *rig, a *asker) {
			a.put(opEcho, nil)
			a.m.store(ipcwire.AskPosted, a.seq+1)
			a.kick()
		},
		"with the executive": func(r *rig, a *asker) {
			a.seq++
			r.stop()
		},
	} {
		t.Run(what, func(t *testing.T) {
			r := newRig(t, nil)
			a := r.asker()
			woken := a.sleeper()
			end(r, a)
			wakes(t, woken)
			if aside := a.m.load(ipcwire.AskAside); aside != a.seq {
				t.Errorf("not in memory is %d, not %d", aside, a.seq)
			}
			a.ended()
		})
	}
}
