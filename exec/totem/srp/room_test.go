package srp

import (
	"testing"
	"time"

	"ais/exec/totem/wire"
)

var largeWindows = Config{Window: 256, MaxMessages: 64, Accelerated: 24}

// ringOf starts nodes 1 to n with the given rooms and waits until they are one ring.
func ringOf(t *testing.T, n int, rooms map[wire.NodeID]int, cfg Config) *cluster {
	t.Helper()
	c := newCluster(uint64(n), cfg)
	c.room = rooms
	for id := range n {
		c.start(wire.NodeID(id + 1))
	}
	if !c.run(10*time.Second, c.whole) {
		t.Fatalf("%d nodes formed no ring", n)
	}
	return c
}

func TestAllMembersKeepToTheSmallestReceiveBuffer(t *testing.T) {
	small := largeWindows
	small.MaxPacket, small.MaxSession = MinMaxPacket, MinMaxPacket // a commit token of several pages
	for _, tc := range []struct {
		nodes  int
		rooms  map[wire.NodeID]int
		cfg    Config
		room   int
		window int
		visit  int
		behind int
	}{
		{2, nil, largeWindows, 0, 256, 64, 24},
		{2, map[wire.NodeID]int{1: plentyRoom, 2: plentyRoom + 7}, largeWindows, 0, 256, 64, 24},
		{2, map[wire.NodeID]int{1: 1000}, largeWindows, 1000, 256, 64, 24},               // more than the windows need
		{3, map[wire.NodeID]int{1: 200, 2: 161, 3: 300}, largeWindows, 161, 256, 64, 24}, // two full visits fit
		{4, map[wire.NodeID]int{1: 200, 2: 161, 3: 300}, largeWindows, 161, 161 - 24 - 3, 64, 24},
		{3, map[wire.NodeID]int{1: 40, 2: 161}, largeWindows, 40, 40 - 10 - 2, 28, 10},
		{3, map[wire.NodeID]int{3: 40}, largeWindows, 40, 28, 28, 10},
		{8, map[wire.NodeID]int{5: 100, 6: 90, 8: 95}, small, 90, 90 - 22 - 7, 61, 22},
		{2, map[wire.NodeID]int{2: 1}, largeWindows, 1, 256, 9, 3},
		{3, map[wire.NodeID]int{2: 1}, largeWindows, 1, 8, 8, 3},
		{20, map[wire.NodeID]int{2: 64}, largeWindows, 64, 64 - 16 - 8, 40, 16},
	} {
		c := ringOf(t, tc.nodes, tc.rooms, tc.cfg)
		for id, n := range c.nodes {
			if l := n.m.limits; l.room != tc.room || l.window != tc.window || l.visit != tc.visit || l.behind != tc.behind {
				t.Errorf("%d nodes, rooms %v: node %d counts on %d: %d a rotation, %d a visit, %d behind the token; want %d: %d, %d, %d",
					tc.nodes, tc.rooms, id, l.room, l.window, l.visit, l.behind, tc.room, tc.window, tc.visit, tc.behind)
			}
			if s := n.m.Status(); s.Room != tc.room || s.Window != tc.window || s.VisitMost > tc.visit {
				t.Errorf("status of node %d: %d, %d, %d", id, s.Room, s.Window, s.VisitMost)
			}
		}
	}
}

func TestWindowsAreLargeAgainWhenTheSmallBufferHasLeft(t *testing.T) {
	c := ringOf(t, 3, map[wire.NodeID]int{3: 40}, largeWindows)
	want := func(when string, ids []wire.NodeID, room, window, visit int) {
		t.Helper()
		for _, id := range ids {
			if m := c.nodes[id].m; m.limits.room != room || m.limits.window != window || m.visitMost != visit {
				t.Errorf("%s: node %d counts on %d: %d a rotation, %d a visit; want %d: %d, %d",
					when, id, m.limits.room, m.limits.window, m.visitMost, room, window, visit)
			}
		}
	}
	all := []wire.NodeID{1, 2, 3}
	want("with it", all, 40, 28, 28)
	c.nodes[3].m.Leave(c.now)
	c.nodes[3].handle()
	c.crash(3)
	if !c.run(5*time.Second, c.whole) {
		t.Fatal("no ring of two")
	}
	flood(c, all[:2], 20*time.Millisecond) // windows grow with visits
	want("without it", all[:2], 0, 256, 64)
	c.start(3)
	if !c.run(5*time.Second, c.whole) {
		t.Fatal("no ring of three again")
	}
	want("with it again", all, 40, 28, 28)
	c.crash(2)
	c.crash(3)
	if !c.run(5*time.Second, c.whole) {
		t.Fatal("no ring of one")
	}
	if l := c.nodes[1].m.limits; l.room != 0 || l.window != 256 || l.visit != 64 {
		t.Errorf("alone: %+v", l)
	}
}

