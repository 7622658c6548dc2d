// The lease of the majority rule: how a node that is cut off gives up its active roles
// in time, without hearing from anybody.
//
// A node that has assignments, or waits to be active, multicasts beats. When one of its beats was delivered in a configuration with
// a majority and became safe in it, every member of that configuration has acknowledged
// it, later than it was sent. So at the sending time each of them was still in this
// configuration, and none was in a later one. The lease is Options.Lease from that
// sending time, by this node's own monotonic clock. When it ends, the node's active
// components are ended at once (Driver.GiveUp), whatever the ring is doing, and no
// component is told to be active before there is a lease again.
//
// On the other side, a configuration that lost the node bars what the node had for
// Lease and a sixteenth (and a millisecond), from its own start, by the clock of the
// member that proposes the end. Any majority has a member in common with the one
// that renewed the lease, and that member entered it after it acknowledged the last
// beat that can have renewed: the node's lease is over first, as long as the rates of
// two clocks differ by less than 1/16, and no clock leaps.
//
// What this costs: a takeover from a lost node takes the lease time longer. What the
// lease must exceed: the time in which the ring finds a dead member and forms anew, or
// every death of a node would end the leases of the others: token timeout + consensus
// timeout + a synchronization, plus the time between beats (a quarter of it). Three
// times the token timeout is a start.
//
// What it cannot do: an executive that stands still (SIGSTOP, swapped out) ends nothing.
// It relies on its components ending when the machine as a whole stands still, or on a
// watchdog.

package engine

import (
	"slices"

	"ais/exec/amf/model"
	"ais/exec/gmi"
	"ais/exec/totem/wire"
	"ais/libais/ipcwire"
)

// maxBeats is how many beats may be under way: on a ring that takes long to deliver
// them, more would only make it longer.
const maxBeats = 4

// leaseHolder is this node's lease.
type leaseHolder struct {
	limit   int64
	until   int64 // by Options.Now; 0: none
	quorate bool  // of the configuration
	beatAt  int64 // when the next beat is due; 0: none
	beats   []beat
	ended   bool     // GiveUp was called for this end
	held    []Output // of this node, that wait for a lease
	never   map[untold]bool
}

// beat is a beat under way.
type beat struct {
	id        gmi.MessageID
	sent      int64
	delivered bool
}

// interrupted: the configuration ends; what was not safe in it will not renew.
func (l *leaseHolder) interrupted() {
	l.beats = l.beats[:0]
	l.quorate = false
	l.beatAt = 0
}

// configured begins beats anew.
func (l *leaseHolder) configured(quorate bool) {
	l.beats = l.beats[:0]
	l.quorate = quorate
	l.beatAt = 0
	if quorate {
		l.beatAt = 1
	}
}

func (l *leaseHolder) delivered(id gmi.MessageID) {
	for i := range l.beats {
		if l.beats[i].id == id {
			l.beats[i].delivered = true
		}
	}
}

// safe renews the lease; true: it did.
func (l *leaseHolder) safe(id gmi.MessageID, quorate bool) bool {
	if !l.quorate || !quorate {
		return false
	}
	sent := int64(0)
	l.beats = slices.DeleteFunc(l.beats, func(b beat) bool {
		if b.delivered && b.id <= id {
			sent = max(sent, b.sent)
			return true
		}
		return false
	})
	if sent == 0 || sent+l.limit <= l.until {
		return false
	}
	l.until = sent + l.limit
	return true
}

func (l *leaseHolder) valid(now int64) bool { return now < l.until }

// next is when something is to be done; 0: nothing.
func (l *leaseHolder) next() int64 {
	at := l.beatAt
	if l.until != 0 && !l.ended && (at == 0 || l.until < at) {
		at = l.until
	}
	return at
}

// LeaseUntil is when this node's lease ends, by Options.Now; 0: it has none.
func (r *Replica) LeaseUntil() int64 { return r.lease.until }

// watchLease sends beats, and gives up when the lease is over.
func (r *Replica) watchLease(now int64) {
	l := &r.lease
	if l.until != 0 && now >= l.until && !l.ended {
		l.ended = true
		r.giveUp()
	}
	if l.beatAt == 0 || now < l.beatAt {
		return
	}
	l.beatAt = now + l.limit/4
	if !r.needsLease() {
		return // it looks again; execute has it look at once
	}
	r.buf = append(r.buf[:0], msgBeat)
	if len(l.beats) >= maxBeats || !r.env.SendOK(inputPrio, len(r.buf)) {
		l.beatAt = now + proposeRoom
		return
	}
	id, err := r.env.Multicast(inputPrio, wire.Agreed, r.buf)
	if err != nil {
		r.env.Logf("beat: %v", err)
		return
	}
	l.beats = append(l.beats, beat{id: id, sent: now})
}

// needsLease tells whether this node may have to be active soon: components here have
// assignments, or wait to be told of one. Others are silent, so that a large cluster
// with few service units does not fill its ring with beats.
func (r *Replica) needsLease() bool {
	if len(r.lease.held) > 0 {
		return true
	}
	for _, u := range r.e.units {
		for _, a := range u.assigns {
			for i := range a.csis {
				if r.e.comps[a.csis[i].comp].host == r.self.ID {
					return true
				}
			}
		}
	}
	return false
}

