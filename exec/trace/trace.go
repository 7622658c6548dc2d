// Package trace is the flight recorder: the last minutes of protocol events with
// their causes, kept in memory of fixed size so that the question "why did the
// ring re-form at 3:12" has an answer. Recording neither allocates nor formats;
// text is made only when somebody asks.
//
// Two rings of events are kept, so that what happens often (a packet refused) does
// not push out what happens seldom and matters (a configuration change). Equal
// events that follow each other become one with a count.
//
// A Recorder belongs to the goroutine that owns the ring; it has no locks.
package trace

import (
	"strconv"
	"time"
)

// Args is how many numbers an event carries.
const Args = 4

// Kind is a kind of event: where it comes from, what it is and what its numbers
// mean. Kinds are package variables, made once.
type Kind struct {
	room, name string
	args       [Args]arg
	n          int
	often      bool
}

type arg struct {
	name string
	form Form
}

// Form is how a number is written.
type Form uint8

const (
	Decimal  Form = iota
	Address       // an IPv4 address, most significant byte first, or a small node id
	Duration      // nanoseconds
)

// NewKind makes a kind of event of a room (a package: "srp", "net").
func NewKind(room, name string) *Kind { return &Kind{room: room, name: name} }

// Arg names the next number; it returns k. A fifth one is an error of the caller.
func (k *Kind) Arg(name string, form Form) *Kind {
	k.args[k.n] = arg{name, form}
	k.n++
	return k
}

// Often puts the kind among those that may happen thousands of times a second;
// it returns k.
func (k *Kind) Often() *Kind { k.often = true; return k }

type event struct {
	at    time.Duration // of the first of count
	last  time.Duration
	seq   uint64 // order of the first one over both rings
	kind  *Kind
	note  string
	args  [Args]uint64
	count uint64
}

type ring struct {
	events []event
	next   int
	full   bool
}

// Recorder keeps events.
type Recorder struct {
	seldom, often ring
	seq           uint64
	epoch         time.Time // wall clock at time 0
}

// New makes a recorder of size seldom and size often events (about 110 bytes
// each). epoch is the wall clock at time 0 of the times given to Record.
func New(size int, epoch time.Time) *Recorder {
	return &Recorder{
		seldom: ring{events: make([]event, size)},
		often:  ring{events: make([]event, size)},
		epoch:  epoch,
	}
}

// Record keeps one event. note is a constant (a cause, a reason), never a text
// made for the call: it is kept, and making it would allocate.
func (r *Recorder) Record(at time.Duration, k *Kind, note string, args ...uint64) {
	to := &r.seldom
	if k.often {
		to = &r.often
	}
	var a [Args]uint64
	copy(a[:], args)
	if last := to.newest(); last != nil && last.kind == k && last.note == note && last.args == a {
		last.count++
		last.last = at
		return
	}
	r.seq++
	to.events[to.next] = event{at: at, last: at, seq: r.seq, kind: k, note: note, args: a, count: 1}
	if to.next++; to.next == len(to.events) {
		to.next, to.full = 0, true
	}
}

func (g *ring) newest() *event {
	if g.next > 0 {
		return &g.events[g.next-1]
	}
	if g.full {
		return &g.events[len(g.events)-1]
	}
	return nil
}

// back is the event i before the newest, or nil.
func (g *ring) back(i int) *event {
	n := len(g.events)
	if !g.full {
		if i >= g.next {
			return nil
		}
		return &g.events[g.next-1-i]
	}
	if i >= n {
		return nil
	}
	return &g.events[(g.next-1-i+2*n)%n]
}

// AppendText appends the newest events, oldest of them first, one a line, and at
// most limit bytes of them:
//
//	2006-01-02T15:04:05.000000Z srp: gather: token-loss ring=7 (3 times until 15:04:06.000000)
func (r *Recorder) AppendText(dst []byte, limit int) []byte {
	// Lines are found from the newest backwards until the limit, then turned round.
	var lines [][]byte
	size := 0
	for i, j := 0, 0; ; {
		a, b := r.seldom.back(i), r.often.back(j)
		e := a
		switch {
		case a == nil && b == nil:
			e = nil
		case a == nil || b != nil && b.seq > a.seq:
			e = b
			j++
		default:
			i++
		}
		if e == nil {
			break
		}
		line := r.line(nil, e)
		if size += len(line); size > limit {
			break
		}
		lines = append(lines, line)
	}
	for i := len(lines) - 1; i >= 0; i-- {
		dst = append(dst, lines[i]...)
	}
	return dst
}

func (r *Recorder) line(b []byte, e *event) []byte {
	b = r.epoch.Add(e.at).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000Z")
	b = append(b, ' ')
	b = append(b, e.kind.room...)
	b = append(b, ": "...)
	b = append(b, e.kind.name...)
	if e.note != "" {
		b = append(b, ": "...)
		b = append(b, e.note...)
	}
	for i := range e.kind.n {
		b = append(b, ' ')
		b = append(b, e.kind.args[i].name...)
		b = append(b, '=')
		b = e.kind.args[i].form.append(b, e.args[i])
	}
	if e.count > 1 {
		b = append(b, " ("...)
		b = strconv.AppendUint(b, e.count, 10)
		b = append(b, " times until "...)
		b = r.epoch.Add(e.last).UTC().AppendFormat(b, "15:04:05.000000")
		b = append(b, ')')
	}
	return append(b, '\n')
}

func (f Form) append(b []byte, v uint64) []byte {
	switch {
	case f == Duration:
		return append(b, time.Duration(v).String()...)
	case f == Address && v > 0xffff && v <= 0xffffffff:
		for shift := 24; shift >= 0; shift -= 8 {
			b = strconv.AppendUint(b, v>>shift&0xff, 10)
			if shift > 0 {
				b = append(b, '.')
			}
		}
		return b
	}
	return strconv.AppendUint(b, v, 10)
}
