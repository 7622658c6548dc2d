package ipc

// This file is the memory of the connections: input buffers by size class and
// the chunks of output queues, both pooled, both counted. It belongs to the
// loop's goroutine.

import "ais/libais/ipcwire"

// inputClasses are the sizes of input buffers. A buffer grows to the next class
// when it is full, so memory follows the bytes that arrived and not the size a
// header announced.
var inputClasses = [...]int{baseInput, 64 << 10, 256 << 10, ipcwire.MaxFrame}

const (
	baseInput  = 16 << 10 // granted whatever the limit says
	smallChunk = 4 << 10
	largeChunk = 64 << 10
	// keepFree is how many bytes of free buffers of one size are kept for reuse.
	keepFree = 4 << 20
)

// memory counts and pools.
type memory struct {
	inLimit, outLimit int
	in                int // reserved for frames that outgrow the first class
	base              int // first class
	out, peak         int
	inFree            [len(inputClasses)][][]byte
	outFree           [2]*chunk
	outFreeBytes      [2]int
}

func (m *memory) note() { m.peak = max(m.peak, m.in+m.base+m.out) }

// classFor is the smallest class that holds size bytes.
func classFor(size int) int {
	for i, n := range inputClasses {
		if size <= n {
			return i
		}
	}
	panic("ipc: a frame larger than ipcwire.MaxFrame") // DecodeHeader refuses it
}

// reserve sets aside what a whole frame of size bytes will need, all or nothing:
// were it taken class by class, frames could block each other half way. Memory
// itself is only made as bytes arrive. 0: not now.
func (m *memory) reserve(size int) int {
	n := inputClasses[classFor(size)]
	if m.in+n > m.inLimit {
		return 0
	}
	m.in += n
	m.note()
	return n
}

// input returns a buffer of a class; for classes above the first there must be a
// reservation.
func (m *memory) input(class int) []byte {
	size := inputClasses[class]
	if class == 0 {
		m.base += size
		m.note()
	}
	if free := m.inFree[class]; len(free) > 0 {
		b := free[len(free)-1]
		free[len(free)-1] = nil
		m.inFree[class] = free[:len(free)-1]
		return b
	}
	return make([]byte, size)
}

func (m *memory) releaseInput(class int, b []byte) {
	if class == 0 {
		m.base -= inputClasses[0]
	}
	if (len(m.inFree[class])+1)*inputClasses[class] <= keepFree {
		m.inFree[class] = append(m.inFree[class], b)
	}
}

// chunk is a piece of an output queue; data[r:w] is not yet sent.
type chunk struct {
	next *chunk
	data []byte
	r, w int
}

func chunkClass(large bool) (class, size int) {
	if large {
		return 1, largeChunk
	}
	return 0, smallChunk
}

func (m *memory) chunk(large bool) *chunk {
	class, size := chunkClass(large)
	m.out += size
	m.note()
	if c := m.outFree[class]; c != nil {
		m.outFree[class] = c.next
		m.outFreeBytes[class] -= size
		c.next = nil
		return c
	}
	return &chunk{data: make([]byte, size)}
}

func (m *memory) releaseChunk(c *chunk) {
	class, size := chunkClass(len(c.data) == largeChunk)
	m.out -= size
	if m.outFreeBytes[class]+size > keepFree {
		return
	}
	c.r, c.w = 0, 0
	c.next = m.outFree[class]
	m.outFree[class] = c
	m.outFreeBytes[class] += size
}

// queue is bytes waiting to be sent.
type queue struct {
	head, tail *chunk
	bytes      int // not yet sent
}

// fits tells whether n more bytes stay within the output memory. A queue's first
// granted bytes are its own, so that those who hold much cannot silence the rest.
func (m *memory) fits(q *queue, n, granted int) bool {
	if q.bytes+n <= granted {
		return true
	}
	if q.tail != nil {
		n -= len(q.tail.data) - q.tail.w
	}
	return n <= 0 || m.out+n+largeChunk <= m.outLimit
}

// add copies b behind what waits. The caller has asked fits.
func (q *queue) add(m *memory, b []byte) {
	for len(b) > 0 {
		if q.tail == nil || q.tail.w == len(q.tail.data) {
			c := m.chunk(q.bytes+len(b) > smallChunk)
			if q.tail == nil {
				q.head = c
			} else {
				q.tail.next = c
			}
			q.tail = c
		}
		n := copy(q.tail.data[q.tail.w:], b)
		q.tail.w += n
		q.bytes += n
		b = b[n:]
	}
}

// parts fills list with what waits and returns how many there are.
func (q *queue) parts(list [][]byte) int {
	n := 0
	for c := q.head; c != nil && n < len(list); c = c.next {
		list[n] = c.data[c.r:c.w]
		n++
	}
	return n
}

// peek copies the first bytes of what waits.
func (q *queue) peek(to []byte) {
	for c := q.head; c != nil && len(to) > 0; c = c.next {
		to = to[copy(to, c.data[c.r:c.w]):]
	}
}

// move takes as many bytes as to has from the front.
func (q *queue) move(m *memory, to []byte) {
	q.peek(to)
	q.sent(m, len(to))
}

// sent drops n bytes from the front.
func (q *queue) sent(m *memory, n int) {
	q.bytes -= n
	for c := q.head; c != nil; c = q.head {
		k := min(n, c.w-c.r)
		c.r += k
		n -= k
		if c.r < c.w {
			return
		}
		q.head = c.next
		if q.head == nil {
			q.tail = nil
		}
		m.releaseChunk(c)
	}
}

// drop releases everything.
func (q *queue) drop(m *memory) { q.sent(m, q.bytes) }
