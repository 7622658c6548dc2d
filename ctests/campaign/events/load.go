package events

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// Load is what is published on a channel and who subscribes: C programs all of them.
type Load struct {
	Generation    harness.Generation // 0: B.01.01
	Size          int                // bytes of data
	Rate          float64            // events per second of each publisher; 0: as fast as they are taken
	For           time.Duration
	Publishers    []*harness.Node // one program each
	Subscribers   []*harness.Node // likewise
	Subscriptions int             // of each subscriber, every one to a key of its own; 0: 1
	Priority      int
}

// Flow is what came of it.
type Flow struct {
	Published float64 // events per second accepted from all publishers
	Received  float64 // events per second that the slowest subscriber got
	Missing   int64   // events that the worst subscriber did not get
	Notices   int64   // of loss, all subscribers
	Again     int64   // answers that said to try again
	P50, P99  float64 // of the time to the callback, microseconds: the worst subscriber's
	Max       float64
}

// subscriber is an evt_load that subscribes.
type subscriber struct {
	node *harness.Node
	proc *harness.Process
	at   int // lines of its output that were read
}

// startLoad starts an evt_load and waits until it is ready.
func startLoad(n *harness.Node, gen harness.Generation, args ...string) (*subscriber, error) {
	if gen == 0 {
		gen = harness.GenB
	}
	p, err := n.RunC("ctests/campaign/c/evt_load.c", gen, args...)
	if err != nil {
		return nil, err
	}
	s := &subscriber{node: n, proc: p}
	_, err = s.line("ready")
	return s, err
}

// line waits for a line with a prefix.
func (s *subscriber) line(prefix string) (string, error) {
	line, at, err := s.proc.Stdout.Wait(s.at, patience, func(l string) bool { return strings.HasPrefix(l, prefix) || strings.HasPrefix(l, "dead") })
	s.at = at
	if err == nil && strings.HasPrefix(line, "dead") {
		err = errors.New(line)
	}
	if err != nil {
		return "", fmt.Errorf("node %d: evt_load: %w\n%s%s", s.node.Index, err, s.proc.Stdout, s.proc.Stderr)
	}
	return line, nil
}

// stat are the figures of one line of an evt_load.
type stat map[string]float64

func parseStat(line string) stat {
	out := stat{}
	for _, w := range strings.Fields(line) {
		if k, v, ok := strings.Cut(w, "="); ok {
			out[k], _ = strconv.ParseFloat(v, 64)
		}
	}
	return out
}

// stat asks a subscriber for what came since the last time.
func (s *subscriber) stat() (stat, error) {
	if err := s.proc.Signal(unix.SIGUSR1); err != nil {
		return nil, err
	}
	line, err := s.line("stat ")
	return parseStat(line), err
}

func (s *subscriber) end() error {
	if err := s.proc.Signal(unix.SIGTERM); err != nil {
		return err
	}
	return s.proc.Wait(patience)
}

func startSubscriber(n *harness.Node, l *Load) (*subscriber, error) {
	return startLoad(n, l.Generation, "-n", strconv.Itoa(max(1, l.Subscriptions)), "-x", strconv.Itoa(l.Size))
}

// startPublisher starts a publisher that waits for its signal.
func startPublisher(n *harness.Node, id int, l *Load) (*subscriber, error) {
	return startLoad(n, l.Generation, "-p", "-i", strconv.Itoa(id), "-z", strconv.Itoa(l.Size), "-r", strconv.FormatFloat(l.Rate, 'g', -1, 64),
		"-d", strconv.FormatFloat(l.For.Seconds(), 'g', -1, 64), "-n", strconv.Itoa(max(1, l.Subscriptions)), "-q", strconv.Itoa(l.Priority))
}

// Run publishes and counts. What a subscriber missed without a notice is an error.
func (l *Load) Run() (*Flow, error) {
	var subs, pubs []*subscriber
	for _, n := range l.Subscribers {
		s, err := startSubscriber(n, l)
		if err != nil {
			return nil, err
		}
		subs = append(subs, s)
	}
	for i, n := range l.Publishers {
		p, err := startPublisher(n, i, l)
		if err != nil {
			return nil, err
		}
		pubs = append(pubs, p)
	}
	for _, p := range pubs {
		if err := p.proc.Signal(unix.SIGUSR2); err != nil {
			return nil, err
		}
	}
	f := &Flow{}
	published := 0.0
	for _, p := range pubs {
		line, err := p.line("stat ")
		if err != nil {
			return nil, err
		}
		s := parseStat(line)
		published += s["published"]
		f.Published += s["published"] / s["seconds"]
		f.Again += int64(s["again"])
		if err := p.proc.Wait(patience); err != nil {
			return nil, err
		}
	}
	for i, s := range subs {
		if err := l.collect(f, s, published, i == 0); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// collect waits until a subscriber has everything and takes its figures in.
func (l *Load) collect(f *Flow, s *subscriber, published float64, one bool) error {
	// What waits for a program that is on time is there at once; one that lags
	// behind has its queue to read yet.
	t := stat{}
	for end := time.Now().Add(patience); ; {
		time.Sleep(300 * time.Millisecond)
		more, err := s.stat()
		if err != nil {
			return err
		}
		for _, name := range []string{"received", "notices", "seconds"} {
			t[name] += more[name]
		}
		for _, name := range []string{"p50", "p99", "max"} {
			t[name] = max(t[name], more[name])
		}
		if t["received"] >= published || t["notices"] > 0 && more["received"] == 0 || time.Now().After(end) {
			break
		}
	}
	missing := int64(published - t["received"])
	if missing > 0 && t["notices"] == 0 {
		return fmt.Errorf("node %d: %d of %.0f events are missing, and there was no notice", s.node.Index, missing, published)
	}
	f.Missing = max(f.Missing, missing)
	f.Notices += int64(t["notices"])
	f.P50, f.P99, f.Max = max(f.P50, t["p50"]), max(f.P99, t["p99"]), max(f.Max, t["max"])
	if rate := t["received"] / max(t["seconds"], 1e-9); one || rate < f.Received {
		f.Received = rate
	}
	return s.end()
}
