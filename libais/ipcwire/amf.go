package ipcwire

// This file is the availability management framework on the wire: what a library
// asks. amf_callbacks.go is what the executive asks of a library. Append and
// Decode are as codec.go has them.
//
// # Connections
//
// A handle is a connection. Its hello carries AmfHello: the component the process
// was started as (SA_AMF_COMPONENT_NAME, empty where there is none) and which
// callbacks it has. The functions of A.01.01 that have no handle (state gets,
// error report and cancel) come on a connection of their own, whose hello has
// neither; it ends after the answer.
//
// The process behind a connection is the kernel's word (Cred), never the
// library's.
//
// # Invocations
//
// A callback that wants an answer has an invocation number that is not 0 and not
// in use on that connection; AmfResponse, AmfQuiescingComplete and
// AmfStoppingComplete name it again. An invocation that is not waiting any more is
// ErrInvalidParam. A CSISet with QUIESCING and a readiness callback with STOPPING
// are answered twice: by AmfResponse, which may be left out, and by
// AmfQuiescingComplete or AmfStoppingComplete.

// Operations of AMF, requests and their answers. Where no answer is named, it has
// no body. 0x240 to 0x27F are for operators.
const (
	AmfRegister           Op = 0x201 // AmfComponentReq
	AmfUnregister         Op = 0x202 // AmfComponentReq
	AmfComponentName      Op = 0x203 // no body; AmfName: the component registered through this connection
	AmfHAState            Op = 0x204 // AmfCSIReq; AmfState (AmfHA...)
	AmfReadinessState     Op = 0x205 // A: AmfName; AmfState (AmfReadiness...)
	AmfCapability         Op = 0x206 // A: AmfName; AmfState (1 to 7, as both generations number them)
	AmfPendingOperations  Op = 0x207 // A: AmfName; AmfState (AmfSwitchover | AmfShutdown)
	AmfResponse           Op = 0x208 // AmfAnswer
	AmfQuiescingComplete  Op = 0x209 // B: AmfAnswer; its invocation is that of the CSISet with QUIESCING
	AmfStoppingComplete   Op = 0x20A // A: AmfAnswer; its invocation is that of the readiness callback with STOPPING
	AmfErrorReport        Op = 0x20B // AmfErrorReq
	AmfErrorClear         Op = 0x20C // AmfErrorClearReq; A: all errors of the component
	AmfHealthcheckStart   Op = 0x20D // B: AmfHealthcheckReq without Result
	AmfHealthcheckConfirm Op = 0x20E // B: AmfHealthcheckReq with Result, without Invoker and Recovery
	AmfHealthcheckStop    Op = 0x20F // B: AmfHealthcheckReq, only Component and Key
	AmfPmStart            Op = 0x210 // B: AmfPmReq without Qualifier
	AmfPmStop             Op = 0x211 // B: AmfPmReq without Depth and Recovery
	AmfTrack              Op = 0x212 // AmfTrackReq; AmfGroup when Buffer and AmfTrackCurrent
	AmfTrackStop          Op = 0x213 // AmfName of the component service instance
	AmfHAReadiness        Op = 0x214 // B.04: AmfHAReadinessReq
)

// What a process has callbacks for (AmfHello.Callbacks).
const (
	AmfHasHealthcheck uint32 = 1 << iota
	AmfHasTerminate
	AmfHasCSISet
	AmfHasCSIRemove
	AmfHasTrack
	AmfHasInstantiate       // B: of a proxied component
	AmfHasCleanup           // B: of a proxied component
	AmfHasReadiness         // A
	AmfHasExternalRestart   // A
	AmfHasExternalControl   // A
	AmfHasOperationConfirm  // A
	AmfHasOperationExpired  // A
	AmfHasContainedCallback // B.04: both of a contained component
	AmfHasHAReadiness       // B.04: its group callback shows HA readiness
)

// HA states, as both generations number them (SaAmfHAStateT); QUIESCING is B's.
const (
	AmfHAActive    uint32 = 1
	AmfHAStandby   uint32 = 2
	AmfHAQuiesced  uint32 = 3
	AmfHAQuiescing uint32 = 4
)

