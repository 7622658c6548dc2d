package ckpt

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"

	"github.com/cockroachdb/datadriven"
)

// wallBase is the wall clock when a scenario begins.
const wallBase = int64(1_000_000_000 * 1e9)

// scenario runs the commands of a file in testdata. A request runs the cluster
// until nothing moves and prints its answer; "queue" before it only sends it.
//
//	start NODE [START] [memory=BYTES]
//	form A,B C,D | lose A,B C,D   new configurations; messages of the parting are lost or not
//	run | round                   until nothing moves | one rotation of the token
//	pull NODE                     what a node has to send is ordered, and delivered nowhere yet
//	kill NODE
//	advance DURATION | skew DURATION   both clocks | the wall clock only
//	connect NAME NODE [A]
//	open NAME CHECKPOINT FLAGS [ATTRIBUTE=VALUE...]   flags of r,w,c; attributes: flags (all,
//	                                  active,weak,collocated), sections, size, idsize, total, retention
//	async NAME CHECKPOINT INVOCATION FLAGS [...]
//	close NAME HANDLE | unlink NAME CHECKPOINT | retention NAME HANDLE DURATION|end
//	active NAME HANDLE | status NAME HANDLE
//	create NAME HANDLE ID DATA [DURATION]    ID - is generated; data x*1000 is a repetition
//	delete NAME HANDLE ID | expire NAME HANDLE ID DURATION|end
//	write NAME HANDLE ID@OFFSET=DATA... | overwrite NAME HANDLE ID DATA    ID . is the default section
//	read NAME HANDLE ID[@OFFSET[+SIZE]]...
//	iterate NAME HANDLE HOW [DURATION] [max=N]
//	synchronize NAME HANDLE [TIMEOUT] | syncasync NAME HANDLE INVOCATION
//	staged NAME STAGE PIECE OP ...           an operation in pieces of so many bytes
//	answers NAME | callbacks NAME | exit NAME
//	show NODE...                  checkpoints; the nodes must agree
//	lost NODE | stats NODE
type scenario struct {
	*servicetest.Cluster
	conns    map[string]*servicetest.Conn
	services map[wire.NodeID]*Service
	skew     int64
	queue    bool
}

func newScenario() *scenario {
	return &scenario{Cluster: servicetest.New(), conns: map[string]*servicetest.Conn{}, services: map[wire.NodeID]*Service{}}
}

