// Package evt is the event service for a library. This file has the requests:
// each is a function that starts it on a connection and one that reads its answer.
// objects.go has what needs no executive: channels, events, their attributes and
// what was fetched but not yet handed to a callback.
//
// Nothing here waits. After a StartX that returned OK, drive the connection's Step;
// when it is done, XAnswer has the result. Decoded bytes alias the connection's
// memory: they are valid until its next Start (answers) or NextCallback
// (callbacks).
//
// # Dispatch
//
// Events are fetched, not pushed (see libais/ipcwire/evt.go). One pass of a
// dispatch is:
//
//  1. Objects.Next: an event that was fetched already. If there is one, its
//     callback is the result of the pass.
//  2. NextCallback. Opened: the open callback is the result. Pending: StartNext
//     (one event for SA_DISPATCH_ONE, BatchEvents otherwise), drive Step,
//     NextAnswer, Objects.Fetched, and again from 1. None: nothing is pending.
//
// An answer that was waited for must not be abandoned: the events in it are gone
// from the executive. When a batch says More, the selection object is readable
// again before the answer arrives.
package evt

import (
	"math"

	"ais/libais"
	"ais/libais/ipcwire"
)

// Open flags of the specification (SaEvtChannelOpenFlagsT).
const (
	Publisher  = ipcwire.EvtChannelPublisher
	Subscriber = ipcwire.EvtChannelSubscriber
	Create     = ipcwire.EvtChannelCreate
)

// Priorities (SaEvtEventPriorityT).
const (
	Highest uint8 = 0
	Lowest  uint8 = 3
)

const (
	// BatchEvents and BatchBytes are what one fetch takes at most when a dispatch
	// wants all.
	BatchEvents = 64
	BatchBytes  = 128 << 10
)

// Scratch is the memory a request's fixed part is built in: one per connection,
// so that a steady caller allocates nothing.
type Scratch struct{ buf []byte }

// CheckName says whether a channel's name is one: 1 to 256 bytes, else
// ErrInvalidParam.
func CheckName(name []byte) ipcwire.Error {
	if len(name) == 0 || len(name) > ipcwire.MaxName {
		return ipcwire.ErrInvalidParam
	}
	return ipcwire.OK
}

// CheckOpenFlags says whether open flags make sense: none but the known ones, and
// at least one. Create alone is possible: such an opening can neither publish nor
// subscribe.
func CheckOpenFlags(flags uint8) ipcwire.Error {
	if flags == 0 || flags&^(Publisher|Subscriber|Create) != 0 {
		return ipcwire.ErrBadFlags
	}
	return ipcwire.OK
}

// StartOpen starts opening a channel. timeout is in nanoseconds and what is left
// of the caller's; 0 or less is ErrTimeout without a request. local: a channel of
// this node only. The executive answers TIMEOUT itself: whoever gives the request
// up should do so somewhat later, as an opening whose answer nobody takes stays
// until the connection ends.
//
// Results: OK, NOT_EXIST (no such channel, and no Create), BAD_FLAGS,
// INVALID_PARAM (name), TIMEOUT, TRY_AGAIN, NO_RESOURCES (too many channels in the
// cluster, or openings on the connection).
func StartOpen(c *libais.Conn, s *Scratch, name []byte, flags uint8, local bool, timeout int64) ipcwire.Error {
	if timeout <= 0 {
		if err := checkOpen(name, flags); err != ipcwire.OK {
			return err
		}
		return ipcwire.ErrTimeout
	}
	return startOpen(c, s, ipcwire.EvtOpen, &ipcwire.EvtOpenReq{Flags: flags, Local: local, Timeout: timeout, Name: name})
}

// OpenAnswer reads the answer to StartOpen: the number of the opening.
func OpenAnswer(c *libais.Conn) (channel uint32, err ipcwire.Error) {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return 0, err
	}
	var a ipcwire.EvtOpened
	if !ipcwire.DecodeEvtOpened(body, &a) {
		return 0, ipcwire.ErrLibrary
	}
	return a.Channel, ipcwire.OK
}

// StartOpenAsync starts opening a channel; the result comes as EvtOpenCallback
// with the same invocation (see Opened). Read the answer with Answer: it tells
// whether the request was accepted.
func StartOpenAsync(c *libais.Conn, s *Scratch, name []byte, flags uint8, local bool, invocation uint64) ipcwire.Error {
	return startOpen(c, s, ipcwire.EvtOpenAsync, &ipcwire.EvtOpenReq{Flags: flags, Local: local, Invocation: invocation, Name: name})
}

