package net

import (
	stdnet "net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"
)

// held fills the buffer of a node that reads nothing with packets of full size, each
// sent alone, until some no longer find room, and returns how many lie in it.
func held(t *testing.T, n *node, port uint16, mtu, send int) int {
	t.Helper()
	s, err := stdnet.DialUDP("udp4", nil, stdnet.UDPAddrFromAddrPort(netip.AddrPortFrom(n.addr, port)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	packet := make([]byte, PacketSize(mtu, n.addr))
	for range send {
		if _, err := s.Write(packet); err != nil {
			t.Fatal(err)
		}
	}
	got := 0
	buf := make([]byte, 65536)
	for {
		// With receive offload a message may be several packets.
		k, _, err := unix.Recvfrom(n.ucast, buf, unix.MSG_DONTWAIT)
		if err != nil {
			return got
		}
		got += k / len(packet)
	}
}

func TestAReceiveBufferHoldsWhatIsSaidOfIt(t *testing.T) {
	for _, o := range []options{
		{n: 1, mtu: 1500, receive: 64 << 10}, {n: 1, mtu: 1500, receive: 200 << 10}, {n: 1, mtu: 1500, receive: 200 << 10, noOffload: true},
		{n: 1, mtu: 512, receive: 64 << 10}, {n: 1, mtu: 1000, receive: 64 << 10}, {n: 1, mtu: 2000, receive: 128 << 10},
		{n: 1, mtu: 9000, receive: 200 << 10}, {n: 1, mtu: 9000, receive: 200 << 10, noOffload: true}, {n: 1, mtu: 1500},
	} {
		_, ns := cluster(t, o)
		n := ns[0]
		granted, err := unix.GetsockoptInt(n.ucast, unix.SOL_SOCKET, unix.SO_RCVBUF)
		if err != nil || granted != n.Stats().ReceiveBuffer {
			t.Fatalf("%+v: the kernel granted %d bytes (%v), Stats says %d", o, granted, err, n.Stats().ReceiveBuffer)
		}
		if o.receive > 0 && granted != 2*o.receive {
			t.Errorf("%+v: %d bytes were granted", o, granted)
		}
		room := n.ReceiveRoom()
		switch got := held(t, n, n.cfg.Links[0].Port, o.mtu, 3*room+10); {
		case got < room:
			t.Errorf("%+v: %d packets lie in %d bytes, not %d", o, got, granted, room)
		case got > 2*room+2: // nor is it far from the truth
			t.Errorf("%+v: %d packets lie in %d bytes, and only %d are counted on", o, got, granted, room)
		}
	}
}

func TestThePacketsOfAReceiveBufferAreCountedAsTheKernelDoes(t *testing.T) {
	for _, tc := range []struct{ size, mtu, room int }{
		{425984, 1500, 161}, {425984, 9000, 22}, {425984, 1000, 161}, {425984, 500, 291}, {425984, 2000, 85},
		{16777216, 1500, 6371}, {2304, 1500, 1}, {1, 65535, 1},
	} {
		if got := roomIn(tc.size, tc.mtu); got != tc.room {
			t.Errorf("%d bytes hold %d packets of %d, want %d", tc.size, got, tc.mtu, tc.room)
		}
	}
}
