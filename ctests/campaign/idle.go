package campaign

import (
	"errors"
	"fmt"
	"time"

	"ais/ctests/harness"
)

// IdleReport is what executives without any traffic cost.
type IdleReport struct {
	Nodes int
	Over  time.Duration
	CPU   []float64 // share of one core, by node
	RSS   []int64   // bytes, by node
}

func (r *IdleReport) String() string {
	s := fmt.Sprintf("%d nodes, %v:", r.Nodes, r.Over)
	for i := range r.CPU {
		s += fmt.Sprintf("  node %d %.2f %% of a core, %.1f MiB", i+1, r.CPU[i]*100, mib(r.RSS[i]))
	}
	return s
}

// Idle measures after settle how much processor and memory each executive uses: less
// than limit of a core (0.01 is promised).
func Idle(nodes int, settle, over time.Duration, limit float64) (*IdleReport, error) {
	c, err := harness.New(harness.Options{Nodes: nodes})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	time.Sleep(settle)
	read := func() (out []harness.Usage, err error) {
		for i, n := range c.Nodes {
			u, err := n.Exec.Usage()
			if err != nil {
				return nil, fmt.Errorf("node %d: %w", i+1, err)
			}
			out = append(out, u)
		}
		return out, nil
	}
	began := time.Now()
	before, err := read()
	if err != nil {
		return nil, err
	}
	time.Sleep(over)
	after, err := read()
	if err != nil {
		return nil, err
	}
	r := &IdleReport{Nodes: nodes, Over: time.Since(began).Round(time.Millisecond)}
	var errs []error
	for i := range after {
		share := (after[i].CPU - before[i].CPU).Seconds() / r.Over.Seconds()
		r.CPU, r.RSS = append(r.CPU, share), append(r.RSS, after[i].RSS)
		if share >= limit {
			errs = append(errs, fmt.Errorf("node %d uses %.2f %% of a core, less than %.0f %% is demanded", i+1, share*100, limit*100))
		}
		if after[i].RSS >= 40<<20 {
			errs = append(errs, fmt.Errorf("node %d has %.1f MiB resident, less than 40 are promised", i+1, mib(after[i].RSS)))
		}
	}
	return r, errors.Join(errs...)
}
