package main

import (
	"time"

	"ais/ctests/harness"
)

// Which of corosync's transports ours are measured against: every one takes a
// minute and more in all repetitions, so the fastest is looked for first.

// What one cell is called where corosync is not installed.
const notEncrypted = "unencrypted"

// open are corosync's transports without encryption.
var open = []string{"knet", "udp", "udpu"}

// near is how slow a transport may be beside the fastest in the short measurement
// and is measured in full all the same: the medians of all repetitions decide then.
const near = 0.75

// against measures ours beside knet with AES, if sealed, and beside the fastest of
// the transports without encryption, all sizes with each corosync that is started,
// in each state of the links.
func (p *peers) against(nodes int, sealed bool, sizes, senders []int) (map[run]*pair, error) {
	out := map[run]*pair{}
	c, err := p.cluster(nodes)
	if err != nil {
		return out, err
	}
	defer c.Close()
	if p.missing != nil {
		err = p.transport(c, notEncrypted, out, sizes, senders)
		for _, seg := range p.segmentationsOf(nodes) {
			for _, size := range sizes {
				out[run{"knet-aes", seg, size}] = out[run{notEncrypted, seg, size}]
			}
		}
		return out, err
	}
	if sealed {
		if err := p.transport(c, "knet-aes", out, sizes, senders); err != nil {
			return out, err
		}
	}
	picked, err := p.pick(c, sizes, senders)
	if err != nil {
		return out, err
	}
	for _, name := range open {
		if len(picked[name]) > 0 {
			if err := p.transport(c, name, out, picked[name], senders); err != nil {
				return out, err
			}
		}
	}
	return out, nil
}

// transport measures ours beside one transport. That it cannot be started is an
// error of its cells only.
func (p *peers) transport(c *harness.Cluster, name string, out map[run]*pair, sizes, senders []int) error {
	began := time.Now()
	s, err := p.besideNamed(c, name)
	if err != nil {
		for _, seg := range p.segmentationsOf(len(c.Nodes)) {
			for _, size := range sizes {
				out[run{name, seg, size}] = &pair{err: err}
			}
		}
		return nil
	}
	defer s.r.stop()
	for _, seg := range p.segmentationsOf(len(c.Nodes)) {
		if err := c.Net.Segmentation(seg == "on"); err != nil {
			return err
		}
		p.pairs(s, run{transport: name, segmentation: seg}, out, sizes, senders)
	}
	where := "beside " + name
	if p.missing != nil {
		where = "alone"
	}
	p.progress("nodes=%d, senders=%d, %s: %d sizes in %v", len(c.Nodes), len(senders), where, len(sizes), time.Since(began).Round(time.Second))
	return nil
}

func (p *peers) besideNamed(c *harness.Cluster, name string) (*side, error) {
	if p.missing != nil {
		return p.alone(c), nil
	}
	return p.beside(c, transportNamed(name))
}

// segmentationsOf is the states of the links that are worth a measurement: with one
// node nothing is sent.
func (p *peers) segmentationsOf(nodes int) []string {
	if nodes == 1 {
		return p.segmentations()[:1]
	}
	return p.segmentations()
}

// pick finds, for each transport without encryption, the sizes at which it may be
// the fastest: theirs alone, two short measurements each, the better one.
func (p *peers) pick(c *harness.Cluster, sizes, senders []int) (map[string][]int, error) {
	began := time.Now()
	if err := c.Net.Segmentation(p.segmentations()[0] == "on"); err != nil {
		return nil, err
	}
	rates := map[run]float64{}
	for _, name := range open {
		s, err := p.beside(c, transportNamed(name))
		if err != nil {
			p.say("# %d nodes: %v", len(c.Nodes), err)
			continue
		}
		for _, size := range sizes {
			for range 2 {
				if l, err := s.theirs.stream(size, max(p.window(size, len(senders))/2, 150*time.Millisecond), senders...); err == nil {
					of := run{transport: name, size: size}
					rates[of] = max(rates[of], l.rate)
				}
			}
		}
		s.r.stop()
	}
	p.progress("nodes=%d, senders=%d: fastest of %v looked for in %v", len(c.Nodes), len(senders), open, time.Since(began).Round(time.Second))
	return nearest(rates, sizes), nil
}

// nearest is the sizes of each transport that is the fastest or near to it. Where
// none delivered anything all are.
func nearest(rates map[run]float64, sizes []int) map[string][]int {
	picked := map[string][]int{}
	for _, size := range sizes {
		top := 0.0
		for _, name := range open {
			top = max(top, rates[run{transport: name, size: size}])
		}
		for _, name := range open {
			if rates[run{transport: name, size: size}] >= near*top {
				picked[name] = append(picked[name], size)
			}
		}
	}
	return picked
}

// fastest is the transport with the highest median of theirs.
func fastest(m map[run]*pair, names []string, seg string, size int) (string, *pair) {
	top := names[0]
	value := func(n string) float64 {
		if pr := m[run{n, seg, size}]; pr != nil {
			return median(pr.theirs)
		}
		return -1
	}
	for _, n := range names {
		if value(n) > value(top) {
			top = n
		}
	}
	return top, m[run{top, seg, size}]
}

// unsealed is what ours are compared with that does not encrypt.
func (p *peers) unsealed(m map[run]*pair, seg string, size int) (string, *pair) {
	if p.missing != nil {
		return notEncrypted, m[run{notEncrypted, seg, size}]
	}
	return fastest(m, open, seg, size)
}
