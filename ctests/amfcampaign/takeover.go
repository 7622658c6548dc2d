// Package amfcampaign holds the long trials of the availability management framework
// with real executives and C components: how soon a standby takes over, and what is
// true through kills and partitions.
//
// A trial returns an error when a promise was broken or nothing could be observed, and
// figures otherwise. It starts only what it ends itself.
package amfcampaign

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
)

const (
	component = "ctests/amfkit/c/component_b01.c"
	patience  = 20 * time.Second
)

// Fault is what happens to the active unit.
type Fault string

// The faults.
const (
	KillComponent Fault = "component killed"
	KillExecutive Fault = "executive killed"
)

// Takeover is one row of the table.
type Takeover struct {
	Fault    Fault
	SameNode bool // both units live on one node
	Reps     int
	Seed     uint64
	Logf     func(string, ...any)
	Times    []time.Duration // until the last component of the standby unit is set active
}

// Median and maximum.
func (r *Takeover) Stats() (median, most time.Duration) {
	if len(r.Times) == 0 {
		return 0, 0
	}
	s := slices.Clone(r.Times)
	slices.Sort(s)
	return s[len(s)/2], s[len(s)-1]
}

func (r *Takeover) String() string {
	where := "another node"
	if r.SameNode {
		where = "the same node"
	}
	m, w := r.Stats()
	return fmt.Sprintf("%s, standby on %s, n=%d: median %s, max %s", r.Fault, where, len(r.Times), ms(m), ms(w))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// Check compares with what is promised: a killed component 20 ms, in the median; a
// killed executive 100 ms, always.
func (r *Takeover) Check() error {
	m, w := r.Stats()
	switch {
	case len(r.Times) < r.Reps:
		return fmt.Errorf("%s: %d repetitions of %d", r.Fault, len(r.Times), r.Reps)
	case r.Fault == KillComponent && m > 20*time.Millisecond:
		return fmt.Errorf("%s: the median is %s, 20 ms are promised", r.Fault, ms(m))
	case r.Fault == KillExecutive && w > 100*time.Millisecond:
		return fmt.Errorf("%s: the maximum is %s, 100 ms are promised", r.Fault, ms(w))
	}
	return nil
}

// Run measures.
func (r *Takeover) Run() error {
	c, err := harness.New(harness.Options{Nodes: 3})
	if err != nil {
		return err
	}
	defer c.Close()
	program, err := c.Build.CompileC(component, harness.GenB)
	if err != nil {
		return err
	}
	log := &amfkit.Log{Path: filepath.Join(c.Dir, "components.log")}
	nodes := map[string]string{"SU1": "node1", "SU2": "node2"}
	if r.SameNode {
		nodes["SU2"] = "node1"
	}
	conf := amfkit.Config{Nodes: 3, Program: program, Log: log.Path, Instances: []string{"SI"}, Units: []amfkit.Unit{
		{Name: "SU1", Node: nodes["SU1"], Components: []string{"web", "db"}},
		{Name: "SU2", Node: nodes["SU2"], Components: []string{"web", "db"}}}}
	if err := amfkit.Install(c, "amf.conf", conf.Text()); err != nil {
		return err
	}
	if err := c.StartAll(patience); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(r.Seed, 6))
	for i := range r.Reps {
		d, err := r.once(c, log, nodes, rnd)
		if err != nil {
			return fmt.Errorf("repetition %d: %w\n%s", i+1, err, Evidence(c, log))
		}
		r.Times = append(r.Times, d)
		if r.Logf != nil {
			r.Logf("%s %d: %s", r.Fault, i+1, ms(d))
		}
	}
	return nil
}

// once strikes the active unit, and waits until everything is as before.
func (r *Takeover) once(c *harness.Cluster, log *amfkit.Log, nodes map[string]string, rnd *rand.Rand) (time.Duration, error) {
	watcher := c.Nodes[2]
	t, err := amfkit.WaitTree(watcher, patience, amfkit.FullyAssigned)
	if err != nil {
		return 0, err
	}
	active, standby := strings.Join(t.Instances[0].Active, " "), strings.Join(t.Instances[0].Standby, " ")
	home := c.Nodes[nodes[active][4]-'1']
	time.Sleep(50*time.Millisecond + time.Duration(rnd.IntN(50_000))*time.Microsecond)
	if err := log.Follow(); err != nil {
		return 0, err
	}
	from := len(log.Events)
	var at time.Duration
	if r.Fault == KillExecutive {
		if at, err = home.Kill(); err != nil {
			return 0, err
		}
	} else {
		pid, err := processOf(home, active, rnd.IntN(2))
		if err != nil {
			return 0, err
		}
		at = harness.Monotonic()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return 0, err
		}
	}
	var last time.Duration
	for _, comp := range []string{"web", "db"} {
		e, err := log.Wait(from, patience, comp+" of "+standby+" to be set active", func(e *amfkit.Event) bool {
			return e.Unit() == standby && strings.HasPrefix(e.Component, "safComp="+comp+",") && strings.HasPrefix(e.Words, "csiset active")
		})
		if err != nil {
			return 0, err
		}
		last = max(last, e.At-at)
	}
	if r.Fault == KillExecutive {
		<-home.Exec.Done()
		if err := home.Start(); err != nil {
			return 0, err
		}
	}
	return last, nil
}

// processOf is the process of a component as its node knows it.
func processOf(n *harness.Node, unit string, component int) (int, error) {
	t, err := amfkit.Tree(n)
	if err != nil {
		return 0, err
	}
	for _, g := range t.Groups {
		for _, u := range g.Units {
			if u.Name == unit && u.Components[component].PID != 0 {
				return int(u.Components[component].PID), nil
			}
		}
	}
	return 0, fmt.Errorf("no process of %s is known", unit)
}

// Evidence is what a failed trial shows.
func Evidence(c *harness.Cluster, log *amfkit.Log) string {
	var b strings.Builder
	for _, n := range c.Nodes {
		out := strings.Split(strings.TrimSpace(n.Output()), "\n")
		fmt.Fprintf(&b, "--- executive of node %d\n%s\n", n.Index, strings.Join(out[max(0, len(out)-40):], "\n"))
		if n.Up() {
			for _, args := range [][]string{{"amf"}, {"amf", "history", "--limit", "60"}} {
				if text, err := amfkit.Aisctl(n, args...); err == nil {
					fmt.Fprintf(&b, "--- aisctl %s\n%s\n", strings.Join(args, " "), text)
				}
			}
		}
	}
	_ = log.Follow()
	b.WriteString("--- components\n")
	for i := max(0, len(log.Events)-80); i < len(log.Events); i++ {
		fmt.Fprintln(&b, log.Events[i].String())
	}
	return b.String()
}
