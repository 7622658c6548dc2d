// Reads, and what else is answered without a change. A read is of the replica
// here, at once or at its own place in the order; vectors of sections that are
// not whole here are answered by a node that has them.

package ckpt

import (
	"slices"

	"ais/exec/gmi"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// reads is the reads that wait for other nodes.
type reads struct {
	tag     uint64
	waiting map[uint64]*forward // by tag
	secs    []*section          // scratch
	list    ipcwire.CkptSections
	items   []answerItem
	result  ipcwire.CkptReadResult
	data    [][]byte
}

// forward is a read of which others answer vectors.
type forward struct {
	p       pending
	body    []byte
	ordered bool // its message was delivered
	parts   []ipcwire.CkptReadPart
	data    [][]byte
	have    []bool
	missing int
}

func (rs *reads) init() { rs.waiting = map[uint64]*forward{} }

// exit forgets what a connection waits for.
func (rs *reads) exit(c *conn) {
	for tag, f := range rs.waiting {
		if f.p.c == c {
			delete(rs.waiting, tag)
		}
	}
}

func (s *Service) requestRead(p pending, body []byte) {
	r, _ := s.state.ref(p.c.key, p.handle)
	err := ipcwire.OK
	switch {
	case r.flags&ipcwire.CkptOpenRead == 0:
		err = ipcwire.ErrAccess
	case len(s.scratch.read.Elements) == 0:
		err = ipcwire.ErrInvalidParam
	case r.ck.inactive():
		err = ipcwire.ErrNotExist
	}
	if err != ipcwire.OK {
		p.c.c.Respond(p.seq, err, nil)
		return
	}
	if r.ck.syncAll() || s.activeHere(r.ck) {
		s.read(p, body)
		return
	}
	s.stats.Ordered++
	p.read = slices.Clone(body)
	s.order(p, &request{op: ipcwire.CkptRead, conn: p.c.key.Conn, handle: p.handle}, nil)
}

// activeHere reports whether the active replica is this node's.
func (s *Service) activeHere(ck *checkpoint) bool {
	if ck.collocated() {
		return ck.active == s.self
	}
	return len(s.sync.members) == 0 || keyOf(s.sync.members[0]) == s.self
}

// orderedRead answers a read whose place in the order has come.
func (s *Service) orderedRead(p *pending) { s.read(*p, p.read) }

// respond answers a read, if its client is still there.
func (p *pending) respond(err ipcwire.Error, body []byte) {
	if !p.c.gone {
		p.c.c.Respond(p.seq, err, body)
	}
}

// refuse answers with an error and the index of the vector to blame, if there is one.
func (s *Service) refuse(p *pending, err ipcwire.Error, bad int) {
	if bad < 0 {
		p.respond(err, nil)
		return
	}
	s.buf = ipcwire.AppendCkptVectorResult(s.buf[:0], &ipcwire.CkptVectorResult{Index: uint32(bad)})
	p.respond(err, s.buf)
}

// look finds a read's sections and checks its vectors.
func (s *Service) look(ck *checkpoint, elements []ipcwire.CkptReadElement) (secs []*section, bad int, err ipcwire.Error) {
	secs = s.reads.secs[:0]
	for i := range elements {
		sec := ck.sections[string(elements[i].Section)]
		if sec == nil {
			return nil, i, ipcwire.ErrNotExist
		}
		if elements[i].Offset > uint64(sec.size) {
			return nil, i, ipcwire.ErrInvalidParam
		}
		secs = append(secs, sec)
	}
	s.reads.secs = secs
	return secs, -1, ipcwire.OK
}

// partOf is what a vector has to give.
func partOf(e *ipcwire.CkptReadElement, sec *section) ipcwire.CkptReadPart {
	n := min(e.Size, uint64(sec.size)-e.Offset)
	return ipcwire.CkptReadPart{Total: n, Size: n, Version: sec.version.number()}
}

// read reads here, or has others read what is not whole here.
func (s *Service) read(p pending, body []byte) {
	q := &s.scratch.read
	if !ipcwire.DecodeCkptReadReq(body, q) {
		p.respond(ipcwire.ErrInvalidParam, nil)
		return
	}
	r, ok := s.state.ref(p.c.key, p.handle)
	if !ok {
		p.respond(ipcwire.ErrBadHandle, nil)
		return
	}
	if r.ck.inactive() {
		p.respond(ipcwire.ErrNotExist, nil)
		return
	}
	secs, bad, err := s.look(r.ck, q.Elements)
	if err != ipcwire.OK {
		s.refuse(&p, err, bad)
		return
	}
	defer clear(secs)
	for _, sec := range secs {
		if !sec.holder(s.self) {
			s.forward(p, body)
			return
		}
	}
	a := &s.reads.result
	a.Parts, s.reads.data = a.Parts[:0], s.reads.data[:0]
	for i, sec := range secs {
		e := &q.Elements[i]
		part := partOf(e, sec)
		a.Parts = append(a.Parts, part)
		s.reads.data = append(s.reads.data, sec.data[e.Offset:e.Offset+part.Total])
	}
	s.stats.Reads++
	s.respondParts(&p, a.Parts, s.reads.data)
	clear(s.reads.data)
}

// respondParts answers a read with as much as a frame takes.
func (s *Service) respondParts(p *pending, parts []ipcwire.CkptReadPart, data [][]byte) {
	room := uint64(max(ipcwire.MaxFrame-ipcwire.HeaderSize-4-len(parts)*ipcwire.CkptReadPartSize, 0))
	for i := range parts {
		parts[i].Size = min(parts[i].Size, room)
		room -= parts[i].Size
	}
	s.buf = ipcwire.AppendCkptReadHead(s.buf[:0], &ipcwire.CkptReadResult{Parts: parts})
	for i := range parts {
		s.buf = append(s.buf, data[i][:parts[i].Size]...)
	}
	p.respond(ipcwire.OK, s.buf)
}

// forward asks the nodes that have a read's sections whole.
func (s *Service) forward(p pending, body []byte) {
	s.reads.tag++
	tag := s.reads.tag
	msg := le.AppendUint64(append(make([]byte, 0, forwardHead+len(body)), kindForward), tag)
	msg = append(le.AppendUint64(msg, p.c.key.Conn), body...)
	if max(len(msg), answerHead+len(s.scratch.read.Elements)*answerPart) >= s.env.MaxMessage() {
		p.respond(ipcwire.ErrTryAgain, nil) // when the replica here is whole it will do
		return
	}
	s.reads.waiting[tag] = &forward{p: p, body: slices.Clone(body)}
	s.stats.Forwarded++
	s.send(prioRequest, msg)
}

// deliverForward answers the vectors whose source this node is; the asker reads
// at the same place in the order what it has itself.
func (s *Service) deliverForward(from wire.Member, r *reader, id gmi.MessageID) {
	tag, conn := r.u64(), r.u64()
	body := r.rest()
	q := &s.scratch.read
	if r.bad || !ipcwire.DecodeCkptReadReq(body, q) {
		s.stats.Malformed++
		return
	}
	asker := keyOf(from)
	var f *forward
	if id != 0 {
		if f = s.reads.waiting[tag]; f == nil {
			return
		}
	}
	ref, ok := s.state.ref(clientKey{asker, conn}, q.Handle)
	bad, err := -1, ipcwire.ErrBadHandle
	var secs []*section
	if ok {
		secs, bad, err = s.look(ref.ck, q.Elements)
		defer clear(secs)
	}
	if err == ipcwire.OK && slices.ContainsFunc(secs, func(sec *section) bool { return sec.source() == nodeKey{} && sec.fill != nil }) {
		bad, err = -1, ipcwire.ErrTryAgain
	}
	switch {
	case err != ipcwire.OK && f != nil:
		delete(s.reads.waiting, tag)
		s.refuse(&f.p, err, bad)
	case err != ipcwire.OK:
	case f != nil:
		s.askerReads(tag, f, q.Elements, secs)
	default:
		s.sourceReads(asker, tag, q.Elements, secs)
	}
}

// askerReads takes the vectors that are here and counts those that are not.
func (s *Service) askerReads(tag uint64, f *forward, elements []ipcwire.CkptReadElement, secs []*section) {
	n := len(elements)
	f.ordered = true
	f.parts, f.data, f.have = make([]ipcwire.CkptReadPart, n), make([][]byte, n), make([]bool, n)
	for i, sec := range secs {
		if !sec.holder(s.self) {
			f.missing++
			continue
		}
		e := &elements[i]
		f.parts[i], f.have[i] = partOf(e, sec), true
		f.data[i] = slices.Clone(sec.data[e.Offset : e.Offset+f.parts[i].Total])
	}
	s.completed(tag, f)
}

// sourceReads answers the vectors that the asker has not and whose source is here.
func (s *Service) sourceReads(asker nodeKey, tag uint64, elements []ipcwire.CkptReadElement, secs []*section) {
	items, data := s.reads.items[:0], s.reads.data[:0]
	room := uint64(max(min(s.env.MaxMessage(), ipcwire.MaxFrame-ipcwire.HeaderSize)-answerHead-len(elements)*answerPart, 0))
	for i, sec := range secs {
		if sec.holder(asker) || sec.source() != s.self {
			continue
		}
		e := &elements[i]
		part := partOf(e, sec)
		part.Size = min(part.Total, room)
		room -= part.Size
		items = append(items, answerItem{uint32(i), part})
		data = append(data, sec.data[e.Offset:e.Offset+part.Size])
	}
	s.reads.items, s.reads.data = items, data
	if len(items) == 0 {
		return
	}
	msg := appendAnswer(nil, asker, tag, items)
	for _, d := range data {
		msg = append(msg, d...)
	}
	clear(data)
	s.send(prioRequest, msg)
}

// deliverAnswer takes vectors that another node answers.
func (s *Service) deliverAnswer(_ wire.Member, r *reader) {
	to, tag := r.node(), r.u64()
	if r.bad {
		s.stats.Malformed++
		return
	}
	f := s.reads.waiting[tag]
	if to != s.self || f == nil || !f.ordered {
		return
	}
	items := r.answerItems()
	if r.bad {
		s.stats.Malformed++
		return
	}
	for _, it := range items {
		data := r.take(int(it.part.Size))
		if int64(it.index) >= int64(len(f.have)) || f.have[it.index] {
			continue
		}
		f.have[it.index], f.parts[it.index], f.data[it.index] = true, it.part, slices.Clone(data)
		f.missing--
	}
	s.completed(tag, f)
}

// completed answers a read that has all its vectors.
func (s *Service) completed(tag uint64, f *forward) {
	if f.missing > 0 {
		return
	}
	delete(s.reads.waiting, tag)
	s.respondParts(&f.p, f.parts, f.data)
}

// readAgain asks anew what was asked before a configuration change: who was asked
// may be gone.
func (s *Service) readAgain() {
	if len(s.reads.waiting) == 0 {
		return
	}
	tags := make([]uint64, 0, len(s.reads.waiting))
	for tag := range s.reads.waiting {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	for _, tag := range tags {
		f := s.reads.waiting[tag]
		delete(s.reads.waiting, tag)
		s.read(f.p, f.body)
	}
}

func (s *Service) requestStatus(p pending) {
	r, _ := s.state.ref(p.c.key, p.handle)
	s.buf = ipcwire.AppendCkptStatus(s.buf[:0], &ipcwire.CkptStatus{
		Attributes: r.ck.attrs, Sections: uint32(len(r.ck.sections)), MemoryUsed: r.ck.bytes,
	})
	p.c.c.Respond(p.seq, ipcwire.OK, s.buf)
}

// iterateRoom bounds an answer to an iteration.
const iterateRoom = 256 << 10

func (s *Service) requestIterate(p pending, body []byte) {
	var q ipcwire.CkptIterateReq
	ipcwire.DecodeCkptIterateReq(body, &q)
	r, _ := s.state.ref(p.c.key, p.handle)
	if q.Chosen < ipcwire.CkptForever || q.Chosen > ipcwire.CkptAny || q.Max == 0 {
		p.c.c.Respond(p.seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	a := &s.reads.list
	a.Sections, a.Cursor = a.Sections[:0], q.Cursor
	order := r.ck.order
	i, _ := slices.BinarySearchFunc(order, q.Cursor, func(sec *section, after uint64) int {
		if sec.seq <= after {
			return -1
		}
		return 1
	})
	room := iterateRoom
	for ; i < len(order) && uint64(len(a.Sections)) < uint64(q.Max); i++ {
		sec := order[i]
		if !sec.gone && chosen(sec, q.Chosen, q.Expiration) {
			if room -= ipcwire.CkptSectionHead + len(sec.id); room < 0 && len(a.Sections) > 0 {
				break
			}
			a.Sections = append(a.Sections, ipcwire.CkptSection{
				Section: []byte(sec.id), Expiration: sec.expiration, Size: uint64(sec.size),
				State: ipcwire.CkptSectionValid, LastUpdate: sec.updated,
			})
		}
		a.Cursor = sec.seq
	}
	a.End = i == len(order)
	s.buf = ipcwire.AppendCkptSections(s.buf[:0], a)
	p.c.c.Respond(p.seq, ipcwire.OK, s.buf)
}

// chosen reports whether an iteration's selection takes a section. None is ever
// corrupted: writes are atomic.
func chosen(sec *section, how uint8, expiration int64) bool {
	switch how {
	case ipcwire.CkptForever:
		return sec.expiration == ipcwire.CkptTimeEnd
	case ipcwire.CkptLEQ:
		return sec.expiration <= expiration
	case ipcwire.CkptGEQ:
		return sec.expiration >= expiration
	}
	return how == ipcwire.CkptAny
}
