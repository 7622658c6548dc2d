package amf

import (
	"testing"

	"ais/exec/amf/conf"
	"ais/exec/amf/engine"
	"ais/exec/amf/proc"
	"ais/exec/service/servicetest"
	"ais/libais/ipcwire"
)

// proxied is a proxy and a component that lives through it, each in a group.
const proxied = `safAmfCluster = T {
	saAmfClusterStartupTimeout = 60000
	safAmfNode = node1 {
		saAmfNodeSuFailOverProb = 10000
		saAmfNodeSuFailoverMax = 100
	}
	safApp = APP {
		safSg = SGP {
			saAmfSGRedundancyModel = 2n
			saAmfSGCompRestartProb = 10000
			saAmfSGCompRestartMax = 10
			saAmfSGSuRestartProb = 10000
			saAmfSGSuRestartMax = 10
			saAmfSGAutoAdjustProb = 1000
			safSu = SUP {
				saAmfSUNumComponents = 1
				saAmfSUHostedByNode = node1
				safComp = P {
					saAmfCompCategory = proxy
					saAmfCompCapability = x_active_and_y_standby
					saAmfCompNumMaxActiveCsi = 1
					saAmfCompNumMaxStandbyCsi = 1
					saAmfCompDefaultClcCliTimeout = 5000
					saAmfCompDefaultCallbackTimeOut = 5000
					saAmfCompRecoveryOnError = component_failover
					saAmfCompInstantiateCmd = /bin/start
					saAmfCompCleanupCmd = /bin/clean
					saAmfCompCsTypes {
						TP
					}
				}
			}
		}
		safSg = SGX {
			saAmfSGRedundancyModel = 2n
			saAmfSGCompRestartProb = 10000
			saAmfSGCompRestartMax = 10
			saAmfSGSuRestartProb = 10000
			saAmfSGSuRestartMax = 10
			saAmfSGAutoAdjustProb = 1000
			safSu = SUX {
				saAmfSUNumComponents = 1
				saAmfSUHostedByNode = node1
				safComp = X {
					saAmfCompCategory = proxied_pre_instantiable
					saAmfCompCapability = x_active_and_y_standby
					saAmfCompNumMaxActiveCsi = 1
					saAmfCompNumMaxStandbyCsi = 1
					saAmfCompDefaultClcCliTimeout = 5000
					saAmfCompDefaultCallbackTimeOut = 5000
					saAmfCompRecoveryOnError = component_restart
					saAmfCompProxyCsi = CSIP
					saAmfCompCsTypes {
						TX
					}
				}
			}
		}
		safSi = SIP {
			saAmfSINumCSIs = 1
			saAmfSIProtectedbySG = SGP
			safCsi = CSIP {
				saAmfCSTypeName = TP
			}
		}
		safSi = SIX {
			saAmfSINumCSIs = 1
			saAmfSIProtectedbySG = SGX
			safCsi = CSIX {
				saAmfCSTypeName = TX
			}
		}
	}
}
`

const (
	proxyDN   = "safComp=P,safSu=SUP,safSg=SGP,safApp=APP"
	proxiedDN = "safComp=X,safSu=SUX,safSg=SGX,safApp=APP"
)

func (p *program) registerFor(name, proxy string) ipcwire.Error {
	err, _ := p.ask(ipcwire.AmfRegister, ipcwire.AppendAmfComponentReq(nil, &ipcwire.AmfComponentReq{Component: []byte(name), Proxy: []byte(proxy)}))
	return err
}

func TestAProxyStartsItsComponentSpeaksForItAndCleansItUp(t *testing.T) {
	w := newWorld(t, proxied, 1)
	n := w.nodes[0]
	n.take(t, "/bin/start").done(1, proc.Result{})
	p := w.connect(n, ipcwire.GenB, all)
	if err := p.registerFor(proxiedDN, proxyDN); err != ipcwire.ErrNotExist {
		t.Errorf("a proxy that is not registered itself: %s", err)
	}
	if err := p.register(proxyDN); err != ipcwire.OK {
		t.Fatal(err)
	}
	s := p.set(ipcwire.AmfHAActive)
	if err := p.answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	start := p.callback(ipcwire.AmfInstantiateCallback)
	if string(start.Component) != proxiedDN {
		t.Errorf("instantiate %s", start.Component)
	}
	few := w.connect(n, ipcwire.GenB, needOfB)
	if err := few.registerFor(proxiedDN, proxyDN); err != ipcwire.ErrBadOperation {
		t.Errorf("through another handle than the proxy's: %s", err)
	}
	if err := p.registerFor(proxiedDN, "nobody"); err != ipcwire.ErrNotExist {
		t.Errorf("a proxy that there is not: %s", err)
	}
	if err := p.answer(start.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	if err := p.registerFor(proxiedDN, proxyDN); err != ipcwire.OK {
		t.Fatal(err)
	}
	s = p.set(ipcwire.AmfHAActive)
	if string(s.Component) != proxiedDN || string(s.CSI) != "safCsi=CSIX,safSi=SIX,safApp=APP" {
		t.Fatalf("%+v", s)
	}
	if err := p.answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		t.Fatal(err)
	}
	if tree := n.svc.Tree(); tree.Instances[1].State == "unassigned" {
		t.Errorf("%+v", tree.Instances[1])
	}
	// The name of the process is the proxy's, not that of what it speaks for.
	_, answer := p.ask(ipcwire.AmfComponentName, nil)
	var name ipcwire.AmfName
	if !ipcwire.DecodeAmfName(answer, &name) || string(name.Name) != proxyDN {
		t.Errorf("%q", name.Name)
	}
	// An error of the proxied component: its proxy is to clean it up, no command is run.
	rep := ipcwire.AppendAmfErrorReq(nil, &ipcwire.AmfErrorReq{Erroneous: []byte(proxiedDN), Recovery: ipcwire.AmfComponentRestart})
	if err, _ := p.ask(ipcwire.AmfErrorReport, rep); err != ipcwire.OK {
		t.Fatal(err)
	}
	if c := p.callback(ipcwire.AmfCleanupCallback); string(c.Component) != proxiedDN {
		t.Errorf("cleanup of %s", c.Component)
	}
	if len(n.keeper.commands)+len(n.keeper.kills) != 0 {
		t.Errorf("commands %v, kills %v", n.keeper.commands, n.keeper.kills)
	}
}

