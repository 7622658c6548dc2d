// The encoding of ring payloads. A payload is records, one after the other; a
// record is a whole message or one fragment of a message. A fragment that is not the
// last of its message reaches to the end of the payload:
//
//	flags  uint8   bits 0-3 lane, bit 4 first, bit 5 last, bit 6 open, rest 0
//	first: id uint48, the message's, of its sender; group length uint8 (1..32), group
//	first, not last: bytes of the whole message less one, uint24
//	not first: low byte of the id; number of the fragment, the first being 0, uint8
//	last, not open: length of the data uint16
//	data
//
// A message that is whole and open reaches to the end of the payload: in a ring of one
// processor a message may be larger than any packet. Others are not open.
//
// Behind the last record there may be padding, to make the payload as large as those
// that follow: a byte 0x0f, then zeros.
//
// Little-endian throughout. What a fragment that is not the first says of its
// message is a check and no more: a sender has one message in progress in a lane,
// the ring delivers its fragments in order and without a gap, and the bytes of all
// must be those that the first announced.
//
// The format has no version of its own: wire.Version changes with it.
//
// This file only encodes and decodes: it keeps no state and knows nothing of
// senders or groups.

package gmi

import (
	"encoding/binary"
)

const (
	flagLane  = 0x0f
	flagFirst = 0x10
	flagLast  = 0x20
	flagOpen  = 0x40
	flagMask  = flagLane | flagFirst | flagLast | flagOpen

	// padding is where flags would be; there is no such lane.
	padding = flagLane

	// MaxGroup is the longest group name in bytes.
	MaxGroup = 32

	// MessageLimit bounds messages on the wire, whatever a node is configured
	// to send: it is what the announced length can say.
	MessageLimit = 1 << 24

	// maxID is the highest id a message can have: nine years of a million a second.
	maxID = 1<<48 - 1

	// MinPayload is the smallest ring payload gmi works with.
	MinPayload = 128

	// maxPayload keeps a record's length within its 16 bits.
	maxPayload = 1<<16 - 1

	idSize     = 6
	totalSize  = 3
	lengthSize = 2
)

// record is one decoded record. Its slices point into the payload.
type record struct {
	lane        lane
	first, last bool
	id          MessageID // of a first record
	group       []byte    // of a first record
	total       int       // of a first record: bytes of the whole message
	idLow       uint8     // of the id, of every record
	number      uint8     // low bits of the fragment's number; 0 in a first record
	data        []byte
}

// headerSize is the size of the header of a record of a message to group.
func headerSize(group string, first, last bool) int {
	n := 1 + 2
	if first {
		n = 1 + idSize + 1 + len(group)
	}
	switch {
	case last:
		n += lengthSize
	case first:
		n += totalSize
	}
	return n
}

// putRecord encodes one record at the start of dst, which has room for it, and
// returns its size. number is that of the fragment; first and last tell whether the
// message begins and ends in it. One that is not the last must be the end of the
// payload.
func putRecord(dst []byte, l lane, id MessageID, group string, total int, number uint8, first, last bool, data []byte) int {
	flags := byte(l)
	if first {
		flags |= flagFirst
	}
	if last {
		flags |= flagLast
	}
	dst[0] = flags
	n := 1
	if first {
		n += putName(dst[n:], id, group)
	} else {
		dst[n], dst[n+1] = byte(id), number
		n += 2
	}
	switch {
	case last:
		binary.LittleEndian.PutUint16(dst[n:], uint16(len(data)))
		n += lengthSize
	case first:
		binary.LittleEndian.PutUint16(dst[n:], uint16(total-1))
		dst[n+2] = byte((total - 1) >> 16)
		n += totalSize
	}
	return n + copy(dst[n:], data)
}

// putName encodes what a first record says of its message, and returns its size.
func putName(dst []byte, id MessageID, group string) int {
	binary.LittleEndian.PutUint32(dst, uint32(id))
	binary.LittleEndian.PutUint16(dst[4:], uint16(id>>32))
	dst[idSize] = byte(len(group))
	return idSize + 1 + copy(dst[idSize+1:], group)
}

// openSize is the size of the header of an open record.
func openSize(group string) int { return 1 + idSize + 1 + len(group) }

// headRoom is room for it, of whole lines of the cache.
const headRoom = 64

// putOpen encodes the header of an open record at the end of room and returns where it
// begins.
func putOpen(room []byte, l lane, id MessageID, group string) int {
	start := len(room) - openSize(group)
	room[start] = byte(l) | flagFirst | flagLast | flagOpen
	putName(room[start+1:], id, group)
	return start
}

// nextRecord decodes the record at the start of b and returns what follows it.
// ok is false when b does not start with a well-formed record.
func nextRecord(b []byte) (r record, rest []byte, ok bool) {
	if len(b) == 0 || b[0]&^flagMask != 0 {
		return record{}, nil, false
	}
	if r.lane = lane(b[0] & flagLane); r.lane >= lanes {
		return record{}, nil, false
	}
	r.first = b[0]&flagFirst != 0
	r.last = b[0]&flagLast != 0
	open := b[0]&flagOpen != 0
	b = b[1:]
	if r.first {
		if len(b) < idSize+1 {
			return record{}, nil, false
		}
		r.id = MessageID(binary.LittleEndian.Uint32(b)) | MessageID(binary.LittleEndian.Uint16(b[4:]))<<32
		r.idLow = b[0]
		n := int(b[idSize])
		b = b[idSize+1:]
		if r.id == 0 || n == 0 || n > MaxGroup || len(b) < n {
			return record{}, nil, false
		}
		r.group = b[:n]
		b = b[n:]
	} else {
		if len(b) < 2 {
			return record{}, nil, false
		}
		r.idLow, r.number = b[0], b[1]
		b = b[2:]
	}
	size := 0
	switch {
	case open:
		size = len(b)
		ok = r.first && r.last && size > 0 && size <= MessageLimit
		r.total = size
	case r.last:
		if len(b) < lengthSize {
			return record{}, nil, false
		}
		size = int(binary.LittleEndian.Uint16(b))
		b = b[lengthSize:]
		ok = size <= len(b) && (r.first || size > 0)
		r.total = size
	case r.first:
		if len(b) < totalSize {
			return record{}, nil, false
		}
		r.total = 1 + int(b[0]) + int(b[1])<<8 + int(b[2])<<16
		b = b[totalSize:]
		size = len(b)
		ok = size > 0 && size < r.total
	default:
		size = len(b)
		ok = size > 0
	}
	if !ok {
		return record{}, nil, false
	}
	r.data = b[:size]
	return r, b[size:], true
}

// pad fills dst from n on with padding and returns its length.
func pad(dst []byte, n int) int {
	if n < len(dst) {
		dst[n] = padding
		clear(dst[n+1:])
	}
	return len(dst)
}

// wellFormed reports whether payload is one or more well-formed records, perhaps
// padding, and nothing else.
func wellFormed(payload []byte) bool {
	if len(payload) == 0 {
		return false
	}
	for b := payload; len(b) > 0; {
		if b[0] == padding && len(b) < len(payload) {
			return zero(b[1:])
		}
		var ok bool
		if _, b, ok = nextRecord(b); !ok {
			return false
		}
	}
	return true
}

func zero(b []byte) bool {
	for _, v := range b {
		if v != 0 {
			return false
		}
	}
	return true
}
