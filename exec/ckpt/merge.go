// What partitions do when they meet. A partition is the members that have one
// state. All members see the states of all partitions, in the same ring, and
// compute the same result.
//
// Partitions have a rank: the one with more members goes first, of equal ones
// that with the lowest member. A state knows a version when that version lies in
// its past. What one partition changed and another did not is no conflict: the
// state that knows the other's version has the newer one. The table is for what
// both changed. Every row is a scenario of its name in testdata, and what loses is
// reported (Loss) on every node.
//
//	row                      here             there             result
//	create-create-other      create           create, with      the higher rank's stays; the other's handles
//	                                          other attributes  are BAD_HANDLE from then on
//	create-create-same       create           create, with the  one checkpoint with the sections of both;
//	                                          same attributes   of a section in both the higher rank's stays;
//	                                                            handles of both are good
//	unlink-open              unlink           open              unlinked: handles stay good until closed, the
//	                                                            name is free
//	unlink-write             unlink           write, closed     unlinked and gone; the writes are reported
//	retention-open           retention over   open or write     stays
//	retention-retention      set retention    set retention     the higher rank's
//	active-active            set active       set active        the higher rank's
//	delete-overwrite         delete section   write             the written section stays, the delete is reported
//	expiry-write             section expired  write             the same: it expires again at its time
//	delete-unchanged         delete section   nothing           deleted
//	overwrite-overwrite      write            write             the higher rank's
//	overwrite-unchanged      write            nothing           written
//	section-section          create section   create section    the higher rank's, when the ids are equal
//	too-many                 create sections  create sections   those of the lower rank that there is no room
//	                                                            for (number, checkpoint size) are dropped
//	open-open                open             open              open counts add up
//	node-lost                open, then cut   open              a node's handles are what its own partition says
//	one-request              a request        the same one      one change, nothing is lost
//	passed                   one-request,     one-request      what was written behind it, nothing is lost
//	                         then a write
//	three-way                any of these in three partitions   the same, in order of rank
//	incomplete               has it in part   has it whole      the whole one, even if it is older
//	lost                     has it in part   -                 no whole replica is left: the checkpoint is
//	                                                            discarded, its handles are BAD_HANDLE
//	returned                 lost             a whole one that  it is back, and its reports are withdrawn
//	                                          comes back
//	given-up                 lost, and an     a whole one that  conflicting writes: the higher rank's, the other
//	                         older one taken  comes back        is reported
//
// A state remembers 4,096 configurations. A version older than that counts as not
// known, so that it may be reported as lost without need, but never lost silently.

package ckpt

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// LossKind says what was discarded.
type LossKind uint8

// Kinds of losses.
const (
	LostWrite      LossKind = iota + 1 // a section's content, or its creation
	LostDelete                         // a section's removal
	LostAttributes                     // retention or active replica
	LostCheckpoint                     // a checkpoint, to another of its name
	LostUnlinked                       // a section's content, with its unlinked checkpoint
	LostNoReplica                      // a section's content: no node had it whole
	LostNoRoom                         // a section: the checkpoint has no room for it
)

var lossNames = [...]string{
	LostWrite: "write", LostDelete: "delete", LostAttributes: "attributes", LostCheckpoint: "checkpoint",
	LostUnlinked: "write to an unlinked checkpoint", LostNoReplica: "no whole replica", LostNoRoom: "no room",
}

// String is what the log says.
func (k LossKind) String() string {
	if int(k) < len(lossNames) && lossNames[k] != "" {
		return lossNames[k]
	}
	return "unknown"
}

// Loss is an operation that a merge discarded.
type Loss struct {
	Kind       LossKind
	Checkpoint string
	Section    string      // empty: the default section, or none is meant
	Node       wire.NodeID // who wrote; 0 when it is not a write
	Updated    int64       // wall clock of the writer
	Tick       uint64      // number of the discarded change in its partition
	Members    []wire.NodeID
	// Returned tells that a node came back later that had it whole: it is not lost.
	Returned bool

	id    ident
	at    version // zero when no section is meant
	chain uint64
}

// part is a partition and its state. Of another partition's sections there are no
// data, and a deadline is what is left of it.
type part struct {
	members []nodeKey // lowest first
	st      *state
	own     bool
}

func (p *part) has(n nodeKey) bool { return slices.Contains(p.members, n) }

