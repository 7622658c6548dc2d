package evt

// This file is the library's side of the service: the channels and events of one
// handle, by number. No executive is needed for any of it. Numbers are never used
// twice, so a stale one is found; the C front keeps its own handles for them.

import (
	"bytes"
	"math"
	"slices"
	"sync"

	"ais/libais"
	"ais/libais/ipcwire"
)

// TimeUnknown is the publish time of an event that was not published
// (SA_TIME_UNKNOWN).
const TimeUnknown int64 = math.MinInt64

// Attributes of an event. Retention and Time in nanoseconds; Retention 0: not
// retained, MaxInt64: for ever.
type Attributes struct {
	Patterns  [][]byte
	Priority  uint8
	Retention int64
	Publisher []byte
	Time      int64
	ID        uint64
}

// CheckAttributes says whether an event can have these: ErrInvalidParam for a
// priority beyond Lowest, a negative retention, a publisher name beyond 256
// bytes; ErrTooBig for more or longer patterns than the limits.
func CheckAttributes(a *Attributes) ipcwire.Error {
	if a.Priority > Lowest || a.Retention < 0 || len(a.Publisher) > ipcwire.MaxName {
		return ipcwire.ErrInvalidParam
	}
	return CheckPatterns(a.Patterns)
}

// CheckPatterns is the part of CheckAttributes that is about patterns.
func CheckPatterns(patterns [][]byte) ipcwire.Error {
	if len(patterns) > ipcwire.EvtMaxPatterns {
		return ipcwire.ErrTooBig
	}
	for _, p := range patterns {
		if len(p) > ipcwire.EvtMaxPattern {
			return ipcwire.ErrTooBig
		}
	}
	return ipcwire.OK
}

// Received is an event that a deliver callback is due for.
type Received struct {
	Event        uint64 // its number
	Channel      uint64 // the number of its channel
	Subscription uint64
	Size         int // of its data
}

type channel struct {
	ref    uint32 // the opening's number in the protocol
	flags  uint8
	subs   map[uint64]struct{}
	events map[uint64]struct{}
}

type event struct {
	channel  uint64
	received bool
	attr     Attributes
	data     []byte // of a received event
}

// fetched is an event that waits for its callback.
type fetched struct {
	event, channel, sub uint64
}

// Objects are the channels and events of one connection. Its methods may be
// called by any thread at any time.
type Objects struct {
	mu       sync.Mutex
	last     uint64
	channels map[uint64]*channel
	byRef    map[uint32]uint64
	events   map[uint64]*event
	queue    []fetched
	head     int
}

func (o *Objects) number() uint64 {
	o.last++
	return o.last
}

// AddChannel takes in an opening (the result of StartOpen or Opened) and returns
// its number.
func (o *Objects) AddChannel(ref uint32, flags uint8) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.channels == nil {
		o.channels, o.byRef, o.events = map[uint64]*channel{}, map[uint32]uint64{}, map[uint64]*event{}
	}
	n := o.number()
	o.channels[n] = &channel{ref: ref, flags: flags, subs: map[uint64]struct{}{}, events: map[uint64]struct{}{}}
	o.byRef[ref] = n
	return n
}

// Channel is the protocol's number and the flags of an opening; ErrBadHandle when
// there is none.
func (o *Objects) Channel(n uint64) (ref uint32, flags uint8, err ipcwire.Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.channels[n]
	if c == nil {
		return 0, 0, ipcwire.ErrBadHandle
	}
	return c.ref, c.flags, ipcwire.OK
}

// DropChannel forgets a closed channel: its subscriptions and all its events, also
// those whose callbacks are still due. ErrBadHandle when there is none.
func (o *Objects) DropChannel(n uint64) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.channels[n]
	if c == nil {
		return ipcwire.ErrBadHandle
	}
	for e := range c.events {
		delete(o.events, e)
	}
	delete(o.byRef, c.ref)
	delete(o.channels, n)
	return ipcwire.OK
}

