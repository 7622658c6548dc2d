//go:build plantbugs

package engine

import "sync/atomic"

var plantedBug atomic.Uint32

// planted tells whether a bug is planted.
func planted(b bug) bool { return plantedBug.Load() == uint32(b) }
