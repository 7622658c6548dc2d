// Package ctl is the control service: what aisctl asks. It answers from this
// executive alone, on the goroutine that owns the ring, and never multicasts.
// Bodies are JSON, so that an aisctl of another day still understands them.
//
// Everything it reports is handed to it as functions (Sources); it knows neither
// the ring nor the sockets.
package ctl

import (
	"encoding/json"
	"time"

	"ais/exec/ctl/report"
	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Sources is where the answers come from. All are called on the owner's goroutine.
type Sources struct {
	// Fill completes everything but Ring, Members, ConfigurationChanges,
	// LastCause and LastChange, which the service learns by itself.
	Fill func(*report.Status)
	// Address tells the address of a node, empty when it is not known.
	Address func(wire.NodeID) string
	// Trace appends at most limit bytes of the flight recorder's text.
	Trace func(dst []byte, limit int) []byte
	// Wall is the wall clock.
	Wall func() time.Time
	// Ckpt answers what is asked of checkpoints; ok false: there is no such
	// checkpoint. nil: there is no such service.
	Ckpt func(report.CkptRequest) (page report.CkptPage, ok bool)
}

// traceLimit leaves room for the frame's header.
const traceLimit = ipcwire.MaxFrame - 4096

type waiter struct {
	seq     uint32
	members int
}

// conn is what the service keeps for a connection.
type conn struct{ waiting []waiter }

// maxWaiting bounds the waits of one connection.
const maxWaiting = 64

// Service implements service.Service.
type Service struct {
	src     Sources
	env     service.Env
	conns   map[uint64]service.Conn
	cfg     srp.Configuration
	changes uint64
	changed time.Time
	have    bool
}

// New makes the control service.
func New(src Sources) *Service {
	return &Service{src: src, conns: make(map[uint64]service.Conn)}
}

// ID implements service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.CTL }

// Name implements service.Service.
func (s *Service) Name() string { return "ctl" }

// ExecInit implements service.Service.
func (s *Service) ExecInit(env service.Env) error { s.env = env; return nil }

// LibInit implements service.Service; every generation may ask.
func (s *Service) LibInit(c service.Conn, _ ipcwire.Generation, _ []byte) ipcwire.Error {
	c.SetState(new(conn))
	s.conns[c.ID()] = c
	return ipcwire.OK
}

// LibExit implements service.Service.
func (s *Service) LibExit(c service.Conn) { delete(s.conns, c.ID()) }

// LibRequest implements service.Service.
func (s *Service) LibRequest(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	switch op {
	case ipcwire.CtlStatus:
		s.answer(c, seq)
	case ipcwire.CtlTrace:
		c.Respond(seq, ipcwire.OK, s.src.Trace(nil, traceLimit))
	case ipcwire.CtlWait:
		var req report.WaitRequest
		if json.Unmarshal(body, &req) != nil || req.Members < 1 {
			c.Respond(seq, ipcwire.ErrInvalidParam, nil)
			return
		}
		s.wait(c, seq, req.Members)
	case ipcwire.CtlCkpt:
		s.checkpoints(c, seq, body)
	default:
		c.Respond(seq, ipcwire.ErrBadOperation, nil)
	}
}

func (s *Service) checkpoints(c service.Conn, seq uint32, body []byte) {
	var req report.CkptRequest
	switch {
	case s.src.Ckpt == nil:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
		return
	case json.Unmarshal(body, &req) != nil:
		c.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	page, ok := s.src.Ckpt(req)
	if !ok {
		c.Respond(seq, ipcwire.ErrNotExist, nil)
		return
	}
	answer, err := json.Marshal(&page)
	if err != nil || len(answer) > ipcwire.MaxFrame-ipcwire.HeaderSize {
		c.Respond(seq, ipcwire.ErrLibrary, nil)
		return
	}
	c.Respond(seq, ipcwire.OK, answer)
}

func (s *Service) wait(c service.Conn, seq uint32, members int) {
	if s.have && len(s.cfg.Members) == members {
		s.answer(c, seq)
		return
	}
	st := c.State().(*conn)
	if len(st.waiting) >= maxWaiting {
		c.Respond(seq, ipcwire.ErrNoResources, nil)
		return
	}
	st.waiting = append(st.waiting, waiter{seq, members})
}

func (s *Service) answer(c service.Conn, seq uint32) {
	st := s.Status()
	body, err := json.Marshal(&st)
	if err != nil || len(body) > ipcwire.MaxFrame-ipcwire.HeaderSize {
		c.Respond(seq, ipcwire.ErrLibrary, nil)
		return
	}
	c.Respond(seq, ipcwire.OK, body)
}

// Status is what CtlStatus answers now.
func (s *Service) Status() report.Status {
	st := report.Status{
		Members:              make([]report.Member, 0, len(s.cfg.Members)),
		Ring:                 report.Ring{Representative: uint32(s.cfg.Ring.Rep), Sequence: s.cfg.Ring.Seq},
		ConfigurationChanges: s.changes,
		LastCause:            s.cfg.Cause.String(),
		Offloads:             []string{},
		Drops:                make(map[string]map[string]uint64),
		Counters:             make(map[string]map[string]uint64),
	}
	if s.have {
		st.LastChange = s.changed.UTC().Format(time.RFC3339Nano)
	}
	for _, m := range s.cfg.Members {
		st.Members = append(st.Members, report.Member{ID: uint32(m.ID), Address: s.src.Address(m.ID), Start: m.Start})
	}
	s.src.Fill(&st)
	return st
}

// Deliver implements gmi.Handler; nobody sends to this group.
func (s *Service) Deliver(wire.Member, []byte, gmi.MessageID, bool) {}

// Safe implements gmi.Handler.
func (s *Service) Safe(gmi.MessageID) {}

// Indifferent: Safe does nothing.
func (s *Service) Indifferent() bool { return true }

// ConfigChange implements gmi.Handler: it answers those who wait for so many
// members.
func (s *Service) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if kind != srp.DeliverRegular {
		return
	}
	s.cfg = srp.Configuration{
		Ring:    cfg.Ring,
		Members: append([]wire.Member(nil), cfg.Members...),
		Cause:   cfg.Cause,
	}
	s.have = true
	s.changes++
	s.changed = s.src.Wall()
	for _, c := range s.conns {
		st := c.State().(*conn)
		keep := st.waiting[:0]
		for _, w := range st.waiting {
			if w.members == len(s.cfg.Members) {
				s.answer(c, w.seq)
			} else {
				keep = append(keep, w)
			}
		}
		st.waiting = keep
	}
}
