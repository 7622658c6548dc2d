package service_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"ais/exec/gmi"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
	_ "ais/internal/drawn"
	"ais/libais/ipcwire"

	"pgregory.net/rapid"
)

// book is a replicated service: the state is a list of words in the order they
// were delivered. Each partition's lowest member sends its list in pages; the
// merged list is the partitions' lists by the lowest member's id.
type book struct {
	id   ipcwire.Service
	name string
	env  service.Env

	words   []string
	cfg     *srp.Configuration
	part    []wire.Member
	syncing bool
	page    int
	got     map[wire.NodeID][]string
	stuck   bool // SyncSend never finishes
	safe    gmi.MessageID

	calls []string
	w     *witness
}

// witness compares what several nodes claim.
type witness struct {
	states map[string]string
	bad    []string
}

func (w *witness) claim(what, state string) {
	if w.states == nil {
		w.states = map[string]string{}
	}
	if old, ok := w.states[what]; ok && old != state {
		w.bad = append(w.bad, fmt.Sprintf("%s: %s and %s", what, old, state))
	}
	w.states[what] = state
}

func (w *witness) complain(format string, args ...any) {
	w.bad = append(w.bad, fmt.Sprintf(format, args...))
}

const opAppend ipcwire.Op = 1

func (b *book) ID() ipcwire.Service                                            { return b.id }
func (b *book) Name() string                                                   { return b.name }
func (b *book) ExecInit(env service.Env) error                                 { b.env = env; return nil }
func (b *book) LibInit(service.Conn, ipcwire.Generation, []byte) ipcwire.Error { return ipcwire.OK }
func (b *book) LibExit(service.Conn)                                           {}
func (b *book) Safe(id gmi.MessageID)                                          { b.safe = id }

func (b *book) RequestSize(_ ipcwire.Op, body []byte) (int, gmi.Priority, bool) {
	return len(body), gmi.Medium, true
}

func (b *book) LibRequest(c service.Conn, seq uint32, _ ipcwire.Op, body []byte) {
	if _, err := b.env.Multicast(gmi.Medium, wire.Agreed, body); err != nil {
		b.w.complain("node %d: multicast after admission: %v", b.env.Self().ID, err)
	}
	c.Respond(seq, ipcwire.OK, nil)
}

func (b *book) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	if b.syncing {
		b.w.complain("node %d: configuration change while synchronizing", b.env.Self().ID)
	}
}

func (b *book) Deliver(from wire.Member, msg []byte, _ gmi.MessageID, _ bool) {
	text := string(msg)
	if page, ok := strings.CutPrefix(text, "page:"); ok {
		if !b.syncing {
			b.w.complain("node %d: a page outside of synchronization", b.env.Self().ID)
			return
		}
		b.got[from.ID] = append(b.got[from.ID], page)
		return
	}
	if b.syncing {
		b.w.complain("node %d: %q delivered while synchronizing", b.env.Self().ID, text)
	}
	b.words = append(b.words, text)
}

func (b *book) SyncStart(cfg *srp.Configuration, partition []wire.Member) {
	if b.syncing {
		b.w.complain("node %d: SyncStart twice", b.env.Self().ID)
	}
	b.calls = append(b.calls, "start")
	b.cfg, b.part, b.syncing, b.page = cfg, partition, true, 0
	b.got = map[wire.NodeID][]string{}
	if partition != nil {
		// The members too: where a disk got lost a ring id may come a second time.
		b.w.claim(fmt.Sprintf("%s in ring %v of %v, the partition of %d", b.name, cfg.Ring, cfg.Members, partition[0].ID),
			fmt.Sprint(partition, b.words))
	}
}

func (b *book) SyncSend() bool {
	if b.stuck {
		return false
	}
	if b.part[0] != b.env.Self() {
		return true
	}
	for b.page < len(b.words) {
		if !b.env.SendOK(gmi.Recovery, len("page:")+len(b.words[b.page])) {
			return false
		}
		if _, err := b.env.Multicast(gmi.Recovery, wire.Agreed, []byte("page:"), []byte(b.words[b.page])); err != nil {
			b.w.complain("node %d: %v", b.env.Self().ID, err)
		}
		b.page++
		if b.page%2 == 0 {
			return false // a bounded piece at a time
		}
	}
	return true
}

func (b *book) SyncApply() {
	b.calls = append(b.calls, "apply")
	b.syncing = false
	if len(b.part) < len(b.cfg.Members) {
		var all []string
		for _, m := range b.cfg.Members {
			all = append(all, b.got[m.ID]...)
		}
		b.words = all
	}
	b.w.claim(fmt.Sprintf("%s applied in ring %v", b.name, b.cfg.Ring), fmt.Sprint(b.words))
}

