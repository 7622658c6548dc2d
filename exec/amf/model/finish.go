// Finish makes a model whole: names become DNs and references, defaults are filled
// in, and the rules that every model keeps are checked. Each broken rule becomes a
// problem with file, line, key, value and the rule in words; a model with problems
// is not to be used.

package model

import (
	"fmt"
	"strings"
	"time"

	"ais/exec/config"
)

// Bounds of a model: what every member holds and sends at a merge.
const (
	MaxObjects  = 4096 // of each kind
	MaxName     = 255  // bytes of a DN
	maxKey      = 32   // SA_AMF_HEALTHCHECK_KEY_MAX
	maxAttempts = 1000
	longest     = 10 * 365 * 24 * time.Hour
)

// finisher is the work of one Finish.
type finisher struct {
	c    *Cluster
	bad  config.Problems
	seen map[string]Pos
	sus  map[string]*SU
	sis  map[string]*SI
	csis map[string]*CSI
}

func (f *finisher) problem(p Pos, key, value, rule string, args ...any) {
	f.bad = append(f.bad, config.Problem{File: p.File, Line: p.Line, Key: key, Value: value, Rule: fmt.Sprintf(rule, args...)})
}

// Finish is called once, by whoever made the model.
func (c *Cluster) Finish() config.Problems {
	f := &finisher{c: c, seen: map[string]Pos{}, sus: map[string]*SU{}, sis: map[string]*SI{}, csis: map[string]*CSI{}}
	f.cluster()
	for i, a := range c.Apps {
		a.Index = i
		f.app(a)
	}
	for _, a := range c.Apps {
		f.references(a)
	}
	for _, si := range c.SIs {
		f.cycles(si)
	}
	for _, csi := range c.CSIs {
		f.proxies(csi)
	}
	f.serve()
	f.bad.SortByLine()
	return f.bad
}

// name checks a name, makes the DN and sees that nothing else has it.
func (f *finisher) name(o *Object, class, parent string) {
	if o.Name == "" && o.DN == "" {
		f.problem(o.Pos, class, "", "a name is required")
		return
	}
	if o.DN == "" {
		o.DN = class + "=" + o.Name
		if parent != "" {
			o.DN += "," + parent
		}
	}
	if len(o.DN) > MaxName {
		f.problem(o.Pos, class, o.Name, "the distinguished name has %d bytes, at most %d are allowed", len(o.DN), MaxName)
	}
	if strings.ContainsAny(o.Name, ",\x00") {
		f.problem(o.Pos, class, o.Name, "a name has neither commas nor zero bytes")
	}
	if first, twice := f.seen[o.DN]; twice {
		f.problem(o.Pos, class, o.Name, "the name is taken since line %d", first.Line)
		return
	}
	f.seen[o.DN] = o.Pos
}

func (f *finisher) count(p Pos, what string, n int) {
	if n > MaxObjects {
		f.problem(p, what, fmt.Sprint(n), "at most %d are allowed", MaxObjects)
	}
}

// span checks a time; least 0 allows none.
func (f *finisher) span(o *Object, key string, d, least time.Duration) {
	if d < least || d > longest {
		f.problem(o.At(key), key, d.String(), "a time of at least %v and at most %v is required", least, longest)
	}
}

func (f *finisher) number(o *Object, key string, n, least, most int) {
	if n < least || n > most {
		f.problem(o.At(key), key, fmt.Sprint(n), "a number from %d to %d is required", least, most)
	}
}

