package ipcwire

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func drawName(t *rapid.T, label string) []byte { return bytesGen(MaxName).Draw(t, label) }

func drawAmfGroup(t *rapid.T) AmfGroup {
	g := AmfGroup{CSI: drawName(t, "csi"), Error: Error(rapid.Uint32().Draw(t, "e")), Members: rapid.Uint32().Draw(t, "m"),
		Items: make([]AmfMember, rapid.IntRange(0, 4).Draw(t, "items"))}
	for i := range g.Items {
		g.Items[i] = AmfMember{drawName(t, "c"), rapid.Uint32().Draw(t, "ha"), rapid.Uint32().Draw(t, "r"),
			rapid.Uint32().Draw(t, "hr"), rapid.Uint32().Draw(t, "rank"), rapid.Uint8().Draw(t, "ch")}
	}
	return g
}

func drawAmfCSISet(t *rapid.T) AmfCSISet {
	c := AmfCSISet{rapid.Uint64().Draw(t, "i"), drawName(t, "c"), rapid.Uint32().Draw(t, "ha"), rapid.Uint32().Draw(t, "f"),
		drawName(t, "csi"), rapid.Uint32().Draw(t, "tr"), drawName(t, "active"), rapid.Uint32().Draw(t, "rank"),
		make([]AmfAttribute, rapid.IntRange(0, 4).Draw(t, "attributes"))}
	for i := range c.Attributes {
		c.Attributes[i] = AmfAttribute{drawName(t, "name"), bytesGen(AmfMaxValue).Draw(t, "value")}
	}
	return c
}

func init() {
	bodies = append(bodies,
		bodyOf("amf hello", func(t *rapid.T) AmfHello {
			return AmfHello{rapid.Uint32().Draw(t, "cb"), drawName(t, "c")}
		}, AppendAmfHello, DecodeAmfHello),
		bodyOf("amf component", func(t *rapid.T) AmfComponentReq {
			return AmfComponentReq{drawName(t, "c"), drawName(t, "p")}
		}, AppendAmfComponentReq, DecodeAmfComponentReq),
		bodyOf("amf name", func(t *rapid.T) AmfName { return AmfName{drawName(t, "n")} }, AppendAmfName, DecodeAmfName),
		bodyOf("amf csi", func(t *rapid.T) AmfCSIReq {
			return AmfCSIReq{drawName(t, "c"), drawName(t, "csi")}
		}, AppendAmfCSIReq, DecodeAmfCSIReq),
		bodyOf("amf state", func(t *rapid.T) AmfState { return AmfState{rapid.Uint32().Draw(t, "s")} },
			AppendAmfState, DecodeAmfState),
		bodyOf("amf answer", func(t *rapid.T) AmfAnswer {
			return AmfAnswer{rapid.Uint64().Draw(t, "i"), Error(rapid.Uint32().Draw(t, "e"))}
		}, AppendAmfAnswer, DecodeAmfAnswer),
		bodyOf("amf error", func(t *rapid.T) AmfErrorReq {
			return AmfErrorReq{drawName(t, "r"), drawName(t, "e"), rapid.Int64().Draw(t, "t"), rapid.Uint8().Draw(t, "rec"),
				rapid.Uint64().Draw(t, "n"), rapid.Uint32().Draw(t, "k"), rapid.Uint32().Draw(t, "c"), rapid.Uint32().Draw(t, "s"),
				bytesGen(AmfMaxText).Draw(t, "p"), bytesGen(AmfMaxText).Draw(t, "x"), bytesGen(AmfMaxText).Draw(t, "info")}
		}, AppendAmfErrorReq, DecodeAmfErrorReq),
		bodyOf("amf clear", func(t *rapid.T) AmfErrorClearReq {
			return AmfErrorClearReq{drawName(t, "c"), rapid.Uint64().Draw(t, "n")}
		}, AppendAmfErrorClearReq, DecodeAmfErrorClearReq),
		bodyOf("amf healthcheck", func(t *rapid.T) AmfHealthcheckReq {
			return AmfHealthcheckReq{drawName(t, "c"), bytesGen(AmfMaxKey).Draw(t, "k"), rapid.Uint8().Draw(t, "i"),
				rapid.Uint8().Draw(t, "r"), Error(rapid.Uint32().Draw(t, "e"))}
		}, AppendAmfHealthcheckReq, DecodeAmfHealthcheckReq),
		bodyOf("amf pm", func(t *rapid.T) AmfPmReq {
			return AmfPmReq{drawName(t, "c"), rapid.Int64().Draw(t, "p"), rapid.Int32().Draw(t, "d"), rapid.Uint32().Draw(t, "e"),
				rapid.Uint8().Draw(t, "q"), rapid.Uint8().Draw(t, "r")}
		}, AppendAmfPmReq, DecodeAmfPmReq),
		bodyOf("amf track", func(t *rapid.T) AmfTrackReq {
			return AmfTrackReq{drawName(t, "c"), rapid.Uint8().Draw(t, "f"), rapid.Bool().Draw(t, "b")}
		}, AppendAmfTrackReq, DecodeAmfTrackReq),
		bodyOf("amf ha readiness", func(t *rapid.T) AmfHAReadinessReq {
			return AmfHAReadinessReq{drawName(t, "c"), drawName(t, "csi"), rapid.Uint32().Draw(t, "s")}
		}, AppendAmfHAReadinessReq, DecodeAmfHAReadinessReq),
		bodyOf("amf callback", func(t *rapid.T) AmfCallback {
			return AmfCallback{rapid.Uint64().Draw(t, "i"), drawName(t, "c"), drawName(t, "csi"), bytesGen(AmfMaxKey).Draw(t, "k"),
				rapid.Uint32().Draw(t, "v")}
		}, AppendAmfCallback, DecodeAmfCallback),
		bodyOf("amf csi set", drawAmfCSISet, AppendAmfCSISet, DecodeAmfCSISet),
		bodyOf("amf group", drawAmfGroup, AppendAmfGroup, DecodeAmfGroup),
	)
}

