package main

// This file is the availability management framework: its requests and its
// callbacks, from and to the call block.

// #include "aisrt.h"
import "C"

import (
	"unsafe"

	"ais/libais/amf"
	"ais/libais/ipcwire"
)

// amfConn is what a connection of AMF has besides.
type amfConn struct {
	// request half
	scratch amf.Scratch
	group   ipcwire.AmfGroup

	// callback half
	event amf.Event
}

// hello is the service's part of the hello: only AMF has one.
func hello(c *C.struct_aisrt_call) []byte {
	if c.service != C.uint32_t(ipcwire.AMF) {
		return nil
	}
	return amf.Hello(uint32(c.amf.callbacks), memory(c.amf.component, uint64(c.amf.component_size)))
}

// requestAmf carries one request on.
func (cn *conn) requestAmf(c *C.struct_aisrt_call) C.int {
	switch c.phase {
	case C.AISRT_EXPIRED:
		cn.c.Abandon()
		return done(c, ipcwire.ErrTimeout)
	case C.AISRT_START:
		if err := cn.startAmf(c); err != ipcwire.OK {
			return done(c, err)
		}
	}
	ready, w := cn.step(c)
	if !ready {
		return wait(c, w)
	}
	return cn.answerAmf(c)
}

// amfStates are the requests that are answered with a state.
var amfStates = map[C.uint32_t]ipcwire.Op{
	C.AISRT_AMF_READINESS_STATE: ipcwire.AmfReadinessState,
	C.AISRT_AMF_CAPABILITY:      ipcwire.AmfCapability,
	C.AISRT_AMF_PENDING:         ipcwire.AmfPendingOperations,
}

// amfAnswers are the requests that answer a callback.
var amfAnswers = map[C.uint32_t]ipcwire.Op{
	C.AISRT_AMF_RESPONSE:           ipcwire.AmfResponse,
	C.AISRT_AMF_QUIESCING_COMPLETE: ipcwire.AmfQuiescingComplete,
	C.AISRT_AMF_STOPPING_COMPLETE:  ipcwire.AmfStoppingComplete,
}

// amfChecks are those about health checks, amfMonitors those about processes.
var (
	amfChecks = map[C.uint32_t]ipcwire.Op{
		C.AISRT_AMF_CHECK_START:   ipcwire.AmfHealthcheckStart,
		C.AISRT_AMF_CHECK_CONFIRM: ipcwire.AmfHealthcheckConfirm,
		C.AISRT_AMF_CHECK_STOP:    ipcwire.AmfHealthcheckStop,
	}
	amfMonitors = map[C.uint32_t]ipcwire.Op{
		C.AISRT_AMF_PM_START: ipcwire.AmfPmStart,
		C.AISRT_AMF_PM_STOP:  ipcwire.AmfPmStop,
	}
)

