// Who gets queue space that becomes free: library connections in the order in which
// they were refused. A connection that was answered TRY_AGAIN keeps a claim to the
// room it asked for, and those behind it, and those that come, get only what is left
// beside the claims before theirs. So a program that asks again after a pause is not
// starved by one that asks again and again. A claim nobody comes back for ends.
//
// Nothing here is replicated: it is about this node's queues only.

package service

import (
	"slices"
	"time"

	"ais/exec/gmi"
)

// claimTime is how long a claim is kept at least after it was refused; it ends
// before twice that time.
const claimTime = 250 * time.Millisecond

type claim struct {
	conn  uint64
	cost  int
	fresh bool // refused since the last look
}

// claims are those to one of the queues, oldest first.
type claims struct {
	list  []claim
	bytes int // of all
}

// classes of what requests send: free and gated.
const requestClasses = 2

func (m *Manager) claimsTo(class gmi.Class, prio gmi.Priority) *claims {
	if class == gmi.Free {
		return &m.claims[prio]
	}
	return &m.claims[int(gmi.Priorities)+int(prio)]
}

// grant decides whether a connection's request of size bytes may have room now, and
// keeps its claim when not.
func (m *Manager) grant(e *entry, conn uint64, prio gmi.Priority, size int) bool {
	class := e.class()
	if prio >= gmi.Priorities {
		return true // for the service to refuse
	}
	l := m.claimsTo(class, prio)
	size += e.overhead()
	i, before := 0, 0
	for ; i < len(l.list) && l.list[i].conn != conn; i++ {
		before += l.list[i].cost
	}
	left, limit := m.opt.GMI.RoomAs(class, prio)
	cost := gmi.CostOf(size)
	if before+cost <= left {
		if i < len(l.list) {
			l.remove(i)
		}
		return true
	}
	switch {
	case i < len(l.list):
		l.bytes += cost - l.list[i].cost
		l.list[i].cost, l.list[i].fresh = cost, true
	case i == 0 || l.bytes+cost <= limit/2: // the rest of the queue is for whoever has none
		l.list = append(l.list, claim{conn, cost, true})
		l.bytes += cost
		m.watchClaims()
	}
	return false
}

func (l *claims) remove(i int) {
	l.bytes -= l.list[i].cost
	l.list = slices.Delete(l.list, i, i+1)
}

// watchClaims has claims looked through as long as there are any.
func (m *Manager) watchClaims() {
	if m.watching {
		return
	}
	m.watching = true
	m.opt.After(int64(claimTime), func() {
		m.watching = false
		rest := false
		for i := range m.claims {
			l := &m.claims[i]
			for j := len(l.list) - 1; j >= 0; j-- {
				if !l.list[j].fresh && !m.waits(l.list[j].conn) {
					l.remove(j)
				}
			}
			for j := range l.list {
				l.list[j].fresh = false
			}
			rest = rest || len(l.list) > 0
		}
		if rest {
			m.watchClaims()
		}
	})
}

// keepClaims lets the claims of a connection last as if it had asked just now.
func (m *Manager) keepClaims(conn uint64) {
	for i := range m.claims {
		for j := range m.claims[i].list {
			if c := &m.claims[i].list[j]; c.conn == conn {
				c.fresh = true
			}
		}
	}
}

// dropClaims ends the claims of a connection that is gone.
func (m *Manager) dropClaims(conn uint64) {
	for i := range m.claims {
		l := &m.claims[i]
		for j := len(l.list) - 1; j >= 0; j-- {
			if l.list[j].conn == conn {
				l.remove(j)
			}
		}
	}
}
