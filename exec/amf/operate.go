// What operators ask: the tree, the history, administrative operations.

package amf

import (
	"encoding/json"
	"fmt"
	"strings"

	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/report"
	"ais/libais/ipcwire"
)

var operations = map[string]engine.AdminOp{
	"unlock": engine.AdminUnlock, "lock": engine.AdminLock, "lock-in": engine.AdminLockInstantiation,
	"unlock-in": engine.AdminUnlockInstantiation, "shutdown": engine.AdminShutdown, "restart": engine.AdminRestart,
	"si-swap": engine.AdminSISwap, "sg-adjust": engine.AdminSGAdjust, "repaired": engine.AdminRepaired,
}

// respondJSON answers with a value of package report.
func (s *Service) respondJSON(q request, v any) ipcwire.Error {
	body, err := json.Marshal(v)
	if err != nil || len(body) > ipcwire.MaxFrame-ipcwire.HeaderSize {
		s.env.Logf("an answer to an operator of %d bytes: %v", len(body), err)
		return ipcwire.ErrTooBig
	}
	q.c.conn.Respond(q.seq, ipcwire.OK, body)
	return answered
}

func (s *Service) requestHistory(q request) ipcwire.Error {
	var r report.HistoryRequest
	if len(q.body) > 0 && json.Unmarshal(q.body, &r) != nil {
		return ipcwire.ErrInvalidParam
	}
	return s.respondJSON(q, s.history.answer(r))
}

func (s *Service) requestAdmin(q request) ipcwire.Error {
	var r report.AdminRequest
	if json.Unmarshal(q.body, &r) != nil {
		return ipcwire.ErrInvalidParam
	}
	refuse := func(err ipcwire.Error, format string, args ...any) ipcwire.Error {
		return s.respondJSON(q, report.AdminAnswer{Target: r.Target, Code: uint32(err), Error: fmt.Sprintf(format, args...)})
	}
	op, known := operations[r.Operation]
	if !known {
		return refuse(ipcwire.ErrInvalidParam, "there is no operation %q", r.Operation)
	}
	if !s.on() {
		return refuse(ipcwire.ErrLibrary, "the framework is off: %s", s.opt.Off)
	}
	found := s.resolve(r.Target)
	switch {
	case len(found) == 0:
		return refuse(ipcwire.ErrNotExist, "there is no object %q", r.Target)
	case len(found) > 1:
		return refuse(ipcwire.ErrInvalidParam, "%q may be any of %s", r.Target, strings.Join(found, " "))
	}
	in := &engine.Input{Kind: engine.InAdmin, Admin: op, Target: found[0]}
	taken := s.replica.Submit(in, func(err ipcwire.Error) {
		s.env.Logf("administrator: %s of %s: %s", r.Operation, found[0], err)
		if !q.c.gone {
			text := ""
			if err != ipcwire.OK {
				text = err.String()
			}
			s.respondJSON(q, report.AdminAnswer{Target: found[0], Code: uint32(err), Error: text})
		}
	})
	if !taken {
		return ipcwire.ErrTryAgain
	}
	return answered
}

// resolve finds the objects that a text may mean: a DN is exactly one, a name or the
// begin of a DN may be several.
func (s *Service) resolve(text string) []string {
	var out []string
	exact := ""
	s.objects(func(o *model.Object) {
		switch {
		case o.DN == text:
			exact = o.DN
		case o.Name == text || strings.HasPrefix(o.DN, text+","):
			out = append(out, o.DN)
		}
	})
	if exact != "" {
		return []string{exact}
	}
	return out
}

// objects calls f for every object that can be administered.
func (s *Service) objects(f func(*model.Object)) {
	c := s.opt.Cluster
	f(&c.Object)
	for _, o := range c.Nodes {
		f(&o.Object)
	}
	for _, o := range c.Apps {
		f(&o.Object)
	}
	for _, o := range c.SGs {
		f(&o.Object)
	}
	for _, o := range c.SUs {
		f(&o.Object)
	}
	for _, o := range c.Comps {
		f(&o.Object)
	}
	for _, o := range c.SIs {
		f(&o.Object)
	}
}
