package ckpt

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// Clusters of services through random configurations, deaths, restarts and orders
// of delivery. What is checked:
//
//   - invariants of every state after every step (verify);
//   - members of a synchronized configuration that delivered equally much are equal;
//   - in the end, all together and at rest, all are equal and whole;
//   - what was acknowledged with ALL_REPLICAS is there, unless a loss of it was
//     reported or nobody is left who was a member when it was acknowledged.

var (
	chaosFirst = flag.Uint64("chaos.first", 1, "first seed")
	chaosSeeds = flag.Uint64("chaos.seeds", 150, "how many seeds")
)

type chaos struct {
	t    *testing.T
	rnd  *rand.Rand
	seed uint64
	*servicetest.Cluster
	clients []*chaosClient
	nodes   map[wire.NodeID]*chaosNode
	acked   []*chaosWrite
	lost    map[string]bool // "checkpoint/section" that was reported
	next    int
	trace   []string
	checked int
	plant   bool // answers come too early
}

type chaosNode struct {
	node  *servicetest.Node
	svc   *Service
	start uint64
	alive bool
	// who had what an answer acknowledged, by connection and request
	witnesses map[uint64]map[uint32][]nodeKey
}

type chaosClient struct {
	conn    *servicetest.Conn
	node    *chaosNode
	handles map[uint32]string
	asked   map[uint32]*chaosRequest
}

type chaosRequest struct {
	what    string
	name    string
	handle  uint32
	section string
	value   uint64
	single  bool
}

// chaosWrite is an acknowledged write: its section, and who had it.
type chaosWrite struct {
	name, section string
	value         uint64
	witnesses     []nodeKey
}

func (c *chaos) logf(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

func (c *chaos) fatalf(format string, args ...any) {
	c.t.Helper()
	if len(c.trace) > 80 {
		c.trace = c.trace[len(c.trace)-80:]
	}
	c.t.Fatalf("seed %d: %s\n%s", c.seed, fmt.Sprintf(format, args...), strings.Join(c.trace, "\n"))
}

func (c *chaos) start(id wire.NodeID) {
	n := c.nodes[id]
	if n == nil {
		n = &chaosNode{}
		c.nodes[id] = n
	}
	n.start++
	n.alive = true
	n.svc = New(Options{
		Now: c.Now, Wall: func() int64 { return wallBase + c.Now() }, Memory: 1 << 30,
		Lost: func(l Loss) {
			c.lost[l.Checkpoint+"/"+l.Section] = true
			c.logf("node %d: %s in %v", id, l, l.Members)
		},
		Returned: func(l Loss) {
			c.logf("node %d: back: %s", id, l)
		},
	})
	n.svc.ackAgreed = c.plant
	svc := n.svc
	n.witnesses = map[uint64]map[uint32][]nodeKey{}
	w := n.witnesses
	svc.answered = func(p pending, err ipcwire.Error) {
		if err != ipcwire.OK || p.op != ipcwire.CkptSectionCreate {
			return
		}
		if w[p.c.key.Conn] == nil {
			w[p.c.key.Conn] = map[uint32][]nodeKey{}
		}
		var list []nodeKey
		for _, m := range svc.present {
			list = append(list, keyOf(m))
		}
		w[p.c.key.Conn][p.seq] = list
	}
	n.node = c.Add(id, n.start, []service.Service{n.svc}, func(g *gmi.Options, _ *service.Options) { g.MaxMessage = 1<<20 + 8<<10 })
	c.logf("start %d.%d", id, n.start)
}

func (c *chaos) live() []*chaosNode {
	var list []*chaosNode
	for id := wire.NodeID(1); id <= 5; id++ {
		if n := c.nodes[id]; n != nil && n.alive {
			list = append(list, n)
		}
	}
	return list
}

func (c *chaos) chance(percent int) bool { return c.rnd.IntN(100) < percent }

// form makes random groups of the live nodes.
func (c *chaos) form(groups int) {
	live := c.live()
	parts := make([][]*servicetest.Node, groups)
	for _, n := range live {
		i := c.rnd.IntN(groups)
		parts[i] = append(parts[i], n.node)
	}
	parts = slices.DeleteFunc(parts, func(p []*servicetest.Node) bool { return len(p) == 0 })
	var ids []string
	for _, p := range parts {
		for _, n := range p {
			ids = append(ids, fmt.Sprint(n.Self.ID))
		}
		ids = append(ids, "|")
	}
	c.logf("form %v", ids)
	if c.chance(50) {
		c.FormLosing(parts...)
	} else {
		c.Form(parts...)
	}
}

var chaosNames = []string{"one", "two", "three"}

func (c *chaos) connect() {
	live := c.live()
	n := live[c.rnd.IntN(len(live))]
	conn, err := n.node.Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		c.fatalf("connect: %v", err)
	}
	c.clients = append(c.clients, &chaosClient{conn: conn, node: n, handles: map[uint32]string{}, asked: map[uint32]*chaosRequest{}})
}

