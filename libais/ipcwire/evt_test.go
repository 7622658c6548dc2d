package ipcwire

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

func drawPatterns(t *rapid.T) [][]byte {
	list := make([][]byte, rapid.IntRange(0, 4).Draw(t, "patterns"))
	for i := range list {
		list[i] = bytesGen(40).Draw(t, "pattern")
	}
	return list
}

func drawEvtEvent(t *rapid.T) EvtEvent {
	return EvtEvent{
		Channel: rapid.Uint32().Draw(t, "c"), Subscription: rapid.Uint64().Draw(t, "s"), ID: rapid.Uint64().Draw(t, "i"),
		Priority: rapid.Uint8().Draw(t, "p"), Retention: rapid.Int64().Draw(t, "r"), Time: rapid.Int64().Draw(t, "t"),
		Publisher: bytesGen(MaxName).Draw(t, "n"), Patterns: drawPatterns(t), Data: bytesGen(300).Draw(t, "data"),
	}
}

func drawEvtDot(t *rapid.T) EvtDot {
	return EvtDot{rapid.Uint32().Draw(t, "node"), rapid.Uint64().Draw(t, "start"), [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "nonce")),
		rapid.Uint64().Draw(t, "n")}
}

func init() {
	bodies = append(bodies,
		bodyOf("evt channels", func(t *rapid.T) EvtChannelsReq {
			return EvtChannelsReq{rapid.Bool().Draw(t, "l"), drawEvtDot(t)}
		}, AppendEvtChannelsReq, DecodeEvtChannelsReq),
		bodyOf("evt channel page", func(t *rapid.T) EvtChannelPage {
			p := EvtChannelPage{More: rapid.Bool().Draw(t, "more"), Channels: make([]EvtChannelInfo, rapid.IntRange(0, 3).Draw(t, "c"))}
			for i := range p.Channels {
				p.Channels[i] = EvtChannelInfo{drawEvtDot(t), bytesGen(MaxName).Draw(t, "name"), rapid.Bool().Draw(t, "l"),
					rapid.Int64().Draw(t, "t"), rapid.Uint32().Draw(t, "s"), rapid.Uint32().Draw(t, "r"),
					make([]EvtOpener, rapid.IntRange(0, 3).Draw(t, "o"))}
				for j := range p.Channels[i].Openers {
					p.Channels[i].Openers[j] = EvtOpener{rapid.Uint32().Draw(t, "n"), rapid.Uint64().Draw(t, "s"), rapid.Uint32().Draw(t, "o")}
				}
			}
			return p
		}, AppendEvtChannelPage, DecodeEvtChannelPage),
		bodyOf("evt retained", func(t *rapid.T) EvtRetainedReq {
			return EvtRetainedReq{rapid.Bool().Draw(t, "l"), drawEvtDot(t), drawEvtDot(t)}
		}, AppendEvtRetainedReq, DecodeEvtRetainedReq),
		bodyOf("evt retained page", func(t *rapid.T) EvtRetainedPage {
			p := EvtRetainedPage{More: rapid.Bool().Draw(t, "more"), Events: make([]EvtRetainedInfo, rapid.IntRange(0, 3).Draw(t, "e"))}
			for i := range p.Events {
				p.Events[i] = EvtRetainedInfo{drawEvtDot(t), rapid.Uint64().Draw(t, "i"), rapid.Uint8().Draw(t, "p"),
					rapid.Int64().Draw(t, "r"), rapid.Int64().Draw(t, "l"), rapid.Int64().Draw(t, "t"), rapid.Uint32().Draw(t, "s"),
					bytesGen(MaxName).Draw(t, "name"), drawPatterns(t)}
			}
			return p
		}, AppendEvtRetainedPage, DecodeEvtRetainedPage),
	)
	hasRest["evt publish"] = true
	bodies = append(bodies,
		bodyOf("evt open", func(t *rapid.T) EvtOpenReq {
			return EvtOpenReq{rapid.Uint8().Draw(t, "f"), rapid.Bool().Draw(t, "l"), rapid.Int64().Draw(t, "t"),
				rapid.Uint64().Draw(t, "i"), bytesGen(MaxName).Draw(t, "n")}
		}, AppendEvtOpenReq, DecodeEvtOpenReq),
		bodyOf("evt opened", func(t *rapid.T) EvtOpened { return EvtOpened{rapid.Uint32().Draw(t, "c")} },
			AppendEvtOpened, DecodeEvtOpened),
		bodyOf("evt open result", func(t *rapid.T) EvtOpenResult {
			return EvtOpenResult{rapid.Uint64().Draw(t, "i"), Error(rapid.Uint32().Draw(t, "e")), rapid.Uint32().Draw(t, "c")}
		}, AppendEvtOpenResult, DecodeEvtOpenResult),
		bodyOf("evt channel", func(t *rapid.T) EvtChannelReq { return EvtChannelReq{rapid.Uint32().Draw(t, "c")} },
			AppendEvtChannelReq, DecodeEvtChannelReq),
		bodyOf("evt unlink", func(t *rapid.T) EvtUnlinkReq {
			return EvtUnlinkReq{rapid.Bool().Draw(t, "l"), bytesGen(MaxName).Draw(t, "n")}
		}, AppendEvtUnlinkReq, DecodeEvtUnlinkReq),
		bodyOf("evt publish", func(t *rapid.T) EvtPublishReq {
			return EvtPublishReq{rapid.Uint32().Draw(t, "c"), rapid.Uint8().Draw(t, "p"), rapid.Int64().Draw(t, "r"),
				bytesGen(MaxName).Draw(t, "n"), drawPatterns(t), bytesGen(300).Draw(t, "data")}
		}, AppendEvtPublishReq, DecodeEvtPublishReq),
		bodyOf("evt published", func(t *rapid.T) EvtPublished {
			return EvtPublished{rapid.Uint64().Draw(t, "i"), rapid.Int64().Draw(t, "t")}
		}, AppendEvtPublished, DecodeEvtPublished),
		bodyOf("evt subscribe", func(t *rapid.T) EvtSubscribeReq {
			q := EvtSubscribeReq{Channel: rapid.Uint32().Draw(t, "c"), Subscription: rapid.Uint64().Draw(t, "s")}
			q.Filters = make([]EvtFilter, rapid.IntRange(0, 4).Draw(t, "filters"))
			for i := range q.Filters {
				q.Filters[i] = EvtFilter{rapid.Uint8().Draw(t, "type"), bytesGen(40).Draw(t, "filter")}
			}
			return q
		}, AppendEvtSubscribeReq, DecodeEvtSubscribeReq),
		bodyOf("evt unsubscribe", func(t *rapid.T) EvtUnsubscribeReq {
			return EvtUnsubscribeReq{rapid.Uint32().Draw(t, "c"), rapid.Uint64().Draw(t, "s")}
		}, AppendEvtUnsubscribeReq, DecodeEvtUnsubscribeReq),
		bodyOf("evt clear", func(t *rapid.T) EvtClearReq {
			return EvtClearReq{rapid.Uint32().Draw(t, "c"), rapid.Uint64().Draw(t, "i")}
		}, AppendEvtClearReq, DecodeEvtClearReq),
		bodyOf("evt next", func(t *rapid.T) EvtNextReq {
			return EvtNextReq{rapid.Uint32().Draw(t, "e"), rapid.Uint32().Draw(t, "b")}
		}, AppendEvtNextReq, DecodeEvtNextReq),
		bodyOf("evt shared", func(t *rapid.T) EvtEvent {
			e := drawEvtEvent(t)
			e.Channel, e.Subscription = 0, 0
			return e
		}, AppendEvtShared, DecodeEvtShared),
		bodyOf("evt batch", func(t *rapid.T) EvtBatch {
			b := EvtBatch{More: rapid.Bool().Draw(t, "more"), Events: make([]EvtEvent, rapid.IntRange(0, 3).Draw(t, "events"))}
			for i := range b.Events {
				b.Events[i] = drawEvtEvent(t)
			}
			return b
		}, AppendEvtBatch, DecodeEvtBatch),
	)
}

