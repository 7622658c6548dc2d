// The replicated state: checkpoints, sections, who has them open, and what every
// operation does to them. Nothing here reads a clock, sends or logs: the same
// operations in the same order leave the same state on every node. Only the bytes
// of sections that a node does not have whole yet, and the local deadlines, differ
// between replicas, and nothing is decided by them.
//
// What partitions do when they meet is in merge.go, how sections are filled that
// a node does not have in fill.go.

package ckpt

import (
	"encoding/binary"
	"hash/fnv"
	"slices"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// What a checkpoint and a section count for beside names, ids and data, when
// memory is accounted. The same on every node.
const (
	checkpointCost = 1024
	sectionCost    = 256
)

// Limits that are the same on every node.
const (
	maxCheckpoints = 100_000 // all, unlinked ones included
	maxHandles     = 10_000  // of a connection
	maxSection     = 1 << 40 // bytes: beyond any memory, and sums of them fit an int
	maxTombs       = 4096    // removed checkpoints that are remembered
	maxHistory     = 4096    // epochs that are remembered
	maxBuried      = 4096    // removed sections that are remembered
)

// nodeKey is one start of one node. The nonce makes it that: a node that lost its
// state directory counts its starts from the beginning, and what an earlier start
// of the same number wrote is not its own.
type nodeKey struct {
	ID    wire.NodeID
	Nonce wire.Nonce
}

func keyOf(m wire.Member) nodeKey { return nodeKey{m.ID, m.Nonce} }

// ident names a checkpoint for ever, whatever its name: the node that asked for
// it, and a number of that node's.
type ident struct {
	Node nodeKey
	N    uint64
}

// epoch is a stretch of history in which all members that are in it do the same:
// from one configuration, transitional or regular, to the next.
type epoch struct {
	Seq  uint64 // of the ring
	Hash uint64 // of the ring and the members, and of what was before a transitional one
}

// version is a moment in an epoch: the Tick-th change. Ticks grow through all
// epochs of a replica.
type version struct {
	epoch
	Tick uint64
}

// number is a version for clients: equal for equal ones.
func (v version) number() uint64 { return v.Hash*0x9E3779B97F4A7C15 ^ v.Tick }

// clientKey is a library connection of a node.
type clientKey struct {
	Node nodeKey
	Conn uint64
}

// ref is an open handle.
type ref struct {
	ck    *checkpoint
	flags uint32 // open flags
}

// client is what a connection has.
type client struct {
	refs   map[uint32]ref // by handle
	staged *staging
}

// staging is a body that comes in pieces.
type staging struct {
	number uint32
	total  uint64
	body   []byte
	failed ipcwire.Error // 0: not so far
}

// checkpoint is a checkpoint with all its sections.
type checkpoint struct {
	id       ident
	name     string
	attrs    ipcwire.CkptAttributes // Retention is the current one
	created  version
	changed  version // last change of retention, active replica or unlink
	unlinked bool
	active   nodeKey // collocated: the node with the active replica; zero: none
	refs     int
	idle     version // since when it has no refs

	sections map[string]*section
	order    []*section // by seq; those that are gone too, until there are many
	gone     int        // in order
	nextSeq  uint64
	bytes    uint64 // of data of all sections

	dirty    bool  // in the list for the next cut
	deadline int64 // local: when the retention is over
}

// section is a section.
type section struct {
	ck         *checkpoint
	id         string
	seq        uint64 // its place in iterations
	created    version
	version    version  // last change of data or expiration time
	born       uint64   // of what created it; see operation
	chain      uint64   // of all that made its content and expiration time what they are
	without    []uint64 // chains that were given up for it because nobody had them whole
	writer     wire.NodeID
	expiration int64 // absolute, for clients
	updated    int64 // wall clock of the writer
	size       int
	data       []byte // size bytes; nil: nothing is here yet
	fill       *fill  // nil: every member has it whole
	gone       bool
	dirty      bool // in the list for the next cut
	frozen     bool // a cut has the same data
	want       int  // scratch of write

	deadline int64 // local: when it expires
}

// tomb is a checkpoint that was removed.
type tomb struct {
	id       ident
	unlinked bool // else its retention was over, or it was lost
	at       version
}

// grave is a section that was removed: what it was created by, and what it was
// like then.
type grave struct{ born, chain uint64 }

// operation names a request: the node that sent it and its number there. One
// request may be delivered in several configurations, where a ring parted before
// it was delivered everywhere; its changes have another version in each, but one
// operation. So equal chains are equal contents, whatever the versions.
func operation(n nodeKey, number uint64) uint64 {
	var m mixer
	m.node(n)
	m.u64(number)
	return uint64(m)
}

// then is the chain of what another operation makes of a chain.
func then(chain, op uint64) uint64 {
	m := mixer(chain)
	m.u64(op)
	return uint64(m)
}

// due is a deadline to be watched: of a section, or of a checkpoint's retention.
type due struct {
	ck   *checkpoint
	sec  *section // nil: retention
	left int64    // nanoseconds
}

// limits are bytes that a node is willing to keep: all that is counted, and data of
// one checkpoint.
type limits struct{ all, each int64 }

// state is the whole replicated state.
type state struct {
	epoch   epoch
	tick    uint64
	history map[epoch]uint64 // epochs that this state went through, with their last tick
	names   map[string]*checkpoint
	all     map[ident]*checkpoint
	clients map[clientKey]*client
	tombs   []tomb
	graves  []grave
	passed  passages
	op      uint64             // of the request that is being done
	limits  map[nodeKey]limits // of members: bytes they are willing to keep
	used    int64              // bytes counted
	page    int                // bytes of a page of sections that are filled
	filling []*section         // sections that not every member has whole, and some that were

	save       saving
	tombCount  uint64 // tombs there ever were
	graveCount uint64

	dues  []due      // for the service to take after each operation
	found []*section // scratch of write
}

func newState(self nodeKey, limit limits) *state {
	s := &state{
		history: map[epoch]uint64{},
		names:   map[string]*checkpoint{},
		all:     map[ident]*checkpoint{},
		clients: map[clientKey]*client{},
		limits:  map[nodeKey]limits{self: limit},
		page:    maxPage,
	}
	s.epoch = epoch{0, hashOf([]byte("start"), putNode(nil, self))}
	return s
}

func hashOf(parts ...[]byte) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		_, _ = h.Write(n[:])
		_, _ = h.Write(p)
	}
	return h.Sum64()
}

