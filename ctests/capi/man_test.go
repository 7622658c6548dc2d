package capi

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"ais/ctests/cprog"
)

// manual is where the pages of the build are.
func manual(t *testing.T) string {
	t.Helper()
	return filepath.Join(cprog.BuildDir(t), "share/man")
}

// A manPage is one, cut at its headings.
type manPage struct {
	text     string
	sections map[string]string
}

func readPage(t *testing.T, path string) manPage {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := manPage{text: string(data), sections: map[string]string{}}
	for _, s := range strings.Split(p.text, "\n.SH ")[1:] {
		name, text, _ := strings.Cut(s, "\n")
		p.sections[strings.Trim(name, `"`)] = text
	}
	return p
}

// of is the part of a section that belongs to a generation; all of it when the page
// has only one.
func (p manPage) of(section, generation string) string {
	text := p.sections[section]
	parts := strings.Split("\n"+text, "\n.SS ")
	for _, s := range parts[1:] {
		if title, _, _ := strings.Cut(s, "\n"); strings.HasPrefix(title, generation) {
			return s
		}
	}
	if len(parts) > 1 {
		return ""
	}
	return text
}

// titles are how pages call generations: those of api.tsv and those of the rows.
var titles = map[string]string{
	"a01": "A.01.01", "b01": "B.01.01", "osaf": "OpenSAF 5",
	"A.01.01": "A.01.01", "B.01.01": "B.01.01", "B.02.02": "OpenSAF 5", "B.03.01": "OpenSAF 5", "B.04.01": "OpenSAF 5",
	"EVS-2004": "openais of 2004", "EVS-0.80": "openais 0.80",
}

// pageName is what programs call a function.
func pageName(r map[string]string) string {
	if strings.HasSuffix(r["function"], "_u32") {
		return strings.TrimSuffix(r["function"], "_u32")
	}
	return r["function"]
}

func TestEveryFunctionHasAPageInTheManual(t *testing.T) {
	dir := filepath.Join(manual(t), "man3")
	wanted := map[string]bool{"SaEvtChannelUnlink.3": true}
	for _, r := range cprog.Rows(t, "capi/api.tsv") {
		name := pageName(r)
		wanted[name+".3"] = true
		p := readPage(t, filepath.Join(dir, name+".3"))
		for _, s := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUE", "LIBRARIES", "SEE ALSO"} {
			if strings.TrimSpace(p.sections[s]) == "" {
				t.Errorf("%s.3 has no %s", name, s)
			}
		}
		if !strings.HasPrefix(p.text, ".TH "+name+" 3 ") || !strings.HasPrefix(p.sections["NAME"], name+` \- `) {
			t.Errorf("%s.3 begins with %.60q", name, p.text)
		}
		title := titles[r["generation"]]
		if r["service"] == "evs" {
			title = map[string]string{"a01": titles["EVS-2004"], "b01": titles["EVS-0.80"]}[r["generation"]]
		}
		if name != r["function"] {
			title = "As openais 1.1 had it"
		}
		// The prototype, word for word.
		want := r["returns"] + " " + name + "(\n    " + strings.ReplaceAll(r["parameters"], "; ", ",\n    ") + ");"
		if !strings.Contains(p.of("SYNOPSIS", title), want) {
			t.Errorf("%s.3, %s: the synopsis is not\n%s\nbut\n%s", name, title, want, p.of("SYNOPSIS", title))
		}
		if name == r["function"] && len(strings.Fields(p.of("DESCRIPTION", title))) < 3 {
			t.Errorf("%s.3 does not describe %s", name, title)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !wanted[f.Name()] {
			t.Errorf("%s is the page of no function", f.Name())
		}
	}
	if len(files) != len(wanted) {
		t.Errorf("%d pages, %d wanted", len(files), len(wanted))
	}
	if data, _ := os.ReadFile(filepath.Join(dir, "SaEvtChannelUnlink.3")); string(data) != ".so man3/saEvtChannelUnlink.3\n" {
		t.Errorf("the misspelt name is %q, not an alias", data)
	}
}

