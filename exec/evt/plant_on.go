//go:build plantbugs

package evt

import "sync/atomic"

var plantedBug atomic.Uint32

// planted reports whether b is planted.
func planted(b bug) bool { return plantedBug.Load() == uint32(b) }

// plant plants b, and only b.
func plant(b bug) { plantedBug.Store(uint32(b)) }
