package net

import (
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestAConnectionThatCannotBeAcceptedCostsNoProcessorTime(t *testing.T) {
	l, ns := cluster(t, options{n: 2})
	settle(t, l)
	self := ns[0].book.self
	// A neighbour's connection waits, and this process has no descriptor for it.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, unixAddr(netip.AddrPortFrom(ns[1].book.self.Addr(), 0), 0)); err != nil {
		t.Fatal(err)
	}
	var had unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
		t.Fatal(err)
	}
	few := had
	few.Cur = 3
	restore := func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &had); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	defer restore()
	if err := unix.Connect(fd, unixAddr(self, 0)); err != nil && err != unix.EINPROGRESS {
		t.Fatal(err)
	}
	until(t, l, "a failed accept", func() bool { return ns[0].Stats().TCPAcceptErrors > 0 })
	before, end := l.Stats().Wakeups, time.Now().Add(250*time.Millisecond)
	for time.Now().Before(end) {
		if err := l.Turn(20 * time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.Stats().Wakeups - before; n > 100 {
		t.Errorf("%d wake-ups in 250 ms", n)
	}
	restore()
	until(t, l, "the connection accepted once there are descriptors", func() bool { return ns[0].Stats().TCPInbound > 0 })
}
