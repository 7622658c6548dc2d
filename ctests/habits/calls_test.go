package habits

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

// A list is what a library exports of one service of one generation.
type list struct{ library, generation, service string }

// lists are all of them, from the table.
func lists(t *testing.T) []list {
	var out []list
	for _, r := range cprog.Rows(t, "capi/api.tsv") {
		for _, e := range strings.Fields(r["exports"]) {
			library, _, _ := strings.Cut(e, ":")
			if l := (list{library, r["generation"], r["service"]}); !slices.Contains(out, l) {
				out = append(out, l)
			}
		}
	}
	return out
}

// headers are where a generation declares its services in our headers.
var headers = map[string]string{"a01": "a.01.01", "b01": "", "osaf": "opensaf"}

// callsProgram calls every function of one list. Those of a library that stands
// for an original are compiled with the original's headers; those of -lais and
// -levs with ours.
func callsProgram(t *testing.T, l list) cprog.Program {
	t.Helper()
	p := cprog.Program{
		Name:    "calls-" + l.library + "-" + l.generation + "-" + l.service,
		Sources: []string{"calls_" + l.service + ".c"},
		Headers: headers[l.generation],
		Flags: []string{"-O0", "-DGEN_" + strings.ToUpper(l.generation), `-DLIST="gen/` + l.generation + "_" + l.service + `.h"`,
			"-DEXPORTS=EXPORTS_" + strings.ReplaceAll(l.library, ".", "_")},
	}
	if _, err := os.Stat(filepath.Join("c", p.Sources[0])); err != nil {
		t.Fatalf("the functions of %s have no cases: %v", l.service, err)
	}
	for _, r := range cprog.Rows(t, "capi/libs.tsv") {
		if r["file"] != l.library {
			continue
		}
		if r["as"] == "development" {
			p.Libs = []string{"-l" + strings.TrimSuffix(strings.TrimPrefix(strings.Fields(r["links"])[0], "lib"), ".so")}
			if l.generation == "osaf" {
				p.Flags = append(p.Flags, "-DSA_CLM_B01")
			}
			return p
		}
		p.Libs = []string{"-l:" + r["soname"]}
		p.Headers = cprog.OriginalDir(t, r["as"], l.service)
	}
	return p
}

// Around each exported function of every library: all 64 signal dispositions, the
// mask, pending signals, the alternate stack, every limit, environment, umask,
// working directory and errno are what they were; in a process as it starts and
// in one that has changed all of that, on the first thread and on another. The
// objects are compiled with the headers of the originals, linked by their sonames,
// and check the structures that come back.
func TestNoFunctionOfAnyLibraryChangesTheProcess(t *testing.T) {
	all := lists(t)
	if len(all) < 26 {
		t.Fatalf("only %d lists", len(all))
	}
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for _, l := range all {
			t.Run(l.library+"_"+l.generation+"_"+l.service, func(t *testing.T) {
				p := callsProgram(t, l)
				path := p.Build(t, a)
				for _, state := range []string{"usual", "unusual"} {
					run(t, nil, path, state)
				}
			})
		}
	})
}
