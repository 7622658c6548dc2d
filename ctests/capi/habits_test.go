package capi

import "testing"

// Programs of twenty years ago do these things, and nothing tells them not to.
func TestLegacyHabits(t *testing.T) {
	onEachArch(t, func(t *testing.T, a arch) {
		for _, name := range []string{"habits_fork", "habits_signal", "habits_process", "habits_limits"} {
			t.Run(name, func(t *testing.T) {
				program{Name: name, Sources: []string{name + ".c"}, Libs: []string{"-lais", "-ldl"}}.runAll(t, a)
			})
		}
	})
}
