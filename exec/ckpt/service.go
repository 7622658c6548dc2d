// The service: library requests become ordered messages, delivered messages
// become changes of the state and answers. It owns the requests under way.

package ckpt

import (
	"errors"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Priorities of messages. Requests and whatever must keep its order with them
// have one priority: messages of one priority are FIFO.
const (
	prioRequest = gmi.Medium
	prioPages   = gmi.Low
)

// Defaults of Options, and limits.
const (
	DefaultMemory  = 4 << 30
	DefaultTimeout = 10e9
	maxAsync       = 1024 // asynchronous operations of a connection that are under way
	retryDelay     = 2e6  // until what the ring or a client had no room for is tried again
)

// Options are fixed for the life of a Service.
type Options struct {
	// Now is a monotonic clock and Wall the wall clock (since 1970), nanoseconds.
	// They are read for requests and timers; no replicated decision is taken by
	// them. Both are needed.
	Now, Wall func() int64
	// Memory is how many bytes this executive is willing to keep (DefaultMemory).
	Memory int64
	// Each is how many bytes of data a checkpoint may have (Memory). As with Memory
	// the least of the members' counts.
	Each int64
	// Store keeps the state beyond the end of the process; nil: nothing does. Restored
	// is what it had at the start (nil: nothing). Changes wait SaveDelay nanoseconds
	// (DefaultSaveDelay) for each other before they are saved.
	Store     Store
	Restored  *Image
	SaveDelay int64
	// Problems is how many of Store's files were torn or damaged at the start.
	Problems uint64
	// Timeout is that of opens and synchronizes which have none, nanoseconds
	// (DefaultTimeout).
	Timeout int64
	// Used, if not nil, is told how many bytes are counted when that has changed much:
	// the process has a memory limit to set.
	Used func(bytes int64)
	// Lost is told every write that a merge discarded, once on every node.
	Lost func(Loss)
	// Returned is told of losses that were none in the end, see Loss.
	Returned func(Loss)
}

// Stats counts since the start.
type Stats struct {
	Delivered  uint64 // messages of members
	Requests   uint64 // changes and markers multicast for clients
	Reads      uint64 // answered from here
	Ordered    uint64 // reads that waited for their place in the order
	Forwarded  uint64 // reads that another node answered, in part at least
	Pages      uint64 // sent in the background
	PagesTaken uint64 // taken from others
	Expired    uint64 // sections
	Retired    uint64 // checkpoints
	Lost       uint64 // writes and removals discarded by merges
	Discarded  uint64 // checkpoints lost because no whole replica was left
	Returned   uint64 // of the lost, that came back with a node that had them
	Diverged   uint64 // members whose state was not that of their partition
	Problems   uint64 // files on disk that were torn or damaged at the start
	Restored   uint64 // checkpoints found on disk at the start
	Cuts       uint64 // begun to be saved
	Saves      uint64 // that are on disk
	SavedBytes uint64 // written to disk
	// SaveFailures counts cuts that could not be written.
	SaveFailures uint64
	Malformed    uint64 // messages of members that do not decode
	Filling      uint64 // now: sections that not every member has whole
}

// conn is a library connection.
type conn struct {
	c          service.Conn
	key        clientKey
	gen        ipcwire.Generation
	nextHandle uint32
	async      int        // asynchronous operations under way
	callbacks  []callback // that its queue had no room for
	gone       bool
}

type callback struct {
	op   ipcwire.Op
	body []byte
}

// pending is a request whose message is under way.
type pending struct {
	c      *conn
	seq    uint32
	op     ipcwire.Op
	handle uint32
	inv    uint64
	timed  *timed // of open and synchronize: their timeout
	read   []byte // of an ordered read: the request
}

// timed is a request with a timeout.
type timed struct {
	cancel func()
	over   bool // it was answered TIMEOUT
}

// waiting is a request that was done and is answered when its message is safe.
type waiting struct {
	id   gmi.MessageID
	p    pending
	body []byte
}

// Service is the CKPT of one node.
type Service struct {
	opt   Options
	env   service.Env
	self  nodeKey
	state *state
	conns map[uint64]*conn
	// present is the members of the configuration that deliveries are in, regular
	// or transitional.
	present []wire.Member
	stats   Stats

	told    int64  // what Used was told last
	page    int    // bytes of a page that fits a message
	number  uint64 // of the last request this node sent
	pending map[gmi.MessageID]pending
	waiting []waiting
	owed    []owed   // messages the ring had no room for, in order
	retry   func()   // cancels the timer that tries again; nil: it does not run
	blocked []*conn  // with callbacks that their queue had no room for
	scratch scratch  // decoded requests
	buf     []byte   // answers
	head    []byte   // heads of messages
	parts   [][]byte // of a message

	reads  reads
	timers timers
	sync   syncing
	losses losses
	saver  saver

	// For tests: a planted bug (ALL_REPLICAS is answered at agreed delivery), and
	// what is told of every answer before it is given.
	ackAgreed bool
	answered  func(p pending, err ipcwire.Error)
}

type owed struct {
	prio gmi.Priority
	msg  []byte
}

// scratch is what requests are decoded into.
type scratch struct {
	open      ipcwire.CkptOpenReq
	create    ipcwire.CkptSectionCreateReq
	section   ipcwire.CkptSectionReq
	overwrite ipcwire.CkptOverwriteReq
	write     ipcwire.CkptWriteReq
	read      ipcwire.CkptReadReq
	stage     ipcwire.CkptStageReq
}

// plantedAck is set by a build tag only, see planted.go.
var plantedAck bool

var errClocks = errors.New("ckpt: Now and Wall are needed")

// New returns the service.
func New(opt Options) *Service {
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	if opt.Each <= 0 || opt.Each > opt.Memory {
		opt.Each = opt.Memory
	}
	if opt.Timeout <= 0 {
		opt.Timeout = DefaultTimeout
	}
	return &Service{opt: opt, conns: map[uint64]*conn{}, pending: map[gmi.MessageID]pending{}, ackAgreed: plantedAck}
}

// Stats returns the counters.
func (s *Service) Stats() Stats {
	st := s.stats
	if s.state != nil {
		for _, sec := range s.state.filling {
			if !sec.gone && sec.fill != nil {
				st.Filling++
			}
		}
	}
	return st
}

// ID, Name and the methods below implement service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.CKPT }

// Name is the service's group.
func (s *Service) Name() string { return "ckpt" }

// ExecInit begins with an empty state.
func (s *Service) ExecInit(env service.Env) error {
	if s.opt.Now == nil || s.opt.Wall == nil {
		return errClocks
	}
	s.env, s.self = env, keyOf(env.Self())
	s.state = newState(s.self, limits{s.opt.Memory, s.opt.Each})
	s.stats.Problems = s.opt.Problems
	s.restore()
	s.page = min(max(env.MaxMessage()-pagesHead-pageHead, minPage), maxPage)
	s.reads.init()
	return nil
}

// LibInit takes every connection.
func (s *Service) LibInit(c service.Conn, gen ipcwire.Generation, _ []byte) ipcwire.Error {
	cl := &conn{c: c, key: clientKey{s.self, c.ID()}, gen: gen}
	c.SetState(cl)
	s.conns[c.ID()] = cl
	return ipcwire.OK
}

// LibExit lets everybody know that what the connection had is released. The
// message is behind all that the connection asked for.
func (s *Service) LibExit(c service.Conn) {
	cl := c.State().(*conn)
	cl.gone = true
	cl.callbacks = nil
	delete(s.conns, c.ID())
	s.reads.exit(cl)
	s.send(prioRequest, le.AppendUint64([]byte{kindExit}, c.ID()))
}

// ReadsOnly tells what needs no synchronized state.
func (s *Service) ReadsOnly(op ipcwire.Op) bool {
	return op == ipcwire.CkptStatusGet || op == ipcwire.CkptSectionIterate || op == ipcwire.CkptRead
}

// RequestSize is what a request puts on the ring.
func (s *Service) RequestSize(op ipcwire.Op, body []byte) (size int, prio gmi.Priority, ok bool) {
	switch op {
	case ipcwire.CkptStatusGet, ipcwire.CkptSectionIterate, ipcwire.CkptRead:
		return 0, 0, false
	}
	return requestHead + len(body), prioRequest, true
}

// TimeLimit has openings and synchronizations wait for room as long as their caller
// has time.
func (s *Service) TimeLimit(op ipcwire.Op, body []byte) []byte {
	switch op {
	case ipcwire.CkptOpen:
		return ipcwire.CkptOpenTimeout(body)
	case ipcwire.CkptSynchronize:
		return ipcwire.CkptTime(body)
	}
	return nil
}

// send multicasts a message that has to go, now or as soon as there is room.
func (s *Service) send(prio gmi.Priority, msg []byte) {
	if len(s.owed) == 0 && s.env.SendOK(prio, len(msg)) {
		if _, err := s.env.Multicast(prio, wire.Agreed, msg); err == nil {
			return
		}
	}
	s.owed = append(s.owed, owed{prio, msg})
	s.tryAgainLater()
}

func (s *Service) tryAgainLater() {
	if s.retry == nil {
		s.retry = s.env.After(retryDelay, s.tryAgain)
	}
}

// tryAgain sends what there was no room for.
func (s *Service) tryAgain() {
	s.retry = nil
	n := 0
	for ; n < len(s.owed); n++ {
		o := &s.owed[n]
		if !s.env.SendOK(o.prio, len(o.msg)) {
			break
		}
		if _, err := s.env.Multicast(o.prio, wire.Agreed, o.msg); err != nil {
			s.env.Logf("message of %d bytes: %v", len(o.msg), err)
		}
	}
	clear(s.owed[:n])
	s.owed = s.owed[n:]
	blocked := s.blocked
	s.blocked = nil
	for _, c := range blocked {
		s.drainCallbacks(c)
	}
	if len(s.owed)+len(s.blocked) > 0 {
		s.tryAgainLater()
	}
}

// notify queues a callback, now or as soon as the client has read others.
func (s *Service) notify(c *conn, op ipcwire.Op, body []byte) {
	if c.gone {
		return
	}
	if len(c.callbacks) == 0 && c.c.Notify(op, body) {
		c.async--
		return
	}
	if len(c.callbacks) == 0 {
		s.blocked = append(s.blocked, c)
		s.tryAgainLater()
	}
	c.callbacks = append(c.callbacks, callback{op, append([]byte(nil), body...)})
}

func (s *Service) drainCallbacks(c *conn) {
	for len(c.callbacks) > 0 {
		if c.gone {
			return
		}
		if !c.c.Notify(c.callbacks[0].op, c.callbacks[0].body) {
			s.blocked = append(s.blocked, c)
			return
		}
		c.async--
		c.callbacks = c.callbacks[1:]
	}
	c.callbacks = nil
}

// LibRequest handles one request.
func (s *Service) LibRequest(lc service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	c := lc.State().(*conn)
	handle, err := s.check(c, op, body)
	if err != ipcwire.OK {
		lc.Respond(seq, err, nil)
		return
	}
	p := pending{c: c, seq: seq, op: op, handle: handle}
	switch op {
	case ipcwire.CkptOpen, ipcwire.CkptOpenAsync:
		s.requestOpen(p, body)
	case ipcwire.CkptStatusGet:
		s.requestStatus(p)
	case ipcwire.CkptSectionIterate:
		s.requestIterate(p, body)
	case ipcwire.CkptRead:
		s.requestRead(p, body)
	case ipcwire.CkptSynchronize, ipcwire.CkptSynchronizeAsync:
		s.requestSynchronize(p, body)
	case ipcwire.CkptActiveReplicaSet:
		if !s.wholeHere(p) {
			lc.Respond(seq, ipcwire.ErrTryAgain, nil)
			return
		}
		s.order(p, &request{op: op, conn: c.key.Conn}, body)
	case ipcwire.CkptStage:
		// Answered now: pieces and commit are FIFO, and the commit tells.
		if err = s.multicast(pending{}, &request{op: op, conn: c.key.Conn}, body); err != ipcwire.OK {
			lc.Respond(seq, err, nil)
			return
		}
		lc.Respond(seq, ipcwire.OK, nil)
	default:
		s.order(p, &request{op: op, conn: c.key.Conn}, body)
	}
}

// check refuses what does not decode or names a handle that is not open, before
// the ring has work with it.
func (s *Service) check(c *conn, op ipcwire.Op, body []byte) (handle uint32, err ipcwire.Error) {
	q := &s.scratch
	ok := false
	switch op {
	case ipcwire.CkptOpen, ipcwire.CkptOpenAsync:
		if !ipcwire.DecodeCkptOpenReq(body, &q.open) {
			return 0, ipcwire.ErrInvalidParam
		}
		return 0, ipcwire.CheckCkptOpen(q.open.Name, q.open.Flags, attributesOf(&q.open))
	case ipcwire.CkptUnlink:
		var u ipcwire.CkptUnlinkReq
		if !ipcwire.DecodeCkptUnlinkReq(body, &u) || len(u.Name) == 0 {
			return 0, ipcwire.ErrInvalidParam
		}
		return 0, ipcwire.OK
	case ipcwire.CkptStage:
		if !ipcwire.DecodeCkptStageReq(body, &q.stage) {
			return 0, ipcwire.ErrInvalidParam
		}
		return 0, ipcwire.OK
	case ipcwire.CkptCommit:
		var m ipcwire.CkptCommitReq
		if !ipcwire.DecodeCkptCommitReq(body, &m) || !stageable(m.Op) {
			return 0, ipcwire.ErrInvalidParam
		}
		return 0, ipcwire.OK
	case ipcwire.CkptClose, ipcwire.CkptActiveReplicaSet, ipcwire.CkptStatusGet:
		var h ipcwire.CkptHandleReq
		ok = ipcwire.DecodeCkptHandleReq(body, &h)
		handle = h.Handle
	case ipcwire.CkptRetentionSet, ipcwire.CkptSynchronize, ipcwire.CkptSynchronizeAsync:
		var t ipcwire.CkptTimeReq
		ok = ipcwire.DecodeCkptTimeReq(body, &t)
		handle = t.Handle
	case ipcwire.CkptSectionCreate:
		ok = ipcwire.DecodeCkptSectionCreateReq(body, &q.create)
		handle = q.create.Handle
	case ipcwire.CkptSectionDelete, ipcwire.CkptSectionExpirationSet:
		ok = ipcwire.DecodeCkptSectionReq(body, &q.section)
		handle = q.section.Handle
	case ipcwire.CkptWrite:
		ok = ipcwire.DecodeCkptWriteReq(body, &q.write)
		handle = q.write.Handle
	case ipcwire.CkptOverwrite:
		ok = ipcwire.DecodeCkptOverwriteReq(body, &q.overwrite)
		handle = q.overwrite.Handle
	case ipcwire.CkptRead:
		ok = ipcwire.DecodeCkptReadReq(body, &q.read)
		handle = q.read.Handle
	case ipcwire.CkptSectionIterate:
		var it ipcwire.CkptIterateReq
		ok = ipcwire.DecodeCkptIterateReq(body, &it)
		handle = it.Handle
	default:
		return 0, ipcwire.ErrNotSupported
	}
	if !ok {
		return 0, ipcwire.ErrInvalidParam
	}
	if _, open := s.state.ref(c.key, handle); !open {
		return 0, ipcwire.ErrBadHandle
	}
	return handle, ipcwire.OK
}

// wholeHere reports whether this node has a checkpoint whole.
func (s *Service) wholeHere(p pending) bool {
	r, _ := s.state.ref(p.c.key, p.handle)
	for _, sec := range s.state.filling {
		if sec.ck == r.ck && !sec.gone && !sec.holder(s.self) {
			return false
		}
	}
	return true
}

func attributesOf(q *ipcwire.CkptOpenReq) *ipcwire.CkptAttributes {
	if !q.HasAttributes {
		return nil
	}
	return &q.Attributes
}

func stageable(op ipcwire.Op) bool {
	return op == ipcwire.CkptSectionCreate || op == ipcwire.CkptWrite || op == ipcwire.CkptOverwrite
}

// multicast sends a request's message. With a connection in p its delivery will
// find p.
func (s *Service) multicast(p pending, q *request, body []byte) ipcwire.Error {
	q.wall = s.opt.Wall()
	s.number++
	q.number = s.number
	s.head = appendRequest(s.head[:0], q)
	size := len(s.head) + len(body)
	switch {
	case size > s.env.MaxMessage():
		return ipcwire.ErrTooBig
	case len(s.owed) > 0 || !s.env.SendOK(prioRequest, size):
		return ipcwire.ErrTryAgain // behind what is owed: the order of a connection's messages stays
	}
	s.parts = append(s.parts[:0], s.head, body)
	id, err := s.env.Multicast(prioRequest, wire.Agreed, s.parts...)
	clear(s.parts)
	if err != nil {
		s.env.Logf("request of %d bytes: %v", size, err)
		return ipcwire.ErrLibrary
	}
	s.stats.Requests++
	if p.c != nil {
		s.pending[id] = p
	}
	return ipcwire.OK
}

// order multicasts a request that is answered when it was delivered.
func (s *Service) order(p pending, q *request, body []byte) {
	if err := s.multicast(p, q, body); err != ipcwire.OK {
		if p.timed != nil {
			p.timed.cancel()
		}
		p.c.c.Respond(p.seq, err, nil)
	}
}

func (s *Service) requestOpen(p pending, body []byte) {
	c, open := p.c, &s.scratch.open
	c.nextHandle++
	p.handle, p.inv = c.nextHandle, open.Invocation
	q := &request{op: p.op, conn: c.key.Conn, handle: p.handle}
	if p.op == ipcwire.CkptOpenAsync {
		s.orderAsync(p, q, body)
		return
	}
	s.limitTime(&p, open.Timeout)
	s.order(p, q, body)
}

// orderAsync multicasts an asynchronous request; it is accepted at once.
func (s *Service) orderAsync(p pending, q *request, body []byte) {
	if p.c.async >= maxAsync {
		p.c.c.Respond(p.seq, ipcwire.ErrTryAgain, nil)
		return
	}
	err := s.multicast(p, q, body)
	if err == ipcwire.OK {
		p.c.async++
	}
	p.c.c.Respond(p.seq, err, nil)
}

// limitTime has a request answered TIMEOUT when its time is over.
func (s *Service) limitTime(p *pending, timeout int64) {
	if timeout <= 0 {
		timeout = s.opt.Timeout
	}
	const longest = 1 << 61 // sums with a clock do not overflow
	t := &timed{}
	c, seq := p.c, p.seq
	t.cancel = s.env.After(min(timeout, longest), func() {
		t.over = true
		if !c.gone {
			c.c.Respond(seq, ipcwire.ErrTimeout, nil)
		}
	})
	p.timed = t
}

func (s *Service) requestSynchronize(p pending, body []byte) {
	var q ipcwire.CkptTimeReq
	ipcwire.DecodeCkptTimeReq(body, &q)
	r, _ := s.state.ref(p.c.key, p.handle)
	err := ipcwire.OK
	switch {
	case r.flags&ipcwire.CkptOpenWrite == 0:
		err = ipcwire.ErrAccess
	case r.ck.syncAll():
		err = ipcwire.ErrBadOperation
	}
	if err != ipcwire.OK {
		p.c.c.Respond(p.seq, err, nil)
		return
	}
	// A marker behind all earlier writes: when it is safe, so are they.
	m := &request{op: p.op, conn: p.c.key.Conn, handle: p.handle}
	if p.op == ipcwire.CkptSynchronizeAsync {
		p.inv = q.Time
		s.orderAsync(p, m, nil)
		return
	}
	s.limitTime(&p, int64(q.Time))
	s.order(p, m, nil)
}
