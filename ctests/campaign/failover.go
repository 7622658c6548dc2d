package campaign

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"ais/ctests/harness"
)

// Blow is what happens to the victim.
type Blow string

// The blows.
const (
	BlowKill Blow = "SIGKILL"
	BlowTerm Blow = "SIGTERM"
	BlowStop Blow = "SIGSTOP" // and SIGCONT afterwards
)

// Role is the victim's place in the ring. An idle ring's token is held by its
// representative, the lowest id; ring order is id order. A loaded ring's token
// goes round thousands of times a second, so that there the blow falls at a
// random place of the rotation, whichever role is asked for.
type Role string

// The roles.
const (
	RoleHolder         Role = "holder"
	RoleSuccessor      Role = "successor"
	RolePredecessor    Role = "predecessor"
	RoleRepresentative Role = "representative"
)

// Roles is all of them.
var Roles = []Role{RoleHolder, RoleSuccessor, RolePredecessor, RoleRepresentative}

// FailoverOptions is one cell of the table: one blow in one setting.
type FailoverOptions struct {
	Nodes      int
	Namespaces bool
	Loaded     bool
	Blow       Blow
	Roles      []Role // in turn; all when empty
	Reps       int    // in all
	Token      time.Duration
	Seed       uint64
	Logf       Logf
}

// FailoverReport has the times of one cell, in order of the repetitions.
type FailoverReport struct {
	Options FailoverOptions
	// EVS and CLM are from the blow until the last survivor's application had
	// the regular configuration, or the cluster view, without the victim.
	EVS, CLM []time.Duration
	// Whole is from SIGCONT until every application had the whole configuration
	// again (SIGSTOP only).
	Whole []time.Duration
}

// Stats are the median and the maximum.
func Stats(d []time.Duration) (median, most time.Duration) {
	if len(d) == 0 {
		return 0, 0
	}
	s := slices.Clone(d)
	slices.Sort(s)
	return s[len(s)/2], s[len(s)-1]
}

func (r *FailoverReport) String() string {
	o := &r.Options
	where, load := "loopback", "idle"
	if o.Namespaces {
		where = "namespaces"
	}
	if o.Loaded {
		load = "loaded"
	}
	line := fmt.Sprintf("%-7s %2d nodes %-10s %-6s n=%-3d", o.Blow, o.Nodes, where, load, len(r.EVS))
	for _, x := range []struct {
		name string
		d    []time.Duration
	}{{"EVS", r.EVS}, {"CLM", r.CLM}, {"whole", r.Whole}} {
		if len(x.d) > 0 {
			m, w := Stats(x.d)
			line += fmt.Sprintf("  %s median %s max %s", x.name, ms(m), ms(w))
		}
	}
	return line
}

func ms(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
}

// Check compares the figures with what is promised for default settings.
// For more than three executives there are only figures.
func (r *FailoverReport) Check() error {
	if r.Options.Nodes > 3 {
		return nil
	}
	token := r.Options.Token
	if token == 0 {
		token = time.Second
	}
	evs, evsMax := Stats(r.EVS)
	clm, clmMax := Stats(r.CLM)
	median, most := max(evs, clm), max(evsMax, clmMax)
	switch r.Options.Blow {
	case BlowKill:
		if median > 50*time.Millisecond {
			return fmt.Errorf("SIGKILL: median %s, 50 ms promised", ms(median))
		}
	case BlowTerm:
		if median > 20*time.Millisecond {
			return fmt.Errorf("SIGTERM: median %s, 20 ms promised", ms(median))
		}
	case BlowStop:
		if most > token*3/2 {
			return fmt.Errorf("SIGSTOP: maximum %s, %s promised", ms(most), ms(token*3/2))
		}
		if _, whole := Stats(r.Whole); whole > 2*time.Second {
			return fmt.Errorf("SIGCONT: whole again after at most %s, 2 s promised", ms(whole))
		}
	}
	return nil
}