// ids are for reports.
func (p *part) ids() []wire.NodeID {
	ids := make([]wire.NodeID, len(p.members))
	for i, m := range p.members {
		ids[i] = m.ID
	}
	return ids
}

func compareNodes(a, b nodeKey) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), bytes.Compare(a.Nonce[:], b.Nonce[:]))
}

func compareIdents(a, b ident) int {
	if c := compareNodes(a.Node, b.Node); c != 0 {
		return c
	}
	return cmp2(a.N, b.N, 0, 0)
}

// rank orders partitions.
func rank(parts []*part) {
	slices.SortFunc(parts, func(a, b *part) int {
		if len(a.members) != len(b.members) {
			return len(b.members) - len(a.members)
		}
		return compareNodes(a.members[0], b.members[0])
	})
}

// merger is a merge in progress.
type merger struct {
	parts   []*part
	members []nodeKey // of the new configuration
	self    nodeKey
	out     *state
	lost    []Loss
	rejects int // checkpoints discarded because no whole replica is left

	graves map[buried]uint64 // chains of removed sections
	went   []map[uint64]bool // chains each partition went through
	slab   []fill            // to be used

	dead   map[ident]bool        // unlinked according to some partition
	target map[ident]*checkpoint // what a checkpoint's handles refer to now
	ranks  map[*checkpoint]int   // the highest rank that has it linked
	idled  map[*checkpoint]bool  // it was idle already
}

// buried is a removed section of a partition, by what it was born of.
type buried struct {
	part int
	born uint64
}

// candidate is a partition's view of a section, or of anything with a version.
type candidate struct {
	part int
	at   version
	sec  *section
	data bool // some member has it whole
}

// merge makes one state of those of all partitions. It takes own objects over: the
// own state is not to be used afterwards.
func merge(parts []*part, members []wire.Member, self nodeKey) (out *state, lost []Loss, discarded int) {
	rank(parts)
	m := &merger{
		parts: parts, self: self, out: newState(self, limits{}),
		graves: map[buried]uint64{}, dead: map[ident]bool{}, target: map[ident]*checkpoint{}, ranks: map[*checkpoint]int{}, idled: map[*checkpoint]bool{},
	}
	for _, x := range members {
		m.members = append(m.members, keyOf(x))
	}
	m.history()
	m.removed()
	entries := map[ident][]int{}
	var ids []ident
	for i, p := range parts {
		for id := range p.st.all {
			if len(entries[id]) == 0 {
				ids = append(ids, id)
			}
			entries[id] = append(entries[id], i)
		}
	}
	slices.SortFunc(ids, compareIdents)
	for _, id := range ids {
		m.checkpoint(id, entries[id])
	}
	m.names(ids)
	m.clients()
	m.settle(ids)
	m.account(ids)
	m.lost = slices.DeleteFunc(m.lost, m.kept)
	return m.out, m.lost, m.rejects
}

// kept reports whether a content that was reported as lost is in the result
// after all: in another checkpoint of the name, which has it from the same
// requests, or was another's before.
func (m *merger) kept(l Loss) bool {
	ck := m.out.names[l.Checkpoint]
	if ck == nil || l.chain == 0 || l.Kind == LostDelete {
		return false
	}
	sec := ck.sections[l.Section]
	return sec != nil && sec.chain == l.chain
}

// history joins what the partitions went through.
func (m *merger) history() {
	out := m.out
	out.limits = map[nodeKey]limits{}
	for _, p := range m.parts {
		for e, last := range p.st.history {
			out.history[e] = max(out.history[e], last)
		}
		out.history[p.st.epoch] = max(out.history[p.st.epoch], p.st.tick)
		out.tick = max(out.tick, p.st.tick)
		out.page = min(out.page, p.st.page)
		for n, l := range p.st.limits {
			if p.has(n) {
				out.limits[n] = l
			}
		}
	}
	out.epoch = m.parts[0].st.epoch
	out.passed, m.went = joinPassages(m.parts)
}

