//go:build !plantbugs

package plant

// Possible tells whether this build can switch bugs on.
const Possible = false

// On reports whether b is planted: never, in this build.
func On(Bug) bool { return false }

// Set does nothing in this build.
func Set(Bug) {}
