package ckpt

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/sim"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"golang.org/x/sys/unix"
)

// Clusters of this service on the real ring in the simulator, with every fault it
// knows. Invariants are checked after every delivery. In the end all live
// replicas are equal, and what was acknowledged with ALL_REPLICAS is there unless
// it was reported, as long as one node lived that was a member when it was
// acknowledged.

var (
	simFirst = flag.Uint64("sim.first", 1, "first seed")
	simSeeds = flag.Uint64("sim.seeds", 60, "how many seeds")
	simJobs  = flag.Int("sim.workers", 1, "how many worlds at a time")
	simTell  = flag.Bool("sim.tell", false, "print every loss: for looking at one seed")
)

// simWorld is what the replicas of one world have in common.
type simWorld struct {
	acked []simWrite
	lost  map[string]bool // sections of which a write was reported as lost
	bad   error
	plant bool
	disks map[wire.NodeID]*simDisk // nil: checkpoints are in memory only
	sum   Stats
}

type simWrite struct {
	section   string
	value     uint64
	witnesses []nodeKey
}

func (w *simWorld) tell(what string, l *Loss) {
	if *simTell {
		fmt.Printf("%s %s section %s, by node %d, of nodes %v, version %+v\n", what, l.Kind, l.Section, l.Node, l.Members, l.at)
	}
}

// simReplica is a manager with this service at one start of a node.
type simReplica struct {
	env     *sim.Env
	w       *simWorld
	manager *service.Manager
	svc     *Service
	timers  []*simTimer
	client  *simConn
	handle  uint32
	serial  uint64
	skew    int64
	seen    simSeen // when the state was looked at last
}

// simSeen changes when the state does.
type simSeen struct {
	state     *state
	epoch     epoch
	delivered uint64
}

type simTimer struct {
	at srp.Time
	f  func()
}

// simConn is a connection: at most one request is under way.
type simConn struct {
	service.Conn
	id     uint64
	state  any
	busy   bool
	answer func(err ipcwire.Error, body []byte)
}

func (c *simConn) ID() uint64                     { return c.id }
func (c *simConn) SetState(v any)                 { c.state = v }
func (c *simConn) State() any                     { return c.state }
func (c *simConn) Notify(ipcwire.Op, []byte) bool { return true }
func (c *simConn) Respond(_ uint32, err ipcwire.Error, body []byte) {
	c.busy = false
	c.answer(err, body)
}

func newSimReplica(env *sim.Env, w *simWorld) *simReplica {
	r := &simReplica{env: env, w: w}
	opt := Options{
		Now: func() int64 { return int64(env.Now()) },
		// A wall clock that leaps in both directions.
		Wall:   func() int64 { return wallBase + int64(env.Now()) + r.skew },
		Memory: 64 << 20,
		Lost: func(l Loss) {
			w.tell("lost", &l)
			w.lost[l.Checkpoint+"/"+l.Section] = true
		},
		Returned: func(l Loss) { w.tell("back", &l) },
	}
	if w.disks != nil {
		r.insert(&opt)
	}
	r.svc = New(opt)
	r.svc.ackAgreed = w.plant
	var err error
	r.manager, err = service.New(service.Options{
		GMI: env.GMI(), Self: env.Self(), NodeName: "n", Address: []byte{0, 0, 0, 0}, ClusterName: "sim",
		Logf: func(string, ...any) {},
		Now:  func() time.Duration { return time.Duration(env.Now()) },
		After: func(d int64, f func()) func() {
			t := &simTimer{at: env.Now() + srp.Time(d), f: f}
			r.timers = append(r.timers, t)
			return func() { t.f = nil }
		},
	})
	if err != nil {
		panic(err)
	}
	if err = errors.Join(r.manager.Register(r.svc), r.manager.Start()); err != nil {
		panic(err)
	}
	if opt.Restored != nil {
		d := w.disks[env.Self().ID]
		if got := saveable(r.svc.state); got != d.text {
			w.bad = fmt.Errorf("node %d found on its disk\n%swhat was saved is\n%s", env.Self().ID, got, d.text)
		}
	}
	return r
}

