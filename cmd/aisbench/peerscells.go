package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"ais/ctests/harness"
)

// The cells of the comparison, group by group.

// suffix tells a cell with the links' segmentation off from the same with it on.
func suffix(seg string) string {
	if seg == "off" {
		return "/notso"
	}
	return ""
}

// oneSender is the first group of cells.
func (p *peers) oneSender() error {
	for _, nodes := range []int{1, 2, 3} {
		sizes := p.sizesOf(fmt.Sprintf("1/nodes=%d", nodes))
		if len(sizes) == 0 {
			continue
		}
		m, err := p.against(nodes, true, sizes, []int{1})
		if err != nil {
			p.failed(fmt.Sprintf("1/nodes=%d", nodes), "", 0, err)
			continue
		}
		p.keep(nodes, 1, m)
		for _, seg := range p.segmentationsOf(nodes) {
			for _, size := range sizes {
				goal, goalOpen, state := 4.0, 1.5, seg
				if nodes == 1 {
					state = "on" // nothing is sent
					if goal = 2; size > 4096 {
						goal = 1.2
					}
					goalOpen = goal
				}
				name := func(t string) string { return fmt.Sprintf("1/nodes=%d/%d/%s%s", nodes, size, t, suffix(state)) }
				p.rates(name("knet-aes"), m[run{"knet-aes", seg, size}], goal, state)
				t, pr := p.unsealed(m, seg, size)
				p.rates(name(t), pr, goalOpen, state)
			}
		}
	}
	return nil
}

// sizesOf is the sizes of a group of which some cell is wanted.
func (p *peers) sizesOf(prefix string) (list []int) {
	for _, size := range p.sizes {
		if p.match == "" || p.wanted.MatchString(fmt.Sprintf("%s/%d/", prefix, size)) {
			list = append(list, size)
		}
	}
	return list
}

// withoutOffload is what the lines of /notso are held against: to be ahead. The
// goals are those of the links as they are.
const withoutOffload = 1.0

// rates is one cell of throughput. goal is that of the links as they are.
func (p *peers) rates(name string, pr *pair, goal float64, seg string) {
	asIs := 0.0
	if seg == "off" {
		asIs, goal = goal, withoutOffload
	}
	if p.missing != nil && pr != nil && len(pr.ours) > p.reps/2 {
		p.cell(peerCell{Name: name, Unit: "messages/s", Ours: median(pr.ours), Goal: goal, Reason: p.missing.Error(),
			OursRuns: pr.ours, OursCPU: median(pr.oursCPU)})
		return
	}
	if err := pr.enough(p.reps); err != nil {
		p.failed(name, "messages/s", goal, err)
		return
	}
	ours, theirs := median(pr.ours), median(pr.theirs)
	if asIs > 0 && ours/theirs < asIs {
		p.report.Below = append(p.report.Below, fmt.Sprintf("%s %.2f of %.1f", name, ours/theirs, asIs))
	}
	p.cell(peerCell{Name: name, Unit: "messages/s", Ours: ours, Theirs: theirs, Ratio: ours / theirs, Goal: goal, GoalAsIs: asIs,
		OursRuns: pr.ours, TheirsRuns: pr.theirs, OursCPU: median(pr.oursCPU), TheirsCPU: median(pr.theirsCPU)})
}

// allSenders is the second: every node sends; and what a delivered byte costs.
func (p *peers) allSenders() error {
	sizes := slices.DeleteFunc(p.sizesOf("2/all"), func(n int) bool { return n != 64 && n != 1024 && n != 8192 && n != 65536 })
	if len(sizes) > 0 {
		m, err := p.against(3, false, sizes, []int{1, 2, 3})
		if err != nil {
			p.failed("2/all", "", 3, err)
		} else {
			p.keep(3, 3, m)
			for _, seg := range p.segmentations() {
				for _, size := range sizes {
					name, pr := p.unsealed(m, seg, size)
					p.rates(fmt.Sprintf("2/all/%d/%s%s", size, name, suffix(seg)), pr, 3, seg)
				}
			}
		}
	}
	const name = "2/cpu-per-byte-and-node"
	if !p.wanted.MatchString(name) {
		return nil
	}
	var costs []float64
	for _, nodes := range []int{2, 3, 8} {
		v, err := p.costPerByte(nodes)
		if err != nil {
			p.failed(name, "ns", 0.8, fmt.Errorf("%d nodes: %w", nodes, err))
			return nil
		}
		costs = append(costs, v)
		p.figure(fmt.Sprintf("2/cpu nanoseconds per delivered byte and node, nodes=%d", nodes), v, "ns")
	}
	// From the cheapest to the dearest within 25 percent.
	p.cell(peerCell{Name: name, Unit: "ns", Ours: slices.Max(costs), Theirs: slices.Min(costs), Ratio: slices.Min(costs) / slices.Max(costs), Goal: 0.8})
	return nil
}

