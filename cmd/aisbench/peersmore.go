package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What the comparison shows without a goal, and the groups that other commands
// measure.

// more is rings of up to 16 nodes on loopback, and what promises, encryption and
// the accelerated ring cost.
func (p *peers) more() error {
	for _, nodes := range []int{1, 2, 4, 8, 12, 16} {
		if err := p.onLoopback(nodes); err != nil {
			p.say("# x/loopback/nodes=%d: %v", nodes, err)
		}
	}
	for _, v := range []struct {
		name string
		conf []string
		safe bool
	}{
		{"agreed, encrypted, accelerated", nil, false},
		{"safe, encrypted, accelerated", nil, true},
		{"agreed, not encrypted, accelerated", []string{"secauth:off"}, false},
		{"agreed, encrypted, not accelerated", []string{"accelerated:0"}, false},
	} {
		if err := p.variant(v.name, v.conf, v.safe); err != nil {
			p.say("# x/%s: %v", v.name, err)
		}
	}
	return nil
}

func (p *peers) onLoopback(nodes int) error {
	// With the priority of round robin 16 executives would leave two cores to nobody.
	c, err := (&ringFlags{nodes: nodes}).start()
	if err != nil {
		return err
	}
	defer c.Close()
	const size = 8192
	all := make([]int, nodes)
	for i := range all {
		all[i] = i + 1
	}
	for _, senders := range [][]int{{1}, all} {
		var rates, cpu []float64
		for range p.reps {
			l, err := ourSystem(c).stream(size, p.window(size, nodes), senders...)
			if err != nil {
				return err
			}
			rates, cpu = append(rates, l.rate*size/1e6), append(cpu, l.cpu)
		}
		word := "one sender"
		if len(senders) > 1 || nodes == 1 {
			word = "all senders"
		}
		if nodes == 1 {
			p.report.loopback("one sender", 1, median(rates))
		}
		p.report.loopback(word, nodes, median(rates))
		p.figure(fmt.Sprintf("x/loopback/nodes=%d/%s, %d bytes", nodes, word, size), median(rates), "MB/s")
		p.figure(fmt.Sprintf("x/loopback/nodes=%d/%s, processor time", nodes, word), median(cpu), "s/GB")
		if nodes == 1 {
			break
		}
	}
	return nil
}

func (p *peers) variant(name string, conf []string, safe bool) error {
	c, err := p.cluster(3, conf...)
	if err != nil {
		return err
	}
	defer c.Close()
	y := ourSystem(c)
	if safe {
		y = ourSystem(c, "-S")
	}
	for _, size := range []int{64, 1024, 8192, 65536} {
		var rates, cpu []float64
		for range p.reps {
			l, err := y.stream(size, p.span, 1)
			if err != nil {
				return err
			}
			rates, cpu = append(rates, l.rate), append(cpu, l.cpu)
		}
		p.figure(fmt.Sprintf("x/nodes=3/%d/%s", size, name), median(rates), "messages/s")
		p.figure(fmt.Sprintf("x/nodes=3/%d/%s, processor time", size, name), median(cpu), "s/GB")
	}
	return nil
}

// checkpoints is the fifth group: aisbench ckpt, whose cells are counted here.
func (p *peers) checkpoints() error {
	return p.another("5/", "ckpt", "--cells", "peers", "--reps", strconv.Itoa(min(p.reps, 3)), "--for", (2 * p.span).String(),
		"--out", filepath.Join(p.out, "ckpt"))
}

// growth is the seventh: simulated rings.
func (p *peers) growth() error {
	return p.another("7/", "scale", "--out", filepath.Join(p.out, "scale"))
}

// events is the event service beside the figures of openais. Its times and rates
// have no goal here: three repetitions of half a second.
func (p *peers) events() error {
	return p.another("e/", "evt", "--reps", strconv.Itoa(min(p.reps, 3)), "--for", (5 * p.span / 2).String(), "--out", filepath.Join(p.out, "evt"))
}

// checkpointTables are checkpoints by size, with each guarantee, and over a slow link.
func (p *peers) checkpointTables() error {
	reps := strconv.Itoa(min(p.reps, 3))
	return errors.Join(
		p.another("c/", "ckpt", "--cells", "size,weak", "--reps", reps, "--for", (3*p.span/2).String(), "--out", filepath.Join(p.out, "ckpt-size")),
		p.another("c/", "ckpt", "--cells", "link", "--reps", strconv.Itoa(p.reps), "--for", (5*p.span/2).String(), "--sizes", "4096,16384,35840",
			"--out", filepath.Join(p.out, "ckpt-link")))
}

// anothersTime is how long another measurement may take: none needs a third of it.
const anothersTime = 15 * time.Minute

// another runs a measurement of this program and takes over its cells: lines whose
// last word is ok or short.
func (p *peers) another(prefix string, args ...string) error {
	p.say("# aisbench %s", strings.Join(args, " "))
	ctx, cancel := context.WithTimeout(context.Background(), anothersTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	began := time.Now()
	for s := bufio.NewScanner(out); s.Scan(); {
		if c, ok := parseCell(s.Text()); ok {
			c.Name = prefix + c.Name
			p.cell(c)
		} else {
			p.say("# %s", s.Text())
		}
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("aisbench %s, after %v: %w", strings.Join(args, " "), time.Since(began).Round(time.Second), err)
	}
	return nil
}

// parseCell reads a line of a table: a name, ours, theirs, ratio, goal, verdict.
func parseCell(line string) (peerCell, bool) {
	w := strings.Fields(line)
	if len(w) < 6 || w[len(w)-1] != "ok" && w[len(w)-1] != "short" || strings.HasPrefix(line, "#") {
		return peerCell{}, false
	}
	n := len(w) - 5
	var v [4]float64
	for i := range v {
		x, err := strconv.ParseFloat(w[n+i], 64)
		if err != nil {
			return peerCell{}, false
		}
		v[i] = x
	}
	return peerCell{Name: strings.Join(w[:n], " "), Ours: v[0], Theirs: v[1], Ratio: v[2], Goal: v[3], Reached: w[len(w)-1] == "ok", Judged: true}, true
}
