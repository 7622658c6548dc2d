// The checkpoint service for operators: what there is, who has it open and whole,
// what merges discarded; a checkpoint into a file and back (ckptfile.go).

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/exec/ctl/report"
	"ais/libais"
	"ais/libais/ckpt/client"
	"ais/libais/ctl"
	"ais/libais/ipcwire"
)

// ckptTimeout is how long one request may take.
const ckptTimeout = 30 * time.Second

func ckptCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "ckpt",
		Short: "Checkpoints: list, show, lost, dump, restore",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(ckptListCommand(), ckptShowCommand(), ckptLostCommand(), ckptDumpCommand(), ckptRestoreCommand())
	return c
}

func ckptListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "All checkpoints: sections, size, openers, replicas, retention; memory and disk",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := ckptAsk(report.CkptRequest{})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), all)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), ckptListText(all))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (names and ids are base64)")
	return c
}

func ckptShowCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "One checkpoint: attributes, openers, replicas, and its sections with size, expiry and digest",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := ckptAsk(report.CkptRequest{})
			if err != nil {
				return err
			}
			page, err := ckptAsk(report.CkptRequest{Name: []byte(args[0])})
			if err != nil {
				return err
			}
			for i := range all.Checkpoints {
				if k := &all.Checkpoints[i]; string(k.Name) == args[0] && !k.Unlinked {
					page.Checkpoints = []report.Ckpt{*k}
				}
			}
			if page.Checkpoints == nil {
				return fail(exitError, "there is no checkpoint %q", args[0])
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), page)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), ckptShowText(page, time.Now()))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (names and ids are base64)")
	return c
}

func ckptLostCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "lost",
		Short: "What merges of partitions discarded: the last 1024 since this executive started",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := ckptAsk(report.CkptRequest{Lost: true})
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), page)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), ckptLostText(page))
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (names and ids are base64)")
	return c
}

// ckptAsk asks for all pages.
func ckptAsk(req report.CkptRequest) (*report.CkptPage, error) {
	deadline := time.Now().Add(ckptTimeout)
	k, e := ctl.Dial(os.Getenv(ipcwire.SocketEnv), aisUID(), ckptTimeout)
	if e != ipcwire.OK {
		return nil, ckptFail("connect", e)
	}
	defer k.Close()
	all := &report.CkptPage{}
	for {
		body, err := json.Marshal(&req)
		if err != nil {
			return nil, err
		}
		answer, e := k.Call(ipcwire.CtlCkpt, body, time.Until(deadline))
		if e == ipcwire.ErrNotExist {
			return nil, fail(exitError, "there is no checkpoint %q", req.Name)
		}
		if e != ipcwire.OK {
			return nil, ckptFail("ask for checkpoints", e)
		}
		var page report.CkptPage
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, fail(exitError, "the executive's answer is no page of checkpoints: %v", err)
		}
		page.Checkpoints = append(all.Checkpoints, page.Checkpoints...)
		page.Sections = append(all.Sections, page.Sections...)
		all = &page
		if req.After = page.Next; req.After == "" {
			return all, nil
		}
	}
}

func ckptFail(what string, e ipcwire.Error) error {
	if err := explain(e); errors.Is(err, errDeadline) {
		return fail(exitTimeout, "%s: no answer from %s within %v", what, socketName(), ckptTimeout)
	} else if code(err) != exitError || e == ipcwire.ErrVersion {
		return err
	}
	return fail(exitError, "%s: %s", what, e)
}

func ckptDial() (*client.Client, error) {
	k, e := client.Dial(libais.Options{Socket: os.Getenv(ipcwire.SocketEnv), AisUID: aisUID()}, ckptTimeout)
	if e != ipcwire.OK {
		return nil, ckptFail("connect", e)
	}
	return k, nil
}

// size is bytes for people.
func size(n int64) string {
	const units = "KMGT"
	if n < 10_000 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/1024, 0
	for f >= 1000 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	return fmt.Sprintf("%.1f %ciB", f, units[u])
}

func forNS(ns int64) string {
	if ns == ipcwire.CkptTimeEnd {
		return "for ever"
	}
	return time.Duration(ns).Round(time.Millisecond).String()
}

// ckptFlags says what a checkpoint's flags promise.
func ckptFlags(flags uint32) string {
	what := "all replicas"
	switch {
	case flags&ipcwire.CkptAllReplicas != 0:
	case flags&ipcwire.CkptActiveReplica != 0:
		what = "active replica"
	default:
		what = "active replica, weak"
	}
	if flags&ipcwire.CkptCollocated != 0 {
		what += ", collocated"
	}
	return what
}

func nodesText(ids []uint32) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteString(" ")
		}
		fmt.Fprint(&b, id)
	}
	return b.String()
}

