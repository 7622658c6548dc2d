package ckpt

import (
	"testing"

	"ais/libais"
	"ais/libais/ipcwire"
)

func closed() *libais.Conn {
	c := new(libais.Conn)
	c.Close()
	return c
}

func TestWrongArgumentsAreRefusedBeforeAnythingIsSent(t *testing.T) {
	c := closed() // no executive: a request that got through would be ErrLibrary
	var s Scratch
	var tr Transfer
	attrs := &ipcwire.CkptAttributes{Flags: ipcwire.CkptAllReplicas, MaxSections: 1}
	long := make([]byte, ipcwire.MaxSectionID+1)
	place := func(int, uint64) []byte { return nil }
	for name, tc := range map[string]struct{ got, want ipcwire.Error }{
		"no flags":            {StartOpen(c, &s, []byte("n"), 0, nil, 1), ipcwire.ErrBadFlags},
		"no name":             {StartOpen(c, &s, nil, 1, nil, 1), ipcwire.ErrInvalidParam},
		"create, no how":      {StartOpenAsync(c, &s, []byte("n"), 4, nil, 1), ipcwire.ErrInvalidParam},
		"how, no create":      {StartOpen(c, &s, []byte("n"), 1, attrs, 1), ipcwire.ErrInvalidParam},
		"unlink nothing":      {StartUnlink(c, &s, nil), ipcwire.ErrInvalidParam},
		"negative retention":  {StartRetentionSet(c, &s, 1, -1), ipcwire.ErrInvalidParam},
		"delete the default":  {StartSectionDelete(c, &s, 1, nil), ipcwire.ErrInvalidParam},
		"expire the default":  {StartExpirationSet(c, &s, 1, nil, 1), ipcwire.ErrInvalidParam},
		"no selection":        {StartIterate(c, &s, 1, 0, 0, 0, 1), ipcwire.ErrInvalidParam},
		"no such selection":   {StartIterate(c, &s, 1, 6, 0, 0, 1), ipcwire.ErrInvalidParam},
		"no sections wanted":  {StartIterate(c, &s, 1, 5, 0, 0, 0), ipcwire.ErrInvalidParam},
		"write nothing":       {tr.StartWrite(c, 1, nil), ipcwire.ErrInvalidParam},
		"read nothing":        {tr.StartRead(c, 1, nil, place), ipcwire.ErrInvalidParam},
		"an id too long":      {tr.StartSectionCreate(c, 1, long, 1, nil), ipcwire.ErrInvalidParam},
		"no such section":     {tr.StartOverwrite(c, 1, long, nil), ipcwire.ErrNotExist},
		"too many vectors":    {tr.StartWrite(c, 1, make([]Vector, ipcwire.MaxCkptVectors+1)), ipcwire.ErrNoResources},
		"too many to read":    {tr.StartRead(c, 1, make([]ReadVector, 40_000), place), ipcwire.ErrNoResources},
		"right, no executive": {StartClose(c, &s, 1), ipcwire.ErrLibrary},
		"read, no executive":  {tr.StartRead(c, 1, make([]ReadVector, 1), place), ipcwire.ErrLibrary},
		"write, no executive": {tr.StartWrite(c, 1, make([]Vector, 1)), ipcwire.ErrLibrary},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, not %v", name, tc.got, tc.want)
		}
	}
	if err := tr.StartWrite(c, 1, []Vector{{}, {Section: long}}); err != ipcwire.ErrNotExist {
		t.Errorf("a vector of no section: %v", err)
	}
	if err, index, indexed := tr.Result(); err != ipcwire.ErrNotExist || index != 1 || !indexed {
		t.Errorf("%v at %d, %v", err, index, indexed)
	}
	if p := tr.Next(c); p != Done {
		t.Errorf("what was refused goes on: %v", p)
	}
}

func TestACallbackOfAnotherKindIsNotDecoded(t *testing.T) {
	opened := ipcwire.AppendCkptOpenResult(nil, &ipcwire.CkptOpenResult{Invocation: 4, Error: ipcwire.OK, Opened: ipcwire.CkptOpened{Handle: 7}})
	var o ipcwire.CkptOpenResult
	if !OpenResult(libais.Callback{Op: ipcwire.CkptOpenCallback, Body: opened}, &o) || o.Opened.Handle != 7 {
		t.Error("an open's result is refused")
	}
	if OpenResult(libais.Callback{Op: ipcwire.CkptSynchronizeCallback, Body: opened}, &o) {
		t.Error("what is no open's result is taken for one")
	}
	var y ipcwire.CkptSynchronizeResult
	body := ipcwire.AppendCkptSynchronizeResult(nil, &ipcwire.CkptSynchronizeResult{Handle: 3, Invocation: 9, Error: ipcwire.ErrTimeout})
	if !SynchronizeResult(libais.Callback{Op: ipcwire.CkptSynchronizeCallback, Body: body}, &y) || y.Handle != 3 || y.Invocation != 9 {
		t.Error("a synchronize's result is refused")
	}
	if SynchronizeResult(libais.Callback{Op: ipcwire.CkptOpenCallback, Body: body}, &y) {
		t.Error("what is no synchronize's result is taken for one")
	}
}