func (b *book) SyncAbort() {
	b.calls = append(b.calls, "abort")
	b.syncing = false
}

func newBook(w *witness, id ipcwire.Service) *book {
	return &book{id: id, name: fmt.Sprintf("book%d", id), w: w}
}

// fixture is a cluster whose nodes all run two books.
type fixture struct {
	*servicetest.Cluster
	w     witness
	books map[*servicetest.Node][]*book
}

func newFixture(nodes int, tune ...servicetest.Tune) *fixture {
	f := &fixture{Cluster: servicetest.New(), books: map[*servicetest.Node][]*book{}}
	for i := range nodes {
		f.add(wire.NodeID(i+1), 1, tune...)
	}
	return f
}

func (f *fixture) add(id wire.NodeID, start uint64, tune ...servicetest.Tune) *servicetest.Node {
	a, b := newBook(&f.w, 3), newBook(&f.w, 6)
	n := f.Add(id, start, []service.Service{b, a}, tune...)
	f.books[n] = []*book{a, b}
	return n
}

func (f *fixture) nodes(ids ...wire.NodeID) (ns []*servicetest.Node) {
	for _, id := range ids {
		ns = append(ns, f.Node(id))
	}
	return ns
}

func (f *fixture) write(t testing.TB, id wire.NodeID, svc ipcwire.Service, word string, want ipcwire.Error) {
	t.Helper()
	c, err := f.Node(id).Connect(svc, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatalf("connect: %d", err)
	}
	c.Request(opAppend, []byte(word))
	if r, _ := c.Answer(); r.Err != want {
		t.Fatalf("writing %q at node %d: %d, not %d", word, id, r.Err, want)
	}
	c.Close()
}

func (f *fixture) words(id wire.NodeID, which int) string {
	return strings.Join(f.books[f.Node(id)][which].words, " ")
}

func (f *fixture) check(t interface{ Fatalf(string, ...any) }) {
	if len(f.w.bad) > 0 {
		t.Fatalf("%s", strings.Join(f.w.bad, "\n"))
	}
}

func TestPartitionsThatMergeEndWithOneStateThreeWays(t *testing.T) {
	f := newFixture(5)
	f.Form(f.nodes(1, 4), f.nodes(2, 5), f.nodes(3))
	f.Run()
	f.write(t, 4, 3, "one", ipcwire.OK)
	f.write(t, 2, 3, "two", ipcwire.OK)
	f.write(t, 3, 3, "three", ipcwire.OK)
	f.write(t, 5, 6, "other", ipcwire.OK)
	f.Run()
	f.Form(f.nodes(1, 2, 3, 4, 5))
	f.write(t, 5, 3, "too early", ipcwire.ErrTryAgain)
	f.Run()
	f.check(t)
	for id := wire.NodeID(1); id <= 5; id++ {
		if got := f.words(id, 0); got != "one two three" {
			t.Errorf("node %d has %q", id, got)
		}
		if got := f.words(id, 1); got != "other" {
			t.Errorf("node %d has %q in the second service", id, got)
		}
	}
	f.write(t, 5, 3, "after", ipcwire.OK)
	f.Run()
	if got := f.words(1, 0); got != "one two three after" {
		t.Errorf("node 1 has %q", got)
	}
	if f.books[f.Node(5)][0].safe == 0 {
		t.Error("the sender was never told that its message is safe")
	}
}

func TestWhenNobodyCameRequestsFlowAtOnceAndNothingIsSent(t *testing.T) {
	f := newFixture(3)
	f.Form(f.nodes(1, 2, 3))
	f.Run()
	f.write(t, 1, 3, "before", ipcwire.OK)
	f.Run()
	f.Kill(f.Node(3))
	sent := f.Node(1).GMI.Stats().Sent
	f.Form(f.nodes(1, 2))
	f.write(t, 2, 3, "after", ipcwire.OK)
	if f.Node(1).GMI.Backlog() != 0 || f.Node(1).GMI.Stats().Sent != sent {
		t.Error("a departure made a member send")
	}
	if s := f.Node(1).Manager.Stats(); s.SyncsAlone != 1 || s.Syncs != 1 {
		t.Errorf("%+v", s)
	}
	f.Run()
	f.check(t)
	if got := f.words(1, 0); got != "before after" {
		t.Errorf("node 1 has %q", got)
	}
}

