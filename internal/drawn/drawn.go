// Package drawn makes property tests repeatable: whoever imports it in a test draws
// the same cases in every run, so that a change is not refused for a case that was
// drawn by chance on that day. go test -rapid.seed=0 draws others, -rapid.checks=N
// more of them. It owns that one default and is imported by tests only.
package drawn

import (
	"flag"

	_ "pgregory.net/rapid" // which has the flag
)

func init() {
	if err := flag.Set("rapid.seed", "20261122"); err != nil {
		panic(err) // rapid without its flag: the tests would draw by chance
	}
}
