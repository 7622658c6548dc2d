// Package amf is the availability management framework for a library: each request
// is a function that starts it on a connection and one that reads its answer;
// Decode reads callbacks.
//
// Nothing here waits. After a StartX that returned OK, drive the connection's Step;
// when it is done, the answer's function has the result. Decoded bytes alias the
// connection's memory: they are valid until its next Start (answers) or
// NextCallback (callbacks).
//
// Arguments that no executive could make sense of are refused here with
// ErrInvalidParam; whether a component or an instance exists is the executive's to
// say.
package amf

import (
	"bytes"

	"ais/libais"
	"ais/libais/ipcwire"
)

// Scratch is the memory a request is built in: one per connection, so that a steady
// caller allocates nothing.
type Scratch struct{ buf []byte }

// Hello is the service's part of the hello (libais.Options.Hello): which callbacks
// there are (ipcwire.AmfHas...) and the component that the process was started as.
func Hello(callbacks uint32, component []byte) []byte {
	return ipcwire.AppendAmfHello(nil, &ipcwire.AmfHello{Callbacks: callbacks, Component: component})
}

// CheckName says whether a name is one: 1 to 256 bytes.
func CheckName(name []byte) ipcwire.Error {
	if len(name) == 0 || len(name) > ipcwire.MaxName {
		return ipcwire.ErrInvalidParam
	}
	return ipcwire.OK
}

// checkOptional is CheckName for a name that may be left out.
func checkOptional(name []byte) ipcwire.Error {
	if len(name) == 0 {
		return ipcwire.OK
	}
	return CheckName(name)
}

// CheckRecovery says whether a recommended recovery is one: ErrInvalidParam if not,
// ErrAccess for those of containers, of which there are none.
func CheckRecovery(recovery uint8) ipcwire.Error {
	switch {
	case recovery >= ipcwire.AmfNoRecommendation && recovery <= ipcwire.AmfApplicationRestart,
		recovery == ipcwire.AmfInternallyRecovered:
		return ipcwire.OK
	case recovery == ipcwire.AmfContainerRestart:
		return ipcwire.ErrAccess
	}
	return ipcwire.ErrInvalidParam
}

// CheckAnswer says whether a component may say this of its work: OK or an error of
// the specification.
func CheckAnswer(e ipcwire.Error) ipcwire.Error {
	if e < ipcwire.OK || e > ipcwire.ErrSecurity {
		return ipcwire.ErrInvalidParam
	}
	return ipcwire.OK
}

func first(errors ...ipcwire.Error) ipcwire.Error {
	for _, e := range errors {
		if e != ipcwire.OK {
			return e
		}
	}
	return ipcwire.OK
}

// StartRegister starts a registration. Results: OK, NOT_EXIST (no such component is
// configured here, or its proxy is not registered), EXIST, BAD_OPERATION (with or
// without a proxy against the configuration), INVALID_PARAM, TRY_AGAIN.
func StartRegister(c *libais.Conn, s *Scratch, component, proxy []byte) ipcwire.Error {
	return startComponent(c, s, ipcwire.AmfRegister, component, proxy)
}

// StartUnregister starts the end of a registration. Results: OK, NOT_EXIST,
// BAD_OPERATION (another proxy, another connection), INVALID_PARAM, TRY_AGAIN.
func StartUnregister(c *libais.Conn, s *Scratch, component, proxy []byte) ipcwire.Error {
	return startComponent(c, s, ipcwire.AmfUnregister, component, proxy)
}

func startComponent(c *libais.Conn, s *Scratch, op ipcwire.Op, component, proxy []byte) ipcwire.Error {
	if err := first(CheckName(component), checkOptional(proxy)); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfComponentReq(s.buf[:0], &ipcwire.AmfComponentReq{Component: component, Proxy: proxy})
	return c.Start(op, s.buf)
}

