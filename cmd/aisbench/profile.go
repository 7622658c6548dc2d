package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// Where the time of executives goes, and what they ask of the heap, for the cells
// that matter most. Processor time is sampled from outside (perf), allocations are
// counters of aisctl status: an executive has no port for profiles.

// profiled is one load.
type profiled struct {
	name    string
	nodes   int
	conf    []string
	size    int
	senders []int
	kind    string // profileLatency and so on; empty: throughput
}

// What is measured besides throughput.
const (
	profileLatency = "latency"
	profileSilence = "silence" // latency after silence
	profileStream  = "stream"  // p99 while another client of the node streams
	profileLoss    = "loss"    // throughput with 1 percent of the packets lost
	profileWrites  = "writes"  // checkpoint overwrites: a program for each sender
)

var profiledLoads = []profiled{
	{"1 node, 64 B, one sender", 1, nil, 64, []int{1}, ""},
	{"1 node, 32 KB, one sender", 1, nil, 32768, []int{1}, ""},
	{"2 nodes, 64 B, one sender", 2, nil, 64, []int{1}, ""},
	{"2 nodes, 1 KB, one sender", 2, nil, 1024, []int{1}, ""},
	{"2 nodes, 64 KB, one sender", 2, nil, 65536, []int{1}, ""},
	{"2 nodes, 1 MB, one sender", 2, nil, 1000000, []int{1}, ""},
	{"3 nodes, 1 KB, all senders", 3, nil, 1024, []int{1, 2, 3}, ""},
	{"2 nodes, 8 KB, one sender, not encrypted", 2, []string{"secauth:off"}, 8192, []int{1}, ""},
	{"2 nodes, 64 B, one message outstanding", 2, nil, 64, []int{1}, profileLatency},
	{"2 nodes, 64 B, one message outstanding after 100 ms of silence", 2, nil, 64, []int{1}, profileSilence},
	{"2 nodes, 64 B, one message outstanding beside a stream of 1 KB", 2, nil, 64, []int{1}, profileStream},
	{"2 nodes, 1 KB, one sender, 1 percent loss", 2, nil, 1024, []int{1}, profileLoss},
	{"1 node, checkpoint overwrites of 1 KB, one writer", 1, nil, 1024, []int{1}, profileWrites},
	{"3 nodes, checkpoint overwrites of 1 KB, eight writers", 3, nil, 1024, []int{1, 1, 1, 1, 1, 1, 1, 1}, profileWrites},
}

// The rooms that a symbol belongs to, the first that matches.
var profileRooms = []struct {
	name string
	of   *regexp.Regexp
}{
	{"AES-GCM", regexp.MustCompile(`gcmAes|aes\.|crypto/`)},
	{"copying (memmove, memclr)", regexp.MustCompile(`runtime\.mem(move|clr)`)},
	{"packing and unpacking", regexp.MustCompile(`^ais/exec/gmi`)},
	{"ring of nodes", regexp.MustCompile(`^ais/exec/totem/(srp|wire)`)},
	{"sealing, transport, driver", regexp.MustCompile(`^ais/exec/totem`)},
	{"libraries' connections", regexp.MustCompile(`^ais/(exec/ipc|libais)`)},
	{"loop", regexp.MustCompile(`^ais/exec/loop`)},
	{"services", regexp.MustCompile(`^ais/`)},
	{"Go runtime", regexp.MustCompile(`^(runtime|sync|internal|time|vdso|\[vdso)|^__vdso|^clock_gettime|syscall|golang.org`)},
}

