// Synchronization after a regular configuration.
//
// Every replicated service holds a state, and the state has an identity: equal
// identities mean equal states. It is drawn at start (a fresh executive shares
// its state with nobody), becomes that of the ring when a synchronization in
// that ring is applied, and is hashed on with every transitional configuration:
// members that go through it together deliver the same messages and stay alike,
// members that part have different histories from there.
//
// After a regular configuration
//
//   - whose members are exactly those of the transitional configuration before
//     it, all services being synchronized (somebody left, nobody came), or that
//     has one member only, everybody has the same state already. SyncStart and
//     SyncApply follow at once, nothing is sent. Virtual synchrony is what makes
//     this right, and it keeps the exchange out of the failover path.
//   - else each member multicasts a hello with the identities of its services'
//     states. When the hello of every member was delivered, each knows each
//     service's partitions. Services are then taken in order of ID; one whose
//     state is the same everywhere applies at once, for the others members send
//     and then multicast a barrier; the last barrier delivered applies.
//
// An EarlySynchronizer sends before the hello, which serves as its barrier: it is
// through one rotation of the token after the configuration change.
//
// All decisions are taken from delivered messages, in the order of the ring,
// so they are the same on every member. The gate of gmi keeps the ordinary
// messages of replicated services behind the last barrier.
//
// A transitional configuration does not end a synchronization, the regular one
// behind it does. A member that has gone may have applied, taken a request and
// told its client that every node has it. Whoever gets that request in the
// transitional configuration has got the last barrier before it, so it applies
// there, and has the request too. Nothing is sent meanwhile: it would arrive in
// another configuration.

package service

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// entryState is where a replicated service is.
type entryState uint8

const (
	stateStale   entryState = iota // not synchronized in this configuration, SyncStart not called
	stateSyncing                   // SyncStart was called
	stateApplied                   // SyncApply was called
)

// ready reports whether requests of the service may flow.
func (e *entry) ready() bool { return e.syncer == nil || e.state == stateApplied }

// identity names a state.
type identity [16]byte

func hashIdentity(parts ...[]byte) (id identity) {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(p)))
		h.Write(n[:])
		h.Write(p)
	}
	copy(id[:], h.Sum(nil))
	return id
}

func putMembers(b []byte, members []wire.Member) []byte {
	for _, m := range members {
		b = binary.LittleEndian.AppendUint32(b, uint32(m.ID))
		b = binary.LittleEndian.AppendUint64(b, m.Start)
		b = append(b, m.Nonce[:]...)
	}
	return b
}

// firstIdentity is that of the empty state of a fresh start.
func firstIdentity(self wire.Member, id ipcwire.Service) identity {
	return hashIdentity([]byte("start"), []byte{byte(id)}, putMembers(nil, []wire.Member{self}))
}

// appliedIdentity is that of a state synchronized in a configuration.
func appliedIdentity(cfg *srp.Configuration, id ipcwire.Service) identity {
	var ring [ringSize]byte
	putRing(ring[:], cfg.Ring)
	return hashIdentity([]byte("ring"), []byte{byte(id)}, ring[:], putMembers(nil, cfg.Members))
}

// Messages of the manager's group: type, ring, then
//
//	hello    count uint8, count times service uint8 and identity [16]byte
//	barrier  service uint8
const (
	msgHello   = 1
	msgBarrier = 2

	helloEntry = 1 + len(identity{})
)

// syncState is the synchronization in progress.
type syncState struct {
	running bool
	// step is the service being synchronized; nil while hellos are awaited.
	step   *entry
	queue  []*entry // the services after step
	sender *entry   // whose SyncSend is running

	sent    bool                           // own hello or barrier of this step is queued
	arrived []bool                         // per member of cfg: its hello or barrier of this step
	missing int                            // how many are false
	hellos  []map[ipcwire.Service]identity // per member of cfg
	cancel  func()                         // the step's timer
}

