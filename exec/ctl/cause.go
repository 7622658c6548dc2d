// Names of causes as status prints them; part of aisctl's interface, so they are
// listed here and do not follow a renaming in the ring.

package ctl

import "ais/exec/totem/srp"

var causes = map[srp.Cause]string{
	srp.CauseNone:             "none",
	srp.CauseStart:            "start",
	srp.CauseTokenLoss:        "token-loss",
	srp.CauseProcessDied:      "process-died",
	srp.CauseLeave:            "leave",
	srp.CauseForeignRing:      "foreign-ring",
	srp.CauseJoin:             "join",
	srp.CauseConsensusTimeout: "consensus-timeout",
	srp.CauseCommitLoss:       "commit-loss",
	srp.CauseRecoveryLoss:     "recovery-loss",
	srp.CauseFailToReceive:    "fail-to-receive",
	srp.CauseRestartedMember:  "restarted-member",
	srp.CauseExpelled:         "expelled",
	srp.CauseOverload:         "overload",
}

func causeName(c srp.Cause) string {
	if n, ok := causes[c]; ok {
		return n
	}
	return "unknown"
}
