// Command aisbench measures executives: how soon the death of one is noticed,
// whether every member sees one order, throughput, latency, what an idle ring
// costs. Each measurement is a file of this directory that registers itself; this
// one only runs them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// commands is filled by the files of this directory from their init functions.
var commands []*cobra.Command

// byItself is the annotation of a measurement that "all" leaves out, with the reason.
const byItself = "by itself"

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
	measurements := append([]*cobra.Command(nil), commands...)
	register(allCommand(measurements))
	root.AddCommand(commands...)
	err := root.ExecuteContext(context.Background())
	harness.RunExits() // what it compiled
	if err != nil {
		fmt.Fprintln(os.Stderr, "aisbench:", err)
		os.Exit(1)
	}
}

// allCommand runs every measurement with its defaults, one after the other; a
// failed one does not keep the next from running.
func allCommand(measurements []*cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "all",
		Short: "Run every measurement with its defaults, one after the other",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var failed []string
			for _, c := range measurements {
				if c.Annotations[byItself] != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "== %s: left out (%s)\n", c.Name(), c.Annotations[byItself])
					continue
				}
				fmt.Fprintf(cmd.OutOrStdout(), "== %s: %s\n", c.Name(), c.Short)
				self := exec.CommandContext(cmd.Context(), "/proc/self/exe", c.Name())
				self.Stdout, self.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
				if err := self.Run(); err != nil {
					fmt.Fprintf(cmd.ErrOrStderr(), "aisbench %s: %v\n", c.Name(), err)
					failed = append(failed, c.Name())
				}
			}
			if len(failed) > 0 {
				return fmt.Errorf("failed: %s", strings.Join(failed, ", "))
			}
			return nil
		},
	}
}

// writeJSON writes v to a file that ends with a newline.
func writeJSON(path string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
