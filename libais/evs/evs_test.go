package evs

import (
	"testing"

	"ais/libais"
	"ais/libais/ipcwire"
)

func TestWrongArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	c := new(libais.Conn) // no executive: a request that got through would be ErrLibrary
	c.Close()
	var s Scratch
	many := make([]ipcwire.EvsGroup, MaxGroups+1)
	for name, tc := range map[string]struct{ got, want ipcwire.Error }{
		"guarantee":       {StartMcastJoined(c, &s, Safe+1, PrioLow), ipcwire.ErrInvalidParam},
		"priority":        {StartMcastJoined(c, &s, Safe, PrioLow+1), ipcwire.ErrInvalidParam},
		"groups":          {StartMcastGroups(c, &s, Safe, PrioLow, many), ipcwire.ErrTooManyGroups},
		"join":            {StartJoin(c, &s, many), ipcwire.ErrTooManyGroups},
		"leave":           {StartLeave(c, &s, many), ipcwire.ErrTooManyGroups},
		"too big":         {StartMcastJoined(c, &s, Safe, PrioLow, []byte("x")), ipcwire.ErrTooBig},
		"no executive":    {StartMcastJoined(c, &s, Safe, PrioLow), ipcwire.ErrLibrary},
		"join, no one":    {StartJoin(c, &s, many[:1]), ipcwire.ErrLibrary},
		"members, no one": {StartMembershipGet(c), ipcwire.ErrLibrary},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, not %v", name, tc.got, tc.want)
		}
	}
}

func TestACallbackOfAnotherKindIsNotDecoded(t *testing.T) {
	body := ipcwire.AppendEvsDelivery(nil, &ipcwire.EvsDelivery{NodeID: 4, Payload: []byte("p")})
	var d ipcwire.EvsDelivery
	if !Delivery(libais.Callback{Op: ipcwire.EvsDeliver, Body: body}, &d) || d.NodeID != 4 || string(d.Payload) != "p" {
		t.Error("a delivery is refused")
	}
	if Delivery(libais.Callback{Op: ipcwire.EvsConfchg, Body: body}, &d) {
		t.Error("what is no delivery is taken for one")
	}
	body = ipcwire.AppendEvsConfiguration(nil, &ipcwire.EvsConfiguration{Transitional: true})
	var q ipcwire.EvsConfiguration
	if !Configuration(libais.Callback{Op: ipcwire.EvsConfchg, Body: body}, &q) || !q.Transitional {
		t.Error("a configuration is refused")
	}
	if Configuration(libais.Callback{Op: ipcwire.EvsDeliver, Body: body}, &q) {
		t.Error("what is no configuration is taken for one")
	}
}

func TestTheLargestMessageToTheMostGroupsFitsAFrame(t *testing.T) {
	if ipcwire.HeaderSize+ipcwire.EvsMcastHeadSize(MaxGroups)+1<<20 > ipcwire.MaxFrame {
		t.Fatal("it does not")
	}
}
