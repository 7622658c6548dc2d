package ipc

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
)

// pagesOf is how many bytes of a file in memory are there.
func pagesOf(t *testing.T, fd int) int64 {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		t.Fatal(err)
	}
	return st.Blocks * 512
}

func TestSharedMemoryIsTakenWholeOnlyWhereTheKernelDoesNotOvercommit(t *testing.T) {
	for _, k := range []struct {
		allot allotter
		least int64
		most  int64
	}{{nil, 0, 4096}, {takePages, askMapped, askMapped}} {
		m, fd, err := newAskShm(k.allot)
		if err != nil {
			t.Fatal(err)
		}
		if n := pagesOf(t, fd); n < k.least || n > k.most {
			t.Errorf("%d bytes of %d are there", n, askMapped)
		}
		m.close()
		unix.Close(fd)
	}
	const ring = ipcwire.RingControl + ipcwire.RingUp + ipcwire.RingDown
	m, fd, err := newShm(takePages)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	defer m.close()
	if n := pagesOf(t, fd); n != ring {
		t.Errorf("%d bytes of %d are there", n, ring)
	}
}

// memoryFiles is how many files in memory that are shared this process has open.
func memoryFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range list {
		if name, _ := os.Readlink("/proc/self/fd/" + e.Name()); strings.HasPrefix(name, "/memfd:ais-") {
			n++
		}
	}
	return n
}

func TestWhereThePagesAreRefusedRequestsGoOverTheSockets(t *testing.T) {
	before := memoryFiles(t)
	var scarce atomic.Bool
	r, _ := newStreamRig(t, func(c *Config) {
		c.allot = func(fd int, size int64) error {
			if scarce.Load() {
				return unix.ENOMEM
			}
			return takePages(fd, size)
		}
	})
	scarce.Store(true)
	c := r.dial()
	if err := askRing(t, c); err != ipcwire.ErrNoResources || c.TakeRing() >= 0 {
		t.Fatal(err)
	}
	call(t, c, opEcho, []byte("the sockets still work"))
	if st := r.stats(); st.Rings != 0 || st.RingsRefused != 1 {
		t.Errorf("%d rings, %d refused", st.Rings, st.RingsRefused)
	}
	if n := memoryFiles(t); n != before {
		t.Errorf("%d files in memory are open, there were %d", n, before)
	}
	scarce.Store(false)
	if err := askRing(t, c); err != ipcwire.OK {
		t.Fatal(err)
	}
	if _, _, err := newAskShm(func(int, int64) error { return unix.ENOMEM }); !errors.Is(err, unix.ENOMEM) {
		t.Errorf("a memory for requests: %v", err)
	}
}
