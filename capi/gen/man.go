package main

// The manual's pages of the functions (section 3): a page for each name, with what
// every generation that has it says of it. Their source are capi/api.tsv and the
// comments of the headers; a function that its header does not describe is an error.

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// edition is what every page says of itself.
type edition struct{ version, date string }

// A manual is all that the pages are made from.
type manual struct {
	edition
	api    *api
	header map[string]*header // by generation and service
}

// how a generation is called on a page, and EVS, which has no generations.
func generationTitle(gen, service string) string {
	if service == "evs" {
		return map[string]string{"a01": "openais of 2004 (pkg-config ais-a)", "b01": "openais 0.80 (pkg-config ais-b)"}[gen]
	}
	return map[string]string{"a01": "A.01.01 (pkg-config ais-a)", "b01": "B.01.01 (pkg-config ais-b)",
		"osaf": "OpenSAF 5 (pkg-config ais-opensaf)"}[gen]
}

// generateManual makes the pages by the names of their files.
func generateManual(root string, a *api, e edition) (map[string][]byte, error) {
	m := &manual{edition: e, api: a, header: map[string]*header{}}
	for gen, services := range headers {
		for service, name := range services {
			h := &header{functions: map[string]doc{}, meaning: map[string]string{}}
			if err := readHeader(root, name, h, map[string]bool{}); err != nil {
				return nil, err
			}
			m.header[gen+service] = h
		}
	}
	files := map[string][]byte{}
	var names []string
	rows := map[string][]*function{}
	for _, f := range a.functions {
		name := f.called()
		if rows[name] == nil {
			names = append(names, name)
		}
		rows[name] = append(rows[name], f)
		for _, e := range f.exports {
			if id := f.identifier(e); id != name { // a second spelling
				files["man3/"+id+".3"] = []byte(".so man3/" + name + ".3\n")
			}
		}
	}
	for _, name := range names {
		p, err := m.function(name, rows[name])
		if err != nil {
			return nil, err
		}
		files["man3/"+name+".3"] = p.Bytes()
	}
	return files, nil
}

// called is what a program calls a function.
func (f *function) called() string {
	for _, e := range f.exports {
		if f.identifier(e) == f.name {
			return f.name
		}
	}
	return f.identifier(f.exports[0])
}

// doc is what the header of a function's generation says of it; own tells that it is
// not what B.01.01 says.
func (m *manual) doc(f *function) (d doc, own bool) {
	d, own = m.header[f.generation+f.service].functions[f.called()]
	if !own && f.generation == "osaf" {
		d = m.header["b01"+f.service].functions[f.called()]
	}
	return d, own
}

func (m *manual) function(name string, rows []*function) (*page, error) {
	p := &page{}
	p.title(name, "3", m.date, m.version, "AIS C interface")
	p.heading("NAME")
	summary, err := m.summary(name, rows)
	if err != nil {
		return nil, err
	}
	p.WriteString(plain(name) + ` \- ` + plain(summary) + "\n")
	p.heading("SYNOPSIS")
	for _, f := range rows {
		m.synopsis(p, f, rows)
	}
	p.heading("DESCRIPTION")
	for _, f := range rows {
		if f.name == name {
			m.describe(p, f, len(rows) > 1)
		}
	}
	p.heading("RETURN VALUE")
	for _, f := range rows {
		if f.name == name {
			if err := m.results(p, f, len(rows) > 1); err != nil {
				return nil, err
			}
		}
	}
	m.callbacks(p, name, rows)
	if opensService.MatchString(name) {
		p.heading("ENVIRONMENT")
		p.item("AIS_SOCKET", "The socket of the executive: a path, or @name in the abstract name space. The default is @ais/aisexec.")
		p.item("AIS_RUNTIME", "The file of the library's runtime, libais-runtime.so.1, which is otherwise looked for beside the library "+
			"(or the program, when the library is an archive) and where it was installed. Programs with the rights of another user ignore it.")
	}
	m.notes(p, name, rows)
	m.libraries(p, rows)
	m.clauses(p, name, rows)
	m.seeAlso(p, name, rows)
	return p, nil
}

func (m *manual) summary(name string, rows []*function) (string, error) {
	for _, gen := range []string{"b01", "a01", "osaf"} {
		for _, f := range rows {
			if d, _ := m.doc(f); f.generation == gen && len(d.blocks) > 0 && d.blocks[0].name == "" {
				s := firstSentence(name, d.blocks[0].text)
				if !strings.HasPrefix(s, "As in ") {
					return s, nil
				}
			}
		}
	}
	return "", fmt.Errorf("include/%s: nothing says what %s does", headers[rows[0].generation][rows[0].service], name)
}

