// The service: library requests, deliveries and configuration changes.

package evs

import (
	"slices"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Guarantees of evs.h. Unordered and FIFO messages are delivered as agreed.
const guaranteeSafe = 3

// maxPayload is the largest payload whose delivery fits into a frame of the
// library protocol, with node id and address before it.
const maxPayload = ipcwire.MaxFrame - ipcwire.HeaderSize - (4 + 1 + 16)

// Options are fixed for the life of a Service.
type Options struct {
	// Address gives a member's address, 4 or 16 bytes, nil when it is not known.
	// A member without one is given its node id as an IPv4 address.
	Address func(wire.NodeID) []byte
	// Limits; zero fields are those of DefaultLimits.
	Limits Limits
	// Visit is how many packets the ring takes of this node at once (default 64): not
	// much more of what comes without being asked for waits for the token.
	Visit int
	// MaxPayload is the largest message of a client (default: what fits).
	MaxPayload int
}

// Stats counts since the start.
type Stats struct {
	Multicasts uint64 // accepted from clients
	TryAgain   uint64 // refused because of pressure or a full queue
	Deliveries uint64 // callbacks with a message
	Malformed  uint64 // messages of members that do not decode
	// StreamMalformed counts multicasts without an answer that cannot be right, and
	// those of a connection that left its last group meanwhile.
	StreamMalformed uint64
	Pressures       uint64 // times this node came under pressure
	Dropped         uint64 // connections ended because they did not read
}

// client is the state of a connection.
type client struct {
	conn    service.Conn
	payload service.PayloadNotifier // nil when the connection takes no parts
	groups  []ipcwire.EvsGroup      // as often as joined
	joined  bool                    // it has joined something once: it gets configurations
	started bool                    // it has got its first configuration
	gone    bool
	stamp   uint64                        // of the last message that found it
	last    [gmi.Priorities]gmi.MessageID // that it sent

	pressing   bool
	pressedFor int64 // nanoseconds
}

// Service is the EVS of one node.
type Service struct {
	env      service.Env
	opt      Options
	limits   Limits
	conns    []*client
	members  members
	pressure pressure
	stats    Stats

	regular      *ipcwire.EvsConfiguration // the current one; nil before the first
	transitional *ipcwire.EvsConfiguration // the one after it, if it came

	kindBuf [1]byte
	addr    [4]byte
	buf     []byte
	header  []byte
	parts   [2][]byte
	request struct {
		groups ipcwire.EvsGroups
		mcast  ipcwire.EvsMcast
	}
}

// New returns the service.
func New(opt Options) *Service {
	l, d := opt.Limits, DefaultLimits
	for _, f := range []struct{ v, def *int }{
		{&l.QueueBytes, &d.QueueBytes}, {&l.StreamBytes, &d.StreamBytes}, {&l.HighBytes, &d.HighBytes}, {&l.LowBytes, &d.LowBytes},
		{&l.TotalHigh, &d.TotalHigh}, {&l.ConnLimit, &d.ConnLimit}, {&l.TotalLimit, &d.TotalLimit},
	} {
		if *f.v == 0 {
			*f.v = *f.def
		}
	}
	if l.Patience == 0 {
		l.Patience = d.Patience
	}
	if opt.MaxPayload <= 0 || opt.MaxPayload > maxPayload {
		opt.MaxPayload = maxPayload
	}
	if opt.Visit <= 0 {
		opt.Visit = defaultVisit
	}
	return &Service{opt: opt, limits: l, members: members{groups: map[ipcwire.EvsGroup][]*client{}}}
}

// Stats returns the counters.
func (s *Service) Stats() Stats { return s.stats }

// ID, Name and the methods below implement service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.EVS }

// Name is the service's group.
func (s *Service) Name() string { return "evs" }

// ExecInit keeps the environment.
func (s *Service) ExecInit(env service.Env) error {
	s.env = env
	return nil
}

// LibInit takes every connection.
func (s *Service) LibInit(c service.Conn, _ ipcwire.Generation, _ []byte) ipcwire.Error {
	cl := &client{conn: c}
	cl.payload, _ = c.(service.PayloadNotifier)
	if l, ok := c.(service.NotifyLimiter); ok {
		l.SetNotifyLimit(s.limits.ConnLimit)
	}
	c.SetState(cl)
	s.conns = append(s.conns, cl)
	return ipcwire.OK
}

// LibExit forgets a connection.
func (s *Service) LibExit(c service.Conn) {
	cl := c.State().(*client)
	cl.gone = true
	s.members.leaveAll(cl)
	s.conns = slices.DeleteFunc(s.conns, func(o *client) bool { return o == cl })
}

// RequestSize is about what a multicast puts on the ring; the exact check is
// the service's own.
func (s *Service) RequestSize(op ipcwire.Op, body []byte) (size int, prio gmi.Priority, ok bool) {
	if op != ipcwire.EvsMcastJoined && op != ipcwire.EvsMcastGroups || len(body) < 2 || body[1] >= byte(gmi.Priorities) {
		return 0, 0, false
	}
	return len(body), gmi.Priority(body[1]), true
}

// LibRequest handles one request.
func (s *Service) LibRequest(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	cl := c.State().(*client)
	switch op {
	case ipcwire.EvsJoin:
		s.requestJoin(cl, seq, body)
	case ipcwire.EvsLeave:
		q := &s.request.groups
		if !ipcwire.DecodeEvsGroups(body, q) {
			c.Respond(seq, ipcwire.ErrInvalidParam, nil)
			return
		}
		c.Respond(seq, s.members.leave(cl, q.Groups), nil)
	case ipcwire.EvsMcastJoined, ipcwire.EvsMcastGroups:
		c.Respond(seq, s.multicast(cl, op, body), nil)
	case ipcwire.EvsMembershipGet:
		if s.regular == nil {
			c.Respond(seq, ipcwire.ErrTryAgain, nil)
			return
		}
		m := ipcwire.EvsMembership{Local: uint32(s.env.Self().ID), Members: s.regular.Members}
		s.buf = ipcwire.AppendEvsMembership(s.buf[:0], &m)
		c.Respond(seq, ipcwire.OK, s.buf)
	default:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
	}
}

func (s *Service) requestJoin(c *client, seq uint32, body []byte) {
	q := &s.request.groups
	if !ipcwire.DecodeEvsGroups(body, q) {
		c.conn.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	err := s.members.join(c, q.Groups)
	c.conn.Respond(seq, err, nil)
	if err != ipcwire.OK || c.joined {
		return
	}
	c.joined = true
	if s.regular != nil {
		s.sendConfiguration(c, s.regular)
	}
	if s.transitional != nil && c.started {
		s.sendConfiguration(c, s.transitional)
	}
}

// multicast checks and sends a multicast request.
func (s *Service) multicast(c *client, op ipcwire.Op, body []byte) ipcwire.Error {
	q := &s.request.mcast
	if !ipcwire.DecodeEvsMcast(body, q) || q.Guarantee > guaranteeSafe || q.Priority >= uint8(gmi.Priorities) {
		return ipcwire.ErrInvalidParam
	}
	err := s.send(c, op, q, false)
	if err == ipcwire.ErrTryAgain {
		s.stats.TryAgain++
	}
	return err
}

// send sends a multicast whose numbers are in range, unless there is pressure or
// too much waits for the token before it.
func (s *Service) send(c *client, op ipcwire.Op, q *ipcwire.EvsMcast, stream bool) ipcwire.Error {
	groups := q.Groups
	switch {
	case op == ipcwire.EvsMcastJoined && len(groups) > 0:
		return ipcwire.ErrInvalidParam
	case op == ipcwire.EvsMcastJoined:
		if groups = c.groups; len(groups) == 0 {
			return ipcwire.ErrNotExist
		}
	default:
		if err := checkGroups(groups); err != ipcwire.OK {
			return err
		}
	}
	s.header = appendHeader(s.header[:0], groups)
	size, prio := len(s.header)+len(q.Payload), gmi.Priority(q.Priority)
	if size > s.env.MaxMessage() || len(q.Payload) > s.opt.MaxPayload {
		return ipcwire.ErrTooBig
	}
	if s.pressed() || s.env.Queued(prio) > s.limits.QueueBytes || stream && !s.turn(c, prio, size) || !s.env.SendOK(prio, size) {
		return ipcwire.ErrTryAgain
	}
	guarantee := wire.Agreed
	if q.Guarantee == guaranteeSafe {
		guarantee = wire.Safe
	}
	// A slice made for the call would be one allocation per message.
	s.parts = [2][]byte{s.header, q.Payload}
	id, err := s.env.Multicast(prio, guarantee, s.parts[:]...)
	s.parts[1] = nil
	if err != nil {
		s.env.Logf("multicast of %d bytes: %v", size, err)
		return ipcwire.ErrLibrary
	}
	c.last[prio] = id
	s.stats.Multicasts++
	return ipcwire.OK
}

// LibStream is a multicast without an answer. As long as there is no room it stays
// in the connection's ring; less may wait for the token here than for requests
// that get TRY_AGAIN, so that these find room too.
func (s *Service) LibStream(c service.Conn, op ipcwire.Op, body []byte) bool {
	q := &s.request.mcast
	cl := c.State().(*client)
	if op != ipcwire.EvsMcastJoined && op != ipcwire.EvsMcastGroups ||
		!ipcwire.DecodeEvsMcast(body, q) || q.Guarantee > guaranteeSafe || q.Priority >= uint8(gmi.Priorities) {
		s.stats.StreamMalformed++
		return true
	}
	err := s.send(cl, op, q, true)
	q.Payload = nil
	switch err {
	case ipcwire.OK:
	case ipcwire.ErrTryAgain:
		return false
	default:
		s.stats.StreamMalformed++ // the library checks before
	}
	return true
}

// Deliver takes a message of a member.
func (s *Service) Deliver(from wire.Member, msg []byte, _ gmi.MessageID, _ bool) {
	switch {
	case len(msg) == 1 && (msg[0] == kindPressure || msg[0] == kindRelief):
		s.heard(from, msg[0] == kindPressure)
		return
	case len(msg) == 0 || msg[0] != kindMulticast:
		s.stats.Malformed++
		return
	}
	keys, payload, ok := splitMulticast(msg[1:])
	if !ok {
		s.stats.Malformed++
		return
	}
	clients := s.members.find(keys)
	if len(clients) == 0 {
		return
	}
	d := ipcwire.EvsDelivery{NodeID: uint32(from.ID), Address: s.address(from.ID)}
	s.buf = ipcwire.AppendEvsDeliveryHead(s.buf[:0], &d)
	head := len(s.buf)
	for _, c := range clients {
		if c.gone {
			continue // ended for what was queued for another
		}
		if c.payload == nil && len(s.buf) == head {
			s.buf = append(s.buf, payload...)
		}
		s.stats.Deliveries++
		if c.payload != nil {
			s.sent(c, head+len(payload), c.payload.NotifyPayload(ipcwire.EvsDeliver, s.buf[:head], payload))
		} else {
			s.sent(c, len(s.buf), c.conn.Notify(ipcwire.EvsDeliver, s.buf))
		}
	}
}

// sent deals with the result of queueing a callback.
func (s *Service) sent(c *client, size int, ok bool) {
	if !ok {
		s.end(c, "its queue of unread callbacks is full")
		return
	}
	s.queued(c, size)
}

// end ends a connection that does not read: nothing may be left out, and nobody
// may wait for it any longer.
func (s *Service) end(c *client, why string) {
	if c.gone {
		return
	}
	c.gone = true
	c.pressing = false
	s.members.leaveAll(c)
	s.stats.Dropped++
	s.env.Logf("connection %d is ended with %d bytes unread: %s", c.conn.ID(), c.conn.Pending(), why)
	c.conn.Disconnect("EVS: " + why)
}

// ConfigChange passes a configuration to every connection that joined a group.
func (s *Service) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	q := &ipcwire.EvsConfiguration{
		Transitional: kind == srp.DeliverTransitional,
		Members:      s.nodes(cfg.Members),
		Left:         s.nodes(cfg.Left),
		Joined:       s.nodes(cfg.Joined),
	}
	if q.Transitional {
		q.Joined = nil
		s.transitional = q
	} else {
		q.Left = nil
		s.regular, s.transitional = q, nil
		s.newConfiguration()
	}
	for _, c := range slices.Clone(s.conns) {
		// A connection that joined before there was any configuration begins with
		// the first regular one.
		if c.joined && (c.started || !q.Transitional) {
			s.sendConfiguration(c, q)
		}
	}
}

// sendConfiguration queues a configuration; in a client's first all members
// have joined.
func (s *Service) sendConfiguration(c *client, q *ipcwire.EvsConfiguration) {
	if c.gone {
		return
	}
	mine := *q
	if !c.started {
		mine.Joined, c.started = mine.Members, true
	}
	s.buf = ipcwire.AppendEvsConfiguration(s.buf[:0], &mine)
	s.sent(c, len(s.buf), c.conn.Notify(ipcwire.EvsConfchg, s.buf))
}

func (s *Service) nodes(list []wire.Member) []ipcwire.EvsNode {
	nodes := make([]ipcwire.EvsNode, len(list))
	for i, m := range list {
		nodes[i] = ipcwire.EvsNode{NodeID: uint32(m.ID), Address: slices.Clone(s.address(m.ID))}
	}
	return nodes
}

// address is a member's address. Without one it is the node id, most significant
// byte first, which is the address unless the configuration numbers the nodes.
func (s *Service) address(id wire.NodeID) []byte {
	if s.opt.Address != nil {
		if a := s.opt.Address(id); len(a) == 4 || len(a) == 16 {
			return a
		}
	}
	a := &s.addr
	*a = [4]byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}
	return a[:]
}

// Safe does nothing: a safe message is delivered when it is safe.
func (s *Service) Safe(gmi.MessageID) {}

// Indifferent: Safe does nothing.
func (s *Service) Indifferent() bool { return true }
