//go:build race

package loop

// raceEnabled: the race detector allocates where the program does not.
const raceEnabled = true
