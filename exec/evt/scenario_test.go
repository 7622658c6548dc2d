package evt

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"github.com/cockroachdb/datadriven"
)

// scenario runs the commands of a file in testdata:
//
//	limits NAME=N...              of nodes started from here on; NAME as in Limits
//	message N                     the ring's largest message, likewise
//	start NODE [START]
//	form A,B C,D | lose A,B C,D   ends all configurations and makes these; lose:
//	                              what those who part sent and not all have is lost
//	run | pull NODE | take NODE | advance MILLISECONDS
//	kill NODE
//	connect CLIENT NODE | exit CLIENT
//	open CLIENT CHANNEL FLAGS [TIMEOUT-MS]   FLAGS of p s c, l for a local one
//	openasync CLIENT CHANNEL FLAGS INVOCATION
//	close CLIENT OPENING | unlink CLIENT CHANNEL [l]
//	publish CLIENT OPENING DATA [prio=N] [keep=MS|ever] [from=NAME] [PATTERN...]
//	many CLIENT OPENING N SIZE [prio=N]
//	subscribe CLIENT OPENING ID [FILTER...]  exact:x prefix:x suffix:x all
//	unsubscribe CLIENT OPENING ID | clear CLIENT OPENING EVENT (by its data)
//	read CLIENT [N]               what a dispatch would call back, at most N events
//	answers CLIENT
//	raw CLIENT OP BODY
//	state NODE | log              log: what the nodes said since the last time
type scenario struct {
	*servicetest.Cluster
	clients map[string]*tester
	opt     Options
	message int
	ids     map[string]uint64 // of published events by their data
}

// tester is a client as the library is one.
type tester struct{ *servicetest.Conn }

func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scenario{Cluster: servicetest.New(), clients: map[string]*tester{}, ids: map[string]uint64{}}
		s.opt = Options{Now: s.Now, Wall: s.Now}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				if f := strings.Fields(line); len(f) > 0 {
					s.run(t, &out, f)
				}
			}
			if out.Len() == 0 {
				return "ok"
			}
			return out.String()
		})
	})
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *scenario) node(t *testing.T, id string) *servicetest.Node {
	return s.Node(wire.NodeID(number(t, id)))
}

func (s *scenario) run(t *testing.T, out *strings.Builder, f []string) {
	t.Helper()
	switch f[0] {
	case "limits":
		for _, a := range f[1:] {
			name, v, _ := strings.Cut(a, "=")
			to := map[string]*int{"queue": &s.opt.Limits.QueueBytes, "total": &s.opt.Limits.TotalBytes,
				"min": &s.opt.Limits.MinBytes, "retained": &s.opt.Limits.RetainedBytes,
				"publish": &s.opt.Limits.PublishBytes, "filters": &s.opt.Limits.FilterBytes, "openings": &s.opt.Limits.Openings}[name]
			*to = int(number(t, v))
		}
	case "message":
		s.message = int(number(t, f[1]))
	case "start":
		start := uint64(1)
		if len(f) > 2 {
			start = number(t, f[2])
		}
		s.Add(wire.NodeID(number(t, f[1])), start, []service.Service{New(s.opt)},
			func(g *gmi.Options, _ *service.Options) { g.MaxMessage = s.message })
	case "form", "lose":
		var groups [][]*servicetest.Node
		for _, g := range f[1:] {
			var nodes []*servicetest.Node
			for _, id := range strings.Split(g, ",") {
				nodes = append(nodes, s.node(t, id))
			}
			groups = append(groups, nodes)
		}
		if f[0] == "form" {
			s.Form(groups...)
		} else {
			s.FormLosing(groups...)
		}
	case "run":
		s.Run()
	case "pull":
		for s.node(t, f[1]).Pull() {
		}
	case "take":
		for s.node(t, f[1]).Take() {
		}
	case "advance":
		s.Advance(int64(number(t, f[1])) * 1e6)
	case "kill":
		s.Kill(s.node(t, f[1]))
	case "connect":
		conn, err := s.node(t, f[2]).Connect(ipcwire.EVT, ipcwire.GenB, nil)
		if err != ipcwire.OK {
			t.Fatalf("connect: %s", err)
		}
		s.clients[f[1]] = &tester{conn}
	case "log":
		for _, line := range s.Log {
			fmt.Fprintln(out, line)
		}
		s.Log = nil
	case "state":
		s.dump(out, s.node(t, f[1]).Services[0].(*Service))
	default:
		c := s.clients[f[1]]
		if c == nil {
			t.Fatalf("unknown command or client in %q", f)
		}
		s.client(t, out, c, f)
	}
}

