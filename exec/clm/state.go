// Package clm is the Cluster Membership Service: who is in the cluster, under
// which name and address and since when.
//
// A view is the membership of a regular configuration with what each member says
// of itself. Its number is the sequence number of the configuration's ring: the
// same on every member, and growing for every member whatever partitions it went
// through, because a ring's number is above that of every ring any of its members
// ever saw. Two partitions may have views of one number at the same time; no node
// is ever in both.
//
// The replicated part (state.go) is pure and small: each member multicasts its
// node information in the early phase of synchronization, and when that is
// applied, the view is complete and the same everywhere. Until then clients see
// the view before. When a configuration only loses members everything is known
// already, and the new view stands at the configuration change itself.
//
// A client that does not read its callbacks fast enough is never sent a backlog:
// what it gets next is the difference between the view it was last told of and
// the latest one.
package clm

import (
	"slices"

	"ais/exec/totem/wire"
)

// maxName is the longest node or cluster name in bytes (SaNameT).
const maxName = 256

// node is one start of a cluster node, as it describes itself.
type node struct {
	member  wire.Member
	address []byte // 4 or 16 bytes
	name    []byte
	cluster []byte
	boot    int64  // nanoseconds since 1970
	initial uint64 // the first view this start was in; 0: it was in none yet
}

// view is a cluster view. It is never changed once it is current.
type view struct {
	number uint64
	nodes  []node // by node id
}

// find returns the node with an id, or nil.
func (v *view) find(id wire.NodeID) *node {
	i, ok := slices.BinarySearchFunc(v.nodes, id, func(n node, id wire.NodeID) int {
		return int(int64(n.member.ID) - int64(id))
	})
	if !ok {
		return nil
	}
	return &v.nodes[i]
}

// Changes of a node (SaClmClusterChangesT).
const (
	noChange uint8 = 1
	joined   uint8 = 2
	left     uint8 = 3
)

// change is a node with what happened to it.
type change struct {
	node   *node
	change uint8
}

// difference lists the nodes of both views by node id, with what happened from
// old to cur. An executive that was restarted in between has left and joined.
func difference(old, cur *view) []change {
	list := make([]change, 0, len(cur.nodes))
	i, j := 0, 0
	for i < len(old.nodes) || j < len(cur.nodes) {
		switch {
		case j == len(cur.nodes) || i < len(old.nodes) && old.nodes[i].member.ID < cur.nodes[j].member.ID:
			list = append(list, change{&old.nodes[i], left})
			i++
		case i == len(old.nodes) || cur.nodes[j].member.ID < old.nodes[i].member.ID:
			list = append(list, change{&cur.nodes[j], joined})
			j++
		case old.nodes[i].member != cur.nodes[j].member: // the start number alone repeats when a state directory is lost
			list = append(list, change{&old.nodes[i], left}, change{&cur.nodes[j], joined})
			i++
			j++
		default:
			list = append(list, change{&cur.nodes[j], noChange})
			i++
			j++
		}
	}
	return list
}

// changed reports whether a difference has a change in it.
func changed(list []change) bool {
	return slices.ContainsFunc(list, func(c change) bool { return c.change != noChange })
}

// lost is the view in between when members of a view went and came back with one
// configuration change: what remains of it without those that left. It is nil
// when nobody did both. A node that was cut off, or stopped for a while, learns
// so that the others went on without it.
func lost(v *view, left, members []wire.Member, number uint64) *view {
	back := func(n node) bool { return slices.Contains(left, n.member) && slices.Contains(members, n.member) }
	if number <= v.number || !slices.ContainsFunc(v.nodes, back) {
		return nil
	}
	between := &view{number: number}
	for _, n := range v.nodes {
		if !slices.Contains(left, n.member) {
			between.nodes = append(between.nodes, n)
		}
	}
	return between
}

// state is the replicated state: the current view, and during synchronization
// what members said of themselves for the next.
type state struct {
	self    node
	current *view // empty and number 0 before the first
	coming  []node
}

func newState(self node) *state {
	return &state{self: self, current: &view{}}
}

// start begins the collection for a new view.
func (s *state) start() { s.coming = s.coming[:0] }

// say takes what a member says of itself. A member that spoke keeps to it.
func (s *state) say(n node) {
	if !slices.ContainsFunc(s.coming, func(o node) bool { return o.member == n.member }) {
		s.coming = append(s.coming, n)
	}
}

// abort forgets what was collected.
func (s *state) abort() { s.coming = nil }

// apply makes the view of members (by id) current and returns those of whom
// nothing is known: they are in the view without name and address.
func (s *state) apply(number uint64, members []wire.Member) (unknown []wire.Member) {
	v := &view{number: number, nodes: make([]node, 0, len(members))}
	for _, m := range members {
		n, ok := s.known(m)
		if !ok {
			unknown = append(unknown, m)
			n = node{member: m, address: []byte{0, 0, 0, 0}}
		}
		if n.initial == 0 {
			n.initial = number
		}
		if m == s.self.member {
			s.self.initial = n.initial
		}
		v.nodes = append(v.nodes, n)
	}
	s.current, s.coming = v, nil
	return unknown
}

// known is what was said of a member last.
func (s *state) known(m wire.Member) (node, bool) {
	for _, n := range s.coming {
		if n.member == m {
			return n, true
		}
	}
	if n := s.current.find(m.ID); n != nil && n.member == m {
		return *n, true
	}
	if m == s.self.member {
		return s.self, true
	}
	return node{}, false
}
