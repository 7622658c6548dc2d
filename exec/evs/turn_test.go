package evs

import (
	"encoding/binary"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// streaming is a node whose clients multicast without an answer.
type streaming struct {
	*flock
	n *servicetest.Node
}

func newStreaming(visit int) *streaming {
	f := &flock{servicetest.New(), nil}
	f.Add(1, 1, []service.Service{New(Options{Visit: visit})})
	f.Form(f.Nodes)
	return &streaming{f, f.Node(1)}
}

// offer offers the numbered message of a client, as exec/ipc does from its ring.
func (s *streaming) offer(c *servicetest.Conn, group string, size, n int) bool {
	q := ipcwire.EvsMcast{Guarantee: 2, Priority: 2, Groups: []ipcwire.EvsGroup{groupKey(group)}, Payload: make([]byte, size)}
	binary.LittleEndian.PutUint32(q.Payload, uint32(n))
	return s.n.Manager.Stream(c, ipcwire.EvsMcastGroups, ipcwire.AppendEvsMcast(nil, &q))
}

// fill offers messages until there is no room and returns how many were taken.
func (s *streaming) fill(t *testing.T, c *servicetest.Conn, group string, size int) (taken int) {
	for s.offer(c, group, size, taken) {
		if taken++; taken > 1<<17 {
			t.Fatal("there is room without end")
		}
	}
	return taken
}

// visit pulls up to n payloads, delivers them and returns how many there were.
func (s *streaming) visit(n int) (pulled int) {
	for pulled < n && s.n.Pull() {
		pulled++
	}
	for s.n.Take() {
	}
	return pulled
}

func TestAMessageGoesWithTheSecondVisitAtTheLatestWhateverAnotherClientStreams(t *testing.T) {
	const visit = 64
	for _, size := range []int{8, 64, 1024, 8192} {
		s := newStreaming(visit)
		a, b := s.connect(t, 1, "streams"), s.connect(t, 1, "g")
		for n := range 20 {
			s.fill(t, a, "streams", size)
			s.visit(n) // b's message comes at any time between two visits of a full one
			s.fill(t, a, "streams", size)
			if !s.offer(b, "g", 64, n) {
				t.Fatalf("%d bytes: there is no room for a message of a client that has none waiting", size)
			}
			visits := 0
			for got := []int(nil); len(got) == 0; got = read(t, b, 10) {
				if visits++; visits > 2 {
					t.Fatalf("%d bytes: the message did not come with the second visit", size)
				}
				s.fill(t, a, "streams", size)
				s.visit(visit)
			}
			read(t, a, 1<<20)
		}
	}
}

func TestTheTokenFindsAVisitsWorthWhileAClientHasMore(t *testing.T) {
	for _, visit := range []int{1, 17, 64, 100} {
		for _, size := range []int{1024, 2048, 65536, 1000000} {
			s := newStreaming(visit)
			a := s.connect(t, 1, "streams")
			for range 20 {
				s.fill(t, a, "streams", size)
				if got := s.visit(visit); got != visit {
					t.Errorf("a visit of %d packets, messages of %d bytes: %d packets", visit, size, got)
				}
				read(t, a, 1<<20)
			}
		}
	}
}

func TestRoomBeyondAStreamIsForOneSmallMessageOfAClientAndBounded(t *testing.T) {
	s := newStreaming(64)
	a, b := s.connect(t, 1, "streams"), s.connect(t, 1, "g")
	s.fill(t, a, "streams", 1024)
	if s.offer(b, "g", 2*lightBytes, 0) {
		t.Error("a message that is not small goes before those that wait for room")
	}
	if !s.offer(b, "g", 64, 0) || s.offer(b, "g", 64, 1) {
		t.Error("not exactly one message goes before those that wait for room")
	}
	for range 3 { // it keeps its order and has its turn
		s.visit(64)
	}
	if !s.offer(b, "g", 64, 1) {
		t.Error("there is no room in an empty queue")
	}
	s.visit(64)
	if got := read(t, b, 10); len(got) != 2 || got[0] != 0 || got[1] != 1 {
		t.Errorf("delivered: %v", got)
	}

	s.fill(t, a, "streams", 1024)
	others := 0
	for ; s.offer(s.connect(t, 1, "many"), "g", 900, 0); others++ {
		if others == 100 {
			t.Fatal("there is room for any number of clients")
		}
	}
	if n := s.n.GMI.Payloads(gmi.Free, gmi.Medium); others == 0 || n > 64+64/8+72/lightShare+1 {
		t.Errorf("%d clients, %d payloads wait", others, n)
	}
}

func TestMessagesOfAFewBytesAreBoundedByWhatTheyCost(t *testing.T) {
	s := newStreaming(2048)
	a := s.connect(t, 1, "streams")
	s.fill(t, a, "streams", 4)
	if n := s.n.GMI.Queued(gmi.Free, gmi.Medium); n > DefaultLimits.StreamBytes+1000 {
		t.Errorf("%d bytes wait", n)
	}
}

func TestTheLastPacketOfAVisitIsFullWhileAClientHasMore(t *testing.T) {
	const size, least = 64, 8 // in a packet
	for _, visit := range []int{1, 2, 7, 64} {
		s := newStreaming(visit)
		a := s.connect(t, 1, "streams")
		for range 5 {
			s.fill(t, a, "streams", size)
			s.visit(visit)
			if n := len(read(t, a, 1<<20)); n < visit*least {
				t.Errorf("a visit of %d packets: %d messages", visit, n)
			}
		}
	}
}
