// Why a packet was refused. Owns the enum and its names, which operators see.

package seal

// Reason is why Open refused a packet.
type Reason uint8

const (
	Accepted         Reason = iota
	TooShort                // no room for header (and tag)
	BadMagic                // not a packet of ours: another program on this port
	BadVersion              // a later or broken format
	BadHeader               // a class, suite or sender that does not exist
	WrongCluster            // another cluster on the same port and group
	PlaintextRefused        // plain packet, but this node wants sealed ones
	SealedRefused           // sealed packet, but this node is configured plain
	UnknownKey              // none of this node's keys has that name
	Self                    // this start's own packet, looped back
	UnknownRing             // sealed for a ring this node is not in
	NotMember               // sealed for a ring of ours by somebody who is not in it
	Replayed                // counter seen before, or too old
	AuthFailed              // forged, damaged, or sealed with another key of the same name
	SameID                  // genuine, but of another start that uses this node's id
	Reasons
)

var reasonNames = [Reasons]string{
	Accepted:         "accepted",
	TooShort:         "too_short",
	BadMagic:         "bad_magic",
	BadVersion:       "bad_version",
	BadHeader:        "bad_header",
	WrongCluster:     "wrong_cluster",
	PlaintextRefused: "plaintext_refused",
	SealedRefused:    "sealed_refused",
	UnknownKey:       "unknown_key",
	Self:             "self",
	UnknownRing:      "unknown_ring",
	NotMember:        "not_member",
	Replayed:         "replayed",
	AuthFailed:       "auth_failed",
	SameID:           "same_id",
}

func (r Reason) String() string {
	if r < Reasons {
		return reasonNames[r]
	}
	return "invalid_reason"
}
