package clm

import (
	"testing"

	"ais/exec/totem/wire"
)

// Where the state directory does not survive, every start has the number 1: only
// the nonce tells that it is another.
func TestAnExecutiveThatLostItsStateAndWasRestartedHasLeftAndJoined(t *testing.T) {
	at := func(nonce byte) *view {
		return &view{nodes: []node{{member: wire.Member{ID: 7, Start: 1, Nonce: wire.Nonce{nonce}}}}}
	}
	list := difference(at(1), at(2))
	if len(list) != 2 || list[0].change != left || list[1].change != joined {
		t.Errorf("the differences are %+v", list)
	}
	if changed(difference(at(1), at(1))) {
		t.Error("the same start is a change")
	}
}
