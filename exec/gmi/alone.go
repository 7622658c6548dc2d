// The sending side of a ring of one processor, which sends no packets: no message is
// cut, and a large one is a payload where it lies.

package gmi

import (
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// NextAlone is Next for a ring of one processor. Small messages are packed into dst. A
// large one is lent: its payload is the memory in which it waited, and stays until
// Flush. No longer waiting it is not accounted any more; how much is lent at a
// time the ring bounds, which takes so much in one input.
func (g *GMI) NextAlone(dst []byte) (payload []byte, n int, guar wire.Guarantee, ok bool) {
	dst = dst[:min(len(dst), maxPayload)]
	for l := g.foremost(); l < lanes; l = g.foremost() {
		q := &g.queues[l]
		m := q.front()
		switch {
		case n > 0 && m.guar != guar:
			return g.packed(dst, n, guar)
		case m.off > 0:
			// Begun in a ring of several. A new configuration sees to it that there is
			// no such message; what is known of it is all the same that it goes on.
			if n > 0 {
				return g.packed(dst, n, guar)
			}
			n, guar, ok = g.Next(dst)
			return dst[:n], n, guar, ok
		case m.head > 0:
			if n > 0 {
				return g.packed(dst, n, guar)
			}
			payload, guar = g.lend(q, l)
			return payload, 0, guar, true
		case headerSize(m.group, true, true)+m.size() > len(dst)-n:
			return g.packed(dst, n, guar)
		}
		n += putRecord(dst[n:], l, m.id, m.group, m.size(), 0, true, true, m.message())
		guar = m.guar
		q.pop(&g.mem)
		g.stats.Sent++
	}
	return g.packed(dst, n, guar)
}

// packed ends a payload of n bytes.
func (g *GMI) packed(dst []byte, n int, guar wire.Guarantee) ([]byte, int, wire.Guarantee, bool) {
	if n == 0 {
		return nil, 0, 0, false
	}
	g.stats.Payloads++
	return dst[:n], n, guar, true
}

// lend makes the message at the front of q a payload where it lies.
func (g *GMI) lend(q *queue, l lane) ([]byte, wire.Guarantee) {
	m := q.front()
	buf, guar := m.data, m.guar
	start := putOpen(buf[:m.head], l, m.id, m.group)
	q.drop()
	g.lent = append(g.lent, buf)
	g.stats.Payloads++
	g.stats.Sent++
	return buf[start:], guar
}

// takeBack has the memory of what was lent again.
func (g *GMI) takeBack() {
	for i, b := range g.lent {
		g.mem.putLarge(b)
		g.lent[i] = nil
	}
	g.lent = g.lent[:0]
}

var _ srp.Loner = (*GMI)(nil)
