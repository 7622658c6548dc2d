package cprog

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// OriginalDir is a directory with the headers of one service as an implementation
// had them (one of the column "as" of capi/libs.tsv), made from the tables alone: the
// file that programs of the time included holds everything; what else they may
// include before or after it is there and empty. PROOF.c in it compiles when sizes
// and offsets are those of the tables.
func OriginalDir(t testing.TB, implementation, service string) string {
	t.Helper()
	title := strings.ToUpper(service[:1]) + service[1:]
	file, tables := "sa"+title+".h", implementation
	parts := []string{"saAis.h"}
	switch {
	case service == "evs":
		file, parts = "evs.h", nil
	case implementation == "openais-2004":
		file, parts = "ais_"+service+".h", []string{"ais_types.h"}
	case strings.HasPrefix(implementation, "opensaf"):
		parts = []string{"saAis.h", "saAis_B_5_14.h", "saNtf.h"}
	}
	if implementation == "openais-wilson" {
		tables = "openais-whitetank"
	}
	parts = append(parts, file)
	if service == "amf" && strings.HasPrefix(implementation, "opensaf") {
		parts = append(parts, "saAmf_B_04_02.h")
	}
	text := OriginalHeader(t, tables, parts...)
	if implementation == "openais-wilson" && service == "ckpt" {
		// The one difference of 1.1's headers in the services we have.
		changed := strings.Replace(text, "const void *initialData, SaSizeT initialDataSize", "const void *initialData, SaUint32T initialDataSize", 1)
		if changed == text {
			t.Fatal("saCkptSectionCreate of 0.80 is not what 1.1 changed")
		}
		text = changed
	}
	dir := filepath.Join(WorkDir(t), "originals", implementation, service)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"PROOF.c": originalProof(t, tables, file, parts)}
	for _, p := range parts {
		files[p] = ""
	}
	files[file] = text
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// originalProof asserts what the tables say of the types of headers and of their
// fields, for a file that includes what OriginalHeader made of them.
func originalProof(t testing.TB, implementation, file string, headers []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#include <stddef.h>\n#include \"%s\"\n", file)
	b.WriteString("#ifdef __LP64__\n#define W(lp64, i386) (lp64)\n#else\n#define W(lp64, i386) (i386)\n#endif\n")
	ours := func(r map[string]string) bool { return isOf(r, implementation, headers) }
	for _, r := range Rows(t, "capi/abi/types.tsv") {
		if ours(r) {
			fmt.Fprintf(&b, "_Static_assert(sizeof(%s) == W(%s, %s), \"size of %[1]s\");\n", r["type"], r["sizeof_lp64"], r["sizeof_i386"])
		}
	}
	for _, r := range Rows(t, "capi/abi/layouts.tsv") {
		if ours(r) {
			fmt.Fprintf(&b, "_Static_assert(offsetof(%s, %s) == W(%s, %s), \"offset of %[1]s.%[2]s\");\n",
				r["struct"], r["field"], r["offset_lp64"], r["offset_i386"])
		}
	}
	return b.String()
}

// isOf tells whether a row of the tables is of headers of an implementation, as a
// program sees it that defines nothing.
func isOf(r map[string]string, implementation string, headers []string) bool {
	return r["implementation"] == implementation && slices.Contains(headers, r["header"]) &&
		r["condition"] != "defined(SA_EXTENDED_NAME_SOURCE)"
}

// OriginalHeader makes a header from the tables of an original implementation
// alone: what the compiler of an old program saw. Its functions have their plain
// names, in every generation.
func OriginalHeader(t testing.TB, implementation string, headers ...string) string {
	var b strings.Builder
	ours := func(r map[string]string) bool { return isOf(r, implementation, headers) }
	b.WriteString("#pragma once\n#include <stdint.h>\n#include <sys/types.h>\n#include <sys/uio.h>\n#include <netinet/in.h>\n")
	constants, layouts := Rows(t, "capi/abi/constants.tsv"), Rows(t, "capi/abi/layouts.tsv")
	for _, c := range constants {
		if ours(c) && c["kind"] == "macro" {
			suffix := ""
			if strings.HasSuffix(c["enum_or_int_type"], "64") {
				suffix = "ULL"
			}
			fmt.Fprintf(&b, "#define %s %s%s\n", c["name"], c["value"], suffix)
		}
	}
	types := Rows(t, "capi/abi/types.tsv")
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
	for _, f := range Rows(t, "capi/abi/functions.tsv") {
		if ours(f) {
			fmt.Fprintf(&b, "extern %s %s(%s);\n", f["return_type"], f["symbol"], strings.ReplaceAll(f["parameters"], "; ", ", "))
		}
	}
	return b.String()
}
