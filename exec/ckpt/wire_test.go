package ckpt

import (
	"bytes"
	"math"
	"testing"

	"ais/libais/ipcwire"
)

func TestTheHeadOfARequestComesBackAsItWasAndIsNoLargerThanAnnounced(t *testing.T) {
	for _, q := range []request{
		{},
		{op: ipcwire.CkptOverwrite, conn: 3, wall: 1, number: 500, handle: 1},
		{op: 127, conn: 128, wall: -1, number: 1 << 14, handle: 1<<14 - 1},
		{op: math.MaxUint16, conn: math.MaxUint64, wall: math.MinInt64, number: math.MaxUint64, handle: math.MaxUint32},
	} {
		b := appendRequest(nil, &q)
		if len(b) > requestHead {
			t.Errorf("%+v takes %d bytes, %d are announced", q, len(b), requestHead)
		}
		r := &reader{b: append(b[1:len(b):len(b)], "body"...)}
		if got := r.request(); got != q || r.bad || string(r.rest()) != "body" {
			t.Errorf("%+v became %+v", q, got)
		}
		for n := 1; n < len(b); n++ {
			r := &reader{b: b[1:n]}
			if r.request(); !r.bad {
				t.Errorf("%d of %d bytes of %+v were taken", n, len(b), q)
			}
		}
	}
	if n := len(appendRequest(nil, &request{op: ipcwire.CkptOverwrite, conn: 3, number: 1 << 20})); n != 1+8+2+1+3+1 {
		t.Errorf("an overwrite has a head of %d bytes", n)
	}
}

func TestNumbersOfARequestThatCannotBeAreRefused(t *testing.T) {
	wall := make([]byte, 8)
	for name, numbers := range map[string][]byte{
		"op beyond 16 bits":        {0x80, 0x80, 0x04, 0, 0, 0},
		"handle beyond 32 bits":    {1, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x10},
		"number beyond 64 bits":    append([]byte{1, 1}, append(bytes.Repeat([]byte{0xff}, 9), 2, 0)...),
		"one that does not end":    {1, 1, 1, 0x80},
		"nothing where one should": {1, 1, 1},
	} {
		r := &reader{b: append(wall[:8:8], numbers...)}
		if q := r.request(); !r.bad {
			t.Errorf("%s: taken as %+v", name, q)
		}
	}
}
