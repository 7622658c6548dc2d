package main

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"gonum.org/v1/plot/plotter"

	"ais/exec/totem/seal"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// How a ring grows with its members, in simulated time: the machines of the
// protocol with a network that takes the same time for every packet, so that what
// remains is the protocol's own law.

func init() {
	var hop, work, span time.Duration
	var sizes []int
	var out string
	cmd := &cobra.Command{
		Use:   "scale",
		Short: "How rotation time, bytes and messages grow with the nodes of a simulated ring",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			all := map[string][]scaled{}
			fmt.Fprintf(w, "a packet takes %v, a visit of the token %v; messages of %d bytes\n", hop, work, scaleMessage)
			for _, load := range []string{"one sender", "every node one message a rotation", "every node as many as it may"} {
				fmt.Fprintf(w, "\n%s\n%6s %12s %12s %14s %14s %14s %12s\n", load, "nodes", "rotation us", "us per node",
					"sent B/node", "received B/node", "messages/s", "formed ms")
				var first, last scaled
				var rows []scaled
				for i, n := range sizes {
					r, err := scale(n, load, hop, work, span)
					if err != nil {
						return fmt.Errorf("%d nodes: %w", n, err)
					}
					fmt.Fprintf(w, "%6d %12.1f %12.2f %14.0f %14.0f %14.0f %12.1f\n", n, r.rotation, r.rotation/float64(n),
						r.sent, r.received, r.messages, float64(r.formed.Microseconds())/1000)
					if i == 0 {
						first = r
					}
					last, rows = r, append(rows, r)
				}
				all[load] = rows
				if len(sizes) > 1 {
					steps := math.Log(float64(last.nodes) / float64(first.nodes))
					fmt.Fprintf(w, "growth from %d to %d nodes: rotation N^%.2f, sent per node and rotation N^%.2f, received N^%.2f\n",
						first.nodes, last.nodes, math.Log(last.rotation/first.rotation)/steps,
						math.Log(last.sent/first.sent)/steps, math.Log(last.received/first.received)/steps)
				}
			}
			if out == "" {
				return nil
			}
			return saveScale(out, all)
		},
	}
	cmd.Flags().IntSliceVar(&sizes, "nodes", []int{16, 32, 64, 128}, "sizes of rings")
	cmd.Flags().StringVar(&out, "out", "", "directory of JSON and plots; empty: none")
	cmd.Flags().DurationVar(&hop, "hop", 20*time.Microsecond, "time of a packet from node to node")
	cmd.Flags().DurationVar(&work, "work", 5*time.Microsecond, "time of a visit of the token besides")
	cmd.Flags().DurationVar(&span, "for", 200*time.Millisecond, "simulated time of each measurement, after the ring has formed")
	register(cmd)
}

const (
	scaleMessage = 1000
	scaleWindow  = 512 // the default of network.conf, as the two numbers beside it are
)

// scaled is what one ring did; bytes are those on the wire, per rotation and node.
type scaled struct {
	nodes          int
	rotation       float64 // microseconds
	sent, received float64
	messages       float64 // per simulated second, of the whole ring
	formed         time.Duration
}

// saveScale writes what was measured, by load, and draws it.
func saveScale(dir string, all map[string][]scaled) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	type row struct {
		Nodes    int     `json:"nodes"`
		Rotation float64 `json:"rotation_us"`
		Sent     float64 `json:"sent_bytes_per_node_and_rotation"`
		Received float64 `json:"received_bytes_per_node_and_rotation"`
		Messages float64 `json:"messages_per_second"`
		Formed   float64 `json:"formed_ms"`
	}
	rows := map[string][]row{}
	for load, list := range all {
		for _, r := range list {
			rows[load] = append(rows[load], row{r.nodes, r.rotation, r.sent, r.received, r.messages, float64(r.formed.Microseconds()) / 1000})
		}
	}
	if err := writeJSON(filepath.Join(dir, "scale.json"), rows); err != nil {
		return err
	}
	for _, p := range []struct {
		file, y string
		of      func(scaled) float64
	}{
		{"scale-rotation", "rotation, microseconds", func(r scaled) float64 { return r.rotation }},
		{"scale-bytes", "bytes received per node and rotation", func(r scaled) float64 { return r.received }},
		{"scale-messages", "messages per second", func(r scaled) float64 { return r.messages }},
	} {
		var lines []curve
		for _, load := range slices.Sorted(maps.Keys(all)) {
			var at plotter.XYs
			for _, r := range all[load] {
				at = append(at, plotter.XY{X: float64(r.nodes), Y: p.of(r)})
			}
			lines = append(lines, curve{name: load, at: at})
		}
		c := chart{title: "Simulated rings", x: "nodes", y: p.y, logX: true, logY: true}
		if err := c.draw(filepath.Join(dir, p.file), lines); err != nil {
			return err
		}
	}
	return nil
}

// simNode is one machine and its source of messages.
type simNode struct {
	s        *simRing
	m        *srp.Machine
	self     wire.Member
	endless  bool
	rationed bool   // one message a rotation
	tokens   uint64 // that it passed on
	spent    uint64 // tokens, plus one, when it made its last message
	tickAt   time.Duration
	members  int
}

// Next makes a message whenever the load of the measurement has one.
func (n *simNode) Next(dst []byte) (int, wire.Guarantee, bool) {
	if n.Backlog() == 0 {
		return 0, wire.Agreed, false
	}
	n.spent = n.tokens + 1
	clear(dst[:scaleMessage])
	binary.LittleEndian.PutUint64(dst, uint64(n.self.ID))
	return scaleMessage, wire.Agreed, true
}

