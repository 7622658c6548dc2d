package main

// What the comments of the headers say of a function: its text, its arguments and
// the errors it returns, each with its cause. A comment is paragraphs with blank
// lines between. One that begins with a result (SA_AIS_OK, ...) lists results, the
// next beginning behind a semicolon. In the others, a line "name  text" begins an
// argument, whose further lines are indented.

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A cause is a result and what it means.
type cause struct{ code, text string }

// A block is a paragraph, or the description of what is named.
type block struct{ name, text string }

// A doc is what a header says of one function.
type doc struct {
	blocks []block
	causes []cause
	// like are functions whose results this one has, too.
	like []string
	// openais: it is as the function of that name in openais.
	openais bool
}

// A header is what is said in one: of its functions, of all of them together, and of
// its results.
type header struct {
	functions map[string]doc
	common    []string          // of every function, an entry each
	about     []string          // further paragraphs on all functions
	meaning   map[string]string // of results
	callbacks []callback
}

// A callback is a type of functions as a header declares it, with its comment.
type callback struct{ name, declaration, text string }

var (
	resultName  = `(?:SA_AIS_OK|SA_AIS_ERR_[A-Z_]+|SA_OK|SA_ERR_[A-Z_]+|EVS_OK|EVS_ERR_[A-Z_]+)`
	result      = regexp.MustCompile(resultName)
	resultFirst = regexp.MustCompile(`^` + resultName)
	resultList  = regexp.MustCompile(`^` + resultName + `(?:(?:, | and )` + resultName + `)*`)
	argument    = regexp.MustCompile(`^([A-Za-z]\w*(?:, [A-Za-z]\w*)*) {2,}(\S.*)$`)
	likeOther   = regexp.MustCompile(`(?:\b[Aa]s |\bwhat |\bis |errors of )((?:sa|evs_)\w+)`)
	enumerator  = regexp.MustCompile(`(?s)/\*\s*([^*]*?)\s*\*/\s*(` + resultName + `) =`)
	headComment = regexp.MustCompile(`(?s)^/\*(.*?)\*/`)
	callbackDoc = regexp.MustCompile(`(?s)/\*([^/]*?)\*/\s*typedef (void \(\*(\w+)\)\([^;]*\));`)
	markedClaus = regexp.MustCompile(`\((\d+(?:\.\d+)+)\)`)
)

// readHeader takes a header in, and those it includes.
func readHeader(root, name string, h *header, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	data, err := os.ReadFile(filepath.Join(root, "include", name))
	if err != nil {
		return err
	}
	if m := headComment.FindSubmatch(data); m != nil && len(seen) == 1 { // what it includes says nothing of functions
		h.head(margin.ReplaceAllString(string(m[1]), ""))
	}
	for _, m := range documented.FindAllSubmatch(data, -1) {
		comment := string(m[1])
		if i := strings.LastIndex(comment, "/*"); i >= 0 {
			comment = comment[i+2:]
		}
		// The margin is one blank: further ones tell what belongs to an argument.
		comment = regexp.MustCompile(`(?m)^[ \t]*\* ?`).ReplaceAllString(comment, "")
		h.functions[string(m[2])] = parseDoc(comment)
	}
	for _, m := range enumerator.FindAllSubmatch(data, -1) {
		h.meaning[string(m[2])] = strings.Join(strings.Fields(string(m[1])), " ")
	}
	for _, m := range callbackDoc.FindAllSubmatch(data, -1) {
		text := markedClaus.ReplaceAllString(oneLine(margin.ReplaceAllString(string(m[1]), "")), "")
		h.callbacks = append(h.callbacks, callback{string(m[3]), strings.ReplaceAll(string(m[2]), "\t", "    "),
			strings.ReplaceAll(text, " .", ".")})
	}
	for _, m := range included.FindAllSubmatch(data, -1) {
		if err := readHeader(root, filepath.Join(filepath.Dir(name), string(m[1])), h, seen); err != nil {
			return err
		}
	}
	return nil
}

// head takes in the comment that a header begins with.
func (h *header) head(text string) {
	for i, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		switch {
		case strings.HasPrefix(p, "Common to every function:"):
			_, list, _ := strings.Cut(p, "\n- ")
			for _, e := range strings.Split(list, "\n- ") {
				e, _, _ = strings.Cut(e, "\nClause numbers")
				h.common = append(h.common, oneLine(e))
			}
		case i > 0 && !strings.HasPrefix(p, "Owns:"):
			h.about = append(h.about, oneLine(p))
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func parseDoc(comment string) doc {
	var d doc
	for _, p := range strings.Split(strings.Trim(comment, " \n"), "\n\n") {
		p = strings.Trim(p, "\n")
		if resultFirst.MatchString(p) {
			d.results(oneLine(p))
			continue
		}
		d.paragraph(p)
	}
	for _, b := range d.blocks {
		if strings.Contains(b.text, "of openais") && (strings.HasPrefix(b.text, "As ") || strings.Contains(b.text, " is ")) {
			d.openais = d.openais || strings.Contains(b.text, "As in ")
		}
		// Results may be said within the text, too.
		if strings.HasPrefix(b.text, "As ") || strings.Contains(b.text, " of openais") {
			if m := likeOther.FindStringSubmatch(b.text); m != nil {
				d.like = append(d.like, m[1])
			}
			for _, part := range strings.Split(b.text, "; ") {
				if m := resultFirst.FindString(part); m != "" {
					d.causes = append(d.causes, cause{m, strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(part, m), "."))})
				}
			}
		}
	}
	return d
}

