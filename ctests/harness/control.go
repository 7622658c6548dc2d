package harness

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
)

// Control is a connection to an executive's control service, spoken directly
// so that asking costs the tested machine next to nothing.
type Control struct {
	fd  int
	seq uint32
	// passed came with the welcome: the selection object, whose end would end
	// the connection.
	passed []int
}

// DialControl connects to the executive behind socket (a path or "@name").
func DialControl(socket string, timeout time.Duration) (*Control, error) {
	name, abstract, ok := ipcwire.SocketName(socket)
	if !ok {
		return nil, fmt.Errorf("socket %q: not a name", socket)
	}
	if abstract {
		name = "@" + name
	}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &Control{fd: fd}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: name}); err != nil {
		c.Close()
		return nil, fmt.Errorf("connect %s: %w", socket, err)
	}
	hello := ipcwire.AppendHello(nil, &ipcwire.Hello{Protocol: ipcwire.Protocol, Service: ipcwire.CTL, Generation: ipcwire.GenB})
	if _, err := c.call(ipcwire.OpHello, hello, ipcwire.OpWelcome, timeout); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", socket, err)
	}
	return c, nil
}

// Close ends the connection.
func (c *Control) Close() {
	unix.Close(c.fd)
	for _, fd := range c.passed {
		unix.Close(fd)
	}
}

// call sends one request and reads the frame that answers it.
func (c *Control) call(op ipcwire.Op, body []byte, answer ipcwire.Op, timeout time.Duration) ([]byte, error) {
	deadline := time.Now().Add(timeout)
	c.seq++
	frame := append(ipcwire.AppendHeader(nil, op, c.seq, 0, len(body)), body...)
	if err := c.within(unix.SO_SNDTIMEO, deadline); err != nil {
		return nil, err
	}
	for len(frame) > 0 {
		n, err := unix.SendmsgN(c.fd, frame, nil, nil, unix.MSG_NOSIGNAL)
		if err != nil {
			return nil, fmt.Errorf("send operation %#x: %w", op, err)
		}
		frame = frame[n:]
	}
	head := make([]byte, ipcwire.HeaderSize)
	if err := c.read(head, deadline); err != nil {
		return nil, fmt.Errorf("answer to operation %#x: %w", op, err)
	}
	h, ok := ipcwire.DecodeHeader(head)
	if !ok || h.Op != answer {
		return nil, fmt.Errorf("answer to operation %#x: header % x", op, head)
	}
	data := make([]byte, int(h.Size)-ipcwire.HeaderSize)
	if err := c.read(data, deadline); err != nil {
		return nil, fmt.Errorf("answer to operation %#x: %w", op, err)
	}
	if h.Error != ipcwire.OK {
		return nil, fmt.Errorf("operation %#x: %w: %v", op, ErrRefused, h.Error)
	}
	return data, nil
}

// ErrRefused tells that the executive answered with an error.
var ErrRefused = errors.New("refused")

func (c *Control) within(option int, deadline time.Time) error {
	left := time.Until(deadline)
	if left <= 0 {
		return ErrDeadline
	}
	tv := unix.NsecToTimeval(left.Nanoseconds())
	return unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, option, &tv)
}

// read fills b and keeps descriptors that come with the bytes.
func (c *Control) read(b []byte, deadline time.Time) error {
	oob := make([]byte, 64)
	for len(b) > 0 {
		if err := c.within(unix.SO_RCVTIMEO, deadline); err != nil {
			return err
		}
		n, oobn, _, _, err := unix.Recvmsg(c.fd, b, oob, unix.MSG_CMSG_CLOEXEC)
		if oobn > 0 {
			c.passed = append(c.passed, passedIn(oob[:oobn])...)
		}
		switch {
		case err == unix.EINTR:
		case err == unix.EAGAIN:
			return ErrDeadline
		case err != nil:
			return err
		case n == 0:
			return errors.New("the executive closed the connection")
		default:
			b = b[n:]
		}
	}
	return nil
}

func passedIn(oob []byte) (out []int) {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range msgs {
		if fds, err := unix.ParseUnixRights(&msgs[i]); err == nil {
			out = append(out, fds...)
		}
	}
	return out
}

// StatusJSON is the executive's status as it sent it.
func (c *Control) StatusJSON(timeout time.Duration) ([]byte, error) {
	return c.call(ipcwire.CtlStatus, nil, ipcwire.CtlStatus, timeout)
}

// WaitMembers returns once the executive's configuration has n members.
func (c *Control) WaitMembers(n int, timeout time.Duration) error {
	body := fmt.Appendf(nil, `{"members":%d}`, n)
	_, err := c.call(ipcwire.CtlWait, body, ipcwire.CtlWait, timeout)
	return err
}

// Ask sends a raw operation of the control service.
func (c *Control) Ask(op ipcwire.Op, body []byte, timeout time.Duration) ([]byte, error) {
	return c.call(op, body, op, timeout)
}

// Flat reads the JSON of a status into dotted paths: numbers as float64, texts,
// booleans, and the length of a list under "path.#".
func Flat(data []byte) (map[string]any, error) {
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	out := map[string]any{}
	flatten(out, "", v)
	return out, nil
}

func flatten(out map[string]any, path string, v any) {
	join := func(s string) string {
		if path == "" {
			return s
		}
		return path + "." + s
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			flatten(out, join(k), x)
		}
	case []any:
		out[join("#")] = float64(len(v))
		for i, x := range v {
			flatten(out, join(fmt.Sprint(i)), x)
		}
	default:
		out[path] = v
	}
}