// Readiness states, as both generations number them.
const (
	AmfReadinessOutOfService uint32 = 1
	AmfReadinessInService    uint32 = 2
	AmfReadinessStopping     uint32 = 3
)

// Recommended recovery, as B numbers it; the library translates A's numbers.
const (
	AmfNoRecommendation    uint8 = 1
	AmfComponentRestart    uint8 = 2
	AmfComponentFailover   uint8 = 3
	AmfNodeSwitchover      uint8 = 4
	AmfNodeFailover        uint8 = 5
	AmfNodeFailfast        uint8 = 6
	AmfClusterReset        uint8 = 7
	AmfApplicationRestart  uint8 = 8
	AmfContainerRestart    uint8 = 9
	AmfInternallyRecovered uint8 = 100 // A only
)

// Flags of AmfTrackReq, as SA_TRACK_*.
const (
	AmfTrackCurrent     uint8 = 1
	AmfTrackChanges     uint8 = 2
	AmfTrackChangesOnly uint8 = 4
)

// Who invokes a health check (SaAmfHealthcheckInvocationT).
const (
	AmfHealthcheckByFramework uint8 = 1
	AmfHealthcheckByComponent uint8 = 2
)

// Pending operations of A (SaAmfPendingOperationFlagsT).
const (
	AmfSwitchover uint32 = 1
	AmfShutdown   uint32 = 2
)

// How a monitored process ends (SaAmfPmErrorsT), and what AmfPmStop ends
// (SaAmfPmStopQualifierT).
const (
	AmfPmZeroExit    uint32 = 1
	AmfPmNonZeroExit uint32 = 2
	AmfPmAbnormalEnd uint32 = 4

	AmfPmProcess     uint8 = 1
	AmfPmDescendants uint8 = 2 // and the process
	AmfPmAll         uint8 = 3 // of the component
)

const (
	// AmfMaxKey is the longest key of a health check.
	AmfMaxKey = 32
	// AmfMaxText is the longest text of an error report (SA_AMF_OPAQUE_BUFFER_SIZE_MAX).
	AmfMaxText = 512
)

// AmfHello is the service's part of the hello.
type AmfHello struct {
	Callbacks uint32
	Component []byte
}

// AmfComponentReq registers or unregisters a component; Proxy is empty when it
// does so itself.
type AmfComponentReq struct {
	Component, Proxy []byte
}

// AmfName is a name: a component's or a component service instance's.
type AmfName struct{ Name []byte }

// AmfCSIReq names an assignment.
type AmfCSIReq struct {
	Component, CSI []byte
}

// AmfState is a state or flags.
type AmfState struct{ State uint32 }

// AmfAnswer is the answer to a callback. Error is what the component says of its
// work, of B's numbers.
type AmfAnswer struct {
	Invocation uint64
	Error      Error
}

// AmfErrorReq reports an error. Reporting and all from Kind on are A's; NtfID is
// B's. Time in nanoseconds since 1970, 0 where the application did not know it.
type AmfErrorReq struct {
	Reporting, Erroneous []byte
	Time                 int64
	Recovery             uint8
	NtfID                uint64
	Kind                 uint32 // SaAmfErrorReportTypeT
	Cause                uint32 // SaAmfProbableCauseT
	Severity             uint32 // SaAmfErrorImpactAndSeverityT
	Problem, Text, Info  []byte // at most AmfMaxText each
}

// AmfErrorClearReq takes error reports back.
type AmfErrorClearReq struct {
	Component []byte
	NtfID     uint64
}

// AmfHealthcheckReq starts, confirms or stops a health check.
type AmfHealthcheckReq struct {
	Component []byte
	Key       []byte // at most AmfMaxKey
	Invoker   uint8
	Recovery  uint8
	Result    Error
}

// AmfPmReq starts or stops passive monitoring. PID is as the application said it,
// in its own name space of processes. Depth: descendants of how many generations,
// -1 all.
type AmfPmReq struct {
	Component []byte
	PID       int64
	Depth     int32
	Errors    uint32
	Qualifier uint8
	Recovery  uint8
}

