package ipc

// This file is the server: configuration, accepting, the end of a batch, the
// stop.

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
	"ais/exec/service"
	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// Manager is what a Server tells about connections; the service manager
// implements it. All calls come on the loop's goroutine.
type Manager interface {
	// Init is called for a valid hello. An error other than OK refuses the
	// connection (no Exit follows) and goes back in the welcome. body is valid
	// until return.
	Init(c service.Conn, svc ipcwire.Service, gen ipcwire.Generation, body []byte) ipcwire.Error
	// Request is called for each request, in the order they were sent. body is
	// valid until return. Exactly one c.Respond with seq must follow, now or
	// later; without it the connection is read no further after some more.
	Request(c service.Conn, seq uint32, op ipcwire.Op, body []byte)
	// Exit is called once for each connection whose Init said OK, when it ended.
	Exit(c service.Conn)
}

// Config says how to serve. Zero values of the limits mean the default.
type Config struct {
	Loop    *loop.Loop
	Manager Manager
	// Socket is the value of AIS_SOCKET; empty means ipcwire.DefaultSocket.
	Socket string
	Access Access
	// NodeID and MaxMessage are told to every library.
	NodeID     uint32
	MaxMessage uint32

	MaxConns         int           // default 1024
	MaxConnsPerUID   int           // default MaxConns / 2; holds for root and the own uid too
	HandshakeTimeout time.Duration // default 5 s
	CallbackQueue    int           // bytes per connection, default 8 MiB
	ResponseQueue    int           // bytes per connection, default 2 MiB
	InputMemory      int           // bytes, all connections, default 32 MiB
	OutputMemory     int           // bytes, all connections, default 128 MiB
	Rings            int           // connections that may share memory with us (4 MiB each), default 32; negative, or AIS_NO_SHARED_MEMORY=1: none

	Asks int // connections whose requests and answers may go through shared memory (260 KiB each at most), default 256; negative, or AIS_NO_SHARED_MEMORY=1: none

	allot allotter // for memory that is shared; default as the kernel's accounting asks for

	// Logf logs refusals and protocol errors, at most one line a second.
	Logf func(format string, args ...any)
}

// reserved connections are kept for root and the executive's own user, so that
// an operator gets in when others have taken the rest.
const reserved = 8

func (c *Config) complete() error {
	if c.Loop == nil || c.Manager == nil {
		return fmt.Errorf("ipc: a loop and a manager are needed")
	}
	set := func(p *int, def int) {
		if *p == 0 {
			*p = def
		}
	}
	set(&c.MaxConns, 1024)
	set(&c.MaxConnsPerUID, max(c.MaxConns/2, 1))
	set(&c.CallbackQueue, 8<<20)
	set(&c.ResponseQueue, 2<<20)
	set(&c.InputMemory, 32<<20)
	set(&c.OutputMemory, 128<<20)
	set(&c.Rings, 32)
	set(&c.Asks, 256)
	if c.allot == nil {
		c.allot = allotterHere()
	}
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = 5 * time.Second
	}
	if c.Logf == nil {
		c.Logf = func(string, ...any) {}
	}
	for _, l := range []struct {
		name     string
		val, min int
	}{
		{"MaxConns", c.MaxConns, 1}, {"MaxConnsPerUID", c.MaxConnsPerUID, 1},
		{"CallbackQueue", c.CallbackQueue, ipcwire.MaxFrame}, {"ResponseQueue", c.ResponseQueue, ipcwire.MaxFrame},
		{"InputMemory", c.InputMemory, 2 * ipcwire.MaxFrame}, {"OutputMemory", c.OutputMemory, 2 * ipcwire.MaxFrame},
		{"HandshakeTimeout", int(c.HandshakeTimeout), 1},
	} {
		if l.val < l.min {
			return fmt.Errorf("ipc: %s %d is less than %d", l.name, l.val, l.min)
		}
	}
	return nil
}