// startAmf encodes a request.
func (cn *conn) startAmf(c *C.struct_aisrt_call) ipcwire.Error {
	s, a := &cn.amf.scratch, &c.amf
	component, other := memory(a.component, uint64(a.component_size)), memory(a.other, uint64(a.other_size))
	switch c.op {
	case C.AISRT_AMF_REGISTER:
		return amf.StartRegister(cn.c, s, component, other)
	case C.AISRT_AMF_UNREGISTER:
		return amf.StartUnregister(cn.c, s, component, other)
	case C.AISRT_AMF_COMPONENT_NAME:
		return amf.StartComponentName(cn.c)
	case C.AISRT_AMF_HA_STATE:
		return amf.StartHAState(cn.c, s, component, other)
	case C.AISRT_AMF_ERROR_REPORT:
		return amf.StartErrorReport(cn.c, s, &ipcwire.AmfErrorReq{Reporting: other, Erroneous: component, Time: int64(a.time),
			Recovery: uint8(a.recovery), NtfID: uint64(a.ntf_id), Kind: uint32(a.kind), Cause: uint32(a.cause),
			Severity: uint32(a.severity), Problem: amfText(a, 0), Text: amfText(a, 1), Info: amfText(a, 2)})
	case C.AISRT_AMF_ERROR_CLEAR:
		return amf.StartErrorClear(cn.c, s, component, uint64(a.ntf_id))
	case C.AISRT_AMF_TRACK:
		return amf.StartTrack(cn.c, s, other, uint8(c.flags), c.want_view != 0)
	case C.AISRT_AMF_TRACK_STOP:
		return amf.StartTrackStop(cn.c, s, other)
	case C.AISRT_AMF_HA_READINESS:
		return amf.StartHAReadiness(cn.c, s, component, other, uint32(a.value))
	}
	if op, ok := amfStates[c.op]; ok {
		return amf.StartState(cn.c, s, op, component)
	}
	if op, ok := amfAnswers[c.op]; ok {
		return amf.StartAnswer(cn.c, s, op, uint64(c.invocation), ipcwire.Error(a.answer))
	}
	if op, ok := amfChecks[c.op]; ok {
		return amf.StartHealthcheck(cn.c, s, op, &ipcwire.AmfHealthcheckReq{Component: component,
			Key: memory(a.key, uint64(a.key_size)), Invoker: uint8(a.what), Recovery: uint8(a.recovery), Result: ipcwire.Error(a.answer)})
	}
	if op, ok := amfMonitors[c.op]; ok {
		return amf.StartPm(cn.c, s, op, &ipcwire.AmfPmReq{Component: component, PID: int64(a.pid), Depth: int32(a.depth),
			Errors: uint32(a.errors), Qualifier: uint8(a.what), Recovery: uint8(a.recovery)})
	}
	return ipcwire.ErrNotSupported
}

func amfText(a *C.struct_aisrt_amf, i int) []byte { return memory(a.texts[i], uint64(a.text_sizes[i])) }

// answerAmf decodes the answer into the call block.
func (cn *conn) answerAmf(c *C.struct_aisrt_call) C.int {
	switch c.op {
	case C.AISRT_AMF_COMPONENT_NAME:
		name, err := amf.NameAnswer(cn.c)
		if err != ipcwire.OK {
			return done(c, err)
		}
		if !room(c, 1, unsafe.Sizeof(C.struct_aisrt_name{})) {
			return C.AISRT_ROOM
		}
		putName((*C.struct_aisrt_name)(c.out), name)
		return done(c, ipcwire.OK)
	case C.AISRT_AMF_HA_STATE, C.AISRT_AMF_READINESS_STATE, C.AISRT_AMF_CAPABILITY, C.AISRT_AMF_PENDING:
		state, err := amf.StateAnswer(cn.c)
		c.amf.value = C.uint32_t(state)
		return done(c, err)
	case C.AISRT_AMF_TRACK:
		if c.want_view == 0 {
			break
		}
		g := &cn.amf.group
		if err := amf.GroupAnswer(cn.c, g); err != ipcwire.OK {
			return done(c, err)
		}
		return putGroup(c, g)
	}
	return done(c, amf.Answer(cn.c))
}

// amfCalls are the callbacks but the groups.
var amfCalls = map[ipcwire.Op]C.uint32_t{
	ipcwire.AmfHealthcheckCallback:      C.AISRT_AMF_HEALTHCHECK,
	ipcwire.AmfTerminateCallback:        C.AISRT_AMF_TERMINATE,
	ipcwire.AmfReadinessCallback:        C.AISRT_AMF_READINESS,
	ipcwire.AmfCSISetCallback:           C.AISRT_AMF_CSI_SET,
	ipcwire.AmfCSIRemoveCallback:        C.AISRT_AMF_CSI_REMOVE,
	ipcwire.AmfInstantiateCallback:      C.AISRT_AMF_INSTANTIATE,
	ipcwire.AmfCleanupCallback:          C.AISRT_AMF_CLEANUP,
	ipcwire.AmfExternalRestartCallback:  C.AISRT_AMF_EXTERNAL_RESTART,
	ipcwire.AmfExternalControlCallback:  C.AISRT_AMF_EXTERNAL_CONTROL,
	ipcwire.AmfOperationConfirmCallback: C.AISRT_AMF_OPERATION_CONFIRM,
	ipcwire.AmfOperationExpiredCallback: C.AISRT_AMF_OPERATION_EXPIRED,
}

