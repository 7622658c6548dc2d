// Synchronization. Every member says what its partition is and the digest of its
// state (digest.go). When all have said so, the lowest member of each partition
// sends the partition's state without the data of sections; when that has come,
// every member merges them (merge.go). Data follow in the background, in pages,
// sent for each section by the lowest member that has it whole (fill.go).
//
// The messages of one member, in order; uvarints where no size is given:
//
//	begin       limits of all and of a checkpoint uint64, page size uint32, the partition's lowest node, digest uint64
//	part        of a lead, as all that follows: epoch, tick
//	history     count, for each epoch: epoch, last tick
//	tombs       count, for each: ident, unlinked uint8, version
//	graves      count, for each: born, chain uint64
//	passed      count, for each: chain uint64
//	checkpoint  ident, name, attributes, created, changed, unlinked uint8, active
//	            node, what is left of the retention int64 when nobody has it open,
//	            place of the last section
//	sections    of the checkpoint sent last: count, for each: brief uint8, bytes that its
//	            id begins with as the one before does, the rest of the id, place beyond
//	            that of the one before, created, version, born, chain uint64, writer
//	            uint32, expiration int64 and what is left of it int64, updated beyond the
//	            one before, size, count and nodes of holders, count and chains that were
//	            given up for it; what brief says is left out
//	clients     count, for each handle: node, connection, handle, flags, ident
//
// A version there is the number of its epoch in the history (0: its epoch follows)
// and its tick.

package ckpt

