package events

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A small world to account for: three nodes with a program each. Times are in
// milliseconds. Nodes 1 and 2 stay together, node 3 is apart from 1000 to 2000; it
// publishes and subscribes all the same.
type world struct {
	logs [3][]string // in the order in which they are written
}

func ms(n int) string { return fmt.Sprint(int64(n+1) * int64(time.Millisecond)) }

func (w *world) write(node int, format string, args ...any) {
	w.logs[node-1] = append(w.logs[node-1], fmt.Sprintf(format, args...))
}

// newWorld has each node publish one event every 100 ms, every fifth of them
// retained for a minute.
func newWorld() *world {
	w := &world{}
	apart := func(t int) bool { return t >= 1000 && t < 2000 }
	for n := 1; n <= 3; n++ {
		w.write(n, "C %s m=1,2,3 l= j=1,2,3", ms(0))
		w.write(n, "S 1 %s", ms(0))
	}
	for t, i := 100, 1; t <= 4000; t, i = t+100, i+1 {
		if t == 1000 || t == 2000 {
			for n := 1; n <= 3; n++ {
				side, other := "1,2", "3"
				if n == 3 {
					side, other = other, side
				}
				if t == 1000 {
					w.write(n, "C %s m=%s l=%s j=", ms(t), side, other)
					w.write(n, "C %s m=%s l= j=", ms(t), side)
				} else {
					w.write(n, "C %s m=%s l= j=", ms(t), side)
					w.write(n, "C %s m=1,2,3 l= j=%s", ms(t), other)
					for k := 10; k < 20; k++ { // what was retained meanwhile
						for p := 1; p <= 3; p++ {
							if (p == 3) != (n == 3) && k%5 == 0 {
								w.write(n, "D 1 %d %d 0 %d %s", p, p, k, ms(t))
							}
						}
					}
				}
			}
		}
		for p := 1; p <= 3; p++ {
			retained := 0
			if i%5 == 0 {
				retained = int(time.Minute)
			}
			w.write(p, "P 0 %d %d %s %s", i, retained, ms(t+p), ms(t+p))
			for n := 1; n <= 3; n++ {
				if !apart(t) || (p == 3) == (n == 3) {
					w.write(n, "D 1 %d %d 0 %d %s", p, p, i, ms(t+p+1))
				}
			}
		}
		if t == 3000 { // a new subscription on node 2, to what is retained
			w.write(2, "S 2 %s", ms(t+500))
			for p := 1; p <= 3; p++ {
				for k := 5; k <= 30; k += 5 {
					w.write(2, "D 2 %d %d 0 %d %s", p, p, k, ms(t+501))
				}
			}
		}
	}
	// Subscription 2 gets what comes from 3500 on, and is ended at 3900.
	at := slices.IndexFunc(w.logs[1], func(s string) bool { return s == "D 1 1 1 0 36 "+ms(3602) })
	var with []string
	for i, s := range w.logs[1] {
		var p, q, k int
		var when string
		with = append(with, s)
		if n, _ := fmt.Sscanf(s, "D 1 %d %d 0 %d %s", &p, &q, &k, &when); i >= at-3 && n == 4 && k >= 36 && k <= 38 {
			with = append(with, fmt.Sprintf("D 2 %d %d 0 %d %s", p, q, k, when))
		}
		if strings.HasPrefix(s, "D 1 3 3 0 38 ") {
			with = append(with, fmt.Sprintf("U 2 %s", ms(3850)))
		}
	}
	w.logs[1] = with
	// In the log of node 2, subscription 2 began at 3500.
	i := slices.IndexFunc(w.logs[1], func(s string) bool { return strings.HasPrefix(s, "S 2 ") })
	j := slices.IndexFunc(w.logs[1], func(s string) bool { return strings.HasPrefix(s, "D 1 1 1 0 36 ") })
	k := i
	for strings.HasPrefix(w.logs[1][k], "S 2") || strings.HasPrefix(w.logs[1][k], "D 2") {
		k++
	}
	moved := slices.Concat(w.logs[1][:i], w.logs[1][k:j], w.logs[1][i:k], w.logs[1][j:])
	// What was retained at 35 it gets, too.
	for p := 3; p >= 1; p-- {
		at := slices.IndexFunc(moved, func(s string) bool { return strings.HasPrefix(s, fmt.Sprintf("D 2 %d %d 0 30 ", p, p)) })
		moved = slices.Insert(moved, at+1, fmt.Sprintf("D 2 %d %d 0 35 %s", p, p, ms(3501)))
	}
	w.logs[1] = moved
	return w
}

