// The connection to the executive: one request on a connection of its own, with
// a deadline.

package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais"
	"ais/libais/ipcwire"
)

// Exit codes, part of the interface (see the help text).
const (
	exitOK = iota
	exitError
	exitNoExecutive
	exitTimeout
	exitRefused
)

// exitError is an error with the exit code it means.
type exitErr struct {
	code int
	text string
}

func (e *exitErr) Error() string { return e.text }

func fail(code int, format string, args ...any) error {
	return &exitErr{code, fmt.Sprintf(format, args...)}
}

func code(err error) int {
	var e *exitErr
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &e):
		return e.code
	}
	return exitError
}

var errDeadline = errors.New("deadline")

// ask makes one request of the control service. errDeadline: there was no answer
// in time.
func ask(op ipcwire.Op, body []byte, deadline time.Time) ([]byte, error) {
	c, e := libais.Dial(libais.Options{
		Socket:     os.Getenv(ipcwire.SocketEnv),
		Service:    ipcwire.CTL,
		Generation: ipcwire.GenB,
		AisUID:     aisUID(),
	})
	if e != ipcwire.OK {
		return nil, explain(e)
	}
	defer c.Close()
	if _, err := finish(c, deadline); err != nil {
		return nil, err
	}
	if e := c.Start(op, body); e != ipcwire.OK {
		return nil, explain(e)
	}
	return finish(c, deadline)
}

// finish carries the outstanding request to its end.
func finish(c *libais.Conn, deadline time.Time) ([]byte, error) {
	for {
		done, w := c.Step()
		if done {
			break
		}
		left := time.Until(deadline)
		if left <= 0 {
			return nil, errDeadline
		}
		fds := []unix.PollFd{{Fd: w.FD, Events: w.Events}}
		if _, err := unix.Poll(fds, int(min(left, time.Hour)/time.Millisecond)+1); err != nil && err != unix.EINTR {
			return nil, fmt.Errorf("poll: %w", err)
		}
	}
	e, body := c.Answer()
	if e != ipcwire.OK {
		return nil, explain(e)
	}
	return append([]byte(nil), body...), nil
}

func explain(e ipcwire.Error) error {
	switch e {
	case ipcwire.ErrTryAgain:
		return fail(exitNoExecutive, "no executive is running at %s", socketName())
	case ipcwire.ErrLibrary:
		return fail(exitNoExecutive, "the executive at %s ended", socketName())
	case ipcwire.ErrAccess:
		return fail(exitRefused, "the executive at %s refuses this user: root, the executive's own user, group ais and those of uidgid.d may connect", socketName())
	case ipcwire.ErrSecurity:
		return fail(exitRefused, "what listens at %s does not run as root, as ais or as this user, and is not believed", socketName())
	case ipcwire.ErrVersion:
		return fail(exitError, "the executive at %s is of another version than this aisctl", socketName())
	}
	return fail(exitError, "the executive at %s answered with error %d", socketName(), uint32(e))
}

func socketName() string {
	if s := os.Getenv(ipcwire.SocketEnv); s != "" {
		return s
	}
	return ipcwire.DefaultSocket
}

// aisUID is the uid of the account ais, 0 when there is none.
func aisUID() uint32 {
	u, err := user.Lookup("ais")
	if err != nil {
		return 0
	}
	id, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return 0
	}
	return uint32(id)
}