// Failover measures one cell.
func Failover(o FailoverOptions) (*FailoverReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	if len(o.Roles) == 0 {
		o.Roles = Roles
	}
	h := harness.Options{Nodes: o.Nodes, Namespaces: o.Namespaces}
	if o.Token > 0 {
		h.Conf = append(h.Conf, fmt.Sprintf("token:%d", o.Token.Milliseconds()))
	}
	c, err := harness.New(h)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := &failoverRun{
		c: c, o: o, rnd: rand.New(rand.NewPCG(o.Seed, 4)),
		evs: make([]*logger, o.Nodes), clm: make([]*harness.Process, o.Nodes),
		report: &FailoverReport{Options: o},
	}
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	for i := range c.Nodes {
		if err := r.clients(i); err != nil {
			return nil, err
		}
	}
	for k := range o.Reps {
		role := o.Roles[k%len(o.Roles)]
		if err := r.once(role); err != nil {
			return r.report, fmt.Errorf("%s of the %s, repetition %d: %w", o.Blow, role, k+1, err)
		}
	}
	return r.report, nil
}

type failoverRun struct {
	c      *harness.Cluster
	o      FailoverOptions
	rnd    *rand.Rand
	evs    []*logger
	clm    []*harness.Process
	number int
	report *FailoverReport
}

// clients starts the applications of a node: an EVS member, sending when the
// ring is to be loaded, and a CLM watcher.
func (r *failoverRun) clients(i int) error {
	r.number++
	o := loggerOptions{Sizes: "64:1024"}
	if r.o.Loaded {
		// Together some thousands of messages a second whatever the number of nodes.
		o.Rate = 3000 / float64(r.o.Nodes)
	}
	l, err := startLogger(r.c, r.c.Nodes[i], r.number, o)
	if err != nil {
		return err
	}
	if err := l.ready(20 * time.Second); err != nil {
		return err
	}
	w, err := r.c.Nodes[i].RunC("ctests/campaign/c/clm_watch.c", harness.GenB)
	if err != nil {
		return err
	}
	if _, _, err := w.Stdout.Wait(0, 20*time.Second, isView(r.o.Nodes)); err != nil {
		return fmt.Errorf("CLM watcher of node %d: %w\n%s%s", i+1, err, w.Stdout, w.Stderr)
	}
	r.evs[i], r.clm[i] = l, w
	return nil
}

// victim is the index of the node in a role.
func (r *failoverRun) victim(role Role) int {
	switch role {
	case RoleSuccessor:
		return 1 % r.o.Nodes
	case RolePredecessor:
		return r.o.Nodes - 1
	}
	return 0
}

func isView(members int) func(string) bool {
	want := fmt.Sprintf(" members=%d ", members)
	return func(s string) bool { return strings.HasPrefix(s, "V ") && strings.Contains(s, want) }
}

// isRegular matches the regular configuration with exactly these members.
func isRegular(members []string) func(string) bool {
	return func(s string) bool {
		c, ok := parseChange(s)
		return ok && len(c.Conf.Left) == 0 && same(c.Conf.Members, members)
	}
}

func stamp(line string) time.Duration {
	f := strings.Fields(line)
	if len(f) < 2 {
		return 0
	}
	ns, _ := strconv.ParseInt(f[1], 10, 64)
	return time.Duration(ns)
}

func (r *failoverRun) addresses(skip int) []string {
	var out []string
	for i, n := range r.c.Nodes {
		if i != skip {
			out = append(out, n.Label())
		}
	}
	return out
}

// mark notes where each client's output is, so that only what follows counts.
func (r *failoverRun) mark() (evs, clm []int) {
	for i := range r.evs {
		evs = append(evs, r.evs[i].proc.Stdout.Len())
		clm = append(clm, r.clm[i].Stdout.Len())
	}
	return evs, clm
}

