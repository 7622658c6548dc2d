// Package model is the configuration of the Availability Management Framework:
// cluster, nodes, applications, service groups, service units, components, service
// instances and component service instances, as both grammars express them.
//
// It owns types, defaults and the rules that hold whatever file a model came from
// (validate.go). It knows no file format: a parser fills these structs, with the
// line of each object and attribute, and calls Cluster.Finish. Nothing here changes
// at run time; states live in the engine.
//
// Names. Everything is known to programs and operators by its distinguished name,
// DN. Finish makes it of the names (B: "safComp=c,safSu=u,safSg=g,safApp=a"), unless
// the parser has set it (A: the plain name of the 2004 file).
//
// Order matters: objects keep the order of the file. The engine refers to them by
// their index in the flat lists that Finish makes (Cluster.SUs, Cluster.Comps, ...),
// the same on every node that has the same file.
package model

import "time"

// Generation is the interface whose file a model came from. A model is of one
// generation; programs of the other generation may use it all the same.
type Generation uint8

const (
	GenB Generation = iota // amf.conf: components are started by the executive
	GenA                   // groups.conf: components start by themselves and register anywhere
)

// Pos is where an object begins in its file. Line 0: it has none.
type Pos struct {
	File string
	Line int
}

// Object is what everything configured has.
type Object struct {
	Pos
	Name string // without the "safXxx="
	DN   string
	// Lines tells where an attribute was set, by its key in the file.
	Lines map[string]int
}

// At is where an attribute was set, or where the object begins.
func (o *Object) At(key string) Pos {
	if n := o.Lines[key]; n > 0 {
		return Pos{o.File, n}
	}
	return o.Pos
}

// Cluster is a whole configuration.
type Cluster struct {
	Object
	Generation Generation
	// StartupTimeout is how long the first assignments wait for all units to be
	// instantiated (B, required > 0). 0: they do not wait.
	StartupTimeout time.Duration
	ClmCluster     string
	Nodes          []*Node
	Apps           []*App

	// Flat lists, made by Finish; index i of one is what its entity's Index says.
	SGs   []*SG
	SUs   []*SU
	Comps []*Comp
	SIs   []*SI
	CSIs  []*CSI
}

// Node is an AMF node. A model of generation A has none: every member is one.
type Node struct {
	Object
	ClmNode string // the CLM node name; empty: the same as Name
	Index   int

	SuFailoverProb             time.Duration
	SuFailoverMax              int
	AutoRepair                 bool // default true
	RebootOnTerminationFailure bool
	RebootOnInstantiateFailure bool
}

// App is an application.
type App struct {
	Object
	Index      int
	ClcCliPath string
	SGs        []*SG
	SIs        []*SI
	CSTypes    []*CSType
}

// CSType is a component service type with the attributes its CSIs may have.
type CSType struct {
	Object
	Attributes []string
}

// Redundancy is a redundancy model, numbered as SaAmfRedundancyModelT.
type Redundancy uint8

const (
	TwoN         Redundancy = 1
	NPlusM       Redundancy = 2
	NWay         Redundancy = 3
	NWayActive   Redundancy = 4
	NoRedundancy Redundancy = 5
)

// SG is a service group.
type SG struct {
	Object
	Index int
	App   *App
	SUs   []*SU
	SIs   []*SI // protected by this group, made by Finish

	Redundancy Redundancy
	// PrefActiveSUs and PrefStandbySUs are for N+M (default 1 and 1), and for 2N of
	// generation A, where a group may have several backup units.
	PrefActiveSUs, PrefStandbySUs int
	// MaxActiveSIs and MaxStandbySIs bound what one unit takes; 0: no bound.
	MaxActiveSIs, MaxStandbySIs int

	CompRestartProb time.Duration
	CompRestartMax  int
	SuRestartProb   time.Duration
	SuRestartMax    int
	AutoAdjust      bool          // default false
	AutoAdjustProb  time.Duration // after the last change, until assignments go back to the preferred units
	AutoRepair      bool          // default true
	ClcCliPath      string
}

// SU is a service unit.
type SU struct {
	Object
	Index int
	SG    *SG
	Comps []*Comp
	// Rank is the preference of the unit in its group; 1 is best, 0 none. Files have
	// no key for it: the parser numbers the units as they come.
	Rank int

	NumComponents int    // as stated in the file; 0: not stated
	HostedByNode  string // the name or DN of an AMF node; empty in generation A
	Node          *Node  // made by Finish; nil: external, or where its components register
	External      bool
	Failover      bool // a failed component takes the whole unit with it (default true)
	ClcCliPath    string
}

// Capability is a component capability model, numbered as
// SaAmfComponentCapabilityModelT of both generations, 7 meaning what B means.
type Capability uint8

const (
	XActiveAndYStandby Capability = 1
	XActiveOrYStandby  Capability = 2
	OneActiveOrY       Capability = 3
	OneActiveOrOne     Capability = 4
	XActive            Capability = 5
	OneActive          Capability = 6
	// NonPreInstantiable components are instantiated when, and only while, they have
	// an active assignment. In generation A the number is NO_ACTIVE: such a component
	// registers, is tracked and health-checked, and gets standby assignments only.
	NonPreInstantiable Capability = 7
)

// Category is SaAmfCompCategoryT: how a component is controlled.
type Category uint8

