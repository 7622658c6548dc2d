// Campaigns: many seeds, on several cores, and what is reported of a seed that
// fails.

package sim

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ais/exec/totem/plant"
)

// Campaign runs seeds First to First+Seeds-1.
type Campaign struct {
	First, Seeds uint64
	Nodes        int // 0: as each seed draws
	Workers      int
	// Failures is after how many failing seeds to stop; 0 means 1.
	Failures int
	// Progress, if not nil, gets a line now and then.
	Progress io.Writer
	Service  Service
	Check    func(live []App) error
}

// Failure is a seed that failed.
type Failure struct {
	Seed      uint64
	Violation *Violation
}

// Totals sums what the seeds did.
type Totals struct {
	Seeds           uint64
	Stats           Stats
	WorstTokens     float64 // token timeouts until one ring
	WorstSeed       uint64
	MeanTokens      float64
	MembersOfRings  [maxNodes + 1]uint64 // seeds by number of nodes
	Elapsed         time.Duration
	SimulatedMillis float64
}

// Run runs the campaign. Failures come in no order.
func (c *Campaign) Run() (*Totals, []Failure) {
	var (
		next     atomic.Uint64
		stop     atomic.Bool
		mu       sync.Mutex
		wg       sync.WaitGroup
		failures []Failure
		began    = time.Now()
		shown    = began
		t        = &Totals{}
	)
	limit := max(1, c.Failures)
	for range max(1, c.Workers) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := NewWorld()
			for !stop.Load() {
				n := next.Add(1) - 1
				if n >= c.Seeds {
					return
				}
				seed := c.First + n
				stats, v := w.Run(Options{Seed: seed, Nodes: c.Nodes, Service: c.Service, ServiceCheck: c.Check})
				if v != nil && v.Property == Assertion {
					w = NewWorld() // a panic may have left anything
				}
				mu.Lock()
				t.add(seed, &stats)
				if v != nil {
					failures = append(failures, Failure{seed, v})
					if c.Progress != nil {
						fmt.Fprintf(c.Progress, "seed %d: %s\n", seed, v.Property)
					}
					if len(failures) >= limit {
						stop.Store(true)
					}
				}
				if c.Progress != nil && time.Since(shown) > 30*time.Second {
					shown = time.Now()
					fmt.Fprintf(c.Progress, "%d of %d seeds, %d failed, %.0f s\n", t.Seeds, c.Seeds, len(failures), time.Since(began).Seconds())
				}
				mu.Unlock()
			}
		}()
	}
	wg.Wait()
	t.Elapsed = time.Since(began)
	return t, failures
}

func (t *Totals) add(seed uint64, s *Stats) {
	t.Seeds++
	t.MembersOfRings[s.Nodes]++
	a := &t.Stats
	a.Events += s.Events
	a.Sent += s.Sent
	a.Lost += s.Lost
	a.Sealed += s.Sealed
	a.Replays += s.Replays
	a.Replayed += s.Replayed
	a.Steps += s.Steps
	a.Ticks += s.Ticks
	a.Starts += s.Starts
	a.Crashes += s.Crashes
	a.Leaves += s.Leaves
	a.Rings += s.Rings
	a.Formed += s.Formed
	a.Messages += s.Messages
	a.Deliveries += s.Deliveries
	a.SafeMessages += s.SafeMessages
	a.Kept += s.Kept
	a.Alone += s.Alone
	a.AloneLarge += s.AloneLarge
	a.Acknowledged += s.Acknowledged
	a.AcksMissing += s.AcksMissing
	a.TransitionalMessages += s.TransitionalMessages
	a.PassedOver += s.PassedOver
	a.Simulated += s.Simulated
	for f := range s.Faults {
		a.Faults[f] += s.Faults[f]
	}
	t.MeanTokens += (s.ConvergentTokens - t.MeanTokens) / float64(t.Seeds)
	if s.ConvergentTokens > t.WorstTokens {
		t.WorstTokens, t.WorstSeed = s.ConvergentTokens, seed
	}
}

