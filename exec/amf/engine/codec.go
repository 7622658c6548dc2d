// The encoding of inputs and of snapshots: explicit, little-endian, every length
// checked. One walk over a structure both writes and reads it, so the two directions
// cannot differ.

package engine

import (
	"encoding/binary"
	"time"

	"ais/exec/amf/model"
	"ais/exec/totem/wire"
)

// coder writes to b, or reads from it. After the first thing that does not decode,
// bad is set and everything further reads as zero.
type coder struct {
	b   []byte
	dec bool
	bad bool
}

func (c *coder) take(n int) []byte {
	if n > len(c.b) {
		c.b, c.bad = nil, true
		return nil
	}
	p := c.b[:n]
	c.b = c.b[n:]
	return p
}

// num codes a number in size bytes.
func num[T ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~int32 | ~int64](c *coder, p *T, size int) {
	if !c.dec {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(*p))
		c.b = append(c.b, b[:size]...)
		return
	}
	var b [8]byte
	copy(b[:], c.take(size))
	*p = T(binary.LittleEndian.Uint64(b[:]))
}

// limited codes a number that is at most most.
func limited[T ~uint8 | ~uint32](c *coder, p *T, most T) {
	v := uint8(*p)
	num(c, &v, 1)
	*p = T(v)
	if c.dec && *p > most {
		*p, c.bad = 0, true
	}
}

func (c *coder) flag(p *bool) {
	v := uint8(0)
	if *p {
		v = 1
	}
	num(c, &v, 1)
	c.bad = c.bad || v > 1
	*p = v == 1
}

// index codes an index of a list of n, or -1.
func (c *coder) index(p *int32, n int) {
	num(c, p, 4)
	if c.dec && (*p < -1 || int(*p) >= n) {
		*p, c.bad = -1, true
	}
}

// count codes a length; least is how many bytes one element has at least.
func (c *coder) count(n, least int) int {
	v := uint32(n)
	num(c, &v, 4)
	if c.dec && (c.bad || int64(v)*int64(least) > int64(len(c.b))) {
		c.bad = true
		return 0
	}
	return int(v)
}

func (c *coder) text(p *string, most int) {
	n := c.count(len(*p), 1)
	if !c.dec {
		c.b = append(c.b, *p...)
		return
	}
	if n > most {
		c.bad, n = true, 0
	}
	*p = string(c.take(n))
}

func (c *coder) member(m *wire.Member) {
	num(c, &m.ID, 4)
	num(c, &m.Start, 8)
	if !c.dec {
		c.b = append(c.b, m.Nonce[:]...)
	} else {
		copy(m.Nonce[:], c.take(len(m.Nonce)))
	}
}

const (
	maxText = model.MaxName + 1
	maxList = model.MaxObjects
)

// AppendInput encodes an input; Node is not part of it.
func AppendInput(b []byte, in *Input) []byte {
	c := coder{b: b}
	c.input(in)
	return c.b
}

// DecodeInput decodes what AppendInput encoded; false: it is none.
func DecodeInput(b []byte, in *Input) bool {
	*in = Input{}
	c := coder{b: b, dec: true}
	c.input(in)
	return !c.bad && len(c.b) == 0 && in.Kind >= InRegister && in.Kind <= InLeaseLost
}

func (c *coder) input(in *Input) {
	num(c, &in.Kind, 1)
	for _, p := range []*string{&in.Comp, &in.Proxy, &in.CSI, &in.Reporter, &in.Target} {
		c.text(p, maxText)
	}
	num(c, &in.Invocation, 8)
	num(c, &in.Incarnation, 4)
	num(c, &in.Result, 4)
	num(c, &in.Recovery, 1)
	num(c, &in.Cause, 1)
	num(c, &in.Admin, 1)
	num(c, &in.Timer, 8)
	num(c, &in.Value, 4)
	num(c, &in.Callbacks, 2)
	n := c.count(len(in.Comps), 4)
	if c.dec && n > maxList {
		c.bad = true
		return
	}
	for i := range n {
		if c.dec {
			in.Comps, in.Gens = append(in.Comps, ""), append(in.Gens, 0)
		}
		gen := uint32(0)
		if i < len(in.Gens) {
			gen = in.Gens[i]
		}
		c.text(&in.Comps[i], maxText)
		num(c, &gen, 4)
		if c.dec {
			in.Gens[i] = gen
		}
	}
}

