package amf

import (
	"bytes"
	"testing"

	"ais/libais"
	"ais/libais/ipcwire"
)

func gone() *libais.Conn {
	c := new(libais.Conn) // no executive: a request that got through is ErrLibrary
	c.Close()
	return c
}

func TestWrongArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	c, name, long := gone(), []byte("comp"), make([]byte, ipcwire.MaxName+1)
	key, text := []byte("key"), make([]byte, ipcwire.AmfMaxText+1)
	var s Scratch
	hc := func(op ipcwire.Op, q ipcwire.AmfHealthcheckReq) ipcwire.Error { return StartHealthcheck(c, &s, op, &q) }
	pm := func(op ipcwire.Op, q ipcwire.AmfPmReq) ipcwire.Error { return StartPm(c, &s, op, &q) }
	report := func(q ipcwire.AmfErrorReq) ipcwire.Error { return StartErrorReport(c, &s, &q) }
	for what, tc := range map[string]struct{ got, want ipcwire.Error }{
		"register nothing":         {StartRegister(c, &s, nil, nil), ipcwire.ErrInvalidParam},
		"register a long name":     {StartRegister(c, &s, long, nil), ipcwire.ErrInvalidParam},
		"a long proxy":             {StartRegister(c, &s, name, long), ipcwire.ErrInvalidParam},
		"unregister nothing":       {StartUnregister(c, &s, nil, nil), ipcwire.ErrInvalidParam},
		"state of nothing":         {StartHAState(c, &s, name, nil), ipcwire.ErrInvalidParam},
		"readiness of nothing":     {StartState(c, &s, ipcwire.AmfReadinessState, nil), ipcwire.ErrInvalidParam},
		"a state that is none":     {StartState(c, &s, ipcwire.AmfTrack, name), ipcwire.ErrNotSupported},
		"answer 0":                 {StartAnswer(c, &s, ipcwire.AmfResponse, 1, 0), ipcwire.ErrInvalidParam},
		"answer 30":                {StartAnswer(c, &s, ipcwire.AmfResponse, 1, 30), ipcwire.ErrInvalidParam},
		"no answer":                {StartAnswer(c, &s, ipcwire.AmfTrack, 1, ipcwire.OK), ipcwire.ErrNotSupported},
		"report on nothing":        {report(ipcwire.AmfErrorReq{Recovery: 1}), ipcwire.ErrInvalidParam},
		"recovery 0":               {report(ipcwire.AmfErrorReq{Erroneous: name}), ipcwire.ErrInvalidParam},
		"recovery 10":              {report(ipcwire.AmfErrorReq{Erroneous: name, Recovery: 10}), ipcwire.ErrInvalidParam},
		"containers":               {report(ipcwire.AmfErrorReq{Erroneous: name, Recovery: ipcwire.AmfContainerRestart}), ipcwire.ErrAccess},
		"a long text":              {report(ipcwire.AmfErrorReq{Erroneous: name, Recovery: 1, Info: text}), ipcwire.ErrInvalidParam},
		"a long reporter":          {report(ipcwire.AmfErrorReq{Erroneous: name, Recovery: 1, Reporting: long}), ipcwire.ErrInvalidParam},
		"clear nothing":            {StartErrorClear(c, &s, nil, 0), ipcwire.ErrInvalidParam},
		"check nothing":            {hc(ipcwire.AmfHealthcheckStart, ipcwire.AmfHealthcheckReq{Key: key, Invoker: 1, Recovery: 1}), ipcwire.ErrInvalidParam},
		"check without a key":      {hc(ipcwire.AmfHealthcheckStop, ipcwire.AmfHealthcheckReq{Component: name}), ipcwire.ErrInvalidParam},
		"check with a long key":    {hc(ipcwire.AmfHealthcheckStop, ipcwire.AmfHealthcheckReq{Component: name, Key: long}), ipcwire.ErrInvalidParam},
		"checked by nobody":        {hc(ipcwire.AmfHealthcheckStart, ipcwire.AmfHealthcheckReq{Component: name, Key: key, Recovery: 1}), ipcwire.ErrInvalidParam},
		"check without recovery":   {hc(ipcwire.AmfHealthcheckStart, ipcwire.AmfHealthcheckReq{Component: name, Key: key, Invoker: 2}), ipcwire.ErrInvalidParam},
		"confirm TIMEOUT":          {hc(ipcwire.AmfHealthcheckConfirm, ipcwire.AmfHealthcheckReq{Component: name, Key: key, Result: ipcwire.ErrTimeout}), ipcwire.ErrInvalidParam},
		"watch process 0":          {pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{Component: name, Errors: 1, Recovery: 1}), ipcwire.ErrInvalidParam},
		"watch depth -2":           {pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{Component: name, PID: 1, Depth: -2, Errors: 1, Recovery: 1}), ipcwire.ErrInvalidParam},
		"watch for no error":       {pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{Component: name, PID: 1, Recovery: 1}), ipcwire.ErrInvalidParam},
		"watch for unknown errors": {pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{Component: name, PID: 1, Errors: 8, Recovery: 1}), ipcwire.ErrInvalidParam},
		"stop watching what":       {pm(ipcwire.AmfPmStop, ipcwire.AmfPmReq{Component: name, PID: 1, Errors: 1}), ipcwire.ErrInvalidParam},
		"stop watching process 0":  {pm(ipcwire.AmfPmStop, ipcwire.AmfPmReq{Component: name, Errors: 1, Qualifier: 1}), ipcwire.ErrInvalidParam},
		"follow nothing":           {StartTrack(c, &s, nil, 1, true), ipcwire.ErrInvalidParam},
		"follow for nothing":       {StartTrack(c, &s, name, 0, true), ipcwire.ErrBadFlags},
		"follow both":              {StartTrack(c, &s, name, 6, true), ipcwire.ErrBadFlags},
		"follow flag 8":            {StartTrack(c, &s, name, 9, true), ipcwire.ErrBadFlags},
		"stop following nothing":   {StartTrackStop(c, &s, nil), ipcwire.ErrInvalidParam},
		"readiness 0":              {StartHAReadiness(c, &s, name, nil, 0), ipcwire.ErrInvalidParam},
		"readiness 5":              {StartHAReadiness(c, &s, name, nil, 5), ipcwire.ErrInvalidParam},

		"right register":  {StartRegister(c, &s, name, name), ipcwire.ErrLibrary},
		"right state":     {StartState(c, &s, ipcwire.AmfCapability, name), ipcwire.ErrLibrary},
		"right answer":    {StartAnswer(c, &s, ipcwire.AmfStoppingComplete, 1, ipcwire.ErrFailedOp), ipcwire.ErrLibrary},
		"right report":    {report(ipcwire.AmfErrorReq{Erroneous: name, Recovery: ipcwire.AmfInternallyRecovered, Text: text[1:]}), ipcwire.ErrLibrary},
		"right check":     {hc(ipcwire.AmfHealthcheckStart, ipcwire.AmfHealthcheckReq{Component: name, Key: key, Invoker: 2, Recovery: 8}), ipcwire.ErrLibrary},
		"right confirm":   {hc(ipcwire.AmfHealthcheckConfirm, ipcwire.AmfHealthcheckReq{Component: name, Key: key, Result: ipcwire.ErrFailedOp}), ipcwire.ErrLibrary},
		"right watch":     {pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{Component: name, PID: 1, Depth: -1, Errors: 7, Recovery: 1}), ipcwire.ErrLibrary},
		"right end of it": {pm(ipcwire.AmfPmStop, ipcwire.AmfPmReq{Component: name, Errors: 7, Qualifier: 3}), ipcwire.ErrLibrary},
		"right following": {StartTrack(c, &s, name, 5, false), ipcwire.ErrLibrary},
		"right readiness": {StartHAReadiness(c, &s, name, nil, 4), ipcwire.ErrLibrary},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, not %v", what, tc.got, tc.want)
		}
	}
}

