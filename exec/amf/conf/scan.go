// From bytes to a tree of sections and settings. Owns the line format, which both
// files share; knows no section and no key by itself: a grammar is handed to it.

package conf

import (
	"slices"
	"strconv"
	"strings"

	"ais/exec/config"
)

// Limits of a file. 2004 and 0.80 read lines into 255 bytes, end included.
const (
	maxFile  = 1 << 20
	maxLine  = 254
	maxDepth = 16
)

// section is what the grammar says about one kind of section. Kinds are shared by
// all files that are read, so they are tables without state.
type section struct {
	keyword  string
	named    bool // "keyword=NAME {", else "keyword {"
	free     bool // its lines are items, not settings
	keys     []key
	sections []*section
}

// key is what the grammar says about one setting.
type key struct {
	name     string
	required bool
	repeats  bool
	brace    bool // may be written "key { value" as well: 0.80 read it so
	empty    bool // may have no value
	values   string
	check    func(string) bool // nil: text
}

// setting is one "key=value" of a file, or an item of a free section.
type setting struct {
	key   *key
	value string
	line  int
}

// block is one section of a file.
type block struct {
	kind     *section
	name     string
	line     int
	end      int // line of the closing brace; 0 when it is missing
	settings []setting
	blocks   []*block
}

// scanner reads one file.
type scanner struct {
	file     string
	problems config.Problems
}

func (s *scanner) problem(line int, key, value, rule string) {
	s.problems = append(s.problems, config.Problem{File: s.file, Line: line, Key: key, Value: value, Rule: rule})
}

// scan reads a whole file. root stands for the file; what is wrong is noted and
// skipped, so that the rest is looked at, too.
func (s *scanner) scan(root *section, data []byte) *block {
	top := &block{kind: root}
	if len(data) > maxFile {
		s.problem(0, "", "", "is larger than 1 MiB: no configuration of AMF")
		return top
	}
	stack := []*block{top} // an unknown section is a block without a kind
	text := strings.TrimPrefix(string(data), "\xef\xbb\xbf")
	for n := 1; text != ""; n++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if rule := wholeLine(line); rule != "" {
			s.problem(n, "", "", rule)
			continue
		}
		line = strings.TrimRight(line, " \t\r")
		if line == "" || line[0] == '#' {
			continue
		}
		stack = s.line(stack, strings.TrimLeft(line, " \t"), n)
	}
	for _, b := range stack[1:] {
		name := "section"
		if b.kind != nil {
			name = b.kind.keyword
		}
		s.problem(b.line, name, b.name, "is not closed: there is no line with \"}\" for it")
	}
	return top
}

// wholeLine is what holds for every line.
func wholeLine(line string) string {
	if len(line) > maxLine {
		return "the line has " + strconv.Itoa(len(line)) + " bytes: at most " + strconv.Itoa(maxLine) + " are allowed"
	}
	for i := 0; i < len(line); i++ {
		if c := line[i]; c < 0x20 && c != '\t' && c != '\r' || c == 0x7f {
			return "the line holds a control character"
		}
	}
	return ""
}

// line takes one line without blanks around it.
func (s *scanner) line(stack []*block, line string, n int) []*block {
	at := stack[len(stack)-1]
	switch {
	case line == "}":
		if len(stack) == 1 {
			s.problem(n, "", "", "\"}\" closes nothing")
			return stack
		}
		at.end = n
		return stack[:len(stack)-1]
	case strings.HasSuffix(line, "{"):
		return s.open(stack, strings.TrimRight(line[:len(line)-1], " \t"), n)
	case at.kind == nil:
	case line[0] == '#':
		s.problem(n, "", line, "a comment begins in the first column")
	case at.kind.free:
		at.settings = append(at.settings, setting{value: line, line: n})
	default:
		s.set(at, line, n)
	}
	return stack
}

// open begins a section. What is unknown, or one too many levels deep, is skipped
// up to its end.
func (s *scanner) open(stack []*block, head string, n int) []*block {
	at := stack[len(stack)-1]
	word, name, named := strings.Cut(head, "=")
	word, name = strings.TrimRight(word, " \t"), strings.TrimLeft(name, " \t")
	b := &block{name: name, line: n}
	if len(stack) > maxDepth {
		if len(stack) == maxDepth+1 {
			s.problem(n, word, name, "sections lie in each other more than "+strconv.Itoa(maxDepth)+" deep")
		}
		return append(stack, b)
	}
	if at.kind == nil {
		return append(stack, b)
	}
	for _, k := range at.kind.sections {
		if k.keyword != word {
			continue
		}
		switch {
		case k.named && !named:
			s.problem(n, word, "", "needs a name: \""+word+"=NAME {\"")
		case k.named:
			if rule := nameRule(name); rule != "" {
				s.problem(n, word, name, rule)
			}
		case named:
			s.problem(n, word, name, "has no name here: \""+word+" {\"")
		}
		b.kind = k
		at.blocks = append(at.blocks, b)
		return append(stack, b)
	}
	s.problem(n, word, name, "is no section "+at.kind.where()+nearest(word, at.kind.sectionNames()))
	return append(stack, b)
}

