// The digest of a model: equal on nodes whose states can be merged. Positions in the
// file do not count, nor do comments and order of keys.

package engine

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"ais/exec/amf/model"
)

func modelDigest(m *model.Cluster, majority bool, lease time.Duration) (d [32]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%q %d %d %v %d\n", m.DN, m.Generation, m.StartupTimeout, majority, lease)
	for _, n := range m.Nodes {
		fmt.Fprintf(h, "node %q %q %d %d %v %v %v\n", n.DN, n.ClmNode, n.SuFailoverProb, n.SuFailoverMax, n.AutoRepair,
			n.RebootOnTerminationFailure, n.RebootOnInstantiateFailure)
	}
	for _, g := range m.SGs {
		fmt.Fprintf(h, "sg %q %d %d %d %d %d %d %d %d %d %v %d %v\n", g.DN, g.Redundancy, g.PrefActiveSUs, g.PrefStandbySUs,
			g.MaxActiveSIs, g.MaxStandbySIs, g.CompRestartProb, g.CompRestartMax, g.SuRestartProb, g.SuRestartMax,
			g.AutoAdjust, g.AutoAdjustProb, g.AutoRepair)
	}
	for _, u := range m.SUs {
		fmt.Fprintf(h, "su %q %d %q %v %v\n", u.DN, u.Rank, u.HostedByNode, u.External, u.Failover)
	}
	for _, c := range m.Comps {
		digestComp(h, c)
	}
	for _, si := range m.SIs {
		fmt.Fprintf(h, "si %q %q %d %d %d", si.DN, si.ProtectedBy, si.Rank, si.PrefActive, si.PrefStandby)
		for _, r := range si.RankedSUs {
			fmt.Fprintf(h, " %q %d", r.Name, r.Rank)
		}
		for _, x := range si.Dependencies {
			fmt.Fprintf(h, " %q %d", x.Name, x.Tolerance)
		}
		fmt.Fprintln(h)
	}
	for _, c := range m.CSIs {
		fmt.Fprintf(h, "csi %q %q %q %q", c.DN, c.Type, c.DependsOn, c.Members)
		for _, a := range c.Attributes {
			fmt.Fprintf(h, " %q %q", a.Name, a.Values)
		}
		fmt.Fprintln(h)
	}
	copy(d[:], h.Sum(nil))
	return d
}

func digestComp(h io.Writer, c *model.Comp) {
	fmt.Fprintf(h, "comp %q %d %d %d %d %q %q", c.DN, c.Category, c.Capability, c.MaxActiveCSIs, c.MaxStandbyCSIs, c.CSTypes, c.CmdEnv)
	for _, k := range []*model.Command{&c.Instantiate, &c.Terminate, &c.Cleanup} {
		fmt.Fprintf(h, " %q %q %d", k.Resolved, k.Argv, k.Timeout)
	}
	fmt.Fprintf(h, " %d %d %d %d %d %d %d %d %d %d %v %q %v %d", c.DefaultClcCliTimeout, c.DefaultCallbackTimeout, c.TerminateTimeout,
		c.CSISetTimeout, c.CSIRmvTimeout, c.QuiescingTimeout, c.InstantiationLevel, c.MaxInstantiateWithoutDelay,
		c.MaxInstantiateDelay, c.DelayBetweenInstantiate, c.DisableRestart, c.ProxyCSI, c.SelfStarted, c.RecoveryOnError)
	for _, k := range c.Healthchecks {
		fmt.Fprintf(h, " %q %d %d", k.Name, k.Period, k.MaxDuration)
	}
	fmt.Fprintln(h)
}
