package srp

// Reject says why Step dropped a packet. Every drop is counted by reason.
type Reject uint8

const (
	Accepted         Reject = iota
	RejectMalformed         // the decoder refused it
	RejectOrigin            // its type needs another key, or its sender is not who may send it
	RejectOwn               // this node's own packet came back
	RejectForeign           // of a ring this node is not in (any more)
	RejectState             // of no use in this state
	RejectOldToken          // the token was here already
	RejectDuplicate         // the message was here already
	RejectBeyond            // a sequence number outside the window
	RejectNoEcho            // it does not show that it was made after this node's start
	RejectUnproved          // it may be a recording of somebody gone: a probe is under way
	RejectStaleStart        // its sender's start is not the newest known
	RejectStaleJoin         // a Join from before the ring was formed
	RejectFailed            // its sender is in the failed list
	RejectNotMember         // a commit token without this start of this node
	RejectMismatch          // a commit token for another set than agreed
	RejectTooMany           // more processors than MaxMembers
	RejectProbe             // an answer to no probe of ours
	RejectLeft              // this node has left
	Rejects                 // number of reasons
)

var rejectNames = [Rejects]string{
	Accepted:         "accepted",
	RejectMalformed:  "malformed",
	RejectOrigin:     "origin",
	RejectOwn:        "own",
	RejectForeign:    "foreign_ring",
	RejectState:      "state",
	RejectOldToken:   "old_token",
	RejectDuplicate:  "duplicate",
	RejectBeyond:     "beyond_window",
	RejectNoEcho:     "no_echo",
	RejectUnproved:   "unproved",
	RejectStaleStart: "stale_start",
	RejectStaleJoin:  "stale_join",
	RejectFailed:     "failed_sender",
	RejectNotMember:  "not_member",
	RejectMismatch:   "mismatch",
	RejectTooMany:    "too_many",
	RejectProbe:      "probe",
	RejectLeft:       "left",
}

// String returns the reason as counters name it.
func (r Reject) String() string {
	if r < Rejects {
		return rejectNames[r]
	}
	return "unknown"
}
