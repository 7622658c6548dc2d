package ipc

// This file is requests and answers through shared memory, one at a time (the
// protocol is that of libais/ipcwire/ask.go), and how long the loop looks for the
// next one before it sleeps. What the library writes is copied out once and judged
// there; a library that breaks the rules loses its connection, and whatever else it
// does with the memory concerns nobody but itself.

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// asking is the memory of a connection.
type asking struct {
	m     *askShm
	taken uint32 // number of the last request that was taken from it
	hot   bool   // on Server.asking: it is looked at
}

// openAsk answers OpAsk.
func (c *conn) openAsk(seq uint32) {
	s := c.s
	switch {
	case c.ask != nil || c.resp.bytes > 0:
		c.Respond(seq, ipcwire.ErrBusy, nil)
		return
	case !s.stats.AsksOffered || s.stats.Asks >= s.cfg.Asks:
		s.stats.AsksRefused++
		c.Respond(seq, ipcwire.ErrNoResources, nil)
		return
	}
	m, fd, err := newAskShm(s.cfg.allot)
	if err != nil {
		s.stats.AsksRefused++
		s.logf("no shared memory for a library connection: %v", err)
		c.Respond(seq, ipcwire.ErrNoResources, nil)
		return
	}
	c.ask = &asking{m: m}
	s.stats.Asks++
	c.nreq-- // it was the last
	var header [ipcwire.HeaderSize]byte
	ipcwire.PutHeader(header[:], ipcwire.OpAsk, seq, ipcwire.OK, 0)
	n, errno := usock.SendFD(c.fd, header[:], fd)
	unix.Close(fd)
	if errno != 0 || n != len(header) {
		c.end(EndPeer)
		return
	}
	s.stats.BytesOut += uint64(len(header))
	c.update()
}

// closeAsk gives the memory back.
func (c *conn) closeAsk() {
	if c.ask == nil {
		return
	}
	if c.ask.hot {
		i := slices.Index(c.s.asking, c)
		c.s.asking = slices.Delete(c.s.asking, i, i+1)
	}
	c.ask.m.store(ipcwire.AskAwake, 0)
	c.ask.aside(c.ask.m.load(ipcwire.AskWatch))
	c.ask.m.close()
	c.ask = nil
	c.s.stats.Asks--
}

// watch has the memory looked at from now until the loop sleeps.
func (c *conn) watch() {
	if !c.ask.hot {
		c.ask.hot = true
		c.ask.m.store(ipcwire.AskAwake, 1)
		c.s.asking = append(c.s.asking, c)
	}
}

// posted tells whether a request is there that was not taken.
func (a *asking) posted() bool { return a.m.load(ipcwire.AskPosted) != a.taken }

// asks tells whether a request is there that may be taken.
func (c *conn) asks() bool { return c.phase == open && c.ask.posted() && !c.blocked() }

// takeAsk handles the request that was posted, if one was.
func (c *conn) takeAsk() bool {
	a := c.ask
	seq := a.m.load(ipcwire.AskPosted)
	if seq == a.taken {
		return false
	}
	s := c.s
	if s.asked == nil {
		s.asked = make([]byte, ipcwire.AskArea)
	}
	copy(s.asked, a.m.request[:ipcwire.HeaderSize])
	h, ok := ipcwire.DecodeHeader(s.asked)
	if !ok || h.Size > ipcwire.AskArea || h.Seq != seq {
		c.bad(EndHeader)
		return false
	}
	body := s.asked[ipcwire.HeaderSize:h.Size:h.Size]
	copy(body, a.m.request[ipcwire.HeaderSize:h.Size])
	a.taken = seq
	s.stats.Asked++
	s.stats.BytesIn += uint64(h.Size)
	c.request(h, body)
	return true
}

// wake wakes a library that sleeps until AskWatch changes, after it has.
func (a *asking) wake() {
	if a.m.load(ipcwire.AskSleeps) != 0 {
		a.m.wakeOne(ipcwire.AskWatch)
	}
}

// aside tells a library that waits for the answer to seq that it does not come in
// memory.
func (a *asking) aside(seq uint32) {
	a.m.store(ipcwire.AskAside, seq)
	if a.m.change(ipcwire.AskWatch, seq, 0) {
		a.wake()
	}
}

