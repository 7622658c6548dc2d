// The service: library requests, what is delivered, and what clients are owed.

package evt

import (
	"encoding/binary"
	"slices"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Limits are the bounds of the package comment.
type Limits struct {
	// PublishBytes is how much may wait for the token at a priority before one
	// more event is taken from a publisher.
	PublishBytes int
	// QueueBytes bounds what waits for one connection.
	QueueBytes int
	// TotalBytes: when half of it waits for all connections together, each may let
	// only its share wait, but always MinBytes.
	TotalBytes int
	MinBytes   int
	// RetainedBytes bounds the retained events of the cluster: no publisher's
	// retained event is taken beyond it. All of them are sent at a join before
	// requests flow again, so this is what keeps publishers from being put off for
	// more than 200 ms (make campaign-evt-barrier measures it).
	RetainedBytes int
	// FilterBytes bounds the filters of one connection's subscriptions, 256 bytes
	// for each subscription included.
	FilterBytes int
	// RetainedEvents bounds their number: a new subscription is compared with all of
	// its channel's.
	RetainedEvents int
	// Openings bounds the channels that one connection has open.
	Openings int
}

// DefaultLimits are used where Options says nothing.
var DefaultLimits = Limits{
	PublishBytes:   512 << 10,
	QueueBytes:     4 << 20,
	TotalBytes:     64 << 20,
	MinBytes:       256 << 10,
	RetainedBytes:  24 << 20,
	RetainedEvents: 32768,
	FilterBytes:    16 << 20,
	Openings:       4096,
}

// Options are fixed for the life of a Service.
type Options struct {
	// Limits; zero fields are those of DefaultLimits.
	Limits Limits
	// Now is a clock that only grows, Wall the time of day, both in nanoseconds
	// (default: the system's).
	Now, Wall func() int64
}

// Stats counts since the start.
type Stats struct {
	Published uint64 // accepted from clients
	TryAgain  uint64 // refused because too much waits for the ring
	Delivered uint64 // events of members
	Queued    uint64 // events for subscriptions
	Fetched   uint64 // of these, by clients
	Lost      uint64 // of these, dropped because a client is slow
	Notices   uint64 // of loss, fetched by clients
	Retained  uint64
	Expired   uint64
	Malformed uint64 // messages of members that do not decode
	Orphans   uint64 // events for a channel that is gone
	Merges    uint64 // states of several partitions made one
}

const (
	// retryDelay is how often what the ring had no room for is tried again.
	retryDelay = 20e6
	// longest bounds a timeout: beyond it a timer's arithmetic might overflow.
	longest = 100 * 365 * 24 * 3600 * 1e9
	// maxPendingOpens bounds a connection's asynchronous opens under way.
	maxPendingOpens = 64
	// subscriptionCost is what FilterBytes counts beside a subscription's filters.
	subscriptionCost = 256
)

// scope is where a channel lives: the cluster, or this node.
type scope struct {
	local bool
	st    *state
	index map[dot]*index
	due   deadlines
}

func newScope(local bool) *scope {
	return &scope{local: local, st: newState(), index: map[dot]*index{}}
}

// subscription is one of a client's.
type subscription struct {
	o       *opening
	id      uint64
	filters []filter
	size    int // counted against FilterBytes
	place   place
	waiting int  // events in the client's queue
	bytes   int  // of these
	lost    bool // a notice is owed
	ended   bool
}

// opening is a channel that a client has open.
type opening struct {
	c       *client
	n       uint32 // its number in the library protocol
	flags   uint8
	sc      *scope
	channel dot
	subs    map[uint64]*subscription
}

// client is the state of a connection.
type client struct {
	conn      service.Conn
	last      uint32
	openings  map[uint32]*opening
	filters   int // bytes
	queue     queue
	announced bool // an EvtPending is under way, or was not followed by a fetch yet
	opening   int  // asynchronous opens under way
	gone      bool
}

// pending is a request whose message is under way.
type pending struct {
	c          *client
	seq        uint32
	async      bool
	invocation uint64
	flags      uint8 // of an open
	cancel     func()
	over       bool // it was answered: its time was over
}

// Service is the event service of one node.
type Service struct {
	env     service.Env
	opt     Options
	limits  Limits
	self    actor
	clients []*client
	waiting int // bytes that wait for all clients
	pool    pool
	stats   Stats

	cluster, local *scope
	pending        map[gmi.MessageID]*pending
	closings       []closing // that are not on their way yet
	retry          func()    // cancels the timer for those; nil: it does not run
	unannounced    bool      // a client could not be told that events wait
	nextID         uint64    // of events

	lowest bool   // of the members
	timer  func() // cancels the timer of deadlines
	armed  int64  // what it is set to

	sync syncing

	buf     []byte
	msg     []byte
	event   ipcwire.EvtEvent // scratch of decoding
	request struct {
		publish   ipcwire.EvtPublishReq
		subscribe ipcwire.EvtSubscribeReq
	}
	parts [2][]byte
}

// New returns the service.
func New(opt Options) *Service {
	l, d := opt.Limits, DefaultLimits
	for _, f := range []struct{ v, def *int }{
		{&l.PublishBytes, &d.PublishBytes}, {&l.QueueBytes, &d.QueueBytes},
		{&l.TotalBytes, &d.TotalBytes}, {&l.MinBytes, &d.MinBytes}, {&l.RetainedBytes, &d.RetainedBytes},
		{&l.FilterBytes, &d.FilterBytes}, {&l.RetainedEvents, &d.RetainedEvents}, {&l.Openings, &d.Openings},
	} {
		if *f.v == 0 {
			*f.v = *f.def
		}
	}
	if opt.Now == nil {
		base := time.Now()
		opt.Now = func() int64 { return int64(time.Since(base)) }
	}
	if opt.Wall == nil {
		opt.Wall = func() int64 { return time.Now().UnixNano() }
	}
	return &Service{
		opt: opt, limits: l, cluster: newScope(false), local: newScope(true),
		pending: map[gmi.MessageID]*pending{}, armed: forever,
	}
}

// Stats returns the counters.
func (s *Service) Stats() Stats { return s.stats }

// ID, Name and the methods below implement service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.EVT }

// Name is the service's group.
func (s *Service) Name() string { return "evt" }

// ExecInit keeps the environment.
func (s *Service) ExecInit(env service.Env) error {
	s.env = env
	s.self = actorOf(env.Self())
	s.nextID = firstID(s.self.nonce)
	return nil
}

// LibInit takes every connection.
func (s *Service) LibInit(c service.Conn, _ ipcwire.Generation, _ []byte) ipcwire.Error {
	cl := &client{conn: c, openings: map[uint32]*opening{}}
	c.SetState(cl)
	s.clients = append(s.clients, cl)
	return ipcwire.OK
}

// LibExit gives back everything that a connection had.
func (s *Service) LibExit(c service.Conn) {
	cl := c.State().(*client)
	cl.gone = true
	for _, n := range slices.Sorted(mapKeys(cl.openings)) {
		s.forget(cl.openings[n])
	}
	cl.queue.drop() // only ghosts are left
	s.clients = slices.DeleteFunc(s.clients, func(o *client) bool { return o == cl })
	s.flushClosings()
}

func mapKeys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// lane is the ring's priority of an event's.
func lane(prio uint8) gmi.Priority {
	switch {
	case prio <= 1:
		return gmi.High
	case prio == 2:
		return gmi.Medium
	}
	return gmi.Low
}

// RequestSize is about what a request puts on the ring.
func (s *Service) RequestSize(op ipcwire.Op, body []byte) (size int, prio gmi.Priority, ok bool) {
	switch op {
	case ipcwire.EvtPublish:
		if len(body) < 5 {
			return 0, 0, false
		}
		return len(body) + publishHead + entryCost, lane(body[4]), true
	case ipcwire.EvtOpen, ipcwire.EvtOpenAsync, ipcwire.EvtClose, ipcwire.EvtUnlink, ipcwire.EvtRetentionClear:
		return smallMessage, gmi.Low, true
	}
	return 0, 0, false
}

// ReadsOnly lets clients fetch and choose what they get, and operators look, while
// the service is being synchronized.
func (s *Service) ReadsOnly(op ipcwire.Op) bool {
	switch op {
	case ipcwire.EvtNext, ipcwire.EvtSubscribe, ipcwire.EvtUnsubscribe, ipcwire.EvtChannels, ipcwire.EvtRetained:
		return true
	}
	return false
}

// TimeLimit has an opening wait for room as long as its caller has time.
func (s *Service) TimeLimit(op ipcwire.Op, body []byte) []byte {
	if op != ipcwire.EvtOpen {
		return nil
	}
	limit := ipcwire.EvtOpenTimeout(body)
	if limit == nil || int64(binary.LittleEndian.Uint64(limit)) <= 0 {
		return nil // TIMEOUT, once it is looked at
	}
	return limit
}

// LibRequest handles one request.
func (s *Service) LibRequest(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	cl := c.State().(*client)
	var err ipcwire.Error
	switch op {
	case ipcwire.EvtOpen, ipcwire.EvtOpenAsync:
		err = s.requestOpen(cl, seq, op == ipcwire.EvtOpenAsync, body)
	case ipcwire.EvtClose:
		err = s.requestClose(cl, body)
	case ipcwire.EvtUnlink:
		err = s.requestUnlink(cl, seq, body)
	case ipcwire.EvtPublish:
		err = s.requestPublish(cl, seq, body)
	case ipcwire.EvtSubscribe:
		s.requestSubscribe(cl, seq, body)
		return
	case ipcwire.EvtUnsubscribe:
		err = s.requestUnsubscribe(cl, body)
	case ipcwire.EvtRetentionClear:
		err = s.requestClear(cl, seq, body)
	case ipcwire.EvtNext:
		err = s.requestNext(cl, seq, body)
	case ipcwire.EvtChannels:
		err = s.requestChannels(cl, seq, body)
	case ipcwire.EvtRetained:
		err = s.requestRetained(cl, seq, body)
	default:
		err = ipcwire.ErrNotSupported
	}
	if err != answered {
		c.Respond(seq, err, nil)
	}
}

// answered is what a handler returns that answers itself, now or later.
const answered ipcwire.Error = 0

// send puts a request's message on its way. p, which may be nil, is answered when it
// is applied.
func (s *Service) send(sc *scope, prio gmi.Priority, p *pending, parts ...[]byte) ipcwire.Error {
	if sc.local {
		s.msg = s.msg[:0]
		for _, b := range parts {
			s.msg = append(s.msg, b...)
		}
		s.apply(sc, s.self, s.msg, p)
		return ipcwire.OK
	}
	size := 0
	for _, b := range parts {
		size += len(b)
	}
	if !s.env.SendOK(prio, size) {
		s.stats.TryAgain++
		return ipcwire.ErrTryAgain
	}
	id, err := s.env.Multicast(prio, wire.Agreed, parts...)
	if err != nil {
		s.env.Logf("message of %d bytes: %v", size, err)
		return ipcwire.ErrLibrary
	}
	if p != nil {
		s.pending[id] = p
	}
	return ipcwire.OK
}

func (s *Service) scope(local bool) *scope {
	if local {
		return s.local
	}
	return s.cluster
}

const knownFlags = ipcwire.EvtChannelPublisher | ipcwire.EvtChannelSubscriber | ipcwire.EvtChannelCreate

func (s *Service) requestOpen(c *client, seq uint32, async bool, body []byte) ipcwire.Error {
	var q ipcwire.EvtOpenReq
	switch {
	case !ipcwire.DecodeEvtOpenReq(body, &q) || len(q.Name) == 0:
		return ipcwire.ErrInvalidParam
	case q.Flags == 0 || q.Flags&^knownFlags != 0:
		return ipcwire.ErrBadFlags
	case !async && q.Timeout <= 0:
		return ipcwire.ErrTimeout
	case len(c.openings)+c.opening >= s.limits.Openings:
		return ipcwire.ErrNoResources
	case c.opening >= maxPendingOpens:
		return ipcwire.ErrTryAgain
	}
	p := &pending{c: c, seq: seq, async: async, invocation: q.Invocation, flags: q.Flags}
	s.buf = appendOpen(s.buf[:0], q.Flags&ipcwire.EvtChannelCreate != 0, s.opt.Wall(), q.Name)
	if async && !q.Local && !s.env.SendOK(gmi.Low, len(s.buf)) {
		return ipcwire.ErrTryAgain
	}
	c.opening++
	if async {
		c.conn.Respond(seq, ipcwire.OK, nil) // before its callback
	}
	if err := s.send(s.scope(q.Local), gmi.Low, p, s.buf); err != ipcwire.OK {
		c.opening--
		if async {
			s.openCallback(c, q.Invocation, err, 0)
			return answered
		}
		return err
	}
	if !async && !p.over {
		p.cancel = s.env.After(min(q.Timeout, longest), func() {
			p.cancel, p.over = nil, true
			if !c.gone {
				c.conn.Respond(seq, ipcwire.ErrTimeout, nil)
			}
		})
	}
	return answered
}

// opened is the end of an open.
func (s *Service) opened(sc *scope, p *pending, ch *channel, err ipcwire.Error) {
	c := p.c
	c.opening--
	if p.cancel != nil {
		p.cancel()
		p.cancel = nil
	}
	if p.over || c.gone {
		if err == ipcwire.OK { // nobody knows of it
			s.giveBack(sc, ch.id)
		}
		return
	}
	p.over = true
	if err != ipcwire.OK {
		if p.async {
			s.openCallback(c, p.invocation, err, 0)
		} else {
			c.conn.Respond(p.seq, err, nil)
		}
		return
	}
	c.last++
	o := &opening{c: c, n: c.last, flags: p.flags, sc: sc, channel: ch.id, subs: map[uint64]*subscription{}}
	c.openings[o.n] = o
	if !p.async {
		s.buf = ipcwire.AppendEvtOpened(s.buf[:0], &ipcwire.EvtOpened{Channel: o.n})
		c.conn.Respond(p.seq, ipcwire.OK, s.buf)
		return
	}
	if !s.openCallback(c, p.invocation, ipcwire.OK, o.n) {
		s.forget(o)
		s.flushClosings()
	}
}

// openCallback queues the result of an asynchronous open.
func (s *Service) openCallback(c *client, invocation uint64, err ipcwire.Error, n uint32) bool {
	s.buf = ipcwire.AppendEvtOpenResult(s.buf[:0], &ipcwire.EvtOpenResult{Invocation: invocation, Error: err, Channel: n})
	if c.conn.Notify(ipcwire.EvtOpenCallback, s.buf) {
		return true
	}
	s.env.Logf("a client that does not read lost the answer to an asynchronous open")
	return false
}

// forget ends an opening on this node; its message is left to flushClosings.
func (s *Service) forget(o *opening) {
	for _, sub := range o.subs {
		s.end(sub)
	}
	delete(o.c.openings, o.n)
	s.giveBack(o.sc, o.channel)
}

// end takes a subscription out of everything.
func (s *Service) end(sub *subscription) {
	sub.ended = !planted(bugGhosts)
	sc, c := sub.o.sc, sub.o.c
	if x := sc.index[sub.o.channel]; x != nil {
		x.remove(sub)
		if x.size == 0 {
			delete(sc.index, sub.o.channel)
		}
	}
	c.filters -= sub.size
	delete(sub.o.subs, sub.id)
	before := c.queue.bytes
	c.queue.forget(sub)
	s.waiting += c.queue.bytes - before
}

// giveBack enters one opening to be closed.
func (s *Service) giveBack(sc *scope, id dot) {
	if sc.local {
		sc.st.close(s.self, id, 1)
		return
	}
	if last := len(s.closings) - 1; last >= 0 && s.closings[last].channel == id {
		s.closings[last].n++
		return
	}
	s.closings = append(s.closings, closing{id, 1})
}

// flushClosings sends what is to be closed, as far as the ring has room.
func (s *Service) flushClosings() {
	for len(s.closings) > 0 {
		n := min(len(s.closings), 1000, (s.env.MaxMessage()-3)/closingSize)
		s.buf = appendClose(s.buf[:0], s.closings[:n])
		if s.send(s.cluster, gmi.Low, nil, s.buf) != ipcwire.OK {
			s.later()
			return
		}
		s.closings = slices.Delete(s.closings, 0, n)
	}
}

// later has what is still owed tried again.
func (s *Service) later() {
	if s.retry == nil {
		s.retry = s.env.After(retryDelay, func() {
			s.retry = nil
			s.flushClosings()
			if s.unannounced {
				s.unannounced = false
				for _, c := range s.clients {
					s.announce(c)
				}
			}
		})
	}
}

func (s *Service) requestClose(c *client, body []byte) ipcwire.Error {
	var q ipcwire.EvtChannelReq
	if !ipcwire.DecodeEvtChannelReq(body, &q) {
		return ipcwire.ErrInvalidParam
	}
	o := c.openings[q.Channel]
	if o == nil {
		return ipcwire.ErrBadHandle
	}
	s.forget(o)
	s.flushClosings()
	return ipcwire.OK
}

func (s *Service) requestUnlink(c *client, seq uint32, body []byte) ipcwire.Error {
	var q ipcwire.EvtUnlinkReq
	if !ipcwire.DecodeEvtUnlinkReq(body, &q) || len(q.Name) == 0 {
		return ipcwire.ErrInvalidParam
	}
	s.buf = appendUnlink(s.buf[:0], q.Name)
	return s.answerLater(s.send(s.scope(q.Local), gmi.Low, &pending{c: c, seq: seq}, s.buf))
}

func (s *Service) answerLater(err ipcwire.Error) ipcwire.Error {
	if err == ipcwire.OK {
		return answered
	}
	return err
}

func (s *Service) requestClear(c *client, seq uint32, body []byte) ipcwire.Error {
	var q ipcwire.EvtClearReq
	if !ipcwire.DecodeEvtClearReq(body, &q) {
		return ipcwire.ErrInvalidParam
	}
	o := c.openings[q.Channel]
	switch {
	case o == nil:
		return ipcwire.ErrBadHandle
	case q.EventID <= ipcwire.EvtReservedIDs:
		return ipcwire.ErrInvalidParam
	}
	s.buf = appendClear(s.buf[:0], o.channel, q.EventID)
	return s.answerLater(s.send(o.sc, gmi.Low, &pending{c: c, seq: seq}, s.buf))
}

func (s *Service) requestPublish(c *client, seq uint32, body []byte) ipcwire.Error {
	q := &s.request.publish
	if !ipcwire.DecodeEvtPublishReq(body, q) {
		return ipcwire.ErrInvalidParam
	}
	o := c.openings[q.Channel]
	switch {
	case o == nil:
		return ipcwire.ErrBadHandle
	case q.Priority >= priorities || q.Retention < 0:
		return ipcwire.ErrInvalidParam
	case len(q.Data) > ipcwire.EvtMaxData:
		return ipcwire.ErrTooBig
	case o.flags&ipcwire.EvtChannelPublisher == 0:
		return ipcwire.ErrAccess
	}
	e := ipcwire.EvtEvent{ID: s.eventID(o), Priority: q.Priority, Retention: q.Retention, Time: s.opt.Wall(),
		Publisher: q.Publisher, Patterns: q.Patterns, Data: q.Data}
	s.buf = appendDot(append(s.buf[:0], kindPublish), o.channel)
	s.buf = ipcwire.AppendEvtSharedHead(s.buf, &e)
	size := len(s.buf) + len(q.Data)
	switch {
	case size+snapshotOverhead > s.env.MaxMessage():
		return ipcwire.ErrTooBig
	case q.Retention > 0 && (o.sc.st.bytes+size > s.limits.RetainedBytes || len(o.sc.st.events) >= s.limits.RetainedEvents):
		return ipcwire.ErrNoResources
	case !o.sc.local && s.env.Queued(lane(q.Priority)) > s.limits.PublishBytes:
		s.stats.TryAgain++
		return ipcwire.ErrTryAgain
	}
	s.parts = [2][]byte{s.buf, q.Data}
	by := lane(q.Priority)
	if planted(bugTwoLanes) && len(q.Data)%2 == 0 {
		by = gmi.High
	}
	err := ipcwire.OK
	if !planted(bugNotSent) || e.ID%64 != 0 {
		err = s.send(o.sc, by, nil, s.parts[:]...)
	}
	s.parts[1] = nil
	if err != ipcwire.OK {
		return err
	}
	s.stats.Published++
	s.buf = ipcwire.AppendEvtPublished(s.buf[:0], &ipcwire.EvtPublished{ID: e.ID, Time: e.Time})
	c.conn.Respond(seq, ipcwire.OK, s.buf)
	return answered
}

// firstID is where a start begins to count its events: in a range of 4 billion
// numbers that its nonce chose, so that no other start of any node has the same.
// Neither the reserved ids nor 0 are in any of them.
func firstID(n wire.Nonce) uint64 {
	return uint64(max(1, binary.LittleEndian.Uint32(n[:]))) << 32
}

// eventID is a new event's id: one that no retained event of the channel has.
func (s *Service) eventID(o *opening) uint64 {
	ch := o.sc.st.find(o.channel)
	for {
		s.nextID++
		if ch == nil || ch.byID[s.nextID] == nil {
			return s.nextID
		}
	}
}

// apply does what a message says, on every member alike. p is the request of this
// node that it came from, if somebody waits for it.
func (s *Service) apply(sc *scope, by actor, msg []byte, p *pending) {
	if len(msg) == 0 {
		s.stats.Malformed++
		return
	}
	c := cursor{b: msg[1:]}
	ok := true
	switch msg[0] {
	case kindPublish:
		ok = s.applyPublish(sc, by, &c)
	case kindOpen:
		create, created, name := c.flag(), int64(c.u64()), c.name()
		if ok = c.done(); ok {
			ch, err := sc.st.open(by, string(name), create, created)
			if p != nil {
				s.opened(sc, p, ch, err)
				s.flushClosings()
			}
		}
	case kindClose:
		n := int(c.u16())
		for range n {
			sc.st.close(by, c.dot(), c.u32())
		}
		ok = c.done()
	case kindUnlink:
		if name := c.name(); c.done() {
			s.respond(p, sc.st.unlink(string(name)))
		} else {
			ok = false
		}
	case kindClear:
		channel, id := c.dot(), c.u64()
		if ok = c.done(); ok {
			s.respond(p, sc.st.clear(channel, id))
		}
	case kindExpire:
		n := int(c.u16())
		for range n {
			if sc.st.expire(c.dot()) {
				s.stats.Expired++
			}
		}
		ok = c.done()
	default:
		ok = false
	}
	if !ok {
		s.stats.Malformed++
	}
}

func (s *Service) respond(p *pending, err ipcwire.Error) {
	if p != nil && !p.c.gone {
		p.c.conn.Respond(p.seq, err, nil)
	}
}

// applyPublish delivers an event to the subscriptions of this node.
func (s *Service) applyPublish(sc *scope, by actor, c *cursor) bool {
	channel := c.dot()
	e := &s.event
	if c.bad || !ipcwire.DecodeEvtShared(c.b, e) || e.Priority >= priorities || e.Retention < 0 {
		return false
	}
	s.stats.Delivered++
	ch := sc.st.find(channel)
	if ch == nil {
		s.stats.Orphans++
		return true
	}
	var rec *record
	if e.Retention > 0 {
		rec = s.pool.copy(c.b)
		s.stats.Retained++
		kept := sc.st.retain(by, ch, e.ID, rec)
		sc.due.add(kept, later(s.opt.Now(), e.Retention))
		s.arm()
	}
	x := sc.index[ch.id]
	if x == nil {
		return true
	}
	hits := x.match(e.Patterns)
	if len(hits) == 0 {
		return true
	}
	if rec == nil {
		rec = s.pool.copy(c.b)
	} else {
		rec.hold()
	}
	for _, sub := range hits {
		s.enqueue(sub, rec, e.Priority)
	}
	rec.release()
	return true
}

// Deliver takes a message of a member.
func (s *Service) Deliver(from wire.Member, msg []byte, id gmi.MessageID, _ bool) {
	if len(msg) > 0 && msg[0] == kindSnapshot {
		s.takeSnapshot(from, msg[1:])
		return
	}
	var p *pending
	if id != 0 {
		if p = s.pending[id]; p != nil {
			delete(s.pending, id)
		}
	}
	s.apply(s.cluster, actorOf(from), msg, p)
}

// ConfigChange does nothing: what it means for the state waits for SyncApply.
func (s *Service) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}

// Safe does nothing: nobody waits for it.
func (s *Service) Safe(gmi.MessageID) {}

// Indifferent: Safe does nothing.
func (s *Service) Indifferent() bool { return true }

// prioOf and idOf read an event's record.
func prioOf(r *record) uint8 { return r.buf[8] }
func idOf(r *record) uint64  { return binary.LittleEndian.Uint64(r.buf) }
