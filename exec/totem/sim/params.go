// From a seed to a world: how many nodes, how bad a network, which faults. Every
// kind of fault is in or out for a seed as a whole ("swarm testing"): a world
// with all of them shows less of each.

package sim

import "time"

const (
	ms         = int64(time.Millisecond)
	us         = int64(time.Microsecond)
	maxNodes   = 128
	maxMessage = 48 << 10
	groups     = 2 // messaging groups of the workload
)

// fault is a kind of fault.
type fault uint8

const (
	faultPartition fault = iota // the nodes fall into two or three groups
	faultHeal                   // all links work again
	faultIsolate                // one node is cut off for a while
	faultOneWay                 // links fail in one direction
	faultMute                   // a node's data is lost on some links, its tokens pass
	faultLoss                   // loss of links changes
	faultPause                  // a node stands still
	faultCrash                  // a node dies and comes back, soon or late
	faultLastWords              // a node's data is lost on some links, then it dies
	faultLeave                  // a node stops on purpose
	faultSlow                   // a node takes its time for each packet
	faultHint                   // a false hint that a node has died
	faultClock                  // a node's clock leaps
	faultLate                   // a node's timers are late
	faultReplay                 // the attacker sends from his recordings
	faultMassacre               // several nodes die at once
	faultChurn                  // partitions follow each other within a few hops of the token
	faultKinds
)

// params is what a seed decides before the world starts.
type params struct {
	nodes int

	token       int64 // token timeout
	retransmit  int64
	join        int64
	consensus   int64
	merge       int64
	probe       int64
	hold        int64
	failReceive int
	unchanged   int
	window      int
	perVisit    int
	accelerated int
	maxPacket   int

	delay    int64 // of a link, at least
	jitter   int64
	fifo     bool
	cutHard  bool   // a link that fails loses what is on it
	spike    uint32 // of 65536: a packet that takes its time
	spikeMax int64
	dup      uint32 // of 65536
	lossMax  int    // percent
	txTime   int64

	windows    bool // start-wide replay windows
	startKnown bool // the sealing layer knows the sender's start number
	keepKeys   bool // one ring key more than the machine needs is kept
	attacker   bool
	hints      int // percent of deaths that neighbours get a hint of
	inboxMax   int
	roomTold   bool // the ring is told what the sockets' queues hold
	diskLoss   bool // a start may find nothing of the ones before

	weight     [faultKinds]int
	weights    int
	faultEvery int64
	formingHit int   // percent of rings being formed that a fault falls into
	faultPhase int64 // length

	workEvery int64 // per node
	burst     int
	sizes     int // which mix of sizes
	safe      int // percent of messages
	stayDown  int // percent of dead nodes that stay dead

	talk      int   // percent of work that is followed by a talk: small messages, one after the other
	talkEvery int64 // between them
	linger    int64 // 0: the default
	keep      int64

	bootWithin int64 // when all nodes have started for the first time
}

// nodesOf draws the number of nodes: most worlds are small, for most mistakes
// show among three to five, and cost little.
func nodesOf(r *rng) int {
	switch d := r.n(2000); {
	case d < 1:
		return 128
	case d < 4:
		return 64
	case d < 40:
		return int(r.in(12, 16))
	case d < 140:
		return int(r.in(8, 11))
	case d < 300:
		return int(r.in(6, 7))
	case d < 640:
		return 5
	case d < 1280:
		return 4
	default:
		return 3
	}
}

