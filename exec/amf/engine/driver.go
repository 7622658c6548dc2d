// What a driver gives a Replica and gets from it. The Replica is in replica.go.

package engine

import (
	"time"

	"ais/exec/amf/model"
	"ais/exec/service"
)

// Driver carries out what concerns its own node. Calls come on the owner goroutine,
// from within the Replica's handlers; a driver must not call Submit from within
// Execute or Record, but may queue what it has to say (Env.After(0)).
type Driver interface {
	// Execute carries out an output whose Node is this one, or 0 (protection groups).
	// Timers and records do not come here. o is valid until return.
	Execute(o *Output)
	// Record is every transition of every entity, on every node in the same order.
	Record(r *Record)
	// GiveUp is called when the lease of the majority rule has ended: the components
	// that have an active role on this node must be dead before it returns, or
	// the next instant. They are named, with the Incarnation that is to die.
	GiveUp(list []Doomed)
}

// Doomed is a component that must give up its active role now.
type Doomed struct {
	Comp        *model.Comp
	Incarnation uint32
}

// Options are fixed for the life of a Replica.
type Options struct {
	Env     service.Env
	Cluster *model.Cluster // finished, without problems
	Driver  Driver
	// Now is a monotonic clock in nanoseconds.
	Now func() int64
	// NodeName is this node's; an AMF node of the model has it as Name or ClmNode.
	NodeName string
	// Majority turns the majority rule on; it must be the same on every node (it is
	// part of the digest of the model). Lease is how long a node may keep active roles
	// after its last proved contact with a majority, and so how long a takeover after a
	// node's death takes at least; see lease.go for what it must exceed.
	Majority bool
	Lease    time.Duration
}
