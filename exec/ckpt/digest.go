// Digests of what decides: members of one partition compare theirs at a barrier.
// They hold what is the same on every replica, whatever is here of the data.

package ckpt

import (
	"encoding/binary"
	"slices"
	"strconv"
)

// mixer is a digest under way. It is fast, and no defence against malice: who is a
// member is trusted.
type mixer uint64

func (m *mixer) u64(v uint64) {
	x := (uint64(*m) ^ v) * 0x9E3779B97F4A7C15
	*m = mixer(x ^ x>>32)
}

func (m *mixer) str(s string) {
	m.u64(uint64(len(s)))
	for len(s) >= 8 {
		m.u64(uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56)
		s = s[8:]
	}
	for i := range len(s) {
		m.u64(uint64(s[i]))
	}
}

func (m *mixer) node(n nodeKey) {
	m.u64(uint64(n.ID))
	m.u64(binary.LittleEndian.Uint64(n.Nonce[:]))
	m.u64(binary.LittleEndian.Uint64(n.Nonce[8:]))
}

func (m *mixer) version(v version) {
	m.u64(v.Seq)
	m.u64(v.Hash)
	m.u64(v.Tick)
}

func (m *mixer) bool(v bool) {
	if v {
		m.u64(1)
	} else {
		m.u64(0)
	}
}

// digest is that of the whole state.
func (s *state) digest() uint64 {
	var m mixer
	m.version(version{s.epoch, s.tick})
	m.u64(uint64(s.used))
	sum := uint64(0) // of what is in maps: in any order
	for _, ck := range s.all {
		sum += ck.digest()
	}
	for k, c := range s.clients {
		for h, r := range c.refs {
			var x mixer
			x.node(k.Node)
			x.u64(k.Conn)
			x.u64(uint64(h)<<32 | uint64(r.flags))
			x.node(r.ck.id.Node)
			x.u64(r.ck.id.N)
			sum += uint64(x)
		}
	}
	m.u64(sum)
	return uint64(m)
}

// digest is that of a checkpoint with its sections, not of its handles.
func (ck *checkpoint) digest() uint64 {
	var m mixer
	m.node(ck.id.Node)
	m.u64(ck.id.N)
	m.str(ck.name)
	a := &ck.attrs
	m.u64(uint64(a.Flags)<<32 | uint64(a.MaxSections))
	m.u64(a.Size)
	m.u64(uint64(a.Retention))
	m.u64(a.MaxSectionSize)
	m.u64(a.MaxSectionIDSize)
	m.version(ck.created)
	m.version(ck.changed)
	m.bool(ck.unlinked)
	m.node(ck.active)
	m.u64(ck.nextSeq)
	for _, sec := range ck.order {
		if sec.gone {
			continue
		}
		m.str(sec.id)
		m.u64(sec.seq)
		m.version(sec.created)
		m.version(sec.version)
		m.u64(sec.born)
		m.u64(sec.chain)
		m.u64(uint64(sec.writer))
		m.u64(uint64(sec.expiration))
		m.u64(uint64(sec.updated))
		m.u64(uint64(sec.size))
		if sec.fill != nil {
			for _, h := range sec.fill.holders {
				m.node(h)
			}
		}
	}
	return uint64(m)
}

// differences names what another state has otherwise: for the log of a node whose
// state is not that of its partition. Handles are not compared: of another state
// that came in messages not all are known.
func (s *state) differences(other *state) (list []string) {
	const most = 20
	ids := make([]ident, 0, len(s.all))
	for id := range s.all {
		ids = append(ids, id)
	}
	for id := range other.all {
		if s.all[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIdents)
	for _, id := range ids {
		here, there := s.all[id], other.all[id]
		switch {
		case here == nil:
			list = append(list, "checkpoint "+printable(there.name)+" is missing here")
		case there == nil:
			list = append(list, "checkpoint "+printable(here.name)+" is only here")
		case here.digest() != there.digest():
			list = append(list, "checkpoint "+printable(here.name))
		}
	}
	if n := len(list) - most; n > 0 {
		list = append(list[:most], strconv.Itoa(n)+" more")
	}
	if list == nil {
		list = []string{"handles, ticks or memory counted"}
	}
	return list
}
