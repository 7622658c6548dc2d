package main

// The manual's pages of the programs (sections 1 and 8) and of their files (section
// 5). What a program's page says is what the program says when it is asked for help;
// what a file's page says comes from README.md, from what the documents of AMF say
// and from the grammar its parser has.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"ais/exec/amf/conf"
)

// programs are those with pages, and in which section of README.md more is said.
var programs = []struct {
	name, section, summary string
	readme                 []string
	files, see             []string
}{
	{"aisexec", "8", "the executive of one node", []string{"Files and ports", "When something is wrong"},
		nil, []string{"aisctl(1)", "ais-keygen(8)", "network.conf(5)", "amf.conf(5)"}},
	{"ais-keygen", "8", "make the key that the nodes share", []string{"Keys"},
		[]string{"/etc/ais/authkey"}, []string{"aisexec(8)", "network.conf(5)"}},
	{"aisctl", "1", "see what the executive of this node sees", nil, nil, []string{"aisexec(8)", "network.conf(5)", "amf.conf(5)"}},
	{"aisbench", "1", "measure executives and the C library", nil, nil, []string{"aisexec(8)", "aisctl(1)"}},
}

func programPages(root, dir string, e edition, files map[string][]byte) error {
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		return err
	}
	for _, x := range programs {
		p := &page{}
		p.title(x.name, x.section, e.date, e.version, "AIS executive")
		p.heading("NAME")
		p.WriteString(x.name + ` \- ` + x.summary + "\n")
		if err := p.program(filepath.Join(dir, x.name), x.name); err != nil {
			return err
		}
		for _, s := range x.readme {
			text, err := markdownSection(readme, s)
			if err != nil {
				return err
			}
			p.heading(strings.ToUpper(s))
			p.markdown(text)
		}
		p.heading("ENVIRONMENT")
		p.item("AIS_SOCKET", "The socket of the executive: a path, or @name in the abstract name space. The default is @ais/aisexec.")
		if x.files != nil {
			p.heading("FILES")
			for _, f := range x.files {
				p.paragraph(f)
			}
		}
		p.see(x.see...)
		files["man"+x.section+"/"+x.name+"."+x.section] = p.Bytes()
	}
	return filePages(root, readme, e, files)
}

func (p *page) see(pages ...string) {
	p.heading("SEE ALSO")
	for i, s := range pages {
		name, section, _ := strings.Cut(strings.TrimSuffix(s, ")"), "(")
		end := ","
		if i == len(pages)-1 {
			end = ""
		}
		fmt.Fprintf(p, ".BR %s (%s)%s\n", strings.ReplaceAll(name, "-", `\-`), section, end)
	}
}

// help is what a program says of itself or of one of its commands.
type help struct {
	text     []string // paragraphs, and lists of names with texts
	usage    []string
	commands [][2]string
	flags    [][2]string
}

var column = regexp.MustCompile(`^  (\S.*?) {2,}(\S.*)$`)

func ask(path string, words ...string) (*help, error) {
	out, err := exec.Command(path, append(words, "--help")...).Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s --help: %w", path, strings.Join(words, " "), err)
	}
	h := &help{}
	part := "text"
	for _, l := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
		switch strings.TrimSpace(l) {
		case "Usage:":
			part = "usage"
			continue
		case "Available Commands:":
			part = "commands"
			continue
		case "Flags:":
			part = "flags"
			continue
		}
		m := column.FindStringSubmatch(l)
		switch {
		case part == "text":
			h.text = append(h.text, l)
		case strings.TrimSpace(l) == "" || strings.HasPrefix(l, "Use \""):
		case part == "usage":
			h.usage = append(h.usage, strings.TrimSpace(l))
		case part == "commands" && m != nil && m[1] != "help" && m[1] != "completion":
			h.commands = append(h.commands, [2]string{m[1], m[2]})
		case part == "flags":
			l = strings.TrimLeft(l, " ")
			if f := flagText.FindStringSubmatch(l); f != nil {
				h.flags = append(h.flags, [2]string{f[1], f[2]})
			} else if n := len(h.flags); n > 0 {
				h.flags[n-1][1] += " " + strings.TrimSpace(l)
			}
		}
	}
	return h, nil
}

var flagText = regexp.MustCompile(`^(-.*?) {2,}(\S.*)$`)

func (p *page) program(path, name string) error {
	h, err := ask(path)
	if err != nil {
		return err
	}
	p.heading("SYNOPSIS")
	for _, u := range h.usage {
		p.code(u)
	}
	p.heading("DESCRIPTION")
	p.said(h.text)
	if len(h.flags) > 1 { // beside --help
		p.heading("OPTIONS")
		p.options(h.flags)
	}
	if len(h.commands) > 0 {
		p.heading("COMMANDS")
		return p.commands(path, nil, h)
	}
	return nil
}

