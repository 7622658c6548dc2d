// Package gmi is the Group Messaging Interface: named groups over the ring, four
// priorities, packing of small messages and fragmentation of large ones. It is
// pure: no socket, clock or goroutine. It is the ring's Source, and it turns
// the ring's deliveries into whole messages.
//
// A message lies wholly in one configuration: at a regular configuration change
// every receiver drops the messages it has only in part, and their sender, who
// sees the same change, submits them again from the start. A message whose
// fragments lie partly in a regular configuration and partly in the transitional
// one after it is delivered in the transitional one.
//
// The owner of the ring hands every Delivery of a Ready to Deliver, in order,
// then SafeRing and SafeSeq to SafeUpTo, then calls Flush. The ring must not call
// Next for a new ring before it handed out that ring's regular configuration
// and that was delivered here.
package gmi

import (
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Priority orders waiting messages of one node; lower goes first.
type Priority uint8

const (
	Recovery Priority = iota // synchronization of services
	High
	Medium
	Low
	Priorities
)

// Class tells apart messages for which synchronization matters.
type Class uint8

const (
	// Free messages are sent whenever the token is here.
	Free Class = iota
	// Gated messages wait while the gate is closed: those of services with
	// replicated state, while these are being synchronized.
	Gated
	// Sync messages are the synchronization itself: they go before everything
	// else, whatever their priority.
	Sync
	classes
)

// MessageID names a message of this node; it grows with every Multicast.
type MessageID uint64

// Handler receives what happens in a group this node joined. Calls come from
// the owner of the ring, in the same order on every node.
type Handler interface {
	// Deliver hands over a whole message. msg is valid until return. id is the
	// sender's id for it when this node sent it, else 0. transitional tells
	// that it is delivered in a transitional configuration.
	Deliver(from wire.Member, msg []byte, id MessageID, transitional bool)
	// ConfigChange hands over a transitional or regular configuration.
	ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration)
	// Safe tells that every message of this node with an id up to id that was
	// delivered in this group so far is held by every member of its
	// configuration; or that the configuration ended and every member of the
	// transitional configuration has delivered them. The same id may be told
	// again: messages of several priorities are not delivered in order of id.
	Safe(id MessageID)
}

// Indifferent is a Handler that may say that nobody waits for Safe of its group. Of
// the others' messages the ring hurries to learn that they are everywhere.
type Indifferent interface {
	Indifferent() bool
}
