package ckpt

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	_ "ais/internal/drawn"
	"ais/libais/ipcwire"

	"pgregory.net/rapid"
)

// The service against a model that is as simple as the specification's words:
// maps of maps, one thing after the other. Every answer must be the same.

type modelSection struct {
	data    []byte
	expires int64
}

type modelCheckpoint struct {
	name     string
	attrs    ipcwire.CkptAttributes
	sections map[string]*modelSection
	order    []string
	refs     int
	unlinked bool
	idleAt   int64
}

type modelHandle struct {
	ck    *modelCheckpoint
	flags uint32
}

type model struct {
	now    int64
	byName map[string]*modelCheckpoint
	all    []*modelCheckpoint
}

// pass lets time pass: sections expire, checkpoints are forgotten.
func (m *model) pass(d int64) {
	m.now += d
	for _, ck := range m.all {
		for id, sec := range ck.sections {
			if sec.expires <= m.now {
				ck.remove(id)
			}
		}
		if ck.refs == 0 && !ck.unlinked && m.byName[ck.name] == ck && ck.attrs.Retention <= m.now-ck.idleAt {
			delete(m.byName, ck.name)
		}
	}
}

func (ck *modelCheckpoint) remove(id string) {
	delete(ck.sections, id)
	for i, x := range ck.order {
		if x == id {
			ck.order = append(ck.order[:i:i], ck.order[i+1:]...)
			break
		}
	}
}

func (ck *modelCheckpoint) size() (n uint64) {
	for _, s := range ck.sections {
		n += uint64(len(s.data))
	}
	return n
}

func (m *model) open(name string, flags uint32, attrs *ipcwire.CkptAttributes) (*modelCheckpoint, ipcwire.Error) {
	if err := ipcwire.CheckCkptOpen([]byte(name), flags, attrs); err != ipcwire.OK {
		return nil, err
	}
	ck := m.byName[name]
	switch {
	case ck == nil && attrs == nil:
		return nil, ipcwire.ErrNotExist
	case ck != nil && attrs != nil:
		a := *attrs
		a.Retention = ck.attrs.Retention
		if a != ck.attrs {
			return nil, ipcwire.ErrExist
		}
	case ck == nil:
		ck = &modelCheckpoint{name: name, attrs: *attrs, sections: map[string]*modelSection{}}
		if attrs.MaxSections == 1 {
			ck.sections[""] = &modelSection{expires: ipcwire.CkptTimeEnd}
			ck.order = []string{""}
		}
		m.byName[name] = ck
		m.all = append(m.all, ck)
	}
	ck.refs++
	return ck, ipcwire.OK
}

func (m *model) close(ck *modelCheckpoint) {
	if ck.refs--; ck.refs == 0 && !ck.unlinked {
		if ck.idleAt = m.now; ck.attrs.Retention == 0 {
			delete(m.byName, ck.name)
		}
	}
}

func (h *modelHandle) create(id string, data []byte, expires, now int64) ipcwire.Error {
	ck := h.ck
	switch {
	case h.flags&2 == 0:
		return ipcwire.ErrAccess
	case ck.attrs.MaxSections == 1:
		return ipcwire.ErrExist
	case uint64(len(id)) > ck.attrs.MaxSectionIDSize || uint64(len(data)) > ck.attrs.MaxSectionSize || expires <= now:
		return ipcwire.ErrInvalidParam
	case ck.sections[id] != nil:
		return ipcwire.ErrExist
	case len(ck.sections) == int(ck.attrs.MaxSections) || ck.size()+uint64(len(data)) > ck.attrs.Size:
		return ipcwire.ErrNoSpace
	}
	ck.sections[id] = &modelSection{bytes.Clone(data), expires}
	ck.order = append(ck.order, id)
	return ipcwire.OK
}