// amfPut puts a callback.
func (cn *conn) amfPut(c *C.struct_aisrt_call) C.int {
	e := &cn.amf.event
	if !amf.Decode(cn.taken, e) {
		return cn.broken(c)
	}
	c.invocation = C.uint64_t(e.Invocation())
	if e.Op == ipcwire.AmfTrackCallback {
		c.kind, c.result = C.AISRT_AMF_GROUP, C.uint32_t(e.Group.Error)
		return putGroup(c, &e.Group)
	}
	size := int(unsafe.Sizeof(C.struct_aisrt_amf_event{}))
	attributes := e.Set.Attributes
	if e.Op != ipcwire.AmfCSISetCallback {
		attributes = nil
	}
	for i := range attributes {
		size += len(attributes[i].Name) + len(attributes[i].Value) + 2
	}
	if !room(c, size, 1) {
		return C.AISRT_ROOM
	}
	c.kind, c.result = C.AISRT_AMF_CALLED, C.uint32_t(ipcwire.OK)
	to := (*C.struct_aisrt_amf_event)(c.out)
	*to = C.struct_aisrt_amf_event{call: amfCalls[e.Op], attributes: C.uint32_t(len(attributes))}
	if e.Op == ipcwire.AmfCSISetCallback {
		putSet(to, &e.Set)
	} else {
		putName(&to.component, e.Call.Component)
		putName(&to.csi, e.Call.CSI)
		to.key_size = C.uint32_t(copyBytes(&to.key[0], len(to.key), e.Call.Key))
		to.value = C.uint32_t(e.Call.Value)
	}
	rest := unsafe.Slice((*byte)(c.out), size)[unsafe.Sizeof(*to):]
	for i := range attributes {
		rest = putString(rest, attributes[i].Name)
		rest = putString(rest, attributes[i].Value)
	}
	return done(c, ipcwire.OK)
}

func putSet(to *C.struct_aisrt_amf_event, s *ipcwire.AmfCSISet) {
	putName(&to.component, s.Component)
	putName(&to.csi, s.CSI)
	putName(&to.active, s.Active)
	to.ha_state, to.flags = C.uint32_t(s.HAState), C.uint32_t(s.Flags)
	to.transition, to.rank = C.uint32_t(s.Transition), C.uint32_t(s.Rank)
}

// putString writes text with a zero byte and returns what is left of to.
func putString(to, text []byte) []byte {
	n := copy(to, text)
	to[n] = 0
	return to[n+1:]
}

func putName(to *C.struct_aisrt_name, name []byte) {
	*to = C.struct_aisrt_name{}
	to.size = C.uint16_t(copyBytes(&to.bytes[0], len(to.bytes), name))
}

// putGroup writes a protection group.
func putGroup(c *C.struct_aisrt_call, g *ipcwire.AmfGroup) C.int {
	head := unsafe.Sizeof(C.struct_aisrt_amf_group{})
	size := int(head) + len(g.Items)*int(unsafe.Sizeof(C.struct_aisrt_amf_member{}))
	if !room(c, size, 1) {
		return C.AISRT_ROOM
	}
	to := (*C.struct_aisrt_amf_group)(c.out)
	*to = C.struct_aisrt_amf_group{}
	putName(&to.csi, g.CSI)
	if n := len(g.Items); n > 0 {
		members := unsafe.Slice((*C.struct_aisrt_amf_member)(unsafe.Add(c.out, head)), n)
		for i := range g.Items {
			m := &g.Items[i]
			members[i] = C.struct_aisrt_amf_member{ha_state: C.uint32_t(m.HAState), readiness: C.uint32_t(m.Readiness),
				ha_readiness: C.uint32_t(m.HAReadiness), rank: C.uint32_t(m.Rank), change: C.uint32_t(m.Change)}
			putName(&members[i].component, m.Component)
		}
	}
	c.items, c.members = C.uint32_t(len(g.Items)), C.uint32_t(g.Members)
	return done(c, ipcwire.OK)
}
