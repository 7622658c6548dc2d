// Command aisbench measures executives: how soon the death of one is noticed,
// whether every member sees one order, throughput, latency, what an idle ring
// costs. Each measurement is a file of this directory that registers itself; this
// one only runs them.
package main

import (
	"fmt"
	"os"
	"sort"

	"github.com/spf13/cobra"
)

// commands is filled by the files of this directory from their init functions.
var commands []*cobra.Command

// register adds a measurement.
func register(c *cobra.Command) { commands = append(commands, c) }

func main() {
	root := &cobra.Command{
		Use:   "aisbench",
		Short: "Measure executives",
		Long: `aisbench starts executives of its own (on loopback, or in network namespaces
as root), measures, prints what it measured, and ends them again.

Exit codes: 0 measured, and every requirement that the measurement checks was
met; 1 otherwise.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	sort.Slice(commands, func(i, j int) bool { return commands[i].Name() < commands[j].Name() })
	root.AddCommand(commands...)
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "aisbench:", err)
		os.Exit(1)
	}
}
