// Package wire holds the packets of the ring: the value types that name nodes
// and rings, and the explicit little-endian encoding of every packet. It never
// touches a socket, a clock or a key. Decoders check every length and count
// before they use it; nothing is ever sized by a number that came from outside.
package wire

// NodeID names a processor: the nodeid of the configuration, or its IPv4
// address as a number (first byte most significant). 0 is reserved.
type NodeID uint32

// Nonce is drawn anew by each start of an executive. Echoing it proves that a
// packet was made after that start.
type Nonce [16]byte

// Member is one start of one processor. An executive that was killed and
// restarted is another Member, however quickly it came back.
type Member struct {
	ID    NodeID
	Start uint64 // start number, from the state directory, grows with every start
	Nonce Nonce
}

// RingID names a configuration's ring: its representative (the lowest NodeID)
// and a sequence number that grows with every ring any of its members ever saw.
type RingID struct {
	Rep NodeID
	Seq uint64
}

// IsZero reports whether r names no ring.
func (r RingID) IsZero() bool { return r == RingID{} }

// Less orders ring ids by sequence number, then representative.
func (r RingID) Less(o RingID) bool {
	if r.Seq != o.Seq {
		return r.Seq < o.Seq
	}
	return r.Rep < o.Rep
}

// Guarantee is the delivery guarantee of a message. FIFO and unordered
// messages are delivered as agreed, which is stronger.
type Guarantee uint8

const (
	Agreed Guarantee = iota // delivered in the total order
	Safe                    // delivered when every member of the configuration has it
)
