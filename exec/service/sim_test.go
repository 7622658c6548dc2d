package service_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/sim"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// replica is a manager with two books at one start of a node in the simulator:
// the real ring below, with every fault it knows.
type replica struct {
	env     *sim.Env
	manager *service.Manager
	books   []*book
	w       *witness
	serial  int
	timers  map[*simTimer]bool
}

type simTimer struct {
	at srp.Time
	f  func()
}

// enough is how many words a book is given; they are all sent at each merge.
const enough = 60

func newReplica(env *sim.Env, w *witness) *replica {
	r := &replica{env: env, w: w, timers: map[*simTimer]bool{}}
	var err error
	r.manager, err = service.New(service.Options{
		GMI: env.GMI(), Self: env.Self(), NodeName: "n", Address: []byte{0, 0, 0, 0}, ClusterName: "sim",
		Logf: func(string, ...any) {},
		After: func(d int64, f func()) func() {
			t := &simTimer{at: env.Now() + srp.Time(d), f: f}
			r.timers[t] = true
			return func() { delete(r.timers, t) }
		},
	})
	if err != nil {
		panic(err)
	}
	for _, id := range []ipcwire.Service{3, 6} {
		b := newBook(w, id)
		r.books = append(r.books, b)
		if err := r.manager.Register(b); err != nil {
			panic(err)
		}
	}
	if err := r.manager.Start(); err != nil {
		panic(err)
	}
	return r
}

// The simulator's own group for applications is not used.
func (r *replica) Deliver(wire.Member, []byte, gmi.MessageID, bool)  {}
func (r *replica) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}
func (r *replica) Safe(gmi.MessageID)                                {}

func (r *replica) Step() {
	for t := range r.timers {
		if t.at <= r.env.Now() {
			delete(r.timers, t)
			t.f()
		}
	}
	r.manager.Work()
	b := r.books[r.env.Random(len(r.books))]
	if len(b.words) < enough && r.env.Random(4) == 0 {
		r.serial++
		word := fmt.Sprintf("%d.%d.%d", r.env.Self().ID, r.env.Self().Start, r.serial)
		c := &simConn{id: uint64(r.serial)}
		if err := r.manager.Init(c, b.id, ipcwire.GenB, nil); err != ipcwire.OK {
			r.w.complain("init: %s", err)
		}
		r.manager.Request(c, 1, opAppend, []byte(word))
		r.manager.Exit(c)
	}
}

// Check is called after each delivery, so here the manager gets its turn.
func (r *replica) Check() error {
	r.manager.Work()
	if len(r.w.bad) > 0 {
		return errors.New(strings.Join(r.w.bad, "\n"))
	}
	if s := r.manager.Stats(); s.Malformed+s.Early > 0 {
		return fmt.Errorf("%+v", s)
	}
	return nil
}

// simConn is a connection whose answers nobody reads.
type simConn struct {
	service.Conn
	id uint64
}

func (c *simConn) ID() uint64                            { return c.id }
func (c *simConn) Respond(uint32, ipcwire.Error, []byte) {}
func (c *simConn) SetState(any)                          {}

func TestInSimulatedClustersWithEveryFaultReplicasEndAlike(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	words, exchanged, alone, aborted := 0, uint64(0), uint64(0), uint64(0)
	for seed := uint64(1); seed <= seeds; seed++ {
		w := &witness{}
		opt := sim.Options{
			Seed:    seed,
			Service: func(e *sim.Env) sim.App { return newReplica(e, w) },
			ServiceCheck: func(live []sim.App) error {
				first := live[0].(*replica)
				for _, a := range live {
					r := a.(*replica)
					s := r.manager.Stats()
					exchanged, alone, aborted = exchanged+s.Syncs, alone+s.SyncsAlone, aborted+s.SyncAborts
					if !r.manager.Synchronized() {
						return fmt.Errorf("node %d is not synchronized at the end", r.env.Node())
					}
					for i, b := range r.books {
						if !slices.Equal(b.words, first.books[i].words) {
							return fmt.Errorf("node %d has %q, node %d %q", r.env.Node(), b.words,
								first.env.Node(), first.books[i].words)
						}
						words += len(b.words)
					}
				}
				return nil
			},
		}
		if _, v := sim.NewWorld().Run(opt); v != nil {
			t.Fatalf("seed %d: %v", seed, v)
		}
	}
	t.Logf("%d words, of the last starts: %d synchronizations by exchange, %d without, %d aborted",
		words, exchanged, alone, aborted)
	if words == 0 || exchanged == 0 || alone == 0 || aborted == 0 {
		t.Error("the simulation did not get to the point")
	}
}
