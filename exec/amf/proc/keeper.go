// The keeper's process: runs commands, reaps, kills. Owns every process below it;
// knows nothing of AMF.

package proc

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// keeperArg is what main is called with to be the keeper.
const keeperArg = "--keeper"

const (
	// killRetry is how often a kill looks again for what is left; the end of a child
	// makes it look at once.
	killRetry = 5 * time.Millisecond
	// killLimit is how long a kill tries before it says that it failed: a process
	// that cannot be killed hangs in the kernel.
	killLimit = 5 * time.Second
)

// Asked reports whether this process was started to be the keeper. It is asked
// first of all in main.
func Asked(args []string) bool { return len(args) > 1 && args[1] == keeperArg }

// Keep is the keeper: it returns the process' exit code when the executive ended and
// nothing is left to keep. args are those of the process.
func Keep(args []string) int {
	runtime.LockOSThread() // children die with the thread that started them: this one
	k := &keeper{commands: map[int]*command{}}
	if err := k.prepare(args); err != nil {
		fmt.Fprintln(os.Stderr, "aisexec keeper:", err)
		return 1
	}
	return k.serve()
}

// command is a command that runs.
type command struct {
	id      uint64
	pid     int
	expired bool
	timer   *time.Timer
}

// kill is a kill that is under way.
type kill struct {
	id    uint64
	all   bool
	owner string
	until time.Time
}

type keeper struct {
	family   *family
	mark     string
	conn     *os.File
	cred     *syscall.Credential // nil: as the keeper itself
	null     *os.File
	commands map[int]*command // by pid
	kills    []*kill
	expired  chan int
	out      []byte
	deaf     bool // nobody listens any more

	// fence is how long the executive may be silent; 0: as long as it likes.
	fence time.Duration
	until time.Time
}

// prepare reads "--keeper UID GID"; -1: run as the keeper itself.
func (k *keeper) prepare(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("wrong arguments: it is started by the executive only")
	}
	uid, err1 := strconv.Atoi(args[2])
	gid, err2 := strconv.Atoi(args[3])
	if err1 != nil || err2 != nil {
		return fmt.Errorf("wrong arguments: %q", args[2:])
	}
	if uid >= 0 && os.Geteuid() == 0 {
		k.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	if t, err := unix.GetsockoptInt(keeperFD, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || t != unix.SOCK_STREAM {
		return fmt.Errorf("descriptor %d is no socket: it is started by the executive only", keeperFD)
	}
	unix.CloseOnExec(keeperFD)
	// What the executive was itself started with is nothing for components.
	_ = unix.CloseRange(keeperFD+1, math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
	if err := unix.SetNonblock(keeperFD, true); err != nil {
		return err
	}
	k.conn = os.NewFile(keeperFD, "executive")
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl(PR_SET_CHILD_SUBREAPER): %w", err)
	}
	if err := normalize(); err != nil {
		fmt.Fprintln(os.Stderr, "aisexec keeper: commands inherit its scheduling or signals:", err)
	}
	var r [8]byte
	if _, err := rand.Read(r[:]); err != nil {
		return err
	}
	k.mark = hex.EncodeToString(r[:])
	k.family = newFamily(k.mark)
	k.null, err1 = os.OpenFile(os.DevNull, os.O_RDWR, 0)
	k.expired = make(chan int, 16)
	return err1
}

// serve is the keeper's life. Signals that a terminal or an operator sends do not
// end it: it ends when its executive has.
func (k *keeper) serve() int {
	// Caught and forgotten, not ignored: what is ignored stays so in commands. The second
	// line is of those that the runtime leaves as they were.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGPIPE,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT)
	died := make(chan os.Signal, 1)
	signal.Notify(died, syscall.SIGCHLD)
	requests := make(chan request)
	go k.read(requests)
	retry := time.NewTicker(time.Hour)
	defer retry.Stop()
	for {
		select {
		case r, open := <-requests:
			if !open {
				k.last()
				requests = nil
				break
			}
			k.take(r)
		case pid := <-k.expired:
			k.expire(pid)
		case <-died:
			k.reap()
		case <-retry.C:
			k.watch()
		}
		k.goOn()
		if requests == nil && len(k.kills) == 0 {
			return 0
		}
		switch {
		case len(k.kills) > 0:
			retry.Reset(killRetry)
		case k.fence > 0:
			retry.Reset(max(time.Until(k.until), time.Millisecond))
		default:
			retry.Reset(time.Hour)
		}
	}
}

// read takes requests until the executive's end of the socket is closed.
func (k *keeper) read(to chan<- request) {
	defer close(to)
	r := bufio.NewReaderSize(k.conn, 64<<10)
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16 | int(head[3])<<24
		if n > maxFrame {
			return
		}
		frame := make([]byte, 4+n)
		copy(frame, head[:])
		if _, err := io.ReadFull(r, frame[4:]); err != nil {
			return
		}
		var q request
		if _, ok, err := cutFrame(frame, &q); err != nil || !ok {
			return // an executive that does not make sense is as good as none
		}
		to <- q
	}
}

