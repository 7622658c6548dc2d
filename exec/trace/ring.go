// What the ring tells the flight recorder.

package trace

import "ais/exec/totem/srp"

// stateKinds are entries into the membership states, with their cause.
var stateKinds = [...]*Kind{
	srp.Gather:      NewKind("ring", "gather").Arg("ring", Decimal).Arg("of", Address),
	srp.Commit:      NewKind("ring", "commit").Arg("ring", Decimal).Arg("of", Address),
	srp.Recovery:    NewKind("ring", "recovery").Arg("ring", Decimal).Arg("of", Address),
	srp.Operational: NewKind("ring", "operational").Arg("ring", Decimal).Arg("of", Address),
	srp.Left:        NewKind("ring", "left").Arg("ring", Decimal).Arg("of", Address),
}

// ringEvents are the other events. peer tells that the first number is the
// event's Peer; then follow A and B, as far as the kind names them.
var ringEvents = map[srp.EventKind]struct {
	kind *Kind
	peer bool
}{
	srp.EventConfiguration:   {NewKind("ring", "configuration").Arg("members", Decimal).Arg("together", Decimal), false},
	srp.EventTokenLoss:       {NewKind("ring", "token lost").Arg("silence", Duration), false},
	srp.EventTokenRetransmit: {NewKind("ring", "token sent again").Arg("token", Decimal).Arg("times", Decimal).Often(), false},
	srp.EventResend:          {NewKind("ring", "messages sent again").Arg("messages", Decimal).Often(), false},
	srp.EventRequest:         {NewKind("ring", "messages asked for").Arg("first", Decimal).Arg("messages", Decimal).Often(), false},
	srp.EventSuspect:         {NewKind("ring", "suspected").Arg("node", Address), true},
	srp.EventSuspectCleared:  {NewKind("ring", "suspect lives").Arg("node", Address), true},
	srp.EventSuspectDead:     {NewKind("ring", "suspect is dead").Arg("node", Address).Arg("probes", Decimal), true},
	srp.EventChallenge:       {NewKind("ring", "challenged").Arg("node", Address).Often(), true},
	srp.EventFailed:          {NewKind("ring", "failed").Arg("node", Address), true},
	srp.EventLeave:           {NewKind("ring", "leaves").Arg("node", Address), true},
	srp.EventHold:            {NewKind("ring", "token held").Often(), false},
	srp.EventDiscard:         {NewKind("ring", "messages discarded").Arg("messages", Decimal), false},
	srp.EventReserve:         {NewKind("ring", "ring ids reserved").Arg("up_to", Decimal), false},
}

// Ring keeps an event of the ring; it is made for srp.Config.Trace.
func (r *Recorder) Ring(e srp.Event) {
	if e.Kind == srp.EventState {
		if int(e.State) < len(stateKinds) {
			r.Record(e.At, stateKinds[e.State], e.Cause.String(), e.Ring.Seq, uint64(e.Ring.Rep))
		}
		return
	}
	k, ok := ringEvents[e.Kind]
	switch {
	case !ok:
	case k.peer:
		r.Record(e.At, k.kind, "", uint64(e.Peer), e.A, e.B)
	default:
		r.Record(e.At, k.kind, "", e.A, e.B)
	}
}
