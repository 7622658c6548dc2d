package ipcwire

// This file is the event service's part of the protocol: its operations, their
// bodies and the encoding of these, after the rules of codec.go.
//
// # Channels
//
// An open answers with a number that names the opening on this connection, from
// 1 up, never used twice; all further requests name it. It is what a channel
// handle of the specification stands for.
//
// # How events reach a subscriber
//
// The executive keeps the events that wait for a connection, by priority, within
// bounds. The callback descriptor carries no event, only EvtPending, and at most
// one of those: it is queued when the first event waits. The library takes it
// off, then asks with EvtNext. The answer holds the most important events of that
// moment; when more are left, another EvtPending is on the callback descriptor
// before the answer is on its own. So the selection object is readable while
// events wait, an event of a higher priority that comes later overtakes those that
// were not fetched, and whoever stops reading costs the executive a bounded
// amount, in its own memory, of which it can drop the least important.
//
// An EvtPending may find nothing (what waited was purged by an unsubscribe or a
// close): the answer is empty, and that is no error.

// Operations of EVT.
const (
	EvtOpen           Op = 0x601 // request EvtOpenReq, response EvtOpened
	EvtOpenAsync      Op = 0x602 // request EvtOpenReq; the answer comes as EvtOpenCallback
	EvtClose          Op = 0x603 // request EvtChannelReq
	EvtUnlink         Op = 0x604 // request EvtUnlinkReq
	EvtPublish        Op = 0x605 // request EvtPublishReq, response EvtPublished
	EvtSubscribe      Op = 0x606 // request EvtSubscribeReq
	EvtUnsubscribe    Op = 0x607 // request EvtUnsubscribeReq
	EvtRetentionClear Op = 0x608 // request EvtClearReq
	EvtNext           Op = 0x609 // request EvtNextReq, response EvtBatch
	EvtPending        Op = 0x681 // callback without a body: events wait
	EvtOpenCallback   Op = 0x682 // callback EvtOpenResult
)

// Flags of an opening (SaEvtChannelOpenFlagsT).
const (
	EvtChannelPublisher  uint8 = 1
	EvtChannelSubscriber uint8 = 2
	EvtChannelCreate     uint8 = 4
)

// Limits of the event service. They are what a request may carry; whether the
// ring takes a message of all of them together depends on max_message_size.
const (
	EvtMaxData     = 65536 // bytes of data of an event (SA_EVT_DATA_MAX_LEN)
	EvtMaxPatterns = 64    // patterns of an event, filters of a subscription
	EvtMaxPattern  = 1024  // bytes of a pattern or a filter
)

// Event ids up to EvtReservedIDs are never given to an event that was published.
const (
	EvtIDNone      uint64 = 0
	EvtIDLost      uint64 = 1
	EvtReservedIDs uint64 = 1000
)

// EvtLostPattern is the only pattern of the event that says that events were
// lost (SA_EVT_LOST_EVENT), without a zero byte at its end.
const EvtLostPattern = "SA_EVT_LOST_EVENT_PATTERN"

// Filter types (SaEvtEventFilterTypeT).
const (
	EvtPrefixFilter  uint8 = 1
	EvtSuffixFilter  uint8 = 2
	EvtExactFilter   uint8 = 3
	EvtPassAllFilter uint8 = 4
)

// EvtOpenReq opens a channel. Local: one that exists on this node only, in a name
// space of its own (an extension: no generation has a flag for it). Timeout in
// nanoseconds, remaining when sent; an asynchronous request has none and carries
// its Invocation instead.
type EvtOpenReq struct {
	Flags      uint8
	Local      bool
	Timeout    int64
	Invocation uint64
	Name       []byte // 1 to 256 bytes
}

// EvtOpened is the answer to EvtOpen.
type EvtOpened struct{ Channel uint32 }

// EvtOpenResult is the body of EvtOpenCallback. Channel is 0 unless Error is OK.
type EvtOpenResult struct {
	Invocation uint64
	Error      Error
	Channel    uint32
}

// EvtChannelReq names an opening, to close it.
type EvtChannelReq struct{ Channel uint32 }

// EvtUnlinkReq unlinks a channel by name.
type EvtUnlinkReq struct {
	Local bool
	Name  []byte
}

// EvtPublishReq publishes an event. Retention in nanoseconds, 0: not retained.
type EvtPublishReq struct {
	Channel   uint32
	Priority  uint8 // 0 is the highest, 3 the lowest
	Retention int64
	Publisher []byte // at most 256 bytes
	Patterns  [][]byte
	Data      []byte
}