// The simulator's own group for applications is not used.
func (r *simReplica) Deliver(wire.Member, []byte, gmi.MessageID, bool)  {}
func (r *simReplica) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}
func (r *simReplica) Safe(gmi.MessageID)                                {}

func (r *simReplica) runTimers() {
	now := r.env.Now()
	for i := 0; i < len(r.timers); i++ {
		if t := r.timers[i]; t.f != nil && t.at <= now {
			f := t.f
			t.f = nil
			f()
		}
	}
	r.timers = slices.DeleteFunc(r.timers, func(t *simTimer) bool { return t.f == nil })
}

// ask makes a request of the client's connection.
func (r *simReplica) ask(op ipcwire.Op, body []byte, answer func(err ipcwire.Error, body []byte)) {
	r.serial++
	r.client.busy, r.client.answer = true, answer
	r.manager.Request(r.client, uint32(r.serial), op, body)
}

func (r *simReplica) payload(value uint64) []byte {
	size := 8 + r.env.Random(60)
	if r.env.Random(20) == 0 {
		size = 8 + r.env.Random(40_000)
	}
	d := make([]byte, size)
	binary.LittleEndian.PutUint64(d, value)
	return d
}

// Step makes a request of a client, or has it come or go.
func (r *simReplica) Step() {
	r.runTimers()
	r.manager.Work()
	if r.env.Random(30) == 0 {
		r.skew += int64(r.env.Random(2e9)) - 1e9
	}
	switch {
	case r.client == nil:
		if r.env.Random(3) == 0 {
			r.serial++
			r.client, r.handle = &simConn{id: r.serial}, 0
			if err := r.manager.Init(r.client, ipcwire.CKPT, ipcwire.GenB, nil); err != ipcwire.OK {
				r.w.bad = fmt.Errorf("init: %s", err)
			}
		}
		return
	case r.env.Random(200) == 0:
		r.manager.Exit(r.client)
		r.client = nil
		return
	case r.client.busy:
		return
	case r.handle == 0:
		r.open()
		return
	}
	r.request()
}

func (r *simReplica) open() {
	body := ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("one"), Flags: 7, HasAttributes: true, Timeout: 1 << 60, Attributes: ipcwire.CkptAttributes{
			Flags: ipcwire.CkptAllReplicas, Size: 1 << 28, Retention: ipcwire.CkptTimeEnd,
			MaxSections: 1 << 16, MaxSectionSize: 1 << 18, MaxSectionIDSize: 32,
		},
	})
	r.ask(ipcwire.CkptOpen, body, func(err ipcwire.Error, body []byte) {
		var o ipcwire.CkptOpened
		if err == ipcwire.OK && ipcwire.DecodeCkptOpened(body, &o) {
			r.handle = o.Handle
		}
	})
}

