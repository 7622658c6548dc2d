package ipcwire

import (
	"bytes"
	"testing"
)

// Every decoder is fuzzed on its own: no panic, no second encoding of a body, no
// dependence on what the value held before.

func fuzzBody(f *testing.F, name string, seeds ...[]byte) {
	for _, b := range bodies {
		if b.name != name {
			continue
		}
		for _, s := range seeds {
			f.Add(s)
		}
		f.Add([]byte{})
		f.Add(bytes.Repeat([]byte{0xFF}, 64))
		f.Fuzz(func(t *testing.T, src []byte) { checkCanonical(t, b, src) })
		return
	}
	f.Fatalf("no body %s", name)
}

var (
	seedNode  = ClmNodeInfo{NodeID: 1, Family: 1, Address: []byte{127, 0, 0, 1}, Name: []byte("n1"), ClusterName: []byte("c"), Member: true, Boot: 7, InitialView: 1}
	seedNodes = []EvsNode{{1, []byte{127, 0, 0, 1}}, {2, make([]byte, 16)}}
)

func FuzzHeader(f *testing.F) {
	f.Add(AppendHeader(nil, 3, 4, OK, 5))
	f.Fuzz(func(t *testing.T, src []byte) {
		h, ok := DecodeHeader(src)
		if !ok {
			return
		}
		if again := AppendHeader(nil, h.Op, h.Seq, h.Error, int(h.Size)-HeaderSize); !bytes.Equal(again, src[:HeaderSize]) {
			t.Fatalf("%x is also written %x", src[:HeaderSize], again)
		}
	})
}

func FuzzHello(f *testing.F) {
	fuzzBody(f, "hello", AppendHello(nil, &Hello{Protocol, CLM, GenB, []byte("b")}))
}

func FuzzWelcome(f *testing.F) {
	fuzzBody(f, "welcome", AppendWelcome(nil, &Welcome{Protocol, 1, 2, 3}))
}

func FuzzClmNodeInfo(f *testing.F) { fuzzBody(f, "clm node", AppendClmNodeInfo(nil, &seedNode)) }

func FuzzClmView(f *testing.F) {
	fuzzBody(f, "clm view", AppendClmView(nil, &ClmView{1, 2, []ClmChange{{seedNode, 1}, {seedNode, 2}}}))
}

func FuzzClmTrackReq(f *testing.F) {
	fuzzBody(f, "clm track", AppendClmTrackReq(nil, &ClmTrackReq{3, true}))
}

func FuzzClmNodeGetReq(f *testing.F) {
	fuzzBody(f, "clm node get", AppendClmNodeGetReq(nil, &ClmNodeGetReq{1, 2, 3}))
}

func FuzzClmNodeGetResult(f *testing.F) {
	fuzzBody(f, "clm node get result", AppendClmNodeGetResult(nil, &ClmNodeGetResult{1, OK, seedNode}))
}

func FuzzEvsGroups(f *testing.F) {
	fuzzBody(f, "evs groups", AppendEvsGroups(nil, &EvsGroups{make([]EvsGroup, 2)}))
}

func FuzzEvsMcast(f *testing.F) {
	fuzzBody(f, "evs mcast", AppendEvsMcast(nil, &EvsMcast{2, 1, make([]EvsGroup, 1), []byte("p")}))
}

func FuzzEvsDelivery(f *testing.F) {
	fuzzBody(f, "evs delivery", AppendEvsDelivery(nil, &EvsDelivery{1, make([]byte, 4), []byte("p")}))
}

func FuzzEvsConfiguration(f *testing.F) {
	fuzzBody(f, "evs configuration", AppendEvsConfiguration(nil, &EvsConfiguration{false, seedNodes, seedNodes[:1], nil}))
}

func FuzzEvsMembership(f *testing.F) {
	fuzzBody(f, "evs membership", AppendEvsMembership(nil, &EvsMembership{1, seedNodes}))
}
