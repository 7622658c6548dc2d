// The Replica: an Engine on the ring. It multicasts inputs, applies what is delivered,
// hands outputs to the driver, keeps the deadlines of timers, takes part in the
// barrier, and holds the lease of the majority rule.
//
// A service embeds it: gmi.Handler and service.Synchronizer are its methods. All
// calls come on the owner goroutine.

package engine

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"time"

	"ais/exec/amf/model"
	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Messages: a kind, and then
//
//	input     an Input, see codec.go
//	beat      nothing (majority rule)
//	hello     digest [32], node name to the end; during synchronization
//	snapshot  last uint8, bytes of a snapshot with its partition's members before it
const (
	msgInput    = 1
	msgBeat     = 2
	msgHello    = 3
	msgSnapshot = 4

	// Inputs share one priority: what a node says arrives in its order.
	inputPrio = gmi.High

	pageBytes    = 32 << 10
	maxSnapshot  = 64 << 20
	proposeAgain = 200e6 // until a proposal that changed nothing is made again
	proposeRoom  = 2e6   // until one that the ring had no room for is
	// proposeBacklog: as long as more than this waits for the token, what was proposed
	// is probably among it.
	proposeBacklog = 8 << 10
)

// Replica is the AMF's replicated part on one node.
type Replica struct {
	opt    Options
	env    service.Env
	self   wire.Member
	e      *Engine
	digest [32]byte

	peers   map[wire.Member]string // members with the same model, and their node names
	waiting map[gmi.MessageID]func(ipcwire.Error)
	buf     []byte

	sync replicaSync
	cfg  srp.Configuration

	deadlines map[TimerID]int64
	heap      alarms
	armed     int64
	cancel    func()

	lease  leaseHolder
	unsaid []Input // of the Replica itself, that wait for room
	stats  Stats
}

// Stats counts since the start.
type Stats struct {
	Inputs    uint64 // applied
	Proposals uint64 // timers proposed
	Merges    uint64
	Malformed uint64 // messages that do not decode
	Foreign   uint64 // messages of members with another model
	GivenUp   uint64 // components ended because the lease was over
}

// replicaSync is a synchronization in progress.
type replicaSync struct {
	cfg       *srp.Configuration
	partition []wire.Member
	hellos    map[wire.Member]hello
	pages     map[wire.Member]*pages
	helloSent bool
	snapshot  []byte // what this member still has to send
	sending   bool
}

type hello struct {
	digest [32]byte
	name   string
}

type pages struct {
	b    []byte
	done bool
}

// NewReplica makes the replica of a node. It does nothing before the first SyncStart.
func NewReplica(opt Options) (*Replica, error) {
	switch {
	case opt.Env == nil || opt.Cluster == nil || opt.Driver == nil || opt.Now == nil:
		return nil, errors.New("amf: Env, Cluster, Driver and Now are needed")
	case opt.Majority && opt.Cluster.Generation == model.GenA:
		return nil, errors.New("amf: the majority rule needs configured nodes; groups.conf has none")
	case opt.Majority && opt.Lease < 10*time.Millisecond:
		return nil, fmt.Errorf("amf: a lease of %v is too short", opt.Lease)
	}
	r := &Replica{
		opt: opt, env: opt.Env, self: opt.Env.Self(),
		digest:  modelDigest(opt.Cluster, opt.Majority, opt.Lease),
		peers:   map[wire.Member]string{},
		waiting: map[gmi.MessageID]func(ipcwire.Error){}, deadlines: map[TimerID]int64{},
	}
	// The bar on what a lost node had is longer than its lease by what clocks may
	// differ in that time.
	r.e = New(opt.Cluster, opt.Majority, opt.Lease+opt.Lease/16+time.Millisecond)
	r.peers[r.self] = opt.NodeName
	r.lease.limit, r.lease.never = int64(opt.Lease), map[untold]bool{}
	return r, nil
}

// Engine is the state of this replica, to be asked, not changed.
func (r *Replica) Engine() *Engine { return r.e }

// Stats returns the counters.
func (r *Replica) Stats() Stats { return r.stats }

