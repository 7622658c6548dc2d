package events

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// Options says how long the trial is and what is done meanwhile.
type Options struct {
	Cycles int
	// Namespaces: links are cut, too. Without, executives are only killed.
	Namespaces bool
	Seed       uint64
	Rate       float64 // events per second of each of the three publishers
	// StopEvery is after how many cycles a subscriber is stopped while the others
	// publish more than may wait for it (0: never).
	StopEvery int
	Logf      func(format string, args ...any)
}

const (
	nodes     = 3
	retention = 20 * time.Second
	token     = 400 * time.Millisecond
	patience  = 30 * time.Second
)

// trial is a run in progress.
type trial struct {
	o       Options
	c       *harness.Cluster
	rnd     *rand.Rand
	number  int
	current [nodes]*program
	ended   []*program
	done    map[string]int // cycles by kind
	blows   []time.Duration
}

// program is one evt_trial.
type program struct {
	s    stream
	proc *harness.Process
	path string
}

// Report is an account and what was done to get it.
type Report struct {
	Account
	Cycles map[string]int
	Took   time.Duration
}

func (r *Report) String() string {
	return fmt.Sprintf("%v in %.0f s: %v", r.Cycles, r.Took.Seconds(), &r.Account)
}

// Run runs the trial. The error tells of everything that must not be; the logs of a
// failed run are kept where the environment says (AIS_KEEP, a directory to be made).
func Run(o Options) (*Report, error) {
	if o.Logf == nil {
		o.Logf = func(string, ...any) {}
	}
	c, err := harness.New(harness.Options{Nodes: nodes, Namespaces: o.Namespaces, Conf: []string{fmt.Sprintf("token:%d", token.Milliseconds())}})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	t := &trial{o: o, c: c, rnd: rand.New(rand.NewPCG(o.Seed, 5)), done: map[string]int{}}
	began := time.Now()
	streams, err := t.run()
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	a, wrong := check(streams, checkOptions{early: token*13/10 + 700*time.Millisecond, late: 500 * time.Millisecond,
		merge: 2 * time.Second, margin: 500 * time.Millisecond, disturbances: t.blows})
	r := &Report{Account: *a, Cycles: t.done, Took: took}
	if len(wrong) > 0 {
		if dir := os.Getenv("AIS_KEEP"); dir != "" {
			o.Logf("logs kept in %s: %v", dir, os.CopyFS(dir, os.DirFS(c.Dir)))
		}
		kept := wrong[:min(len(wrong), 30)]
		return r, fmt.Errorf("%d violations:\n%s\n%v", len(wrong), strings.Join(kept, "\n"), r)
	}
	return r, nil
}

func (t *trial) run() ([]*stream, error) {
	if err := t.c.StartAll(patience); err != nil {
		return nil, err
	}
	for i := range t.c.Nodes {
		if err := t.start(i); err != nil {
			return nil, err
		}
	}
	for cycle := range t.o.Cycles {
		if err := t.pause(100, 400); err != nil {
			return nil, err
		}
		kind, err := t.cycle()
		if err == nil {
			err = t.c.WaitWhole(patience)
		}
		if err == nil && t.o.StopEvery > 0 && cycle%t.o.StopEvery == t.o.StopEvery-1 {
			err = t.overflow(t.rnd.IntN(nodes))
		}
		if err != nil {
			return nil, fmt.Errorf("cycle %d (%s): %w", cycle+1, kind, err)
		}
		t.done[kind]++
		if cycle%20 == 19 {
			t.o.Logf("%d cycles: %v", cycle+1, t.done)
		}
	}
	return t.finish()
}

// start starts the program of a node: that of node 1 is of 2003, the others of B.
func (t *trial) start(i int) error {
	n, gen := t.c.Nodes[i], harness.GenB
	if i == 0 {
		gen = harness.GenA
	}
	t.number++
	p := &program{s: stream{name: fmt.Sprintf("node%d.%d", n.Index, t.number), node: n.ID}}
	p.path = filepath.Join(t.c.Dir, p.s.name+".log")
	var err error
	if p.proc, err = n.RunC("ctests/campaign/c/evt_trial.c", gen, "-i", fmt.Sprint(n.ID), "-o", p.path,
		"-r", strconv.FormatFloat(t.o.Rate, 'g', -1, 64), "-R", "8", "-T", fmt.Sprint(retention.Milliseconds())); err != nil {
		return err
	}
	line, _, err := p.proc.Stdout.Wait(0, patience, func(s string) bool { return strings.HasPrefix(s, "ready ") })
	if err != nil {
		return fmt.Errorf("%s: not ready: %w\n%s%s", p.s.name, err, p.proc.Stdout, p.proc.Stderr)
	}
	if p.s.incarnation, err = strconv.ParseUint(strings.TrimPrefix(line, "ready "), 16, 64); err != nil {
		return err
	}
	t.current[i] = p
	return nil
}

