package gmi

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// sink is a handler that keeps nothing.
type sink struct {
	count int
	safe  MessageID
	onMsg func([]byte)
}

func (s *sink) Deliver(_ wire.Member, msg []byte, _ MessageID, _ bool) {
	s.count++
	if s.onMsg != nil {
		s.onMsg(msg)
	}
}
func (s *sink) ConfigChange(srp.DeliveryKind, *srp.Configuration) {}
func (s *sink) Safe(id MessageID)                                 { s.safe = id }

var self = wire.Member{ID: 1, Start: 1}

func newGMI(t testing.TB, opt Options) *GMI {
	t.Helper()
	opt.Self = self
	g, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func mustSend(t testing.TB, g *GMI, p Priority, guar wire.Guarantee, msg []byte) MessageID {
	t.Helper()
	id, err := g.Multicast("g", p, guar, msg)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// decode lists the records of a payload.
func decode(t *testing.T, payload []byte) []record {
	t.Helper()
	if !wellFormed(payload) {
		t.Fatalf("own payload is not well-formed: %x", payload)
	}
	var rs []record
	for b := payload; len(b) > 0 && b[0] != padding; {
		var r record
		r, b, _ = nextRecord(b)
		rs = append(rs, r)
	}
	return rs
}

func TestSmallMessagesArePackedByPriorityAndOnlyWithTheirOwnGuarantee(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 1000})
	mustSend(t, g, Low, wire.Agreed, []byte("low"))
	mustSend(t, g, Medium, wire.Safe, []byte("medium safe"))
	mustSend(t, g, Medium, wire.Agreed, []byte("medium agreed"))
	mustSend(t, g, High, wire.Agreed, []byte("high"))
	mustSend(t, g, Recovery, wire.Agreed, []byte("recovery"))
	want := [][]string{{"recovery", "high"}, {"medium safe"}, {"medium agreed", "low"}}
	guars := []wire.Guarantee{wire.Agreed, wire.Safe, wire.Agreed}
	buf := make([]byte, 1000)
	for i, texts := range want {
		n, guar, ok := g.Next(buf)
		if !ok || guar != guars[i] {
			t.Fatalf("payload %d: ok %v, guarantee %d", i, ok, guar)
		}
		rs := decode(t, buf[:n])
		if len(rs) != len(texts) {
			t.Fatalf("payload %d has %d messages, not %d", i, len(rs), len(texts))
		}
		for j, r := range rs {
			if string(r.data) != texts[j] {
				t.Errorf("payload %d, message %d is %q, not %q", i, j, r.data, texts[j])
			}
		}
	}
	if _, _, ok := g.Next(buf); ok || g.Backlog() != 0 {
		t.Errorf("something is left")
	}
}

func TestALargeMessageIsInterruptedByAHigherPriorityAndArrivesWhole(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 200})
	var got [][]byte
	if err := g.Join("g", &sink{onMsg: func(b []byte) { got = append(got, bytes.Clone(b)) }}); err != nil {
		t.Fatal(err)
	}
	large := text(1, 1, 1000)
	mustSend(t, g, Low, wire.Agreed, large)
	buf := make([]byte, 200)
	for seq := uint64(1); ; seq++ {
		if seq == 3 {
			mustSend(t, g, High, wire.Agreed, []byte("urgent"))
		}
		n, _, ok := g.Next(buf)
		if !ok {
			break
		}
		g.Deliver(&srp.Delivery{Seq: seq, From: self, Payload: buf[:n]})
	}
	if len(got) != 2 || string(got[0]) != "urgent" || !bytes.Equal(got[1], large) {
		t.Fatalf("%d messages, the first %.20q", len(got), got[0])
	}
}

