package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// Ours against corosync, side by side: one line per cell, with what is to be
// reached. peerscells.go has the cells, peersmore.go what else is shown,
// peersreport.go the files. performance.md says how to read it.

// peers is one run of the comparison.
type peers struct {
	w        io.Writer
	out      string
	reps     int
	span     time.Duration
	sizes    []int
	only     string
	match    string
	count    int
	group    bool // round robin for ours, as corosync has
	offloads string

	wanted           *regexp.Regexp
	dir              string
	theirMember, udp string
	missing          error  // why nothing of theirs can be measured; nil: it can
	classes          string // scheduling classes that were told last
	report           report
}

var quickSizes = []int{64, 1024, 8192, 65536, 1000000}
var allSizes = []int{64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 262144, 1000000}

func init() {
	var p peers
	var quick bool
	cmd := &cobra.Command{
		Use:   "peers",
		Short: "Ours against corosync, cell by cell (root; corosync and libcpg-dev, else ours alone)",
		Long: `peers prints one line per cell, with ok or short as its last word, and what is
short at the end. A cell that fails is short, and its reason is told. Without corosync
ours and the yardsticks are measured; cells that need theirs are short. Groups of cells
(--cells):

  1  one sender                    5  checkpoints (aisbench ckpt --cells peers)
  2  all senders, processor time   6  loss
  3  latency                       7  simulated rings (aisbench scale)
  4  the ceiling of a sendto loop  c  checkpoints by size, slow link (aisbench ckpt)
  e  events (aisbench evt)
  x  without a goal: up to 16 nodes on loopback, safe delivery, without encryption,
     without the accelerated ring

Table, JSON and plots are written to the directory of --out; those of 5, 7, c and e to
directories within it. A group that fails does not keep the others from running.`,
		Args: cobra.NoArgs,

		Annotations: map[string]string{byItself: "make bench-peers: root, corosync, three quarters of an hour"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if quick {
				flag := func(name string, set func()) {
					if !cmd.Flags().Changed(name) {
						set()
					}
				}
				flag("reps", func() { p.reps = 1 })
				flag("sizes", func() { p.sizes = quickSizes })
				flag("count", func() { p.count = 500 })
			}
			return p.run(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "few sizes, one repetition: to see where one is")
	cmd.Flags().StringVar(&p.out, "out", "bench-peers", "directory of table, JSON and plots")
	cmd.Flags().IntVar(&p.reps, "reps", 5, "alternating repetitions of each cell; the median counts")
	cmd.Flags().DurationVar(&p.span, "for", 200*time.Millisecond, "time of one throughput measurement; twice as long for messages of 64 KB and more, four times with several senders")
	cmd.Flags().IntSliceVar(&p.sizes, "sizes", allSizes, "bytes")
	cmd.Flags().IntVar(&p.count, "count", 2000, "messages of one latency measurement")
	cmd.Flags().StringVar(&p.only, "cells", "1,2,3,4,5,6,7,c,e,x", "which groups of cells")
	cmd.Flags().StringVar(&p.match, "match", "", "only cells of groups 1 to 4 and 6 whose names match this expression")
	cmd.Flags().BoolVar(&p.group, "rr", true, "round robin scheduling for our executives and the yardsticks, as corosync has by default")
	cmd.Flags().StringVar(&p.offloads, "offload", "on,off", "tx-udp-segmentation of the links for throughput: on, off (as with a card that segments in software), or both")
	register(cmd)
}

func (p *peers) run(stdout io.Writer) error {
	if err := harness.CanNamespaces(); err != nil {
		return err
	}
	p.missing = haveRival()
	var err error
	if p.wanted, err = regexp.Compile(p.match); err != nil {
		return err
	}
	for _, w := range p.segmentations() {
		if w != "on" && w != "off" {
			return fmt.Errorf("--offload %s: on and off are the words", p.offloads)
		}
	}
	b, err := harness.FindBuild()
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("/tmp", "aispeers-"); err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	if p.missing == nil {
		p.theirMember, p.missing = compileRival(b, p.dir)
	}
	if p.udp, err = b.CompileC(udpSource, harness.GenB); err != nil {
		return err
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return err
	}
	table, err := os.Create(filepath.Join(p.out, "peers.txt"))
	if err != nil {
		return err
	}
	defer table.Close()
	p.w = io.MultiWriter(stdout, table)
	p.begin()
	for _, c := range []struct {
		id  string
		run func() error
	}{
		{"3", p.latencies}, {"1", p.oneSender}, {"2", p.allSenders}, {"4", p.ceiling}, {"6", p.losses}, {"5", p.checkpoints},
		{"7", p.growth}, {"x", p.more}, {"e", p.events}, {"c", p.checkpointTables},
	} {
		if !hasWord(p.only, c.id) {
			continue
		}
		began := time.Now()
		if err := c.run(); err != nil {
			p.failed("group "+c.id, "", 0, err)
		}
		p.took(c.id, time.Since(began))
		if err := p.save(); err != nil {
			return err
		}
	}
	p.end()
	return errors.Join(p.save(), table.Close())
}

// segmentations are the states of the links that throughput is measured in.
func (p *peers) segmentations() (list []string) {
	for _, w := range []string{"on", "off"} {
		if hasWord(p.offloads, w) {
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		list = []string{p.offloads}
	}
	return list
}

// window is how long messages of size are measured: longer when few are delivered,
// and when there are many senders, for the executives' priority leaves their programs
// a part of each second only.
func (p *peers) window(size, senders int) time.Duration {
	switch {
	case senders > 1:
		return 4 * p.span
	case size >= 65536:
		return 2 * p.span
	}
	return p.span
}

// side is our cluster with corosync beside it, if one is asked for.
type side struct {
	c      *harness.Cluster
	r      *rival
	ours   system
	theirs system
}

func (p *peers) cluster(nodes int, conf ...string) (*harness.Cluster, error) {
	return p.start(ringFlags{nodes: nodes, namespaces: true, conf: conf})
}

func (p *peers) start(f ringFlags) (*harness.Cluster, error) {
	c, err := f.start()
	if err != nil {
		return nil, err
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

// alone is our cluster with nothing beside it.
func (p *peers) alone(c *harness.Cluster) *side {
	p.tellClasses("aisexec", c.Nodes[0].Exec.PID)
	return &side{c: c, ours: ourSystem(c)}
}

// ourSystem is the executives of c.
func ourSystem(c *harness.Cluster, more ...string) system {
	y := system{start: func(node int, args ...string) (*harness.Process, error) {
		return c.Nodes[node-1].RunC(memberSource, harness.GenB, append(args, more...)...)
	}}
	for _, n := range c.Nodes {
		y.pids = append(y.pids, n.Exec.PID)
	}
	return y
}

// beside starts one of corosync's transports in the network of c; where it is not
// installed ours are alone.
func (p *peers) beside(c *harness.Cluster, t transport) (*side, error) {
	if p.missing != nil {
		return p.alone(c), nil
	}
	r, err := startRival(c.Net, len(c.Nodes), t)
	if err != nil {
		return nil, err
	}
	theirs := system{start: func(node int, args ...string) (*harness.Process, error) {
		return c.Net.Start(node, harness.Spec{Name: fmt.Sprintf("member-cpg@%d", node), Path: p.theirMember, Args: args})
	}}
	p.tellClasses("aisexec", c.Nodes[0].Exec.PID, "corosync", r.nodes[0].PID)
	s := &side{c: c, ours: ourSystem(c), theirs: theirs}
	s.with(r)
	return s, nil
}

func (s *side) with(r *rival) {
	s.r, s.theirs.pids = r, nil
	for _, n := range r.nodes {
		s.theirs.pids = append(s.theirs.pids, n.PID)
	}
}

// revive starts theirs again if one of it has ended by itself, and says so: what is
// measured next is not to suffer from it.
func (p *peers) revive(s *side) {
	if s.r == nil {
		return
	}
	node := s.r.ended()
	if node == 0 {
		return
	}
	p.say("# corosync (%s) of node %d ended by itself; it is started again", s.r.transport.name, node)
	s.r.stop()
	r, err := startRival(s.c.Net, len(s.c.Nodes), s.r.transport)
	if err != nil {
		p.say("# %v", err)
		return // s.r has ended; the cells that follow say so
	}
	s.with(r)
}

// pair is the repetitions of one cell.
type pair struct {
	ours, theirs       []float64
	oursCPU, theirsCPU []float64
	err                error // of the last repetition that failed twice
}

// enough tells whether most of n repetitions are there; else why not.
func (r *pair) enough(n int) error {
	if r == nil {
		return errors.New("it was not measured")
	}
	if need := n/2 + 1; len(r.ours) >= need && len(r.theirs) >= need {
		return nil
	}
	if r.err != nil {
		return r.err
	}
	return fmt.Errorf("%d and %d of %d repetitions", len(r.ours), len(r.theirs), n)
}

// run is what was measured of one size, one transport and one state of the links.
type run struct {
	transport, segmentation string
	size                    int
}

// pairs measures every size, ours and theirs in turn, all sizes once and then
// again.
func (p *peers) pairs(s *side, of run, out map[run]*pair, sizes, senders []int) {
	for rep := range p.reps {
		for _, size := range sizes {
			of.size = size
			pr := out[of]
			if pr == nil {
				pr = &pair{}
				out[of] = pr
			}
			for turn := range 2 {
				y, to, cpu := &s.ours, &pr.ours, &pr.oursCPU
				if (turn+rep)%2 == 1 {
					y, to, cpu = &s.theirs, &pr.theirs, &pr.theirsCPU
				}
				if y.start == nil {
					continue
				}
				l, err := y.stream(size, p.window(size, len(senders)), senders...)
				if err != nil || l.rate == 0 {
					p.revive(s)
					l, err = y.stream(size, p.window(size, len(senders)), senders...)
				}
				if err == nil && l.rate == 0 {
					err = errors.New("nothing was delivered")
				}
				if err != nil {
					pr.err = err
					continue
				}
				*to, *cpu = append(*to, l.rate), append(*cpu, l.cpu)
			}
		}
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

// raw measures the network with one way to send and one to receive, MB/s; both
// programs are scheduled round robin, as the executives are, or normally.
func (p *peers) raw(c *harness.Cluster, send, recv string, group bool) (float64, error) {
	secs := strconv.FormatFloat(p.span.Seconds(), 'f', 3, 64)
	in := func(node int, mode string) (*harness.Process, error) {
		args := []string{"-m", mode, "-a", c.Net.Address(node), "-t", secs}
		if group {
			args = append(args, "-r")
		}
		return c.Net.Start(node, harness.Spec{Name: "udp-" + mode, Path: p.udp, Args: args})
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