// EvtPublished is the answer to EvtPublish. Time in nanoseconds since 1970.
type EvtPublished struct {
	ID   uint64
	Time int64
}

// EvtFilter is one filter of a subscription.
type EvtFilter struct {
	Type   uint8
	Filter []byte
}

// EvtSubscribeReq subscribes. Subscription is the caller's number for it, unique
// on the opening.
type EvtSubscribeReq struct {
	Channel      uint32
	Subscription uint64
	Filters      []EvtFilter
}

// EvtUnsubscribeReq ends a subscription; what waits for it is dropped.
type EvtUnsubscribeReq struct {
	Channel      uint32
	Subscription uint64
}

// EvtClearReq ends the retention of an event.
type EvtClearReq struct {
	Channel uint32
	EventID uint64
}

// EvtNextReq asks for events that wait: at most Events, and no further one once
// the answer has Bytes bytes. Events 0 is taken for 1.
type EvtNextReq struct {
	Events uint32
	Bytes  uint32
}

// EvtEvent is an event as a subscription gets it.
type EvtEvent struct {
	Channel      uint32
	Subscription uint64
	ID           uint64
	Priority     uint8
	Retention    int64
	Time         int64 // of its publication, nanoseconds since 1970
	Publisher    []byte
	Patterns     [][]byte
	Data         []byte
}

// EvtBatch is the answer to EvtNext. More: others are left, and another
// EvtPending says so.
type EvtBatch struct {
	More   bool
	Events []EvtEvent
}

func appendPatterns(dst []byte, list [][]byte) []byte {
	list = list[:min(len(list), EvtMaxPatterns)]
	dst = appendU16(dst, uint16(len(list)))
	for _, p := range list {
		dst = appendPattern(dst, p)
	}
	return dst
}

func appendPattern(dst, p []byte) []byte {
	p = p[:min(len(p), EvtMaxPattern)]
	return append(appendU16(dst, uint16(len(p))), p...)
}

func (r *reader) pattern() []byte {
	n := int(r.u16())
	if n > EvtMaxPattern {
		r.bad = true
		return nil
	}
	return r.take(n)
}

// smallCount is count for lists whose length has 16 bits.
func (r *reader) smallCount(itemSize, limit int) int {
	n := int(r.u16())
	if r.bad || n > limit || n*itemSize > len(r.b) {
		r.bad = true
		return 0
	}
	return n
}

func (r *reader) patterns(old [][]byte) [][]byte {
	list := resize(old, r.smallCount(2, EvtMaxPatterns))
	for i := range list {
		list[i] = r.pattern()
	}
	return list
}

// AppendEvtOpenReq appends a request to open a channel.
func AppendEvtOpenReq(dst []byte, q *EvtOpenReq) []byte {
	dst = appendBool(append(dst, q.Flags), q.Local)
	dst = appendU64(dst, uint64(q.Timeout))
	dst = appendU64(dst, q.Invocation)
	return appendName(dst, q.Name)
}

// EvtOpenTimeout returns where in an encoded request the timeout is, nil if it is
// none that decodes.
func EvtOpenTimeout(src []byte) []byte {
	var q EvtOpenReq
	if !DecodeEvtOpenReq(src, &q) {
		return nil
	}
	return src[2:10]
}

// DecodeEvtOpenReq reads a request to open a channel.
func DecodeEvtOpenReq(src []byte, q *EvtOpenReq) bool {
	r := reader{b: src}
	*q = EvtOpenReq{Flags: r.u8(), Local: r.bool(), Timeout: int64(r.u64()), Invocation: r.u64(), Name: r.name()}
	return r.end()
}

// AppendEvtOpened appends the answer to EvtOpen.
func AppendEvtOpened(dst []byte, a *EvtOpened) []byte { return appendU32(dst, a.Channel) }

// DecodeEvtOpened reads the answer to EvtOpen.
func DecodeEvtOpened(src []byte, a *EvtOpened) bool {
	r := reader{b: src}
	a.Channel = r.u32()
	return r.end()
}

// AppendEvtOpenResult appends the late answer to EvtOpenAsync.
func AppendEvtOpenResult(dst []byte, a *EvtOpenResult) []byte {
	return appendU32(appendU32(appendU64(dst, a.Invocation), uint32(a.Error)), a.Channel)
}