// answerAsk puts an answer into memory when the library looks for it there.
func (c *conn) answerAsk(op ipcwire.Op, seq uint32, err ipcwire.Error, body []byte) bool {
	a := c.ask
	c.watch() // the next request often follows at once
	switch {
	case a.m.load(ipcwire.AskWatch) != seq:
		return false
	case len(body) > ipcwire.AskArea-ipcwire.HeaderSize:
		a.aside(seq)
		return false
	}
	if c.cb.bytes > 0 {
		// The answer may say that a callback is there to be read.
		if c.flush(); c.over() {
			return true
		}
	}
	ipcwire.PutHeader(a.m.answer[:ipcwire.HeaderSize], op, seq, err, len(body))
	copy(a.m.answer[ipcwire.HeaderSize:], body)
	if !a.m.change(ipcwire.AskWatch, seq, 0) {
		return false
	}
	a.wake()
	c.s.stats.Answered++
	c.s.stats.BytesOut += uint64(ipcwire.HeaderSize + len(body))
	c.unblock()
	return true
}

// pumpAsks gives every connection whose memory is looked at its turn, one request
// each, beginning with another one every time.
func (s *Server) pumpAsks() {
	n := len(s.asking)
	if n == 0 {
		return
	}
	s.begin()
	for i := range n {
		c := s.asking[(s.askNext+i)%n]
		if !c.asks() {
			continue
		}
		if s.spent() {
			s.askNext = (s.askNext + i) % n
			s.loop.Kick()
			return
		}
		if c.takeAsk() {
			s.lap()
		}
	}
	s.askNext = (s.askNext + 1) % n // an int may have 32 bits
}

// Looking for the next request before the loop sleeps: a client that has got its
// answer through memory asks again within a microsecond or two, and finds an
// executive that is awake. It is worth it only while that succeeds: each time in
// vain halves the span, and once it is nothing it is tried anew now and then.
const (
	lookMost  = 20 * time.Microsecond
	lookLeast = 4 * time.Microsecond
	// lookStep is how long memory is looked at before the descriptors are asked.
	lookStep = 2 * time.Microsecond
	// lookRetry is after how many sleeps without looking it is tried again.
	lookRetry = 256
	// lookTorn is how long a step takes only when the processor was taken away.
	lookTorn = 100 * time.Microsecond
)

// looking is the state of that.
type looking struct {
	span    time.Duration // how long; 0 not at all
	trial   bool          // this look is one after many without
	skipped int           // sleeps since it became nothing
	since   time.Duration // when this look began; 0: none is under way
}

// found and missed are how a look ended.
func (l *looking) found() {
	if l.since != 0 {
		l.since, l.trial = 0, false
		l.span = min(2*l.span, lookMost)
	}
}

func (l *looking) missed() {
	l.since = 0
	if l.span /= 2; l.trial || l.span < lookLeast {
		l.span, l.skipped, l.trial = 0, 0, false
	}
}

// goOn tells whether to look (on) at now.
func (l *looking) goOn(now time.Duration) bool {
	if l.since == 0 {
		if l.span == 0 {
			if l.skipped++; l.skipped < lookRetry {
				return false
			}
			l.span, l.trial = lookMost, true
		}
		l.since = now
		return true
	}
	if now-l.since < l.span {
		return true
	}
	l.missed()
	return false
}

// asksAnything looks once.
func (s *Server) asksAnything() bool {
	for _, c := range s.asking {
		if c.asks() {
			return true
		}
	}
	return false
}

// mayAsksSleep is asked before the loop sleeps. false: there is a request, or it is
// worth looking on.
func (s *Server) mayAsksSleep() bool {
	if len(s.asking) == 0 && !s.wanted {
		return true
	}
	if s.asksAnything() {
		s.look.found()
		return false
	}
	if s.wanted {
		s.wanted = false
		s.lookMoment()
		return false // and the descriptors are asked
	}
	if now := s.loop.Refresh(); s.look.goOn(now) {
		for {
			if s.asksAnything() {
				s.look.found()
				return false
			}
			if d := s.loop.Refresh() - now; d > lookTorn {
				s.look.missed()
				break
			} else if d > lookStep {
				return false // and the descriptors are asked
			}
		}
	}
	for n := len(s.asking); n > 0; n-- {
		c := s.asking[n-1]
		c.ask.m.store(ipcwire.AskAwake, 0)
		if c.asks() {
			// It was posted while we went to sleep.
			c.ask.m.store(ipcwire.AskAwake, 1)
			return false
		}
		c.ask.hot = false
		s.asking[n-1] = nil
		s.asking = s.asking[:n-1]
	}
	return true
}