// costPerByte is the processor time of the executives while all nodes send 8 KiB
// messages, per byte and node that delivered it, in nanoseconds.
func (p *peers) costPerByte(nodes int) (float64, error) {
	// Not round robin: eight executives would leave nothing of two cores to those
	// who send, and it is their own work that counts.
	c, err := (&ringFlags{nodes: nodes, namespaces: true}).start()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	y := ourSystem(c)
	senders := make([]int, nodes)
	for i := range senders {
		senders[i] = i + 1
	}
	const size = 8192
	var v []float64
	for range p.reps {
		s0, err := delivered(c)
		if err != nil {
			return 0, err
		}
		before := cpuOf(y.pids)
		if _, err = y.stream(size, 5*p.span, senders...); err != nil {
			return 0, err
		}
		used := cpuOf(y.pids) - before
		s1, err := delivered(c)
		if err != nil {
			return 0, err
		}
		v = append(v, float64(used)/(s1-s0))
	}
	return median(v), nil
}

// delivered is the bytes that all executives have delivered to their services.
func delivered(c *harness.Cluster) (float64, error) {
	sum := 0.0
	for _, n := range c.Nodes {
		s, err := n.Status()
		if err != nil {
			return 0, err
		}
		sum += float64(s.Int("counters.gmi.bytes"))
	}
	return sum, nil
}

// latencies is the third: self-delivery, one message outstanding.
func (p *peers) latencies() error {
	for _, nodes := range []int{2, 3} {
		prefix := fmt.Sprintf("3/nodes=%d", nodes)
		if p.match != "" && len(p.latencyNames(prefix)) == 0 {
			continue
		}
		c, err := p.cluster(nodes)
		if err != nil {
			p.failed(prefix, "us", 0, err)
			continue
		}
		p.latencyCells(c, nodes)
		c.Close()
	}
	return nil
}

func (p *peers) latencyNames(prefix string) (list []string) {
	for _, rest := range []string{"/64/knet-aes", "/1024/knet-aes", "/64/udp", "/1024/udp", "/idle/udp", "/streaming p99"} {
		if p.wanted.MatchString(prefix + rest) {
			list = append(list, prefix+rest)
		}
	}
	return list
}

// silent is the pause of the cells after silence, idleCount their messages.
const (
	silent    = 100 * time.Millisecond
	idleCount = 20
)

func (p *peers) latencyCells(c *harness.Cluster, nodes int) {
	prefix := fmt.Sprintf("3/nodes=%d", nodes)
	for _, rv := range []struct {
		name string
		goal float64
	}{{"knet-aes", 2}, {"udp", 1 / 1.05}} {
		s, err := p.beside(c, transportNamed(rv.name))
		if err != nil {
			p.failed(prefix+"/"+rv.name, "us", rv.goal, err)
			continue
		}
		for _, size := range []int{64, 1024} {
			p.latencyCell(s, fmt.Sprintf("%s/%d/%s", prefix, size, rv.name), size, p.count, 0, rv.goal)
		}
		p.elsewhere(s, fmt.Sprintf("%s/64/%s, at another node", prefix, rv.name), p.count/2, 0)
		if rv.name == "udp" {
			p.latencyCell(s, fmt.Sprintf("%s/idle/%s", prefix, rv.name), 64, idleCount, silent, 2)
			p.elsewhere(s, fmt.Sprintf("%s/idle/%s, at another node", prefix, rv.name), idleCount, silent)
		} else {
			p.underLoad(s, prefix)
		}
		s.r.stop()
	}
	p.safeLatency(c, prefix)
}

