// The encoding of ring payloads. A payload is a version byte and records; a
// record is a whole message or one fragment of a message:
//
//	flags  uint8   bits 0-3 lane, bit 4 first, bit 5 last, rest 0
//	id     uint64  the message's id, of its sender
//	first:     group length uint8 (1..32), group, total uint32
//	not first: offset uint32
//	not (first and last): length uint16
//	data
//
// Little-endian throughout. This file only encodes and decodes: it keeps no
// state and knows nothing of senders or groups.

package gmi

import (
	"encoding/binary"
)

const (
	payloadVersion = 1

	flagLane  = 0x0f
	flagFirst = 0x10
	flagLast  = 0x20
	flagMask  = flagLane | flagFirst | flagLast

	// MaxGroup is the longest group name in bytes.
	MaxGroup = 32

	// MessageLimit bounds messages on the wire, whatever a node is configured
	// to send. It is the same on every node, so that all of them make the same
	// decision about the same message.
	MessageLimit = 16 << 20

	// MinPayload is the smallest ring payload gmi works with.
	MinPayload = 128

	// maxPayload keeps a fragment's length within its 16 bits.
	maxPayload = 1<<16 - 1

	recordFixed = 1 + 8 // flags, id
)

// record is one decoded record. Its slices point into the payload.
type record struct {
	lane        lane
	first, last bool
	id          MessageID
	group       []byte // of a first record
	total       int    // of a first record: bytes of the whole message
	offset      int    // 0 in a first record
	data        []byte
}

// headerSize is the size of the header of a record of a message to group.
func headerSize(group string, first, last bool) int {
	n := recordFixed + 4
	if first {
		n += 1 + len(group)
	}
	if !(first && last) {
		n += 2
	}
	return n
}

// putRecord encodes one record at the start of dst, which has room for it, and
// returns its size.
func putRecord(dst []byte, l lane, id MessageID, group string, total, offset int, data []byte) int {
	first, last := offset == 0, offset+len(data) == total
	flags := byte(l)
	if first {
		flags |= flagFirst
	}
	if last {
		flags |= flagLast
	}
	dst[0] = flags
	binary.LittleEndian.PutUint64(dst[1:], uint64(id))
	n := recordFixed
	if first {
		dst[n] = byte(len(group))
		n++
		n += copy(dst[n:], group)
		binary.LittleEndian.PutUint32(dst[n:], uint32(total))
	} else {
		binary.LittleEndian.PutUint32(dst[n:], uint32(offset))
	}
	n += 4
	if !(first && last) {
		binary.LittleEndian.PutUint16(dst[n:], uint16(len(data)))
		n += 2
	}
	return n + copy(dst[n:], data)
}

// nextRecord decodes the record at the start of b and returns what follows it.
// ok is false when b does not start with a well-formed record.
func nextRecord(b []byte) (r record, rest []byte, ok bool) {
	if len(b) < recordFixed+4 {
		return record{}, nil, false
	}
	flags := b[0]
	if flags&^flagMask != 0 {
		return record{}, nil, false
	}
	if r.lane = lane(flags & flagLane); r.lane >= lanes {
		return record{}, nil, false
	}
	r.first = flags&flagFirst != 0
	r.last = flags&flagLast != 0
	r.id = MessageID(binary.LittleEndian.Uint64(b[1:]))
	b = b[recordFixed:]
	if r.first {
		n := int(b[0])
		if n == 0 || n > MaxGroup || len(b) < 1+n+4 {
			return record{}, nil, false
		}
		r.group = b[1 : 1+n]
		b = b[1+n:]
	}
	// The bound is checked in 32 bits, before the number becomes an int.
	number := binary.LittleEndian.Uint32(b)
	if number > MessageLimit {
		return record{}, nil, false
	}
	b = b[4:]
	var size int
	switch {
	case r.first && r.last:
		r.total = int(number)
		size = r.total
	case len(b) < 2:
		return record{}, nil, false
	default:
		size = int(binary.LittleEndian.Uint16(b))
		b = b[2:]
		if size == 0 {
			return record{}, nil, false
		}
		if r.first {
			r.total = int(number)
			ok = size < r.total
		} else {
			r.offset = int(number)
			ok = r.offset > 0 && r.offset+size <= MessageLimit
		}
		if !ok {
			return record{}, nil, false
		}
	}
	if size > len(b) || r.id == 0 {
		return record{}, nil, false
	}
	r.data = b[:size]
	return r, b[size:], true
}

// wellFormed reports whether payload is a version byte and one or more
// well-formed records and nothing else.
func wellFormed(payload []byte) bool {
	if len(payload) < 2 || payload[0] != payloadVersion {
		return false
	}
	for b := payload[1:]; len(b) > 0; {
		var ok bool
		if _, b, ok = nextRecord(b); !ok {
			return false
		}
	}
	return true
}
