package campaign

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"ais/ctests/harness"
)

// OrderOptions says what the order trial does to the cluster while every node
// sends and writes down what it gets.
type OrderOptions struct {
	Nodes      int
	Namespaces bool
	Unicast    bool // in namespaces; loopback always is
	IPv6       bool // in namespaces
	Generation harness.Generation
	Duration   time.Duration // of sending
	Rate       float64       // messages per second of each client
	Sizes      string        // min:max bytes
	Loss       int           // percent, per packet that crosses a link
	// Segmentation: "" leaves the links as they are, "on" and "off" set UDP
	// segmentation offload.
	Segmentation string
	CutEvery     time.Duration // a random link is cut this often ...
	CutFor       time.Duration // ... and healed after this
	KillEvery    time.Duration // a random executive is killed and restarted this often
	// Stable demands that no configuration changes at all.
	Stable bool
	Seed   uint64
	Logf   Logf
}

// Order runs the trial: the logs of members that moved together must be equal.
func Order(o OrderOptions) (*OrderReport, error) {
	if o.Logf == nil {
		o.Logf = silent
	}
	h := harness.Options{Nodes: o.Nodes, Namespaces: o.Namespaces, Unicast: o.Unicast, IPv6: o.IPv6}
	if o.Stable {
		h.Conf = steadyConf
	}
	c, err := harness.New(h)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r := &orderRun{o: o, c: c, rnd: rand.New(rand.NewPCG(o.Seed, 2)), current: make([]*logger, o.Nodes)}
	return r.run()
}

type orderRun struct {
	o       OrderOptions
	c       *harness.Cluster
	rnd     *rand.Rand
	current []*logger // by node; nil while its executive is down
	ended   []*logger // of executives that were killed
	number  int
}

func (r *orderRun) run() (*OrderReport, error) {
	o, c := &r.o, r.c
	if c.Net != nil && o.Segmentation != "" {
		if err := c.Net.Segmentation(o.Segmentation == "on"); err != nil {
			return nil, err
		}
	}
	if err := c.StartAll(20 * time.Second); err != nil {
		return nil, err
	}
	for i := range c.Nodes {
		if err := r.startClient(i, true); err != nil {
			return nil, err
		}
	}
	if o.Loss > 0 {
		if err := c.Net.Loss(o.Loss); err != nil {
			return nil, err
		}
	}
	before, err := changes(c)
	if err != nil {
		return nil, err
	}
	for _, l := range r.current {
		if err := l.send(); err != nil {
			return nil, err
		}
	}
	if err := r.disturb(); err != nil {
		return nil, err
	}
	if o.Stable {
		after, err := changes(c)
		if err != nil {
			return nil, err
		}
		for i := range after {
			if after[i] != before[i] {
				s, _ := c.Nodes[i].Status()
				return nil, fmt.Errorf("node %d had %d configuration changes where none was allowed, the last because of %q",
					i+1, after[i]-before[i], s.Text("last_cause"))
			}
		}
	}
	if o.Loss > 0 {
		for i := range c.Nodes {
			n, err := c.Net.Dropped(i + 1)
			if err != nil {
				return nil, err
			}
			if n == 0 {
				return nil, fmt.Errorf("no packet of node %d was dropped at %d percent loss", i+1, o.Loss)
			}
		}
		if err := c.Net.Loss(0); err != nil {
			return nil, err
		}
	}
	return r.finish()
}

func (r *orderRun) startClient(i int, wait bool) error {
	r.number++
	quiet := 500
	if r.o.Loss > 0 {
		quiet = 1500
	}
	l, err := startLogger(r.c, r.c.Nodes[i], r.number, loggerOptions{
		Generation: r.o.Generation, Rate: r.o.Rate, Sizes: r.o.Sizes, Wait: wait, QuietMS: quiet,
	})
	if err != nil {
		return err
	}
	r.current[i] = l
	return l.ready(20 * time.Second)
}

func changes(c *harness.Cluster) ([]int64, error) {
	out := make([]int64, len(c.Nodes))
	for i, n := range c.Nodes {
		s, err := n.Status()
		if err != nil {
			return nil, err
		}
		if _, ok := s["configuration_changes"]; !ok {
			return nil, errors.New("the status has no configuration_changes")
		}
		out[i] = s.Changes()
	}
	return out, nil
}

