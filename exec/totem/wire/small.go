package wire

// The small packets. TokenAck, HoldCancel, DataAck and Leave are sealed with the ring's
// key and name no ring themselves: the key that opened them does.

// TokenAck tells that its sender has seen the token with this sequence number.
// It answers a token that came twice, and announces that the token is held.
type TokenAck struct{ Seq uint64 }

const tokenAckSize = 12

// AppendTo appends the encoded packet.
func (p *TokenAck) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeTokenAck), Version, 0, 0)
	return le.AppendUint64(b, p.Seq)
}

// Unmarshal decodes pkt.
func (p *TokenAck) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeTokenAck, tokenAckSize); err != nil {
		return err
	}
	if pkt[2] != 0 || pkt[3] != 0 {
		return ErrRange
	}
	p.Seq = le.Uint64(pkt[4:])
	return nil
}

// HoldCancel asks the representative to let an idle token go. Seq is the
// token's sequence number at the sender's last visit.
type HoldCancel struct{ Seq uint64 }

const holdCancelSize = 12

// AppendTo appends the encoded packet.
func (p *HoldCancel) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeHoldCancel), Version, 0, 0)
	return le.AppendUint64(b, p.Seq)
}

// Unmarshal decodes pkt.
func (p *HoldCancel) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeHoldCancel, holdCancelSize); err != nil {
		return err
	}
	if pkt[2] != 0 || pkt[3] != 0 {
		return ErrRange
	}
	p.Seq = le.Uint64(pkt[4:])
	return nil
}

// DataAck tells the source of a message with Acknowledge that its sender has every
// message of the ring up to Aru. Waiting tells that the sender waits for the token:
// it has something to send itself, or waits to learn what is everywhere.
type DataAck struct {
	Aru     uint64 // 1 to MaxSeq
	Waiting bool
}

const dataAckSize = 12

// AppendTo appends the encoded packet.
func (p *DataAck) AppendTo(b []byte) []byte {
	var waiting byte
	if p.Waiting {
		waiting = 1
	}
	b = append(b, byte(TypeDataAck), Version, waiting, 0)
	return le.AppendUint64(b, p.Aru)
}

// Unmarshal decodes pkt.
func (p *DataAck) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeDataAck, dataAckSize); err != nil {
		return err
	}
	p.Waiting, p.Aru = pkt[2] != 0, le.Uint64(pkt[4:])
	if pkt[2] > 1 || pkt[3] != 0 || p.Aru == 0 || p.Aru > MaxSeq {
		return ErrRange
	}
	return nil
}

// Leave tells the ring that its sender stops on purpose.
type Leave struct{}

const leaveSize = 4

// AppendTo appends the encoded packet.
func (p *Leave) AppendTo(b []byte) []byte {
	return append(b, byte(TypeLeave), Version, 0, 0)
}

// Unmarshal decodes pkt.
func (p *Leave) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeLeave, leaveSize); err != nil {
		return err
	}
	if pkt[2] != 0 || pkt[3] != 0 {
		return ErrRange
	}
	return nil
}

// MergeDetect tells everybody that a ring is here. Stamp comes back in the
// challenge it earns, so that an old challenge is known as such.
type MergeDetect struct {
	Start   uint64 // the sender's
	Ring    RingID
	Members uint16 // of the ring
	Stamp   uint64
}

const mergeDetectSize = 4 + 8 + RingIDSize + 8

// AppendTo appends the encoded packet.
func (p *MergeDetect) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeMergeDetect), Version)
	b = le.AppendUint16(b, p.Members)
	b = le.AppendUint64(b, p.Start)
	b = appendRing(b, p.Ring)
	return le.AppendUint64(b, p.Stamp)
}

// Unmarshal decodes pkt.
func (p *MergeDetect) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeMergeDetect, mergeDetectSize); err != nil {
		return err
	}
	p.Members = le.Uint16(pkt[2:])
	p.Start = le.Uint64(pkt[4:])
	p.Ring = getRing(pkt[12:])
	p.Stamp = le.Uint64(pkt[24:])
	return nil
}

// Challenge answers a Join or MergeDetect that did not echo its receiver's
// nonce. The sender's own nonce is what its seal proves; Echo and Stamp show
// the receiver that the challenge was made for this start of it, and just now.
type Challenge struct {
	Start   uint64 // the sender's
	RingSeq uint64 // highest ring sequence number the sender knows
	Echo    Nonce  // of the processor that is challenged
	Stamp   uint64 // of the packet that is challenged
}

const challengeSize = 4 + 8 + 8 + 16 + 8

// AppendTo appends the encoded packet.
func (p *Challenge) AppendTo(b []byte) []byte {
	b = append(b, byte(TypeChallenge), Version, 0, 0)
	b = le.AppendUint64(b, p.Start)
	b = le.AppendUint64(b, p.RingSeq)
	b = append(b, p.Echo[:]...)
	return le.AppendUint64(b, p.Stamp)
}

// Unmarshal decodes pkt.
func (p *Challenge) Unmarshal(pkt []byte) error {
	if err := checkExact(pkt, TypeChallenge, challengeSize); err != nil {
		return err
	}
	if pkt[2] != 0 || pkt[3] != 0 {
		return ErrRange
	}
	p.Start = le.Uint64(pkt[4:])
	p.RingSeq = le.Uint64(pkt[12:])
	copy(p.Echo[:], pkt[20:36])
	p.Stamp = le.Uint64(pkt[36:])
	return nil
}

// Probe asks whether the start of a processor with the nonce Target is alive.
type Probe struct {
	Target Nonce
	Number uint64 // no two probes of one start have the same
}

// ProbeReply answers a Probe: Echo is the prober's nonce.
type ProbeReply struct {
	Echo   Nonce
	Number uint64
}

const probeSize = 4 + 16 + 8

func appendProbe(b []byte, t Type, n *Nonce, number uint64) []byte {
	b = append(b, byte(t), Version, 0, 0)
	b = append(b, n[:]...)
	return le.AppendUint64(b, number)
}

func unmarshalProbe(pkt []byte, t Type, n *Nonce, number *uint64) error {
	if err := checkExact(pkt, t, probeSize); err != nil {
		return err
	}
	if pkt[2] != 0 || pkt[3] != 0 {
		return ErrRange
	}
	copy(n[:], pkt[4:20])
	*number = le.Uint64(pkt[20:])
	return nil
}

// AppendTo appends the encoded packet.
func (p *Probe) AppendTo(b []byte) []byte { return appendProbe(b, TypeProbe, &p.Target, p.Number) }

// Unmarshal decodes pkt.
func (p *Probe) Unmarshal(pkt []byte) error {
	return unmarshalProbe(pkt, TypeProbe, &p.Target, &p.Number)
}

// AppendTo appends the encoded packet.
func (p *ProbeReply) AppendTo(b []byte) []byte {
	return appendProbe(b, TypeProbeReply, &p.Echo, p.Number)
}

// Unmarshal decodes pkt.
func (p *ProbeReply) Unmarshal(pkt []byte) error {
	return unmarshalProbe(pkt, TypeProbeReply, &p.Echo, &p.Number)
}
