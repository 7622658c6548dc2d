package evt

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	_ "ais/internal/drawn"
)

// What a client's queue must be, without ghosts, bytes counted anew each time.
type modelEntry struct {
	sub  *subscription
	rec  *record
	prio uint8
}

func TestAQueueIsWhatAListByPriorityWouldBeWhateverEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		p := &pool{}
		var subs []*subscription
		var model []modelEntry // in order of arrival
		ghosts := 0            // that the last end left; they only become fewer
		first := func() int {
			best := -1
			for i, e := range model {
				if best < 0 || e.prio < model[best].prio {
					best = i
				}
			}
			return best
		}
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				if len(subs) < 3 {
					subs = append(subs, &subscription{})
				}
				prio := uint8(rapid.IntRange(0, 3).Draw(t, "prio"))
				rec := p.copy(make([]byte, rapid.IntRange(0, 1000).Draw(t, "size")))
				for range rapid.IntRange(1, 40).Draw(t, "times") {
					s := subs[rapid.IntRange(0, len(subs)-1).Draw(t, "sub")]
					q.push(prio, s, rec)
					model = append(model, modelEntry{s, rec, prio})
				}
				rec.release()
			},
			"pop": func(t *rapid.T) {
				w, prio, ok := q.front()
				i := first()
				if ok != (i >= 0) {
					t.Fatalf("front %v, %d wait", ok, len(model))
				}
				if !ok {
					return
				}
				if e := model[i]; w.sub != e.sub || w.rec != e.rec || uint8(prio) != e.prio {
					t.Fatal("another one is the first")
				}
				q.pop(prio)
				w.rec.release()
				model = slices.Delete(model, i, i+1)
			},
			"evict": func(t *rapid.T) {
				prio := uint8(rapid.IntRange(0, 3).Draw(t, "prio"))
				last := -1
				for i, e := range model {
					if e.prio > prio && (last < 0 || e.prio >= model[last].prio) {
						last = i
					}
				}
				s, ok := q.evict(prio)
				if ok != (last >= 0) || ok && s != model[last].sub {
					t.Fatalf("evicted %v, not %d of %d", ok, last, len(model))
				}
				if ok {
					model = slices.Delete(model, last, last+1)
				}
			},
			"end": func(t *rapid.T) {
				if len(subs) == 0 {
					t.Skip()
				}
				i := rapid.IntRange(0, len(subs)-1).Draw(t, "sub")
				s := subs[i]
				if rapid.Bool().Draw(t, "owed") {
					q.owe(s)
				}
				s.ended = true
				q.forget(s)
				if q.owed() {
					t.Fatal("a notice of a subscription that ended")
				}
				subs = slices.Delete(subs, i, i+1)
				model = slices.DeleteFunc(model, func(e modelEntry) bool { return e.sub == s })
				if ghosts = q.ghosts; ghosts > q.count+someGhosts || ghosts > 0 && q.count == 0 {
					t.Fatalf("%d ghosts beside %d are not swept out", ghosts, q.count)
				}
			},
			"": func(t *rapid.T) {
				if q.count != len(model) || (q.count == 0) != (q.bytes == 0) || q.bytes < 0 || q.ghosts < 0 || q.ghostBytes < 0 {
					t.Fatalf("%d of %d wait, %d bytes, %d ghosts of %d bytes", q.count, len(model), q.bytes, q.ghosts, q.ghostBytes)
				}
				if q.ghosts > ghosts || q.ghostBytes > maxGhostBytes {
					t.Fatalf("%d ghosts of %d bytes beside %d", q.ghosts, q.ghostBytes, q.count)
				}
				for _, s := range subs {
					n := 0
					for _, e := range model {
						if e.sub == s {
							n++
						}
					}
					if s.waiting != n {
						t.Fatalf("%d wait for a subscription, %d counted", n, s.waiting)
					}
				}
				held := map[*record]bool{}
				for i := range q.rings {
					for j := range q.rings[i].size {
						held[q.rings[i].at(j).rec] = true
					}
				}
				if p.live != len(held) {
					t.Fatalf("%d records are held, %d are live", len(held), p.live)
				}
			},
		})
		q.drop()
		if p.live != 0 {
			t.Fatalf("%d records are left", p.live)
		}
	})
}