func (f *finisher) cluster() {
	c := f.c
	if c.Name == "" {
		c.Name = "cluster"
	}
	if c.DN == "" {
		c.DN = "safAmfCluster=" + c.Name
	}
	if c.Generation == GenB {
		f.span(&c.Object, "saAmfClusterStartupTimeout", c.StartupTimeout, time.Millisecond)
		if len(c.Nodes) == 0 {
			f.problem(c.Pos, "safAmfNode", "", "at least one node is required")
		}
	}
	if len(c.Apps) == 0 {
		f.problem(c.Pos, "safApp", "", "at least one application is required")
	}
	f.count(c.Pos, "safAmfNode", len(c.Nodes))
	clm := map[string]*Node{}
	for i, n := range c.Nodes {
		n.Index = i
		f.name(&n.Object, "safAmfNode", c.DN)
		if n.ClmNode == "" {
			n.ClmNode = n.Name
		}
		if other := clm[n.ClmNode]; other != nil {
			f.problem(n.At("saAmfNodeClmNode"), "saAmfNodeClmNode", n.ClmNode, "node %q stands for that cluster node already", other.Name)
		}
		clm[n.ClmNode] = n
		f.span(&n.Object, "saAmfNodeSuFailOverProb", n.SuFailoverProb, 0)
		f.number(&n.Object, "saAmfNodeSuFailoverMax", n.SuFailoverMax, 0, 1<<30)
	}
}

func (f *finisher) app(a *App) {
	f.name(&a.Object, "safApp", "")
	for _, t := range a.CSTypes {
		f.name(&t.Object, "safCSType", a.DN)
	}
	for _, g := range a.SGs {
		g.Index, g.App = len(f.c.SGs), a
		f.c.SGs = append(f.c.SGs, g)
		f.group(g)
	}
	for _, si := range a.SIs {
		si.Index, si.App = len(f.c.SIs), a
		f.c.SIs = append(f.c.SIs, si)
		f.instance(si)
	}
	f.count(a.Pos, "safSg", len(f.c.SGs))
	f.count(a.Pos, "safSu", len(f.c.SUs))
	f.count(a.Pos, "safComp", len(f.c.Comps))
	f.count(a.Pos, "safSi", len(f.c.SIs))
	f.count(a.Pos, "safCsi", len(f.c.CSIs))
}

func (f *finisher) group(g *SG) {
	f.name(&g.Object, "safSg", g.App.DN)
	if g.Redundancy < TwoN || g.Redundancy > NoRedundancy {
		f.problem(g.Pos, "saAmfSGRedundancyModel", "", "a redundancy model is required: 2n, nplusm, nway, nwayactive or noredundancy")
	}
	f.number(&g.Object, "saAmfSGNumPrefActiveSUs", g.PrefActiveSUs, 0, MaxObjects)
	f.number(&g.Object, "saAmfSGNumPrefStandbySUs", g.PrefStandbySUs, 0, MaxObjects)
	if g.PrefActiveSUs == 0 {
		g.PrefActiveSUs = 1
	}
	if g.PrefStandbySUs == 0 {
		g.PrefStandbySUs = 1
	}
	f.number(&g.Object, "saAmfSGMaxActiveSIsperSUs", g.MaxActiveSIs, 0, MaxObjects)
	f.number(&g.Object, "saAmfSGMaxStandbySIsperSUs", g.MaxStandbySIs, 0, MaxObjects)
	f.number(&g.Object, "saAmfSGCompRestartMax", g.CompRestartMax, 0, 1<<30)
	f.number(&g.Object, "saAmfSGSuRestartMax", g.SuRestartMax, 0, 1<<30)
	f.span(&g.Object, "saAmfSGCompRestartProb", g.CompRestartProb, 0)
	f.span(&g.Object, "saAmfSGSuRestartProb", g.SuRestartProb, 0)
	f.span(&g.Object, "saAmfSGAutoAdjustProb", g.AutoAdjustProb, 0)
	if len(g.SUs) == 0 {
		f.problem(g.Pos, "safSu", "", "group %q has no service unit", g.Name)
	}
	for _, u := range g.SUs {
		u.Index, u.SG = len(f.c.SUs), g
		f.c.SUs = append(f.c.SUs, u)
		f.unit(u)
	}
}