func (h *modelHandle) write(q *ipcwire.CkptWriteReq) (int, ipcwire.Error) {
	ck := h.ck
	if h.flags&2 == 0 {
		return -1, ipcwire.ErrAccess
	}
	if len(q.Elements) == 0 {
		return -1, ipcwire.ErrInvalidParam
	}
	after := map[string][]byte{}
	data := q.Data
	for i, e := range q.Elements {
		sec := ck.sections[string(e.Section)]
		if sec == nil {
			return i, ipcwire.ErrNotExist
		}
		if e.Offset+e.Size > ck.attrs.MaxSectionSize {
			return i, ipcwire.ErrInvalidParam
		}
		d, ok := after[string(e.Section)]
		if !ok {
			d = bytes.Clone(sec.data)
		}
		for uint64(len(d)) < e.Offset+e.Size {
			d = append(d, 0)
		}
		copy(d[e.Offset:], data[:e.Size])
		data = data[e.Size:]
		after[string(e.Section)] = d
	}
	grown := ck.size()
	for id, d := range after {
		grown += uint64(len(d) - len(ck.sections[id].data))
	}
	if grown > ck.attrs.Size && grown > ck.size() {
		return -1, ipcwire.ErrNoSpace
	}
	for id, d := range after {
		ck.sections[id].data = d
	}
	return -1, ipcwire.OK
}

// modelRun is a cluster of two and a model.
type modelRun struct {
	*rapid.T
	s       *scenario
	m       *model
	conns   [2]*servicetest.Conn
	handles [2]map[uint32]*modelHandle
}

func (r *modelRun) ask(at int, op ipcwire.Op, body []byte) servicetest.Response {
	r.conns[at].Request(op, body)
	r.s.Run()
	a, ok := r.conns[at].Answer()
	if !ok {
		r.Fatalf("%#x is not answered", op)
	}
	return a
}

func (r *modelRun) expect(what string, got, want ipcwire.Error) {
	r.Helper()
	if got != want {
		r.Fatalf("%s: %s, the model says %s", what, got, want)
	}
}

// pick is a handle of a connection, sometimes one that is not open.
func (r *modelRun) pick(at int) (uint32, *modelHandle) {
	n := uint32(rapid.IntRange(1, max(len(r.handles[at])+1, 1)).Draw(r.T, "handle"))
	return n, r.handles[at][n]
}

var (
	genName    = rapid.SampledFrom([]string{"a", "b"})
	genSection = rapid.SampledFrom([]string{"s1", "s2", "s3", "section-with-a-long-name"})
	genData    = rapid.SliceOfN(rapid.Byte(), 0, 40)
)

func (r *modelRun) drawAttributes() *ipcwire.CkptAttributes {
	if rapid.Bool().Draw(r.T, "no attributes") {
		return nil
	}
	n := rapid.SampledFrom([]uint32{1, 3}).Draw(r.T, "sections")
	return &ipcwire.CkptAttributes{
		Flags: 1, MaxSections: n, MaxSectionSize: 30, Size: uint64(n) * 20, MaxSectionIDSize: 16,
		Retention: rapid.SampledFrom([]int64{0, 5e9, ipcwire.CkptTimeEnd}).Draw(r.T, "retention"),
	}
}

func (r *modelRun) open(at int) {
	name, attrs := genName.Draw(r.T, "name"), r.drawAttributes()
	flags := rapid.Uint32Range(0, 7).Draw(r.T, "flags")
	q := ipcwire.CkptOpenReq{Name: []byte(name), Flags: flags, HasAttributes: attrs != nil}
	if attrs != nil {
		q.Attributes = *attrs
	}
	a := r.ask(at, ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &q))
	ck, want := r.m.open(name, flags, attrs)
	r.expect("open", a.Err, want)
	if want == ipcwire.OK {
		var o ipcwire.CkptOpened
		if !ipcwire.DecodeCkptOpened(a.Body, &o) || r.handles[at][o.Handle] != nil {
			r.Fatalf("answer %x", a.Body)
		}
		r.handles[at][o.Handle] = &modelHandle{ck, flags}
	}
}