func putNode(b []byte, n nodeKey) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(n.ID)), n.Nonce[:]...)
}

func putMembers(b []byte, list []wire.Member) []byte {
	for _, m := range list {
		b = putNode(b, keyOf(m))
	}
	return b
}

// enter ends the epoch and begins the next.
func (s *state) enter(e epoch) {
	s.history[s.epoch] = s.tick
	s.passed.enter()
	s.epoch = e
}

// transitional begins the epoch of a transitional configuration: who goes through
// it together stays alike.
func (s *state) transitional(ring wire.RingID, members []wire.Member) {
	var old [16]byte
	binary.LittleEndian.PutUint64(old[:], s.epoch.Seq)
	binary.LittleEndian.PutUint64(old[8:], s.epoch.Hash)
	s.enter(epoch{ring.Seq, hashOf([]byte("transitional"), old[:], putMembers(nil, members))})
}

// regular begins the epoch of a regular configuration.
func (s *state) regular(ring wire.RingID, members []wire.Member) {
	var rep [4]byte
	binary.LittleEndian.PutUint32(rep[:], uint32(ring.Rep))
	s.enter(epoch{ring.Seq, hashOf([]byte("regular"), rep[:], putMembers(nil, members))})
	s.trimHistory()
}

// trimHistory forgets the oldest epochs beyond the limit.
func (s *state) trimHistory() {
	if len(s.history) <= maxHistory {
		return
	}
	list := s.epochs()
	for _, e := range list[:len(list)-maxHistory] {
		delete(s.history, e)
	}
}