const (
	SaAware    Category = 1 << iota // talks to the executive itself
	Proxy                           // registers others
	Proxied                         // lives through a proxy's callbacks
	LocalComp                       // has processes on its node
	Container                       // accepted and treated as SaAware
	Contained                       // refused by Finish
	ProxiedNPI                      // proxied, not pre-instantiable
)

// Recovery is a recommended recovery, in the numbering of B (A's is one higher from
// ComponentRestart on).
type Recovery uint8

const (
	NoRecommendation   Recovery = 1
	ComponentRestart   Recovery = 2
	ComponentFailover  Recovery = 3
	NodeSwitchover     Recovery = 4
	NodeFailover       Recovery = 5
	NodeFailfast       Recovery = 6
	ClusterReset       Recovery = 7
	ApplicationRestart Recovery = 8
	ContainerRestart   Recovery = 9
	// InternallyRecovered is A's: the error is recorded, nothing is done.
	InternallyRecovered Recovery = 100
	// SuRestart and SuFailover are what escalation comes to; nobody recommends them.
	SuRestart  Recovery = 101
	SuFailover Recovery = 102
)

// Command is a CLC-CLI command. Path empty: there is none.
type Command struct {
	Path    string // as written; ResolvedPath has the clccli_path before it
	Argv    string // as written, words separated by blanks
	Timeout time.Duration
	// Resolved is Path with the nearest clccli_path before it, unless it is absolute.
	Resolved string
}

// Comp is a component.
type Comp struct {
	Object
	Index int
	SU    *SU

	Category   Category
	Capability Capability
	// MaxActiveCSIs and MaxStandbyCSIs are for the models with x and y; 0: no bound.
	MaxActiveCSIs, MaxStandbyCSIs int
	CSTypes                       []string

	Instantiate, Terminate, Cleanup Command
	CmdEnv                          []string // VAR=value
	ClcCliPath                      string

	DefaultClcCliTimeout, DefaultCallbackTimeout    time.Duration
	TerminateTimeout, CSISetTimeout, CSIRmvTimeout  time.Duration // of callbacks; 0: the default
	QuiescingTimeout                                time.Duration // 0: no limit
	InstantiationLevel                              int
	MaxInstantiateWithoutDelay, MaxInstantiateDelay int           // attempts; defaults 1 and 0
	DelayBetweenInstantiate                         time.Duration // before attempts of the second kind
	RecoveryOnError                                 Recovery
	DisableRestart                                  bool
	ProxyCSI                                        string // the DN or name of the CSI whose active component is the proxy
	ProxyCSIRef                                     *CSI   // made by Finish

	// SelfStarted: the executive does not start the component; it registers when it
	// wants to (all of generation A, unless it is external).
	SelfStarted bool

	Healthchecks []*Healthcheck
	// HealthcheckPeriod is generation A's: the executive checks every component that
	// registered. 0: none.
	HealthcheckPeriod time.Duration
}

// PreInstantiable tells whether the component is instantiated before it has work.
func (c *Comp) PreInstantiable() bool {
	if c.SelfStarted {
		return true
	}
	return c.Capability != NonPreInstantiable && c.Category&ProxiedNPI == 0 && c.Category&(SaAware|Proxy|Proxied|Container) != 0
}

// IsProxied tells whether a proxy stands for the component.
func (c *Comp) IsProxied() bool { return c.Category&(Proxied|ProxiedNPI) != 0 }

// Registers tells whether the component counts as instantiated only when it has
// registered.
func (c *Comp) Registers() bool {
	return c.SelfStarted || c.Category&(SaAware|Proxy|Container) != 0
}

// Healthcheck is one key's times.
type Healthcheck struct {
	Object // Name is the key
	Period time.Duration
	// MaxDuration is how long an answer (executive invoked) or the next confirmation
	// after the period (component invoked) may take.
	MaxDuration time.Duration
}

// SI is a service instance.
type SI struct {
	Object
	Index int
	App   *App
	SG    *SG // made by Finish
	CSIs  []*CSI

	NumCSIs      int    // as stated; 0: not stated
	ProtectedBy  string // the name or DN of the group; empty: the only one
	Rank         int    // 1 is best; 0: after all others
	PrefActive   int    // N-way active and A: assignments wanted (default 1)
	PrefStandby  int    // N-way and A: assignments wanted (default 1)
	RankedSUs    []RankedSU
	Dependencies []Dependency
}

// RankedSU gives a unit a rank for one instance (N-way, N-way active).
type RankedSU struct {
	Pos
	Name string // the name or DN of the unit
	Rank int
	SU   *SU // made by Finish
}

// Dependency makes an instance depend on another: it is active only while the other
// is, and may outlive it by Tolerance.
type Dependency struct {
	Pos
	Name      string // the name or DN of the instance depended on
	Tolerance time.Duration
	SI        *SI // made by Finish
}

// Attr is an attribute of a CSI with its values.
type Attr struct {
	Pos
	Name   string
	Values []string
}

// CSI is a component service instance. The protection groups of generation A are
// CSIs with Members.
type CSI struct {
	Object
	Index int
	SI    *SI

	Type       string // the component service type; empty: any component of Members
	Attributes []Attr
	DependsOn  []string // names or DNs of CSIs of the same SI, assigned before
	Requires   []*CSI   // made by Finish
	Members    []string // generation A: the components that may have it, by name
}
