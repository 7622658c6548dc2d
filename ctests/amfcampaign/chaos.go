package amfcampaign

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"ais/ctests/amfkit"
	"ais/ctests/harness"
	"ais/exec/amf/report"
)

// Chaos is a trial of cycles, each with a fault: a component is killed, an executive is
// killed and started again, or a node is cut off for a while, during which components
// may be killed, too. Components are started by the executives.
//
// What must hold: no process becomes active for an instance of the 2N group while another
// is, unless their executives are in different configurations at that moment or the
// other's was killed (with Majority: not even then); when a fault is over every instance is assigned
// fully and every node sees the same; what components were told is what the tree shows;
// as many component processes run as are configured, and none is a zombie; nothing of a
// killed executive is left.
type Chaos struct {
	Cycles   int
	Seed     uint64
	Majority bool
	Logf     func(string, ...any)

	Done       map[string]int // faults by kind
	Gone       time.Duration  // longest time until the components of a killed executive had ended
	AfterKill  time.Duration  // longest time two were active because an executive was killed
	Apart      time.Duration  // longest time two were active in two configurations
	AfterMerge time.Duration  // longest time two were active after their nodes were one ring again
	Recovered  time.Duration  // longest time from the end of a fault to full assignment
	Spans      int            // times of activity that were compared

	c       *harness.Cluster
	log     *amfkit.Log
	lives   *amfkit.Lives
	program string
	rnd     *rand.Rand
	execs   [units][]*harness.Process // every start of each executive
	kills   []kill
	wall    time.Duration // what is to be taken from the time of day to have the monotonic time
}

// kill is the time from the death of an executive to its next start.
type kill struct {
	node     int
	from, to time.Duration
}

// configuration is one that an executive logged.
type configuration struct {
	at time.Duration
	id string // ring and members
}

const units = 3

func (r *Chaos) String() string {
	return fmt.Sprintf("%v: %d times of activity compared; components of a killed executive gone within %s; two active: because an executive was killed at most %s, in two configurations at most %s, after these were one again %s; fully assigned again at most %s after a fault",
		r.Done, r.Spans, ms(r.Gone), ms(r.AfterKill), ms(r.Apart), ms(r.AfterMerge), ms(r.Recovered))
}

// Run runs the trial.
func (r *Chaos) Run() (err error) {
	opt := harness.Options{Nodes: units, Namespaces: true}
	if r.Majority {
		opt.Conf = append(opt.Conf, "amf_majority: on")
	}
	if r.c, err = harness.New(opt); err != nil {
		return err
	}
	defer r.c.Close()
	if r.program, err = r.c.Build.CompileC(component, harness.GenB); err != nil {
		return err
	}
	r.rnd, r.Done = rand.New(rand.NewPCG(r.Seed, 66)), map[string]int{}
	r.log = &amfkit.Log{Path: filepath.Join(r.c.Dir, "components.log")}
	conf := amfkit.Config{Nodes: units, Program: r.program, Log: r.log.Path, Instances: []string{"SI1", "SI2"}, Health: true}
	for i := 1; i <= units; i++ {
		conf.Units = append(conf.Units, amfkit.Unit{Name: fmt.Sprintf("SU%d", i), Node: fmt.Sprintf("node%d", i), Components: []string{"web", "db"}})
	}
	if err := amfkit.Install(r.c, "amf.conf", conf.Text()); err != nil {
		return err
	}
	r.lives = amfkit.Watch(r.log.Path)
	defer r.lives.Close()
	r.wall = time.Duration(time.Now().UnixNano()) - harness.Monotonic()
	if err := r.c.StartAll(patience); err != nil {
		return err
	}
	for i, n := range r.c.Nodes {
		r.execs[i] = append(r.execs[i], n.Exec)
	}
	if err := r.settle(); err != nil {
		return fmt.Errorf("at the start: %w\n%s", err, Evidence(r.c, r.log))
	}
	for i := range r.Cycles {
		if err := r.cycle(); err != nil {
			return fmt.Errorf("cycle %d: %w\n%s", i+1, err, Evidence(r.c, r.log))
		}
	}
	return r.judge()
}

func (r *Chaos) cycle() error {
	time.Sleep(time.Duration(r.rnd.IntN(100)) * time.Millisecond)
	node := r.rnd.IntN(units)
	var err error
	kind := ""
	switch r.rnd.IntN(3) {
	case 0:
		kind = "components killed"
		err = r.killComponents(node)
	case 1:
		kind = "executives killed"
		err = r.killExecutive(node)
	default:
		kind = "partitions"
		err = r.partition(node)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", kind, err)
	}
	over := harness.Monotonic()
	if err := r.settle(); err != nil {
		return fmt.Errorf("after %s on node %d: %w", kind, node+1, err)
	}
	took := harness.Monotonic() - over
	r.Recovered = max(r.Recovered, took)
	r.Done[kind]++
	if r.Logf != nil {
		r.Logf("%s on node %d: settled after %s", kind, node+1, ms(took))
	}
	return nil
}

