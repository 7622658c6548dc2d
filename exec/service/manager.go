// The manager: registry of services, dispatch of library requests and of
// delivered messages. Synchronization is in sync.go, what services are given to
// work with in env.go.

package service

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// DefaultSyncTimeout is how long a member may take for one step of its own
// synchronization before it leaves the ring.
const DefaultSyncTimeout = 10 * time.Second

// managerGroup is the group of the manager's own messages. No service has that
// name: Register refuses it.
const managerGroup = ".service"

// Options are fixed for the life of a Manager. All fields but Now, SyncTimeout and
// Overload are needed.
type Options struct {
	// GMI is used by the manager and its services only. The ring's deliveries go
	// to it through the Manager, or directly with Work called after every Ready.
	GMI *gmi.GMI

	Self        wire.Member
	NodeName    string
	Address     []byte // 4 or 16 bytes
	BootTime    int64  // nanoseconds since 1970
	ClusterName string

	// After calls f once on the owner goroutine, d nanoseconds from now.
	After func(d int64, f func()) (cancel func())
	Logf  func(format string, args ...any)
	// Now is the clock of After. Without it no request waits for room.
	Now func() time.Duration

	// SyncTimeout is how long this member may take for one step of
	// synchronization (default DefaultSyncTimeout). Then Overload is called: the
	// owner leaves the ring and joins again.
	SyncTimeout time.Duration
	Overload    func(reason string)
}

// Stats counts since New.
type Stats struct {
	Requests     uint64 // library requests taken to their service
	TryAgainRing uint64 // answered TRY_AGAIN: the ring could not take them
	TryAgainSync uint64 // answered TRY_AGAIN: the service was being synchronized
	Waited       uint64 // requests that waited for room or for a synchronization to end
	Syncs        uint64 // synchronizations completed, by exchange
	SyncsAlone   uint64 // configurations that needed none: all members had one state
	SyncAborts   uint64 // synchronizations ended by a configuration change
	StaleSync    uint64 // synchronization messages of a configuration that is over
	Malformed    uint64 // messages of members that do not decode
	Early        uint64 // messages to a service that was not synchronized, dropped
}

// Manager is the service manager of one node.
type Manager struct {
	opt     Options
	entries []*entry // in order of service ID
	conns   map[uint64]*entry
	stats   Stats
	started bool

	claims   [requestClasses * int(gmi.Priorities)]claims
	watching bool // a timer looks through the claims
	serving  bool // requests that waited are being taken

	sync  syncState
	cfg   srp.Configuration  // the last regular configuration
	trans *srp.Configuration // the transitional configuration since, else nil
}

// entry is a registered service.
type entry struct {
	m        *Manager
	svc      Service
	sizer    RequestSizer // nil unless the service is one, as those below
	streamer Streamer
	patient  Patient
	waiting  []*waiter // requests that wait, first come first

	syncer   Synchronizer
	early    bool // an EarlySynchronizer
	bg       Background
	bgDue    bool // BackgroundSend has not returned true since SyncApply
	reader   SyncReader
	identity identity // names the state the service holds; see sync.go
	state    entryState
	sendDone bool // SyncSend has returned true

	header  []byte   // scratch for the header of a sync message
	scratch [][]byte // scratch for the parts of a message
}

// New returns a manager without services.
func New(opt Options) (*Manager, error) {
	if opt.GMI == nil || opt.After == nil || opt.Logf == nil {
		return nil, errors.New("service: GMI, After and Logf are needed")
	}
	if opt.SyncTimeout <= 0 {
		opt.SyncTimeout = DefaultSyncTimeout
	}
	m := &Manager{opt: opt, conns: make(map[uint64]*entry)}
	// First of all groups: the manager sees a configuration change before any
	// service and passes it on itself, in order of service ID.
	if err := opt.GMI.Join(managerGroup, (*managerHandler)(m)); err != nil {
		return nil, err
	}
	return m, nil
}

// Register adds a service. It is called before Start.
func (m *Manager) Register(svc Service) error {
	id, name := svc.ID(), svc.Name()
	if m.started {
		return fmt.Errorf("service: %s registered after Start", name)
	}
	if name == managerGroup {
		return fmt.Errorf("service: the name %s is the manager's", name)
	}
	i, found := slices.BinarySearchFunc(m.entries, id, func(e *entry, id ipcwire.Service) int {
		return int(e.svc.ID()) - int(id)
	})
	if found {
		return fmt.Errorf("service: %s has the number %d of %s", name, id, m.entries[i].svc.Name())
	}
	e := &entry{m: m, svc: svc}
	e.syncer, _ = svc.(Synchronizer)
	e.sizer, _ = svc.(RequestSizer)
	e.streamer, _ = svc.(Streamer)
	e.patient, _ = svc.(Patient)
	if e.syncer != nil {
		_, e.early = svc.(EarlySynchronizer)
		e.bg, _ = svc.(Background)
		e.reader, _ = svc.(SyncReader)
		e.identity = firstIdentity(m.opt.Self, id)
		e.header = make([]byte, syncHeader)
	}
	if err := m.opt.GMI.Join(name, e); err != nil {
		return fmt.Errorf("service: group of %s: %w", name, err)
	}
	m.entries = slices.Insert(m.entries, i, e)
	return nil
}

// Start calls ExecInit of every service in order of ID. It is called once,
// before the ring starts.
func (m *Manager) Start() error {
	m.started = true
	for _, e := range m.entries {
		if err := e.svc.ExecInit(&env{e}); err != nil {
			return fmt.Errorf("service: %s: %w", e.svc.Name(), err)
		}
	}
	return nil
}

