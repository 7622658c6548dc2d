package clm

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/sim"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// replica is CLM at one start of a node in the simulator, with two clients: one
// that tracks changes only, and one that reads only now and then.
type replica struct {
	env     *sim.Env
	manager *service.Manager
	clm     *Service
	views   map[string][]byte // of all nodes, by configuration
	clients []*tracker
	timers  []func()
	err     error
}

// tracker is a connection that keeps the membership it was told of.
type tracker struct {
	service.Conn
	id    uint64
	state any
	full  bool // its queue takes nothing now
	nodes map[uint32]ipcwire.ClmNodeInfo
	view  uint64
	r     *replica
}

func (t *tracker) ID() uint64                            { return t.id }
func (t *tracker) State() any                            { return t.state }
func (t *tracker) SetState(v any)                        { t.state = v }
func (t *tracker) Respond(uint32, ipcwire.Error, []byte) {}
func (t *tracker) Pending() int                          { return 0 }

func (t *tracker) Notify(_ ipcwire.Op, body []byte) bool {
	if t.full {
		return false
	}
	var v ipcwire.ClmView
	if !ipcwire.DecodeClmView(body, &v) {
		t.r.err = errors.New("a view does not decode")
		return true
	}
	if v.View <= t.view && t.view != 0 {
		t.r.err = fmt.Errorf("view %d after %d", v.View, t.view)
	}
	t.view = v.View
	for i := range v.Items {
		n := v.Items[i].Node
		n.Name, n.Address, n.ClusterName = bytes.Clone(n.Name), nil, nil
		old, was := t.nodes[n.NodeID]
		switch v.Items[i].Change {
		case left:
			if !was || n.Member || old.Boot != n.Boot {
				t.r.err = fmt.Errorf("node %d left, which was a member: %v", n.NodeID, was)
			}
			delete(t.nodes, n.NodeID)
		case joined:
			if was {
				t.r.err = fmt.Errorf("node %d joined twice", n.NodeID)
			}
			t.nodes[n.NodeID] = n
		case noChange:
			if was && old.Boot != n.Boot {
				t.r.err = fmt.Errorf("node %d is said not to have changed", n.NodeID)
			}
			t.nodes[n.NodeID] = n
		}
	}
	if int(v.Members) != len(t.nodes) {
		t.r.err = fmt.Errorf("view %d has %d members, the client was told of %d", v.View, v.Members, len(t.nodes))
	}
	return true
}

func newReplica(env *sim.Env, views map[string][]byte) *replica {
	r := &replica{env: env, clm: New(), views: views}
	var err error
	r.manager, err = service.New(service.Options{
		GMI: env.GMI(), Self: env.Self(), NodeName: fmt.Sprint("n", env.Node()), Address: []byte{0, 0, 0, 0},
		BootTime: int64(env.Self().Start), ClusterName: "sim",
		Logf: func(string, ...any) {},
		After: func(_ int64, f func()) func() {
			at := len(r.timers)
			r.timers = append(r.timers, f)
			return func() { r.timers[at] = func() {} }
		},
	})
	if err == nil {
		err = r.manager.Register(r.clm)
	}
	if err == nil {
		err = r.manager.Start()
	}
	if err != nil {
		panic(err)
	}
	for id := uint64(1); id <= 2; id++ {
		t := &tracker{id: id, nodes: map[uint32]ipcwire.ClmNodeInfo{}, r: r}
		r.manager.Init(t, ipcwire.CLM, ipcwire.GenB, nil)
		flags := trackCurrent | trackChangesOnly
		if id == 2 {
			flags = trackCurrent | trackChanges
		}
		r.manager.Request(t, 1, ipcwire.ClmTrack, ipcwire.AppendClmTrackReq(nil, &ipcwire.ClmTrackReq{Flags: flags}))
		r.clients = append(r.clients, t)
	}
	return r
}

// The simulator's own group for applications is not used.
func (r *replica) Deliver(wire.Member, []byte, gmi.MessageID, bool)  {}
func (r *replica) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}
func (r *replica) Safe(gmi.MessageID)                                {}

// Step lets the second client read or stop reading; timers run when it reads.
func (r *replica) Step() {
	r.clients[1].full = r.env.Random(3) > 0
	if !r.clients[1].full {
		r.clm.retryAll()
	}
}

func (r *replica) Check() error {
	r.manager.Work()
	if v := r.clm.state.current; v.number != 0 && v.number == r.clm.cfg.Ring.Seq {
		said := appendView(nil, v, difference(v, v), false)
		// The members too: where a disk got lost a ring id may come a second time.
		configuration := fmt.Sprint(r.clm.cfg.Ring, r.clm.cfg.Members)
		if first, ok := r.views[configuration]; ok && !bytes.Equal(first, said) {
			return fmt.Errorf("view %d differs from another member's", v.number)
		}
		r.views[configuration] = said
	}
	return r.err
}

// final compares what the clients were told with the view.
func (r *replica) final() error {
	r.clients[1].full = false
	r.clm.retryAll()
	v := r.clm.state.current
	for _, t := range r.clients {
		ids := slices.Sorted(maps.Keys(t.nodes))
		if len(ids) != len(v.nodes) {
			return fmt.Errorf("client %d knows %d members of %d", t.id, len(ids), len(v.nodes))
		}
		for i, n := range v.nodes {
			if ids[i] != uint32(n.member.ID) || t.nodes[ids[i]].Boot != int64(n.member.Start) {
				return fmt.Errorf("client %d knows another start of node %d", t.id, n.member.ID)
			}
		}
	}
	return r.err
}

func TestInSimulatedClustersViewsAreTheSameEverywhereAndClientsCanFollowThem(t *testing.T) {
	seeds := uint64(60)
	if testing.Short() {
		seeds = 10
	}
	seen := 0
	for seed := uint64(1); seed <= seeds; seed++ {
		views := map[string][]byte{}
		opt := sim.Options{
			Seed:    seed,
			Service: func(e *sim.Env) sim.App { return newReplica(e, views) },
			ServiceCheck: func(live []sim.App) error {
				for _, a := range live {
					r := a.(*replica)
					if err := r.final(); err != nil {
						return fmt.Errorf("node %d: %w", r.env.Node(), err)
					}
					if len(r.clm.state.current.nodes) != len(live) {
						return fmt.Errorf("the last view has %d members of %d", len(r.clm.state.current.nodes), len(live))
					}
				}
				return nil
			},
		}
		if _, v := sim.NewWorld().Run(opt); v != nil {
			t.Fatalf("seed %d: %v", seed, v)
		}
		seen += len(views)
	}
	t.Logf("%d views", seen)
}
