package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ais/exec/amf/model"
	"ais/exec/config"
)

type parser struct {
	name  string
	parse func(string, []byte) (*model.Cluster, config.Problems)
	root  *section
}

var parsers = []parser{
	{"groups.conf", ParseGroups, groupsFile},
	{"amf.conf", ParseAMF, amfFile},
}

func sample(t testing.TB, name string) string {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// find is the first problem of a line with a text in it.
func find(ps config.Problems, line int, text string) bool {
	for _, p := range ps {
		if p.Line == line && strings.Contains(p.String(), text) {
			return true
		}
	}
	return false
}

func TestTheSamplesAreGood(t *testing.T) {
	for _, p := range parsers {
		if _, problems := p.parse(p.name, []byte(sample(t, p.name))); problems != nil {
			t.Errorf("%v", problems)
		}
		crlf := strings.ReplaceAll(sample(t, p.name), "\n", " \t\r\n")
		if _, problems := p.parse(p.name, []byte("\xef\xbb\xbf"+crlf)); problems != nil {
			t.Errorf("with blanks and CR at the ends of lines: %v", problems)
		}
	}
}

func TestEveryValueOfGroupsConfArrives(t *testing.T) {
	c, _ := ParseGroups("groups.conf", []byte(sample(t, "groups.conf")))
	if c.Generation != model.GenA || len(c.SGs) != 3 || len(c.SUs) != 4 || len(c.Comps) != 6 || len(c.SIs) != 3 || len(c.CSIs) != 4 {
		t.Fatalf("%+v", c)
	}
	for i, want := range []struct {
		name    string
		model   model.Redundancy
		active  int
		standby int
	}{{"g1", model.TwoN, 1, 2}, {"g2", model.NWay, 1, 1}, {"g3", model.NWayActive, 2, 1}} {
		g := c.SGs[i]
		if g.Name != want.name || g.Redundancy != want.model || g.PrefActiveSUs != want.active || g.PrefStandbySUs != want.standby ||
			g.SIs[0].PrefActive != want.active || g.SIs[0].PrefStandby != want.standby {
			t.Errorf("%+v", g)
		}
	}
	comp := c.Comps[1]
	if comp.DN != "c1b" || comp.Capability != model.XActiveAndYStandby || !comp.SelfStarted || comp.HealthcheckPeriod != 100*time.Millisecond ||
		comp.SU.Name != "u1" || comp.SU.Rank != 1 || c.SUs[1].Rank != 2 {
		t.Errorf("%+v", comp)
	}
	if csi := c.CSIs[1]; csi.DN != "p2" || fmt.Sprint(csi.Members) != "[c1b c2b]" || csi.SI.SG.Name != "g1" {
		t.Errorf("%+v", csi)
	}
}

func TestEveryValueOfAmfConfArrives(t *testing.T) {
	c, _ := ParseAMF("amf.conf", []byte(sample(t, "amf.conf")))
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	n, g, u, a := c.Nodes[0], c.SGs[0], c.SUs[0], c.Comps[0]
	for what, ok := range map[string]bool{
		"cluster": c.Name == "TEST" && c.StartupTimeout == ms(3000) && c.Generation == model.GenB,
		"node":    n.ClmNode == "host1" && n.SuFailoverProb == ms(2000) && n.SuFailoverMax == 2 && n.AutoRepair && !n.RebootOnTerminationFailure && c.Nodes[1].ClmNode == "node2" && c.Nodes[1].AutoRepair,
		"group":   g.Redundancy == model.TwoN && g.MaxActiveSIs == 3 && g.CompRestartProb == ms(100000) && g.CompRestartMax == 1 && g.SuRestartProb == ms(200000) && g.SuRestartMax == 2 && g.AutoAdjustProb == ms(5000) && g.AutoRepair && !g.AutoAdjust,
		"unit":    u.Node == n && u.Failover && !u.External && u.Rank == 1 && c.SUs[1].Node == c.Nodes[1] && c.SUs[1].Rank == 2 && c.SUs[1].Failover,
		"component": a.Category == model.SaAware && a.Capability == model.XActiveAndYStandby && a.MaxActiveCSIs == 2 && a.MaxStandbyCSIs == 3 &&
			a.RecoveryOnError == model.ComponentFailover && a.InstantiationLevel == 3 && a.MaxInstantiateWithoutDelay == 2 && a.MaxInstantiateDelay == 1 && a.DelayBetweenInstantiate == ms(100) && !a.DisableRestart,
		"commands": a.Instantiate == model.Command{Path: "start", Argv: "start one two", Timeout: ms(2000), Resolved: "/opt/comp/start"} &&
			a.Terminate.Resolved == "/bin/stop" && a.Terminate.Timeout == ms(2001) && a.Cleanup.Timeout == ms(2002) && c.Comps[2].Instantiate.Timeout == ms(1000) && c.Comps[2].Instantiate.Resolved == "/opt/sg/start",
		"times": a.TerminateTimeout == ms(2003) && a.CSISetTimeout == ms(2004) && a.CSIRmvTimeout == ms(2005) && a.QuiescingTimeout == ms(2006) && c.Comps[1].CSISetTimeout == ms(1000),
		"lists": fmt.Sprint(a.CSTypes) == "[T1 T2]" && fmt.Sprintf("%q", a.CmdEnv) == `["var1=val1" "var2=val 2"]`,
		"healthcheck": len(a.Healthchecks) == 1 && a.Healthchecks[0].Name == "key1" && a.Healthchecks[0].Period == ms(10000) &&
			a.Healthchecks[0].MaxDuration == ms(350),
		"proxied": c.Comps[1].Category == model.Proxied && c.Comps[1].ProxyCSIRef == c.CSIs[0],
		"instance": c.SIs[0].SG == g && c.SIs[0].Rank == 1 && c.SIs[0].PrefActive == 2 && c.SIs[0].PrefStandby == 3 &&
			c.SIs[0].RankedSUs[0].SU == c.SUs[1] && c.SIs[0].RankedSUs[0].Rank == 4 && c.SIs[1].Dependencies[0].SI == c.SIs[0] && c.SIs[1].Dependencies[0].Tolerance == ms(70),
		"csi": c.CSIs[0].Type == "T1" && c.CSIs[0].Attributes[0].Name == "port" && fmt.Sprint(c.CSIs[0].Attributes[0].Values) == "[80 81]" && c.CSIs[1].Requires[0] == c.CSIs[0],
		"dn":  a.DN == "safComp=A,safSu=SU1,safSg=SG1,safApp=APP" && c.CSIs[0].DN == "safCsi=CSI1,safSi=SI1,safApp=APP",
	} {
		if !ok {
			t.Errorf("%s did not arrive as written", what)
		}
	}
}

// where is a line of a sample on which a key of a section stands, and the line on
// which that section begins.
type where struct {
	section *section
	key     *key
	line    int // from 1
	begin   int
}

// places finds one place for each key of each section of a sample.
func places(t *testing.T, p parser, text string) []where {
	s := &scanner{file: p.name}
	top := s.scan(p.root, []byte(text))
	seen := map[string]bool{}
	var out []where
	var walk func(*block)
	walk = func(b *block) {
		for _, set := range b.settings {
			if set.key != nil && !seen[b.kind.keyword+" "+set.key.name] {
				seen[b.kind.keyword+" "+set.key.name] = true
				out = append(out, where{b.kind, set.key, set.line, b.line})
			}
		}
		for _, inner := range b.blocks {
			walk(inner)
		}
	}
	walk(top)
	var all func(*section)
	all = func(k *section) {
		for i := range k.keys {
			if !seen[k.keyword+" "+k.keys[i].name] {
				t.Errorf("%s: the sample has no %s in a %s", p.name, k.keys[i].name, k.keyword)
			}
		}
		for _, o := range k.sections {
			all(o)
		}
	}
	all(p.root)
	return out
}

// change replaces a line (from 1); an empty one takes its place when text is empty.
func change(sample string, line int, text string) string {
	lines := strings.Split(sample, "\n")
	lines[line-1] = text
	return strings.Join(lines, "\n")
}

func TestEveryKeyOfEverySectionIsCheckedRequiredAndGivenOnce(t *testing.T) {
	rules := 0
	for _, p := range parsers {
		text := sample(t, p.name)
		for _, w := range places(t, p, text) {
			name := w.key.name
			broken := func(what string, line int, change, want string) {
				t.Helper()
				rules++
				_, problems := p.parse(p.name, []byte(change))
				if !find(problems, line, want) {
					t.Errorf("%s: %s of %s: %s: want line %d with %q, got:\n%v", p.name, name, w.section.keyword, what, line, want, problems)
				}
				for _, q := range problems {
					if q.File != p.name || q.Rule == "" {
						t.Errorf("a problem without file or rule: %+v", q)
					}
				}
			}
			if w.key.check != nil {
				for _, wrong := range []string{"=wrong=", "-1", "99999999999999999999"} {
					if !w.key.check(wrong) {
						broken("wrong value", w.line, change(text, w.line, name+"="+wrong), name+": \""+wrong+"\": must be "+w.key.words())
					}
				}
			}
			if !w.key.empty {
				broken("no value", w.line, change(text, w.line, name+" = "), name+": needs a value: "+w.key.words())
			}
			if w.key.required {
				broken("missing", w.begin, change(text, w.line, ""), name+": is missing in this "+w.section.keyword)
			}
			original := strings.Split(text, "\n")[w.line-1]
			if !w.key.repeats {
				broken("twice", w.line+1, change(text, w.line, original+"\n"+original), "was already given on line "+itoa(int64(w.line)))
			}
			broken("misspelt", w.line, change(text, w.line, strings.Replace(original, name, name+"x", 1)),
				name+"x")
		}
	}
	t.Logf("%d rules broken", rules)
}

func TestEveryRuleOfTheLinesIsTold(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	for _, c := range []struct{ file, line, with, want string }{
		{"groups.conf", "\tname = g1", "\tname = g\x01", "control character"},
		{"groups.conf", "\tname = g1", "\tname = " + long, "at most 254 are allowed"},
		{"groups.conf", "\tname = g1", "\t# name = g1", "a comment begins in the first column"},
		{"groups.conf", "\tname = g1", "\tname g1", "is neither KEY=VALUE nor"},
		{"groups.conf", "\tname = g1", "\tmy name = g1", "my name: \"g1\": is no key of group"},
		{"groups.conf", "\tname = g1", "\tunit { name = u }", "\"{\" begins a section and ends its line"},
		{"groups.conf", "\tname = g1", "\tgroup {", "group: is no section of group"},
		{"groups.conf", "\tname = g1", "\tunits {\n}", "units: is no section of group; the nearest is unit"},
		{"groups.conf", "\tname = g1", "\tunit = u {\n}", "unit: \"u\": has no name here"},
		{"groups.conf", "\tname = g1", "\tname = a,b", "must be a name of at most 255 bytes without"},
		{"groups.conf", "# 2004's", "}", "\"}\" closes nothing"},
		{"groups.conf", "# 2004's", "name = x", "is no key outside of all sections"},
		{"groups.conf", "\tname = g1", "} name = g1", "\"}\" stands alone on its line"},
		{"groups.conf", "group {", "group {\ngroup {", "is not closed"},
		{"groups.conf", "\tname = g1", strings.Repeat("x {\n", 20), "is no section"},
		{"amf.conf", "\tsafAmfNode = node2 {", "\tsafAmfNode {", "safAmfNode: needs a name: \"safAmfNode=NAME {\""},
		{"amf.conf", "\tsafAmfNode = node2 {", "\tsafAmfNode = {", "safAmfNode: needs a name"},
		{"amf.conf", "\tsafAmfNode = node2 {", "\tsafAmfNode = " + long[:250] + " {", "at most 254"},
		{"amf.conf", "\tsafAmfNode = node2 {", "\tsafAmfNode = a=b {", "a name holds none of"},
		{"amf.conf", "\t\tsafSi = SI2 {", "\t\tsafSu = SU9 {", "safSu: \"SU9\": is no section of safApp"},
	} {
		broken(t, c.file, c.line, c.with, c.want, 0)
	}
}

// broken parses a sample with one line changed and looks for a problem on that line
// plus offset.
func broken(t *testing.T, file, line, with, want string, offset int) {
	t.Helper()
	text := sample(t, file)
	lines := strings.Split(text, "\n")
	n := 0
	for i, l := range lines {
		if strings.HasPrefix(l, line) {
			n = i + 1
			break
		}
	}
	if n == 0 {
		t.Fatalf("%s has no line %q", file, line)
	}
	for _, p := range parsers {
		if p.name != file {
			continue
		}
		if _, problems := p.parse(file, []byte(change(text, n, with))); !find(problems, n+offset, want) {
			t.Errorf("%s:%d: %q instead of %q: want %q on line %d, got:\n%v", file, n, with, line, want, n+offset, problems)
		}
	}
}

func TestEveryRuleBetweenObjectsIsTold(t *testing.T) {
	for _, c := range []struct {
		file, line, with, want string
		offset                 int
	}{
		{"groups.conf", "\t\tmember = c1a", "\t\tmember = nobody", "member: \"nobody\": is no component of this group, defined above", 0},
		{"groups.conf", "\t\tmember = c1a", "\t\tmember = c3", "member: \"c3\": is no component of this group", 0},
		{"groups.conf", "\tactive-units = 1", "\tactive-units = 3", "a group of model 2n has one active unit", 0},
		{"groups.conf", "\tbackup-units=2", "\tbackup-units=0", "has backup units; without any its model is nwayactive", 0},
		{"groups.conf", "\tactive-units = 2", "\tbackup-units = 2", "has no backup units", 0},
		{"groups.conf", "\tname = g2", "\tname = g1", "the name is taken", 0},
		{"groups.conf", "\t\t\tname=c2a", "\t\t\tname=c1a", "the name is taken", 0},
		{"groups.conf", "\t\tname=u2", "\t\tname=u1", "the name is taken", 0},
		{"groups.conf", "\t\tname = p2", "\t\tname = p1", "the name is taken", 0},
		{"groups.conf", "\tname = g3", "\tname = g3\n\tunit {\n\t\tname=empty\n\t}", "component: unit \"empty\" has no component", 2},
		{"groups.conf", "# 2004's", "group {\nname=h\nmodel=2n\nunit {\nname=u\ncomponent {\nname=c\nmodel=1_active\n}\n}\n}", "protection: \"h\": is missing", 0},
		{"groups.conf", "# 2004's", "group {\nname=h\nmodel=2n\nprotection {\nname=p\n}\n}", "unit: group \"h\" has no service unit", 1},
		{"groups.conf", "# 2004's", "group {\nname=h\nmodel=2n\nprotection {\nname=p\n}\n}", "member: is missing in this protection", 3},

		{"amf.conf", "\t\t\t\tsaAmfSUNumComponents=2", "\t\t\t\tsaAmfSUNumComponents=3", "the unit has 2 components", 0},
		{"amf.conf", "\t\t\t\tsaAmfSUHostedByNode=node1", "\t\t\t\tsaAmfSUHostedByNode=node9", "there is no such node", 0},
		{"amf.conf", "\t\t\t\tsaAmfSUHostedByNode=node1", "", "saAmfSUHostedByNode: is missing in this safSu", -2},
		{"amf.conf", "\tsafAmfNode = node2", "\tsafAmfNode = node1 {", "the name is taken since line 5", 0},
		{"amf.conf", "\tsafAmfNode = node2", "\tsafAmfNode = node2 {\n\t\tsaAmfNodeClmNode=host1", "stands for that cluster node already", 1},
		{"amf.conf", "\t\t\tsafSu = SU2", "\t\t\tsafSu = SU1 {", "the name is taken", 0},
		{"amf.conf", "\t\tclccli_path = /opt/app", "\t\tclccli_path = opt", "must be an absolute path", 0},
		{"amf.conf", "\t\t\t\t\tsaAmfCompInstantiateCmd=start", "", "saAmfCompInstantiateCmd: a component that no proxy starts requires it", -8},
		{"amf.conf", "\t\t\t\t\tsaAmfCompCleanupCmd=clean", "", "saAmfCompCleanupCmd: a component that no proxy starts requires it", -14},
		{"amf.conf", "\t\t\t\t\tsaAmfCompTerminateCmd=stop", "", "saAmfCompTerminateCmd: a component that is not SA-aware requires it", -9},
		{"amf.conf", "\t\t\t\t\tsaAmfCompProxyCsi=CSI1", "\t\t\t\t\tsaAmfCompProxyCsi=CSI9", "there is no such component service instance", 0},
		{"amf.conf", "\t\t\t\t\tsaAmfCompProxyCsi=CSI1", "", "saAmfCompProxyCsi: a proxied component requires it", -8},
		{"amf.conf", "\t\t\t\t\tsaAmfCompCapability=non_pre_instantiable", "\t\t\t\t\tsaAmfCompCapability=x_active", "is non_pre_instantiable", 0},
		{"amf.conf", "\t\t\t\tsaAmfSUIsExternal = false", "\t\t\t\tsaAmfSUIsExternal = true", "a component of an external unit is proxied", 4},
		{"amf.conf", "\t\t\t\t\t\tvar1=val1", "\t\t\t\t\t\tvar1", "saAmfCompCmdEnv: \"var1\": must be VAR=value", 0},
		{"amf.conf", "\t\t\t\t\tsafHealthcheckKey = key1", "\t\t\t\t\tsafHealthcheckKey = " + strings.Repeat("k", 33) + " {", "a key of 1 to 32 bytes", 0},
		{"amf.conf", "\t\t\tsaAmfSGRedundancyModel=2n", "\t\t\tsaAmfSGRedundancyModel=nway\n", "", 0},
		{"amf.conf", "\t\t\tsaAmfSIProtectedbySG{SG1", "\t\t\tsaAmfSIProtectedbySG{SG7", "the application has no such group", 0},
		{"amf.conf", "\t\t\tsaAmfSIProtectedbySG{SG1", "", "saAmfSIProtectedbySG: it is required where an application has 2 groups", -2},
		{"amf.conf", "\t\t\tsaAmfSINumCSIs=2", "\t\t\tsaAmfSINumCSIs=1", "the instance has 2 component service instances", 0},
		{"amf.conf", "\t\t\tsafRankedSu = SU2", "\t\t\tsafRankedSu = SU3 {", "there is no such unit in the group", 0},
		{"amf.conf", "\t\t\tsafDepend = SI1", "\t\t\tsafDepend = SI9 {", "there is no such other instance", 0},
		{"amf.conf", "\t\t\tsafDepend = SI1", "\t\t\tsafDepend = SI2 {", "there is no such other instance", 0},
		{"amf.conf", "\t\t\tsaAmfSIRank { 1", "\t\t\tsafDepend = SI2 {\n\t\t\t}", "depends on itself, through others", -3},
		{"amf.conf", "\t\t\t\t\tsaAmfCSIDependency=CSI1", "\t\t\t\t\tsaAmfCSIDependency=CSI9", "there is no such other component service instance", 0},
		{"amf.conf", "\t\t\t\tsaAmfCSTypeName = T1", "\t\t\t\tsaAmfCSTypeName = T9", "the application has no such safCSType", 0},
		{"amf.conf", "\t\t\t\tsafCSIAttr = port", "\t\t\t\tsafCSIAttr = door {", "has no such attribute", 0},
		{"amf.conf", "\t\t\t\tsaAmfCSTypeName = T2", "\t\t\t\tsaAmfCSTypeName = T3", "", 0},
	} {
		if c.want != "" {
			broken(t, c.file, c.line, c.with, c.want, c.offset)
		}
	}
	for _, c := range []struct{ file, text, want string }{
		{"groups.conf", "# nothing\n", "groups.conf: group: there is none"},
		{"amf.conf", "", "amf.conf: safAmfCluster: is missing"},
		{"amf.conf", "safAmfCluster=A {\nsaAmfClusterStartupTimeout=1\n}\n", "safAmfNode: at least one node is required"},
		{"amf.conf", "safAmfCluster=A {\nsaAmfClusterStartupTimeout=1\n}\n", "safApp: at least one application is required"},
		{"amf.conf", sample(t, "amf.conf") + "safAmfCluster=B {\n}\n", "safAmfCluster: \"B\": there is one cluster"},
		{"amf.conf", "safAmfCluster=A {\nsaAmfClusterStartupTimeout=1\nsafApp=X {\nsafSg=G {\n}\nsafSi=S {\nsaAmfSINumCSIs=1\n}\n}\n}\n", "safCsi: instance \"S\" has no component service instance"},
		{"groups.conf", strings.Repeat("#\n", maxFile), "groups.conf: is larger than 1 MiB"},
	} {
		for _, p := range parsers {
			if p.name == c.file {
				if _, problems := p.parse(c.file, []byte(c.text)); problems == nil || !strings.Contains(problems.Error(), c.want) {
					t.Errorf("want %q, got %v", c.want, problems)
				}
			}
		}
	}
}

func TestAllProblemsOfAFileAreToldInTheOrderOfItsLines(t *testing.T) {
	text := sample(t, "amf.conf")
	var want []int
	for _, w := range places(t, parsers[1], text) {
		if w.key.check != nil {
			text = change(text, w.line, w.key.name+"=?")
			want = append(want, w.line)
		}
	}
	_, problems := ParseAMF("amf.conf", []byte(text))
	at := map[int]bool{}
	for i, p := range problems {
		at[p.Line] = true
		if i > 0 && p.Line != 0 && p.Line < problems[i-1].Line {
			t.Errorf("line %d is told after line %d", p.Line, problems[i-1].Line)
		}
	}
	for _, line := range want {
		if !at[line] {
			t.Errorf("line %d is not told", line)
		}
	}
	if len(want) < 40 {
		t.Errorf("only %d lines were wrong", len(want))
	}
}

func TestTheFilesOfADirectoryAreFoundAndOnlyOneMayBeThere(t *testing.T) {
	dir := t.TempDir()
	if c, err := Load(dir); c != nil || err != nil {
		t.Errorf("no file: %v, %v", c, err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("groups.conf", sample(t, "groups.conf"))
	if c, err := Load(dir); err != nil || c.Generation != model.GenA {
		t.Errorf("groups.conf: %v", err)
	}
	write("amf.conf", sample(t, "amf.conf"))
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "one configuration of AMF can hold at a time") {
		t.Errorf("both: %v", err)
	}
	os.Remove(filepath.Join(dir, "groups.conf"))
	if c, err := Load(dir); err != nil || c.Generation != model.GenB {
		t.Errorf("amf.conf: %v", err)
	}
	write("amf.conf", "nonsense\n")
	var ps config.Problems
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "amf.conf")+":1: ") {
		t.Errorf("%v, %v", err, ps)
	}
}