// ask has a random client make a random request.
func (c *chaos) ask() {
	if len(c.clients) == 0 {
		return
	}
	cl := c.clients[c.rnd.IntN(len(c.clients))]
	if !cl.node.alive || len(cl.asked) > 0 && c.chance(50) {
		return
	}
	r := &chaosRequest{}
	for h := range cl.handles {
		if r.handle == 0 || h < r.handle {
			r.handle = h // the lowest, so that the order of a map means nothing
		}
	}
	r.name = cl.handles[r.handle]
	var op ipcwire.Op
	var body []byte
	c.next++
	r.value = uint64(c.next)
	roll := c.rnd.IntN(100)
	switch {
	case r.handle == 0:
		roll = 0
	case r.name == "one" && roll >= 6 && roll < 10:
		roll = 20 // it is never closed nor unlinked
	case r.name != "one" && roll >= 10 && roll < 45:
		roll = 50
	}
	switch {
	case roll < 6:
		r.what, r.name = "open", chaosNames[c.rnd.IntN(len(chaosNames))]
		op = ipcwire.CkptOpen
		q := ipcwire.CkptOpenReq{Name: []byte(r.name), Flags: 7, HasAttributes: true, Timeout: 1 << 60, Attributes: ipcwire.CkptAttributes{
			Flags: ipcwire.CkptAllReplicas, Size: 1000 << 18, Retention: 2e9, MaxSections: 1000, MaxSectionSize: 1 << 18, MaxSectionIDSize: 32,
		}}
		if r.name == "one" {
			q.Attributes.Retention = ipcwire.CkptTimeEnd
		}
		body = ipcwire.AppendCkptOpenReq(nil, &q)
	case roll < 9:
		r.what, op = "close", ipcwire.CkptClose
		body = ipcwire.AppendCkptHandleReq(nil, &ipcwire.CkptHandleReq{Handle: r.handle})
		delete(cl.handles, r.handle)
	case roll < 10:
		r.what, op = "unlink", ipcwire.CkptUnlink
		body = ipcwire.AppendCkptUnlinkReq(nil, &ipcwire.CkptUnlinkReq{Name: []byte(r.name)})
	case roll < 45:
		// One writer for each section: whatever is newest was written last.
		r.what, r.single = "create", true
		r.section = fmt.Sprintf("s%d-%d", cl.conn.ID(), c.next)
		op = ipcwire.CkptSectionCreate
		body = ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: r.handle, Expiration: ipcwire.CkptTimeEnd, Section: []byte(r.section), Data: c.payload(r.value),
		})
	case roll < 75:
		r.what, r.section = "overwrite", fmt.Sprintf("m%d", c.rnd.IntN(4))
		op = ipcwire.CkptOverwrite
		body = ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: r.handle, Section: []byte(r.section), Data: c.payload(r.value)})
	case roll < 84:
		r.what, r.section = "write", fmt.Sprintf("m%d", c.rnd.IntN(4))
		op = ipcwire.CkptWrite
		d := c.payload(r.value)
		if len(d) > 200 {
			d = d[:200]
		}
		body = ipcwire.AppendCkptWriteReq(nil, &ipcwire.CkptWriteReq{Handle: r.handle, Data: d, Elements: []ipcwire.CkptWriteElement{
			{Section: []byte(r.section), Offset: uint64(c.rnd.IntN(100_000)), Size: uint64(len(d))},
		}})
	case roll < 91:
		r.what, r.section = "m", fmt.Sprintf("m%d", c.rnd.IntN(4))
		op = ipcwire.CkptSectionCreate
		e := ipcwire.CkptTimeEnd
		if c.chance(40) {
			e = wallBase + c.Now() + 1 + int64(c.rnd.IntN(3e9))
		}
		body = ipcwire.AppendCkptSectionCreateReq(nil, &ipcwire.CkptSectionCreateReq{
			Handle: r.handle, Expiration: e, Section: []byte(r.section), Data: c.payload(r.value),
		})
	case roll < 93:
		r.what, r.section = "delete", fmt.Sprintf("m%d", c.rnd.IntN(4))
		op = ipcwire.CkptSectionDelete
		body = ipcwire.AppendCkptSectionReq(nil, &ipcwire.CkptSectionReq{Handle: r.handle, Section: []byte(r.section)})
	default:
		r.what, r.section = "read", fmt.Sprintf("m%d", c.rnd.IntN(4))
		op = ipcwire.CkptRead
		body = ipcwire.AppendCkptReadReq(nil, &ipcwire.CkptReadReq{Handle: r.handle, Elements: []ipcwire.CkptReadElement{
			{Section: []byte(r.section), Size: ipcwire.CkptToEnd}, {Section: []byte("m0"), Size: ipcwire.CkptToEnd},
		}})
	}
	c.logf("node %d.%d conn %d: %s %s/%s value %d", cl.node.node.Self.ID, cl.node.start, cl.conn.ID(), r.what, r.name, r.section, r.value)
	cl.asked[cl.conn.Request(op, body)] = r
}

