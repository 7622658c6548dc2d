package conformance

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// 32-bit programs get the same results: every twelfth row of each program, in a
// ring of two, or all with AIS_ALL_ROWS set.
func Test32BitProgramsGetTheSameResults(t *testing.T) {
	step := 12
	if os.Getenv("AIS_ALL_ROWS") != "" {
		step = 1
	}
	table := readTable(t)
	a := cprog.Archs[1]
	lib := a.Libs(t)
	c := harness.ForTest(t, harness.Options{Nodes: 2})
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	run := runner{c: c}
	ran := 0
	for _, prefix := range slices.Sorted(maps.Keys(sources)) {
		if strings.HasPrefix(prefix, "amf.") {
			continue // its rows need a configuration of AMF
		}
		s := sources[prefix]
		source, err := filepath.Abs(filepath.Join(cprog.Root, s.file))
		if err != nil {
			t.Fatal(err)
		}
		headers := map[harness.Generation]string{harness.GenA: "a.01.01", harness.GenOpenSAF: "opensaf"}
		path := cprog.Program{
			Name: "rows-" + strings.TrimSuffix(prefix, "."), Sources: []string{source}, Headers: headers[s.gen],
			Flags: []string{"-DGENERATION_" + string(s.gen) + "=1"}, Libs: []string{"-lais"},
		}.Build(t, a)
		p := &program{path: path, numbers: map[string]int{}}
		for line := range strings.Lines(output(t, path, "errors")) {
			name, n, _ := strings.Cut(strings.TrimSpace(line), " ")
			if p.numbers[name], err = strconv.Atoi(n); err != nil {
				t.Fatalf("%s errors: %q", path, line)
			}
		}
		rows := strings.Fields(output(t, path, "rows"))
		at := 0
		for _, r := range table {
			if r.setting != "normal" || !slices.Contains(rows, r.id) {
				continue
			}
			if at++; (at-1)%step != 0 {
				continue
			}
			ran++
			t.Run(r.id, func(t *testing.T) {
				run.t = t
				run.row(r, p)
			})
		}
	}
	t.Logf("%d rows, with the libraries of %s", ran, lib)
	if ran < 60 {
		t.Errorf("only %d rows were run", ran)
	}
}