import (
	"encoding/binary"
	"slices"
	"strings"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const (
	syncBegin      = 1
	syncHistory    = 2
	syncTombs      = 3
	syncCheckpoint = 4
	syncSections   = 5
	syncClients    = 6
	syncPart       = 7
	syncGraves     = 8
	syncPassed     = 9
	syncMore       = 0x80 // with a kind: the message goes on in the next

	minSectionItem = 1 + 1 + 1 + 1 + 2 + 8 + 1 + 1 // bytes of a section in a message, at least

	syncChunk = 16 << 10 // a message of lists is closed when it has so many bytes
)

// syncing is the synchronization of this node, and what follows it.
type syncing struct {
	members []wire.Member // of the last configuration
	cfg     *srp.Configuration
	running bool        // states are exchanged
	claimed []nodeKey   // the partition that this node is said to be in
	own     []nodeKey   // those of it who have the state that is here; nil: the state here is not the partition's
	groups  [][]nodeKey // all partitions, when every member has begun
	begun   int
	out     [][]byte // still to be sent
	opened  bool     // begin was sent
	built   bool
	peers   map[nodeKey]*peer

	section, page int // what the background phase sends next, in state.filling
}

// peer is what a member has said of its partition.
type peer struct {
	limit   limits
	page    int
	lead    nodeKey // lowest of its partition
	digest  uint64
	partial []byte // of a message that came in pieces
	part    *part  // nil: it is no lead
	epochs  []epoch
	current *checkpoint
	slab    []section // to be used
	id      []byte    // scratch
	bytes   uint64    // of all sections
	begun   bool
	bad     bool
}

// SyncStart begins; partition is the members whose state is the same as here.
func (s *Service) SyncStart(cfg *srp.Configuration, partition []wire.Member) {
	y := &s.sync
	y.cfg, y.members = cfg, cfg.Members
	y.running = len(partition) < len(cfg.Members)
	y.reset()
	if y.running {
		for _, m := range partition {
			y.claimed = append(y.claimed, keyOf(m))
		}
		y.peers = map[nodeKey]*peer{}
	}
}

// reset forgets what an exchange of states collected.
func (y *syncing) reset() {
	y.claimed, y.own, y.groups, y.begun = nil, nil, nil, 0
	y.out, y.opened, y.built, y.peers = nil, false, false, nil
}

// SyncAbort drops what was collected; the state was not touched.
func (s *Service) SyncAbort() {
	y := &s.sync
	y.running = false
	y.reset()
}

// SyncSend sends this member's part: first who it is and the digest of its state,
// then, when everybody has said so, the state, if it is the one to do so.
func (s *Service) SyncSend() (done bool) {
	y := &s.sync
	if !y.opened {
		y.out, y.opened = [][]byte{s.encodeBegin()}, true
	}
	if !s.syncDrain() || y.groups == nil {
		return false
	}
	if !y.built {
		y.built = true
		if len(y.own) > 0 && y.own[0] == s.self {
			y.out = cut(s.encodeState(), s.env.MaxMessage())
		}
	}
	return s.syncDrain()
}

// syncDrain sends what is still to be sent, as far as there is room.
func (s *Service) syncDrain() (done bool) {
	y := &s.sync
	for len(y.out) > 0 {
		if !s.env.SendOK(gmi.Recovery, len(y.out[0])) {
			return false
		}
		if _, err := s.env.Multicast(gmi.Recovery, wire.Agreed, y.out[0]); err != nil {
			s.env.Logf("state of %d bytes: %v", len(y.out[0]), err)
			return false
		}
		y.out[0] = nil
		y.out = y.out[1:]
	}
	return true
}

// cut cuts messages that are larger than a message can be.
func cut(list [][]byte, most int) [][]byte {
	if !slices.ContainsFunc(list, func(b []byte) bool { return len(b) > most }) {
		return list
	}
	var out [][]byte
	for _, b := range list {
		kind, rest := b[0], b[1:]
		for len(rest) > most-1 {
			out = append(out, append([]byte{kind | syncMore}, rest[:most-1]...))
			rest = rest[most-1:]
		}
		out = append(out, append([]byte{kind}, rest...))
	}
	return out
}

// SyncApply makes the merged state this node's.
func (s *Service) SyncApply() {
	y := &s.sync
	var lost []Loss
	if y.running {
		lost = s.merge()
		y.running = false
		y.reset()
	} else {
		before := len(s.state.all)
		lost = s.state.alone(y.members)
		s.stats.Discarded += uint64(before - len(s.state.all))
	}
	s.state.regular(y.cfg.Ring, y.members)
	y.section, y.page = 0, 0
	s.report(lost)
	s.watch()
	s.readAgain()
}

// decide makes the groups when every member has begun: of each partition those who
// have the same state. Where a partition turns out to have several states, which
// should never be, most of its members are right, of equally many those with the
// lowest; the others have nothing, and take it anew.
func (s *Service) decide() {
	y := &s.sync
	y.groups = [][]nodeKey{}
	done := map[nodeKey]bool{}
	for _, m := range y.members {
		p := y.peers[keyOf(m)]
		if p == nil || p.bad || done[p.lead] {
			continue
		}
		lead := p.lead
		done[lead] = true
		var best []nodeKey
		for _, g := range y.sameDigest(lead) {
			if len(g) > len(best) {
				best = g
			}
		}
		y.groups = append(y.groups, best)
		if slices.Contains(best, s.self) {
			y.own = best
		}
	}
}

// sameDigest is the members of a partition by their digests, in order of the lowest.
func (y *syncing) sameDigest(lead nodeKey) (groups [][]nodeKey) {
	at := map[uint64]int{}
	for _, m := range y.members {
		n := keyOf(m)
		p := y.peers[n]
		if p == nil || p.bad || p.lead != lead {
			continue
		}
		i, ok := at[p.digest]
		if !ok {
			i = len(groups)
			at[p.digest] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n)
	}
	return groups
}

// groupOf is the group that a member is the lowest of; nil: of none.
func (y *syncing) groupOf(n nodeKey) []nodeKey {
	for _, g := range y.groups {
		if g[0] == n {
			return g
		}
	}
	return nil
}

// begin takes a member's first word.
func (s *Service) syncBegin(p *peer, r *reader) {
	y := &s.sync
	if p.begun {
		p.bad = true
		return
	}
	p.begun = true
	p.limit = limits{int64(r.u64()), int64(r.u64())}
	p.page = int(r.u32())
	p.lead, p.digest = r.node(), r.u64()
	p.bad = !r.end() || p.page < minPage || p.page > maxPage
	if y.begun++; y.begun < len(y.members) {
		return
	}
	s.decide()
}

// merge merges what the partitions have sent.
func (s *Service) merge() []Loss {
	y := &s.sync
	if y.groups == nil {
		s.decide() // the manager does not let it come to this
	}
	save := saving{on: s.state.save.on, all: true}
	own := &part{members: y.own, st: s.state, own: true}
	if len(y.own) == 0 {
		own = &part{members: []nodeKey{s.self}, st: newState(s.self, limits{s.opt.Memory, s.opt.Each}), own: true}
	}
	parts := []*part{own}
	for _, m := range y.members {
		n := keyOf(m)
		p := y.peers[n]
		if p == nil || p.bad {
			s.stats.Malformed++
			s.env.Logf("what node %d said of its state does not decode", m.ID)
			continue
		}
		if p.part != nil {
			p.part.members = y.groupOf(n)
			parts = append(parts, p.part)
		}
	}
	s.diverged(parts)
	s.completeParts(&parts)
	for _, p := range parts {
		p.st.limits, p.st.page = map[nodeKey]limits{}, maxPage
		for _, n := range p.members {
			if x := y.peers[n]; x != nil && !x.bad {
				p.st.limits[n] = x.limit
				p.st.page = min(p.st.page, x.page)
			}
		}
	}
	s.withdraw(parts)
	out, lost, discarded := merge(parts, y.members, s.self)
	s.stats.Discarded += uint64(discarded)
	s.state = out
	s.state.save = save
	s.watch()
	s.rebuild()
	return lost
}

// diverged tells of members whose state was not that of their partition.
func (s *Service) diverged(parts []*part) {
	y := &s.sync
	for _, m := range y.members {
		n := keyOf(m)
		p := y.peers[n]
		if p == nil || p.bad || slices.ContainsFunc(y.groups, func(g []nodeKey) bool { return slices.Contains(g, n) }) {
			continue
		}
		s.stats.Diverged++
		s.env.Logf("the checkpoints of node %d differ from those of its partition (digest %016x): it takes them anew, its handles are gone",
			m.ID, p.digest)
		if n != s.self {
			continue
		}
		for _, x := range parts {
			if len(x.members) > 0 && y.peers[x.members[0]].lead == p.lead && !x.own {
				s.env.Logf("what differs: %s", strings.Join(s.state.differences(x.st), ", "))
			}
		}
	}
}

// completeParts sees to it that every member is in a part: one that did not send
// its state well, or whose state is not its partition's, has an empty one, on every
// node alike.
func (s *Service) completeParts(parts *[]*part) {
	for _, m := range s.sync.members {
		n := keyOf(m)
		if slices.ContainsFunc(*parts, func(p *part) bool { return p.has(n) }) {
			continue
		}
		*parts = append(*parts, &part{members: []nodeKey{n}, st: newState(n, limits{DefaultMemory, DefaultMemory})})
	}
}

// builder makes messages of lists.
type builder struct {
	out   [][]byte
	kind  byte
	count int
	b     []byte // the list
}

// flush closes the message.
func (w *builder) flush() {
	if w.count == 0 {
		return
	}
	msg := binary.AppendUvarint(append(make([]byte, 0, len(w.b)+8), w.kind), uint64(w.count))
	w.out = append(w.out, append(msg, w.b...))
	w.b, w.count = w.b[:0], 0
}

// begin begins a list of a kind.
func (w *builder) begin(kind byte) {
	w.flush()
	w.kind = kind
}

// item ends an item.
func (w *builder) item() {
	if w.count++; len(w.b) >= syncChunk {
		w.flush()
	}
}

func putEpoch(b []byte, e epoch) []byte { return le.AppendUint64(le.AppendUint64(b, e.Seq), e.Hash) }

func putBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func putString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// encodeBegin is a member's first word.
func (s *Service) encodeBegin() []byte {
	y := &s.sync
	b := le.AppendUint64([]byte{syncBegin}, uint64(s.opt.Memory))
	b = le.AppendUint64(b, uint64(s.opt.Each))
	b = putNode(le.AppendUint32(b, uint32(s.page)), y.claimed[0])
	return le.AppendUint64(b, s.state.digest())
}

// encodeState is the state of the partition that this member is the lowest of.
func (s *Service) encodeState() [][]byte {
	y, st := &s.sync, s.state
	b := le.AppendUint64(putEpoch([]byte{syncPart}, st.epoch), st.tick)
	w := &builder{out: [][]byte{b}}
	epochs := st.epochs()
	if !slices.Contains(epochs, st.epoch) {
		epochs = append(epochs, st.epoch)
	}
	number := make(map[epoch]uint64, len(epochs))
	w.begin(syncHistory)
	for i, e := range epochs {
		number[e] = uint64(i + 1)
		last := st.history[e]
		if e == st.epoch {
			last = st.tick
		}
		w.b = binary.AppendUvarint(putEpoch(w.b, e), last)
		w.item()
	}
	w.begin(syncTombs)
	for _, t := range st.tombs {
		w.b = putCompact(putBool(putIdent(w.b, t.id), t.unlinked), t.at, number)
		w.item()
	}
	w.begin(syncGraves)
	for _, g := range st.graves {
		w.b = le.AppendUint64(le.AppendUint64(w.b, g.born), g.chain)
		w.item()
	}
	w.begin(syncPassed)
	for _, c := range st.passed.list() {
		w.b = le.AppendUint64(w.b, c)
		w.item()
	}
	ids := make([]ident, 0, len(st.all))
	for id := range st.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	now := s.opt.Now()
	for _, id := range ids {
		s.encodeCheckpoint(w, st.all[id], number, now)
	}
	w.begin(syncClients)
	for k, c := range st.clients {
		if !slices.Contains(y.own, k.Node) {
			continue // its own partition says what it has
		}
		for h, r := range c.refs {
			w.b = binary.AppendUvarint(putNode(w.b, k.Node), k.Conn)
			w.b = append(binary.AppendUvarint(w.b, uint64(h)), byte(r.flags))
			w.b = putIdent(w.b, r.ck.id)
			w.item()
		}
	}
	w.flush()
	return w.out
}

// putCompact appends a version.
func putCompact(b []byte, v version, number map[epoch]uint64) []byte {
	n := number[v.epoch]
	b = binary.AppendUvarint(b, n)
	if n == 0 {
		b = putEpoch(b, v.epoch)
	}
	return binary.AppendUvarint(b, v.Tick)
}

func (s *Service) encodeCheckpoint(w *builder, ck *checkpoint, number map[epoch]uint64, now int64) {
	w.begin(syncCheckpoint)
	w.b = putString(putIdent(w.b, ck.id), ck.name)
	w.b = ipcwire.AppendCkptAttributes(w.b, &ck.attrs)
	w.b = putCompact(putCompact(w.b, ck.created, number), ck.changed, number)
	w.b = putNode(putBool(w.b, ck.unlinked), ck.active)
	left := int64(-1)
	if ck.refs == 0 && ck.deadline != 0 {
		left = max(ck.deadline-now, 0)
	}
	w.b = le.AppendUint64(w.b, uint64(left))
	w.b = binary.AppendUvarint(w.b, ck.nextSeq)
	w.item()
	w.begin(syncSections)
	var before *section // in the same message
	for _, sec := range ck.order {
		if sec.gone {
			continue
		}
		if w.count == 0 {
			before = nil
		}
		w.b = putSection(w.b, sec, before, number, now)
		before = sec
		w.item()
	}
	w.flush()
}

// What of a section is not sent.
const (
	briefForever = 1 << iota // it never expires
	briefFresh               // chain is born
	briefCreated             // version is created
	briefWhole               // all of the partition have it whole
	briefWriter              // the writer is that of the section before
	briefFollows             // nothing was given up for it
	briefMask    = 1<<iota - 1
)

// putSection appends a section: much of it is as in the section before it in the
// message. With very many sections the barrier is as long as this is.
func putSection(b []byte, sec, before *section, number map[epoch]uint64, now int64) []byte {
	if before == nil {
		before = &noSection
	}
	var brief byte
	for _, x := range [...]struct {
		is  bool
		bit byte
	}{{sec.expiration == ipcwire.CkptTimeEnd, briefForever}, {sec.chain == sec.born, briefFresh}, {sec.version == sec.created, briefCreated},
		{sec.fill == nil, briefWhole}, {sec.writer == before.writer, briefWriter},
		{len(sec.without) == 0, briefFollows}} {
		if x.is {
			brief |= x.bit
		}
	}
	same := 0
	for same < len(sec.id) && same < len(before.id) && sec.id[same] == before.id[same] {
		same++
	}
	b = putString(binary.AppendUvarint(append(b, brief), uint64(same)), sec.id[same:])
	b = putCompact(binary.AppendUvarint(b, sec.seq-before.seq), sec.created, number)
	if brief&briefCreated == 0 {
		b = putCompact(b, sec.version, number)
	}
	b = le.AppendUint64(b, sec.born)
	if brief&briefFresh == 0 {
		b = le.AppendUint64(b, sec.chain)
	}
	if brief&briefWriter == 0 {
		b = le.AppendUint32(b, uint32(sec.writer))
	}
	if brief&briefForever == 0 {
		b = le.AppendUint64(le.AppendUint64(b, uint64(sec.expiration)), uint64(max(sec.deadline-now, 0)))
	}
	b = binary.AppendUvarint(binary.AppendVarint(b, sec.updated-before.updated), uint64(sec.size))
	if brief&briefWhole == 0 {
		b = binary.AppendUvarint(b, uint64(len(sec.fill.holders)))
		for _, h := range sec.fill.holders {
			b = putNode(b, h)
		}
	}
	if brief&briefFollows == 0 {
		b = binary.AppendUvarint(b, uint64(len(sec.without)))
		for _, c := range sec.without {
			b = le.AppendUint64(b, c)
		}
	}
	return b
}

// noSection is before the first of a message.
var noSection section

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

// count reads the length of a list whose items take at least size bytes.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.b)/size) {
		r.b, r.bad = nil, true
		return 0
	}
	return int(n)
}

