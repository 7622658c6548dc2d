// Command aisctl is what an operator asks an executive: its status, its flight
// recorder, to tell when its configuration has so many members, and what its
// services have. It changes nothing, unless it is told to publish an event, to restore
// a checkpoint, or to do something to what AMF manages.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"ais/exec/ctl/report"
	"ais/libais/ipcwire"
)

func main() {
	err := root().Execute()
	if err != nil {
		fmt.Fprintln(os.Stderr, "aisctl:", err)
	}
	os.Exit(code(err))
}

func root() *cobra.Command {
	root := &cobra.Command{
		Use:   "aisctl",
		Short: "Ask the executive of this node",
		Long: `aisctl asks the executive of this node. The environment variable AIS_SOCKET
(a path, or @name) names another executive's socket.

Exit codes:
  0  done
  1  wrong usage, or an error that is told
  2  no executive is running (wait waits for it instead)
  3  wait: not so many members within the timeout
  4  the executive refuses this user, or is not believed`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(statusCommand(), waitCommand(), traceCommand(), evtCommand(), ckptCommand(), amfCommand())
	return root
}

func statusCommand() *cobra.Command {
	var asJSON, all bool
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "status",
		Short: "What this executive sees: ring, members, changes, what was refused",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := ask(ipcwire.CtlStatus, nil, time.Now().Add(timeout))
			if errors.Is(err, errDeadline) {
				return fail(exitTimeout, "no answer from %s within %v", socketName(), timeout)
			}
			if err != nil {
				return err
			}
			return printStatus(cmd.OutOrStdout(), body, asJSON, all)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&all, "all", false, "print every counter, those that are zero too")
	c.Flags().DurationVar(&timeout, "timeout", 5*time.Second, "how long to wait for the answer")
	return c
}

func printStatus(w io.Writer, body []byte, asJSON, all bool) error {
	if asJSON {
		// As the executive wrote it, so that fields this aisctl does not know are kept.
		var raw json.RawMessage = body
		text, err := json.MarshalIndent(raw, "", "  ")
		if err != nil {
			return fail(exitError, "the executive's answer is no JSON: %v", err)
		}
		_, err = fmt.Fprintf(w, "%s\n", text)
		return err
	}
	var st report.Status
	if err := json.Unmarshal(body, &st); err != nil {
		return fail(exitError, "the executive's answer is no status: %v", err)
	}
	_, err := io.WriteString(w, statusText(&st, all, time.Now()))
	return err
}

func waitCommand() *cobra.Command {
	var members int
	var timeout time.Duration
	c := &cobra.Command{
		Use:   "wait",
		Short: "Wait until this executive's configuration has so many members",
		Long: `wait returns 0 as soon as this executive's configuration has exactly N members.
It waits for an executive that is not running yet, too. Exit code 3 tells that
the timeout passed first.`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if members < 1 {
				return fail(exitError, "--members must be at least 1")
			}
			if timeout < 0 {
				return fail(exitError, "--timeout must not be negative")
			}
			return wait(members, timeout)
		},
	}
	c.Flags().IntVar(&members, "members", 0, "how many members (required)")
	c.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long at most")
	_ = c.MarkFlagRequired("members")
	return c
}

// wait asks until it was answered: an executive that is not there yet, or that
// ends meanwhile, is only waited for.
func wait(members int, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	body, err := json.Marshal(report.WaitRequest{Members: members})
	if err != nil {
		return err
	}
	for {
		_, err := ask(ipcwire.CtlWait, body, deadline)
		if err == nil {
			return nil
		}
		if c := code(err); c != exitNoExecutive && !errors.Is(err, errDeadline) {
			return err
		}
		if left := time.Until(deadline); left <= 0 {
			return timedOut(members, timeout, err)
		} else {
			time.Sleep(min(left, 10*time.Millisecond))
		}
	}
}

// timedOut says what there is instead.
func timedOut(members int, timeout time.Duration, last error) error {
	if code(last) == exitNoExecutive {
		return fail(exitTimeout, "after %v: %v", timeout, last)
	}
	body, err := ask(ipcwire.CtlStatus, nil, time.Now().Add(time.Second))
	var st report.Status
	if err == nil {
		err = json.Unmarshal(body, &st)
	}
	if err != nil {
		return fail(exitTimeout, "not %d members within %v", members, timeout)
	}
	return fail(exitTimeout, "not %d members within %v: there are %d, state %s", members, timeout, len(st.Members), st.State)
}

func traceCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "trace",
		Short: "Print the executive's flight recorder: the last events with their causes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			body, err := ask(ipcwire.CtlTrace, nil, time.Now().Add(10*time.Second))
			if errors.Is(err, errDeadline) {
				return fail(exitTimeout, "no answer from %s within 10s", socketName())
			}
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(body)
			return err
		},
	}
}