func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := newScenario()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				f := strings.Fields(line)
				s.queue = len(f) > 0 && f[0] == "queue"
				if s.queue {
					f = f[1:]
				}
				if len(f) > 0 {
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

func (s *scenario) wall() int64 { return wallBase + s.Now() + s.skew }

func duration(t *testing.T, s string) int64 {
	t.Helper()
	if s == "end" {
		return ipcwire.CkptTimeEnd
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return int64(d)
}

func (s *scenario) time(t *testing.T, d string) int64 {
	if d == "end" {
		return ipcwire.CkptTimeEnd
	}
	return s.wall() + duration(t, d)
}

func data(t *testing.T, s string) []byte {
	if s == "-" {
		return nil
	}
	if what, times, ok := strings.Cut(s, "*"); ok {
		return bytes.Repeat([]byte(what), int(number(t, times)))
	}
	return []byte(s)
}

func sectionName(s string) []byte {
	if s == "." || s == "-" {
		return nil
	}
	return []byte(s)
}

func show(b []byte) string {
	if len(b) <= 40 {
		return strconv.Quote(string(b))
	}
	return fmt.Sprintf("%d bytes %08x", len(b), crc32.ChecksumIEEE(b))
}

func (s *scenario) start(id wire.NodeID, start uint64, memory int64) *Service {
	svc := New(Options{Now: s.Now, Wall: s.wall, Memory: memory})
	s.services[id] = svc
	s.Add(id, start, []service.Service{svc}, func(g *gmi.Options, _ *service.Options) { g.MaxMessage = 1<<20 + 8<<10 })
	return svc
}

func (s *scenario) nodes(t *testing.T, list []string) (groups [][]*servicetest.Node) {
	for _, g := range list {
		var nodes []*servicetest.Node
		for _, id := range strings.Split(g, ",") {
			nodes = append(nodes, s.Node(wire.NodeID(number(t, id))))
		}
		groups = append(groups, nodes)
	}
	return groups
}

func (s *scenario) run(t *testing.T, out *strings.Builder, f []string) {
	t.Helper()
	var c *servicetest.Conn
	if len(f) > 1 {
		c = s.conns[f[1]]
	}
	switch f[0] {
	case "start":
		start, memory := uint64(1), int64(1<<30)
		for _, a := range f[2:] {
			if v, ok := strings.CutPrefix(a, "memory="); ok {
				memory = int64(number(t, v))
			} else {
				start = number(t, a)
			}
		}
		s.start(wire.NodeID(number(t, f[1])), start, memory)
	case "form":
		s.Form(s.nodes(t, f[1:])...)
	case "lose":
		s.FormLosing(s.nodes(t, f[1:])...)
	case "run":
		s.Run()
	case "round":
		s.Round()
	case "pull":
		s.Node(wire.NodeID(number(t, f[1]))).Pull()
	case "kill":
		s.Kill(s.Node(wire.NodeID(number(t, f[1]))))
	case "advance":
		s.Advance(duration(t, f[1]))
		s.Run()
	case "skew":
		s.skew += duration(t, f[1])
	case "connect":
		gen := ipcwire.GenB
		if len(f) > 3 {
			gen = ipcwire.GenA
		}
		conn, err := s.Node(wire.NodeID(number(t, f[2]))).Connect(ipcwire.CKPT, gen, nil)
		if err != ipcwire.OK {
			t.Fatalf("connect: %s", err)
		}
		s.conns[f[1]] = conn
	case "exit":
		c.Close()
		s.Run()
	case "answers":
		s.answers(t, out, c, f[0])
	case "callbacks":
		s.callbacks(t, out, c)
	case "show":
		s.show(t, out, f[1:])
	case "lost":
		svc := s.services[wire.NodeID(number(t, f[1]))]
		if len(svc.losses.list) == 0 {
			out.WriteString("nothing\n")
		}
		for _, l := range svc.losses.list {
			fmt.Fprintf(out, "%s; by node %d in the partition of %v", l, l.Node, l.Members)
			if l.Returned {
				out.WriteString("; came back")
			}
			out.WriteString("\n")
		}
	case "stats":
		st := s.services[wire.NodeID(number(t, f[1]))].Stats()
		fmt.Fprintf(out, "ordered %d forwarded %d pages %d taken %d expired %d retired %d lost %d discarded %d malformed %d\n",
			st.Ordered, st.Forwarded, st.Pages, st.PagesTaken, st.Expired, st.Retired, st.Lost, st.Discarded, st.Malformed)
	case "limit":
		c.Limit = int(number(t, f[2]))
	case "garbage":
		for op := ipcwire.CkptOpen; op <= ipcwire.CkptCommit+1; op++ {
			s.ask(t, out, c, op, []byte("x"), "garbage")
		}
	case "staged":
		s.staged(t, out, c, f)
	default:
		op, body := s.request(t, f)
		s.ask(t, out, c, op, body, f[0])
	}
}

// request makes the body of a request.
func (s *scenario) request(t *testing.T, f []string) (ipcwire.Op, []byte) {
	t.Helper()
	h := uint32(0)
	if len(f) > 2 {
		if n, err := strconv.ParseUint(f[2], 10, 32); err == nil {
			h = uint32(n)
		}
	}
	handle := ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: h})
	timed := func(v uint64) []byte {
		return ipcwire.AppendCkptTimeReq(nil, &ipcwire.CkptTimeReq{Handle: h, Time: v})
	}
	switch f[0] {
	case "open":
		return ipcwire.CkptOpen, s.open(t, f[2], f[3], f[4:], 0)
	case "async":
		return ipcwire.CkptOpenAsync, s.open(t, f[2], f[4], f[5:], number(t, f[3]))
	case "close":
		return ipcwire.CkptClose, handle
	case "active":
		return ipcwire.CkptActiveReplicaSet, handle
	case "status":
		return ipcwire.CkptStatusGet, handle
	case "unlink":
		return ipcwire.CkptUnlink, ipcwire.AppendCkptUnlinkReq(nil, &ipcwire.CkptUnlinkReq{Name: []byte(f[2])})
	case "retention":
		return ipcwire.CkptRetentionSet, timed(uint64(duration(t, f[3])))
	case "synchronize":
		timeout := int64(time.Second)
		if len(f) > 3 {
			timeout = duration(t, f[3])
		}
		return ipcwire.CkptSynchronize, timed(uint64(timeout))
	case "syncasync":
		return ipcwire.CkptSynchronizeAsync, timed(number(t, f[3]))
	case "create":
		q := ipcwire.CkptSectionCreateReq{Handle: h, Section: sectionName(f[3]), Data: data(t, f[4]), Expiration: ipcwire.CkptTimeEnd}
		if len(f) > 5 {
			q.Expiration = s.time(t, f[5])
		}
		return ipcwire.CkptSectionCreate, ipcwire.AppendCkptSectionCreateReq(nil, &q)
	case "delete":
		return ipcwire.CkptSectionDelete, ipcwire.AppendCkptSectionReq(nil, &ipcwire.CkptSectionReq{Handle: h, Section: sectionName(f[3])})
	case "expire":
		return ipcwire.CkptSectionExpirationSet, ipcwire.AppendCkptSectionReq(nil,
			&ipcwire.CkptSectionReq{Handle: h, Section: sectionName(f[3]), Time: s.time(t, f[4])})
	case "overwrite":
		return ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil,
			&ipcwire.CkptOverwriteReq{Handle: h, Section: sectionName(f[3]), Data: data(t, f[4])})
	case "write":
		q := ipcwire.CkptWriteReq{Handle: h}
		for _, v := range f[3:] {
			where, what, _ := strings.Cut(v, "=")
			id, offset, _ := strings.Cut(where, "@")
			d := data(t, what)
			q.Elements = append(q.Elements, ipcwire.CkptWriteElement{Section: sectionName(id), Offset: number(t, offset), Size: uint64(len(d))})
			q.Data = append(q.Data, d...)
		}
		return ipcwire.CkptWrite, ipcwire.AppendCkptWriteReq(nil, &q)
	case "read":
		q := ipcwire.CkptReadReq{Handle: h}
		for _, v := range f[3:] {
			id, where, _ := strings.Cut(v, "@")
			e := ipcwire.CkptReadElement{Section: sectionName(id), Size: ipcwire.CkptToEnd}
			if where != "" {
				offset, size, sized := strings.Cut(where, "+")
				e.Offset = number(t, offset)
				if sized {
					e.Size = number(t, size)
				}
			}
			q.Elements = append(q.Elements, e)
		}
		return ipcwire.CkptRead, ipcwire.AppendCkptReadReq(nil, &q)
	case "iterate":
		q := ipcwire.CkptIterateReq{Handle: h, Max: 1000}
		how := map[string]uint8{"forever": 1, "leq": 2, "geq": 3, "corrupted": 4, "any": 5, "none": 6}
		q.Chosen = how[f[3]]
		for _, a := range f[4:] {
			if v, ok := strings.CutPrefix(a, "max="); ok {
				q.Max = uint32(number(t, v))
			} else if v, ok := strings.CutPrefix(a, "after="); ok {
				q.Cursor = number(t, v)
			} else {
				q.Expiration = s.time(t, a)
			}
		}
		return ipcwire.CkptSectionIterate, ipcwire.AppendCkptIterateReq(nil, &q)
	}
	t.Fatalf("unknown command %q", f[0])
	return 0, nil
}

