package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// Counters only grow. They survive configuration changes.
type Counters struct {
	Configurations   uint64 // regular configurations delivered
	TokenVisits      uint64
	TokenRetransmits uint64 // token or commit token sent again
	TokenLosses      uint64
	Holds            uint64 // times an idle token was held here
	Awaits           uint64 // times it waited for those who learnt that their messages are safe
	Lingers          uint64 // times the only sender waited a moment for its next message
	Keeps            uint64 // visits' messages after which the token stayed with their only sender
	Acknowledged     uint64 // times its messages became safe by the others' acknowledgements, the token being kept
	AcksMissing      uint64 // times these did not all come in time
	AcksSent         uint64 // acknowledgements to others that kept the token
	HoldCancels      uint64 // times this node asked for a held token
	Sent             uint64 // messages of this node sequenced
	Received         uint64 // messages of others taken
	Delivered        uint64
	Discarded        uint64 // behind a gap at a configuration change
	Resent           uint64 // messages sent again because somebody asked
	WindowCuts       uint64 // times this node halved what it sends at a visit because bursts were lost
	Requested        uint64 // sequence numbers this node asked for
	Recovered        uint64 // messages of an old ring got in Recovery
	JoinsSent        uint64
	Challenges       uint64 // challenges sent
	Suspects         uint64 // hints that started a probe
	SuspectsCleared  uint64 // hints that turned out wrong
	SuspectsDead     uint64 // suspects that did not answer
	DuplicateID      uint64 // packets of another processor with this node's id
	Gathers          [causes]uint64
	Rejected         [Rejects]uint64
}

// GathersByCause returns how often Gather was entered, by the cause's name.
func (c *Counters) GathersByCause() map[string]uint64 {
	m := make(map[string]uint64)
	for i, n := range c.Gathers {
		if n > 0 {
			m[Cause(i).String()] = n
		}
	}
	return m
}

// RejectedByReason returns every drop counter by the reason's name, zeros too.
func (c *Counters) RejectedByReason() map[string]uint64 {
	m := make(map[string]uint64, Rejects)
	for r := Accepted + 1; r < Rejects; r++ {
		m[r.String()] = c.Rejected[r]
	}
	return m
}

// Status is what an operator can ask. It is a copy; it may be kept.
type Status struct {
	State     State
	Self      wire.Member
	Ring      wire.RingID   // of the last regular configuration
	Members   []wire.Member // of the last regular configuration
	LastCause Cause         // of the last entry into Gather
	RingSeq   uint64        // highest ring sequence number known
	Reserved  uint64        // highest reserved on disk

	High      uint64 // highest sequence number of the ring this node knows
	Aru       uint64 // this node has everything up to here
	Safe      uint64 // every member has everything up to here
	Delivered uint64
	Backlog   int // packets waiting at this node
	Room      int // packets that the smallest receive buffer of the members holds; 0: more than any window
	Window    int // packets per rotation in this configuration: window_size, or less for Room
	VisitMost int // packets a visit of the token may send here, as loss and Room allow

	Rotation        time.Duration // estimate of an undisturbed token rotation
	LastToken       time.Duration // since the last token visit; 0 when not in a ring
	LongestTokenGap time.Duration // between two visits in this configuration, holds not counted
	Holding         bool

	Counters Counters
}

// Status returns the machine's state. It allocates; it is for operators.
func (m *Machine) Status() Status {
	s := Status{
		State: m.state, Self: m.cfg.Self, LastCause: m.cause,
		RingSeq: m.maxSeq, Reserved: m.reserved,
		Rotation: m.rotation, LongestTokenGap: m.longestGap, Room: m.limits.room, Window: m.limits.window, VisitMost: m.visitMost, Holding: m.holding && !m.lingering,
		Counters: m.n,
	}
	if m.cfg.Source != nil {
		s.Backlog = m.cfg.Source.Backlog()
	}
	if w := m.configuration(); w != nil {
		s.Ring = w.ring
		s.Members = append(s.Members, w.members...)
		s.High, s.Aru, s.Safe, s.Delivered = w.high, w.aru, w.safe, w.delivered
	}
	if m.state == Operational && len(m.cur.members) > 1 {
		s.LastToken = m.now - m.visitAt
	}
	return s
}

// Aru tells up to where this node has every message of a ring, and false if that is not
// its last regular configuration's.
func (m *Machine) Aru(ring wire.RingID) (uint64, bool) {
	w := m.configuration()
	if w == nil || w.ring != ring {
		return 0, false
	}
	return w.aru, true
}

var stateNames = [...]string{Gather: "gather", Commit: "commit", Recovery: "recovery", Operational: "operational", Left: "left"}

// String returns the state's name.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

const causes = int(CauseSequenceEnd) + 1

var causeNames = [causes]string{
	CauseNone: "none", CauseStart: "start", CauseTokenLoss: "token-loss", CauseProcessDied: "process-died",
	CauseLeave: "leave", CauseForeignRing: "foreign-ring", CauseJoin: "join",
	CauseConsensusTimeout: "consensus-timeout", CauseCommitLoss: "commit-loss", CauseRecoveryLoss: "recovery-loss",
	CauseFailToReceive: "fail-to-receive", CauseRestartedMember: "restarted-member", CauseExpelled: "expelled",
	CauseOverload: "overload", CauseSequenceEnd: "sequence-end",
}

// String returns the cause's name.
func (c Cause) String() string {
	if int(c) < causes {
		return causeNames[c]
	}
	return "unknown"
}

// EventKind is what a traced Event tells.
type EventKind uint8

const (
	EventState           EventKind = iota + 1 // a state was entered (State, Cause, Ring)
	EventConfiguration                        // a regular configuration was delivered; A members, B of them in the transitional one
	EventTokenLoss                            // A nanoseconds since the last visit
	EventTokenRetransmit                      // A the token's sequence number, B how often
	EventResend                               // A messages sent again at a visit
	EventRequest                              // A first sequence number missing, B how many asked for
	EventSuspect                              // Peer is suspected
	EventSuspectCleared                       // Peer lives
	EventSuspectDead                          // Peer did not answer; A probes sent
	EventChallenge                            // Peer was challenged
	EventFailed                               // Peer was put into the failed list
	EventLeave                                // Peer said that it stops
	EventHold                                 // the token is held
	EventDiscard                              // A messages behind a gap were discarded
	EventReserve                              // A: sequence numbers up to it were asked for
	eventKinds
)

var eventNames = [eventKinds]string{
	EventState: "state", EventConfiguration: "configuration", EventTokenLoss: "token-loss",
	EventTokenRetransmit: "token-retransmit", EventResend: "resend", EventRequest: "request",
	EventSuspect: "suspect", EventSuspectCleared: "suspect-cleared", EventSuspectDead: "suspect-dead",
	EventChallenge: "challenge", EventFailed: "failed", EventLeave: "leave", EventHold: "hold",
	EventDiscard: "discard", EventReserve: "reserve",
}

// String returns the kind's name.
func (k EventKind) String() string {
	if k > 0 && k < eventKinds {
		return eventNames[k]
	}
	return "unknown"
}

// Event is a protocol event for the flight recorder.
type Event struct {
	At    Time
	Kind  EventKind
	State State
	Cause Cause
	Ring  wire.RingID
	Peer  wire.NodeID
	A, B  uint64
}

func (m *Machine) trace(e Event) {
	if m.cfg.Trace == nil {
		return
	}
	e.At, e.State = m.now, m.state
	if e.Ring.IsZero() {
		e.Ring = m.ringNow()
	}
	m.cfg.Trace(e)
}
