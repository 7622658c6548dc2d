package ckpt

import (
	"strconv"
	"strings"
	"testing"

	"ais/ctests/harness"
)

// The samples of both generations, as a user would try them: the counter goes on on
// another node after its program and its node were killed.
func TestTheSampleCountersGoOnOnAnotherNode(t *testing.T) {
	for source, gen := range map[string]harness.Generation{
		"ctests/samples/ckpt_count_a01.c": harness.GenA, "ctests/samples/ckpt_count_b01.c": harness.GenB,
	} {
		t.Run(string(gen), func(t *testing.T) {
			c := cluster(t, 2)
			last := func(line string) int {
				f := strings.Fields(line)
				n, err := strconv.Atoi(f[len(f)-1])
				if err != nil {
					t.Fatalf("%q", line)
				}
				return n
			}
			p, err := c.Nodes[0].RunC(source, gen)
			if err != nil {
				t.Fatal(err)
			}
			line, _, err := p.Stdout.Wait(0, patience, func(s string) bool { return strings.HasSuffix(s, " count 3") })
			if err != nil {
				t.Fatal(err, p.Stdout.String())
			}
			counted := last(line)
			if _, err := c.Nodes[0].Kill(); err != nil {
				t.Fatal(err)
			}
			if _, _, err = p.Stdout.Wait(0, patience, func(s string) bool { return strings.HasSuffix(s, "executive gone") }); err != nil {
				t.Fatal(err, p.Stdout.String())
			}
			p.Kill()
			q, err := c.Nodes[1].RunC(source, gen)
			if err != nil {
				t.Fatal(err)
			}
			line, _, err = q.Stdout.Wait(0, patience, func(s string) bool { return strings.Contains(s, " from ") })
			if err != nil || last(line) < counted {
				t.Fatalf("%v: %q after %d", err, line, counted)
			}
			if _, _, err = q.Stdout.Wait(0, patience, func(s string) bool { return strings.Contains(s, " count ") }); err != nil {
				t.Fatal(err, q.Stdout.String())
			}
		})
	}
}
