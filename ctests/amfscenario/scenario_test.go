// Package amfscenario walks whole executives and C components through what an
// administrator of 2004 knew: registration, start, error report, cancel, a process
// that hangs, a crash. And through what becomes of configurations that do not hold.
package amfscenario

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

const patience = 20 * time.Second

// groups is 2004's own scenario: three units of two components each, one active, two
// backup.
const groups = `# one active, two backup
group {
	name = group
	model = 2n
	active-units = 1
	backup-units = 2
%s	protection {
		name = first
		member = c1a
		member = c2a
		member = c3a
	}
	protection {
		name = second
		member = c1b
		member = c2b
		member = c3b
	}
}
`

func groupsConf() string {
	var b strings.Builder
	for u := 1; u <= 3; u++ {
		fmt.Fprintf(&b, "\tunit {\n\t\tname = u%d\n", u)
		for _, c := range []string{"a", "b"} {
			fmt.Fprintf(&b, "\t\tcomponent {\n\t\t\tname = c%d%s\n\t\t\tmodel = x_active_and_y_standby\n\t\t}\n", u, c)
		}
		b.WriteString("\t}\n")
	}
	return fmt.Sprintf(groups, b.String())
}

// component is a C program of generation A.
type component struct {
	name string
	proc *harness.Process
	seen int
}

type walk struct {
	t     *testing.T
	c     *harness.Cluster
	comps map[string]*component
}