// external is a proxy and an external component, in generation A's grammar.
const external = `group {
	name = PROXIES
	model = noredundancy
	unit {
		name = UP
		component {
			name = P
			model = x_active
		}
	}
	protection {
		name = PROXY
		member = P
	}
}
group {
	name = EXTERNAL
	model = noredundancy
	unit {
		name = UE
		component {
			name = E
			model = x_active
		}
	}
	protection {
		name = EXTERNAL
		member = E
	}
}
`

// inService answers until the component of a program of generation A is active.
func (p *program) inService(name string) {
	p.w.t.Helper()
	ready := p.callback(ipcwire.AmfReadinessCallback)
	if string(ready.Component) != name || ready.Value != uint32(engine.InService) {
		p.w.t.Fatalf("%+v", ready)
	}
	if err := p.answer(ready.Invocation, ipcwire.OK); err != ipcwire.OK {
		p.w.t.Fatal(err)
	}
	s := p.set(ipcwire.AmfHAActive)
	if string(s.Component) != name {
		p.w.t.Fatalf("%+v", s)
	}
	if err := p.answer(s.Invocation, ipcwire.OK); err != ipcwire.OK {
		p.w.t.Fatal(err)
	}
}

func TestInGenerationAAProxyRestartsAnExternalComponentAndSwitchesItOff(t *testing.T) {
	m, problems := conf.ParseGroups("groups.conf", []byte(external))
	if problems != nil {
		t.Fatal(problems)
	}
	w := &world{t: t, c: servicetest.New()}
	w.add(1, m, "")
	w.form(w.nodes...)
	n := w.nodes[0]
	p := w.connect(n, ipcwire.GenA, ipcwire.AmfHasHealthcheck|ipcwire.AmfHasReadiness|ipcwire.AmfHasTerminate|
		ipcwire.AmfHasCSISet|ipcwire.AmfHasCSIRemove|ipcwire.AmfHasExternalRestart|ipcwire.AmfHasExternalControl)
	if err := p.register("P"); err != ipcwire.OK {
		t.Fatal(err)
	}
	p.inService("P")
	report := func(recovery uint8) {
		t.Helper()
		rep := ipcwire.AppendAmfErrorReq(nil, &ipcwire.AmfErrorReq{Erroneous: []byte("E"), Recovery: recovery})
		if err, _ := p.ask(ipcwire.AmfErrorReport, rep); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	asked := func(op ipcwire.Op, value uint32, result ipcwire.Error) {
		t.Helper()
		cb := p.callback(op)
		if string(cb.Component) != "E" || cb.Value != value {
			t.Fatalf("%+v", cb)
		}
		if err := p.answer(cb.Invocation, result); err != ipcwire.OK {
			t.Fatal(err)
		}
	}
	register := func() {
		t.Helper()
		if err := p.registerFor("E", "P"); err != ipcwire.OK {
			t.Fatal(err)
		}
		p.inService("E")
	}
	register()

	report(ipcwire.AmfComponentRestart)
	asked(ipcwire.AmfExternalRestartCallback, 0, ipcwire.OK)
	p.inService("E") // as it registered, nothing else is asked

	report(ipcwire.AmfComponentFailover)
	asked(ipcwire.AmfExternalControlCallback, 4, ipcwire.OK)
	register()

	report(ipcwire.AmfComponentRestart)
	asked(ipcwire.AmfExternalRestartCallback, 0, ipcwire.ErrFailedOp)
	asked(ipcwire.AmfExternalControlCallback, 4, ipcwire.OK)
	register()
}
