package service_test

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const opPatient ipcwire.Op = 2

// patientBook is a book that also takes words with a time limit before them.
type patientBook struct {
	*book
	left  []time.Duration // what was left of the limits of the requests taken
	order []uint64        // their connections
}

func (b *patientBook) TimeLimit(op ipcwire.Op, body []byte) []byte {
	if op != opPatient || len(body) < 8 {
		return nil
	}
	return body[:8]
}

func (b *patientBook) LibRequest(c service.Conn, seq uint32, op ipcwire.Op, body []byte) {
	if op == opPatient {
		b.left = append(b.left, time.Duration(binary.LittleEndian.Uint64(body)))
		b.order = append(b.order, c.ID())
		body = body[8:]
	}
	b.book.LibRequest(c, seq, op, body)
}

type patience struct {
	*fixture
	book *patientBook
	node *servicetest.Node
}

// fullHouse is a node without room for another word of 900 bytes.
func fullHouse(t *testing.T) *patience {
	t.Helper()
	f := &fixture{Cluster: servicetest.New(), books: map[*servicetest.Node][]*book{}}
	b := &patientBook{book: newBook(&f.w, 3)}
	n := f.Add(1, 1, []service.Service{b}, func(g *gmi.Options, _ *service.Options) {
		g.MaxMessage, g.QueueLimits = 1000, [gmi.Priorities]int{4000, 4000, 4000, 4000}
	})
	f.Form([]*servicetest.Node{n})
	f.Run()
	p := &patience{f, b, n}
	p.fill(t)
	return p
}

func (p *patience) fill(t *testing.T) {
	t.Helper()
	for range 3 {
		p.write(t, 1, 3, long, ipcwire.OK)
	}
}

// freeOne makes room for one word of 900 bytes.
func (p *patience) freeOne() {
	p.node.Pull()
	p.node.Manager.Flush()
}

func wait(c *servicetest.Conn, limit time.Duration) {
	c.Request(opPatient, append(binary.LittleEndian.AppendUint64(nil, uint64(limit)), long...))
}

func answered(t *testing.T, what string, c *servicetest.Conn, want ipcwire.Error) {
	t.Helper()
	if r, ok := c.Answer(); !ok || r.Err != want {
		t.Errorf("%s: answered %v: %v, want %v", what, ok, r.Err, want)
	}
}

func waits(t *testing.T, what string, c *servicetest.Conn) {
	t.Helper()
	if r, ok := c.Answer(); ok {
		t.Errorf("%s: answered %v, and should wait", what, r.Err)
	}
}

func TestARequestWithATimeLimitWaitsForRoomAndGetsItInOrderOfArrival(t *testing.T) {
	p := fullHouse(t)
	first, greedy, second := p.client(t, 3), p.client(t, 3), p.client(t, 3)
	wait(first, time.Minute)
	if err := ask(greedy, long); err != ipcwire.ErrTryAgain {
		t.Errorf("one without a limit: %v", err)
	}
	wait(second, time.Minute)
	p.Advance(int64(600 * time.Millisecond)) // longer than a claim lasts that nobody comes back for
	waits(t, "the first", first)
	p.freeOne()
	answered(t, "the first", first, ipcwire.OK)
	waits(t, "the second", second)
	if err := ask(greedy, long); err != ipcwire.ErrTryAgain {
		t.Errorf("one without a limit, with the queue full again: %v", err)
	}
	p.freeOne()
	answered(t, "the second", second, ipcwire.OK)
	if !slices.Equal(p.book.order, []uint64{first.ID(), second.ID()}) {
		t.Errorf("taken in order %v", p.book.order)
	}
	for _, left := range p.book.left {
		if left != time.Minute-600*time.Millisecond {
			t.Errorf("the service was told that %v are left", left)
		}
	}
	if s := p.node.Manager.Stats(); s.Waited != 2 || s.TryAgainRing != 2 {
		t.Errorf("%d waited, %d had to try again", s.Waited, s.TryAgainRing)
	}
	p.Run()
	if n := len(p.book.words); n != 5 {
		t.Errorf("%d words", n)
	}
	p.check(t)
}

func TestWhoWaitsInVainIsToldTimeoutAtItsLimitAndTryAgainAfterASecond(t *testing.T) {
	p := fullHouse(t)
	short, endless, own := p.client(t, 3), p.client(t, 3), p.client(t, 3)
	wait(short, 300*time.Millisecond)
	wait(endless, 1<<63-1)
	wait(own, 0)
	p.Advance(int64(299 * time.Millisecond))
	waits(t, "before its limit", short)
	p.Advance(int64(time.Millisecond))
	answered(t, "at its limit", short, ipcwire.ErrTimeout)
	p.Advance(int64(699 * time.Millisecond))
	waits(t, "for less than a second", endless)
	waits(t, "for less than a second", own)
	p.Advance(int64(time.Millisecond))
	answered(t, "after a second", endless, ipcwire.ErrTryAgain)
	answered(t, "after a second, with the service's limit", own, ipcwire.ErrTryAgain)
	p.Run()
	if len(p.book.order) != 0 {
		t.Errorf("%d requests were taken that had been answered", len(p.book.order))
	}
	wait(endless, time.Second)
	answered(t, "with room", endless, ipcwire.OK)
}

func TestARequestThatWaitsEndsWithItsConnectionAndNoSecondOneWaits(t *testing.T) {
	p := fullHouse(t)
	gone, next := p.client(t, 3), p.client(t, 3)
	wait(gone, time.Minute)
	wait(gone, time.Minute)
	answered(t, "a second one of the connection", gone, ipcwire.ErrTryAgain)
	wait(next, time.Minute)
	gone.Close()
	p.freeOne()
	answered(t, "the next", next, ipcwire.OK)
	p.Advance(int64(2 * time.Second))
	waits(t, "whose connection is gone", gone)
	if !slices.Equal(p.book.order, []uint64{next.ID()}) {
		t.Errorf("taken: %v", p.book.order)
	}
}

func TestARequestWithATimeLimitWaitsForTheEndOfASynchronization(t *testing.T) {
	f := &fixture{Cluster: servicetest.New(), books: map[*servicetest.Node][]*book{}}
	var books []*patientBook
	for id := range wire.NodeID(2) {
		b := &patientBook{book: newBook(&f.w, 3)}
		books = append(books, b)
		f.Add(id+1, 1, []service.Service{b})
	}
	f.Form(f.nodes(1), f.nodes(2))
	f.Run()
	books[0].stuck = true
	f.Form(f.nodes(1, 2))
	f.Run()
	c, d := f.client(t, 3), f.client(t, 3)
	wait(c, time.Minute)
	wait(d, 100*time.Millisecond)
	if err := ask(f.client(t, 3), "word"); err != ipcwire.ErrTryAgain {
		t.Errorf("one without a limit: %v", err)
	}
	f.Advance(int64(100 * time.Millisecond))
	waits(t, "while it lasts", c)
	answered(t, "at its limit", d, ipcwire.ErrTimeout)
	books[0].stuck = false
	f.Run()
	answered(t, "when it is over", c, ipcwire.OK)
	f.Run()
	if len(books[1].words) != 1 {
		t.Errorf("the other node has %d words", len(books[1].words))
	}
	if s := f.Node(1).Manager.Stats(); s.Waited != 2 || s.TryAgainSync != 2 {
		t.Errorf("%d waited, %d had to try again", s.Waited, s.TryAgainSync)
	}
	f.check(t)
}
