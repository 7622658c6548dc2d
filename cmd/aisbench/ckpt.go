package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// The checkpoint service, as it was measured in 2004: C programs on one node
// overwrite a section each, one request outstanding each, by size, number of nodes
// and encryption. ckptpeers.go has the figures of others on the same work,
// ckptlink.go the slow link, ckptplot.go the plots.

// ckptSizes are 1 KB to 35 KB, as in 2004, and those of the peers' tables.
var ckptSizes = []int{64, 256, 1024, 2048, 4096, 8192, 16384, 24576, 35840, 65536}

// ckptGuarantees says what an answer promises, by the name of the C program's flag.
var ckptGuarantees = map[string]string{
	"all":    "ALL_REPLICAS: every node has it (safe delivery)",
	"active": "ACTIVE_REPLICA: the active replica has it (agreed delivery)",
	"weak":   "ACTIVE_REPLICA_WEAK: as ACTIVE_REPLICA",
}

// ckptCell is one measured cell.
type ckptCell struct {
	Where     string  `json:"where"` // namespaces, loopback, link
	Nodes     int     `json:"nodes"`
	Encrypted bool    `json:"encrypted"`
	Writers   int     `json:"writers"`
	Guarantee string  `json:"guarantee"`
	Pinned    bool    `json:"pinned,omitempty"` // executive and writers each on a core of their own
	Size      int     `json:"size"`
	PerSecond float64 `json:"per_second"`
	MBs       float64 `json:"mb_per_second"`
	P50       float64 `json:"p50_us"`
	P99       float64 `json:"p99_us"`
}

// ckptBench is a run of the measurement.
type ckptBench struct {
	w       io.Writer
	out     string
	span    time.Duration
	reps    int
	sizes   []int
	nodes   []int
	only    string
	rr      bool
	where   string
	cells   []ckptCell
	link    []linkCell
	pingP50 float64
	short   int
	number  int
}

