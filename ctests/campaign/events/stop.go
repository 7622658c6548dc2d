package events

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// A subscriber that is stopped (SIGSTOP) while publishers publish all that is taken:
// what it costs its executive in memory and the other subscribers in time.

// StopReport is what was seen. Of each pair the first is without, the second with a
// stopped subscriber.
type StopReport struct {
	Span      time.Duration
	Rounds    int
	Published [2]float64    // events per second, median of the rounds
	P50, P99  [2][2]float64 // of the subscriber beside the stopped one, and of another node's; likewise
	// RSS are mean resident bytes of the executive: without a stopped subscriber, and
	// in the third and in the last quarter of the span with one.
	RSS       [3]int64
	Peak      int64
	Notices   float64 // that the stopped one got when it went on
	Continued float64 // events that it got then
}

func (r *StopReport) String() string {
	mib := func(n int64) float64 { return float64(n) / (1 << 20) }
	return fmt.Sprintf("without and with a stopped subscriber, medians of %d rounds: %.0f and %.0f events/s published; p99 of the subscriber beside it "+
		"%.0f and %.0f us, of another node's %.0f and %.0f us (p50 %.0f and %.0f, %.0f and %.0f); stopped for %v: its executive has %.1f MiB "+
		"resident without, %.1f in the third and %.1f in the last quarter (peak %.1f); it went on with %.0f notice, then %.0f events",
		r.Rounds, r.Published[0], r.Published[1], r.P99[0][0], r.P99[0][1], r.P99[1][0], r.P99[1][1], r.P50[0][0], r.P50[0][1], r.P50[1][0],
		r.P50[1][1], r.Span, mib(r.RSS[0]), mib(r.RSS[1]), mib(r.RSS[2]), mib(r.Peak), r.Notices, r.Continued)
}

// memoryOfStopped is what a stopped subscriber may cost its executive: what may wait
// for one connection (4 MiB), the memory of events kept for reuse (1 MiB of a size),
// twice for the collector, and what the heap is cut up by.
const memoryOfStopped = 16 << 20

// stopTrial is a run in progress.
type stopTrial struct {
	c      *harness.Cluster
	l      Load
	others [2]*subscriber // on the stopped one's node, and on another
	id     int            // of the next publisher
	r      StopReport
}

// fillStopped is what is published before a stopped subscriber is looked at: more
// than may wait for it, in the executive and in the kernel.
const fillStopped = 12 << 20

// Stop runs the trial. Rounds without and with a stopped subscriber take turns, so
// that the machine treats both alike; then one is stopped for the whole span, after
// as much was published as can wait for it. Events have size bytes. p99 is how much
// more the others' 99th percentile may be with it (0.2: a fifth; 0: a short run, that is not judged by times and by small growth).
func Stop(span time.Duration, rounds, size int, p99 float64) (*StopReport, error) {
	c, err := harness.New(harness.Options{Nodes: 3, Namespaces: harness.CanNamespaces() == nil})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.StartAll(patience); err != nil {
		return nil, err
	}
	t := &stopTrial{c: c, l: Load{Size: size}, r: StopReport{Span: span, Rounds: rounds}}
	for i, n := range []*harness.Node{c.Nodes[0], c.Nodes[2]} {
		if t.others[i], err = startSubscriber(n, &t.l); err != nil {
			return nil, err
		}
	}
	// The first seconds of everything are not measured: the heap grows to its size.
	if _, _, err := t.flood(min(span/4, 5*time.Second), 0); err != nil {
		return nil, err
	}
	if err := t.takeTurns(); err != nil {
		return nil, err
	}
	if err := t.stopForLong(); err != nil {
		return &t.r, err
	}
	return &t.r, t.r.judge(p99)
}

// stopped starts a subscriber beside others[0] and stops it.
func (t *stopTrial) stopped() (*subscriber, error) {
	s, err := startSubscriber(t.c.Nodes[0], &t.l)
	if err != nil {
		return nil, err
	}
	return s, s.proc.Signal(unix.SIGSTOP)
}

// takeTurns compares what others get without and with a stopped subscriber.
func (t *stopTrial) takeTurns() error {
	var published [2][]float64
	var p50, p99 [2][2][]float64
	for round := range t.r.Rounds {
		for with := range 2 {
			var s *subscriber
			if with == 1 {
				var err error
				if s, err = t.stopped(); err != nil {
					return err
				}
			}
			rate, rss, err := t.flood(t.r.Span/time.Duration(t.r.Rounds), 0)
			if err != nil {
				return err
			}
			published[with] = append(published[with], rate)
			for i, o := range t.others {
				f, err := o.stat()
				if err != nil {
					return err
				}
				if f["received"] == 0 {
					return errors.New("a subscriber got nothing")
				}
				p50[i][with], p99[i][with] = append(p50[i][with], f["p50"]), append(p99[i][with], f["p99"])
			}
			if round == 0 && with == 0 {
				t.r.RSS[0] = mean(rss)
			}
			if with == 0 {
				continue
			}
			if err := s.proc.Signal(unix.SIGCONT); err != nil {
				return err
			}
			if err := s.end(); err != nil {
				return err
			}
		}
	}
	for with := range 2 {
		t.r.Published[with] = middle(published[with])
		for i := range 2 {
			t.r.P50[i][with], t.r.P99[i][with] = middle(p50[i][with]), middle(p99[i][with])
		}
	}
	return nil
}