func TestARestartedMemberStartsFromTheOthersState(t *testing.T) {
	f := newFixture(2)
	f.Form(f.nodes(1, 2))
	f.Run()
	f.write(t, 1, 3, "kept", ipcwire.OK)
	f.Run()
	f.Kill(f.Node(2))
	f.add(2, 2)
	f.Form(f.nodes(1, 2))
	f.Run()
	f.check(t)
	if got := f.words(2, 0); got != "kept" {
		t.Errorf("the restarted member has %q", got)
	}
}

func TestAConfigurationChangeDuringSynchronizationReturnsToTheStateBeforeAndStartsAgain(t *testing.T) {
	f := newFixture(3)
	f.Form(f.nodes(1, 2), f.nodes(3))
	f.Run()
	for _, word := range strings.Fields("a b c d e") {
		f.write(t, 1, 3, word, ipcwire.OK)
	}
	f.write(t, 3, 3, "z", ipcwire.OK)
	f.Run()
	f.Form(f.nodes(1, 2, 3))
	b := f.books[f.Node(2)][0]
	for steps := 0; !b.syncing || len(b.got[1]) == 0; steps++ {
		for _, n := range f.Nodes {
			n.Pull()
			n.Take()
		}
		if steps == 100 {
			t.Fatalf("synchronization does not begin: %+v", b)
		}
	}
	f.FormLosing(f.nodes(1, 2), f.nodes(3)) // the barrier of 3 among it
	if got := f.words(2, 0); got != "a b c d e" {
		t.Errorf("node 2 has %q after the abort", got)
	}
	f.Run()
	f.write(t, 3, 3, "y", ipcwire.OK)
	f.Form(f.nodes(1, 2, 3))
	f.Run()
	f.check(t)
	for id := wire.NodeID(1); id <= 3; id++ {
		if got := f.words(id, 0); got != "a b c d e z y" {
			t.Errorf("node %d has %q", id, got)
		}
	}
	// Alone together, with 3 and aborted, alone together again, with 3 once more.
	want := "start apply start abort start apply start apply"
	if got := strings.Join(b.calls, " "); got != want {
		t.Errorf("calls %s, not %s", got, want)
	}
}

// startMerge merges 1, 2 and 3, of whom 3 was apart, and lets node 1 take everything
// until it has applied, and the others nothing.
func startMerge(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(3)
	f.Form(f.nodes(1, 2), f.nodes(3))
	f.Run()
	f.write(t, 1, 3, "a", ipcwire.OK)
	f.write(t, 3, 3, "z", ipcwire.OK)
	f.Run()
	f.Form(f.nodes(1, 2, 3))
	ahead := f.Node(1)
	for steps := 0; !ahead.Manager.Synchronized(); steps++ {
		if steps == 100 {
			t.Fatal("node 1 does not apply")
		}
		for _, n := range f.Nodes {
			for n.Pull() {
			}
		}
		// The others take what they need to send their parts, not the last barrier.
		for moved := true; moved; {
			moved = ahead.Take()
			for _, n := range f.nodes(2, 3) {
				if moved && !ahead.Manager.Synchronized() {
					n.Take()
				}
			}
		}
	}
	for _, n := range f.nodes(2, 3) {
		if n.Manager.Synchronized() {
			t.Fatalf("node %d has applied already", n.Self.ID)
		}
	}
	return f
}

func TestARequestTakenBehindTheLastBarrierIsHadByThoseWhoGetBothInTheTransitionalConfiguration(t *testing.T) {
	f := startMerge(t)
	f.write(t, 1, 3, "promised", ipcwire.OK)
	for f.Node(1).Pull() {
	}
	f.Kill(f.Node(1))
	alone := map[wire.NodeID]uint64{2: f.Node(2).Manager.Stats().SyncsAlone, 3: f.Node(3).Manager.Stats().SyncsAlone}
	f.Form(f.nodes(2, 3))
	f.Run()
	f.check(t)
	for id := wire.NodeID(2); id <= 3; id++ {
		if got := f.words(id, 0); got != "a z promised" {
			t.Errorf("node %d has %q", id, got)
		}
		s := f.Node(id).Manager.Stats()
		if s.Early != 0 || s.SyncAborts != 0 {
			t.Errorf("node %d: %+v", id, s)
		}
		if s.SyncsAlone != alone[id]+1 {
			t.Errorf("node %d exchanged states again with whom it had them in common: %+v", id, s)
		}
	}
}

