package main

// Pages of the manual as man(7) has them: what is text is escaped here and nowhere
// else. Also what of Markdown the documents of this project use.

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// A page is one that is being written.
type page struct{ bytes.Buffer }

var escapes = strings.NewReplacer(`\`, `\e`, "…", "...", "×", "x", "–", "-", "’", "'", "~", `\(ti`, "^", `\(ha`, "`", `\(ga`)

// strong are words that are set in bold in text.
var strong = regexp.MustCompile(`\b(?:SA_[A-Z0-9_]+|EVS_[A-Z0-9_]+|sa(?:Clm|Ckpt|Evt|Amf|Ais)[A-Za-z0-9_]+|evs_[a-z_]+|osafAmf\w+)\b`)

// plain escapes text; a line that would be a request is none.
func plain(s string) string {
	lines := strings.Split(escapes.Replace(s), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

var sentence = regexp.MustCompile(`([.:!?]\)?) ([A-Z])`)

// text writes a paragraph's text, a sentence a line.
func (p *page) text(s string) {
	s = sentence.ReplaceAllString(oneLine(s), "$1\n$2")
	s = strong.ReplaceAllString(plain(s), `\fB$0\fP`)
	p.WriteString(s + "\n")
}

func (p *page) title(name, section, date, version, volume string) {
	fmt.Fprintf(p, ".TH %s %s %s \"ais %s\" \"%s\"\n", name, section, date, version, volume)
}

func (p *page) heading(s string)    { fmt.Fprintf(p, ".SH %s\n", plain(s)) }
func (p *page) subheading(s string) { fmt.Fprintf(p, ".SS %s\n", plain(s)) }

// paragraph begins one, unless it is the first behind a heading.
func (p *page) paragraph(s string) {
	if !p.fresh() {
		p.WriteString(".PP\n")
	}
	p.text(s)
}

// fresh tells whether the last line is a heading.
func (p *page) fresh() bool {
	b := bytes.TrimSuffix(p.Bytes(), []byte("\n"))
	last := b[bytes.LastIndexByte(b, '\n')+1:]
	return bytes.HasPrefix(last, []byte(".SH")) || bytes.HasPrefix(last, []byte(".SS"))
}

// item is a name and what is said of it.
func (p *page) item(name, s string) {
	p.WriteString(".TP\n.B " + strings.ReplaceAll(plain(name), "-", `\-`) + "\n")
	p.text(s)
}

func (p *page) bullet(s string) {
	p.WriteString(".IP \\(bu 2\n")
	p.text(s)
}

// code is set as it is.
func (p *page) code(s string) {
	if !p.fresh() {
		p.WriteString(".PP\n")
	}
	p.WriteString(".nf\n" + strings.ReplaceAll(plain(strings.TrimRight(s, "\n")), "-", `\-`) + "\n.fi\n")
}

var ordinary = regexp.MustCompile(`^[a-z]+'?[a-z]*(?:[ ,:;]|$)`)

// capital begins a sentence, unless with a word that is written as it is.
func capital(s string) string {
	if !ordinary.MatchString(s) {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

var (
	markdownLink = regexp.MustCompile(`\[([^\]]*)\]\(([^)]*)\)`)
	markdownCode = regexp.MustCompile("`([^`]*)`")
)

// inline takes Markdown's marks out of a text.
func inline(s string) string {
	s = markdownLink.ReplaceAllString(s, "$1 ($2)")
	s = markdownCode.ReplaceAllString(s, "$1")
	return strings.ReplaceAll(strings.ReplaceAll(s, "**", ""), `\|`, "|")
}

// markdown writes a document: headings, paragraphs, lists, tables and code. A row of a
// table becomes an item: its first cell is the name, the column "meaning" the text,
// others follow with their headings.
func (p *page) markdown(s string) {
	var now []string
	flush := func() {
		if len(now) > 0 {
			p.group(now)
		}
		now = nil
	}
	fenced := false
	for _, l := range strings.Split(s, "\n") {
		if strings.HasPrefix(l, "```") {
			fenced = !fenced
			flush()
			continue
		}
		if fenced {
			l = "    " + l
		}
		if strings.TrimSpace(l) == "" && !fenced {
			flush()
			continue
		}
		now = append(now, l)
	}
	flush()
}

// group writes lines that no blank line parts.
func (p *page) group(lines []string) {
	switch first := lines[0]; {
	case strings.HasPrefix(first, "#"):
		p.subheading(inline(strings.TrimLeft(first, "# ")))
		if len(lines) > 1 {
			p.group(lines[1:])
		}
	case strings.HasPrefix(first, "    "):
		var b strings.Builder
		for _, l := range lines {
			b.WriteString(strings.TrimPrefix(l, "  ") + "\n")
		}
		p.code(b.String())
	case strings.HasPrefix(first, "|"):
		p.table(lines)
	case strings.HasPrefix(first, "- "):
		for _, e := range strings.Split(strings.TrimPrefix(strings.Join(lines, "\n"), "- "), "\n- ") {
			p.bullet(inline(e))
		}
	default:
		p.paragraph(inline(strings.Join(lines, " ")))
	}
}

func cells(line string) []string {
	line = strings.ReplaceAll(strings.Trim(line, "| "), `\|`, "\x00")
	out := strings.Split(line, "|")
	for i, c := range out {
		out[i] = strings.TrimSpace(strings.ReplaceAll(c, "\x00", "|"))
	}
	return out
}

func (p *page) table(lines []string) {
	head := cells(lines[0])
	for _, l := range lines[1:] {
		row := cells(l)
		if len(row) != len(head) || strings.HasPrefix(row[0], "---") {
			continue
		}
		var text []string
		for i := 1; i < len(row); i++ {
			switch {
			case head[i] == "meaning":
				text = append([]string{capital(row[i])}, text...)
			case row[i] == "-":
			case len(row) == 2 && !strings.HasPrefix(head[1], "the "):
				text = append(text, capital(row[i]))
			default:
				text = append(text, capital(head[i])+": "+row[i])
			}
		}
		for i, s := range text {
			text[i] = strings.TrimSuffix(inline(s), ".") + "."
		}
		p.item(inline(row[0]), strings.Join(text, " "))
	}
}
