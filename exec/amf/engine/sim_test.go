package engine

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ais/exec/amf/model"
	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/sim"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

var (
	simSeeds   = flag.Uint64("amf.seeds", 60, "simulated clusters")
	simFirst   = flag.Uint64("amf.first", 1, "the first seed")
	simWorkers = flag.Int("amf.workers", 1, "clusters to simulate at the same time")
	simTrace   = flag.Bool("amf.trace", false, "print what the first seed does")
)

// amfWorld is what all nodes of one simulated cluster are checked against.
type amfWorld struct {
	m      simModel
	bad    []string
	live   []*amfNode // by node index; nil: down
	trace  bool
	counts amfCounts
	// applied is the state after SyncApply, of the first member there.
	applied map[string]string
}

type amfCounts struct {
	Seeds, Inputs, Sets, Actives, Takeovers, Crashes, Reports, LostAnswers, FailedAnswers, Admin, Merges, Failfasts, GivenUp, HAReadiness,
	Restarts, SuRestarts, SuFailovers, NodeFailovers, Switchovers, Expired, Majority uint64
}

func (w *amfWorld) complain(format string, args ...any) {
	if len(w.bad) < 5 {
		w.bad = append(w.bad, fmt.Sprintf(format, args...))
	}
}

// simComp is a component's process.
type simComp struct {
	gen   uint32
	alive bool
	// does is what the process believes to have, by CSI; its last word is the
	// truth about what it does.
	does map[int]HAState
	// hung: it answers nothing and does nothing more. odd: it refused something, so
	// that what it has and what it was told may differ.
	hung, odd bool
	// Generation A: its process; the process that asks to be registered, 0: none.
	pid, asked int
	registered bool
}

// later is something that a node will do.
type later struct {
	at srp.Time
	f  func()
}

// amfNode is one start of a node: replica, driver, and its components.
type amfNode struct {
	*Replica
	w       *amfWorld
	env     *sim.Env
	manager *service.Manager
	ring    string // the configuration: its ring and its members
	decided string // where what is being done was decided
	comps   []simComp
	todo    []later
	outbox  []Input
	// inFlight is how many inputs were sent and not delivered yet.
	inFlight int
	timers   map[*amfTimer]bool
	wakeAt   srp.Time // when the world looks at the timers; 0: it does not
	order    uint64
	counts   escalation
	lastOp   srp.Time
	started  int // processes, of generation A
}

type amfTimer struct {
	at srp.Time
	n  uint64
	f  func()
}

func newAmfNode(env *sim.Env, w *amfWorld) *amfNode {
	n := &amfNode{w: w, env: env, timers: map[*amfTimer]bool{}, comps: make([]simComp, len(w.m.c.Comps))}
	for i := range n.comps {
		n.comps[i] = simComp{does: map[int]HAState{}}
	}
	var err error
	n.manager, err = service.New(service.Options{
		GMI: env.GMI(), Self: env.Self(), NodeName: fmt.Sprintf("n%d", env.Node()), Address: []byte{0, 0, 0, 0}, ClusterName: "sim",
		BootTime: 1, SyncTimeout: 1e18,
		Logf: func(format string, args ...any) {
			if !strings.Contains(format, "lease is over") {
				w.complain(format, args...)
			}
		},
		After: func(d int64, f func()) func() {
			n.order++
			t := &amfTimer{at: n.now() + srp.Time(d), n: n.order, f: f}
			n.timers[t] = true
			n.wake(t.at)
			return func() { delete(n.timers, t) }
		},
	})
	if err == nil {
		err = n.manager.Register(amfService{n})
	}
	if err == nil {
		err = n.manager.Start()
	}
	if err != nil {
		panic(err)
	}
	w.live[env.Node()] = n
	return n
}

// now is the node's clock; with the majority rule clocks do not leap, which the lease
// requires of them.
func (n *amfNode) now() srp.Time {
	if n.w.m.majority {
		return n.env.True()
	}
	return n.env.Now()
}

// amfService is the service that the manager knows.
type amfService struct{ *amfNode }

