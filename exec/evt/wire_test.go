package evt

import (
	"bytes"
	"slices"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// cluster makes nodes 1 to n with the service and one configuration.
func cluster(n int, opt Options, message int) *servicetest.Cluster {
	c := servicetest.New()
	opt.Now, opt.Wall = c.Now, c.Now
	var all []*servicetest.Node
	for id := range n {
		all = append(all, c.Add(wire.NodeID(id+1), 1, []service.Service{New(opt)},
			func(g *gmi.Options, _ *service.Options) { g.MaxMessage = message }))
	}
	c.Form(all)
	c.Run()
	return c
}

func evtOf(n *servicetest.Node) *Service { return n.Services[0].(*Service) }

// opened opens a channel for a new client of a node.
func opened(t testing.TB, c *servicetest.Cluster, id wire.NodeID, name string, flags uint8) *servicetest.Conn {
	t.Helper()
	conn, err := c.Node(id).Connect(ipcwire.EVT, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	conn.Request(ipcwire.EvtOpen, ipcwire.AppendEvtOpenReq(nil, &ipcwire.EvtOpenReq{Flags: flags, Name: []byte(name), Timeout: 1e9}))
	c.Run()
	if r, ok := conn.Answer(); !ok || r.Err != ipcwire.OK {
		t.Fatalf("open: %+v", r)
	}
	return conn
}

func publication(retention int64, data []byte, patterns ...[]byte) []byte {
	return ipcwire.AppendEvtPublishReq(nil, &ipcwire.EvtPublishReq{Channel: 1, Priority: 1, Retention: retention, Patterns: patterns, Data: data})
}

func expect(t testing.TB, c *servicetest.Conn, want ipcwire.Error) {
	t.Helper()
	if r, ok := c.Answer(); !ok || r.Err != want {
		t.Fatalf("answer %v %s, not %s", ok, r.Err, want)
	}
}

// FuzzMessages lets a member say anything, and then checks that the service lives
// and that the members agree.
func FuzzMessages(f *testing.F) {
	id := dot{start(1, 1), 1}
	f.Add(appendOpen(nil, true, 5, []byte("n")), appendUnlink(nil, []byte("n")))
	f.Add(appendClose(nil, []closing{{id, 1}, {id, 9}}), appendClear(nil, id, 4))
	f.Add(appendExpire(nil, []dot{id, id}), []byte{kindPublish})
	shared := ipcwire.AppendEvtShared(nil, &ipcwire.EvtEvent{ID: 4, Priority: 1, Retention: 9, Patterns: [][]byte{{1}}, Data: []byte("d")})
	f.Add(append(appendDot([]byte{kindPublish}, id), shared...), []byte{})
	ch := newChannel(id, "n", 3)
	ch.opens[start(1, 1)] = 2
	ch.aliases = []dot{{start(7, 1), 1}}
	snap := appendChannelRecord([]byte{kindSnapshot}, ch)
	start := len(snap)
	snap = endRecord(appendDot(beginRecord(snap, recordClock), id), start)
	start = len(snap)
	snap = endRecord(appendActor(beginRecord(snap, recordMembers), id.actor), start)
	e := &event{dot: dot{id.actor, 2}, ch: ch, rec: (&pool{}).copy(shared)}
	f.Add(appendEventRecord(snap, e, 7), snap)
	f.Fuzz(func(t *testing.T, one, two []byte) {
		c := cluster(2, Options{}, 0)
		opened(t, c, 1, "channel", knownFlags)
		// Node 2 says it in the ordinary way, and once more as its snapshot when
		// both come together again.
		for _, m := range [][]byte{one, two} {
			if _, err := c.Node(2).GMI.Multicast("evt", gmi.High, wire.Agreed, []byte{0}, m); err != nil {
				t.Skip()
			}
		}
		c.Run()
		c.Form([]*servicetest.Node{c.Node(1)}, []*servicetest.Node{c.Node(2)})
		c.Run()
		c.Form(c.Nodes)
		header := make([]byte, 13)
		header[0], header[1], header[5] = 1, 1, 16 // the ring that Form makes fourth
		for _, m := range [][]byte{one, two} {
			if _, err := c.Node(2).GMI.MulticastAs(gmi.Sync, "evt", gmi.Recovery, wire.Agreed, header, m); err != nil {
				t.Skip()
			}
		}
		c.Run()
		opened(t, c, 1, "another", knownFlags)
		// What node 2 says of its own partition only node 1 takes from a message;
		// a node that lies has made itself different, and nobody else.
		for _, n := range c.Nodes {
			if !n.Manager.Synchronized() {
				t.Fatal("not synchronized")
			}
		}
		c.Advance(1e10)
		c.Run()
	})
}

func FuzzChannelRecord(f *testing.F) {
	ch := newChannel(dot{start(1, 2), 3}, "name", 4)
	ch.opens[start(1, 2)] = 5
	ch.aliases = []dot{{start(9, 9), 9}}
	f.Add(appendChannelRecord(nil, ch)[recordHeader:])
	f.Fuzz(func(t *testing.T, b []byte) {
		ch, ok := decodeChannelRecord(b)
		if !ok {
			return
		}
		again, ok := decodeChannelRecord(appendChannelRecord(nil, ch)[recordHeader:])
		if !ok || again.id != ch.id || again.name != ch.name || again.linked != ch.linked || again.created != ch.created ||
			!slices.Equal(again.aliases, ch.aliases) || len(again.opens) != len(ch.opens) {
			t.Fatalf("%+v became %+v", ch, again)
		}
	})
}

func TestNoMessageIsLargerThanTheRingsLargest(t *testing.T) {
	const message = 3000
	c := cluster(3, Options{}, message)
	p := opened(t, c, 1, "channel", knownFlags)
	// The largest event that is taken fits a snapshot, too: grow until refused.
	size := 0
	for n := 2500; n < message; n++ {
		p.Request(ipcwire.EvtPublish, publication(forever, make([]byte, n)))
		r, _ := p.Answer()
		if r.Err == ipcwire.ErrTooBig {
			break
		}
		if r.Err != ipcwire.OK {
			t.Fatal(r.Err)
		}
		size = n
		c.Run()
	}
	if size == 0 || size >= message-snapshotOverhead {
		t.Fatalf("the largest event taken has %d bytes", size)
	}
	// Many channels, many openers, many events, and a clock of many actors.
	for i := range 40 {
		opened(t, c, wire.NodeID(1+i%3), string(bytes.Repeat([]byte{byte('a' + i%20)}, 1+i*6)), knownFlags)
	}
	for i := range 500 {
		evtOf(c.Node(1)).cluster.st.clock[start(wire.NodeID(100+i), 1)] = 5
	}
	c.Form([]*servicetest.Node{c.Node(1)}, []*servicetest.Node{c.Node(2), c.Node(3)})
	c.Run()
	c.Form(c.Nodes)
	c.Run()
	want := describe(evtOf(c.Node(1)).cluster.st)
	for _, n := range c.Nodes {
		s := evtOf(n)
		if !n.Manager.Synchronized() || describe(s.cluster.st) != want || s.Stats().Malformed > 0 {
			t.Fatalf("node %d: synchronized %v, %+v\n%s", n.Self.ID, n.Manager.Synchronized(), s.Stats(), c.Log)
		}
	}
	if n := len(evtOf(c.Node(3)).cluster.st.clock); n < 500 {
		t.Errorf("a clock of %d", n)
	}
}

func TestManyOpeningsOfAClientThatEndsAreGivenBackInMessagesThatFit(t *testing.T) {
	c := cluster(2, Options{}, 3000)
	conn := opened(t, c, 1, "channel", knownFlags)
	for i := range 300 {
		conn.Request(ipcwire.EvtOpen, ipcwire.AppendEvtOpenReq(nil, &ipcwire.EvtOpenReq{Flags: knownFlags, Name: []byte{byte(i), byte(i >> 8)}, Timeout: 1e9}))
		c.Run()
		expect(t, conn, ipcwire.OK)
	}
	conn.Close()
	c.Run()
	for _, n := range c.Nodes {
		for _, ch := range evtOf(n).cluster.st.channels {
			if len(ch.opens) > 0 {
				t.Fatalf("node %d: %s is open", n.Self.ID, ch.name)
			}
		}
	}
}

func TestTheNumberOfChannelsIsBoundedAndCountsUnlinkedOnesThatAreOpen(t *testing.T) {
	st, by := newState(), start(1, 1)
	for i := range maxChannels {
		if _, err := st.open(by, string(rune(i+1)), true, 0); err != ipcwire.OK {
			t.Fatal(i, err)
		}
	}
	if _, err := st.open(by, "one more", true, 0); err != ipcwire.ErrNoResources {
		t.Fatal(err)
	}
	if err := st.unlink("A"); err != ipcwire.OK {
		t.Fatal(err)
	}
	if _, err := st.open(by, "one more", true, 0); err != ipcwire.ErrNoResources {
		t.Fatal(err)
	}
	for _, ch := range st.sorted() {
		if !ch.linked {
			st.close(by, ch.id, 1)
		}
	}
	if _, err := st.open(by, "one more", true, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
}

func TestTheClockIsBoundedAndKeepsWhoIsThereOrHasSomethingInTheState(t *testing.T) {
	st := newState()
	members := map[actor]bool{start(1, 1): true}
	ch, _ := st.open(start(2, 1), "channel", true, 0)
	st.open(start(1, 1), "channel", false, 0)
	st.clock[start(1, 1)] = 3
	p := &pool{}
	st.retain(start(3, 1), ch, 5000, p.copy([]byte("event")))
	for i := range 2 * maxActors {
		st.clock[start(4, uint64(i+1))] = 1
	}
	st.keep(members)
	if len(st.clock) != maxActors {
		t.Errorf("%d actors", len(st.clock))
	}
	for _, a := range []actor{start(1, 1), start(2, 1), start(3, 1), start(4, 2*maxActors)} {
		if st.clock[a] == 0 {
			t.Errorf("%v is forgotten", a)
		}
	}
}

func TestRetainedEventsAreBoundedAndFilterMemoryAndOpenings(t *testing.T) {
	c := cluster(1, Options{Limits: Limits{RetainedBytes: 5000, FilterBytes: 1000, Openings: 2}}, 0)
	p := opened(t, c, 1, "channel", knownFlags)
	n := 0
	for ; n < 100; n++ {
		p.Request(ipcwire.EvtPublish, publication(1e9, make([]byte, 500)))
		if r, _ := p.Answer(); r.Err != ipcwire.OK {
			if r.Err != ipcwire.ErrNoResources {
				t.Fatal(r.Err)
			}
			break
		}
		c.Run()
	}
	if n < 3 || n > 9 {
		t.Errorf("%d events of 500 bytes are retained within 5000", n)
	}
	p.Request(ipcwire.EvtPublish, publication(0, make([]byte, 500)))
	expect(t, p, ipcwire.OK)
	c.Advance(2e9)
	c.Run()
	p.Request(ipcwire.EvtPublish, publication(1e9, make([]byte, 500)))
	expect(t, p, ipcwire.OK)
	for i := range uint64(4) {
		want := ipcwire.OK
		if i == 3 {
			want = ipcwire.ErrNoResources
		}
		p.Request(ipcwire.EvtSubscribe, ipcwire.AppendEvtSubscribeReq(nil, &ipcwire.EvtSubscribeReq{Channel: 1, Subscription: i,
			Filters: []ipcwire.EvtFilter{{Type: 3, Filter: make([]byte, 60)}}}))
		expect(t, p, want)
	}
	for i := range 2 {
		p.Request(ipcwire.EvtOpen, ipcwire.AppendEvtOpenReq(nil, &ipcwire.EvtOpenReq{Flags: 7, Name: []byte("n"), Timeout: 1e9}))
		c.Run()
		expect(t, p, []ipcwire.Error{ipcwire.OK, ipcwire.ErrNoResources}[i])
	}
}

func TestPublishingAndFetchingAllocatesNothingInSteadyState(t *testing.T) {
	s := New(Options{})
	conn := &quiet{}
	if err := s.ExecInit(&loopback{}); err != nil {
		t.Fatal(err)
	}
	s.LibInit(conn, ipcwire.GenB, nil)
	s.LibRequest(conn, 1, ipcwire.EvtOpen, ipcwire.AppendEvtOpenReq(nil, &ipcwire.EvtOpenReq{Flags: 7, Name: []byte("n"), Timeout: 1e9, Local: true}))
	for i := range uint64(100) {
		s.LibRequest(conn, 2, ipcwire.EvtSubscribe, ipcwire.AppendEvtSubscribeReq(nil, &ipcwire.EvtSubscribeReq{Channel: 1, Subscription: i,
			Filters: []ipcwire.EvtFilter{{Type: uint8(1 + i%3), Filter: []byte{'x', byte(i)}}}}))
	}
	pub := publication(0, make([]byte, 1000), []byte{'x', 50})
	next := ipcwire.AppendEvtNextReq(nil, &ipcwire.EvtNextReq{Events: 8, Bytes: 1 << 20})
	run := func() {
		for range 4 {
			s.LibRequest(conn, 3, ipcwire.EvtPublish, pub)
		}
		s.LibRequest(conn, 4, ipcwire.EvtNext, next)
	}
	run()
	before := s.Stats()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := s.Stats().Fetched - before.Fetched; got != 4*101 {
		t.Errorf("%d events fetched", got)
	}
}

// quiet is a connection whose answers nobody reads.
type quiet struct {
	service.Conn
	state any
}

func (q *quiet) ID() uint64                            { return 1 }
func (q *quiet) State() any                            { return q.state }
func (q *quiet) SetState(v any)                        { q.state = v }
func (q *quiet) Respond(uint32, ipcwire.Error, []byte) {}
func (q *quiet) Notify(ipcwire.Op, []byte) bool        { return true }

// loopback is an environment for local channels.
type loopback struct{ service.Env }

func (l *loopback) Self() wire.Member                   { return wire.Member{ID: 1, Start: 1} }
func (l *loopback) BootTime() int64                     { return 0 }
func (l *loopback) MaxMessage() int                     { return 1 << 20 }
func (l *loopback) After(int64, func()) (cancel func()) { return func() {} }
func (l *loopback) SendOK(gmi.Priority, int) bool       { return true }
func (l *loopback) Queued(gmi.Priority) int             { return 0 }

func TestOperatorsGetAllChannelsAndRetainedEventsPageByPage(t *testing.T) {
	c := cluster(2, Options{}, 0)
	p := opened(t, c, 1, "channel", knownFlags)
	o := opened(t, c, 2, "channel", knownFlags)
	o.Request(ipcwire.EvtSubscribe, ipcwire.AppendEvtSubscribeReq(nil, &ipcwire.EvtSubscribeReq{Channel: 1}))
	expect(t, o, ipcwire.OK)
	for i := range 1200 {
		evtOf(c.Node(2)).cluster.st.open(start(1, 1), string(rune('a'+i)), true, 7)
		p.Request(ipcwire.EvtPublish, publication(1e9, []byte("data"), make([]byte, 300)))
		expect(t, p, ipcwire.OK)
		c.Run()
	}
	var q ipcwire.EvtChannelsReq
	var all []ipcwire.EvtChannelInfo
	for pages := 0; ; pages++ {
		o.Request(ipcwire.EvtChannels, ipcwire.AppendEvtChannelsReq(nil, &q))
		r, _ := o.Answer()
		var page ipcwire.EvtChannelPage
		if r.Err != ipcwire.OK || !ipcwire.DecodeEvtChannelPage(r.Body, &page) || pages > 10 {
			t.Fatalf("%s, page %d", r.Err, pages)
		}
		all = append(all, page.Channels...)
		if !page.More {
			break
		}
		q.After = all[len(all)-1].ID
	}
	if len(all) != 1201 || !slices.IsSortedFunc(all, func(a, b ipcwire.EvtChannelInfo) int { return dotOf(a.ID).compare(dotOf(b.ID)) }) {
		t.Fatalf("%d channels", len(all))
	}
	first := all[0]
	if string(first.Name) != "channel" || !first.Linked || first.Subscriptions != 1 || first.Retained != 1200 ||
		len(first.Openers) != 2 || first.Openers[1] != (ipcwire.EvtOpener{Node: 2, Start: 1, Openings: 1}) {
		t.Fatalf("%+v", first)
	}
	rq := ipcwire.EvtRetainedReq{Channel: first.ID}
	events := 0
	for pages := 0; ; pages++ {
		o.Request(ipcwire.EvtRetained, ipcwire.AppendEvtRetainedReq(nil, &rq))
		r, _ := o.Answer()
		var page ipcwire.EvtRetainedPage
		if r.Err != ipcwire.OK || !ipcwire.DecodeEvtRetainedPage(r.Body, &page) || pages > 10 {
			t.Fatalf("%s, page %d", r.Err, pages)
		}
		for _, e := range page.Events {
			if dotOf(e.Dot).compare(dotOf(rq.After)) <= 0 || e.Size != 4 || e.Left != 1e9 || len(e.Patterns) != 1 || e.ID <= ipcwire.EvtReservedIDs {
				t.Fatalf("%+v", e)
			}
			rq.After = e.Dot
			events++
		}
		if !page.More {
			break
		}
	}
	if events != 1200 {
		t.Fatalf("%d events", events)
	}
	rq.Channel.N = 99999
	o.Request(ipcwire.EvtRetained, ipcwire.AppendEvtRetainedReq(nil, &rq))
	expect(t, o, ipcwire.ErrNotExist)
	o.Request(ipcwire.EvtRetained, nil)
	expect(t, o, ipcwire.ErrInvalidParam)
	o.Request(ipcwire.EvtChannels, nil)
	expect(t, o, ipcwire.ErrInvalidParam)
}