func (f *finisher) unit(u *SU) {
	f.name(&u.Object, "safSu", u.SG.DN)
	f.sus[u.DN], f.sus[u.SG.DN+"/"+u.Name] = u, u
	if u.NumComponents > 0 && u.NumComponents != len(u.Comps) {
		f.problem(u.At("saAmfSUNumComponents"), "saAmfSUNumComponents", fmt.Sprint(u.NumComponents), "the unit has %d components", len(u.Comps))
	}
	if len(u.Comps) == 0 {
		f.problem(u.Pos, "safComp", "", "unit %q has no component", u.Name)
	}
	switch {
	case u.HostedByNode != "":
		for _, n := range f.c.Nodes {
			if n.Name == u.HostedByNode || n.DN == u.HostedByNode {
				u.Node = n
			}
		}
		if u.Node == nil {
			f.problem(u.At("saAmfSUHostedByNode"), "saAmfSUHostedByNode", u.HostedByNode, "there is no such node")
		}
	case f.c.Generation == GenB && !u.External:
		f.problem(u.Pos, "saAmfSUHostedByNode", "", "the node of unit %q is required", u.Name)
	}
	for _, comp := range u.Comps {
		comp.Index, comp.SU = len(f.c.Comps), u
		f.c.Comps = append(f.c.Comps, comp)
		f.component(comp)
	}
}

// resolve puts the nearest clccli_path before a command.
func (cmd *Command) resolve(dirs ...string) {
	cmd.Resolved = cmd.Path
	if cmd.Path == "" || cmd.Path[0] == '/' {
		return
	}
	for _, d := range dirs {
		if d != "" {
			cmd.Resolved = strings.TrimRight(d, "/") + "/" + cmd.Path
			return
		}
	}
}

func (f *finisher) component(c *Comp) {
	f.name(&c.Object, "safComp", c.SU.DN)
	u, o := c.SU, &c.Object
	if c.Category == 0 && f.c.Generation == GenA {
		c.Category = SaAware
	}
	f.capability(c)
	for _, k := range []struct {
		key string
		cmd *Command
	}{{"Instantiate", &c.Instantiate}, {"Terminate", &c.Terminate}, {"Cleanup", &c.Cleanup}} {
		key, cmd := k.key, k.cmd
		cmd.resolve(c.ClcCliPath, u.ClcCliPath, u.SG.ClcCliPath, u.SG.App.ClcCliPath)
		f.span(o, "saAmfComp"+key+"Timeout", cmd.Timeout, 0)
		if cmd.Path != "" && cmd.Resolved[0] != '/' {
			f.problem(o.At("saAmfComp"+key+"Cmd"), "saAmfComp"+key+"Cmd", cmd.Path, "an absolute path is required, or a clccli_path that makes it one")
		}
		if cmd.Timeout == 0 {
			cmd.Timeout = c.DefaultClcCliTimeout
		}
	}
	local := !c.IsProxied() && !c.SelfStarted && f.c.Generation == GenB
	if local && c.Instantiate.Path == "" {
		f.problem(c.Pos, "saAmfCompInstantiateCmd", "", "a component that no proxy starts requires it")
	}
	if local && c.Cleanup.Path == "" {
		f.problem(c.Pos, "saAmfCompCleanupCmd", "", "a component that no proxy starts requires it")
	}
	if local && !c.Registers() && c.Terminate.Path == "" {
		f.problem(c.Pos, "saAmfCompTerminateCmd", "", "a component that is not SA-aware requires it")
	}
	f.times(c)
	keys := map[string]bool{}
	for _, h := range c.Healthchecks {
		if h.Name == "" || len(h.Name) > maxKey || keys[h.Name] {
			f.problem(h.Pos, "safHealthcheckKey", h.Name, "a key of 1 to %d bytes is required, each once", maxKey)
		}
		keys[h.Name] = true
		f.span(&h.Object, "saAmfHealthcheckPeriod", h.Period, time.Millisecond)
		f.span(&h.Object, "saAmfHealthcheckMaxDuration", h.MaxDuration, time.Millisecond)
	}
	for _, v := range c.CmdEnv {
		if i := strings.IndexByte(v, '='); i <= 0 || strings.ContainsRune(v, 0) {
			f.problem(o.At("saAmfCompCmdEnv"), "saAmfCompCmdEnv", v, "VAR=value is required")
		}
	}
}

