// Command demo shows the whole thing on one machine, without root: a key, three
// executives on 127.0.0.1 to 127.0.0.3, C programs of both interface generations
// on each, one executive killed and brought back. Every step is observed from
// the outside, by what the programs print; the exit code is 0 only when all
// were. It owns everything it starts and leaves nothing behind, also when it is
// interrupted. Two demos at the same time have ports and sockets of their own.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"ais/ctests/harness"
)

const (
	nodes  = 3
	victim = 3 // index from 1
	// patience bounds each step, total the demo.
	patience = 10 * time.Second
	total    = 55 * time.Second
	// enough messages of each sender are to be seen before and after the kill.
	enough = 50
)

// program is a sample program on a node.
type program struct {
	name string
	node int // from 1
	proc *harness.Process
	from int // lines before this position belong to earlier steps
}

func (p *program) String() string { return fmt.Sprintf("%-13s on 127.0.0.%d", p.name, p.node) }

type demo struct {
	cluster  *harness.Cluster
	programs []*program
	begin    time.Time
}

func main() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := run()
	if err != nil && len(interrupted) > 0 {
		// The harness cleans up and ends this program; what failed meanwhile failed
		// because of that.
		time.Sleep(patience)
	}
	harness.RunExits()
	if err != nil {
		fmt.Printf("\ndemo: FAILED: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	d := &demo{begin: time.Now()}
	time.AfterFunc(total, func() {
		fmt.Printf("\ndemo: FAILED: not finished after %v\n", total)
		harness.RunExits()
		os.Exit(1)
	})
	c, err := harness.New(harness.Options{Nodes: nodes})
	if err != nil {
		return err
	}
	defer c.Close()
	d.cluster = c
	for _, step := range []func() error{d.key, d.form, d.start, d.watch, d.kill, d.restart, d.order, d.stop} {
		if err := step(); err != nil {
			return errors.Join(err, d.evidence())
		}
	}
	fmt.Printf("\ndemo: every step was observed, in %.1f s\n", time.Since(d.begin).Seconds())
	return nil
}

func ok(format string, args ...any) { fmt.Printf("  ok  "+format+"\n", args...) }

// key makes the key with the tool an administrator uses, and copies it.
func (d *demo) key() error {
	fmt.Printf("Three executives on 127.0.0.1, 127.0.0.2, 127.0.0.3; port %d\n", d.cluster.Port)
	for _, n := range d.cluster.Nodes {
		if err := n.Configure(nil); err != nil {
			return err
		}
	}
	first := d.cluster.Nodes[0]
	if out, err := d.tool(first, "ais-keygen", "--confdir", first.ConfDir); err != nil {
		return fmt.Errorf("ais-keygen: %w\n%s", err, out)
	}
	path := filepath.Join(first.ConfDir, "authkey")
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if st.Size() != 128 || st.Mode().Perm() != 0o400 {
		return fmt.Errorf("the key has %d bytes and mode %v", st.Size(), st.Mode())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, n := range d.cluster.Nodes[1:] {
		if err := os.WriteFile(filepath.Join(n.ConfDir, "authkey"), data, 0o400); err != nil {
			return err
		}
	}
	ok("ais-keygen made a key of 128 bytes, mode 0400; copied to every node")
	return nil
}

// tool runs a program of the build to its end.
func (d *demo) tool(n *harness.Node, name string, args ...string) (string, error) {
	p, err := n.Run(harness.Spec{Name: name, Path: d.cluster.Build.Bin(name), Args: args})
	if err != nil {
		return "", err
	}
	err = p.Wait(patience + time.Second)
	return strings.Join(p.Stdout.From(0), "\n"), err
}

// form starts the executives and waits, with aisctl, for one encrypted ring.
func (d *demo) form() error {
	begin := time.Now()
	for _, n := range d.cluster.Nodes {
		if err := n.StartNoWait(); err != nil {
			return err
		}
	}
	if err := d.whole(nodes); err != nil {
		return err
	}
	formed := time.Since(begin)
	for _, n := range d.cluster.Nodes {
		out, err := d.tool(n, "aisctl", "status", "--json")
		if err != nil {
			return err
		}
		var st struct {
			State    string
			Security struct{ Mode, Cipher string }
		}
		if err := json.Unmarshal([]byte(out), &st); err != nil {
			return fmt.Errorf("aisctl status --json: %w\n%s", err, out)
		}
		if st.Security.Mode != "encrypted" || st.State != "operational" {
			return fmt.Errorf("%s: state %q, security %q", n.Address, st.State, st.Security.Mode)
		}
		if n.Index == 1 {
			defer ok("one ring of three, encrypted with %s, %d ms after start", st.Security.Cipher, formed.Milliseconds())
		}
	}
	return nil
}

// whole waits until every running executive has members in its configuration.
func (d *demo) whole(members int) error {
	for _, n := range d.cluster.Nodes {
		if !n.Up() {
			continue
		}
		if out, err := d.tool(n, "aisctl", "wait", "--members", strconv.Itoa(members), "--timeout", "10s"); err != nil {
			return fmt.Errorf("aisctl wait on %s: %w\n%s", n.Address, err, out)
		}
	}
	return nil
}

// start runs the sample programs on every node; the receivers first, so that
// they receive everything.
func (d *demo) start() error {
	for _, name := range []string{"clm_watch_a01", "clm_watch_b01", "evs_receive", "evs_send"} {
		for _, n := range d.cluster.Nodes {
			spec := harness.Spec{Name: name, Path: filepath.Join(d.cluster.Build.Dir, "samples", name)}
			if name == "evs_send" {
				spec.Args = []string{fmt.Sprintf("node%d", n.Index), "10"}
			}
			proc, err := n.Run(spec)
			if err != nil {
				return err
			}
			d.programs = append(d.programs, &program{name: name, node: n.Index, proc: proc})
		}
		if name != "evs_receive" {
			continue
		}
		for _, p := range d.named("evs_receive") {
			if _, err := p.next("configuration members=3 "); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *demo) named(name string) []*program {
	var out []*program
	for _, p := range d.programs {
		if p.name == name {
			out = append(out, p)
		}
	}
	return out
}

// next waits for a line that begins with text (or, with a leading '*', holds it)
// and returns its time.
func (p *program) next(text string) (time.Duration, error) {
	inside, anywhere := strings.CutPrefix(text, "*")
	line, next, err := p.proc.Stdout.Wait(p.from, patience, func(s string) bool {
		_, words, _ := strings.Cut(s, " ")
		return strings.HasPrefix(words, text) || anywhere && strings.Contains(words, inside)
	})
	if err != nil {
		return 0, fmt.Errorf("%v did not print %q: %w", p, text, err)
	}
	p.from = next
	stamp, _, _ := strings.Cut(line, " ")
	ns, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%v printed a line without time: %q", p, line)
	}
	return time.Duration(ns), nil
}

// watch checks that everybody sees three nodes and hears every sender.
func (d *demo) watch() error {
	for _, p := range d.programs {
		switch p.name {
		case "evs_receive":
			for i := range nodes {
				p.from = 0
				if _, err := p.next(fmt.Sprintf("message 127.0.0.%d node%d %d", i+1, i+1, enough)); err != nil {
					return err
				}
			}
		case "evs_send":
			if _, err := p.next("sent "); err != nil {
				return err
			}
		default:
			if _, err := p.next("*members=3:"); err != nil {
				return err
			}
		}
	}
	ok("on each node: an A.01.01 CLM watcher, a B.01.01 CLM watcher, an EVS sender (A), an EVS receiver (B)")
	ok("every watcher sees three members, every receiver hears every sender")
	return nil
}

// kill ends one executive with SIGKILL and lists who noticed when.
func (d *demo) kill() error {
	for _, p := range d.programs {
		p.from = p.proc.Stdout.Len()
	}
	at, err := d.cluster.Nodes[victim-1].Kill()
	if err != nil {
		return err
	}
	type row struct {
		after time.Duration
		text  string
	}
	var rows []row
	var last time.Duration
	for _, p := range d.programs {
		want, what := "executive gone", "its executive is gone"
		if p.node != victim {
			switch p.name {
			case "evs_send":
				continue // notices nothing, and is to notice nothing
			case "evs_receive":
				want, what = "configuration members=2 left=0 joined=0:", "regular configuration of two"
			default:
				want, what = "*members=2:", "view of two members"
			}
		}
		t, err := p.next(want)
		if err != nil {
			return err
		}
		rows = append(rows, row{t - at, fmt.Sprintf("%v  %s", p, what)})
		if p.node != victim {
			last = max(last, t-at)
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].after < rows[j].after })
	ok("SIGKILL to the executive on 127.0.0.%d; noticed by", victim)
	for _, r := range rows {
		fmt.Printf("      %7.1f ms  %s\n", float64(r.after.Microseconds())/1000, r.text)
	}
	ok("all survivors have the new configuration after %.1f ms", float64(last.Microseconds())/1000)
	return d.whole(nodes - 1)
}

// restart brings the executive back; its programs open it again by themselves.
func (d *demo) restart() error {
	for _, p := range d.programs {
		p.from = p.proc.Stdout.Len()
	}
	begin := time.Now()
	if err := d.cluster.Nodes[victim-1].StartNoWait(); err != nil {
		return err
	}
	if err := d.whole(nodes); err != nil {
		return err
	}
	formed := time.Since(begin)
	for _, p := range d.programs {
		var err error
		switch p.name {
		case "evs_receive":
			if _, err = p.next("configuration members=3 "); err == nil {
				_, err = p.next(fmt.Sprintf("message 127.0.0.%d node%d %d", victim, victim, 3*enough))
			}
		case "evs_send":
			_, err = p.next("sent ")
		default:
			_, err = p.next("*members=3:")
		}
		if err != nil {
			return err
		}
	}
	ok("brought back: one ring of three after %d ms; every program sees three members again,", formed.Milliseconds())
	ok("those on 127.0.0.%d opened their executive again by themselves", victim)
	return nil
}

// order stops the senders and compares what the receivers that were never
// interrupted have: the same lines, and each accepted message once.
func (d *demo) order() error {
	for _, p := range d.named("evs_send") {
		p.proc.End(patience)
		if p.proc.ExitCode() != 0 {
			return fmt.Errorf("%v ended with exit code %d\n%s", p, p.proc.ExitCode(), p.proc.Stdout.String())
		}
	}
	// A message that every receiver gets after all others shows that nothing is
	// on its way any more.
	first := d.cluster.Nodes[0]
	proc, err := first.Run(harness.Spec{Name: "evs_send", Path: filepath.Join(d.cluster.Build.Dir, "samples", "evs_send"), Args: []string{"last", "1"}})
	if err != nil {
		return err
	}
	for _, p := range d.named("evs_receive") {
		if _, err := p.next("message 127.0.0.1 last 1"); err != nil {
			return err
		}
	}
	proc.End(patience)
	var logs []string
	var counts []map[string]int
	for _, p := range d.named("evs_receive") {
		if p.node == victim {
			continue
		}
		log, count := received(p)
		logs, counts = append(logs, log), append(counts, count)
	}
	if logs[0] != logs[1] {
		return fmt.Errorf("the receivers on 127.0.0.1 and 127.0.0.2 have different logs:\n%s", difference(logs[0], logs[1]))
	}
	messages := 0
	for _, p := range d.named("evs_send") {
		if p.node == victim {
			continue
		}
		sent, name := accepted(p), fmt.Sprintf("node%d", p.node)
		if got := counts[0][name]; got != sent || sent == 0 {
			return fmt.Errorf("%v had %d messages accepted, the receivers got %d", p, sent, got)
		}
		messages += sent
	}
	ok("the receivers on 127.0.0.1 and 127.0.0.2 have byte-identical logs: %d lines, changes included;", strings.Count(logs[0], "\n"))
	ok("all %d messages that their nodes accepted are there, each once and in order", messages)
	return nil
}

// received is what a receiver printed from its first message to the last one,
// without times, and how many numbers of each sender it got without a gap.
func received(p *program) (string, map[string]int) {
	var b bytes.Buffer
	count := make(map[string]int)
	for _, line := range p.proc.Stdout.From(0) {
		_, words, _ := strings.Cut(line, " ")
		f := strings.Fields(words)
		if len(f) == 4 && f[0] == "message" {
			if n, err := strconv.Atoi(f[3]); err == nil && n == count[f[2]]+1 {
				count[f[2]] = n
			} else if f[2] != fmt.Sprintf("node%d", victim) && f[2] != "last" {
				count[f[2]] = -1 << 30 // a gap or a repetition: never equal to what was sent
			}
		}
		if b.Len() > 0 || len(f) > 0 && f[0] == "message" {
			b.WriteString(words)
			b.WriteByte('\n')
		}
		if strings.HasSuffix(words, "last 1") {
			break
		}
	}
	return b.String(), count
}

func accepted(p *program) int {
	lines := p.proc.Stdout.From(0)
	if len(lines) == 0 {
		return 0
	}
	_, words, _ := strings.Cut(lines[len(lines)-1], " ")
	n, _ := strconv.Atoi(strings.TrimPrefix(words, "end "))
	return n
}

func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d: %q and %q", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(x), len(y))
}

// stop ends everything the polite way and expects polite exits.
func (d *demo) stop() error {
	for _, p := range d.programs {
		p.proc.End(patience)
		if p.proc.ExitCode() != 0 {
			return fmt.Errorf("%v ended with exit code %d", p, p.proc.ExitCode())
		}
	}
	for _, n := range d.cluster.Nodes {
		if _, err := n.Term(); err != nil {
			return err
		}
		if err := n.Exec.Wait(patience); err != nil {
			return fmt.Errorf("SIGTERM to the executive on %s: %w", n.Address, err)
		}
	}
	ok("every program and every executive ended with exit code 0")
	return nil
}

// evidence is what a failed demo shows of executives and programs.
func (d *demo) evidence() error {
	var b strings.Builder
	for _, n := range d.cluster.Nodes {
		fmt.Fprintf(&b, "\n--- aisexec on %s ---\n%s\n", n.Address, strings.TrimSpace(n.Output()))
	}
	for _, p := range d.programs {
		tail := p.proc.Stdout.From(max(0, p.proc.Stdout.Len()-6))
		fmt.Fprintf(&b, "--- %v ---\n%s\n%s", p, strings.Join(tail, "\n"), p.proc.Stderr.String())
	}
	return errors.New(b.String())
}
