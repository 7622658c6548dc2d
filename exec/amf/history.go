// The history: what this node remembers of the engine's transitions.

package amf

import (
	"strings"
	"time"

	"ais/exec/amf/engine"
	"ais/exec/amf/report"
)

// remembered is how many transitions are kept.
const remembered = 4096

// history is a ring of transitions, the oldest overwritten first.
type history struct {
	list  []transition
	count uint64 // of all there were
}

type transition struct {
	at int64
	engine.Record
}

func (h *history) add(at int64, r *engine.Record) {
	t := transition{at, *r}
	if len(h.list) < remembered {
		h.list = append(h.list, t)
	} else {
		h.list[h.count%remembered] = t
	}
	h.count++
}

// mostRecords is how many transitions one answer has at most.
const mostRecords = 1000

// answer is what a request asks for: the last ones, up to its limit.
func (h *history) answer(q report.HistoryRequest) report.History {
	limit := q.Limit
	if limit <= 0 || limit > mostRecords {
		limit = mostRecords
	}
	first := h.count - uint64(len(h.list))
	out := report.History{Forgotten: first, Records: []report.Transition{}}
	for n := max(first, q.After); n < h.count; n++ {
		t := &h.list[n%remembered]
		if q.Object != "" && !strings.Contains(t.Object, q.Object) {
			continue
		}
		out.Records = append(out.Records, report.Transition{N: n + 1, Time: time.Unix(0, t.at).UTC().Format(time.RFC3339Nano),
			Object: t.Object, What: t.What, From: t.From, To: t.To, Cause: t.Cause.String(), Why: t.Why})
	}
	if q.After == 0 && len(out.Records) > limit { // the last ones; who reads on gets the next ones
		out.Records = out.Records[len(out.Records)-limit:]
	} else if len(out.Records) > limit {
		out.Records = out.Records[:limit]
	}
	return out
}
