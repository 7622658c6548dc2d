// Outputs of the engine: callbacks, commands, the end of processes.

package amf

import (
	"os"
	"strings"

	"ais/exec/amf/engine"
	"ais/exec/amf/model"
	"ais/exec/amf/proc"
	"ais/libais/ipcwire"
)

// driver is the service as the engine sees it.
type driver Service

// Execute carries out an output. Nothing is submitted from within: see post.
func (d *driver) Execute(o *engine.Output) {
	s := (*Service)(d)
	switch o.Kind {
	case engine.OutRegistered:
		s.registered(o)
	case engine.OutUnregistered:
		if l := s.lives[o.Comp]; l != nil && (o.Incarnation == 0 || l.incarnation == o.Incarnation) {
			s.forget(l)
		}
	case engine.OutInstantiate:
		s.instantiate(o)
	case engine.OutTerminate:
		s.terminate(o)
	case engine.OutCleanup:
		s.cleanUp(o)
	case engine.OutCSISet:
		s.csiSet(o)
	case engine.OutCSIRemove:
		cb := ipcwire.AmfCallback{Value: o.Flags}
		if o.CSI != nil {
			cb.CSI = []byte(o.CSI.DN)
		}
		s.call(o, ipcwire.AmfCSIRemoveCallback, cb)
	case engine.OutReadinessSet:
		s.call(o, ipcwire.AmfReadinessCallback, ipcwire.AmfCallback{Value: uint32(o.Readiness)})
	case engine.OutPendingConfirm:
		s.call(o, ipcwire.AmfOperationConfirmCallback, ipcwire.AmfCallback{Value: o.Pending})
	case engine.OutPendingExpired:
		s.call(o, ipcwire.AmfOperationExpiredCallback, ipcwire.AmfCallback{Value: o.Pending})
	case engine.OutProtectionGroup:
		s.groupChanged(o)
	case engine.OutFailfast:
		s.failfast("the framework asked for it: " + o.Cause.String())
	case engine.OutEvict:
		if l := s.lives[o.Comp]; l != nil && l.incarnation == o.Incarnation {
			c := l.c
			s.forget(l)
			s.env.Logf("%s registered in two partitions, and goes on in the other one", o.Comp.DN)
			c.conn.Disconnect("the component goes on elsewhere")
		}
		s.post(engine.Input{Kind: engine.InDied, Comp: o.Comp.DN, Incarnation: o.Incarnation})
	}
}

// Record is kept for the history.
func (d *driver) Record(r *engine.Record) {
	s := (*Service)(d)
	s.stats.Transitions++
	s.history.add(s.opt.Wall(), r)
}

// GiveUp ends components that may not be active any longer. Those that this process
// may kill are killed before it returns, the keeper ends all of each the next instant.
func (d *driver) GiveUp(list []engine.Doomed) {
	s := (*Service)(d)
	for _, x := range list {
		s.env.Logf("%s gives its active role up: this partition has no majority", x.Comp.DN)
		l := s.lives[x.Comp]
		if s.opt.Processes != nil && !x.Comp.SelfStarted {
			if l != nil && l.incarnation == x.Incarnation {
				s.killProcess(l)
			}
			s.opt.Processes.Kill(x.Comp.DN, func(err error) {
				if err != nil {
					s.env.Logf("%s: %v", x.Comp.DN, err)
				}
			})
		} else if l != nil {
			l.c.conn.Disconnect("this partition has no majority")
		}
	}
}

// registered binds a component to the connection that its registration came through.
func (s *Service) registered(o *engine.Output) {
	for _, r := range s.registering[o.Comp] {
		if !r.bound {
			r.bound = true
			s.bind(o.Comp, o.Incarnation, r.c)
			s.settled(o.Comp, r)
			return
		}
	}
	// Nobody of this session asked for it: a program that has gone.
	s.post(engine.Input{Kind: engine.InDied, Comp: o.Comp.DN, Incarnation: o.Incarnation})
}

// receiver is the connection that takes the callbacks for an output.
func (s *Service) receiver(o *engine.Output) *life {
	if o.Proxy != nil {
		return s.lives[o.Proxy]
	}
	return s.lives[o.Comp]
}