func (r *reader) bool() bool {
	v := r.u8()
	r.bad = r.bad || v > 1
	return v == 1
}

func (r *reader) str() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
		return ""
	}
	return string(r.take(int(n)))
}

func (r *reader) compact(epochs []epoch) version {
	n := r.uvarint()
	var v version
	switch {
	case n == 0:
		v.epoch = r.epoch()
	case n > uint64(len(epochs)):
		r.b, r.bad = nil, true
	default:
		v.epoch = epochs[n-1]
	}
	v.Tick = r.uvarint()
	return v
}

// deliverSync takes a message of a member's state.
func (s *Service) deliverSync(from wire.Member, msg []byte) {
	y := &s.sync
	n := keyOf(from)
	p := y.peers[n]
	if p == nil {
		p = &peer{}
		y.peers[n] = p
	}
	if len(msg) == 0 {
		p.bad = true
		return
	}
	if len(p.partial) > 0 || msg[0]&syncMore != 0 {
		p.partial = append(p.partial, msg[min(len(p.partial), 1):]...)
		p.partial[0] = msg[0]
		if msg[0]&syncMore != 0 {
			return
		}
		msg, p.partial = p.partial, nil
	}
	r := reader{b: msg}
	kind := r.u8()
	if kind == syncBegin {
		s.syncBegin(p, &r)
		return
	}
	switch {
	case p.bad:
	case y.groupOf(n) == nil:
		p.bad = true
	case slices.Contains(y.own, n):
		// Our own lead: its state is ours.
	case kind == syncPart:
		p.bad = p.part != nil || !p.takePart(&r, n)
	case p.part == nil || !p.take(kind, &r):
		p.bad = true
	}
}

