package srp

// Windows follow the smallest receive buffer of the ring. Each node knows how many
// packets of the ring lie unread in its own (Config.ReceiveRoom); the commit token
// takes the least of all on its first round and tells it to all on its second, so
// that the members of a configuration count on one number. With the next
// configuration it is found anew.

const (
	// plentyRoom and more need not be told: no window is so large.
	plentyRoom = maxSlots / 8
	// minRoom is the least that is counted on, however small a buffer is: what is
	// lost then is asked for again, and less would make rotations of nearly nothing.
	minRoom = 12
)

// limits are what one configuration allows.
type limits struct {
	room    int // packets that the smallest receive buffer holds; 0: more than any window
	window  int // packets per rotation, whole ring
	visit   int // packets per visit, this node
	behind  int // of these behind the token
	resends int // of what others ask for per visit, at least
}

// leastRoom is the smaller of two rooms, of which 0 is the largest.
func leastRoom(a, b int) int {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	}
	return min(a, b)
}

// setLimits computes the limits of a configuration of n members. Between two visits
// of a member the others send at most a window, and a packet each if they have
// something to send when it is used up; and of what its predecessor sent behind the
// token of the visit before, all may come after that visit. Together it is no more
// than room.
func (m *Machine) setLimits(room, n int) {
	c := &m.cfg
	l := limits{room: room, window: c.Window, visit: c.MaxMessages, behind: c.Accelerated, resends: c.Window}
	if room > 0 {
		room = max(room, minRoom)
		l.behind = min(l.behind, room/4)
		l.window = min(l.window, room-l.behind-min(n-1, room/8))
		l.visit = min(l.visit, l.window)
		l.behind = min(l.behind, l.visit)
		if l.window < c.Window {
			l.resends = max(l.window/4, 1)
		}
	}
	m.limits = l
	m.visitMost = min(m.visitMost, l.visit)
}
