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

// CostOf is what a message of size bytes is accounted with while it waits.
func CostOf(size int) int { return cost(size) }