func TestAfterSendOKSaidYesMulticastIsNeverRefusedAndRoomIsAnnounced(t *testing.T) {
	woken, room := 0, 0
	g := newGMI(t, Options{
		MaxPayload: 500, MaxMessage: 3000, QueueLimits: [Priorities]int{1, 1, 8000, 1},
		Wake: func() { woken++ }, OnRoom: func(c Class, p Priority) {
			if c != Free || p != Medium {
				t.Errorf("room announced in class %d at priority %d", c, p)
			}
			room++
		},
	})
	sent := 0
	for g.SendOK(Medium, 700) {
		mustSend(t, g, Medium, wire.Agreed, make([]byte, 700))
		sent++
	}
	if want := 8000 / cost(700); sent != want {
		t.Errorf("%d messages taken, not %d", sent, want)
	}
	if _, err := g.Multicast("g", Medium, wire.Agreed, make([]byte, 700)); !errors.Is(err, ErrFull) {
		t.Errorf("a message too many: %v", err)
	}
	// A queue however small takes one message of the largest size.
	for _, p := range []Priority{Recovery, High, Low} {
		if !g.SendOK(p, 3000) || g.SendOK(p, 3001) {
			t.Errorf("priority %d: the largest message is refused, or a larger one taken", p)
		}
	}
	g.Flush()
	if room != 0 || woken != 1 {
		t.Fatalf("room announced %d times, woken %d times", room, woken)
	}
	buf := make([]byte, 500)
	for range 100 {
		g.Next(buf)
		g.Flush()
	}
	if room != 1 {
		t.Errorf("room announced %d times", room)
	}
	if g.Queued(Free, Medium) != 0 {
		t.Errorf("%d bytes accounted in an empty queue", g.Queued(Free, Medium))
	}
}

func TestSafeIsNotSaidOfALowerIDThatWasDeliveredLater(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 128})
	h := &sink{}
	if err := g.Join("g", h); err != nil {
		t.Fatal(err)
	}
	low := mustSend(t, g, Low, wire.Agreed, []byte("low"))
	high := mustSend(t, g, High, wire.Safe, []byte("high"))
	buf := make([]byte, 128)
	for seq := uint64(1); seq <= 2; seq++ {
		n, _, _ := g.Next(buf)
		g.Deliver(&srp.Delivery{Seq: seq, From: self, Payload: buf[:n]})
	}
	g.SafeUpTo(wire.RingID{Seq: 99}, 2)
	if h.safe != 0 {
		t.Fatalf("stability of another ring made %d safe", h.safe)
	}
	g.SafeUpTo(wire.RingID{}, 1)
	if h.safe >= low {
		t.Fatalf("%d is called safe, its message has not reached everybody", low)
	}
	g.SafeUpTo(wire.RingID{}, 2)
	if h.safe != high {
		t.Fatalf("safe up to %d, not %d", h.safe, high)
	}
}

func TestAnAssemblyTakesMemoryForWhatArrivedNotForWhatWasAnnounced(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 200})
	if err := g.Join("g", &sink{}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 200)
	for i := range 50 {
		n := putRecord(buf, laneOf(Free, Low), 1, "g", MessageLimit, 0, true, false, make([]byte, 100))
		g.Deliver(&srp.Delivery{From: wire.Member{ID: wire.NodeID(i + 2)}, Payload: buf[:n]})
	}
	total := 0
	for _, s := range g.senders {
		total += cap(s.partial[laneOf(Free, Low)].buf)
	}
	if total > 50*assembleFirst {
		t.Errorf("50 announced messages hold %d bytes", total)
	}
	g.Deliver(&srp.Delivery{Kind: srp.DeliverRegular})
	if s := g.Stats(); s.Partial != 50 || len(g.senders) != 0 {
		t.Errorf("after a regular configuration %d senders, %d messages dropped", len(g.senders), s.Partial)
	}
}

