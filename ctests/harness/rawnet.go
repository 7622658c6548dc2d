package harness

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Packet is one IPv4 packet that crossed the switch.
type Packet struct {
	At       time.Duration // CLOCK_MONOTONIC
	Src, Dst netip.AddrPort
	Proto    byte   // 6 TCP, 17 UDP
	Payload  []byte // of UDP; the whole segment of TCP, header included
}

// Recorder sees every IPv4 packet that enters the switch of a Network, from its
// start to its end.
type Recorder struct {
	fd   int
	wg   sync.WaitGroup
	mu   sync.Mutex
	list []Packet
	stop chan struct{}
	drop int
	live func(Packet)
}

// maxRecorded bounds a recording. A ring that works hard on a quiet machine sends
// 30,000 packets a second.
const maxRecorded = 2_000_000

// Record starts a recording. Segmentation offload should be off, because a batch
// that crosses the switch as one packet is recorded as one. live, if not nil, is
// called with each packet instead of keeping it.
func (w *Network) Record(live func(Packet)) (*Recorder, error) {
	r := &Recorder{stop: make(chan struct{}), live: live}
	bridge := 0
	err := w.In(0, func() (err error) {
		// Cooked: the packet begins with the IP header. Of all protocols, because
		// only such a socket sees what a bridge forwards.
		r.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(htons(unix.ETH_P_ALL)))
		if err != nil {
			return fmt.Errorf("packet socket: %w", err)
		}
		_ = unix.SetsockoptInt(r.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20)
		tv := unix.NsecToTimeval(int64(50 * time.Millisecond))
		if err := unix.SetsockoptTimeval(r.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
			return err
		}
		bridge, err = ifindex(r.fd, "br0")
		return err
	})
	if err != nil {
		if r.fd > 0 {
			unix.Close(r.fd)
		}
		return nil, err
	}
	r.wg.Add(1)
	go r.run(bridge)
	return r, nil
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

func ifindex(fd int, name string) (int, error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return 0, fmt.Errorf("index of %s: %w", name, err)
	}
	return int(req.Uint32()), nil
}

func (r *Recorder) run(bridge int) {
	defer r.wg.Done()
	buf := make([]byte, 1<<16)
	flags := 0
	for {
		select {
		case <-r.stop:
			flags = unix.MSG_DONTWAIT // what is there is still taken
		default:
		}
		n, from, err := unix.Recvfrom(r.fd, buf, flags)
		if err != nil {
			if flags != 0 {
				return
			}
			continue // the timeout that lets stop be seen
		}
		ll, ok := from.(*unix.SockaddrLinklayer)
		if !ok || ll.Protocol != htons(unix.ETH_P_IP) || ll.Ifindex == bridge || ll.Pkttype == unix.PACKET_OUTGOING {
			continue
		}
		p, ok := parseIPv4(buf[:n])
		if !ok {
			continue
		}
		if r.live != nil {
			r.live(p)
			continue
		}
		r.mu.Lock()
		if len(r.list) < maxRecorded {
			r.list = append(r.list, p)
		} else {
			r.drop++
		}
		r.mu.Unlock()
	}
}

func parseIPv4(b []byte) (Packet, bool) {
	if len(b) < 20 || b[0]>>4 != 4 {
		return Packet{}, false
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if head < 20 || total < head || total > len(b) || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return Packet{}, false // damaged, or a fragment
	}
	seg := b[head:total]
	p := Packet{At: Monotonic(), Proto: b[9]}
	if len(seg) < 8 {
		return Packet{}, false
	}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	p.Src = netip.AddrPortFrom(src, binary.BigEndian.Uint16(seg))
	p.Dst = netip.AddrPortFrom(dst, binary.BigEndian.Uint16(seg[2:]))
	switch p.Proto {
	case unix.IPPROTO_UDP:
		p.Payload = append([]byte(nil), seg[8:]...)
	case unix.IPPROTO_TCP:
		if len(seg) < 20 {
			return Packet{}, false
		}
		p.Payload = append([]byte(nil), seg...)
	default:
		return Packet{}, false
	}
	return p, true
}

