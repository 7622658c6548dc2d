package engine

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// bench is a cluster in a scenario: one engine per partition, and components that
// answer at once unless they are told otherwise.
type bench struct {
	m     testModel
	now   time.Duration
	parts []*part
	ring  uint64
	names []string // nodes, by id
	on    map[string]string
	log   strings.Builder
	pg    bool
	seen  map[wire.NodeID]map[uint64]bool
}

// part is one partition.
type part struct {
	e       *Engine
	nodes   []wire.NodeID
	timers  map[TimerID]time.Duration
	queue   []Input
	waiting []Output // callbacks and commands that are not answered
}

func newBench(m testModel) *bench {
	b := &bench{m: m, on: map[string]string{}, seen: map[wire.NodeID]map[uint64]bool{}}
	for _, n := range m.c.Nodes {
		b.names = append(b.names, n.Name)
	}
	if m.c.Generation == model.GenA {
		b.names = []string{"n1", "n2", "n3"}
		for _, g := range m.c.SGs {
			for len(b.names) < len(g.SUs) {
				b.names = append(b.names, fmt.Sprintf("n%d", len(b.names)+1))
			}
		}
	}
	return b
}

func (b *bench) id(name string) wire.NodeID {
	return wire.NodeID(slices.Index(b.names, name) + 1)
}

func (b *bench) name(id wire.NodeID) string {
	if id == 0 || int(id) > len(b.names) {
		return fmt.Sprint(id)
	}
	return b.names[id-1]
}

func (b *bench) members(ids []wire.NodeID) []Member {
	var list []Member
	for _, id := range ids {
		list = append(list, Member{wire.Member{ID: id, Start: 1}, b.name(id)})
	}
	return list
}

// short is the name in a DN.
func short(dn string) string {
	first, _, _ := strings.Cut(dn, ",")
	_, name, ok := strings.Cut(first, "=")
	if !ok {
		return first
	}
	return name
}

func (b *bench) logf(format string, args ...any) { fmt.Fprintf(&b.log, format+"\n", args...) }

// up has nodes start and join the first partition.
func (b *bench) up(names []string) {
	b.ring += 4
	for _, n := range names {
		p := &part{e: New(b.m.c, b.m.majority, b.m.lease), timers: map[TimerID]time.Duration{}, nodes: []wire.NodeID{b.id(n)}}
		b.parts = append(b.parts, p)
		delete(b.seen, b.id(n))
		p.e.Membership(b.ring, b.members(p.nodes))
		b.take(p)
	}
	b.merge(b.parts)
}

// merge makes partitions one.
func (b *bench) merge(list []*part) {
	if len(list) < 2 {
		return
	}
	b.ring += 4
	to := list[0]
	var all []wire.NodeID
	var parts []Part
	for _, p := range list {
		all = append(all, p.nodes...)
		var members []wire.Member
		for _, m := range b.members(p.nodes) {
			members = append(members, m.Member)
		}
		left := func(id TimerID) time.Duration { return p.timers[id] - b.now }
		part, ok := to.e.Restore(members, p.e.Snapshot(left))
		if !ok {
			panic("a snapshot does not decode")
		}
		parts = append(parts, part)
		if p != to {
			to.queue = append(to.queue, p.queue...)
			to.waiting = append(to.waiting, p.waiting...)
		}
	}
	slices.Sort(all)
	to.nodes, to.timers = all, map[TimerID]time.Duration{}
	to.e.Merge(b.ring, b.members(all), parts)
	var rest []*part
	for _, p := range b.parts {
		if p == to || !slices.Contains(list, p) {
			rest = append(rest, p)
		}
	}
	b.parts = rest
	b.take(to)
	b.run()
}

