// One start of a node: the machine, the messaging layer on top, and the driver
// between them, which is what exec/totem does with sockets.

package sim

import (
	"fmt"
	"time"

	"ais/exec/gmi"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// source stands between the machine and the messaging layer, and tells the
// oracle what is sent.
type source struct {
	w    *World
	nd   *node
	proc int32
}

func (s *source) Next(dst []byte) (int, wire.Guarantee, bool) {
	n, g, ok := s.nd.g.Next(dst)
	if ok {
		s.w.oracle.sent(s.proc, dst[:n], g)
	}
	return n, g, ok
}

func (s *source) NextAlone(dst []byte) ([]byte, int, wire.Guarantee, bool) {
	payload, n, g, ok := s.nd.g.NextAlone(dst)
	if ok {
		s.w.oracle.sent(s.proc, payload, g)
		s.w.stats.Alone++
		if len(payload) > s.w.p.maxPacket {
			s.w.stats.AloneLarge++
		}
	}
	return payload, n, g, ok
}

func (s *source) Backlog() int { return s.nd.g.Backlog() }

func (s *source) Awaits() bool { return s.nd.g.Awaits() }

var _ srp.Awaiter = (*source)(nil)

// sessionExtra is by how much packets of membership must be smaller than others.
const sessionExtra = 29

// newStack makes the machine and the messaging layer of a start.
func (w *World) newStack(nd *node, self wire.Member) {
	src := &source{w: w, nd: nd, proc: nd.proc}
	var err error
	nd.g, err = gmi.New(gmi.Options{
		Self:       self,
		MaxPayload: srp.MaxPayload(w.p.maxPacket),
		MaxMessage: maxMessage,
		Wake:       func() { nd.wake = true },
		QueueLimits: [gmi.Priorities]int{
			2 * maxMessage, 2 * maxMessage, 2 * maxMessage, 2 * maxMessage,
		},
	})
	if err != nil {
		panic(err)
	}
	for g, name := range groupNames {
		if err := nd.g.Join(name, &inbound{w: w, proc: nd.proc, group: g}); err != nil {
			panic(err)
		}
	}
	w.newApp(nd, self)
	room := 0
	if w.p.roomTold && !w.opt.untold {
		room = w.p.inboxMax
	}
	nd.m = srp.New(srp.Config{
		ReceiveRoom:     room,
		Self:            self,
		Source:          src,
		ReservedSeq:     nd.disk.reserved,
		MaxPacket:       w.p.maxPacket,
		MaxSession:      w.p.maxPacket - sessionExtra,
		TokenTimeout:    time.Duration(w.p.token),
		TokenRetransmit: time.Duration(w.p.retransmit),
		JoinInterval:    time.Duration(w.p.join),
		Consensus:       time.Duration(w.p.consensus),
		MergeInterval:   time.Duration(w.p.merge),
		ProbeTimeout:    time.Duration(w.p.probe),
		Hold:            time.Duration(w.p.hold),
		Await:           awaitTime,
		AwaitRotation:   time.Duration(w.p.token), // however slow the network is drawn
		Acks:            time.Duration(w.p.token),
		Linger:          time.Duration(w.p.linger),
		Keep:            time.Duration(w.p.keep),
		FailToReceive:   w.p.failReceive,
		SeqnoUnchanged:  w.p.unchanged,
		Window:          w.p.window,
		MaxMessages:     w.p.perVisit,
		Accelerated:     w.p.accelerated,
		MaxMembers:      maxNodes,
		Seed:            w.worldRng.next(),
		Trace:           w.machineTrace(nd),
	})
}

// awaitTime is how long a token waits for what follows on safe messages. Now and then
// nothing is expected, as the time has it, and it goes at once.
const awaitTime = 150 * time.Microsecond

func (w *World) expects() bool { return uint64(w.now)/1000%3 != 0 }

// input gives the machine an input, and does all that it and the messaging layer
// then want done.
func (w *World) input(nd *node, f func()) {
	f()
	w.settle(nd)
}

func (w *World) step(nd *node, pi int32) {
	p := &w.net.packets[pi]
	origin, ok := w.open(nd, p)
	if ok {
		w.stats.Steps++
		reject := nd.m.Step(nd.local(w.now), origin, p.data)
		if w.tracing() {
			w.traceStep(nd, p, reject)
		}
		w.settle(nd)
	}
	w.net.drop(pi)
}

func (w *World) tick(nd *node) {
	if !nd.up || nd.frozen {
		return
	}
	w.stats.Ticks++
	nd.m.Tick(nd.local(w.now))
	w.settle(nd)
}

// settleLimit is how many times in a row a machine may want something done
// without a new input: more is a loop that never ends.
const settleLimit = 1000

// settle handles Ready, once for each input.
func (w *World) settle(nd *node) {
	proc := nd.proc
	w.handleReady(nd, nd.m.Ready())
	if nd.up && nd.proc == proc {
		nd.g.Flush()
		w.kick(nd)
	}
}

// kick wakes the machine when the messaging layer wants that, and sees to its
// next timer.
func (w *World) kick(nd *node) {
	proc, gone := nd.proc, false
	for range settleLimit {
		switch {
		case nd.wake:
			nd.wake = false
			nd.m.Wake(nd.local(w.now))
		case nd.m.Awaiting() && !gone && !w.expects():
			// Once, as the driver: when the clock has leapt an overdue Tick comes first.
			gone = true
			nd.m.Go(nd.local(w.now))
		default:
			w.schedule(nd)
			return
		}
		w.handleReady(nd, nd.m.Ready())
		if !nd.up || nd.proc != proc {
			return
		}
		nd.g.Flush()
	}
	w.violate(OutputContract, nd.index, "asks to be woken for ever")
}

// handleReady does what a machine wants done, in the order of the contract. A
// node that is dying dies somewhere in the middle of it.
func (w *World) handleReady(nd *node, rd *srp.Ready) {
	if rd == nil {
		return
	}
	if rd.ReserveSeq != 0 {
		if rd.ReserveSeq <= nd.disk.reserved {
			w.violate(OutputContract, nd.index, fmt.Sprintf("reserves ring sequence %d after %d", rd.ReserveSeq, nd.disk.reserved))
		}
		nd.disk.reserved = rd.ReserveSeq
	}
	if rd.Install != nil {
		if w.tracing() {
			w.tracef(nd.index, "forms ring %s %s", ringName(rd.Install.ID), w.oracle.names(rd.Install.Members))
		}
		ci := w.oracle.ringFormed(nd.proc, rd.Install)
		if ci == none {
			return
		}
		nd.install(w, keyInstalled, ci)
		w.strike(nd)
	}
	for i := range rd.Packets {
		if w.diesNow(nd) {
			return
		}
		w.send(nd, &rd.Packets[i])
	}
	for i := range rd.Deliveries {
		if w.diesNow(nd) {
			return
		}
		w.struck = none
		w.deliver(nd, &rd.Deliveries[i])
		if w.struck != none && !w.done {
			w.strikeInstalled(nd, w.struck)
		}
		if w.done || !nd.up {
			return
		}
	}
	if !rd.SafeRing.IsZero() {
		w.safeUpTo(nd, rd.SafeRing, rd.SafeSeq)
	}
	if nd.dying && len(rd.Packets)+len(rd.Deliveries) > 0 {
		w.diesNow(nd)
	}
}

func (w *World) diesNow(nd *node) bool {
	if !nd.dying {
		return false
	}
	nd.dieAfter--
	if nd.dieAfter >= 0 {
		return false
	}
	w.kill(nd)
	return true
}

// deliver hands a delivery of the ring to the oracle and to the messaging layer.
func (w *World) deliver(nd *node, d *srp.Delivery) {
	o := w.oracle
	proc := nd.proc
	switch d.Kind {
	case srp.DeliverMessage:
		if w.tracing() {
			w.tracef(nd.index, "delivers ring %s position %d of %d, %d bytes, safe %v", ringName(d.Ring), d.Seq, d.From.ID, len(d.Payload), d.Guarantee == wire.Safe)
		}
		o.packet(proc, d)
		if w.done {
			return
		}
		nd.g.Deliver(d)
		o.packetDone()
	case srp.DeliverTransitional:
		if w.tracing() {
			w.tracef(nd.index, "-- transitional configuration %s", o.names(d.Config.Members))
		}
		o.transitional(proc, &d.Config)
		o.groupConfigs(proc, d.Kind, &d.Config)
		nd.g.Deliver(d)
		o.groupConfigsDone(proc)
	case srp.DeliverRegular:
		o.groupConfigs(proc, d.Kind, &d.Config)
		// The messaging layer tells before the regular configuration what the
		// transitional one made safe.
		nd.g.Deliver(d)
		o.groupConfigsDone(proc)
		o.regular(proc, &d.Config)
		if p := &o.procs[proc]; p.stay != none {
			nd.install(w, keyRegular, o.stays[p.stay].cfg)
		}
	default:
		w.violate(OutputContract, nd.index, "a delivery of no kind")
	}
	if w.violation == nil && nd.app != nil {
		w.checkApp(nd)
	}
}

func (w *World) safeUpTo(nd *node, ring wire.RingID, seq uint64) {
	o := w.oracle
	p := &o.procs[nd.proc]
	if p.stay != none {
		s := &o.stays[p.stay]
		c := &o.configs[s.cfg]
		if ring == c.ring {
			if seq > p.claimed {
				w.everywhere(nd, s.cfg, seq)
			}
			o.safeClaim(nd.proc, seq)
		}
	}
	nd.g.SafeUpTo(ring, seq)
}

// everywhere checks what a notice of safety says when it is given: that every member of
// the ring, if it still is in it, has all messages up to seq. (What the oracle sees is
// only what comes of it.) By configuration: who lost its disk may use a ring's id again.
func (w *World) everywhere(nd *node, cfg int32, seq uint64) {
	o := w.oracle
	for i := range w.nodes {
		x := &w.nodes[i]
		if !x.up || x.proc == none || o.procs[x.proc].stay == none || o.stays[o.procs[x.proc].stay].cfg != cfg {
			continue
		}
		if aru, in := x.m.Aru(o.configs[cfg].ring); in && aru < seq {
			w.violate(SafeNotice, nd.index, fmt.Sprintf("safe up to %d, but node %d has all up to %d only", seq, x.index, aru))
			return
		}
	}
}

// schedule sees to it that the machine is ticked when it wants to be; late, when
// the node is.
func (w *World) schedule(nd *node) {
	d := nd.m.Deadline()
	if d == srp.Never {
		return
	}
	at := max(int64(d)-nd.clock, w.now)
	if nd.late > 0 && nd.lateUntil > w.now {
		at += w.netRng.in(0, nd.late)
	}
	if nd.timer != 0 && nd.timer <= at {
		return // an earlier tick is under way already, and schedules anew
	}
	nd.timerNo++
	nd.timer = at
	w.q.push(event{at: at, kind: evTimer, node: int16(nd.index), a: nd.timerNo})
}