func (r *failoverRun) once(role Role) error {
	// At a random moment, long enough after the last change for the ring to be idle.
	time.Sleep(50*time.Millisecond + time.Duration(r.rnd.IntN(50_000))*time.Microsecond)
	v := r.victim(role)
	n := r.c.Nodes[v]
	evs, clm := r.mark()
	strike := map[Blow]func() (time.Duration, error){BlowKill: n.Kill, BlowTerm: n.Term, BlowStop: n.Stop}[r.o.Blow]
	if strike == nil {
		return fmt.Errorf("no such blow: %q", r.o.Blow)
	}
	at, err := strike()
	if err != nil {
		return err
	}
	last, lastView, err := r.survivors(v, evs, clm)
	if err != nil {
		return err
	}
	r.report.EVS = append(r.report.EVS, last-at)
	r.report.CLM = append(r.report.CLM, lastView-at)
	r.o.Logf("%s of node %d (%s): EVS %s, CLM %s", r.o.Blow, v+1, role, ms(last-at), ms(lastView-at))
	if limit := r.slow(); max(last, lastView)-at > limit {
		r.explain(v, evs, clm)
	}
	if r.o.Blow == BlowStop {
		return r.goOn(v, evs[v])
	}
	return r.bringBack(v)
}

// slow is from when on a repetition is worth an explanation.
func (r *failoverRun) slow() time.Duration {
	if r.o.Blow != BlowStop {
		return 60 * time.Millisecond
	}
	if r.o.Token > 0 {
		return r.o.Token * 3 / 2
	}
	return 1500 * time.Millisecond
}

// explain passes on what the survivors' applications were told and the end of
// their executives' flight recorders.
func (r *failoverRun) explain(v int, evs, clm []int) {
	for i, n := range r.c.Nodes {
		if i == v {
			continue
		}
		r.o.Logf("node %d: EVS %q CLM %q", i+1, r.evs[i].proc.Stdout.From(evs[i]), r.clm[i].Stdout.From(clm[i]))
		trace, err := n.Trace()
		if err != nil {
			r.o.Logf("node %d: no trace: %v", i+1, err)
			continue
		}
		lines := strings.Split(strings.TrimSpace(trace), "\n")
		r.o.Logf("node %d:\n%s", i+1, strings.Join(lines[max(0, len(lines)-80):], "\n"))
	}
}

// survivors waits until the applications of every other node have the
// configuration without the victim.
func (r *failoverRun) survivors(v int, evs, clm []int) (last, lastView time.Duration, err error) {
	rest := r.addresses(v)
	for i := range r.c.Nodes {
		if i == v {
			continue
		}
		line, _, err := r.evs[i].proc.Stdout.Wait(evs[i], 15*time.Second, r.regularWithout(rest))
		if err != nil {
			return 0, 0, fmt.Errorf("node %d's EVS application: %w\n%s\n%s", i+1, err, r.evs[i].proc.Stdout, r.c.Nodes[i].Output())
		}
		last = max(last, stamp(line))
		view, _, err := r.clm[i].Stdout.Wait(clm[i], 15*time.Second, isView(len(rest)))
		if err != nil {
			return 0, 0, fmt.Errorf("node %d's CLM application: %w\n%s", i+1, err, r.clm[i].Stdout)
		}
		lastView = max(lastView, stamp(view))
	}
	return last, lastView, nil
}

// regularWithout matches the regular configuration of the survivors: it follows
// the transitional one, which has the same members and names who left.
func (r *failoverRun) regularWithout(rest []string) func(string) bool {
	transitional := false
	return func(s string) bool {
		c, ok := parseChange(s)
		if !ok {
			return false
		}
		if len(c.Conf.Left) > 0 {
			transitional = true
			return false
		}
		return transitional && same(c.Conf.Members, rest)
	}
}

