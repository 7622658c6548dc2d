package conformance

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/cprog"
	"ais/ctests/harness"
)

// withAMF makes executives that have a configuration for AMF; change may change it.
func withAMF(t *testing.T, nodes int, file string, change func(string) string) *harness.Cluster {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	if change != nil {
		if text = change(text); text == string(data) {
			t.Fatalf("%s has changed: what was to be replaced is not there", file)
		}
	}
	c := harness.ForTest(t, harness.Options{Nodes: nodes})
	for _, n := range c.Nodes {
		if err := os.WriteFile(filepath.Join(n.ConfDir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// runAMF runs rows of AMF on executives that have a configuration for it.
func runAMF(t *testing.T, nodes int, file string, least int, programs ...string) {
	t.Helper()
	runRows(t, withAMF(t, nodes, file, nil), least, func(id string) bool {
		for _, p := range programs {
			if strings.HasPrefix(id, p) {
				return true
			}
		}
		return false
	})
}

func TestEveryDocumentedResultOfAMFOnOneNode(t *testing.T) {
	t.Parallel() // rows wait more than they work
	t.Run("A", func(t *testing.T) { runAMF(t, 1, "groups.conf", 230, "amf.a.") })
	t.Run("B", func(t *testing.T) { runAMF(t, 1, "amf.conf", 270, "amf.b.") })
	t.Run("OpenSAF", func(t *testing.T) { runAMF(t, 1, "amf.conf", 350, "amf.o.") })
}

func TestEveryDocumentedResultOfAMFOnThreeNodes(t *testing.T) {
	t.Parallel() // rows wait more than they work
	t.Run("A", func(t *testing.T) { runAMF(t, 3, "groups.conf", 230, "amf.a.") })
	t.Run("B", func(t *testing.T) { runAMF(t, 3, "amf.conf", 270, "amf.b.") })
	t.Run("OpenSAF", func(t *testing.T) { runAMF(t, 3, "amf.conf", 350, "amf.o.") })
}

// operate is an operation of an administrator, as aisctl amf has it.
func (x *runner) operate(args []string) error { return operateOn(x.c.Nodes[0], args...) }

func operateOn(n *harness.Node, args ...string) error {
	cmd := exec.Command(n.Build().Bin("aisctl"), append([]string{"amf"}, args...)...)
	cmd.Env = append(os.Environ(), n.Env()...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("aisctl amf %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// lines waits for lines that end so, one after the other.
func lines(t *testing.T, what *harness.Lines, at int, ends ...string) (next int) {
	t.Helper()
	for _, end := range ends {
		var err error
		if _, at, err = what.Wait(at, 15*time.Second, func(l string) bool { return strings.HasSuffix(l, end) }); err != nil {
			t.Fatalf("%q: %v\n%s", end, err, what)
		}
	}
	return at
}

func TestTheSampleComponentOfGenerationAIsServedAndReportsAnError(t *testing.T) {
	n := withAMF(t, 1, "groups.conf", nil).Nodes[0]
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := n.RunC("ctests/samples/amf_component_a01.c", harness.GenA, "C1")
	if err != nil {
		t.Fatal(err)
	}
	at := lines(t, p.Stdout, 0, "registered C1", "in service", "active CSI1")
	if err := p.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	at = lines(t, p.Stdout, at, "out of service")
	if err := p.Signal(unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	at = lines(t, p.Stdout, at, "in service", "active CSI1")
	if err := p.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	lines(t, p.Stdout, at, "end")
}

// The executive starts the sample as the component C1, instead of a command that does
// nothing.
func TestTheSampleComponentOfGenerationBIsStartedServedAndTerminated(t *testing.T) {
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	path, err := b.CompileC("ctests/samples/amf_component_b01.c", harness.GenB)
	if err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	n := withAMF(t, 1, "amf.conf", func(text string) string {
		return strings.Replace(text, "saAmfCompInstantiateCmd=/bin/true", "saAmfCompInstantiateCmd="+path+
			"\n\t\t\t\t\tsaAmfCompCmdEnv {\n\t\t\t\t\t\tSAMPLE_LOG="+log+"\n\t\t\t\t\t}", 1)
	}).Nodes[0]
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	wait := func(ends ...string) {
		t.Helper()
		for _, end := range ends {
			for limit := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
				text, _ := os.ReadFile(log)
				if strings.Contains(string(text), end+"\n") {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("the component does not say %q but\n%s\nits executive:\n%s", end, text, n.Output())
				}
			}
		}
	}
	wait("registered safComp=C1,safSu=SU1,safSg=ONE,safApp=CONF", "active safCsi=C1,safSi=ONE,safApp=CONF", "attribute port=80")
	for _, op := range []string{"lock", "lock-in"} {
		if err := operateOn(n, op, "safSu=SU1,safSg=ONE,safApp=CONF"); err != nil {
			t.Fatal(err)
		}
	}
	wait("terminate safComp=C1,safSu=SU1,safSg=ONE,safApp=CONF", "end")
}

// sonames are AMF's libraries as programs of their time name them, and the rows of
// each that are run.
var sonames = []struct{ conf, soname, prefix, define, rows string }{
	{"groups.conf", "libais.so.1", "amf.a.", "-DGENERATION_A", rowsOfA},
	{"amf.conf", "libais.so.2", "amf.b.", "-DGENERATION_B", rowsOfB},
	{"amf.conf", "libSaAmf.so.2", "amf.b.", "-DGENERATION_B", rowsOfB},
	{"amf.conf", "libSaAmf.so.3", "amf.b.", "-DGENERATION_B", rowsOfB},
	{"amf.conf", "libSaAmf.so.0", "amf.o.", "-DGENERATION_O", rowsOfB + rowsOfOpenSAF},
}

const (
	rowsOfA = "init.ok dispatch.one finalize.in-a-callback register.ok register.proxied name.ok readiness.ok ha.ok model.ok pending.ok " +
		"response.ok response.twice healthcheck.asked track.current track.no-space trackstop.ok report.ok report.text-long cancel.ok"
	rowsOfB = "init.ok dispatch.one finalize.in-a-callback register.ok register.proxied name.registered pmstart.tree pmstop.all check.asked " +
		"confirm.ok checkstop.ok ha.ok response.ok response.twice track.current track.allocated track.told track.changes track.no-space " +
		"trackstop.ok report.ok report.time-unknown clear.ok"
	rowsOfOpenSAF = " init4.ok inito4.ok pmstart3.ok hars.ok track4.current track4.told free4.ok report4.ok clear4.ok ids.ok response4.ok"
)

// Programs that find AMF by the sonames of the originals, with the headers and the
// plain names of their time, get the same results, with 64 bits and with 32.
func TestProgramsLinkedByTheSonamesOfTheOriginalsGetTheSameFromAMF(t *testing.T) {
	table, numbers := readTable(t), build(t, of("amf"))
	clusters := map[string]*harness.Cluster{}
	for _, conf := range []string{"groups.conf", "amf.conf"} {
		clusters[conf] = withAMF(t, 1, conf, nil)
		if err := clusters[conf].StartAll(20 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	cprog.OnEach(t, func(t *testing.T, a cprog.Arch) {
		for nth, s := range sonames {
			t.Run(s.soname, func(t *testing.T) {
				c := clusters[s.conf]
				source := "amf_b.c"
				if s.prefix == "amf.a." {
					source = "amf_a.c"
				}
				path := bySoname(t, a, "amf", s.soname, source, s.define)
				p, run, n := &program{path: path, numbers: numbers[s.prefix].numbers}, runner{c: c}, 0
				mine := share(nth)
				for _, r := range table {
					id, ok := strings.CutPrefix(r.id, s.prefix)
					if !ok || !slices.Contains(strings.Fields(s.rows), id) {
						continue
					}
					n++
					if !mine() {
						continue
					}
					t.Run(id, func(t *testing.T) {
						run.t = t
						run.row(r, p)
					})
				}
				if want := len(strings.Fields(s.rows)); n != want {
					t.Errorf("the table has %d of %d rows", n, want)
				}
			})
		}
	})
}
