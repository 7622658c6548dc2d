// The event service for operators: what there is, what is published, and an event
// by hand.

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ais/libais"
	"ais/libais/evt"
	"ais/libais/evt/client"
	"ais/libais/ipcwire"
)

// evtTimeout is how long one request may take.
const evtTimeout = 10 * time.Second

func evtCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "evt [CHANNEL]",
		Short: "Event channels, who has them open, subscriptions, retained events",
		Long: `evt lists the event channels, or with a name what that channel retains. Openers
and retained events are those of the cluster, subscriptions those of this node.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := evtDial()
			if err != nil {
				return err
			}
			defer k.Close()
			list, e := k.Channels()
			if e != ipcwire.OK {
				return evtFail("list channels", e)
			}
			if len(args) == 0 {
				return printChannels(cmd.OutOrStdout(), list, asJSON)
			}
			return printRetained(cmd.OutOrStdout(), k, list, args[0], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(evtWatchCommand(), evtPublishCommand())
	return c
}

func evtDial() (*client.Client, error) {
	k, e := client.Dial(libais.Options{Socket: os.Getenv(ipcwire.SocketEnv), AisUID: aisUID()}, evtTimeout)
	if e != ipcwire.OK {
		if err := explain(e); err != errDeadline {
			return nil, err
		}
		return nil, fail(exitTimeout, "no answer from %s within %v", socketName(), evtTimeout)
	}
	return k, nil
}

func evtFail(what string, e ipcwire.Error) error {
	switch e {
	case ipcwire.ErrTimeout:
		return fail(exitTimeout, "%s: no answer from %s within %v", what, socketName(), evtTimeout)
	case ipcwire.ErrLibrary:
		return fail(exitNoExecutive, "%s: the executive at %s ended", what, socketName())
	}
	return fail(exitError, "%s: %s", what, e)
}

// again repeats a request while the executive says that it cannot take it now.
func again(f func() ipcwire.Error) ipcwire.Error {
	for deadline := time.Now().Add(evtTimeout); ; time.Sleep(10 * time.Millisecond) {
		if e := f(); e != ipcwire.ErrTryAgain || time.Now().After(deadline) {
			return e
		}
	}
}

// channelJSON and retainedJSON are what --json prints; fields are only added.
type channelJSON struct {
	Name          string       `json:"name"`
	Unlinked      bool         `json:"unlinked,omitempty"`
	Created       string       `json:"created"`
	Openers       []openerJSON `json:"openers"`
	Subscriptions uint32       `json:"subscriptions"`
	Retained      uint32       `json:"retained"`
}

type openerJSON struct {
	Node     uint32 `json:"node"`
	Start    uint64 `json:"start"`
	Openings uint32 `json:"openings"`
}

type retainedJSON struct {
	ID        uint64   `json:"id"`
	Node      uint32   `json:"node"`
	Priority  uint8    `json:"priority"`
	Publisher string   `json:"publisher,omitempty"`
	Published string   `json:"published"`
	LeftMS    int64    `json:"left_ms"` // -1: for ever
	Size      uint32   `json:"size"`
	Patterns  []string `json:"patterns"`
}

func stamp(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }

func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = fmt.Fprintf(w, "%s\n", text)
	}
	return err
}

func printChannels(w io.Writer, list []ipcwire.EvtChannelInfo, asJSON bool) error {
	if asJSON {
		out := make([]channelJSON, 0, len(list))
		for i := range list {
			c := &list[i]
			j := channelJSON{Name: string(c.Name), Unlinked: !c.Linked, Created: stamp(c.Created), Openers: []openerJSON{},
				Subscriptions: c.Subscriptions, Retained: c.Retained}
			for _, o := range c.Openers {
				j.Openers = append(j.Openers, openerJSON(o))
			}
			out = append(out, j)
		}
		return printJSON(w, out)
	}
	var b strings.Builder
	for i := range list {
		c := &list[i]
		fmt.Fprintf(&b, "%s", printable(c.Name))
		if !c.Linked {
			b.WriteString(" (unlinked)")
		}
		fmt.Fprintf(&b, ": %d subscriptions here, %d retained, open", c.Subscriptions, c.Retained)
		for _, o := range c.Openers {
			fmt.Fprintf(&b, " %d times on node %d", o.Openings, o.Node)
		}
		if len(c.Openers) == 0 {
			b.WriteString(" nowhere")
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printRetained(w io.Writer, k *client.Client, list []ipcwire.EvtChannelInfo, name string, asJSON bool) error {
	out := []retainedJSON{}
	found := false
	for i := range list {
		if string(list[i].Name) != name {
			continue
		}
		found = true
		events, e := k.Retained(list[i].ID)
		if e != ipcwire.OK && e != ipcwire.ErrNotExist { // it may have gone meanwhile
			return evtFail("list retained events", e)
		}
		for _, r := range events {
			left := r.Left / 1e6
			if r.Left == 1<<63-1 {
				left = -1
			}
			out = append(out, retainedJSON{ID: r.ID, Node: r.Dot.Node, Priority: r.Priority, Publisher: string(r.Publisher),
				Published: stamp(r.Time), LeftMS: left, Size: r.Size, Patterns: printables(r.Patterns)})
		}
	}
	if !found {
		return fail(exitError, "there is no channel %q", name)
	}
	if asJSON {
		return printJSON(w, out)
	}
	var b strings.Builder
	for _, r := range out {
		left := "for ever"
		if r.LeftMS >= 0 {
			left = "for " + (time.Duration(r.LeftMS) * time.Millisecond).Round(time.Millisecond).String()
		}
		fmt.Fprintf(&b, "%#x of node %d, priority %d, %d bytes, retained %s", r.ID, r.Node, r.Priority, r.Size, left)
		if r.Publisher != "" {
			fmt.Fprintf(&b, ", by %s", printable([]byte(r.Publisher)))
		}
		fmt.Fprintf(&b, ": %s\n", strings.Join(r.Patterns, " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printable is bytes that an application chose, safe for a terminal.
func printable(b []byte) string {
	q := fmt.Sprintf("%q", b)
	if q = q[1 : len(q)-1]; q == string(b) && len(b) > 0 && !strings.Contains(q, " ") {
		return q
	}
	return `"` + q + `"`
}

func printables(list [][]byte) []string {
	out := make([]string, 0, len(list))
	for _, p := range list {
		out = append(out, printable(p))
	}
	return out
}

func evtWatchCommand() *cobra.Command {
	var prefixes []string
	var count int
	c := &cobra.Command{
		Use:   "watch CHANNEL",
		Short: "Print the events of a channel as they come, retained ones first",
		Long: `watch subscribes to a channel, which must exist, and prints its events until it is
