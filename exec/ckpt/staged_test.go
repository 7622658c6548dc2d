package ckpt

import (
	"testing"

	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// Half of a body came before a configuration change: the rest does not complete
// it, wherever the change falls, and nothing stays counted.
func TestAConfigurationChangeDropsWhatIsStaged(t *testing.T) {
	for cut := range 5 {
		s := newScenario()
		one, two := s.start(1, 1, 1<<30), s.start(2, 1, 1<<30)
		s.Form([]*servicetest.Node{s.Node(1)}, []*servicetest.Node{s.Node(2)})
		s.Run()
		c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
		c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
			Name: []byte("one"), Flags: 7, HasAttributes: true,
			Attributes: ipcwire.CkptAttributes{Flags: 1, Size: 4000, MaxSections: 1, MaxSectionSize: 4000, Retention: 1e9},
		}))
		s.Run()
		used := one.state.used
		body := ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: 1, Data: make([]byte, 4000)})
		const piece = 1100
		for i := 0; i < 5; i++ {
			if i == cut {
				s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
				s.Run()
			}
			if i == 4 {
				break
			}
			from := i * piece
			c.Request(ipcwire.CkptStage, ipcwire.AppendCkptStageReq(nil, &ipcwire.CkptStageReq{
				Stage: 1, Total: uint64(len(body)), Offset: uint64(from), Data: body[from:min(from+piece, len(body))],
			}))
			s.Run()
		}
		c.Responses = nil
		c.Request(ipcwire.CkptCommit, ipcwire.AppendCkptCommitReq(nil, &ipcwire.CkptCommitReq{Stage: 1, Op: ipcwire.CkptOverwrite, Total: uint64(len(body))}))
		s.Run()
		want, size := ipcwire.ErrTryAgain, int64(0)
		if cut == 0 {
			want, size = ipcwire.OK, 4000 // everything came after it
		}
		if r, ok := c.Answer(); !ok || r.Err != want {
			t.Errorf("cut %d: %v %s", cut, ok, r.Err)
		}
		for _, svc := range []*Service{one, two} {
			if svc.state.used != used+size {
				t.Errorf("cut %d: %d bytes are counted, not %d", cut, svc.state.used, used+size)
			}
			if err := svc.state.verify(svc.self); err != nil {
				t.Error(err)
			}
		}
	}
}

// Staged pieces count against the memory limit, and a commit says so.
func TestWhatIsStagedBeyondTheMemoryIsRefused(t *testing.T) {
	s := newScenario()
	one := s.start(1, 1, 5000)
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	for i := range 4 {
		c.Request(ipcwire.CkptStage, ipcwire.AppendCkptStageReq(nil, &ipcwire.CkptStageReq{
			Stage: 1, Total: 8000, Offset: uint64(i) * 2000, Data: make([]byte, 2000),
		}))
		s.Run()
	}
	c.Responses = nil
	c.Request(ipcwire.CkptCommit, ipcwire.AppendCkptCommitReq(nil, &ipcwire.CkptCommitReq{Stage: 1, Op: ipcwire.CkptOverwrite, Total: 8000}))
	s.Run()
	if r, ok := c.Answer(); !ok || r.Err != ipcwire.ErrNoMemory {
		t.Errorf("%v %s", ok, r.Err)
	}
	if one.state.used != 0 {
		t.Errorf("%d bytes stay counted", one.state.used)
	}
}

// The cluster keeps what its least member is willing to keep.
func TestTheLeastMembersMemoryIsTheLimit(t *testing.T) {
	s := newScenario()
	one, two := s.start(1, 1, 1<<20), s.start(2, 1, 20_000)
	s.Form([]*servicetest.Node{s.Node(1), s.Node(2)})
	s.Run()
	if one.state.limit().all != 20_000 || two.state.limit().all != 20_000 {
		t.Fatalf("limits %d and %d", one.state.limit(), two.state.limit())
	}
	c, _ := s.Node(1).Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	c.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("one"), Flags: 7, HasAttributes: true,
		Attributes: ipcwire.CkptAttributes{Flags: 1, Size: 90_000, MaxSections: 1, MaxSectionSize: 90_000, Retention: 1e9},
	}))
	s.Run()
	c.Responses = nil
	write := func() ipcwire.Error {
		c.Request(ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: 1, Data: make([]byte, 30_000)}))
		s.Run()
		r, _ := c.Answer()
		return r.Err
	}
	if err := write(); err != ipcwire.ErrNoMemory {
		t.Errorf("beyond it: %s", err)
	}
	s.Kill(s.Node(2))
	s.Form([]*servicetest.Node{s.Node(1)})
	s.Run()
	if err := write(); err != ipcwire.OK {
		t.Errorf("when it has gone: %s", err)
	}
}
