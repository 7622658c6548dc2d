// Package usock is the few system calls on AF_UNIX stream sockets that library
// and executive make, without waiting and without allocating: vectored send,
// receive, a descriptor passed along, who the peer is. Everything is raw: a Go
// program linked with it gets no network poller, and a C program that loads it
// gets no thread for it.
//
// Every call returns at once (MSG_DONTWAIT), never raises SIGPIPE, retries after
// a signal, and marks the descriptors it makes close-on-exec. Results are error
// numbers; 0 is success.
//
// All calls may be made from any thread; what concurrent calls on one
// descriptor mean is the kernel's business.
package usock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MaxParts is how many parts one Send takes.
const MaxParts = 64

// smallCall is the size up to which a copy by the kernel is short enough to be
// hidden from the Go scheduler: telling it costs more than the copy.
const smallCall = 64 << 10

const ioFlags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL

// Send writes parts, as one call, and returns how many bytes went. At most
// MaxParts parts are looked at. Empty parts are allowed.
func Send(fd int, parts ...[]byte) (int, unix.Errno) {
	var iov [MaxParts]unix.Iovec
	n, total := 0, 0
	for _, p := range parts {
		if len(p) == 0 {
			continue
		}
		if n == MaxParts {
			break
		}
		iov[n].Base = &p[0]
		iov[n].SetLen(len(p))
		n++
		total += len(p)
	}
	if n == 0 {
		return 0, 0
	}
	var msg unix.Msghdr
	msg.Iov = &iov[0]
	msg.SetIovlen(n)
	return sendmsg(fd, &msg, total)
}

// SendFD writes p and passes the descriptor pass with its first byte.
func SendFD(fd int, p []byte, pass int) (int, unix.Errno) {
	if len(p) == 0 {
		return 0, unix.EINVAL
	}
	var iov unix.Iovec
	iov.Base = &p[0]
	iov.SetLen(len(p))
	var ctl fdControl
	ctl.hdr.Level = unix.SOL_SOCKET
	ctl.hdr.Type = unix.SCM_RIGHTS
	ctl.hdr.SetLen(unix.CmsgLen(4))
	ctl.fd[0] = int32(pass)
	var msg unix.Msghdr
	msg.Iov = &iov
	msg.SetIovlen(1)
	msg.Control = (*byte)(unsafe.Pointer(&ctl))
	msg.SetControllen(unix.CmsgSpace(4))
	return sendmsg(fd, &msg, len(p))
}

// fdControl is a control message with room for one descriptor; the kernel
// closes what does not fit.
type fdControl struct {
	hdr unix.Cmsghdr
	fd  [2]int32 // the second is the padding of CMSG_SPACE
}

func sendmsg(fd int, msg *unix.Msghdr, total int) (int, unix.Errno) {
	for {
		var n uintptr
		var errno unix.Errno
		if total <= smallCall {
			n, _, errno = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(msg)), ioFlags)
		} else {
			n, _, errno = unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(msg)), ioFlags)
		}
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// Recv reads into p. (0, 0) means that the peer has closed (p is not empty).
func Recv(fd int, p []byte) (int, unix.Errno) {
	if len(p) == 0 {
		return 0, unix.EINVAL
	}
	for {
		var n uintptr
		var errno unix.Errno
		if len(p) <= smallCall {
			n, _, errno = unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), ioFlags, 0, 0)
		} else {
			n, _, errno = unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), ioFlags, 0, 0)
		}
		if errno == 0 {
			return int(n), 0
		}
		if errno != unix.EINTR {
			return 0, errno
		}
	}
}

// RecvFD is Recv that takes a descriptor passed along. passed is -1 when there
// was none; otherwise the caller owns it.
func RecvFD(fd int, p []byte) (n, passed int, errno unix.Errno) {
	if len(p) == 0 {
		return 0, -1, unix.EINVAL
	}
	for {
		var iov unix.Iovec
		iov.Base = &p[0]
		iov.SetLen(len(p))
		var ctl fdControl
		var msg unix.Msghdr
		msg.Iov = &iov
		msg.SetIovlen(1)
		msg.Control = (*byte)(unsafe.Pointer(&ctl))
		msg.SetControllen(unix.CmsgSpace(4))
		r, _, e := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&msg)), ioFlags|unix.MSG_CMSG_CLOEXEC)
		if e == unix.EINTR {
			continue
		}
		if e != 0 {
			return 0, -1, e
		}
		return int(r), ctl.take(int(msg.Controllen)), 0
	}
}

