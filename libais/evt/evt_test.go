package evt

import (
	"bytes"
	"testing"

	"ais/libais"
	"ais/libais/ipcwire"
)

func gone() *libais.Conn {
	c := new(libais.Conn) // no executive: a request that got through is ErrLibrary
	c.Close()
	return c
}

func TestWrongArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	c, name, long := gone(), []byte("channel"), make([]byte, ipcwire.MaxName+1)
	var s Scratch
	big := make([]byte, ipcwire.EvtMaxData+1)
	pattern := make([]byte, ipcwire.EvtMaxPattern+1)
	for what, tc := range map[string]struct{ got, want ipcwire.Error }{
		"empty name":          {StartOpen(c, &s, nil, Create, false, 1), ipcwire.ErrInvalidParam},
		"long name":           {StartOpen(c, &s, long, Create, false, 1), ipcwire.ErrInvalidParam},
		"no flags":            {StartOpen(c, &s, name, 0, false, 1), ipcwire.ErrBadFlags},
		"unknown flag":        {StartOpen(c, &s, name, 8, false, 1), ipcwire.ErrBadFlags},
		"no time":             {StartOpen(c, &s, name, Create, false, 0), ipcwire.ErrTimeout},
		"no time, no flags":   {StartOpen(c, &s, name, 0, false, 0), ipcwire.ErrBadFlags},
		"async flags":         {StartOpenAsync(c, &s, name, 0, false, 1), ipcwire.ErrBadFlags},
		"async name":          {StartOpenAsync(c, &s, nil, Create, false, 1), ipcwire.ErrInvalidParam},
		"unlink nothing":      {StartUnlink(c, &s, nil, false), ipcwire.ErrInvalidParam},
		"priority":            {StartPublish(c, &s, 1, &Attributes{Priority: 4}), ipcwire.ErrInvalidParam},
		"retention":           {StartPublish(c, &s, 1, &Attributes{Retention: -1}), ipcwire.ErrInvalidParam},
		"publisher":           {StartPublish(c, &s, 1, &Attributes{Publisher: long}), ipcwire.ErrInvalidParam},
		"data":                {StartPublish(c, &s, 1, &Attributes{}, big), ipcwire.ErrTooBig},
		"data in parts":       {StartPublish(c, &s, 1, &Attributes{}, big[1:], big[:1]), ipcwire.ErrTooBig},
		"pattern":             {StartPublish(c, &s, 1, &Attributes{Patterns: [][]byte{pattern}}), ipcwire.ErrTooBig},
		"patterns":            {StartPublish(c, &s, 1, &Attributes{Patterns: make([][]byte, 65)}), ipcwire.ErrTooBig},
		"filter type 0":       {StartSubscribe(c, &s, 1, 1, []ipcwire.EvtFilter{{Type: 0}}), ipcwire.ErrInvalidParam},
		"filter type 5":       {StartSubscribe(c, &s, 1, 1, []ipcwire.EvtFilter{{Type: 5}}), ipcwire.ErrInvalidParam},
		"filter size":         {StartSubscribe(c, &s, 1, 1, []ipcwire.EvtFilter{{Type: 1, Filter: pattern}}), ipcwire.ErrTooBig},
		"reserved id":         {StartRetentionClear(c, &s, 1, 1000), ipcwire.ErrInvalidParam},
		"right, no executive": {StartOpen(c, &s, name, Create, false, 1), ipcwire.ErrLibrary},
		"publish, likewise":   {StartPublish(c, &s, 1, &Attributes{Patterns: [][]byte{pattern[1:]}}, big[1:]), ipcwire.ErrLibrary},
		"clear, likewise":     {StartRetentionClear(c, &s, 1, 1001), ipcwire.ErrLibrary},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, not %v", what, tc.got, tc.want)
		}
	}
}

func TestLimits(t *testing.T) {
	for id := range uint32(8) {
		v, err := Limit(id)
		if (id >= 1 && id <= 5) != (err == ipcwire.OK) || (err == ipcwire.OK) != (v > 0) {
			t.Errorf("limit %d: %d %v", id, v, err)
		}
	}
}

func TestACallbackOfAnotherKindIsNotDecoded(t *testing.T) {
	body := ipcwire.AppendEvtOpenResult(nil, &ipcwire.EvtOpenResult{Invocation: 7, Error: ipcwire.OK, Channel: 3})
	var r ipcwire.EvtOpenResult
	if !Opened(libais.Callback{Op: ipcwire.EvtOpenCallback, Body: body}, &r) || r.Invocation != 7 || r.Channel != 3 {
		t.Error("a result is refused")
	}
	if Opened(libais.Callback{Op: ipcwire.EvtPending, Body: body}, &r) {
		t.Error("what is no result is taken for one")
	}
	if !Pending(libais.Callback{Op: ipcwire.EvtPending}) || Pending(libais.Callback{Op: ipcwire.EvtPending, Body: body}) ||
		Pending(libais.Callback{Op: ipcwire.EvtOpenCallback}) {
		t.Error("pending")
	}
}

