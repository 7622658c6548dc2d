// What goes wrong, when. Faults come by themselves at random times, and by
// preference into the formation of a ring, where the protocol has most to lose.

package sim

// fault makes the next thing go wrong, and plans the one after.
func (w *World) fault() {
	if !w.faulty {
		return
	}
	w.q.push(event{at: w.now + w.planRng.around(w.p.faultEvery), kind: evFault})
	r := w.planRng.n(w.p.weights)
	for f, weight := range w.p.weight {
		if r < weight {
			w.inflict(fault(f))
			return
		}
		r -= weight
	}
}

// inflict makes one thing go wrong. Each fault has a number and its own random
// numbers, so that a run can be repeated without some of its faults and the
// rest stay what they were.
func (w *World) inflict(f fault) {
	if w.spared() {
		return
	}
	r := &w.faultRng
	w.stats.Faults[f]++
	i := r.n(w.p.nodes)
	nd := &w.nodes[i]
	if w.tracing() {
		w.tracef(i, "fault: %s", faultNames[f])
	}
	switch f {
	case faultPartition:
		w.partition(2 + r.n(2))
	case faultHeal:
		w.mend()
	case faultIsolate:
		w.cutNode(i, true, true, r.around(w.p.token))
	case faultOneWay:
		switch r.n(3) {
		case 0:
			w.cutNode(i, true, false, r.around(w.p.token))
		case 1:
			w.cutNode(i, false, true, r.around(w.p.token))
		default:
			w.link(i, r.n(w.p.nodes)).cutUntil = w.now + r.around(2*w.p.token)
		}
	case faultMute:
		t := r.around(4 * w.rotation())
		w.mute(i, t)
		w.stir(t)
	case faultLoss:
		w.drawLoss()
	case faultPause:
		w.freeze(nd, r.in(w.p.token/20, []int64{w.p.token / 2, 3 * w.p.token}[r.n(2)]))
	case faultCrash:
		w.crash(nd)
	case faultLastWords:
		// Long enough for the token to come by; then it dies, or is cut off, and
		// nobody has what it sent last.
		t := r.around(2 * w.rotation())
		w.mute(i, t+w.p.delay)
		w.stir(t)
		// Whoever has to make do without it is struck too.
		w.armed = w.now + t + w.p.token + w.p.consensus
		end := evKill
		if r.percent(40) {
			end = evCut
		}
		w.q.push(event{at: w.now + t, kind: end, node: int16(i), a: nd.proc})
	case faultLeave:
		w.leave(nd)
	case faultSlow:
		nd.slow, nd.slowUntil = r.in(1, max(2, w.p.delay)), w.now+r.around(2*w.p.token)
	case faultHint:
		for range 1 + r.n(3) {
			w.hint(r.n(w.p.nodes), i, r.in(0, w.p.delay))
		}
	case faultClock:
		w.leap(nd, r.in(w.p.token/10, 3*w.p.token))
	case faultLate:
		nd.late, nd.lateUntil = r.in(1, w.p.token/2), w.now+r.around(2*w.p.token)
	case faultReplay:
		for range 1 + r.n(20) {
			w.replay()
		}
	case faultMassacre:
		for j := range w.nodes {
			if r.percent(60) {
				w.crash(&w.nodes[j])
			}
		}
	case faultChurn:
		w.churn()
	}
}

// spared counts a fault, and tells whether this run does without it.
func (w *World) spared() bool {
	n := w.faultNo
	w.faultNo++
	w.faultRng = rng{s: w.faultSeed ^ uint64(n)*0xd6e8feb86659fd93}
	return n < len(w.opt.spare) && w.opt.spare[n]
}

var faultNames = [faultKinds]string{"partition", "heal", "isolate", "one way", "mute", "loss", "pause", "crash",
	"last words", "leave", "slow", "false hint", "clock leap", "late timers", "replay", "massacre", "churn"}

func (w *World) link(from, to int) *link { return &w.net.links[from*w.p.nodes+to] }

