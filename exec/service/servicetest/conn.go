package servicetest

import (
	"bytes"

	"ais/exec/service"
	"ais/libais/ipcwire"
)

// Response is what a request was answered with.
type Response struct {
	Seq  uint32
	Err  ipcwire.Error
	Body []byte
}

// Callback is a callback queued for the client.
type Callback struct {
	Op   ipcwire.Op
	Body []byte
}

// Conn is a library connection of a test.
type Conn struct {
	Responses []Response
	Callbacks []Callback
	// Limit bounds the bytes of queued callbacks; 0 is no limit.
	Limit int
	// Closed is why the executive ended the connection.
	Closed string

	id      uint64
	node    *Node
	pending int
	state   any
	gone    bool
	seq     uint32
}

// Connect opens a connection to a service of the node.
func (n *Node) Connect(id ipcwire.Service, gen ipcwire.Generation, body []byte) (*Conn, ipcwire.Error) {
	n.c.nextID++
	c := &Conn{id: n.c.nextID, node: n}
	if err := n.Manager.Init(c, id, gen, body); err != ipcwire.OK {
		return nil, err
	}
	n.Conns = append(n.Conns, c)
	return c, ipcwire.OK
}

// Request sends a request and returns its number.
func (c *Conn) Request(op ipcwire.Op, body []byte) uint32 {
	c.seq++
	if !c.gone {
		c.node.Manager.Request(c, c.seq, op, body)
		c.node.reap()
	}
	return c.seq
}

// Answer takes the oldest response; ok is false when there is none.
func (c *Conn) Answer() (r Response, ok bool) {
	if len(c.Responses) == 0 {
		return Response{}, false
	}
	r = c.Responses[0]
	c.Responses = c.Responses[1:]
	return r, true
}

// Read takes the oldest callback; ok is false when there is none.
func (c *Conn) Read() (cb Callback, ok bool) {
	if len(c.Callbacks) == 0 {
		return Callback{}, false
	}
	cb = c.Callbacks[0]
	c.Callbacks = c.Callbacks[1:]
	c.pending -= len(cb.Body)
	return cb, true
}

// Close ends the connection from the client's side.
func (c *Conn) Close() {
	if !c.gone {
		c.gone = true
		c.node.Manager.Exit(c)
	}
}

// reap ends the connections that a service disconnected.
func (n *Node) reap() {
	for _, c := range n.Conns {
		if c.Closed != "" {
			c.Close()
		}
	}
}

// ID, Cred, Respond, Notify, Pending, Disconnect, SetState and State implement
// service.Conn.
func (c *Conn) ID() uint64 { return c.id }

// Cred is that of the superuser.
func (c *Conn) Cred() service.Cred { return service.Cred{PID: 1} }

// Respond keeps the response for Answer.
func (c *Conn) Respond(seq uint32, err ipcwire.Error, body []byte) {
	c.Responses = append(c.Responses, Response{seq, err, bytes.Clone(body)})
}

// Notify keeps the callback for Read, if Limit allows.
func (c *Conn) Notify(op ipcwire.Op, body []byte) bool {
	if c.Limit > 0 && c.pending+len(body) > c.Limit {
		return false
	}
	c.pending += len(body)
	c.Callbacks = append(c.Callbacks, Callback{op, bytes.Clone(body)})
	return true
}

// NotifyPayload is Notify of a body in two parts.
func (c *Conn) NotifyPayload(op ipcwire.Op, head, payload []byte) bool {
	return c.Notify(op, append(bytes.Clone(head), payload...))
}

// SetNotifyLimit sets Limit.
func (c *Conn) SetNotifyLimit(n int) { c.Limit = n }

// Pending is the bytes of queued callbacks.
func (c *Conn) Pending() int { return c.pending }

// Disconnect marks the connection; it ends when the manager is done.
func (c *Conn) Disconnect(reason string) {
	if c.Closed == "" {
		c.Closed = reason
	}
}

// SetState keeps the service's state.
func (c *Conn) SetState(s any) { c.state = s }

// State returns the service's state.
func (c *Conn) State() any { return c.state }