func TestFragmentsOutOfPlaceAreCountedAndDropped(t *testing.T) {
	begin := func(id MessageID, total, n int) []byte {
		b := make([]byte, 300)
		return b[:putRecord(b, laneOf(Free, Low), id, "g", total, 0, true, false, make([]byte, n))]
	}
	fragment := func(id MessageID, number uint8, last bool, n int) []byte {
		b := make([]byte, 300)
		return b[:putRecord(b, laneOf(Free, Low), id, "g", 0, number, false, last, make([]byte, n))]
	}
	for name, tc := range map[string]struct {
		payloads [][]byte
		orphans  uint64
	}{
		"no start":              {[][]byte{fragment(1, 1, false, 100)}, 1},
		"no start of this lane": {[][]byte{fragment(256, 0, false, 100)}, 1},
		"a gap":                 {[][]byte{begin(1, 300, 100), fragment(1, 2, false, 100)}, 1},
		"one twice":             {[][]byte{begin(1, 400, 100), fragment(1, 1, false, 100), fragment(1, 1, true, 200)}, 1},
		"last before the total": {[][]byte{begin(1, 300, 100), fragment(1, 1, true, 100)}, 1},
		"total, and not last":   {[][]byte{begin(1, 300, 100), fragment(1, 1, false, 200)}, 1},
		"beyond the total":      {[][]byte{begin(1, 300, 250), fragment(1, 1, true, 100)}, 1},
		"another message":       {[][]byte{begin(1, 300, 100), fragment(2, 1, true, 200)}, 1},
		"after a gap, the rest": {[][]byte{begin(1, 300, 100), fragment(1, 2, false, 50), fragment(1, 1, true, 200)}, 2},
	} {
		h := &sink{}
		g := newGMI(t, Options{MaxPayload: 300})
		if err := g.Join("g", h); err != nil {
			t.Fatal(err)
		}
		for _, p := range tc.payloads {
			g.Deliver(&srp.Delivery{From: wire.Member{ID: 2}, Payload: p})
		}
		if s := g.Stats(); h.count != 0 || s.Orphans != tc.orphans || s.Malformed != 0 {
			t.Errorf("%s: %d delivered, %+v", name, h.count, s)
		}
	}
}

// A fragment's number has eight bits and a message more fragments than that; its
// id's low byte is 0 once in a while.
func TestMessagesOfMoreFragmentsThanANumberHasArriveWhole(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: MinPayload})
	var got []byte
	if err := g.Join("g", &sink{onMsg: func(b []byte) { got = bytes.Clone(b) }}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, MinPayload)
	for _, id := range []MessageID{1, 255, 256, 1 << 16, 1<<32 - 1, 1 << 40, maxID} {
		g.nextID = id - 1
		msg := text(1, 1, 600*(MinPayload-3)+int(id%250))
		if sent := mustSend(t, g, Low, wire.Agreed, msg); sent != id {
			t.Fatalf("id %d, not %d", sent, id)
		}
		for seq := uint64(1); ; seq++ {
			n, _, ok := g.Next(buf)
			if !ok {
				break
			}
			g.Deliver(&srp.Delivery{Seq: seq, From: self, Payload: buf[:n]})
		}
		if !bytes.Equal(got, msg) {
			t.Fatalf("message %d of %d bytes did not arrive: %+v", id, len(msg), g.Stats())
		}
	}
	if _, err := g.Multicast("g", Low, wire.Agreed, []byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("a message behind the last id: %v", err)
	}
}

// The last byte of a message may have room in a fragment but not in a last one,
// whose header is larger: every length around the borders of payloads.
func TestMessagesThatJustFitOrJustDoNotArriveWhole(t *testing.T) {
	for _, before := range []int{0, 1, 20, 40} { // another message in front of it
		for size := 0; size < 3*MinPayload; size++ {
			g := newGMI(t, Options{MaxPayload: MinPayload})
			var got [][]byte
			if err := g.Join("g", &sink{onMsg: func(b []byte) { got = append(got, bytes.Clone(b)) }}); err != nil {
				t.Fatal(err)
			}
			var want [][]byte
			for i, n := range []int{before, size, 5} {
				want = append(want, text(1, uint64(i+1), n))
				mustSend(t, g, Low, wire.Agreed, want[i])
			}
			buf := make([]byte, MinPayload+50)
			for seq := uint64(1); ; seq++ {
				n, _, ok := g.Next(buf)
				if !ok {
					break
				}
				if n > MinPayload {
					t.Fatalf("a payload of %d bytes", n)
				}
				g.Deliver(&srp.Delivery{Seq: seq, From: self, Payload: bytes.Clone(buf[:n])})
			}
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("%d bytes behind %d: %d messages, %+v", size, before, len(got), g.Stats())
			}
		}
	}
}