// StartComponentName asks for the component that is registered through this
// connection. Results: OK, NOT_EXIST.
func StartComponentName(c *libais.Conn) ipcwire.Error { return c.Start(ipcwire.AmfComponentName, nil) }

// NameAnswer reads the answer to StartComponentName.
func NameAnswer(c *libais.Conn) (name []byte, err ipcwire.Error) {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return nil, err
	}
	var a ipcwire.AmfName
	if !ipcwire.DecodeAmfName(body, &a) || CheckName(a.Name) != ipcwire.OK {
		return nil, ipcwire.ErrLibrary
	}
	return a.Name, ipcwire.OK
}

// StartHAState asks for a component's HA state for an instance. Results: OK,
// NOT_EXIST.
func StartHAState(c *libais.Conn, s *Scratch, component, csi []byte) ipcwire.Error {
	if err := first(CheckName(component), CheckName(csi)); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfCSIReq(s.buf[:0], &ipcwire.AmfCSIReq{Component: component, CSI: csi})
	return c.Start(ipcwire.AmfHAState, s.buf)
}

// StartState asks for a state of a component: op is AmfReadinessState,
// AmfCapability or AmfPendingOperations. Results: OK, NOT_EXIST.
func StartState(c *libais.Conn, s *Scratch, op ipcwire.Op, component []byte) ipcwire.Error {
	switch op {
	case ipcwire.AmfReadinessState, ipcwire.AmfCapability, ipcwire.AmfPendingOperations:
	default:
		return ipcwire.ErrNotSupported
	}
	if err := CheckName(component); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfName(s.buf[:0], &ipcwire.AmfName{Name: component})
	return c.Start(op, s.buf)
}

// StateAnswer reads the answer to StartHAState and StartState.
func StateAnswer(c *libais.Conn) (state uint32, err ipcwire.Error) {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return 0, err
	}
	var a ipcwire.AmfState
	if !ipcwire.DecodeAmfState(body, &a) {
		return 0, ipcwire.ErrLibrary
	}
	return a.State, ipcwire.OK
}

// StartAnswer answers a callback: op is AmfResponse, AmfQuiescingComplete or
// AmfStoppingComplete, result what the component says of its work. Results: OK,
// INVALID_PARAM (nothing with that invocation waits), TRY_AGAIN.
func StartAnswer(c *libais.Conn, s *Scratch, op ipcwire.Op, invocation uint64, result ipcwire.Error) ipcwire.Error {
	switch op {
	case ipcwire.AmfResponse, ipcwire.AmfQuiescingComplete, ipcwire.AmfStoppingComplete:
	default:
		return ipcwire.ErrNotSupported
	}
	if err := CheckAnswer(result); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfAnswer(s.buf[:0], &ipcwire.AmfAnswer{Invocation: invocation, Error: result})
	return c.Start(op, s.buf)
}

