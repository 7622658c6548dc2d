package campaign

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// CkptJoinOptions: a checkpoint of so many sections on two nodes; a third joins
// while programs write and read.
type CkptJoinOptions struct {
	Sections   int
	Size       int // bytes of each
	Namespaces bool
	Writers    int // programs that overwrite and read, on each of the two nodes
	// RoundRobin schedules the executives before the machine's other jobs, which
	// then do not count.
	RoundRobin bool
	// The goals; 0 is none.
	Wait   time.Duration // longest that a request waits
	Memory float64       // resident memory over the data, as a share of the data
	Logf   Logf
}

// CkptJoinReport is what was measured.
type CkptJoinReport struct {
	Data         int64 // bytes of sections
	Fill         time.Duration
	Before       loadFigures   // under load, before the join
	During       loadFigures   // from the start of the third executive until it had everything
	Barrier      time.Duration // start of the third executive until the ring had it and its requests flow
	Complete     time.Duration // ... until it had every section whole
	RSS, Peak    []int64       // of each executive in the end
	Empty        []int64       // of each executive before there was data; of the third, nothing
	Iterate      []time.Duration
	IterateFirst time.Duration // on the third node, while it was being filled
}

type loadFigures struct {
	Writes, Reads, Again int64
	SlowWrite, SlowRead  time.Duration
	P99                  time.Duration // of writes, the worst program's
	Span                 time.Duration
}

func (f loadFigures) String() string {
	return fmt.Sprintf("%d writes and %d reads in %s, TRY_AGAIN %d times, slowest write %s, slowest read %s, p99 of writes %s",
		f.Writes, f.Reads, ms(f.Span), f.Again, ms(f.SlowWrite), ms(f.SlowRead), ms(f.P99))
}

func (r *CkptJoinReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.1f MiB written in %s\n", mib(r.Data), ms(r.Fill))
	fmt.Fprintf(&b, "load before the join: %v\n", r.Before)
	fmt.Fprintf(&b, "load during the join: %v\n", r.During)
	fmt.Fprintf(&b, "joined, requests flow on the third node: %s; everything is there: %s\n", ms(r.Barrier), ms(r.Complete))
	for i := range r.RSS {
		fmt.Fprintf(&b, "node %d: resident %.1f MiB, %.1f %% over the data; highest %.1f MiB, %.1f %%; all sections iterated in %s\n", i+1,
			mib(r.RSS[i]), r.over(r.RSS[i])*100, mib(r.Peak[i]), r.over(r.Peak[i])*100, ms(r.Iterate[i]))
	}
	fmt.Fprintf(&b, "all sections iterated on the third node while it was being filled: %s", ms(r.IterateFirst))
	return b.String()
}

func (r *CkptJoinReport) over(bytes int64) float64 { return float64(bytes-r.Data) / float64(r.Data) }

// ckptJoin is the trial in progress.
type ckptJoin struct {
	o     CkptJoinOptions
	c     *harness.Cluster
	r     *CkptJoinReport
	loads []*harness.Process
}

// CkptJoin runs the trial.
func CkptJoin(o CkptJoinOptions) (*CkptJoinReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	c, err := harness.New(harness.Options{Nodes: 3, Namespaces: o.Namespaces})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	j := &ckptJoin{o: o, c: c, r: &CkptJoinReport{Data: int64(o.Sections) * int64(o.Size)}}
	if err := j.run(); err != nil {
		return j.r, err
	}
	return j.r, j.check()
}

// program runs ckpt_bulk on a node to its end and returns its closing line.
func (j *ckptJoin) program(i int, what string) (map[string]string, error) {
	p, err := j.start(i, what)
	if err != nil {
		return nil, err
	}
	if err := p.Wait(20 * time.Minute); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, p.Stdout)
	}
	for _, line := range p.Stdout.From(0) {
		if strings.HasPrefix(line, "bulk ") {
			f := fieldsOf(line)
			if number(f, "sections") != int64(j.o.Sections) || number(f, "bytes") != j.r.Data {
				return nil, fmt.Errorf("node %d: %s", i+1, line)
			}
			return f, nil
		}
	}
	return nil, fmt.Errorf("%s: no closing line\n%s", p.Name, p.Stdout)
}

func (j *ckptJoin) start(i int, args ...string) (*harness.Process, error) {
	path, err := j.c.Build.CompileC("ctests/campaign/c/ckpt_bulk.c", harness.GenB)
	if err != nil {
		return nil, err
	}
	args = append([]string{"-n", strconv.Itoa(j.o.Sections), "-z", strconv.Itoa(j.o.Size)}, args...)
	return j.c.Nodes[i].Run(harness.Spec{Name: fmt.Sprintf("ckpt_bulk@%d", i+1), Path: path, Args: args, Input: true})
}

func seconds(f map[string]string) time.Duration {
	s, _ := strconv.ParseFloat(f["seconds"], 64)
	return time.Duration(s * float64(time.Second))
}

