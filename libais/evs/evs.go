// Package evs is the Extended Virtual Synchrony service for a library: each
// request is a function that starts it on a connection and one that reads its
// answer. Nothing here waits, and nothing is kept.
//
// After a StartX that returned OK, drive the connection's Step; when it is done,
// the answer's function has the result. Decoded bytes alias the connection's
// memory: they are valid until its next Start (answers) or NextCallback
// (callbacks).
package evs

import (
	"ais/libais"
	"ais/libais/ipcwire"
)

// Guarantees and priorities of evs.h.
const (
	Unordered uint8 = 0
	FIFO      uint8 = 1
	Agreed    uint8 = 2
	Safe      uint8 = 3

	PrioRecovery uint8 = 0
	PrioHigh     uint8 = 1
	PrioMedium   uint8 = 2
	PrioLow      uint8 = 3
)

// MaxGroups is the most groups one request names; what is more does not fit into
// a frame beside a message of full size.
const MaxGroups = 1024

// Scratch is the memory a request's fixed part is built in: one per connection,
// so that a steady caller allocates nothing.
type Scratch struct{ buf []byte }

// StartJoin starts joining groups.
func StartJoin(c *libais.Conn, s *Scratch, groups []ipcwire.EvsGroup) ipcwire.Error {
	return startGroups(c, s, ipcwire.EvsJoin, groups)
}

// StartLeave starts leaving groups.
func StartLeave(c *libais.Conn, s *Scratch, groups []ipcwire.EvsGroup) ipcwire.Error {
	return startGroups(c, s, ipcwire.EvsLeave, groups)
}

func startGroups(c *libais.Conn, s *Scratch, op ipcwire.Op, groups []ipcwire.EvsGroup) ipcwire.Error {
	if len(groups) > MaxGroups {
		return ipcwire.ErrTooManyGroups
	}
	s.buf = ipcwire.AppendEvsGroups(s.buf[:0], &ipcwire.EvsGroups{Groups: groups})
	return c.Start(op, s.buf)
}

// StartMcastJoined starts a multicast to the groups this connection has joined.
// payload is not copied and must stay as it is until the request is done or
// abandoned. ErrInvalidParam: guarantee or priority unknown; ErrTooBig: more than
// the executive takes in one message.
func StartMcastJoined(c *libais.Conn, s *Scratch, guarantee, priority uint8, payload ...[]byte) ipcwire.Error {
	return startMcast(c, s, ipcwire.EvsMcastJoined, guarantee, priority, nil, payload)
}

// StartMcastGroups starts a multicast to groups, like StartMcastJoined.
func StartMcastGroups(c *libais.Conn, s *Scratch, guarantee, priority uint8, groups []ipcwire.EvsGroup, payload ...[]byte) ipcwire.Error {
	return startMcast(c, s, ipcwire.EvsMcastGroups, guarantee, priority, groups, payload)
}

func startMcast(c *libais.Conn, s *Scratch, op ipcwire.Op, guarantee, priority uint8, groups []ipcwire.EvsGroup, payload [][]byte) ipcwire.Error {
	if guarantee > Safe || priority > PrioLow {
		return ipcwire.ErrInvalidParam
	}
	if len(groups) > MaxGroups {
		return ipcwire.ErrTooManyGroups
	}
	room := uint64(c.Welcome().MaxMessage)
	for _, p := range payload {
		if uint64(len(p)) > room {
			return ipcwire.ErrTooBig
		}
		room -= uint64(len(p))
	}
	q := ipcwire.EvsMcast{Guarantee: guarantee, Priority: priority, Groups: groups}
	s.buf = ipcwire.AppendEvsMcastHead(s.buf[:0], &q)
	return c.Start(op, s.buf, payload...)
}

// Answer reads the answer to join, leave and both multicasts.
func Answer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

// StartMembershipGet starts asking for the configuration.
func StartMembershipGet(c *libais.Conn) ipcwire.Error { return c.Start(ipcwire.EvsMembershipGet, nil) }

// MembershipGetAnswer reads the configuration.
func MembershipGetAnswer(c *libais.Conn, m *ipcwire.EvsMembership) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeEvsMembership(body, m) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// Delivery reads an EvsDeliver callback. false: the executive does not speak our
// protocol, the connection is of no more use.
func Delivery(cb libais.Callback, d *ipcwire.EvsDelivery) bool {
	return cb.Op == ipcwire.EvsDeliver && ipcwire.DecodeEvsDelivery(cb.Body, d)
}

// Configuration reads an EvsConfchg callback.
func Configuration(cb libais.Callback, q *ipcwire.EvsConfiguration) bool {
	return cb.Op == ipcwire.EvsConfchg && ipcwire.DecodeEvsConfiguration(cb.Body, q)
}