// start starts a component and waits until it has registered.
func (w *walk) start(name string) {
	w.t.Helper()
	program, err := w.c.Build.CompileC("ctests/amfkit/c/component_a01.c", harness.GenA)
	if err != nil {
		w.t.Fatal(err)
	}
	n := w.c.Nodes[int(name[1]-'1')%len(w.c.Nodes)]
	p, err := n.Run(harness.Spec{Name: name, Path: program, Args: []string{name}, Input: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.comps[name] = &component{name: name, proc: p}
	w.expect(name, "registered error=1")
}

// next is a component's next line, without time. Its first health check may come
// anywhere between.
func (w *walk) next(name string, timeout time.Duration) (string, error) {
	c := w.comps[name]
	for {
		line, next, err := c.proc.Stdout.Wait(c.seen, timeout, func(string) bool { return true })
		if err != nil {
			return "", err
		}
		c.seen = next
		if _, words, _ := strings.Cut(line, " "); !strings.HasPrefix(words, "health ") {
			return words, nil
		}
	}
}

// expect waits for exactly these lines of a component.
func (w *walk) expect(name string, lines ...string) {
	w.t.Helper()
	for i, want := range lines {
		got, err := w.next(name, patience)
		if err != nil || got != want {
			w.t.Fatalf("%s: line %d of %q: got %q, %v\n%s", name, i+1, lines, got, err, w.evidence())
		}
	}
}

func (w *walk) tell(name, line string) {
	w.t.Helper()
	if _, err := fmt.Fprintln(w.comps[name].proc.Stdin, line); err != nil {
		w.t.Fatal(err)
	}
}

// quiet sees that no component has said anything that was not expected.
func (w *walk) quiet() {
	w.t.Helper()
	for name, c := range w.comps {
		for _, line := range c.proc.Stdout.From(c.seen) {
			if _, words, _ := strings.Cut(line, " "); !strings.HasPrefix(words, "health ") {
				w.t.Fatalf("%s also said %q\n%s", name, words, w.evidence())
			}
		}
	}
}

// stand waits until the units have these roles, as every node sees them.
func (w *walk) stand(active string, standby ...string) {
	w.t.Helper()
	for _, n := range w.c.Nodes {
		_, err := amfkit.WaitTree(n, patience, func(t *report.Tree) string {
			if len(t.Instances) != 1 {
				return "no instance: " + t.Off
			}
			i := t.Instances[0]
			if a, s := strings.Join(i.Active, " "), strings.Join(i.Standby, " "); a != active || s != strings.Join(standby, " ") {
				return "active " + a + ", standby " + s
			}
			return ""
		})
		if err != nil {
			w.t.Fatalf("%v\n%s", err, w.evidence())
		}
	}
}

func (w *walk) evidence() string {
	var b strings.Builder
	for _, n := range w.c.Nodes {
		fmt.Fprintf(&b, "--- node %d\n%s\n", n.Index, n.Output())
	}
	if out, err := amfkit.Aisctl(w.c.Nodes[0], "amf", "history"); err == nil {
		b.WriteString(out + "\n")
	}
	for name, c := range w.comps {
		fmt.Fprintf(&b, "--- %s\n%s\n", name, c.proc.Stdout)
	}
	return b.String()
}

func TestTheScenarioOf2004OnOneNode(t *testing.T)    { scenario2004(t, 1) }
func TestTheScenarioOf2004OnThreeNodes(t *testing.T) { scenario2004(t, 3) }

func scenario2004(t *testing.T, nodes int) {
	// A machine that is too busy for the ring is not what is tried here.
	c := harness.ForTest(t, harness.Options{Nodes: nodes, Conf: []string{"token:10000"}})
	if err := amfkit.Install(c, "groups.conf", groupsConf()); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAll(patience); err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, c: c, comps: map[string]*component{}}

	// Registration: a unit is in service when both its components are there.
	// Until then it takes for granted that it is not.
	w.start("c1a")
	w.start("c1b")
	w.expect("c1a", "readiness in-service", "ha active csi=first flags=1")
	w.expect("c1b", "readiness in-service", "ha active csi=second flags=1")
	for _, u := range []string{"c2", "c3"} {
		w.start(u + "a")
		w.start(u + "b")
		w.expect(u+"a", "readiness in-service", "ha standby csi=first flags=1")
		w.expect(u+"b", "readiness in-service", "ha standby csi=second flags=1")
	}
	w.stand("u1", "u2", "u3")
	w.tell("c1a", "states first")
	w.expect("c1a", "states in-service/1 active/1")
	w.tell("c3b", "states second")
	w.expect("c3b", "states in-service/1 standby/1")
	w.quiet()
	t.Log("registration and start: done")

	// An error report: the unit hands over and goes out of service, and its processes
	// stay. Cancelled, it is in service again, and a backup.
	w.tell("c1a", "report 1")
	w.expect("c1a", "reported error=1", "ha quiesced csi=first flags=0")
	w.expect("c1b", "ha quiesced csi=second flags=0")
	w.expect("c2a", "ha active csi=first flags=0")
	w.expect("c2b", "ha active csi=second flags=0")
	w.expect("c1a", "remove csi=first flags=0", "readiness out-of-service")
	w.expect("c1b", "remove csi=second flags=0", "readiness out-of-service")
	w.stand("u2", "u3")
	w.tell("c1a", "states first")
	w.expect("c1a", "states out-of-service/1 none/12")
	w.tell("c1a", "cancel")
	w.expect("c1a", "cancelled error=1", "readiness in-service", "ha standby csi=first flags=1")
	w.expect("c1b", "readiness in-service", "ha standby csi=second flags=1")
	w.stand("u2", "u1", "u3")
	w.quiet()

	// A process that hangs: the health check notices.
	if err := w.comps["c2a"].proc.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	stopped := harness.Monotonic()
	w.expect("c2b", "ha quiesced csi=second flags=0", "remove csi=second flags=0", "readiness out-of-service")
	w.expect("c1a", "ha active csi=first flags=0")
	w.expect("c1b", "ha active csi=second flags=0")
	w.stand("u1", "u3")
	t.Logf("the hanging process was noticed within %v", harness.Monotonic()-stopped)
	w.quiet()
	// When it goes on it learns that it is out, and starts anew.
	if err := w.comps["c2a"].proc.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := w.comps["c2a"].proc.Wait(patience); w.comps["c2a"].proc.ExitCode() != 1 {
		t.Fatalf("the process that hung: %v\n%s", err, w.evidence())
	}
	w.start("c2a")
	w.expect("c2a", "readiness in-service", "ha standby csi=first flags=1")
	w.expect("c2b", "readiness in-service", "ha standby csi=second flags=1")
	w.stand("u1", "u2", "u3")
	w.quiet()

	// A crash.
	if err := w.comps["c1b"].proc.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	w.expect("c1a", "ha quiesced csi=first flags=0", "remove csi=first flags=0", "readiness out-of-service")
	w.expect(w.active(), "ha active csi=first flags=0")
	w.start("c1b")
	w.expect("c1b", "readiness in-service", "ha standby csi=second flags=1")
	w.expect("c1a", "readiness in-service", "ha standby csi=first flags=1")

	// A component that leaves in order takes its unit with it.
	w.tell("c1b", "end")
	w.expect("c1b", "unregistered error=1", "end")
	w.expect("c1a", "remove csi=first flags=0", "readiness out-of-service")
}

// active is the first component of the unit that is active, as soon as one is.
func (w *walk) active() string {
	w.t.Helper()
	name := ""
	_, err := amfkit.WaitTree(w.c.Nodes[0], patience, func(t *report.Tree) string {
		if a := t.Instances[0].Active; len(a) == 1 && a[0][0] == 'u' && a[0] != "u1" {
			name = "c" + a[0][1:] + "a"
			return ""
		}
		return "no other unit is active"
	})
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.evidence())
	}
	return name
}