// The format of the file's comment, by hand.
func TestPayloadsAreExactlyAsDocumented(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: MinPayload})
	g.nextID = 0x010203040504
	mustSend(t, g, High, wire.Agreed, []byte("whole"))
	mustSend(t, g, Low, wire.Agreed, make([]byte, 0x12c))
	pad := func(b []byte) []byte { return append(b, make([]byte, MinPayload-len(b))...) }
	want := [][]byte{
		pad([]byte{0x32, 5, 5, 4, 3, 2, 1, 1, 'g', 5, 0, 'w', 'h', 'o', 'l', 'e', 0x14, 6, 5, 4, 3, 2, 1, 1, 'g', 0x2b, 1, 0}),
		pad([]byte{0x04, 6, 1}),
		append([]byte{0x24, 6, 2, 300 - 100 - 125, 0}, make([]byte, 300-100-125)...),
	}
	buf := make([]byte, MinPayload)
	for i := range want {
		n, _, ok := g.Next(buf)
		if !ok || !bytes.Equal(buf[:n], want[i]) {
			t.Errorf("payload %d:\n got %x\nwant %x", i, buf[:n], want[i])
		}
	}
}

func TestPayloadsOfABacklogAreOfOneSizeAndTheirMessagesArriveWhole(t *testing.T) {
	const room = 1412
	for size := 1; size < 6000; size += 1 + size/9 {
		g := newGMI(t, Options{MaxPayload: room, QueueLimits: [Priorities]int{4 << 20, 4 << 20, 4 << 20, 4 << 20}})
		arrived, all := 0, 0
		if err := g.Join("g", &sink{onMsg: func(b []byte) {
			if len(b) != size || b[size-1] != byte(arrived) {
				t.Fatalf("%d bytes: message %d has %d and ends with %d", size, arrived, len(b), b[len(b)-1])
			}
			arrived++
		}}); err != nil {
			t.Fatal(err)
		}
		const messages = 300
		for i := range messages {
			msg := make([]byte, size)
			msg[size-1] = byte(i)
			mustSend(t, g, Medium, wire.Agreed, msg)
		}
		buf := bytesOf(0xaa, room)
		short := 0
		for seq := uint64(1); ; seq++ {
			n, _, ok := g.Next(buf)
			if !ok {
				break
			}
			if short > 0 {
				t.Fatalf("%d bytes: %d of a payload with another behind it", size, short)
			}
			// What misses its place by its own length field is short by that.
			if n < room-lengthSize {
				short = n
			}
			all += n
			g.Deliver(&srp.Delivery{Seq: seq, From: self, Payload: buf[:n]})
		}
		if arrived != messages || g.Stats().Malformed != 0 {
			t.Fatalf("%d bytes: %d messages arrived, %+v", size, arrived, g.Stats())
		}
		// A payload with room for one message is what it is; else little is lost.
		if each := size + 48; all > messages*each+all/8 && size < room/2 {
			t.Errorf("%d bytes: %d for %d messages", size, all, messages)
		}
	}
}

func bytesOf(v byte, n int) []byte { return bytes.Repeat([]byte{v}, n) }

func TestPaddingIsLittleWhereMessagesDoNotFitIntoOnePayload(t *testing.T) {
	const room, size = 1412, 2083
	g := newGMI(t, Options{MaxPayload: room, QueueLimits: [Priorities]int{4 << 20, 4 << 20, 4 << 20, 4 << 20}})
	const messages = 1000
	for range messages {
		mustSend(t, g, Medium, wire.Agreed, make([]byte, size))
	}
	buf, payloads := make([]byte, room), 0
	for {
		if _, _, ok := g.Next(buf); !ok {
			break
		}
		payloads++
	}
	if least := messages * size / room; payloads > least+least/50 {
		t.Errorf("%d payloads for what fits into %d", payloads, least)
	}
}

