// The address book: which address a node id has, and destinations as small
// numbers so that a packet's receivers are a bit set. Owns no socket.

package net

import (
	"net/netip"

	"ais/exec/totem/wire"
)

// maxSlots bounds the destinations: the group, and two addresses for each of 128
// members, with as much again for those that left.
const maxSlots = 512

// slots is a set of destinations.
type slots [maxSlots / 64]uint64

func (s *slots) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *slots) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s *slots) merge(o *slots) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s *slots) empty() bool { return *s == slots{} }

type dest struct {
	addr netip.AddrPort
	sa   sockaddr
}

// place is what is known of one node.
type place struct {
	fixed   bool // from the member list: never learned
	proven  int  // slot; 0: none
	claimed int  // slot a session packet came from, if another; 0: none
}

// book knows the nodes. Slot 0 is the multicast group (unused without one).
type book struct {
	self  netip.AddrPort
	scope uint32
	port  uint16
	dests []dest
	slot  map[netip.Addr]int
	nodes map[wire.NodeID]*place
	names map[netip.Addr]wire.NodeID // the other way round, proven ones only

	frozen bool // a batch that names slots is under way: do not renumber them
}

func newBook(self netip.AddrPort, group netip.Addr, scope uint32) *book {
	b := &book{
		self:  self,
		scope: scope,
		port:  self.Port(),
		slot:  make(map[netip.Addr]int),
		nodes: make(map[wire.NodeID]*place),
		names: make(map[netip.Addr]wire.NodeID),
	}
	b.dests = append(b.dests, dest{})
	if group.IsValid() {
		b.dests[0] = dest{netip.AddrPortFrom(group, b.port), makeSockaddr(netip.AddrPortFrom(group, b.port), scope)}
	}
	return b
}

// slotOf finds or makes the slot of an address; 0 when the book is full.
func (b *book) slotOf(a netip.Addr) int {
	if i, ok := b.slot[a]; ok {
		return i
	}
	if len(b.dests) == maxSlots && !b.frozen {
		b.prune()
	}
	if len(b.dests) == maxSlots {
		return 0
	}
	ap := netip.AddrPortFrom(a, b.port)
	b.dests = append(b.dests, dest{ap, makeSockaddr(ap, b.scope)})
	b.slot[a] = len(b.dests) - 1
	return len(b.dests) - 1
}

// prune forgets addresses that were only claimed, and the nodes that have no
// other. It runs between batches (slots are renumbered), when the book is full.
func (b *book) prune() {
	old := b.dests
	b.dests = append([]dest(nil), old[0])
	clear(b.slot)
	clear(b.names)
	for id, p := range b.nodes {
		p.claimed = 0
		if p.proven == 0 {
			delete(b.nodes, id)
			continue
		}
		a := old[p.proven].addr.Addr()
		i, ok := b.slot[a]
		if !ok {
			b.dests = append(b.dests, old[p.proven])
			i = len(b.dests) - 1
			b.slot[a] = i
		}
		p.proven = i
		b.names[a] = id
	}
}

// fix enters a member of the list.
func (b *book) fix(id wire.NodeID, a netip.Addr) {
	i := b.slotOf(a)
	b.nodes[id] = &place{fixed: true, proven: i}
	b.names[a] = id
}

// learn notes where a genuine packet of id came from.
func (b *book) learn(id wire.NodeID, from netip.AddrPort, proven bool) {
	p := b.nodes[id]
	if p != nil {
		if p.fixed {
			return
		}
		if have := p.proven; have != 0 && b.dests[have].addr == from {
			if proven {
				p.claimed = 0
			}
			return
		}
		if have := p.claimed; have != 0 && !proven && b.dests[have].addr == from {
			return
		}
	}
	// Everybody in a ring uses the same port, and the own address is nobody else's.
	if from.Port() != b.port || from == b.self || !from.IsValid() {
		return
	}
	i := b.slotOf(from.Addr())
	if i == 0 {
		return
	}
	if p = b.nodes[id]; p == nil { // asked again: slotOf may have pruned
		p = new(place)
		b.nodes[id] = p
	}
	if proven {
		p.proven, p.claimed = i, 0
	} else {
		p.claimed = i
	}
	if proven {
		b.names[from.Addr()] = id
	}
}

// route adds the destinations of id to s and tells whether there is one.
func (b *book) route(id wire.NodeID, s *slots) bool {
	p := b.nodes[id]
	if p == nil {
		return false
	}
	if p.proven != 0 {
		s.add(p.proven)
	}
	if p.claimed != 0 {
		s.add(p.claimed)
	}
	return p.proven != 0 || p.claimed != 0
}

// address is the best known address of id.
func (b *book) address(id wire.NodeID) (netip.AddrPort, bool) {
	p := b.nodes[id]
	switch {
	case p == nil:
		return netip.AddrPort{}, false
	case p.proven != 0:
		return b.dests[p.proven].addr, true
	case p.claimed != 0:
		return b.dests[p.claimed].addr, true
	}
	return netip.AddrPort{}, false
}

// who is the node that is known to be at an address, 0 if none is. A claim is not
// enough: else a recording sent from a closed port would be a hint about a node
// that is elsewhere.
func (b *book) who(a netip.Addr) wire.NodeID {
	id := b.names[a]
	if p := b.nodes[id]; p != nil && p.proven != 0 && b.dests[p.proven].addr.Addr() == a {
		return id
	}
	return 0
}