// giveUp ends every component here that may be active.
func (r *Replica) giveUp() {
	var list []Doomed
	in := Input{Kind: InLeaseLost}
	for _, u := range r.e.units {
		for _, a := range u.assigns {
			for i := range a.csis {
				c := r.e.comps[a.csis[i].comp]
				if !a.csis[i].hot || c.host != r.self.ID || slices.Contains(in.Comps, c.m.DN) {
					continue
				}
				list = append(list, Doomed{c.m, c.gen})
				in.Comps, in.Gens = append(in.Comps, c.m.DN), append(in.Gens, c.gen)
			}
		}
	}
	if len(list) == 0 {
		return
	}
	r.stats.GivenUp += uint64(len(list))
	r.env.Logf("the lease is over without contact to a majority: %d active components are ended", len(list))
	r.opt.Driver.GiveUp(list)
	r.say(&in)
}

// say multicasts an input of the Replica's own, as soon as the ring has room, in the
// order of the calls.
func (r *Replica) say(in *Input) {
	r.unsaid = append(r.unsaid, *in)
	if len(r.unsaid) == 1 {
		r.sayMore()
	}
}

func (r *Replica) sayMore() {
	for len(r.unsaid) > 0 {
		if !r.Submit(&r.unsaid[0], nil) {
			r.env.After(proposeRoom, r.sayMore)
			return
		}
		r.unsaid = r.unsaid[1:]
	}
}

// leaseRenewed lets what waited for a lease be done, if it is still wanted.
func (r *Replica) leaseRenewed() {
	l := &r.lease
	l.ended = false
	held := l.held
	l.held = nil
	for i := range held {
		if o := &held[i]; r.stillWanted(o) {
			r.pass(o)
		}
	}
	r.schedule()
}

// stillWanted tells whether an output that waited is to be carried out. If it is not,
// a component was never told of a CSI that later outputs may be about.
func (r *Replica) stillWanted(o *Output) bool {
	if o.Invocation == 0 || r.e.Awaits(o.Comp, o.Invocation) {
		return true
	}
	if o.Kind == OutCSISet && o.Flags == FlagAddOne {
		r.lease.never[untold{o.Comp.Index, o.CSI.Index}] = true
	}
	return false
}

// untold names a CSI that a component was to be told of.
type untold struct{ comp, csi int }

// execute hands an output of this node to the driver, unless it would make a component
// active without a lease, or follows one that would.
func (r *Replica) execute(o *Output) {
	l := &r.lease
	if !r.opt.Majority || o.Comp == nil {
		r.opt.Driver.Execute(o)
		return
	}
	same := func(h Output) bool { return h.Comp == o.Comp }
	if o.Kind == OutCleanup || o.Kind == OutEvict {
		l.held = slices.DeleteFunc(l.held, same)
		for k := range l.never {
			if k.comp == o.Comp.Index {
				delete(l.never, k)
			}
		}
	}
	l.held = slices.DeleteFunc(l.held, func(h Output) bool { return h.Comp == o.Comp && !r.stillWanted(&h) })
	if r.activates(o) && !l.valid(r.opt.Now()) || slices.ContainsFunc(l.held, same) {
		l.held = append(l.held, *o)
		if l.quorate && !l.valid(r.opt.Now()) && len(l.beats) == 0 {
			l.beatAt = 1 // at once; schedule follows every execute
		}
		return
	}
	r.pass(o)
}

// activates tells whether an output makes a component active.
func (r *Replica) activates(o *Output) bool {
	return o.Kind == OutCSISet && o.HA == HAActive || o.Kind == OutInstantiate && !o.Comp.PreInstantiable()
}

// pass hands an output to the driver, with regard to what the component was never
// told: it cannot lose what it never had, and gets it anew.
func (r *Replica) pass(o *Output) {
	never := 0
	for k := range r.lease.never {
		if k.comp == o.Comp.Index {
			never++
		}
	}
	if never == 0 || o.Kind != OutCSISet && o.Kind != OutCSIRemove {
		r.opt.Driver.Execute(o)
		return
	}
	losing := o.Kind == OutCSIRemove || o.HA == HAQuiesced || o.HA == HAQuiescing
	if o.CSI == nil {
		has := 0
		r.e.eachCSI(r.e.comps[o.Comp.Index], func(_ *assign, cs *csiAssign) {
			if cs.exposed && !r.lease.never[untold{int(cs.comp), int(cs.csi)}] {
				has++
			}
		})
		switch {
		case losing && has > 0:
			r.opt.Driver.Execute(o)
		case losing:
			r.answerFor(o)
		default:
			// Some of it would have to be added, some changed, by one callback.
			r.say(&Input{Kind: InErrorReport, Comp: o.Comp.DN, Recovery: model.ComponentRestart, Cause: CauseLease, Incarnation: o.Incarnation})
		}
		return
	}
	k := untold{o.Comp.Index, o.CSI.Index}
	switch {
	case !r.lease.never[k]:
		r.opt.Driver.Execute(o)
	case losing:
		r.answerFor(o)
		if o.Kind == OutCSIRemove {
			delete(r.lease.never, k)
		}
	default:
		delete(r.lease.never, k)
		add := *o
		add.Flags = FlagAddOne
		r.opt.Driver.Execute(&add)
	}
}

// answerFor answers for a component what it needs not be asked.
func (r *Replica) answerFor(o *Output) {
	r.say(&Input{Kind: InAnswer, Comp: o.Comp.DN, Invocation: o.Invocation, Incarnation: o.Incarnation, Result: ipcwire.OK})
	if o.HA == HAQuiescing {
		r.say(&Input{Kind: InQuiescingComplete, Comp: o.Comp.DN, Invocation: o.Invocation, Incarnation: o.Incarnation, Result: ipcwire.OK})
	}
}