// SubmitSize is how many bytes an input puts on the ring.
func SubmitSize(in *Input) int { return len(AppendInput(nil, in)) + 1 }

// InputPriority is the priority of inputs, for service.RequestSizer.
func InputPriority() gmi.Priority { return inputPrio }

// Submit multicasts an input. done, if not nil, is called with the result when it was
// delivered. false: the ring has no room now.
func (r *Replica) Submit(in *Input, done func(ipcwire.Error)) bool {
	r.buf = AppendInput(append(r.buf[:0], msgInput), in)
	if !r.env.SendOK(inputPrio, len(r.buf)) {
		return false
	}
	id, err := r.env.Multicast(inputPrio, wire.Agreed, r.buf)
	if err != nil {
		r.env.Logf("multicast: %v", err)
		return false
	}
	if done != nil {
		r.waiting[id] = done
	}
	return true
}

// Deliver takes a message.
func (r *Replica) Deliver(from wire.Member, msg []byte, id gmi.MessageID, _ bool) {
	if len(msg) == 0 {
		r.stats.Malformed++
		return
	}
	switch msg[0] {
	case msgInput:
		r.deliverInput(from, msg[1:], id)
	case msgBeat:
		if id != 0 {
			r.lease.delivered(id)
		}
	case msgHello:
		r.takeHello(from, msg[1:])
	case msgSnapshot:
		r.takePage(from, msg[1:])
	default:
		r.stats.Malformed++
	}
}

func (r *Replica) deliverInput(from wire.Member, b []byte, id gmi.MessageID) {
	var in Input
	if !DecodeInput(b, &in) {
		r.stats.Malformed++
		return
	}
	result := ipcwire.ErrTryAgain
	if _, ok := r.peer(from); ok {
		in.Node = from.ID
		result = r.e.Apply(&in)
		r.stats.Inputs++
		r.carryOut()
	} else {
		r.stats.Foreign++
	}
	if done := r.waiting[id]; id != 0 && done != nil {
		delete(r.waiting, id)
		done(result)
	}
}

// peer finds a member; a delivery does not carry its nonce.
func (r *Replica) peer(m wire.Member) (string, bool) {
	if name, ok := r.peers[m]; ok {
		return name, true
	}
	for o, name := range r.peers {
		if o.ID == m.ID && o.Start == m.Start {
			return name, true
		}
	}
	return "", false
}

// ConfigChange takes note; the work is done when synchronization is applied.
func (r *Replica) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if kind == srp.DeliverTransitional {
		r.lease.interrupted()
	}
}

// Safe renews the lease.
func (r *Replica) Safe(id gmi.MessageID) {
	if r.opt.Majority && r.lease.safe(id, r.e.quorate) {
		r.leaseRenewed()
	}
}

// carryOut hands out what the engine wants done.
func (r *Replica) carryOut() {
	now := r.opt.Now()
	outs := r.e.Outputs()
	for i := range outs {
		o := &outs[i]
		switch o.Kind {
		case OutTimerStart:
			at := now + int64(o.Limit)
			r.deadlines[o.Timer] = at
			heap.Push(&r.heap, alarm{at, o.Timer})
		case OutTimerStop:
			delete(r.deadlines, o.Timer)
		case OutRecord:
			r.opt.Driver.Record(o.Record)
		default:
			if o.Node == r.self.ID || o.Node == 0 {
				r.execute(o)
			}
		}
	}
	r.schedule()
}

// alarm is a deadline; it counts if it is still that of its timer.
type alarm struct {
	at int64
	id TimerID
}

type alarms []alarm