func (f *finisher) times(c *Comp) {
	o := &c.Object
	least := time.Duration(0)
	if f.c.Generation == GenB {
		least = time.Millisecond
	}
	f.span(o, "saAmfCompDefaultClcCliTimeout", c.DefaultClcCliTimeout, least)
	f.span(o, "saAmfCompDefaultCallbackTimeOut", c.DefaultCallbackTimeout, least)
	for _, k := range []struct {
		key string
		d   *time.Duration
	}{{"saAmfCompTerminateCallbackTimeout", &c.TerminateTimeout}, {"saAmfCompCSISetCallbackTimeout", &c.CSISetTimeout},
		{"saAmfCompCSIRmvCallbackTimeout", &c.CSIRmvTimeout}} {
		f.span(o, k.key, *k.d, 0)
		if *k.d == 0 {
			*k.d = c.DefaultCallbackTimeout
		}
	}
	f.span(o, "saAmfCompQuiescingCompleteTimeout", c.QuiescingTimeout, 0)
	f.span(o, "saAmfCompDelayBetweenInstantiateAttempts", c.DelayBetweenInstantiate, 0)
	f.number(o, "saAmfCompInstantiationLevel", c.InstantiationLevel, 0, 1<<30)
	f.number(o, "saAmfCompNumMaxInstantiateWithoutDelay", c.MaxInstantiateWithoutDelay, 0, maxAttempts)
	f.number(o, "saAmfCompNumMaxInstantiateWithDelay", c.MaxInstantiateDelay, 0, maxAttempts)
	if c.MaxInstantiateWithoutDelay == 0 && c.MaxInstantiateDelay == 0 {
		c.MaxInstantiateWithoutDelay = 1
	}
	if c.RecoveryOnError == 0 && f.c.Generation == GenA {
		c.RecoveryOnError = ComponentFailover
	}
	if c.RecoveryOnError < NoRecommendation || c.RecoveryOnError > ApplicationRestart {
		f.problem(o.At("saAmfCompRecoveryOnError"), "saAmfCompRecoveryOnError", fmt.Sprint(c.RecoveryOnError), "a recovery of the specification is required")
	}
	if c.RecoveryOnError == NoRecommendation {
		c.RecoveryOnError = ComponentFailover
	}
}

func (f *finisher) capability(c *Comp) {
	o := &c.Object
	if c.Category == 0 {
		f.problem(c.Pos, "saAmfCompCategory", "", "a category is required: sa_aware, proxy, proxied_pre_instantiable, proxied_non_pre_instantiable or non_sa_aware")
	}
	if c.Category&Contained != 0 {
		f.problem(o.At("saAmfCompCategory"), "saAmfCompCategory", "contained", "contained components are not served")
	}
	if c.IsProxied() && c.Category&(SaAware|Proxy) != 0 {
		f.problem(o.At("saAmfCompCategory"), "saAmfCompCategory", fmt.Sprint(uint8(c.Category)), "a proxied component is neither SA-aware nor a proxy")
	}
	if c.Capability < XActiveAndYStandby || c.Capability > NonPreInstantiable {
		f.problem(o.At("saAmfCompCapability"), "saAmfCompCapability", "", "a capability model is required")
	}
	f.number(o, "saAmfCompNumMaxActiveCsi", c.MaxActiveCSIs, 0, MaxObjects)
	f.number(o, "saAmfCompNumMaxStandbyCsi", c.MaxStandbyCSIs, 0, MaxObjects)
	if f.c.Generation == GenB && !c.PreInstantiable() && c.Capability != NonPreInstantiable {
		f.problem(o.At("saAmfCompCapability"), "saAmfCompCapability", fmt.Sprint(uint8(c.Capability)), "a component of this category is non_pre_instantiable")
	}
	if c.SU.External && !c.IsProxied() {
		f.problem(o.At("saAmfCompCategory"), "saAmfCompCategory", fmt.Sprint(uint8(c.Category)), "a component of an external unit is proxied")
	}
	if c.SU.SG.Redundancy == TwoN || c.SU.SG.Redundancy == NPlusM || c.SU.SG.Redundancy == NWay {
		if f.c.Generation == GenB && (c.Capability == XActive || c.Capability == OneActive) && c.SU.SG.Redundancy == NWay {
			f.problem(o.At("saAmfCompCapability"), "saAmfCompCapability", fmt.Sprint(uint8(c.Capability)), "components of an N-way group take standby assignments")
		}
		if c.SU.SG.Redundancy == NWay && f.c.Generation == GenB && c.Capability != XActiveAndYStandby && c.Capability != XActive && c.Capability != OneActive {
			f.problem(o.At("saAmfCompCapability"), "saAmfCompCapability", fmt.Sprint(uint8(c.Capability)), "components of an N-way group are x_active_and_y_standby")
		}
	}
}