// killComponents kills one or both components of a unit.
func (r *Chaos) killComponents(node int) error {
	n := r.c.Nodes[node]
	from := len(r.lives.Events())
	killed := 0
	for i := range 2 {
		if i == 1 && r.rnd.IntN(2) == 0 {
			break
		}
		pid, err := processOf(n, fmt.Sprintf("SU%d", node+1), (i+r.rnd.IntN(2))%2)
		if err != nil { // it is being started again
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err == nil {
			killed++
		}
	}
	if killed == 0 {
		return errors.New("no process was found")
	}
	// The whole unit is started again: before that nothing can be told from its state.
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		starts := 0
		events := r.lives.Events()
		for i := from; i < len(events); i++ {
			if e := &events[i]; e.Words == "start" && e.Unit() == fmt.Sprintf("SU%d", node+1) {
				starts++
			}
		}
		if starts >= 2 {
			return nil
		}
	}
	return errors.New("the unit was not started again")
}

// killExecutive kills an executive, sees its components die, and starts it again.
func (r *Chaos) killExecutive(node int) error {
	n := r.c.Nodes[node]
	before := r.pids(node + 1)
	at, err := n.Kill()
	if err != nil {
		return err
	}
	<-n.Exec.Done()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		left := 0
		for _, pid := range before {
			if died := r.lives.Died(pid); died == 0 {
				left++
			} else {
				r.Gone = max(r.Gone, died-at)
			}
		}
		if left == 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of %d components outlive their executive", left, len(before))
		}
	}
	time.Sleep(time.Duration(r.rnd.IntN(300)) * time.Millisecond)
	err = n.Start()
	r.execs[node] = append(r.execs[node], n.Exec)
	r.kills = append(r.kills, kill{node, at, harness.Monotonic()})
	return err
}

// pids are the processes of a unit that run.
func (r *Chaos) pids(unit int) []int {
	var out []int
	events := r.lives.Events()
	for i := range events {
		if e := &events[i]; e.Words == "start" && e.Unit() == fmt.Sprintf("SU%d", unit) && r.lives.Died(e.PID) == 0 {
			out = append(out, e.PID)
		}
	}
	return out
}

// partition cuts a node off for a while.
func (r *Chaos) partition(node int) error {
	inside := r.rnd.IntN(2) == 0
	if err := r.c.Net.Cut(node+1, true, inside); err != nil {
		return err
	}
	time.Sleep(1500*time.Millisecond + time.Duration(r.rnd.IntN(1500))*time.Millisecond)
	if r.rnd.IntN(2) == 0 {
		_ = r.killComponents(r.rnd.IntN(units)) // whoever is there
		time.Sleep(time.Duration(r.rnd.IntN(200)) * time.Millisecond)
	}
	return r.c.Net.Cut(node+1, false, inside)
}

// settle waits until everything is as it is to be when nothing is wrong.
func (r *Chaos) settle() error {
	if err := r.c.WaitWhole(patience); err != nil {
		return err
	}
	// Trees are read one after the other, and what a merge left over may just be
	// being removed: nodes have to agree in the end, not at every moment.
	var first *report.Tree
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		trees, err := r.trees()
		if err != nil {
			return err
		}
		first = trees[0]
		i := slices.IndexFunc(trees, func(t *report.Tree) bool { return roles(t) != roles(first) })
		if i < 0 {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("node %d sees %s, node 1 sees %s", i+1, roles(trees[i]), roles(first))
		}
	}
	if err := r.agree(first); err != nil {
		return err
	}
	return r.processes()
}

// trees are what the nodes see, each as soon as it shows nothing wrong.
func (r *Chaos) trees() (trees []*report.Tree, err error) {
	for _, n := range r.c.Nodes {
		t, err := amfkit.WaitTree(n, patience, func(t *report.Tree) string {
			if why := amfkit.FullyAssigned(t); why != "" {
				return why
			}
			for _, g := range t.Groups {
				for _, u := range g.Units {
					if u.Presence != "instantiated" || u.Readiness != "in-service" {
						return u.Name + " is " + u.Presence + ", " + u.Readiness
					}
				}
			}
			return ""
		})
		if err != nil {
			return nil, err
		}
		trees = append(trees, t)
	}
	return trees, nil
}

