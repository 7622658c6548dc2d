// Raw socket structures and the two batch system calls. The unsafe part of the
// package is this file and cmsg.go.

package net

import (
	"encoding/binary"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is struct mmsghdr; the compiler pads it as C does.
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// sockaddr holds a sockaddr_in or sockaddr_in6.
type sockaddr struct {
	raw [unix.SizeofSockaddrInet6]byte
	len uint32
}

// makeSockaddr encodes an address; scope is the interface of a link-local one.
func makeSockaddr(a netip.AddrPort, scope uint32) (s sockaddr) {
	if a.Addr().Is4() {
		binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET)
		binary.BigEndian.PutUint16(s.raw[2:], a.Port())
		ip := a.Addr().As4()
		copy(s.raw[4:], ip[:])
		s.len = unix.SizeofSockaddrInet4
		return s
	}
	binary.NativeEndian.PutUint16(s.raw[0:], unix.AF_INET6)
	binary.BigEndian.PutUint16(s.raw[2:], a.Port())
	ip := a.Addr().As16()
	copy(s.raw[8:], ip[:])
	if a.Addr().IsLinkLocalUnicast() || a.Addr().IsLinkLocalMulticast() || a.Addr().IsInterfaceLocalMulticast() {
		binary.NativeEndian.PutUint32(s.raw[24:], scope)
	}
	s.len = unix.SizeofSockaddrInet6
	return s
}

// addrPort decodes; an invalid one when the kernel said neither IPv4 nor IPv6.
func (s *sockaddr) addrPort() netip.AddrPort {
	port := binary.BigEndian.Uint16(s.raw[2:])
	switch binary.NativeEndian.Uint16(s.raw[0:]) {
	case unix.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(s.raw[4:8])), port)
	case unix.AF_INET6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(s.raw[8:24])).Unmap(), port)
	}
	return netip.AddrPort{}
}

// sendmmsg and recvmmsg never block (the sockets do not), so the raw call, which
// keeps the scheduler out, is right.
func sendmmsg(fd int, msgs []mmsghdr) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)), 0, 0, 0)
	return int(n), e
}

func recvmmsg(fd int, msgs []mmsghdr) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&msgs[0])), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), e
}

func recvmsg(fd int, h *unix.Msghdr, flags int) (int, unix.Errno) {
	n, _, e := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), uintptr(flags))
	return int(n), e
}
