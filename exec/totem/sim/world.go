// The world: the event loop, and the life of nodes from boot to death.

package sim

import (
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Options are what a run is given besides its seed.
type Options struct {
	Seed uint64
	// Nodes, if not 0, overrides the number of nodes that the seed draws.
	Nodes int
	// Trace, if not nil, receives every event as a line.
	Trace io.Writer
	// Service, if not nil, puts an application on top of every start.
	Service Service
	// ServiceCheck, if not nil, compares the live applications at the end.
	ServiceCheck func(live []App) error
	// spare names faults, by number, that the run does without.
	spare []bool
	// untold keeps the machines from knowing how much their sockets hold.
	untold bool
}

// Stats count what a run did.
type Stats struct {
	Nodes                             int
	Events, Sent, Lost                uint64
	Sealed, Replays, Replayed         uint64 // refused for the key; for the window; sent by the attacker
	Steps, Ticks                      uint64
	Overflows                         uint64 // messages of a ring that a socket's queue had no room for
	Starts, Crashes, Leaves           uint64
	Rings, Formed                     uint64 // configurations delivered; rings whose key was used
	Messages, Deliveries              uint64
	SafeMessages                      uint64
	Kept                              uint64 // visits at which the token stayed with its sender, by who is up at the end
	Alone, AloneLarge                 uint64 // payloads in rings of one; larger than a packet
	Acknowledged, AcksMissing         uint64 // times it stayed for acknowledgements; and they did not come; likewise
	TransitionalMessages, PassedOver  uint64
	Simulated, FaultPhase, Convergent time.Duration // of the whole run; of its first phase; until one ring after it
	ConvergentTokens                  float64       // the last, in token timeouts
	Faults                            [faultKinds]uint64
}

// disk is what survives a start.
type disk struct {
	start    uint64
	reserved uint64
}

// node is a place where starts happen.
type node struct {
	index int
	id    wire.NodeID
	disk  disk
	up    bool
	start uint64
	proc  int32
	m     *srp.Machine
	g     *gmi.GMI
	app   App
	env   *Env

	clock   int64 // what the node's clock shows beyond the world's time
	timer   int64 // the world's time of the earliest timer event, 0 when none
	timerNo int32
	keys    [keySlots]int32
	txFree  int64
	inbox   []int32 // packets in the socket's queue
	busy    int64   // until when the node works on a packet
	frozen  bool
	wake    bool
	working bool // inside an input of the machine
	talk    int  // how many talks began here

	slow, slowUntil int64
	late, lateUntil int64
	dying           bool // dies in the middle of its next output
	dieAfter        int
	doomed          bool // stays dead
}

type phase uint8

const (
	phaseFaults phase = iota
	phaseConverge
	phaseTraffic
	phaseStable
)

// World runs seeds, one after the other, and reuses what it can.
type World struct {
	opt    Options
	p      params
	now    int64
	q      eventQueue
	net    network
	nodes  []node
	oracle *oracle
	stats  Stats

	worldRng, netRng, planRng, faultRng, workRng, talkRng rng

	armed     int64 // until when rings that are formed are hit by preference
	faultSeed uint64
	faultNo   int

	faulty     bool
	phase      phase
	healedAt   int64
	deadline   int64
	settled    bool // from now on the ring must stay
	settling   bool // applications come to rest: nothing but their own messages is sent
	noConfigAt int64
	progress   uint64 // deliveries when the traffic phase last got on
	done       bool
	struck     int32 // the configuration just delivered, for a fault to fall on
	violation  *Violation
	buf        []byte

	regularDelivered func(pi, ci int32)
}

// NewWorld returns a world that can run any number of seeds, one at a time.
func NewWorld() *World {
	w := &World{}
	w.oracle = newOracle(w)
	w.regularDelivered = w.onRegular
	return w
}

// Run runs one seed to its end or to the first violation.
func (w *World) Run(opt Options) (Stats, *Violation) {
	w.setUp(opt)
	w.loop()
	for i := range w.nodes {
		if nd := &w.nodes[i]; nd.up {
			n := nd.m.Status().Counters
			w.stats.Kept += n.Keeps
			w.stats.Acknowledged += n.Acknowledged
			w.stats.AcksMissing += n.AcksMissing
		}
	}
	return w.stats, w.violation
}

func (w *World) setUp(opt Options) {
	w.opt = opt
	w.worldRng = rng{s: opt.Seed*0x9e3779b97f4a7c15 + 0x746f74656d}
	w.p.draw(&w.worldRng, min(opt.Nodes, maxNodes))
	w.talkRng = rng{s: opt.Seed*0x9e3779b97f4a7c15 + 0x74616c6b}
	w.p.drawTalk(&w.talkRng)
	w.netRng = rng{s: w.worldRng.next()}
	w.planRng = rng{s: w.worldRng.next()}
	w.faultSeed, w.faultNo = w.worldRng.next(), 0
	w.faultRng = rng{s: w.faultSeed}
	w.workRng = rng{s: w.worldRng.next()}
	w.now, w.done, w.violation = 1, false, nil
	w.faulty, w.phase, w.healedAt, w.settled = true, phaseFaults, 1<<62, false
	w.armed, w.struck, w.settling = 0, none, false
	w.stats = Stats{Nodes: w.p.nodes}
	w.q.reset()
	w.net.reset(w.p.nodes)
	for i := range w.net.links {
		w.net.links[i].delay = w.p.delay + w.netRng.in(0, w.p.delay/4)
	}
	w.drawLoss()
	w.oracle.reset()
	for len(w.nodes) < w.p.nodes {
		w.nodes = append(w.nodes, node{})
	}
	w.nodes = w.nodes[:w.p.nodes]
	for i := range w.nodes {
		w.nodes[i] = node{index: i, id: nodeID(i), proc: none, inbox: w.nodes[i].inbox[:0]}
		nd := &w.nodes[i]
		nd.clock = w.worldRng.in(0, int64(time.Hour))
		nd.disk.start = uint64(w.worldRng.n(5))
		w.push(evBoot, i, w.worldRng.in(0, w.p.bootWithin), 0)
	}
	w.push(evFault, 0, w.worldRng.around(2*w.p.token), 0)
	w.push(evPhase, 0, w.p.faultPhase, 0)
}

// nodeID maps a node's index to its id, in order, with holes.
func nodeID(i int) wire.NodeID { return wire.NodeID(7 + 3*i) }

// nodeOf is the inverse of nodeID, or -1.
func (w *World) nodeOf(id wire.NodeID) int {
	if i := (int(id) - 7) / 3; id >= 7 && i < w.p.nodes && nodeID(i) == id {
		return i
	}
	return -1
}

func (w *World) push(k eventKind, node int, after int64, a int32) {
	w.q.push(event{at: w.now + after, kind: k, node: int16(node), a: a})
}

func (w *World) violate(p Property, node int, detail string) {
	if w.violation != nil {
		return
	}
	w.violation = &Violation{Property: p, Detail: detail, At: w.now, Node: node}
	w.done = true
	if w.tracing() {
		w.tracef(node, "VIOLATION %s: %s", p, detail)
	}
}

func (w *World) tracing() bool { return w.opt.Trace != nil }

// eventLimit ends a world that runs wild.
const eventLimit = 50_000_000

func (w *World) loop() {
	defer func() {
		if r := recover(); r != nil {
			w.violate(Assertion, -1, fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
		}
		w.finish()
	}()
	for !w.done && len(w.q.heap) > 0 {
		e := w.q.pop()
		w.now = e.at
		w.stats.Events++
		if w.stats.Events > eventLimit {
			w.violate(Progress, -1, fmt.Sprintf("more than %d events", eventLimit))
			return
		}
		w.handle(&e)
	}
}

func (w *World) finish() {
	w.stats.Simulated = time.Duration(w.now)
	o := w.oracle
	w.stats.Messages = uint64(len(o.msgs))
	for i := range o.configs {
		w.stats.Formed++
		if o.configs[i].installed {
			w.stats.Rings++
		}
	}
	for i := range o.stays {
		w.stats.PassedOver += uint64(len(o.stays[i].gaps))
	}
}

func (w *World) handle(e *event) {
	nd := &w.nodes[e.node]
	switch e.kind {
	case evArrive:
		w.arrive(nd, e.a)
	case evTimer:
		if nd.up && e.a == nd.timerNo {
			nd.timer = 0
			w.tick(nd)
		}
	case evInbox:
		w.takeInbox(nd)
	case evThaw:
		if nd.up && nd.proc == e.a {
			w.thaw(nd)
		}
	case evBoot:
		if !nd.up && !nd.doomed {
			w.boot(nd)
		}
	case evKill:
		if nd.up && nd.proc == e.a && w.faulty {
			w.kill(nd)
		}
	case evDie:
		if nd.up && nd.proc == e.a && w.phase <= phaseConverge {
			w.deadline = max(w.deadline, w.now+10*w.p.token)
			w.kill(nd)
			if !w.faulty {
				w.boot(nd) // nobody may be missing when everything comes to rest
			}
		}
	case evCut:
		if w.faulty {
			w.cutNode(nd.index, true, true, w.planRng.around(w.p.token))
		}
	case evSuspect:
		if nd.up && !nd.frozen {
			w.input(nd, func() { nd.m.Suspect(nd.local(w.now), nodeID(int(e.a))) })
		}
	case evWork:
		if nd.up && nd.proc == e.a {
			w.work(nd)
		}
	case evBurst:
		if nd.up && !nd.frozen && w.phase <= phaseConverge {
			w.submit(nd, false)
			w.kick(nd)
		}
	case evTalk:
		if nd.up && nd.proc == e.a && !nd.frozen && !w.settling && w.phase <= phaseConverge {
			w.talk(nd)
			w.kick(nd)
		}
	case evFault:
		if e.a == 0 {
			w.fault()
		} else if w.faulty {
			w.inflict(fault(e.a - 1))
		}
	case evReplay:
		w.replay()
		w.push(evReplay, 0, w.faultRng.around(w.p.token/16), 0)
	case evPhase:
		w.nextPhase()
	case evApp:
		if nd.up && nd.proc == e.a && nd.app != nil {
			w.stepApp(nd)
		}
	case evAlarm:
		if nd.up && nd.proc == e.a && nd.app != nil && !nd.frozen {
			w.checkApp(nd)
			w.kick(nd)
		}
	}
}

func (nd *node) local(now int64) srp.Time { return srp.Time(now + nd.clock) }

// boot begins a start: a new number, durable before it is used, a new nonce, and
// nothing else from before but the reservation of ring sequence numbers.
func (w *World) boot(nd *node) {
	nd.disk.start++
	nd.up, nd.frozen, nd.dying, nd.wake, nd.working = true, false, false, false, false
	nd.start = nd.disk.start
	nd.busy, nd.timer = 0, 0
	nd.slow, nd.late = 0, 0
	nd.keys = [keySlots]int32{none, none, none}
	self := wire.Member{ID: nd.id, Start: nd.start}
	for i := range self.Nonce {
		self.Nonce[i] = byte(w.worldRng.next())
	}
	nd.proc = w.oracle.procStarts(nd.index, self)
	w.stats.Starts++
	if w.tracing() {
		w.tracef(nd.index, "boots, start %d, ring sequence numbers up to %d used", nd.start, nd.disk.reserved)
	}
	w.newStack(nd, self)
	w.input(nd, func() { nd.m.Start(nd.local(w.now)) })
	w.push(evWork, nd.index, w.workRng.around(w.p.workEvery), nd.proc)
	if nd.app != nil {
		w.push(evApp, nd.index, w.workRng.around(w.p.workEvery), nd.proc)
	}
}

// stop ends a start; what is in the network stays there.
func (w *World) stop(nd *node) {
	nd.up, nd.frozen, nd.dying = false, false, false
	nd.timerNo++
	for _, pi := range nd.inbox {
		w.net.drop(pi)
	}
	nd.inbox = nd.inbox[:0]
	w.oracle.procFails(nd.proc)
	nd.m, nd.g, nd.app, nd.env = nil, nil, nil, nil
}

// leave stops a node on purpose: it says so, and ends.
func (w *World) leave(nd *node) {
	if !nd.up || nd.frozen {
		return
	}
	w.stats.Leaves++
	if w.tracing() {
		w.tracef(nd.index, "leaves")
	}
	w.input(nd, func() { nd.m.Leave(nd.local(w.now)) })
	if nd.up {
		w.stop(nd)
		w.push(evBoot, nd.index, w.faultRng.around(w.p.token), 0)
	}
}

func (w *World) freeze(nd *node, d int64) {
	if !nd.up || nd.frozen {
		return
	}
	nd.frozen = true
	w.push(evThaw, nd.index, d, nd.proc)
}

// thaw lets a paused node go on. Whether it sees its timers or its socket first
// is a matter of luck.
func (w *World) thaw(nd *node) {
	if !nd.frozen {
		return
	}
	if w.tracing() {
		w.tracef(nd.index, "goes on after a pause")
	}
	nd.frozen = false
	proc := nd.proc
	if w.faultRng.percent(50) {
		w.tick(nd)
	}
	for nd.up && nd.proc == proc && len(nd.inbox) > 0 && !w.done {
		w.step(nd, w.popInbox(nd))
	}
	if nd.up && nd.proc == proc {
		w.tick(nd)
	}
}

// arrive hands a packet to a node's socket.
func (w *World) arrive(nd *node, pi int32) {
	switch {
	case !nd.up || w.p.cutHard && w.severed(pi, nd.index):
		w.net.drop(pi)
	case nd.frozen || nd.slow > 0 && nd.slowUntil > w.now || len(nd.inbox) > 0:
		if len(nd.inbox) >= w.p.inboxMax {
			if kind, err := wire.Kind(w.net.packets[pi].data); err == nil && kind == wire.TypeData {
				w.stats.Overflows++
			}
			w.net.drop(pi)
			return
		}
		nd.inbox = append(nd.inbox, pi)
		if len(nd.inbox) == 1 && !nd.frozen {
			w.push(evInbox, nd.index, max(0, nd.busy-w.now), 0)
		}
	default:
		w.step(nd, pi)
	}
}

func (w *World) popInbox(nd *node) int32 {
	pi := nd.inbox[0]
	nd.inbox = nd.inbox[:copy(nd.inbox, nd.inbox[1:])]
	return pi
}

func (w *World) takeInbox(nd *node) {
	if !nd.up || nd.frozen || len(nd.inbox) == 0 {
		return
	}
	w.step(nd, w.popInbox(nd))
	if nd.slowUntil > w.now {
		nd.busy = w.now + nd.slow
	}
	if nd.up && len(nd.inbox) > 0 {
		w.push(evInbox, nd.index, max(0, nd.busy-w.now), 0)
	}
}

// onRegular watches the configurations for the phases.
func (w *World) onRegular(pi, ci int32) {
	c := &w.oracle.configs[ci]
	if w.tracing() {
		w.tracef(w.oracle.procs[pi].node, "== regular configuration %s %s", ringName(c.ring), w.oracle.names(c.members))
	}
	if w.settled {
		w.violate(Stability, w.oracle.procs[pi].node, fmt.Sprintf("ring %s %s, though nothing is wrong since %.3f ms",
			ringName(c.ring), w.oracle.names(c.members), float64(w.noConfigAt)/1e6))
	}
	w.struck = ci
}

// oneRing tells whether all live nodes are in one configuration of just them.
func (w *World) oneRing() bool {
	ci := none
	alive := 0
	for i := range w.nodes {
		nd := &w.nodes[i]
		if !nd.up {
			continue
		}
		alive++
		p := &w.oracle.procs[nd.proc]
		if p.stay == none || p.inTrans {
			return false
		}
		cfg := w.oracle.stays[p.stay].cfg
		if ci == none {
			ci = cfg
		}
		if cfg != ci {
			return false
		}
	}
	return ci != none && len(w.oracle.configs[ci].members) == alive
}

// nextPhase moves the run on, or looks again soon.
func (w *World) nextPhase() {
	look := w.p.token / 8
	switch w.phase {
	case phaseFaults:
		w.stats.FaultPhase = time.Duration(w.now)
		if w.tracing() {
			w.tracef(-1, "==== the faults stop")
		}
		w.heal()
		w.phase, w.deadline = phaseConverge, w.now+10*w.p.token
		if w.p.attacker {
			w.push(evReplay, 0, w.p.token/8, 0)
		}
	case phaseConverge:
		switch one := w.oneRing(); {
		case !one && w.now > w.deadline:
			w.violate(Convergence, -1, w.describeRings())
		case one && w.stats.Convergent == 0:
			w.stats.Convergent = time.Duration(w.now - w.healedAt)
			w.stats.ConvergentTokens = float64(w.now-w.healedAt) / float64(w.p.token)
			if w.tracing() {
				w.tracef(-1, "==== one ring")
			}
		}
		// What was under way when the faults stopped may still disturb; after that
		// nothing may.
		if drained := w.now > w.healedAt+w.p.spikeMax+4*(w.p.delay+w.p.jitter); drained && w.calm() && !w.appsSettled() {
			w.settling = true
			if w.now > w.healedAt+SettleLimit*w.p.token {
				w.violate(ApplicationFailed, -1, "the applications do not come to rest")
			}
		} else if drained && w.calm() {
			if w.tracing() {
				w.tracef(-1, "==== calm")
			}
			w.phase, w.settled, w.noConfigAt = phaseTraffic, true, w.now
			w.extend()
			w.sendFinal()
		} else if w.now > w.deadline+w.p.spikeMax+4*w.p.token {
			w.violate(Convergence, -1, "one ring, but no rest: "+w.describeRings())
		}
	case phaseTraffic:
		mi, why := w.oracle.pendingMessage()
		switch {
		case mi < 0:
			w.phase = phaseStable
			look = 2 * w.p.token
		case w.stats.Deliveries > w.progress:
			w.extend()
		case w.now > w.deadline:
			w.violate(Progress, w.oracle.procs[w.oracle.msgs[mi].proc].node, fmt.Sprintf("message %d: %s; %s", mi, why, w.describeRings()))
		}
	case phaseStable:
		if w.calm() && !w.appsSettled() && w.now <= w.healedAt+SettleLimit*w.p.token {
			break // the final messages have kept an application from its own
		}
		w.oracle.atEnd()
		if w.violation == nil {
			w.checkApps()
		}
		w.done = true
		return
	}
	w.push(evPhase, 0, look, 0)
}

// extend gives the traffic phase more time as long as it gets on.
func (w *World) extend() {
	w.progress, w.deadline = w.stats.Deliveries, w.now+3*w.p.token
}

// calm tells whether there is one ring and every live node is at work in it.
func (w *World) calm() bool {
	if !w.oneRing() {
		return false
	}
	for i := range w.nodes {
		if nd := &w.nodes[i]; nd.up && nd.m.Status().State != srp.Operational {
			return false
		}
	}
	return true
}

func (w *World) describeRings() string {
	s := ""
	for i := range w.nodes {
		nd := &w.nodes[i]
		if !nd.up {
			continue
		}
		p := &w.oracle.procs[nd.proc]
		if p.stay == none {
			s += fmt.Sprintf(" n%d: no configuration (%s);", i, nd.describe())
			continue
		}
		c := &w.oracle.configs[w.oracle.stays[p.stay].cfg]
		s += fmt.Sprintf(" n%d: ring %s %s (%s);", i, ringName(c.ring), w.oracle.names(c.members), nd.describe())
	}
	return s
}