// removed joins the memories of removed checkpoints.
func (m *merger) removed() {
	seen := map[ident]int{}
	for _, p := range m.parts {
		for _, t := range p.st.tombs {
			if t.unlinked {
				m.dead[t.id] = true
			}
			if i, ok := seen[t.id]; ok {
				m.out.tombs[i].unlinked = m.out.tombs[i].unlinked || t.unlinked
				continue
			}
			seen[t.id] = len(m.out.tombs)
			m.out.tombs = append(m.out.tombs, t)
		}
		for id, ck := range p.st.all {
			if ck.unlinked {
				m.dead[id] = true
			}
		}
	}
	tombs := m.out.tombs
	slices.SortFunc(tombs, func(a, b tomb) int {
		if c := cmp2(a.at.Seq, b.at.Seq, a.at.Hash, b.at.Hash); c != 0 {
			return c
		}
		if c := cmp2(a.at.Tick, b.at.Tick, 0, 0); c != 0 {
			return c
		}
		return compareIdents(a.id, b.id)
	})
	m.out.tombs = tombs[max(0, len(tombs)-maxTombs):]
	m.sectionGraves()
}

// sectionGraves joins the memories of removed sections.
func (m *merger) sectionGraves() {
	seen := map[grave]bool{}
	for pi, p := range m.parts {
		for _, g := range p.st.graves {
			m.graves[buried{pi, g.born}] = g.chain
			if !seen[g] {
				seen[g] = true
				m.out.graves = append(m.out.graves, g)
			}
		}
	}
	m.out.graves = m.out.graves[max(0, len(m.out.graves)-maxBuried):]
}

// same reports whether two are the same content: of one version, or come to by the
// same operations.
func (c *candidate) same(o *candidate) bool {
	return c.at == o.at || c.sec != nil && o.sec != nil && c.sec.chain == o.sec.chain
}

// behind reports whether b's partition went through what a is, and a's did not go
// through what b is. In one epoch the later one came behind the earlier one.
func (m *merger) behind(a, b *candidate) bool {
	if a.at.epoch == b.at.epoch && !b.gaveUp(a) {
		return a.at.Tick < b.at.Tick
	}
	return m.knew(b, a) && !m.knew(a, b)
}

// knew reports whether a's partition has, or had before, what b is; what it gave up
// for want of a whole replica does not count.
func (m *merger) knew(a, b *candidate) bool {
	return !a.gaveUp(b) && (m.parts[a.part].st.knows(b.at) || m.had(a.part, b.sec))
}

func (c *candidate) gaveUp(o *candidate) bool {
	return c.sec != nil && o.sec != nil && slices.Contains(c.sec.without, o.sec.chain)
}

// latest picks among candidates the one that stays; losers are those that others
// did not know of. Candidates are in order of rank. data asks for one with data.
func (m *merger) latest(cands []candidate) (winner int, losers []int) {
	if len(cands) == 1 {
		return 0, nil
	}
	var maximal, older []int
	for i := range cands {
		behind := false
		for j := range cands {
			if m.behind(&cands[i], &cands[j]) {
				behind = true
			}
		}
		if behind {
			older = append(older, i)
		} else {
			maximal = append(maximal, i)
		}
	}
	winner = -1
	for _, list := range [][]int{maximal, older} {
		for _, i := range list {
			if cands[i].data {
				winner = i
				break
			}
		}
		if winner >= 0 {
			break
		}
	}
	if winner < 0 {
		winner = 0
	}
	for _, i := range maximal {
		if cands[i].same(&cands[winner]) {
			continue
		}
		if !slices.ContainsFunc(losers, func(j int) bool { return cands[j].same(&cands[i]) }) {
			losers = append(losers, i)
		}
	}
	return winner, losers
}

func (m *merger) report(kind LossKind, ck *checkpoint, sec *section, pi int) {
	m.lost = append(m.lost, lossOf(kind, ck, sec, m.parts[pi].ids()))
}

func lossOf(kind LossKind, ck *checkpoint, sec *section, members []wire.NodeID) Loss {
	l := Loss{Kind: kind, Checkpoint: ck.name, Members: members, id: ck.id}
	if sec != nil {
		l.Section, l.Node, l.Updated, l.Tick, l.at = sec.id, sec.writer, sec.updated, sec.version.Tick, sec.version
		l.chain = sec.chain
	}
	return l
}

