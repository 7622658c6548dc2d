// Health checks: the executive asks a component, or a component tells, in time. Times
// are this node's own; what comes of a failure is ordered.

package amf

import (
	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

const (
	// heartbeatAnswer is how many periods of generation A's health check an answer may
	// take: its period, 100 ms, is shorter than what a busy machine may let a process
	// wait for.
	heartbeatAnswer = 10
	// ownDelay is from when on this executive itself was late: it may not have read yet
	// what a component answered in time.
	ownDelay = 50e6
	// checkBit distinguishes invocations of health checks from the engine's.
	checkBit = 1 << 63
)

// check is a health check that was started.
type check struct {
	s        *Service
	l        *life
	c        *client // whom to ask
	key      string
	period   int64
	limit    int64 // for the answer
	confirms bool  // the component tells by itself
	recovery model.Recovery

	invocation uint64 // that waits for its answer, 0: none
	asked      int64
	due        int64
	graced     bool
	cancel     func()
	stopped    bool
}

// startHeartbeat checks every component of generation A, as 2004 did.
func (s *Service) startHeartbeat(l *life) {
	if l.comp.HealthcheckPeriod <= 0 || l.c.callbacks&ipcwire.AmfHasHealthcheck == 0 || l.comp.IsProxied() {
		return
	}
	period := int64(l.comp.HealthcheckPeriod)
	k := &check{s: s, l: l, c: l.c, period: period, limit: heartbeatAnswer * period, recovery: model.NoRecommendation}
	l.checks[""] = k
	k.wait(period)
}

func (s *Service) requestHealthcheckStart(q request) ipcwire.Error {
	var r ipcwire.AmfHealthcheckReq
	if !ipcwire.DecodeAmfHealthcheckReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	l, err := s.own(q.c, r.Component)
	if err != ipcwire.OK {
		return err
	}
	var hc *model.Healthcheck
	for _, h := range l.comp.Healthchecks {
		if h.Name == string(r.Key) {
			hc = h
		}
	}
	switch {
	case hc == nil:
		return ipcwire.ErrNotExist
	case l.checks[hc.Name] != nil:
		return ipcwire.ErrExist
	case r.Invoker == ipcwire.AmfHealthcheckByFramework && q.c.callbacks&ipcwire.AmfHasHealthcheck == 0:
		return ipcwire.ErrInit
	case r.Invoker != ipcwire.AmfHealthcheckByFramework && r.Invoker != ipcwire.AmfHealthcheckByComponent:
		return ipcwire.ErrInvalidParam
	case refused(l.comp, r.Recovery):
		return ipcwire.ErrAccess
	}
	k := &check{s: s, l: l, c: q.c, key: hc.Name, period: int64(hc.Period), limit: int64(hc.MaxDuration),
		confirms: r.Invoker == ipcwire.AmfHealthcheckByComponent, recovery: model.Recovery(r.Recovery)}
	l.checks[hc.Name] = k
	k.wait(k.period)
	return ipcwire.OK
}

// refused tells that the configuration does not allow a recovery.
func refused(comp *model.Comp, recovery uint8) bool {
	return comp.DisableRestart && recovery == ipcwire.AmfComponentRestart
}

// running is a health check that a request names.
func (s *Service) running(q request) (*check, ipcwire.AmfHealthcheckReq, ipcwire.Error) {
	var r ipcwire.AmfHealthcheckReq
	if !ipcwire.DecodeAmfHealthcheckReq(q.body, &r) {
		return nil, r, ipcwire.ErrInvalidParam
	}
	l, err := s.own(q.c, r.Component)
	if err != ipcwire.OK {
		return nil, r, err
	}
	k := l.checks[string(r.Key)]
	if k == nil || len(r.Key) == 0 || k.c != q.c {
		return nil, r, ipcwire.ErrNotExist
	}
	return k, r, ipcwire.OK
}

func (s *Service) requestHealthcheckConfirm(q request) ipcwire.Error {
	k, r, err := s.running(q)
	switch {
	case err != ipcwire.OK:
		return err
	case !k.confirms:
		return ipcwire.ErrNotExist
	case r.Result != ipcwire.OK:
		k.fail("the component says that it is not well")
	default:
		k.wait(k.period)
	}
	return ipcwire.OK
}

func (s *Service) requestHealthcheckStop(q request) ipcwire.Error {
	k, _, err := s.running(q)
	if err != ipcwire.OK {
		return err
	}
	k.stop()
	return ipcwire.OK
}

// wait sets the time of what comes next: the next question, the answer, or the next
// confirmation.
func (k *check) wait(d int64) {
	if k.cancel != nil {
		k.cancel()
	}
	k.due, k.graced = k.s.opt.Now()+d, false
	k.cancel = k.s.env.After(max(d, 1), k.over)
}

// over is the end of what was waited for.
func (k *check) over() {
	k.cancel = nil
	now := k.s.opt.Now()
	if !k.confirms && k.invocation == 0 {
		k.ask(now)
		return
	}
	if !k.graced && now-k.due > ownDelay {
		k.graced = true
		k.cancel = k.s.env.After(min(k.limit, 10*ownDelay), k.over)
		return
	}
	k.s.stats.Late++
	if k.confirms {
		k.fail("no confirmation in time")
	} else {
		k.fail("no answer in time")
	}
}

func (k *check) ask(now int64) {
	s := k.s
	if k.c.gone {
		k.stop()
		return
	}
	s.nextID++
	k.invocation, k.asked = checkBit|s.nextID, now
	cb := ipcwire.AmfCallback{Invocation: k.invocation, Component: []byte(k.l.comp.DN), Key: []byte(k.key)}
	if k.key == "" {
		cb.Value = 1 // SA_AMF_HEARTBEAT
	}
	k.c.calls[k.invocation] = &call{comp: k.l.comp, check: k}
	s.buf = ipcwire.AppendAmfCallback(s.buf[:0], &cb)
	s.stats.Callbacks++
	k.wait(k.limit)
	if !k.c.conn.Notify(ipcwire.AmfHealthcheckCallback, s.buf) {
		s.stats.Unsent++
		k.c.conn.Disconnect("a component that does not take its callbacks")
	}
}

func (k *check) answered(err ipcwire.Error) {
	k.invocation = 0
	if err != ipcwire.OK {
		k.fail("the component says that it is not well")
		return
	}
	k.wait(max(0, k.asked+k.period-k.s.opt.Now()))
}

// fail reports the component, and ends the check: what comes of it is a new life.
func (k *check) fail(why string) {
	k.stop()
	k.s.env.Logf("health check %q of %s: %s", k.key, k.l.comp.DN, why)
	k.s.post(engine.Input{Kind: engine.InErrorReport, Comp: k.l.comp.DN, Recovery: k.recovery,
		Cause: engine.CauseHealthcheck, Incarnation: k.l.incarnation})
}

func (k *check) stop() {
	if k.stopped {
		return
	}
	k.stopped = true
	if k.cancel != nil {
		k.cancel()
		k.cancel = nil
	}
	if k.invocation != 0 {
		delete(k.c.calls, k.invocation)
	}
	if k.l.checks[k.key] == k {
		delete(k.l.checks, k.key)
	}
}
