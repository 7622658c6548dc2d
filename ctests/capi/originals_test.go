package capi

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ais/ctests/cprog"
)

// originalHeader makes a header from the tables of an original implementation
// alone: what the compiler of an old program saw. Its functions have their plain
// names, in every generation.
func originalHeader(t *testing.T, implementation string, headers ...string) string {
	var b strings.Builder
	ours := func(r map[string]string) bool {
		return r["implementation"] == implementation && slices.Contains(headers, r["header"]) &&
			r["condition"] != "defined(SA_EXTENDED_NAME_SOURCE)"
	}
	b.WriteString("#pragma once\n#include <stdint.h>\n#include <sys/types.h>\n#include <sys/uio.h>\n#include <netinet/in.h>\n")
	constants, layouts := cprog.Rows(t, "capi/abi/constants.tsv"), cprog.Rows(t, "capi/abi/layouts.tsv")
	for _, c := range constants {
		if ours(c) && c["kind"] == "macro" {
			suffix := ""
			if strings.HasSuffix(c["enum_or_int_type"], "64") {
				suffix = "ULL"
			}
			fmt.Fprintf(&b, "#define %s %s%s\n", c["name"], c["value"], suffix)
		}
	}
	types := cprog.Rows(t, "capi/abi/types.tsv")
	// A header's types use those of the headers before it.
	slices.SortStableFunc(types, func(a, b map[string]string) int {
		return slices.Index(headers, a["header"]) - slices.Index(headers, b["header"])
	})
	for _, r := range types {
		if !ours(r) {
			continue
		}
		name := r["type"]
		switch r["kind"] {
		case "enum":
			fmt.Fprintf(&b, "typedef enum {\n")
			for _, c := range constants {
				if ours(c) && c["kind"] == "enum" && c["enum_or_int_type"] == name {
					fmt.Fprintf(&b, "\t%s = %s,\n", c["name"], c["value"])
				}
			}
			fmt.Fprintf(&b, "} %s;\n", name)
		case "struct", "union":
			tag, alias := "", " "+name
			if strings.HasPrefix(name, "struct ") {
				tag, alias = strings.TrimPrefix(name, "struct")+" ", ""
			}
			typedef := "typedef " + r["kind"]
			if tag != "" {
				typedef = r["kind"]
			}
			fmt.Fprintf(&b, "%s%s {\n", typedef, strings.TrimRight(tag, " "))
			for _, f := range layouts {
				if ours(f) && f["struct"] == name {
					kind, dimension, _ := strings.Cut(f["c_type"], " [")
					if dimension != "" {
						dimension = "[" + dimension
					}
					fmt.Fprintf(&b, "\t%s %s%s;\n", kind, f["field"], dimension)
				}
			}
			fmt.Fprintf(&b, "}%s;\n", alias)
		case "callback":
			fmt.Fprintf(&b, "typedef %s;\n", strings.Replace(r["declared_as"], "(*)", "(*"+name+")", 1))
		default:
			fmt.Fprintf(&b, "typedef %s %s;\n", r["declared_as"], name)
		}
	}
	for _, f := range cprog.Rows(t, "capi/abi/functions.tsv") {
		if ours(f) {
			fmt.Fprintf(&b, "extern %s %s(%s);\n", f["return_type"], f["symbol"], strings.ReplaceAll(f["parameters"], "; ", ", "))
		}
	}
	return b.String()
}

// Objects that were compiled against the originals, linked or loaded by their
// sonames: the bytes that cross the boundary are right.
func TestObjectsBuiltAgainstTheOriginalsRunByEverySoname(t *testing.T) {
	write := func(dir, name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a01, b01 := t.TempDir(), t.TempDir()
	write(a01, "ais_clm.h", originalHeader(t, "openais-2004", "ais_types.h", "ais_clm.h"))
	write(a01, "evs.h", originalHeader(t, "openais-2004", "evs.h"))
	write(b01, "saClm.h", originalHeader(t, "openais-whitetank", "saAis.h", "saClm.h"))
	write(b01, "evs.h", originalHeader(t, "openais-whitetank", "evs.h"))
	osaf := t.TempDir()
	write(osaf, "saClm.h", originalHeader(t, "opensaf-5.18.06", "saAis.h", "saAis_B_5_14.h", "saNtf.h", "saClm.h"))
	old := []string{"-DONE_WAITS"}
	programs := []program{
		{Name: "libais1", Sources: []string{"clm_a01.c"}, Headers: a01, Flags: old, Libs: []string{"-l:libais.so.1"}},
		{Name: "libevs1", Sources: []string{"evs.c"}, Headers: a01, Flags: []string{"-DEVS_OF_2004"}, Libs: []string{"-l:libevs.so.1"}},
		{Name: "libais2", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-l:libais.so.2"}},
		{Name: "libevs2", Sources: []string{"evs.c"}, Headers: b01, Libs: []string{"-l:libevs.so.2"}},
		{Name: "libSaClm2", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-l:libSaClm.so.2"}},
		{Name: "libSaClm3", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-l:libSaClm.so.3"}},
		{Name: "libSaClm0", Sources: []string{"clm_b01.c"}, Headers: osaf, Flags: []string{"-DSA_CLM_B01", "-DOF_OPENSAF"}, Libs: []string{"-l:libSaClm.so.0"}},
		{Name: "libSaClm0_4", Sources: []string{"clm_osaf.c"}, Headers: osaf, Libs: []string{"-l:libSaClm.so.0"}},
		{Name: "lSaClm", Sources: []string{"clm_b01.c"}, Headers: b01, Flags: old, Libs: []string{"-lSaClm"}},
	}
	onEachArch(t, func(t *testing.T, a arch) {
		for _, p := range programs {
			t.Run(p.Name, func(t *testing.T) { p.runAll(t, a) })
		}
	})
}