// checkpoint merges what the partitions have under one ident.
func (m *merger) checkpoint(id ident, in []int) {
	first := m.parts[in[0]].st.all[id]
	ck := first
	cands := make([]candidate, 0, len(in))
	linked := -1
	for _, pi := range in {
		c := m.parts[pi].st.all[id]
		cands = append(cands, candidate{part: pi, at: c.changed, data: true})
		if m.parts[pi].own {
			ck = c // its sections have data
		}
		if linked < 0 && !c.unlinked {
			linked = pi
		}
	}
	w, losers := m.latest(cands)
	winner := m.parts[cands[w].part].st.all[id]
	for _, l := range losers {
		loser := m.parts[cands[l].part].st.all[id]
		// An unlink is not discarded, whoever has the later word.
		if loser.attrs.Retention != winner.attrs.Retention || loser.active != winner.active {
			m.report(LostAttributes, loser, nil, cands[l].part)
		}
	}
	attrs, changed, created := winner.attrs, winner.changed, first.created
	active := m.activeOf(id, cands, cands[w].at)
	sections, order, next, ok := m.sections(id, in)
	if !ok {
		m.discard(id, in)
		return
	}
	idle, left := m.idleLeft(id, in)
	ck.attrs, ck.active, ck.changed, ck.created = attrs, active, changed, created
	ck.unlinked = m.dead[id]
	ck.sections, ck.order, ck.nextSeq = sections, order, next
	if len(in) > 1 {
		ck.gone = 0
	}
	ck.refs = 0
	if !slices.Contains(m.members, ck.active) {
		ck.active = nodeKey{}
	}
	m.idled[ck] = idle
	if idle && !m.parts[in[0]].own && ck == first {
		ck.deadline = 0
		if left >= 0 { // else it is kept for ever
			m.out.dues = append(m.out.dues, due{ck: ck, left: left})
		}
	}
	m.out.all[id], m.target[id] = ck, ck
	if linked >= 0 {
		m.ranks[ck] = linked
	}
}

// activeOf is the node with the active replica: of those who agree on the
// attributes, the partition that has the node in it says so; to the others it had
// gone.
func (m *merger) activeOf(id ident, cands []candidate, at version) nodeKey {
	for _, c := range cands {
		p := m.parts[c.part]
		if active := p.st.all[id].active; c.at == at && p.has(active) {
			return active
		}
	}
	return nodeKey{}
}

// idleLeft reports whether nobody had a checkpoint open in any partition, and what
// was left of its retention in the first.
func (m *merger) idleLeft(id ident, in []int) (idle bool, left int64) {
	for _, pi := range in {
		if m.parts[pi].st.all[id].refs > 0 {
			return false, 0
		}
	}
	return true, m.parts[in[0]].st.all[id].deadline
}

// discard drops a checkpoint of which no whole replica is left.
func (m *merger) discard(id ident, in []int) {
	m.rejects++
	type write struct {
		section string
		at      version
	}
	told := map[write]bool{} // what several partitions have is lost once
	for _, pi := range in {
		ck := m.parts[pi].st.all[id]
		for _, sec := range ck.order {
			w := write{sec.id, sec.version}
			if !sec.gone && sec.real() && !told[w] {
				told[w] = true
				m.report(LostNoReplica, ck, sec, pi)
			}
		}
	}
	m.out.tombs = append(m.out.tombs, tomb{id: id, at: version{m.out.epoch, m.out.tick}})
}

// real reports whether somebody wrote a section: the default one is there from
// the start.
func (sec *section) real() bool { return sec.id != "" || sec.size > 0 || sec.version != sec.created }

// sections merges the sections of one checkpoint. ok false: one of them is nowhere
// whole.
func (m *merger) sections(id ident, in []int) (sections map[string]*section, order []*section, next uint64, ok bool) {
	first := m.parts[in[0]].st.all[id]
	if len(in) == 1 {
		return first.sections, first.order, first.nextSeq, m.only(in[0], first)
	}
	sections = make(map[string]*section, len(first.sections))
	order = make([]*section, 0, len(first.sections))
	var bytes uint64
	cands := make([]candidate, 0, len(in))
	seen := map[string]bool{}
	for k, pi := range in {
		ck := m.parts[pi].st.all[id]
		next = max(next, ck.nextSeq)
		for _, sec := range ck.order {
			if sec.gone || len(in) > 1 && seen[sec.id] {
				continue
			}
			cands = cands[:0]
			if len(in) > 1 {
				seen[sec.id] = true
			}
			for _, pj := range in[k:] {
				if x := m.parts[pj].st.all[id].sections[sec.id]; x != nil {
					cands = append(cands, candidate{pj, x.version, x, m.whole(pj, x)})
				}
			}
			got, keep, good := m.section(ck, id, in, cands)
			if !good {
				return nil, nil, 0, false
			}
			if !keep {
				continue
			}
			if k > 0 || len(sections) >= int(first.attrs.MaxSections) {
				if uint64(len(sections)) >= uint64(first.attrs.MaxSections) || bytes+uint64(got.size) > first.attrs.Size {
					m.report(LostNoRoom, ck, got, pi)
					continue
				}
			}
			bytes += uint64(got.size)
			sections[got.id] = got
			order = append(order, got)
		}
	}
	if len(in) > 1 {
		for i, sec := range order {
			sec.seq = uint64(i + 1)
		}
		next = max(next, uint64(len(order)))
	}
	return sections, order, next, true
}

