package capi

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"ais/ctests/cprog"
)

var installation struct {
	sync.Once
	dir string
}

// installed is an installation of this build, as a maker of packages makes it, and
// where it is in there.
func installed(t *testing.T) (dir, at string) {
	t.Helper()
	installation.Do(func() {
		installation.dir = filepath.Join(cprog.WorkDir(t), "installed")
		install(t, installation.dir, "install-lib", "install-man")
	})
	return installation.dir, filepath.Join(installation.dir, "usr/local")
}

func install(t *testing.T, dir string, targets ...string) {
	t.Helper()
	build := cprog.BuildDir(t)
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	// Make has no names with blanks; seen from the top, most builds have none.
	if rel, err := filepath.Rel(top, build); err == nil && !strings.HasPrefix(rel, "..") {
		build = rel
	}
	// What is built was built by the test command: it is not asked about again.
	args := append([]string{"-s", "-C", root, "-o", "FORCE", "BUILD=" + build, "DESTDIR=" + dir}, targets...)
	cmd := exec.Command("make", args...)
	for _, v := range os.Environ() {
		if k, _, _ := strings.Cut(v, "="); k != "MAKEFLAGS" && k != "MAKEOVERRIDES" && k != "MFLAGS" && k != "PREFIX" {
			cmd.Env = append(cmd.Env, v)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
}

// The two programs of README.md, with the commands that they name themselves, in a
// directory of their own: nothing of the source tree is needed.
func TestProgramsOfTheReadmeBuildAndRunWithAnInstallationAlone(t *testing.T) {
	if _, err := exec.LookPath("pkg-config"); err != nil {
		t.Skip(err)
	}
	dir, at := installed(t)
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	programs := regexp.MustCompile("(?s)```c\n/\\* (cc .*?) \\*/\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(programs) != 2 {
		t.Fatalf("README.md has %d programs", len(programs))
	}
	work := t.TempDir()
	for _, p := range programs {
		command := string(p[1])
		source := regexp.MustCompile(`\w+\.c`).FindString(command)
		t.Run(source, func(t *testing.T) {
			if err := os.WriteFile(filepath.Join(work, source), p[2], 0o644); err != nil {
				t.Fatal(err)
			}
			out := strings.TrimSuffix(source, ".c")
			cc := exec.Command("sh", "-c", strings.Replace(command, "cc ", cprog.Compiler()+" -Wall -Wextra -Werror -pedantic -o "+out+" ", 1))
			cc.Dir = work
			cc.Env = append(os.Environ(), "PKG_CONFIG_PATH="+at+"/lib/pkgconfig", "PKG_CONFIG_SYSROOT_DIR="+dir)
			if text, err := cc.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, text)
			}
			firstLine(t, filepath.Join(work, out), at+"/lib", regexp.MustCompile(`^view \d+: \d+ members$`))
		})
	}
}

// firstLine runs a program, which would go on for ever, until it has said something.
func firstLine(t *testing.T, path, libraries string, want *regexp.Regexp) {
	f := startFake(t)
	cmd := exec.Command("stdbuf", "-oL", path)
	cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+libraries, "AIS_SOCKET="+f.socket)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	timer.Stop()
	cmd.Process.Kill()
	_ = cmd.Wait()
	if !want.MatchString(strings.TrimSpace(line)) {
		t.Errorf("%s says %q (%v)", filepath.Base(path), line, err)
	}
}

// What pkg-config says finds the headers of one generation and no other's, whoever
// includes them first.
func TestPkgConfigFindsTheHeadersOfOneGeneration(t *testing.T) {
	if _, err := exec.LookPath("pkg-config"); err != nil {
		t.Skip(err)
	}
	dir, at := installed(t)
	for _, x := range []struct{ pkg, include, type64 string }{
		{"ais-a", "ais_clm.h ais_evt.h ais_ckpt.h ais_amf.h evs.h", "SaErrorT e; SaUint32T n"},
		{"ais-b", "saClm.h saEvt.h saCkpt.h saAmf.h evs.h openais/saClm.h openais/evs.h", "SaAisErrorT e; SaNtfIdentifierT n"},
		{"ais-opensaf", "saClm.h saEvt.h saCkpt.h saAmf.h saNtf.h", "SaAisErrorT e; SaAmfCallbacksT_o4 n"},
	} {
		cmd := exec.Command("pkg-config", "--cflags", "--libs", x.pkg)
		cmd.Env = append(os.Environ(), "PKG_CONFIG_PATH="+at+"/lib/pkgconfig", "PKG_CONFIG_SYSROOT_DIR="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v", x.pkg, err)
			continue
		}
		var b strings.Builder
		for _, h := range strings.Fields(x.include) {
			fmt.Fprintf(&b, "#include <%s>\n", h)
		}
		fmt.Fprintf(&b, "int main(void) { %s; (void)sizeof e; (void)sizeof n; return 0; }\n", x.type64)
		args := append([]string{"-std=c89", "-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-x", "c", "-", "-x", "none",
			"-o", filepath.Join(t.TempDir(), "a.out")}, strings.Fields(string(out))...)
		cc := exec.Command(cprog.Compiler(), args...)
		cc.Stdin = strings.NewReader(b.String())
		if text, err := cc.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", x.pkg, err, text)
		}
	}
}

