// What programs ask.

package amf

import (
	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/service"
	"ais/libais/ipcwire"
)

// answered is what a handler returns that answers itself, now or later.
const answered ipcwire.Error = 0

// registration is one that is under way.
type registration struct {
	c           *client
	bound, done bool
}

// request is one request with what a handler needs of it.
type request struct {
	c    *client
	seq  uint32
	body []byte
}

// handlers of requests of programs, by operation.
var handlers = map[ipcwire.Op]func(*Service, request) ipcwire.Error{
	ipcwire.AmfRegister:           (*Service).requestRegister,
	ipcwire.AmfUnregister:         (*Service).requestUnregister,
	ipcwire.AmfComponentName:      (*Service).requestName,
	ipcwire.AmfHAState:            (*Service).requestHAState,
	ipcwire.AmfReadinessState:     (*Service).requestReadiness,
	ipcwire.AmfCapability:         (*Service).requestCapability,
	ipcwire.AmfPendingOperations:  (*Service).requestPending,
	ipcwire.AmfResponse:           (*Service).requestResponse,
	ipcwire.AmfQuiescingComplete:  (*Service).requestComplete,
	ipcwire.AmfStoppingComplete:   (*Service).requestComplete,
	ipcwire.AmfErrorReport:        (*Service).requestErrorReport,
	ipcwire.AmfErrorClear:         (*Service).requestErrorClear,
	ipcwire.AmfHealthcheckStart:   (*Service).requestHealthcheckStart,
	ipcwire.AmfHealthcheckConfirm: (*Service).requestHealthcheckConfirm,
	ipcwire.AmfHealthcheckStop:    (*Service).requestHealthcheckStop,
	ipcwire.AmfPmStart:            (*Service).requestPmStart,
	ipcwire.AmfPmStop:             (*Service).requestPmStop,
	ipcwire.AmfTrack:              (*Service).requestTrack,
	ipcwire.AmfTrackStop:          (*Service).requestTrackStop,
	ipcwire.AmfHAReadiness:        (*Service).requestHAReadiness,
}

var operatorHandlers = map[ipcwire.Op]func(*Service, request) ipcwire.Error{
	ipcwire.AmfTree:    (*Service).requestTree,
	ipcwire.AmfHistory: (*Service).requestHistory,
	ipcwire.AmfAdmin:   (*Service).requestAdmin,
}

// LibRequest handles one request.
func (s *Service) LibRequest(conn service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	c := conn.State().(*client)
	table := handlers
	if c.operator {
		table = operatorHandlers
	}
	err := ipcwire.ErrNotSupported
	if f := table[op]; f != nil {
		err = f(s, request{c, seq, body})
	}
	if err != answered {
		conn.Respond(seq, err, nil)
	}
}

// ordered submits an input; the program gets the engine's answer.
func (s *Service) ordered(q request, in *engine.Input, then func(ipcwire.Error)) ipcwire.Error {
	if len(s.owed) > 0 { // what happened before goes first
		if s.flush(); len(s.owed) > 0 {
			return ipcwire.ErrTryAgain
		}
	}
	taken := s.replica.Submit(in, func(err ipcwire.Error) {
		if then != nil {
			then(err)
		}
		if !q.c.gone {
			q.c.conn.Respond(q.seq, err, nil)
		}
	})
	if !taken {
		return ipcwire.ErrTryAgain
	}
	return answered
}

const (
	needOfB = ipcwire.AmfHasTerminate | ipcwire.AmfHasCSISet | ipcwire.AmfHasCSIRemove
	// needOfProxied is what the program must have besides that speaks for another.
	needOfProxied = ipcwire.AmfHasInstantiate | ipcwire.AmfHasCleanup
)