// payload is data that begin with a value.
func (c *chaos) payload(value uint64) []byte {
	size := 8 + c.rnd.IntN(100)
	switch c.rnd.IntN(10) {
	case 0:
		size = 8 + c.rnd.IntN(120_000)
	case 1:
		size = maxPage
	}
	d := make([]byte, size)
	for i := 0; i+8 <= size; i += 8 {
		binary.LittleEndian.PutUint64(d[i:], value)
	}
	return d
}

// hear takes answers.
func (c *chaos) hear() {
	for _, cl := range c.clients {
		for r, ok := cl.conn.Answer(); ok; r, ok = cl.conn.Answer() {
			q := cl.asked[r.Seq]
			if q == nil {
				c.fatalf("an answer to nothing")
			}
			delete(cl.asked, r.Seq)
			c.logf("node %d.%d conn %d: %s %s/%s value %d is %s", cl.node.node.Self.ID, cl.node.start, cl.conn.ID(), q.what, q.name, q.section, q.value, r.Err)
			if r.Err == ipcwire.ErrBadHandle {
				delete(cl.handles, q.handle)
			}
			if r.Err != ipcwire.OK {
				continue
			}
			switch {
			case q.what == "open":
				var o ipcwire.CkptOpened
				if !ipcwire.DecodeCkptOpened(r.Body, &o) {
					c.fatalf("answer to open: %x", r.Body)
				}
				cl.handles[o.Handle] = q.name
			case q.single:
				c.acked = append(c.acked, &chaosWrite{
					name: q.name, section: q.section, value: q.value, witnesses: cl.node.witnesses[cl.conn.ID()][r.Seq],
				})
			}
		}
	}
}

func (c *chaos) verify() {
	for _, n := range c.live() {
		if err := n.svc.state.verify(n.svc.self); err != nil {
			c.fatalf("node %d: %v", n.node.Self.ID, err)
		}
	}
}