// A library that is installed over another one is a new file: programs that run have
// the old one mapped and would crash if its bytes changed.
func TestInstallingAgainLeavesMappedLibrariesAlone(t *testing.T) {
	dir, at := installed(t)
	files := []string{"libais-runtime.so.1"}
	for _, l := range cprog.Rows(t, "capi/libs.tsv") {
		files = append(files, l["file"])
	}
	type old struct {
		mapped []byte
		bytes  []byte
		inode  uint64
	}
	before := map[string]old{}
	for _, name := range files {
		path := filepath.Join(at, "lib", name)
		// As an older version: other bytes.
		if err := os.WriteFile(path, bytes.Repeat([]byte("an older library\n"), 1000), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		mapped, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Munmap(mapped)
		before[name] = old{mapped, bytes.Clone(mapped), info.Sys().(*syscall.Stat_t).Ino}
	}
	install(t, dir, "install-lib")
	for name, o := range before {
		info, err := os.Stat(filepath.Join(at, "lib", name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Sys().(*syscall.Stat_t).Ino == o.inode {
			t.Errorf("%s was written over", name) // reading the old one would now be SIGBUS
			continue
		}
		if !bytes.Equal(o.mapped, o.bytes) {
			t.Errorf("%s changed in the processes that have it", name)
		}
	}
}

// Libraries of both word sizes lie beside each other.
func TestThe32BitLibrariesAreInstalledBesideTheOthers(t *testing.T) {
	archs[1].Libs(t) // builds them, or skips
	dir, at := installed(t)
	before, err := os.ReadFile(filepath.Join(at, "lib/libais-runtime.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	install(t, dir, "ARCH=386", "install-lib")
	after, err := os.ReadFile(filepath.Join(at, "lib/libais-runtime.so.1"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the 64-bit runtime was changed (%v)", err)
	}
	const class32 = "\x7fELF\x01"
	for _, l := range cprog.Rows(t, "capi/libs.tsv") {
		data, err := os.ReadFile(filepath.Join(at, "lib32", l["file"]))
		if err != nil || !bytes.HasPrefix(data, []byte(class32)) {
			t.Errorf("%s of 32 bits is not there (%v)", l["file"], err)
		}
	}
	// The front looks for its runtime where that is.
	data, err := os.ReadFile(filepath.Join(at, "lib32/libais.so"))
	if err != nil || !bytes.Contains(data, []byte("/usr/local/lib32\x00")) && !bytes.Contains(data, []byte("/usr/local/lib32/")) {
		t.Errorf("libais.so does not look into its own directory (%v)", err)
	}
	pc, err := os.ReadFile(filepath.Join(at, "lib32/pkgconfig/ais-b.pc"))
	if err != nil || !bytes.Contains(pc, []byte("libdir=${prefix}/lib32\n")) {
		t.Errorf("ais-b.pc is %q (%v)", pc, err)
	}
}

// Warnings that a program may have turned on, on both word sizes.
func TestHeadersAreCleanWithEveryWarningOfTheirUsers(t *testing.T) {
	warnings := []string{"-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-Wundef", "-Wshadow", "-Wconversion", "-Wsign-conversion",
		"-Wcast-qual", "-Wwrite-strings", "-Wredundant-decls"}
	languages := [][]string{
		{"c", "-std=c89", "-ansi", "-Wstrict-prototypes", "-Wold-style-definition", "-Wmissing-prototypes", "-Wc++-compat", "-Wnested-externs"},
		{"c++", "-std=c++11", "-Wold-style-cast", "-Wuseless-cast", "-Wzero-as-null-pointer-constant"},
	}
	for _, a := range archs {
		if err := canCompile(a); err != nil {
			t.Logf("%s is skipped: %v", a.Name, err)
			continue
		}
		for _, l := range languages {
			cc := cprog.Compiler()
			if l[0] == "c++" {
				cc = "g++"
				if _, err := exec.LookPath(cc); err != nil {
					t.Logf("C++ is skipped: %v", err)
					continue
				}
			}
			for _, h := range everyHeader(t) {
				args := append([]string{a.Flag, "-I" + filepath.Join(root, "include"), "-fsyntax-only"}, l[1:]...)
				cmd := exec.Command(cc, append(append(args, warnings...), "-x", l[0], "-")...)
				cmd.Stdin = strings.NewReader(fmt.Sprintf("#include %q\ntypedef int there_is_something;\n", h))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s %s %s: %v\n%s", l[0], a.Flag, h, err, out)
				}
			}
		}
	}
}
