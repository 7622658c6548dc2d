// The replicated state: channels, who has them open, and retained events. It is
// deterministic: everything here happens because a message was delivered or a
// configuration changed, the same on every member. No clock is read; deadlines
// lie beside the state, each node has its own.

package evt

import (
	"bytes"
	"cmp"
	"slices"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Bounds of the state. At a merge they may be exceeded by what the partitions
// had; then nothing is added until they are not.
const (
	maxChannels = 4096
	// maxAliases bounds the other names of a channel, see merge.go.
	maxAliases = 64
	// maxActors bounds the clock.
	maxActors = 4096
)

// actor is one start of one node. Its nonce is what makes it that: a start number
// comes again when a node has lost its state directory.
type actor struct {
	node  wire.NodeID
	start uint64
	nonce wire.Nonce
}

func actorOf(m wire.Member) actor {
	if planted(bugStartNumber) {
		m.Nonce = wire.Nonce{}
	}
	return actor{m.ID, m.Start, m.Nonce}
}

func (a actor) compare(b actor) int {
	return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.start, b.start), bytes.Compare(a.nonce[:], b.nonce[:]))
}

// dot names what an actor brought into the state: a channel it created or an event
// that it published and that is retained. n counts them from 1. Nobody assigns it:
// every replica counts as messages are delivered, and gets the same number, since a
// message is only delivered where its sender's are all known (synchronization
// comes first) and in its sender's order.
type dot struct {
	actor
	n uint64
}

func (d dot) compare(e dot) int { return cmp.Or(d.actor.compare(e.actor), cmp.Compare(d.n, e.n)) }

// clock is how far a state knows each actor: it has seen every dot up to there.
// A dot that is seen and not in the state was removed.
type clock map[actor]uint64

func (c clock) covers(d dot) bool { return d.n <= c[d.actor] }

// channel is one event channel from its creation on. When it is unlinked and
// nobody has it open any more it is gone; another of its name is another channel.
type channel struct {
	id      dot
	name    string
	linked  bool
	created int64 // nanoseconds since 1970, by the creating node's clock
	opens   map[actor]uint32
	// aliases are ids of channels of the same name that were created in other
	// partitions and became this one; see merge.go.
	aliases []dot

	byID        map[uint64]*event
	first, last *event // retained, in order of delivery
	count       int
}

// event is a retained event.
type event struct {
	dot dot
	id  uint64
	ch  *channel
	rec *record

	prev, next *event
	due        due
}

// state is the replicated state; a second one holds what is of this node only.
type state struct {
	clock    clock
	channels map[dot]*channel
	names    map[string]*channel // the linked ones
	aliases  map[dot]*channel
	events   map[dot]*event
	bytes    int // of retained events
}

func newState() *state {
	return &state{
		clock: clock{}, channels: map[dot]*channel{}, names: map[string]*channel{},
		aliases: map[dot]*channel{}, events: map[dot]*event{},
	}
}

// stamp is the next dot of an actor.
func (s *state) stamp(a actor) dot {
	s.clock[a]++
	return dot{a, s.clock[a]}
}

// find is the channel with an id, whatever it is called now; nil: it is gone.
func (s *state) find(id dot) *channel {
	if ch := s.channels[id]; ch != nil {
		return ch
	}
	return s.aliases[id]
}

// open opens a channel for an actor, and creates it if it may.
func (s *state) open(by actor, name string, create bool, now int64) (*channel, ipcwire.Error) {
	ch := s.names[name]
	if ch == nil {
		switch {
		case !create:
			return nil, ipcwire.ErrNotExist
		case len(s.channels) >= maxChannels:
			return nil, ipcwire.ErrNoResources
		}
		ch = newChannel(s.stamp(by), name, now)
		s.channels[ch.id] = ch
		s.names[name] = ch
	}
	ch.opens[by]++
	return ch, ipcwire.OK
}

func newChannel(id dot, name string, created int64) *channel {
	return &channel{id: id, name: name, linked: true, created: created, opens: map[actor]uint32{}, byID: map[uint64]*event{}}
}