// managerHandler is the executive side of the manager's own group.
type managerHandler Manager

func (h *managerHandler) Safe(gmi.MessageID) {}

func (h *managerHandler) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	m := (*Manager)(h)
	if kind == srp.DeliverTransitional {
		m.transitional(cfg)
	} else {
		m.regular(cfg)
	}
}

// transitional takes note of who stays together. Services that are being
// synchronized learn it once they have applied, or when that was aborted.
func (m *Manager) transitional(cfg *srp.Configuration) {
	m.trans = &srp.Configuration{
		Ring: cfg.Ring, Members: slices.Clone(cfg.Members),
		Left: slices.Clone(cfg.Left), Joined: slices.Clone(cfg.Joined), Cause: cfg.Cause,
	}
	var ready []*entry
	for _, e := range m.entries {
		if e.ready() {
			ready = append(ready, e)
		}
	}
	for _, e := range ready {
		e.transitional()
	}
}

// transitional hands the service the transitional configuration.
func (e *entry) transitional() {
	if e.syncer != nil {
		e.identity = e.m.parted(e.identity)
	}
	e.svc.ConfigChange(srp.DeliverTransitional, e.m.trans)
}

// parted is the identity of a state whose holders went through the transitional
// configuration together.
func (m *Manager) parted(id identity) identity {
	var ring [ringSize]byte
	putRing(ring[:], m.cfg.Ring)
	return hashIdentity([]byte("transitional"), id[:], ring[:], putMembers(nil, m.trans.Members))
}

// endTransitional ends a synchronization that could not be completed in the
// transitional configuration, on every member at the same point of the order, and
// returns whether members are those of that configuration, everything synchronized.
func (m *Manager) endTransitional(members []wire.Member) (together bool) {
	var behind []*entry
	for _, e := range m.entries {
		if !e.ready() {
			behind = append(behind, e)
		}
	}
	m.abortSync()
	if m.trans == nil {
		return false
	}
	for _, e := range behind {
		e.transitional()
	}
	together = len(behind) == 0 && slices.Equal(m.trans.Members, members)
	m.trans = nil
	return together
}

func (m *Manager) regular(cfg *srp.Configuration) {
	together := m.endTransitional(cfg.Members)
	m.cfg = srp.Configuration{
		Ring: cfg.Ring, Members: slices.Clone(cfg.Members),
		Left: slices.Clone(cfg.Left), Joined: slices.Clone(cfg.Joined), Cause: cfg.Cause,
	}
	if !together && len(cfg.Members) > 1 {
		m.opt.GMI.Gate(true)
		for _, e := range m.entries {
			e.state = stateStale
		}
	}
	for _, e := range m.entries {
		e.svc.ConfigChange(srp.DeliverRegular, cfg)
	}
	if together || len(cfg.Members) == 1 {
		m.stats.SyncsAlone++
		for _, e := range m.entries {
			if e.syncer != nil {
				m.applyAlike(e)
			}
		}
		m.opt.GMI.Gate(false)
		return
	}
	m.startHellos()
}

// synchronized reports whether every service has applied.
func (m *Manager) synchronized() bool {
	for _, e := range m.entries {
		if !e.ready() {
			return false
		}
	}
	return true
}

// applyAlike synchronizes a service whose state is the same on every member.
func (m *Manager) applyAlike(e *entry) {
	e.state = stateSyncing
	e.syncer.SyncStart(&m.cfg, m.cfg.Members)
	m.apply(e)
}

func (m *Manager) apply(e *entry) {
	e.syncer.SyncApply()
	e.state = stateApplied
	e.identity = appliedIdentity(&m.cfg, e.svc.ID())
	e.bgDue = e.bg != nil
	if m.trans != nil {
		e.transitional()
	}
}

