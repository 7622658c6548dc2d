package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Build says where the executive, the tools and the libraries are.
type Build struct {
	Root string // the project
	Dir  string // what `make all` left: bin/ and lib/
}

// Bin is the path of a program of the project.
func (b *Build) Bin(name string) string {
	path := filepath.Join(b.Dir, "bin", name)
	if _, err := os.Stat(path); err != nil {
		// An installation has the executive and the key generator there.
		if s := filepath.Join(b.Dir, "sbin", name); exists(s) {
			return s
		}
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Lib is the directory of the libraries.
func (b *Build) Lib() string { return filepath.Join(b.Dir, "lib") }

// FindBuild returns the build to test: AIS_BUILD names its directory, and else
// `make all` brings the project's own build directory up to date, once per
// program and never twice at the same time.
var FindBuild = sync.OnceValues(findBuild)

func findBuild() (*Build, error) {
	if b := besideProgram(); b != nil {
		return b, nil
	}
	root, err := projectRoot()
	if err != nil {
		return nil, err
	}
	b := &Build{Root: root, Dir: os.Getenv("AIS_BUILD")}
	if b.Dir == "" {
		b.Dir = filepath.Join(root, "build")
		if err := makeAll(root, b.Dir); err != nil {
			return nil, err
		}
	}
	if b.Dir, err = filepath.Abs(b.Dir); err != nil {
		return nil, err
	}
	for _, f := range []string{b.Bin("aisexec"), b.Bin("ais-keygen"), filepath.Join(b.Lib(), "libais.so")} {
		if _, err := os.Stat(f); err != nil {
			return nil, fmt.Errorf("the build in %s is not complete: %w", b.Dir, err)
		}
	}
	return b, nil
}

// besideProgram is the build or installation that this program is a part of, as
// aisbench is; nil for a test, which is compiled somewhere else. It need not
// have the sources, so that C programs cannot be compiled for it.
func besideProgram() *Build {
	exe, err := os.Executable()
	if err != nil || os.Getenv("AIS_BUILD") != "" {
		return nil
	}
	b := &Build{Dir: filepath.Dir(filepath.Dir(exe))}
	if !exists(b.Bin("aisexec")) {
		return nil
	}
	b.Root = filepath.Dir(b.Dir)
	return b
}

func makeAll(root, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	cmd := exec.Command("make", "-s", "-C", root, "all")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make all: %w\n%s", err, out)
	}
	return nil
}

// projectRoot finds the directory with go.mod: upwards from the working
// directory, else from where this file was compiled.
func projectRoot() (string, error) {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, dir := range starts {
		for {
			if data, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && strings.HasPrefix(string(data), "module ais\n") {
				return dir, nil
			}
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
		}
	}
	return "", errors.New("the project's go.mod was not found above the working directory")
}

// Generation is which headers a C program is written for.
type Generation byte

// The generations of the C interface.
const (
	GenA Generation = 'A' // A.01.01, include/a.01.01
	GenB Generation = 'B' // B.01.01, include
	// GenOpenSAF are the headers of OpenSAF, include/opensaf.
	GenOpenSAF Generation = 'O'
)

var compiled struct {
	sync.Mutex
	dir string
	at  map[string]string
}

// CompileC compiles one C program (a path below the project) against the
// headers of a generation and libais, and returns the executable. The same
// source and generation is compiled once per program run.
func (b *Build) CompileC(source string, gen Generation) (string, error) {
	compiled.Lock()
	defer compiled.Unlock()
	key := source + ":" + string(gen)
	if out := compiled.at[key]; out != "" {
		return out, nil
	}
	if compiled.dir == "" {
		dir, err := os.MkdirTemp("", "ais-c-")
		if err != nil {
			return "", err
		}
		compiled.dir, compiled.at = dir, map[string]string{}
		atExit(func() { os.RemoveAll(dir) })
	}
	include := filepath.Join(b.Root, "include")
	switch gen {
	case GenA:
		include = filepath.Join(include, "a.01.01")
	case GenOpenSAF:
		include = filepath.Join(include, "opensaf")
	}
	name := strings.TrimSuffix(filepath.Base(source), ".c") + "-" + strings.ToLower(string(gen))
	out := filepath.Join(compiled.dir, name)
	cmd := exec.Command("gcc", "-std=c99", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O2", "-g",
		"-DGENERATION_"+string(gen)+"=1", "-I"+include, "-o", out, filepath.Join(b.Root, source),
		"-L"+b.Lib(), "-lais", "-lpthread", "-Wl,-rpath,"+b.Lib())
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, text)
	}
	compiled.at[key] = out
	return out, nil
}
