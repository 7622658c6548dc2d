// Merging: after partitions came together, every member makes the same new state
// from one snapshot of each. It is a pure function of the snapshots.
//
// A snapshot is a state and its clock. What one has and another lacks was removed
// in the other if the other's clock covers it, else it is new. With S and T any
// two of the partitions, whatever their number:
//
//	channel created in S, unknown to T        it exists; T's members learn it
//	created in S and in T, same name          they become one: that which was
//	                                          created first (then by id) goes on
//	                                          and gets the other's openers and
//	                                          events; the other's id stays its alias
//	unlinked in S, untouched or opened in T   it is unlinked; who has it open keeps it,
//	                                          new openings by name do not find it
//	unlinked and created anew in S, used in T as above; the new one has the name
//	one channel of S became, elsewhere, the   they become one in S, too, with what both
//	same as another of S                      retain; but of what S retains already, who had
//	                                          subscribed to the one gets nothing that was
//	                                          published on the other: to them it was another
//	unlinked in S and in T                    unlinked; gone when nobody has it open
//	openers                                   each partition's word on its own members;
//	                                          who is not a member has nothing open
//	retained in S, unknown to T               retained, and delivered once to T's
//	                                          subscribers that it matches
//	retained in S, cleared or expired in T    it is gone: T knew it and let it go
//	retained in S and in T                    once; each node keeps the earlier
//	                                          deadline it heard of
//	retained in S, its channel gone in T      what T knew is gone with the channel; what
//	                                          it did not know is retained as long as
//	                                          S's members have the channel open
//
// Nothing else can conflict: a subscription belongs to one client of one node, and
// an event that is not retained exists in its configuration only. With three and
// more partitions every rule is applied to all of them at once. The order in which
// partitions find each other makes a difference in one case: when S and T created a
// channel each and are one already, an unlink of the older, in a third, is of both.

package evt

import (
	"cmp"
	"fmt"
	"slices"
)

// snapshot is the state of one partition.
type snapshot struct {
	members  []actor // of the partition, lowest first
	clock    clock
	channels []*channel
	events   []*remote
}

// remote is an event of a snapshot.
type remote struct {
	dot     dot
	channel dot
	rec     *record
	left    int64 // nanoseconds
}

// merger is the work of one merge.
type merger struct {
	parts   []*snapshot
	members map[actor]bool // of the new configuration
	root    map[dot]dot    // of channel ids that are the same channel
	out     *state
	report  []string // what lost against what
}

// merged is the result of a merge.
type merged struct {
	st     *state
	events []kept   // in order of dots, so each publisher's in its order
	report []string // for the log: what lost against what, by name and node
}

// kept is an event of the merged state with the least time that is left for it.
type kept struct {
	e    *event
	left int64
}

// merge makes the state of a configuration. idOf tells an event's id from its
// record. The records of kept events get a reference; the caller gives back those
// of the snapshots.
func merge(parts []*snapshot, members map[actor]bool, idOf func(*record) uint64) merged {
	slices.SortFunc(parts, func(a, b *snapshot) int { return slices.CompareFunc(a.members, b.members, actor.compare) })
	m := &merger{parts: parts, members: members, root: map[dot]dot{}, out: newState()}
	for _, p := range parts {
		for a, n := range p.clock {
			m.out.clock[a] = max(m.out.clock[a], n)
		}
		for _, ch := range p.channels {
			for _, id := range ch.aliases {
				m.join(ch.id, id)
			}
			m.join(ch.id, ch.id)
		}
	}
	m.channels()
	list := m.events(idOf)
	for _, ch := range m.out.sorted() {
		m.out.reap(ch)
	}
	list = slices.DeleteFunc(list, func(k kept) bool { return m.out.events[k.e.dot] != k.e })
	m.out.prune(members)
	return merged{m.out, list, m.report}
}

func (m *merger) say(format string, args ...any) {
	m.report = append(m.report, fmt.Sprintf(format, args...))
}

// name is what a partition is called in the report: its lowest node.
func (p *snapshot) name() string {
	if len(p.members) == 0 {
		return "node ?"
	}
	return fmt.Sprintf("node %d", p.members[0].node)
}

// top is the representative of all ids that are one channel.
func (m *merger) top(d dot) dot {
	for {
		up, ok := m.root[d]
		if !ok || up == d {
			return d
		}
		d = up
	}
}

func (m *merger) join(a, b dot) {
	a, b = m.top(a), m.top(b)
	if a.compare(b) > 0 {
		a, b = b, a
	}
	m.root[a], m.root[b] = a, a
}

// group is what the partitions have of one channel: its instances in each of them
// (one, if they are sane) and all its ids.
type group struct {
	instances [][]*channel // by partition
	first     *channel     // the oldest instance
	ids       []dot
}

