package conformance

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// bySoname builds a conformance program as one of its time: compiled with the headers
// of the original that had the soname, with plain names, linked by the soname.
func bySoname(t *testing.T, a cprog.Arch, service, soname, source, define string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("c", source))
	if err != nil {
		t.Fatal(err)
	}
	p := cprog.Program{Name: "soname-" + service + "-" + soname, Sources: []string{path}, Flags: strings.Fields(define), Libs: []string{"-l:" + soname}}
	for _, l := range cprog.Rows(t, "capi/libs.tsv") {
		if l["soname"] == soname {
			p.Headers = cprog.OriginalDir(t, l["as"], service)
		}
	}
	return p.Build(t, a)
}

// rowsBySoname runs the rows of a program that was built so that end with success,
// on a cluster that nobody disturbs. SA_DISPATCH_ONE waits in some of these, so those
// that dispatch nothing are left out. Libraries take turns (share): each runs some,
// together they run all.
func rowsBySoname(t *testing.T, c *harness.Cluster, p *program, prefix string, least int, mine func() bool) {
	run, ran := runner{c: c}, 0
	for _, r := range readTable(t) {
		id, ok := strings.CutPrefix(r.id, prefix)
		if !ok || r.setting != "normal" || p.numbers[r.expected] != 1 || strings.HasPrefix(id, "dispatch.nothing") || !mine() {
			continue
		}
		ran++
		t.Run(id, func(t *testing.T) {
			run.t = t
			run.row(r, p)
		})
	}
	if ran < least {
		t.Errorf("only %d rows were run", ran)
	}
}

// share deals rows out to takers: the one with the number nth is dealt every fourth,
// or, with AIS_ALL_ROWS set, all.
func share(nth int) func() bool {
	step := 4
	if os.Getenv("AIS_ALL_ROWS") != "" {
		step = 1
	}
	return func() bool {
		nth++
		return nth%step == 0
	}
}

// onSonames runs the rows of a service for every library of the originals that has it.
func onSonames(t *testing.T, service, source string, least int) {
	t.Parallel() // rows wait more than they work
	c := harness.ForTest(t, harness.Options{Nodes: 1})
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	numbers, nth := build(t, of(service)), 0
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for _, l := range cprog.Rows(t, "capi/libs.tsv") {
			generation := map[string]string{"openais-2004": "a", "openais-whitetank": "b", "openais-wilson": "b", "opensaf-5.18.06": "o"}[l["as"]]
			if generation == "" || len(functionsOf(t, l["file"], service)) == 0 {
				continue
			}
			t.Run(l["soname"], func(t *testing.T) {
				prefix := service + "." + generation + "."
				path := bySoname(t, a, service, l["soname"], source, "-DGENERATION_"+strings.ToUpper(generation))
				rowsBySoname(t, c, &program{path: path, numbers: numbers[prefix].numbers}, prefix, least, share(nth))
				nth++
			})
		}
	})
}

// Programs that find EVT by the sonames of the originals, with the headers and the
// plain names of their time, get the same results, with 64 bits and with 32.
func TestProgramsLinkedByTheSonamesOfTheOriginalsGetTheSameFromEVT(t *testing.T) {
	onSonames(t, "evt", "evt.c", 7)
}

// The same for CKPT, which OpenSAF has with the memory used in 64 bits.
func TestProgramsLinkedByTheSonamesOfTheOriginalsGetTheSameFromCKPT(t *testing.T) {
	onSonames(t, "ckpt", "ckpt.c", 10)
}