func init() {
	var span time.Duration
	var group bool
	var match string
	cmd := &cobra.Command{
		Use:   "profile",
		Short: "Where the executives' processor time goes, and what they allocate (root; perf)",
		Args:  cobra.NoArgs,

		Annotations: map[string]string{byItself: "root and perf"},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := harness.CanNamespaces(); err != nil {
				return err
			}
			if _, err := exec.LookPath("perf"); err != nil {
				return errors.New("perf is not installed (Debian: linux-perf)")
			}
			wanted, err := regexp.Compile(match)
			if err != nil {
				return err
			}
			var failed []error
			for _, l := range profiledLoads {
				if !wanted.MatchString(l.name) {
					continue
				}
				if err := l.profile(cmd.OutOrStdout(), l.longer(span), group); err != nil {
					failed = append(failed, fmt.Errorf("%s: %w", l.name, err))
				}
			}
			return errors.Join(failed...)
		},
	}
	cmd.Flags().DurationVar(&span, "for", 2*time.Second, "time of a measurement; longer after silence, and with three nodes")
	cmd.Flags().BoolVar(&group, "rr", true, "round robin scheduling for executives")
	cmd.Flags().StringVar(&match, "match", "", "only loads whose names match this expression")
	register(cmd)
}

// longer is the time of a measurement that has samples enough: after silence an
// executive hardly runs; where three nodes share two cores at this priority the
// sampler does not get many.
func (l *profiled) longer(span time.Duration) time.Duration {
	switch {
	case l.kind == profileSilence:
		return 5 * span
	case l.nodes > 2:
		return 4 * span
	}
	return span
}

// frequency is how often a second is sampled.
func (l *profiled) frequency() string {
	if l.kind == profileSilence {
		return "20000"
	}
	return "2500"
}

func (l *profiled) unit() string {
	switch l.kind {
	case profileLatency, profileSilence:
		return "us p50"
	case profileStream:
		return "us p99"
	case profileWrites:
		return "writes/s"
	}
	return "messages/s"
}

// run loads the cluster for d and returns the figure of the load.
func (l *profiled) run(c *harness.Cluster, d time.Duration, group bool) (float64, error) {
	start := ourSystem(c).start
	at := func(d time.Duration) string { return strconv.FormatInt(int64(harness.Monotonic()+d), 10) }
	switch l.kind {
	case profileLatency:
		f, err := quantiles(start, 1, l.size, int(d/(100*time.Microsecond)), 0, "profile")
		return f["p50"], err
	case profileSilence:
		f, err := quantiles(start, 1, l.size, max(int(d/silent), 2), silent, "profile")
		return f["p50"], err
	case profileStream:
		busy, err := start(1, "-m", "s", "-g", "stream", "-s", "1024", "-i", "1", "-b", at(0), "-e", at(d+time.Minute))
		if err != nil {
			return 0, err
		}
		defer busy.Kill()
		f, err := quantiles(start, 1, l.size, max(int(d/(2*time.Millisecond)), 2), time.Millisecond, "profile", "-e", at(lead+d))
		return f["p99"], err
	case profileWrites:
		b := ckptBench{span: d, reps: 1, rr: group, where: "namespaces"}
		x, err := b.writers(c, len(l.senders), l.size, "all")
		return x.PerSecond, err
	}
	r, err := ourSystem(c).stream(l.size, d, l.senders...)
	return r.rate, err
}