func (s amfService) ID() ipcwire.Service { return ipcwire.AMF }
func (s amfService) Name() string        { return "amf" }
func (s amfService) ExecInit(env service.Env) error {
	r, err := NewReplica(Options{Env: env, Cluster: s.w.m.c, Driver: s.amfNode, Now: func() int64 { return int64(s.now()) },
		NodeName: env.NodeName(), Majority: s.w.m.majority, Lease: s.w.m.lease})
	s.amfNode.Replica = r
	return err
}
func (s amfService) LibInit(service.Conn, ipcwire.Generation, []byte) ipcwire.Error {
	return ipcwire.ErrNotSupported
}
func (s amfService) LibRequest(service.Conn, uint32, ipcwire.Op, []byte) {}
func (s amfService) LibExit(service.Conn)                                {}

// Deliver watches the counters of escalation around every input.
func (s amfService) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	n := s.amfNode
	var in Input
	if len(msg) > 0 && msg[0] == msgInput && DecodeInput(msg[1:], &in) {
		n.counts.before(n, &in)
		n.Replica.Deliver(from, msg, id, transitional)
		n.counts.after(n)
		n.checkState()
		return
	}
	n.Replica.Deliver(from, msg, id, transitional)
}

func (s amfService) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	s.amfNode.Replica.ConfigChange(kind, cfg)
}

func (s amfService) SyncApply() {
	n := s.amfNode
	cfg := n.Replica.sync.cfg
	n.counts.off = true
	n.Replica.SyncApply()
	n.counts.reset(n)
	n.ring = configName(cfg)
	said := string(n.e.Snapshot(func(TimerID) time.Duration { return 1 }))
	if first, ok := n.w.applied[n.ring]; ok && first != said {
		other, _ := n.e.Restore(nil, []byte(first))
		n.w.complain("node %d, ring %v: the state differs from another member's:\n%s", n.env.Node(), n.ring,
			differing(describeEngine(n.e), describeEngine(other.State)))
	}
	n.w.applied[n.ring] = said
	n.checkState()
}

// configName names a configuration: a ring id may return when a disk was lost.
func configName(cfg *srp.Configuration) string { return fmt.Sprint(cfg.Ring, cfg.Members) }

// describeEngine is everything that must be equal on all members, a line for each
// entity.
func describeEngine(e *Engine) string {
	var b strings.Builder
	fmt.Fprintln(&b, e.started, e.quorate, e.formed, e.lastRing, e.startup, e.lastTimer, e.leases, e.evictions)
	for _, n := range e.nodes {
		fmt.Fprintf(&b, "%s %v %v %v %v %v %v\n", n.name, n.member, n.admin, n.oper, n.nextInv, n.failover, []bool{n.repairing, n.failfast})
	}
	for i := range e.apps {
		fmt.Fprintf(&b, "app %v %v\n", e.apps[i].admin, e.apps[i].restarting)
	}
	for _, g := range e.groups {
		fmt.Fprintf(&b, "%s %v %v %v %v\n", g.m.DN, g.admin, g.prefer, g.adjusting, g.adjust)
	}
	for _, si := range e.sis {
		fmt.Fprintf(&b, "%s %v %v %v\n", si.m.DN, si.admin, si.prefer, si.deps)
	}
	fmt.Fprintln(&b, e.csis)
	for _, c := range e.comps {
		k := *c
		k.m = nil
		fmt.Fprintf(&b, "%s %+v\n", c.m.DN, k)
	}
	for _, u := range e.units {
		k := *u
		k.m, k.assigns = nil, nil
		fmt.Fprintf(&b, "%s %+v\n", u.m.DN, k)
		for _, a := range u.assigns {
			if a.ha == HANone {
				continue // planned only
			}
			k := *a
			k.want = 0
			fmt.Fprintf(&b, "  %+v\n", k)
		}
	}
	for _, t := range e.timers {
		fmt.Fprintf(&b, "timer %d %d %d %d\n", t.id, t.kind, t.a, t.b)
	}
	return b.String()
}

// differing is the lines that differ.
func differing(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	var out strings.Builder
	for i := range max(len(x), len(y)) {
		p, q := "", ""
		if i < len(x) {
			p = x[i]
		}
		if i < len(y) {
			q = y[i]
		}
		if p != q {
			fmt.Fprintf(&out, "< %s\n> %s\n", p, q)
		}
	}
	return out.String()
}

