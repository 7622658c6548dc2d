package engine

import "testing"

func TestALeaseIsRenewedOnlyByABeatThatBecameSafeInAMajority(t *testing.T) {
	l := leaseHolder{limit: 100}
	l.configured(true)
	l.beats = append(l.beats, beat{id: 1, sent: 10}, beat{id: 2, sent: 20})
	if l.safe(2, true) {
		t.Error("a beat renewed that was not delivered")
	}
	l.delivered(1)
	if !l.safe(1, true) || l.until != 110 {
		t.Errorf("until %d", l.until)
	}
	l.delivered(2)
	l.interrupted()
	if l.safe(2, true) || l.until != 110 {
		t.Error("a beat renewed whose configuration is over")
	}
	l.configured(false)
	l.beats = append(l.beats, beat{id: 3, sent: 50, delivered: true})
	if l.safe(3, false) || l.until != 110 {
		t.Error("a beat renewed without a majority")
	}
	l.configured(true)
	l.beats = append(l.beats, beat{id: 4, sent: 60, delivered: true}, beat{id: 5, sent: 55, delivered: true})
	if !l.safe(5, true) || l.until != 160 {
		t.Errorf("until %d: the lease is from the latest beat that is safe", l.until)
	}
	if !l.valid(159) || l.valid(160) {
		t.Error("the lease does not end when it ends")
	}
}
