// Synchronization: the lowest member of each partition sends its state, and at
// SyncApply all members merge what was sent. And the deadlines of retained events,
// which begin anew with each configuration.

package evt

import (
	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// snapshotBytes is how large a message of a snapshot is made, unless one record is
// larger.
const snapshotBytes = 64 << 10

// syncing is a synchronization in progress.
type syncing struct {
	cfg       *srp.Configuration
	partition []actor
	arrived   map[actor]*snapshot // by sender, this partition's excepted
	sending   *sending            // nil unless this member sends
}

// sending is what is left to send: the state does not change meanwhile.
type sending struct {
	began    bool
	channels []*channel
	clock    []actor
	event    *event
}

// SyncStart begins a synchronization.
func (s *Service) SyncStart(cfg *srp.Configuration, partition []wire.Member) {
	s.sync = syncing{cfg: cfg, arrived: map[actor]*snapshot{}}
	for _, m := range partition {
		s.sync.partition = append(s.sync.partition, actorOf(m))
	}
	if len(partition) < len(cfg.Members) && s.sync.partition[0] == s.self {
		s.sync.sending = &sending{channels: s.cluster.st.sorted(), clock: sortedActors(s.cluster.st.clock)}
	}
}

// SyncSend sends the next messages of this partition's state.
func (s *Service) SyncSend() (done bool) {
	snd := s.sync.sending
	if snd == nil {
		return true
	}
	for {
		probe := *snd
		msg := s.nextPart(&probe)
		if len(msg) == 1 {
			return true
		}
		if !s.env.SendOK(gmi.Recovery, len(msg)) {
			return false
		}
		if _, err := s.env.Multicast(gmi.Recovery, wire.Agreed, msg); err != nil {
			s.env.Logf("state of the service: %v", err)
			return false
		}
		*snd = probe
	}
}

// nextPart makes the next message of a snapshot; it has no records when there is
// nothing left.
func (s *Service) nextPart(snd *sending) []byte {
	b := append(s.buf[:0], kindSnapshot)
	limit := min(snapshotBytes, s.env.MaxMessage())
	if !snd.began {
		snd.began = true
		start := len(b)
		b = beginRecord(b, recordMembers)
		for _, a := range s.sync.partition {
			b = appendActor(b, a)
		}
		b = endRecord(b, start)
	}
	if len(snd.clock) > 0 {
		n := min(len(snd.clock), max(1, (limit-len(b)-recordHeader)/dotSize))
		start := len(b)
		b = beginRecord(b, recordClock)
		for _, a := range snd.clock[:n] {
			b = appendDot(b, dot{a, s.cluster.st.clock[a]})
		}
		b = endRecord(b, start)
		snd.clock = snd.clock[n:]
	}
	for {
		for snd.event != nil {
			if size := eventRecordSize(snd.event); len(b) > 1 && len(b)+size > limit {
				s.buf = b
				return b
			}
			b = appendEventRecord(b, snd.event, s.left(snd.event))
			snd.event = snd.event.next
		}
		if len(snd.channels) == 0 {
			s.buf = b
			return b
		}
		before := len(b)
		b = appendChannelRecord(b, snd.channels[0])
		if before > 1 && len(b) > limit {
			b = b[:before]
			s.buf = b
			return b
		}
		snd.event = snd.channels[0].first
		snd.channels = snd.channels[1:]
	}
}

// left is how long an event has to live.
func (s *Service) left(e *event) int64 {
	if e.due.at == forever {
		return forever
	}
	return max(0, e.due.at-s.opt.Now())
}

// takeSnapshot takes a message of a member's SyncSend.
func (s *Service) takeSnapshot(from wire.Member, b []byte) {
	if s.sync.cfg == nil {
		s.stats.Malformed++
		return
	}
	by := actorOf(from)
	if len(s.sync.partition) > 0 && by == s.sync.partition[0] {
		return // that of this partition: the same as here
	}
	snap := s.sync.arrived[by]
	if snap == nil {
		snap = &snapshot{clock: clock{}}
		s.sync.arrived[by] = snap
	}
	for c := (cursor{b: b}); len(c.b) > 0; {
		kind := c.u8()
		body := c.take(int(c.u32()))
		if c.bad || !s.takeRecord(snap, kind, body) {
			s.stats.Malformed++
			return
		}
	}
}

func (s *Service) takeRecord(snap *snapshot, kind byte, body []byte) bool {
	c := cursor{b: body}
	switch kind {
	case recordMembers:
		for len(c.b) > 0 {
			snap.members = append(snap.members, c.actor())
		}
	case recordClock:
		for len(c.b) > 0 {
			d := c.dot()
			snap.clock[d.actor] = max(snap.clock[d.actor], d.n)
		}
	case recordChannel:
		ch, ok := decodeChannelRecord(body)
		if !ok {
			return false
		}
		snap.channels = append(snap.channels, ch)
		return true
	case recordEvent:
		r := &remote{dot: c.dot(), channel: c.dot(), left: int64(c.u64())}
		if c.bad || r.dot.n == 0 || r.left < 0 || !ipcwire.DecodeEvtShared(c.b, &s.event) || s.event.Priority >= priorities {
			return false
		}
		r.rec = s.pool.copy(c.b)
		snap.events = append(snap.events, r)
		return true
	default:
		return false
	}
	return c.done()
}

// SyncAbort forgets what was sent.
func (s *Service) SyncAbort() {
	for _, snap := range s.sync.arrived {
		snap.drop()
	}
	s.sync = syncing{}
}

func (p *snapshot) drop() {
	for _, r := range p.events {
		r.rec.release()
	}
}

// SyncApply makes the merged state this node's, or, when all members have the same
// already, drops who left.
func (s *Service) SyncApply() {
	members := map[actor]bool{}
	for _, m := range s.sync.cfg.Members {
		members[actorOf(m)] = true
	}
	s.lowest = actorOf(s.sync.cfg.Members[0]) == s.self
	if len(s.sync.partition) == len(members) {
		s.cluster.st.keep(members)
	} else {
		s.merge(members)
		s.stats.Merges++
	}
	s.sync = syncing{}
	s.rearm()
}

// mostLines bounds what one merge logs.
const mostLines = 20

// own is this partition's state as a snapshot.
func (s *Service) own() *snapshot {
	st := s.cluster.st
	snap := &snapshot{members: s.sync.partition, clock: st.clock, channels: st.sorted()}
	for _, ch := range snap.channels {
		for e := ch.first; e != nil; e = e.next {
			snap.events = append(snap.events, &remote{dot: e.dot, channel: ch.id, rec: e.rec.hold(), left: s.left(e)})
		}
	}
	return snap
}

func (s *Service) merge(members map[actor]bool) {
	old := s.cluster.st
	parts := []*snapshot{s.own()}
	for _, snap := range s.sync.arrived {
		parts = append(parts, snap)
	}
	m := merge(parts, members, idOf)
	for _, p := range parts {
		p.drop()
	}
	for i, line := range m.report {
		if i == mostLines {
			s.env.Logf("merge: and %d more like these", len(m.report)-i)
			break
		}
		s.env.Logf("merge: %s", line)
	}
	now := s.opt.Now()
	for _, e := range old.events {
		e.due.cancel()
		e.rec.release()
	}
	s.cluster.st = m.st
	for _, k := range m.events {
		s.cluster.due.add(k.e, later(now, k.left))
	}
	s.follow()
	for _, k := range m.events {
		if !old.clock.covers(k.e.dot) || planted(bugTwice) {
			s.arrive(k.e)
		}
	}
}

// follow finds the openings' channels again: some have become others.
func (s *Service) follow() {
	for _, c := range s.clients {
		for _, o := range c.openings {
			if o.sc.local {
				continue
			}
			ch := s.cluster.st.find(o.channel)
			if ch == nil {
				s.env.Logf("a channel is gone that connection %d has open", c.conn.ID())
				continue
			}
			if ch.id == o.channel || planted(bugStray) {
				continue
			}
			x := o.sc.index[o.channel]
			for _, sub := range o.subs {
				x.remove(sub)
			}
			if x != nil && x.size == 0 {
				delete(o.sc.index, o.channel)
			}
			o.channel = ch.id
			for _, sub := range o.subs {
				o.sc.hang(sub)
			}
		}
	}
}

// arrive delivers a retained event of another partition, which nobody here has had.
func (s *Service) arrive(e *event) {
	x := s.cluster.index[e.ch.id]
	if x == nil || !ipcwire.DecodeEvtShared(e.rec.buf, &s.event) {
		return
	}
	for _, sub := range x.match(s.event.Patterns) {
		s.enqueue(sub, e.rec, prioOf(e.rec))
	}
}

// rearm begins the deadlines anew: what the lowest member before has proposed may
// be under way or not, which makes no difference.
func (s *Service) rearm() {
	for _, e := range s.cluster.st.events {
		if e.due.index == 0 && e.due.at != forever {
			s.cluster.due.add(e, e.due.at)
		}
	}
	s.arm()
}

const (
	// soonest is the shortest time to the next expiry: what is over by then expires
	// together.
	soonest = 5e6
	// expireBatch is how many events one message expires at most.
	expireBatch = 1000
)

// arm sets the timer to the next deadline that is this node's to propose.
func (s *Service) arm() {
	next := int64(forever)
	if (s.lowest || planted(bugOwnTime)) && len(s.cluster.due) > 0 {
		next = s.cluster.due[0].due.at
	}
	if len(s.local.due) > 0 {
		next = min(next, s.local.due[0].due.at)
	}
	if next == s.armed {
		return
	}
	if s.timer != nil {
		s.timer()
		s.timer = nil
	}
	if s.armed = next; next != forever {
		s.timer = s.env.After(max(soonest, next-s.opt.Now()), s.expire)
	}
}

// expire proposes what is over.
func (s *Service) expire() {
	s.timer, s.armed = nil, forever
	now := s.opt.Now()
	for planted(bugOwnTime) && len(s.cluster.due) > 0 && s.cluster.due[0].due.at <= now {
		s.cluster.st.remove(s.cluster.due[0])
	}
	for len(s.local.due) > 0 && s.local.due[0].due.at <= now {
		s.local.st.remove(s.local.due[0])
		s.stats.Expired++
	}
	for s.lowest && len(s.cluster.due) > 0 && s.cluster.due[0].due.at <= now {
		limit := min(expireBatch, (s.env.MaxMessage()-3)/dotSize)
		if !s.env.SendOK(gmi.Low, 3+limit*dotSize) {
			s.timer = s.env.After(retryDelay, s.expire)
			s.armed = -1
			return
		}
		var list []dot
		for len(list) < limit && len(s.cluster.due) > 0 && s.cluster.due[0].due.at <= now {
			e := s.cluster.due[0]
			e.due.cancel()
			list = append(list, e.dot)
		}
		s.buf = appendExpire(s.buf[:0], list)
		s.send(s.cluster, gmi.Low, nil, s.buf)
	}
	s.arm()
}