func TestThoseWhoApplyInDifferentTransitionalConfigurationsHaveDifferentStatesFromThere(t *testing.T) {
	f := startMerge(t)
	f.write(t, 1, 3, "here", ipcwire.OK)
	f.Form(f.nodes(1, 2), f.nodes(3))
	f.write(t, 3, 3, "there", ipcwire.OK)
	f.Run()
	if got := f.words(2, 0); got != "a z here" {
		t.Errorf("node 2 has %q", got)
	}
	if got := f.words(3, 0); got != "a z there" {
		t.Errorf("node 3 has %q", got)
	}
	f.Form(f.nodes(1, 2, 3))
	f.Run()
	f.check(t)
	for id := wire.NodeID(1); id <= 3; id++ {
		if got := f.words(id, 0); got != "a z here a z there" {
			t.Errorf("node %d has %q: a partition's state was not taken", id, got)
		}
	}
}

func TestMessagesQueuedBeforeAMergeAreDeliveredBehindTheSynchronization(t *testing.T) {
	f := newFixture(2)
	f.Form(f.nodes(1), f.nodes(2))
	f.Run()
	f.write(t, 1, 3, "old", ipcwire.OK)
	f.Run()
	f.write(t, 1, 3, "queued", ipcwire.OK) // not sent before the merge
	f.write(t, 2, 3, "queued too", ipcwire.OK)
	f.Form(f.nodes(1, 2))
	f.Run()
	f.check(t)
	if a, b := f.words(1, 0), f.words(2, 0); a != b || !strings.HasPrefix(a, "old queued") {
		t.Errorf("node 1 has %q, node 2 %q", a, b)
	}
}

func TestMembersThatPartedHaveDifferentStatesHoweverLittleTheyDelivered(t *testing.T) {
	// 1 and 2 part while a message of 2 is on its way: 2 delivers it, 1 does not.
	// Neither is synchronized with its new neighbour before all meet.
	f := newFixture(4)
	f.Form(f.nodes(1, 2), f.nodes(3), f.nodes(4))
	f.Run()
	f.write(t, 2, 3, "lost for 1", ipcwire.OK)
	f.Node(2).Pull()
	f.FormLosing(f.nodes(1, 3), f.nodes(2, 4))
	f.Form(f.nodes(1, 2, 3, 4))
	f.Run()
	f.check(t)
	for id := wire.NodeID(1); id <= 4; id++ {
		if got := f.words(id, 0); got != "lost for 1" {
			t.Errorf("node %d has %q", id, got)
		}
	}
}

func TestAMemberThatDoesNotSendItsPartInTimeLeavesAndTheOthersSayWhoIsMissing(t *testing.T) {
	f := newFixture(2)
	f.books[f.Node(2)][0].stuck = true
	f.Form(f.nodes(1, 2))
	f.write(t, 2, 3, "x", ipcwire.ErrTryAgain)
	// Two fresh members have different states, so both would send.
	f.Run()
	f.Advance(int64(service.DefaultSyncTimeout) + 1)
	if f.Node(1).Overload != "" {
		t.Errorf("the member that sent its part leaves: %s", f.Node(1).Overload)
	}
	if !strings.Contains(f.Node(2).Overload, "book3") {
		t.Errorf("the member that did not stays: %q", f.Node(2).Overload)
	}
	if log := strings.Join(f.Log, "\n"); !strings.Contains(log, "nothing from 2") {
		t.Errorf("log: %s", log)
	}
}

func TestAServiceThatNotAllMembersRunStaysUnavailableAndDoesNotHoldUpTheOthers(t *testing.T) {
	f := newFixture(1)
	only := newBook(&f.w, 3)
	n := f.Add(2, 1, []service.Service{only})
	f.books[n] = []*book{only}
	f.Form(f.nodes(1, 2))
	f.Run()
	f.write(t, 1, 3, "common", ipcwire.OK)
	f.write(t, 1, 6, "alone", ipcwire.ErrTryAgain)
	f.Run()
	f.check(t)
	if f.words(2, 0) != "common" {
		t.Errorf("node 2 has %q", f.words(2, 0))
	}
	f.Form(f.nodes(1), f.nodes(2))
	f.Run()
	f.write(t, 1, 6, "alone", ipcwire.OK)
}

