package harness

import (
	"fmt"
	"os/exec"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// thread is one operating system thread that lives as long as the program and
// runs functions on request. Two kernel facts make it necessary: the
// parent-death signal follows the thread that forked, and a network namespace
// belongs to a thread.
type thread struct {
	work chan func()
}

// newThread starts a thread; enter runs on it first, and its error is returned.
func newThread(enter func() error) (*thread, error) {
	t := &thread{work: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread()
		// Never unlocked: a thread that entered a namespace is destroyed with
		// its goroutine instead of being reused.
		if enter != nil {
			if err := enter(); err != nil {
				ready <- err
				return
			}
		}
		ready <- nil
		for f := range t.work {
			f()
		}
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return t, nil
}

// do runs f on the thread and returns its error.
func (t *thread) do(f func() error) error {
	done := make(chan error, 1)
	t.work <- func() { done <- f() }
	return <-done
}

// start starts cmd from this thread, so that it inherits the thread's network
// namespace and is killed when this program ends, however it ends.
func (t *thread) start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &unix.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = unix.SIGKILL
	// A group of its own: an interrupt at the terminal reaches this program
	// only, which then ends its children in order.
	cmd.SysProcAttr.Setpgid = true
	return t.do(cmd.Start)
}

// stop ends the thread. No function may be running or follow.
func (t *thread) stop() { close(t.work) }

var hostThread = sync.OnceValues(func() (*thread, error) { return newThread(nil) })

// hostStart starts cmd in the namespace this program was started in.
func hostStart(cmd *exec.Cmd) error {
	t, err := hostThread()
	if err != nil {
		return fmt.Errorf("starter thread: %w", err)
	}
	return t.start(cmd)
}
