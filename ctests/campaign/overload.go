package campaign

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ais/ctests/harness"
)

// OverloadOptions: clients of node 1 send as fast as they can.
type OverloadOptions struct {
	Nodes    int
	Clients  int
	Duration time.Duration
	Sizes    string // min:max
	// Mild: small messages, of which the executives may well take as many as the
	// clients can send, so that nobody need be told to try again.
	Mild bool
	Logf Logf
}

// OverloadReport is what the executives and the others felt of it.
type OverloadReport struct {
	Sent, Again, Bytes int64
	Seconds            float64
	PeakRSS            int64
	// FlatFrom and FlatTo are the mean resident sizes in the first and the last
	// third of the second half, of the executive that grew most.
	FlatFrom, FlatTo int64
	// P99 of another client's requests, by name.
	P99     map[string]time.Duration
	P50     map[string]time.Duration
	Changes int64
}

func (r *OverloadReport) String() string {
	s := fmt.Sprintf("%d messages accepted (%.0f/s, %.1f MB/s), %d refused with TRY_AGAIN; resident at most %.1f MiB, second half %.1f to %.1f MiB; configuration changes %d",
		r.Sent, float64(r.Sent)/r.Seconds, float64(r.Bytes)/r.Seconds/1e6, r.Again,
		mib(r.PeakRSS), mib(r.FlatFrom), mib(r.FlatTo), r.Changes)
	for _, name := range []string{"query", "call", "accept", "back"} {
		if p, ok := r.P99[name]; ok {
			s += fmt.Sprintf("; %s p50 %s p99 %s", name, ms(r.P50[name]), ms(p))
		}
	}
	return s
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// Overload runs the trial. The flooders check themselves that nothing accepted
// is lost or reordered; a client of another node checks it once more.
func Overload(o OverloadOptions) (*OverloadReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	c, err := harness.New(harness.Options{Nodes: o.Nodes, Conf: steadyConf})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	before, err := changes(c)
	if err != nil {
		return nil, err
	}
	seconds := strconv.FormatFloat(o.Duration.Seconds(), 'f', 1, 64)
	var flooders []*harness.Process
	for i := range o.Clients {
		n := c.Nodes[0]
		args := []string{"-i", strconv.FormatUint(uint64(n.ID), 10), "-d", seconds, "-g", "flood"}
		if o.Sizes != "" {
			args = append(args, "-z", o.Sizes)
		}
		p, err := n.RunC("ctests/campaign/c/evs_flood.c", harness.GenB, args...)
		if err != nil {
			return nil, fmt.Errorf("flooder %d: %w", i, err)
		}
		flooders = append(flooders, p)
	}
	req, err := c.Nodes[0].RunC("ctests/campaign/c/evs_req.c", harness.GenB,
		"-i", strconv.FormatUint(uint64(c.Nodes[0].ID), 10), "-d", seconds)
	if err != nil {
		return nil, err
	}
	r := &OverloadReport{P50: map[string]time.Duration{}, P99: map[string]time.Duration{}}
	if err := r.watchMemory(c, o.Duration); err != nil {
		return r, err
	}
	if err := r.collect(flooders, req); err != nil {
		return r, fmt.Errorf("%w\nthe executive:\n%s", err, c.Nodes[0].Output())
	}
	after, err := changes(c)
	if err != nil {
		return r, err
	}
	for i := range after {
		r.Changes += after[i] - before[i]
	}
	return r, r.check(o)
}

// watchMemory samples the executives' resident size for the duration.
func (r *OverloadReport) watchMemory(c *harness.Cluster, d time.Duration) error {
	began := time.Now()
	thirds := make([][2]mean, len(c.Nodes)) // of the second half: the first, the last
	for time.Since(began) < d {
		time.Sleep(min(d/20, 500*time.Millisecond))
		at := time.Since(began)
		for i, n := range c.Nodes {
			u, err := n.Exec.Usage()
			if err != nil {
				return fmt.Errorf("node %d: %w\n%s", i+1, err, n.Output())
			}
			r.PeakRSS = max(r.PeakRSS, u.Peak)
			switch {
			case at < d/2:
			case at < d*2/3:
				thirds[i][0].add(u.RSS)
			case at >= d*5/6:
				thirds[i][1].add(u.RSS)
			}
		}
	}
	grown := int64(math.MinInt64)
	for _, t := range thirds {
		if d < 30*time.Second && (t[0].n == 0 || t[1].n == 0) {
			continue // so little time tells nothing anyway
		}
		if t[0].n == 0 || t[1].n == 0 {
			return errors.New("memory was never sampled in a third of the second half")
		}
		if from, to := t[0].value(), t[1].value(); to-from > grown {
			grown, r.FlatFrom, r.FlatTo = to-from, from, to
		}
	}
	return nil
}

// mean is taken because the resident size goes up and down with the collector
// and with what waits for slow clients: two single looks tell nothing.
type mean struct{ sum, n int64 }

func (m *mean) add(v int64)  { m.sum, m.n = m.sum+v, m.n+1 }
func (m *mean) value() int64 { return m.sum / m.n }

func (r *OverloadReport) collect(flooders []*harness.Process, req *harness.Process) error {
	for i, p := range flooders {
		err := p.Wait(90 * time.Second)
		lines := p.Stdout.From(0)
		if len(lines) == 0 || !strings.HasPrefix(lines[len(lines)-1], "flood ") {
			return fmt.Errorf("flooder %d: %v: no closing line\n%s", i, err, p.Stdout)
		}
		line := lines[len(lines)-1]
		if err != nil {
			return fmt.Errorf("flooder %d: %s: %w", i, line, err)
		}
		f := fieldsOf(line)
		for _, zero := range []string{"lost", "disorder", "damaged"} {
			if number(f, zero) != 0 {
				return fmt.Errorf("flooder %d: %s", i, line)
			}
		}
		if number(f, "sent") < 1 || number(f, "others") < 1 && len(flooders) > 1 {
			return fmt.Errorf("flooder %d sent or received nothing: %s", i, line)
		}
		r.Sent += number(f, "sent")
		r.Again += number(f, "again")
		r.Bytes += number(f, "bytes")
		s, _ := strconv.ParseFloat(f["seconds"], 64)
		r.Seconds = max(r.Seconds, s)
	}
	if err := req.Wait(30 * time.Second); err != nil {
		return fmt.Errorf("the other client: %w\n%s", err, req.Stdout)
	}
	for _, line := range req.Stdout.From(0) {
		f := fieldsOf(line)
		if name := f["name"]; name != "" {
			if number(f, "n") < 10 {
				return fmt.Errorf("the other client hardly got through: %s", line)
			}
			r.P50[name] = time.Duration(number(f, "p50")) * time.Microsecond
			r.P99[name] = time.Duration(number(f, "p99")) * time.Microsecond
		}
	}
	return nil
}

// check compares with what is promised.
func (r *OverloadReport) check(o OverloadOptions) error {
	var errs []error
	if r.Again == 0 && !o.Mild {
		errs = append(errs, errors.New("no client was ever told to try again: this was no overload"))
	}
	if r.PeakRSS >= 256<<20 {
		errs = append(errs, fmt.Errorf("an executive grew to %.1f MiB, 256 are promised", mib(r.PeakRSS)))
	}
	// Flat over the last 30 seconds: not more than noise of the collector, 2 MiB or
	// 5 percent. The seconds of a short run are its warming up and tell nothing.
	if grown := r.FlatTo - r.FlatFrom; r.Seconds >= 55 && grown > max(2<<20, r.FlatFrom/20) {
		errs = append(errs, fmt.Errorf("an executive grew from %.1f to %.1f MiB in the second half", mib(r.FlatFrom), mib(r.FlatTo)))
	}
	// In a short run one moment in which the machine stands still is more than a
	// hundredth of the requests.
	quantile, times := "p99", r.P99
	if o.Duration < 30*time.Second {
		quantile, times = "p50", r.P50
	}
	for _, name := range []string{"query", "call"} {
		if p, ok := times[name]; !ok || p > 100*time.Millisecond {
			errs = append(errs, fmt.Errorf("another client's %s requests: %s %s (measured: %v), 100 ms are promised", name, quantile, ms(p), ok))
		}
	}
	if r.Changes != 0 {
		errs = append(errs, fmt.Errorf("%d configuration changes under load", r.Changes))
	}
	return errors.Join(errs...)
}
