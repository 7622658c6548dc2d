package ctl

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// serve answers one connection: each request with its operation and body, a wait
// for 9 members never.
func serve(t *testing.T) (socket string) {
	t.Helper()
	name := fmt.Sprintf("ais-ctl-test-%d-%d", os.Getpid(), time.Now().UnixNano())
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if errno := usock.Bind(fd, name, true); errno != 0 {
		t.Fatal(errno)
	}
	if err := unix.Listen(fd, 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		usock.Shutdown(fd) // wakes accept
		<-done
		usock.Close(fd)
	})
	go func() {
		defer close(done)
		c, _, err := unix.Accept(fd)
		if err != nil {
			return
		}
		defer unix.Close(c)
		answerAll(c)
	}()
	return "@" + name
}

func answerAll(fd int) {
	buf := make([]byte, 4096)
	for {
		n, err := unix.Read(fd, buf) // one request at a time: whole, as the client is one of ours
		if err != nil || n < ipcwire.HeaderSize {
			return
		}
		h, _ := ipcwire.DecodeHeader(buf[:n])
		body := append(fmt.Appendf(nil, "%#x ", uint16(h.Op)), buf[ipcwire.HeaderSize:n]...)
		switch {
		case h.Op == ipcwire.OpHello:
			a, b, _ := usock.Pair()
			defer usock.Close(a)
			body = ipcwire.AppendWelcome(nil, &ipcwire.Welcome{Protocol: ipcwire.Protocol})
			usock.SendFD(fd, append(ipcwire.AppendHeader(nil, ipcwire.OpWelcome, h.Seq, ipcwire.OK, len(body)), body...), b)
			usock.Close(b)
			continue
		case string(body) == `0x403 {"members":9}`:
			continue
		}
		usock.Send(fd, ipcwire.AppendHeader(nil, h.Op, h.Seq, ipcwire.OK, len(body)), body)
	}
}

func TestQuestionsOfAnOperator(t *testing.T) {
	const patience = 10 * time.Second
	k, err := Dial(serve(t), 0, patience)
	if err != ipcwire.OK {
		t.Fatal(err)
	}
	defer k.Close()
	check := func(want string, got []byte, err ipcwire.Error) {
		t.Helper()
		if err != ipcwire.OK || string(got) != want {
			t.Errorf("%q %v, not %q", got, err, want)
		}
	}
	got, err := k.Status()
	check("0x401 ", got, err)
	got, err = k.Trace([]byte("{}"))
	check("0x402 {}", got, err)
	got, err = k.Wait(3, patience)
	check(`0x403 {"members":3}`, got, err)
	if _, err := k.Wait(9, 20*time.Millisecond); err != ipcwire.ErrTimeout {
		t.Error(err)
	}
	got, err = k.Call(0x410, []byte("x"), patience)
	check("0x410 x", got, err)
}

func TestNoExecutiveIsTryAgain(t *testing.T) {
	if _, err := Dial("@ais-nobody-is-here", 0, time.Second); err != ipcwire.ErrTryAgain {
		t.Fatal(err)
	}
}