// call sends a callback that most programs answer.
func (s *Service) call(o *engine.Output, op ipcwire.Op, cb ipcwire.AmfCallback) {
	cb.Invocation, cb.Component = o.Invocation, []byte(o.Comp.DN)
	s.buf = ipcwire.AppendAmfCallback(s.buf[:0], &cb)
	s.notify(o, op, op == ipcwire.AmfReadinessCallback && o.Readiness == engine.Stopping)
}

// notify sends s.buf as a callback.
func (s *Service) notify(o *engine.Output, op ipcwire.Op, lasting bool) {
	l := s.receiver(o)
	if l == nil { // its end is on its way to the engine
		s.stats.Unsent++
		return
	}
	if o.Invocation != 0 {
		l.c.calls[o.Invocation] = &call{comp: o.Comp, lasting: lasting}
	}
	s.stats.Callbacks++
	if !l.c.conn.Notify(op, s.buf) {
		s.stats.Unsent++
		s.env.Logf("%s does not take its callbacks", l.comp.DN)
		l.c.conn.Disconnect("a component that does not take its callbacks")
	}
}

func (s *Service) csiSet(o *engine.Output) {
	set := &s.set
	*set = ipcwire.AmfCSISet{Invocation: o.Invocation, Component: []byte(o.Comp.DN), HAState: uint32(o.HA), Flags: o.Flags,
		Transition: o.Transition, Rank: o.StandbyRank, Attributes: set.Attributes[:0]}
	if o.ActiveComp != nil {
		set.Active = []byte(o.ActiveComp.DN)
	}
	if o.CSI != nil {
		set.CSI = []byte(o.CSI.DN)
		for i := range o.CSI.Attributes {
			a := &o.CSI.Attributes[i]
			for _, v := range a.Values {
				set.Attributes = append(set.Attributes, ipcwire.AmfAttribute{Name: []byte(a.Name), Value: []byte(v)})
			}
			if len(a.Values) == 0 {
				set.Attributes = append(set.Attributes, ipcwire.AmfAttribute{Name: []byte(a.Name)})
			}
		}
	}
	s.buf = ipcwire.AppendAmfCSISet(s.buf[:0], set)
	s.notify(o, ipcwire.AmfCSISetCallback, o.HA == engine.HAQuiescing)
}

// answer tells the engine how something ended that it asked for.
func (s *Service) answer(comp *model.Comp, invocation uint64, err ipcwire.Error) {
	s.post(engine.Input{Kind: engine.InAnswer, Comp: comp.DN, Invocation: invocation, Result: err})
}

// starting is an instantiation command that runs.
type starting struct {
	s        *Service
	comp     *model.Comp
	id       uint64 // of the keeper
	invoked  uint64
	answered bool
}

// registered: the component is there, though the command that starts it goes on: the
// command has become the component.
func (k *starting) registered() {
	if !k.answered {
		k.answered = true
		k.s.opt.Processes.Keep(k.id)
		k.s.answer(k.comp, k.invoked, ipcwire.OK)
	}
}

func (s *Service) instantiate(o *engine.Output) {
	comp := o.Comp
	if o.Proxy != nil && s.opt.Cluster.Generation == model.GenA {
		s.answer(comp, o.Invocation, ipcwire.OK) // its proxy has restarted it
		return
	}
	if o.Proxy != nil {
		s.call(o, ipcwire.AmfInstantiateCallback, ipcwire.AmfCallback{})
		return
	}
	k := &starting{s: s, comp: comp, invoked: o.Invocation}
	s.starting[comp] = k
	k.id = s.command(&comp.Instantiate, o, func(r proc.Result) {
		if s.starting[comp] == k {
			delete(s.starting, comp)
		}
		if !k.answered {
			k.answered = true
			s.answer(comp, k.invoked, s.result("instantiate", comp, r))
		}
	})
}

func (s *Service) terminate(o *engine.Output) {
	if o.Callback || o.Proxy != nil {
		s.call(o, ipcwire.AmfTerminateCallback, ipcwire.AmfCallback{})
		return
	}
	comp, invocation := o.Comp, o.Invocation
	s.command(&comp.Terminate, o, func(r proc.Result) { s.answer(comp, invocation, s.result("terminate", comp, r)) })
}