func FuzzNeitherParserPanics(f *testing.F) {
	for _, p := range parsers {
		f.Add([]byte(sample(f, p.name)))
	}
	f.Add([]byte("group {\nunit {\n}\n}\n}"))
	f.Add([]byte("safAmfCluster=x {\nsafApp=y {\nsafSi=z {\nsaAmfSIRank{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, p := range parsers {
			c, problems := p.parse("f", data)
			if problems == nil && (c == nil || len(c.Apps) == 0) {
				t.Errorf("good, but empty: %q", data)
			}
		}
	})
}

// groupOf is a group of three units with components a and b each.
func groupOf(model string, protections ...string) string {
	s := "group {\nname=g\nmodel=" + model + "\n"
	for i := 1; i <= 3; i++ {
		s += fmt.Sprintf("unit {\nname=u%d\ncomponent {\nname=a%d\nmodel=x_active_and_y_standby\n}\ncomponent {\nname=b%d\nmodel=x_active_and_y_standby\n}\n}\n", i, i, i)
	}
	for i, members := range protections {
		s += fmt.Sprintf("protection {\nname=p%d\n", i+1)
		for _, m := range strings.Fields(members) {
			s += "member=" + m + "\n"
		}
		s += "}\n"
	}
	return s + "}\n"
}