// disturb lets the clients send for the duration and does meanwhile what the
// options say. At its end every link is whole and every executive runs.
func (r *orderRun) disturb() error {
	o := &r.o
	end := time.Now().Add(o.Duration)
	nextCut, nextKill := end.Add(time.Hour), end.Add(time.Hour)
	if o.CutEvery > 0 {
		nextCut = time.Now().Add(o.CutEvery / 2)
	}
	if o.KillEvery > 0 {
		nextKill = time.Now().Add(o.KillEvery / 2)
	}
	for time.Now().Before(end) {
		next := end
		if nextCut.Before(next) {
			next = nextCut
		}
		if nextKill.Before(next) {
			next = nextKill
		}
		if err := r.sleep(time.Until(next)); err != nil {
			return err
		}
		now := time.Now()
		if !now.Before(nextCut) {
			nextCut = now.Add(o.CutEvery)
			if err := r.cut(); err != nil {
				return err
			}
		}
		if !now.Before(nextKill) {
			nextKill = now.Add(o.KillEvery)
			if err := r.kill(r.rnd.IntN(o.Nodes)); err != nil {
				return err
			}
		}
	}
	return nil
}

// sleep waits and notices clients that ended meanwhile.
func (r *orderRun) sleep(d time.Duration) error {
	end := time.Now().Add(d)
	for {
		for _, l := range r.current {
			if l != nil && l.proc.Ended() {
				return fmt.Errorf("%s ended by itself:\n%s%s\nits executive:\n%s", l.name, l.proc.Stdout, l.proc.Stderr, l.node.Output())
			}
		}
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		time.Sleep(min(left, 100*time.Millisecond))
	}
}

func (r *orderRun) cut() error {
	i, inside := 1+r.rnd.IntN(r.o.Nodes), r.rnd.IntN(2) == 0
	r.o.Logf("link of node %d cut for %v (inside: %v)", i, r.o.CutFor, inside)
	if err := r.c.Net.Cut(i, true, inside); err != nil {
		return err
	}
	err := r.sleep(r.o.CutFor)
	return errors.Join(err, r.c.Net.Cut(i, false, inside))
}

// kill kills an executive and brings it back; its client ends with it and
// another one starts.
func (r *orderRun) kill(i int) error {
	n, l := r.c.Nodes[i], r.current[i]
	r.o.Logf("node %d killed", i+1)
	if _, err := n.Kill(); err != nil {
		return err
	}
	<-n.Exec.Done()
	if err := l.proc.Wait(10 * time.Second); err == nil || l.proc.ExitCode() != 3 {
		return fmt.Errorf("%s did not learn that its executive died: %v", l.name, err)
	}
	r.ended = append(r.ended, l)
	r.current[i] = nil
	if err := n.Start(); err != nil {
		return err
	}
	return r.startClient(i, false)
}

func (r *orderRun) finish() (*OrderReport, error) {
	c := r.c
	if err := c.WaitWhole(30 * time.Second); err != nil {
		return nil, fmt.Errorf("after the trial: %w", err)
	}
	from := make([]int, len(r.current))
	for i, l := range r.current {
		from[i] = l.proc.Stdout.Len()
		if err := l.silence(); err != nil {
			return nil, err
		}
	}
	for i, l := range r.current {
		if err := l.quiet(from[i], 60*time.Second); err != nil {
			return nil, fmt.Errorf("%w\nits executive:\n%s", err, l.node.Output())
		}
	}
	var logs []*Log
	var wrong []string
	for _, l := range r.current {
		line, err := l.end()
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, l.violations()...)
		if f := fieldsOf(line); number(f, "sent") < 1 || number(f, "sent") != number(f, "returned") {
			return nil, fmt.Errorf("%s: not everything accepted came back: %s", l.name, line)
		}
		log, err := ReadLog(l.path, l.name, l.node.Label(), true)
		if err != nil {
			return nil, err
		}
		logs = append(logs, log)
	}
	for _, l := range r.ended {
		wrong = append(wrong, l.violations()...)
		log, err := ReadLog(l.path, l.name, l.node.Label(), false)
		if err != nil {
			return nil, err
		}
		logs = append(logs, log)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("clients found:\n%s", strings.Join(wrong, "\n"))
	}
	report, err := CheckOrder(logs)
	if err != nil {
		return report, err
	}
	return report, r.enough(report, logs)
}

// enough checks that the comparison had something to compare.
func (r *orderRun) enough(report *OrderReport, logs []*Log) error {
	n := r.o.Nodes
	switch pairs := n * (n - 1) / 2; {
	case report.Pairs < pairs:
		return fmt.Errorf("only %d of %d pairs had anything in common: %v", report.Pairs, pairs, report)
	case report.Together < pairs || report.Compared < pairs*10:
		return fmt.Errorf("too little was compared: %v", report)
	case r.o.Stable && report.Distinct != 1:
		return fmt.Errorf("the files of a ring without changes are not the same to the byte: %v", report)
	case (r.o.CutEvery > 0 || r.o.KillEvery > 0) && report.Shared < 2*pairs:
		return fmt.Errorf("links were cut or executives killed, but hardly any configuration change was seen: %v", report)
	}
	return nil
}
