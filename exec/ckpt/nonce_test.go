package ckpt

import (
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// A node that lost its state directory comes back with a start number that it had
// before, and its connections and requests are numbered from the beginning too.
// Only its nonce tells it from its earlier start.
func TestAStartNumberThatComesAgainIsAnotherStart(t *testing.T) {
	s := newScenario()
	start := func(id wire.NodeID, nonce byte) *Service {
		svc := New(Options{Now: s.Now, Wall: s.wall})
		s.services[id] = svc
		s.Add(id, 1, []service.Service{svc}, func(g *gmi.Options, o *service.Options) {
			g.Self.Nonce[15], o.Self.Nonce[15] = nonce, nonce
		})
		return svc
	}
	open := func(id wire.NodeID, name string) ipcwire.Error {
		c, _ := s.Node(id).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
		c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
			Name: []byte(name), Flags: 7, HasAttributes: true,
			Attributes: ipcwire.CkptAttributes{Flags: 1, Size: 10, MaxSections: 1, MaxSectionSize: 10, Retention: 1e18},
		}))
		s.Run()
		r, _ := c.Answer()
		return r.Err
	}
	one := start(1, 1)
	start(2, 1)
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
	s.Run()
	if err := open(2, "first"); err != ipcwire.OK {
		t.Fatal(err)
	}
	s.Kill(s.Node(2))
	two := start(2, 2)
	s.FormLosing([]*servicetest.Node{s.Node(1), s.Node(2)})
	s.Run()
	if n := one.state.names["first"].refs; n != 0 {
		t.Errorf("%d handles of the earlier start are open", n)
	}
	// Its first checkpoint again, of its first connection: not the same.
	if err := open(2, "second"); err != ipcwire.OK {
		t.Errorf("its first open: %s", err)
	}
	for _, svc := range []*Service{one, two} {
		if n := svc.state.names["second"].refs; n != 1 {
			t.Errorf("%d handles of the new start", n)
		}
		if err := svc.state.verify(svc.self); err != nil {
			t.Error(err)
		}
	}
	if a, b := one.state.text(0), two.state.text(0); a != b {
		t.Errorf("the nodes differ:\n%s\n%s", a, b)
	}
}