// checkState: the state never says that an instance has more actives than its model
// allows, and counters never exceed what is configured.
func (n *amfNode) checkState() {
	e := n.e
	if e.unrest > 0 {
		n.w.complain("node %d: the state does not come to rest", n.env.Node())
	}
	for i, si := range e.sis {
		act, frozen := 0, 0
		for _, m := range si.m.SG.SUs {
			u := e.units[m.Index]
			if a := u.find(int32(i)); a != nil && (a.ha == HAActive || a.ha == HAQuiescing) {
				act++
				if e.frozen(u) {
					frozen++ // its node was told to end everything and leave
				}
			}
		}
		if act > e.actives(si) {
			n.w.complain("node %d: %s has %d active assignments", n.env.Node(), si.m.DN, act)
		}
		if act > frozen && n.w.m.majority && !e.quorate && e.cause == CauseNone {
			n.w.complain("node %d: %s is active without a majority", n.env.Node(), si.m.DN)
		}
	}
}

// Execute carries out an output after a while.
func (n *amfNode) Execute(o *Output) {
	if o.Kind == OutRegistered && n.w.m.a {
		n.bound(o)
	}
	if o.Kind == OutProtectionGroup || o.Kind == OutRegistered || o.Kind == OutUnregistered {
		return
	}
	out := *o
	delay := srp.Time(n.env.Random(int(n.env.TokenTimeout() / 8)))
	if n.env.Random(20) == 0 {
		delay *= 6
	}
	// What was decided in one configuration may reach the component in the next.
	ring := n.ring
	if n.Replica.sync.cfg != nil {
		ring = configName(n.Replica.sync.cfg)
	}
	n.after(delay, func() {
		n.decided = ring
		n.do(&out)
	})
}

// after does something later; what was to be done before is done before.
func (n *amfNode) after(d srp.Time, f func()) {
	at := n.now() + d
	if k := len(n.todo); k > 0 && n.todo[k-1].at > at {
		at = n.todo[k-1].at
	}
	n.todo = append(n.todo, later{at, f})
}

func (n *amfNode) tracef(format string, args ...any) {
	if n.w.trace {
		fmt.Printf("%10.3f n%d AMF %s\n", float64(n.env.True())/1e6, n.env.Node(), fmt.Sprintf(format, args...))
	}
}

// luck is what becomes of an answer: given, lost, or an error.
func (n *amfNode) luck() string {
	if !n.env.Faulty() {
		return "ok"
	}
	switch n.env.Random(40) {
	case 0:
		n.w.counts.LostAnswers++
		return "lost"
	case 1:
		n.w.counts.FailedAnswers++
		return "fail"
	}
	return "ok"
}

func (n *amfNode) do(o *Output) {
	if o.Kind == OutFailfast {
		n.tracef("failfast")
		for i := range n.comps {
			n.kill(i)
		}
		n.w.counts.Failfasts++
		n.env.Die()
		return
	}
	c := &n.comps[o.Comp.Index]
	luck := n.luck()
	n.tracef("%s kind %d csi %v ha %s inv %d gen %d: %s", o.Comp.Name, o.Kind, o.CSI != nil, o.HA, o.Invocation, o.Incarnation, luck)
	if n.w.m.a && n.doA(o, luck) {
		return
	}
	result := ipcwire.OK
	if luck == "fail" {
		result = ipcwire.ErrFailedOp
	}
	switch o.Kind {
	case OutInstantiate:
		if luck == "fail" {
			break
		}
		if c.alive {
			n.w.complain("node %d: %s is instantiated while it lives", n.env.Node(), o.Comp.DN)
		}
		*c = simComp{gen: o.Incarnation, alive: true, does: map[int]HAState{}}
		if o.Comp.Registers() && (luck == "ok" || n.env.Random(2) == 0) {
			n.outbox = append(n.outbox, Input{Kind: InRegister, Comp: o.Comp.DN})
		}
		if o.Comp.Capability == model.NonPreInstantiable {
			// It is active while it lives, for what it was instantiated for.
			for _, a := range n.e.CSIsOf(o.Comp) {
				n.becomes(o.Comp, a.CSI.Index, HAActive)
			}
		}
	case OutTerminate:
		if luck == "ok" {
			n.kill(o.Comp.Index)
		}
	case OutCleanup:
		if luck == "fail" && n.env.Random(3) > 0 { // cleanup fails seldom
			luck, result = "ok", ipcwire.OK
		}
		if luck != "fail" {
			n.kill(o.Comp.Index)
		}
	case OutCSISet, OutCSIRemove:
		if !c.alive || c.gen != o.Incarnation {
			return // nobody is there to answer
		}
		switch {
		case c.hung:
			return
		case luck == "lost":
			c.hung = true
			if n.env.Random(2) == 0 {
				n.assign(o, c)
			}
		case luck == "fail":
			c.odd = true
		default:
			if !n.assign(o, c) {
				result = ipcwire.ErrFailedOp
			}
		}
	default:
		n.w.complain("an output of kind %d", o.Kind)
	}
	if luck != "lost" {
		n.outbox = append(n.outbox, Input{Kind: InAnswer, Comp: o.Comp.DN, Invocation: o.Invocation, Incarnation: o.Incarnation, Result: result})
	}
}

