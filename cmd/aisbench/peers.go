package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// Ours against corosync, side by side: one line per cell, with what is to be
// reached. cmd/aisbench/performance.md says how to read it.

// peers is one run of the comparison.
type peers struct {
	w     io.Writer
	reps  int
	span  time.Duration
	sizes []int
	only  string
	count int
	group bool // round robin for ours, as corosync has
	notso bool // without segmentation by the links

	dir              string
	theirMember, udp string
	short            int
	noise            float64 // largest spread of any cell: (max-min)/median
}

var quickSizes = []int{64, 1024, 8192, 65536, 1000000}
var allSizes = []int{64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 262144, 1000000}

func init() {
	var p peers
	var quick bool
	cmd := &cobra.Command{
		Use:   "peers",
		Short: "Ours against corosync, cell by cell (root; corosync and libcpg-dev installed)",
		Args:  cobra.NoArgs,

		Annotations: map[string]string{byItself: "make bench-peers: root, corosync, an hour and more"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			p.w = cmd.OutOrStdout()
			if quick {
				flag := func(name string, set func()) {
					if !cmd.Flags().Changed(name) {
						set()
					}
				}
				flag("reps", func() { p.reps = 1 })
				flag("for", func() { p.span = 500 * time.Millisecond })
				flag("sizes", func() { p.sizes = quickSizes })
				flag("count", func() { p.count = 500 })
			}
			return p.run()
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "few sizes, one repetition, short: to see where one is")
	cmd.Flags().IntVar(&p.reps, "reps", 5, "alternating repetitions of each cell; the median counts")
	cmd.Flags().DurationVar(&p.span, "for", 1500*time.Millisecond, "time of one throughput measurement")
	cmd.Flags().IntSliceVar(&p.sizes, "sizes", allSizes, "bytes")
	cmd.Flags().IntVar(&p.count, "count", 2000, "messages of one latency measurement")
	cmd.Flags().StringVar(&p.only, "cells", "1,2,3,4,6", "which groups of cells")
	cmd.Flags().BoolVar(&p.group, "rr", true, "round robin scheduling for our executives, as corosync has by default")
	cmd.Flags().BoolVar(&p.notso, "notso", false, "turn tx-udp-segmentation off on every link, as with a card that segments in software")
	register(cmd)
}

func (p *peers) run() error {
	if err := harness.CanNamespaces(); err != nil {
		return err
	}
	b, err := harness.FindBuild()
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("/tmp", "aispeers-"); err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if err := haveRival(); err != nil {
		return err
	}
	if p.theirMember, err = compileRival(b, p.dir); err != nil {
		return err
	}
	if p.udp, err = b.CompileC(udpSource, harness.GenB); err != nil {
		return err
	}
	offload := "on"
	if p.notso {
		offload = "off"
	}
	fmt.Fprintf(p.w, "# %d repetitions of %v each, alternating; median; messages/s unless a unit is given; tx-udp-segmentation %s\n", p.reps, p.span, offload)
	fmt.Fprintf(p.w, "# %-26s %12s %12s %8s %8s\n", "cell", "ours", "theirs", "ratio", "goal")
	for _, c := range []struct {
		id  string
		run func() error
	}{
		{"1", p.oneSender}, {"2", p.allSenders}, {"3", p.latencies}, {"4", p.ceiling}, {"6", p.losses},
	} {
		if slices.Contains(strings.Split(p.only, ","), c.id) {
			if err := c.run(); err != nil {
				return fmt.Errorf("cells %s: %w", c.id, err)
			}
		}
	}
	fmt.Fprintf(p.w, "# largest spread of a cell, (max-min)/median: %.2f; cells that are short: %d\n", p.noise, p.short)
	return nil
}

// cell prints one line. The goal is reached when ours over theirs (or, for times,
// theirs over ours) is at least goal.
func (p *peers) cell(name string, ours, theirs, ratio, goal float64) {
	verdict := "ok"
	if ratio < goal {
		verdict = "short"
		p.short++
	}
	fmt.Fprintf(p.w, "%-28s %12.1f %12.1f %8.2f %8.2f %s\n", name, ours, theirs, ratio, goal, verdict)
}

func (p *peers) spread(v []float64) {
	if m := median(v); len(v) > 1 && m > 0 {
		p.noise = max(p.noise, (slices.Max(v)-slices.Min(v))/m)
	}
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	if len(s) == 0 {
		return 0
	}
	if len(s)%2 == 0 {
		return (s[len(s)/2-1] + s[len(s)/2]) / 2
	}
	return s[len(s)/2]
}

// side is our cluster with corosync beside it, if one is asked for.
type side struct {
	c      *harness.Cluster
	r      *rival
	ours   launcher
	theirs launcher
}

func (p *peers) cluster(nodes int, conf ...string) (*harness.Cluster, error) {
	f := ringFlags{nodes: nodes, namespaces: true, conf: conf}
	c, err := f.start()
	if err != nil {
		return nil, err
	}
	if p.notso {
		if err := c.Net.Segmentation(false); err != nil {
			c.Close()
			return nil, err
		}
	}
	if p.group {
		for _, n := range c.Nodes {
			if err := sameClass(n.Exec.PID); err != nil {
				c.Close()
				return nil, err
			}
		}
	}
	return c, nil
}

func ourMembers(c *harness.Cluster) launcher {
	return func(node int, args ...string) (*harness.Process, error) {
		return c.Nodes[node-1].RunC(memberSource, harness.GenB, args...)
	}
}

// beside starts one of corosync's transports in the network of c.
func (p *peers) beside(c *harness.Cluster, t transport) (*side, error) {
	r, err := startRival(c.Net, len(c.Nodes), t)
	if err != nil {
		return nil, err
	}
	return &side{c: c, r: r, ours: ourMembers(c), theirs: func(node int, args ...string) (*harness.Process, error) {
		return c.Net.Start(node, harness.Spec{Name: fmt.Sprintf("member-cpg@%d", node), Path: p.theirMember, Args: args})
	}}, nil
}

// pair is the repetitions of one cell.
type pair struct{ ours, theirs []float64 }

// pairs measures every size, ours and theirs in turn, all sizes once and then
// again.
func (p *peers) pairs(s *side, sizes, senders []int) (map[int]*pair, error) {
	out := map[int]*pair{}
	for _, size := range sizes {
		out[size] = &pair{}
	}
	for rep := range p.reps {
		for _, size := range sizes {
			for turn := range 2 {
				l, v := s.ours, &out[size].ours
				if (turn+rep)%2 == 1 {
					l, v = s.theirs, &out[size].theirs
				}
				rate, _, err := stream(l, size, p.span, senders, nil)
				if err != nil {
					return nil, fmt.Errorf("%d bytes: %w", size, err)
				}
				*v = append(*v, rate)
			}
		}
	}
	for _, pr := range out {
		p.spread(pr.ours)
		p.spread(pr.theirs)
	}
	return out, nil
}

// against is pairs with each of some transports.
func (p *peers) against(nodes int, names []string, sizes, senders []int) (map[string]map[int]*pair, error) {
	c, err := p.cluster(nodes)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	out := map[string]map[int]*pair{}
	for _, name := range names {
		s, err := p.beside(c, transportNamed(name))
		if err != nil {
			return nil, err
		}
		m, err := p.pairs(s, sizes, senders)
		s.r.stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out[name] = m
	}
	return out, nil
}

// best is the transport with the highest median at a size.
func best(m map[string]map[int]*pair, names []string, size int) (string, *pair) {
	var top string
	for _, n := range names {
		if top == "" || median(m[n][size].theirs) > median(m[top][size].theirs) {
			top = n
		}
	}
	return top, m[top][size]
}

// oneSender is the first group of cells.
func (p *peers) oneSender() error {
	for _, nodes := range []int{1, 2, 3} {
		names := []string{"knet-aes", "knet", "udp", "udpu"}
		if nodes == 1 {
			names = []string{"knet-aes"}
		}
		m, err := p.against(nodes, names, p.sizes, []int{1})
		if err != nil {
			return err
		}
		for _, size := range p.sizes {
			a := m["knet-aes"][size]
			goal := 4.0
			if nodes == 1 {
				if goal = 2; size > 4096 {
					goal = 1.2
				}
			}
			p.rates(fmt.Sprintf("1/nodes=%d/%d/knet-aes", nodes, size), a, goal)
			if nodes > 1 {
				name, b := best(m, names[1:], size)
				p.rates(fmt.Sprintf("1/nodes=%d/%d/%s", nodes, size, name), b, 1.5)
			}
		}
	}
	return nil
}

func (p *peers) rates(name string, pr *pair, goal float64) {
	ours, theirs := median(pr.ours), median(pr.theirs)
	p.cell(name, ours, theirs, ours/theirs, goal)
}

// allSenders is the second: every node sends; and what a delivered byte costs.
func (p *peers) allSenders() error {
	sizes := slices.DeleteFunc(slices.Clone(p.sizes), func(n int) bool { return n != 64 && n != 1024 && n != 8192 && n != 65536 })
	m, err := p.against(3, []string{"udp", "knet"}, sizes, []int{1, 2, 3})
	if err != nil {
		return err
	}
	for _, size := range sizes {
		name, pr := best(m, []string{"udp", "knet"}, size)
		p.rates(fmt.Sprintf("2/all/%d/%s", size, name), pr, 3)
	}
	var costs []float64
	for _, nodes := range []int{2, 3, 8} {
		v, err := p.costPerByte(nodes)
		if err != nil {
			return err
		}
		costs = append(costs, v)
		fmt.Fprintf(p.w, "# cpu nanoseconds per delivered byte and node, %d nodes: %.2f\n", nodes, v)
	}
	// From the cheapest to the dearest within 25 percent.
	p.cell("2/cpu-per-byte-and-node", slices.Max(costs), slices.Min(costs), slices.Min(costs)/slices.Max(costs), 0.8)
	return nil
}

// costPerByte is the processor time of the executives while all nodes send 8 KiB
// messages, per byte and node that delivered it, in nanoseconds.
func (p *peers) costPerByte(nodes int) (float64, error) {
	c, err := p.cluster(nodes)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	used := func() (t time.Duration, err error) {
		for _, n := range c.Nodes {
			u, e := n.Exec.Usage()
			err = errors.Join(err, e)
			t += u.CPU
		}
		return t, err
	}
	senders := make([]int, nodes)
	for i := range senders {
		senders[i] = i + 1
	}
	const size = 8192
	var v []float64
	for range p.reps {
		before, err := used()
		if err != nil {
			return 0, err
		}
		s0, err := delivered(c)
		if err != nil {
			return 0, err
		}
		if _, _, err = stream(ourMembers(c), size, p.span, senders, nil); err != nil {
			return 0, err
		}
		after, err := used()
		if err != nil {
			return 0, err
		}
		s1, err := delivered(c)
		if err != nil {
			return 0, err
		}
		v = append(v, float64(after-before)/(s1-s0))
	}
	return median(v), nil
}

// delivered is the bytes that all executives have delivered to their services.
func delivered(c *harness.Cluster) (float64, error) {
	sum := 0.0
	for _, n := range c.Nodes {
		s, err := n.Status()
		if err != nil {
			return 0, err
		}
		sum += float64(s.Int("counters.gmi.bytes"))
	}
	return sum, nil
}

// latencies is the third: self-delivery, one message outstanding.
func (p *peers) latencies() error {
	for _, nodes := range []int{2, 3} {
		c, err := p.cluster(nodes)
		if err != nil {
			return err
		}
		err = p.latencyCells(c, nodes)
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *peers) latencyCells(c *harness.Cluster, nodes int) error {
	for _, rv := range []struct {
		name string
		goal float64
	}{{"knet-aes", 2}, {"udp", 1 / 1.05}} {
		s, err := p.beside(c, transportNamed(rv.name))
		if err != nil {
			return err
		}
		err = func() error {
			for _, size := range []int{64, 1024} {
				if err := p.latencyCell(s, fmt.Sprintf("3/nodes=%d/%d/%s us", nodes, size, rv.name), size, p.count, 0, rv.goal); err != nil {
					return err
				}
			}
			if rv.name == "udp" {
				return p.latencyCell(s, fmt.Sprintf("3/nodes=%d/idle/%s us", nodes, rv.name), 64, 20, 100*time.Millisecond, 2)
			}
			return nil
		}()
		s.r.stop()
		if err != nil {
			return err
		}
	}
	return p.underLoad(c, nodes)
}

func (p *peers) latencyCell(s *side, name string, size, count int, pause time.Duration, goal float64) error {
	var v pair
	for rep := range p.reps {
		for turn := range 2 {
			l, to := s.ours, &v.ours
			if (turn+rep)%2 == 1 {
				l, to = s.theirs, &v.theirs
			}
			f, err := quantiles(l, 1, size, count, pause, "single")
			if err != nil {
				return err
			}
			*to = append(*to, f["p50"])
		}
	}
	p.spread(v.ours)
	p.spread(v.theirs)
	ours, theirs := median(v.ours), median(v.theirs)
	p.cell(name, ours, theirs, theirs/ours, goal)
	return nil
}

// underLoad is a small message while another client of the node streams.
func (p *peers) underLoad(c *harness.Cluster, nodes int) error {
	var v []float64
	for range p.reps {
		start := ourMembers(c)
		begin := harness.Monotonic()
		load, err := start(1, "-m", "s", "-s", "1024", "-i", "1", "-b", strconv.FormatInt(int64(begin), 10),
			"-e", strconv.FormatInt(int64(begin+30*time.Second), 10))
		if err != nil {
			return err
		}
		time.Sleep(300 * time.Millisecond)
		f, err := quantiles(start, 1, 64, p.count/4, time.Millisecond, "single")
		load.Kill()
		if err != nil {
			return err
		}
		v = append(v, f["p99"])
	}
	p.spread(v)
	p.cell(fmt.Sprintf("3/nodes=%d/streaming p99 us", nodes), median(v), 5000, 5000/median(v), 1)
	return nil
}

// raw measures the network with one way to send and one to receive, MB/s.
func (p *peers) raw(c *harness.Cluster, send, recv string) (float64, error) {
	secs := strconv.FormatFloat(p.span.Seconds(), 'f', 3, 64)
	in := func(node int, mode string) (*harness.Process, error) {
		return c.Net.Start(node, harness.Spec{Name: "udp-" + mode, Path: p.udp, Args: []string{"-m", mode, "-a", c.Net.Address(node), "-t", secs}})
	}
	rx, err := in(2, recv)
	if err != nil {
		return 0, err
	}
	defer rx.Kill()
	time.Sleep(50 * time.Millisecond)
	tx, err := in(1, send)
	if err != nil {
		return 0, err
	}
	defer tx.Kill()
	if _, err := result(tx, "sent", 20*time.Second); err != nil {
		return 0, err
	}
	f, err := result(rx, "received", 20*time.Second)
	return f["mbps"], err
}

// ceiling is the fourth: without encryption, more than a sendto loop can do.
func (p *peers) ceiling() error {
	c, err := p.cluster(2, "secauth:off")
	if err != nil {
		return err
	}
	defer c.Close()
	for _, offload := range []bool{true, false} {
		word := "tso"
		if !offload {
			word = "notso"
		}
		if err := c.Net.Segmentation(offload); err != nil {
			return err
		}
		var sendto, mmsg, gso, gro []float64
		ours := map[int][]float64{}
		sizes := slices.DeleteFunc(slices.Clone(p.sizes), func(n int) bool { return n < 1400 })
		sizes = append([]int{1400}, sizes...)
		for range p.reps {
			for _, y := range []struct {
				send, recv string
				to         *[]float64
			}{{"send", "recv", &sendto}, {"mmsg", "recv", &mmsg}, {"gso", "recv", &gso}, {"gso", "gro", &gro}} {
				v, err := p.raw(c, y.send, y.recv)
				if err != nil {
					return err
				}
				*y.to = append(*y.to, v)
			}
			for _, size := range sizes {
				rate, _, err := stream(ourMembers(c), size, p.span, []int{1}, nil)
				if err != nil {
					return err
				}
				ours[size] = append(ours[size], rate*float64(size)/1e6)
			}
		}
		p.spread(sendto)
		fmt.Fprintf(p.w, "# yardsticks (%s), MB/s: sendto %.0f, sendmmsg %.0f, segmentation offload %.0f, and receive offload %.0f\n",
			word, median(sendto), median(mmsg), median(gso), median(gro))
		for _, size := range sizes {
			p.spread(ours[size])
			m := median(ours[size])
			p.cell(fmt.Sprintf("4/%s/%d/sendto MB/s", word, size), m, median(sendto), m/median(sendto), 1)
			fmt.Fprintf(p.w, "#   of the offload ceiling: %.2f\n", m/max(median(gso), median(gro)))
		}
	}
	return nil
}

// losses is the sixth: what loss on the wire costs, packet by packet.
func (p *peers) losses() error {
	c, err := p.cluster(2)
	if err != nil {
		return err
	}
	defer c.Close()
	// With segmentation by the device a whole batch would be lost as one.
	if err := c.Net.Segmentation(false); err != nil {
		return err
	}
	at := map[int][]float64{}
	const size = 1024
	for range p.reps {
		for _, percent := range []int{0, 1, 10} {
			if err := c.Net.Loss(percent); err != nil {
				return err
			}
			rate, _, err := stream(ourMembers(c), size, p.span, []int{1}, nil)
			if err != nil {
				return fmt.Errorf("%d percent: %w", percent, err)
			}
			at[percent] = append(at[percent], rate)
		}
	}
	for _, v := range at {
		p.spread(v)
	}
	none := median(at[0])
	p.cell("6/loss=1", median(at[1]), none, median(at[1])/none, 0.85)
	p.cell("6/loss=10", median(at[10]), none, median(at[10])/none, 1.0/3)
	return nil
}
