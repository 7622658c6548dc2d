package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func testPeers(t *testing.T) (*peers, *bytes.Buffer) {
	t.Helper()
	var b bytes.Buffer
	p := &peers{w: &b, out: t.TempDir(), reps: 3}
	p.report.Times = map[string]*latencyTimes{}
	return p, &b
}

func lastWord(line string) string {
	w := strings.Fields(line)
	return w[len(w)-1]
}

func TestACellIsOneLineWhoseLastWordIsItsVerdict(t *testing.T) {
	p, out := testPeers(t)
	p.rates("1/nodes=2/64/knet-aes", &pair{ours: []float64{40, 50, 60}, theirs: []float64{9, 10, 11}}, 4, "on")
	p.rates("1/nodes=2/256/knet-aes", &pair{ours: []float64{39, 39, 60}, theirs: []float64{9, 10, 11}}, 4, "on")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || lastWord(lines[0]) != "ok" || lastWord(lines[1]) != "short" {
		t.Fatalf("%q", lines)
	}
	c := p.report.Cells[0]
	if c.Ours != 50 || c.Theirs != 10 || c.Ratio != 5 || !c.Reached {
		t.Errorf("%+v", c)
	}
	if len(p.report.Short) != 1 || p.report.Short[0] != "1/nodes=2/256/knet-aes" {
		t.Errorf("short: %q", p.report.Short)
	}
}

func TestACellThatCannotBeMeasuredIsShortAndTellsWhy(t *testing.T) {
	for name, pr := range map[string]*pair{
		"nothing":    nil,
		"too little": {ours: []float64{1, 1, 1}, theirs: []float64{1}, err: errors.New("corosync has gone")},
	} {
		p, out := testPeers(t)
		p.rates("cell", pr, 1, "on")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "# cell: ") || lastWord(lines[1]) != "short" {
			t.Errorf("%s: %q", name, lines)
		}
		if p.report.Cells[0].Reason == "" || len(p.report.Short) != 1 {
			t.Errorf("%s: %+v", name, p.report.Cells[0])
		}
	}
}

func TestACellOfFewerRepetitionsSaysSo(t *testing.T) {
	p, out := testPeers(t)
	p.rates("whole", &pair{ours: []float64{4, 5, 6}, theirs: []float64{1, 1, 1}}, 1, "on")
	p.rates("less", &pair{ours: []float64{4, 5, 6}, theirs: []float64{1, 1}, err: errors.New("late")}, 1, "on")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || lines[1] != "# less: 1 of 3 repetitions of theirs failed" || lastWord(lines[2]) != "ok" {
		t.Errorf("%q", lines)
	}
}

func TestMostRepetitionsAreEnough(t *testing.T) {
	pr := &pair{ours: []float64{1, 1, 1}, theirs: []float64{1, 1, 1, 1}, err: errors.New("one failed")}
	if err := pr.enough(5); err != nil {
		t.Error(err)
	}
	pr.ours = pr.ours[:2]
	if err := pr.enough(5); err == nil {
		t.Error("two of five are enough")
	}
}

func TestCellsOfAnotherMeasurementAreTakenOver(t *testing.T) {
	c, ok := parseCell("ckpt/3 nodes/8 writers/1024                  1234.50      678.90    1.818    6.000 short")
	if !ok || c.Name != "ckpt/3 nodes/8 writers/1024" || c.Ours != 1234.5 || c.Goal != 6 || c.Reached || !c.Judged {
		t.Errorf("%+v %v", c, ok)
	}
	for _, line := range []string{
		"", "# 1 2 3 4 ok", "ckpt/1 node 12.0 3.0 4.0", "a word that ends in ok", "# cells that are short", "name 1 2 3 x ok",
	} {
		if c, ok := parseCell(line); ok {
			t.Errorf("%q is a cell: %+v", line, c)
		}
	}
}

func TestTheFastestOfTheirsIsComparedWith(t *testing.T) {
	m := map[run]*pair{
		{"udp", "on", 64}:  {theirs: []float64{5}},
		{"udpu", "on", 64}: {theirs: []float64{9}},
		{"udp", "off", 64}: {theirs: []float64{99}},
	}
	if name, pr := fastest(m, []string{"knet", "udp", "udpu"}, "on", 64); name != "udpu" || pr != m[run{"udpu", "on", 64}] {
		t.Errorf("%s %+v", name, pr)
	}
}