func (s *scenario) open(t *testing.T, name, flags string, attrs []string, invocation uint64) []byte {
	q := ipcwire.CkptOpenReq{Name: []byte(name), Invocation: invocation}
	for _, c := range flags {
		q.Flags |= map[rune]uint32{'r': 1, 'w': 2, 'c': 4}[c]
	}
	if q.HasAttributes = q.Flags&4 != 0; q.HasAttributes {
		a := &q.Attributes
		*a = ipcwire.CkptAttributes{Flags: 1, Size: 1 << 20, Retention: int64(time.Minute), MaxSections: 10, MaxSectionSize: 1 << 20, MaxSectionIDSize: 16}
		for _, x := range attrs {
			k, v, _ := strings.Cut(x, "=")
			switch k {
			case "flags":
				a.Flags = 0
				for _, n := range strings.Split(v, ",") {
					a.Flags |= map[string]uint32{"all": 1, "active": 2, "weak": 4, "collocated": 8}[n]
				}
			case "sections":
				a.MaxSections = uint32(number(t, v))
			case "size":
				a.MaxSectionSize = number(t, v)
			case "idsize":
				a.MaxSectionIDSize = number(t, v)
			case "total":
				a.Size = number(t, v)
			case "retention":
				a.Retention = duration(t, v)
			case "timeout":
				q.Timeout = duration(t, v)
			}
		}
		a.Size = min(a.Size, uint64(a.MaxSections)*a.MaxSectionSize)
	}
	return ipcwire.AppendCkptOpenReq(nil, &q)
}

