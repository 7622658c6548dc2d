// The executive's side of the keeper. Owns the keeper's process and the socket to
// it; everything runs on the loop's goroutine and nothing waits.

package proc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

// keeperFD is the keeper's descriptor of its socket.
const keeperFD = 3

// Command is a command to run. Path and arguments are handed on as they are, no
// shell comes between.
type Command struct {
	Owner   string   // whose processes these are
	Argv    []string // Argv[0] is an absolute path
	Env     []string // all of the environment
	Timeout time.Duration
}

// Result is how a command ended.
type Result struct {
	Code    int    // exit code
	Signal  int    // the signal that ended it, 0: none
	Timeout bool   // it took too long and was ended
	Error   string // it could not be started
}

// OK reports whether the command succeeded.
func (r Result) OK() bool { return r == Result{} }

// String says how it ended.
func (r Result) String() string {
	switch {
	case r.Error != "":
		return r.Error
	case r.Timeout:
		return "took too long and was ended"
	case r.Signal != 0:
		return fmt.Sprintf("was ended by signal %d (%v)", r.Signal, syscall.Signal(r.Signal))
	}
	return fmt.Sprintf("exit code %d", r.Code)
}

// Keeper is a keeper's process. It lives as long as the executive's.
type Keeper struct {
	process *os.Process
	fd      int
	lastID  uint64
	client  *Client
}

// User is who commands run as. Without root it is the executive's own user whatever
// this says.
type User struct{ UID, GID int }

// Start starts the keeper: before root is given away. as is nil to run commands as
// the user that the keeper is started by.
func Start(as *User) (*Keeper, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket of the keeper: %w", err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "keeper")
	defer theirs.Close()
	if err := unix.SetNonblock(pair[0], true); err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("prctl(PR_SET_CHILD_SUBREAPER): %w", err)
	}
	u := User{-1, -1}
	if as != nil {
		u = *as
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		unix.Close(pair[0])
		return nil, err
	}
	defer null.Close()
	p, err := os.StartProcess("/proc/self/exe",
		[]string{"aisexec-keeper", keeperArg, strconv.Itoa(u.UID), strconv.Itoa(u.GID)},
		&os.ProcAttr{
			Dir: "/", Env: os.Environ(), Files: []*os.File{null, os.Stderr, os.Stderr, theirs},
			Sys: &syscall.SysProcAttr{Setsid: true},
		})
	if err != nil {
		unix.Close(pair[0])
		return nil, fmt.Errorf("starting the keeper: %w", err)
	}
	return &Keeper{process: p, fd: pair[0]}, nil
}

// PID is the keeper's process.
func (k *Keeper) PID() int { return k.process.Pid }

// Close ends the keeper and everything it keeps, and waits for that. It is called
// after the loop has ended.
func (k *Keeper) Close() {
	if k.fd >= 0 {
		unix.Close(k.fd)
		k.fd = -1
	}
	_, _ = k.process.Wait()
}

// Client is the keeper as one session's loop sees it.
type Client struct {
	k       *Keeper
	l       *loop.Loop
	pending map[uint64]func(report)
	in, out []byte
	writing bool
	exited  func(pid int, r Result)
	lost    func(error)
	dead    bool
}

// Attach connects a session's loop; the session before has ended. exited is called
// for every process that the keeper was the last parent of, lost once when the keeper
// has gone.
func (k *Keeper) Attach(l *loop.Loop, exited func(pid int, r Result), lost func(error)) (*Client, error) {
	c := &Client{k: k, l: l, pending: map[uint64]func(report){}, exited: exited, lost: lost}
	if old := k.client; old != nil { // half a frame of it may be in the socket
		c.in, c.out = old.in, old.out
	}
	k.client = c
	if err := l.Add(k.fd, loop.Readable, c); err != nil {
		return nil, err
	}
	c.write()
	return c, nil
}

// Detach takes the keeper from the loop, before the loop is closed.
func (c *Client) Detach() {
	c.pending = map[uint64]func(report){}
	if !c.dead && c.l.Registered(c.k.fd) {
		_ = c.l.Remove(c.k.fd)
	}
}

