package main

import (
	"encoding/binary"
	"fmt"
	"time"

	"ais/ctests/harness"
	"ais/libais"
	"ais/libais/evs"
	"ais/libais/ipcwire"
	"ais/libais/wait"
)

// patience bounds every single wait of a measurement.
const patience = 20 * time.Second

// client is an EVS member of one node, driven by one goroutine, as a program
// with the C API would be: each multicast waits for the executive's answer.
type client struct {
	c       *libais.Conn
	scratch evs.Scratch
	again   int64 // answers that said to try again
}

// join connects to a node's executive and joins the group of the measurement.
func join(n *harness.Node) (*client, error) {
	c, err := wait.DialRetry(libais.Options{Socket: n.Socket, Service: ipcwire.EVS, Generation: ipcwire.GenB}, patience)
	if err != ipcwire.OK {
		return nil, fmt.Errorf("node %d: connect: %v", n.Index, err)
	}
	k := &client{c: c}
	for {
		if err = evs.StartJoin(c, &k.scratch, []ipcwire.EvsGroup{{'b', 'e', 'n', 'c', 'h'}}); err == ipcwire.OK {
			err, _ = wait.Finish(c, patience)
		}
		if err != ipcwire.ErrTryAgain {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if err != ipcwire.OK {
		c.Close()
		return nil, fmt.Errorf("node %d: join: %v", n.Index, err)
	}
	return k, nil
}

// try multicasts once; false: the executive has no room.
func (k *client) try(payload []byte) (bool, error) {
	err := evs.StartMcastJoined(k.c, &k.scratch, evs.Agreed, evs.PrioMedium, payload)
	if err == ipcwire.OK {
		err, _ = wait.Finish(k.c, patience)
	}
	switch err {
	case ipcwire.OK:
		return true, nil
	case ipcwire.ErrTryAgain:
		k.again++
		return false, nil
	}
	return false, fmt.Errorf("multicast: %v", err)
}

// next returns the next callback, or nil when none came in time.
func (k *client) next(timeout time.Duration) (*libais.Callback, error) {
	cb, err := wait.Callback(k.c, timeout)
	if err == ipcwire.ErrTimeout {
		return nil, nil
	}
	if err != ipcwire.OK {
		return nil, fmt.Errorf("callback: %v", err)
	}
	return &cb, nil
}

// message returns the payload of a delivery, or nil for anything else.
func message(cb *libais.Callback) ([]byte, error) {
	if cb == nil || cb.Op != ipcwire.EvsDeliver {
		return nil, nil
	}
	var d ipcwire.EvsDelivery
	if !evs.Delivery(*cb, &d) {
		return nil, fmt.Errorf("a delivery that does not decode")
	}
	return d.Payload, nil
}

// number is the counter that a measurement's messages begin with.
func number(payload []byte) uint64 {
	if len(payload) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(payload)
}

func (k *client) close() { k.c.Close() }