// epochs lists the history, oldest first.
func (s *state) epochs() []epoch {
	list := make([]epoch, 0, len(s.history))
	for e := range s.history {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b epoch) int { return cmp2(a.Seq, b.Seq, a.Hash, b.Hash) })
	return list
}

func cmp2(a, b, c, d uint64) int {
	switch {
	case a != b && a < b:
		return -1
	case a != b:
		return 1
	case c < d:
		return -1
	case c > d:
		return 1
	}
	return 0
}

// knows reports whether the state went through a version: what it holds is that or
// comes after it.
func (s *state) knows(v version) bool {
	if v.epoch == s.epoch {
		return v.Tick <= s.tick
	}
	last, ok := s.history[v.epoch]
	return ok && v.Tick <= last
}

// bump is the version of a change.
func (s *state) bump() version {
	s.tick++
	return version{s.epoch, s.tick}
}

// limit is the least of what the members keep.
func (s *state) limit() limits {
	limit := limits{1<<63 - 1, 1<<63 - 1}
	for _, l := range s.limits {
		limit = limits{min(limit.all, l.all), min(limit.each, l.each)}
	}
	return limit
}

// room reports whether memory may grow by n bytes.
func (s *state) room(n int64) bool { return n <= 0 || s.used+n <= s.limit().all }

// roomIn reports whether a checkpoint may grow by so many bytes of data, and
// memory by n bytes.
func (s *state) roomIn(ck *checkpoint, data, n int64) bool {
	if n <= 0 {
		return true
	}
	limit := s.limit()
	return s.used+n <= limit.all && (data <= 0 || int64(ck.bytes)+data <= limit.each)
}

// ref finds an open handle.
func (s *state) ref(k clientKey, handle uint32) (ref, bool) {
	if c := s.clients[k]; c != nil {
		r, ok := c.refs[handle]
		return r, ok
	}
	return ref{}, false
}

func (s *state) client(k clientKey) *client {
	c := s.clients[k]
	if c == nil {
		c = &client{refs: map[uint32]ref{}}
		s.clients[k] = c
	}
	return c
}

func sameAttributes(a, b *ipcwire.CkptAttributes) bool {
	x, y := *a, *b
	x.Retention, y.Retention = 0, 0
	return x == y
}

// open opens a checkpoint, and creates it when it does not exist and attrs says
// how. The arguments keep to ipcwire.CheckCkptOpen.
func (s *state) open(k clientKey, handle uint32, id ident, name []byte, flags uint32, attrs *ipcwire.CkptAttributes, wall int64) (*checkpoint, ipcwire.Error) {
	if c := s.clients[k]; c != nil {
		if len(c.refs) >= maxHandles {
			return nil, ipcwire.ErrNoResources
		}
		if _, dup := c.refs[handle]; dup {
			return nil, ipcwire.ErrLibrary // our own numbering is broken
		}
	}
	ck := s.names[string(name)]
	switch {
	case ck == nil && attrs == nil:
		return nil, ipcwire.ErrNotExist
	case ck != nil && attrs != nil && !sameAttributes(&ck.attrs, attrs):
		return nil, ipcwire.ErrExist
	case ck == nil:
		var err ipcwire.Error
		if ck, err = s.create(id, string(name), attrs, k.Node.ID, wall); err != ipcwire.OK {
			return nil, err
		}
	}
	if ck.refs++; ck.refs == 1 {
		s.touchCheck(ck)
	}
	s.client(k).refs[handle] = ref{ck, flags}
	return ck, ipcwire.OK
}

func (s *state) create(id ident, name string, attrs *ipcwire.CkptAttributes, writer wire.NodeID, wall int64) (*checkpoint, ipcwire.Error) {
	switch {
	case len(s.all) >= maxCheckpoints:
		return nil, ipcwire.ErrNoResources
	case s.all[id] != nil:
		return nil, ipcwire.ErrLibrary
	case !s.room(checkpointCost + sectionCost + int64(len(name))):
		return nil, ipcwire.ErrNoMemory
	}
	v := s.bump()
	ck := &checkpoint{id: id, name: name, attrs: *attrs, created: v, changed: v, sections: map[string]*section{}}
	s.used += ck.cost()
	s.all[id], s.names[name] = ck, ck
	s.touchCheck(ck)
	if attrs.MaxSections == 1 {
		born := operation(id.Node, id.N)
		s.addSection(ck, &section{born: born, chain: born, created: v, version: v, writer: writer, expiration: ipcwire.CkptTimeEnd, updated: wall})
	}
	return ck, ipcwire.OK
}

