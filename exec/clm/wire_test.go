package clm

import (
	"bytes"
	"reflect"
	"testing"

	"ais/exec/totem/wire"
)

func TestANodeSurvivesItsEncodingAndNoPieceOfItDecodes(t *testing.T) {
	long := bytes.Repeat([]byte("n"), maxName)
	for _, n := range []node{
		{address: []byte{127, 0, 0, 1}, name: []byte("a"), cluster: []byte("c"), boot: -1, initial: 1 << 63},
		{address: make([]byte, 16), name: long, cluster: long},
		{address: make([]byte, 4), name: []byte{}, cluster: []byte{}},
	} {
		n.member = wire.Member{ID: 3, Start: 9}
		b := appendNode(nil, &n)
		got, ok := decodeNode(b, n.member)
		if !ok || !reflect.DeepEqual(got, n) {
			t.Errorf("%+v came back as %+v", n, got)
		}
		for i := range b {
			if _, ok := decodeNode(b[:i], n.member); ok {
				t.Errorf("%d of %d bytes decode", i, len(b))
			}
		}
		if _, ok := decodeNode(append(b, 0), n.member); ok {
			t.Error("a byte too many decodes")
		}
	}
	n := node{address: make([]byte, 5)}
	if _, ok := decodeNode(appendNode(nil, &n), n.member); ok {
		t.Error("an address of 5 bytes decodes")
	}
	n = node{address: make([]byte, 4), name: append(long, 'x')}
	if _, ok := decodeNode(appendNode(nil, &n), n.member); ok {
		t.Error("a name of 257 bytes decodes")
	}
}

func TestAMemberThatSaysNothingValidIsInTheViewWithoutAName(t *testing.T) {
	s := newState(node{member: wire.Member{ID: 1, Start: 1}, name: []byte("one")})
	s.start()
	s.say(node{member: wire.Member{ID: 2, Start: 1}, name: []byte("first")})
	s.say(node{member: wire.Member{ID: 2, Start: 1}, name: []byte("second")})
	members := []wire.Member{{ID: 1, Start: 1}, {ID: 2, Start: 1}, {ID: 3, Start: 1}}
	unknown := s.apply(8, members)
	if len(unknown) != 1 || unknown[0].ID != 3 {
		t.Errorf("unknown: %v", unknown)
	}
	for id, name := range map[wire.NodeID]string{1: "one", 2: "first", 3: ""} {
		if n := s.current.find(id); n == nil || string(n.name) != name || n.initial != 8 {
			t.Errorf("node %d is %+v", id, n)
		}
	}
}

func FuzzDecodeNode(f *testing.F) {
	f.Add(appendNode(nil, &node{address: make([]byte, 4), name: []byte("a"), cluster: []byte("c")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := decodeNode(b, wire.Member{ID: 1})
		if ok && !bytes.Equal(appendNode(nil, &n), b) {
			t.Errorf("%x decodes to %+v, which encodes otherwise", b, n)
		}
	})
}
