package main

// The lists that a test program needs to call every function of a library: see
// ctests/habits/c/calls.h. A function that is in the list and not in a program
// fails the test.

import (
	"bytes"
	"fmt"
	"strings"
)

const callsDir = "ctests/habits/c/gen/"

// macroName is what the list of a library's exports is called.
func (l *library) macroName() string {
	return "EXPORTS_" + strings.NewReplacer(".", "_", "-", "_").Replace(l.file)
}

// identifier is what a program calls an exported symbol: names with a label have
// the plain one.
func (f *function) identifier(e export) string {
	return strings.TrimPrefix(e.symbol, "ais_"+f.generation+"_")
}

// member names an export among the functions of a service: the function, or a
// second spelling of it.
func (f *function) member(e export) string {
	for _, other := range f.exports {
		if other.library == e.library {
			if other == e {
				return f.name
			}
			break
		}
	}
	return f.identifier(e)
}

func generateCalls(a *api, files map[string][]byte) {
	for _, gen := range generations {
		for _, service := range services(a, gen) {
			files[callsDir+gen+"_"+service+".h"] = callList(a, gen, service)
		}
	}
}

func callList(a *api, gen, service string) []byte {
	var b bytes.Buffer
	b.WriteString(generatedC)
	b.WriteString("#define FUNCTIONS(X)")
	seen := map[string]bool{}
	row := func(format string, args ...any) { fmt.Fprintf(&b, " \\\n\t"+format, args...) }
	ofService := func(do func(f *function)) {
		for _, f := range a.functions {
			if f.generation == gen && f.service == service {
				do(f)
			}
		}
	}
	signature := func(f *function) string { return f.returns + ", (" + strings.Join(f.params, ", ") + ")" }
	ofService(func(f *function) {
		for _, e := range f.exports {
			if m := f.member(e); !seen[m] {
				seen[m] = true
				row("X(%s, %s)", m, signature(f))
			}
		}
	})
	b.WriteString("\n")
	for _, l := range a.libraries {
		var rows [][2]string
		ofService(func(f *function) {
			for _, e := range f.exports {
				if e.library == l.file {
					rows = append(rows, [2]string{f.member(e), f.identifier(e)})
				}
			}
		})
		if rows == nil {
			continue
		}
		fmt.Fprintf(&b, "\n#define %s(Y)", l.macroName())
		for _, r := range rows {
			row("Y(%s, %s)", r[0], r[1])
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}
