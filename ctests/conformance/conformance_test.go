package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/ctests/harness"
)

// watchdog is how long one row may take.
const watchdog = 30 * time.Second

type row struct {
	id, generation, function, condition, expected, source, setting string
}

func TestMain(m *testing.M) {
	code := m.Run()
	harness.RunExits()
	os.Exit(code)
}

func readTable(t *testing.T) []row {
	t.Helper()
	data, err := os.ReadFile("errors.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	seen := map[string]bool{}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			t.Fatalf("errors.tsv line %d: %d columns", i+1, len(f))
		}
		if i == 0 {
			continue
		}
		r := row{f[0], f[1], f[2], f[3], f[4], f[5], f[6]}
		if seen[r.id] {
			t.Fatalf("errors.tsv line %d: %s again", i+1, r.id)
		}
		seen[r.id] = true
		kind, _, _ := strings.Cut(r.source, ": ") // then the clause
		if !slices.Contains([]string{"assertions", "spec", "openais", "decided", "header"}, kind) ||
			!slices.Contains([]string{"normal", "none", "dead", "stopped", "refused", "never"}, r.setting) {
			t.Fatalf("errors.tsv line %d: source %q, setting %q", i+1, r.source, r.setting)
		}
		rows = append(rows, r)
	}
	return rows
}

// program is one C program: its rows and the numbers behind its names.
type program struct {
	path    string
	rows    []string
	numbers map[string]int
}

// programs by the prefix of their rows' ids.
var sources = map[string]struct {
	file string
	gen  harness.Generation
}{
	"amf.a.":  {"ctests/conformance/c/amf_a.c", harness.GenA},
	"amf.b.":  {"ctests/conformance/c/amf_b.c", harness.GenB},
	"amf.o.":  {"ctests/conformance/c/amf_b.c", harness.GenOpenSAF},
	"clm.a.":  {"ctests/conformance/c/clm.c", harness.GenA},
	"clm.b.":  {"ctests/conformance/c/clm.c", harness.GenB},
	"ckpt.a.": {"ctests/conformance/c/ckpt.c", harness.GenA},
	"ckpt.b.": {"ctests/conformance/c/ckpt.c", harness.GenB},
	"ckpt.o.": {"ctests/conformance/c/ckpt.c", harness.GenOpenSAF},
	"evs.a.":  {"ctests/conformance/c/evs.c", harness.GenA},
	"evs.b.":  {"ctests/conformance/c/evs.c", harness.GenB},
	"evt.a.":  {"ctests/conformance/c/evt.c", harness.GenA},
	"evt.b.":  {"ctests/conformance/c/evt.c", harness.GenB},
	"evt.o.":  {"ctests/conformance/c/evt.c", harness.GenOpenSAF},
}

// build compiles the programs whose rows are wanted.
func build(t *testing.T, wanted func(prefix string) bool) map[string]*program {
	t.Helper()
	b, err := harness.FindBuild()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*program{}
	for prefix, s := range sources {
		if !wanted(prefix) {
			continue
		}
		path, err := b.CompileC(s.file, s.gen)
		if err != nil {
			t.Fatal(err)
		}
		p := &program{path: path, numbers: map[string]int{}}
		p.rows = strings.Fields(output(t, path, "rows"))
		for line := range strings.Lines(output(t, path, "errors")) {
			name, n, _ := strings.Cut(strings.TrimSpace(line), " ")
			if p.numbers[name], err = strconv.Atoi(n); err != nil {
				t.Fatalf("%s errors: %q", path, line)
			}
		}
		out[prefix] = p
	}
	return out
}

func output(t *testing.T, path string, args ...string) string {
	t.Helper()
	out, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", path, args, err, out)
	}
	return string(out)
}

// prefix is the part of a row's id that names its program: "clm.a.".
func prefix(id string) string {
	f := strings.SplitN(id, ".", 3)
	return f[0] + "." + f[1] + "."
}

// of tells the rows of one service.
func of(service string) func(id string) bool {
	return func(id string) bool { return strings.HasPrefix(id, service+".") }
}

// TestEveryDocumentedResultOfCLMEVSAndEVT runs their rows, on node 1 of a ring of two.
func TestEveryDocumentedResultOfCLMEVSAndEVT(t *testing.T) {
	t.Parallel() // rows wait more than they work
	runTable(t, 2, 550, func(id string) bool { return !of("ckpt")(id) && !of("amf")(id) })
}

// TestEveryDocumentedResultOfEVTOnOneNodeAndOnThree runs the rows of EVT, whose
// channels are the cluster's, in the other sizes too.
func TestEveryDocumentedResultOfEVTOnOneNodeAndOnThree(t *testing.T) {
	t.Parallel() // rows wait more than they work
	for _, nodes := range []int{1, 3} {
		t.Run(strconv.Itoa(nodes), func(t *testing.T) { runTable(t, nodes, 250, of("evt")) })
	}
}

// CKPT's answers depend on whether there is another replica.
func TestEveryDocumentedResultOfCKPTOnOneNode(t *testing.T) {
	t.Parallel() // rows wait more than they work
	runTable(t, 1, 480, of("ckpt"))
}

func TestEveryDocumentedResultOfCKPTOnThreeNodes(t *testing.T) {
	t.Parallel() // rows wait more than they work
	// OpenSAF's rows end in the same requests as those of openais.
	runTable(t, 3, 300, func(id string) bool { return of("ckpt")(id) && !of("ckpt.o")(id) })
}

// runTable runs the rows that are wanted, at least so many, on node 1 of a ring.
func runTable(t *testing.T, nodes, least int, wanted func(id string) bool) {
	runRows(t, harness.ForTest(t, harness.Options{Nodes: nodes}), least, wanted)
}

