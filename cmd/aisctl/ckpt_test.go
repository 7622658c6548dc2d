package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ais/exec/ctl/report"
	"ais/libais/ipcwire"
)

func TestCheckpointTextSaysWhatMatters(t *testing.T) {
	k := report.Ckpt{
		Name: []byte("calls\x1b[2J"), Flags: ipcwire.CkptActiveReplica | ipcwire.CkptCollocated, Size: 1 << 20, RetentionNS: 60e9, LeftNS: 1500e6,
		MaxSections: 10, MaxSectionSize: 1 << 17, MaxSectionIDSize: 16, Sections: 2, Bytes: 123456, Whole: []uint32{1, 2}, Partial: []uint32{3},
	}
	list := &report.CkptPage{
		Checkpoints: []report.Ckpt{k}, Memory: report.CkptMemory{Used: 5000, Limit: 4 << 30}, LostCount: 3,
		Disk: report.CkptDisk{On: true, Failing: true, Failures: 7, Damaged: 1},
	}
	want := `"calls\x1b[2J": 2 sections, 120.6 KiB, not open, ends in 1.5s, whole on 1 2, not yet on 3
1 checkpoints; memory 5000 B of 4.0 GiB
NOT saved to disk: 7 failures, see the log
1 files were torn or damaged when this executive started, see the log
3 changes were discarded by merges: aisctl ckpt lost
`
	if got := ckptListText(list); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	now := time.Unix(1000, 0)
	k.Openers, k.LeftNS = []report.CkptOpener{{Node: 1, Handles: 2}, {Node: 2, Handles: 1}}, -1
	show := &report.CkptPage{Checkpoints: []report.Ckpt{k}, Sections: []report.CkptSection{
		{ID: []byte("a"), Size: 3, Expiration: ipcwire.CkptTimeEnd, Updated: 999e9, Writer: 2, Digest: "0123456789abcdef"},
		{ID: nil, Size: 4, Expiration: 1002e9, Updated: 999e9, Writer: 1},
	}}
	want = `name       "calls\x1b[2J"
flags      active replica, collocated
size       120.6 KiB of 1.0 MiB
sections   2 of 10, each at most 128.0 KiB, ids at most 16 bytes
retention  1m0s
openers    open 2 times on node 1, 1 times on node 2
replicas   whole on 1 2
           not yet whole on 3
active     nowhere: sections can neither be read nor written
  a: 3 B, written 1970-01-01T00:16:39Z by node 2, never expires, 0123456789abcdef
  (default section): 4 B, written 1970-01-01T00:16:39Z by node 1, expires in 2s, not here yet
`
	if got := ckptShowText(show, now); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	lost := &report.CkptPage{LostCount: 5, Lost: []report.CkptLoss{
		{Kind: "write", Checkpoint: []byte("c"), Section: []byte("s"), Node: 2, Updated: 999e9, Members: []uint32{2, 3}},
		{Kind: "no whole replica", Checkpoint: []byte("c"), Members: []uint32{2}, Returned: true},
	}}
	want = `write: checkpoint c, section s, written 1970-01-01T00:16:39Z by node 2, in the partition of 2 3
no whole replica: checkpoint c, in the partition of 2; NOT lost: a node came back that had it
and 3 earlier
`
	if got := ckptLostText(lost); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func sampleDump(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, line := range []any{
		&dumpHead{Format: dumpFormat, Name: []byte("n"), Attributes: ipcwire.CkptAttributes{
			Flags: 1, Size: 100, Retention: 1e9, MaxSections: 4, MaxSectionSize: 50, MaxSectionIDSize: 8}},
		&dumpSection{ID: []byte("a"), Expiration: 5, Digest: dumpDigest([]byte("alpha")), Data: []byte("alpha")},
		&dumpSection{ID: []byte("b"), Expiration: 6, Digest: dumpDigest(nil)},
		&dumpEnd{true, 2},
	} {
		if err := enc.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestHalfAFileAndADamagedOneAreRefused(t *testing.T) {
	data := sampleDump(t)
	d, err := decodeDump(bytes.NewReader(data), "f")
	if err != nil || len(d.sections) != 2 || string(d.sections[0].Data) != "alpha" || d.sections[1].Expiration != 6 {
		t.Fatalf("%+v %v", d, err)
	}
	for n := range len(data) - 1 { // the last byte is a line end
		if _, err := decodeDump(bytes.NewReader(data[:n]), "f"); err == nil {
			t.Fatalf("%d of %d bytes are taken", n, len(data))
		}
	}
	for _, change := range [][2]string{
		{"aisctl-ckpt-1", "aisctl-ckpt-2"}, {`"data":"YWx`, `"data":"YWy`}, {`"sections":2`, `"sections":3`}, {`"MaxSections":4`, `"MaxSections":0`},
	} {
		if !strings.Contains(string(data), change[0]) {
			t.Fatalf("%q is not there", change[0])
		}
		if _, err := decodeDump(strings.NewReader(strings.Replace(string(data), change[0], change[1], 1)), "f"); err == nil {
			t.Errorf("with %s", change[1])
		}
	}
}