func (r *modelRun) step() {
	at := rapid.IntRange(0, 1).Draw(r.T, "connection")
	what := rapid.SampledFrom([]string{"open", "open", "close", "unlink", "create", "create", "delete", "overwrite", "write", "write",
		"read", "read", "expire", "status", "iterate", "retention", "pass", "exit"}).Draw(r.T, "what")
	n, h := r.pick(at)
	handle := ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: n})
	id := genSection.Draw(r.T, "section")
	if h != nil && h.ck.attrs.MaxSections == 1 && rapid.IntRange(0, 3).Draw(r.T, "default") > 0 {
		id = ""
	}
	bad := func(a servicetest.Response) bool {
		if h == nil {
			r.expect(what, a.Err, ipcwire.ErrBadHandle)
			return true
		}
		return false
	}
	switch what {
	case "open":
		r.open(at)
	case "close":
		if a := r.ask(at, ipcwire.CkptClose, handle); !bad(a) {
			r.expect(what, a.Err, ipcwire.OK)
			delete(r.handles[at], n)
			r.m.close(h.ck)
		}
	case "unlink":
		name := genName.Draw(r.T, "name")
		a := r.ask(at, ipcwire.CkptUnlink, ipcwire.AppendCkptUnlinkReq(nil, &ipcwire.CkptUnlinkReq{Name: []byte(name)}))
		want := ipcwire.ErrNotExist
		if ck := r.m.byName[name]; ck != nil {
			want, ck.unlinked = ipcwire.OK, true
			delete(r.m.byName, name)
		}
		r.expect(what, a.Err, want)
	case "create":
		data := genData.Draw(r.T, "data")
		expires := rapid.SampledFrom([]int64{ipcwire.CkptTimeEnd, wallBase + r.m.now + 5e9, wallBase + r.m.now}).Draw(r.T, "expires")
		if id == "" {
			id = "s1"
		}
		a := r.ask(at, ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: n, Section: []byte(id), Data: data, Expiration: expires,
		}))
		if !bad(a) {
			if expires != ipcwire.CkptTimeEnd {
				expires -= wallBase
			}
			r.expect(what, a.Err, h.create(id, data, expires, r.m.now))
		}
	case "delete", "expire":
		op, expires := ipcwire.CkptSectionDelete, int64(0)
		if what == "expire" {
			op = ipcwire.CkptSectionExpirationSet
			expires = rapid.SampledFrom([]int64{ipcwire.CkptTimeEnd, wallBase + r.m.now + 3e9}).Draw(r.T, "expires")
		}
		a := r.ask(at, op, ipcwire.AppendCkptSectionReq(nil, &ipcwire.CkptSectionReq{Handle: n, Section: []byte(id), Time: expires}))
		if !bad(a) {
			r.expect(what, a.Err, r.m.touch(h, id, what, expires))
		}
	case "overwrite":
		data := genData.Draw(r.T, "data")
		a := r.ask(at, ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: n, Section: []byte(id), Data: data}))
		if !bad(a) {
			r.expect(what, a.Err, h.overwrite(id, data))
		}
	case "write":
		r.write(at, n, h)
	case "read":
		r.read(at, n, h, id)
	case "status":
		if a := r.ask(at, ipcwire.CkptStatusGet, handle); !bad(a) {
			var st ipcwire.CkptStatus
			if !ipcwire.DecodeCkptStatus(a.Body, &st) || st.Attributes != h.ck.attrs || int(st.Sections) != len(h.ck.sections) || st.MemoryUsed != h.ck.size() {
				r.Fatalf("status %+v of %+v", st, h.ck)
			}
		}
	case "iterate":
		a := r.ask(at, ipcwire.CkptSectionIterate, ipcwire.AppendCkptIterateReq(nil, &ipcwire.CkptIterateReq{Handle: n, Chosen: ipcwire.CkptAny, Max: 100}))
		if !bad(a) {
			var list ipcwire.CkptSections
			if !ipcwire.DecodeCkptSections(a.Body, &list) || len(list.Sections) != len(h.ck.order) || !list.End {
				r.Fatalf("iteration %+v of %q", list, h.ck.order)
			}
			for i, sec := range list.Sections {
				if string(sec.Section) != h.ck.order[i] || sec.Size != uint64(len(h.ck.sections[h.ck.order[i]].data)) {
					r.Fatalf("section %d is %+v", i, sec)
				}
			}
		}
	case "retention":
		d := rapid.SampledFrom([]int64{0, 4e9}).Draw(r.T, "duration")
		a := r.ask(at, ipcwire.CkptRetentionSet, ipcwire.AppendCkptTimeReq(nil, &ipcwire.CkptTimeReq{Handle: n, Time: uint64(d)}))
		if !bad(a) {
			want := ipcwire.ErrBadOperation
			if !h.ck.unlinked {
				want, h.ck.attrs.Retention = ipcwire.OK, d
			}
			r.expect(what, a.Err, want)
		}
	case "pass":
		d := rapid.SampledFrom([]int64{1e9, 2e9, 6e9}).Draw(r.T, "time")
		r.s.Advance(d)
		r.s.Run()
		r.m.pass(d)
	case "exit":
		if rapid.IntRange(0, 4).Draw(r.T, "really") == 0 {
			r.conns[at].Close()
			r.s.Run()
			for h := uint32(1); len(r.handles[at]) > 0; h++ {
				if x := r.handles[at][h]; x != nil {
					delete(r.handles[at], h)
					r.m.close(x.ck)
				}
			}
			r.connect(at)
		}
	}
}