// A callback is described where it is given to the library.
func TestPagesOfInitializeDescribeEveryCallback(t *testing.T) {
	var pages strings.Builder
	for _, f := range every(t) {
		if regexp.MustCompile(`(?i)^(sa[CEA][a-z]+|evs_)initialize`).MatchString(filepath.Base(f)) {
			pages.WriteString(readPage(t, f).sections["CALLBACKS"] + "\n")
		}
	}
	described := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\.SS (\w+), .*\n\.nf\n(?:.*\n)+?\.fi\n\.PP\n(.*)\n`).FindAllStringSubmatch(pages.String(), -1) {
		described[m[1]] = len(m[2]) > 10
	}
	count := 0
	for _, h := range everyHeader(t) {
		data, err := os.ReadFile(filepath.Join(root, "include", h))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`typedef void \(\*(\w+)\)`).FindAllStringSubmatch(string(data), -1) {
			if m[1] == "SaClmClusterNodeEvictionCallbackT" || m[1] == "OsafAmfSCStatusChangeCallbackT" {
				continue // nothing takes it, or not Initialize
			}
			if count++; !described[m[1]] {
				t.Errorf("no page describes %s of %s", m[1], h)
			}
		}
	}
	if count < 30 {
		t.Errorf("only %d callbacks", count)
	}
}

// What the rows of the conformance tables show a function to return, its page lists,
// each with what it means.
func TestPagesListEveryErrorThatTheConformanceRowsShow(t *testing.T) {
	pages, checked := map[string]manPage{}, 0
	for _, r := range cprog.Rows(t, "ctests/conformance/errors.tsv") {
		if r["setting"] == "never" || strings.HasSuffix(r["id"], ".finalize.registered") {
			continue // what it does not return, or another function does
		}
		function := strings.Fields(r["function"])[0]
		p, ok := pages[function]
		if !ok {
			p = readPage(t, filepath.Join(manual(t), "man3", function+".3"))
			pages[function] = p
		}
		title := titles[r["generation"]]
		text := p.of("RETURN VALUE", title)
		_, what, found := strings.Cut(text, ".B "+r["expected"]+"\n")
		if !found && strings.Contains(r["condition"], "callback") && strings.Contains(p.sections["DESCRIPTION"], r["expected"]) {
			continue // the callback tells it, and the page that it does
		}
		if !found {
			t.Errorf("%s.3, %s: %s is not listed (%s)", function, title, r["expected"], r["condition"])
		} else if len(strings.TrimSpace(what)) < 10 || strings.HasPrefix(what, ".") {
			t.Errorf("%s.3, %s: nothing is said of %s", function, title, r["expected"])
		}
		checked++
	}
	if checked < 2200 {
		t.Errorf("only %d rows were looked at", checked)
	}
}

var manReference = regexp.MustCompile(`(?m)^\.BR (\S+) \((\d)\)`)

// every is what the manual of the build consists of.
func every(t *testing.T) (list []string) {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(manual(t), "man*", "*.[1-8]"))
	if err != nil || len(list) < 100 {
		t.Fatalf("%d pages, %v", len(list), err)
	}
	return list
}

func TestPagesOfTheManualReferOnlyToPagesThatExist(t *testing.T) {
	for _, f := range every(t) {
		for _, m := range manReference.FindAllStringSubmatch(readPage(t, f).text, -1) {
			other := filepath.Join(manual(t), "man"+m[2], strings.ReplaceAll(m[1], `\-`, "-")+"."+m[2])
			if _, err := os.Stat(other); err != nil {
				t.Errorf("%s refers to %s(%s), which is not there", filepath.Base(f), m[1], m[2])
			}
		}
	}
	for _, f := range []string{"man1/aisctl.1", "man1/aisbench.1", "man5/network.conf.5", "man5/amf.conf.5", "man5/groups.conf.5",
		"man8/aisexec.8", "man8/ais-keygen.8"} {
		if !slices.Contains(every(t), filepath.Join(manual(t), f)) {
			t.Errorf("there is no %s", f)
		}
	}
}

// Every option and every command that a program tells of itself is on its page.
func TestPagesOfProgramsHaveEveryOptionAndCommand(t *testing.T) {
	option := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z0-9-]+)`)
	command := regexp.MustCompile(`(?m)^  ([a-z][a-z-]*) {2,}`)
	for _, x := range []struct{ name, page string }{
		{"aisexec", "man8/aisexec.8"}, {"ais-keygen", "man8/ais-keygen.8"}, {"aisctl", "man1/aisctl.1"}, {"aisbench", "man1/aisbench.1"},
	} {
		page := readPage(t, filepath.Join(manual(t), x.page))
		var ask func(words []string)
		ask = func(words []string) {
			out, err := exec.Command(filepath.Join(cprog.BuildDir(t), "bin", x.name), append(slices.Clone(words), "--help")...).Output()
			if err != nil {
				t.Fatalf("%s %v --help: %v", x.name, words, err)
			}
			part := "OPTIONS"
			text := page.sections[part]
			if len(words) > 0 {
				part = "COMMANDS"
				_, text, _ = strings.Cut(page.sections[part], ".SS "+strings.Join(words, " ")+"\n")
				text, _, _ = strings.Cut(text, "\n.SS ")
			}
			_, flags, _ := strings.Cut(string(out), "\nFlags:\n")
			for _, m := range option.FindAllStringSubmatch(flags, -1) {
				if m[1] != "--help" && !strings.Contains(text, strings.ReplaceAll(m[1], "-", `\-`)) {
					t.Errorf("%s: nothing on %s of %s %v", x.page, m[1], x.name, words)
				}
			}
			_, list, _ := strings.Cut(string(out), "\nAvailable Commands:\n")
			list, _, _ = strings.Cut(list, "\n\n")
			for _, m := range command.FindAllStringSubmatch(list, -1) {
				if m[1] != "help" && m[1] != "completion" {
					inner := append(slices.Clone(words), m[1])
					if !strings.Contains(page.text, "\n.SS "+strings.Join(inner, " ")+"\n") {
						t.Errorf("%s: nothing on %s %v", x.page, x.name, inner)
					}
					ask(inner)
				}
			}
		}
		ask(nil)
	}
}

