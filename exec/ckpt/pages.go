// What operators ask, a page at a time: checkpoints, sections, losses.

package ckpt

import (
	"hash/crc64"
	"slices"
	"strconv"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const (
	pageItems = 500
	pageBytes = 8 << 20 // of data that is read for digests
)

// InfoPage is the checkpoints behind the one with an id, in order of ids; next is
// the last one's id, empty when there are no more.
func (s *Service) InfoPage(after string) (list []Info, next string) {
	all := s.Overview().Checkpoints
	slices.SortFunc(all, func(a, b Info) int { return compareIdents(a.id, b.id) })
	i := 0
	if after != "" {
		i = slices.IndexFunc(all, func(x Info) bool { return x.ID == after }) + 1
		if i == 0 {
			return nil, "" // it has gone, and the rest cannot be found: the list was to be of one moment
		}
	}
	list = all[i:min(i+pageItems, len(all))]
	if i+len(list) < len(all) {
		next = list[len(list)-1].ID
	}
	return list, next
}

// SectionPage is the sections of the checkpoint that a name is linked to, in the
// order of their creation, behind a place.
func (s *Service) SectionPage(name, after string) (list []SectionInfo, next string, ok bool) {
	ck := s.state.names[name]
	place := uint64(0)
	if after != "" {
		var err error
		if place, err = strconv.ParseUint(after, 10, 64); err != nil {
			return nil, "", false
		}
	}
	if ck == nil {
		return nil, "", false
	}
	i, _ := slices.BinarySearchFunc(ck.order, place, func(sec *section, after uint64) int {
		if sec.seq <= after {
			return -1
		}
		return 1
	})
	bytes := 0
	for ; i < len(ck.order); i++ {
		sec := ck.order[i]
		if sec.gone {
			continue
		}
		if len(list) == pageItems || bytes > pageBytes {
			return list, strconv.FormatUint(place, 10), true
		}
		list = append(list, s.sectionInfo(sec))
		place = sec.seq
		bytes += sec.size
	}
	return list, "", true
}

func (s *Service) sectionInfo(sec *section) SectionInfo {
	i := SectionInfo{ID: sec.id, Size: sec.size, Expiration: sec.expiration, Updated: sec.updated, Writer: sec.writer}
	if sec.fill != nil {
		i.Whole = []wire.NodeID{}
		for _, h := range sec.fill.holders {
			i.Whole = append(i.Whole, h.ID)
		}
	}
	if sec.holder(s.self) {
		i.Digest = crc64.Checksum(sec.data[:sec.size], digestTable)
	}
	return i
}

// replicas says which members have a checkpoint whole, and which in part.
func (s *Service) replicas(ck *checkpoint) (whole, partial []wire.NodeID) {
	for _, m := range s.sync.members {
		n := keyOf(m)
		if slices.ContainsFunc(s.state.filling, func(sec *section) bool { return sec.ck == ck && !sec.gone && !sec.holder(n) }) {
			partial = append(partial, m.ID)
		} else {
			whole = append(whole, m.ID)
		}
	}
	return whole, partial
}

// left is what is left of a checkpoint's retention, -1 when it does not run.
func (s *Service) left(ck *checkpoint) int64 {
	if ck.refs > 0 || ck.deadline == 0 || ck.attrs.Retention == ipcwire.CkptTimeEnd {
		return -1
	}
	return max(ck.deadline-s.opt.Now(), 0)
}
