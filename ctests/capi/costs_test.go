package capi

import (
	"strconv"
	"strings"
	"testing"
)

// The best of several runs counts: the machine may be busy. The overhead of a
// call is what it works more than the same request spoken by hand on a socket.
func TestTheLibraryCostsLittle(t *testing.T) {
	limits := map[string]float64{
		"load_ms": 1, "first_initialize_ms": 30, "overhead_cpu_us": 2, "empty_dispatch_us": 3,
	}
	a := archs[0]
	p := program{Name: "costs", Sources: []string{"costs.c"}, Flags: []string{"-O2"}, Libs: []string{"-lais", "-ldl"}}
	path := p.build(t, a)
	best := map[string]float64{}
	for range 5 {
		out := startFake(t).run(t, []string{"LD_LIBRARY_PATH=" + a.Libs(t)}, path, "costs")
		for line := range strings.Lines(out) {
			name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if old, ok := best[name]; !ok || v < old {
				best[name] = v
			}
		}
	}
	t.Logf("best of five: %v", best)
	if best["call_by_hand_us"] > 40 {
		// Undisturbed it is 10: even the best run had to share the processor.
		t.Skip("the machine is too busy to measure on")
	}
	for name, limit := range limits {
		if v, ok := best[name]; !ok || v > limit {
			t.Errorf("%s is %v, the limit is %v", name, v, limit)
		}
	}
}
