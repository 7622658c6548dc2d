// Control messages: the segment size going out and coming in, the kernel's drop
// counter, extended errors.

package net

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Options that golang.org/x/sys/unix does not name on every architecture.
const (
	udpSegment       = 103
	udpGRO           = 104
	ipMulticastAll   = 49
	ipv6MulticastAll = 29
	pmtuOmit         = 5 // never look at path MTU, fragment if an interface needs it
	bindNoPort       = 24
)

// control is room for the control messages of one packet, aligned as a cmsghdr.
type control [16]uint64

const controlSize = int(unsafe.Sizeof(control{}))

// setSegment makes c say that the message consists of packets of size bytes.
func (c *control) setSegment(size int) (length int) {
	h := (*unix.Cmsghdr)(unsafe.Pointer(c))
	h.Level, h.Type = unix.IPPROTO_UDP, udpSegment
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Add(unsafe.Pointer(c), unix.CmsgLen(0))) = uint16(size)
	return unix.CmsgSpace(2)
}

// meta is what came with a received message.
type meta struct {
	segment int // size of the packets it consists of; 0: it is one
	drops   uint32
	hasDrop bool
	err     *sockErr // extended error
}

// sockErr is struct sock_extended_err.
type sockErr struct {
	errno                   uint32
	origin, typ, code, pad_ uint8
	info, data              uint32
}

// parse reads the control messages in the first n bytes. The kernel wrote them;
// the checks are there because a wrong one would read beyond the array.
func (c *control) parse(n int) (m meta) {
	n = min(n, controlSize)
	for off := 0; off+unix.SizeofCmsghdr <= n; {
		h := (*unix.Cmsghdr)(unsafe.Add(unsafe.Pointer(c), off))
		size := int(h.Len)
		if size < unix.CmsgLen(0) || size > n-off {
			return m
		}
		data := unsafe.Add(unsafe.Pointer(c), off+unix.CmsgLen(0))
		room := size - unix.CmsgLen(0)
		switch {
		case h.Level == unix.IPPROTO_UDP && h.Type == udpGRO && room >= 4:
			m.segment = int(*(*int32)(data))
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL && room >= 4:
			m.drops, m.hasDrop = *(*uint32)(data), true
		case (h.Level == unix.IPPROTO_IP && h.Type == unix.IP_RECVERR ||
			h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_RECVERR) && room >= int(unsafe.Sizeof(sockErr{})):
			m.err = (*sockErr)(data)
		}
		off += unix.CmsgSpace(room)
	}
	return m
}

func (c *control) pointer() unsafe.Pointer { return unsafe.Pointer(c) }