func (p *peer) takePart(r *reader, n nodeKey) bool {
	p.part = &part{st: newState(n, p.limit)}
	p.part.st.epoch, p.part.st.tick = r.epoch(), r.u64()
	return r.end()
}

// take takes a message of a lead.
func (p *peer) take(kind byte, r *reader) bool {
	st := p.part.st
	switch kind {
	case syncHistory:
		for range r.count(17) {
			e, last := r.epoch(), r.uvarint()
			p.epochs = append(p.epochs, e)
			st.history[e] = last
		}
	case syncTombs:
		for range r.count(identSize + 3) {
			st.tombs = append(st.tombs, tomb{r.ident(), r.bool(), r.compact(p.epochs)})
		}
	case syncGraves:
		for range r.count(16) {
			st.graves = append(st.graves, grave{r.u64(), r.u64()})
		}
	case syncPassed:
		for range r.count(8) {
			st.passed.past = append(st.passed.past, r.u64())
		}
	case syncCheckpoint:
		return r.count(identSize) == 1 && p.takeCheckpoint(r)
	case syncSections:
		var before *section
		for range r.count(minSectionItem) {
			if before = p.takeSection(r, before); before == nil {
				return false
			}
		}
	case syncClients:
		for range r.count(nodeSize + 3 + identSize) {
			k := clientKey{r.node(), r.uvarint()}
			h, flags := r.uvarint(), r.u8()
			ck := st.all[r.ident()]
			if r.bad || ck == nil || h > 1<<32-1 {
				return false
			}
			st.client(k).refs[uint32(h)] = ref{ck, uint32(flags)}
			ck.refs++
		}
	default:
		return false
	}
	return r.end()
}