// runRows is runTable on executives that are not started yet.
func runRows(t *testing.T, c *harness.Cluster, least int, wanted func(id string) bool) {
	table := readTable(t)
	known, needed := map[string]bool{}, map[string]bool{}
	for _, r := range table {
		known[r.id] = true
		if wanted(r.id) {
			needed[prefix(r.id)] = true
		}
	}
	progs := build(t, func(prefix string) bool { return needed[prefix] })
	implemented := map[string]bool{}
	for pre, p := range progs {
		for _, id := range p.rows {
			if !known[id] || !strings.HasPrefix(id, pre) {
				t.Errorf("a program runs %s, which is not in the table", id)
			}
			implemented[id] = true
		}
	}
	if err := c.StartAll(20 * time.Second); err != nil {
		t.Fatal(err)
	}
	run := runner{t: t, c: c}
	counts := map[string]int{}
	for _, r := range table {
		if !wanted(r.id) {
			continue
		}
		if r.setting == "never" {
			if implemented[r.id] {
				t.Errorf("%s: the table says never, but a program runs it", r.id)
			}
			counts["never"]++
			continue
		}
		p := progs[prefix(r.id)]
		if p == nil || !implemented[r.id] {
			t.Errorf("%s: no program runs this row", r.id)
			continue
		}
		t.Run(r.id, func(t *testing.T) {
			run.t = t
			run.row(r, p)
		})
		counts["run"]++
	}
	t.Logf("%d rows run, %d that nothing can bring about", counts["run"], counts["never"])
	if counts["run"] < least {
		t.Errorf("only %d rows were run", counts["run"])
	}
}

type runner struct {
	t *testing.T
	c *harness.Cluster
	// called are the functions that programs tell of (c/bytes.h).
	called map[string]bool
}

// row runs one row and compares.
func (x *runner) row(r row, p *program) {
	t := x.t
	want, ok := p.numbers[r.expected]
	if !ok {
		t.Fatalf("the header has no %s", r.expected)
	}
	node := x.c.Nodes[0]
	if !node.Up() {
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		if err := x.c.WaitWhole(20 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(p.path, "run", r.id)
	cmd.Env = append(os.Environ(), node.Env()...)
	switch r.setting {
	case "none":
		cmd.Env = append(cmd.Env, fmt.Sprintf("AIS_SOCKET=@ais-nobody-%d", os.Getpid()))
	case "refused":
		if os.Geteuid() != 0 {
			t.Skip("needs root, to run as another user")
		}
		x.asNobody(cmd)
	}
	got, wrong, err := x.talk(cmd)
	if err != nil {
		t.Fatalf("%s, %s: %v%s\nits executive:\n%s", r.function, r.condition, err, wrong, node.Output())
	}
	if wrong != "" {
		t.Errorf("%s, %s:%s", r.function, r.condition, wrong)
	}
	if got != want {
		t.Errorf("%s, %s: %s (%d) expected by %s, got %d (%s)", r.function, r.condition, r.expected, want, r.source, got, name(p, got))
	}
}

// asNobody lets a row run as another user, from a place that user can read.
func (x *runner) asNobody(cmd *exec.Cmd) {
	t := x.t
	dir, err := os.MkdirTemp("/tmp", "ais-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lib := x.c.Build.Lib()
	for _, f := range append([]string{cmd.Path}, files(t, lib)...) {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/"+f[strings.LastIndexByte(f, '/')+1:], data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Path = dir + cmd.Path[strings.LastIndexByte(cmd.Path, '/'):]
	cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

func files(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, dir+"/"+e.Name())
		}
	}
	return out
}

func name(p *program, n int) string {
	for k, v := range p.numbers {
		if v == n {
			return k
		}
	}
	return "no error of the header"
}

// talk runs a row's process, does what it asks for, and returns its result and
// what it found wrong.
func (x *runner) talk(cmd *exec.Cmd) (result int, wrong string, err error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, "", err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, "", err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return 0, "", err
	}
	killed := false
	timer := time.AfterFunc(watchdog, func() { killed = true; cmd.Process.Signal(syscall.SIGABRT) })
	result, wrong, err = x.listen(in, out)
	werr := cmd.Wait()
	timer.Stop()
	switch {
	case killed:
		err = errors.New("HANGS")
	case werr != nil:
		err = fmt.Errorf("CRASHED: %w", werr)
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, stderr.String())
	}
	return result, wrong, err
}

func (x *runner) listen(in io.WriteCloser, out io.Reader) (result int, wrong string, err error) {
	defer in.Close()
	node := x.c.Nodes[0]
	result = -2
	err = errors.New("no result")
	buf := make([]byte, 0, 4096)
	chunk := make([]byte, 1024)
	for {
		n, rerr := out.Read(chunk)
		buf = append(buf, chunk[:n]...)
		for {
			i := bytes.IndexByte(buf, '\n')
			if i < 0 {
				break
			}
			line := string(buf[:i])
			buf = buf[i+1:]
			word, rest, _ := strings.Cut(line, " ")
			var aerr error
			switch word {
			case "RESULT":
				result, err = strconv.Atoi(rest)
				continue
			case "WRONG":
				wrong += "\n  " + rest
				continue
			case "CALLED":
				x.called[rest] = true
				continue
			case "KILL":
				if _, aerr = node.Kill(); aerr == nil {
					<-node.Exec.Done()
				}
			case "STOP":
				aerr = node.StopAll()
			case "CONT":
				_, aerr = node.Cont()
			case "AMF": // an operator's wish
				aerr = x.operate(strings.Fields(rest))
			default:
				aerr = fmt.Errorf("unexpected line %q", line)
			}
			if aerr != nil {
				return result, wrong, aerr
			}
			fmt.Fprintln(in, "done")
		}
		if rerr != nil {
			return result, wrong, err
		}
	}
}
