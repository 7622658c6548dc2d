package conformance

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// longKey is a health check key of all 32 bytes; c/bytes_amf_b.c has it, too.
const longKey = "key-of-thirty-two-bytes-exactly-"

// boundary changes the components of the rows, so that names, keys and lists of
// attributes of every length cross the boundary.
var boundary = map[string]*strings.Replacer{
	"groups.conf": strings.NewReplacer("name = CSI2", "name = "+strings.Repeat("n", 200)), // its distinguished name is longer
	"amf.conf": strings.NewReplacer(
		"safCsi=C2 {", "safCsi="+strings.Repeat("n", 255-len("safCsi=,safSi=ONE,safApp=CONF"))+" {",
		"safHealthcheckKey=fast", "safHealthcheckKey="+longKey,
		"safCSIAttr=port {\n\t\t\t\t\t80\n", "safCSIAttr=port {\n\t\t\t\t\t80\n\t\t\t\t\t8080\n\t\t\t\t}\n\t\t\t\tsafCSIAttr=host {\n\t\t\t\t\t"+
			strings.Repeat("h", 240)+"\n",
		"safCSAttrName=port\n", "safCSAttrName=port\n\t\t\tsafCSAttrName=host\n",
	),
}

// Objects that were compiled against the original headers, linked by the sonames of
// the originals, call every function of AMF that the library of that name has, with
// success, and find every value of every structure, handle and name where the
// originals had it; nothing is written outside of what is the library's to write.
func TestEveryByteOfAMFThatObjectsBuiltAgainstTheOriginalsSeeIsRight(t *testing.T) {
	t.Parallel() // rows wait more than they work
	clusters := map[string]*harness.Cluster{}
	for conf, r := range boundary {
		clusters[conf] = withAMF(t, 1, conf, r.Replace)
		if err := clusters[conf].StartAll(20 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for _, l := range cprog.Rows(t, "capi/libs.tsv") {
			want := functionsOf(t, l["file"], "amf")
			if l["as"] == "development" || len(want) == 0 {
				continue
			}
			source, conf := "bytes_amf_b.c", "amf.conf"
			if l["as"] == "openais-2004" {
				source, conf = "bytes_amf_a.c", "groups.conf"
			}
			t.Run(l["soname"], func(t *testing.T) {
				p := cprog.Program{
					Name: "bytes-" + l["soname"], Sources: []string{source}, Headers: cprog.OriginalDir(t, l["as"], "amf"),
					Libs: []string{"-l:" + l["soname"]},
				}
				if strings.HasPrefix(l["as"], "opensaf") {
					p.Flags = []string{"-DGENERATION_O"}
				}
				path := p.Build(t, a)
				run := runner{c: clusters[conf], called: map[string]bool{}}
				for _, id := range strings.Fields(output(t, path, "rows")) {
					if !t.Run(strings.TrimPrefix(id, "bytes."), func(t *testing.T) { run.bytes(t, path, id) }) {
						return // the next would wait for what this one left behind
					}
				}
				for _, f := range want {
					if !run.called[f] && !t.Failed() {
						t.Errorf("%s was not called with success", f)
					}
					delete(run.called, f)
				}
				for f := range run.called {
					t.Errorf("%s was called, which the list does not have", f)
				}
			})
		}
	})
}

// bytes runs one row, which says itself what is wrong.
func (x *runner) bytes(t *testing.T, path, id string) {
	cmd := exec.Command(path, "run", id)
	cmd.Env = append(cmd.Environ(), x.c.Nodes[0].Env()...)
	result, wrong, err := x.talk(cmd)
	if err != nil || wrong != "" {
		t.Fatalf("%s: %v%s\nits executive:\n%s", id, err, wrong, x.c.Nodes[0].Output())
	}
	if result != 1 { // both generations' OK
		t.Errorf("%s ends with %d", id, result)
	}
}

// functionsOf are those of a service that a library exports.
func functionsOf(t *testing.T, library, service string) (list []string) {
	for _, r := range cprog.Rows(t, "capi/api.tsv") {
		for _, e := range strings.Fields(r["exports"]) {
			if lib, symbol, _ := strings.Cut(e, ":"); lib == library && r["service"] == service {
				name, _, _ := strings.Cut(symbol, "@")
				list = append(list, name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// The headers that tests make from the tables have the sizes and offsets of the
// tables, so that an object compiled with them is one that was compiled with the
// originals.
func TestHeadersMadeFromTheTablesLayTypesOutAsTheTablesSay(t *testing.T) {
	done := map[string]bool{}
	for _, l := range cprog.Rows(t, "capi/libs.tsv") {
		for _, r := range cprog.Rows(t, "capi/api.tsv") {
			if l["as"] == "development" || r["service"] == "ais" || !strings.Contains(r["exports"], l["file"]+":") || done[l["as"]+r["service"]] {
				continue
			}
			done[l["as"]+r["service"]] = true
			dir := cprog.OriginalDir(t, l["as"], r["service"])
			for _, a := range cprog.Archs {
				out, err := exec.Command(cprog.Compiler(), a.Flag, "-std=gnu11", "-fsyntax-only", filepath.Join(dir, "PROOF.c")).CombinedOutput()
				if err != nil && a.Flag == "-m32" && strings.Contains(string(out), "No such file") {
					t.Skipf("no headers for 32 bits: %s", cprog.FirstLine(out))
				}
				if err != nil {
					t.Errorf("%s %s %s: %v\n%s", l["as"], r["service"], a.Flag, err, out)
				}
			}
		}
	}
	if len(done) < 18 {
		t.Errorf("only %d services of implementations: %v", len(done), done)
	}
}
