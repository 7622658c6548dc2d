package ipcwire

// This file is what an operator asks the event service: channels and what they
// retain, a page at a time, in order of their ids. Both only read; they are answered
// from the state of the node that is asked.

// Operations of EVT for operators.
const (
	EvtChannels Op = 0x60A // request EvtChannelsReq, response EvtChannelPage
	EvtRetained Op = 0x60B // request EvtRetainedReq, response EvtRetainedPage
)

// EvtDot names a channel or a retained event for its whole life: the N-th thing
// that this start of a node brought into the state of the service.
type EvtDot struct {
	Node  uint32
	Start uint64
	Nonce [16]byte // drawn by that start: start numbers may come again
	N     uint64
}

// EvtChannelsReq asks for the channels behind After (the zero value: from the
// first).
type EvtChannelsReq struct {
	Local bool
	After EvtDot
}

// EvtOpener is how often a node's clients have a channel open.
type EvtOpener struct {
	Node     uint32
	Start    uint64
	Openings uint32
}

// EvtChannelInfo is a channel. Subscriptions are those of the node that was asked;
// all else is the same on every node.
type EvtChannelInfo struct {
	ID            EvtDot
	Name          []byte
	Linked        bool
	Created       int64 // nanoseconds since 1970
	Subscriptions uint32
	Retained      uint32 // events
	Openers       []EvtOpener
}

// EvtChannelPage is the answer to EvtChannels. More: ask again behind the last.
type EvtChannelPage struct {
	More     bool
	Channels []EvtChannelInfo
}

// EvtRetainedReq asks for a channel's retained events behind After.
type EvtRetainedReq struct {
	Local   bool
	Channel EvtDot
	After   EvtDot
}

// EvtRetainedInfo is a retained event. Left is how long it is retained yet, by the
// clock of the node that was asked, in nanoseconds; MaxInt64: for ever.
type EvtRetainedInfo struct {
	Dot       EvtDot
	ID        uint64
	Priority  uint8
	Retention int64
	Left      int64
	Time      int64
	Size      uint32 // of its data
	Publisher []byte
	Patterns  [][]byte
}

// EvtRetainedPage is the answer to EvtRetained.
type EvtRetainedPage struct {
	More   bool
	Events []EvtRetainedInfo
}

func appendEvtDot(dst []byte, d EvtDot) []byte {
	dst = appendU64(appendU32(dst, d.Node), d.Start)
	return appendU64(append(dst, d.Nonce[:]...), d.N)
}

func (r *reader) evtDot() EvtDot {
	d := EvtDot{Node: r.u32(), Start: r.u64()}
	copy(d.Nonce[:], r.take(len(d.Nonce)))
	d.N = r.u64()
	return d
}

const (
	evtDotSize      = 4 + 8 + 16 + 8
	evtOpenerSize   = 4 + 8 + 4
	evtChannelMin   = evtDotSize + 2 + 1 + 8 + 4 + 4 + 4
	evtRetainedMin  = evtDotSize + 8 + 1 + 8 + 8 + 8 + 4 + 2 + 2
	maxEvtPageItems = MaxFrame / evtChannelMin
)

// AppendEvtChannelsReq appends a request for channels.
func AppendEvtChannelsReq(dst []byte, q *EvtChannelsReq) []byte {
	return appendEvtDot(appendBool(dst, q.Local), q.After)
}

// DecodeEvtChannelsReq reads a request for channels.
func DecodeEvtChannelsReq(src []byte, q *EvtChannelsReq) bool {
	r := reader{b: src}
	*q = EvtChannelsReq{Local: r.bool(), After: r.evtDot()}
	return r.end()
}

// AppendEvtChannelPage appends a page of channels.
func AppendEvtChannelPage(dst []byte, p *EvtChannelPage) []byte {
	list := p.Channels[:min(len(p.Channels), maxEvtPageItems)]
	dst = appendU32(appendBool(dst, p.More), uint32(len(list)))
	for i := range list {
		c := &list[i]
		dst = appendName(appendEvtDot(dst, c.ID), c.Name)
		dst = appendU64(appendBool(dst, c.Linked), uint64(c.Created))
		dst = appendU32(appendU32(dst, c.Subscriptions), c.Retained)
		openers := c.Openers[:min(len(c.Openers), MaxNodes)]
		dst = appendU32(dst, uint32(len(openers)))
		for _, o := range openers {
			dst = appendU32(appendU64(appendU32(dst, o.Node), o.Start), o.Openings)
		}
	}
	return dst
}

// DecodeEvtChannelPage reads a page of channels.
func DecodeEvtChannelPage(src []byte, p *EvtChannelPage) bool {
	r := reader{b: src}
	p.More = r.bool()
	p.Channels = resize(p.Channels, r.count(evtChannelMin, maxEvtPageItems))
	for i := range p.Channels {
		c := &p.Channels[i]
		c.ID, c.Name, c.Linked, c.Created = r.evtDot(), r.name(), r.bool(), int64(r.u64())
		c.Subscriptions, c.Retained = r.u32(), r.u32()
		c.Openers = resize(c.Openers, r.count(evtOpenerSize, MaxNodes))
		for j := range c.Openers {
			c.Openers[j] = EvtOpener{r.u32(), r.u64(), r.u32()}
		}
		if r.bad {
			return false
		}
	}
	return r.end()
}

// AppendEvtRetainedReq appends a request for retained events.
func AppendEvtRetainedReq(dst []byte, q *EvtRetainedReq) []byte {
	return appendEvtDot(appendEvtDot(appendBool(dst, q.Local), q.Channel), q.After)
}

// DecodeEvtRetainedReq reads a request for retained events.
func DecodeEvtRetainedReq(src []byte, q *EvtRetainedReq) bool {
	r := reader{b: src}
	*q = EvtRetainedReq{Local: r.bool(), Channel: r.evtDot(), After: r.evtDot()}
	return r.end()
}

// AppendEvtRetainedPage appends a page of retained events.
func AppendEvtRetainedPage(dst []byte, p *EvtRetainedPage) []byte {
	list := p.Events[:min(len(p.Events), maxEvtPageItems)]
	dst = appendU32(appendBool(dst, p.More), uint32(len(list)))
	for i := range list {
		e := &list[i]
		dst = append(appendU64(appendEvtDot(dst, e.Dot), e.ID), e.Priority)
		dst = appendU64(appendU64(appendU64(dst, uint64(e.Retention)), uint64(e.Left)), uint64(e.Time))
		dst = appendPatterns(appendName(appendU32(dst, e.Size), e.Publisher), e.Patterns)
	}
	return dst
}

// DecodeEvtRetainedPage reads a page of retained events.
func DecodeEvtRetainedPage(src []byte, p *EvtRetainedPage) bool {
	r := reader{b: src}
	p.More = r.bool()
	p.Events = resize(p.Events, r.count(evtRetainedMin, maxEvtPageItems))
	for i := range p.Events {
		e := &p.Events[i]
		e.Dot, e.ID, e.Priority = r.evtDot(), r.u64(), r.u8()
		e.Retention, e.Left, e.Time = int64(r.u64()), int64(r.u64()), int64(r.u64())
		e.Size, e.Publisher, e.Patterns = r.u32(), r.name(), r.patterns(e.Patterns)
		if r.bad {
			return false
		}
	}
	return r.end()
}
