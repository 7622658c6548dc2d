// What an operator can ask the driver.

package totem

import (
	"net/netip"

	tnet "ais/exec/totem/net"
	"ais/exec/totem/seal"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// Stats is a copy of every counter. It may be kept; taking it allocates.
type Stats struct {
	Self        wire.Member
	Ring        srp.Status
	Net         tnet.Stats
	Seal        seal.Stats
	Suite       seal.Suite // what packets are sealed with; seal.Plain: not at all
	Multicast   bool
	NotSealed   uint64 // packets of a ring whose key is gone
	StateWrites uint64
}

// Stats returns the counters. Before Start the ring's are zero.
func (d *Driver) Stats() Stats {
	s := Stats{
		Self: d.self, Net: d.net.Stats(), Seal: d.seal.Stats(), Suite: d.seal.Suite(),
		Multicast: d.net.Multicast(), NotSealed: d.notSealed, StateWrites: d.state.writes,
	}
	if d.m != nil {
		s.Ring = d.m.Status()
	}
	return s
}

// Address is the best known address of a node.
func (d *Driver) Address(id wire.NodeID) (netip.AddrPort, bool) { return d.net.Address(id) }

// Drops returns every drop counter by reason, zeros too. The first word of a name
// is the layer: net, seal, ring.
func (s *Stats) Drops() map[string]uint64 {
	m := map[string]uint64{
		"net_kernel_receive_buffer": s.Net.KernelDrops,
		"net_own":                   s.Net.Own,
		"net_truncated":             s.Net.Truncated,
		"net_bad_source":            s.Net.BadSource,
		"net_no_address":            s.Net.NoAddress,
		"net_send_queue_full":       s.Net.SendQueueFull,
		"net_send_error":            s.Net.SendErrors,
		"seal_ring_key_gone":        s.NotSealed,
	}
	for r := seal.Accepted + 1; r < seal.Reasons; r++ {
		m["seal_"+r.String()] = s.Seal.Opened[r]
	}
	for name, n := range s.Ring.Counters.RejectedByReason() {
		m["ring_"+name] = n
	}
	return m
}
