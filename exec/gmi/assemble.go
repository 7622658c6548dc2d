// The receiving side: the ring's deliveries become whole messages, and the
// ring's stability becomes notice that own messages are safe.
//
// Everything a receiver remembers of senders is forgotten at a regular
// configuration, so that members which were there before and members which
// joined decide alike about all that follows.

package gmi

import (
	"ais/exec/totem/plant"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// senderKey names one start of one processor.
type senderKey struct {
	id    wire.NodeID
	start uint64
}

// sender is what is remembered of a sender within a regular configuration.
type sender struct {
	key     senderKey
	partial [lanes]assembly
	// newest is the id of the message begun last. Ids of one lane grow.
	newest [lanes]MessageID
}

// assembly is the message in progress of a sender in a lane; there is never more
// than one, for a sender finishes a message before the next of the same lane.
type assembly struct {
	id    MessageID // 0: none
	total int
	got   int
	next  uint8  // number of the fragment that follows
	group *group // nil when this node is not in the message's group
	buf   []byte
}

// Deliver takes one delivery of the ring: it calls the handlers.
func (g *GMI) Deliver(d *srp.Delivery) {
	switch d.Kind {
	case srp.DeliverMessage:
		g.deliverPayload(d)
	case srp.DeliverTransitional:
		g.transitional = true
		g.configChange(d)
	case srp.DeliverRegular:
		g.deliverRegular(d)
	}
}

func (g *GMI) configChange(d *srp.Delivery) {
	for _, gr := range g.order {
		if gr.handler != nil {
			gr.handler.ConfigChange(d.Kind, &d.Config)
		}
	}
}

func (g *GMI) deliverRegular(d *srp.Delivery) {
	// What was delivered up to here, every member of the transitional
	// configuration has delivered too: no better promise can be had.
	for _, gr := range g.order {
		g.release(gr, func(awaiting) bool { return true })
	}
	if !plant.On(plant.HalfMessageCarried) {
		g.forgetSenders()
		g.restart()
	}
	g.transitional = false
	g.ring = d.Config.Ring
	g.configChange(d)
}

// forgetSenders drops unfinished messages: their senders, which see the same
// configuration change, submit them again.
func (g *GMI) forgetSenders() {
	for _, s := range g.senders {
		for p := range s.partial {
			if s.partial[p].id != 0 {
				g.stats.Partial++
				g.endAssembly(&s.partial[p])
			}
		}
	}
	clear(g.senders)
	g.last = nil
}

// restart puts own messages in progress back to their start.
func (g *GMI) restart() {
	for p := range g.queues {
		if q := &g.queues[p]; q.size > 0 && q.front().off > 0 {
			q.front().off, q.front().fragments = 0, 0
			g.stats.Restarted++
		}
	}
}

func (g *GMI) deliverPayload(d *srp.Delivery) {
	// All or nothing: a payload that does not decode to its end changes nothing.
	if !wellFormed(d.Payload) {
		g.stats.Malformed++
		return
	}
	g.ring = d.Ring
	s := g.sender(d.From)
	for b := d.Payload; len(b) > 0 && b[0] != padding; {
		var r record
		r, b, _ = nextRecord(b)
		switch {
		case r.first && r.last:
			g.deliverWhole(d, s, &r)
		case r.first:
			g.beginAssembly(s, &r)
		default:
			g.continueAssembly(d, s, &r)
		}
	}
}

func (g *GMI) sender(m wire.Member) *sender {
	key := senderKey{m.ID, m.Start}
	if g.last != nil && g.last.key == key {
		return g.last
	}
	s := g.senders[key]
	if s == nil {
		s = &sender{key: key}
		g.senders[key] = s
	}
	g.last = s
	return s
}

// begin accepts the first record of a message: a message of the same lane
// that is still in progress will never be finished.
func (g *GMI) begin(s *sender, r *record) bool {
	if r.id <= s.newest[r.lane] {
		g.stats.Duplicates++
		return false
	}
	s.newest[r.lane] = r.id
	if a := &s.partial[r.lane]; a.id != 0 {
		g.stats.Partial++
		g.endAssembly(a)
	}
	return true
}

func (g *GMI) deliverWhole(d *srp.Delivery, s *sender, r *record) {
	if !g.begin(s, r) {
		return
	}
	if gr := g.groups[string(r.group)]; gr != nil {
		g.deliver(d, gr, r.lane, r.id, r.data)
	}
}

// assembleFirst is how large the buffer of a message is made at its first fragment:
// most messages need no other.
const assembleFirst = slabSize

func (g *GMI) beginAssembly(s *sender, r *record) {
	if !g.begin(s, r) {
		return
	}
	a := &s.partial[r.lane]
	a.id, a.total, a.got, a.next = r.id, r.total, len(r.data), 1
	a.group = g.groups[string(r.group)]
	if a.group == nil {
		return
	}
	// A buffer grows with what arrived, not with what was announced, but for a
	// size that is nothing to be afraid of.
	a.buf = append(g.mem.getLarge(min(max(r.total, 2*slabLargest), assembleFirst)), r.data...)
}

func (g *GMI) continueAssembly(d *srp.Delivery, s *sender, r *record) {
	a := &s.partial[r.lane]
	same := a.id != 0 && uint8(a.id) == r.idLow
	if !same || a.next != r.number || r.last != (a.got+len(r.data) == a.total) ||
		a.got+len(r.data) > a.total {
		g.stats.Orphans++
		if same {
			g.endAssembly(a)
		}
		return
	}
	a.got += len(r.data)
	a.next++
	if a.group != nil {
		a.buf = g.appendLarge(a.buf, r.data)
	}
	if !r.last {
		return
	}
	// The handler may multicast, join or leave: the assembly is over before it
	// is called, only the buffer stays away from reuse until it returns.
	id, gr, buf := a.id, a.group, a.buf
	*a = assembly{}
	if gr != nil && gr.handler != nil {
		g.deliver(d, gr, r.lane, id, buf)
	}
	g.mem.putLarge(buf)
}

// appendLarge appends to a buffer of the pool, doubling it as needed.
func (g *GMI) appendLarge(buf, data []byte) []byte {
	if len(buf)+len(data) > cap(buf) {
		grown := g.mem.getLarge(max(2*cap(buf), len(buf)+len(data)))
		grown = append(grown, buf...)
		g.mem.putLarge(buf)
		buf = grown
	}
	return append(buf, data...)
}

func (g *GMI) endAssembly(a *assembly) {
	g.mem.putLarge(a.buf)
	*a = assembly{}
}

// deliver hands a whole message to its group.
func (g *GMI) deliver(d *srp.Delivery, gr *group, l lane, id MessageID, msg []byte) {
	g.stats.Delivered++
	g.stats.Bytes += uint64(len(msg))
	var own MessageID
	if d.From.ID == g.opt.Self.ID && d.From.Start == g.opt.Self.Start {
		own = id
		gr.await[l].push(awaiting{seq: d.Seq, id: id})
		g.awaited++
	}
	gr.handler.Deliver(d.From, msg, own, g.transitional)
}

// SafeUpTo tells that every member of ring has its messages up to seq.
func (g *GMI) SafeUpTo(ring wire.RingID, seq uint64) {
	// Stability of an older ring has nothing left to release, and in a
	// transitional configuration there is none to be had.
	if ring != g.ring || g.awaited == 0 {
		return
	}
	for _, gr := range g.order {
		g.release(gr, func(a awaiting) bool { return a.seq <= seq })
	}
}

// release takes what safe approves of from the messages awaited, and tells the
// handler the highest id below which no delivered message is still awaited.
func (g *GMI) release(gr *group, safe func(awaiting) bool) {
	released := false
	for p := range gr.await {
		for q := &gr.await[p]; q.size > 0 && safe(*q.front()); q.pop() {
			gr.safe = max(gr.safe, q.front().id)
			g.awaited--
			released = true
		}
	}
	if !released || gr.handler == nil {
		return
	}
	id := gr.safe
	for p := range gr.await {
		if q := &gr.await[p]; q.size > 0 {
			id = min(id, q.front().id-1)
		}
	}
	if id > 0 {
		gr.handler.Safe(id)
	}
}

// awaiting is an own message that was delivered and is not yet safe.
type awaiting struct {
	seq uint64
	id  MessageID
}

// awaitQueue is a FIFO in a ring buffer.
type awaitQueue struct {
	entries    []awaiting // length is a power of two
	head, size int
}

func (q *awaitQueue) front() *awaiting { return &q.entries[q.head] }

func (q *awaitQueue) push(a awaiting) {
	if q.size == len(q.entries) {
		grown := make([]awaiting, max(16, 2*len(q.entries)))
		for i := range q.size {
			grown[i] = q.entries[(q.head+i)&(len(q.entries)-1)]
		}
		q.entries, q.head = grown, 0
	}
	q.entries[(q.head+q.size)&(len(q.entries)-1)] = a
	q.size++
}

func (q *awaitQueue) pop() {
	q.head = (q.head + 1) & (len(q.entries) - 1)
	q.size--
}
