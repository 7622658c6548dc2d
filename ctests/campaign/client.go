package campaign

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// Logf receives the progress of a trial.
type Logf func(format string, args ...any)

// silent is the Logf of who does not want to know.
func silent(string, ...any) {}

// steadyConf is added to the configuration of executives whose ring must not change.
// The default is what is promised, and what the long forms are run with. The short
// ones are run on machines that may stand still for a second, and for that a ring
// with the default token timeout is formed anew.
var steadyConf []string

// logger is one evs_log: a client of a node that writes down what it is told.
type logger struct {
	node *harness.Node
	proc *harness.Process
	path string
	name string
}

// loggerOptions are the arguments of evs_log.
type loggerOptions struct {
	Generation harness.Generation
	Rate       float64
	Sizes      string // min:max
	Guarantee  string
	Wait       bool // send only after go
	QuietMS    int
}

// startLogger starts evs_log on a node; number makes its log's name unique.
func startLogger(c *harness.Cluster, n *harness.Node, number int, o loggerOptions) (*logger, error) {
	l := &logger{node: n, name: fmt.Sprintf("node%d.%d", n.Index, number)}
	l.path = filepath.Join(c.Dir, l.name+".log")
	args := []string{"-i", strconv.FormatUint(uint64(n.ID), 10), "-o", l.path, "-r", strconv.FormatFloat(o.Rate, 'g', -1, 64)}
	if o.Sizes != "" {
		args = append(args, "-z", o.Sizes)
	}
	if o.Guarantee != "" {
		args = append(args, "-q", o.Guarantee)
	}
	if o.QuietMS > 0 {
		args = append(args, "-Q", strconv.Itoa(o.QuietMS))
	}
	if o.Wait {
		args = append(args, "-w")
	}
	if o.Generation == 0 {
		o.Generation = harness.GenB
	}
	p, err := n.RunC("ctests/campaign/c/evs_log.c", o.Generation, args...)
	if err != nil {
		return nil, err
	}
	l.proc = p
	return l, nil
}

// ready waits for the client's first configuration.
func (l *logger) ready(timeout time.Duration) error {
	_, _, err := l.proc.Stdout.Wait(0, timeout, func(s string) bool { return strings.HasPrefix(s, "C ") })
	if err != nil {
		return fmt.Errorf("%s: no first configuration: %w\n%s%s", l.name, err, l.proc.Stdout, l.proc.Stderr)
	}
	return nil
}

func (l *logger) send() error    { return l.proc.Signal(unix.SIGUSR2) }
func (l *logger) silence() error { return l.proc.Signal(unix.SIGUSR1) }

// quiet waits until the client says, after position from, that nothing comes any more.
func (l *logger) quiet(from int, timeout time.Duration) error {
	_, _, err := l.proc.Stdout.Wait(from, timeout, func(s string) bool { return strings.HasPrefix(s, "quiet ") })
	if err != nil {
		return fmt.Errorf("%s: it did not go quiet in %v: %w\n%s", l.name, timeout, err, l.proc.Stdout)
	}
	return nil
}

// end lets the client write its log out and returns its closing line.
func (l *logger) end() (string, error) {
	if err := l.proc.Signal(unix.SIGTERM); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", l.name, err, l.proc.Stdout, l.proc.Stderr)
	}
	if err := l.proc.Wait(20 * time.Second); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", l.name, err, l.proc.Stdout)
	}
	lines := l.proc.Stdout.From(0)
	if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "end ") {
		return "", fmt.Errorf("%s: no closing line\n%s", l.name, l.proc.Stdout)
	}
	return lines[len(lines)-1], nil
}

// violations are the lines in which the client itself found something wrong.
func (l *logger) violations() []string {
	var out []string
	for _, s := range l.proc.Stdout.From(0) {
		if strings.HasPrefix(s, "VIOLATION") {
			out = append(out, l.name+": "+s)
		}
	}
	return out
}

// change is a configuration that a client told of.
type change struct {
	At   time.Duration // CLOCK_MONOTONIC
	Conf Conf
}

// transitional: members left and none joined, or neither (a merge ahead).
func parseChange(line string) (change, bool) {
	rest, ok := strings.CutPrefix(line, "C ")
	if !ok {
		return change{}, false
	}
	f := strings.SplitN(rest, " ", 3)
	if len(f) != 3 {
		return change{}, false
	}
	ns, err := strconv.ParseInt(f[0], 10, 64)
	if err != nil {
		return change{}, false
	}
	conf, err := parseConf(f[2])
	return change{time.Duration(ns), conf}, err == nil
}

// fieldsOf reads "name=value" words of a line.
func fieldsOf(line string) map[string]string {
	out := map[string]string{}
	for _, w := range strings.Fields(line) {
		if k, v, ok := strings.Cut(w, "="); ok {
			out[k] = v
		}
	}
	return out
}

func number(f map[string]string, name string) int64 {
	n, err := strconv.ParseFloat(f[name], 64)
	if err != nil {
		return -1
	}
	return int64(n)
}