var seedEvent = EvtEvent{1, 2, 3, 1, 5, 6, []byte("pub"), [][]byte{[]byte("a"), {}}, []byte("data")}

func FuzzEvtOpenReq(f *testing.F) {
	fuzzBody(f, "evt open", AppendEvtOpenReq(nil, &EvtOpenReq{7, true, 1, 2, []byte("name")}))
}

func FuzzEvtOpenResult(f *testing.F) {
	fuzzBody(f, "evt open result", AppendEvtOpenResult(nil, &EvtOpenResult{1, OK, 3}))
}

func FuzzEvtOpened(f *testing.F) { fuzzBody(f, "evt opened", AppendEvtOpened(nil, &EvtOpened{1})) }

func FuzzEvtChannelReq(f *testing.F) {
	fuzzBody(f, "evt channel", AppendEvtChannelReq(nil, &EvtChannelReq{1}))
}

func FuzzEvtUnlinkReq(f *testing.F) {
	fuzzBody(f, "evt unlink", AppendEvtUnlinkReq(nil, &EvtUnlinkReq{false, []byte("name")}))
}

func FuzzEvtPublishReq(f *testing.F) {
	fuzzBody(f, "evt publish", AppendEvtPublishReq(nil, &EvtPublishReq{1, 2, 3, []byte("p"), [][]byte{{1}, {}}, []byte("d")}))
}

