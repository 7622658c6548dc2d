package main

import (
	"fmt"
	"os"
	"path/filepath"
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

// lead is how long programs have to start before the window opens.
const lead = 600 * time.Millisecond

// stream has members send messages of size on the nodes of senders, and receivers
// on those of receivers, and returns the messages per second that the first
// member got, from everybody.
func stream(start launcher, size int, span time.Duration, senders, receivers []int) (rate, refused float64, err error) {
	begin := harness.Monotonic() + lead
	// A group of its own: nothing of an earlier run is delivered in it.
	window := []string{"-m", "s", "-g", fmt.Sprintf("b%d", begin), "-s", strconv.Itoa(size), "-b", strconv.FormatInt(int64(begin), 10),
		"-e", strconv.FormatInt(int64(begin+span), 10)}
	var all []*harness.Process
	defer func() {
		for _, p := range all {
			p.Kill()
		}
	}()
	for k, list := range [][]int{senders, receivers} {
		for _, n := range list {
			args := append([]string{"-i", strconv.Itoa(n)}, window...)
			if k == 1 {
				args = append(args, "-r")
			}
			p, err := start(n, args...)
			if err != nil {
				return 0, 0, err
			}
			all = append(all, p)
		}
	}
	for i, p := range all {
		f, err := result(p, "stream", lead+span+20*time.Second)
		if err != nil {
			return 0, 0, err
		}
		if i == 0 {
			rate = f["counted"] / f["seconds"]
			refused = f["refused"] / max(f["sent"], 1)
		}
	}
	return rate, refused, nil
}

// quantiles runs one member with one message outstanding.
func quantiles(start launcher, node, size, count int, pause time.Duration, group string) (fields, error) {
	p, err := start(node, "-m", "l", "-i", strconv.Itoa(100+node), "-s", strconv.Itoa(size), "-n", strconv.Itoa(count),
		"-p", strconv.FormatInt(pause.Microseconds(), 10), "-g", group)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	return result(p, "latency", 60*time.Second)
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
