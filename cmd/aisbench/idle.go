package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/campaign"
)

// What executives cost when nothing is sent.

func init() {
	var span time.Duration
	cmd := &cobra.Command{
		Use:   "idle",
		Short: "What executives cost when nothing is sent",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var failed []error
			for _, nodes := range []int{1, 3} {
				r, err := campaign.Idle(nodes, time.Second, span, 0.01)
				if r != nil {
					fmt.Fprintln(cmd.OutOrStdout(), r)
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		},
	}
	cmd.Flags().DurationVar(&span, "for", 10*time.Second, "time of each measurement")
	register(cmd)
}