// client runs a client's command.
func (s *scenario) client(t *testing.T, out *strings.Builder, c *tester, f []string) {
	t.Helper()
	opening := func() uint32 { return uint32(number(t, f[2])) }
	switch f[0] {
	case "exit":
		c.Close()
	case "open", "openasync":
		q := ipcwire.EvtOpenReq{Name: []byte(f[2]), Timeout: 1e9}
		for _, r := range f[3] {
			q.Flags |= map[rune]uint8{'p': 1, 's': 2, 'c': 4, 'x': 8}[r]
			q.Local = q.Local || r == 'l'
		}
		op := ipcwire.EvtOpen
		if f[0] == "openasync" {
			op, q.Timeout, q.Invocation = ipcwire.EvtOpenAsync, 0, number(t, f[4])
		} else if len(f) > 4 {
			q.Timeout = int64(number(t, f[4])) * 1e6
		}
		s.ask(t, out, c, op, ipcwire.AppendEvtOpenReq(nil, &q))
	case "close":
		s.ask(t, out, c, ipcwire.EvtClose, ipcwire.AppendEvtChannelReq(nil, &ipcwire.EvtChannelReq{Channel: opening()}))
	case "unlink":
		s.ask(t, out, c, ipcwire.EvtUnlink, ipcwire.AppendEvtUnlinkReq(nil,
			&ipcwire.EvtUnlinkReq{Name: []byte(f[2]), Local: len(f) > 3}))
	case "publish":
		q := ipcwire.EvtPublishReq{Channel: opening(), Data: []byte(f[3]), Priority: 3}
		for _, a := range f[4:] {
			switch name, v, _ := strings.Cut(a, "="); name {
			case "prio":
				q.Priority = uint8(number(t, v))
			case "from":
				q.Publisher = []byte(v)
			case "keep":
				q.Retention = forever
				if v != "ever" {
					n, _ := strconv.Atoi(v)
					q.Retention = int64(n) * 1e6
				}
			default:
				q.Patterns = append(q.Patterns, []byte(strings.Trim(a, "-")))
			}
		}
		s.publish(t, out, c, &q)
	case "many":
		for i := range number(t, f[3]) {
			q := ipcwire.EvtPublishReq{Channel: opening(), Priority: 3}
			q.Data = append(fmt.Appendf(nil, "%s%d", f[1], i), make([]byte, number(t, f[4]))...)[:number(t, f[4])]
			if len(f) > 5 {
				q.Priority = uint8(number(t, strings.TrimPrefix(f[5], "prio=")))
			}
			var quiet strings.Builder
			s.publish(t, &quiet, c, &q)
			if quiet.String() != "answer OK\n" {
				fmt.Fprintf(out, "%d: %s", i, &quiet)
				return
			}
		}
	case "subscribe":
		q := ipcwire.EvtSubscribeReq{Channel: opening(), Subscription: number(t, f[3])}
		for _, a := range f[4:] {
			kind, v, _ := strings.Cut(a, ":")
			q.Filters = append(q.Filters, ipcwire.EvtFilter{Filter: []byte(v),
				Type: map[string]uint8{"prefix": 1, "suffix": 2, "exact": 3, "all": 4}[kind]})
		}
		s.ask(t, out, c, ipcwire.EvtSubscribe, ipcwire.AppendEvtSubscribeReq(nil, &q))
	case "unsubscribe":
		s.ask(t, out, c, ipcwire.EvtUnsubscribe, ipcwire.AppendEvtUnsubscribeReq(nil,
			&ipcwire.EvtUnsubscribeReq{Channel: opening(), Subscription: number(t, f[3])}))
	case "clear":
		id, ok := s.ids[f[3]]
		if !ok {
			id = number(t, f[3])
		}
		s.ask(t, out, c, ipcwire.EvtRetentionClear, ipcwire.AppendEvtClearReq(nil,
			&ipcwire.EvtClearReq{Channel: opening(), EventID: id}))
	case "raw":
		s.ask(t, out, c, ipcwire.Op(number(t, f[2])), []byte(strings.Join(f[3:], " ")))
	case "answers":
		s.answers(t, out, c)
	case "read":
		most := 1 << 30
		if len(f) > 2 {
			most = int(number(t, f[2]))
		}
		if n := s.read(t, out, c, most); n == 0 {
			out.WriteString("nothing\n")
		}
	default:
		t.Fatalf("unknown command %q", f[0])
	}
}

