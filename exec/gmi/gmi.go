// The sending side: groups, queues, and the packing and fragmentation of what
// waits into ring payloads. The receiving side is in assemble.go.

package gmi

import (
	"errors"
	"fmt"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Options are fixed for the life of a GMI.
type Options struct {
	// Self is this start of this node: its messages are "own".
	Self wire.Member
	// MaxPayload is how many bytes a ring packet carries (MinPayload to 65535).
	MaxPayload int
	// MaxMessage is the largest message Multicast takes (default 1 MiB, at most
	// MessageLimit).
	MaxMessage int
	// QueueLimits bounds the waiting bytes of each priority, 128 bytes per
	// message included; for Free and Gated messages separately, and that of
	// Recovery for Sync messages too. 0 means DefaultQueueLimit. A limit below
	// one message of MaxMessage is raised to it.
	QueueLimits [Priorities]int
	// Wake is called when a message was queued and nothing waited before. It may
	// be called from within a Handler; it must not call back into the GMI.
	Wake func()
	// OnRoom is called by Flush for a class and priority at which SendOK said no
	// and that have room again for a message of the largest size.
	OnRoom func(Class, Priority)
}

// FieldRoom is what MaxMessage should have beyond the largest message that
// applications may send: services put fields before it.
const FieldRoom = 64 << 10

// DefaultQueueLimit is the limit of a priority's queue in bytes.
const DefaultQueueLimit = 4 << 20

// Errors of Multicast and Join.
var (
	ErrFull      = errors.New("gmi: queue full")
	ErrTooLarge  = errors.New("gmi: message too large")
	ErrPriority  = errors.New("gmi: no such priority")
	ErrGuarantee = errors.New("gmi: no such guarantee")
	ErrGroupName = errors.New("gmi: a group's name has 1 to 32 bytes")
	ErrJoined    = errors.New("gmi: group already joined")
	ErrNotJoined = errors.New("gmi: group not joined")
)

// Stats counts since New.
type Stats struct {
	Sent       uint64 // messages given to the ring wholly
	Payloads   uint64 // ring payloads made
	Delivered  uint64 // messages delivered to a group of this node
	Bytes      uint64 // bytes of these
	Malformed  uint64 // payloads dropped because they do not decode
	Orphans    uint64 // fragments dropped because the message's start is missing
	Duplicates uint64 // messages dropped because their sender's ids did not grow
	Partial    uint64 // unfinished messages dropped at a configuration change
	Restarted  uint64 // own messages submitted again from the start
}

// group is a joined group.
type group struct {
	name    string
	handler Handler // nil after Leave
	calm    bool    // nobody waits for Safe
	// await holds, per lane, own messages that were delivered and are not yet
	// known to be held by everybody. In a lane ids and seqs both grow.
	await [lanes]awaitQueue
	safe  MessageID // the highest id ever found safe
}

// GMI is the messaging layer of one node. It is used by one goroutine.
type GMI struct {
	opt    Options
	groups map[string]*group
	order  []*group // in the order they were joined; replaced, never changed
	queues [lanes]queue
	closed bool // the gate
	mem    memory
	lent   [][]byte // buffers of the payloads that NextAlone gave out since Flush
	nextID MessageID
	stats  Stats

	ring         wire.RingID // of the last delivered message or regular configuration
	transitional bool
	awaited      int // own messages awaited in all groups
	senders      map[senderKey]*sender
	last         *sender // the sender looked up last
	calm         string  // the group that was found calm last
	hurried      bool    // since Flush messages of other groups were pulled
}

// New returns a GMI that has joined no group.
func New(opt Options) (*GMI, error) {
	if opt.MaxMessage == 0 {
		opt.MaxMessage = 1 << 20
	}
	if opt.MaxMessage < 1 || opt.MaxMessage > MessageLimit {
		return nil, fmt.Errorf("gmi: largest message %d is not within 1 to %d bytes", opt.MaxMessage, MessageLimit)
	}
	if opt.MaxPayload < MinPayload || opt.MaxPayload > maxPayload {
		return nil, fmt.Errorf("gmi: ring payload %d is not within %d to %d bytes", opt.MaxPayload, MinPayload, maxPayload)
	}
	g := &GMI{
		opt:     opt,
		groups:  make(map[string]*group),
		senders: make(map[senderKey]*sender),
	}
	for p, limit := range opt.QueueLimits {
		if limit == 0 {
			limit = DefaultQueueLimit
		}
		limit = max(limit, cost(opt.MaxMessage))
		for c := range classes {
			g.queues[laneOf(c, Priority(p))].limit = limit
		}
	}
	g.queues[laneSync].limit = g.queues[laneFree+lane(Recovery)].limit
	return g, nil
}

// Stats returns the counters.
func (g *GMI) Stats() Stats { return g.stats }

// MaxMessage is the largest message Multicast takes, in bytes.
func (g *GMI) MaxMessage() int { return g.opt.MaxMessage }

// Queued is how many bytes wait in a class at a priority, overhead included;
// what was sent of a message does not wait.
func (g *GMI) Queued(c Class, p Priority) int {
	if c >= classes || p >= Priorities {
		return 0
	}
	return g.queues[laneOf(c, p)].unsent()
}

// Gate closes or opens the gate of Gated messages. While it is closed they are
// taken, and wait. Closed within the delivery of a regular configuration and
// opened at the delivery of a message, it keeps every Gated message of this node
// behind that message in the order of that configuration's ring.
func (g *GMI) Gate(closed bool) {
	was := g.waiting()
	g.closed = closed
	if !was && g.waiting() && g.opt.Wake != nil {
		g.opt.Wake()
	}
}

// Join makes h the handler of a group. Configuration changes are handed to the
// handlers in the order in which they joined.
func (g *GMI) Join(name string, h Handler) error {
	if len(name) == 0 || len(name) > MaxGroup {
		return ErrGroupName
	}
	if _, ok := g.groups[name]; ok {
		return ErrJoined
	}
	gr := &group{name: name, handler: h}
	if i, ok := h.(Indifferent); ok {
		gr.calm = i.Indifferent()
	}
	g.groups[name] = gr
	g.order = append(g.order[:len(g.order):len(g.order)], gr)
	return nil
}

// Leave ends the membership in a group. Nothing is called in its handler any
// more, even when Leave is called from within a handler.
func (g *GMI) Leave(name string) error {
	gr, ok := g.groups[name]
	if !ok {
		return ErrNotJoined
	}
	delete(g.groups, name)
	g.calm = ""
	gr.handler = nil
	for p := range gr.await {
		g.awaited -= gr.await[p].size
		gr.await[p] = awaitQueue{}
	}
	order := make([]*group, 0, len(g.order))
	for _, o := range g.order {
		if o != gr {
			order = append(order, o)
		}
	}
	g.order = order
	return nil
}

// SendOK tells whether Multicast of size bytes at p would be taken now. When it
// says no, OnRoom is called after room returned.
func (g *GMI) SendOK(p Priority, size int) bool { return g.SendOKAs(Free, p, size) }

// SendOKAs is SendOK for MulticastAs.
func (g *GMI) SendOKAs(c Class, p Priority, size int) bool {
	if c >= classes || p >= Priorities || size < 0 || size > g.opt.MaxMessage {
		return false
	}
	q := &g.queues[laneOf(c, p)]
	if q.used+cost(size) <= q.limit {
		return true
	}
	q.refused = true
	return false
}

// Multicast queues a Free message, made of parts, for a group. The parts are
// copied. It never fails after SendOK said yes to the size. The sender need not
// be in the group.
func (g *GMI) Multicast(group string, p Priority, guar wire.Guarantee, parts ...[]byte) (MessageID, error) {
	return g.MulticastAs(Free, group, p, guar, parts...)
}

// MulticastAs is Multicast of a message of any class.
func (g *GMI) MulticastAs(c Class, group string, p Priority, guar wire.Guarantee, parts ...[]byte) (MessageID, error) {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	switch {
	case c >= classes || p >= Priorities:
		return 0, ErrPriority
	case guar > wire.Safe:
		return 0, ErrGuarantee
	case len(group) == 0 || len(group) > MaxGroup:
		return 0, ErrGroupName
	case size > g.opt.MaxMessage:
		return 0, ErrTooLarge
	case !g.SendOKAs(c, p, size) || g.nextID >= maxID:
		return 0, ErrFull
	}
	idle := !g.waiting()
	q := &g.queues[laneOf(c, p)]
	data, head, s := q.store(&g.mem, size, parts)
	g.nextID++
	q.push(pending{id: g.nextID, guar: guar, group: group, data: data, head: head, slab: s})
	if idle && g.opt.Wake != nil && g.waiting() {
		g.opt.Wake()
	}
	return g.nextID, nil
}

// open is how many lanes may send: the gated ones are the last.
func (g *GMI) open() lane {
	if g.closed {
		return laneGated
	}
	return lanes
}

func (g *GMI) waiting() bool {
	for l := range g.open() {
		if g.queues[l].size > 0 {
			return true
		}
	}
	return false
}

// Backlog is about how many ring payloads wait and may be sent.
func (g *GMI) Backlog() int {
	bytes := 0
	for l := range g.open() {
		bytes += g.queues[l].unsent()
	}
	return (bytes + g.opt.MaxPayload - 1) / g.opt.MaxPayload
}

// foremost is the lane to send from; lanes when nothing may be sent. Of a free
// and a gated message of one priority the older goes first.
func (g *GMI) foremost() lane {
	if g.queues[laneSync].size > 0 {
		return laneSync
	}
	for p := range Priorities {
		free, gated := laneOf(Free, p), laneOf(Gated, p)
		hasFree := g.queues[free].size > 0
		hasGated := g.queues[gated].size > 0 && !g.closed
		switch {
		case hasFree && hasGated && g.queues[gated].front().id < g.queues[free].front().id:
			return gated
		case hasFree:
			return free
		case hasGated:
			return gated
		}
	}
	return lanes
}

// Next makes the next ring payload from what waits: strictly by priority, in
// FIFO order within one, only messages of one guarantee together. A message
// that does not fit is begun when a useful part of it does; the rest follows,
// behind whatever of a higher priority came meanwhile. Payloads behind which another
// follows are of one size, padded if need be: the kernel takes packets of
// one size in one message, so that a short one in between costs more than its
// padding (2 KB messages: one in three was short; half of the throughput).
func (g *GMI) Next(dst []byte) (n int, guar wire.Guarantee, ok bool) {
	if len(dst) < MinPayload {
		return 0, 0, false
	}
	dst = dst[:min(len(dst), g.opt.MaxPayload)]
	for l := g.foremost(); l < lanes; l = g.foremost() {
		q := &g.queues[l]
		m := q.front()
		if n > 0 && m.guar != guar {
			break
		}
		took := putPending(dst[n:], len(dst), l, m, n == 0)
		if took == 0 {
			n = pad(dst, n)
			break
		}
		guar = m.guar
		n += took
		if m.group != g.calm {
			g.sending(m.group)
		}
		if m.off < m.size() {
			break // the payload is full
		}
		q.pop(&g.mem)
		g.stats.Sent++
	}
	if n == 0 {
		return 0, 0, false
	}
	g.stats.Payloads++
	return n, guar, true
}

// sending notes whether somebody will wait until messages of a group are everywhere.
func (g *GMI) sending(name string) {
	switch gr := g.groups[name]; {
	case gr == nil: // nobody here
	case gr.calm:
		g.calm = gr.name
	default:
		g.hurried = true
	}
}

// Awaits tells the ring whether anyone here waits to learn that messages of this
// node are everywhere.
func (g *GMI) Awaits() bool {
	if g.hurried {
		return true
	}
	for _, gr := range g.order {
		if gr.calm {
			continue
		}
		for l := range gr.await {
			if gr.await[l].size > 0 {
				return true
			}
		}
	}
	return false
}

// worthwhile is the least number of bytes of a message begun at the end of a
// payload: a message in two pieces has 6 bytes of headers more than a whole one, and
// has to be put together again. One that does not fit into any payload
// has to be anyway.
const (
	worthwhile      = 64
	worthwhileLarge = 8
)

// putPending encodes what fits of m, in the empty payload or behind others, and
// moves m.off. It returns 0 when nothing worthwhile fits. whole is the size of an
// empty payload.
func putPending(dst []byte, whole int, l lane, m *pending, empty bool) int {
	first, last := m.off == 0, true
	rest := m.message()[m.off:]
	if headerSize(m.group, first, true)+len(rest) > len(dst) {
		room, least := len(dst)-headerSize(m.group, first, false), worthwhile
		if headerSize(m.group, true, true)+m.size() > whole {
			least = worthwhileLarge
		}
		if room < least && !empty {
			return 0
		}
		// The header of a last fragment is larger, so all of the rest might have room
		// in another. MinPayload sees to it that something remains.
		rest, last = rest[:min(room, len(rest)-1)], false
	}
	n := putRecord(dst, l, m.id, m.group, m.size(), m.fragments, first, last, rest)
	m.off += len(rest)
	m.fragments++
	return n
}

// Flush announces room to OnRoom. The owner of the ring calls it after it
// handled a Ready: never from within Next, where the queues are in motion.
func (g *GMI) Flush() {
	g.hurried = false // they are delivered, and awaited
	g.takeBack()
	for c := range classes {
		for p := range Priorities {
			q := &g.queues[laneOf(c, p)]
			if q.refused && q.used+cost(g.opt.MaxMessage) <= q.limit {
				q.refused = false
				if g.opt.OnRoom != nil {
					g.opt.OnRoom(c, p)
				}
			}
		}
	}
}

var (
	_ srp.Source  = (*GMI)(nil)
	_ srp.Awaiter = (*GMI)(nil)
)