func (j *ckptJoin) run() error {
	o, c, r := &j.o, j.c, j.r
	two := c.Nodes[:2]
	for _, n := range two {
		if err := n.Start(); err != nil {
			return err
		}
	}
	if err := harness.WaitRing(two, patience); err != nil {
		return err
	}
	for _, n := range two {
		u, err := n.Exec.Usage()
		if err != nil {
			return err
		}
		r.Empty = append(r.Empty, u.RSS)
	}
	f, err := j.program(0, "fill")
	if err != nil {
		return err
	}
	r.Fill = seconds(f)
	o.Logf("filled in %s", ms(r.Fill))
	for i := range two {
		for k := range o.Writers {
			p, err := j.start(i, "load", strconv.Itoa(i*100+k+1))
			if err != nil {
				return err
			}
			if _, _, err := p.Stdout.Wait(0, patience, func(s string) bool { return s == "loading" }); err != nil {
				return fmt.Errorf("%s: %w\n%s", p.Name, err, p.Stdout)
			}
			j.loads = append(j.loads, p)
		}
	}
	if _, err := j.figures(); err != nil {
		return err
	}
	began := harness.Monotonic()
	time.Sleep(5 * time.Second)
	if r.Before, err = j.figures(); err != nil {
		return err
	}
	r.Before.Span = harness.Monotonic() - began
	o.Logf("before: %v", r.Before)
	if err := j.join(); err != nil {
		return err
	}
	for _, p := range j.loads {
		_ = p.Stdin.Close()
		if err := p.Wait(patience); err != nil {
			return err
		}
	}
	return j.compare()
}

// join starts the third executive and measures until it has everything.
func (j *ckptJoin) join() (err error) {
	c, r := j.c, j.r
	began := harness.Monotonic()
	if err := c.Nodes[2].StartNoWait(); err != nil {
		return err
	}
	if err := j.schedule(c.Nodes...); err != nil {
		return err
	}
	if err := c.WaitWhole(patience); err != nil {
		return err
	}
	// An iteration needs no data, but the barrier passed.
	f, err := j.program(2, "iterate")
	if err != nil {
		return err
	}
	r.IterateFirst = seconds(f)
	r.Barrier = harness.Monotonic() - began - r.IterateFirst
	if err := c.Nodes[2].WaitFilled(20*time.Minute, 200*time.Millisecond); err != nil {
		return err
	}
	r.Complete = harness.Monotonic() - began
	if r.During, err = j.figures(); err != nil {
		return err
	}
	r.During.Span = r.Complete
	return nil
}

// schedule puts every thread of executives into the round robin class, if that is
// asked for; threads that they start later are in it, too.
func (j *ckptJoin) schedule(nodes ...*harness.Node) error {
	if !j.o.RoundRobin {
		return nil
	}
	for _, n := range nodes {
		tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", n.Exec.PID))
		if err != nil {
			return err
		}
		for _, t := range tasks {
			tid, _ := strconv.Atoi(t.Name())
			err := unix.SchedSetAttr(tid, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_RR, Priority: 1}, 0)
			if err != nil && err != unix.ESRCH {
				return fmt.Errorf("scheduling class of thread %d: %w", tid, err)
			}
		}
	}
	return nil
}

// figures asks the loading programs what they did since the last time.
func (j *ckptJoin) figures() (sum loadFigures, err error) {
	for _, p := range j.loads {
		from := p.Stdout.Len()
		if _, err := fmt.Fprintln(p.Stdin, "figures"); err != nil {
			return sum, fmt.Errorf("%s: %w\n%s", p.Name, err, p.Stdout)
		}
		line, _, err := p.Stdout.Wait(from, patience, func(s string) bool { return strings.HasPrefix(s, "load ") })
		if err != nil {
			return sum, fmt.Errorf("%s: %w\n%s", p.Name, err, p.Stdout)
		}
		f := fieldsOf(line)
		us := func(name string) time.Duration { return time.Duration(number(f, name)) * time.Microsecond }
		sum.Writes += number(f, "writes")
		sum.Reads += number(f, "reads")
		sum.Again += number(f, "again")
		sum.SlowWrite = max(sum.SlowWrite, us("slowest_write_us"))
		sum.SlowRead = max(sum.SlowRead, us("slowest_read_us"))
		sum.P99 = max(sum.P99, us("p99_write_us"))
	}
	return sum, nil
}

// compare reads everything on every node and measures memory.
func (j *ckptJoin) compare() error {
	var crc string
	for i, n := range j.c.Nodes {
		f, err := j.program(i, "iterate")
		if err != nil {
			return err
		}
		j.r.Iterate = append(j.r.Iterate, seconds(f))
		u, err := n.Exec.Usage()
		if err != nil {
			return err
		}
		j.r.RSS, j.r.Peak = append(j.r.RSS, u.RSS), append(j.r.Peak, u.Peak)
		if f, err = j.program(i, "read"); err != nil {
			return err
		}
		if i == 0 {
			crc = f["crc"]
		} else if f["crc"] != crc {
			return fmt.Errorf("nodes 1 and %d do not have the same: checksums %s and %s", i+1, crc, f["crc"])
		}
	}
	return nil
}

func (j *ckptJoin) check() error {
	o, r := &j.o, j.r
	var errs []error
	if r.Before.Writes == 0 || r.During.Writes == 0 || r.During.Reads == 0 {
		errs = append(errs, errors.New("there was no load"))
	}
	if w := max(r.During.SlowWrite, r.During.SlowRead); o.Wait > 0 && w > o.Wait {
		errs = append(errs, fmt.Errorf("a request waited %s, %s are allowed", ms(w), ms(o.Wait)))
	}
	for i, rss := range r.RSS {
		if o.Memory > 0 && r.over(rss) >= o.Memory {
			errs = append(errs, fmt.Errorf("node %d: %.1f MiB for %.1f MiB of data: %.1f %% over it, under %.0f are allowed",
				i+1, mib(rss), mib(r.Data), r.over(rss)*100, o.Memory*100))
		}
	}
	return errors.Join(errs...)
}
