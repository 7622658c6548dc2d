// Package client is the availability management framework for Go programs that may
// wait (tests, benchmarks): one connection, calls that return when they are
// answered. It is not for several goroutines at once, and never for Go code that C
// calls.
package client

import (
	"bytes"
	"time"

	"ais/libais"
	"ais/libais/amf"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Every callback of a generation, for Dial.
const (
	AllOfA = ipcwire.AmfHasHealthcheck | ipcwire.AmfHasTerminate | ipcwire.AmfHasCSISet | ipcwire.AmfHasCSIRemove | ipcwire.AmfHasTrack |
		ipcwire.AmfHasReadiness | ipcwire.AmfHasExternalRestart | ipcwire.AmfHasExternalControl | ipcwire.AmfHasOperationConfirm |
		ipcwire.AmfHasOperationExpired
	AllOfB = ipcwire.AmfHasHealthcheck | ipcwire.AmfHasTerminate | ipcwire.AmfHasCSISet | ipcwire.AmfHasCSIRemove | ipcwire.AmfHasTrack |
		ipcwire.AmfHasInstantiate | ipcwire.AmfHasCleanup
)

// Client is one connection.
type Client struct {
	conn    *libais.Conn
	scratch amf.Scratch
	event   amf.Event
	timeout time.Duration
}

// Dial connects as a process of a component ("" where it is none); o.Service and
// o.Hello are set. timeout is that of every request, too.
func Dial(o libais.Options, component string, timeout time.Duration) (*Client, ipcwire.Error) {
	o.Service = ipcwire.AMF
	callbacks := AllOfB
	if o.Generation == ipcwire.GenA {
		callbacks = AllOfA
	}
	o.Hello = amf.Hello(callbacks, []byte(component))
	c, err := wait.Dial(o, timeout)
	if err != ipcwire.OK {
		return nil, err
	}
	return &Client{conn: c, timeout: timeout}, ipcwire.OK
}

// Close ends the connection.
func (c *Client) Close() { c.conn.Close() }

// Conn is the connection below.
func (c *Client) Conn() *libais.Conn { return c.conn }

func (c *Client) finish(err ipcwire.Error) ipcwire.Error {
	if err != ipcwire.OK {
		return err
	}
	err, _ = wait.Finish(c.conn, c.timeout)
	return err
}

// Register registers a component; proxy "" where it speaks for itself.
func (c *Client) Register(component, proxy string) ipcwire.Error {
	return c.finish(amf.StartRegister(c.conn, &c.scratch, []byte(component), []byte(proxy)))
}

// Unregister ends a registration.
func (c *Client) Unregister(component, proxy string) ipcwire.Error {
	return c.finish(amf.StartUnregister(c.conn, &c.scratch, []byte(component), []byte(proxy)))
}

// ComponentName is the component that is registered through this connection.
func (c *Client) ComponentName() (string, ipcwire.Error) {
	if err := c.finish(amf.StartComponentName(c.conn)); err != ipcwire.OK {
		return "", err
	}
	name, err := amf.NameAnswer(c.conn)
	return string(name), err
}

// HAState is a component's HA state for an instance.
func (c *Client) HAState(component, csi string) (uint32, ipcwire.Error) {
	if err := c.finish(amf.StartHAState(c.conn, &c.scratch, []byte(component), []byte(csi))); err != ipcwire.OK {
		return 0, err
	}
	return amf.StateAnswer(c.conn)
}

// State is another state of a component, by the operation that asks for it.
func (c *Client) State(op ipcwire.Op, component string) (uint32, ipcwire.Error) {
	if err := c.finish(amf.StartState(c.conn, &c.scratch, op, []byte(component))); err != ipcwire.OK {
		return 0, err
	}
	return amf.StateAnswer(c.conn)
}

// Answer answers a callback: op is AmfResponse, AmfQuiescingComplete or
// AmfStoppingComplete.
func (c *Client) Answer(op ipcwire.Op, invocation uint64, result ipcwire.Error) ipcwire.Error {
	return c.finish(amf.StartAnswer(c.conn, &c.scratch, op, invocation, result))
}

// Report reports an error.
func (c *Client) Report(q *ipcwire.AmfErrorReq) ipcwire.Error {
	return c.finish(amf.StartErrorReport(c.conn, &c.scratch, q))
}

// Clear takes error reports back.
func (c *Client) Clear(component string, ntfID uint64) ipcwire.Error {
	return c.finish(amf.StartErrorClear(c.conn, &c.scratch, []byte(component), ntfID))
}

// Healthcheck starts, confirms or stops a health check.
func (c *Client) Healthcheck(op ipcwire.Op, q *ipcwire.AmfHealthcheckReq) ipcwire.Error {
	return c.finish(amf.StartHealthcheck(c.conn, &c.scratch, op, q))
}

// Pm starts or stops passive monitoring.
func (c *Client) Pm(op ipcwire.Op, q *ipcwire.AmfPmReq) ipcwire.Error {
	return c.finish(amf.StartPm(c.conn, &c.scratch, op, q))
}

// Track follows a protection group. With AmfTrackCurrent the current one is the
// result, a copy; else the result is empty.
func (c *Client) Track(csi string, flags uint8) (g ipcwire.AmfGroup, err ipcwire.Error) {
	current := flags&ipcwire.AmfTrackCurrent != 0
	if err = c.finish(amf.StartTrack(c.conn, &c.scratch, []byte(csi), flags, current)); err != ipcwire.OK || !current {
		return g, err
	}
	err = amf.GroupAnswer(c.conn, &g)
	g.CSI = bytes.Clone(g.CSI)
	for i := range g.Items {
		g.Items[i].Component = bytes.Clone(g.Items[i].Component)
	}
	return g, err
}

// TrackStop ends that.
func (c *Client) TrackStop(csi string) ipcwire.Error {
	return c.finish(amf.StartTrackStop(c.conn, &c.scratch, []byte(csi)))
}

// HAReadiness says how ready a component is for an instance.
func (c *Client) HAReadiness(component, csi string, state uint32) ipcwire.Error {
	return c.finish(amf.StartHAReadiness(c.conn, &c.scratch, []byte(component), []byte(csi), state))
}

// Next waits for the next callback, which is valid until the next call of Next.
// ErrTimeout: there was none in time.
func (c *Client) Next(timeout time.Duration) (*amf.Event, ipcwire.Error) {
	cb, err := wait.Callback(c.conn, timeout)
	if err != ipcwire.OK {
		return nil, err
	}
	if !amf.Decode(cb, &c.event) {
		return nil, ipcwire.ErrLibrary
	}
	return &c.event, ipcwire.OK
}
