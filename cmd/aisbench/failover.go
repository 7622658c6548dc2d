package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
	"ais/libais/evs"
	"ais/libais/ipcwire"
)

// How soon the applications of all survivors have the configuration without an
// executive that is gone.

func init() {
	var f ringFlags
	var reps int
	cmd := &cobra.Command{
		Use:   "failover",
		Short: "How soon survivors have the configuration without an executive that is gone",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.nodes < 2 || reps < 1 {
				return errors.New("at least two executives and one repetition")
			}
			w := cmd.OutOrStdout()
			f.say(w)
			fmt.Fprintf(w, "%8s %10s %10s %6s   milliseconds\n", "", "median", "max", "n")
			for _, blow := range []string{"SIGKILL", "SIGTERM", "SIGSTOP"} {
				d, err := failover(&f, blow, reps)
				if err != nil {
					return fmt.Errorf("%s: %w", blow, err)
				}
				slices.Sort(d)
				fmt.Fprintf(w, "%8s %10s %10s %6d\n", blow, ms(d[len(d)/2]), ms(d[len(d)-1]), len(d))
			}
			return nil
		},
	}
	f.add(cmd, 3)
	cmd.Flags().IntVar(&reps, "reps", 10, "repetitions of each")
	register(cmd)
}

func failover(f *ringFlags, blow string, reps int) ([]time.Duration, error) {
	c, err := f.start()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var out []time.Duration
	for k := range reps {
		d, err := strike(c, c.Nodes[k%len(c.Nodes)], blow)
		if err != nil {
			return nil, fmt.Errorf("repetition %d: %w", k+1, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// strike hits the victim, waits for every survivor's application, and makes the
// ring whole again.
func strike(c *harness.Cluster, victim *harness.Node, blow string) (time.Duration, error) {
	var clients []*client
	for _, n := range c.Nodes {
		if n == victim {
			continue
		}
		k, err := join(n)
		if err != nil {
			return 0, err
		}
		defer k.close()
		clients = append(clients, k)
		if err := k.configuration(len(c.Nodes)); err != nil {
			return 0, fmt.Errorf("node %d: %w", n.Index, err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	hit := map[string]func() (time.Duration, error){"SIGKILL": victim.Kill, "SIGTERM": victim.Term, "SIGSTOP": victim.Stop}[blow]
	began := time.Now()
	if _, err := hit(); err != nil {
		return 0, err
	}
	done := make(chan error, len(clients))
	for _, k := range clients {
		go func() { done <- k.configuration(len(c.Nodes) - 1) }()
	}
	var err error
	for range clients {
		err = errors.Join(err, <-done)
	}
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if blow == "SIGSTOP" {
		_, err = victim.Cont()
	} else {
		<-victim.Exec.Done()
		err = victim.Start()
	}
	if err != nil {
		return 0, err
	}
	return took, c.WaitWhole(patience)
}

// configuration waits for the regular configuration with so many members.
func (k *client) configuration(members int) error {
	var cfg ipcwire.EvsConfiguration
	for end := time.Now().Add(patience); time.Now().Before(end); {
		cb, err := k.next(patience)
		if err != nil {
			return err
		}
		if cb == nil || cb.Op != ipcwire.EvsConfchg {
			continue
		}
		if !evs.Configuration(*cb, &cfg) {
			return errors.New("a configuration that does not decode")
		}
		if !cfg.Transitional && len(cfg.Members) == members {
			return nil
		}
	}
	return fmt.Errorf("no configuration of %d members", members)
}
