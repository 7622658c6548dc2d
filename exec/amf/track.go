// Protection groups: who tracks one is told of its members.

package amf

import (
	"slices"

	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/libais/ipcwire"
)

const trackFlags = ipcwire.AmfTrackCurrent | ipcwire.AmfTrackChanges | ipcwire.AmfTrackChangesOnly

func (s *Service) requestTrack(q request) ipcwire.Error {
	var r ipcwire.AmfTrackReq
	if !ipcwire.DecodeAmfTrackReq(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	csi := s.csis[string(r.CSI)]
	both := ipcwire.AmfTrackChanges | ipcwire.AmfTrackChangesOnly
	switch {
	case csi == nil:
		return ipcwire.ErrNotExist
	case r.Flags == 0 || r.Flags&^trackFlags != 0 || r.Flags&both == both:
		return ipcwire.ErrBadFlags
	case (r.Flags&both != 0 || !r.Buffer) && q.c.callbacks&ipcwire.AmfHasTrack == 0:
		return ipcwire.ErrInit
	}
	members := s.replica.Engine().ProtectionGroup(csi)
	if r.Flags&both != 0 {
		k := &tracking{flags: r.Flags & both, readiness: q.c.gen == ipcwire.GenA, ready: q.c.callbacks&ipcwire.AmfHasHAReadiness != 0}
		k.remember(members)
		q.c.tracks[csi] = k
	}
	if r.Flags&ipcwire.AmfTrackCurrent == 0 {
		return ipcwire.OK
	}
	s.buf = s.appendGroup(s.buf[:0], csi, members, false)
	if r.Buffer {
		q.c.conn.Respond(q.seq, ipcwire.OK, s.buf)
		return answered
	}
	q.c.conn.Respond(q.seq, ipcwire.OK, nil) // before its callback
	s.tell(q.c)
	return answered
}

func (s *Service) requestTrackStop(q request) ipcwire.Error {
	var r ipcwire.AmfName
	if !ipcwire.DecodeAmfName(q.body, &r) {
		return ipcwire.ErrInvalidParam
	}
	csi := s.csis[string(r.Name)]
	if csi == nil || q.c.tracks[csi] == nil {
		return ipcwire.ErrNotExist
	}
	delete(q.c.tracks, csi)
	return ipcwire.OK
}

// appendGroup appends a protection group as a body: all of it, or what has changed.
// Who was removed is told, and is no member any more.
func (s *Service) appendGroup(dst []byte, csi *model.CSI, members []engine.PGMember, changes bool) []byte {
	g := &s.group
	*g = ipcwire.AmfGroup{CSI: []byte(csi.DN), Error: ipcwire.OK, Items: g.Items[:0]}
	for i := range members {
		m := &members[i]
		if m.Change != engine.PGRemoved {
			g.Members++
		}
		if changes && m.Change == engine.PGNoChange {
			continue
		}
		g.Items = append(g.Items, ipcwire.AmfMember{Component: []byte(m.Comp.DN), HAState: uint32(m.HA), Readiness: uint32(m.Readiness),
			HAReadiness: uint32(m.HAReadiness), Rank: m.Rank, Change: m.Change})
	}
	return ipcwire.AppendAmfGroup(dst, g)
}

// groupChanged tells everybody on this node who tracks the group.
func (s *Service) groupChanged(o *engine.Output) {
	for _, c := range s.clients {
		k := c.tracks[o.CSI]
		if k == nil {
			continue
		}
		if group := k.asSeen(o.Group); group != nil {
			s.buf = s.appendGroup(s.buf[:0], o.CSI, group, k.flags == ipcwire.AmfTrackChangesOnly)
			s.tell(c)
		}
	}
}

// tracking is one client's interest in a protection group.
type tracking struct {
	flags     uint8
	readiness bool     // the client sees readiness states (A)
	ready     bool     // the client sees HA readiness (B.04)
	last      []member // as the client knows it
}

type member struct {
	comp      *model.Comp
	ha        engine.HAState
	readiness engine.Readiness   // 0: the client does not see it
	ready     engine.HAReadiness // the same
	rank      uint32
}

func (k *tracking) remember(members []engine.PGMember) {
	k.last = k.last[:0]
	for i := range members {
		if m := &members[i]; m.Change != engine.PGRemoved {
			k.last = append(k.last, k.sees(m))
		}
	}
}

func (k *tracking) sees(m *engine.PGMember) member {
	s := member{comp: m.Comp, ha: m.HA, rank: m.Rank}
	if k.readiness {
		s.readiness = m.Readiness
	}
	if k.ready {
		s.ready = m.HAReadiness
	}
	return s
}

// asSeen is a change as the client sees it: generation A has readiness states in
// protection groups, B.04 HA readiness; nil: nothing has changed.
func (k *tracking) asSeen(members []engine.PGMember) []engine.PGMember {
	out := slices.Clone(members)
	changed := false
	for i := range out {
		m := &out[i]
		if m.Change == engine.PGStateChange && slices.Contains(k.last, k.sees(m)) {
			m.Change = engine.PGNoChange
		}
		changed = changed || m.Change != engine.PGNoChange
	}
	k.remember(members)
	if !changed {
		return nil
	}
	return out
}

// tell sends s.buf. Who does not take it gets the whole group with the next change:
// the library keeps no state of it.
func (s *Service) tell(c *client) {
	s.stats.Callbacks++
	if !c.conn.Notify(ipcwire.AmfTrackCallback, s.buf) {
		s.stats.Unsent++
		c.conn.Disconnect("a client that does not take its callbacks")
	}
}