func (c *chaos) step() {
	roll := c.rnd.IntN(1000)
	switch {
	case roll < 400:
		c.ask()
	case roll < 600:
		live := c.live()
		live[c.rnd.IntN(len(live))].node.Pull()
	case roll < 900:
		live := c.live()
		live[c.rnd.IntN(len(live))].node.Take()
	case roll < 940:
		c.Round()
	case roll < 950:
		c.Advance(int64(c.rnd.IntN(2e9)))
	case roll < 960:
		c.connect()
	case roll < 965 && len(c.clients) > 0:
		i := c.rnd.IntN(len(c.clients))
		c.logf("exit of conn %d", c.clients[i].conn.ID())
		c.clients[i].conn.Close()
		c.clients = slices.Delete(c.clients, i, i+1)
	case roll < 975:
		c.form(1 + c.rnd.IntN(3))
	case roll < 982:
		c.form(1)
		c.Round()
	case roll < 988:
		for id := wire.NodeID(1); id <= 5; id++ {
			if n := c.nodes[id]; (n == nil || !n.alive) && c.chance(50) {
				c.start(id)
				c.form(1 + c.rnd.IntN(2))
				break
			}
		}
	case roll >= 995:
		if live := c.live(); len(live) > 2 {
			n := live[c.rnd.IntN(len(live))]
			c.logf("kill %d.%d", n.node.Self.ID, n.start)
			n.alive = false
			c.Kill(n.node)
			c.clients = slices.DeleteFunc(c.clients, func(cl *chaosClient) bool { return !cl.node.alive })
			c.form(1 + c.rnd.IntN(2))
		}
	}
	c.hear()
	c.verify()
}

// end brings all together and compares.
func (c *chaos) end() {
	c.form(1)
	c.Run()
	c.hear()
	c.verify()
	live := c.live()
	first := live[0].svc.state
	text := first.text(0)
	for _, n := range live[1:] {
		if got := n.svc.state.text(0); got != text {
			c.fatalf("nodes differ in the end:\nnode %d\n%s\nnode %d\n%s", live[0].node.Self.ID, text, n.node.Self.ID, got)
		}
	}
	for _, ck := range first.all {
		for _, sec := range ck.sections {
			if sec.fill != nil {
				c.fatalf("section %q of %q is not whole everywhere", sec.id, ck.name)
			}
		}
	}
	for _, cl := range c.clients {
		for seq, r := range cl.asked {
			c.fatalf("request %d of connection %d was never answered: %s %s/%s", seq, cl.conn.ID(), r.what, r.name, r.section)
		}
	}
	c.checkAcked(first, live)
}

func (c *chaos) checkAcked(st *state, live []*chaosNode) {
	told := map[string]bool{} // as lost, by those who live, and not withdrawn
	for _, n := range live {
		for _, l := range n.svc.losses.list {
			told[l.Checkpoint+"/"+l.Section] = told[l.Checkpoint+"/"+l.Section] || !l.Returned
		}
	}
	for _, w := range c.acked {
		ck := st.names[w.name]
		there := ck != nil && ck.sections[w.section] != nil
		if there && told[w.name+"/"+w.section] {
			c.fatalf("%s/%s was reported as lost, and is there", w.name, w.section)
		}
		witness := slices.ContainsFunc(live, func(n *chaosNode) bool { return slices.Contains(w.witnesses, n.svc.self) })
		if !witness || c.lost[w.name+"/"+w.section] && !there {
			continue
		}
		if !there {
			c.fatalf("%s/%s was acknowledged to %v and is not there", w.name, w.section, w.witnesses)
		}
		if got := binary.LittleEndian.Uint64(ck.sections[w.section].data); got != w.value {
			c.fatalf("%s/%s has value %d, acknowledged was %d", w.name, w.section, got, w.value)
		}
		c.checked++
	}
}

// run is a life of a cluster. It returns how many acknowledged writes were checked.
func (c *chaos) run(steps int) int {
	for id := wire.NodeID(1); id <= 3; id++ {
		c.start(id)
	}
	c.form(1)
	c.Run()
	c.connect()
	c.connect()
	c.connect()
	for range steps {
		c.step()
	}
	c.end()
	return c.checked
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{
		t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), Cluster: servicetest.New(),
		nodes: map[wire.NodeID]*chaosNode{}, lost: map[string]bool{},
	}
	c.Lone = seed%2 == 1
	return c
}

// count adds up what happened, over all nodes that ever lived.
func (c *chaos) count(sum *Stats) {
	for _, n := range c.Nodes {
		st := n.Services[0].(*Service).Stats()
		sum.Pages += st.PagesTaken
		sum.Forwarded += st.Forwarded
		sum.Discarded += st.Discarded
		sum.Expired += st.Expired
		sum.Retired += st.Retired
		sum.Malformed += st.Malformed + st.Diverged
		sum.Returned += st.Returned
	}
}