func TestAnAllocatedEventHasTheDefaultsAndKeepsWhatIsSet(t *testing.T) {
	var o Objects
	if _, err := o.Allocate(1); err != ipcwire.ErrBadHandle {
		t.Fatal(err)
	}
	ch := o.AddChannel(5, Publisher)
	e, err := o.Allocate(ch)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	var got Attributes
	get := func() Attributes {
		if err := o.Get(e, func(a *Attributes) { got = *a }); err != ipcwire.OK {
			t.Fatal(err)
		}
		return got
	}
	if a := get(); a.Priority != Lowest || a.Time != TimeUnknown || a.ID != 0 || a.Retention != 0 || a.Patterns != nil || a.Publisher != nil {
		t.Errorf("%+v", a)
	}
	pattern, name := []byte("pattern"), []byte("name")
	if err := o.Set(e, &Attributes{Patterns: [][]byte{pattern}, Priority: 1, Retention: 9, Publisher: name}); err != ipcwire.OK {
		t.Fatal(err)
	}
	pattern[0], name[0] = 'X', 'X'
	if a := get(); string(a.Patterns[0]) != "pattern" || string(a.Publisher) != "name" || a.Priority != 1 || a.Retention != 9 {
		t.Errorf("%+v", a)
	}
	// Nil leaves what is there, empty does not.
	o.Set(e, &Attributes{Priority: 2})
	if a := get(); len(a.Patterns) != 1 || string(a.Publisher) != "name" || a.Priority != 2 || a.Retention != 0 {
		t.Errorf("%+v", a)
	}
	o.Set(e, &Attributes{Patterns: [][]byte{}, Publisher: []byte{}})
	if a := get(); len(a.Patterns) != 0 || len(a.Publisher) != 0 {
		t.Errorf("%+v", a)
	}
	o.Published(e, ipcwire.EvtPublished{ID: 77, Time: 5})
	if a := get(); a.ID != 77 || a.Time != 5 {
		t.Errorf("%+v", a)
	}
	if _, err := o.Data(e, nil); err != ipcwire.ErrBadHandle {
		t.Errorf("data of an event that was not received: %v", err)
	}
}

func TestAccessFollowsTheFlagsOfTheOpeningAndReceivedEventsAreReadOnly(t *testing.T) {
	var o Objects
	var s Scratch
	sub := o.AddChannel(5, Subscriber)
	e, _ := o.Allocate(sub)
	if err := o.Set(e, &Attributes{}); err != ipcwire.ErrAccess {
		t.Errorf("set: %v", err)
	}
	if err := o.Set(e, &Attributes{Priority: 4}); err != ipcwire.ErrInvalidParam {
		t.Errorf("set: %v", err)
	}
	if err := o.StartPublish(gone(), &s, e); err != ipcwire.ErrAccess {
		t.Errorf("publish: %v", err)
	}
	pub := o.AddChannel(6, Publisher)
	if err := o.CheckSubscribe(pub, 1, nil); err != ipcwire.ErrAccess {
		t.Errorf("subscribe: %v", err)
	}
	if err := o.CheckSubscribe(sub, 1, nil); err != ipcwire.OK {
		t.Errorf("subscribe: %v", err)
	}
	o.Subscribed(sub, 1)
	if err := o.CheckSubscribe(sub, 1, nil); err != ipcwire.ErrExist {
		t.Errorf("subscribe again: %v", err)
	}
	o.Fetched(&ipcwire.EvtBatch{Events: []ipcwire.EvtEvent{{Channel: 5, Subscription: 1, ID: 2000, Data: []byte("data")}}})
	r, ok := o.Next()
	if !ok || r.Subscription != 1 || r.Size != 4 {
		t.Fatalf("%+v %v", r, ok)
	}
	if err := o.Set(r.Event, &Attributes{}); err != ipcwire.ErrAccess {
		t.Errorf("set of a received event: %v", err)
	}
	if err := o.StartPublish(gone(), &s, r.Event); err != ipcwire.ErrAccess {
		t.Errorf("publish of a received event: %v", err)
	}
	buf := make([]byte, 4)
	if n, err := o.Data(r.Event, buf[:3]); n != 4 || err != ipcwire.ErrNoSpace {
		t.Errorf("%d %v", n, err)
	}
	if n, err := o.Data(r.Event, buf); n != 4 || err != ipcwire.OK || !bytes.Equal(buf, []byte("data")) {
		t.Errorf("%d %v %q", n, err, buf)
	}
	if o.Free(r.Event) != ipcwire.OK || o.Free(r.Event) != ipcwire.ErrBadHandle {
		t.Error("free")
	}
}

func TestWhatIsClosedOrUnsubscribedIsNotCalledBack(t *testing.T) {
	var o Objects
	a, b := o.AddChannel(1, Subscriber), o.AddChannel(2, Subscriber)
	for _, ch := range []uint64{a, b} {
		o.Subscribed(ch, 10)
		o.Subscribed(ch, 11)
	}
	var batch ipcwire.EvtBatch
	for _, ref := range []uint32{1, 2, 3} {
		for _, sub := range []uint64{10, 11, 12} {
			batch.Events = append(batch.Events, ipcwire.EvtEvent{Channel: ref, Subscription: sub, ID: uint64(ref)*100 + sub})
		}
	}
	o.Fetched(&batch)
	held, _ := o.Next()
	o.Unsubscribed(a, 11)
	e, _ := o.Allocate(b)
	if o.DropChannel(b) != ipcwire.OK || o.DropChannel(b) != ipcwire.ErrBadHandle {
		t.Error("drop")
	}
	if r, ok := o.Next(); ok {
		t.Errorf("%+v", r)
	}
	if err := o.Free(e); err != ipcwire.ErrBadHandle {
		t.Errorf("an event of a closed channel: %v", err)
	}
	// What the application was given stays its own.
	if err := o.Get(held.Event, func(at *Attributes) {
		if at.ID != 110 {
			t.Errorf("%+v", at)
		}
	}); err != ipcwire.OK {
		t.Error(err)
	}
	if n := len(o.events); n != 1 {
		t.Errorf("%d events left", n)
	}
	o.Fetched(&batch)
	if r, ok := o.Next(); !ok || r.Subscription != 10 {
		t.Errorf("%+v", r)
	}
	if list := o.Channels(); len(list) != 1 || list[0] != a {
		t.Errorf("%v", list)
	}
}
