package ipcwire

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"

	_ "ais/internal/drawn"
)

// body is one codec seen without its type: decode into a used value, encode that.
type body struct {
	name   string
	draw   func(*rapid.T) any
	decode func(src []byte, dirty bool) (any, bool)
	encode func(dst []byte, v any) []byte
}

func bodyOf[T any](name string, draw func(*rapid.T) T, enc func([]byte, *T) []byte, dec func([]byte, *T) bool) body {
	used := new(T)
	return body{
		name: name,
		draw: func(t *rapid.T) any { v := draw(t); return &v },
		decode: func(src []byte, dirty bool) (any, bool) {
			if !dirty {
				used = new(T)
			}
			ok := dec(src, used)
			return used, ok
		},
		encode: func(dst []byte, v any) []byte { return enc(dst, v.(*T)) },
	}
}

func bytesGen(limit int) *rapid.Generator[[]byte] { return rapid.SliceOfN(rapid.Byte(), 0, limit) }

func drawAddress(t *rapid.T) []byte {
	n := rapid.SampledFrom([]int{0, 4, 16}).Draw(t, "addrlen")
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "addr")
}

func drawClmNode(t *rapid.T) ClmNodeInfo {
	return ClmNodeInfo{
		NodeID: rapid.Uint32().Draw(t, "id"), Family: rapid.Uint8().Draw(t, "family"),
		Address: drawAddress(t), Name: bytesGen(MaxName).Draw(t, "name"),
		ClusterName: bytesGen(MaxName).Draw(t, "cluster"), Member: rapid.Bool().Draw(t, "member"),
		Boot: rapid.Int64().Draw(t, "boot"), InitialView: rapid.Uint64().Draw(t, "view"),
	}
}

func drawNodes(t *rapid.T) []EvsNode {
	list := make([]EvsNode, rapid.IntRange(0, 9).Draw(t, "nodes"))
	for i := range list {
		list[i] = EvsNode{NodeID: rapid.Uint32().Draw(t, "id"), Address: drawAddress(t)}
	}
	return list
}

