package campaign

import (
	"fmt"
	"strings"
	"time"

	"ais/ctests/harness"
)

// StabilityOptions: every client sends and both cores are fully busy.
type StabilityOptions struct {
	Nodes      int
	Namespaces bool
	Duration   time.Duration
	Rate       float64 // messages per second of each client
	Spinners   int     // processes that do nothing but use a core
	Logf       Logf
}

// StabilityReport says what happened: nothing, if all is well.
type StabilityReport struct {
	Duration   time.Duration
	Changes    int64         // configuration changes on all nodes together
	LongestGap time.Duration // between two token visits, on any node
	Busy       float64       // share of all cores that was in use
	Order      *OrderReport
}

func (r *StabilityReport) String() string {
	return fmt.Sprintf("%v with %.1f %% of the processor in use: %d configuration changes, longest token gap %s; %v",
		r.Duration, r.Busy*100, r.Changes, ms(r.LongestGap), r.Order)
}

// Stability runs the trial. The longest gap is the executives' own measurement;
// their status begins it with their start, so that forming the ring counts too.
func Stability(o StabilityOptions) (*StabilityReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	c, err := harness.New(harness.Options{Nodes: o.Nodes, Namespaces: o.Namespaces, Conf: steadyConf})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	run := &orderRun{c: c, current: make([]*logger, o.Nodes),
		o: OrderOptions{Nodes: o.Nodes, Rate: o.Rate, Duration: o.Duration, Stable: true, Logf: o.Logf}}
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	for i := range c.Nodes {
		if err := run.startClient(i, true); err != nil {
			return nil, err
		}
	}
	spin, err := c.Build.CompileC("ctests/campaign/c/spin.c", harness.GenB)
	if err != nil {
		return nil, err
	}
	var spinners []*harness.Process
	defer func() {
		for _, p := range spinners {
			p.Kill()
		}
	}()
	before, err := changes(c)
	if err != nil {
		return nil, err
	}
	for range o.Spinners {
		p, err := harness.Start(harness.Spec{Name: "spin", Path: spin})
		if err != nil {
			return nil, err
		}
		spinners = append(spinners, p)
	}
	cpu, err := readCPU()
	if err != nil {
		return nil, err
	}
	for _, l := range run.current {
		if err := l.send(); err != nil {
			return nil, err
		}
	}
	if err := run.disturb(); err != nil {
		return nil, err
	}
	r := &StabilityReport{Duration: o.Duration}
	if r.Busy, err = cpu.busySince(); err != nil {
		return nil, err
	}
	var causes []string
	for i, n := range c.Nodes {
		s, err := n.Status()
		if err != nil {
			return nil, err
		}
		if d := s.Changes() - before[i]; d != 0 {
			r.Changes += d
			causes = append(causes, fmt.Sprintf("node %d: %d, the last because of %q", i+1, d, s.Text("last_cause")))
		}
		gap, ok := s["longest_token_gap_us"]
		if !ok {
			return nil, fmt.Errorf("the status of node %d has no longest_token_gap_us: %v", i+1, gap)
		}
		r.LongestGap = max(r.LongestGap, time.Duration(s.Int("longest_token_gap_us"))*time.Microsecond)
	}
	if r.Changes > 0 {
		return r, fmt.Errorf("%d configuration changes where none is allowed: %s (longest token gap %s)",
			r.Changes, strings.Join(causes, "; "), ms(r.LongestGap))
	}
	for _, p := range spinners {
		if p.Ended() {
			return r, fmt.Errorf("a spinner ended: %v", p.Wait(0))
		}
		p.Kill()
	}
	spinners = nil
	if r.Order, err = run.finish(); err != nil {
		return r, err
	}
	// A short run may be on a machine whose processors are not all ours.
	if o.Spinners > 0 && o.Duration >= time.Minute && r.Busy < 0.95 {
		return r, fmt.Errorf("the processor was %.0f %% busy: the trial shows nothing", r.Busy*100)
	}
	return r, nil
}
