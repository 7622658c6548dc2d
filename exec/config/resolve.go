// Which address and node id this executive has on this machine.

package config

import (
	"fmt"
	"net"
	"net/netip"
)

// AddressID is an IPv4 address as a number, first byte most significant; 0 for
// any other address.
func AddressID(a netip.Addr) uint32 {
	if !a.Is4() {
		return 0
	}
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

// Self is who this executive is on this machine.
type Self struct {
	Address netip.Addr
	NodeID  uint32
	Name    string
	Members []Member // every ID filled in
}

// host is what Resolve asks the machine.
type host struct {
	prefixes func() ([]netip.Prefix, error) // of all interfaces that are up
	canBind  func(netip.Addr) bool
}

// Resolve finds the address to bind and the node id. Only the machine can tell
// whether bindnetaddr is an address or a network, so the rules that need the
// answer are here and not in Parse.
func (n *Network) Resolve() (Self, error) {
	return n.resolve(host{prefixes: interfacePrefixes, canBind: canBind})
}

func (n *Network) resolve(h host) (Self, error) {
	var s Self
	addr, err := n.bindAddress(h)
	if err != nil {
		return s, err
	}
	s.Address, s.NodeID, s.Name = addr, n.NodeID, n.NodeName
	if s.Name == "" {
		s.Name = addr.String()
	}
	listed := n.Transport != Unicast
	for _, m := range n.Members {
		if m.ID == 0 {
			m.ID = AddressID(m.Address)
			if m.Address == addr && n.NodeID != 0 {
				m.ID = n.NodeID
			}
		}
		if m.Address == addr {
			listed = true
			if s.NodeID != 0 && s.NodeID != m.ID {
				return s, fmt.Errorf("nodeid: %d: the member line of this node's address %v says %d", s.NodeID, addr, m.ID)
			}
			s.NodeID = m.ID
		}
		s.Members = append(s.Members, m)
	}
	if !listed {
		return s, fmt.Errorf("member: none of the %d member lines is this node's own address %v", len(n.Members), addr)
	}
	if s.NodeID == 0 {
		s.NodeID = AddressID(addr)
	}
	if s.NodeID == 0 || s.NodeID == 0xffffffff {
		return s, fmt.Errorf("nodeid: is required, because the address %v gives none", addr)
	}
	for _, m := range s.Members {
		if m.ID == s.NodeID && m.Address != addr {
			return s, fmt.Errorf("nodeid: %d: is this node's id and that of member %v", s.NodeID, m.Address)
		}
	}
	return s, nil
}

// bindAddress: an interface's own address is taken; the network of an interface
// picks that interface's address; else whatever can be bound as it is (127.0.0.2
// is on no interface list, yet binds); else the interface the address lies in;
// else, of an address that ends in 0, an interface in that network as 2004 took it,
// with its fixed mask 255.255.255.0 (clouds give addresses of /32).
// Networks are looked at before binding is tried, because some kernels let one
// bind a network address, as a broadcast address.
func (n *Network) bindAddress(h host) (netip.Addr, error) {
	want := n.BindNetAddr
	prefixes, err := h.prefixes()
	if err != nil {
		return want, fmt.Errorf("bindnetaddr: %v: reading this machine's interfaces: %w", want, err)
	}
	network := netip.Addr{}
	inside := netip.Addr{}
	mask2004 := netip.Addr{}
	for _, p := range prefixes {
		a := p.Addr().Unmap()
		switch {
		case a == want:
			return want, nil
		case a.Is4() != want.Is4():
		case !p.Contains(want):
			if p24, err := want.Prefix(24); want.Is4() && err == nil && p24.Contains(a) && p24.Addr() == want {
				mask2004 = n.preferred(mask2004, a)
			}
		case p.Masked().Addr() == want && p.Bits() < a.BitLen()-1:
			network = n.preferred(network, a)
		default:
			inside = n.preferred(inside, a)
		}
	}
	switch {
	case network.IsValid():
		return network, nil
	case h.canBind(want):
		return want, nil
	case inside.IsValid():
		return inside, nil
	case mask2004.IsValid():
		return mask2004, nil
	}
	return want, fmt.Errorf("bindnetaddr: %v: is no address of this machine, and none of its interfaces lies in that network", want)
}

// preferred keeps the first candidate, unless a later one is a listed member.
func (n *Network) preferred(have, next netip.Addr) netip.Addr {
	if !have.IsValid() || !n.isMember(have) && n.isMember(next) {
		return next
	}
	return have
}

func (n *Network) isMember(a netip.Addr) bool {
	for _, m := range n.Members {
		if m.Address == a {
			return true
		}
	}
	return false
}

func interfacePrefixes() ([]netip.Prefix, error) {
	var out []netip.Prefix
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range ifs {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		addrs, err := i.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			ipn, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			ip, ok := netip.AddrFromSlice(ipn.IP)
			if !ok {
				continue
			}
			ones, _ := ipn.Mask.Size()
			if p := netip.PrefixFrom(ip.Unmap(), ones); p.IsValid() {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

func canBind(a netip.Addr) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return false
	}
	c.Close()
	return true
}