// DecodeEvtOpenResult reads the late answer to EvtOpenAsync.
func DecodeEvtOpenResult(src []byte, a *EvtOpenResult) bool {
	r := reader{b: src}
	*a = EvtOpenResult{Invocation: r.u64(), Error: Error(r.u32()), Channel: r.u32()}
	return r.end()
}

// AppendEvtChannelReq appends a request to close.
func AppendEvtChannelReq(dst []byte, q *EvtChannelReq) []byte { return appendU32(dst, q.Channel) }

// DecodeEvtChannelReq reads a request to close.
func DecodeEvtChannelReq(src []byte, q *EvtChannelReq) bool {
	r := reader{b: src}
	q.Channel = r.u32()
	return r.end()
}

// AppendEvtUnlinkReq appends a request to unlink.
func AppendEvtUnlinkReq(dst []byte, q *EvtUnlinkReq) []byte {
	return appendName(appendBool(dst, q.Local), q.Name)
}

// DecodeEvtUnlinkReq reads a request to unlink.
func DecodeEvtUnlinkReq(src []byte, q *EvtUnlinkReq) bool {
	r := reader{b: src}
	*q = EvtUnlinkReq{Local: r.bool(), Name: r.name()}
	return r.end()
}

// AppendEvtPublishHead appends all of a publication but its data, which follows
// to the end of the body: whoever writes in parts need not copy it.
func AppendEvtPublishHead(dst []byte, q *EvtPublishReq) []byte {
	dst = append(appendU32(dst, q.Channel), q.Priority)
	dst = appendU64(dst, uint64(q.Retention))
	dst = appendName(dst, q.Publisher)
	return appendPatterns(dst, q.Patterns)
}

// AppendEvtPublishReq appends a publication.
func AppendEvtPublishReq(dst []byte, q *EvtPublishReq) []byte {
	return append(AppendEvtPublishHead(dst, q), q.Data...)
}

// DecodeEvtPublishReq reads a publication.
func DecodeEvtPublishReq(src []byte, q *EvtPublishReq) bool {
	r := reader{b: src}
	q.Channel = r.u32()
	q.Priority = r.u8()
	q.Retention = int64(r.u64())
	q.Publisher = r.name()
	q.Patterns = r.patterns(q.Patterns)
	q.Data = r.rest()
	return r.end()
}

// AppendEvtPublished appends the answer to EvtPublish.
func AppendEvtPublished(dst []byte, a *EvtPublished) []byte {
	return appendU64(appendU64(dst, a.ID), uint64(a.Time))
}

// DecodeEvtPublished reads the answer to EvtPublish.
func DecodeEvtPublished(src []byte, a *EvtPublished) bool {
	r := reader{b: src}
	*a = EvtPublished{ID: r.u64(), Time: int64(r.u64())}
	return r.end()
}

// AppendEvtSubscribeReq appends a subscription.
func AppendEvtSubscribeReq(dst []byte, q *EvtSubscribeReq) []byte {
	filters := q.Filters[:min(len(q.Filters), EvtMaxPatterns)]
	dst = appendU64(appendU32(dst, q.Channel), q.Subscription)
	dst = appendU16(dst, uint16(len(filters)))
	for i := range filters {
		dst = appendPattern(append(dst, filters[i].Type), filters[i].Filter)
	}
	return dst
}

// DecodeEvtSubscribeReq reads a subscription.
func DecodeEvtSubscribeReq(src []byte, q *EvtSubscribeReq) bool {
	r := reader{b: src}
	q.Channel = r.u32()
	q.Subscription = r.u64()
	q.Filters = resize(q.Filters, r.smallCount(3, EvtMaxPatterns))
	for i := range q.Filters {
		q.Filters[i] = EvtFilter{Type: r.u8(), Filter: r.pattern()}
	}
	return r.end()
}

// AppendEvtUnsubscribeReq appends the end of a subscription.
func AppendEvtUnsubscribeReq(dst []byte, q *EvtUnsubscribeReq) []byte {
	return appendU64(appendU32(dst, q.Channel), q.Subscription)
}

// DecodeEvtUnsubscribeReq reads the end of a subscription.
func DecodeEvtUnsubscribeReq(src []byte, q *EvtUnsubscribeReq) bool {
	r := reader{b: src}
	*q = EvtUnsubscribeReq{Channel: r.u32(), Subscription: r.u64()}
	return r.end()
}

// AppendEvtClearReq appends the end of an event's retention.
func AppendEvtClearReq(dst []byte, q *EvtClearReq) []byte {
	return appendU64(appendU32(dst, q.Channel), q.EventID)
}

