// The service: connections, and what is owed to the engine. Requests are in request.go,
// outputs of the engine in execute.go.

package amf

import (
	"time"

	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/proc"
	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Processes is what the service asks of the keeper (proc.Client).
type Processes interface {
	Run(cmd proc.Command, done func(pid int, r proc.Result)) (id uint64)
	// Keep takes a command's time limit away: it has become a component.
	Keep(id uint64)
	Kill(owner string, done func(error))
	KillAll(done func(error))
	// Alive says that this executive runs; see Options.Fence.
	Alive(limit time.Duration)
}

// Options are fixed for the life of a Service.
type Options struct {
	// Cluster is the configuration; nil: the framework is off.
	Cluster *model.Cluster
	// Off says why the framework is off.
	Off string
	// Processes runs commands; nil where none is configured.
	Processes Processes
	// Watch has ended called when a process has ended (proc.Watcher); nil: processes
	// are not watched.
	Watch func(pid int, ended func(proc.End)) (stop func(), err error)
	// KillProcess ends a process at once, if this one may (proc.KillProcess); nil: only
	// Processes ends what registered.
	KillProcess func(pid int) error
	// Fence is how long this executive may stand still before the keeper ends its
	// components; 0: for ever.
	Fence time.Duration
	// Failfast ends the session on the ring, and begins another: the node's components
	// are dead when it is called.
	Failfast func(reason string)
	// Env is what every command gets besides its own environment.
	Env []string
	// Now is a clock that only grows, Wall the time of day, both in nanoseconds
	// (default: the system's).
	Now, Wall func() int64
	// Majority is the majority rule, and Lease its time.
	Majority bool
	Lease    time.Duration
}

// Stats counts since the start.
type Stats struct {
	Registered  uint64 // components that registered here
	Died        uint64 // of these, whose process or connection ended
	Callbacks   uint64 // to components
	Unsent      uint64 // callbacks without a connection that takes them
	Commands    uint64 // run
	Failed      uint64 // of these, without success
	Late        uint64 // answers to health checks that did not come in time
	Monitored   uint64 // processes whose end was reported as an error
	Stray       uint64 // answers that nobody waits for
	Transitions uint64 // of all objects, as the engine told them
}

// client is the state of a connection.
type client struct {
	conn      service.Conn
	gen       ipcwire.Generation
	callbacks uint32
	operator  bool
	gone      bool
	process   string  // the component that the process was started as
	lives     []*life // registered through this connection
	calls     map[uint64]*call
	tracks    map[*model.CSI]*tracking
}

// call is a callback that waits for its answer.
type call struct {
	comp  *model.Comp
	check *check // a health check's
	// lasting: the answer may be followed by a completion (quiescing, stopping).
	lasting  bool
	answered bool
}

// life is a component that is registered on this node.
type life struct {
	comp        *model.Comp
	incarnation uint32
	c           *client
	since       int64
	checks      map[string]*check
	monitors    []*monitor
	unwatch     func()
	ended       bool
}

// Service is the availability management framework of one node.
type Service struct {
	env     service.Env
	opt     Options
	replica *engine.Replica
	comps   map[string]*model.Comp
	csis    map[string]*model.CSI
	clients map[uint64]*client
	lives   map[*model.Comp]*life
	// registering has the registrations of a component that are under way, in the order
	// of their messages.
	registering map[*model.Comp][]*registration
	// starting is the instantiation command of a component that runs.
	starting map[*model.Comp]*starting
	// failing: this node ends its session.
	failing bool

	members []wire.Member // of the configuration

	owed   []engine.Input // inputs that the ring had no room for
	retry  func()         // cancels the timer for those; nil: it does not run
	inside int            // calls of the replica that are under way
	nextID uint64         // of health checks' invocations

	history history
	stats   Stats
	buf     []byte
	group   ipcwire.AmfGroup
	set     ipcwire.AmfCSISet
}

// New returns the service.
func New(opt Options) *Service {
	if opt.Now == nil {
		base := time.Now()
		opt.Now = func() int64 { return int64(time.Since(base)) }
	}
	if opt.Wall == nil {
		opt.Wall = func() int64 { return time.Now().UnixNano() }
	}
	if opt.Cluster == nil && opt.Off == "" {
		opt.Off = "there is no configuration"
	}
	s := &Service{opt: opt, clients: map[uint64]*client{}, lives: map[*model.Comp]*life{},
		registering: map[*model.Comp][]*registration{}, starting: map[*model.Comp]*starting{},
		comps: map[string]*model.Comp{}, csis: map[string]*model.CSI{}}
	if s.on() {
		for _, c := range opt.Cluster.Comps {
			s.comps[c.DN] = c
		}
		for _, c := range opt.Cluster.CSIs {
			s.csis[c.DN] = c
		}
	}
	return s
}

func (s *Service) on() bool { return s.opt.Cluster != nil }

// Stats returns the counters.
func (s *Service) Stats() Stats { return s.stats }

// ID, Name and the methods below implement service.Service.
func (s *Service) ID() ipcwire.Service { return ipcwire.AMF }

// Name is the service's group.
func (s *Service) Name() string { return "amf" }

// ExecInit makes the replica.
func (s *Service) ExecInit(env service.Env) (err error) {
	s.env = env
	cluster := s.opt.Cluster
	if cluster == nil {
		cluster = &model.Cluster{} // that of a node which is none of the framework's
	}
	s.replica, err = engine.NewReplica(engine.Options{
		Env: env, Cluster: cluster, Driver: (*driver)(s), Now: s.opt.Now, NodeName: env.NodeName(),
		Majority: s.opt.Majority && s.on(), Lease: s.opt.Lease,
	})
	if err == nil && s.opt.Processes != nil && s.opt.Fence > 0 {
		s.alive()
	}
	return err
}

// aliveParts is how many times a fence's time is renewed within it.
const aliveParts = 5

func (s *Service) alive() {
	s.opt.Processes.Alive(s.opt.Fence)
	s.env.After(int64(s.opt.Fence)/aliveParts, s.alive)
}

// LibInit takes programs when the framework is on, operators always.
func (s *Service) LibInit(c service.Conn, gen ipcwire.Generation, body []byte) ipcwire.Error {
	cl := &client{conn: c, gen: gen, operator: len(body) == 0}
	if !cl.operator {
		var h ipcwire.AmfHello
		if !ipcwire.DecodeAmfHello(body, &h) {
			return ipcwire.ErrInvalidParam
		}
		if !s.on() {
			return ipcwire.ErrLibrary
		}
		cl.callbacks, cl.process = h.Callbacks, string(h.Component)
		cl.calls = map[uint64]*call{}
		cl.tracks = map[*model.CSI]*tracking{}
	}
	c.SetState(cl)
	s.clients[c.ID()] = cl
	return ipcwire.OK
}

// LibExit is the death of what was registered through the connection.
func (s *Service) LibExit(c service.Conn) {
	cl := c.State().(*client)
	cl.gone = true
	delete(s.clients, c.ID())
	for _, l := range append([]*life(nil), cl.lives...) {
		s.died(l)
	}
}

// died tells the engine that a component's process or connection has ended.
func (s *Service) died(l *life) {
	if l.ended {
		return
	}
	s.stats.Died++
	s.forget(l)
	s.post(engine.Input{Kind: engine.InDied, Comp: l.comp.DN, Incarnation: l.incarnation})
}

// forget ends a registration on this node.
func (s *Service) forget(l *life) {
	if l.ended {
		return
	}
	l.ended = true
	if s.lives[l.comp] == l {
		delete(s.lives, l.comp)
	}
	for _, k := range l.checks {
		k.stop()
	}
	for _, m := range l.monitors {
		m.stop()
	}
	if l.unwatch != nil {
		l.unwatch()
	}
	for i, o := range l.c.lives {
		if o == l {
			l.c.lives = append(l.c.lives[:i:i], l.c.lives[i+1:]...)
			break
		}
	}
	for n, k := range l.c.calls {
		if k.comp == l.comp {
			delete(l.c.calls, n)
		}
	}
}

// bind begins a registration on this node.
func (s *Service) bind(comp *model.Comp, incarnation uint32, c *client) {
	if old := s.lives[comp]; old != nil {
		s.forget(old)
	}
	l := &life{comp: comp, incarnation: incarnation, c: c, since: s.opt.Now(), checks: map[string]*check{}}
	if c.gone {
		l.ended = true
		s.stats.Died++
		s.post(engine.Input{Kind: engine.InDied, Comp: comp.DN, Incarnation: incarnation})
		return
	}
	s.stats.Registered++
	s.lives[comp] = l
	c.lives = append(c.lives, l)
	if k := s.starting[comp]; k != nil {
		k.registered()
	}
	if s.opt.Watch != nil && !comp.IsProxied() {
		// A child may hold the connection open when the process itself is gone.
		pid := int(c.conn.Cred().PID)
		if stop, err := s.opt.Watch(pid, func(proc.End) { s.died(l) }); err == nil {
			l.unwatch = stop
		}
	}
	s.startHeartbeat(l)
}

// retryDelay is how often inputs are tried again that the ring had no room for.
const retryDelay = 5e6

// post hands an input to the ring, now or as soon as it can take it.
func (s *Service) post(in engine.Input) {
	if s.failing { // this node leaves: that says it all
		return
	}
	s.owed = append(s.owed, in)
	s.flush()
}

// flush sends what is owed. The replica is not called from within itself.
func (s *Service) flush() {
	for s.inside == 0 && len(s.owed) > 0 {
		if !s.replica.Submit(&s.owed[0], nil) {
			if s.retry == nil {
				s.retry = s.env.After(retryDelay, func() { s.retry = nil; s.flush() })
			}
			return
		}
		s.owed = append(s.owed[:0], s.owed[1:]...)
	}
}

// within calls the replica, and sends afterwards what came of it.
func (s *Service) within(f func()) {
	s.inside++
	f()
	s.inside--
	s.flush()
}

// Deliver and the rest of gmi.Handler and service.Synchronizer are the replica's.
func (s *Service) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	s.within(func() { s.replica.Deliver(from, msg, id, transitional) })
}