func (w *World) partition(parts int) {
	for i := range w.net.group {
		w.net.group[i] = int16(w.faultRng.n(parts))
	}
	if w.tracing() {
		w.tracef(-1, "partition %v", w.net.group)
	}
}

func (w *World) mend() {
	clear(w.net.group)
	for i := range w.net.links {
		w.net.links[i].cutUntil, w.net.links[i].muteTill = 0, 0
	}
}

func (w *World) cutNode(i int, out, in bool, d int64) {
	for j := range w.nodes {
		if out {
			w.link(i, j).cutUntil = w.now + d
		}
		if in {
			w.link(j, i).cutUntil = w.now + d
		}
	}
}

// mute loses a node's data, not its tokens, on the way to some of the others.
func (w *World) mute(i int, d int64) {
	share := []int{50, 80, 100, 100}[w.faultRng.n(4)]
	for j := range w.nodes {
		if w.faultRng.percent(share) {
			w.link(i, j).muteTill = w.now + d
		}
	}
}

// rotation is about how long the token takes to go round.
func (w *World) rotation() int64 {
	return int64(w.p.nodes) * (w.p.delay + w.p.delay/8 + w.p.jitter/2)
}

// stir makes everybody send within the next d: what is lost matters only when
// something comes after it.
func (w *World) stir(d int64) {
	for j := range w.nodes {
		for range 1 + w.faultRng.n(3) {
			w.push(evBurst, j, w.faultRng.in(0, d), 0)
		}
	}
}

func (w *World) drawLoss() {
	one := w.faultRng.n(len(w.net.links))
	all := w.faultRng.percent(50)
	for i := range w.net.links {
		if all || i == one {
			w.net.links[i].loss = uint32(w.faultRng.n(w.p.lossMax*65536/100 + 1))
		}
	}
}

// crash kills a node now, or in the middle of its next output, and brings it
// back: often before anybody can have noticed.
func (w *World) crash(nd *node) {
	if !nd.up {
		return
	}
	if w.faultRng.percent(40) {
		nd.dieAfter = w.faultRng.n(6)
		nd.dying = true
		return
	}
	w.kill(nd)
}

func (w *World) kill(nd *node) {
	if !nd.up {
		return
	}
	if w.tracing() {
		w.tracef(nd.index, "dies")
	}
	w.stop(nd)
	w.stats.Crashes++
	r := &w.faultRng
	var back int64
	switch r.n(4) {
	case 0, 1: // faster than any timeout
		back = r.in(1, w.p.token/10)
	case 2:
		back = r.around(w.p.token / 2)
	default:
		back = r.around(3 * w.p.token)
	}
	w.q.push(event{at: w.now + back, kind: evBoot, node: int16(nd.index)})
	if w.p.diskLoss && r.percent(30) {
		nd.disk = disk{}
		if w.tracing() {
			w.tracef(nd.index, "loses its disk")
		}
	}
	// Its connections end: the neighbours get a hint.
	for j := range w.nodes {
		if r.percent(w.p.hints) && w.net.group[j] == w.net.group[nd.index] {
			w.hint(j, nd.index, r.in(w.p.delay/2, 4*w.p.delay))
		}
	}
}

func (w *World) hint(to, about int, after int64) {
	w.q.push(event{at: w.now + after, kind: evSuspect, node: int16(to), a: int32(about)})
}

// leap moves a node's monotonic clock forward, as a machine that was suspended
// sees it.
func (w *World) leap(nd *node, d int64) {
	if nd.up {
		nd.clock += d
		w.schedule(nd)
	}
}