// pause lets the programs go on for a while, in milliseconds, and notices those that
// ended.
func (t *trial) pause(least, most int) error {
	time.Sleep(time.Duration(least+t.rnd.IntN(most-least)) * time.Millisecond)
	for i, p := range t.current {
		if p != nil && p.proc.Ended() {
			return fmt.Errorf("%s ended by itself:\n%s%s\nits executive:\n%s", p.s.name, p.proc.Stdout, p.proc.Stderr, t.c.Nodes[i].Output())
		}
	}
	return nil
}

// cycle disturbs the cluster once and makes it whole again.
func (t *trial) cycle() (kind string, err error) {
	i := t.rnd.IntN(nodes)
	draw := t.rnd.IntN(100)
	if !t.o.Namespaces {
		draw = 80 + draw/5
	}
	switch {
	case draw < 50:
		return "split", t.split(i, -1)
	case draw < 65:
		return "split, one of two killed", t.split(i, (i+1+t.rnd.IntN(2))%nodes)
	case draw < 75:
		return "split, the lone one killed", t.split(i, i)
	case draw < 90:
		return "kill", t.kill(i, true)
	default:
		return "leave", t.kill(i, false)
	}
}

// split cuts a node off, one way or both, and heals; victim, if not negative, is
// killed meanwhile and comes back before or after.
func (t *trial) split(i, victim int) error {
	inside := t.rnd.IntN(2) == 0
	t.blows = append(t.blows, harness.Monotonic())
	if err := t.c.Net.Cut(i+1, true, inside); err != nil {
		return err
	}
	err := t.pause(300, 1300)
	if err == nil && victim >= 0 {
		err = t.kill(victim, true)
		if err == nil {
			err = t.pause(50, 600)
		}
	}
	return errors.Join(err, t.c.Net.Cut(i+1, false, inside))
}

// kill ends an executive and starts it again, and its program with it.
func (t *trial) kill(i int, hard bool) error {
	n, p := t.c.Nodes[i], t.current[i]
	t.blows = append(t.blows, harness.Monotonic())
	hit := n.Term
	if hard {
		hit = n.Kill
	}
	if _, err := hit(); err != nil {
		return err
	}
	<-n.Exec.Done()
	if err := p.proc.Wait(patience); err == nil || p.proc.ExitCode() != 3 {
		return fmt.Errorf("%s did not learn that its executive ended: %v\n%s", p.s.name, err, p.proc.Stdout)
	}
	p.s.killed = true
	t.ended = append(t.ended, p)
	t.current[i] = nil
	if err := t.pause(1, 300); err != nil {
		return err
	}
	if err := n.Start(); err != nil {
		return err
	}
	return t.start(i)
}

// overflow stops a subscriber while the others publish much.
func (t *trial) overflow(i int) error {
	if err := t.current[i].proc.Signal(unix.SIGSTOP); err != nil {
		return err
	}
	for k, p := range t.current {
		if k != i {
			if err := p.proc.Signal(unix.SIGUSR2); err != nil {
				return err
			}
		}
	}
	time.Sleep(1500 * time.Millisecond)
	t.done["overflow"]++
	return t.current[i].proc.Signal(unix.SIGCONT)
}

// finish lets everything arrive and reads what the programs wrote.
func (t *trial) finish() ([]*stream, error) {
	var from [nodes]int
	for i, p := range t.current {
		from[i] = p.proc.Stdout.Len()
		if err := p.proc.Signal(unix.SIGUSR1); err != nil {
			return nil, err
		}
	}
	for i, p := range t.current {
		if _, _, err := p.proc.Stdout.Wait(from[i], patience, func(s string) bool { return strings.HasPrefix(s, "quiet ") }); err != nil {
			return nil, fmt.Errorf("%s: it did not go quiet: %w\n%s", p.s.name, err, p.proc.Stdout)
		}
	}
	for _, p := range t.current {
		if err := p.proc.Signal(unix.SIGTERM); err != nil {
			return nil, err
		}
		if err := p.proc.Wait(patience); err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", p.s.name, err, p.proc.Stdout)
		}
		t.ended = append(t.ended, p)
	}
	var out []*stream
	for _, p := range t.ended {
		for _, line := range p.proc.Stdout.From(0) {
			if strings.HasPrefix(line, "VIOLATION") {
				return nil, fmt.Errorf("%s: %s", p.s.name, line)
			}
		}
		s, err := readStream(p.path, &p.s)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
