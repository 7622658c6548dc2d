// The messages of the service, explicit and little-endian, every length checked.
// A message is its kind and then:
//
//	open      create uint8, created uint64, name to the end
//	close     uint16 times (channel dot, openings uint32)
//	unlink    name to the end
//	publish   channel dot, event as ipcwire.AppendEvtShared has it
//	clear     channel dot, event id uint64
//	expire    uint16 times dot
//	snapshot  records, see below; only during synchronization
//
// A dot is node uint32, start uint64, nonce [16]byte, n uint64; an actor is a dot
// without n. A
// record is its kind uint8, its length uint32, and then:
//
//	members   actors: the partition that the snapshot is of
//	clock     dots: how far each actor is known
//	channel   id dot, created uint64, linked uint8, name uint16 and bytes,
//	          uint16 times alias dot, then openers: actor, openings uint32
//	event     dot, channel dot, nanoseconds left uint64, the event

package evt

import (
	"encoding/binary"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const (
	kindOpen     = 1
	kindClose    = 2
	kindUnlink   = 3
	kindPublish  = 4
	kindClear    = 5
	kindExpire   = 6
	kindSnapshot = 7

	recordMembers = 1
	recordClock   = 2
	recordChannel = 3
	recordEvent   = 4

	actorSize    = 4 + 8 + len(wire.Nonce{})
	dotSize      = actorSize + 8
	recordHeader = 1 + 4
	// publishHead is what a publication has before the event.
	publishHead = 1 + dotSize
	// snapshotOverhead is what an event takes more in a snapshot than when it is
	// published: it must fit there, too.
	snapshotOverhead = 1 + recordHeader + 2*dotSize + 8 - publishHead
	// smallMessage is more than any request but a publication has.
	smallMessage = 1 + 1 + 8 + ipcwire.MaxName + dotSize
)

func appendActor(b []byte, a actor) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(a.node))
	b = binary.LittleEndian.AppendUint64(b, a.start)
	return append(b, a.nonce[:]...)
}

func appendDot(b []byte, d dot) []byte {
	return binary.LittleEndian.AppendUint64(appendActor(b, d.actor), d.n)
}

// cursor walks over a message. After the first read beyond the end, bad is set and
// every further read yields zero.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.bad = nil, true
		return nil
	}
	p := c.b[:n:n]
	c.b = c.b[n:]
	return p
}

func (c *cursor) u8() uint8 {
	if p := c.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (c *cursor) flag() bool {
	v := c.u8()
	c.bad = c.bad || v > 1
	return v == 1
}

func (c *cursor) u16() uint16 {
	if p := c.take(2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if p := c.take(4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if p := c.take(8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

func (c *cursor) actor() actor {
	a := actor{node: wire.NodeID(c.u32()), start: c.u64()}
	copy(a.nonce[:], c.take(len(a.nonce)))
	return a
}

func (c *cursor) dot() dot { return dot{c.actor(), c.u64()} }

// name is a channel's name to the end.
func (c *cursor) name() []byte {
	p := c.take(len(c.b))
	if len(p) == 0 || len(p) > ipcwire.MaxName {
		c.bad = true
	}
	return p
}

func (c *cursor) done() bool { return !c.bad && len(c.b) == 0 }

func appendOpen(b []byte, create bool, created int64, name []byte) []byte {
	b = append(b, kindOpen, 0)
	if create {
		b[len(b)-1] = 1
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(created))
	return append(b, name...)
}

func appendUnlink(b []byte, name []byte) []byte { return append(append(b, kindUnlink), name...) }

func appendClear(b []byte, channel dot, id uint64) []byte {
	return binary.LittleEndian.AppendUint64(appendDot(append(b, kindClear), channel), id)
}

// closing is openings of a channel that are to be taken back.
type closing struct {
	channel dot
	n       uint32
}

const closingSize = dotSize + 4

func appendClose(b []byte, list []closing) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, kindClose), uint16(len(list)))
	for _, c := range list {
		b = binary.LittleEndian.AppendUint32(appendDot(b, c.channel), c.n)
	}
	return b
}

func appendExpire(b []byte, list []dot) []byte {
	b = binary.LittleEndian.AppendUint16(append(b, kindExpire), uint16(len(list)))
	for _, d := range list {
		b = appendDot(b, d)
	}
	return b
}

// A record is begun, appended to, and ended, which fills its length in.
func beginRecord(b []byte, kind byte) []byte { return append(b, kind, 0, 0, 0, 0) }

func endRecord(b []byte, start int) []byte {
	binary.LittleEndian.PutUint32(b[start+1:], uint32(len(b)-start-recordHeader))
	return b
}

func appendChannelRecord(b []byte, ch *channel) []byte {
	start := len(b)
	b = appendDot(beginRecord(b, recordChannel), ch.id)
	b = binary.LittleEndian.AppendUint64(b, uint64(ch.created))
	linked := byte(0)
	if ch.linked {
		linked = 1
	}
	b = binary.LittleEndian.AppendUint16(append(b, linked), uint16(len(ch.name)))
	b = append(b, ch.name...)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(ch.aliases)))
	for _, d := range ch.aliases {
		b = appendDot(b, d)
	}
	for _, a := range sortedActors(ch.opens) {
		b = binary.LittleEndian.AppendUint32(appendActor(b, a), ch.opens[a])
	}
	return endRecord(b, start)
}

func decodeChannelRecord(b []byte) (*channel, bool) {
	c := cursor{b: b}
	ch := newChannel(c.dot(), "", 0)
	ch.created = int64(c.u64())
	ch.linked = c.flag()
	name := c.take(int(c.u16()))
	aliases := int(c.u16())
	if c.bad || len(name) == 0 || len(name) > ipcwire.MaxName || aliases > maxAliases {
		return nil, false
	}
	ch.name = string(name)
	for range aliases {
		ch.aliases = append(ch.aliases, c.dot())
	}
	for len(c.b) > 0 {
		a := c.actor()
		n := c.u32()
		if _, twice := ch.opens[a]; twice || n == 0 {
			return nil, false
		}
		ch.opens[a] = n
	}
	return ch, c.done() && ch.id.n > 0
}

// appendEventRecord appends a retained event with left nanoseconds to live.
func appendEventRecord(b []byte, e *event, left int64) []byte {
	start := len(b)
	b = appendDot(appendDot(beginRecord(b, recordEvent), e.dot), e.ch.id)
	b = binary.LittleEndian.AppendUint64(b, uint64(left))
	b = append(b, e.rec.buf...)
	return endRecord(b, start)
}

// eventRecordSize is the size of what appendEventRecord appends.
func eventRecordSize(e *event) int { return recordHeader + 2*dotSize + 8 + len(e.rec.buf) }