// ConfigChange is the replica's.
func (s *Service) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	s.members = append(s.members[:0], cfg.Members...)
	s.within(func() { s.replica.ConfigChange(kind, cfg) })
}

// Safe is the replica's.
func (s *Service) Safe(id gmi.MessageID) { s.within(func() { s.replica.Safe(id) }) }

// SyncStart is the replica's.
func (s *Service) SyncStart(cfg *srp.Configuration, partition []wire.Member) {
	s.within(func() { s.replica.SyncStart(cfg, partition) })
}

// SyncSend is the replica's.
func (s *Service) SyncSend() (done bool) {
	s.within(func() { done = s.replica.SyncSend() })
	return done
}

// SyncApply is the replica's.
func (s *Service) SyncApply() { s.within(s.replica.SyncApply) }

// SyncAbort is the replica's.
func (s *Service) SyncAbort() { s.within(s.replica.SyncAbort) }

// ReadsOnly: every request is taken at any time. What has to be ordered waits behind
// the barrier by itself, so that no answer of a component is lost to a merge.
func (s *Service) ReadsOnly(ipcwire.Op) bool { return true }

// Shutdown ends every component that the executive has started; done is called when
// they are gone.
func (s *Service) Shutdown(done func()) {
	s.failing = true
	if s.opt.Processes == nil {
		done()
		return
	}
	s.opt.Processes.KillAll(func(err error) {
		if err != nil {
			s.env.Logf("components of this node: %v", err)
		}
		done()
	})
}
