// What an operator can see: checkpoints, sections, replicas, and what merges
// discarded.

package ckpt

import (
	"cmp"
	"hash/crc64"
	"slices"
	"strconv"
	"strings"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// maxLosses is how many losses are kept for the operator; all are counted.
const maxLosses = 1024

// loggedLosses is how many of one merge are logged line by line.
const loggedLosses = 100

// losses is the last losses.
type losses struct{ list []Loss }

// report counts, keeps and logs what a merge discarded.
func (s *Service) report(lost []Loss) {
	if len(lost) == 0 {
		return
	}
	s.stats.Lost += uint64(len(lost))
	for i, l := range lost {
		if s.opt.Lost != nil {
			s.opt.Lost(l)
		}
		if i < loggedLosses {
			s.env.Logf("%s, written by node %d, in the partition of nodes %v", l, l.Node, l.Members)
		}
	}
	if n := len(lost) - loggedLosses; n > 0 {
		s.env.Logf("discarded by a merge: %d more", n)
	}
	s.losses.list = append(s.losses.list, lost...)
	if n := len(s.losses.list) - maxLosses; n > 0 {
		s.losses.list = slices.Delete(s.losses.list, 0, n)
	}
}

// withdraw looks for what was reported as lost with the last whole replica, and is
// there again: in a state that comes now. A part has it if it has that write of the
// section, or a later one that was made knowing it.
func (s *Service) withdraw(parts []*part) {
	back := map[string]int{}
	for i := range s.losses.list {
		l := &s.losses.list[i]
		if l.Kind != LostNoReplica || l.Returned {
			continue
		}
		if !slices.ContainsFunc(parts, func(p *part) bool { return p.holds(l) }) {
			continue
		}
		l.Returned = true
		s.stats.Returned++
		back[l.Checkpoint]++
		if s.opt.Returned != nil {
			s.opt.Returned(*l)
		}
	}
	for name, n := range back {
		s.env.Logf("checkpoint %s is here again: %d writes that were reported as lost are not", printable(name), n)
	}
}

// holds reports whether a partition has what was reported as lost. Its checkpoint
// may have become part of another of the same name.
func (p *part) holds(l *Loss) bool {
	for _, ck := range []*checkpoint{p.st.all[l.id], p.st.names[l.Checkpoint]} {
		if ck == nil || ck.sections[l.Section] == nil {
			continue
		}
		sec := ck.sections[l.Section]
		v := sec.version
		if p.whole(sec) && (v == l.at || sec.chain == l.chain || v.Tick > l.at.Tick && p.st.knows(l.at)) {
			return true
		}
	}
	return false
}

// printable quotes what is not plain text.
func printable(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) < 0
	if plain {
		return s
	}
	return strconv.Quote(s)
}

// Info describes a checkpoint.
type Info struct {
	Name       string
	ID         string // names it for ever
	Attributes ipcwire.CkptAttributes
	Left       int64 // of its retention, nanoseconds; -1: it does not run
	Unlinked   bool
	Sections   int
	Bytes      uint64
	Active     wire.NodeID         // of a collocated one: where the active replica is; 0 nowhere
	Openers    map[wire.NodeID]int // handles, by node
	Filling    int                 // sections that not every node has whole
	Missing    int                 // of these, not whole here
	Whole      []wire.NodeID       // members that have it whole
	Partial    []wire.NodeID       // members that have it in part so far
}

// SectionInfo describes a section.
type SectionInfo struct {
	ID         string
	Size       int
	Expiration int64 // absolute
	Updated    int64
	Writer     wire.NodeID
	Whole      []wire.NodeID // who has it; nil: every member
	Digest     uint64        // of its content, 0 when it is not whole here
}

// Overview is all checkpoints by name, the memory counted and its limit, and the
// last losses.
type Overview struct {
	Checkpoints []Info
	Used, Limit int64 // bytes counted, and how many may be
	Each        int64 // bytes of data that a checkpoint may have
	Lost        []Loss
}

// Summary is an overview without the checkpoints.
func (s *Service) Summary() Overview {
	return Overview{Used: s.state.used, Limit: s.state.limit().all, Each: s.state.limit().each, Lost: slices.Clone(s.losses.list)}
}

// Overview is what this node knows.
func (s *Service) Overview() Overview {
	o := s.Summary()
	ids := make([]ident, 0, len(s.state.all))
	for id := range s.state.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	o.Checkpoints = s.infos(ids)
	slices.SortStableFunc(o.Checkpoints, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return o
}

var digestTable = crc64.MakeTable(crc64.ECMA)

// Sections lists the sections of the checkpoint that a name is linked to, in the
// order of their creation; digests are computed for it.
func (s *Service) Sections(name string) (list []SectionInfo, ok bool) {
	ck := s.state.names[name]
	if ck == nil {
		return nil, false
	}
	for _, sec := range ck.order {
		if sec.gone {
			continue
		}
		list = append(list, s.sectionInfo(sec))
	}
	return list, true
}
