// Package srp is the Totem single-ring protocol with extended virtual synchrony
// as a pure state machine: no socket, clock, goroutine, log or randomness that
// was not handed in. Time is a monotonic duration given with each input.
//
// Papers: Amir, Moser, Melliar-Smith, Agarwal, Ciarfella, "The Totem
// Single-Ring Ordering and Membership Protocol" (1995); Moser, Amir,
// Melliar-Smith, Agarwal, "Extended Virtual Synchrony" (1994); Babay, Amir,
// "Fast Total Ordering for Modern Data Centers" (2016).
//
// The driver's contract: after every call of Start, Step, Tick, Suspect, Wake, Go or
// Leave, take Ready and handle all of it in the order of its fields before the
// next input. Slices inside Ready are valid until the next input.
package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// Time is a monotonic instant: the duration since an epoch of the caller's.
type Time = time.Duration

// Source is where the machine pulls new messages from when it holds the token
// in the Operational state. The group messaging layer implements it, so that
// priorities and packing are decided at the last moment. A payload pulled is
// a payload sequenced: the machine never gives it back. Next is not called for a
// new ring before the Ready with its DeliverRegular was handled: only then does
// the layer above know where its unfinished messages start again.
type Source interface {
	// Next writes the next packet's payload into dst and returns its length and
	// guarantee, or ok false when nothing waits.
	Next(dst []byte) (n int, g wire.Guarantee, ok bool)
	// Backlog is about how many packets wait.
	Backlog() int
}

// Awaiter is a Source that knows whether somebody waits until what was pulled is
// known to be everywhere. The token tells that, or acknowledgements; it is not kept here
// meanwhile for anything else.
type Awaiter interface {
	Awaits() bool
}

// Config is fixed for the life of a Machine.
type Config struct {
	Self   wire.Member
	Source Source

	// ReservedSeq is the highest ring sequence number that the state directory
	// reserved for earlier starts; this start uses higher ones only.
	ReservedSeq uint64

	// MaxPacket is the size of the largest encoded packet (wire bytes, before
	// sealing) that fits netmtu. MaxSession is the same for packets of the session
	// key, which have a larger header (default MaxPacket, and never more).
	MaxPacket  int
	MaxSession int

	TokenTimeout    time.Duration // token loss (default 1s)
	TokenRetransmit time.Duration // upper bound; the machine adapts below it to a few measured rotations
	JoinInterval    time.Duration // upper bound between repeated Joins; the first ones come faster
	Consensus       time.Duration // how long Gather waits for a processor that does not answer
	MergeInterval   time.Duration // between merge-detect packets of an idle ring
	ProbeTimeout    time.Duration // how long a suspect has to answer (default 10ms)
	Hold            time.Duration // how long the representative keeps an idle token
	Linger          time.Duration // how long the only sender waits for its next message before it passes the token on
	Keep            time.Duration // how long the only sender of few messages keeps the token while it goes on sending
	Await           time.Duration // how long the only sender waits for Go when its messages became safe (0: not at all)
	AwaitRotation   time.Duration // Await and Acks only where a rotation takes less
	Acks            time.Duration // how long it keeps the token while the others acknowledge what it sends
	FailToReceive   int           // token visits without progress of one's own aru before one leaves
	SeqnoUnchanged  int           // idle visits before the token is held
	Window          int           // packets per token rotation, whole ring
	MaxMessages     int           // packets per token visit, this node
	Accelerated     int           // packets that may follow the token; 0 is the 1995 protocol
	ReceiveRoom     int           // packets of MaxPacket that the receive buffer holds unread; 0: more than any window
	MaxMembers      int           // at most this many processors in a ring (default 128)
	Seed            uint64        // for jitter; the simulator fixes it

	// Trace, if not nil, is told protocol events. It must not call the machine.
	Trace func(Event)
}

// State is the membership state.
type State uint8

const (
	Gather State = iota
	Commit
	Recovery
	Operational
	Left // after Leave: the machine answers nothing any more
)