func TestMalformedPayloadsAreCountedAndChangeNothing(t *testing.T) {
	whole := make([]byte, 100)
	whole = whole[:putRecord(whole, laneOf(Free, Low), 1, "g", 5, 0, true, true, []byte("hello"))]
	begin := make([]byte, 100)
	begin = begin[:putRecord(begin, laneOf(Free, Low), 1, "g", 50, 0, true, false, make([]byte, 20))]
	change := func(b []byte, at int, to byte) []byte {
		b = bytes.Clone(b)
		b[at] = to
		return b
	}
	bad := [][]byte{
		nil, {}, change(whole, 0, 0xff), change(whole, 0, whole[0]|0x80), change(whole, 0, whole[0]&^flagLast|flagOpen), change(whole, 0, whole[0]|0x0f),
		change(whole, 1, 0),                              // id 0
		change(whole, 7, 0),                              // empty group
		change(whole, 7, 33),                             // too long a group
		change(whole, 9, 4),                              // length less than the data: a byte remains
		change(whole, 9, 6),                              // length beyond the payload
		change(whole, 10, 0xff),                          // length beyond every bound
		append(whole[:len(whole):len(whole)], 0),         // a byte too many
		change(begin, 9, 19),                             // the whole message is in what is not its end
		begin[:12],                                       // nothing of the message
		{flagLast | byte(laneOf(Free, Low)), 1, 1, 0, 0}, // a last fragment of nothing
		{byte(laneOf(Free, Low)), 1, 1},                  // a fragment of nothing
		{byte(laneOf(Free, Low)), 1},
		{flagLast | byte(laneOf(Free, Low)), 1, 1, 2, 0, 0}, // a last fragment that is longer
		append(bytes.Clone(whole), byte(lanes), 1, 1, 0),    // no such lane, behind a good one
		append(bytes.Clone(whole), padding, 0, 1),           // padding that says something
		{padding}, {padding, 0, 0}, // and nothing else
	}
	for i := range whole {
		bad = append(bad, whole[:i])
	}
	h := &sink{}
	g := newGMI(t, Options{MaxPayload: 200})
	if err := g.Join("g", h); err != nil {
		t.Fatal(err)
	}
	for i, b := range bad {
		g.Deliver(&srp.Delivery{From: wire.Member{ID: 2}, Payload: b})
		if got := g.Stats().Malformed; got != uint64(i+1) {
			t.Fatalf("payload %d (%x) was not refused", i, b)
		}
	}
	if h.count != 0 || len(g.senders) != 0 {
		t.Errorf("%d messages, %d senders", h.count, len(g.senders))
	}
	g.Deliver(&srp.Delivery{From: wire.Member{ID: 2}, Payload: whole})
	g.Deliver(&srp.Delivery{From: wire.Member{ID: 2}, Payload: whole})
	if h.count != 1 || g.Stats().Duplicates != 1 {
		t.Errorf("a good message and its repetition: delivered %d, %+v", h.count, g.Stats())
	}
}

func TestGroupsAreJoinedOnceByAValidNameAndLeftEvenFromWithin(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 200})
	for _, name := range []string{"", string(make([]byte, 33))} {
		if err := g.Join(name, &sink{}); !errors.Is(err, ErrGroupName) {
			t.Errorf("joining %q: %v", name, err)
		}
		if _, err := g.Multicast(name, Low, wire.Agreed); !errors.Is(err, ErrGroupName) {
			t.Errorf("multicast to %q: %v", name, err)
		}
	}
	h := &sink{}
	h.onMsg = func([]byte) {
		if err := g.Leave("g"); err != nil {
			t.Error(err)
		}
	}
	if err := g.Join("g", h); err != nil {
		t.Fatal(err)
	}
	if err := g.Join("g", h); !errors.Is(err, ErrJoined) {
		t.Errorf("joining twice: %v", err)
	}
	for range 3 {
		mustSend(t, g, Low, wire.Agreed, []byte("x"))
	}
	buf := make([]byte, 200)
	n, _, _ := g.Next(buf)
	g.Deliver(&srp.Delivery{Seq: 1, From: self, Payload: buf[:n]})
	g.SafeUpTo(wire.RingID{}, 1)
	g.Deliver(&srp.Delivery{Kind: srp.DeliverRegular})
	if h.count != 1 || h.safe != 0 {
		t.Errorf("%d messages, safe %d, after having left", h.count, h.safe)
	}
	if err := g.Leave("g"); !errors.Is(err, ErrNotJoined) {
		t.Errorf("leaving twice: %v", err)
	}
}

