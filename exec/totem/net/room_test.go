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

// The kernel has one counter for what a full buffer had no room for and for one's own
// multicasts, which our filter drops. Only the first is a loss.
func TestOnlyWhatAFullBufferHadNoRoomForIsCountedAsLost(t *testing.T) {
	for _, noOffload := range []bool{false, true} {
		l, ns := cluster(t, options{n: 2, group: "239.192.7.9", receive: 64 << 10, noOffload: noOffload})
		if !ns[0].Stats().OwnFiltered {
			t.Skip("the kernel has no filters")
		}
		for i := range 60 {
			for _, n := range ns {
				for j := range 1 + i%7 {
					n.ToAll(n.put(t, 1000, uint32(j)))
				}
				n.Flush()
			}
			settle(t, l)
		}
		const want = 8*28 + 1 + 2 + 3 + 4
		until(t, l, "all arrives", func() bool { return len(ns[0].got) >= want && len(ns[1].got) >= want })
		for i, n := range ns {
			if s := n.Stats(); s.KernelDrops != 0 || s.Own != 0 || len(n.got) != want {
				t.Errorf("no offload %v, node %d: %d lost, %d of its own, %d of %d received", noOffload, i+1, s.KernelDrops, s.Own, len(n.got), want)
			}
		}
		got := len(ns[0].got)
		const burst = 300
		for i := range burst {
			ns[1].ToAll(ns[1].put(t, 1000, uint32(i)))
			ns[1].Flush()
			ns[0].ToAll(ns[0].put(t, 1000, uint32(i)))
			ns[0].Flush()
		}
		settle(t, l)
		ns[1].ToAll(ns[1].put(t, 1000, 0)) // brings the counter
		ns[1].Flush()
		until(t, l, "what was sent is here or counted", func() bool {
			return ns[0].Stats().KernelDrops > 0 && int(ns[0].Stats().KernelDrops)+len(ns[0].got)-got >= burst+1
		})
		if s := ns[0].Stats(); int(s.KernelDrops)+len(ns[0].got)-got != burst+1 {
			t.Errorf("no offload %v: %d lost and %d received of %d", noOffload, s.KernelDrops, len(ns[0].got)-got, burst+1)
		}
	}
}