// assign is what a component does about a callback; false: it cannot.
func (n *amfNode) assign(o *Output, c *simComp) bool {
	n.w.counts.Sets++
	var csis []int
	if o.CSI != nil {
		csis = []int{o.CSI.Index}
	} else {
		for k := range c.does {
			csis = append(csis, k)
		}
		slices.Sort(csis)
	}
	for _, k := range csis {
		if o.Kind == OutCSIRemove {
			delete(c.does, k)
			continue
		}
		if _, has := c.does[k]; has == (o.Flags&FlagAddOne != 0) && o.CSI != nil {
			if c.odd {
				return false
			}
			n.w.complain("node %d: %s gets a set with flags %d, has the csi: %v", n.env.Node(), o.Comp.DN, o.Flags, has)
		}
		n.becomes(o.Comp, k, o.HA)
	}
	if o.HA == HAQuiescing {
		inv := o.Invocation
		gen := c.gen
		if n.env.Faulty() && n.env.Random(20) == 0 {
			return true // never completes; a lock or an error ends it
		}
		n.after(srp.Time(n.env.Random(int(n.env.TokenTimeout()))), func() {
			if c.alive && c.gen == gen {
				for k, ha := range c.does {
					if ha == HAQuiescing {
						c.does[k] = HAQuiesced
					}
				}
				n.outbox = append(n.outbox, Input{Kind: InQuiescingComplete, Comp: o.Comp.DN, Invocation: inv, Result: ipcwire.OK})
			}
		})
	}
	return true
}

// becomes gives a component an HA state, and looks who else has it.
func (n *amfNode) becomes(m *model.Comp, csi int, ha HAState) {
	c := &n.comps[m.Index]
	was := c.does[csi]
	c.does[csi] = ha
	if ha != HAActive {
		return
	}
	n.w.counts.Actives++
	if was != HAActive {
		n.checkActive(m, csi)
	}
}

// acts tells whether a component is active for a CSI in earnest: it lives, on a node
// that runs, and with the majority rule the node has its lease.
func (n *amfNode) acts(comp, csi int) bool {
	c := &n.comps[comp]
	if !c.alive {
		return false
	}
	if ha := c.does[csi]; ha != HAActive && ha != HAQuiescing {
		return false
	}
	return !n.w.m.majority || int64(n.env.True()) < n.LeaseUntil()
}

// checkActive looks whether anybody else is active for what a component just became
// active for: in the same configuration never; with the majority rule nowhere.
func (n *amfNode) checkActive(m *model.Comp, csi int) {
	k := n.w.m.c.CSIs[csi]
	if most := n.e.actives(n.e.sis[k.SI.Index]); most > 1 {
		return
	}
	for _, o := range n.w.live {
		if o == nil || !o.env.Up() {
			continue
		}
		for i := range o.comps {
			if o == n && i == m.Index || !o.acts(i, csi) {
				continue
			}
			switch {
			case n.w.m.majority:
				n.w.complain("at %.3f node %d: %s becomes active for %s while %s on node %d is", float64(n.env.True())/1e6, n.env.Node(), m.Name, k.DN,
					n.w.m.c.Comps[i].Name, o.env.Node())
			case o.ring == n.ring && n.decided == n.ring:
				n.w.complain("at %.3f node %d: %s becomes active for %s while %s on node %d is, in configuration %v", float64(n.env.True())/1e6,
					n.env.Node(), m.Name, k.DN, n.w.m.c.Comps[i].Name, o.env.Node(), n.ring)
			}
		}
	}
}

