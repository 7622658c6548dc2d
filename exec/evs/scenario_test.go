package evs

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"github.com/cockroachdb/datadriven"
)

// scenario runs the commands of a file in testdata:
//
//	start NODE [START]
//	form A,B C,D | lose A,B C,D   ends all configurations and makes these; lose:
//	                              what those who part sent and not all have is lost
//	run | pull NODE | take NODE
//	kill NODE
//	connect NAME NODE
//	join NAME GROUP...            GROUP*N stands for N groups
//	leave NAME GROUP...
//	send NAME joined|GROUP,GROUP TEXT [GUARANTEE [PRIORITY]]
//	membership NAME
//	read NAME
//	raw NAME OP BODY              a request that makes no sense
type scenario struct {
	*servicetest.Cluster
	conns map[string]*servicetest.Conn
}

func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scenario{Cluster: servicetest.New(), conns: map[string]*servicetest.Conn{}}
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
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func groupKey(name string) (g ipcwire.EvsGroup) {
	copy(g[:], name)
	return g
}

func groupList(t *testing.T, names []string) (groups []ipcwire.EvsGroup) {
	for _, name := range names {
		name, count, many := strings.Cut(name, "*")
		if !many {
			groups = append(groups, groupKey(name))
			continue
		}
		for i := range number(t, count) {
			groups = append(groups, groupKey(fmt.Sprint(name, i)))
		}
	}
	return groups
}

func (s *scenario) node(t *testing.T, id string) *servicetest.Node {
	return s.Node(wire.NodeID(number(t, id)))
}

func (s *scenario) run(t *testing.T, out *strings.Builder, f []string) {
	t.Helper()
	c := (*servicetest.Conn)(nil)
	if len(f) > 1 {
		c = s.conns[f[1]]
	}
	switch f[0] {
	case "start":
		start := uint64(1)
		if len(f) > 2 {
			start = number(t, f[2])
		}
		s.Add(wire.NodeID(number(t, f[1])), start, []service.Service{New(Options{})})
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
	case "kill":
		s.Kill(s.node(t, f[1]))
	case "connect":
		conn, err := s.node(t, f[2]).Connect(ipcwire.EVS, ipcwire.GenB, nil)
		if err != ipcwire.OK {
			t.Fatalf("connect: %s", err)
		}
		s.conns[f[1]] = conn
	case "join", "leave":
		op := ipcwire.EvsJoin
		if f[0] == "leave" {
			op = ipcwire.EvsLeave
		}
		s.ask(t, out, c, op, ipcwire.AppendEvsGroups(nil, &ipcwire.EvsGroups{Groups: groupList(t, f[2:])}))
	case "send":
		q := ipcwire.EvsMcast{Guarantee: 2, Priority: 2, Payload: []byte(f[3])}
		op := ipcwire.EvsMcastJoined
		if f[2] != "joined" {
			op = ipcwire.EvsMcastGroups
			q.Groups = groupList(t, strings.Split(f[2], ","))
		}
		if len(f) > 4 {
			q.Guarantee = uint8(number(t, f[4]))
		}
		if len(f) > 5 {
			q.Priority = uint8(number(t, f[5]))
		}
		s.ask(t, out, c, op, ipcwire.AppendEvsMcast(nil, &q))
	case "membership":
		s.ask(t, out, c, ipcwire.EvsMembershipGet, nil)
	case "raw":
		s.ask(t, out, c, ipcwire.Op(number(t, f[2])), []byte(strings.Join(f[3:], " ")))
	case "read":
		n := 0
		for cb, ok := c.Read(); ok; cb, ok = c.Read() {
			n++
			printCallback(t, out, cb)
		}
		if n == 0 {
			out.WriteString("no callback\n")
		}
	case "close":
		c.Close()
	default:
		t.Fatalf("unknown command %q", f[0])
	}
}

func (s *scenario) ask(t *testing.T, out *strings.Builder, c *servicetest.Conn, op ipcwire.Op, body []byte) {
	c.Request(op, body)
	r, ok := c.Answer()
	if !ok {
		t.Fatalf("no answer to %#x", op)
	}
	fmt.Fprintf(out, "answer %s\n", r.Err)
	var m ipcwire.EvsMembership
	if len(r.Body) > 0 {
		if !ipcwire.DecodeEvsMembership(r.Body, &m) {
			t.Fatalf("answer does not decode: %x", r.Body)
		}
		fmt.Fprintf(out, "local %d, members%s\n", m.Local, nodeList(m.Members))
	}
}

func nodeList(nodes []ipcwire.EvsNode) string {
	var b strings.Builder
	for _, n := range nodes {
		fmt.Fprintf(&b, " %d%v", n.NodeID, n.Address)
	}
	return b.String()
}

func printCallback(t *testing.T, out *strings.Builder, cb servicetest.Callback) {
	var d ipcwire.EvsDelivery
	var q ipcwire.EvsConfiguration
	switch {
	case cb.Op == ipcwire.EvsDeliver && ipcwire.DecodeEvsDelivery(cb.Body, &d):
		fmt.Fprintf(out, "message %q of node %d %v\n", d.Payload, d.NodeID, d.Address)
	case cb.Op == ipcwire.EvsConfchg && ipcwire.DecodeEvsConfiguration(cb.Body, &q):
		kind := "regular     "
		if q.Transitional {
			kind = "transitional"
		}
		fmt.Fprintf(out, "%s members%s", kind, nodeList(q.Members))
		if len(q.Left) > 0 {
			fmt.Fprintf(out, " left%s", nodeList(q.Left))
		}
		if len(q.Joined) > 0 {
			fmt.Fprintf(out, " joined%s", nodeList(q.Joined))
		}
		out.WriteString("\n")
	default:
		t.Fatalf("callback %#x does not decode: %x", cb.Op, cb.Body)
	}
}
