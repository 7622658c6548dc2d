// Package engine decides who is active, who is standby, and what happens when
// something breaks: the Availability Management Framework as a pure, deterministic
// state machine. It reads no clock, starts no process, opens no connection. Every
// member feeds it the same inputs in the same order, those of the ring, and so every
// member has the same state and gets the same outputs; the member whose node an
// output names carries it out, and nobody else does.
//
// # How it is driven
//
// Engine is the machine. Replica (replica.go) puts it on a service.Env: it multicasts
// inputs, answers when one was delivered, takes part in the barrier, keeps the
// deadlines of timers and has the lowest member propose what is over, and holds the
// lease of the majority rule. A driver makes one Replica, hands it what gmi and the
// service manager hand to a service, and is called back with the outputs that concern
// its own node (Driver.Execute) and with everything there is for the history
// (Driver.Record). Outputs are to be carried out in the order given, per component.
//
//	Instantiate    run the CLC-CLI command with the environment of the specification,
//	               or, if Proxy is set, call the proxy's ProxiedComponentInstantiate (A:
//	               it runs already, see Cleanup). Answer when the command has ended.
//	               For a component that registers, the engine waits for the registration
//	               (with Incarnation) besides, within the same timer.
//	Terminate      Callback: saAmfComponentTerminateCallback on the connection the
//	               component (or its Proxy) registered with. Else run the command.
//	Cleanup        run the command (or ProxiedComponentCleanup), and whatever it says,
//	               see to it that no process of the component is left. OK: nothing is.
//	               A, if Proxy is set: ExternalComponentRestart when it is to Return, else
//	               ExternalComponentControl, which switches it off. OK: it has no role.
//	CSISet, CSIRemove, ReadinessSet, PendingConfirm, PendingExpired   the callbacks.
//	ProtectionGroup  to every node: the members of a CSI have changed. Tell those who
//	               track it on this node.
//	Failfast       end every component of this node, hard, leave the ring, come back.
//	Evict          this component registered in two partitions; the other goes on. Let
//	               it know by its connection's end, and say so with a Died input of that
//	               Incarnation; nothing of it counts any more.
//
// Components end with their executive: one whose executive died, or stands still beyond
// its lease, must be dead before the executive starts again and joins. The engine takes a
// node that joins for one on which nothing runs.
//
// Every output with an Invocation is answered by one Answer input, the sooner the
// better; one that is never answered is over when the engine's own timer for it is
// (a timer of ordered time; the driver needs none, except that it should give up a
// CLC-CLI command after Output.Limit by killing it, and answer TIMEOUT then). A driver
// checks itself whether an invocation that a program answers is one it handed out:
// what the engine does not wait for (any more) it ignores.
//
// Health checks and passive monitoring are the driver's: it holds the periods and
// deadlines of what was started on its node, calls back, and multicasts an
// ErrorReport with cause CauseHealthcheck or CauseMonitor when something failed: time
// enters by the delivery of that report. The death of a component's process, and the
// end of the connection it registered with, are Died inputs. They carry the
// Incarnation (Output.Incarnation of Instantiate, or of Registered): a report about
// an earlier life of the component is known for what it is.
//
// # Results
//
// Apply returns what the caller of the API is told. Everything else follows later, by
// callbacks. Reading functions (HAStateGet, ...) are answered from the local replica:
// see Engine's methods in query.go.
//
// # Synchronization and merge
//
// Every member sends who it is (node name, digest of the model); the lowest of each
// partition sends the partition's state. A member whose model is another one is no
// AMF node until it is the same; it is logged. What the merged state takes from which
// side is in merge.go, as a table.
package engine

