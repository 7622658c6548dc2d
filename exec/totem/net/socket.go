// Opening the UDP sockets and their options.

package net

import (
	"fmt"
	stdnet "net"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"ais/exec/loop"
)

// bufferSize is asked of the kernel for each direction of each socket, unless
// Config.ReceiveBuffer says otherwise: the worst
// case is a whole window of full packets from every member while this process
// is not scheduled.
const bufferSize = 8 << 20

// interfaceOf is the interface that has addr: its index, and the scope for
// link-local addresses. An address on no interface list (127.0.0.2) belongs to
// the one whose network it lies in.
func interfaceOf(addr netip.Addr) (index int, scope uint32, err error) {
	ifs, err := stdnet.Interfaces()
	if err != nil {
		return 0, 0, fmt.Errorf("net: reading the interfaces: %w", err)
	}
	longest := -1
	zone := addr.Zone()
	addr = addr.WithZone("")
	for _, i := range ifs {
		if zone != "" && zone != i.Name && zone != strconv.Itoa(i.Index) {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it went away meanwhile
		}
		for _, a := range addrs {
			n, ok := a.(*stdnet.IPNet)
			if !ok {
				continue
			}
			ip, _ := netip.AddrFromSlice(n.IP)
			ones, _ := n.Mask.Size()
			ip = ip.Unmap()
			switch {
			case ip == addr:
				return i.Index, uint32(i.Index), nil
			case ip.Is4() == addr.Is4() && netip.PrefixFrom(ip, ones).Contains(addr) && ones > longest:
				longest, index = ones, i.Index
			}
		}
	}
	return index, uint32(index), nil
}

// family picks what differs between IPv4 and IPv6.
type family struct {
	domain, level                      int
	recvErr, recvErrLevel              int
	mtuDiscover, multicastAll, loopOpt int
}

func familyOf(a netip.Addr) family {
	if a.Is4() {
		return family{unix.AF_INET, unix.IPPROTO_IP, unix.IP_RECVERR, unix.IPPROTO_IP,
			unix.IP_MTU_DISCOVER, ipMulticastAll, unix.IP_MULTICAST_LOOP}
	}
	return family{unix.AF_INET6, unix.IPPROTO_IPV6, unix.IPV6_RECVERR, unix.IPPROTO_IPV6,
		unix.IPV6_MTU_DISCOVER, ipv6MulticastAll, unix.IPV6_MULTICAST_LOOP}
}

// open opens and registers everything.
func (t *Transport) open(l LinkConfig, iface int) error {
	f := familyOf(l.Addr)
	var err error
	if t.ucast, err = t.udp(f, l.Addr, l.Port, false); err != nil {
		return err
	}
	if l.Group.IsValid() {
		if err := t.sendMulticast(f, l.Addr, iface); err != nil {
			return err
		}
		if t.mcast, err = t.udp(f, l.Group, l.Port, true); err != nil {
			return err
		}
		if err := t.joinGroup(f, l, iface); err != nil {
			return err
		}
		t.stats.OwnFiltered = dropOwn(t.mcast, t.book.self) == nil
		if err := t.loop.AddFirst(t.mcast, loop.Readable, loop.HandlerFunc(t.in.mcastReady)); err != nil {
			return err
		}
	}
	if err := t.loop.AddFirst(t.ucast, loop.Readable, loop.HandlerFunc(t.in.ucastReady)); err != nil {
		return err
	}
	t.tcp.init(t)
	if !t.cfg.NoHints {
		t.tcp.listen()
	}
	return nil
}

