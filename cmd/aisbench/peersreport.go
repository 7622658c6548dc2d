package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot/plotter"
)

// What a comparison leaves behind: lines, JSON and plots.

// latencyTimes are quantiles in microseconds: medians over the repetitions.
type latencyTimes struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	// Every twentieth quantile, from the shortest.
	Twentieths []float64 `json:"twentieths"`
}

// peerCell is one line.
type peerCell struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit,omitempty"`
	Ours   float64 `json:"ours"`
	Theirs float64 `json:"theirs"`
	// Ours over theirs; for times theirs over ours.
	Ratio float64 `json:"ratio"`
	Goal  float64 `json:"goal"`
	// GoalAsIs is the goal with the links as they are, where the cell is without
	// their segmentation.
	GoalAsIs float64 `json:"goal_with_segmentation,omitempty"`
	Reached  bool    `json:"ok"`
	Reason   string  `json:"reason,omitempty"` // why it could not be measured
	Judged   bool    `json:"-"`                // by whom it was measured

	OursRuns      []float64     `json:"ours_runs,omitempty"`
	TheirsRuns    []float64     `json:"theirs_runs,omitempty"`
	OursCPU       float64       `json:"ours_cpu_seconds_per_gb,omitempty"`
	TheirsCPU     float64       `json:"theirs_cpu_seconds_per_gb,omitempty"`
	OursLatency   *latencyTimes `json:"ours_us,omitempty"`
	TheirsLatency *latencyTimes `json:"theirs_us,omitempty"`
}

// peerFigure is one without a goal.
type peerFigure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}

// ratePoint is what was measured with one transport of theirs beside ours.
type ratePoint struct {
	Nodes        int     `json:"nodes"`
	Senders      int     `json:"senders"`
	Segmentation string  `json:"tx_udp_segmentation"`
	Transport    string  `json:"transport"` // theirs
	Size         int     `json:"size"`
	Ours         float64 `json:"ours_per_second"`
	Theirs       float64 `json:"theirs_per_second"`
	OursCPU      float64 `json:"ours_cpu_seconds_per_gb"`
	TheirsCPU    float64 `json:"theirs_cpu_seconds_per_gb"`
}

// report is what is written as JSON.
type report struct {
	Began     time.Time                `json:"began"`
	Seconds   float64                  `json:"seconds"`
	Machine   string                   `json:"machine"`
	Cores     int                      `json:"cores"`
	Kernel    string                   `json:"kernel"`
	Theirs    string                   `json:"theirs"`
	LoadBegin string                   `json:"load_average_at_the_begin"`
	LoadEnd   string                   `json:"load_average_at_the_end"`
	Reps      int                      `json:"repetitions"`
	Window    string                   `json:"window"`
	Noise     string                   `json:"noise"`
	Short     []string                 `json:"short"`
	Below     []string                 `json:"without_segmentation_below_the_goal_with_it"`
	Classes   []string                 `json:"scheduling_classes_as_found"`
	Groups    map[string]float64       `json:"seconds_by_group"`
	Cells     []peerCell               `json:"cells"`
	Figures   []peerFigure             `json:"figures"`
	Rates     []ratePoint              `json:"throughput"`
	Times     map[string]*latencyTimes `json:"latency_us"`

	loop map[string]plotter.XYs // by who sends: nodes and MB/s
}

