package campaign

import (
	"fmt"
	"slices"
)

// The judge of the checkpoint trial. It knows what the writing programs saw, what
// links were cut and executives killed, and what is in the sections at the end of
// a cycle. From this alone it finds which acknowledged writes are gone, and demands
// that they are those that the executives reported.
//
//   - A section with one writer: what is in it is that writer's, and not older than
//     the last write that was acknowledged.
//   - A section that several partitions wrote: what is in it is the last write of
//     one of them (of the higher rank: more members, then the lowest member); the
//     last writes of the others are lost, and reported, each by section, node and
//     time. Earlier writes of a partition were overwritten within it.
//   - A partition all of whose executives died before it met another took with it
//     what it acknowledged since the cut. Nobody is left to report that.
//   - A write that was refused is never seen, and nothing else is reported.
type ckptModel struct {
	writes [ckptSections][]ckptWrite // of the cycle
	before map[int]ckptTag           // what was in the sections when it began
	// By process of an executive: how many of the sections that it gave up for want
	// of a whole replica are gone; and whether that cannot be told.
	gone  map[int]int
	vague map[int]bool
}

func newCkptModel() *ckptModel {
	return &ckptModel{before: map[int]ckptTag{}, gone: map[int]int{}, vague: map[int]bool{}}
}

// verdict is what the judge found in a cycle.
type verdict struct {
	acked, unknown, atRisk int64
	conflicts, loose       int
	lost                   []ckptLoss // as reported; each was found, too
	wrong                  []error
}

func (v *verdict) blame(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Errorf(format, args...))
}

// judge judges a cycle and begins the next.
func (m *ckptModel) judge(cy *ckptCycle, now *ckptContent, reported []ckptLoss) *verdict {
	v := &verdict{}
	of := map[int][]ckptLoss{}
	for _, l := range reported {
		of[l.section] = append(of[l.section], l)
	}
	parted := cy.parted()
	for k := range ckptSections {
		for _, w := range m.writes[k] {
			if w.acked {
				v.acked++
			} else {
				v.unknown++
			}
		}
		x := &sectionCase{v: v, cy: cy, k: k, writes: m.writes[k], has: now.sections[k], before: m.before[k], reported: of[k], parted: parted}
		if len(cy.sides) > 0 && slices.Contains(cy.contested, k) {
			x.contested()
		} else {
			x.single()
		}
		for i, n := range cy.t.c.Nodes {
			for _, l := range cy.given[i] {
				if l.section == k {
					m.giveUp(x, n.Exec.PID, l)
				}
			}
		}
		m.before[k] = x.has
		m.writes[k] = m.writes[k][:0]
	}
	return v
}

// giveUp finds whether what an executive gave up is gone: of a write of this cycle
// by the section's one writer that can be told; one of before is what was in the
// section when the cycle began, or was overwritten.
func (m *ckptModel) giveUp(x *sectionCase, pid int, l ckptLoss) {
	for i := range x.writes {
		w := &x.writes[i]
		if l.written < w.wallBegin || l.written > w.wallEnd || l.node != x.cy.t.c.Nodes[w.writer].ID {
			continue
		}
		switch {
		case x.has.incarnation != w.incarnation && slices.ContainsFunc(x.writes, func(o ckptWrite) bool { return o.writer != w.writer }):
			m.vague[pid] = true
		case x.has.incarnation != w.incarnation || x.has.number < w.number:
			m.gone[pid]++
		}
	}
}

// given finds the report that a write was given up for want of a whole replica.
func (x *sectionCase) given(w *ckptWrite) (l ckptLoss, ok bool) {
	for _, list := range x.cy.given {
		for _, l := range list {
			if l.section == x.k && l.node == x.cy.t.c.Nodes[w.writer].ID && l.written >= w.wallBegin && l.written <= w.wallEnd {
				return l, true
			}
		}
	}
	return l, false
}

// sectionCase is one section in one cycle.
type sectionCase struct {
	v        *verdict
	cy       *ckptCycle
	k        int
	writes   []ckptWrite // of each writer in order
	has      ckptTag
	before   ckptTag
	reported []ckptLoss
	parted   bool
}