// staged sends a request in pieces.
func (s *scenario) staged(t *testing.T, out *strings.Builder, c *servicetest.Conn, f []string) {
	stage, piece := uint32(number(t, f[2])), int(number(t, f[3]))
	op, body := s.request(t, append([]string{f[4], f[1]}, f[5:]...))
	for i := 0; i < len(body); i += piece {
		s.ask(t, nil, c, ipcwire.CkptStage, ipcwire.AppendCkptStageReq(nil, &ipcwire.CkptStageReq{
			Stage: stage, Total: uint64(len(body)), Offset: uint64(i), Data: body[i:min(i+piece, len(body))],
		}), "stage")
	}
	s.ask(t, out, c, ipcwire.CkptCommit, ipcwire.AppendCkptCommitReq(nil, &ipcwire.CkptCommitReq{Stage: stage, Op: op, Total: uint64(len(body))}), f[4])
}

func (s *scenario) ask(t *testing.T, out *strings.Builder, c *servicetest.Conn, op ipcwire.Op, body []byte, what string) {
	t.Helper()
	c.Request(op, body)
	if s.queue {
		return
	}
	s.Run()
	if out == nil {
		r, ok := c.Answer()
		if !ok || r.Err != ipcwire.OK {
			t.Fatalf("%s: %v %v", what, ok, r.Err)
		}
		return
	}
	s.answers(t, out, c, what)
}

func (s *scenario) answers(t *testing.T, out *strings.Builder, c *servicetest.Conn, what string) {
	t.Helper()
	r, ok := c.Answer()
	if !ok {
		fmt.Fprintf(out, "%s: no answer\n", what)
	}
	for ; ok; r, ok = c.Answer() {
		fmt.Fprintf(out, "%s: %s", what, r.Err)
		printBody(t, out, what, &r)
		out.WriteString("\n")
	}
}

func printBody(t *testing.T, out *strings.Builder, what string, r *servicetest.Response) {
	t.Helper()
	if len(r.Body) == 0 {
		return
	}
	var opened ipcwire.CkptOpened
	var id ipcwire.CkptSectionID
	var bad ipcwire.CkptVectorResult
	var st ipcwire.CkptStatus
	var read ipcwire.CkptReadResult
	var list ipcwire.CkptSections
	switch {
	case r.Err != ipcwire.OK && ipcwire.DecodeCkptVectorResult(r.Body, &bad):
		fmt.Fprintf(out, ", vector %d", bad.Index)
	case ipcwire.DecodeCkptOpened(r.Body, &opened):
		fmt.Fprintf(out, " handle %d", opened.Handle)
	case ipcwire.DecodeCkptStatus(r.Body, &st):
		a := st.Attributes
		fmt.Fprintf(out, " flags %d total %d retention %v sections %d of %d size %d ids %d, %d bytes", a.Flags, a.Size,
			time.Duration(a.Retention), st.Sections, a.MaxSections, a.MaxSectionSize, a.MaxSectionIDSize, st.MemoryUsed)
	case what == "iterate" && ipcwire.DecodeCkptSections(r.Body, &list):
		fmt.Fprintf(out, " cursor %d end %v", list.Cursor, list.End)
		for _, sec := range list.Sections {
			e := "never"
			if sec.Expiration != ipcwire.CkptTimeEnd {
				e = time.Duration(sec.Expiration - wallBase).String()
			}
			fmt.Fprintf(out, "\n  %q size %d expires %s updated %v state %d", sec.Section, sec.Size, e, time.Duration(sec.LastUpdate-wallBase), sec.State)
		}
	case (what == "create" || what == "answers") && ipcwire.DecodeCkptSectionID(r.Body, &id):
		fmt.Fprintf(out, " %q", id.Section)
	case ipcwire.DecodeCkptReadResult(r.Body, &read):
		for _, p := range read.Parts {
			fmt.Fprintf(out, " %s", show(read.Data[:p.Size]))
			if p.Total != p.Size {
				fmt.Fprintf(out, " of %d", p.Total)
			}
			read.Data = read.Data[p.Size:]
		}
	default:
		t.Fatalf("%s: answer does not decode: %x", what, r.Body)
	}
}