// without takes out the lines that begin with a text.
func (w *world) without(node int, prefix string) *world {
	was := len(w.logs[node-1])
	w.logs[node-1] = slices.DeleteFunc(w.logs[node-1], func(s string) bool { return strings.HasPrefix(s, prefix) })
	if len(w.logs[node-1]) == was {
		panic("no line " + prefix)
	}
	return w
}

// after inserts a line behind one.
func (w *world) after(node int, prefix, line string) *world {
	at := slices.IndexFunc(w.logs[node-1], func(s string) bool { return strings.HasPrefix(s, prefix) })
	if at < 0 {
		panic("no line " + prefix)
	}
	w.logs[node-1] = slices.Insert(w.logs[node-1], at+1, line)
	return w
}

// cutOff ends a node's log at a line: its executive was killed.
func (w *world) cutOff(node int, prefix string) *world {
	at := slices.IndexFunc(w.logs[node-1], func(s string) bool { return strings.HasPrefix(s, prefix) })
	w.logs[node-1] = w.logs[node-1][:at]
	return w
}

func (w *world) check(t *testing.T, killed ...int) (*Account, []string) {
	t.Helper()
	var streams []*stream
	for i, lines := range w.logs {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := readStream(path, &stream{name: fmt.Sprint("node", i+1), node: uint32(i + 1), incarnation: uint64(i + 1), killed: slices.Contains(killed, i+1)})
		if err != nil {
			t.Fatal(err)
		}
		streams = append(streams, s)
	}
	return check(streams, checkOptions{early: 50 * time.Millisecond, late: 50 * time.Millisecond,
		merge: 100 * time.Millisecond, margin: 50 * time.Millisecond})
}

func TestAWorldInWhichNothingIsLostUnexplainedPasses(t *testing.T) {
	a, wrong := newWorld().check(t)
	if len(wrong) > 0 || a.OtherPartition != 32 || a.LateRetained != 8 || a.Separations != 2 || a.Resubscribed < 18 {
		t.Errorf("%v\n%s", a, strings.Join(wrong, "\n"))
	}
}

