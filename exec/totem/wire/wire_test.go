package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

func nonce(b byte) (n Nonce) {
	for i := range n {
		n[i] = b + byte(i)
	}
	return n
}

func member(id NodeID) Member { return Member{ID: id, Start: uint64(id) * 7, Nonce: nonce(byte(id))} }

type packet interface {
	AppendTo([]byte) []byte
	Unmarshal([]byte) error
}

// samples are one of each packet, lists filled and empty.
func samples() map[string]packet {
	j := &JoinPage{Page: Page{Index: 1, Pages: 2, First: 2, Total: 4}, Cause: 3, Start: 9, Generation: 4, RingSeq: 77,
		Ring: RingID{Rep: 2, Seq: 8}, Stamp: 99,
		Entries: []JoinEntry{{Member: member(5)}, {Member: member(8), Failed: true}}}
	c := &CommitPage{Page: Page{Pages: 1, Total: 2}, Ring: RingID{Rep: 1, Seq: 12}, Hop: 3, Room: 161,
		Entries: []CommitEntry{
			{Member: member(1), Filled: true, Old: RingID{Rep: 1, Seq: 8}, Aru: 4, High: 9, Safe: 2, Obligation: Obligation{3, 0, 1}},
			{Member: member(2)},
		}}
	return map[string]packet{
		"token": &Token{Seq: 5, High: 90, Aru: 80, AruSetter: 3, FCC: 7, Backlog: 8, Pending: 2, Idle: 4, Delayed: true,
			Ranges: []Range{{From: 81, Count: 3}, {From: 88, Count: 1}}},
		"bare token":   &Token{Seq: 1, Ranges: []Range{}},
		"token ack":    &TokenAck{Seq: 12},
		"hold cancel":  &HoldCancel{Seq: 13},
		"data ack":     &DataAck{Aru: 14, Waiting: true},
		"leave":        &Leave{},
		"merge detect": &MergeDetect{Start: 3, Ring: RingID{Rep: 4, Seq: 5}, Members: 300, Stamp: 6},
		"challenge":    &Challenge{Start: 1, RingSeq: 2, Echo: nonce(3), Stamp: 4},
		"probe":        &Probe{Target: nonce(9), Number: 8},
		"probe reply":  &ProbeReply{Echo: nonce(9), Number: 8},
		"join":         j,
		"commit":       c,
	}
}

func fresh(p packet) packet { return reflect.New(reflect.TypeOf(p).Elem()).Interface().(packet) }