// latencyPair is the repetitions of ours and theirs.
func (p *peers) latencyPair(s *side, measure func(launcher) (fields, error)) (ours, theirs []fields, err error) {
	for rep := range p.reps {
		for turn := range 2 {
			l, to := s.ours.start, &ours
			if (turn+rep)%2 == 1 {
				l, to = s.theirs.start, &theirs
			}
			if l == nil {
				continue
			}
			f, e := measure(l)
			if e != nil {
				f, e = measure(l)
			}
			if e != nil {
				err = e
				continue
			}
			*to = append(*to, f)
		}
	}
	if need := p.reps/2 + 1; len(ours) >= need && (len(theirs) >= need || s.theirs.start == nil) {
		err = nil
	}
	return ours, theirs, err
}

// column is one figure of each repetition.
func column(runs []fields, name string) (v []float64) {
	for _, f := range runs {
		v = append(v, f[name])
	}
	return v
}

func (p *peers) latencyCell(s *side, name string, size, count int, pause time.Duration, goal float64) {
	if !p.wanted.MatchString(name) {
		return
	}
	ours, theirs, err := p.latencyPair(s, func(l launcher) (fields, error) { return quantiles(l, 1, size, count, pause, "single") })
	if err != nil {
		p.failed(name+" us", "us", goal, err)
		return
	}
	if p.missing != nil {
		o := column(ours, "p50")
		p.cell(peerCell{Name: name + " us", Unit: "us", Ours: median(o), Goal: goal, Reason: p.missing.Error(), OursRuns: o, OursLatency: times(ours)})
		return
	}
	o, t := column(ours, "p50"), column(theirs, "p50")
	p.cell(peerCell{Name: name + " us", Unit: "us", Ours: median(o), Theirs: median(t), Ratio: median(t) / median(o), Goal: goal,
		OursRuns: o, TheirsRuns: t, OursLatency: times(ours), TheirsLatency: times(theirs)})
}

// elsewhere is how long a message takes to another node, ours and theirs.
func (p *peers) elsewhere(s *side, name string, count int, pause time.Duration) {
	if p.match != "" && !p.wanted.MatchString(name) {
		return
	}
	ours, theirs, err := p.latencyPair(s, func(l launcher) (fields, error) { return remote(l, 64, count, pause, "remote") })
	if err != nil {
		p.say("# %s: %v", name, err)
		return
	}
	p.compare(name, times(ours), timesOrNone(theirs))
}

// safeLatency is a message that is delivered when every node has it.
func (p *peers) safeLatency(c *harness.Cluster, prefix string) {
	name := prefix + "/64/safe"
	if p.match != "" && !p.wanted.MatchString(name) {
		return
	}
	var runs []fields
	for range p.reps {
		f, err := quantiles(ourSystem(c).start, 1, 64, p.count/2, 0, "single", "-S")
		if err != nil {
			p.say("# %s: %v", name, err)
			return
		}
		runs = append(runs, f)
	}
	p.compare(name, times(runs), nil)
}

// underLoad is a small message while another client of the node streams. The limit
// is ours; theirs is told beside it.
func (p *peers) underLoad(s *side, prefix string) {
	name := prefix + "/streaming p99"
	if !p.wanted.MatchString(name) {
		return
	}
	// Theirs may take as long as it likes for a message, but not for all of them.
	ours, theirs, err := p.latencyPair(s, func(l launcher) (fields, error) {
		begin := harness.Monotonic()
		at := func(d time.Duration) string { return strconv.FormatInt(int64(begin+d), 10) }
		busy, err := l(1, "-m", "s", "-g", "stream", "-s", "1024", "-i", "1", "-b", at(0), "-e", at(30*time.Second))
		if err != nil {
			return nil, err
		}
		defer busy.Kill()
		time.Sleep(200 * time.Millisecond)
		return quantiles(l, 1, 64, p.count/4, time.Millisecond, "single", "-e", at(4*time.Second))
	})
	if len(ours) <= p.reps/2 {
		p.failed(name+" us", "us", 1, err)
		return
	}
	v := column(ours, "p99")
	const limit = 5000
	p.cell(peerCell{Name: name + " us", Unit: "us", Ours: median(v), Theirs: limit, Ratio: limit / median(v), Goal: 1,
		OursRuns: v, OursLatency: times(ours)})
	if s.theirs.start != nil && err != nil {
		p.say("# %s, knet-aes: %v", name, err)
		return
	}
	p.compare(prefix+"/streaming, knet-aes", times(ours), timesOrNone(theirs))
}