// Server serves the library connections of one executive.
type Server struct {
	cfg    Config
	loop   *loop.Loop
	lis    *listener
	own    uint32
	conns  map[uint64]*conn
	perUID map[uint32]int
	nextID uint64
	mem    memory
	stats  Stats

	scratch  [baseInput]byte // what is read first, for whichever connection
	out      [16][]byte      // parts of one send
	dirty    []*conn         // have output
	ended    []*conn         // await their exit
	runnable []*conn         // whose turn was put off: whole requests, or to be read
	unread   int             // how many of them are to be read
	runFn    func()          // s.run, made once
	runSet   bool            // it is posted
	running  []*conn         // the list run works on, kept for its memory
	began    time.Time       // of the work on requests that is under way
	worked   time.Duration   // on requests in this batch
	waiting  []*conn         // wait for input memory

	streams                        StreamManager // the manager, if it is one
	hot                            []*conn       // rings that are looked at in every batch
	hotNext, hotWaiting, hotServed []*conn       // lists of pump, kept for their memory

	asking  []*conn // whose memory is looked at for requests
	askNext int     // who is first in the next turn
	asked   []byte  // the request under way, copied
	look    looking

	expecting   int // connections that were answered and will ask again at once
	expectUntil time.Duration
	wanted      bool // somebody waits for them

	stallAfter  time.Duration // stallTimeout, shorter in tests
	hookBatch   uint64        // the batch our hook last ran in
	cancelHook  func()
	cancelSleep func()
	acceptAgain *loop.Timer
	stall       *loop.Timer
	lastLog     time.Duration
	logged      bool
	stopped     bool
}

// New binds the socket and serves from the loop's next batch on. Call it on the
// loop's goroutine or before Run. The credentials libraries see are those this
// process has now.
func New(cfg Config) (*Server, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	lis, err := listen(cfg.Socket)
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, loop: cfg.Loop, lis: lis, own: uint32(os.Geteuid()),
		conns: make(map[uint64]*conn), perUID: make(map[uint32]int), stallAfter: stallTimeout,
	}
	s.streams, _ = cfg.Manager.(StreamManager)
	s.tryRing()
	s.mem.inLimit, s.mem.outLimit = cfg.InputMemory, cfg.OutputMemory
	s.runFn = s.run
	s.acceptAgain = s.loop.NewTimer(s.resumeAccept)
	s.stall = s.loop.NewTimer(s.endStalled)
	if err := s.loop.Add(lis.fd, loop.Readable, loop.HandlerFunc(s.accept)); err != nil {
		lis.close()
		return nil, err
	}
	s.cancelHook = s.loop.AfterBatch(s.afterBatch)
	s.cancelSleep = s.loop.BeforeSleep(s.beforeSleep)
	return s, nil
}

// Stop stops listening, removes the socket's path and ends every connection;
// Manager.Exit was called for all of them when it returns. Call it on the loop's
// goroutine, not inside a handler of this package, or after Run has returned.
func (s *Server) Stop() {
	if s.stopped {
		return
	}
	s.stopped = true
	_ = s.loop.Remove(s.lis.fd)
	s.lis.close()
	s.acceptAgain.Stop()
	for _, c := range s.conns {
		c.flush() // answers that are ready still go
		c.end(EndStop)
	}
	s.reap()
	s.stall.Stop()
	s.cancelHook()
	s.cancelSleep()
}

// Stats returns the counters. Call it on the loop's goroutine.
func (s *Server) Stats() Stats {
	st := s.stats
	st.Connections = len(s.conns)
	st.InputMemory, st.OutputMemory, st.MemoryPeak = s.mem.in+s.mem.base, s.mem.out, s.mem.peak
	return st
}

// logf is Config.Logf, at most once a second: its lines are caused by peers.
func (s *Server) logf(format string, args ...any) {
	now := s.loop.Now()
	if s.logged && now-s.lastLog < time.Second {
		return
	}
	s.logged, s.lastLog = true, now
	s.cfg.Logf(format, args...)
}

const (
	acceptsPerWakeup = 16
	acceptPause      = 100 * time.Millisecond
)

