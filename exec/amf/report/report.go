// Package report holds what the availability management framework answers to
// operators: value types that become JSON, shared by the executive and aisctl. Fields
// are only ever added; the names are an interface that scripts rely on.
package report

// Tree is the framework's state as one node sees it.
type Tree struct {
	// Off says why the framework is off, empty when it is not.
	Off        string     `json:"off,omitempty"`
	File       string     `json:"file,omitempty"`
	Generation string     `json:"generation,omitempty"` // A or B
	Cluster    string     `json:"cluster,omitempty"`
	Digest     string     `json:"digest,omitempty"` // of the configuration
	Self       uint32     `json:"self"`
	Notes      []string   `json:"notes,omitempty"` // what an operator should know
	Nodes      []Node     `json:"nodes"`
	Groups     []Group    `json:"groups"`
	Instances  []Instance `json:"instances"`
}

// Node is a node of the framework.
type Node struct {
	DN    string `json:"dn"`
	Name  string `json:"name"`
	ID    uint32 `json:"id,omitempty"` // of the member; 0: it is not there
	Admin string `json:"admin"`
	Oper  string `json:"oper"`
	Note  string `json:"note,omitempty"`
}

// Group is a service group with its units.
type Group struct {
	DN         string `json:"dn"`
	Name       string `json:"name"`
	Redundancy string `json:"redundancy"`
	Admin      string `json:"admin"`
	Units      []Unit `json:"units"`
}

// Unit is a service unit with its components.
type Unit struct {
	DN         string      `json:"dn"`
	Name       string      `json:"name"`
	Node       string      `json:"node,omitempty"`
	Admin      string      `json:"admin"`
	Oper       string      `json:"oper"`
	Presence   string      `json:"presence"`
	Readiness  string      `json:"readiness"`
	Components []Component `json:"components"`
}

// Component is a component with its assignments.
type Component struct {
	DN        string     `json:"dn"`
	Name      string     `json:"name"`
	Oper      string     `json:"oper"`
	Presence  string     `json:"presence"`
	Readiness string     `json:"readiness"`
	PID       uint32     `json:"pid,omitempty"` // where it registered on this node
	Restarts  int        `json:"restarts,omitempty"`
	CSIs      []Assigned `json:"csis,omitempty"`
}

// Assigned is one assignment of a component.
type Assigned struct {
	CSI string `json:"csi"`
	HA  string `json:"ha"`
}

// Instance is a service instance with who has it.
type Instance struct {
	DN      string   `json:"dn"`
	Name    string   `json:"name"`
	Group   string   `json:"group"`
	Admin   string   `json:"admin"`
	State   string   `json:"state"`   // fully, partially or not assigned
	Active  []string `json:"active"`  // units
	Standby []string `json:"standby"` // units
}

// HistoryRequest asks for the transitions after number After, at most Limit; an empty
// Object for all.
type HistoryRequest struct {
	After  uint64 `json:"after,omitempty"`
	Limit  int    `json:"limit,omitempty"`
	Object string `json:"object,omitempty"` // only objects whose DN has this in it
}

// History is the transitions that this node remembers, oldest first.
type History struct {
	Forgotten uint64       `json:"forgotten"` // transitions that were and are not remembered
	Records   []Transition `json:"records"`
}

// Transition is one change of one state.
type Transition struct {
	N      uint64 `json:"n"` // counts this node's transitions
	Time   string `json:"time"`
	Object string `json:"object"`
	What   string `json:"what"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Cause  string `json:"cause,omitempty"`
	Why    string `json:"why,omitempty"`
}

// AdminRequest is an administrative operation on an object, named by its DN or, where
// that is not ambiguous, by its name.
type AdminRequest struct {
	Operation string `json:"operation"` // lock, unlock, lock-in, unlock-in, shutdown, restart, repaired, si-swap, sg-adjust
	Target    string `json:"target"`
}

// AdminAnswer says what became of it.
type AdminAnswer struct {
	Target string `json:"target"`          // its DN
	Code   uint32 `json:"code"`            // SaAisErrorT; 1: done, or begun
	Error  string `json:"error,omitempty"` // in words
}
