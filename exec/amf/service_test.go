package amf

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ais/exec/amf/conf"
	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/proc"
	"ais/exec/amf/report"
	"ais/exec/service"
	"ais/exec/service/servicetest"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// config is two units of one component on two nodes.
const config = `safAmfCluster = T {
	saAmfClusterStartupTimeout = 60000
	safAmfNode = node1 {
		saAmfNodeSuFailOverProb = 10000
		saAmfNodeSuFailoverMax = 100
	}
	safAmfNode = node2 {
		saAmfNodeSuFailOverProb = 10000
		saAmfNodeSuFailoverMax = 100
	}
	safApp = APP {
		safSg = SG {
			saAmfSGRedundancyModel = 2n
			saAmfSGCompRestartProb = 10000
			saAmfSGCompRestartMax = 10
			saAmfSGSuRestartProb = 10000
			saAmfSGSuRestartMax = 10
			saAmfSGAutoAdjustProb = 1000
%s		}
		safSi = SI {
			saAmfSINumCSIs = 1
			safCsi = CSI {
				saAmfCSTypeName = T
				safCSIAttr = port {
					80
					81
				}
			}
		}
	}
}
`

const unit = `			safSu = SU%[1]d {
				saAmfSUNumComponents = 1
				saAmfSUHostedByNode = node%[1]d
				safComp = C {
					saAmfCompCategory = sa_aware
					saAmfCompCapability = x_active_and_y_standby
					saAmfCompNumMaxActiveCsi = 1
					saAmfCompNumMaxStandbyCsi = 1
					saAmfCompDefaultClcCliTimeout = 5000
					saAmfCompDefaultCallbackTimeOut = 5000
					saAmfCompRecoveryOnError = component_failover
					saAmfCompInstantiateCmd = /bin/start
					saAmfCompInstantiateCmdArgv = one  two
					saAmfCompCleanupCmd = /bin/clean
					saAmfCompCsTypes {
						T
					}
					saAmfCompCmdEnv {
						COLOUR=blue
					}
					safHealthcheckKey = key {
						saAmfHealthcheckPeriod = 1000
						saAmfHealthcheckMaxDuration = 300
					}
				}
			}
`

const csi = "safCsi=CSI,safSi=SI,safApp=APP"

func dn(unit int) string { return fmt.Sprintf("safComp=C,safSu=SU%d,safSg=SG,safApp=APP", unit) }

// command is one that a fake keeper was asked to run.
type command struct {
	proc.Command
	id   uint64
	kept bool
	done func(int, proc.Result)
}

// keeper is a Processes that does nothing by itself.
type keeper struct {
	last     uint64
	commands []*command
	kills    []string
	killErr  error
	later    []func()
	alive    int
}

func (k *keeper) Run(cmd proc.Command, done func(int, proc.Result)) uint64 {
	k.last++
	k.commands = append(k.commands, &command{Command: cmd, id: k.last, done: done})
	return k.last
}

func (k *keeper) Keep(id uint64) {
	for _, c := range k.commands {
		c.kept = c.kept || c.id == id
	}
}

func (k *keeper) Kill(owner string, done func(error)) {
	k.kills = append(k.kills, owner)
	err := k.killErr
	k.later = append(k.later, func() { done(err) })
}

func (k *keeper) Alive(time.Duration) { k.alive++ }

func (k *keeper) KillAll(done func(error)) { k.Kill("*", done) }

// node is a node with what its service was given.
type node struct {
	*servicetest.Node
	svc      *Service
	keeper   *keeper
	watched  map[int][]func(proc.End)
	failfast string
}

type world struct {
	t     *testing.T
	c     *servicetest.Cluster
	nodes []*node
}

func newWorld(t *testing.T, text string, nodes int) *world {
	t.Helper()
	w := &world{t: t, c: servicetest.New()}
	for i := range nodes {
		m, problems := conf.ParseAMF("amf.conf", []byte(text))
		if problems != nil {
			t.Fatal(problems)
		}
		w.add(i+1, m, "")
	}
	w.form(w.nodes...)
	return w
}