// String is the report of a campaign.
func (t *Totals) String() string {
	s := &t.Stats
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds in %.1f s: %.0f s simulated, %d events, %d packets sent, %d lost\n",
		t.Seeds, t.Elapsed.Seconds(), s.Simulated.Seconds(), s.Events, s.Sent, s.Lost)
	fmt.Fprintf(&b, "starts %d, crashes %d, leaves %d; rings formed %d, of them installed %d\n",
		s.Starts, s.Crashes, s.Leaves, s.Formed, s.Rings)
	fmt.Fprintf(&b, "payloads in rings of one %d, of them larger than a packet %d\n", s.Alone, s.AloneLarge)
	fmt.Fprintf(&b, "messages %d (%d safe), deliveries %d (%d transitional), positions passed over %d; the token kept %d times, and for acknowledgements %d times, in vain %d\n",
		s.Messages, s.SafeMessages, s.Deliveries, s.TransitionalMessages, s.PassedOver, s.Kept,
		s.Acknowledged+s.AcksMissing, s.AcksMissing)
	fmt.Fprintf(&b, "refused for the key %d, for the replay window %d; replayed by the attacker %d\n",
		s.Sealed, s.Replays, s.Replayed)
	fmt.Fprintf(&b, "one ring after the faults: mean %.2f token timeouts, at most %.2f (seed %d)\n",
		t.MeanTokens, t.WorstTokens, t.WorstSeed)
	b.WriteString("faults:")
	for f, n := range s.Faults {
		fmt.Fprintf(&b, " %s %d,", faultNames[f], n)
	}
	b.WriteString("\nseeds by number of nodes:")
	for n, k := range t.MembersOfRings {
		if k > 0 {
			fmt.Fprintf(&b, " %d: %d,", n, k)
		}
	}
	return strings.TrimSuffix(b.String(), ",")
}

// Replay is the command that runs a seed again, and prints all of it.
func Replay(seed uint64, nodes int, bug plant.Bug) string {
	s := "go run "
	if bug != plant.None {
		s += "-tags plantbugs "
	}
	s += fmt.Sprintf("./exec/totem/sim/cmd -seed %d", seed)
	if nodes != 0 {
		s += fmt.Sprintf(" -nodes %d", nodes)
	}
	if bug != plant.None {
		s += " -plant " + bug.String()
	}
	return s + " -v"
}

// tail keeps the last lines written to it.
type tail struct {
	lines []string
	next  int
}

func (t *tail) Write(b []byte) (int, error) {
	if len(t.lines) < cap(t.lines) {
		t.lines = append(t.lines, string(b))
	} else {
		t.lines[t.next] = string(b)
		t.next = (t.next + 1) % len(t.lines)
	}
	return len(b), nil
}

func (t *tail) String() string {
	return strings.Join(append(append([]string{}, t.lines[t.next:]...), t.lines[:t.next]...), "")
}

// Explain runs a failing seed again and returns the events before its end.
func Explain(opt Options, lines int) string {
	t := &tail{lines: make([]string, 0, lines)}
	opt.Trace = t
	NewWorld().Run(opt)
	return t.String()
}

// Minimize looks for as few faults as still break the same property, and
// returns the options of that run, and how many faults it has of how many.
func Minimize(opt Options, prop Property) (Options, int, int) {
	w := NewWorld()
	_, v := w.Run(opt)
	total := w.faultNo
	if v == nil || v.Property != prop {
		return opt, total, total
	}
	spare := make([]bool, total)
	kept := total
	for chunk := (total + 1) / 2; chunk > 0; chunk /= 2 {
		for from := 0; from < total; from += chunk {
			try := append([]bool(nil), spare...)
			n := 0
			for i := from; i < min(total, from+chunk); i++ {
				if !try[i] {
					try[i] = true
					n++
				}
			}
			if n == 0 {
				continue
			}
			opt.spare = try
			if _, v := w.Run(opt); v != nil && v.Property == prop {
				spare = try
				kept -= n
			}
		}
	}
	opt.spare = spare
	return opt, kept, total
}

// Caught is the result of a campaign against one planted bug.
type Caught struct {
	Bug     plant.Bug
	Failure *Failure // nil: not caught
	Seeds   uint64   // run until then
	Elapsed time.Duration
}

// CatchPlanted runs up to limit seeds with each bug planted, until one fails.
// The build must have the tag plantbugs.
func CatchPlanted(bugs []plant.Bug, first, limit uint64, workers int) []Caught {
	defer plant.Set(plant.None)
	var table []Caught
	for _, bug := range bugs {
		plant.Set(bug)
		c := Campaign{First: first, Seeds: limit, Workers: workers}
		t, failures := c.Run()
		row := Caught{Bug: bug, Seeds: t.Seeds, Elapsed: t.Elapsed}
		for i := range failures {
			if row.Failure == nil || failures[i].Seed < row.Failure.Seed {
				row.Failure = &failures[i]
			}
		}
		table = append(table, row)
	}
	return table
}