func (a alarms) Len() int { return len(a) }
func (a alarms) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].id < a[j].id
}
func (a alarms) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)   { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// schedule has the timer run at the first deadline, or the lease's.
func (r *Replica) schedule() {
	for len(r.heap) > 0 {
		if at, ok := r.deadlines[r.heap[0].id]; ok && at == r.heap[0].at {
			break
		}
		heap.Pop(&r.heap)
	}
	at := int64(0)
	if len(r.heap) > 0 {
		at = r.heap[0].at
	}
	if l := r.lease.next(); l != 0 && r.opt.Majority && (at == 0 || l < at) {
		at = l
	}
	if r.cancel != nil {
		if at == r.armed {
			return
		}
		r.cancel()
		r.cancel = nil
	}
	if r.armed = at; at != 0 {
		r.cancel = r.env.After(max(at-r.opt.Now(), 0), r.ring)
	}
}

// ring proposes what is due, and looks after the lease.
func (r *Replica) ring() {
	r.cancel = nil
	now := r.opt.Now()
	if r.opt.Majority {
		r.watchLease(now)
	}
	for len(r.heap) > 0 && r.heap[0].at <= now {
		a := heap.Pop(&r.heap).(alarm)
		if at, ok := r.deadlines[a.id]; !ok || at != a.at {
			continue
		}
		again := now + proposeAgain
		if r.lowest() && r.env.Queued(inputPrio) < proposeBacklog {
			if r.Submit(&Input{Kind: InTimer, Timer: a.id}, nil) {
				r.stats.Proposals++
			} else {
				again = now + proposeRoom
			}
		}
		r.deadlines[a.id] = again
		heap.Push(&r.heap, alarm{again, a.id})
	}
	r.schedule()
}

// lowest tells whether this member proposes expiries.
func (r *Replica) lowest() bool {
	for _, m := range r.cfg.Members {
		if _, ok := r.peers[m]; ok {
			return m == r.self
		}
	}
	return false
}

// left is how long a timer still has.
func (r *Replica) left(id TimerID) time.Duration {
	if at, ok := r.deadlines[id]; ok {
		return time.Duration(at - r.opt.Now())
	}
	return 1
}

// SyncStart begins a synchronization.
func (r *Replica) SyncStart(cfg *srp.Configuration, partition []wire.Member) {
	r.sync = replicaSync{cfg: cfg, partition: slices.Clone(partition), hellos: map[wire.Member]hello{}, pages: map[wire.Member]*pages{}}
	if len(partition) < len(cfg.Members) && r.speaks(partition) {
		s := coder{}
		n := s.count(len(partition), 1)
		for i := range n {
			s.member(&partition[i])
		}
		r.sync.snapshot = append(s.b, r.e.Snapshot(r.left)...)
		r.sync.sending = true
	}
}

// speaks tells whether this member sends the state of its partition: the lowest that
// has the same model as this one. Members of a partition have been together, so they
// agree about it.
func (r *Replica) speaks(partition []wire.Member) bool {
	for _, m := range partition {
		if _, ok := r.peers[m]; ok {
			return m == r.self
		}
	}
	return false
}

// SyncSend sends the hello, and the snapshot in pages.
func (r *Replica) SyncSend() (done bool) {
	s := &r.sync
	if !s.helloSent {
		r.buf = append(append(append(r.buf[:0], msgHello), r.digest[:]...), r.opt.NodeName...)
		if !r.multicastSync() {
			return false
		}
		s.helloSent = true
	}
	limit := min(pageBytes, r.env.MaxMessage()-2)
	for s.sending {
		n := min(len(s.snapshot), limit)
		last := byte(0)
		if n == len(s.snapshot) {
			last = 1
		}
		r.buf = append(append(r.buf[:0], msgSnapshot, last), s.snapshot[:n]...)
		if !r.multicastSync() {
			return false
		}
		s.snapshot = s.snapshot[n:]
		s.sending = last == 0
	}
	return true
}

func (r *Replica) multicastSync() bool {
	if !r.env.SendOK(gmi.Recovery, len(r.buf)) {
		return false
	}
	if _, err := r.env.Multicast(gmi.Recovery, wire.Agreed, r.buf); err != nil {
		r.env.Logf("synchronization: %v", err)
		return false
	}
	return true
}

// sender finds the member of the configuration that sent a message.
func (r *Replica) sender(from wire.Member) (wire.Member, bool) {
	if r.sync.cfg == nil {
		return from, false
	}
	for _, m := range r.sync.cfg.Members {
		if m.ID == from.ID && m.Start == from.Start {
			return m, true
		}
	}
	return from, false
}

func (r *Replica) takeHello(from wire.Member, b []byte) {
	m, ok := r.sender(from)
	if !ok || len(b) < len(hello{}.digest) || len(b) > len(hello{}.digest)+maxText {
		r.stats.Malformed++
		return
	}
	h := hello{name: string(b[len(hello{}.digest):])}
	copy(h.digest[:], b)
	r.sync.hellos[m] = h
}

func (r *Replica) takePage(from wire.Member, b []byte) {
	m, ok := r.sender(from)
	if !ok || len(b) == 0 {
		r.stats.Malformed++
		return
	}
	p := r.sync.pages[m]
	if p == nil {
		p = &pages{}
		r.sync.pages[m] = p
	}
	if p.done || len(p.b)+len(b) > maxSnapshot {
		r.stats.Malformed++
		return
	}
	p.done = b[0] == 1
	p.b = append(p.b, b[1:]...)
}

// SyncAbort forgets what was sent.
func (r *Replica) SyncAbort() { r.sync = replicaSync{} }

// SyncApply takes the new configuration, and the merged state if there is one.
func (r *Replica) SyncApply() {
	s := &r.sync
	r.cfg = srp.Configuration{Ring: s.cfg.Ring, Members: slices.Clone(s.cfg.Members)}
	if len(s.partition) == len(s.cfg.Members) {
		r.keepPeers()
		r.e.Membership(s.cfg.Ring.Seq, r.members())
	} else {
		r.meetPeers()
		r.merge()
	}
	r.sync = replicaSync{}
	r.carryOut()
	if r.opt.Majority {
		r.lease.configured(r.e.quorate)
		r.watchLease(r.opt.Now())
		r.schedule()
	}
}

// keepPeers forgets who left.
func (r *Replica) keepPeers() {
	for m := range r.peers {
		if m != r.self && !slices.Contains(r.cfg.Members, m) {
			delete(r.peers, m)
		}
	}
}

// meetPeers takes who said hello with the same model.
func (r *Replica) meetPeers() {
	clear(r.peers)
	r.peers[r.self] = r.opt.NodeName
	names := map[string]wire.Member{}
	for _, m := range r.cfg.Members {
		h, ok := r.sync.hellos[m]
		switch {
		case !ok:
		case h.digest != r.digest:
			r.env.Logf("node %d (%q) has another configuration: it takes no part", m.ID, h.name)
		default:
			if first, twice := names[h.name]; twice && r.opt.Cluster.Generation == model.GenB {
				r.env.Logf("nodes %d and %d are both called %q: the second takes no part", first.ID, m.ID, h.name)
				continue
			}
			names[h.name] = m
			r.peers[m] = h.name
		}
	}
}

// members lists the AMF nodes of the configuration.
func (r *Replica) members() []Member {
	var list []Member
	for _, m := range r.cfg.Members {
		if name, ok := r.peers[m]; ok {
			list = append(list, Member{Member: m, Name: name})
		}
	}
	return list
}

func (r *Replica) merge() {
	var parts []Part
	for _, m := range r.cfg.Members { // the same order everywhere
		p := r.sync.pages[m]
		h := r.sync.hellos[m]
		if p == nil || !p.done || h.digest != r.digest {
			continue
		}
		part, ok := r.part(p.b)
		if !ok {
			r.stats.Malformed++
			r.env.Logf("the state that node %d sent does not decode", m.ID)
			continue
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		r.e.Membership(r.cfg.Ring.Seq, r.members())
		return
	}
	clear(r.deadlines)
	r.heap = r.heap[:0]
	r.e.Merge(r.cfg.Ring.Seq, r.members(), parts)
	r.stats.Merges++
}

func (r *Replica) part(b []byte) (Part, bool) {
	c := coder{b: b, dec: true}
	n := c.count(0, 4)
	var members []wire.Member
	for range n {
		var m wire.Member
		c.member(&m)
		members = append(members, m)
	}
	if c.bad {
		return Part{}, false
	}
	return r.e.Restore(members, c.b)
}
