package totem

import (
	"testing"
	"time"

	"ais/exec/loop"
	"ais/exec/totem/srp"
	"ais/exec/totem/wire"
)

// prompted is an upper layer that notes what had happened when it was told to
// tell others.
type prompted struct {
	mute
	d       *Driver
	prompts int
	got     []int    // messages delivered until then
	sent    []uint64 // packets given to the kernel until then
	taken   uint64   // packets given to the kernel when a message was taken for the last time
}

// Next takes note of what had been sent: a token or two may have been, if the machine
// was slow.
func (p *prompted) Next(dst []byte) (int, wire.Guarantee, bool) {
	if p.left > 0 {
		p.taken = p.d.Stats().Net.SentPackets
	}
	return p.mute.Next(dst)
}

func (p *prompted) Prompt() {
	p.prompts++
	p.got = append(p.got, p.mute.got)
	p.sent = append(p.sent, p.d.Stats().Net.SentPackets)
}

// promptedPair is two drivers on one loop, of which the first can be prompted.
func promptedPair(t *testing.T) (*loop.Loop, *prompted, *mute) {
	t.Helper()
	w := newWorld(t, 2)
	l, err := loop.New()
	if err != nil {
		t.Fatal(err)
	}
	var ds []*Driver
	t.Cleanup(func() {
		for _, d := range ds {
			d.Close()
		}
		l.Close()
	})
	p, m := &prompted{}, &mute{}
	for i := 1; i <= 2; i++ {
		d, err := New(w.options(l, i))
		if err != nil {
			t.Fatal(err)
		}
		ds = append(ds, d)
		if i == 1 {
			p.d, p.size = d, 100
			err = d.Start(p, p)
		} else {
			err = d.Start(m, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	turn(t, l, "one ring", func() bool { return p.ring == 2 && m.ring == 2 })
	return l, p, m
}

// held turns the loop until node 1 holds the token: then nothing was delivered for
// longer than silence.
func held(t *testing.T, l *loop.Loop, p *prompted) {
	t.Helper()
	holds := p.d.Stats().Ring.Counters.Holds
	turn(t, l, "the token is held", func() bool { return p.d.Stats().Ring.Counters.Holds > holds })
	for began := time.Now(); time.Since(began) < 2*silence; {
		if err := l.Turn(silence); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAfterSilenceAMessageIsDeliveredBeforeItsPacketIsSent(t *testing.T) {
	l, p, m := promptedPair(t)
	for round := range 3 {
		held(t, l, p)
		p.prompts, p.got, p.sent = 0, nil, nil
		before := p.mute.got
		other := m.got
		p.left++
		p.d.Wake()
		turn(t, l, "the message arrives at the other node", func() bool { return m.got == other+1 })
		if p.prompts != 1 {
			t.Fatalf("round %d: %d prompts, want 1", round, p.prompts)
		}
		if p.got[0] != before+1 {
			t.Errorf("round %d: %d messages were delivered at the prompt, want %d", round, p.got[0], before+1)
		}
		if p.sent[0] != p.taken {
			t.Errorf("round %d: %d packets were sent before the prompt", round, p.sent[0]-p.taken)
		}
	}
}

// Packets and the token must not wait for others when there is traffic.
func TestInTrafficPacketsAreSentBeforeMessagesAreDelivered(t *testing.T) {
	l, p, m := promptedPair(t)
	held(t, l, p)
	began := p.prompts
	const n = 200
	for i := range n {
		last := p.d.deliveredAt
		got := m.got
		p.left++
		p.d.Wake()
		turn(t, l, "the message arrives at the other node", func() bool { return m.got == got+1 })
		if p.d.deliveredAt-last < silence && p.prompts > began && i > 0 {
			t.Fatalf("message %d, %v after the one before, prompted", i, p.d.deliveredAt-last)
		}
		began = p.prompts
	}
	// More than a few after silence go at once, too.
	held(t, l, p)
	began = p.prompts
	got := m.got
	p.left += 10 * answerFirst
	p.d.Wake()
	turn(t, l, "the messages arrive at the other node", func() bool { return m.got == got+10*answerFirst })
	if p.prompts != began {
		t.Errorf("%d messages at once prompted", 10*answerFirst)
	}
}

// The moment that others are given would become a millisecond there.
func TestWhereTimersAreCoarsePacketsAreSentFirst(t *testing.T) {
	l, p, m := promptedPair(t)
	l.SetCoarse()
	for range 3 {
		held(t, l, p)
		began, got := p.prompts, m.got
		p.left++
		p.d.Wake()
		turn(t, l, "the message arrives at the other node", func() bool { return m.got == got+1 })
		if p.prompts != began {
			t.Error("the packet waited")
		}
	}
}

// What is owed when something else happens goes before what that leads to.
func TestPacketsThatWereNotSentYetGoBeforeWhatTheNextInputSends(t *testing.T) {
	l, p, m := promptedPair(t)
	held(t, l, p)
	p.left++
	p.d.Wake()
	for end := time.Now().Add(20 * time.Second); p.d.owed == nil; {
		if err := l.Turn(0); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatal("nothing was delivered before its packets were sent")
		}
	}
	sent := p.taken
	if now := p.d.Stats().Net.SentPackets; now != sent {
		t.Fatalf("%d packets were sent already", now-sent)
	}
	owed := uint64(len(p.d.owed.Packets))
	p.d.suspect(99) // nobody: an input that leads to nothing
	if p.d.owed != nil {
		t.Error("something is owed after another input")
	}
	if now := p.d.Stats().Net.SentPackets; now != sent+owed {
		t.Errorf("%d packets were sent, %d were owed", now-sent, owed)
	}
	turn(t, l, "the message arrives at the other node", func() bool { return m.got > 0 })
}

var _ Prompter = (*prompted)(nil)
var _ srp.Source = (*prompted)(nil)
