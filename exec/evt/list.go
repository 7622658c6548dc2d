// What operators ask: channels and retained events, a page at a time. Nothing is
// changed by it.

package evt

import (
	"slices"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const (
	// pageBytes and pageItems bound a page, unless one item alone is larger.
	pageBytes = 64 << 10
	pageItems = 500
)

func dotInfo(d dot) ipcwire.EvtDot {
	return ipcwire.EvtDot{Node: uint32(d.node), Start: d.start, Nonce: d.nonce, N: d.n}
}

func dotOf(d ipcwire.EvtDot) dot { return dot{actor{wire.NodeID(d.Node), d.Start, d.Nonce}, d.N} }

func (s *Service) requestChannels(c *client, seq uint32, body []byte) ipcwire.Error {
	var q ipcwire.EvtChannelsReq
	if !ipcwire.DecodeEvtChannelsReq(body, &q) {
		return ipcwire.ErrInvalidParam
	}
	sc, after := s.scope(q.Local), dotOf(q.After)
	var page ipcwire.EvtChannelPage
	size := 0
	for _, ch := range sc.st.sorted() {
		if ch.id.compare(after) <= 0 {
			continue
		}
		if size > pageBytes || len(page.Channels) == pageItems {
			page.More = true
			break
		}
		info := ipcwire.EvtChannelInfo{
			ID: dotInfo(ch.id), Name: []byte(ch.name), Linked: ch.linked, Created: ch.created, Retained: uint32(ch.count),
		}
		if x := sc.index[ch.id]; x != nil {
			info.Subscriptions = uint32(x.size)
		}
		for _, a := range sortedActors(ch.opens) {
			info.Openers = append(info.Openers, ipcwire.EvtOpener{Node: uint32(a.node), Start: a.start, Openings: ch.opens[a]})
		}
		size += 64 + len(ch.name) + 16*len(info.Openers)
		page.Channels = append(page.Channels, info)
	}
	s.buf = ipcwire.AppendEvtChannelPage(s.buf[:0], &page)
	c.conn.Respond(seq, ipcwire.OK, s.buf)
	return answered
}

func (s *Service) requestRetained(c *client, seq uint32, body []byte) ipcwire.Error {
	var q ipcwire.EvtRetainedReq
	if !ipcwire.DecodeEvtRetainedReq(body, &q) {
		return ipcwire.ErrInvalidParam
	}
	ch := s.scope(q.Local).st.find(dotOf(q.Channel))
	if ch == nil {
		return ipcwire.ErrNotExist
	}
	after := dotOf(q.After)
	var list []*event
	for e := ch.first; e != nil; e = e.next {
		if e.dot.compare(after) > 0 {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *event) int { return a.dot.compare(b.dot) })
	var page ipcwire.EvtRetainedPage
	size := 0
	for _, e := range list {
		if size > pageBytes || len(page.Events) == pageItems {
			page.More = true
			break
		}
		var d ipcwire.EvtEvent
		if !ipcwire.DecodeEvtShared(e.rec.buf, &d) {
			panic("evt: a retained event does not decode") // it did when it came
		}
		page.Events = append(page.Events, ipcwire.EvtRetainedInfo{
			Dot: dotInfo(e.dot), ID: e.id, Priority: d.Priority, Retention: d.Retention, Left: s.left(e), Time: d.Time,
			Size: uint32(len(d.Data)), Publisher: d.Publisher, Patterns: d.Patterns,
		})
		size += len(e.rec.buf) - len(d.Data) + 64
	}
	s.buf = ipcwire.AppendEvtRetainedPage(s.buf[:0], &page)
	c.conn.Respond(seq, ipcwire.OK, s.buf)
	return answered
}
