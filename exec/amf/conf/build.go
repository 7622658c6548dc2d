// From the tree of an amf.conf to a model.

package conf

import (
	"strconv"
	"strings"
	"time"

	"ais/exec/amf/model"
	"ais/exec/config"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// ParseAMF reads an amf.conf. With problems the model is not to be used.
func ParseAMF(file string, data []byte) (*model.Cluster, config.Problems) {
	s := &scanner{file: file}
	top := s.scan(amfFile, data)
	clusters := top.of(clusterSection)
	switch {
	case len(clusters) == 0:
		if len(s.problems) == 0 {
			s.problem(0, "safAmfCluster", "", "is missing: everything lies in \"safAmfCluster=NAME {\"")
		}
		return &model.Cluster{}, s.problems
	case len(clusters) > 1:
		s.problem(clusters[1].line, "safAmfCluster", clusters[1].name, "there is one cluster, that of line "+itoa(int64(clusters[0].line)))
	}
	b := clusters[0]
	s.missing(b)
	c := &model.Cluster{Object: s.object(b, b.name), Generation: model.GenB,
		StartupTimeout: b.ms("saAmfClusterStartupTimeout"), ClmCluster: b.text("saAmfClusterClmCluster", "")}
	for _, inner := range b.blocks {
		if inner.kind == nodeSection {
			c.Nodes = append(c.Nodes, s.node(inner))
		} else {
			c.Apps = append(c.Apps, s.app(inner))
		}
	}
	return c, s.finish(c, nil)
}

func (b *block) ms(name string) time.Duration {
	return time.Duration(b.number(name, 0)) * time.Millisecond
}

func (b *block) truth(name string, def bool) bool {
	if v, ok := truths[b.text(name, "")]; ok {
		return v
	}
	return def
}

func (s *scanner) node(b *block) *model.Node {
	s.missing(b)
	return &model.Node{Object: s.object(b, b.name), ClmNode: b.text("saAmfNodeClmNode", ""),
		SuFailoverProb: b.ms("saAmfNodeSuFailOverProb"), SuFailoverMax: int(b.number("saAmfNodeSuFailoverMax", 0)),
		AutoRepair:                 b.truth("saAmfNodeAutoRepair", true),
		RebootOnTerminationFailure: b.truth("saAmfNodeRebootOnTerminationFailure", false),
		RebootOnInstantiateFailure: b.truth("saAmfNodeRebootOnInstantiationFailure", false)}
}

func (s *scanner) app(b *block) *model.App {
	a := &model.App{Object: s.object(b, b.name), ClcCliPath: b.text("clccli_path", "")}
	for _, inner := range b.blocks {
		switch inner.kind {
		case sgSection:
			a.SGs = append(a.SGs, s.sg(inner))
		case siSection:
			a.SIs = append(a.SIs, s.si(inner))
		case csTypeSection:
			a.CSTypes = append(a.CSTypes, s.csType(inner))
		}
	}
	return a
}

func (s *scanner) csType(b *block) *model.CSType {
	t := &model.CSType{Object: s.object(b, b.name)}
	for _, set := range b.settings {
		t.Attributes = append(t.Attributes, set.value)
	}
	for _, inner := range b.blocks { // as some of 0.80's samples have it
		t.Attributes = append(t.Attributes, inner.name)
	}
	return t
}

func (s *scanner) sg(b *block) *model.SG {
	s.missing(b)
	g := &model.SG{Object: s.object(b, b.name), Redundancy: redundancies[b.text("saAmfSGRedundancyModel", "")],
		PrefActiveSUs: int(b.number("saAmfSGNumPrefActiveSUs", 1)), PrefStandbySUs: int(b.number("saAmfSGNumPrefStandbySUs", 1)),
		MaxActiveSIs: int(b.number("saAmfSGMaxActiveSIsperSUs", 0)), MaxStandbySIs: int(b.number("saAmfSGMaxStandbySIsperSUs", 0)),
		CompRestartProb: b.ms("saAmfSGCompRestartProb"), CompRestartMax: int(b.number("saAmfSGCompRestartMax", 0)),
		SuRestartProb: b.ms("saAmfSGSuRestartProb"), SuRestartMax: int(b.number("saAmfSGSuRestartMax", 0)),
		AutoAdjust: b.truth("saAmfSGAutoAdjust", false), AutoAdjustProb: b.ms("saAmfSGAutoAdjustProb"),
		AutoRepair: b.truth("saAmfSGAutoRepair", true), ClcCliPath: b.text("clccli_path", "")}
	for _, inner := range b.blocks {
		u := s.su(inner)
		u.Rank = len(g.SUs) + 1
		g.SUs = append(g.SUs, u)
	}
	return g
}

func (s *scanner) su(b *block) *model.SU {
	s.missing(b)
	u := &model.SU{Object: s.object(b, b.name), NumComponents: int(b.number("saAmfSUNumComponents", 0)),
		HostedByNode: strings.TrimPrefix(b.text("saAmfSUHostedByNode", ""), "safAmfNode="),
		External:     b.truth("saAmfSUIsExternal", false), Failover: b.truth("saAmfSUFailover", true),
		ClcCliPath: b.text("clccli_path", "")}
	if !u.External && u.HostedByNode == "" && b.find("saAmfSUHostedByNode") == nil {
		s.problem(b.line, "saAmfSUHostedByNode", "", "is missing in this safSu: the name of a safAmfNode")
	}
	for _, inner := range b.blocks {
		u.Comps = append(u.Comps, s.comp(inner))
	}
	return u
}

func (s *scanner) comp(b *block) *model.Comp {
	s.missing(b)
	command := func(what string) model.Command {
		return model.Command{Path: b.text("saAmfComp"+what+"Cmd", ""), Argv: b.text("saAmfComp"+what+"CmdArgv", ""),
			Timeout: b.ms("saAmfComp" + what + "Timeout")}
	}
	c := &model.Comp{Object: s.object(b, b.name),
		Category: categories[b.text("saAmfCompCategory", "")], Capability: capabilitiesB[b.text("saAmfCompCapability", "")],
		MaxActiveCSIs: int(b.number("saAmfCompNumMaxActiveCsi", 0)), MaxStandbyCSIs: int(b.number("saAmfCompNumMaxStandbyCsi", 0)),
		Instantiate: command("Instantiate"), Terminate: command("Terminate"), Cleanup: command("Cleanup"),
		ClcCliPath:           b.text("clccli_path", ""),
		DefaultClcCliTimeout: b.ms("saAmfCompDefaultClcCliTimeout"), DefaultCallbackTimeout: b.ms("saAmfCompDefaultCallbackTimeOut"),
		TerminateTimeout: b.ms("saAmfCompTerminateCallbackTimeout"), CSISetTimeout: b.ms("saAmfCompCSISetCallbackTimeout"),
		CSIRmvTimeout: b.ms("saAmfCompCSIRmvCallbackTimeout"), QuiescingTimeout: b.ms("saAmfCompQuiescingCompleteTimeout"),
		InstantiationLevel:         int(b.number("saAmfCompInstantiationLevel", 0)),
		MaxInstantiateWithoutDelay: int(b.number("saAmfCompNumMaxInstantiateWithoutDelay", 0)),
		MaxInstantiateDelay:        int(b.number("saAmfCompNumMaxInstantiateWithDelay", 0)),
		DelayBetweenInstantiate:    b.ms("saAmfCompDelayBetweenInstantiateAttempts"),
		RecoveryOnError:            recoveries[b.text("saAmfCompRecoveryOnError", "")],
		DisableRestart:             b.truth("saAmfCompDisableRestart", false), ProxyCSI: b.text("saAmfCompProxyCsi", "")}
	for _, inner := range b.blocks {
		switch inner.kind {
		case csTypesSection:
			c.CSTypes = append(c.CSTypes, inner.items()...)
		case envSection:
			for _, set := range inner.settings {
				if i := strings.IndexByte(set.value, '='); i <= 0 {
					s.problem(set.line, "saAmfCompCmdEnv", set.value, "must be VAR=value")
					continue
				}
				c.CmdEnv = append(c.CmdEnv, set.value)
			}
		case healthcheckSection:
			s.missing(inner)
			c.Healthchecks = append(c.Healthchecks, &model.Healthcheck{Object: s.object(inner, inner.name),
				Period: inner.ms("saAmfHealthcheckPeriod"), MaxDuration: inner.ms("saAmfHealthcheckMaxDuration")})
		}
	}
	return c
}

func (b *block) items() []string {
	var out []string
	for _, set := range b.settings {
		out = append(out, set.value)
	}
	return out
}

func (s *scanner) si(b *block) *model.SI {
	s.missing(b)
	si := &model.SI{Object: s.object(b, b.name), NumCSIs: int(b.number("saAmfSINumCSIs", 0)),
		ProtectedBy: strings.TrimPrefix(b.text("saAmfSIProtectedbySG", ""), "safSg="), Rank: int(b.number("saAmfSIRank", 0)),
		PrefActive: int(b.number("saAmfSIPrefActiveAssignments", 1)), PrefStandby: int(b.number("saAmfSIPrefStandbyAssignments", 1))}
	for _, inner := range b.blocks {
		at := model.Pos{File: s.file, Line: inner.line}
		switch inner.kind {
		case rankedSection:
			s.missing(inner)
			si.RankedSUs = append(si.RankedSUs, model.RankedSU{Pos: at, Name: inner.name, Rank: int(inner.number("saAmfRank", 0))})
		case dependSection:
			si.Dependencies = append(si.Dependencies, model.Dependency{Pos: at, Name: inner.name, Tolerance: inner.ms("saAmfToleranceTime")})
		case csiSection:
			si.CSIs = append(si.CSIs, s.csi(inner))
		}
	}
	return si
}

func (s *scanner) csi(b *block) *model.CSI {
	s.missing(b)
	csi := &model.CSI{Object: s.object(b, b.name), Type: strings.TrimPrefix(b.text("saAmfCSTypeName", ""), "safCSType=")}
	for _, inner := range b.blocks {
		if inner.kind == attrSection {
			csi.Attributes = append(csi.Attributes, model.Attr{Pos: model.Pos{File: s.file, Line: inner.line}, Name: inner.name, Values: inner.items()})
			continue
		}
		for _, set := range inner.settings {
			csi.DependsOn = append(csi.DependsOn, strings.TrimPrefix(set.value, "safCsi="))
			if csi.Lines["saAmfCSIDependency"] == 0 {
				csi.Lines["saAmfCSIDependency"] = set.line
			}
		}
	}
	return csi
}
