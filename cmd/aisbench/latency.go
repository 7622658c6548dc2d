package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

// Latency of self-delivery: one message outstanding, from the call of the
// multicast until the sender has its own message.

func init() {
	var f ringFlags
	var size, count int
	var pause time.Duration
	cmd := &cobra.Command{
		Use:   "latency",
		Short: "Latency of self-delivery, one message outstanding",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			f.say(w)
			c, err := f.start()
			if err != nil {
				return err
			}
			defer c.Close()
			fmt.Fprintf(w, "%6s %10s %10s %10s %10s   microseconds\n", "node", "p50", "p90", "p99", "max")
			for i, n := range c.Nodes {
				k, err := join(n)
				if err != nil {
					return err
				}
				d, err := latencies(k, size, count, pause)
				k.close()
				if err != nil {
					return fmt.Errorf("node %d: %w", i+1, err)
				}
				at := func(q float64) int64 { return d[min(int(float64(len(d))*q), len(d)-1)].Microseconds() }
				fmt.Fprintf(w, "%6d %10d %10d %10d %10d\n", i+1, at(0.5), at(0.9), at(0.99), at(1))
			}
			return nil
		},
	}
	f.add(cmd, 3)
	cmd.Flags().IntVar(&size, "size", 64, "bytes")
	cmd.Flags().IntVar(&count, "count", 3000, "messages per node")
	cmd.Flags().DurationVar(&pause, "pause", 0, "silence before each message (100ms: the token is held)")
	register(cmd)
}

// latencies sends count messages one after the other and returns their times,
// shortest first.
func latencies(k *client, size, count int, pause time.Duration) ([]time.Duration, error) {
	if size < 8 || count < 1 {
		return nil, errors.New("at least one message of at least 8 bytes")
	}
	payload := make([]byte, size)
	out := make([]time.Duration, 0, count)
	for i := range count {
		time.Sleep(pause)
		binary.LittleEndian.PutUint64(payload, uint64(i)+1)
		began := time.Now()
		for {
			ok, err := k.try(payload)
			if err != nil {
				return nil, err
			}
			if ok {
				break
			}
			time.Sleep(100 * time.Microsecond)
		}
		for {
			cb, err := k.next(patience)
			if err != nil {
				return nil, err
			}
			if cb == nil {
				return nil, errors.New("a message did not come back")
			}
			m, err := message(cb)
			if err != nil {
				return nil, err
			}
			if number(m) == uint64(i)+1 {
				break
			}
		}
		out = append(out, time.Since(began))
	}
	slices.Sort(out)
	return out, nil
}