// stopForLong has a subscriber stopped for the whole span, and then lets it go on.
func (t *stopTrial) stopForLong() error {
	s, err := t.stopped()
	if err != nil {
		return err
	}
	began := time.Now()
	for filled := 0.0; filled < fillStopped; {
		rate, _, err := t.flood(t.r.Span, 0)
		if err != nil {
			return err
		}
		if filled += rate * t.r.Span.Seconds() * float64(t.l.Size); time.Since(began) > patience+t.r.Span {
			return fmt.Errorf("only %.0f bytes were published in %v", filled, time.Since(began))
		}
	}
	_, rss, err := t.flood(t.r.Span, 0)
	if err != nil {
		return err
	}
	t.r.RSS[1], t.r.RSS[2] = mean(rss[len(rss)/2:len(rss)*3/4]), mean(rss[len(rss)*3/4:])
	u, err := t.c.Nodes[0].Exec.Usage()
	if err != nil {
		return err
	}
	t.r.Peak = u.Peak
	return t.goOn(s)
}

// goOn lets the stopped subscriber go on: it gets the notice, what waited, and what
// is published from now on.
func (t *stopTrial) goOn(s *subscriber) error {
	if err := s.proc.Signal(unix.SIGCONT); err != nil {
		return err
	}
	// What waited is there when nothing comes for a while.
	for end := time.Now().Add(patience); time.Now().Before(end); {
		time.Sleep(time.Second)
		f, err := s.stat()
		if err != nil {
			return err
		}
		if t.r.Notices += f["notices"]; t.r.Notices > 0 && f["received"] == 0 && f["notices"] == 0 {
			break
		}
	}
	// So few that they find room even if the subscriber has to wait for a processor.
	rate := min(500, fillStopped/8/float64(t.l.Size))
	published, _, err := t.flood(2*time.Second, rate)
	if err != nil {
		return err
	}
	want, notices := published*2, 0.0
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		f, err := s.stat()
		if err != nil {
			return err
		}
		t.r.Continued += f["received"]
		notices += f["notices"]
		if t.r.Continued >= want*0.99-1 && notices == 0 {
			return nil
		}
		if notices > 0 || time.Now().After(end) {
			return fmt.Errorf("after it went on the stopped subscriber got %.0f of %.0f events and %.0f notices", t.r.Continued, want, notices)
		}
	}
}

func (r *StopReport) judge(p99 float64) error {
	var errs []error
	if r.Notices < 1 {
		errs = append(errs, errors.New("the stopped subscriber went on without a notice"))
	}
	for i, who := range []string{"beside it", "of another node"} {
		if a, b := r.P99[i][0], r.P99[i][1]; p99 > 0 && b > a*(1+p99) {
			errs = append(errs, fmt.Errorf("p99 of the subscriber %s: %.0f us without, %.0f us with a stopped one", who, a, b))
		}
	}
	may := int64(memoryOfStopped)
	if p99 == 0 {
		may *= 4 // the heap has had no time to grow to its size; without a bound it would be hundreds
	}
	if r.RSS[2] > r.RSS[0]+may {
		errs = append(errs, fmt.Errorf("the executive has %d bytes resident, %d without a stopped subscriber", r.RSS[2], r.RSS[0]))
	}
	if p99 > 0 && float64(r.RSS[2]) > float64(r.RSS[1])*1.05+1<<20 {
		errs = append(errs, fmt.Errorf("the executive grows: from %d to %d bytes resident", r.RSS[1], r.RSS[2]))
	}
	return errors.Join(errs...)
}

// floodPublishers is how many programs publish: one alone goes as fast as the machine
// wakes processes, which is not the same from one second to the next.
const floodPublishers = 4

// flood publishes on node 2 for a time, at a rate (0: what is taken), and samples the
// memory of node 1's executive. The others' figures begin with it.
func (t *stopTrial) flood(span time.Duration, rate float64) (published float64, rss []int64, err error) {
	for _, s := range t.others {
		if _, err := s.stat(); err != nil {
			return 0, nil, err
		}
	}
	l := t.l
	l.For, l.Rate = span, rate/floodPublishers
	var pubs [floodPublishers]*subscriber
	for i := range pubs {
		if pubs[i], err = startPublisher(t.c.Nodes[1], t.id, &l); err != nil {
			return 0, nil, err
		}
		t.id++
	}
	for _, p := range pubs {
		if err := p.proc.Signal(unix.SIGUSR2); err != nil {
			return 0, nil, err
		}
	}
	for end := time.Now().Add(span); time.Now().Before(end); time.Sleep(span / 100) {
		u, err := t.c.Nodes[0].Exec.Usage()
		if err != nil {
			return 0, nil, err
		}
		rss = append(rss, u.RSS)
	}
	for _, p := range pubs {
		line, err := p.line("stat ")
		if err != nil {
			return 0, nil, err
		}
		if err := p.proc.Wait(patience); err != nil {
			return 0, nil, err
		}
		f := parseStat(line)
		published += f["published"] / f["seconds"]
	}
	time.Sleep(300 * time.Millisecond)
	return published, rss, nil
}

// middle is the median.
func middle(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	if len(list) == 0 {
		return 0
	}
	return (list[len(list)/2] + list[(len(list)-1)/2]) / 2
}

func mean(list []int64) int64 {
	sum := int64(0)
	for _, n := range list {
		sum += n
	}
	return sum / int64(max(1, len(list)))
}
