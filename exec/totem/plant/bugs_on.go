//go:build plantbugs

package plant

import "sync/atomic"

// Possible tells whether this build can switch bugs on.
const Possible = true

var planted atomic.Uint32

// On reports whether b is planted.
func On(b Bug) bool { return b != None && planted.Load() == uint32(b) }

// Set plants b, and only b, in this process; None removes it.
func Set(b Bug) { planted.Store(uint32(b)) }
