package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"gonum.org/v1/plot/plotter"

	"ais/ctests/campaign/events"
	"ais/ctests/harness"
)

// The event service: C programs publish on one channel as fast as it is taken, or at
// a rate, and a C program on every node subscribes. evtPeers are the figures of
// openais on the same work.

// evtSizes are those of the peers' table.
var evtSizes = []int{64, 256, 1024, 4096, 16384, 60000}

// evtLatencyRate is how many events a second are published where times are measured.
const evtLatencyRate = 500

// evtCell is one measured cell: medians of its repetitions.
type evtCell struct {
	Group         string  `json:"group"` // size, latency, subscriptions
	Where         string  `json:"where"` // namespaces, loopback
	Nodes         int     `json:"nodes"`
	Encrypted     bool    `json:"encrypted"`
	Publishers    int     `json:"publishers"` // programs on node 1
	Size          int     `json:"size"`
	Subscriptions int     `json:"subscriptions"` // of each subscriber; every event matches one
	Published     float64 `json:"published_per_second"`
	Received      float64 `json:"received_per_second"` // by the slowest subscriber
	Missing       float64 `json:"missing"`             // announced by a notice
	P50           float64 `json:"p50_us"`              // to the callback, the worst subscriber's
	P99           float64 `json:"p99_us"`
	Runs          int     `json:"runs"`
}

// evtPeers are publications per second of openais 2004 and 0.80, encrypted and plain,
// on one node and on three, measured on a machine of two cores on another day.
var evtPeers = map[int]struct {
	old, oldPlain, later, laterPlain [2]float64
}{
	64:    {[2]float64{22295, 882}, [2]float64{25075, 15218}, [2]float64{57026, 35874}, [2]float64{11351, 44791}},
	256:   {[2]float64{22046, 641}, [2]float64{25611, 22987}, [2]float64{15123, 30247}, [2]float64{27866, 41772}},
	1024:  {[2]float64{26834, 4349}, [2]float64{21935, 18828}, [2]float64{9484, 21986}, [2]float64{11580, 37781}},
	4096:  {[2]float64{12554, 110}, [2]float64{19371, 6884}, [2]float64{21278, 8780}, [2]float64{9395, 25674}},
	16384: {[2]float64{4876, 21}, [2]float64{18657, 3522}, [2]float64{6803, 2722}, [2]float64{7595, 7730}},
	60000: {[2]float64{1524, 6}, [2]float64{6591, 6}, [2]float64{8306, 776}, [2]float64{7436, 2371}},
}

// evtBench is a run of the measurement.
type evtBench struct {
	w             io.Writer
	out, only     string
	span          time.Duration
	reps          int
	sizes, nodes  []int
	subscriptions []int
	publishers    int
	where         string
	cells         []evtCell
}