func TestWithoutSegmentationACellIsAheadOfTheirsAndSaysWhatItMisses(t *testing.T) {
	p, out := testPeers(t)
	p.rates("1/8192/notso", &pair{ours: []float64{25, 25, 25}, theirs: []float64{10, 10, 10}}, 4, "off")
	p.rates("1/64/notso", &pair{ours: []float64{90, 90, 90}, theirs: []float64{10, 10, 10}}, 4, "off")
	p.rates("1/99/notso", &pair{ours: []float64{9, 9, 9}, theirs: []float64{10, 10, 10}}, 4, "off")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || lastWord(lines[0]) != "ok" || lastWord(lines[1]) != "ok" || lastWord(lines[2]) != "short" {
		t.Errorf("%q", lines)
	}
	if b := p.report.Below; len(b) != 2 || b[0] != "1/8192/notso 2.50 of 4.0" || b[1] != "1/99/notso 0.90 of 4.0" {
		t.Errorf("%q", b)
	}
}

func TestWithoutCorosyncOursAreMeasuredAndTheCellIsShort(t *testing.T) {
	p, out := testPeers(t)
	p.missing = errNoRival
	p.rates("1/nodes=2/64/knet-aes", &pair{ours: []float64{40, 50, 60}}, 4, "on")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || lines[0] != "# 1/nodes=2/64/knet-aes: corosync is not installed" || lastWord(lines[1]) != "short" {
		t.Fatalf("%q", lines)
	}
	if c := p.report.Cells[0]; c.Ours != 50 || c.Reached {
		t.Errorf("%+v", c)
	}
}

func TestTransportsNearTheFastestAreMeasuredInFull(t *testing.T) {
	picked := nearest(map[run]float64{
		{transport: "knet", size: 64}: 100, {transport: "udp", size: 64}: 80, {transport: "udpu", size: 64}: 70,
		{transport: "udpu", size: 1024}: 5,
	}, []int{64, 1024, 8192})
	for name, want := range map[string][]int{"knet": {64, 8192}, "udp": {64, 8192}, "udpu": {1024, 8192}} {
		if !slices.Equal(picked[name], want) {
			t.Errorf("%s: %v, want %v", name, picked[name], want)
		}
	}
}

func TestTheReportIsWrittenWithItsPlots(t *testing.T) {
	p, _ := testPeers(t)
	p.begin()
	for _, size := range []int{64, 1024} {
		m := map[run]*pair{{"knet-aes", "on", size}: {ours: []float64{9}, theirs: []float64{3}}}
		p.keep(2, 1, m)
	}
	p.report.loopback("one sender", 1, 100)
	p.report.loopback("one sender", 2, 90)
	p.report.Times["3/nodes=2/64/knet-aes us, ours"] = &latencyTimes{P50: 50, Twentieths: []float64{40, 45, 50, 60}}
	p.failed("4/tso", "MB/s", 1, errors.New("no"))
	p.end()
	if err := p.save(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"throughput-2.svg", "nodes.png", "latency-2.svg"} {
		if s, err := os.Stat(filepath.Join(p.out, f)); err != nil || s.Size() < 1000 {
			t.Errorf("%s: %v", f, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(p.out, "peers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Cells) != 1 || len(r.Rates) != 2 || len(r.Short) != 1 || r.Noise == "" {
		t.Errorf("%+v", r)
	}
}

func TestSymbolsAreCountedWhereTheyBelong(t *testing.T) {
	for symbol, want := range map[string]string{
		"ais/exec/gmi.(*GMI).Next":                       "packing and unpacking",
		"ais/exec/totem/srp.(*Machine).visit":            "ring of nodes",
		"ais/exec/totem/net.(*sender).push":              "sealing, transport, driver",
		"ais/exec/evs.(*Service).Deliver":                "services",
		"ais/exec/ipc.(*conn).putDown":                   "libraries' connections",
		"crypto/internal/fips140/aes/gcm.gcmAesEnc":      "AES-GCM",
		"runtime.memmove":                                "copying (memmove, memclr)",
		"runtime.nanotime1":                              "Go runtime",
		"main.main":                                      "other",
		"ais/exec/totem/seal.(*Sealer).Open":             "sealing, transport, driver",
		"ais/exec/totem/wire.(*Data).Unmarshal":          "ring of nodes",
		"golang.org/x/sys/unix.Write":                    "Go runtime",
		"ais/libais/ipcwire.DecodeHeader":                "libraries' connections",
		"ais/exec/loop.(*Loop).batch":                    "loop",
		"vendor/golang.org/x/crypto/chacha20poly1305.ok": "AES-GCM",
	} {
		if got := roomOf(symbol, false); got != want {
			t.Errorf("%s: %s, want %s", symbol, got, want)
		}
	}
	if got := roomOf("udp_sendmsg", true); got != "kernel" {
		t.Error(got)
	}
}