func TestSmallMessagesCostNoAllocationInSteadyState(t *testing.T) {
	g := newGMI(t, Options{MaxPayload: 1400})
	if err := g.Join("g", &sink{}); err != nil {
		t.Fatal(err)
	}
	msg, buf := make([]byte, 64), make([]byte, 1400)
	large := make([]byte, 100<<10)
	d := srp.Delivery{From: self}
	round := func(msg []byte) {
		for range 50 {
			if _, err := g.Multicast("g", Medium, wire.Agreed, msg[:8], msg[8:]); err != nil {
				t.Fatal(err)
			}
			if len(msg) > slabLargest {
				break
			}
		}
		for {
			n, _, ok := g.Next(buf)
			if !ok {
				break
			}
			d.Seq++
			d.Payload = buf[:n]
			g.Deliver(&d)
		}
		g.SafeUpTo(wire.RingID{}, d.Seq)
	}
	for _, m := range [][]byte{msg, large} {
		for range 50 {
			round(m)
		}
		if n := testing.AllocsPerRun(200, func() { round(m) }); n != 0 {
			t.Errorf("messages of %d bytes: %v allocations per round", len(m), n)
		}
	}
}

func TestGatedMessagesWaitForTheGateAndThenGoInOrderOfTheirIDs(t *testing.T) {
	woken := 0
	g := newGMI(t, Options{MaxPayload: 300, Wake: func() { woken++ }})
	g.Gate(true)
	send := func(c Class, text string) {
		t.Helper()
		if _, err := g.MulticastAs(c, "g", Medium, wire.Agreed, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	next := func() (texts []string) {
		buf := make([]byte, 300)
		if n, _, ok := g.Next(buf); ok {
			for _, r := range decode(t, buf[:n]) {
				texts = append(texts, string(r.data))
			}
		}
		return texts
	}
	send(Gated, "gated 1")
	if woken != 0 || g.Backlog() != 0 || next() != nil {
		t.Fatal("a gated message is sent")
	}
	send(Free, "free 2")
	send(Sync, "sync 3")
	if got := next(); !slices.Equal(got, []string{"sync 3", "free 2"}) {
		t.Fatalf("sent %q", got)
	}
	woken = 0
	g.Gate(false)
	if woken != 1 {
		t.Errorf("opening the gate woke the ring %d times", woken)
	}
	send(Free, "free 4")
	send(Gated, "gated 5")
	if got := next(); !slices.Equal(got, []string{"gated 1", "free 4", "gated 5"}) {
		t.Fatalf("sent %q", got)
	}
}

func TestNewRefusesSizesItCannotWorkWith(t *testing.T) {
	for _, opt := range []Options{
		{}, {MaxPayload: MinPayload - 1}, {MaxPayload: 1 << 16},
		{MaxPayload: 1000, MaxMessage: -1}, {MaxPayload: 1000, MaxMessage: MessageLimit + 1},
	} {
		if _, err := New(opt); err == nil {
			t.Errorf("%+v was taken", opt)
		}
	}
}

func FuzzDeliver(f *testing.F) {
	b := make([]byte, 400)
	n := putRecord(b, laneOf(Free, High), 2, "g", 5, 0, true, true, []byte("hello"))
	n += putRecord(b[n:], laneOf(Free, Low), 1, "g", 300, 0, true, false, make([]byte, 100))
	f.Add(b[:n], []byte{flagFirst})
	open := make([]byte, headRoom+100)
	f.Add(open[putOpen(open[:headRoom], laneOf(Free, Low), 3, "g"):], b[:n])
	two := make([]byte, 400)
	f.Add(b[:n], two[:putRecord(two, laneOf(Free, Low), 1, "g", 300, 1, false, true, make([]byte, 200))])
	f.Fuzz(func(t *testing.T, one, two []byte) {
		g := newGMI(t, Options{MaxPayload: 1400})
		bytesSeen := 0
		if err := g.Join("g", &sink{onMsg: func(b []byte) { bytesSeen += len(b) }}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for _, p := range [][]byte{one, two} {
				g.Deliver(&srp.Delivery{From: wire.Member{ID: 2}, Payload: p})
			}
		}
		if bytesSeen > 3*(len(one)+len(two)) {
			t.Errorf("%d bytes delivered out of %d", bytesSeen, 3*(len(one)+len(two)))
		}
		for _, s := range g.senders {
			for p := range s.partial {
				if a := &s.partial[p]; cap(a.buf) > assembleFirst+4*(len(one)+len(two)) {
					t.Errorf("an assembly holds %d bytes", cap(a.buf))
				}
			}
		}
	})
}