// Stats returns the counters.
func (m *Manager) Stats() Stats { return m.stats }

// Synchronized reports whether every service's requests flow.
func (m *Manager) Synchronized() bool { return m.synchronized() }

// find returns the entry of a service, or nil.
func (m *Manager) find(id ipcwire.Service) *entry {
	for _, e := range m.entries {
		if e.svc.ID() == id {
			return e
		}
	}
	return nil
}

// Init is called by exec/ipc when a library connection asks for a service. With
// any result but OK the connection is refused and Exit is not called for it.
func (m *Manager) Init(c Conn, id ipcwire.Service, gen ipcwire.Generation, body []byte) ipcwire.Error {
	e := m.find(id)
	if e == nil {
		return ipcwire.ErrNotSupported
	}
	if err := e.svc.LibInit(c, gen, body); err != ipcwire.OK {
		return err
	}
	m.conns[c.ID()] = e
	return ipcwire.OK
}

// Request is called by exec/ipc for each request of a connection that Init
// took. The answer comes through c.Respond, now or later.
func (m *Manager) Request(c Conn, seq uint32, op ipcwire.Op, body []byte) {
	e := m.conns[c.ID()]
	if e == nil {
		c.Respond(seq, ipcwire.ErrBadHandle, nil)
		return
	}
	open := e.ready() || e.reader != nil && e.reader.ReadsOnly(op)
	if open && m.admit(e, c, op, body) {
		m.stats.Requests++
		e.svc.LibRequest(c, seq, op, body)
		return
	}
	if m.await(e, c, seq, op, body) {
		return
	}
	m.refused(e)
	c.Respond(seq, ipcwire.ErrTryAgain, nil)
}

// refused counts a request that could not be taken, by what was in its way.
func (m *Manager) refused(e *entry) {
	if e.ready() {
		m.stats.TryAgainRing++
	} else {
		m.stats.TryAgainSync++
	}
}

// admit decides whether the ring can take what a request will multicast. This is
// the one place where queue space is granted to library connections.
func (m *Manager) admit(e *entry, c Conn, op ipcwire.Op, body []byte) bool {
	if e.sizer == nil {
		return true
	}
	size, prio, ok := e.sizer.RequestSize(op, body)
	// A message that is too large for ever is for the service to refuse.
	return !ok || size > e.maxMessage() || m.grant(e, c.ID(), prio, size)
}

// Streams tells whether requests of a connection can go without an answer. Those
// of a service that is synchronized cannot: it refuses them meanwhile.
func (m *Manager) Streams(c Conn) bool {
	e := m.conns[c.ID()]
	return e != nil && e.streamer != nil && e.syncer == nil
}

// Stream is called by exec/ipc for each request without an answer, as Streamer
// has it.
func (m *Manager) Stream(c Conn, op ipcwire.Op, body []byte) bool {
	e := m.conns[c.ID()]
	if e == nil || e.streamer == nil {
		return true
	}
	if !e.streamer.LibStream(c, op, body) {
		return false
	}
	m.stats.Requests++
	return true
}

// Exit is called by exec/ipc once when a connection that Init took ended.
func (m *Manager) Exit(c Conn) {
	if e := m.conns[c.ID()]; e != nil {
		delete(m.conns, c.ID())
		m.dropClaims(c.ID())
		e.forget(c.ID())
		e.svc.LibExit(c)
	}
}

// Deliver, SafeUpTo and Flush are those of the GMI: a Manager can stand above
// the ring itself, and then Work is called for it.
func (m *Manager) Deliver(d *srp.Delivery) { m.opt.GMI.Deliver(d) }

// SafeUpTo is the GMI's.
func (m *Manager) SafeUpTo(ring wire.RingID, seq uint64) { m.opt.GMI.SafeUpTo(ring, seq) }

// Flush is the GMI's, and Work.
func (m *Manager) Flush() {
	m.opt.GMI.Flush()
	m.Work()
}

// Work sends what synchronization and background phases still have to send, and
// takes requests that waited. The
// owner of the ring calls it after it handled a Ready.
func (m *Manager) Work() {
	m.syncWork()
	m.serve()
	if m.sync.running {
		return
	}
	for _, e := range m.entries {
		if e.bgDue && m.opt.GMI.Backlog() < backgroundBacklog {
			e.bgDue = !e.bg.BackgroundSend()
		}
	}
}

// backgroundBacklog is how many ring payloads may wait for a background phase to
// add to them: it fills what others leave.
const backgroundBacklog = 16

// Deliver is the executive side of a service: its group's messages.
func (e *entry) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	if e.syncer == nil {
		e.svc.Deliver(from, msg, id, transitional)
		return
	}
	if len(msg) == 0 || msg[0] > kindSync {
		e.m.stats.Malformed++
		return
	}
	if msg[0] == kindSync {
		e.deliverSync(from, msg, id, transitional)
		return
	}
	// Members send these only once they have applied, i.e. behind every barrier
	// in the order of the ring, so this service has applied, too.
	if !e.ready() {
		e.m.stats.Early++
		return
	}
	e.svc.Deliver(from, msg[1:], id, transitional)
}

// ConfigChange does nothing: the manager passes configuration changes on.
func (e *entry) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}

// Safe passes stability on.
func (e *entry) Safe(id gmi.MessageID) { e.svc.Safe(id) }

// Indifferent is the service's answer: see gmi.Indifferent.
func (e *entry) Indifferent() bool {
	i, ok := e.svc.(gmi.Indifferent)
	return ok && i.Indifferent()
}
