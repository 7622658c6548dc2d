package usock

import (
	"bytes"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func pair(t *testing.T) (a, b int) {
	t.Helper()
	a, b, errno := Pair()
	if errno != 0 {
		t.Fatal(errno)
	}
	t.Cleanup(func() { Close(a); Close(b) })
	return a, b
}

func TestPartsArriveInOrderAndEmptyOnesAreSkipped(t *testing.T) {
	a, b := pair(t)
	if n, errno := Send(a, nil, []byte("one"), []byte{}, []byte("two"), nil); n != 6 || errno != 0 {
		t.Fatal(n, errno)
	}
	buf := make([]byte, 10)
	if n, errno := Recv(b, buf); errno != 0 || string(buf[:n]) != "onetwo" {
		t.Fatal(n, errno)
	}
	if n, errno := Send(a, nil, nil); n != 0 || errno != 0 {
		t.Fatal(n, errno)
	}
	many := make([][]byte, MaxParts+9)
	for i := range many {
		many[i] = []byte{byte(i)}
	}
	if n, errno := Send(a, many...); n != MaxParts || errno != 0 {
		t.Fatal(n, errno)
	}
}

func TestNothingWaitsAndNothingKills(t *testing.T) {
	a, b := pair(t)
	buf := make([]byte, 1<<20)
	if _, errno := Recv(a, buf); errno != unix.EAGAIN {
		t.Fatal(errno)
	}
	for {
		if _, errno := Send(a, buf); errno != 0 {
			if errno != unix.EAGAIN {
				t.Fatal(errno)
			}
			break
		}
	}
	Shutdown(b)
	if _, errno := Send(a, buf); errno != unix.EPIPE { // and no SIGPIPE
		t.Fatal(errno)
	}
	if n, errno := Recv(a, buf); n != 0 || errno != 0 {
		t.Fatal(n, errno)
	}
	if _, errno := Recv(a, nil); errno != unix.EINVAL {
		t.Fatal("an empty buffer would look like the end")
	}
}

func TestADescriptorIsPassedOnceAndCloseOnExec(t *testing.T) {
	a, b := pair(t)
	x, y := pair(t)
	if n, errno := SendFD(a, []byte("with"), x); n != 4 || errno != 0 {
		t.Fatal(n, errno)
	}
	Send(a, []byte("out"))
	buf := make([]byte, 4)
	n, got, errno := RecvFD(b, buf)
	if errno != 0 || string(buf[:n]) != "with" || got < 0 {
		t.Fatal(n, got, errno)
	}
	defer Close(got)
	if flags, err := unix.FcntlInt(uintptr(got), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Fatal(flags, err)
	}
	Send(y, []byte("hello"))
	if n, errno := Recv(got, make([]byte, 9)); n != 5 || errno != 0 {
		t.Fatal("it is another descriptor", n, errno)
	}
	if n, none, errno := RecvFD(b, buf); errno != 0 || none != -1 || string(buf[:n]) != "out" {
		t.Fatal(n, none, errno)
	}
}

func TestMoreDescriptorsThanExpectedAreClosed(t *testing.T) {
	a, b := pair(t)
	x, y := pair(t)
	if err := unix.Sendmsg(a, []byte("x"), unix.UnixRights(x, y, x, y), nil, 0); err != nil {
		t.Fatal(err)
	}
	before := openDescriptors(t)
	_, got, errno := RecvFD(b, make([]byte, 4))
	if errno != 0 || got < 0 {
		t.Fatal(got, errno)
	}
	Close(got)
	if after := openDescriptors(t); after != before {
		t.Fatalf("%d descriptors before, %d after", before, after)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

func TestTheKernelTellsWhoThePeerIs(t *testing.T) {
	a, _ := pair(t)
	cred, errno := Peer(a)
	if errno != 0 || int(cred.Pid) != unix.Getpid() || int(cred.Uid) != unix.Geteuid() || int(cred.Gid) != unix.Getegid() {
		t.Fatalf("%+v %v", cred, errno)
	}
	list := make([]uint32, 70000)
	if n, errno := PeerGroups(a, list); errno != 0 || n > len(list) {
		t.Fatal(n, errno)
	}
}

func TestAStandardDescriptorIsMovedUp(t *testing.T) {
	a, _ := pair(t)
	if got := High(a); got != a {
		t.Fatalf("%d was moved to %d", a, got)
	}
	if got := High(-1); got != -1 {
		t.Fatal(got)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	a, b := pair(t)
	p, q, buf := []byte("part"), bytes.Repeat([]byte("x"), 100), make([]byte, 200)
	if n := testing.AllocsPerRun(100, func() {
		if _, errno := Send(a, p, q); errno != 0 {
			t.Fatal(errno)
		}
		if _, errno := Recv(b, buf); errno != 0 {
			t.Fatal(errno)
		}
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
