// Passive monitoring: the end of a component's processes is an error of it.

package amf

import (
	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/proc"
	"ais/libais/ipcwire"
)

const (
	// maxMonitors bounds the processes that are monitored of a component.
	maxMonitors = 1024
	// rescan is how often new descendants of a monitored process are looked for.
	rescan = 1e9
	// deepest is the depth that stands for all descendants.
	deepest = 1 << 20
)

// monitor is one saAmfPmStart.
type monitor struct {
	s        *Service
	l        *life
	pid      int
	depth    int // of descendants, -1: all
	errors   uint32
	recovery model.Recovery
	watched  map[int]func() // by pid: the end of its watching
	cancel   func()
	stopped  bool
}

func (s *Service) requestPmStart(q request) ipcwire.Error {
	var r ipcwire.AmfPmReq
	if !ipcwire.DecodeAmfPmReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	l, err := s.own(q.c, r.Component)
	switch {
	case err != ipcwire.OK:
		return err
	case r.PID <= 0 || r.PID > 1<<22 || r.Errors == 0 || r.Errors > ipcwire.AmfPmZeroExit|ipcwire.AmfPmNonZeroExit|ipcwire.AmfPmAbnormalEnd || r.Depth < -1:
		return ipcwire.ErrInvalidParam
	case s.opt.Watch == nil:
		return ipcwire.ErrNotSupported
	case len(l.monitors) >= maxMonitors:
		return ipcwire.ErrNoResources
	case refused(l.comp, r.Recovery):
		return ipcwire.ErrAccess
	}
	uid, ok := proc.OwnerOf(int(r.PID))
	if !ok {
		return ipcwire.ErrNotExist
	}
	if by := q.c.conn.Cred().UID; by != 0 && by != uid {
		return ipcwire.ErrAccess
	}
	m := &monitor{s: s, l: l, pid: int(r.PID), depth: int(r.Depth), errors: r.Errors,
		recovery: model.Recovery(r.Recovery), watched: map[int]func(){}}
	if !m.watch(m.pid) {
		return ipcwire.ErrNotExist
	}
	l.monitors = append(l.monitors, m)
	m.look()
	return ipcwire.OK
}

// watch watches one process; false: it is not there.
func (m *monitor) watch(pid int) bool {
	if m.watched[pid] != nil {
		return true
	}
	stop, err := m.s.opt.Watch(pid, func(e proc.End) { m.ended(pid, e) })
	if err != nil {
		return false
	}
	m.watched[pid] = stop
	return true
}

// look watches the descendants that are there, and comes again.
func (m *monitor) look() {
	m.cancel = nil
	if m.stopped || m.depth == 0 {
		return
	}
	depth := m.depth
	if depth < 0 {
		depth = deepest
	}
	for _, pid := range proc.Descendants(m.pid, depth) {
		if len(m.watched) < maxMonitors {
			m.watch(pid)
		}
	}
	m.cancel = m.s.env.After(rescan, m.look)
}

// ended is the end of a watched process. One whose status nobody knows counts as an
// error: better one report too many than a dead component that stays active.
func (m *monitor) ended(pid int, e proc.End) {
	delete(m.watched, pid)
	kind := ipcwire.AmfPmZeroExit
	switch {
	case !e.Known:
		kind = m.errors
	case e.Signal != 0:
		kind = ipcwire.AmfPmAbnormalEnd
	case e.Code != 0:
		kind = ipcwire.AmfPmNonZeroExit
	}
	if m.errors&kind == 0 {
		if pid == m.pid {
			m.stop()
		}
		return
	}
	s, l := m.s, m.l
	m.stop()
	s.stats.Monitored++
	s.env.Logf("process %d of %s ended", pid, l.comp.DN)
	s.post(engine.Input{Kind: engine.InErrorReport, Comp: l.comp.DN, Recovery: m.recovery,
		Cause: engine.CauseMonitor, Incarnation: l.incarnation})
}

func (m *monitor) stop() {
	if m.stopped {
		return
	}
	m.stopped = true
	for _, stop := range m.watched {
		stop()
	}
	clear(m.watched)
	if m.cancel != nil {
		m.cancel()
		m.cancel = nil
	}
	for i, o := range m.l.monitors {
		if o == m {
			m.l.monitors = append(m.l.monitors[:i:i], m.l.monitors[i+1:]...)
			return
		}
	}
}

func (s *Service) requestPmStop(q request) ipcwire.Error {
	var r ipcwire.AmfPmReq
	if !ipcwire.DecodeAmfPmReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	l, err := s.own(q.c, r.Component)
	if err != ipcwire.OK {
		return err
	}
	found := false
	for _, m := range append([]*monitor(nil), l.monitors...) {
		if r.Qualifier != ipcwire.AmfPmAll && m.pid != int(r.PID) {
			continue
		}
		found = true
		switch {
		case m.errors&^r.Errors != 0: // other errors go on being watched for
			m.errors &^= r.Errors
		case r.Qualifier == ipcwire.AmfPmProcess && m.depth != 0:
			if stop := m.watched[m.pid]; stop != nil { // its descendants go on being watched
				stop()
				delete(m.watched, m.pid)
			}
		default:
			m.stop()
		}
	}
	if !found {
		return ipcwire.ErrNotExist
	}
	return ipcwire.OK
}