func TestCallbacksAreReadByTheirNumber(t *testing.T) {
	call := ipcwire.AppendAmfCallback(nil, &ipcwire.AmfCallback{Invocation: 7, Component: []byte("c"), Value: 2})
	set := ipcwire.AppendAmfCSISet(nil, &ipcwire.AmfCSISet{Invocation: 8, Component: []byte("c"),
		Attributes: []ipcwire.AmfAttribute{{Name: []byte("a"), Value: []byte("b")}}})
	group := ipcwire.AppendAmfGroup(nil, &ipcwire.AmfGroup{CSI: []byte("csi"), Error: ipcwire.OK})
	var e Event
	for op := ipcwire.AmfHealthcheckCallback; op <= ipcwire.AmfOperationExpiredCallback; op++ {
		body, invocation := call, uint64(7)
		switch op {
		case ipcwire.AmfCSISetCallback:
			body, invocation = set, 8
		case ipcwire.AmfTrackCallback:
			body, invocation = group, 0
		}
		if !Decode(libais.Callback{Op: op, Body: body}, &e) || e.Invocation() != invocation || e.Op != op {
			t.Errorf("callback %#x: invocation %d", op, e.Invocation())
		}
		if Decode(libais.Callback{Op: op, Body: body[:len(body)-1]}, &e) {
			t.Errorf("callback %#x: a byte less was accepted", op)
		}
	}
	for _, op := range []ipcwire.Op{ipcwire.AmfHealthcheckCallback - 1, ipcwire.AmfOperationExpiredCallback + 1, ipcwire.AmfRegister} {
		if Decode(libais.Callback{Op: op, Body: call}, &e) {
			t.Errorf("%#x is no callback", op)
		}
	}
}

func TestAnAttributeWithAZeroByteIsRefused(t *testing.T) {
	for _, a := range []ipcwire.AmfAttribute{{Name: []byte("a\x00"), Value: []byte("b")}, {Name: []byte("a"), Value: []byte{0}}} {
		var e Event
		body := ipcwire.AppendAmfCSISet(nil, &ipcwire.AmfCSISet{Attributes: []ipcwire.AmfAttribute{a}})
		if Decode(libais.Callback{Op: ipcwire.AmfCSISetCallback, Body: body}, &e) {
			t.Errorf("%q", a)
		}
	}
}

func TestHelloIsTheBodyOfTheProtocol(t *testing.T) {
	var h ipcwire.AmfHello
	if !ipcwire.DecodeAmfHello(Hello(5, []byte("comp")), &h) || h.Callbacks != 5 || !bytes.Equal(h.Component, []byte("comp")) {
		t.Fatalf("%+v", h)
	}
}
