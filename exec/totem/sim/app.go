// Services on top of the messaging layer: any deterministic state machine that is
// fed by a group can be put on every start of every node, so that whole
// clusters of services live through the same faults, and their own invariants
// are checked after every delivery.

package sim

import (
	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// App is an application at one start of one node. Its handlers are called like
// those of any group; none may keep what it is given.
type App interface {
	gmi.Handler
	// Step is called at random times: the application may multicast.
	Step()
	// Check returns an error when an invariant of this replica does not hold. It
	// is called after every delivery.
	Check() error
}

// Settler is implemented by an application that needs time to come to rest after the
// faults have stopped: steps go on, and the run with them, until every live one says
// that it has, or SettleLimit token timeouts have passed. Its steps go on to the very
// end, for what it does about its own clock; by itself it sends nothing new then.
type Settler interface {
	Settled() bool
}

// SettleLimit is how many token timeouts applications may take to settle.
const SettleLimit = 100

// Service makes the application of a start. It runs before the ring starts;
// nothing survives from an earlier start but what the service keeps itself.
type Service func(*Env) App

// Env is what an application may use.
type Env struct {
	w    *World
	nd   *node
	self wire.Member
	rng  rng
}

// AppGroup is the messaging group of applications.
const AppGroup = "app"

// Self is this member.
func (e *Env) Self() wire.Member { return e.self }

// Node is the node's number, 0 to Nodes()-1.
func (e *Env) Node() int { return e.nd.index }

// Nodes is how many nodes the world has.
func (e *Env) Nodes() int { return e.w.p.nodes }

// Now is the node's monotonic clock; it may leap forward.
func (e *Env) Now() srp.Time { return e.nd.local(e.w.now) }

// True is the world's time, which no node's clock shows.
func (e *Env) True() srp.Time { return srp.Time(e.w.now) }

// Up tells whether this start still runs.
func (e *Env) Up() bool { return e.nd.up && e.nd.env == e }

// Faulty tells whether faults may still happen.
func (e *Env) Faulty() bool { return e.w.faulty }

// TokenTimeout is the ring's.
func (e *Env) TokenTimeout() srp.Time { return srp.Time(e.w.p.token) }

// Wake has Check called after a while, for timers that are not to wait for the next step
// or delivery. A node that stands still then is not woken.
func (e *Env) Wake(after srp.Time) { e.w.push(evAlarm, e.nd.index, max(int64(after), 0), e.nd.proc) }

// Die kills this start as soon as what is being done is done; the node comes back as
// after any death. It does nothing when the faults have stopped.
func (e *Env) Die() { e.w.push(evDie, e.nd.index, 1, e.nd.proc) }

// Random returns a number in [0, n), from the seed.
func (e *Env) Random(n int) int { return e.rng.n(n) }

// GMI is the node's messaging layer, for applications that join groups of their
// own. What they do there the oracle does not see.
func (e *Env) GMI() *gmi.GMI { return e.nd.g }

// SendOK tells whether Multicast would be taken.
func (e *Env) SendOK(p gmi.Priority, size int) bool { return e.nd.g.SendOK(p, size) }

// Multicast sends to the applications of all nodes.
func (e *Env) Multicast(p gmi.Priority, g wire.Guarantee, parts ...[]byte) (gmi.MessageID, error) {
	return e.nd.g.Multicast(AppGroup, p, g, parts...)
}

func (w *World) newApp(nd *node, self wire.Member) {
	if w.opt.Service == nil {
		return
	}
	nd.env = &Env{w: w, nd: nd, self: self, rng: rng{s: w.workRng.next()}}
	nd.app = w.opt.Service(nd.env)
	if err := nd.g.Join(AppGroup, nd.app); err != nil {
		panic(err)
	}
}

func (w *World) stepApp(nd *node) {
	if _, settles := nd.app.(Settler); w.phase > phaseConverge && !settles {
		return
	}
	if !nd.frozen {
		nd.app.Step()
		w.kick(nd)
	}
	if nd.up {
		w.push(evApp, nd.index, w.workRng.around(w.p.workEvery), nd.proc)
	}
}

func (w *World) checkApp(nd *node) {
	if err := nd.app.Check(); err != nil {
		w.violate(ApplicationFailed, nd.index, err.Error())
	}
}

// appsSettled tells whether no application needs more time.
func (w *World) appsSettled() bool {
	for i := range w.nodes {
		if nd := &w.nodes[i]; nd.up && nd.app != nil {
			if s, ok := nd.app.(Settler); ok && !s.Settled() {
				return false
			}
		}
	}
	return true
}

func (w *World) checkApps() {
	if w.opt.ServiceCheck == nil {
		return
	}
	var live []App
	for i := range w.nodes {
		if w.nodes[i].up {
			live = append(live, w.nodes[i].app)
		}
	}
	if err := w.opt.ServiceCheck(live); err != nil {
		w.violate(ApplicationFailed, -1, err.Error())
	}
}
