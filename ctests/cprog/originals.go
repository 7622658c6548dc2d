package cprog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// OriginalHeader makes a header from the tables of an original implementation
// alone: what the compiler of an old program saw. Its functions have their plain
// names, in every generation.
func OriginalHeader(t testing.TB, implementation string, headers ...string) string {
	var b strings.Builder
	ours := func(r map[string]string) bool {
		return r["implementation"] == implementation && slices.Contains(headers, r["header"]) &&
			r["condition"] != "defined(SA_EXTENDED_NAME_SOURCE)"
	}
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