// bringBack starts the victim again and waits for the whole ring and the
// victim's new applications.
func (r *failoverRun) bringBack(v int) error {
	n := r.c.Nodes[v]
	select {
	case <-n.Exec.Done():
	case <-time.After(10 * time.Second):
		return fmt.Errorf("node %d's executive did not end", v+1)
	}
	if code := n.Exec.ExitCode(); r.o.Blow == BlowTerm && code != 0 {
		return fmt.Errorf("node %d's executive ended with code %d after SIGTERM\n%s", v+1, code, n.Output())
	}
	if err := r.evs[v].proc.Wait(10 * time.Second); err == nil || r.evs[v].proc.ExitCode() != 3 {
		return fmt.Errorf("the application of the ended executive was not told: %v\n%s", err, r.evs[v].proc.Stdout)
	}
	r.clm[v].End(time.Second)
	if err := n.Start(); err != nil {
		return err
	}
	if err := r.c.WaitWhole(20 * time.Second); err != nil {
		return err
	}
	return r.clients(v)
}

// goOn lets the stopped executive continue: its own applications first get a
// configuration without the others, and then every application the whole one.
func (r *failoverRun) goOn(v, from int) error {
	evs, clm := r.mark()
	evs[v] = from
	at, err := r.c.Nodes[v].Cont()
	if err != nil {
		return err
	}
	lines := r.evs[v].proc.Stdout
	line, next, err := lines.Wait(from, 10*time.Second, func(s string) bool { return strings.HasPrefix(s, "C ") })
	if err != nil {
		return fmt.Errorf("the stopped node's application got no configuration: %w", err)
	}
	self := []string{r.c.Nodes[v].Label()}
	first, ok := parseChange(line)
	if !ok || !same(first.Conf.Members, self) || len(first.Conf.Left) != r.o.Nodes-1 {
		return fmt.Errorf("the stopped node's application first got %q", line)
	}
	evs[v] = next
	all := r.addresses(-1)
	var last time.Duration
	for i := range r.c.Nodes {
		line, _, err := r.evs[i].proc.Stdout.Wait(evs[i], 15*time.Second, isRegular(all))
		if err != nil {
			return fmt.Errorf("node %d's application: not whole again: %w\n%s", i+1, err, r.evs[i].proc.Stdout)
		}
		view, _, err := r.clm[i].Stdout.Wait(clm[i], 15*time.Second, isView(r.o.Nodes))
		if err != nil {
			return fmt.Errorf("node %d's CLM application: not whole again: %w\n%s", i+1, err, r.clm[i].Stdout)
		}
		last = max(last, stamp(line), stamp(view))
	}
	if got := r.clm[v].Stdout.From(clm[v]); !slices.ContainsFunc(got, isView(1)) {
		return fmt.Errorf("the stopped node's CLM application was never told of a view without the others: %q", got)
	}
	r.report.Whole = append(r.report.Whole, last-at)
	r.o.Logf("whole again %s after SIGCONT", ms(last-at))
	return nil
}

// FailoverTable runs every blow in every setting and prints one line for each.
func FailoverTable(nodes, reps int, namespaces bool, logf Logf) ([]*FailoverReport, error) {
	var reports []*FailoverReport
	var failed []error
	for _, blow := range []Blow{BlowKill, BlowTerm, BlowStop} {
		for _, loaded := range []bool{false, true} {
			r, err := Failover(FailoverOptions{Nodes: nodes, Namespaces: namespaces, Loaded: loaded, Blow: blow, Reps: reps, Logf: onlyTrouble(logf)})
			if r != nil {
				reports = append(reports, r)
				logf("%s", r)
			}
			if err == nil {
				err = r.Check()
			}
			if err != nil {
				logf("  FAILED: %v", err)
				failed = append(failed, err)
			}
		}
	}
	return reports, errors.Join(failed...)
}

// onlyTrouble passes on explanations, which have several lines, and nothing else.
func onlyTrouble(logf Logf) Logf {
	return func(format string, args ...any) {
		if strings.HasPrefix(format, "node ") {
			logf(format, args...)
		}
	}
}
