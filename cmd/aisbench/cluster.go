package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"ais/ctests/harness"
)

// ringFlags are the flags of every measurement that starts a ring.
type ringFlags struct {
	nodes      int
	namespaces bool
	plain      bool
	conf       []string
}

func (f *ringFlags) add(cmd *cobra.Command, nodes int) {
	cmd.Flags().IntVar(&f.nodes, "nodes", nodes, "number of executives")
	cmd.Flags().BoolVar(&f.namespaces, "namespaces", false, "each executive in a network namespace of its own (root)")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "without encryption")
	cmd.Flags().StringArrayVar(&f.conf, "conf", nil, "a further line of network.conf (repeatable)")
}

// start starts the ring. The caller closes it.
func (f *ringFlags) start() (*harness.Cluster, error) {
	o := harness.Options{Nodes: f.nodes, Namespaces: f.namespaces, Conf: f.conf}
	if f.plain {
		o.Conf = append([]string{"secauth:off"}, o.Conf...)
	}
	c, err := harness.New(o)
	if err != nil {
		return nil, err
	}
	if err := c.StartAll(patience); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (f *ringFlags) say(w io.Writer) {
	where, sealed := "on loopback", "encrypted"
	if f.namespaces {
		where = "in network namespaces"
	}
	if f.plain {
		sealed = "not encrypted"
	}
	fmt.Fprintf(w, "%d executives %s, %s\n", f.nodes, where, sealed)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