// is reports whether a write is what is in the section.
func (x *sectionCase) is(w *ckptWrite) bool {
	return x.has.incarnation == w.incarnation && x.has.number == w.number && x.has.size == uint64(w.size)
}

func (w *ckptWrite) String() string {
	fate := "of unknown fate"
	if w.acked {
		fate = "acknowledged"
	}
	return fmt.Sprintf("write %d of node %d (%s, %s to %s)", w.number, w.writer+1, fate, ms(w.begin), ms(w.end))
}

// risked reports whether a write was acknowledged by a partition that died as a whole.
func (cy *ckptCycle) risked(w *ckptWrite) bool {
	for i := range cy.sides {
		s := &cy.sides[i]
		if s.dead != 0 && slices.Contains(s.nodes, w.writer) && w.end > s.cut && w.begin < s.dead {
			return true
		}
	}
	return false
}

// single judges a section that one program wrote, or none.
func (x *sectionCase) single() {
	for _, l := range x.reported {
		x.v.blame("reported, but nothing was lost there: %v", l)
	}
	last := -1
	for i := range x.writes {
		w := &x.writes[i]
		if w.writer != x.writes[0].writer {
			x.v.blame("section %d: the trial itself had two writers, nodes %d and %d", x.k, w.writer+1, x.writes[0].writer+1)
			return
		}
		switch {
		case !w.acked:
		case x.cy.risked(w):
			x.v.atRisk++
		default:
			last = i
		}
	}
	if last < 0 && x.has == x.before {
		return
	}
	for i := max(last, 0); i < len(x.writes); i++ {
		if x.is(&x.writes[i]) {
			return
		}
	}
	if last >= 0 {
		// A node that was alone with an incomplete replica gave it up, and said so.
		if l, ok := x.given(&x.writes[last]); ok {
			x.v.lost = append(x.v.lost, l)
			return
		}
		x.v.blame("section %d: lost: %v; there is number %d of incarnation %d (before the cycle %d), nothing was reported",
			x.k, &x.writes[last], x.has.number, x.has.incarnation, x.before.number)
		return
	}
	x.v.blame("section %d: number %d of incarnation %d is no write that was accepted", x.k, x.has.number, x.has.incarnation)
}

// heads is what a partition's last write of the section may be.
func (x *sectionCase) heads(s *ckptSide) (heads []*ckptWrite) {
	for i := range x.writes {
		w := &x.writes[i]
		if w.writer != s.writer || w.begin < s.formed {
			continue
		}
		// What is acknowledged replaces what came before it; when it was written on
		// through the merge, the last before that is not known exactly.
		if w.acked && (s.finished || w.end <= s.heal) {
			heads = heads[:0]
		}
		heads = append(heads, w)
	}
	return heads
}

// last is what a writer's last write may be.
func (x *sectionCase) last(s *ckptSide) (list []*ckptWrite) {
	for i := range x.writes {
		w := &x.writes[i]
		if w.writer == s.writer && w.begin >= s.formed {
			if w.acked {
				list = list[:0]
			}
			list = append(list, w)
		}
	}
	return list
}

func (l *ckptLoss) of(w *ckptWrite, id uint32) bool {
	return l.kind == "write" && l.node == id && l.written >= w.wallBegin && l.written <= w.wallEnd
}

// contested judges a section that every partition wrote.
func (x *sectionCase) contested() {
	var alive []*ckptSide
	for i := range x.cy.sides {
		s := &x.cy.sides[i]
		if s.dead != 0 {
			for j := range x.writes {
				if w := &x.writes[j]; w.acked && w.writer == s.writer && w.begin >= s.formed && w.begin < s.dead {
					x.v.atRisk++
				}
			}
			continue
		}
		if h := x.heads(s); len(h) == 0 || !h[0].acked {
			x.v.blame("section %d: the trial itself failed: node %d wrote nothing in its partition", x.k, s.writer+1)
			return
		}
		alive = append(alive, s)
	}
	winner := -1
	for i, s := range alive {
		for _, w := range x.last(s) {
			if x.is(w) {
				winner = i
			}
		}
	}
	if winner < 0 {
		x.v.blame("section %d: number %d of incarnation %d is not the last write of any partition: %s",
			x.k, x.has.number, x.has.incarnation, x.describe(alive))
		return
	}
	if len(alive) > 1 {
		x.v.conflicts++
	}
	// Written on through the merge, what is there does not tell who won it.
	finished := alive[winner].finished
	if x.parted && (!finished || x.gaveUp()) {
		x.loosely(alive)
		return
	}
	if finished && len(alive) == 2 && !x.parted && !higher(alive[winner], alive[1-winner]) {
		x.v.blame("section %d: the partition of the lower rank won: %s", x.k, x.describe(alive))
	}
	x.match(alive, winner, finished)
}