func (ck *checkpoint) cost() int64   { return checkpointCost + int64(len(ck.name)) }
func (sec *section) cost() int64     { return sectionCost + int64(len(sec.id)) + int64(sec.size) }
func (ck *checkpoint) dflt() bool    { return ck.attrs.MaxSections == 1 }
func (ck *checkpoint) syncAll() bool { return ck.attrs.Flags&ipcwire.CkptAllReplicas != 0 }
func (ck *checkpoint) collocated() bool {
	return !ck.syncAll() && ck.attrs.Flags&ipcwire.CkptCollocated != 0
}

// inactive reports whether the checkpoint has no replica to work on: a collocated
// one whose active replica was not set, or died.
func (ck *checkpoint) inactive() bool { return ck.collocated() && ck.active == nodeKey{} }

// addSection puts a section at the end of the order. Its memory was checked.
func (s *state) addSection(ck *checkpoint, sec *section) {
	ck.nextSeq++
	sec.ck, sec.seq = ck, ck.nextSeq
	s.passed.note(sec.chain)
	ck.sections[sec.id] = sec
	ck.order = append(ck.order, sec)
	ck.bytes += uint64(sec.size)
	s.used += sec.cost()
	s.touch(sec)
}

// dropSection removes a section.
func (s *state) dropSection(ck *checkpoint, sec *section) {
	s.graveCount++
	if s.graves = append(s.graves, grave{sec.born, sec.chain}); len(s.graves) >= 2*maxBuried {
		s.graves = slices.Delete(s.graves, 0, len(s.graves)-maxBuried)
	}
	if s.save.on {
		s.save.gone = append(s.save.gone, cutGone{ck: ck.id, id: sec.id})
	}
	delete(ck.sections, sec.id)
	s.used -= sec.cost()
	ck.bytes -= uint64(sec.size)
	sec.gone, sec.data, sec.fill = true, nil, nil
	if ck.gone++; ck.gone > 32 && ck.gone > len(ck.order)/2 {
		ck.order = slices.DeleteFunc(ck.order, func(x *section) bool { return x.gone })
		ck.gone = 0
	}
}

// close closes a handle.
func (s *state) close(k clientKey, handle uint32) ipcwire.Error {
	c := s.clients[k]
	if c == nil {
		return ipcwire.ErrBadHandle
	}
	r, ok := c.refs[handle]
	if !ok {
		return ipcwire.ErrBadHandle
	}
	delete(c.refs, handle)
	s.release(r.ck)
	return ipcwire.OK
}

// release takes one reference off.
func (s *state) release(ck *checkpoint) {
	if ck.refs--; ck.refs == 0 {
		s.idle(ck)
	}
}

// idle deals with a checkpoint that nobody has open.
func (s *state) idle(ck *checkpoint) {
	switch {
	case ck.unlinked, ck.attrs.Retention == 0:
		s.remove(ck)
	default:
		ck.idle = s.bump()
		s.touchCheck(ck)
		if ck.attrs.Retention != ipcwire.CkptTimeEnd {
			s.dues = append(s.dues, due{ck: ck, left: ck.attrs.Retention})
		}
	}
}

// remove removes a checkpoint that nobody has open.
func (s *state) remove(ck *checkpoint) {
	s.bury(tomb{ck.id, ck.unlinked, s.bump()})
	s.forget(ck)
}

// bury remembers a checkpoint that is gone.
func (s *state) bury(t tomb) {
	s.tombCount++
	if s.tombs = append(s.tombs, t); len(s.tombs) > maxTombs {
		s.tombs = slices.Delete(s.tombs, 0, len(s.tombs)-maxTombs)
	}
}