func TestProtectionsThatCannotBeOnOneUnitTogetherAreInstancesOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		model       string
		protections []string
		want        string
	}{
		{"2n", []string{"a1 a2 a3", "b1 b2 b3"}, "safSi=g: p1 p2"},
		{"2n", []string{"a1 a2 a3", "a1 a2 a3", "b1 b2"}, "safSi=g: p1 p2 p3"},
		{"nway", []string{"a1 a2 a3"}, "safSi=g: p1"},
		{"nway", []string{"a1 a2 a3", "b3 b1 b2"}, "safSi=g: p1 p2"},
		{"nway", []string{"a1 a2 a3", "a1 a2 a3"}, "safSi=p1,safSg=g: p1; safSi=p2,safSg=g: p2"},
		{"nway", []string{"a1 a2 a3", "a1 a2 a3", "b1 b2 b3", "b1 b2 b3"}, "safSi=p1,safSg=g: p1 p3; safSi=p2,safSg=g: p2 p4"},
		{"nplusm", []string{"a1 a3", "a2 a3"}, "safSi=p1,safSg=g: p1; safSi=p2,safSg=g: p2"},
		{"nwayactive", []string{"a1 a2 a3", "a1 b2"}, "safSi=p1,safSg=g: p1; safSi=p2,safSg=g: p2"},
		{"noredundancy", []string{"a1 a2 a3", "a1 a2 a3"}, "safSi=g: p1 p2"},
		{"noredundancy", []string{"a1", "a1 b1", "a2"}, "safSi=p1,safSg=g: p1 p2; safSi=p3,safSg=g: p3"},
		{"noredundancy", []string{"a1", "a2", "a3 b3"}, "safSi=p1,safSg=g: p1; safSi=p2,safSg=g: p2; safSi=p3,safSg=g: p3"},
	} {
		m, problems := ParseGroups("groups.conf", []byte(groupOf(c.model, c.protections...)))
		if problems != nil {
			t.Errorf("%s %q: %v", c.model, c.protections, problems)
			continue
		}
		var got []string
		for _, si := range m.SIs {
			s := si.DN + ":"
			for _, csi := range si.CSIs {
				s += " " + csi.DN
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s %q: %s, want %s", c.model, c.protections, s, c.want)
		}
	}
}
