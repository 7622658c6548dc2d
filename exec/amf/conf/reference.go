// The grammar of both files for readers: the manual's pages are made from it.

package conf

import "slices"

// A Section is one kind of section of a file.
type Section struct {
	Keyword string
	Named   bool     // "keyword=NAME {", else "keyword {"
	Items   bool     // holds a word a line, no settings
	In      []string // keywords of the sections it may be in; none: the file itself
	Keys    []Key
}

// A Key is one setting of a section.
type Key struct {
	Name, Values      string
	Required, Repeats bool
}

// Reference lists the sections of amf.conf or groups.conf, outer ones first; nil for
// any other name.
func Reference(file string) []Section {
	var out []Section
	add := func(s *section, in string) bool {
		for i := range out {
			if out[i].Keyword == s.keyword {
				if !slices.Contains(out[i].In, in) {
					out[i].In = append(out[i].In, in)
				}
				return false
			}
		}
		r := Section{Keyword: s.keyword, Named: s.named, Items: s.free}
		if in != "" {
			r.In = []string{in}
		}
		for _, k := range s.keys {
			r.Keys = append(r.Keys, Key{Name: k.name, Values: k.values, Required: k.required, Repeats: k.repeats})
		}
		out = append(out, r)
		return true
	}
	var walk func(s *section)
	walk = func(s *section) {
		for _, inner := range s.sections {
			if add(inner, s.keyword) {
				walk(inner)
			}
		}
	}
	switch file {
	case "amf.conf":
		walk(amfFile)
	case "groups.conf":
		walk(groupsFile)
	}
	return out
}
