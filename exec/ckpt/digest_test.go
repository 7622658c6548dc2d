package ckpt

import (
	"fmt"
	"strings"
	"testing"

	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// A node whose state is not that of its partition, which a fault of its memory or
// of ours would make so, is found at the next barrier; it takes the others' state.
func TestAStateThatDiffersFromItsPartitionsIsTakenAnew(t *testing.T) {
	for _, sick := range []int{1, 2, 3} {
		for name, spoil := range map[string]func(*state){
			"tick":    func(s *state) { s.tick++ },
			"size":    func(s *state) { s.names["one"].attrs.Size++ },
			"expires": func(s *state) { s.names["one"].sections["s"].expiration-- },
			"handle": func(s *state) {
				for _, c := range s.clients {
					c.refs[1] = ref{ck: s.names["one"]}
				}
			},
			"active": func(s *state) {
				for k := range s.clients {
					s.names["one"].active = k.Node
				}
			},
			"gone": func(s *state) {
				ck := s.names["one"]
				s.dropSection(ck, ck.sections["s"])
			},
		} {
			t.Run(fmt.Sprint(name, sick), func(t *testing.T) { spoilt(t, sick, spoil) })
		}
	}
}

func spoilt(t *testing.T, sick int, spoil func(*state)) {
	s := newScenario()
	services := []*Service{s.start(1, 1, 1<<30), s.start(2, 1, 1<<30), s.start(3, 1, 1<<30)}
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2), s.Node(3)})
	s.Run()
	conns := make([]*servicetest.Conn, 3)
	for i := range conns {
		conn, err := s.Node(services[i].self.ID).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
		if err != ipcwire.OK {
			t.Fatal(err)
		}
		conns[i] = conn
		conn.Request(ipcwire.CkptOpen, s.open(t, "one", "rwc", nil, 0))
		s.Run()
	}
	conns[0].Request(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
		Handle: 1, Section: []byte("s"), Data: []byte("data"), Expiration: wallBase + 1e15,
	}))
	s.Run()
	spoil(services[sick-1].state)
	services = append(services, s.start(4, 1, 1<<30))
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2), s.Node(3), s.Node(4)})
	s.Run()
	want := services[3].state.text(0)
	for i, svc := range services {
		if err := svc.state.verify(svc.self); err != nil {
			t.Errorf("node %d: %v", i+1, err)
		}
		if got := svc.state.text(0); got != want || svc.state.digest() != services[3].state.digest() {
			t.Errorf("node %d has\n%sthe joiner\n%s", i+1, got, want)
		}
		if svc.stats.Diverged != 1 {
			t.Errorf("node %d counts %d that differ", i+1, svc.stats.Diverged)
		}
		if sec := svc.state.names["one"].sections["s"]; sec == nil || string(sec.data) != "data" {
			t.Errorf("node %d: the section is gone", i+1)
		}
	}
	for i, c := range conns {
		c.Responses = nil
		c.Request(ipcwire.CkptStatusGet, ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: 1}))
		r, _ := c.Answer()
		if want := map[bool]ipcwire.Error{true: ipcwire.ErrBadHandle, false: ipcwire.OK}[i+1 == sick]; r.Err != want {
			t.Errorf("a handle of node %d: %s, not %s", i+1, r.Err, want)
		}
	}
	log := strings.Join(s.Log, "\n")
	if !strings.Contains(log, fmt.Sprintf("the checkpoints of node %d differ", sick)) || !strings.Contains(log, "what differs: ") {
		t.Errorf("the log says:\n%s", log)
	}
}

// Of two that differ the lower one's state stays: who is right cannot be known.
func TestOfTwoStatesThatDifferTheLowerNodesStays(t *testing.T) {
	s := newScenario()
	one, two := s.start(1, 1, 1<<30), s.start(2, 1, 1<<30)
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
	s.Run()
	two.state.tick++
	three := s.start(3, 1, 1<<30)
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2), s.Node(3)})
	s.Run()
	for _, svc := range []*Service{one, two, three} {
		if svc.stats.Diverged != 1 || svc.state.digest() != one.state.digest() {
			t.Errorf("node %d: %d differ, digest %x", svc.self.ID, svc.stats.Diverged, svc.state.digest())
		}
	}
}