func init() {
	var b evtBench
	cmd := &cobra.Command{
		Use:   "evt",
		Short: "Events: rate and end-to-end time by size, nodes, encryption and number of subscriptions; tables and plots",
		Long: `evt measures C programs that publish on node 1 and one C program on every node that
subscribes. A publisher waits for each answer, so one alone goes as fast as the machine
wakes processes; --publishers 4 shows what the executives carry. Groups of cells (--cells):

  size           events a second as fast as they are taken, by size, nodes and encryption, beside openais
  latency        time from before the call of publish until the callback, 500 events a second
  subscriptions  both, 1,024 bytes on 3 nodes, by the number of subscriptions of each subscriber

Tables, JSON and plots are written to the directory of --out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.run(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&b.out, "out", "bench-evt", "directory of tables and plots")
	cmd.Flags().DurationVar(&b.span, "for", time.Second, "time of one measurement")
	cmd.Flags().IntVar(&b.reps, "reps", 3, "repetitions of each cell; the median counts")
	cmd.Flags().IntSliceVar(&b.sizes, "sizes", evtSizes, "bytes")
	cmd.Flags().IntSliceVar(&b.nodes, "nodes", []int{1, 2, 3}, "numbers of nodes")
	cmd.Flags().IntSliceVar(&b.subscriptions, "subscriptions", []int{1, 10, 100, 1000, 10000}, "numbers of subscriptions")
	cmd.Flags().IntVar(&b.publishers, "publishers", 1, "programs that publish")
	cmd.Flags().StringVar(&b.only, "cells", "size,latency,subscriptions", "groups of cells")
	register(cmd)
}

func (b *evtBench) run(stdout io.Writer) error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(b.out, "evt.txt"))
	if err != nil {
		return err
	}
	defer f.Close()
	b.w = io.MultiWriter(stdout, f)
	b.where = "namespaces"
	if err := harness.CanNamespaces(); err != nil {
		b.where = "loopback"
		fmt.Fprintf(b.w, "# on loopback: %v\n", err)
	}
	if b.publishers < 1 || b.publishers > 500 || b.reps < 1 {
		return fmt.Errorf("%d publishers, %d repetitions: 1 to 500, and at least one", b.publishers, b.reps)
	}
	for _, g := range strings.Split(b.only, ",") {
		if !slices.Contains([]string{"size", "latency", "subscriptions"}, g) {
			return fmt.Errorf("--cells %s: there is no group %q", b.only, g)
		}
	}
	if hasWord(b.only, "size") || hasWord(b.only, "latency") {
		for _, nodes := range b.nodes {
			for _, encrypted := range []bool{true, false} {
				if err := b.bySize(nodes, encrypted); err != nil {
					return fmt.Errorf("%d nodes, %s: %w", nodes, sealing(encrypted), err)
				}
			}
		}
	}
	if hasWord(b.only, "subscriptions") {
		if err := b.bySubscriptions(); err != nil {
			return err
		}
	}
	if hasWord(b.only, "size") {
		b.besidePeers()
	}
	return b.save()
}

func (b *evtBench) cluster(nodes int, encrypted bool) (*harness.Cluster, error) {
	f := ringFlags{nodes: nodes, namespaces: b.where == "namespaces", plain: !encrypted}
	return f.start()
}

// measure runs one cell and prints it. On a cluster of namespaces the first node
// publishes and every node has a subscriber.
func (b *evtBench) measure(c *harness.Cluster, x evtCell, rate float64) (evtCell, error) {
	var published, received, missing, p50, p99 []float64
	x.Publishers = b.publishers
	if rate > 0 {
		x.Publishers = 1
	}
	for range b.reps {
		l := events.Load{Size: x.Size, Rate: rate, For: b.span, Publishers: slices.Repeat(c.Nodes[:1], x.Publishers), Subscribers: c.Nodes, Subscriptions: x.Subscriptions}
		f, err := l.Run()
		if err != nil {
			return x, fmt.Errorf("%d bytes, %d subscriptions: %w", x.Size, x.Subscriptions, err)
		}
		published, received = append(published, f.Published), append(received, f.Received)
		missing, p50, p99 = append(missing, float64(f.Missing)), append(p50, f.P50), append(p99, f.P99)
	}
	x.Where, x.Nodes, x.Runs = b.where, len(c.Nodes), b.reps
	x.Published, x.Received, x.Missing = median(published), median(received), median(missing)
	x.P50, x.P99 = median(p50), median(p99)
	b.cells = append(b.cells, x)
	fmt.Fprintf(b.w, "%-14s %6d %8d %8d %12.0f %12.0f %10.1f %9.0f %10.0f %10.0f\n", x.Group, x.Nodes, x.Size, x.Subscriptions,
		x.Published, x.Received, x.Received*float64(x.Size)/1e6, x.Missing, x.P50, x.P99)
	return x, nil
}

func (b *evtBench) head(title string) {
	fmt.Fprintf(b.w, "\n%s, in %s, %d publishers where the rate is measured, medians of %d\n%-14s %6s %8s %8s %12s %12s %10s %9s %10s %10s\n", title, b.where, b.publishers, b.reps, "",
		"nodes", "bytes", "subs", "published/s", "received/s", "MB/s", "missing", "p50 us", "p99 us")
}

func (b *evtBench) bySize(nodes int, encrypted bool) error {
	c, err := b.cluster(nodes, encrypted)
	if err != nil {
		return err
	}
	defer c.Close()
	b.head(fmt.Sprintf("%d nodes, %s", nodes, sealing(encrypted)))
	for _, g := range []struct {
		name string
		rate float64
	}{{"size", 0}, {"latency", evtLatencyRate}} {
		if !hasWord(b.only, g.name) {
			continue
		}
		for _, size := range b.sizes {
			if _, err := b.measure(c, evtCell{Group: g.name, Encrypted: encrypted, Size: size, Subscriptions: 1}, g.rate); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *evtBench) bySubscriptions() error {
	c, err := b.cluster(3, true)
	if err != nil {
		return err
	}
	defer c.Close()
	b.head("3 nodes, " + sealing(true) + ", every event matches one subscription of each subscriber")
	for _, rate := range []float64{0, evtLatencyRate} {
		for _, n := range b.subscriptions {
			if _, err := b.measure(c, evtCell{Group: "subscriptions", Encrypted: true, Size: 1024, Subscriptions: n}, rate); err != nil {
				return err
			}
		}
	}
	return nil
}

// besidePeers prints the cells that openais has, too.
func (b *evtBench) besidePeers() {
	fmt.Fprintf(b.w, "\nevents a second published; openais on a machine of two cores on another day: absolute figures do not carry over\n"+
		"%8s %6s %14s %12s %12s %12s %8s %8s\n", "bytes", "nodes", "", "ours", "0.80", "2004", "/0.80", "/2004")
	for _, x := range b.cells {
		p, ok := evtPeers[x.Size]
		if !ok || x.Group != "size" || x.Nodes == 2 {
			continue
		}
		old, later, at := p.old, p.later, 0
		if !x.Encrypted {
			old, later = p.oldPlain, p.laterPlain
		}
		if x.Nodes > 1 {
			at = 1
		}
		fmt.Fprintf(b.w, "%8d %6d %14s %12.0f %12.0f %12.0f %8.2f %8.2f\n", x.Size, x.Nodes, sealing(x.Encrypted), x.Published, later[at], old[at],
			x.Published/later[at], x.Published/old[at])
	}
}

// save writes JSON and plots.
func (b *evtBench) save() error {
	if err := writeJSON(filepath.Join(b.out, "evt.json"), b.cells); err != nil {
		return err
	}
	for _, p := range []struct {
		group, y string
		of       func(evtCell) float64
	}{
		{"size", "events per second", func(x evtCell) float64 { return x.Published }},
		{"latency", "microseconds to the callback, median", func(x evtCell) float64 { return x.P50 }},
	} {
		var curves []curve
		for _, nodes := range b.nodes {
			for _, encrypted := range []bool{true, false} {
				var at plotter.XYs
				for _, x := range b.cells {
					if x.Group == p.group && x.Nodes == nodes && x.Encrypted == encrypted {
						at = append(at, plotter.XY{X: float64(x.Size), Y: p.of(x)})
					}
				}
				if len(at) > 1 {
					curves = append(curves, curve{fmt.Sprintf("%d nodes, %s", nodes, sealing(encrypted)), at, !encrypted})
				}
			}
		}
		if len(curves) > 0 {
			if err := draw(filepath.Join(b.out, "evt-"+p.group), "Events published on one channel", p.y, curves); err != nil {
				return err
			}
		}
	}
	return nil
}