func (p *peers) say(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

// begin says what is measured where.
func (p *peers) begin() {
	r := &p.report
	r.Began, r.Cores, r.Reps, r.Window = time.Now(), runtime.NumCPU(), p.reps, p.span.String()
	r.Machine, r.Kernel, r.LoadBegin = cpuName(), firstWords("/proc/sys/kernel/osrelease", 1), firstWords("/proc/loadavg", 3)
	if out, err := exec.Command("corosync", "-v").Output(); err == nil {
		r.Theirs, _, _ = strings.Cut(string(out), "\n")
	}
	r.Times, r.loop, r.Short = map[string]*latencyTimes{}, map[string]plotter.XYs{}, []string{}
	r.Below, r.Classes, r.Groups = []string{}, []string{}, map[string]float64{}
	p.say("# %s, %d cores, Linux %s, load average %s; beside %s", r.Machine, r.Cores, r.Kernel, r.LoadBegin, r.Theirs)
	if p.missing != nil {
		p.say("# nothing of theirs is measured: %v", p.missing)
	}
	p.say("# %d repetitions of %v each, alternating; medians; without notso in its name a cell is with tx-udp-segmentation on", p.reps, p.span)
	p.say("# the goals 4.0, 1.5 and 3.0 of groups 1 and 2 are for the links as they are; their notso lines are held against %.1f: ahead of theirs;", withoutOffload)
	p.say("# which of those would not reach the goal of the links as they are is listed at the end; the fastest transport is looked for before")
	p.say("# %-36s %12s %12s %8s %8s", "cell", "ours", "theirs", "ratio", "goal")
}

// cell prints one line. The goal is reached when the ratio is at least goal.
func (p *peers) cell(c peerCell) {
	if !c.Judged {
		c.Reached = c.Reason == "" && c.Ratio >= c.Goal
	}
	verdict := "ok"
	if !c.Reached {
		verdict = "short"
		p.report.Short = append(p.report.Short, c.Name)
	}
	if c.Reason != "" {
		p.say("# %s: %s", c.Name, strings.ReplaceAll(c.Reason, "\n", " / "))
	}
	for _, v := range []struct {
		who  string
		runs []float64
	}{{"ours", c.OursRuns}, {"theirs", c.TheirsRuns}} {
		if n := len(v.runs); n > 0 && n < p.reps {
			p.say("# %s: %d of %d repetitions of %s failed", c.Name, p.reps-n, p.reps, v.who)
		}
	}
	p.say("%-38s %12.1f %12.1f %8.2f %8.2f %s", c.Name, c.Ours, c.Theirs, c.Ratio, c.Goal, verdict)
	p.report.Cells = append(p.report.Cells, c)
	if c.OursLatency != nil {
		p.report.Times[c.Name+", ours"] = c.OursLatency
	}
	if c.TheirsLatency != nil {
		p.report.Times[c.Name+", theirs"] = c.TheirsLatency
	}
}

// failed is a cell that could not be measured.
func (p *peers) failed(name, unit string, goal float64, err error) {
	p.cell(peerCell{Name: name, Unit: unit, Goal: goal, Reason: err.Error()})
}

// figure prints what has no goal.
func (p *peers) figure(name string, value float64, unit string) {
	p.say("# %-62s %14.2f %s", name, value, unit)
	p.report.Figures = append(p.report.Figures, peerFigure{name, value, unit})
}

// compare prints quantiles that have no goal; theirs may be nil.
func (p *peers) compare(name string, ours, theirs *latencyTimes) {
	text := func(t *latencyTimes) string {
		return fmt.Sprintf("p50 %.0f, p99 %.0f, p99.9 %.0f us", t.P50, t.P99, t.P999)
	}
	p.report.Times[name+", ours"] = ours
	if theirs == nil {
		p.say("# %s: %s", name, text(ours))
		return
	}
	p.report.Times[name+", theirs"] = theirs
	p.say("# %s: ours %s; theirs %s", name, text(ours), text(theirs))
}

// progress tells what has been done, and when.
func (p *peers) progress(format string, args ...any) {
	p.say("# [%v] %s", time.Since(p.report.Began).Round(time.Second), fmt.Sprintf(format, args...))
}

func (p *peers) took(group string, d time.Duration) {
	p.report.Groups[group] = d.Seconds()
	p.progress("group %s: %v", group, d.Round(time.Second))
}

// tellClasses says what processes are scheduled as, when it is not what was said
// last.
func (p *peers) tellClasses(of ...any) {
	var list []string
	for i := 0; i+1 < len(of); i += 2 {
		list = append(list, fmt.Sprintf("%s %s", of[i], classOf(of[i+1].(int))))
	}
	text := strings.Join(list, ", ")
	if text == p.classes {
		return
	}
	p.classes = text
	p.report.Classes = append(p.report.Classes, text)
	p.say("# scheduling classes as found: %s", text)
}

// timesOrNone is times, nil of no repetitions.
func timesOrNone(runs []fields) *latencyTimes {
	if len(runs) == 0 {
		return nil
	}
	return times(runs)
}

// times is the medians of repetitions.
func times(runs []fields) *latencyTimes {
	at := func(name string) float64 { return median(column(runs, name)) }
	t := &latencyTimes{P50: at("p50"), P90: at("p90"), P99: at("p99"), P999: at("p999")}
	for i := range 20 {
		t.Twentieths = append(t.Twentieths, at(fmt.Sprintf("c%d", 5*i)))
	}
	return t
}

// keep notes throughput for the plots.
func (p *peers) keep(nodes, senders int, m map[run]*pair) {
	for k, pr := range m {
		if pr == nil || len(pr.ours) == 0 {
			continue
		}
		p.report.Rates = append(p.report.Rates, ratePoint{Nodes: nodes, Senders: senders, Segmentation: k.segmentation, Transport: k.transport,
			Size: k.size, Ours: median(pr.ours), Theirs: median(pr.theirs), OursCPU: median(pr.oursCPU), TheirsCPU: median(pr.theirsCPU)})
	}
	slices.SortFunc(p.report.Rates, func(a, b ratePoint) int {
		if a.Nodes != b.Nodes {
			return a.Nodes - b.Nodes
		}
		if c := strings.Compare(a.Transport+a.Segmentation, b.Transport+b.Segmentation); c != 0 {
			return c
		}
		return a.Size - b.Size
	})
}

func (r *report) loopback(who string, nodes int, mbs float64) {
	r.loop[who] = append(r.loop[who], plotter.XY{X: float64(nodes), Y: mbs})
}

// end is the summary.
func (p *peers) end() {
	r := &p.report
	r.LoadEnd, r.Seconds = firstWords("/proc/loadavg", 3), time.Since(r.Began).Seconds()
	var spreads []float64
	worst, name := 0.0, ""
	for _, c := range r.Cells {
		for _, v := range [][]float64{c.OursRuns, c.TheirsRuns} {
			if m := median(v); len(v) > 1 && m > 0 {
				s := (slices.Max(v) - slices.Min(v)) / m
				if spreads = append(spreads, s); s > worst {
					worst, name = s, c.Name
				}
			}
		}
	}
	r.Noise = fmt.Sprintf("(max-min)/median of the repetitions: half of the cells below %.2f, the largest %.2f (%s); load average %s at the begin, %s at the end",
		median(spreads), worst, name, r.LoadBegin, r.LoadEnd)
	p.say("# noise: %s", r.Noise)
	if len(r.Below) > 0 {
		p.say("# without tx-udp-segmentation these reach less than what is asked of the links as they are: %s", strings.Join(r.Below, ", "))
	}
	var groups []string
	for _, id := range slices.Sorted(maps.Keys(r.Groups)) {
		groups = append(groups, fmt.Sprintf("%s %.0f s", id, r.Groups[id]))
	}
	p.say("# time by group: %s", strings.Join(groups, ", "))
	p.say("# %d cells in %.0f s, %d short: %s; JSON and plots in %s", len(r.Cells), r.Seconds, len(r.Short), strings.Join(r.Short, ", "), p.out)
}

// save writes what there is so far.
func (p *peers) save() error {
	if err := writeJSON(filepath.Join(p.out, "peers.json"), &p.report); err != nil {
		return err
	}
	if err := p.plots(); err != nil {
		p.say("# plots: %v", err)
	}
	return nil
}

func (p *peers) plots() error {
	for _, nodes := range []int{1, 2, 3} {
		if err := p.throughputPlot(nodes); err != nil {
			return err
		}
	}
	var lines []curve
	for _, who := range []string{"one sender", "all senders"} {
		if at := p.report.loop[who]; len(at) > 1 {
			lines = append(lines, curve{name: who, at: at})
		}
	}
	if len(lines) > 0 {
		c := chart{title: "Nodes on loopback of this machine, encrypted, 8 KiB messages", x: "nodes", y: "MB/s ordered", low: true}
		if err := c.draw(filepath.Join(p.out, "nodes"), lines); err != nil {
			return err
		}
	}
	for _, nodes := range []int{2, 3} {
		if err := p.latencyPlot(nodes); err != nil {
			return err
		}
	}
	return nil
}

// throughputPlot is size against MB/s with one sender.
func (p *peers) throughputPlot(nodes int) error {
	var lines []curve
	at := func(match func(ratePoint) bool, of func(ratePoint) float64) (xy plotter.XYs) {
		for _, t := range p.report.Rates {
			if t.Nodes == nodes && t.Senders == 1 && match(t) && of(t) > 0 {
				xy = append(xy, plotter.XY{X: float64(t.Size), Y: of(t) * float64(t.Size) / 1e6})
			}
		}
		return xy
	}
	for _, seg := range []string{"on", "off"} {
		dashed := ""
		if seg == "off" {
			dashed = ", no tx-udp-segmentation"
		}
		match := func(transport string) func(ratePoint) bool {
			return func(t ratePoint) bool { return t.Segmentation == seg && t.Transport == transport }
		}
		if xy := at(match("knet-aes"), func(t ratePoint) float64 { return t.Ours }); len(xy) > 1 {
			lines = append(lines, curve{"ours, encrypted" + dashed, xy, seg == "off"})
		}
		if seg == "off" {
			break // theirs does not use it
		}
		for _, tr := range transports {
			if xy := at(match(tr.name), func(t ratePoint) float64 { return t.Theirs }); len(xy) > 1 {
				lines = append(lines, curve{"corosync " + tr.name, xy, false})
			}
		}
	}
	if len(lines) == 0 {
		return nil
	}
	c := chart{title: fmt.Sprintf("One sender, %d nodes in network namespaces", nodes), x: "bytes of a message", y: "MB/s delivered in order", logX: true}
	return c.draw(filepath.Join(p.out, fmt.Sprintf("throughput-%d", nodes)), lines)
}

// latencyPlot is the distribution of self-delivery.
func (p *peers) latencyPlot(nodes int) error {
	var lines []curve
	for _, l := range []struct {
		name, key string
		dash      bool
	}{
		{"ours", "64/knet-aes us, ours", false}, {"corosync knet, AES", "64/knet-aes us, theirs", false}, {"corosync udp", "64/udp us, theirs", false},
		{"ours, after 100 ms of silence", "idle/udp us, ours", true}, {"corosync udp, after 100 ms of silence", "idle/udp us, theirs", true},
	} {
		t := p.report.Times[fmt.Sprintf("3/nodes=%d/%s", nodes, l.key)]
		if t == nil {
			continue
		}
		var xy plotter.XYs
		for i, x := range t.Twentieths {
			if x > 0 {
				xy = append(xy, plotter.XY{X: x, Y: float64(i) / 20})
			}
		}
		if len(xy) > 1 {
			lines = append(lines, curve{l.name, xy, l.dash})
		}
	}
	if len(lines) == 0 {
		return nil
	}
	c := chart{title: fmt.Sprintf("Self-delivery of 64 bytes, %d nodes", nodes), x: "microseconds", y: "part of the messages", logX: true, low: true}
	return c.draw(filepath.Join(p.out, fmt.Sprintf("latency-%d", nodes)), lines)
}

func firstWords(path string, n int) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	f := strings.Fields(string(text))
	return strings.Join(f[:min(n, len(f))], " ")
}

func cpuName() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}