// forget takes a checkpoint out of everything but the clients.
func (s *state) forget(ck *checkpoint) {
	for _, sec := range ck.sections {
		s.used -= sec.cost()
		sec.gone, sec.data, sec.fill = true, nil, nil
	}
	s.used -= ck.cost()
	ck.sections, ck.order = nil, nil
	if s.save.on {
		s.save.gone = append(s.save.gone, cutGone{ck: ck.id, whole: true})
	}
	delete(s.all, ck.id)
	if s.names[ck.name] == ck {
		delete(s.names, ck.name)
	}
}

// exit releases all that a connection had.
func (s *state) exit(k clientKey) {
	c := s.clients[k]
	if c == nil {
		return
	}
	delete(s.clients, k)
	s.unstage(c)
	// In order of handles: what happens to checkpoints gets ticks.
	handles := make([]uint32, 0, len(c.refs))
	for h := range c.refs {
		handles = append(handles, h)
	}
	slices.Sort(handles)
	for _, h := range handles {
		s.release(c.refs[h].ck)
	}
}

// leave releases what nodes had that are not members any more.
func (s *state) leave(members []wire.Member) {
	member := map[nodeKey]bool{}
	for _, m := range members {
		member[keyOf(m)] = true
	}
	var left []clientKey
	for k := range s.clients {
		if !member[k.Node] {
			left = append(left, k)
		}
	}
	slices.SortFunc(left, compareClients)
	for _, k := range left {
		s.exit(k)
	}
	for k := range s.limits {
		if !member[k] {
			delete(s.limits, k)
		}
	}
	for _, ck := range s.all {
		if ck.active != (nodeKey{}) && !member[ck.active] {
			ck.active = nodeKey{}
		}
	}
	// A body half of which was sent in another configuration is not continued.
	for _, c := range s.clients {
		s.unstage(c)
	}
}

func compareClients(a, b clientKey) int {
	if c := compareNodes(a.Node, b.Node); c != 0 {
		return c
	}
	return cmp2(a.Conn, b.Conn, 0, 0)
}

// unlink takes the name away; the checkpoint stays while it is open.
func (s *state) unlink(name []byte) (*checkpoint, ipcwire.Error) {
	ck := s.names[string(name)]
	if ck == nil {
		return nil, ipcwire.ErrNotExist
	}
	delete(s.names, ck.name)
	ck.unlinked, ck.changed = true, s.bump()
	s.touchCheck(ck)
	if ck.refs == 0 {
		s.remove(ck)
	}
	return ck, ipcwire.OK
}

// retention sets the retention duration.
func (s *state) retention(r ref, duration int64) ipcwire.Error {
	switch {
	case duration < 0:
		return ipcwire.ErrInvalidParam
	case r.ck.unlinked:
		return ipcwire.ErrBadOperation
	}
	r.ck.attrs.Retention, r.ck.changed = duration, s.bump()
	s.touchCheck(r.ck)
	return ipcwire.OK
}

// activate makes a node's replica the active one.
func (s *state) activate(r ref, node nodeKey) ipcwire.Error {
	switch {
	case r.flags&ipcwire.CkptOpenWrite == 0:
		return ipcwire.ErrAccess
	case !r.ck.collocated():
		return ipcwire.ErrBadOperation
	}
	r.ck.active, r.ck.changed = node, s.bump()
	s.touchCheck(r.ck)
	return ipcwire.OK
}

// writable is what every change of a section asks first.
func writable(r ref) ipcwire.Error {
	switch {
	case r.flags&ipcwire.CkptOpenWrite == 0:
		return ipcwire.ErrAccess
	case r.ck.inactive():
		return ipcwire.ErrNotExist
	}
	return ipcwire.OK
}