func (m *model) touch(h *modelHandle, id, what string, expires int64) ipcwire.Error {
	sec := h.ck.sections[id]
	switch {
	case h.flags&2 == 0:
		return ipcwire.ErrAccess
	case id == "":
		return ipcwire.ErrInvalidParam
	case sec == nil:
		return ipcwire.ErrNotExist
	case what == "delete":
		h.ck.remove(id)
	case expires == ipcwire.CkptTimeEnd:
		sec.expires = expires
	default:
		sec.expires = expires - wallBase
	}
	return ipcwire.OK
}

func (h *modelHandle) overwrite(id string, data []byte) ipcwire.Error {
	sec := h.ck.sections[id]
	switch {
	case h.flags&2 == 0:
		return ipcwire.ErrAccess
	case sec == nil:
		return ipcwire.ErrNotExist
	case uint64(len(data)) > h.ck.attrs.MaxSectionSize:
		return ipcwire.ErrInvalidParam
	case len(data) > len(sec.data) && h.ck.size()+uint64(len(data)-len(sec.data)) > h.ck.attrs.Size:
		return ipcwire.ErrNoSpace
	}
	sec.data = bytes.Clone(data)
	return ipcwire.OK
}

func (r *modelRun) write(at int, n uint32, h *modelHandle) {
	q := ipcwire.CkptWriteReq{Handle: n}
	for range rapid.IntRange(0, 3).Draw(r.T, "vectors") {
		id := genSection.Draw(r.T, "section")
		if h != nil && h.ck.attrs.MaxSections == 1 {
			id = ""
		}
		d := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r.T, "data")
		q.Elements = append(q.Elements, ipcwire.CkptWriteElement{Section: []byte(id), Offset: rapid.Uint64Range(0, 20).Draw(r.T, "offset"), Size: uint64(len(d))})
		q.Data = append(q.Data, d...)
	}
	a := r.ask(at, ipcwire.CkptWrite, ipcwire.AppendCkptWriteReq(nil, &q))
	if h == nil {
		r.expect("write", a.Err, ipcwire.ErrBadHandle)
		return
	}
	index, want := h.write(&q)
	r.expect("write", a.Err, want)
	var v ipcwire.CkptVectorResult
	if got := ipcwire.DecodeCkptVectorResult(a.Body, &v); got != (index >= 0) || got && int(v.Index) != index {
		r.Fatalf("write: vector %v %d, the model says %d", got, v.Index, index)
	}
}

func (r *modelRun) read(at int, n uint32, h *modelHandle, id string) {
	offset, size := rapid.Uint64Range(0, 25).Draw(r.T, "offset"), rapid.SampledFrom([]uint64{0, 5, 100, ipcwire.CkptToEnd}).Draw(r.T, "size")
	a := r.ask(at, ipcwire.CkptRead, ipcwire.AppendCkptReadReq(nil, &ipcwire.CkptReadReq{Handle: n, Elements: []ipcwire.CkptReadElement{{Section: []byte(id), Offset: offset, Size: size}}}))
	want := ipcwire.ErrBadHandle
	var data []byte
	if h != nil {
		sec := h.ck.sections[id]
		switch {
		case h.flags&1 == 0:
			want = ipcwire.ErrAccess
		case sec == nil:
			want = ipcwire.ErrNotExist
		case offset > uint64(len(sec.data)):
			want = ipcwire.ErrInvalidParam
		default:
			want = ipcwire.OK
			data = sec.data[offset:]
			data = data[:min(uint64(len(data)), size)]
		}
	}
	r.expect("read", a.Err, want)
	if want == ipcwire.OK {
		var res ipcwire.CkptReadResult
		if !ipcwire.DecodeCkptReadResult(a.Body, &res) || len(res.Parts) != 1 || res.Parts[0].Total != uint64(len(data)) || !bytes.Equal(res.Data, data) {
			r.Fatalf("read %+v, the model says %x", res, data)
		}
	}
}

func (r *modelRun) connect(at int) {
	r.conns[at], _ = r.s.Node(wire.NodeID(at+1)).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	r.handles[at] = map[uint32]*modelHandle{}
}

func TestEveryAnswerIsThatOfASimpleModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &modelRun{T: t, s: newScenario(), m: &model{byName: map[string]*modelCheckpoint{}}}
		one, two := r.s.start(1, 1, 1<<30), r.s.start(2, 1, 1<<30)
		r.s.Form([]*servicetest.Node{r.s.Node(1), r.s.Node(2)})
		r.s.Run()
		r.connect(0)
		r.connect(1)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			r.step()
			for _, svc := range []*Service{one, two} {
				if err := svc.state.verify(svc.self); err != nil {
					t.Fatal(err)
				}
			}
			if a, b := one.state.text(0), two.state.text(0); a != b {
				t.Fatalf("the nodes differ:\n%s\n%s", a, b)
			}
		}
	})
}

// FuzzMessages gives the service messages of members that are anything at all: it
// must stand, and its state must stay sound.
func FuzzMessages(f *testing.F) {
	f.Add([]byte{kindExit, 1, 0, 0, 0, 0, 0, 0, 0})
	f.Add(appendRequest(nil, &request{op: ipcwire.CkptOpen, conn: 1, handle: 9}))
	f.Add(putEpoch([]byte{kindPages}, epoch{}))
	f.Fuzz(func(t *testing.T, msg []byte) {
		s := newScenario()
		one := fuzzed(t, s)
		one.Deliver(s.Node(1).Self, msg, 0, false)
		if err := one.state.verify(one.self); err != nil {
			t.Fatal(err)
		}
	})
}

// fuzzed is a service with a checkpoint that a client has open.
func fuzzed(t testing.TB, s *scenario) *Service {
	one := s.start(1, 1, 1<<20)
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{Name: []byte("n"), Flags: 7, HasAttributes: true,
		Attributes: ipcwire.CkptAttributes{Flags: 1, Size: 1 << 30, MaxSections: 10, MaxSectionSize: 1 << 28, MaxSectionIDSize: 9, Retention: int64(time.Hour)}}))
	s.Run()
	if r, ok := c.Answer(); !ok || r.Err != ipcwire.OK {
		t.Fatal(r.Err)
	}
	c.Request(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
		Handle: 1, Section: []byte("s"), Data: []byte("data"), Expiration: wallBase + 1e15,
	}))
	s.Run()
	return one
}

// FuzzState gives a service another partition's state that is anything at all: each
// message with its length before it. It must stand; when the state was not taken its
// own must be as it was.
func FuzzState(f *testing.F) {
	other := newScenario()
	sender := fuzzed(f, other)
	cfg := *sender.sync.cfg
	cfg.Members = append(cfg.Members, wire.Member{ID: 2, Start: 1})
	sender.SyncStart(&cfg, cfg.Members[:1])
	sender.sync.own = sender.sync.claimed
	var seed []byte
	for _, m := range sender.encodeState() {
		seed = append(le.AppendUint16(seed, uint16(len(m))), m...)
	}
	f.Add(seed)
	f.Add(le.AppendUint16(nil, 3))
	f.Fuzz(func(t *testing.T, stream []byte) { takeState(t, stream) })
}

func takeState(t *testing.T, stream []byte) {
	s := newScenario()
	one := fuzzed(t, s)
	from := s.Node(1).Self
	// The other one is of the same id as the sender of the seed, as it were
	// after a partition of one node in two: another nonce.
	two := wire.Member{ID: 2, Start: 1, Nonce: wire.Nonce{2}}
	cfg := *one.sync.cfg
	cfg.Members = []wire.Member{from, two}
	one.SyncStart(&cfg, []wire.Member{from})
	one.Deliver(from, one.encodeBegin(), 0, false)
	begin := le.AppendUint64(le.AppendUint64([]byte{syncBegin}, 1<<20), 1<<20)
	one.Deliver(two, le.AppendUint64(putNode(le.AppendUint32(begin, maxPage), keyOf(two)), 7), 0, false)
	if one.sync.groups == nil {
		t.Fatal("the begin was not taken")
	}
	for len(stream) >= 2 {
		n := min(int(le.Uint16(stream)), len(stream)-2)
		one.Deliver(two, stream[2:2+n], 0, false)
		stream = stream[2+n:]
	}
	malformed := one.stats.Malformed
	one.SyncApply()
	if one.stats.Malformed == malformed {
		return // it was a state, whatever it says
	}
	if err := one.state.verify(one.self); err != nil {
		t.Fatal(err)
	}
	if one.state.names["n"] == nil {
		t.Fatal(fmt.Sprint("the own checkpoint is gone: ", one.losses.list))
	}
}
