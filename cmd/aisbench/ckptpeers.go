package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// Checkpoint overwrites of others on the same work: one program of one node, one
// request outstanding, a machine of two cores of which one UDP ping-pong between
// processes on two cores takes 80 us.

// peerPing is that ping-pong, microseconds.
const peerPing = 80.0

// peerRow is writes per second by system, encryption and number of nodes.
type peerRow struct {
	size              int
	old, oldPlain     [2]float64 // openais 2004: 1 node, 3 nodes
	later, laterPlain [2]float64 // openais 0.80
}

var peerRows = []peerRow{
	{64, [2]float64{15010, 6137}, [2]float64{17093, 12177}, [2]float64{25637, 5988}, [2]float64{22478, 7962}},
	{256, [2]float64{13523, 5863}, [2]float64{16753, 9848}, [2]float64{25142, 6199}, [2]float64{23053, 8004}},
	{1024, [2]float64{13395, 5432}, [2]float64{16873, 10999}, [2]float64{23072, 5535}, [2]float64{17618, 8947}},
	{4096, [2]float64{7302, 3816}, [2]float64{15148, 10610}, [2]float64{22209, 4138}, [2]float64{15114, 7692}},
	{16384, [2]float64{3691, 1749}, [2]float64{10820, 7037}, [2]float64{15581, 2345}, [2]float64{11341, 5572}},
	{65536, [2]float64{1234, 501}, [2]float64{4329, 2174}, [2]float64{6280, 658}, [2]float64{7418, 1951}},
}

// The goals of 1 KB, encrypted, ALL_REPLICAS, over openais 0.80's scaled figure.
const (
	goalOneNode     = 3.0 // one node, one request outstanding
	goalThreeNodes  = 6.0 // three nodes, eight writers
	goalSize        = 1024
	goalWriters     = 8
	goalExec        = 0 // what is pinned: the executive to this core,
	goalProgram     = 1 // programs to this one
	goalRepetitions = 5
)

// peers prints the peers' cells beside ours.
func (b *ckptBench) peers() error {
	scale, err := b.scale()
	if err != nil {
		return err
	}
	fmt.Fprintf(b.w, "\n# UDP ping-pong, 64 bytes, two cores, p50: %.1f us; the peers' figures are scaled by %.0f / that = %.3f\n", b.pingP50, peerPing, scale)
	fmt.Fprintf(b.w, "# one program, one request outstanding; ours with %s; pinned: executive on core %d, program on core %d\n", ckptGuarantees["all"], goalExec, goalProgram)
	fmt.Fprintf(b.w, "# /0.80 and /2004 are of the better of ours and ours pinned\n")
	fmt.Fprintf(b.w, "# agreed: ours with ACTIVE_REPLICA, answered at agreed delivery, as openais answers every write, ALL_REPLICAS too\n")
	fmt.Fprintf(b.w, "%8s %6s %14s %10s %12s %10s %12s %12s %8s %8s\n", "bytes", "nodes", "", "ours", "ours pinned", "agreed", "0.80 scaled", "2004 scaled", "/0.80", "/2004")
	for _, n := range []int{1, 3} {
		for _, encrypted := range []bool{true, false} {
			if err := b.peerTable(n, encrypted, scale); err != nil {
				return err
			}
		}
	}
	return b.goals(scale)
}

// scale is what figures of the peers' machine are worth on this one.
func (b *ckptBench) scale() (float64, error) {
	if err := b.ping(); err != nil {
		return 0, err
	}
	return peerPing / b.pingP50, nil
}

// onlyGoals is the end of peers alone.
func (b *ckptBench) onlyGoals() error {
	scale, err := b.scale()
	if err != nil {
		return err
	}
	return b.goals(scale)
}

func (b *ckptBench) peerTable(nodes int, encrypted bool, scale float64) error {
	c, err := b.cluster(nodes, encrypted)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, row := range peerRows {
		x, err := b.measure(c, encrypted, 1, row.size, "all")
		if err != nil {
			return err
		}
		p, err := b.pinned(c, encrypted, 1, row.size)
		if err != nil {
			return err
		}
		weak, err := b.measure(c, encrypted, 1, row.size, "active")
		if err != nil {
			return err
		}
		old, later := row.old, row.later
		if !encrypted {
			old, later = row.oldPlain, row.laterPlain
		}
		at := 0
		if nodes > 1 {
			at = 1
		}
		o, l := old[at]*scale, later[at]*scale
		best := max(x.PerSecond, p.PerSecond)
		fmt.Fprintf(b.w, "%8d %6d %14s %10.0f %12.0f %10.0f %12.0f %12.0f %8.2f %8.2f\n", row.size, nodes, sealing(encrypted),
			x.PerSecond, p.PerSecond, weak.PerSecond, l, o, best/l, best/o)
	}
	return nil
}

