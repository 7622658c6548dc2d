// Package service is the service manager: it owns the registry of services, hands
// library requests, delivered messages and configuration changes to them,
// answers TRY_AGAIN for them when the ring cannot take a request or when they
// are being synchronized, and runs the synchronization barrier after each
// regular configuration.
//
// Everything here runs on the one goroutine that owns the ring.
package service

import (
	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Conn is one library connection, i.e. one handle of one process. exec/ipc
// implements it.
type Conn interface {
	// ID is unique among this executive's connections, never reused.
	ID() uint64
	// Cred is what the kernel says of the peer.
	Cred() Cred
	// Respond answers request seq. body is copied before return.
	Respond(seq uint32, err ipcwire.Error, body []byte)
	// Notify queues a callback for the peer's selection object. body is copied.
	// It returns false when the connection's callback queue is full: what then
	// happens is the service's decision (the message was not queued).
	Notify(op ipcwire.Op, body []byte) bool
	// Pending is how many bytes of callbacks wait for the peer.
	Pending() int
	// Disconnect ends the connection; LibExit follows before it returns to the loop.
	Disconnect(reason string)
	// SetState and State carry the service's own per-connection state.
	SetState(any)
	State() any
}

// PayloadNotifier is implemented by connections that take a callback's body in
// two parts, so that a large payload is copied once. Same result as Notify.
type PayloadNotifier interface {
	NotifyPayload(op ipcwire.Op, head, payload []byte) bool
}

// NotifyLimiter is implemented by connections whose callback queue's bound, in
// bytes, a service may choose.
type NotifyLimiter interface {
	SetNotifyLimit(bytes int)
}

// Cred is the peer's identity as the kernel knows it.
type Cred struct {
	PID, UID, GID uint32
}

// Service is one AIS service (or the control service): a set of handlers. All
// handlers run on the owner goroutine and must not block.
type Service interface {
	// ID is the service's number in the library protocol.
	ID() ipcwire.Service
	// Name is its gmi group and its name in logs and status.
	Name() string
	// ExecInit is called once, before the ring starts.
	ExecInit(Env) error
	// LibInit is called when a library connection asks for this service.
	// generation is the API generation the library speaks. body is the
	// service's part of the hello; the answer goes back in the welcome.
	LibInit(c Conn, generation ipcwire.Generation, body []byte) ipcwire.Error
	// LibRequest handles one request; it answers with c.Respond, now or later.
	LibRequest(c Conn, seq uint32, op ipcwire.Op, body []byte)
	// LibExit is called once when the connection ended, for whatever reason.
	LibExit(c Conn)
	// Handler is the executive side: delivered messages, configuration changes.
	gmi.Handler
}

// Streamer is implemented by a service some of whose requests can go without an
// answer, as long as they are in order: they come through shared memory, and one
// for which there is no room waits there.
type Streamer interface {
	// LibStream handles one such request. false: there is no room for it now, and
	// it was not looked at; it is offered again. body is valid until return, and
	// the peer may change it meanwhile: every byte is read once at most before it
	// is judged. A request that cannot be right is dropped, and counted.
	LibStream(c Conn, op ipcwire.Op, body []byte) bool
}

// RequestSizer is implemented by a service whose requests multicast: it states
// how many bytes, at which priority, the request would put on the ring, so that
// the manager can answer TRY_AGAIN before the service sees it. ok false: the
// request does not multicast.
type RequestSizer interface {
	RequestSize(op ipcwire.Op, body []byte) (size int, prio gmi.Priority, ok bool)
}

// Patient is implemented by a service some of whose requests carry a time limit. Such
// a request waits for room and for the end of a synchronization, for a second at most.
type Patient interface {
	// TimeLimit returns the eight bytes of body that are the request's time limit in
	// nanoseconds, little endian; what is left of it is written there before the
	// request is taken. 0 or less: the service has its own. nil: the request has no
	// time limit, or is none that can be right.
	TimeLimit(op ipcwire.Op, body []byte) []byte
}

// Synchronizer is implemented by a service with replicated state. After every
// regular configuration the manager runs, service by service in order of ID,
// the same on every member:
//
//	SyncStart  the configuration, and the set of members that came from the
//	           same old configuration as this node (its partition), lowest first;
//	SyncSend   is called as often as the ring has room, until it returns true:
//	           the service multicasts (Recovery priority) what decides;
//	barrier    the manager multicasts; when every member's barrier was delivered
//	SyncApply  the service takes the collected state as its own. Requests flow.
//
// A regular configuration before SyncApply calls SyncAbort: the service returns
// to the state before SyncStart; then it starts again. SyncApply may still come
// in the transitional configuration, by messages delivered there; the service is
// told of that configuration after SyncApply or SyncAbort only. Messages multicast
// during SyncSend reach Deliver like any other, but never in another
// configuration than they were sent in; whatever else the service multicasts is
// delivered before SyncStart or after SyncApply, on every member alike. While it
// runs, requests of connections of this service are answered TRY_AGAIN, or wait if
// they have a time limit, unless the service is also a SyncReader and says that
// the request only reads.
//
// When every member has the same state already (nobody came), the partition is
// the whole membership and SyncApply follows SyncStart at once: SyncSend is not
// called. The configuration handed to SyncStart is the manager's and stays valid,
// unchanged, until the next SyncStart.
type Synchronizer interface {
	SyncStart(cfg *srp.Configuration, partition []wire.Member)
	SyncSend() (done bool)
	SyncApply()
	SyncAbort()
}

// EarlySynchronizer is a Synchronizer that does not need to know its partition:
// SyncStart gets nil for it when states are exchanged, and the service is
// through as early as can be, one rotation of the token after the configuration.
type EarlySynchronizer interface {
	Synchronizer
	// SyncEarly only marks the type.
	SyncEarly()
}

// Background is implemented by a Synchronizer whose bulk data follows while
// requests flow: after SyncApply, BackgroundSend is called when the ring has
// room, until it returns true.
type Background interface {
	BackgroundSend() (done bool)
}

// SyncReader lets a service answer reading requests during synchronization.
type SyncReader interface {
	ReadsOnly(op ipcwire.Op) bool
}

// Env is what a service may use.
type Env interface {
	// Self is this member; ID and Start.
	Self() wire.Member
	// NodeName and Address are the configured name and the bound address (4 or
	// 16 bytes) of this node.
	NodeName() string
	Address() []byte
	// BootTime is when this executive started, nanoseconds since 1970.
	BootTime() int64
	// ClusterName is the configured name.
	ClusterName() string
	// SendOK tells whether Multicast of size bytes would be taken now.
	SendOK(prio gmi.Priority, size int) bool
	// Queued is how many bytes of this service's kind of messages wait for the
	// token at a priority.
	Queued(prio gmi.Priority) int
	// Payloads is about how many packets of the ring these fill.
	Payloads(prio gmi.Priority) int
	// Waits tells whether what Multicast called id at a priority still waits, or a
	// part of it.
	Waits(prio gmi.Priority, id gmi.MessageID) bool
	// Multicast sends to the service's own group on every node (this one
	// included). After SendOK said yes for the size it does not fail.
	Multicast(prio gmi.Priority, g wire.Guarantee, parts ...[]byte) (gmi.MessageID, error)
	// MaxMessage is the largest message Multicast takes.
	MaxMessage() int
	// After calls f on the owner goroutine once after d nanoseconds; the returned
	// function cancels. Never use it to change replicated state: multicast.
	After(d int64, f func()) (cancel func())
	// Logf logs one line with the service's name.
	Logf(format string, args ...any)
}
