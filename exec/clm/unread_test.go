package clm

import (
	"testing"

	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Clients that ask and never read hold little of the executive's memory, however
// much their connections would take, and are told the latest when they read.
func TestAClientThatNeverReadsHoldsLittleMemoryAndIsToldTheLatest(t *testing.T) {
	c := servicetest.New()
	for id := range wire.NodeID(3) {
		c.Add(1+id, 1, []service.Service{New()})
	}
	c.Form([]*servicetest.Node{c.Node(1), c.Node(2)}, []*servicetest.Node{c.Node(3)})
	c.Run()
	conn, err := c.Node(1).Connect(ipcwire.CLM, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	current := ipcwire.AppendClmTrackReq(nil, &ipcwire.ClmTrackReq{Flags: trackCurrent | trackChanges})
	refused := 0
	for range 3000 {
		conn.Request(ipcwire.ClmTrack, current)
		if r, ok := conn.Answer(); !ok || r.Err != ipcwire.OK {
			t.Fatalf("track: %+v %v", r, ok)
		}
		conn.Request(ipcwire.ClmNodeGetAsync, ipcwire.AppendClmNodeGetReq(nil, &ipcwire.ClmNodeGetReq{NodeID: localNode}))
		if r, _ := conn.Answer(); r.Err == ipcwire.ErrTryAgain {
			refused++
		} else if r.Err != ipcwire.OK {
			t.Fatal(r.Err)
		}
	}
	if n := conn.Pending(); n < unread || n > unread+4096 {
		t.Errorf("%d bytes are queued, want little more than %d", n, unread)
	}
	if refused == 0 {
		t.Error("no asynchronous request was answered TRY_AGAIN")
	}
	c.Form([]*servicetest.Node{c.Node(1), c.Node(2), c.Node(3)})
	c.Run()
	var last ipcwire.ClmView
	read := func() {
		for cb, ok := conn.Read(); ok; cb, ok = conn.Read() {
			if cb.Op == ipcwire.ClmTrackCallback && !ipcwire.DecodeClmView(cb.Body, &last) {
				t.Fatal("a view does not decode")
			}
		}
	}
	read()
	c.Advance(retryDelay)
	read()
	if last.Members != 3 {
		t.Errorf("the last view has %d members, want 3", last.Members)
	}
}