// groups collects the channels that are known to be the same.
func (m *merger) groups() []*group {
	byRoot := map[dot]*group{}
	var list []*group
	for i, p := range m.parts {
		for _, ch := range p.channels {
			root := m.top(ch.id)
			g := byRoot[root]
			if g == nil {
				g = &group{instances: make([][]*channel, len(m.parts)), first: ch}
				byRoot[root] = g
				list = append(list, g)
			}
			g.instances[i] = append(g.instances[i], ch)
			if older(ch, g.first) < 0 {
				g.first = ch
			}
		}
	}
	for d := range m.root {
		if g := byRoot[m.top(d)]; g != nil {
			g.ids = append(g.ids, d)
		}
	}
	slices.SortFunc(list, func(a, b *group) int { return older(a.first, b.first) })
	return list
}

// channels merges the channels: first those that are known to be the same, then
// those that turn out to have one name.
func (m *merger) channels() {
	for _, g := range m.groups() {
		ch := newChannel(g.first.id, g.first.name, g.first.created)
		ch.linked = m.linked(g)
		if same := m.out.names[ch.name]; ch.linked && same != nil {
			m.say("channel %q was created by node %d and by node %d: it is one, the first's", ch.name, same.id.node, ch.id.node)
			m.openers(same, g)
			same.aliases = append(same.aliases, g.ids...)
			continue
		}
		m.openers(ch, g)
		for _, d := range g.ids {
			if d != ch.id {
				ch.aliases = append(ch.aliases, d)
			}
		}
		m.out.channels[ch.id] = ch
		if ch.linked {
			m.out.names[ch.name] = ch
		}
	}
	for _, ch := range m.out.channels {
		slices.SortFunc(ch.aliases, dot.compare)
		ch.aliases = ch.aliases[max(0, len(ch.aliases)-maxAliases):]
		for _, d := range ch.aliases {
			m.out.aliases[d] = ch
		}
	}
}

func older(a, b *channel) int { return cmp.Or(cmp.Compare(a.created, b.created), a.id.compare(b.id)) }

// linked tells whether no partition has unlinked the channel: one that knows it and
// has it not has unlinked it, too. Only the channel that goes on counts: an unlink of
// another that became this one was not meant for it.
func (m *merger) linked(g *group) bool {
	var by, against *snapshot
	for i, p := range m.parts {
		at := slices.IndexFunc(g.instances[i], func(ch *channel) bool { return ch.id == g.first.id })
		switch {
		case at >= 0 && g.instances[i][at].linked:
			against = p
		case at >= 0 || p.clock.covers(g.first.id):
			by = p
		}
	}
	if by != nil && against != nil {
		m.say("channel %q was unlinked in the partition of %s: it is in that of %s, too", g.first.name, by.name(), against.name())
	}
	return by == nil
}

// openers takes each partition's word on its own members.
func (m *merger) openers(to *channel, g *group) {
	for i, p := range m.parts {
		for _, ch := range g.instances[i] {
			for _, a := range p.members {
				if n := ch.opens[a]; n > 0 && m.members[a] { // else the sender is not sane
					to.opens[a] += n
				}
			}
		}
	}
}

// events merges the retained events.
func (m *merger) events(idOf func(*record) uint64) []kept {
	type found struct {
		r    *remote
		left int64
		in   int // partitions that have it
	}
	all := map[dot]*found{}
	for _, p := range m.parts {
		for _, r := range p.events {
			f := all[r.dot]
			if f == nil {
				f = &found{r: r, left: r.left}
				all[r.dot] = f
			}
			f.left = min(f.left, r.left)
			f.in++
		}
	}
	var list []kept
	removed := map[string]int{}
	dots := make([]dot, 0, len(all))
	for d := range all {
		dots = append(dots, d)
	}
	slices.SortFunc(dots, dot.compare)
	for _, d := range dots {
		f, knowing := all[d], 0
		for _, p := range m.parts {
			if p.clock.covers(d) {
				knowing++
			}
		}
		// Who has an event knows it; who knows it and has it not removed it.
		ch := m.out.find(f.r.channel)
		if knowing > f.in && !planted(bugRevived) || ch == nil {
			name := "?"
			if ch != nil {
				name = ch.name
			}
			removed[name]++
			continue
		}
		e := &event{dot: d, id: idOf(f.r.rec), ch: ch, rec: f.r.rec.hold()}
		m.out.insert(e)
		list = append(list, kept{e, f.left})
	}
	for _, name := range slices.Sorted(mapKeys(removed)) {
		m.say("channel %q: %d retained events are gone that another partition had let go of", name, removed[name])
	}
	return list
}
