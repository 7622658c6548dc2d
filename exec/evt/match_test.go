package evt

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ais/libais/ipcwire"
)

// naive is the specification read literally: each filter against the pattern at
// its place, missing patterns empty, further patterns not looked at.
func naive(filters []ipcwire.EvtFilter, patterns [][]byte) bool {
	for i, f := range filters {
		p, k := "", string(f.Filter)
		if i < len(patterns) {
			p = string(patterns[i])
		}
		ok := false
		switch f.Type {
		case ipcwire.EvtPassAllFilter:
			ok = true
		case ipcwire.EvtExactFilter:
			ok = p == k
		case ipcwire.EvtPrefixFilter:
			ok = len(p) >= len(k) && p[:len(k)] == k
		case ipcwire.EvtSuffixFilter:
			ok = len(p) >= len(k) && p[len(p)-len(k):] == k
		}
		if !ok {
			return false
		}
	}
	return true
}

func drawBytes(t *rapid.T, label string) []byte {
	return []byte(rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 3, -1).Draw(t, label))
}

func drawFilters(t *rapid.T) []ipcwire.EvtFilter {
	list := make([]ipcwire.EvtFilter, rapid.IntRange(0, 4).Draw(t, "filters"))
	for i := range list {
		list[i] = ipcwire.EvtFilter{Type: uint8(rapid.IntRange(1, 4).Draw(t, "type")), Filter: drawBytes(t, "filter")}
	}
	return list
}

func TestTheIndexFindsWhatAScanOfAllSubscriptionsFindsEachOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := &index{}
		type one struct {
			sub     *subscription
			filters []ipcwire.EvtFilter
		}
		var all []one
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				f := drawFilters(t)
				s := &subscription{id: uint64(len(all)), filters: keepFilters(f)}
				x.add(s)
				all = append(all, one{s, f})
			},
			"remove": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				x.remove(all[i].sub)
				all = slices.Delete(all, i, i+1)
			},
			"": func(t *rapid.T) {
				patterns := make([][]byte, rapid.IntRange(0, 5).Draw(t, "patterns"))
				for i := range patterns {
					patterns[i] = drawBytes(t, "pattern")
				}
				hits := slices.Clone(x.match(patterns))
				for _, o := range all {
					want := 0
					if naive(o.filters, patterns) {
						want = 1
					}
					n := 0
					for _, h := range hits {
						if h == o.sub {
							n++
						}
					}
					if n != want || matches(o.sub.filters, patterns) != (want == 1) {
						t.Fatalf("%v against %q: found %d times, not %d", o.filters, patterns, n, want)
					}
				}
				if x.size != len(all) {
					t.Fatalf("size %d of %d", x.size, len(all))
				}
			},
		})
		for _, o := range all {
			x.remove(o.sub)
		}
		if !x.root.empty() || x.size != 0 {
			t.Fatal("an empty index has branches")
		}
	})
}

// The cases of saEvtEventSubscribe about numbers of filters and patterns.
func TestFiltersAndPatternsNeedNotBeEqualInNumber(t *testing.T) {
	f := func(kind uint8, s string) ipcwire.EvtFilter { return ipcwire.EvtFilter{Type: kind, Filter: []byte(s)} }
	const prefix, suffix, exact, all = ipcwire.EvtPrefixFilter, ipcwire.EvtSuffixFilter, ipcwire.EvtExactFilter, ipcwire.EvtPassAllFilter
	for _, tc := range []struct {
		filters  []ipcwire.EvtFilter
		patterns []string
		want     bool
	}{
		{nil, nil, true},
		{nil, []string{"a", "b"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a")}, []string{"a", "b", "c"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a"), f(exact, "b")}, []string{"a"}, false},
		{[]ipcwire.EvtFilter{f(exact, "a"), f(all, "b")}, []string{"a"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a"), f(exact, "")}, []string{"a"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a"), f(prefix, "")}, []string{"a"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a"), f(suffix, "x")}, []string{"a"}, false},
		{[]ipcwire.EvtFilter{f(exact, "")}, nil, true},
		{[]ipcwire.EvtFilter{f(exact, "")}, []string{"a"}, false},
		{[]ipcwire.EvtFilter{f(prefix, "ab")}, []string{"abc"}, true},
		{[]ipcwire.EvtFilter{f(prefix, "abc")}, []string{"ab"}, false},
		{[]ipcwire.EvtFilter{f(suffix, "bc")}, []string{"abc"}, true},
		{[]ipcwire.EvtFilter{f(suffix, "abc")}, []string{"bc"}, false},
		{[]ipcwire.EvtFilter{f(exact, "a\x00b")}, []string{"a\x00b"}, true},
		{[]ipcwire.EvtFilter{f(exact, "a\x00b")}, []string{"a\x00c"}, false},
	} {
		var patterns [][]byte
		for _, p := range tc.patterns {
			patterns = append(patterns, []byte(p))
		}
		x := &index{}
		x.add(&subscription{filters: keepFilters(tc.filters)})
		if got := len(x.match(patterns)) == 1; got != tc.want || naive(tc.filters, patterns) != tc.want {
			t.Errorf("%v against %q: %v", tc.filters, tc.patterns, got)
		}
	}
}

// fill makes an index of n subscriptions of every shape that differ in what they
// look for.
func fill(n int) *index {
	x := &index{}
	for i := range n {
		key := []byte(fmt.Sprintf("sensor-%05d", i))
		list := []ipcwire.EvtFilter{{Type: uint8(i%3 + 1), Filter: key}, {Type: ipcwire.EvtExactFilter, Filter: key[7:]}}
		x.add(&subscription{filters: keepFilters(list)})
	}
	return x
}

func TestTenThousandSubscriptionsCostALookupAndNotAScan(t *testing.T) {
	patterns := [][]byte{[]byte("sensor-00007"), []byte("00007")}
	cost := func(n int) time.Duration {
		x := fill(n)
		best := time.Duration(1 << 62)
		for range 20 {
			start := time.Now()
			for range 1000 {
				if len(x.match(patterns)) != 1 {
					t.Fatal("not found")
				}
			}
			best = min(best, time.Since(start)/1000)
		}
		return best
	}
	few, many := cost(10), cost(10000)
	t.Logf("10 subscriptions: %v, 10,000: %v", few, many)
	if many > 5*few+2*time.Microsecond {
		t.Errorf("10 subscriptions: %v, 10,000: %v", few, many)
	}
	x := fill(10000)
	if n := testing.AllocsPerRun(100, func() { x.match(patterns) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	patterns := [][]byte{[]byte("sensor-00007"), []byte("00007")}
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(max(n, 8)), func(b *testing.B) {
			x := fill(max(n, 8))
			for b.Loop() {
				x.match(patterns)
			}
		})
	}
}