func FuzzEvtPublished(f *testing.F) {
	fuzzBody(f, "evt published", AppendEvtPublished(nil, &EvtPublished{1, 2}))
}

func FuzzEvtSubscribeReq(f *testing.F) {
	fuzzBody(f, "evt subscribe", AppendEvtSubscribeReq(nil, &EvtSubscribeReq{1, 2, []EvtFilter{{1, []byte("x")}, {4, nil}}}))
}

func FuzzEvtUnsubscribeReq(f *testing.F) {
	fuzzBody(f, "evt unsubscribe", AppendEvtUnsubscribeReq(nil, &EvtUnsubscribeReq{1, 2}))
}

func FuzzEvtClearReq(f *testing.F) {
	fuzzBody(f, "evt clear", AppendEvtClearReq(nil, &EvtClearReq{1, 2}))
}

func FuzzEvtNextReq(f *testing.F) {
	fuzzBody(f, "evt next", AppendEvtNextReq(nil, &EvtNextReq{1, 2}))
}

func FuzzEvtShared(f *testing.F) { fuzzBody(f, "evt shared", AppendEvtShared(nil, &seedEvent)) }

func FuzzEvtBatch(f *testing.F) {
	fuzzBody(f, "evt batch", AppendEvtBatch(nil, &EvtBatch{true, []EvtEvent{seedEvent, seedEvent}}))
}

func TestEventsBeyondTheLimitsAreCutSoThatTheyDecode(t *testing.T) {
	long := bytes.Repeat([]byte("x"), EvtMaxData+1)
	patterns := make([][]byte, EvtMaxPatterns+1)
	for i := range patterns {
		patterns[i] = long
	}
	var b EvtBatch
	in := EvtBatch{Events: []EvtEvent{{Publisher: long, Patterns: patterns, Data: long}}}
	if !DecodeEvtBatch(AppendEvtBatch(nil, &in), &b) {
		t.Fatal("refused")
	}
	e := &b.Events[0]
	if len(e.Publisher) != MaxName || len(e.Patterns) != EvtMaxPatterns || len(e.Patterns[0]) != EvtMaxPattern || len(e.Data) != EvtMaxData {
		t.Fatalf("%d %d %d %d", len(e.Publisher), len(e.Patterns), len(e.Patterns[0]), len(e.Data))
	}
	var q EvtSubscribeReq
	filters := make([]EvtFilter, EvtMaxPatterns+1)
	if !DecodeEvtSubscribeReq(AppendEvtSubscribeReq(nil, &EvtSubscribeReq{Filters: filters}), &q) || len(q.Filters) != EvtMaxPatterns {
		t.Fatal("filters")
	}
}