func (w *world) add(id int, m *model.Cluster, off string) *node {
	n := &node{keeper: &keeper{}, watched: map[int][]func(proc.End){}}
	n.svc = New(Options{Cluster: m, Off: off, Processes: n.keeper,
		Watch: func(pid int, ended func(proc.End)) (func(), error) {
			if pid == 99 {
				return nil, syscall.ESRCH
			}
			n.watched[pid] = append(n.watched[pid], ended)
			i := len(n.watched[pid]) - 1
			return func() { n.watched[pid][i] = nil }, nil
		},
		Failfast: func(reason string) { n.failfast = reason },
		Now:      w.c.Now, Wall: w.c.Now,
	})
	n.Node = w.c.Add(wire.NodeID(id), 1, []service.Service{n.svc})
	w.nodes = append(w.nodes, n)
	return n
}

func (w *world) form(nodes ...*node) {
	var list []*servicetest.Node
	for _, n := range nodes {
		list = append(list, n.Node)
	}
	w.c.Form(list)
	w.run()
}

// run lets everything happen that needs no time.
func (w *world) run() {
	for again := true; again; {
		w.c.Run()
		again = false
		for _, n := range w.nodes {
			later := n.keeper.later
			n.keeper.later = nil
			for _, f := range later {
				f()
				again = true
			}
		}
	}
}

// program is a component's process.
type program struct {
	*servicetest.Conn
	w *world
}

func (w *world) connect(n *node, gen ipcwire.Generation, callbacks uint32) *program {
	w.t.Helper()
	c, err := n.Connect(ipcwire.AMF, gen, ipcwire.AppendAmfHello(nil, &ipcwire.AmfHello{Callbacks: callbacks}))
	if err != ipcwire.OK {
		w.t.Fatal(err)
	}
	return &program{c, w}
}

const all = needOfB | needOfProxied | ipcwire.AmfHasHealthcheck | ipcwire.AmfHasTrack

// ask makes a request and returns its result.
func (p *program) ask(op ipcwire.Op, body []byte) (ipcwire.Error, []byte) {
	p.w.t.Helper()
	p.Request(op, body)
	p.w.run()
	r, ok := p.Answer()
	if !ok {
		p.w.t.Fatalf("operation %#x was not answered", op)
	}
	return r.Err, r.Body
}

func (p *program) register(name string) ipcwire.Error {
	err, _ := p.ask(ipcwire.AmfRegister, ipcwire.AppendAmfComponentReq(nil, &ipcwire.AmfComponentReq{Component: []byte(name)}))
	return err
}

func (p *program) answer(invocation uint64, result ipcwire.Error) ipcwire.Error {
	err, _ := p.ask(ipcwire.AmfResponse, ipcwire.AppendAmfAnswer(nil, &ipcwire.AmfAnswer{Invocation: invocation, Error: result}))
	return err
}

// set takes the next callback, which is to be a CSISet with a state.
func (p *program) set(state uint32) ipcwire.AmfCSISet {
	p.w.t.Helper()
	cb, ok := p.Read()
	var s ipcwire.AmfCSISet
	if !ok || cb.Op != ipcwire.AmfCSISetCallback || !ipcwire.DecodeAmfCSISet(cb.Body, &s) || s.HAState != state {
		p.w.t.Fatalf("callback %+v, %v; want CSISet with %d", cb, ok, state)
	}
	return s
}

func (p *program) callback(op ipcwire.Op) ipcwire.AmfCallback {
	p.w.t.Helper()
	cb, ok := p.Read()
	var c ipcwire.AmfCallback
	if !ok || cb.Op != op || !ipcwire.DecodeAmfCallback(cb.Body, &c) {
		p.w.t.Fatalf("callback %+v, %v; want %#x", cb, ok, op)
	}
	return c
}

