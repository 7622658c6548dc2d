// The Transport: what the driver calls. Owns the sockets, the book and the
// batches; says nothing to anybody but through its callbacks.

package net

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"ais/exec/loop"
	"ais/exec/totem/wire"
)

// Member is a processor of the member list.
type Member struct {
	ID   wire.NodeID
	Addr netip.Addr
}

// LinkConfig is one network that the ring runs over.
type LinkConfig struct {
	Addr  netip.Addr // own address, bound as it is
	Port  uint16     // UDP, and TCP for hints
	Group netip.Addr // multicast group; invalid: unicast to Members
	// Members are the fixed addresses. With unicast, ToAll goes to these.
	Members []Member
}

// Config of a Transport.
type Config struct {
	Loop  *loop.Loop
	Self  wire.NodeID
	Links []LinkConfig // exactly one for now
	// MTU is the largest IP packet to send (netmtu).
	MTU int
	// ReceiveBuffer is how many bytes of receive buffer are asked of the kernel for
	// each socket, which doubles them; 0: 8 MiB. Without the right to more it grants
	// up to net.core.rmem_max.
	ReceiveBuffer int
	// Receive is called for every packet, in order; pkt may be written to and is
	// valid until return.
	Receive func(pkt []byte, from netip.AddrPort)
	// UnicastFirst, if not nil, is asked when unicast packets came in: true hands
	// them up before what was multicast.
	UnicastFirst func() bool
	// Suspect is called when there is a hint that the process of a node is gone.
	// It is called from the loop, never from within Flush.
	Suspect func(id wire.NodeID)
	// NoOffload never tries UDP_SEGMENT and UDP_GRO. AIS_NO_OFFLOAD=1 does the same.
	NoOffload bool
	// NoHints opens no TCP sockets.
	NoHints bool
	// Drop, for tests, loses the received packets it says true to.
	Drop func(pkt []byte, from netip.AddrPort) bool
}

// Stats are counters since New, and the state of what may be degraded.
type Stats struct {
	SentPackets, SentBytes         uint64 // per destination
	ReceivedPackets, ReceivedBytes uint64
	SendCalls, ReceiveCalls        uint64 // system calls
	SendMessages, ReceiveMessages  uint64 // what the calls carried; less than packets with offload

	KernelDrops    uint64 // messages that a full receive buffer had no room for
	Own            uint64 // one's own multicast, looped back and not dropped by the kernel
	Truncated      uint64 // longer than any packet of ours
	BadSource      uint64 // from port 0 or no address
	NoAddress      uint64 // packets for a node whose address is not known
	SendQueueFull  uint64 // packets dropped because neither kernel nor queue had room
	SendBlocked    uint64 // times the kernel's send buffer was full
	SendErrors     uint64 // messages the kernel refused for another reason
	LastSendError  string
	IcmpErrors     uint64 // from the error queue
	Hints          uint64 // suspicions reported
	HintsDelayed   uint64 // held back by the rate limit
	TCPConnects    uint64
	TCPFalseEnds   uint64 // connections that ended although the port is served: resets nobody sent
	TCPAccepted    uint64
	TCPRefusedPeer uint64 // inbound connections closed: of strangers, or too many

	TCPAcceptErrors uint64 // times the process had no descriptor or memory for one
	TCPInbound      int    // open now
	TCPOutbound     bool   // connected to the successor

	OwnFiltered    bool // the kernel drops one's own multicast
	SegmentOffload bool // UDP_SEGMENT in use
	ReceiveOffload bool // UDP_GRO in use
	HintsOn        bool // TCP listening
	HintsError     string
	ReceiveBuffer  int // bytes the kernel granted
	SendBuffer     int
}

// Transport carries packets. All methods are for the loop's goroutine.
type Transport struct {
	cfg   Config
	loop  *loop.Loop
	book  *book
	all   slots // where ToAll goes
	size  int   // largest packet
	ucast int   // descriptors; -1: none
	mcast int
	stats Stats

	out  sender
	in   receiver
	tcp  hints
	rate suspects
}

