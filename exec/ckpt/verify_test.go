// The invariants of a state: tests and the simulator check them after every
// delivery.

package ckpt

import (
	"fmt"
	"math/bits"

	"ais/libais/ipcwire"
)

// verify returns an error when the state of a node contradicts itself.
func (s *state) verify(self nodeKey) error {
	used := int64(0)
	refs := map[*checkpoint]int{}
	for k, c := range s.clients {
		if len(c.refs) == 0 && c.staged == nil {
			continue
		}
		for h, r := range c.refs {
			if s.all[r.ck.id] != r.ck {
				return fmt.Errorf("handle %d of connection %d of node %d is of checkpoint %q, which is gone", h, k.Conn, k.Node.ID, r.ck.name)
			}
			refs[r.ck]++
		}
		if c.staged != nil {
			used += int64(len(c.staged.body))
		}
	}
	for id, ck := range s.all {
		if ck.id != id {
			return fmt.Errorf("checkpoint %q is kept as another", ck.name)
		}
		if err := ck.verify(self); err != nil {
			return fmt.Errorf("checkpoint %q: %w", ck.name, err)
		}
		if ck.refs != refs[ck] {
			return fmt.Errorf("checkpoint %q counts %d handles, there are %d", ck.name, ck.refs, refs[ck])
		}
		if (s.names[ck.name] == ck) == ck.unlinked {
			return fmt.Errorf("checkpoint %q: unlinked %v, but its name says otherwise", ck.name, ck.unlinked)
		}
		if ck.refs == 0 && (ck.unlinked || ck.attrs.Retention == 0) {
			return fmt.Errorf("checkpoint %q should be gone", ck.name)
		}
		used += ck.cost()
		for _, sec := range ck.sections {
			used += sec.cost()
		}
	}
	for name, ck := range s.names {
		if ck.name != name || s.all[ck.id] != ck {
			return fmt.Errorf("name %q is that of %q", name, ck.name)
		}
	}
	if used != s.used {
		return fmt.Errorf("%d bytes are counted, there are %d", s.used, used)
	}
	return nil
}

func (ck *checkpoint) verify(self nodeKey) error {
	a := &ck.attrs
	live, bytes, last := 0, uint64(0), uint64(0)
	for i, sec := range ck.order {
		if i > 0 && sec.seq <= last || sec.seq > ck.nextSeq {
			return fmt.Errorf("section %q is out of order", sec.id)
		}
		last = sec.seq
		if sec.gone {
			continue
		}
		live++
		bytes += uint64(sec.size)
		if ck.sections[sec.id] != sec || sec.ck != ck {
			return fmt.Errorf("section %q is not the one of its id", sec.id)
		}
		if err := sec.verify(self); err != nil {
			return fmt.Errorf("section %q: %w", sec.id, err)
		}
		if uint64(sec.size) > a.MaxSectionSize || uint64(len(sec.id)) > a.MaxSectionIDSize {
			return fmt.Errorf("section %q is larger than allowed", sec.id)
		}
	}
	switch {
	case live != len(ck.sections):
		return fmt.Errorf("%d sections, %d in order", len(ck.sections), live)
	case uint64(live) > uint64(a.MaxSections):
		return fmt.Errorf("%d sections, %d allowed", live, a.MaxSections)
	case bytes != ck.bytes:
		return fmt.Errorf("%d bytes are counted, there are %d", ck.bytes, bytes)
	case bytes > a.Size:
		return fmt.Errorf("%d bytes, %d allowed", bytes, a.Size)
	case a.MaxSections == 1 && (live != 1 || ck.sections[""] == nil):
		return fmt.Errorf("the default section is missing")
	case a.MaxSections != 1 && ck.sections[""] != nil:
		return fmt.Errorf("a default section among others")
	}
	return nil
}

func (sec *section) verify(self nodeKey) error {
	if sec.expiration != ipcwire.CkptTimeEnd && sec.deadline == 0 {
		return fmt.Errorf("its expiration is not watched")
	}
	f := sec.fill
	if sec.holder(self) {
		if len(sec.data) < sec.size {
			return fmt.Errorf("%d bytes of %d are here", len(sec.data), sec.size)
		}
	}
	if f == nil {
		return nil
	}
	n := 0
	for _, w := range f.missing {
		n += bits.OnesCount64(w)
	}
	if n != f.left || n == 0 {
		return fmt.Errorf("%d pages missing, %d counted", n, f.left)
	}
	if len(f.holders) == 0 {
		return fmt.Errorf("nobody has it whole")
	}
	return nil
}