func TestEveryPacketComesBackAsItWas(t *testing.T) {
	for name, p := range samples() {
		q := fresh(p)
		if err := q.Unmarshal(p.AppendTo(nil)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if a, b := p.AppendTo(nil), q.AppendTo(nil); !bytes.Equal(a, b) {
			t.Errorf("%s: encoded again it differs:\n%x\n%x", name, a, b)
		}
		if tok, ok := q.(*Token); ok && tok.Ranges == nil {
			tok.Ranges = []Range{}
		}
		if !reflect.DeepEqual(p, q) {
			t.Errorf("%s: %+v became %+v", name, p, q)
		}
	}
}

func TestTruncatedAndLengthenedPacketsAreRefused(t *testing.T) {
	for name, p := range samples() {
		b := p.AppendTo(nil)
		for n := range b {
			if fresh(p).Unmarshal(b[:n]) == nil {
				t.Errorf("%s: %d of %d bytes accepted", name, n, len(b))
			}
		}
		if fresh(p).Unmarshal(append(b[:len(b):len(b)], 0)) == nil {
			t.Errorf("%s: a byte behind the end accepted", name)
		}
	}
}

func TestEveryPacketIsTakenOnlyForItsOwnTypeAndVersion(t *testing.T) {
	all := samples()
	for name, p := range all {
		b := p.AppendTo(nil)
		for other, q := range all {
			if reflect.TypeOf(p) != reflect.TypeOf(q) && fresh(q).Unmarshal(b) == nil {
				t.Errorf("a %s was taken for a %s", name, other)
			}
		}
		b[1]++
		if err := fresh(p).Unmarshal(b); !errors.Is(err, ErrVersion) {
			t.Errorf("%s of another version: %v", name, err)
		}
	}
	if _, err := Kind([]byte{byte(typeEnd), Version}); !errors.Is(err, ErrType) {
		t.Errorf("unknown type: %v", err)
	}
}

func encode(d *Data) []byte {
	b := make([]byte, EncapsulationHeader)
	return append(b[:d.PutHeader(b)], d.Payload...)
}

func datas() []Data {
	return []Data{
		{Source: 3, Seq: 4, Round: 5, Guarantee: Safe, AfterToken: true, Payload: []byte("abc")},
		{Source: 0, Seq: 4, Round: 5, Payload: []byte{}},
		{Source: 2, Seq: 4, Round: 5, Acknowledge: true, Payload: []byte("x")},
		{Source: MaxMembers - 1, Seq: MaxSeq, Round: 1<<16 - 1, Payload: []byte{0}},
		{Source: 1, Seq: 1 << 40, Encapsulated: true, Payload: make([]byte, 3),
			Old: OldData{Ring: RingID{Rep: 7, Seq: 8}, Source: 2, Seq: 5, Guarantee: Safe}},
		{Source: 1, Seq: 1, Guarantee: Safe, Encapsulated: true, Payload: []byte{},
			Old: OldData{Ring: RingID{Rep: 1<<32 - 1, Seq: 1<<64 - 1}, Source: MaxMembers - 1, Seq: MaxSeq}},
	}
}

func TestDataKeepsItsFlagsAndPayload(t *testing.T) {
	for _, d := range datas() {
		b := encode(&d)
		var e Data
		if err := e.Unmarshal(b); err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
		if !reflect.DeepEqual(d, e) {
			t.Errorf("%+v became %+v", d, e)
		}
		MarkAfterToken(b)
		d.AfterToken = true
		if err := e.Unmarshal(b); err != nil || !reflect.DeepEqual(d, e) {
			t.Errorf("marked packet: %v, %+v became %+v", err, d, e)
		}
	}
}

// One bit means two things: the guarantee of an old message, and that a message of
// this ring is to be acknowledged.
func TestAMarkedMessageAsksForAcknowledgement(t *testing.T) {
	for _, d := range datas() {
		if d.Encapsulated {
			continue
		}
		b := encode(&d)
		MarkAcknowledge(b)
		d.Acknowledge = true
		var e Data
		if err := e.Unmarshal(b); err != nil || !reflect.DeepEqual(d, e) {
			t.Errorf("marked packet: %v, %+v became %+v", err, d, e)
		}
	}
	// What a decoder has left from a packet before does not stay.
	d := datas()
	e := Data{Acknowledge: true}
	for i := range d {
		if err := e.Unmarshal(encode(&d[i])); err != nil || e.Acknowledge != d[i].Acknowledge {
			t.Errorf("%+v: acknowledge %v, %v", d[i], e.Acknowledge, err)
		}
		e.Acknowledge = true
	}
}

func TestAnAcknowledgementOfNothingIsRefused(t *testing.T) {
	for _, c := range []struct {
		at int
		to byte
	}{{2, 2}, {3, 1}, {10, 1}, {11, 0x80}} {
		b := (&DataAck{Aru: 5}).AppendTo(nil)
		b[c.at] = c.to
		if err := new(DataAck).Unmarshal(b); !errors.Is(err, ErrRange) {
			t.Errorf("byte %d is %d: %v", c.at, c.to, err)
		}
	}
	if err := new(DataAck).Unmarshal((&DataAck{}).AppendTo(nil)); !errors.Is(err, ErrRange) {
		t.Errorf("up to 0: %v", err)
	}
}

// The format of the comment at Data, by hand.
func TestMessagesAreExactlyAsDocumented(t *testing.T) {
	d := Data{Source: 5, Seq: 0x010203040506, Round: 0x0708, Guarantee: Safe, AfterToken: true, Payload: []byte("xy")}
	if got, want := encode(&d), []byte{0xb3, 5, 6, 5, 4, 3, 2, 1, 8, 7, 'x', 'y'}; !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	d = Data{Source: 5, Seq: 1, Encapsulated: true, Payload: []byte("x"),
		Old: OldData{Ring: RingID{Rep: 9, Seq: 10}, Source: 6, Seq: 0x010203040506, Guarantee: Safe}}
	want := []byte{0xbc, 5, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 6, 6, 5, 4, 3, 2, 1, 'x'}
	if got := encode(&d); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestDataThatCannotBeIsRefused(t *testing.T) {
	for _, d := range datas() {
		b, header := encode(&d), DataHeader
		if d.Encapsulated {
			header = EncapsulationHeader
		}
		for n := range header {
			if err := new(Data).Unmarshal(b[:n]); !errors.Is(err, ErrShort) {
				t.Errorf("%d bytes of %x: %v", n, b, err)
			}
		}
		for at, to := range map[int][]byte{1: {MaxMembers, 255}, 22: {MaxMembers, 255}} {
			if at < header {
				for _, v := range to {
					c := bytes.Clone(b)
					c[at] = v
					if err := new(Data).Unmarshal(c); !errors.Is(err, ErrRange) {
						t.Errorf("place %d: %v", v, err)
					}
				}
			}
		}
		for _, at := range []int{2, 23} {
			if at < header {
				c := bytes.Clone(b)
				clear(c[at : at+6])
				if err := new(Data).Unmarshal(c); !errors.Is(err, ErrRange) {
					t.Errorf("sequence number 0: %v", err)
				}
			}
		}
		for v := range 8 {
			c := bytes.Clone(b)
			c[0] = c[0]&^dataVersion | byte(v)<<4
			if err := new(Data).Unmarshal(c); v != Version && !errors.Is(err, ErrVersion) {
				t.Errorf("version %d: %v", v, err)
			}
		}
	}
	// The header of before.
	former := append([]byte{byte(TypeData), 1, 0, 0}, make([]byte, 40)...)
	if err := new(Data).Unmarshal(former); !errors.Is(err, ErrVersion) {
		t.Errorf("version 1: %v", err)
	}
	former[1] = Version
	if err := new(Data).Unmarshal(former); !errors.Is(err, ErrType) {
		t.Errorf("a message with the head of other packets: %v", err)
	}
}

func TestImpossibleValuesAreRefused(t *testing.T) {
	tok := func(f func(t *Token)) []byte {
		x := Token{Seq: 5, High: 90, Aru: 80}
		f(&x)
		return x.AppendTo(nil)
	}
	join := func(f func(j *JoinPage)) []byte {
		x := JoinPage{Page: Page{Pages: 1, Total: 2}, Entries: []JoinEntry{{Member: member(1)}, {Member: member(2)}}}
		f(&x)
		return x.AppendTo(nil)
	}
	commit := func(f func(c *CommitPage)) []byte {
		x := CommitPage{Page: Page{Pages: 1, Total: 1}, Entries: []CommitEntry{{Member: member(1), Aru: 5, High: 6, Safe: 4}}}
		f(&x)
		return x.AppendTo(nil)
	}
	for name, c := range map[string]struct {
		p packet
		b []byte
	}{
		"aru above high":          {&Token{}, tok(func(t *Token) { t.Aru = 91 })},
		"high beyond any message": {&Token{}, tok(func(t *Token) { t.High = MaxSeq + 1 })},
		"range above high":        {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 91, Count: 1}} })},
		"range across high":       {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 90, Count: 2}} })},
		"range that wraps":        {&Token{}, tok(func(t *Token) { t.High = MaxSeq; t.Ranges = []Range{{From: MaxSeq, Count: 9}} })},
		"empty range":             {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 3}} })},
		"range of nothing":        {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 0, Count: 1}} })},
		"ranges out of order":     {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 5, Count: 1}, {From: 3, Count: 1}} })},
		"ranges that overlap":     {&Token{}, tok(func(t *Token) { t.Ranges = []Range{{From: 5, Count: 3}, {From: 7, Count: 1}} })},
		"too many ranges":         {&Token{}, tok(func(t *Token) { t.Ranges = make([]Range, MaxRanges+1) })},
		"no pages":                {&JoinPage{}, join(func(j *JoinPage) { j.Page.Pages = 0 })},
		"page behind the last":    {&JoinPage{}, join(func(j *JoinPage) { j.Page.Index = 1 })},
		"more than there are":     {&JoinPage{}, join(func(j *JoinPage) { j.Page.Pages, j.Page.Total = 2, 1 })},
		"fewer than there are":    {&JoinPage{}, join(func(j *JoinPage) { j.Page.Total = 3 })},
		"more than any ring":      {&JoinPage{}, join(func(j *JoinPage) { j.Page.Pages, j.Page.Total = 2, MaxMembers+1 })},
		"members out of order":    {&JoinPage{}, join(func(j *JoinPage) { j.Entries[0].Member.ID = 3 })},
		"members with the id 0":   {&JoinPage{}, join(func(j *JoinPage) { j.Entries[0].Member.ID = 0 })},
		"aru above the highest":   {&CommitPage{}, commit(func(c *CommitPage) { c.Entries[0].Aru = 7 })},
		"safe above aru":          {&CommitPage{}, commit(func(c *CommitPage) { c.Entries[0].Safe = 6 })},
		"count above the entries": {&CommitPage{}, func() []byte { b := commit(func(*CommitPage) {}); b[8] = 2; return b }()},
	} {
		if err := c.p.Unmarshal(c.b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	tok, j, c := samples()["token"].AppendTo(nil), samples()["join"].AppendTo(nil), samples()["commit"].AppendTo(nil)
	tk := &Token{Ranges: make([]Range, 0, MaxRanges)}
	jp := &JoinPage{Entries: make([]JoinEntry, 0, MaxMembers)}
	cp := &CommitPage{Entries: make([]CommitEntry, 0, MaxMembers)}
	ds := datas()
	data, dp := encode(&ds[3]), new(Data)
	if n := testing.AllocsPerRun(100, func() {
		if dp.Unmarshal(data) != nil {
			t.Fatal("refused")
		}
		if tk.Unmarshal(tok) != nil || jp.Unmarshal(j) != nil || cp.Unmarshal(c) != nil {
			t.Fatal("refused")
		}
		if jp.Unmarshal(tok) == nil {
			t.Fatal("a token was taken for a join")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