// Loss makes a visit smaller than the buffers allow, and once it is over visits
// grow back to what they allow and not beyond.
func TestLossAndBuffersLimitAVisitTogether(t *testing.T) {
	c := ringOf(t, 2, map[wire.NodeID]int{1: 80, 2: 80}, largeWindows)
	m := c.nodes[1].m
	if m.limits.visit != 60 {
		t.Fatalf("a visit may send %d packets, want 60", m.limits.visit)
	}
	smallBuffer(c, 2, 15) // less than it said
	least := m.limits.visit
	for range 300 {
		flood(c, []wire.NodeID{1}, time.Millisecond)
		least = min(least, m.visitMost)
	}
	if least > 40 || least < minVisit {
		t.Errorf("visits sent at least %d packets where 15 fit", least)
	}
	c.drop = nil
	for range 100 {
		flood(c, []wire.NodeID{1}, time.Millisecond)
		if m.visitMost > 60 {
			t.Fatalf("a visit may send %d packets", m.visitMost)
		}
	}
	if m.visitMost != 60 {
		t.Errorf("a visit may send %d packets after the loss is over, want 60", m.visitMost)
	}
}

// stall has one node after the other stop for a while, again and again, under a
// flood of all.
func stall(c *cluster, steps int) {
	ids := c.ids()
	for range steps {
		id := ids[c.rng.IntN(len(ids))]
		c.nodes[id].paused = true
		for _, other := range ids {
			n := c.nodes[other]
			for len(n.backlog) < 500 {
				n.backlog = append(n.backlog, queued{"flood", wire.Agreed})
			}
			if other != id {
				n.m.Wake(c.now)
				n.handle()
			}
		}
		c.run(time.Duration(c.rng.Int64N(int64(3*time.Millisecond))), nil)
		c.resume(id)
		c.run(time.Duration(c.rng.Int64N(int64(time.Millisecond))), nil)
	}
}

func TestNothingOverflowsABufferThatWasAdvertised(t *testing.T) {
	for _, tc := range []struct {
		nodes, room int
		enough      bool // for windows of this size anyhow
	}{{2, 40, false}, {3, 40, false}, {4, 30, false}, {8, 100, false}, {2, 90, true}, {3, 161, true}} {
		for _, told := range []bool{true, false} {
			c := newCluster(7, largeWindows)
			c.jitter = 0 // on a link packets keep their order
			for id := range wire.NodeID(tc.nodes) {
				if told {
					c.room[id+1] = tc.room
				}
				c.start(id + 1)
			}
			if !c.run(10*time.Second, c.whole) {
				t.Fatal("no ring")
			}
			for id := range c.nodes {
				c.buffer[id] = tc.room
			}
			before := len(c.nodes[1].messages)
			stall(c, 100)
			delivered := len(c.nodes[1].messages) - before
			switch {
			case told && c.overflow > 0:
				t.Errorf("%d nodes whose buffers hold %d packets: %d did not fit", tc.nodes, tc.room, c.overflow)
			case told && c.fullest < tc.room/3:
				t.Errorf("%d nodes whose buffers hold %d packets: never more than %d of it were used", tc.nodes, tc.room, c.fullest)
			case told && delivered < 1000:
				t.Errorf("%d nodes whose buffers hold %d packets: only %d messages", tc.nodes, tc.room, delivered)
			case !told && c.overflow == 0 && !tc.enough:
				t.Errorf("%d nodes whose buffers hold %d packets: nothing was lost even though nobody knew", tc.nodes, tc.room)
			}
			t.Logf("%d nodes, room %d, told %v: %d delivered, %d lost, at most %d in a buffer", tc.nodes, tc.room, told, delivered, c.overflow, c.fullest)
		}
	}
}

// However little a buffer holds, messages get through.
func TestABufferOfAFewPacketsStillGetsEverything(t *testing.T) {
	c := ringOf(t, 3, map[wire.NodeID]int{2: 4}, largeWindows)
	smallBuffer(c, 2, 4)
	if n := flood(c, []wire.NodeID{1, 2, 3}, 500*time.Millisecond); n < 100 {
		t.Errorf("%d messages", n)
	}
	if s := c.nodes[1].m.Status(); s.Counters.Gathers[CauseFailToReceive] > 0 || len(s.Members) != 3 {
		t.Errorf("members %v", s.Members)
	}
}
