package campaign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ais/ctests/harness"
)

// ckptWriter is a ckpt_write program on a node.
type ckptWriter struct {
	node  *harness.Node
	proc  *harness.Process
	at    int // position in its output
	setAt int // position after the last set
	dir   string
}

func startCkptWriter(c *harness.Cluster, n *harness.Node) (*ckptWriter, error) {
	path, err := c.Build.CompileC("ctests/campaign/c/ckpt_write.c", harness.GenB)
	if err != nil {
		return nil, err
	}
	p, err := n.Run(harness.Spec{Name: fmt.Sprintf("ckpt_write@%d", n.Index), Path: path, Input: true,
		Args: append([]string{"-i", strconv.FormatUint(uint64(n.ID), 10)}, shapeArgs()...)})
	if err != nil {
		return nil, err
	}
	return &ckptWriter{node: n, proc: p, dir: n.ConfDir}, nil
}

func shapeArgs() (args []string) {
	for _, s := range ckptShapes {
		args = append(args, "-c", s)
	}
	return args
}

// ask sends a command and waits for the answer.
func (w *ckptWriter) ask(command, answer string, timeout time.Duration) error {
	if _, err := fmt.Fprintln(w.proc.Stdin, command); err != nil {
		return fmt.Errorf("%s: %w\n%s", w.proc.Name, err, w.proc.Stdout)
	}
	_, next, err := w.proc.Stdout.Wait(w.at, timeout, func(s string) bool { return strings.HasPrefix(s, answer) })
	if err != nil {
		return fmt.Errorf("%s: %q: %w\n%s%s", w.proc.Name, command, err, w.proc.Stdout, w.proc.Stderr)
	}
	w.at = next
	return nil
}

// set says which sections to write from now on; when it returns, what was written
// before is acknowledged, or its fate is known to be unknown.
func (w *ckptWriter) set(list []int) error {
	words := make([]string, len(list))
	for i, k := range list {
		words[i] = strconv.Itoa(k)
	}
	text := strings.Join(words, ",")
	if len(list) == 0 {
		text = "-"
	}
	if err := w.ask("set "+text, "set ", patience); err != nil {
		return err
	}
	w.setAt = w.at
	return nil
}

// round waits until every section of the set was acknowledged once.
func (w *ckptWriter) round() error {
	_, _, err := w.proc.Stdout.Wait(w.setAt, patience, func(s string) bool { return strings.HasPrefix(s, "round ") })
	if err != nil {
		return fmt.Errorf("%s: not every section was written: %w\n%s", w.proc.Name, err, w.proc.Stdout)
	}
	return nil
}

// ckptWrite is one write as its program saw it.
type ckptWrite struct {
	writer              int // node, from 0
	incarnation, number uint64
	section             int
	size                uint32
	acked               bool // else its executive died meanwhile
	begin, end          time.Duration
	wallBegin, wallEnd  int64
}

const ckptRecord = 64

// dump takes a writer's records of the cycle into the model.
func (w *ckptWriter) dump(m *ckptModel, writer int, cy *ckptCycle) error {
	path := filepath.Join(w.dir, "writes")
	if err := w.ask("dump "+path, "dumped ", patience); err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if len(data)%ckptRecord != 0 {
		return fmt.Errorf("%s: %d bytes are no records", path, len(data))
	}
	ne := binary.NativeEndian
	for ; len(data) > 0; data = data[ckptRecord:] {
		x := ckptWrite{
			writer: writer, number: ne.Uint64(data), section: int(ne.Uint32(data[8:])), size: ne.Uint32(data[12:]),
			acked: ne.Uint32(data[16:]) == 1,
			begin: time.Duration(ne.Uint64(data[24:])), end: time.Duration(ne.Uint64(data[32:])),
			wallBegin: int64(ne.Uint64(data[40:])), wallEnd: int64(ne.Uint64(data[48:])), incarnation: ne.Uint64(data[56:]),
		}
		if x.section >= ckptSections {
			return fmt.Errorf("%s: section %d", path, x.section)
		}
		m.writes[x.section] = append(m.writes[x.section], x)
	}
	return nil
}

