package ipc

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// raw is a client that says what it likes.
type raw struct {
	t  testing.TB
	fd int
}

func (r *rig) raw() *raw {
	r.t.Helper()
	return rawTo(r.t, r.socket)
}

func rawTo(t testing.TB, socket string) *raw {
	t.Helper()
	fd, errno := usock.Socket()
	if errno != 0 {
		t.Fatal(errno)
	}
	name, abstract, _ := ipcwire.SocketName(socket)
	if errno := usock.Connect(fd, name, abstract); errno != 0 {
		t.Fatal(errno)
	}
	w := &raw{t, fd}
	t.Cleanup(w.close)
	return w
}

func (w *raw) close() {
	if w.fd >= 0 {
		usock.Close(w.fd)
		w.fd = -1
	}
}

func (w *raw) poll(events int16, d time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(w.fd), Events: events}}
	end := time.Now().Add(d)
	for {
		n, err := unix.Poll(fds, int(max(time.Until(end), 0)/time.Millisecond))
		if err == nil || err != unix.EINTR {
			return n > 0
		}
	}
}

// write sends all of b; false when the peer has closed.
func (w *raw) write(b []byte) bool {
	w.t.Helper()
	for len(b) > 0 {
		n, errno := usock.Send(w.fd, b)
		if errno == unix.EAGAIN {
			if !w.poll(unix.POLLOUT, patience) {
				w.t.Fatal("the server does not read")
			}
			continue
		}
		if errno != 0 {
			return false
		}
		b = b[n:]
	}
	return true
}

// try writes what goes at once and returns how much.
func (w *raw) try(b []byte) int {
	total := 0
	for total < len(b) {
		n, errno := usock.Send(w.fd, b[total:])
		if errno != 0 {
			break
		}
		total += n
	}
	return total
}

// read gets the next frame; ok is false at the end of the stream.
func (w *raw) read() (h ipcwire.Header, body []byte, ok bool) {
	w.t.Helper()
	head := make([]byte, ipcwire.HeaderSize)
	if !w.readFull(head) {
		return h, nil, false
	}
	if h, ok = ipcwire.DecodeHeader(head); !ok {
		w.t.Fatalf("bad header %x", head)
	}
	body = make([]byte, h.Size-ipcwire.HeaderSize)
	return h, body, w.readFull(body)
}

func (w *raw) readFull(p []byte) bool {
	w.t.Helper()
	for len(p) > 0 {
		n, passed, errno := usock.RecvFD(w.fd, p)
		if passed >= 0 {
			usock.Close(passed)
		}
		switch {
		case errno == unix.EAGAIN:
			if !w.poll(unix.POLLIN, patience) {
				w.t.Fatal("nothing comes")
			}
		case errno != 0 || n == 0:
			return false
		}
		p = p[n:]
	}
	return true
}

// handshake keeps the passed descriptor open, so that the connection stays.
func (w *raw) handshake() {
	w.t.Helper()
	if !w.write(helloFrame(ipcwire.Protocol, "")) {
		w.t.Fatal("closed")
	}
	buf := make([]byte, 256)
	if !w.poll(unix.POLLIN, patience) {
		w.t.Fatal("no welcome")
	}
	n, passed, errno := usock.RecvFD(w.fd, buf)
	if errno != 0 || passed < 0 {
		w.t.Fatalf("welcome: %d bytes, descriptor %d, %v", n, passed, errno)
	}
	w.t.Cleanup(func() { usock.Close(passed) })
	h, ok := ipcwire.DecodeHeader(buf[:n])
	if !ok || h.Op != ipcwire.OpWelcome || h.Error != ipcwire.OK {
		w.t.Fatalf("welcome %+v", h)
	}
}

func frame(op ipcwire.Op, seq uint32, body []byte) []byte {
	return append(ipcwire.AppendHeader(nil, op, seq, 0, len(body)), body...)
}

func helloFrame(protocol uint16, body string) []byte {
	return frame(ipcwire.OpHello, 1, ipcwire.AppendHello(nil, &ipcwire.Hello{Protocol: protocol,
		Service: ipcwire.CLM, Generation: ipcwire.GenB, Body: []byte(body)}))
}
