// The availability management framework for operators: who is active, what happened
// and why, and administrative operations.

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/exec/amf/report"
	"ais/libais"
	"ais/libais/ipcwire"
	libwait "ais/libais/wait"
)

const amfTimeout = 10 * time.Second

func amfCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "amf",
		Short: "Availability management: who is active, who is standby, in which state",
		Long: `amf shows service groups, units and components with their states and assignments,
and service instances with who has them. Only what is not as it should be is named:
a unit without words is unlocked, enabled and in service.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			k, err := amfDial()
			if err != nil {
				return err
			}
			defer k.Close()
			var t report.Tree
			if err := amfAsk(k, ipcwire.AmfTree, nil, &t); err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), t)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), treeText(&t))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(amfHistoryCommand())
	for _, op := range []struct{ name, short string }{
		{"lock", "Take a node, unit, group, instance or application out of service"},
		{"unlock", "Let it be in service"},
		{"lock-in", "Terminate its components, too (it must be locked)"},
		{"unlock-in", "Let its components be instantiated again"},
		{"shutdown", "Lock it when its work is done (quiescing)"},
		{"restart", "Restart a component, a unit or an application"},
		{"repaired", "Say that a disabled component, unit or node was repaired"},
		{"si-swap", "Exchange the active and the standby unit of a service instance"},
		{"sg-adjust", "Give assignments back to the preferred units of a group"},
	} {
		c.AddCommand(amfAdminCommand(op.name, op.short))
	}
	return c
}

func amfDial() (*libais.Conn, error) {
	k, e := libwait.Dial(libais.Options{Socket: os.Getenv(ipcwire.SocketEnv), Service: ipcwire.AMF, Generation: ipcwire.GenB, AisUID: aisUID()}, amfTimeout)
	if e == ipcwire.OK {
		return k, nil
	}
	if err := explain(e); err != errDeadline {
		return nil, err
	}
	return nil, fail(exitTimeout, "no answer from %s within %v", socketName(), amfTimeout)
}

// amfAsk makes one request; both bodies are JSON.
func amfAsk(k *libais.Conn, op ipcwire.Op, req, answer any) error {
	var body []byte
	if req != nil {
		var err error
		if body, err = json.Marshal(req); err != nil {
			return err
		}
	}
	var text []byte
	e := again(func() (e ipcwire.Error) { e, text = libwait.Call(k, amfTimeout, op, body); return e })
	switch e {
	case ipcwire.OK:
	case ipcwire.ErrTimeout:
		return fail(exitTimeout, "no answer from %s within %v", socketName(), amfTimeout)
	case ipcwire.ErrLibrary:
		return fail(exitNoExecutive, "the executive at %s ended", socketName())
	default:
		return fail(exitError, "the executive at %s answers: %s", socketName(), e)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fail(exitError, "the executive's answer is not understood: %v", err)
	}
	return nil
}

func amfAdminCommand(name, short string) *cobra.Command {
	return &cobra.Command{
		Use:   name + " OBJECT",
		Short: short,
		Long: short + `. OBJECT is a distinguished name (safSu=U1,safSg=G,safApp=A), its
begin, or a name that only one object has. The command returns when the operation was
accepted; what comes of it shows in the tree and in the history.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := amfDial()
			if err != nil {
				return err
			}
			defer k.Close()
			var a report.AdminAnswer
			if err := amfAsk(k, ipcwire.AmfAdmin, report.AdminRequest{Operation: name, Target: args[0]}, &a); err != nil {
				return err
			}
			if a.Error != "" {
				return fail(exitError, "%s of %s: %s", name, a.Target, a.Error)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s of %s accepted\n", name, a.Target)
			return err
		},
	}
}