// cut makes a partition of some nodes.
func (b *bench) cut(names []string) {
	var p *part
	var away []wire.NodeID
	for _, n := range names {
		away = append(away, b.id(n))
	}
	for _, q := range b.parts {
		if slices.Contains(q.nodes, away[0]) {
			p = q
		}
	}
	left := func(id TimerID) time.Duration { return p.timers[id] - b.now }
	e, ok := restore(b.m.c, b.m.majority, b.m.lease, p.e.Snapshot(left))
	if !ok {
		panic("a snapshot does not decode")
	}
	e.show()
	q := &part{e: e, timers: map[TimerID]time.Duration{}}
	for id, at := range p.timers {
		q.timers[id] = at
	}
	var stay []wire.NodeID
	for _, id := range p.nodes {
		if slices.Contains(away, id) {
			q.nodes = append(q.nodes, id)
		} else {
			stay = append(stay, id)
		}
	}
	p.nodes = stay
	b.parts = append(b.parts, q)
	for _, o := range p.waiting {
		if slices.Contains(q.nodes, o.Node) {
			q.waiting = append(q.waiting, o)
		}
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(o Output) bool { return slices.Contains(q.nodes, o.Node) })
	b.ring += 4
	p.e.Membership(b.ring, b.members(p.nodes))
	b.take(p)
	q.e.Membership(b.ring, b.members(q.nodes))
	b.take(q)
	b.run()
}

// down has nodes die.
func (b *bench) down(names []string) {
	for _, p := range b.parts {
		before := len(p.nodes)
		p.nodes = slices.DeleteFunc(p.nodes, func(id wire.NodeID) bool { return slices.Contains(names, b.name(id)) })
		if len(p.nodes) == before {
			continue
		}
		p.waiting = slices.DeleteFunc(p.waiting, func(o Output) bool { return !slices.Contains(p.nodes, o.Node) })
		b.ring += 4
		p.e.Membership(b.ring, b.members(p.nodes))
		b.take(p)
	}
	b.parts = slices.DeleteFunc(b.parts, func(p *part) bool { return len(p.nodes) == 0 })
	b.run()
}

func (b *bench) partOf(id wire.NodeID) *part {
	for _, p := range b.parts {
		if slices.Contains(p.nodes, id) {
			return p
		}
	}
	return nil
}

// partWith is the partition where a component lives, else the first.
func (b *bench) partWith(c *model.Comp) *part {
	for _, p := range b.parts {
		if id := p.e.comps[c.Index].host; id != 0 && slices.Contains(p.nodes, id) {
			return p
		}
	}
	return b.parts[0]
}

// apply gives an input to a partition, and goes on until all is quiet.
func (b *bench) apply(p *part, in Input) ipcwire.Error {
	var sent Input
	if !DecodeInput(AppendInput(nil, &in), &sent) {
		panic("an input does not decode")
	}
	sent.Node = in.Node
	r := p.e.Apply(&sent)
	b.take(p)
	return r
}

func (b *bench) run() {
	for n := 0; ; n++ {
		if n > 10000 {
			panic("no end")
		}
		busy := false
		for _, p := range b.parts {
			if len(p.queue) == 0 {
				continue
			}
			busy = true
			in := p.queue[0]
			p.queue = p.queue[1:]
			if r := b.apply(p, in); r != ipcwire.OK {
				b.logf("  result %d of input %d of %s", r, in.Kind, short(in.Comp))
			}
		}
		if !busy {
			return
		}
	}
}

// advance lets time go on.
func (b *bench) advance(d time.Duration) {
	end := b.now + d
	for {
		var p *part
		var first TimerID
		at := end + 1
		for _, q := range b.parts {
			for id, t := range q.timers {
				if t < at || t == at && id < first {
					p, first, at = q, id, t
				}
			}
		}
		if p == nil || at > end {
			break
		}
		b.now = at
		delete(p.timers, first)
		b.apply(p, Input{Kind: InTimer, Timer: first, Node: p.nodes[0]})
		b.run()
	}
	b.now = end
}

// policy is what a component does about an output: ok, fail, hold, and for
// instantiate also noreg (the command ends, it does not register).
func (b *bench) policy(o *Output) string {
	what := kindNames[o.Kind]
	for _, k := range []string{short(o.Comp.DN) + "/" + what, short(o.Comp.DN), "*/" + what, "*"} {
		if v, ok := b.on[k]; ok {
			if n, rest, ok := strings.Cut(v, ","); ok { // once, then the rest
				b.on[k] = rest
				return n
			}
			return v
		}
	}
	return "ok"
}

