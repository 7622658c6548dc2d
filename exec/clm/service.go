// The service around the state: library requests, tracking connections, and the
// calls of the service manager. It decides nothing about membership.

package clm

import (
	"slices"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Track flags (SaUint8T trackFlags).
const (
	trackCurrent     uint8 = 1
	trackChanges     uint8 = 2
	trackChangesOnly uint8 = 4
)

const (
	// localNode stands for this node in a request.
	localNode = 0xFFFFFFFF
	// retryDelay is how often a client that does not read is tried again, in
	// nanoseconds.
	retryDelay = 50e6
	// unread is how many bytes of callbacks wait for a client before it counts as
	// one that does not read. Below the connection's own bound, because nobody ends
	// such a client: what it leaves unread must not use up what others need.
	unread = 64 << 10
	// maxEarly bounds the requests of one connection that wait for the first view.
	maxEarly = 64
	// longest bounds a timeout: beyond it a timer's arithmetic might overflow.
	longest = 100 * 365 * 24 * 3600 * 1e9
)

// Service is the Cluster Membership Service of one node.
type Service struct {
	env     service.Env
	state   *state
	cfg     *srp.Configuration // being synchronized
	left    []wire.Member      // who left since the current view, says extended virtual synchrony
	conns   []*client          // in order of their start
	waiting []*early           // requests that wait for the first view
	retry   func()             // cancels the timer for slow clients; nil: it does not run
	stats   Stats
	buf     []byte
}

// Stats counts since the start.
type Stats struct {
	Views     uint64 // views that became current
	Callbacks uint64 // queued for clients
	Coalesced uint64 // views that a slow client was not told of by itself
	Malformed uint64 // messages of members that do not decode
}

// client is the state of a connection.
type client struct {
	conn service.Conn
	// track is 0, trackChanges or trackChangesOnly.
	track uint8
	// told is the view this client was last told of, or that was current when it
	// began to track changes without asking for the current view; nil while it
	// knows of none.
	told    *view
	current bool // a callback with the current view is owed
	early   int  // requests that wait for the first view
	gone    bool
}

// early is a request for a node that came before the first view.
type early struct {
	c      *client
	seq    uint32
	async  bool
	req    ipcwire.ClmNodeGetReq
	cancel func()
}

// New returns the service.
func New() *Service { return &Service{} }

// Stats returns the counters.
func (s *Service) Stats() Stats { return s.stats }

// ID, Name and the methods below implement service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.CLM }

// Name is the service's group.
func (s *Service) Name() string { return "clm" }

// ExecInit prepares what this node says of itself.
func (s *Service) ExecInit(env service.Env) error {
	s.env = env
	name, cluster := []byte(env.NodeName()), []byte(env.ClusterName())
	s.state = newState(node{
		member:  env.Self(),
		address: slices.Clone(env.Address()),
		name:    name[:min(len(name), maxName)],
		cluster: cluster[:min(len(cluster), maxName)],
		boot:    env.BootTime(),
	})
	return nil
}

// LibInit takes every connection.
func (s *Service) LibInit(c service.Conn, _ ipcwire.Generation, _ []byte) ipcwire.Error {
	cl := &client{conn: c}
	c.SetState(cl)
	s.conns = append(s.conns, cl)
	return ipcwire.OK
}

// LibExit forgets a connection.
func (s *Service) LibExit(c service.Conn) {
	cl := c.State().(*client)
	cl.gone = true
	s.conns = slices.DeleteFunc(s.conns, func(o *client) bool { return o == cl })
	s.waiting = slices.DeleteFunc(s.waiting, func(w *early) bool {
		if w.c != cl {
			return false
		}
		w.stop()
		return true
	})
}

// ReadsOnly lets every request be answered during synchronization: they read
// the view, which is the one before until synchronization is through.
func (s *Service) ReadsOnly(ipcwire.Op) bool { return true }

// SyncEarly marks the service: it needs no partition.
func (s *Service) SyncEarly() {}

// SyncStart begins a new view.
func (s *Service) SyncStart(cfg *srp.Configuration, _ []wire.Member) {
	s.cfg = cfg
	s.state.start()
}

// SyncSend tells the others about this node.
func (s *Service) SyncSend() (done bool) {
	s.buf = appendNode(s.buf[:0], &s.state.self)
	if !s.env.SendOK(gmi.Recovery, len(s.buf)) {
		return false
	}
	if _, err := s.env.Multicast(gmi.Recovery, wire.Agreed, s.buf); err != nil {
		s.env.Logf("node information: %v", err)
		return false
	}
	return true
}

// SyncAbort returns to the view before.
func (s *Service) SyncAbort() { s.state.abort() }

// SyncApply makes the new view current and tells the clients that track.
func (s *Service) SyncApply() {
	first := s.state.current.number == 0
	// Numbers of rings are further apart than one: the one below is free.
	if v := lost(s.state.current, s.left, s.cfg.Members, s.cfg.Ring.Seq-1); v != nil {
		before := s.state.current
		s.state.current = v
		s.stats.Views++
		for _, c := range slices.Clone(s.conns) {
			s.tell(c)
		}
		s.state.current = before // it knows more about who came back
	}
	s.left = s.left[:0]
	for _, m := range s.state.apply(s.cfg.Ring.Seq, s.cfg.Members) {
		s.env.Logf("node %d said nothing valid of itself", m.ID)
	}
	s.stats.Views++
	// Answers to early requests come first: they were asked first.
	waiting := s.waiting
	s.waiting = nil
	for _, w := range waiting {
		w.stop()
		s.answer(w.c, w.seq, w.async, &w.req)
	}
	for _, c := range slices.Clone(s.conns) {
		if first && c.told != nil {
			c.told = s.state.current // nothing changed: there was nothing before
		}
		s.tell(c)
	}
}

// Deliver takes what a member says of itself.
func (s *Service) Deliver(from wire.Member, msg []byte, _ gmi.MessageID, _ bool) {
	n, ok := decodeNode(msg, from)
	if !ok {
		s.stats.Malformed++
		return
	}
	s.state.say(n)
}

// ConfigChange remembers who left; clients see the view before until SyncApply.
func (s *Service) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if kind == srp.DeliverTransitional {
		s.left = append(s.left, cfg.Left...)
	}
}