// set takes "key=value".
func (s *scanner) set(at *block, line string, n int) {
	word, value, found := strings.Cut(line, "=")
	if i := strings.IndexByte(line, '{'); i >= 0 && (!found || i < len(word)) {
		if k := at.kind.key(strings.TrimRight(line[:i], " \t")); k != nil && k.brace {
			word, value, found = line[:i], line[i+1:], true
		} else {
			s.problem(n, "", line, "\"{\" begins a section and ends its line")
			return
		}
	}
	word, value = strings.TrimRight(word, " \t"), strings.TrimLeft(value, " \t")
	k := at.kind.key(word)
	switch {
	case strings.HasPrefix(line, "}"):
		s.problem(n, "", line, "\"}\" stands alone on its line")
		return
	case !found:
		s.problem(n, "", line, "is neither KEY=VALUE nor the begin or end of a section")
		return
	case k == nil:
		s.problem(n, word, value, "is no key "+at.kind.where()+nearest(word, at.kind.keyNames()))
		return
	}
	if !k.repeats {
		for i := range at.settings {
			if at.settings[i].key == k {
				s.problem(n, word, value, "was already given on line "+strconv.Itoa(at.settings[i].line))
				return
			}
		}
	}
	// A wrong value is kept: that the key was given still holds.
	at.settings = append(at.settings, setting{key: k, value: value, line: n})
	switch {
	case value == "" && !k.empty:
		s.problem(n, word, "", "needs a value: "+k.words())
	case value != "" && k.check != nil && !k.check(value):
		s.problem(n, word, value, "must be "+k.words())
	}
}

func (k *key) words() string {
	if k.values == "" {
		return "a text"
	}
	return k.values
}

func (k *section) where() string {
	if k.keyword == "" {
		return "outside of all sections"
	}
	return "of " + k.keyword
}

func (k *section) key(name string) *key {
	for i := range k.keys {
		if k.keys[i].name == name {
			return &k.keys[i]
		}
	}
	return nil
}

func (k *section) keyNames() []string {
	var out []string
	for i := range k.keys {
		out = append(out, k.keys[i].name)
	}
	return out
}

func (k *section) sectionNames() []string {
	var out []string
	for _, o := range k.sections {
		out = append(out, o.keyword)
	}
	return out
}

// maxName is the longest name (SaNameT).
const maxName = 255

func nameRule(name string) string {
	switch {
	case name == "":
		return "needs a name"
	case len(name) > maxName:
		return "a name has at most " + strconv.Itoa(maxName) + " bytes"
	case strings.ContainsAny(name, ",={}"):
		return "a name holds none of , = { }"
	}
	return ""
}

// nearest is a hint at the word that was perhaps meant.
func nearest(word string, words []string) string {
	if best := config.Nearest(word, slices.Values(words)); best != "" {
		return "; the nearest is " + best
	}
	return ""
}

// find is a block's setting of a key, nil when it was not given.
func (b *block) find(name string) *setting {
	for i := range b.settings {
		if k := b.settings[i].key; k != nil && k.name == name {
			return &b.settings[i]
		}
	}
	return nil
}

// text is a setting's value, def when it was not given or has none.
func (b *block) text(name, def string) string {
	if s := b.find(name); s != nil && s.value != "" {
		return s.value
	}
	return def
}

// number is a setting's value as a number; def when it was not given, and when it
// is wrong, which was noted.
func (b *block) number(name string, def int64) int64 {
	s := b.find(name)
	if s == nil {
		return def
	}
	n, err := strconv.ParseInt(s.value, 10, 64)
	if err != nil {
		return def
	}
	return n
}

// of lists a block's inner blocks of a kind.
func (b *block) of(kind *section) []*block {
	var out []*block
	for _, o := range b.blocks {
		if o.kind == kind {
			out = append(out, o)
		}
	}
	return out
}

// missing notes the required keys that a block has not.
func (s *scanner) missing(b *block) {
	for i := range b.kind.keys {
		if k := &b.kind.keys[i]; k.required && b.find(k.name) == nil {
			s.problem(b.line, k.name, "", "is missing in this "+b.kind.keyword+": "+k.words())
		}
	}
}

// whole is a check for a whole number, and its words.
func whole(lo, hi int64) func(string) bool {
	return func(v string) bool {
		for i := 0; i < len(v); i++ {
			if v[i] < '0' || v[i] > '9' {
				return false
			}
		}
		n, err := strconv.ParseInt(v, 10, 64)
		return err == nil && n >= lo && n <= hi
	}
}

func oneOf[T any](table map[string]T) func(string) bool {
	return func(v string) bool { _, ok := table[v]; return ok }
}