// abortSync returns every service that has not applied to its state before.
func (m *Manager) abortSync() {
	s := &m.sync
	if !s.running {
		return
	}
	m.stats.SyncAborts++
	if s.cancel != nil {
		s.cancel()
	}
	*s = syncState{}
	for _, e := range m.entries {
		if e.syncer != nil && e.state == stateSyncing {
			e.syncer.SyncAbort()
			e.state = stateStale
		}
	}
}

// startHellos begins the first step: early services send, then the hello.
func (m *Manager) startHellos() {
	m.sync = syncState{running: true, hellos: make([]map[ipcwire.Service]identity, len(m.cfg.Members))}
	for _, e := range m.entries {
		if e.syncer == nil {
			continue
		}
		e.sendDone = true
		if e.early {
			e.sendDone = false
			e.state = stateSyncing
			e.syncer.SyncStart(&m.cfg, nil)
		}
	}
	m.beginStep(nil)
}

// beginStep awaits the hellos, or the barriers of a service.
func (m *Manager) beginStep(e *entry) {
	s := &m.sync
	s.step, s.sent = e, false
	s.arrived = make([]bool, len(m.cfg.Members))
	s.missing = len(s.arrived)
	if s.cancel != nil {
		s.cancel()
	}
	s.cancel = m.opt.After(int64(m.opt.SyncTimeout), m.syncLate)
	m.syncWork()
}

// syncWork sends what this member still has to send in the current step.
func (m *Manager) syncWork() {
	s := &m.sync
	if !s.running || s.sent || m.trans != nil {
		return
	}
	for _, e := range m.entries {
		if e.state != stateSyncing || e.sendDone {
			continue
		}
		s.sender = e
		e.sendDone = e.syncer.SyncSend()
		s.sender = nil
		if !e.sendDone {
			return
		}
	}
	msg := m.stepMessage()
	if !m.opt.GMI.SendOKAs(gmi.Sync, gmi.Recovery, len(msg)) {
		return
	}
	if _, err := m.opt.GMI.MulticastAs(gmi.Sync, managerGroup, gmi.Recovery, wire.Agreed, msg); err != nil {
		m.opt.Logf("service: message of synchronization: %v", err)
		return
	}
	s.sent = true
}

// stepMessage is this member's hello or barrier.
func (m *Manager) stepMessage() []byte {
	b := make([]byte, 1+ringSize, 1+ringSize+1+len(m.entries)*helloEntry)
	putRing(b[1:], m.cfg.Ring)
	if e := m.sync.step; e != nil {
		b[0] = msgBarrier
		return append(b, byte(e.svc.ID()))
	}
	b[0] = msgHello
	b = append(b, 0)
	for _, e := range m.entries {
		if e.syncer != nil {
			b[1+ringSize]++
			b = append(b, byte(e.svc.ID()))
			b = append(b, e.identity[:]...)
		}
	}
	return b
}

// Deliver takes a hello or a barrier.
func (h *managerHandler) Deliver(from wire.Member, msg []byte, _ gmi.MessageID, _ bool) {
	m := (*Manager)(h)
	if len(msg) < 1+ringSize+1 {
		m.stats.Malformed++
		return
	}
	s := &m.sync
	if getRing(msg[1:]) != m.cfg.Ring || !s.running {
		m.stats.StaleSync++
		return
	}
	i := slices.IndexFunc(m.cfg.Members, func(o wire.Member) bool { return o.ID == from.ID && o.Start == from.Start })
	if i < 0 || s.arrived[i] {
		m.stats.Malformed++
		return
	}
	body := msg[1+ringSize:]
	switch {
	case msg[0] == msgHello && s.step == nil:
		hello, ok := parseHello(body)
		if !ok {
			m.stats.Malformed++
			return
		}
		s.hellos[i] = hello
	case msg[0] == msgBarrier && s.step != nil && len(body) == 1 && body[0] == byte(s.step.svc.ID()):
	default:
		m.stats.Malformed++
		return
	}
	s.arrived[i] = true
	s.missing--
	if s.missing == 0 {
		m.stepComplete()
	}
}