// sectionCreate creates a section; an empty id is generated.
func (s *state) sectionCreate(r ref, q *ipcwire.CkptSectionCreateReq, node wire.NodeID, wall int64) (*section, ipcwire.Error) {
	ck := r.ck
	if err := writable(r); err != ipcwire.OK {
		return nil, err
	}
	size := uint64(len(q.Data))
	switch {
	case ck.dflt():
		return nil, ipcwire.ErrExist
	case uint64(len(q.Section)) > ck.attrs.MaxSectionIDSize, size > ck.attrs.MaxSectionSize,
		len(q.Section) == 0 && ck.attrs.MaxSectionIDSize == 0, q.Expiration <= wall:
		return nil, ipcwire.ErrInvalidParam
	case len(q.Section) > 0 && ck.sections[string(q.Section)] != nil:
		return nil, ipcwire.ErrExist
	case uint64(len(ck.sections)) >= uint64(ck.attrs.MaxSections), size > ck.attrs.Size-min(ck.bytes, ck.attrs.Size):
		return nil, ipcwire.ErrNoSpace
	case !s.roomIn(ck, int64(size), sectionCost+int64(len(q.Section))+int64(size)):
		return nil, ipcwire.ErrNoMemory
	}
	v := s.bump()
	id := string(q.Section)
	if id == "" {
		if id = ck.generate(s.op); id == "" {
			return nil, ipcwire.ErrNoSpace
		}
	}
	sec := &section{
		id: id, created: v, version: v, born: s.op, chain: s.op, writer: node, expiration: q.Expiration, updated: wall, size: len(q.Data),
	}
	if len(q.Data) > 0 {
		sec.data = slices.Clone(q.Data)
	}
	s.addSection(ck, sec)
	s.watch(ck, sec, wall)
	return sec, ipcwire.OK
}

// watch has a section's expiration watched. wall is the clock of whoever set it:
// what is left by that clock is what is left, whatever the clocks here say.
func (s *state) watch(ck *checkpoint, sec *section, wall int64) {
	sec.deadline = 0
	if sec.expiration == ipcwire.CkptTimeEnd {
		return
	}
	left := int64(0)
	if sec.expiration > wall {
		left = sec.expiration - wall
	}
	s.dues = append(s.dues, due{ck, sec, left})
}

// maxGenerated is the length of generated ids, where the checkpoint allows it.
const maxGenerated = 8

// generate makes an id that no section has. It comes from the operation, so that
// partitions hardly ever generate the same one for two, and generate the same for
// one. "" when none was found.
func (ck *checkpoint) generate(op uint64) string {
	const letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	n := int(min(ck.attrs.MaxSectionIDSize, maxGenerated))
	var id [maxGenerated]byte
	seed := op
	for try := range uint64(len(ck.sections) + 64) {
		// One try after the other covers all of what a short id can be.
		x := seed + try
		if n == maxGenerated {
			x = (x ^ x>>31) * 0xBF58476D1CE4E5B9
			x ^= x >> 29
		}
		for i := range n {
			id[i] = letters[x%uint64(len(letters))]
			x /= uint64(len(letters))
		}
		if ck.sections[string(id[:n])] == nil {
			return string(id[:n])
		}
	}
	return ""
}

// sectionOf finds a section that an operation names and that is not the default one.
func sectionOf(r ref, id []byte) (*section, ipcwire.Error) {
	if err := writable(r); err != ipcwire.OK {
		return nil, err
	}
	if len(id) == 0 {
		return nil, ipcwire.ErrInvalidParam
	}
	sec := r.ck.sections[string(id)]
	if sec == nil {
		return nil, ipcwire.ErrNotExist
	}
	return sec, ipcwire.OK
}

// sectionDelete deletes a section.
func (s *state) sectionDelete(r ref, id []byte) ipcwire.Error {
	sec, err := sectionOf(r, id)
	if err != ipcwire.OK {
		return err
	}
	s.bump()
	s.dropSection(r.ck, sec)
	return ipcwire.OK
}

// setExpiration sets a section's expiration time.
func (s *state) setExpiration(r ref, id []byte, expiration int64, node wire.NodeID, wall int64) ipcwire.Error {
	sec, err := sectionOf(r, id)
	if err != ipcwire.OK {
		return err
	}
	sec.expiration, sec.version, sec.writer = expiration, s.bump(), node
	sec.chain = then(sec.chain, s.op)
	s.passed.note(sec.chain)
	s.touch(sec)
	s.watch(r.ck, sec, wall)
	return ipcwire.OK
}