func (s *scenario) callbacks(t *testing.T, out *strings.Builder, c *servicetest.Conn) {
	cb, ok := c.Read()
	if !ok {
		out.WriteString("no callback\n")
	}
	for ; ok; cb, ok = c.Read() {
		var o ipcwire.CkptOpenResult
		var y ipcwire.CkptSynchronizeResult
		switch {
		case cb.Op == ipcwire.CkptOpenCallback && ipcwire.DecodeCkptOpenResult(cb.Body, &o):
			fmt.Fprintf(out, "open callback %d: %s handle %d\n", o.Invocation, o.Error, o.Opened.Handle)
		case cb.Op == ipcwire.CkptSynchronizeCallback && ipcwire.DecodeCkptSynchronizeResult(cb.Body, &y):
			fmt.Fprintf(out, "synchronize callback %d: %s handle %d\n", y.Invocation, y.Error, y.Handle)
		default:
			t.Fatalf("callback %#x does not decode: %x", cb.Op, cb.Body)
		}
	}
}

// show prints the state of nodes, which have to be the same.
func (s *scenario) show(t *testing.T, out *strings.Builder, nodes []string) {
	t.Helper()
	first := ""
	for i, id := range nodes {
		svc := s.services[wire.NodeID(number(t, id))]
		text := svc.state.text(s.wall() - wallBase)
		if err := svc.state.verify(svc.self); err != nil {
			fmt.Fprintf(out, "node %s: %v\n", id, err)
		}
		if i == 0 {
			first = text
			out.WriteString(text)
		} else if text != first {
			fmt.Fprintf(out, "node %s differs:\n%s", id, text)
		}
	}
}

// text is a state as tests print it; what differs between replicas is left out.
func (s *state) text(int64) string {
	var out strings.Builder
	ids := make([]ident, 0, len(s.all))
	for id := range s.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIdents)
	for _, id := range ids {
		ck := s.all[id]
		fmt.Fprintf(&out, "%s refs %d", ck.name, ck.refs)
		if ck.unlinked {
			out.WriteString(" unlinked")
		}
		if ck.active.ID != 0 {
			fmt.Fprintf(&out, " active %d", ck.active.ID)
		}
		if ck.attrs.Retention != int64(time.Minute) {
			fmt.Fprintf(&out, " retention %v", time.Duration(ck.attrs.Retention))
		}
		out.WriteString("\n")
		for _, sec := range ck.order {
			if sec.gone {
				continue
			}
			d := "not here"
			if sec.fill == nil {
				d = show(sec.data[:sec.size])
			}
			fmt.Fprintf(&out, "  %q %s", sec.id, d)
			if sec.expiration != ipcwire.CkptTimeEnd {
				fmt.Fprintf(&out, " expires %v", time.Duration(sec.expiration-wallBase))
			}
			if sec.fill != nil {
				fmt.Fprintf(&out, " whole on")
				for _, h := range sec.fill.holders {
					fmt.Fprintf(&out, " %d", h.ID)
				}
			}
			out.WriteString("\n")
		}
	}
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}
