package ipc

// This file is the memory a connection shares with its library, and the only
// unsafe part of the package: making and mapping it, and its control words.
// Nothing here trusts what the other side wrote.

import (
	"encoding/binary"
	"os"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
)

// shm is one mapped memory. Each ring is mapped twice, one behind the other, so
// that every stretch of it lies in one piece.
type shm struct {
	base     unsafe.Pointer
	up, down []byte // twice ipcwire.RingUp and RingDown
}

const shmMapped = ipcwire.RingControl + 2*ipcwire.RingUp + 2*ipcwire.RingDown

// An allotter takes all the pages of a file in memory, or none.
type allotter func(fd int, size int64) error

// allotterHere is what the kernel's accounting asks for. Pages of a file in memory
// are accounted when they are touched. Where the kernel promises no more memory than
// it has, that may be refused, and the refusal is the end of the process that
// touched: there all of them are taken before anybody can. Elsewhere memory follows
// what is used.
func allotterHere() allotter {
	const never = "2"
	mode, err := os.ReadFile("/proc/sys/vm/overcommit_memory")
	if err != nil || strings.TrimSpace(string(mode)) != never {
		return nil
	}
	return takePages
}

func takePages(fd int, size int64) error {
	for {
		// A signal interrupts it, and what it has taken is given back.
		if err := unix.Fallocate(fd, 0, 0, size); err != unix.EINTR {
			return err
		}
	}
}

// sealedFile is a file in memory that nobody can resize: whoever could shrink it
// could end the process that looks into it.
func sealedFile(name string, size int64, allot allotter) (int, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return -1, err
	}
	if err = unix.Ftruncate(fd, size); err == nil && allot != nil {
		err = allot(fd, size)
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// newShm makes a memory; fd is the file to pass, the caller closes it.
func newShm(allot allotter) (m *shm, fd int, err error) {
	fd, err = sealedFile("ais-ring", ipcwire.RingControl+ipcwire.RingUp+ipcwire.RingDown, allot)
	if err != nil {
		return nil, -1, err
	}
	m, err = mapShm(fd)
	if err != nil {
		unix.Close(fd)
		return nil, -1, err
	}
	head := unsafe.Slice((*byte)(m.base), ipcwire.RingControl)
	for i, v := range []uint32{ipcwire.RingMagic, ipcwire.RingVersion, ipcwire.RingUp, ipcwire.RingDown} {
		binary.NativeEndian.PutUint32(head[4*i:], v)
	}
	return m, fd, nil
}

func mapShm(fd int) (*shm, error) {
	base, err := unix.MmapPtr(-1, 0, nil, shmMapped, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, err
	}
	const up, down = ipcwire.RingControl, ipcwire.RingControl + ipcwire.RingUp // in the file
	const upAt, downAt = ipcwire.RingControl, ipcwire.RingControl + 2*ipcwire.RingUp
	for _, p := range []struct{ file, at, size uintptr }{
		{0, 0, ipcwire.RingControl},
		{up, upAt, ipcwire.RingUp}, {up, upAt + ipcwire.RingUp, ipcwire.RingUp},
		{down, downAt, ipcwire.RingDown}, {down, downAt + ipcwire.RingDown, ipcwire.RingDown},
	} {
		if _, err := unix.MmapPtr(fd, int64(p.file), unsafe.Add(base, p.at), p.size,
			unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_FIXED); err != nil {
			_ = unix.MunmapPtr(base, shmMapped)
			return nil, err
		}
	}
	return &shm{base: base, up: unsafe.Slice((*byte)(unsafe.Add(base, upAt)), 2*ipcwire.RingUp),
		down: unsafe.Slice((*byte)(unsafe.Add(base, downAt)), 2*ipcwire.RingDown)}, nil
}

// askShm is the memory of one request and one answer at a time.
type askShm struct {
	base            unsafe.Pointer
	request, answer []byte
}

const askMapped = ipcwire.AskControl + 2*ipcwire.AskArea

// newAskShm makes a memory; fd is the file to pass, the caller closes it.
func newAskShm(allot allotter) (m *askShm, fd int, err error) {
	fd, err = sealedFile("ais-ask", askMapped, allot)
	if err != nil {
		return nil, -1, err
	}
	m, err = mapAskShm(fd)
	if err != nil {
		unix.Close(fd)
		return nil, -1, err
	}
	head := unsafe.Slice((*byte)(m.base), ipcwire.AskControl)
	for i, v := range []uint32{ipcwire.AskMagic, ipcwire.AskVersion, ipcwire.AskArea} {
		binary.NativeEndian.PutUint32(head[4*i:], v)
	}
	return m, fd, nil
}

func mapAskShm(fd int) (*askShm, error) {
	base, err := unix.MmapPtr(fd, 0, nil, askMapped, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	area := func(at uintptr) []byte { return unsafe.Slice((*byte)(unsafe.Add(base, at)), ipcwire.AskArea) }
	return &askShm{base, area(ipcwire.AskControl), area(ipcwire.AskControl + ipcwire.AskArea)}, nil
}

func (m *askShm) close() {
	_ = unix.MunmapPtr(m.base, askMapped)
	*m = askShm{}
}

func (m *askShm) word(at uintptr) *uint32 { return (*uint32)(unsafe.Add(m.base, at)) }

// load, store and change are ordered as those of shm.
func (m *askShm) load(at uintptr) uint32     { return atomic.LoadUint32(m.word(at)) }
func (m *askShm) store(at uintptr, v uint32) { atomic.StoreUint32(m.word(at), v) }
func (m *askShm) change(at uintptr, from, to uint32) bool {
	return atomic.CompareAndSwapUint32(m.word(at), from, to)
}

// wakeOne wakes who waits in the kernel for a word to change: only one thread of a
// library has the turn to ask. However many a hostile one has wait there, waking costs the same.
func (m *askShm) wakeOne(at uintptr) { wake(m.word(at), 1) }

func (m *shm) close() {
	_ = unix.MunmapPtr(m.base, shmMapped)
	*m = shm{}
}

func (m *shm) word(at uintptr) *uint32 { return (*uint32)(unsafe.Add(m.base, at)) }

// load, store and swap are ordered with each other on all processors: a flag is
// written before the counter it belongs to is looked at.
func (m *shm) load(at uintptr) uint32     { return atomic.LoadUint32(m.word(at)) }
func (m *shm) store(at uintptr, v uint32) { atomic.StoreUint32(m.word(at), v) }
func (m *shm) swap(at uintptr, v uint32) uint32 {
	return atomic.SwapUint32(m.word(at), v)
}

// wakeAll wakes whoever waits in the kernel for a word to change.
func (m *shm) wakeAll(at uintptr) { wake(m.word(at), 1<<30) }

func wake(word *uint32, most uintptr) {
	const futexWake = 1
	_, _, _ = unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, most, 0, 0, 0)
}
