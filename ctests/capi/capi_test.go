// Package capi tests the C boundary: C programs, linked with the libraries as
// applications are, against an executive without a ring (fakeexec). Each test of
// each program runs in a process of its own with an executive of its own; on
// amd64 all of it also as 32-bit programs, where the compiler can.
package capi

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

const root = cprog.Root

type (
	arch    = cprog.Arch
	program cprog.Program
)

var archs = cprog.Archs

func onEachArch(t *testing.T, f func(t *testing.T, a arch)) { cprog.OnEach(t, f) }

func (p program) build(t *testing.T, a arch) string { return cprog.Program(p).Build(t, a) }

var fakeexec struct {
	sync.Once
	path string
	err  error
}

// fakePath is the executive without a ring, built.
func fakePath(t *testing.T) string {
	t.Helper()
	fakeexec.Do(func() {
		fakeexec.path = filepath.Join(cprog.WorkDir(t), "fakeexec")
		if out, err := exec.Command("go", "build", "-o", fakeexec.path, "./fakeexec").CombinedOutput(); err != nil {
			fakeexec.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if fakeexec.err != nil {
		t.Fatal(fakeexec.err)
	}
	return fakeexec.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

// runAll runs every test of a program: those that can share an executive in one
// run, which gives each a process, the others with an executive of their own.
func (p program) runAll(t *testing.T, a arch) {
	path := p.build(t, a)
	alone, err := exec.Command(path).Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	// The default directories of the loader do not have the libraries.
	env := append([]string{"LD_LIBRARY_PATH=" + a.Libs(t)}, p.Env...)
	for _, name := range append([]string{"all"}, strings.Fields(string(alone))...) {
		t.Run(name, func(t *testing.T) {
			if out := startFake(t).run(t, env, path, name); out != "" {
				t.Log(strings.TrimRight(out, "\n"))
			}
		})
	}
}

var fakeSerial atomic.Int32

// A fake is a running executive of the tests.
type fake struct {
	socket string
	cmd    *exec.Cmd
	stdin  interface{ Close() error }
}

func startFake(t *testing.T) *fake {
	t.Helper()
	return startFakeAt(t, fmt.Sprintf("@capi-test-%d-%d", os.Getpid(), fakeSerial.Add(1)))
}

func startFakeAt(t *testing.T, socket string) *fake {
	t.Helper()
	cmd := exec.Command(fakePath(t))
	cmd.Env = append(os.Environ(), "AIS_SOCKET="+socket)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f := &fake{socket: socket, cmd: cmd, stdin: in}
	t.Cleanup(f.stop)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("fakeexec said %q, %v", line, err)
	}
	return f
}

func (f *fake) stop() {
	if f.cmd.ProcessState == nil {
		f.stdin.Close()
		_ = f.cmd.Wait()
	}
}

// run runs a test program and fails the test with what it wrote.
func (f *fake) run(t *testing.T, env []string, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 240*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(append(os.Environ(), "AIS_SOCKET="+f.socket), env...)
	cmd.Dir = t.TempDir()
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
	}
	return string(out)
}