func checkOpen(name []byte, flags uint8) ipcwire.Error {
	if err := CheckName(name); err != ipcwire.OK {
		return err
	}
	return CheckOpenFlags(flags)
}

func startOpen(c *libais.Conn, s *Scratch, op ipcwire.Op, q *ipcwire.EvtOpenReq) ipcwire.Error {
	if err := checkOpen(q.Name, q.Flags); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendEvtOpenReq(s.buf[:0], q)
	return c.Start(op, s.buf)
}

// StartClose starts closing an opening. Events of it that wait are dropped.
// Results: OK, BAD_HANDLE, TRY_AGAIN.
func StartClose(c *libais.Conn, s *Scratch, channel uint32) ipcwire.Error {
	s.buf = ipcwire.AppendEvtChannelReq(s.buf[:0], &ipcwire.EvtChannelReq{Channel: channel})
	return c.Start(ipcwire.EvtClose, s.buf)
}

// StartUnlink starts unlinking a channel: nobody can open it by that name any
// more; who has it open keeps it. Results: OK, NOT_EXIST, INVALID_PARAM (name),
// TRY_AGAIN.
func StartUnlink(c *libais.Conn, s *Scratch, name []byte, local bool) ipcwire.Error {
	if err := CheckName(name); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendEvtUnlinkReq(s.buf[:0], &ipcwire.EvtUnlinkReq{Local: local, Name: name})
	return c.Start(ipcwire.EvtUnlink, s.buf)
}

// StartPublish starts publishing an event. data is not copied and must stay as it
// is until the request is done or abandoned. Results: OK (the event is on its way:
// in order, to every subscriber there is when it arrives), BAD_HANDLE, ACCESS (not
// opened as publisher), TOO_BIG, INVALID_PARAM (attributes), TRY_AGAIN,
// NO_RESOURCES (the cluster retains too much already).
func StartPublish(c *libais.Conn, s *Scratch, channel uint32, a *Attributes, data ...[]byte) ipcwire.Error {
	if err := CheckAttributes(a); err != ipcwire.OK {
		return err
	}
	room := ipcwire.EvtMaxData
	for _, p := range data {
		if len(p) > room {
			return ipcwire.ErrTooBig
		}
		room -= len(p)
	}
	s.buf = publishHead(s.buf[:0], channel, a)
	return c.Start(ipcwire.EvtPublish, s.buf, data...)
}

// publishHead is what goes before the data of an event.
func publishHead(dst []byte, channel uint32, a *Attributes) []byte {
	return ipcwire.AppendEvtPublishHead(dst, &ipcwire.EvtPublishReq{Channel: channel, Priority: a.Priority,
		Retention: a.Retention, Publisher: a.Publisher, Patterns: a.Patterns})
}

// PublishAnswer reads the answer to StartPublish.
func PublishAnswer(c *libais.Conn) (p ipcwire.EvtPublished, err ipcwire.Error) {
	err, body := c.Answer()
	if err == ipcwire.OK && !ipcwire.DecodeEvtPublished(body, &p) {
		err = ipcwire.ErrLibrary
	}
	return p, err
}

// CheckFilters says whether filters can be subscribed to: known types
// (ErrInvalidParam), at most EvtMaxPatterns of at most EvtMaxPattern bytes
// (ErrTooBig). No filter at all matches every event.
func CheckFilters(filters []ipcwire.EvtFilter) ipcwire.Error {
	for i := range filters {
		if t := filters[i].Type; t < ipcwire.EvtPrefixFilter || t > ipcwire.EvtPassAllFilter {
			return ipcwire.ErrInvalidParam
		}
	}
	if len(filters) > ipcwire.EvtMaxPatterns {
		return ipcwire.ErrTooBig
	}
	for i := range filters {
		if len(filters[i].Filter) > ipcwire.EvtMaxPattern {
			return ipcwire.ErrTooBig
		}
	}
	return ipcwire.OK
}