func TestTheAccountFindsWhatMustNotBe(t *testing.T) {
	for _, x := range []struct {
		name string
		make func() *world
		dead []int
		ok   bool
	}{
		{"an event of a node that moved along is lost in the separation", func() *world { return newWorld().without(1, "D 1 2 2 0 15 ") }, nil, false},
		{"an event of a node that moved along is lost at its beginning", func() *world { return newWorld().without(2, "D 1 1 1 0 10 ") }, nil, false},
		{"an event is lost at its own node", func() *world { return newWorld().without(3, "D 1 3 3 0 14 ") }, nil, false},
		{"an event of another partition is lost long before the separation", func() *world { return newWorld().without(3, "D 1 2 2 0 4 ") }, nil, false},
		{"and long after", func() *world { return newWorld().without(1, "D 1 3 3 0 28 ") }, nil, false},
		{"the last event is lost", func() *world { return newWorld().without(2, "D 1 3 3 0 40 ") }, nil, false},
		{"an event within the slack of the separation is lost, apart from the others", func() *world {
			return newWorld().after(1, "D 1 2 2 0 15 ", "D 1 3 3 0 16 "+ms(1605)).without(1, "D 1 3 3 0 15 ")
		}, nil, false},
		{"a notice explains a loss", func() *world {
			return newWorld().after(1, "D 1 1 1 0 28 ", "L 1 "+ms(2850)).without(1, "D 1 3 3 0 28 ")
		}, nil, true},
		{"a notice before the publication does not", func() *world {
			return newWorld().after(1, "D 1 1 1 0 27 ", "L 1 "+ms(2750)).without(1, "D 1 3 3 0 28 ")
		}, nil, false},
		{"a notice behind the next event does not", func() *world {
			return newWorld().after(1, "D 1 1 1 0 30 ", "L 1 "+ms(3050)).without(1, "D 1 3 3 0 28 ")
		}, nil, false},
		{"a retained event does not come when the separation ends", func() *world { return newWorld().without(3, "D 1 1 1 0 15 ") }, nil, false},
		{"an event comes twice", func() *world {
			return newWorld().after(1, "D 1 2 2 0 28 ", "D 1 2 2 0 28 "+ms(2850))
		}, nil, false},
		{"a retained event comes again when the separation ends", func() *world {
			return newWorld().after(1, "C "+ms(2000)+" m=1,2,3", "D 1 2 2 0 15 "+ms(2001))
		}, nil, false},
		{"an event comes after its successor", func() *world {
			w := newWorld()
			at := slices.IndexFunc(w.logs[0], func(s string) bool { return strings.HasPrefix(s, "D 1 2 2 0 28 ") })
			line := w.logs[0][at]
			return w.without(1, "D 1 2 2 0 28 ").after(1, "D 1 2 2 0 29 ", line)
		}, nil, false},
		{"a new subscription does not get a retained event", func() *world { return newWorld().without(2, "D 2 3 3 0 15 ") }, nil, false},
		{"a new subscription does not get a new event", func() *world { return newWorld().without(2, "D 2 3 3 0 37 ") }, nil, false},
		{"a new subscription gets what is long over", func() *world {
			return newWorld().after(2, "S 2 ", "D 2 1 1 0 3 "+ms(3500))
		}, nil, false},
		{"a new subscription gets what was cleared", func() *world {
			return newWorld().after(2, "D 1 2 2 0 20 ", "X 0 20 "+ms(2105))
		}, nil, false},
		{"what only a killed publisher knew is gone", func() *world {
			w := newWorld().cutOff(3, "D 1 3 3 0 30 ")
			for n := 1; n <= 2; n++ {
				for k := 30; k <= 40; k++ {
					w.without(n, fmt.Sprintf("D 1 3 3 0 %d ", k))
				}
			}
			return w.without(2, "D 2 3 3 0 3").after(2, "D 1 3 3 0 29", "L 2 "+ms(3000))
		}, []int{3}, true},
		{"one survivor got of a killed publisher what the other did not", func() *world {
			w := newWorld().cutOff(3, "D 1 3 3 0 30 ")
			for n := 1; n <= 2; n++ {
				for k := 30; k <= 40; k++ {
					if n != 2 || k != 30 {
						w.without(n, fmt.Sprintf("D 1 3 3 0 %d ", k))
					}
				}
			}
			return w.without(2, "D 2 3 3 0 3")
		}, []int{3}, false},
		{"a hole in what a killed publisher sent", func() *world {
			w := newWorld().cutOff(3, "D 1 3 3 0 30 ")
			for n := 1; n <= 2; n++ {
				w.without(n, "D 1 3 3 0 29 ")
				for k := 31; k <= 40; k++ {
					w.without(n, fmt.Sprintf("D 1 3 3 0 %d ", k))
				}
			}
			return w.without(2, "D 2 3 3 0 3").without(3, "D 1 3 3 0 29 ")
		}, []int{3}, false},
	} {
		w := x.make()
		if !strings.HasPrefix(x.name, "a new subscription does") && !strings.HasPrefix(x.name, "a new subscription gets what was") {
			// What subscription 2 says of the same event would tell, too.
			w.logs[1] = slices.DeleteFunc(w.logs[1], func(s string) bool {
				f := strings.Fields(s)
				return len(f) > 1 && f[1] == "2" && strings.Contains("DSUL", f[0]) && !strings.Contains(x.name, "long over")
			})
		}
		if a, wrong := w.check(t, x.dead...); (len(wrong) == 0) != x.ok {
			t.Errorf("%s: %v\n%s", x.name, a, strings.Join(wrong, "\n"))
		}
	}
}

func TestAnyDeliveryBetweenNodesThatStayTogetherIsMissed(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		w := newWorld()
		node := 1 + rnd.IntN(2)
		lines := w.logs[node-1]
		i := rnd.IntN(len(lines))
		var p, q, k int
		if n, _ := fmt.Sscanf(lines[i], "D 1 %d %d 0 %d", &p, &q, &k); n != 3 || p == 3 {
			continue
		}
		w.logs[node-1] = slices.Delete(slices.Clone(lines), i, i+1)
		if _, wrong := w.check(t); len(wrong) == 0 {
			t.Fatalf("node %d: %s is missing, and nobody misses it", node, lines[i])
		}
	}
}