// StartErrorReport starts an error report. Results: OK, NOT_EXIST, ACCESS (the
// recovery is refused), INVALID_PARAM, TRY_AGAIN.
func StartErrorReport(c *libais.Conn, s *Scratch, q *ipcwire.AmfErrorReq) ipcwire.Error {
	if err := first(CheckName(q.Erroneous), checkOptional(q.Reporting), CheckRecovery(q.Recovery)); err != ipcwire.OK {
		return err
	}
	if max(len(q.Problem), len(q.Text), len(q.Info)) > ipcwire.AmfMaxText {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendAmfErrorReq(s.buf[:0], q)
	return c.Start(ipcwire.AmfErrorReport, s.buf)
}

// StartErrorClear starts taking error reports back. Results: OK, NOT_EXIST,
// TRY_AGAIN.
func StartErrorClear(c *libais.Conn, s *Scratch, component []byte, ntfID uint64) ipcwire.Error {
	if err := CheckName(component); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfErrorClearReq(s.buf[:0], &ipcwire.AmfErrorClearReq{Component: component, NtfID: ntfID})
	return c.Start(ipcwire.AmfErrorClear, s.buf)
}

// StartHealthcheck starts, confirms or stops a health check: op is
// AmfHealthcheckStart, Confirm or Stop. Results: OK, NOT_EXIST, EXIST (start),
// ACCESS (start: the recovery is refused), INVALID_PARAM, TRY_AGAIN.
func StartHealthcheck(c *libais.Conn, s *Scratch, op ipcwire.Op, q *ipcwire.AmfHealthcheckReq) ipcwire.Error {
	if err := CheckName(q.Component); err != ipcwire.OK {
		return err
	}
	if len(q.Key) == 0 || len(q.Key) > ipcwire.AmfMaxKey {
		return ipcwire.ErrInvalidParam
	}
	switch op {
	case ipcwire.AmfHealthcheckStart:
		if q.Invoker != ipcwire.AmfHealthcheckByFramework && q.Invoker != ipcwire.AmfHealthcheckByComponent {
			return ipcwire.ErrInvalidParam
		}
		if err := CheckRecovery(q.Recovery); err != ipcwire.OK {
			return err
		}
	case ipcwire.AmfHealthcheckConfirm:
		if q.Result != ipcwire.OK && q.Result != ipcwire.ErrFailedOp {
			return ipcwire.ErrInvalidParam
		}
	case ipcwire.AmfHealthcheckStop:
	default:
		return ipcwire.ErrNotSupported
	}
	s.buf = ipcwire.AppendAmfHealthcheckReq(s.buf[:0], q)
	return c.Start(op, s.buf)
}

// StartPm starts or stops passive monitoring: op is AmfPmStart or AmfPmStop.
// Results: OK, NOT_EXIST, ACCESS (start), INVALID_PARAM, TRY_AGAIN.
func StartPm(c *libais.Conn, s *Scratch, op ipcwire.Op, q *ipcwire.AmfPmReq) ipcwire.Error {
	const all = ipcwire.AmfPmZeroExit | ipcwire.AmfPmNonZeroExit | ipcwire.AmfPmAbnormalEnd
	if err := CheckName(q.Component); err != ipcwire.OK {
		return err
	}
	if q.Errors == 0 || q.Errors&^all != 0 {
		return ipcwire.ErrInvalidParam
	}
	switch op {
	case ipcwire.AmfPmStart:
		if q.PID <= 0 || q.Depth < -1 {
			return ipcwire.ErrInvalidParam
		}
		if err := CheckRecovery(q.Recovery); err != ipcwire.OK {
			return err
		}
	case ipcwire.AmfPmStop:
		if q.Qualifier < ipcwire.AmfPmProcess || q.Qualifier > ipcwire.AmfPmAll || q.PID <= 0 && q.Qualifier != ipcwire.AmfPmAll {
			return ipcwire.ErrInvalidParam
		}
	default:
		return ipcwire.ErrNotSupported
	}
	s.buf = ipcwire.AppendAmfPmReq(s.buf[:0], q)
	return c.Start(op, s.buf)
}

// CheckTrackFlags says whether they are some: the current group, one kind of
// changes, or both.
func CheckTrackFlags(flags uint8) ipcwire.Error {
	const changes = ipcwire.AmfTrackChanges | ipcwire.AmfTrackChangesOnly
	if flags == 0 || flags&^(ipcwire.AmfTrackCurrent|changes) != 0 || flags&changes == changes {
		return ipcwire.ErrBadFlags
	}
	return ipcwire.OK
}

// StartTrack starts following a protection group. buffer: the current one is wanted
// in the answer. Results: OK, NOT_EXIST, BAD_FLAGS, INVALID_PARAM, TRY_AGAIN.
func StartTrack(c *libais.Conn, s *Scratch, csi []byte, flags uint8, buffer bool) ipcwire.Error {
	if err := first(CheckName(csi), CheckTrackFlags(flags)); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfTrackReq(s.buf[:0], &ipcwire.AmfTrackReq{CSI: csi, Flags: flags, Buffer: buffer})
	return c.Start(ipcwire.AmfTrack, s.buf)
}

// GroupAnswer reads the answer to StartTrack with a buffer and AmfTrackCurrent;
// g's memory is reused.
func GroupAnswer(c *libais.Conn, g *ipcwire.AmfGroup) ipcwire.Error {
	err, body := c.Answer()
	if err == ipcwire.OK && !ipcwire.DecodeAmfGroup(body, g) {
		err = ipcwire.ErrLibrary
	}
	return err
}

// StartTrackStop starts the end of following. Results: OK, NOT_EXIST, TRY_AGAIN.
func StartTrackStop(c *libais.Conn, s *Scratch, csi []byte) ipcwire.Error {
	if err := CheckName(csi); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendAmfName(s.buf[:0], &ipcwire.AmfName{Name: csi})
	return c.Start(ipcwire.AmfTrackStop, s.buf)
}

// StartHAReadiness says how ready a component is for an instance, or for all with
// an empty csi. Results: OK, NOT_EXIST, BAD_OPERATION, INVALID_PARAM, TRY_AGAIN.
func StartHAReadiness(c *libais.Conn, s *Scratch, component, csi []byte, state uint32) ipcwire.Error {
	if err := first(CheckName(component), checkOptional(csi)); err != ipcwire.OK {
		return err
	}
	if state < 1 || state > 4 {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendAmfHAReadinessReq(s.buf[:0], &ipcwire.AmfHAReadinessReq{Component: component, CSI: csi, State: state})
	return c.Start(ipcwire.AmfHAReadiness, s.buf)
}

// Answer reads the answer to a request that has no result but its error.
func Answer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

// Event is a callback: Set for AmfCSISetCallback, Group for AmfTrackCallback, else
// Call.
type Event struct {
	Op    ipcwire.Op
	Call  ipcwire.AmfCallback
	Set   ipcwire.AmfCSISet
	Group ipcwire.AmfGroup
}

// Invocation is what an answer to the event names; 0: it wants none.
func (e *Event) Invocation() uint64 {
	switch e.Op {
	case ipcwire.AmfCSISetCallback:
		return e.Set.Invocation
	case ipcwire.AmfTrackCallback:
		return 0
	}
	return e.Call.Invocation
}

// Decode reads a callback; e's memory is reused. False: the executive does not speak
// our protocol, the connection is of no more use.
func Decode(cb libais.Callback, e *Event) bool {
	e.Op = cb.Op
	switch cb.Op {
	case ipcwire.AmfCSISetCallback:
		return ipcwire.DecodeAmfCSISet(cb.Body, &e.Set) && cleanAttributes(e.Set.Attributes)
	case ipcwire.AmfTrackCallback:
		return ipcwire.DecodeAmfGroup(cb.Body, &e.Group)
	case ipcwire.AmfHealthcheckCallback, ipcwire.AmfTerminateCallback, ipcwire.AmfReadinessCallback, ipcwire.AmfCSIRemoveCallback,
		ipcwire.AmfInstantiateCallback, ipcwire.AmfCleanupCallback, ipcwire.AmfExternalRestartCallback,
		ipcwire.AmfExternalControlCallback, ipcwire.AmfOperationConfirmCallback, ipcwire.AmfOperationExpiredCallback:
		return ipcwire.DecodeAmfCallback(cb.Body, &e.Call)
	}
	return false
}

// cleanAttributes tells whether they can be the strings that C programs get.
func cleanAttributes(list []ipcwire.AmfAttribute) bool {
	for i := range list {
		if bytes.IndexByte(list[i].Name, 0) >= 0 || bytes.IndexByte(list[i].Value, 0) >= 0 {
			return false
		}
	}
	return true
}