// Run runs a command; done is called when it has ended.
func (c *Client) Run(cmd Command, done func(pid int, r Result)) (id uint64) {
	return c.ask(request{Op: opRun, Owner: cmd.Owner, Argv: cmd.Argv, Env: cmd.Env, TimeoutUS: cmd.Timeout.Microseconds()},
		func(r report) { done(r.PID, r.result()) })
}

// Keep takes the time limit of a command away.
func (c *Client) Keep(id uint64) { c.ask(request{Op: opKeep, Command: id}, nil) }

// Alive says that the executive runs. When it is silent for longer than that, the
// keeper ends everything: an executive that hangs has lost its components' work to
// others.
func (c *Client) Alive(limit time.Duration) {
	c.ask(request{Op: opAlive, TimeoutUS: limit.Microseconds()}, nil)
}

// Kill ends every process of an owner; done is called when they are gone, with an
// error when one cannot be killed.
func (c *Client) Kill(owner string, done func(error)) {
	c.ask(request{Op: opKill, Owner: owner}, func(r report) { done(r.err()) })
}

// KillAll ends every process that the keeper keeps.
func (c *Client) KillAll(done func(error)) {
	c.ask(request{Op: opKillAll}, func(r report) { done(r.err()) })
}

func (r *report) result() Result {
	return Result{Code: r.Code, Signal: r.Signal, Timeout: r.Timeout, Error: r.Error}
}

func (r *report) err() error {
	if r.Error == "" {
		return nil
	}
	return errors.New(r.Error)
}

// ask sends a request; done, where there is one, gets its report.
func (c *Client) ask(q request, done func(report)) uint64 {
	c.k.lastID++
	q.ID = c.k.lastID
	size := len(c.out)
	out, err := appendFrame(c.out, &q)
	if err == nil && c.dead {
		err = errGone
	}
	if err != nil {
		c.out = c.out[:size]
		if done != nil { // never from within the caller: it may not be ready for the answer yet
			c.l.Post(func() { done(report{ID: q.ID, Error: err.Error()}) })
		}
		return q.ID
	}
	c.out = out
	if done != nil {
		c.pending[q.ID] = done
	}
	if !c.writing {
		c.write()
	}
	return q.ID
}

var errGone = errors.New("the keeper has ended")

func (c *Client) write() {
	for len(c.out) > 0 {
		n, err := unix.SendmsgN(c.k.fd, c.out, nil, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			return // the end is read
		}
		c.out = c.out[:copy(c.out, c.out[n:])]
	}
	if want := len(c.out) > 0; want != c.writing {
		c.writing = want
		events := loop.Readable
		if want {
			events |= loop.Writable
		}
		_ = c.l.Mod(c.k.fd, events)
	}
}

// HandleEvent reads reports and writes requests.
func (c *Client) HandleEvent(events uint32) {
	if events&loop.Writable != 0 {
		c.write()
	}
	if events&^loop.Writable == 0 {
		return
	}
	var buf [16 << 10]byte
	for {
		n, err := unix.Read(c.k.fd, buf[:])
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil || n == 0 {
			c.gone(err)
			return
		}
		c.in = append(c.in, buf[:n]...)
		if n < len(buf) {
			break
		}
	}
	c.reports()
}

func (c *Client) reports() {
	b := c.in
	for !c.dead {
		var r report
		rest, ok, err := cutFrame(b, &r)
		if err != nil {
			c.gone(err)
			return
		}
		if !ok {
			break
		}
		b = rest
		if r.ID == 0 {
			c.exited(r.PID, r.result())
			continue
		}
		if done := c.pending[r.ID]; done != nil {
			delete(c.pending, r.ID)
			done(r)
		}
	}
	c.in = c.in[:copy(c.in, b)]
}

// gone is the end of a keeper whose executive lives on: it was killed. What it kept
// and what did not die with it is this process' now.
func (c *Client) gone(err error) {
	if c.dead {
		return
	}
	c.dead = true
	_ = c.l.Remove(c.k.fd)
	f := newFamily("")
	for range 100 {
		left := 0
		for _, p := range f.scan() {
			if p.pid == c.k.process.Pid {
				continue
			}
			left++
			_ = p.kill()
			_, _ = syscall.Wait4(p.pid, nil, syscall.WNOHANG, nil)
		}
		if left == 0 {
			break
		}
		time.Sleep(time.Millisecond) // the executive is at its end anyway
	}
	if err == nil {
		err = errGone
	}
	c.lost(err)
}
