// Package ctl is the control service for Go programs: what aisctl asks. Bodies
// are JSON, which this package passes through: it waits, but it neither encodes
// nor prints.
package ctl

import (
	"strconv"
	"time"

	"ais/libais"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// Client is a connection to the control service.
type Client struct {
	c       *libais.Conn
	timeout time.Duration
}

// Dial connects to the executive at socket (as in AIS_SOCKET, empty for the
// default). timeout holds for the connection and for each Status and Trace.
func Dial(socket string, aisUID uint32, timeout time.Duration) (*Client, ipcwire.Error) {
	c, err := wait.Dial(libais.Options{Socket: socket, Service: ipcwire.CTL, Generation: ipcwire.GenB, AisUID: aisUID}, timeout)
	if err != ipcwire.OK {
		return nil, err
	}
	return &Client{c, timeout}, ipcwire.OK
}

// Status asks for the executive's state. The bytes are valid until the next call.
func (k *Client) Status() ([]byte, ipcwire.Error) { return k.call(k.timeout, ipcwire.CtlStatus, nil) }

// Trace asks for the flight recorder's contents; filter is the request's JSON, or
// nil for all.
func (k *Client) Trace(filter []byte) ([]byte, ipcwire.Error) {
	return k.call(k.timeout, ipcwire.CtlTrace, filter)
}

// Wait returns once the executive's configuration has so many members.
// ErrTimeout: not within timeout.
func (k *Client) Wait(members int, timeout time.Duration) ([]byte, ipcwire.Error) {
	body := strconv.AppendInt([]byte(`{"members":`), int64(members), 10)
	return k.call(timeout, ipcwire.CtlWait, append(body, '}'))
}

// Call makes any other request of the control service.
func (k *Client) Call(op ipcwire.Op, body []byte, timeout time.Duration) ([]byte, ipcwire.Error) {
	return k.call(timeout, op, body)
}

func (k *Client) call(timeout time.Duration, op ipcwire.Op, body []byte) ([]byte, ipcwire.Error) {
	err, answer := wait.Call(k.c, timeout, op, body)
	return answer, err
}

// Close ends the connection.
func (k *Client) Close() { k.c.Close() }
