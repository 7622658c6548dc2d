// groups.conf of openais 2004.
//
// The file knows groups of units of components, and "protections", which are
// component service instances with the components that may have them. It does not know
// service instances: which protections are active and standby together follows from who
// their members are.
//
//	2n                  all of a group are one instance
//	any other model     protections whose members are different components of the same
//	                    units are one instance: such a unit works as a whole. A protection
//	                    that shares a component with another one, or lies on other
//	                    units, is an instance of its own, for another unit to take
//	noredundancy        there is no other unit to take it: those that share a component are
//	                    one, too, if it can have several active
//
// So two protections with the same members are two instances of an N-way group, each
// active on another unit, and a group without redundancy may have one for each unit.

package conf

import (
	"fmt"
	"slices"

	"ais/exec/amf/model"
	"ais/exec/config"
)

var redundancies = map[string]model.Redundancy{
	"2n": model.TwoN, "nplusm": model.NPlusM, "nway": model.NWay, "nwayactive": model.NWayActive,
	"noredundancy": model.NoRedundancy,
}

var capabilities = map[string]model.Capability{
	"x_active_and_y_standby": model.XActiveAndYStandby, "x_active_or_y_standby": model.XActiveOrYStandby,
	"1_active_or_y_standby": model.OneActiveOrY, "1_active_or_1_standby": model.OneActiveOrOne,
	"x_active": model.XActive, "1_active": model.OneActive, "no_active": model.NonPreInstantiable,
}

const (
	redundancyWords = "2n, nplusm, nway, nwayactive or noredundancy"
	capabilityWords = "x_active_and_y_standby, x_active_or_y_standby, 1_active_or_y_standby, 1_active_or_1_standby, x_active, 1_active or no_active"
)

// nameKey is "name=" of all sections of groups.conf.
var nameKey = key{name: "name", required: true, values: "a name of at most 255 bytes without , = { }",
	check: func(v string) bool { return nameRule(v) == "" }}

var (
	groupsFile = &section{sections: []*section{groupSection}}

	groupSection = &section{keyword: "group",
		keys: []key{nameKey,
			{name: "model", required: true, values: redundancyWords, check: oneOf(redundancies)},
			{name: "active-units", values: "a whole number, 1 to 4096", check: whole(1, 4096)},
			{name: "backup-units", values: "a whole number, 0 to 4096", check: whole(0, 4096)},
		},
		sections: []*section{unitSection, protectionSection}}

	unitSection = &section{keyword: "unit", keys: []key{nameKey}, sections: []*section{componentSection}}

	componentSection = &section{keyword: "component",
		keys: []key{nameKey,
			{name: "model", required: true, values: capabilityWords, check: oneOf(capabilities)}}}

	protectionSection = &section{keyword: "protection",
		keys: []key{nameKey, {name: "member", repeats: true, values: "the name of a component of the group"}}}
)

// healthcheckMS is the period at which 2004 checked every component.
const healthcheckMS = 100

// keysOfGroups are the words of groups.conf for what the model's rules name.
var keysOfGroups = map[string]string{
	"safApp": "group", "safSg": "group", "safSu": "unit", "safComp": "component", "safSi": "protection", "safCsi": "protection",
	"saAmfSGRedundancyModel": "model", "saAmfCompCapability": "model", "saAmfSGNumPrefActiveSUs": "active-units",
	"saAmfSGNumPrefStandbySUs": "backup-units", "saAmfCSTypeName": "member",
}

// ParseGroups reads a groups.conf. With problems the model is not to be used.
func ParseGroups(file string, data []byte) (*model.Cluster, config.Problems) {
	s := &scanner{file: file}
	top := s.scan(groupsFile, data)
	c := &model.Cluster{Object: s.object(top, "groups"), Generation: model.GenA}
	c.Line = 0
	app := &model.App{Object: s.object(top, "groups")}
	app.Line = 0
	c.Apps = []*model.App{app}
	if len(top.blocks) == 0 && len(s.problems) == 0 {
		s.problem(0, "group", "", "there is none: at least one group is required")
	}
	for _, b := range top.blocks {
		s.group(app, b)
	}
	return c, s.finish(c, keysOfGroups)
}

// object is what every object of a model has.
func (s *scanner) object(b *block, name string) model.Object {
	o := model.Object{Pos: model.Pos{File: s.file, Line: b.line}, Name: name, Lines: map[string]int{}}
	for _, set := range b.settings {
		if set.key != nil && o.Lines[set.key.name] == 0 {
			o.Lines[set.key.name] = set.line
		}
	}
	return o
}

// named is an object of groups.conf: its name is a setting.
func (s *scanner) named(b *block) model.Object {
	s.missing(b)
	o := s.object(b, b.text("name", ""))
	if set := b.find("name"); set != nil {
		o.Line = set.line
	}
	if o.Name == "" {
		o.Name = fmt.Sprintf("line %d", b.line) // noted as missing
	}
	return o
}