// New opens the sockets. Nothing is received before the loop runs.
func New(cfg Config) (*Transport, error) {
	if len(cfg.Links) != 1 {
		return nil, fmt.Errorf("net: %d links: exactly one is possible", len(cfg.Links))
	}
	l := cfg.Links[0]
	if err := l.check(); err != nil {
		return nil, err
	}
	if os.Getenv("AIS_NO_OFFLOAD") == "1" {
		cfg.NoOffload = true
	}
	t := &Transport{cfg: cfg, loop: cfg.Loop, ucast: -1, mcast: -1, size: PacketSize(cfg.MTU, l.Addr)}
	if t.size < 256 {
		return nil, fmt.Errorf("net: netmtu %d leaves %d bytes for a packet: 256 are needed", cfg.MTU, t.size)
	}
	iface, scope, err := interfaceOf(l.Addr)
	l.Addr = l.Addr.WithZone("")
	if err != nil {
		return nil, err
	}
	t.book = newBook(netip.AddrPortFrom(l.Addr, l.Port), l.Group, scope)
	for _, m := range l.Members {
		if m.ID == cfg.Self || m.Addr == l.Addr {
			continue
		}
		t.book.fix(m.ID, m.Addr)
		if !l.Group.IsValid() {
			t.book.route(m.ID, &t.all)
		}
	}
	if l.Group.IsValid() {
		t.all.add(0)
	}
	t.rate.init(t)
	t.out.init(t)
	t.in.init(t)
	if err := t.open(l, iface); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// PacketSize is the largest packet that fits an IP packet of mtu bytes.
func PacketSize(mtu int, a netip.Addr) int {
	header := 20 + 8
	if a.Is6() {
		header = 40 + 8
	}
	return min(mtu, 65535) - header
}

func (l *LinkConfig) check() error {
	switch {
	case !l.Addr.IsValid() || l.Addr.IsUnspecified() || l.Addr.IsMulticast():
		return fmt.Errorf("net: %v is no address to bind", l.Addr)
	case l.Group.Zone() != "":
		return fmt.Errorf("net: group %v has a zone: the zone is that of the address", l.Group)
	case l.Port == 0:
		return errors.New("net: port 0 is no port")
	case l.Group.IsValid() && (!l.Group.IsMulticast() || l.Group.Is4() != l.Addr.Is4()):
		return fmt.Errorf("net: %v is no multicast group of the family of %v", l.Group, l.Addr)
	case len(l.Members) > maxSlots/4:
		return fmt.Errorf("net: %d members: at most %d", len(l.Members), maxSlots/4)
	}
	for _, m := range l.Members {
		if m.ID == 0 || !m.Addr.IsValid() || m.Addr.Zone() != "" || m.Addr.Is4() != l.Addr.Is4() {
			return fmt.Errorf("net: member %d %v: needs an id, and an address of the family of %v", m.ID, m.Addr, l.Addr)
		}
	}
	return nil
}

// Close closes all sockets at once. What Flush could not hand to the kernel is
// lost.
func (t *Transport) Close() {
	t.tcp.close()
	t.rate.close()
	for _, fd := range []*int{&t.ucast, &t.mcast} {
		t.shut(fd)
	}
}

// Stats returns the counters.
func (t *Transport) Stats() Stats {
	s := t.stats
	t.tcp.count(&s)
	return s
}

// Size is the largest packet that can be sent.
func (t *Transport) Size() int { return t.size }

// Learn notes that a genuine packet of id came from an address. proven tells that
// the packet is known to be fresh, which a ring's key proves.
func (t *Transport) Learn(id wire.NodeID, from netip.AddrPort, proven bool) {
	t.book.frozen = t.out.pending()
	t.book.learn(id, from, proven)
}

// Address is the best known address of a node.
func (t *Transport) Address(id wire.NodeID) (netip.AddrPort, bool) {
	if id == t.cfg.Self {
		return t.book.self, true
	}
	return t.book.address(id)
}

// Multicast reports whether packets for everybody go to a group.
func (t *Transport) Multicast() bool { return t.mcast >= 0 }

// hintInterval is the least time between two hints about one node. A hint in
// between is reported at its end, not lost: the process may have died right
// after it answered.
const hintInterval = 10 * time.Millisecond

// suspects limits the rate of hints per node. Reports are made from a timer, which
// is at the next wake-up if nothing holds them back: errors are also found while
// sending, when the driver must not be called.
type suspects struct {
	t     *Transport
	last  map[wire.NodeID]time.Duration
	late  map[wire.NodeID]bool // to be reported
	timer *loop.Timer
}

func (s *suspects) init(t *Transport) {
	s.t = t
	s.last = make(map[wire.NodeID]time.Duration)
	s.late = make(map[wire.NodeID]bool)
	s.timer = t.loop.NewTimer(s.expire)
}

func (s *suspects) close() { s.timer.Stop() }

// add notes a hint about id. Ids come from the address book, which bounds the
// maps.
func (s *suspects) add(id wire.NodeID) {
	if id == 0 || s.late[id] {
		return
	}
	due := s.t.loop.Now()
	if last, ok := s.last[id]; ok && last+hintInterval > due {
		s.t.stats.HintsDelayed++
		due = last + hintInterval
	}
	s.late[id] = true
	if at, set := s.timer.Set(); !set || at > due {
		s.timer.Reset(due)
	}
}

func (s *suspects) expire() {
	now := s.t.loop.Now()
	next := now + hintInterval
	for id := range s.late {
		if last, ok := s.last[id]; ok && last+hintInterval > now {
			next = min(next, last+hintInterval)
			continue
		}
		delete(s.late, id)
		if len(s.last) > maxSlots {
			clear(s.last)
		}
		s.last[id] = now
		s.t.stats.Hints++
		if s.t.cfg.Suspect != nil {
			s.t.cfg.Suspect(id)
		}
	}
	if len(s.late) > 0 && s.t.ucast >= 0 {
		s.timer.Reset(next)
	}
}
