// What a run prints when it is asked to.

package sim

import (
	"fmt"

	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

func (w *World) tracef(node int, format string, args ...any) {
	who := "   "
	if node >= 0 {
		who = fmt.Sprintf("n%-2d", node)
	}
	fmt.Fprintf(w.opt.Trace, "%10.3f %s %s\n", float64(w.now)/1e6, who, fmt.Sprintf(format, args...))
}

// describePacket names a packet's type and what matters in it.
func describePacket(b []byte) string {
	k, err := wire.Kind(b)
	if err != nil {
		return err.Error()
	}
	switch k {
	case wire.TypeData:
		var d wire.Data
		if d.Unmarshal(b) == nil {
			s := fmt.Sprintf("data %d of place %d round %d %d bytes", d.Seq, d.Source, d.Round, len(d.Payload))
			if d.Guarantee == wire.Safe {
				s += " safe"
			}
			if d.AfterToken {
				s += " after-token"
			}
			if d.Encapsulated {
				s += fmt.Sprintf(" (ring %s: data %d of place %d)", ringName(d.Old.Ring), d.Old.Seq, d.Old.Source)
			}
			return s
		}
	case wire.TypeToken:
		var t wire.Token
		if t.Unmarshal(b) == nil {
			return fmt.Sprintf("token %d high %d aru %d/%d fcc %d backlog %d pending %d idle %d rtr %v", t.Seq, t.High, t.Aru, t.AruSetter, t.FCC, t.Backlog, t.Pending, t.Idle, t.Ranges)
		}
	case wire.TypeJoin:
		var j wire.JoinPage
		if j.Unmarshal(b) == nil {
			s := fmt.Sprintf("join gen %d start %d ringseq %d ring %s page %d/%d:", j.Generation, j.Start, j.RingSeq, ringName(j.Ring), j.Page.Index+1, j.Page.Pages)
			for _, e := range j.Entries {
				f := ""
				if e.Failed {
					f = "!"
				}
				s += fmt.Sprintf(" %d/%d%s", e.Member.ID, e.Member.Start, f)
			}
			return s
		}
	case wire.TypeCommit:
		var c wire.CommitPage
		if c.Unmarshal(b) == nil {
			s := fmt.Sprintf("commit ring %s hop %d page %d/%d:", ringName(c.Ring), c.Hop, c.Page.Index+1, c.Page.Pages)
			for i := range c.Entries {
				e := &c.Entries[i]
				s += fmt.Sprintf(" %d/%d", e.Member.ID, e.Member.Start)
				if e.Filled {
					s += fmt.Sprintf("(old %s aru %d high %d safe %d)", ringName(e.Old), e.Aru, e.High, e.Safe)
				}
			}
			return s
		}
	case wire.TypeTokenAck:
		var t wire.TokenAck
		if t.Unmarshal(b) == nil {
			return fmt.Sprintf("token-ack %d", t.Seq)
		}
	case wire.TypeDataAck:
		var a wire.DataAck
		if a.Unmarshal(b) == nil {
			return fmt.Sprintf("data-ack %d waiting %v", a.Aru, a.Waiting)
		}
	}
	return k.String()
}

func (w *World) traceSend(nd *node, p *packet) {
	to := "all"
	if p.to != 0 {
		to = fmt.Sprintf("n%d", w.nodeOf(p.to))
	}
	w.tracef(nd.index, "-> %s %s", to, describePacket(p.data))
}

func (w *World) traceStep(nd *node, p *packet, reject srp.Reject) {
	what := describePacket(p.data)
	if reject != srp.Accepted {
		what += " REJECTED " + reject.String()
	}
	w.tracef(nd.index, "<- %s %s", w.oracle.name(p.from), what)
}

func (w *World) machineTrace(nd *node) func(srp.Event) {
	if !w.tracing() {
		return nil
	}
	return func(e srp.Event) {
		w.tracef(nd.index, "   %s state %s cause %s ring %s peer %d a %d b %d", e.Kind, e.State, e.Cause, ringName(e.Ring), e.Peer, e.A, e.B)
	}
}

func (nd *node) describe() string {
	s := nd.m.Status()
	return fmt.Sprintf("%s, last cause %s, frozen %v", s.State, s.LastCause, nd.frozen)
}