func TestAFullRingAnswersTryAgainBeforeTheServiceSeesTheRequest(t *testing.T) {
	f := newFixture(1, func(g *gmi.Options, _ *service.Options) {
		g.MaxMessage, g.QueueLimits = 1000, [gmi.Priorities]int{4000, 4000, 4000, 4000}
	})
	f.Form(f.nodes(1))
	f.Run()
	word := strings.Repeat("w", 900)
	for range 3 {
		f.write(t, 1, 3, word, ipcwire.OK)
	}
	f.write(t, 1, 3, word, ipcwire.ErrTryAgain)
	if s := f.Node(1).Manager.Stats(); s.TryAgainRing != 1 {
		t.Errorf("%+v", s)
	}
	f.Run()
	f.write(t, 1, 3, word, ipcwire.OK)
	f.check(t)
}

func TestWhateverTheConfigurationsAllMembersApplyTheSameStateAndPartitionsAreAlike(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const nodes = 4
		f := newFixture(nodes, func(g *gmi.Options, _ *service.Options) {
			g.MaxMessage, g.QueueLimits = 200, [gmi.Priorities]int{700, 700, 700, 700}
		})
		starts := map[wire.NodeID]uint64{1: 1, 2: 1, 3: 1, 4: 1}
		serial := 0
		pick := func() *servicetest.Node {
			return f.Node(wire.NodeID(rapid.IntRange(1, nodes).Draw(t, "node")))
		}
		form := func() {
			groups := make([][]*servicetest.Node, 3)
			for id := wire.NodeID(1); id <= nodes; id++ {
				g := rapid.IntRange(0, 2).Draw(t, "component")
				groups[g] = append(groups[g], f.Node(id))
			}
			groups = slices.DeleteFunc(groups, func(g []*servicetest.Node) bool { return len(g) == 0 })
			if rapid.Bool().Draw(t, "lose") {
				f.FormLosing(groups...)
			} else {
				f.Form(groups...)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				n := pick()
				serial++
				c, _ := n.Connect(rapid.SampledFrom([]ipcwire.Service{3, 6}).Draw(t, "service"), ipcwire.GenB, nil)
				c.Request(opAppend, fmt.Appendf(nil, "w%d", serial))
				c.Close()
			},
			"pull": func(t *rapid.T) {
				n := pick()
				n.Manager.Work()
				n.Pull()
			},
			"take":  func(t *rapid.T) { pick().Take() },
			"take2": func(t *rapid.T) { pick().Take() },
			"round": func(t *rapid.T) { f.Round() },
			"form":  func(t *rapid.T) { form() },
			"restart": func(t *rapid.T) {
				n := pick()
				f.Kill(n)
				starts[n.Self.ID]++
				f.add(n.Self.ID, starts[n.Self.ID])
				form()
			},
			"": func(t *rapid.T) { f.check(t) },
		})
		f.Form(f.nodes(1, 2, 3, 4))
		f.Run()
		f.check(t)
		for which := range 2 {
			for id := wire.NodeID(2); id <= nodes; id++ {
				if f.words(id, which) != f.words(1, which) {
					t.Fatalf("node %d has %q, node 1 %q", id, f.words(id, which), f.words(1, which))
				}
			}
		}
		for _, n := range f.nodes(1, 2, 3, 4) {
			if s := n.Manager.Stats(); s.Malformed+s.Early != 0 {
				t.Fatalf("node %d: %+v", n.Self.ID, s)
			}
		}
	})
}

func FuzzMessagesOfTheManagerAndOfAService(f *testing.F) {
	hello := make([]byte, 13, 64)
	hello[0] = 1
	hello = append(hello, 1, 3)
	hello = append(hello, make([]byte, 16)...)
	f.Add(hello, []byte{2}, false)
	f.Add([]byte{0, 'w'}, append([]byte{1}, make([]byte, 12)...), true)
	f.Fuzz(func(t *testing.T, one, two []byte, synced bool) {
		fx := newFixture(2)
		fx.w.states = nil
		fx.Form(fx.nodes(1, 2))
		if synced {
			fx.Run()
		}
		// Node 2 sends what it likes to the manager's group and to a service's;
		// the ring is filled in so that it is not refused for that alone.
		ring := make([]byte, 12)
		ring[0], ring[4] = 1, 4
		for _, msg := range [][]byte{one, two} {
			for _, group := range []string{".service", "book3"} {
				for _, with := range []bool{false, true} {
					b := slices.Clone(msg)
					if with && len(b) >= 13 {
						copy(b[1:], ring)
					}
					if _, err := fx.Node(2).GMI.Multicast(group, gmi.Recovery, wire.Agreed, b); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		fx.Run()
		if a, b := fx.words(1, 0), fx.words(2, 0); a != b {
			t.Errorf("node 1 has %q, node 2 %q", a, b)
		}
	})
}
