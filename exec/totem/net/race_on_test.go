//go:build race

package net

// raceEnabled: the race detector allocates where the program does not.
const raceEnabled = true
