// amf.conf of openais 0.80: its sections and keys. build.go makes a model of it.

package conf

import (
	"ais/exec/amf/model"
)

var categories = map[string]model.Category{
	"sa_aware": model.SaAware, "proxy": model.SaAware | model.Proxy, "proxied": model.Proxied,
	"proxied_pre": model.Proxied, "proxied_pre_instantiable": model.Proxied,
	"proxied_non_pre": model.ProxiedNPI, "proxied_non_pre_instantiable": model.ProxiedNPI,
	"non_sa_aware": model.LocalComp, "local": model.LocalComp, "container": model.Container,
}

var recoveries = map[string]model.Recovery{
	"no_recommendation": model.NoRecommendation, "component_restart": model.ComponentRestart,
	"component_failover": model.ComponentFailover, "node_switchover": model.NodeSwitchover,
	"node_failover": model.NodeFailover, "node_failfast": model.NodeFailfast, "cluster_reset": model.ClusterReset,
	"application_restart": model.ApplicationRestart,
}

// capabilitiesB: the seventh has a name of its own in B.
var capabilitiesB = func() map[string]model.Capability {
	m := map[string]model.Capability{"non_pre_instantiable": model.NonPreInstantiable}
	for k, v := range capabilities {
		m[k] = v
	}
	return m
}()

var truths = map[string]bool{"true": true, "false": false, "1": true, "0": false}

// longestMS is ten years.
const longestMS = 10 * 365 * 24 * 3600 * 1000

func text(name string) key    { return key{name: name, values: "a text"} }
func needed(k key) key        { k.required = true; return k }
func truth(name string) key   { return key{name: name, values: "true or false", check: oneOf(truths)} }
func counted(name string) key { return numeric(name, 0, 1<<30) }

func numeric(name string, lo, hi int64) key {
	return key{name: name, values: "a whole number, " + itoa(lo) + " to " + itoa(hi), check: whole(lo, hi)}
}

// span is a time; least is 0 where none is meant to be allowed to say so.
func span(name string, least int64) key {
	return key{name: name, values: "a whole number of milliseconds, " + itoa(least) + " to " + itoa(longestMS), check: whole(least, longestMS)}
}

var pathKey = key{name: "clccli_path", values: "an absolute path", check: func(v string) bool { return v[0] == '/' }}