func (f *finisher) instance(si *SI) {
	f.name(&si.Object, "safSi", si.App.DN)
	f.sis[si.DN], f.sis[si.App.DN+"/"+si.Name] = si, si
	if si.NumCSIs > 0 && si.NumCSIs != len(si.CSIs) {
		f.problem(si.At("saAmfSINumCSIs"), "saAmfSINumCSIs", fmt.Sprint(si.NumCSIs), "the instance has %d component service instances", len(si.CSIs))
	}
	if len(si.CSIs) == 0 {
		f.problem(si.Pos, "safCsi", "", "instance %q has no component service instance", si.Name)
	}
	f.number(&si.Object, "saAmfSIRank", si.Rank, 0, 1<<30)
	f.number(&si.Object, "saAmfSIPrefActiveAssignments", si.PrefActive, 0, MaxObjects)
	f.number(&si.Object, "saAmfSIPrefStandbyAssignments", si.PrefStandby, 0, MaxObjects)
	if si.PrefActive == 0 {
		si.PrefActive = 1
	}
	if si.PrefStandby == 0 {
		si.PrefStandby = 1
	}
	for _, csi := range si.CSIs {
		csi.Index, csi.SI = len(f.c.CSIs), si
		f.c.CSIs = append(f.c.CSIs, csi)
		f.name(&csi.Object, "safCsi", si.DN)
		f.csis[csi.DN], f.csis[si.DN+"/"+csi.Name] = csi, csi
		if csi.Type == "" && len(csi.Members) == 0 {
			f.problem(csi.Pos, "saAmfCSTypeName", "", "the type of a component service instance is required")
		}
	}
}

// references resolves what refers to another object.
func (f *finisher) references(a *App) {
	for _, si := range a.SIs {
		f.protector(a, si)
		for i := range si.RankedSUs {
			r := &si.RankedSUs[i]
			r.SU = f.sus[r.Name]
			if r.SU == nil && si.SG != nil {
				r.SU = f.sus[si.SG.DN+"/"+r.Name]
			}
			if r.SU == nil || r.SU.SG != si.SG {
				f.problem(r.Pos, "safRankedSu", r.Name, "there is no such unit in the group that protects instance %q", si.Name)
				r.SU = nil
			}
		}
		for i := range si.Dependencies {
			d := &si.Dependencies[i]
			d.SI = f.sis[d.Name]
			if d.SI == nil {
				d.SI = f.sis[a.DN+"/"+d.Name]
			}
			if d.SI == nil || d.SI == si {
				f.problem(d.Pos, "safDepend", d.Name, "there is no such other instance")
				d.SI = nil
			}
			if d.Tolerance < 0 || d.Tolerance > longest {
				f.problem(d.Pos, "saAmfToleranceTime", d.Tolerance.String(), "a time of 0 to %v is required", longest)
			}
		}
		for _, csi := range si.CSIs {
			f.csi(a, csi)
		}
	}
}

func (f *finisher) protector(a *App, si *SI) {
	switch {
	case si.ProtectedBy == "" && len(a.SGs) == 1:
		si.SG = a.SGs[0]
	case si.ProtectedBy == "":
		f.problem(si.Pos, "saAmfSIProtectedbySG", "", "it is required where an application has %d groups", len(a.SGs))
	default:
		for _, g := range a.SGs {
			if g.Name == si.ProtectedBy || g.DN == si.ProtectedBy {
				si.SG = g
			}
		}
		if si.SG == nil {
			f.problem(si.At("saAmfSIProtectedbySG"), "saAmfSIProtectedbySG", si.ProtectedBy, "the application has no such group")
		}
	}
	if si.SG != nil {
		si.SG.SIs = append(si.SG.SIs, si)
	}
}

