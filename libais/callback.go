package libais

// This file is the callback half: taking frames from the selection object.

import (
	"golang.org/x/sys/unix"

	"ais/libais/ipcwire"
	"ais/libais/ipcwire/usock"
)

// Mode is how NextCallback reads.
type Mode uint8

const (
	// One reads exactly one callback: afterwards the selection object is
	// readable just when another is pending.
	One Mode = iota
	// All may read several at once. They are in the library's memory then, where
	// poll does not see them: the caller goes on until there is none, or at least
	// until Buffered is false, before it returns to the application.
	All
)

const (
	bulkFirst = 8 << 10
	bulkMax   = 64 << 10
)

type callbackHalf struct {
	in   inbox
	bulk int // size of the next bulk read
}

// Callback is one callback. Body is valid until the next NextCallback.
type Callback struct {
	Op   ipcwire.Op
	Body []byte
}

// FD is the selection object: readable exactly while a callback is pending (with
// the reading modes used as they say) or when the executive is gone. It is -1
// before the handshake is done, and stays the same until Close.
func (c *Conn) FD() int32 { return int32(c.cbfd) }

// CallbackWait is what to wait for when NextCallback had nothing.
func (c *Conn) CallbackWait() Wait { return Wait{int32(c.cbfd), PollIn} }

// NextCallback takes the next pending callback. It returns OK and true with one,
// OK and false when none is pending, ErrLibrary when the executive is gone and
// everything it had sent was taken.
func (c *Conn) NextCallback(mode Mode) (cb Callback, ok bool, err ipcwire.Error) {
	if c.cbfd < 0 {
		return Callback{}, false, ipcwire.ErrLibrary
	}
	b := &c.callbacks.in
	b.release()
	for {
		have := b.have()
		want := ipcwire.HeaderSize
		if len(have) >= ipcwire.HeaderSize {
			h, valid := ipcwire.DecodeHeader(have)
			if !valid {
				c.Shutdown()
				return Callback{}, false, ipcwire.ErrLibrary
			}
			want = int(h.Size)
			if len(have) >= want {
				b.used(want)
				return Callback{h.Op, have[ipcwire.HeaderSize:want:want]}, true, ipcwire.OK
			}
		}
		n, errno := c.readCallbacks(mode, want)
		if errno == unix.EAGAIN && !c.gone.Load() {
			return Callback{}, false, ipcwire.OK
		}
		if errno != 0 || n == 0 {
			c.Shutdown()
			return Callback{}, false, ipcwire.ErrLibrary
		}
	}
}

// readCallbacks reads toward a frame that will have want bytes (as far as is
// known), or more when mode allows it.
func (c *Conn) readCallbacks(mode Mode, want int) (int, unix.Errno) {
	h := &c.callbacks
	b := &h.in
	if mode == All {
		h.bulk = min(max(h.bulk, bulkFirst), bulkMax)
		p := b.roomBulk(max(want, h.bulk))
		n, errno := usock.Recv(c.cbfd, p)
		b.w += n
		if n == len(p) {
			h.bulk *= 2
		}
		return n, errno
	}
	p := b.room(want)
	p = p[:min(len(p), want-(b.w-b.r))]
	n, errno := usock.Recv(c.cbfd, p)
	b.w += n
	return n, errno
}

// roomBulk is room for a read of up to size bytes, whatever is announced; size is
// ours or follows what has arrived.
func (b *inbox) roomBulk(size int) []byte {
	have := b.w - b.r
	size = max(min(size, max(2*have, bulkMax)), have+bulkFirst)
	if b.r+size > len(b.buf) {
		old := b.buf[b.r:b.w]
		if size > len(b.buf) {
			b.buf = make([]byte, size)
		}
		copy(b.buf, old)
		b.r, b.w = 0, have
	}
	return b.buf[b.w:min(b.r+size, len(b.buf))]
}

// Buffered tells whether a whole callback is in the library's memory, where the
// selection object does not show it. It can only be true after reading with All.
func (c *Conn) Buffered() bool {
	have := c.callbacks.in.have()
	h, ok := ipcwire.DecodeHeader(have)
	return ok && len(have) >= int(h.Size)
}