var (
	seedSet = AmfCSISet{1, []byte("comp"), AmfHAActive, AmfCSIAddOne, []byte("csi"), AmfCSINewAssign, []byte("other"), 0,
		[]AmfAttribute{{[]byte("port"), []byte("80")}, {[]byte("port"), []byte("81")}}}
	seedGroup = AmfGroup{[]byte("csi"), OK, 2, []AmfMember{{[]byte("a"), 1, 2, 1, 1, AmfGroupAdded}, {[]byte("b"), 2, 2, 1, 2, AmfGroupNoChange}}}
)

func FuzzAmfHello(f *testing.F) {
	fuzzBody(f, "amf hello", AppendAmfHello(nil, &AmfHello{AmfHasTrack, []byte("comp")}))
}

func FuzzAmfComponentReq(f *testing.F) {
	fuzzBody(f, "amf component", AppendAmfComponentReq(nil, &AmfComponentReq{[]byte("comp"), []byte("proxy")}))
}

func FuzzAmfName(f *testing.F) { fuzzBody(f, "amf name", AppendAmfName(nil, &AmfName{[]byte("n")})) }

func FuzzAmfCSIReq(f *testing.F) {
	fuzzBody(f, "amf csi", AppendAmfCSIReq(nil, &AmfCSIReq{[]byte("comp"), []byte("csi")}))
}

func FuzzAmfState(f *testing.F) { fuzzBody(f, "amf state", AppendAmfState(nil, &AmfState{3})) }

func FuzzAmfAnswer(f *testing.F) {
	fuzzBody(f, "amf answer", AppendAmfAnswer(nil, &AmfAnswer{7, ErrFailedOp}))
}

