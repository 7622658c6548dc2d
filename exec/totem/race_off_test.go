//go:build !race

package totem

const raceEnabled = false
