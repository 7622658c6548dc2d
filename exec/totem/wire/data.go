package wire

// Data is a message of a ring, as its source sequenced it. A retransmission is
// the same bytes, whoever sends it. There are more of these than of all other
// packets together, so they say things once and briefly: members by their places.
//
//	 0  form     1  bit 7 set; bits 6-4 version; bits 3-0 flags
//	 1  source   1  place in the ring
//	 2  seq      6
//	 8  round    2  low bits
//	10  payload
//
// In Recovery the payload of an encapsulated message is a message of an old ring:
//
//	10  ring    12  the old one's id
//	22  source   1  place in the old ring
//	23  seq      6  in the old ring
//	29  payload     of the old message
type Data struct {
	Source       uint8  // place among the ring's members, which are sorted by id
	Seq          uint64 // 1 to MaxSeq
	Round        uint16 // low bits of the token's sequence number when the source held it
	Guarantee    Guarantee
	AfterToken   bool // sent behind the token (Accelerated Ring)
	Acknowledge  bool // its source keeps the token until all have said that they have everything up to it; never of an encapsulated one
	Encapsulated bool
	Old          OldData // encapsulated only
	Payload      []byte  // within the packet
}

// OldData is what an encapsulated message keeps of the header of the old one.
type OldData struct {
	Ring      RingID
	Source    uint8 // place in the old ring
	Seq       uint64
	Guarantee Guarantee
}

const (
	// DataHeader precedes the payload of a message.
	DataHeader = 10
	// EncapsulationHeader precedes the old payload in an encapsulated message. A
	// payload must leave so much of MaxPacket, so that a message can be recovered in
	// one packet.
	EncapsulationHeader = DataHeader + RingIDSize + 1 + 6

	// MaxSeq is the highest sequence number of a message. It is as many as nine
	// years of a million a second have: a ring that comes near it is formed anew, so
	// that no number is ever shortened.
	MaxSeq = 1<<48 - 1
)

const (
	flagSafe = 1 << iota
	flagAfterToken
	flagEncapsulated
	flagOldSafe // encapsulated: guarantee of the old message

	flagAcknowledge = flagOldSafe // not encapsulated

	dataFlags   = 0x0f
	dataVersion = 0x70
	dataBit     = 0x80
)

func putSeq(b []byte, seq uint64) {
	le.PutUint32(b, uint32(seq))
	le.PutUint16(b[4:], uint16(seq>>32))
}

func getSeq(b []byte) uint64 { return uint64(le.Uint32(b)) | uint64(le.Uint16(b[4:]))<<32 }

// PutHeader writes all but the payload into b, which has room for it, and returns
// its length.
func (d *Data) PutHeader(b []byte) int {
	b[0] = dataBit | Version<<4
	if d.Guarantee == Safe {
		b[0] |= flagSafe
	}
	if d.AfterToken {
		b[0] |= flagAfterToken
	}
	b[1] = d.Source
	putSeq(b[2:], d.Seq)
	le.PutUint16(b[8:], d.Round)
	if !d.Encapsulated {
		if d.Acknowledge {
			b[0] |= flagAcknowledge
		}
		return DataHeader
	}
	b[0] |= flagEncapsulated
	if d.Old.Guarantee == Safe {
		b[0] |= flagOldSafe
	}
	le.PutUint32(b[10:], uint32(d.Old.Ring.Rep))
	le.PutUint64(b[14:], d.Old.Ring.Seq)
	b[22] = d.Old.Source
	putSeq(b[23:], d.Old.Seq)
	return EncapsulationHeader
}

// MarkAfterToken sets the flag of an encoded packet that goes behind the token.
func MarkAfterToken(pkt []byte) { pkt[0] |= flagAfterToken }

// MarkAcknowledge sets the flag of an encoded packet, not an encapsulated one, whose
// receivers are to say at once that they have it.
func MarkAcknowledge(pkt []byte) { pkt[0] |= flagAcknowledge }

// Unmarshal decodes pkt; Payload points into it.
func (d *Data) Unmarshal(pkt []byte) error {
	if err := check(pkt, TypeData, DataHeader); err != nil {
		return err
	}
	flags := pkt[0] & dataFlags
	d.Guarantee = Agreed
	if flags&flagSafe != 0 {
		d.Guarantee = Safe
	}
	d.AfterToken = flags&flagAfterToken != 0
	d.Encapsulated = flags&flagEncapsulated != 0
	d.Source = pkt[1]
	d.Seq = getSeq(pkt[2:])
	d.Round = le.Uint16(pkt[8:])
	d.Old, d.Acknowledge = OldData{}, false
	d.Payload = pkt[DataHeader:]
	if d.Source >= MaxMembers || d.Seq == 0 {
		return ErrRange
	}
	if !d.Encapsulated {
		d.Acknowledge = flags&flagAcknowledge != 0
		return nil
	}
	if len(pkt) < EncapsulationHeader {
		return ErrShort
	}
	d.Old = OldData{Ring: getRing(pkt[10:]), Source: pkt[22], Seq: getSeq(pkt[23:])}
	if flags&flagOldSafe != 0 {
		d.Old.Guarantee = Safe
	}
	d.Payload = pkt[EncapsulationHeader:]
	if d.Old.Source >= MaxMembers || d.Old.Seq == 0 {
		return ErrRange
	}
	return nil
}
