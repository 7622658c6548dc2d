// The network of a world: packets, links and their faults, and a model of
// sealing.
//
// Sealing is modelled by what it proves. A packet sealed with a ring's key can be
// opened by a start that installed that very ring (id and members, nonces
// included) and has not forgotten it; one sealed with a sender's session key by
// everybody, and proves the sender's id and nonce, nothing more. A start opens a
// packet once (its replay window), unless the world says that there are no
// windows; a new start has new windows.

package sim

import (
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// packet is one sealed packet, however many copies of it are under way.
type packet struct {
	data  []byte
	seen  []uint8 // by node: the low bits of the start that opened it, plus one
	from  int32   // the sender's processor
	ring  int32   // the configuration whose key sealed it, or none: session key
	to    wire.NodeID
	refs  int32
	at    int64
	token bool
}

// link is the directed way between two nodes.
type link struct {
	loss     uint32 // of 65536
	delay    int64
	last     int64 // when the latest packet arrives, for links that keep the order
	cutUntil int64 // nothing passes before
	muteTill int64 // no data passes before, only tokens
}

type network struct {
	links   []link // from*nodes + to
	group   []int16
	packets []packet
	free    []int32
	tape    []int32 // what the attacker recorded
}

func (n *network) reset(nodes int) {
	n.links = sized(n.links, nodes*nodes)
	n.group = sized(n.group, nodes)
	n.free = n.free[:0]
	n.tape = n.tape[:0]
	for i := range n.packets {
		n.packets[i].refs = 0
		n.free = append(n.free, int32(i))
	}
}

func (n *network) alloc(nodes int) int32 {
	if last := len(n.free) - 1; last >= 0 {
		i := n.free[last]
		n.free = n.free[:last]
		n.packets[i].seen = sized(n.packets[i].seen, nodes)
		return i
	}
	n.packets = append(n.packets, packet{seen: make([]uint8, nodes)})
	return int32(len(n.packets) - 1)
}

func (n *network) drop(pkt int32) {
	p := &n.packets[pkt]
	p.refs--
	if p.refs == 0 {
		n.free = append(n.free, pkt)
	}
}

// send takes one packet of a machine's output to the links.
func (w *World) send(nd *node, out *srp.Outgoing) {
	ring := none
	if !out.Ring.IsZero() {
		ring = nd.key(w, out.Ring)
		if ring == none {
			w.violate(OutputContract, nd.index, "a packet for ring "+ringName(out.Ring)+" that was never installed, or is forgotten")
			return
		}
	}
	if len(out.Data) > w.p.maxPacket || out.Ring.IsZero() && len(out.Data) > w.p.maxPacket-sessionExtra {
		w.violate(OutputContract, nd.index, "a packet larger than MaxPacket")
		return
	}
	w.stats.Sent++
	pi := w.net.alloc(w.p.nodes)
	p := &w.net.packets[pi]
	p.data = append(p.data[:0], out.Data...)
	p.from, p.ring, p.to, p.at, p.token, p.refs = nd.proc, ring, out.To, w.now, out.Token, 1
	if w.tracing() {
		w.traceSend(nd, p)
	}
	// One interface, one packet after the other.
	nd.txFree = max(nd.txFree, w.now) + w.p.txTime
	if out.To != 0 {
		if to := w.nodeOf(out.To); to >= 0 && to != nd.index {
			w.transmit(nd, pi, to)
		}
	} else {
		for to := range w.nodes {
			if to == nd.index || out.RingOnly && ring != none && w.oracle.configs[ring].memberOf[to] < 0 {
				continue
			}
			w.transmit(nd, pi, to)
		}
	}
	w.record(pi)
	w.net.drop(pi)
}

// transmit puts a packet on one link: lost, delayed, doubled, as it happens.
func (w *World) transmit(nd *node, pi int32, to int) {
	l := &w.net.links[nd.index*w.p.nodes+to]
	p := &w.net.packets[pi]
	if w.net.group[nd.index] != w.net.group[to] || l.cutUntil > w.now || l.muteTill > w.now && !p.token {
		return
	}
	r := w.netRng.next()
	if l.loss > 0 && uint32(r&0xffff) < l.loss {
		w.stats.Lost++
		return
	}
	w.launch(nd, l, pi, to, r>>16)
	if w.faulty && w.p.dup > 0 && uint32(r>>48) < w.p.dup {
		w.launch(nd, l, pi, to, w.netRng.next())
	}
}

// severed tells whether the way of a packet under way to a node failed meanwhile.
func (w *World) severed(pi int32, to int) bool {
	from := w.oracle.procs[w.net.packets[pi].from].node
	return w.net.group[from] != w.net.group[to] || w.link(from, to).cutUntil > w.now
}

func (w *World) launch(nd *node, l *link, pi int32, to int, r uint64) {
	at := nd.txFree + l.delay + int64(r&0xffff)*w.p.jitter>>16
	if w.faulty && uint32(r>>16&0xffff) < w.p.spike {
		at += int64(w.netRng.n(int(w.p.spikeMax)))
	} else if w.p.fifo {
		at = max(at, l.last+1)
		l.last = at
	}
	w.net.packets[pi].refs++
	w.q.push(event{at: at, kind: evArrive, node: int16(to), a: pi})
}

// key finds the configuration for which the node's start holds a traffic key.
func (nd *node) key(w *World, ring wire.RingID) int32 {
	for _, ci := range nd.keys {
		if ci != none && w.oracle.configs[ci].ring == ring {
			return ci
		}
	}
	return none
}

// A start holds the keys of the ring installed last and of its last regular
// configuration: the machine needs no others. Some worlds keep one more, as a
// driver may.
const (
	keyInstalled = iota
	keyRegular
	keyBefore
	keySlots
)

func (nd *node) install(w *World, slot int, ci int32) {
	if nd.keys[slot] == ci {
		return
	}
	if slot == keyInstalled && w.p.keepKeys {
		nd.keys[keyBefore] = nd.keys[keyInstalled]
	}
	nd.keys[slot] = ci
}

// open is what the sealing layer of a node does with a packet: it refuses, or
// tells what is proved about the sender.
func (w *World) open(nd *node, p *packet) (srp.Origin, bool) {
	from := &w.oracle.procs[p.from]
	if from.node == nd.index && p.from == nd.proc {
		return srp.Origin{}, false // one's own, sent back
	}
	var o srp.Origin
	if p.ring != none {
		held := false
		for _, k := range nd.keys {
			held = held || k == p.ring
		}
		if !held {
			w.stats.Sealed++
			return o, false
		}
		o.Member, o.Ring = from.member, w.oracle.configs[p.ring].ring
	} else {
		o.Member = wire.Member{ID: from.member.ID, Nonce: from.member.Nonce}
		if w.p.startKnown {
			o.Member.Start = from.member.Start
		}
	}
	mark := uint8(nd.start%255) + 1
	if p.seen[nd.index] == mark && w.p.windows {
		w.stats.Replays++
		return o, false
	}
	p.seen[nd.index] = mark
	return o, true
}

const tapeLength = 192

// record lets the attacker keep some of the packets, of all ages.
func (w *World) record(pi int32) {
	p := &w.net.packets[pi]
	if !w.p.attacker {
		return
	}
	keep := 1
	switch {
	case p.ring == none:
		keep = 12
	case p.token:
		keep = 2
	}
	if w.netRng.n(32) >= keep {
		return
	}
	p.refs++
	if len(w.net.tape) < tapeLength {
		w.net.tape = append(w.net.tape, pi)
		return
	}
	i := w.netRng.n(tapeLength)
	w.net.drop(w.net.tape[i])
	w.net.tape[i] = pi
}

// replay sends a recorded packet again, to one node or to all. After the faults
// stopped, only what is stale for the receiver: made before the receiver
// started, or by a start that another start of the same node has followed.
// Anything else would be no replay, but a packet that took its time.
func (w *World) replay() {
	if len(w.net.tape) == 0 {
		return
	}
	pi := w.net.tape[w.faultRng.n(len(w.net.tape))]
	p := &w.net.packets[pi]
	all := w.faultRng.percent(30)
	only := w.faultRng.n(w.p.nodes)
	for to := range w.nodes {
		if !all && to != only {
			continue
		}
		nd := &w.nodes[to]
		if !nd.up || nd.frozen {
			continue
		}
		if !w.faulty {
			if w.oracle.procs[p.from].node == to {
				continue
			}
			sender := &w.nodes[w.oracle.procs[p.from].node]
			stale := p.at < w.oracle.procs[nd.proc].bootAt || sender.up && sender.proc != p.from && w.oracle.procs[sender.proc].bootAt < w.healedAt
			if !stale {
				continue
			}
		}
		w.stats.Replayed++
		p.refs++
		w.q.push(event{at: w.now, kind: evArrive, node: int16(to), a: pi})
	}
}
