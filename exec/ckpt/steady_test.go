package ckpt

import (
	"fmt"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// loopback is an environment of one node: what is multicast can be delivered.
type loopback struct {
	service.Env
	self wire.Member
	msg  []byte
	id   gmi.MessageID
}

func (e *loopback) Self() wire.Member             { return e.self }
func (e *loopback) SendOK(gmi.Priority, int) bool { return true }
func (e *loopback) MaxMessage() int               { return 1 << 20 }
func (e *loopback) Logf(f string, a ...any)       { panic(fmt.Sprintf(f, a...)) }
func (e *loopback) After(int64, func()) func()    { return func() {} }
func (e *loopback) Queued(gmi.Priority) int       { return 0 }
func (e *loopback) Multicast(_ gmi.Priority, _ wire.Guarantee, parts ...[]byte) (gmi.MessageID, error) {
	e.msg = e.msg[:0]
	for _, p := range parts {
		e.msg = append(e.msg, p...)
	}
	e.id++
	return e.id, nil
}

// mute is a connection that only counts.
type mute struct {
	service.Conn
	state   any
	answers int
	last    ipcwire.Error
}

func (c *mute) ID() uint64                                    { return 1 }
func (c *mute) SetState(v any)                                { c.state = v }
func (c *mute) State() any                                    { return c.state }
func (c *mute) Respond(_ uint32, err ipcwire.Error, _ []byte) { c.answers, c.last = c.answers+1, err }

func TestASteadyWriterAndReaderAllocateNothing(t *testing.T) {
	env := &loopback{self: wire.Member{ID: 1, Start: 1}}
	clock := int64(1)
	s := New(Options{Now: func() int64 { return clock }, Wall: func() int64 { return wallBase + clock }})
	if err := s.ExecInit(env); err != nil {
		t.Fatal(err)
	}
	c := &mute{}
	s.LibInit(c, ipcwire.GenB, nil)
	seq := uint32(0)
	do := func(op ipcwire.Op, body []byte) {
		seq++
		env.msg = env.msg[:0]
		before := c.answers
		s.LibRequest(c, seq, op, body)
		if len(env.msg) > 0 {
			s.Deliver(env.self, env.msg, env.id, false)
			s.Safe(env.id)
		}
		if c.answers != before+1 || c.last != ipcwire.OK {
			t.Fatalf("%#x: %d answers, %v", op, c.answers-before, c.last)
		}
	}
	do(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("one"), Flags: 7, HasAttributes: true, Timeout: 1e9,
		Attributes: ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, Size: 10 << 16, MaxSections: 10, MaxSectionSize: 1 << 16, MaxSectionIDSize: 16},
	}))
	data := make([]byte, 35_000)
	do(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
		Handle: 1, Section: []byte("section"), Expiration: ipcwire.CkptTimeEnd, Data: data,
	}))
	overwrite := ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: 1, Section: []byte("section"), Data: data})
	write := ipcwire.AppendCkptWriteReq(nil, &ipcwire.CkptWriteReq{Handle: 1, Data: data[:100], Elements: []ipcwire.CkptWriteElement{
		{Section: []byte("section"), Offset: 7, Size: 60}, {Section: []byte("section"), Offset: 1000, Size: 40},
	}})
	read := ipcwire.AppendCkptReadReq(nil, &ipcwire.CkptReadReq{Handle: 1, Elements: []ipcwire.CkptReadElement{
		{Section: []byte("section"), Size: ipcwire.CkptToEnd},
	}})
	for name, f := range map[string]func(){
		"overwrite": func() { do(ipcwire.CkptOverwrite, overwrite) },
		"write":     func() { do(ipcwire.CkptWrite, write) },
		"read":      func() { do(ipcwire.CkptRead, read) },
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// The barrier moves names, versions and sizes, not data: a large state is through
// it soon. On this simulated ring only processing counts.
func TestABarrierWithManySections(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 10_000
	}
	s := newScenario()
	s.start(1, 1, 8<<30)
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("large"), Flags: 7, HasAttributes: true,
		Attributes: ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, Size: uint64(n) << 16, MaxSections: uint32(n), MaxSectionSize: 1 << 16, MaxSectionIDSize: 16},
	}))
	s.Run()
	data := make([]byte, 1000)
	for i := range n {
		c.Request(ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: 1, Section: fmt.Appendf(nil, "section-%07d", i), Expiration: ipcwire.CkptTimeEnd, Data: data,
		}))
		if i%1000 == 999 {
			s.Run()
			c.Responses = nil
		}
	}
	s.Run()
	if got := len(s.services[1].state.names["large"].sections); got != n {
		t.Fatalf("%d sections", got)
	}
	s.start(2, 1, 8<<30)
	begin := time.Now()
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
	rounds := 0
	for !s.Node(2).Manager.Synchronized() || !s.Node(1).Manager.Synchronized() {
		s.Round()
		if rounds++; rounds > 10000 {
			t.Fatal("the barrier is never passed")
		}
	}
	barrier := time.Since(begin)
	s.Run()
	t.Logf("%d sections: barrier %v in %d rotations, all data after %v", n, barrier, rounds, time.Since(begin))
	for id := wire.NodeID(1); id <= 2; id++ {
		if err := s.services[id].state.verify(s.services[id].self); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.services[2].state; len(got.names["large"].sections) != n || len(got.filling) != n || got.used != s.services[1].state.used {
		t.Fatalf("%d sections, %d bytes against %d", len(got.names["large"].sections), got.used, s.services[1].state.used)
	}
}