// synopsis is a prototype as the header has it.
func (m *manual) synopsis(p *page, f *function, rows []*function) {
	title := generationTitle(f.generation, f.service)
	if f.name != f.called() {
		title = "As openais 1.1 had it (libSaCkpt.so.3)"
	}
	p.subheading(title)
	indent := strings.Repeat(" ", 4)
	var b strings.Builder
	include := filepath.Base(headers[f.generation][f.service])
	switch include {
	case "saAis_B_5_14.h":
		b.WriteString("#define SA_EXTENDED_NAME_SOURCE\n")
		include = "saAis.h"
	case "saClm.h":
		if f.generation == "osaf" && f.oldInNewHeader() {
			b.WriteString("#define SA_CLM_B01\n")
		}
	}
	fmt.Fprintf(&b, "#include <%s>\n\n%s %s(\n%s%s);", include, f.returns, f.called(), indent, strings.Join(f.params, ",\n"+indent))
	p.code(b.String())
}

// oldInNewHeader tells of a function of CLM that OpenSAF's header shows on demand.
func (f *function) oldInNewHeader() bool {
	switch f.name {
	case "saClmInitialize", "saClmClusterTrack", "saClmClusterNodeGet":
		return true
	}
	return false
}

func (m *manual) describe(p *page, f *function, titled bool) {
	d, own := m.doc(f)
	if titled {
		p.subheading(generationTitle(f.generation, f.service))
	}
	if !own {
		p.paragraph("As in B.01.01.")
		return
	}
	if titled && d.openais && len(d.blocks) > 0 {
		d.blocks = append([]block(nil), d.blocks...)
		d.blocks[0].text = inThisPage.ReplaceAllString(d.blocks[0].text, "As in B.01.01")
	}
	for _, b := range d.blocks {
		text := markedClaus.ReplaceAllString(b.text, "")
		text = strings.ReplaceAll(strings.ReplaceAll(text, " ,", ","), " .", ".")
		if b.name != "" {
			p.item(b.name, text)
		} else {
			p.paragraph(text)
		}
	}
}

var inThisPage = regexp.MustCompile(`^As in sa\w+\.h of openais`)

