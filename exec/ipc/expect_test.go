package ipc

import (
	"testing"
	"time"

	"ais/exec/loop"
)

// habitual is a server without sockets, with a client that was back at once the
// last time.
func habitual(t *testing.T) (*Server, *conn) {
	t.Helper()
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &Server{loop: l, conns: map[uint64]*conn{}}
	c := &conn{s: s, id: 1}
	s.conns[1] = c
	back(c)
	return s, c
}

// back has the client ask just after it was answered, however long that takes here.
func back(c *conn) {
	c.back.answered = c.s.loop.Refresh() + time.Hour
	c.returned()
}

// lasting is an answer whose client is expected for longer than a test takes.
func lasting(s *Server, c *conn) {
	c.expect()
	s.expectUntil = s.loop.Refresh() + time.Hour
}

func TestAClientThatAsksAgainAtOnceIsExpectedUntilItDoes(t *testing.T) {
	s, c := habitual(t)
	if s.Expects() {
		t.Error("expected before it was answered")
	}
	lasting(s, c)
	if !s.Expects() || !s.wanted {
		t.Error("not expected after it was answered")
	}
	c.returned()
	if s.Expects() {
		t.Error("expected although it is here")
	}
}

func TestNobodyIsExpectedWhoWasSlowOrIsAnsweredAtOnce(t *testing.T) {
	s, c := habitual(t)
	c.back.answered = s.loop.Refresh() - backTime
	if c.back.answered == 0 {
		c.back.answered = -1
	}
	c.returned()
	lasting(s, c)
	if s.Expects() {
		t.Error("a slow client is expected")
	}
	s, c = habitual(t)
	c.back.now = true
	lasting(s, c)
	if s.Expects() {
		t.Error("a client whose answer needs nobody else is expected")
	}
}

func TestAClientThatDoesNotComeIsExpectedRarely(t *testing.T) {
	s, c := habitual(t)
	times := 0
	for range 1000 {
		c.expect()
		if s.expecting > 0 {
			times++
			s.expectUntil = 0
			if s.Expects() {
				t.Fatal("expected after its time")
			}
		}
		back(c)
		c.back.expected = false
	}
	if times < 10 || times > 1000/32+8 {
		t.Errorf("expected %d of 1000 times", times)
	}
	if s.stats.NotBack != uint64(times) || s.expecting != 0 {
		t.Errorf("%d misses are counted, %d are still expected, it was %d", s.stats.NotBack, s.expecting, times)
	}
	for range 70 {
		lasting(s, c)
		back(c)
	}
	lasting(s, c)
	if !s.Expects() || c.back.misses != 0 {
		t.Error("it comes again, and is not expected")
	}
}

func TestAConnectionThatEndsIsNotExpected(t *testing.T) {
	s, c := habitual(t)
	lasting(s, c)
	c.forget()
	c.forget()
	if s.Expects() || s.expecting != 0 {
		t.Errorf("%d are expected", s.expecting)
	}
}
