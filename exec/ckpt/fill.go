// Sections that a node does not have whole: after a merge the content comes in
// pages, behind everybody's back, while requests flow.
//
// Which pages have come is the same on every node, because pages are ordered
// messages. Every member, also one that has the section, keeps the account, so
// that all agree when a section is whole everywhere, and who may answer for it.
//
// A write to a section that is being filled is applied at once. The node that
// fills it remembers which bytes were written; a page that comes later gives only
// the others. That is right whatever of the writes the page's sender had already
// applied when it read the page: bytes that were written since the merge are here,
// and bytes that were not are in the page as they were then.

package ckpt

import (
	"slices"

	"ais/exec/totem/wire"
)

// maxPage is what a section is cut into, where messages are large enough. Sections
// of most programs are smaller.
const (
	maxPage = 32 << 10
	minPage = 512
)

// span is a range of bytes.
type span struct{ from, to int }

// fill is what is known of a section that not every member has whole.
type fill struct {
	holders []nodeKey // who has it whole, lowest first; shared between sections
	page    int       // bytes of a page
	missing []uint64  // a bit for each page that has not come
	left    int       // how many bits are set
	word    [1]uint64 // missing, of a section of up to 64 pages
	since   []span    // bytes written since, sorted, not touching
}

// slabSize is how many sections, or fills, are made at once where very many are.
const slabSize = 128

// newFill is for a section of which all pages are missing.
func (m *merger) newFill(holders []nodeKey, size, page int) *fill {
	if len(m.slab) == 0 {
		m.slab = make([]fill, slabSize)
	}
	f := &m.slab[0]
	m.slab = m.slab[1:]
	n := (size + page - 1) / page
	f.holders, f.page, f.left = holders, page, n
	if n <= 64 {
		f.missing = f.word[:]
	} else {
		f.missing = make([]uint64, (n+63)/64)
	}
	for i := range n {
		f.missing[i/64] |= 1 << (i % 64)
	}
	return f
}

func (f *fill) isMissing(page int) bool {
	return page >= 0 && page/64 < len(f.missing) && f.missing[page/64]&(1<<(page%64)) != 0
}

// next is the first missing page from page on, -1 when there is none.
func (f *fill) next(page int) int {
	for ; page/64 < len(f.missing); page++ {
		if f.isMissing(page) {
			return page
		}
	}
	return -1
}

// written notes bytes that were written.
func (f *fill) written(from, to int) {
	if from >= to {
		return
	}
	i, _ := slices.BinarySearchFunc(f.since, from, func(s span, from int) int { return s.to - from })
	j := i
	for j < len(f.since) && f.since[j].from <= to {
		from, to = min(from, f.since[j].from), max(to, f.since[j].to)
		j++
	}
	f.since = slices.Replace(f.since, i, j, span{from, to})
}

// holder reports whether a node has the section whole.
func (sec *section) holder(n nodeKey) bool {
	return sec.fill == nil || slices.Contains(sec.fill.holders, n)
}

// source is the node that answers for a section that is being filled: the lowest
// that has it whole. Zero when there is none any more.
func (sec *section) source() nodeKey {
	if sec.fill == nil || len(sec.fill.holders) == 0 {
		return nodeKey{}
	}
	return sec.fill.holders[0]
}

// place finds a section by its place in the order.
func (s *state) place(id ident, place uint64) *section {
	ck := s.all[id]
	if ck == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(ck.order, place, func(sec *section, place uint64) int {
		return cmp2(sec.seq, place, 0, 0)
	})
	if !ok || ck.order[i].gone {
		return nil
	}
	return ck.order[i]
}

// takePage takes a page of a section. self says whose replica this is.
func (s *state) takePage(self nodeKey, sec *section, page int, data []byte) bool {
	f := sec.fill
	if f == nil || !f.isMissing(page) {
		return false
	}
	offset := page * f.page
	if len(data) > f.page || len(data) > sec.size-offset {
		return false
	}
	if !slices.Contains(f.holders, self) {
		sec.thaw()
		sec.ensure(sec.size)
		fillIn(sec.data[offset:offset+len(data)], data, offset, f.since)
	}
	f.missing[page/64] &^= 1 << (page % 64)
	if f.left--; f.left == 0 {
		sec.fill = nil
	}
	return true
}

// fillIn copies the bytes of a page that were not written since.
func fillIn(dst, src []byte, offset int, written []span) {
	at := offset
	i, _ := slices.BinarySearchFunc(written, offset, func(s span, from int) int { return s.to - from })
	for ; i < len(written) && written[i].from < offset+len(src); i++ {
		if n := written[i].from; n > at {
			copy(dst[at-offset:n-offset], src[at-offset:n-offset])
		}
		at = max(at, written[i].to)
	}
	if at < offset+len(src) {
		copy(dst[at-offset:], src[at-offset:])
	}
}

// keepHolders leaves the members among the holders.
func keepHolders(holders []nodeKey, members []wire.Member) []nodeKey {
	keep := make([]nodeKey, 0, len(holders))
	for _, h := range holders {
		if slices.ContainsFunc(members, func(m wire.Member) bool { return keyOf(m) == h }) {
			keep = append(keep, h)
		}
	}
	return keep
}

// tidy drops from the list of sections being filled those that are whole or gone.
func (s *state) tidy() {
	s.filling = slices.DeleteFunc(s.filling, func(sec *section) bool { return sec.gone || sec.fill == nil })
}