// kill ends a process.
func (n *amfNode) kill(i int) {
	c := &n.comps[i]
	c.alive, c.registered = false, false
	clear(c.does)
}

// GiveUp ends what had an active role.
func (n *amfNode) GiveUp(list []Doomed) {
	for _, d := range list {
		if c := &n.comps[d.Comp.Index]; c.gen == d.Incarnation {
			n.tracef("gives up %s", d.Comp.Name)
			n.w.counts.GivenUp++
			n.kill(d.Comp.Index)
		}
	}
}

// Record counts, and feeds the check of escalation.
func (n *amfNode) Record(r *Record) {
	n.tracef("record %s %s: %s > %s (%s) %s", short(r.Object), r.What, r.From, r.To, r.Cause, r.Why)
	if r.What == "recovery" {
		n.counts.recovery(n, r)
	}
}

// The simulator's own group is not used.
type amfApp struct{ n *amfNode }

func (amfApp) Deliver(wire.Member, []byte, gmi.MessageID, bool)  {}
func (amfApp) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}
func (amfApp) Safe(gmi.MessageID)                                {}
func (a amfApp) Step()                                           { a.n.step() }
func (a amfApp) Check() error                                    { return a.n.check() }
func (a amfApp) Settled() bool                                   { return a.n.settled() }

// wake has the world look at the timers in time.
func (n *amfNode) wake(at srp.Time) {
	if now := n.now(); n.wakeAt <= now || at < n.wakeAt {
		n.wakeAt = max(at, now+1)
		n.env.Wake(n.wakeAt - now)
	}
}

func (n *amfNode) runTimers() {
	for {
		var first *amfTimer
		for t := range n.timers {
			if first == nil || t.at < first.at || t.at == first.at && t.n < first.n {
				first = t
			}
		}
		if first == nil {
			return
		}
		if first.at > n.now() {
			n.wake(first.at)
			return
		}
		delete(n.timers, first)
		first.f()
	}
}

func (n *amfNode) check() error {
	n.runTimers()
	n.manager.Work()
	if s := n.manager.Stats(); s.Malformed+s.Early > 0 {
		n.w.complain("%+v", s)
	}
	if s := n.Replica.stats; s.Malformed+s.Foreign > 0 {
		n.w.complain("%+v", s)
	}
	if len(n.w.bad) > 0 {
		return errors.New(strings.Join(n.w.bad, "\n"))
	}
	return nil
}

func (n *amfNode) step() {
	n.runTimers()
	n.manager.Work()
	for len(n.todo) > 0 && n.todo[0].at <= n.now() {
		f := n.todo[0].f
		n.todo = n.todo[1:]
		f()
	}
	n.faults()
	if n.w.m.a && n.manager.Synchronized() {
		n.programs()
	}
	for len(n.outbox) > 0 && n.Submit(&n.outbox[0], func(ipcwire.Error) { n.inFlight-- }) {
		n.inFlight++
		n.outbox = n.outbox[1:]
	}
}

var simRecoveries = []model.Recovery{model.NoRecommendation, model.ComponentRestart, model.ComponentRestart, model.ComponentRestart,
	model.ComponentFailover, model.ComponentFailover, model.NodeSwitchover, model.NodeFailover, model.NodeFailfast, model.ApplicationRestart}

// drawModel makes the model of a seed.
type drawModel func(seed uint64, nodes int, token time.Duration) simModel

// nodeDN is the name by which a node is operated.
func nodeDN(o *node) string {
	if o.m != nil {
		return o.m.DN
	}
	return o.name
}