func (s *scanner) group(app *model.App, b *block) {
	g := &model.SG{Object: s.named(b), Redundancy: redundancies[b.text("model", "")], AutoRepair: true}
	g.DN = "safSg=" + g.Name
	s.renamed(&g.Object, "model", "saAmfSGRedundancyModel")
	g.PrefActiveSUs = int(b.number("active-units", 1))
	g.PrefStandbySUs = int(b.number("backup-units", 1))
	switch g.Redundancy {
	case model.TwoN, model.NPlusM, model.NWay:
		if set := b.find("backup-units"); set != nil && g.PrefStandbySUs == 0 {
			s.problem(set.line, "backup-units", set.value, "a group of model "+b.text("model", "")+" has backup units; without any its model is nwayactive")
		}
	case model.NWayActive, model.NoRedundancy:
		if set := b.find("backup-units"); set != nil && g.PrefStandbySUs > 0 {
			s.problem(set.line, "backup-units", set.value, "a group of model "+b.text("model", "")+" has no backup units")
		}
	}
	if g.Redundancy == model.TwoN && g.PrefActiveSUs != 1 {
		s.problem(b.find("active-units").line, "active-units", b.text("active-units", ""), "a group of model 2n has one active unit")
	}
	app.SGs = append(app.SGs, g)
	seen := map[string]placed{}
	var sis []*model.SI
	for _, inner := range b.blocks {
		if inner.kind == unitSection {
			s.unit(g, inner, seen)
			continue
		}
		csi := s.protection(inner, seen)
		i := slices.IndexFunc(sis, func(si *model.SI) bool { return together(g.Redundancy, si, csi, seen) })
		if i < 0 {
			i = len(sis)
			si := &model.SI{Object: s.object(b, csi.Name), ProtectedBy: g.Name,
				PrefActive: g.PrefActiveSUs, PrefStandby: max(1, g.PrefStandbySUs)}
			si.DN, si.Line = "safSi="+csi.Name+",safSg="+g.Name, inner.line
			sis = append(sis, si)
		}
		sis[i].CSIs = append(sis[i].CSIs, csi)
	}
	switch {
	case len(sis) == 1:
		sis[0].Name, sis[0].DN = g.Name, "safSi="+g.Name
	case len(sis) == 0 && b.end > 0:
		s.problem(b.line, "protection", g.Name, "is missing: without one the group has no work")
	}
	app.SIs = append(app.SIs, sis...)
}

// placed is a component of a group: the number of its unit, from 1, and whether it can have
// several protections active.
type placed struct {
	unit int
	many bool
}

// together tells whether a protection belongs to an instance: they lie on the same units,
// and no component has both but as the model allows.
func together(red model.Redundancy, si *model.SI, csi *model.CSI, comps map[string]placed) bool {
	if red == model.TwoN {
		return true
	}
	on := func(c *model.CSI) []int {
		var units []int
		for _, m := range c.Members {
			units = append(units, comps[m].unit)
		}
		slices.Sort(units)
		return slices.Compact(units)
	}
	for _, other := range si.CSIs {
		for _, m := range csi.Members {
			if slices.Contains(other.Members, m) && !(red == model.NoRedundancy && comps[m].many) {
				return false
			}
		}
	}
	return slices.Equal(on(si.CSIs[0]), on(csi))
}

// renamed lets a rule of the model find the line of a key that has another name here.
func (s *scanner) renamed(o *model.Object, from, to string) {
	if n := o.Lines[from]; n > 0 {
		o.Lines[to] = n
	}
}

func (s *scanner) unit(g *model.SG, b *block, seen map[string]placed) {
	u := &model.SU{Object: s.named(b), Rank: len(g.SUs) + 1, Failover: true}
	u.DN = "safSu=" + u.Name + ",safSg=" + g.Name
	g.SUs = append(g.SUs, u)
	for _, inner := range b.blocks {
		comp := &model.Comp{Object: s.named(inner), Capability: capabilities[inner.text("model", "")],
			SelfStarted: true, HealthcheckPeriod: healthcheckMS * 1e6}
		comp.DN = comp.Name
		s.renamed(&comp.Object, "model", "saAmfCompCapability")
		switch comp.Capability {
		case model.XActiveAndYStandby, model.XActiveOrYStandby, model.XActive:
			seen[comp.Name] = placed{len(g.SUs), true}
		default:
			seen[comp.Name] = placed{len(g.SUs), false}
		}
		u.Comps = append(u.Comps, comp)
	}
}

func (s *scanner) protection(b *block, seen map[string]placed) *model.CSI {
	csi := &model.CSI{Object: s.named(b)}
	csi.DN = csi.Name
	s.renamed(&csi.Object, "member", "saAmfCSTypeName")
	for _, set := range b.settings {
		if set.key.name != "member" || set.value == "" {
			continue
		}
		if seen[set.value].unit == 0 {
			s.problem(set.line, "member", set.value, "is no component of this group, defined above")
		}
		csi.Members = append(csi.Members, set.value)
	}
	if len(csi.Members) == 0 && b.end > 0 {
		s.problem(b.line, "member", "", "is missing in this protection: the name of a component of the group")
	}
	return csi
}

// finish has the model check itself, and adds what it found and the parser had not.
func (s *scanner) finish(c *model.Cluster, words map[string]string) config.Problems {
	type place struct {
		line int
		key  string
	}
	known := map[place]bool{}
	for _, p := range s.problems {
		known[place{p.Line, p.Key}] = true
	}
	hurt := len(s.problems) > 0
	for _, p := range c.Finish() {
		if w := words[p.Key]; w != "" {
			p.Key = w
		}
		// What stands on the same line was noted in better words; what has no line may
		// come of what was skipped.
		if known[place{p.Line, p.Key}] || hurt && p.Line == 0 {
			continue
		}
		p.File = s.file
		s.problems = append(s.problems, p)
	}
	s.problems.SortByLine()
	return s.problems
}