func drawGroups(t *rapid.T) []EvsGroup {
	list := make([]EvsGroup, rapid.IntRange(0, 5).Draw(t, "groups"))
	for i := range list {
		copy(list[i][:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key"))
	}
	return list
}

var bodies = []body{
	bodyOf("hello", func(t *rapid.T) Hello {
		return Hello{rapid.Uint16().Draw(t, "p"), Service(rapid.Uint8().Draw(t, "s")),
			Generation(rapid.Uint8().Draw(t, "g")), bytesGen(64).Draw(t, "b")}
	}, AppendHello, DecodeHello),
	bodyOf("welcome", func(t *rapid.T) Welcome {
		return Welcome{rapid.Uint16().Draw(t, "p"), rapid.Uint32().Draw(t, "n"),
			rapid.Uint32().Draw(t, "m"), rapid.Uint32().Draw(t, "q")}
	}, AppendWelcome, DecodeWelcome),
	bodyOf("clm node", drawClmNode, AppendClmNodeInfo, DecodeClmNodeInfo),
	bodyOf("clm view", func(t *rapid.T) ClmView {
		v := ClmView{View: rapid.Uint64().Draw(t, "view"), Members: rapid.Uint32().Draw(t, "m")}
		v.Items = make([]ClmChange, rapid.IntRange(0, 4).Draw(t, "items"))
		for i := range v.Items {
			v.Items[i] = ClmChange{Node: drawClmNode(t), Change: rapid.Uint8().Draw(t, "change")}
		}
		return v
	}, AppendClmView, DecodeClmView),
	bodyOf("clm track", func(t *rapid.T) ClmTrackReq {
		return ClmTrackReq{rapid.Uint8().Draw(t, "f"), rapid.Bool().Draw(t, "b")}
	}, AppendClmTrackReq, DecodeClmTrackReq),
	bodyOf("clm node get", func(t *rapid.T) ClmNodeGetReq {
		return ClmNodeGetReq{rapid.Uint32().Draw(t, "n"), rapid.Uint64().Draw(t, "i"), rapid.Int64().Draw(t, "t")}
	}, AppendClmNodeGetReq, DecodeClmNodeGetReq),
	bodyOf("clm node get result", func(t *rapid.T) ClmNodeGetResult {
		return ClmNodeGetResult{rapid.Uint64().Draw(t, "i"), Error(rapid.Uint32().Draw(t, "e")), drawClmNode(t)}
	}, AppendClmNodeGetResult, DecodeClmNodeGetResult),
	bodyOf("evs groups", func(t *rapid.T) EvsGroups { return EvsGroups{drawGroups(t)} },
		AppendEvsGroups, DecodeEvsGroups),
	bodyOf("evs mcast", func(t *rapid.T) EvsMcast {
		return EvsMcast{rapid.Uint8().Draw(t, "g"), rapid.Uint8().Draw(t, "p"), drawGroups(t),
			bytesGen(300).Draw(t, "payload")}
	}, AppendEvsMcast, DecodeEvsMcast),
	bodyOf("evs delivery", func(t *rapid.T) EvsDelivery {
		return EvsDelivery{rapid.Uint32().Draw(t, "n"), drawAddress(t), bytesGen(300).Draw(t, "payload")}
	}, AppendEvsDelivery, DecodeEvsDelivery),
	bodyOf("evs configuration", func(t *rapid.T) EvsConfiguration {
		return EvsConfiguration{rapid.Bool().Draw(t, "t"), drawNodes(t), drawNodes(t), drawNodes(t)}
	}, AppendEvsConfiguration, DecodeEvsConfiguration),
	bodyOf("evs membership", func(t *rapid.T) EvsMembership {
		return EvsMembership{rapid.Uint32().Draw(t, "l"), drawNodes(t)}
	}, AppendEvsMembership, DecodeEvsMembership),
}

func TestEveryBodyComesBackAsItWentIn(t *testing.T) {
	for _, b := range bodies {
		t.Run(b.name, rapid.MakeCheck(func(t *rapid.T) {
			in := b.draw(t)
			prefix := []byte("kept")
			enc := b.encode(prefix[:len(prefix):len(prefix)], in)
			if !bytes.HasPrefix(enc, prefix) {
				t.Fatalf("append touched what was before")
			}
			enc = enc[len(prefix):]
			out, ok := b.decode(enc, rapid.Bool().Draw(t, "dirty"))
			if !ok {
				t.Fatalf("own encoding refused: %x", enc)
			}
			if !sameValue(reflect.ValueOf(in), reflect.ValueOf(out)) {
				t.Fatalf("in %+v out %+v", in, out)
			}
		}))
	}
}

// sameValue is DeepEqual that takes a nil slice for an empty one.
func sameValue(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Pointer:
		return sameValue(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if !sameValue(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if a.Len() != b.Len() {
			return false
		}
		for i := range a.Len() {
			if !sameValue(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// hasRest tells which bodies end in bytes that reach to the end, so that a
// longer or shorter input is another valid body.
var hasRest = map[string]bool{"hello": true, "evs mcast": true, "evs delivery": true}

func TestABodyThatIsCutOrLongerIsRefused(t *testing.T) {
	for _, b := range bodies {
		t.Run(b.name, rapid.MakeCheck(func(t *rapid.T) {
			enc := b.encode(nil, b.draw(t))
			if hasRest[b.name] {
				checkCanonical(t, b, append(enc, 0))
				return
			}
			if _, ok := b.decode(append(enc[:len(enc):len(enc)], 0), true); ok {
				t.Fatalf("a trailing byte was accepted")
			}
			n := rapid.IntRange(0, len(enc)-1).Draw(t, "cut")
			if _, ok := b.decode(enc[:n], true); ok {
				t.Fatalf("%d of %d bytes were accepted", n, len(enc))
			}
		}))
	}
}

type fataler interface {
	Fatalf(string, ...any)
}

// checkCanonical: what decodes has exactly the encoding it came from, whatever
// was in the value before.
func checkCanonical(t fataler, b body, src []byte) {
	v, ok := b.decode(src, true)
	var first []byte
	if ok {
		first = b.encode(nil, v)
	}
	v2, ok2 := b.decode(src, false)
	if ok != ok2 {
		t.Fatalf("%s: a used value decodes %v, a fresh one %v", b.name, ok, ok2)
	}
	if !ok {
		return
	}
	if !bytes.Equal(first, src) {
		t.Fatalf("%s: %x is also written %x", b.name, src, first)
	}
	if again := b.encode(nil, v2); !bytes.Equal(again, src) {
		t.Fatalf("%s: a fresh value reads %x as %x", b.name, src, again)
	}
}

func TestACountBeyondTheBytesThatAreThereAllocatesNothing(t *testing.T) {
	huge := appendU32(nil, 0xFFFFFFFF)
	limit := appendU32(nil, MaxNodes)
	cases := map[string]func() bool{
		"groups":        func() bool { return DecodeEvsGroups(huge, new(EvsGroups)) },
		"mcast":         func() bool { return DecodeEvsMcast(append([]byte{0, 0}, huge...), new(EvsMcast)) },
		"membership":    func() bool { return DecodeEvsMembership(append(make([]byte, 4), limit...), new(EvsMembership)) },
		"view":          func() bool { return DecodeClmView(append(make([]byte, 12), limit...), new(ClmView)) },
		"configuration": func() bool { return DecodeEvsConfiguration(append([]byte{0}, huge...), new(EvsConfiguration)) },
	}
	for name, f := range cases {
		const runs = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			if f() {
				t.Fatal("accepted")
			}
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / runs; per > 256 {
			t.Errorf("%s: %d bytes a call", name, per)
		}
	}
}

func TestWhatBreaksABoundIsCutSoThatItDecodes(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 70000)
	var n ClmNodeInfo
	if !DecodeClmNodeInfo(AppendClmNodeInfo(nil, &ClmNodeInfo{Name: long, ClusterName: long, Address: long}), &n) {
		t.Fatal("refused")
	}
	if len(n.Name) != MaxName || len(n.ClusterName) != MaxName || len(n.Address) != 0 {
		t.Fatalf("%d %d %d", len(n.Name), len(n.ClusterName), len(n.Address))
	}
	var m EvsMembership
	if !DecodeEvsMembership(AppendEvsMembership(nil, &EvsMembership{Members: make([]EvsNode, MaxNodes+1)}), &m) || len(m.Members) != MaxNodes {
		t.Fatalf("%d members", len(m.Members))
	}
}

func TestPayloadIsNotCopiedAndDecodingIntoAUsedValueAllocatesNothing(t *testing.T) {
	src := AppendEvsMcast(nil, &EvsMcast{Guarantee: 3, Priority: 1, Groups: make([]EvsGroup, 3), Payload: []byte("payload")})
	var q EvsMcast
	if !DecodeEvsMcast(src, &q) || &q.Payload[0] != &src[EvsMcastHeadSize(3)] {
		t.Fatal("payload does not alias the frame")
	}
	if n := testing.AllocsPerRun(100, func() {
		if !DecodeEvsMcast(src, &q) {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf = AppendEvsMcast(buf[:0], &q) }); n != 0 {
		t.Fatalf("%v allocations to encode", n)
	}
}

func TestHeaderRefusesSizesAndFlagsOutsideTheRules(t *testing.T) {
	for _, tc := range []struct {
		body int
		ok   bool
	}{{0, true}, {1, true}, {MaxFrame - HeaderSize, true}, {MaxFrame - HeaderSize + 1, false}, {-1, false}, {1<<31 - 1, false}} {
		b := AppendHeader(nil, 7, 9, ErrBusy, tc.body)
		h, ok := DecodeHeader(b)
		if ok != tc.ok {
			t.Errorf("body %d: %v", tc.body, ok)
		}
		if ok && (h != Header{uint32(tc.body + HeaderSize), 7, 9, ErrBusy}) {
			t.Errorf("body %d: %+v", tc.body, h)
		}
		if _, ok := DecodeHeader(b[:HeaderSize-1]); ok {
			t.Error("short header accepted")
		}
		b[6] = 1
		if _, ok := DecodeHeader(b); ok {
			t.Error("flag accepted")
		}
	}
}

func TestHelloBodyIsBounded(t *testing.T) {
	var h Hello
	if !DecodeHello(AppendHello(nil, &Hello{Body: make([]byte, MaxHello)}), &h) {
		t.Error("the largest is refused")
	}
	if DecodeHello(AppendHello(nil, &Hello{Body: make([]byte, MaxHello+1)}), &h) {
		t.Error("a larger one is accepted")
	}
}

func TestSocketNameKnowsPathsAbstractNamesAndNonsense(t *testing.T) {
	for _, tc := range []struct {
		in, name     string
		abstract, ok bool
	}{
		{DefaultSocket, "ais/aisexec", true, true}, {"/run/ais", "/run/ais", false, true},
		{"", "", false, false}, {"@", "", true, false}, {"a\x00b", "", false, false},
		{strings.Repeat("p", MaxSocketName), strings.Repeat("p", MaxSocketName), false, true},
		{strings.Repeat("p", MaxSocketName+1), "", false, false},
		{"@" + strings.Repeat("p", MaxSocketName), strings.Repeat("p", MaxSocketName), true, true},
	} {
		if n, a, ok := SocketName(tc.in); n != tc.name || a != tc.abstract || ok != tc.ok {
			t.Errorf("%q: %q %v %v", tc.in, n, a, ok)
		}
	}
}

func TestEveryErrorHasANameAndAnUnknownNumberKeepsItsNumber(t *testing.T) {
	seen := map[string]Error{}
	for e := OK; e <= ErrSecurity; e++ {
		s := ErrorString(e)
		if e != 28 && strings.HasPrefix(s, "error ") {
			t.Errorf("%d has no name", uint32(e))
		}
		if o, dup := seen[s]; dup {
			t.Errorf("%d and %d are both %s", uint32(e), uint32(o), s)
		}
		seen[s] = e
	}
	for e, want := range map[Error]string{0: "error 0", 28: "error 28", 4294967295: "error 4294967295", ErrTooManyGroups: "TOO_MANY_GROUPS"} {
		if e.String() != want {
			t.Errorf("%s, not %s", e, want)
		}
	}
}

// The package is part of what C programs load (DESIGN 5).
func TestImportsNothing(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	cmd := exec.Command("go", "list", "-f", "{{.Imports}}", ".")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if s := strings.TrimSpace(string(out)); s != "[]" {
		t.Fatalf("imports %s", s)
	}
}
