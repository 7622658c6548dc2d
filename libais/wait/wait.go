// Package wait drives libais connections for Go programs (aisctl, aisbench,
// tests): each call polls the descriptor that a step asks for, on the caller's
// thread, until a deadline. It starts no goroutine. Never use it in Go code that
// C calls: there the waiting is C's.
package wait

import (
	"time"

	"golang.org/x/sys/unix"

	"ais/libais"
	"ais/libais/ipcwire"
)

// Dial connects and waits for the welcome. An error other than OK comes without
// a connection.
func Dial(o libais.Options, timeout time.Duration) (*libais.Conn, ipcwire.Error) {
	deadline := time.Now().Add(timeout)
	c, err := libais.Dial(o)
	if err != ipcwire.OK {
		return nil, err
	}
	err, _ = finish(c, deadline)
	if err != ipcwire.OK {
		c.Close()
		return nil, err
	}
	return c, ipcwire.OK
}

// DialRetry is Dial until the executive is there: ErrTryAgain is tried again
// until the timeout.
func DialRetry(o libais.Options, timeout time.Duration) (*libais.Conn, ipcwire.Error) {
	const pause = 10 * time.Millisecond
	deadline := time.Now().Add(timeout)
	for {
		c, err := Dial(o, max(time.Until(deadline), pause))
		if err != ipcwire.ErrTryAgain || time.Until(deadline) <= pause {
			return c, err
		}
		time.Sleep(pause)
	}
}

// Call makes a request and waits for its answer. ErrTimeout: it was abandoned.
// body is valid until the next request on c.
func Call(c *libais.Conn, timeout time.Duration, op ipcwire.Op, body []byte, payload ...[]byte) (ipcwire.Error, []byte) {
	if err := c.Start(op, body, payload...); err != ipcwire.OK {
		return err, nil
	}
	return Finish(c, timeout)
}

// Finish waits for the answer to a request that was started, for the typed
// requests of the service packages.
func Finish(c *libais.Conn, timeout time.Duration) (ipcwire.Error, []byte) {
	return finish(c, time.Now().Add(timeout))
}

func finish(c *libais.Conn, deadline time.Time) (ipcwire.Error, []byte) {
	for {
		done, w := c.Step()
		if done {
			return c.Answer()
		}
		if !poll(w, deadline) {
			c.Abandon()
			return ipcwire.ErrTimeout, nil
		}
	}
}

// Callback waits for the next callback. ErrTimeout: there was none in time.
func Callback(c *libais.Conn, timeout time.Duration) (libais.Callback, ipcwire.Error) {
	deadline := time.Now().Add(timeout)
	for {
		cb, ok, err := c.NextCallback(libais.One)
		if ok || err != ipcwire.OK {
			return cb, err
		}
		if !poll(c.CallbackWait(), deadline) {
			return libais.Callback{}, ipcwire.ErrTimeout
		}
	}
}

// poll waits for w. false: the deadline passed first.
func poll(w libais.Wait, deadline time.Time) bool {
	fds := [1]unix.PollFd{{Fd: w.FD, Events: w.Events}}
	for {
		left := time.Until(deadline)
		ts := unix.NsecToTimespec(int64(max(left, 0)))
		n, err := unix.Ppoll(fds[:], &ts, nil)
		if n > 0 {
			return true
		}
		if err == nil && left <= 0 {
			return false
		}
		if err != nil && err != unix.EINTR {
			return true // a step on the descriptor will tell what is wrong with it
		}
	}
}