// snapshot codes the whole replicated state. left is how long a timer still has;
// decoded, it is the timer's limit.
func (c *coder) snapshot(e *Engine, left func(TimerID) time.Duration) {
	c.flag(&e.started)
	c.flag(&e.quorate)
	c.flag(&e.formed)
	num(c, &e.lastRing, 8)
	num(c, &e.startup, 8)
	num(c, &e.lastTimer, 8)
	c.nodes(e)
	for _, a := range e.apps {
		c.admin(&a.admin)
		c.flag(&a.restarting)
	}
	for _, g := range e.groups {
		c.admin(&g.admin)
		c.index(&g.prefer, len(e.units))
		c.flag(&g.adjusting)
		num(c, &g.adjust, 8)
	}
	for _, si := range e.sis {
		c.admin(&si.admin)
		c.index(&si.prefer, len(e.units))
		for i := range si.deps {
			c.flag(&si.deps[i].lost)
			num(c, &si.deps[i].timer, 8)
		}
	}
	for i := range e.csis {
		c.index(&e.csis[i].last, len(e.comps))
	}
	for _, m := range e.comps {
		c.comp(e, m)
	}
	for _, u := range e.units {
		c.unit(e, u)
	}
	c.timers(e, left)
	c.leases(e)
	n := c.count(len(e.evictions), 14)
	if c.dec {
		e.evictions = make([]eviction, n)
	}
	for i := range n {
		x := &e.evictions[i]
		c.index(&x.comp, len(e.comps))
		num(c, &x.node, 4)
		num(c, &x.gen, 4)
		k := c.count(len(x.sis), 4)
		if c.dec {
			x.sis = make([]int32, k)
		}
		for j := range k {
			c.index(&x.sis[j], len(e.sis))
		}
		c.bad = c.bad || c.dec && x.comp < 0
	}
}

func (c *coder) admin(a *admin) {
	limited(c, &a.state, ShuttingDown)
	num(c, &a.seq, 8)
	c.bad = c.bad || c.dec && a.state == 0
}

func (c *coder) counter(k *counter) {
	num(c, &k.n, 4)
	num(c, &k.timer, 8)
}

func (c *coder) nodes(e *Engine) {
	n := c.count(len(e.nodes), 30)
	if c.dec && e.c.Generation == model.GenA {
		e.nodes = nil
		for range min(n, maxList) {
			e.nodes = append(e.nodes, &node{})
		}
	}
	if n != len(e.nodes) {
		c.bad = true
		return
	}
	for _, o := range e.nodes {
		if o.m == nil {
			c.text(&o.name, maxText)
		}
		c.member(&o.member)
		c.admin(&o.admin)
		limited(c, &o.oper, Disabled)
		num(c, &o.nextInv, 8)
		c.counter(&o.failover)
		c.flag(&o.repairing)
		c.flag(&o.failfast)
	}
}

func (c *coder) comp(e *Engine, m *comp) {
	limited(c, &m.presence, TerminationFailed)
	limited(c, &m.oper, Disabled)
	num(c, &m.host, 4)
	num(c, &m.gen, 4)
	c.flag(&m.alive)
	c.flag(&m.registered)
	c.index(&m.proxy, len(e.comps))
	c.index(&m.asked, len(e.comps))
	num(c, &m.caps, 2)
	limited(c, &m.op, opDelay)
	num(c, &m.inv, 8)
	num(c, &m.timer, 8)
	num(c, &m.attempts, 4)
	c.flag(&m.restart)
	c.flag(&m.due)
	c.flag(&m.erring)
	limited(c, &m.told, Stopping)
	num(c, &m.toldInv, 8)
	num(c, &m.toldTimer, 8)
	num(c, &m.stopInv, 8)
	num(c, &m.confirmInv, 8)
	num(c, &m.confirmTmr, 8)
	limited(c, &m.haReadyAll, NotReadyForAssignment)
	n := c.count(len(m.haReady), 5)
	if c.dec && n > len(e.csis) {
		c.bad, n = true, 0
	}
	if c.dec {
		m.haReady = nil
	}
	last := int32(-1)
	for i := range n {
		if c.dec {
			m.haReady = append(m.haReady, csiReady{})
		}
		k := &m.haReady[i]
		c.index(&k.csi, len(e.csis))
		limited(c, &k.state, NotReadyForAssignment)
		if c.dec && (k.csi <= last || k.state == 0) {
			c.bad = true
			return
		}
		last = k.csi
	}
}