func (s *Service) requestRegister(q request) ipcwire.Error {
	var r ipcwire.AmfComponentReq
	if !ipcwire.DecodeAmfComponentReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Component)]
	if comp == nil {
		return ipcwire.ErrNotExist
	}
	if len(r.Proxy) > 0 {
		// A proxy speaks through the connection that it registered itself with.
		proxy := s.comps[string(r.Proxy)]
		if proxy == nil {
			return ipcwire.ErrNotExist
		}
		switch l := s.lives[proxy]; {
		case l == nil:
			return ipcwire.ErrNotExist
		case l.c != q.c:
			return ipcwire.ErrBadOperation
		}
	}
	if q.c.gen == ipcwire.GenB {
		need := needOfB
		if len(r.Proxy) > 0 {
			need |= needOfProxied
		}
		if q.c.callbacks&need != need {
			return ipcwire.ErrInit
		}
	} else if q.c.callbacks&(needOfB|ipcwire.AmfHasReadiness) != needOfB|ipcwire.AmfHasReadiness {
		return ipcwire.ErrInit
	}
	in := engine.Input{Kind: engine.InRegister, Comp: comp.DN, Proxy: string(r.Proxy)}
	if q.c.gen == ipcwire.GenA {
		in.Callbacks |= engine.GenerationA
	}
	if q.c.callbacks&ipcwire.AmfHasOperationConfirm != 0 {
		in.Callbacks |= engine.CanConfirm
	}
	reg := &registration{c: q.c}
	s.registering[comp] = append(s.registering[comp], reg)
	err := s.ordered(q, &in, func(err ipcwire.Error) {
		reg.done = true
		if err != ipcwire.OK {
			reg.bound = true
		}
		s.settled(comp, reg)
	})
	if err != answered {
		reg.bound, reg.done = true, true
		s.settled(comp, reg)
	}
	return err
}

// settled forgets a registration that is bound and answered, or was refused.
func (s *Service) settled(comp *model.Comp, r *registration) {
	if !r.bound || !r.done {
		return
	}
	list := s.registering[comp]
	for i := range list {
		if list[i] == r {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(s.registering, comp)
	} else {
		s.registering[comp] = list
	}
}

func (s *Service) requestUnregister(q request) ipcwire.Error {
	var r ipcwire.AmfComponentReq
	if !ipcwire.DecodeAmfComponentReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Component)]
	if comp == nil {
		return ipcwire.ErrNotExist
	}
	l := s.lives[comp]
	switch {
	case l == nil:
		return ipcwire.ErrNotExist
	case l.c != q.c:
		return ipcwire.ErrBadOperation
	}
	return s.ordered(q, &engine.Input{Kind: engine.InUnregister, Comp: comp.DN, Proxy: string(r.Proxy), Incarnation: l.incarnation}, nil)
}

func (s *Service) requestName(q request) ipcwire.Error {
	if s.comps[q.c.process] != nil {
		q.c.conn.Respond(q.seq, ipcwire.OK, ipcwire.AppendAmfName(nil, &ipcwire.AmfName{Name: []byte(q.c.process)}))
		return answered
	}
	for _, l := range q.c.lives {
		if !l.comp.IsProxied() {
			q.c.conn.Respond(q.seq, ipcwire.OK, ipcwire.AppendAmfName(nil, &ipcwire.AmfName{Name: []byte(l.comp.DN)}))
			return answered
		}
	}
	return ipcwire.ErrNotExist
}

func (s *Service) state(q request, state uint32) ipcwire.Error {
	q.c.conn.Respond(q.seq, ipcwire.OK, ipcwire.AppendAmfState(nil, &ipcwire.AmfState{State: state}))
	return answered
}

func (s *Service) requestHAState(q request) ipcwire.Error {
	var r ipcwire.AmfCSIReq
	if !ipcwire.DecodeAmfCSIReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	state, err := s.replica.Engine().HAState(string(r.Component), string(r.CSI))
	if err != ipcwire.OK {
		return err
	}
	return s.state(q, uint32(state))
}

// named reads a component's name.
func (s *Service) named(body []byte) (*model.Comp, ipcwire.Error) {
	var r ipcwire.AmfName
	if !ipcwire.DecodeAmfName(body, &r) {
		return nil, ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Name)]
	if comp == nil {
		return nil, ipcwire.ErrNotExist
	}
	return comp, ipcwire.OK
}

func (s *Service) requestReadiness(q request) ipcwire.Error {
	comp, err := s.named(q.body)
	if err != ipcwire.OK {
		return err
	}
	return s.state(q, uint32(s.replica.Engine().CompOf(comp).Readiness))
}

func (s *Service) requestCapability(q request) ipcwire.Error {
	comp, err := s.named(q.body)
	if err != ipcwire.OK {
		return err
	}
	return s.state(q, uint32(comp.Capability))
}