// cleanUp ends all that is left of a component: with its command, and then for sure.
func (s *Service) cleanUp(o *engine.Output) {
	comp, invocation := o.Comp, o.Invocation
	if o.Proxy != nil {
		s.cleanUpByProxy(o)
		return
	}
	l := s.lives[comp]
	rest := func() {
		// What registered in this component's name is it, whoever started it.
		if l != nil && !l.ended && !comp.SelfStarted {
			s.killProcess(l)
		}
		s.killed(comp, func(err error) {
			result := ipcwire.OK
			if err != nil {
				s.env.Logf("cleanup of %s: %v", comp.DN, err)
				result = ipcwire.ErrFailedOp
			}
			if l != nil && !l.ended {
				s.forget(l)
				l.c.conn.Disconnect("the component was cleaned up")
			}
			s.answer(comp, invocation, result)
		})
	}
	if comp.Cleanup.Path == "" {
		rest()
		return
	}
	s.command(&comp.Cleanup, o, func(r proc.Result) {
		s.result("cleanup", comp, r)
		rest()
	})
}

// cleanUpByProxy has a proxy end a component, or what generation A has for that.
func (s *Service) cleanUpByProxy(o *engine.Output) {
	const powerOff = 4 // SA_AMF_POWER_OFF
	switch {
	case s.opt.Cluster.Generation != model.GenA:
		s.call(o, ipcwire.AmfCleanupCallback, ipcwire.AmfCallback{})
	case o.Return:
		s.call(o, ipcwire.AmfExternalRestartCallback, ipcwire.AmfCallback{})
	default:
		s.call(o, ipcwire.AmfExternalControlCallback, ipcwire.AmfCallback{Value: powerOff})
	}
}

// killProcess ends the process that registered a component, at once.
func (s *Service) killProcess(l *life) {
	if pid := int(l.c.conn.Cred().PID); s.opt.KillProcess != nil && pid > 1 {
		_ = s.opt.KillProcess(pid)
	}
}

// killed ends every process of a component.
func (s *Service) killed(comp *model.Comp, done func(error)) {
	if s.opt.Processes == nil || comp.SelfStarted {
		done(nil)
		return
	}
	s.opt.Processes.Kill(comp.DN, done)
}

// standardPath is where commands find programs, unless the configuration says another.
const standardPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environment is what a command gets: the name of the component as the specification
// has it, what the configuration says, and how to reach this executive.
func (s *Service) environment(comp *model.Comp) []string {
	env := append([]string{standardPath}, s.opt.Env...)
	if socket := os.Getenv(ipcwire.SocketEnv); socket != "" {
		env = append(env, ipcwire.SocketEnv+"="+socket)
	}
	env = append(env, comp.CmdEnv...)
	return append(env, "SA_AMF_COMPONENT_NAME="+comp.DN)
}

// command runs a CLC-CLI command. None is begun any more when the node ends its session.
func (s *Service) command(cmd *model.Command, o *engine.Output, done func(proc.Result)) (id uint64) {
	comp := o.Comp
	switch {
	case s.failing:
		return 0
	case s.opt.Processes == nil || cmd.Path == "":
		done(proc.Result{Error: "there is no command, or nobody to run it"})
		return 0
	}
	limit := o.Limit
	if limit <= 0 {
		limit = cmd.Timeout
	}
	s.stats.Commands++
	argv := append([]string{cmd.Resolved}, strings.Fields(cmd.Argv)...)
	return s.opt.Processes.Run(proc.Command{Owner: comp.DN, Argv: argv, Env: s.environment(comp), Timeout: limit},
		func(_ int, r proc.Result) { done(r) })
}

// result is how a command ended, as the engine wants to know it.
func (s *Service) result(what string, comp *model.Comp, r proc.Result) ipcwire.Error {
	if r.OK() {
		return ipcwire.OK
	}
	s.stats.Failed++
	s.env.Logf("%s of %s: %s", what, comp.DN, r)
	if r.Timeout {
		return ipcwire.ErrTimeout
	}
	return ipcwire.ErrFailedOp
}

// failfast ends this node's part in the cluster at once, and begins anew.
func (s *Service) failfast(reason string) {
	if s.failing {
		return
	}
	s.env.Logf("node failfast: %s", reason)
	s.Shutdown(func() {
		if s.opt.Failfast != nil {
			s.opt.Failfast(reason)
		}
	})
}