// CheckSubscribe says whether a subscription may be asked for: ErrBadHandle,
// ErrAccess, ErrExist, ErrInvalidParam or ErrTooBig (filters).
func (o *Objects) CheckSubscribe(ch, subscription uint64, filters []ipcwire.EvtFilter) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.channels[ch]
	if c == nil {
		return ipcwire.ErrBadHandle
	}
	if err := CheckFilters(filters); err != ipcwire.OK {
		return err
	}
	if c.flags&Subscriber == 0 {
		return ipcwire.ErrAccess
	}
	if _, is := c.subs[subscription]; is {
		return ipcwire.ErrExist
	}
	return ipcwire.OK
}

// Subscribed takes note of a subscription. Call it before Step is first driven:
// its first events may be fetched by another thread before the answer is read. If
// the answer is an error that is not ErrExist, call Unsubscribed.
func (o *Objects) Subscribed(ch, subscription uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.channels[ch]; c != nil {
		c.subs[subscription] = struct{}{}
	}
}

// Unsubscribed ends a subscription: its events that were fetched and wait for
// their callbacks are dropped.
func (o *Objects) Unsubscribed(ch, subscription uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.channels[ch]
	if c == nil {
		return
	}
	delete(c.subs, subscription)
	for _, f := range o.queue[o.head:] {
		if f.channel == ch && f.sub == subscription {
			o.drop(f.event)
		}
	}
}

func (o *Objects) drop(n uint64) {
	if e := o.events[n]; e != nil {
		delete(o.events, n)
		if c := o.channels[e.channel]; c != nil {
			delete(c.events, n)
		}
	}
}

// Allocate makes an event to be published on a channel: no pattern, the lowest
// priority, not retained, no publisher, TimeUnknown, id 0. ErrBadHandle when there
// is no such channel.
func (o *Objects) Allocate(ch uint64) (n uint64, err ipcwire.Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.channels[ch] == nil {
		return 0, ipcwire.ErrBadHandle
	}
	return o.add(ch, &event{channel: ch, attr: Attributes{Priority: Lowest, Time: TimeUnknown}}), ipcwire.OK
}

func (o *Objects) add(ch uint64, e *event) uint64 {
	n := o.number()
	o.events[n] = e
	o.channels[ch].events[n] = struct{}{}
	return n
}

// Free forgets an event, whatever it was for. ErrBadHandle when there is none.
func (o *Objects) Free(n uint64) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.events[n] == nil {
		return ipcwire.ErrBadHandle
	}
	o.drop(n)
	return ipcwire.OK
}

// Set sets the attributes of an allocated event; a is copied. Patterns nil and
// Publisher nil leave what was set before (empty ones do not); Time and ID are not
// looked at. ErrBadHandle; ErrInvalidParam and ErrTooBig as CheckAttributes;
// ErrAccess for a received event or a channel not opened as publisher.
func (o *Objects) Set(n uint64, a *Attributes) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.events[n]
	if e == nil {
		return ipcwire.ErrBadHandle
	}
	if err := CheckAttributes(a); err != ipcwire.OK {
		return err
	}
	if e.received || o.channels[e.channel].flags&Publisher == 0 {
		return ipcwire.ErrAccess
	}
	e.attr.Priority, e.attr.Retention = a.Priority, a.Retention
	if a.Patterns != nil {
		e.attr.Patterns = clonePatterns(a.Patterns)
	}
	if a.Publisher != nil {
		e.attr.Publisher = bytes.Clone(a.Publisher)
	}
	return ipcwire.OK
}

func clonePatterns(list [][]byte) [][]byte {
	out := make([][]byte, len(list))
	for i, p := range list {
		out[i] = bytes.Clone(p)
	}
	return out
}

// Get calls f with the attributes of an event. f must not keep them nor call
// anything of o. ErrBadHandle when there is no such event.
func (o *Objects) Get(n uint64, f func(*Attributes)) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.events[n]
	if e == nil {
		return ipcwire.ErrBadHandle
	}
	f(&e.attr)
	return ipcwire.OK
}