// Outgoing is a packet to be sealed and sent, in order.
type Outgoing struct {
	// To is the receiver; 0 means everybody (multicast, or every configured member).
	To wire.NodeID
	// RingOnly narrows To 0 to the members of Ring.
	RingOnly bool
	// Ring selects the traffic key; the zero ring selects the sender's session
	// key, which needs no ring (Join, challenge, commit token, merge, probe).
	Ring wire.RingID
	// Token marks the token: what is before it goes out before it.
	Token bool
	Data  []byte
}

// DeliveryKind tells what a Delivery carries.
type DeliveryKind uint8

const (
	DeliverMessage DeliveryKind = iota
	DeliverTransitional
	DeliverRegular
)

// Delivery is a message or a configuration change, in the order of extended
// virtual synchrony.
type Delivery struct {
	Kind DeliveryKind

	// DeliverMessage. Ring and Seq are where the message was ordered.
	Ring      wire.RingID
	Seq       uint64
	From      wire.Member
	Guarantee wire.Guarantee
	Payload   []byte // valid until the next input; never to be written to

	// DeliverTransitional, DeliverRegular.
	Config Configuration
}

// Configuration is a membership. Members are sorted by ID. Of a transitional
// configuration Joined is empty; of a regular one Left is empty.
type Configuration struct {
	Ring    wire.RingID
	Members []wire.Member
	Left    []wire.Member
	Joined  []wire.Member
	Cause   Cause // why the Gather that led here was entered
}

// Ready is everything the machine wants done, in the order of the fields.
type Ready struct {
	// ReserveSeq, if not 0, must be durable before anything is sent: ring
	// sequence numbers up to it may be used. Asked for in blocks and early.
	ReserveSeq uint64
	// Install, if not nil, is a ring whose traffic key must be derived before
	// Packets are sealed. Two keys are needed at any time and no other: of the
	// ring of the last DeliverRegular, and of the last Install.
	Install *Ring
	// Packets to send, in order. A driver may deliver messages (not configurations)
	// before it sends them: nobody can tell it from a packet that was late. It has to
	// send them before the next input.
	Packets []Outgoing
	// Deliveries to hand upwards, in order.
	Deliveries []Delivery
	// SafeRing and SafeSeq: every delivered message of SafeRing up to SafeSeq is
	// held by every member of the ring (safe). Never goes back within a ring.
	// When a transitional configuration is delivered, everything delivered
	// before it is held by all of its members. Zero while there is no ring.
	SafeRing wire.RingID
	SafeSeq  uint64
}

// Ring is a ring's identity and its members, from which traffic keys derive.
type Ring struct {
	ID      wire.RingID
	Members []wire.Member
}

// Origin is what the sealing layer proved about a packet's sender.
type Origin struct {
	Member wire.Member // ID and Nonce are proved; Start is filled when known, else 0
	Ring   wire.RingID // the ring whose traffic key sealed it; zero for the session key
}

// Cause is why a machine entered Gather. Every configuration change carries one.
type Cause uint8

const (
	CauseNone             Cause = iota
	CauseStart                  // this executive started
	CauseTokenLoss              // no token for TokenTimeout while Operational
	CauseProcessDied            // a suspect did not answer its probe
	CauseLeave                  // a member said that it stops
	CauseForeignRing            // merge detection: another ring is reachable
	CauseJoin                   // a Join that changes the sets arrived
	CauseConsensusTimeout       // processors did not answer in Gather
	CauseCommitLoss             // no commit token in Commit
	CauseRecoveryLoss           // no token in Recovery
	CauseFailToReceive          // this node's aru did not move for FailToReceive visits
	CauseRestartedMember        // a member of the ring came back with another start number
	CauseExpelled               // others formed a ring without this node
	CauseOverload               // the service manager left on purpose (synchronization too slow)
	CauseSequenceEnd            // the ring has given out nearly all sequence numbers there are
)