// network.conf(5) has every key, and so have the pages on components.
func TestPagesOfFilesHaveEveryKey(t *testing.T) {
	out, err := exec.Command(filepath.Join(cprog.BuildDir(t), "bin/aisexec"), "--reference").Output()
	if err != nil {
		t.Fatal(err)
	}
	keys := regexp.MustCompile("(?m)^\\| `([a-z_]+)`").FindAllStringSubmatch(string(out), -1)
	text := readPage(t, filepath.Join(manual(t), "man5/network.conf.5")).sections["DESCRIPTION"]
	for _, k := range keys {
		if !regexp.MustCompile(`(?m)^\.B ` + k[1] + `( \(repeated\))?$`).MatchString(text) {
			t.Errorf("network.conf.5 has nothing on %s", k[1])
		}
	}
	if len(keys) < 30 {
		t.Errorf("only %d keys", len(keys))
	}
	amf := readPage(t, filepath.Join(manual(t), "man5/amf.conf.5"))
	data, err := os.ReadFile(filepath.Join(root, "ctests/conformance/amf.conf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^\s*(sa\w+)`).FindAllStringSubmatch(string(data), -1) {
		if s := amf.sections["SECTIONS"]; !strings.Contains(s, ".B "+m[1]+"\n") && !strings.Contains("\n"+s, "\n.SS "+m[1]+"\n") {
			t.Errorf("amf.conf.5 has nothing on %s", m[1])
		}
	}
}

// What formats pages has nothing to say against them. (Where neither program is, the
// tests above are all there is.)
func TestPagesOfTheManualAreWellFormed(t *testing.T) {
	commands := map[string][]string{
		"mandoc": {"mandoc", "-Tlint", "-Wwarning"},
		"groff":  {"groff", "-man", "-ww", "-z", "-K", "utf8"},
	}
	found := false
	for name, command := range commands {
		if _, err := exec.LookPath(name); err != nil {
			continue
		}
		found = true
		var wait sync.WaitGroup
		pages := slices.DeleteFunc(every(t), func(f string) bool { return filepath.Base(f) == "SaEvtChannelUnlink.3" }) // an alias
		lists := slices.Collect(slices.Chunk(pages, 40))
		said := make([]string, len(lists))
		for i, list := range lists {
			wait.Go(func() {
				cmd := exec.Command(command[0], append(slices.Clone(command[1:]), list...)...)
				cmd.Dir = manual(t)
				out, err := cmd.CombinedOutput()
				if said[i] = string(out); err != nil && said[i] == "" {
					said[i] = err.Error()
				}
			})
		}
		wait.Wait()
		if s := strings.Join(said, ""); s != "" {
			t.Errorf("%s says\n%s", name, s)
		}
	}
	if !found {
		t.Log("neither mandoc nor groff is here")
	}
}
