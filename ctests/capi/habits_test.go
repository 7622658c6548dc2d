package capi

import (
	"path/filepath"
	"testing"
)

// Programs of twenty years ago do these things, and nothing tells them not to.
func TestLegacyHabits(t *testing.T) {
	for _, name := range []string{"habits_fork", "habits_signal", "habits_process", "habits_limits"} {
		t.Run(name, func(t *testing.T) {
			p := program{name: name, sources: []string{name + ".c"}, libs: []string{"-lais", "-ldl"}}
			// The default directories of the loader do not have the libraries.
			runAll(t, build(t, p), []string{"LD_LIBRARY_PATH=" + filepath.Clean(lib(t))})
		})
	}
}
