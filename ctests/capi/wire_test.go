package capi

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"testing"

	"ais/libais/ipcwire"
)

// A wireCase is an order for c/wire.c and what it must say.
type wireCase struct {
	what        string
	order, want []byte
}

var le = binary.LittleEndian

// random is what the cases are made of.
type random struct{ *rand.Rand }

func (r random) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// size is small most of the time, around where small parts are copied often, and
// the limit now and then.
func (r random) size(limit int) int {
	switch r.IntN(10) {
	case 0:
		return 0
	case 1:
		return limit
	case 2:
		return r.IntN(limit + 1)
	default:
		return min(r.IntN(64), limit)
	}
}

func (r random) id() []byte { return r.bytes(r.size(ipcwire.MaxSectionID)) }

func counted(dst, b []byte) []byte { return append(le.AppendUint32(dst, uint32(len(b))), b...) }

func framed(op ipcwire.Op, seq uint32, body []byte) []byte {
	return append(ipcwire.AppendHeader(nil, op, seq, 0, len(body)), body...)
}

// request is a random request as an order, and its frame as the Go side makes it.
func (r random) request() wireCase {
	seq, handle, n64 := r.Uint32(), r.Uint32(), r.Uint64()
	order := func(c byte) []byte { return le.AppendUint32([]byte{c}, seq) }
	switch r.IntN(7) {
	case 6:
		q := ipcwire.EvtPublishReq{Channel: handle, Priority: 2, Retention: int64(n64), Publisher: r.bytes(r.size(256)),
			Patterns: [][]byte{r.bytes(r.size(1024)), r.bytes(r.size(1024))}, Data: r.bytes(r.size(ipcwire.EvtMaxData))}
		o := counted(counted(order('p'), ipcwire.AppendEvtPublishHead(nil, &q)), q.Data)
		return wireCase{"publish", o, framed(ipcwire.EvtPublish, seq, ipcwire.AppendEvtPublishReq(nil, &q))}
	case 0:
		q := ipcwire.ClmNodeGetReq{NodeID: handle, Invocation: r.Uint64(), Timeout: int64(n64)}
		o := le.AppendUint64(le.AppendUint64(le.AppendUint32(order('n'), q.NodeID), q.Invocation), n64)
		return wireCase{"node get", o, framed(ipcwire.ClmNodeGet, seq, ipcwire.AppendClmNodeGetReq(nil, &q))}
	case 1:
		q := ipcwire.CkptSectionCreateReq{Handle: handle, Expiration: int64(n64), Section: r.id(), Data: r.bytes(r.size(70000))}
		o := counted(counted(le.AppendUint64(le.AppendUint32(order('c'), handle), n64), q.Section), q.Data)
		return wireCase{"section create", o, framed(ipcwire.CkptSectionCreate, seq, ipcwire.AppendCkptSectionCreateReq(nil, &q))}
	case 2:
		q := ipcwire.CkptOverwriteReq{Handle: handle, Section: r.id(), Data: r.bytes(r.size(70000))}
		o := counted(counted(le.AppendUint32(order('o'), handle), q.Section), q.Data)
		return wireCase{"overwrite", o, framed(ipcwire.CkptOverwrite, seq, ipcwire.AppendCkptOverwriteReq(nil, &q))}
	case 3:
		op := []ipcwire.Op{ipcwire.CkptSectionDelete, ipcwire.CkptSectionExpirationSet}[r.IntN(2)]
		q := ipcwire.CkptSectionReq{Handle: handle, Time: int64(n64), Section: r.id()}
		o := counted(le.AppendUint64(le.AppendUint32(le.AppendUint32(order('s'), uint32(op)), handle), n64), q.Section)
		return wireCase{"section", o, framed(op, seq, ipcwire.AppendCkptSectionReq(nil, &q))}
	case 4:
		q := ipcwire.CkptWriteReq{Handle: handle}
		n := 1 + r.IntN(8)
		o := le.AppendUint32(le.AppendUint32(order('w'), handle), uint32(n))
		for range n {
			e, data := ipcwire.CkptWriteElement{Section: r.id(), Offset: r.Uint64()}, r.bytes(r.size(20000))
			e.Size = uint64(len(data))
			q.Elements, q.Data = append(q.Elements, e), append(q.Data, data...)
			o = append(le.AppendUint64(le.AppendUint64(counted(o, e.Section), e.Offset), e.Size), data...)
		}
		return wireCase{"write", o, framed(ipcwire.CkptWrite, seq, ipcwire.AppendCkptWriteReq(nil, &q))}
	default:
		q := ipcwire.CkptReadReq{Handle: handle}
		n := 1 + r.IntN(8)
		o := le.AppendUint32(le.AppendUint32(order('r'), handle), uint32(n))
		for range n {
			e := ipcwire.CkptReadElement{Section: r.id(), Offset: r.Uint64(), Size: r.Uint64()}
			q.Elements = append(q.Elements, e)
			o = le.AppendUint64(le.AppendUint64(counted(o, e.Section), e.Offset), e.Size)
		}
		return wireCase{"read", o, framed(ipcwire.CkptRead, seq, ipcwire.AppendCkptReadReq(nil, &q))}
	}
}

