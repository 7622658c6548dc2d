package amf

import (
	"fmt"
	"os"
	"testing"

	"ais/exec/amf/proc"
	"ais/libais/ipcwire"
)

const ms = 1e6

func (p *program) check(op ipcwire.Op, unit int, key string, invoker uint8, result ipcwire.Error) ipcwire.Error {
	err, _ := p.ask(op, ipcwire.AppendAmfHealthcheckReq(nil, &ipcwire.AmfHealthcheckReq{Component: []byte(dn(unit)), Key: []byte(key),
		Invoker: invoker, Recovery: ipcwire.AmfNoRecommendation, Result: result}))
	return err
}

// advance lets time pass.
func (w *world) advance(d int64) {
	w.c.Advance(d)
	w.run()
}

func TestTheExecutiveAsksOnceAPeriodAndALateAnswerIsAnError(t *testing.T) {
	w, p := up(t)
	if err := p[0].check(ipcwire.AmfHealthcheckStart, 1, "key", ipcwire.AmfHealthcheckByFramework, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
	w.advance(999 * ms)
	if _, asked := p[0].Read(); asked {
		t.Fatal("asked before the period was over")
	}
	for range 3 {
		w.advance(2 * ms)
		c := p[0].callback(ipcwire.AmfHealthcheckCallback)
		if string(c.Key) != "key" || string(c.Component) != dn(1) || c.Value != 0 {
			t.Errorf("%+v", c)
		}
		w.advance(200 * ms)
		if err := p[0].answer(c.Invocation, ipcwire.OK); err != ipcwire.OK {
			t.Fatal(err)
		}
		if err := p[0].answer(c.Invocation, ipcwire.OK); err != ipcwire.ErrInvalidParam {
			t.Errorf("a second answer: %s", err)
		}
		w.advance(798 * ms) // a period is from question to question
	}
	w.advance(2 * ms)
	p[0].callback(ipcwire.AmfHealthcheckCallback)
	w.advance(298 * ms)
	if n := len(w.nodes[0].keeper.commands); n != 0 {
		t.Fatalf("%d commands before the answer was late", n)
	}
	w.advance(2 * ms)
	w.nodes[0].take(t, "/bin/clean")
	if got := w.nodes[0].svc.Stats().Late; got != 1 {
		t.Errorf("%d late answers", got)
	}
}

func TestAComponentThatSaysItIsNotWellHasFailed(t *testing.T) {
	w, p := up(t)
	if err := p[0].check(ipcwire.AmfHealthcheckStart, 1, "key", ipcwire.AmfHealthcheckByFramework, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
	w.advance(1001 * ms)
	c := p[0].callback(ipcwire.AmfHealthcheckCallback)
	if err := p[0].answer(c.Invocation, ipcwire.ErrFailedOp); err != ipcwire.OK {
		t.Fatal(err)
	}
	w.nodes[0].take(t, "/bin/clean")
}

func TestAComponentThatConfirmsByItselfMustDoSoOnceAPeriod(t *testing.T) {
	w, p := up(t)
	if err := p[0].check(ipcwire.AmfHealthcheckStart, 1, "key", ipcwire.AmfHealthcheckByComponent, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
	for range 3 {
		w.advance(900 * ms)
		if err := p[0].check(ipcwire.AmfHealthcheckConfirm, 1, "key", 0, ipcwire.OK); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	w.advance(999 * ms)
	if n := len(w.nodes[0].keeper.commands); n != 0 {
		t.Fatalf("%d commands before the confirmation was late", n)
	}
	w.advance(2 * ms)
	w.nodes[0].take(t, "/bin/clean")
	if _, asked := p[0].Read(); asked {
		t.Error("a component that confirms by itself was asked")
	}
}

func TestAStoppedHealthCheckAsksNoMore(t *testing.T) {
	w, p := up(t)
	if err := p[0].check(ipcwire.AmfHealthcheckStart, 1, "key", ipcwire.AmfHealthcheckByFramework, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
	w.advance(1001 * ms)
	c := p[0].callback(ipcwire.AmfHealthcheckCallback)
	if err := p[0].check(ipcwire.AmfHealthcheckStop, 1, "key", 0, 0); err != ipcwire.OK {
		t.Fatal(err)
	}
	if err := p[0].answer(c.Invocation, ipcwire.OK); err != ipcwire.ErrInvalidParam {
		t.Errorf("an answer after the stop: %s", err)
	}
	w.advance(5000 * ms)
	if _, asked := p[0].Read(); asked || len(w.nodes[0].keeper.commands) != 0 {
		t.Error("it goes on")
	}
}

func TestHealthChecksThatDoNotHoldAreRefused(t *testing.T) {
	w, p := up(t)
	without := w.connect(w.nodes[0], ipcwire.GenB, all&^ipcwire.AmfHasHealthcheck)
	other := w.connect(w.nodes[0], ipcwire.GenB, all)
	start := ipcwire.AmfHealthcheckStart
	for _, c := range []struct {
		p       *program
		op      ipcwire.Op
		unit    int
		key     string
		invoker uint8
		want    ipcwire.Error
	}{
		{p[0], start, 1, "door", 1, ipcwire.ErrNotExist},
		{p[0], start, 2, "key", 1, ipcwire.ErrNotExist}, // of another node
		{p[0], start, 1, "key", 7, ipcwire.ErrInvalidParam},
		{without, start, 1, "key", 1, ipcwire.ErrInit},
		{p[0], ipcwire.AmfHealthcheckConfirm, 1, "key", 0, ipcwire.ErrNotExist}, // before the start
		{p[0], ipcwire.AmfHealthcheckStop, 1, "key", 0, ipcwire.ErrNotExist},
		{p[0], start, 1, "key", 1, ipcwire.OK},
		{p[0], start, 1, "key", 1, ipcwire.ErrExist},
		{p[0], ipcwire.AmfHealthcheckConfirm, 1, "key", 0, ipcwire.ErrNotExist}, // of the other kind
		{other, ipcwire.AmfHealthcheckStop, 1, "key", 0, ipcwire.ErrNotExist},   // another handle
		{p[0], ipcwire.AmfHealthcheckStop, 1, "key", 0, ipcwire.OK},
	} {
		if err := c.p.check(c.op, c.unit, c.key, c.invoker, ipcwire.OK); err != c.want {
			t.Errorf("%+v: %s", c, err)
		}
	}
}

func (p *program) pm(op ipcwire.Op, q ipcwire.AmfPmReq) ipcwire.Error {
	q.Component = []byte(dn(1))
	err, _ := p.ask(op, ipcwire.AppendAmfPmReq(nil, &q))
	return err
}

func TestTheEndOfAMonitoredProcessIsAnErrorIfItIsOfTheKindThatCounts(t *testing.T) {
	self := os.Getpid()
	for _, c := range []struct {
		errors uint32
		end    proc.End
		fails  bool
	}{
		{ipcwire.AmfPmZeroExit, proc.End{Known: true}, true},
		{ipcwire.AmfPmNonZeroExit | ipcwire.AmfPmAbnormalEnd, proc.End{Known: true}, false},
		{ipcwire.AmfPmNonZeroExit, proc.End{Known: true, Code: 1}, true},
		{ipcwire.AmfPmAbnormalEnd, proc.End{Known: true, Code: 1}, false},
		{ipcwire.AmfPmAbnormalEnd, proc.End{Known: true, Signal: 11}, true},
		{ipcwire.AmfPmZeroExit, proc.End{Known: true, Signal: 11}, false},
		{ipcwire.AmfPmAbnormalEnd, proc.End{}, true}, // nobody knows
	} {
		w, p := up(t)
		n := w.nodes[0]
		if err := p[0].pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{PID: int64(self), Errors: c.errors, Recovery: ipcwire.AmfNoRecommendation}); err != ipcwire.OK {
			t.Fatal(err)
		}
		for _, f := range n.watched[self] {
			f(c.end)
		}
		w.run()
		if got := len(n.keeper.commands) > 0; got != c.fails {
			t.Errorf("%+v: failed %v", c, got)
		}
	}
}

func TestMonitoringEndsAsItIsAsked(t *testing.T) {
	w, p := up(t)
	self := os.Getpid()
	every := ipcwire.AmfPmZeroExit | ipcwire.AmfPmNonZeroExit | ipcwire.AmfPmAbnormalEnd
	for _, c := range []struct {
		q    ipcwire.AmfPmReq
		want ipcwire.Error
	}{
		{ipcwire.AmfPmReq{PID: 0, Errors: 1}, ipcwire.ErrInvalidParam},
		{ipcwire.AmfPmReq{PID: int64(self), Errors: 0}, ipcwire.ErrInvalidParam},
		{ipcwire.AmfPmReq{PID: int64(self), Errors: 8}, ipcwire.ErrInvalidParam},
		{ipcwire.AmfPmReq{PID: int64(self), Errors: 1, Depth: -2}, ipcwire.ErrInvalidParam},
		{ipcwire.AmfPmReq{PID: 1<<22 - 1, Errors: 1}, ipcwire.ErrNotExist},
		{ipcwire.AmfPmReq{PID: int64(self), Errors: every}, ipcwire.OK},
	} {
		if err := p[0].pm(ipcwire.AmfPmStart, c.q); err != c.want {
			t.Errorf("%+v: %s", c.q, err)
		}
	}
	live := func() int {
		n := 0
		for _, f := range w.nodes[0].watched[self] {
			if f != nil {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		q    ipcwire.AmfPmReq
		want ipcwire.Error
		live int
	}{
		{ipcwire.AmfPmReq{PID: 12, Qualifier: ipcwire.AmfPmProcess, Errors: every}, ipcwire.ErrNotExist, 1},
		{ipcwire.AmfPmReq{PID: int64(self), Qualifier: ipcwire.AmfPmProcess, Errors: ipcwire.AmfPmZeroExit}, ipcwire.OK, 1},
		{ipcwire.AmfPmReq{Qualifier: ipcwire.AmfPmAll, Errors: every}, ipcwire.OK, 0},
		{ipcwire.AmfPmReq{Qualifier: ipcwire.AmfPmAll, Errors: every}, ipcwire.ErrNotExist, 0},
	} {
		if err := p[0].pm(ipcwire.AmfPmStop, c.q); err != c.want || live() != c.live {
			t.Errorf("%+v: %s, %d watched", c.q, err, live())
		}
	}
	// The end of the component ends the watching of its processes.
	if err := p[0].pm(ipcwire.AmfPmStart, ipcwire.AmfPmReq{PID: int64(self), Errors: every}); err != ipcwire.OK {
		t.Fatal(err)
	}
	p[0].Close()
	w.run()
	if live() != 0 {
		t.Error("processes of a dead component are watched")
	}
}

func (p *program) track(flags uint8, buffer bool) (ipcwire.Error, ipcwire.AmfGroup) {
	p.w.t.Helper()
	err, body := p.ask(ipcwire.AmfTrack, ipcwire.AppendAmfTrackReq(nil, &ipcwire.AmfTrackReq{CSI: []byte(csi), Flags: flags, Buffer: buffer}))
	var g ipcwire.AmfGroup
	if err == ipcwire.OK && buffer && !ipcwire.DecodeAmfGroup(body, &g) {
		p.w.t.Fatal("no group in the answer")
	}
	return err, g
}

// groupOf reads a group callback as text.
func (p *program) groupOf() string {
	p.w.t.Helper()
	cb, ok := p.Read()
	var g ipcwire.AmfGroup
	if !ok || cb.Op != ipcwire.AmfTrackCallback || !ipcwire.DecodeAmfGroup(cb.Body, &g) {
		p.w.t.Fatalf("callback %+v, %v; want a group", cb, ok)
	}
	return groupText(&g)
}

func groupText(g *ipcwire.AmfGroup) string {
	out := fmt.Sprint(g.Members)
	for _, m := range g.Items {
		out += fmt.Sprintf(" %c:%d/%d", m.Component[len("safComp=C,safSu=SU")], m.HAState, m.Change)
	}
	return out
}

func TestWhoTracksAProtectionGroupIsToldOfItsMembers(t *testing.T) {
	w, p := up(t)
	watcher := w.connect(w.nodes[1], ipcwire.GenB, ipcwire.AmfHasTrack)
	changes := w.connect(w.nodes[1], ipcwire.GenB, ipcwire.AmfHasTrack)
	mute := w.connect(w.nodes[1], ipcwire.GenB, 0)
	for flags, want := range map[uint8]ipcwire.Error{0: ipcwire.ErrBadFlags, 8: ipcwire.ErrBadFlags, 6: ipcwire.ErrBadFlags} {
		if err, _ := watcher.track(flags, false); err != want {
			t.Errorf("flags %d: %s", flags, err)
		}
	}
	if err, _ := mute.track(ipcwire.AmfTrackChanges, false); err != ipcwire.ErrInit {
		t.Errorf("without a callback: %s", err)
	}
	if err, g := mute.track(ipcwire.AmfTrackCurrent, true); err != ipcwire.OK || groupText(&g) != "2 1:1/1 2:2/1" {
		t.Errorf("%s, %s", err, groupText(&g))
	}
	if err, _ := watcher.track(ipcwire.AmfTrackCurrent|ipcwire.AmfTrackChanges, false); err != ipcwire.OK {
		t.Fatal(err)
	}
	if got := watcher.groupOf(); got != "2 1:1/1 2:2/1" {
		t.Error(got)
	}
	if err, _ := changes.track(ipcwire.AmfTrackChangesOnly, false); err != ipcwire.OK {
		t.Fatal(err)
	}
	p[0].Close()
	w.run()
	w.nodes[0].take(t, "/bin/clean").done(1, proc.Result{})
	w.run()
	s := p[1].set(ipcwire.AmfHAActive)
	if err := p[1].answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	for _, want := range [][2]string{
		{"1 2:2/1 1:1/3", "1 1:1/3"},
		{"1 2:1/4", "1 2:1/4"},
	} {
		if a, b := watcher.groupOf(), changes.groupOf(); a != want[0] || b != want[1] {
			t.Errorf("%q, %q, want %q", a, b, want)
		}
	}
	name := ipcwire.AppendAmfName(nil, &ipcwire.AmfName{Name: []byte(csi)})
	if err, _ := watcher.ask(ipcwire.AmfTrackStop, name); err != ipcwire.OK {
		t.Error(err)
	}
	if err, _ := watcher.ask(ipcwire.AmfTrackStop, name); err != ipcwire.ErrNotExist {
		t.Errorf("stopped twice: %s", err)
	}
}

func TestOnlyWhoSeesHAReadinessIsToldWhenItChanges(t *testing.T) {
	w, p := up(t)
	b4 := w.connect(w.nodes[0], ipcwire.GenB, ipcwire.AmfHasTrack|ipcwire.AmfHasHAReadiness)
	b1 := w.connect(w.nodes[0], ipcwire.GenB, ipcwire.AmfHasTrack)
	a := w.connect(w.nodes[1], ipcwire.GenA, ipcwire.AmfHasTrack)
	for _, who := range []*program{b4, b1, a} {
		if err, _ := who.track(ipcwire.AmfTrackChanges, false); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	say := func(who *program, of int, state uint32) ipcwire.Error {
		err, _ := who.ask(ipcwire.AmfHAReadiness, ipcwire.AppendAmfHAReadinessReq(nil, &ipcwire.AmfHAReadinessReq{Component: []byte(dn(of)), CSI: []byte(csi), State: state}))
		return err
	}
	if err := say(p[1], 2, 3); err != ipcwire.OK {
		t.Fatal(err)
	}
	cb, ok := b4.Read()
	var g ipcwire.AmfGroup
	if !ok || cb.Op != ipcwire.AmfTrackCallback || !ipcwire.DecodeAmfGroup(cb.Body, &g) || groupText(&g) != "2 1:1/1 2:2/4" ||
		g.Items[0].HAReadiness != 1 || g.Items[1].HAReadiness != 3 {
		t.Errorf("%v, %+v", ok, g)
	}
	for i, who := range []*program{b1, a} {
		if cb, ok := who.Read(); ok {
			t.Errorf("%d is told %+v", i, cb)
		}
	}
	if err, g := b1.track(ipcwire.AmfTrackCurrent, true); err != ipcwire.OK || g.Items[1].HAReadiness != 3 {
		t.Errorf("%s, %+v", err, g)
	}
	if err := say(p[0], 1, 3); err != ipcwire.ErrBadOperation {
		t.Errorf("the active one: %s", err)
	}
	if err := say(b1, 1, 1); err != ipcwire.ErrBadOperation {
		t.Errorf("in another's name: %s", err)
	}
}

func TestRequestsThatDoNotDecodeChangeNothing(t *testing.T) {
	w, p := up(t)
	for op := range handlers {
		if op == ipcwire.AmfComponentName {
			continue
		}
		for _, body := range [][]byte{nil, {1}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}} {
			if err, _ := p[0].ask(op, body); err == ipcwire.OK {
				t.Errorf("operation %#x took % x", op, body)
			}
		}
	}
	if err, _ := p[0].ask(0x2ff, nil); err != ipcwire.ErrNotSupported {
		t.Errorf("an operation that there is not: %s", err)
	}
	if tree := w.nodes[0].svc.Tree(); tree.Instances[0].State != "fully-assigned" {
		t.Errorf("%+v", tree.Instances)
	}
}

func FuzzRequests(f *testing.F) {
	for op := range handlers {
		f.Add(uint16(op), []byte(dn(1)))
	}
	f.Fuzz(func(t *testing.T, op uint16, body []byte) {
		w := newWorld(t, two(), 2)
		p := w.connect(w.nodes[0], ipcwire.GenB, all)
		_ = p.register(dn(1))
		p.Request(ipcwire.Op(op), body)
		w.run()
	})
}