func TestTheLargestEventFitsAFrame(t *testing.T) {
	long := make([]byte, EvtMaxData)
	e := EvtEvent{Publisher: long[:MaxName], Data: long}
	for range EvtMaxPatterns {
		e.Patterns = append(e.Patterns, long[:EvtMaxPattern])
	}
	if n := len(AppendEvtBatch(nil, &EvtBatch{Events: []EvtEvent{e}})); HeaderSize+n > MaxFrame {
		t.Fatalf("%d bytes", n)
	}
}

func TestABatchThatAnnouncesMoreThanItHoldsAllocatesNothing(t *testing.T) {
	src := AppendEvtBatchHead(nil, false, maxBatch)
	if n := testing.AllocsPerRun(100, func() {
		var b EvtBatch
		if DecodeEvtBatch(src, &b) {
			t.Fatal("accepted")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestDecodingABatchIntoAUsedOneAllocatesNothing(t *testing.T) {
	src := AppendEvtBatch(nil, &EvtBatch{Events: []EvtEvent{seedEvent, seedEvent}})
	var b EvtBatch
	if n := testing.AllocsPerRun(100, func() {
		if !DecodeEvtBatch(src, &b) {
			t.Fatal("refused")
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func FuzzEvtChannelPage(f *testing.F) {
	fuzzBody(f, "evt channel page", AppendEvtChannelPage(nil, &EvtChannelPage{true, []EvtChannelInfo{{Name: []byte("n"), Linked: true,
		Openers: make([]EvtOpener, 2)}}}))
}

func FuzzEvtChannelsReq(f *testing.F) {
	fuzzBody(f, "evt channels", AppendEvtChannelsReq(nil, &EvtChannelsReq{true, EvtDot{1, 2, [16]byte{9}, 3}}))
}

func FuzzEvtRetainedPage(f *testing.F) {
	fuzzBody(f, "evt retained page", AppendEvtRetainedPage(nil, &EvtRetainedPage{true, []EvtRetainedInfo{{Publisher: []byte("p"),
		Patterns: [][]byte{{1}, {}}}}}))
}

func FuzzEvtRetainedReq(f *testing.F) {
	fuzzBody(f, "evt retained", AppendEvtRetainedReq(nil, &EvtRetainedReq{true, EvtDot{1, 2, [16]byte{9}, 3}, EvtDot{4, 5, [16]byte{}, 6}}))
}

func TestTheTimeInARequestCanBeWrittenWhereItLies(t *testing.T) {
	evt := EvtOpenReq{Flags: 7, Local: true, Timeout: 5, Invocation: 9, Name: []byte("name")}
	open := CkptOpenReq{Name: []byte("name"), Flags: 3, Timeout: 5, Invocation: 9}
	created := open
	created.HasAttributes, created.Attributes.MaxSections = true, 4
	sync := CkptTimeReq{Handle: 8, Time: 5}
	for name, b := range map[string]struct {
		body  []byte
		where func([]byte) []byte
		after []byte
	}{
		"evt open":       {AppendEvtOpenReq(nil, &evt), EvtOpenTimeout, func() []byte { q := evt; q.Timeout = 77; return AppendEvtOpenReq(nil, &q) }()},
		"ckpt open":      {AppendCkptOpenReq(nil, &open), CkptOpenTimeout, func() []byte { q := open; q.Timeout = 77; return AppendCkptOpenReq(nil, &q) }()},
		"ckpt create":    {AppendCkptOpenReq(nil, &created), CkptOpenTimeout, func() []byte { q := created; q.Timeout = 77; return AppendCkptOpenReq(nil, &q) }()},
		"ckpt with time": {AppendCkptTimeReq(nil, &sync), CkptTime, func() []byte { q := sync; q.Time = 77; return AppendCkptTimeReq(nil, &q) }()},
	} {
		for cut := range b.body {
			if b.where(b.body[:cut]) != nil {
				t.Errorf("%s: a time in %d of %d bytes", name, cut, len(b.body))
			}
		}
		where := b.where(b.body)
		if len(where) != 8 || binary.LittleEndian.Uint64(where) != 5 {
			t.Fatalf("%s: % x is not the time", name, where)
		}
		binary.LittleEndian.PutUint64(where, 77)
		if !bytes.Equal(b.body, b.after) {
			t.Errorf("%s: with another time it is % x, not % x", name, b.body, b.after)
		}
	}
}
