//go:build race

package totem

// raceEnabled: the race detector allocates where the program does not.
const raceEnabled = true
