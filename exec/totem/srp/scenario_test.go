package srp

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"ais/exec/totem/wire"
)

// TestScenarios runs the scripts of testdata: one file per scenario, regenerated
// with -rewrite. Commands:
//
//	cluster n=3 [accelerated=N] [maxpacket=N] [failtoreceive=N]   machines 1..n, not started
//	start [id=N|ids=A,B]              start (again); all when none is named
//	run ms=N                          let time pass
//	form [ms=N]                       run until all that are up are one ring
//	send id=N [count=N] [safe] [run]  messages; "run" lets 50 ms pass
//	crash|pause|resume|leave id=N
//	suspect at=N id=N                 hint at machine at that id died
//	partition groups=1,2|3            and: heal
//	lose from=N seq=N [to=N]          drop that message (retransmissions too)
//	gag id=N                          packets from id are lost; ungag id=N
//	show                              what was delivered since the last show
//	status id=N                       state, counters that are not 0
//
// Every command prints what was delivered since the last one printed.
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scenario{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { return s.command(t, d) })
	})
}

type scenario struct {
	c     *cluster
	n     int
	drops []func(from, to wire.NodeID, pkt []byte) bool
	gag   map[wire.NodeID]bool
}

func num(t *testing.T, d *datadriven.TestData, key string, def int) int {
	for _, a := range d.CmdArgs {
		if a.Key == key {
			v, err := strconv.Atoi(strings.Join(a.Vals, ""))
			if err != nil {
				d.Fatalf(t, "%s: %v", key, err)
			}
			return v
		}
	}
	return def
}

func (s *scenario) command(t *testing.T, d *datadriven.TestData) string {
	id := wire.NodeID(num(t, d, "id", 0))
	c := s.c
	switch d.Cmd {
	case "cluster":
		s.n = num(t, d, "n", 3)
		s.c = newCluster(uint64(num(t, d, "seed", 1)), Config{
			Accelerated: num(t, d, "accelerated", 0), MaxPacket: num(t, d, "maxpacket", 0),
			FailToReceive: num(t, d, "failtoreceive", 0),
		})
		s.c.jitter = 0 // packets of a link stay in order, and figures do not hang on the generator
		s.drops, s.gag = nil, make(map[wire.NodeID]bool)
		s.c.drop = func(from, to wire.NodeID, pkt []byte) bool {
			lost := s.gag[from]
			for _, f := range s.drops {
				lost = lost || f(from, to, pkt)
			}
			return lost
		}
		return ""
	case "start":
		if id != 0 {
			c.start(id)
			return ""
		}
		for i := 1; i <= s.n; i++ {
			c.start(wire.NodeID(i))
		}
		return ""
	case "run":
		c.run(time.Duration(num(t, d, "ms", 50))*time.Millisecond, nil)
	case "form":
		from := c.now
		limit := time.Duration(num(t, d, "ms", 5000)) * time.Millisecond
		if !c.run(limit, c.whole) {
			return "not one ring after " + limit.String() + c.states()
		}
		took := c.now - from
		c.run(5*time.Millisecond, nil)
		return fmt.Sprintf("one ring after %v\n%s", took.Round(100*time.Microsecond), c.show())
	case "send":
		g := wire.Agreed
		if d.HasArg("safe") {
			g = wire.Safe
		}
		x := c.nodes[id]
		for range num(t, d, "count", 1) {
			x.nr++
			x.backlog = append(x.backlog, queued{fmt.Sprintf("%d.%d", id, x.nr), g})
		}
		x.m.Wake(c.now)
		x.handle()
		if !d.HasArg("run") {
			return ""
		}
		c.run(50*time.Millisecond, nil)
	case "crash":
		c.crash(id)
		return ""
	case "pause":
		c.nodes[id].paused = true
		return ""
	case "resume":
		c.resume(id)
		return ""
	case "leave":
		c.nodes[id].m.Leave(c.now)
		c.nodes[id].handle()
		c.nodes[id].up = false
		return ""
	case "suspect":
		x := c.nodes[wire.NodeID(num(t, d, "at", 1))]
		x.m.Suspect(c.now, id)
		x.handle()
		return ""
	case "partition":
		c.partition(d)
		return ""
	case "heal":
		clear(c.group)
		s.drops = nil
		return ""
	case "lose":
		from, to, seq := wire.NodeID(num(t, d, "from", 0)), wire.NodeID(num(t, d, "to", 0)), uint64(num(t, d, "seq", 0))
		s.drops = append(s.drops, func(f, x wire.NodeID, pkt []byte) bool {
			var m wire.Data
			return m.Unmarshal(pkt) == nil && !m.Encapsulated && m.Seq == seq && (from == 0 || f == from) && (to == 0 || x == to)
		})
		return ""
	case "gag":
		s.gag[id] = true
		return ""
	case "ungag":
		delete(s.gag, id)
		return ""
	case "status":
		return c.nodes[id].status()
	case "show":
	default:
		d.Fatalf(t, "unknown command %s", d.Cmd)
	}
	return c.show()
}

func (c *cluster) partition(d *datadriven.TestData) {
	for _, a := range d.CmdArgs {
		if a.Key != "groups" {
			continue
		}
		for g, list := range strings.Split(strings.Join(a.Vals, ","), "|") {
			for _, s := range strings.Split(list, ",") {
				id, _ := strconv.Atoi(s)
				c.group[wire.NodeID(id)] = g
			}
		}
	}
}

// show prints what was delivered since the last show; machines that delivered
// the same are printed together.
func (c *cluster) show() string {
	var b strings.Builder
	done := make(map[wire.NodeID]bool)
	for _, id := range c.ids() {
		x := c.nodes[id]
		if done[id] || len(x.log) == 0 {
			continue
		}
		text := strings.Join(x.log, "\n")
		same := []string{}
		for _, o := range c.ids() {
			if y := c.nodes[o]; !done[o] && strings.Join(y.log, "\n") == text {
				same = append(same, fmt.Sprint(o))
				done[o] = true
			}
		}
		fmt.Fprintf(&b, "%s:\n%s\n", strings.Join(same, " "), text)
	}
	for _, x := range c.nodes {
		x.log = nil
	}
	return b.String()
}

func (n *node) status() string {
	s := n.m.Status()
	var b strings.Builder
	fmt.Fprintf(&b, "%v ring %v members %s last cause %v\n", s.State, s.Ring, names(s.Members), s.LastCause)
	fmt.Fprintf(&b, "high %d aru %d safe %d delivered %d\n", s.High, s.Aru, s.Safe, s.Delivered)
	k := s.Counters
	fmt.Fprintf(&b, "configurations %d resent %d recovered %d discarded %d suspects %d cleared %d dead %d holding %v\n",
		k.Configurations, k.Resent, k.Recovered, k.Discarded, k.Suspects, k.SuspectsCleared, k.SuspectsDead, s.Holding)
	return b.String()
}
