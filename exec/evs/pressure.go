// Back pressure, as the package comment describes it: this node's connections
// are watched while callbacks are queued, and by a timer while under pressure.

package evs

import (
	"slices"

	"ais/exec/gmi"
	"ais/exec/totem/wire"
)

// Limits are the bounds of the package comment, in bytes and nanoseconds.
type Limits struct {
	QueueBytes  int   // waiting for the token at a priority, before one more is taken
	StreamBytes int   // the same for multicasts without an answer, which wait in shared memory; see turn too
	HighBytes   int   // of a connection: pressure begins
	LowBytes    int   // of a connection: pressure ends
	TotalHigh   int   // of all connections: pressure begins; it ends below half
	ConnLimit   int   // of a connection: it is ended
	TotalLimit  int   // of all connections: the largest is ended
	Patience    int64 // how long a connection may cause pressure
}

// DefaultLimits are the limits of the package comment.
var DefaultLimits = Limits{
	QueueBytes:  512 << 10,
	StreamBytes: 256 << 10,
	HighBytes:   4 << 20,
	LowBytes:    1 << 20,
	TotalHigh:   24 << 20,
	ConnLimit:   16 << 20,
	TotalLimit:  64 << 20,
	Patience:    5e9,
}

const (
	// pollInterval is how often connections are looked at under pressure.
	pollInterval = 2e6
	// weighEvery is after how many bytes of callbacks all connections are summed.
	weighEvery = 256 << 10
)

// pressure is this node's own pressure and what others said of theirs.
type pressure struct {
	own    bool
	told   bool          // what the others were told last
	others []wire.Member // under pressure, by their last word
	cancel func()        // the timer's; nil: it does not run
	queued int           // bytes of callbacks since all were summed
}

// pressed reports whether senders are to be put off.
func (s *Service) pressed() bool { return s.pressure.own || len(s.pressure.others) > 0 }

// Pressed reports whether senders of this node are answered TRY_AGAIN because a
// receiver, here or elsewhere, does not keep up.
func (s *Service) Pressed() bool { return s.pressed() }

// queued takes note of callbacks queued for a client.
func (s *Service) queued(c *client, size int) {
	if c.conn.Pending() > s.limits.HighBytes {
		s.press(c)
	}
	p := &s.pressure
	if p.queued += size; p.queued >= weighEvery {
		p.queued = 0
		s.weigh()
	}
}

// weigh sums what waits for all connections.
func (s *Service) weigh() {
	total := 0
	var largest *client
	for _, c := range s.conns {
		if c.gone {
			continue
		}
		n := c.conn.Pending()
		total += n
		if largest == nil || n > largest.conn.Pending() {
			largest = c
		}
	}
	if total > s.limits.TotalLimit {
		s.end(largest, "it has the most of too many unread callbacks")
	}
	if total > s.limits.TotalHigh {
		s.press(nil)
	}
}

// press begins pressure; c is the connection that causes it, if it is one.
func (s *Service) press(c *client) {
	if c != nil && !c.pressing {
		c.pressing, c.pressedFor = true, 0
	}
	p := &s.pressure
	if !p.own {
		p.own = true
		s.stats.Pressures++
		s.announce()
	}
	if p.cancel == nil {
		p.cancel = s.env.After(pollInterval, s.poll)
	}
}

// announce tells the others, as soon as the ring has room.
func (s *Service) announce() {
	p := &s.pressure
	kind := s.kindBuf[:]
	kind[0] = kindRelief
	if p.own {
		kind[0] = kindPressure
	}
	if p.told == p.own || !s.env.SendOK(gmi.Recovery, len(kind)) {
		return
	}
	if _, err := s.env.Multicast(gmi.Recovery, wire.Agreed, kind); err != nil {
		s.env.Logf("pressure: %v", err)
		return
	}
	p.told = p.own
}

// poll looks at the connections while there is pressure, or the others do not
// know yet that there is none.
func (s *Service) poll() {
	p := &s.pressure
	p.cancel = nil
	total, over := 0, false
	for _, c := range slices.Clone(s.conns) {
		if c.gone {
			continue
		}
		n := c.conn.Pending()
		total += n
		if n > s.limits.HighBytes && !c.pressing {
			c.pressing, c.pressedFor = true, 0
		}
		if !c.pressing {
			continue
		}
		if n <= s.limits.LowBytes {
			c.pressing = false
			continue
		}
		if c.pressedFor += pollInterval; c.pressedFor >= s.limits.Patience {
			s.end(c, "it reads its callbacks too slowly")
			continue
		}
		over = true
	}
	if !over && total <= s.limits.TotalHigh/2 {
		p.own = false
	}
	s.announce()
	if p.own || p.told {
		p.cancel = s.env.After(pollInterval, s.poll)
	}
}

// heard takes another member's word, or this one's own.
func (s *Service) heard(from wire.Member, under bool) {
	p := &s.pressure
	if from == s.env.Self() {
		return // known since it was sent
	}
	at := slices.Index(p.others, from)
	switch {
	case under && at < 0:
		p.others = append(p.others, from)
	case !under && at >= 0:
		p.others = slices.Delete(p.others, at, at+1)
	}
}

// newConfiguration forgets what was said in the one before; who is under
// pressure says so again, for those who came. Who is not still owes its relief:
// its word of pressure may be queued and come only now.
func (s *Service) newConfiguration() {
	p := &s.pressure
	p.others = p.others[:0]
	if p.own {
		p.told = false
	}
	s.announce()
}