// DecodeEvtClearReq reads the end of an event's retention.
func DecodeEvtClearReq(src []byte, q *EvtClearReq) bool {
	r := reader{b: src}
	*q = EvtClearReq{Channel: r.u32(), EventID: r.u64()}
	return r.end()
}

// AppendEvtNextReq appends a request for events.
func AppendEvtNextReq(dst []byte, q *EvtNextReq) []byte {
	return appendU32(appendU32(dst, q.Events), q.Bytes)
}

// DecodeEvtNextReq reads a request for events.
func DecodeEvtNextReq(src []byte, q *EvtNextReq) bool {
	r := reader{b: src}
	*q = EvtNextReq{Events: r.u32(), Bytes: r.u32()}
	return r.end()
}

// evtEventMin is the size of an event without publisher, patterns and data.
const evtEventMin = 4 + 8 + evtSharedMin
const evtSharedMin = 8 + 1 + 8 + 8 + 2 + 2 + 4

// AppendEvtEvent appends one event of a batch.
func AppendEvtEvent(dst []byte, e *EvtEvent) []byte {
	return AppendEvtShared(AppendEvtAddressee(dst, e.Channel, e.Subscription), e)
}

// AppendEvtAddressee appends what of an event differs from one subscription to
// the next; AppendEvtShared appends what does not. An event of a batch is the one
// behind the other.
func AppendEvtAddressee(dst []byte, channel uint32, subscription uint64) []byte {
	return appendU64(appendU32(dst, channel), subscription)
}

// AppendEvtShared appends what an event is for every subscription.
func AppendEvtShared(dst []byte, e *EvtEvent) []byte {
	return append(AppendEvtSharedHead(dst, e), e.Data[:min(len(e.Data), EvtMaxData)]...)
}

// AppendEvtSharedHead appends all of AppendEvtShared but the data, the last part of
// it: whoever writes in parts need not copy it.
func AppendEvtSharedHead(dst []byte, e *EvtEvent) []byte {
	dst = append(appendU64(dst, e.ID), e.Priority)
	dst = appendU64(dst, uint64(e.Retention))
	dst = appendU64(dst, uint64(e.Time))
	dst = appendName(dst, e.Publisher)
	dst = appendPatterns(dst, e.Patterns)
	return appendU32(dst, uint32(min(len(e.Data), EvtMaxData)))
}

func (r *reader) evtEvent(e *EvtEvent) {
	e.Channel = r.u32()
	e.Subscription = r.u64()
	r.evtShared(e)
}

func (r *reader) evtShared(e *EvtEvent) {
	e.ID = r.u64()
	e.Priority = r.u8()
	e.Retention = int64(r.u64())
	e.Time = int64(r.u64())
	e.Publisher = r.name()
	e.Patterns = r.patterns(e.Patterns)
	n := r.u32()
	if n > EvtMaxData {
		r.bad = true
		return
	}
	e.Data = r.take(int(n))
}

// DecodeEvtShared reads what AppendEvtShared wrote.
func DecodeEvtShared(src []byte, e *EvtEvent) bool {
	r := reader{b: src}
	r.evtShared(e)
	return r.end()
}

// AppendEvtBatchHead appends all of a batch but its events, which follow one
// behind the other (AppendEvtEvent).
func AppendEvtBatchHead(dst []byte, more bool, events int) []byte {
	return appendU32(appendBool(dst, more), uint32(events))
}

// EvtBatchHead is the size of AppendEvtBatchHead.
const EvtBatchHead = 1 + 4

// maxBatch is more events than fit into a frame.
const maxBatch = MaxFrame / evtEventMin

// AppendEvtBatch appends the answer to EvtNext.
func AppendEvtBatch(dst []byte, b *EvtBatch) []byte {
	events := b.Events[:min(len(b.Events), maxBatch)]
	dst = AppendEvtBatchHead(dst, b.More, len(events))
	for i := range events {
		dst = AppendEvtEvent(dst, &events[i])
	}
	return dst
}

// DecodeEvtBatch reads the answer to EvtNext.
func DecodeEvtBatch(src []byte, b *EvtBatch) bool {
	r := reader{b: src}
	b.More = r.bool()
	b.Events = resize(b.Events, r.count(evtEventMin, maxBatch))
	for i := range b.Events {
		r.evtEvent(&b.Events[i])
		if r.bad {
			return false
		}
	}
	return r.end()
}
