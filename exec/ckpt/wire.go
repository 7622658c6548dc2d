// The messages that members send each other. Little-endian; every length is
// checked before it is used. A message starts with its kind:
//
//	request  wall int64, op, connection, number, handle, the library's body. wall is
//	         the sender's clock, number counts its requests, handle is the one an
//	         open gives out, else 0. The four are written with seven bits to a byte,
//	         lowest first: there is a request for every write, and their numbers are
//	         small.
//	exit     connection uint64
//	expire   ident, created version, expiration int64, section id to the end
//	retire   ident, version since when it is idle
//	pages    epoch, then for each page: ident, the section's place in the order
//	         uint64, page uint32, data (uint32 length)
//	forward  tag uint64, connection uint64, the library's read request
//	answer   node of the asker, tag uint64, count uint32, for each vector: index
//	         uint32, total, size, version uint64; data to the end
//
// Those of synchronization are in sync.go. The sender is what the ring says.

package ckpt

import (
	"encoding/binary"
	"math"

	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

const (
	kindRequest = 1
	kindExit    = 2
	kindExpire  = 3
	kindRetire  = 4
	kindPages   = 5
	kindForward = 6
	kindAnswer  = 7
)

const (
	requestHead = 1 + 8 + 3 + 10 + 10 + 5 // at most
	nodeSize    = 4 + len(wire.Nonce{})
	identSize   = nodeSize + 8
	versionSize = 8 + 8 + 8
	pageHead    = identSize + 8 + 4 + 4
	pagesHead   = 1 + 8 + 8
	forwardHead = 1 + 8 + 8
	answerHead  = 1 + nodeSize + 8 + 4
	answerPart  = 4 + 8 + 8 + 8
)

var le = binary.LittleEndian

// request is the head of a request message.
type request struct {
	op     ipcwire.Op
	conn   uint64
	wall   int64
	number uint64
	handle uint32
}

func appendRequest(b []byte, q *request) []byte {
	b = append(b, kindRequest)
	b = le.AppendUint64(b, uint64(q.wall))
	b = binary.AppendUvarint(b, uint64(q.op))
	b = binary.AppendUvarint(b, q.conn)
	b = binary.AppendUvarint(b, q.number)
	return binary.AppendUvarint(b, uint64(q.handle))
}

func putIdent(b []byte, id ident) []byte { return le.AppendUint64(putNode(b, id.Node), id.N) }

func putVersion(b []byte, v version) []byte {
	return le.AppendUint64(le.AppendUint64(le.AppendUint64(b, v.Seq), v.Hash), v.Tick)
}

// reader walks over a message. Reading beyond the end sets bad and yields zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.b, r.bad = nil, true
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8() uint8 {
	if p := r.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u32() uint32 {
	if p := r.take(4); p != nil {
		return le.Uint32(p)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if p := r.take(8); p != nil {
		return le.Uint64(p)
	}
	return 0
}

// upTo reads a number of which a larger one is bad.
func (r *reader) upTo(most uint64) uint64 {
	v := r.uvarint()
	if v > most {
		r.b, r.bad = nil, true
		return 0
	}
	return v
}

func (r *reader) node() nodeKey {
	n := nodeKey{ID: wire.NodeID(r.u32())}
	copy(n.Nonce[:], r.take(len(n.Nonce)))
	return n
}

func (r *reader) ident() ident     { return ident{r.node(), r.u64()} }
func (r *reader) epoch() epoch     { return epoch{r.u64(), r.u64()} }
func (r *reader) version() version { return version{r.epoch(), r.u64()} }
func (r *reader) rest() []byte     { return r.take(len(r.b)) }
func (r *reader) end() bool        { return !r.bad && len(r.b) == 0 }

func (r *reader) request() request {
	q := request{wall: int64(r.u64()), op: ipcwire.Op(r.upTo(math.MaxUint16)), conn: r.uvarint()}
	q.number, q.handle = r.uvarint(), uint32(r.upTo(math.MaxUint32))
	return q
}

// expiry is the body of expire.
type expiry struct {
	id         ident
	created    version
	expiration int64
	section    []byte
}

func appendExpire(b []byte, id ident, sec *section) []byte {
	b = putIdent(append(b, kindExpire), id)
	b = le.AppendUint64(putVersion(b, sec.created), uint64(sec.expiration))
	return append(b, sec.id...)
}

func (r *reader) expiry() expiry {
	return expiry{r.ident(), r.version(), int64(r.u64()), r.rest()}
}

func appendRetire(b []byte, ck *checkpoint) []byte {
	return putVersion(putIdent(append(b, kindRetire), ck.id), ck.idle)
}

// pageItem is a page of a section.
type pageItem struct {
	id    ident
	place uint64
	page  int
	data  []byte
}

func appendPage(b []byte, sec *section, page int, data []byte) []byte {
	b = le.AppendUint64(putIdent(b, sec.ck.id), sec.seq)
	b = le.AppendUint32(le.AppendUint32(b, uint32(page)), uint32(len(data)))
	return append(b, data...)
}

func (r *reader) page() pageItem {
	it := pageItem{id: r.ident(), place: r.u64()}
	it.page = int(r.u32())
	n := r.u32()
	if n > maxPage {
		r.bad = true
		return it
	}
	it.data = r.take(int(n))
	return it
}

// answerItem is a holder's answer for a vector.
type answerItem struct {
	index uint32
	part  ipcwire.CkptReadPart
}

func appendAnswer(b []byte, to nodeKey, tag uint64, items []answerItem) []byte {
	b = le.AppendUint64(putNode(append(b, kindAnswer), to), tag)
	b = le.AppendUint32(b, uint32(len(items)))
	for _, it := range items {
		b = le.AppendUint32(b, it.index)
		b = le.AppendUint64(le.AppendUint64(le.AppendUint64(b, it.part.Total), it.part.Size), it.part.Version)
	}
	return b
}

// answerItems reads the vectors of an answer; what is left are their data.
func (r *reader) answerItems() []answerItem {
	n := r.u32()
	if uint64(n)*answerPart > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	items := make([]answerItem, n)
	var size uint64
	for i := range items {
		it := answerItem{r.u32(), ipcwire.CkptReadPart{Total: r.u64(), Size: r.u64(), Version: r.u64()}}
		if it.part.Size > it.part.Total || it.part.Size > uint64(len(r.b)) {
			r.bad = true
			return nil
		}
		size += it.part.Size
		items[i] = it
	}
	if size != uint64(len(r.b)) {
		r.bad = true
	}
	return items
}