var kindNames = map[OutputKind]string{OutInstantiate: "instantiate", OutTerminate: "terminate", OutCleanup: "cleanup",
	OutCSISet: "set", OutCSIRemove: "remove", OutReadinessSet: "readiness", OutPendingConfirm: "confirm",
	OutPendingExpired: "expired", OutProtectionGroup: "group", OutFailfast: "failfast", OutEvict: "evict"}

// take carries out the outputs of a partition.
func (b *bench) take(p *part) {
	for _, o := range p.e.Outputs() {
		switch o.Kind {
		case OutTimerStart:
			p.timers[o.Timer] = b.now + o.Limit
			continue
		case OutTimerStop:
			delete(p.timers, o.Timer)
			continue
		case OutRecord:
			if o.Record.What == "recovery" {
				b.logf("  %s: %s (%s)", short(o.Record.Object), o.Record.To, o.Record.Cause)
			}
			continue
		case OutRegistered, OutUnregistered:
			continue
		case OutProtectionGroup:
			if b.pg {
				b.logf("  group %s:%s", short(o.CSI.DN), groupText(o.Group))
			}
			continue
		case OutFailfast:
			b.logf("  %s: failfast", b.name(o.Node))
			continue
		}
		b.act(p, o)
	}
}

func groupText(g []PGMember) string {
	var s strings.Builder
	for _, m := range g {
		fmt.Fprintf(&s, " %s %s %s", short(m.Comp.DN), m.HA, []string{"", "same", "added", "removed", "changed"}[m.Change])
		if m.Rank > 0 {
			fmt.Fprintf(&s, " rank %d", m.Rank)
		}
		if m.HAReadiness != ReadyForAssignment {
			fmt.Fprintf(&s, " %s", []string{"", "", "degraded", "not ready for active", "not ready"}[m.HAReadiness])
		}
		s.WriteString(";")
	}
	return s.String()
}

func (b *bench) act(p *part, o Output) {
	policy := "ok"
	if o.Kind != OutPendingExpired {
		policy = b.policy(&o)
	}
	b.logf("  %s%s", b.outputText(&o), map[bool]string{true: " [" + policy + "]"}[policy != "ok"])
	if o.Invocation == 0 && o.Kind != OutEvict {
		return
	}
	if b.seen[o.Node] == nil {
		b.seen[o.Node] = map[uint64]bool{}
	}
	if b.seen[o.Node][o.Invocation] && o.Invocation != 0 {
		b.logf("  INVOCATION %d OF %s TWICE", o.Invocation, b.name(o.Node))
	}
	b.seen[o.Node][o.Invocation] = true
	if policy == "hold" {
		p.waiting = append(p.waiting, o)
		return
	}
	b.answer(p, &o, policy)
}

// answer queues the answer to an output.
func (b *bench) answer(p *part, o *Output, policy string) {
	in := Input{Kind: InAnswer, Node: o.Node, Comp: o.Comp.DN, Invocation: o.Invocation, Result: ipcwire.OK}
	if o.Kind == OutEvict {
		in = Input{Kind: InDied, Node: o.Node, Comp: o.Comp.DN, Incarnation: o.Incarnation}
	}
	switch policy {
	case "fail":
		in.Result = ipcwire.ErrFailedOp
	case "again":
		in.Result = ipcwire.ErrTryAgain
	}
	if o.Kind == OutInstantiate && policy == "ok" && (o.Comp.Registers() && !o.Comp.SelfStarted || o.Comp.IsProxied()) {
		reg := Input{Kind: InRegister, Node: o.Node, Comp: o.Comp.DN}
		if o.Proxy != nil {
			reg.Proxy = o.Proxy.DN
		}
		p.queue = append(p.queue, reg)
	}
	p.queue = append(p.queue, in)
}

