package gmi

// RoomAs is how many messages' worth of bytes a queue has left, and how many it has
// in all, each message accounted with CostOf. It tells whoever shares a queue out;
// SendOKAs is the judge of a single message.
func (g *GMI) RoomAs(c Class, p Priority) (left, limit int) {
	if c >= classes || p >= Priorities {
		return 0, 0
	}
	q := &g.queues[laneOf(c, p)]
	return q.limit - q.used, q.limit
}

// Payloads is about how many ring payloads the messages fill that wait in a class at
// a priority, packed together; what was sent of a message does not wait.
func (g *GMI) Payloads(c Class, p Priority) int {
	if c >= classes || p >= Priorities {
		return 0
	}
	q := &g.queues[laneOf(c, p)]
	if q.size == 0 {
		return 0
	}
	bytes := q.unsent() - q.size*(entryCost-headerSize(q.front().group, true, true))
	return (bytes + g.opt.MaxPayload - 1) / g.opt.MaxPayload
}

// Waits tells whether a message of this node that was queued in a class at a priority
// waits, wholly or in part.
func (g *GMI) Waits(c Class, p Priority, id MessageID) bool {
	if c >= classes || p >= Priorities {
		return false
	}
	q := &g.queues[laneOf(c, p)]
	return q.size > 0 && q.front().id <= id
}

// CostOf is what a message of size bytes is accounted with while it waits.
func CostOf(size int) int { return cost(size) }
