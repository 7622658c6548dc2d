// Delivered messages: what they do to the state, and the answers of those that
// this node sent.

package ckpt

import (
	"slices"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Deliver takes a message of a member.
func (s *Service) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	s.stats.Delivered++
	if s.sync.running {
		s.deliverSync(from, msg)
		return
	}
	r := reader{b: msg}
	switch r.u8() {
	case kindRequest:
		s.deliverRequest(from, &r, id, transitional)
	case kindExit:
		conn := r.u64()
		if s.good(&r) {
			s.state.exit(clientKey{keyOf(from), conn})
		}
	case kindExpire:
		e := r.expiry()
		if s.good(&r) && s.state.expire(e.id, e.section, e.created, e.expiration) {
			s.stats.Expired++
		}
	case kindRetire:
		ck, idle := r.ident(), r.version()
		if s.good(&r) && s.state.retire(ck, idle) {
			s.stats.Retired++
		}
	case kindPages:
		s.deliverPages(&r)
	case kindForward:
		s.deliverForward(from, &r, id)
	case kindAnswer:
		s.deliverAnswer(from, &r)
	default:
		s.stats.Malformed++
	}
	s.watch()
}

// good counts a message that does not decode.
func (s *Service) good(r *reader) bool {
	if !r.end() {
		s.stats.Malformed++
		return false
	}
	return true
}

func (s *Service) deliverRequest(from wire.Member, r *reader, id gmi.MessageID, transitional bool) {
	q := r.request()
	body := r.rest()
	p, own := pending{}, false
	if id != 0 {
		if p, own = s.pending[id]; own {
			delete(s.pending, id)
		}
	}
	if r.bad {
		s.stats.Malformed++
		if own {
			s.answer(&p, ipcwire.ErrLibrary, nil)
		}
		return
	}
	k := clientKey{keyOf(from), q.conn}
	op := q.op
	if op == ipcwire.CkptCommit {
		var m ipcwire.CkptCommitReq
		err := ipcwire.ErrInvalidParam
		if ipcwire.DecodeCkptCommitReq(body, &m) && stageable(m.Op) {
			body, err = s.state.commit(k, &m)
		}
		if err != ipcwire.OK {
			if own {
				s.answer(&p, err, nil)
			}
			return
		}
		op = m.Op
	}
	s.state.op = operation(k.Node, q.number)
	err, answer, strong := s.apply(k, &q, op, body)
	if !own {
		return
	}
	if op == ipcwire.CkptRead {
		s.orderedRead(&p)
		return
	}
	if err == ipcwire.OK && strong && !transitional && !s.ackAgreed {
		s.waiting = append(s.waiting, waiting{id, p, slices.Clone(answer)})
		return
	}
	s.answer(&p, err, answer)
}

// apply does what a request asks for. answer is the answer's body, valid until the
// next message; strong tells that it may only be given when the message is safe.
func (s *Service) apply(k clientKey, q *request, op ipcwire.Op, body []byte) (err ipcwire.Error, answer []byte, strong bool) {
	st, sc := s.state, &s.scratch
	switch op {
	case ipcwire.CkptOpen, ipcwire.CkptOpenAsync:
		o := &sc.open
		if !ipcwire.DecodeCkptOpenReq(body, o) || ipcwire.CheckCkptOpen(o.Name, o.Flags, attributesOf(o)) != ipcwire.OK {
			return ipcwire.ErrInvalidParam, nil, false
		}
		ck, err := st.open(k, q.handle, ident{k.Node, q.number}, o.Name, o.Flags, attributesOf(o), q.wall)
		if err != ipcwire.OK {
			return err, nil, false
		}
		s.buf = ipcwire.AppendCkptOpened(s.buf[:0], &ipcwire.CkptOpened{Handle: q.handle, Attributes: ck.attrs})
		return ipcwire.OK, s.buf, o.HasAttributes
	case ipcwire.CkptUnlink:
		var u ipcwire.CkptUnlinkReq
		if !ipcwire.DecodeCkptUnlinkReq(body, &u) {
			return ipcwire.ErrInvalidParam, nil, false
		}
		_, err := st.unlink(u.Name)
		return err, nil, true
	case ipcwire.CkptClose:
		var h ipcwire.CkptHandleReq
		if !ipcwire.DecodeCkptHandleReq(body, &h) {
			return ipcwire.ErrInvalidParam, nil, false
		}
		return st.close(k, h.Handle), nil, false
	case ipcwire.CkptStage:
		if ipcwire.DecodeCkptStageReq(body, &sc.stage) {
			st.stage(k, &sc.stage)
		}
		return ipcwire.OK, nil, false
	case ipcwire.CkptRead, ipcwire.CkptSynchronize, ipcwire.CkptSynchronizeAsync:
		if _, ok := st.ref(k, q.handle); !ok {
			return ipcwire.ErrBadHandle, nil, false
		}
		return ipcwire.OK, nil, true
	}
	return s.applyOpen(k, q, op, body)
}