func FuzzAmfErrorReq(f *testing.F) {
	fuzzBody(f, "amf error", AppendAmfErrorReq(nil, &AmfErrorReq{Erroneous: []byte("comp"), Recovery: 2, Text: []byte("text")}))
}

func FuzzAmfErrorClearReq(f *testing.F) {
	fuzzBody(f, "amf clear", AppendAmfErrorClearReq(nil, &AmfErrorClearReq{[]byte("comp"), 9}))
}

func FuzzAmfHealthcheckReq(f *testing.F) {
	fuzzBody(f, "amf healthcheck", AppendAmfHealthcheckReq(nil, &AmfHealthcheckReq{[]byte("comp"), []byte("key"), 1, 2, OK}))
}

func FuzzAmfPmReq(f *testing.F) {
	fuzzBody(f, "amf pm", AppendAmfPmReq(nil, &AmfPmReq{[]byte("comp"), 77, -1, 7, 3, 2}))
}

func FuzzAmfTrackReq(f *testing.F) {
	fuzzBody(f, "amf track", AppendAmfTrackReq(nil, &AmfTrackReq{[]byte("csi"), 3, true}))
}

func FuzzAmfHAReadinessReq(f *testing.F) {
	fuzzBody(f, "amf ha readiness", AppendAmfHAReadinessReq(nil, &AmfHAReadinessReq{[]byte("comp"), nil, 2}))
}

func FuzzAmfCallback(f *testing.F) {
	fuzzBody(f, "amf callback", AppendAmfCallback(nil, &AmfCallback{1, []byte("comp"), []byte("csi"), []byte("key"), 4}))
}

func FuzzAmfCSISet(f *testing.F) { fuzzBody(f, "amf csi set", AppendAmfCSISet(nil, &seedSet)) }

func FuzzAmfGroup(f *testing.F) { fuzzBody(f, "amf group", AppendAmfGroup(nil, &seedGroup)) }

func TestTheLargestAssignmentAndTheLargestGroupFitAFrame(t *testing.T) {
	long := bytes.Repeat([]byte("x"), MaxFrame)
	set := AmfCSISet{Component: long, CSI: long, Active: long, Attributes: make([]AmfAttribute, AmfMaxAttributes+1)}
	for i := range set.Attributes {
		set.Attributes[i] = AmfAttribute{long, long}
	}
	enc := AppendAmfCSISet(nil, &set)
	if n := HeaderSize + len(enc); n > MaxFrame {
		t.Errorf("an assignment of %d bytes", n)
	}
	var s AmfCSISet
	if !DecodeAmfCSISet(enc, &s) || len(s.Attributes) != AmfMaxAttributes || len(s.Attributes[0].Value) != AmfMaxValue {
		t.Error("what was cut does not decode")
	}
	group := AmfGroup{CSI: long, Items: make([]AmfMember, AmfMaxGroup+1)}
	for i := range group.Items {
		group.Items[i].Component = long
	}
	enc = AppendAmfGroup(nil, &group)
	if n := HeaderSize + len(enc); n > MaxFrame {
		t.Errorf("a group of %d bytes", n)
	}
	var g AmfGroup
	if !DecodeAmfGroup(enc, &g) || len(g.Items) != AmfMaxGroup {
		t.Error("what was cut does not decode")
	}
}

func TestAGroupThatAnnouncesMoreThanItHoldsAllocatesNothing(t *testing.T) {
	src := AppendAmfGroup(nil, &AmfGroup{})
	src[len(src)-3] = 4 // 1024 items
	if n := testing.AllocsPerRun(100, func() {
		var g AmfGroup
		if DecodeAmfGroup(src, &g) {
			t.Fatal("accepted")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestDecodingAnAssignmentIntoAUsedOneAllocatesNothing(t *testing.T) {
	src := AppendAmfCSISet(nil, &seedSet)
	var s AmfCSISet
	if n := testing.AllocsPerRun(100, func() {
		if !DecodeAmfCSISet(src, &s) {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