// take is the only command that a node runs.
func (n *node) take(t *testing.T, path string) *command {
	t.Helper()
	if len(n.keeper.commands) == 0 || n.keeper.commands[0].Argv[0] != path {
		t.Fatalf("commands %+v, want %s first", n.keeper.commands, path)
	}
	c := n.keeper.commands[0]
	n.keeper.commands = n.keeper.commands[1:]
	return c
}

func two() string { return fmt.Sprintf(config, fmt.Sprintf(unit, 1)+fmt.Sprintf(unit, 2)) }

// up is a world in which both units are up: programs[0] is active.
func up(t *testing.T) (w *world, programs []*program) {
	t.Helper()
	w = newWorld(t, two(), 2)
	for i, n := range w.nodes {
		n.take(t, "/bin/start").done(1, proc.Result{})
		p := w.connect(n, ipcwire.GenB, all)
		if err := p.register(dn(i + 1)); err != ipcwire.OK {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	w.run()
	s := programs[0].set(ipcwire.AmfHAActive)
	if s.Flags != ipcwire.AmfCSIAddOne || s.Transition != ipcwire.AmfCSINewAssign || string(s.CSI) != csi || string(s.Component) != dn(1) ||
		len(s.Attributes) != 2 || string(s.Attributes[1].Name) != "port" || string(s.Attributes[1].Value) != "81" {
		t.Errorf("%+v", s)
	}
	if err := programs[0].answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	s = programs[1].set(ipcwire.AmfHAStandby)
	if string(s.Active) != dn(1) {
		t.Errorf("the standby is told that %q is active", s.Active)
	}
	if err := programs[1].answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	return w, programs
}

func TestComponentsAreStartedWithTheEnvironmentOfTheSpecification(t *testing.T) {
	w := newWorld(t, two(), 2)
	cmd := w.nodes[1].take(t, "/bin/start")
	if fmt.Sprint(cmd.Argv) != "[/bin/start one two]" || cmd.Owner != dn(2) || cmd.Timeout.Seconds() != 5 {
		t.Errorf("%+v", cmd)
	}
	for _, want := range []string{"SA_AMF_COMPONENT_NAME=" + dn(2), "COLOUR=blue", standardPath} {
		if !slices.Contains(cmd.Env, want) {
			t.Errorf("no %s in %q", want, cmd.Env)
		}
	}
}

func TestARegisteredComponentGetsItsStateAndSaysWhatItIs(t *testing.T) {
	_, p := up(t)
	body := ipcwire.AppendAmfCSIReq(nil, &ipcwire.AmfCSIReq{Component: []byte(dn(2)), CSI: []byte(csi)})
	err, answer := p[0].ask(ipcwire.AmfHAState, body)
	var s ipcwire.AmfState
	if err != ipcwire.OK || !ipcwire.DecodeAmfState(answer, &s) || s.State != ipcwire.AmfHAStandby {
		t.Errorf("%s, %+v", err, s)
	}
	err, answer = p[1].ask(ipcwire.AmfComponentName, nil)
	var name ipcwire.AmfName
	if err != ipcwire.OK || !ipcwire.DecodeAmfName(answer, &name) || string(name.Name) != dn(2) {
		t.Errorf("%s, %q", err, name.Name)
	}
}

func TestRegistrationsThatDoNotHoldAreRefused(t *testing.T) {
	w, p := up(t)
	other := w.connect(w.nodes[0], ipcwire.GenB, all)
	if err, _ := other.ask(ipcwire.AmfComponentName, nil); err != ipcwire.ErrNotExist {
		t.Errorf("name before registration: %s", err)
	}
	for _, c := range []struct {
		p    *program
		name string
		want ipcwire.Error
	}{
		{other, "nobody", ipcwire.ErrNotExist},
		{other, dn(1), ipcwire.ErrExist},
		{w.connect(w.nodes[0], ipcwire.GenB, all&^ipcwire.AmfHasCSISet), dn(1), ipcwire.ErrInit},
		{w.connect(w.nodes[0], ipcwire.GenA, needOfB), dn(1), ipcwire.ErrInit},
	} {
		if err := c.p.register(c.name); err != c.want {
			t.Errorf("register %s: %s, want %s", c.name, err, c.want)
		}
	}
	unregister := func(p *program, name string) ipcwire.Error {
		err, _ := p.ask(ipcwire.AmfUnregister, ipcwire.AppendAmfComponentReq(nil, &ipcwire.AmfComponentReq{Component: []byte(name)}))
		return err
	}
	if err := unregister(other, dn(1)); err != ipcwire.ErrBadOperation {
		t.Errorf("unregister through another handle: %s", err)
	}
	if err := unregister(p[0], "nobody"); err != ipcwire.ErrNotExist {
		t.Errorf("unregister nobody: %s", err)
	}
	if len(w.nodes[0].svc.registering) != 0 {
		t.Errorf("registrations that are not settled: %v", w.nodes[0].svc.registering)
	}
}

func TestTheEndOfAConnectionMovesTheWorkAndEveryProcessIsEndedBeforeItGoesOn(t *testing.T) {
	w, p := up(t)
	p[0].Close()
	w.run()
	clean := w.nodes[0].take(t, "/bin/clean")
	if _, told := p[1].Read(); told {
		t.Fatal("the standby becomes active before the failed component is cleaned up")
	}
	clean.done(1, proc.Result{Code: 3}) // whatever the command says
	w.run()
	if fmt.Sprint(w.nodes[0].keeper.kills) != "["+dn(1)+"]" {
		t.Errorf("kills: %v", w.nodes[0].keeper.kills)
	}
	s := p[1].set(ipcwire.AmfHAActive)
	if s.Flags == ipcwire.AmfCSIAddOne || s.Transition != ipcwire.AmfCSINotQuiesced {
		t.Errorf("%+v", s)
	}
	w.nodes[0].take(t, "/bin/start") // repaired
}

func TestACleanupThatLeavesAProcessDoesNotCountAsOne(t *testing.T) {
	w, p := up(t)
	w.nodes[0].keeper.killErr = errors.New("process 7 cannot be killed")
	p[0].Close()
	w.run()
	w.nodes[0].take(t, "/bin/clean").done(1, proc.Result{})
	w.run()
	tree := w.nodes[1].svc.Tree()
	if got := tree.Groups[0].Units[0].Components[0].Presence; got != "termination-failed" {
		t.Errorf("presence %s", got)
	}
}

func TestACommandThatBecomesTheComponentMayGoOn(t *testing.T) {
	w := newWorld(t, two(), 2)
	cmd := w.nodes[0].take(t, "/bin/start")
	w.nodes[0].keeper.commands = append(w.nodes[0].keeper.commands, cmd)
	p := w.connect(w.nodes[0], ipcwire.GenB, all)
	if err := p.register(dn(1)); err != ipcwire.OK {
		t.Fatal(err)
	}
	if !cmd.kept {
		t.Error("its time limit still holds")
	}
	if got := w.nodes[1].svc.Tree().Groups[0].Units[0].Components[0].Presence; got != "instantiated" {
		t.Errorf("presence %s", got)
	}
	cmd.done(1, proc.Result{Signal: 9}) // the death of the component, which its connection tells
	w.run()
	if got := w.nodes[1].svc.Tree().Groups[0].Units[0].Components[0].Presence; got != "instantiated" {
		t.Errorf("presence %s after the end of the command", got)
	}
}

func TestTheEndOfAProcessCountsThoughAChildHoldsItsConnection(t *testing.T) {
	w, p := up(t)
	pid := int(p[0].Cred().PID)
	for _, f := range w.nodes[0].watched[pid] {
		if f != nil {
			f(proc.End{Known: true, Signal: 11})
		}
	}
	w.run()
	w.nodes[0].take(t, "/bin/clean")
	if got := w.nodes[0].svc.Stats().Died; got != 1 {
		t.Errorf("%d deaths", got)
	}
}

func TestAnswersThatNobodyWaitsForAreInvalid(t *testing.T) {
	w, p := up(t)
	if err := p[0].answer(12345, ipcwire.OK); err != ipcwire.ErrInvalidParam {
		t.Errorf("unknown: %s", err)
	}
	p[0].Close()
	w.run()
	w.nodes[0].take(t, "/bin/clean").done(1, proc.Result{})
	w.run()
	s := p[1].set(ipcwire.AmfHAActive)
	if err := p[1].answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Errorf("first: %s", err)
	}
	if err := p[1].answer(s.Invocation, ipcwire.OK); err != ipcwire.ErrInvalidParam {
		t.Errorf("twice: %s", err)
	}
	complete := ipcwire.AppendAmfAnswer(nil, &ipcwire.AmfAnswer{Invocation: s.Invocation, Error: ipcwire.OK})
	if err, _ := p[1].ask(ipcwire.AmfQuiescingComplete, complete); err != ipcwire.ErrInvalidParam {
		t.Errorf("quiescing that was not asked for: %s", err)
	}
}

func TestAComponentThatDoesNotTakeItsCallbacksHasFailed(t *testing.T) {
	w, p := up(t)
	p[1].Limit = 1
	p[0].Close()
	w.run()
	w.nodes[0].take(t, "/bin/clean").done(1, proc.Result{})
	w.run()
	if p[1].Closed == "" {
		t.Error("its connection is still open")
	}
	w.nodes[1].take(t, "/bin/clean")
}

func TestShutdownQuiescesAndWaitsForTheCompletion(t *testing.T) {
	w, p := up(t)
	operator, err := w.nodes[1].Connect(ipcwire.AMF, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	o := &program{operator, w}
	if a := o.admin("shutdown", "SU1"); a.Error != "" || !strings.HasPrefix(a.Target, "safSu=SU1,") {
		t.Fatalf("%+v", a)
	}
	s := p[0].set(ipcwire.AmfHAQuiescing)
	if err := p[0].answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	if _, told := p[1].Read(); told {
		t.Fatal("the other unit becomes active before quiescing is complete")
	}
	complete := ipcwire.AppendAmfAnswer(nil, &ipcwire.AmfAnswer{Invocation: s.Invocation, Error: ipcwire.OK})
	if err, _ := p[0].ask(ipcwire.AmfQuiescingComplete, complete); err != ipcwire.OK {
		t.Fatal(err)
	}
	if s := p[1].set(ipcwire.AmfHAActive); s.Transition != ipcwire.AmfCSIQuiesced {
		t.Errorf("%+v", s)
	}
}

func (p *program) admin(operation, target string) report.AdminAnswer {
	p.w.t.Helper()
	body, _ := json.Marshal(report.AdminRequest{Operation: operation, Target: target})
	err, answer := p.ask(ipcwire.AmfAdmin, body)
	var a report.AdminAnswer
	if err != ipcwire.OK || json.Unmarshal(answer, &a) != nil {
		p.w.t.Fatalf("%s %s: %s, %s", operation, target, err, answer)
	}
	return a
}

func TestOperatorsNameObjectsByDNOrByANameThatIsOne(t *testing.T) {
	w, _ := up(t)
	c, err := w.nodes[0].Connect(ipcwire.AMF, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	o := &program{c, w}
	for _, x := range []struct{ op, target, want string }{
		{"lock", "C", "may be any of"},
		{"lock", "nothing", "there is no object"},
		{"dance", "SU1", "there is no operation"},
		{"lock", "safSu=SU2,safSg=SG,safApp=APP", ""},
		{"lock", "safSu=SU2", "error"}, // it is locked
	} {
		a := o.admin(x.op, x.target)
		switch {
		case x.want == "" && a.Error != "", x.want == "error" && (a.Error == "" || a.Code == 1),
			x.want != "" && x.want != "error" && !strings.Contains(a.Error, x.want):
			t.Errorf("%s %s: %+v", x.op, x.target, a)
		}
	}
	if err, _ := o.ask(ipcwire.AmfComponentName, nil); err != ipcwire.ErrNotSupported {
		t.Errorf("an operator asks as a program: %s", err)
	}
	err, body := o.ask(ipcwire.AmfHistory, []byte(`{"object":"SU2","limit":3}`))
	var h report.History
	if err != ipcwire.OK || json.Unmarshal(body, &h) != nil || len(h.Records) != 3 || !strings.Contains(h.Records[2].Object, "SU2") {
		t.Errorf("%s, %+v", err, h)
	}
	p := w.connect(w.nodes[0], ipcwire.GenB, all)
	if err, _ := p.ask(ipcwire.AmfTree, nil); err != ipcwire.ErrNotSupported {
		t.Errorf("a program asks as an operator: %s", err)
	}
}

func TestAFrameworkThatIsOffTellsOperatorsWhyAndProgramsLibrary(t *testing.T) {
	w := &world{t: t, c: servicetest.New()}
	n := w.add(1, nil, "amf.conf:3: wrong")
	m, _ := conf.ParseAMF("amf.conf", []byte(two()))
	other := w.add(2, m, "")
	w.form(n, other)
	if _, err := n.Connect(ipcwire.AMF, ipcwire.GenB, ipcwire.AppendAmfHello(nil, &ipcwire.AmfHello{})); err != ipcwire.ErrLibrary {
		t.Errorf("program: %s", err)
	}
	c, err := n.Connect(ipcwire.AMF, ipcwire.GenB, nil)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	o := &program{c, w}
	if tree := n.svc.Tree(); tree.Off != "amf.conf:3: wrong" {
		t.Errorf("%+v", tree)
	}
	if a := o.admin("lock", "x"); !strings.Contains(a.Error, "amf.conf:3: wrong") {
		t.Errorf("%+v", a)
	}
	// The other node goes on by itself, and says who takes no part.
	other.take(t, "/bin/start")
	if notes := fmt.Sprint(other.svc.Tree().Notes); !strings.Contains(notes, "node 1 takes no part") {
		t.Error(notes)
	}
}

func TestFailfastEndsEveryComponentBeforeTheRingIsLeft(t *testing.T) {
	w, p := up(t)
	rep := ipcwire.AppendAmfErrorReq(nil, &ipcwire.AmfErrorReq{Erroneous: []byte(dn(1)), Recovery: ipcwire.AmfNodeFailfast})
	if err, _ := p[1].ask(ipcwire.AmfErrorReport, rep); err != ipcwire.OK {
		t.Fatal(err)
	}
	n := w.nodes[0]
	if fmt.Sprint(n.keeper.kills) != "[*]" || n.failfast == "" {
		t.Errorf("kills %v, failfast %q", n.keeper.kills, n.failfast)
	}
	before := len(n.keeper.commands)
	p[0].Close() // its death is nothing new
	w.run()
	if len(n.keeper.commands) != before {
		t.Errorf("commands are still begun: %+v", n.keeper.commands)
	}
	if w.nodes[1].failfast != "" {
		t.Error("the other node, too")
	}
}

func TestTheHistoryRemembersTheLastAndSaysHowManyItForgot(t *testing.T) {
	var h history
	for i := range remembered + 10 {
		h.add(int64(i), &engine.Record{Object: fmt.Sprint("o", i)})
	}
	a := h.answer(report.HistoryRequest{Limit: 2})
	if a.Forgotten != 10 || len(a.Records) != 2 || a.Records[1].N != remembered+10 || a.Records[1].Object != fmt.Sprint("o", remembered+9) {
		t.Errorf("%+v", a)
	}
	a = h.answer(report.HistoryRequest{After: 12, Limit: 2})
	if len(a.Records) != 2 || a.Records[0].N != 13 || a.Records[0].Object != "o12" {
		t.Errorf("%+v", a)
	}
}
