// Subscriptions: made, ended, and given what they match.

package evt

import (
	"ais/libais/ipcwire"
)

// requestSubscribe answers before it queues what is retained, so that the answer
// is there first.
func (s *Service) requestSubscribe(c *client, seq uint32, body []byte) {
	sub, err := s.subscribe(c, body)
	c.conn.Respond(seq, err, nil)
	if err != ipcwire.OK {
		return
	}
	ch := sub.o.sc.st.find(sub.o.channel)
	if ch == nil || planted(bugNotRetained) {
		return
	}
	for e := ch.first; e != nil; e = e.next {
		if !ipcwire.DecodeEvtShared(e.rec.buf, &s.event) {
			panic("evt: a retained event does not decode") // it did when it came
		}
		if matches(sub.filters, s.event.Patterns) {
			s.enqueue(sub, e.rec, prioOf(e.rec))
		}
	}
}

func (s *Service) subscribe(c *client, body []byte) (*subscription, ipcwire.Error) {
	q := &s.request.subscribe
	if !ipcwire.DecodeEvtSubscribeReq(body, q) {
		return nil, ipcwire.ErrInvalidParam
	}
	o := c.openings[q.Channel]
	if o == nil {
		return nil, ipcwire.ErrBadHandle
	}
	size := subscriptionCost
	for i := range q.Filters {
		if t := q.Filters[i].Type; t < ipcwire.EvtPrefixFilter || t > ipcwire.EvtPassAllFilter {
			return nil, ipcwire.ErrInvalidParam
		}
		size += len(q.Filters[i].Filter)
	}
	switch {
	case o.flags&ipcwire.EvtChannelSubscriber == 0:
		return nil, ipcwire.ErrAccess
	case o.subs[q.Subscription] != nil:
		return nil, ipcwire.ErrExist
	case c.filters+size > s.limits.FilterBytes:
		return nil, ipcwire.ErrNoResources
	}
	sub := &subscription{o: o, id: q.Subscription, filters: keepFilters(q.Filters), size: size}
	o.subs[sub.id] = sub
	c.filters += size
	o.sc.hang(sub)
	return sub, ipcwire.OK
}

// hang puts a subscription into the index of its channel.
func (sc *scope) hang(sub *subscription) {
	x := sc.index[sub.o.channel]
	if x == nil {
		x = &index{}
		sc.index[sub.o.channel] = x
	}
	x.add(sub)
}

func (s *Service) requestUnsubscribe(c *client, body []byte) ipcwire.Error {
	var q ipcwire.EvtUnsubscribeReq
	if !ipcwire.DecodeEvtUnsubscribeReq(body, &q) {
		return ipcwire.ErrInvalidParam
	}
	o := c.openings[q.Channel]
	if o == nil {
		return ipcwire.ErrBadHandle
	}
	sub := o.subs[q.Subscription]
	if sub == nil {
		return ipcwire.ErrNotExist
	}
	s.end(sub)
	return ipcwire.OK
}

// share is how many bytes may wait for one connection now.
func (s *Service) share() int {
	l := &s.limits
	if s.waiting <= l.TotalBytes/2 {
		return l.QueueBytes
	}
	return min(l.QueueBytes, max(l.MinBytes, l.TotalBytes/max(1, len(s.clients))))
}

// enqueue gives an event to a subscription, or drops what is less important.
func (s *Service) enqueue(sub *subscription, rec *record, prio uint8) {
	c := sub.o.c
	q := &c.queue
	s.stats.Queued++
	limit := s.share()
	before := q.bytes
	for q.bytes+q.cost(prio, rec) > limit {
		victim, ok := q.evict(prio)
		if !ok {
			victim = sub
		}
		s.stats.Lost++
		if !planted(bugSilent) {
			q.owe(victim)
		}
		if !ok {
			s.waiting += q.bytes - before
			s.announce(c)
			return
		}
	}
	q.push(prio, sub, rec)
	s.waiting += q.bytes - before
	s.announce(c)
}

// announce tells a client that events wait, unless it was told.
func (s *Service) announce(c *client) {
	if c.announced || c.gone || c.queue.count == 0 && !c.queue.owed() {
		return
	}
	if c.announced = c.conn.Notify(ipcwire.EvtPending, nil); !c.announced {
		s.unannounced = true
		s.later()
	}
}

// requestNext hands over what waits, the most important first.
func (s *Service) requestNext(c *client, seq uint32, body []byte) ipcwire.Error {
	var r ipcwire.EvtNextReq
	if !ipcwire.DecodeEvtNextReq(body, &r) {
		return ipcwire.ErrInvalidParam
	}
	const room = ipcwire.MaxFrame - ipcwire.HeaderSize
	limit := int(min(r.Bytes, room))
	q := &c.queue
	buf := ipcwire.AppendEvtBatchHead(s.buf[:0], false, 0)
	n := uint32(0)
	for ; n < max(1, r.Events) && (n == 0 || len(buf) < limit); n++ {
		if sub, ok := q.notice(); ok {
			buf = ipcwire.AppendEvtAddressee(buf, sub.o.n, sub.id)
			buf = append(buf, lostEvent...)
			s.stats.Notices++
			continue
		}
		w, prio, ok := q.front()
		if !ok || len(buf)+12+len(w.rec.buf) > room {
			break
		}
		q.pop(prio)
		s.waiting -= w.cost
		buf = ipcwire.AppendEvtAddressee(buf, w.sub.o.n, w.sub.id)
		buf = append(buf, w.rec.buf...)
		w.rec.release()
		s.stats.Fetched++
	}
	q.tidy()
	c.announced = false
	s.announce(c)
	more := q.count > 0 || q.owed()
	ipcwire.AppendEvtBatchHead(buf[:0], more, int(n))
	s.buf = buf
	c.conn.Respond(seq, ipcwire.OK, buf)
	return answered
}
