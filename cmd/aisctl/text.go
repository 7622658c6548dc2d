// A status as text for people. Programs use --json.

package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"ais/exec/ctl/report"
)

func statusText(st *report.Status, all bool, now time.Time) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s "+format+"\n", append([]any{what}, args...)...)
	}
	node := fmt.Sprintf("%s (%d), name %q", st.Node.Address, st.Node.ID, st.Node.Name)
	if st.Node.Cluster != "" {
		node += fmt.Sprintf(", cluster %q", st.Node.Cluster)
	}
	line("node", "%s", node)
	line("executive", "%s, pid %d, start %d, up %v", st.Node.Version, st.Node.PID, st.Node.Start,
		(time.Duration(st.UptimeMS) * time.Millisecond).Round(time.Second))
	line("state", "%s", st.State)
	line("ring", "%d of %d", st.Ring.Sequence, st.Ring.Representative)
	for i, m := range st.Members {
		what := ""
		if i == 0 {
			what = "members"
		}
		self := ""
		if m.ID == st.Node.ID {
			self = "  (this node)"
		}
		line(what, "%-15s  %d, start %d%s", m.Address, m.ID, m.Start, self)
	}
	changes := fmt.Sprintf("%d, last cause %s", st.ConfigurationChanges, st.LastCause)
	if at, err := time.Parse(time.RFC3339Nano, st.LastChange); err == nil {
		changes += fmt.Sprintf(", %v ago", now.Sub(at).Round(time.Second))
	}
	line("changes", "%s", changes)
	security := st.Security.Mode
	if st.Security.Mode == "off" {
		security = "OFF: packets are neither encrypted nor authenticated"
	} else {
		security += fmt.Sprintf(", %s, keys: %d", st.Security.Cipher, st.Security.Keys)
	}
	line("security", "%s", security)
	transport := st.Transport
	if len(st.Offloads) > 0 {
		transport += ", offloads: " + strings.Join(st.Offloads, " ")
	}
	line("transport", "%s", transport)
	if st.SendError != "" {
		line("sending", "last error: %s", st.SendError)
	}
	if st.HintsError != "" {
		line("hints", "%s", st.HintsError)
	}
	line("window", "%s", windowText(st.Window))
	line("token", "longest gap %v", time.Duration(st.LongestTokenGapUS)*time.Microsecond)
	line("clients", "%d connections", st.IPCConnections)
	counters(&b, "dropped", st.Drops, all)
	if all {
		counters(&b, "counted", st.Counters, all)
	}
	return b.String()
}

// windowText tells how much may be sent, and whether a receiver's buffer limits it.
func windowText(w report.Window) string {
	s := fmt.Sprintf("%d packets a rotation, %d a visit; receive buffer %d bytes", w.Packets, w.VisitPackets, w.ReceiveBuffer)
	if w.ReceiveRoom > 0 {
		s += fmt.Sprintf("; the smallest of the ring holds %d packets", w.ReceiveRoom)
	}
	return s
}

// counters prints one line for each counter; zeros only when all is set.
func counters(b *strings.Builder, what string, rooms map[string]map[string]uint64, all bool) {
	names := make([]string, 0, len(rooms))
	for room := range rooms {
		names = append(names, room)
	}
	sort.Strings(names)
	printed := false
	for _, room := range names {
		keys := make([]string, 0, len(rooms[room]))
		for k := range rooms[room] {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			if v := rooms[room][k]; v > 0 || all {
				label := what
				if printed {
					label = ""
				}
				printed = true
				fmt.Fprintf(b, "%-10s %s %s: %d\n", label, room, k, v)
			}
		}
	}
	if !printed {
		fmt.Fprintf(b, "%-10s nothing\n", what)
	}
}