func (b *bench) outputText(o *Output) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s", short(o.Comp.DN), kindNames[o.Kind])
	if o.Callback && o.Kind == OutTerminate {
		s.WriteString(" callback")
	}
	if o.Return && o.Proxy != nil && o.Comp.SelfStarted {
		s.WriteString(" to restart")
	}
	if o.Kind == OutCSISet || o.Kind == OutCSIRemove {
		if o.CSI == nil {
			s.WriteString(" all")
		} else {
			fmt.Fprintf(&s, " %s", short(o.CSI.DN))
		}
	}
	if o.Kind == OutCSISet {
		fmt.Fprintf(&s, " %s", o.HA)
		if o.Flags == FlagAddOne {
			s.WriteString(" add")
		}
		if o.HA == HAActive {
			fmt.Fprintf(&s, " %s", []string{"", "new", "quiesced", "not-quiesced", "still-active"}[o.Transition])
		}
		if o.ActiveComp != nil {
			fmt.Fprintf(&s, " of %s", short(o.ActiveComp.DN))
		}
		if o.StandbyRank > 1 {
			fmt.Fprintf(&s, " rank %d", o.StandbyRank)
		}
	}
	switch o.Kind {
	case OutReadinessSet:
		fmt.Fprintf(&s, " %s", o.Readiness)
	case OutPendingConfirm, OutPendingExpired:
		fmt.Fprintf(&s, " %d", o.Pending)
	}
	if o.Proxy != nil {
		fmt.Fprintf(&s, " by %s", short(o.Proxy.DN))
	}
	if o.Comp.SU.Node == nil {
		fmt.Fprintf(&s, " on %s", b.name(o.Node))
	}
	return s.String()
}

// states is the assignments of every partition.
func (b *bench) states() string {
	var s strings.Builder
	for i, p := range b.parts {
		if len(b.parts) > 1 {
			var names []string
			for _, id := range p.nodes {
				names = append(names, b.name(id))
			}
			fmt.Fprintf(&s, "[%s]\n", strings.Join(names, " "))
		}
		_ = i
		for _, si := range b.m.c.SIs {
			st := p.e.SI(si)
			fmt.Fprintf(&s, "%s:", si.Name)
			var parts []string
			for _, a := range st.Assigned {
				t := fmt.Sprintf(" %s=%s", a.SU.Name, a.HA)
				if a.HA == HAStandby && a.Rank > 1 {
					t += fmt.Sprint(a.Rank)
				}
				if !a.Done {
					t += "..."
				}
				parts = append(parts, t)
			}
			sort.Strings(parts)
			if len(parts) == 0 {
				parts = append(parts, " -")
			}
			s.WriteString(strings.Join(parts, ""))
			if st.Barred {
				s.WriteString(" (barred)")
			}
			if st.Admin != Unlocked {
				fmt.Fprintf(&s, " (%s)", st.Admin)
			}
			s.WriteString("\n")
		}
		for _, u := range b.m.c.SUs {
			st := p.e.Unit(u)
			var odd []string
			if st.Presence != Instantiated {
				odd = append(odd, st.Presence.String())
			}
			if st.Oper != Enabled {
				odd = append(odd, st.Oper.String())
			}
			if st.Admin != Unlocked {
				odd = append(odd, st.Admin.String())
			}
			if st.CompRestarts > 0 || st.SuRestarts > 0 {
				odd = append(odd, fmt.Sprintf("restarts %d/%d", st.CompRestarts, st.SuRestarts))
			}
			if len(odd) > 0 && !(st.Presence == Uninstantiated && len(odd) == 1 && !p.here(u)) {
				fmt.Fprintf(&s, "%s: %s\n", u.Name, strings.Join(odd, ", "))
			}
		}
		for _, n := range p.e.Nodes() {
			if n.Oper != Enabled || n.Admin != Unlocked || n.SuFailovers > 0 {
				fmt.Fprintf(&s, "%s: %s, %s, failovers %d\n", n.Name, n.Oper, n.Admin, n.SuFailovers)
			}
		}
	}
	return s.String()
}

func (p *part) here(u *model.SU) bool {
	n := p.e.nodeOf(p.e.units[u.Index])
	return n == nil || n.present()
}
