// Watching processes that are not this process' children: a pidfd in the loop tells
// of the end, the kernel or the keeper how it was.

package proc

import (
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

// End is how a watched process ended.
type End struct {
	Known  bool // whether the rest is
	Code   int
	Signal int
}

// reapWait is how long an ended process' status is waited for: it is told when its
// parent has taken it.
const reapWait = 200 * time.Millisecond

// Watcher watches processes on a loop.
type Watcher struct {
	l    *loop.Loop
	list map[int][]*watch // by pid
}

// NewWatcher returns a watcher without processes.
func NewWatcher(l *loop.Loop) *Watcher { return &Watcher{l: l, list: map[int][]*watch{}} }

type watch struct {
	w     *Watcher
	pid   int
	fd    int
	ended func(End)
	timer *loop.Timer
}

// Watch has ended called when a process has ended. The error is ESRCH when there is
// no such process. stop ends the watching; it may be called at any time.
func (w *Watcher) Watch(pid int, ended func(End)) (stop func(), err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, err
	}
	x := &watch{w: w, pid: pid, fd: fd, ended: ended}
	if err := w.l.Add(fd, loop.Readable, x); err != nil {
		unix.Close(fd)
		return nil, err
	}
	w.list[pid] = append(w.list[pid], x)
	return x.close, nil
}

// Close ends all watching.
func (w *Watcher) Close() {
	for _, l := range w.list {
		for _, x := range append([]*watch(nil), l...) {
			x.close()
		}
	}
}

// Told takes what the keeper says of a process that it was the parent of.
func (w *Watcher) Told(pid int, r Result) {
	for _, x := range append([]*watch(nil), w.list[pid]...) {
		x.end(End{Known: true, Code: r.Code, Signal: r.Signal})
	}
}

func (x *watch) close() {
	if x.fd < 0 {
		return
	}
	_ = x.w.l.Remove(x.fd)
	unix.Close(x.fd)
	x.fd = -1
	if x.timer != nil {
		x.timer.Stop()
	}
	l := x.w.list[x.pid]
	for i := range l {
		if l[i] == x {
			x.w.list[x.pid] = append(l[:i:i], l[i+1:]...)
			break
		}
	}
	if len(x.w.list[x.pid]) == 0 {
		delete(x.w.list, x.pid)
	}
}

func (x *watch) end(e End) {
	if x.fd >= 0 {
		x.close()
		x.ended(e)
	}
}

// HandleEvent is called when the process has ended, and again when it was reaped.
func (x *watch) HandleEvent(events uint32) {
	if e, ok := exitOf(x.fd); ok || events&loop.HangUp != 0 {
		x.end(e)
		return
	}
	if x.timer == nil {
		_ = x.w.l.Mod(x.fd, 0) // its hang-up is told all the same
		x.timer = x.w.l.At(x.w.l.Now()+reapWait, func() { e, _ := exitOf(x.fd); x.end(e) })
	}
}

// pidfdInfo is struct pidfd_info of linux/pidfd.h, first version.
type pidfdInfo struct {
	mask, cgroup                                                      uint64
	pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid uint32
	exitCode                                                          int32
}

const (
	pidfdGetInfo  = 0xc040ff0b // PIDFD_GET_INFO
	pidfdInfoExit = 1 << 3     // PIDFD_INFO_EXIT, since Linux 6.15
)

// exitOf asks the kernel for the exit status of a process that was reaped.
func exitOf(fd int) (e End, ok bool) {
	info := pidfdInfo{mask: pidfdInfoExit}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), pidfdGetInfo, uintptr(unsafe.Pointer(&info)))
	if errno != 0 || info.mask&pidfdInfoExit == 0 {
		return End{}, false
	}
	ws := syscall.WaitStatus(uint32(info.exitCode))
	if ws.Signaled() {
		return End{Known: true, Signal: int(ws.Signal())}, true
	}
	return End{Known: true, Code: ws.ExitStatus()}, true
}

// Descendants lists the processes below one, at most depth generations deep (all when
// it is negative).
func Descendants(pid, depth int) []int {
	var out []int
	var walk func(pid, depth int)
	walk = func(pid, depth int) {
		if depth == 0 || len(out) > maxDescendants {
			return
		}
		for _, c := range children(pid) {
			out = append(out, c)
			walk(c, depth-1)
		}
	}
	walk(pid, depth)
	return out
}

// OwnerOf is the user whose process it is; false: there is no such process.
func OwnerOf(pid int) (uid uint32, ok bool) {
	var st unix.Stat_t
	if unix.Stat("/proc/"+strconv.Itoa(pid), &st) != nil {
		return 0, false
	}
	return st.Uid, true
}

// maxDescendants bounds a walk: a component that forks without end is not to fill the
// executive.
const maxDescendants = 4096

// KillProcess ends a process at once, if this process may.
func KillProcess(pid int) error { return gone(unix.Kill(pid, unix.SIGKILL)) }