// udp opens a bound socket. Only the group's is shared with other executives.
func (t *Transport) udp(f family, a netip.Addr, port uint16, shared bool) (int, error) {
	fd, err := unix.Socket(f.domain, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("net: UDP socket: %w", err)
	}
	fail := func(what string, err error) (int, error) {
		unix.Close(fd)
		return -1, fmt.Errorf("net: %s of the UDP socket for %v: %w", what, netip.AddrPortFrom(a, port), err)
	}
	if shared {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return fail("SO_REUSEADDR", err)
		}
	}
	if f.domain == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			return fail("IPV6_V6ONLY", err)
		}
	}
	t.buffers(fd)
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
		return fail("SO_RXQ_OVFL", err)
	}
	if err := unix.SetsockoptInt(fd, f.recvErrLevel, f.recvErr, 1); err != nil {
		return fail("the error queue", err)
	}
	// A forged "fragmentation needed" must not make packets fail.
	if err := unix.SetsockoptInt(fd, f.level, f.mtuDiscover, pmtuOmit); err != nil {
		if err := unix.SetsockoptInt(fd, f.level, f.mtuDiscover, unix.IP_PMTUDISC_DONT); err != nil {
			return fail("MTU_DISCOVER", err)
		}
	}
	if !t.cfg.NoOffload {
		t.stats.ReceiveOffload = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, udpGRO, 1) == nil
		t.out.offload = unix.SetsockoptInt(fd, unix.IPPROTO_UDP, udpSegment, 0) == nil
		t.stats.SegmentOffload = t.out.offload
	}
	if err := unix.Bind(fd, unixAddr(netip.AddrPortFrom(a, port), t.book.scope)); err != nil {
		return fail("bind", err)
	}
	return fd, nil
}

// buffers asks for large ones: beyond the system's limit where we may.
func (t *Transport) buffers(fd int) {
	receive := t.cfg.ReceiveBuffer
	if receive <= 0 {
		receive = bufferSize
	}
	for _, o := range []struct {
		force, opt, size int
		got              *int
	}{
		{unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, receive, &t.stats.ReceiveBuffer},
		{unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, bufferSize, &t.stats.SendBuffer},
	} {
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, o.force, o.size) != nil {
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, o.opt, o.size) // granted up to the limit
		}
		*o.got, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, o.opt)
	}
}

// sendMulticast prepares the sending socket: out of the interface of the own
// address, and back to the other executives of this host.
func (t *Transport) sendMulticast(f family, a netip.Addr, iface int) error {
	var err error
	if a.Is4() {
		err = unix.SetsockoptIPMreqn(t.ucast, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Address: a.As4(), Ifindex: int32(iface)})
	} else {
		err = unix.SetsockoptInt(t.ucast, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, iface)
	}
	if err != nil {
		return fmt.Errorf("net: multicast out of the interface of %v: %w", a, err)
	}
	if err := unix.SetsockoptInt(t.ucast, f.level, f.loopOpt, 1); err != nil {
		return fmt.Errorf("net: MULTICAST_LOOP: %w", err)
	}
	return nil
}

// joinGroup makes the group's socket receive the group on our interface and
// nothing else.
func (t *Transport) joinGroup(f family, l LinkConfig, iface int) error {
	var err error
	if l.Addr.Is4() {
		err = unix.SetsockoptIPMreqn(t.mcast, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP,
			&unix.IPMreqn{Multiaddr: l.Group.As4(), Address: l.Addr.As4(), Ifindex: int32(iface)})
	} else {
		err = unix.SetsockoptIPv6Mreq(t.mcast, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP,
			&unix.IPv6Mreq{Multiaddr: l.Group.As16(), Interface: uint32(iface)})
	}
	if err != nil {
		return fmt.Errorf("net: joining group %v on the interface of %v: %w", l.Group, l.Addr, err)
	}
	if err := unix.SetsockoptInt(t.mcast, f.level, f.multicastAll, 0); err != nil && f.domain == unix.AF_INET {
		return fmt.Errorf("net: IP_MULTICAST_ALL: %w", err)
	}
	return nil
}

func (t *Transport) shut(fd *int) {
	if *fd < 0 {
		return
	}
	if t.loop.Registered(*fd) {
		t.loop.Remove(*fd)
	}
	unix.Close(*fd)
	*fd = -1
}

func unixAddr(a netip.AddrPort, scope uint32) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	if !a.Addr().IsLinkLocalUnicast() && !a.Addr().IsLinkLocalMulticast() && !a.Addr().IsInterfaceLocalMulticast() {
		scope = 0
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), ZoneId: scope, Addr: a.Addr().As16()}
}
