// What operators ask, a page at a time: checkpoints, sections, losses.

package ckpt

import (
	"fmt"
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

// InfoPage is the checkpoints behind the one with an id, which may have gone
// meanwhile, in order of ids; next is the last one's id, empty when there are no
// more.
func (s *Service) InfoPage(after string) (list []Info, next string) {
	from, _ := parseID(after)
	ids := make([]ident, 0, len(s.state.all))
	for id := range s.state.all {
		if after == "" || compareIdents(id, from) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, compareIdents)
	page := ids[:min(pageItems, len(ids))]
	if len(page) < len(ids) {
		next = idText(page[len(page)-1])
	}
	return s.infos(page), next
}

// infos describes checkpoints.
func (s *Service) infos(ids []ident) []Info {
	list := make([]Info, len(ids))
	at := make(map[*checkpoint]*Info, len(ids))
	for k, id := range ids {
		ck, i := s.state.all[id], &list[k]
		*i = Info{
			Name: ck.name, ID: idText(id), Left: s.left(ck), Attributes: ck.attrs, Unlinked: ck.unlinked,
			Sections: len(ck.sections), Bytes: ck.bytes, Active: ck.active.ID, Openers: map[wire.NodeID]int{},
		}
		at[ck] = i
	}
	for _, sec := range s.state.filling {
		if i := at[sec.ck]; i != nil && !sec.gone && sec.fill != nil {
			i.Filling++
			if !sec.holder(s.self) {
				i.Missing++
			}
			for _, m := range s.sync.members {
				if !sec.holder(keyOf(m)) && !slices.Contains(i.Partial, m.ID) {
					i.Partial = append(i.Partial, m.ID)
				}
			}
		}
	}
	for k := range list {
		for _, m := range s.sync.members {
			if !slices.Contains(list[k].Partial, m.ID) {
				list[k].Whole = append(list[k].Whole, m.ID)
			}
		}
	}
	for k, c := range s.state.clients {
		for _, r := range c.refs {
			if i := at[r.ck]; i != nil {
				i.Openers[k.Node.ID]++
			}
		}
	}
	return list
}

// idText is an ident for people and programs, parseID the way back.
func idText(id ident) string {
	return fmt.Sprintf("%d.%x.%d", id.Node.ID, id.Node.Nonce[:], id.N)
}

func parseID(text string) (id ident, ok bool) {
	var nonce []byte
	n, err := fmt.Sscanf(text, "%d.%32x.%d", &id.Node.ID, &nonce, &id.N)
	return id, err == nil && n == 3 && copy(id.Node.Nonce[:], nonce) == len(id.Node.Nonce)
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

// left is what is left of a checkpoint's retention, -1 when it does not run.
func (s *Service) left(ck *checkpoint) int64 {
	if ck.refs > 0 || ck.deadline == 0 || ck.attrs.Retention == ipcwire.CkptTimeEnd {
		return -1
	}
	return max(ck.deadline-s.opt.Now(), 0)
}
