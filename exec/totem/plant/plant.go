// Package plant names the bugs that can be planted into the ring and the group
// messaging layer, to show that the simulator's oracle bites. In a normal build
// On is constantly false and the compiler removes what it guards; only a build
// with the tag plantbugs can switch one on. It owns the enum and nothing else.
package plant

// Bug is one plantable bug.
type Bug uint8

const (
	None                   Bug = iota
	SafeAtOwnAru               // safe messages delivered as soon as this node has everything before them
	AruOfOneVisit              // stability taken from the aru of one token visit instead of two
	SkipTransitional           // the transitional configuration is not delivered
	DeliverBehindGap           // messages behind a gap delivered in the transitional configuration
	NoObligationSet            // recovery without the obligation set
	RingIDReused               // the reservation of ring sequence numbers on disk is ignored
	OldTokenAccepted           // the token sequence number is not checked
	HalfMessageCarried         // half a fragmented message carried into the next configuration (gmi)
	RestartTakenContinuous     // a quickly restarted member taken for the one that was there
	JoinReplayed               // neither the echo of a Join is checked nor whether its sender lives
	SafeAtFirstAck             // what one other acknowledged is taken for safe
	AckBehindGap               // a message is acknowledged although one before it is missing
	count
)

var names = [count]string{
	None:                   "none",
	SafeAtOwnAru:           "safe-at-own-aru",
	AruOfOneVisit:          "aru-of-one-visit",
	SkipTransitional:       "skip-transitional",
	DeliverBehindGap:       "deliver-behind-gap",
	NoObligationSet:        "no-obligation-set",
	RingIDReused:           "ring-id-reused",
	OldTokenAccepted:       "old-token-accepted",
	HalfMessageCarried:     "half-message-carried",
	RestartTakenContinuous: "restart-taken-continuous",
	JoinReplayed:           "join-replayed",
	SafeAtFirstAck:         "safe-at-first-ack",
	AckBehindGap:           "ack-behind-gap",
}

// String returns the name used on command lines and in reports.
func (b Bug) String() string {
	if b < count {
		return names[b]
	}
	return "unknown"
}

// All lists every bug, None not included.
func All() []Bug {
	all := make([]Bug, 0, count-1)
	for b := None + 1; b < count; b++ {
		all = append(all, b)
	}
	return all
}

// Parse returns the bug of that name.
func Parse(name string) (Bug, bool) {
	for b, n := range names {
		if n == name {
			return Bug(b), true
		}
	}
	return None, false
}