// AmfTrackReq asks for the protection group of a component service instance.
// Buffer: the current one comes in the response and not by callback.
type AmfTrackReq struct {
	CSI    []byte
	Flags  uint8
	Buffer bool
}

// AmfHAReadinessReq says how ready a component is for an instance; an empty CSI is
// all its instances.
type AmfHAReadinessReq struct {
	Component, CSI []byte
	State          uint32
}

func appendAmfText(dst, text []byte) []byte {
	text = text[:min(len(text), AmfMaxText)]
	return append(appendU16(dst, uint16(len(text))), text...)
}

func (r *reader) amfText() []byte {
	n := int(r.u16())
	if n > AmfMaxText {
		r.bad = true
		return nil
	}
	return r.take(n)
}

func appendAmfKey(dst, key []byte) []byte {
	key = key[:min(len(key), AmfMaxKey)]
	return append(append(dst, byte(len(key))), key...)
}

func (r *reader) amfKey() []byte {
	n := int(r.u8())
	if n > AmfMaxKey {
		r.bad = true
		return nil
	}
	return r.take(n)
}

// AppendAmfHello appends the service's part of a hello.
func AppendAmfHello(dst []byte, h *AmfHello) []byte {
	return appendName(appendU32(dst, h.Callbacks), h.Component)
}

// DecodeAmfHello reads the service's part of a hello.
func DecodeAmfHello(src []byte, h *AmfHello) bool {
	r := reader{b: src}
	*h = AmfHello{Callbacks: r.u32(), Component: r.name()}
	return r.end()
}

// AppendAmfComponentReq appends a registration or its end.
func AppendAmfComponentReq(dst []byte, q *AmfComponentReq) []byte {
	return appendName(appendName(dst, q.Component), q.Proxy)
}

// DecodeAmfComponentReq reads a registration or its end.
func DecodeAmfComponentReq(src []byte, q *AmfComponentReq) bool {
	r := reader{b: src}
	*q = AmfComponentReq{Component: r.name(), Proxy: r.name()}
	return r.end()
}

// AppendAmfName appends a name.
func AppendAmfName(dst []byte, q *AmfName) []byte { return appendName(dst, q.Name) }

// DecodeAmfName reads a name.
func DecodeAmfName(src []byte, q *AmfName) bool {
	r := reader{b: src}
	*q = AmfName{Name: r.name()}
	return r.end()
}

// AppendAmfCSIReq appends the name of an assignment.
func AppendAmfCSIReq(dst []byte, q *AmfCSIReq) []byte {
	return appendName(appendName(dst, q.Component), q.CSI)
}

// DecodeAmfCSIReq reads the name of an assignment.
func DecodeAmfCSIReq(src []byte, q *AmfCSIReq) bool {
	r := reader{b: src}
	*q = AmfCSIReq{Component: r.name(), CSI: r.name()}
	return r.end()
}

// AppendAmfState appends a state.
func AppendAmfState(dst []byte, a *AmfState) []byte { return appendU32(dst, a.State) }

// DecodeAmfState reads a state.
func DecodeAmfState(src []byte, a *AmfState) bool {
	r := reader{b: src}
	*a = AmfState{State: r.u32()}
	return r.end()
}

// AppendAmfAnswer appends the answer to a callback.
func AppendAmfAnswer(dst []byte, q *AmfAnswer) []byte {
	return appendU32(appendU64(dst, q.Invocation), uint32(q.Error))
}

// DecodeAmfAnswer reads the answer to a callback.
func DecodeAmfAnswer(src []byte, q *AmfAnswer) bool {
	r := reader{b: src}
	*q = AmfAnswer{Invocation: r.u64(), Error: Error(r.u32())}
	return r.end()
}