import (
	"time"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// InputKind tells what happened.
type InputKind uint8

const (
	// InRegister: a program registers Comp on the sending node, through Proxy's
	// connection if that is set. OK, EXIST, NOT_EXIST, INVALID_PARAM, BAD_OPERATION,
	// TRY_AGAIN (its earlier life is not cleaned up yet).
	InRegister InputKind = iota + 1
	// InUnregister: and takes it back. OK, NOT_EXIST, BAD_OPERATION (another proxy).
	InUnregister
	// InAnswer: the answer to Invocation of Comp: a program's saAmfResponse, or the
	// end of a CLC-CLI command (OK, FAILED_OPERATION, TIMEOUT). With the Incarnation of
	// the output, an error counts even if a later callback has made the one void that
	// it answers.
	InAnswer
	// InQuiescingComplete: saAmfCSIQuiescingComplete, saAmfStoppingComplete.
	InQuiescingComplete
	// InDied: the process or the connection of Comp is gone.
	InDied
	// InErrorReport: Comp is in error, Recovery is recommended, Reporter says so.
	InErrorReport
	// InErrorClear: the errors of Comp are over.
	InErrorClear
	// InHAReadiness: saAmfHAReadinessStateSet (B.04) of Comp for CSI, or for all with none;
	// Value is the state. OK, NOT_EXIST, INVALID_PARAM, BAD_OPERATION (what it has now
	// does not go with the state).
	InHAReadiness
	// InAdmin: operation Admin on Target (a DN).
	InAdmin
	// InTimer: Timer is over; the lowest member proposes it.
	InTimer
	// InLeaseLost: the sending node gave up its active roles by the majority rule: its
	// lease ended and the driver has ended the components that Comps names.
	InLeaseLost
)

// Input is one ordered message.
type Input struct {
	Kind        InputKind
	Node        wire.NodeID // the sender; set by the receiver, not sent
	Comp        string      // DN
	Proxy       string      // DN of the proxy; InRegister, InUnregister
	CSI         string      // DN
	Reporter    string
	Invocation  uint64
	Incarnation uint32
	Result      ipcwire.Error
	Recovery    model.Recovery
	Cause       Cause
	Admin       AdminOp
	Target      string
	Timer       TimerID
	Value       uint32
	Comps       []string // InLeaseLost: the components that were ended,
	Gens        []uint32 // and which life of each
	// Callbacks is what a registering program of generation A can be called for.
	Callbacks Callbacks
}

// Callbacks is a set of callbacks that a program has.
type Callbacks uint16

const (
	// CanConfirm: pendingOperationConfirmCallback. Such a component is asked before
	// an administrator takes work away from it.
	CanConfirm Callbacks = 1 << iota
	// GenerationA: readiness states are told, stopping replaces quiescing.
	GenerationA
)

// AdminOp is an administrative operation, numbered as SaAmfAdminOperationIdT.
type AdminOp uint8

const (
	AdminUnlock              AdminOp = 1
	AdminLock                AdminOp = 2
	AdminLockInstantiation   AdminOp = 3
	AdminUnlockInstantiation AdminOp = 4
	AdminShutdown            AdminOp = 5
	AdminRestart             AdminOp = 6
	AdminSISwap              AdminOp = 7
	AdminSGAdjust            AdminOp = 8
	AdminRepaired            AdminOp = 9
)

// Cause says why something was done; it is in every record.
type Cause uint8

const (
	CauseNone Cause = iota
	CauseStartup
	CauseRegistered
	CauseUnregistered
	CauseErrorReport
	CauseErrorClear
	CauseHealthcheck
	CauseMonitor
	CauseDied
	CauseAnswerFailed
	CauseAnswerLate
	CauseCommandFailed
	CauseCommandLate
	CauseAdmin
	CauseNodeLeft
	CauseNodeJoined
	CauseMerge
	CauseEscalation
	CauseAssignment
	CauseRepair
	CauseDependency
	CauseAdjust
	CauseNoMajority
	CauseLease
	CauseProxyLost
	CauseHAReadiness
	causes
)

// TimerID names a timer; never used again while its message may be under way.
type TimerID uint64

// OutputKind tells what is to be done.
type OutputKind uint8

const (
	OutInstantiate OutputKind = iota + 1
	OutTerminate
	OutCleanup
	OutCSISet
	OutCSIRemove
	OutReadinessSet
	OutPendingConfirm
	OutPendingExpired
	OutProtectionGroup
	OutFailfast
	OutEvict
	// OutRegistered: Comp is registered on Node; Incarnation is this life's.
	OutRegistered
	// OutUnregistered: Comp is no longer registered on Node, for whatever reason.
	// Health checks and monitoring of it end.
	OutUnregistered
	// OutTimerStart and OutTimerStop are for the Replica.
	OutTimerStart
	OutTimerStop
	// OutRecord is for the history.
	OutRecord
)

// HAState is SaAmfHAStateT. 0: none.
type HAState uint8

const (
	HANone      HAState = 0
	HAActive    HAState = 1
	HAStandby   HAState = 2
	HAQuiesced  HAState = 3
	HAQuiescing HAState = 4
)

// Readiness is SaAmfReadinessStateT.
type Readiness uint8

const (
	OutOfService Readiness = 1
	InService    Readiness = 2
	Stopping     Readiness = 3
)

// HAReadiness is SaAmfHAReadinessStateT (B.04): how ready a component says that it is for
// a CSI. It holds until the component says otherwise or ends.
type HAReadiness uint8

const (
	ReadyForAssignment     HAReadiness = 1
	ReadyForActiveDegraded HAReadiness = 2 // others become active rather
	NotReadyForActive      HAReadiness = 3
	NotReadyForAssignment  HAReadiness = 4
)

// allows tells whether a component that is so ready may have an HA state.
func (r HAReadiness) allows(ha HAState) bool {
	switch ha {
	case HAActive, HAQuiescing:
		return r < NotReadyForActive
	case HAStandby, HAQuiesced:
		return r < NotReadyForAssignment
	}
	return true
}

// Presence is SaAmfPresenceStateT.
type Presence uint8

const (
	Uninstantiated      Presence = 1
	Instantiating       Presence = 2
	Instantiated        Presence = 3
	Terminating         Presence = 4
	Restarting          Presence = 5
	InstantiationFailed Presence = 6
	TerminationFailed   Presence = 7
)

// AdminState is SaAmfAdminStateT.
type AdminState uint8

const (
	Unlocked     AdminState = 1
	Locked       AdminState = 2
	LockedInst   AdminState = 3
	ShuttingDown AdminState = 4
)

// OperState is SaAmfOperationalStateT.
type OperState uint8

const (
	Enabled  OperState = 1
	Disabled OperState = 2
)

// CSI flags of a CSISet or CSIRemove, as B has them.
const (
	FlagAddOne    = 1
	FlagTargetOne = 2
	FlagTargetAll = 4
)

// Transition descriptors of an active CSISet.
const (
	TransitionNewAssign   = 1
	TransitionQuiesced    = 2
	TransitionNotQuiesced = 3
	TransitionStillActive = 4
)

// Pending operation flags of generation A.
const (
	PendingSwitchover = 1
	PendingShutdown   = 2
)

// Changes of a protection group's member.
const (
	PGNoChange    = 1
	PGAdded       = 2
	PGRemoved     = 3
	PGStateChange = 4
)

// Output is one thing to be done.
type Output struct {
	Kind OutputKind
	// Node is who does it; 0: every node (OutProtectionGroup, OutTimerStart,
	// OutTimerStop, OutRecord).
	Node        wire.NodeID
	Comp        *model.Comp // whom it is about
	Proxy       *model.Comp // whose connection takes the callback; nil: Comp's own
	Invocation  uint64      // to be answered; unique among those of the node
	Incarnation uint32      // of Comp
	Callback    bool        // OutTerminate: by callback, not by command
	Return      bool        // OutCleanup: it is to be instantiated again
	Limit       time.Duration

	// OutCSISet, OutCSIRemove. CSI nil: all that the component has.
	CSI         *model.CSI
	HA          HAState
	Flags       uint32
	Transition  uint32      // of an active set
	ActiveComp  *model.Comp // of a standby set: who is active; of an active one: who was
	StandbyRank uint32

	Readiness Readiness // OutReadinessSet
	Pending   uint32    // OutPendingConfirm, OutPendingExpired
	Group     []PGMember
	Timer     TimerID // OutTimerStart: over after Limit
	Cause     Cause
	Record    *Record
}

// PGMember is a member of a protection group with what became of it.
type PGMember struct {
	Comp        *model.Comp
	HA          HAState
	Readiness   Readiness
	HAReadiness HAReadiness
	Rank        uint32
	Change      uint8
}

// Record is a transition for the history.
type Record struct {
	Object string // DN
	What   string // "presence", "readiness", "ha active of safCsi=...", "admin", "recovery"
	From   string
	To     string
	Cause  Cause
	Why    string // more, in words; may be empty
}

// Member is an AMF node as the configuration has it.
type Member struct {
	wire.Member
	Name string // node name; an AMF node has it as Name or ClmNode
}
