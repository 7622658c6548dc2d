package events

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// A subscriber that is stopped (SIGSTOP) while publishers publish all that is taken:
// what it costs its executive in memory and the other subscribers in time.

// StopReport is what was seen.
type StopReport struct {
	Span            time.Duration
	Without, With   [2]stat // of the subscriber beside the stopped one, and of another node's
	Published       [2]float64
	RSS, StoppedRSS int64 // mean resident bytes of the executive without, and with (last half)
	Middle, Peak    int64 // mean of the third quarter with the stopped one; peak
	Notices         float64
	Continued       float64 // events that the stopped one got after it went on
}

func (r *StopReport) String() string {
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return fmt.Sprintf("%v each: %.0f and %.0f events/s published without and with a stopped subscriber; p99 of the subscriber beside it %.0f and %.0f us, "+
		"of another node's %.0f and %.0f us (p50 %.0f and %.0f, %.0f and %.0f); its executive has %.1f and %.1f MiB resident (%.1f before, peak %.1f); "+
		"it went on with %.0f notice, then %.0f events", r.Span, r.Published[0], r.Published[1], r.Without[0]["p99"], r.With[0]["p99"],
		r.Without[1]["p99"], r.With[1]["p99"], r.Without[0]["p50"], r.With[0]["p50"], r.Without[1]["p50"], r.With[1]["p50"],
		mib(r.RSS), mib(r.StoppedRSS), mib(r.Middle), mib(r.Peak), r.Notices, r.Continued)
}

// memoryOfStopped is what a stopped subscriber may cost its executive: what may wait
// for one connection (4 MiB), and as much for the collector.
const memoryOfStopped = 12 << 20

// Stop runs the trial for a span without and a span with the stopped subscriber.
// p99 is how much more the others' 99th percentile may be with it (0.2: a fifth).
func Stop(span time.Duration, p99 float64) (*StopReport, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Namespaces: harness.CanNamespaces() == nil})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartAll(patience); err != nil {
		return nil, err
	}
	l := &Load{Size: 1024, For: span}
	var others [2]*subscriber
	for i, n := range []*harness.Node{c.Nodes[0], c.Nodes[2]} {
		if others[i], err = startSubscriber(n, l); err != nil {
			return nil, err
		}
	}
	// The first seconds of everything are not measured: the heap grows to its size.
	warm := &Load{Size: l.Size, For: min(span/4, 5*time.Second)}
	if _, _, err := flood(c, warm, others, 63); err != nil {
		return nil, err
	}
	r := &StopReport{Span: span}
	var rss []int64
	if r.Published[0], rss, err = flood(c, l, others, 0); err != nil {
		return nil, err
	}
	r.RSS = mean(rss[len(rss)/2:])
	if r.Without, err = both(others); err != nil {
		return nil, err
	}
	stopped, err := startSubscriber(c.Nodes[0], l)
	if err != nil {
		return nil, err
	}
	if err := stopped.proc.Signal(unix.SIGSTOP); err != nil {
		return nil, err
	}
	if r.Published[1], rss, err = flood(c, l, others, 1); err != nil {
		return nil, err
	}
	r.StoppedRSS, r.Middle = mean(rss[len(rss)*3/4:]), mean(rss[len(rss)/2:len(rss)*3/4])
	if r.With, err = both(others); err != nil {
		return nil, err
	}
	u, err := c.Nodes[0].Exec.Usage()
	if err != nil {
		return nil, err
	}
	r.Peak = u.Peak
	if err := r.goOn(c, l, stopped, others); err != nil {
		return r, err
	}
	return r, r.judge(p99)
}

// goOn lets the stopped subscriber go on: it gets the notice, what waited, and what
// is published from now on.
func (r *StopReport) goOn(c *harness.Cluster, l *Load, stopped *subscriber, others [2]*subscriber) error {
	if err := stopped.proc.Signal(unix.SIGCONT); err != nil {
		return err
	}
	time.Sleep(time.Second)
	t, err := stopped.stat()
	if err != nil {
		return err
	}
	r.Notices = t["notices"]
	slow := &Load{Size: l.Size, Rate: 500, For: 2 * time.Second}
	published, _, err := flood(c, slow, others, 2)
	if err != nil {
		return err
	}
	if t, err = stopped.stat(); err != nil {
		return err
	}
	r.Continued = t["received"]
	if want := published * slow.For.Seconds(); r.Continued < want*0.99-1 || t["notices"] > 0 {
		return fmt.Errorf("after it went on the stopped subscriber got %.0f of %.0f events and %.0f notices", r.Continued, want, t["notices"])
	}
	return nil
}

func (r *StopReport) judge(p99 float64) error {
	var errs []error
	if r.Notices < 1 {
		errs = append(errs, errors.New("the stopped subscriber went on without a notice"))
	}
	for i, who := range []string{"beside it", "of another node"} {
		if a, b := r.Without[i]["p99"], r.With[i]["p99"]; b > a*(1+p99) {
			errs = append(errs, fmt.Errorf("p99 of the subscriber %s: %.0f us without, %.0f us with a stopped one", who, a, b))
		}
	}
	if r.StoppedRSS > r.RSS+memoryOfStopped {
		errs = append(errs, fmt.Errorf("the executive has %d bytes resident, %d without a stopped subscriber", r.StoppedRSS, r.RSS))
	}
	if float64(r.StoppedRSS) > float64(r.Middle)*1.05+1<<20 {
		errs = append(errs, fmt.Errorf("the executive grows: from %d to %d bytes resident", r.Middle, r.StoppedRSS))
	}
	return errors.Join(errs...)
}

// flood publishes on node 2 and samples the memory of node 1's executive.
func flood(c *harness.Cluster, l *Load, subs [2]*subscriber, id int) (rate float64, rss []int64, err error) {
	for _, s := range subs {
		if _, err := s.stat(); err != nil {
			return 0, nil, err
		}
	}
	p, err := startPublisher(c.Nodes[1], id, l)
	if err != nil {
		return 0, nil, err
	}
	if err := p.proc.Signal(unix.SIGUSR2); err != nil {
		return 0, nil, err
	}
	for end := time.Now().Add(l.For); time.Now().Before(end); time.Sleep(l.For / 100) {
		u, err := c.Nodes[0].Exec.Usage()
		if err != nil {
			return 0, nil, err
		}
		rss = append(rss, u.RSS)
	}
	line, err := p.line("stat ")
	if err != nil {
		return 0, nil, err
	}
	time.Sleep(300 * time.Millisecond)
	t := parseStat(line)
	return t["published"] / t["seconds"], rss, p.proc.Wait(patience)
}

func both(subs [2]*subscriber) (out [2]stat, err error) {
	for i, s := range subs {
		if out[i], err = s.stat(); err != nil {
			return out, err
		}
		if out[i]["received"] == 0 {
			return out, errors.New("a subscriber got nothing")
		}
	}
	return out, nil
}

func mean(list []int64) int64 {
	sum := int64(0)
	for _, n := range list {
		sum += n
	}
	return sum / int64(max(1, len(list)))
}