// StartSubscribe starts a subscription: an event matches when each filter matches
// the pattern at its place. Patterns beyond the last filter are not looked at; a
// filter beyond the last pattern sees an empty one. Retained events that match are
// delivered at once. Results: OK, BAD_HANDLE, ACCESS (not opened as subscriber),
// EXIST (the number is in use on this opening), INVALID_PARAM, TOO_BIG,
// NO_RESOURCES (too many subscriptions on the connection).
func StartSubscribe(c *libais.Conn, s *Scratch, channel uint32, subscription uint64, filters []ipcwire.EvtFilter) ipcwire.Error {
	if err := CheckFilters(filters); err != ipcwire.OK {
		return err
	}
	s.buf = ipcwire.AppendEvtSubscribeReq(s.buf[:0],
		&ipcwire.EvtSubscribeReq{Channel: channel, Subscription: subscription, Filters: filters})
	return c.Start(ipcwire.EvtSubscribe, s.buf)
}

// StartUnsubscribe starts the end of a subscription. Its events that wait are
// dropped. Results: OK, BAD_HANDLE, NOT_EXIST (A.01.01 calls it NAME_NOT_FOUND).
func StartUnsubscribe(c *libais.Conn, s *Scratch, channel uint32, subscription uint64) ipcwire.Error {
	s.buf = ipcwire.AppendEvtUnsubscribeReq(s.buf[:0], &ipcwire.EvtUnsubscribeReq{Channel: channel, Subscription: subscription})
	return c.Start(ipcwire.EvtUnsubscribe, s.buf)
}

// StartRetentionClear starts the end of an event's retention. Results: OK,
// BAD_HANDLE, INVALID_PARAM (a reserved id), NOT_EXIST (not retained on that
// channel, or no longer), TRY_AGAIN.
func StartRetentionClear(c *libais.Conn, s *Scratch, channel uint32, id uint64) ipcwire.Error {
	if id <= ipcwire.EvtReservedIDs {
		return ipcwire.ErrInvalidParam
	}
	s.buf = ipcwire.AppendEvtClearReq(s.buf[:0], &ipcwire.EvtClearReq{Channel: channel, EventID: id})
	return c.Start(ipcwire.EvtRetentionClear, s.buf)
}

// Answer reads the answer to a request that has no result but its error: open
// async, close, unlink, subscribe, unsubscribe, retention clear.
func Answer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

// StartNext starts fetching events after an EvtPending: one for a dispatch of
// one, else BatchEvents.
func StartNext(c *libais.Conn, s *Scratch, events int) ipcwire.Error {
	s.buf = ipcwire.AppendEvtNextReq(s.buf[:0], &ipcwire.EvtNextReq{Events: uint32(max(1, events)), Bytes: BatchBytes})
	return c.Start(ipcwire.EvtNext, s.buf)
}

// NextAnswer reads the fetched events; b's memory is reused.
func NextAnswer(c *libais.Conn, b *ipcwire.EvtBatch) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeEvtBatch(body, b) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// Pending tells whether a callback says that events wait.
func Pending(cb libais.Callback) bool { return cb.Op == ipcwire.EvtPending && len(cb.Body) == 0 }

// Opened reads an EvtOpenCallback. A callback that is neither Opened nor Pending:
// the executive does not speak our protocol, the connection is of no more use.
func Opened(cb libais.Callback, r *ipcwire.EvtOpenResult) bool {
	return cb.Op == ipcwire.EvtOpenCallback && ipcwire.DecodeEvtOpenResult(cb.Body, r)
}

// Limit ids of B.03.01 (SaEvtLimitIdT).
const (
	LimitChannels  uint32 = 1
	LimitEventSize uint32 = 2
	LimitPattern   uint32 = 3
	LimitPatterns  uint32 = 4
	LimitRetention uint32 = 5
)

// MaxChannels is how many channels the cluster takes, unlinked ones that are still
// open included.
const MaxChannels = 4096

// Limit is the value of a limit; ErrInvalidParam for an id that is none.
func Limit(id uint32) (value uint64, err ipcwire.Error) {
	switch id {
	case LimitChannels:
		return MaxChannels, ipcwire.OK
	case LimitEventSize:
		return ipcwire.EvtMaxData, ipcwire.OK
	case LimitPattern:
		return ipcwire.EvtMaxPattern, ipcwire.OK
	case LimitPatterns:
		return ipcwire.EvtMaxPatterns, ipcwire.OK
	case LimitRetention:
		return math.MaxInt64, ipcwire.OK
	}
	return 0, ipcwire.ErrInvalidParam
}
