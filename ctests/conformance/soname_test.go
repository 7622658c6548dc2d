package conformance

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/ctests/harness"
)

// Programs that find EVT by the sonames of the originals, with the plain names of
// their time, get the same results. (The rows that dispatch with nothing pending
// are not run: SA_DISPATCH_ONE waits in some of these.)
func TestProgramsLinkedByTheSonamesOfTheOriginalsGetTheSameFromEVT(t *testing.T) {
	table := readTable(t)
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	numbers := build(t, of("evt"))
	root, lib := c.Build.Root, c.Build.Lib()
	for _, s := range []struct{ soname, prefix, headers string }{
		{"libais.so.1", "evt.a.", "include/a.01.01"},
		{"libais.so.2", "evt.b.", "include"},
		{"libSaEvt.so.2", "evt.b.", "include"},
		{"libSaEvt.so.3", "evt.b.", "include"},
		{"libSaEvt.so.1", "evt.o.", "include/opensaf"},
	} {
		t.Run(s.soname, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "evt")
			args := []string{"-std=c99", "-D_GNU_SOURCE", "-I" + filepath.Join(root, s.headers), "-o", path}
			if s.prefix == "evt.a." {
				args = append(args, "-DGENERATION_A", "-DAIS_A01_BIND(name)=")
			}
			if s.prefix == "evt.o." {
				args = append(args, "-DGENERATION_O", "-DAIS_OSAF_BIND(name)=")
			}
			args = append(args, filepath.Join(root, "ctests/conformance/c/evt.c"), "-L"+lib, "-l:"+s.soname, "-lpthread", "-Wl,-rpath,"+lib)
			if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			p := &program{path: path, numbers: numbers[s.prefix].numbers}
			run := runner{c: c}
			for _, id := range []string{"init.ok", "async.ok", "unlink.ok", "unlink.while-open", "get.same", "data.ok",
				"publish.largest", "subscribe.filters", "subscribe.retained", "unsubscribe.unknown", "clear.ok", "order", "finalize.children", "patternfree.ok", "limit.ok"} {
				for _, r := range table {
					if r.id == s.prefix+id {
						t.Run(id, func(t *testing.T) {
							run.t = t
							run.row(r, p)
						})
					}
				}
			}
		})
	}
}

// The same for CKPT, which OpenSAF has with the memory used in 64 bits.
func TestProgramsLinkedByTheSonamesOfTheOriginalsGetTheSameFromCKPT(t *testing.T) {
	table := readTable(t)
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	numbers := build(t, of("ckpt"))
	root, lib := c.Build.Root, c.Build.Lib()
	for _, s := range []struct{ soname, prefix, headers, define string }{
		{"libais.so.1", "ckpt.a.", "include/a.01.01", "-DGENERATION_A -DAIS_A01_BIND(name)="},
		{"libais.so.2", "ckpt.b.", "include", ""},
		{"libSaCkpt.so.2", "ckpt.b.", "include", ""},
		{"libSaCkpt.so.3", "ckpt.b.", "include", ""},
		{"libSaCkpt.so.1", "ckpt.o.", "include/opensaf", "-DGENERATION_O -DAIS_OSAF_BIND(name)="},
	} {
		t.Run(s.soname, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ckpt")
			args := append([]string{"-std=c99", "-D_GNU_SOURCE", "-I" + filepath.Join(root, s.headers), "-o", path}, strings.Fields(s.define)...)
			args = append(args, filepath.Join(root, "ctests/conformance/c/ckpt.c"), "-L"+lib, "-l:"+s.soname, "-lpthread", "-Wl,-rpath,"+lib)
			if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			p := &program{path: path, numbers: numbers[s.prefix].numbers}
			run, n := runner{c: c}, 0
			for _, id := range []string{"init.ok", "init.major-two", "open.ok", "async.ok", "unlink.ok", "status.ok", "section.ok", "section.generated",
				"write.ok", "read.ok", "read.allocated", "overwrite.ok", "iterate.ok", "syncasync.ok", "idfree.ok", "datafree.ok", "datafree.null"} {
				for _, r := range table {
					if r.id == s.prefix+id {
						n++
						t.Run(id, func(t *testing.T) {
							run.t = t
							run.row(r, p)
						})
					}
				}
			}
			if n < 8 {
				t.Errorf("only %d rows were run", n)
			}
		})
	}
}
