package wire

import (
	"bytes"
	"testing"
)

// Each decoder must refuse or decode to what encodes to the same bytes, and
// never panic or take more than the packet has.
func fuzzPacket(f *testing.F, newPacket func() packet, name string) {
	for n, p := range samples() {
		if n == name || n == "bare "+name {
			f.Add(p.AppendTo(nil))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p := newPacket()
		if p.Unmarshal(b) != nil {
			return
		}
		if again := p.AppendTo(nil); !bytes.Equal(again, b) {
			t.Errorf("decoded and encoded again:\n%x\n%x", b, again)
		}
	})
}

func FuzzToken(f *testing.F)    { fuzzPacket(f, func() packet { return &Token{} }, "token") }
func FuzzTokenAck(f *testing.F) { fuzzPacket(f, func() packet { return &TokenAck{} }, "token ack") }
func FuzzHoldCancel(f *testing.F) {
	fuzzPacket(f, func() packet { return &HoldCancel{} }, "hold cancel")
}
func FuzzDataAck(f *testing.F) { fuzzPacket(f, func() packet { return &DataAck{} }, "data ack") }
func FuzzLeave(f *testing.F)   { fuzzPacket(f, func() packet { return &Leave{} }, "leave") }
func FuzzMergeDetect(f *testing.F) {
	fuzzPacket(f, func() packet { return &MergeDetect{} }, "merge detect")
}
func FuzzChallenge(f *testing.F) { fuzzPacket(f, func() packet { return &Challenge{} }, "challenge") }
func FuzzProbe(f *testing.F)     { fuzzPacket(f, func() packet { return &Probe{} }, "probe") }
func FuzzProbeReply(f *testing.F) {
	fuzzPacket(f, func() packet { return &ProbeReply{} }, "probe reply")
}
func FuzzJoin(f *testing.F)   { fuzzPacket(f, func() packet { return &JoinPage{} }, "join") }
func FuzzCommit(f *testing.F) { fuzzPacket(f, func() packet { return &CommitPage{} }, "commit") }

func FuzzData(f *testing.F) {
	for _, d := range datas() {
		f.Add(encode(&d))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Data
		if d.Unmarshal(b) != nil {
			return
		}
		if again := encode(&d); !bytes.Equal(again, b) {
			t.Errorf("decoded and encoded again:\n%x\n%x", b, again)
		}
	})
}
