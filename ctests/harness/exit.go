package harness

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
)

// What must be undone when this program ends. Close of a cluster undoes it in
// order; an interrupt runs what is left; the warden undoes namespaces and
// directories when this program was killed and could do nothing itself.
var exits struct {
	sync.Mutex
	next  int
	funcs map[int]func()
	once  sync.Once
}

// atExit registers f for an interrupted end and returns its removal.
func atExit(f func()) (cancel func()) {
	exits.Lock()
	defer exits.Unlock()
	if exits.funcs == nil {
		exits.funcs = map[int]func(){}
	}
	exits.next++
	n := exits.next
	exits.funcs[n] = f
	exits.once.Do(func() {
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		go func() {
			s := <-c
			RunExits()
			fmt.Fprintf(os.Stderr, "ended by %v\n", s)
			os.Exit(130)
		}()
	})
	return func() {
		exits.Lock()
		defer exits.Unlock()
		delete(exits.funcs, n)
	}
}

// AtExit is atExit for other packages: f runs in RunExits, and when this program is
// interrupted.
func AtExit(f func()) { atExit(f) }

// RunExits undoes everything that is still registered, newest first. A test
// package calls it from TestMain, a program before it ends.
func RunExits() {
	for {
		exits.Lock()
		last := -1
		for n := range exits.funcs {
			last = max(last, n)
		}
		if last < 0 {
			exits.Unlock()
			return
		}
		f := exits.funcs[last]
		delete(exits.funcs, last)
		exits.Unlock()
		f()
	}
}

// warden is a shell that waits for the end of its standard input, which comes
// when this program ends for whatever reason, and then runs the commands it was
// given. It lives in a session of its own, so that no signal of a terminal or a
// process group reaches it.
type warden struct {
	cmd *exec.Cmd
	in  *os.File
}

func startWarden(commands []string) (*warden, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	script := "cat >/dev/null\n" + strings.Join(commands, "\n") + "\n"
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdin = r
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	r.Close()
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("start the warden: %w", err)
	}
	return &warden{cmd, w}, nil
}

// release lets the warden run its commands now and waits for it.
func (w *warden) release() {
	w.in.Close()
	_ = w.cmd.Wait() // commands that find nothing left to delete fail, as they should
}
