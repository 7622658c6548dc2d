package clm

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"github.com/cockroachdb/datadriven"
)

// scenario runs the commands of a file in testdata:
//
//	start NODE [START]         starts an executive
//	form A,B C,D               ends all configurations and makes these
//	run | round                until nothing moves | one rotation of the token
//	kill NODE
//	advance DURATION
//	connect NAME NODE          a library connection
//	limit NAME BYTES           of its callback queue
//	track NAME FLAGS [buffer]  flags of current,changes,only or a number
//	stop NAME
//	get NAME NODE|local DURATION
//	async NAME NODE|local INVOCATION
//	read NAME [COUNT]          callbacks
//	answers NAME               answers that came late
//	close NAME
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

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
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
		s.Add(wire.NodeID(number(t, f[1])), start, []service.Service{New()})
	case "form":
		var groups [][]*servicetest.Node
		for _, g := range f[1:] {
			var nodes []*servicetest.Node
			for _, id := range strings.Split(g, ",") {
				nodes = append(nodes, s.Node(wire.NodeID(number(t, id))))
			}
			groups = append(groups, nodes)
		}
		s.Form(groups...)
	case "run":
		fmt.Fprintf(out, "%d rotations\n", s.Run())
	case "round":
		s.Round()
	case "kill":
		s.Kill(s.Node(wire.NodeID(number(t, f[1]))))
	case "advance":
		s.Advance(int64(duration(t, f[1])))
	case "connect":
		conn, err := s.Node(wire.NodeID(number(t, f[2]))).Connect(ipcwire.CLM, ipcwire.GenB, nil)
		if err != ipcwire.OK {
			t.Fatalf("connect: %s", err)
		}
		s.conns[f[1]] = conn
	case "limit":
		c.Limit = int(number(t, f[2]))
	case "track":
		flags := uint8(0)
		for _, flag := range strings.Split(f[2], ",") {
			if v, ok := map[string]uint8{"current": 1, "changes": 2, "only": 4}[flag]; ok {
				flags |= v
			} else {
				flags |= uint8(number(t, flag))
			}
		}
		s.ask(t, out, c, ipcwire.ClmTrack, ipcwire.AppendClmTrackReq(nil, &ipcwire.ClmTrackReq{Flags: flags, Buffer: len(f) > 3}))
	case "stop":
		s.ask(t, out, c, ipcwire.ClmTrackStop, nil)
	case "get", "async":
		req := ipcwire.ClmNodeGetReq{NodeID: localNode}
		if f[2] != "local" {
			req.NodeID = uint32(number(t, f[2]))
		}
		op := ipcwire.ClmNodeGet
		if f[0] == "async" {
			op = ipcwire.ClmNodeGetAsync
			req.Invocation = number(t, f[3])
		} else {
			req.Timeout = int64(duration(t, f[3]))
		}
		s.ask(t, out, c, op, ipcwire.AppendClmNodeGetReq(nil, &req))
	case "garbage":
		for _, op := range []ipcwire.Op{ipcwire.ClmTrack, ipcwire.ClmNodeGet, ipcwire.ClmNodeGetAsync, 0x1ff} {
			s.ask(t, out, c, op, []byte("x"))
		}
	case "read":
		for n := 0; len(f) < 3 || uint64(n) < number(t, f[2]); n++ {
			cb, ok := c.Read()
			if !ok {
				if n == 0 {
					out.WriteString("no callback\n")
				}
				break
			}
			printCallback(t, out, cb)
		}
	case "answers":
		s.answers(t, out, c)
	case "close":
		c.Close()
	default:
		t.Fatalf("unknown command %q", f[0])
	}
}

func (s *scenario) ask(t *testing.T, out *strings.Builder, c *servicetest.Conn, op ipcwire.Op, body []byte) {
	c.Request(op, body)
	s.answers(t, out, c)
}

func (s *scenario) answers(t *testing.T, out *strings.Builder, c *servicetest.Conn) {
	r, ok := c.Answer()
	if !ok {
		out.WriteString("no answer\n")
	}
	for ; ok; r, ok = c.Answer() {
		fmt.Fprintf(out, "answer %s\n", r.Err)
		var v ipcwire.ClmView
		var n ipcwire.ClmNodeInfo
		switch {
		case len(r.Body) == 0:
		case ipcwire.DecodeClmNodeInfo(r.Body, &n):
			printNode(out, &n)
		case ipcwire.DecodeClmView(r.Body, &v):
			printView(out, &v)
		default:
			t.Fatalf("answer does not decode: %x", r.Body)
		}
	}
}

func printCallback(t *testing.T, out *strings.Builder, cb servicetest.Callback) {
	var v ipcwire.ClmView
	var g ipcwire.ClmNodeGetResult
	switch {
	case cb.Op == ipcwire.ClmTrackCallback && ipcwire.DecodeClmView(cb.Body, &v):
		printView(out, &v)
	case cb.Op == ipcwire.ClmNodeGetCallback && ipcwire.DecodeClmNodeGetResult(cb.Body, &g):
		fmt.Fprintf(out, "invocation %d: %s\n", g.Invocation, g.Error)
		if g.Error == ipcwire.OK {
			printNode(out, &g.Node)
		}
	default:
		t.Fatalf("callback %#x does not decode: %x", cb.Op, cb.Body)
	}
}

func printView(out *strings.Builder, v *ipcwire.ClmView) {
	fmt.Fprintf(out, "view %d of %d members\n", v.View, v.Members)
	for i := range v.Items {
		fmt.Fprintf(out, "  %-9s", []string{"?", "no change", "joined", "left"}[v.Items[i].Change])
		printNode(out, &v.Items[i].Node)
	}
}

func printNode(out *strings.Builder, n *ipcwire.ClmNodeInfo) {
	fmt.Fprintf(out, "  node %d %q of %q family %d %v boot %v member %v initial view %d\n",
		n.NodeID, n.Name, n.ClusterName, n.Family, n.Address, time.Duration(n.Boot), n.Member, n.InitialView)
}