// ckptTag says who wrote what is in a section.
type ckptTag struct {
	node                uint32
	incarnation, number uint64
	size                uint64
}

// ckptContent is what a node has.
type ckptContent struct {
	node     *harness.Node
	sections map[int]ckptTag
	sums     []string // a line for each checkpoint: name, sections, checksum
	raw      []string
}

// readCkpt reads everything through the C library of a node.
func readCkpt(n *harness.Node) (*ckptContent, error) {
	p, err := n.RunC("ctests/campaign/c/ckpt_read.c", harness.GenB, shapeArgs()...)
	if err != nil {
		return nil, err
	}
	if err := p.Wait(patience); err != nil {
		return nil, fmt.Errorf("reading on node %d: %w\n%s", n.Index, err, p.Stdout)
	}
	c := &ckptContent{node: n, sections: map[int]ckptTag{}, raw: p.Stdout.From(0)}
	for _, line := range c.raw {
		f := strings.Fields(line)
		switch {
		case len(f) == 8 && f[0] == "S":
			k, ok := sectionNumber(f[1], f[2])
			node, err1 := strconv.ParseUint(f[3], 10, 32)
			inc, err2 := strconv.ParseUint(f[4], 10, 64)
			num, err3 := strconv.ParseUint(f[5], 10, 64)
			size, err4 := strconv.ParseUint(f[6], 10, 64)
			if err := errors.Join(err1, err2, err3, err4); err != nil || !ok {
				return nil, fmt.Errorf("node %d: %q", n.Index, line)
			}
			c.sections[k] = ckptTag{uint32(node), inc, num, size}
		case len(f) == 4 && f[0] == "C":
			c.sums = append(c.sums, line)
		default:
			return nil, fmt.Errorf("node %d: %q", n.Index, line)
		}
	}
	if len(c.sums) != len(ckptShapes) {
		return nil, fmt.Errorf("node %d: %d checkpoints were read:\n%s", n.Index, len(c.sums), p.Stdout)
	}
	return c, nil
}

// sectionNumber numbers the sections of all checkpoints.
func sectionNumber(name, section string) (int, bool) {
	first := 0
	for _, s := range ckptShapes {
		f := strings.Split(s, ":")
		n, _ := strconv.Atoi(f[1])
		if f[0] == name {
			k, err := strconv.Atoi(strings.TrimPrefix(section, "s"))
			return first + k, err == nil && k >= 0 && k < n && strings.HasPrefix(section, "s")
		}
		first += n
	}
	return 0, false
}

// sameContent demands the same checkpoints, to the byte, of all nodes.
func sameContent(lists []*ckptContent) error {
	for _, l := range lists[1:] {
		if slices.Equal(l.sums, lists[0].sums) {
			continue
		}
		var diff []string
		a, b := slices.Sorted(slices.Values(lists[0].raw)), slices.Sorted(slices.Values(l.raw))
		for _, line := range a {
			if _, ok := slices.BinarySearch(b, line); !ok {
				diff = append(diff, fmt.Sprintf("node %d: %s", lists[0].node.Index, line))
			}
		}
		for _, line := range b {
			if _, ok := slices.BinarySearch(a, line); !ok {
				diff = append(diff, fmt.Sprintf("node %d: %s", l.node.Index, line))
			}
		}
		slices.Sort(diff)
		if len(diff) > 20 {
			diff = diff[:20]
		}
		return fmt.Errorf("nodes %d and %d differ:\n%s", lists[0].node.Index, l.node.Index, strings.Join(diff, "\n"))
	}
	if n := len(lists[0].sections); n != ckptSections {
		return fmt.Errorf("%d sections, not %d", n, ckptSections)
	}
	return nil
}

// ckptLoss is a write that the executives reported as discarded.
type ckptLoss struct {
	kind    string
	section int
	node    uint32
	written int64
}

func (l ckptLoss) String() string {
	return fmt.Sprintf("%s of section %d by node %s at %s", l.kind, l.section,
		(&harness.Node{ID: l.node}).Label(), time.Unix(0, l.written).UTC().Format(time.RFC3339Nano))
}

// noReplica is how executives call what they discard because no member of their
// partition has it whole. Where a node that has it comes back it was no loss, and
// they say so.
const noReplica = "no whole replica"

