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

	"ais/libais/ctl"
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
	client, e := ctl.Dial(os.Getenv(ipcwire.SocketEnv), aisUID(), time.Until(deadline))
	if e != ipcwire.OK {
		return nil, explain(e)
	}
	defer client.Close()
	answer, e := client.Call(op, body, time.Until(deadline))
	if e != ipcwire.OK {
		return nil, explain(e)
	}
	return append([]byte(nil), answer...), nil
}

func explain(e ipcwire.Error) error {
	switch e {
	case ipcwire.ErrTimeout:
		return errDeadline
	case ipcwire.ErrTryAgain:
		return fail(exitNoExecutive, "no executive is running at %s", socketName())
	case ipcwire.ErrLibrary:
		return fail(exitNoExecutive, "the executive at %s ended", socketName())
	case ipcwire.ErrAccess, ipcwire.ErrSecurity:
		return fail(exitRefused, "the executive at %s refuses this user (root, the executive's own user, group ais and those of uidgid.d may connect), or it runs as somebody who is not to be believed (neither root nor ais nor this user)", socketName())
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