// only takes over the sections of a checkpoint that one partition has. false: one
// of them is nowhere whole.
func (m *merger) only(pi int, ck *checkpoint) bool {
	for _, sec := range ck.order {
		if !sec.gone && !m.whole(pi, sec) {
			return false
		}
	}
	own := m.parts[pi].own
	one := []candidate{{part: pi, data: true}}
	for _, sec := range ck.order {
		if sec.gone || own && sec.fill == nil && len(m.parts[pi].members) == len(m.members) {
			continue
		}
		one[0].at, one[0].sec = sec.version, sec
		m.adopt(one, one[0])
	}
	return true
}

// whole reports whether some member of a partition has a section whole.
func (m *merger) whole(pi int, sec *section) bool { return m.parts[pi].whole(sec) }

func (p *part) whole(sec *section) bool {
	return sec.fill == nil || slices.ContainsFunc(sec.fill.holders, p.has)
}

// section merges one section. good false: it is nowhere whole.
func (m *merger) section(ck *checkpoint, id ident, in []int, cands []candidate) (got *section, keep, good bool) {
	w, losers := m.latest(cands)
	win := cands[w]
	if !win.data {
		return nil, false, false
	}
	for _, pi := range in {
		if slices.ContainsFunc(cands, func(c candidate) bool { return c.part == pi }) {
			continue
		}
		// This partition has the checkpoint, but not the section.
		st := m.parts[pi].st
		chain, gone := m.graves[buried{pi, win.sec.born}]
		if !gone && !st.knows(win.sec.created) {
			continue
		}
		if gone && (chain == win.sec.chain || m.had(pi, win.sec)) || st.knows(win.at) {
			return nil, false, true
		}
		m.report(LostDelete, ck, win.sec, pi)
		m.lost[len(m.lost)-1].Node = 0
	}
	without := win.sec.without
	for _, l := range losers {
		kind := LostWrite
		if !cands[l].data {
			kind = LostNoReplica
			// Whoever comes with it whole has a content that this one did not follow.
			without = append(slices.Clip(without), cands[l].sec.chain)
		}
		if cands[l].sec.real() {
			m.report(kind, ck, cands[l].sec, cands[l].part)
		}
	}
	got = m.adopt(cands, win)
	got.without = without
	return got, true, true
}

// adopt is the section that stays, with who has it whole. An own object is kept:
// it has the data.
func (m *merger) adopt(cands []candidate, win candidate) *section {
	sec := win.sec
	own := false
	if len(cands) == 1 && sec.fill == nil {
		// The common case, without a list made for each section.
		m.inherit(sec, m.parts[win.part])
		return sec
	}
	var holders []nodeKey
	for _, c := range cands {
		if !c.same(&win) {
			continue
		}
		if m.parts[c.part].own {
			c.sec.created, c.sec.version = win.sec.created, win.at
			sec, own = c.sec, true
		}
		if c.sec.fill == nil {
			holders = append(holders, m.parts[c.part].members...)
			continue
		}
		for _, h := range c.sec.fill.holders {
			if m.parts[c.part].has(h) {
				holders = append(holders, h)
			}
		}
	}
	if !own {
		m.foreign(sec)
	}
	m.setHolders(sec, holders)
	return sec
}