// gaveUp tells whether any executive gave the section up for want of a whole replica.
func (x *sectionCase) gaveUp() bool {
	return slices.ContainsFunc(x.cy.given[:], func(list []ckptLoss) bool {
		return slices.ContainsFunc(list, func(l ckptLoss) bool { return l.section == x.k })
	})
}

// loosely judges a section that was written on while a ring broke once more: a
// write may have lost to any other then. Each reported one must be one of those
// that could be the last of a partition, and be reported once.
func (x *sectionCase) loosely(alive []*ckptSide) {
	x.v.loose++
	seen := map[*ckptWrite]bool{}
	for _, l := range x.reported {
		var lost *ckptWrite
		for _, s := range alive {
			for _, w := range x.heads(s) {
				if l.of(w, x.cy.t.c.Nodes[s.writer].ID) {
					lost = w
				}
			}
		}
		if lost == nil || seen[lost] {
			x.v.blame("reported, but not lost: %v; %s", l, x.describe(alive))
			continue
		}
		seen[lost] = true
		x.v.lost = append(x.v.lost, l)
	}
	if len(x.reported) < len(alive)-1 {
		x.v.blame("section %d: %d partitions wrote it, %d losses were reported: %s", x.k, len(alive), len(x.reported), x.describe(alive))
	}
}

// match demands that the reported losses are those of all partitions but one.
func (x *sectionCase) match(alive []*ckptSide, winner int, finished bool) {
	left := slices.Clone(x.reported)
	found := 0
	for i, s := range alive {
		if finished && i == winner {
			continue
		}
		id := x.cy.t.c.Nodes[s.writer].ID
		at := slices.IndexFunc(left, func(l ckptLoss) bool {
			return slices.ContainsFunc(x.heads(s), func(w *ckptWrite) bool { return l.of(w, id) })
		})
		if at < 0 {
			if finished {
				x.v.blame("section %d: lost, and not reported: %s", x.k, x.describe([]*ckptSide{s}))
			}
			continue
		}
		found++
		x.v.lost = append(x.v.lost, left[at])
		left = slices.Delete(left, at, at+1)
	}
	if !finished && found != len(alive)-1 {
		x.v.blame("section %d: %d partitions wrote it, %d losses were reported: %s", x.k, len(alive), found, x.describe(alive))
	}
	if !finished && len(alive) == 2 && found == 1 {
		loser := slices.IndexFunc(alive, func(s *ckptSide) bool {
			return x.cy.t.c.Nodes[s.writer].ID == x.v.lost[len(x.v.lost)-1].node
		})
		if !higher(alive[1-loser], alive[loser]) {
			x.v.blame("section %d: the partition of the higher rank lost: %s", x.k, x.describe(alive))
		}
	}
	for _, l := range left {
		x.v.blame("reported, but not lost: %v; %s", l, x.describe(alive))
	}
}

// higher tells whether a partition's changes go before another's: more members, or
// as many and the lowest.
func higher(a, b *ckptSide) bool {
	if len(a.atMerge) != len(b.atMerge) {
		return len(a.atMerge) > len(b.atMerge)
	}
	return slices.Min(a.atMerge) < slices.Min(b.atMerge)
}

func (x *sectionCase) describe(sides []*ckptSide) string {
	text := ""
	for _, s := range sides {
		text += fmt.Sprintf("[nodes %v formed %s heal %s:", plusOne(s.nodes), ms(s.formed), ms(s.heal))
		list := x.heads(s)
		for i, w := range list {
			if i < 3 || i >= len(list)-2 {
				text += " " + w.String()
			}
		}
		text += "] "
	}
	return text + fmt.Sprintf("reported: %v", x.reported)
}

func plusOne(list []int) (out []int) {
	for _, i := range list {
		out = append(out, i+1)
	}
	return out
}
