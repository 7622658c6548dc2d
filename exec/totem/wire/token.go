package wire

// Range is a run of sequence numbers somebody misses.
type Range struct {
	From  uint64
	Count uint32
}

// MaxRanges is the most ranges a token carries; the rest waits for the next visit.
const MaxRanges = 64

// Token is the token of a ring (Totem 1995, section 3).
type Token struct {
	Seq       uint64 // of the token itself: grows with every hop
	High      uint64 // highest sequence number given to a message
	Aru       uint64 // every member has everything up to here, as far as known
	AruSetter NodeID // who lowered Aru last; 0 when Aru == High
	FCC       uint32 // packets sent during the last rotation
	Backlog   uint32 // packets waiting at all members
	Pending   NodeID // Recovery: who still has messages of an old ring to send; 0 nobody
	Idle      uint8  // rotations in which nothing happened
	Delayed   bool   // a hop of this rotation needed a retransmission
	Ranges    []Range
}

const (
	// TokenHeader is the size of a token without ranges.
	TokenHeader = 48
	// RangeSize is the size of one range.
	RangeSize = 12

	flagDelayed = 1
)

// AppendTo appends the encoded token.
func (t *Token) AppendTo(b []byte) []byte {
	var flags byte
	if t.Delayed {
		flags = flagDelayed
	}
	b = append(b, byte(TypeToken), Version, flags, t.Idle)
	b = le.AppendUint32(b, uint32(t.AruSetter))
	b = le.AppendUint64(b, t.Seq)
	b = le.AppendUint64(b, t.High)
	b = le.AppendUint64(b, t.Aru)
	b = le.AppendUint32(b, t.FCC)
	b = le.AppendUint32(b, t.Backlog)
	b = le.AppendUint32(b, uint32(t.Pending))
	b = le.AppendUint16(b, uint16(len(t.Ranges)))
	b = append(b, 0, 0)
	for _, r := range t.Ranges {
		b = le.AppendUint64(b, r.From)
		b = le.AppendUint32(b, r.Count)
	}
	return b
}

// MarkDelayed sets the flag of an encoded token that is sent again.
func MarkDelayed(pkt []byte) { pkt[2] |= flagDelayed }

// Unmarshal decodes pkt. Ranges are appended to t.Ranges[:0].
func (t *Token) Unmarshal(pkt []byte) error {
	if err := check(pkt, TypeToken, TokenHeader); err != nil {
		return err
	}
	n := int(le.Uint16(pkt[44:]))
	if n > MaxRanges || TokenHeader+n*RangeSize > len(pkt) {
		return ErrCount
	}
	if TokenHeader+n*RangeSize != len(pkt) {
		return ErrLong
	}
	if pkt[2]&^flagDelayed != 0 || pkt[46] != 0 || pkt[47] != 0 {
		return ErrRange
	}
	t.Delayed = pkt[2]&flagDelayed != 0
	t.Idle = pkt[3]
	t.AruSetter = NodeID(le.Uint32(pkt[4:]))
	t.Seq = le.Uint64(pkt[8:])
	t.High = le.Uint64(pkt[16:])
	t.Aru = le.Uint64(pkt[24:])
	t.FCC = le.Uint32(pkt[32:])
	t.Backlog = le.Uint32(pkt[36:])
	t.Pending = NodeID(le.Uint32(pkt[40:]))
	t.Ranges = t.Ranges[:0]
	if t.Aru > t.High || t.High > MaxSeq {
		return ErrRange
	}
	end := uint64(0) // ranges are sorted and apart
	for i := range n {
		b := pkt[TokenHeader+i*RangeSize:]
		r := Range{From: le.Uint64(b), Count: le.Uint32(b[8:])}
		if r.From <= end || r.Count == 0 || r.From > t.High || uint64(r.Count) > t.High-r.From+1 {
			return ErrRange
		}
		end = r.From + uint64(r.Count) - 1
		t.Ranges = append(t.Ranges, r)
	}
	return nil
}