interrupted, or until --count events came. Each --prefix is a filter on the pattern
at its place; none: all events.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			k, err := evtDial()
			if err != nil {
				return err
			}
			defer k.Close()
			return watch(cmd.OutOrStdout(), k, args[0], prefixes, count)
		},
	}
	c.Flags().StringArrayVar(&prefixes, "prefix", nil, "filter: prefix of the next pattern (may be repeated)")
	c.Flags().IntVar(&count, "count", 0, "end after so many events; 0: never")
	return c
}

func watch(w io.Writer, k *client.Client, name string, prefixes []string, count int) error {
	var channel uint32
	e := again(func() (e ipcwire.Error) { channel, e = k.Open(name, evt.Subscriber); return e })
	if e != ipcwire.OK {
		return evtFail("open "+name, e)
	}
	var filters []ipcwire.EvtFilter
	for _, p := range prefixes {
		filters = append(filters, ipcwire.EvtFilter{Type: ipcwire.EvtPrefixFilter, Filter: []byte(p)})
	}
	if e := k.Subscribe(channel, 1, filters...); e != ipcwire.OK {
		return evtFail("subscribe to "+name, e)
	}
	for n := 0; count == 0 || n < count; n++ {
		ev, e := k.Next(64, time.Hour)
		switch {
		case e == ipcwire.ErrTimeout:
			n--
			continue
		case e != ipcwire.OK:
			return evtFail("watch "+name, e)
		}
		if _, err := io.WriteString(w, eventText(ev)); err != nil {
			return err
		}
	}
	return nil
}

func eventText(e *ipcwire.EvtEvent) string {
	if e.ID == ipcwire.EvtIDLost {
		return "LOST: events were dropped because this watcher does not keep up\n"
	}
	by := ""
	if len(e.Publisher) > 0 {
		by = " by " + printable(e.Publisher)
	}
	return fmt.Sprintf("%s %#x priority %d%s [%s] %d bytes: %s\n", stamp(e.Time), e.ID, e.Priority, by,
		strings.Join(printables(e.Patterns), " "), len(e.Data), printable(e.Data[:min(len(e.Data), 256)]))
}

func evtPublishCommand() *cobra.Command {
	var a evt.Attributes
	var patterns []string
	var publisher string
	var keep time.Duration
	var create bool
	c := &cobra.Command{
		Use:   "publish CHANNEL [DATA]",
		Short: "Publish an event",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, p := range patterns {
				a.Patterns = append(a.Patterns, []byte(p))
			}
			a.Retention, a.Publisher = int64(keep), []byte(publisher)
			if e := evt.CheckAttributes(&a); e != ipcwire.OK {
				return fail(exitError, "an event cannot be like that (%s): priority is 0 to %d, --keep not negative, at most %d patterns of at most %d bytes",
					e, evt.Lowest, ipcwire.EvtMaxPatterns, ipcwire.EvtMaxPattern)
			}
			k, err := evtDial()
			if err != nil {
				return err
			}
			defer k.Close()
			flags := evt.Publisher
			if create {
				flags |= evt.Create
			}
			var channel uint32
			e := again(func() (e ipcwire.Error) { channel, e = k.Open(args[0], flags); return e })
			if e != ipcwire.OK {
				return evtFail("open "+args[0], e)
			}
			var data []byte
			if len(args) == 2 {
				data = []byte(args[1])
			}
			var p ipcwire.EvtPublished
			if e = again(func() (e ipcwire.Error) { p, e = k.Publish(channel, &a, data); return e }); e != ipcwire.OK {
				return evtFail("publish", e)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%#x\n", p.ID)
			return err
		},
	}
	f := c.Flags()
	f.StringArrayVar(&patterns, "pattern", nil, "a pattern of the event (may be repeated)")
	f.Uint8Var(&a.Priority, "priority", evt.Lowest, "0, the highest, to 3")
	f.DurationVar(&keep, "keep", 0, "retain the event so long")
	f.StringVar(&publisher, "publisher", "aisctl", "publisher name")
	f.BoolVar(&create, "create", false, "create the channel if it does not exist")
	return c
}