func openersText(k *report.Ckpt) string {
	if len(k.Openers) == 0 {
		if k.LeftNS >= 0 {
			return "not open, ends in " + forNS(k.LeftNS)
		}
		return "not open"
	}
	var b strings.Builder
	b.WriteString("open")
	for i, o := range k.Openers {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %d times on node %d", o.Handles, o.Node)
	}
	return b.String()
}

func ckptListText(p *report.CkptPage) string {
	var b strings.Builder
	for i := range p.Checkpoints {
		k := &p.Checkpoints[i]
		b.WriteString(printable(k.Name))
		if k.Unlinked {
			b.WriteString(" (unlinked)")
		}
		fmt.Fprintf(&b, ": %d sections, %s, %s", k.Sections, size(int64(k.Bytes)), openersText(k))
		if len(k.Partial) > 0 {
			fmt.Fprintf(&b, ", whole on %s, not yet on %s", nodesText(k.Whole), nodesText(k.Partial))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%d checkpoints; memory %s of %s\n", len(p.Checkpoints), size(p.Memory.Used), size(p.Memory.Limit))
	d := &p.Disk
	switch {
	case !d.On:
		b.WriteString("in memory only (no checkpoint_dir)\n")
	case d.Failing:
		fmt.Fprintf(&b, "NOT saved to disk: %d failures, see the log\n", d.Failures)
	case d.Unsaved:
		fmt.Fprintf(&b, "being saved to disk, %d saves so far\n", d.Saves)
	default:
		fmt.Fprintf(&b, "saved to disk, %d saves so far\n", d.Saves)
	}
	if d.Damaged > 0 {
		fmt.Fprintf(&b, "%d files were torn or damaged when this executive started, see the log\n", d.Damaged)
	}
	if p.LostCount > 0 {
		fmt.Fprintf(&b, "%d changes were discarded by merges: aisctl ckpt lost\n", p.LostCount)
	}
	return b.String()
}

func ckptShowText(p *report.CkptPage, now time.Time) string {
	k := &p.Checkpoints[0]
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s "+format+"\n", append([]any{what}, args...)...)
	}
	line("name", "%s", printable(k.Name))
	line("flags", "%s", ckptFlags(k.Flags))
	line("size", "%s of %s", size(int64(k.Bytes)), size(int64(min(k.Size, 1<<62))))
	line("sections", "%d of %d, each at most %s, ids at most %d bytes", k.Sections, k.MaxSections, size(int64(min(k.MaxSectionSize, 1<<62))), k.MaxSectionIDSize)
	line("retention", "%s", forNS(k.RetentionNS))
	line("openers", "%s", openersText(k))
	line("replicas", "whole on %s", nodesText(k.Whole))
	if len(k.Partial) > 0 {
		line("", "not yet whole on %s", nodesText(k.Partial))
	}
	if k.Flags&ipcwire.CkptCollocated != 0 && k.Flags&ipcwire.CkptAllReplicas == 0 {
		if k.Active == 0 {
			line("active", "nowhere: sections can neither be read nor written")
		} else {
			line("active", "node %d", k.Active)
		}
	}
	for i := range p.Sections {
		s := &p.Sections[i]
		id := "(default section)"
		if len(s.ID) > 0 {
			id = printable(s.ID)
		}
		expires := "never expires"
		if s.Expiration != ipcwire.CkptTimeEnd {
			expires = "expires in " + time.Unix(0, s.Expiration).Sub(now).Round(time.Millisecond).String()
		}
		digest := "not here yet"
		if s.Digest != "" {
			digest = s.Digest
		}
		fmt.Fprintf(&b, "  %s: %s, written %s by node %d, %s, %s\n", id, size(int64(s.Size)), stamp(s.Updated), s.Writer, expires, digest)
	}
	return b.String()
}

func ckptLostText(p *report.CkptPage) string {
	var b strings.Builder
	for i := range p.Lost {
		l := &p.Lost[i]
		fmt.Fprintf(&b, "%s: checkpoint %s", l.Kind, printable(l.Checkpoint))
		if len(l.Section) > 0 {
			fmt.Fprintf(&b, ", section %s", printable(l.Section))
		}
		if l.Node != 0 {
			fmt.Fprintf(&b, ", written %s by node %d", stamp(l.Updated), l.Node)
		}
		fmt.Fprintf(&b, ", in the partition of %s", nodesText(l.Members))
		if l.Returned {
			b.WriteString("; NOT lost: a node came back that had it")
		}
		b.WriteString("\n")
	}
	if n := p.LostCount - min(p.LostCount, uint64(len(p.Lost))); n > 0 {
		fmt.Fprintf(&b, "and %d earlier\n", n)
	}
	if b.Len() == 0 {
		return "nothing was discarded since this executive started\n"
	}
	return b.String()
}
