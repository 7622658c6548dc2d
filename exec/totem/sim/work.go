// The workload: every node multicasts messages of many sizes, of all priorities,
// agreed and safe, at random times.

package sim

import (
	"fmt"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

var groupNames = [groups]string{"one", "two"}

// inbound is the handler of one of the workload's groups at one start.
type inbound struct {
	w     *World
	proc  int32
	group int
}

func (h *inbound) Deliver(from wire.Member, msg []byte, id gmi.MessageID, transitional bool) {
	h.w.stats.Deliveries++
	if transitional {
		h.w.stats.TransitionalMessages++
	}
	h.w.oracle.deliver(h.proc, h.group, from, msg, id, transitional)
}

func (h *inbound) ConfigChange(kind srp.DeliveryKind, cfg *srp.Configuration) {
	h.w.oracle.groupConfig(h.proc, kind, cfg)
}

// Indifferent: of the first group nobody waits for Safe, so that the ring may keep
// its token there; what it tells is checked all the same.
func (h *inbound) Indifferent() bool { return h.group == 0 }

func (h *inbound) Safe(id gmi.MessageID) { h.w.oracle.safeUpTo(h.proc, h.group, id) }

// work sends some messages and comes back later.
func (w *World) work(nd *node) {
	if w.phase > phaseConverge {
		return
	}
	if !nd.frozen && !w.settling {
		for range 1 + w.workRng.n(w.p.burst) {
			w.submit(nd, false)
		}
		w.kick(nd)
		if w.talkRng.percent(w.p.talk) {
			at := int64(0)
			nd.talk++
			for range 2 + w.talkRng.n(12) {
				at += w.talkRng.around(w.p.talkEvery)
				w.push(evTalk, nd.index, at, nd.proc)
			}
		}
	}
	w.push(evWork, nd.index, w.workRng.around(w.p.workEvery), nd.proc)
}

// submit sends one message, when the messaging layer says that it takes it.
func (w *World) submit(nd *node, final bool) {
	r := &w.workRng
	prio := gmi.Priority(r.n(int(gmi.Priorities)))
	size := w.p.size(r)
	safe := r.percent(w.p.safe)
	group := 0
	if r.percent(25) {
		group = 1
	}
	w.multicast(nd, r, prio, group, size, safe, final)
}

// talk sends a small agreed message; of every other talk somebody waits until it is
// everywhere, so that the ring has it acknowledged.
func (w *World) talk(nd *node) {
	r := &w.talkRng
	group := nd.talk & 1
	w.multicast(nd, r, gmi.Priority(r.n(int(gmi.Priorities))), group, headerSize+r.n(120), false, false)
}

func (w *World) multicast(nd *node, r *rng, prio gmi.Priority, group, size int, safe, final bool) {
	if !nd.g.SendOK(prio, size) {
		return
	}
	guarantee := wire.Agreed
	if safe {
		guarantee = wire.Safe
		w.stats.SafeMessages++
	}
	mi := w.oracle.submit(nd.proc, prio, group, size, safe, final)
	w.buf = w.oracle.body(w.buf[:0], mi)
	// In two parts, at a place that means nothing.
	cut := r.n(size + 1)
	id, err := nd.g.Multicast(groupNames[group], prio, guarantee, w.buf[:cut], w.buf[cut:])
	if err != nil {
		w.violate(SendPromise, nd.index, fmt.Sprintf("Multicast of %d bytes after SendOK: %v", size, err))
		return
	}
	w.oracle.msgs[mi].id = uint64(id)
}

// sendFinal sends what everybody alive must deliver.
func (w *World) sendFinal() {
	for i := range w.nodes {
		if nd := &w.nodes[i]; nd.up {
			for range 3 + w.workRng.n(4) {
				w.submit(nd, true)
			}
			w.kick(nd)
		}
	}
}