func (p *params) draw(r *rng, nodes int) {
	*p = params{nodes: nodes}
	if p.nodes == 0 {
		p.nodes = nodesOf(r)
	}
	large := p.nodes > 16

	p.token = []int64{60 * ms, 100 * ms, 150 * ms}[r.n(3)]
	if large {
		p.token = 500 * ms
	}
	p.delay = p.token / r.in(300, 900)
	p.jitter = p.delay * r.in(5, 100) / 100
	p.txTime = r.in(1, 8) * us
	p.retransmit = p.token * r.in(10, 25) / 100
	p.join = p.token * 5 / 100
	p.consensus = p.token * r.in(25, 100) / 100
	p.merge = p.token * 20 / 100
	p.probe = max(p.token/100, 6*(p.delay+p.jitter))
	p.hold = p.token * r.in(10, 20) / 100
	p.failReceive = int(r.in(30, 100))
	p.unchanged = int(r.in(2, 20))
	p.window = int(r.in(8, 60))
	p.perVisit = int(r.in(2, 17))
	if r.percent(60) {
		p.accelerated = int(r.in(1, int64(p.perVisit)))
	}
	p.maxPacket = []int{600, 1000, 1400, 1400, 4000}[r.n(5)]

	p.fifo = r.percent(60)
	p.cutHard = r.percent(60)
	if r.percent(60) {
		p.spike = uint32(r.in(1, 3000))
		p.spikeMax = p.delay * r.in(2, 40)
		if r.percent(20) {
			p.spikeMax = p.token
		}
	}
	if r.percent(60) {
		p.dup = uint32(r.in(1, 6000))
	}
	p.lossMax = []int{0, 1, 5, 10, 20, 40}[r.n(6)]
	p.windows = r.percent(70)
	p.startKnown = r.percent(50)
	p.keepKeys = r.percent(50)
	p.attacker = r.percent(60)
	p.hints = []int{0, 50, 100}[r.n(3)]
	p.inboxMax = int(r.in(8, 256))
	p.roomTold = p.inboxMax%2 == 0
	p.diskLoss = r.percent(6)
	p.stayDown = []int{0, 0, 30}[r.n(3)]

	p.bootWithin = []int64{p.token / 100, 2 * p.token}[r.n(2)]

	p.drawFaults(r)
	p.drawWork(r)
	if p.nodes > 5 {
		// The ring carries no more because more nodes are in it.
		p.workEvery = p.workEvery * int64(p.nodes) / 5
	}
	if large {
		// The same faults, fewer of them: each costs a Join of everybody.
		p.faultPhase = 4 * p.token
		p.maxPacket = max(p.maxPacket, 1400)
		p.bootWithin = p.token / 5
		p.faultEvery = max(p.faultEvery, p.token)
		p.workEvery = min(max(p.workEvery, p.token/2), 2*p.token)
		p.formingHit /= 4
		p.dup, p.attacker = min(p.dup, 600), false
		p.lossMax = min(p.lossMax, 5)
	}
}

func (p *params) drawFaults(r *rng) {
	base := [faultKinds]int{
		faultPartition: 8, faultHeal: 6, faultIsolate: 5, faultOneWay: 5, faultMute: 6, faultLoss: 4,
		faultPause: 5, faultCrash: 8, faultLastWords: 10, faultLeave: 3, faultSlow: 2, faultHint: 4,
		faultClock: 2, faultLate: 2, faultReplay: 6, faultMassacre: 1, faultChurn: 4,
	}
	for f := range base {
		if fault(f) == faultHeal || r.percent(60) {
			p.weight[f] = base[f] * int(r.in(1, 3))
			p.weights += p.weight[f]
		}
	}
	p.faultEvery = p.token * r.in(15, 120) / 100
	p.faultPhase = p.token * r.in(6, 14)
	p.formingHit = []int{0, 20, 40, 70}[r.n(4)]
}

func (p *params) drawWork(r *rng) {
	p.workEvery = p.token * r.in(2, 30) / 100
	p.burst = int(r.in(1, 6))
	if r.percent(20) {
		// Little at a time, but always something.
		p.workEvery = int64(p.nodes) * p.delay * r.in(2, 12)
		p.burst = 1
	}
	p.sizes = r.n(4)
	p.safe = []int{0, 20, 50, 80, 100}[r.n(5)]
}

// drawTalk is drawn apart, so that worlds from before it are what they were.
func (p *params) drawTalk(r *rng) {
	if r.percent(50) {
		p.talk = int(r.in(5, 60))
		p.talkEvery = r.in(5, 120) * us
	}
	if r.percent(50) {
		p.linger = r.in(20, 500) * us
		p.keep = r.in(20, 500) * us
	}
}

// size draws the size of a message: mostly small ones that are packed, some
// that fill packets, few of many packets.
func (p *params) size(r *rng) int {
	switch d := r.n(100); {
	case p.sizes == 0 || d < 55:
		return headerSize + r.n(120)
	case p.sizes == 1 || d < 85:
		return headerSize + r.n(2*p.maxPacket)
	case p.sizes == 2 || d < 97:
		return headerSize + r.n(6*p.maxPacket)
	default:
		return headerSize + r.n(min(30*p.maxPacket, maxMessage-headerSize))
	}
}
