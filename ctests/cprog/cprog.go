// Package cprog builds C programs for tests: against the libraries of a build, in
// each word size that the compiler has. It owns the directory it builds in.
package cprog

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// Root is the top of the tree, seen from a package two below it.
const Root = "../.."

// An Arch is a word size to test.
type Arch struct {
	Name, Flag string
	dir        string
}

// Archs are the word sizes; the first is that of the machine.
var Archs = []Arch{{"64", "-m64", "lib"}, {"32", "-m32", "lib32"}}

// OnEach runs f for every word size. One the compiler cannot link programs for
// is skipped; when it can, libraries that do not build are a failure.
func OnEach(t *testing.T, f func(t *testing.T, a Arch)) {
	for _, a := range Archs {
		t.Run(a.Name, func(t *testing.T) { f(t, a) })
	}
}

// BuildDir is the build to test; see harness.FindBuild.
func BuildDir(t testing.TB) string {
	t.Helper()
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	return b.Dir
}

// Libs is where the libraries of a word size are.
func (a Arch) Libs(t testing.TB) string {
	t.Helper()
	build := BuildDir(t)
	dir := filepath.Join(build, a.dir)
	if a.Flag == "-m32" {
		if err := canLink32(); err != nil {
			t.Skipf("no 32-bit programs here: %v", err)
		}
		if err := build32(build); err != nil {
			t.Fatalf("the libraries for 32-bit programs do not build: %v", err)
		}
	}
	return dir
}

// canLink32 tells whether the compiler links i386 programs at all.
var canLink32 = sync.OnceValue(func() error {
	if runtime.GOARCH != "amd64" {
		return errors.New("this is not amd64")
	}
	dir, err := os.MkdirTemp("", "ais-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	probe := exec.Command(Compiler(), "-m32", "-shared", "-fPIC", "-x", "c", "-", "-o", filepath.Join(dir, "probe"))
	probe.Stdin = strings.NewReader("#include <sys/uio.h>\nint x;\n")
	if out, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("%s -m32: %w: %s", Compiler(), err, FirstLine(out))
	}
	return nil
})

var built32 struct {
	sync.Once
	err error
}

// build32 brings the libraries for i386 up to date, once.
func build32(dir string) error {
	built32.Do(func() { built32.err = make32(dir) })
	return built32.err
}

func make32(dir string) error {
	// Make has no names with blanks; seen from the top, most builds have none.
	top, err := filepath.Abs(Root)
	if err != nil {
		return err
	}
	name := dir
	if rel, err := filepath.Rel(top, dir); err == nil && !strings.HasPrefix(rel, "..") {
		name = rel
	}
	// Another test program may be building, too.
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	cmd := exec.Command("make", "-s", "-C", Root, "ARCH=386", "BUILD="+name, "lib")
	// A make above this one must not say what is built here.
	for _, v := range os.Environ() {
		if k, _, _ := strings.Cut(v, "="); k != "MAKEFLAGS" && k != "MAKEOVERRIDES" && k != "MFLAGS" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make ARCH=386 lib: %w: %s", err, out)
	}
	return nil
}

// FirstLine is the first line of what a command wrote.
func FirstLine(out []byte) string {
	line, _, _ := strings.Cut(string(out), "\n")
	return line
}

// Compiler is the C compiler: CC, or gcc.
var Compiler = sync.OnceValue(func() string {
	if cc := os.Getenv("CC"); cc != "" {
		return cc
	}
	return "gcc"
})

var work struct {
	once sync.Once
	dir  string
	err  error
}

// WorkDir holds what is built for the tests of this process; harness.RunExits, in
// TestMain, removes it.
func WorkDir(t testing.TB) string {
	t.Helper()
	work.once.Do(func() {
		if work.dir, work.err = os.MkdirTemp("", "ais-cprog-"); work.err == nil {
			harness.AtExit(func() { os.RemoveAll(work.dir) })
		}
	})
	if work.err != nil {
		t.Fatal(work.err)
	}
	return work.dir
}

// A Program is one C test program and how it is built.
type Program struct {
	Name    string
	Sources []string // below c, or full paths
	Flags   []string
	Headers string // below include, or a full path
	Libs    []string
	Env     []string // for running it
}

// built are the programs that were compiled and linked already.
var built sync.Map

// Build compiles and links it, once per process, and returns its path.
func (p Program) Build(t testing.TB, a Arch) string {
	t.Helper()
	dir := a.Libs(t)
	out := filepath.Join(WorkDir(t), p.Name+"-"+a.Name)
	if _, done := built.LoadOrStore(out, true); done {
		return out
	}
	headers := p.Headers
	if !filepath.IsAbs(headers) {
		headers = filepath.Join(Root, "include", headers)
	}
	args := []string{"-std=c99", "-D_GNU_SOURCE", a.Flag, "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fexceptions",
		"-I" + headers, "-I" + filepath.Join(Root, "ctests/cprog/c"), "-o", out}
	args = append(args, p.Flags...)
	for _, s := range p.Sources {
		if !filepath.IsAbs(s) {
			s = filepath.Join("c", s)
		}
		args = append(args, s)
	}
	args = append(args, "-L"+dir)
	args = append(args, p.Libs...)
	args = append(args, "-lpthread", "-Wl,-rpath,"+dir)
	if text, err := exec.Command(Compiler(), args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", Compiler(), strings.Join(args, " "), err, text)
	}
	return out
}

// Rows reads a table of the project (tab separated, one header line) as maps from
// column to value.
func Rows(t testing.TB, path string) []map[string]string {
	t.Helper()
	return RowsOf(t, Root, path)
}

// RowsOf is Rows of another tree.
func RowsOf(t testing.TB, root, path string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var out []map[string]string
	for i, l := range lines[1:] {
		cells := strings.Split(l, "\t")
		if len(cells) != len(head) {
			t.Fatalf("%s:%d: %d columns instead of %d", path, i+2, len(cells), len(head))
		}
		row := map[string]string{}
		for j, c := range cells {
			row[head[j]] = c
		}
		out = append(out, row)
	}
	return out
}