// foreign prepares a section of another partition: its deadline is what is left,
// so far.
func (m *merger) foreign(sec *section) {
	if sec.expiration != ipcwire.CkptTimeEnd {
		m.out.dues = append(m.out.dues, due{sec: sec, left: sec.deadline})
	}
	sec.deadline, sec.data, sec.frozen = 0, nil, false
}

// inherit is setHolders for a section that all of one partition have whole.
func (m *merger) inherit(sec *section, p *part) {
	if !p.own {
		m.foreign(sec)
	}
	if sec.size > 0 && len(p.members) < len(m.members) {
		sec.fill = m.newFill(p.members, sec.size, m.out.page)
	}
}

// setHolders has a section filled for those who do not have it.
func (m *merger) setHolders(sec *section, holders []nodeKey) {
	slices.SortFunc(holders, compareNodes)
	holders = slices.Compact(holders)
	sec.fill = nil
	if sec.size > 0 && !slices.Equal(holders, m.members) {
		sec.fill = m.newFill(m.share(holders), sec.size, m.out.page)
	}
	if !slices.Contains(holders, m.self) {
		sec.data, sec.frozen = nil, false
	}
}

// share keeps one list for all sections with the same holders.
func (m *merger) share(holders []nodeKey) []nodeKey {
	for _, p := range m.parts {
		if slices.Equal(p.members, holders) {
			return p.members
		}
	}
	return holders
}

// names sees to it that a name has one checkpoint.
func (m *merger) names(ids []ident) {
	byName := map[string][]*checkpoint{}
	var names []string
	for _, id := range ids {
		ck := m.out.all[id]
		if ck == nil || ck.unlinked {
			continue
		}
		if len(byName[ck.name]) == 0 {
			names = append(names, ck.name)
		}
		byName[ck.name] = append(byName[ck.name], ck)
	}
	for _, name := range names {
		list := byName[name]
		slices.SortStableFunc(list, func(a, b *checkpoint) int { return m.ranks[a] - m.ranks[b] })
		winner := list[0]
		m.out.names[name] = winner
		for _, loser := range list[1:] {
			m.yield(winner, loser)
		}
	}
}

// yield has one of two checkpoints of a name give way to the other.
func (m *merger) yield(winner, loser *checkpoint) {
	same := sameAttributes(&winner.attrs, &loser.attrs)
	pi := m.ranks[loser]
	if !same {
		m.report(LostCheckpoint, loser, nil, pi)
	}
	var bytes uint64
	for _, sec := range winner.sections {
		bytes += uint64(sec.size)
	}
	for _, sec := range loser.order {
		switch {
		case sec.gone:
		case !same || winner.sections[sec.id] != nil:
			if sec.real() {
				m.report(LostWrite, loser, sec, pi)
			}
			sec.gone = true
		case uint64(len(winner.sections)) >= uint64(winner.attrs.MaxSections) || bytes+uint64(sec.size) > winner.attrs.Size:
			m.report(LostNoRoom, loser, sec, pi)
			sec.gone = true
		default:
			bytes += uint64(sec.size)
			winner.nextSeq++
			sec.seq = winner.nextSeq
			winner.sections[sec.id] = sec
			winner.order = append(winner.order, sec)
		}
	}
	delete(m.out.all, loser.id)
	m.out.tombs = append(m.out.tombs, tomb{id: loser.id, at: version{m.out.epoch, m.out.tick}})
	m.target[loser.id] = nil
	if same {
		m.target[loser.id] = winner
		m.idled[winner] = m.idled[winner] && m.idled[loser]
	}
}

// clients takes every node's handles from its own partition.
func (m *merger) clients() {
	for _, p := range m.parts {
		for k, c := range p.st.clients {
			if !p.has(k.Node) {
				continue
			}
			n := &client{refs: make(map[uint32]ref, len(c.refs))}
			for h, r := range c.refs {
				if ck := m.target[r.ck.id]; ck != nil {
					n.refs[h] = ref{ck, r.flags}
					ck.refs++
				}
			}
			m.out.clients[k] = n
		}
	}
}

