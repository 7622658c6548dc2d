package capi

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

// exported lists what a library defines for others: symbol or symbol@version.
func exported(t *testing.T, path string) []string {
	t.Helper()
	out, err := exec.Command("nm", "-D", "--defined-only", path).Output()
	if err != nil {
		t.Fatalf("nm %s: %v", path, err)
	}
	var list []string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if kind := f[len(f)-2]; kind == "A" {
			continue // the name of a version
		} else if kind != "T" {
			t.Errorf("%s: %s has kind %s", filepath.Base(path), f[len(f)-1], kind)
		}
		list = append(list, strings.Replace(f[len(f)-1], "@@", "@", 1))
	}
	slices.Sort(list)
	return list
}

// listed is what capi/api.tsv says a library exports.
func listed(t *testing.T, library string) []string {
	var list []string
	for _, r := range cprog.Rows(t, "capi/api.tsv") {
		for _, e := range strings.Fields(r["exports"]) {
			if lib, sym, _ := strings.Cut(e, ":"); lib == library {
				list = append(list, sym)
			}
		}
	}
	slices.Sort(list)
	return list
}

func TestEveryLibraryExportsExactlyWhatTheListSays(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		dir := a.Libs(t)
		for _, l := range cprog.Rows(t, "capi/libs.tsv") {
			path := filepath.Join(dir, l["file"])
			if got, want := exported(t, path), listed(t, l["file"]); !slices.Equal(got, want) {
				t.Errorf("%s exports\n%v\nlisted are\n%v", l["file"], got, want)
			}
			for _, link := range strings.Fields(l["links"]) {
				if target, err := os.Readlink(filepath.Join(dir, link)); link != l["file"] && target != l["file"] {
					t.Errorf("%s is a link to %q, %v", link, target, err)
				}
			}
			out, err := exec.Command("objdump", "-p", path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(out), "SONAME               "+l["soname"]+"\n") {
				t.Errorf("%s has not the soname %s", l["file"], l["soname"])
			}
		}
		if got := exec.Command("nm", "-D", "--defined-only", filepath.Join(dir, "libais-runtime.so.1")); true {
			out, err := got.Output()
			if err != nil || len(strings.Split(strings.TrimSpace(string(out)), "\n")) != 1 || !strings.Contains(string(out), " D aisrt_copy") {
				t.Errorf("the runtime exports %s (%v), not aisrt_copy alone", out, err)
			}
		}
	})
}

// What is loaded into a process stays: threads may be inside.
func TestNoLibraryCanBeUnloaded(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		files := []string{"libais-runtime.so.1"}
		for _, l := range cprog.Rows(t, "capi/libs.tsv") {
			files = append(files, l["file"])
		}
		for _, f := range files {
			out, err := exec.Command("readelf", "-d", filepath.Join(a.Libs(t), f)).Output()
			if err != nil || !strings.Contains(string(out), "NODELETE") {
				t.Errorf("%s can be unloaded (%v)", f, err)
			}
		}
	})
}

// misspelt is what an original library exported under another name than its
// header declares. Ours has both: that one for old programs, the declared one for
// those that could never be linked.
var misspelt = map[string]string{"SaEvtChannelUnlink": "saEvtChannelUnlink"}

// added are names that a header of the original declares and its library forgot.
var added = map[string][]string{"libais.so.1.0": {"saCkptDispatch"}}

// What the original libraries exported of their public headers, under the same
// version, is listed; nothing else is.
func TestTheListIsWhatTheOriginalsExported(t *testing.T) {
	for _, l := range cprog.Rows(t, "capi/libs.tsv") {
		if l["as"] == "development" {
			continue
		}
		var want []string
		for _, e := range cprog.Rows(t, "capi/abi/exports.tsv") {
			if e["implementation"] != l["as"] || e["soname"] != l["soname"] {
				continue
			}
			if declared := misspelt[e["symbol"]]; declared != "" {
				want = append(want, e["symbol"], declared)
				continue
			}
			if e["declared_in_public_header"] != "yes" {
				continue
			}
			s := e["symbol"]
			if v := e["symbol_version"]; v != "" && !strings.HasPrefix(v, "(") {
				s += "@" + v
			}
			want = append(want, s)
		}
		want = append(want, added[l["file"]]...)
		slices.Sort(want)
		if got := listed(t, l["file"]); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s: listed are\n%v\n%s exported\n%v", l["file"], got, l["as"], want)
		}
	}
}