// runAmfSeed runs one simulated cluster.
func runAmfSeed(sw *sim.World, seed uint64, draw drawModel, trace bool) (*amfWorld, error) {
	if trace {
		debugRest = func(e *Engine) {
			fmt.Println("--round")
			for _, u := range e.units {
				for _, a := range u.assigns {
					fmt.Printf("  %s %s want %s ha %s rem %v done %v place %d %+v\n", u.m.Name, e.sis[a.si].m.Name, a.want, a.ha, a.removing, a.done(), e.placeOf(u), a.csis)
				}
			}
			for _, c := range e.comps {
				if c.presence != Instantiated || c.op != opNone {
					k := *c
					k.m = nil
					fmt.Printf("  %s %+v\n", c.m.Name, k)
				}
			}
			for _, a := range e.apps {
				fmt.Printf("  %s restarting %v\n", a.m.Name, a.restarting)
			}
		}
	}
	w := &amfWorld{applied: map[string]string{}, trace: trace}
	opt := sim.Options{
		Seed: seed,
		Service: func(env *sim.Env) sim.App {
			if w.live == nil {
				w.m = draw(seed, env.Nodes(), time.Duration(env.TokenTimeout()))
				w.live = make([]*amfNode, env.Nodes())
			}
			return amfApp{newAmfNode(env, w)}
		},
		ServiceCheck: func(apps []sim.App) error {
			first := apps[0].(amfApp).n
			for _, a := range apps {
				n := a.(amfApp).n
				if err := n.final(first); err != nil {
					return fmt.Errorf("node %d: %w", n.env.Node(), err)
				}
				w.counts.Inputs += n.Replica.stats.Inputs
				w.counts.Merges += n.Replica.stats.Merges
				w.counts.Expired += n.Replica.stats.Proposals
			}
			if len(w.bad) > 0 {
				return errors.New(strings.Join(w.bad, "\n"))
			}
			return nil
		},
	}
	_, v := sw.Run(opt)
	w.counts.Seeds = 1
	if w.m.majority {
		w.counts.Majority = 1
	}
	if v != nil {
		state := ""
		if trace && w.live[0] != nil {
			debugRest(w.live[0].e)
		}
		for _, n := range w.live {
			if n != nil && n.e != nil && n.env.Node() < 6 {
				state += fmt.Sprintf("  node %d: %s; todo %d, outbox %d, timers %v\n", n.env.Node(), n.missing(), len(n.todo), len(n.outbox), n.e.timers)
			}
		}
		return w, fmt.Errorf("seed %d: %v\n%sreplay: go test ./exec/amf/engine -run Simulated -amf.first %d -amf.seeds 1 -amf.trace", seed, v, state, seed)
	}
	return w, nil
}

func TestInSimulatedClustersNobodyIsActiveTwiceAndEverythingIsAssignedInTheEnd(t *testing.T) {
	seeds := *simSeeds
	if testing.Short() {
		seeds = min(seeds, 15)
	}
	total, failed := simulate(t, seeds, newSimModel)
	if c := &total; seeds >= 40 && failed == 0 && min(c.Actives, c.Crashes, c.Reports, c.LostAnswers, c.FailedAnswers, c.Admin, c.Merges,
		c.Failfasts, c.HAReadiness, c.Restarts, c.SuRestarts, c.SuFailovers, c.NodeFailovers, c.Switchovers, c.Expired, c.Majority) == 0 {
		t.Error("the simulation did not get to the point")
	}
	if seeds >= 500 && failed == 0 && total.GivenUp == 0 {
		t.Error("no lease ended")
	}
}

// simulate runs clusters, several at a time.
func simulate(t *testing.T, seeds uint64, draw drawModel) (total amfCounts, failed int) {
	var (
		next atomic.Uint64
		mu   sync.Mutex
		wg   sync.WaitGroup
	)
	for range *simWorkers {
		wg.Go(func() {
			sw := sim.NewWorld()
			for n := next.Add(1) - 1; n < seeds; n = next.Add(1) - 1 {
				w, err := runAmfSeed(sw, *simFirst+n, draw, *simTrace && n == 0)
				mu.Lock()
				total.add(&w.counts)
				if err != nil {
					failed++
					t.Error(err)
				}
				if total.Seeds%1000 == 0 {
					t.Logf("%d seeds, %d failed: %+v", total.Seeds, failed, total)
				}
				stop := failed >= 5
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%+v", total)
	return total, failed
}
