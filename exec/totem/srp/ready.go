package srp

import "ais/exec/totem/wire"

// outputs gathers what an input wants done. Buffers and slices are reused: what
// Ready pointed to is void with the next input after it was taken.
type outputs struct {
	ready Ready
	taken bool
	bufs  [][]byte // packets built here, in use up to used
	used  int
}

func (o *outputs) begin() {
	if !o.taken {
		return
	}
	o.taken = false
	o.used = 0
	p, d := o.ready.Packets[:0], o.ready.Deliveries[:0]
	clear(o.ready.Deliveries)
	o.ready = Ready{Packets: p, Deliveries: d}
}

func (o *outputs) take(m *Machine) *Ready {
	o.taken = true
	if w := m.configuration(); w != nil && m.state != Left {
		o.ready.SafeRing, o.ready.SafeSeq = w.ring, min(w.safe, w.delivered)
	}
	return &o.ready
}

// buf returns an empty buffer for one packet.
func (m *Machine) buf() []byte {
	o := &m.out
	if o.used == len(o.bufs) {
		o.bufs = append(o.bufs, make([]byte, 0, m.cfg.MaxPacket))
	}
	o.used++
	return o.bufs[o.used-1][:0]
}

func (m *Machine) send(p Outgoing) {
	assert(len(p.Data) <= m.cfg.MaxPacket, "packet larger than MaxPacket")
	assert(!p.Ring.IsZero() || len(p.Data) <= m.cfg.MaxSession, "packet larger than MaxSession")
	m.out.ready.Packets = append(m.out.ready.Packets, p)
}

// sendRing sends to all members of ring r.
func (m *Machine) sendRing(r wire.RingID, pkt []byte) {
	m.send(Outgoing{RingOnly: true, Ring: r, Data: pkt})
}

// sendTo sends with the session key to one processor, or to everybody when id is 0.
func (m *Machine) sendTo(id wire.NodeID, pkt []byte) {
	m.send(Outgoing{To: id, Data: pkt})
}

func (m *Machine) deliver(d Delivery) {
	m.out.ready.Deliveries = append(m.out.ready.Deliveries, d)
}