const attributesSize = 4 + 8 + 8 + 4 + 8 + 8

func (p *peer) takeCheckpoint(r *reader) bool {
	st := p.part.st
	ck := &checkpoint{id: r.ident(), name: r.str(), sections: map[string]*section{}}
	if !ipcwire.DecodeCkptAttributes(r.take(attributesSize), &ck.attrs) {
		return false
	}
	ck.created, ck.changed = r.compact(p.epochs), r.compact(p.epochs)
	ck.unlinked, ck.active = r.bool(), r.node()
	ck.deadline, ck.nextSeq = int64(r.u64()), r.uvarint()
	if !r.end() || st.all[ck.id] != nil || ck.name == "" || len(ck.name) > ipcwire.MaxName || ck.attrs.MaxSections == 0 {
		return false
	}
	if !ck.unlinked {
		if st.names[ck.name] != nil {
			return false
		}
		st.names[ck.name] = ck
	}
	st.all[ck.id] = ck
	p.current = ck
	return true
}

// getSection reads what putSection wrote.
func (p *peer) getSection(sec, before *section, r *reader) {
	if before == nil {
		before = &noSection
	}
	brief := r.u8()
	r.bad = r.bad || brief&^briefMask != 0
	same := r.uvarint()
	if same > uint64(len(before.id)) {
		r.b, r.bad = nil, true
		return
	}
	p.id = append(p.id[:0], before.id[:same]...)
	if n := r.uvarint(); n <= ipcwire.MaxSectionID {
		p.id = append(p.id, r.take(int(n))...)
	} else {
		r.b, r.bad = nil, true
	}
	sec.id = string(p.id)
	sec.seq = before.seq + r.uvarint()
	sec.created = r.compact(p.epochs)
	sec.version = sec.created
	if brief&briefCreated == 0 {
		sec.version = r.compact(p.epochs)
	}
	sec.born = r.u64()
	sec.chain = sec.born
	if brief&briefFresh == 0 {
		sec.chain = r.u64()
	}
	sec.writer = before.writer
	if brief&briefWriter == 0 {
		sec.writer = wire.NodeID(r.u32())
	}
	sec.expiration = ipcwire.CkptTimeEnd
	if brief&briefForever == 0 {
		sec.expiration, sec.deadline = int64(r.u64()), int64(r.u64())
	}
	sec.updated = before.updated + r.varint()
	size := r.uvarint()
	if size > maxSection {
		r.b, r.bad = nil, true
		return
	}
	sec.size = int(size)
	if brief&briefWhole == 0 {
		sec.fill = &fill{}
		for range r.count(nodeSize) {
			sec.fill.holders = append(sec.fill.holders, r.node())
		}
	}
	if brief&briefFollows == 0 {
		for range r.count(8) {
			sec.without = append(sec.without, r.u64())
		}
	}
}