func (r *simReplica) request() {
	h, shared := r.handle, []byte(fmt.Sprintf("m%d", r.env.Random(4)))
	nothing := func(err ipcwire.Error, _ []byte) {
		if err == ipcwire.ErrBadHandle {
			r.handle = 0
		}
	}
	value := r.serial
	switch d := r.env.Random(100); {
	case d < 35:
		id := fmt.Sprintf("s%d.%x.%d", r.env.Self().ID, binary.LittleEndian.Uint64(r.svc.self.Nonce[:]), r.serial)
		witnesses := func() (list []nodeKey) {
			for _, m := range r.svc.present {
				list = append(list, keyOf(m))
			}
			return list
		}
		body := ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: h, Section: []byte(id), Expiration: ipcwire.CkptTimeEnd, Data: r.payload(value),
		})
		r.ask(ipcwire.CkptSectionCreate, body, func(err ipcwire.Error, b []byte) {
			nothing(err, b)
			if err == ipcwire.OK {
				r.w.acked = append(r.w.acked, simWrite{id, value, witnesses()})
				if r.env.Faulty() && r.env.Random(20) == 0 {
					r.env.Die() // what was promised has to be with others now
				}
			}
		})
	case d < 45:
		e := ipcwire.CkptTimeEnd
		if r.env.Random(2) == 0 {
			e = r.svc.opt.Wall() + 1 + int64(r.env.Random(1e9))
		}
		r.ask(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: h, Section: shared, Expiration: e, Data: r.payload(value),
		}), nothing)
	case d < 65:
		r.ask(ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{
			Handle: h, Section: shared, Data: r.payload(value),
		}), nothing)
	case d < 85:
		p := r.payload(value)
		r.ask(ipcwire.CkptWrite, ipcwire.AppendCkptWriteReq(nil, &ipcwire.CkptWriteReq{Handle: h, Data: p,
			Elements: []ipcwire.CkptWriteElement{{Section: shared, Offset: uint64(r.env.Random(50_000)), Size: uint64(len(p))}},
		}), nothing)
	case d < 88:
		r.ask(ipcwire.CkptSectionDelete, ipcwire.AppendCkptSectionReq(nil, &ipcwire.CkptSectionReq{Handle: h, Section: shared}), nothing)
	case d < 90:
		r.ask(ipcwire.CkptClose, ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: h}), func(err ipcwire.Error, _ []byte) {
			if err != ipcwire.ErrTryAgain {
				r.handle = 0
			}
		})
	default:
		r.ask(ipcwire.CkptRead, ipcwire.AppendCkptReadReq(nil, &ipcwire.CkptReadReq{Handle: h,
			Elements: []ipcwire.CkptReadElement{{Section: shared, Size: ipcwire.CkptToEnd}},
		}), nothing)
	}
}

// Check is called after each delivery, so here the manager gets its turn.
func (r *simReplica) Check() error {
	r.runTimers()
	r.manager.Work()
	if r.w.bad != nil {
		return r.w.bad
	}
	if s := r.manager.Stats(); s.Malformed+s.Early+r.svc.stats.Malformed+r.svc.stats.Diverged > 0 {
		return fmt.Errorf("%+v, %+v", s, r.svc.stats)
	}
	st := r.svc.state
	seen := simSeen{st, st.epoch, r.svc.stats.Delivered}
	if seen == r.seen || r.svc.sync.running {
		return nil // no change since, but to an exchange of states
	}
	r.seen = seen
	return st.verify(r.svc.self)
}

// check compares the live replicas at the end.
func (w *simWorld) check(live []sim.App) error {
	var first *simReplica
	for _, a := range live {
		r := a.(*simReplica)
		of := r.svc.stats
		of.Requests = 0 // here: acknowledged writes that were checked
		w.sum.add(&of)
		if !r.manager.Synchronized() {
			return fmt.Errorf("node %d is not synchronized at the end", r.env.Node())
		}
		if first == nil {
			first = r
		}
		if got, want := r.svc.state.text(0), first.svc.state.text(0); got != want {
			return fmt.Errorf("node %d has\n%s\nnode %d\n%s", r.env.Node(), got, first.env.Node(), want)
		}
	}
	if first == nil {
		return nil
	}
	ck := first.svc.state.names["one"]
	told := map[string]bool{} // as lost, by those who live, and not withdrawn
	for _, a := range live {
		for _, l := range a.(*simReplica).svc.losses.list {
			told[l.Section] = told[l.Section] || !l.Returned
		}
	}
	for _, x := range w.acked {
		if ck != nil && ck.sections[x.section] != nil && told[x.section] {
			return fmt.Errorf("section %s was reported as lost, and is there", x.section)
		}
		alive := slices.ContainsFunc(live, func(a sim.App) bool { return slices.Contains(x.witnesses, a.(*simReplica).svc.self) })
		if !alive || w.lost["one/"+x.section] && (ck == nil || ck.sections[x.section] == nil) {
			continue
		}
		w.sum.Requests++
		if ck == nil || ck.sections[x.section] == nil {
			return fmt.Errorf("section %s was acknowledged with %v and is not there", x.section, x.witnesses)
		}
		if sec := ck.sections[x.section]; sec.fill == nil && binary.LittleEndian.Uint64(sec.data) != x.value {
			return fmt.Errorf("section %s is not what was acknowledged", x.section)
		}
	}
	return nil
}