// strike is called when a start installs the key of a ring that is being formed,
// and when one delivers a regular configuration, while others may still be in
// recovery. Either may bring a fault.
func (w *World) strike(nd *node) {

	if !w.strikes() || w.spared() {
		return
	}
	r := &w.faultRng
	victim := &w.nodes[r.n(w.p.nodes)]
	if r.percent(40) {
		victim = nd
	}
	hop := w.p.delay + w.p.jitter/2
	// A ring is formed in about six rotations: two of the commit token, four or
	// more of recovery, of which the last two matter most.
	after := 1 + r.in(0, w.p.delay) + int64(r.n(4*w.p.nodes))*hop
	if r.percent(50) {
		after += 3 * w.rotation()
	}
	switch r.n(8) {
	case 0, 1:
		if victim.up {
			w.q.push(event{at: w.now + after, kind: evKill, node: int16(victim.index), a: victim.proc})
		}
	case 2:
		w.later(after, faultPartition)
	case 3:
		w.later(after, faultIsolate)
	case 4:
		w.mute(victim.index, after)
	case 5:
		w.churn()
	default:
		// What is exchanged in recovery is lost here and there, then the ring
		// breaks again.
		for range 1 + r.n(3) {
			w.mute(r.n(w.p.nodes), after+2*hop)
		}
		w.later(after, []fault{faultPartition, faultIsolate, faultChurn}[r.n(3)])
	}
}

// churn changes the partition several times while rings are being formed.
func (w *World) churn() {
	r := &w.faultRng
	at := int64(0)
	for range 2 + r.n(3) {
		at += 1 + int64(r.n(8*w.p.nodes))*(w.p.delay+w.p.jitter/2)
		if r.percent(30) {
			at += r.in(0, w.p.token)
		}
		w.later(at, []fault{faultPartition, faultPartition, faultPartition, faultHeal, faultIsolate}[r.n(5)])
	}
}

// strikes decides whether the formation of a ring is hit: of one in so many, or of
// nearly each when messages were just lost for good.
func (w *World) strikes() bool {
	if !w.faulty {
		return false
	}
	if w.p.formingHit > 0 && w.now < w.armed {
		return w.planRng.percent(80)
	}
	return w.planRng.percent(w.p.formingHit)
}

// strikeInstalled is called when a start delivered a regular configuration: what
// it delivered before on the strength of the others, they must deliver too,
// whatever happens to them now. The best moment to cut it off, or them.
func (w *World) strikeInstalled(nd *node, ci int32) {
	if !w.strikes() {
		return
	}
	c := &w.oracle.configs[ci]
	waiting := 0
	for _, si := range c.stayOf {
		if si == none {
			waiting++
		}
	}
	if waiting == 0 || w.planRng.percent(40) {
		w.strike(nd)
		return
	}
	if w.spared() {
		return
	}
	r := &w.faultRng
	if w.tracing() {
		w.tracef(nd.index, "fault: cut off from the %d that did not install yet", waiting)
	}
	lasts := r.around(2 * w.p.token)
	switch r.n(4) {
	case 0:
		w.cutNode(nd.index, true, true, lasts)
	case 1:
		// Who installed already on one side, the rest falls apart or not.
		w.groupBy(func(i int) int16 {
			if m := c.memberOf[i]; m >= 0 && c.stayOf[m] != none {
				return 0
			}
			return int16(1 + r.n(2))
		})
	case 2:
		w.groupBy(func(i int) int16 {
			if m := c.memberOf[i]; m >= 0 && c.stayOf[m] != none {
				return 0
			}
			return 1
		})
	default:
		w.kill(nd)
	}
}

func (w *World) groupBy(f func(i int) int16) {
	for i := range w.net.group {
		w.net.group[i] = f(i)
	}
}

// later makes a fault happen at a given time, whatever the seed's weights.
func (w *World) later(after int64, f fault) {
	w.q.push(event{at: w.now + after, kind: evFault, a: int32(f) + 1})
}

// heal ends the faults.
func (w *World) heal() {
	w.faulty, w.healedAt = false, w.now
	w.mend()
	for i := range w.net.links {
		w.net.links[i].loss = 0
	}
	alive := 0
	for i := range w.nodes {
		nd := &w.nodes[i]
		nd.slow, nd.late, nd.dying = 0, 0, false
		if nd.up {
			alive++
		}
	}
	for i := range w.nodes {
		nd := &w.nodes[i]
		if !nd.up {
			nd.doomed = alive > 0 && w.faultRng.percent(w.p.stayDown)
			if !nd.doomed {
				w.boot(nd)
				alive++
			}
		}
		if nd.frozen {
			w.thaw(nd)
		}
	}
}