func TestReplicasStayAlikeThroughWhateverConfigurationsDo(t *testing.T) {
	checked, lost := 0, 0
	var sum Stats
	for seed := *chaosFirst; seed < *chaosFirst+*chaosSeeds; seed++ {
		c := newChaos(t, seed)
		checked += c.run(800)
		lost += len(c.lost)
		c.count(&sum)
	}
	t.Logf("%d acknowledged writes checked, %d losses, pages %d, forwarded reads %d, discarded %d, expired %d, retired %d",
		checked, lost, sum.Pages, sum.Forwarded, sum.Discarded, sum.Expired, sum.Retired)
	if sum.Malformed > 0 {
		t.Fatalf("%d messages do not decode", sum.Malformed)
	}
	if *chaosSeeds >= 100 && min(uint64(checked), uint64(lost), sum.Pages, sum.Forwarded, sum.Discarded, sum.Expired, sum.Retired) == 0 {
		t.Fatal("something was never tried")
	}
}

// What ALL_REPLICAS promises, and that the tests see when it is broken: a write is
// taken by its own node only, which then dies.
func TestAnAnswerForAllReplicasWaitsUntilAllHaveTheWrite(t *testing.T) {
	for _, planted := range []bool{false, true} {
		c := newChaos(t, 1)
		c.plant = planted
		for id := wire.NodeID(1); id <= 3; id++ {
			c.start(id)
		}
		c.form(1)
		c.Run()
		one := c.nodes[1].node
		conn, _ := one.Connect(ipcwire.CKPT, ipcwire.GenB, nil)
		ask := func(op ipcwire.Op, body []byte) { conn.Request(op, body) }
		ask(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
			Name: []byte("one"), Flags: 7, HasAttributes: true,
			Attributes: ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, Size: 10, MaxSections: 1, MaxSectionSize: 10, Retention: ipcwire.CkptTimeEnd},
		}))
		c.Run()
		conn.Answer()
		ask(ipcwire.CkptOverwrite, ipcwire.AppendCkptOverwriteReq(nil, &ipcwire.CkptOverwriteReq{Handle: 1, Data: []byte("written")}))
		one.Pull()
		one.Take()
		_, early := conn.Answer()
		if early != planted {
			t.Errorf("planted %v: answered before the others have it: %v", planted, early)
		}
		c.Kill(one)
		c.FormLosing([]*servicetest.Node{c.nodes[2].node, c.nodes[3].node})
		c.Run()
		for id := wire.NodeID(2); id <= 3; id++ {
			if got := c.nodes[id].svc.state.names["one"].bytes; got != 0 {
				t.Errorf("node %d has the write: this test shows nothing", id)
			}
		}
	}
}

// A write whose message is delivered in a transitional configuration is answered
// then: who is left has it.
func TestAWriteDeliveredInATransitionalConfigurationIsAnswered(t *testing.T) {
	c := newChaos(t, 1)
	for id := wire.NodeID(1); id <= 3; id++ {
		c.start(id)
	}
	c.form(1)
	c.Run()
	one := c.nodes[1].node
	conn, _ := one.Connect(ipcwire.CKPT, ipcwire.GenB, nil)
	conn.Request(ipcwire.CkptOpen, ipcwire.AppendCkptOpenReq(nil, &ipcwire.CkptOpenReq{
		Name: []byte("one"), Flags: 7, HasAttributes: true,
		Attributes: ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, Size: 10, MaxSections: 1, MaxSectionSize: 10, Retention: ipcwire.CkptTimeEnd},
	}))
	one.Pull()
	if _, ok := conn.Answer(); ok {
		t.Fatal("answered before it was ordered")
	}
	c.Kill(c.nodes[3].node)
	c.FormLosing([]*servicetest.Node{one, c.nodes[2].node})
	if r, ok := conn.Answer(); !ok || r.Err != ipcwire.OK {
		t.Fatalf("%v %v", ok, r.Err)
	}
	if c.nodes[2].svc.state.names["one"] == nil {
		t.Fatal("the other one does not have it")
	}
}
