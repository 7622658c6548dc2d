package harness

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Process is one child: an executive or a program. It is killed when this
// program ends.
type Process struct {
	Name   string
	PID    int
	Stdout *Lines
	Stderr *Lines
	// Stdin is the process's standard input, nil unless Spec.Input asked for it.
	Stdin io.WriteCloser

	cmd  *exec.Cmd
	done chan struct{}
	once sync.Once
	err  error
}

// Spec says what to start.
type Spec struct {
	Name string
	Path string
	Args []string
	Env  []string // added to this program's environment
	Dir  string
	// Stdout, if not nil, receives standard output instead of Process.Stdout.
	Stdout *os.File
	// Input gives the process a standard input, Process.Stdin; else it has none.
	Input bool
	// UID, if not 0, is the user (and group) to run as; root only.
	UID uint32
	// Tee, if not nil, is called with every line of both streams.
	Tee func(line string)
}

func startOn(start func(*exec.Cmd) error, s Spec) (*Process, error) {
	p := &Process{Name: s.Name, done: make(chan struct{})}
	p.Stdout, p.Stderr = newLines(s.Tee), newLines(s.Tee)
	cmd := exec.Command(s.Path, s.Args...)
	cmd.Env = append(os.Environ(), s.Env...)
	cmd.Dir = s.Dir
	cmd.Stderr = p.Stderr
	if s.Stdout != nil {
		cmd.Stdout = s.Stdout
	} else {
		cmd.Stdout = p.Stdout
	}
	if s.UID != 0 {
		cmd.SysProcAttr = &unix.SysProcAttr{Credential: &syscall.Credential{Uid: s.UID, Gid: s.UID}}
	}
	var err error
	if s.Input {
		if p.Stdin, err = cmd.StdinPipe(); err != nil {
			return nil, fmt.Errorf("start %s: %w", s.Name, err)
		}
	}
	// A grandchild that keeps the pipe open must not keep Wait from returning.
	cmd.WaitDelay = 2 * time.Second
	if err = start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", s.Name, err)
	}
	p.cmd, p.PID = cmd, cmd.Process.Pid
	go func() {
		err := cmd.Wait()
		p.err = err
		p.Stdout.close()
		p.Stderr.close()
		close(p.done)
	}()
	return p, nil
}

// Start starts a program in the namespace of this program.
func Start(s Spec) (*Process, error) { return startOn(hostStart, s) }

// Signal sends sig to the process, if it has not ended.
func (p *Process) Signal(sig unix.Signal) error {
	if p.Ended() {
		return fmt.Errorf("%s: %w", p.Name, ErrEnded)
	}
	// os.Process guards against a pid that was reaped meanwhile.
	if err := p.cmd.Process.Signal(sig); err != nil {
		return fmt.Errorf("%s: signal %v: %w", p.Name, sig, err)
	}
	return nil
}

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end; the error tells a bad exit, or the deadline.
func (p *Process) Wait(timeout time.Duration) error {
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s: %w\n%s", p.Name, p.err, p.Stderr.String())
		}
		return nil
	case <-time.After(timeout):
		return fmt.Errorf("%s: still running after %v", p.Name, timeout)
	}
}

// ExitCode is the exit code, or -1 while running or when a signal ended it.
func (p *Process) ExitCode() int {
	if !p.Ended() {
		return -1
	}
	return p.cmd.ProcessState.ExitCode()
}

// End ends the process: gently, then not.
func (p *Process) End(grace time.Duration) {
	p.once.Do(func() {
		if p.Ended() {
			return
		}
		_ = p.cmd.Process.Signal(unix.SIGCONT)
		_ = p.cmd.Process.Signal(unix.SIGTERM)
		select {
		case <-p.done:
			return
		case <-time.After(grace):
		}
		_ = p.cmd.Process.Kill()
		<-p.done
	})
}

// Kill ends the process with SIGKILL and waits until it is gone.
func (p *Process) Kill() {
	if !p.Ended() {
		_ = p.cmd.Process.Kill()
	}
	<-p.done
}

// Usage is what /proc says about a process.
type Usage struct {
	CPU time.Duration // user and system time so far
	RSS int64         // resident bytes
	// Peak is the highest resident size so far.
	Peak    int64
	Threads int
	FDs     int
}

// Usage reads the process's use of processor and memory.
func (p *Process) Usage() (Usage, error) { return ReadUsage(p.PID) }

// clockTick is USER_HZ, which Linux fixes at 100 for every architecture's
// /proc interface.
const clockTick = 100

// ReadUsage reads /proc/PID.
func ReadUsage(pid int) (Usage, error) {
	var u Usage
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return u, err
	}
	// The command name may hold blanks and parentheses: fields start behind
	// the last one.
	s := string(stat)
	i := strings.LastIndexByte(s, ')')
	f := strings.Fields(s[i+1:])
	if i < 0 || len(f) < 18 {
		return u, fmt.Errorf("/proc/%d/stat: unexpected form", pid)
	}
	ut, err1 := strconv.ParseInt(f[11], 10, 64)
	st, err2 := strconv.ParseInt(f[12], 10, 64)
	th, err3 := strconv.Atoi(f[17])
	if err := errors.Join(err1, err2, err3); err != nil {
		return u, err
	}
	u.CPU = time.Duration(ut+st) * time.Second / clockTick
	u.Threads = th
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		var dst *int64
		switch {
		case strings.HasPrefix(line, "VmRSS:"):
			dst = &u.RSS
		case strings.HasPrefix(line, "VmHWM:"):
			dst = &u.Peak
		default:
			continue
		}
		w := strings.Fields(line)
		if len(w) < 2 {
			return u, fmt.Errorf("/proc/%d/status: %q", pid, line)
		}
		kb, err := strconv.ParseInt(w[1], 10, 64)
		if err != nil {
			return u, err
		}
		*dst = kb << 10
	}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err == nil {
		u.FDs = len(fds)
	}
	return u, nil
}

// stopped tells whether every thread of the process is stopped by a signal.
func (p *Process) stopped() (bool, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.PID))
	if err != nil || len(tasks) == 0 {
		return false, fmt.Errorf("%s: %w", p.Name, ErrEnded)
	}
	for _, t := range tasks {
		stat, err := os.ReadFile(t)
		if err != nil {
			continue // a thread that ended meanwhile
		}
		i := strings.LastIndexByte(string(stat), ')')
		if i < 0 || !strings.HasPrefix(string(stat[i+1:]), " T") {
			return false, nil
		}
	}
	return true, nil
}

// Monotonic is CLOCK_MONOTONIC, which every process of this machine shares.
func Monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		panic("CLOCK_MONOTONIC: " + err.Error()) // the kernel has no such failure
	}
	return time.Duration(ts.Nano())
}