// profile measures one load: once to warm up, then with the samples of the first
// executive, and of the second if there is one.
func (l *profiled) profile(w io.Writer, span time.Duration, group bool) error {
	p := peers{group: group}
	c, err := p.cluster(l.nodes, l.conf...)
	if err != nil {
		return err
	}
	defer c.Close()
	if l.kind == profileLoss {
		// With segmentation by the device a whole batch would be lost as one.
		if err := errors.Join(c.Net.Segmentation(false), c.Net.Loss(1)); err != nil {
			return err
		}
	}
	if _, err := l.run(c, min(span, 2*time.Second), group); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("/tmp", "aisprofile-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	symbols, err := symbolsOf(c.Build.Bin("aisexec"))
	if err != nil {
		return err
	}
	nodes := c.Nodes[:min(2, len(c.Nodes))]
	var perfs []*exec.Cmd
	for i, n := range nodes {
		cmd := exec.Command("perf", "record", "-q", "-F", l.frequency(), "-o", filepath.Join(dir, strconv.Itoa(i)), "-p", strconv.Itoa(n.Exec.PID),
			"--", "sleep", strconv.FormatFloat((lead+span).Seconds(), 'f', 2, 64))
		if err := cmd.Start(); err != nil {
			return err
		}
		perfs = append(perfs, cmd)
	}
	// A question costs allocations of its own, and so does the start of a program:
	// the answers are from within the run, less what a question costs.
	idle, err := heapOf(nodes)
	if err != nil {
		return err
	}
	again, err := heapOf(nodes)
	if err != nil {
		return err
	}
	type outcome struct {
		figure float64
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		f, err := l.run(c, span, group)
		done <- outcome{f, err}
	}()
	time.Sleep(lead + span/5)
	before, err := heapOf(nodes)
	time.Sleep(span / 2)
	after, err2 := heapOf(nodes)
	result := <-done
	err = errors.Join(result.err, err, err2)
	for _, cmd := range perfs {
		err = errors.Join(err, cmd.Wait())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n== %s: %.0f %s\n", l.name, result.figure, l.unit())
	for i := range nodes {
		objects := after[i].objects - before[i].objects - (again[i].objects - idle[i].objects)
		size := after[i].bytes - before[i].bytes - (again[i].bytes - idle[i].bytes)
		fmt.Fprintf(w, "node %d: %.0f objects and %.0f bytes of the heap for %.0f messages delivered, %.0f collections\n", i+1,
			max(objects, 0), max(size, 0), after[i].messages-before[i].messages, after[i].collections-before[i].collections)
		if err := l.samples(w, filepath.Join(dir, strconv.Itoa(i)), i+1, symbols); err != nil {
			return err
		}
	}
	return nil
}

// heapUse is counters of an executive.
type heapUse struct{ objects, bytes, collections, messages float64 }

func heapOf(nodes []*harness.Node) (list []heapUse, err error) {
	for _, n := range nodes {
		s, err := n.Status()
		if err != nil {
			return nil, err
		}
		at := func(name string) float64 { return float64(s.Int("counters." + name)) }
		list = append(list, heapUse{at("heap.objects"), at("heap.bytes"), at("heap.collections"), at("gmi.delivered")})
	}
	return list, nil
}

// samples prints the samples of a recording by room, and the symbols above 2 percent.
func (l *profiled) samples(w io.Writer, file string, node int, symbols *gosym.Table) error {
	var stderr bytes.Buffer
	cmd := exec.Command("perf", "script", "-i", file, "-F", "ip,sym", "-G")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("perf script: %w: %s", err, stderr.String())
	}
	rooms, names := map[string]float64{}, map[string]float64{}
	total := 0.0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		ip, err := strconv.ParseUint(f[0], 16, 64)
		if err != nil {
			continue
		}
		symbol := strings.Join(f[1:], " ")
		kernel := ip>>63 != 0
		if fn := symbols.PCToFunc(ip); !kernel && fn != nil {
			symbol = fn.Name
		}
		total++
		names[symbol]++
		rooms[roomOf(symbol, kernel)]++
	}
	if total == 0 {
		return errors.New("no samples")
	}
	for _, r := range ranked(rooms) {
		fmt.Fprintf(w, "node %d: %5.1f %% %s\n", node, rooms[r]/total*100, r)
	}
	fmt.Fprintf(w, "node %d, above 2 %%:", node)
	for _, n := range ranked(names) {
		if v := names[n] / total * 100; v >= 2 {
			fmt.Fprintf(w, " %s %.1f;", n, v)
		}
	}
	fmt.Fprintln(w)
	return nil
}

// ranked is the names of m, the largest first.
func ranked(m map[string]float64) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

// symbolsOf reads the table of functions that every Go program carries, stripped or
// not.
func symbolsOf(program string) (*gosym.Table, error) {
	f, err := elf.Open(program)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, text := f.Section(".gopclntab"), f.Section(".text")
	if table == nil || text == nil {
		return nil, fmt.Errorf("%s has no table of functions", program)
	}
	data, err := table.Data()
	if err != nil {
		return nil, err
	}
	return gosym.NewTable(nil, gosym.NewLineTable(data, text.Addr))
}

func roomOf(symbol string, kernel bool) string {
	if kernel {
		return "kernel"
	}
	for _, r := range profileRooms {
		if r.of.MatchString(symbol) {
			return r.name
		}
	}
	return "other"
}
