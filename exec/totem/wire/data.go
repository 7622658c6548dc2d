package wire

// Data is a message of a ring, as its source sequenced it. A retransmission is
// the same bytes, whoever sends it. In Recovery the payload of an encapsulated
// message is the ring id and the packet of a message of the old ring.
type Data struct {
	Source       NodeID
	Seq          uint64
	Round        uint64 // the token's sequence number when the source held it
	Guarantee    Guarantee
	AfterToken   bool // sent behind the token (Accelerated Ring)
	Encapsulated bool
	Old          RingID // encapsulated only
	Payload      []byte // within the packet
}

const (
	// DataHeader precedes the payload of a message.
	DataHeader = 24
	// EncapsulationHeader precedes the old packet in an encapsulated message.
	EncapsulationHeader = DataHeader + RingIDSize
	// DataOverhead is what MaxPacket must leave beside a payload, so that a
	// message can be recovered in one packet.
	DataOverhead = DataHeader + EncapsulationHeader
)

const (
	flagSafe = 1 << iota
	flagAfterToken
	flagEncapsulated
	dataFlags = flagSafe | flagAfterToken | flagEncapsulated
)

// PutHeader writes the header (and the old ring id, if encapsulated) into b and
// returns its length. b must have EncapsulationHeader bytes.
func (d *Data) PutHeader(b []byte) int {
	var flags byte
	if d.Guarantee == Safe {
		flags |= flagSafe
	}
	if d.AfterToken {
		flags |= flagAfterToken
	}
	if d.Encapsulated {
		flags |= flagEncapsulated
	}
	b[0], b[1], b[2], b[3] = byte(TypeData), Version, flags, 0
	le.PutUint32(b[4:], uint32(d.Source))
	le.PutUint64(b[8:], d.Seq)
	le.PutUint64(b[16:], d.Round)
	if !d.Encapsulated {
		return DataHeader
	}
	le.PutUint32(b[24:], uint32(d.Old.Rep))
	le.PutUint64(b[28:], d.Old.Seq)
	return EncapsulationHeader
}

// MarkAfterToken sets the flag of an encoded packet that goes behind the token.
func MarkAfterToken(pkt []byte) { pkt[2] |= flagAfterToken }

// Unmarshal decodes pkt; Payload points into it.
func (d *Data) Unmarshal(pkt []byte) error {
	if err := check(pkt, TypeData, DataHeader); err != nil {
		return err
	}
	flags := pkt[2]
	if flags&^dataFlags != 0 || pkt[3] != 0 {
		return ErrRange
	}
	d.Guarantee = Agreed
	if flags&flagSafe != 0 {
		d.Guarantee = Safe
	}
	d.AfterToken = flags&flagAfterToken != 0
	d.Encapsulated = flags&flagEncapsulated != 0
	d.Source = NodeID(le.Uint32(pkt[4:]))
	d.Seq = le.Uint64(pkt[8:])
	d.Round = le.Uint64(pkt[16:])
	d.Old = RingID{}
	d.Payload = pkt[DataHeader:]
	if d.Source == 0 || d.Seq == 0 {
		return ErrRange
	}
	if d.Encapsulated {
		if len(pkt) < EncapsulationHeader+DataHeader {
			return ErrShort
		}
		d.Old = getRing(pkt[DataHeader:])
		d.Payload = pkt[EncapsulationHeader:]
	}
	return nil
}
