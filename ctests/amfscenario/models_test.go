package amfscenario

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
)

// The models of groups.conf besides 2n, two of which 2004 refused: three C components,
// one for each unit, and protections with the members that are given.
func modelConf(model, capability, counts string, protections ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "group {\n\tname = g\n\tmodel = %s\n%s", model, counts)
	for i := 1; i <= 3; i++ {
		fmt.Fprintf(&b, "\tunit {\n\t\tname = u%d\n\t\tcomponent {\n\t\t\tname = c%d\n\t\t\tmodel = %s\n\t\t}\n\t}\n", i, i, capability)
	}
	for i, members := range protections {
		fmt.Fprintf(&b, "\tprotection {\n\t\tname = p%d\n", i+1)
		for _, m := range strings.Fields(members) {
			fmt.Fprintf(&b, "\t\tmember = %s\n", m)
		}
		b.WriteString("\t}\n")
	}
	return b.String() + "}\n"
}

// hold waits until every node sees the instances so: "p1: u1 / u2 u3".
func (w *walk) hold(want ...string) {
	w.t.Helper()
	for _, n := range w.c.Nodes {
		_, err := amfkit.WaitTree(n, patience, func(t *report.Tree) string {
			var got []string
			for _, i := range t.Instances {
				slices.Sort(i.Standby) // by rank else
				got = append(got, strings.TrimRight(fmt.Sprintf("%s: %s / %s", i.Name, strings.Join(i.Active, " "), strings.Join(i.Standby, " ")), " /"))
			}
			if a, b := strings.Join(got, "; "), strings.Join(want, "; "); a != b {
				return a + "; want " + b
			}
			return ""
		})
		if err != nil {
			w.t.Fatalf("%v\n%s", err, w.evidence())
		}
	}
}

// is asks a component for its HA state, whatever it has said before.
func (w *walk) is(name, csi, ha string) {
	w.t.Helper()
	w.tell(name, "states "+csi)
	for {
		line, err := w.next(name, patience)
		if err != nil {
			w.t.Fatalf("%s: %v\n%s", name, err, w.evidence())
		}
		if strings.HasPrefix(line, "states ") {
			if want := "states in-service/1 " + ha; line != want {
				w.t.Fatalf("%s: %s: %q, want %q\n%s", name, csi, line, want, w.evidence())
			}
			return
		}
	}
}

func TestTheOtherModelsOfGenerationA(t *testing.T) {
	for _, m := range []struct {
		name, conf                    string
		up, adjusted, crash, restored []string
		states                        map[string]string // "component csi", after adjusting
	}{
		{"nway", modelConf("nway", "x_active_and_y_standby", "\tbackup-units = 2\n", "c1 c2 c3", "c1 c2 c3", "c1 c2 c3"),
			[]string{"p1: u1 / u2 u3", "p2: u1 / u2 u3", "p3: u1 / u2 u3"},
			[]string{"p1: u1 / u2 u3", "p2: u2 / u1 u3", "p3: u3 / u1 u2"},
			[]string{"p1: u2 / u3", "p2: u2 / u3", "p3: u3 / u2"},
			[]string{"p1: u2 / u1 u3", "p2: u2 / u1 u3", "p3: u3 / u1 u2"},
			map[string]string{"c1 p1": "active/1", "c1 p2": "standby/1", "c3 p3": "active/1"}},
		{"nplusm", modelConf("nplusm", "1_active_or_y_standby", "\tactive-units = 2\n\tbackup-units = 1\n", "c1 c3", "c2 c3"),
			[]string{"p1: u1 / u3", "p2: u2 / u3"},
			[]string{"p1: u1 / u3", "p2: u2 / u3"},
			[]string{"p1: u3", "p2: u2"},
			[]string{"p1: u3 / u1", "p2: u2"},
			map[string]string{"c1 p1": "active/1", "c3 p2": "standby/1", "c2 p1": "none/12"}},
		{"nwayactive", modelConf("nwayactive", "x_active", "\tactive-units = 2\n", "c1 c2 c3"),
			[]string{"g: u1 u2"}, []string{"g: u1 u2"}, []string{"g: u2 u3"}, []string{"g: u2 u3"},
			map[string]string{"c1 p1": "active/1", "c2 p1": "active/1", "c3 p1": "none/12"}},
		{"noredundancy", modelConf("noredundancy", "1_active", "", "c1", "c2", "c3"),
			[]string{"p1: u1", "p2: u2", "p3: u3"}, []string{"p1: u1", "p2: u2", "p3: u3"},
			[]string{"p1:", "p2: u2", "p3: u3"}, []string{"p1: u1", "p2: u2", "p3: u3"},
			map[string]string{"c1 p1": "active/1", "c2 p2": "active/1", "c1 p2": "none/12"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			c := harness.ForTest(t, harness.Options{Nodes: 3, Conf: []string{"token:10000"}})
			if err := amfkit.Install(c, "groups.conf", m.conf); err != nil {
				t.Fatal(err)
			}
			if err := c.StartAll(patience); err != nil {
				t.Fatal(err)
			}
			w := &walk{t: t, c: c, comps: map[string]*component{}}
			for _, name := range []string{"c1", "c2", "c3"} {
				w.start(name)
				w.settle(name)
			}
			w.hold(m.up...)
			if out, err := amfkit.Aisctl(c.Nodes[1], "amf", "sg-adjust", "safSg=g"); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			w.hold(m.adjusted...)
			for k, ha := range m.states {
				comp, csi, _ := strings.Cut(k, " ")
				w.is(comp, csi, ha)
			}
			if err := w.comps["c1"].proc.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			w.hold(m.crash...)
			w.start("c1")
			w.hold(m.restored...)
			for name := range w.comps {
				w.tell(name, "end")
			}
		})
	}
}

// settle waits until a component is in service.
func (w *walk) settle(name string) {
	w.t.Helper()
	w.expect(name, "readiness in-service")
}