// overwrite replaces a section's content: it is whole everywhere then.
func (s *state) overwrite(r ref, id, data []byte, node wire.NodeID, wall int64) ipcwire.Error {
	ck := r.ck
	if err := writable(r); err != ipcwire.OK {
		return err
	}
	sec := ck.sections[string(id)]
	if sec == nil {
		return ipcwire.ErrNotExist
	}
	grow := len(data) - sec.size
	if err := s.mayGrow(ck, uint64(len(data)), grow); err != ipcwire.OK {
		return err
	}
	sec.version, sec.writer, sec.updated = s.bump(), node, wall
	sec.chain, sec.without = then(s.op, uint64(sec.expiration)), nil // nothing else of before is left
	s.passed.note(sec.chain)
	sec.fill = nil
	s.grew(ck, grow)
	sec.size = len(data)
	s.touch(sec)
	if sec.frozen {
		sec.data, sec.frozen = nil, false
	}
	if cap(sec.data) < len(data) || cap(sec.data) > 2*len(data)+4096 {
		sec.data = make([]byte, len(data)) // of the exact size; a much smaller content gives memory back
	}
	sec.data = sec.data[:len(data)]
	copy(sec.data, data)
	return ipcwire.OK
}

// mayGrow checks a section's new size, and what it adds.
func (s *state) mayGrow(ck *checkpoint, size uint64, grow int) ipcwire.Error {
	switch {
	case size > ck.attrs.MaxSectionSize:
		return ipcwire.ErrInvalidParam
	case grow > 0 && uint64(grow) > ck.attrs.Size-min(ck.bytes, ck.attrs.Size):
		return ipcwire.ErrNoSpace
	case !s.roomIn(ck, int64(grow), int64(grow)):
		return ipcwire.ErrNoMemory
	}
	return ipcwire.OK
}

func (s *state) grew(ck *checkpoint, grow int) {
	ck.bytes += uint64(grow)
	s.used += int64(grow)
}

// write writes vectors, all or none. bad is the index of the wrong one, -1 when
// no vector is to blame.
func (s *state) write(r ref, q *ipcwire.CkptWriteReq, node wire.NodeID, wall int64) (bad int, err ipcwire.Error) {
	ck := r.ck
	if err := writable(r); err != ipcwire.OK {
		return -1, err
	}
	if len(q.Elements) == 0 {
		return -1, ipcwire.ErrInvalidParam
	}
	s.found = s.found[:0]
	bad, err = s.plan(ck, q.Elements)
	grow := 0
	for _, sec := range s.found {
		if sec.want > 0 { // once for each section
			grow += max(sec.want-sec.size, 0)
			sec.want = 0
		}
	}
	if err == ipcwire.OK {
		bad = -1
		err = s.mayGrow(ck, 0, grow)
	}
	if err == ipcwire.OK {
		v := s.bump()
		data := q.Data
		for i, sec := range s.found {
			n := int(q.Elements[i].Size)
			s.put(ck, sec, int(q.Elements[i].Offset), data[:n])
			data = data[n:]
			if sec.version != v {
				sec.chain = then(sec.chain, s.op) // once, however many vectors are of it
				s.passed.note(sec.chain)
				s.touch(sec)
			}
			sec.version, sec.writer, sec.updated = v, node, wall
		}
	}
	clear(s.found)
	return bad, err
}

// plan finds the vectors' sections and notes in want what sizes they need.
func (s *state) plan(ck *checkpoint, elements []ipcwire.CkptWriteElement) (bad int, err ipcwire.Error) {
	for i := range elements {
		e := &elements[i]
		sec := ck.sections[string(e.Section)]
		if sec == nil {
			return i, ipcwire.ErrNotExist
		}
		limit := ck.attrs.MaxSectionSize
		switch {
		case e.Size > limit || e.Offset > limit-e.Size:
			return i, ipcwire.ErrInvalidParam
		case e.Offset+e.Size > maxSection:
			return i, ipcwire.ErrNoMemory
		}
		sec.want = max(sec.want, int(e.Offset+e.Size))
		s.found = append(s.found, sec)
	}
	return -1, ipcwire.OK
}