func roles(t *report.Tree) string {
	var b strings.Builder
	for _, i := range t.Instances {
		fmt.Fprintf(&b, "%s: %v %v; ", i.Name, i.Active, i.Standby)
	}
	return b.String()
}

// agree compares what processes were told with what the tree shows.
func (r *Chaos) agree(t *report.Tree) error {
	why := ""
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		active := map[string][]string{}
		for _, s := range r.lives.Actives() {
			if s.To == 0 {
				active[s.CSI] = append(active[s.CSI], s.Component)
			}
		}
		why = ""
		for _, g := range t.Groups {
			for _, u := range g.Units {
				for _, c := range u.Components {
					for _, a := range c.CSIs {
						told := len(active[a.CSI]) == 1 && active[a.CSI][0] == c.DN
						if a.HA == "active" && !told {
							why = fmt.Sprintf("%s is active for %s; processes that are: %v", c.DN, a.CSI, active[a.CSI])
						}
					}
				}
			}
		}
		if why == "" {
			return nil
		}
	}
	return errors.New(why)
}

// processes counts components: no orphan, no zombie.
func (r *Chaos) processes() error {
	var running, zombies []int
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var err error
		if running, zombies, err = amfkit.Processes(r.program); err != nil {
			return err
		}
		if len(running) == 2*units && len(zombies) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%d processes of components %v, %d zombies %v; %d processes are configured", len(running), running, len(zombies), zombies, 2*units)
}

// judge compares all times of activity with each other.
func (r *Chaos) judge() error {
	spans := r.lives.Actives()
	r.Spans = len(spans)
	now := harness.Monotonic()
	confs := r.configurations()
	byCSI := map[string][]amfkit.Span{}
	for _, s := range spans {
		byCSI[s.CSI] = append(byCSI[s.CSI], s)
	}
	var wrong []error
	for csi, list := range byCSI {
		for i := range list {
			for j := i + 1; j < len(list); j++ {
				if from, to, ok := list[i].Overlap(&list[j], now); ok {
					if err := r.excused(confs, &list[i], &list[j], from, to); err != nil {
						wrong = append(wrong, fmt.Errorf("%s: %s (%d) and %s (%d) were both active for %s, from %.6f on: %w", csi,
							list[i].Component, list[i].PID, list[j].Component, list[j].PID, ms(to-from), from.Seconds(), err))
					}
				}
			}
		}
	}
	if len(wrong) > 10 {
		wrong = append(wrong[:10], fmt.Errorf("and %d more", len(wrong)-10))
	}
	return errors.Join(wrong...)
}

// configurations are those that each executive logged, in order.
func (r *Chaos) configurations() (out [units][]configuration) {
	for i, list := range r.execs {
		for _, p := range list {
			for _, line := range p.Stderr.From(0) {
				if !strings.Contains(line, " msg=configuration ") {
					continue
				}
				stamp, rest, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
				at, err := time.Parse(time.RFC3339Nano, stamp)
				_, id, found := strings.Cut(rest, "ring=")
				id, _, _ = strings.Cut(id, " joined=")
				if err == nil && found {
					out[i] = append(out[i], configuration{time.Duration(at.UnixNano()) - r.wall, id})
				}
			}
		}
	}
	return out
}

// in is the configuration of a node at a time.
func in(list []configuration, at time.Duration) string {
	id := ""
	for _, c := range list {
		if c.at <= at {
			id = c.id
		}
	}
	return id
}

// home is the node of a component, from 0.
func home(s *amfkit.Span) int {
	_, rest, _ := strings.Cut(s.Component, "safSu=SU")
	return int(rest[0] - '1')
}

// excused looks for what let two be active, and measures it. from is when the second
// became active.
func (r *Chaos) excused(confs [units][]configuration, a, b *amfkit.Span, from, to time.Duration) error {
	x, y := home(a), home(b)
	switch {
	case r.Majority:
		return errors.New("the majority rule forbids it at any time")
	case x == y:
		return errors.New("they are on one node")
	}
	for _, k := range r.kills {
		if (k.node == x || k.node == y) && from >= k.from && to <= k.to {
			r.AfterKill = max(r.AfterKill, to-from)
			return nil
		}
	}
	// A log's time is cut to milliseconds, so never later than what it tells.
	if p, q := in(confs[x], from), in(confs[y], from); p == q {
		return fmt.Errorf("both nodes were in ring %s", p)
	}
	r.Apart = max(r.Apart, to-from)
	if p := in(confs[x], to); p == in(confs[y], to) {
		joined := time.Duration(0)
		for _, i := range []int{x, y} {
			for _, c := range confs[i] {
				if c.id == p {
					joined = max(joined, c.at)
				}
			}
		}
		r.AfterMerge = max(r.AfterMerge, to-max(joined, from))
	}
	return nil
}