func (p *page) commands(path string, words []string, h *help) error {
	for _, c := range h.commands {
		inner := append(append([]string(nil), words...), c[0])
		x, err := ask(path, inner...)
		if err != nil {
			return err
		}
		p.subheading(strings.Join(inner, " "))
		p.said(x.text)
		for _, u := range x.usage {
			p.code(u)
		}
		p.options(x.flags)
		if err := p.commands(path, inner, x); err != nil {
			return err
		}
	}
	return nil
}

func (p *page) options(flags [][2]string) {
	for _, f := range flags {
		if !strings.HasPrefix(f[0], "-h, --help") {
			p.item(f[0], capital(f[1])+".")
		}
	}
}

// said writes a program's own words: lines with two blanks in front, a name and a text
// are a list, others with two are code.
func (p *page) said(lines []string) {
	var now string
	var item *[2]string
	flush := func() {
		if item != nil {
			p.item(item[0], item[1])
		}
		if now != "" {
			p.paragraph(now)
		}
		now, item = "", nil
	}
	for _, l := range lines {
		m := column.FindStringSubmatch(l)
		switch {
		case strings.TrimSpace(l) == "":
			flush()
		case m != nil:
			flush()
			item = &[2]string{m[1], m[2]}
		case item != nil && strings.HasPrefix(l, "   "):
			item[1] += " " + strings.TrimSpace(l)
		case strings.HasPrefix(l, "  "):
			flush()
			p.code(l)
		default:
			if item != nil {
				flush()
			}
			now += " " + l
		}
	}
	flush()
}

// markdownSection is what is below a heading, up to the next of its kind.
func markdownSection(document []byte, heading string) (string, error) {
	_, text, ok := strings.Cut("\n"+string(document), "\n## "+heading+"\n")
	if !ok {
		return "", fmt.Errorf("no heading %q: a page of the manual is made from what is below it", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return strings.TrimSpace(text), nil
}

func filePages(root string, readme []byte, e edition, files map[string][]byte) error {
	text, err := markdownSection(readme, "network.conf")
	if err != nil {
		return err
	}
	p := &page{}
	p.title("network.conf", "5", e.date, e.version, "AIS executive")
	p.heading("NAME")
	p.WriteString("network.conf \\- configuration of the ring and of the executive\n")
	p.heading("DESCRIPTION")
	p.markdown(text)
	p.heading("FILES")
	p.paragraph("/etc/ais/network.conf, or in the directory that aisexec is given with --confdir.")
	p.see("aisexec(8)", "ais-keygen(8)", "amf.conf(5)")
	files["man5/network.conf.5"] = p.Bytes()

	availability, err := os.ReadFile(filepath.Join(root, "exec/amf/availability.md"))
	if err != nil {
		return err
	}
	if text, err = markdownSection(availability, "Configuration"); err != nil {
		return err
	}
	for _, f := range []struct{ name, of, other string }{
		{"amf.conf", "as openais 0.80 wrote it", "groups.conf(5)"}, {"groups.conf", "as openais of 2004 wrote it", "amf.conf(5)"},
	} {
		p := &page{}
		p.title(f.name, "5", e.date, e.version, "AIS executive")
		p.heading("NAME")
		fmt.Fprintf(p, "%s \\- components and their availability, %s\n", f.name, f.of)
		p.heading("DESCRIPTION")
		p.markdown(text)
		p.heading("SECTIONS")
		p.paragraph("A section begins with a line \"keyword=NAME {\", or \"keyword {\" where it has no name, and ends with a line \"}\". " +
			"In it are lines \"key=value\" and further sections. A line has at most 254 bytes; one that begins with # is a comment.")
		for _, s := range conf.Reference(f.name) {
			p.grammar(s)
		}
		p.heading("FILES")
		p.paragraph("/etc/ais/" + f.name + ", the same on every node; in another directory if aisexec is given one with --confdir.")
		p.see("aisexec(8)", "aisctl(1)", "network.conf(5)", f.other)
		files["man5/"+f.name+".5"] = p.Bytes()
	}
	return nil
}

// grammar is one kind of section.
func (p *page) grammar(s conf.Section) {
	p.subheading(s.Keyword)
	where := "It is in the file itself"
	if in := strings.Join(s.In, ", "); in != "" {
		where = "It is in " + in
	}
	name := ""
	if s.Named {
		name = "; it has a name"
	}
	p.paragraph(where + name + ".")
	if s.Items {
		p.paragraph("It holds one value a line.")
	}
	for _, k := range s.Keys {
		text := capital(k.Values) + "."
		if k.Required {
			text += " Required."
		}
		if k.Repeats {
			text += " May be there several times."
		}
		p.item(k.Name, text)
	}
}