// damaged is body, or something like it.
func (r random) damaged(body []byte) []byte {
	switch r.IntN(4) {
	case 0:
		return body[:r.IntN(len(body)+1)]
	case 1:
		return append(body, r.bytes(1+r.IntN(4))...)
	case 2:
		for range 1 + r.IntN(3) {
			if len(body) > 0 {
				body[r.IntN(min(len(body), 40))] = byte(r.Uint32())
			}
		}
	}
	return body
}

// answer is the body of an answer, whole or damaged, and what the Go side reads
// out of it.
func (r random) answer() wireCase {
	switch r.IntN(6) {
	case 5:
		body := r.damaged(ipcwire.AppendEvtPublished(nil, &ipcwire.EvtPublished{ID: r.Uint64(), Time: int64(r.Uint64())}))
		var p ipcwire.EvtPublished
		var want []byte
		if ipcwire.DecodeEvtPublished(body, &p) {
			want = le.AppendUint64(le.AppendUint64([]byte("!"), p.ID), uint64(p.Time))
		}
		return wireCase{"published", append([]byte("E"), body...), want}
	case 0:
		address := r.bytes([]int{0, 4, 16}[r.IntN(3)])
		body := r.damaged(ipcwire.AppendClmNodeInfo(nil, &ipcwire.ClmNodeInfo{
			NodeID: r.Uint32(), Family: uint8(r.Uint32()), Member: r.IntN(2) == 0, Address: address,
			Name: r.bytes(r.size(256)), ClusterName: r.bytes(r.size(256)), Boot: int64(r.Uint64()), InitialView: r.Uint64(),
		}))
		var n ipcwire.ClmNodeInfo
		var want []byte
		if ipcwire.DecodeClmNodeInfo(body, &n) {
			member := uint32(0)
			if n.Member {
				member = 1
			}
			want = le.AppendUint32(le.AppendUint32(le.AppendUint32([]byte("!"), n.NodeID), uint32(n.Family)), member)
			for _, field := range [][]byte{n.Address, n.Name, n.ClusterName} {
				want = append(le.AppendUint16(want, uint16(len(field))), field...)
			}
			want = le.AppendUint64(le.AppendUint64(want, uint64(n.Boot)), n.InitialView)
		}
		return wireCase{"node", append([]byte("N"), body...), want}
	case 1:
		body := r.damaged(ipcwire.AppendCkptSectionID(nil, &ipcwire.CkptSectionID{Section: r.id()}))
		var id ipcwire.CkptSectionID
		var want []byte
		if ipcwire.DecodeCkptSectionID(body, &id) {
			want = append([]byte("!"), id.Section...)
		}
		return wireCase{"section id", append([]byte("I"), body...), want}
	case 2:
		body := r.damaged(ipcwire.AppendCkptVectorResult(nil, &ipcwire.CkptVectorResult{Index: r.Uint32()}))
		var v ipcwire.CkptVectorResult
		var want []byte
		if ipcwire.DecodeCkptVectorResult(body, &v) {
			want = le.AppendUint32([]byte("!"), v.Index)
		}
		return wireCase{"vector", append([]byte("V"), body...), want}
	case 3:
		return r.parts()
	default:
		h := framed(ipcwire.Op(r.Uint32()), r.Uint32(), nil)
		le.PutUint32(h, uint32(r.size(2*ipcwire.MaxFrame)))
		if r.IntN(4) == 0 {
			h[r.IntN(len(h))] = byte(r.Uint32())
		}
		var want []byte
		if d, ok := ipcwire.DecodeHeader(h); ok {
			want = le.AppendUint32(le.AppendUint32([]byte("!"), d.Size), uint32(d.Op))
			want = le.AppendUint32(le.AppendUint32(want, d.Seq), uint32(d.Error))
		}
		return wireCase{"header", append([]byte("H"), h...), want}
	}
}

