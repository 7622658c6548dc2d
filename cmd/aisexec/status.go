// What aisctl status shows, gathered from the rooms.

package main

import (
	"os"
	"reflect"
	"runtime/metrics"
	"strings"
	"time"
	"unicode"

	"ais/exec/ctl/report"
	"ais/exec/ipc"
)

// fill completes a status.
func (e *executive) fill(st *report.Status) {
	d := e.driver.Stats()
	n := e.set.net
	st.Node = report.Node{
		ID: e.set.self.NodeID, Address: e.set.self.Address.String(), Name: e.set.self.Name,
		Cluster: n.ClusterName, Start: d.Self.Start, Boot: e.boot.UTC().Format(time.RFC3339Nano),
		PID: os.Getpid(), Version: version,
	}
	st.State = d.Ring.State.String()
	st.Security = report.Security{Mode: "off"}
	if n.Secauth {
		st.Security = report.Security{Mode: "encrypted", Cipher: d.Suite.String(), Keys: len(e.set.keys)}
	}
	st.Transport = n.Transport.String()
	st.Window = report.Window{
		Packets: d.Ring.Window, VisitPackets: d.Ring.VisitMost,
		ReceiveRoom: d.Ring.Room, ReceiveBuffer: d.Net.ReceiveBuffer,
	}
	st.LongestTokenGapUS = d.Ring.LongestTokenGap.Microseconds()
	st.UptimeMS = time.Since(e.boot).Milliseconds()
	for _, o := range []struct {
		on   bool
		name string
	}{{d.Net.SegmentOffload, "udp-segmentation"}, {d.Net.ReceiveOffload, "udp-receive"}, {d.Net.HintsOn, "tcp-hints"},
		{d.Net.OwnFiltered, "own-multicast-filter"}, {e.server.Stats().AsksOffered, "shared-memory"}} {
		if o.on {
			st.Offloads = append(st.Offloads, o.name)
		}
	}

	st.SendError, st.HintsError = d.Net.LastSendError, d.Net.HintsError

	for name, v := range d.Drops() {
		room, reason, _ := strings.Cut(name, "_")
		if name == "net_own" {
			continue // one's own multicasts come back: nothing is lost; see Counters
		}
		put(st.Drops, room, reason, v)
	}
	g := e.gmi.Stats()
	put(st.Drops, "gmi", "malformed", g.Malformed)
	put(st.Drops, "gmi", "orphans", g.Orphans)
	put(st.Drops, "gmi", "duplicates", g.Duplicates)
	put(st.Drops, "gmi", "partial", g.Partial)
	m := e.manager.Stats()
	put(st.Drops, "service", "malformed", m.Malformed)
	put(st.Drops, "service", "stale_sync", m.StaleSync)
	put(st.Drops, "service", "early", m.Early)
	i := e.server.Stats()
	st.IPCConnections = i.Connections
	for reason, v := range i.Reasons() {
		if reason == ipc.EndPeer.String() || reason == ipc.EndStop.String() {
			put(st.Counters, "ipc_ended", snake(reason), v) // the ordinary ends
			continue
		}
		put(st.Drops, "ipc", snake(reason), v)
	}
	put(st.Drops, "ipc", "callback_queue_full", i.QueueFull)
	put(st.Drops, "ipc", "stray_response", i.Stray)
	c, v, ev, ck := e.clm.Stats(), e.evs.Stats(), e.evt.Stats(), e.ckpt.Stats()
	put(st.Drops, "clm", "malformed", c.Malformed)
	put(st.Drops, "evs", "malformed", v.Malformed)
	put(st.Drops, "evs", "connections", v.Dropped)
	put(st.Drops, "evt", "malformed", ev.Malformed)
	put(st.Drops, "evt", "lost", ev.Lost)
	put(st.Drops, "evt", "orphans", ev.Orphans)
	put(st.Drops, "ckpt", "malformed", ck.Malformed)
	put(st.Drops, "ckpt", "lost", ck.Lost)
	put(st.Drops, "ckpt", "discarded", ck.Discarded)
	put(st.Drops, "ckpt", "diverged", ck.Diverged)
	put(st.Drops, "ckpt", "save_failures", ck.SaveFailures)
	put(st.Drops, "ckpt", "damaged_files", ck.Problems)

	for room, stats := range map[string]any{
		"ring": d.Ring.Counters, "net": d.Net, "seal": d.Seal, "gmi": g, "service": m, "ipc": i, "clm": c, "evs": v, "evt": ev, "ckpt": ck, "amf": e.amf.Stats(),
		"loop": e.loop.Stats(),
	} {
		st.Counters[room] = counters(stats)
	}
	for cause, v := range d.Ring.Counters.GathersByCause() {
		put(st.Counters, "ring", "gathers_"+snake(cause), v)
	}
	put(st.Counters, "state", "writes", d.StateWrites)
	// What the heap was asked for: in steady state messages cost none of it.
	heap := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(heap)
	for i, name := range []string{"objects", "bytes", "collections"} {
		if heap[i].Value.Kind() == metrics.KindUint64 {
			put(st.Counters, "heap", name, heap[i].Value.Uint64())
		}
	}
}

func put(m map[string]map[string]uint64, room, name string, v uint64) {
	if m[room] == nil {
		m[room] = make(map[string]uint64)
	}
	m[room][name] = v
}

// counters are the plain numbers of a room's Stats by their names. It is for
// operators, so it may be slow.
func counters(stats any) map[string]uint64 {
	out := make(map[string]uint64)
	v := reflect.ValueOf(stats)
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch x := v.Field(i); {
		case !f.IsExported():
		case x.Kind() == reflect.Uint64:
			out[snake(f.Name)] = x.Uint()
		case f.Type == reflect.TypeFor[time.Duration]():
			out[snake(f.Name)+"_us"] = uint64(max(x.Int(), 0)) / 1000
		case x.Kind() == reflect.Int:
			out[snake(f.Name)] = uint64(max(x.Int(), 0))
		}
	}
	return out
}

// snake writes a name of Go or of people as one word: "KernelDrops" and "kernel
// drops" become "kernel_drops".
func snake(name string) string {
	var b strings.Builder
	var last rune
	for _, r := range name {
		switch {
		case unicode.IsUpper(r):
			if unicode.IsLower(last) || unicode.IsDigit(last) {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(r)
		case b.Len() > 0 && last != '_':
			b.WriteByte('_')
			r = '_'
		default:
			r = '_'
		}
		last = r
	}
	return strings.TrimSuffix(b.String(), "_")
}
