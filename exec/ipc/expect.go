package ipc

// This file is whom to expect: a client that waits for an answer which comes late, as
// that of a message that is to be everywhere, and then asks again at once. While such
// clients were just answered, what their next requests need may wait for them.

import "time"

const (
	// backTime is how soon a client is back that is expected the next time: others
	// may have the processor in between.
	backTime = 100 * time.Microsecond
	// expectTime is for how long anybody is expected after the last answer.
	expectTime = 80 * time.Microsecond
	// backMisses bounds how rarely a client is expected that does not come: after
	// one of 64 answers.
	backMisses = 6
)

// returning is what is known of a client's habits.
type returning struct {
	answered time.Duration // when; 0: never
	now      bool          // its request is being handled: an answer comes at once
	soon     bool          // last time it was back in backTime
	expected bool          // counted in Server.expecting
	misses   int           // times in a row that it did not come
	skip     int           // answers after which it is not expected
}

// expect notes that the connection is being answered.
func (c *conn) expect() {
	b := &c.back
	if b.now {
		return // nothing but the client waited for it
	}
	now := c.s.loop.Refresh()
	b.answered = now
	switch {
	case !b.soon || b.expected:
	case b.skip > 0:
		b.skip--
	default:
		b.expected = true
		c.s.expecting++
		c.s.expectUntil = now + expectTime
	}
}

// returned notes a request.
func (c *conn) returned() {
	b := &c.back
	if b.expected {
		b.misses = 0
		c.forget()
	}
	if b.answered != 0 {
		b.soon = c.s.loop.Refresh()-b.answered < backTime
		b.answered = 0
	}
}

// forget expects the connection no longer.
func (c *conn) forget() {
	if c.back.expected {
		c.back.expected = false
		c.s.expecting--
	}
}

// Expects tells whether clients that were answered are likely to ask again at once.
// Whoever asks waits for that: the loop does not sleep meanwhile.
func (s *Server) Expects() bool {
	if s.expecting == 0 {
		return false
	}
	if s.loop.Refresh() < s.expectUntil {
		s.wanted = true
		return true
	}
	for _, c := range s.conns {
		if b := &c.back; b.expected {
			c.forget()
			b.misses = min(b.misses+1, backMisses)
			b.skip = 1<<b.misses - 1
		}
	}
	s.stats.NotBack++
	return false
}

// lookMoment looks for requests in memory for a moment.
func (s *Server) lookMoment() {
	for end := s.loop.Refresh() + lookStep; !s.asksAnything() && s.loop.Refresh() < end; {
	}
}