// Stop ends the recording and returns the packets.
func (r *Recorder) Stop() ([]Packet, error) {
	close(r.stop)
	r.wg.Wait()
	unix.Close(r.fd)
	if r.drop > 0 {
		return r.list, fmt.Errorf("the recording was full: %d packets more", r.drop)
	}
	return r.list, nil
}

// Injector sends packets with any source address from the place of one node.
type Injector struct {
	fd  int
	buf []byte
}

// Inject opens an injector at node i's port of the switch.
func (w *Network) Inject(i int) (*Injector, error) {
	j := &Injector{buf: make([]byte, 0, 1<<16)}
	err := w.In(i, func() (err error) {
		if j.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW); err != nil {
			return fmt.Errorf("raw socket: %w", err)
		}
		return unix.BindToDevice(j.fd, "eth0")
	})
	if err != nil {
		return nil, err
	}
	return j, nil
}

// Close ends the injector.
func (j *Injector) Close() { unix.Close(j.fd) }

// UDP sends a datagram.
func (j *Injector) UDP(src, dst netip.AddrPort, payload []byte) error {
	return j.send(src.Addr(), dst.Addr(), unix.IPPROTO_UDP, append(udpHead(src, dst, len(payload)), payload...))
}

func udpHead(src, dst netip.AddrPort, payload int) []byte {
	b := binary.BigEndian.AppendUint16(nil, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+payload))
	return append(b, 0, 0) // no checksum, which IPv4 allows
}

// Unreachable tells the sender of datagrams from src to dst that dst's port is
// not reachable, as dst's host would.
func (j *Injector) Unreachable(src, dst netip.AddrPort) error {
	icmp := []byte{3, 3, 0, 0, 0, 0, 0, 0}
	icmp = append(icmp, ipHead(src.Addr(), dst.Addr(), unix.IPPROTO_UDP, 8+64)...)
	icmp = append(icmp, udpHead(src, dst, 64)...)
	binary.BigEndian.PutUint16(icmp[2:], checksum(0, icmp))
	return j.send(dst.Addr(), src.Addr(), unix.IPPROTO_ICMP, icmp)
}

// Reset sends a TCP segment with RST.
func (j *Injector) Reset(src, dst netip.AddrPort, seq uint32) error {
	b := binary.BigEndian.AppendUint16(nil, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint32(b, seq)
	b = append(b, 0, 0, 0, 0, 5<<4, 4, 0, 0, 0, 0, 0, 0) // ack 0, RST, no window
	s, d := src.Addr().As4(), dst.Addr().As4()
	sum := uint32(unix.IPPROTO_TCP) + uint32(len(b))
	for _, a := range [][4]byte{s, d} {
		sum += uint32(binary.BigEndian.Uint16(a[:])) + uint32(binary.BigEndian.Uint16(a[2:]))
	}
	binary.BigEndian.PutUint16(b[16:], checksum(sum, b))
	return j.send(src.Addr(), dst.Addr(), unix.IPPROTO_TCP, b)
}

func ipHead(src, dst netip.Addr, proto byte, payload int) []byte {
	b := []byte{0x45, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(20+payload))
	b = append(b, 0, 0, 0, 0, 64, proto, 0, 0)
	s, d := src.As4(), dst.As4()
	b = append(append(b, s[:]...), d[:]...)
	binary.BigEndian.PutUint16(b[10:], checksum(0, b))
	return b
}

func checksum(sum uint32, b []byte) uint16 {
	for ; len(b) >= 2; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) > 0 {
		sum += uint32(b[0]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}

func (j *Injector) send(src, dst netip.Addr, proto byte, payload []byte) error {
	j.buf = append(append(j.buf[:0], ipHead(src, dst, proto, len(payload))...), payload...)
	to := &unix.SockaddrInet4{Addr: dst.As4()}
	for {
		err := unix.Sendto(j.fd, j.buf, 0, to)
		if errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EAGAIN) {
			time.Sleep(time.Millisecond)
			continue
		}
		if err != nil {
			return fmt.Errorf("inject %v > %v: %w", src, dst, err)
		}
		return nil
	}
}
