// The replay window: which of the latest counters of one sender were seen.
// Ring packets arrive reordered (token and data use different sockets, members
// differ in backlog), so the window is wider than what a ring has under way.

package seal

const (
	windowWords = 64
	// WindowSize is how far behind the newest packet one may arrive. One word is
	// always being refilled and does not count.
	WindowSize = (windowWords - 1) * 64
)

// window remembers counters. Its zero value has seen nothing; counter 0 is never
// used and counts as seen.
type window struct {
	top  uint64
	bits [windowWords]uint64
}

// fresh tells whether c was not seen and is not too old. It changes nothing: a
// packet's counter is not to be believed before the packet is authenticated.
func (w *window) fresh(c uint64) bool {
	switch {
	case c == 0:
		return false
	case c > w.top:
		return true
	case w.top-c >= WindowSize:
		return false
	}
	return w.bits[c/64%windowWords]&(1<<(c%64)) == 0
}

// add marks c, which is fresh, as seen.
func (w *window) add(c uint64) {
	if c > w.top {
		steps := c/64 - w.top/64
		for i := uint64(1); i <= min(steps, windowWords); i++ {
			w.bits[(w.top/64+i)%windowWords] = 0
		}
		w.top = c
	}
	w.bits[c/64%windowWords] |= 1 << (c % 64)
}
