// Package capi tests the C boundary: C programs, linked with the libraries as
// applications are, against an executive without a ring (fakeexec). Each test of
// each program runs in a process of its own with an executive of its own; on
// amd64 all of it also as 32-bit programs, where the compiler can.
package capi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const root = "../.."

// An arch is a word size to test.
type arch struct {
	name, flag, dir string
}

var archs = []arch{{"64", "-m64", "lib"}, {"32", "-m32", "lib32"}}

// onEachArch runs f for every word size that can be tested here.
func onEachArch(t *testing.T, f func(t *testing.T, a arch)) {
	for _, a := range archs {
		t.Run(a.name, func(t *testing.T) { f(t, a) })
	}
}

// buildDir is what `make` left.
func buildDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AIS_BUILD")
	if dir == "" {
		dir = filepath.Join(root, "build")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// libs is where the libraries of a word size are; the test is skipped where there
// are none.
func (a arch) libs(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(buildDir(t), a.dir)
	if a.flag == "-m32" {
		if err := build32(buildDir(t)); err != nil {
			t.Skipf("no 32-bit libraries: %v", err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "libais.so")); err != nil {
		t.Skipf("no libraries to test (make lib): %v", err)
	}
	return dir
}

var built32 struct {
	sync.Once
	err error
}

// build32 builds the libraries for i386 if the compiler can link such programs.
func build32(dir string) error {
	built32.Do(func() {
		if runtime.GOARCH != "amd64" {
			built32.err = errors.New("this is not amd64")
			return
		}
		probe := exec.Command(compiler(), "-m32", "-shared", "-fPIC", "-x", "c", "-", "-o", filepath.Join(dir, ".probe32"))
		probe.Stdin = strings.NewReader("#include <sys/uio.h>\nint x;\n")
		if out, err := probe.CombinedOutput(); err != nil {
			built32.err = fmt.Errorf("%s -m32: %w: %s", compiler(), err, firstLine(out))
			return
		}
		os.Remove(filepath.Join(dir, ".probe32"))
		// Another test program may be building, too.
		lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			built32.err = err
			return
		}
		defer lock.Close()
		if built32.err = unix.Flock(int(lock.Fd()), unix.LOCK_EX); built32.err != nil {
			return
		}
		if out, err := exec.Command("make", "-s", "-C", root, "ARCH=386", "BUILD="+dir, "lib").CombinedOutput(); err != nil {
			built32.err = fmt.Errorf("make ARCH=386 lib: %w: %s", err, out)
		}
	})
	return built32.err
}

func firstLine(out []byte) string {
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

var compiler = sync.OnceValue(func() string {
	if cc := os.Getenv("CC"); cc != "" {
		return cc
	}
	return "gcc"
})

var tests struct {
	once sync.Once
	dir  string
	err  error
}

// workDir holds what is built for the tests.
func workDir(t *testing.T) string {
	t.Helper()
	tests.once.Do(func() {
		if tests.dir, tests.err = os.MkdirTemp("", "ais-capi-"); tests.err != nil {
			return
		}
		var out []byte
		cmd := exec.Command("go", "build", "-o", filepath.Join(tests.dir, "fakeexec"), "./fakeexec")
		if out, tests.err = cmd.CombinedOutput(); tests.err != nil {
			tests.err = fmt.Errorf("%w: %s", tests.err, out)
		}
	})
	if tests.err != nil {
		t.Fatal(tests.err)
	}
	return tests.dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if tests.dir != "" {
		os.RemoveAll(tests.dir)
	}
	os.Exit(code)
}

// A program is one C test program and how it is built.
type program struct {
	name    string
	sources []string // below c, or absolute
	flags   []string
	headers string // below include, or absolute
	libs    []string
	env     []string
}

// built are the programs that were compiled and linked already.
var built sync.Map

func (p program) build(t *testing.T, a arch) string {
	t.Helper()
	dir := a.libs(t)
	out := filepath.Join(workDir(t), p.name+"-"+a.name)
	if _, done := built.LoadOrStore(out, true); done {
		return out
	}
	headers := p.headers
	if !filepath.IsAbs(headers) {
		headers = filepath.Join(root, "include", headers)
	}
	args := []string{"-std=c99", "-D_GNU_SOURCE", a.flag, "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fexceptions",
		"-I" + headers, "-o", out}
	args = append(args, p.flags...)
	for _, s := range p.sources {
		if !filepath.IsAbs(s) {
			s = filepath.Join("c", s)
		}
		args = append(args, s)
	}
	args = append(args, "-L"+dir)
	args = append(args, p.libs...)
	args = append(args, "-lpthread", "-Wl,-rpath,"+dir)
	if text, err := exec.Command(compiler(), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", compiler(), strings.Join(args, " "), err, text)
	}
	return out
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
	env := append([]string{"LD_LIBRARY_PATH=" + a.libs(t)}, p.env...)
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
	cmd := exec.Command(filepath.Join(workDir(t), "fakeexec"))
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