func (s *Service) requestPending(q request) ipcwire.Error {
	comp, err := s.named(q.body)
	if err != ipcwire.OK {
		return err
	}
	flags, err := s.replica.Engine().PendingOperations(comp.DN)
	if err != ipcwire.OK {
		return err
	}
	return s.state(q, flags)
}

// requestResponse takes the answer to a callback. The program is answered at once; the
// engine gets it for sure, however busy the ring is.
func (s *Service) requestResponse(q request) ipcwire.Error {
	var a ipcwire.AmfAnswer
	if !ipcwire.DecodeAmfAnswer(q.body, &a) {
		return ipcwire.ErrInvalidParam
	}
	k := q.c.calls[a.Invocation]
	if k == nil || k.answered {
		s.stats.Stray++
		return ipcwire.ErrInvalidParam
	}
	if k.check != nil {
		delete(q.c.calls, a.Invocation)
		k.check.answered(a.Error)
		return ipcwire.OK
	}
	if k.lasting && a.Error == ipcwire.OK {
		k.answered = true
	} else {
		delete(q.c.calls, a.Invocation)
	}
	in := engine.Input{Kind: engine.InAnswer, Comp: k.comp.DN, Invocation: a.Invocation, Result: a.Error}
	if l := s.lives[k.comp]; l != nil && l.c == q.c {
		// An error counts even if a later callback has made this one void.
		in.Incarnation = l.incarnation
	}
	s.post(in)
	return ipcwire.OK
}

// requestComplete takes the end of quiescing (B) or stopping (A).
func (s *Service) requestComplete(q request) ipcwire.Error {
	var a ipcwire.AmfAnswer
	if !ipcwire.DecodeAmfAnswer(q.body, &a) {
		return ipcwire.ErrInvalidParam
	}
	k := q.c.calls[a.Invocation]
	if k == nil || !k.lasting {
		s.stats.Stray++
		return ipcwire.ErrInvalidParam
	}
	delete(q.c.calls, a.Invocation)
	if !k.answered { // a completion is an answer as well
		s.answer(k.comp, a.Invocation, ipcwire.OK)
	}
	s.post(engine.Input{Kind: engine.InQuiescingComplete, Comp: k.comp.DN, Invocation: a.Invocation, Result: a.Error})
	return ipcwire.OK
}

func (s *Service) requestErrorReport(q request) ipcwire.Error {
	var r ipcwire.AmfErrorReq
	if !ipcwire.DecodeAmfErrorReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Erroneous)]
	if comp == nil {
		return ipcwire.ErrNotExist
	}
	if refused(comp, r.Recovery) {
		return ipcwire.ErrAccess
	}
	return s.ordered(q, &engine.Input{Kind: engine.InErrorReport, Comp: comp.DN, Reporter: string(r.Reporting),
		Recovery: model.Recovery(r.Recovery), Cause: engine.CauseErrorReport}, nil)
}

func (s *Service) requestErrorClear(q request) ipcwire.Error {
	var r ipcwire.AmfErrorClearReq
	if !ipcwire.DecodeAmfErrorClearReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Component)]
	if comp == nil {
		return ipcwire.ErrNotExist
	}
	return s.ordered(q, &engine.Input{Kind: engine.InErrorClear, Comp: comp.DN}, nil)
}

func (s *Service) requestHAReadiness(q request) ipcwire.Error {
	var r ipcwire.AmfHAReadinessReq
	if !ipcwire.DecodeAmfHAReadinessReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	comp := s.comps[string(r.Component)]
	switch l := s.lives[comp]; {
	case comp == nil, l == nil:
		return ipcwire.ErrNotExist
	case l.c != q.c:
		return ipcwire.ErrBadOperation
	}
	return s.ordered(q, &engine.Input{Kind: engine.InHAReadiness, Comp: comp.DN, CSI: string(r.CSI), Value: r.State}, nil)
}

// own is the registration through this connection of a component that a request names.
func (s *Service) own(c *client, name []byte) (*life, ipcwire.Error) {
	comp := s.comps[string(name)]
	if comp == nil || s.lives[comp] == nil {
		return nil, ipcwire.ErrNotExist
	}
	return s.lives[comp], ipcwire.OK
}
