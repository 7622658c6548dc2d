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
	room   int // packets that the smallest receive buffer holds; 0: more than any window
	window int // packets per rotation, whole ring
	visit  int // packets per visit, this node
	behind int // of these behind the token
	// What others ask for is sent again as far as the window has room, but so many
	// packets per visit at least, and no more than so many.
	againLeast, againMost int
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
// of a member the others send a visit each at most, and no more than a window, or a
// packet each when that is used up; and what its predecessor sent behind the token of
// the visit before may come after that visit. Together it is no more than room: few
// members have to look at the visit only, for what a member sends itself does not come
// to it. That counts on all having the same max_messages; with others than that a
// burst may be lost now and then, and followLoss sees to it.
func (m *Machine) setLimits(room, n int) {
	c := &m.cfg
	l := limits{room: room, window: c.Window, visit: c.MaxMessages, behind: c.Accelerated, againLeast: c.Window, againMost: c.Window}
	if room > 0 {
		room = max(room, minRoom)
		l.behind = min(l.behind, room/4)
		if n == 2 {
			l.visit = min(l.visit, room-l.behind)
		}
		window := room - l.behind - min(n-1, room/8)
		switch {
		case window >= c.Window:
		case (n-1)*l.visit+l.behind <= room:
			l.againLeast, l.againMost = l.visit, l.visit
		default:
			l.window = window
			l.visit = min(l.visit, window)
			l.againLeast, l.againMost = max(window/4, 1), window
		}
		l.behind = min(l.behind, l.visit)
	}
	m.limits = l
	m.visitMost = min(m.visitMost, l.visit)
}
