// What contents sections went through around changes of the configuration.
//
// A message that a broken ring did not deliver everywhere may be delivered in
// different configurations on either side: its change has another version there, and
// versions do not tell that one side went through what the other still has. The
// chains of contents do. They are remembered where that can happen: the last of each
// epoch, of regular configurations and transitional ones.
//
// What is forgotten here is at most reported as lost without need.

package ckpt

const (
	maxTail   = 1024 // of an epoch
	maxPassed = 8192 // of all
)

// passages is the memory of a state.
type passages struct {
	tail  []uint64 // of this epoch, a ring
	first int      // the oldest in a full tail
	past  []uint64 // of epochs before, oldest first
}

// note remembers what a section became.
func (p *passages) note(chain uint64) {
	if len(p.tail) < maxTail {
		p.tail = append(p.tail, chain)
		return
	}
	p.tail[p.first] = chain
	p.first = (p.first + 1) % maxTail
}

// list is all that is remembered, oldest first.
func (p *passages) list() []uint64 {
	all := make([]uint64, 0, len(p.past)+len(p.tail))
	all = append(all, p.past...)
	all = append(all, p.tail[p.first:]...)
	all = append(all, p.tail[:p.first]...)
	return all[max(0, len(all)-maxPassed):]
}

// enter ends an epoch.
func (p *passages) enter() {
	if len(p.tail) > 0 {
		p.past = p.list()
		p.tail, p.first = p.tail[:0], 0
	}
}

// joinPassages joins what partitions remember; of many, of each the last.
func joinPassages(parts []*part) (out passages, went []map[uint64]bool) {
	seen := map[uint64]bool{}
	for _, p := range parts {
		list := p.st.passed.list()
		set := make(map[uint64]bool, len(list))
		for _, c := range list {
			set[c] = true
		}
		went = append(went, set)
		for _, c := range list[max(0, len(list)-maxPassed/len(parts)):] {
			if !seen[c] {
				seen[c] = true
				out.past = append(out.past, c)
			}
		}
	}
	return out, went
}

// had reports whether a partition has a section's content, or had it before.
func (m *merger) had(part int, sec *section) bool { return sec != nil && m.went[part][sec.chain] }
