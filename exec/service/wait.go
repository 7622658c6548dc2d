// Requests that wait for room. A call whose interface has a timeout need not fail
// because the queue is full or its service is being synchronized at that moment: its
// request is kept here, in order of arrival, until it can be taken, its timeout is
// over, or it has waited for longer than such a moment takes. Requests without a
// timeout are answered TRY_AGAIN at once.
//
// Nothing here is replicated: a request that waits has not been seen by its service.

package service

import (
	"encoding/binary"
	"slices"
	"time"

	"ais/libais/ipcwire"
)

// waitMost is how long a request waits at most; then the caller gets TRY_AGAIN, to
// decide for itself.
const waitMost = time.Second

// waiter is a request that waits.
type waiter struct {
	c      Conn
	seq    uint32
	op     ipcwire.Op
	body   []byte
	limit  []byte        // where in body its time limit is; nil: it has the service's own
	ends   time.Duration // when that is over
	cancel func()
}

// await keeps a request until it can be taken. false: it does not wait.
func (m *Manager) await(e *entry, c Conn, seq uint32, op ipcwire.Op, body []byte) bool {
	if e.patient == nil || m.opt.Now == nil || e.patient.TimeLimit(op, body) == nil || e.waits(c.ID()) >= 0 {
		return false
	}
	w := &waiter{c: c, seq: seq, op: op, body: slices.Clone(body)}
	w.limit = e.patient.TimeLimit(op, w.body)
	most := waitMost
	if ns := int64(binary.LittleEndian.Uint64(w.limit)); ns > 0 {
		most = min(most, time.Duration(ns))
		w.ends = m.opt.Now() + time.Duration(min(ns, 1<<61))
	} else {
		w.limit = nil
	}
	w.cancel = m.opt.After(int64(most), func() { m.expire(e, w) })
	e.waiting = append(e.waiting, w)
	m.stats.Waited++
	return true
}

// waits returns the place of a connection among those that wait, or -1.
func (e *entry) waits(conn uint64) int {
	return slices.IndexFunc(e.waiting, func(w *waiter) bool { return w.c.ID() == conn })
}

// waits tells whether a connection's request waits.
func (m *Manager) waits(conn uint64) bool {
	e := m.conns[conn]
	return e != nil && e.waits(conn) >= 0
}

// expire answers a request that has waited in vain.
func (m *Manager) expire(e *entry, w *waiter) {
	i := slices.Index(e.waiting, w)
	if i < 0 {
		return
	}
	e.waiting = slices.Delete(e.waiting, i, i+1)
	err := ipcwire.ErrTryAgain
	if w.limit != nil && m.opt.Now() >= w.ends {
		err = ipcwire.ErrTimeout
	}
	m.refused(e)
	m.keepClaims(w.c.ID()) // it may ask again, in its place
	w.c.Respond(w.seq, err, nil)
}

// serve takes the requests that wait and can be taken now, first come first served.
func (m *Manager) serve() {
	if m.serving {
		return
	}
	m.serving = true
	for _, e := range m.entries {
		for len(e.waiting) > 0 && e.ready() {
			w := e.waiting[0]
			if !m.admit(e, w.c, w.op, w.body) {
				break
			}
			w.cancel()
			e.waiting = slices.Delete(e.waiting, 0, 1)
			if w.limit != nil {
				left := max(w.ends-m.opt.Now(), 1)
				binary.LittleEndian.PutUint64(w.limit, uint64(left))
			}
			m.stats.Requests++
			e.svc.LibRequest(w.c, w.seq, w.op, w.body)
		}
	}
	m.serving = false
}

// forget ends the waiting of a connection that is gone.
func (e *entry) forget(conn uint64) {
	if i := e.waits(conn); i >= 0 {
		e.waiting[i].cancel()
		e.waiting = slices.Delete(e.waiting, i, i+1)
	}
}
