package wire

import (
	"encoding/binary"
	"errors"
)

// Version is the second byte of every packet; of a message, which has no room
// to spare, three bits of its first byte. Another version is refused: a ring never
// mixes formats. It stands for what is in messages (gmi), too.
const Version = 3

// Type is the first byte of every packet, but of messages: their first byte has its
// highest bit set.
type Type uint8

const (
	TypeData        Type = iota + 1 // a message of the ring
	TypeToken                       // the token
	TypeTokenAck                    // "the token has been seen with this sequence number"
	TypeHoldCancel                  // "do not hold the token, I have something to send"
	TypeDataAck                     // "I have everything up to this message"
	TypeLeave                       // "I stop"
	TypeJoin                        // membership: processors and failed processors
	TypeCommit                      // membership: the commit token
	TypeMergeDetect                 // "this ring is here"
	TypeChallenge                   // "echo my nonce first"
	TypeProbe                       // "are you alive"
	TypeProbeReply                  // "I am"
	typeEnd
)

var typeNames = [typeEnd]string{
	TypeData: "data", TypeToken: "token", TypeTokenAck: "token-ack", TypeHoldCancel: "hold-cancel", TypeDataAck: "data-ack",
	TypeLeave: "leave", TypeJoin: "join", TypeCommit: "commit", TypeMergeDetect: "merge-detect",
	TypeChallenge: "challenge", TypeProbe: "probe", TypeProbeReply: "probe-reply",
}

// String returns the name of the packet type.
func (t Type) String() string {
	if t > 0 && t < typeEnd {
		return typeNames[t]
	}
	return "unknown"
}

// MaxMembers is the most processors a ring can have: the obligation set of the
// commit token has that many bits.
const MaxMembers = 128

// Encoded sizes.
const (
	MemberSize = 4 + 8 + 16
	RingIDSize = 4 + 8
)

// What a decoder refuses. The values are fixed, so that refusing costs nothing.
var (
	ErrShort   = errors.New("wire: packet is shorter than its type needs")
	ErrLong    = errors.New("wire: bytes behind the end of the packet")
	ErrVersion = errors.New("wire: another version")
	ErrType    = errors.New("wire: another packet type")
	ErrCount   = errors.New("wire: count does not fit the packet")
	ErrRange   = errors.New("wire: value out of its range")
)

// Kind returns the type of a packet, or an error when it is none of ours.
func Kind(pkt []byte) (Type, error) {
	if len(pkt) < 2 {
		return 0, ErrShort
	}
	if pkt[0]&dataBit != 0 {
		if pkt[0]&dataVersion != Version<<4 {
			return 0, ErrVersion
		}
		return TypeData, nil
	}
	if pkt[1] != Version {
		return 0, ErrVersion
	}
	t := Type(pkt[0])
	if t <= TypeData || t >= typeEnd {
		return 0, ErrType
	}
	return t, nil
}

// check verifies type, version and that pkt has at least n bytes.
func check(pkt []byte, t Type, n int) error {
	k, err := Kind(pkt)
	if err != nil {
		return err
	}
	if k != t {
		return ErrType
	}
	if len(pkt) < n {
		return ErrShort
	}
	return nil
}

// checkExact is check for packets of one size.
func checkExact(pkt []byte, t Type, n int) error {
	if err := check(pkt, t, n); err != nil {
		return err
	}
	if len(pkt) != n {
		return ErrLong
	}
	return nil
}

var le = binary.LittleEndian

func appendMember(b []byte, m Member) []byte {
	b = le.AppendUint32(b, uint32(m.ID))
	b = le.AppendUint64(b, m.Start)
	return append(b, m.Nonce[:]...)
}

func getMember(b []byte) (m Member) {
	m.ID = NodeID(le.Uint32(b))
	m.Start = le.Uint64(b[4:])
	copy(m.Nonce[:], b[12:28])
	return m
}

func appendRing(b []byte, r RingID) []byte {
	b = le.AppendUint32(b, uint32(r.Rep))
	return le.AppendUint64(b, r.Seq)
}

func getRing(b []byte) RingID {
	return RingID{Rep: NodeID(le.Uint32(b)), Seq: le.Uint64(b[4:])}
}