func (s *scenario) publish(t *testing.T, out *strings.Builder, c *tester, q *ipcwire.EvtPublishReq) {
	c.Request(ipcwire.EvtPublish, ipcwire.AppendEvtPublishReq(nil, q))
	r, ok := c.Answer()
	if !ok {
		t.Fatal("no answer to publish")
	}
	fmt.Fprintf(out, "answer %s\n", r.Err)
	var p ipcwire.EvtPublished
	if r.Err == ipcwire.OK {
		if !ipcwire.DecodeEvtPublished(r.Body, &p) || p.ID <= ipcwire.EvtReservedIDs || p.Time != s.Now() {
			t.Fatalf("answer %x", r.Body)
		}
		s.ids[string(q.Data)] = p.ID
	}
}

func (s *scenario) ask(t *testing.T, out *strings.Builder, c *tester, op ipcwire.Op, body []byte) {
	c.Request(op, body)
	s.answers(t, out, c)
}

func (s *scenario) answers(t *testing.T, out *strings.Builder, c *tester) {
	r, ok := c.Answer()
	if !ok {
		out.WriteString("no answer yet\n")
		return
	}
	fmt.Fprintf(out, "answer %s", r.Err)
	var o ipcwire.EvtOpened
	if len(r.Body) > 0 {
		if !ipcwire.DecodeEvtOpened(r.Body, &o) {
			t.Fatalf("answer does not decode: %x", r.Body)
		}
		fmt.Fprintf(out, " opening %d", o.Channel)
	}
	out.WriteString("\n")
}

// read takes callbacks and events as a dispatch does.
func (s *scenario) read(t *testing.T, out *strings.Builder, c *tester, most int) (n int) {
	for n < most {
		cb, ok := c.Read()
		if !ok {
			return n
		}
		var r ipcwire.EvtOpenResult
		switch {
		case cb.Op == ipcwire.EvtOpenCallback && ipcwire.DecodeEvtOpenResult(cb.Body, &r):
			fmt.Fprintf(out, "opened %d: %s opening %d\n", r.Invocation, r.Error, r.Channel)
			n++
			continue
		case cb.Op != ipcwire.EvtPending || len(cb.Body) > 0:
			t.Fatalf("callback %#x does not decode: %x", cb.Op, cb.Body)
		}
		c.Request(ipcwire.EvtNext, ipcwire.AppendEvtNextReq(nil, &ipcwire.EvtNextReq{Events: uint32(min(most-n, 3)), Bytes: 1 << 20}))
		a, ok := c.Answer()
		var b ipcwire.EvtBatch
		if !ok || a.Err != ipcwire.OK || !ipcwire.DecodeEvtBatch(a.Body, &b) {
			t.Fatalf("next: %+v", a)
		}
		if again := len(c.Callbacks) > 0 && c.Callbacks[len(c.Callbacks)-1].Op == ipcwire.EvtPending; again != b.More {
			t.Fatalf("more is %v, pending %v", b.More, again)
		}
		for i := range b.Events {
			printEvent(out, &b.Events[i])
			n++
		}
	}
	return n
}

func printEvent(out *strings.Builder, e *ipcwire.EvtEvent) {
	data := strings.TrimRight(string(e.Data), "\x00")
	if e.ID == ipcwire.EvtIDLost {
		data = "LOST"
	}
	fmt.Fprintf(out, "%s to %d.%d prio %d", data, e.Channel, e.Subscription, e.Priority)
	if e.Retention == forever {
		out.WriteString(" kept for ever")
	} else if e.Retention > 0 {
		fmt.Fprintf(out, " kept %dms", e.Retention/1e6)
	}
	if len(e.Publisher) > 0 {
		fmt.Fprintf(out, " from %s", e.Publisher)
	}
	if len(e.Patterns) > 0 {
		fmt.Fprintf(out, " %q", e.Patterns)
	}
	out.WriteString("\n")
}

func (s *scenario) dump(out *strings.Builder, v *Service) {
	for _, sc := range []*scope{v.cluster, v.local} {
		list := sc.st.sorted()
		sort.Slice(list, func(i, j int) bool { return list[i].name < list[j].name })
		for _, ch := range list {
			fmt.Fprintf(out, "%s", ch.name)
			if sc.local {
				out.WriteString(" local")
			}
			if !ch.linked {
				out.WriteString(" unlinked")
			}
			for _, a := range sortedActors(ch.opens) {
				fmt.Fprintf(out, " node %d has it open %d times", a.node, ch.opens[a])
			}
			for e := ch.first; e != nil; e = e.next {
				var d ipcwire.EvtEvent
				ipcwire.DecodeEvtShared(e.rec.buf, &d)
				fmt.Fprintf(out, " retains %s", d.Data)
			}
			out.WriteString("\n")
		}
	}
	if st := v.Stats(); st.Malformed > 0 || st.Orphans > 0 {
		fmt.Fprintf(out, "%d malformed, %d orphans\n", st.Malformed, st.Orphans)
	}
}