var (
	amfFile = &section{sections: []*section{clusterSection}}

	clusterSection = &section{keyword: "safAmfCluster", named: true,
		keys: []key{
			needed(span("saAmfClusterStartupTimeout", 1)),
			{name: "saAmfClusterClmCluster", empty: true, values: "a text"},
		},
		sections: []*section{nodeSection, appSection}}

	nodeSection = &section{keyword: "safAmfNode", named: true,
		keys: []key{
			needed(span("saAmfNodeSuFailOverProb", 0)), needed(counted("saAmfNodeSuFailoverMax")),
			truth("saAmfNodeAutoRepair"), truth("saAmfNodeRebootOnTerminationFailure"),
			truth("saAmfNodeRebootOnInstantiationFailure"), text("saAmfNodeClmNode"),
		}}

	appSection = &section{keyword: "safApp", named: true, keys: []key{pathKey},
		sections: []*section{sgSection, siSection, csTypeSection}}

	sgSection = &section{keyword: "safSg", named: true,
		keys: []key{
			needed(key{name: "saAmfSGRedundancyModel", values: redundancyWords, check: oneOf(redundancies)}),
			numeric("saAmfSGNumPrefActiveSUs", 1, model.MaxObjects), numeric("saAmfSGNumPrefStandbySUs", 0, model.MaxObjects),
			numeric("saAmfSGMaxActiveSIsperSUs", 1, model.MaxObjects), numeric("saAmfSGMaxStandbySIsperSUs", 0, model.MaxObjects),
			needed(span("saAmfSGCompRestartProb", 0)), needed(counted("saAmfSGCompRestartMax")),
			needed(span("saAmfSGSuRestartProb", 0)), needed(counted("saAmfSGSuRestartMax")),
			needed(span("saAmfSGAutoAdjustProb", 0)), truth("saAmfSGAutoAdjust"), truth("saAmfSGAutoRepair"), pathKey,
		},
		sections: []*section{suSection}}

	suSection = &section{keyword: "safSu", named: true,
		keys: []key{
			needed(numeric("saAmfSUNumComponents", 1, model.MaxObjects)), text("saAmfSUHostedByNode"),
			truth("saAmfSUIsExternal"), truth("saAmfSUFailover"), pathKey,
		},
		sections: []*section{compSection}}

	compSection = &section{keyword: "safComp", named: true,
		keys: []key{
			needed(key{name: "saAmfCompCategory", values: "sa_aware, proxy, proxied_pre_instantiable, proxied_non_pre_instantiable or non_sa_aware", check: oneOf(categories)}),
			needed(key{name: "saAmfCompCapability", values: capabilityWords + " (non_pre_instantiable)", check: oneOf(capabilitiesB)}),
			needed(numeric("saAmfCompNumMaxActiveCsi", 0, model.MaxObjects)), needed(numeric("saAmfCompNumMaxStandbyCsi", 0, model.MaxObjects)),
			needed(span("saAmfCompDefaultClcCliTimeout", 1)), needed(span("saAmfCompDefaultCallbackTimeOut", 1)),
			needed(key{name: "saAmfCompRecoveryOnError", values: "component_restart, component_failover, node_switchover, node_failover, node_failfast, cluster_reset, application_restart or no_recommendation", check: oneOf(recoveries)}),
			text("saAmfCompInstantiateCmd"), text("saAmfCompInstantiateCmdArgv"), span("saAmfCompInstantiateTimeout", 1),
			text("saAmfCompTerminateCmd"), text("saAmfCompTerminateCmdArgv"), span("saAmfCompTerminateTimeout", 1),
			text("saAmfCompCleanupCmd"), text("saAmfCompCleanupCmdArgv"), span("saAmfCompCleanupTimeout", 1),
			counted("saAmfCompInstantiationLevel"),
			numeric("saAmfCompNumMaxInstantiateWithoutDelay", 0, 1000), numeric("saAmfCompNumMaxInstantiateWithDelay", 0, 1000),
			span("saAmfCompDelayBetweenInstantiateAttempts", 0),
			span("saAmfCompTerminateCallbackTimeout", 1), span("saAmfCompCSISetCallbackTimeout", 1),
			span("saAmfCompCSIRmvCallbackTimeout", 1), span("saAmfCompQuiescingCompleteTimeout", 1),
			truth("saAmfCompDisableRestart"), text("saAmfCompProxyCsi"), pathKey,
		},
		sections: []*section{csTypesSection, envSection, healthcheckSection}}

	csTypesSection = &section{keyword: "saAmfCompCsTypes", free: true}
	envSection     = &section{keyword: "saAmfCompCmdEnv", free: true}

	healthcheckSection = &section{keyword: "safHealthcheckKey", named: true,
		keys: []key{needed(span("saAmfHealthcheckPeriod", 1)), needed(span("saAmfHealthcheckMaxDuration", 1))}}

	siSection = &section{keyword: "safSi", named: true,
		keys: []key{
			needed(numeric("saAmfSINumCSIs", 1, model.MaxObjects)),
			{name: "saAmfSIProtectedbySG", brace: true, values: "the name of a group of the application"},
			{name: "saAmfSIRank", brace: true, values: "a whole number, 0 to 1073741824", check: whole(0, 1<<30)},
			numeric("saAmfSIPrefActiveAssignments", 1, model.MaxObjects), numeric("saAmfSIPrefStandbyAssignments", 0, model.MaxObjects),
		},
		sections: []*section{rankedSection, dependSection, csiSection}}

	rankedSection = &section{keyword: "safRankedSu", named: true, keys: []key{needed(numeric("saAmfRank", 1, 1<<30))}}

	dependSection = &section{keyword: "safDepend", named: true, keys: []key{span("saAmfToleranceTime", 0)}}

	csiSection = &section{keyword: "safCsi", named: true,
		keys:     []key{needed(text("saAmfCSTypeName"))},
		sections: []*section{attrSection, csiDependSection}}

	attrSection      = &section{keyword: "safCSIAttr", named: true, free: true}
	csiDependSection = &section{keyword: "saAmfCsiDependencies",
		keys: []key{{name: "saAmfCSIDependency", repeats: true, values: "the name of a component service instance of the same service instance"}}}

	csTypeSection = &section{keyword: "safCSType", named: true,
		keys:     []key{{name: "safCSAttrName", repeats: true, values: "the name of an attribute"}},
		sections: []*section{attrSection}}
)
