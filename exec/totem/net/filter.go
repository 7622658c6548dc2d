// What was multicast comes back to its sender's own socket, for the sake of other
// executives on the same host. A filter in the kernel drops it before it is queued:
// else every packet sent would wake its sender and be copied to it.

package net

import (
	"encoding/binary"
	"net/netip"

	"golang.org/x/sys/unix"
)

const (
	netHeader  = 0xfff00000 // SKF_NET_OFF as the filter's offsets have it
	sourceIPv4 = 12
	sourceIPv6 = 8
	acceptAll  = 0xffffffff
)

// dropOwn has a socket drop what comes from an address and port. The offsets of
// the filter count from the UDP header, those beyond netHeader from the IP header.
// An error is no harm: own packets are known when they are read, too.
func dropOwn(fd int, own netip.AddrPort) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, fprog(ownFilter(own)))
}

func fprog(code []unix.SockFilter) *unix.SockFprog {
	return &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
}

// ownFilter compares the port and the address, word by word: the first that
// differs leads to the end, which accepts.
func ownFilter(own netip.AddrPort) []unix.SockFilter {
	at, ip := uint32(sourceIPv4), own.Addr().WithZone("").AsSlice()
	if own.Addr().Is6() {
		at = sourceIPv6
	}
	words := len(ip) / 4
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(2*words + 1), K: uint32(own.Port())},
	}
	for i := range words {
		code = append(code,
			unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: netHeader + at + uint32(4*i)},
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: uint8(2*(words-1-i) + 1), K: binary.BigEndian.Uint32(ip[4*i:])})
	}
	return append(code,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: acceptAll})
}
