// The index of the subscriptions of one channel: a tree whose levels are the
// places of filters. The branches of a node are grouped by the shape of the
// filter: exact filters by what they hold, prefixes and suffixes first by their
// length, pass-all as one branch. So an event costs one table lookup per shape that
// occurs at the nodes it reaches, however many subscriptions there are, and each
// node is reached at most once.
//
// Filters and patterns need not be equal in number (saEvtEventSubscribe): patterns
// beyond the last filter are not looked at, a filter beyond the last pattern sees
// an empty one. So pass-all filters at the end of a list mean nothing and are left
// out, and prefixes and suffixes of no length are pass-all.

package evt

import (
	"slices"

	"ais/libais/ipcwire"
)

// place is where a subscription hangs in an index.
type place struct {
	node *matchNode
	at   int
}

// matchNode stands for a list of filters: those on the way to it.
type matchNode struct {
	parent *matchNode
	kind   uint8  // of the branch that leads here
	key    string // of that branch

	subs   []*subscription // whose filters end here
	any    *matchNode
	exact  map[string]*matchNode
	prefix sized
	suffix sized
}

// sized is branches by the length of their keys.
type sized struct {
	lengths []int // ascending
	tables  []map[string]*matchNode
}

func (s *sized) find(key string) *matchNode {
	if i, ok := slices.BinarySearch(s.lengths, len(key)); ok {
		return s.tables[i][key]
	}
	return nil
}

func (s *sized) add(key string, n *matchNode) {
	i, ok := slices.BinarySearch(s.lengths, len(key))
	if !ok {
		s.lengths = slices.Insert(s.lengths, i, len(key))
		s.tables = slices.Insert(s.tables, i, map[string]*matchNode{})
	}
	s.tables[i][key] = n
}

func (s *sized) remove(key string) {
	i, ok := slices.BinarySearch(s.lengths, len(key))
	if !ok {
		return
	}
	delete(s.tables[i], key)
	if len(s.tables[i]) == 0 {
		s.lengths = slices.Delete(s.lengths, i, i+1)
		s.tables = slices.Delete(s.tables, i, i+1)
	}
}

// index is the subscriptions of this node's clients on one channel.
type index struct {
	root matchNode
	size int
	hits []*subscription // result of match
}

// filter is an ipcwire.EvtFilter that is kept.
type filter struct {
	kind uint8
	key  string
}

// keepFilters copies filters into the form the index has.
func keepFilters(in []ipcwire.EvtFilter) []filter {
	out := make([]filter, len(in))
	used := 0
	for i, f := range in {
		out[i] = filter{f.Type, string(f.Filter)}
		if f.Type != ipcwire.EvtExactFilter && len(f.Filter) == 0 || f.Type == ipcwire.EvtPassAllFilter {
			out[i] = filter{kind: ipcwire.EvtPassAllFilter}
		} else {
			used = i + 1
		}
	}
	return out[:used]
}

// add hangs a subscription in.
func (x *index) add(s *subscription) {
	n := &x.root
	for _, f := range s.filters {
		n = n.child(f)
	}
	s.place = place{n, len(n.subs)}
	n.subs = append(n.subs, s)
	x.size++
}

// child is the branch of a filter, made when there is none.
func (n *matchNode) child(f filter) *matchNode {
	var c *matchNode
	switch f.kind {
	case ipcwire.EvtExactFilter:
		c = n.exact[f.key]
	case ipcwire.EvtPrefixFilter:
		c = n.prefix.find(f.key)
	case ipcwire.EvtSuffixFilter:
		c = n.suffix.find(f.key)
	default:
		c = n.any
	}
	if c != nil {
		return c
	}
	c = &matchNode{parent: n, kind: f.kind, key: f.key}
	switch f.kind {
	case ipcwire.EvtExactFilter:
		if n.exact == nil {
			n.exact = map[string]*matchNode{}
		}
		n.exact[f.key] = c
	case ipcwire.EvtPrefixFilter:
		n.prefix.add(f.key, c)
	case ipcwire.EvtSuffixFilter:
		n.suffix.add(f.key, c)
	default:
		n.any = c
	}
	return c
}

// remove takes a subscription out, and the branches that nobody needs any more.
func (x *index) remove(s *subscription) {
	n, last := s.place.node, len(s.place.node.subs)-1
	moved := n.subs[last]
	n.subs[s.place.at] = moved
	if !planted(bugWrongPlace) {
		moved.place.at = s.place.at
	}
	n.subs[last] = nil
	n.subs = n.subs[:last]
	s.place = place{}
	x.size--
	for n.parent != nil && n.empty() {
		p := n.parent
		switch n.kind {
		case ipcwire.EvtExactFilter:
			delete(p.exact, n.key)
		case ipcwire.EvtPrefixFilter:
			p.prefix.remove(n.key)
		case ipcwire.EvtSuffixFilter:
			p.suffix.remove(n.key)
		default:
			p.any = nil
		}
		n = p
	}
}

func (n *matchNode) empty() bool {
	return len(n.subs) == 0 && n.any == nil && len(n.exact) == 0 && len(n.prefix.lengths) == 0 && len(n.suffix.lengths) == 0
}

// match returns the subscriptions that an event with these patterns matches, each
// once. The result is valid until the next call.
func (x *index) match(patterns [][]byte) []*subscription {
	clear(x.hits)
	x.hits = x.hits[:0]
	x.walk(&x.root, patterns)
	return x.hits
}

func (x *index) walk(n *matchNode, patterns [][]byte) {
	x.hits = append(x.hits, n.subs...)
	var p []byte // what is missing is empty
	rest := patterns
	if len(patterns) > 0 {
		p, rest = patterns[0], patterns[1:]
	}
	if n.any != nil {
		x.walk(n.any, rest)
	}
	if c := n.exact[string(p)]; c != nil {
		x.walk(c, rest)
	}
	for i, size := range n.prefix.lengths {
		if size > len(p) {
			break
		}
		if c := n.prefix.tables[i][string(p[:size])]; c != nil {
			x.walk(c, rest)
		}
	}
	for i, size := range n.suffix.lengths {
		if size > len(p) {
			break
		}
		if c := n.suffix.tables[i][string(p[len(p)-size:])]; c != nil {
			x.walk(c, rest)
		}
	}
}

// matches tells whether an event with these patterns matches one list of filters;
// it is for the few events that one new subscription is compared with.
func matches(filters []filter, patterns [][]byte) bool {
	for i, f := range filters {
		var p []byte
		if i < len(patterns) {
			p = patterns[i]
		}
		k := len(f.key)
		switch f.kind {
		case ipcwire.EvtExactFilter:
			if string(p) != f.key {
				return false
			}
		case ipcwire.EvtPrefixFilter:
			if len(p) < k || string(p[:k]) != f.key {
				return false
			}
		case ipcwire.EvtSuffixFilter:
			if len(p) < k || string(p[len(p)-k:]) != f.key {
				return false
			}
		}
	}
	return true
}