// paragraph is one that lists no results.
func (d *doc) paragraph(p string) {
	var now *block
	for _, l := range strings.Split(p, "\n") {
		m := argument.FindStringSubmatch(l)
		switch {
		case m != nil:
			d.blocks = append(d.blocks, block{m[1], m[2]})
		case now == nil || now.name != "" && !strings.HasPrefix(l, "  "):
			d.blocks = append(d.blocks, block{"", strings.TrimSpace(l)})
		default:
			now.text += " " + strings.TrimSpace(l)
			continue
		}
		now = &d.blocks[len(d.blocks)-1]
	}
}

// results takes in a list of results.
func (d *doc) results(p string) {
	for _, part := range strings.Split(strings.TrimSuffix(p, "."), "; ") {
		codes := resultList.FindString(part)
		text := strings.TrimSpace(strings.TrimPrefix(part, codes))
		text = strings.TrimPrefix(text, ", ")
		if codes == "" {
			if m := likeOther.FindStringSubmatch(part); m != nil {
				d.like = append(d.like, m[1])
			} else if n := len(d.causes); n > 0 {
				d.causes[n-1].text += "; " + part // a semicolon within a cause
			}
			continue
		}
		for _, c := range result.FindAllString(codes, -1) {
			d.causes = append(d.causes, cause{c, text})
		}
	}
}

// causesOf are all results of a function of a generation, in the order in which they
// are told: its own, those of the functions it is like, and what may come from every
// function. seen breaks circles.
func (m *manual) causesOf(gen, service, name string, seen map[string]bool) []cause {
	if seen[gen+name] {
		return nil
	}
	seen[gen+name] = true
	h := m.header[gen+service]
	d, ok := h.functions[name]
	list := append([]cause(nil), d.causes...)
	add := func(more []cause, inherited bool) {
		for _, c := range more {
			if inherited && gen == "osaf" && strings.HasSuffix(c.code, "_SECURITY") {
				c.code = "SA_AIS_ERR_ACCESS_DENIED" // its name there
			}
			known := false
			for _, l := range list {
				known = known || l.code == c.code
			}
			if !known {
				list = append(list, c)
			}
		}
	}
	if gen == "osaf" && (!ok || d.openais || !strings.Contains(strings.Join(codes(list), " "), "_OK")) {
		add(m.causesOf("b01", service, name, seen), true)
		add(m.causesOf("b01", service, newer.ReplaceAllString(name, ""), seen), true)
	}
	if h.opensOne(m.api, gen, name) {
		d.like = append(d.like, "saAmfInitialize")
	}
	for _, other := range d.like {
		from := gen
		if _, ok := m.header[gen+service].functions[other]; !ok && gen == "osaf" {
			from = "b01"
		}
		more := m.causesOf(from, service, other, seen)
		if strings.HasSuffix(other, "Initialize") && !strings.HasPrefix(name, other) {
			more = without(more, "_OK", "_ERR_VERSION", "_ERR_INVALID_PARAM") // of a connection only
		}
		add(more, true)
	}
	return list
}

// newer is what the name of a later version of a function has behind it.
var newer = regexp.MustCompile(`_o?[0-9]$`)

// opensOne tells whether a function opens a connection of its own, as a header says of
// all that have no handle.
func (h *header) opensOne(a *api, gen, name string) bool {
	for _, e := range h.common {
		if !strings.HasPrefix(e, "Functions without a handle open a connection") {
			continue
		}
		for _, f := range a.functions {
			if f.generation == gen && f.name == name {
				return !strings.Contains(f.params[0], "HandleT")
			}
		}
	}
	return false
}

func codes(list []cause) (out []string) {
	for _, c := range list {
		out = append(out, c.code)
	}
	return out
}

func without(list []cause, suffixes ...string) (out []cause) {
next:
	for _, c := range list {
		for _, s := range suffixes {
			if strings.HasSuffix(c.code, s) {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}

// everywhere are results that a header says may come from each of its functions.
func (h *header) everywhere() (out []cause) {
	for _, e := range h.common {
		if i := strings.Index(e, " may come from every function"); i >= 0 {
			for _, c := range result.FindAllString(e[:i], -1) {
				out = append(out, cause{c, ""})
			}
		}
	}
	return out
}

// meaningOf is what a result means where a function does not say more.
func (m *manual) meaningOf(gen, service, code string) (string, error) {
	for _, g := range []string{gen, "b01"} {
		if h := m.header[g+service]; h != nil {
			for _, e := range h.common {
				if text, ok := strings.CutPrefix(e, code+": "); ok {
					return text, nil
				}
			}
			if text := h.meaning[code]; text != "" {
				return text, nil
			}
		}
	}
	return "", fmt.Errorf("include/%s: nothing says what %s means", headers[gen][service], code)
}
