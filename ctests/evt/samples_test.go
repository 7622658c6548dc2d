package evt

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ais/ctests/harness"
)

// The samples of both generations publish to and hear each other, across nodes, and
// survive the death of their executive.
func TestTheSamplesOfBothGenerationsHearEachOther(t *testing.T) {
	c := cluster(t, 2)
	start := func(n *harness.Node, name string, args ...string) *harness.Process {
		t.Helper()
		p, err := n.Run(harness.Spec{Name: name, Path: filepath.Join(c.Build.Dir, "samples", name), Args: args})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	until := func(p *harness.Process, from int, text string) int {
		t.Helper()
		_, at, err := p.Stdout.Wait(from, patience, func(s string) bool { return strings.Contains(s, text) })
		if err != nil {
			t.Fatalf("%s: no %q: %v\n%s%s", p.Name, text, err, p.Stdout, p.Stderr)
		}
		return at
	}
	// The publisher of 2003 begins alone: its critical alarm is retained.
	pa := start(c.Nodes[0], "evt_publish_a01", "old", "20")
	until(pa, 0, "published 5")
	sb, critical := start(c.Nodes[1], "evt_subscribe_b01"), start(c.Nodes[1], "evt_subscribe_a01", "critical")
	until(sb, 0, "alarm priority=0 publisher=old data=old 5")
	until(critical, 0, "alarm priority=0 publisher=old data=old 5")
	until(sb, 0, "alarm priority=3 publisher=old")
	pb := start(c.Nodes[1], "evt_publish_b01", "new", "20")
	until(critical, 0, "publisher=new data=new 5")
	for _, line := range critical.Stdout.From(0) {
		if strings.Contains(line, "priority=3") {
			t.Errorf("a subscriber to critical alarms got %q", line)
		}
	}
	if _, err := c.Nodes[1].Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.Nodes[1].Exec.Done()
	at := until(sb, 0, "executive gone")
	until(pb, 0, "executive gone")
	if err := c.Nodes[1].Start(); err != nil {
		t.Fatal(err)
	}
	until(sb, until(sb, at, "open"), "publisher=old")
	for _, p := range []*harness.Process{pa, pb, sb, critical} {
		if err := p.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(patience); err != nil {
			t.Error(err)
		}
	}
}
