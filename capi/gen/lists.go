package main

// Reading and checking the lists.

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A table is a tab separated file with one header line.
type table struct {
	path string
	cols map[string]int
	rows [][]string
}

func readTable(path string, want ...string) (*table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	t := &table{path: path, cols: map[string]int{}}
	for i, c := range strings.Split(lines[0], "\t") {
		t.cols[c] = i
	}
	for _, w := range want {
		if _, ok := t.cols[w]; !ok {
			return nil, fmt.Errorf("%s: no column %q", path, w)
		}
	}
	for i, l := range lines[1:] {
		row := strings.Split(l, "\t")
		if len(row) != len(t.cols) {
			return nil, fmt.Errorf("%s:%d: %d columns, the header has %d", path, i+2, len(row), len(t.cols))
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

func (t *table) get(row []string, col string) string { return row[t.cols[col]] }

// An export is one name of one library.
type export struct {
	library, symbol, version string
}

// A function is one row of api.tsv.
type function struct {
	generation, service, name, returns string
	params                             []string // "type name"
	exports                            []export
}

// args returns the names of the parameters.
func (f *function) args() []string {
	var a []string
	for _, p := range f.params {
		i := strings.LastIndexAny(p, " *")
		a = append(a, p[i+1:])
	}
	return a
}

// adapter is the name of the C function that does the work.
func (f *function) adapter() string { return "aisf_" + f.generation + "_" + f.name }

// A library is one row of libs.tsv.
type library struct {
	file, soname, as string
	links            []string
	oneBlocks        bool // SA_DISPATCH_ONE waits
	oneBlocksEVT     bool // that of EVT does
}

// An api is the lists together.
type api struct {
	root      string
	functions []*function
	libraries []*library
}

// headers tells what the C headers of a generation are.
var headers = map[string]map[string]string{
	"a01": {"clm": "a.01.01/ais_clm.h", "ckpt": "a.01.01/ais_ckpt.h", "evs": "a.01.01/evs.h", "evt": "a.01.01/ais_evt.h", "amf": "a.01.01/ais_amf.h"},
	"b01": {"clm": "saClm.h", "ckpt": "saCkpt.h", "evs": "evs.h", "evt": "saEvt.h", "amf": "saAmf.h"},
	"osaf": {"clm": "opensaf/saClm.h", "ckpt": "opensaf/saCkpt.h", "evt": "opensaf/saEvt.h", "amf": "opensaf/saAmf.h",
		"ais": "opensaf/saAis_B_5_14.h"},
}

// generations in the order in which they are written.
var generations = []string{"a01", "b01", "osaf"}

// binds are the macros by which the headers of a generation bind by label.
var binds = map[string]string{"a01": "AIS_A01_BIND", "osaf": "AIS_OSAF_BIND"}

// shown are the macros that show every function of a header.
var shown = map[string]string{"osaf": "#ifndef SA_CLM_B01\n#define SA_CLM_B01\n#endif\n"}

func readAPI(root string) (*api, error) {
	libs, err := readTable(filepath.Join(root, "capi/libs.tsv"), "file", "soname", "links", "as", "one_blocks")
	if err != nil {
		return nil, err
	}
	a := &api{root: root}
	known := map[string]bool{}
	for _, r := range libs.rows {
		l := &library{
			file: libs.get(r, "file"), soname: libs.get(r, "soname"), as: libs.get(r, "as"),
			links: strings.Fields(libs.get(r, "links")), oneBlocks: libs.get(r, "one_blocks") != "no",
			oneBlocksEVT: libs.get(r, "one_blocks") == "yes",
		}
		known[l.file] = true
		a.libraries = append(a.libraries, l)
	}
	fns, err := readTable(filepath.Join(root, "capi/api.tsv"), "generation", "service", "function", "returns", "parameters", "exports")
	if err != nil {
		return nil, err
	}
	seen := map[export]bool{}
	for i, r := range fns.rows {
		f := &function{
			generation: fns.get(r, "generation"), service: fns.get(r, "service"),
			name: fns.get(r, "function"), returns: fns.get(r, "returns"),
			params: strings.Split(fns.get(r, "parameters"), "; "),
		}
		if headers[f.generation][f.service] == "" {
			return nil, fmt.Errorf("capi/api.tsv:%d: no headers of generation %q, service %q", i+2, f.generation, f.service)
		}
		for _, s := range strings.Fields(fns.get(r, "exports")) {
			lib, sym, ok := strings.Cut(s, ":")
			sym, version, _ := strings.Cut(sym, "@")
			if !ok || !known[lib] || sym == "" {
				return nil, fmt.Errorf("capi/api.tsv:%d: %q is not library:symbol[@version] with a library of capi/libs.tsv", i+2, s)
			}
			if seen[export{lib, sym, ""}] {
				return nil, fmt.Errorf("capi/api.tsv:%d: %s exports %s twice", i+2, lib, sym)
			}
			seen[export{lib, sym, ""}] = true
			f.exports = append(f.exports, export{lib, sym, version})
		}
		a.functions = append(a.functions, f)
	}
	return a, nil
}
