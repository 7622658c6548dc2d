// Package amfkit is what demo and trials of the availability management framework
// share: configurations, the log that their components write, and the tree and the
// history as aisctl shows them. It owns the log and the processes that it is asked to
// look for; clusters are the harness's.
package amfkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ais/ctests/harness"
	"ais/exec/amf/report"
)

// Unit is a service unit of a configuration.
type Unit struct {
	Name, Node string
	Components []string
}

// Config is a configuration of one application with one group.
type Config struct {
	Nodes      int
	Redundancy string // as in amf.conf; 2n when empty
	Units      []Unit
	// Instances are service instances; each has a CSI for each component of a unit.
	Instances []string
	Recovery  string   // component_failover when empty
	Env       []string // of every component
	Program   string   // what components are
	Log       string   // what they write to
	Health    bool     // they are health-checked, once a second
	Group     []string // further lines of the group
	Callback  time.Duration
}

// Text is the configuration as amf.conf.
func (c *Config) Text() string {
	var b strings.Builder
	or := func(s, def string) string {
		if s == "" {
			return def
		}
		return s
	}
	callback := c.Callback
	if callback == 0 {
		callback = 5 * time.Second
	}
	fmt.Fprintf(&b, "safAmfCluster = DEMO {\n\tsaAmfClusterStartupTimeout = 10000\n")
	for i := 1; i <= c.Nodes; i++ {
		fmt.Fprintf(&b, "\tsafAmfNode = node%d {\n\t\tsaAmfNodeSuFailOverProb = 60000\n\t\tsaAmfNodeSuFailoverMax = 1000000\n\t}\n", i)
	}
	fmt.Fprintf(&b, "\tsafApp = APP {\n\t\tsafSg = SG {\n\t\t\tsaAmfSGRedundancyModel = %s\n", or(c.Redundancy, "2n"))
	b.WriteString("\t\t\tsaAmfSGCompRestartProb = 60000\n\t\t\tsaAmfSGCompRestartMax = 1000000\n" +
		"\t\t\tsaAmfSGSuRestartProb = 60000\n\t\t\tsaAmfSGSuRestartMax = 1000000\n\t\t\tsaAmfSGAutoAdjustProb = 1000\n")
	for _, l := range c.Group {
		fmt.Fprintf(&b, "\t\t\t%s\n", l)
	}
	for _, u := range c.Units {
		fmt.Fprintf(&b, "\t\t\tsafSu = %s {\n\t\t\t\tsaAmfSUNumComponents = %d\n\t\t\t\tsaAmfSUHostedByNode = %s\n", u.Name, len(u.Components), u.Node)
		for _, comp := range u.Components {
			fmt.Fprintf(&b, `				safComp = %s {
					saAmfCompCategory = sa_aware
					saAmfCompCapability = x_active_and_y_standby
					saAmfCompNumMaxActiveCsi = 10
					saAmfCompNumMaxStandbyCsi = 10
					saAmfCompDefaultClcCliTimeout = 10000
					saAmfCompDefaultCallbackTimeOut = %d
					saAmfCompRecoveryOnError = %s
					saAmfCompInstantiateCmd = %s
					saAmfCompCleanupCmd = /bin/true
					saAmfCompCsTypes {
						T-%s
					}
					saAmfCompCmdEnv {
						AMF_LOG=%s
`, comp, callback.Milliseconds(), or(c.Recovery, "component_failover"), c.Program, comp, c.Log)
			for _, e := range c.Env {
				fmt.Fprintf(&b, "\t\t\t\t\t\t%s\n", e)
			}
			if c.Health {
				b.WriteString("\t\t\t\t\t\tAMF_HEALTH=main\n")
			}
			b.WriteString("\t\t\t\t\t}\n")
			if c.Health {
				b.WriteString("\t\t\t\t\tsafHealthcheckKey = main {\n\t\t\t\t\t\tsaAmfHealthcheckPeriod = 1000\n\t\t\t\t\t\tsaAmfHealthcheckMaxDuration = 1000\n\t\t\t\t\t}\n")
			}
			b.WriteString("\t\t\t\t}\n")
		}
		b.WriteString("\t\t\t}\n")
	}
	b.WriteString("\t\t}\n")
	for _, si := range c.Instances {
		fmt.Fprintf(&b, "\t\tsafSi = %s {\n\t\t\tsaAmfSINumCSIs = %d\n", si, len(c.Units[0].Components))
		for _, comp := range c.Units[0].Components {
			fmt.Fprintf(&b, "\t\t\tsafCsi = %s-%s {\n\t\t\t\tsaAmfCSTypeName = T-%s\n\t\t\t}\n", si, comp, comp)
		}
		b.WriteString("\t\t}\n")
	}
	b.WriteString("\t}\n}\n")
	return b.String()
}