// pinned measures with the first executive and the programs each on a core of their
// own: while one works the other looks for what it has done, and neither sleeps.
func (b *ckptBench) pinned(c *harness.Cluster, encrypted bool, writers, size int) (ckptCell, error) {
	if err := pin(c.Nodes[0].Exec.PID, []int{goalExec}); err != nil {
		return ckptCell{}, err
	}
	x, err := b.measure(c, encrypted, writers, size, "all", "-c", strconv.Itoa(goalProgram))
	if err != nil {
		return x, err
	}
	b.cells[len(b.cells)-1].Pinned = true
	return x, pin(c.Nodes[0].Exec.PID, nil)
}

// pin binds every thread of a process to cores; nil lets it run anywhere.
func pin(pid int, cores []int) error {
	var set unix.CPUSet
	for i := range 1024 {
		if cores == nil {
			set.Set(i)
		}
	}
	for _, i := range cores {
		set.Set(i)
	}
	tasks, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(pid), "task"))
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			continue
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH {
			return fmt.Errorf("bind thread %d: %w", tid, err)
		}
	}
	return nil
}

// ping is the yardstick of the machine: a UDP ping-pong on loopback between two
// processes, each bound to a core of its own.
func (b *ckptBench) ping() error {
	build, err := harness.FindBuild()
	if err != nil {
		return err
	}
	path, err := build.CompileC(udpSource, harness.GenB)
	if err != nil {
		return err
	}
	pong, err := harness.Start(harness.Spec{Name: "pong", Path: path, Args: []string{"-m", "pong", "-a", "127.0.0.2", "-c", "1"}})
	if err != nil {
		return err
	}
	defer pong.Kill()
	if b.rr {
		if err := sameClass(pong.PID); err != nil {
			return err
		}
	}
	var list []float64
	for range max(b.reps, 3) {
		ping, err := harness.Start(harness.Spec{Name: "ping", Path: path, Args: []string{"-m", "ping", "-a", "127.0.0.3", "-d", "127.0.0.2", "-n", "20000", "-c", "0"}})
		if err != nil {
			return err
		}
		if b.rr {
			if err := sameClass(ping.PID); err != nil {
				return err
			}
		}
		f, err := result(ping, "ping", patience)
		ping.Kill()
		if err != nil {
			return err
		}
		list = append(list, f["p50"])
	}
	b.pingP50 = median(list)
	if b.pingP50 <= 0 {
		return fmt.Errorf("UDP ping-pong: %v", list)
	}
	return nil
}

// goals is the two cells that must be reached.
func (b *ckptBench) goals(scale float64) error {
	reps := b.reps
	b.reps = max(reps, goalRepetitions)
	defer func() { b.reps = reps }()
	row := peerRows[2]
	fmt.Fprintf(b.w, "\n# %d bytes, encrypted, %s, writes/s; medians of %d\n%-40s %12s %12s %8s %8s\n", goalSize, ckptGuarantees["all"], b.reps, "", "ours", "0.80 scaled", "ratio", "goal")
	one, err := b.cluster(1, true)
	if err != nil {
		return err
	}
	x, err := b.pinned(one, true, 1, goalSize)
	if err == nil {
		t := row.later[0] * scale
		b.verdict("ckpt/1 node/1 writer/1024/pinned", x.PerSecond, t, x.PerSecond/t, goalOneNode)
		x, err = b.measure(one, true, 1, goalSize, "all")
	}
	one.Close()
	if err != nil {
		return err
	}
	t := row.later[0] * scale
	fmt.Fprintf(b.w, "%-40s %12.2f %12.2f %8.3f\n", "ckpt/1 node/1 writer/1024/not pinned", x.PerSecond, t, x.PerSecond/t)
	three, err := b.cluster(3, true)
	if err != nil {
		return err
	}
	defer three.Close()
	if x, err = b.measure(three, true, goalWriters, goalSize, "all"); err != nil {
		return err
	}
	t = row.later[1] * scale
	b.verdict("ckpt/3 nodes/8 writers/1024", x.PerSecond, t, x.PerSecond/t, goalThreeNodes)
	return nil
}