func (m *manual) results(p *page, f *function, titled bool) error {
	if !strings.HasSuffix(f.returns, "ErrorT") && f.returns != "evs_error_t" {
		if f.returns == "void" {
			p.paragraph("None.")
		} else {
			p.paragraph("A " + f.returns + ", as described above.")
		}
		return nil
	}
	if titled {
		p.subheading(generationTitle(f.generation, f.service))
	}
	list := m.causesOf(f.generation, f.service, f.called(), map[string]bool{})
	known := map[string]bool{}
	for _, c := range list {
		known[c.code] = true
	}
	for _, c := range m.everywhereOf(f) {
		if !known[c.code] {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("include/%s: nothing says what %s returns", headers[f.generation][f.service], f.called())
	}
	sort.SliceStable(list, func(i, j int) bool {
		return strings.HasSuffix(list[i].code, "_OK") && !strings.HasSuffix(list[j].code, "_OK")
	})
	merged := map[string]string{}
	var order []string
	for _, c := range list {
		if _, ok := merged[c.code]; !ok {
			order = append(order, c.code)
			merged[c.code] = c.text
		} else if c.text != "" {
			merged[c.code] += "; " + c.text
		}
	}
	for _, code := range order {
		text := strings.TrimPrefix(merged[code], "; ")
		if text == "" || strings.HasPrefix(text, "also ") {
			general, err := m.meaningOf(f.generation, f.service, code)
			if err != nil {
				return err
			}
			if text != "" {
				text = strings.TrimSuffix(general, ".") + "; " + text
			} else {
				text = general
			}
		}
		if first, _, _ := strings.Cut(text, " "); !slices.Contains(f.args(), first) {
			text = capital(text)
		}
		p.item(code, strings.TrimSuffix(text, ".")+".")
	}
	return nil
}

func (m *manual) everywhereOf(f *function) []cause {
	list := m.header[f.generation+f.service].everywhere()
	if f.generation == "osaf" {
		if h := m.header["b01"+f.service]; h != nil {
			list = append(list, h.everywhere()...)
		}
	}
	return list
}

// opensService are the functions that open a service.
var opensService = regexp.MustCompile(`^(?:sa(?:Clm|Ckpt|Evt|Amf)Initialize(?:_o?[0-9])?|evs_initialize)$`)

// callbacks are described where they are given to the library.
func (m *manual) callbacks(p *page, name string, rows []*function) {
	if !opensService.MatchString(name) {
		return
	}
	begun := false
	for _, f := range rows {
		for _, c := range m.header[f.generation+f.service].callbacks {
			// A header may hold those of other services, too.
			if !strings.HasPrefix(strings.ToLower(c.name), "sa"+f.service) && f.service != "evs" && !strings.HasPrefix(c.name, "Osaf") {
				continue
			}
			if !begun {
				p.heading("CALLBACKS")
				begun = true
			}
			p.subheading(c.name + ", " + generationTitle(f.generation, f.service))
			p.code(c.declaration + ";")
			p.paragraph(c.text)
		}
	}
}

func (m *manual) notes(p *page, name string, rows []*function) {
	begun := false
	for _, f := range rows {
		h := m.header[f.generation+f.service]
		if f.name != name || len(h.common)+len(h.about) == 0 {
			continue
		}
		if !begun {
			p.heading("NOTES")
			begun = true
		}
		if len(rows) > 1 {
			p.subheading(generationTitle(f.generation, f.service))
		}
		for _, a := range h.about {
			p.paragraph(a)
		}
		common := h.common
		if f.generation == "osaf" && len(rows) == 1 && m.header["b01"+f.service] != nil {
			common = m.header["b01"+f.service].common
		}
		for _, c := range common {
			if !resultFirst.MatchString(c) { // those are above, at their results
				p.bullet(c)
			}
		}
	}
}

// libraries tells who exports it.
func (m *manual) libraries(p *page, rows []*function) {
	p.heading("LIBRARIES")
	for _, f := range rows {
		var list []string
		for _, e := range f.exports {
			for _, l := range m.api.libraries {
				if l.file == e.library && l.as == "development" {
					list = append(list, "-l"+strings.TrimSuffix(strings.TrimPrefix(l.links[0], "lib"), ".so"))
				} else if l.file == e.library {
					list = append(list, l.soname)
				}
			}
		}
		title, _, _ := strings.Cut(generationTitle(f.generation, f.service), " (")
		if f.name != f.called() {
			title = "openais 1.1"
		}
		p.item(title, strings.Join(list, ", "))
	}
}

// specifications are the versions that generations implement, by service.
var specifications = map[string]map[string]string{
	"a01":  {"clm": "A.01.01", "ckpt": "A.01.01", "evt": "A.01.01", "amf": "A.01.01"},
	"b01":  {"clm": "B.01.01", "ckpt": "B.01.01", "evt": "B.01.01", "amf": "B.01.01"},
	"osaf": {"clm": "B.04.01", "ckpt": "B.02.02", "evt": "B.03.01", "amf": "B.04.01"},
}

// clauses names the specifications. Their clauses have the functions' names; the
// header may know the number.
func (m *manual) clauses(p *page, name string, rows []*function) {
	begun := false
	for _, f := range rows {
		version := specifications[f.generation][f.service]
		if version == "" || f.name != name || strings.HasPrefix(name, "osaf") || strings.Contains(name, "_o") {
			continue // what no specification has
		}
		if f.generation == "osaf" && slices.ContainsFunc(m.api.functions, func(x *function) bool { return newer.ReplaceAllString(x.name, "") == name && x.name != name }) {
			continue // of B.01.01 in OpenSAF's headers, too
		}
		if !begun {
			p.heading("STANDARDS")
			begun = true
		}
		document := "SAI-AIS-" + version
		if f.generation != "a01" {
			document = "SAI-AIS-" + strings.ToUpper(f.service) + "-" + version
		}
		clause := name + "()"
		if d, own := m.doc(f); own {
			for _, b := range d.blocks {
				if c := markedClaus.FindStringSubmatch(b.text); c != nil {
					clause = c[1] + ", " + name + "()"
					break
				}
			}
		}
		p.bullet("Service Availability Forum, Application Interface Specification " + document + ", clause " + clause + ".")
	}
}

func (m *manual) seeAlso(p *page, name string, rows []*function) {
	p.heading("SEE ALSO")
	var list []string
	for _, f := range m.api.functions {
		for _, r := range rows {
			if f.generation == r.generation && f.service == r.service && f.called() != name {
				list = append(list, f.called())
			}
		}
	}
	sort.Strings(list)
	last := ""
	for _, l := range list {
		if l != last {
			fmt.Fprintf(p, ".BR %s (3),\n", l)
		}
		last = l
	}
	p.WriteString(".BR aisexec (8)\n")
}
