package sim

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"testing"

	"ais/exec/gmi"
	"ais/exec/totem/plant"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// shortSeeds is the campaign of the test command: under 20 s on one core.
const shortSeeds = 400

func TestAShortCampaignHasNoViolation(t *testing.T) {
	seeds := uint64(shortSeeds)
	if testing.Short() {
		seeds = 60
	}
	c := Campaign{First: 1, Seeds: seeds, Workers: 1, Failures: 3}
	totals, failures := c.Run()
	for _, f := range failures {
		t.Errorf("seed %d: %v\nreplay: %s", f.Seed, f.Violation, Replay(f.Seed, 0, plant.None))
	}
	t.Log(totals)
	// A campaign in which nothing goes wrong shows nothing.
	s := &totals.Stats
	for what, n := range map[string]uint64{
		"lost packets": s.Lost, "crashes": s.Crashes, "leaves": s.Leaves, "configurations": s.Rings,
		"rings formed but not installed": s.Formed - s.Rings, "deliveries": s.Deliveries, "tokens kept by a sender": s.Kept,
		"rounds acknowledged": s.Acknowledged, "rounds of which acknowledgements were missing": s.AcksMissing,
		"deliveries in transitional configurations": s.TransitionalMessages,
		"large payloads in rings of one":            s.AloneLarge,
		"packets replayed by the attacker":          s.Replayed, "packets refused as replayed": s.Replays,
		"packets refused for their key": s.Sealed,
	} {
		if n < seeds/10 {
			t.Errorf("%s: only %d in %d seeds", what, n, seeds)
		}
	}
}

func TestSeedsThatOnceFailedPass(t *testing.T) {
	w := NewWorld()
	for _, seed := range []uint64{
		1303, 4881, // a Join of an older start of a member, replayed
		56995, // a challenge of another start of a member, replayed, where a disk was lost
		58620, // a Join of a start that answered before the ring with another one formed
	} {
		if _, v := w.Run(Options{Seed: seed}); v != nil {
			t.Errorf("seed %d: %v", seed, v)
		}
	}
}

func TestTheSameSeedIsTheSameWorldToTheEvent(t *testing.T) {
	trace := func(w *World, seed uint64) string {
		var b bytes.Buffer
		w.Run(Options{Seed: seed, Trace: &b})
		return b.String()
	}
	used := NewWorld()
	for seed := uint64(1); seed <= 8; seed++ {
		a, b := trace(NewWorld(), seed), trace(used, seed)
		if a != b {
			t.Fatalf("seed %d differs between a new world and a used one, or between two runs", seed)
		}
		if len(a) < 1000 {
			t.Errorf("seed %d: a trace of %d bytes", seed, len(a))
		}
	}
}

func TestMinimizingKeepsTheViolationWithFewerFaults(t *testing.T) {
	// An application that does not survive a restart of node 0: any fault that
	// kills or stops it will do.
	boots := 0
	opt := Options{Service: func(e *Env) App {
		if e.Node() == 0 {
			boots++
		}
		return &counter{env: e, broken: e.Node() == 0 && e.Self().Start > 5}
	}}
	for opt.Seed = 1; opt.Seed < 200; opt.Seed++ {
		if _, v := NewWorld().Run(opt); v == nil || v.Property != ApplicationFailed {
			continue
		}
		small, kept, total := Minimize(opt, ApplicationFailed)
		if kept >= total {
			t.Errorf("%d of %d faults are left", kept, total)
		}
		if _, v := NewWorld().Run(small); v == nil || v.Property != ApplicationFailed {
			t.Errorf("the smaller run gives %v", v)
		}
		return
	}
	t.Fatal("no seed restarts node 0 often enough")
}

// counter is an application: a hash of everything delivered since the last
// regular configuration, which members of one configuration have in common.
type counter struct {
	env    *Env
	h      uint64
	n      int
	broken bool
}

func (c *counter) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	h := fnv.New64a()
	fmt.Fprint(h, c.h, from.ID, from.Start)
	h.Write(msg)
	c.h = h.Sum64()
	c.n++
}

