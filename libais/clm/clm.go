// Package clm is the Cluster Membership Service for a library: each request is a
// function that starts it on a connection and one that reads its answer. Nothing
// here waits, and nothing is kept: the state of a handle (its callbacks, its
// buffers) is its owner's.
//
// After a StartX that returned OK, drive the connection's Step; when it is done,
// XAnswer has the result. Decoded bytes alias the connection's memory: they are
// valid until its next Start (answers) or NextCallback (callbacks).
package clm

import (
	"ais/libais"
	"ais/libais/ipcwire"
)

// Track flags of the specification (SaUint8T trackFlags).
const (
	Current     uint8 = 1
	Changes     uint8 = 2
	ChangesOnly uint8 = 4
)

// LocalNode is the local node in a ClmNodeGetReq, whatever the generation calls it.
const LocalNode uint32 = 0xFFFFFFFF

// CheckTrack says whether flags make sense: at least one known flag, no unknown
// one, and not both kinds of change tracking. generation A knows the same flags.
// ErrBadFlags otherwise.
func CheckTrack(flags uint8) ipcwire.Error {
	const known = Current | Changes | ChangesOnly
	if flags == 0 || flags&^known != 0 || flags&(Changes|ChangesOnly) == Changes|ChangesOnly {
		return ipcwire.ErrBadFlags
	}
	return ipcwire.OK
}

// StartTrack starts a track request. buffer: the current view is wanted in the
// answer and not by callback; it needs Current.
func StartTrack(c *libais.Conn, flags uint8, buffer bool) ipcwire.Error {
	if err := CheckTrack(flags); err != ipcwire.OK {
		return err
	}
	if buffer && flags&Current == 0 {
		return ipcwire.ErrInvalidParam
	}
	var body [2]byte
	return c.Start(ipcwire.ClmTrack, ipcwire.AppendClmTrackReq(body[:0], &ipcwire.ClmTrackReq{Flags: flags, Buffer: buffer}))
}

// TrackAnswer reads the answer to a track request. v is filled when buffer was
// asked for, else pass nil.
func TrackAnswer(c *libais.Conn, v *ipcwire.ClmView) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK || v == nil {
		return err
	}
	if !ipcwire.DecodeClmView(body, v) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// StartTrackStop starts the end of tracking. Its answer is TrackStopAnswer.
func StartTrackStop(c *libais.Conn) ipcwire.Error { return c.Start(ipcwire.ClmTrackStop, nil) }

// TrackStopAnswer reads the answer to a track stop.
func TrackStopAnswer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

// StartNodeGet starts a request for one node. timeout is in nanoseconds and what
// is left of the caller's; 0 or less is ErrTimeout without a request.
func StartNodeGet(c *libais.Conn, node uint32, timeout int64) ipcwire.Error {
	if timeout <= 0 {
		return ipcwire.ErrTimeout
	}
	return startNodeGet(c, ipcwire.ClmNodeGet, ipcwire.ClmNodeGetReq{NodeID: node, Timeout: timeout})
}

// NodeGetAnswer reads the answer to a request for one node.
func NodeGetAnswer(c *libais.Conn, n *ipcwire.ClmNodeInfo) ipcwire.Error {
	err, body := c.Answer()
	if err != ipcwire.OK {
		return err
	}
	if !ipcwire.DecodeClmNodeInfo(body, n) {
		return ipcwire.ErrLibrary
	}
	return ipcwire.OK
}

// StartNodeGetAsync starts a request whose result comes as ClmNodeGetCallback
// with the same invocation.
func StartNodeGetAsync(c *libais.Conn, node uint32, invocation uint64) ipcwire.Error {
	return startNodeGet(c, ipcwire.ClmNodeGetAsync, ipcwire.ClmNodeGetReq{NodeID: node, Invocation: invocation})
}

// NodeGetAsyncAnswer tells whether the request was accepted.
func NodeGetAsyncAnswer(c *libais.Conn) ipcwire.Error {
	err, _ := c.Answer()
	return err
}

func startNodeGet(c *libais.Conn, op ipcwire.Op, q ipcwire.ClmNodeGetReq) ipcwire.Error {
	var body [20]byte
	return c.Start(op, ipcwire.AppendClmNodeGetReq(body[:0], &q))
}

// View reads a ClmTrackCallback. false: the executive does not speak our
// protocol, the connection is of no more use.
func View(cb libais.Callback, v *ipcwire.ClmView) bool {
	return cb.Op == ipcwire.ClmTrackCallback && ipcwire.DecodeClmView(cb.Body, v)
}

// NodeGetResult reads a ClmNodeGetCallback.
func NodeGetResult(cb libais.Callback, r *ipcwire.ClmNodeGetResult) bool {
	return cb.Op == ipcwire.ClmNodeGetCallback && ipcwire.DecodeClmNodeGetResult(cb.Body, r)
}
