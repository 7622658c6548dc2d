// Package capi tests the C boundary: C programs, linked with the libraries as
// applications are, against an executive without a ring (fakeexec). Each test of
// each program runs in a process of its own with an executive of its own.
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
)

// A program is one C test program and how it is built.
type program struct {
	name    string
	sources []string
	flags   []string // beside the usual ones
	headers string   // below include
	libs    []string
}

var programs = []program{
	{name: "clm_b01", sources: []string{"clm_b01.c"}, libs: []string{"-lais"}},
	{name: "clm_a01", sources: []string{"clm_a01.c"}, headers: "a.01.01", libs: []string{"-lais"}},
	{name: "evs_b01", sources: []string{"evs.c"}, libs: []string{"-lais"}},
	{name: "evs_b01_levs", sources: []string{"evs.c"}, libs: []string{"-levs"}},
	{name: "evs_a01", sources: []string{"evs.c"}, headers: "a.01.01", flags: []string{"-DEVS_OF_2004"}, libs: []string{"-lais"}},
	{name: "evs_a01_levs", sources: []string{"evs.c"}, headers: "a.01.01", flags: []string{"-DEVS_OF_2004"}, libs: []string{"-levs"}},
	{name: "evs_b01_archive", sources: []string{"evs.c"}, libs: []string{"-l:libevs.a", "-ldl"}},
	{name: "clm_a01_archive", sources: []string{"clm_a01.c"}, headers: "a.01.01", libs: []string{"-l:libais.a", "-ldl"}},
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
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(append(os.Environ(), "AIS_SOCKET="+f.socket), env...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, out)
	}
	return string(out)
}

var tests struct {
	once sync.Once
	dir  string
	err  error
}

const root = "../.."

// lib is where the libraries to test are.
func lib(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("AIS_BUILD")
	if dir == "" {
		dir = filepath.Join(root, "build")
	}
	dir, err := filepath.Abs(filepath.Join(dir, "lib"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "libais.so")); err != nil {
		t.Skipf("no libraries to test (make lib): %v", err)
	}
	return dir
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

var compiler = sync.OnceValue(func() string {
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	return cc
})

// build compiles and links a program; the same one only once.
var built sync.Map

func build(t *testing.T, p program) string {
	t.Helper()
	out := filepath.Join(workDir(t), p.name)
	if _, done := built.LoadOrStore(p.name, true); done {
		return out
	}
	dir := lib(t)
	args := []string{"-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fexceptions",
		"-I" + filepath.Join(root, "include", p.headers), "-o", out}
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

// runAll runs every test of a program.
func runAll(t *testing.T, path string, env []string) {
	list, err := exec.Command(path).Output()
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, name := range strings.Fields(string(list)) {
		t.Run(name, func(t *testing.T) {
			startFake(t).run(t, env, path, name)
		})
	}
}

func TestProgramsOfBothGenerationsGetWhatTheHeadersSay(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			var env []string
			if strings.HasSuffix(p.name, "_archive") {
				env = []string{"AIS_RUNTIME=" + filepath.Join(lib(t), "libais-runtime.so.1")}
			}
			runAll(t, build(t, p), env)
		})
	}
}

// The parts of a program that use A and those that use B each reach their own
// functions, also when the compiler sees the whole program.
func TestBothGenerationsWorkInOneProcessWithAndWithoutLTO(t *testing.T) {
	for _, flags := range [][]string{nil, {"-flto"}} {
		t.Run(strings.Join(append([]string{"flags"}, flags...), " "), func(t *testing.T) {
			obj := filepath.Join(t.TempDir(), "both_b.o")
			args := append([]string{"-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-fexceptions",
				"-I" + filepath.Join(root, "include"), "-c", "-o", obj, "c/both_b.c"}, flags...)
			if text, err := exec.Command(compiler(), args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			runAll(t, build(t, program{name: "both" + strings.Join(flags, ""), sources: []string{"both_a.c", obj},
				headers: "a.01.01", flags: append(flags, "-O2"), libs: []string{"-lais"}}), nil)
		})
	}
}
