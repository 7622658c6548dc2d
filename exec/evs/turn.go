// How much of what clients stream waits for the token, and how much stays in the
// memory they share with us.

package evs

import "ais/exec/gmi"

const (
	// defaultVisit is Options.Visit where nothing is said.
	defaultVisit = 64
	// lightBytes is the largest message that goes before others' streams, and
	// lightShare the part of what may wait that is for such messages alone.
	lightBytes = 1 << 10
	lightShare = 8
)

// turn tells whether a streamed message of size bytes may wait for the token now.
// A little more than a visit may: the token never finds less than it takes while a
// client has more, and what a client has just written goes with the next visit or the
// one after, whatever others stream (in the same guarantee: other ones, and other
// services at the same priority, have payloads of their own). One that has nothing
// waiting finds room for a small message where the others do not: else it would wait a
// visit for room. Its messages stay in their order, as one of them waits at most.
func (s *Service) turn(c *client, prio gmi.Priority, size int) bool {
	ahead, most := s.env.Payloads(prio), s.opt.Visit+max(s.opt.Visit/8, 1)
	bytes, mostBytes := s.env.Queued(prio), s.limits.StreamBytes
	if ahead < most && bytes <= mostBytes {
		return true
	}
	return size <= lightBytes && ahead < most+most/lightShare && bytes <= mostBytes+mostBytes/lightShare &&
		!s.env.Waits(prio, c.last[prio])
}