// settle deals with checkpoints that nobody has open.
func (m *merger) settle(ids []ident) {
	for _, id := range ids {
		ck := m.out.all[id]
		if ck == nil || ck.refs > 0 {
			continue
		}
		if ck.unlinked {
			m.reportUnlinked(ck)
		}
		if ck.unlinked || ck.attrs.Retention == 0 {
			delete(m.out.all, id)
			if m.out.names[ck.name] == ck {
				delete(m.out.names, ck.name)
			}
			m.out.tombs = append(m.out.tombs, tomb{id, ck.unlinked, m.out.bump()})
			ck.buried()
			continue
		}
		ck.idle = m.out.bump()
		if !m.idled[ck] && ck.attrs.Retention != ipcwire.CkptTimeEnd {
			ck.deadline = 0
			m.out.dues = append(m.out.dues, due{ck: ck, left: ck.attrs.Retention})
		}
	}
}

// buried has the deadlines of a checkpoint's sections forgotten.
func (ck *checkpoint) buried() {
	for _, sec := range ck.sections {
		sec.gone, sec.data, sec.fill = true, nil, nil
	}
	ck.sections, ck.order = nil, nil
}

// reportUnlinked reports what was written to a checkpoint that was unlinked, and
// gone, where that was not known.
func (m *merger) reportUnlinked(ck *checkpoint) {
	for pi, p := range m.parts {
		if p.st.all[ck.id] != nil || !slices.ContainsFunc(p.st.tombs, func(t tomb) bool { return t.id == ck.id && t.unlinked }) {
			continue
		}
		for _, sec := range ck.order {
			if !sec.gone && sec.real() && !p.st.knows(sec.version) {
				m.report(LostUnlinked, ck, sec, pi)
			}
		}
		return
	}
}

// account adds up memory, finds what is to be filled, and names the checkpoints
// of deadlines.
func (m *merger) account(ids []ident) {
	out := m.out
	out.used = 0
	for _, id := range ids {
		ck := out.all[id]
		if ck == nil {
			continue
		}
		out.used += ck.cost()
		ck.bytes = 0
		for _, sec := range ck.order {
			if sec.gone {
				continue
			}
			sec.ck = ck
			out.used += sec.cost()
			ck.bytes += uint64(sec.size)
			if sec.fill != nil {
				out.filling = append(out.filling, sec)
			}
		}
	}
	dues := out.dues[:0]
	for _, d := range out.dues {
		if d.sec != nil {
			d.ck = d.sec.ck
		}
		if (d.sec == nil || !d.sec.gone) && d.ck != nil && out.all[d.ck.id] == d.ck {
			dues = append(dues, d)
		}
	}
	out.dues = dues
	out.tombs = out.tombs[max(0, len(out.tombs)-maxTombs):]
}

// alone is the merge of one partition: nobody came. Sections whose holders are all
// gone take their checkpoints with them.
func (s *state) alone(members []wire.Member) (lost []Loss) {
	s.tidy()
	if len(s.filling) == 0 {
		return nil
	}
	dead := map[ident]*checkpoint{}
	var last, kept []nodeKey
	for _, sec := range s.filling {
		f := sec.fill
		if last == nil || !slices.Equal(last, f.holders) {
			last, kept = f.holders, keepHolders(f.holders, members)
		}
		f.holders = kept
		switch {
		case len(kept) == 0:
			dead[sec.ck.id] = sec.ck
		case len(kept) == len(members):
			sec.fill = nil
		}
	}
	ids := make([]ident, 0, len(dead))
	for id := range dead {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	who := make([]wire.NodeID, len(members))
	for i, x := range members {
		who[i] = x.ID
	}
	for _, id := range ids {
		lost = append(lost, s.discard(dead[id], who)...)
	}
	s.tidy()
	return lost
}

// discard drops a checkpoint of which no whole replica is left, and its handles.
func (s *state) discard(ck *checkpoint, members []wire.NodeID) (lost []Loss) {
	for _, sec := range ck.order {
		if !sec.gone && sec.real() {
			lost = append(lost, lossOf(LostNoReplica, ck, sec, members))
		}
	}
	for _, c := range s.clients {
		for h, r := range c.refs {
			if r.ck == ck {
				delete(c.refs, h)
			}
		}
	}
	s.bury(tomb{ck.id, false, s.bump()})
	s.forget(ck)
	return lost
}

// String is a line for the log.
func (l Loss) String() string {
	var b strings.Builder
	b.WriteString("discarded by a merge: " + l.Kind.String() + ", checkpoint " + printable(l.Checkpoint))
	if l.Section != "" {
		b.WriteString(", section " + printable(l.Section))
	}
	return b.String()
}