// Backlog is enough for any visit, or one, or none.
func (n *simNode) Backlog() int {
	switch {
	case !n.endless:
		return 0
	case n.rationed && n.spent == n.tokens+1:
		return 0
	case n.rationed:
		return 1
	}
	return 1000
}

// simEvent is a packet that arrives, or a timer (no packet).
type simEvent struct {
	at    time.Duration
	order int
	to    int
	org   srp.Origin
	pkt   []byte
}

type simEvents []simEvent

func (e simEvents) Len() int { return len(e) }
func (e simEvents) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}
func (e simEvents) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *simEvents) Push(x any)   { *e = append(*e, x.(simEvent)) }
func (e *simEvents) Pop() any {
	o := *e
	x := o[len(o)-1]
	*e = o[:len(o)-1]
	return x
}

// simRing is all nodes and the packets under way.
type simRing struct {
	now            time.Duration
	hop, work      time.Duration
	nodes          []*simNode
	queue          simEvents
	order          int
	sent, received uint64
}

func (s *simRing) push(e simEvent) {
	s.order++
	e.order = s.order
	heap.Push(&s.queue, e)
}

// transmit sends a packet: to everybody it leaves its sender once, as with
// multicast, and arrives at each.
func (s *simRing) transmit(from *simNode, o *srp.Outgoing) {
	overhead := seal.RingOverhead
	if o.Ring.IsZero() {
		overhead = seal.SessionOverhead
	}
	size := uint64(len(o.Data) + overhead)
	s.sent += size
	d := s.hop
	if o.Token {
		d += s.work
		from.tokens++
	}
	pkt := append([]byte(nil), o.Data...)
	for i, n := range s.nodes {
		if n == from || o.To != 0 && o.To != n.self.ID {
			continue
		}
		s.received += size
		s.push(simEvent{at: s.now + d, to: i, org: srp.Origin{Member: from.self, Ring: o.Ring}, pkt: pkt})
	}
}

// handle does what a machine wants done.
func (n *simNode) handle(i int) {
	r := n.m.Ready()
	for k := range r.Packets {
		n.s.transmit(n, &r.Packets[k])
	}
	for k := range r.Deliveries {
		if r.Deliveries[k].Kind == srp.DeliverRegular {
			n.members = len(r.Deliveries[k].Config.Members)
		}
	}
	if at := n.m.Deadline(); at != srp.Never && (n.tickAt <= n.s.now || at < n.tickAt) {
		n.tickAt = max(at, n.s.now+1)
		n.s.push(simEvent{at: n.tickAt, to: i})
	}
}

// run goes on until done or the end; it tells whether done said so.
func (s *simRing) run(until time.Duration, done func() bool) bool {
	for len(s.queue) > 0 && s.queue[0].at <= until {
		e := heap.Pop(&s.queue).(simEvent)
		s.now = e.at
		n := s.nodes[e.to]
		if e.pkt == nil {
			n.m.Tick(s.now)
		} else {
			n.m.Step(s.now, e.org, e.pkt)
		}
		n.handle(e.to)
		if done != nil && done() {
			return true
		}
	}
	return false
}

// scale forms a ring of n nodes, loads it and measures.
func scale(n int, load string, hop, work, span time.Duration) (scaled, error) {
	if n < 2 || n > wire.MaxMembers {
		return scaled{}, fmt.Errorf("a ring has 2 to %d members here", wire.MaxMembers)
	}
	s := &simRing{hop: hop, work: work}
	for i := range n {
		d := &simNode{s: s}
		d.self = wire.Member{ID: wire.NodeID(i + 1), Start: 1}
		binary.LittleEndian.PutUint64(d.self.Nonce[:], uint64(i+1))
		d.m = srp.New(srp.Config{Self: d.self, Source: d, Window: scaleWindow, MaxMessages: 64, Accelerated: 24, Seed: uint64(i + 1)})
		s.nodes = append(s.nodes, d)
	}
	for i, d := range s.nodes {
		d.m.Start(0)
		d.handle(i)
	}
	whole := func() bool {
		for _, d := range s.nodes {
			if d.members != n {
				return false
			}
		}
		return true
	}
	if !s.run(time.Minute, whole) {
		return scaled{}, errors.New("no ring of all of them forms")
	}
	formed := s.now
	for i, d := range s.nodes {
		d.endless = i == 0 || load != "one sender"
		d.rationed = load == "every node one message a rotation"
		d.m.Wake(s.now)
		d.handle(i)
	}
	s.run(s.now+50*time.Millisecond, nil) // until it is steady
	first := s.nodes[0]
	tokens, delivered := first.tokens, first.m.Status().Counters.Delivered
	sent, received, began := s.sent, s.received, s.now
	s.run(began+span, nil)
	visits := float64(first.tokens - tokens)
	if visits == 0 || !whole() {
		return scaled{}, errors.New("the ring did not keep together")
	}
	return scaled{
		nodes: n, rotation: float64((s.now - began).Nanoseconds()) / 1000 / visits,
		sent: float64(s.sent-sent) / visits / float64(n), received: float64(s.received-received) / visits / float64(n),
		messages: float64(first.m.Status().Counters.Delivered-delivered) / (s.now - began).Seconds(), formed: formed,
	}, nil
}