func simulate(seed uint64, plant bool, sum *Stats) *sim.Violation {
	w := &simWorld{lost: map[string]bool{}, plant: plant}
	if seed%3 == 0 {
		w.disks = map[wire.NodeID]*simDisk{}
	}
	_, v := sim.NewWorld().Run(sim.Options{
		Seed:         seed,
		Service:      func(e *sim.Env) sim.App { return newSimReplica(e, w) },
		ServiceCheck: w.check,
	})
	sum.add(&w.sum)
	return v
}

func TestInSimulatedClustersWithEveryFaultNothingAcknowledgedIsLostUnreported(t *testing.T) {
	var mu sync.Mutex
	var sum Stats
	var failed *sim.Violation
	var workers sync.WaitGroup
	next, at := *simFirst, uint64(0)
	began, before := time.Now(), cpuTime()
	for range *simJobs {
		workers.Go(func() {
			for {
				mu.Lock()
				seed := next
				next++
				if seed%1000 == 0 && *simSeeds >= 2000 {
					fmt.Printf("seed %d after %v\n", seed, time.Since(began).Round(time.Second))
				}
				stop := failed != nil || seed >= *simFirst+*simSeeds
				mu.Unlock()
				if stop {
					return
				}
				var one Stats
				v := simulate(seed, false, &one)
				mu.Lock()
				sum.add(&one)
				if v != nil && failed == nil {
					failed, at = v, seed
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	if failed != nil {
		t.Fatalf("seed %d: %v\nagain: go test -run Simulated ./exec/ckpt -sim.seeds 1 -sim.first %d", at, failed, at)
	}
	t.Logf("%d seeds, %v of CPU each: %d acknowledged writes checked, %d losses (%d came back), %d pages taken, %d expired, %d discarded, %d reads forwarded, %d cuts saved, %d restored",
		*simSeeds, (cpuTime()-before)/time.Duration(*simSeeds), sum.Requests, sum.Lost, sum.Returned, sum.PagesTaken, sum.Expired,
		sum.Discarded, sum.Forwarded, sum.Saves, sum.Restored)
	if *simSeeds >= 50 && min(sum.Requests, sum.Lost, sum.PagesTaken, sum.Expired, sum.Saves, sum.Restored) == 0 {
		t.Error("the simulation did not get to the point")
	}
}

func cpuTime() time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// add adds up what tests look at.
func (s *Stats) add(o *Stats) {
	s.Requests += o.Requests
	s.PagesTaken += o.PagesTaken
	s.Lost += o.Lost
	s.Returned += o.Returned
	s.Expired += o.Expired
	s.Discarded += o.Discarded
	s.Forwarded += o.Forwarded
	s.Saves += o.Saves
	s.Restored += o.Restored
}

// The planted bug of issue and design: answers at agreed delivery.
func TestTheSimulatorCatchesAnswersAtAgreedDelivery(t *testing.T) {
	var sum Stats
	for seed := uint64(90); seed <= 600; seed++ { // 102 will do
		if v := simulate(seed, true, &sum); v != nil {
			t.Logf("seed %d: %v", seed, v)
			return
		}
	}
	t.Fatal("it did not")
}

// Seeds that violated a rule once, and what was wrong then.
func TestSeedsThatShowedAMistakeOnceDoNotShowItAgain(t *testing.T) {
	for seed, what := range map[uint64]string{
		18800: "members that held each other's friends for failed broke each other's rings for ever",
		48867: "a request behind the last barrier was dropped by who got both in the transitional configuration",
	} {
		if v := simulate(seed, false, &Stats{}); v != nil {
			t.Errorf("seed %d (%s): %v", seed, what, v)
		}
	}
}