// losses is what the executives reported during the cycle. Each must be reported
// once by every executive that lived through it; in a ring that came together in
// several steps, or broke once more, by those that were there.
func (cy *ckptCycle) losses() (out []ckptLoss, err error) {
	all := map[ckptLoss]int{}
	through := 0
	for i, n := range cy.t.c.Nodes {
		from, same := 0, len(cy.starts) > i && cy.starts[i] == n.Exec.PID
		if same {
			from = cy.began[i]
		}
		if same || cy.starts == nil {
			through++
		}
		list, err := lossesIn(n.Exec.Stderr.From(from))
		if err != nil {
			return nil, fmt.Errorf("node %d: %w", n.Index, err)
		}
		mine := map[ckptLoss]bool{}
		for _, l := range list {
			if l.kind == noReplica {
				cy.given[i] = append(cy.given[i], l)
				continue
			}
			if mine[l] {
				return nil, fmt.Errorf("node %d reported twice: %v", n.Index, l)
			}
			mine[l] = true
			all[l]++
		}
	}
	for l, n := range all {
		out = append(out, l)
		if len(cy.sides) == 2 && n < through && !cy.parted() {
			return nil, fmt.Errorf("only %d of %d executives reported: %v", n, through, l)
		}
	}
	slices.SortFunc(out, func(a, b ckptLoss) int { return a.section - b.section })
	return out, nil
}

// cameBack demands that everything an executive gave up for want of a whole replica
// was told to be there again, except what is gone indeed.
func (t *ckptTrial) cameBack(n *harness.Node) error {
	list, err := lossesIn(n.Exec.Stderr.From(0))
	if err != nil {
		return fmt.Errorf("node %d: %w", n.Index, err)
	}
	given := 0
	for _, l := range list {
		if l.kind == noReplica {
			given++
		}
	}
	s, err := n.Status()
	if err != nil {
		return err
	}
	back, ok := s["counters.ckpt.returned"]
	if !ok {
		return errors.New("the status has no counters.ckpt.returned")
	}
	gone, vague := t.model.gone[n.Exec.PID], t.model.vague[n.Exec.PID]
	if int(s.Int("counters.ckpt.returned")) > given-gone || !vague && back != float64(given-gone) {
		return fmt.Errorf("node %d gave up %d sections without a whole replica, of which %d are gone, and told of %v that they are there again",
			n.Index, given, gone, back)
	}
	return nil
}

// lossesIn reads the lines in which an executive reports what it discarded.
func lossesIn(lines []string) (out []ckptLoss, err error) {
	for _, line := range lines {
		if strings.Contains(line, "lines lost: standard error was not read") {
			return nil, errors.New("its log is not complete")
		}
		if !strings.Contains(line, "a merge of partitions discarded a change of a checkpoint") {
			continue
		}
		f, err := logFields(line)
		if err != nil {
			return nil, fmt.Errorf("%w in %q", err, line)
		}
		id, err1 := strconv.Unquote(f["section"])
		node, err2 := strconv.ParseUint(f["node"], 10, 32)
		written, err3 := time.Parse(time.RFC3339Nano, f["written"])
		k, ok := sectionNumber(f["checkpoint"], id)
		if err := errors.Join(err1, err2, err3); err != nil || !ok {
			return nil, fmt.Errorf("a loss that names no section of this trial: %q: %w", line, err)
		}
		out = append(out, ckptLoss{f["kind"], k, uint32(node), written.UnixNano()})
	}
	return out, nil
}

// logFields reads key=value pairs, values quoted where they need it.
func logFields(line string) (map[string]string, error) {
	out := map[string]string{}
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		key, rest, ok := strings.Cut(line, "=")
		if !ok {
			return nil, errors.New("no pair")
		}
		value := rest
		if strings.HasPrefix(rest, `"`) {
			q, err := strconv.QuotedPrefix(rest)
			if err != nil {
				return nil, err
			}
			if value, err = strconv.Unquote(q); err != nil {
				return nil, err
			}
			line = rest[len(q):]
		} else {
			value, line, _ = strings.Cut(rest, " ")
		}
		out[key] = value
	}
	return out, nil
}