func amfHistoryCommand() *cobra.Command {
	var asJSON, follow bool
	var limit int
	c := &cobra.Command{
		Use:   "history [OBJECT]",
		Short: "What happened when, and why: transitions with their causes, oldest first",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := amfDial()
			if err != nil {
				return err
			}
			defer k.Close()
			q := report.HistoryRequest{Limit: limit}
			if len(args) > 0 {
				q.Object = args[0]
			}
			for {
				var h report.History
				if err := amfAsk(k, ipcwire.AmfHistory, q, &h); err != nil {
					return err
				}
				if asJSON && !follow {
					return printJSON(cmd.OutOrStdout(), h)
				}
				if _, err := io.WriteString(cmd.OutOrStdout(), historyText(&h)); err != nil {
					return err
				}
				if !follow {
					return nil
				}
				if n := len(h.Records); n > 0 {
					q.After, q.Limit = h.Records[n-1].N, 0
				}
				time.Sleep(200 * time.Millisecond)
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&follow, "follow", false, "go on until interrupted")
	c.Flags().IntVar(&limit, "limit", 100, "at most so many, the last ones")
	return c
}

func historyText(h *report.History) string {
	var b strings.Builder
	for _, r := range h.Records {
		at := r.Time
		if t, err := time.Parse(time.RFC3339Nano, r.Time); err == nil {
			at = t.Format("15:04:05.000000")
		}
		change := r.To
		if r.From != "" && r.To != "" {
			change = r.From + " > " + r.To
		} else if r.From != "" {
			change = r.From + " > -"
		}
		what := r.What
		if kind, dn, of := strings.Cut(what, " "); of {
			what = kind + " " + short(dn)
		}
		fmt.Fprintf(&b, "%s  %-24s %-24s %-32s", at, short(r.Object), what, change)
		if r.Cause != "" && r.Cause != "none" {
			fmt.Fprintf(&b, " %s", r.Cause)
		}
		if r.Why != "" {
			fmt.Fprintf(&b, ": %s", r.Why)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// short is a DN as people read it: the names without their classes, from the outside.
func short(dn string) string {
	parts := strings.Split(dn, ",")
	out := make([]string, 0, len(parts))
	for i := len(parts) - 1; i >= 0; i-- {
		_, name, named := strings.Cut(parts[i], "=")
		if !named {
			name = parts[i]
		}
		out = append(out, name)
	}
	return strings.Join(out, "/")
}

// marks are the words of states that are not the usual ones.
func marks(words ...string) string {
	var out []string
	for _, w := range words {
		switch w {
		case "", "unlocked", "enabled", "in-service":
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, ", ")
}

func treeText(t *report.Tree) string {
	var b strings.Builder
	if t.Off != "" {
		fmt.Fprintf(&b, "availability management is OFF: %s\n", t.Off)
		return b.String()
	}
	fmt.Fprintf(&b, "cluster %s, %s (interface %s)\n", t.Cluster, t.File, t.Generation)
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "NOTE    %s\n", n)
	}
	for _, n := range t.Nodes {
		what := fmt.Sprintf("node %d", n.ID)
		if n.ID == 0 {
			what = "NOT THERE"
		} else if n.ID == t.Self {
			what += " (this one)"
		}
		fmt.Fprintf(&b, "node    %-12s %s\n", n.Name, marks(what, n.Admin, n.Oper, n.Note))
	}
	for _, g := range t.Groups {
		fmt.Fprintf(&b, "\ngroup   %-12s %s\n", g.Name, marks(g.Redundancy, g.Admin))
		for _, u := range g.Units {
			fmt.Fprintf(&b, "  unit  %-12s %s\n", u.Name, marks(on(u.Node), u.Admin, u.Oper, presence(u.Presence), u.Readiness))
			for _, c := range u.Components {
				unitToo := marks(c.Oper, presence(c.Presence))
				if c.Presence == u.Presence {
					unitToo = marks(c.Oper)
				}
				fmt.Fprintf(&b, "    %-6s%-12s %s\n", role(c.CSIs), c.Name, strings.TrimSpace(unitToo+" "+assigned(c.CSIs)))
			}
		}
	}
	if len(t.Instances) > 0 {
		b.WriteByte('\n')
	}
	for _, i := range t.Instances {
		fmt.Fprintf(&b, "instance %-11s %s", i.Name, marks(i.State, i.Admin))
		if len(i.Active) > 0 {
			fmt.Fprintf(&b, "; active %s", strings.Join(i.Active, " "))
		}
		if len(i.Standby) > 0 {
			fmt.Fprintf(&b, "; standby %s", strings.Join(i.Standby, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func on(node string) string {
	if node == "" {
		return ""
	}
	return "on " + node
}

// presence names a presence state unless it is the usual one.
func presence(p string) string {
	if p == "instantiated" {
		return ""
	}
	return p
}

// role is what a component is, at a glance.
func role(list []report.Assigned) string {
	has := map[string]bool{}
	for _, a := range list {
		has[a.HA] = true
	}
	switch {
	case has["active"] && has["standby"]:
		return "A+S"
	case has["active"]:
		return "ACT"
	case has["quiescing"]:
		return "qsg"
	case has["quiesced"]:
		return "qsd"
	case has["standby"]:
		return "sby"
	}
	return "-"
}

func assigned(list []report.Assigned) string {
	var out []string
	for _, a := range list {
		out = append(out, a.HA+" "+short(a.CSI))
	}
	return strings.Join(out, ", ")
}