func (k *keeper) take(r request) {
	k.until = time.Now().Add(k.fence)
	switch r.Op {
	case opRun:
		k.run(r)
	case opKeep:
		for _, c := range k.commands {
			if c.id == r.Command && c.timer != nil {
				c.timer.Stop()
				c.timer = nil
			}
		}
	case opKill, opKillAll:
		k.kills = append(k.kills, &kill{id: r.ID, owner: r.Owner, all: r.Op == opKillAll, until: time.Now().Add(killLimit)})
	case opAlive:
		k.fence = time.Duration(r.TimeoutUS) * time.Microsecond
		k.until = time.Now().Add(k.fence)
	default:
		k.tell(report{ID: r.ID, Error: "unknown operation"})
	}
}

// run starts a command in a session of its own.
func (k *keeper) run(r request) {
	if len(r.Argv) == 0 || r.Argv[0] == "" {
		k.tell(report{ID: r.ID, Error: "no command"})
		return
	}
	env := append(r.Env[:len(r.Env):len(r.Env)], markEnv+"="+k.mark+":"+r.Owner)
	var pid int
	var err error
	unprotected(func() {
		pid, err = syscall.ForkExec(r.Argv[0], r.Argv, &syscall.ProcAttr{
			Dir:   "/",
			Env:   env,
			Files: []uintptr{k.null.Fd(), 1, 2},
			Sys:   &syscall.SysProcAttr{Setsid: true, Credential: k.cred, Pdeathsig: syscall.SIGKILL},
		})
	})
	if err != nil {
		k.tell(report{ID: r.ID, Error: fmt.Sprintf("%s: %v", r.Argv[0], err)})
		return
	}
	k.family.adopt(pid, r.Owner)
	c := &command{id: r.ID, pid: pid}
	k.commands[pid] = c
	if r.TimeoutUS > 0 {
		c.timer = time.AfterFunc(time.Duration(r.TimeoutUS)*time.Microsecond, func() { k.expired <- pid })
	}
}

// expire ends a command that took too long, and everything in its session.
func (k *keeper) expire(pid int) {
	c := k.commands[pid]
	if c == nil || c.timer == nil {
		return
	}
	c.expired = true
	for _, p := range k.family.scan() {
		if (p.pid == pid || p.session == pid) && !p.zombie {
			k.end(&p)
		}
	}
}

// watch ends everything when the executive has been silent for too long: the others
// take its components' work over about now. It is asked what it has said meanwhile
// first, because this process may have been stopped, too.
func (k *keeper) watch() {
	if k.fence <= 0 || time.Now().Before(k.until) || len(k.kills) > 0 {
		return
	}
	k.fence = 0 // until it speaks again
	if len(k.family.scan()) > 0 {
		fmt.Fprintf(os.Stderr, "aisexec keeper: the executive does not run: its components are ended\n")
		k.kills = append(k.kills, &kill{all: true, until: time.Now().Add(killLimit)})
	}
}

func (k *keeper) end(p *process) {
	if err := p.kill(); err != nil {
		fmt.Fprintf(os.Stderr, "aisexec keeper: process %d of %s: %v\n", p.pid, p.owner, err)
	}
}

// reap takes note of every child that ended.
func (k *keeper) reap() {
	for {
		var ws syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil || pid <= 0 {
			return
		}
		r := report{PID: pid}
		if ws.Signaled() {
			r.Signal = int(ws.Signal())
		} else {
			r.Code = ws.ExitStatus()
		}
		k.tell(r)
		if c := k.commands[pid]; c != nil {
			delete(k.commands, pid)
			if c.timer != nil {
				c.timer.Stop()
			}
			r.ID, r.Timeout = c.id, c.expired
			k.tell(r)
			k.family.scan() // what it left in the background is this one's now: remember whose
		}
	}
}

// goOn looks whether kills are complete.
func (k *keeper) goOn() {
	if len(k.kills) == 0 {
		return
	}
	k.reap() // the dead first: they are not to be waited for
	list := k.family.scan()
	now := time.Now()
	left := k.kills[:0]
	for _, q := range k.kills {
		alive := 0
		for i := range list {
			if p := &list[i]; q.all || p.owner == q.owner {
				if !p.zombie {
					k.end(p)
				}
				alive = p.pid
			}
		}
		switch {
		case alive == 0:
			if q.id != 0 {
				k.tell(report{ID: q.id})
			}
		case now.After(q.until):
			k.tell(report{ID: q.id, PID: alive, Error: fmt.Sprintf("process %d cannot be killed", alive)})
		default:
			left = append(left, q)
		}
	}
	clear(k.kills[len(left):])
	k.kills = left
}

// last ends everything, because the executive has ended.
func (k *keeper) last() {
	k.deaf = true
	// Its children at once; a number of theirs is not given away before they are reaped.
	for _, pid := range children(os.Getpid()) {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	k.kills = []*kill{{all: true, until: time.Now().Add(killLimit)}}
}

// tell reports to the executive. It reads all the time; one that does not for long
// is not to hold up the keeper for ever.
func (k *keeper) tell(r report) {
	if k.deaf {
		return
	}
	var err error
	if k.out, err = appendFrame(k.out[:0], &r); err == nil {
		_ = k.conn.SetWriteDeadline(time.Now().Add(killLimit))
		_, err = k.conn.Write(k.out)
	}
	if err != nil {
		k.deaf = true
		_ = unix.Shutdown(keeperFD, unix.SHUT_RDWR) // half a frame may be out: nothing can follow it
	}
}