// Safe does nothing: nobody waits for it.
func (s *Service) Safe(gmi.MessageID) {}

// Indifferent: Safe does nothing.
func (s *Service) Indifferent() bool { return true }

// LibRequest handles one request.
func (s *Service) LibRequest(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	cl := c.State().(*client)
	switch op {
	case ipcwire.ClmTrack:
		s.requestTrack(cl, seq, body)
	case ipcwire.ClmTrackStop:
		if cl.track == 0 {
			c.Respond(seq, ipcwire.ErrNotExist, nil)
			return
		}
		cl.track, cl.told = 0, nil
		c.Respond(seq, ipcwire.OK, nil)
	case ipcwire.ClmNodeGet, ipcwire.ClmNodeGetAsync:
		s.requestNodeGet(cl, seq, op == ipcwire.ClmNodeGetAsync, body)
	default:
		c.Respond(seq, ipcwire.ErrNotSupported, nil)
	}
}

func (s *Service) requestTrack(c *client, seq uint32, body []byte) {
	var req ipcwire.ClmTrackReq
	if !ipcwire.DecodeClmTrackReq(body, &req) {
		c.conn.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	const known = trackCurrent | trackChanges | trackChangesOnly
	both := req.Flags&(trackChanges|trackChangesOnly) == trackChanges|trackChangesOnly
	if req.Flags == 0 || req.Flags&^known != 0 || both {
		c.conn.Respond(seq, ipcwire.ErrBadFlags, nil)
		return
	}
	current := req.Flags&trackCurrent != 0
	if req.Buffer && !current {
		c.conn.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	v := s.state.current
	var answer []byte
	switch {
	case !current:
	case req.Buffer && v.number == 0:
		c.conn.Respond(seq, ipcwire.ErrTryAgain, nil)
		return
	case req.Buffer:
		s.buf = appendView(s.buf[:0], v, difference(v, v), false)
		answer = s.buf
	default:
		// Owed until it is queued: a full queue delays it, and a view that comes
		// meanwhile is the current one then.
		c.current = true
	}
	if mode := req.Flags &^ trackCurrent; mode != 0 {
		if c.track == 0 && !c.current {
			c.told = v
		}
		c.track = mode
	}
	c.conn.Respond(seq, ipcwire.OK, answer)
	s.tell(c)
}

// tell queues the callbacks a client is owed: the current view if it asked for
// it, else what changed since it was last told.
func (s *Service) tell(c *client) {
	v := s.state.current
	if c.gone || v.number == 0 {
		return
	}
	if c.current {
		// The whole view; to a client that tracks it says what changed as well.
		base := v
		if c.told != nil {
			base = c.told
		}
		if !s.notify(c, appendView(s.buf[:0], v, difference(base, v), false)) {
			return
		}
		c.current = false
		if c.track != 0 {
			c.told = v
		}
		return
	}
	if c.track == 0 || c.told == v {
		return
	}
	list := difference(c.told, v)
	if !changed(list) {
		c.told = v
		return
	}
	if s.notify(c, appendView(s.buf[:0], v, list, c.track == trackChangesOnly)) {
		c.told = v
	}
}

// notify queues a track callback; when the client's queue is full it is tried
// again later, with what is the latest then.
func (s *Service) notify(c *client, body []byte) bool {
	s.buf = body
	if s.queue(c, ipcwire.ClmTrackCallback, body) {
		return true
	}
	s.stats.Coalesced++
	if s.retry == nil {
		s.retry = s.env.After(retryDelay, s.retryAll)
	}
	return false
}

func (s *Service) retryAll() {
	s.retry = nil
	for _, c := range slices.Clone(s.conns) {
		s.tell(c)
	}
}

func (s *Service) requestNodeGet(c *client, seq uint32, async bool, body []byte) {
	var req ipcwire.ClmNodeGetReq
	if !ipcwire.DecodeClmNodeGetReq(body, &req) {
		c.conn.Respond(seq, ipcwire.ErrInvalidParam, nil)
		return
	}
	if !async && req.Timeout <= 0 {
		c.conn.Respond(seq, ipcwire.ErrTimeout, nil)
		return
	}
	if s.state.current.number == 0 {
		s.wait(c, seq, async, &req)
		return
	}
	if async && !s.asyncAnswer(c, &req) {
		c.conn.Respond(seq, ipcwire.ErrTryAgain, nil)
		return
	}
	if async {
		c.conn.Respond(seq, ipcwire.OK, nil)
		return
	}
	s.answer(c, seq, false, &req)
}

// wait keeps a request until there is a first view, or its timeout is over. An
// asynchronous one is accepted now and has no timeout.
func (s *Service) wait(c *client, seq uint32, async bool, req *ipcwire.ClmNodeGetReq) {
	if c.early == maxEarly {
		c.conn.Respond(seq, ipcwire.ErrTryAgain, nil)
		return
	}
	c.early++
	w := &early{c: c, seq: seq, async: async, req: *req}
	s.waiting = append(s.waiting, w)
	if async {
		c.conn.Respond(seq, ipcwire.OK, nil)
		return
	}
	w.cancel = s.env.After(min(req.Timeout, longest), func() {
		s.waiting = slices.DeleteFunc(s.waiting, func(o *early) bool { return o == w })
		w.stop()
		c.conn.Respond(seq, ipcwire.ErrTimeout, nil)
	})
}

func (w *early) stop() {
	w.c.early--
	if w.cancel != nil {
		w.cancel()
		w.cancel = nil
	}
}

// lookup finds the node of a request in the current view. Implementations
// disagree whether one that is not in it does not exist or is an invalid
// parameter: as any number is a valid node id, it does not exist.
func (s *Service) lookup(id uint32) (*node, ipcwire.Error) {
	if id == localNode {
		id = uint32(s.state.self.member.ID)
	}
	if n := s.state.current.find(wire.NodeID(id)); n != nil {
		return n, ipcwire.OK
	}
	return nil, ipcwire.ErrNotExist
}

// answer answers a request from the current view.
func (s *Service) answer(c *client, seq uint32, async bool, req *ipcwire.ClmNodeGetReq) {
	if async {
		if !s.asyncAnswer(c, req) {
			s.env.Logf("a client that does not read lost the answer to an asynchronous request")
		}
		return
	}
	n, err := s.lookup(req.NodeID)
	if err != ipcwire.OK {
		c.conn.Respond(seq, err, nil)
		return
	}
	info := nodeInfo(n, true)
	s.buf = ipcwire.AppendClmNodeInfo(s.buf[:0], &info)
	c.conn.Respond(seq, ipcwire.OK, s.buf)
}

// asyncAnswer queues the callback of an asynchronous request; false: the
// client's queue is full.
func (s *Service) asyncAnswer(c *client, req *ipcwire.ClmNodeGetReq) bool {
	n, err := s.lookup(req.NodeID)
	result := ipcwire.ClmNodeGetResult{Invocation: req.Invocation, Error: err}
	if err == ipcwire.OK {
		result.Node = nodeInfo(n, true)
	}
	s.buf = ipcwire.AppendClmNodeGetResult(s.buf[:0], &result)
	return s.queue(c, ipcwire.ClmNodeGetCallback, s.buf)
}

// queue queues a callback; false: the client does not read.
func (s *Service) queue(c *client, op ipcwire.Op, body []byte) bool {
	if c.conn.Pending() >= unread || !c.conn.Notify(op, body) {
		return false
	}
	s.stats.Callbacks++
	return true
}