// close takes back n openings. gone are the retained events that went with the
// channel.
func (s *state) close(by actor, id dot, n uint32) {
	ch := s.find(id)
	if ch == nil {
		return
	}
	if have := ch.opens[by]; have > n {
		ch.opens[by] = have - n
	} else {
		delete(ch.opens, by)
	}
	s.reap(ch)
}

// unlink takes a channel's name away.
func (s *state) unlink(name string) ipcwire.Error {
	ch := s.names[name]
	if ch == nil {
		return ipcwire.ErrNotExist
	}
	ch.linked = false
	delete(s.names, name)
	s.reap(ch)
	return ipcwire.OK
}

// reap removes a channel that is unlinked and not open, with what it retains.
func (s *state) reap(ch *channel) {
	if ch.linked || len(ch.opens) > 0 {
		return
	}
	for ch.first != nil {
		s.remove(ch.first)
	}
	for _, id := range ch.aliases {
		delete(s.aliases, id)
	}
	delete(s.channels, ch.id)
}

// retain adds an event that its publisher wants retained. The record is the
// state's from here on.
func (s *state) retain(by actor, ch *channel, id uint64, rec *record) *event {
	e := &event{dot: s.stamp(by), id: id, ch: ch, rec: rec}
	s.insert(e)
	return e
}

func (s *state) insert(e *event) {
	ch := e.ch
	e.prev, e.next = ch.last, nil
	if ch.last == nil {
		ch.first = e
	} else {
		ch.last.next = e
	}
	ch.last = e
	ch.count++
	ch.byID[e.id] = e
	s.events[e.dot] = e
	s.bytes += e.rec.cost()
}

// remove ends the retention of an event.
func (s *state) remove(e *event) {
	ch := e.ch
	if e.prev == nil {
		ch.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		ch.last = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
	ch.count--
	if ch.byID[e.id] == e {
		delete(ch.byID, e.id)
	}
	delete(s.events, e.dot)
	s.bytes -= e.rec.cost()
	e.due.cancel()
	e.rec.release()
}

// clear ends the retention of an event by its id.
func (s *state) clear(channel dot, id uint64) ipcwire.Error {
	ch := s.find(channel)
	if ch == nil || ch.byID[id] == nil {
		return ipcwire.ErrNotExist
	}
	s.remove(ch.byID[id])
	return ipcwire.OK
}

// expire ends the retention of an event whose time is over; one that is gone
// already makes no difference.
func (s *state) expire(d dot) bool {
	e := s.events[d]
	if e == nil {
		return false
	}
	s.remove(e)
	return true
}

// keep drops the openings of everybody but the members.
func (s *state) keep(members map[actor]bool) {
	for _, ch := range s.channels {
		for a := range ch.opens {
			if !members[a] && !planted(bugStaysOpen) {
				delete(ch.opens, a)
			}
		}
		s.reap(ch)
	}
	s.prune(members)
}

// prune bounds the clock. What is dropped are the oldest starts of nodes that are
// not members and have nothing in the state: should a partition come back that
// still retains what such a start published and others have removed, that would
// be taken for new.
func (s *state) prune(members map[actor]bool) {
	over := len(s.clock) - maxActors
	if over <= 0 {
		return
	}
	used := map[actor]bool{}
	for d := range s.events {
		used[d.actor] = true
	}
	for d, ch := range s.channels {
		used[d.actor] = true
		for _, id := range ch.aliases {
			used[id.actor] = true
		}
	}
	var list []actor
	for a := range s.clock {
		if !members[a] && !used[a] {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b actor) int { return cmp.Or(cmp.Compare(a.start, b.start), a.compare(b)) })
	for _, a := range list[:min(over, len(list))] {
		delete(s.clock, a)
	}
}

// sorted are the channels in the order of their ids.
func (s *state) sorted() []*channel {
	list := make([]*channel, 0, len(s.channels))
	for _, ch := range s.channels {
		list = append(list, ch)
	}
	slices.SortFunc(list, func(a, b *channel) int { return a.id.compare(b.id) })
	return list
}

// sortedActors are a map's actors in order.
func sortedActors[V any](m map[actor]V) []actor {
	list := make([]actor, 0, len(m))
	for a := range m {
		list = append(list, a)
	}
	slices.SortFunc(list, actor.compare)
	return list
}
