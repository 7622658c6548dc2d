package ckpt

import (
	"fmt"
	"testing"
	"time"

	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// large is a service with many sections, on one node.
func large(tb testing.TB, sections int) *Service {
	s := newScenario()
	svc := s.start(1, 1, 8<<30)
	svc.state.save.on = true
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("large"), Flags: 7, HasAttributes: true,
		Attributes: ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, Size: uint64(sections) << 10, MaxSections: uint32(sections), MaxSectionSize: 1 << 10, MaxSectionIDSize: 16},
	}))
	s.Run()
	r, _ := svc.state.ref(clientKey{svc.self, c.ID()}, 1)
	data := make([]byte, 100)
	for i := range sections {
		if _, err := svc.state.sectionCreate(r, &ipcwire.CkptSectionCreateReq{
			Section: fmt.Appendf(nil, "section-%07d", i), Expiration: ipcwire.CkptTimeEnd, Data: data,
		}, 1, 0); err != ipcwire.OK {
			tb.Fatal(err)
		}
	}
	return svc
}

// What holds up the owner's goroutine: the digest at a barrier, and a cut of
// everything. Neither copies data.
func BenchmarkDigestOf100000Sections(b *testing.B) {
	svc := large(b, 100_000)
	for b.Loop() {
		svc.state.digest()
	}
}

func BenchmarkFullCutOf100000Sections(b *testing.B) {
	svc := large(b, 100_000)
	for b.Loop() {
		svc.state.save.all = true
		svc.state.cut(0)
	}
}

// A cut takes what changed, however much there is.
func TestACutOfOneChangedSectionDoesNotLookAtTheOthers(t *testing.T) {
	svc := large(t, 20_000)
	svc.state.cut(0)
	ck := svc.state.names["large"]
	r := ref{ck, 7}
	began := time.Now()
	const n = 1000
	for i := range n {
		if err := svc.state.overwrite(r, fmt.Appendf(nil, "section-%07d", i), []byte("new"), 1, 0); err != ipcwire.OK {
			t.Fatal(err)
		}
		c := svc.state.cut(0)
		if c.Sections != 1 || c.Checkpoints != 0 || c.Bytes != 3 || c.Full {
			t.Fatalf("%+v", c)
		}
	}
	t.Logf("%v for a write and a cut", time.Since(began)/n)
	if c := svc.state.cut(0); c.Sections+c.Checkpoints != 0 || svc.state.unsaved() {
		t.Fatalf("%+v", c)
	}
}

// One checkpoint may have as much as every member lets it have.
func TestACheckpointGrowsToItsLimitOnly(t *testing.T) {
	s := newScenario()
	one, two := s.start(1, 1, 1<<20), s.start(2, 1, 1<<20)
	two.opt.Each = 1000 // before the members meet
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	ask := func(op ipcwire.Op, body []byte) ipcwire.Error {
		c.Request(op, body)
		s.Run()
		r, _ := c.Answer()
		return r.Err
	}
	for _, name := range []string{"one", "two"} {
		if err := ask(ipcwire.CkptOpen, s.open(t, name, "rwc", nil, 0)); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	create := func(handle uint32, id string, size int) ipcwire.Error {
		return ask(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: handle, Section: []byte(id), Data: make([]byte, size), Expiration: ipcwire.CkptTimeEnd,
		}))
	}
	overwrite := func(handle uint32, id string, size int) ipcwire.Error {
		return ask(ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: handle, Section: []byte(id), Data: make([]byte, size)}))
	}
	for i, x := range []struct{ got, want ipcwire.Error }{
		{create(1, "a", 600), ipcwire.OK},
		{create(1, "b", 401), ipcwire.ErrNoMemory},
		{create(1, "b", 400), ipcwire.OK},
		{create(1, "c", 0), ipcwire.OK},
		{overwrite(1, "a", 601), ipcwire.ErrNoMemory},
		{overwrite(1, "a", 600), ipcwire.OK},
		{overwrite(1, "a", 10), ipcwire.OK},
		{create(2, "a", 1000), ipcwire.OK},
		{create(2, "b", 1), ipcwire.ErrNoMemory},
	} {
		if x.got != x.want {
			t.Errorf("%d: %s, not %s", i, x.got, x.want)
		}
	}
	for _, svc := range []*Service{one, two} {
		if err := svc.state.verify(svc.self); err != nil {
			t.Error(err)
		}
	}
}