// accept takes the connections that wait, a bounded number at a time.
func (s *Server) accept(uint32) {
	for range acceptsPerWakeup {
		fd, _, err := unix.Accept4(s.lis.fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		switch err {
		case nil:
			s.admit(fd)
		case unix.EAGAIN:
			return
		case unix.EINTR, unix.ECONNABORTED:
		default:
			// No descriptors or memory: the listener stays readable, so without a
			// pause this would spin.
			s.stats.AcceptErr++
			s.logf("cannot accept a library connection: %v", err)
			if s.loop.Mod(s.lis.fd, 0) == nil {
				s.acceptAgain.Reset(s.loop.Now() + acceptPause)
			}
			return
		}
	}
}

func (s *Server) resumeAccept() { _ = s.loop.Mod(s.lis.fd, loop.Readable) }

// admit decides about an accepted connection.
func (s *Server) admit(fd int) {
	s.stats.Accepted++
	cred, errno := usock.Peer(fd)
	if errno != 0 {
		s.stats.ByReason[EndSystem]++
		usock.Close(fd)
		return
	}
	privileged := cred.Uid == 0 || cred.Uid == s.own
	room := s.cfg.MaxConns - len(s.conns)
	if !privileged {
		room -= min(reserved, s.cfg.MaxConns/8)
	}
	switch {
	case !s.cfg.Access.allowed(s.own, cred.Uid, cred.Gid, func() []uint32 { return peerGroups(fd) }):
		s.logf("refused process %d of user %d, group %d: not allowed to connect", cred.Pid, cred.Uid, cred.Gid)
		s.refuse(fd, RefusedSecurity, ipcwire.ErrSecurity)
	case room <= 0:
		s.logf("refused process %d of user %d: %d connections", cred.Pid, cred.Uid, len(s.conns))
		s.refuse(fd, RefusedConnections, ipcwire.ErrNoResources)
	case s.perUID[cred.Uid] >= s.cfg.MaxConnsPerUID:
		s.logf("refused process %d of user %d: %d connections of this user", cred.Pid, cred.Uid, s.perUID[cred.Uid])
		s.refuse(fd, RefusedUID, ipcwire.ErrNoResources)
	default:
		s.newConn(fd, service.Cred{PID: uint32(cred.Pid), UID: cred.Uid, GID: cred.Gid})
	}
}

// refuse answers with a welcome that says no, whatever the hello will be. The
// socket is empty, so the answer fits.
func (s *Server) refuse(fd int, r Reason, err ipcwire.Error) {
	s.stats.ByReason[r]++
	var buf [64]byte
	usock.Send(fd, s.appendWelcome(buf[:0], 0, err))
	usock.Close(fd)
}

func (s *Server) appendWelcome(dst []byte, seq uint32, err ipcwire.Error) []byte {
	var body [64]byte
	w := ipcwire.AppendWelcome(body[:0], &ipcwire.Welcome{Protocol: ipcwire.Protocol, NodeID: s.cfg.NodeID,
		MaxMessage: s.cfg.MaxMessage, MaxQueue: uint32(s.cfg.CallbackQueue)})
	return append(ipcwire.AppendHeader(dst, ipcwire.OpWelcome, seq, err, len(w)), w...)
}

func (s *Server) newConn(fd int, cred service.Cred) {
	s.nextID++
	c := &conn{s: s, id: s.nextID, cred: cred, fd: fd, cbfd: -1, cbLimit: s.cfg.CallbackQueue}
	if err := s.loop.Add(fd, loop.Readable, (*requestEnd)(c)); err != nil {
		s.stats.ByReason[EndSystem]++
		usock.Close(fd)
		return
	}
	c.events = loop.Readable
	s.conns[c.id] = c
	s.perUID[cred.UID]++
	c.deadline = s.loop.At(s.loop.Now()+s.cfg.HandshakeTimeout, func() { c.end(EndHandshake) })
}

// later puts a connection on a list that the end of this batch works off, and
// makes sure there is such an end: our hook may have run already.
func (s *Server) later(list *[]*conn, c *conn) {
	*list = append(*list, c)
	if s.loop.Stats().Wakeups == s.hookBatch {
		s.loop.Kick()
	}
}

// afterBatch ends what ended and sends what was queued.
func (s *Server) afterBatch() {
	s.pump()
	s.pumpAsks()
	s.reap()
	s.flushDirty()
	s.reap()
	s.grantMemory()
	s.worked = 0
	s.hookBatch = s.loop.Stats().Wakeups
	if len(s.dirty) > 0 || len(s.ended) > 0 {
		s.loop.Kick() // an exit handler queued something
	}
}

// Prompt sends what is queued now, and not at the end of the batch: for answers
// and callbacks that something slow would otherwise keep waiting. Exits wait for the
// end of the batch. Not to be called from within a handler of this package.
func (s *Server) Prompt() { s.flushDirty() }

func (s *Server) flushDirty() {
	for i := 0; i < len(s.dirty); i++ { // flush may end connections, not dirty them
		c := s.dirty[i]
		c.dirty = false
		c.flush()
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
}

// reap calls the exits. An exit handler may end other connections.
func (s *Server) reap() {
	for i := 0; i < len(s.ended); i++ {
		s.ended[i].exit()
	}
	clear(s.ended)
	s.ended = s.ended[:0]
}

// batchBudget is how long requests are worked on in one batch; the rest has its
// turn in the next, in the order in which it came. So neither many connections nor
// costly requests keep the ring waiting. The batch's last request may exceed it.
const batchBudget = 2 * time.Millisecond

func (s *Server) begin() { s.began = time.Now() }

// lap counts the time since begin or the last lap.
func (s *Server) lap() {
	now := time.Now()
	s.worked += now.Sub(s.began)
	s.began = now
}

func (s *Server) spent() bool { return s.worked >= batchBudget }

func (s *Server) runSoon() {
	if !s.runSet {
		s.runSet = true
		s.loop.Post(s.runFn)
	}
}

// run gives connections their turn that were put off.
func (s *Server) run() {
	s.runSet = false
	s.running, s.runnable = s.runnable, s.running[:0]
	s.begin()
	n := 0
	for ; n < len(s.running) && !s.spent(); n++ {
		s.running[n].turn()
		s.lap()
	}
	if rest := s.running[n:]; len(rest) > 0 {
		s.runnable = slices.Insert(s.runnable, 0, rest...)
		s.runSoon()
	}
	clear(s.running)
}

// stallTimeout is how long an unfinished large frame may keep its memory while
// another connection waits for memory.
const stallTimeout = 5 * time.Second

func (s *Server) waitForMemory(c *conn) {
	s.stats.Waits++
	c.memWait = true
	s.waiting = append(s.waiting, c)
	if _, set := s.stall.Set(); !set {
		s.stall.Reset(s.loop.Now() + s.stallAfter/5)
	}
}

// grantMemory lets waiting connections go on, first come first served, as far as
// what was given back reaches.
func (s *Server) grantMemory() {
	for len(s.waiting) > 0 {
		c := s.waiting[0]
		if c.phase != ended {
			if !c.reserve() {
				return
			}
			c.memWait = false
			c.update()
		}
		n := copy(s.waiting, s.waiting[1:])
		s.waiting[n] = nil
		s.waiting = s.waiting[:n]
	}
}

// endStalled ends the connections that have been at one frame for too long while
// others wait for memory. A trickle of bytes does not save them.
func (s *Server) endStalled() {
	if len(s.waiting) == 0 {
		return
	}
	now := s.loop.Now()
	for _, c := range s.conns {
		if c.reserved > 0 && now-c.reservedAt >= s.stallAfter {
			s.logf("process %d of user %d did not finish a large request: disconnected", c.cred.PID, c.cred.UID)
			c.end(EndStalled)
		}
	}
	s.stall.Reset(now + s.stallAfter/5)
}