func (f *finisher) csi(a *App, csi *CSI) {
	for _, name := range csi.DependsOn {
		other := f.csis[name]
		if other == nil {
			other = f.csis[csi.SI.DN+"/"+name]
		}
		if other == nil || other.SI != csi.SI || other == csi {
			f.problem(csi.At("saAmfCSIDependency"), "saAmfCSIDependency", name, "there is no such other component service instance in %q", csi.SI.Name)
			continue
		}
		csi.Requires = append(csi.Requires, other)
	}
	if len(a.CSTypes) == 0 || csi.Type == "" {
		return
	}
	var known *CSType
	for _, t := range a.CSTypes {
		if t.Name == csi.Type || t.DN == csi.Type {
			known = t
		}
	}
	if known == nil {
		f.problem(csi.At("saAmfCSTypeName"), "saAmfCSTypeName", csi.Type, "the application has no such safCSType")
		return
	}
	for _, attr := range csi.Attributes {
		found := len(known.Attributes) == 0
		for _, name := range known.Attributes {
			found = found || name == attr.Name
		}
		if !found {
			f.problem(attr.Pos, "safCSIAttr", attr.Name, "the type %q has no such attribute", known.Name)
		}
	}
}

// cycles looks for dependencies that come back.
func (f *finisher) cycles(si *SI) {
	seen := map[*SI]bool{}
	var walk func(*SI) bool
	walk = func(s *SI) bool {
		for i := range s.Dependencies {
			to := s.Dependencies[i].SI
			if to == si {
				return true
			}
			if to != nil && !seen[to] {
				seen[to] = true
				if walk(to) {
					return true
				}
			}
		}
		return false
	}
	if walk(si) {
		f.problem(si.Pos, "safDepend", si.Name, "the instance depends on itself, through others")
	}
	state := map[*CSI]int{}
	var visit func(*CSI) bool
	visit = func(c *CSI) bool {
		switch state[c] {
		case 1:
			return true
		case 2:
			return false
		}
		state[c] = 1
		for _, r := range c.Requires {
			if visit(r) {
				return true
			}
		}
		state[c] = 2
		return false
	}
	for _, c := range si.CSIs {
		if visit(c) {
			f.problem(c.At("saAmfCSIDependency"), "saAmfCSIDependency", c.Name, "the component service instance depends on itself, through others")
			return
		}
	}
}

// proxies finds the components whose proxy has this CSI.
func (f *finisher) proxies(csi *CSI) {
	for _, c := range f.c.Comps {
		if c.ProxyCSI != "" && (c.ProxyCSI == csi.DN || c.ProxyCSI == csi.Name) {
			c.ProxyCSIRef = csi
		}
	}
}

// serve sees that every instance can be served at all.
func (f *finisher) serve() {
	for _, c := range f.c.Comps {
		if c.ProxyCSI != "" && c.ProxyCSIRef == nil {
			f.problem(c.At("saAmfCompProxyCsi"), "saAmfCompProxyCsi", c.ProxyCSI, "there is no such component service instance")
		}
		if c.IsProxied() && c.ProxyCSI == "" && f.c.Generation == GenB {
			f.problem(c.Pos, "saAmfCompProxyCsi", "", "a proxied component requires it")
		}
	}
	for _, csi := range f.c.CSIs {
		if csi.SI.SG == nil {
			continue
		}
		able := false
		for _, u := range csi.SI.SG.SUs {
			for _, c := range u.Comps {
				able = able || c.Serves(csi)
			}
		}
		if !able {
			f.problem(csi.At("saAmfCSTypeName"), "saAmfCSTypeName", csi.Type, "no component of group %q takes component service instance %q", csi.SI.SG.Name, csi.Name)
		}
	}
}

// Serves tells whether the component may have the CSI: by type, or by name.
func (c *Comp) Serves(csi *CSI) bool {
	for _, name := range csi.Members {
		if name == c.Name || name == c.DN {
			return true
		}
	}
	if csi.Type == "" {
		return false
	}
	for _, t := range c.CSTypes {
		if t == csi.Type || strings.HasPrefix(csi.Type, "safCSType="+t+",") || strings.HasPrefix(t, "safCSType="+csi.Type+",") {
			return true
		}
	}
	return len(c.CSTypes) == 0 && len(csi.Members) == 0
}