func (r random) parts() wireCase {
	var a ipcwire.CkptReadResult
	n := 1 + r.IntN(8)
	for range n {
		data := r.bytes(r.size(5000))
		a.Parts = append(a.Parts, ipcwire.CkptReadPart{Total: uint64(len(data)) + uint64(r.IntN(2)*r.IntN(100)), Size: uint64(len(data)), Version: r.Uint64()})
		a.Data = append(a.Data, data...)
	}
	body := r.damaged(append(ipcwire.AppendCkptReadHead(nil, &a), a.Data...))
	if r.IntN(20) == 0 {
		n = 1 + r.IntN(8)
	}
	var d ipcwire.CkptReadResult
	var want []byte
	if ipcwire.DecodeCkptReadResult(body, &d) && len(d.Parts) == n {
		want = []byte("!")
		for _, p := range d.Parts {
			want = append(le.AppendUint64(le.AppendUint64(want, p.Total), p.Size), d.Data[:p.Size]...)
			d.Data = d.Data[p.Size:]
		}
	}
	return wireCase{"parts", append(le.AppendUint32([]byte("P"), uint32(n)), body...), want}
}

// The front frames the frequent requests by itself. What it writes are the bytes
// that libais writes, and it reads an answer exactly when libais does, to the same
// effect.
func TestTheFrontFramesAndReadsAsTheGoSideDoes(t *testing.T) {
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	onEachArch(t, func(t *testing.T, a arch) {
		p := program{Name: "wire", Sources: []string{"wire.c", filepath.Join(top, "capi/front/wire.c")}, Flags: []string{"-I" + top}}
		if a.Flag == "-m64" {
			p.Flags = append(p.Flags, "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
		}
		path := p.build(t, a)
		r := random{rand.New(rand.NewPCG(7, 11))}
		var cases []wireCase
		var in []byte
		for i := range 4000 {
			c := r.request()
			if i%2 == 0 {
				c = r.answer()
			}
			cases = append(cases, c)
			in = counted(in, c.order)
		}
		cmd := exec.Command(path)
		cmd.Env = []string{"ASAN_OPTIONS=detect_leaks=0"}
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, err.(*exec.ExitError).Stderr)
		}
		read := map[string]int{}
		for i, c := range cases {
			if len(out) < 4 || len(out)-4 < int(le.Uint32(out)) {
				t.Fatalf("case %d (%s): nothing said", i, c.what)
			}
			got := out[4 : 4+le.Uint32(out)]
			out = out[4+len(got):]
			if !bytes.Equal(got, c.want) {
				t.Fatalf("case %d (%s): said %d bytes\n%.200x\nwant %d\n%.200x", i, c.what, len(got), got, len(c.want), c.want)
			}
			if len(got) > 0 {
				read[c.what]++
			} else {
				read["refused "+c.what]++
			}
		}
		for _, what := range []string{"node get", "section create", "overwrite", "section", "write", "read", "node", "section id",
			"vector", "parts", "header", "publish", "published", "refused published", "refused node", "refused section id", "refused vector", "refused parts", "refused header"} {
			if read[what] < 20 {
				t.Errorf("%s: only %d cases", what, read[what])
			}
		}
	})
}
