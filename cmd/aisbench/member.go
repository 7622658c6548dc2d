package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// The C programs of a measurement (ctests/bench): started on nodes, and their
// one line of results.

const (
	memberSource = "ctests/bench/member.c"
	udpSource    = "ctests/bench/udp.c"
)

// fields are the name=value pairs of a line.
type fields map[string]float64

func parseFields(line string) fields {
	f := fields{}
	for _, w := range strings.Fields(line) {
		k, v, ok := strings.Cut(w, "=")
		if x, err := strconv.ParseFloat(v, 64); ok && err == nil {
			f[k] = x
		}
	}
	return f
}

// result waits for a program's end and reads the line that begins with word.
func result(p *harness.Process, word string, timeout time.Duration) (fields, error) {
	err := p.Wait(timeout)
	for line := range strings.Lines(p.Stdout.String()) {
		if strings.HasPrefix(line, word+" ") {
			return parseFields(line), nil
		}
	}
	return nil, fmt.Errorf("%s: no result (%v): %s%s", p.Name, err, p.Stdout.String(), p.Stderr.String())
}

// launcher starts a member program on a node, of either system.
type launcher func(node int, args ...string) (*harness.Process, error)

// lead is how long programs have to start before the window opens, at first; on a
// busy machine they may need longer.
const lead = 150 * time.Millisecond

// load is one measurement of throughput.
type load struct {
	rate float64 // messages per second that the first sender got, from everybody
	cpu  float64 // seconds of the executives per GB that was multicast; 0: not asked for
}

// system is one of those that are measured: how its member programs are started,
// and its executives.
type system struct {
	start launcher
	pids  []int
}

// errLate: a program had not started when its window opened.
var errLate = errors.New("programs were not ready when the window opened")

// stream has members send messages of size on the nodes of senders.
func (y system) stream(size int, span time.Duration, senders ...int) (load, error) {
	for wait := lead; ; wait *= 3 {
		before := cpuOf(y.pids)
		l, bytes, err := y.streamOnce(size, span, wait, senders)
		if err == errLate && wait < 10*lead {
			continue
		}
		if bytes > 0 {
			l.cpu = (cpuOf(y.pids) - before).Seconds() / bytes * 1e9
		}
		return l, err
	}
}

func (y system) streamOnce(size int, span, wait time.Duration, senders []int) (l load, bytes float64, err error) {
	begin := harness.Monotonic() + wait
	// A group of its own: nothing of an earlier run is delivered in it.
	window := []string{"-m", "s", "-g", fmt.Sprintf("b%d", begin), "-s", strconv.Itoa(size), "-b", strconv.FormatInt(int64(begin), 10),
		"-e", strconv.FormatInt(int64(begin+span), 10)}
	var all []*harness.Process
	defer func() {
		for _, p := range all {
			p.Kill()
		}
	}()
	for _, n := range senders {
		p, err := y.start(n, append([]string{"-i", strconv.Itoa(n)}, window...)...)
		if err != nil {
			return l, 0, err
		}
		all = append(all, p)
	}
	for i, p := range all {
		f, e := result(p, "stream", wait+span+10*time.Second)
		if e != nil {
			return l, 0, e
		}
		if f["late"] != 0 {
			err = errLate
		}
		if i == 0 {
			l.rate = f["counted"] / f["seconds"]
		}
		bytes += f["sent"] * float64(size)
	}
	return l, bytes, err
}

// cpuOf is the processor time of processes, to the nanosecond.
func cpuOf(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		for _, t := range tasks {
			text, err := os.ReadFile(t)
			if err != nil {
				continue // a thread that ended meanwhile
			}
			if f := strings.Fields(string(text)); len(f) > 0 {
				ns, _ := strconv.ParseInt(f[0], 10, 64)
				sum += time.Duration(ns)
			}
		}
	}
	return sum
}

// quantiles runs one member with one message outstanding.
func quantiles(start launcher, node, size, count int, pause time.Duration, group string, more ...string) (fields, error) {
	p, err := start(node, latencyArgs("l", node, size, count, pause, group, more)...)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	return result(p, "latency", 60*time.Second)
}

// remote is the same, and the times until its messages are delivered to a member
// of another node.
func remote(start launcher, size, count int, pause time.Duration, group string) (fields, error) {
	o, err := start(2, latencyArgs("o", 2, size, count, 0, group, nil)...)
	if err != nil {
		return nil, err
	}
	defer o.Kill()
	if _, _, err := o.Stdout.Wait(0, 10*time.Second, func(l string) bool { return l == "ready" }); err != nil {
		return nil, err
	}
	if _, err := quantiles(start, 1, size, count, pause, group); err != nil {
		return nil, err
	}
	return result(o, "latency", 60*time.Second)
}

func latencyArgs(mode string, node, size, count int, pause time.Duration, group string, more []string) []string {
	return append([]string{"-m", mode, "-i", strconv.Itoa(100 + node), "-s", strconv.Itoa(size), "-n", strconv.Itoa(count),
		"-p", strconv.FormatInt(pause.Microseconds(), 10), "-g", group}, more...)
}

// sameClass gives every thread of a process the scheduling class that corosync
// gives itself: round robin at the highest priority.
func sameClass(pid int) error {
	tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 99}, 0); err != nil && err != unix.ESRCH {
			return fmt.Errorf("scheduling class of thread %d: %w", tid, err)
		}
	}
	return nil
}

// classOf is what the threads of a process are scheduled as, as chrt -a -p says it.
func classOf(pid int) string {
	tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return err.Error()
	}
	found := map[string]bool{}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		a, err := unix.SchedGetAttr(tid, 0)
		switch {
		case err != nil:
			continue // it has ended
		case a.Policy == unix.SCHED_RR:
			found[fmt.Sprintf("SCHED_RR priority %d", a.Priority)] = true
		case a.Policy == unix.SCHED_FIFO:
			found[fmt.Sprintf("SCHED_FIFO priority %d", a.Priority)] = true
		default:
			found["normal"] = true
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " and ")
}