// put writes bytes into a section, which grows as needed; what is between the old
// end and the new bytes is zero.
func (s *state) put(ck *checkpoint, sec *section, offset int, data []byte) {
	end := offset + len(data)
	if end > sec.size {
		s.grew(ck, end-sec.size)
	}
	sec.thaw()
	sec.ensure(max(end, sec.size))
	copy(sec.data[offset:], data)
	if sec.fill != nil {
		sec.fill.written(offset, end)
	}
}

// ensure gives a section size bytes, new ones zero.
func (sec *section) ensure(size int) {
	if len(sec.data) >= size && sec.data != nil {
		sec.size = max(sec.size, size)
		return
	}
	if size > cap(sec.data) {
		// A section that grows by small writes at its end must not be copied for
		// each of them; one that has its size from the start has nothing to spare.
		room := size
		if len(sec.data) > 0 {
			room = max(size, len(sec.data)+len(sec.data)/8)
		}
		grown := make([]byte, len(sec.data), room)
		copy(grown, sec.data)
		sec.data = grown
	}
	old := len(sec.data)
	sec.data = sec.data[:size]
	clear(sec.data[old:])
	sec.size = max(sec.size, size)
}

// expire removes a section whose time has come, if that is still its time.
func (s *state) expire(id ident, section []byte, created version, expiration int64) bool {
	ck := s.all[id]
	if ck == nil {
		return false
	}
	sec := ck.sections[string(section)]
	if sec == nil || sec.created != created || sec.expiration != expiration || expiration == ipcwire.CkptTimeEnd {
		return false
	}
	s.bump()
	s.dropSection(ck, sec)
	return true
}

// retire removes a checkpoint whose retention is over, if nobody opened it since.
func (s *state) retire(id ident, idle version) bool {
	ck := s.all[id]
	if ck == nil || ck.refs > 0 || ck.idle != idle || ck.attrs.Retention == ipcwire.CkptTimeEnd {
		return false
	}
	s.remove(ck)
	return true
}

// stage takes a piece of a body.
func (s *state) stage(k clientKey, q *ipcwire.CkptStageReq) {
	c := s.client(k)
	if c.staged == nil || c.staged.number != q.Stage {
		s.unstage(c)
		if q.Offset != 0 {
			return // its beginning was dropped: the commit will find out
		}
		c.staged = &staging{number: q.Stage, total: q.Total}
	}
	st := c.staged
	switch {
	case st.failed != 0:
		return
	case q.Total != st.total || q.Offset != uint64(len(st.body)) || uint64(len(q.Data)) > st.total-q.Offset:
		s.unstage(c)
		return
	case !s.room(int64(len(q.Data))):
		s.used -= int64(len(st.body))
		st.body, st.failed = nil, ipcwire.ErrNoMemory
		return
	}
	st.body = append(st.body, q.Data...)
	s.used += int64(len(q.Data))
}

// unstage drops a connection's staged body.
func (s *state) unstage(c *client) {
	if c.staged != nil {
		s.used -= int64(len(c.staged.body))
		c.staged = nil
	}
}

// commit takes a staged body to have it done. It is valid until the next operation.
func (s *state) commit(k clientKey, q *ipcwire.CkptCommitReq) ([]byte, ipcwire.Error) {
	c := s.clients[k]
	if c == nil || c.staged == nil || c.staged.number != q.Stage {
		return nil, ipcwire.ErrTryAgain
	}
	st := c.staged
	s.unstage(c)
	switch {
	case st.failed != 0:
		return nil, st.failed
	case st.total != q.Total || uint64(len(st.body)) != st.total:
		return nil, ipcwire.ErrTryAgain
	}
	return st.body, ipcwire.OK
}