// applyOpen is apply for the requests that work on an open checkpoint.
func (s *Service) applyOpen(k clientKey, q *request, op ipcwire.Op, body []byte) (err ipcwire.Error, answer []byte, strong bool) {
	st, sc := s.state, &s.scratch
	node := k.Node.ID
	var t ipcwire.CkptTimeReq
	var h ipcwire.CkptHandleReq
	ok := false
	var handle uint32
	switch op {
	case ipcwire.CkptRetentionSet:
		ok = ipcwire.DecodeCkptTimeReq(body, &t)
		handle = t.Handle
	case ipcwire.CkptActiveReplicaSet:
		ok = ipcwire.DecodeCkptHandleReq(body, &h)
		handle = h.Handle
	case ipcwire.CkptSectionCreate:
		ok = ipcwire.DecodeCkptSectionCreateReq(body, &sc.create)
		handle = sc.create.Handle
	case ipcwire.CkptSectionDelete, ipcwire.CkptSectionExpirationSet:
		ok = ipcwire.DecodeCkptSectionReq(body, &sc.section)
		handle = sc.section.Handle
	case ipcwire.CkptWrite:
		ok = ipcwire.DecodeCkptWriteReq(body, &sc.write)
		handle = sc.write.Handle
	case ipcwire.CkptOverwrite:
		ok = ipcwire.DecodeCkptOverwriteReq(body, &sc.overwrite)
		handle = sc.overwrite.Handle
	}
	if !ok {
		return ipcwire.ErrInvalidParam, nil, false
	}
	r, open := st.ref(k, handle)
	if !open {
		return ipcwire.ErrBadHandle, nil, false
	}
	all := r.ck.syncAll()
	switch op {
	case ipcwire.CkptRetentionSet:
		return st.retention(r, int64(t.Time)), nil, true
	case ipcwire.CkptActiveReplicaSet:
		return st.activate(r, k.Node), nil, true
	case ipcwire.CkptSectionCreate:
		sec, err := st.sectionCreate(r, &sc.create, node, q.wall)
		if err != ipcwire.OK {
			return err, nil, false
		}
		s.buf = ipcwire.AppendCkptSectionID(s.buf[:0], &ipcwire.CkptSectionID{Section: []byte(sec.id)})
		return ipcwire.OK, s.buf, all
	case ipcwire.CkptSectionDelete:
		return st.sectionDelete(r, sc.section.Section), nil, all
	case ipcwire.CkptSectionExpirationSet:
		return st.setExpiration(r, sc.section.Section, sc.section.Time, node, q.wall), nil, all
	case ipcwire.CkptOverwrite:
		return st.overwrite(r, sc.overwrite.Section, sc.overwrite.Data, node, q.wall), nil, all
	}
	bad, err := st.write(r, &sc.write, node, q.wall)
	if err != ipcwire.OK && bad >= 0 {
		s.buf = ipcwire.AppendCkptVectorResult(s.buf[:0], &ipcwire.CkptVectorResult{Index: uint32(bad)})
		return err, s.buf, false
	}
	return err, nil, all
}

// answer answers a request.
func (s *Service) answer(p *pending, err ipcwire.Error, body []byte) {
	c := p.c
	if s.answered != nil {
		s.answered(*p, err)
	}
	if p.timed != nil {
		p.timed.cancel()
	}
	switch p.op {
	case ipcwire.CkptOpen:
		if p.timed.over {
			if err == ipcwire.OK {
				s.closeLate(c, p.handle)
			}
			return
		}
		err = openError(c.gen, err)
	case ipcwire.CkptOpenAsync:
		res := ipcwire.CkptOpenResult{Invocation: p.inv, Error: openError(c.gen, err)}
		if err == ipcwire.OK {
			ipcwire.DecodeCkptOpened(body, &res.Opened)
		}
		s.notify(c, ipcwire.CkptOpenCallback, ipcwire.AppendCkptOpenResult(nil, &res))
		return
	case ipcwire.CkptSynchronize:
		if p.timed.over {
			return
		}
	case ipcwire.CkptSynchronizeAsync:
		if _, open := s.state.ref(c.key, p.handle); !open {
			c.async-- // the handle was closed: its callbacks are cancelled
			return
		}
		s.notify(c, ipcwire.CkptSynchronizeCallback, ipcwire.AppendCkptSynchronizeResult(nil,
			&ipcwire.CkptSynchronizeResult{Handle: p.handle, Invocation: p.inv, Error: err}))
		return
	}
	if !c.gone {
		c.c.Respond(p.seq, err, body)
	}
}

// openError is what the generation of a connection calls an error of open: in
// A.01.01 what does not exist lacks its creation attributes.
func openError(gen ipcwire.Generation, err ipcwire.Error) ipcwire.Error {
	if gen == ipcwire.GenA && err == ipcwire.ErrNotExist {
		return ipcwire.ErrInvalidParam
	}
	return err
}

// closeLate closes what was opened after its request had been answered TIMEOUT.
func (s *Service) closeLate(c *conn, handle uint32) {
	if c.gone {
		return // its exit is behind the open
	}
	s.number++
	msg := appendRequest(nil, &request{op: ipcwire.CkptClose, conn: c.key.Conn, number: s.number, wall: s.opt.Wall()})
	s.send(prioRequest, ipcwire.AppendCkptHandleReq(msg, &ipcwire.CkptHandleReq{Handle: handle}))
}

// Safe answers what waited until every member has its message.
func (s *Service) Safe(id gmi.MessageID) {
	n := 0
	for i := range s.waiting {
		w := &s.waiting[i]
		if w.id <= id {
			s.answer(&w.p, ipcwire.OK, w.body)
			continue
		}
		if n != i {
			s.waiting[n] = *w
		}
		n++
	}
	clear(s.waiting[n:])
	s.waiting = s.waiting[:n]
}

// ConfigChange keeps the account of who is there.
func (s *Service) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	s.present = slices.Clone(cfg.Members)
	if kind == srp.DeliverTransitional {
		s.state.transitional(cfg.Ring, cfg.Members)
		return
	}
	s.state.leave(cfg.Members)
	s.watch()
}
