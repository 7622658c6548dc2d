package evs

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

var testLimits = Limits{
	QueueBytes: 10 << 10, HighBytes: 20 << 10, LowBytes: 5 << 10, TotalHigh: 100 << 10,
	ConnLimit: 200 << 10, TotalLimit: 400 << 10, Patience: int64(5 * time.Second),
}

// flock is a cluster with EVS, one service per node.
type flock struct {
	*servicetest.Cluster
	evs map[wire.NodeID]*Service
}

func newFlock(nodes int) *flock {
	f := &flock{servicetest.New(), map[wire.NodeID]*Service{}}
	for id := wire.NodeID(1); id <= wire.NodeID(nodes); id++ {
		s := New(Options{Limits: testLimits})
		f.evs[id] = s
		f.Add(id, 1, []service.Service{s})
	}
	f.Form(f.Nodes)
	return f
}

func (f *flock) connect(t testing.TB, id wire.NodeID, group string) *servicetest.Conn {
	t.Helper()
	c, err := f.Node(id).Connect(ipcwire.EVS, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	c.Request(ipcwire.EvsJoin, ipcwire.AppendEvsGroups(nil, &ipcwire.EvsGroups{Groups: []ipcwire.EvsGroup{groupKey(group)}}))
	if r, _ := c.Answer(); r.Err != ipcwire.OK {
		t.Fatal(r.Err)
	}
	return c
}

// send multicasts a numbered message of 1000 bytes to group "g".
func send(c *servicetest.Conn, n int) ipcwire.Error {
	q := ipcwire.EvsMcast{Guarantee: 2, Priority: 2, Groups: []ipcwire.EvsGroup{groupKey("g")}, Payload: make([]byte, 1000)}
	binary.LittleEndian.PutUint32(q.Payload, uint32(n))
	c.Request(ipcwire.EvsMcastGroups, ipcwire.AppendEvsMcast(nil, &q))
	r, _ := c.Answer()
	return r.Err
}

// read takes up to n callbacks and returns the numbers of the messages.
func read(t testing.TB, c *servicetest.Conn, n int) (got []int) {
	t.Helper()
	for range n {
		cb, ok := c.Read()
		if !ok {
			break
		}
		var d ipcwire.EvsDelivery
		if cb.Op == ipcwire.EvsDeliver {
			if !ipcwire.DecodeEvsDelivery(cb.Body, &d) {
				t.Fatal("a delivery does not decode")
			}
			got = append(got, int(binary.LittleEndian.Uint32(d.Payload)))
		}
	}
	return got
}

func TestSendersEverywhereArePutOffWhileAReceiverAnywhereDoesNotKeepUpAndNothingIsLost(t *testing.T) {
	f := newFlock(3)
	sender := f.connect(t, 1, "senders")
	slow := f.connect(t, 3, "g")
	fast := f.connect(t, 2, "g")
	next, refused, most := 0, 0, 0
	var atSlow, atFast []int
	for round := range 2000 {
		for range 20 {
			switch err := send(sender, next); err {
			case ipcwire.OK:
				next++
			case ipcwire.ErrTryAgain:
				refused++
			default:
				t.Fatal(err)
			}
		}
		f.Round()
		f.Advance(pollInterval)
		most = max(most, slow.Pending())
		atFast = append(atFast, read(t, fast, 1000)...)
		if round%3 == 0 {
			atSlow = append(atSlow, read(t, slow, 3)...)
		}
	}
	if refused == 0 || next < 1500 {
		t.Errorf("%d accepted, %d refused", next, refused)
	}
	if bound := testLimits.HighBytes + 2*testLimits.QueueBytes + 2000; most > bound {
		t.Errorf("up to %d bytes waited for the slow receiver, more than %d", most, bound)
	}
	f.Run()
	atFast = append(atFast, read(t, fast, 1<<20)...)
	atSlow = append(atSlow, read(t, slow, 1<<20)...)
	for name, got := range map[string][]int{"fast": atFast, "slow": atSlow} {
		if len(got) != next {
			t.Errorf("the %s receiver got %d of %d", name, len(got), next)
		}
		for i, n := range got {
			if n != i {
				t.Fatalf("the %s receiver got %d as its message %d", name, n, i)
			}
		}
	}
	f.Advance(10 * pollInterval)
	f.Run()
	for id, s := range f.evs {
		if s.Pressed() || s.Stats().Dropped != 0 {
			t.Errorf("node %d after the flood: pressed %v, %+v", id, s.Pressed(), s.Stats())
		}
	}
}

func TestAReceiverThatNeverReadsIsEndedAfterThePatienceAndSendersGoOn(t *testing.T) {
	f := newFlock(2)
	sender := f.connect(t, 1, "senders")
	dead := f.connect(t, 2, "g")
	for n := 0; send(sender, n) == ipcwire.OK || !f.evs[1].Pressed(); n++ {
		f.Round()
	}
	f.Advance(testLimits.Patience - int64(100*time.Millisecond))
	f.Run()
	if dead.Closed != "" || send(sender, 0) != ipcwire.ErrTryAgain {
		t.Fatalf("before the patience is over: closed %q", dead.Closed)
	}
	f.Advance(int64(200 * time.Millisecond))
	f.Run()
	if !strings.Contains(dead.Closed, "too slowly") || f.evs[2].Stats().Dropped != 1 {
		t.Errorf("closed %q, %+v", dead.Closed, f.evs[2].Stats())
	}
	if err := send(sender, 0); err != ipcwire.OK {
		t.Errorf("the sender is still refused: %s", err)
	}
	if log := strings.Join(f.Log, "\n"); !strings.Contains(log, "too slowly") {
		t.Errorf("log: %q", log)
	}
}

func TestPressureSurvivesAConfigurationChangeAndIsForgottenWithItsMember(t *testing.T) {
	f := newFlock(3)
	sender := f.connect(t, 1, "senders")
	slow := f.connect(t, 3, "g")
	press := func() {
		t.Helper()
		for n := 0; !f.evs[1].Pressed(); n++ {
			send(sender, n)
			f.Round()
			if n > 1000 {
				t.Fatal("no pressure")
			}
		}
	}
	press()
	f.Form(f.Nodes)
	f.Run()
	if !f.evs[1].Pressed() || !f.evs[2].Pressed() {
		t.Error("pressure is forgotten in the next configuration")
	}
	f.Form(f.Nodes[:2], f.Nodes[2:])
	f.Run()
	if f.evs[1].Pressed() || !f.evs[3].Pressed() {
		t.Error("pressure of a member that left is kept")
	}
	f.Form(f.Nodes)
	f.Run()
	if !f.evs[1].Pressed() {
		t.Error("a member under pressure came and nobody knows")
	}
	// Relief while the word of pressure is still queued behind a change.
	read(t, slow, 1<<20)
	f.Advance(2 * pollInterval)
	f.Run()
	if f.evs[1].Pressed() {
		t.Fatal("no relief")
	}
	for range 30 {
		send(sender, 0)
		f.Node(1).Pull()
	}
	for f.Node(3).Take() {
	}
	if !f.evs[3].Pressed() || f.evs[1].Pressed() {
		t.Fatalf("pressure at 3 %v, at 1 %v", f.evs[3].Pressed(), f.evs[1].Pressed())
	}
	read(t, slow, 1<<20)
	f.Form(f.Nodes)
	f.Advance(2 * pollInterval)
	f.Run()
	for id, s := range f.evs {
		if s.Pressed() {
			t.Errorf("node %d is under pressure for ever", id)
		}
	}
}

func TestAQueueThatIsFullEndsItsConnectionAndOnlyThat(t *testing.T) {
	f := newFlock(1)
	a, b := f.connect(t, 1, "g"), f.connect(t, 1, "g")
	a.Limit = 3000
	for n := range 5 {
		if err := send(b, n); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	f.Run()
	if !strings.Contains(a.Closed, "full") || b.Closed != "" {
		t.Errorf("closed: %q, %q", a.Closed, b.Closed)
	}
	if got := read(t, b, 100); len(got) != 5 {
		t.Errorf("the other connection got %v", got)
	}
}

func TestWhenAllConnectionsTogetherHoldTooMuchTheLargestIsEnded(t *testing.T) {
	f := newFlock(1)
	s := f.evs[1]
	s.limits.HighBytes, s.limits.TotalHigh = 1<<30, 1<<30 // no pressure in this test
	var conns []*servicetest.Conn
	for range 5 {
		conns = append(conns, f.connect(t, 1, "g"))
	}
	for n := 0; s.Stats().Dropped == 0; n++ {
		send(conns[0], n)
		f.Run()
		read(t, conns[1], 1)
		if n > 10000 {
			t.Fatal("nobody is ended")
		}
	}
	if conns[1].Closed != "" {
		t.Errorf("the one that reads is ended: %s", conns[1].Closed)
	}
	total := 0
	for _, c := range conns {
		if c.Closed == "" {
			total += c.Pending()
		}
	}
	if total > testLimits.TotalLimit {
		t.Errorf("%d bytes are held", total)
	}
}

func TestMulticastsAreTakenWhileTheQueueIsShortAndOneTooLargeNever(t *testing.T) {
	f := newFlock(1)
	c := f.connect(t, 1, "g")
	sendOf := func(size int) ipcwire.Error {
		q := ipcwire.EvsMcast{Groups: []ipcwire.EvsGroup{groupKey("x")}, Priority: 3, Payload: make([]byte, size)}
		c.Request(ipcwire.EvsMcastGroups, ipcwire.AppendEvsMcast(nil, &q))
		r, _ := c.Answer()
		return r.Err
	}
	for _, tc := range []struct {
		size int
		want ipcwire.Error
	}{
		{1000, ipcwire.OK},
		{1 << 19, ipcwire.OK}, // little waits before it
		{100, ipcwire.ErrTryAgain},
		{1 << 20, ipcwire.ErrTooBig}, // with its header
	} {
		if err := sendOf(tc.size); err != tc.want {
			t.Errorf("%d bytes: %s, not %s", tc.size, err, tc.want)
		}
	}
	// What was sent of a large message does not wait: the next is taken in time
	// for the ring to go on without a pause.
	for f.Node(1).GMI.Queued(gmi.Free, gmi.Low) > testLimits.QueueBytes {
		f.Node(1).Pull()
	}
	if f.Node(1).GMI.Backlog() == 0 || sendOf(1<<19) != ipcwire.OK {
		t.Error("nothing is taken before the queue is empty")
	}
}

// plainConn hides what a connection can do beyond service.Conn.
type plainConn struct{ service.Conn }

func TestAConnectionThatTakesNoPartsGetsTheSameCallbacks(t *testing.T) {
	f := newFlock(1)
	a := f.connect(t, 1, "g")
	b := f.connect(t, 1, "g")
	cl := b.State().(*client)
	cl.conn, cl.payload = plainConn{b}, nil
	c := f.connect(t, 1, "g")
	for n := range 3 {
		send(a, n)
	}
	f.Run()
	want := fmt.Sprint(a.Callbacks)
	for _, o := range []*servicetest.Conn{b, c} {
		if got := fmt.Sprint(o.Callbacks); got != want {
			t.Errorf("%s\nis not\n%s", got, want)
		}
	}
}

// countConn counts callbacks and keeps nothing.
type countConn struct {
	service.Conn
	state any
	count int
}

func (c *countConn) SetState(v any)                               { c.state = v }
func (c *countConn) State() any                                   { return c.state }
func (c *countConn) ID() uint64                                   { return 1 }
func (c *countConn) Pending() int                                 { return 0 }
func (c *countConn) Notify(ipcwire.Op, []byte) bool               { c.count++; return true }
func (c *countConn) NotifyPayload(_ ipcwire.Op, _, _ []byte) bool { c.count++; return true }
func (c *countConn) Respond(_ uint32, _ ipcwire.Error, _ []byte)  {}

func TestSendingAndDeliveringCostNoAllocationInSteadyState(t *testing.T) {
	f := newFlock(1)
	s, g := f.evs[1], f.Node(1).GMI
	c := &countConn{}
	s.LibInit(c, ipcwire.GenB, nil)
	s.LibRequest(c, 1, ipcwire.EvsJoin, ipcwire.AppendEvsGroups(nil, &ipcwire.EvsGroups{Groups: []ipcwire.EvsGroup{groupKey("g"), groupKey("h")}}))
	body := ipcwire.AppendEvsMcast(nil, &ipcwire.EvsMcast{Priority: 2, Payload: make([]byte, 100)})
	buf := make([]byte, 1400)
	g.Next(buf)
	msg := append(appendHeader(nil, []ipcwire.EvsGroup{groupKey("g"), groupKey("h")}), make([]byte, 100)...)
	round := func() {
		s.LibRequest(c, 2, ipcwire.EvsMcastJoined, body)
		g.Next(buf)
		s.Deliver(wire.Member{ID: 2}, msg, 0, false)
	}
	round()
	before := c.count
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations per message", n)
	}
	if c.count == before || s.Stats().Multicasts < 100 {
		t.Error("nothing was sent or delivered")
	}
}

func FuzzDeliver(f *testing.F) {
	f.Add(append(appendHeader(nil, []ipcwire.EvsGroup{groupKey("g")}), "text"...))
	f.Add([]byte{kindPressure})
	f.Add([]byte{kindMulticast, 0xff, 0xff})
	fl := newFlock(1)
	c := &countConn{}
	s := fl.evs[1]
	s.LibInit(c, ipcwire.GenB, nil)
	f.Fuzz(func(t *testing.T, msg []byte) {
		s.Deliver(wire.Member{ID: 2, Start: 1}, msg, 0, false)
		if len(s.pressure.others) > 1 {
			t.Error("one member is under pressure twice")
		}
	})
}

func FuzzRequest(f *testing.F) {
	f.Add(uint16(ipcwire.EvsMcastGroups), ipcwire.AppendEvsMcast(nil, &ipcwire.EvsMcast{Groups: []ipcwire.EvsGroup{groupKey("g")}}))
	f.Add(uint16(ipcwire.EvsJoin), ipcwire.AppendEvsGroups(nil, &ipcwire.EvsGroups{Groups: []ipcwire.EvsGroup{groupKey("g")}}))
	f.Fuzz(func(t *testing.T, op uint16, body []byte) {
		fl := newFlock(1)
		c, _ := fl.Node(1).Connect(ipcwire.EVS, ipcwire.GenA, nil)
		for range 2 {
			c.Request(ipcwire.Op(op), body)
			fl.Run()
		}
		if len(c.Responses) != 2 {
			t.Errorf("%d answers to 2 requests", len(c.Responses))
		}
	})
}