// takeSection takes one; before is the one before it in the message.
func (p *peer) takeSection(r *reader, before *section) *section {
	ck := p.current
	if len(p.slab) == 0 {
		p.slab = make([]section, slabSize)
	}
	sec := &p.slab[0]
	p.slab = p.slab[1:]
	p.getSection(sec, before, r)
	size := uint64(sec.size)
	if r.bad || ck == nil || ck.sections[sec.id] != nil || len(sec.id) > ipcwire.MaxSectionID {
		return nil
	}
	// Accounts of pages are made by these sizes.
	if p.bytes += size; p.bytes > maxSection || size > ck.attrs.MaxSectionSize {
		return nil
	}
	if n := len(ck.order); n > 0 && ck.order[n-1].seq >= sec.seq || sec.seq > ck.nextSeq {
		return nil
	}
	ck.sections[sec.id] = sec
	ck.order = append(ck.order, sec)
	return sec
}

// BackgroundSend sends some pages of sections that others do not have whole and
// whose source this node is. It is done when each was sent once: what is delivered
// in this configuration counts, and another configuration begins anew.
func (s *Service) BackgroundSend() (done bool) {
	y, st := &s.sync, s.state
	msg := putEpoch(append(s.head[:0], kindPages), st.epoch)
	limit := min(s.env.MaxMessage(), pagesHead+pageHead+maxPage)
	if !s.env.SendOK(prioPages, limit) {
		return false
	}
	for y.section < len(st.filling) {
		sec := st.filling[y.section]
		page := -1
		if !sec.gone && sec.fill != nil && sec.source() == s.self {
			page = sec.fill.next(y.page)
		}
		if page < 0 {
			y.section, y.page = y.section+1, 0
			continue
		}
		from := page * sec.fill.page
		to := min(from+sec.fill.page, sec.size)
		if len(msg) > pagesHead && len(msg)+pageHead+to-from > limit {
			break
		}
		msg = appendPage(msg, sec, page, sec.data[from:to])
		s.stats.Pages++
		y.page = page + 1
	}
	s.head = msg
	if len(msg) > pagesHead {
		if _, err := s.env.Multicast(prioPages, wire.Agreed, msg); err != nil {
			s.env.Logf("pages of %d bytes: %v", len(msg), err)
		}
	}
	return y.section >= len(st.filling)
}

// deliverPages takes pages. Those that were read in another configuration do not
// fit what is missing now.
func (s *Service) deliverPages(r *reader) {
	e := r.epoch()
	if r.bad {
		s.stats.Malformed++
		return
	}
	if e != s.state.epoch {
		return
	}
	for len(r.b) > 0 {
		it := r.page()
		if r.bad {
			s.stats.Malformed++
			return
		}
		sec := s.state.place(it.id, it.place)
		if sec != nil && s.state.takePage(s.self, sec, it.page, it.data) {
			s.stats.PagesTaken++
		}
	}
}