func (c *coder) unit(e *Engine, u *unit) {
	c.admin(&u.admin)
	limited(c, &u.oper, Disabled)
	c.flag(&u.failing)
	c.flag(&u.drain)
	c.flag(&u.restarting)
	c.counter(&u.compRestarts)
	c.counter(&u.suRestarts)
	num(c, &u.pending.flags, 4)
	limited(c, &u.pending.state, pendingGo)
	n := c.count(len(u.assigns), 14)
	if c.dec {
		u.assigns = nil
		if n > len(e.sis) {
			c.bad, n = true, 0
		}
	}
	last := int32(-1)
	for i := range n {
		if c.dec {
			u.assigns = append(u.assigns, &assign{su: int32(u.m.Index)})
		}
		a := u.assigns[i]
		c.index(&a.si, len(e.sis))
		if c.dec && (a.si <= last || e.sis[a.si].m.SG != u.m.SG) {
			c.bad = true
			u.assigns = nil
			return
		}
		last = a.si
		limited(c, &a.ha, HAQuiescing)
		c.flag(&a.removing)
		num(c, &a.rank, 4)
		c.csis(e, u, a)
		if c.bad {
			u.assigns = nil
			return
		}
	}
}

func (c *coder) csis(e *Engine, u *unit, a *assign) {
	n := c.count(len(a.csis), 30)
	if c.dec && n > len(e.sis[a.si].m.CSIs) {
		c.bad = true
		return
	}
	for i := range n {
		if c.dec {
			a.csis = append(a.csis, csiAssign{})
		}
		cs := &a.csis[i]
		c.index(&cs.csi, len(e.csis))
		c.index(&cs.comp, len(e.comps))
		if c.dec && (cs.csi < 0 || cs.comp < 0 || e.comps[cs.comp].m.SU != u.m || e.c.CSIs[cs.csi].SI.Index != int(a.si)) {
			c.bad = true
			return
		}
		limited(c, &cs.ha, HAQuiescing)
		limited(c, &cs.acked, HAQuiescing)
		c.flag(&cs.hot)
		c.flag(&cs.exposed)
		c.flag(&cs.removing)
		num(c, &cs.inv, 8)
		num(c, &cs.timer, 8)
		num(c, &cs.quiesce, 8)
		num(c, &cs.quiesInv, 8)
	}
}

func (c *coder) timers(e *Engine, left func(TimerID) time.Duration) {
	n := c.count(len(e.timers), 25)
	if c.dec {
		e.timers = make([]timer, n)
	}
	for i := range n {
		t := &e.timers[i]
		limit := t.limit
		if !c.dec {
			limit = max(left(t.id), 1)
		}
		num(c, &t.id, 8)
		num(c, &t.kind, 1)
		num(c, &t.a, 4)
		num(c, &t.b, 4)
		num(c, &limit, 8)
		if c.dec {
			t.limit = limit
			if limit <= 0 || i > 0 && t.id <= e.timers[i-1].id || t.id > e.lastTimer || !e.validTimer(t) {
				c.bad = true
				return
			}
		}
	}
}

// validTimer tells whether what a timer refers to exists.
func (e *Engine) validTimer(t *timer) bool {
	within := func(v int32, n int) bool { return v >= 0 && int(v) < n }
	switch t.kind {
	case timerStartup:
		return true
	case timerOp, timerTold, timerConfirm, timerCSI:
		return within(t.a, len(e.comps))
	case timerQuiesce:
		return within(t.a, len(e.comps)) && within(t.b, len(e.csis))
	case timerCompRestart, timerSuRestart:
		return within(t.a, len(e.units))
	case timerNode:
		return within(t.a, len(e.nodes))
	case timerAdjust:
		return within(t.a, len(e.groups))
	case timerDependency:
		return within(t.a, len(e.sis)) && within(t.b, len(e.sis[t.a].deps))
	case timerLease:
		return t.a >= -1 && int(t.a) < len(e.nodes)
	}
	return false
}

func (c *coder) leases(e *Engine) {
	n := c.count(len(e.leases), 17)
	if c.dec {
		e.leases = make([]lease, n)
	}
	for i := range n {
		l := &e.leases[i]
		num(c, &l.timer, 8)
		c.index(&l.node, len(e.nodes))
		all := l.sis == nil
		c.flag(&all)
		k := c.count(len(l.sis), 4)
		if c.dec && !all {
			l.sis = make([]int32, k)
		} else if c.dec && k > 0 {
			c.bad = true
			return
		}
		for j := range k {
			c.index(&l.sis[j], len(e.sis))
			c.bad = c.bad || l.sis[j] < 0
		}
	}
}

// Snapshot encodes the replicated state. left tells how long a timer still has to run.
func (e *Engine) Snapshot(left func(TimerID) time.Duration) []byte {
	c := coder{}
	c.snapshot(e, left)
	return c.b
}

// restore makes an engine of a snapshot; false: it is none of this model.
func restore(m *model.Cluster, majority bool, lease time.Duration, b []byte) (*Engine, bool) {
	e := New(m, majority, lease)
	c := coder{b: b, dec: true}
	c.snapshot(e, nil)
	return e, !c.bad && len(c.b) == 0
}