// take returns the descriptor in a received control message of size bytes. The
// space of one descriptor is padded, so on 64-bit machines a second one fits:
// it is closed, the protocol never passes two.
func (c *fdControl) take(size int) int {
	if size < unix.CmsgLen(4) || c.hdr.Level != unix.SOL_SOCKET || c.hdr.Type != unix.SCM_RIGHTS {
		return -1
	}
	if int(c.hdr.Len) >= unix.CmsgLen(8) && size >= unix.CmsgLen(8) {
		Close(int(c.fd[1]))
	}
	return int(c.fd[0])
}

// Socket makes a stream socket, non-blocking.
func Socket() (int, unix.Errno) {
	fd, _, errno := unix.RawSyscall(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), 0
}

// Pair makes two connected stream sockets, non-blocking.
func Pair() (a, b int, errno unix.Errno) {
	var fds [2]int32
	_, _, errno = unix.RawSyscall6(unix.SYS_SOCKETPAIR, unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0,
		uintptr(unsafe.Pointer(&fds)), 0, 0)
	if errno != 0 {
		return -1, -1, errno
	}
	return int(fds[0]), int(fds[1]), 0
}

// address fills sa and returns its length; name is as ipcwire.SocketName has it.
func address(sa *unix.RawSockaddrUnix, name string, abstract bool) (uintptr, unix.Errno) {
	sa.Family = unix.AF_UNIX
	if len(name) == 0 || len(name) >= len(sa.Path) {
		return 0, unix.ENAMETOOLONG
	}
	at := 0
	if abstract {
		at = 1
	}
	for i := range len(name) {
		sa.Path[at+i] = int8(name[i])
	}
	// A path is sent with its zero byte, an abstract name with the one before it.
	return unsafe.Offsetof(sa.Path) + uintptr(len(name)) + 1, 0
}

// Connect connects fd.
func Connect(fd int, name string, abstract bool) unix.Errno {
	var sa unix.RawSockaddrUnix
	n, errno := address(&sa, name, abstract)
	if errno != 0 {
		return errno
	}
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&sa)), n)
		if errno != unix.EINTR {
			return errno
		}
	}
}

// Bind gives fd its name.
func Bind(fd int, name string, abstract bool) unix.Errno {
	var sa unix.RawSockaddrUnix
	n, errno := address(&sa, name, abstract)
	if errno != 0 {
		return errno
	}
	_, _, errno = unix.RawSyscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&sa)), n)
	return errno
}

// Peer is who is at the other end, as the kernel noted it when the peer
// connected, or, seen by the peer, when we called listen.
func Peer(fd int) (unix.Ucred, unix.Errno) {
	var cred unix.Ucred
	size := uint32(unsafe.Sizeof(cred))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERCRED,
		uintptr(unsafe.Pointer(&cred)), uintptr(unsafe.Pointer(&size)), 0)
	return cred, errno
}

// PeerGroups fills list with the peer's supplementary groups and returns how
// many there are; when that is more than fit, list is unchanged and the error
// is ERANGE.
func PeerGroups(fd int, list []uint32) (int, unix.Errno) {
	var room [1]uint32
	p := unsafe.Pointer(&room)
	if len(list) > 0 {
		p = unsafe.Pointer(&list[0])
	}
	size := uint32(len(list) * 4)
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
		uintptr(p), uintptr(unsafe.Pointer(&size)), 0)
	return int(size / 4), errno
}

// High moves a descriptor above the standard ones, so that a program that has
// closed those and opens them again does not meet our socket there. It returns
// fd itself, or the new one after closing fd, or -1 after closing fd.
func High(fd int) int {
	if fd > 2 || fd < 0 {
		return fd
	}
	up, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	Close(fd)
	if errno != 0 {
		return -1
	}
	return int(up)
}

// Shutdown ends both directions: everyone who waits on either end wakes up.
func Shutdown(fd int) {
	_, _, _ = unix.RawSyscall(unix.SYS_SHUTDOWN, uintptr(fd), unix.SHUT_RDWR, 0)
}

// Close closes fd. There is no retry: Linux has released the number whatever
// close returns.
func Close(fd int) {
	_, _, _ = unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0)
}