// ceiling is the fourth: without encryption, more than a sendto loop can do.
func (p *peers) ceiling() error {
	c, err := p.cluster(2, "secauth:off")
	if err != nil {
		return err
	}
	defer c.Close()
	for _, word := range []string{"tso", "notso"} {
		if p.match != "" && !p.wanted.MatchString("4/"+word+"/") {
			continue
		}
		if err := c.Net.Segmentation(word == "tso"); err != nil {
			return err
		}
		if err := p.ceilingWith(c, word); err != nil {
			p.failed("4/"+word, "MB/s", 1, err)
		}
	}
	return nil
}

// yardstick is a way to send and one to receive.
type yardstick struct {
	name, send, recv string
	runs             []float64 // MB/s
}

func (p *peers) ceilingWith(c *harness.Cluster, word string) error {
	yards := []yardstick{{"sendto", "send", "recv", nil}, {"sendmmsg", "mmsg", "recv", nil},
		{"segmentation offload", "gso", "recv", nil}, {"segmentation and receive offload", "gso", "gro", nil}}
	ours, cpu := map[int][]float64{}, map[int][]float64{}
	sizes := slices.DeleteFunc(slices.Clone(p.sizes), func(n int) bool { return n < 1400 })
	sizes = append([]int{1400}, sizes...)
	y := ourSystem(c)
	var normal []float64
	for range p.reps {
		for i := range yards {
			v, err := p.raw(c, yards[i].send, yards[i].recv, p.group)
			if err != nil {
				return err
			}
			yards[i].runs = append(yards[i].runs, v)
		}
		v, err := p.raw(c, "send", "recv", false)
		if err != nil {
			return err
		}
		normal = append(normal, v)
		for _, size := range sizes {
			l, err := y.stream(size, p.window(size, 1), 1)
			if err != nil {
				return fmt.Errorf("%d bytes: %w", size, err)
			}
			ours[size] = append(ours[size], l.rate*float64(size)/1e6)
			cpu[size] = append(cpu[size], l.cpu)
		}
	}
	for _, f := range yards {
		p.figure(fmt.Sprintf("4/%s/yardstick/%s", word, f.name), median(f.runs), "MB/s")
	}
	p.figure(fmt.Sprintf("4/%s/yardstick/sendto, scheduled normally", word), median(normal), "MB/s")
	sendto, top := yards[0].runs, max(median(yards[2].runs), median(yards[3].runs))
	if median(normal) > median(sendto) {
		sendto = normal // the faster of the two is the ceiling
	}
	for _, size := range sizes {
		m := median(ours[size])
		p.cell(peerCell{Name: fmt.Sprintf("4/%s/%d/sendto MB/s", word, size), Unit: "MB/s", Ours: m, Theirs: median(sendto), Ratio: m / median(sendto),
			Goal: 1, OursRuns: ours[size], TheirsRuns: sendto, OursCPU: median(cpu[size])})
		p.figure(fmt.Sprintf("4/%s/%d/of the ceiling with offloads", word, size), m/top, "")
	}
	return nil
}

// losses is the sixth: what loss on the wire costs, packet by packet.
func (p *peers) losses() error {
	c, err := p.cluster(2)
	if err != nil {
		return err
	}
	defer c.Close()
	// With segmentation by the device a whole batch would be lost as one.
	if err := c.Net.Segmentation(false); err != nil {
		return err
	}
	at := map[int][]float64{}
	const size = 1024
	for range p.reps {
		for _, percent := range []int{0, 1, 10} {
			set := c.Net.LossOfNothing
			if percent > 0 {
				set = func() error { return c.Net.Loss(percent) }
			}
			if err := set(); err != nil {
				return err
			}
			l, err := ourSystem(c).stream(size, 5*p.span, 1)
			if err != nil {
				return fmt.Errorf("%d percent: %w", percent, err)
			}
			at[percent] = append(at[percent], l.rate)
		}
	}
	none := median(at[0])
	for _, x := range []struct {
		percent int
		goal    float64
	}{{1, 0.85}, {10, 1.0 / 3}} {
		v := at[x.percent]
		p.cell(peerCell{Name: fmt.Sprintf("6/loss=%d", x.percent), Unit: "messages/s", Ours: median(v), Theirs: none, Ratio: median(v) / none,
			Goal: x.goal, OursRuns: v, TheirsRuns: at[0]})
	}
	return nil
}