func (c *counter) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if kind == srp.DeliverRegular {
		c.h, c.n = 0, 0
	}
}

func (c *counter) Safe(id gmi.MessageID) {}

func (c *counter) Step() {
	if c.env.SendOK(gmi.Low, 8) {
		if _, err := c.env.Multicast(gmi.Low, wire.Safe, []byte{byte(c.env.Random(256)), 1, 2, 3}); err != nil {
			panic(err)
		}
	}
}

func (c *counter) Check() error {
	if c.broken {
		return errors.New("broken on purpose")
	}
	return nil
}

func TestApplicationsOnTopAreDrivenAndCompared(t *testing.T) {
	compared, delivered := 0, 0
	opt := Options{
		Service: func(e *Env) App { return &counter{env: e} },
		ServiceCheck: func(live []App) error {
			compared++
			first := live[0].(*counter)
			for _, a := range live {
				if c := a.(*counter); c.h != first.h || c.n != first.n {
					return fmt.Errorf("node %d and node %d differ: %d and %d messages", c.env.Node(), first.env.Node(), c.n, first.n)
				}
				delivered += a.(*counter).n
			}
			return nil
		},
	}
	for opt.Seed = 1; opt.Seed <= 10; opt.Seed++ {
		if _, v := NewWorld().Run(opt); v != nil {
			t.Fatalf("seed %d: %v", opt.Seed, v)
		}
	}
	if compared != 10 || delivered == 0 {
		t.Errorf("applications were compared %d times, with %d messages", compared, delivered)
	}
}

func TestTheQueueOfEventsIsInOrderOfTimeThenOfScheduling(t *testing.T) {
	var q eventQueue
	r := rng{s: 1}
	for range 2000 {
		q.push(event{at: int64(r.n(50))})
		if r.percent(30) {
			q.pop()
		}
	}
	last := q.pop()
	for len(q.heap) > 0 {
		e := q.pop()
		if e.before(&last) {
			t.Fatalf("%v after %v", e, last)
		}
		last = e
	}
}

// Where nodes only stop and are slow, nearly nothing is lost in front of them when the
// ring knows how much their sockets hold. It is not nothing, as on a link that does
// not keep the order and with a queue that Joins and tokens lie in, too.
func TestSocketsOverflowLessWhenTheRingKnowsHowMuchTheyHold(t *testing.T) {
	overflows := func(seed uint64, untold bool) (lost, messages uint64) {
		w := NewWorld()
		w.setUp(Options{Seed: seed, Nodes: 4, untold: untold})
		p := &w.p
		p.inboxMax, p.roomTold, p.window, p.perVisit, p.accelerated = 24, true, 60, 17, 8
		p.dup, p.spike, p.attacker, p.lossMax, p.formingHit = 0, 0, false, 0, 0
		p.workEvery, p.burst, p.sizes = p.token/100, 6, 2
		p.weights, p.weight = 4, [faultKinds]int{faultPause: 3, faultSlow: 1}
		for i := range w.net.links {
			w.net.links[i].loss = 0
		}
		w.loop()
		if w.violation != nil {
			t.Fatalf("seed %d: %v", seed, w.violation)
		}
		return w.stats.Overflows, w.stats.Messages
	}
	var told, untold, messages, messagesUntold uint64
	for seed := uint64(1); seed <= 20; seed++ {
		lost, sent := overflows(seed, false)
		told, messages = told+lost, messages+sent
		lost, sent = overflows(seed, true)
		untold, messagesUntold = untold+lost, messagesUntold+sent
	}
	t.Logf("told: %d of %d messages, not told: %d of %d", told, messages, untold, messagesUntold)
	if untold < 100 || told > untold/10 {
		t.Errorf("%d messages overflowed a socket when the ring knew what it holds, %d when it did not", told, untold)
	}
	if messages < messagesUntold/2 {
		t.Errorf("%d messages were sent when the ring knew what sockets hold, %d when it did not", messages, messagesUntold)
	}
}