func parseHello(b []byte) (map[ipcwire.Service]identity, bool) {
	n := int(b[0])
	b = b[1:]
	if len(b) != n*helloEntry {
		return nil, false
	}
	hello := make(map[ipcwire.Service]identity, n)
	for ; len(b) > 0; b = b[helloEntry:] {
		hello[ipcwire.Service(b[0])] = identity(b[1:helloEntry])
	}
	return hello, len(hello) == n
}

// stepComplete is called when the last hello or barrier of a step was delivered.
func (m *Manager) stepComplete() {
	s := &m.sync
	if s.step != nil {
		m.apply(s.step)
	} else {
		for _, e := range m.entries {
			switch {
			case e.syncer == nil:
			case !m.common(e):
				m.opt.Logf("service: %s is not run by every member of ring %d.%d: it stays unavailable",
					e.svc.Name(), m.cfg.Ring.Rep, m.cfg.Ring.Seq)
			case e.early:
				m.apply(e)
			default:
				s.queue = append(s.queue, e)
			}
		}
	}
	for len(s.queue) > 0 {
		e := s.queue[0]
		s.queue = s.queue[1:]
		partition := m.partition(e)
		if len(partition) == len(m.cfg.Members) {
			m.applyAlike(e)
			continue
		}
		e.state, e.sendDone = stateSyncing, false
		e.syncer.SyncStart(&m.cfg, partition)
		m.beginStep(e)
		return
	}
	s.cancel()
	*s = syncState{}
	for _, e := range m.entries {
		if e.syncer != nil && e.state == stateSyncing { // early, and not common
			e.syncer.SyncAbort()
			e.state = stateStale
		}
	}
	m.stats.Syncs++
	m.opt.GMI.Gate(false)
}

// common reports whether every member runs the service.
func (m *Manager) common(e *entry) bool {
	for _, hello := range m.sync.hellos {
		if _, ok := hello[e.svc.ID()]; !ok {
			return false
		}
	}
	return true
}

// partition is the members whose state of the service is the same as this
// node's, this node included.
func (m *Manager) partition(e *entry) []wire.Member {
	var p []wire.Member
	for i, o := range m.cfg.Members {
		if m.sync.hellos[i][e.svc.ID()] == e.identity {
			p = append(p, o)
		}
	}
	return p
}

// deliverSync takes a message sent by a SyncSend.
func (e *entry) deliverSync(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	if len(msg) < syncHeader {
		e.m.stats.Malformed++
		return
	}
	if e.state != stateSyncing || getRing(msg[1:]) != e.m.cfg.Ring {
		e.m.stats.StaleSync++
		return
	}
	e.svc.Deliver(from, msg[syncHeader:], id, transitional)
}

// syncLate runs when a step took SyncTimeout. A member that did not send its
// part is what all others wait for: it leaves. Else others are waited for, and
// leave themselves.
func (m *Manager) syncLate() {
	s := &m.sync
	if !s.running {
		return
	}
	what := "the exchange of states"
	if s.step != nil {
		what = "the synchronization of " + s.step.svc.Name()
	}
	var missing []string
	for i, o := range m.cfg.Members {
		if !s.arrived[i] {
			missing = append(missing, fmt.Sprint(o.ID))
		}
	}
	m.opt.Logf("service: %s in ring %d.%d is not complete after %v, nothing from %s",
		what, m.cfg.Ring.Rep, m.cfg.Ring.Seq, m.opt.SyncTimeout, strings.Join(missing, ", "))
	if !s.sent && m.opt.Overload != nil {
		m.opt.Overload(fmt.Sprintf("this member did not send its part of %s within %v", what, m.opt.SyncTimeout))
		return
	}
	s.cancel = m.opt.After(int64(m.opt.SyncTimeout), m.syncLate)
}