func init() {
	var b ckptBench
	cmd := &cobra.Command{
		Use:   "ckpt",
		Short: "Checkpoint writes from one node by size, nodes, encryption and guarantee; tables and plots",
		Long: `ckpt measures overwrites of sections by C programs on one node. Every figure names
what the answer promised. Groups of cells (--cells):

  size   every size, 1 and 8 writers, 1, 2 and 3 nodes, encrypted and not, ALL_REPLICAS
  weak   the same with ACTIVE_REPLICA and ACTIVE_REPLICA_WEAK, one writer, 1 and 3 nodes
  link   3 nodes over 100 Mbit/s (tbf, root only), beside plain UDP with packets of the same size
  peers  beside openais 0.80 and openais 2004 (figures of another machine, scaled by the UDP
         ping-pong of this run), and the two goals of 1 KB writes
  goals  the two goals alone

Tables, JSON and plots are written to the directory of --out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return b.run(cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&b.out, "out", "bench-ckpt", "directory of tables and plots")
	cmd.Flags().DurationVar(&b.span, "for", time.Second, "time of one measurement")
	cmd.Flags().IntVar(&b.reps, "reps", 3, "repetitions of each cell; the median counts")
	cmd.Flags().IntSliceVar(&b.sizes, "sizes", ckptSizes, "bytes")
	cmd.Flags().IntSliceVar(&b.nodes, "nodes", []int{1, 2, 3}, "numbers of nodes")
	cmd.Flags().StringVar(&b.only, "cells", "size,weak,link,peers", "groups of cells")
	cmd.Flags().BoolVar(&b.rr, "rr", true, "round robin scheduling for executives (as openais has by default) and programs, when root: other jobs of the machine do not count then")
	register(cmd)
}

func (b *ckptBench) run(stdout io.Writer) error {
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(b.out, "ckpt.txt"))
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
	if b.rr = b.rr && os.Geteuid() == 0; b.rr {
		fmt.Fprintln(b.w, "# executives and programs are scheduled round robin")
	}
	for _, g := range []struct {
		name string
		run  func() error
	}{{"size", b.bySize}, {"weak", b.weaker}, {"link", b.slowLink}, {"peers", b.peers}, {"goals", b.onlyGoals}} {
		if hasWord(b.only, g.name) {
			if err := g.run(); err != nil {
				return fmt.Errorf("%s: %w", g.name, err)
			}
		}
	}
	if err := b.plots(); err != nil {
		return err
	}
	if err := b.json(); err != nil {
		return err
	}
	fmt.Fprintf(b.w, "# cells that are short: %d; tables and plots in %s\n", b.short, b.out)
	return f.Close()
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(w) == word {
			return true
		}
	}
	return false
}

func (b *ckptBench) json() error {
	text, err := json.MarshalIndent(struct {
		Cells   []ckptCell `json:"cells"`
		Link    []linkCell `json:"link,omitempty"`
		PingP50 float64    `json:"udp_ping_pong_p50_us,omitempty"`
	}{b.cells, b.link, b.pingP50}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.out, "ckpt.json"), append(text, '\n'), 0o644)
}

// cluster starts so many executives; the caller closes it.
func (b *ckptBench) cluster(nodes int, encrypted bool) (*harness.Cluster, error) {
	f := ringFlags{nodes: nodes, namespaces: b.where == "namespaces", plain: !encrypted}
	c, err := f.start()
	if err != nil {
		return nil, err
	}
	return c, b.class(c)
}

// class gives the executives their scheduling class; without it the cluster is closed.
func (b *ckptBench) class(c *harness.Cluster) error {
	if !b.rr {
		return nil
	}
	for _, n := range c.Nodes {
		if err := sameClass(n.Exec.PID); err != nil {
			c.Close()
			return err
		}
	}
	return nil
}

// writers lets so many programs on node 1 overwrite for the span, and returns the
// sum of their rates and the worst of their times. Programs that were not ready when
// the time began get more.
func (b *ckptBench) writers(c *harness.Cluster, count, size int, guarantee string, args ...string) (cell ckptCell, err error) {
	wait := lead + time.Duration(count)*40*time.Millisecond
	for range 4 {
		cell, err = b.writersAfter(wait, c, count, size, guarantee, args...)
		if err == nil || !strings.Contains(err.Error(), "the window was open before all was ready") {
			break
		}
		wait *= 2
	}
	return cell, err
}

func (b *ckptBench) writersAfter(wait time.Duration, c *harness.Cluster, count, size int, guarantee string, args ...string) (cell ckptCell, err error) {
	b.number++
	begin := harness.Monotonic() + wait
	end := begin + b.span
	base := append([]string{"-b", strconv.FormatInt(int64(begin), 10), "-e", strconv.FormatInt(int64(end), 10),
		"-s", strconv.Itoa(size), "-g", guarantee, "-n", fmt.Sprintf("bench-%d", b.number)}, args...)
	if b.rr {
		base = append(base, "-r")
	}
	var procs []*harness.Process
	defer func() {
		for _, p := range procs {
			p.Kill()
		}
	}()
	for k := range count {
		p, err := c.Nodes[0].RunC("ctests/bench/ckpt.c", harness.GenB, append([]string{"-w", strconv.Itoa(k)}, base...)...)
		if err != nil {
			return cell, err
		}
		procs = append(procs, p)
	}
	cell = ckptCell{Where: b.where, Nodes: len(c.Nodes), Writers: count, Guarantee: guarantee, Size: size}
	for _, p := range procs {
		f, err := result(p, "ckpt", time.Until(time.Now().Add(end-harness.Monotonic()))+20*time.Second)
		if err != nil {
			return cell, err
		}
		cell.PerSecond += f["writes"] / f["seconds"]
		cell.P50, cell.P99 = max(cell.P50, f["p50"]), max(cell.P99, f["p99"])
	}
	if cell.PerSecond == 0 {
		return cell, errors.New("nothing was acknowledged")
	}
	cell.MBs = cell.PerSecond * float64(size) / 1e6
	return cell, nil
}

// measure repeats a cell and keeps the repetition with the median rate.
func (b *ckptBench) measure(c *harness.Cluster, encrypted bool, count, size int, guarantee string, args ...string) (ckptCell, error) {
	var list []ckptCell
	var rates []float64
	for range b.reps {
		x, err := b.writers(c, count, size, guarantee, args...)
		if err != nil {
			return x, err
		}
		x.Encrypted = encrypted
		list, rates = append(list, x), append(rates, x.PerSecond)
	}
	m := median(rates)
	best := list[0]
	for _, x := range list {
		if abs(x.PerSecond-m) < abs(best.PerSecond-m) {
			best = x
		}
	}
	b.cells = append(b.cells, best)
	return best, nil
}

func abs(x float64) float64 { return max(x, -x) }

func sealing(encrypted bool) string {
	if encrypted {
		return "encrypted"
	}
	return "not encrypted"
}

func (b *ckptBench) header(nodes int, encrypted bool, guarantee string) {
	fmt.Fprintf(b.w, "\n%d nodes (%s), %s, %s\n%8s %8s %14s %10s %10s %10s\n", nodes, b.where, sealing(encrypted), ckptGuarantees[guarantee],
		"bytes", "writers", "writes/s", "MB/s", "p50 us", "p99 us")
}

func (b *ckptBench) line(x ckptCell) {
	fmt.Fprintf(b.w, "%8d %8d %14.0f %10.2f %10.1f %10.1f\n", x.Size, x.Writers, x.PerSecond, x.MBs, x.P50, x.P99)
}

// bySize is the measurement of 2004.
func (b *ckptBench) bySize() error {
	return b.table("all", b.nodes, []int{1, 8})
}

// weaker is the same with the weaker promises.
func (b *ckptBench) weaker() error {
	var nodes []int
	for _, n := range b.nodes {
		if n != 2 {
			nodes = append(nodes, n)
		}
	}
	return errors.Join(b.table("active", nodes, []int{1}), b.table("weak", nodes, []int{1}))
}

func (b *ckptBench) table(guarantee string, nodes, writers []int) error {
	for _, n := range nodes {
		for _, encrypted := range []bool{true, false} {
			c, err := b.cluster(n, encrypted)
			if err != nil {
				return err
			}
			b.header(n, encrypted, guarantee)
			for _, count := range writers {
				for _, size := range b.sizes {
					x, err := b.measure(c, encrypted, count, size, guarantee)
					if err != nil {
						c.Close()
						return fmt.Errorf("%d nodes, %d bytes, %d writers: %w", n, size, count, err)
					}
					b.line(x)
				}
			}
			c.Close()
		}
	}
	return nil
}

// verdict prints a cell that has a goal; ok or short is its last word.
func (b *ckptBench) verdict(name string, ours, theirs, ratio, goal float64) {
	word := "ok"
	if ratio < goal {
		word = "short"
		b.short++
	}
	fmt.Fprintf(b.w, "%-40s %12.2f %12.2f %8.3f %8.3f %s\n", name, ours, theirs, ratio, goal, word)
}