func TestGeneratedFilesAreWhatTheListsSay(t *testing.T) {
	if out, err := exec.Command("go", "run", "../../capi/gen", "-root", root, "-check").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// canCompile tells whether the compiler compiles for a word size at all.
func canCompile(a arch) error {
	cmd := exec.Command(cprog.Compiler(), a.Flag, "-fsyntax-only", "-x", "c", "-")
	cmd.Stdin = strings.NewReader("#include <stdint.h>\n#include <netinet/in.h>\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", cprog.Compiler(), a.Flag, err, cprog.FirstLine(out))
	}
	return nil
}

// Compiling the files is the proof: see capi/gen.
func TestHeadersHoldTypesValuesOffsetsAndPrototypesOfTheOriginals(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "ctests/abi/layout_*.c"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no proof: %v", err)
	}
	for _, a := range archs {
		t.Run(a.Name, func(t *testing.T) {
			if err := canCompile(a); err != nil {
				t.Skip(err)
			}
			for _, f := range files {
				out, err := exec.Command(cprog.Compiler(), a.Flag, "-std=c11", "-Wall", "-Wextra", "-Werror",
					"-Wno-unused-const-variable", "-I"+filepath.Join(root, "include"), "-fsyntax-only", f).CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v\n%s", f, err, out)
				}
			}
		})
	}
}

// everyHeader lists what an installation has, so that none can be forgotten.
func everyHeader(t *testing.T) []string {
	t.Helper()
	var list []string
	top := filepath.Join(root, "include")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".h") {
			name, _ := filepath.Rel(top, path)
			list = append(list, name)
		}
		return err
	})
	if err != nil || len(list) < 20 {
		t.Fatalf("%d headers in %s: %v", len(list), top, err)
	}
	return list
}

func TestHeadersCompileAloneInEveryStandardOfCAndCxx(t *testing.T) {
	headers := everyHeader(t)
	languages := map[string][]string{
		"c":   {"c89", "gnu89", "c99", "c11", "c17", "c2x"},
		"c++": {"c++98", "c++11", "c++14", "c++17", "c++20", "c++2b"},
	}
	for language, standards := range languages {
		cc := cprog.Compiler()
		if language == "c++" {
			cc = "g++"
			if _, err := exec.LookPath(cc); err != nil {
				t.Logf("C++ is skipped: %v", err)
				continue
			}
		}
		for _, std := range standards {
			for _, h := range headers {
				cmd := exec.Command(cc, "-std="+std, "-pedantic-errors", "-Wall", "-Wextra", "-Werror",
					"-I"+filepath.Join(root, "include"), "-fsyntax-only", "-x", language, "-")
				// Twice: a guard is part of it.
				cmd.Stdin = strings.NewReader(fmt.Sprintf("#include %q\n#include %q\ntypedef int there_is_something;\n", h, h))
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s %s: %v\n%s", std, h, err, out)
				}
			}
		}
	}
}

// Every byte of the runtime is loaded into other people's programs.
func TestRuntimeCarriesNoPackageItDoesNotNeed(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../capi/runtime").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		switch p {
		case "fmt", "log", "log/slog", "net", "os", "os/signal", "context", "encoding/json", "testing":
			t.Errorf("capi/runtime carries %s", p)
		}
	}
	info, err := os.Stat(filepath.Join(archs[0].Libs(t), "libais-runtime.so.1"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 2<<20 {
		t.Errorf("the runtime has %d bytes", info.Size())
	}
}