// Install writes a configuration file for every node.
func Install(c *harness.Cluster, file, text string) error {
	for _, n := range c.Nodes {
		if err := os.WriteFile(filepath.Join(n.ConfDir, file), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Event is a line of a component.
type Event struct {
	At        time.Duration // monotonic clock of the machine
	PID       int
	Component string // DN
	Words     string
}

// Unit is the unit that the component belongs to.
func (e *Event) Unit() string { return part(e.Component, "safSu=") }

func part(dn, class string) string {
	for _, p := range strings.Split(dn, ",") {
		if v, ok := strings.CutPrefix(p, class); ok {
			return v
		}
	}
	return ""
}

func (e *Event) String() string {
	return fmt.Sprintf("%.6f %d %s %s", e.At.Seconds(), e.PID, e.Component, e.Words)
}

// Log is what components have written.
type Log struct {
	Path string
	// Component, if not empty, is who writes; lines then are NANOSECONDS WORDS, as
	// samples write them.
	Component string
	read      int64
	part      []byte
	Events    []Event
}

// Follow reads what is new.
func (l *Log) Follow() error {
	f, err := os.Open(l.Path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := f.ReadAt(buf, l.read)
		l.read += int64(n)
		l.part = append(l.part, buf[:n]...)
		for {
			i := bytes.IndexByte(l.part, '\n')
			if i < 0 {
				break
			}
			if e, ok := l.parse(string(l.part[:i])); ok {
				l.Events = append(l.Events, e)
			}
			l.part = l.part[i+1:]
		}
		if err != nil || n == 0 {
			return nil
		}
	}
}

func (l *Log) parse(line string) (e Event, ok bool) {
	if l.Component != "" {
		stamp, words, _ := strings.Cut(line, " ")
		ns, err := strconv.ParseInt(stamp, 10, 64)
		return Event{At: time.Duration(ns), Component: l.Component, Words: words}, err == nil
	}
	f := strings.SplitN(line, " ", 4)
	if len(f) < 4 {
		return e, false
	}
	ns, err1 := strconv.ParseInt(f[0], 10, 64)
	pid, err2 := strconv.Atoi(f[1])
	return Event{time.Duration(ns), pid, f[2], f[3]}, err1 == nil && err2 == nil
}

// Wait waits for an event from a place on.
func (l *Log) Wait(from int, timeout time.Duration, what string, match func(*Event) bool) (*Event, error) {
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		if err := l.Follow(); err != nil {
			return nil, err
		}
		for ; from < len(l.Events); from++ {
			if match(&l.Events[from]) {
				return &l.Events[from], nil
			}
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("not within %v: %s", timeout, what)
		}
	}
}

// Aisctl runs aisctl of a node and returns what it printed.
func Aisctl(n *harness.Node, args ...string) (string, error) {
	p, err := n.Run(harness.Spec{Name: "aisctl", Path: n.Build().Bin("aisctl"), Args: args})
	if err != nil {
		return "", err
	}
	err = p.Wait(15 * time.Second)
	out := strings.Join(p.Stdout.From(0), "\n")
	if err != nil {
		return out, fmt.Errorf("aisctl %s: %w: %s", strings.Join(args, " "), err, strings.Join(p.Stderr.From(0), "; "))
	}
	return out, nil
}

// Tree is a node's view.
func Tree(n *harness.Node) (*report.Tree, error) {
	out, err := Aisctl(n, "amf", "--json")
	if err != nil {
		return nil, err
	}
	var t report.Tree
	if err := json.Unmarshal([]byte(out), &t); err != nil {
		return nil, fmt.Errorf("aisctl amf --json: %w", err)
	}
	return &t, nil
}

// WaitTree waits until a node's view is as wished; why says what is missing, empty
// when nothing is.
func WaitTree(n *harness.Node, timeout time.Duration, why func(*report.Tree) string) (*report.Tree, error) {
	last := ""
	for deadline := time.Now().Add(timeout); ; time.Sleep(20 * time.Millisecond) {
		t, err := Tree(n)
		if err != nil {
			last = err.Error()
		} else if last = why(t); last == "" {
			return t, nil
		}
		if time.Now().After(deadline) {
			return t, fmt.Errorf("node %d: not within %v: %s", n.Index, timeout, last)
		}
	}
}

// FullyAssigned is for WaitTree: every instance has all it wants.
func FullyAssigned(t *report.Tree) string {
	if t.Off != "" {
		return "the framework is off: " + t.Off
	}
	for _, si := range t.Instances {
		if si.State != "fully-assigned" {
			return fmt.Sprintf("%s is %s, active %v, standby %v", si.Name, si.State, si.Active, si.Standby)
		}
	}
	return ""
}

// Processes lists the processes of a program that run, and those that are zombies.
func Processes(program string) (running, zombies []int, err error) {
	list, err := os.ReadDir("/proc")
	if err != nil {
		return nil, nil, err
	}
	name := filepath.Base(program)
	for _, e := range list {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		if open < 0 || end < open || len(stat) < end+3 {
			continue
		}
		if exe, err := os.Readlink("/proc/" + e.Name() + "/exe"); err == nil {
			if exe == program {
				running = append(running, pid)
			}
			continue
		}
		// A zombie has no program any more, only the begin of its name.
		if comm := string(stat[open+1 : end]); stat[end+2] == 'Z' && comm == name[:min(15, len(name))] {
			zombies = append(zombies, pid)
		}
	}
	return running, zombies, nil
}
