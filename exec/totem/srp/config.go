package srp

import (
	"time"

	"ais/exec/totem/wire"
)

// Defaults. The token, merge and window figures are those of openais
// 0.80; the others follow from what is promised:
//
//   - A stopped processor must be out within 1.5 token timeouts. It costs at
//     most one Hold until the token is missed, one TokenTimeout to miss it, and
//     one Consensus to miss the Joins; the rest (commit token, recovery) takes a
//     few rotations: 125 + 1000 + 250 ms.
//   - At 30 percent loss a processor must not be failed for silence. Joins
//     repeat every 10 ms (JoinFast; longer with very many members), so that
//     in 250 ms at least 10, and with up to 50 members 25, go out: 0.3^25 is
//     nothing, and a processor that is heard again is not failed.
//   - A lost token costs one retransmission interval, not a timeout: 2 ms at
//     first, doubling to at most 1/50 of TokenTimeout. With the defaults at
//     least 50 copies go out before the timeout.
const (
	DefaultTokenTimeout   = 1000 * time.Millisecond
	DefaultConsensus      = 250 * time.Millisecond
	DefaultJoinInterval   = 50 * time.Millisecond
	DefaultMergeInterval  = 200 * time.Millisecond
	DefaultProbeTimeout   = 10 * time.Millisecond
	DefaultHold           = 125 * time.Millisecond
	DefaultLinger         = 100 * time.Microsecond
	DefaultKeep           = 500 * time.Microsecond
	DefaultAcks           = 2 * time.Millisecond
	DefaultFailToReceive  = 2500
	DefaultSeqnoUnchanged = 30
	DefaultWindow         = 50
	DefaultMaxMessages    = 17
	DefaultMaxPacket      = 1400

	// MinMaxPacket is the smallest MaxPacket and MaxSession New accepts.
	MinMaxPacket = 400
	// JoinFast is the interval of the first Joins.
	JoinFast = 10 * time.Millisecond
)

// tokenRetransmits is how many copies of a token go out before it is lost.
const tokenRetransmits = 50

// fewMessages go before the token of their visit even if it may run ahead: they
// do not delay it, and are known to be everywhere a rotation earlier.
const fewMessages = 4

// awaitedMessages is the same for a visit at which the token waited for them: whoever
// sends these waits until they are everywhere before it sends more.
const awaitedMessages = 32

// DefaultAwaitRotation is how long a rotation may take where the token waits for what
// follows on answers: the wait has to be short beside it, and a link that is full
// must not rest.
const DefaultAwaitRotation = 400 * time.Microsecond

// slowPacket is how long a packet of a rotation takes where the link is narrow: at
// 300 Mbit/s and 1500 bytes.
const slowPacket = 40 * time.Microsecond

// loadUnit is the fineness of the estimate of packets per rotation.
const loadUnit = 64

// lastNumbers is how many sequence numbers a ring leaves unused: from then on it is
// formed anew, at numbers from 1 on. Nobody could be so far behind or ahead.
const lastNumbers = 1 << 32

// minRetransmit is the shortest retransmission interval of the commit token, and of
// Joins; that of a ring's token is shorter, for it has been going round, and with it
// lost nothing is sent: at 1 percent loss and 2 ms a ring of two rested a quarter of
// the time.
const (
	minRetransmit = 2 * time.Millisecond
	minTokenAgain = 500 * time.Microsecond
)

// A node whose bursts are lost sends smaller ones: a run of its messages that is
// lost at once, a quarter of a visit's and at least lossRun, says that somebody's
// buffer does not hold more. What is lost here and there says nothing of that kind.
// From minVisit up a visit's window grows by a sixteenth of MaxMessages at each visit.
const (
	lossRun  = 8
	minVisit = 8
)

func def[T int | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// withDefaults fills what is not set. The token timeout scales what depends on it.
func (c Config) withDefaults() Config {
	def(&c.TokenTimeout, DefaultTokenTimeout)
	def(&c.Consensus, c.TokenTimeout/4)
	def(&c.TokenRetransmit, c.TokenTimeout/tokenRetransmits)
	c.TokenRetransmit = max(min(c.TokenRetransmit, c.TokenTimeout/tokenRetransmits), minRetransmit)
	def(&c.JoinInterval, min(DefaultJoinInterval, c.Consensus/4))
	def(&c.MergeInterval, DefaultMergeInterval)
	def(&c.ProbeTimeout, DefaultProbeTimeout)
	def(&c.Hold, min(DefaultHold, c.TokenTimeout/8))
	c.Hold = min(c.Hold, c.TokenTimeout/2)
	def(&c.Linger, DefaultLinger)
	c.Linger = min(c.Linger, minRetransmit/4)
	def(&c.Keep, DefaultKeep)
	c.Keep = min(c.Keep, minRetransmit/4, c.TokenTimeout/8)
	c.Await = max(0, min(c.Await, minRetransmit/4, c.TokenTimeout/8))
	def(&c.Acks, DefaultAcks)
	c.Acks = min(c.Acks, c.TokenTimeout/8)
	def(&c.AwaitRotation, DefaultAwaitRotation)
	def(&c.FailToReceive, DefaultFailToReceive)
	def(&c.SeqnoUnchanged, DefaultSeqnoUnchanged)
	c.SeqnoUnchanged = min(c.SeqnoUnchanged, 250)
	def(&c.Window, DefaultWindow)
	def(&c.MaxMessages, DefaultMaxMessages)
	c.Window = min(c.Window, maxSlots/16)
	c.MaxMessages = min(c.MaxMessages, c.Window)
	def(&c.MaxPacket, DefaultMaxPacket)
	c.MaxPacket = max(c.MaxPacket, MinMaxPacket)
	def(&c.MaxSession, c.MaxPacket)
	c.MaxSession = min(max(c.MaxSession, MinMaxPacket), c.MaxPacket)
	def(&c.MaxMembers, wire.MaxMembers)
	c.MaxMembers = min(c.MaxMembers, wire.MaxMembers)
	c.Accelerated = max(0, min(c.Accelerated, c.MaxMessages))
	if c.ReceiveRoom >= plentyRoom || c.ReceiveRoom < 0 {
		c.ReceiveRoom = 0
	}
	return c
}

// MaxPayload is the most bytes Source.Next may write for packets of maxPacket
// bytes: a message must fit one packet again when it is recovered.
func MaxPayload(maxPacket int) int {
	return max(maxPacket, MinMaxPacket) - wire.EncapsulationHeader
}