// AppendAmfErrorReq appends an error report.
func AppendAmfErrorReq(dst []byte, q *AmfErrorReq) []byte {
	dst = appendName(appendName(dst, q.Reporting), q.Erroneous)
	dst = append(appendU64(dst, uint64(q.Time)), q.Recovery)
	dst = appendU64(dst, q.NtfID)
	dst = appendU32(appendU32(appendU32(dst, q.Kind), q.Cause), q.Severity)
	return appendAmfText(appendAmfText(appendAmfText(dst, q.Problem), q.Text), q.Info)
}

// DecodeAmfErrorReq reads an error report.
func DecodeAmfErrorReq(src []byte, q *AmfErrorReq) bool {
	r := reader{b: src}
	*q = AmfErrorReq{Reporting: r.name(), Erroneous: r.name(), Time: int64(r.u64()), Recovery: r.u8(), NtfID: r.u64(),
		Kind: r.u32(), Cause: r.u32(), Severity: r.u32(), Problem: r.amfText(), Text: r.amfText(), Info: r.amfText()}
	return r.end()
}

// AppendAmfErrorClearReq appends the end of errors.
func AppendAmfErrorClearReq(dst []byte, q *AmfErrorClearReq) []byte {
	return appendU64(appendName(dst, q.Component), q.NtfID)
}

// DecodeAmfErrorClearReq reads the end of errors.
func DecodeAmfErrorClearReq(src []byte, q *AmfErrorClearReq) bool {
	r := reader{b: src}
	*q = AmfErrorClearReq{Component: r.name(), NtfID: r.u64()}
	return r.end()
}

// AppendAmfHealthcheckReq appends a request about a health check.
func AppendAmfHealthcheckReq(dst []byte, q *AmfHealthcheckReq) []byte {
	dst = appendAmfKey(appendName(dst, q.Component), q.Key)
	return appendU32(append(dst, q.Invoker, q.Recovery), uint32(q.Result))
}

// DecodeAmfHealthcheckReq reads a request about a health check.
func DecodeAmfHealthcheckReq(src []byte, q *AmfHealthcheckReq) bool {
	r := reader{b: src}
	*q = AmfHealthcheckReq{Component: r.name(), Key: r.amfKey(), Invoker: r.u8(), Recovery: r.u8(), Result: Error(r.u32())}
	return r.end()
}

// AppendAmfPmReq appends a request about passive monitoring.
func AppendAmfPmReq(dst []byte, q *AmfPmReq) []byte {
	dst = appendU64(appendName(dst, q.Component), uint64(q.PID))
	dst = appendU32(appendU32(dst, uint32(q.Depth)), q.Errors)
	return append(dst, q.Qualifier, q.Recovery)
}

// DecodeAmfPmReq reads a request about passive monitoring.
func DecodeAmfPmReq(src []byte, q *AmfPmReq) bool {
	r := reader{b: src}
	*q = AmfPmReq{Component: r.name(), PID: int64(r.u64()), Depth: int32(r.u32()), Errors: r.u32(), Qualifier: r.u8(), Recovery: r.u8()}
	return r.end()
}

// AppendAmfTrackReq appends a request for tracking.
func AppendAmfTrackReq(dst []byte, q *AmfTrackReq) []byte {
	return appendBool(append(appendName(dst, q.CSI), q.Flags), q.Buffer)
}

// DecodeAmfTrackReq reads a request for tracking.
func DecodeAmfTrackReq(src []byte, q *AmfTrackReq) bool {
	r := reader{b: src}
	*q = AmfTrackReq{CSI: r.name(), Flags: r.u8(), Buffer: r.bool()}
	return r.end()
}

// AppendAmfHAReadinessReq appends how ready a component is.
func AppendAmfHAReadinessReq(dst []byte, q *AmfHAReadinessReq) []byte {
	return appendU32(appendName(appendName(dst, q.Component), q.CSI), q.State)
}

// DecodeAmfHAReadinessReq reads how ready a component is.
func DecodeAmfHAReadinessReq(src []byte, q *AmfHAReadinessReq) bool {
	r := reader{b: src}
	*q = AmfHAReadinessReq{Component: r.name(), CSI: r.name(), State: r.u32()}
	return r.end()
}