// Data copies the data of a received event; size is how much there is. ErrNoSpace
// when it does not fit, ErrBadHandle when there is no such event or it was not
// received.
func (o *Objects) Data(n uint64, to []byte) (size int, err ipcwire.Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.events[n]
	if e == nil || !e.received {
		return 0, ipcwire.ErrBadHandle
	}
	if len(to) < len(e.data) {
		return len(e.data), ipcwire.ErrNoSpace
	}
	return copy(to, e.data), ipcwire.OK
}

// StartPublish starts publishing an allocated event; an event may be published
// again, with the attributes it has then. Besides the errors of the package's
// StartPublish: ErrBadHandle, ErrAccess (a received event, or a channel not opened
// as publisher).
func (o *Objects) StartPublish(c *libais.Conn, s *Scratch, n uint64, data ...[]byte) ipcwire.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.events[n]
	if e == nil {
		return ipcwire.ErrBadHandle
	}
	ch := o.channels[e.channel]
	if e.received || ch.flags&Publisher == 0 {
		return ipcwire.ErrAccess
	}
	return StartPublish(c, s, ch.ref, &e.attr, data...)
}

// PublishHead appends what a caller that sends by itself puts before the data (at
// most ipcwire.EvtMaxData bytes) of an allocated event; its request is
// ipcwire.EvtPublish. Errors as StartPublish has without sending.
func (o *Objects) PublishHead(dst []byte, n uint64) ([]byte, ipcwire.Error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.events[n]
	if e == nil {
		return dst, ipcwire.ErrBadHandle
	}
	ch := o.channels[e.channel]
	if e.received || ch.flags&Publisher == 0 {
		return dst, ipcwire.ErrAccess
	}
	if err := CheckAttributes(&e.attr); err != ipcwire.OK {
		return dst, err
	}
	return publishHead(dst, ch.ref, &e.attr), ipcwire.OK
}

// Published takes note of the answer to StartPublish: Get has id and time then.
func (o *Objects) Published(n uint64, p ipcwire.EvtPublished) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if e := o.events[n]; e != nil {
		e.attr.ID, e.attr.Time = p.ID, p.Time
	}
}

// Fetched takes in a batch; everything is copied. Events of a channel that was
// closed or of a subscription that was ended meanwhile are dropped.
func (o *Objects) Fetched(b *ipcwire.EvtBatch) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range b.Events {
		in := &b.Events[i]
		ch, known := o.byRef[in.Channel]
		if !known {
			continue
		}
		if _, is := o.channels[ch].subs[in.Subscription]; !is {
			continue
		}
		n := o.add(ch, &event{channel: ch, received: true, data: bytes.Clone(in.Data), attr: Attributes{
			Patterns: clonePatterns(in.Patterns), Priority: in.Priority, Retention: in.Retention,
			Publisher: bytes.Clone(in.Publisher), Time: in.Time, ID: in.ID,
		}})
		o.queue = append(o.queue, fetched{event: n, channel: ch, sub: in.Subscription})
	}
}

// Next takes the next event whose callback is due; ok is false when there is none.
// The event is the application's from then on, until it is freed or its channel
// is closed.
func (o *Objects) Next() (r Received, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.head < len(o.queue) {
		f := o.queue[o.head]
		o.head++
		if o.head == len(o.queue) {
			o.queue, o.head = o.queue[:0], 0
		}
		if e := o.events[f.event]; e != nil {
			return Received{Event: f.event, Channel: f.channel, Subscription: f.sub, Size: len(e.data)}, true
		}
	}
	return Received{}, false
}

// Channels are the numbers of all openings, lowest first.
func (o *Objects) Channels() []uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := make([]uint64, 0, len(o.channels))
	for n := range o.channels {
		list = append(list, n)
	}
	slices.Sort(list)
	return list
}
