package clm

import (
	"testing"

	"ais/libais"
	"ais/libais/ipcwire"
)

func TestTrackFlags(t *testing.T) {
	good := map[uint8]bool{Current: true, Changes: true, ChangesOnly: true, Current | Changes: true, Current | ChangesOnly: true}
	for f := range 256 {
		want := ipcwire.ErrBadFlags
		if good[uint8(f)] {
			want = ipcwire.OK
		}
		if err := CheckTrack(uint8(f)); err != want {
			t.Errorf("flags %#x: %v", f, err)
		}
	}
}

func TestWrongArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	var c libais.Conn // not connected: a request that got through would be ErrLibrary
	for name, tc := range map[string]struct{ got, want ipcwire.Error }{
		"no flags":                {StartTrack(&c, 0, false), ipcwire.ErrBadFlags},
		"a buffer for changes":    {StartTrack(&c, Changes, true), ipcwire.ErrInvalidParam},
		"no time":                 {StartNodeGet(&c, LocalNode, 0), ipcwire.ErrTimeout},
		"less than no time":       {StartNodeGet(&c, LocalNode, -1), ipcwire.ErrTimeout},
		"right, but no executive": {StartTrack(closed(t), Current, true), ipcwire.ErrLibrary},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, not %v", name, tc.got, tc.want)
		}
	}
}

func closed(t *testing.T) *libais.Conn {
	t.Helper()
	c := new(libais.Conn)
	c.Close()
	return c
}

func TestACallbackOfAnotherKindIsNotDecoded(t *testing.T) {
	body := ipcwire.AppendClmView(nil, &ipcwire.ClmView{View: 3})
	var v ipcwire.ClmView
	if !View(libais.Callback{Op: ipcwire.ClmTrackCallback, Body: body}, &v) || v.View != 3 {
		t.Error("a view is refused")
	}
	if View(libais.Callback{Op: ipcwire.ClmNodeGetCallback, Body: body}, &v) || View(libais.Callback{Op: ipcwire.ClmTrackCallback}, &v) {
		t.Error("what is no view is taken for one")
	}
	var r ipcwire.ClmNodeGetResult
	body = ipcwire.AppendClmNodeGetResult(nil, &ipcwire.ClmNodeGetResult{Invocation: 9, Error: ipcwire.ErrNotExist})
	if !NodeGetResult(libais.Callback{Op: ipcwire.ClmNodeGetCallback, Body: body}, &r) || r.Invocation != 9 || r.Error != ipcwire.ErrNotExist {
		t.Error("a result is refused")
	}
	if NodeGetResult(libais.Callback{Op: ipcwire.ClmTrackCallback, Body: body}, &r) {
		t.Error("what is no result is taken for one")
	}
}
